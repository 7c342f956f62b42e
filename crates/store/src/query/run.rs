//! The statements of a plan, and the first rows of all of them.

use super::Order;
use super::compile::Condition;
use super::plan::{Drive, Plan, keys, table};
use super::sql::{Piece, Statement};
use crate::{Dialect, Id, StoreError, Tx, Value};

/// Where a row stands in the order: what it is sorted by, and its id.
pub(crate) type Place = (i64, Id);

/// From how many keys on the rows that are found already bound those that are looked for.
const BOUND_FROM: usize = 4;

/// What is asked of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) conditions: &'a [Condition],
    pub(crate) order: Order,
    /// Only what comes behind.
    pub(crate) after: Option<Place>,
    /// So many rows.
    pub(crate) most: usize,
}

impl Asked<'_> {
    /// Whether the greatest come first.
    fn falling(&self) -> bool {
        (self.order.by == "due") == self.order.turned
    }

    /// Adds the conditions that the drive does not hold by itself: first those that its index answers, then those that
    /// need the row.
    fn filter(&self, statement: &mut Statement, drive: &Drive) {
        if self.order.by == "due" {
            // What has no date has no place in this order.
            statement.push(" AND f.due IS NOT NULL");
        }
        let mut deep: Vec<Piece> = Vec::new();
        for (at, condition) in self.conditions.iter().enumerate() {
            if self.plan.held == Some(at) {
                continue;
            }
            if condition.columns & !drive.index.columns == 0 {
                statement.push(" AND (");
                statement.piece(&condition.piece, "f");
                statement.push(")");
            } else {
                deep.push(condition.piece.clone());
            }
        }
        if !deep.is_empty() {
            // One row is looked up, and only now; as a value, so that no planner makes a join of it.
            statement.push(" AND (SELECT 1 FROM finding AS w WHERE w.id = f.id AND ");
            statement.piece(&Piece::join(&deep, " AND "), "w");
            statement.push(") IS NOT NULL");
        }
    }

    /// The first rows of a drive for one key. `key` writes what it has to be.
    fn branch(
        &self,
        statement: &mut Statement,
        dialect: Dialect,
        drive: &Drive,
        key: impl FnOnce(&mut Statement),
        bound: Option<Place>,
    ) {
        let by = self.order.by;
        let falling = self.falling();
        statement.push(&format!("SELECT f.{by} AS place, f.id AS id FROM "));
        table(statement, dialect, drive.index);
        if let Some(column) = drive.index.key {
            statement.push(&format!(" AND f.{column} = "));
            key(statement);
        }
        if let Some((place, id)) = self.after {
            let sign = if falling { "<" } else { ">" };
            statement.push(&format!(" AND (f.{by}, f.id) {sign} ("));
            statement.value(place.into());
            statement.push(", ");
            statement.value(id.into());
            statement.push(")");
        }
        if let Some((place, id)) = bound {
            let sign = if falling { ">" } else { "<" };
            statement.push(&format!(" AND (f.{by}, f.id) {sign} ("));
            statement.value(place.into());
            statement.push(", ");
            statement.value(id.into());
            statement.push(")");
        }
        self.filter(statement, drive);
        let down = if falling { " DESC" } else { "" };
        statement.push(&format!(
            " ORDER BY f.{by}{down}, f.id{down} LIMIT {}",
            self.most
        ));
    }

    fn sort(&self, found: &mut Vec<Place>) {
        found.sort_unstable();
        found.dedup();
        if self.falling() {
            found.reverse();
        }
        found.truncate(self.most);
    }

    /// The statements of a drive, each with its values: one, or one a key.
    fn statement(&self, dialect: Dialect, drive: &Drive) -> Statement {
        let mut statement = Statement::default();
        match (dialect, drive.keys.as_slice()) {
            (Dialect::Postgres, keys) if keys.len() > 1 => {
                statement.push("SELECT found.place, found.id FROM (VALUES ");
                for (at, key) in keys.iter().enumerate() {
                    statement.push(if at == 0 { "(" } else { ", (" });
                    statement.value(key.clone());
                    statement.push(match key {
                        Value::Int(_) => "::bigint)",
                        Value::Text(_) => "::text)",
                        _ => "::bytea)",
                    });
                }
                statement.push(") AS keys (key) CROSS JOIN LATERAL (");
                self.branch(
                    &mut statement,
                    dialect,
                    drive,
                    |statement| statement.push("keys.key"),
                    None,
                );
                let down = if self.falling() { " DESC" } else { "" };
                statement.push(&format!(
                    ") AS found ORDER BY found.place{down}, found.id{down} LIMIT {}",
                    self.most
                ));
            }
            (_, keys) => {
                let key = keys.first().cloned().unwrap_or(Value::Null);
                self.branch(
                    &mut statement,
                    dialect,
                    drive,
                    |statement| statement.value(key),
                    None,
                );
            }
        }
        statement
    }

    /// The first rows of all drives.
    pub(crate) fn places(&self, tx: &mut Tx<'_>) -> Result<Vec<Place>, StoreError> {
        let mut found: Vec<Place> = Vec::new();
        let dialect = tx.dialect();
        for drive in &self.plan.drives {
            if dialect == Dialect::Sqlite && drive.keys.len() > 1 {
                self.one_by_one(tx, drive, &mut found)?;
                continue;
            }
            let statement = self.statement(dialect, drive);
            tx.each(&statement.text, &statement.values, |row| {
                found.push((row.get(0)?, row.get(1)?));
                Ok(())
            })?;
        }
        self.sort(&mut found);
        Ok(found)
    }

    /// A prepared statement a key: what is found bounds what is looked for next.
    fn one_by_one(
        &self,
        tx: &mut Tx<'_>,
        drive: &Drive,
        found: &mut Vec<Place>,
    ) -> Result<(), StoreError> {
        let mut bound = if self.falling() {
            (i64::MIN, Id([0; 16]))
        } else {
            (i64::MAX, Id([255; 16]))
        };
        let bounded = drive.keys.len() > BOUND_FROM;
        for key in &drive.keys {
            let mut statement = Statement::default();
            self.branch(
                &mut statement,
                Dialect::Sqlite,
                drive,
                |statement| statement.value(key.clone()),
                bounded.then_some(bound),
            );
            let before = found.len();
            tx.each(&statement.text, &statement.values, |row| {
                found.push((row.get(0)?, row.get(1)?));
                Ok(())
            })?;
            if bounded && found.len() > before && found.len() >= self.most {
                self.sort(found);
                if let Some(last) = found.get(self.most - 1) {
                    bound = *last;
                }
            }
        }
        Ok(())
    }

    /// The ids of so many rows, in no order.
    pub(crate) fn ids(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let mut found = std::collections::HashSet::new();
        for drive in &self.plan.drives {
            if found.len() >= self.most {
                break;
            }
            let mut statement = Statement::default();
            statement.push("SELECT f.id FROM ");
            table(&mut statement, tx.dialect(), drive.index);
            if let Some(piece) = keys(drive) {
                statement.push(" AND ");
                statement.piece(&piece, "f");
            }
            self.filter(&mut statement, drive);
            if drive.keys.len() <= 1 {
                // From the end where most filters find more; and no planner thinks of the whole table.
                let by = drive.index.order;
                statement.push(&format!(" ORDER BY f.{by} DESC, f.id DESC"));
            }
            statement.push(&format!(" LIMIT {}", self.most));
            tx.each(&statement.text, &statement.values, |row| {
                found.insert(row.get::<Id>(0)?);
                Ok(())
            })?;
        }
        Ok(found.len().min(self.most))
    }

    /// What the database says it does.
    pub(crate) fn explain(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
        let mut lines = Vec::new();
        let dialect = tx.dialect();
        for drive in &self.plan.drives {
            let statement = self.statement(dialect, drive);
            let (word, column) = match dialect {
                Dialect::Sqlite => ("EXPLAIN QUERY PLAN ", 3),
                Dialect::Postgres => ("EXPLAIN (COSTS OFF) ", 0),
            };
            lines.extend(tx.all(
                &format!("{word}{}", statement.text),
                &statement.values,
                |row| row.get::<String>(column),
            )?);
        }
        Ok(lines)
    }
}
