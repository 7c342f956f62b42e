//! The two ways to bring the database up to date, and what they share: building a generation from what came.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use stanchion_model::Ecosystem;
use stanchion_net::Client;

use super::delta::{self, Fetched, Held, List, Way};
use super::jobs::{COMPILED, Got, Job, Maker, each, read, run_all};
use super::ledger::{Base, Ledger};
use super::wait::{Beating, PATIENCE, lock};
use super::{
    Became, COMMON, Outcome, Report, Settings, SourceReport, Talk, ecosystems, is_out_of_reach,
};
use crate::import::{self, SourceFile, SourceKind};
use crate::update::{self, Change};
use crate::{Database, Error, Index, Meta, signed};

/// Makes sure that the wanted ecosystems are there, by OSV name (`npm`, `Debian:12`); fetches just those that are not,
/// with KEV, EPSS and end-of-life dates.
///
/// Asks for nothing when everything wanted is there, however old, and not again for what the publisher does not
/// have. `now` is RFC 3339. The error is about this machine's disk or a damaged database; what a publisher does
/// wrong is in the outcome, and so is what could not be had.
pub fn ensure(
    database: &Database,
    settings: &Settings,
    client: &Client,
    wanted: &[String],
    now: &str,
    talk: &dyn Talk,
) -> Result<Outcome, Error> {
    ensure_within(PATIENCE, database, settings, client, wanted, now, talk)
}

/// [`ensure`] with another patience for a run that has the lock and hangs.
pub(super) fn ensure_within(
    patience: Duration,
    database: &Database,
    settings: &Settings,
    client: &Client,
    wanted: &[String],
    now: &str,
    talk: &dyn Talk,
) -> Result<Outcome, Error> {
    let place = settings.compiled.as_ref().unwrap_or(&settings.osv);
    let wanted = ecosystems(wanted);
    let lacking = |base: Option<&Base>, ledger: &Ledger| -> Vec<&'static str> {
        wanted
            .iter()
            .copied()
            .filter(|name| {
                base.is_none_or(|base| !base.has(name)) && !ledger.is_absent(name, place)
            })
            .collect()
    };
    let missing =
        |lacking: Vec<&'static str>| lacking.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let before = Base::open(database)?;
    let need = lacking(before.as_ref(), &Ledger::read(database));
    if need.is_empty() {
        return Ok(Outcome::default());
    }
    if is_out_of_reach(place, client) {
        return Ok(Outcome {
            missing: missing(need),
            ..Outcome::default()
        });
    }
    if before.is_none() && database.file().exists() {
        talk.say("the advisory database cannot be used any more; fetching it anew");
    }
    let held = lock(database, talk, patience)?;
    // Whoever had the lock may have fetched what is wanted here.
    let base = Base::open(database)?;
    let mut ledger = Ledger::read(database);
    let need = lacking(base.as_ref(), &ledger);
    let other = |base: Option<&Base>| {
        base.map(|base| base.index.snapshot()) != before.as_ref().map(|base| base.index.snapshot())
    };
    let Some(_held) = held else {
        talk.say("the other run makes no progress; going on with what is there");
        return Ok(Outcome {
            replaced: other(base.as_ref()),
            missing: missing(need),
            ..Outcome::default()
        });
    };
    if need.is_empty() {
        return Ok(Outcome {
            replaced: other(base.as_ref()),
            ..Outcome::default()
        });
    }
    let talk = &Beating::new(database, talk);
    let mut turn = Turn {
        database,
        settings,
        client,
        now,
        talk,
        ledger: &mut ledger,
        base,
    };
    let sources = if settings.compiled.is_some() {
        let report = turn.compiled()?;
        if matches!(report.became, Became::Replaced(_) | Became::Unchanged) {
            for name in &need {
                let absent = turn.base.as_ref().is_none_or(|base| !base.has(name));
                turn.ledger.set_absent(name, place, absent);
            }
        }
        vec![report]
    } else {
        let maker = turn.maker();
        let mut jobs: Vec<Job> = need
            .iter()
            .map(|name| maker.archive(name, name, "all"))
            .collect();
        jobs.extend(maker.tables(false));
        turn.fetch(
            Plan {
                jobs,
                ..Plan::default()
            },
            false,
        )?
    };
    turn.ledger.write(database)?;
    let base = turn.base;
    Ok(Outcome {
        sources,
        replaced: other(base.as_ref()),
        missing: missing(lacking(base.as_ref(), &ledger)),
    })
}

