//! Requests to programming interfaces, against the server of the fixture.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::fixture::{ALWAYS, Behaviour, Server};
use crate::{Answer, Client, Method, NetErrorKind, Options, Proxies, Request};

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

fn request(method: Method, url: String) -> Request {
    Request {
        method,
        url,
        limit: 1000,
        ..Request::default()
    }
}

fn with(headers: &[(&str, &str)], request: Request) -> Request {
    let headers = headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Request { headers, ..request }
}

fn told(status: u16, headers: &[(&str, &str)], times: u32, words: &[u8]) -> Behaviour {
    let headers = headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Behaviour {
        status: Some((status, headers, times)),
        words: words.to_vec(),
        ..Behaviour::default()
    }
}

#[test]
fn method_headers_and_body_arrive() {
    let server = Server::start();
    server.put("/api", "fine");
    for method in [Method::Post, Method::Put, Method::Patch] {
        let asked = Request {
            body: b"{\"a\":1}".to_vec(),
            ..with(
                &[
                    ("Authorization", "Bearer t0p"),
                    ("Content-Type", "application/json"),
                    ("Content-Length", "7"),
                    ("Host", &server.host()),
                ],
                request(method, server.url("/api?x=1")),
            )
        };
        let answer = client(&server).request(&asked).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"fine"[..]));
        assert!(answer.is_success() && answer.header("etag").is_some());
        let came = server.requests().pop().unwrap();
        assert_eq!(Method::named(&came.method), Some(method));
        assert_eq!(
            (came.path.as_str(), came.body.as_slice()),
            ("/api?x=1", &b"{\"a\":1}"[..])
        );
        assert_eq!(came.headers["authorization"], "Bearer t0p");
        assert_eq!(came.headers["content-type"], "application/json");
        assert_eq!(came.headers["content-length"], "7");
    }
    let client = client(&server);
    for method in [Method::Get, Method::Head, Method::Delete] {
        let answer = client
            .request(&request(method, server.url("/api")))
            .unwrap();
        assert_eq!(answer.body.is_empty(), method == Method::Head);
        let came = server.requests().pop().unwrap();
        assert_eq!(Method::named(&came.method), Some(method));
        assert!(!came.headers.contains_key("content-length"));
    }
    client
        .request(&request(Method::Post, server.url("/api")))
        .unwrap();
    assert_eq!(
        server.requests().pop().unwrap().headers["content-length"],
        "0"
    );
    assert_eq!(Method::named("CONNECT"), None);
}

#[test]
fn every_status_is_an_answer() {
    let server = Server::start();
    for status in [204, 302, 400, 401, 404, 409, 410, 429, 500, 503] {
        server.behave("/s", told(status, &[("Retry-After", "0")], ALWAYS, b"why"));
        for method in [Method::Get, Method::Post] {
            let answer = client(&server)
                .request(&request(method, server.url("/s")))
                .unwrap();
            assert_eq!(answer.status, status);
            if status != 204 {
                assert_eq!(answer.body, b"why");
            }
            assert_eq!(answer.retry_after(SystemTime::now()), Some(Duration::ZERO));
        }
    }
}

#[test]
fn only_reading_is_tried_again() {
    let server = Server::start();
    for (method, want) in [
        (Method::Get, 3),
        (Method::Head, 3),
        (Method::Post, 1),
        (Method::Put, 1),
        (Method::Delete, 1),
    ] {
        let path = format!("/{method:?}");
        server.behave(&path, told(503, &[], ALWAYS, b""));
        let answer = client(&server)
            .request(&request(method, server.url(&path)))
            .unwrap();
        assert_eq!(
            (answer.status, server.asked(&path)),
            (503, want),
            "{method:?}"
        );
        // The same for a connection that breaks.
        let path = format!("/{method:?}/cut");
        server.put(&path, "0123456789");
        server.behave(
            &path,
            Behaviour {
                cut: Some((3, ALWAYS)),
                ..Behaviour::default()
            },
        );
        if method != Method::Head {
            let error = client(&server)
                .request(&request(method, server.url(&path)))
                .unwrap_err();
            assert!(matches!(error.kind, NetErrorKind::Broken(_)), "{error}");
            assert_eq!(server.asked(&path), want, "{method:?}");
        }
    }
    server.put("/soon", "there");
    server.behave("/soon", told(500, &[], 2, b""));
    let answer = client(&server)
        .request(&request(Method::Get, server.url("/soon")))
        .unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &b"there"[..])
    );
}

