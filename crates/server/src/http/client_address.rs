//! Who a request comes from, and under which origin the portal is reached: from the socket, or from a proxy that is
//! trusted, never from a header that anybody can write.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::header::{FORWARDED, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri};
use serde::Deserialize;
use thiserror::Error;

use super::problem::Problem;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// No honest chain of proxies is longer; what comes before is not looked at.
const MOST_HOPS: usize = 32;

/// The other end of a connection. The listener puts it into the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The address of the socket's other end.
    pub address: SocketAddr,
    /// Whether the connection is TLS.
    pub tls: bool,
}

/// Who a request comes from. In the extensions of every request, and an extractor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address, behind the trusted proxies. An IPv4 address inside IPv6 is given as IPv4.
    pub address: IpAddr,
    /// Whether the client reaches us by https, here or at a trusted proxy.
    pub https: bool,
    /// Whether the socket's other end is a trusted proxy.
    pub proxied: bool,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| {
            tracing::error!("a route that asks for the client is outside the site");
            Problem::internal_silent()
        })
    }
}

/// The header in which the trusted proxies pass on the client's address. It is one, and it is told: a proxy passes on a
/// header that it does not know as the client wrote it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedBy {
    /// `x-forwarded-for`, and `x-forwarded-proto` for the scheme.
    #[default]
    XForwardedFor,
    /// `forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)).
    Forwarded,
}

/// A network in CIDR form, or one address.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Network {
    address: u128,
    mask: u128,
}

/// A network that cannot be read.
#[derive(Debug, Error)]
#[error(
    "`{text}` is not a network: write an address, or an address and a length such as 10.0.0.0/8"
)]
pub struct NetworkError {
    text: String,
}

/// The address as 128 bits; IPv4 as IPv6 that carries it.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Network {
    /// This machine.
    pub fn loopback() -> Vec<Self> {
        vec![
            Self {
                address: bits(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0))),
                mask: u128::MAX << 24,
            },
            Self {
                address: bits(IpAddr::V6(Ipv6Addr::LOCALHOST)),
                mask: u128::MAX,
            },
        ]
    }

    /// Whether the address is in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError {
            text: text.to_owned(),
        };
        let (address, length) = text
            .split_once('/')
            .map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => width,
            // `u32` alone would take `+8`.
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse::<u32>().map_err(|_| error())?
            }
            Some(_) => return Err(error()),
        };
        if length > width {
            return Err(error());
        }
        let mask = u128::MAX.checked_shl(width - length).unwrap_or(0);
        Ok(Self {
            address: bits(address) & mask,
            mask,
        })
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

/// The URL under which people reach the portal: scheme, host and port.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct PublicUrl {
    https: bool,
    origin: String,
}

/// A public URL that cannot be used.
#[derive(Debug, Error)]
#[error(
    "the public URL `{text}` cannot be used: write scheme and host, and the port if it is not the usual one, as in \
     https://stanchion.example.org, without a path"
)]
pub struct PublicUrlError {
    text: String,
}

impl TryFrom<String> for PublicUrl {
    type Error = PublicUrlError;

    fn try_from(text: String) -> Result<Self, PublicUrlError> {
        let parts = text.parse::<Uri>().ok().and_then(|uri| {
            let https = match uri.scheme_str()? {
                "https" => true,
                "http" => false,
                _ => return None,
            };
            let authority = uri.authority()?.as_str();
            let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
            (bare && !authority.contains('@')).then(|| Self {
                https,
                origin: origin(https, authority),
            })
        });
        parts.ok_or_else(|| PublicUrlError {
            // A URL with a password in it is not repeated.
            text: text.rsplit('@').next().unwrap_or_default().to_owned(),
        })
    }
}

impl PublicUrl {
    /// Scheme, host and port, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.origin)
    }
}

/// An origin as browsers write it: lower case, without the usual port.
fn origin(https: bool, authority: &str) -> String {
    let (scheme, usual) = if https {
        ("https", ":443")
    } else {
        ("http", ":80")
    };
    let authority = authority.strip_suffix(usual).unwrap_or(authority);
    format!("{scheme}://{}", authority.to_ascii_lowercase())
}

/// Whom the server believes about clients.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The proxies in front.
    pub proxies: Vec<Network>,
    /// The header that they write.
    pub forwarded_by: ForwardedBy,
    /// The URL that people use.
    pub public_url: Option<PublicUrl>,
}

impl Trust {
    fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    /// Who a request comes from.
    pub fn client(&self, peer: Peer, headers: &HeaderMap) -> Client {
        let direct = Client {
            address: peer.address.ip().to_canonical(),
            https: peer.tls,
            proxied: false,
        };
        if self.proxies.is_empty() || !self.trusts(direct.address) {
            return direct;
        }
        let (address, https) = match self.forwarded_by {
            ForwardedBy::XForwardedFor => (
                self.farthest(direct.address, values(headers, &X_FORWARDED_FOR).map(node)),
                values(headers, &X_FORWARDED_PROTO)
                    .next()
                    .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            ),
            ForwardedBy::Forwarded => (
                self.farthest(
                    direct.address,
                    values(headers, &FORWARDED).map(|hop| parameter(hop, "for").and_then(node)),
                ),
                values(headers, &FORWARDED)
                    .next()
                    .and_then(|hop| parameter(hop, "proto"))
                    .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            ),
        };
        Client {
            address,
            https: https || peer.tls || self.public_url.as_ref().is_some_and(|url| url.https),
            proxied: true,
        }
    }

