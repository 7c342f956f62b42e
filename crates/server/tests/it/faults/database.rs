//! A database that restarts under load, and two servers on one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use stanchion_store::testing::{Cluster, stores};
use stanchion_store::{Address, Dialect, Store, StoreError, params};

use super::super::engine::sbom;
use super::super::http::settings;
use super::super::people::{House, patient};
use super::{count, engine, push};

fn hex(bytes: &[u8]) -> String {
    stanchion_store::blobs::Digest::of(bytes).to_string()
}

/// When the database's server started, in microseconds.
fn started(store: &Store) -> i64 {
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT)";
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let found = store.read(|tx| tx.first(sql, &[], |row| row.get(0)));
        match found {
            Ok(found) => return found.unwrap(),
            // It may just be away.
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_that_restarts_under_load_costs_a_moment_and_nothing_else() {
    let Some(mut cluster) = Cluster::start() else {
        eprintln!("skipped: no PostgreSQL here");
        return;
    };
    let store = Store::at(&Address::Postgres(cluster.database(), None), 4).unwrap();
    let house = House::over(store, None, settings(), patient(), Vec::new());
    let account = house.person("ann", &["admin"]);
    let permissions = ["product.read", "product.write", "inventory.push"];
    let token = house.token(account, "ci", &permissions);
    super::advisories(&house.portal.engine.options().data);
    let over = AtomicBool::new(false);
    let kept: Mutex<Vec<(String, String)>> = Mutex::default();
    // When something failed, and how.
    let failed: Mutex<Vec<(Instant, u16)>> = Mutex::default();
    let mut back = Vec::new();
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (house, over, kept, failed, token) = (&house, &over, &kept, &failed, &token);
            scope.spawn(move || {
                for turn in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("{client}-{turn}");
                    let document = sbom(&[("lodash", "4.17.15"), (&name, "1.0.0")]);
                    let lines = [token.as_str(), "content-type: application/json"];
                    let path = format!("/api/v1/push?product=p{client}&version={turn}");
                    let pushed = house.server.ask("POST", &path, &lines, &document);
                    if pushed.status == 200 {
                        let id = pushed.header("x-stanchion-inventory").unwrap().to_owned();
                        kept.lock().unwrap().push((id, hex(&document)));
                    } else {
                        assert_eq!(pushed.status, 503, "{}", pushed.text());
                        assert!(pushed.problem()["hint"].is_string());
                        failed.lock().unwrap().push((Instant::now(), 503));
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    let read = house.server.ask("GET", "/api/v1/products", &[token], b"");
                    if read.status != 200 {
                        assert_eq!(read.status, 503, "{}", read.text());
                        failed.lock().unwrap().push((Instant::now(), 503));
                    }
                }
            });
        }
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(700));
            let before = started(&house.store);
            cluster.restart();
            back.push(Instant::now());
            assert_ne!(started(&house.store), before, "it did not restart");
        }
        std::thread::sleep(Duration::from_secs(3));
        over.store(true, Ordering::Relaxed);
    });
    let (kept, failed) = (kept.into_inner().unwrap(), failed.into_inner().unwrap());
    let last = back.last().unwrap();
    let late = failed
        .iter()
        .map(|(at, _)| at.saturating_duration_since(*last))
        .max();
    println!(
        "{} acknowledged, {} answers of 503 around 3 restarts, the last {late:?} after the last restart",
        kept.len(),
        failed.len()
    );
    assert!(late.unwrap_or_default() < Duration::from_secs(2));
    for (id, digest) in &kept {
        let id = stanchion_store::Id::parse(id).unwrap();
        let found = count(
            &house.store,
            "SELECT COUNT(*) FROM inventory WHERE id = ?1 AND document = ?2",
            params![id, digest],
        );
        assert_eq!(found, 1);
        let bytes = house
            .portal
            .engine
            .blobs()
            .get(digest.parse().unwrap(), 1 << 20)
            .unwrap();
        assert_eq!(&hex(&bytes), digest);
    }
    assert!(!kept.is_empty());
    assert_eq!(house.store.verify_audit().unwrap().fault, None);
    // All four connections work again, at the same time.
    std::thread::scope(|scope| {
        for client in 0..8 {
            let (house, token) = (&house, &token);
            scope.spawn(move || {
                let document = sbom(&[("lodash", "4.17.15")]);
                let path = format!("/api/v1/push?product=last&version={client}");
                let lines = [token.as_str(), "content-type: application/json"];
                let answer = house.server.ask("POST", &path, &lines, &document);
                // Eight that make one product at once may have to come again.
                assert!(matches!(answer.status, 200 | 409), "{}", answer.text());
            });
        }
    });
}

