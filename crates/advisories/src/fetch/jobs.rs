//! One source from its place to a file here, and a first look at what came.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use stanchion_net::{Client, Download, Validator};
use zip::ZipArchive;

use super::ledger::{Base, Entry, Ledger};
use super::{Settings, Talk, is_remote};
use crate::import::{SourceFile, SourceKind};
use crate::{Database, Error};

/// Name of the compiled export among the sources.
pub(super) const COMPILED: &str = "compiled";
/// Most bytes of an archive or a compiled export.
pub(super) const ARCHIVE: u64 = 2 << 30;
/// Most bytes of a list of ids or scores.
pub(super) const CSV: u64 = 256 << 20;
/// Most bytes of one JSON document.
pub(super) const JSON: u64 = 64 << 20;
/// Sources that are fetched at a time.
const AT_ONCE: usize = 4;

/// A source to fetch.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) kind: SourceKind,
    /// Address or path.
    pub(super) place: String,
    /// Where a download goes.
    file: PathBuf,
    limit: u64,
    /// Records that the database has of it.
    had: u64,
    known: Option<Validator>,
}

/// What a job came to.
#[derive(Debug)]
pub(super) enum Got {
    /// The source's file is there, and how to ask for a newer one. `own` when it is ours to remove.
    New {
        source: SourceFile,
        entry: Entry,
        own: bool,
    },
    /// The one we have is the newest.
    Same,
    /// It does not exist there.
    Absent,
    /// Why not.
    Failed(String),
}

/// `<base>/<Ecosystem>/<file>`: percent-encoded in an address, as it is in a path.
pub(super) fn below(base: &str, ecosystem: &str, file: &str) -> String {
    let base = base.trim_end_matches('/');
    if is_remote(base) {
        return format!("{base}/{}/{}", encode(ecosystem), encode(file));
    }
    Path::new(local(base))
        .join(ecosystem)
        .join(file)
        .display()
        .to_string()
}

/// A path, with or without `file://` before it.
pub(super) fn local(place: &str) -> &str {
    place.strip_prefix("file://").unwrap_or(place)
}

/// Everything but [unreserved characters](https://www.rfc-editor.org/rfc/rfc3986#section-2.3) percent-encoded.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16)
        .unwrap_or('0')
        .to_ascii_uppercase()
}

/// Makes jobs for the state that the database and the ledger are in.
pub(super) struct Maker<'a> {
    pub(super) database: &'a Database,
    pub(super) settings: &'a Settings,
    pub(super) ledger: &'a Ledger,
    pub(super) base: Option<&'a Base>,
}

impl Maker<'_> {
    fn job(&self, name: &str, kind: SourceKind, place: &str, file: &str, limit: u64) -> Job {
        let feed = self
            .base
            .and_then(|base| base.meta.feeds.iter().find(|feed| feed.name == name));
        Job {
            name: name.to_owned(),
            kind,
            place: place.to_owned(),
            file: self.database.downloads().join(file),
            limit,
            had: feed.map_or(0, |feed| feed.read.saturating_sub(feed.refused)),
            known: self.ledger.known(name, place, self.base),
        }
    }

    /// All advisories of an ecosystem. `file` is `all` or `malicious`.
    pub(super) fn archive(&self, name: &str, ecosystem: &str, file: &str) -> Job {
        let place = below(&self.settings.osv, ecosystem, &format!("{file}.zip"));
        self.job(
            name,
            SourceKind::Osv,
            &place,
            &format!("{ecosystem}-{file}.zip"),
            ARCHIVE,
        )
    }

    /// The sources that fill tables.
    pub(super) fn tables(&self, with_ssvc: bool) -> Vec<Job> {
        let settings = self.settings;
        let mut jobs = vec![
            self.job("kev", SourceKind::Kev, &settings.kev, "kev.json", JSON),
            self.job("epss", SourceKind::Epss, &settings.epss, "epss.csv.gz", CSV),
            self.job("eol", SourceKind::Eol, &settings.eol, "eol.json", JSON),
        ];
        jobs.extend(
            settings.ssvc.as_deref().filter(|_| with_ssvc).map(|place| {
                self.job("ssvc", SourceKind::Ssvc, place, "vulnrichment.zip", ARCHIVE)
            }),
        );
        jobs
    }

    /// The compiled export, when one is set.
    pub(super) fn compiled(&self) -> Option<Job> {
        let place = self.settings.compiled.as_deref()?;
        // Its kind is of no matter: it is not read like a source.
        Some(self.job(COMPILED, SourceKind::Osv, place, "compiled.db", ARCHIVE))
    }
}

