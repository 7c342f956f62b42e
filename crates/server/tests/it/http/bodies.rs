//! Bodies that are large, packed, broken or wrong.

use std::io::{Read, Write};
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Extension, Router};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use stanchion_server::http::body::BodyLimit;
use stanchion_server::http::site::Options;
use stanchion_server::http::{Form, Json, Path, Problem, Query, Upload};

use super::{Answer, Server, settings};

#[derive(Debug, Deserialize)]
struct Product {
    name: String,
    owner: Owner,
}

#[derive(Debug, Deserialize)]
struct Owner {
    size: u8,
}

#[derive(Debug, Deserialize)]
struct Page {
    page: u32,
}

async fn upload(upload: Upload<{ 3 << 20 }>) -> Result<String, Problem> {
    let (length, in_file) = (upload.length(), upload.in_file());
    let bytes = upload
        .into_bytes()
        .map_err(|error| Problem::internal(&error))?;
    assert_eq!(bytes.len() as u64, length);
    let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
    Ok(format!("{length} {sum} {in_file}"))
}

fn routes() -> Router {
    Router::new()
        .route(
            "/products",
            post(async |Json(product): Json<Product>| {
                format!("{} {}", product.name, product.owner.size)
            }),
        )
        .route(
            "/small",
            post(async |Json(_): Json<Vec<u8>>| "").layer(Extension(BodyLimit(100))),
        )
        .route(
            "/pages",
            get(async |Query(page): Query<Page>| page.page.to_string()),
        )
        .route(
            "/form",
            post(async |Form(page): Form<Page>| page.page.to_string()),
        )
        .route(
            "/items/{id}",
            get(async |Path(id): Path<u32>| id.to_string()),
        )
        .route("/upload", post(upload))
        .route(
            "/hold",
            post(async |upload: Upload<{ 3 << 20 }>| {
                tokio::time::sleep(Duration::from_millis(900)).await;
                upload.length().to_string()
            }),
        )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// With a checksum, as the command line makes it: without one, bent bytes can pass as others.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn json(server: &Server, body: &str) -> Answer {
    server.ask(
        "POST",
        "/products",
        &["content-type: application/json"],
        body.as_bytes(),
    )
}

