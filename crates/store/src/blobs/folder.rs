//! Blobs in a folder: `ab/cdef…`.
//!
//! A blob is written beside its place under a name nobody else takes, brought to the disk, and moved into place; then
//! the folder is brought to the disk as well. So it is there whole or not at all, and what was acknowledged survives
//! the end of the program and of the machine.

use std::fs::{self, DirEntry, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{BlobError, Digest, List, Listed};

/// How the names of unfinished files start; no digest does.
const PART: &str = ".part-";

/// A folder of blobs.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    place: String,
    /// Whether what was acknowledged outlives the machine.
    durable: bool,
}

/// Brings the entries of a folder to the disk. Only Unix needs it, and only there can a folder be opened for it.
fn sync(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

impl Folder {
    /// Opens a folder, and makes it where there is none.
    pub fn open(root: &Path) -> Result<Self, BlobError> {
        Self::made(root, true)
    }

    /// As [`Folder::open`], of a folder that nobody misses when the machine stops: nothing waits for the disk.
    pub fn passing(root: &Path) -> Result<Self, BlobError> {
        Self::made(root, false)
    }

    fn made(root: &Path, durable: bool) -> Result<Self, BlobError> {
        let folder = Self {
            root: root.to_owned(),
            place: root.display().to_string(),
            durable,
        };
        fs::create_dir_all(root).map_err(|error| folder.failed("make the folder")(&error))?;
        if let Some(above) = root.parent().filter(|above| !above.as_os_str().is_empty()) {
            // It may be that of another, whom we need not trust with more than this.
            let _ = folder.sync(above);
        }
        Ok(folder)
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    fn failed(&self, what: &'static str) -> impl Fn(&std::io::Error) -> BlobError {
        let place = self.place.clone();
        move |error| BlobError::Store {
            what,
            place: place.clone(),
            reason: error.to_string(),
            hint: match error.kind() {
                ErrorKind::PermissionDenied => {
                    "give the folder to the user that the program runs as"
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "make room on the disk, or keep documents for a shorter time"
                }
                ErrorKind::ReadOnlyFilesystem => "mount it so that it can be written",
                _ => "check that the folder is there, and that its disk is well",
            },
        }
    }

    fn path(&self, digest: Digest) -> (PathBuf, PathBuf) {
        let (head, tail) = digest.parts();
        let shelf = self.root.join(head);
        let file = shelf.join(tail);
        (shelf, file)
    }

    pub(super) fn write(&self, digest: Digest, packed: &[u8]) -> Result<(), BlobError> {
        let (shelf, file) = self.path(digest);
        let failed = self.failed("keep a blob");
        self.place_in(&shelf, &file, packed)
            .map_err(|error| failed(&error))
    }

    /// Brings the entries of a folder to the disk, where that is waited for.
    fn sync(&self, folder: &Path) -> std::io::Result<()> {
        if self.durable { sync(folder) } else { Ok(()) }
    }

    fn place_in(&self, shelf: &Path, file: &Path, packed: &[u8]) -> std::io::Result<()> {
        match fs::create_dir(shelf) {
            Ok(()) => self.sync(&self.root)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        if holds(file, packed) {
            // Somebody else may have moved it there a moment ago and not be done yet.
            let known = File::options().write(true).open(file)?;
            known.set_modified(SystemTime::now())?;
            if self.durable {
                known.sync_all()?;
            }
            return self.sync(shelf);
        }
        let mut part = tempfile::Builder::new().prefix(PART).tempfile_in(shelf)?;
        part.write_all(packed)?;
        if self.durable {
            part.as_file().sync_all()?;
        }
        part.persist(file).map_err(|error| error.error)?;
        self.sync(shelf)
    }

    /// The bytes as they lie there; `None` when there are more than `most`.
    pub(super) fn read(&self, digest: Digest, most: u64) -> Result<Option<Vec<u8>>, BlobError> {
        let failed = self.failed("read a blob");
        let file = match File::open(self.path(digest).1) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(BlobError::Missing(digest));
            }
            Err(error) => return Err(failed(&error)),
        };
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&error))?;
        Ok((bytes.len() as u64 <= most).then_some(bytes))
    }

    pub(super) fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        match fs::remove_file(self.path(digest).1) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.failed("remove a blob")(&error))
            }
            _ => Ok(()),
        }
    }

    /// The files in all shelves, one after the other, with the names of both.
    fn files(
        &self,
    ) -> Result<impl Iterator<Item = std::io::Result<(String, String, DirEntry)>> + use<>, BlobError>
    {
        let shelves =
            fs::read_dir(&self.root).map_err(|error| self.failed("list blobs")(&error))?;
        let name = |entry: &DirEntry| entry.file_name().to_string_lossy().into_owned();
        Ok(shelves.flat_map(move |shelf| {
            let inside = shelf.and_then(|shelf| {
                let head = name(&shelf);
                let ours = head.len() == 2 && shelf.file_type()?.is_dir();
                let files = ours.then(|| fs::read_dir(shelf.path())).transpose()?;
                Ok((head, files))
            });
            let (fault, head, files) = match inside {
                Ok((head, files)) => (None, head, files),
                Err(error) => (Some(Err(error)), String::new(), None),
            };
            let files = files.into_iter().flatten();
            fault
                .into_iter()
                .chain(files.map(move |file| file.map(|file| (head.clone(), name(&file), file))))
        }))
    }

    pub(super) fn list(&self) -> Result<List<'_>, BlobError> {
        let failed = self.failed("list blobs");
        Ok(Box::new(self.files()?.filter_map(move |file| {
            let (head, tail, entry) = match file {
                Ok(file) => file,
                Err(error) => return Some(Err(failed(&error))),
            };
            let digest: Digest = format!("{head}{tail}").parse().ok()?;
            let meta = match entry.metadata() {
                Ok(meta) if meta.is_file() => meta,
                Ok(_) => return None,
                // Removed since.
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                Err(error) => return Some(Err(failed(&error))),
            };
            let put = meta.modified().map_err(|error| failed(&error));
            Some(put.map(|put| Listed {
                digest,
                stored: meta.len(),
                put,
            }))
        })))
    }

    pub(super) fn tidy(&self, age: Duration) -> Result<u64, BlobError> {
        let failed = self.failed("remove what unfinished writes have left");
        let mut removed = 0;
        for file in self.files()? {
            let (_, name, entry) = file.map_err(|error| failed(&error))?;
            if !name.starts_with(PART) {
                continue;
            }
            let old = entry
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|put| put.elapsed().is_ok_and(|since| since >= age));
            if old && fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Whether a file holds just these bytes.
fn holds(file: &Path, bytes: &[u8]) -> bool {
    let same_length = fs::metadata(file).is_ok_and(|meta| meta.len() == bytes.len() as u64);
    same_length && fs::read(file).is_ok_and(|found| found == bytes)
}
