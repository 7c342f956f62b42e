//! Yarn 2 and later: YAML. The project and its workspaces have entries of their own, whose `dependencies` hold
//! the development ones too; the `checksum` is that of Yarn's own repacked archive, which nobody else can
//! compare with anything, so it is no hash of the package.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::Node;

use super::{Chosen, unresolved};
use crate::extract::Input;
use crate::extractors::npm::{self, Ask, Manifest};
use crate::extractors::source;
use crate::found::{Found, Handle, Package};

/// The version of what is in the project.
const IN_PROJECT: &str = "0.0.0-use.local";

struct Entry<'a> {
    node: &'a Node<'a>,
    handle: Handle,
    name: &'a str,
    /// The folder of a workspace.
    workspace: Option<&'a str>,
}

pub(super) fn read(input: &Input<'_>, found: &mut Found) {
    let root = input.yaml(found);
    let mut project = npm::manifest(input, "", found);
    let mut chosen = Chosen::default();
    if let Some(project) = &mut project {
        chosen.resolutions = std::mem::take(&mut project.resolutions);
    }
    let mut entries = Vec::with_capacity(root.members().len());
    for member in root.members() {
        if member.key == "__metadata" {
            continue;
        }
        let (asks, node): (&str, &Node<'_>) = (&member.key, &member.value);
        let Some(resolution) = node.str("resolution") else {
            found.problem(
                ProblemKind::Unreadable,
                member.line,
                format!("the entry {asks:?} has no resolution"),
            );
            continue;
        };
        let Some((name, reference)) = npm::split_name(resolution) else {
            found.problem(
                ProblemKind::Unreadable,
                member.line,
                format!("{resolution:?} is no resolution"),
            );
            continue;
        };
        let version = node.get("version").and_then(Node::text).unwrap_or_default();
        let origin = origin(reference);
        if version.is_empty() && origin == Origin::Registry {
            found.problem(
                ProblemKind::Unresolved,
                member.line,
                format!("{name} has no version"),
            );
        }
        let own = origin == Origin::Own;
        let version = if own && version == IN_PROJECT {
            ""
        } else {
            version
        };
        let package = Package::new(Ecosystem::Npm, name, version).line(member.line);
        let handle = found.add(source::from(package, origin));
        entries.push(Entry {
            node,
            handle,
            name,
            workspace: reference.strip_prefix("workspace:"),
        });
        for ask in asks.split(", ") {
            let key = npm::split_name(ask).map_or(ask, |(key, _)| key);
            chosen.put(ask, key, handle);
        }
    }
    for entry in &entries {
        let scopes = entry.workspace.and_then(|folder| {
            let manifest = if folder == "." {
                project.take()
            } else {
                npm::manifest(input, folder, found)
            };
            workspace(manifest, folder, entry, found)
        });
        let meta = entry.node.at(&["dependenciesMeta"]).members();
        let optional: HashSet<&str> = meta
            .iter()
            .filter(|member| member.value.flag("optional"))
            .map(|member| member.key.as_ref())
            .collect();
        for needed in entry.node.at(&["dependencies"]).members() {
            let Some(range) = needed.value.text() else {
                found.problem(
                    ProblemKind::Unreadable,
                    needed.line,
                    format!("the range of {} is {}", needed.key, needed.value.kind()),
                );
                continue;
            };
            let is_optional = optional.contains(needed.key.as_ref());
            let Some(to) = chosen.find(&needed.key, range, "npm:") else {
                if !is_optional {
                    unresolved(found, needed.line, entry.name, &needed.key, range);
                }
                continue;
            };
            if is_optional {
                found.depend_optionally(entry.handle, to);
            } else {
                found.depend(entry.handle, to);
            }
            if entry.workspace.is_some() {
                let asked = scopes
                    .as_ref()
                    .and_then(|scopes| scopes.get(needed.key.as_ref()).copied());
                let scope = asked.unwrap_or(if is_optional {
                    Scope::Optional
                } else {
                    Scope::Runtime
                });
                let own = found.package(to).origin == Origin::Own;
                found.declare(to, if own { Scope::Runtime } else { scope });
            }
        }
    }
    found.spread_scopes();
}

/// Declares a workspace, and takes why it asks for what from its manifest.
fn workspace(
    manifest: Option<Manifest>,
    folder: &str,
    entry: &Entry<'_>,
    found: &mut Found,
) -> Option<HashMap<String, Scope>> {
    found.declare(entry.handle, Scope::Runtime);
    if folder == "." {
        let name = manifest
            .as_ref()
            .map_or(Some(entry.name), |manifest| manifest.name.as_deref());
        found.project(
            name,
            manifest
                .as_ref()
                .and_then(|manifest| manifest.version.as_deref()),
        );
    }
    let manifest = manifest?;
    let package = found.package(entry.handle);
    package.version = manifest.version.or(package.version.take());
    let mut scopes: HashMap<String, Scope> = HashMap::new();
    for Ask { name, scope, .. } in manifest.asks {
        scopes
            .entry(name)
            .and_modify(|known| *known = scope.min(*known))
            .or_insert(scope);
    }
    Some(scopes)
}

/// Where the code of a reference (`npm:1.2.3`, `patch:a@npm%3A1.2.3#…`, `workspace:.`) comes from. A patched
/// package is still the package that advisories are about.
fn origin(reference: &str) -> Origin {
    let mut reference = Cow::Borrowed(reference);
    for _ in 0..4 {
        let inner = reference.strip_prefix("patch:").or_else(|| {
            reference
                .strip_prefix("virtual:")
                .and_then(|rest| rest.split_once('#'))
                .map(|(_, rest)| rest)
        });
        let Some(inner) = inner else { break };
        let inner = inner.split('#').next().unwrap_or(inner);
        let inner = inner
            .replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%23", "#")
            .replace("%40", "@");
        let rest = npm::split_name(&inner)
            .map_or(inner.as_str(), |(_, rest)| rest)
            .to_owned();
        reference = Cow::Owned(rest);
    }
    if reference.starts_with("npm:") {
        Origin::Registry
    } else {
        npm::origin(&reference)
    }
}
