//! What goes around every request.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use stanchion_server::http::etag::EntityTag;
use stanchion_server::http::limits::Rate;
use stanchion_server::http::site::{Options, Uncompressed};
use stanchion_server::http::{Client, Problem, Settings};

use super::{Server, settings};

const LONG: usize = 5000;

async fn tagged(headers: HeaderMap) -> Response {
    let tag = EntityTag::of_revision(7);
    tag.not_modified(&headers)
        .unwrap_or_else(|| (tag, "the thing").into_response())
}

fn routes() -> Router {
    Router::new()
        .route("/", get(async || Html("<p>hello")))
        .route(
            "/client",
            get(async |client: Client| format!("{} {}", client.address, client.https)),
        )
        .route(
            "/things/{id}",
            get(tagged).put(async |headers: HeaderMap| -> Result<&str, Problem> {
                EntityTag::of_revision(7).require_match(&headers)?;
                Ok("changed")
            }),
        )
        .route("/change", post(async || "changed"))
        .route("/text", get(async || "a".repeat(LONG)))
        .route("/short", get(async || "a".repeat(1024)))
        .route("/bytes", get(async || vec![b'a'; LONG]))
        .route(
            "/events",
            get(async || ([(CONTENT_TYPE, "text/event-stream")], "a".repeat(LONG))),
        )
        .route(
            "/sign-in",
            get(async || ([(SET_COOKIE, "session=1")], "a".repeat(LONG))),
        )
        .route(
            "/secret",
            get(async || {
                let mut response = "a".repeat(LONG).into_response();
                response.extensions_mut().insert(Uncompressed);
                response
            }),
        )
        .route(
            "/fault",
            get(async || -> Result<&str, Problem> {
                Err(Problem::internal(&std::io::Error::other(
                    "password=hunter2",
                )))
            }),
        )
}

fn behind_proxy() -> Settings {
    let mut settings = settings();
    settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    settings
}

#[test]
fn the_settings_are_a_part_of_a_file() {
    let settings: Settings = toml::from_str(
        r#"
        listen = "0.0.0.0:8443"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        forwarded_by = "forwarded"
        public_url = "https://portal.example/"
        max_connections = 10
        [tls]
        certificate = "/etc/a.pem"
        key = "/etc/b.pem"
        [requests]
        per_minute = 60
        burst = 5
        [log]
        format = "plain"
        requests = false
        "#,
    )
    .unwrap();
    assert_eq!(
        settings.public_url.unwrap().origin(),
        "https://portal.example"
    );
    assert_eq!(settings.max_uploads, 8);
    assert!(!settings.log.requests);
    assert!(toml::from_str::<Settings>("").is_ok());
    for bad in [
        "lisen = 1",
        "[log]\ncolour = true",
        "trusted_proxies = [\"all\"]",
        "public_url = \"portal\"",
        "[patience]\nhead = 1",
    ] {
        assert!(toml::from_str::<Settings>(bad).is_err(), "{bad}");
    }
}

#[test]
fn missing_routes_and_methods_are_problems() {
    let server = Server::with(routes());
    let missing = server.get("/nothing?token=secret");
    assert_eq!(missing.status, 404);
    assert!(!missing.problem().to_string().contains("secret"));
    let method = server.ask("DELETE", "/things/1", &[], b"");
    assert_eq!(method.status, 405);
    assert_eq!(method.header("allow"), Some("GET,HEAD,PUT"));
    method.problem();
    let fault = server.get("/fault");
    assert_eq!(fault.status, 500);
    assert!(!fault.problem().to_string().contains("hunter2"));
}

#[test]
fn a_browser_gets_a_page_for_a_problem() {
    let options = Options {
        problem_page: Some(Arc::new(|problem| {
            format!(
                "<h1>{}</h1>{}",
                problem.status().as_u16(),
                problem.document().instance.clone().unwrap()
            )
        })),
        ..Options::default()
    };
    let server = Server::start(settings(), options, routes());
    let page = server.ask("GET", "/nothing", &["accept: text/html,*/*;q=0.8"], b"");
    assert_eq!(page.status, 404);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("script-src 'self'")
    );
    assert!(
        page.text()
            .starts_with("<h1>404</h1>urn:stanchion:request:")
    );
    server.get("/nothing").problem();
}

#[test]
fn every_answer_is_hardened() {
    let server = Server::with(routes());
    for path in ["/", "/text", "/nothing", "/fault", "/healthz"] {
        let answer = server.get(path);
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("same-origin")
        );
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            Some("same-origin")
        );
        assert!(answer.header("permissions-policy").is_some());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("script-src 'self'"), path == "/", "{path}");
        assert!(answer.header("strict-transport-security").is_none());
        assert_eq!(answer.header("x-request-id").unwrap().len(), 32);
        assert!(answer.header("server").is_none());
    }
}

#[test]
fn only_a_trusted_proxy_is_believed() {
    let lines = [
        "x-forwarded-for: 6.6.6.6, 203.0.113.9",
        "x-forwarded-proto: https",
        "x-request-id: edge-1",
    ];
    let server = Server::with(routes());
    let answer = server.ask("GET", "/client", &lines, b"");
    assert_eq!(answer.text(), "127.0.0.1 false");
    assert_ne!(answer.header("x-request-id"), Some("edge-1"));

    let server = Server::start(behind_proxy(), Options::default(), routes());
    let answer = server.ask("GET", "/client", &lines, b"");
    assert_eq!(answer.text(), "203.0.113.9 true");
    assert_eq!(answer.header("x-request-id"), Some("edge-1"));
    assert!(answer.header("strict-transport-security").is_some());
}

