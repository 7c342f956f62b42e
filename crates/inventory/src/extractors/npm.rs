//! What the lockfiles of npm, Yarn, pnpm and Bun have in common: where a package's code comes from, what a
//! `package.json` asks for, and node's way of finding a module.

use std::collections::HashMap;

use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::{Node, json};
use stanchion_tree::join;

use super::python::redacted;
use crate::extract::Input;
use crate::found::{Found, Package};

/// The tables of a `package.json` that ask for packages, and why. A peer is installed and runs.
pub(super) const ASKS: [(&str, Scope); 4] = [
    ("dependencies", Scope::Runtime),
    ("peerDependencies", Scope::Runtime),
    ("optionalDependencies", Scope::Optional),
    ("devDependencies", Scope::Dev),
];

/// Most folders that workspace patterns may name.
const FOLDERS: usize = 10_000;

/// Splits `name@rest`, where the name may start with a scope's `@`.
pub(super) fn split_name(text: &str) -> Option<(&str, &str)> {
    let from = usize::from(text.starts_with('@'));
    let at = text[from..].find('@')? + from;
    (at > 0).then(|| (&text[..at], &text[at + 1..]))
}

/// The name and range behind an alias `npm:name@range`; `None` for a plain range, also `npm:^1`.
pub(super) fn alias(range: &str) -> Option<(&str, &str)> {
    let target = range.strip_prefix("npm:")?;
    if let Some((name, range)) = split_name(target) {
        return Some((name, range));
    }
    // `npm:name` without a range; a tag such as `npm:latest` looks the same and is not written by tools.
    target.contains('/').then_some((target, ""))
}

/// The registry that a lockfile resolved a package from, told once a file: the host and the path before the package.
pub(super) fn registry(resolved: &str, name: &str, line: u32, found: &mut Found) {
    let Some((scheme, rest)) = resolved
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].contains(scheme))
    else {
        return;
    };
    let path = rest
        .find("/-/")
        .and_then(|at| rest[..at].strip_suffix(name)?.strip_suffix('/'));
    let host = path.unwrap_or_else(|| rest.split('/').next().unwrap_or_default());
    let host = host.rsplit('@').next().unwrap_or_default();
    found.fact_once("registry", [scheme, "://", host], line);
}

/// Where the code comes from, by an address or specifier as lockfiles write it. A plain version, range or tag
/// and the registries' own archives are the registry.
pub(super) fn origin(text: &str) -> Origin {
    let (address, fragment) = text
        .split_once('#')
        .map_or((text, ""), |(address, fragment)| (address, fragment));
    let git = |url: &str| Origin::Git {
        url: url.to_owned(),
        commit: commit(fragment),
    };
    if let Some(url) = address.strip_prefix("git+") {
        return git(url);
    }
    if ["git:", "ssh:", "git@"]
        .iter()
        .any(|start| address.starts_with(start))
    {
        return git(address);
    }
    for (short, host) in [
        ("github:", "https://github.com/"),
        ("gitlab:", "https://gitlab.com/"),
        ("bitbucket:", "https://bitbucket.org/"),
        ("gist:", "https://gist.github.com/"),
    ] {
        if let Some(path) = address.strip_prefix(short) {
            return git(&format!("{host}{path}"));
        }
    }
    if [
        "file:",
        "link:",
        "portal:",
        "workspace:",
        "exec:",
        "./",
        "../",
        "/",
    ]
    .iter()
    .any(|start| address.starts_with(start))
    {
        return Origin::Own;
    }
    let Some(rest) = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))
    else {
        return Origin::Registry;
    };
    if address.strip_suffix(".git").is_some() {
        return git(address);
    }
    hosted(rest).unwrap_or_else(|| {
        if registry_archive(rest) {
            Origin::Registry
        } else {
            Origin::Url(address.to_owned())
        }
    })
}

