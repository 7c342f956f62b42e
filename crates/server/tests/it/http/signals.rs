//! A whole process: it serves, logs, and ends on a signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde_json::Value;
use stanchion_server::http::listen::serve_blocking;
use stanchion_server::http::site::Options;
use stanchion_server::http::{Problem, Site, log};

use super::{Answer, settings};

const CHILD: &str = "STANCHION_TEST_SERVE";

/// Not a test: what the test below starts.
#[test]
#[ignore = "a process that the test of signals starts"]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let settings = settings();
    log::start(&settings.log).unwrap();
    let routes = Router::new()
        .route(
            "/slow/{id}",
            get(async || {
                tokio::time::sleep(Duration::from_millis(700)).await;
                "late"
            }),
        )
        .route(
            "/fault",
            get(async || -> Result<&str, Problem> {
                Err(Problem::internal(&std::io::Error::other("disk full")))
            }),
        )
        .route("/panic", get(async || -> &'static str { panic!("oh") }));
    let site = Site::new(settings, Options::default());
    let stopped = serve_blocking(&site, routes, |_| ()).unwrap();
    assert_eq!(stopped.cut, 0);
}

#[test]
fn a_signal_ends_the_process_after_the_running_request() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "http::signals::child",
            "--ignored",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["message"], "listening");
    let address = first["address"].as_str().unwrap();
    let send = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: portal\r\nconnection: close\r\nauthorization: Bearer hunter2\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let read = |mut stream: TcpStream| {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    };
    let fault = read(send("/fault"));
    assert_eq!(fault.status, 500);
    assert_eq!(read(send("/panic")).status, 500);
    let running = send("/slow/7?token=hunter2");
    std::thread::sleep(Duration::from_millis(200));
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(read(running).text(), "late");
    let log: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success());

    let text = log.join("\n");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!text.contains("/slow/7"), "{text}");
    // The panic hook of the test binary writes plain lines in between.
    let log: Vec<Value> = log
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let slow = log
        .iter()
        .find(|line| line["route"] == "/slow/{id}")
        .unwrap();
    assert_eq!(slow["method"], "GET");
    assert_eq!(slow["status"], 200);
    assert_eq!(slow["bytes"], 4);
    assert_eq!(slow["client"], "127.0.0.1");
    assert!(slow["milliseconds"].as_f64().unwrap() >= 700.0);
    assert_eq!(slow["request"].as_str().unwrap().len(), 32);
    let cause = log
        .iter()
        .find(|line| line["cause"] == "disk full")
        .unwrap();
    assert_eq!(cause["level"], "ERROR");
    assert_eq!(cause["span"]["id"], fault.header("x-request-id").unwrap());
    assert!(log.iter().any(|line| line["panic"] == "oh"));
    assert_eq!(log.last().unwrap()["message"], "stopped");
}