#[test]
fn json_is_read_and_refused_with_its_place() {
    let server = Server::with(routes());
    let good = json(&server, r#"{"name":"a","owner":{"size":3}}"#);
    assert_eq!((good.status, good.text().as_str()), (200, "a 3"));

    let wrong = json(&server, "{\"name\":\"a\",\n\"owner\":{\"size\":\"x\"}}");
    assert_eq!(wrong.status, 422);
    let problem = wrong.problem();
    assert_eq!(problem["errors"][0]["field"], "owner.size");
    assert_eq!(problem["errors"][0]["line"], 2);
    assert!(
        !problem["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("line"),
        "{problem}"
    );

    let broken = json(&server, "{\"name\":\n\n  oh}");
    assert_eq!(broken.status, 400);
    assert_eq!(broken.problem()["errors"][0]["line"], 3);

    assert_eq!(json(&server, &"[".repeat(100_000)).status, 422);
    assert_eq!(
        json(&server, r#"{"name":"a","owner":{"size":3}} x"#).status,
        400
    );
    assert_eq!(json(&server, "{").status, 400);
    let kind = server.ask("POST", "/products", &["content-type: text/plain"], b"{}");
    assert_eq!(kind.status, 415);
    kind.problem();
    let none = server.ask("POST", "/products", &[], b"{}");
    assert_eq!(none.status, 415);
}

#[test]
fn deep_json_is_an_error_not_an_overflow() {
    let routes = Router::new().route(
        "/any",
        post(async |Json(_): Json<serde_json::Value>| "read"),
    );
    let server = Server::with(routes);
    let deep = "[".repeat(500_000);
    let answer = server.ask(
        "POST",
        "/any",
        &["content-type: application/json"],
        deep.as_bytes(),
    );
    assert_eq!(answer.status, 400);
    answer.problem();
}

#[test]
fn a_json_body_has_a_limit_with_and_without_a_length() {
    let server = Server::with(routes());
    let large = format!("\"{}\"", "a".repeat(2 << 20));
    let answer = json(&server, &large);
    assert_eq!(answer.status, 413);
    assert!(
        answer.problem()["detail"]
            .as_str()
            .unwrap()
            .contains("1 MiB")
    );

    let mut chunked = b"POST /products HTTP/1.1\r\nhost: portal\r\nconnection: close\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..24 {
        chunked.extend(format!("{:x}\r\n{}\r\n", 1 << 16, " ".repeat(1 << 16)).as_bytes());
    }
    // It never ends; the answer comes all the same.
    let answer = server.exchange(chunked);
    assert_eq!(answer.status, 413);
    answer.problem();

    let head = ["content-type: application/json"];
    let answer = server.ask("POST", "/small", &head, " ".repeat(101).as_bytes());
    assert_eq!(answer.status, 413);
    assert!(
        answer.problem()["detail"]
            .as_str()
            .unwrap()
            .contains("100 bytes")
    );
    assert_eq!(server.ask("POST", "/small", &head, b"[1]").status, 200);
}

#[test]
fn expect_is_answered_before_the_body_comes() {
    let server = Server::with(routes());
    let head = |length: usize| {
        format!(
            "POST /upload HTTP/1.1\r\nhost: portal\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: \
             {length}\r\n\r\n"
        )
    };
    let mut stream = server.connect();
    stream.write_all(head(3).as_bytes()).unwrap();
    let mut first = [0; 25];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(Answer::parse(&bytes).text(), "3 294 false");
    // Too large: refused without a byte of it.
    assert_eq!(server.exchange(head(4 << 20)).status, 413);
}

#[test]
fn queries_forms_and_paths_name_the_field() {
    let server = Server::with(routes());
    assert_eq!(server.get("/pages?page=7").text(), "7");
    let wrong = server.get("/pages?page=x");
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.problem()["errors"][0]["field"], "page");
    assert_eq!(server.get("/pages").problem()["status"], 400);

    let kind = ["content-type: application/x-www-form-urlencoded"];
    assert_eq!(server.ask("POST", "/form", &kind, b"page=7").text(), "7");
    let wrong = server.ask("POST", "/form", &kind, b"page=-1");
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.problem()["errors"][0]["field"], "page");
    assert_eq!(
        server
            .ask("POST", "/form", &kind, &vec![b'a'; 2 << 20])
            .status,
        413
    );
    assert_eq!(server.ask("POST", "/form", &[], b"page=7").status, 415);

    assert_eq!(server.get("/items/7").text(), "7");
    let wrong = server.get("/items/x");
    assert_eq!(wrong.status, 400);
    wrong.problem();
    assert_eq!(server.get("/items/%ff").problem()["status"], 400);
}

#[test]
fn uploads_stay_in_memory_or_go_to_a_file() {
    let server = Server::with(routes());
    assert_eq!(server.ask("POST", "/upload", &[], b"").text(), "0 0 false");
    assert_eq!(
        server.ask("POST", "/upload", &[], b"ab").text(),
        "2 195 false"
    );
    let large = vec![1; 2 << 20];
    let expected = format!("{0} {0} true", 2 << 20);
    assert_eq!(server.ask("POST", "/upload", &[], &large).text(), expected);
    let packed = server.ask(
        "POST",
        "/upload",
        &["content-encoding: gzip"],
        &gzip(&large),
    );
    assert_eq!(packed.text(), expected);
    let zstd = zstd::encode_all(&large[..], 3).unwrap();
    let packed = server.ask("POST", "/upload", &["content-encoding: zstd"], &zstd);
    assert_eq!(packed.text(), expected);
    // Several members are one stream.
    let two = [gzip(b"ab"), gzip(b"ab")].concat();
    assert_eq!(
        server
            .ask("POST", "/upload", &["content-encoding: gzip"], &two)
            .text(),
        "4 390 false"
    );
}

