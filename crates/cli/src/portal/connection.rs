//! One server that the user named, asked with a secret that goes nowhere else: no redirect is followed.

use std::fmt;
use std::net::IpAddr;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use stanchion_net::{Answer, Client, Method, NetError, NetErrorKind, Request, redact};

use super::api;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::fetching;

/// Longest word of a server that is shown.
const MOST_WORDS: usize = 400;
/// What is read of an answer that says little.
pub(crate) const SMALL: u64 = 1 << 20;
/// Further tries where the server is busy.
const TRIES: u32 = 5;
/// Wait before the second try; doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(500);
/// Longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_mins(2);
/// Longest token.
const MOST_SECRET: usize = 4096;

/// A token or a key. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// A secret as it came from a file, a prompt or the environment, without the space around it.
    pub(crate) fn new(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let plain = !text.is_empty()
            && text.len() <= MOST_SECRET
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(
                failure("that is no token: one line of printable characters is expected")
                    .hint("copy the token again, the whole of it and nothing else"),
            )
        }
    }

    /// For the header that it goes in, and the file that it is kept in.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a server is, as people write it: `https://host[:port][/folder]`, without a slash at its end.
pub(crate) fn address(text: &str) -> Result<String, Failure> {
    let wrong = |reason: &str| {
        failure(format!("{:?} {reason}", redact(text))).hint("write it as https://portal.example")
    };
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| wrong("is no address"))?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Err(wrong("is neither https nor http"));
    }
    if rest.contains(['@', '?', '#', '\\'])
        || rest.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(wrong("has more than a host and a folder"));
    }
    let (host, folder) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if host.is_empty() {
        return Err(wrong("has no host"));
    }
    Ok(format!("{scheme}://{}{folder}", host.to_ascii_lowercase()))
}

/// Host and port of an [`address`], as it has them.
pub(crate) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost"
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The way out to one server that the user named. It may stand in a private network; without TLS only on this machine,
/// or where the settings allow it.
pub(crate) fn client(context: &Context, address: &str) -> Client {
    let host = host(address);
    let may = address.starts_with("https://") || is_loopback(host);
    fetching::client_for(context, may.then_some(host))
}

/// How a secret is shown to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Token`.
    Token,
    /// `X-Api-Key`.
    ApiKey,
}

impl Scheme {
    fn header(self, secret: &Secret) -> (String, String) {
        let secret = secret.expose();
        match self {
            Self::Bearer => ("authorization".into(), format!("Bearer {secret}")),
            Self::Token => ("authorization".into(), format!("Token {secret}")),
            Self::ApiKey => ("x-api-key".into(), secret.to_owned()),
        }
    }
}

/// A server and the secret for it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// [`address`].
    pub(crate) base: String,
    pub(crate) secret: Secret,
    pub(crate) scheme: Scheme,
    /// What it is called when it is told of.
    pub(crate) name: &'static str,
}

/// Why a server did not answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// It cannot be reached now, or is not well: later it may.
    Away(String),
    /// What it answers cannot be used: it is too large, or breaks off each time.
    Unusable(String),
    /// This will not change by itself.
    Refused(Failure),
}

impl From<Silence> for Failure {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::Away(reason) => Self {
                exit: Exit::Incomplete,
                ..failure(reason)
                    .hint("try again when it is back; check the network and the address")
            },
            Silence::Unusable(reason) => Self {
                exit: Exit::Incomplete,
                ..failure(reason).hint("look into the server's log")
            },
            Silence::Refused(failure) => failure,
        }
    }
}

/// What to send.
#[derive(Debug, Default)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// With its query.
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Vec<u8>,
    /// Bytes of the answer.
    pub(crate) limit: u64,
    /// It may be sent again though the first may have come through.
    pub(crate) again: bool,
}

impl<'a> Call<'a> {
    /// Reads.
    pub(crate) fn get(path: &'a str, limit: u64) -> Self {
        Self {
            path,
            limit,
            ..Self::default()
        }
    }

    /// Hands JSON over.
    pub(crate) fn post(path: &'a str, body: Vec<u8>) -> Self {
        Self {
            method: Method::Post,
            path,
            headers: vec![("content-type", "application/json".into())],
            body,
            limit: SMALL,
            again: false,
        }
    }
}

impl Connection {
    /// Asks. `Get` is tried again by the client.
    pub(crate) fn ask(&self, call: &Call<'_>) -> Result<Answer, Silence> {
        let answer = self.send(call).map_err(|error| self.silent(&error))?;
        self.judged(answer)
    }

