//! Fetching from a server that misbehaves, over a small copy of OSV's layout.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use stanchion_model::Ecosystem;
use stanchion_net::fixture::{ALWAYS, Behaviour, Server};
use stanchion_net::{Client, Options, Proxies};

use super::jobs::COMPILED;
use super::run::ensure_within;
use super::*;
use crate::{Database, Matcher, Query, signed};

const NOW: &str = "2026-11-24T00:00:00Z";
const LATER: &str = "2026-11-25T00:00:00Z";

/// By id: the time of the last change, and the text.
type Records = BTreeMap<String, (String, String)>;

/// A publisher.
struct Site {
    server: Server,
    records: Mutex<BTreeMap<String, Records>>,
    folder: tempfile::TempDir,
}

fn record(id: &str, ecosystem: &str, name: &str, fixed: &str, modified: &str) -> String {
    format!(
        r#"{{"schema_version":"1.7.0","id":"{id}","modified":"{modified}","summary":"about {name}","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},
        "ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    )
}

impl Site {
    /// One with a few records for npm and `PyPI`, and small tables.
    fn new() -> Self {
        let site = Self {
            server: Server::start(),
            records: Mutex::default(),
            folder: tempfile::tempdir().unwrap(),
        };
        for at in 0..6 {
            site.set(
                "npm",
                &format!("GHSA-npm-{at}"),
                &format!("left-pad-{at}"),
                "2.0.0",
                "2026-01-01T00:00:00Z",
            );
            site.set(
                "PyPI",
                &format!("PYSEC-2026-{at}"),
                &format!("snake-{at}"),
                "2.0.0",
                "2026-01-01T00:00:00Z",
            );
        }
        site.publish();
        site.server.put("/kev.json", r#"{"dateReleased":"2026-08-21T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2021-44228","dateAdded":"2021-12-10","knownRansomwareCampaignUse":"Known"}]}"#);
        site.server.put("/epss.csv", "#model_version:v1,score_date:2026-11-01T00:00:00Z\ncve,epss,percentile\nCVE-2021-44228,0.9,0.99\n");
        site.server.put("/eol.json", r#"{"generated_at":"2026-08-22","result":[{"name":"django","label":"Django","identifiers":[{"type":"purl","id":"pkg:pypi/django"}],"releases":[{"name":"3.2","isEol":true,"eolFrom":"2024-04-01"}]}]}"#);
        site
    }

    fn set(&self, ecosystem: &str, id: &str, name: &str, fixed: &str, modified: &str) {
        self.put(
            ecosystem,
            id,
            modified,
            record(id, ecosystem, name, fixed, modified),
        );
    }

    fn put(&self, ecosystem: &str, id: &str, modified: &str, text: String) {
        self.records
            .lock()
            .unwrap()
            .entry(ecosystem.to_owned())
            .or_default()
            .insert(id.to_owned(), (modified.to_owned(), text));
    }

    fn withdraw(&self, ecosystem: &str, id: &str, modified: &str) {
        self.put(
            ecosystem,
            id,
            modified,
            format!(r#"{{"id":"{id}","modified":"{modified}","withdrawn":"{modified}"}}"#),
        );
    }

    fn drop(&self, ecosystem: &str, id: &str) {
        self.records
            .lock()
            .unwrap()
            .get_mut(ecosystem)
            .unwrap()
            .remove(id);
        self.server.remove(&format!("/{ecosystem}/{id}.json"));
    }

    /// Puts everything in place as it is now: archives, lists, records.
    fn publish(&self) {
        for (ecosystem, records) in self.records.lock().unwrap().iter() {
            self.server.put(
                &format!("/{ecosystem}/all.zip"),
                zip(records
                    .iter()
                    .map(|(id, (_, text))| (format!("{id}.json"), text.clone().into_bytes()))),
            );
        }
        self.publish_lists();
    }

    /// As [`Site::publish`], with the archives left as they were.
    fn publish_lists(&self) {
        for (ecosystem, records) in self.records.lock().unwrap().iter() {
            let mut lines: Vec<String> = records
                .iter()
                .map(|(id, (modified, _))| format!("{modified},{id}\n"))
                .collect();
            lines.sort_by(|a, b| b.cmp(a));
            self.server
                .put(&format!("/{ecosystem}/modified_id.csv"), lines.concat());
            for (id, (_, text)) in records {
                self.server
                    .put(&format!("/{ecosystem}/{id}.json"), text.clone());
            }
        }
    }

    fn settings(&self) -> Settings {
        let url = |path: &str| self.server.url(path);
        Settings {
            osv: url(""),
            kev: url("/kev.json"),
            epss: url("/epss.csv"),
            eol: url("/eol.json"),
            ..Settings::default()
        }
    }

    fn client(&self) -> Client {
        let options = Options {
            allow_private: vec![self.server.host()],
            proxies: Proxies::none(),
            roots: None,
            backoff: Duration::from_millis(1),
            retries: 1,
            ..Options::default()
        };
        Client::new(options)
    }

    fn database(&self) -> Database {
        Database::at(self.folder.path())
    }

    fn ensure(&self, wanted: &[&str]) -> Outcome {
        let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        ensure(
            &self.database(),
            &self.settings(),
            &self.client(),
            &wanted,
            NOW,
            &Silent,
        )
        .unwrap()
    }

    fn update(&self) -> Report {
        update(
            &self.database(),
            &self.settings(),
            &self.client(),
            LATER,
            &Silent,
        )
        .unwrap()
    }

    fn hits(&self, ecosystem: Ecosystem, name: &str) -> usize {
        let index = self.database().open().unwrap().unwrap();
        index.verify().unwrap();
        Matcher::new(&index)
            .hits(&Query {
                ecosystem,
                release: None,
                name,
                version: "1.0.0",
            })
            .unwrap()
            .len()
    }

    fn meta(&self) -> crate::Meta {
        self.database().open().unwrap().unwrap().meta().unwrap()
    }

    fn failed(&self, name: &str) -> Option<String> {
        self.meta()
            .sources
            .into_iter()
            .find(|source| source.name == name)?
            .failed
    }

    fn asked(&self, path: &str) -> usize {
        self.server.asked(path)
    }
}

fn zip(entries: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer
            .start_file(
                name,
                zip::write::SimpleFileOptions::default()
                    .compression_method(zip::CompressionMethod::Stored),
            )
            .unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn became<'a>(sources: &'a [SourceReport], name: &str) -> &'a Became {
    &sources
        .iter()
        .find(|source| source.name == name)
        .unwrap_or_else(|| panic!("{name} in {sources:?}"))
        .became
}

fn why(became: &Became) -> &str {
    match became {
        Became::Failed(reason) | Became::Partly(_, reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_scan_fetches_what_it_met_and_the_next_nothing() {
    let site = Site::new();
    let outcome = site.ensure(&["npm", "Debian:12", "generic", "nonsense"]);
    assert!(
        outcome.replaced && outcome.missing.is_empty(),
        "{outcome:?}"
    );
    assert_eq!(*became(&outcome.sources, "npm"), Became::Replaced(6));
    assert_eq!(*became(&outcome.sources, "kev"), Became::Replaced(1));
    assert_eq!(*became(&outcome.sources, "Debian"), Became::Absent);
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-3"),
            site.asked("/PyPI/all.zip")
        ),
        (1, 0)
    );
    assert!(
        site.database()
            .open()
            .unwrap()
            .unwrap()
            .kev("CVE-2021-44228")
            .unwrap()
            .is_some()
    );
    assert_eq!(site.meta().updated, NOW);
    // What the publisher does not have is not asked for again, nor anything else.
    let before = site.server.requests().len();
    assert_eq!(site.ensure(&["npm", "Debian:11"]), Outcome::default());
    assert_eq!(site.server.requests().len(), before);
    let left: Vec<PathBuf> = std::fs::read_dir(site.database().downloads())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn another_ecosystem_joins_and_makes_nothing_younger() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let wanted = ["PyPI".to_owned(), "npm".to_owned()];
    let outcome = ensure(
        &site.database(),
        &site.settings(),
        &site.client(),
        &wanted,
        LATER,
        &Silent,
    )
    .unwrap();
    assert_eq!(*became(&outcome.sources, "PyPI"), Became::Replaced(6));
    assert_eq!(*became(&outcome.sources, "kev"), Became::Unchanged);
    assert_eq!(
        (site.asked("/npm/all.zip"), site.meta().updated.as_str()),
        (1, NOW)
    );
    assert_eq!(
        site.hits(Ecosystem::Npm, "left-pad-0") + site.hits(Ecosystem::PyPi, "snake-0"),
        2
    );
}

#[test]
fn names_with_spaces_are_encoded() {
    let site = Site::new();
    let text = record(
        "GHSA-a-b-c",
        "GitHub Actions",
        "actions/cache",
        "2.0.0",
        "2026-01-01T00:00:00Z",
    );
    site.server.put(
        "/GitHub Actions/all.zip",
        zip([("GHSA-a-b-c.json".to_owned(), text.into_bytes())].into_iter()),
    );
    let outcome = site.ensure(&["GitHub Actions"]);
    assert_eq!(
        *became(&outcome.sources, "GitHub Actions"),
        Became::Replaced(1)
    );
    assert_eq!(site.asked("/GitHub%20Actions/all.zip"), 1);
}

#[test]
fn offline_asks_for_nothing() {
    let site = Site::new();
    let client = Client::new(Options {
        offline: true,
        proxies: Proxies::none(),
        ..Options::default()
    });
    let outcome = ensure(
        &site.database(),
        &site.settings(),
        &client,
        &["npm".into()],
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        outcome,
        Outcome {
            missing: vec!["npm".into()],
            ..Outcome::default()
        }
    );
    assert!(site.server.requests().is_empty() && !site.database().file().exists());
}

#[test]
fn a_folder_serves_as_a_mirror_also_offline() {
    let site = Site::new();
    let mirror = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(mirror.path().join("npm")).unwrap();
    let text = |at: u32| {
        record(
            &format!("GHSA-{at}"),
            "npm",
            &format!("pad-{at}"),
            "2.0.0",
            "2026-01-01T00:00:00Z",
        )
    };
    let write = |count: u32| {
        let records: Vec<_> = (0..count)
            .map(|at| (format!("GHSA-{at}.json"), text(at).into_bytes()))
            .collect();
        std::fs::write(mirror.path().join("npm/all.zip"), zip(records.into_iter())).unwrap();
    };
    write(1);
    std::fs::write(
        mirror.path().join("kev.json"),
        r#"{"vulnerabilities":[{"cveID":"CVE-2021-44228","dateAdded":"2021-12-10"}]}"#,
    )
    .unwrap();
    let path = |name: &str| mirror.path().join(name).display().to_string();
    let settings = Settings {
        osv: path(""),
        kev: format!("file://{}", path("kev.json")),
        epss: path("none.csv"),
        eol: path("none.json"),
        ..Settings::default()
    };
    let client = Client::new(Options {
        offline: true,
        proxies: Proxies::none(),
        ..Options::default()
    });
    let outcome = ensure(
        &site.database(),
        &settings,
        &client,
        &["npm".into()],
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        (
            became(&outcome.sources, "npm"),
            became(&outcome.sources, "kev")
        ),
        (&Became::Replaced(1), &Became::Replaced(1))
    );
    assert!(why(became(&outcome.sources, "epss")).contains("none.csv"));
    assert!(mirror.path().join("npm/all.zip").exists());
    let again = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(
        (became(&again.sources, "npm"), became(&again.sources, "kev")),
        (&Became::Unchanged, &Became::Unchanged)
    );
    write(2);
    let again = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(*became(&again.sources, "npm"), Became::Replaced(2));
}

struct Count<'a>(&'a Mutex<Vec<(String, u64)>>);
impl Talk for Count<'_> {
    fn step(&self, what: &str, done: u64, _: Option<u64>) {
        self.0.lock().unwrap().push((what.to_owned(), done));
    }
    fn say(&self, _: &str) {}
}

#[test]
fn slow_is_waited_for() {
    let site = Site::new();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            rate: 4000,
            ..Behaviour::default()
        },
    );
    let steps = Mutex::new(Vec::new());
    let outcome = ensure(
        &site.database(),
        &site.settings(),
        &site.client(),
        &["npm".into()],
        NOW,
        &Count(&steps),
    )
    .unwrap();
    assert_eq!(*became(&outcome.sources, "npm"), Became::Replaced(6));
    assert!(
        steps
            .into_inner()
            .unwrap()
            .iter()
            .filter(|(what, _)| what == "npm")
            .count()
            > 5
    );
}

