//! One parallel pass over a folder.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::overrides::OverrideBuilder;
use ignore::{WalkBuilder, WalkState};

use crate::{Tree, TreeError};

/// Folders of other people's code, and of tools: left out unless asked for.
const VENDORED: &[&str] = &[
    "node_modules",
    "vendor",
    "bower_components",
    "jspm_packages",
    "__pypackages__",
    "Pods",
];
/// Folders that never hold a project of their own.
const TOOLS: &[&str] = &[".git", ".hg", ".svn", ".bzr", ".jj"];

/// Whether a file lies in a folder of other people's code or of a tool.
pub fn is_vendored(path: &str) -> bool {
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|name| TOOLS.contains(&name) || VENDORED.contains(&name))
}

/// What to leave out.
#[derive(Clone, Debug, Default)]
pub struct WalkOptions {
    /// Globs of `--exclude`, as in a `.gitignore`, relative to the target.
    pub exclude: Vec<String>,
    /// Also look into `node_modules`, `vendor` and their like.
    pub vendored: bool,
}

/// A file that was wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Relative to the target, with `/`.
    pub path: String,
    /// In bytes, when it was seen.
    pub size: u64,
}

/// A place that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Relative to the target.
    pub path: String,
    /// Why, in words.
    pub reason: String,
}

/// What a pass found, sorted by path.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files that were wanted.
    pub files: Vec<Entry>,
    /// Places that could not be looked at.
    pub skipped: Vec<Skipped>,
    /// Links, pipes, devices and sockets with a name that was wanted. A link to a file that the walk finds by itself
    /// is not among them.
    pub odd: Vec<Skipped>,
    /// How many files were looked at.
    pub seen: usize,
}

