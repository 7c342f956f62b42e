//! The index against the words of the OSV schema: what a slow and simple evaluation says, the index says too.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use stanchion_model::Ecosystem;
use stanchion_versions::Scheme;

use crate::import::{SourceFile, SourceKind, build, build_on};
use crate::update::{Change, apply};
use crate::{Doubt, Error, Index, Matcher, Query};

const NOW: &str = "2026-01-01T00:00:00Z";

/// A database of one source with these records.
fn database(records: &[Value]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    for (number, record) in records.iter().enumerate() {
        std::fs::write(
            folder.path().join(format!("{number:03}.json")),
            record.to_string(),
        )
        .unwrap();
    }
    let source = SourceFile {
        kind: SourceKind::Osv,
        name: "npm".into(),
        path: folder.path().to_owned(),
    };
    Index::from_bytes(build(&[source], NOW, &|_, _, _| {}).unwrap()).unwrap()
}

fn record(id: &str, package: &str, events: &Value) -> Value {
    json!({ "id": id, "modified": "2025-01-01T00:00:00Z", "summary": id, "details": format!("about {id}"), "affected": [{
        "package": { "ecosystem": "npm", "name": package }, "ranges": [{ "type": "SEMVER", "events": events }] }] })
}

fn query<'q>(name: &'q str, version: &'q str) -> Query<'q> {
    Query {
        ecosystem: Ecosystem::Npm,
        release: None,
        name,
        version,
    }
}

/// Ids of the records that hold a version, sorted.
fn ids(index: &Index, name: &str, version: &str) -> Vec<String> {
    let hits = Matcher::new(index).hits(&query(name, version)).unwrap();
    let ids: BTreeSet<String> = hits
        .iter()
        .map(|hit| index.record(hit.record).unwrap().id.to_owned())
        .collect();
    ids.into_iter().collect()
}

/// The schema's evaluation, as it is written down: events sorted by version, then walked.
fn holds(events: &[(&str, String)], version: &str) -> bool {
    let compare = |a: &str, b: &str| match (a, b) {
        ("0", "0") => Ordering::Equal,
        ("0", _) => Ordering::Less,
        (_, "0") => Ordering::Greater,
        (a, b) => Scheme::SemVer.compare(a, b),
    };
    let rank = |kind: &str| match kind {
        "introduced" => 0,
        "fixed" => 1,
        _ => 2,
    };
    let mut sorted: Vec<&(&str, String)> =
        events.iter().filter(|(kind, _)| *kind != "limit").collect();
    sorted.sort_by(|a, b| compare(&a.1, &b.1).then(rank(a.0).cmp(&rank(b.0))));
    let mut inside = false;
    for (kind, at) in sorted {
        let order = if at == "0" {
            Ordering::Greater
        } else {
            Scheme::SemVer.compare(version, at)
        };
        match *kind {
            "introduced" if order.is_ge() => inside = true,
            "fixed" if order.is_ge() => inside = false,
            "last_affected" if order.is_gt() => inside = false,
            _ => {}
        }
    }
    let mut limits = events
        .iter()
        .filter(|(kind, _)| *kind == "limit")
        .peekable();
    inside
        && (limits.peek().is_none()
            || limits.any(|(_, limit)| Scheme::SemVer.compare(version, limit).is_lt()))
}

fn version() -> impl Strategy<Value = String> {
    (
        0u8..4,
        0u8..4,
        prop_oneof![Just(""), Just("-alpha"), Just("-rc.1")],
    )
        .prop_map(|(a, b, tail)| format!("{a}.{b}.0{tail}"))
}

