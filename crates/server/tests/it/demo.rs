//! The portal to look at: what it promises is there, nobody changes it, and the next day brings another.

use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;
use stanchion_server::demo::{self, Stage, ZERO_DAY};
use stanchion_server::engine::Clock;
use stanchion_server::http::Site;
use stanchion_server::http::listen::{ServerHandle, start_app};
use stanchion_server::portal::Portal;
use stanchion_store::{Id, StoreError};
use tokio::runtime::Runtime;

use super::http::{Answer, settings};
use super::people::{OWN, cookies, document, encoded};

/// An hour of 2026-11-24.
const NOW: i64 = 1_795_521_600;
const DAY: i64 = 86_400;

/// A portal to look at behind a real connection.
struct Hall {
    stage: Stage,
    clock: Arc<AtomicI64>,
    address: SocketAddr,
    _handle: ServerHandle,
    _runtime: Runtime,
}

/// One for all tests that only look: to make it takes its time.
static HALL: LazyLock<Hall> = LazyLock::new(Hall::new);

impl Hall {
    fn new() -> Self {
        let clock = Arc::new(AtomicI64::new(NOW));
        let told = Arc::clone(&clock);
        let shown: Clock = Arc::new(move || told.load(Ordering::SeqCst));
        let stage = Stage::new(settings(), shown).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let site = Site::new(settings(), Portal::options(&settings()));
        let handle = runtime.block_on(start_app(&site, stage.app())).unwrap();
        Self {
            stage,
            clock,
            address: handle.address(),
            _handle: handle,
            _runtime: runtime,
        }
    }

