//! What goes wrong outside: databases that restart, object stores that go, receivers that fail, repositories and requests
//! that mean harm. And two servers of one organisation.

#![allow(
    clippy::print_stderr,
    clippy::format_collect,
    reason = "a test that is skipped says so, and need not be fast"
)]

mod database;
mod objects;
mod repository;
mod texts;
mod told;
mod way_out;

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use stanchion_advisories::{Database, Index, import, update};
use stanchion_net::{Client, Proxies};
use stanchion_policy::file::Gate;
use stanchion_server::engine::ingest::{Document, Push, Pushed};
use stanchion_server::engine::keeping::Retention;
use stanchion_server::engine::{Engine, EngineError, Options};
use stanchion_store::blobs::Blobs;
use stanchion_store::blobs::folder::Folder;
use stanchion_store::jobs::{self, Job};
use stanchion_store::{Store, StoreError, Value};

use super::engine::{LODASH, NOW, change};

/// Advisories with one entry.
pub(super) fn advisories(data: &Path) {
    let base =
        Index::from_bytes(import::build(&[], "2026-11-24T00:00:00Z", &|_, _, _| {}).unwrap())
            .unwrap();
    let changes = [change("GHSA-aaaa-bbbb-cccc", Some(LODASH))];
    let bytes = update::apply(&base, &changes, "2026-11-24T00:00:00Z").unwrap();
    Database::at(data).replace(&bytes).unwrap();
}

/// An engine with a data folder of its own; `allow` are the private hosts that it may go to.
pub(super) fn engine(store: Store, data: &Path, allow: &[&str]) -> Engine {
    advisories(data);
    Engine::new(
        store,
        Blobs::Folder(Folder::open(&data.join("blobs")).unwrap()),
        Options {
            data: data.to_owned(),
            sources: stanchion_advisories::fetch::Settings::default(),
            client: Arc::new(Client::new(stanchion_net::Options {
                allow_private: allow.iter().map(|&host| host.to_owned()).collect(),
                proxies: Proxies::none(),
                retries: 0,
                ..stanchion_net::Options::default()
            })),
            clock: Arc::new(|| NOW),
            mail: None,
            retention: Retention::default(),
            public_url: Some("https://portal.example".into()),
        },
        [7; 32],
    )
}

pub(super) fn push(
    engine: &Engine,
    product: &str,
    version: &str,
    document: &[u8],
) -> Result<Pushed, EngineError> {
    engine.push(&Push {
        product,
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

pub(super) fn count(store: &Store, sql: &str, values: &[Value<'_>]) -> i64 {
    store
        .read(|tx| tx.first(sql, values, |row| row.get(0)))
        .unwrap_or_else(|error: StoreError| panic!("{sql}: {error}"))
        .unwrap()
}

pub(super) fn all_jobs(store: &Store) -> Vec<Job> {
    store
        .read(|tx| jobs::list(tx, None, None, 500))
        .unwrap_or_else(|error: StoreError| panic!("{error}"))
}

/// Everything that a person or a program can read of what happened: jobs with their errors, events, the log of changes,
/// deliveries, and settings.
pub(super) fn traces(store: &Store) -> String {
    let mut text = String::new();
    for sql in [
        "SELECT kind || ' ' || key || ' ' || payload || ' ' || COALESCE(error, '') FROM job",
        "SELECT kind || ' ' || subject || ' ' || body FROM event",
        "SELECT action || ' ' || object || ' ' || COALESCE(before, '') || ' ' || COALESCE(after, '') FROM audit",
        "SELECT state || ' ' || note FROM delivery",
        "SELECT name || ' ' || value FROM setting",
    ] {
        let rows: Vec<String> = store
            .read(|tx| tx.all(sql, &[], |row| row.get(0)))
            .unwrap_or_else(|error: StoreError| panic!("{sql}: {error}"));
        text.push_str(&rows.join("\n"));
        text.push('\n');
    }
    text
}

/// What is logged while something runs on this thread.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub(super) fn while_running<T>(&self, run: impl FnOnce() -> T) -> T {
        let own = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || own.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, run)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}
