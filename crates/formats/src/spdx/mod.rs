//! [SPDX 2.3](https://spdx.github.io/spdx-spec/v2.3/) in JSON: what a target is made of.
//!
//! - The document describes one package, the product; it contains the projects, and each project depends on what it
//!   asks for. The reason is the relationship: `DEPENDS_ON` for runtime, else `DEV_`, `TEST_`, `BUILD_` or
//!   `OPTIONAL_DEPENDENCY_OF` from the dependency to the project. Between packages it is `DEPENDS_ON`: what a test
//!   tool needs, it needs to run. What nothing that is known leads to, the project `CONTAINS`.
//! - A package is listed once, however many projects have it; `sourceInfo` names the places.
//! - Projects and their own packages carry no purl, so that nobody looks up advisories by a name that a stranger may
//!   hold in a registry.
//! - Several declared licences are joined by `AND`: that holds the user to all of them, which is safe where the source
//!   does not say that they are a choice.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::inventory::{Origin, Scope};

use crate::bill::{Bill, Part, Unit};
use crate::licence::{self, Licence, Licences};
use crate::text::{plain, slug};
use crate::{Subject, VERSION, identity, text, to_writer};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const NOTHING: &str = "NOASSERTION";

/// Most places of one package that are named; the number of the others is given.
const MOST_PLACES: usize = 100;

/// Writes the bill of materials.
pub fn write(subject: &Subject<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bill = Bill::new(subject);
    let ids = Ids::new(&bill, subject);
    let mut document = Document::new(subject, &bill, &ids);
    let name = slug(bill.product.name, 60);
    // The form that the specification gives those without a site of their own (6.5.1).
    document.namespace = Some(format!(
        "https://spdx.org/spdxdocs/{name}-{}",
        identity::uuid(&document)?
    ));
    to_writer(&document, out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    #[serde(rename = "documentNamespace", skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    creation_info: CreationInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    packages: Vec<Package<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedLicence>,
    relationships: Vec<Relationship<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    created: String,
    creators: [String; 1],
    license_list_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'a str>,
    supplier: &'static str,
    download_location: String,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
    primary_package_purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
struct ExternalRef<'a> {
    #[serde(rename = "referenceCategory")]
    category: &'static str,
    #[serde(rename = "referenceType")]
    kind: &'static str,
    #[serde(rename = "referenceLocator")]
    locator: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedLicence {
    license_id: String,
    extracted_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize)]
struct Relationship<'a> {
    #[serde(rename = "spdxElementId")]
    from: &'a str,
    #[serde(rename = "relationshipType")]
    kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    to: &'a str,
}

/// `SPDXID`s: letters, digits, dots and dashes only, so names are shortened and told apart by a digest.
struct Ids {
    product: String,
    projects: Vec<String>,
    parts: Vec<String>,
}

impl Ids {
    fn new(bill: &Bill<'_>, subject: &Subject<'_>) -> Self {
        let make = |what: &str, name: &str, identity: &str| {
            let digest = identity::digest(identity);
            format!("SPDXRef-{what}-{}-{}", slug(name, 60), &digest[..16]).replace("--", "-")
        };
        let project = |unit: &Unit<'_>| make("Project", &unit.project.name, &unit.project.root);
        let root = |index: u32| {
            subject
                .inventory
                .projects
                .get(index as usize)
                .map_or("", |project| &project.root)
        };
        let part = |part: &Part<'_>| {
            let name = part.purl.strip_prefix("pkg:").unwrap_or(&part.purl);
            match part.own {
                Some(index) => make("Own", name, &format!("{}\n{}", root(index), part.purl)),
                None => make("Package", name, &part.purl),
            }
        };
        let mut parts: Vec<String> = bill.parts.iter().map(part).collect();
        for unit in bill.units() {
            if let Some(itself) = unit.itself {
                parts[itself] = project(unit);
            }
        }
        Self {
            product: bill
                .product
                .unit
                .as_ref()
                .map_or_else(|| "SPDXRef-Product".to_owned(), project),
            projects: bill.projects.iter().map(project).collect(),
            parts,
        }
    }
}

