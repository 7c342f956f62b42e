//! How each product stands now: what of it is open, and how much that is worth. Counted again in the transaction that
//! changes its findings, so that a page of products reads one narrow row each.

use std::collections::BTreeMap;

use crate::{Id, Row, StoreError, Tx, Value, params};

/// How a product stands. Only what is open in live versions counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The scores of what is open, added up, in tenths.
    pub risk: i64,
    /// The highest score, in tenths; -1 where nothing is scored.
    pub worst: i64,
    /// Open findings.
    pub total: i64,
    /// Critical, high, medium, low.
    pub severities: [i64; 4],
    /// Known exploited.
    pub exploited: i64,
    /// Not done in time.
    pub overdue: i64,
    /// Covered by an exception.
    pub excepted: i64,
    /// Nobody is responsible.
    pub unowned: i64,
    /// Some version clears it.
    pub fixable: i64,
    /// Has to be done by some day.
    pub dated: i64,
}

impl Standing {
    /// Adds another product's.
    pub fn add(&mut self, other: &Self) {
        self.risk += other.risk;
        self.worst = self.worst.max(other.worst);
        self.total += other.total;
        for (own, more) in self.severities.iter_mut().zip(other.severities) {
            *own += more;
        }
        self.exploited += other.exploited;
        self.overdue += other.overdue;
        self.excepted += other.excepted;
        self.unowned += other.unowned;
        self.fixable += other.fixable;
        self.dated += other.dated;
    }
}

const COLUMNS: &str = "risk, worst, total, critical, high, medium, low, exploited, overdue, excepted, unowned, fixable, dated";

/// The same, counted from the findings.
const COUNTED: &str = "CAST(COALESCE(SUM(CASE WHEN score > 0 THEN score ELSE 0 END), 0) AS BIGINT), COALESCE(MAX(score), -1), COUNT(*),
    CAST(COALESCE(SUM(CASE WHEN severity = 4 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN severity = 3 THEN 1 ELSE 0 END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN severity = 2 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN severity = 1 THEN 1 ELSE 0 END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN (flags & 1) <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN state = 2 THEN 1 ELSE 0 END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN state = 3 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN (flags & 32) <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN (flags & 2) <> 0 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN due IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT)";

fn read(row: &Row<'_>, from: usize) -> Result<Standing, StoreError> {
    let get = |at: usize| row.get::<i64>(from + at);
    Ok(Standing {
        risk: get(0)?,
        worst: get(1)?,
        total: get(2)?,
        severities: [get(3)?, get(4)?, get(5)?, get(6)?],
        exploited: get(7)?,
        overdue: get(8)?,
        excepted: get(9)?,
        unowned: get(10)?,
        fixable: get(11)?,
        dated: get(12)?,
    })
}

/// Counts a product again.
pub fn refresh(tx: &mut Tx<'_>, product: Id) -> Result<(), StoreError> {
    let now = counted(tx, product)?;
    let [critical, high, medium, low] = now.severities;
    let mut columns: Vec<&str> = vec!["product"];
    columns.extend(COLUMNS.split(", "));
    let renewed: Vec<String> = columns
        .iter()
        .skip(1)
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    tx.insert(
        "standing",
        &columns,
        params![
            product,
            now.risk,
            now.worst,
            now.total,
            critical,
            high,
            medium,
            low,
            now.exploited,
            now.overdue,
            now.excepted,
            now.unowned,
            now.fixable,
            now.dated,
        ],
        &format!("ON CONFLICT (product) DO UPDATE SET {}", renewed.join(", ")),
    )?;
    Ok(())
}

/// What a count of the findings themselves gives.
pub fn counted(tx: &mut Tx<'_>, product: Id) -> Result<Standing, StoreError> {
    let sql = format!("SELECT {COUNTED} FROM finding WHERE work = 1 AND product = ?1");
    Ok(tx
        .first(&sql, params![product], |row| read(row, 0))?
        .unwrap_or_default())
}

/// How a product stands; nothing is open in one that never had a finding.
pub fn of(tx: &mut Tx<'_>, product: Id) -> Result<Standing, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM standing WHERE product = ?1");
    Ok(tx
        .first(&sql, params![product], |row| read(row, 0))?
        .unwrap_or(Standing {
            worst: -1,
            ..Standing::default()
        }))
}

/// How several products stand, by their ids.
pub fn of_all(tx: &mut Tx<'_>, products: &[Id]) -> Result<BTreeMap<Id, Standing>, StoreError> {
    let mut all = BTreeMap::new();
    for chunk in products.chunks(100) {
        let places: Vec<String> = (1..=chunk.len()).map(|at| format!("?{at}")).collect();
        let sql = format!(
            "SELECT product, {COLUMNS} FROM standing WHERE product IN ({})",
            places.join(", ")
        );
        let values: Vec<Value<'_>> = chunk.iter().map(|product| Value::from(*product)).collect();
        tx.each(&sql, &values, |row| {
            all.insert(row.get::<Id>(0)?, read(row, 1)?);
            Ok(())
        })?;
    }
    Ok(all)
}

/// All of them together; `only`: of these products.
pub fn sum(tx: &mut Tx<'_>, only: Option<&[Id]>) -> Result<Standing, StoreError> {
    let mut all = Standing {
        worst: -1,
        ..Standing::default()
    };
    match only {
        None => {
            let sql = format!("SELECT {COLUMNS} FROM standing");
            tx.each(&sql, &[], |row| {
                all.add(&read(row, 0)?);
                Ok(())
            })?;
        }
        Some(products) => {
            for product in products {
                all.add(&of(tx, *product)?);
            }
        }
    }
    Ok(all)
}

/// Products by their open risk, most first, from a place on: the risk and id of the last one before. At most `limit`, of
/// those in `only`.
pub fn worst(
    tx: &mut Tx<'_>,
    only: Option<&[Id]>,
    after: Option<(i64, Id)>,
    limit: usize,
) -> Result<Vec<(Id, Standing)>, StoreError> {
    let mut found = Vec::new();
    let mut after = after.unwrap_or((i64::MAX, Id([0xff; 16])));
    let sql = format!(
        "SELECT product, {COLUMNS} FROM standing WHERE (risk, product) < (?1, ?2) ORDER BY risk DESC, product DESC LIMIT {}",
        limit.max(50)
    );
    // Those that may not be seen are passed over.
    while found.len() < limit {
        let rows = tx.all(&sql, params![after.0, after.1], |row| {
            Ok((row.get::<Id>(0)?, read(row, 1)?))
        })?;
        let Some(last) = rows.last() else { break };
        after = (last.1.risk, last.0);
        for (product, standing) in rows {
            if found.len() < limit && only.is_none_or(|only| only.contains(&product)) {
                found.push((product, standing));
            }
        }
    }
    Ok(found)
}
