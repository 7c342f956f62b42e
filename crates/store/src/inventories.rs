//! What versions are made of: inventories, packages, components.

use std::collections::BTreeMap;

use crate::{Dialect, Id, Row, StoreError, Tx, Value, params};

/// One inventory of a version. Its documents lie among the blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Derived from version and document.
    pub id: Id,
    /// Of which product.
    pub product: Id,
    /// Of which version.
    pub version: Id,
    /// SHA-256 of what came in.
    pub document: String,
    /// SHA-256 of the same as `stanchion.inventory/1`.
    pub inventory: String,
    /// `stanchion`, `cyclonedx` or `spdx`.
    pub format: String,
    /// Length of what came in.
    pub bytes: i64,
    /// Components that are not the product's own.
    pub components: i64,
    /// What could not be read, resolved or matched.
    pub problems: i64,
    /// Seconds since 1970.
    pub received: i64,
    /// Who sent it.
    pub sent_by: String,
    /// The advisories it was last matched with.
    pub snapshot: String,
    /// The digest of the policy it was last judged by; empty without one.
    pub policy: String,
    /// When that was.
    pub judged: i64,
    /// Its documents are gone by the rules of retention.
    pub raw_gone: bool,
}

/// A component as it goes into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComponent {
    /// The name of the ecosystem.
    pub ecosystem: String,
    /// The package's name.
    pub name: String,
    /// Empty where it is not known.
    pub version: String,
    /// With version.
    pub purl: String,
    /// The project itself asks for it.
    pub direct: Option<bool>,
    /// 0 runtime, 1 optional, 2 build, 3 test, 4 dev.
    pub scope: i64,
    /// As declared.
    pub licences: Vec<String>,
    /// Hexadecimal.
    pub hashes: Vec<String>,
}

/// The id of a package.
pub fn package_id(ecosystem: &str, name: &str) -> Id {
    Id::derive("package", &[ecosystem.as_bytes(), name.as_bytes()])
}

/// The id of a component.
pub fn component_id(purl: &str) -> Id {
    Id::derive("component", &[purl.as_bytes()])
}

/// The id of a place that another tool's finding is about.
pub fn place_id(place: &str) -> Id {
    Id::derive("place", &[place.as_bytes()])
}

const COLUMNS: &str = "id, product, version, document, inventory, format, bytes, components, problems, received, sent_by, snapshot, policy, judged, raw_gone";

fn read(row: &Row<'_>) -> Result<Inventory, StoreError> {
    Ok(Inventory {
        id: row.get(0)?,
        product: row.get(1)?,
        version: row.get(2)?,
        document: row.get(3)?,
        inventory: row.get(4)?,
        format: row.get(5)?,
        bytes: row.get(6)?,
        components: row.get(7)?,
        problems: row.get(8)?,
        received: row.get(9)?,
        sent_by: row.get(10)?,
        snapshot: row.get(11)?,
        policy: row.get(12)?,
        judged: row.get(13)?,
        raw_gone: row.get(14)?,
    })
}

/// The id of an inventory.
pub fn inventory_id(version: Id, document: &str) -> Id {
    Id::derive("inventory", &[&version.0, document.as_bytes()])
}

/// An inventory by its id.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Inventory>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM inventory WHERE id = ?1");
    tx.first(&sql, params![id], read)
}

/// The inventories of a version, the newest first.
pub fn of_version(tx: &mut Tx<'_>, version: Id) -> Result<Vec<Inventory>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM inventory WHERE version = ?1 ORDER BY received DESC, id LIMIT 1000"
    );
    tx.all(&sql, params![version], read)
}

/// Nobody else settles which version of a branch is the latest until the transaction ends: two that each see their own
/// version alone would both make it the latest. `SQLite` has one writer anyway.
pub(crate) fn lock_branch(tx: &mut Tx<'_>, branch: Id) -> Result<(), StoreError> {
    lock(tx, "SELECT 1 FROM branch WHERE id = ?1 FOR UPDATE", branch)
}

/// Nobody else changes a version, or settles its branch, until the transaction ends. Whoever needs both takes the branch
/// first.
pub fn lock_version(tx: &mut Tx<'_>, version: Id) -> Result<(), StoreError> {
    let branch =
        "SELECT 1 FROM branch WHERE id = (SELECT branch FROM version WHERE id = ?1) FOR UPDATE";
    lock(tx, branch, version)?;
    lock(
        tx,
        "SELECT 1 FROM version WHERE id = ?1 FOR UPDATE",
        version,
    )
}

fn lock(tx: &mut Tx<'_>, sql: &str, id: Id) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        tx.first(sql, params![id], |_| Ok(()))?;
    }
    Ok(())
}

