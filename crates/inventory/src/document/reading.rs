//! Reads the document, from anybody.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use stanchion_model::Ecosystem;
use stanchion_model::inventory::{
    Algorithm, Component, Fact, Hash, Inventory, Location, Origin, Problem, Project,
};
use stanchion_model::purl::Purl;
use stanchion_model::text::quoted;

use super::rules::{self, Rules};
use super::wire::{self, At, Head, Whole};
use super::{DocumentError, MOST_BYTES, SCHEMA, row};

/// Longest message of another crate that is passed on: it may quote the document.
const MOST_MESSAGE: usize = 300;

/// Reads a document.
///
/// # Errors
/// When it is too large, no JSON, of another schema, or does not keep to the rules of this module's documentation.
pub fn read(bytes: &[u8]) -> Result<Inventory, DocumentError> {
    if bytes.len() > MOST_BYTES {
        return Err(DocumentError::TooLarge { size: bytes.len() });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| DocumentError::Form(format!("it is not UTF-8: {error}")))?;
    let head: Head<'_> = parse(text).map_err(DocumentError::Form)?;
    match head.schema {
        Some(found) if found == SCHEMA => {}
        found => {
            return Err(DocumentError::Schema {
                found: cut(&found.unwrap_or_default()),
            });
        }
    }
    let whole: Whole<'_> = parse(text).map_err(DocumentError::Form)?;
    rules::target(&whole.target)?;
    let files = usize::try_from(whole.files)
        .map_err(|_| DocumentError::Form("`files` is too large a number".into()))?;
    let mut inventory = Inventory {
        target: whole.target,
        files,
        ..Inventory::default()
    };
    let mut rules = Rules::default();
    let paths = paths(whole.paths.0)?;
    inventory.projects.reserve_exact(whole.projects.0.len());
    for (number, raw) in whole.projects.0.into_iter().enumerate() {
        let project = project(part("project", number, raw)?);
        rules.project(number, &project, inventory.projects.last())?;
        inventory.projects.push(project);
    }
    inventory.components.reserve_exact(whole.components.0.len());
    for (number, raw) in whole.components.0.into_iter().enumerate() {
        let component = component(part("component", number, raw)?, &paths)
            .map_err(|reason| row("component", number, reason))?;
        rules.component(
            number,
            &component,
            inventory.components.last(),
            inventory.projects.len(),
        )?;
        inventory.components.push(component);
    }
    rules::edges(&inventory.components)?;
    for (number, raw) in whole.facts.0.into_iter().enumerate() {
        let fact = fact(part("fact", number, raw)?, &paths)
            .map_err(|reason| row("fact", number, reason))?;
        rules::fact(number, &fact, inventory.facts.last())?;
        inventory.facts.push(fact);
    }
    for (number, raw) in whole.problems.0.into_iter().enumerate() {
        let problem = problem(part("problem", number, raw)?);
        rules::problem(number, &problem, inventory.problems.last())?;
        inventory.problems.push(problem);
    }
    Ok(inventory)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| cut(&error.to_string()))
}

fn part<'a, T: Deserialize<'a>>(
    what: &'static str,
    number: usize,
    raw: &'a RawValue,
) -> Result<T, DocumentError> {
    parse(raw.get()).map_err(|reason| row(what, number, reason))
}

/// A text that may quote the document, short and harmless.
fn cut(text: &str) -> String {
    quoted(text, MOST_MESSAGE)
}

fn paths(texts: Vec<String>) -> Result<Vec<Arc<str>>, DocumentError> {
    let mut paths: Vec<Arc<str>> = Vec::with_capacity(texts.len());
    for (number, text) in texts.into_iter().enumerate() {
        rules::path(number, &text, paths.last().map(|path| &**path))?;
        paths.push(text.into());
    }
    Ok(paths)
}

fn place(at: At, paths: &[Arc<str>]) -> Result<Location, String> {
    let path = paths
        .get(at.path as usize)
        .ok_or_else(|| format!("there is no path {}", at.path))?;
    Ok(Location {
        path: path.clone(),
        line: at.line,
    })
}

fn project(wire: wire::Project<'_>) -> Project {
    Project {
        root: wire.root.into_owned(),
        name: wire.name.into_owned(),
        version: wire.version.map(Cow::into_owned),
        files: wire.files.0.into_iter().map(Cow::into_owned).collect(),
    }
}

fn component(wire: wire::Component<'_>, paths: &[Arc<str>]) -> Result<Component, String> {
    // What a document of the same version may name: leniently, as our own purls may come from such documents.
    let purl =
        Purl::parse_lenient(&wire.purl).map_err(|error| cut(&format!("its purl: {error}")))?;
    let ecosystem = Ecosystem::from_word(&wire.ecosystem)
        .filter(|ecosystem| ecosystem.name() == wire.ecosystem)
        .ok_or_else(|| cut(&format!("{:?} is no ecosystem", wire.ecosystem)))?;
    let mut hashes = Vec::with_capacity(wire.hashes.0.len());
    for text in &wire.hashes.0 {
        hashes.push(hash(text).ok_or_else(|| cut(&format!("{text:?} is no hash")))?);
    }
    let mut locations = Vec::with_capacity(wire.locations.0.len());
    for at in wire.locations.0 {
        locations.push(place(at, paths)?);
    }
    Ok(Component {
        purl,
        ecosystem,
        release: wire.release.map(Cow::into_owned),
        name: wire.name.into_owned(),
        version: wire.version.map(Cow::into_owned),
        origin: wire.origin.unwrap_or(Origin::Registry),
        direct: wire.direct,
        scope: wire.scope,
        locations,
        hashes,
        licences: wire.licences.0.into_iter().map(Cow::into_owned).collect(),
        project: wire.project,
        dependencies: wire.dependencies.0,
        yanked: wire.yanked,
    })
}

/// `SHA-512:HEX`, the algorithm by the one name that is written.
fn hash(text: &str) -> Option<Hash> {
    let (name, hex) = text.split_once(':')?;
    let algorithm = Algorithm::from_word(name).filter(|algorithm| algorithm.as_str() == name)?;
    Some(Hash {
        algorithm,
        hex: hex.to_owned(),
    })
}

fn fact(wire: wire::Fact<'_>, paths: &[Arc<str>]) -> Result<Fact, String> {
    Ok(Fact {
        kind: wire.kind.into_owned(),
        value: wire.value.into_owned(),
        location: place(wire.location, paths)?,
    })
}

fn problem(wire: wire::Problem<'_>) -> Problem {
    Problem {
        path: wire.path.into_owned(),
        line: wire.line,
        kind: wire.kind,
        reason: wire.reason.into_owned(),
        hint: wire.hint.map(Cow::into_owned),
    }
}
