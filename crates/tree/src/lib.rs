//! Walks and opens what is scanned, within limits, in one pass.
//!
//! Everything is read through a [`Tree`]: it never follows a link out of the target, never opens what is
//! no regular file, and never reads more than [`Limits`] allow. Paths given and taken are relative to the
//! target, with `/` between their parts.

mod walk;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

pub use walk::{Entry, Skipped, Walk, WalkOptions, is_vendored};

/// Bounds on what is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest file that is read whole, in bytes.
    pub file_bytes: u64,
    /// How much of a file is looked at to tell what it is, in bytes.
    pub head_bytes: usize,
    /// Most files looked at in one walk.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            head_bytes: 4096,
            files: 10_000_000,
        }
    }
}

/// Why something could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The target itself cannot be used.
    #[error("cannot open {path}: {source}")]
    Target {
        /// As it was named.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A pattern of `--exclude` is no glob.
    #[error("{pattern:?} is not a pattern: {reason}")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("cannot read it: {0}")]
    Read(io::Error),
    /// The file is larger than the limit.
    #[error("it has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// [`Limits::file_bytes`].
        limit: u64,
    },
    /// A device, a pipe, a socket or a folder.
    #[error("it is not a regular file")]
    NotAFile,
    /// The path leads out of the target.
    #[error("it leads out of the scanned folder")]
    Outside,
}

/// A folder that is scanned, or a single file and the folder it lies in.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    single: Option<String>,
    /// The single file's content where it is no file at all.
    bytes: Option<Vec<u8>>,
    limits: Limits,
}