#[test]
fn another_site_cannot_use_the_session() {
    let options = || Options {
        session_cookie: Some("session".to_owned()),
        ..Options::default()
    };
    let cookie = "cookie: a=b; session=1";
    let server = Server::start(settings(), options(), routes());
    for (line, status) in [
        ("sec-fetch-site: same-origin", 200),
        ("sec-fetch-site: cross-site", 403),
        ("origin: http://portal", 200),
        ("origin: https://portal", 403),
        ("origin: http://evil", 403),
        ("x-other: 1", 403),
    ] {
        let answer = server.ask("POST", "/change", &[cookie, line], b"");
        assert_eq!(answer.status, status, "{line}");
        if status == 403 {
            answer.problem();
        }
    }
    assert_eq!(
        server
            .ask("POST", "/change", &["authorization: Bearer x"], b"")
            .status,
        200
    );
    assert_eq!(
        server
            .ask("GET", "/text", &[cookie, "sec-fetch-site: cross-site"], b"")
            .status,
        200
    );

    let mut settings = behind_proxy();
    settings.public_url = Some("https://portal.example".to_owned().try_into().unwrap());
    let server = Server::start(settings, options(), routes());
    for (line, status) in [
        ("origin: https://portal.example", 200),
        ("origin: http://portal", 403),
    ] {
        assert_eq!(
            server.ask("POST", "/change", &[cookie, line], b"").status,
            status,
            "{line}"
        );
    }
}

#[test]
fn tags_save_answers_and_guard_changes() {
    let server = Server::with(routes());
    let first = server.get("/things/1");
    assert_eq!(first.header("etag"), Some("\"r7\""));
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));
    let again = server.ask("GET", "/things/1", &["if-none-match: \"r7\""], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let put = |lines: &[&str]| server.ask("PUT", "/things/1", lines, b"").status;
    assert_eq!(put(&[]), 428);
    assert_eq!(put(&["if-match: \"r6\""]), 412);
    assert_eq!(put(&["if-match: \"r7\""]), 200);
}

#[test]
fn text_is_compressed_and_secrets_are_not() {
    let server = Server::with(routes());
    let coding = |path: &str| {
        let answer = server.ask("GET", path, &["accept-encoding: gzip, br"], b"");
        assert_eq!(answer.status, 200);
        answer.header("content-encoding").map(str::to_owned)
    };
    assert_eq!(coding("/text").as_deref(), Some("gzip"));
    for path in ["/short", "/bytes", "/events", "/sign-in", "/secret"] {
        assert_eq!(coding(path), None, "{path}");
    }
    assert!(server.get("/text").header("content-encoding").is_none());
}

#[test]
fn health_and_readiness() {
    let server = Server::with(routes());
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    let health = server.site.health();
    health.register(
        "store",
        Arc::new(|| Err("the schema is older than this program".to_owned())),
    );
    health.register("jobs", Arc::new(|| Ok(())));
    health.register(
        "disk",
        Arc::new(|| {
            std::thread::sleep(std::time::Duration::from_secs(2));
            Ok(())
        }),
    );
    health.register("odd", Arc::new(|| panic!("odd")));
    let answer = server.get("/readyz");
    assert_eq!(answer.status, 503);
    let problem = answer.problem();
    let errors: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["field"].as_str().unwrap(),
                error["message"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            ("disk", "did not answer in time"),
            ("odd", "the check failed"),
            ("store", "the schema is older than this program"),
        ]
    );
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn metrics_have_templates_and_are_not_for_everybody() {
    let server = Server::with(routes());
    server.get("/things/1");
    server.get("/things/2");
    server.get("/no/such/path");
    let answer = server.get("/metrics");
    assert_eq!(answer.status, 200);
    let text = answer.text();
    assert!(
        text.contains(
            "http_requests_total{method=\"GET\",route=\"/things/{id}\",status=\"2xx\"} 2"
        ),
        "{text}"
    );
    assert!(text.contains("route=\"(none)\",status=\"4xx\"} 1"));
    assert!(!text.contains("/no/such"));
    let server = Server::start(behind_proxy(), Options::default(), routes());
    let answer = server.ask("GET", "/metrics", &["x-forwarded-for: 203.0.113.9"], b"");
    assert_eq!(answer.status, 403);
}

#[test]
fn too_many_requests_are_429_but_not_for_this_machine() {
    let mut settings = behind_proxy();
    settings.requests = Some(Rate {
        per_minute: 2,
        burst: 3,
    });
    let server = Server::start(settings, Options::default(), routes());
    let status = |line: &str| {
        let answer = server.ask("GET", "/client", &[line], b"");
        if answer.status == 429 {
            answer.problem();
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=30).contains(&wait), "{wait}");
        }
        answer.status
    };
    let line = "x-forwarded-for: 203.0.113.9";
    assert_eq!(
        [status(line), status(line), status(line), status(line)],
        [200, 200, 200, 429]
    );
    assert_eq!(status("x-forwarded-for: 203.0.113.10"), 200);
    for _ in 0..10 {
        assert_eq!(status("x-nothing: 1"), 200);
    }
}