#[test]
fn a_torn_download_is_taken_up_by_the_next_run() {
    let site = Site::new();
    for at in 0..200 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            &format!("more-{at}"),
            "2.0.0",
            "2026-01-01T00:00:00Z",
        );
    }
    site.publish();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            cut: Some((30_000, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let outcome = site.ensure(&["npm", "PyPI"]);
    // The scan goes on: the other ecosystem is there, and the lack of this one is named.
    assert!(
        why(became(&outcome.sources, "npm")).contains("/npm/all.zip"),
        "{outcome:?}"
    );
    assert_eq!(
        (outcome.missing.as_slice(), became(&outcome.sources, "PyPI")),
        (&["npm".to_owned()][..], &Became::Replaced(6))
    );
    assert!(site.failed("npm").is_some());
    assert_eq!(site.server.served("/npm/all.zip"), 30_000);
    site.server.behave("/npm/all.zip", Behaviour::default());
    let outcome = site.ensure(&["npm", "PyPI"]);
    assert_eq!(*became(&outcome.sources, "npm"), Became::Replaced(206));
    let whole = site
        .client()
        .get(&site.server.url("/npm/all.zip"), 1 << 30)
        .unwrap()
        .len() as u64;
    assert_eq!(site.server.served("/npm/all.zip"), 2 * whole);
    assert!(site.failed("npm").is_none() && site.hits(Ecosystem::Npm, "more-199") == 1);
}

#[test]
fn a_server_that_dies_for_good_leaves_nothing_or_the_old() {
    let site = Site::new();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            cut: Some((1000, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let outcome = site.ensure(&["npm"]);
    assert!(
        !outcome.replaced
            && outcome.missing == ["npm"]
            && matches!(became(&outcome.sources, "npm"), Became::Failed(_))
    );
    // KEV alone is no database.
    assert!(!site.database().file().exists());
    site.server.behave("/npm/all.zip", Behaviour::default());
    site.ensure(&["npm"]);
    let (settings, client) = (site.settings(), site.client());
    let (database, snapshot) = (
        site.database(),
        site.database()
            .open()
            .unwrap()
            .unwrap()
            .snapshot()
            .to_owned(),
    );
    let folder = site.folder;
    drop(site.server);
    let outcome = ensure(
        &database,
        &settings,
        &client,
        &["npm".into(), "PyPI".into()],
        LATER,
        &Silent,
    )
    .unwrap();
    assert!(!outcome.replaced && outcome.missing == ["PyPI"]);
    let report = update(&database, &settings, &client, LATER, &Silent).unwrap();
    for name in ["npm", "kev", "epss", "eol"] {
        assert!(
            matches!(became(&report.sources, name), Became::Failed(_)),
            "{report:?}"
        );
    }
    let index = database.open().unwrap().unwrap();
    let meta = index.meta().unwrap();
    assert_eq!(
        (index.snapshot(), meta.updated.as_str()),
        (snapshot.as_str(), NOW)
    );
    assert!(
        meta.sources.iter().all(|source| source.failed.is_some()),
        "{:?}",
        meta.sources
    );
    drop(folder);
}

#[test]
fn a_length_that_lies_and_pages_in_place_of_archives_are_refused() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let good = site
        .client()
        .get(&site.server.url("/npm/all.zip"), 1 << 30)
        .unwrap();
    // New records, so that the archive is asked for.
    for at in 0..3 {
        site.drop("npm", &format!("GHSA-npm-{at}"));
    }
    site.publish_lists();
    let middle = {
        let mut bytes = good.clone();
        bytes[40..1200].fill(b'x');
        bytes
    };
    let bad: [(&str, Vec<u8>, Behaviour); 6] = [
        (
            "lie",
            [&good[..], b"more"].concat(),
            Behaviour {
                lie: Some((-900, ALWAYS)),
                no_range: true,
                ..Behaviour::default()
            },
        ),
        (
            "long",
            [&good[..], b"more"].concat(),
            Behaviour {
                lie: Some((900, ALWAYS)),
                ..Behaviour::default()
            },
        ),
        ("cut", good[..good.len() / 2].to_vec(), Behaviour::default()),
        (
            "html",
            b"<html>maintenance</html>".to_vec(),
            Behaviour::default(),
        ),
        ("empty", zip(std::iter::empty()), Behaviour::default()),
        ("flipped", middle, Behaviour::default()),
    ];
    for (name, bytes, behaviour) in bad {
        site.server.put("/npm/all.zip", bytes);
        site.server.behave("/npm/all.zip", behaviour);
        let report = site.update();
        assert!(
            matches!(became(&report.sources, "npm"), Became::Failed(_)),
            "{name}: {report:?}"
        );
        assert!(
            site.failed("npm").unwrap().contains("/npm/all.zip"),
            "{name}"
        );
        assert_eq!(
            (
                site.hits(Ecosystem::Npm, "left-pad-0"),
                site.meta().updated.as_str()
            ),
            (1, NOW),
            "{name}"
        );
    }
    // Bad tables too, each by itself.
    site.publish();
    site.server.behave("/npm/all.zip", Behaviour::default());
    site.server.put("/kev.json", r#"{"vulnerabilities":[]}"#);
    site.server.put("/epss.csv", b"\x1f\x8b torn".to_vec());
    site.server.put("/eol.json", "<html>");
    let report = site.update();
    for name in ["kev", "epss", "eol"] {
        assert!(
            matches!(became(&report.sources, name), Became::Failed(_)),
            "{report:?}"
        );
        assert!(site.failed(name).is_some());
    }
    assert_eq!(*became(&report.sources, "npm"), Became::Replaced(3));
    assert!(
        site.database()
            .open()
            .unwrap()
            .unwrap()
            .kev("CVE-2021-44228")
            .unwrap()
            .is_some()
    );
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-0"),
            site.hits(Ecosystem::Npm, "left-pad-4")
        ),
        (0, 1)
    );
}

#[test]
fn a_delta_takes_over_what_changed() {
    let site = Site::new();
    site.ensure(&["npm"]);
    assert!(
        site.update()
            .sources
            .iter()
            .all(|source| source.became == Became::Unchanged)
    );
    assert_eq!(
        (site.meta().updated.as_str(), site.asked("/npm/all.zip")),
        (LATER, 1)
    );
    site.set(
        "npm",
        "GHSA-npm-0",
        "left-pad-0",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.withdraw("npm", "GHSA-npm-1", "2026-02-01T00:00:00.25Z");
    // As old as what is here, and new all the same.
    site.set(
        "npm",
        "GHSA-new",
        "brand-new",
        "2.0.0",
        "2025-06-01T00:00:00Z",
    );
    // In the future: must not hide what changes later.
    site.set(
        "npm",
        "GHSA-npm-2",
        "left-pad-2",
        "0.5.0",
        "2027-07-09T00:00:00Z",
    );
    site.publish();
    let report = site.update();
    assert_eq!(*became(&report.sources, "npm"), Became::Changed(4));
    let hits = |name: &str| site.hits(Ecosystem::Npm, name);
    assert_eq!(
        (
            hits("left-pad-0"),
            hits("left-pad-1"),
            hits("left-pad-2"),
            hits("left-pad-3"),
            hits("brand-new")
        ),
        (0, 0, 0, 1, 1)
    );
    assert_eq!(
        (
            site.asked("/npm/all.zip"),
            site.asked("/npm/GHSA-npm-1.json"),
            site.asked("/npm/GHSA-npm-3.json")
        ),
        (1, 1, 0)
    );
    // What is taken over is not asked for again, withdrawn or in the future.
    assert_eq!(*became(&site.update().sources, "npm"), Became::Unchanged);
    assert_eq!(
        (
            site.asked("/npm/GHSA-npm-1.json"),
            site.asked("/npm/GHSA-npm-2.json")
        ),
        (1, 1)
    );
    site.set(
        "npm",
        "GHSA-npm-3",
        "left-pad-3",
        "0.5.0",
        "2026-03-01T00:00:00Z",
    );
    site.publish();
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(1));
    assert_eq!(site.hits(Ecosystem::Npm, "left-pad-3"), 0);
}

#[test]
fn a_delta_with_broken_records_takes_the_good_and_asks_again() {
    let site = Site::new();
    site.ensure(&["npm"]);
    for at in 0..3 {
        site.set(
            "npm",
            &format!("GHSA-npm-{at}"),
            &format!("left-pad-{at}"),
            "0.5.0",
            "2026-02-01T00:00:00Z",
        );
    }
    site.publish();
    site.server
        .put("/npm/GHSA-npm-0.json", "{\"id\": \"GHSA-npm-0\", ");
    // Another record than was asked for.
    site.server.put(
        "/npm/GHSA-npm-1.json",
        record(
            "GHSA-npm-5",
            "npm",
            "left-pad-5",
            "0.1.0",
            "2026-02-01T00:00:00Z",
        ),
    );
    let report = site.update();
    let Became::Partly(1, reason) = became(&report.sources, "npm") else {
        panic!("{report:?}")
    };
    assert!(
        reason.contains("2 of 3") && site.failed("npm").as_ref() == Some(reason),
        "{reason}"
    );
    let hits = |name: &str| site.hits(Ecosystem::Npm, name);
    assert_eq!(
        (
            hits("left-pad-0"),
            hits("left-pad-1"),
            hits("left-pad-2"),
            hits("left-pad-5")
        ),
        (1, 1, 0, 1)
    );
    assert_eq!(site.meta().updated, NOW);
    site.publish();
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(2));
    assert_eq!(
        (hits("left-pad-0"), hits("left-pad-1"), site.failed("npm")),
        (0, 0, None)
    );
    // None to be had at all, and a list that is none.
    site.set(
        "npm",
        "GHSA-npm-3",
        "left-pad-3",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.publish();
    site.server.put("/npm/GHSA-npm-3.json", "<html>");
    assert!(why(became(&site.update().sources, "npm")).contains("GHSA-npm-3"));
    site.server.put("/npm/modified_id.csv", "<html>");
    assert!(why(became(&site.update().sources, "npm")).contains("modified_id.csv"));
    assert_eq!(hits("left-pad-3"), 1);
}

#[test]
fn a_server_that_is_gone_is_not_asked_for_every_record() {
    let site = Site::new();
    for at in 0..300 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            "more",
            "2.0.0",
            "2026-01-01T00:00:00Z",
        );
    }
    site.publish();
    site.ensure(&["npm"]);
    for at in 0..300 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            "more",
            "2.0.0",
            "2026-02-01T00:00:00Z",
        );
    }
    site.publish();
    for at in 0..300 {
        site.server.behave(
            &format!("/npm/GHSA-more-{at}.json"),
            Behaviour {
                status: Some((503, Vec::new(), ALWAYS)),
                ..Behaviour::default()
            },
        );
    }
    let report = site.update();
    assert!(
        why(became(&report.sources, "npm")).contains("300 of 300"),
        "{report:?}"
    );
    let asked = site
        .server
        .requests()
        .iter()
        .filter(|request| request.path.contains("more"))
        .count();
    assert!(asked <= 32, "{asked}");
}

