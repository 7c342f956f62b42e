//! When findings were first and last seen.

use std::collections::HashMap;

use crate::{Store, StoreError, Tx, params};

/// First and last sight of one finding, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When it was first seen.
    pub first: i64,
    /// When it was last seen.
    pub last: i64,
}

/// The findings that have been seen in a target, by key.
pub type Sightings = HashMap<String, Sighting>;

/// What has been seen in a target so far.
pub fn of(tx: &mut Tx<'_>, target: &str) -> Result<Sightings, StoreError> {
    let mut seen = Sightings::new();
    tx.each(
        "SELECT finding, first_seen, last_seen FROM sightings WHERE target = ?1",
        params![target],
        |row| {
            let sighting = Sighting {
                first: row.get(1)?,
                last: row.get(2)?,
            };
            seen.insert(row.get(0)?, sighting);
            Ok(())
        },
    )?;
    Ok(seen)
}

/// Remembers that findings are there at a time. `first` is when each is known to have been there already, such as
/// from the history of its file; else it is now. A first sight never becomes later.
pub fn record(
    tx: &mut Tx<'_>,
    target: &str,
    at: i64,
    findings: &[(&str, Option<i64>)],
) -> Result<(), StoreError> {
    let mut findings = findings.to_vec();
    findings.sort_unstable();
    findings.dedup_by_key(|(key, _)| *key);
    let mut values = Vec::with_capacity(findings.len() * 4);
    for (key, first) in findings {
        let first = first.map_or(at, |first| first.min(at));
        values.extend_from_slice(params![target, key, first, at]);
    }
    tx.insert(
        "sightings",
        &["target", "finding", "first_seen", "last_seen"],
        &values,
        "ON CONFLICT (target, finding) DO UPDATE SET
             first_seen = CASE WHEN excluded.first_seen < sightings.first_seen THEN excluded.first_seen ELSE sightings.first_seen END,
             last_seen = CASE WHEN excluded.last_seen > sightings.last_seen THEN excluded.last_seen ELSE sightings.last_seen END",
    )?;
    Ok(())
}

impl Store {
    /// What has been seen in a target so far.
    pub fn sightings(&self, target: &str) -> Result<Sightings, StoreError> {
        self.read(|tx| of(tx, target))
    }

    /// The latest time at which anything was seen in a target.
    pub fn last_seen(&self, target: &str) -> Result<Option<i64>, StoreError> {
        self.read(|tx| {
            let sql = "SELECT MAX(last_seen) FROM sightings WHERE target = ?1";
            Ok(tx.first(sql, params![target], |row| row.get(0))?.flatten())
        })
    }

    /// [`record`] in a transaction of its own.
    pub fn record(
        &self,
        target: &str,
        at: i64,
        findings: &[(&str, Option<i64>)],
    ) -> Result<(), StoreError> {
        self.write(|tx| record(tx, target, at, findings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_sight_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Store::existing(folder.path()).unwrap().is_none());
        let store = Store::open(folder.path()).unwrap();
        store
            .record("a", 100, &[("x", None), ("y", Some(40)), ("x", None)])
            .unwrap();
        store
            .record("a", 200, &[("x", None), ("y", Some(300)), ("z", Some(250))])
            .unwrap();
        // A clock that was set back forgets nothing.
        store.record("a", 150, &[("z", None)]).unwrap();
        drop(store);
        let store = Store::existing(folder.path()).unwrap().unwrap();
        let seen = store.sightings("a").unwrap();
        assert_eq!(
            seen["x"],
            Sighting {
                first: 100,
                last: 200
            }
        );
        assert_eq!(
            seen["y"],
            Sighting {
                first: 40,
                last: 200
            }
        );
        assert_eq!(
            seen["z"],
            Sighting {
                first: 150,
                last: 200
            }
        );
        assert_eq!(
            (store.last_seen("a").unwrap(), store.last_seen("b").unwrap()),
            (Some(200), None)
        );
        assert!(store.sightings("b").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_no_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(crate::FILE),
            "not a database, and longer than a header of one would be",
        )
        .unwrap();
        assert!(Store::open(folder.path()).is_err());
    }

    #[test]
    fn two_writers_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path()).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4_i64 {
                let folder = folder.path();
                scope.spawn(move || {
                    let store = Store::open(folder).unwrap();
                    let keys: Vec<String> = (0..50).map(|key| key.to_string()).collect();
                    let keys: Vec<(&str, Option<i64>)> =
                        keys.iter().map(|key| (key.as_str(), None)).collect();
                    store.record("a", writer, &keys).unwrap();
                });
            }
        });
        let seen = Store::open(folder.path()).unwrap().sightings("a").unwrap();
        assert!(
            seen.len() == 50
                && seen
                    .values()
                    .all(|one| *one == Sighting { first: 0, last: 3 })
        );
    }
}
