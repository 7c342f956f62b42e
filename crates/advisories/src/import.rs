//! From the publishers' files to a database: finding them in a folder, reading them in parallel, building once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use memmap2::Mmap;
use stanchion_model::finding::{Kev, Ssvc};
use stanchion_model::report::SourceInfo;
use zip::ZipArchive;

use crate::Error;
use crate::feeds::{eol, epss, kev, osv, ssvc};
use crate::index::draft::{Batch, Draft};
use crate::index::tables::{
    EolEntry, Tables, eol_section, epss_section, kev_section, ssvc_section,
};
use crate::meta::Meta;

/// Advisories that one worker reads before it hands over.
const CHUNK: usize = 256;
/// Largest advisory, unpacked, in bytes. The largest in use has a few megabytes.
const ADVISORY: u64 = 32 << 20;
/// Most entries of a zip. The largest in use has some 220,000.
const ENTRIES: usize = 600_000;
/// Most bytes that one zip unpacks to.
const UNPACKED: u64 = 8 << 30;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum SourceKind {
    /// Advisories: a zip of OSV files, or a folder of them.
    Osv,
    /// Known exploited vulnerabilities.
    Kev,
    /// Exploit prediction.
    Epss,
    /// CISA's decision points.
    Ssvc,
    /// End-of-life dates.
    Eol,
}

/// A publisher's file, or a copy of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// What it holds.
    pub kind: SourceKind,
    /// For people and for `db status`: `npm`, `npm malicious`, `kev`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Told how far a build is, now and then.
pub type Progress<'a> = &'a (dyn Fn(&str, usize, usize) + Sync);

fn failed(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Source {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

/// The sources in a folder laid out as OSV publishes it, with KEV, EPSS, SSVC and end-of-life files beside;
/// or a single file, by its name. Zips other than `all.zip` and `malicious.zip` only count when named.
pub fn find_sources(path: &Path) -> Result<Vec<SourceFile>, Error> {
    let mut found = Vec::new();
    if path.is_dir() {
        look(path, 0, &mut found)?;
        found.sort_by(|a, b| (a.kind, &a.name, &a.path).cmp(&(b.kind, &b.name, &b.path)));
        if found.is_empty() {
            return Err(failed(
                path,
                "no all.zip, malicious.zip, advisory, KEV, EPSS, SSVC or end-of-life file is in it",
            ));
        }
    } else {
        let kind = kind_of(path)
            .ok_or_else(|| failed(path, "it is no zip, JSON or EPSS file that is known here"))?;
        found.push(SourceFile {
            kind,
            name: name_of(path, kind),
            path: path.to_owned(),
        });
    }
    Ok(found)
}

fn look(folder: &Path, depth: usize, found: &mut Vec<SourceFile>) -> Result<(), Error> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(Error::io("read", folder))?
        .filter_map(|entry| {
            entry
                .ok()
                .filter(|entry| {
                    entry
                        .file_type()
                        .is_ok_and(|kind| kind.is_dir() || kind.is_file())
                })
                .map(|entry| entry.path())
        })
        .collect();
    entries.sort();
    let mut loose = false;
    for path in entries {
        if path.is_dir() {
            if depth < 4 {
                look(&path, depth + 1, found)?;
            }
            continue;
        }
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        match name {
            "all.zip" | "malicious.zip" => found.push(SourceFile {
                kind: SourceKind::Osv,
                name: name_of(&path, SourceKind::Osv),
                path,
            }),
            _ => match kind_of(&path) {
                Some(SourceKind::Osv) => {
                    loose |= path
                        .extension()
                        .is_some_and(|extension| extension == "json")
                        && is_advisory(&path);
                }
                Some(kind) => found.push(SourceFile {
                    kind,
                    name: name_of(&path, kind),
                    path,
                }),
                None => {}
            },
        }
    }
    if loose {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("advisories")
            .to_owned();
        found.push(SourceFile {
            kind: SourceKind::Osv,
            name,
            path: folder.to_owned(),
        });
    }
    Ok(())
}

fn kind_of(path: &Path) -> Option<SourceKind> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with("epss") && (name.ends_with(".csv") || name.ends_with(".csv.gz")) {
        return Some(SourceKind::Epss);
    }
    if name.ends_with("schema.json") {
        return None;
    }
    if name.starts_with("known_exploited_vulnerabilities") && name.ends_with(".json") {
        return Some(SourceKind::Kev);
    }
    if name.starts_with("vulnrichment") && name.ends_with(".zip") {
        return Some(SourceKind::Ssvc);
    }
    if matches!(
        name,
        "products-full.json" | "products_full.json" | "full.json"
    ) {
        return Some(SourceKind::Eol);
    }
    matches!(path.extension()?.to_str()?, "zip" | "json").then_some(SourceKind::Osv)
}