#[test]
fn a_record_that_vanishes_is_gone_when_the_archive_says_so() {
    let site = Site::new();
    site.ensure(&["npm"]);
    site.update();
    // Listed and not there, nor in the archive: kept, and asked for again.
    site.set(
        "npm",
        "GHSA-npm-0",
        "left-pad-0",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.publish_lists();
    site.server.remove("/npm/GHSA-npm-0.json");
    for asked in [2, 3] {
        let report = site.update();
        assert_eq!(
            (
                became(&report.sources, "npm"),
                site.asked("/npm/all.zip"),
                site.asked("/npm/GHSA-npm-0.json")
            ),
            (&Became::Unchanged, asked, asked - 1)
        );
        assert_eq!(
            (
                site.hits(Ecosystem::Npm, "left-pad-0"),
                site.meta().updated.as_str()
            ),
            (1, LATER)
        );
    }
    site.set(
        "npm",
        "GHSA-npm-5",
        "left-pad-5",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.publish_lists();
    site.server.remove("/npm/GHSA-npm-0.json");
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(1));
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-0"),
            site.hits(Ecosystem::Npm, "left-pad-5")
        ),
        (1, 0)
    );
    // The archive has caught up, the single records have not.
    site.publish();
    site.server.remove("/npm/GHSA-npm-0.json");
    assert_eq!(*became(&site.update().sources, "npm"), Became::Replaced(6));
    assert_eq!(site.hits(Ecosystem::Npm, "left-pad-0"), 0);
    // Gone from the list: the archive is asked, and it still has it.
    site.drop("npm", "GHSA-npm-1");
    site.publish_lists();
    let asked = site.asked("/npm/all.zip");
    assert_eq!(
        (
            became(&site.update().sources, "npm"),
            site.asked("/npm/all.zip")
        ),
        (&Became::Unchanged, asked + 1)
    );
    assert_eq!(site.hits(Ecosystem::Npm, "left-pad-1"), 1);
    // Now the archive has it no more.
    site.publish();
    assert_eq!(*became(&site.update().sources, "npm"), Became::Replaced(5));
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-1"),
            site.hits(Ecosystem::Npm, "left-pad-2")
        ),
        (0, 1)
    );
    assert_eq!(*became(&site.update().sources, "npm"), Became::Unchanged);
}

