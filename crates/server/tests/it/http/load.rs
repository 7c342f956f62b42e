//! How many requests a second come through the whole stack. Run by hand:
//! `cargo test --release -p stanchion-server --test it -- --ignored --nocapture load`

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use stanchion_server::http::site::Options;

use super::{Server, settings};

/// Keep-alive clients that each wait for their answer; gives requests a second.
fn measure(requests_logged: bool, clients: usize) -> f64 {
    let mut settings = settings();
    settings.log.requests = requests_logged;
    settings.patience.head = Duration::from_secs(10);
    let server = Server::start(
        settings,
        Options::default(),
        Router::new().route("/hello/{name}", get(async || "hello")),
    );
    hammer(server.address, clients)
}

/// The same route on axum's own listener, with nothing around it.
fn bare(clients: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/hello/{name}", get(async || "hello"));
    runtime.spawn(axum::serve(listener, routes).into_future());
    hammer(address, clients)
}

fn hammer(address: SocketAddr, clients: usize) -> f64 {
    let deadline = Instant::now() + Duration::from_secs(3);
    let total: u64 = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut buffer = [0; 4096];
                    let mut done = 0;
                    while Instant::now() < deadline {
                        stream
                            .write_all(b"GET /hello/you HTTP/1.1\r\nhost: portal\r\n\r\n")
                            .unwrap();
                        let mut filled = 0;
                        while !buffer[..filled].ends_with(b"hello") {
                            filled += stream.read(&mut buffer[filled..]).unwrap();
                        }
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    total as f64 / 3.0
}

#[test]
#[ignore = "a measurement, not a test"]
fn load() {
    println!("bare axum: {:.0} requests a second", bare(16));
    println!("off: {:.0} requests a second", measure(false, 16));
    println!(
        "on, no subscriber: {:.0} requests a second",
        measure(true, 16)
    );
    let file = tempfile::tempfile().unwrap();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(file)
        .init();
    println!(
        "on, JSON to a file: {:.0} requests a second",
        measure(true, 16)
    );
}
