//! One request to a programming interface: any method, own headers, a body; whatever the server says is an answer.
//!
//! What goes out may carry credentials, so nothing of it is shown: not in errors, not by `Debug`, not in a log.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use ureq::http;
use ureq::http::header::{self, HeaderName, HeaderValue};

use crate::client::{Client, Failure, Sending, check_status, start_of_body};
use crate::url::{Url, redact};
use crate::{NetError, NetErrorKind};

/// Of an answer that is no success, so much is kept: enough to tell the reason.
const REFUSAL: u64 = 64 * 1024;

/// Headers that carry no credential. With any other, a redirect is not followed, and its value is never shown.
const HARMLESS: [HeaderName; 13] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::RANGE,
    header::USER_AGENT,
];

/// Headers that say where a message ends or what becomes of the connection: ours alone to set, or the two ends could
/// disagree on them ([RFC 9112, section 11.2](https://www.rfc-editor.org/rfc/rfc9112#section-11.2)).
const OURS: [HeaderName; 7] = [
    header::CONNECTION,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Read.
    #[default]
    Get,
    /// Read the head only.
    Head,
    /// Hand over.
    Post,
    /// Put in place.
    Put,
    /// Change a part.
    Patch,
    /// Remove.
    Delete,
}

impl Method {
    const ALL: [(Self, http::Method); 6] = [
        (Self::Get, http::Method::GET),
        (Self::Head, http::Method::HEAD),
        (Self::Post, http::Method::POST),
        (Self::Put, http::Method::PUT),
        (Self::Patch, http::Method::PATCH),
        (Self::Delete, http::Method::DELETE),
    ];

    /// By its name in HTTP, which is in capital letters.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, own)| own.as_str() == name)
            .map(|(method, _)| *method)
    }

    fn own(self) -> http::Method {
        Self::ALL
            .iter()
            .find(|(method, _)| *method == self)
            .map(|(_, own)| own.clone())
            .unwrap_or_default()
    }

    fn hands_over(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    /// Whether it only reads, so that it may be sent again and along a redirect.
    fn reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// What to ask of a server.
#[derive(Clone, Default)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// Where: `https`, or `http` for hosts that are allowed to be private.
    pub url: String,
    /// Names and values. `Host` and `Content-Length` may be given, if they are right.
    pub headers: Vec<(String, String)>,
    /// What is handed over; nothing with `Get`, `Head` and `Delete`.
    pub body: Vec<u8>,
    /// Bytes of the answer's body. More of a success is an error; of anything else, the rest (and what is over
    /// 64 KiB) is cut off.
    pub limit: u64,
    /// Follow redirects. Only for `Get` and `Head`, and only while nothing goes along that could be a credential;
    /// else the redirect is the answer.
    pub redirects: bool,
    /// Time for all of it, further tries included. Without one, the client's times for connecting and between two
    /// bytes hold.
    pub timeout: Option<Duration>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &redact(&self.url))
            .field("headers", &Shown(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("limit", &self.limit)
            .field("redirects", &self.redirects)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// What a server said.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: u16,
    /// Names in lower case, and values; bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &Shown(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl Answer {
    /// The first header of a name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How long the server asks to wait, by `Retry-After`.
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        crate::date::retry_after(self.header("retry-after")?, now)
    }
}

/// Names of headers, and the values of those that carry no credential.
struct Shown<'a>(&'a [(String, String)]);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| {
                let harmless = HARMLESS
                    .iter()
                    .any(|own| name.eq_ignore_ascii_case(own.as_str()));
                (name, if harmless { value } else { "***" })
            }))
            .finish()
    }
}

/// The headers as they are sent. Those that only say again what is known anyway are left out.
fn headers(request: &Request, url: &Url) -> Result<Vec<(HeaderName, HeaderValue)>, NetErrorKind> {
    let refuse = |name: &str, reason: &str| {
        let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        NetErrorKind::Unsendable(format!("the header {name} {reason}"))
    };
    if !request.body.is_empty() && !request.method.hands_over() {
        return Err(NetErrorKind::Unsendable(
            "a body goes with POST, PUT and PATCH only".into(),
        ));
    }
    let mut out = Vec::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        let own = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refuse(name, "has no name that HTTP allows"))?;
        if OURS.contains(&own) {
            return Err(refuse(name, "is not for callers to set"));
        }
        let redundant = match own {
            header::HOST => Some(
                url.uri
                    .authority()
                    .map(|authority| authority.as_str().rsplit('@').next().unwrap_or_default())
                    .is_some_and(|host| value.eq_ignore_ascii_case(host)),
            ),
            header::CONTENT_LENGTH => Some(
                value
                    .parse::<usize>()
                    .is_ok_and(|length| length == request.body.len()),
            ),
            _ => None,
        };
        match redundant {
            Some(true) => continue,
            Some(false) => return Err(refuse(name, "contradicts the request")),
            None => {}
        }
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| refuse(name, "has a value that HTTP forbids"))?;
        value.set_sensitive(!HARMLESS.contains(&own));
        out.push((own, value));
    }
    Ok(out)
}

impl Client {
    /// Sends one request. Any status is an answer. `Get` and `Head` are tried again as [`Client::get`] does; everything
    /// else is sent once.
    pub fn request(&self, request: &Request) -> Result<Answer, NetError> {
        let start = Instant::now();
        let late = || {
            request.timeout.map_or(Duration::MAX, |timeout| {
                timeout.saturating_sub(start.elapsed())
            })
        };
        let mut refusal = None;
        let done = self.trying(&request.url, |url| {
            refusal = None;
            let headers = headers(request, url).map_err(Failure::last)?;
            let bare = !url.has_user() && headers.iter().all(|(_, value)| !value.is_sensitive());
            let sending = Sending {
                method: request.method.own(),
                headers: &headers,
                body: &request.body,
                timeout: request.timeout.map(|_| late()),
                redirects: request.redirects && bare && request.method.reads(),
            };
            self.one(request, url, &sending, &mut refusal)
                .map_err(|failure| {
                    if late().is_zero() {
                        return Failure::last(NetErrorKind::Timeout {
                            what: "answer",
                            after: request.timeout.unwrap_or_default(),
                        });
                    }
                    let again = failure.again
                        && request.method.reads()
                        && failure.wait.is_none_or(|wait| wait < late());
                    Failure { again, ..failure }
                })
        });
        match (done, refusal) {
            (Ok(answer), _) => Ok(answer),
            // The last try has brought an answer, only no success.
            (Err(error), Some(answer)) if matches!(error.kind, NetErrorKind::Status(_)) => {
                Ok(answer)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// One try. A status that another try may change is a failure here, and its answer is kept in `refusal`.
    fn one(
        &self,
        request: &Request,
        url: &Url,
        sending: &Sending<'_>,
        refusal: &mut Option<Answer>,
    ) -> Result<Answer, Failure> {
        let answer = self.send(self.agent(), url, sending)?;
        let status = check_status(&answer);
        let head = Answer {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.as_str().to_owned(), value)
                })
                .collect(),
            body: Vec::new(),
        };
        match status {
            // Its length is that of the body which is left out.
            Ok(()) if request.method == Method::Head => Ok(head),
            Ok(()) => Ok(Answer {
                body: self.body(answer, request.limit)?,
                ..head
            }),
            Err(failure) => {
                let answer = Answer {
                    body: start_of_body(answer, request.limit.min(REFUSAL)),
                    ..head
                };
                if failure.again && request.method.reads() {
                    *refusal = Some(answer);
                    Err(failure)
                } else {
                    Ok(answer)
                }
            }
        }
    }
}
