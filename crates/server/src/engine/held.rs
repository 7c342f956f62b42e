//! The advisories in use: the database of the data folder, with the organisation's own advisories on top.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use stanchion_advisories::Index;
use stanchion_advisories::update::{self, Change};
use stanchion_store::decisions;

use super::{Engine, EngineError, unpoisoned};

/// The source that the organisation's own advisories come under.
pub const OWN: &str = "private";

/// A generation of the database, and what it was made of.
pub struct Held {
    /// The advisories.
    pub index: Index,
    mark: Mark,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Held").field(&self.index.snapshot()).finish()
    }
}

/// What tells one state of the inputs from another: the file, and each private advisory with its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    file: Option<(SystemTime, u64)>,
    own: Vec<(String, i64)>,
}

impl Engine {
    /// The advisories as they stand. Opened anew when the file or a private advisory has changed.
    pub fn held(&self) -> Result<Arc<Held>, EngineError> {
        let mark = self.mark()?;
        if let Some(held) = unpoisoned(self.held.read()).as_ref()
            && held.mark == mark
        {
            return Ok(held.clone());
        }
        let _one = unpoisoned(self.building.lock());
        let mark = self.mark()?;
        if let Some(held) = unpoisoned(self.held.read()).as_ref()
            && held.mark == mark
        {
            return Ok(held.clone());
        }
        let held = Arc::new(Held {
            index: self.build(&mark)?,
            mark,
        });
        *unpoisoned(self.held.write()) = Some(held.clone());
        Ok(held)
    }

    fn mark(&self) -> Result<Mark, EngineError> {
        let file = std::fs::metadata(self.database.file()).ok().map(|found| {
            (
                found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                found.len(),
            )
        });
        let own = self.store.read(|tx| {
            tx.all(
                "SELECT id, revision FROM private_advisory ORDER BY id",
                &[],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })?;
        Ok(Mark { file, own })
    }

    fn build(&self, mark: &Mark) -> Result<Index, EngineError> {
        let base = match self.database.open()? {
            Some(base) => base,
            None => stanchion_advisories::starter()?,
        };
        if mark.own.is_empty() {
            return Ok(base);
        }
        let own = self.store.read(decisions::private_advisories)?;
        let changes: Vec<Change> = own
            .into_iter()
            .map(|advisory| Change {
                source: OWN.into(),
                id: advisory.id,
                bytes: Some(advisory.body.into_bytes()),
            })
            .collect();
        // The time is that of the database: the same advisories give the same snapshot.
        let updated = base.meta()?.updated;
        let bytes = update::apply(&base, &changes, &updated)?;
        drop(base);
        // Mapped from a file, not held in memory.
        let path = self.own_file();
        let folder = self.database.folder();
        let outside = |error: std::io::Error| {
            EngineError::Outside(format!("cannot write {}: {error}", path.display()))
        };
        std::fs::create_dir_all(folder).map_err(outside)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(outside)?;
        std::io::Write::write_all(&mut file, &bytes).map_err(outside)?;
        file.persist(&path).map_err(|error| outside(error.error))?;
        Ok(Index::open(&path)?)
    }

    fn own_file(&self) -> PathBuf {
        self.database.folder().join("with-private.db")
    }

    /// The generation that all inventories were last looked at with.
    pub(super) fn absorbed_file(&self) -> PathBuf {
        self.database.folder().join("absorbed.db")
    }

    /// The file that the advisories in use lie in; `None` for the starter set.
    pub(super) fn file_in_use(&self) -> Option<PathBuf> {
        let held = unpoisoned(self.held.read()).clone()?;
        let file = if held.mark.own.is_empty() {
            held.mark.file.map(|_| self.database.file())
        } else {
            Some(self.own_file())
        };
        file.filter(|file| file.is_file())
    }
}
