//! The POMs of the target, found by place and by name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use stanchion_tree::join;

use super::model::{Parent, Pom};
use crate::extract::Input;

/// Longest chain of parents.
const PARENTS: usize = 32;

/// Every POM of the target, read once a scan.
#[derive(Debug, Default)]
pub(super) struct Poms {
    by_path: HashMap<String, Arc<Pom>>,
    by_name: HashMap<(String, String), Vec<Arc<Pom>>>,
}

/// A POM with its parents, nearest first, and where the chain breaks off.
pub(super) struct Line {
    pub(super) poms: Vec<Arc<Pom>>,
    /// The POM whose parent is not here: its index in the chain.
    pub(super) broken: Option<usize>,
}

impl Poms {
    /// Reads the POMs among the files of the target.
    pub(super) fn of(input: &Input<'_>, wants: impl Fn(&str) -> bool) -> Self {
        let mut poms = Self::default();
        for path in input.shared.paths().filter(|path| wants(path)) {
            // What cannot be opened is told by the reading of that file itself.
            if let Ok(Some(file)) = input.open(path) {
                poms.add(Pom::read(path, &file.text, &input.limits));
            }
        }
        poms
    }

    fn add(&mut self, pom: Pom) {
        let pom = Arc::new(pom);
        if let (Some(group), false) = (pom.group(), pom.artifact.is_empty()) {
            self.by_name
                .entry((group.to_owned(), pom.artifact.clone()))
                .or_default()
                .push(pom.clone());
        }
        self.by_path.insert(pom.path.clone(), pom);
    }

    pub(super) fn at(&self, path: &str) -> Option<&Arc<Pom>> {
        self.by_path.get(path)
    }

    /// Whether a folder above this one has a `pom.xml`.
    pub(super) fn lies_below_another(&self, folder: &str) -> bool {
        let mut folder = folder;
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            let path = join(folder, "pom.xml").unwrap_or_default();
            if self.by_path.contains_key(&path) {
                return true;
            }
        }
        false
    }

    /// Whether the target builds this itself.
    pub(super) fn builds(&self, group: &str, artifact: &str) -> bool {
        self.by_name
            .contains_key(&(group.to_owned(), artifact.to_owned()))
    }

    /// A POM by its name, at this version where both say one without properties.
    pub(super) fn named(
        &self,
        group: &str,
        artifact: &str,
        version: Option<&str>,
    ) -> Option<&Arc<Pom>> {
        let known = self.by_name.get(&(group.to_owned(), artifact.to_owned()))?;
        known.iter().find(|pom| agree(pom.version(), version))
    }

    fn parent(&self, pom: &Pom, parent: &Parent, input: &Input<'_>) -> Option<Arc<Pom>> {
        let is_it = |pom: &Pom| {
            pom.group() == Some(&parent.group)
                && pom.artifact == parent.artifact
                && agree(pom.version(), parent.version.as_deref())
        };
        let folder = pom.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(near) = join(folder, &parent.relative).filter(|_| !parent.relative.is_empty()) {
            let inside = join(&near, "pom.xml").unwrap_or_default();
            if let Some(known) = [&near, &inside].into_iter().find_map(|path| self.at(path)) {
                if is_it(known) {
                    return Some(known.clone());
                }
            } else {
                // Not among the files of the scan: a single file is scanned, or the name is its own.
                let path = if input.tree.is_file(&near) {
                    near
                } else {
                    inside
                };
                if let Ok(Some(file)) = input.open(&path) {
                    let read = Pom::read(&path, &file.text, &input.limits);
                    if is_it(&read) {
                        return Some(Arc::new(read));
                    }
                }
            }
        }
        self.named(&parent.group, &parent.artifact, parent.version.as_deref())
            .cloned()
    }

    /// A POM and its parents as far as they are here.
    pub(super) fn line(&self, pom: &Arc<Pom>, input: &Input<'_>) -> Line {
        let mut poms = vec![pom.clone()];
        let mut seen: HashSet<String> = HashSet::from([pom.path.clone()]);
        let mut broken = None;
        while let Some(last) = poms.last() {
            let Some(parent) = &last.parent else { break };
            let next = if poms.len() < PARENTS {
                self.parent(last, parent, input)
            } else {
                None
            };
            let Some(next) = next.filter(|next| seen.insert(next.path.clone())) else {
                broken = Some(poms.len() - 1);
                break;
            };
            poms.push(next);
        }
        Line { poms, broken }
    }
}

/// Whether two versions may be the same: they are, or a property decides.
fn agree(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || a.contains("${") || b.contains("${"),
        _ => true,
    }
}