#[test]
fn bombs_and_large_uploads_are_413() {
    let server = Server::with(routes());
    let zeros = vec![0; 60 << 20];
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("zstd", zstd::encode_all(&zeros[..], 3).unwrap()),
    ];
    for (name, bomb) in bombs {
        assert!(bomb.len() < 1 << 20);
        let answer = server.ask(
            "POST",
            "/upload",
            &[&format!("content-encoding: {name}")],
            &bomb,
        );
        assert_eq!(answer.status, 413, "{name}");
        let problem = answer.problem();
        assert!(problem["detail"].as_str().unwrap().contains("3 MiB"));
        assert!(problem["hint"].as_str().unwrap().contains("split"));
    }
    assert_eq!(
        server
            .ask("POST", "/upload", &[], &vec![0; (3 << 20) + 1])
            .status,
        413
    );
    assert_eq!(
        server.ask("POST", "/upload", &[], &vec![0; 3 << 20]).status,
        200
    );
}

#[test]
fn packed_uploads_must_be_whole_and_of_a_kind_we_read() {
    let server = Server::with(routes());
    let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    for (name, packed) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        let line = format!("content-encoding: {name}");
        for length in [3, packed.len() / 2, packed.len() - 8, packed.len() - 1] {
            let answer = server.ask("POST", "/upload", &[&line], &packed[..length]);
            assert_eq!(answer.status, 400, "{name} cut to {length}");
            answer.problem();
        }
        let mut bent = packed.clone();
        let middle = bent.len() / 2;
        bent[middle] ^= 0xff;
        bent[middle + 1] ^= 0xff;
        assert_eq!(
            server.ask("POST", "/upload", &[&line], &bent).status,
            400,
            "{name} bent"
        );
        assert_eq!(
            server.ask("POST", "/upload", &[&line], b"no").status,
            400,
            "{name} none"
        );
    }
    for line in [
        "content-encoding: br",
        "content-encoding: gzip, gzip",
        "content-encoding: \u{e9}",
    ] {
        let answer = server.ask("POST", "/upload", &[line], b"x");
        assert_eq!(answer.status, 415);
        assert_eq!(answer.header("accept-encoding"), Some("gzip, zstd"));
        answer.problem();
    }
    let packed = ["content-type: application/json", "content-encoding: gzip"];
    assert_eq!(
        server
            .ask("POST", "/products", &packed, &gzip(b"{}"))
            .status,
        415
    );
}

#[test]
fn a_zstd_window_is_bounded() {
    let server = Server::with(routes());
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.include_contentsize(false).unwrap();
    // Streamed, so that the frame states the window and not its length.
    for _ in 0..20 {
        encoder.write_all(&vec![7; 100_000]).unwrap();
        encoder.flush().unwrap();
    }
    let packed = encoder.finish().unwrap();
    let answer = server.ask("POST", "/upload", &["content-encoding: zstd"], &packed);
    assert_eq!(answer.status, 400);
    assert!(answer.problem()["hint"].as_str().unwrap().contains("8 MiB"));
}

#[test]
fn an_upload_that_breaks_off_is_no_upload() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    stream
        .write_all(b"POST /upload HTTP/1.1\r\nhost: portal\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
        .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(Answer::parse(&bytes).status, 400);
    let stalled =
        server.exchange(b"POST /upload HTTP/1.1\r\nhost: portal\r\ncontent-length: 9\r\n\r\nabc");
    assert_eq!(stalled.status, 408);
}

#[test]
fn uploads_at_once_are_bounded() {
    let mut settings = settings();
    settings.max_uploads = 1;
    let server = Server::start(settings, Options::default(), routes());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| server.ask("POST", "/hold", &[], b"abc"));
        std::thread::sleep(Duration::from_millis(200));
        let second = server.ask("POST", "/hold", &[], b"abc");
        assert_eq!(second.status, 503);
        assert_eq!(second.header("retry-after"), Some("10"));
        second.problem();
        assert_eq!(first.join().unwrap().text(), "3");
    });
    assert_eq!(server.ask("POST", "/upload", &[], b"ab").status, 200);
}

#[test]
fn who_is_still_sending_gets_the_answer() {
    let server = Server::with(routes());
    let mut stream = server.connect();
    let head = "POST /upload HTTP/1.1\r\nhost: portal\r\ncontent-length: 50000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // By now it is refused. Had the server closed at once, the next bytes would reset the connection, and the answer
    // that waits here would be lost.
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(60));
        stream.write_all(&vec![0; 20_000]).unwrap();
    }
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(Answer::parse(&bytes).status, 413);
}
