//! Components.

use std::collections::HashMap;

use serde::Serialize;
use stanchion_model::Ecosystem;
use stanchion_model::finding::{Finding, Kind};
use stanchion_model::inventory::{Origin, Project, Scope};
use stanchion_model::report::Assessment;

use super::{ExternalReference, Property, Refs, property};
use crate::bill::{Bill, Part, Unit};
use crate::licence::{Licence, Licences};
use crate::text;

/// Longest version that the schema allows, in characters.
const LONGEST_VERSION: usize = 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenceChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<ExternalReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

/// Either of the two forms of the schema's `licenseChoice`.
#[derive(Serialize)]
#[serde(untagged)]
enum LicenceChoice {
    Single {
        license: SingleLicence,
    },
    Expression {
        expression: String,
        acknowledgement: &'static str,
    },
}

/// Either an id of the SPDX list or a name.
#[derive(Serialize)]
struct SingleLicence {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    acknowledgement: &'static str,
}

/// By the maker, as opposed to what somebody concluded from looking.
const DECLARED: &str = "declared";

#[derive(Serialize)]
struct Evidence<'a> {
    occurrences: Vec<Occurrence<'a>>,
}

#[derive(Serialize)]
struct Occurrence<'a> {
    location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl<'a> Component<'a> {
    fn new(kind: &'static str, bom_ref: &'a str, name: &'a str, version: Option<&'a str>) -> Self {
        let mut properties = Vec::new();
        let version = version.filter(|version| !version.is_empty());
        let fits = version.filter(|version| version.chars().nth(LONGEST_VERSION).is_none());
        if let (Some(version), None) = (version, fits) {
            properties.push(property("stanchion:version", version));
        }
        Self {
            kind,
            bom_ref,
            group: None,
            name,
            version: fits,
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
            external_references: Vec::new(),
            evidence: None,
            properties,
        }
    }

    /// Parts a scope or a group from the name, where the ecosystem has them.
    fn split_name(&mut self, ecosystem: Ecosystem, full: &'a str) {
        let split = match ecosystem {
            Ecosystem::Npm if full.starts_with('@') => full.split_once('/'),
            Ecosystem::Maven => full.split_once(':'),
            _ => None,
        };
        if let Some((group, name)) =
            split.filter(|(group, name)| !group.is_empty() && !name.is_empty())
        {
            self.group = Some(group);
            self.name = name;
        }
    }
}

/// What the bill is about.
pub(super) fn product<'a>(
    bill: &Bill<'a>,
    bom_ref: &'a str,
    licences: &mut Licences<'a>,
) -> Component<'a> {
    let product = &bill.product;
    let Some(unit) = &product.unit else {
        return Component::new("application", bom_ref, product.name, product.version);
    };
    let mut component = application(bill, unit, bom_ref, licences);
    if component.group.is_none() {
        component.name = product.name;
    }
    component
}

/// A project other than the product.
pub(super) fn project<'a>(
    bill: &Bill<'a>,
    unit: &Unit<'a>,
    bom_ref: &'a str,
    licences: &mut Licences<'a>,
) -> Component<'a> {
    let mut component = application(bill, unit, bom_ref, licences);
    component
        .properties
        .insert(0, property("stanchion:role", "project"));
    component
}

fn application<'a>(
    bill: &Bill<'a>,
    unit: &Unit<'a>,
    bom_ref: &'a str,
    licences: &mut Licences<'a>,
) -> Component<'a> {
    let project = unit.project;
    let name = if project.name.is_empty() {
        &project.root
    } else {
        &project.name
    };
    let mut component = Component::new("application", bom_ref, name, project.version.as_deref());
    component.properties.extend(places_of(project));
    if let Some(part) = unit.itself.map(|at| &bill.parts[at]) {
        component.split_name(part.first().ecosystem, &part.first().name);
        component.licenses = choices(&part.licences(), licences);
        component.evidence = evidence(part);
        component
            .properties
            .push(property("stanchion:purl", &*part.purl));
    }
    component
}

fn places_of(project: &Project) -> impl Iterator<Item = Property> {
    let root = if project.root.is_empty() {
        "."
    } else {
        &project.root
    };
    let files = project
        .files
        .iter()
        .map(|file| property("stanchion:file", &**file));
    std::iter::once(property("stanchion:path", root)).chain(files)
}

