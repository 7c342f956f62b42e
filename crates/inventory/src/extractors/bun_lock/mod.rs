//! `bun.lock`, lockfile versions 0 and 1: <https://bun.com/docs/pm/lockfile>, written by Bun's
//! [`bun.lock.zig`](https://github.com/oven-sh/bun/blob/main/src/install/lockfile/bun.lock.zig).
//!
//! JSON with trailing commas. `workspaces` is the project and its workspaces by folder; `packages` is what is
//! installed by place (`parent/child`), each a list that starts with `name@version` and has edges in an
//! object. Its binary forerunner `bun.lockb` is told and not read.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Member, Node};

use super::npm::{self, ASKS, Nest};
use super::source;
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `bun.lock`.
pub(super) struct BunLock;

static ABOUT: About = About {
    id: "npm/bun-lock",
    title: "bun.lock, lockfile versions 0 and 1 (of the binary bun.lockb, how to turn it into text)",
    files: &["bun.lock", "bun.lockb"],
    ecosystem: Some(Ecosystem::Npm),
    specification: "https://bun.com/docs/pm/lockfile",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

const HINT: &str = "run `bun install --save-text-lockfile --frozen-lockfile --lockfile-only`, delete bun.lockb and scan again";

impl Extractor for BunLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn binary_hint(&self) -> Option<&'static str> {
        Some(HINT)
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        if input.name() == "bun.lockb" {
            found.problem_with_hint(
                ProblemKind::Unreadable,
                0,
                "Bun's binary lockfile is not read",
                Some(HINT),
            );
            return;
        }
        let root = input.json_relaxed(found);
        if !root.is_object() && !root.is_null() {
            found.problem(
                ProblemKind::Unreadable,
                root.line,
                format!("the file is {}, not an object", root.kind()),
            );
        }
        read(&root, found);
    }
}

/// A package or a workspace, and what it needs.
struct Place<'a> {
    /// Its place among `packages`; of a workspace its name, of the project nothing.
    path: &'a str,
    info: &'a Node<'a>,
    handle: Option<Handle>,
    own: bool,
}

fn read<'a>(root: &'a Node<'a>, found: &mut Found) {
    let mut places: Vec<Place<'a>> = Vec::new();
    let mut workspaces: HashMap<&str, u32> = HashMap::new();
    for member in members(root, "workspaces", found) {
        let (folder, node): (&str, &Node<'_>) = (&member.key, &member.value);
        let name = node.str("name").unwrap_or_default();
        let version = node.str("version").unwrap_or_default();
        if folder.is_empty() {
            found.project(Some(name), Some(version));
        }
        let handle = (!name.is_empty()).then(|| {
            let handle = found.add(
                Package::new(Ecosystem::Npm, name, version)
                    .line(member.line)
                    .origin(Origin::Own),
            );
            found.declare(handle, Scope::Runtime);
            handle
        });
        workspaces.insert(folder, places.len() as u32);
        places.push(Place {
            path: if folder.is_empty() { "" } else { name },
            info: node,
            handle,
            own: true,
        });
    }
    let mut nest = Nest::default();
    for member in members(root, "packages", found) {
        let (folder, name) = split(&member.key);
        if let Some(index) = package(member, &workspaces, &mut places, found) {
            nest.put(folder, name, index);
        }
    }
    for place in &places {
        edges(place, &places, &nest, found);
    }
    found.spread_scopes();
}