/// An archive that a forge makes of a commit: that is git, fetched another way.
fn hosted(address: &str) -> Option<Origin> {
    let git = |url: String, commit: &str| Origin::Git {
        url,
        commit: (!commit.is_empty()).then(|| commit.to_owned()),
    };
    let mut parts = address.split(['/', '?']);
    let host = parts.next()?;
    match host {
        // codeload.github.com/OWNER/REPO/tar.gz/REF
        "codeload.github.com" => {
            let (owner, name, _, commit) =
                (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            Some(git(format!("https://github.com/{owner}/{name}"), commit))
        }
        // api.github.com/repos/OWNER/REPO/tarball/REF
        "api.github.com" => {
            let (_, owner, name, _, commit) = (
                parts.next()?,
                parts.next()?,
                parts.next()?,
                parts.next()?,
                parts.next()?,
            );
            Some(git(format!("https://github.com/{owner}/{name}"), commit))
        }
        // gitlab.com/api/v4/projects/OWNER%2FREPO/repository/archive.tar.gz?ref=REF
        "gitlab.com" => {
            let (project, reference) = address
                .strip_prefix("gitlab.com/api/v4/projects/")?
                .split_once("/repository/archive.tar.gz?ref=")?;
            Some(git(
                format!(
                    "https://gitlab.com/{}",
                    project.replace("%2F", "/").replace("%2f", "/")
                ),
                reference,
            ))
        }
        // bitbucket.org/OWNER/REPO/get/REF.tar.gz
        "bitbucket.org" => {
            let (owner, name, get, archive) =
                (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            (get == "get").then(|| {
                git(
                    format!("https://bitbucket.org/{owner}/{name}"),
                    archive.trim_end_matches(".tar.gz"),
                )
            })
        }
        _ => None,
    }
}

/// Whether an address (without scheme) is an archive as npm registries and their mirrors name them:
/// `…/name/-/name-1.0.0.tgz`, `…/name/download/name-1.0.0.tgz`, `…/name/name-1.0.0.tgz`.
fn registry_archive(address: &str) -> bool {
    let address = address.split('?').next().unwrap_or(address);
    if address.starts_with("npm.pkg.github.com/") {
        return true;
    }
    // GitLab has `/-/archive/` in its addresses of plain archives.
    if let Some((_, file)) = address.rsplit_once("/-/") {
        return !file.starts_with("archive/");
    }
    let mut parts = address.rsplit('/');
    let (Some(file), Some(mut folder)) = (parts.next(), parts.next()) else {
        return false;
    };
    if folder == "download" {
        folder = parts.next().unwrap_or_default();
    }
    let version = file
        .strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix('-'));
    let version = version.and_then(|version| version.strip_suffix(".tgz"));
    !folder.is_empty()
        && version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// The commit in a fragment: `0123abc`, `commit=0123abc`, `workspace=x&commit=0123abc`.
fn commit(fragment: &str) -> Option<String> {
    let named = fragment
        .split(['&', ':'])
        .find_map(|part| part.strip_prefix("commit="));
    let commit = named.unwrap_or(fragment);
    (commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| commit.to_owned())
}

/// The licences of a `license` field: an expression, an old `{type}` object, or a list of either.
pub(super) fn licences(mut package: Package, node: Option<&Node<'_>>) -> Package {
    let Some(node) = node else { return package };
    let word = |node: &Node<'_>| {
        node.as_str()
            .or_else(|| node.str("type"))
            .map(str::to_owned)
    };
    for licence in std::iter::once(node).chain(node.items()).filter_map(word) {
        package = package.licence(licence);
    }
    package
}

/// What a `package.json` asks for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) name: String,
    /// As written.
    pub(super) range: String,
    pub(super) scope: Scope,
    /// Whether a lockfile has to have it: not so for peers and optional packages, and what is in the project.
    pub(super) must: bool,
}

impl Ask {
    /// Notes that a lockfile is without it: it is not pinned, and will not be matched.
    pub(super) fn missing(&self, manifest: &str, found: &mut Found) {
        let reason = format!(
            "it asks for {}@{}, which is not in the lockfile beside it",
            self.name,
            redacted(&self.range)
        );
        found.problem_in(manifest, ProblemKind::Unresolved, 0, reason);
    }
}

/// What a `package.json` says, as far as a lockfile's reader needs it.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// Relative to the target.
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    /// A name that stands in several tables is there several times.
    pub(super) asks: Vec<Ask>,
    /// Patterns of workspace folders.
    pub(super) workspaces: Vec<String>,
    /// `resolutions` by name: ranges that are used whatever a dependent asks for.
    pub(super) resolutions: HashMap<String, Vec<String>>,
}

