//! The connections of a store: one that writes and several that read for `SQLite`, several alike for `PostgreSQL`.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::{Address, Dialect, FILE, StoreError, migrate};

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Pool {
    source: Source,
    readers: Shelf,
    /// `SQLite` has one writer at a time; a second would only wait inside.
    writer: Option<Shelf>,
}

#[derive(Debug)]
enum Source {
    /// The file, and whether what was acknowledged outlives the machine.
    File(PathBuf, bool),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Config>, Option<PathBuf>),
}

/// Connections that nobody uses, and how many there are in all.
#[derive(Debug)]
struct Shelf {
    free: Mutex<(Vec<Connection>, usize)>,
    freed: Condvar,
    most: usize,
}

impl Shelf {
    fn new(most: usize) -> Self {
        Self {
            free: Mutex::new((Vec::new(), 0)),
            freed: Condvar::new(),
            most: most.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<Connection>, usize)> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is free, or the right to make one.
    fn take(&self) -> Result<Option<Connection>, StoreError> {
        let end = Instant::now() + PATIENCE;
        let mut free = self.lock();
        loop {
            if let Some(connection) = free.0.pop() {
                return Ok(Some(connection));
            }
            if free.1 < self.most {
                free.1 += 1;
                return Ok(None);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Again("all connections are in use".into()));
            }
            free = self
                .freed
                .wait_timeout(free, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn put(&self, connection: Option<Connection>) {
        let mut free = self.lock();
        match connection {
            Some(connection) => free.0.push(connection),
            None => free.1 -= 1,
        }
        drop(free);
        self.freed.notify_one();
    }
}

/// A connection in use. It goes back when this is dropped.
pub(crate) struct Lease<'p> {
    shelf: &'p Shelf,
    connection: Option<Connection>,
    /// Closed instead of going back: lost, or left in the middle by a panic.
    spoilt: bool,
}

impl Lease<'_> {
    pub(crate) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        // Until the transaction has ended as it should.
        self.spoilt = false;
        self.connection
            .as_mut()
            .ok_or_else(|| StoreError::Lost("it was closed".into()))
    }

    pub(crate) fn discard(&mut self) {
        self.spoilt = true;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take();
        let spoilt = self.spoilt || std::thread::panicking();
        self.shelf.put(if spoilt { None } else { connection });
    }
}

impl Pool {
    pub(crate) fn open(address: &Address, readers: usize) -> Result<Self, StoreError> {
        let pool = match address {
            Address::Folder(folder) | Address::Passing(folder) => {
                let path = folder.join(FILE);
                std::fs::create_dir_all(folder).map_err(|error| StoreError::Open {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                })?;
                Self {
                    source: Source::File(path, matches!(address, Address::Folder(_))),
                    readers: Shelf::new(readers),
                    writer: Some(Shelf::new(1)),
                }
            }
            #[cfg(feature = "postgres")]
            Address::Postgres(url, roots) => Self {
                source: Source::Postgres(Box::new(crate::postgres::config(url)?), roots.clone()),
                readers: Shelf::new(readers.max(2)),
                writer: None,
            },
        };
        let mut lease = pool.lease(true)?;
        migrate::run(lease.connection()?, &pool.name())?;
        drop(lease);
        Ok(pool)
    }

    pub(crate) fn read_only(folder: &Path) -> Result<Self, StoreError> {
        let pool = Self {
            source: Source::File(folder.join(FILE), true),
            readers: Shelf::new(1),
            writer: None,
        };
        drop(pool.lease(false)?);
        Ok(pool)
    }

    fn name(&self) -> String {
        match &self.source {
            Source::File(path, _) => path.display().to_string(),
            #[cfg(feature = "postgres")]
            Source::Postgres(config, _) => crate::postgres::name(config),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.source {
            Source::File(..) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Source::Postgres(..) => Dialect::Postgres,
        }
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path, _) => Some(path),
            #[cfg(feature = "postgres")]
            Source::Postgres(..) => None,
        }
    }

    pub(crate) fn lease(&self, write: bool) -> Result<Lease<'_>, StoreError> {
        let shelf = match &self.writer {
            Some(writer) if write => writer,
            _ => &self.readers,
        };
        let mut lease = Lease {
            shelf,
            connection: shelf.take()?,
            spoilt: true,
        };
        #[cfg(feature = "postgres")]
        if let Some(Connection::Postgres(session)) = &mut lease.connection
            && !session.is_open()
        {
            lease.connection = None;
        }
        if lease.connection.is_none() {
            lease.connection = Some(self.connect(write)?);
        }
        Ok(lease)
    }

    fn connect(&self, write: bool) -> Result<Connection, StoreError> {
        match &self.source {
            Source::File(path, durable) => Connection::sqlite(path, write, *durable),
            #[cfg(feature = "postgres")]
            Source::Postgres(config, roots) => {
                // A server that is just starting again is waited for.
                let end = Instant::now() + PATIENCE;
                loop {
                    match crate::postgres::connect(config, roots.as_deref()) {
                        Ok(session) => return Ok(Connection::Postgres(Box::new(session))),
                        Err(error)
                            if Instant::now() < end
                                && error.to_string().contains("starting up") =>
                        {
                            std::thread::sleep(Duration::from_millis(200));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    pub(crate) fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let mut lease = self.lease(false)?;
        match lease.connection()? {
            Connection::Sqlite(connection) => {
                // One step: a copy that restarts with each write of others would never end.
                connection
                    .execute("VACUUM INTO ?1", [file.display().to_string()])
                    .map(drop)
                    .map_err(StoreError::from)
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => Err(StoreError::Statement(
                "PostgreSQL is copied with its own tools".into(),
            )),
        }
    }
}
