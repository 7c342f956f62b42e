//! What a POM means with its parents: properties and managed versions
//! (<https://maven.apache.org/guides/introduction/introduction-to-dependency-mechanism.html>).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::model::{Dependency, Pom};
use super::poms::{Line, Poms};
use crate::extract::Input;

/// How deep properties may name each other, how many may be put in for one text, and how long it may grow.
const NESTED: usize = 32;
const STEPS: usize = 500;
const LENGTH: usize = 4096;
/// How deep bills of materials may import each other, and how many are read for one file.
const IMPORTS: usize = 16;
const BILLS: usize = 500;

/// A POM with its parents.
pub(super) struct Effective<'p, 'i> {
    pub(super) line: Line,
    poms: &'p Poms,
    input: &'p Input<'i>,
}

/// What tells two dependencies apart.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) kind: String,
    pub(super) classifier: String,
}

/// What is managed for a dependency.
#[derive(Clone, Debug)]
pub(super) struct Managed {
    /// Resolved, or why not.
    pub(super) version: Option<Result<String, String>>,
    pub(super) scope: Option<String>,
    pub(super) optional: Option<String>,
}

/// Managed dependencies, and the imports that are not here.
#[derive(Default)]
pub(super) struct Management {
    pub(super) by_key: HashMap<Key, Managed>,
    /// File, line and name.
    pub(super) absent: Vec<(String, u32, String)>,
    bills: HashSet<String>,
}

impl<'p, 'i> Effective<'p, 'i> {
    pub(super) fn new(pom: &Arc<Pom>, poms: &'p Poms, input: &'p Input<'i>) -> Self {
        Self {
            line: poms.line(pom, input),
            poms,
            input,
        }
    }

    fn own(&self) -> &Pom {
        // A line holds at least the POM it was made for.
        &self.line.poms[0]
    }

    /// The value of a property as written.
    fn property(&self, name: &str) -> Option<&str> {
        let own = self.own();
        let parent = || own.parent.as_ref();
        let project = name
            .strip_prefix("project.")
            .or_else(|| name.strip_prefix("pom."));
        match project {
            Some("version") => own.version(),
            Some("groupId") => own.group(),
            Some("artifactId") => Some(&own.artifact),
            Some("parent.version") => parent()?.version.as_deref(),
            Some("parent.groupId") => Some(&parent()?.group),
            Some("parent.artifactId") => Some(&parent()?.artifact),
            _ => self
                .line
                .poms
                .iter()
                .find_map(|pom| pom.properties.get(name))
                .map(String::as_str)
                .or_else(|| match name {
                    // Without a prefix: deprecated, and still read by Maven 3.
                    "version" => own.version(),
                    "groupId" => own.group(),
                    "artifactId" => Some(&own.artifact),
                    _ => None,
                }),
        }
    }

    /// A text with its properties put in, else why that cannot be done.
    pub(super) fn text<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, String> {
        if !text.contains("${") {
            return Ok(Cow::Borrowed(text));
        }
        let mut out = String::new();
        let mut steps = STEPS;
        self.put(text, NESTED, &mut steps, &mut out)?;
        Ok(Cow::Owned(out))
    }

    fn put(
        &self,
        text: &str,
        depth: usize,
        steps: &mut usize,
        out: &mut String,
    ) -> Result<(), String> {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                return Err(format!("{text:?} does not close its property"));
            };
            let name = name.trim();
            let short = || name.chars().take(80).collect::<String>();
            *steps = steps
                .checked_sub(1)
                .ok_or_else(|| format!("the property {} needs too many others", short()))?;
            let value = self.property(name).ok_or_else(|| {
                format!(
                    "the property {} is not defined in the scanned folder",
                    short()
                )
            })?;
            if depth == 0 {
                return Err(format!(
                    "the property {} leads back to itself or too deep",
                    short()
                ));
            }
            self.put(value, depth - 1, steps, out)?;
            if out.len() > LENGTH {
                return Err(format!("the property {} grows too long", short()));
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(())
    }

    /// A text as far as its properties are known; as written where not.
    pub(super) fn best<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.text(text).unwrap_or(Cow::Borrowed(text))
    }

    pub(super) fn key(&self, dependency: &Dependency) -> Key {
        let or = |text: &Option<String>, other: &str| {
            text.as_deref()
                .map_or(other.to_owned(), |text| self.best(text).into_owned())
        };
        Key {
            group: self.best(&dependency.group).into_owned(),
            artifact: self.best(&dependency.artifact).into_owned(),
            kind: or(&dependency.kind, "jar"),
            classifier: or(&dependency.classifier, ""),
        }
    }

    /// What is managed for the artifacts of these names.
    pub(super) fn management(&self, names: &HashSet<String>) -> Management {
        let mut management = Management::default();
        if !names.is_empty() {
            self.manage(names, IMPORTS, &mut management);
        }
        management
    }

    fn manage(&self, names: &HashSet<String>, depth: usize, into: &mut Management) {
        let mut imports = Vec::new();
        for pom in &self.line.poms {
            for managed in &pom.managed {
                if managed.scope.as_deref() == Some("import") {
                    imports.push((pom, managed));
                    continue;
                }
                // Large projects manage hundreds of names: only those that are asked for are resolved.
                if !managed.artifact.contains("${") && !names.contains(&managed.artifact) {
                    continue;
                }
                into.by_key
                    .entry(self.key(managed))
                    .or_insert_with(|| Managed {
                        version: managed
                            .version
                            .as_deref()
                            .map(|version| self.text(version).map(Cow::into_owned)),
                        scope: managed.scope.clone(),
                        optional: managed.optional.clone(),
                    });
            }
        }
        // What is written wins over what is imported, and the first import over the next.
        for (pom, import) in imports {
            let Key {
                group, artifact, ..
            } = self.key(import);
            let version = import.version.as_deref().map(|version| self.best(version));
            let name = format!("{group}:{artifact}:{}", version.as_deref().unwrap_or("?"));
            if depth == 0 || into.bills.len() >= BILLS || !into.bills.insert(name.clone()) {
                continue;
            }
            match self.poms.named(&group, &artifact, version.as_deref()) {
                Some(bill) => {
                    Effective::new(bill, self.poms, self.input).manage(names, depth - 1, into);
                }
                None => into.absent.push((pom.path.clone(), import.line, name)),
            }
        }
        // The POM's own missing parent is told by its reader.
        let last = self
            .line
            .broken
            .filter(|_| depth < IMPORTS)
            .and_then(|at| self.line.poms.get(at));
        if let Some((last, parent)) = last.and_then(|last| Some((last, last.parent.as_ref()?))) {
            into.absent.push((
                last.path.clone(),
                parent.line,
                format!("{}:{}", parent.group, parent.artifact),
            ));
        }
    }
}
