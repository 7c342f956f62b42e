//! `Cargo.lock`, versions 1 to 4: <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>,
//! encoded as in Cargo's
//! [`resolver/encode.rs`](https://doc.rust-lang.org/nightly/nightly-rustc/cargo/core/resolver/encode/index.html).
//!
//! A package without a `source` is a workspace member or a path dependency. Scopes are not in the lock: they
//! come from the `Cargo.toml` beside it and those of the members it names, as far as they are there.

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, Scope};
use stanchion_syntax::Node;

use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `Cargo.lock`.
pub(super) struct CargoLock;

static ABOUT: About = About {
    id: "cargo/lock",
    title: "Cargo.lock, versions 1-4",
    files: &["Cargo.lock"],
    ecosystem: Some(Ecosystem::CratesIo),
    specification: "https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for CargoLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.toml(found);
        let packages = root.at(&["package"]).items();
        let metadata = root.at(&["metadata"]);
        let mut handles = Vec::with_capacity(packages.len());
        let mut by_name: HashMap<&str, Vec<(usize, &str, &str)>> = HashMap::new();
        for (index, node) in packages.iter().enumerate() {
            let (Some(name), Some(version)) = (node.str("name"), node.str("version")) else {
                continue;
            };
            let source = node.str("source").unwrap_or_default();
            let mut package = Package::new(Ecosystem::CratesIo, name, version)
                .line(node.line)
                .origin(origin(source));
            let checksum = node.str("checksum").map_or_else(
                // Version 1 keeps checksums in a table of their own.
                || metadata.str(&format!("checksum {name} {version} ({source})")),
                Some,
            );
            if let Some(checksum) = checksum {
                package = package.hash("sha256", checksum);
            }
            if let Origin::Git {
                url,
                commit: Some(commit),
            } = &package.origin
            {
                let value = format!("git+{url}@{commit}");
                package = package.qualifier("vcs_url", value);
            }
            handles.push((index, found.add(package)));
            by_name
                .entry(name)
                .or_default()
                .push((handles.len() - 1, version, source));
        }
        for &(index, from) in &handles {
            for dependency in packages[index].at(&["dependencies"]).items() {
                if let Some(to) = dependency.as_str().and_then(|text| resolve(text, &by_name)) {
                    found.depend(from, handles[to].1);
                }
            }
        }
        // Version 1 has the root package apart from the others.
        let own: Vec<(&Node<'_>, Handle)> = handles
            .iter()
            .map(|&(index, handle)| (&packages[index], handle))
            .filter(|(node, _)| node.get("source").is_none())
            .collect();
        if let [(node, _)] = own.as_slice() {
            found.project(node.str("name"), node.str("version"));
        }
        declare(&own, &handles, &by_name, packages, input, found);
        found.spread_scopes();
    }
}

