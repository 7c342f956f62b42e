//! A vulnerability comes to be exploited: people hear of it by mail, their tools by webhook, whatever receivers do at first.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use stanchion_advisories::{Database, import};
use stanchion_net::fixture::{ALWAYS, Behaviour, Server};
use stanchion_net::{Client, Proxies};
use stanchion_notify::{MailSettings, Secret, Tls, verify};
use stanchion_server::engine::keeping::Retention;
use stanchion_server::engine::{Engine, Options};
use stanchion_server::seal;
use stanchion_store::blobs::Blobs;
use stanchion_store::blobs::folder::Folder;
use stanchion_store::events::{self, Channel, Delivery};
use stanchion_store::testing::stores;
use stanchion_store::{Id, Store, StoreError};

use super::super::engine::{NOW, sbom};
use super::{advisories, push};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A mail server that keeps what it hears. The first so many conversations it ends with a failure that passes.
fn mail_server(failures: usize) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mails: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = Arc::clone(&mails);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let say = |text: &str| (&stream).write_all(format!("{text}\r\n").as_bytes());
            let _ = say("220 mail.test");
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
                let command = std::mem::take(&mut line);
                let done = if number < failures && command.starts_with("MAIL") {
                    say("451 not now")
                } else if command.starts_with("DATA") {
                    let _ = say("354 go ahead");
                    let mut mail = Vec::new();
                    while !mail.ends_with(b"\r\n.\r\n") {
                        if !reader
                            .read_until(b'\n', &mut mail)
                            .is_ok_and(|count| count > 0)
                        {
                            break;
                        }
                    }
                    all.lock().unwrap().push(String::from_utf8(mail).unwrap());
                    say("250 taken")
                } else if command.starts_with("QUIT") {
                    let _ = say("221 bye");
                    break;
                } else {
                    say("250 ok")
                };
                if done.is_err() {
                    break;
                }
            }
        }
    });
    (address, mails)
}

struct Bench {
    engine: Engine,
    clock: Arc<AtomicI64>,
}

fn bench(store: Store, data: &Path, mail: SocketAddr) -> Bench {
    advisories(data);
    let clock = Arc::new(AtomicI64::new(NOW));
    let told = Arc::clone(&clock);
    let engine = Engine::new(
        store,
        Blobs::Folder(Folder::open(&data.join("blobs")).unwrap()),
        Options {
            data: data.to_owned(),
            sources: stanchion_advisories::fetch::Settings::default(),
            client: Arc::new(Client::new(stanchion_net::Options {
                allow_private: vec!["127.0.0.1".into()],
                proxies: Proxies::none(),
                retries: 0,
                ..stanchion_net::Options::default()
            })),
            clock: Arc::new(move || told.load(Ordering::SeqCst)),
            mail: Some(MailSettings {
                host: mail.ip().to_string(),
                port: mail.port(),
                tls: Tls::None,
                user: None,
                from: "portal@acme.example".into(),
                from_name: None,
                to: Vec::new(),
                timeout: Duration::from_secs(10),
            }),
            retention: Retention::default(),
            public_url: Some("https://portal.example".into()),
        },
        [7; 32],
    );
    Bench { engine, clock }
}

