//! What is remembered between runs beside the database: which version of each source it holds, and which
//! ecosystems the publisher has nothing for.
//!
//! The database may be replaced by others meanwhile (`db import`, a restored backup), so an entry counts only while
//! the source in the database is still the one that the entry was written for. Losing this file costs a download.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stanchion_net::Validator;

use crate::{Database, Error, Index, Meta};

/// One source as it was fetched.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    /// From where, without secrets.
    from: String,
    /// What it was for: the time at which the source in the database was last fetched or checked, or, for a
    /// compiled export, the database's snapshot.
    bound: String,
    etag: Option<String>,
    last_modified: Option<String>,
    /// The publisher's list of ids is kept, as far as it is taken over.
    list: bool,
}

impl Entry {
    pub(super) fn new(from: &str, validator: Validator) -> Self {
        Self {
            from: stanchion_net::redact(from),
            bound: String::new(),
            etag: validator.etag,
            last_modified: validator.last_modified,
            list: false,
        }
    }

    fn validator(&self) -> Validator {
        Validator {
            etag: self.etag.clone(),
            last_modified: self.last_modified.clone(),
        }
    }
}

/// The file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    sources: BTreeMap<String, Entry>,
    /// By ecosystem: the address that has nothing for it.
    absent: BTreeMap<String, String>,
}

impl Ledger {
    fn path(database: &Database) -> PathBuf {
        database.folder().join("sources.json")
    }

    /// What is there; nothing when it cannot be read.
    pub(super) fn read(database: &Database) -> Self {
        std::fs::read(Self::path(database))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    pub(super) fn write(&self, database: &Database) -> Result<(), Error> {
        let path = Self::path(database);
        let bytes =
            serde_json::to_vec_pretty(self).map_err(|error| Error::Damaged(error.to_string()))?;
        replace(&path, &bytes)
    }

    /// Which version of a source the database holds, as its server calls it.
    pub(super) fn known(&self, name: &str, from: &str, base: Option<&Base>) -> Option<Validator> {
        Some(self.entry(name, from, base?)?.validator()).filter(|validator| !validator.is_empty())
    }

    /// Whether the list of ids that is kept belongs to what the database holds.
    pub(super) fn has_list(&self, name: &str, from: &str, base: &Base) -> bool {
        self.entry(name, from, base).is_some_and(|entry| entry.list)
    }

    fn entry(&self, name: &str, from: &str, base: &Base) -> Option<&Entry> {
        let bound = base.bound(name)?;
        self.sources
            .get(name)
            .filter(|entry| entry.from == stanchion_net::redact(from) && entry.bound == bound)
    }

    /// Whether what is remembered of a source belongs to what the database holds.
    pub(super) fn is_bound(&self, name: &str, from: &str, base: &Base) -> bool {
        self.entry(name, from, base).is_some()
    }

    /// Notes that a list of ids is kept for a source. Unless it is `bound` to what the database holds, what else is
    /// remembered of the source is of no use any more.
    pub(super) fn list_kept(&mut self, name: &str, from: &str, bound: bool) {
        let entry = self.sources.entry(name.to_owned()).or_default();
        if !bound {
            *entry = Entry::new(from, Validator::default());
        }
        entry.list = true;
    }

    pub(super) fn remember(&mut self, name: &str, entry: Entry) {
        self.sources.insert(name.to_owned(), entry);
    }

    /// Binds these entries to the database as it is now; the entries of other sources stay bound as they are.
    pub(super) fn bind(&mut self, names: &[String], base: &Base) {
        for name in names {
            let bound = base.bound(name);
            if let (Some(entry), Some(bound)) = (self.sources.get_mut(name), bound) {
                entry.bound = bound;
            }
        }
    }

    /// Whether an ecosystem was asked for at this address and is not there.
    pub(super) fn is_absent(&self, name: &str, from: &str) -> bool {
        self.absent
            .get(name)
            .is_some_and(|known| *known == stanchion_net::redact(from))
    }

    pub(super) fn set_absent(&mut self, name: &str, from: &str, absent: bool) {
        if absent {
            self.absent
                .insert(name.to_owned(), stanchion_net::redact(from));
        } else {
            self.absent.remove(name);
        }
    }
}

/// The database that is there, with its description read.
pub(super) struct Base {
    pub(super) index: Index,
    pub(super) meta: Meta,
}

impl Base {
    /// What is in force. A file that is damaged or of an older form counts as none, since nobody can use it.
    pub(super) fn open(database: &Database) -> Result<Option<Self>, Error> {
        match database
            .open()
            .and_then(|index| index.map(Self::new).transpose())
        {
            Err(Error::NotADatabase | Error::Damaged(_)) => Ok(None),
            // A newer program's database is not ours to overwrite.
            Err(Error::FormatVersion { found, known }) if found < known => Ok(None),
            other => other,
        }
    }

    pub(super) fn new(index: Index) -> Result<Self, Error> {
        let meta = index.meta()?;
        Ok(Self { index, meta })
    }

    /// Whether the feed of this name is there.
    pub(super) fn has(&self, feed: &str) -> bool {
        self.meta
            .feeds
            .iter()
            .any(|known| known.name == feed && known.read > 0)
    }

    fn bound(&self, name: &str) -> Option<String> {
        if name == super::jobs::COMPILED {
            return Some(self.index.snapshot().to_owned());
        }
        self.meta
            .sources
            .iter()
            .find(|source| source.name == name)?
            .fetched
            .clone()
    }
}

/// Puts a small file in place, whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut new = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)
        .map_err(Error::io("write", folder))?;
    std::io::Write::write_all(&mut new, bytes).map_err(Error::io("write", path))?;
    new.persist(path)
        .map_err(|error| Error::io("replace", path)(error.error))?;
    Ok(())
}
