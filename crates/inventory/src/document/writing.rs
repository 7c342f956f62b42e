//! Writes the document.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::Serializer;
use stanchion_model::inventory::{Component, Fact, Inventory, Location, Origin, Problem, Project};
use stanchion_model::purl::Purl;

use super::rules::Rules;
use super::wire::{self, At};
use super::{DocumentError, SCHEMA, row};

/// Numbers of the paths of places.
type Numbers<'a> = HashMap<&'a str, u32>;

/// The whole, in the order in which it is written.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    target: &'a str,
    files: usize,
    paths: Vec<&'a str>,
    projects: Rows<'a, Project>,
    components: Rows<'a, Component>,
    #[serde(skip_serializing_if = "Rows::is_empty")]
    facts: Rows<'a, Fact>,
    #[serde(skip_serializing_if = "Rows::is_empty")]
    problems: Rows<'a, Problem>,
}

struct Rows<'a, T> {
    rows: &'a [T],
    numbers: &'a Numbers<'a>,
}

impl<T> Rows<'_, T> {
    const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What stands in the document for a row of the inventory.
trait Row {
    type Wire<'a>: Serialize
    where
        Self: 'a;

    fn wire<'a>(&'a self, numbers: &Numbers<'_>) -> Self::Wire<'a>;
}

impl<T: Row> Serialize for Rows<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| row.wire(self.numbers)))
    }
}

/// Writes a document, one line with a line break at its end. The same inventory gives the same bytes.
///
/// # Errors
/// When writing fails, and as [`io::ErrorKind::InvalidInput`] with a [`DocumentError`] when the inventory holds more
/// than a document may, or is not one that [`read`](super::read) would read back as it is.
pub fn write(inventory: &Inventory, out: &mut impl Write) -> io::Result<()> {
    Rules::hold(inventory)
        .and_then(|()| purls(inventory))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let places = inventory
        .components
        .iter()
        .flat_map(|component| &component.locations)
        .chain(inventory.facts.iter().map(|fact| &fact.location));
    let paths: Vec<&str> = places
        .map(|place| &*place.path)
        .collect::<BTreeSet<&str>>()
        .into_iter()
        .collect();
    let numbers: Numbers<'_> = paths.iter().copied().zip(0..).collect();
    let numbers = &numbers;
    let document = Document {
        schema: SCHEMA,
        target: &inventory.target,
        files: inventory.files,
        paths,
        projects: Rows {
            rows: &inventory.projects,
            numbers,
        },
        components: Rows {
            rows: &inventory.components,
            numbers,
        },
        facts: Rows {
            rows: &inventory.facts,
            numbers,
        },
        problems: Rows {
            rows: &inventory.problems,
            numbers,
        },
    };
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer(&mut out, &document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A purl of parts that are long and full of escapes is longer as a text than what is read as one.
fn purls(inventory: &Inventory) -> Result<(), DocumentError> {
    for (number, component) in inventory.components.iter().enumerate() {
        let same = Purl::parse_lenient(&component.purl.to_string())
            .is_ok_and(|purl| purl == component.purl);
        if !same {
            return Err(row(
                "component",
                number,
                "its purl cannot be read again; it is too long, or made to mislead",
            ));
        }
    }
    Ok(())
}

fn at(place: &Location, numbers: &Numbers<'_>) -> At {
    At {
        // Every path of a place is in the table.
        path: numbers.get(&*place.path).copied().unwrap_or_default(),
        line: place.line,
    }
}

fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn optional(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

impl Row for Project {
    type Wire<'a> = wire::Project<'a>;

    fn wire<'a>(&'a self, _: &Numbers<'_>) -> wire::Project<'a> {
        wire::Project {
            root: text(&self.root),
            name: text(&self.name),
            version: optional(self.version.as_ref()),
            files: self.files.iter().map(|file| text(file)).collect(),
        }
    }
}

impl Row for Component {
    type Wire<'a> = wire::Component<'a>;

    fn wire<'a>(&'a self, numbers: &Numbers<'_>) -> wire::Component<'a> {
        wire::Component {
            purl: Cow::Owned(self.purl.to_string()),
            ecosystem: text(self.ecosystem.name()),
            release: optional(self.release.as_ref()),
            name: text(&self.name),
            version: optional(self.version.as_ref()),
            origin: (self.origin != Origin::Registry).then(|| self.origin.clone()),
            direct: self.direct,
            scope: self.scope,
            project: self.project,
            locations: self
                .locations
                .iter()
                .map(|place| at(place, numbers))
                .collect(),
            hashes: self
                .hashes
                .iter()
                .map(|hash| Cow::Owned(format!("{}:{}", hash.algorithm.as_str(), hash.hex)))
                .collect(),
            licences: self.licences.iter().map(|licence| text(licence)).collect(),
            dependencies: self.dependencies.iter().copied().collect(),
            yanked: self.yanked,
        }
    }
}

impl Row for Fact {
    type Wire<'a> = wire::Fact<'a>;

    fn wire<'a>(&'a self, numbers: &Numbers<'_>) -> wire::Fact<'a> {
        wire::Fact {
            kind: text(&self.kind),
            value: text(&self.value),
            location: at(&self.location, numbers),
        }
    }
}

impl Row for Problem {
    type Wire<'a> = wire::Problem<'a>;

    fn wire<'a>(&'a self, _: &Numbers<'_>) -> wire::Problem<'a> {
        wire::Problem {
            path: text(&self.path),
            line: self.line,
            kind: self.kind,
            reason: text(&self.reason),
            hint: optional(self.hint.as_ref()),
        }
    }
}
