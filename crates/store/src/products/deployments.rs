//! Where versions run, and what nobody can answer for.

use super::{settle, version_by_id};
use crate::{Id, Row, StoreError, Tx, params};

/// Where a version runs, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Derived from product, environment and start.
    pub id: Id,
    /// Of which product.
    pub product: Id,
    /// Which version; `None` while nobody knows: a deployment without an inventory.
    pub version: Option<Id>,
    /// Such as `production`.
    pub environment: String,
    /// Seconds since 1970.
    pub since: i64,
    /// Seconds since 1970.
    pub until: Option<i64>,
    /// For people.
    pub note: String,
}

/// The deployments of a product that go on, or all of them.
pub fn deployments(
    tx: &mut Tx<'_>,
    product: Id,
    ended: bool,
) -> Result<Vec<Deployment>, StoreError> {
    let sql = format!(
        "SELECT id, product, version, environment, since, until, note FROM deployment WHERE product = ?1{} ORDER BY since DESC, id LIMIT 1000",
        if ended { "" } else { " AND until IS NULL" }
    );
    tx.all(&sql, params![product], read_deployment)
}

fn read_deployment(row: &Row<'_>) -> Result<Deployment, StoreError> {
    Ok(Deployment {
        id: row.get(0)?,
        product: row.get(1)?,
        version: row.get(2)?,
        environment: row.get(3)?,
        since: row.get(4)?,
        until: row.get(5)?,
        note: row.get(6)?,
    })
}

/// Says that a version runs somewhere from now on. What ran there before ends, unless both are to run side by side.
pub fn deploy(tx: &mut Tx<'_>, deployment: &Deployment, beside: bool) -> Result<(), StoreError> {
    let mut touched: Vec<Id> = deployment.version.into_iter().collect();
    if !beside {
        touched.extend(tx.all(
            "SELECT version FROM deployment WHERE product = ?1 AND environment = ?2 AND until IS NULL AND version IS NOT NULL",
            params![deployment.product, &deployment.environment],
            |row| row.get::<Id>(0),
        )?);
        tx.execute(
            "UPDATE deployment SET until = ?3 WHERE product = ?1 AND environment = ?2 AND until IS NULL",
            params![deployment.product, &deployment.environment, deployment.since],
        )?;
    }
    tx.insert(
        "deployment",
        &[
            "id",
            "product",
            "version",
            "environment",
            "since",
            "until",
            "note",
        ],
        params![
            deployment.id,
            deployment.product,
            deployment.version,
            &deployment.environment,
            deployment.since,
            deployment.until,
            &deployment.note,
        ],
        "ON CONFLICT (id) DO UPDATE SET until = excluded.until, note = excluded.note",
    )?;
    settle_versions(tx, &touched)
}

/// Says that a deployment has ended: `false` where there is none that goes on.
pub fn end_deployment(tx: &mut Tx<'_>, product: Id, id: Id, now: i64) -> Result<bool, StoreError> {
    let found = tx.first(
        "SELECT id, product, version, environment, since, until, note FROM deployment WHERE id = ?1 AND product = ?2 AND until IS NULL",
        params![id, product],
        read_deployment,
    )?;
    let Some(found) = found else { return Ok(false) };
    tx.execute(
        "UPDATE deployment SET until = ?2 WHERE id = ?1",
        params![id, now],
    )?;
    settle_versions(tx, &found.version.into_iter().collect::<Vec<_>>())?;
    Ok(true)
}

fn settle_versions(tx: &mut Tx<'_>, versions: &[Id]) -> Result<(), StoreError> {
    for id in versions {
        if let Some(version) = version_by_id(tx, *id)? {
            settle(tx, version.branch)?;
        }
    }
    Ok(())
}

/// Products and deployments without an inventory: what nobody can answer for.
pub fn uncovered(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<(Id, String, String)>, StoreError> {
    let sql = format!(
        "SELECT p.id, p.name, 'product' FROM product p WHERE p.kind = 'own' AND p.lifecycle <> 'retired'
             AND NOT EXISTS (SELECT 1 FROM version v WHERE v.product = p.id AND v.inventory IS NOT NULL)
         UNION ALL
         SELECT p.id, p.name, d.environment FROM deployment d JOIN product p ON p.id = d.product
             WHERE d.until IS NULL AND (d.version IS NULL OR EXISTS (SELECT 1 FROM version v WHERE v.id = d.version AND v.inventory IS NULL))
         ORDER BY 2, 3 LIMIT {limit}"
    );
    tx.all(&sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}
