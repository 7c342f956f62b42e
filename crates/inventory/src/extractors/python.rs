//! What Python's files have in common: requirement strings
//! ([dependency specifiers](https://packaging.python.org/en/latest/specifications/dependency-specifiers/)), hashes,
//! addresses, and what a `pyproject.toml` asks for
//! ([`[project]`](https://packaging.python.org/en/latest/specifications/pyproject-toml/),
//! [dependency groups](https://packaging.python.org/en/latest/specifications/dependency-groups/), Poetry, PDM, uv).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Node, toml};
use stanchion_versions::Scheme;

use crate::extract::Input;
use crate::found::{Found, Handle, Package};

/// A requirement string in parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requirement<'a> {
    pub(super) name: &'a str,
    /// What stands between the brackets.
    pub(super) extras: &'a str,
    /// Clauses such as `>=1,<2`; empty when anything will do.
    pub(super) specifier: &'a str,
    /// Behind `@`.
    pub(super) url: Option<&'a str>,
    /// Behind `;`.
    pub(super) marker: &'a str,
}

/// The name under which two spellings are the same package.
pub(super) fn key(name: &str) -> String {
    Ecosystem::PyPi.lookup_name(name).into_owned()
}

/// Reads `name[extra] >=1,<2 ; marker` or `name @ address ; marker`; `None` for anything else.
pub(super) fn requirement(text: &str) -> Option<Requirement<'_>> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .unwrap_or(text.len());
    let name = &text[..end];
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !edge(name.bytes().next()) || !edge(name.bytes().last()) {
        return None;
    }
    let mut rest = text[end..].trim_start();
    let mut extras = "";
    if let Some(inner) = rest.strip_prefix('[') {
        (extras, rest) = inner.split_once(']')?;
        rest = rest.trim_start();
    }
    if let Some(address) = rest.strip_prefix('@') {
        // A marker behind an address must be set off by a space.
        let (url, marker) = match address.find(" ;") {
            Some(at) => (&address[..at], &address[at + 2..]),
            None => (address, ""),
        };
        let url = url.trim();
        return (!url.is_empty()).then_some(Requirement {
            name,
            extras,
            specifier: "",
            url: Some(url),
            marker: marker.trim(),
        });
    }
    let (specifier, marker) = rest.split_once(';').unwrap_or((rest, ""));
    let mut specifier = specifier.trim();
    if let Some(inner) = specifier.strip_prefix('(') {
        specifier = inner.strip_suffix(')')?.trim();
    }
    let good = specifier.is_empty() || specifier.starts_with(['=', '<', '>', '!', '~']);
    let single = specifier.starts_with('=') && !specifier.starts_with("==");
    (good && !single).then_some(Requirement {
        name,
        extras,
        specifier,
        url: None,
        marker: marker.trim(),
    })
}

/// The one version that a specifier allows: `==1.2` or `===1.2`, not `==1.*`.
pub(super) fn pin(specifier: &str) -> Option<&str> {
    let mut pinned = None;
    for clause in specifier.split(',') {
        let Some(version) = clause.trim().strip_prefix("==") else {
            continue;
        };
        let version = version.strip_prefix('=').unwrap_or(version).trim();
        let plain = !version.is_empty() && !version.contains(['*', '$', ' ', '{', '=']);
        if !plain || pinned.is_some_and(|known| known != version) {
            return None;
        }
        pinned = Some(version);
    }
    pinned
}

/// What the name of a group, an extra or a file says about why its packages are there.
pub(super) fn scope_word(name: &str) -> Option<Scope> {
    let mut scope = None;
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let word = word.to_ascii_lowercase();
        let said = match word.as_str() {
            "test" | "tests" | "testing" | "pytest" | "unittest" | "unittests" => Scope::Test,
            "dev" | "develop" | "development" | "devel" | "doc" | "docs" | "documentation"
            | "lint" | "linting" | "linters" | "typing" | "types" | "mypy" | "style" | "local"
            | "ci" => Scope::Dev,
            "build" => Scope::Build,
            _ => continue,
        };
        // `test-dev` is for development as a whole.
        scope = Some(scope.map_or(said, |known: Scope| known.max(said)));
    }
    scope
}

/// Adds hashes written `sha256:hex`.
pub(super) fn hash(package: Package, text: &str) -> Package {
    match text.split_once(':') {
        Some((algorithm, hex)) => package.hash(algorithm, hex),
        None => package,
    }
}

/// An address without a user's name and password.
pub(super) fn redacted(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Cow::Borrowed(address);
    };
    let host = rest.find('/').unwrap_or(rest.len());
    match rest[..host].rfind('@') {
        Some(at) if rest[..at].contains(':') || !scheme.contains("ssh") => {
            Cow::Owned(format!("{scheme}://{}", &rest[at + 1..]))
        }
        _ => Cow::Borrowed(address),
    }
}

