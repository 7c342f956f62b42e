//! `poetry.lock`, lock-version 1.0 to 2.1: <https://python-poetry.org/docs/basic-usage/>, as written by Poetry's
//! [`packages/locker.py`](https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/locker.py).
//!
//! Until 1.x a package has a `category`, from 2.1 on its `groups`; between the two neither, and scopes come from
//! the `pyproject.toml` beside the lock by way of the edges. An optional need is an edge only where somebody asks
//! for the extra that brings it.

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, Scope};
use stanchion_syntax::{Node, Value};

use super::python::{self, Asked, Names, Registries, key, scope_word};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `poetry.lock`.
pub(super) struct PoetryLock;

static ABOUT: About = About {
    id: "pypi/poetry-lock",
    title: "poetry.lock, lock-version 1.0-2.1",
    files: &["poetry.lock"],
    ecosystem: Some(Ecosystem::PyPi),
    specification: "https://python-poetry.org/docs/basic-usage/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for PoetryLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.toml(found);
        let asked = python::pyproject(input, found);
        let nodes = root.at(&["package"]).items();
        let mut locked: Vec<(&Node<'_>, Handle, &str)> = Vec::with_capacity(nodes.len());
        let mut names = Names::default();
        let mut registries = Registries::default();
        let mut scoped = false;
        for node in nodes {
            let (Some(name), Some(version)) = (node.str("name"), node.str("version")) else {
                python::incomplete(node, found);
                continue;
            };
            let scope = scope(node, asked.as_ref());
            scoped |= scope.is_some();
            let package = Package::new(Ecosystem::PyPi, name, version)
                .line(node.line)
                .scope(scope.unwrap_or(Scope::Runtime));
            let package = source(package, node.at(&["source"]), &mut registries, found);
            let handle = found.add(package);
            names.add(name, version, handle);
            locked.push((node, handle, name));
        }
        hashes(&root, &locked, &names, found);
        let needed = edges(&locked, &names, asked.as_ref(), found);
        let packages: Vec<(Handle, &str)> = locked
            .iter()
            .map(|&(_, handle, name)| (handle, name))
            .collect();
        match asked {
            Some(asked) => {
                asked.mark(&packages, found);
                if !scoped {
                    found.spread_scopes();
                }
            }
            None => python::mark_roots(&packages, &needed, found),
        }
    }
}

/// Why a package is there, where the lock tells.
fn scope(node: &Node<'_>, asked: Option<&Asked>) -> Option<Scope> {
    let optional = node.flag("optional");
    let of = |group: &str| match group {
        "main" | "default" if optional => Scope::Optional,
        "main" | "default" => Scope::Runtime,
        group => scope_word(group).unwrap_or(Scope::Dev),
    };
    let by_group = node
        .at(&["groups"])
        .items()
        .iter()
        .filter_map(Node::as_str)
        .map(of)
        .min();
    by_group
        .or_else(|| node.str("category").map(of))
        .or_else(|| {
            // Without group and category, an optional package still tells that much where nothing else does.
            (optional && asked.is_none()).then_some(Scope::Optional)
        })
}

fn source<'a>(
    package: Package,
    source: &'a Node<'_>,
    registries: &mut Registries<'a>,
    found: &mut Found,
) -> Package {
    let url = source.str("url").unwrap_or_default();
    match source.str("type") {
        Some("git") => {
            let revision = source
                .str("resolved_reference")
                .or_else(|| source.str("reference"));
            python::from_git(package, url, revision)
        }
        Some("url") => python::from_url(package, url),
        Some("directory" | "file") => package.origin(Origin::Own),
        _ => {
            registries.tell(url, source.line, found);
            package
        }
    }
}

/// Hashes stand with the package, or in a table of all files by name (1.1), or of all hashes by name (1.0).
fn hashes(
    root: &Node<'_>,
    locked: &[(&Node<'_>, Handle, &str)],
    names: &Names<'_>,
    found: &mut Found,
) {
    let metadata = root.at(&["metadata"]);
    let by_name = |key: &str| -> HashMap<&str, &Node<'_>> {
        metadata
            .at(&[key])
            .members()
            .iter()
            .map(|member| (member.key.as_ref(), &member.value))
            .collect()
    };
    let (files, bare) = (by_name("files"), by_name("hashes"));
    for &(node, handle, name) in locked {
        let own = node.get("files").or_else(|| files.get(name).copied());
        let several = node.get("files").is_none() && names.count(name) > 1;
        let version = node.str("version").unwrap_or_default();
        let slot = found.package(handle);
        let mut package = std::mem::replace(slot, Package::new(Ecosystem::PyPi, "", ""));
        for file in own.map_or(&[][..], Node::items) {
            // One table for all versions of a name: the file's name tells which.
            let other = several
                && !file
                    .str("file")
                    .is_some_and(|file| file.contains(&format!("-{version}")));
            if let Some(hash) = file.str("hash").filter(|_| !other) {
                package = python::hash(package, hash);
            }
        }
        if let Some(list) = bare
            .get(name)
            .filter(|_| own.is_none() && names.count(name) == 1)
        {
            for hash in list.items().iter().filter_map(Node::as_str) {
                package = package.hash("sha256", hash);
            }
        }
        *found.package(handle) = package;
    }
}

/// One way in which a package needs another.
struct Need<'a> {
    constraint: &'a str,
    optional: bool,
    extras: &'a [Node<'a>],
}

