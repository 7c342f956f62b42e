//! The client against a server that misbehaves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::fixture::{ALWAYS, Behaviour, Server};
use crate::{Client, Download, NetError, NetErrorKind, Options, Proxies, Validator};

fn options(server: &Server) -> Options {
    Options {
        allow_private: vec![server.host()],
        proxies: Proxies::none(),
        roots: None,
        backoff: Duration::from_millis(1),
        ..Options::default()
    }
}

fn client(server: &Server) -> Client {
    Client::new(options(server))
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 31 % 251) as u8).collect()
}

struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            file: folder.path().join("deep/file.zip"),
            _folder: folder,
        }
    }

    fn part(&self) -> u64 {
        std::fs::metadata(self.file.with_extension("zip.part")).map_or(0, |meta| meta.len())
    }

    fn is(&self, body: &[u8]) -> bool {
        let left: Vec<_> = std::fs::read_dir(self.file.parent().unwrap())
            .unwrap()
            .collect();
        std::fs::read(&self.file).unwrap() == body && left.len() == 1
    }
}

fn download(client: &Client, url: &str, place: &Place) -> Result<Download, NetError> {
    client.download(url, &place.file, None, 1 << 30, &|_, _| {})
}

#[test]
fn a_server_in_good_order_is_asked_once() {
    let server = Server::start();
    let body = bytes(300_000);
    server.put("/a.zip", body.clone());
    let (client, place) = (client(&server), Place::new());
    let seen = Mutex::new(Vec::new());
    let got = client
        .download(
            &server.url("/a.zip"),
            &place.file,
            None,
            1 << 20,
            &|done, total| seen.lock().unwrap().push((done, total)),
        )
        .unwrap();
    let Download::Done { validator, bytes } = got else {
        panic!("{got:?}")
    };
    assert!(place.is(&body) && bytes == 300_000 && validator.etag.is_some());
    let seen = seen.into_inner().unwrap();
    assert_eq!(
        (seen[0], seen[seen.len() - 1]),
        ((0, Some(300_000)), (300_000, Some(300_000)))
    );
    assert_eq!(
        client
            .download(
                &server.url("/a.zip"),
                &place.file,
                Some(&validator),
                1 << 20,
                &|_, _| {}
            )
            .unwrap(),
        Download::NotModified
    );
    server.put("/a.zip", b"new".to_vec());
    assert!(matches!(
        client.download(
            &server.url("/a.zip"),
            &place.file,
            Some(&validator),
            1 << 20,
            &|_, _| {}
        ),
        Ok(Download::Done { bytes: 3, .. })
    ));
    let request = &server.requests()[0];
    assert_eq!(
        (
            request.headers["user-agent"].as_str(),
            request.headers["accept-encoding"].as_str()
        ),
        (concat!("stanchion/", env!("CARGO_PKG_VERSION")), "identity")
    );
    assert_eq!(client.get(&server.url("/a.zip"), 3).unwrap(), b"new");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn slow_is_not_dead() {
    let server = Server::start();
    server.put("/a", bytes(4000));
    server.behave(
        "/a",
        Behaviour {
            rate: 4000,
            ..Behaviour::default()
        },
    );
    let client = Client::new(Options {
        idle: Duration::from_millis(600),
        ..options(&server)
    });
    let start = Instant::now();
    let place = Place::new();
    download(&client, &server.url("/a"), &place).unwrap();
    assert!(place.is(&bytes(4000)) && start.elapsed() > Duration::from_millis(700));
}

#[test]
fn a_torn_body_is_taken_up_where_it_ended() {
    for (name, behaviour) in [
        (
            "cut",
            Behaviour {
                cut: Some((60_000, 1)),
                ..Behaviour::default()
            },
        ),
        (
            "too long",
            Behaviour {
                lie: Some((-40_000, 1)),
                ..Behaviour::default()
            },
        ),
        (
            "stalled",
            Behaviour {
                stall: Some((60_000, 1)),
                ..Behaviour::default()
            },
        ),
    ] {
        let server = Server::start();
        server.put("/a", bytes(100_000));
        server.behave("/a", behaviour);
        let client = Client::new(Options {
            idle: Duration::from_millis(500),
            ..options(&server)
        });
        let place = Place::new();
        download(&client, &server.url("/a"), &place).unwrap();
        assert!(place.is(&bytes(100_000)), "{name}");
        assert_eq!(
            server.requests()[1].headers["range"],
            "bytes=60000-",
            "{name}"
        );
        assert!(
            server.requests()[1].headers.contains_key("if-range"),
            "{name}"
        );
    }
}

#[test]
fn a_torn_body_is_kept_for_the_next_run() {
    let server = Server::start();
    server.put("/a", bytes(100_000));
    server.behave(
        "/a",
        Behaviour {
            cut: Some((60_000, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let place = Place::new();
    let error = download(&client(&server), &server.url("/a"), &place).unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Broken(_)), "{error}");
    assert_eq!(
        (server.requests().len(), place.part(), server.served("/a")),
        (3, 60_000, 60_000)
    );
    assert!(!place.file.exists());
    server.behave("/a", Behaviour::default());
    download(&client(&server), &server.url("/a"), &place).unwrap();
    assert!(place.is(&bytes(100_000)));
    assert_eq!(server.served("/a"), 100_000);
}

#[test]
fn a_part_of_another_version_or_address_is_thrown_away() {
    let server = Server::start();
    let place = Place::new();
    let tear = |path: &str| {
        server.put(path, bytes(100_000));
        server.behave(
            path,
            Behaviour {
                cut: Some((60_000, ALWAYS)),
                ..Behaviour::default()
            },
        );
        download(&client(&server), &server.url(path), &place).unwrap_err();
        server.behave(path, Behaviour::default());
    };
    tear("/a");
    server.put("/a", vec![7; 90_000]);
    download(&client(&server), &server.url("/a"), &place).unwrap();
    assert!(place.is(&vec![7; 90_000]));
    tear("/b");
    let before = server.requests().len();
    server.put("/c", vec![8; 90_000]);
    download(&client(&server), &server.url("/c"), &place).unwrap();
    assert!(place.is(&vec![8; 90_000]) && !server.requests()[before].headers.contains_key("range"));
    // A server that knows no parts, or no versions: over again.
    tear("/d");
    server.behave(
        "/d",
        Behaviour {
            no_range: true,
            ..Behaviour::default()
        },
    );
    download(&client(&server), &server.url("/d"), &place).unwrap();
    assert!(place.is(&bytes(100_000)));
    server.put("/e", bytes(100_000));
    server.behave(
        "/e",
        Behaviour {
            no_validator: true,
            cut: Some((60_000, 1)),
            ..Behaviour::default()
        },
    );
    download(&client(&server), &server.url("/e"), &place).unwrap();
    assert!(place.is(&bytes(100_000)) && server.served("/e") == 160_000);
}

#[test]
fn a_length_that_lies_is_never_believed() {
    for lie in [5000, -5000] {
        for no_range in [false, true] {
            let server = Server::start();
            server.put("/a", bytes(20_000));
            server.behave(
                "/a",
                Behaviour {
                    lie: Some((lie, ALWAYS)),
                    no_range,
                    ..Behaviour::default()
                },
            );
            let place = Place::new();
            match download(&client(&server), &server.url("/a"), &place) {
                // What came before the lie, and the rest by range: it adds up.
                Ok(_) => assert!(place.is(&bytes(20_000)) && !no_range, "{lie}"),
                Err(error) => {
                    assert!(
                        matches!(error.kind, NetErrorKind::Broken(_)),
                        "{lie}: {error}"
                    );
                    assert!(!place.file.exists());
                    assert_eq!(server.requests().len(), 3, "{lie}");
                }
            }
        }
    }
}

#[test]
fn bodies_without_a_length_are_read() {
    let server = Server::start();
    server.put("/a", bytes(200_000));
    server.behave(
        "/a",
        Behaviour {
            chunked: true,
            ..Behaviour::default()
        },
    );
    server.put("/b", bytes(200_000));
    server.behave(
        "/b",
        Behaviour {
            no_length: true,
            ..Behaviour::default()
        },
    );
    server.put("/c", bytes(200_000));
    server.behave(
        "/c",
        Behaviour {
            chunked: true,
            cut: Some((70_000, 1)),
            ..Behaviour::default()
        },
    );
    for path in ["/a", "/b", "/c"] {
        let place = Place::new();
        download(&client(&server), &server.url(path), &place).unwrap();
        assert!(place.is(&bytes(200_000)), "{path}");
    }
    assert_eq!(
        client(&server).get(&server.url("/a"), 200_000).unwrap(),
        bytes(200_000)
    );
}

#[test]
fn too_much_is_refused() {
    let server = Server::start();
    server.put("/a", bytes(100_000));
    server.put("/b", bytes(100_000));
    server.behave(
        "/b",
        Behaviour {
            chunked: true,
            ..Behaviour::default()
        },
    );
    for path in ["/a", "/b"] {
        let place = Place::new();
        let error = client(&server)
            .download(&server.url(path), &place.file, None, 99_999, &|_, _| {})
            .unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::TooLarge { limit: 99_999 }),
            "{error}"
        );
        assert!(!place.file.exists() && place.part() == 0);
        let error = client(&server).get(&server.url(path), 99_999).unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::TooLarge { .. }),
            "{error}"
        );
    }
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn trouble_at_the_server_is_waited_for() {
    let server = Server::start();
    let told = |status, wait: &str, times| {
        let headers = if wait.is_empty() {
            Vec::new()
        } else {
            vec![("Retry-After".to_owned(), wait.to_owned())]
        };
        Behaviour {
            status: Some((status, headers, times)),
            ..Behaviour::default()
        }
    };
    for path in ["/503", "/429", "/late", "/500", "/404"] {
        server.put(path, "here");
    }
    server.behave("/503", told(503, "", 2));
    server.behave("/429", told(429, "1", 1));
    server.behave("/late", told(429, "3600", ALWAYS));
    server.behave("/500", told(500, "", ALWAYS));
    server.behave("/404", told(404, "", ALWAYS));
    let client = client(&server);
    assert_eq!(client.get(&server.url("/503"), 10).unwrap(), b"here");
    let start = Instant::now();
    assert_eq!(client.get(&server.url("/429"), 10).unwrap(), b"here");
    assert!(start.elapsed() >= Duration::from_secs(1));
    for (path, status, asked) in [("/late", 429, 1), ("/500", 500, 3), ("/404", 404, 1)] {
        let error = client.get(&server.url(path), 10).unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::Status(found) if found == status),
            "{error}"
        );
        assert_eq!(
            (server.asked(path), error.is_absent()),
            (asked, status == 404),
            "{path}"
        );
    }
}

