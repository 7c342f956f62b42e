//! What the organisation has decided: policy versions, exceptions, decisions about findings, VEX documents, advisories of
//! its own.

use crate::{Id, Row, StoreError, Tx, params};

/// A version of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Counts up: the highest is in force.
    pub seq: i64,
    /// SHA-256 of the text.
    pub digest: String,
    /// TOML.
    pub text: String,
    /// `portal`, or a repository's address and commit.
    pub source: String,
    /// Who set it.
    pub set_by: String,
    /// Seconds since 1970.
    pub at: i64,
    /// For people.
    pub note: String,
    /// Of a policy that comes from a repository: the files beside it there, as JSON. They decide in place of what was
    /// decided here.
    pub beside: Option<String>,
}

const POLICY: &str = "seq, digest, text, source, set_by, at, note, beside";

fn read_policy(row: &Row<'_>) -> Result<PolicyVersion, StoreError> {
    Ok(PolicyVersion {
        seq: row.get(0)?,
        digest: row.get(1)?,
        text: row.get(2)?,
        source: row.get(3)?,
        set_by: row.get(4)?,
        at: row.get(5)?,
        note: row.get(6)?,
        beside: row.get(7)?,
    })
}

/// The policy in force.
pub fn policy(tx: &mut Tx<'_>) -> Result<Option<PolicyVersion>, StoreError> {
    let sql = format!("SELECT {POLICY} FROM policy_version ORDER BY seq DESC LIMIT 1");
    tx.first(&sql, &[], read_policy)
}

/// All versions of the policy, the latest first.
pub fn policies(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<PolicyVersion>, StoreError> {
    let sql = format!("SELECT {POLICY} FROM policy_version ORDER BY seq DESC LIMIT {limit}");
    tx.all(&sql, &[], read_policy)
}

/// A version of the policy by its number.
pub fn policy_version(tx: &mut Tx<'_>, seq: i64) -> Result<Option<PolicyVersion>, StoreError> {
    let sql = format!("SELECT {POLICY} FROM policy_version WHERE seq = ?1");
    tx.first(&sql, params![seq], read_policy)
}

/// Versions of the policy without their texts, the latest first, before one of them.
pub fn policy_versions(
    tx: &mut Tx<'_>,
    before: i64,
    limit: usize,
) -> Result<Vec<PolicyVersion>, StoreError> {
    let sql = format!(
        "SELECT seq, digest, source, set_by, at, note FROM policy_version WHERE seq < ?1 ORDER BY seq DESC LIMIT {limit}"
    );
    tx.all(&sql, params![before], |row| {
        Ok(PolicyVersion {
            seq: row.get(0)?,
            digest: row.get(1)?,
            text: String::new(),
            source: row.get(2)?,
            set_by: row.get(3)?,
            at: row.get(4)?,
            note: row.get(5)?,
            beside: None,
        })
    })
}

/// Puts a policy in force. Its number is given by the database.
pub fn set_policy(tx: &mut Tx<'_>, policy: &PolicyVersion) -> Result<(), StoreError> {
    tx.insert(
        "policy_version",
        &["digest", "text", "source", "set_by", "at", "note", "beside"],
        params![
            &policy.digest,
            &policy.text,
            &policy.source,
            &policy.set_by,
            policy.at,
            &policy.note,
            policy.beside.as_deref(),
        ],
        "",
    )?;
    Ok(())
}

/// An exception, asked for or allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Unique.
    pub id: String,
    /// `requested`, `approved`, `rejected` or `revoked`.
    pub state: String,
    /// The product's name; `None`: everywhere.
    pub product: Option<String>,
    /// The fields of `exceptions.toml`: JSON.
    pub entry: String,
    /// Who asked.
    pub requested_by: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<i64>,
    /// Its last second.
    pub expires: Option<i64>,
    /// Seconds since 1970.
    pub created: i64,
    /// Goes up with each change.
    pub revision: i64,
}

