//! The portal as people start it: the real program on a data folder, asked over HTTP, and what it says again after the
//! worst has happened to it.

#![allow(
    clippy::print_stderr,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a test that is skipped says so, and need not be fast"
)]

mod backup;
mod crash;
mod disk;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stanchion_store::{Id, Store, StoreError, params};

pub(super) const PASSWORD: &str = "quiet otter under bridge";

/// Runs the program on a data folder, without a network.
fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stanchion"));
    command
        .env("STANCHION_DATA_DIR", data)
        .env("STANCHION_OFFLINE", "1")
        .env("XDG_CONFIG_HOME", data.join("config"))
        .env_remove("STANCHION_STORE")
        .env_remove("SOURCE_DATE_EPOCH");
    command
}

pub(super) fn run(data: &Path, args: &[&str]) -> Output {
    command(data).args(args).output().unwrap()
}

pub(super) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// One request on a connection of its own; `None` where no whole answer came.
pub(super) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    lines: &[&str],
    body: &[u8],
) -> Option<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
    };
    let mut answer = Answer {
        head: String::from_utf8(bytes[..end].to_vec()).ok()?,
        status: std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()?,
        body: bytes.split_off(end + 4),
    };
    // Not everybody closes a connection when asked to. A body that broke off is no answer.
    match answer.header("content-length").parse::<usize>() {
        Ok(length) => {
            let missing = length.checked_sub(answer.body.len())?;
            let mut rest = vec![0; missing];
            stream.read_exact(&mut rest).ok()?;
            answer.body.append(&mut rest);
        }
        Err(_) => {
            stream.read_to_end(&mut answer.body).ok()?;
        }
    }
    Some(answer)
}

/// The program while it serves; killed when dropped.
pub(super) struct Portal {
    child: Child,
    pub(super) address: SocketAddr,
    pub(super) log: PathBuf,
}

impl Portal {
    pub(super) fn start(data: &Path, log: &Path) -> Self {
        Self::start_with(data, log, &["--listen", "127.0.0.1:0"], &[])
    }