#[test]
fn many_changes_are_fetched_as_a_whole_and_what_the_archive_lacks_singly_after() {
    let site = Site::new();
    site.ensure(&["npm"]);
    for at in 0..600 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            &format!("more-{at}"),
            "2.0.0",
            "2026-01-02T00:00:00Z",
        );
    }
    site.publish();
    // Written after the archive.
    site.set("npm", "GHSA-last", "last", "2.0.0", "2026-01-03T00:00:00Z");
    site.publish_lists();
    let report = site.update();
    assert_eq!(
        (became(&report.sources, "npm"), site.asked("/npm/all.zip")),
        (&Became::Replaced(606), 2)
    );
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "more-599"),
            site.hits(Ecosystem::Npm, "last")
        ),
        (1, 0)
    );
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(1));
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "last"),
            site.asked("/npm/all.zip"),
            site.asked("/npm/GHSA-more-0.json")
        ),
        (1, 2, 0)
    );
}

#[test]
fn unchanged_costs_a_question() {
    let site = Site::new();
    site.ensure(&["npm"]);
    site.server.remove("/npm/modified_id.csv");
    let served = site.server.served("/kev.json") + site.server.served("/npm/all.zip");
    let report = site.update();
    assert!(
        report.written
            && report
                .sources
                .iter()
                .all(|source| source.became == Became::Unchanged),
        "{report:?}"
    );
    assert_eq!(
        (
            site.server.served("/kev.json") + site.server.served("/npm/all.zip"),
            site.asked("/npm/all.zip")
        ),
        (served, 2)
    );
    assert_eq!(site.meta().updated, LATER);
    assert!(
        site.meta()
            .sources
            .iter()
            .all(|source| source.fetched.as_deref() == Some(LATER))
    );
    site.update();
    assert_eq!(
        site.server.served("/kev.json") + site.server.served("/npm/all.zip"),
        served
    );
    // A database that was lost or replaced by others is not taken for the one that was fetched.
    std::fs::remove_file(site.database().file()).unwrap();
    let outcome = site.ensure(&["npm"]);
    assert_eq!(
        (
            became(&outcome.sources, "npm"),
            became(&outcome.sources, "kev")
        ),
        (&Became::Replaced(6), &Became::Replaced(1))
    );
}