/// Whether a revision names a commit.
pub(super) fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Marks a package as coming from a git repository, at a revision (which is a commit or is not known to be one).
pub(super) fn from_git(package: Package, url: &str, revision: Option<&str>) -> Package {
    let url = redacted(url.strip_prefix("git+").unwrap_or(url)).into_owned();
    let revision = revision.filter(|revision| !revision.is_empty());
    let vcs = revision.map_or_else(
        || format!("git+{url}"),
        |revision| format!("git+{url}@{revision}"),
    );
    let commit = revision
        .filter(|revision| is_commit(revision))
        .map(str::to_owned);
    package
        .origin(Origin::Git { url, commit })
        .qualifier("vcs_url", vcs)
}

/// Marks a package as fetched from an address of its own.
pub(super) fn from_url(package: Package, url: &str) -> Package {
    let url = redacted(url).into_owned();
    package
        .origin(Origin::Url(url.clone()))
        .qualifier("download_url", url)
}

/// Whether an address is that of the public index, which is no news.
pub(super) fn is_pypi(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    matches!(
        host,
        "pypi.org" | "pypi.python.org" | "files.pythonhosted.org" | ""
    )
}

/// Tells each registry that is not the public index, once.
#[derive(Default)]
pub(super) struct Registries<'a>(HashSet<&'a str>);

impl<'a> Registries<'a> {
    pub(super) fn tell(&mut self, address: &'a str, line: u32, found: &mut Found) {
        if !is_pypi(address) && self.0.insert(address) {
            found.fact("registry", redacted(address), line);
        }
    }
}

/// What a project asks for itself.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// By name (as [`key`] writes it), for the strongest reason.
    pub(super) names: HashMap<String, Scope>,
    /// Extras asked for, by name.
    pub(super) extras: HashMap<String, HashSet<String>>,
    /// Names of groups and extras, and whether they are extras of the published package.
    pub(super) groups: HashMap<String, bool>,
}

impl Asked {
    fn add(&mut self, name: &str, scope: Scope) {
        self.names
            .entry(key(name))
            .and_modify(|known| *known = scope.min(*known))
            .or_insert(scope);
    }

    fn add_text(&mut self, text: &str, scope: Scope) {
        let Some(asked) = requirement(text) else {
            return;
        };
        self.add(asked.name, scope);
        for extra in asked
            .extras
            .split(',')
            .map(str::trim)
            .filter(|extra| !extra.is_empty())
        {
            self.extras
                .entry(key(asked.name))
                .or_default()
                .insert(key(extra));
        }
    }

    fn add_list(&mut self, list: &Node<'_>, scope: Scope) {
        for item in list.items() {
            // A table includes another group, whose own list is read by itself.
            if let Some(text) = item.as_str() {
                self.add_text(text, scope);
            }
        }
    }

    /// Poetry's tables: name to constraint, or to a table or a list of tables.
    fn add_poetry(&mut self, table: &Node<'_>, scope: Scope) {
        for member in table.members() {
            if member.key == "python" {
                continue;
            }
            let optional = member.value.flag("optional");
            self.add(
                &member.key,
                if optional {
                    scope.max(Scope::Optional)
                } else {
                    scope
                },
            );
            let several = member
                .value
                .items()
                .iter()
                .chain(std::iter::once(&member.value));
            for extra in several
                .flat_map(|value| value.at(&["extras"]).items())
                .filter_map(Node::as_str)
            {
                self.extras
                    .entry(key(&member.key))
                    .or_default()
                    .insert(key(extra));
            }
        }
    }

    /// Marks what is asked for as direct and the rest as not.
    pub(super) fn mark(&self, packages: &[(Handle, &str)], found: &mut Found) {
        for &(handle, name) in packages {
            match self.names.get(&key(name)) {
                Some(&scope) => found.declare(handle, scope),
                None if found.package(handle).origin != Origin::Own => {
                    found.package(handle).direct = Some(false);
                }
                None => {}
            }
        }
    }
}

/// Reads the `pyproject.toml` beside the lock, if it is there.
pub(super) fn pyproject(input: &Input<'_>, found: &mut Found) -> Option<Asked> {
    let sibling = match input.sibling("pyproject.toml") {
        Ok(sibling) => sibling?,
        Err(reason) => {
            found.problem(ProblemKind::Unreadable, 0, reason);
            return None;
        }
    };
    found.also_read(&sibling.path);
    let document = toml::parse(&sibling.text, &input.limits);
    if let Some(error) = &document.error {
        found.problem_in(
            &sibling.path,
            ProblemKind::Unreadable,
            error.line,
            error.message.clone(),
        );
    }
    let root = &document.root;
    let (project, poetry) = (root.at(&["project"]), root.at(&["tool", "poetry"]));
    found.project(
        project.str("name").or_else(|| poetry.str("name")),
        project.str("version").or_else(|| poetry.str("version")),
    );
    let mut asked = Asked::default();
    asked.add_list(project.at(&["dependencies"]), Scope::Runtime);
    for member in project.at(&["optional-dependencies"]).members() {
        asked.groups.insert(key(&member.key), true);
        asked.add_list(
            &member.value,
            scope_word(&member.key).unwrap_or(Scope::Optional),
        );
    }
    let dev = |name: &str| scope_word(name).unwrap_or(Scope::Dev);
    let groups = [
        root.at(&["dependency-groups"]),
        root.at(&["tool", "pdm", "dev-dependencies"]),
    ];
    for member in groups.iter().flat_map(|table| table.members()) {
        asked.groups.insert(key(&member.key), false);
        asked.add_list(&member.value, dev(&member.key));
    }
    asked.add_list(root.at(&["tool", "uv", "dev-dependencies"]), Scope::Dev);
    asked.add_poetry(poetry.at(&["dependencies"]), Scope::Runtime);
    asked.add_poetry(poetry.at(&["dev-dependencies"]), Scope::Dev);
    for member in poetry.at(&["group"]).members() {
        let scope = if member.key == "main" {
            Scope::Runtime
        } else {
            dev(&member.key)
        };
        asked.groups.insert(key(&member.key), false);
        asked.add_poetry(member.value.at(&["dependencies"]), scope);
    }
    for extra in poetry.at(&["extras"]).members() {
        asked.groups.insert(key(&extra.key), true);
    }
    Some(asked)
}

