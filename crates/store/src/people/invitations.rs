//! Invitations, and sign-ins with somebody else that are under way.

use super::Hash;
use crate::{Id, Row, StoreError, Tx, params};

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Random.
    pub id: Id,
    /// The account's name.
    pub name: String,
    /// As people call them.
    pub display: String,
    /// The role it gives.
    pub role: String,
    /// Where.
    pub scope_kind: String,
    /// Where.
    pub scope: String,
    /// The name of whoever invited.
    pub invited_by: String,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub expires: i64,
    /// When it was taken.
    pub redeemed: Option<i64>,
}

const INVITATION: &str =
    "id, name, display, role, scope_kind, scope, invited_by, created, expires, redeemed";

fn invitation(row: &Row<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.get(0)?,
        name: row.get(1)?,
        display: row.get(2)?,
        role: row.get(3)?,
        scope_kind: row.get(4)?,
        scope: row.get(5)?,
        invited_by: row.get(6)?,
        created: row.get(7)?,
        expires: row.get(8)?,
        redeemed: row.get(9)?,
    })
}

/// Writes an invitation down.
pub fn invite(tx: &mut Tx<'_>, invitation: &Invitation, hash: &Hash) -> Result<(), StoreError> {
    tx.insert(
        "invitation",
        &[
            "id",
            "hash",
            "name",
            "display",
            "role",
            "scope_kind",
            "scope",
            "invited_by",
            "created",
            "expires",
        ],
        params![
            invitation.id,
            &hash[..],
            &invitation.name,
            &invitation.display,
            &invitation.role,
            &invitation.scope_kind,
            &invitation.scope,
            &invitation.invited_by,
            invitation.created,
            invitation.expires
        ],
        "",
    )
    .map(drop)
}

/// An invitation by the hash of its secret.
pub fn invitation_by_hash(tx: &mut Tx<'_>, hash: &Hash) -> Result<Option<Invitation>, StoreError> {
    let sql = format!("SELECT {INVITATION} FROM invitation WHERE hash = ?1");
    tx.first(&sql, params![&hash[..]], invitation)
}

/// Invitations, the latest first.
pub fn invitations(tx: &mut Tx<'_>) -> Result<Vec<Invitation>, StoreError> {
    let sql = format!("SELECT {INVITATION} FROM invitation ORDER BY created DESC, id LIMIT 1000");
    tx.all(&sql, &[], invitation)
}

/// Takes an invitation, once.
pub fn redeem(tx: &mut Tx<'_>, id: Id, now: i64) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "UPDATE invitation SET redeemed = ?2 WHERE id = ?1 AND redeemed IS NULL AND expires > ?2",
        params![id, now],
    )?;
    Ok(touched > 0)
}

/// Takes an invitation back; gives what it was.
pub fn withdraw(tx: &mut Tx<'_>, id: Id) -> Result<Option<Invitation>, StoreError> {
    let sql = format!("SELECT {INVITATION} FROM invitation WHERE id = ?1 AND redeemed IS NULL");
    let found = tx.first(&sql, params![id], invitation)?;
    if found.is_some() {
        tx.execute("DELETE FROM invitation WHERE id = ?1", params![id])?;
    }
    Ok(found)
}

/// Writes down that a browser goes to sign in with somebody else.
pub fn begin_sign_in(
    tx: &mut Tx<'_>,
    state: &Hash,
    browser: &Hash,
    back_to: &str,
    expires: i64,
) -> Result<(), StoreError> {
    tx.insert(
        "sign_in",
        &["state", "browser", "back_to", "expires"],
        params![&state[..], &browser[..], back_to, expires],
        "",
    )
    .map(drop)
}

/// Takes a sign-in that is under way, once: where to go afterwards. `None` where there is none such, it is another
/// browser's, or too old.
pub fn take_sign_in(
    tx: &mut Tx<'_>,
    state: &Hash,
    browser: &Hash,
    now: i64,
) -> Result<Option<String>, StoreError> {
    let found = tx.first(
        "SELECT back_to FROM sign_in WHERE state = ?1 AND browser = ?2 AND expires > ?3",
        params![&state[..], &browser[..], now],
        |row| row.get::<String>(0),
    )?;
    let touched = tx.execute(
        "DELETE FROM sign_in WHERE state = ?1 AND browser = ?2",
        params![&state[..], &browser[..]],
    )?;
    Ok(found.filter(|_| touched > 0))
}
