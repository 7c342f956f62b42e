//! Products in their tree, their tags, branches, versions and deployments.

mod deployments;
mod repository;

use crate::{Id, Row, StoreError, Tx, Value, params};

pub use deployments::{Deployment, deploy, deployments, end_deployment, uncovered};
pub use repository::{Repository, repository, set_repository};

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Derived from the name it was made with.
    pub id: Id,
    /// Unique.
    pub name: String,
    /// `own` or `bought`.
    pub kind: String,
    /// For people.
    pub description: String,
    /// The product it is a part of.
    pub parent: Option<Id>,
    /// Who acts.
    pub owner: Option<String>,
    /// 1 (most depends on it) to 5.
    pub tier: Option<i64>,
    /// Reachable from the internet; `None` while nobody has said.
    pub exposed: Option<bool>,
    /// Where it runs.
    pub environment: Option<String>,
    /// `development`, `active`, `maintenance` or `retired`.
    pub lifecycle: String,
    /// Classes of data it holds.
    pub data_classes: Vec<String>,
    /// Sorted.
    pub tags: Vec<String>,
    /// Who sells a bought product.
    pub vendor: Option<String>,
    /// The version that was bought.
    pub bought: Option<String>,
    /// Its CPE name, where one is known.
    pub cpe: Option<String>,
    /// Anyone may see its badge.
    pub badge: bool,
    /// Versions that are kept besides live ones; `None`: as many as the portal says.
    pub keep_versions: Option<i64>,
    /// Days for which versions that are not live are kept.
    pub keep_days: Option<i64>,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub changed: i64,
    /// Goes up with each change.
    pub revision: i64,
}

/// How a branch's latest version is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latest {
    /// The last that was pushed.
    Pushed,
    /// The highest by its own order.
    Ordered,
    /// The one that somebody pinned.
    Pinned,
}

impl Latest {
    /// The word that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Ordered => "ordered",
            Self::Pinned => "pinned",
        }
    }

    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pushed, Self::Ordered, Self::Pinned]
            .into_iter()
            .find(|rule| rule.as_str() == word)
    }
}

/// A branch of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Derived from product and name.
    pub id: Id,
    /// Of which product.
    pub product: Id,
    /// Unique in the product.
    pub name: String,
    /// How its latest version is told.
    pub latest: Latest,
}

/// A version of a product on a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Derived from branch and name.
    pub id: Id,
    /// Of which product.
    pub product: Id,
    /// On which branch.
    pub branch: Id,
    /// As it was pushed.
    pub name: String,
    /// The inventory in force.
    pub inventory: Option<Id>,
    /// The latest of its branch.
    pub latest: bool,
    /// Latest or deployed: its findings are work.
    pub live: bool,
    /// How many components it has.
    pub components: i64,
    /// When its inventory came.
    pub pushed: Option<i64>,
    /// What the gate last said.
    pub denied: Option<bool>,
    /// Seconds since 1970.
    pub created: i64,
}

const COLUMNS: &str = "id, name, kind, description, parent, owner, tier, exposed, environment, lifecycle, data_classes, vendor, bought, cpe, badge, keep_versions, keep_days, created, changed, revision";

fn read(row: &Row<'_>) -> Result<Product, StoreError> {
    Ok(Product {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        description: row.get(3)?,
        parent: row.get(4)?,
        owner: row.get(5)?,
        tier: row.get(6)?,
        exposed: row.get(7)?,
        environment: row.get(8)?,
        lifecycle: row.get(9)?,
        data_classes: list(&row.get::<String>(10)?)?,
        tags: Vec::new(),
        vendor: row.get(11)?,
        bought: row.get(12)?,
        cpe: row.get(13)?,
        badge: row.get(14)?,
        keep_versions: row.get(15)?,
        keep_days: row.get(16)?,
        created: row.get(17)?,
        changed: row.get(18)?,
        revision: row.get(19)?,
    })
}

fn list(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Kept {
        what: "a product".into(),
        reason: error.to_string(),
    })
}

/// The id that a product of this name is made with.
pub fn id_of(name: &str) -> Id {
    Id::derive("product", &[name.as_bytes()])
}