/// Whether a JSON file looks like one advisory, from its first bytes.
fn is_advisory(path: &Path) -> bool {
    let mut head = String::new();
    let read = regular(path).and_then(|file| file.take(2048).read_to_string(&mut head));
    (read.is_ok() || !head.is_empty())
        && head.contains("\"id\"")
        && (head.contains("\"modified\"")
            || head.contains("\"affected\"")
            || head.contains("\"schema_version\""))
}

fn name_of(path: &Path, kind: SourceKind) -> String {
    match kind {
        SourceKind::Kev => "kev".into(),
        SourceKind::Epss => "epss".into(),
        SourceKind::Ssvc => "ssvc".into(),
        SourceKind::Eol => "eol".into(),
        SourceKind::Osv => {
            let folder = path
                .parent()
                .and_then(Path::file_name)
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            match path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default()
            {
                "all" => folder.to_owned(),
                stem => format!("{folder} {stem}"),
            }
        }
    }
}

/// A source's place among the sources of this import, and its number in the database.
type Origin = (usize, u32);

/// One unit of work: some entries of a zip, or some files.
enum Work<'a> {
    Zip(
        Origin,
        &'a ZipArchive<Cursor<&'a [u8]>>,
        std::ops::Range<usize>,
    ),
    Files(Origin, &'a [PathBuf]),
}

#[derive(Default)]
struct Done {
    source: usize,
    feed: u32,
    batch: Batch,
    read: u64,
    newest: u64,
    withdrawn: u64,
    refused: Vec<(String, String)>,
}

impl Done {
    fn take(&mut self, bytes: &[u8], file: &str) {
        self.read += 1;
        match osv::parse(bytes) {
            Ok(osv::Parsed::Record(record)) => {
                self.newest = self.newest.max(record.modified);
                self.batch.add(*record, self.feed);
            }
            Ok(osv::Parsed::Withdrawn(_)) => self.withdrawn += 1,
            Err((id, reason)) => self
                .refused
                .push((if id.is_empty() { file.to_owned() } else { id }, reason)),
        }
    }
}

fn work(work: &Work<'_>) -> Done {
    let mut done = Done::default();
    let mut bytes = Vec::with_capacity(16 * 1024);
    match work {
        Work::Zip(source, archive, range) => {
            (done.source, done.feed) = *source;
            let mut archive = (*archive).clone();
            for index in range.clone() {
                bytes.clear();
                let (name, read) = match archive.by_index(index) {
                    Ok(entry) => {
                        let name = entry
                            .name()
                            .map_or_else(|_| format!("entry {index}"), Cow::into_owned);
                        if entry.is_dir() || !name.ends_with(".json") {
                            continue;
                        }
                        let read = entry.take(ADVISORY + 1).read_to_end(&mut bytes);
                        (name, read.map_err(|error| error.to_string()))
                    }
                    Err(error) => (format!("entry {index}"), Err(error.to_string())),
                };
                match read {
                    Ok(_) if bytes.len() as u64 > ADVISORY => {
                        done.read += 1;
                        done.refused
                            .push((name, format!("it unpacks to more than {ADVISORY} bytes")));
                    }
                    Ok(_) => done.take(&bytes, &name),
                    Err(reason) => {
                        done.read += 1;
                        done.refused.push((name, reason));
                    }
                }
            }
        }
        Work::Files(source, paths) => {
            (done.source, done.feed) = *source;
            for path in *paths {
                let name = path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default();
                bytes.clear();
                let read =
                    regular(path).and_then(|file| file.take(ADVISORY + 1).read_to_end(&mut bytes));
                match read {
                    Ok(_) if bytes.len() as u64 <= ADVISORY => done.take(&bytes, &name),
                    Ok(_) => {
                        done.read += 1;
                        done.refused
                            .push((name, format!("it has more than {ADVISORY} bytes")));
                    }
                    Err(error) => {
                        done.read += 1;
                        done.refused.push((name, error.to_string()));
                    }
                }
            }
        }
    }
    done.batch = std::mem::take(&mut done.batch).finish();
    done
}

/// Opens a regular file and nothing else: opening a pipe would wait for its other end.
fn regular(path: &Path) -> std::io::Result<std::fs::File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    std::fs::File::open(path)
}

/// A file of bytes that stays mapped while its zip is read.
fn map(path: &Path) -> Result<Mmap, Error> {
    let file = regular(path).map_err(Error::io("open", path))?;
    // SAFETY: the mapping lives only while this import runs and is only read as bytes; a publisher's file is
    // written elsewhere and moved into place, never changed underneath. Should someone truncate it meanwhile,
    // the process dies with a bus error and the old database stays in force: it is replaced only at the end.
    #[expect(
        unsafe_code,
        reason = "mapping a zip of many megabytes instead of copying it; the argument is above"
    )]
    unsafe { Mmap::map(&file) }.map_err(Error::io("map", path))
}

