//! `go.mod` with the `go.sum` beside it, and `go.work`: <https://go.dev/ref/mod#go-mod-file>.
//!
//! From `go 1.17` on, `go.mod` names every module that is built. Before, it names what the project asks for, and
//! the rest is taken from `go.sum`: the modules whose archive is hashed there (not only their `go.mod`), each at
//! its highest version. That is near to what Go's
//! [minimal version selection](https://go.dev/ref/mod#minimal-version-selection) builds, yet may name a module
//! that is only left over.
//!
//! The `h1:` hashes of `go.sum` are hashes of a list of the files' hashes, not of an archive: they are not told.
//!
//! The Go standard library is the component `stdlib` at the version of the `toolchain` line when that is higher,
//! else of the `go` line, as it is written: `1.21` orders as 1.21.0. That is the least version the project is
//! built with; the machine that builds it may have a later one.

mod parse;

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::text;
use stanchion_tree::join;
use stanchion_versions::Scheme;

use self::parse::{Directive, directives};
use crate::extract::{About, Capabilities, Extractor, Input, Sibling};
use crate::found::{Found, Package};

/// Reads `go.mod`, `go.sum` and `go.work`.
pub(super) struct GoMod;

static ABOUT: About = About {
    id: "golang/mod",
    title: "go.mod with go.sum, and go.work",
    files: &["go.mod", "go.sum", "go.work"],
    ecosystem: Some(Ecosystem::Go),
    specification: "https://go.dev/ref/mod#go-mod-file",
    capabilities: Capabilities {
        edges: false,
        scopes: true,
        direct: true,
        lines: true,
        hashes: false,
        licences: false,
    },
};

/// Most lines that are named as broken.
const WRONG: usize = 20;
/// What Go takes a module without a `go` line for.
const UNSTATED: &str = "1.16";

impl Extractor for GoMod {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        match input.name() {
            "go.sum" => {
                if input.tree.single().is_some() || !beside(input, "go.mod") {
                    let reason = "go.sum names more versions than are built; without reading its go.mod, which of them are is not known";
                    found.problem_with_hint(
                        ProblemKind::Unresolved,
                        0,
                        reason,
                        Some("scan go.mod, or the folder that holds it"),
                    );
                }
            }
            "go.work" => work(input, found),
            _ => module(input, found),
        }
    }
}

fn beside(input: &Input<'_>, name: &str) -> bool {
    join(input.folder(), name).is_some_and(|path| input.tree.is_file(&path))
}

/// A module and a version.
type Module<'a> = (&'a str, &'a str);

/// What a file replaces: by path and version, the version empty where any is meant.
type Replaced<'a> = HashMap<Module<'a>, Module<'a>>;

#[derive(Default)]
struct Mod<'a> {
    path: &'a str,
    go: Option<(&'a str, u32)>,
    toolchain: Option<(&'a str, u32)>,
    requires: Vec<Required<'a>>,
    replaced: Replaced<'a>,
    excluded: HashSet<Module<'a>>,
    tools: Vec<&'a str>,
}

struct Required<'a> {
    path: &'a str,
    version: &'a str,
    indirect: bool,
    line: u32,
}