const EXCEPTION: &str =
    "id, state, product, entry, requested_by, decided_by, decided_at, expires, created, revision";

fn read_exception(row: &Row<'_>) -> Result<Exception, StoreError> {
    Ok(Exception {
        id: row.get(0)?,
        state: row.get(1)?,
        product: row.get(2)?,
        entry: row.get(3)?,
        requested_by: row.get(4)?,
        decided_by: row.get(5)?,
        decided_at: row.get(6)?,
        expires: row.get(7)?,
        created: row.get(8)?,
        revision: row.get(9)?,
    })
}

/// An exception by its id.
pub fn exception(tx: &mut Tx<'_>, id: &str) -> Result<Option<Exception>, StoreError> {
    let sql = format!("SELECT {EXCEPTION} FROM exception WHERE id = ?1");
    tx.first(&sql, params![id], read_exception)
}

/// Exceptions of a state (`None`: all) by id, after one of them.
pub fn exceptions(
    tx: &mut Tx<'_>,
    state: Option<&str>,
    after: &str,
    limit: usize,
) -> Result<Vec<Exception>, StoreError> {
    let sql = format!(
        "SELECT {EXCEPTION} FROM exception WHERE id > ?1 AND (CAST(?2 AS TEXT) IS NULL OR state = ?2) ORDER BY id LIMIT {limit}"
    );
    tx.all(&sql, params![after, state], read_exception)
}

/// Approved exceptions that end between two moments, soonest first.
pub fn lapsing(
    tx: &mut Tx<'_>,
    from: i64,
    to: i64,
    limit: usize,
) -> Result<Vec<Exception>, StoreError> {
    let sql = format!(
        "SELECT {EXCEPTION} FROM exception WHERE state = 'approved' AND expires >= ?1 AND expires < ?2 ORDER BY expires, id LIMIT {limit}"
    );
    tx.all(&sql, params![from, to], read_exception)
}

/// Approved exceptions that hold at a moment, soonest to end first, after one of them (its end and id). `until`: only those
/// that end before it.
pub fn in_force(
    tx: &mut Tx<'_>,
    now: i64,
    until: Option<i64>,
    after: (i64, &str),
    limit: usize,
) -> Result<Vec<Exception>, StoreError> {
    let sql = format!(
        "SELECT {EXCEPTION} FROM exception WHERE state = 'approved' AND expires >= ?1 AND expires < ?2 AND (expires, id) > (?3, ?4) ORDER BY expires, id LIMIT {limit}"
    );
    let until = until.unwrap_or(i64::MAX);
    tx.all(&sql, params![now, until, after.0, after.1], read_exception)
}

