//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3:
//! <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.
//!
//! Versions 2 and 3 list every place under `packages`, the project and its workspaces among them; an edge is
//! found as node finds a module, outwards from the dependent's folder. Version 1 nests and is read in [`v1`].

mod v1;

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::Node;

use super::npm::{self, ASKS, Nest};
use super::source;
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `package-lock.json`.
pub(super) struct NpmLock;

static ABOUT: About = About {
    id: "npm/package-lock",
    title: "package-lock.json and npm-shrinkwrap.json, lockfile versions 1-3",
    files: &["package-lock.json", "npm-shrinkwrap.json"],
    ecosystem: Some(Ecosystem::Npm),
    specification: "https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: true,
    },
};

impl Extractor for NpmLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.json(found);
        // An empty table beside a filled `dependencies` is what tools of the first version make of the second.
        let empty = |packages: &Node<'_>| {
            packages.members().is_empty() && root.get("dependencies").is_some()
        };
        match root.get("packages") {
            Some(packages) if packages.is_object() && empty(packages) => {
                v1::read(&root, input, found);
            }
            Some(packages) if packages.is_object() => places(&root, packages, found),
            Some(packages) => {
                found.problem(
                    ProblemKind::Unreadable,
                    packages.line,
                    format!("packages is {}, not an object", packages.kind()),
                );
                v1::read(&root, input, found);
            }
            None if root.is_object() => v1::read(&root, input, found),
            None if root.is_null() => {}
            None => found.problem(
                ProblemKind::Unreadable,
                root.line,
                format!("the file is {}, not an object", root.kind()),
            ),
        }
    }
}

/// One entry of `packages`.
struct Place<'a> {
    path: &'a str,
    node: &'a Node<'a>,
    /// `None` for the project itself when it has no name.
    handle: Option<Handle>,
    /// The project, a workspace or a linked folder: what it asks for, the project asks for.
    own: bool,
}