#[test]
fn silence_ends() {
    let server = Server::start();
    server.put("/a", "x");
    server.behave(
        "/a",
        Behaviour {
            mute: true,
            ..Behaviour::default()
        },
    );
    let client = Client::new(Options {
        idle: Duration::from_millis(200),
        ..options(&server)
    });
    let error = client.get(&server.url("/a"), 10).unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::Timeout { what: "byte", .. }),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn nobody_there() {
    let server = Server::start();
    let (options, url) = (options(&server), server.url("/a"));
    drop(server);
    let error = Client::new(options).get(&url, 10).unwrap_err();
    // The port may have been let go a moment later.
    assert!(
        matches!(
            error.kind,
            NetErrorKind::Connect(_) | NetErrorKind::Broken(_)
        ),
        "{error}"
    );
    assert!(!error.hint().is_empty());
}

#[test]
fn offline_is_offline() {
    let server = Server::start();
    server.put("/a", "x");
    let client = Client::new(Options {
        offline: true,
        ..options(&server)
    });
    assert!(matches!(
        client.get(&server.url("/a"), 10).unwrap_err().kind,
        NetErrorKind::Offline
    ));
    assert!(client.is_offline() && server.requests().is_empty());
}

#[test]
fn redirects_are_followed_and_judged() {
    let server = Server::start();
    server.put("/end", "x");
    server.redirect("/one", 302, "/two");
    server.redirect("/two", 308, "end");
    server.redirect("/round", 301, "/round");
    let client = client(&server);
    assert_eq!(client.get(&server.url("/one"), 10).unwrap(), b"x");
    assert!(matches!(
        client.get(&server.url("/round"), 10).unwrap_err().kind,
        NetErrorKind::Broken(_)
    ));
    let other = Server::start();
    other.put("/x", "secret");
    let targets = [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://host/x",
        "https://127.0.0.1/x",
        "https://[::ffff:127.0.0.1]/",
        "//169.254.169.254/",
        "https://localhost/",
        "https://2852039166/",
        &other.url("/x"),
    ];
    for target in targets {
        server.redirect("/out", 302, target);
        let error = client.get(&server.url("/out"), 10).unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::Blocked { .. }),
            "{target}: {error}"
        );
        let place = Place::new();
        let error = download(&client, &server.url("/out"), &place).unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::Blocked { .. }),
            "{target}: {error}"
        );
    }
    assert!(other.requests().is_empty());
}

