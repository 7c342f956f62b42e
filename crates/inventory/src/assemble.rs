//! The files of one folder become one project, and packages become components.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use stanchion_model::Ecosystem;
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

/// A component's identity within its project.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord, Clone)]
struct Identity {
    ecosystem: Ecosystem,
    name: String,
    version: Option<String>,
    release: Option<String>,
    /// Registry 0, own 1, other 2 with the address.
    origin: (u8, String),
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
    for (root, results) in by_root {
        add_project(root, results, &mut inventory, &mut problems);
    }
    problems.sort_unstable();
    problems.dedup();
    inventory.problems = problems;
    inventory.facts.sort_unstable();
    inventory.facts.dedup();
    inventory
}

fn add_project(
    root: String,
    results: Vec<FileResult>,
    inventory: &mut Inventory,
    problems: &mut Vec<Problem>,
) {
    let project_index = inventory.projects.len() as u32;
    let mut project = Project {
        name: String::new(),
        version: None,
        files: Vec::new(),
        root,
    };
    let mut components: Vec<Component> = Vec::new();
    let mut identities: Vec<Identity> = Vec::new();
    let mut index: HashMap<Identity, u32> = HashMap::new();
    for FileResult { path, found } in results {
        let shared: Arc<str> = Arc::from(path.as_str());
        if project.name.is_empty() {
            project.name = found.name.unwrap_or_default();
            project.version = found.version;
        }
        for problem in found.problems {
            let path = problem.path.unwrap_or_else(|| path.clone());
            problems.push(Problem {
                path,
                line: problem.line,
                kind: problem.kind,
                reason: problem.reason,
                hint: problem.hint,
            });
        }
        for (kind, value, line) in found.facts {
            inventory.facts.push(Fact {
                kind,
                value,
                location: Location {
                    path: shared.clone(),
                    line,
                },
            });
        }
        let mut ids = Vec::with_capacity(found.packages.len());
        for package in found.packages {
            ids.push(add_component(
                package,
                &shared,
                project_index,
                &mut components,
                &mut identities,
                &mut index,
                problems,
            ));
        }
        for (from, to) in found.edges {
            if let (Some(from), Some(to)) = (ids[from as usize], ids[to as usize])
                && from != to
            {
                components[from as usize].dependencies.push(to);
            }
        }
        project.files.push(path);
        project.files.extend(found.files);
    }
    if project.name.is_empty() {
        project.name = project
            .root
            .rsplit('/')
            .next()
            .filter(|name| !name.is_empty())
            .map_or_else(
                || {
                    inventory
                        .target
                        .trim_end_matches('/')
                        .rsplit('/')
                        .next()
                        .unwrap_or("project")
                        .to_owned()
                },
                str::to_owned,
            );
    }
    project.files.sort_unstable();
    project.files.dedup();
    let mut order: Vec<u32> = (0..components.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| identities[a as usize].cmp(&identities[b as usize]));
    let base = inventory.components.len() as u32;
    let mut place = vec![0; components.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old as usize] = base + new as u32;
    }
    let mut slots: Vec<Option<Component>> = components.into_iter().map(Some).collect();
    for old in order {
        let Some(mut component) = slots[old as usize].take() else {
            continue;
        };
        for id in &mut component.dependencies {
            *id = place[*id as usize];
        }
        component.dependencies.sort_unstable();
        component.dependencies.dedup();
        component.locations.sort_unstable();
        component.locations.dedup();
        component.hashes.sort_unstable();
        component.hashes.dedup();
        inventory.components.push(component);
    }
    inventory.projects.push(project);
}

fn add_component(
    package: Package,
    path: &Arc<str>,
    project: u32,
    components: &mut Vec<Component>,
    identities: &mut Vec<Identity>,
    index: &mut HashMap<Identity, u32>,
    problems: &mut Vec<Problem>,
) -> Option<u32> {
    let origin = match &package.origin {
        Origin::Registry => (0, String::new()),
        Origin::Own => (1, String::new()),
        Origin::Git { url, commit } => (
            2,
            format!("{url}#{}", commit.as_deref().unwrap_or_default()),
        ),
        Origin::Url(url) => (2, url.clone()),
    };
    let identity = Identity {
        ecosystem: package.ecosystem,
        name: package.name,
        version: package.version,
        release: package.release,
        origin,
    };
    let path = &package
        .file
        .as_deref()
        .map_or_else(|| path.clone(), Arc::from);
    let location = Location {
        path: path.clone(),
        line: package.line,
    };
    if let Some(&id) = index.get(&identity) {
        let known = &mut components[id as usize];
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
        return Some(id);
    }
    let purl = if let Some(purl) = package.purl {
        Ok(purl)
    } else {
        let release = identity.release.as_deref();
        identity.ecosystem.purl(
            &identity.name,
            identity.version.as_deref(),
            release,
            &package.qualifiers,
        )
    };
    let purl = match purl {
        Ok(purl) => purl,
        Err(error) => {
            problems.push(Problem {
                path: path.to_string(),
                line: package.line,
                kind: ProblemKind::Unreadable,
                reason: format!("{:?} is no package name: {error}", identity.name),
                hint: None,
            });
            return None;
        }
    };
    let id = components.len() as u32;
    components.push(Component {
        purl,
        ecosystem: identity.ecosystem,
        release: identity.release.clone(),
        name: identity.name.clone(),
        version: identity.version.clone(),
        origin: package.origin,
        direct: package.direct,
        scope: package.scope,
        locations: vec![location],
        hashes: package.hashes,
        licences: package.licences,
        project,
        dependencies: Vec::new(),
        yanked: package.yanked,
    });
    identities.push(identity.clone());
    index.insert(identity, id);
    Some(id)
}
