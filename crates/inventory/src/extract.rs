//! What a reader of one format declares and is given.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::ProblemKind;
use stanchion_syntax::xml::{self, Element};
use stanchion_syntax::{Document, Limits, Node, SyntaxError, Value, json, text, toml, yaml};
use stanchion_tree::{Entry, Tree, TreeError, join};

use crate::found::Found;

/// What a format tells. A test holds each statement against what the reader does with its test data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a table of yes and no, read by people"
)]
pub struct Capabilities {
    /// Which component needs which.
    pub edges: bool,
    /// Runtime, development, test, ...
    pub scopes: bool,
    /// Which components the project asks for itself.
    pub direct: bool,
    /// On which line a component stands.
    pub lines: bool,
    /// Hashes of archives.
    pub hashes: bool,
    /// Declared licences.
    pub licences: bool,
}

/// A reader's description, for the coverage table.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Stable id, `ecosystem/format`.
    pub id: &'static str,
    /// The format in words, with the versions that are read.
    pub title: &'static str,
    /// File names that it wants, `*` for any text.
    pub files: &'static [&'static str],
    /// The ecosystem, where the format belongs to just one.
    pub ecosystem: Option<Ecosystem>,
    /// Where the format is defined.
    pub specification: &'static str,
    /// What it tells.
    pub capabilities: Capabilities,
}

/// Reads one format. Gives components and problems; never opens files itself, never fails a scan.
pub trait Extractor: Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Whether a file with this path (relative, `/`) is in this format by its name.
    fn wants(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.about()
            .files
            .iter()
            .any(|pattern| matches(pattern, name))
    }

    /// Whether content that starts like this is in this format, whatever the file is called. Only for
    /// formats that can be told from their first bytes with certainty.
    fn recognises(&self, _head: &str) -> bool {
        false
    }

    /// What to do about a file of this format that is no text (an older binary form of it, say).
    fn binary_hint(&self) -> Option<&'static str> {
        None
    }

    /// Reads the file. What cannot be read is told through [`Found::problem`]; the rest is still given.
    fn extract(&self, input: &Input<'_>, found: &mut Found);
}

/// Whether a name fits a pattern with at most a few `*`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// A file beside the one that is read.
#[derive(Debug)]
pub struct Sibling {
    /// Relative to the target.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What the readers of one scan share: which files there are, and what is worked out from them once.
#[derive(Default)]
pub struct Shared<'a> {
    files: &'a [Entry],
    memo: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl<'a> Shared<'a> {
    /// For the files that a walk found.
    pub fn new(files: &'a [Entry]) -> Self {
        Self {
            files,
            memo: Mutex::default(),
        }
    }

    /// The files of the target that some reader wants by name.
    pub fn paths(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.files.iter().map(|file| file.path.as_str())
    }

    /// The one value of this type in this scan; the first to ask makes it. Making it must not wait for other
    /// readers (no parallel iterator: the thread could pick up a reader that asks for the same value).
    pub fn once<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<OnceLock<T>> {
        let cell = {
            let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
            memo.entry(TypeId::of::<T>())
                .or_insert_with(|| Arc::new(OnceLock::<T>::new()))
                .clone()
        };
        let cell = cell.downcast::<OnceLock<T>>().unwrap_or_default();
        cell.get_or_init(make);
        cell
    }
}

/// The file that is read, and the way to its siblings.
pub struct Input<'a> {
    /// Relative to the target, with `/`.
    pub path: &'a str,
    /// Its text, without a byte-order mark.
    pub text: &'a str,
    /// Opens other files of the target.
    pub tree: &'a Tree,
    /// What the readers of one scan share.
    pub shared: &'a Shared<'a>,
    /// Bounds on depth and number of values.
    pub limits: Limits,
}

impl<'a> Input<'a> {
    /// The file's own name.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The folder it lies in, relative to the target; empty for the target itself.
    pub fn folder(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Reads the text as JSON; what is wrong with it becomes a problem, what was read before it is given.
    pub fn json(&self, found: &mut Found) -> Node<'a> {
        told(json::parse(self.text, &self.limits), found)
    }

    /// As [`Input::json`], with comments and trailing commas.
    pub fn json_relaxed(&self, found: &mut Found) -> Node<'a> {
        told(json::parse_relaxed(self.text, &self.limits), found)
    }

    /// As [`Input::json`], for YAML (the first document).
    pub fn yaml(&self, found: &mut Found) -> Node<'a> {
        told(yaml::parse(self.text, &self.limits), found)
    }

    /// As [`Input::yaml`], every document of the stream.
    pub fn yaml_all(&self, found: &mut Found) -> Vec<Node<'a>> {
        let (roots, error) = yaml::parse_all(self.text, &self.limits);
        if let Some(error) = error {
            broken(&error, found);
        }
        roots
    }

    /// As [`Input::json`], for TOML.
    pub fn toml(&self, found: &mut Found) -> Node<'a> {
        told(toml::parse(self.text, &self.limits), found)
    }

    /// As [`Input::json`], for XML; `None` when no element could be read.
    pub fn xml(&self, found: &mut Found) -> Option<Element<'a>> {
        let xml::XmlDocument {
            root,
            error,
            warnings,
        } = xml::parse(self.text, &self.limits);
        told(
            Document {
                root: Node::new(1, Value::Null),
                error,
                warnings,
            },
            found,
        );
        root
    }

    /// Lines with their number (1-based).
    pub fn lines(&self) -> impl Iterator<Item = (u32, &'a str)> + use<'a> {
        text::lines(self.text)
    }

    /// Reads a file by its path relative to this file's folder. `Ok(None)` when there is none; an error in
    /// words when it leads out of the target or cannot be read.
    pub fn sibling(&self, relative: &str) -> Result<Option<Sibling>, String> {
        let Some(path) = join(self.folder(), relative) else {
            return Err(format!("{relative} leads out of the scanned folder"));
        };
        self.open(&path)
    }

    /// As [`Input::sibling`], by the path relative to the target.
    pub fn open(&self, path: &str) -> Result<Option<Sibling>, String> {
        let bytes = match self.tree.read(path) {
            Ok(bytes) => bytes,
            Err(TreeError::Read(error))
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(TreeError::NotAFile) => return Ok(None),
            Err(error) => return Err(format!("{path}: {error}")),
        };
        let decoded = text::decode(&bytes).map_err(|error| format!("{path}: {}", error.message))?;
        let text = match decoded.text {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        };
        Ok(Some(Sibling {
            path: path.to_owned(),
            text,
        }))
    }
}

fn told<'a>(document: Document<'a>, found: &mut Found) -> Node<'a> {
    if let Some(error) = document.error {
        broken(&error, found);
    }
    for warning in document.warnings {
        found.problem(ProblemKind::Odd, warning.line, warning.message);
    }
    document.root
}

fn broken(error: &SyntaxError, found: &mut Found) {
    let reason = format!("{}; what stands before it was read", error.message);
    found.problem(ProblemKind::Unreadable, error.line, reason);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("Cargo.lock", "Cargo.lock", true),
            ("Cargo.lock", "XCargo.lock", false),
            ("requirements*.txt", "requirements-dev.txt", true),
            ("requirements*.txt", "requirements.txt", true),
            ("*requirements*.txt", "my_requirements.in.txt", true),
            ("*.cdx.json", "a.cdx.json", true),
            ("*.cdx.json", "cdx.json", false),
            ("pylock.*.toml", "pylock.dev.toml", true),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
    }
}
