//! What every document keeps to, whether it is read or written: bounds, order, and numbers that point at something.

use stanchion_model::inventory::{Component, Fact, Inventory, Origin, Problem, Project};

use super::{
    DocumentError, MOST_ALL_PARTS, MOST_COMPONENTS, MOST_EDGES, MOST_PARTS, MOST_ROWS, MOST_TEXT,
    row,
};
use crate::assemble::compare;

/// How much there is so far.
#[derive(Default)]
pub(super) struct Rules {
    parts: usize,
    edges: usize,
}

impl Rules {
    /// Holds a whole inventory against all of them.
    pub(super) fn hold(inventory: &Inventory) -> Result<(), DocumentError> {
        for (what, count, most) in [
            ("components", inventory.components.len(), MOST_COMPONENTS),
            ("projects", inventory.projects.len(), MOST_ROWS),
            ("facts", inventory.facts.len(), MOST_ROWS),
            ("problems", inventory.problems.len(), MOST_ROWS),
        ] {
            if count > most {
                return Err(DocumentError::TooMany { what, most });
            }
        }
        let mut rules = Self::default();
        target(&inventory.target)?;
        for (number, project) in inventory.projects.iter().enumerate() {
            let before = number.checked_sub(1).map(|at| &inventory.projects[at]);
            rules.project(number, project, before)?;
        }
        for (number, component) in inventory.components.iter().enumerate() {
            let before = number.checked_sub(1).map(|at| &inventory.components[at]);
            rules.component(number, component, before, inventory.projects.len())?;
        }
        edges(&inventory.components)?;
        for (number, fact) in inventory.facts.iter().enumerate() {
            let before = number.checked_sub(1).map(|at| &inventory.facts[at]);
            self::fact(number, fact, before)?;
        }
        for (number, problem) in inventory.problems.iter().enumerate() {
            let before = number.checked_sub(1).map(|at| &inventory.problems[at]);
            self::problem(number, problem, before)?;
        }
        Ok(())
    }

    /// A project, after the one before it.
    pub(super) fn project(
        &mut self,
        number: usize,
        project: &Project,
        before: Option<&Project>,
    ) -> Result<(), DocumentError> {
        let wrong = |reason: &str| row("project", number, reason);
        self.parts(project.files.len())?;
        let texts = [&project.root, &project.name]
            .into_iter()
            .chain(&project.version)
            .chain(&project.files);
        short(texts.map(String::as_str)).map_err(|reason| wrong(&reason))?;
        if project.files.len() > MOST_PARTS {
            return Err(wrong(&format!("it has more than {MOST_PARTS} files")));
        }
        if !ascends(&project.files) {
            return Err(wrong("its files are not in order, each once"));
        }
        if before.is_some_and(|before| before.root >= project.root) {
            return Err(wrong("projects are not in order of their roots, each once"));
        }
        Ok(())
    }

    /// A component, after the one before it. What it needs is looked at by [`edges`], once all are there.
    pub(super) fn component(
        &mut self,
        number: usize,
        component: &Component,
        before: Option<&Component>,
        projects: usize,
    ) -> Result<(), DocumentError> {
        let wrong = |reason: &str| row("component", number, reason);
        self.edges += component.dependencies.len();
        if self.edges > MOST_EDGES {
            return Err(DocumentError::TooMany {
                what: "relations between components",
                most: MOST_EDGES,
            });
        }
        for (what, count) in [
            ("places", component.locations.len()),
            ("hashes", component.hashes.len()),
            ("licences", component.licences.len()),
        ] {
            self.parts(count)?;
            if count > MOST_PARTS {
                return Err(wrong(&format!("it has more than {MOST_PARTS} {what}")));
            }
        }
        let (address, commit) = match &component.origin {
            Origin::Registry | Origin::Own => (None, None),
            Origin::Git { url, commit } => (Some(url), commit.as_ref()),
            Origin::Url(url) => (Some(url), None),
        };
        let texts = [&component.name]
            .into_iter()
            .chain(address)
            .chain(commit)
            .chain(&component.release)
            .chain(&component.version)
            .chain(&component.licences);
        short(texts.map(String::as_str)).map_err(|reason| wrong(&reason))?;
        if component.name.is_empty() {
            return Err(wrong("it has no name"));
        }
        if component.project as usize >= projects {
            return Err(wrong(&format!("there is no project {}", component.project)));
        }
        if component.locations.is_empty() {
            return Err(wrong("it has no place"));
        }
        if !ascends(&component.locations) {
            return Err(wrong("its places are not in order, each once"));
        }
        if !ascends(&component.hashes) {
            return Err(wrong("its hashes are not in order, each once"));
        }
        let good = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if component
            .hashes
            .iter()
            .any(|hash| hash.hex.len() != hash.algorithm.size() * 2 || !hash.hex.bytes().all(good))
        {
            return Err(wrong(
                "a hash is not as long as its algorithm gives, in lower-case hexadecimal",
            ));
        }
        if let Some(before) = before {
            let order = before
                .project
                .cmp(&component.project)
                .then_with(|| compare(before, component));
            if order.is_ge() {
                return Err(wrong(
                    "components are not in order of project, ecosystem, name and version, each once",
                ));
            }
        }
        Ok(())
    }

