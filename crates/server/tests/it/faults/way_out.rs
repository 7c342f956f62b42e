//! Addresses that lead inside: of webhooks, of repositories, of the policy's source. And tokens, which nobody reads again.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use serde_json::json;
use stanchion_net::fixture::{ALWAYS, Behaviour, Server};
use stanchion_server::seal;
use stanchion_store::events::{self, Channel};
use stanchion_store::testing::stores;
use stanchion_store::{Id, Store, StoreError};

use super::super::engine::sbom;
use super::super::http::settings;
use super::super::people::{House, patient};
use super::{Log, advisories, all_jobs, engine, push, traces};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TOKEN: &str = "ghp_thisTokenIsForNobodyToRead";

/// Listens on both loopbacks and counts who comes.
fn trap() -> (u16, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = first.local_addr().unwrap().port();
    let mut all = vec![first];
    all.extend(TcpListener::bind(("::1", port)).ok());
    for listener in all {
        let count = Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
    }
    (port, count)
}

fn inside(port: u16) -> Vec<String> {
    let mut all = Vec::new();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "localhost.",
        "169.254.169.254",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
    ] {
        for scheme in ["https", "http"] {
            all.push(format!("{scheme}://{host}:{port}/a/b"));
        }
    }
    // Not inside, but in the clear.
    all.push("http://1.1.1.1/a/b".to_owned());
    all
}

fn webhook(store: &Store, name: &str, url: &str) -> Id {
    let id = Id::derive("channel", &[name.as_bytes()]);
    let channel = Channel {
        id,
        name: name.into(),
        kind: "webhook".into(),
        target: url.into(),
        secret: Some(seal::close(&[7; 32], SECRET).unwrap()),
        events: vec!["inventory.received".into()],
        disabled: false,
        revision: 1,
    };
    store
        .write(|tx| events::put_channel(tx, &channel))
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
    id
}

#[test]
fn webhooks_do_not_lead_inside() {
    for fresh in stores() {
        let (port, caught) = trap();
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(fresh.store.clone(), folder.path(), &[]);
        let channels: Vec<(String, Id)> = inside(port)
            .into_iter()
            .map(|url| {
                let id = webhook(&fresh.store, &url, &url);
                (url, id)
            })
            .collect();
        push(&engine, "shop", "1", &sbom(&[("lodash", "4.17.15")])).unwrap();
        engine.plan().unwrap();
        while engine.work("w").unwrap() {}
        for (url, id) in &channels {
            let told = fresh
                .store
                .read(|tx| events::deliveries(tx, *id, 10))
                .unwrap_or_else(|error: StoreError| panic!("{error}"));
            assert_eq!(told.len(), 1, "{url}");
            assert_ne!(told[0].state, "delivered", "{url}");
            // Refused before anything was connected to; odd ways to write an address may be no name at all.
            let odd = ["//127.1:", "//2130706433:", "//localhost.:"];
            assert!(
                told[0].note.contains("refused to go there")
                    || odd.iter().any(|odd| url.contains(odd)),
                "{url}: {}",
                told[0].note
            );
        }
        assert_eq!(caught.load(Ordering::SeqCst), 0, "{}", fresh.name);
        assert!(!traces(&fresh.store).contains("MfKQ9r8GKYqr"));
        println!("{}: {} addresses, nobody came", fresh.name, channels.len());
    }
}

#[test]
fn a_receiver_leads_nobody_elsewhere() {
    let fresh = stores().remove(0);
    let (port, caught) = trap();
    let folder = tempfile::tempdir().unwrap();
    // This one host is allowed; where it sends on to is not.
    let receiver = Server::start();
    let engine = engine(fresh.store.clone(), folder.path(), &["127.0.0.1"]);
    for (number, to) in [
        format!("http://[::1]:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("http://127.0.0.1:{port}/x"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        for status in [301, 302, 303, 307, 308] {
            let path = format!("/{number}-{status}");
            receiver.redirect(&path, status, &to);
            webhook(&fresh.store, &path, &receiver.url(&path));
        }
    }
    push(&engine, "shop", "1", &sbom(&[("lodash", "4.17.15")])).unwrap();
    engine.plan().unwrap();
    while engine.work("w").unwrap() {}
    assert_eq!(receiver.requests().len(), 20);
    assert_eq!(caught.load(Ordering::SeqCst), 0);
    assert!(!traces(&fresh.store).contains("delivered "));
}