#[test]
fn a_database_put_in_place_by_others_is_not_taken_for_the_one_fetched() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let old = std::fs::read(site.database().file()).unwrap();
    site.set(
        "npm",
        "GHSA-npm-0",
        "left-pad-0",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.withdraw("npm", "GHSA-npm-1", "2026-02-01T00:00:00Z");
    site.publish();
    site.server.put(
        "/kev.json",
        r#"{"vulnerabilities":[{"cveID":"CVE-2025-1000","dateAdded":"2025-12-10"}]}"#,
    );
    let report = site.update();
    assert_eq!(
        (
            became(&report.sources, "npm"),
            became(&report.sources, "kev")
        ),
        (&Became::Changed(2), &Became::Replaced(1))
    );
    // Yesterday's database from a backup: everything is looked at again.
    site.database().replace(&old).unwrap();
    let report = site.update();
    assert_eq!(
        (
            became(&report.sources, "npm"),
            became(&report.sources, "kev")
        ),
        (&Became::Changed(2), &Became::Replaced(1))
    );
    assert_eq!(
        site.hits(Ecosystem::Npm, "left-pad-0") + site.hits(Ecosystem::Npm, "left-pad-1"),
        0
    );
    // Another publisher's versions say nothing about this one's.
    let other = Site::new();
    let settings = Settings {
        osv: other.server.url(""),
        kev: other.server.url("/kev.json"),
        ..site.settings()
    };
    let client = Client::new(Options {
        allow_private: vec![site.server.host(), other.server.host()],
        proxies: Proxies::none(),
        roots: None,
        ..Options::default()
    });
    let report = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(*became(&report.sources, "kev"), Became::Replaced(1));
    assert!(
        other
            .server
            .requests()
            .iter()
            .all(|request| !request.headers.contains_key("if-none-match"))
    );
}

