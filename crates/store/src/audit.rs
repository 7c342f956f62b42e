//! The log of every change: who, when, what, from what to what. It only grows, and each row holds the hash of the row
//! before it, so that nobody takes a row out or changes one unseen.

use sha2::{Digest, Sha256};

use crate::{Dialect, Row, Store, StoreError, Tx, params};

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts up without a gap.
    pub seq: i64,
    /// Seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What, such as `product.create`.
    pub action: String,
    /// To what.
    pub object: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
    /// The request's id, as in the server's log.
    pub request: Option<String>,
    /// The hash of the row before; 32 zero bytes for the first.
    pub previous: Vec<u8>,
    /// SHA-256 over all of it.
    pub hash: Vec<u8>,
}

/// Something to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// Seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: &'c str,
    /// What.
    pub action: &'c str,
    /// To what.
    pub object: &'c str,
    /// What it was. No secret stands here.
    pub before: Option<&'c str>,
    /// What it is.
    pub after: Option<&'c str>,
    /// The request's id.
    pub request: Option<&'c str>,
}

/// The hash of a row: over the hash before it and each field with its length, so that no two rows have one form.
fn hash(previous: &[u8], seq: i64, change: &Change<'_>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(seq.to_be_bytes());
    hasher.update(change.at.to_be_bytes());
    let fields = [
        Some(change.actor),
        Some(change.action),
        Some(change.object),
        change.before,
        change.after,
        change.request,
    ];
    for field in fields {
        match field {
            None => hasher.update([0]),
            Some(text) => {
                hasher.update([1]);
                hasher.update((text.len() as u64).to_be_bytes());
                hasher.update(text.as_bytes());
            }
        }
    }
    hasher.finalize().into()
}

/// Appends to the log, in the transaction of the change.
pub fn append(tx: &mut Tx<'_>, change: &Change<'_>) -> Result<(), StoreError> {
    let lock = match tx.dialect() {
        Dialect::Sqlite => "",
        // Whoever appends next waits until this transaction ends.
        Dialect::Postgres => " FOR UPDATE",
    };
    let head = tx.first(
        &format!("SELECT seq, hash FROM audit_head WHERE one = 1{lock}"),
        &[],
        |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)),
    )?;
    let Some((last, previous)) = head else {
        return Err(StoreError::Kept {
            what: "the log".into(),
            reason: "its end is missing".into(),
        });
    };
    let seq = last + 1;
    // PostgreSQL holds no NUL in a text: what is hashed is what is kept.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let (actor, action, object) = (
        clean(change.actor),
        clean(change.action),
        clean(change.object),
    );
    let (before, after) = (change.before.map(clean), change.after.map(clean));
    let request = change.request.map(clean);
    let change = Change {
        at: change.at,
        actor: &actor,
        action: &action,
        object: &object,
        before: before.as_deref(),
        after: after.as_deref(),
        request: request.as_deref(),
    };
    let hash = hash(&previous, seq, &change);
    tx.insert(
        "audit",
        &[
            "seq", "at", "actor", "action", "object", "before", "after", "request", "previous",
            "hash",
        ],
        params![
            seq,
            change.at,
            change.actor,
            change.action,
            change.object,
            change.before,
            change.after,
            change.request,
            &previous,
            &hash[..],
        ],
        "",
    )?;
    tx.execute(
        "UPDATE audit_head SET seq = ?1, hash = ?2 WHERE one = 1",
        params![seq, &hash[..]],
    )?;
    Ok(())
}

/// [`append`] without a request.
pub fn record(
    tx: &mut Tx<'_>,
    at: i64,
    actor: &str,
    action: &str,
    object: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), StoreError> {
    let change = Change {
        at,
        actor,
        action,
        object,
        before,
        after,
        request: None,
    };
    append(tx, &change)
}

const COLUMNS: &str = "seq, at, actor, action, object, before, after, request, previous, hash";

fn read(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        object: row.get(4)?,
        before: row.get(5)?,
        after: row.get(6)?,
        request: row.get(7)?,
        previous: row.get(8)?,
        hash: row.get(9)?,
    })
}

/// Rows before one of them, the latest first; of one object or actor where they are given.
pub fn list(
    tx: &mut Tx<'_>,
    object: Option<&str>,
    actor: Option<&str>,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let before = before.unwrap_or(i64::MAX);
    let sql = |condition: &str| {
        format!(
            "SELECT {COLUMNS} FROM audit WHERE seq < ?1{condition} ORDER BY seq DESC LIMIT {limit}"
        )
    };
    match (object, actor) {
        (None, None) => tx.all(&sql(""), params![before], read),
        (Some(object), None) => tx.all(&sql(" AND object = ?2"), params![before, object], read),
        (None, Some(actor)) => tx.all(&sql(" AND actor = ?2"), params![before, actor], read),
        (Some(object), Some(actor)) => tx.all(
            &sql(" AND object = ?2 AND actor = ?3"),
            params![before, object, actor],
            read,
        ),
    }
}

