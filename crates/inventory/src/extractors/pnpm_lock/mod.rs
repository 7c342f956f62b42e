//! `pnpm-lock.yaml`, lockfile versions 5 to 9: <https://github.com/pnpm/spec/tree/master/lockfile>, and the
//! two-document files of pnpm 11 and later: <https://pnpm.io/lockfile>.
//!
//! `packages` names each package by a path (see [`key`]); up to version 8 an entry also has its edges and
//! whether it is for development only, from 9 on the edges stand in `snapshots` and scopes have to be spread.
//! `importers` are the project and its workspaces by folder; their names are in their manifests only.

mod key;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Member, Node};
use stanchion_tree::join;

use self::key::Key;
use super::npm;
use super::python::redacted;
use super::source;
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `pnpm-lock.yaml`.
pub(super) struct PnpmLock;

static ABOUT: About = About {
    id: "npm/pnpm-lock",
    title: "pnpm-lock.yaml, lockfile versions 5-9",
    files: &["pnpm-lock*.yaml", "pnpm-lock*.yml"],
    ecosystem: Some(Ecosystem::Npm),
    specification: "https://github.com/pnpm/spec/tree/master/lockfile",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

/// The tables of an importer. The last two are pnpm's own plugins and pnpm itself: they run during an installation.
const ASKS: [(&str, Scope); 5] = [
    ("dependencies", Scope::Runtime),
    ("optionalDependencies", Scope::Optional),
    ("devDependencies", Scope::Dev),
    ("configDependencies", Scope::Build),
    ("packageManagerDependencies", Scope::Build),
];

impl Extractor for PnpmLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let mut spread = false;
        // The first of two documents names the same importers as the second.
        let mut named = HashMap::new();
        for root in &input.yaml_all(found) {
            if root.is_object() {
                spread |= Lock::read(root, &mut named, input, found);
            } else if !root.is_null() {
                found.problem(
                    ProblemKind::Unreadable,
                    root.line,
                    format!("the document is {}, not a mapping", root.kind()),
                );
            }
        }
        if spread {
            found.spread_scopes();
        }
    }
}

/// One document of the file.
struct Lock<'a> {
    /// By key as written; from version 9 on without what stands in brackets.
    packages: HashMap<&'a str, Handle>,
    /// The project's own packages, by folder.
    own: HashMap<Cow<'a, str>, Handle>,
    /// Whether edges stand apart, in `snapshots`.
    apart: bool,
    buffer: String,
}

impl<'a> Lock<'a> {
    /// Reads a document; tells whether its scopes have to be spread.
    fn read(
        root: &'a Node<'a>,
        named: &mut HashMap<String, Handle>,
        input: &Input<'_>,
        found: &mut Found,
    ) -> bool {
        let version = root
            .get("lockfileVersion")
            .and_then(Node::text)
            .unwrap_or_default();
        let major: Option<u32> = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok());
        let snapshots = root.get("snapshots");
        let apart = snapshots.is_some() || major.is_some_and(|major| major >= 9);
        let mut lock = Self {
            packages: HashMap::new(),
            own: HashMap::new(),
            apart,
            buffer: String::new(),
        };
        let packages = table(root, "packages", found);
        for member in packages {
            lock.add(member, found);
        }
        let edges = if apart {
            table(root, "snapshots", found)
        } else {
            packages
        };
        if apart {
            for member in edges {
                if !lock.packages.contains_key(key::plain(&member.key)) {
                    // A snapshot names its package all the same.
                    lock.add(member, found);
                }
            }
        }
        let importers = root.get("importers").map_or(&[][..], Node::members);
        let mut importers: Vec<(&str, u32, &Node<'_>)> = importers
            .iter()
            .map(|member| (member.key.as_ref(), member.line, &member.value))
            .collect();
        if importers.is_empty() {
            importers.push((".", root.line, root));
        }
        for &(folder, line, _) in &importers {
            lock.importer(folder, line, named, input, found);
        }
        for &(folder, _, node) in &importers {
            lock.asks(folder, node, found);
        }
        for member in edges {
            lock.edges(member, found);
        }
        apart
    }

    fn add(&mut self, member: &'a Member<'a>, found: &mut Found) {
        let node = &member.value;
        let key = Key::parse(&member.key);
        let plain = if self.apart {
            key::plain(&member.key)
        } else {
            &member.key
        };
        if !node.is_object() && !node.is_null() {
            found.problem(
                ProblemKind::Unreadable,
                member.line,
                format!("the entry {plain:?} is {}, not a mapping", node.kind()),
            );
        }
        let name = node.str("name").unwrap_or(key.name);
        let version = node
            .get("version")
            .and_then(Node::text)
            .unwrap_or(key.version);
        if name.is_empty() {
            found.problem(
                ProblemKind::Unreadable,
                member.line,
                format!("{plain:?} names no package"),
            );
            return;
        }
        let resolution = node.at(&["resolution"]);
        let mut package = if let Some(version) = key.specifier.strip_prefix("runtime:") {
            // Node.js and its like, fetched from their makers: no package of that name on npm.
            Package::new(Ecosystem::Generic, name, version)
        } else {
            let origin = origin(resolution, &key);
            if version.is_empty() && origin == Origin::Registry {
                found.problem(
                    ProblemKind::Unresolved,
                    member.line,
                    format!("{name} has no version"),
                );
            }
            source::from(Package::new(Ecosystem::Npm, name, version), origin)
        };
        if let Some(integrity) = resolution.str("integrity") {
            package = package.integrity(integrity);
        }
        let scope = if self.apart {
            Scope::Runtime
        } else if node.flag("dev") {
            Scope::Dev
        } else if node.flag("optional") {
            Scope::Optional
        } else {
            Scope::Runtime
        };
        package = package.line(member.line).scope(scope);
        if package.origin != Origin::Own {
            package = package.direct(false);
        }
        let handle = found.add(package);
        self.packages.insert(plain, handle);
    }

