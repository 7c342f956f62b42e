//! What is in versions, as people look at it: components by name with what is open about them, licences, what happened.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventories::Listed;
use crate::products::like;
use crate::query::Visible;
use crate::{Id, StoreError, Tx, Value, params};

/// Uses of one component that are looked at, so that one which is everywhere does not hold up a list.
const MOST_USES: i64 = 1_000;
/// Versions whose findings are looked at for what happened in a product.
const MOST_VERSIONS: usize = 20;

/// Which components of a version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'f> {
    /// Part of the name.
    pub text: Option<&'f str>,
    /// With this licence; an empty one: without any.
    pub licence: Option<&'f str>,
    /// The project itself asks for it, or does not.
    pub direct: Option<bool>,
    /// 0 runtime, 1 optional, 2 build, 3 test, 4 dev.
    pub scope: Option<i64>,
}

fn condition<'f>(filter: &Filter<'f>, values: &mut Vec<Value<'f>>) -> String {
    let mut parts = vec![String::new()];
    let mut put = |value: Value<'f>| {
        values.push(value);
        values.len()
    };
    if let Some(part) = filter.text.filter(|part| !part.is_empty()) {
        let at = put(format!("%{}%", like(&part.to_ascii_lowercase())).into());
        parts.push(format!("lower(c.name) LIKE ?{at} ESCAPE '\\'"));
    }
    let licence = "SELECT 1 FROM component_licence l WHERE l.component = u.component";
    match filter.licence {
        None => {}
        Some("") => parts.push(format!("NOT EXISTS ({licence})")),
        Some(word) => {
            let at = put(word.into());
            parts.push(format!("EXISTS ({licence} AND l.licence = ?{at})"));
        }
    }
    if let Some(direct) = filter.direct {
        let at = put(i64::from(direct).into());
        parts.push(format!("u.direct = ?{at}"));
    }
    if let Some(scope) = filter.scope {
        let at = put(scope.into());
        parts.push(format!("u.scope = ?{at}"));
    }
    parts.join(" AND ")
}

/// Components of a version by name, behind one of them.
pub fn components(
    tx: &mut Tx<'_>,
    version: Id,
    filter: &Filter<'_>,
    after: Option<Id>,
    limit: usize,
) -> Result<Vec<Listed>, StoreError> {
    let mut values: Vec<Value<'_>> = vec![version.into()];
    let wanted = condition(filter, &mut values);
    let behind = match after {
        None => String::new(),
        Some(after) => {
            values.push(after.into());
            let at = values.len();
            format!(
                " AND (lower(c.name), c.id) > ((SELECT lower(b.name) FROM component b WHERE b.id = ?{at}), ?{at})"
            )
        }
    };
    let sql = format!(
        "SELECT c.id, c.purl, c.name, c.version, COALESCE(p.ecosystem, ''), u.direct, u.scope
         FROM version_component u JOIN component c ON c.id = u.component LEFT JOIN package p ON p.id = c.package
         WHERE u.version = ?1{wanted}{behind} ORDER BY lower(c.name), c.id LIMIT {limit}"
    );
    let mut all = tx.all(&sql, &values, |row| {
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

/// How many components of a version there are, and how many of them the project itself asks for.
pub fn count(tx: &mut Tx<'_>, version: Id, filter: &Filter<'_>) -> Result<(i64, i64), StoreError> {
    let mut values: Vec<Value<'_>> = vec![version.into()];
    let wanted = condition(filter, &mut values);
    let sql = format!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN u.direct = 1 THEN 1 ELSE 0 END), 0) AS BIGINT)
         FROM version_component u JOIN component c ON c.id = u.component WHERE u.version = ?1{wanted}"
    );
    let found = tx.first(&sql, &values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.unwrap_or_default())
}

/// What is open about a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// So many findings.
    pub count: i64,
    /// The highest score, in tenths; -1 where none is scored.
    pub worst: i64,
    /// The highest severity, 0 none to 4 critical; -1 unknown.
    pub severity: i64,
    /// Known to be exploited.
    pub exploited: bool,
}

/// What is open about each component of a version.
pub fn open(tx: &mut Tx<'_>, version: Id) -> Result<BTreeMap<Id, Open>, StoreError> {
    let (first, last) = Id::range_below(version);
    let mut all = BTreeMap::new();
    tx.each(
        "SELECT component, COUNT(*), MAX(score), MAX(severity), MAX(flags & 1) FROM finding
         WHERE id >= ?1 AND id <= ?2 AND version = ?3 AND state < 4 GROUP BY component",
        params![first, last, version],
        |row| {
            let open = Open {
                count: row.get(1)?,
                worst: row.get(2)?,
                severity: row.get(3)?,
                exploited: row.get::<i64>(4)? != 0,
            };
            all.insert(row.get(0)?, open);
            Ok(())
        },
    )?;
    Ok(all)
}

