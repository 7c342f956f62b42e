//! Values, transactions, limits of time, the schema.

use std::time::Duration;

use stanchion_store::testing::stores;
use stanchion_store::{Address, Dialect, Id, Store, StoreError, params};

#[test]
fn what_goes_in_comes_out() {
    for fresh in stores() {
        let id = Id::derive("test", &[b"one"]);
        fresh
            .store
            .write(|tx| {
                let real = if tx.dialect() == Dialect::Sqlite {
                    "REAL"
                } else {
                    "DOUBLE PRECISION"
                };
                let blob = if tx.dialect() == Dialect::Sqlite {
                    "BLOB"
                } else {
                    "BYTEA"
                };
                tx.batch(&format!(
                    "CREATE TABLE probe (a BIGINT, b {real}, c TEXT, d {blob})"
                ))?;
                tx.insert(
                    "probe",
                    &["a", "b", "c", "d"],
                    params![
                        1,
                        0.5,
                        "naïve 🦀",
                        id,
                        -3_i64,
                        None::<f64>,
                        None::<&str>,
                        None::<Id>
                    ],
                    "",
                )
            })
            .unwrap();
        let rows = fresh
            .store
            .read(|tx| {
                tx.all("SELECT a, b, c, d FROM probe ORDER BY a DESC", &[], |row| {
                    Ok((
                        row.get::<i64>(0)?,
                        row.get::<Option<f64>>(1)?,
                        row.get::<Option<String>>(2)?,
                        row.get::<Option<Id>>(3)?,
                    ))
                })
            })
            .unwrap_or_else(|error: StoreError| panic!("{}: {error}", fresh.name));
        assert_eq!(
            rows,
            [
                (1, Some(0.5), Some("naïve 🦀".to_owned()), Some(id)),
                (-3, None, None, None)
            ]
        );
    }
}

#[test]
fn a_transaction_is_whole_or_nothing() {
    for fresh in stores() {
        let result: Result<(), StoreError> = fresh.store.write(|tx| {
            tx.execute(
                "INSERT INTO setting (name, value, revision) VALUES (?1, ?2, 1)",
                params!["a", "1"],
            )?;
            tx.execute(
                "INSERT INTO setting (name, value, revision) VALUES (?1, ?2, 1)",
                params!["a", "2"],
            )?;
            Ok(())
        });
        assert!(
            matches!(result, Err(StoreError::Taken(_))),
            "{}: {result:?}",
            fresh.name
        );
        let count = fresh
            .store
            .read(|tx| tx.first("SELECT COUNT(*) FROM setting", &[], |row| row.get::<i64>(0)))
            .unwrap();
        assert_eq!(count, Some(0), "{}", fresh.name);
        // A panic in the middle leaves nothing behind, and no lock.
        let store = fresh.store.clone();
        let thread = std::thread::spawn(move || {
            let _: Result<(), StoreError> = store.write(|tx| {
                tx.execute(
                    "INSERT INTO setting (name, value, revision) VALUES ('p', '1', 1)",
                    &[],
                )?;
                panic!("on purpose")
            });
        });
        assert!(thread.join().is_err());
        fresh
            .store
            .write(|tx| {
                tx.execute(
                    "INSERT INTO setting (name, value, revision) VALUES ('b', '1', 1)",
                    &[],
                )
            })
            .unwrap();
        let names = fresh
            .store
            .read(|tx| tx.all("SELECT name FROM setting", &[], |row| row.get::<String>(0)))
            .unwrap();
        assert_eq!(names, ["b"], "{}", fresh.name);
    }
}

#[test]
fn a_long_answer_is_cut_off() {
    for fresh in stores() {
        let result: Result<Option<i64>, StoreError> = fresh.store.read_within(Duration::from_millis(50), |tx| {
            tx.first(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT COUNT(*) FROM n",
                &[],
                |row| row.get(0),
            )
        });
        assert!(
            matches!(result, Err(StoreError::TooSlow)),
            "{}: {result:?}",
            fresh.name
        );
        // The limit is that transaction's alone.
        let count = fresh
            .store
            .read(|tx| tx.first("SELECT 1", &[], |row| row.get::<i64>(0)))
            .unwrap();
        assert_eq!(count, Some(1));
    }
}

#[test]
fn opening_again_changes_nothing_and_a_newer_schema_is_refused() {
    for fresh in stores() {
        drop(Store::at(&fresh.address, 1).unwrap());
        fresh
            .store
            .write(|tx| {
                tx.execute(
                    "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'later', '2030-01-01T00:00:00Z', '1')",
                    &[],
                )
            })
            .unwrap();
        let error = Store::at(&fresh.address, 1).unwrap_err();
        assert!(
            matches!(error, StoreError::Schema { .. }),
            "{}: {error}",
            fresh.name
        );
        if let Address::Folder(folder) = &fresh.address {
            assert!(Store::existing(folder).unwrap().is_some());
        }
    }
}

#[test]
fn the_log_is_never_rewritten() {
    for fresh in stores() {
        let zero = vec![0; 32];
        fresh
            .store
            .write(|tx| {
                tx.execute(
                    "INSERT INTO audit (seq, at, actor, action, object, previous, hash) VALUES (1, 1, 'a', 'b', 'c', ?1, ?1)",
                    params![&zero],
                )
            })
            .unwrap();
        for sql in ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"] {
            let result: Result<u64, StoreError> = fresh.store.write(|tx| tx.execute(sql, &[]));
            assert!(result.is_err(), "{}: {sql}", fresh.name);
        }
    }
}

#[test]
fn many_write_at_once() {
    for fresh in stores() {
        std::thread::scope(|scope| {
            for writer in 0..4_i64 {
                let store = fresh.store.clone();
                scope.spawn(move || {
                    for round in 0..20_i64 {
                        let names: Vec<String> =
                            (0..20).map(|name| format!("n{name:02}")).collect();
                        let rows: Vec<(&str, Option<i64>)> =
                            names.iter().map(|name| (name.as_str(), None)).collect();
                        store.record("t", writer * 100 + round, &rows).unwrap();
                    }
                });
            }
        });
        let seen = fresh.store.sightings("t").unwrap();
        assert!(
            seen.len() == 20 && seen.values().all(|one| one.first == 0 && one.last == 319),
            "{}",
            fresh.name
        );
    }
}