fn read<'a>(all: &'a [Directive<'a>], found: &mut Found) -> Mod<'a> {
    let mut read = Mod::default();
    for directive in all {
        let words: Vec<&str> = directive.words.iter().map(AsRef::as_ref).collect();
        match (directive.verb.as_ref(), words.as_slice()) {
            ("module", [path, ..]) => read.path = path,
            ("go", [version, ..]) => read.go = Some((version, directive.line)),
            ("toolchain", [name, ..]) => read.toolchain = Some((name, directive.line)),
            ("require", [path, version]) => {
                let mut comment = directive.comment.split_ascii_whitespace();
                let indirect = matches!(comment.next(), Some("indirect" | "indirect;"));
                read.requires.push(Required {
                    path,
                    version,
                    indirect,
                    line: directive.line,
                });
            }
            ("exclude", [path, version]) => {
                read.excluded.insert((path, version));
            }
            ("replace", _) if replace(&words, &mut read.replaced) => {}
            ("tool", [package]) => read.tools.push(package),
            // About the module itself, or about building it.
            ("retract" | "godebug" | "ignore" | "use", _) => {}
            (
                verb @ ("module" | "go" | "toolchain" | "require" | "exclude" | "replace" | "tool"),
                _,
            ) => {
                found.problem(
                    ProblemKind::Unreadable,
                    directive.line,
                    format!("{verb} is not followed by what it needs"),
                );
            }
            (verb, _) => {
                let short: String = verb.chars().take(40).collect();
                found.problem(
                    ProblemKind::Odd,
                    directive.line,
                    format!("the directive {short:?} is not known"),
                );
            }
        }
    }
    read
}

/// `old [version] => new [version]`; false when it is not written so.
fn replace<'a>(words: &[&'a str], replaced: &mut Replaced<'a>) -> bool {
    let Some(arrow) = words.iter().position(|word| *word == "=>") else {
        return false;
    };
    let side = |words: &[&'a str]| match words {
        [path] => Some((*path, "")),
        [path, version] => Some((*path, *version)),
        _ => None,
    };
    let (Some(old), Some(new)) = (side(&words[..arrow]), side(&words[arrow + 1..])) else {
        return false;
    };
    replaced.insert(old, new);
    true
}

fn complain(wrong: Vec<(u32, String)>, found: &mut Found) {
    for (line, reason) in wrong.into_iter().take(WRONG) {
        found.problem(ProblemKind::Unreadable, line, reason);
    }
}

fn module(input: &Input<'_>, found: &mut Found) {
    let (all, wrong) = directives(input.text);
    complain(wrong, found);
    let work = workspace(input, found);
    let (above, _) = directives(work.as_ref().map_or("", |work| work.text.as_str()));
    let mut read = read(&all, found);
    // A workspace's replacements win over its members' own.
    for directive in above.iter().filter(|directive| directive.verb == "replace") {
        let words: Vec<&str> = directive.words.iter().map(AsRef::as_ref).collect();
        replace(&words, &mut read.replaced);
    }
    found.project(Some(read.path), None);
    stdlib(&read, found);
    let mut named: HashMap<&str, usize> = HashMap::with_capacity(read.requires.len());
    for (at, required) in read.requires.iter().enumerate() {
        let slot = named.entry(required.path).or_insert(at);
        // Named twice, the higher version is built.
        if Scheme::Go.compare(read.requires[*slot].version, required.version) == Ordering::Less {
            *slot = at;
        }
    }
    let mut used: HashSet<&str> = HashSet::with_capacity(read.requires.len());
    for (at, required) in read.requires.iter().enumerate() {
        if named.get(required.path) != Some(&at) {
            continue;
        }
        if read.excluded.contains(&(required.path, required.version)) {
            let reason = format!(
                "{} {} is required and excluded; Go takes a later version, which is not told",
                required.path, required.version
            );
            found.problem(ProblemKind::Unresolved, required.line, reason);
        }
        let (path, version) = real(required, &read.replaced);
        used.insert(required.path);
        used.insert(path);
        let tool = required.indirect
            && read
                .tools
                .iter()
                .any(|package| provides(required.path, package));
        let scope = if tool { Scope::Dev } else { Scope::Runtime };
        let package = if is_local(path) {
            Package::new(Ecosystem::Go, required.path, "").origin(Origin::Own)
        } else {
            Package::new(Ecosystem::Go, path, version).direct(!required.indirect || tool)
        };
        found.add(package.scope(scope).line(required.line));
    }
    let go = read.go.map_or(UNSTATED, |(version, _)| version);
    if Scheme::Go.compare(go, "1.17") == Ordering::Less {
        sums(input, &read, &used, found);
    } else if beside(input, "go.sum") {
        found.also_read(&join(input.folder(), "go.sum").unwrap_or_default());
    }
}

