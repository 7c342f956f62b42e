//! Getting the database from where the user's settings say, with progress that leaves no trace.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use stanchion_advisories::Index;
use stanchion_advisories::fetch::{self, Became, Settings, SourceReport, Talk};
use stanchion_model::Ecosystem;
use stanchion_model::inventory::Inventory;
use stanchion_net::{Client, Options};

use crate::context::Context;
use crate::exit::Failure;
use crate::output;

/// A person waits this long before they are told what is being done.
const BLINK: Duration = Duration::from_millis(300);

/// Where the sources are: the user's settings, and `STANCHION_DB_*` before them.
pub(crate) fn settings(context: &Context, ecosystems: &[String]) -> Settings {
    let said = &context.settings.database;
    let base = Settings::default();
    let place = |name: &str, said: &Option<String>| {
        std::env::var(format!("STANCHION_DB_{name}"))
            .ok()
            .filter(|value| !value.trim().is_empty())
            .or_else(|| said.clone())
    };
    Settings {
        osv: place("OSV", &said.osv).unwrap_or(base.osv),
        kev: place("KEV", &said.kev).unwrap_or(base.kev),
        epss: place("EPSS", &said.epss).unwrap_or(base.epss),
        eol: place("EOL", &said.eol).unwrap_or(base.eol),
        ssvc: place("SSVC", &said.ssvc),
        compiled: place("COMPILED", &said.compiled),
        trusted_keys: said.trusted_keys.clone(),
        unsigned: said.unsigned,
        ecosystems: ecosystems.to_vec(),
    }
}

/// The one way out.
pub(crate) fn client(context: &Context) -> Client {
    client_for(context, None)
}

/// As [`client`], to a host that the user has named, as `host` or `host:port`, which may be private.
pub(crate) fn client_for(context: &Context, host: Option<&str>) -> Client {
    let mut allow_private = context.settings.net.allow_private.clone();
    let more = std::env::var("STANCHION_ALLOW_PRIVATE").unwrap_or_default();
    allow_private.extend(
        more.split([',', ' '])
            .filter(|host| !host.is_empty())
            .map(str::to_owned),
    );
    allow_private.extend(host.map(str::to_owned));
    Client::new(Options {
        offline: context.offline,
        allow_private,
        ..Options::default()
    })
}

/// The database for an inventory: fetches what it lacks of the ecosystems that were met, unless offline, and
/// goes on with what there is, down to the starter set.
pub(crate) fn index_for(context: &Context, inventory: &Inventory) -> Result<Index, Failure> {
    let wanted: BTreeSet<&str> = inventory
        .foreign()
        .filter(|component| {
            component.version.is_some() && component.ecosystem != Ecosystem::Generic
        })
        .map(|component| component.ecosystem.name())
        .collect();
    let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let talk = Progress::new(context);
    let outcome = fetch::ensure(
        &context.database,
        &settings(context, &[]),
        &client(context),
        &wanted,
        &context.now,
        &talk,
    );
    talk.done();
    match outcome {
        Ok(outcome) => {
            for source in &outcome.sources {
                if let Became::Failed(reason) = &source.became {
                    context.say(&format!("warning: {}: {reason}", source.name));
                }
            }
            if !outcome.missing.is_empty() {
                context.say(&format!(
                    "warning: no advisories for {}: what is found there is not complete\nhint: run `stanchion db update` where there is a network, or `stanchion db import` from a copy",
                    outcome.missing.join(", ")
                ));
            }
        }
        // A database that cannot be brought up to date may still be read.
        Err(error) => context.say(&format!("warning: {error}\nhint: {}", error.hint())),
    }
    context.index()
}

/// What became of each source, a line each.
pub(crate) fn describe(source: &SourceReport) -> String {
    let what = match &source.became {
        Became::Unchanged => "unchanged".into(),
        Became::Changed(count) => format!("{count} changed"),
        Became::Partly(count, reason) => format!("{count} changed, others not: {reason}"),
        Became::Replaced(count) => format!("{count} read"),
        Became::Absent => "the publisher has none".into(),
        Became::Kept => "kept as imported".into(),
        Became::Failed(reason) => format!("failed, what was here stays: {reason}"),
    };
    format!("{:<16} {what}", source.name)
}

/// A progress line on standard error, only for a person who waits longer than a blink.
pub(crate) struct Progress {
    start: Instant,
    wanted: bool,
    quiet: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(context: &Context) -> Self {
        let wanted = !context.quiet && std::io::stderr().is_terminal();
        Self {
            start: Instant::now(),
            wanted,
            quiet: context.quiet,
            bar: Mutex::new(None),
        }
    }

    /// Takes the line away.
    pub(crate) fn done(&self) {
        if let Ok(mut bar) = self.bar.lock()
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

impl Talk for Progress {
    fn step(&self, what: &str, done: u64, total: Option<u64>) {
        if !self.wanted || self.start.elapsed() < BLINK {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template("  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        bar.set_message(match total {
            Some(total) if total > 10_000 => format!(
                "{what}  {:.1} of {:.1} MB",
                megabytes(done),
                megabytes(total)
            ),
            Some(total) => format!("{what}  {done} of {total}"),
            None => format!("{what}  {:.1} MB", megabytes(done)),
        });
        bar.tick();
    }

    fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        let bar = self.bar.lock().ok();
        match bar.as_ref().and_then(|bar| bar.as_ref()) {
            Some(bar) => bar.suspend(|| output::say(line)),
            None => output::say(line),
        }
    }
}
