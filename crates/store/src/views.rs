//! Lists that somebody wants to come back to.

use crate::{Id, Row, StoreError, Tx, params};

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub account: Id,
    /// `findings`, `products` or `components`.
    pub list: String,
    /// One name an account and list.
    pub name: String,
    /// The query.
    pub query: String,
    /// What it is grouped by; empty: by nothing.
    pub grouped: String,
    /// Everybody may see it.
    pub shared: bool,
    /// Seconds since 1970.
    pub created: i64,
}

const COLUMNS: &str = "id, account, list, name, query, grouped, shared, created";

fn read(row: &Row<'_>) -> Result<SavedView, StoreError> {
    Ok(SavedView {
        id: row.get(0)?,
        account: row.get(1)?,
        list: row.get(2)?,
        name: row.get(3)?,
        query: row.get(4)?,
        grouped: row.get(5)?,
        shared: row.get::<i64>(6)? != 0,
        created: row.get(7)?,
    })
}

/// Views of a list that an account has, and those of others that are for everybody; its own first, each by name.
pub fn of(
    tx: &mut Tx<'_>,
    account: Id,
    list: &str,
    limit: usize,
) -> Result<Vec<SavedView>, StoreError> {
    let own = format!(
        "SELECT {COLUMNS} FROM saved_view WHERE account = ?1 AND list = ?2 ORDER BY name, id LIMIT {limit}"
    );
    let mut all = tx.all(&own, params![account, list], read)?;
    let others = format!(
        "SELECT {COLUMNS} FROM saved_view WHERE list = ?2 AND shared = 1 AND account <> ?1 ORDER BY name, id LIMIT {limit}"
    );
    all.extend(tx.all(&others, params![account, list], read)?);
    Ok(all)
}

/// How many views an account has.
pub fn count(tx: &mut Tx<'_>, account: Id) -> Result<i64, StoreError> {
    let count = tx.first(
        "SELECT COUNT(*) FROM saved_view WHERE account = ?1",
        params![account],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// Keeps a view; one of the same account, list and name is replaced and keeps its id.
pub fn put(tx: &mut Tx<'_>, view: &SavedView) -> Result<Id, StoreError> {
    tx.insert(
        "saved_view",
        &[
            "id", "account", "list", "name", "query", "grouped", "shared", "created",
        ],
        params![
            view.id,
            view.account,
            &view.list,
            &view.name,
            &view.query,
            &view.grouped,
            i64::from(view.shared),
            view.created,
        ],
        "ON CONFLICT (account, list, name) DO UPDATE SET query = excluded.query, grouped = excluded.grouped, shared = excluded.shared",
    )?;
    let id = tx.first(
        "SELECT id FROM saved_view WHERE account = ?1 AND list = ?2 AND name = ?3",
        params![view.account, &view.list, &view.name],
        |row| row.get(0),
    )?;
    Ok(id.unwrap_or(view.id))
}

/// Forgets a view of an account. `false`: it has none of this id.
pub fn forget(tx: &mut Tx<'_>, account: Id, id: Id) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM saved_view WHERE id = ?1 AND account = ?2",
        params![id, account],
    )?;
    Ok(gone > 0)
}
