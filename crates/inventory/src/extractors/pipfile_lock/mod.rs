//! `Pipfile.lock`, pipfile-spec 6: <https://pipenv.pypa.io/en/latest/pipfile.html> and
//! <https://github.com/pypa/pipfile>.
//!
//! The lock has no edges and does not say what the project asks for itself: that comes from the `Pipfile` beside
//! it. Besides `default` and `develop` there may be categories of any name.

use std::collections::HashSet;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Member, Node, toml};

use super::python::{self, Registries, key, pin, scope_word};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Package};

/// Reads `Pipfile.lock`.
pub(super) struct PipfileLock;

static ABOUT: About = About {
    id: "pypi/pipfile-lock",
    title: "Pipfile.lock, pipfile-spec 6",
    files: &["Pipfile.lock"],
    ecosystem: Some(Ecosystem::PyPi),
    specification: "https://pipenv.pypa.io/en/latest/pipfile.html",
    capabilities: Capabilities {
        edges: false,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for PipfileLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.json(found);
        if !root.is_object() && !root.is_null() {
            found.problem(
                ProblemKind::Unreadable,
                root.line,
                format!("{} where the lock is expected", root.kind()),
            );
        }
        let mut registries = Registries::default();
        for source in root.at(&["_meta", "sources"]).items() {
            if let Some(url) = source.str("url") {
                registries.tell(url, source.line, found);
            }
        }
        let asked = asked(input, found);
        for category in root.members().iter().filter(|member| member.key != "_meta") {
            let scope = match category.key.as_ref() {
                "default" => Scope::Runtime,
                "develop" => Scope::Dev,
                other => scope_word(other).unwrap_or(Scope::Optional),
            };
            if !category.value.is_object() {
                let reason = format!(
                    "{} where the packages of {} are expected",
                    category.value.kind(),
                    category.key
                );
                found.problem(ProblemKind::Unreadable, category.line, reason);
            }
            for member in category.value.members() {
                let Some(mut package) = package(member, found) else {
                    continue;
                };
                package = package.scope(scope).line(member.line);
                if let Some(asked) = asked.as_ref().filter(|_| package.origin != Origin::Own) {
                    package = package.direct(asked.contains(&key(&member.key)));
                }
                found.add(package);
            }
        }
    }
}

fn package(member: &Member<'_>, found: &mut Found) -> Option<Package> {
    let (name, entry) = (&member.key, &member.value);
    let written = match &entry.value {
        stanchion_syntax::Value::String(text) => text,
        _ => entry.str("version").unwrap_or_default(),
    };
    if !entry.is_object() && written.is_empty() || name.trim().is_empty() {
        found.problem(
            ProblemKind::Unreadable,
            member.line,
            format!("{} where the entry of {name} is expected", entry.kind()),
        );
        return None;
    }
    let version = pin(written).unwrap_or_default();
    let mut package = Package::new(Ecosystem::PyPi, name.as_ref(), version);
    for hash in entry
        .at(&["hashes"])
        .items()
        .iter()
        .filter_map(Node::as_str)
    {
        package = python::hash(package, hash);
    }
    if let Some(url) = entry.str("git") {
        package = python::from_git(package, url, entry.str("ref"));
    } else if let Some(url) = ["hg", "svn", "bzr"].iter().find_map(|kind| entry.str(kind)) {
        package = python::from_url(package, url);
    } else if entry.get("path").is_some() {
        package = package.origin(Origin::Own);
    } else if let Some(file) = entry.str("file").or_else(|| entry.str("uri")) {
        let remote = file.contains("://") && !file.starts_with("file:");
        package = if remote {
            python::from_url(package, file)
        } else {
            package.origin(Origin::Own)
        };
    }
    if version.is_empty() && package.origin != Origin::Own {
        let said = if written.is_empty() {
            String::new()
        } else {
            format!(" ({written})")
        };
        let reason = format!("{name} is not pinned{said}, so it is not matched");
        found.problem(ProblemKind::Unresolved, member.line, reason);
    }
    Some(package)
}

/// The names in the `Pipfile` beside the lock.
fn asked(input: &Input<'_>, found: &mut Found) -> Option<HashSet<String>> {
    let sibling = match input.sibling("Pipfile") {
        Ok(sibling) => sibling?,
        Err(reason) => {
            found.problem(ProblemKind::Unreadable, 0, reason);
            return None;
        }
    };
    found.also_read(&sibling.path);
    let document = toml::parse(&sibling.text, &input.limits);
    if let Some(error) = document.error {
        found.problem_in(
            &sibling.path,
            ProblemKind::Unreadable,
            error.line,
            error.message,
        );
    }
    let tables = document.root.members().iter();
    let tables = tables.filter(|table| {
        !matches!(
            table.key.as_ref(),
            "source" | "requires" | "scripts" | "pipenv" | "pipfile"
        )
    });
    Some(
        tables
            .flat_map(|table| table.value.members())
            .map(|member| key(&member.key))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn categories_sources_and_what_the_pipfile_asks_for() {
        check(Case {
            folder: "pipfile_lock/testdata/app",
            file: "Pipfile.lock",
            want: &[
                "PyPI Django 4.2 runtime direct:yes :19 needs: sha256 sha256",
                "PyPI asgiref 3.7.0 runtime direct:no :27 needs:",
                "PyPI fork ? runtime direct:yes :31 needs: git:https://github.com/example/fork.git@0123456789abcdef0123456789abcdef01234567",
                "PyPI mine ? runtime own :35 needs:",
                "PyPI wheel-from-web ? runtime direct:no :39 needs: url:https://example.com/w.whl",
                "PyPI loose ? runtime direct:no :42 needs:",
                "PyPI pytest 7.4.0 dev direct:yes :48 needs:",
                "PyPI sphinx 7.0.0 dev direct:no :54 needs:",
            ],
            problems: &[
                "Pipfile.lock:31 fork is not pinned",
                "Pipfile.lock:39 wheel-from-web is not pinned",
                "Pipfile.lock:42 loose is not pinned (*)",
                "Pipfile.lock:45 a number where the entry of broken is expected",
            ],
        });
    }

    #[test]
    fn nothing_panics() {
        never_panics("pipfile_lock/testdata/app/Pipfile.lock");
    }
}