/// The id for a new product of this name: that of the name, unless a product that is called otherwise now was made with it.
pub fn free_id(tx: &mut Tx<'_>, name: &str) -> Result<Id, StoreError> {
    let mut id = id_of(name);
    let mut number: u64 = 1;
    while tx
        .first(
            "SELECT 1 FROM product WHERE id = ?1 AND name <> ?2",
            params![id, name],
            |_| Ok(()),
        )?
        .is_some()
    {
        id = Id::derive("product", &[name.as_bytes(), &number.to_be_bytes()]);
        number += 1;
    }
    Ok(id)
}

fn with_tags(tx: &mut Tx<'_>, mut product: Product) -> Result<Product, StoreError> {
    product.tags = tx.all(
        "SELECT tag FROM product_tag WHERE product = ?1 ORDER BY tag",
        params![product.id],
        |row| row.get(0),
    )?;
    Ok(product)
}

/// A product by its name.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Product>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM product WHERE name = ?1");
    match tx.first(&sql, params![name], read)? {
        Some(product) => with_tags(tx, product).map(Some),
        None => Ok(None),
    }
}

/// A product by its id.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Product>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM product WHERE id = ?1");
    match tx.first(&sql, params![id], read)? {
        Some(product) => with_tags(tx, product).map(Some),
        None => Ok(None),
    }
}

/// Which products, and how far.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'w> {
    /// Only those after this name.
    pub after: Option<&'w str>,
    /// Whose name has this in it.
    pub text: Option<&'w str>,
    /// With this tag.
    pub tag: Option<&'w str>,
    /// Below this product, itself included.
    pub below: Option<Id>,
    /// `own` or `bought`.
    pub kind: Option<&'w str>,
    /// Only these; `None`: all.
    pub only: Option<&'w [Id]>,
    /// At most so many.
    pub limit: usize,
}

/// Products in the order of their names.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<Vec<Product>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM product WHERE name > ?1");
    let mut values: Vec<Value<'_>> = vec![wanted.after.unwrap_or("").into()];
    let mut add = |sql: &mut String, text: &str, value: Value<'static>| {
        values.push(value);
        sql.push_str(&text.replace("??", &format!("?{}", values.len())));
    };
    if let Some(text) = wanted.text {
        let pattern = format!("%{}%", like(&text.to_lowercase()));
        add(
            &mut sql,
            " AND lower(name) LIKE ?? ESCAPE '\\'",
            pattern.into(),
        );
    }
    if let Some(tag) = wanted.tag {
        add(
            &mut sql,
            " AND id IN (SELECT product FROM product_tag WHERE tag = ??)",
            tag.to_owned().into(),
        );
    }
    if let Some(below) = wanted.below {
        add(
            &mut sql,
            " AND id IN (SELECT product FROM product_above WHERE above = ??)",
            below.into(),
        );
    }
    if let Some(kind) = wanted.kind {
        add(&mut sql, " AND kind = ??", kind.to_owned().into());
    }
    if let Some(only) = wanted.only {
        sql.push_str(" AND id IN (");
        for (at, id) in only.iter().enumerate() {
            add(&mut sql, if at == 0 { "??" } else { ", ??" }, (*id).into());
        }
        sql.push_str(if only.is_empty() { "NULL)" } else { ")" });
    }
    sql.push_str(" ORDER BY name LIMIT ");
    sql.push_str(&wanted.limit.to_string());
    let products = tx.all(&sql, &values, read)?;
    products
        .into_iter()
        .map(|product| with_tags(tx, product))
        .collect()
}

/// A text inside a pattern of `LIKE ... ESCAPE '\'`.
pub(crate) fn like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn values(product: &Product) -> Vec<Value<'_>> {
    let classes = serde_json::to_string(&product.data_classes).unwrap_or_else(|_| "[]".into());
    params![
        product.id,
        &product.name,
        &product.kind,
        &product.description,
        product.parent,
        product.owner.as_deref(),
        product.tier,
        product.exposed,
        product.environment.as_deref(),
        &product.lifecycle,
        classes,
        product.vendor.as_deref(),
        product.bought.as_deref(),
        product.cpe.as_deref(),
        product.badge,
        product.keep_versions,
        product.keep_days,
        product.created,
        product.changed,
        product.revision,
    ]
    .to_vec()
}

