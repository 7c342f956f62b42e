//! What is remembered: from one run to the next, and of a whole organisation.
//!
//! One repository layer over two databases: `SQLite` (one file in write-ahead mode, so that readers never wait) and
//! `PostgreSQL` (feature `postgres`). Statements are written once ([`Dialect`] has the few words that differ), the schema
//! is versioned, and a newer one than this program knows is refused and left alone. Each module holds the statements of
//! one group of tables, as functions over a transaction ([`Tx`]).

pub mod audit;
pub mod blobs;
mod connection;
pub mod contents;
pub mod decisions;
mod dialect;
pub mod events;
pub mod findings;
pub mod inventories;
pub mod jobs;
mod migrate;
pub mod people;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
pub mod products;
pub mod query;
pub mod search;
pub mod sightings;
pub mod spread;
pub mod standing;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod value;
pub mod views;
pub mod violations;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use connection::Tx;
pub use dialect::Dialect;
pub use sightings::{Sighting, Sightings};
pub use value::{Column, Id, Row, Value};

use pool::Pool;

/// The file's name in the data folder.
pub const FILE: &str = "stanchion.db";

/// Tries of a transaction that another got in the way of.
const TRIES: u32 = 6;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or made.
    #[error("cannot open {path}: {reason}")]
    Open {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// The schema cannot be brought up to date; a newer program may have written it.
    #[error("the state in {path} is not of this version: {reason}")]
    Schema {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(String),
    /// Another transaction got in the way; trying again may do.
    #[error("another writer got in the way: {0}")]
    Again(String),
    /// What has to be unique is there already.
    #[error("it is there already: {0}")]
    Taken(String),
    /// The statement took longer than it may.
    #[error("the answer took too long")]
    TooSlow,
    /// No room is left where the database writes, or the disk takes nothing for another reason.
    #[error("no room is left where the database writes, or its disk takes nothing more")]
    Full,
    /// The connection is gone.
    #[error("the connection to the database is gone: {0}")]
    Lost(String),
    /// A column does not hold what it should: the file was changed by somebody else.
    #[error("column {column} does not hold what it should")]
    Shape {
        /// Which, from 0.
        column: usize,
    },
    /// A document that is kept does not read.
    #[error("what is kept of {what} cannot be read: {reason}")]
    Kept {
        /// Of what.
        what: String,
        /// Why.
        reason: String,
    },
}

impl StoreError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Again(_))
    }

    fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Again(error.to_string())
            }
            Some(ErrorCode::OperationInterrupted) => Self::TooSlow,
            Some(ErrorCode::DiskFull) => Self::Full,
            // A quota, a limit, or no room for the index of the log that is written ahead.
            Some(ErrorCode::SystemIoFailure)
                if error.sqlite_error().is_some_and(|error| {
                    matches!(
                        error.extended_code,
                        rusqlite::ffi::SQLITE_IOERR_WRITE | rusqlite::ffi::SQLITE_IOERR_SHMSIZE
                    )
                }) =>
            {
                Self::Full
            }
            Some(ErrorCode::ConstraintViolation)
                if error.sqlite_error().is_some_and(|error| {
                    matches!(
                        error.extended_code,
                        rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    )
                }) =>
            {
                Self::Taken(error.to_string())
            }
            _ => Self::Statement(error.to_string()),
        }
    }
}

/// Where state is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// In a file of this folder.
    Folder(PathBuf),
    /// In a file of this folder that nobody misses when the machine stops: nothing waits for the disk.
    Passing(PathBuf),
    /// In a `PostgreSQL` database: `postgres://user:password@host/database`, and a PEM file of certificates to trust in
    /// place of Mozilla's.
    #[cfg(feature = "postgres")]
    Postgres(String, Option<PathBuf>),
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) | Self::Passing(folder) => folder.fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(..) => f.write_str("postgres"),
        }
    }
}

/// The state. Cheap to clone: all clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Arc<Pool>,
}

impl Store {
    /// Opens the state in a data folder, and makes it where there is none.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::at(&Address::Folder(folder.to_owned()), 4)
    }

    /// Opens the state at an address and brings its schema up to date. `readers` is how many may read at once.
    pub fn at(address: &Address, readers: usize) -> Result<Self, StoreError> {
        Ok(Self {
            pool: Arc::new(Pool::open(address, readers)?),
        })
    }

    /// Opens the state of a folder for reading; `None` where nothing has been recorded yet.
    pub fn existing(folder: &Path) -> Result<Option<Self>, StoreError> {
        if !folder.join(FILE).is_file() {
            return Ok(None);
        }
        Ok(Some(Self {
            pool: Arc::new(Pool::read_only(folder)?),
        }))
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.pool.dialect()
    }

    /// The file of an embedded store.
    pub fn file(&self) -> Option<&Path> {
        self.pool.file()
    }

    /// Reads in one transaction: everything is seen as it was at one moment.
    pub fn read<T, E: From<StoreError>>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.trying(false, None, run)
    }

    /// Reads, and gives up with [`StoreError::TooSlow`] once it takes longer than it may.
    pub fn read_within<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.trying(false, Some(limit), run)
    }

    /// Writes in one transaction: all of it or nothing. The closure runs again where another writer got in the way, so it
    /// changes nothing but the database. When this returns, what was written is there whatever happens next.
    pub fn write<T, E: From<StoreError>>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.trying(true, None, run)
    }

    fn trying<T, E: From<StoreError>>(
        &self,
        write: bool,
        limit: Option<Duration>,
        mut run: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tries = 1;
        loop {
            let mut lease = self.pool.lease(write)?;
            let (result, outcome) = lease.connection()?.transaction(write, limit, &mut run);
            if outcome.lost {
                lease.discard();
            }
            // A connection that is lost while it commits is tried again for what only reads: of a write nobody knows then
            // whether it was committed.
            let again = outcome.again || (outcome.lost && !write);
            if result.is_ok() || !again || tries >= TRIES {
                return result;
            }
            drop(lease);
            std::thread::sleep(Duration::from_millis(u64::from(10 * tries * tries)));
            tries += 1;
        }
    }

    /// Copies the whole embedded database into a file, while others read and write.
    pub fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        self.pool.copy_to(file)
    }

    /// Bytes that the database takes.
    pub fn size(&self) -> Result<i64, StoreError> {
        let sql = match self.dialect() {
            Dialect::Sqlite => {
                "SELECT p.page_count * s.page_size FROM pragma_page_count() p, pragma_page_size() s"
            }
            Dialect::Postgres => "SELECT pg_database_size(current_database())",
        };
        self.read(|tx| Ok(tx.first(sql, &[], |row| row.get(0))?.unwrap_or(0)))
    }

    /// Looks whether the embedded database is whole.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        match self.dialect() {
            Dialect::Sqlite => self.read(|tx| {
                let said = tx.all("PRAGMA integrity_check(20)", &[], |row| {
                    row.get::<String>(0)
                })?;
                Ok(said.into_iter().filter(|line| line != "ok").collect())
            }),
            Dialect::Postgres => self.read(|tx| {
                tx.first("SELECT 1", &[], |row| row.get::<i64>(0))?;
                Ok(Vec::new())
            }),
        }
    }
}