#[test]
fn a_damaged_database_is_fetched_anew() {
    let site = Site::new();
    site.ensure(&["npm"]);
    std::fs::write(site.database().file(), b"torn").unwrap();
    let outcome = site.ensure(&["npm"]);
    assert!(outcome.replaced && site.hits(Ecosystem::Npm, "left-pad-0") == 1);
}

#[test]
fn an_update_takes_in_what_is_named_and_leaves_what_is_ones_own() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let own = tempfile::tempdir().unwrap();
    std::fs::create_dir(own.path().join("acme")).unwrap();
    std::fs::write(
        own.path().join("acme/ACME-1.json"),
        record(
            "ACME-1",
            "npm",
            "acme-internal",
            "2.0.0",
            "2026-01-01T00:00:00Z",
        ),
    )
    .unwrap();
    let sources = crate::import::find_sources(own.path()).unwrap();
    let base = site.database().open().unwrap();
    let bytes = crate::import::build_on(base.as_ref(), &sources, NOW, &|_, _, _| {}).unwrap();
    drop(base);
    site.database().replace(&bytes).unwrap();
    let settings = Settings {
        ecosystems: vec!["pypi".into(), "npn".into(), "CRAN".into()],
        ..site.settings()
    };
    let report = update(&site.database(), &settings, &site.client(), LATER, &Silent).unwrap();
    assert_eq!(
        (
            became(&report.sources, "PyPI"),
            became(&report.sources, "npm"),
            became(&report.sources, "CRAN")
        ),
        (&Became::Replaced(6), &Became::Unchanged, &Became::Absent)
    );
    assert!(matches!(became(&report.sources, "npn"), Became::Failed(_)));
    assert_eq!(site.hits(Ecosystem::Npm, "acme-internal"), 1);
    assert!(
        site.server
            .requests()
            .iter()
            .all(|request| !request.path.contains("acme")),
        "one's own names stay here"
    );
}

