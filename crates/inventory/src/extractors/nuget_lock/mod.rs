//! `packages.lock.json`, versions 1 and 2:
//! <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies>.
//!
//! One table of packages a target framework, and one for each runtime of it (`net8.0/linux-x64`) that holds
//! only what differs. A package that stands in several is one component.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::Node;

use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `packages.lock.json`.
pub(super) struct NugetLock;

static ABOUT: About = About {
    id: "nuget/packages-lock",
    title: "packages.lock.json, versions 1 and 2",
    files: &["packages.lock.json", "packages.*.lock.json"],
    ecosystem: Some(Ecosystem::NuGet),
    specification: "https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files",
    capabilities: Capabilities {
        edges: true,
        scopes: false,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for NugetLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.json(found);
        let frameworks = root.at(&["dependencies"]);
        if !frameworks.is_object() && !frameworks.is_null() {
            found.problem(
                ProblemKind::Unreadable,
                frameworks.line,
                format!("dependencies is {}, not an object", frameworks.kind()),
            );
        }
        // Names are compared without case, and edges found within the framework or the one it refines.
        let mut tables: HashMap<&str, HashMap<String, Handle>> = HashMap::new();
        let mut packages: Vec<(&str, &Node<'_>, Handle)> = Vec::new();
        for framework in frameworks.members() {
            let table = tables.entry(&framework.key).or_default();
            if !framework.value.is_object() {
                found.problem(
                    ProblemKind::Unreadable,
                    framework.line,
                    format!(
                        "{} is {}, not an object",
                        framework.key,
                        framework.value.kind()
                    ),
                );
            }
            for member in framework.value.members() {
                let package = package(&member.key, &member.value, member.line, found);
                let handle = found.add(package);
                table.insert(member.key.to_ascii_lowercase(), handle);
                packages.push((&framework.key, &member.value, handle));
            }
        }
        for (framework, node, from) in packages {
            let base = framework.split_once('/').map(|(base, _)| base);
            for needed in node.at(&["dependencies"]).members() {
                let name = needed.key.to_ascii_lowercase();
                let of = |framework: &str| {
                    tables
                        .get(framework)
                        .and_then(|table| table.get(&name))
                        .copied()
                };
                if let Some(to) = of(framework).or_else(|| base.and_then(of)) {
                    found.depend(from, to);
                } else {
                    let reason = format!(
                        "{} needs {}, which is not in the lockfile",
                        found.package(from).name,
                        needed.key
                    );
                    found.problem(ProblemKind::Unresolved, needed.line, reason);
                }
            }
        }
    }
}

fn package(name: &str, node: &Node<'_>, line: u32, found: &mut Found) -> Package {
    let kind = node.str("type").unwrap_or_default();
    let version = node
        .get("resolved")
        .and_then(Node::text)
        .unwrap_or_default();
    let package = Package::new(Ecosystem::NuGet, name, version)
        .line(line)
        .scope(Scope::Runtime);
    if kind.eq_ignore_ascii_case("Project") {
        return package.origin(Origin::Own);
    }
    if version.is_empty() {
        found.problem(
            ProblemKind::Unresolved,
            line,
            format!("{name} has no version"),
        );
    }
    if !["Direct", "Transitive", "CentralTransitive"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
    {
        found.problem(
            ProblemKind::Odd,
            line,
            format!("{name} is of the unknown type {kind:?}"),
        );
    }
    let package = match node.str("contentHash") {
        Some(hash) => package.integrity(&format!("sha512-{hash}")),
        None => package,
    };
    package.direct(kind.eq_ignore_ascii_case("Direct"))
}
