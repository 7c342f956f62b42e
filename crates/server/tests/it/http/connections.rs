//! Connections that are slow, many, broken, or open when the server stops.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use stanchion_server::http::site::Options;
use tokio::time::sleep;

use super::{Answer, Server, settings};

fn routes() -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route(
            "/slow",
            get(async || {
                sleep(Duration::from_millis(600)).await;
                "late"
            }),
        )
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
        .route(
            "/panic",
            get(async || -> &'static str { panic!("a secret thing went wrong") }),
        )
        .route("/large", get(async || Body::from(vec![b'x'; 64 << 20])))
}

/// Reads one answer with a `content-length`.
fn read_one(stream: &mut impl Read) -> Answer {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let mut answer = Answer::parse(&bytes);
    let length: usize = answer.header("content-length").unwrap().parse().unwrap();
    answer.body = vec![0; length];
    stream.read_exact(&mut answer.body).unwrap();
    answer
}

#[test]
fn a_head_that_drips_is_cut() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    let started = Instant::now();
    let mut wrote = 0;
    // A byte now and then would keep a server busy for ever that waits for each byte alone.
    for byte in b"GET / HTTP/1.1\r\nhost: portal\r\nx-slow: "
        .iter()
        .chain([b'a'; 1000].iter())
    {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        wrote += 1;
        std::thread::sleep(Duration::from_millis(40));
        if started.elapsed() > Duration::from_secs(8) {
            break;
        }
    }
    assert!(wrote < 100, "{wrote} bytes were taken");
}

#[test]
fn an_idle_connection_is_closed() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: portal\r\n\r\n")
        .unwrap();
    let started = Instant::now();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(Answer::parse(&bytes).body, b"hello");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_body_that_stops_is_408() {
    let server = Server::with(Router::new().route(
        "/length",
        post(async |body: stanchion_server::http::Json<Vec<u8>>| body.0.len().to_string()),
    ));
    let answer = server.exchange(
        b"POST /length HTTP/1.1\r\nhost: portal\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n[1,",
    );
    assert_eq!(answer.status, 408);
    assert!(answer.problem()["hint"].is_string());
}