/// What is built for a requirement.
fn real<'a>(required: &Required<'a>, replaced: &Replaced<'a>) -> Module<'a> {
    let exact = replaced.get(&(required.path, required.version));
    match exact.or_else(|| replaced.get(&(required.path, ""))) {
        Some(&(path, "")) if !is_local(path) => (path, required.version),
        Some(&new) => new,
        None => (required.path, required.version),
    }
}

/// A replacement without a version is a folder; it starts so (<https://go.dev/ref/mod#go-mod-file-replace>).
fn is_local(path: &str) -> bool {
    path.starts_with("./")
        || path.starts_with("../")
        || path.starts_with('/')
        || matches!(path, "." | "..")
        || path
            .get(1..3)
            .is_some_and(|rest| matches!(rest, ":\\" | ":/"))
}

/// Whether a package lies in a module.
fn provides(module: &str, package: &str) -> bool {
    package
        .strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn stdlib(read: &Mod<'_>, found: &mut Found) {
    let toolchain = read.toolchain.and_then(|(name, line)| {
        found.fact("toolchain", name, line);
        // `go1.21.3-suffix`; `default` and `local` name no version.
        let version = name.strip_prefix("go")?.split(['-', '+']).next()?;
        version
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some((version, line))
    });
    let higher = match (toolchain, read.go) {
        (Some(toolchain), Some(go))
            if Scheme::Go.compare(toolchain.0, go.0) == Ordering::Greater =>
        {
            Some(toolchain)
        }
        (toolchain, go) => go.or(toolchain),
    };
    if let Some((version, line)) = higher {
        found.add(
            Package::new(Ecosystem::Go, "stdlib", version)
                .direct(true)
                .line(line),
        );
    }
}

/// Adds what `go.mod` does not name, from `go.sum`.
fn sums(input: &Input<'_>, read: &Mod<'_>, used: &HashSet<&str>, found: &mut Found) {
    let sibling = match input.sibling("go.sum") {
        Ok(Some(sibling)) => sibling,
        Ok(None) => {
            if !read.requires.is_empty() {
                let reason = "before go 1.17 it names only what the project asks for, and there is no go.sum: what those modules need is not known";
                found.problem_with_hint(
                    ProblemKind::Unresolved,
                    read.go.map_or(0, |(_, line)| line),
                    reason,
                    Some("run `go mod tidy` and scan again"),
                );
            }
            return;
        }
        Err(reason) => return found.problem(ProblemKind::Unreadable, 0, reason),
    };
    found.also_read(&sibling.path);
    let mut highest: HashMap<&str, (&str, u32)> = HashMap::new();
    let mut wrong = 0;
    for (line, content) in text::lines(&sibling.text) {
        let mut words = content.split_ascii_whitespace();
        let (path, version, hash) = (words.next(), words.next(), words.next());
        let Some(path) = path else { continue };
        let (Some(version), Some(_), None) = (version, hash, words.next()) else {
            wrong += 1;
            if wrong <= WRONG {
                found.problem_in(
                    &sibling.path,
                    ProblemKind::Unreadable,
                    line,
                    "a line without module, version and hash",
                );
            }
            continue;
        };
        let skip = version.ends_with("/go.mod")
            || path == read.path
            || used.contains(path)
            || read.excluded.contains(&(path, version))
            || read.replaced.contains_key(&(path, ""))
            || read.replaced.contains_key(&(path, version));
        if skip {
            continue;
        }
        let slot = highest.entry(path).or_insert((version, line));
        if Scheme::Go.compare(slot.0, version) == Ordering::Less {
            *slot = (version, line);
        }
    }
    let mut modules: Vec<_> = highest.into_iter().collect();
    modules.sort_unstable();
    for (path, (version, line)) in modules {
        found.add(
            Package::new(Ecosystem::Go, path, version)
                .direct(false)
                .line(line)
                .in_file(&sibling.path),
        );
    }
}

/// The `go.work` above that has this module as a member.
fn workspace(input: &Input<'_>, found: &mut Found) -> Option<Sibling> {
    let mut folder = input.folder();
    loop {
        if let Ok(Some(work)) = input.open(&join(folder, "go.work")?) {
            let (all, _) = directives(&work.text);
            let uses = all
                .iter()
                .filter(|directive| directive.verb == "use")
                .filter_map(|directive| directive.words.first());
            let member = uses
                .filter_map(|path| join(folder, path))
                .any(|path| path == input.folder());
            if member {
                found.also_read(&work.path);
            }
            return member.then_some(work);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

fn work(input: &Input<'_>, found: &mut Found) {
    let (all, wrong) = directives(input.text);
    complain(wrong, found);
    let read = read(&all, found);
    if let Some((name, line)) = read.toolchain {
        found.fact("toolchain", name, line);
    }
    for directive in all.iter().filter(|directive| directive.verb == "use") {
        let Some(path) = directive.words.first() else {
            continue;
        };
        found.fact("workspace-member", path.as_ref(), directive.line);
        let there = join(input.folder(), path)
            .and_then(|folder| join(&folder, "go.mod"))
            .is_some_and(|path| input.tree.is_file(&path));
        if !there {
            found.problem(
                ProblemKind::Unresolved,
                directive.line,
                format!("the member {path} has no go.mod in the scanned folder"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn everything_that_a_go_mod_says() {
        check(Case {
            folder: "go_mod/testdata/new",
            file: "go.mod",
            want: &[
                "Go example.com/own ? runtime own :17 needs:",
                "Go github.com/BurntSushi/toml v1.3.2 runtime direct:yes :13 needs:",
                "Go github.com/docker/docker v20.10.0+incompatible runtime direct:no :18 needs:",
                "Go github.com/new/name v1.2.0 runtime direct:yes :14 needs:",
                "Go github.com/other/twice/v2 v2.0.1 runtime direct:yes :15 needs:",
                "Go golang.org/x/bad v1.0.0 runtime direct:yes :24 needs:",
                "Go golang.org/x/mod v0.21.0 runtime direct:no :21 needs:",
                "Go golang.org/x/tools v0.30.0 dev direct:yes :19 needs:",
                "Go gopkg.in/yaml.v3 v3.0.1 runtime direct:yes :16 needs:",
                "Go stdlib 1.24.6 runtime direct:yes :6 needs:",
            ],
            problems: &[
                "go.mod:24 golang.org/x/bad v1.0.0 is required and excluded; Go takes a later version, which is not told",
                "go.mod:39 require is not followed by what it needs",
            ],
        });
    }

    #[test]
    fn before_1_17_the_rest_is_in_go_sum() {
        check(Case {
            folder: "go_mod/testdata/old",
            file: "go.mod",
            want: &[
                "Go github.com/deep/three v0.10.0 runtime direct:no :3 needs:",
                "Go github.com/direct/one v1.0.0 runtime direct:yes :6 needs:",
                "Go github.com/swap/two v1.5.0 runtime direct:yes :7 needs:",
                "Go stdlib 1.14 runtime direct:yes :3 needs:",
            ],
            problems: &["go.sum:10 a line without module, version and hash"],
        });
    }

    #[test]
    fn a_workspace_replaces_for_its_members() {
        check(Case {
            folder: "go_mod/testdata/work",
            file: "go.work",
            want: &[
                "Go github.com/z/y v1.9.0 runtime direct:yes :5 needs:",
                "Go stdlib 1.22 runtime direct:yes :3 needs:",
            ],
            problems: &["go.work:7 the member ./gone has no go.mod in the scanned folder"],
        });
    }

    #[test]
    fn a_sum_alone_is_no_inventory() {
        check(Case {
            folder: "go_mod/testdata/sum",
            file: "go.sum",
            want: &[],
            problems: &["go.sum:0 go.sum names more versions"],
        });
    }

    #[test]
    fn nothing_panics() {
        never_panics("go_mod/testdata/new/go.mod");
        never_panics("go_mod/testdata/work/go.work");
        never_panics("go_mod/testdata/sum/go.sum");
    }
}
