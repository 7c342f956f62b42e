//! Micro-benches of the index: building, opening, looking up, matching, and a delta. `cargo bench -p stanchion-advisories`.
//!
//! With `STANCHION_BENCH_ADVISORIES=DIR` the database is built from that folder; else it is made up.

#![allow(
    clippy::expect_used,
    reason = "a bench that cannot be set up has nothing to say"
)]

use std::path::PathBuf;
use std::sync::LazyLock;

use divan::Bencher;
use stanchion_advisories::import::{SourceFile, SourceKind, build, find_sources};
use stanchion_advisories::update::{Change, apply};
use stanchion_advisories::{Index, Matcher, Query};
use stanchion_model::Ecosystem;

const NOW: &str = "2026-01-01T00:00:00Z";

fn main() {
    divan::main();
}

fn record(number: usize) -> String {
    format!(
        r#"{{"id":"GHSA-{number}","aliases":["CVE-2021-{number}"],"modified":"2021-01-01T00:00:00Z","summary":"Something is wrong with it",
        "details":"A longer text about what is wrong with number {number}.","severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
        "affected":[{{"package":{{"ecosystem":"npm","name":"package-{}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"1.{}.{number}"}}]}}]}}]}}"#,
        number % 4000,
        number % 30,
    )
}

/// The sources, and the folder that holds them while they are made up.
static SOURCES: LazyLock<(Vec<SourceFile>, Option<tempfile::TempDir>)> = LazyLock::new(|| {
    if let Some(folder) = std::env::var_os("STANCHION_BENCH_ADVISORIES") {
        return (find_sources(&PathBuf::from(folder)).expect("sources"), None);
    }
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..20_000 {
        std::fs::write(folder.path().join(format!("{number}.json")), record(number))
            .expect("a file");
    }
    let source = SourceFile {
        kind: SourceKind::Osv,
        name: "npm".into(),
        path: folder.path().to_owned(),
    };
    (vec![source], Some(folder))
});

static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    std::fs::write(
        &path,
        build(&SOURCES.0, NOW, &|_, _, _| {}).expect("a database"),
    )
    .expect("a file");
    (folder, path)
});

fn open() -> Index {
    Index::open(&FILE.1).expect("a database")
}

fn query(name: &str) -> Query<'_> {
    Query {
        ecosystem: Ecosystem::Npm,
        release: None,
        name,
        version: "1.2.3",
    }
}

#[divan::bench(sample_count = 5)]
fn build_from_sources() -> usize {
    build(&SOURCES.0, NOW, &|_, _, _| {})
        .expect("a database")
        .len()
}

#[divan::bench]
fn open_the_file() -> Index {
    open()
}

#[divan::bench]
fn look_up_a_thousand(bencher: Bencher<'_, '_>) {
    let index = open();
    let names: Vec<String> = (0..1000)
        .map(|number| {
            if number % 2 == 0 {
                format!("package-{number}")
            } else {
                format!("left-pad-{number}")
            }
        })
        .collect();
    let mut matcher = Matcher::new(&index);
    bencher
        .counter(divan::counter::ItemsCount::new(names.len()))
        .bench_local(|| {
            names
                .iter()
                .filter(|name| matcher.package(&query(name)).expect("an answer").is_some())
                .count()
        });
}

#[divan::bench]
fn match_one_with_hits(bencher: Bencher<'_, '_>) {
    let index = open();
    let mut matcher = Matcher::new(&index);
    let name = if matcher
        .package(&query("lodash"))
        .expect("an answer")
        .is_some()
    {
        "lodash"
    } else {
        "package-7"
    };
    bencher.bench_local(|| matcher.hits(&query(name)).expect("hits").len());
}

#[divan::bench(sample_count = 10)]
fn delta_of_a_thousand(bencher: Bencher<'_, '_>) {
    let index = open();
    let changes: Vec<Change> = (0..1000)
        .map(|number| Change {
            source: "npm".into(),
            id: format!("GHSA-{}", number * 7),
            bytes: Some(record(number * 7).into_bytes()),
        })
        .collect();
    bencher.bench_local(|| apply(&index, &changes, NOW).expect("a database").len());
}
