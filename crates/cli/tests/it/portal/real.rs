//! The command line against the real portal: what the fakes of the other tests take is what the portal takes.

use std::process::Command;

use serde_json::Value;

use super::serving::Server;
use super::{Fake, advisories, dependency_track, dojo, told};
use crate::serving::{Portal, administrator, ask, token};

/// A portal that runs, and a client that knows its token.
struct Real {
    portal: Portal,
    line: String,
    fake: Fake,
    _folder: tempfile::TempDir,
}

impl Real {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("portal");
        advisories(&data);
        administrator(&data);
        let portal = Portal::start(&data, &folder.path().join("log"));
        let line = token(portal.address);
        Self {
            portal,
            line,
            fake: Fake::new(),
            _folder: folder,
        }
    }

    fn token(&self) -> &str {
        self.line.rsplit(' ').next().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.fake.command(args);
        command
            .env(
                "STANCHION_PORTAL",
                format!("http://{}", self.portal.address),
            )
            .env("STANCHION_TOKEN", self.token());
        command
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        told(&self.command(args).output().unwrap())
    }

    fn get(&self, path: &str) -> Value {
        let answer = ask(self.portal.address, "GET", path, &[&self.line], b"").unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }
}

#[test]
fn login_push_and_scan_by_its_policy() {
    let real = Real::new();
    let (code, out, err) = real.run(&["login", "--status"]);
    assert!(code == 0 && (out + &err).contains("ann"), "{err}");
    let policy = "schema = \"vmpolicy/1\"\n[policy]\nid = \"acme\"\nversion = \"1\"\n[[sla]]\nid = \"acme/all\"\ndue = \"30d\"\n[[enforce]]\nat = \"build\"\ndeny = \"f.severity == 'critical'\"\n";
    let lines = [real.line.as_str(), "if-match: *"];
    let answer = ask(
        real.portal.address,
        "PUT",
        "/api/v1/policy",
        &lines,
        policy.as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let at = "2026-11-24T12:00:00Z";
    let pushed = real.run(&[
        "push",
        ".",
        "--product",
        "shop",
        "--version",
        "1.0.0",
        "--as-of",
        at,
        "-o",
        "json",
    ]);
    assert_eq!(pushed.0, 1, "{}", pushed.2);
    let report: Value = serde_json::from_str(&pushed.1).unwrap();
    let digest = &report["verdict"]["policy"]["digest"];
    assert!(
        digest.is_string() && report["verdict"]["denied"] == true,
        "{report:#}"
    );
    // The same bytes from a scan of one's own, and from the portal again.
    let scanned = real.run(&[
        "scan",
        ".",
        "--product",
        "shop",
        "--as-of",
        at,
        "-o",
        "json",
    ]);
    assert_eq!((scanned.0, &scanned.1), (1, &pushed.1), "{}", scanned.2);
    let versions = real.get("/api/v1/products/shop/versions");
    let id = versions[0]["id"].as_str().unwrap();
    let path = format!("/api/v1/versions/{id}/report?as_of={at}");
    let again = ask(real.portal.address, "GET", &path, &[&real.line], b"").unwrap();
    assert_eq!(
        String::from_utf8(again.body).unwrap().trim_end(),
        pushed.1.trim_end()
    );
}

#[test]
fn imports_come_in() {
    let real = Real::new();
    let key = real.fake.shop.bench.file("key");
    std::fs::write(&key, dojo::KEY).unwrap();
    let server = Server::start(dojo::answer);
    let file = key.display().to_string();
    let url = server.url();
    let (_, out, err) = real.run(&[
        "import",
        "defectdojo",
        "--url",
        &url,
        "--token-file",
        &file,
        "-o",
        "json",
    ]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    assert_eq!(report["counts"]["finding"]["came"], 154, "{report:#}");
    let (_, out, _) = real.run(&[
        "import",
        "defectdojo",
        "--url",
        &url,
        "--token-file",
        &file,
        "-o",
        "json",
    ]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["counts"]["finding"]["unchanged"], 154, "{report:#}");

    let track = dependency_track::Both::new(dependency_track::full());
    let mut command = track.command(&[]);
    command
        .env(
            "STANCHION_PORTAL",
            format!("http://{}", real.portal.address),
        )
        .env("STANCHION_TOKEN", real.token());
    let (_, out, err) = told(&command.output().unwrap());
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    assert_eq!(report["counts"]["inventory"]["came"], 4, "{report:#}");
    let products = real.get("/api/v1/products?limit=500");
    let names: Vec<&str> = products["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"shop") && names.contains(&"Group"),
        "{names:?}"
    );
}