    /// Adds the package of an importer, where its manifest names it.
    fn importer(
        &mut self,
        folder: &'a str,
        line: u32,
        named: &mut HashMap<String, Handle>,
        input: &Input<'_>,
        found: &mut Found,
    ) {
        let Some(manifest) = npm::manifest(input, folder, found) else {
            return;
        };
        if folder == "." {
            found.project(manifest.name.as_deref(), manifest.version.as_deref());
        }
        let Some(name) = manifest.name.filter(|name| !name.is_empty()) else {
            return;
        };
        let handle = *named.entry(name).or_insert_with_key(|name| {
            let package = Package::new(Ecosystem::Npm, name, manifest.version.unwrap_or_default());
            found.add(package.line(line).origin(Origin::Own))
        });
        found.declare(handle, Scope::Runtime);
        self.own.insert(normal(folder), handle);
    }

    fn asks(&mut self, folder: &str, node: &'a Node<'a>, found: &mut Found) {
        for (name, scope) in ASKS {
            for asked in table(node, name, found) {
                // Up to version 5 the version itself, then also what was asked for.
                let version = asked
                    .value
                    .text()
                    .or_else(|| asked.value.get("version").and_then(Node::text));
                let Some(version) = version else {
                    found.problem(
                        ProblemKind::Unreadable,
                        asked.line,
                        format!("{} has no version", asked.key),
                    );
                    continue;
                };
                let Some(to) = self.find(&asked.key, version, folder, asked.line, found) else {
                    unresolved(found, asked.line, folder, &asked.key, version);
                    continue;
                };
                let own = found.package(to).origin == Origin::Own;
                found.declare(to, if own { Scope::Runtime } else { scope });
                if let Some(&from) = self.own.get(&normal(folder)) {
                    found.depend(from, to);
                }
            }
        }
    }

    fn edges(&mut self, member: &'a Member<'a>, found: &mut Found) {
        let plain = if self.apart {
            key::plain(&member.key)
        } else {
            &member.key
        };
        let Some(&from) = self.packages.get(plain) else {
            return;
        };
        for (name, optional) in [("dependencies", false), ("optionalDependencies", true)] {
            for needed in table(&member.value, name, found) {
                let version = needed.value.text().unwrap_or_default();
                match self.find(&needed.key, version, "", needed.line, found) {
                    Some(to) if optional => found.depend_optionally(from, to),
                    Some(to) => found.depend(from, to),
                    None if optional => {}
                    None => unresolved(found, needed.line, plain, &needed.key, version),
                }
            }
        }
    }

    /// The package behind a name and what stands as its version: a version, a key, or a link to a folder.
    fn find(
        &mut self,
        name: &'a str,
        version: &'a str,
        folder: &str,
        line: u32,
        found: &mut Found,
    ) -> Option<Handle> {
        if let Some(path) = version.strip_prefix("link:") {
            let target = join(if folder == "." { "" } else { folder }, path)
                .map_or(Cow::Borrowed(version), Cow::Owned);
            let handle = *self.own.entry(target).or_insert_with(|| {
                let handle = found.add(
                    Package::new(Ecosystem::Npm, name, "")
                        .line(line)
                        .origin(Origin::Own),
                );
                found.declare(handle, Scope::Runtime);
                handle
            });
            return Some(handle);
        }
        let version = if self.apart {
            key::plain(version)
        } else {
            version
        };
        if let Some(&handle) = self.packages.get(version) {
            return Some(handle);
        }
        for parts in [
            ["", name, "@", version],
            ["/", name, "@", version],
            ["/", name, "/", version],
        ] {
            self.buffer.clear();
            self.buffer.extend(parts);
            if let Some(&handle) = self.packages.get(self.buffer.as_str()) {
                return Some(handle);
            }
        }
        None
    }
}

fn normal<'a>(folder: &str) -> Cow<'a, str> {
    join("", folder).map_or_else(|| Cow::Owned(folder.to_owned()), Cow::Owned)
}

fn table<'a>(node: &'a Node<'a>, name: &str, found: &mut Found) -> &'a [Member<'a>] {
    match node.get(name) {
        Some(table) if !table.is_object() && !table.is_null() => {
            found.problem(
                ProblemKind::Unreadable,
                table.line,
                format!("{name} is {}, not a mapping", table.kind()),
            );
            &[]
        }
        Some(table) => table.members(),
        None => &[],
    }
}

fn unresolved(found: &mut Found, line: u32, who: &str, name: &str, version: &str) {
    let (who, version) = (
        redacted(if who == "." { "the project" } else { who }),
        redacted(version),
    );
    found.problem(
        ProblemKind::Unresolved,
        line,
        format!("{who} needs {name} {version}, which is not in the lockfile"),
    );
}

/// A key with a plain version is a registry's package wherever its archive lies.
fn origin(resolution: &Node<'_>, key: &Key<'_>) -> Origin {
    if let Some(url) = resolution.str("repo") {
        return Origin::Git {
            url: url.to_owned(),
            commit: resolution
                .get("commit")
                .and_then(Node::text)
                .map(str::to_owned),
        };
    }
    if resolution.get("directory").is_some() {
        return Origin::Own;
    }
    if key.registry {
        return Origin::Registry;
    }
    match npm::origin(key.specifier) {
        Origin::Registry => resolution
            .str("tarball")
            .map_or(Origin::Registry, npm::origin),
        // The address of an archive says more than a key that leaves out its scheme.
        other => other,
    }
}
