//! Sign-in with a certified provider of `OpenID Connect`, `oidc-provider` for Node.
//!
//! `STANCHION_OIDC_PROVIDER` names a folder with the package in its `node_modules` (`npm install` with
//! `tests/oidc/package.json`). Without it the test is skipped and says so; `.ci/run` sets it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use stanchion_store::testing::sqlite;

use super::oidc::trusting;
use super::{House, cookies, document};
use crate::http::{Answer, settings};

/// The provider; it ends with its standard input.
struct Provider {
    child: Child,
    /// Held open: it ends when nobody reads what it says.
    _said: BufReader<ChildStdout>,
    url: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn provider() -> Option<Provider> {
    let Some(folder) = std::env::var_os("STANCHION_OIDC_PROVIDER") else {
        println!(
            "skipped: STANCHION_OIDC_PROVIDER names no folder with oidc-provider; .ci/run sets it"
        );
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
    let child = Command::new("node")
        .arg(script)
        .arg(&folder)
        .arg("http://portal/sign-in/back")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    let mut url = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut url).unwrap();
    let url = url.trim().to_owned();
    assert!(
        url.starts_with("http://127.0.0.1:"),
        "the provider did not start: {url:?}"
    );
    Some(Provider {
        child,
        _said: said,
        url,
    })
}

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
    let Some(provider) = provider() else { return };
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
