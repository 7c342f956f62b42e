//! The cookies of the portal.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};

use crate::http::Settings;

/// Browsers take a cookie with this prefix over https only, for this host alone.
const HOST: &str = "__Host-";
/// Where the portal is reached by https.
const SESSION_HTTPS: &str = "__Host-stanchion";
/// Where it is not.
const SESSION_PLAIN: &str = "stanchion";
/// Of a sign-in with somebody else that is under way.
const SIGN_IN_HTTPS: &str = "__Host-stanchion-sign-in";
const SIGN_IN_PLAIN: &str = "stanchion-sign-in";

/// Of a message that is said once.
const FLASH_HTTPS: &str = "__Host-stanchion-said";
const FLASH_PLAIN: &str = "stanchion-said";

/// Whether browsers reach the portal by https, as the settings say: it has a certificate, its public URL begins so, or a
/// proxy stands in front and no public URL says otherwise.
fn by_https(settings: &Settings) -> bool {
    match &settings.public_url {
        Some(url) => url.origin().starts_with("https://"),
        None => settings.tls.is_some() || !settings.trusted_proxies.is_empty(),
    }
}

/// The name of the session's cookie.
pub fn session(settings: &Settings) -> &'static str {
    if by_https(settings) {
        SESSION_HTTPS
    } else {
        SESSION_PLAIN
    }
}

/// The name of the cookie of a sign-in that is under way.
pub(crate) fn sign_in(settings: &Settings) -> &'static str {
    if by_https(settings) {
        SIGN_IN_HTTPS
    } else {
        SIGN_IN_PLAIN
    }
}

/// The name of the cookie of a message that is said once.
pub(crate) fn flash(settings: &Settings) -> &'static str {
    if by_https(settings) {
        FLASH_HTTPS
    } else {
        FLASH_PLAIN
    }
}

/// A cookie to be set; without a value to be forgotten. As a part of an answer it adds `set-cookie`.
#[derive(Clone)]
pub struct Cookie {
    name: &'static str,
    value: String,
    seconds: i64,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Cookie")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Cookie {
    /// What it holds.
    pub(crate) fn secret(&self) -> &str {
        &self.value
    }

    /// A cookie for so many seconds.
    pub fn new(name: &'static str, value: String, seconds: i64) -> Self {
        Self {
            name,
            value,
            seconds,
        }
    }

    /// The browser forgets it.
    pub fn gone(name: &'static str) -> Self {
        Self::new(name, String::new(), 0)
    }

    /// The value of `set-cookie`. Scripts do not see it; it goes along when somebody follows a link here, but with no
    /// form of another site.
    pub fn value(&self) -> Option<HeaderValue> {
        let secure = if self.name.starts_with(HOST) {
            "; Secure"
        } else {
            ""
        };
        let text = format!(
            "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.name, self.value, self.seconds
        );
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl IntoResponseParts for Cookie {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if let Some(value) = self.value() {
            parts.headers_mut().append(SET_COOKIE, value);
        }
        Ok(parts)
    }
}

/// The longest value of a cookie that names a session or a sign-in.
const LONGEST: usize = 128;

/// The cookie of this name. Where there are several, somebody else has set one: none is taken.
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    read_within(headers, name, LONGEST)
}

/// As [`read`], of a cookie that may be so many bytes long.
pub fn read_within<'h>(headers: &'h HeaderMap, name: &str, most: usize) -> Option<&'h str> {
    let mut found = None;
    for value in headers.get_all(COOKIE) {
        for pair in value.to_str().ok()?.split(';') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            if key.trim() == name && found.replace(value.trim()).is_some() {
                return None;
            }
        }
    }
    found.filter(|value| !value.is_empty() && value.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(public: Option<&str>, proxies: bool) -> Settings {
        Settings {
            public_url: public.map(|url| url.to_owned().try_into().unwrap()),
            trusted_proxies: if proxies {
                vec!["10.0.0.0/8".parse().unwrap()]
            } else {
                Vec::new()
            },
            ..Settings::default()
        }
    }

    #[test]
    fn https_makes_the_cookie_strict() {
        assert_eq!(session(&settings(None, false)), "stanchion");
        assert_eq!(session(&settings(None, true)), "__Host-stanchion");
        assert_eq!(session(&settings(Some("http://a"), true)), "stanchion");
        let name = session(&settings(Some("https://a"), false));
        let text = Cookie::new(name, "x".to_owned(), 60).value().unwrap();
        assert_eq!(
            text,
            "__Host-stanchion=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(text.is_sensitive());
    }

    #[test]
    fn one_cookie_is_read_and_two_are_not() {
        let headers = |lines: &[&'static str]| -> HeaderMap {
            lines
                .iter()
                .map(|line| (COOKIE, HeaderValue::from_static(line)))
                .collect()
        };
        let one = headers(&["a=1; stanchion=abc; b=2"]);
        assert_eq!(read(&one, "stanchion"), Some("abc"));
        assert_eq!(read(&one, "stanch"), None);
        for two in [
            &["stanchion=abc; stanchion=def"][..],
            &["stanchion=abc", "stanchion=def"],
            &["stanchion="],
        ] {
            assert_eq!(read(&headers(two), "stanchion"), None);
        }
    }
}