/// A licence of a version: how many components have it, and how many of these the project itself asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licensed {
    /// As declared; empty: none is.
    pub licence: String,
    /// Components.
    pub components: i64,
    /// Asked for by the project itself.
    pub direct: i64,
}

/// The licences of a version, the most used first; what declares none stands last.
pub fn licences(tx: &mut Tx<'_>, version: Id, limit: usize) -> Result<Vec<Licensed>, StoreError> {
    let direct = "CAST(COALESCE(SUM(CASE WHEN u.direct = 1 THEN 1 ELSE 0 END), 0) AS BIGINT)";
    let sql = format!(
        "SELECT l.licence, COUNT(*), {direct} FROM version_component u JOIN component_licence l ON l.component = u.component
         WHERE u.version = ?1 GROUP BY l.licence ORDER BY COUNT(*) DESC, l.licence LIMIT {limit}"
    );
    let mut all = tx.all(&sql, params![version], |row| {
        Ok(Licensed {
            licence: row.get(0)?,
            components: row.get(1)?,
            direct: row.get(2)?,
        })
    })?;
    let none = Filter {
        licence: Some(""),
        ..Filter::default()
    };
    let (components, direct) = count(tx, version, &none)?;
    if components > 0 {
        all.push(Licensed {
            licence: String::new(),
            components,
            direct,
        });
    }
    Ok(all)
}

/// Who uses a component now, as far as somebody may see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Products with it in a live version.
    pub products: i64,
    /// All of its uses were looked at.
    pub whole: bool,
    /// What is open about it.
    pub open: Open,
}

/// Who uses a component now: at most 1,000 uses and findings are looked at.
pub fn used(
    tx: &mut Tx<'_>,
    component: Id,
    visible: Option<&BTreeSet<Id>>,
) -> Result<Used, StoreError> {
    let sees = |product: &Id| visible.is_none_or(|visible| visible.contains(product));
    let mut products = BTreeSet::new();
    let mut uses = 0;
    let sql = format!(
        "SELECT v.product FROM version_component s JOIN version v ON v.id = s.version
         WHERE s.component = ?1 AND v.live = 1 LIMIT {MOST_USES}"
    );
    tx.each(&sql, params![component], |row| {
        uses += 1;
        let product: Id = row.get(0)?;
        if sees(&product) {
            products.insert(product);
        }
        Ok(())
    })?;
    let mut open = Open {
        worst: -1,
        severity: -1,
        ..Open::default()
    };
    let mut findings = 0;
    let sql = format!(
        "SELECT product, score, severity, flags FROM finding WHERE component = ?1 AND work = 1 ORDER BY score DESC LIMIT {MOST_USES}"
    );
    tx.each(&sql, params![component], |row| {
        findings += 1;
        let product: Id = row.get(0)?;
        if sees(&product) {
            open.count += 1;
            open.worst = open.worst.max(row.get(1)?);
            open.severity = open.severity.max(row.get(2)?);
            open.exploited |= row.get::<i64>(3)? & 1 != 0;
        }
        Ok(())
    })?;
    Ok(Used {
        products: i64::try_from(products.len()).unwrap_or(i64::MAX),
        whole: uses < MOST_USES && findings < MOST_USES,
        open,
    })
}

/// A licence and how many components in live versions declare it: counted up to 1,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// As declared.
    pub licence: String,
    /// Components.
    pub components: i64,
    /// There are no more.
    pub exact: bool,
}

/// Licences by name, behind one of them.
pub fn declared(
    tx: &mut Tx<'_>,
    visible: &Visible,
    after: &str,
    limit: usize,
) -> Result<Vec<Declared>, crate::query::ListError> {
    let mut all = Vec::new();
    let mut after = after.to_owned();
    let seen = crate::query::seen("v.product", visible)?;
    while all.len() < limit {
        let next: Option<String> = tx.first(
            "SELECT licence FROM component_licence WHERE licence > ?1 ORDER BY licence LIMIT 1",
            params![&after],
            |row| row.get(0),
        )?;
        let Some(licence) = next else { break };
        let mut statement = crate::query::Statement::default();
        statement.push(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM component_licence l WHERE l.licence = ",
        );
        statement.value(licence.clone().into());
        statement.push(" AND EXISTS (SELECT 1 FROM version_component s JOIN version v ON v.id = s.version WHERE s.component = l.component AND v.live = 1");
        if let Some(piece) = &seen {
            statement.push(" AND ");
            statement.piece(piece, "v");
        }
        statement.push(&format!(") LIMIT {MOST_USES}) AS counted"));
        let components: i64 = tx
            .first(&statement.text, &statement.values, |row| row.get(0))?
            .unwrap_or_default();
        if components > 0 {
            all.push(Declared {
                licence: licence.clone(),
                components,
                exact: components < MOST_USES,
            });
        }
        after = licence;
    }
    Ok(all)
}

