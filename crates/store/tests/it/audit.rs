//! The log: it only grows, and a row that was changed is found.

use stanchion_store::testing::stores;
use stanchion_store::{Dialect, StoreError, audit};

#[test]
fn the_chain_holds_and_a_change_is_found() {
    for fresh in stores() {
        std::thread::scope(|scope| {
            for writer in 0..4_i64 {
                let store = fresh.store.clone();
                scope.spawn(move || {
                    for at in 0..10 {
                        store
                            .write(|tx| {
                                audit::record(
                                    tx,
                                    at,
                                    &format!("w{writer}"),
                                    "a",
                                    "o\0",
                                    None,
                                    Some("x"),
                                )
                            })
                            .unwrap_or_else(|error: StoreError| panic!("{error}"));
                    }
                });
            }
        });
        let verified = fresh.store.verify_audit().unwrap();
        assert_eq!(
            (verified.rows, &verified.fault),
            (40, &None),
            "{}",
            fresh.name
        );
        let of_one = fresh
            .store
            .read(|tx| audit::list(tx, None, Some("w1"), None, 100))
            .unwrap();
        assert_eq!(of_one.len(), 10);

        // Somebody with the database in hand goes around the triggers.
        let tamper = |sql: &str| {
            fresh
                .store
                .write(|tx| {
                    match tx.dialect() {
                        Dialect::Sqlite => tx.batch("DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete")?,
                        Dialect::Postgres => tx.batch("DROP TRIGGER IF EXISTS audit_never ON audit")?,
                    }
                    tx.batch(sql)
                })
                .unwrap_or_else(|error: StoreError| panic!("{error}"));
        };
        tamper("UPDATE audit SET actor = 'nobody' WHERE seq = 17");
        let fault = fresh.store.verify_audit().unwrap().fault.unwrap();
        assert_eq!(fault, "row 17 is not what was written", "{}", fresh.name);
        tamper("DELETE FROM audit WHERE seq = 17");
        assert_eq!(
            fresh.store.verify_audit().unwrap().fault.unwrap(),
            "row 17 is missing"
        );
        tamper("DELETE FROM audit WHERE seq >= 17");
        let fault = fresh.store.verify_audit().unwrap().fault.unwrap();
        assert!(fault.contains("its head says otherwise"), "{fault}");
    }
}

#[test]
fn the_log_is_found_by_who_what_and_when_also_after_a_clock_was_set_back() {
    for fresh in stores() {
        fresh
            .store
            .write(|tx| {
                for (at, actor, action) in [
                    (100, "ann", "a"),
                    (200, "bob", "b"),
                    (150, "ann", "b"),
                    (300, "ann", "a"),
                ] {
                    audit::record(tx, at, actor, action, "o", None, None)?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let found = |filter: audit::Filter<'_>| -> Vec<i64> {
            fresh
                .store
                .read(|tx| audit::search(tx, &filter, 10))
                .unwrap_or_else(|error: StoreError| panic!("{error}"))
                .into_iter()
                .map(|entry| entry.seq)
                .collect()
        };
        let all = audit::Filter::default();
        assert_eq!(found(all), [4, 3, 2, 1]);
        assert_eq!(
            found(audit::Filter {
                before: Some(3),
                ..all
            }),
            [2, 1]
        );
        assert_eq!(
            found(audit::Filter {
                actor: Some("ann"),
                action: Some("b"),
                ..all
            }),
            [3]
        );
        let times = audit::Filter {
            from: Some(150),
            to: Some(300),
            ..all
        };
        assert_eq!(found(times), [2, 3], "{}", fresh.name);
        assert_eq!(
            found(audit::Filter {
                before: Some(2),
                ..times
            }),
            [3]
        );
        assert_eq!(
            found(audit::Filter {
                object: Some("x' OR '1'='1"),
                ..all
            }),
            [0_i64; 0]
        );
        let last = fresh.store.read(|tx| audit::last_of(tx, "b")).unwrap();
        assert_eq!(last.unwrap().seq, 3);
        assert!(fresh.store.size().unwrap() > 0);
    }
}