fn places<'a>(root: &'a Node<'a>, packages: &'a Node<'a>, found: &mut Found) {
    let members = packages.members();
    let mut places: Vec<Place<'a>> = Vec::with_capacity(members.len());
    let mut links: Vec<(&'a str, &'a Node<'a>, u32)> = Vec::new();
    let mut nest = Nest::default();
    let has_root = members.iter().any(|member| member.key.is_empty());
    for member in members {
        let (path, node): (&str, &Node<'_>) = (&member.key, &member.value);
        if !node.is_object() {
            found.problem(
                ProblemKind::Unreadable,
                member.line,
                format!("the entry {path:?} is {}, not an object", node.kind()),
            );
        } else if node.flag("link") {
            links.push((path, node, member.line));
        } else if path.is_empty() {
            let name = node.str("name").or_else(|| root.str("name"));
            let version = node.str("version").or_else(|| root.str("version"));
            found.project(name, version);
            let handle = name.filter(|name| !name.is_empty()).map(|name| {
                let package = Package::new(Ecosystem::Npm, name, version.unwrap_or_default());
                found.add(npm::licences(
                    package.line(member.line).origin(Origin::Own),
                    node.get("license"),
                ))
            });
            places.push(Place {
                path,
                node,
                handle,
                own: true,
            });
        } else {
            let split = installed(path);
            let index = places.len() as u32;
            if let Some((folder, name)) = split {
                nest.put(folder, name, index);
            }
            let own = split.is_none();
            let package = package(path, node, member.line, own, has_root, found);
            let handle = Some(found.add(package));
            places.push(Place {
                path,
                node,
                handle,
                own,
            });
        }
    }
    link(&links, &mut places, &mut nest, found);
    for place in &places {
        edges(place, &places, &nest, found);
    }
    if has_root {
        return;
    }
    // The hidden lockfile of an installed tree has no entry for the project; of it, nothing is known.
    found.project(root.str("name"), root.str("version"));
}

/// The folder that holds `node_modules`, and the name in it; `None` outside of any `node_modules`.
fn installed(path: &str) -> Option<(&str, &str)> {
    if let Some(at) = path.rfind("/node_modules/") {
        return Some((&path[..at], &path[at + "/node_modules/".len()..]));
    }
    path.strip_prefix("node_modules/").map(|name| ("", name))
}

/// The name of a folder: its last part, with the scope before it.
fn folder_name(path: &str) -> &str {
    let last = path.rfind('/').map_or(0, |at| at + 1);
    let before = path[..last].trim_end_matches('/');
    let scope = before.rfind('/').map_or(0, |at| at + 1);
    if before[scope..].starts_with('@') {
        &path[scope..]
    } else {
        &path[last..]
    }
}

fn package(
    path: &str,
    node: &Node<'_>,
    line: u32,
    own: bool,
    has_root: bool,
    found: &mut Found,
) -> Package {
    let name = node
        .str("name")
        .unwrap_or_else(|| installed(path).map_or_else(|| folder_name(path), |(_, name)| name));
    let version = node.get("version").and_then(Node::text).unwrap_or_default();
    let resolved = node.str("resolved").unwrap_or_default();
    let origin = if own {
        Origin::Own
    } else {
        npm::origin(resolved)
    };
    if origin == Origin::Registry {
        npm::registry(resolved, name, line, found);
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
    if has_root && origin != Origin::Own {
        package = package.direct(false);
    }
    if let Some(integrity) = node.str("integrity") {
        package = package.integrity(integrity);
    }
    npm::licences(source::from(package, origin), node.get("license"))
}

/// npm marks what is needed by nothing but development or optional packages; both marks at once mean optional
/// packages of development ones. What either sort needs (`devOptional`) may reach production.
fn scope(node: &Node<'_>) -> Scope {
    if node.flag("dev") {
        Scope::Dev
    } else if node.flag("optional") || node.flag("devOptional") {
        Scope::Optional
    } else {
        Scope::Runtime
    }
}

/// Gives links the place they lead to; a link out of the project is a package of its own.
fn link<'a>(
    links: &[(&'a str, &'a Node<'a>, u32)],
    places: &mut Vec<Place<'a>>,
    nest: &mut Nest<'a>,
    found: &mut Found,
) {
    let mut by_path: HashMap<&str, u32> = places
        .iter()
        .zip(0..)
        .map(|(place, index)| (place.path, index))
        .collect();
    for &(path, node, line) in links {
        let Some((folder, name)) = installed(path) else {
            found.problem(
                ProblemKind::Odd,
                line,
                format!("{path:?} is a link outside of node_modules"),
            );
            continue;
        };
        let target = node.str("resolved").unwrap_or_default();
        let index = *by_path.entry(target).or_insert_with(|| {
            let package =
                Package::new(Ecosystem::Npm, node.str("name").unwrap_or(name), "").line(line);
            let handle = Some(found.add(package.scope(scope(node)).origin(Origin::Own)));
            places.push(Place {
                path: target,
                node,
                handle,
                own: true,
            });
            places.len() as u32 - 1
        });
        nest.put(folder, name, index);
    }
}

/// The folders in which node looks for what a package in this folder needs, innermost first.
fn outwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        if path.is_empty() {
            return None;
        }
        Some(installed(path).map_or_else(
            || path.rsplit_once('/').map_or("", |(parent, _)| parent),
            |(folder, _)| folder,
        ))
    })
}