/// Opens a zip file. Its directory is held in memory, some 300 bytes an entry, so entries are counted first, by the
/// mark that each one has there.
fn unzip(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, String> {
    let entries = memchr::memmem::find_iter(bytes, b"PK\x01\x02").take(ENTRIES + 1);
    if entries.count() > ENTRIES {
        return Err(format!("it has more than {ENTRIES} entries"));
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())
}

/// Builds a database from sources alone. `now` is RFC 3339 and is kept as the time of the import.
pub fn build(sources: &[SourceFile], now: &str, progress: Progress<'_>) -> Result<Vec<u8>, Error> {
    build_on(None, sources, now, progress)
}

/// Builds a new generation: `base`, with these sources read into it. Tables that a source gives replace the old ones.
pub fn build_on(
    base: Option<&crate::Index>,
    sources: &[SourceFile],
    now: &str,
    progress: Progress<'_>,
) -> Result<Vec<u8>, Error> {
    let mut meta = match base {
        Some(base) => base.meta()?,
        None => Meta::default(),
    };
    now.clone_into(&mut meta.updated);
    "full".clone_into(&mut meta.kind);
    let mut tables = match base {
        Some(base) => Tables::of(base)?,
        None => Tables::default(),
    };
    let mut draft = match base {
        Some(base) => Draft::from_base(base)?,
        None => Draft::new(),
    };
    let osv: Vec<&SourceFile> = sources
        .iter()
        .filter(|source| source.kind == SourceKind::Osv)
        .collect();
    for source in sources
        .iter()
        .filter(|source| source.kind != SourceKind::Osv)
    {
        let info = table(source, &mut tables, &mut meta)?;
        meta.describe(SourceInfo {
            fetched: Some(now.to_owned()),
            ..info
        });
    }
    let numbers: Vec<u32> = osv.iter().map(|source| meta.feed(&source.name)).collect();
    for &number in &numbers {
        draft.forget(number)?;
    }
    // Every zip and folder is opened before the work is cut up.
    let maps: Vec<Option<Mmap>> = osv
        .iter()
        .map(|source| {
            if source.path.is_dir() {
                Ok(None)
            } else {
                map(&source.path).map(Some)
            }
        })
        .collect::<Result<_, _>>()?;
    let mut folders: Vec<Vec<PathBuf>> = Vec::new();
    let mut archives: Vec<Option<ZipArchive<Cursor<&[u8]>>>> = Vec::new();
    for (source, map) in osv.iter().zip(&maps) {
        let (mut files, mut archive) = (Vec::new(), None);
        match map {
            Some(map) if map.starts_with(b"PK") => {
                let opened = unzip(map).map_err(|reason| failed(&source.path, reason))?;
                if opened
                    .decompressed_size()
                    .is_some_and(|size| size > u128::from(UNPACKED))
                {
                    return Err(failed(
                        &source.path,
                        format!("it unpacks to more than {UNPACKED} bytes"),
                    ));
                }
                archive = Some(opened);
            }
            Some(_)
                if source
                    .path
                    .extension()
                    .is_some_and(|extension| extension == "json") =>
            {
                files.push(source.path.clone());
            }
            Some(_) => {
                return Err(failed(
                    &source.path,
                    "it is no zip file, or it is cut short",
                ));
            }
            None => {
                files = std::fs::read_dir(&source.path)
                    .map_err(Error::io("read", &source.path))?
                    .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                    .filter(|path| {
                        path.extension()
                            .is_some_and(|extension| extension == "json")
                    })
                    .collect();
                files.sort();
            }
        }
        folders.push(files);
        archives.push(archive);
    }
    let mut units = Vec::new();
    for (source, (files, archive)) in numbers
        .iter()
        .copied()
        .enumerate()
        .zip(folders.iter().zip(&archives))
    {
        match archive {
            Some(archive) => {
                let mut from = 0;
                while from < archive.len() {
                    let to = (from + CHUNK).min(archive.len());
                    units.push(Work::Zip(source, archive, from..to));
                    from = to;
                }
            }
            None => units.extend(files.chunks(CHUNK).map(|files| Work::Files(source, files))),
        }
    }
    let mut tallies: Vec<Tally> = vec![Tally::default(); osv.len()];
    run(
        &units,
        |done| {
            let tally = &mut tallies[done.source];
            tally.read += done.read;
            tally.newest = tally.newest.max(done.newest);
            tally.withdrawn += done.withdrawn;
            tally.refused.extend(done.refused);
            draft.add(done.batch, false)
        },
        progress,
    )?;
    for ((source, number), tally) in osv.iter().zip(&numbers).zip(tallies) {
        let feed = &mut meta.feeds[*number as usize];
        feed.read = tally.read;
        feed.withdrawn = tally.withdrawn;
        feed.refused = tally.refused.len() as u64;
        meta.refuse(&source.name, tally.refused);
        meta.describe(SourceInfo {
            name: source.name.clone(),
            records: tally.read,
            newest: time(tally.newest),
            fetched: Some(now.to_owned()),
            failed: None,
        });
    }
    draft.finish(tables, meta)
}

/// What became of one source's records.
#[derive(Clone, Default)]
struct Tally {
    read: u64,
    newest: u64,
    withdrawn: u64,
    refused: Vec<(String, String)>,
}

/// RFC 3339 of seconds since 1970; `None` for 0.
pub(crate) fn time(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
    jiff::Timestamp::from_second(seconds)
        .ok()
        .map(|time| time.to_string())
}

/// Runs the units on all cores and hands over the results in order, however they finish.
fn run(
    units: &[Work<'_>],
    mut each: impl FnMut(Done) -> Result<(), Error>,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(units.len());
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<(usize, Done)>(threads * 2);
        for _ in 0..threads {
            let send = send.clone();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(unit) = units.get(at) else { break };
                    // The receiver is gone once a result could not be used: nothing is left to do.
                    if send.send((at, work(unit))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting: BTreeMap<usize, Done> = BTreeMap::new();
        let mut wanted = 0;
        for (at, done) in receive {
            waiting.insert(at, done);
            while let Some(done) = waiting.remove(&wanted) {
                wanted += 1;
                progress("reading advisories", wanted, units.len());
                each(done)?;
            }
        }
        Ok(())
    })
}

/// Reads a source that fills a table.
fn table(source: &SourceFile, tables: &mut Tables, meta: &mut Meta) -> Result<SourceInfo, Error> {
    let bad = |reason: String| failed(&source.path, reason);
    let info = |records: usize, newest: Option<String>| SourceInfo {
        name: source.name.clone(),
        records: records as u64,
        newest,
        fetched: None,
        failed: None,
    };
    let map = map(&source.path)?;
    Ok(match source.kind {
        SourceKind::Kev => {
            let catalogue = kev::parse(&map).map_err(bad)?;
            meta.refuse(&source.name, catalogue.refused);
            let entries: &[(String, Kev)] = &catalogue.entries;
            tables.kev = kev_section(entries);
            info(entries.len(), catalogue.released)
        }
        SourceKind::Epss => {
            let scores = epss::parse(&map).map_err(bad)?;
            meta.refuse(&source.name, scores.refused);
            tables.epss = epss_section(&scores.entries);
            info(scores.entries.len(), scores.date)
        }
        SourceKind::Eol => {
            let products = eol::parse(&map).map_err(bad)?;
            let entries: Vec<EolEntry> = products.entries;
            tables.eol = eol_section(entries);
            info(
                usize::try_from(products.products).unwrap_or(0),
                products.generated,
            )
        }
        SourceKind::Ssvc => {
            let (entries, refused, newest) = vulnrichment(&map).map_err(bad)?;
            meta.refuse(&source.name, refused);
            tables.ssvc = ssvc_section(&entries);
            info(entries.len(), newest)
        }
        SourceKind::Osv => info(0, None),
    })
}

/// Of one record; `Ok(None)` when it carries none.
type Decision = Result<Option<(u64, Ssvc)>, String>;
/// By CVE number; what was refused and why.
type Decisions = (Vec<(u64, Ssvc)>, Vec<(String, String)>, Option<String>);

fn vulnrichment(bytes: &[u8]) -> Result<Decisions, String> {
    use rayon::prelude::*;
    let archive = unzip(bytes)?;
    let results: Vec<(String, Decision)> = (0..archive.len())
        .into_par_iter()
        .map_init(
            || (archive.clone(), Vec::new()),
            |(archive, buffer), index| {
                buffer.clear();
                let mut entry = match archive.by_index(index) {
                    Ok(entry) => entry,
                    Err(error) => return (format!("entry {index}"), Err(error.to_string())),
                };
                let name = entry
                    .name()
                    .map_or_else(|_| format!("entry {index}"), Cow::into_owned);
                if !name.ends_with(".json") || !name.contains("CVE-") {
                    return (name, Ok(None));
                }
                match entry.by_ref().take(ADVISORY).read_to_end(buffer) {
                    Ok(_) => (name, ssvc::parse(buffer)),
                    Err(error) => (name, Err(error.to_string())),
                }
            },
        )
        .collect();
    let mut entries = Vec::new();
    let mut refused = Vec::new();
    for (name, result) in results {
        match result {
            Ok(found) => entries.extend(found),
            Err(reason) => refused.push((name, reason)),
        }
    }
    Ok((entries, refused, None))
}
