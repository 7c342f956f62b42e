//! The guard: where a connection may go.
//!
//! Addresses come from files that others wrote (a lockfile, a redirect), so a request must not become a way into
//! the network of whoever runs the scan. A name is looked up once, each of its addresses is judged, and the
//! connection goes to a judged address, never to a second look-up's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::NetErrorKind;
use crate::url::Url;

/// What an address is, when it is nowhere on the public Internet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Loopback, private, shared or unique-local: fine for hosts that are allowed to be private.
    Private(&'static str),
    /// Nothing that a request has any business with, allowed host or not; clouds hand out credentials at one of them.
    Never(&'static str),
}

/// Where an address is, by the [IANA registry](https://www.iana.org/assignments/iana-ipv4-special-registry) of
/// special addresses and [its sibling](https://www.iana.org/assignments/iana-ipv6-special-registry); `None` is public.
pub(crate) fn place(address: IpAddr) -> Option<Place> {
    match address {
        IpAddr::V4(address) => place4(address),
        IpAddr::V6(address) => place6(address),
    }
}

fn place4(address: Ipv4Addr) -> Option<Place> {
    use Place::{Never, Private};
    match address.octets() {
        [0, ..] => Some(Never("it is unspecified")),
        [127, ..] => Some(Private("it is loopback")),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Private("it is private")),
        [100, 64..=127, ..] => Some(Private("it is shared address space")),
        [169, 254, ..] => Some(Never("it is link-local, where clouds keep their metadata")),
        // Azure's host, and Alibaba's metadata below shared space, answer on addresses that look public or shared.
        [168, 63, 129, 16] => Some(Never("it is a cloud's metadata")),
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            Some(Never("it is reserved"))
        }
        [198, 18..=19, ..] => Some(Private("it is for benchmarks")),
        [224..=239, ..] => Some(Never("it is multicast")),
        [240..=255, ..] => Some(Never("it is reserved")),
        _ => None,
    }
}

fn place6(address: Ipv6Addr) -> Option<Place> {
    use Place::{Never, Private};
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        place4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Never("it is unspecified")),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Private("it is loopback")),
        // IPv4 in disguise: mapped, compatible, translated (NAT64) and 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => Some(Private("it is local translation")),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] => Some(Never("it is a cloud's metadata")),
        [0xfc00..=0xfdff, ..] => Some(Private("it is unique-local")),
        [0xfe80..=0xfeff, ..] => Some(Never("it is link-local")),
        [0xff00..=0xffff, ..] => Some(Never("it is multicast")),
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x100, 0, 0, 0, ..] | [0x3fff, 0..=0xfff, ..] => {
            Some(Never("it is reserved"))
        }
        // Only 2000::/3 is given out to the public Internet.
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Never("it is reserved")),
    }
}

/// Hosts that the operator named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed(Vec<String>);

impl Allowed {
    pub(crate) fn new(hosts: &[String]) -> Self {
        Self(
            hosts
                .iter()
                .map(|host| host.trim().to_ascii_lowercase())
                .collect(),
        )
    }

    /// Whether a host may be private and may be asked without TLS.
    pub(crate) fn has(&self, url: &Url) -> bool {
        let (bare, bracketed) = (&url.host, format!("[{}]", url.host));
        let with_port = [
            format!("{bare}:{}", url.port),
            format!("{bracketed}:{}", url.port),
        ];
        self.0
            .iter()
            .any(|entry| entry == bare || *entry == bracketed || with_port.contains(entry))
    }
}

fn blocked(address: &str, reason: &str) -> NetErrorKind {
    NetErrorKind::Blocked {
        address: address.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Judges an address as written, before any look-up. `from` is where a redirect came from.
pub(crate) fn check_url(
    url: &Url,
    from: Option<&Url>,
    allowed: &Allowed,
) -> Result<(), NetErrorKind> {
    if from.is_some_and(|from| from.tls) && !url.tls {
        return Err(blocked(&url.shown, "it leads from https to http"));
    }
    let known = allowed.has(url);
    if !url.tls && !known {
        return Err(blocked(
            &url.shown,
            "http is refused, because anyone on the way could change what it brings",
        ));
    }
    if let Ok(address) = url.host.parse::<IpAddr>() {
        return check_address(address, url, known);
    }
    // Old forms such as 127.1, 0x7f.1 and 2130706433 are addresses too, and read differently by everyone.
    let last = url
        .host
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(blocked(&url.host, "it is an address in an odd form"));
    }
    if !known && (url.host == "localhost" || url.host.ends_with(".localhost")) {
        return Err(blocked(&url.host, "it is loopback"));
    }
    Ok(())
}

/// Judges one address that a connection would go to.
pub(crate) fn check_address(address: IpAddr, url: &Url, known: bool) -> Result<(), NetErrorKind> {
    let shown = || {
        if url.host == address.to_string() {
            url.host.clone()
        } else {
            format!("{} ({address})", url.host)
        }
    };
    match place(address) {
        None => Ok(()),
        Some(Place::Private(_)) if known => Ok(()),
        Some(Place::Private(reason) | Place::Never(reason)) => Err(blocked(&shown(), reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_known() {
        let never = [
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "240.1.1.1",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:db8::1",
            "168.63.129.16",
            "4000::1",
            "fec0::1",
        ];
        for text in never {
            assert!(
                matches!(place(text.parse().unwrap()), Some(Place::Never(_))),
                "{text}"
            );
        }
        let private = [
            "127.0.0.1",
            "127.255.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "::1",
            "fc00::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:0a00:0001::1",
        ];
        for text in private {
            assert!(
                matches!(place(text.parse().unwrap()), Some(Place::Private(_))),
                "{text}"
            );
        }
        for text in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "8.8.8.8",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2a00:1450::1",
        ] {
            assert_eq!(place(text.parse().unwrap()), None, "{text}");
        }
    }

    fn check(text: &str, from: Option<&str>, allowed: &[&str]) -> Result<(), String> {
        let allowed = Allowed::new(
            &allowed
                .iter()
                .map(|&host| host.to_owned())
                .collect::<Vec<_>>(),
        );
        let from = from.map(|from| Url::parse(from).unwrap());
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        check_url(&url, from.as_ref(), &allowed).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_as_written_are_judged() {
        assert!(check("https://osv.dev/x", None, &[]).is_ok());
        for text in [
            "http://osv.dev/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "https://a.localhost/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://10.0.0.1./",
            "https://169.254.169.254/latest",
        ] {
            assert!(check(text, None, &[]).is_err(), "{text}");
        }
        assert!(check("http://mirror.corp:8080/x", None, &["mirror.corp:8080"]).is_ok());
        assert!(check("http://mirror.corp:8081/x", None, &["mirror.corp:8080"]).is_err());
        assert!(check("http://MIRROR.corp/x", None, &["Mirror.Corp"]).is_ok());
        assert!(check("https://[::1]:99/", None, &["[::1]:99"]).is_ok());
        assert!(check("http://127.0.0.1:1/", None, &["127.0.0.1"]).is_ok());
        // Allowed hosts do not open the way to a cloud's metadata, nor from https down to http.
        assert!(check("http://169.254.169.254/", None, &["169.254.169.254"]).is_err());
        assert!(
            check(
                "http://mirror.corp/",
                Some("https://osv.dev/"),
                &["mirror.corp"]
            )
            .is_err()
        );
        assert!(
            check(
                "https://mirror.corp/",
                Some("http://mirror.corp/"),
                &["mirror.corp"]
            )
            .is_ok()
        );
    }
}