#[test]
fn redirects_are_for_those_without_credentials() {
    let server = Server::start();
    server.put("/end", "end");
    server.redirect("/go", 302, "/end");
    let client = client(&server);
    let ask = |asked: Request| client.request(&asked).unwrap().status;
    let follow = |method| Request {
        redirects: true,
        ..request(method, server.url("/go"))
    };
    assert_eq!(ask(request(Method::Get, server.url("/go"))), 302);
    assert_eq!(ask(follow(Method::Get)), 200);
    assert_eq!(
        ask(with(&[("Accept", "text/plain")], follow(Method::Get))),
        200
    );
    assert_eq!(ask(follow(Method::Post)), 302);
    for name in ["Authorization", "Cookie", "PRIVATE-TOKEN", "X-Api-Key"] {
        assert_eq!(
            ask(with(&[(name, "s")], follow(Method::Get))),
            302,
            "{name}"
        );
    }
    let user = Request {
        redirects: true,
        ..request(
            Method::Get,
            format!("http://user:pass@{}/go", server.host()),
        )
    };
    assert_eq!(ask(user), 302);
    // A redirect is judged: this one leads into the private network.
    server.redirect("/in", 302, "http://127.0.0.2:1/");
    let error = client
        .request(&Request {
            redirects: true,
            ..request(Method::Get, server.url("/in"))
        })
        .unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::Blocked { .. }),
        "{error}"
    );
}

#[test]
fn nothing_secret_is_shown() {
    let server = Server::start();
    server.behave(
        "/s",
        told(200, &[("Set-Cookie", "s3cret")], ALWAYS, b"s3cret"),
    );
    let asked = Request {
        body: b"s3cret".to_vec(),
        ..with(
            &[
                ("Authorization", "Bearer s3cret"),
                ("X-Token", "s3cret"),
                ("Accept", "text/x"),
            ],
            request(
                Method::Post,
                format!("http://u:s3cret@{}/s?key=s3cret", server.host()),
            ),
        )
    };
    let shown = format!("{asked:?}");
    assert!(
        !shown.contains("s3cret") && shown.contains("text/x") && shown.contains("Authorization"),
        "{shown}"
    );
    server.behave(
        "/s?key=s3cret",
        told(200, &[("Set-Cookie", "s3cret")], ALWAYS, b"s3cret"),
    );
    let answer = client(&server).request(&asked).unwrap();
    assert_eq!(answer.body, b"s3cret");
    assert!(!format!("{answer:?}").contains("s3cret"));
    server.behave(
        "/s?key=s3cret",
        Behaviour {
            mute: true,
            ..Behaviour::default()
        },
    );
    let late = Request {
        timeout: Some(Duration::from_millis(100)),
        ..asked.clone()
    };
    for (name, value) in [("Authorization", "s3cret\r\nX: y"), ("X\r\nY", "s3cret")] {
        let broken = with(&[(name, value)], request(Method::Post, server.url("/s")));
        let error = client(&server).request(&broken).unwrap_err();
        assert!(matches!(error.kind, NetErrorKind::Unsendable(_)), "{error}");
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("s3cret"));
    }
    let error = client(&server).request(&late).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}

#[test]
fn headers_that_could_confuse_are_refused() {
    let server = Server::start();
    for (name, value) in [
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "5"),
        ("Host", "other.example"),
        ("Connection", "upgrade"),
        ("Bad Name", "x"),
        ("X", "a\nb"),
        ("X", "a\0b"),
    ] {
        let error = client(&server)
            .request(&with(
                &[(name, value)],
                request(Method::Post, server.url("/")),
            ))
            .unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::Unsendable(_)),
            "{name}: {error}"
        );
    }
    let body = Request {
        body: b"x".to_vec(),
        ..request(Method::Get, server.url("/"))
    };
    let error = client(&server).request(&body).unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Unsendable(_)), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn answers_are_bounded() {
    let server = Server::start();
    for behaviour in [
        Behaviour::default(),
        Behaviour {
            chunked: true,
            ..Behaviour::default()
        },
    ] {
        server.put("/big", vec![b'x'; 1001]);
        server.behave("/big", behaviour);
        let error = client(&server)
            .request(&request(Method::Post, server.url("/big")))
            .unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::TooLarge { limit: 1000 }),
            "{error}"
        );
    }
    let head = client(&server).request(&request(Method::Head, server.url("/big")));
    assert_eq!(head.unwrap().body, b"");
    server.behave("/big", told(400, &[], ALWAYS, &[b'x'; 5000]));
    let answer = client(&server)
        .request(&request(Method::Post, server.url("/big")))
        .unwrap();
    assert_eq!((answer.status, answer.body.len()), (400, 1000));
}

