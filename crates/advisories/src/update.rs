//! A new generation from the old one and what changed since, without touching the network.

use stanchion_model::report::SourceInfo;

use crate::feeds::osv;
use crate::import::time;
use crate::index::draft::{Batch, Draft, with_tables};
use crate::index::tables::Tables;
use crate::{Error, Index, Meta};

/// A record that its source has changed since the last import or check.
#[derive(Clone, Debug)]
pub struct Change {
    /// The source's name, as in the database.
    pub source: String,
    /// The record's id, as the source lists it.
    pub id: String,
    /// The record as it is now; `None` when the source has it no more.
    pub bytes: Option<Vec<u8>>,
}

/// Applies changes to a database.
pub fn apply(base: &Index, changes: &[Change], now: &str) -> Result<Vec<u8>, Error> {
    let mut meta = base.meta()?;
    now.clone_into(&mut meta.updated);
    let mut draft = Draft::from_base(base)?;
    let mut batch = Batch::default();
    for change in changes {
        let number = meta.feed(&change.source);
        let feed = &mut meta.feeds[number as usize];
        let mut newest = 0;
        match change.bytes.as_deref().map(osv::parse) {
            None => {
                if draft.remove(&change.id)? {
                    feed.read = feed.read.saturating_sub(1);
                }
            }
            Some(Ok(osv::Parsed::Withdrawn(id))) => {
                if !draft.remove(&id)? {
                    feed.read += 1;
                }
                feed.withdrawn += 1;
            }
            Some(Ok(osv::Parsed::Record(record))) => {
                newest = record.modified;
                if !draft.has(&record.id)? {
                    feed.read += 1;
                }
                batch.add(*record, number);
            }
            Some(Err((id, reason))) => {
                // The record as it was stays in force: a source that breaks takes nothing away.
                feed.read += 1;
                feed.refused += 1;
                let id = if id.is_empty() { change.id.clone() } else { id };
                meta.refusals.push(crate::Refusal {
                    source: change.source.clone(),
                    id,
                    reason,
                });
            }
        }
        let read = meta.feeds[number as usize].read;
        let known = meta
            .sources
            .iter()
            .find(|source| source.name == change.source)
            .and_then(|source| source.newest.clone());
        let newest = time(newest).max(known);
        meta.describe(SourceInfo {
            name: change.source.clone(),
            records: read,
            newest,
            fetched: Some(now.to_owned()),
            failed: None,
        });
    }
    draft.add(batch.finish(), true)?;
    draft.finish(Tables::of(base)?, meta)
}

/// The same database with a new description: checked just now, and what became of each source. Nothing else changes.
pub fn checked(
    base: &Index,
    now: &str,
    sources: &[(String, Result<(), String>)],
) -> Result<Vec<u8>, Error> {
    described(base, |meta| {
        if sources.iter().any(|(_, result)| result.is_ok()) {
            now.clone_into(&mut meta.updated);
        }
        note(meta, now, sources);
    })
}

/// The same database with an edited description. Nothing else changes.
pub(crate) fn described(base: &Index, edit: impl FnOnce(&mut Meta)) -> Result<Vec<u8>, Error> {
    let mut meta = base.meta()?;
    edit(&mut meta);
    with_tables(base, &Tables::of(base)?, &meta)
}

/// Writes down what became of each source.
pub(crate) fn note(meta: &mut Meta, now: &str, sources: &[(String, Result<(), String>)]) {
    for (name, result) in sources {
        let known = meta
            .sources
            .iter()
            .find(|source| source.name == *name)
            .cloned();
        let mut info = known.unwrap_or(SourceInfo {
            name: name.clone(),
            records: 0,
            newest: None,
            fetched: None,
            failed: None,
        });
        match result {
            Ok(()) => {
                info.fetched = Some(now.to_owned());
                info.failed = None;
            }
            Err(reason) => info.failed = Some(reason.clone()),
        }
        meta.describe(info);
    }
}
