//! `pdm.lock`, `lock_version` 2 to 4.5: <https://pdm-project.org/en/latest/usage/lockfile/>, as written by PDM's
//! [`project/lockfile`](https://github.com/pdm-project/pdm/tree/main/src/pdm/project/lockfile).
//!
//! A package and the same with extras are two entries; together they are one component. Since 4.4 a package may
//! name its `groups`; before, scopes come from the `pyproject.toml` beside the lock by way of the edges.

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, Scope};
use stanchion_syntax::Node;

use super::python::{self, Asked, Names, key, scope_word};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `pdm.lock`.
pub(super) struct PdmLock;

static ABOUT: About = About {
    id: "pypi/pdm-lock",
    title: "pdm.lock, lock_version 2-4.5",
    files: &["pdm.lock"],
    ecosystem: Some(Ecosystem::PyPi),
    specification: "https://pdm-project.org/en/latest/usage/lockfile/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for PdmLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.toml(found);
        let asked = python::pyproject(input, found);
        let nodes = root.at(&["package"]).items();
        let files: HashMap<&str, &Node<'_>> = root
            .at(&["metadata", "files"])
            .members()
            .iter()
            .map(|member| (member.key.as_ref(), &member.value))
            .collect();
        let mut locked: Vec<(&Node<'_>, Handle, &str)> = Vec::with_capacity(nodes.len());
        let mut by_id: HashMap<(&str, &str), Handle> = HashMap::with_capacity(nodes.len());
        let mut names = Names::default();
        let mut grouped = false;
        for node in nodes {
            let own = node.get("path").is_some();
            let version = node.str("version").unwrap_or_default();
            let Some(name) = node.str("name").filter(|_| own || !version.is_empty()) else {
                python::incomplete(node, found);
                continue;
            };
            let scope = scope(node, asked.as_ref());
            grouped |= scope.is_some();
            if let Some(&handle) = by_id.get(&(name, version)) {
                let package = found.package(handle);
                package.scope = scope.map_or(package.scope, |scope| scope.min(package.scope));
                locked.push((node, handle, name));
                continue;
            }
            let mut package = Package::new(Ecosystem::PyPi, name, version)
                .line(node.line)
                .scope(scope.unwrap_or(Scope::Runtime));
            package = if own {
                package.origin(Origin::Own)
            } else if let Some(url) = node.str("git") {
                python::from_git(
                    package,
                    url,
                    node.str("revision").or_else(|| node.str("ref")),
                )
            } else if let Some(url) = node.str("url") {
                python::from_url(package, url)
            } else {
                package
            };
            let apart = files.get(format!("{name} {version}").as_str()).copied();
            let list = node.get("files").or(apart).map_or(&[][..], Node::items);
            for hash in list.iter().filter_map(|file| file.str("hash")) {
                package = python::hash(package, hash);
            }
            let handle = found.add(package);
            by_id.insert((name, version), handle);
            names.add(name, version, handle);
            locked.push((node, handle, name));
        }
        let mut needed = HashSet::new();
        for &(node, from, _) in &locked {
            for text in node
                .at(&["dependencies"])
                .items()
                .iter()
                .filter_map(Node::as_str)
            {
                // What holds only on other machines is not in the lock.
                let Some(need) = python::requirement(text) else {
                    continue;
                };
                for to in names
                    .allowed(need.name, need.specifier)
                    .filter(|to| *to != from)
                {
                    found.depend(from, to);
                    needed.insert(to);
                }
            }
        }
        let packages: Vec<(Handle, &str)> = by_id
            .iter()
            .map(|(&(name, _), &handle)| (handle, name))
            .collect();
        match asked {
            Some(asked) => {
                asked.mark(&packages, found);
                if !grouped {
                    found.spread_scopes();
                }
            }
            None => python::mark_roots(&packages, &needed, found),
        }
    }
}

/// Why a package is there, where the lock tells: the strongest of its groups.
fn scope(node: &Node<'_>, asked: Option<&Asked>) -> Option<Scope> {
    let groups = node.at(&["groups"]).items().iter().filter_map(Node::as_str);
    groups
        .map(
            |group| match (group, asked.and_then(|asked| asked.groups.get(&key(group)))) {
                ("default", _) => Scope::Runtime,
                (group, Some(true) | None) => scope_word(group).unwrap_or(Scope::Optional),
                (group, Some(false)) => scope_word(group).unwrap_or(Scope::Dev),
            },
        )
        .min()
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn lock_4_5_has_groups_and_extras() {
        check(Case {
            folder: "pdm_lock/testdata/v4_5",
            file: "pdm.lock",
            want: &[
                "PyPI cachecontrol 0.14.0 runtime direct:yes :10 needs:filelock 3.13.0,requests 2.31.0 sha256",
                "PyPI filelock 3.13.0 runtime direct:? :34 needs:",
                "PyPI mine 0.1.0 runtime own :52 needs:",
                "PyPI requests 2.31.0 runtime direct:? :39 needs: git:https://github.com/psf/requests.git@0123456789abcdef0123456789abcdef01234567",
                "PyPI ruff 0.4.0 dev direct:yes :47 needs:",
                "PyPI web 1.0 optional direct:yes :59 needs: url:https://example.com/web-1.0.tar.gz",
            ],
            problems: &["pdm.lock:65 a package has no name"],
        });
    }

    #[test]
    fn lock_3_has_files_apart() {
        check(Case {
            folder: "pdm_lock/testdata/v3",
            file: "pdm.lock",
            want: &[
                "PyPI click 8.1.2 runtime direct:yes :1 needs:importlib-metadata 4.11.0 sha256",
                "PyPI importlib-metadata 4.11.0 runtime direct:no :10 needs:",
                "PyPI pytest 7.1.0 test direct:yes :15 needs:",
            ],
            problems: &[],
        });
    }

    #[test]
    fn nothing_panics() {
        never_panics("pdm_lock/testdata/v4_5/pdm.lock");
        never_panics("pdm_lock/testdata/v3/pdm.lock");
    }
}