/// Which rows of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'f> {
    /// To what.
    pub object: Option<&'f str>,
    /// Who.
    pub actor: Option<&'f str>,
    /// What.
    pub action: Option<&'f str>,
    /// Not before this time, in seconds since 1970.
    pub from: Option<i64>,
    /// Before this time, in seconds since 1970.
    pub to: Option<i64>,
    /// Before this row.
    pub before: Option<i64>,
}

/// Rows that a filter lets through, the latest first: by their numbers, and where a time is asked for by time, since a clock
/// may have been set back.
pub fn search(
    tx: &mut Tx<'_>,
    filter: &Filter<'_>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let mut values: Vec<crate::Value<'_>> = Vec::new();
    let mut condition = String::from("1 = 1");
    let mut also = |text: &str, value: crate::Value<'static>| {
        values.push(value);
        condition.push_str(&text.replace('?', &format!("?{}", values.len())));
    };
    for (column, value) in [
        ("object", filter.object),
        ("actor", filter.actor),
        ("action", filter.action),
    ] {
        if let Some(value) = value {
            also(&format!(" AND {column} = ?"), value.to_owned().into());
        }
    }
    let by_time = filter.from.is_some() || filter.to.is_some();
    if let Some(from) = filter.from {
        also(" AND at >= ?", from.into());
    }
    if let Some(to) = filter.to {
        also(" AND at < ?", to.into());
    }
    if let Some(before) = filter.before {
        let at: Option<i64> = if by_time {
            tx.first(
                "SELECT at FROM audit WHERE seq = ?1",
                params![before],
                |row| row.get(0),
            )?
        } else {
            None
        };
        match at {
            Some(at) => {
                also(" AND at <= ?", at.into());
                let place = values.len();
                values.push(before.into());
                let last = values.len();
                let after = format!(" AND (at < ?{place} OR seq < ?{last})");
                condition.push_str(&after);
            }
            None => also(" AND seq < ?", before.into()),
        }
    }
    let order = if by_time {
        "at DESC, seq DESC"
    } else {
        "seq DESC"
    };
    let sql =
        format!("SELECT {COLUMNS} FROM audit WHERE {condition} ORDER BY {order} LIMIT {limit}");
    tx.all(&sql, &values, read)
}

/// The last row of this action.
pub fn last_of(tx: &mut Tx<'_>, action: &str) -> Result<Option<Entry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE action = ?1 ORDER BY seq DESC LIMIT 1");
    tx.first(&sql, params![action], read)
}

/// What looking the log through gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Rows that follow from each other.
    pub rows: i64,
    /// The hash of the last of them.
    pub head: Vec<u8>,
    /// What is wrong, where something is.
    pub fault: Option<String>,
}

impl Store {
    /// Goes through the whole log and computes each hash again.
    pub fn verify_audit(&self) -> Result<Verified, StoreError> {
        self.read(|tx| {
            let mut expected = (1, vec![0; 32]);
            let mut fault: Option<String> = None;
            tx.each(
                &format!("SELECT {COLUMNS} FROM audit ORDER BY seq"),
                &[],
                |row| {
                    if fault.is_some() {
                        return Ok(());
                    }
                    let entry = read(row)?;
                    let change = Change {
                        at: entry.at,
                        actor: &entry.actor,
                        action: &entry.action,
                        object: &entry.object,
                        before: entry.before.as_deref(),
                        after: entry.after.as_deref(),
                        request: entry.request.as_deref(),
                    };
                    if entry.seq != expected.0 {
                        fault = Some(format!("row {} is missing", expected.0));
                    } else if entry.previous != expected.1 {
                        fault = Some(format!(
                            "row {} does not follow from the row before it",
                            entry.seq
                        ));
                    } else if hash(&entry.previous, entry.seq, &change)[..] != entry.hash {
                        fault = Some(format!("row {} is not what was written", entry.seq));
                    } else {
                        expected = (entry.seq + 1, entry.hash);
                    }
                    Ok(())
                },
            )?;
            let head = tx.first(
                "SELECT seq, hash FROM audit_head WHERE one = 1",
                &[],
                |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)),
            )?;
            if fault.is_none() && head.as_ref() != Some(&(expected.0 - 1, expected.1.clone())) {
                fault = Some(format!(
                    "the log ends at row {}, and its head says otherwise",
                    expected.0 - 1
                ));
            }
            Ok(Verified {
                rows: expected.0 - 1,
                head: expected.1,
                fault,
            })
        })
    }
}