#[test]
fn two_runs_at_once_fetch_once() {
    let site = Site::new();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            rate: 8000,
            ..Behaviour::default()
        },
    );
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| site.ensure(&["npm"])))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(site.asked("/npm/all.zip"), 1);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.replaced && outcome.missing.is_empty()),
        "{outcomes:?}"
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| !outcome.sources.is_empty())
            .count(),
        1
    );
}

#[test]
fn a_run_that_hangs_is_not_waited_for() {
    let site = Site::new();
    let database = site.database();
    let lock = database.try_lock().unwrap().unwrap();
    let wait = |patience| {
        ensure_within(
            patience,
            &database,
            &site.settings(),
            &site.client(),
            &["npm".into()],
            NOW,
            &Silent,
        )
        .unwrap()
    };
    assert_eq!(
        wait(Duration::from_millis(200)),
        Outcome {
            missing: vec!["npm".into()],
            ..Outcome::default()
        }
    );
    // One that gets on is waited for, longer than the patience.
    let outcome = std::thread::scope(|scope| {
        let beats = scope.spawn(|| {
            for count in 0..20 {
                std::fs::write(database.folder().join("progress"), count.to_string()).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
            drop(lock);
        });
        let outcome = wait(Duration::from_millis(1500));
        beats.join().unwrap();
        outcome
    });
    assert!(
        outcome.replaced && outcome.missing.is_empty(),
        "{outcome:?}"
    );
}

#[test]
fn a_compiled_export_takes_the_place_of_the_sources() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let (key, public) = signed::SigningKey::generate().unwrap();
    let path = site.folder.path().join("key");
    std::fs::write(&path, key).unwrap();
    let key = signed::SigningKey::read(&path).unwrap();
    let index = site.database().open().unwrap().unwrap();
    let (signed, unsigned) = (
        signed::export(&index, Some(&key)).unwrap(),
        signed::export(&index, None).unwrap(),
    );
    drop(index);

    let client = site.client();
    let other = tempfile::tempdir().unwrap();
    let database = Database::at(other.path());
    let settings = Settings {
        compiled: Some(site.server.url("/stanchion.db")),
        trusted_keys: vec![public],
        ..site.settings()
    };
    let strangers = Settings {
        trusted_keys: vec!["AAAA".into()],
        ..settings.clone()
    };
    let run = |settings: &Settings| {
        ensure(
            &database,
            settings,
            &client,
            &["npm".into(), "PyPI".into()],
            LATER,
            &Silent,
        )
        .unwrap()
    };
    let before = site.server.requests().len();
    let mut torn = signed.clone();
    torn[500] ^= 1;
    for (bytes, settings, word) in [
        (&unsigned, &settings, "not signed"),
        (&signed, &strangers, "not among the trusted"),
        (&torn, &settings, "wrong"),
        (&b"<html>".to_vec(), &settings, "no exported database"),
    ] {
        site.server.put("/stanchion.db", bytes.clone());
        let outcome = run(settings);
        assert!(
            why(became(&outcome.sources, COMPILED)).contains(word),
            "{outcome:?}"
        );
        assert!(
            !outcome.replaced && outcome.missing == ["PyPI", "npm"] && !database.file().exists()
        );
    }
    site.server.put("/stanchion.db", signed.clone());
    let outcome = run(&settings);
    assert_eq!(*became(&outcome.sources, COMPILED), Became::Replaced(6));
    assert!(outcome.replaced && outcome.missing.is_empty());
    assert!(
        site.server.requests()[before..]
            .iter()
            .all(|request| request.path == "/stanchion.db")
    );
    // What it lacks is not asked for at every scan.
    let asked = site.asked("/stanchion.db");
    assert_eq!(run(&settings), Outcome::default());
    assert_eq!(site.asked("/stanchion.db"), asked);
    // Its age is that of its making.
    let refresh =
        |settings: &Settings| update(&database, settings, &client, LATER, &Silent).unwrap();
    assert_eq!(
        *became(&refresh(&settings).sources, COMPILED),
        Became::Unchanged
    );
    assert_eq!(
        database.open().unwrap().unwrap().meta().unwrap().updated,
        NOW
    );
    // An unsigned one only when told, a newer one gladly, and never an older one.
    site.update();
    let index = site.database().open().unwrap().unwrap();
    site.server
        .put("/stanchion.db", signed::export(&index, None).unwrap());
    assert!(matches!(
        became(&refresh(&settings).sources, COMPILED),
        Became::Failed(_)
    ));
    let meta = database.open().unwrap().unwrap().meta().unwrap();
    assert!(
        meta.sources
            .iter()
            .any(|source| source.name == COMPILED && source.failed.is_some())
            && meta.updated == NOW
    );
    assert_eq!(
        *became(
            &refresh(&Settings {
                unsigned: true,
                ..settings.clone()
            })
            .sources,
            COMPILED
        ),
        Became::Replaced(6)
    );
    assert_eq!(
        database.open().unwrap().unwrap().meta().unwrap().updated,
        LATER
    );
    site.server.put("/stanchion.db", signed);
    let report = refresh(&settings);
    assert!(
        why(became(&report.sources, COMPILED)).contains("before the database that is here"),
        "{report:?}"
    );
}