/// Puts an inventory in force for its version: rows of the inventory, its components, and which of them the version has.
pub fn put(
    tx: &mut Tx<'_>,
    inventory: &Inventory,
    components: &[NewComponent],
) -> Result<(), StoreError> {
    let columns: Vec<&str> = COLUMNS.split(", ").collect();
    tx.insert(
        "inventory",
        &columns,
        params![
            inventory.id,
            inventory.product,
            inventory.version,
            &inventory.document,
            &inventory.inventory,
            &inventory.format,
            inventory.bytes,
            inventory.components,
            inventory.problems,
            inventory.received,
            &inventory.sent_by,
            &inventory.snapshot,
            &inventory.policy,
            inventory.judged,
            inventory.raw_gone,
        ],
        "ON CONFLICT (version, document) DO UPDATE SET inventory = excluded.inventory, received = excluded.received, sent_by = excluded.sent_by,
             problems = excluded.problems, snapshot = excluded.snapshot, policy = excluded.policy, judged = excluded.judged, raw_gone = 0",
    )?;
    tx.execute(
        "UPDATE version SET inventory = ?2, components = ?3, pushed = ?4 WHERE id = ?1",
        params![
            inventory.version,
            inventory.id,
            inventory.components,
            inventory.received
        ],
    )?;
    components_of(tx, inventory.version, components)
}

fn components_of(
    tx: &mut Tx<'_>,
    version: Id,
    components: &[NewComponent],
) -> Result<(), StoreError> {
    let mut packages: BTreeMap<Id, (&str, &str)> = BTreeMap::new();
    let mut by_id: BTreeMap<Id, (Id, &NewComponent)> = BTreeMap::new();
    let mut uses: BTreeMap<Id, (Option<bool>, i64)> = BTreeMap::new();
    for component in components {
        let package = package_id(&component.ecosystem, &component.name);
        let id = component_id(&component.purl);
        packages.insert(package, (&component.ecosystem, &component.name));
        by_id.insert(id, (package, component));
        // One that several projects use counts with its strongest reason.
        let used = uses
            .entry(id)
            .or_insert((component.direct, component.scope));
        used.0 = used.0.max(component.direct);
        used.1 = used.1.min(component.scope);
    }
    let known = known(tx, version)?;
    let mut values: Vec<Value<'_>> = Vec::new();
    for (id, (ecosystem, name)) in &packages {
        values.extend_from_slice(params![*id, *ecosystem, *name]);
    }
    tx.insert(
        "package",
        &["id", "ecosystem", "name"],
        &values,
        "ON CONFLICT DO NOTHING",
    )?;
    values.clear();
    // What the version has already is in the store with its hashes and licences.
    let fresh = || by_id.iter().filter(|(id, _)| !known.contains_key(id));
    for (id, (package, component)) in fresh() {
        values.extend_from_slice(params![
            *id,
            *package,
            &component.purl,
            &component.name,
            &component.version
        ]);
    }
    tx.insert(
        "component",
        &["id", "package", "purl", "name", "version"],
        &values,
        "ON CONFLICT DO NOTHING",
    )?;
    let mut hashes: Vec<(&str, Id)> = Vec::new();
    let mut licences: Vec<(&str, Id)> = Vec::new();
    for (id, (_, component)) in fresh() {
        hashes.extend(component.hashes.iter().map(|hash| (hash.as_str(), *id)));
        licences.extend(
            component
                .licences
                .iter()
                .map(|licence| (licence.as_str(), *id)),
        );
    }
    for (table, column, rows) in [
        ("component_hash", "hash", &mut hashes),
        ("component_licence", "licence", &mut licences),
    ] {
        rows.sort_unstable();
        rows.dedup();
        let values: Vec<Value<'_>> = rows
            .iter()
            .flat_map(|(text, id)| params![*text, *id].to_vec())
            .collect();
        tx.insert(
            table,
            &[column, "component"],
            &values,
            "ON CONFLICT DO NOTHING",
        )?;
    }
    for id in known.keys().filter(|id| !uses.contains_key(id)) {
        tx.execute(
            "DELETE FROM version_component WHERE version = ?1 AND component = ?2",
            params![version, *id],
        )?;
    }
    let changed: Vec<Value<'_>> = uses
        .iter()
        .filter(|(id, used)| known.get(id) != Some(used))
        .flat_map(|(id, (direct, scope))| params![version, *id, *direct, *scope].to_vec())
        .collect();
    tx.insert(
        "version_component",
        &["version", "component", "direct", "scope"],
        &changed,
        "ON CONFLICT (version, component) DO UPDATE SET direct = excluded.direct, scope = excluded.scope",
    )?;
    Ok(())
}

