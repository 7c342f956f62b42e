//! Which proxy to go through, by the variables that everyone else goes by.

use std::fmt;

use crate::url::{Url, redact};

/// Proxies by the scheme of the address asked for, each as a URL (`http`, `https`, `socks4`, `socks5`, `socks5h`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For https addresses.
    pub https: Option<String>,
    /// For http addresses.
    pub http: Option<String>,
    /// Hosts to reach directly: `host`, `.domain` or `domain` (with what is below it), `host:port`, `*`.
    pub direct: Vec<String>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |proxy: &Option<String>| proxy.as_deref().map(redact);
        f.debug_struct("Proxies")
            .field("https", &shown(&self.https))
            .field("http", &shown(&self.http))
            .field("direct", &self.direct)
            .finish()
    }
}

impl Proxies {
    /// No proxy at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in lower case before upper case.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| {
            [name.to_ascii_lowercase(), name.to_owned()]
                .iter()
                .find_map(|name| get(name).filter(|value| !value.trim().is_empty()))
        };
        let all = read("ALL_PROXY");
        // A program run by a web server finds a visitor's `Proxy:` header in HTTP_PROXY (CVE-2016-5385).
        let gateway = get("REQUEST_METHOD").is_some();
        let http = if gateway {
            get("http_proxy")
        } else {
            read("HTTP_PROXY")
        };
        let direct = read("NO_PROXY").unwrap_or_default();
        Self {
            https: read("HTTPS_PROXY").or_else(|| all.clone()),
            http: http.or(all),
            direct: direct
                .split([',', ' '])
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
        }
    }

    /// The proxy for an address, if any.
    pub(crate) fn of(&self, url: &Url) -> Option<&str> {
        let proxy = if url.tls { &self.https } else { &self.http };
        proxy
            .as_deref()
            .filter(|_| !self.direct.iter().any(|entry| matches(entry, url)))
    }
}

fn matches(entry: &str, url: &Url) -> bool {
    if entry == "*" || entry == url.host {
        return true;
    }
    let (name, port) = match entry.rsplit_once(':') {
        // More colons are an IPv6 address, which has matched above or not at all.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            (name, port.parse::<u16>().ok())
        }
        _ => (entry, None),
    };
    if port.is_some_and(|port| port != url.port) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let domain = name
        .strip_prefix("*.")
        .or_else(|| name.strip_prefix('.'))
        .unwrap_or(name);
    !domain.is_empty()
        && url
            .host
            .strip_suffix(domain)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_in_both_cases() {
        let get = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://big:1".to_owned()),
            "https_proxy" => Some("http://small:1".to_owned()),
            "ALL_PROXY" => Some("socks5h://all:1".to_owned()),
            "NO_PROXY" => Some("corp.example, .inner,10.0.0.1 host:8080".to_owned()),
            _ => None,
        };
        let proxies = Proxies::from_variables(get);
        let of = |text: &str| proxies.of(&Url::parse(text).unwrap()).map(str::to_owned);
        assert_eq!(of("https://osv.dev/").as_deref(), Some("http://small:1"));
        assert_eq!(of("http://osv.dev/").as_deref(), Some("socks5h://all:1"));
        for direct in [
            "https://corp.example/",
            "https://a.corp.example/",
            "https://x.inner/",
            "https://10.0.0.1/",
            "https://host:8080/",
        ] {
            assert_eq!(of(direct), None, "{direct}");
        }
        assert!(of("https://evilcorp.example/").is_some() && of("https://host/").is_some());
        let gateway =
            |name: &str| matches!(name, "HTTP_PROXY" | "REQUEST_METHOD").then(|| "x".to_owned());
        assert_eq!(Proxies::from_variables(gateway).http, None);
        assert!(
            !format!(
                "{:?}",
                Proxies {
                    https: Some("http://u:secret@p".into()),
                    ..Proxies::default()
                }
            )
            .contains("secret")
        );
    }
}
