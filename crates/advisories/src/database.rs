//! The database on disk: one folder, one current file, replaced whole.
//!
//! Readers never lock. Writers take a lock so that two do not build the same thing; whoever waits finds the
//! new file in place. A file that is being written is never the current one: it is moved over it at the end.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Index};

/// Name of the current file.
const CURRENT: &str = "advisories.db";
const LOCK: &str = "lock";

/// Where the database lives.
#[derive(Clone, Debug)]
pub struct Database {
    folder: PathBuf,
}

/// Held by whoever is building a new generation; let go when dropped, or when the process ends.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

/// How much is written at once. What is written in one piece lies in the system's memory in one piece, of up to two
/// megabytes, and a look-up would then map all of it for a few bytes.
const PIECE: usize = 16 << 10;

impl Database {
    /// The database below a data folder. Nothing is created yet.
    pub fn at(data: &Path) -> Self {
        Self {
            folder: data.join("advisories"),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The current file, there or not.
    pub fn file(&self) -> PathBuf {
        self.folder.join(CURRENT)
    }

    /// Where downloads are kept until they are whole.
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// Opens the current file; `None` when there is none.
    pub fn open(&self) -> Result<Option<Index>, Error> {
        let file = self.file();
        match fs::metadata(&file) {
            // Opening a pipe would wait for its other end.
            Ok(kind) if !kind.is_file() => Err(Error::io("open", &file)(std::io::Error::other(
                "it is not a regular file",
            ))),
            Ok(_) => Index::open(&file).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", &file)(error)),
        }
    }

    /// Puts a new generation in the place of the current file.
    pub fn replace(&self, bytes: &[u8]) -> Result<(), Error> {
        fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        let file = self.file();
        let mut new = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.folder)
            .map_err(Error::io("write", &self.folder))?;
        // No sync to disk: after a loss of power a torn file is found out by its checksums and built again.
        for piece in bytes.chunks(PIECE) {
            new.write_all(piece).map_err(Error::io("write", &file))?;
        }
        new.persist(&file)
            .map_err(|error| Error::io("replace", &file)(error.error))?;
        Ok(())
    }

    /// Takes the writers' lock if nobody has it.
    pub fn try_lock(&self) -> Result<Option<WriteLock>, Error> {
        fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        let path = self.folder.join(LOCK);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(WriteLock { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(Error::io("lock", &path)(error)),
        }
    }

    /// Takes the writers' lock, waiting for whoever has it. `waiting` is told now and then, and may give up
    /// by returning false; then `None` is given.
    pub fn lock(
        &self,
        mut waiting: impl FnMut(std::time::Duration) -> bool,
    ) -> Result<Option<WriteLock>, Error> {
        let start = std::time::Instant::now();
        loop {
            if let Some(lock) = self.try_lock()? {
                return Ok(Some(lock));
            }
            if !waiting(start.elapsed()) {
                return Ok(None);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}
