//! Jobs: what is due is done, what breaks is tried again and ends, nothing blocks the rest.

use serde_json::json;
use stanchion_store::jobs::{self, NewJob};
use stanchion_store::{Store, StoreError};

use super::benches;

fn list(store: &Store) -> Vec<(String, String, i64)> {
    store
        .read(|tx| jobs::list(tx, None, None, 100))
        .unwrap()
        .into_iter()
        .map(|job| (job.kind, job.state, job.attempts))
        .collect()
}

#[test]
fn schedules_become_jobs_once() {
    for bench in benches() {
        bench.engine.plan().unwrap();
        assert!(list(bench.engine.store()).is_empty(), "{}", bench.name);
        bench.later(61);
        // Two servers plan at the same time.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| bench.engine.plan().unwrap());
            }
        });
        let absorbs = list(bench.engine.store())
            .into_iter()
            .filter(|job| job.0 == "absorb")
            .count();
        assert_eq!(absorbs, 1, "{}", bench.name);
        while bench.engine.work("w").unwrap() {}
        assert!(
            list(bench.engine.store()).iter().all(|job| job.1 == "done"),
            "{}",
            bench.name
        );
    }
}

#[test]
fn a_job_that_breaks_ends_and_holds_nobody_up() {
    for bench in benches() {
        let store = bench.engine.store();
        let now = bench.engine.now();
        let add = |kind: &str, key: &str, payload: &str| {
            store
                .write(|tx| {
                    jobs::add(
                        tx,
                        &NewJob {
                            kind,
                            key,
                            payload,
                            priority: 5,
                            not_before: now,
                            most: 3,
                        },
                        now,
                    )
                })
                .unwrap_or_else(|error: StoreError| panic!("{error}"));
        };
        // A payload that is none, and a worker that dies each time.
        add("judge", "bad", "{");
        add("metrics", "", "{}");
        while bench.engine.work("w").unwrap() {}
        let states = list(store);
        assert!(
            states.contains(&("judge".into(), "failed".into(), 1)),
            "{}: {states:?}",
            bench.name
        );
        assert!(states.contains(&("metrics".into(), "done".into(), 1)));
        add("sweep", "", "{}");
        for _ in 0..3 {
            let taken = store
                .write(|tx| {
                    jobs::take(
                        tx,
                        &["sweep"],
                        "dies",
                        bench.engine.now(),
                        bench.engine.now() + 120,
                    )
                })
                .unwrap();
            assert!(taken.is_some(), "{}", bench.name);
            // While it runs nobody else has it.
            let other = store
                .write(|tx| {
                    jobs::take(
                        tx,
                        &["sweep"],
                        "other",
                        bench.engine.now(),
                        bench.engine.now() + 120,
                    )
                })
                .unwrap();
            assert!(other.is_none());
            bench.later(700);
            bench.engine.plan().unwrap();
            bench.later(700);
        }
        let sweep = store
            .read(|tx| jobs::list(tx, Some("failed"), None, 10))
            .unwrap()
            .into_iter()
            .find(|job| job.kind == "sweep")
            .unwrap();
        assert_eq!(
            (sweep.attempts, sweep.error.as_deref()),
            (3, Some("its worker went away in the middle"))
        );
        assert!(
            store
                .write(|tx| jobs::retry(tx, sweep.id, bench.engine.now()))
                .unwrap()
        );
        while bench.engine.work("w").unwrap() {}
        assert_eq!(
            store
                .read(|tx| jobs::by_id(tx, sweep.id))
                .unwrap()
                .unwrap()
                .state,
            "done"
        );
    }
}

#[test]
fn many_workers_share_the_work() {
    for bench in benches() {
        for number in 0..40 {
            bench
                .engine
                .add_job(
                    "judge",
                    &number.to_string(),
                    &json!({ "product": "none" }),
                    0,
                )
                .unwrap();
        }
        // The same again while it waits is one.
        bench
            .engine
            .add_job("judge", "7", &json!({ "product": "none" }), 9)
            .unwrap();
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let engine = bench.engine.clone();
                scope.spawn(move || while engine.work(&format!("w{worker}")).unwrap() {});
            }
        });
        let states = list(bench.engine.store());
        assert_eq!(states.len(), 40, "{}", bench.name);
        assert!(
            states.iter().all(|job| job.1 == "done" && job.2 == 1),
            "{}: {states:?}",
            bench.name
        );
    }
}

#[test]
fn numbers_of_the_day_are_written_once_and_old_things_go() {
    for bench in benches() {
        let document = super::sbom(&[("lodash", "4.17.15")]);
        for version in 0..4 {
            bench.push(&format!("1.{version}"), &document).unwrap();
            bench.later(60);
        }
        bench.engine.add_job("metrics", "", &json!({}), 0).unwrap();
        bench
            .engine
            .add_job("metrics", "again", &json!({}), 0)
            .unwrap();
        while bench.engine.work("w").unwrap() {}
        let rows: Vec<String> = bench
            .engine
            .store()
            .read(|tx| {
                tx.all("SELECT body FROM metric ORDER BY product", &[], |row| {
                    row.get(0)
                })
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        // One of the organisation and one of the product, and they are of one.
        assert_eq!(rows.len(), 2, "{}", bench.name);
        assert!(
            rows[0].contains("\"open\":1") && rows[0].contains("\"critical\":1"),
            "{}",
            rows[0]
        );
        bench.later(86_400 * 800);
        bench.engine.add_job("sweep", "", &json!({}), 0).unwrap();
        while bench.engine.work("w").unwrap() {}
        let versions: Vec<String> = bench
            .engine
            .store()
            .read(|tx| tx.all("SELECT name FROM version", &[], |row| row.get(0)))
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        assert_eq!(versions, ["1.3"], "{}", bench.name);
    }
}