/// All parts of the bill, in its order.
pub(super) fn all<'a>(
    bill: &Bill<'a>,
    refs: &'a Refs,
    findings: Option<&'a Assessment>,
    licences: &mut Licences<'a>,
) -> Vec<Component<'a>> {
    let mut notes: HashMap<String, Vec<&'a Finding>> = HashMap::new();
    for finding in findings
        .into_iter()
        .flat_map(|assessment| &assessment.findings)
    {
        if !super::vulnerabilities::is_told(finding) {
            notes
                .entry(finding.component.purl.to_string())
                .or_default()
                .push(finding);
        }
    }
    let parts = bill
        .parts
        .iter()
        .zip(&refs.parts)
        .zip(bill.is_listed())
        .filter(|(_, listed)| *listed);
    parts
        .map(|((part, bom_ref), _)| {
            let notes = if part.own.is_none() {
                notes.get(&part.purl).map_or(&[][..], Vec::as_slice)
            } else {
                &[]
            };
            component(part, bom_ref, notes, licences)
        })
        .collect()
}

fn component<'a>(
    part: &Part<'a>,
    bom_ref: &'a str,
    notes: &[&Finding],
    licences: &mut Licences<'a>,
) -> Component<'a> {
    let first = part.first();
    let mut component = Component::new("library", bom_ref, &first.name, first.version.as_deref());
    component.split_name(first.ecosystem, &first.name);
    component.scope = Some(match part.scope {
        Scope::Runtime => "required",
        Scope::Optional => "optional",
        Scope::Build | Scope::Test | Scope::Dev => "excluded",
    });
    component.hashes = part
        .hashes()
        .into_iter()
        .map(|(alg, content)| Hash { alg, content })
        .collect();
    component.licenses = choices(&part.licences(), licences);
    component.external_references = part.origins().into_iter().filter_map(reference).collect();
    component.evidence = evidence(part);
    let properties = &mut component.properties;
    if part.own.is_some() {
        properties.push(property("stanchion:role", "own"));
        properties.push(property("stanchion:purl", &*part.purl));
    } else {
        component.purl = Some(part.purl.clone());
    }
    properties.push(property("stanchion:scope", part.scope.as_str()));
    if let Some(direct) = part.direct {
        properties.push(property(
            "stanchion:direct",
            if direct { "true" } else { "false" },
        ));
    }
    if part.members.iter().any(|member| member.yanked) {
        properties.push(property("stanchion:yanked", "true"));
    }
    for finding in notes {
        let name = match finding.kind {
            // Said already.
            Kind::Yanked => continue,
            Kind::EndOfLife => "stanchion:end-of-life",
            _ => "stanchion:finding",
        };
        let value = match (finding.kind, &finding.rule) {
            (Kind::Licence | Kind::Check, Some(rule)) => format!("{rule}: {}", finding.title),
            _ => finding.title.clone(),
        };
        // The same holds in every project that has the component.
        if !properties
            .iter()
            .any(|known| known.name == name && known.value == value)
        {
            properties.push(property(name, value));
        }
    }
    component
}

fn evidence<'a>(part: &Part<'a>) -> Option<Evidence<'a>> {
    let occurrences: Vec<_> = part
        .places()
        .into_iter()
        .map(|(location, line)| Occurrence { location, line })
        .collect();
    (!occurrences.is_empty()).then_some(Evidence { occurrences })
}

/// One expression alone, or any number of ids and names: 1.6 knows no mixture.
fn choices<'a>(declared: &[&'a str], licences: &mut Licences<'a>) -> Vec<LicenceChoice> {
    let read: Vec<Licence> = declared
        .iter()
        .filter_map(|text| licences.read(text).cloned())
        .collect();
    match <[Licence; 1]>::try_from(read) {
        Ok([Licence::Expression { text, .. }]) => vec![LicenceChoice::Expression {
            expression: text,
            acknowledgement: DECLARED,
        }],
        Ok([one]) => vec![named(one)],
        Err(several) => several.into_iter().map(named).collect(),
    }
}

fn named(licence: Licence) -> LicenceChoice {
    let (id, name) = match licence {
        Licence::Id(id) => (Some(id), None),
        Licence::Expression { text, .. } | Licence::Name(text) => (None, Some(text)),
    };
    LicenceChoice::Single {
        license: SingleLicence {
            id,
            name,
            acknowledgement: DECLARED,
        },
    }
}

fn reference(origin: &Origin) -> Option<ExternalReference> {
    match origin {
        Origin::Registry | Origin::Own => None,
        Origin::Git { url, commit } => Some(ExternalReference {
            kind: "vcs",
            url: text::repository(url)?,
            comment: commit.as_ref().map(|commit| format!("commit {commit}")),
        }),
        Origin::Url(url) => Some(ExternalReference {
            kind: "distribution",
            url: text::download(url)?,
            comment: None,
        }),
    }
}
