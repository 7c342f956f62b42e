//! [CycloneDX](https://cyclonedx.org/docs/1.6/json/) in JSON: what a target is made of, and as a VDR what is wrong
//! with it.
//!
//! Written as 1.6. Everything that reads 1.7 reads 1.6 too, while several platforms refuse 1.7 or have only just
//! learned it (Dependency-Track in 2026-07: #6703; trustify #2594 and `DevGuard` #3044 open in 2026-09), and nothing
//! that 1.7 adds is needed here. What is written is valid under both; the tests hold it against both schemas.
//!
//! Decisions that a reader should know:
//!
//! - A package is one component, however many projects have it; `evidence.occurrences` names the places. Its edges
//!   are those of all places together, its `scope` the strongest reason of all.
//! - `scope`: `required` for runtime, `optional` for optional, `excluded` for build, test and development, which the
//!   specification calls non-runtime purposes. The property `stanchion:scope` has the exact word.
//! - Projects and their own packages have no purl, so that nobody looks up advisories for them by a name that a
//!   stranger may hold in a registry; `stanchion:role` is `project` or `own`, and `stanchion:purl` the package's name all the same.
//! - The product needs every project, and a project what it asks for. An indirect dependency of which the files do
//!   not say who needs it hangs on its project too, so that everything is reached from the product;
//!   `stanchion:direct` keeps the truth.
//! - Where the files of a project say nothing about who needs whom, `compositions` says that the edges are unknown;
//!   what could not be read stands in the metadata's `stanchion:problem` and makes the product `incomplete`.
//! - A finding without an advisory's id (a withdrawn version, an unsupported release, a licence that the policy does not
//!   allow) is no vulnerability; it stands as a property of its component.
//! - What decisions, VEX and exceptions say is the vulnerability's `analysis`. Where they say different things
//!   about components, the vulnerability has an entry for each.

mod analysis;
mod parts;
mod ruling;
mod vulnerabilities;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::inventory::{Inventory, Problem, ProblemKind, Project};
use stanchion_model::report::Assessment;

use crate::bill::{Bill, Unit};
use crate::licence::Licences;
use crate::text::uri_path;
use crate::{HOME, Subject, VERSION, identity, to_writer};
use parts::Component;
use vulnerabilities::Vulnerability;

const SPECIFICATION: &str = "1.6";
const SCHEMA: &str = "http://cyclonedx.org/schema/bom-1.6.schema.json";

/// Writes the bill of materials; with an assessment (of the same inventory) also what is wrong with it, which makes
/// the document a VDR ([vulnerability disclosure report](https://cyclonedx.org/capabilities/vdr/)).
pub fn write(
    subject: &Subject<'_>,
    findings: Option<&Assessment>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let bill = Bill::new(subject);
    let refs = Refs::new(&bill, subject.inventory);
    let mut bom = Bom::new(subject, &bill, &refs, findings);
    bom.serial_number = Some(format!("urn:uuid:{}", identity::uuid(&bom)?));
    to_writer(&bom, out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(rename = "bomFormat")]
    format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Dependency<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compositions: Vec<Composition<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<Vec<Vulnerability<'a>>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: &'a str,
    tools: Tools,
    component: Component<'a>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
    external_references: [ExternalReference; 1],
}

#[derive(Serialize)]
struct ExternalReference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize, Clone)]
struct Property {
    name: &'static str,
    value: String,
}

