//! The files of one folder become one project, and packages become components.

use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rayon::prelude::*;
use stanchion_model::inventory::{
    Component, Fact, Inventory, Location, Origin, Problem, ProblemKind, Project,
};

use crate::found::{Found, Package};

/// What one file gave.
#[derive(Debug)]
pub(crate) struct FileResult {
    pub(crate) path: String,
    pub(crate) found: Found,
}

/// Builds the inventory. The order of `results` does not matter.
pub(crate) fn assemble(
    target: &str,
    mut results: Vec<FileResult>,
    mut problems: Vec<Problem>,
) -> Inventory {
    results.sort_by(|a, b| a.path.cmp(&b.path));
    let mut by_root: BTreeMap<String, Vec<FileResult>> = BTreeMap::new();
    let files = results.len();
    for result in results {
        let folder = result
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let root = match &result.found.root {
            _ if result.found.document => result.path.clone(),
            Some(root) => root.clone(),
            None => folder.to_owned(),
        };
        by_root.entry(root).or_default().push(result);
    }
    let mut inventory = Inventory {
        target: target.to_owned(),
        files,
        ..Inventory::default()
    };
    let last = target.trim_end_matches('/').rsplit('/').next();
    let fallback = last.unwrap_or("project");
    let work: Vec<(u32, String, Vec<FileResult>)> = by_root
        .into_iter()
        .zip(0..)
        .map(|((root, results), number)| (number, root, results))
        .collect();
    let built: Vec<Builder> = work
        .into_par_iter()
        .map(|(number, root, results)| Builder::build(number, root, results, fallback))
        .collect();
    let total = built.iter().map(|builder| builder.components.len()).sum();
    inventory.components.reserve_exact(total);
    for builder in built {
        let base = inventory.components.len() as u32;
        inventory
            .components
            .extend(builder.components.into_iter().map(|mut component| {
                for id in &mut component.dependencies {
                    *id += base;
                }
                component
            }));
        inventory.projects.push(builder.project);
        inventory.facts.extend(builder.facts);
        problems.extend(builder.problems);
    }
    problems.sort_unstable();
    problems.dedup();
    inventory.problems = problems;
    inventory.facts.sort_unstable();
    inventory.facts.dedup();
    inventory
}

/// One project in the making. Dependencies are numbered within it.
struct Builder {
    number: u32,
    project: Project,
    components: Vec<Component>,
    /// Components by the hash of their identity.
    index: HashMap<u64, Vec<u32>>,
    facts: Vec<Fact>,
    problems: Vec<Problem>,
}

impl Builder {
    fn build(number: u32, root: String, results: Vec<FileResult>, fallback: &str) -> Self {
        let project = Project {
            name: String::new(),
            version: None,
            files: Vec::new(),
            root,
        };
        let mut builder = Self {
            number,
            project,
            components: Vec::new(),
            index: HashMap::new(),
            facts: Vec::new(),
            problems: Vec::new(),
        };
        for result in results {
            builder.file(result);
        }
        builder.finish(fallback);
        builder
    }

    fn file(&mut self, result: FileResult) {
        let FileResult { path, found } = result;
        let shared: Arc<str> = Arc::from(path.as_str());
        if self.project.name.is_empty() {
            self.project.name = found.name.unwrap_or_default();
            self.project.version = found.version;
        }
        for problem in found.problems {
            self.problems.push(Problem {
                path: problem.path.unwrap_or_else(|| path.clone()),
                line: problem.line,
                kind: problem.kind,
                reason: problem.reason,
                hint: problem.hint,
            });
        }
        for (kind, value, line) in found.facts {
            let location = Location {
                path: shared.clone(),
                line,
            };
            self.facts.push(Fact {
                kind,
                value,
                location,
            });
        }
        let ids: Vec<Option<u32>> = found
            .packages
            .into_iter()
            .map(|package| self.package(package, &shared))
            .collect();
        for (from, to) in found.edges {
            if let (Some(from), Some(to)) = (ids[from as usize], ids[to as usize])
                && from != to
            {
                self.components[from as usize].dependencies.push(to);
            }
        }
        self.project.files.push(path);
        self.project.files.extend(found.files);
    }

