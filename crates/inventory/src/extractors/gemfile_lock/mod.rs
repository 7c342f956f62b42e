//! `Gemfile.lock` and `gems.locked`: <https://bundler.io/man/gemfile.5.html>, written by Bundler's
//! [`lockfile_parser.rb`](https://github.com/rubygems/rubygems/blob/master/bundler/lib/bundler/lockfile_parser.rb).
//!
//! Sections of indented lines. A gem that comes per platform stands once for each; groups are in the
//! `Gemfile` only, which is Ruby and read as far as that goes without running it (see [`gemfile`]).

mod gemfile;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};

use self::gemfile::Gemfile;
use super::python::redacted;
use super::source;
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle, Package};

/// Reads `Gemfile.lock`.
pub(super) struct GemfileLock;

static ABOUT: About = About {
    id: "rubygems/gemfile-lock",
    title: "Gemfile.lock and gems.locked",
    files: &["Gemfile.lock", "gems.locked", "*.gemfile.lock"],
    ecosystem: Some(Ecosystem::RubyGems),
    specification: "https://bundler.io/man/gemfile.5.html",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

/// How many platforms' variants of a gem an edge leads to: they become one component.
const VARIANTS: usize = 32;

impl Extractor for GemfileLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let mut lock = Lock::default();
        lock.read(input, found);
        lock.finish(input, found);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Section {
    Gem,
    Git,
    Path,
    Plugin,
    Dependencies,
    Checksums,
    Ruby,
    Bundler,
    #[default]
    Other,
}

#[derive(Default)]
struct Lock<'a> {
    section: Section,
    remote: &'a str,
    revision: &'a str,
    gem: Option<Handle>,
    by_name: HashMap<&'a str, Vec<Handle>>,
    /// By name and version with platform, as `CHECKSUMS` has it.
    by_version: HashMap<(&'a str, &'a str), Handle>,
    needs: Vec<(Handle, &'a str, u32)>,
    asks: Vec<(&'a str, u32)>,
    own: HashSet<Handle>,
    /// Has the section that Bundler always writes, and behind those that hold gems.
    whole: bool,
}

impl<'a> Lock<'a> {
    fn read(&mut self, input: &Input<'a>, found: &mut Found) {
        for (number, line) in input.lines() {
            let text = line.trim();
            if text.is_empty() {
                continue;
            }
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                .iter()
                .any(|mark| line.starts_with(mark))
            {
                found.problem(
                    ProblemKind::Unreadable,
                    number,
                    "a merge conflict; the lines of both sides were read",
                );
                continue;
            }
            match line.len() - line.trim_start_matches(' ').len() {
                0 => self.header(text),
                indent => self.line(indent, text, number, found),
            }
        }
        if !self.whole {
            let reason = "it has no section DEPENDENCIES: it is cut short, or no Gemfile.lock; what stands in it was read";
            found.problem(ProblemKind::Unreadable, 0, reason);
        }
    }

    fn header(&mut self, text: &str) {
        self.whole |= text == "DEPENDENCIES";
        self.section = match text {
            "GEM" => Section::Gem,
            "GIT" => Section::Git,
            "PATH" => Section::Path,
            "PLUGIN SOURCE" => Section::Plugin,
            "DEPENDENCIES" => Section::Dependencies,
            "CHECKSUMS" => Section::Checksums,
            "RUBY VERSION" => Section::Ruby,
            "BUNDLED WITH" => Section::Bundler,
            _ => Section::Other,
        };
        (self.remote, self.revision, self.gem) = ("", "", None);
    }

    fn line(&mut self, indent: usize, text: &'a str, number: u32, found: &mut Found) {
        match self.section {
            Section::Gem | Section::Git | Section::Path | Section::Plugin => match indent {
                ..4 => {
                    if let Some(remote) = text.strip_prefix("remote:") {
                        self.remote = remote.trim();
                        if self.section == Section::Gem {
                            found.fact("registry", redacted(self.remote), number);
                        }
                    } else if let Some(revision) = text.strip_prefix("revision:") {
                        self.revision = revision.trim();
                    }
                }
                4 | 5 => self.spec(text, number, found),
                _ => match self.gem {
                    Some(gem) => self.needs.push((gem, name_of(text), number)),
                    None => found.problem(
                        ProblemKind::Unreadable,
                        number,
                        format!("{text:?} is needed by no gem"),
                    ),
                },
            },
            Section::Dependencies => self.asks.push((name_of(text), number)),
            Section::Checksums => self.checksum(text, found),
            Section::Ruby => found.fact("toolchain", text, number),
            Section::Bundler => found.fact("toolchain", format!("bundler {text}"), number),
            Section::Other => {}
        }
    }

    /// `name (1.2.3)`, `name (1.2.3-x86_64-linux)`.
    fn spec(&mut self, text: &'a str, number: u32, found: &mut Found) {
        let (name, full) = named(text);
        // A gem's version has no hyphen of its own.
        let (version, platform) = full.split_once('-').unwrap_or((full, ""));
        let mut package = Package::new(Ecosystem::RubyGems, name, version).line(number);
        package = match self.section {
            Section::Git => {
                let commit = (!self.revision.is_empty()).then(|| self.revision.to_owned());
                source::from(
                    package,
                    Origin::Git {
                        url: self.remote.to_owned(),
                        commit,
                    },
                )
            }
            Section::Path => package.origin(Origin::Own),
            // What a plugin fetches from is known to that plugin alone.
            Section::Plugin => source::from(package, Origin::Url(self.remote.to_owned())),
            _ => package,
        };
        if version.is_empty() {
            found.problem(
                ProblemKind::Unresolved,
                number,
                format!("{name} has no version"),
            );
        }
        let handle = found.add(package.qualifier("platform", platform));
        self.gem = Some(handle);
        self.by_name.entry(name).or_default().push(handle);
        self.by_version.insert((name, full), handle);
        if self.section == Section::Path {
            if self.remote == "." {
                found.project(Some(name), Some(version));
            }
            self.own.insert(handle);
            found.declare(handle, Scope::Runtime);
        }
    }

    /// `name (1.2.3-java) sha256=…,sha512=…`; without hashes where Bundler knows none.
    fn checksum(&self, text: &str, found: &mut Found) {
        let Some((head, hashes)) = text.split_once(") ") else {
            return;
        };
        let (name, version) = head.split_once(" (").unwrap_or((head, ""));
        let Some(&handle) = self.by_version.get(&(name, version)) else {
            return;
        };
        let package = found.package(handle);
        for (algorithm, hex) in hashes
            .split(',')
            .filter_map(|hash| hash.trim().split_once('='))
        {
            package.add_hash(algorithm, hex);
        }
    }

    fn finish(self, input: &Input<'a>, found: &mut Found) {
        for &(from, name, line) in &self.needs {
            let Some(targets) = self.by_name.get(name) else {
                // Bundler itself is what installs the rest, and in no lockfile.
                if name != "bundler" {
                    let reason = format!(
                        "{} needs {name}, which is not in the lockfile",
                        found.package(from).name
                    );
                    found.problem(ProblemKind::Unresolved, line, reason);
                }
                continue;
            };
            for &to in targets.iter().take(VARIANTS) {
                found.depend(from, to);
                if self.own.contains(&from) && !self.own.contains(&to) {
                    found.declare(to, Scope::Runtime);
                }
            }
        }
        if self.asks.is_empty() {
            found.unneeded_are_direct();
            return;
        }
        let gemfile = Gemfile::beside(input, found);
        let mut seen = HashSet::new();
        for &(name, line) in &self.asks {
            if !seen.insert(name) {
                continue;
            }
            match self.by_name.get(name) {
                Some(targets) => {
                    for &to in targets {
                        let scope = if self.own.contains(&to) {
                            Scope::Runtime
                        } else {
                            gemfile.scope(name)
                        };
                        found.declare(to, scope);
                    }
                }
                None if name == "bundler" => {}
                // Bundler leaves out what no locked platform uses, such as `tzinfo-data` outside of Windows.
                None => found.problem(
                    ProblemKind::Odd,
                    line,
                    format!(
                        "the project asks for {name}, which is locked for none of its platforms"
                    ),
                ),
            }
        }
        found.spread_scopes();
    }
}

/// The name and what stands in brackets after it.
fn named(text: &str) -> (&str, &str) {
    text.split_once(" (").map_or((text, ""), |(name, rest)| {
        (name, rest.trim_end_matches(')'))
    })
}

/// The name in `name (>= 1)!`; the mark says that its source is pinned.
fn name_of(text: &str) -> &str {
    named(text).0.trim_end_matches('!')
}
