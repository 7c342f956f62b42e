//! How far a job is, as it goes on.

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use stanchion_store::jobs;

use super::super::people::House;

fn start(house: &House) -> jobs::Job {
    house.write(|tx| {
        let job = jobs::NewJob {
            kind: "metrics",
            key: "",
            payload: "{}",
            priority: 0,
            not_before: 0,
            most: 5,
        };
        jobs::add(tx, &job, 0)
    });
    house
        .write(|tx| jobs::take(tx, &["metrics"], "test", house.now(), house.now() + 100))
        .unwrap()
}

/// Opens the stream of a job and leaves it open.
fn open(house: &House, path: &str, cookie: &str) -> BufReader<std::net::TcpStream> {
    let mut stream = house.server.connect();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: portal\r\nconnection: close\r\n{cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    BufReader::new(stream)
}

/// Reads until a line has this in it.
fn until(reader: &mut BufReader<std::net::TcpStream>, what: &str) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).unwrap();
        assert!(read > 0, "the stream ended before {what}: {all}");
        all.push_str(&line);
        if line.contains(what) {
            return all;
        }
    }
}

#[test]
fn a_stream_tells_of_each_change_and_ends_with_the_job() {
    let house = House::new();
    let root = house.admin();
    let job = start(&house);
    let path = format!("/admin/jobs/{}/events", job.id);
    let mut reader = open(&house, &path, &root);
    let head = until(&mut reader, "\"over\":false");
    assert!(
        head.contains("200 OK") && head.contains("text/event-stream"),
        "{head}"
    );
    assert!(head.contains("event: said") && head.contains("It runs since"));
    assert!(!head.to_lowercase().contains("content-encoding"));
    house.write(|tx| jobs::done(tx, &job, house.now() + 7));
    let rest = until(&mut reader, "\"over\":true");
    assert!(rest.contains("Done after 7 s."), "{rest}");
    let mut end = String::new();
    while reader.read_line(&mut end).unwrap() > 0 {}
    assert!(!end.contains("event:"), "{end}");
    // What is over is told at once.
    let answer = house.get(&format!("/api/v1/jobs/{}/events", job.id), &[&root]);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("\"over\":true"));
}

#[test]
fn streams_are_for_who_may_bounded_and_do_not_hold_the_server() {
    let house = House::new();
    let root = house.admin();
    let job = start(&house);
    let path = format!("/admin/jobs/{}/events", job.id);
    assert_eq!(house.get(&path, &[]).status, 401);
    let viewer = house.session(house.person("viewer", &["viewer"]));
    assert_eq!(house.get(&path, &[&viewer]).status, 403);
    assert_eq!(house.get("/admin/jobs/999/events", &[&root]).status, 404);
    let mut open: Vec<_> = (0..4)
        .map(|_| {
            let mut reader = open(&house, &path, &root);
            until(&mut reader, "\"over\":false");
            reader
        })
        .collect();
    assert_eq!(house.get(&path, &[&root]).status, 429);
    // Whoever goes away makes room.
    open.pop();
    let begun = Instant::now();
    loop {
        let mut next = self::open(&house, &path, &root);
        let mut line = String::new();
        next.read_line(&mut line).unwrap();
        if line.contains("200") {
            open.push(next);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no room: {line}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let begun = Instant::now();
    let stopped = house.server.stop();
    assert_eq!(stopped.cut, 0, "the streams ended by themselves");
    assert!(begun.elapsed() < Duration::from_secs(2));
}