impl<'a> Document<'a> {
    fn new(subject: &Subject<'a>, bill: &'a Bill<'a>, ids: &'a Ids) -> Self {
        let mut licences = Declared::default();
        let product = &bill.product;
        let mut packages = vec![application(
            bill,
            product.unit.as_ref(),
            &ids.product,
            product.name,
            product.version,
            &mut licences,
        )];
        packages.extend(bill.projects.iter().zip(&ids.projects).map(|(unit, id)| {
            let project = unit.project;
            let name = if project.name.is_empty() {
                &project.root
            } else {
                &project.name
            };
            application(
                bill,
                Some(unit),
                id,
                name,
                project.version.as_deref(),
                &mut licences,
            )
        }));
        let parts = bill
            .parts
            .iter()
            .zip(&ids.parts)
            .zip(bill.is_listed())
            .filter(|(_, listed)| *listed);
        packages.extend(parts.map(|((part, id), _)| package(part, id, &mut licences)));
        let problems: Vec<String> = subject
            .problems
            .iter()
            .map(|problem| match problem.line {
                Some(line) => format!("{}:{line}: {}", problem.path, problem.reason),
                None => format!("{}: {}", problem.path, problem.reason),
            })
            .collect();
        Self {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: DOCUMENT,
            name: bill.product.name,
            namespace: None,
            creation_info: CreationInfo {
                created: seconds(subject.stamp),
                creators: [format!("Tool: stanchion-{VERSION}")],
                license_list_version: licence::list_version(),
            },
            comment: (!problems.is_empty())
                .then(|| format!("Not read, resolved or matched:\n{}", problems.join("\n"))),
            packages,
            has_extracted_licensing_infos: licences.extracted(),
            relationships: relationships(bill, ids),
        }
    }
}

/// A time without fractions of a second, which the specification has none of (6.9).
fn seconds(stamp: &str) -> String {
    stamp
        .split_once('.')
        .map_or_else(|| stamp.to_owned(), |(whole, _)| format!("{whole}Z"))
}

fn application<'a>(
    bill: &'a Bill<'a>,
    unit: Option<&'a Unit<'a>>,
    id: &'a str,
    name: &'a str,
    version: Option<&'a str>,
    licences: &mut Declared<'a>,
) -> Package<'a> {
    let files = unit
        .map(|unit| unit.project.files.join(", "))
        .filter(|files| !files.is_empty());
    let itself = unit.and_then(|unit| unit.itself).map(|at| &bill.parts[at]);
    Package {
        id,
        name,
        version_info: version.filter(|version| !version.is_empty()),
        supplier: NOTHING,
        download_location: NOTHING.to_owned(),
        files_analyzed: false,
        checksums: Vec::new(),
        source_info: files.map(|files| format!("read from {files}")),
        license_concluded: NOTHING,
        license_declared: licences.expression(&itself.map_or_else(Vec::new, Part::licences)),
        copyright_text: NOTHING,
        comment: None,
        external_refs: Vec::new(),
        primary_package_purpose: "APPLICATION",
    }
}

fn package<'a>(part: &'a Part<'a>, id: &'a str, licences: &mut Declared<'a>) -> Package<'a> {
    let first = part.first();
    let locator = part.own.is_none().then_some(ExternalRef {
        category: "PACKAGE-MANAGER",
        kind: "purl",
        locator: &part.purl,
    });
    let mut comment = format!("scope: {}", part.scope.as_str());
    if let Some(direct) = part.direct {
        comment.push_str(if direct {
            "; direct: yes"
        } else {
            "; direct: no"
        });
    }
    if part.own.is_some() {
        comment.push_str("; the project's own package");
    }
    if part.members.iter().any(|member| member.yanked) {
        comment.push_str("; withdrawn by its author");
    }
    Package {
        id,
        name: &first.name,
        version_info: first
            .version
            .as_deref()
            .filter(|version| !version.is_empty()),
        supplier: NOTHING,
        download_location: part
            .origins()
            .into_iter()
            .find_map(location)
            .unwrap_or_else(|| NOTHING.to_owned()),
        files_analyzed: false,
        checksums: part
            .hashes()
            .into_iter()
            .map(|(name, hex)| Checksum {
                algorithm: algorithm(name),
                checksum_value: hex,
            })
            .collect(),
        source_info: places(part),
        license_concluded: NOTHING,
        license_declared: licences.expression(&part.licences()),
        copyright_text: NOTHING,
        comment: Some(comment),
        external_refs: locator.into_iter().collect(),
        primary_package_purpose: "LIBRARY",
    }
}