/// Asks every publisher what is new and builds a new generation from it.
///
/// Feeds are those in the database and [`Settings::ecosystems`]; without a database and without those, [`COMMON`].
/// Feeds that are no ecosystem of OSV's (one's own, imported) stay as they are and are not asked for. The database
/// counts as up to date from `now` (RFC 3339) unless a feed of advisories failed: it is as old as its oldest part.
/// A compiled export keeps the date of its making, and one that is older than what is here is refused.
///
/// The error is about this machine's disk, a damaged database, or another run that has the lock and hangs; what a
/// publisher does wrong is in the report.
pub fn update(
    database: &Database,
    settings: &Settings,
    client: &Client,
    now: &str,
    talk: &dyn Talk,
) -> Result<Report, Error> {
    let Some(_held) = lock(database, talk, PATIENCE)? else {
        let hangs = std::io::Error::new(
            std::io::ErrorKind::WouldBlock,
            "another run has it and makes no progress",
        );
        return Err(Error::io("lock", database.folder())(hangs));
    };
    let base = Base::open(database)?;
    let mut ledger = Ledger::read(database);
    let talk = &Beating::new(database, talk);
    let before = base.as_ref().map(|base| base.index.snapshot().to_owned());
    let mut turn = Turn {
        database,
        settings,
        client,
        now,
        talk,
        ledger: &mut ledger,
        base,
    };
    let (sources, written) = if settings.compiled.is_some() {
        let report = turn.compiled()?;
        turn.note_compiled(&report.became)?;
        let written = before.as_deref() != turn.base.as_ref().map(|base| base.index.snapshot());
        (vec![report], written)
    } else {
        let plan = turn.plan()?;
        let sources = turn.fetch(plan, true)?;
        (sources, turn.base.is_some())
    };
    ledger.write(database)?;
    Ok(Report { sources, written })
}

/// One run that has the lock.
struct Turn<'a> {
    database: &'a Database,
    settings: &'a Settings,
    client: &'a Client,
    now: &'a str,
    talk: &'a Beating<'a>,
    ledger: &'a mut Ledger,
    /// What is in force; replaced when a new generation is in place.
    base: Option<Base>,
}

/// What to fetch, and what was found out on the way.
#[derive(Default)]
struct Plan {
    /// Whole sources.
    jobs: Vec<Job>,
    /// By feed: records that were fetched singly. Where some were not there, a job fetches the archive as well.
    singles: BTreeMap<String, Fetched>,
    /// By feed: the publisher's list that called for the archive.
    called: BTreeMap<String, List>,
    /// By feed: lists to keep, because they are taken over as they are.
    lists: BTreeMap<String, List>,
    /// What is already known of feeds that need no more.
    became: BTreeMap<String, Became>,
}

