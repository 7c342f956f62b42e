//! `pylock.toml` and `pylock.NAME.toml`, lock-version 1.0:
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/> (PEP 751).
//!
//! Why a package is there is told by its marker (`'docs' in dependency_groups`, `'gui' in extras`); edges are
//! there where the tool that wrote the lock added `dependencies`, which it need not.

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::Node;

use super::python::{self, Registries, key, scope_word};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `pylock.toml`.
pub(super) struct Pylock;

static ABOUT: About = About {
    id: "pypi/pylock",
    title: "pylock.toml (PEP 751), lock-version 1.0",
    files: &["pylock.toml", "pylock.*.toml"],
    ecosystem: Some(Ecosystem::PyPi),
    specification: "https://packaging.python.org/en/latest/specifications/pylock-toml/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for Pylock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.toml(found);
        let asked = python::pyproject(input, found);
        // `pylock.dev.toml` is a lock for development as a whole.
        let named = input
            .name()
            .strip_prefix("pylock.")
            .and_then(|rest| rest.strip_suffix(".toml"))
            .and_then(scope_word);
        let defaults: HashSet<&str> = root
            .at(&["default-groups"])
            .items()
            .iter()
            .filter_map(Node::as_str)
            .collect();
        let nodes = root.at(&["packages"]).items();
        let mut registries = Registries::default();
        let mut locked: Vec<(&Node<'_>, Handle, &str)> = Vec::with_capacity(nodes.len());
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let Some(name) = node.str("name") else {
                python::incomplete(node, found);
                continue;
            };
            if let Some(index) = node.str("index") {
                registries.tell(index, node.line, found);
            }
            let scope = node
                .str("marker")
                .and_then(|marker| scope(marker, &defaults))
                .or(named)
                .unwrap_or(Scope::Runtime);
            let package = package(node, name).scope(scope);
            if package.version.is_none() && package.origin != Origin::Own {
                let reason = format!("{name} has no version, so it is not matched");
                found.problem(ProblemKind::Unmatched, node.line, reason);
            }
            by_name.entry(key(name)).or_default().push(locked.len());
            locked.push((node, found.add(package), name));
        }
        let mut needed = HashSet::new();
        for &(node, from, _) in &locked {
            for need in node.at(&["dependencies"]).items() {
                let known = need
                    .str("name")
                    .and_then(|name| by_name.get(&key(name)))
                    .map_or(&[][..], Vec::as_slice);
                let mut any = false;
                for &to in known
                    .iter()
                    .take(python::ALIKE)
                    .filter(|&&to| means(need, locked[to].0))
                {
                    found.depend(from, locked[to].1);
                    needed.insert(locked[to].1);
                    any = true;
                }
                if !any {
                    let reason = format!(
                        "{} is needed here, and the lock has no such package",
                        need.str("name").unwrap_or("something")
                    );
                    found.problem(ProblemKind::Unresolved, need.line, reason);
                }
            }
        }
        let packages: Vec<(Handle, &str)> = locked
            .iter()
            .map(|&(_, handle, name)| (handle, name))
            .collect();
        match asked {
            Some(asked) => asked.mark(&packages, found),
            None if !needed.is_empty() => python::mark_roots(&packages, &needed, found),
            None => {}
        }
    }
}

fn package(node: &Node<'_>, name: &str) -> Package {
    let mut package = Package::new(
        Ecosystem::PyPi,
        name,
        node.str("version").unwrap_or_default(),
    )
    .line(node.line);
    let (vcs, archive) = (node.at(&["vcs"]), node.at(&["archive"]));
    if node.get("directory").is_some() {
        package = package.origin(Origin::Own);
    } else if vcs.is_object() {
        package = match vcs.str("url") {
            Some(url) if vcs.str("type").is_none_or(|kind| kind == "git") => python::from_git(
                package,
                url,
                vcs.str("commit-id")
                    .or_else(|| vcs.str("requested-revision")),
            ),
            Some(url) => python::from_url(package, url),
            None => package.origin(Origin::Own),
        };
    } else if archive.is_object() {
        package = match archive.str("url") {
            Some(url) => python::from_url(package, url),
            None => package.origin(Origin::Own),
        };
    }
    let wheels = node.at(&["wheels"]).items().iter();
    for file in [archive, node.at(&["sdist"])].into_iter().chain(wheels) {
        for hash in file.at(&["hashes"]).members() {
            package = package.hash(&hash.key, hash.value.as_str().unwrap_or_default());
        }
    }
    package
}

