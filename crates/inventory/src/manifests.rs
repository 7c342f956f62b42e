//! Manifests whose lockfile is missing: never a silent all-clear.

use std::collections::{HashMap, HashSet};

use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_syntax::{Limits, Node, json, text, toml};
use stanchion_tree::Tree;

use crate::assemble::FileResult;
use crate::extract::matches;
use crate::found::Found;

/// One sort of manifest and the files that pin it.
struct Manifest {
    files: &'static [&'static str],
    /// Patterns of lockfiles; one beside it or in a folder above covers it.
    locks: &'static [&'static str],
    hint: &'static str,
    /// Whether it asks for anything at all.
    asks: fn(&str, &Limits) -> bool,
}

const MANIFESTS: &[Manifest] = &[
    Manifest {
        files: &["package.json"],
        locks: &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock*.yaml",
            "bun.lock",
        ],
        hint: "run `npm install --package-lock-only` (or your package manager's install) and scan again",
        asks: |text, limits| {
            let document = json::parse(text, limits);
            ["dependencies", "devDependencies", "optionalDependencies"]
                .iter()
                .any(|key| filled(document.root.at(&[key])))
        },
    },
    Manifest {
        files: &["Cargo.toml"],
        locks: &["Cargo.lock"],
        hint: "run `cargo generate-lockfile` and scan again",
        asks: |text, limits| {
            let document = toml::parse(text, limits);
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .iter()
                .any(|key| filled(document.root.at(&[key])))
        },
    },
    Manifest {
        files: &["pyproject.toml"],
        locks: &[
            "uv.lock",
            "poetry.lock",
            "pdm.lock",
            "Pipfile.lock",
            "pylock*.toml",
            "*requirements*.txt",
            "requirements/*.txt",
        ],
        hint: "run `uv lock` (or your tool's lock command) and scan again",
        asks: |text, limits| {
            let document = toml::parse(text, limits);
            let poetry = document
                .root
                .at(&["tool", "poetry", "dependencies"])
                .members();
            filled(document.root.at(&["project", "dependencies"]))
                || poetry.iter().any(|member| member.key != "python")
        },
    },
    Manifest {
        files: &["Pipfile"],
        locks: &["Pipfile.lock"],
        hint: "run `pipenv lock` and scan again",
        asks: |text, limits| {
            let document = toml::parse(text, limits);
            filled(document.root.at(&["packages"])) || filled(document.root.at(&["dev-packages"]))
        },
    },
    Manifest {
        files: &["setup.py", "setup.cfg"],
        locks: &[
            "uv.lock",
            "poetry.lock",
            "pdm.lock",
            "Pipfile.lock",
            "pylock*.toml",
            "*requirements*.txt",
            "requirements/*.txt",
        ],
        hint: "pin what it installs, for example with `pip freeze > requirements.txt`, and scan again",
        asks: |text, _| text.contains("install_requires"),
    },
    Manifest {
        files: &["Gemfile"],
        locks: &["Gemfile.lock", "gems.locked"],
        hint: "run `bundle lock` and scan again",
        asks: |text, _| {
            text.lines()
                .any(|line| line.trim_start().starts_with("gem "))
        },
    },
    Manifest {
        files: &["composer.json"],
        locks: &["composer.lock"],
        hint: "run `composer update --no-install` and scan again",
        asks: |text, limits| {
            let document = json::parse(text, limits);
            ["require", "require-dev"].iter().any(|key| {
                document
                    .root
                    .at(&[key])
                    .members()
                    .iter()
                    .any(|member| member.key.contains('/'))
            })
        },
    },
    Manifest {
        files: &["build.gradle", "build.gradle.kts"],
        locks: &[
            "gradle.lockfile",
            "buildscript-gradle.lockfile",
            "*.lockfile",
        ],
        hint: "turn on dependency locking and run `gradle dependencies --write-locks`, then scan again",
        asks: |text, _| {
            let words = [
                "implementation",
                "api",
                "compile",
                "runtimeOnly",
                "testImplementation",
                "classpath",
            ];
            text.lines().map(str::trim_start).any(|line| {
                words.iter().any(|word| {
                    line.strip_prefix(word)
                        .is_some_and(|rest| rest.starts_with(['(', ' ', '\'', '"']))
                })
            })
        },
    },
    Manifest {
        files: &["*.csproj", "*.fsproj", "*.vbproj"],
        locks: &["packages.lock.json"],
        hint: "set RestorePackagesWithLockFile and run `dotnet restore`, then scan again",
        asks: |text, _| text.contains("PackageReference"),
    },
];

