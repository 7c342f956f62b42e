//! Brings the database up to date over the network, or from a mirror in a folder.
//!
//! Two callers: [`ensure`] before a scan, which asks for nothing when everything wanted is there, however old;
//! and [`update`] for `db update`, which asks every publisher what is new. A source that fails is named and
//! what is there of it stays in force.

use std::path::PathBuf;

use stanchion_net::Client;

use crate::{Database, Error};

/// Where the sources are: an http(s) address, or the path of a file or folder (a mirror on an air-gapped site).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Base of the OSV layout: `<osv>/<Ecosystem>/all.zip`.
    pub osv: String,
    /// Known exploited vulnerabilities, JSON.
    pub kev: String,
    /// Exploit prediction, CSV, plain or gzip.
    pub epss: String,
    /// Decision points, a Vulnrichment archive. `None`: what is there of it is kept and nothing is fetched.
    pub ssvc: Option<String>,
    /// End-of-life dates, `products/full` of endoflife.date's API v1.
    pub eol: String,
    /// A compiled, signed export: fetched in place of all the others.
    pub compiled: Option<String>,
    /// Public keys, base64, by which a compiled export may be signed.
    pub trusted_keys: Vec<String>,
    /// Accept a compiled export without a signature, or by a stranger.
    pub unsigned: bool,
    /// Feeds to have besides those in the database, by OSV name; for [`update`].
    pub ecosystems: Vec<String>,
}

/// Told how far things are. Called from several threads.
pub trait Talk: Sync {
    /// `what` is `done` far of `total`: bytes of a download, or steps of a build.
    fn step(&self, what: &str, done: u64, total: Option<u64>);
    /// One line for people.
    fn say(&self, line: &str);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Talk for Silent {
    fn step(&self, _: &str, _: u64, _: Option<u64>) {}
    fn say(&self, _: &str) {}
}

/// What became of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// The publisher has nothing newer than what is here.
    Unchanged,
    /// This many records were changed, added or taken out one by one.
    Changed(u64),
    /// Read anew as a whole; this many records.
    Replaced(u64),
    /// The publisher has no such source: nothing to be had.
    Absent,
    /// Left as it is, because the publisher does not offer it; why.
    Kept(String),
    /// Could not be had or used; why. What was there of it stays in force.
    Failed(String),
}

/// One source and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    /// As in the database: `npm`, `kev`, `epss`, `ssvc`, `eol`, or `compiled`.
    pub name: String,
    /// What became of it.
    pub became: Became,
}

/// What [`update`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Every source that was asked, in order of name.
    pub sources: Vec<SourceReport>,
    /// A new file is in place (a mere note of the check counts).
    pub written: bool,
}

/// What [`ensure`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every source that was asked, in order of name; empty when the network was not needed.
    pub sources: Vec<SourceReport>,
    /// Another file than before the call is in place: open it again.
    pub replaced: bool,
    /// Wanted ecosystems that are still not there (offline, failed, or another run has the lock and hangs).
    /// Those that the publisher does not have are not among them.
    pub missing: Vec<String>,
}

/// Makes sure that the wanted ecosystems are there, by OSV name (`npm`, `Debian:12`); fetches just those that are not.
///
/// `now` is RFC 3339. The error is about this machine's disk or a damaged database; what a publisher does wrong
/// is in the outcome.
pub fn ensure(database: &Database, settings: &Settings, client: &Client, wanted: &[String], now: &str, talk: &dyn Talk) -> Result<Outcome, Error> {
    todo!()
}

/// Asks every publisher what is new and builds a new generation from it.
///
/// `now` is RFC 3339. The error is about this machine's disk or a damaged database; what a publisher does wrong
/// is in the report.
pub fn update(database: &Database, settings: &Settings, client: &Client, now: &str, talk: &dyn Talk) -> Result<Report, Error> {
    todo!()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            osv: "https://osv-vulnerabilities.storage.googleapis.com".into(),
            kev: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json".into(),
            epss: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz".into(),
            ssvc: None,
            eol: "https://endoflife.date/api/v1/products/full".into(),
            compiled: None,
            trusted_keys: Vec::new(),
            unsigned: false,
            ecosystems: Vec::new(),
        }
    }
}
