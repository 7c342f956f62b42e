//! Since when a file has been as it is: its versions along the first parents of the checked-out commit.

use std::collections::HashMap;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::{GitError, open};

/// Most commits that are looked at.
const MOST_COMMITS: usize = 3_000;
/// Most versions of one file that are kept.
const MOST_VERSIONS: usize = 1_000;
/// Largest version that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Whether a version holds something: its number, and how to read it.
pub type Holds<'h> = dyn FnMut(usize, &dyn Fn() -> Option<Vec<u8>>) -> bool + 'h;

/// One content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// When it came, in seconds since 1970, by the commit that brought it.
    pub time: i64,
    blob: ObjectId,
}

/// The versions of some files.
#[derive(Debug)]
pub struct History {
    repository: gix::Repository,
    /// By path in the repository, newest first.
    versions: HashMap<String, Vec<Version>>,
    /// The history was seen to its beginning; else a file may be older than its oldest version here.
    whole: bool,
}

impl History {
    /// Follows files, named by their path relative to a folder, back from the checked-out commit.
    pub fn of(folder: &Path, paths: &[&str]) -> Result<Self, GitError> {
        let (repository, root) = open(folder)?;
        let name = root.display().to_string();
        let damaged = |reason: String| GitError::Damaged {
            repository: name.clone(),
            reason,
        };
        let real = folder.canonicalize().map_err(|_| GitError::NoRepository {
            folder: folder.display().to_string(),
        })?;
        let prefix = real
            .strip_prefix(&root)
            .unwrap_or(Path::new(""))
            .to_string_lossy()
            .replace('\\', "/");
        let whole_path = |path: &str| {
            if prefix.is_empty() {
                path.to_owned()
            } else {
                format!("{prefix}/{path}")
            }
        };
        let mut files: Vec<Followed> = paths
            .iter()
            .map(|path| Followed {
                name: (*path).to_owned(),
                path: whole_path(path),
                top: None,
                blob: None,
                versions: Vec::new(),
            })
            .collect();
        let mut whole = false;
        let mut next = repository.head_id().ok().map(gix::Id::detach);
        let mut seen = 0;
        while let Some(id) = next {
            seen += 1;
            if seen > MOST_COMMITS {
                break;
            }
            // A shallow clone ends where a parent is not there.
            let Ok(commit) = repository.find_commit(id) else {
                break;
            };
            let time = commit
                .time()
                .map_err(|error| damaged(error.to_string()))?
                .seconds;
            let tree = commit.tree().map_err(|error| damaged(error.to_string()))?;
            for file in &mut files {
                file.step(&repository, &tree, time);
            }
            let parent = commit.parent_ids().next().map(gix::Id::detach);
            whole = parent.is_none();
            next = parent;
        }
        // The first commit of a shallow clone is written as if it had parents, and they are missing.
        whole = whole && repository.is_shallow().is_ok_and(|shallow| !shallow);
        let versions = files
            .into_iter()
            .map(|file| (file.name, file.versions))
            .collect();
        Ok(Self {
            repository,
            versions,
            whole,
        })
    }

    /// When something came into a file that holds it now: the oldest version from which on it has been there, found by
    /// halving. `holds` says whether a version holds it. `None` where the history does not reach back so far, and where
    /// the committed file does not hold it at all.
    pub fn since(&self, path: &str, holds: &mut Holds<'_>) -> Option<i64> {
        let versions = self.versions.get(path)?;
        let mut ask = |at: usize| holds(at, &|| self.read(versions[at]));
        if versions.is_empty() || !ask(0) {
            return None;
        }
        let last = versions.len() - 1;
        if ask(last) {
            return (self.whole && versions.len() < MOST_VERSIONS).then(|| versions[last].time);
        }
        // It is in `low` and not in `high`.
        let (mut low, mut high) = (0, last);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if ask(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(versions[low].time)
    }

    fn read(&self, version: Version) -> Option<Vec<u8>> {
        let size = self.repository.find_header(version.blob).ok()?.size();
        if size > MOST_BYTES {
            return None;
        }
        Some(self.repository.find_blob(version.blob).ok()?.take_data())
    }
}

struct Followed {
    name: String,
    path: String,
    /// The entry of the root folder through which it is reached: while that is the same, so is the file.
    top: Option<ObjectId>,
    blob: Option<ObjectId>,
    versions: Vec<Version>,
}

impl Followed {
    fn step(&mut self, repository: &gix::Repository, tree: &gix::Tree<'_>, time: i64) {
        let (first, rest) = self
            .path
            .split_once('/')
            .map_or((self.path.as_str(), None), |(first, rest)| {
                (first, Some(rest))
            });
        let entry = tree
            .iter()
            .filter_map(Result::ok)
            .find(|entry| entry.filename() == first.as_bytes().as_bstr());
        let top = entry.as_ref().map(gix::object::tree::EntryRef::object_id);
        if top != self.top {
            self.top = top;
            self.blob = top.and_then(|id| match rest {
                None => Some(id),
                Some(rest) => repository
                    .find_tree(id)
                    .ok()?
                    .lookup_entry_by_path(rest)
                    .ok()?
                    .map(|entry| entry.object_id()),
            });
        }
        let Some(blob) = self.blob else {
            return;
        };
        match self.versions.last_mut() {
            // An older commit with the same content brought it.
            Some(last) if last.blob == blob => last.time = last.time.min(time),
            _ => {
                if self.versions.len() < MOST_VERSIONS {
                    self.versions.push(Version { time, blob });
                }
            }
        }
    }
}