impl Tree {
    /// Opens a folder or a file. A target that is itself a link is followed.
    pub fn open(target: &Path, limits: Limits) -> Result<Self, TreeError> {
        let wrap = |source| TreeError::Target {
            path: target.display().to_string(),
            source,
        };
        let real = target.canonicalize().map_err(wrap)?;
        let kind = real.metadata().map_err(wrap)?;
        if kind.is_dir() {
            return Ok(Self {
                root: real,
                single: None,
                bytes: None,
                limits,
            });
        }
        if !kind.is_file() {
            return Err(wrap(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is neither a folder nor a regular file",
            )));
        }
        // The name as given, not the link's target: a reader goes by the name.
        let name = target
            .file_name()
            .or(real.file_name())
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => {
                parent.canonicalize().map_err(wrap)?
            }
            _ => Path::new(".").canonicalize().map_err(wrap)?,
        };
        Ok(Self {
            root: folder,
            single: Some(name),
            bytes: None,
            limits,
        })
    }

    /// A single file that is in memory, under a name without folders; it has no siblings.
    pub fn of_bytes(name: &str, bytes: Vec<u8>, limits: Limits) -> Self {
        Self {
            root: PathBuf::new(),
            single: Some(name.to_owned()),
            bytes: Some(bytes),
            limits,
        }
    }

    /// Reads a stream to its end and takes it as a single file.
    pub fn of_stream(name: &str, stream: &mut dyn Read, limits: Limits) -> Result<Self, TreeError> {
        let mut bytes = Vec::new();
        stream
            .take(limits.file_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(TreeError::Read)?;
        if bytes.len() as u64 > limits.file_bytes {
            return Err(TreeError::TooLarge {
                size: bytes.len() as u64,
                limit: limits.file_bytes,
            });
        }
        Ok(Self::of_bytes(name, bytes, limits))
    }

    /// The folder that is scanned, or that holds the single file.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file's name when the target is a single file.
    pub fn single(&self) -> Option<&str> {
        self.single.as_deref()
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Reads a file whole. The path may climb with `..` as long as it stays in the target.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        if let Some(bytes) = &self.bytes {
            return if self.is_single(path) {
                Ok(bytes.clone())
            } else {
                Err(missing())
            };
        }
        let (mut file, size) = self.file(path)?;
        if size > self.limits.file_bytes {
            return Err(TreeError::TooLarge {
                size,
                limit: self.limits.file_bytes,
            });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        // The file may grow while it is read: one byte over the limit tells.
        (&mut file)
            .take(self.limits.file_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(TreeError::Read)?;
        if bytes.len() as u64 > self.limits.file_bytes {
            return Err(TreeError::TooLarge {
                size: bytes.len() as u64,
                limit: self.limits.file_bytes,
            });
        }
        Ok(bytes)
    }

    /// Reads the first [`Limits::head_bytes`] of a file.
    pub fn head(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        if let Some(bytes) = &self.bytes {
            let head = &bytes[..bytes.len().min(self.limits.head_bytes)];
            return if self.is_single(path) {
                Ok(head.to_vec())
            } else {
                Err(missing())
            };
        }
        let (file, _) = self.file(path)?;
        let mut bytes = Vec::with_capacity(self.limits.head_bytes);
        file.take(self.limits.head_bytes as u64)
            .read_to_end(&mut bytes)
            .map_err(TreeError::Read)?;
        Ok(bytes)
    }

    /// Whether a regular file stands at the path, inside the target.
    pub fn is_file(&self, path: &str) -> bool {
        self.resolve(path).is_ok_and(|real| real.is_file())
    }

    /// The names of the folders right in a folder, sorted; links are not followed.
    pub fn folders(&self, path: &str) -> Result<Vec<String>, TreeError> {
        let mut names = Vec::new();
        for entry in self
            .resolve(path)?
            .read_dir()
            .map_err(TreeError::Read)?
            .take(self.limits.files)
        {
            let entry = entry.map_err(TreeError::Read)?;
            if entry.file_type().map_err(TreeError::Read)?.is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn file(&self, path: &str) -> Result<(File, u64), TreeError> {
        let real = self.resolve(path)?;
        // Asked before opening: opening a pipe would wait for its other end.
        if !real.metadata().map_err(TreeError::Read)?.is_file() {
            return Err(TreeError::NotAFile);
        }
        let file = File::open(&real).map_err(TreeError::Read)?;
        let metadata = file.metadata().map_err(TreeError::Read)?;
        if !metadata.is_file() {
            return Err(TreeError::NotAFile);
        }
        Ok((file, metadata.len()))
    }

    fn is_single(&self, path: &str) -> bool {
        self.single.as_deref() == Some(path)
    }

    fn resolve(&self, path: &str) -> Result<PathBuf, TreeError> {
        if self.bytes.is_some() {
            return Err(missing());
        }
        let path = Path::new(path);
        if path
            .components()
            .any(|part| matches!(part, Component::RootDir | Component::Prefix(_)))
        {
            return Err(TreeError::Outside);
        }
        if self
            .single
            .as_deref()
            .is_some_and(|single| Path::new(single) == path)
        {
            return Ok(self.root.join(path));
        }
        let real = self
            .root
            .join(path)
            .canonicalize()
            .map_err(TreeError::Read)?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err(TreeError::Outside)
        }
    }
}

fn missing() -> TreeError {
    TreeError::Read(io::ErrorKind::NotFound.into())
}

/// Joins a folder and a path relative to it, both relative to the target, and resolves `.` and `..`
/// by name. `None` when it climbs out of the target or is absolute.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    let relative = relative.replace('\\', "/");
    if relative.starts_with('/') || relative.get(1..3) == Some(":/") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn joins_stay_inside() {
        assert_eq!(join("a/b", "../c.txt").as_deref(), Some("a/c.txt"));
        assert_eq!(join("", "./x//y").as_deref(), Some("x/y"));
        assert_eq!(join("a", "../../x"), None);
        assert_eq!(join("a", "/etc/passwd"), None);
        assert_eq!(join("a", "C:\\x"), None);
    }

    #[test]
    fn names_of_folders_are_sorted_and_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("packages/b")).unwrap();
        fs::create_dir_all(folder.path().join("packages/a/deep")).unwrap();
        fs::write(folder.path().join("packages/file"), "").unwrap();
        let tree = Tree::open(folder.path(), Limits::default()).unwrap();
        assert_eq!(tree.folders("packages").unwrap(), ["a", "b"]);
        assert_eq!(tree.folders("").unwrap(), ["packages"]);
        assert!(tree.folders("none").is_err());
        assert!(tree.folders("..").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(
            outside.path().join("secret"),
            folder.path().join("Cargo.lock"),
        )
        .unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("loop")).unwrap();
        fs::write(folder.path().join("in"), "y").unwrap();
        let tree = Tree::open(folder.path(), Limits::default()).unwrap();
        assert!(matches!(tree.read("Cargo.lock"), Err(TreeError::Outside)));
        assert!(matches!(tree.read("out/secret"), Err(TreeError::Outside)));
        assert!(matches!(
            tree.read("../x"),
            Err(TreeError::Read(_) | TreeError::Outside)
        ));
        assert_eq!(tree.read("loop/loop/in").unwrap(), b"y");
        let walk = tree.walk(&WalkOptions::default(), &|_| true).unwrap();
        assert_eq!(
            walk.files
                .iter()
                .map(|file| file.path.as_str())
                .collect::<Vec<_>>(),
            ["in"]
        );
    }

    #[test]
    fn bytes_are_a_file_without_siblings() {
        let tree = Tree::of_bytes(
            "stdin",
            b"abc".to_vec(),
            Limits {
                head_bytes: 2,
                ..Limits::default()
            },
        );
        assert_eq!(
            (tree.read("stdin").unwrap(), tree.head("stdin").unwrap()),
            (b"abc".to_vec(), b"ab".to_vec())
        );
        assert!(
            tree.read("Cargo.toml").is_err()
                && tree.read("/etc/passwd").is_err()
                && !tree.is_file("Cargo.toml")
        );
        assert_eq!(
            tree.walk(&WalkOptions::default(), &|_| false)
                .unwrap()
                .files[0]
                .path,
            "stdin"
        );
        let limits = Limits {
            file_bytes: 2,
            ..Limits::default()
        };
        assert!(matches!(
            Tree::of_stream("stdin", &mut &b"abc"[..], limits),
            Err(TreeError::TooLarge { .. })
        ));
    }

    #[test]
    fn large_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("big"), [0; 100]).unwrap();
        let tree = Tree::open(
            folder.path(),
            Limits {
                file_bytes: 99,
                ..Limits::default()
            },
        )
        .unwrap();
        assert!(matches!(
            tree.read("big"),
            Err(TreeError::TooLarge {
                size: 100,
                limit: 99
            })
        ));
        assert!(matches!(tree.read("."), Err(TreeError::NotAFile)));
    }
}
