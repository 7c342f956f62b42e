//! Inventories over HTTP: the verdict, twice the same, broken, packed, too large.

use std::io::Write as _;

use super::super::engine::sbom;
use super::super::people::OWN;
use super::{desks, json as body};

const PUSH: &str = "/api/v1/push?product=shop&version=1.0.0";

#[test]
fn the_verdict_is_the_report_byte_for_byte() {
    for desk in desks() {
        let as_of = "as_of=2027-01-15T08:00:00Z";
        let document = sbom(&[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
        let path = format!("{PUSH}&{as_of}");
        let first = desk.send("POST", &path, &[], &document);
        let report = body(&first, 200);
        assert_eq!(
            report["findings"].as_array().unwrap().len(),
            1,
            "{}",
            desk.name
        );
        assert_eq!(
            first.header("x-stanchion-finding-changes"),
            Some("appeared=1 changed=0 closed=0 reopened=0")
        );
        let version = first.header("x-stanchion-version").unwrap();
        let page = first.header("x-stanchion-url").unwrap();
        assert!(
            page.ends_with(&format!("/api/v1/versions/{version}/report")),
            "{page}"
        );
        let made = desk.ask(
            "GET",
            &format!("/api/v1/versions/{version}/report?{as_of}"),
            &[],
            &serde_json::Value::Null,
        );
        assert_eq!(made.status, 200);
        assert!(made.body == first.body, "{}", desk.name);

        let second = desk.send("POST", &path, &[], &document);
        assert!(second.body == first.body);
        assert_eq!(
            second.header("x-stanchion-finding-changes"),
            Some("appeared=0 changed=0 closed=0 reopened=0")
        );
        let all = desk.get(&format!("/api/v1/versions/{version}/inventories"));
        assert_eq!(all.as_array().unwrap().len(), 1);
        let id = all[0]["id"].as_str().unwrap();
        let kept = desk.send(
            "GET",
            &format!("/api/v1/versions/{version}/inventories/{id}/document"),
            &[],
            b"",
        );
        assert!(kept.body == document);
        let components = desk.get(&format!("/api/v1/versions/{version}/components?limit=1"));
        assert!(
            components["next"].is_string() && components["items"].as_array().unwrap().len() == 1
        );
    }
}

#[test]
fn a_product_is_made_only_for_whoever_may_make_it() {
    for desk in desks() {
        let id = desk.house.person("ci", &["maintainer"]);
        let pusher = desk.house.token(id, "push", &["inventory.push"]);
        let document = sbom(&[("lodash", "4.17.15")]);
        let refused = desk.send_as(&pusher, "POST", PUSH, &[], &document);
        assert_eq!(refused.status, 404, "{}", refused.text());
        assert!(
            refused.problem()["hint"]
                .as_str()
                .unwrap()
                .contains("product.write")
        );
        let maker = desk
            .house
            .token(id, "make", &["inventory.push", "product.write"]);
        assert_eq!(
            desk.send_as(&maker, "POST", PUSH, &[], &document).status,
            200,
            "{}",
            desk.name
        );
        assert_eq!(
            desk.send_as(&pusher, "POST", PUSH, &[], &document).status,
            200
        );
        assert_eq!(
            desk.get("/api/v1/products")["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[test]
fn packed_documents_are_unpacked_and_broken_ones_refused() {
    for desk in desks() {
        let document = sbom(&[("lodash", "4.17.15")]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&document).unwrap();
        let zstd = zstd::encode_all(&document[..], 3).unwrap();
        let plain = desk.send("POST", PUSH, &[], &document);
        for (coding, bytes) in [("gzip", gzip.finish().unwrap()), ("zstd", zstd)] {
            let line = format!("content-encoding: {coding}");
            let answer = desk.send("POST", PUSH, &[&line], &bytes);
            assert_eq!(answer.status, 200, "{coding}: {}", answer.text());
            assert_eq!(
                body(&answer, 200)["findings"],
                body(&plain, 200)["findings"]
            );
            let cut = desk.send("POST", PUSH, &[&line], &bytes[..bytes.len() / 2]);
            assert_eq!(cut.status, 400, "{coding}: {}", cut.text());
        }
        assert_eq!(
            desk.send("POST", PUSH, &["content-encoding: br"], &document)
                .status,
            415
        );
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        for broken in [
            &b"{"[..],
            b"hello",
            b"[]",
            br#"{"bomFormat":"CycloneDX"}"#,
            &document[..40],
            b"\xff\xfe{}",
            &deep,
        ] {
            let answer = desk.send("POST", PUSH, &[], broken);
            assert_eq!(answer.status, 422, "{}: {}", desk.name, answer.text());
            assert!(answer.problem()["detail"].as_str().unwrap().len() > 10);
        }
        for query in [
            "product=shop",
            "product=shop&version=1&gate=x",
            "product=shop&version=1&as_of=x",
            "product=shop&version=1&x=1",
        ] {
            let answer = desk.send("POST", &format!("/api/v1/push?{query}"), &[], &document);
            assert_eq!(answer.status, 400, "{query}");
        }
    }
}

#[test]
fn more_than_64_mib_is_refused_with_what_to_do() {
    let desk = desks().remove(0);
    let large = vec![b' '; (64 << 20) + 1];
    // In a few bytes, so that it is the unpacked size that counts.
    let packed = zstd::encode_all(&large[..], 1).unwrap();
    let answer = desk.send("POST", PUSH, &["content-encoding: zstd"], &packed);
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.problem()["hint"].as_str().unwrap().contains("split"));
    // The announced length is enough.
    let root = desk.house.admin();
    let lines = format!(
        "POST {PUSH} HTTP/1.1\r\nhost: portal\r\nconnection: close\r\n{OWN}\r\n{root}\r\ncontent-length: {}\r\n\r\n",
        large.len()
    );
    assert_eq!(desk.house.server.exchange(lines).status, 413);
}