/// Reads `package.json` in a folder relative to the lockfile's; `None` when there is none to read.
pub(super) fn manifest(input: &Input<'_>, folder: &str, found: &mut Found) -> Option<Manifest> {
    let relative = if folder.is_empty() || folder == "." {
        "package.json".to_owned()
    } else {
        format!("{folder}/package.json")
    };
    let sibling = input.sibling(&relative).ok()??;
    let root = json::parse(&sibling.text, &input.limits).root;
    if !root.is_object() {
        return None;
    }
    found.also_read(&sibling.path);
    let owned = |key: &str| root.str(key).map(str::to_owned);
    let mut manifest = Manifest {
        path: sibling.path.clone(),
        name: owned("name"),
        version: owned("version"),
        ..Manifest::default()
    };
    for (table, scope) in ASKS {
        for member in root.at(&[table]).members() {
            let range = member.value.as_str().unwrap_or_default();
            let foreign = !["workspace:", "link:", "portal:"]
                .iter()
                .any(|start| range.starts_with(start));
            let must = foreign && matches!(table, "dependencies" | "devDependencies");
            manifest.asks.push(Ask {
                name: member.key.to_string(),
                range: range.to_owned(),
                scope,
                must,
            });
        }
    }
    let workspaces = root.at(&["workspaces"]);
    for pattern in workspaces
        .items()
        .iter()
        .chain(workspaces.at(&["packages"]).items())
    {
        manifest
            .workspaces
            .extend(pattern.as_str().map(str::to_owned));
    }
    for member in root.at(&["resolutions"]).members() {
        // `name`, `name@range`, `parent/name`, `**/name`.
        let last = member.key.rfind('/').map_or(0, |at| at + 1);
        let scope = member.key[..last]
            .trim_end_matches('/')
            .rfind('/')
            .map_or(0, |at| at + 1);
        let from = if member.key[scope..].starts_with('@') {
            scope
        } else {
            last
        };
        let name = split_name(&member.key[from..]).map_or(&member.key[from..], |(name, _)| name);
        let range = member.value.as_str().unwrap_or_default().to_owned();
        manifest
            .resolutions
            .entry(name.to_owned())
            .or_default()
            .push(range);
    }
    Some(manifest)
}

/// The manifests of the workspaces that patterns name: `packages/a`, `packages/*`, `packages/**`.
pub(super) fn workspaces(
    input: &Input<'_>,
    patterns: &[String],
    found: &mut Found,
) -> Vec<Manifest> {
    let mut folders: Vec<String> = Vec::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        if pattern.starts_with('!') {
            continue;
        }
        let mut now = vec![String::new()];
        for part in pattern.split('/') {
            let mut next = Vec::new();
            for folder in now.drain(..) {
                if part.contains('*') {
                    below(input, &folder, part, &mut next);
                } else {
                    next.push(if folder.is_empty() {
                        part.to_owned()
                    } else {
                        format!("{folder}/{part}")
                    });
                }
                if next.len() > FOLDERS {
                    break;
                }
            }
            now = next;
        }
        folders.append(&mut now);
    }
    folders.sort_unstable();
    folders.dedup();
    folders.truncate(FOLDERS);
    folders
        .iter()
        .filter_map(|folder| manifest(input, folder, found))
        .collect()
}

/// The folders in a folder whose name fits, for `**` those at any depth and the folder itself.
fn below(input: &Input<'_>, folder: &str, pattern: &str, out: &mut Vec<String>) {
    let deep = pattern == "**";
    let mut stack = vec![folder.to_owned()];
    if deep {
        out.push(folder.to_owned());
    }
    while let Some(folder) = stack.pop() {
        if out.len() > FOLDERS {
            return;
        }
        let Some(path) = join(input.folder(), &folder) else {
            continue;
        };
        for name in input.tree.folders(&path).unwrap_or_default() {
            if name == "node_modules"
                || name.starts_with('.')
                || !crate::extract::matches(pattern, &name)
            {
                continue;
            }
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if deep {
                stack.push(path.clone());
            }
            out.push(path);
        }
    }
}

/// Packages by the folder that holds them and their name there, searched outwards as node does.
#[derive(Debug, Default)]
pub(super) struct Nest<'a> {
    folders: HashMap<&'a str, u32>,
    packages: HashMap<(u32, &'a str), u32>,
}

