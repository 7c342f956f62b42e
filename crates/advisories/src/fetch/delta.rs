//! What has changed at the publisher since: its list of ids with dates, held against what is here.
//!
//! The list names every record with the time of its last change, newest first. Times alone cannot tell what is
//! new: some records carry a date in the future, and others appear with a date of last week. So the list is kept
//! as far as it has been taken over, and the next one is compared with it line by line. Without a list kept from
//! before (first update after an import), the records in the database stand in for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stanchion_net::Client;

use super::jobs::{CSV, below, each, local};
use super::ledger::Base;
use super::{Talk, is_remote};
use crate::feeds::osv;
use crate::index::RecordId;
use crate::update::Change;
use crate::{Database, Error};

/// Changed records up to which they are fetched singly, whatever their share.
const FEW: usize = 500;
/// The same when they are a tenth at most of what there is. More than this is more trouble for the publisher than one archive.
const MANY: usize = 2_000;
/// Records fetched at a time.
const AT_ONCE: usize = 8;
/// Most bytes of one record; as in `import`.
const RECORD: u64 = 32 << 20;

/// The publisher's list: when each record was last changed, as the publisher writes it.
pub(super) type List = BTreeMap<String, String>;

/// How a feed gets from what is here to what is there.
pub(super) enum Way {
    /// Nothing has changed; the list, when none is kept.
    Nothing(Option<List>),
    /// These records have: few enough to fetch them one by one.
    Singly(Wanted),
    /// Too much for single records, or some have vanished: only the archive can tell.
    Archive(List),
    /// The list cannot be had or used.
    Failed(String),
    /// There is no list at this address.
    NoList,
}

/// Records to fetch.
pub(super) struct Wanted {
    /// The list as it is now.
    list: List,
    /// The part of it that is here.
    seen: List,
    ids: Vec<String>,
}

/// Finds out what has changed in a feed.
pub(super) fn find(
    feed: &str,
    osv: &str,
    kept: Option<List>,
    base: &Base,
    client: &Client,
) -> Result<Way, Error> {
    let list = match fetch_list(feed, osv, client) {
        Ok(Some(list)) => list,
        Ok(None) => return Ok(Way::NoList),
        Err(reason) => return Ok(Way::Failed(reason)),
    };
    let first = kept.is_none();
    let (seen, vanished) = if let Some(kept) = kept {
        let vanished = kept.keys().any(|id| !list.contains_key(id));
        (kept, vanished)
    } else {
        let held = Held::of(base, feed)?;
        let vanished = held.times.keys().any(|id| !list.contains_key(*id));
        (held.seen(&list, None), vanished)
    };
    let ids: Vec<String> = list
        .iter()
        .filter(|(id, time)| seen.get(*id) != Some(time))
        .map(|(id, _)| id.clone())
        .collect();
    // A record that is gone from the list may be gone, or the list may be torn: the archive decides.
    if vanished || ids.len() > FEW && (ids.len() > MANY || ids.len() * 10 > list.len()) {
        return Ok(Way::Archive(list));
    }
    Ok(if ids.is_empty() {
        Way::Nothing(first.then_some(list))
    } else {
        Way::Singly(Wanted { list, seen, ids })
    })
}

/// The changed records that could be had, and why others could not.
pub(super) struct Fetched {
    pub(super) changes: Vec<Change>,
    /// The publisher's list, whole.
    pub(super) list: List,
    /// As far as it is taken over with these changes.
    pub(super) seen: List,
    /// Why some could not be had or used.
    pub(super) failed: Option<String>,
    /// Why some are not there though they are listed.
    pub(super) absent: Option<String>,
}