/// Makes a product; [`StoreError::Taken`] where the name is in use.
pub fn create(tx: &mut Tx<'_>, product: &Product) -> Result<(), StoreError> {
    let columns: Vec<&str> = COLUMNS.split(", ").collect();
    tx.insert("product", &columns, &values(product), "")?;
    place(tx, product.id, product.parent)?;
    tag(tx, product.id, &product.tags)
}

/// Changes a product whose revision is still the one that was read: `false` where somebody else was faster. The new
/// revision is one higher.
pub fn update(tx: &mut Tx<'_>, product: &Product, read: i64) -> Result<bool, StoreError> {
    let set: Vec<String> = COLUMNS
        .split(", ")
        .enumerate()
        .skip(1)
        .map(|(at, column)| format!("{column} = ?{}", at + 1))
        .collect();
    let sql = format!(
        "UPDATE product SET {} WHERE id = ?1 AND revision = ?21",
        set.join(", ")
    );
    let mut values = values(product);
    values.push(read.into());
    if tx.execute(&sql, &values)? == 0 {
        return Ok(false);
    }
    place(tx, product.id, product.parent)?;
    tag(tx, product.id, &product.tags)?;
    Ok(true)
}

/// Whether an exception or decision in force names a product.
pub fn is_named(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM exception WHERE product = ?1 AND state IN ('requested', 'approved')
         UNION ALL SELECT 1 FROM decision WHERE product = ?1 AND withdrawn IS NULL LIMIT 1";
    Ok(tx.first(sql, params![name], |_| Ok(()))?.is_some())
}

/// Whether a product may hang below another: not below itself.
pub fn may_hang(tx: &mut Tx<'_>, product: Id, parent: Id) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM product_above WHERE above = ?1 AND product = ?2";
    Ok(tx
        .first(sql, params![product, parent], |_| Ok(()))?
        .is_none()
        && product != parent)
}

/// Writes down what is above a product and all that hangs below it.
fn place(tx: &mut Tx<'_>, product: Id, parent: Option<Id>) -> Result<(), StoreError> {
    let below: Vec<(Id, i64)> = tx.all(
        "SELECT product, depth FROM product_above WHERE above = ?1",
        params![product],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let below = if below.is_empty() {
        vec![(product, 0)]
    } else {
        below
    };
    let mut above: Vec<(Id, i64)> = match parent {
        Some(parent) => tx.all(
            "SELECT above, depth FROM product_above WHERE product = ?1",
            params![parent],
            |row| Ok((row.get(0)?, row.get::<i64>(1)? + 1)),
        )?,
        None => Vec::new(),
    };
    above.push((product, 0));
    let inside: Vec<Id> = below.iter().map(|(id, _)| *id).collect();
    for (id, _) in &below {
        let old: Vec<Id> = tx.all(
            "SELECT above FROM product_above WHERE product = ?1",
            params![id],
            |row| row.get(0),
        )?;
        for above in old.into_iter().filter(|above| !inside.contains(above)) {
            tx.execute(
                "DELETE FROM product_above WHERE above = ?1 AND product = ?2",
                params![above, id],
            )?;
        }
    }
    let mut rows: Vec<(Id, Id, i64)> = Vec::new();
    for (id, depth) in &below {
        rows.extend(
            above
                .iter()
                .map(|(over, height)| (*over, *id, depth + height)),
        );
    }
    rows.sort_unstable();
    let values: Vec<Value<'_>> = rows
        .iter()
        .flat_map(|(above, product, depth)| params![*above, *product, *depth].to_vec())
        .collect();
    tx.insert(
        "product_above",
        &["above", "product", "depth"],
        &values,
        "ON CONFLICT (above, product) DO UPDATE SET depth = excluded.depth",
    )?;
    Ok(())
}

fn tag(tx: &mut Tx<'_>, product: Id, tags: &[String]) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM product_tag WHERE product = ?1",
        params![product],
    )?;
    let mut tags: Vec<&String> = tags.iter().collect();
    tags.sort();
    tags.dedup();
    let values: Vec<Value<'_>> = tags
        .into_iter()
        .flat_map(|tag| params![tag, product].to_vec())
        .collect();
    tx.insert("product_tag", &["tag", "product"], &values, "")?;
    Ok(())
}

