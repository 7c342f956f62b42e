//! Sign-in with a certified provider of `OpenID Connect`, `oidc-provider` for Node.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use stanchion_store::testing::sqlite;

use super::oidc::trusting;
use super::{House, cookies, document};
use crate::http::{Answer, settings};

#[path = "../../oidc/provider.rs"]
mod running;

/// A browser at the provider: follows redirects and keeps cookies, until it is sent to the portal.
fn walk(host: &str, mut location: String) -> String {
    let mut jar: BTreeMap<String, String> = BTreeMap::new();
    for _ in 0..12 {
        if location.starts_with("http://portal/") {
            return location.strip_prefix("http://portal").unwrap().to_owned();
        }
        let path = location
            .strip_prefix(&format!("http://{host}"))
            .unwrap_or(&location)
            .to_owned();
        let line: Vec<String> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncookie: {}\r\n\r\n",
            line.join("; ")
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let answer = Answer::parse(&bytes);
        for line in answer.head.lines() {
            let Some(value) = line
                .to_ascii_lowercase()
                .starts_with("set-cookie:")
                .then(|| &line[11..])
            else {
                continue;
            };
            let (name, value) = value
                .trim()
                .split(';')
                .next()
                .unwrap()
                .split_once('=')
                .unwrap();
            if value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
            .header("location")
            .unwrap_or_else(|| panic!("{}", answer.text()))
            .clone_into(&mut location);
    }
    panic!("sent around without end");
}

#[test]
fn a_certified_provider_signs_somebody_in() {
    let Some(provider) = running::start("http://portal/sign-in/back") else {
        return;
    };
    let host = provider.url.strip_prefix("http://").unwrap().to_owned();
    let fresh = sqlite();
    let store = fresh.store.clone();
    let house = House::over(
        store,
        Some(fresh),
        settings(),
        trusting(&provider.url),
        vec![host.clone()],
    );
    // Its tokens carry the real time.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    house.pass(i64::try_from(now.as_secs()).unwrap() - house.now());
    house.admin();
    for _ in 0..2 {
        let begun = house.get("/sign-in/with?back_to=/api/", &[]);
        assert_eq!(begun.status, 303, "{begun:?}");
        let path = walk(&host, begun.header("location").unwrap().to_owned());
        let answer = house.get(&path, &[&cookies(&begun)]);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/api/")),
            "{answer:?}"
        );
        let me = document(&house.get("/api/v1/me", &[&cookies(&answer)]));
        assert_eq!(
            (me["name"].as_str(), me["display"].as_str()),
            (Some("carla"), Some("Carla"))
        );
        assert_eq!(me["roles"].as_array().unwrap().len(), 2);
    }
}
