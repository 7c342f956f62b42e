//! Brings the database up to date over the network, or from a mirror in a folder.
//!
//! Two callers: [`ensure`] before a scan, which asks for nothing when everything wanted is there, however old;
//! and [`update`] for `db update`, which asks every publisher what is new. A source that fails is named and
//! what is there of it stays in force.
//!
//! What is fetched, from the [layout that OSV publishes](https://google.github.io/osv.dev/data/#data-dumps):
//! `<osv>/<Ecosystem>/all.zip`, and for changes `modified_id.csv` and single `<ID>.json` files. Vulnrichment has
//! some hundred megabytes and only refines the order of findings, so it is fetched by [`update`] alone, and only
//! when [`Settings::ssvc`] says from where (its own address is [`VULNRICHMENT`]).

mod delta;
mod jobs;
mod ledger;
mod run;
#[cfg(test)]
mod tests;
mod wait;

use std::collections::BTreeSet;

use stanchion_model::Ecosystem;
use stanchion_net::Client;

pub use run::{ensure, update};

/// Where CISA's Vulnrichment is published as one archive; some hundred megabytes.
pub const VULNRICHMENT: &str =
    "https://codeload.github.com/cisagov/vulnrichment/zip/refs/heads/develop";

/// What [`update`] starts with when there is no database and nobody says which ecosystems: the registries of languages.
pub const COMMON: &[&str] = &[
    "npm",
    "PyPI",
    "Maven",
    "Go",
    "crates.io",
    "NuGet",
    "RubyGems",
    "Packagist",
    "Hex",
    "Pub",
    "SwiftURL",
    "GitHub Actions",
];

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
    /// A compiled, signed export: fetched in place of all the others, and put in the place of the whole database.
    pub compiled: Option<String>,
    /// Public keys, base64, by which a compiled export may be signed.
    pub trusted_keys: Vec<String>,
    /// Accept a compiled export without a signature, or by a stranger.
    pub unsigned: bool,
    /// Feeds to have besides those in the database, by OSV name or purl type; for [`update`].
    pub ecosystems: Vec<String>,
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

/// Told how far things are. Called from several threads.
pub trait Talk: Sync {
    /// `what` is `done` far of `total`: bytes of the source of that name, or steps of the build.
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
    /// As [`Became::Changed`], but others could not be had or used; why. They are asked for again the next time.
    Partly(u64, String),
    /// Read anew as a whole; this many records or entries.
    Replaced(u64),
    /// The publisher has no advisories for this ecosystem.
    Absent,
    /// Left as it is, because it is not published at the address in use: a feed that was imported.
    Kept,
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
    /// A new file is in place; a note that everything was checked counts.
    pub written: bool,
}

/// What [`ensure`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every source that was asked, in order of name; empty when nothing had to be fetched by this call.
    pub sources: Vec<SourceReport>,
    /// Another file than before the call is in place: open it again.
    pub replaced: bool,
    /// Wanted ecosystems that are still not there: offline, failed, or another run has the lock and hangs.
    /// Those for which the publisher has nothing are not among them.
    pub missing: Vec<String>,
}

/// The ecosystems behind names such as `npm` and `Debian:12`, as OSV writes them; others are left out.
fn ecosystems(names: &[String]) -> BTreeSet<&'static str> {
    let known = names.iter().filter_map(|name| {
        let (base, _) = name.split_once(':').unwrap_or((name, ""));
        Ecosystem::from_word(base)
    });
    known
        .filter(|ecosystem| *ecosystem != Ecosystem::Generic)
        .map(Ecosystem::name)
        .collect()
}

/// Whether an address is for the network.
fn is_remote(place: &str) -> bool {
    let starts = |scheme: &str| {
        place
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    starts("http://") || starts("https://")
}

/// Whether the client may not go to an address.
fn is_out_of_reach(place: &str, client: &Client) -> bool {
    client.is_offline() && is_remote(place)
}
