//! `uv.lock`, version 1: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>, and the locks of
//! scripts (`name.py.lock`). Locks of uv before 0.4 (`[[distribution]]`, sources as `kind+address`) are read too.
//!
//! One name may stand there at several versions, for different machines: all are listed. Packages with the source
//! `virtual`, `editable`, `directory` or `path` are the project's own; the members of the workspace among them say
//! why the others are there.

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Node, Value};

use super::python::{self, Registries, scope_word};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `uv.lock`.
pub(super) struct UvLock;

static ABOUT: About = About {
    id: "pypi/uv-lock",
    title: "uv.lock and locks of scripts, version 1",
    files: &["uv.lock", "*.py.lock"],
    ecosystem: Some(Ecosystem::PyPi),
    specification: "https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

/// A package's `source`: its kind and its address or path.
type Source<'a> = (&'a str, &'a str);

struct Locked<'a> {
    node: &'a Node<'a>,
    version: &'a str,
    source: Source<'a>,
    handle: Handle,
}

type ByName<'a> = HashMap<&'a str, Vec<usize>>;

impl Extractor for UvLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.toml(found);
        let nodes = root
            .get("package")
            .or_else(|| root.get("distribution"))
            .map_or(&[][..], Node::items);
        let mut registries = Registries::default();
        let mut locked: Vec<Locked<'_>> = Vec::with_capacity(nodes.len());
        let mut by_name: ByName<'_> = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let source = source(node.at(&["source"]));
            let version = node.str("version").unwrap_or_default();
            let own = is_own(source.0);
            let Some(name) = node.str("name").filter(|_| own || !version.is_empty()) else {
                python::incomplete(node, found);
                continue;
            };
            if source.0 == "registry" {
                registries.tell(source.1, node.line, found);
            }
            let handle = found.add(package(node, name, version, source));
            by_name.entry(name).or_default().push(locked.len());
            locked.push(Locked {
                node,
                version,
                source,
                handle,
            });
        }
        edges(&locked, &by_name, found);
        declare(&root, &locked, &by_name, found);
    }
}

fn is_own(kind: &str) -> bool {
    matches!(kind, "virtual" | "editable" | "directory" | "path")
}

fn source<'a>(node: &'a Node<'_>) -> Source<'a> {
    if let Value::String(text) = &node.value {
        return text.split_once('+').unwrap_or(("", text));
    }
    [
        "registry",
        "git",
        "url",
        "virtual",
        "editable",
        "directory",
        "path",
    ]
    .into_iter()
    .find_map(|kind| node.str(kind).map(|address| (kind, address)))
    .unwrap_or_default()
}

fn package(node: &Node<'_>, name: &str, version: &str, (kind, address): Source<'_>) -> Package {
    let mut package = Package::new(Ecosystem::PyPi, name, version).line(node.line);
    package = match kind {
        "git" => {
            let (url, commit) = address.split_once('#').unwrap_or((address, ""));
            python::from_git(package, url.split('?').next().unwrap_or(url), Some(commit))
        }
        "url" | "direct" => python::from_url(package, address.split('#').next().unwrap_or(address)),
        _ if is_own(kind) => package.origin(Origin::Own),
        _ => package,
    };
    let wheels = node.at(&["wheels"]).items().iter();
    for hash in std::iter::once(node.at(&["sdist"]))
        .chain(wheels)
        .filter_map(|file| file.str("hash"))
    {
        package = python::hash(package, hash);
    }
    package
}

/// The packages that a dependency means; name, and version and source where the name alone does not tell.
fn resolve<'l>(
    node: &'l Node<'l>,
    locked: &'l [Locked<'l>],
    by_name: &'l ByName<'l>,
) -> impl Iterator<Item = usize> + 'l {
    let version = node.str("version");
    let from = node.get("source").map(source);
    let known = node
        .str("name")
        .and_then(|name| by_name.get(name))
        .map_or(&[][..], Vec::as_slice);
    known
        .iter()
        .copied()
        .take(python::ALIKE)
        .filter(move |&at| {
            let it = &locked[at];
            version.is_none_or(|version| version == it.version)
                && from.is_none_or(|from| from == it.source)
        })
}