/// A dependency's forms: a constraint, a table, or a list of both for different machines.
fn needs<'a>(value: &'a Node<'a>) -> impl Iterator<Item = Need<'a>> {
    let several = match &value.value {
        Value::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    several.iter().map(|value| Need {
        constraint: value
            .as_str()
            .or_else(|| value.str("version"))
            .unwrap_or_default(),
        optional: value.flag("optional"),
        extras: value.at(&["extras"]).items(),
    })
}

/// Adds the edges; gives what is needed by something.
fn edges(
    locked: &[(&Node<'_>, Handle, &str)],
    names: &Names<'_>,
    asked: Option<&Asked>,
    found: &mut Found,
) -> HashSet<Handle> {
    let mut wanted: HashMap<String, HashSet<String>> =
        asked.map(|asked| asked.extras.clone()).unwrap_or_default();
    for member in locked
        .iter()
        .flat_map(|(node, ..)| node.at(&["dependencies"]).members())
    {
        for extra in needs(&member.value)
            .flat_map(|need| need.extras)
            .filter_map(Node::as_str)
        {
            wanted
                .entry(key(&member.key))
                .or_default()
                .insert(key(extra));
        }
    }
    let mut needed = HashSet::new();
    for &(node, from, name) in locked {
        let mut brought: Option<HashSet<String>> = None;
        for member in node.at(&["dependencies"]).members() {
            for need in needs(&member.value) {
                let real = !need.optional || {
                    brought
                        .get_or_insert_with(|| brought_by(node, wanted.get(&key(name))))
                        .contains(&key(&member.key))
                };
                for to in names.allowed(&member.key, need.constraint) {
                    needed.insert(to);
                    if real {
                        found.depend(from, to);
                    }
                }
            }
        }
    }
    needed
}

/// The names that the extras asked for bring in.
fn brought_by(node: &Node<'_>, wanted: Option<&HashSet<String>>) -> HashSet<String> {
    let Some(wanted) = wanted else {
        return HashSet::new();
    };
    let extras = node
        .at(&["extras"])
        .members()
        .iter()
        .filter(|extra| wanted.contains(&key(&extra.key)));
    let texts = extras
        .flat_map(|extra| extra.value.items())
        .filter_map(Node::as_str);
    texts
        .filter_map(|text| python::requirement(text.split(" ;").next().unwrap_or(text)))
        .map(|asked| key(asked.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn lock_2_1_has_groups() {
        check(Case {
            folder: "poetry_lock/testdata/v2_1",
            file: "poetry.lock",
            want: &[
                "PyPI cachecontrol 0.14.0 runtime direct:yes :3 needs:filelock 3.13.0,requests 2.31.0 sha256",
                "PyPI filelock 3.13.0 runtime direct:no :22 needs:",
                "PyPI requests 2.31.0 runtime direct:no :30 needs:",
                "PyPI redis 5.0.0 optional direct:yes :42 needs:",
                "PyPI pytest 7.4.0 test direct:yes :50 needs:",
                "PyPI mine 0.1.0 runtime own :58 needs:",
                "PyPI fork 1.0.0 dev direct:no :69 needs: git:https://github.com/example/fork.git@0123456789abcdef0123456789abcdef01234567",
                "PyPI web 2.0 dev direct:no :83 needs: url:https://example.com/web-2.0.tar.gz",
            ],
            problems: &["poetry.lock:95 nameless has no version"],
        });
    }

    #[test]
    fn lock_1_1_has_categories_and_files_apart() {
        check(Case {
            folder: "poetry_lock/testdata/v1_1",
            file: "poetry.lock",
            want: &[
                "PyPI Jinja2 3.0.0 runtime direct:yes :1 needs:MarkupSafe 2.0.0 sha256",
                "PyPI MarkupSafe 2.0.0 runtime direct:? :12 needs: sha256 sha256",
                "PyPI numpy 1.21.0 dev direct:yes :20 needs:",
                "PyPI numpy 1.26.0 dev direct:? :28 needs: sha256",
                "PyPI scipy 1.11.0 dev direct:yes :36 needs:numpy 1.26.0",
            ],
            problems: &[],
        });
    }

    #[test]
    fn lock_2_0_takes_scopes_from_the_project() {
        check(Case {
            folder: "poetry_lock/testdata/v2_0",
            file: "poetry.lock",
            want: &[
                "PyPI rich 13.0.0 runtime direct:yes :3 needs:pygments 2.16.0",
                "PyPI pygments 2.16.0 runtime direct:no :14 needs:",
                "PyPI black 23.0.0 dev direct:yes :22 needs:click 8.1.0",
                "PyPI click 8.1.0 dev direct:no :33 needs:",
            ],
            problems: &[],
        });
    }

    #[test]
    fn nothing_panics() {
        never_panics("poetry_lock/testdata/v2_1/poetry.lock");
        never_panics("poetry_lock/testdata/v1_1/poetry.lock");
    }
}