    /// With these arguments and variables.
    pub(super) fn start_with(
        data: &Path,
        log: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let file = File::create(log).unwrap();
        let child = command(data)
            .arg("serve")
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut portal = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: log.to_owned(),
        };
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let text = portal.logged();
            let found = text
                .lines()
                .find_map(|line| line.split_once(" is at http://"))
                .and_then(|(_, rest)| rest.trim().parse().ok());
            if let Some(address) = found {
                portal.address = address;
                return portal;
            }
            assert!(
                portal.child.try_wait().unwrap().is_none() && Instant::now() < end,
                "it does not start: {text}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes an administrator, before the portal runs.
pub(super) fn administrator(data: &Path) {
    let mut child = command(data)
        .args(["admin", "create", "ann", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{PASSWORD}").unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// Signs in and makes a token: the header line of it.
pub(super) fn token(address: SocketAddr) -> String {
    let own = "sec-fetch-site: same-origin";
    let kind = "content-type: application/json";
    let body = json!({"name": "ann", "password": PASSWORD}).to_string();
    let answer = ask(
        address,
        "POST",
        "/api/v1/session",
        &[own, kind],
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.status, 204, "{answer:?}");
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let body = json!({"name": "ci", "permissions":
        ["product.read", "product.write", "inventory.push", "job.run", "job.read", "audit.read", "backup", "finding.triage", "exception.request", "policy.read", "policy.write"]})
    .to_string();
    let answer = ask(
        address,
        "POST",
        "/api/v1/me/tokens",
        &[own, kind, &format!("cookie: {cookie}")],
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    let value = answer.json();
    format!("authorization: Bearer {}", value["token"].as_str().unwrap())
}

/// A document with two packages that the starter set of advisories knows, and so many that nobody knows.
pub(super) fn document(mark: &str, others: usize) -> Vec<u8> {
    let mut components = String::from(
        r#"{"type":"library","name":"lodash","version":"4.17.15","purl":"pkg:npm/lodash@4.17.15"},{"type":"library","name":"minimist","version":"1.2.5","purl":"pkg:npm/minimist@1.2.5"}"#,
    );
    for number in 0..others {
        components.push_str(&format!(
            r#",{{"type":"library","name":"own-{mark}-{number}","version":"1.0.0","purl":"pkg:npm/own-{mark}-{number}@1.0.0"}}"#
        ));
    }
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{{"component":{{"type":"application","name":"{mark}","version":"1"}}}},"components":[{components}]}}"#
    )
    .into_bytes()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A push that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) product: String,
    pub(super) version: String,
    pub(super) digest: String,
    pub(super) version_id: String,
    pub(super) inventory_id: String,
    pub(super) findings: usize,
}

/// Pushes once: what was acknowledged, or what came in its place.
pub(super) fn push(
    address: SocketAddr,
    token: &str,
    product: &str,
    version: &str,
    document: &[u8],
) -> Result<Kept, Option<Answer>> {
    let path = format!("/api/v1/push?product={product}&version={version}&name=bom.cdx.json");
    let lines = [token, "content-type: application/json"];
    let answer = ask(address, "POST", &path, &lines, document).ok_or(None)?;
    if answer.status != 200 {
        return Err(Some(answer));
    }
    Ok(Kept {
        product: product.to_owned(),
        version: version.to_owned(),
        digest: hex(document),
        version_id: answer.header("x-stanchion-version").to_owned(),
        inventory_id: answer.header("x-stanchion-inventory").to_owned(),
        findings: answer.json()["findings"].as_array().unwrap().len(),
    })
}

/// Holds what was acknowledged against what is there: version, inventory, document, findings, event, row of the log.
pub(super) fn all_there(address: SocketAddr, token: &str, store: &Store, kept: &[Kept]) {
    for one in kept {
        let path = format!(
            "/api/v1/versions/{}/inventories/{}/document",
            one.version_id, one.inventory_id
        );
        let answer = ask(address, "GET", &path, &[token], b"").unwrap();
        assert_eq!(answer.status, 200, "{one:?}: {answer:?}");
        assert_eq!(hex(&answer.body), one.digest, "{one:?}");
        let version = Id::parse(&one.version_id).unwrap();
        let object = format!("{} {}", one.product, one.version);
        let counts: (i64, i64, i64, i64) = store
            .read(|tx| {
                let mut count = |sql: &str, values: &[stanchion_store::Value<'_>]| {
                    tx.first(sql, values, |row| row.get::<i64>(0))
                        .map(Option::unwrap_or_default)
                };
                Ok::<_, StoreError>((
                    count(
                        "SELECT COUNT(*) FROM inventory WHERE version = ?1 AND document = ?2",
                        params![version, &one.digest],
                    )?,
                    count(
                        "SELECT COUNT(*) FROM finding WHERE version = ?1 AND state < 4",
                        params![version],
                    )?,
                    count(
                        "SELECT COUNT(*) FROM event WHERE kind = 'inventory.received' AND subject = ?1",
                        params![&one.version_id],
                    )?,
                    count(
                        "SELECT COUNT(*) FROM audit WHERE action = 'inventory.push' AND object = ?1 AND after = ?2",
                        params![&object, &one.digest],
                    )?,
                ))
            })
            .unwrap();
        assert_eq!(counts.0, 1, "inventory of {one:?}");
        assert_eq!(
            usize::try_from(counts.1).unwrap(),
            one.findings,
            "findings of {one:?}"
        );
        assert!(one.findings > 0, "{one:?}");
        assert!(counts.2 > 0, "event of {one:?}");
        assert!(counts.3 > 0, "row of the log of {one:?}");
    }
}

/// The database and the log of changes are whole.
pub(super) fn whole(store: &Store) {
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let verified = store.verify_audit().unwrap();
    assert_eq!(verified.fault, None);
    // Nothing hangs in the air: what a row names is there.
    let stray: i64 = store
        .read(|tx| {
            tx.first(
                "SELECT (SELECT COUNT(*) FROM finding WHERE version NOT IN (SELECT id FROM version))
                      + (SELECT COUNT(*) FROM inventory WHERE version NOT IN (SELECT id FROM version))
                      + (SELECT COUNT(*) FROM version WHERE product NOT IN (SELECT id FROM product))
                      + (SELECT COUNT(*) FROM version WHERE inventory IS NOT NULL AND inventory NOT IN (SELECT id FROM inventory))",
                &[],
                |row| row.get(0),
            )
        })
        .unwrap_or_else(|error: StoreError| panic!("{error}"))
        .unwrap();
    assert_eq!(stray, 0);
}