/// Whether a dependency's table means this package: every key that it has must be the same there.
fn means(need: &Node<'_>, package: &Node<'_>) -> bool {
    need.members()
        .iter()
        .all(|member| match member.key.as_ref() {
            "name" => true,
            "version" => package.str("version") == member.value.as_str(),
            other => match (package.get(other), &member.value) {
                (Some(has), wants) if wants.is_object() => wants.members().iter().all(|part| {
                    has.get(&part.key)
                        .is_some_and(|it| it.value == part.value.value)
                }),
                (Some(has), wants) => has.value == wants.value,
                (None, _) => false,
            },
        })
}

/// Why a package is there, by the groups and extras that its marker names: the strongest of them.
fn scope(marker: &str, defaults: &HashSet<&str>) -> Option<Scope> {
    let mut scope: Option<Scope> = None;
    for list in ["dependency_groups", "extras"] {
        for (at, _) in marker.match_indices(list) {
            let before = marker[..at].trim_end();
            let Some(before) = before.strip_suffix(" in").map(str::trim_end) else {
                continue;
            };
            if before.ends_with(" not") {
                continue;
            }
            let Some(quote) = before
                .chars()
                .last()
                .filter(|quote| matches!(quote, '\'' | '"'))
            else {
                continue;
            };
            let Some(name) = before
                .strip_suffix(quote)
                .and_then(|rest| rest.rsplit(quote).next())
            else {
                continue;
            };
            let said = match list {
                _ if defaults.contains(name) => Scope::Runtime,
                "extras" => scope_word(name).unwrap_or(Scope::Optional),
                _ => scope_word(name).unwrap_or(Scope::Dev),
            };
            scope = Some(scope.map_or(said, |known| known.min(said)));
        }
    }
    scope
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn every_kind_of_package() {
        check(Case {
            folder: "pylock/testdata/app",
            file: "pylock.toml",
            want: &[
                "PyPI attrs 25.1.0 runtime direct:? :9 needs: sha256",
                "PyPI cattrs 24.1.2 runtime direct:yes :17 needs:attrs 25.1.0 md5 sha256",
                "PyPI fork ? runtime direct:yes :45 needs: git:https://github.com/example/fork.git@0123456789abcdef0123456789abcdef01234567",
                "PyPI mine ? runtime own :41 needs:",
                "PyPI pytest 8.0 test direct:yes :36 needs:",
                "PyPI qt 6.0 optional direct:yes :31 needs:",
                "PyPI web 1.0 runtime direct:yes :49 needs: sha256 url:https://example.com/web-1.0.tar.gz",
            ],
            problems: &[
                "pylock.toml:22 gone is needed here, and the lock has no such package",
                "pylock.toml:45 fork has no version, so it is not matched",
                "pylock.toml:54 a package has no name",
            ],
        });
    }

    #[test]
    fn markers_tell_why_a_package_is_there() {
        let defaults = HashSet::from(["main"]);
        for (marker, want) in [
            ("python_version > '3'", None),
            ("'docs' in dependency_groups", Some(Scope::Dev)),
            (
                "\"test\" in dependency_groups or 'main' in dependency_groups",
                Some(Scope::Runtime),
            ),
            (
                "'gui' in extras and sys_platform == 'linux'",
                Some(Scope::Optional),
            ),
            ("'gui' not in extras", None),
        ] {
            assert_eq!(scope(marker, &defaults), want, "{marker}");
        }
    }

    #[test]
    fn nothing_panics() {
        never_panics("pylock/testdata/app/pylock.toml");
    }
}
