//! Fetching from a server that misbehaves, over a small copy of OSV's layout.

mod deltas;
mod first;
mod others;

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