/// Takes a product away with everything that hangs on it; those below it move up to its parent. The log keeps that it was
/// there.
pub fn delete(tx: &mut Tx<'_>, product: &Product) -> Result<(), StoreError> {
    let children: Vec<Id> = tx.all(
        "SELECT id FROM product WHERE parent = ?1",
        params![product.id],
        |row| row.get(0),
    )?;
    for child in children {
        tx.execute(
            "UPDATE product SET parent = ?2, revision = revision + 1 WHERE id = ?1",
            params![child, product.parent],
        )?;
        place(tx, child, product.parent)?;
    }
    for version in versions(tx, product.id)? {
        crate::inventories::delete_version(tx, version.id)?;
    }
    for table in [
        "repository",
        "branch",
        "deployment",
        "metric",
        "standing",
        "product_tag",
        "product_above",
    ] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE product = ?1"),
            params![product.id],
        )?;
    }
    tx.execute(
        "DELETE FROM product_above WHERE above = ?1",
        params![product.id],
    )?;
    tx.execute(
        "UPDATE asset SET product = NULL WHERE product = ?1",
        params![product.id],
    )?;
    tx.execute("DELETE FROM product WHERE id = ?1", params![product.id])?;
    Ok(())
}

/// Everything above a product, itself first.
pub fn above(tx: &mut Tx<'_>, product: Id) -> Result<Vec<Id>, StoreError> {
    tx.all(
        "SELECT above FROM product_above WHERE product = ?1 ORDER BY depth",
        params![product],
        |row| row.get(0),
    )
}

/// The branches of a product, by name.
pub fn branches(tx: &mut Tx<'_>, product: Id) -> Result<Vec<Branch>, StoreError> {
    tx.all(
        "SELECT id, product, name, latest FROM branch WHERE product = ?1 ORDER BY name",
        params![product],
        read_branch,
    )
}

fn read_branch(row: &Row<'_>) -> Result<Branch, StoreError> {
    let word: String = row.get(3)?;
    Ok(Branch {
        id: row.get(0)?,
        product: row.get(1)?,
        name: row.get(2)?,
        latest: Latest::from_word(&word).unwrap_or(Latest::Pushed),
    })
}

/// The branch of this name, made where there is none.
pub fn branch(tx: &mut Tx<'_>, product: Id, name: &str, now: i64) -> Result<Branch, StoreError> {
    let id = Id::derive("branch", &[&product.0, name.as_bytes()]);
    tx.insert(
        "branch",
        &["id", "product", "name", "latest", "created"],
        params![id, product, name, Latest::Pushed.as_str(), now],
        "ON CONFLICT (product, name) DO NOTHING",
    )?;
    tx.first(
        "SELECT id, product, name, latest FROM branch WHERE product = ?1 AND name = ?2",
        params![product, name],
        read_branch,
    )?
    .ok_or_else(|| StoreError::Lost("a branch that was just written".into()))
}

/// Says how a branch's latest version is told.
pub fn set_latest(
    tx: &mut Tx<'_>,
    branch: &Branch,
    rule: Latest,
    pinned: Option<Id>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE branch SET latest = ?2 WHERE id = ?1",
        params![branch.id, rule.as_str()],
    )?;
    if let (Latest::Pinned, Some(version)) = (rule, pinned) {
        tx.execute(
            "UPDATE version SET latest = CASE WHEN id = ?2 THEN 1 ELSE 0 END WHERE branch = ?1",
            params![branch.id, version],
        )?;
    }
    settle(tx, branch.id)
}

const VERSION: &str =
    "id, product, branch, name, inventory, latest, live, components, pushed, denied, created";

fn read_version(row: &Row<'_>) -> Result<Version, StoreError> {
    Ok(Version {
        id: row.get(0)?,
        product: row.get(1)?,
        branch: row.get(2)?,
        name: row.get(3)?,
        inventory: row.get(4)?,
        latest: row.get(5)?,
        live: row.get(6)?,
        components: row.get(7)?,
        pushed: row.get(8)?,
        denied: row.get(9)?,
        created: row.get(10)?,
    })
}

