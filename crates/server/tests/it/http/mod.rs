//! The foundation: a site with a few routes of its own, and clients that write bytes.

mod bodies;
mod connections;
mod load;
mod openapi;
#[cfg(unix)]
mod signals;
mod stack;
mod tls;

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use axum::Router;
use stanchion_server::http::listen::{ServerHandle, Stopped, start};
use stanchion_server::http::site::Options;
use stanchion_server::http::{Settings, Site};
use tokio::runtime::Runtime;

/// A server that runs until this is dropped.
pub(crate) struct Server {
    runtime: Runtime,
    handle: Option<ServerHandle>,
    pub(crate) site: Site,
    pub(crate) address: SocketAddr,
}

/// Settings for tests: a free port, and short patience.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..Settings::default()
    };
    settings.patience.head = Duration::from_millis(400);
    settings.patience.body = Duration::from_millis(400);
    settings.patience.stop = Duration::from_secs(2);
    settings.patience.upload_place = Duration::from_millis(200);
    settings.patience.readiness = Duration::from_millis(500);
    settings.patience.certificate = Duration::from_millis(50);
    settings
}

impl Server {
    pub(crate) fn start(settings: Settings, options: Options, routes: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let site = Site::new(settings, options);
        let handle = runtime.block_on(start(&site, routes)).unwrap();
        Self {
            runtime,
            address: handle.address(),
            handle: Some(handle),
            site,
        }
    }

    pub(crate) fn with(routes: Router) -> Self {
        Self::start(settings(), Options::default(), routes)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    }

    /// Sends bytes and reads until the server hangs up.
    pub(crate) fn exchange(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_ref()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }

    /// A request with these header lines, after which the connection ends.
    pub(crate) fn ask(&self, method: &str, path: &str, lines: &[&str], body: &[u8]) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: portal\r\nconnection: close\r\n");
        for line in lines {
            request.push_str(line);
            request.push_str("\r\n");
        }
        if !body.is_empty() {
            write!(request, "content-length: {}\r\n", body.len()).unwrap();
        }
        request.push_str("\r\n");
        self.exchange([request.as_bytes(), body].concat())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn stop(mut self) -> Stopped {
        let handle = self.handle.take().unwrap();
        self.runtime.block_on(handle.stop())
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The problem, which every failed request must have.
    pub(crate) fn problem(&self) -> serde_json::Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        let id = self.header("x-request-id").unwrap();
        assert_eq!(problem["instance"], format!("urn:stanchion:request:{id}"));
        problem
    }
}