    fn parts(&mut self, more: usize) -> Result<(), DocumentError> {
        self.parts += more;
        if self.parts > MOST_ALL_PARTS {
            return Err(DocumentError::TooMany {
                what: "places, hashes, licences and files",
                most: MOST_ALL_PARTS,
            });
        }
        Ok(())
    }
}

/// What components need: others of their own project, in order. Shortest paths are looked for project by project.
pub(super) fn edges(components: &[Component]) -> Result<(), DocumentError> {
    for (number, component) in components.iter().enumerate() {
        let wrong = |reason: String| row("component", number, reason);
        if !ascends(&component.dependencies) {
            return Err(wrong("what it needs is not in order, each once".into()));
        }
        for id in &component.dependencies {
            match components.get(*id as usize) {
                None => {
                    return Err(wrong(format!(
                        "it needs {id}, and there is no such component"
                    )));
                }
                Some(_) if *id as usize == number => {
                    return Err(wrong("it needs itself".into()));
                }
                Some(other) if other.project != component.project => {
                    return Err(wrong(format!("it needs {id}, which is in another project")));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// A fact, after the one before it.
pub(super) fn fact(number: usize, fact: &Fact, before: Option<&Fact>) -> Result<(), DocumentError> {
    short([fact.kind.as_str(), fact.value.as_str()].into_iter())
        .map_err(|reason| row("fact", number, reason))?;
    if before.is_some_and(|before| before >= fact) {
        return Err(row("fact", number, "facts are not in order, each once"));
    }
    Ok(())
}

/// A problem, after the one before it.
pub(super) fn problem(
    number: usize,
    problem: &Problem,
    before: Option<&Problem>,
) -> Result<(), DocumentError> {
    let texts = [&problem.path, &problem.reason]
        .into_iter()
        .chain(&problem.hint);
    short(texts.map(String::as_str)).map_err(|reason| row("problem", number, reason))?;
    if before.is_some_and(|before| before >= problem) {
        return Err(row(
            "problem",
            number,
            "problems are not in order, each once",
        ));
    }
    Ok(())
}

/// The target's name.
pub(super) fn target(text: &str) -> Result<(), DocumentError> {
    short([text].into_iter()).map_err(|reason| DocumentError::Form(format!("`target`: {reason}")))
}

/// Paths of places.
pub(super) fn path(number: usize, path: &str, before: Option<&str>) -> Result<(), DocumentError> {
    short([path].into_iter()).map_err(|reason| row("path", number, reason))?;
    if before.is_some_and(|before| before >= path) {
        return Err(row("path", number, "paths are not in order, each once"));
    }
    Ok(())
}

fn short<'t>(mut texts: impl Iterator<Item = &'t str>) -> Result<(), String> {
    if texts.any(|text| text.len() > MOST_TEXT) {
        return Err(format!("a text of it has more than {MOST_TEXT} bytes"));
    }
    Ok(())
}

fn ascends<T: Ord>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
}