fn edges(place: &Place<'_>, places: &[Place<'_>], nest: &Nest<'_>, found: &mut Found) {
    let folders = nest.known(outwards(place.path));
    for (table, scope) in ASKS {
        if scope == Scope::Dev && !place.own {
            continue;
        }
        let Some(table_node) = place.node.get(table) else {
            continue;
        };
        if !table_node.is_object() {
            found.problem(
                ProblemKind::Unreadable,
                table_node.line,
                format!("{table} is {}, not an object", table_node.kind()),
            );
            continue;
        }
        for asked in table_node.members() {
            let Some(target) = nest
                .find(&folders, &asked.key)
                .map(|index| &places[index as usize])
            else {
                // Peers may be left to the project, and a folder that is linked in brings no development packages.
                let must =
                    table == "dependencies" || (scope == Scope::Dev && place.path.is_empty());
                if must {
                    let who = if place.path.is_empty() {
                        "the project"
                    } else {
                        place.path
                    };
                    found.problem(
                        ProblemKind::Unresolved,
                        asked.line,
                        format!("{who} needs {}, which is not in the lockfile", asked.key),
                    );
                }
                continue;
            };
            let Some(to) = target.handle else { continue };
            if let Some(from) = place.handle {
                found.depend(from, to);
            }
            if place.own {
                found.declare(to, scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn version_3_with_workspaces_links_aliases_and_git() {
        check(Case {
            folder: "npm_lock/testdata/v3",
            file: "package-lock.json",
            want: &[
                "npm @scope/parser 4.0.0 runtime direct:no :49 needs: lic:Apache-2.0 git:ssh://git@github.com/scope/parser.git@0123456789abcdef0123456789abcdef01234567",
                "npm @shop/api 0.1.0 runtime own :74 needs:tester 1.0.0,tiny 2.0.0,web 3.1.0",
                "npm cart 1.2.0 runtime direct:yes :42 needs: sha1 lic:BSD-2-Clause",
                "npm gone ? runtime own :26 needs:",
                "npm lint 8.1.0 dev direct:yes :27 needs:tiny 2.0.0 sha512",
                "npm local 0.0.1 runtime own :21 needs:tiny 1.0.0",
                "npm sheet 2.0.0 runtime direct:yes :54 needs: url:https://cdn.example.com/sheet-2.0.0/sheet-2.0.0.tgz",
                "npm shop 1.0.0 runtime own :7 needs:cart 1.2.0,lint 8.1.0,local 0.0.1,sheet 2.0.0,watcher 2.0.0,web 3.1.0 lic:MIT",
                "npm tester 1.0.0 optional direct:yes :84 needs:",
                "npm tiny 1.0.0 runtime direct:yes :58 needs:",
                "npm tiny 1.0.1 runtime direct:no :73 needs:",
                "npm tiny 2.0.0 runtime direct:yes :36,80 needs:",
                "npm watcher 2.0.0 optional direct:yes :62 needs:",
                "npm web 3.1.0 runtime direct:yes :67 needs:@scope/parser 4.0.0,tiny 1.0.1,watcher 2.0.0",
            ],
            problems: &[],
        });
    }

    #[test]
    fn version_2_is_read_by_its_places() {
        check(Case {
            folder: "npm_lock/testdata/v2",
            file: "npm-shrinkwrap.json",
            want: &[
                "npm a 1.0.0 runtime direct:yes :6 needs:",
                "npm both ? runtime own :5 needs:a 1.0.0",
            ],
            problems: &[],
        });
    }

    #[test]
    fn version_1_nests_and_has_the_manifest_beside_it() {
        check(Case {
            folder: "npm_lock/testdata/v1",
            file: "package-lock.json",
            want: &[
                "npm a 1.0.0 runtime direct:yes :7 needs:b 1.5.0,c 1.0.0 sha1",
                "npm b 1.5.0 runtime direct:no :13 needs:c 1.0.0",
                "npm b 2.0.0 dev direct:yes :16 needs:",
                "npm ball ? runtime direct:yes :24 needs: url:https://example.com/ball.tgz",
                "npm c 1.0.0 optional direct:yes :17 needs:",
                "npm fork ? runtime direct:yes :18 needs: git:https://github.com/o/fork.git@0123456789abcdef0123456789abcdef01234567",
                "npm near ? runtime own :22 needs:",
                "npm real 3.0.0 runtime direct:yes :23 needs:",
            ],
            problems: &["package-lock.json:16 b needs d, which is not in the lockfile"],
        });
    }

    #[test]
    fn what_is_odd_is_told() {
        check(Case {
            folder: "npm_lock/testdata/odd",
            file: "package-lock.json",
            want: &[
                "npm a ? runtime direct:yes :5 needs:",
                "npm c 1.0.0 runtime direct:no :7 needs: lic:MIT lic:ISC",
            ],
            problems: &[
                "package-lock.json:4 devDependencies is a list, not an object",
                "package-lock.json:4 the project needs missing, which is not in the lockfile",
                "package-lock.json:5 a has no version",
                "package-lock.json:5 node_modules/a needs gone, which is not in the lockfile",
                "package-lock.json:6 the entry \"node_modules/b\" is a string, not an object",
                "package-lock.json:8 \"elsewhere\" is a link outside of node_modules",
            ],
        });
    }

    #[test]
    fn no_input_panics() {
        never_panics("npm_lock/testdata/v3/package-lock.json");
        never_panics("npm_lock/testdata/v1/package-lock.json");
    }
}
