//! Asks one address again and again over connections that stay open, and says how often a second it was answered.
//!
//!     load HOST:PORT PATH TOKEN [CONNECTIONS [SECONDS]]
//!
//! One file without dependencies, so that it is built in a second: `rustc -O bench/load.rs`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// One connection until the time is over: how long each answer took, in microseconds.
fn ask(address: &str, request: &[u8], end: Instant) -> std::io::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    let mut took = Vec::new();
    let mut line = String::new();
    let mut body = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        stream.write_all(request)?;
        let mut length = 0;
        line.clear();
        reader.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(std::io::Error::other(line));
        }
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let text = line.trim().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(value) = text.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        took.push(start.elapsed().as_micros() as u32);
    }
    Ok(took)
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, token, rest @ ..] = given.as_slice() else {
        eprintln!("load HOST:PORT PATH TOKEN [CONNECTIONS [SECONDS]]");
        std::process::exit(2);
    };
    let number = |at: usize, usual: u64| rest.get(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (connections, seconds) = (number(0, 16), number(1, 5));
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (address, request) = (address.clone(), request.clone());
            std::thread::spawn(move || ask(&address, request.as_bytes(), end))
        })
        .collect();
    let mut took = Vec::new();
    for thread in threads {
        match thread.join() {
            Ok(Ok(one)) => took.extend(one),
            Ok(Err(error)) => {
                eprintln!("{error}");
                std::process::exit(1);
            }
            Err(_) => std::process::exit(1),
        }
    }
    let whole = start.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| f64::from(took[((took.len() - 1) as f64 * share) as usize]) / 1e3;
    println!(
        "{:.0} answers a second; {:.1} ms in the middle, {:.1} ms at the 99th of a hundred",
        took.len() as f64 / whole,
        at(0.5),
        at(0.99)
    );
}