impl Job {
    /// Fetches it and looks whether it can be what it should be.
    pub(super) fn run(&self, client: &Client, talk: &dyn Talk) -> Got {
        let got = self.fetch(client, talk);
        let Got::New { source, own, .. } = &got else {
            return got;
        };
        if self.kind != SourceKind::Osv || self.name == COMPILED || source.path.is_dir() {
            return got;
        }
        match look(&source.path) {
            Ok(0) if self.had == 0 => Got::Absent,
            Ok(count) if count < self.had / 2 => self.refuse(
                source,
                *own,
                &format!(
                    "it holds {count} advisories where {} were: too few to be true",
                    self.had
                ),
            ),
            Ok(_) => got,
            Err(reason) => self.refuse(source, *own, &reason),
        }
    }

    /// What came is of no use: away with it, so that it is not taken for a good one.
    pub(super) fn refuse(&self, source: &SourceFile, own: bool, reason: &str) -> Got {
        if own {
            let _ = fs::remove_file(&source.path);
        }
        Got::Failed(format!("{}: {reason}", stanchion_net::redact(&self.place)))
    }

    fn fetch(&self, client: &Client, talk: &dyn Talk) -> Got {
        if !is_remote(&self.place) {
            return self.fetch_local();
        }
        let progress = |done: u64, total: Option<u64>| talk.step(&self.name, done, total);
        match client.download(
            &self.place,
            &self.file,
            self.known.as_ref(),
            self.limit,
            &progress,
        ) {
            Ok(Download::NotModified) => Got::Same,
            Ok(Download::Done { validator, .. }) => self.got(self.file.clone(), validator, true),
            Err(error) if error.is_absent() => Got::Absent,
            Err(error) => Got::Failed(error.to_string()),
        }
    }

    fn fetch_local(&self) -> Got {
        let mut path = PathBuf::from(local(&self.place));
        if !path.exists() && self.kind == SourceKind::Osv {
            // A mirror may hold the records themselves in place of the archive.
            let folder = path.parent().unwrap_or(&path).to_owned();
            if path.ends_with("all.zip") && holds_records(&folder) {
                path = folder;
            }
        }
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Got::Absent,
            Err(error) => return Got::Failed(format!("{}: {error}", path.display())),
        };
        if meta.is_dir() {
            // A folder has no version to go by.
            return if self.kind == SourceKind::Osv && self.name != COMPILED {
                self.got(path, Validator::default(), false)
            } else {
                Got::Failed(format!("{}: it is a folder", path.display()))
            };
        }
        if meta.len() > self.limit {
            return Got::Failed(format!(
                "{}: more than the {} bytes allowed",
                path.display(),
                self.limit
            ));
        }
        let version = meta
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map(|time| format!("{}-{}", meta.len(), time.as_nanos()));
        let validator = Validator {
            etag: version,
            last_modified: None,
        };
        if self.known.as_ref() == Some(&validator) {
            return Got::Same;
        }
        self.got(path, validator, false)
    }

    fn got(&self, path: PathBuf, validator: Validator, own: bool) -> Got {
        let source = SourceFile {
            kind: self.kind,
            name: self.name.clone(),
            path,
        };
        Got::New {
            source,
            entry: Entry::new(&self.place, validator),
            own,
        }
    }
}

/// How many advisories an archive holds, by its list of contents.
fn look(path: &Path) -> Result<u64, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let archive = ZipArchive::new(std::io::BufReader::new(file))
        .map_err(|_| "it is no zip file, or it is cut short".to_owned())?;
    let count = archive
        .file_names()
        .filter(|name| name.as_ref().is_ok_and(|name| name.ends_with(".json")))
        .count();
    Ok(count as u64)
}

fn holds_records(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(Result::ok).any(|entry| {
        entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "json")
    })
}

/// Runs jobs, a few at a time, and gives what they came to in their order.
pub(super) fn run_all(jobs: &[Job], client: &Client, talk: &dyn Talk) -> Vec<Got> {
    each(AT_ONCE, jobs, |job| job.run(client, talk))
}

/// Does something to each item on a few threads; results are in the items' order.
pub(super) fn each<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                while let Some((at, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|at| Some((at, items.get(at)?)))
                {
                    let result = work(item);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Reads a file of a source into memory, for what is small.
pub(super) fn read(source: &SourceFile) -> Result<Vec<u8>, Error> {
    fs::read(&source.path).map_err(Error::io("read", &source.path))
}
