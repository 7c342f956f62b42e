//! The engine without HTTP, on both stores.

mod matching;
mod working;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use stanchion_advisories::update::{self, Change};
use stanchion_advisories::{Database, Index, import};
use stanchion_net::{Client, Proxies};
use stanchion_policy::file::Gate;
use stanchion_server::engine::ingest::{Document, Push, Pushed};
use stanchion_server::engine::keeping::Retention;
use stanchion_server::engine::{Engine, EngineError, Options};
use stanchion_store::blobs::Blobs;
use stanchion_store::blobs::folder::Folder;
use stanchion_store::events::{self, Event};
use stanchion_store::testing::{Fresh, stores};
use tempfile::TempDir;

/// A portal without HTTP: its store, its advisories, its clock.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) name: &'static str,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) folder: TempDir,
    _fresh: Fresh,
}

/// 2026-11-24T12:00:00Z.
pub(crate) const NOW: i64 = 1_795_521_600;

pub(crate) const LODASH: &str = r#"{"id":"GHSA-aaaa-bbbb-cccc","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z",
    "aliases":["CVE-2026-0001"],"summary":"Command injection in lodash",
    "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.17.21"}]}]}]}"#;

pub(crate) const LEFTPAD: &str = r#"{"id":"GHSA-dddd-eeee-ffff","modified":"2026-11-24T00:00:00Z","published":"2026-11-24T00:00:00Z",
    "aliases":["CVE-2026-0002"],"summary":"Padding goes wrong",
    "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
    "affected":[{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;

pub(crate) fn change(id: &str, text: Option<&str>) -> Change {
    Change {
        source: "npm".into(),
        id: id.into(),
        bytes: text.map(|text| text.as_bytes().to_vec()),
    }
}

/// A `CycloneDX` document of some npm packages.
pub(crate) fn sbom(packages: &[(&str, &str)]) -> Vec<u8> {
    let components: Vec<String> = packages
        .iter()
        .map(|(name, version)| {
            format!(r#"{{"type":"library","name":"{name}","version":"{version}","purl":"pkg:npm/{name}@{version}"}}"#)
        })
        .collect();
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{{"component":{{"type":"application","name":"shop","version":"1"}}}},"components":[{}]}}"#,
        components.join(",")
    )
    .into_bytes()
}

/// One on each store that is here.
pub(crate) fn benches() -> Vec<Bench> {
    stores().into_iter().map(Bench::new).collect()
}

impl Bench {
    pub(crate) fn new(fresh: Fresh) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOW));
        let told = clock.clone();
        let engine = Engine::new(
            fresh.store.clone(),
            Blobs::Folder(Folder::open(&folder.path().join("blobs")).unwrap()),
            Options {
                data: folder.path().to_owned(),
                sources: stanchion_advisories::fetch::Settings::default(),
                client: Arc::new(Client::new(stanchion_net::Options {
                    allow_private: vec!["127.0.0.1".into(), "localhost".into()],
                    proxies: Proxies::default(),
                    retries: 0,
                    ..stanchion_net::Options::default()
                })),
                clock: Arc::new(move || told.load(Ordering::Relaxed)),
                mail: None,
                retention: Retention::default(),
                public_url: Some("https://portal.example".into()),
            },
            [7; 32],
        );
        let bench = Self {
            engine,
            name: fresh.name,
            clock,
            folder,
            _fresh: fresh,
        };
        bench.advisories(&[change("GHSA-aaaa-bbbb-cccc", Some(LODASH))]);
        bench
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Puts changed advisories in force.
    pub(crate) fn advisories(&self, changes: &[Change]) {
        let database = Database::at(self.folder.path());
        let base = database.open().unwrap().unwrap_or_else(|| {
            Index::from_bytes(import::build(&[], "2026-11-24T00:00:00Z", &|_, _, _| {}).unwrap())
                .unwrap()
        });
        let bytes = update::apply(&base, changes, &self.engine.now_text()).unwrap();
        database.replace(&bytes).unwrap();
    }

    /// Puts a list of known exploited vulnerabilities in force.
    pub(crate) fn exploited(&self, ids: &[&str]) {
        let entries: Vec<String> = ids
            .iter()
            .map(|id| format!(r#"{{"cveID":"{id}","vendorProject":"Acme","product":"Thing","vulnerabilityName":"x","dateAdded":"2026-11-24","shortDescription":"x","requiredAction":"x","dueDate":"2026-12-15","knownRansomwareCampaignUse":"Known"}}"#))
            .collect();
        let file = self
            .folder
            .path()
            .join("known_exploited_vulnerabilities.json");
        std::fs::write(
            &file,
            format!(r#"{{"title":"CISA","catalogVersion":"2026.11.24","dateReleased":"2026-11-24T00:00:00Z","count":{},"vulnerabilities":[{}]}}"#, ids.len(), entries.join(",")),
        )
        .unwrap();
        let database = Database::at(self.folder.path());
        let base = database.open().unwrap().unwrap();
        let sources = import::find_sources(Path::new(&file)).unwrap();
        let bytes = import::build_on(
            Some(&base),
            &sources,
            &self.engine.now_text(),
            &|_, _, _| {},
        )
        .unwrap();
        database.replace(&bytes).unwrap();
    }

    pub(crate) fn push(&self, version: &str, document: &[u8]) -> Result<Pushed, EngineError> {
        self.engine.push(&Push {
            product: "shop",
            version,
            branch: None,
            document: Document {
                bytes: document,
                name: "shop.cdx.json",
            },
            actor: "ci",
            may_create: true,
            as_of: None,
            gate: Gate::Build,
        })
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.engine
            .store()
            .read(|tx| events::after(tx, 0, 10_000))
            .unwrap_or_else(|error: stanchion_store::StoreError| panic!("{error}"))
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.events().into_iter().map(|event| event.kind).collect()
    }
}
