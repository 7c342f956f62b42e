//! One connection, and a transaction on it.

use std::time::{Duration, Instant};

use rusqlite::OpenFlags;

use crate::dialect::{Dialect, places};
use crate::{Row, StoreError, Value};

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(20);
/// Instructions of `SQLite` between two looks at the clock.
const STEPS: i32 = 2_000;
/// Values in one statement: `PostgreSQL` takes 65,535.
const MOST_VALUES: usize = 30_000;
/// Prepared statements that a connection keeps.
const PREPARED: usize = 400;

/// A connection to either database.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<crate::postgres::Session>),
}

/// A transaction, and the only way to a statement.
#[derive(Debug)]
pub struct Tx<'c> {
    connection: &'c mut Connection,
    /// A statement failed in a way that is over when the whole is tried again.
    pub(crate) again: bool,
    /// The connection is gone.
    pub(crate) lost: bool,
}

impl Connection {
    /// Opens the file of an embedded store.
    pub(crate) fn sqlite(
        path: &std::path::Path,
        write: bool,
        durable: bool,
    ) -> Result<Self, StoreError> {
        let wrong = |error: rusqlite::Error| StoreError::Open {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let flags = if write {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        } else {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        };
        let connection =
            rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(wrong)?;
        connection.busy_timeout(PATIENCE).map_err(wrong)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        if write {
            // FULL: what has been acknowledged is there after a power cut.
            let synchronous = if durable { "FULL" } else { "OFF" };
            connection
                .execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA journal_size_limit = 67108864;"))
                .map_err(wrong)?;
        }
        connection
            .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384; PRAGMA mmap_size = 1073741824; PRAGMA temp_store = MEMORY;")
            .map_err(wrong)?;
        Ok(Self::Sqlite(connection))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).map_err(StoreError::from),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.batch(sql),
        }
    }

    /// Runs a closure in a transaction: all of it or nothing. `limit` is how long one statement may take.
    pub(crate) fn transaction<T, E: From<StoreError>>(
        &mut self,
        write: bool,
        limit: Option<Duration>,
        run: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> (Result<T, E>, Outcome) {
        let begin = match (self.dialect(), write) {
            (Dialect::Sqlite, true) => "BEGIN IMMEDIATE",
            (Dialect::Sqlite, false) | (Dialect::Postgres, true) => "BEGIN",
            (Dialect::Postgres, false) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        if let Err(error) = self.batch(begin) {
            // Nothing has been done yet: another connection may do it.
            let outcome = Outcome {
                again: error.is_transient() || error.is_lost(),
                lost: error.is_lost(),
            };
            return (Err(error.into()), outcome);
        }
        self.limit(limit);
        let mut tx = Tx {
            connection: self,
            again: false,
            lost: false,
        };
        let result = run(&mut tx);
        // Before the commit nothing is kept, so that the whole may be done again on another connection.
        let mut outcome = Outcome {
            again: tx.again || tx.lost,
            lost: tx.lost,
        };
        if let Self::Sqlite(connection) = self
            && limit.is_some()
        {
            // The clock is the statement's, not the commit's.
            let _ = connection.progress_handler(0, None::<fn() -> bool>);
        }
        match result {
            Ok(value) => match self.batch("COMMIT") {
                Ok(()) => (Ok(value), outcome),
                Err(error) => {
                    let _ = self.batch("ROLLBACK");
                    outcome.again = error.is_transient();
                    outcome.lost = error.is_lost();
                    (Err(error.into()), outcome)
                }
            },
            Err(error) => {
                if self.batch("ROLLBACK").is_err() {
                    outcome.lost = true;
                }
                (Err(error), outcome)
            }
        }
    }

    fn limit(&mut self, limit: Option<Duration>) {
        let Some(limit) = limit else { return };
        match self {
            Self::Sqlite(connection) => {
                let end = Instant::now() + limit;
                let _ = connection.progress_handler(STEPS, Some(move || Instant::now() > end));
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => {
                let _ = session.batch(&format!(
                    "SET LOCAL statement_timeout = {}",
                    limit.as_millis().max(1)
                ));
            }
        }
    }
}

/// How a transaction went, besides its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) again: bool,
    pub(crate) lost: bool,
}

impl Tx<'_> {
    /// Which database this is: for the few statements that differ.
    pub fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    fn noting<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.again |= error.is_transient();
            self.lost |= error.is_lost();
        }
        result
    }

    /// Runs a statement, and says how many rows it touched.
    pub fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let result = match &mut *self.connection {
            Connection::Sqlite(connection) => connection
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    statement.execute(rusqlite::params_from_iter(values.iter()))
                })
                .map(|rows| rows as u64)
                .map_err(StoreError::from),
            #[cfg(feature = "postgres")]
            Connection::Postgres(session) => session.execute(sql, values),
        };
        self.noting(result)
    }

    /// Hands each row of an answer to a closure, without holding them all.
    pub fn each(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut row: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let result = match &mut *self.connection {
            Connection::Sqlite(connection) => (|| {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values.iter()))?;
                while let Some(next) = rows.next()? {
                    row(&Row::Sqlite(next))?;
                }
                Ok(())
            })(),
            #[cfg(feature = "postgres")]
            Connection::Postgres(session) => session.each(sql, values, &mut row),
        };
        self.noting(result)
    }

    /// All rows of an answer. The statement bounds how many.
    pub fn all<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// The first row of an answer.
    pub fn first<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.each(sql, values, |row| {
            if first.is_none() {
                first = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// Inserts many rows. `values` holds them one after the other; `conflict` is what stands behind, such as
    /// `ON CONFLICT (id) DO NOTHING`. Sort the rows by their key first: two writers in one order never wait for each
    /// other in a circle.
    pub fn insert(
        &mut self,
        table: &str,
        columns: &[&str],
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<u64, StoreError> {
        let width = columns.len();
        let names = columns.join(", ");
        let mut touched = 0;
        match self.dialect() {
            // A prepared statement costs nothing here, and a long one costs its parsing.
            Dialect::Sqlite => {
                let sql = format!(
                    "INSERT INTO {table} ({names}) VALUES {} {conflict}",
                    places(1, width)
                );
                for row in values.chunks_exact(width) {
                    touched += self.execute(&sql, row)?;
                }
            }
            // Each statement is a journey: few long ones, all but the last of one length.
            Dialect::Postgres => {
                let most = (MOST_VALUES / width).min(1_000);
                for rows in values.chunks(most * width) {
                    let sql = format!(
                        "INSERT INTO {table} ({names}) VALUES {} {conflict}",
                        places(rows.len() / width, width)
                    );
                    touched += self.execute(&sql, rows)?;
                }
            }
        }
        Ok(touched)
    }

    /// Runs statements without parameters.
    pub fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = self.connection.batch(sql);
        self.noting(result)
    }
}