impl<'a> Nest<'a> {
    /// Puts a package into a folder.
    pub(super) fn put(&mut self, folder: &'a str, name: &'a str, package: u32) {
        let next = self.folders.len() as u32;
        let folder = *self.folders.entry(folder).or_insert(next);
        self.packages.insert((folder, name), package);
    }

    /// The known ones among folders, in the same order; at most a few hundred are looked at.
    pub(super) fn known<'s>(&self, folders: impl Iterator<Item = &'s str>) -> Vec<u32> {
        folders
            .take(256)
            .filter_map(|folder| self.folders.get(folder).copied())
            .collect()
    }

    /// The first package of that name in these folders.
    pub(super) fn find(&self, folders: &[u32], name: &str) -> Option<u32> {
        folders
            .iter()
            .find_map(|&folder| self.packages.get(&(folder, name)).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_tell_where_code_comes_from() {
        let git = |url: &str, commit: Option<&str>| Origin::Git {
            url: url.into(),
            commit: commit.map(str::to_owned),
        };
        let url = |url: &str| Origin::Url(url.into());
        for (text, want) in [
            ("1.2.3", Origin::Registry),
            ("^1.0.0 || latest", Origin::Registry),
            (
                "https://registry.npmjs.org/a/-/a-1.0.0.tgz",
                Origin::Registry,
            ),
            (
                "https://npm.example.com/repository/group/@s/a/-/a-1.0.0.tgz#0123",
                Origin::Registry,
            ),
            (
                "https://npm.pkg.github.com/download/@s/a/1.0.0/0123",
                Origin::Registry,
            ),
            (
                "https://r.cnpmjs.org/a/download/a-1.0.0.tgz?cache=0",
                Origin::Registry,
            ),
            (
                "https://files.example.com/npm/a/a-1.0.0.tgz",
                Origin::Registry,
            ),
            (
                "https://cdn.sheetjs.com/xlsx-0.20.3/xlsx-0.20.3.tgz",
                url("https://cdn.sheetjs.com/xlsx-0.20.3/xlsx-0.20.3.tgz"),
            ),
            (
                "https://gitlab.com/o/r/-/archive/v1/r-v1.tar.gz",
                url("https://gitlab.com/o/r/-/archive/v1/r-v1.tar.gz"),
            ),
            (
                "https://github.com/o/a/releases/download/v1.0.0/a-1.0.0.tgz",
                url("https://github.com/o/a/releases/download/v1.0.0/a-1.0.0.tgz"),
            ),
            (
                "git+ssh://git@github.com/o/r.git#0123456789",
                git("ssh://git@github.com/o/r.git", Some("0123456789")),
            ),
            (
                "https://github.com/o/r.git#commit=0123456789",
                git("https://github.com/o/r.git", Some("0123456789")),
            ),
            (
                "git@github.com:o/r.git#v1.0",
                git("git@github.com:o/r.git", None),
            ),
            (
                "github:o/r#0123456",
                git("https://github.com/o/r", Some("0123456")),
            ),
            (
                "https://codeload.github.com/o/r/tar.gz/0123456",
                git("https://github.com/o/r", Some("0123456")),
            ),
            (
                "https://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?ref=0123456",
                git("https://gitlab.com/o/r", Some("0123456")),
            ),
            (
                "https://bitbucket.org/o/r/get/0123456.tar.gz",
                git("https://bitbucket.org/o/r", Some("0123456")),
            ),
            ("file:../a", Origin::Own),
        ] {
            assert_eq!(origin(text), want, "{text}");
        }
    }

    #[test]
    fn names_are_split_from_ranges() {
        assert_eq!(split_name("@a/b@^1"), Some(("@a/b", "^1")));
        assert_eq!(split_name("a@npm:b@1"), Some(("a", "npm:b@1")));
        assert_eq!(split_name("@a/b"), None);
        assert_eq!(split_name("@"), None);
        assert_eq!(alias("npm:@a/b@^1"), Some(("@a/b", "^1")));
        assert_eq!(alias("npm:^1.0.0"), None);
        assert_eq!(alias("^1.0.0"), None);
    }

    #[test]
    fn names_of_commits() {
        assert_eq!(
            commit("workspace=a&commit=0123456789"),
            Some("0123456789".into())
        );
        assert_eq!(commit("semver:^1"), None);
    }
}
