//! Findings over HTTP: lists, one of them, those that people bring, search.

use serde_json::{Value, json};

use super::super::engine::{LEFTPAD, change};
use super::{desks, json as body};

#[test]
fn lists_have_queries_pages_counts_and_say_what_is_wrong() {
    for desk in desks() {
        desk.advisories(&[change("GHSA-dddd-eeee-ffff", Some(LEFTPAD))]);
        desk.push("shop", "1", &[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
        desk.push("till", "1", &[("lodash", "4.17.16")]);
        let all = desk.get("/api/v1/findings");
        assert_eq!(all["items"].as_array().unwrap().len(), 3, "{}", desk.name);
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let page = desk.get(&format!("/api/v1/findings?limit=1{after}"));
            seen.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(Value::Array(seen), all["items"]);
        assert_eq!(
            desk.get("/api/v1/findings/count?q=product:shop"),
            json!({"count": 2, "exact": true})
        );
        assert_eq!(desk.only("product:till")["vulnerability"], "CVE-2026-0001");
        assert_eq!(
            desk.get("/api/v1/findings/count?q=severity%3E=critical")["count"],
            2
        );
        let wrong = desk.ask(
            "GET",
            "/api/v1/findings?q=product:shop%20severty:high",
            &[],
            &Value::Null,
        );
        assert_eq!(wrong.status, 400);
        let problem = wrong.problem();
        assert_eq!(problem["errors"][0]["column"], 14, "{problem}");
        assert!(
            problem["hint"].as_str().unwrap().contains("severity"),
            "{problem}"
        );
        let next = desk.get("/api/v1/completion?list=findings&q=sever");
        assert!(next.to_string().contains("severity"), "{next}");
        for path in [
            "/api/v1/findings?after=x",
            "/api/v1/completion?list=x&q=a",
            "/api/v1/search?q=%20",
            "/api/v1/search",
        ] {
            assert_eq!(
                desk.ask("GET", path, &[], &Value::Null).status,
                400,
                "{path}"
            );
        }
    }
}

#[test]
fn a_finding_shows_its_evidence_and_paths() {
    for desk in desks() {
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        let id = desk.only("product:shop")["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/findings/{id}");
        let answer = desk.ask("GET", &path, &[], &Value::Null);
        let view = body(&answer, 200);
        let evidence = view["evidence"].as_array().unwrap();
        assert!(
            !evidence.is_empty() && evidence[0]["advisory"] == "GHSA-aaaa-bbbb-cccc",
            "{view}"
        );
        assert_eq!(view["fixed_in"], json!(["4.17.21"]), "{}", desk.name);
        assert_eq!(view["cvss"].as_array().unwrap().len(), 1);
        let has = format!("if-none-match: {}", answer.header("etag").unwrap());
        assert_eq!(desk.ask("GET", &path, &[&has], &Value::Null).status, 304);
        let paths = desk.get(&format!("{path}/paths"));
        assert!(
            paths["paths"].is_array() && paths["locations"].is_array(),
            "{paths}"
        );
        let noted = desk.post(
            &format!("{path}/history"),
            &json!({"text": "asked the team"}),
        );
        assert_eq!(noted.status, 201);
        let history = desk.get(&format!("{path}/history"));
        assert_eq!(history[0]["reason"], "asked the team", "{history}");
        assert_eq!(
            desk.post(&format!("{path}/history"), &json!({"text": " "}))
                .status,
            422
        );
        // Found, not brought: it does not close by hand.
        assert_eq!(
            desk.post(&format!("{path}/close"), &json!({"reason": "no"}))
                .status,
            409
        );
        let vulnerability = desk
            .get("/api/v1/vulnerabilities/cve-2026-0001")
            .to_string();
        assert!(
            vulnerability.to_lowercase().contains("ghsa-aaaa-bbbb-cccc"),
            "{vulnerability}"
        );
        // Whoever may not see the product learns nothing.
        let stranger = desk.house.person("eve", &[]);
        let cookie = desk.house.session(stranger);
        assert_eq!(desk.house.get(&path, &[&cookie]).status, 403);
    }
}

#[test]
fn what_is_brought_twice_is_one_and_closes_by_hand() {
    for desk in desks() {
        assert_eq!(
            desk.post("/api/v1/products", &json!({"name": "shop"}))
                .status,
            201
        );
        let form = json!({"product": "shop", "version": "1", "tool": "zap", "rule": "40018", "title": "SQL injection",
            "severity": "high", "cwes": ["CWE-89"], "path": "src/login.rs", "line": 7});
        let first = body(&desk.post("/api/v1/findings", &form), 201);
        assert_eq!(first["known"], false);
        let mut moved = form.clone();
        moved["line"] = json!(12);
        let second = body(&desk.post("/api/v1/findings", &moved), 201);
        assert_eq!(
            (&second["id"], &second["known"]),
            (&first["id"], &json!(true)),
            "{}",
            desk.name
        );
        let id = desk.only("product:shop")["id"].as_str().unwrap().to_owned();
        assert_eq!(id, first["id"]);
        let path = format!("/api/v1/findings/{id}");
        assert_eq!(desk.get(&path)["locations"][0]["line"], 12);
        assert_eq!(
            desk.post(&format!("{path}/close"), &json!({"reason": "fixed in 1.1"}))
                .status,
            204
        );
        assert_eq!(
            desk.post(&format!("{path}/close"), &json!({"reason": "again"}))
                .status,
            409
        );
        assert_eq!(
            desk.get("/api/v1/findings/count?q=product:shop")["count"],
            0
        );
        assert_eq!(desk.get(&path)["reason"], "fixed in 1.1");
        let third = body(&desk.post("/api/v1/findings", &form), 201);
        assert_eq!(third["id"], id);
        assert_eq!(desk.get(&path)["state"], "open");
        for (field, value) in [
            ("title", json!("")),
            ("severity", json!("bad")),
            ("path", Value::Null),
            ("url", json!("ftp://x")),
            ("rule", json!("a\nb")),
        ] {
            let mut wrong = form.clone();
            wrong[field] = value;
            let answer = desk.post("/api/v1/findings", &wrong);
            assert_eq!(answer.status, 422, "{field}: {}", answer.text());
        }
    }
}

#[test]
fn the_search_says_where_or_where_it_looked() {
    for desk in desks() {
        desk.push("shop", "1", &[("lodash", "4.17.15")]);
        for query in [
            "CVE-2026-0001",
            "ghsa-aaaa-bbbb-cccc",
            "pkg:npm/lodash@4.17.15",
            "lodash",
        ] {
            let answer = desk.get(&format!("/api/v1/search?q={query}"));
            assert_eq!(answer["affected"], true, "{} {query}: {answer}", desk.name);
            assert_eq!(
                answer["parts"][0]["places"][0]["product"], "shop",
                "{answer}"
            );
            assert!(answer["looked"].is_null());
        }
        let none = desk.get("/api/v1/search?q=CVE-2021-44228");
        assert_eq!(
            (&none["affected"], &none["looked"]["inventories"]),
            (&json!(false), &json!(1)),
            "{none}"
        );
        assert!(
            none["looked"]["sorts"]
                .to_string()
                .contains("vulnerability")
        );
    }
}