    fn ask(&self, method: &str, path: &str, lines: &[&str], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: portal\r\nconnection: close\r\n{OWN}\r\n");
        for line in lines {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.push_str("content-length: ");
        head.push_str(&body.len().to_string());
        head.push_str("\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }

    /// Takes the button of a role: the header line of the session's cookie.
    fn look(&self, role: &str) -> String {
        let form = encoded(&[("role", role), ("back_to", "/api/")]);
        let kind = "content-type: application/x-www-form-urlencoded";
        let answer = self.ask("POST", "/sign-in/as", &[kind], form.as_bytes());
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/api/")),
            "{role}: {}",
            answer.text()
        );
        cookies(&answer)
    }

    fn get(&self, who: &str, path: &str) -> Value {
        let answer = self.ask("GET", path, &[who], b"");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        document(&answer)
    }

    fn count(&self, sql: &str) -> i64 {
        let portal = self.stage.portal();
        portal
            .engine
            .store()
            .read(|tx| tx.first(sql, &[], |row| row.get(0)))
            .unwrap_or_else(|error: StoreError| panic!("{error}"))
            .unwrap()
    }
}

#[test]
fn what_it_promises_is_there() {
    let hall = &*HALL;
    let work = |what: &str| {
        hall.count(&format!(
            "SELECT COUNT(*) FROM finding WHERE work = 1 AND {what}"
        ))
    };
    let week = format!("due >= {NOW} AND due < {}", NOW + 7 * DAY);
    for (what, least) in [
        ("flags & 16 <> 0", 8),
        ("state = 2", 10),
        ("state = 3", 3),
        ("state = 1", 1),
        ("flags & 32 <> 0", 10),
        ("kind = 6", 2),
        ("kind = 8", 3),
        (week.as_str(), 3),
        (
            &format!("flags & 16 <> 0 AND first_seen >= {}", NOW - DAY - 43_200),
            5,
        ),
    ] {
        assert!(work(what) >= least, "{what}: {}", work(what));
    }
    // What was made up yesterday is in several products, and was told of as exploited today.
    let touched = hall.count(&format!(
        "SELECT COUNT(DISTINCT product) FROM finding f JOIN vulnerability v ON v.id = f.vulnerability
         WHERE v.name = '{ZERO_DAY}' AND f.work = 1 AND v.kev_added IS NOT NULL"
    ));
    assert!(touched >= 4, "{touched}");
    for what in [
        "appeared", "fixed", "reopened", "noted", "changed", "closed",
    ] {
        let sql = format!("SELECT COUNT(*) FROM finding_history WHERE what = '{what}'");
        assert!(hall.count(&sql) > 0, "{what}");
    }
    let admin = hall.look("admin");
    let products = hall.get(&admin, "/api/v1/products?limit=100");
    assert!(products["items"].as_array().unwrap().len() >= 12);
    let exceptions = hall.get(&admin, "/api/v1/exceptions?limit=100");
    let states: Vec<&str> = exceptions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| match one["ended"].as_bool() {
            Some(true) => "ended",
            _ => one["state"].as_str().unwrap(),
        })
        .collect();
    for state in ["approved", "requested", "rejected", "ended"] {
        assert!(states.contains(&state), "{state}: {states:?}");
    }
    let lapse = hall.count(&format!(
        "SELECT COUNT(*) FROM exception WHERE state = 'approved' AND expires > {NOW} AND expires < {}",
        NOW + 30 * DAY
    ));
    assert_eq!(lapse, 3);
    let gaps = hall.get(&admin, "/api/v1/coverage");
    assert!(gaps["gaps"].as_array().unwrap().len() >= 2, "{gaps}");
    let failed = hall.get(&admin, "/api/v1/jobs?state=failed");
    assert_eq!(failed["items"][0]["kind"], "scan", "{failed}");
    assert!(failed["items"][0]["error"].as_str().unwrap().len() > 5);
    let waits = "SELECT COUNT(*) FROM job WHERE state IN ('waiting', 'running')";
    assert_eq!(hall.count(waits), 0);
    let trend = hall.get(&admin, "/api/v1/products/shop/metrics");
    let trend = trend.as_array().unwrap();
    assert!(trend.len() >= 500, "{}", trend.len());
    let risk = |day: &Value| day["numbers"]["risk"].as_f64().unwrap();
    let most = trend.iter().map(risk).fold(0.0, f64::max);
    let before = risk(&trend[trend.len() - 3]);
    assert!(most > 3.0 * before && risk(trend.last().unwrap()) > before);
    let lost = "SELECT COUNT(*) FROM delivery WHERE state = 'never' AND note <> ''";
    assert!(hall.count(lost) > 0);
    let log = hall.stage.portal().engine.store().verify_audit().unwrap();
    assert!(log.rows > 300 && log.fault.is_none());
    assert_eq!(
        hall.count("SELECT COUNT(*) FROM token WHERE name = 'history'"),
        0
    );
}

#[test]
fn everybody_looks_and_nobody_changes_anything() {
    let hall = &*HALL;
    let page = hall.ask("GET", "/sign-in", &[], b"");
    let (status, text) = (page.status, page.text());
    assert_eq!(status, 200);
    assert!(text.contains("Look as security engineer") && !text.contains("type=\"password\""));
    let roles: Vec<&str> = demo::guises().iter().map(|guise| guise.role).collect();
    assert_eq!(roles.len(), 6);
    let described = document(&hall.ask("GET", "/api/v1/openapi.json", &[], b""));
    let mut asked = 0;
    for role in &roles {
        let who = hall.look(role);
        let me = hall.get(&who, "/api/v1/me");
        assert!(me.to_string().contains("larkfield.example"), "{me}");
        let seen = hall.get(&who, "/api/v1/products");
        assert!(!seen["items"].as_array().unwrap().is_empty(), "{role}");
        for (path, item) in described["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method = method.to_uppercase();
                let unsafe_one = ["POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str());
                if !unsafe_one || (method == "DELETE" && path == "/api/v1/session") {
                    continue;
                }
                let path = path.replace(['{', '}'], "x");
                let kind = "content-type: application/json";
                let answer = hall.ask(&method, &path, &[&who, kind], b"{}");
                let problem = answer.problem();
                assert_eq!(problem["status"], 403, "{role} {method} {path}");
                assert_eq!(
                    problem["detail"],
                    "This is a demonstration: nothing is kept."
                );
                assert!(problem["hint"].as_str().unwrap().contains("without --demo"));
                asked += 1;
            }
        }
        for path in ["/sign-in", "/setup", "/join", "/sign-in/code"] {
            assert_eq!(hall.ask("POST", path, &[&who], b"").status, 403, "{path}");
        }
        assert_eq!(
            hall.ask("DELETE", "/api/v1/session", &[&who], b"").status,
            204
        );
        assert_eq!(hall.ask("GET", "/api/v1/me", &[&who], b"").status, 401);
    }
    assert!(asked > 200, "{asked}");
    let kind = "content-type: application/x-www-form-urlencoded";
    let none = hall.ask("POST", "/sign-in/as", &[kind], b"role=nobody");
    assert_eq!(none.status, 404);
    let sessions = "SELECT COUNT(*) FROM session WHERE client <> 'a visitor'";
    assert_eq!(hall.count(sessions), 0);
}

/// What is found, without what is random.
fn findings(portal: &Portal) -> Vec<String> {
    portal
        .engine
        .store()
        .read(|tx| {
            tx.all(
                "SELECT f.id, p.name, v.name, f.state, f.score, f.flags, f.due, f.owner, f.exception, f.first_seen, f.changed, f.closed
                 FROM finding f JOIN product p ON p.id = f.product JOIN vulnerability v ON v.id = f.vulnerability ORDER BY f.id",
                &[],
                |row| {
                    let (id, product, name): (Id, String, String) =
                        (row.get(0)?, row.get(1)?, row.get(2)?);
                    let (state, score, flags): (i64, i64, i64) =
                        (row.get(3)?, row.get(4)?, row.get(5)?);
                    let (due, owner, exception): (Option<i64>, Option<String>, Option<String>) =
                        (row.get(6)?, row.get(7)?, row.get(8)?);
                    let (seen, changed, closed): (i64, i64, Option<i64>) =
                        (row.get(9)?, row.get(10)?, row.get(11)?);
                    Ok(format!(
                        "{id} {product} {name} {state} {score} {flags} {due:?} {owner:?} {exception:?} {seen} {changed} {closed:?}"
                    ))
                },
            )
        })
        .unwrap_or_else(|error: StoreError| panic!("{error}"))
}

#[test]
fn the_same_day_gives_the_same_and_the_next_another() {
    let hall = Hall::new();
    let first = findings(&hall.stage.portal());
    assert!(first.len() > 500, "{}", first.len());
    assert!(first == findings(&HALL.stage.portal()));
    // Later on the same day nothing is made anew, and whoever looks stays.
    hall.clock.fetch_add(6 * 3_600, Ordering::SeqCst);
    let who = hall.look("viewer");
    assert!(!hall.stage.renew().unwrap());
    assert_eq!(hall.ask("GET", "/api/v1/me", &[&who], b"").status, 200);
    let old = hall.stage.portal().engine.options().data.clone();
    hall.clock.fetch_add(DAY, Ordering::SeqCst);
    assert!(hall.stage.renew().unwrap());
    let new = hall.stage.portal().engine.options().data.clone();
    assert!(new != old && new.exists() && !old.exists());
    assert_eq!(hall.ask("GET", "/api/v1/me", &[&who], b"").status, 401);
    let second = findings(&hall.stage.portal());
    assert!(second.len() > 500 && second != first);
    let yesterday = format!(
        "SELECT COUNT(*) FROM finding f JOIN vulnerability v ON v.id = f.vulnerability
         WHERE v.name = '{ZERO_DAY}' AND f.first_seen >= {} AND f.first_seen < {}",
        NOW - NOW.rem_euclid(DAY),
        NOW - NOW.rem_euclid(DAY) + DAY
    );
    assert!(hall.count(&yesterday) >= 5);
}