/// Fetches the changed records.
pub(super) fn fetch(
    feed: &str,
    osv: &str,
    wanted: Wanted,
    client: &Client,
    talk: &dyn Talk,
) -> Fetched {
    let Wanted {
        list,
        mut seen,
        ids,
    } = wanted;
    let (stop, done, good, gone) = (
        AtomicBool::new(false),
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicU64::new(0),
    );
    let got = each(AT_ONCE, &ids, |id| {
        // A server that is gone, or a mirror without single records, is not asked for five hundred in turn.
        let nothing =
            good.load(Ordering::Relaxed) == 0 && gone.load(Ordering::Relaxed) >= 2 * AT_ONCE as u64;
        if nothing || stop.load(Ordering::Relaxed) {
            return None;
        }
        let record = fetch_record(&below(osv, feed, &format!("{id}.json")), id, client);
        match &record {
            Ok(_) => _ = good.fetch_add(1, Ordering::Relaxed),
            Err(Failure {
                why: Why::Absent, ..
            }) => _ = gone.fetch_add(1, Ordering::Relaxed),
            Err(Failure {
                why: Why::Server, ..
            }) => stop.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        talk.step(
            feed,
            done.fetch_add(1, Ordering::Relaxed) + 1,
            Some(ids.len() as u64),
        );
        Some(record)
    });
    let mut changes = Vec::new();
    let (mut absent, mut failed, mut skipped) = (Vec::new(), Vec::new(), 0);
    for (id, result) in ids.iter().zip(got) {
        match result {
            Some(Ok(bytes)) => {
                changes.push(Change {
                    source: feed.to_owned(),
                    id: id.clone(),
                    bytes: Some(bytes),
                });
                seen.extend(
                    list.get_key_value(id)
                        .map(|(id, time)| (id.clone(), time.clone())),
                );
            }
            Some(Err(Failure {
                why: Why::Absent,
                reason,
            })) => absent.push(reason),
            Some(Err(failure)) => failed.push(failure.reason),
            None => skipped += 1,
        }
    }
    let tell = |reasons: &[String], skipped: usize| {
        reasons.first().map(|first| {
            format!(
                "{} of {} changed records could not be had: {first}",
                reasons.len() + skipped,
                ids.len()
            )
        })
    };
    let (absent, failed) = if stop.load(Ordering::Relaxed) {
        (tell(&absent, 0), tell(&failed, skipped))
    } else {
        (tell(&absent, skipped), tell(&failed, 0))
    };
    Fetched {
        changes,
        list,
        seen,
        failed,
        absent,
    }
}

/// What is to blame for a record that did not come.
enum Why {
    /// It is listed and not there.
    Absent,
    /// What came is of no use.
    Record,
    /// The server, which will not do better for the next one.
    Server,
}

struct Failure {
    why: Why,
    reason: String,
}

/// One record. Whatever is not the record that was asked for is refused.
fn fetch_record(place: &str, id: &str, client: &Client) -> Result<Vec<u8>, Failure> {
    let failure = |why, reason: String| Failure { why, reason };
    let bytes = if is_remote(place) {
        client.get(place, RECORD).map_err(|error| {
            let why = match error.kind {
                _ if error.is_absent() => Why::Absent,
                stanchion_net::NetErrorKind::TooLarge { .. } => Why::Record,
                _ => Why::Server,
            };
            failure(why, error.to_string())
        })?
    } else {
        std::fs::read(local(place)).map_err(|error| {
            let why = if error.kind() == std::io::ErrorKind::NotFound {
                Why::Absent
            } else {
                Why::Record
            };
            failure(why, format!("{place}: {error}"))
        })?
    };
    let found = match osv::parse(&bytes) {
        Ok(osv::Parsed::Record(record)) => record.id.to_string(),
        Ok(osv::Parsed::Withdrawn(found)) => found.to_string(),
        Err((_, reason)) => return Err(failure(Why::Record, format!("{id}: {reason}"))),
    };
    if found == id {
        Ok(bytes)
    } else {
        Err(failure(
            Why::Record,
            format!("{id}: another record came, {found}"),
        ))
    }
}

/// The publisher's list; `None` when there is none.
fn fetch_list(feed: &str, osv: &str, client: &Client) -> Result<Option<List>, String> {
    let place = below(osv, feed, "modified_id.csv");
    let bytes = if is_remote(&place) {
        match client.get(&place, CSV) {
            Ok(bytes) => bytes,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(error.to_string()),
        }
    } else {
        match std::fs::read(local(&place)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{place}: {error}")),
        }
    };
    parse(&bytes)
        .map(Some)
        .map_err(|reason| format!("{}: {reason}", stanchion_net::redact(&place)))
}

/// Lines of `time,id`, newest first; an error when it is something else.
pub(super) fn parse(bytes: &[u8]) -> Result<List, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "it is no list of ids: it is not text".to_owned())?;
    let mut list = List::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || number == 0 && line.eq_ignore_ascii_case("modified,id") {
            continue;
        }
        let parts = line
            .split_once(',')
            .filter(|(time, id)| is_time(time) && is_id(id));
        let (time, id) = parts.ok_or_else(|| {
            format!(
                "it is no list of ids: line {} is no time and id",
                number + 1
            )
        })?;
        // The newest line of an id stands first.
        list.entry(id.to_owned()).or_insert_with(|| time.to_owned());
    }
    if list.is_empty() {
        Err("it is no list of ids: it is empty".into())
    } else {
        Ok(list)
    }
}