impl Tree {
    /// Looks at every file once, in parallel, and keeps those that are wanted by relative path.
    /// Links are not followed; a single-file target gives just that file, wanted or not.
    pub fn walk(
        &self,
        options: &WalkOptions,
        wants: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Walk, TreeError> {
        if let Some(single) = self.single() {
            let size = match &self.bytes {
                Some(bytes) => bytes.len() as u64,
                None => self
                    .root()
                    .join(single)
                    .metadata()
                    .map_err(TreeError::Read)?
                    .len(),
            };
            return Ok(Walk {
                files: vec![Entry {
                    path: single.to_owned(),
                    size,
                }],
                seen: 1,
                ..Walk::default()
            });
        }
        let mut excludes = OverrideBuilder::new(self.root());
        for pattern in &options.exclude {
            let wrap = |error: ignore::Error| TreeError::Pattern {
                pattern: pattern.clone(),
                reason: error.to_string(),
            };
            excludes.add(&format!("!{pattern}")).map_err(wrap)?;
        }
        let wrap = |error: ignore::Error| TreeError::Pattern {
            pattern: options.exclude.join(" "),
            reason: error.to_string(),
        };
        let excludes = excludes.build().map_err(wrap)?;
        let vendored = options.vendored;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let walker = WalkBuilder::new(self.root())
            .standard_filters(false)
            .follow_links(false)
            .overrides(excludes)
            .threads(threads)
            .filter_entry(move |entry| {
                if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                    return true;
                }
                let name = entry.file_name().to_str().unwrap_or_default();
                !TOOLS.contains(&name) && (vendored || !VENDORED.contains(&name))
            })
            .build_parallel();
        let found = Mutex::new(Walk::default());
        let seen = AtomicUsize::new(0);
        walker.run(|| {
            Box::new(|step| {
                match step {
                    Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                        if seen.fetch_add(1, Ordering::Relaxed) >= self.limits().files {
                            return WalkState::Quit;
                        }
                        let path = self.relative(entry.path());
                        if wants(&path) && entry.path().to_str().is_none() {
                            // What is not UTF-8 cannot be named to anyone, and so not opened again either.
                            let reason = "its path is not UTF-8, so it was not read".into();
                            if let Ok(mut found) = found.lock() {
                                found.skipped.push(Skipped { path, reason });
                            }
                            return WalkState::Continue;
                        }
                        // The size is asked for only when the name is wanted: a stat a file is what a walk costs.
                        if wants(&path) {
                            let size = entry.metadata().map_or(0, |metadata| metadata.len());
                            if let Ok(mut found) = found.lock() {
                                found.files.push(Entry { path, size });
                            }
                        }
                    }
                    Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => {
                        let path = self.relative(entry.path());
                        if wants(&path)
                            && let Some(reason) = self.why_not(&path, wants)
                            && let Ok(mut found) = found.lock()
                        {
                            found.odd.push(Skipped { path, reason });
                        }
                    }
                    Ok(_) => {}
                    Err(error) => self.skip(&error, &found),
                }
                WalkState::Continue
            })
        });
        let mut walk = found.into_inner().unwrap_or_default();
        walk.seen = seen.into_inner();
        if walk.seen > self.limits().files {
            let reason = format!(
                "more than {} files; the rest was not looked at",
                self.limits().files
            );
            walk.skipped.push(Skipped {
                path: ".".into(),
                reason,
            });
        }
        walk.files.sort_unstable();
        walk.skipped.sort_unstable();
        walk.odd.sort_unstable();
        Ok(walk)
    }

    fn skip(&self, error: &ignore::Error, found: &Mutex<Walk>) {
        let path = match error {
            ignore::Error::WithPath { path, .. } => self.relative(path),
            ignore::Error::WithDepth { err, .. } => match &**err {
                ignore::Error::WithPath { path, .. } => self.relative(path),
                _ => ".".into(),
            },
            _ => ".".into(),
        };
        let reason = error
            .io_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        if let Ok(mut found) = found.lock() {
            found.skipped.push(Skipped { path, reason });
        }
    }

    /// Why something that is no file and no folder is not read; `None` for a link to what is read by itself.
    fn why_not(&self, path: &str, wants: &(dyn Fn(&str) -> bool + Sync)) -> Option<String> {
        let link = self.root().join(path);
        if !link.is_symlink() {
            return Some(TreeError::NotAFile.to_string());
        }
        match link.canonicalize() {
            Ok(real) if !real.starts_with(self.root()) => {
                Some("it is a link that leads out of the scanned folder, so it was not read".into())
            }
            Ok(real) if real.is_file() && !wants(&self.relative(&real)) => {
                Some("it is a link, which is not followed; scan it by its own name".into())
            }
            Ok(_) => None,
            Err(error) => Some(format!("it is a link that leads nowhere: {error}")),
        }
    }

    fn relative(&self, path: &Path) -> String {
        let path = path
            .strip_prefix(self.root())
            .unwrap_or(path)
            .to_string_lossy();
        if cfg!(windows) {
            path.replace('\\', "/")
        } else {
            path.into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Limits;

    fn files(options: &WalkOptions) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "a/package-lock.json",
            "node_modules/x/package.json",
            ".github/workflows/ci.yml",
            ".git/config",
            "vendor/y/go.mod",
            "a/b/c.txt",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(folder.path().join(".gitignore"), "package-lock.json\n").unwrap();
        let tree = Tree::open(folder.path(), Limits::default()).unwrap();
        let walk = tree
            .walk(options, &|path| !path.ends_with(".gitignore"))
            .unwrap();
        walk.files.into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn ignored_lockfiles_and_github_are_read_but_not_vendored_code() {
        assert_eq!(
            files(&WalkOptions::default()),
            [
                ".github/workflows/ci.yml",
                "a/b/c.txt",
                "a/package-lock.json"
            ]
        );
    }

    #[test]
    fn vendored_code_is_read_when_asked_for() {
        let found = files(&WalkOptions {
            vendored: true,
            ..WalkOptions::default()
        });
        assert!(
            found.contains(&"node_modules/x/package.json".to_owned())
                && found.contains(&"vendor/y/go.mod".to_owned())
        );
    }

    #[test]
    fn excludes_are_globs() {
        let found = files(&WalkOptions {
            exclude: vec!["a/b".into(), "*.yml".into()],
            ..WalkOptions::default()
        });
        assert_eq!(found, ["a/package-lock.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_has_a_wanted_name_and_is_not_read_is_told() {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;

        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x"), "x").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink(outside.path().join("x"), at("out.lock")).unwrap();
        symlink("none", at("nowhere.lock")).unwrap();
        fs::write(at("real.lock"), "x").unwrap();
        symlink("real.lock", at("again.lock")).unwrap();
        fs::write(at("other"), "x").unwrap();
        symlink("other", at("other.lock")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket.lock")).unwrap();
        let odd = folder
            .path()
            .join(std::ffi::OsStr::from_bytes(b"\xff.lock"));
        fs::write(odd, "x").unwrap();
        let tree = Tree::open(folder.path(), Limits::default()).unwrap();
        let wants = |path: &str| path.ends_with(".lock");
        let walk = tree.walk(&WalkOptions::default(), &wants).unwrap();
        assert_eq!(walk.files.len(), 1);
        assert_eq!(
            (walk.skipped.len(), walk.skipped[0].path.as_str()),
            (1, "\u{fffd}.lock")
        );
        let told: Vec<&str> = walk.odd.iter().map(|odd| odd.path.as_str()).collect();
        assert_eq!(
            told,
            ["nowhere.lock", "other.lock", "out.lock", "socket.lock"]
        );
        assert!(
            walk.odd[2].reason.contains("leads out of"),
            "{:?}",
            walk.odd
        );
    }
}