#[test]
fn a_timeout_holds_for_all_of_it() {
    let server = Server::start();
    server.put("/slow", vec![b'x'; 900]);
    server.behave(
        "/slow",
        Behaviour {
            rate: 100,
            ..Behaviour::default()
        },
    );
    server.put("/mute", "x");
    server.behave(
        "/mute",
        Behaviour {
            mute: true,
            ..Behaviour::default()
        },
    );
    server.behave("/later", told(503, &[("Retry-After", "50")], ALWAYS, b""));
    for (path, answered) in [("/slow", false), ("/mute", false), ("/later", true)] {
        let start = Instant::now();
        let asked = Request {
            timeout: Some(Duration::from_millis(300)),
            ..request(Method::Get, server.url(path))
        };
        match client(&server).request(&asked) {
            Ok(answer) => assert!(answered && answer.status == 503),
            Err(error) => assert!(
                !answered && matches!(error.kind, NetErrorKind::Timeout { what: "answer", .. }),
                "{path}: {error}"
            ),
        }
        assert!(start.elapsed() < Duration::from_secs(3), "{path}");
    }
}

#[test]
fn the_guard_and_the_switch_hold() {
    let server = Server::start();
    let post = |options: Options, url: String| {
        Client::new(options)
            .request(&request(Method::Post, url))
            .unwrap_err()
            .kind
    };
    let shut = Options {
        allow_private: Vec::new(),
        ..options(&server)
    };
    for url in [
        server.url("/"),
        "https://127.0.0.1/".into(),
        "https://10.0.0.1/".into(),
        "https://169.254.169.254/latest".into(),
        "https://[::1]/".into(),
        "http://example.org/".into(),
        "file:///etc/passwd".into(),
    ] {
        let kind = post(shut.clone(), url.clone());
        assert!(
            matches!(kind, NetErrorKind::Blocked { .. }),
            "{url}: {kind}"
        );
    }
    let kind = post(
        Options {
            offline: true,
            ..options(&server)
        },
        server.url("/"),
    );
    assert!(matches!(kind, NetErrorKind::Offline), "{kind}");
    let inward = Client::with_lookup(
        shut,
        Arc::new(|_: &str, port: u16| Ok(vec![([192, 168, 0, 1], port).into()])),
    );
    let error = inward
        .request(&request(Method::Post, "https://hooks.example/".into()))
        .unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::Blocked { .. }),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[test]
fn addresses_for_other_protocols_are_judged() {
    let options = Options {
        allow_private: vec!["relay.corp".into(), "127.0.0.1".into()],
        proxies: Proxies::none(),
        roots: None,
        ..Options::default()
    };
    let client = Client::with_lookup(
        options.clone(),
        Arc::new(|host: &str, port: u16| {
            let address = match host {
                "relay.corp" => [10, 0, 0, 9],
                "127.0.0.1" => [127, 0, 0, 1],
                "mail.example" => [8, 8, 8, 8],
                _ => [192, 168, 0, 1],
            };
            Ok(vec![(address, port).into()])
        }),
    );
    let first = |host: &str, tls| {
        client
            .addresses(host, 25, tls)
            .map(|found| found[0].to_string())
    };
    assert_eq!(first("relay.corp", false).unwrap(), "10.0.0.9:25");
    assert_eq!(first("127.0.0.1", false).unwrap(), "127.0.0.1:25");
    assert_eq!(first("Mail.Example", true).unwrap(), "8.8.8.8:25");
    for (host, tls) in [
        ("mail.example", false),
        ("inward.example", true),
        ("localhost", true),
        ("169.254.169.254", true),
        ("0x7f.1", true),
        ("u:p@mail.example", true),
        ("mail.example/x", true),
        ("mail.example:99#", true),
        ("", true),
        ("a\r\nb", true),
    ] {
        let error = first(host, tls).unwrap_err();
        assert!(
            matches!(error.kind, NetErrorKind::Blocked { .. }),
            "{host:?}: {error}"
        );
        assert!(!error.to_string().contains("u:p"));
    }
    let off = Client::new(Options {
        offline: true,
        ..options
    });
    let kind = off.addresses("127.0.0.1", 25, false).unwrap_err().kind;
    assert!(matches!(kind, NetErrorKind::Offline), "{kind}");
}

#[test]
fn an_answer_is_told_apart_from_a_mistake() {
    let answer = Answer {
        status: 301,
        headers: vec![("a".into(), "b".into())],
        body: Vec::new(),
    };
    assert!(
        !answer.is_success() && answer.header("A").is_none() && answer.header("a") == Some("b")
    );
    assert_eq!(answer.retry_after(SystemTime::now()), None);
}