fn is_time(time: &str) -> bool {
    time.len() <= 40 && time.starts_with(|c: char| c.is_ascii_digit()) && time.contains('T')
}

fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:+".contains(c);
    !id.is_empty() && id.len() <= 200 && id.chars().all(plain) && !id.starts_with('.')
}

/// The records of a feed that the database has, and when each was last changed.
pub(super) struct Held<'a> {
    times: HashMap<&'a str, u64>,
}

impl<'a> Held<'a> {
    pub(super) fn of(base: &'a Base, feed: &str) -> Result<Self, Error> {
        let number = base.meta.feeds.iter().position(|known| known.name == feed);
        let mut times = HashMap::new();
        for slot in 0..base.index.record_slots() {
            if base.index.record_bytes(slot)?.is_some() {
                let record = base.index.record(RecordId(slot))?;
                if Some(record.source as usize) == number {
                    times.insert(record.id, record.modified);
                }
            }
        }
        Ok(Self { times })
    }

    /// The part of a list that the database has taken over: records as new as the list says, and, after an archive
    /// was read, what the archive holds and the database leaves out because it is withdrawn or unusable.
    pub(super) fn seen(&self, list: &List, archive: Option<&HashSet<String>>) -> List {
        let taken = |id: &str, time: &str| match self.times.get(id) {
            Some(&modified) => osv::seconds(Some(time)) <= modified,
            None => archive.is_some_and(|archive| archive.contains(id)),
        };
        list.iter()
            .filter(|(id, time)| taken(id, time))
            .map(|(id, time)| (id.clone(), time.clone()))
            .collect()
    }
}

fn file(database: &Database, feed: &str) -> PathBuf {
    database.folder().join("seen").join(format!("{feed}.csv"))
}

/// The list kept from before.
pub(super) fn read_kept(database: &Database, feed: &str) -> Option<List> {
    parse(&std::fs::read(file(database, feed)).ok()?).ok()
}

/// Keeps a list for the next time.
pub(super) fn keep(database: &Database, feed: &str, list: &List) -> Result<(), Error> {
    let mut text = String::new();
    for (id, time) in list {
        text.extend([time.as_str(), ",", id, "\n"]);
    }
    super::ledger::replace(&file(database, feed), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_others_refused() {
        let list = parse(b"2026-01-02T00:00:00.123Z,GHSA-a\r\n2026-01-01T00:00:00Z,x_B.1\n\n2025-01-01T00:00:00Z,GHSA-a\n").unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list["GHSA-a"], "2026-01-02T00:00:00.123Z");
        assert_eq!(
            parse(b"modified,id\n2026-01-01T00:00:00Z,A\n")
                .unwrap()
                .len(),
            1
        );
        for bad in [
            &b""[..],
            b"<html>",
            b"2026-01-01T00:00:00Z,../../etc/passwd",
            b"2026-01-01T00:00:00Z,a\nhalf a li",
            b"\xff\xfe",
            b"2026-01-01T00:00:00Z,a b",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