fn edges(locked: &[Locked<'_>], by_name: &ByName<'_>, found: &mut Found) {
    for Locked {
        node,
        handle,
        source,
        ..
    } in locked
    {
        let needs = node.at(&["dependencies"]).items().iter();
        // An extra of a foreign package is only there when it was asked for; our own extras are told apart below.
        let extras = if is_own(source.0) {
            &[]
        } else {
            node.at(&["optional-dependencies"]).members()
        };
        for need in needs.chain(extras.iter().flat_map(|extra| extra.value.items())) {
            let mut known = false;
            for to in resolve(need, locked, by_name) {
                found.depend(*handle, locked[to].handle);
                known = true;
            }
            if !known {
                let reason = format!(
                    "{} is needed here, and the lock has no such package",
                    need.str("name").unwrap_or("something")
                );
                found.problem(ProblemKind::Unresolved, need.line, reason);
            }
        }
    }
}

/// Tells what the project asks for, and why.
fn declare(root: &Node<'_>, locked: &[Locked<'_>], by_name: &ByName<'_>, found: &mut Found) {
    let members: HashSet<&str> = root
        .at(&["manifest", "members"])
        .items()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    let own = || locked.iter().filter(|it| is_own(it.source.0));
    let main = own()
        .find(|it| it.source.1 == ".")
        .or_else(|| own().next().filter(|_| own().count() == 1));
    if let Some(main) = main {
        found.project(main.node.str("name"), main.node.str("version"));
    }
    let ask = |need: &Node<'_>, scope: Scope, found: &mut Found| {
        for to in resolve(need, locked, by_name) {
            found.declare(locked[to].handle, scope);
        }
    };
    for it in own() {
        let member = if members.is_empty() {
            it.source.1 == "."
        } else {
            it.node
                .str("name")
                .is_some_and(|name| members.contains(&name))
        };
        if member {
            found.declare(it.handle, Scope::Runtime);
        }
        for need in it.node.at(&["dependencies"]).items() {
            for to in resolve(need, locked, by_name).filter(|&to| !is_own(locked[to].source.0)) {
                // Its scope comes over the edge: a path package may itself be there only for development.
                found.package(locked[to].handle).direct = Some(true);
            }
        }
        for extra in it.node.at(&["optional-dependencies"]).members() {
            let scope = scope_word(&extra.key).unwrap_or(Scope::Optional);
            extra
                .value
                .items()
                .iter()
                .for_each(|need| ask(need, scope, found));
        }
        for table in ["dev-dependencies", "dependency-groups"] {
            for group in it.node.at(&[table]).members() {
                let scope = scope_word(&group.key).unwrap_or(Scope::Dev);
                group
                    .value
                    .items()
                    .iter()
                    .for_each(|need| ask(need, scope, found));
            }
        }
    }
    // A script, or a workspace whose root is no package, asks in the manifest.
    let manifest = root.at(&["manifest"]);
    manifest
        .at(&["requirements"])
        .items()
        .iter()
        .for_each(|need| ask(need, Scope::Runtime, found));
    for group in manifest.at(&["dependency-groups"]).members() {
        let scope = scope_word(&group.key).unwrap_or(Scope::Dev);
        group
            .value
            .items()
            .iter()
            .for_each(|need| ask(need, scope, found));
    }
    let asks = own().next().is_some()
        || manifest.get("requirements").is_some()
        || manifest.get("dependency-groups").is_some();
    if asks {
        found.spread_scopes();
    }
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn a_workspace_with_forks_extras_and_groups() {
        check(Case {
            folder: "uv_lock/testdata/workspace",
            file: "uv.lock",
            want: &[
                "PyPI fork 0.1 runtime direct:yes :99 needs: git:https://github.com/example/fork.git@0123456789abcdef0123456789abcdef01234567",
                "PyPI iniconfig 2.0 dev direct:no :94 needs:",
                "PyPI local-lib 1.0 runtime own :56 needs:six 1.16.0",
                "PyPI numpy 2.2.0 runtime direct:yes :8 needs: sha256 sha256",
                "PyPI numpy 2.3.0 runtime direct:yes :18 needs:",
                "PyPI pysocks 1.7.1 runtime direct:no :77 needs: sha256 url:https://example.com/pysocks-1.7.1.whl",
                "PyPI pytest 8.0 dev direct:yes :88 needs:iniconfig 2.0",
                "PyPI qt 6.0 optional direct:yes :83 needs:",
                "PyPI requests 2.32.0 runtime direct:yes :67 needs:pysocks 1.7.1",
                "PyPI shop 0.3.0 runtime own :24 needs:local-lib 1.0,numpy 2.2.0,numpy 2.3.0,requests 2.32.0",
                "PyPI shop-tools ? runtime own :48 needs:fork 0.1",
                "PyPI six 1.16.0 runtime direct:yes :62 needs:",
            ],
            problems: &[
                "uv.lock:53 gone is needed here, and the lock has no such package",
                "uv.lock:104 broken has no version",
            ],
        });
    }

    #[test]
    fn a_script_and_the_old_form() {
        check(Case {
            folder: "uv_lock/testdata/other",
            file: "job.py.lock",
            want: &[
                "PyPI anyio 4.0.0 runtime direct:yes :13 needs: sha256",
                "PyPI h11 0.14.0 runtime direct:no :7 needs:",
                "PyPI httpx 0.27.0 runtime direct:yes :12 needs:h11 0.14.0",
                "PyPI old 1.0 runtime own :3 needs:anyio 4.0.0",
            ],
            problems: &[],
        });
    }

    #[test]
    fn nothing_panics() {
        never_panics("uv_lock/testdata/workspace/uv.lock");
        never_panics("uv_lock/testdata/other/uv.lock");
    }
}
