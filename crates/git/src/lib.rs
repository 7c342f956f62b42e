//! Reads what stood in a git repository at another time, without touching the checkout.
//!
//! Objects are read in process; no `git` is started, no hook, filter or configured command runs, and no configuration
//! outside the repository is read.

mod head;
mod history;

use std::fs;
use std::path::{Component, Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::objs::tree::EntryKind;

pub use head::{Head, head};
pub use history::{History, Holds, Version};

/// Bounds on what is taken out of a repository.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest single file, in bytes.
    pub file_bytes: u64,
    /// All files together, in bytes.
    pub total_bytes: u64,
    /// Entries of all folders together.
    pub entries: usize,
    /// Deepest folder.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            total_bytes: 4 << 30,
            entries: 5_000_000,
            depth: 128,
        }
    }
}

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No repository holds the folder.
    #[error("{folder} is in no git repository")]
    NoRepository {
        /// The folder.
        folder: String,
    },
    /// The name leads to no commit.
    #[error("{revision:?} names no commit in {repository}: {reason}")]
    Revision {
        /// As it was given.
        revision: String,
        /// Where it was looked for.
        repository: String,
        /// What git says.
        reason: String,
    },
    /// An object is missing or damaged; a shallow clone lacks most of them.
    #[error("{repository} cannot be read: {reason}")]
    Damaged {
        /// Where.
        repository: String,
        /// What is wrong.
        reason: String,
    },
    /// A bound was passed.
    #[error("the commit holds more than {0}")]
    TooMuch(&'static str),
    /// The copy cannot be written.
    #[error("cannot write a copy of {path}: {source}")]
    Write {
        /// Of what.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Some files of a commit, in a folder of their own that goes away with this value.
#[derive(Debug)]
pub struct Base {
    folder: tempfile::TempDir,
    prefix: PathBuf,
    commit: String,
    skipped: Vec<String>,
    links: Vec<String>,
}

impl Base {
    /// Links whose path was wanted, which are not followed, by their path in the repository.
    pub fn links(&self) -> &[String] {
        &self.links
    }

    /// The folder that stands for the repository's root.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that stands for the one that was asked about.
    pub fn target(&self) -> PathBuf {
        self.folder.path().join(&self.prefix)
    }

    /// The commit, in hexadecimal.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// Files that were wanted and are too large, by their path in the repository.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }
}

/// The root of the checkout that holds a folder; `None` where no repository does.
pub fn root_of(folder: &Path) -> Option<PathBuf> {
    open(folder).ok().map(|(_, root)| root)
}

/// Copies the files of a commit whose path in the repository is wanted. `revision` is anything that git understands as
/// one commit: `main`, `HEAD~1`, `v1.2`, a hash.
pub fn base(
    folder: &Path,
    revision: &str,
    wants: &dyn Fn(&str) -> bool,
    limits: Limits,
) -> Result<Base, GitError> {
    let (repository, root) = open(folder)?;
    let name = root.display().to_string();
    let real = folder.canonicalize().map_err(|_| GitError::NoRepository {
        folder: folder.display().to_string(),
    })?;
    let prefix = real.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
    let wrong = |reason: String| GitError::Revision {
        revision: revision.to_owned(),
        repository: name.clone(),
        reason,
    };
    let damaged = |reason: String| GitError::Damaged {
        repository: name.clone(),
        reason,
    };
    let id = repository
        .rev_parse_single(revision.as_bytes().as_bstr())
        .map_err(|error| wrong(error.to_string()))?;
    let commit = id
        .object()
        .map_err(|error| wrong(error.to_string()))?
        .peel_to_commit()
        .map_err(|error| wrong(error.to_string()))?;
    let tree = commit
        .tree_id()
        .map_err(|error| damaged(error.to_string()))?
        .detach();
    let copy = tempfile::Builder::new()
        .prefix("stanchion-base-")
        .tempdir()
        .map_err(|source| GitError::Write {
            path: "the commit".into(),
            source,
        })?;
    fs::create_dir_all(copy.path().join(&prefix)).map_err(|source| GitError::Write {
        path: prefix.display().to_string(),
        source,
    })?;
    let mut copier = Copier {
        repository: &repository,
        name: &name,
        wants,
        limits,
        folder: copy.path(),
        entries: 0,
        bytes: 0,
        skipped: Vec::new(),
        links: Vec::new(),
    };
    copier.folder(tree, "", 0)?;
    let (skipped, links) = (copier.skipped, copier.links);
    Ok(Base {
        folder: copy,
        prefix,
        commit: commit.id.to_string(),
        skipped,
        links,
    })
}

fn open(folder: &Path) -> Result<(gix::Repository, PathBuf), GitError> {
    let none = || GitError::NoRepository {
        folder: folder.display().to_string(),
    };
    let real = folder.canonicalize().map_err(|_| none())?;
    let (found, _trust) = gix::discover::upwards(&real).map_err(|_| none())?;
    let (git, worktree) = found.into_repository_and_work_tree_directories();
    let repository = gix::open_opts(&git, gix::open::Options::isolated()).map_err(|error| {
        GitError::Damaged {
            repository: git.display().to_string(),
            reason: error.to_string(),
        }
    })?;
    let root = worktree.unwrap_or(git);
    let root = root.canonicalize().map_err(|_| none())?;
    Ok((repository, root))
}

struct Copier<'a> {
    repository: &'a gix::Repository,
    name: &'a str,
    wants: &'a dyn Fn(&str) -> bool,
    limits: Limits,
    folder: &'a Path,
    entries: usize,
    bytes: u64,
    skipped: Vec<String>,
    links: Vec<String>,
}

impl Copier<'_> {
    fn damaged(&self, reason: String) -> GitError {
        GitError::Damaged {
            repository: self.name.to_owned(),
            reason,
        }
    }

    fn folder(&mut self, tree: gix::ObjectId, path: &str, depth: usize) -> Result<(), GitError> {
        if depth > self.limits.depth {
            return Err(GitError::TooMuch("folders within folders"));
        }
        let tree = self
            .repository
            .find_tree(tree)
            .map_err(|error| self.damaged(error.to_string()))?;
        let mut below = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|error| self.damaged(error.to_string()))?;
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(GitError::TooMuch("files that can be looked at"));
            }
            // A name that is not UTF-8 cannot be wanted by any reader, and one that is no plain name is made to harm.
            let Ok(name) = entry.filename().to_str() else {
                continue;
            };
            if !is_plain(name) {
                continue;
            }
            let whole = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            };
            match entry.mode().kind() {
                EntryKind::Tree => below.push((entry.object_id(), whole)),
                EntryKind::Blob | EntryKind::BlobExecutable if (self.wants)(&whole) => {
                    self.file(entry.object_id(), &whole)?;
                }
                EntryKind::Link if (self.wants)(&whole) => self.links.push(whole),
                // Other links are not followed, and submodules are repositories of their own.
                _ => {}
            }
        }
        for (tree, path) in below {
            self.folder(tree, &path, depth + 1)?;
        }
        Ok(())
    }

    fn file(&mut self, id: gix::ObjectId, path: &str) -> Result<(), GitError> {
        // The size stands in the object's header: a bomb is not unpacked to be found one.
        let size = self
            .repository
            .find_header(id)
            .map_err(|error| self.damaged(error.to_string()))?
            .size();
        if size > self.limits.file_bytes {
            self.skipped.push(path.to_owned());
            return Ok(());
        }
        self.bytes += size;
        if self.bytes > self.limits.total_bytes {
            return Err(GitError::TooMuch("bytes that can be copied"));
        }
        let blob = self
            .repository
            .find_blob(id)
            .map_err(|error| self.damaged(error.to_string()))?;
        let file = self.folder.join(path);
        let write = || {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&file, &blob.data)
        };
        write().map_err(|source| GitError::Write {
            path: path.to_owned(),
            source,
        })
    }
}

/// One plain name: no folder, no way up, nothing that a file system reads as something else.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name)
        && !name.contains(['\\', ':', '\0'])
        && !name.eq_ignore_ascii_case(".git")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_copied() {
        for (name, plain) in [
            ("a.lock", true),
            (".github", true),
            ("..", false),
            (".", false),
            ("a/b", false),
            (".GIT", false),
            ("c:", false),
            ("", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name:?}");
        }
    }

    #[test]
    fn a_folder_outside_any_repository_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = base(folder.path(), "HEAD", &|_| true, Limits::default()).unwrap_err();
        assert!(
            error.to_string().contains("in no git repository"),
            "{error}"
        );
    }
}
