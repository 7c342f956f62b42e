//! Lockfile version 1 (npm 5 and 6, and the shrinkwraps before): packages nested as they are installed, with
//! `requires` for edges. What the project asks for stands in the `package.json` beside it.

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind};
use stanchion_syntax::Node;

use super::scope;
use crate::extract::Input;
use crate::extractors::{npm, source};
use crate::found::{Found, Handle, Package};

/// The project itself, as a parent.
const ROOT: u32 = u32::MAX;

struct Nested<'a> {
    name: &'a str,
    node: &'a Node<'a>,
    parent: u32,
    handle: Handle,
}

pub(super) fn read(root: &Node<'_>, input: &Input<'_>, found: &mut Found) {
    found.project(root.str("name"), root.str("version"));
    let mut all: Vec<Nested<'_>> = Vec::new();
    let mut by_place: HashMap<(u32, &str), u32> = HashMap::new();
    let mut queue = vec![(ROOT, root)];
    while let Some((parent, node)) = queue.pop() {
        let Some(dependencies) = node.get("dependencies") else {
            continue;
        };
        if !dependencies.is_object() {
            found.problem(
                ProblemKind::Unreadable,
                dependencies.line,
                format!("dependencies is {}, not an object", dependencies.kind()),
            );
        }
        for member in dependencies.members() {
            let (name, node): (&str, &Node<'_>) = (&member.key, &member.value);
            if !node.is_object() {
                found.problem(
                    ProblemKind::Unreadable,
                    member.line,
                    format!("the entry {name:?} is {}, not an object", node.kind()),
                );
                continue;
            }
            let package = package(name, node, member.line, found);
            let index = all.len() as u32;
            all.push(Nested {
                name,
                node,
                parent,
                handle: found.add(package),
            });
            by_place.insert((parent, name), index);
            queue.push((index, node));
        }
    }
    for index in 0..all.len() {
        let from = &all[index];
        for required in from.node.at(&["requires"]).members() {
            if let Some(to) = resolve(index as u32, &required.key, &all, &by_place) {
                found.depend(from.handle, all[to as usize].handle);
            } else {
                let reason = format!(
                    "{} needs {}, which is not in the lockfile",
                    from.name, required.key
                );
                found.problem(ProblemKind::Unresolved, required.line, reason);
            }
        }
    }
    let Some(manifest) = npm::manifest(input, "", found) else {
        // Shrinkwraps of npm 4 and before have no edges: there, everything would look unneeded.
        if all
            .iter()
            .any(|nested| nested.node.get("requires").is_some())
        {
            found.unneeded_are_direct();
        }
        return;
    };
    found.project(manifest.name.as_deref(), manifest.version.as_deref());
    for ask in &manifest.asks {
        match by_place.get(&(ROOT, ask.name.as_str())) {
            Some(&index) => found.declare(all[index as usize].handle, ask.scope),
            None if ask.must => ask.missing(&manifest.path, found),
            None => {}
        }
    }
    for nested in &all {
        let package = found.package(nested.handle);
        if package.direct.is_none() && package.origin != Origin::Own {
            package.direct = Some(false);
        }
    }
}

/// The package that `require` finds: nested in the dependent, beside it, or further out.
fn resolve(
    from: u32,
    name: &str,
    all: &[Nested<'_>],
    by_place: &HashMap<(u32, &str), u32>,
) -> Option<u32> {
    let mut place = from;
    loop {
        if let Some(&found) = by_place.get(&(place, name)) {
            return Some(found);
        }
        if place == ROOT {
            return None;
        }
        place = all[place as usize].parent;
    }
}

fn package(key: &str, node: &Node<'_>, line: u32, found: &mut Found) -> Package {
    let written = node.get("version").and_then(Node::text).unwrap_or_default();
    let (name, version) = npm::alias(written).unwrap_or((key, written));
    // The version of what is no registry package is its address; only later npm adds `resolved` to it.
    let by_version = npm::origin(version);
    let (origin, version) = match by_version {
        Origin::Registry => (
            npm::origin(node.str("resolved").unwrap_or_default()),
            version,
        ),
        other => (other, ""),
    };
    if origin == Origin::Registry {
        npm::registry(node.str("resolved").unwrap_or_default(), name, line, found);
    }
    if version.is_empty() && origin == Origin::Registry {
        found.problem(
            ProblemKind::Unresolved,
            line,
            format!("{name} has no version"),
        );
    }
    let mut package = Package::new(Ecosystem::Npm, name, version)
        .line(line)
        .scope(scope(node));
    if let Some(integrity) = node.str("integrity") {
        package = package.integrity(integrity);
    }
    source::from(package, origin)
}