/// SPDX writes CycloneDX's `SHA-512` as `SHA512`, and the others as they are.
fn algorithm(name: &'static str) -> &'static str {
    match name {
        "SHA-1" => "SHA1",
        "SHA-256" => "SHA256",
        "SHA-384" => "SHA384",
        "SHA-512" => "SHA512",
        other => other,
    }
}

fn places(part: &Part<'_>) -> Option<String> {
    let places = part.places();
    let more = places.len().saturating_sub(MOST_PLACES);
    let mut told: Vec<String> = places
        .into_iter()
        .take(MOST_PLACES)
        .map(|(path, line)| line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}")))
        .collect();
    if more > 0 {
        told.push(format!("and {more} more places"));
    }
    (!told.is_empty()).then(|| format!("named in {}", told.join(", ")))
}

/// A download location ([7.7](https://spdx.github.io/spdx-spec/v2.3/package-information/#77-package-download-location-field)).
fn location(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Registry | Origin::Own => None,
        Origin::Url(url) => text::download(url),
        Origin::Git { url, commit } => {
            let address = text::repository(url)?;
            let address = address.split('#').next().unwrap_or_default();
            let revision = commit
                .as_deref()
                .filter(|commit| commit.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            Some(match revision {
                Some(commit) => format!("git+{address}@{commit}"),
                None => format!("git+{address}"),
            })
        }
    }
}

fn relationships<'a>(bill: &Bill<'_>, ids: &'a Ids) -> Vec<Relationship<'a>> {
    let mut all = Vec::new();
    let mut relate = |from: &'a str, kind: &'static str, to: &'a str| {
        all.push(Relationship { from, kind, to });
    };
    relate(DOCUMENT, "DESCRIBES", &ids.product);
    for id in &ids.projects {
        relate(&ids.product, "CONTAINS", id);
    }
    let projects = bill.projects.iter().zip(&ids.projects);
    for (unit, id) in bill
        .product
        .unit
        .iter()
        .map(|unit| (unit, &ids.product))
        .chain(projects)
    {
        for (at, scope) in &unit.asks {
            let part = &ids.parts[*at];
            if bill.parts[*at].own.is_some() {
                relate(id, "CONTAINS", part);
                continue;
            }
            match scope {
                Scope::Runtime => relate(id, "DEPENDS_ON", part),
                Scope::Optional => relate(part, "OPTIONAL_DEPENDENCY_OF", id),
                Scope::Build => relate(part, "BUILD_DEPENDENCY_OF", id),
                Scope::Test => relate(part, "TEST_DEPENDENCY_OF", id),
                Scope::Dev => relate(part, "DEV_DEPENDENCY_OF", id),
            }
        }
        for at in &unit.holds {
            relate(id, "CONTAINS", &ids.parts[*at]);
        }
    }
    for ((part, id), listed) in bill.parts.iter().zip(&ids.parts).zip(bill.is_listed()) {
        // The needs of a project stand among what it asks for.
        for need in part.needs.iter().filter(|_| listed) {
            relate(id, "DEPENDS_ON", &ids.parts[*need]);
        }
    }
    all
}

/// Declared licences as expressions, and the definition of every `LicenseRef-` that they hold.
#[derive(Default)]
struct Declared<'a> {
    licences: Licences<'a>,
    /// By id: the text, and the name where it is more than the id.
    references: BTreeMap<String, Option<String>>,
}

impl<'a> Declared<'a> {
    fn expression(&mut self, declared: &[&'a str]) -> String {
        let mut terms = Vec::new();
        for text in declared {
            match self.licences.read(text) {
                None => {}
                Some(Licence::Id(id)) => terms.push((*id).to_owned()),
                Some(Licence::Expression { text, references }) => {
                    for id in references {
                        self.references.entry(id.clone()).or_insert(None);
                    }
                    terms.push(text.clone());
                }
                Some(Licence::Name(name)) => {
                    let digest = identity::digest(name);
                    let id = format!("LicenseRef-stanchion-{}-{}", slug(name, 40), &digest[..8])
                        .replace("--", "-");
                    self.references.insert(id.clone(), Some(name.clone()));
                    terms.push(id);
                }
            }
        }
        if let [one] = terms.as_mut_slice() {
            return std::mem::take(one);
        }
        if terms.is_empty() {
            return NOTHING.to_owned();
        }
        let enclosed = terms.into_iter().map(|term| {
            if term.contains(' ') {
                format!("({term})")
            } else {
                term
            }
        });
        enclosed.collect::<Vec<_>>().join(" AND ")
    }

    fn extracted(self) -> Vec<ExtractedLicence> {
        let references = self.references.into_iter();
        references
            .map(|(license_id, name)| match name {
                Some(name) => ExtractedLicence {
                    license_id,
                    extracted_text: name.clone(),
                    name: Some(plain(&name).into_owned()),
                },
                None => ExtractedLicence {
                    extracted_text: format!(
                        "The package declares {license_id}; its text is not known here."
                    ),
                    license_id,
                    name: None,
                },
            })
            .collect()
    }
}