/// The versions of a product, the last pushed first; at most 10,000.
pub fn versions(tx: &mut Tx<'_>, product: Id) -> Result<Vec<Version>, StoreError> {
    let sql = format!(
        "SELECT {VERSION} FROM version WHERE product = ?1 ORDER BY pushed DESC, id LIMIT 10000"
    );
    tx.all(&sql, params![product], read_version)
}

/// Versions of a product, the last pushed first, behind one of them; those without an inventory stand last.
pub fn versions_after(
    tx: &mut Tx<'_>,
    product: Id,
    after: Option<Id>,
    limit: usize,
) -> Result<Vec<Version>, StoreError> {
    let mut values: Vec<Value<'_>> = vec![product.into()];
    let mut behind = "";
    if let Some(after) = after {
        values.push(after.into());
        behind = " AND (COALESCE(pushed, -1), id) < ((SELECT COALESCE(b.pushed, -1) FROM version b WHERE b.id = ?2), ?2)";
    }
    let sql = format!(
        "SELECT {VERSION} FROM version WHERE product = ?1{behind} ORDER BY COALESCE(pushed, -1) DESC, id DESC LIMIT {limit}"
    );
    tx.all(&sql, &values, read_version)
}

/// A version by its id.
pub fn version_by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Version>, StoreError> {
    let sql = format!("SELECT {VERSION} FROM version WHERE id = ?1");
    tx.first(&sql, params![id], read_version)
}

/// The version of this name on a branch, made where there is none. `key` is bytes that order as versions do.
pub fn version(
    tx: &mut Tx<'_>,
    branch: &Branch,
    name: &str,
    key: &[u8],
    now: i64,
) -> Result<Version, StoreError> {
    let id = Id::derive("version", &[&branch.id.0, name.as_bytes()]);
    tx.insert(
        "version",
        &[
            "id",
            "product",
            "branch",
            "name",
            "sort_key",
            "latest",
            "live",
            "components",
            "created",
        ],
        params![id, branch.product, branch.id, name, key, 0, 0, 0, now],
        "ON CONFLICT (product, branch, name) DO NOTHING",
    )?;
    version_by_id(tx, id)?.ok_or_else(|| StoreError::Lost("a version that was just written".into()))
}

/// Finds the latest version of a branch by its rule, and sets which versions are live.
pub fn settle(tx: &mut Tx<'_>, branch: Id) -> Result<(), StoreError> {
    crate::inventories::lock_branch(tx, branch)?;
    let sql = "SELECT latest FROM branch WHERE id = ?1";
    let rule: Option<String> = tx.first(sql, params![branch], |row| row.get(0))?;
    let order = match rule.as_deref().and_then(Latest::from_word) {
        Some(Latest::Ordered) => Some("sort_key DESC, pushed DESC, id"),
        Some(Latest::Pushed) => Some("pushed DESC, sort_key DESC, id"),
        _ => None,
    };
    if let Some(order) = order {
        let sql = format!(
            "SELECT id FROM version WHERE branch = ?1 AND inventory IS NOT NULL ORDER BY {order} LIMIT 1"
        );
        let latest: Option<Id> = tx.first(&sql, params![branch], |row| row.get(0))?;
        tx.execute(
            "UPDATE version SET latest = CASE WHEN id = ?2 THEN 1 ELSE 0 END WHERE branch = ?1 AND latest <> CASE WHEN id = ?2 THEN 1 ELSE 0 END",
            params![branch, latest.unwrap_or_default()],
        )?;
    }
    let changed: Vec<(Id, bool)> = tx.all(
        "SELECT id, live FROM version v WHERE branch = ?1 AND live <>
            CASE WHEN latest = 1 OR EXISTS (SELECT 1 FROM deployment d WHERE d.version = v.id AND d.until IS NULL) THEN 1 ELSE 0 END",
        params![branch],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (version, was) in changed {
        tx.execute(
            "UPDATE version SET live = ?2 WHERE id = ?1",
            params![version, !was],
        )?;
        crate::findings::set_live(tx, version, !was)?;
    }
    Ok(())
}