#[test]
fn names_that_lead_inside_are_refused_and_looked_up_once() {
    let looked = Arc::new(AtomicUsize::new(0));
    let server = Server::start();
    server.put("/a", "x");
    let (count, inside): (_, SocketAddr) = (Arc::clone(&looked), server.host().parse().unwrap());
    // Answers like an attacker's name server: public at first, private ever after.
    let lookup = move |host: &str, _: u16| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        Ok(match host {
            "mirror.corp" => vec![inside],
            "both.example" => vec!["169.254.169.254:80".parse().unwrap(), inside],
            "metadata.corp" => vec!["169.254.169.254:80".parse().unwrap()],
            _ if first => vec!["192.0.2.1:443".parse().unwrap()],
            _ => vec![inside],
        })
    };
    let port = inside.port();
    let options = Options {
        allow_private: vec![
            format!("mirror.corp:{port}"),
            format!("both.example:{port}"),
            "metadata.corp".into(),
        ],
        ..options(&server)
    };
    let client = Client::with_lookup(options, Arc::new(lookup));
    for url in [
        "https://evil.example/a",
        "https://evil.example/a",
        "https://metadata.corp/a",
    ] {
        let error = client.get(url, 10).unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::Blocked { .. }),
            "{error}"
        );
    }
    assert!(server.requests().is_empty());
    // The one address of several that passes is the one that is connected to, and it is looked up once.
    let before = looked.load(Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(
            client
                .get(&format!("http://both.example:{port}/a"), 10)
                .unwrap(),
            b"x"
        );
    }
    assert_eq!(
        client
            .get(&format!("http://mirror.corp:{port}/a"), 10)
            .unwrap(),
        b"x"
    );
    assert_eq!(looked.load(Ordering::Relaxed) - before, 2);
}