/// Introductions and ends in turn, as honest sources have them, in any order.
fn events() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let bounds = proptest::collection::btree_set(version(), 0..6);
    let ends = proptest::collection::vec(prop_oneof![Just("fixed"), Just("last_affected")], 3);
    (bounds, ends, any::<bool>(), proptest::option::of(version())).prop_map(
        |(bounds, ends, from_zero, limit)| {
            let mut bounds: Vec<String> = bounds.into_iter().collect();
            bounds.sort_by(|a, b| Scheme::SemVer.compare(a, b));
            if from_zero || bounds.is_empty() {
                bounds.insert(0, "0".into());
            }
            let mut events: Vec<(&'static str, String)> = bounds
                .into_iter()
                .enumerate()
                .map(|(at, bound)| {
                    (
                        if at % 2 == 0 {
                            "introduced"
                        } else {
                            ends[at / 2 % 3]
                        },
                        bound,
                    )
                })
                .collect();
            events.extend(limit.map(|limit| ("limit", limit)));
            events.reverse();
            events
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_index_says_what_the_schema_says(events in events(), versions in proptest::collection::vec(version(), 1..8)) {
        let list: Vec<Value> = events.iter().map(|(kind, at)| json!({ *kind: at })).collect();
        let index = database(&[record("X-1", "a", &json!(list))]);
        for version in versions {
            prop_assert_eq!(!ids(&index, "a", &version).is_empty(), holds(&events, &version), "{} in {:?}", version, events);
        }
    }

    #[test]
    fn a_delta_answers_as_a_whole_build_does(changes in proptest::collection::vec((0usize..12, 0usize..5, 1u8..9, any::<bool>()), 1..12)) {
        let fixed = |number: u8| json!([{ "introduced": "0" }, { "fixed": format!("{number}.0.0") }]);
        let mut records: Vec<(String, Value)> = (0..8).map(|number| (format!("X-{number}"), record(&format!("X-{number}"), &format!("p{}", number % 5), &fixed(3)))).collect();
        let mut index = database(&records.iter().map(|(_, record)| record.clone()).collect::<Vec<_>>());
        for (number, package, end, withdrawn) in changes {
            let id = format!("X-{number}");
            let mut new = record(&id, &format!("p{package}"), &fixed(end));
            records.retain(|(known, _)| *known != id);
            if withdrawn {
                new["withdrawn"] = json!(NOW);
            } else {
                records.push((id.clone(), new.clone()));
            }
            let change = Change { source: "npm".into(), id, bytes: Some(new.to_string().into_bytes()) };
            index = Index::from_bytes(apply(&index, &[change], NOW).unwrap()).unwrap();
        }
        index.verify().unwrap();
        let whole = database(&records.iter().map(|(_, record)| record.clone()).collect::<Vec<_>>());
        for package in 0..5 {
            for version in 0..10 {
                let (name, version) = (format!("p{package}"), format!("{version}.0.0"));
                prop_assert_eq!(ids(&index, &name, &version), ids(&whole, &name, &version));
            }
        }
        for (id, _) in &records {
            let group = index.find(id).unwrap();
            prop_assert_eq!(group.len(), 1);
            let view = index.group(group[0]).unwrap();
            let prose = index.prose(&index.record(view.records[0]).unwrap()).unwrap();
            prop_assert_eq!(&*prose.details, format!("about {id}"));
        }
        prop_assert_eq!(index.meta().unwrap().advisories, records.len() as u64);
    }
}

#[test]
fn the_same_id_in_two_files_is_one_record_about_both() {
    let folder = tempfile::tempdir().unwrap();
    let write = |source: &str, ecosystem: &str, modified: &str| {
        let path = folder.path().join(source);
        std::fs::create_dir(&path).unwrap();
        let text = json!({ "id": "GHSA-1", "modified": modified, "affected": [{ "package": { "ecosystem": ecosystem, "name": "a" }, "versions": ["1.0.0"] }] });
        std::fs::write(path.join("1.json"), text.to_string()).unwrap();
        SourceFile {
            kind: SourceKind::Osv,
            name: source.into(),
            path,
        }
    };
    let sources = [
        write("npm", "npm", "2025-02-01T00:00:00Z"),
        write("PyPI", "PyPI", "2025-01-01T00:00:00Z"),
    ];
    let check = |index: &Index| {
        for ecosystem in [Ecosystem::Npm, Ecosystem::PyPi] {
            let query = Query {
                ecosystem,
                release: None,
                name: "a",
                version: "1.0.0",
            };
            assert_eq!(
                Matcher::new(index).hits(&query).unwrap().len(),
                1,
                "{ecosystem}"
            );
        }
        let info = index.meta().unwrap().info(index.snapshot());
        assert_eq!(
            (info.advisories, info.merged, info.withdrawn, info.refused),
            (1, 1, 0, 0)
        );
    };
    for order in [[0, 1], [1, 0]] {
        let sources = order.map(|at| sources[at].clone());
        check(&Index::from_bytes(build(&sources, NOW, &|_, _, _| {}).unwrap()).unwrap());
        // One after the other onto what is there.
        let first = Index::from_bytes(build(&sources[..1], NOW, &|_, _, _| {}).unwrap()).unwrap();
        check(
            &Index::from_bytes(build_on(Some(&first), &sources[1..], NOW, &|_, _, _| {}).unwrap())
                .unwrap(),
        );
    }
}

#[test]
fn upgrades_clear_everything_that_can_be_cleared() {
    let range = |low: &str, high: &str| json!([{ "introduced": low }, { "fixed": high }]);
    let open = json!([{ "introduced": "0" }]);
    let clear = |records: &[Value], version: &str| {
        let upgrade = Matcher::new(&database(records))
            .upgrade(&query("a", version))
            .unwrap();
        upgrade.map(|upgrade| format!("{} leaves {}", upgrade.version, upgrade.leaves))
    };
    let records = [
        record("X-1", "a", &range("0", "1.2.0")),
        record("X-2", "a", &range("1.1.0", "1.3.0")),
        record("X-3", "a", &range("0", "1.1.5-rc.1")),
    ];
    assert_eq!(clear(&records, "1.0.0").as_deref(), Some("1.3.0 leaves 0"));
    assert_eq!(
        clear(&records[2..], "1.0.0").as_deref(),
        Some("1.1.5-rc.1 leaves 0")
    );
    assert_eq!(
        clear(
            &[
                record("X-1", "a", &range("0", "1.2.0")),
                record("X-2", "a", &open)
            ],
            "1.0.0"
        )
        .as_deref(),
        Some("1.2.0 leaves 1")
    );
    assert_eq!(clear(&[record("X-2", "a", &open)], "1.0.0"), None);
}

#[test]
fn doubt_is_told() {
    let mut vague = record("X-1", "a", &json!([{ "introduced": "0" }]));
    vague["affected"][0]["database_specific"] = json!({ "fixed_unknown": true });
    let index = database(&[
        vague,
        record(
            "X-2",
            "b",
            &json!([{ "introduced": "0" }, { "fixed": "not a version" }]),
        ),
    ]);
    let doubt = |name: &str, version: &str| {
        Matcher::new(&index)
            .hits(&query(name, version))
            .unwrap()
            .first()
            .map(|hit| hit.doubt)
    };
    assert_eq!(doubt("a", "1.0.0"), Some(Some(Doubt::End)));
    assert_eq!(
        doubt("b", "1.0.0"),
        None,
        "what cannot be parsed stands below everything that can"
    );
}

#[test]
fn a_damaged_file_is_an_error_wherever_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let index = database(&[record(
        "X-1",
        "a",
        &json!([{ "introduced": "0" }, { "fixed": "2.0.0" }]),
    )]);
    let good = index.file().to_vec();
    for at in (0..good.len())
        .step_by(997)
        .chain([0, 9, 17, 30, 41, good.len() - 1])
    {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let result = Index::open(&path).and_then(|index| index.verify());
        let padding = result.is_ok();
        assert!(
            !padding || Index::open(&path).unwrap().snapshot() == index.snapshot(),
            "a flipped bit at {at} goes unseen"
        );
    }
    for length in [0, 7, 39, 4096, good.len() / 2, good.len() - 1] {
        std::fs::write(&path, &good[..length]).unwrap();
        assert!(
            matches!(
                Index::open(&path),
                Err(Error::Damaged(_) | Error::NotADatabase | Error::Io { .. })
            ),
            "{length}"
        );
    }
    let mut newer = good;
    newer[8] = 99;
    std::fs::write(&path, &newer).unwrap();
    assert!(matches!(
        Index::open(&path),
        Err(Error::FormatVersion { found: 99, .. })
    ));
}