fn filled(node: &Node<'_>) -> bool {
    !node.members().is_empty() || !node.items().is_empty()
}

fn of(path: &str) -> Option<&'static Manifest> {
    let name = path.rsplit('/').next().unwrap_or(path);
    MANIFESTS
        .iter()
        .find(|manifest| manifest.files.iter().any(|pattern| matches(pattern, name)))
}

/// Whether a file is a manifest that a lockfile should pin.
pub(crate) fn is_manifest(path: &str) -> bool {
    of(path).is_some()
}

/// A folder and those above it, up to the target.
fn above(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
    })
}

/// The manifests that ask for something and have no lockfile beside or above them in the target.
pub(crate) fn without_lock<'a>(
    tree: &Tree,
    manifests: impl Iterator<Item = &'a str>,
    read: &[FileResult],
    limits: &Limits,
) -> Vec<Problem> {
    let along: HashSet<&str> = read
        .iter()
        .flat_map(|result| result.found.files.iter().map(String::as_str))
        .collect();
    let pairs = read.iter().map(|result| {
        let (folder, name) = result.path.rsplit_once('/').unwrap_or(("", &result.path));
        // A file that speaks for another folder is named by its path in there: `requirements/dev.txt`.
        match result.found.root.as_deref() {
            Some("") => ("", result.path.as_str()),
            Some(root) => (
                root,
                result
                    .path
                    .strip_prefix(root)
                    .map_or(name, |rest| rest.trim_start_matches('/')),
            ),
            None => (folder, name),
        }
    });
    let mut locks: HashMap<&str, Vec<&str>> = HashMap::new();
    for (folder, name) in pairs {
        locks.entry(folder).or_default().push(name);
    }
    let mut problems = Vec::new();
    for path in manifests {
        let Some(manifest) = of(path) else { continue };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let pins = |name: &&str| manifest.locks.iter().any(|pattern| matches(pattern, name));
        // Its folder and those above it, rather than every lockfile: there may be tens of thousands of both.
        let covered = along.contains(path)
            || above(folder).any(|folder| {
                locks
                    .get(folder)
                    .is_some_and(|names| names.iter().any(pins))
            });
        if !covered {
            problems.extend(unpinned(tree, path, manifest, limits));
        }
    }
    problems
}

/// What a manifest that is the whole target gives: nothing but the reason why.
pub(crate) fn alone(
    tree: &Tree,
    path: &str,
    limits: &Limits,
) -> (Option<FileResult>, Option<Problem>) {
    let problem = of(path).and_then(|manifest| unpinned(tree, path, manifest, limits));
    (
        Some(FileResult {
            path: path.to_owned(),
            found: Found::default(),
        }),
        problem,
    )
}

fn unpinned(tree: &Tree, path: &str, manifest: &Manifest, limits: &Limits) -> Option<Problem> {
    let bytes = match tree.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Some(crate::scan::problem(
                path.to_owned(),
                ProblemKind::Unreadable,
                error.to_string(),
            ));
        }
    };
    let decoded = text::decode(&bytes).ok()?;
    (manifest.asks)(&decoded.text, limits).then(|| Problem {
        path: path.to_owned(),
        line: None,
        kind: ProblemKind::Unresolved,
        reason: "it has no lockfile beside or above it, so what it asks for is not pinned and not matched".into(),
        hint: Some(manifest.hint.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above() {
        assert_eq!(above("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(above("").collect::<Vec<_>>(), [""]);
    }
}