/// Exceptions that are over (refused, ended early, or past their end), the latest id first, before one of them.
pub fn over(
    tx: &mut Tx<'_>,
    now: i64,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Exception>, StoreError> {
    let sql = format!(
        "SELECT {EXCEPTION} FROM exception WHERE (CAST(?2 AS TEXT) IS NULL OR id < ?2) AND (state IN ('rejected', 'revoked') OR (state = 'approved' AND expires < ?1)) ORDER BY id DESC LIMIT {limit}"
    );
    tx.all(&sql, params![now, before], read_exception)
}

/// How many exceptions are asked for, in force, about to end before `soon`, and over.
pub fn exception_counts(tx: &mut Tx<'_>, now: i64, soon: i64) -> Result<[i64; 4], StoreError> {
    let mut count = |condition: &str, values: &[crate::Value<'_>]| {
        let sql = format!("SELECT COUNT(*) FROM exception WHERE {condition}");
        Ok::<i64, StoreError>(tx.first(&sql, values, |row| row.get(0))?.unwrap_or(0))
    };
    Ok([
        count("state = 'requested'", &[])?,
        count("state = 'approved' AND expires >= ?1", params![now])?,
        count(
            "state = 'approved' AND expires >= ?1 AND expires < ?2",
            params![now, soon],
        )?,
        count(
            "state IN ('rejected', 'revoked') OR (state = 'approved' AND expires < ?1)",
            params![now],
        )?,
    ])
}

/// Makes an exception; [`StoreError::Taken`] where the id is in use.
pub fn add_exception(tx: &mut Tx<'_>, exception: &Exception) -> Result<(), StoreError> {
    let columns: Vec<&str> = EXCEPTION.split(", ").collect();
    tx.insert(
        "exception",
        &columns,
        params![
            &exception.id,
            &exception.state,
            exception.product.as_deref(),
            &exception.entry,
            &exception.requested_by,
            exception.decided_by.as_deref(),
            exception.decided_at,
            exception.expires,
            exception.created,
            exception.revision,
        ],
        "",
    )?;
    Ok(())
}

/// Changes an exception whose revision is still the one that was read: `false` where somebody else was faster.
pub fn update_exception(
    tx: &mut Tx<'_>,
    exception: &Exception,
    read: i64,
) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "UPDATE exception SET state = ?2, entry = ?3, decided_by = ?4, decided_at = ?5, expires = ?6, revision = ?7 WHERE id = ?1 AND revision = ?8",
        params![
            &exception.id,
            &exception.state,
            &exception.entry,
            exception.decided_by.as_deref(),
            exception.decided_at,
            exception.expires,
            exception.revision,
            read,
        ],
    )?;
    Ok(rows == 1)
}

/// A decision about findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its own.
    pub id: Id,
    /// The product's name; `None`: everywhere.
    pub product: Option<String>,
    /// The fields of `triage.toml`: JSON.
    pub entry: String,
    /// Who decided.
    pub made_by: String,
    /// Seconds since 1970.
    pub at: i64,
    /// When it was taken back.
    pub withdrawn: Option<i64>,
    /// Goes up with each change.
    pub revision: i64,
}

const DECISION: &str = "id, product, entry, made_by, at, withdrawn, revision";

fn read_decision(row: &Row<'_>) -> Result<Decision, StoreError> {
    Ok(Decision {
        id: row.get(0)?,
        product: row.get(1)?,
        entry: row.get(2)?,
        made_by: row.get(3)?,
        at: row.get(4)?,
        withdrawn: row.get(5)?,
        revision: row.get(6)?,
    })
}

/// A decision by its id.
pub fn decision(tx: &mut Tx<'_>, id: Id) -> Result<Option<Decision>, StoreError> {
    let sql = format!("SELECT {DECISION} FROM decision WHERE id = ?1");
    tx.first(&sql, params![id], read_decision)
}

/// Decisions in the order in which they were made, after one of them. Withdrawn ones only where they are asked for.
pub fn decisions(
    tx: &mut Tx<'_>,
    withdrawn: bool,
    after: (i64, Id),
    limit: usize,
) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {DECISION} FROM decision WHERE (at, id) > (?1, ?2){} ORDER BY at, id LIMIT {limit}",
        if withdrawn {
            ""
        } else {
            " AND withdrawn IS NULL"
        }
    );
    tx.all(&sql, params![after.0, after.1], read_decision)
}

/// Decisions, the latest first, before one of them. Withdrawn ones only where they are asked for.
pub fn latest_decisions(
    tx: &mut Tx<'_>,
    withdrawn: bool,
    before: (i64, Id),
    limit: usize,
) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {DECISION} FROM decision WHERE (at, id) < (?1, ?2){} ORDER BY at DESC, id DESC LIMIT {limit}",
        if withdrawn {
            ""
        } else {
            " AND withdrawn IS NULL"
        }
    );
    tx.all(&sql, params![before.0, before.1], read_decision)
}

/// Makes a decision.
pub fn add_decision(tx: &mut Tx<'_>, decision: &Decision) -> Result<(), StoreError> {
    let columns: Vec<&str> = DECISION.split(", ").collect();
    tx.insert(
        "decision",
        &columns,
        params![
            decision.id,
            decision.product.as_deref(),
            &decision.entry,
            &decision.made_by,
            decision.at,
            decision.withdrawn,
            decision.revision,
        ],
        "ON CONFLICT (id) DO NOTHING",
    )?;
    Ok(())
}