#[test]
fn repositories_do_not_lead_inside_and_tokens_are_not_told() {
    for fresh in stores() {
        let (name, store) = (fresh.name, fresh.store.clone());
        let (port, caught) = trap();
        let house = House::over(store, Some(fresh), settings(), patient(), Vec::new());
        let engine = &house.portal.engine;
        advisories(&engine.options().data);
        let cookie = house.admin();
        let log = Log::default();
        let mut urls = inside(port);
        urls.push(format!("ssh://git@127.0.0.1:{port}/a/b"));
        urls.push(format!("ssh://git@localhost:{port}/a/b"));
        let mut answers = String::new();
        let mut sent = 0;
        for (number, url) in urls.iter().enumerate() {
            let product = format!("p{number}");
            let body = json!({"name": product, "kind": "own"});
            let made = house.api("POST", "/api/v1/products", &[&cookie], &body);
            assert!(matches!(made.status, 200 | 201), "{}", made.text());
            let body = json!({"url": url, "token": TOKEN});
            for (method, path) in [
                ("PUT", format!("/api/v1/products/{product}/repository")),
                ("POST", format!("/api/v1/products/{product}/scan")),
                ("GET", format!("/api/v1/products/{product}/repository")),
                ("PUT", "/api/v1/policy/source".to_owned()),
                ("GET", "/api/v1/policy/source".to_owned()),
            ] {
                let body = if method == "PUT" {
                    body.clone()
                } else {
                    serde_json::Value::Null
                };
                let answer = house.api(method, &path, &[&cookie], &body);
                assert!(answer.status < 500, "{url} {path}: {}", answer.text());
                sent += usize::from(method == "PUT" && answer.status < 300);
                answers.push_str(&answer.text());
            }
            log.while_running(|| while engine.work("w").unwrap() {});
        }
        let jobs = all_jobs(&house.store);
        let failed = jobs
            .iter()
            .filter(|job| ["scan", "policy"].contains(&job.kind.as_str()) && job.error.is_some())
            .count();
        assert!(failed >= urls.len(), "{name}: {failed} of {}", urls.len());
        assert!(
            !jobs
                .iter()
                .any(|job| job.kind == "scan" && job.state == "done")
        );
        assert_eq!(caught.load(Ordering::SeqCst), 0, "{name}");
        answers.push_str(&house.get("/api/v1/jobs?limit=500", &[&cookie]).text());
        answers.push_str(&house.get("/api/v1/events", &[&cookie]).text());
        answers.push_str(&house.get("/api/v1/audit", &[&cookie]).text());
        answers.push_str(&traces(&house.store));
        answers.push_str(&log.text());
        assert!(log.text().contains("job failed"));
        assert!(!answers.contains(TOKEN) && !answers.contains("thisTokenIs"));
        println!("{name}: {sent} addresses taken, {failed} jobs failed, nobody came");
    }
}

/// A host that is allowed asks for the token, says it back in every way, and sends on to somewhere inside.
#[test]
fn a_repository_cannot_make_the_token_be_told() {
    let fresh = stores().remove(0);
    let store = fresh.store.clone();
    let receiver = Server::start();
    let (port, caught) = trap();
    let allow = vec!["127.0.0.1".to_owned()];
    let house = House::over(store, Some(fresh), settings(), patient(), allow);
    let engine = &house.portal.engine;
    advisories(&engine.options().data);
    let cookie = house.admin();
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{TOKEN}"));
    let plain = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    for (repository, status, headers) in [
        ("said", 500, plain.clone()),
        ("unknown", 404, plain.clone()),
        ("closed", 403, plain.clone()),
        (
            "asks",
            401,
            [
                plain,
                vec![(
                    "WWW-Authenticate".to_owned(),
                    "Basic realm=\"x\"".to_owned(),
                )],
            ]
            .concat(),
        ),
        (
            "on",
            302,
            vec![(
                "Location".to_owned(),
                format!("http://127.0.0.1:{port}/x/info/refs?service=git-upload-pack"),
            )],
        ),
        (
            "out",
            302,
            vec![(
                "Location".to_owned(),
                format!("http://localhost:{port}/x/info/refs?service=git-upload-pack"),
            )],
        ),
    ] {
        for path in [
            format!("/{repository}/info/refs?service=git-upload-pack"),
            format!("/{repository}/info/refs"),
        ] {
            receiver.behave(
                &path,
                Behaviour {
                    status: Some((status, headers.clone(), ALWAYS)),
                    words: format!("your token is {TOKEN}\nAuthorization: Basic {coded}\n")
                        .into_bytes(),
                    ..Behaviour::default()
                },
            );
        }
        let body = json!({"name": repository, "kind": "own"});
        house.api("POST", "/api/v1/products", &[&cookie], &body);
        let body = json!({"url": receiver.url(&format!("/{repository}")), "token": TOKEN});
        let path = format!("/api/v1/products/{repository}/repository");
        assert_eq!(house.api("PUT", &path, &[&cookie], &body).status, 204);
        let path = format!("/api/v1/products/{repository}/scan");
        assert_eq!(
            house
                .api("POST", &path, &[&cookie], &serde_json::Value::Null)
                .status,
            202
        );
    }
    let log = Log::default();
    log.while_running(|| while engine.work("w").unwrap() {});
    // The token went to the host that it is for.
    let expected = format!("Basic {coded}");
    assert!(
        receiver
            .requests()
            .iter()
            .any(|request| request.headers.get("authorization") == Some(&expected)),
        "{}",
        traces(&house.store)
    );
    assert_eq!(caught.load(Ordering::SeqCst), 0);
    let all = traces(&house.store)
        + &log.text()
        + &house.get("/api/v1/jobs?limit=500", &[&cookie]).text();
    assert!(!all.contains(TOKEN) && !all.contains(&coded), "{all}");
    println!(
        "{}",
        all_jobs(&house.store)
            .iter()
            .filter_map(|job| job.error.clone())
            .collect::<Vec<_>>()
            .join("\n")
    );
}