impl Turn<'_> {
    fn maker(&self) -> Maker<'_> {
        Maker {
            database: self.database,
            settings: self.settings,
            ledger: self.ledger,
            base: self.base.as_ref(),
        }
    }

    fn archive_place(&self, feed: &str) -> String {
        super::jobs::below(&self.settings.osv, feed, "all.zip")
    }

    /// Finds out how each feed gets up to date.
    fn plan(&self) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        let mut names: BTreeSet<&str> = ecosystems(&self.settings.ecosystems);
        for name in &self.settings.ecosystems {
            if ecosystems(std::slice::from_ref(name)).is_empty() {
                plan.became.insert(
                    name.clone(),
                    Became::Failed("no such ecosystem is known here".into()),
                );
            }
        }
        if self.base.is_none() && names.is_empty() {
            self.talk.say(&format!(
                "no ecosystem is named; fetching {}",
                COMMON.join(", ")
            ));
            names.extend(COMMON);
        }
        let feeds = self
            .base
            .iter()
            .flat_map(|base| base.meta.feeds.iter().map(|feed| feed.name.as_str()));
        names.extend(feeds);
        let maker = self.maker();
        let mut listed = Vec::new();
        for name in names {
            let official = |name: &str| {
                Ecosystem::from_osv(name).is_some_and(|(ecosystem, _)| ecosystem.name() == name)
            };
            if let Some(ecosystem) = name
                .strip_suffix(" malicious")
                .filter(|name| official(name))
            {
                plan.jobs.push(maker.archive(name, ecosystem, "malicious"));
            } else if official(name) {
                match &self.base {
                    Some(base) if base.has(name) => listed.push((name, base)),
                    _ => plan.jobs.push(maker.archive(name, name, "all")),
                }
            }
        }
        let ways = each(4, &listed, |(name, base)| {
            let kept = self
                .ledger
                .has_list(name, &self.archive_place(name), base)
                .then(|| delta::read_kept(self.database, name))
                .flatten();
            let way = delta::find(name, &self.settings.osv, kept, base, self.client);
            self.talk.step(name, 0, None);
            way
        });
        for ((name, _), way) in listed.into_iter().zip(ways) {
            let became = match way? {
                Way::Nothing(list) => {
                    plan.lists.extend(list.map(|list| (name.to_owned(), list)));
                    Became::Unchanged
                }
                Way::Failed(reason) => Became::Failed(reason),
                Way::NoList => {
                    plan.jobs.push(maker.archive(name, name, "all"));
                    continue;
                }
                Way::Archive(list) => {
                    plan.jobs.push(maker.archive(name, name, "all"));
                    plan.called.insert(name.to_owned(), list);
                    continue;
                }
                Way::Singly(changed) => {
                    let fetched =
                        delta::fetch(name, &self.settings.osv, changed, self.client, self.talk);
                    // Whether a record that is listed and not there is gone, only the archive can tell.
                    if fetched.absent.is_some() {
                        plan.jobs.push(maker.archive(name, name, "all"));
                    }
                    plan.singles.insert(name.to_owned(), fetched);
                    continue;
                }
            };
            plan.became.insert(name.to_owned(), became);
        }
        plan.jobs.extend(maker.tables(true));
        Ok(plan)
    }

    /// Fetches what is planned, builds a generation from it and puts it in place. `asked_all` when the database
    /// counts as up to date after, and what failed is written down even when nothing else is.
    fn fetch(&mut self, plan: Plan, asked_all: bool) -> Result<Vec<SourceReport>, Error> {
        let Plan {
            jobs,
            mut singles,
            mut called,
            mut lists,
            mut became,
        } = plan;
        let mut gots = run_all(&jobs, self.client, self.talk);
        for (job, got) in jobs.iter().zip(&mut gots) {
            match got {
                // The archive has everything. What is newer than it is asked for again by its list.
                Got::New { .. } => called.extend(
                    singles
                        .remove(&job.name)
                        .map(|fetched| (job.name.clone(), fetched.list)),
                ),
                // A table that cannot be found is a failure: nobody lacks it on purpose. So is an archive that is called for.
                Got::Absent if job.kind != SourceKind::Osv || called.contains_key(&job.name) => {
                    *got = Got::Failed(format!(
                        "{}: it is not there",
                        stanchion_net::redact(&job.place)
                    ));
                }
                _ => {}
            }
        }
        let changes: Vec<Change> = singles
            .values_mut()
            .flat_map(|fetched| fetched.changes.iter().cloned())
            .collect();
        let feeds = jobs
            .iter()
            .zip(&gots)
            .any(|(job, got)| job.kind == SourceKind::Osv && matches!(got, Got::New { .. }));
        let built = if self.base.is_none() && !feeds {
            // Tables alone are no database: it would hide the starter set and find nothing.
            None
        } else {
            self.talk
                .during(|| self.build(&jobs, &mut gots, &changes))?
        };
        // Which advisories the archives hold, while they are there; own downloads have served their turn.
        let mut archives: BTreeMap<&str, HashSet<String>> = BTreeMap::new();
        for (job, got) in jobs.iter().zip(&gots) {
            if let Got::New { source, own, .. } = got {
                if called.contains_key(&job.name) {
                    archives.insert(&job.name, stems(source));
                }
                if *own {
                    let _ = std::fs::remove_file(&source.path);
                }
            }
        }
        let counts = built.as_ref().map(Index::meta).transpose()?;
        let records = |name: &str| {
            counts
                .iter()
                .flat_map(|meta| &meta.sources)
                .find(|source| source.name == name)
                .map_or(0, |source| source.records)
        };
        for (job, got) in jobs.iter().zip(&gots) {
            let had = self.base.as_ref().is_some_and(|base| base.has(&job.name));
            let result = match got {
                Got::New { .. } if built.is_some() => Became::Replaced(records(&job.name)),
                // Without advisories there is no database that a table could go into.
                Got::New { .. } => continue,
                Got::Same => Became::Unchanged,
                Got::Absent if had => Became::Kept,
                Got::Absent => Became::Absent,
                Got::Failed(reason) => Became::Failed(reason.clone()),
            };
            if job.kind == SourceKind::Osv && !had && matches!(got, Got::New { .. } | Got::Absent) {
                self.ledger
                    .set_absent(&job.name, &self.settings.osv, matches!(got, Got::Absent));
            }
            became.insert(job.name.clone(), result);
        }
        for (name, fetched) in singles {
            // That the archive has nothing newer settles what is not there: it is kept, and asked for again.
            let settled = matches!(became.get(&name), Some(Became::Unchanged));
            if let Some(reason) = fetched.absent.as_ref().filter(|_| settled) {
                self.talk
                    .say(&format!("{name}: {reason}; its archive has nothing newer"));
            }
            let failed = fetched.failed.or(fetched.absent.filter(|_| !settled));
            let count = fetched.changes.len() as u64;
            let result = match failed {
                Some(reason) if count == 0 => Became::Failed(reason),
                Some(reason) => Became::Partly(count, reason),
                None if count == 0 => Became::Unchanged,
                None => Became::Changed(count),
            };
            if count > 0 {
                lists.insert(name.clone(), fetched.seen);
            }
            became.insert(name, result);
        }
        // Without the archive that a list called for, the list is not taken over.
        called.retain(|name, _| archives.contains_key(name.as_str()));
        if built.is_some() || asked_all && self.base.is_some() {
            let was_bound = |name: &String| {
                self.base
                    .as_ref()
                    .is_some_and(|base| self.ledger.is_bound(name, &self.archive_place(name), base))
            };
            let bound: BTreeSet<String> = lists
                .keys()
                .filter(|name| was_bound(name))
                .chain(called.keys())
                .cloned()
                .collect();
            self.put(built.as_ref(), &became, asked_all)?;
            if let Some(base) = &self.base {
                for (name, list) in called {
                    let list = Held::of(base, &name)?.seen(&list, archives.get(name.as_str()));
                    lists.insert(name, list);
                }
            }
            for (name, list) in &lists {
                delta::keep(self.database, name, list)?;
            }
            self.write_down(&jobs, gots, &became, &lists, &bound);
        }
        Ok(became
            .into_iter()
            .map(|(name, became)| SourceReport { name, became })
            .collect())
    }

    /// Builds a generation; what turns out to be of no use on the way is marked as failed and left out.
    fn build(
        &self,
        jobs: &[Job],
        gots: &mut [Got],
        changes: &[Change],
    ) -> Result<Option<Index>, Error> {
        let mut applied = None;
        if let Some(base) = self.base.as_ref().filter(|_| !changes.is_empty()) {
            applied = Some(Index::from_bytes(update::apply(
                &base.index,
                changes,
                self.now,
            )?)?);
        }
        let progress = |what: &str, done: usize, total: usize| {
            self.talk.step(what, done as u64, Some(total as u64));
        };
        loop {
            let sources: Vec<SourceFile> = gots
                .iter()
                .filter_map(|got| {
                    if let Got::New { source, .. } = got {
                        Some(source.clone())
                    } else {
                        None
                    }
                })
                .collect();
            if sources.is_empty() {
                return Ok(applied);
            }
            let start = applied
                .as_ref()
                .or(self.base.as_ref().map(|base| &base.index));
            let (at, reason) = match import::build_on(start, &sources, self.now, &progress) {
                Ok(bytes) => {
                    let index = Index::from_bytes(bytes)?;
                    match spoilt(&index, start, &sources)? {
                        None => return Ok(Some(index)),
                        Some(found) => found,
                    }
                }
                Err(Error::Source { path, reason })
                    if sources
                        .iter()
                        .any(|source| source.path.display().to_string() == path) =>
                {
                    (
                        sources
                            .iter()
                            .position(|source| source.path.display().to_string() == path)
                            .unwrap_or(0),
                        reason,
                    )
                }
                Err(error) => return Err(error),
            };
            for (job, got) in jobs.iter().zip(gots.iter_mut()) {
                if let Got::New { source, own, .. } = got
                    && *source == sources[at]
                {
                    *got = job.refuse(&source.clone(), *own, &reason);
                }
            }
        }
    }

    /// Writes down what became of the sources and puts the generation in place.
    fn put(
        &mut self,
        built: Option<&Index>,
        became: &BTreeMap<String, Became>,
        asked_all: bool,
    ) -> Result<(), Error> {
        let Some(index) = built.or(self.base.as_ref().map(|base| &base.index)) else {
            return Ok(());
        };
        let before = self.base.as_ref().map(|base| &base.meta);
        let notes: Vec<(String, Result<(), String>)> = became
            .iter()
            .filter_map(|(name, became)| match became {
                Became::Unchanged => Some((name.clone(), Ok(()))),
                Became::Failed(reason) | Became::Partly(_, reason) => {
                    Some((name.clone(), Err(reason.clone())))
                }
                Became::Changed(_) | Became::Replaced(_) | Became::Absent | Became::Kept => None,
            })
            .collect();
        let tables = ["kev", "epss", "ssvc", "eol"];
        let torn = notes
            .iter()
            .any(|(name, result)| result.is_err() && !tables.contains(&name.as_str()));
        let updated = match before {
            // A new ecosystem makes those beside it no younger, and one that failed stays as old as it was.
            Some(meta) if !asked_all || torn => meta.updated.clone(),
            _ => self.now.to_owned(),
        };
        let bytes = update::described(index, |meta| {
            meta.updated = updated;
            update::note(meta, self.now, &notes);
        })?;
        self.database.replace(&bytes)?;
        self.base = Some(Base::new(Index::from_bytes(bytes)?)?);
        Ok(())
    }

    /// Remembers which versions the generation in place holds.
    fn write_down(
        &mut self,
        jobs: &[Job],
        gots: Vec<Got>,
        became: &BTreeMap<String, Became>,
        lists: &BTreeMap<String, List>,
        bound: &BTreeSet<String>,
    ) {
        for (job, got) in jobs.iter().zip(gots) {
            if let Got::New { entry, .. } = got {
                self.ledger.remember(&job.name, entry);
            }
        }
        for name in lists.keys() {
            let place = self.archive_place(name);
            self.ledger.list_kept(name, &place, bound.contains(name));
        }
        let names: Vec<String> = became
            .iter()
            .filter(|(_, became)| {
                matches!(
                    became,
                    Became::Unchanged
                        | Became::Changed(_)
                        | Became::Partly(..)
                        | Became::Replaced(_)
                )
            })
            .map(|(name, _)| name.clone())
            .collect();
        if let Some(base) = &self.base {
            self.ledger.bind(&names, base);
        }
    }

    /// Writes down that the compiled export failed, or that it does no longer.
    fn note_compiled(&mut self, became: &Became) -> Result<(), Error> {
        let Some(base) = &self.base else {
            return Ok(());
        };
        let result = match became {
            Became::Failed(reason) => Err(reason.clone()),
            Became::Unchanged
                if base
                    .meta
                    .sources
                    .iter()
                    .any(|source| source.name == COMPILED) =>
            {
                Ok(())
            }
            _ => return Ok(()),
        };
        // The time of the database itself stays: it is that of the making of the export.
        let bytes = update::described(&base.index, |meta| {
            update::note(meta, self.now, &[(COMPILED.to_owned(), result)]);
        })?;
        self.database.replace(&bytes)
    }

    /// Fetches the compiled export and puts it in place.
    fn compiled(&mut self) -> Result<SourceReport, Error> {
        let report = |became| {
            Ok(SourceReport {
                name: COMPILED.to_owned(),
                became,
            })
        };
        let Some(job) = self.maker().compiled() else {
            return report(Became::Absent);
        };
        let (source, entry, own) = match job.run(self.client, self.talk) {
            Got::New { source, entry, own } => (source, entry, own),
            Got::Same => return report(Became::Unchanged),
            Got::Absent => {
                return report(Became::Failed(format!(
                    "{}: it is not there",
                    stanchion_net::redact(&job.place)
                )));
            }
            Got::Failed(reason) => return report(Became::Failed(reason)),
        };
        let place = stanchion_net::redact(&job.place);
        let bytes = read(&source)?;
        let opened = self.talk.during(|| {
            let bytes = signed::import(
                &bytes,
                &place,
                &self.settings.trusted_keys,
                self.settings.unsigned,
            )?;
            Base::new(Index::from_bytes(bytes)?)
        });
        let refused = match &opened {
            Ok(new) => self
                .base
                .as_ref()
                .filter(|base| is_before(&new.meta.updated, &base.meta.updated))
                .map(|base| {
                    // An old file with a good signature would take back what is known since.
                    format!(
                        "it was made at {}, before the database that is here ({})",
                        new.meta.updated, base.meta.updated
                    )
                }),
            Err(Error::Signature { reason, .. }) => Some(reason.clone()),
            Err(error) => Some(error.to_string()),
        };
        match (opened, refused) {
            (Ok(new), None) => {
                self.database.replace(new.index.file())?;
                let count = new.meta.advisories;
                self.base = Some(new);
                self.ledger.remember(COMPILED, entry);
                if let Some(base) = &self.base {
                    self.ledger.bind(&[COMPILED.to_owned()], base);
                }
                if own {
                    let _ = std::fs::remove_file(&source.path);
                }
                report(Became::Replaced(count))
            }
            (_, reason) => match job.refuse(&source, own, &reason.unwrap_or_default()) {
                Got::Failed(reason) => report(Became::Failed(reason)),
                _ => report(Became::Kept),
            },
        }
    }
}

