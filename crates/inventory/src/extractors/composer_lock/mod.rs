//! `composer.lock`: <https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control>,
//! with packages as in [`composer.json`](https://getcomposer.org/doc/04-schema.md).
//!
//! Versions stay as written (`v1.2.3`, `dev-main`): that is what Packagist calls them. A package of a registry
//! has a `notification-url`; one from a repository of the project's own choice has none, and counts as git
//! where nothing says that a registry stands between.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Node, json};

use super::source;
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `composer.lock`.
pub(super) struct ComposerLock;

static ABOUT: About = About {
    id: "composer/lock",
    title: "composer.lock",
    files: &["composer.lock"],
    ecosystem: Some(Ecosystem::Packagist),
    specification: "https://getcomposer.org/doc/04-schema.md",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: true,
    },
};

/// How many providers of a virtual package an edge leads to.
const PROVIDERS: usize = 16;

impl Extractor for ComposerLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.json(found);
        if root.is_null() {
            return;
        }
        let manifest = Manifest::beside(input, found);
        let mut packages: Vec<(&Node<'_>, Handle)> = Vec::new();
        for (table, scope) in [("packages", Scope::Runtime), ("packages-dev", Scope::Dev)] {
            let list = root.at(&[table]);
            if !list.is_array() && !list.is_null() {
                found.problem(
                    ProblemKind::Unreadable,
                    list.line,
                    format!("{table} is {}, not a list", list.kind()),
                );
            }
            for node in list.items() {
                packages.extend(
                    package(node, scope, manifest.as_ref(), found).map(|handle| (node, handle)),
                );
            }
        }
        let names = Names::of(&packages);
        for &(node, from) in &packages {
            for needed in node.at(&["require"]).members() {
                let targets = names.find(&needed.key);
                for &to in targets {
                    found.depend(from, to);
                }
                let ours = || {
                    manifest.as_ref().is_some_and(|manifest| {
                        manifest.provides.contains(&needed.key.to_ascii_lowercase())
                    })
                };
                if targets.is_empty() && !is_platform(&needed.key) && !ours() {
                    let reason = format!(
                        "{} needs {}, which is not in the lockfile",
                        node.str("name").unwrap_or_default(),
                        needed.key
                    );
                    found.problem(ProblemKind::Unresolved, needed.line, reason);
                }
            }
        }
        let Some(manifest) = manifest else {
            found.unneeded_are_direct();
            return;
        };
        for (name, scope, line) in &manifest.asks {
            let targets = names.find(name);
            for &to in targets {
                found.declare(to, *scope);
            }
            if targets.is_empty() && !is_platform(name) {
                let reason = format!("it asks for {name}, which is not in the lockfile beside it");
                found.problem_in(&manifest.path, ProblemKind::Unresolved, *line, reason);
            }
        }
        for &(_, handle) in &packages {
            let package = found.package(handle);
            if package.direct.is_none() && package.origin != Origin::Own {
                package.direct = Some(false);
            }
        }
    }
}

/// PHP, its extensions and libraries, and Composer's own interfaces: they have no vendor.
fn is_platform(name: &str) -> bool {
    !name.contains('/')
}

fn package(
    node: &Node<'_>,
    scope: Scope,
    manifest: Option<&Manifest>,
    found: &mut Found,
) -> Option<Handle> {
    let Some(name) = node.str("name").filter(|name| !name.is_empty()) else {
        found.problem(
            ProblemKind::Unreadable,
            node.line,
            format!("an entry that names no package ({})", node.kind()),
        );
        return None;
    };
    let line = node.member("name").map_or(node.line, |member| member.line);
    let version = node.get("version").and_then(Node::text).unwrap_or_default();
    if version.is_empty() {
        found.problem(
            ProblemKind::Unresolved,
            line,
            format!("{name} has no version"),
        );
    }
    let mut package = Package::new(Ecosystem::Packagist, name, version)
        .line(line)
        .scope(scope);
    if let Some(sum) = node.at(&["dist"]).str("shasum") {
        package = package.hash("sha1", sum);
    }
    let licence = node.at(&["license"]);
    for text in std::iter::once(licence)
        .chain(licence.items())
        .filter_map(Node::as_str)
    {
        package = package.licence(text);
    }
    let origin = origin(node, version, manifest);
    Some(found.add(source::from(package, origin)))
}