/// Takes a decision back: `false` where it is not in force.
pub fn withdraw_decision(tx: &mut Tx<'_>, id: Id, now: i64) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "UPDATE decision SET withdrawn = ?2, revision = revision + 1 WHERE id = ?1 AND withdrawn IS NULL",
        params![id, now],
    )?;
    Ok(rows == 1)
}

/// A VEX document. It lies among the blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexDocument {
    /// A plain file name that ends with `.json`; unique.
    pub name: String,
    /// SHA-256.
    pub digest: String,
    /// `openvex`, `csaf` or `cyclonedx`.
    pub format: String,
    /// Its length.
    pub bytes: i64,
    /// Who sent it.
    pub sent_by: String,
    /// Seconds since 1970.
    pub at: i64,
}

/// All VEX documents, by name.
pub fn vex_documents(tx: &mut Tx<'_>) -> Result<Vec<VexDocument>, StoreError> {
    tx.all(
        "SELECT name, digest, format, bytes, sent_by, at FROM vex_document ORDER BY name LIMIT 1000",
        &[],
        |row| {
            Ok(VexDocument {
                name: row.get(0)?,
                digest: row.get(1)?,
                format: row.get(2)?,
                bytes: row.get(3)?,
                sent_by: row.get(4)?,
                at: row.get(5)?,
            })
        },
    )
}

/// Adds a VEX document, or puts it in the place of the one with its name.
pub fn put_vex(tx: &mut Tx<'_>, document: &VexDocument) -> Result<(), StoreError> {
    tx.insert(
        "vex_document",
        &["name", "digest", "format", "bytes", "sent_by", "at"],
        params![
            &document.name,
            &document.digest,
            &document.format,
            document.bytes,
            &document.sent_by,
            document.at,
        ],
        "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, format = excluded.format, bytes = excluded.bytes, sent_by = excluded.sent_by, at = excluded.at",
    )?;
    Ok(())
}

/// Takes a VEX document away: `false` where there is none.
pub fn delete_vex(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM vex_document WHERE name = ?1", params![name])? == 1)
}

/// An advisory of the organisation's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateAdvisory {
    /// Unique.
    pub id: String,
    /// OSV: JSON.
    pub body: String,
    /// Who wrote it.
    pub set_by: String,
    /// Seconds since 1970.
    pub at: i64,
    /// Goes up with each change.
    pub revision: i64,
}

/// All private advisories, by id.
pub fn private_advisories(tx: &mut Tx<'_>) -> Result<Vec<PrivateAdvisory>, StoreError> {
    tx.all(
        "SELECT id, body, set_by, at, revision FROM private_advisory ORDER BY id LIMIT 10000",
        &[],
        |row| {
            Ok(PrivateAdvisory {
                id: row.get(0)?,
                body: row.get(1)?,
                set_by: row.get(2)?,
                at: row.get(3)?,
                revision: row.get(4)?,
            })
        },
    )
}

/// Adds a private advisory, or puts it in the place of the one with its id.
pub fn put_private_advisory(tx: &mut Tx<'_>, advisory: &PrivateAdvisory) -> Result<(), StoreError> {
    tx.insert(
        "private_advisory",
        &["id", "body", "set_by", "at", "revision"],
        params![&advisory.id, &advisory.body, &advisory.set_by, advisory.at, advisory.revision],
        "ON CONFLICT (id) DO UPDATE SET body = excluded.body, set_by = excluded.set_by, at = excluded.at, revision = private_advisory.revision + 1",
    )?;
    Ok(())
}

/// Takes a private advisory away: `false` where there is none.
pub fn delete_private_advisory(tx: &mut Tx<'_>, id: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM private_advisory WHERE id = ?1", params![id])? == 1)
}
