//! Inventories come in, advisories change, findings follow.

use stanchion_report::json;
use stanchion_store::findings::{self, FIXED};
use stanchion_store::{StoreError, inventories, products};

use super::{LEFTPAD, LODASH, benches, change, sbom};

#[test]
fn a_push_is_judged_at_once_and_the_same_twice_is_one() {
    for bench in benches() {
        let document = sbom(&[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
        let first = bench.push("1.0.0", &document).unwrap();
        assert!(first.created && !first.known, "{}", bench.name);
        assert_eq!(first.assessment.findings.len(), 1);
        assert_eq!(first.assessment.findings[0].id, "CVE-2026-0001");
        assert_eq!(first.changes.appeared.len(), 1);
        let second = bench.push("1.0.0", &document).unwrap();
        assert!(
            second.known && !second.created && second.changes.is_empty(),
            "{}: {:?}",
            bench.name,
            second.changes
        );
        let bytes = |pushed: &stanchion_server::engine::ingest::Pushed| {
            let mut out = Vec::new();
            json::write(&pushed.assessment, &mut out).unwrap();
            out
        };
        assert!(bytes(&first) == bytes(&second));
        let stored = bench
            .engine
            .store()
            .read(|tx| {
                let version = products::version_by_id(tx, first.version.id)?.unwrap();
                let rows = inventories::of_version(tx, version.id)?;
                let components = inventories::components(tx, version.id, None, 10)?;
                Ok::<_, StoreError>((version, rows, components))
            })
            .unwrap();
        assert!(stored.0.latest && stored.0.live && stored.0.denied == Some(true));
        assert_eq!((stored.1.len(), stored.2.len()), (1, 2));
        assert_eq!(
            bench.kinds(),
            ["product.created", "finding.appeared", "inventory.received"],
            "{}",
            bench.name
        );
        let log = bench.engine.store().verify_audit().unwrap();
        assert_eq!((log.rows, log.fault), (2, None));
    }
}

#[test]
fn what_is_gone_is_closed_and_comes_back_with_its_first_sight() {
    for bench in benches() {
        bench
            .push("1.0.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        bench.later(86_400);
        let fixed = bench
            .push("1.0.0", &sbom(&[("lodash", "4.17.21")]))
            .unwrap();
        assert_eq!(fixed.changes.closed.len(), 1, "{}", bench.name);
        let id = fixed.changes.closed[0];
        let row = bench
            .engine
            .store()
            .read(|tx| findings::by_id(tx, id))
            .unwrap()
            .unwrap();
        assert_eq!(
            (row.state, row.reason.as_deref()),
            (FIXED, Some("no longer in the inventory"))
        );
        bench.later(86_400);
        let again = bench
            .push("1.0.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        assert_eq!(again.changes.reopened, [id]);
        let row = bench
            .engine
            .store()
            .read(|tx| findings::by_id(tx, id))
            .unwrap()
            .unwrap();
        assert_eq!((row.first_seen, row.closed), (super::NOW, None));
        // The next version inherits when it was first seen.
        bench.later(86_400);
        let next = bench
            .push("1.1.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        let row = bench
            .engine
            .store()
            .read(|tx| findings::by_id(tx, next.changes.appeared[0]))
            .unwrap()
            .unwrap();
        assert_eq!(row.first_seen, super::NOW);
        let what: Vec<String> = bench
            .engine
            .store()
            .read(|tx| findings::history(tx, id, 10))
            .unwrap()
            .into_iter()
            .map(|one| one.what)
            .collect();
        assert_eq!(what, ["reopened", "fixed", "appeared"]);
    }
}

#[test]
fn only_the_latest_version_is_work() {
    for bench in benches() {
        let first = bench
            .push("1.0.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        bench.later(60);
        let second = bench
            .push("1.1.0", &sbom(&[("lodash", "4.17.16")]))
            .unwrap();
        let work = |version| {
            bench
                .engine
                .store()
                .read(|tx| {
                    tx.first(
                        "SELECT COUNT(*) FROM finding WHERE version = ?1 AND work = 1",
                        stanchion_store::params![version],
                        |row| row.get::<i64>(0),
                    )
                })
                .unwrap_or_else(|error: StoreError| panic!("{error}"))
        };
        assert_eq!(
            (work(first.version.id), work(second.version.id)),
            (Some(0), Some(1)),
            "{}",
            bench.name
        );
        // What runs somewhere is work too.
        bench
            .engine
            .store()
            .write(|tx| {
                let deployment = products::Deployment {
                    id: stanchion_store::Id::derive("test", &[]),
                    product: first.product.id,
                    version: Some(first.version.id),
                    environment: "production".into(),
                    since: super::NOW,
                    until: None,
                    note: String::new(),
                };
                products::deploy(tx, &deployment, false)
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        assert_eq!(
            (work(first.version.id), work(second.version.id)),
            (Some(1), Some(1)),
            "{}",
            bench.name
        );
    }
}

#[test]
fn new_advisories_touch_only_what_holds_their_packages() {
    for bench in benches() {
        let document = sbom(&[("lodash", "4.17.15"), ("left-pad", "1.3.0")]);
        let pushed = bench.push("1.0.0", &document).unwrap();
        bench.engine.absorb().unwrap();
        bench.later(600);
        // Nothing new: nothing is looked at.
        assert_eq!(bench.engine.absorb().unwrap().versions, 0);
        bench.advisories(&[change("GHSA-dddd-eeee-ffff", Some(LEFTPAD))]);
        let absorbed = bench.engine.absorb().unwrap();
        assert_eq!(
            (absorbed.versions, absorbed.appeared, absorbed.closed),
            (1, 1, 0),
            "{}",
            bench.name
        );
        let other = LEFTPAD
            .replace("left-pad", "right-pad")
            .replace("dddd", "gggg")
            .replace("0002", "0003");
        bench.advisories(&[change("GHSA-gggg-eeee-ffff", Some(&other))]);
        assert_eq!(bench.engine.absorb().unwrap().versions, 0);
        // Withdrawn: closed, with the reason.
        bench.advisories(&[change("GHSA-aaaa-bbbb-cccc", None)]);
        let absorbed = bench.engine.absorb().unwrap();
        assert_eq!((absorbed.versions, absorbed.closed), (1, 1));
        let rows = bench
            .engine
            .store()
            .read(|tx| findings::of_version(tx, pushed.version.id))
            .unwrap();
        let reasons: Vec<Option<&str>> = rows
            .values()
            .filter(|row| row.closed.is_some())
            .map(|row| row.reason.as_deref())
            .collect();
        assert_eq!(reasons, [Some("no advisory names this version any more")]);
        // What is stored is what a push would find now.
        let again = bench.push("1.0.0", &document).unwrap();
        assert!(
            again.changes.is_empty(),
            "{}: {:?}",
            bench.name,
            again.changes
        );
    }
}

#[test]
fn a_vulnerability_that_becomes_exploited_is_judged_again_and_told() {
    for bench in benches() {
        bench
            .push("1.0.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        bench
            .push("2.0.0", &sbom(&[("left-pad", "1.0.0")]))
            .unwrap();
        bench.engine.absorb().unwrap();
        bench.later(600);
        bench.exploited(&["CVE-2026-0001", "CVE-2020-9999"]);
        let absorbed = bench.engine.absorb().unwrap();
        assert_eq!(
            (absorbed.versions, absorbed.changed),
            (1, 1),
            "{}",
            bench.name
        );
        // The version that is not the latest any more is no work: nobody is called.
        assert!(!bench.kinds().contains(&"finding.exploited".to_owned()));
        bench
            .push("3.0.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        assert_eq!(
            bench
                .kinds()
                .iter()
                .filter(|kind| *kind == "finding.exploited")
                .count(),
            1,
            "{}",
            bench.name
        );
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_changes_nothing() {
    for bench in benches() {
        for bad in [
            &b""[..],
            b"{",
            b"hello",
            br#"{"schema":"stanchion.inventory/9"}"#,
            b"\xff\xfe\0\0",
        ] {
            assert!(
                bench.push("1.0.0", bad).is_err(),
                "{}: {:?}",
                bench.name,
                String::from_utf8_lossy(bad)
            );
        }
        for name in ["", " a", "a\nb", &"x".repeat(300)] {
            assert!(bench.push(name, &sbom(&[("lodash", "4.17.15")])).is_err());
        }
        assert!(bench.events().is_empty());
    }
}

#[test]
fn another_name_of_the_same_vulnerability_keeps_its_first_sight() {
    for bench in benches() {
        let plain = LODASH.replace(r#""aliases":["CVE-2026-0001"],"#, "");
        bench.advisories(&[change("GHSA-aaaa-bbbb-cccc", Some(&plain))]);
        bench
            .push("1.0.0", &sbom(&[("lodash", "4.17.15")]))
            .unwrap();
        bench.engine.absorb().unwrap();
        bench.later(86_400 * 30);
        let named = LODASH.replace(
            "2026-01-01T00:00:00Z\",\"published",
            "2026-02-01T00:00:00Z\",\"published",
        );
        bench.advisories(&[change("GHSA-aaaa-bbbb-cccc", Some(&named))]);
        let absorbed = bench.engine.absorb().unwrap();
        assert_eq!(
            (absorbed.appeared, absorbed.closed),
            (1, 1),
            "{}",
            bench.name
        );
        let rows = bench
            .engine
            .store()
            .read(|tx| {
                tx.all(
                    "SELECT first_seen FROM finding WHERE work = 1",
                    &[],
                    |row| row.get::<i64>(0),
                )
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        assert_eq!(rows, [super::NOW], "{}", bench.name);
    }
}