fn known(tx: &mut Tx<'_>, version: Id) -> Result<BTreeMap<Id, (Option<bool>, i64)>, StoreError> {
    let mut known = BTreeMap::new();
    tx.each(
        "SELECT component, direct, scope FROM version_component WHERE version = ?1",
        params![version],
        |row| {
            known.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
            Ok(())
        },
    )?;
    Ok(known)
}

/// Writes down with which advisories and by which policy an inventory was judged, and what came of it.
pub fn judged(
    tx: &mut Tx<'_>,
    inventory: Id,
    snapshot: &str,
    policy: &str,
    now: i64,
    denied: bool,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE inventory SET snapshot = ?2, policy = ?3, judged = ?4 WHERE id = ?1",
        params![inventory, snapshot, policy, now],
    )?;
    tx.execute(
        "UPDATE version SET denied = ?2 WHERE inventory = ?1",
        params![inventory, denied],
    )?;
    Ok(())
}

/// A component of a version, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: Id,
    /// With version.
    pub purl: String,
    /// The package's name.
    pub name: String,
    /// Empty where it is not known.
    pub version: String,
    /// Its ecosystem; empty for a place.
    pub ecosystem: String,
    /// The project itself asks for it.
    pub direct: Option<bool>,
    /// 0 runtime, 1 optional, 2 build, 3 test, 4 dev.
    pub scope: i64,
    /// As declared.
    pub licences: Vec<String>,
}

/// The components of a version in the order of their ids, after one of them.
pub fn components(
    tx: &mut Tx<'_>,
    version: Id,
    after: Option<Id>,
    limit: usize,
) -> Result<Vec<Listed>, StoreError> {
    let sql = format!(
        "SELECT c.id, c.purl, c.name, c.version, COALESCE(p.ecosystem, ''), u.direct, u.scope
         FROM version_component u JOIN component c ON c.id = u.component LEFT JOIN package p ON p.id = c.package
         WHERE u.version = ?1 AND u.component > ?2 ORDER BY u.component LIMIT {limit}"
    );
    let mut all = tx.all(&sql, params![version, after.unwrap_or_default()], |row| {
        Ok(Listed {
            id: row.get(0)?,
            purl: row.get(1)?,
            name: row.get(2)?,
            version: row.get(3)?,
            ecosystem: row.get(4)?,
            direct: row.get(5)?,
            scope: row.get(6)?,
            licences: Vec::new(),
        })
    })?;
    for component in &mut all {
        component.licences = tx.all(
            "SELECT licence FROM component_licence WHERE component = ?1 ORDER BY licence",
            params![component.id],
            |row| row.get(0),
        )?;
    }
    Ok(all)
}

/// Every package that some version names: for finding out which of them new advisories touch.
pub fn each_package(
    tx: &mut Tx<'_>,
    mut each: impl FnMut(Id, &str, &str) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    tx.each("SELECT id, ecosystem, name FROM package", &[], |row| {
        each(row.get(0)?, &row.get::<String>(1)?, &row.get::<String>(2)?)
    })
}

/// The versions with an inventory that name one of these packages.
pub fn versions_with(tx: &mut Tx<'_>, packages: &[Id]) -> Result<Vec<Id>, StoreError> {
    let mut versions = std::collections::BTreeSet::new();
    // Some at a time: one by one each is a journey, and all in one has no bound.
    for chunk in packages.chunks(100) {
        let places: Vec<String> = (1..=chunk.len()).map(|at| format!("?{at}")).collect();
        let sql = format!(
            "SELECT DISTINCT u.version FROM component c JOIN version_component u ON u.component = c.id WHERE c.package IN ({})",
            places.join(", ")
        );
        let values: Vec<Value<'_>> = chunk.iter().map(|package| Value::from(*package)).collect();
        tx.each(&sql, &values, |row| {
            versions.insert(row.get::<Id>(0)?);
            Ok(())
        })?;
    }
    Ok(versions.into_iter().collect())
}

/// Takes a version away with its inventories, findings and deployments. Its documents go with the next sweep.
pub fn delete_version(tx: &mut Tx<'_>, version: Id) -> Result<(), StoreError> {
    crate::findings::delete_version(tx, version)?;
    for table in ["version_component", "inventory", "deployment"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE version = ?1"),
            params![version],
        )?;
    }
    tx.execute("DELETE FROM version WHERE id = ?1", params![version])?;
    Ok(())
}

/// How many live versions have an inventory, and when the oldest of them came.
pub fn reach(tx: &mut Tx<'_>) -> Result<(i64, Option<i64>), StoreError> {
    let found = tx.first(
        "SELECT COUNT(*), MIN(pushed) FROM version WHERE live = 1 AND pushed IS NOT NULL",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.unwrap_or((0, None)))
}