impl Bench {
    fn channel(&self, name: &str, kind: &str, target: &str) -> Id {
        let id = Id::derive("channel", &[name.as_bytes()]);
        let secret = (kind == "webhook").then(|| seal::close(&[7; 32], SECRET).unwrap());
        self.engine
            .store()
            .write(|tx| {
                events::put_channel(
                    tx,
                    &Channel {
                        id,
                        name: name.into(),
                        kind: kind.into(),
                        target: target.into(),
                        secret: secret.clone(),
                        events: vec!["finding.exploited".into()],
                        disabled: false,
                        revision: 1,
                    },
                )
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        id
    }

    /// Lets time pass until nothing is left to do, as the server's own threads would.
    fn until_quiet(&self) {
        for _ in 0..12 {
            self.engine.plan().unwrap();
            while self.engine.work("w").unwrap() {}
            self.clock.fetch_add(20, Ordering::SeqCst);
        }
    }

    fn deliveries(&self, channel: Id) -> Vec<Delivery> {
        self.engine
            .store()
            .read(|tx| events::deliveries(tx, channel, 100))
            .unwrap_or_else(|error: StoreError| panic!("{error}"))
    }

    fn exploited(&self, data: &Path, ids: &[&str]) {
        let entries: Vec<String> = ids
            .iter()
            .map(|id| format!(r#"{{"cveID":"{id}","vendorProject":"Acme","product":"Thing","vulnerabilityName":"x","dateAdded":"2026-11-24","shortDescription":"x","requiredAction":"x","dueDate":"2026-12-15","knownRansomwareCampaignUse":"Known"}}"#))
            .collect();
        let file = data.join("known_exploited_vulnerabilities.json");
        std::fs::write(
            &file,
            format!(r#"{{"title":"CISA","catalogVersion":"2026.11.24","dateReleased":"2026-11-24T00:00:00Z","count":{},"vulnerabilities":[{}]}}"#, ids.len(), entries.join(",")),
        )
        .unwrap();
        let database = Database::at(data);
        let base = database.open().unwrap().unwrap();
        let sources = import::find_sources(&file).unwrap();
        let text = self.engine.now_text();
        let bytes = import::build_on(Some(&base), &sources, &text, &|_, _, _| {}).unwrap();
        database.replace(&bytes).unwrap();
    }
}

#[test]
fn a_new_entry_of_the_list_comes_as_mail_and_webhook() {
    for fresh in stores() {
        let folder = tempfile::tempdir().unwrap();
        let (mail, mails) = mail_server(1);
        let receiver = Server::start();
        receiver.put("/good", "thanks");
        receiver.put("/slow", "thanks");
        for (path, status, times) in [("/slow", 500, 2), ("/gone", 410, ALWAYS)] {
            receiver.behave(
                path,
                Behaviour {
                    status: Some((status, Vec::new(), times)),
                    ..Behaviour::default()
                },
            );
        }
        let bench = bench(fresh.store.clone(), folder.path(), mail);
        push(&bench.engine, "shop", "1", &sbom(&[("lodash", "4.17.15")])).unwrap();
        let by_mail = bench.channel("mail", "mail", "soc@acme.example");
        let good = bench.channel("good", "webhook", &receiver.url("/good"));
        let slow = bench.channel("slow", "webhook", &receiver.url("/slow"));
        let gone = bench.channel("gone", "webhook", &receiver.url("/gone"));
        bench.until_quiet();
        assert!(receiver.requests().is_empty() && mails.lock().unwrap().is_empty());

        bench.exploited(folder.path(), &["CVE-2026-0001"]);
        bench.engine.absorb().unwrap();
        bench.until_quiet();

        let heard = mails.lock().unwrap().clone();
        assert_eq!(heard.len(), 1, "{}", fresh.name);
        assert!(
            heard[0].contains("Known exploited: CVE-2026-0001")
                || heard[0].contains("Known exploited: GHSA"),
            "{}",
            heard[0]
        );
        assert!(
            heard[0].contains("soc@acme.example")
                && heard[0].contains("https://portal.example/api/v1/findings/"),
            "{}",
            heard[0]
        );
        assert_eq!(receiver.asked("/good"), 1, "{}", fresh.name);
        assert_eq!(receiver.asked("/slow"), 3, "{}", fresh.name);
        for (channel, attempts, state) in [
            (by_mail, 2, "delivered"),
            (good, 1, "delivered"),
            (slow, 3, "delivered"),
            (gone, 1, "never"),
        ] {
            let told = bench.deliveries(channel);
            assert_eq!(told.len(), 1, "{}: {told:?}", fresh.name);
            assert_eq!(
                (told[0].attempts, told[0].state.as_str()),
                (attempts, state),
                "{told:?}"
            );
        }
        // Each is signed, for its own moment; with another secret or body it is not.
        let mut ids = Vec::new();
        for request in receiver.requests() {
            let headers: Vec<(String, String)> = request.headers.clone().into_iter().collect();
            let at = request.headers["webhook-timestamp"].parse().unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
            verify(&Secret::new(SECRET), &headers, &request.body, at).unwrap();
            let other = Secret::new("whsec_AAAAr8GKYqrTwjUPD8ILPZIo2LaLaSwA".to_owned());
            assert!(verify(&other, &headers, &request.body, at).is_err());
            let mut body = request.body.clone();
            body[10] ^= 1;
            assert!(verify(&Secret::new(SECRET), &headers, &body, at).is_err());
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["data"]["events"][0]["type"], "finding.exploited");
            assert_eq!(body["data"]["events"][0]["data"]["product"], "shop");
            if request.path == "/slow" {
                ids.push(request.headers["webhook-id"].clone());
            }
        }
        // The same message each time, so that a receiver that had it already can tell.
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

        // One more: who was gone is not called again, the others once.
        push(&bench.engine, "blog", "1", &sbom(&[("lodash", "4.17.15")])).unwrap();
        bench.until_quiet();
        assert_eq!(
            receiver.asked("/gone"),
            1,
            "{}: 410 means never again",
            fresh.name
        );
        assert_eq!((receiver.asked("/good"), receiver.asked("/slow")), (2, 4));
        assert_eq!(mails.lock().unwrap().len(), 2);
        assert_eq!(bench.deliveries(slow).len(), 2);
        let disabled: Vec<String> = bench
            .engine
            .store()
            .read(events::channels)
            .unwrap()
            .into_iter()
            .filter(|channel| channel.disabled)
            .map(|channel| channel.name)
            .collect();
        assert_eq!(disabled, ["gone"], "{}", fresh.name);
        // Told once is told: with all the time of the world nothing comes again.
        bench.clock.fetch_add(7_200, Ordering::SeqCst);
        bench.until_quiet();
        assert_eq!(
            (receiver.asked("/good"), mails.lock().unwrap().len()),
            (2, 2)
        );
        assert_eq!(bench.engine.store().verify_audit().unwrap().fault, None);
    }
}

#[test]
fn a_later_try_that_tells_of_more_has_another_name() {
    let fresh = stores().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (mail, _) = mail_server(0);
    let receiver = Server::start();
    receiver.put("/hook", "thanks");
    receiver.behave(
        "/hook",
        Behaviour {
            status: Some((500, Vec::new(), 1)),
            ..Behaviour::default()
        },
    );
    let bench = bench(fresh.store.clone(), folder.path(), mail);
    bench.exploited(folder.path(), &["CVE-2026-0001"]);
    bench.channel("hook", "webhook", &receiver.url("/hook"));
    push(&bench.engine, "shop", "1", &sbom(&[("lodash", "4.17.15")])).unwrap();
    bench.engine.plan().unwrap();
    while bench.engine.work("w").unwrap() {}
    assert_eq!(receiver.asked("/hook"), 1);
    push(&bench.engine, "blog", "1", &sbom(&[("lodash", "4.17.15")])).unwrap();
    bench.until_quiet();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    let events = |at: usize| -> usize {
        let body: serde_json::Value = serde_json::from_slice(&requests[at].body).unwrap();
        body["data"]["events"].as_array().unwrap().len()
    };
    assert_eq!((events(0), events(1)), (1, 2));
    // A receiver that took the first and could not say so would leave the second out by its name.
    assert_ne!(
        requests[0].headers["webhook-id"],
        requests[1].headers["webhook-id"]
    );
}