#[test]
fn the_shared_copy_is_fetched_and_updated() {
    let shared = std::env::var_os("STANCHION_SHARED")
        .map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            PathBuf::from,
        )
        .join("advisories");
    if !shared.join("osv/npm/all.zip").exists() {
        return;
    }
    let site = Site::new();
    let server = Server::start();
    server.folder(&shared);
    let client = Client::new(Options {
        allow_private: vec![server.host()],
        proxies: Proxies::none(),
        roots: None,
        ..Options::default()
    });
    let settings = Settings {
        osv: server.url("/osv"),
        kev: server.url("/kev/known_exploited_vulnerabilities.json"),
        epss: site.server.url("/epss.csv"),
        eol: server.url("/eol/products-full.json"),
        ssvc: Some(server.url("/ssvc/vulnrichment.zip")),
        ..Settings::default()
    };
    let outcome = ensure(
        &site.database(),
        &settings,
        &client,
        &["npm".into(), "PyPI".into()],
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        (
            became(&outcome.sources, "npm"),
            became(&outcome.sources, "PyPI"),
            became(&outcome.sources, "kev")
        ),
        (
            &Became::Replaced(3731),
            &Became::Replaced(7080),
            &Became::Replaced(1674)
        )
    );
    // The guard holds for each source: this client may not go to the other server.
    assert!(why(became(&outcome.sources, "epss")).contains("http is refused"));
    assert_eq!(server.asked("/ssvc/vulnrichment.zip"), 0);
    // The list stands beside the archive; what is withdrawn looks new once and is then known.
    let report = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(
        *became(&report.sources, "npm"),
        Became::Unchanged,
        "{report:?}"
    );
    assert!(
        matches!(became(&report.sources, "ssvc"), Became::Replaced(count) if *count > 5000),
        "{report:?}"
    );
    let index = site.database().open().unwrap().unwrap();
    let hits = Matcher::new(&index)
        .hits(&Query {
            ecosystem: Ecosystem::PyPi,
            release: None,
            name: "django",
            version: "3.2.12",
        })
        .unwrap();
    assert!(hits.len() > 10, "{}", hits.len());
}
