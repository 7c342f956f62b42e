//! Addresses: taken apart once, and shown without what must not be seen.

use ureq::http::Uri;

use crate::NetErrorKind;

/// An http or https address.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    pub(crate) uri: Uri,
    pub(crate) tls: bool,
    /// In lower case, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// For people: without user, password, query and fragment.
    pub(crate) shown: String,
}

/// An address without user, password, query and fragment: any of them may hold a secret.
pub fn redact(url: &str) -> String {
    let (before, query) = match url.find(['?', '#']) {
        Some(at) => (&url[..at], true),
        None => (url, false),
    };
    let before: String = before.chars().filter(|c| !c.is_control()).collect();
    let mut out = match before.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            match authority.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://***@{host}{path}"),
                None => before.clone(),
            }
        }
        None => match before.rsplit_once('@') {
            Some((_, rest)) => format!("***@{rest}"),
            None => before.clone(),
        },
    };
    if query {
        out.push_str("?***");
    }
    out
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, NetErrorKind> {
        let shown = redact(text);
        let refuse = |reason: &str| NetErrorKind::Blocked {
            address: shown.clone(),
            reason: reason.to_owned(),
        };
        let text = text.split('#').next().unwrap_or_default();
        if text
            .bytes()
            .any(|byte| byte <= b' ' || byte == b'\\' || byte == 0x7f)
        {
            return Err(refuse("it is no address"));
        }
        let uri: Uri = text.parse().map_err(|_| refuse("it is no address"))?;
        let tls = match uri.scheme_str() {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            _ => return Err(refuse("only https and http are spoken here")),
        };
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(&host)
            .to_owned();
        if host.is_empty() || host.starts_with('.') {
            return Err(refuse("it has no host"));
        }
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            uri,
            tls,
            host,
            port,
            shown,
        })
    }

    /// A host and a port alone, for what is asked over another protocol, taken as protected.
    pub(crate) fn of_host(host: &str, port: u16) -> Result<Self, NetErrorKind> {
        let whole = if host.contains(':') && !host.starts_with('[') {
            format!("https://[{host}]:{port}/")
        } else {
            format!("https://{host}:{port}/")
        };
        Self::parse(&whole).and_then(|url| {
            let same = url.port == port && url.uri.path() == "/" && !url.has_user();
            if same && url.uri.query().is_none() && !host.contains(['/', '#', '?']) {
                Ok(url)
            } else {
                Err(NetErrorKind::Blocked {
                    address: redact(host),
                    reason: "it is no host's name".into(),
                })
            }
        })
    }

    /// Whether it carries a user or a password.
    pub(crate) fn has_user(&self) -> bool {
        self.uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
    }

    /// Where a `Location` header leads, by [RFC 3986, section 5.2](https://www.rfc-editor.org/rfc/rfc3986#section-5.2).
    pub(crate) fn join(&self, location: &str) -> Result<Self, NetErrorKind> {
        let location = location.trim();
        let scheme = location.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        });
        if scheme {
            return Self::parse(location);
        }
        let name = if self.tls { "https" } else { "http" };
        let authority = self
            .uri
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        let path = self.uri.path();
        let whole = if location.starts_with("//") {
            format!("{name}:{location}")
        } else if location.starts_with('/') {
            format!("{name}://{authority}{location}")
        } else if location.starts_with('?') {
            format!("{name}://{authority}{path}{location}")
        } else {
            let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
            format!("{name}://{authority}{folder}{location}")
        };
        Self::parse(&whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(
            redact("https://user:pa@ss@host.example:1/a?token=x#y"),
            "https://***@host.example:1/a?***"
        );
        assert_eq!(redact("https://host/a"), "https://host/a");
        assert_eq!(redact("user:pass@host"), "***@host");
        assert_eq!(redact("http://[bad url\u{1b}"), "http://[bad url");
        let url = Url::parse("https://u:p@host/?key=1").unwrap();
        assert!(!url.shown.contains("u:p") && !url.shown.contains("key"));
    }

    #[test]
    fn locations_are_joined() {
        let base = Url::parse("https://u:p@host:8/a/b?c").unwrap();
        for (location, want) in [
            ("/x", "https://u:p@host:8/x"),
            ("x?y", "https://u:p@host:8/a/x?y"),
            ("//other/x", "https://other/x"),
            ("http://o/", "http://o/"),
            ("?z", "https://u:p@host:8/a/b?z"),
        ] {
            assert_eq!(base.join(location).unwrap().uri.to_string(), want);
        }
        for bad in [
            "file:///etc/passwd",
            "ftp://host/",
            "javascript:1",
            "gopher://127.0.0.1/",
            "https:///x",
            "https://",
            "http://a b/",
        ] {
            assert!(base.join(bad).is_err(), "{bad}");
        }
    }
}