fn origin(node: &Node<'_>, version: &str, manifest: Option<&Manifest>) -> Origin {
    let (source, dist) = (node.at(&["source"]), node.at(&["dist"]));
    if dist.str("type") == Some("path") || source.str("type") == Some("path") {
        return Origin::Own;
    }
    if node.get("notification-url").is_some() {
        return Origin::Registry;
    }
    if let Some(url) = source.str("url").filter(|url| !url.is_empty()) {
        let chosen = manifest.is_some_and(|manifest| manifest.repositories.contains(&plain(url)));
        if chosen || dist.is_null() || version.starts_with("dev-") || version.ends_with("-dev") {
            return Origin::Git {
                url: url.to_owned(),
                commit: source
                    .str("reference")
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
            };
        }
    } else if let Some(url) = dist
        .str("url")
        .filter(|url| manifest.is_some_and(|manifest| manifest.repositories.contains(&plain(url))))
    {
        return Origin::Url(url.to_owned());
    }
    Origin::Registry
}

/// An address without what two spellings of it differ in.
fn plain(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let url = url
        .strip_prefix("git@")
        .map_or_else(|| url.to_owned(), |rest| rest.replacen(':', "/", 1));
    url.trim_end_matches('/')
        .trim_end_matches(".git")
        .to_owned()
}

/// Packages by name, case aside, with what they provide or replace.
struct Names {
    real: HashMap<String, Vec<Handle>>,
    virtual_names: HashMap<String, Vec<Handle>>,
}

impl Names {
    fn of(packages: &[(&Node<'_>, Handle)]) -> Self {
        let mut names = Self {
            real: HashMap::with_capacity(packages.len()),
            virtual_names: HashMap::new(),
        };
        for &(node, handle) in packages {
            names
                .real
                .entry(node.str("name").unwrap_or_default().to_ascii_lowercase())
                .or_default()
                .push(handle);
            for table in ["provide", "replace"] {
                for member in node.at(&[table]).members() {
                    let providers = names
                        .virtual_names
                        .entry(member.key.to_ascii_lowercase())
                        .or_default();
                    if providers.len() < PROVIDERS {
                        providers.push(handle);
                    }
                }
            }
        }
        names
    }

    fn find(&self, name: &str) -> &[Handle] {
        let found = |name: &str| self.real.get(name).or_else(|| self.virtual_names.get(name));
        // Names are written small but for old packages.
        let small = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            found(&name.to_ascii_lowercase())
        } else {
            found(name)
        };
        small.map_or(&[], |handles| &handles[..handles.len().min(PROVIDERS)])
    }
}

/// The `composer.json` beside the lockfile.
#[derive(Default)]
struct Manifest {
    /// Relative to the target.
    path: String,
    asks: Vec<(String, Scope, u32)>,
    /// What the project itself stands for.
    provides: HashSet<String>,
    /// Addresses of repositories and packages that are no registry.
    repositories: HashSet<String>,
}

impl Manifest {
    fn beside(input: &Input<'_>, found: &mut Found) -> Option<Self> {
        let sibling = input.sibling("composer.json").ok()??;
        let root = json::parse(&sibling.text, &input.limits).root;
        if !root.is_object() {
            return None;
        }
        found.also_read(&sibling.path);
        found.project(root.str("name"), root.str("version"));
        let mut manifest = Self {
            path: sibling.path.clone(),
            ..Self::default()
        };
        for (table, scope) in [("require", Scope::Runtime), ("require-dev", Scope::Dev)] {
            manifest.asks.extend(
                root.at(&[table])
                    .members()
                    .iter()
                    .map(|member| (member.key.to_string(), scope, member.line)),
            );
        }
        for table in ["provide", "replace"] {
            manifest.provides.extend(
                root.at(&[table])
                    .members()
                    .iter()
                    .map(|member| member.key.to_ascii_lowercase()),
            );
        }
        let repositories = root.at(&["repositories"]);
        for repository in repositories
            .items()
            .iter()
            .chain(repositories.members().iter().map(|member| &member.value))
        {
            let package = repository.at(&["package"]);
            let urls = match repository.str("type") {
                Some("composer" | "path" | "artifact" | "pear") | None => continue,
                Some("package") => [
                    package.at(&["source"]).str("url"),
                    package.at(&["dist"]).str("url"),
                ],
                Some(_) => [repository.str("url"), None],
            };
            manifest
                .repositories
                .extend(urls.into_iter().flatten().map(plain));
        }
        Some(manifest)
    }
}