/// Open findings of a product that gain an attacker the same and are as bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// The bits of the threat vectors.
    pub vectors: i64,
    /// So many, the highest severity, and the highest score.
    pub open: Open,
    /// Known to be exploited.
    pub exploited: i64,
}

/// Open findings of a product by their threat vectors and severity.
pub fn by_vectors(tx: &mut Tx<'_>, product: Id) -> Result<Vec<Gain>, StoreError> {
    tx.all(
        "SELECT vectors, severity, COUNT(*), CAST(SUM(flags & 1) AS BIGINT), MAX(score) FROM finding
         WHERE work = 1 AND product = ?1 GROUP BY vectors, severity",
        params![product],
        |row| {
            let exploited = row.get(3)?;
            Ok(Gain {
                vectors: row.get(0)?,
                open: Open {
                    count: row.get(2)?,
                    worst: row.get(4)?,
                    severity: row.get(1)?,
                    exploited: exploited > 0,
                },
                exploited,
            })
        },
    )
}

/// A component of a version, as two versions are compared by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The ecosystem; empty for a place.
    pub ecosystem: String,
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The package URL.
    pub purl: String,
}

/// The components of a version in an order of their own, at most so many.
pub fn parts(tx: &mut Tx<'_>, version: Id, limit: usize) -> Result<Vec<Part>, StoreError> {
    let sql = format!(
        "SELECT COALESCE(p.ecosystem, ''), c.name, c.version, c.purl
         FROM version_component u JOIN component c ON c.id = u.component LEFT JOIN package p ON p.id = c.package
         WHERE u.version = ?1 ORDER BY u.component LIMIT {limit}"
    );
    let mut all = tx.all(&sql, params![version], |row| {
        Ok(Part {
            ecosystem: row.get(0)?,
            name: row.get(1)?,
            version: row.get(2)?,
            purl: row.get(3)?,
        })
    })?;
    all.sort();
    Ok(all)
}

/// Something that happened to a finding of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Seconds since 1970.
    pub at: i64,
    /// `appeared`, `fixed`, `closed` or `reopened`.
    pub what: String,
    /// Why.
    pub reason: String,
    /// The finding.
    pub finding: Id,
    /// When the finding was first seen, in this version or one before it.
    pub first_seen: i64,
    /// Its version.
    pub version: Id,
    /// Name of the vulnerability.
    pub vulnerability: String,
    /// Name of the component.
    pub component: String,
    /// The component's version.
    pub component_version: String,
}

/// What happened in the versions that came in last, the latest first, since a time; and whether that is all of it.
pub fn turns(
    tx: &mut Tx<'_>,
    product: Id,
    since: i64,
    limit: usize,
) -> Result<(Vec<Turn>, bool), StoreError> {
    let sql = format!(
        "SELECT id FROM version WHERE product = ?1 AND pushed IS NOT NULL ORDER BY pushed DESC, id LIMIT {}",
        MOST_VERSIONS + 1
    );
    let mut versions: Vec<Id> = tx.all(&sql, params![product], |row| row.get(0))?;
    let mut whole = versions.len() <= MOST_VERSIONS;
    versions.truncate(MOST_VERSIONS);
    let mut all = Vec::new();
    for version in versions {
        let (first, last) = Id::range_below(version);
        let sql = format!(
            "SELECT h.at, h.what, h.reason, h.finding, f.first_seen, w.name, c.name, c.version
             FROM finding_history h JOIN finding f ON f.id = h.finding
             JOIN vulnerability w ON w.id = f.vulnerability JOIN component c ON c.id = f.component
             WHERE h.finding >= ?1 AND h.finding <= ?2 AND f.version = ?3 AND h.at >= ?4
               AND h.what IN ('appeared', 'fixed', 'closed', 'reopened')
             ORDER BY h.at DESC, h.seq DESC LIMIT {}",
            limit + 1
        );
        let found = tx.all(&sql, params![first, last, version, since], |row| {
            Ok(Turn {
                at: row.get(0)?,
                what: row.get(1)?,
                reason: row.get(2)?,
                finding: row.get(3)?,
                first_seen: row.get(4)?,
                version,
                vulnerability: row.get(5)?,
                component: row.get(6)?,
                component_version: row.get(7)?,
            })
        })?;
        whole &= found.len() <= limit;
        all.extend(found);
    }
    all.sort_by(|one, other| {
        other
            .at
            .cmp(&one.at)
            .then_with(|| one.finding.cmp(&other.finding))
    });
    whole &= all.len() <= limit;
    all.truncate(limit);
    Ok((all, whole))
}