/// The place of an entry of `packages`, added where it is no workspace.
fn package<'a>(
    member: &'a Member<'a>,
    workspaces: &HashMap<&str, u32>,
    places: &mut Vec<Place<'a>>,
    found: &mut Found,
) -> Option<u32> {
    let items = member.value.items();
    let Some(ident) = items.first().and_then(Node::as_str) else {
        found.problem(
            ProblemKind::Unreadable,
            member.line,
            format!(
                "the entry {:?} does not start with a name and a version",
                member.key
            ),
        );
        return None;
    };
    let Some((name, rest)) = npm::split_name(ident) else {
        found.problem(
            ProblemKind::Unreadable,
            member.line,
            format!("{ident:?} is no name with a version"),
        );
        return None;
    };
    let folder = rest
        .strip_prefix("workspace:")
        .or_else(|| rest.strip_prefix("root:"));
    if let Some(&index) = folder.and_then(|folder| workspaces.get(folder)) {
        return Some(index);
    }
    let rest = rest.strip_prefix("npm:").unwrap_or(rest);
    let registry = rest.starts_with(|c: char| c.is_ascii_digit()) && !rest.contains('/');
    let (version, origin) = if registry {
        (rest, Origin::Registry)
    } else {
        // An archive beside the project is written as its bare path.
        let origin = npm::origin(rest);
        (
            "",
            if origin == Origin::Registry && !rest.contains("://") {
                Origin::Own
            } else {
                origin
            },
        )
    };
    if version.is_empty() && origin == Origin::Registry {
        found.problem(
            ProblemKind::Unresolved,
            member.line,
            format!("{name} has no version"),
        );
    }
    let mut package = source::from(
        Package::new(Ecosystem::Npm, name, version).line(member.line),
        origin,
    );
    // After a registry's address or a folder's name, which have no hash's form.
    for text in items.iter().skip(1).filter_map(Node::as_str) {
        package = package.integrity(text);
    }
    let info = items
        .iter()
        .find(|item| item.is_object())
        .unwrap_or(&items[0]);
    let handle = Some(found.add(package));
    places.push(Place {
        path: &member.key,
        info,
        handle,
        own: false,
    });
    Some(places.len() as u32 - 1)
}

fn edges(place: &Place<'_>, places: &[Place<'_>], nest: &Nest<'_>, found: &mut Found) {
    let folders = nest.known(outwards(place.path));
    let optional_peers: HashSet<&str> = place
        .info
        .at(&["optionalPeers"])
        .items()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    for (table, scope) in ASKS {
        if scope == Scope::Dev && !place.own {
            continue;
        }
        for asked in members(place.info, table, found) {
            let name = asked.key.as_ref();
            let peer = table == "peerDependencies";
            let Some(target) = nest
                .find(&folders, name)
                .map(|index| &places[index as usize])
            else {
                if !peer && scope != Scope::Optional {
                    let who = if place.path.is_empty() {
                        "the project"
                    } else {
                        place.path
                    };
                    found.problem(
                        ProblemKind::Unresolved,
                        asked.line,
                        format!("{who} needs {name}, which is not in the lockfile"),
                    );
                }
                continue;
            };
            let Some(to) = target.handle else { continue };
            let optional = scope == Scope::Optional || (peer && optional_peers.contains(name));
            match place.handle {
                Some(from) if optional => found.depend_optionally(from, to),
                Some(from) => found.depend(from, to),
                None => {}
            }
            if place.own {
                found.declare(
                    to,
                    if target.own {
                        Scope::Runtime
                    } else if optional {
                        Scope::Optional
                    } else {
                        scope
                    },
                );
            }
        }
    }
}

fn members<'a>(node: &'a Node<'a>, name: &str, found: &mut Found) -> &'a [Member<'a>] {
    match node.get(name) {
        Some(table) if !table.is_object() => {
            found.problem(
                ProblemKind::Unreadable,
                table.line,
                format!("{name} is {}, not an object", table.kind()),
            );
            &[]
        }
        Some(table) => table.members(),
        None => &[],
    }
}

/// The place that holds a place, and the name in it: `a/@s/b` is `@s/b` in `a`.
fn split(path: &str) -> (&str, &str) {
    let Some(last) = path.rfind('/') else {
        return ("", path);
    };
    let scope = path[..last].rfind('/').map_or(0, |at| at + 1);
    let name = if path[scope..].starts_with('@') {
        scope
    } else {
        last + 1
    };
    (path[..name].trim_end_matches('/'), &path[name..])
}

/// A place and those that hold it, innermost first.
fn outwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| (!path.is_empty()).then(|| split(path).0))
}