    /// Adds a package, or joins it to the component that it is. `None` when it has no name that a purl can hold.
    fn package(&mut self, package: Package, path: &Arc<str>) -> Option<u32> {
        let path = package
            .file
            .as_deref()
            .map_or_else(|| path.clone(), Arc::from);
        let location = Location {
            path,
            line: package.line,
        };
        let identity = identity(&package);
        let same = self.index.entry(identity).or_default();
        if let Some(&id) = same
            .iter()
            .find(|&&id| is_same(&self.components[id as usize], &package))
        {
            join(&mut self.components[id as usize], package, location);
            return Some(id);
        }
        let purl = match package.purl {
            Some(purl) => Ok(purl),
            None => package.ecosystem.purl(
                &package.name,
                package.version.as_deref(),
                package.release.as_deref(),
                &package.qualifiers,
            ),
        };
        let purl = match purl {
            Ok(purl) => purl,
            Err(error) => {
                self.problems.push(Problem {
                    path: location.path.to_string(),
                    line: location.line,
                    kind: ProblemKind::Unreadable,
                    reason: format!("{:?} is no package name: {error}", package.name),
                    hint: None,
                });
                return None;
            }
        };
        let id = self.components.len() as u32;
        same.push(id);
        self.components.push(Component {
            purl,
            ecosystem: package.ecosystem,
            release: package.release,
            name: package.name,
            version: package.version,
            origin: package.origin,
            direct: package.direct,
            scope: package.scope,
            locations: vec![location],
            hashes: package.hashes,
            licences: package.licences,
            project: self.number,
            dependencies: Vec::new(),
            yanked: package.yanked,
        });
        Some(id)
    }

    /// Names the project and puts everything in order.
    fn finish(&mut self, fallback: &str) {
        if self.project.name.is_empty() {
            let folder = self
                .project
                .root
                .rsplit('/')
                .next()
                .filter(|name| !name.is_empty());
            folder
                .unwrap_or(fallback)
                .clone_into(&mut self.project.name);
        }
        self.project.files.sort_unstable();
        self.project.files.dedup();
        let mut order: Vec<u32> = (0..self.components.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            compare(&self.components[a as usize], &self.components[b as usize])
        });
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        for component in &mut self.components {
            for id in &mut component.dependencies {
                *id = place[*id as usize];
            }
            component.dependencies.sort_unstable();
            component.dependencies.dedup();
            component.locations.sort_unstable();
            component.locations.dedup();
            component.hashes.sort_unstable();
            component.hashes.dedup();
        }
        // Moves each component to its place, following the cycles of the permutation.
        for at in 0..place.len() {
            while place[at] as usize != at {
                let to = place[at] as usize;
                self.components.swap(at, to);
                place.swap(at, to);
            }
        }
    }
}

/// Registry 0, own 1, elsewhere 2, with the address and the commit.
fn origin_key(origin: &Origin) -> (u8, &str, &str) {
    match origin {
        Origin::Registry => (0, "", ""),
        Origin::Own => (1, "", ""),
        Origin::Git { url, commit } => (2, url, commit.as_deref().unwrap_or_default()),
        Origin::Url(url) => (2, url, ""),
    }
}

fn identity(package: &Package) -> u64 {
    let mut hasher = DefaultHasher::new();
    package.ecosystem.hash(&mut hasher);
    package.name.hash(&mut hasher);
    package.version.hash(&mut hasher);
    package.release.hash(&mut hasher);
    origin_key(&package.origin).hash(&mut hasher);
    hasher.finish()
}

fn is_same(component: &Component, package: &Package) -> bool {
    component.ecosystem == package.ecosystem
        && component.name == package.name
        && component.version == package.version
        && component.release == package.release
        && origin_key(&component.origin) == origin_key(&package.origin)
}

/// The order of the components of one project; no two are equal in it.
pub(crate) fn compare(a: &Component, b: &Component) -> Ordering {
    a.ecosystem
        .cmp(&b.ecosystem)
        .then_with(|| a.name.cmp(&b.name))
        .then_with(|| a.version.cmp(&b.version))
        .then_with(|| a.release.cmp(&b.release))
        .then_with(|| origin_key(&a.origin).cmp(&origin_key(&b.origin)))
}

/// The same package in another place.
fn join(known: &mut Component, package: Package, location: Location) {
    known.scope = known.scope.min(package.scope);
    known.direct = match (known.direct, package.direct) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, other) | (other, None) => other,
        _ => Some(false),
    };
    known.locations.push(location);
    known.hashes.extend(package.hashes);
    for licence in package.licences {
        if !known.licences.contains(&licence) {
            known.licences.push(licence);
        }
    }
    known.yanked |= package.yanked;
}