#[test]
fn a_name_server_that_hangs_costs_the_time_to_connect() {
    let server = Server::start();
    let options = Options {
        connect: Duration::from_millis(100),
        ..options(&server)
    };
    let client = Client::with_lookup(
        options,
        Arc::new(|_: &str, _: u16| {
            std::thread::sleep(Duration::from_secs(20));
            Ok(Vec::new())
        }),
    );
    let start = Instant::now();
    let error = client.get("https://slow.example/", 10).unwrap_err();
    assert!(
        matches!(
            error.kind,
            NetErrorKind::Timeout {
                what: "connection",
                ..
            }
        ),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_proxy_does_not_open_the_way_inside() {
    // The fixture is no proxy: it turns the CONNECT down, which is enough to see who asked it for what.
    let server = Server::start();
    let proxy = format!("http://user:hunter2@{}", server.host());
    let proxies = Proxies {
        https: Some(proxy.clone()),
        http: Some(proxy),
        direct: vec![],
    };
    let client = Client::new(Options {
        proxies,
        allow_private: vec![],
        retries: 0,
        ..options(&server)
    });
    let error = client
        .get("https://osv.example/x?token=hunter2", 10)
        .unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Connect(_)), "{error}");
    assert!(!format!("{error} {error:?} {client:?}").contains("hunter2"));
    assert_eq!(server.requests()[0].path, "osv.example:443");
    for url in [
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://localhost/",
        "http://osv.example/",
        "https://127.1/",
    ] {
        assert!(
            matches!(
                client.get(url, 10).unwrap_err().kind,
                NetErrorKind::Blocked { .. }
            ),
            "{url}"
        );
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn secrets_stay_out_of_errors() {
    let server = Server::start();
    let url = server
        .url("/gone?sig=hunter2")
        .replace("http://", "http://me:hunter2@");
    let error = client(&server).get(&url, 10).unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Status(404)), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(server.requests()[0].headers["authorization"].starts_with("Basic "));
    let place = Place::new();
    server.put("/a?sig=hunter2", bytes(1000));
    server.behave(
        "/a?sig=hunter2",
        Behaviour {
            cut: Some((10, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let url = url.replace("/gone", "/a");
    assert!(
        !download(&client(&server), &url, &place)
            .unwrap_err()
            .to_string()
            .contains("hunter2")
    );
    for entry in std::fs::read_dir(place.file.parent().unwrap()).unwrap() {
        assert!(
            !String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap())
                .contains("hunter2")
        );
    }
}

#[test]
fn roots_that_cannot_be_read_are_named() {
    let server = Server::start();
    let client = Client::new(Options {
        roots: Some("/nowhere/roots.pem".into()),
        ..options(&server)
    });
    let error = client.get("https://osv.example/", 10).unwrap_err();
    assert!(error.to_string().contains("/nowhere/roots.pem"), "{error}");
}

#[test]
fn an_unknown_version_is_not_resumed() {
    assert!(Validator::default().is_empty());
}