/// Marks what the project's own packages ask for, with the scope from their `Cargo.toml` where that is at hand.
fn declare(
    own: &[(&Node<'_>, Handle)],
    handles: &[(usize, Handle)],
    by_name: &HashMap<&str, Vec<(usize, &str, &str)>>,
    packages: &[Node<'_>],
    input: &Input<'_>,
    found: &mut Found,
) {
    let manifests = manifests(input, found);
    let mut severed = HashSet::new();
    for &(node, handle) in own {
        found.declare(handle, Scope::Runtime);
        let scopes = node.str("name").and_then(|name| manifests.get(name));
        for dependency in node.at(&["dependencies"]).items() {
            let Some(to) = dependency.as_str().and_then(|text| resolve(text, by_name)) else {
                continue;
            };
            let name = packages[handles[to].0].str("name").unwrap_or_default();
            let scope = scopes
                .and_then(|scopes| scopes.get(name))
                .copied()
                .unwrap_or(Scope::Runtime);
            let target = handles[to].1;
            if scope == Scope::Runtime {
                if found.package(target).origin != Origin::Own {
                    found.declare(target, scope);
                }
            } else {
                // The edge from our own package must not carry runtime scope further.
                severed.insert((handle.0, target.0));
                found.declare(target, scope);
            }
        }
    }
    found.edges.retain(|edge| !severed.contains(edge));
}

/// The dependencies of each manifest at hand, by package name, with their scope.
fn manifests(input: &Input<'_>, found: &mut Found) -> HashMap<String, HashMap<String, Scope>> {
    let mut scopes = HashMap::new();
    let Ok(Some(root)) = input.sibling("Cargo.toml") else {
        return scopes;
    };
    let mut folders = Vec::new();
    {
        let document = stanchion_syntax::toml::parse(&root.text, &input.limits);
        for member in document.root.at(&["workspace", "members"]).items() {
            folders.extend(member.as_str().map(str::to_owned));
        }
        add_manifest(&document.root, &mut scopes);
    }
    found.also_read(&root.path);
    for folder in folders {
        // A pattern stands for folders that a reader cannot list: their dependencies count as runtime.
        if let Ok(Some(member)) = input.sibling(&format!("{folder}/Cargo.toml")) {
            let document = stanchion_syntax::toml::parse(&member.text, &input.limits);
            add_manifest(&document.root, &mut scopes);
            found.also_read(&member.path);
        }
    }
    scopes
}

fn add_manifest(root: &Node<'_>, scopes: &mut HashMap<String, HashMap<String, Scope>>) {
    let Some(name) = root.at(&["package"]).str("name") else {
        return;
    };
    let mut own: HashMap<String, Scope> = HashMap::new();
    let targets = root
        .at(&["target"])
        .members()
        .iter()
        .map(|member| &member.value);
    for table in std::iter::once(root).chain(targets) {
        for (key, scope) in [
            ("dependencies", Scope::Runtime),
            ("build-dependencies", Scope::Build),
            ("build_dependencies", Scope::Build),
            ("dev-dependencies", Scope::Dev),
            ("dev_dependencies", Scope::Dev),
        ] {
            for dependency in table.at(&[key]).members() {
                let scope = if scope == Scope::Runtime && dependency.value.flag("optional") {
                    Scope::Optional
                } else {
                    scope
                };
                let name = dependency.value.str("package").unwrap_or(&dependency.key);
                own.entry(name.to_owned())
                    .and_modify(|known| *known = scope.min(*known))
                    .or_insert(scope);
            }
        }
    }
    scopes.insert(name.to_owned(), own);
}

/// The package that `name`, `name version` or `name version (source)` stands for.
fn resolve(text: &str, by_name: &HashMap<&str, Vec<(usize, &str, &str)>>) -> Option<usize> {
    let mut parts = text.splitn(3, ' ');
    let candidates = by_name.get(parts.next()?)?;
    let version = parts.next();
    let source = parts.next().map(|source| source.trim_matches(['(', ')']));
    candidates
        .iter()
        .find(|(_, has, from)| {
            version.is_none_or(|version| version == *has)
                && source.is_none_or(|source| source == *from)
        })
        .map(|(index, ..)| *index)
}

/// Registries are all alike here: an advisory about a name on crates.io is taken to hold for a mirror of it.
fn origin(source: &str) -> Origin {
    if source.is_empty() {
        return Origin::Own;
    }
    match source.strip_prefix("git+") {
        Some(rest) => {
            let (address, commit) = rest
                .split_once('#')
                .map_or((rest, None), |(address, commit)| {
                    (address, Some(commit.to_owned()))
                });
            let url = address.split('?').next().unwrap_or(address).to_owned();
            Origin::Git { url, commit }
        }
        None => Origin::Registry,
    }
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check};

    #[test]
    fn a_workspace_with_scopes_git_and_two_versions_of_a_crate() {
        check(Case {
            folder: "cargo_lock/testdata/workspace",
            file: "Cargo.lock",
            want: &[
                "crates.io itoa 0.4.8 dev direct:yes :24 needs:",
                "crates.io itoa 1.0.15 runtime direct:no :29 needs: sha256",
                "crates.io ryu 1.0.20 runtime direct:yes :34 needs:itoa 1.0.15 git:https://github.com/dtolnay/ryu@0123456789abcdef0123456789abcdef01234567",
                "crates.io shop 0.1.0 runtime own :3 needs:ryu 1.0.20,tool 0.1.0",
                "crates.io tool 0.1.0 runtime own :12 needs:",
                "crates.io cc 1.0.0 build direct:yes :19 needs:",
            ],
            problems: &[],
        });
    }

    #[test]
    fn version_1_keeps_checksums_apart() {
        check(Case {
            folder: "cargo_lock/testdata/v1",
            file: "Cargo.lock",
            want: &[
                "crates.io app 0.1.0 runtime own :1 needs:libc 0.2.40",
                "crates.io libc 0.2.40 runtime direct:yes :8 needs: sha256",
            ],
            problems: &[],
        });
    }
}
