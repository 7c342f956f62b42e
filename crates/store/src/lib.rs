//! What is remembered from one run to the next: one `SQLite` file, in write-ahead mode, so that readers never wait.
//!
//! The schema is versioned; a newer one than this program knows is refused and left alone.

mod sightings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use refinery::Target;
use rusqlite::{Connection, OpenFlags};

pub use sightings::{Sighting, Sightings};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The file's name in the data folder.
pub const FILE: &str = "stanchion.db";

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
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
    #[error("cannot {what} in {path}: {source}")]
    Statement {
        /// What was to be done.
        what: &'static str,
        /// Which file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
}

/// The state of one data folder.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the state in a data folder, and makes it where there is none.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let wrong = |reason: String| StoreError::Open {
            path: path.display().to_string(),
            reason,
        };
        std::fs::create_dir_all(folder).map_err(|error| wrong(error.to_string()))?;
        let mut connection = Connection::open(&path).map_err(|error| wrong(error.to_string()))?;
        connection
            .busy_timeout(PATIENCE)
            .map_err(|error| wrong(error.to_string()))?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
            .map_err(|error| wrong(error.to_string()))?;
        embedded::migrations::runner()
            .set_target(Target::Latest)
            .run(&mut connection)
            .map_err(|error| StoreError::Schema {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?;
        Ok(Self { connection, path })
    }

    /// Opens the state for reading; `None` where nothing has been recorded yet.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let wrong = |reason: String| StoreError::Open {
            path: path.display().to_string(),
            reason,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&path, flags).map_err(|error| wrong(error.to_string()))?;
        connection
            .busy_timeout(PATIENCE)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Some(Self { connection, path }))
    }

    fn failed(&self, what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.display().to_string();
        move |source| StoreError::Statement {
            what,
            path: path.clone(),
            source,
        }
    }
}