#[test]
fn two_servers_take_the_same_document_at_once() {
    for fresh in stores() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let engines: Vec<_> = folders
            .iter()
            .map(|folder| {
                let store = Store::at(&fresh.address, 4).unwrap();
                engine(store, folder.path(), &[])
            })
            .collect();
        let packages: Vec<(String, String)> = (0..60)
            .map(|number| (format!("own-{number}"), "1.0.0".to_owned()))
            .collect();
        let rounds = if fresh.store.dialect() == Dialect::Postgres {
            12
        } else {
            6
        };
        let mut again = 0;
        for round in 0..rounds {
            let mut all: Vec<(&str, &str)> = vec![("lodash", "4.17.15")];
            all.extend(packages.iter().map(|(a, b)| (a.as_str(), b.as_str())));
            // Each in an order of its own in every third round: locks are taken in one order all the same.
            let barrier = Barrier::new(8);
            let counts: Vec<usize> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8)
                    .map(|thread| {
                        let (engines, barrier, all) = (&engines, &barrier, &all);
                        scope.spawn(move || {
                            let mut own = all.clone();
                            if round % 3 == 1 {
                                own.rotate_left(thread * 7);
                            }
                            let document = sbom(&own);
                            // Few versions and many of each, and in every third round one each.
                            let few = if round % 3 == 2 { 8 } else { 3 };
                            let version = format!("{round}.{}", thread % few);
                            barrier.wait();
                            let mut tries = 0;
                            loop {
                                match push(&engines[thread % 2], "shop", &version, &document) {
                                    Ok(pushed) => {
                                        assert_eq!(pushed.assessment.findings.len(), 1);
                                        return tries;
                                    }
                                    Err(stanchion_server::engine::EngineError::Conflict(_))
                                        if tries < 3 =>
                                    {
                                        tries += 1;
                                    }
                                    Err(error) => panic!("{}: {error}", fresh.name),
                                }
                            }
                        })
                    })
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            again += counts.into_iter().sum::<usize>();
            // Of versions that came at the same moment one is the latest.
            let latest = count(
                &fresh.store,
                "SELECT COUNT(*) FROM version WHERE latest = 1 OR live = 1",
                &[],
            );
            assert_eq!(latest, 1, "{}, round {round}", fresh.name);
        }
        let store = &fresh.store;
        let twice: Vec<Value> = store
            .read(|tx| {
                tx.all(
                    "SELECT COUNT(*) FROM inventory GROUP BY version, document HAVING COUNT(*) > 1",
                    &[],
                    |row| row.get::<i64>(0).map(Value::from),
                )
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        assert!(twice.is_empty(), "{}", fresh.name);
        assert_eq!(count(store, "SELECT COUNT(*) FROM product", &[]), 1);
        let versions = count(store, "SELECT COUNT(*) FROM version", &[]);
        assert_eq!(versions, rounds / 3 * (3 + 3 + 8));
        // The same document, one of each thread, and the same in a version of each thread.
        let inventories = count(store, "SELECT COUNT(*) FROM inventory", &[]);
        assert_eq!(inventories, rounds / 3 * (3 + 8 + 8), "{}", fresh.name);
        let findings = count(
            store,
            "SELECT COUNT(*) FROM (SELECT version FROM finding GROUP BY version HAVING COUNT(*) = 1) AS one",
            &[],
        );
        assert_eq!(findings, versions, "{}", fresh.name);
        let components = count(
            store,
            "SELECT COUNT(*) FROM (SELECT version FROM version_component GROUP BY version HAVING COUNT(*) = 61) AS one",
            &[],
        );
        assert_eq!(components, versions, "{}", fresh.name);
        assert_eq!(store.verify_audit().unwrap().fault, None);
        println!(
            "{}: {} pushes by two servers, {versions} versions, {inventories} inventories, {again} asked to come again",
            fresh.name,
            rounds * 8
        );
    }
}
