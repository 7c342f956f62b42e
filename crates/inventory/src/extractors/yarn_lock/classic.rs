//! Yarn 1: entries of lines, two blanks a level, with a notation for strings of its own.

use std::borrow::Cow;
use std::collections::HashSet;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::json;

use super::{Chosen, unresolved};
use crate::extract::Input;
use crate::extractors::npm::{self, Manifest};
use crate::extractors::source;
use crate::found::{Found, Handle, Package};

#[derive(Default)]
struct Entry<'a> {
    line: u32,
    asks: Vec<Cow<'a, str>>,
    version: Cow<'a, str>,
    resolved: Cow<'a, str>,
    integrity: Cow<'a, str>,
    needs: Vec<Need<'a>>,
}

struct Need<'a> {
    name: Cow<'a, str>,
    range: Cow<'a, str>,
    line: u32,
    optional: bool,
}

pub(super) fn read(input: &Input<'_>, found: &mut Found) {
    let entries = parse(input, found);
    let mut project = npm::manifest(input, "", found);
    let mut chosen = Chosen::default();
    if let Some(project) = &mut project {
        chosen.resolutions = std::mem::take(&mut project.resolutions);
    }
    let mut handles = Vec::with_capacity(entries.len());
    for entry in &entries {
        let handle = add(entry, found);
        handles.push(handle);
        let Some(handle) = handle else { continue };
        for ask in &entry.asks {
            let name = npm::split_name(ask).map_or(ask.as_ref(), |(name, _)| name);
            chosen.put(ask, name, handle);
        }
    }
    for (entry, handle) in entries.iter().zip(handles) {
        let Some(from) = handle else { continue };
        for need in &entry.needs {
            match chosen.find(&need.name, &need.range, "") {
                Some(to) if need.optional => found.depend_optionally(from, to),
                Some(to) => found.depend(from, to),
                // An optional package that fits no platform may be left out.
                None if need.optional => {}
                None => unresolved(
                    found,
                    need.line,
                    entry.asks.first().map_or("", AsRef::as_ref),
                    &need.name,
                    &need.range,
                ),
            }
        }
    }
    declare(project, input, &mut chosen, found);
}

/// Marks what the project and its workspaces ask for.
fn declare(
    project: Option<Manifest>,
    input: &Input<'_>,
    chosen: &mut Chosen<'_>,
    found: &mut Found,
) {
    let Some(project) = project else {
        found.unneeded_are_direct();
        return;
    };
    found.project(project.name.as_deref(), project.version.as_deref());
    let members = npm::workspaces(input, &project.workspaces, found);
    let complete = project.workspaces.is_empty() || !members.is_empty();
    let own: HashSet<&str> = members
        .iter()
        .filter_map(|member| member.name.as_deref())
        .collect();
    for manifest in std::iter::once(&project).chain(&members) {
        for ask in &manifest.asks {
            match chosen.find(&ask.name, &ask.range, "") {
                Some(to) => found.declare(to, ask.scope),
                None if ask.must && complete && !own.contains(ask.name.as_str()) => {
                    ask.missing(&manifest.path, found);
                }
                None => {}
            }
        }
    }
    if complete {
        found.spread_scopes();
    } else {
        // Workspaces whose manifests are not at hand may need anything at runtime.
        found.unneeded_are_direct();
    }
}

fn add(entry: &Entry<'_>, found: &mut Found) -> Option<Handle> {
    let first = entry.asks.first()?;
    let (key, range) = npm::split_name(first).unwrap_or((first, ""));
    let name = npm::alias(range).map_or(key, |(name, _)| name);
    let (address, fragment) = entry
        .resolved
        .split_once('#')
        .unwrap_or((&entry.resolved, ""));
    // Without an address, as for folders and in offline mirrors, what was asked for tells.
    let origin = if address.contains(':') {
        npm::origin(&entry.resolved)
    } else {
        npm::origin(range)
    };
    if origin == Origin::Registry {
        npm::registry(address, name, entry.line, found);
    }
    if entry.version.is_empty() {
        found.problem(
            ProblemKind::Unresolved,
            entry.line,
            format!("{name} has no version"),
        );
    }
    let mut package = Package::new(Ecosystem::Npm, name, entry.version.as_ref())
        .line(entry.line)
        .integrity(&entry.integrity);
    if matches!(origin, Origin::Registry | Origin::Url(_)) {
        package = package.hash("sha1", fragment);
    }
    Some(found.add(source::from(package, origin).scope(Scope::Runtime)))
}

fn parse<'a>(input: &Input<'a>, found: &mut Found) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    // Which table of the entry the deeper lines belong to.
    let mut table = "";
    for (number, line) in input.lines() {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if text.is_empty() || text.starts_with('#') {
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
        let mut words = Words { rest: text };
        if indent == 0 {
            table = "";
            if text.ends_with(':') {
                let asks: Vec<_> = words.collect();
                entries.push(Entry {
                    line: number,
                    asks,
                    ..Entry::default()
                });
            } else {
                found.problem(ProblemKind::Unreadable, number, "no entry of a lockfile");
            }
            continue;
        }
        let (Some(key), value) = (words.next(), words.next()) else {
            continue;
        };
        let Some(entry) = entries.last_mut() else {
            found.problem(
                ProblemKind::Unreadable,
                number,
                "a line that belongs to no entry",
            );
            continue;
        };
        match (indent, value) {
            (..4, None) => {
                table = if text.starts_with("optionalDependencies:") {
                    "optional"
                } else if text.starts_with("dependencies:") {
                    "needs"
                } else {
                    ""
                }
            }
            (..4, Some(value)) => {
                table = "";
                match key.as_ref() {
                    "version" => entry.version = value,
                    "resolved" => entry.resolved = value,
                    "integrity" => entry.integrity = rest_of(text, "integrity").unwrap_or(value),
                    _ => {}
                }
            }
            (_, Some(range)) if !table.is_empty() => {
                entry.needs.push(Need {
                    name: key,
                    range,
                    line: number,
                    optional: table == "optional",
                });
            }
            (_, None) if !table.is_empty() => {
                found.problem(
                    ProblemKind::Unreadable,
                    number,
                    format!("{key} is needed in no version"),
                );
            }
            _ => {}
        }
    }
    entries
}

/// Several hashes stand behind one another without quotes.
fn rest_of<'a>(text: &'a str, key: &str) -> Option<Cow<'a, str>> {
    let rest = text.strip_prefix(key)?.trim();
    (!rest.starts_with('"')).then_some(Cow::Borrowed(rest))
}

/// The words of a line: quoted as in JSON, or bare up to a blank or a comma. A colon at a word's end is left out.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_start_matches([' ', ',', ':']);
        if self.rest.is_empty() {
            return None;
        }
        if self.rest.starts_with('"') {
            let end = closing(self.rest);
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            if !word.contains('\\') {
                return Some(Cow::Borrowed(word.trim_matches('"')));
            }
            let node = json::parse(word, &stanchion_syntax::Limits::default()).root;
            return match node.value {
                stanchion_syntax::Value::String(text) => Some(text),
                _ => Some(Cow::Borrowed(word)),
            };
        }
        let end = self.rest.find([' ', ',']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Cow::Borrowed(word.trim_end_matches(':')))
    }
}

/// The end of the quoted word at the start, its closing quote included.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