    /// As [`Connection::ask`], and again where the server is busy: as long as it asks for, else longer each time.
    pub(crate) fn patiently(&self, call: &Call<'_>) -> Result<Answer, Silence> {
        let mut wait = BACKOFF;
        for _ in 0..TRIES {
            let asked = match self.send(call) {
                // Busy: nothing was done.
                Ok(answer) if matches!(answer.status, 429 | 503) => {
                    answer.retry_after(SystemTime::now())
                }
                Ok(answer) if call.again && matches!(answer.status, 500 | 502 | 504) => None,
                Ok(answer) => return self.judged(answer),
                // What breaks off each time was tried again by the client already.
                Err(error) if call.method == Method::Get && is_broken(&error) => {
                    return Err(self.silent(&error));
                }
                Err(error) if call.again && passing(&error) => None,
                Err(error) => return Err(self.silent(&error)),
            };
            sleep(asked.unwrap_or(wait).min(LONGEST));
            wait *= 2;
        }
        self.ask(call)
    }

    fn send(&self, call: &Call<'_>) -> Result<Answer, NetError> {
        let mut headers = vec![
            self.scheme.header(&self.secret),
            ("accept".into(), "application/json".into()),
        ];
        headers.extend(
            call.headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        self.client.request(&Request {
            method: call.method,
            url: format!("{}{}", self.base, call.path),
            headers,
            body: call.body.clone(),
            limit: call.limit,
            redirects: false,
            timeout: None,
        })
    }

    fn judged(&self, answer: Answer) -> Result<Answer, Silence> {
        match answer.status {
            429 | 500 | 502..=504 => Err(Silence::Away(format!(
                "{} answered {}{}",
                self.name,
                answer.status,
                words(&answer)
            ))),
            300..=399 if answer.status != 304 => Err(Silence::Refused(
                failure(format!(
                    "{} at {} answered with a redirect, and the token goes nowhere else",
                    self.name, self.base
                ))
                .hint("give the address that it really has"),
            )),
            401 => Err(Silence::Refused(
                failure(format!(
                    "{} does not take the token{}",
                    self.name,
                    words(&answer)
                ))
                .hint("it may be over or withdrawn: make a new one, and give it again"),
            )),
            _ => Ok(answer),
        }
    }

    fn silent(&self, error: &NetError) -> Silence {
        if matches!(
            error.kind,
            NetErrorKind::Broken(_) | NetErrorKind::TooLarge { .. }
        ) {
            return Silence::Unusable(format!("{}: {}", self.name, error.kind));
        }
        if matches!(error.kind, NetErrorKind::Offline) || passing(error) {
            return Silence::Away(format!("{} cannot be reached: {}", self.name, error.kind));
        }
        Silence::Refused(failure(format!("{}: {}", self.name, error.kind)).hint(error.hint()))
    }
}

fn is_broken(error: &NetError) -> bool {
    matches!(error.kind, NetErrorKind::Broken(_))
}

fn passing(error: &NetError) -> bool {
    matches!(
        error.kind,
        NetErrorKind::Connect(_)
            | NetErrorKind::Timeout { .. }
            | NetErrorKind::Status(_)
            | NetErrorKind::Broken(_)
    )
}

/// What the server says about an answer that is no success, set off by a colon; empty where it says nothing.
pub(crate) fn words(answer: &Answer) -> String {
    let problem: api::Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    problem
        .detail
        .or(problem.title)
        .map_or_else(String::new, |text| format!(": {}", short(&text)))
}

/// The first part of a server's words.
pub(crate) fn short(text: &str) -> String {
    stanchion_model::text::quoted(text.trim(), MOST_WORDS)
}

/// An answer that is no success, as a failure.
pub(crate) fn refused(name: &str, what: &str, answer: &Answer) -> Failure {
    let problem: api::Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let told = words(answer);
    let failure = failure(format!("{name} refused {what} ({}){told}", answer.status));
    match (problem.hint, answer.status) {
        (Some(hint), _) => failure.hint(short(&hint)),
        (None, 403) => failure.hint("ask for a role that may do this, or use another token"),
        (None, 404) => failure.hint("check the name and the address"),
        (None, _) => failure.hint("see the portal's log for more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_put_in_one_form() {
        assert_eq!(
            address(" HTTPS://Portal.Example/a/ ").unwrap(),
            "https://portal.example/a"
        );
        for bad in [
            "portal.example",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "https://x?token=1",
            "https://x y",
            "https://x\\y",
        ] {
            let told = format!("{:?}", address(bad).unwrap_err());
            assert!(!told.contains("u:p") && !told.contains("token=1"), "{told}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, want) in [
            ("localhost:1", true),
            ("127.9.0.1", true),
            ("[::1]:80", true),
            ("localhost.example", false),
            ("10.0.0.1:80", false),
            ("127.0.0.1.example", false),
        ] {
            assert_eq!(is_loopback(text), want, "{text}");
        }
    }

    #[test]
    fn secrets_are_neither_shown_nor_split() {
        let secret = Secret::new(" stn_abc\n").unwrap();
        assert_eq!(secret.expose(), "stn_abc");
        assert!(!format!("{secret:?}").contains("abc"));
        for bad in ["", "a b", "a\nb: c", "\u{e9}", "a\u{0}"] {
            assert!(Secret::new(bad).is_err());
        }
    }
}