    /// Goes from the nearest hop outwards for as long as the hop that wrote the next address is trusted. A hop that is
    /// no address ends the way: nobody vouches for what lies beyond it.
    fn farthest(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut known = peer;
        for hop in hops.take(MOST_HOPS) {
            let Some(hop) = hop else { break };
            known = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        known
    }

    /// The origin under which this request reached us; `None` when it does not say and no public URL is set.
    pub fn origin(&self, client: Client, headers: &HeaderMap) -> Option<String> {
        if let Some(url) = &self.public_url {
            return Some(url.origin.clone());
        }
        let host = headers.get(HOST)?.to_str().ok()?;
        (!host.is_empty()).then(|| origin(client.https, host))
    }
}

/// The parts of a list header, the last one first.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or("?").rsplit(','))
        .map(str::trim)
}

/// The address of a hop: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`, quoted or not.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
        .or_else(|| {
            let inner = text.strip_prefix('[')?.strip_suffix(']')?;
            inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        })?;
    Some(address.to_canonical())
}

/// A parameter of an element of `forwarded`.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn trust(forwarded_by: ForwardedBy) -> Trust {
        Trust {
            proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            forwarded_by,
            public_url: None,
        }
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn seen(trust: &Trust, peer: &str, lines: &[(&'static str, &'static str)]) -> (String, bool) {
        let peer = Peer {
            address: peer.parse().unwrap(),
            tls: false,
        };
        let client = trust.client(peer, &headers(lines));
        (client.address.to_string(), client.https)
    }

    #[test]
    fn networks_are_read_and_hold() {
        let network: Network = "10.1.2.3/8".parse().unwrap();
        assert!(network.contains("10.255.0.1".parse().unwrap()));
        assert!(network.contains("::ffff:10.0.0.1".parse().unwrap()));
        assert!(!network.contains("11.0.0.1".parse().unwrap()));
        assert!(
            "0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains("9.9.9.9".parse().unwrap())
        );
        assert!(
            !"0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains("2001:db8::1".parse().unwrap())
        );
        assert!(
            "::/0"
                .parse::<Network>()
                .unwrap()
                .contains("2001:db8::1".parse().unwrap())
        );
        assert!(
            "::1"
                .parse::<Network>()
                .unwrap()
                .contains("::1".parse().unwrap())
        );
        for bad in [
            "",
            "10.0.0.0/33",
            "10/8",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "host",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        assert!(
            Network::loopback()
                .iter()
                .any(|n| n.contains("127.3.2.1".parse().unwrap()))
        );
        assert!(
            Network::loopback()
                .iter()
                .any(|n| n.contains("::1".parse().unwrap()))
        );
        assert!(
            !Network::loopback()
                .iter()
                .any(|n| n.contains("128.0.0.1".parse().unwrap()))
        );
    }

    #[test]
    fn strangers_are_not_believed() {
        let trust = trust(ForwardedBy::XForwardedFor);
        let lines = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(seen(&trust, "9.9.9.9:1", &lines), ("9.9.9.9".into(), false));
        assert_eq!(seen(&trust, "10.0.0.1:1", &lines), ("1.2.3.4".into(), true));
    }

    #[test]
    fn the_right_most_stranger_is_the_client() {
        let trust = trust(ForwardedBy::XForwardedFor);
        for (value, expected) in [
            ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4"),
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
            ("1.2.3.4:5555", "1.2.3.4"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, unknown", "10.0.0.1"),
            ("6.6.6.6, unknown, 10.0.0.7", "10.0.0.7"),
            ("", "10.0.0.1"),
        ] {
            let seen = seen(&trust, "10.0.0.1:1", &[("x-forwarded-for", value)]);
            assert_eq!(seen.0, expected, "{value}");
        }
        let two = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "1.2.3.4"),
        ];
        assert_eq!(seen(&trust, "10.0.0.1:1", &two).0, "1.2.3.4");
    }

    #[test]
    fn only_the_named_header_counts() {
        let lines = [
            ("forwarded", "for=6.6.6.6;proto=https"),
            ("x-forwarded-for", "1.2.3.4"),
        ];
        assert_eq!(
            seen(&trust(ForwardedBy::XForwardedFor), "10.0.0.1:1", &lines),
            ("1.2.3.4".into(), false)
        );
        assert_eq!(
            seen(&trust(ForwardedBy::Forwarded), "10.0.0.1:1", &lines),
            ("6.6.6.6".into(), true)
        );
    }

    #[test]
    fn forwarded_is_read_as_its_rfc_says() {
        let trust = trust(ForwardedBy::Forwarded);
        let value = "for=6.6.6.6, For=\"[2001:db8::7]:4711\";Proto=HTTPS;by=10.0.0.1";
        assert_eq!(
            seen(&trust, "[fd00::1]:1", &[("forwarded", value)]),
            ("2001:db8::7".into(), true)
        );
        assert_eq!(
            seen(&trust, "10.0.0.1:1", &[("forwarded", "for=_hidden")]).0,
            "10.0.0.1"
        );
    }

    #[test]
    fn the_public_url_wins() {
        let mut trust = trust(ForwardedBy::XForwardedFor);
        let client = Client {
            address: Ipv4Addr::LOCALHOST.into(),
            https: true,
            proxied: false,
        };
        let lines = headers(&[("host", "Portal.Example:443")]);
        assert_eq!(
            trust.origin(client, &lines).unwrap(),
            "https://portal.example"
        );
        trust.public_url = Some("http://other:80/".to_owned().try_into().unwrap());
        assert_eq!(trust.origin(client, &lines).unwrap(), "http://other");
        for bad in [
            "portal",
            "ftp://a",
            "https://a/b",
            "https://a/?q",
            "https://me:secret@a",
        ] {
            let error = PublicUrl::try_from(bad.to_owned()).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