/// The first source that looked well from outside and turns out to be of no use: most of its records cannot be
/// read, or it has far fewer than before.
fn spoilt(
    index: &Index,
    start: Option<&Index>,
    sources: &[SourceFile],
) -> Result<Option<(usize, String)>, Error> {
    let meta = index.meta()?;
    let before = start.map(Index::meta).transpose()?;
    let useful = |meta: &Meta, source: &SourceFile| match source.kind {
        SourceKind::Osv => meta
            .feeds
            .iter()
            .find(|feed| feed.name == source.name)
            .map_or(0, |feed| feed.read.saturating_sub(feed.refused)),
        _ => meta
            .sources
            .iter()
            .find(|info| info.name == source.name)
            .map_or(0, |info| info.records),
    };
    for (at, source) in sources.iter().enumerate() {
        let (has, had) = (
            useful(&meta, source),
            before.as_ref().map_or(0, |meta| useful(meta, source)),
        );
        if has < had / 2 || has == 0 {
            let first = meta
                .refusals
                .iter()
                .find(|refusal| refusal.source == source.name)
                .map(|refusal| format!("; {}: {}", refusal.id, refusal.reason));
            return Ok(Some((
                at,
                format!(
                    "it has {has} usable records where {had} were{}",
                    first.unwrap_or_default()
                ),
            )));
        }
    }
    Ok(None)
}

/// Names of the advisories in an archive or a folder, without `.json`.
fn stems(source: &SourceFile) -> HashSet<String> {
    let stem = |name: &str| {
        name.rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".json"))
            .map(str::to_owned)
    };
    if source.path.is_dir() {
        let entries = std::fs::read_dir(&source.path).into_iter().flatten();
        return entries
            .filter_map(|entry| stem(&entry.ok()?.file_name().to_string_lossy()))
            .collect();
    }
    // It was read a moment ago. Should it be gone, its records are asked for again the next time.
    let archive = std::fs::File::open(&source.path)
        .ok()
        .and_then(|file| zip::ZipArchive::new(std::io::BufReader::new(file)).ok());
    archive
        .iter()
        .flat_map(zip::ZipArchive::file_names)
        .filter_map(|name| stem(&name.ok()?))
        .collect()
}

/// Whether one time is before another; not, when either cannot be read.
fn is_before(one: &str, other: &str) -> bool {
    matches!((one.parse::<Timestamp>(), other.parse::<Timestamp>()), (Ok(one), Ok(other)) if one < other)
}