/// Without a `pyproject.toml`: what nothing in the lock needs must have been asked for by the project; of the
/// rest nothing is known.
pub(super) fn mark_roots(packages: &[(Handle, &str)], needed: &HashSet<Handle>, found: &mut Found) {
    for (handle, _) in packages {
        let package = found.package(*handle);
        if !needed.contains(handle) && package.origin != Origin::Own {
            package.direct = Some(true);
        }
    }
}

/// Most packages of one name that are looked at for one need: a lock has as many as there are sorts of machines.
pub(super) const ALIKE: usize = 64;

/// The packages of a lock by name.
#[derive(Default)]
pub(super) struct Names<'a> {
    by_name: HashMap<String, Vec<(&'a str, Handle)>>,
}

impl<'a> Names<'a> {
    pub(super) fn add(&mut self, name: &str, version: &'a str, handle: Handle) {
        self.by_name
            .entry(key(name))
            .or_default()
            .push((version, handle));
    }

    /// The packages of this name that a constraint allows; all of them where it allows none or is not understood.
    pub(super) fn allowed(&self, name: &str, constraint: &str) -> impl Iterator<Item = Handle> {
        let known = self.by_name.get(&key(name)).map_or(&[][..], Vec::as_slice);
        let known = &known[..known.len().min(ALIKE)];
        let range = if known.len() > 1 {
            Scheme::Pep440.parse_range(constraint).ok()
        } else {
            None
        };
        let range = range.filter(|range| {
            known
                .iter()
                .any(|(version, _)| range.contains_any_prerelease(version))
        });
        known
            .iter()
            .filter(move |(version, _)| {
                range
                    .as_ref()
                    .is_none_or(|range| range.contains_any_prerelease(version))
            })
            .map(|(_, handle)| *handle)
    }

    /// How many packages have this name.
    pub(super) fn count(&self, name: &str) -> usize {
        self.by_name.get(&key(name)).map_or(0, Vec::len)
    }
}

/// Tells that an entry cannot be used, naming what is missing.
pub(super) fn incomplete(node: &Node<'_>, found: &mut Found) {
    let reason = if node.is_object() {
        match node.str("name") {
            Some(name) => format!("{name} has no version"),
            None => "a package has no name".to_owned(),
        }
    } else {
        format!("{} where a package is expected", node.kind())
    };
    found.problem(ProblemKind::Unreadable, node.line, reason);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirement_strings_are_taken_apart() {
        let read =
            |text| requirement(text).map(|r| (r.name, r.extras, r.specifier, r.url, r.marker));
        for (text, want) in [
            ("a", Some(("a", "", "", None, ""))),
            (
                "A.b-c[x, y] >=1,<2 ; python_version < '3'",
                Some(("A.b-c", "x, y", ">=1,<2", None, "python_version < '3'")),
            ),
            ("a (==1.0)", Some(("a", "", "==1.0", None, ""))),
            (
                "a @ https://h/x.whl ; m",
                Some(("a", "", "", Some("https://h/x.whl"), "m")),
            ),
            ("a=1", None),
            ("see the readme", None),
            ("-a", None),
            ("", None),
            ("./a", None),
            ("a/b", None),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn only_exact_clauses_pin() {
        for (text, want) in [
            ("==1.2", Some("1.2")),
            (">=1, === 1.2+x", Some("1.2+x")),
            ("==1.*", None),
            ("==1,==2", None),
            ("==${V}", None),
            ("~=1.2", None),
            ("", None),
        ] {
            assert_eq!(pin(text), want, "{text}");
        }
    }

    #[test]
    fn secrets_in_addresses_are_left_out() {
        for (text, want) in [
            (
                "https://user:pass@h.example/simple",
                "https://h.example/simple",
            ),
            ("https://token@h.example/", "https://h.example/"),
            ("ssh://git@github.com/a/b", "ssh://git@github.com/a/b"),
            ("https://h.example/a@1", "https://h.example/a@1"),
        ] {
            assert_eq!(redacted(text), want);
        }
    }
}