#[test]
fn a_body_that_drips_is_408() {
    let mut settings = settings();
    settings.patience.body_rate = 10_000;
    let routes = Router::new().route(
        "/length",
        post(async |body: stanchion_server::http::Json<Vec<u8>>| body.0.len().to_string()),
    );
    let server = Server::start(settings, Options::default(), routes);
    let mut stream = server.connect();
    stream
        .write_all(
            b"POST /length HTTP/1.1\r\nhost: portal\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n",
        )
        .unwrap();
    let mut reader = stream.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        for _ in 0..100 {
            if stream.write_all(b" ").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let started = Instant::now();
    let answer = read_one(&mut reader);
    assert_eq!(answer.status, 408);
    assert!(started.elapsed() < Duration::from_secs(3));
    drop(reader);
    drip.join().unwrap();
}

#[test]
fn a_head_that_is_too_large_is_431() {
    let server = Server::with(routes());
    let large = format!(
        "GET / HTTP/1.1\r\nhost: portal\r\nx: {}\r\n\r\n",
        "a".repeat(80 << 10)
    );
    assert_eq!(server.exchange(large).status, 431);
    let many = format!(
        "GET / HTTP/1.1\r\nhost: portal\r\n{}\r\n",
        "a: b\r\n".repeat(200)
    );
    assert_eq!(server.exchange(many).status, 431);
    let fits = format!(
        "GET / HTTP/1.1\r\nhost: portal\r\nconnection: close\r\nx: {}\r\n\r\n",
        "a".repeat(50 << 10)
    );
    assert_eq!(server.exchange(fits).status, 200);
}

#[test]
fn what_is_no_http_is_refused() {
    let server = Server::with(routes());
    assert_eq!(
        server
            .exchange(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
            .status,
        400
    );
    let two = b"POST /length HTTP/1.1\r\nhost: portal\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab";
    assert_eq!(server.exchange(two).status, 400);
    // Where the body ends must not be a matter of opinion: request smuggling.
    let both = b"POST /length HTTP/1.1\r\nhost: portal\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let mut stream = server.connect();
    stream.write_all(both).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = Answer::parse(&bytes);
    assert!(answer.status == 400 || answer.body == b"0", "{answer:?}");
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn requests_in_a_row_are_answered_in_order() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    let post = "POST /length HTTP/1.1\r\nhost: portal\r\ncontent-length: 3\r\n\r\nabc";
    let get = "GET /slow HTTP/1.1\r\nhost: portal\r\n\r\n";
    stream
        .write_all(format!("{get}{post}{post}{get}").as_bytes())
        .unwrap();
    let bodies: Vec<String> = (0..4).map(|_| read_one(&mut stream).text()).collect();
    assert_eq!(bodies, ["late", "3", "3", "late"]);
}

#[test]
fn a_panic_is_a_500_and_the_connection_lives() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    let request =
        b"GET /panic HTTP/1.1\r\nhost: portal\r\n\r\nGET / HTTP/1.1\r\nhost: portal\r\n\r\n";
    stream.write_all(request).unwrap();
    let answer = read_one(&mut stream);
    assert_eq!(answer.status, 500);
    assert!(!answer.problem().to_string().contains("secret"));
    assert_eq!(read_one(&mut stream).text(), "hello");
    let metrics = server.site.metrics().encode().unwrap();
    assert!(
        metrics.contains("route=\"/panic\",status=\"5xx\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("http_requests_in_flight 0"), "{metrics}");
}

#[test]
fn further_connections_wait() {
    let mut settings = settings();
    settings.max_connections = 2;
    settings.patience.head = Duration::from_secs(5);
    let server = Server::start(settings, Options::default(), routes());
    let (first, second) = (server.connect(), server.connect());
    let mut third = server.connect();
    third
        .write_all(b"GET / HTTP/1.1\r\nhost: portal\r\nconnection: close\r\n\r\n")
        .unwrap();
    third
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut byte = [0];
    assert!(third.read(&mut byte).is_err(), "the third was answered");
    drop(first);
    third
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut bytes = Vec::new();
    third.read_to_end(&mut bytes).unwrap();
    assert_eq!(Answer::parse(&bytes).body, b"hello");
    drop(second);
}

#[test]
fn a_client_that_does_not_read_is_cut() {
    let mut settings = settings();
    settings.patience.answer = Duration::from_millis(300);
    let server = Server::start(settings, Options::default(), routes());
    let mut stream = server.connect();
    stream
        .write_all(b"GET /large HTTP/1.1\r\nhost: portal\r\n\r\n")
        .unwrap();
    let started = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(50));
        if server
            .site
            .metrics()
            .encode()
            .unwrap()
            .contains("http_connections 0")
        {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "still open");
    }
}

#[test]
fn a_stop_lets_running_requests_finish() {
    let server = Server::with(routes());
    let address = server.address;
    let mut running = server.connect();
    running
        .write_all(b"GET /slow HTTP/1.1\r\nhost: portal\r\n\r\n")
        .unwrap();
    let idle = server.connect();
    std::thread::sleep(Duration::from_millis(150));
    let started = Instant::now();
    let stopped = server.stop();
    assert_eq!(stopped.cut, 0);
    assert!(
        started.elapsed() < Duration::from_millis(1900),
        "{:?}",
        started.elapsed()
    );
    let answer = read_one(&mut running);
    assert_eq!(answer.text(), "late");
    assert!(std::net::TcpStream::connect(address).is_err());
    drop(idle);
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let server = Server::with(routes());
    let mut running = server.connect();
    running
        .write_all(b"GET /never HTTP/1.1\r\nhost: portal\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(150));
    let started = Instant::now();
    assert_eq!(server.stop().cut, 1);
    let took = started.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_secs(6),
        "{took:?}"
    );
}

#[test]
fn a_client_that_leaves_is_counted() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    stream
        .write_all(b"GET /never HTTP/1.1\r\nhost: portal\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(150));
    drop(stream);
    let started = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(20));
        let metrics = server.site.metrics().encode().unwrap();
        if metrics.contains("route=\"/never\",status=\"4xx\"} 1") {
            assert!(metrics.contains("http_requests_in_flight 0"));
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{metrics}");
    }
}

#[test]
fn a_taken_port_is_told_with_a_hint() {
    let server = Server::with(routes());
    let mut settings = settings();
    settings.listen = server.address;
    let site = stanchion_server::http::Site::new(settings, Options::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime
        .block_on(stanchion_server::http::listen::start(&site, routes()))
        .unwrap_err();
    assert!(error.hint().contains("Another program"), "{error}");
}
