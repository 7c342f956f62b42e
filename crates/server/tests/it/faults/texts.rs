//! Texts that mean harm, in every place of the API that takes one.

use serde_json::{Value, json};
use stanchion_store::testing::stores;
use stanchion_store::{Dialect, Store, StoreError};

use super::super::engine::sbom;
use super::super::http::settings;
use super::super::people::{House, patient};
use super::{advisories, count};

const CORPUS: &[&str] = &[
    "'",
    "\"",
    "' OR '1'='1",
    "'; DROP TABLE product; --",
    "1; DELETE FROM audit",
    "') UNION SELECT hash FROM token --",
    "/* x */ -- x",
    "$1",
    "?1",
    "\\'; DROP TABLE finding; --",
    "%' AND 1=0 UNION ALL SELECT name FROM account --",
    "a\u{0}b",
    "\u{feff}\u{202e}x",
    "../../../../etc/passwd",
    "..%2f..%2fportal.key",
    "a/b",
    "pg_sleep(10)",
    "9223372036854775808",
    "-1",
    "state:open' OR 1=1 --",
    "product = 'x'; DROP TABLE event; --",
];

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// How many rows each table has that nobody writes by asking.
fn tables(store: &Store) -> Vec<(String, i64)> {
    let sql = match store.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
        Dialect::Postgres => {
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        }
    };
    let names: Vec<String> = store
        .read(|tx| tx.all(sql, &[], |row| row.get(0)))
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
    names
        .into_iter()
        .map(|name| {
            let rows = count(store, &format!("SELECT COUNT(*) FROM \"{name}\""), &[]);
            (name, rows)
        })
        .collect()
}

fn houses() -> Vec<(&'static str, House)> {
    stores()
        .into_iter()
        .map(|fresh| {
            let (name, store) = (fresh.name, fresh.store.clone());
            let house = House::over(store, Some(fresh), settings(), patient(), Vec::new());
            advisories(&house.portal.engine.options().data);
            (name, house)
        })
        .collect()
}

#[test]
fn what_is_asked_for_is_never_read_as_a_statement() {
    for (name, house) in houses() {
        let cookie = house.admin();
        let document = sbom(&[("lodash", "4.17.15")]);
        let lines = [
            super::super::people::OWN,
            cookie.as_str(),
            "content-type: application/json",
        ];
        let pushed = house.server.ask(
            "POST",
            "/api/v1/push?product=shop&version=1",
            &lines,
            &document,
        );
        assert_eq!(pushed.status, 200, "{}", pushed.text());
        let described: Value =
            serde_json::from_slice(&house.get("/api/v1/openapi.json", &[]).body).unwrap();
        let before = tables(&house.store);
        let (mut asked, mut found) = (0, 0);
        let mut look = |method: &str, path: &str| {
            let answer = house.api(method, path, &[&cookie], &Value::Null);
            assert!(
                answer.status < 500,
                "{name}: {method} {path}: {} {}",
                answer.status,
                answer.text()
            );
            asked += 1;
            if answer.status == 200 {
                found += 1;
                assert!(!answer.text().contains("$argon2"), "{method} {path}");
            }
        };
        for (path, operations) in described["paths"].as_object().unwrap() {
            let operation = &operations["get"];
            if operation.is_null() {
                continue;
            }
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let names = |place: &str| -> Vec<(String, bool)> {
                parameters
                    .iter()
                    .filter(|one| one["in"] == place)
                    .map(|one| {
                        (
                            one["name"].as_str().unwrap().to_owned(),
                            one["required"] == true,
                        )
                    })
                    .collect()
            };
            let (in_path, in_query) = (names("path"), names("query"));
            let fill = |text: &str| {
                in_path.iter().fold(path.clone(), |path, (name, _)| {
                    path.replace(&format!("{{{name}}}"), text)
                })
            };
            for text in CORPUS {
                let text = percent(text);
                if !in_path.is_empty() {
                    look("GET", &fill(&text));
                }
                for (own, _) in &in_query {
                    let rest: Vec<String> = in_query
                        .iter()
                        .filter(|(other, required)| *required && other != own)
                        .map(|(other, _)| format!("{other}=x"))
                        .chain([format!("{own}={text}")])
                        .collect();
                    look("GET", &format!("{}?{}", fill("shop"), rest.join("&")));
                }
            }
            // One cannot ask for everything at once.
            if in_query.iter().any(|(own, _)| own == "limit") {
                let rest: String = in_query
                    .iter()
                    .filter(|(_, required)| *required)
                    .map(|(other, _)| format!("&{other}=x"))
                    .collect();
                let path = format!("{}?limit=100000{rest}", fill("shop"));
                let answer = house.get(&path, &[&cookie]);
                assert!(
                    (400..500).contains(&answer.status),
                    "{path}: {} {}",
                    answer.status,
                    answer.text()
                );
            }
        }
        assert_eq!(tables(&house.store), before, "{name}");
        assert_eq!(house.store.verify_audit().unwrap().fault, None);
        println!(
            "{name}: {asked} requests, {found} answered with 200, none with 500; all tables as before"
        );
        assert!(asked > 500);
    }
}