fn property(name: &'static str, value: impl Into<String>) -> Property {
    Property {
        name,
        value: value.into(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
struct Composition<'a> {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assemblies: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<&'a str>,
}

impl<'a> Bom<'a> {
    fn new(
        subject: &Subject<'a>,
        bill: &Bill<'a>,
        refs: &'a Refs,
        findings: Option<&'a Assessment>,
    ) -> Self {
        let mut licences = Licences::default();
        let projects = bill.projects.iter().zip(&refs.projects);
        let mut components: Vec<Component<'a>> = projects
            .map(|(unit, id)| parts::project(bill, unit, id, &mut licences))
            .collect();
        components.extend(parts::all(bill, refs, findings, &mut licences));
        let maker = ExternalReference {
            kind: "website",
            url: HOME.to_owned(),
            comment: None,
        };
        Self {
            schema: SCHEMA,
            format: "CycloneDX",
            spec_version: SPECIFICATION,
            serial_number: None,
            version: 1,
            metadata: Metadata {
                timestamp: subject.stamp,
                tools: Tools {
                    components: [Tool {
                        kind: "application",
                        name: "stanchion",
                        version: VERSION,
                        external_references: [maker],
                    }],
                },
                component: parts::product(bill, &refs.product, &mut licences),
                properties: properties(subject, findings),
            },
            components,
            dependencies: dependencies(bill, refs),
            compositions: compositions(subject, bill, refs),
            vulnerabilities: findings.map(|assessment| vulnerabilities::all(assessment, refs)),
        }
    }
}

/// The `bom-ref` of everything: readable, and the same in every bill of the same target.
struct Refs {
    product: String,
    /// As [`Bill::projects`].
    projects: Vec<String>,
    /// As [`Bill::parts`]; of what is not a project's own, the purl.
    parts: Vec<String>,
}

impl Refs {
    fn new(bill: &Bill<'_>, inventory: &Inventory) -> Self {
        let project = |project: &Project| {
            format!(
                "project:{}",
                uri_path(if project.root.is_empty() {
                    "."
                } else {
                    &project.root
                })
            )
        };
        let root = |index: u32| {
            inventory
                .projects
                .get(index as usize)
                .map_or("", |project| &project.root)
        };
        let mut parts: Vec<String> = bill
            .parts
            .iter()
            .map(|part| match part.own {
                Some(index) => format!("own:{}:{}", uri_path(root(index)), part.purl),
                None => part.purl.clone(),
            })
            .collect();
        for unit in bill.units() {
            if let Some(itself) = unit.itself {
                parts[itself] = project(unit.project);
            }
        }
        Self {
            product: bill
                .product
                .unit
                .as_ref()
                .map_or_else(|| "product".to_owned(), |unit| project(unit.project)),
            projects: bill
                .projects
                .iter()
                .map(|unit| project(unit.project))
                .collect(),
            parts,
        }
    }
}

/// Who needs whom. Every component has its entry, also where it needs nothing: what has none counts as opaque.
fn dependencies<'a>(bill: &Bill<'_>, refs: &'a Refs) -> Vec<Dependency<'a>> {
    // What nothing leads to hangs on its project: consumers lose what they cannot reach from the product.
    let asks = |unit: &Unit<'_>| {
        let mut all: Vec<usize> = unit
            .asks
            .iter()
            .map(|(part, _)| *part)
            .chain(unit.holds.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
            .map(|part| &*refs.parts[part])
            .collect::<Vec<&str>>()
    };
    let mut top: Vec<&str> = refs.projects.iter().map(String::as_str).collect();
    top.extend(bill.product.unit.iter().flat_map(&asks));
    let mut all = vec![Dependency {
        reference: &refs.product,
        depends_on: top,
    }];
    all.extend(
        bill.projects
            .iter()
            .zip(&refs.projects)
            .map(|(unit, id)| Dependency {
                reference: id,
                depends_on: asks(unit),
            }),
    );
    let parts = bill
        .parts
        .iter()
        .zip(&refs.parts)
        .zip(bill.is_listed())
        .filter(|(_, listed)| *listed);
    all.extend(parts.map(|((part, id), _)| Dependency {
        reference: id,
        depends_on: part.needs.iter().map(|need| &*refs.parts[*need]).collect(),
    }));
    all
}

fn compositions<'a>(
    subject: &Subject<'_>,
    bill: &Bill<'_>,
    refs: &'a Refs,
) -> Vec<Composition<'a>> {
    let mut all = Vec::new();
    if subject.problems.iter().any(is_gap) {
        all.push(Composition {
            aggregate: "incomplete",
            assemblies: vec![&refs.product],
            dependencies: Vec::new(),
        });
    }
    let mut known = vec![false; bill.parts.len()];
    for part in bill
        .units()
        .filter(|unit| unit.has_edges)
        .flat_map(|unit| &unit.all)
    {
        known[*part] = true;
    }
    let parts = refs.parts.iter().zip(known).zip(bill.is_listed());
    let unknown: Vec<&str> = parts
        .filter(|((_, known), listed)| !known && *listed)
        .map(|((id, _), _)| id.as_str())
        .collect();
    if !unknown.is_empty() {
        all.push(Composition {
            aggregate: "unknown",
            assemblies: Vec::new(),
            dependencies: unknown,
        });
    }
    all
}

fn properties(subject: &Subject<'_>, findings: Option<&Assessment>) -> Vec<Property> {
    let mut all = vec![property("stanchion:target", &*subject.inventory.target)];
    if let Some(assessment) = findings {
        let database = &assessment.database;
        all.push(property("stanchion:as-of", &*assessment.as_of));
        all.push(property("stanchion:database:kind", &*database.kind));
        all.push(property("stanchion:database:snapshot", &*database.snapshot));
        if let Some(updated) = &database.updated {
            all.push(property("stanchion:database:updated", &**updated));
        }
        if assessment.filtered > 0 {
            all.push(property(
                "stanchion:findings-left-out",
                assessment.filtered.to_string(),
            ));
        }
        all.extend(ruling::verdict(assessment));
    }
    all.extend(
        subject
            .problems
            .iter()
            .map(|problem| property("stanchion:problem", told(problem))),
    );
    all
}

fn told(problem: &Problem) -> String {
    match problem.line {
        Some(line) => format!("{}:{line}: {}", problem.path, problem.reason),
        None => format!("{}: {}", problem.path, problem.reason),
    }
}

/// Whether a problem means that components or edges may be missing.
fn is_gap(problem: &Problem) -> bool {
    matches!(
        problem.kind,
        ProblemKind::Unreadable | ProblemKind::Unresolved
    )
}