#[test]
fn what_is_written_is_kept_as_text() {
    for (name, house) in houses() {
        let cookie = house.admin();
        let document = sbom(&[("lodash", "4.17.15")]);
        let data = house.portal.engine.options().data.clone();
        let listing = |folder: &std::path::Path| {
            let mut names: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            names.sort();
            names
        };
        let inside = listing(&data);
        let mut kept = 0;
        for text in CORPUS {
            let product = json!({"name": text, "kind": "own"});
            let made = house.api("POST", "/api/v1/products", &[&cookie], &product);
            assert!(made.status < 500, "{name} {text:?}: {}", made.text());
            let coded = percent(text);
            let path =
                format!("/api/v1/push?product={coded}&version={coded}&branch={coded}&name={coded}");
            let lines = [
                super::super::people::OWN,
                &cookie,
                "content-type: application/json",
            ];
            let pushed = house.server.ask("POST", &path, &lines, &document);
            assert!(pushed.status < 500, "{name} {text:?}: {}", pushed.text());
            if pushed.status == 200 {
                kept += 1;
                // It is found again by just this name, with a slash in it as well.
                let shown = house.get(&format!("/api/v1/products/{coded}"), &[&cookie]);
                assert_eq!(shown.status, 200, "{name} {text:?}: {}", shown.text());
                let shown: Value = serde_json::from_slice(&shown.body).unwrap();
                assert_eq!(shown["name"], *text, "{name}");
            }
            for (method, path, body) in [
                ("PUT", format!("/api/v1/assets/{coded}"), document.clone()),
                ("POST", format!("/api/v1/vex?name={coded}"), b"{}".to_vec()),
                ("GET", format!("/api/v1/vex/{coded}"), Vec::new()),
                ("DELETE", format!("/api/v1/vex/{coded}"), Vec::new()),
                ("PUT", format!("/api/v1/advisories/{coded}"), b"{}".to_vec()),
                ("DELETE", format!("/api/v1/advisories/{coded}"), Vec::new()),
                ("POST", format!("/api/v1/jobs/kinds/{coded}"), Vec::new()),
            ] {
                let answer = house.server.ask(method, &path, &lines, &body);
                assert!(
                    answer.status < 500,
                    "{name} {method} {path}: {}",
                    answer.text()
                );
            }
            for (path, body) in [
                (
                    "/api/v1/exceptions",
                    json!({"vulnerability": text, "product": text, "purl": text, "reason": text, "expires": text}),
                ),
                (
                    "/api/v1/decisions",
                    json!({"vulnerability": text, "product": text, "purl": text, "status": text, "reason": text}),
                ),
                (
                    "/api/v1/channels",
                    json!({"name": text, "kind": text, "target": text}),
                ),
                ("/api/v1/session", json!({"name": text, "password": text})),
                (
                    "/api/v1/accounts",
                    json!({"name": text, "display": text, "kind": "person"}),
                ),
            ] {
                let answer = house.api("POST", path, &[&cookie], &body);
                assert!(
                    answer.status < 500,
                    "{name} {path} {text:?}: {}",
                    answer.text()
                );
            }
        }
        let rows = count(&house.store, "SELECT COUNT(*) FROM inventory", &[]);
        assert_eq!(rows, kept, "{name}");
        assert!(kept > 5, "{name}");
        // Names lead to no file.
        assert_eq!(listing(&data), inside, "{name}");
        assert_eq!(house.store.verify_audit().unwrap().fault, None);
        println!(
            "{name}: {kept} of {} odd names taken, kept and found again as they are",
            CORPUS.len()
        );
    }
}

#[test]
fn a_revoked_token_is_refused_at_once() {
    for (name, house) in houses() {
        let cookie = house.admin();
        let body = json!({"name": "ci", "permissions": ["product.read"]});
        let made = house.api("POST", "/api/v1/me/tokens", &[&cookie], &body);
        assert_eq!(made.status, 201, "{}", made.text());
        let made: Value = serde_json::from_slice(&made.body).unwrap();
        let token = format!("authorization: Bearer {}", made["token"].as_str().unwrap());
        // Used before, by two servers of one store, so that whatever they keep of it is warm.
        let other = house.beside();
        for server in [&house, &other] {
            assert_eq!(
                server.get("/api/v1/products", &[&token]).status,
                200,
                "{name}"
            );
        }
        let path = format!("/api/v1/me/tokens/{}", made["id"].as_str().unwrap());
        let gone = house.api("DELETE", &path, &[&cookie], &Value::Null);
        assert_eq!(gone.status, 204, "{}", gone.text());
        assert_eq!(
            house.get("/api/v1/products", &[&token]).status,
            401,
            "{name}"
        );
        // Another server forgets what it kept within five seconds.
        house.pass(6);
        assert_eq!(
            other.get("/api/v1/products", &[&token]).status,
            401,
            "{name}"
        );
    }
}
