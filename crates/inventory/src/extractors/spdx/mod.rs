//! SPDX 2.2 and 2.3 in JSON: <https://spdx.github.io/spdx-spec/v2.3/>, also as GitHub exports it (below `sbom`).
//!
//! The one package that the document describes is the product: it gives the project its name and is no component
//! of it, unless it is the only package. Where several are described, all are components that the project asks
//! for. Relationships that say who needs whom make edges in their own direction
//! ([list](https://spdx.github.io/spdx-spec/v2.3/relationships-between-SPDX-elements/)); what a product merely
//! contains it may or may not have asked for.

use std::collections::{HashMap, HashSet};

use stanchion_model::inventory::Scope;
use stanchion_syntax::Node;

use super::sbom::{Complaints, Named};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle};

/// Reads SPDX documents.
pub(super) struct Spdx;

static ABOUT: About = About {
    id: "sbom/spdx",
    title: "SPDX JSON, 2.2 and 2.3",
    files: &["*.spdx.json"],
    ecosystem: None,
    specification: "https://spdx.github.io/spdx-spec/v2.3/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: true,
    },
};

impl Extractor for Spdx {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognises(&self, head: &str) -> bool {
        head.contains("\"spdxVersion\"")
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.json(found);
        found.document();
        let wrapped = root.at(&["sbom"]);
        let root = if is_spdx(wrapped) { wrapped } else { &root };
        // SPDX 3 is another format.
        if is_spdx(root) {
            read(root, found);
        } else if root.is_object() {
            found.problem(
                stanchion_model::inventory::ProblemKind::Unreadable,
                root.line,
                "it is no SPDX 2 document: it has no spdxVersion",
            );
        }
    }
}

/// Whether a document is SPDX 2.
pub(super) fn is_spdx(root: &Node<'_>) -> bool {
    root.str("spdxVersion")
        .is_some_and(|version| version.starts_with("SPDX-2"))
}

/// What a relationship says about two packages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// The first needs the second, or the other way round, for this reason.
    Needs(Option<Scope>),
    /// The first holds the second.
    Contains,
    Describes,
}

/// The meaning of a relationship's type, and whether it is written from the second to the first.
fn meaning(kind: &str) -> Option<(Says, bool)> {
    Some(match kind {
        "DEPENDS_ON" | "HAS_PREREQUISITE" | "DYNAMIC_LINK" | "STATIC_LINK" => {
            (Says::Needs(None), false)
        }
        "DEPENDENCY_OF" | "RUNTIME_DEPENDENCY_OF" | "PREREQUISITE_FOR" => (Says::Needs(None), true),
        "DEV_DEPENDENCY_OF" | "DEV_TOOL_OF" => (Says::Needs(Some(Scope::Dev)), true),
        "TEST_DEPENDENCY_OF" | "TEST_TOOL_OF" | "TEST_OF" => (Says::Needs(Some(Scope::Test)), true),
        "BUILD_DEPENDENCY_OF" | "BUILD_TOOL_OF" | "PROVIDED_DEPENDENCY_OF" => {
            (Says::Needs(Some(Scope::Build)), true)
        }
        "OPTIONAL_DEPENDENCY_OF" | "OPTIONAL_COMPONENT_OF" => {
            (Says::Needs(Some(Scope::Optional)), true)
        }
        "CONTAINS" => (Says::Contains, false),
        "CONTAINED_BY" | "PACKAGE_OF" => (Says::Contains, true),
        "DESCRIBES" => (Says::Describes, false),
        "DESCRIBED_BY" => (Says::Describes, true),
        _ => return None,
    })
}

struct Relation<'a> {
    from: &'a str,
    to: &'a str,
    says: Says,
    line: u32,
}

const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// Reads a document that is known to be SPDX 2.
pub(super) fn read(root: &Node<'_>, found: &mut Found) {
    let mut complaints = Complaints::new();
    let packages = root.at(&["packages"]).items();
    let relations = relations(root, &mut complaints, found);
    let mut described: Vec<&str> = root
        .at(&["documentDescribes"])
        .items()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    described.extend(
        relations
            .iter()
            .filter(|it| it.says == Says::Describes && it.from == DOCUMENT)
            .map(|it| it.to),
    );
    described.sort_unstable();
    described.dedup();
    let is_package = |id: &&str| packages.iter().any(|node| node.str("SPDXID") == Some(*id));
    let product = match described.as_slice() {
        [one] if packages.len() > 1 && is_package(one) => Some(*one),
        _ => None,
    };
    let distribution = packages.iter().find_map(|node| {
        let purpose = node.str("primaryPackagePurpose")?;
        let is_system = matches!(purpose, "OPERATING-SYSTEM" | "OPERATING_SYSTEM");
        is_system
            .then(|| Some((node.str("name")?, node.str("versionInfo")?)))
            .flatten()
    });
    let mut handles: HashMap<&str, Option<Handle>> = HashMap::with_capacity(packages.len());
    for node in packages {
        let id = node.str("SPDXID").unwrap_or_default();
        if product == Some(id) {
            found.project(node.str("name"), node.str("versionInfo"));
            handles.insert(id, None);
            continue;
        }
        let purl = purl(node);
        let purpose = node.str("primaryPackagePurpose").unwrap_or_default();
        if purl.is_none() && matches!(purpose, "FILE" | "OPERATING-SYSTEM" | "OPERATING_SYSTEM") {
            handles.insert(id, None);
            continue;
        }
        let Some(name) = node
            .str("name")
            .or(purl)
            .filter(|name| !name.trim().is_empty())
        else {
            let reason = || {
                if node.is_object() {
                    "a package has no name".into()
                } else {
                    format!("{} where a package is expected", node.kind())
                }
            };
            complaints.malformed.tell(node.line, reason, found);
            handles.insert(id, None);
            continue;
        };
        let version = node
            .str("versionInfo")
            .filter(|version| !version.is_empty() && *version != "NOASSERTION");
        let mut package = Named {
            purl,
            name,
            version,
            line: node.line,
        }
        .package(distribution, &mut complaints, found);
        for checksum in node.at(&["checksums"]).items() {
            package = package.hash(
                checksum.str("algorithm").unwrap_or_default(),
                checksum.str("checksumValue").unwrap_or_default(),
            );
        }
        let licence = ["licenseDeclared", "licenseConcluded"]
            .iter()
            .filter_map(|key| node.str(key));
        let licence = licence
            .map(str::trim)
            .find(|licence| !matches!(*licence, "" | "NOASSERTION" | "NONE"));
        package = package.licence(licence.unwrap_or_default());
        let handle = found.add(package);
        if described.len() > 1 && described.binary_search(&id).is_ok() {
            found.declare(handle, Scope::Runtime);
        }
        handles.insert(id, Some(handle));
    }
    relate(root, &relations, product, &handles, &mut complaints, found);
    // Without a product, the document's own name is the only one.
    found.project(root.str("name"), None);
    complaints.finish(found);
}

fn purl<'a>(node: &'a Node<'_>) -> Option<&'a str> {
    let references = node.at(&["externalRefs"]).items().iter();
    let mut purls = references.filter(|it| {
        it.str("referenceType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("purl") || kind.ends_with("/purl"))
    });
    purls
        .find_map(|it| it.str("referenceLocator"))
        .filter(|text| !text.trim().is_empty())
}

fn relations<'a>(
    root: &'a Node<'_>,
    complaints: &mut Complaints,
    found: &mut Found,
) -> Vec<Relation<'a>> {
    let mut all = Vec::new();
    for node in root.at(&["relationships"]).items() {
        let (Some(a), Some(kind), Some(b)) = (
            node.str("spdxElementId"),
            node.str("relationshipType"),
            node.str("relatedSpdxElement"),
        ) else {
            complaints.malformed.tell(
                node.line,
                || "a relationship without its two sides and type".into(),
                found,
            );
            continue;
        };
        let Some((says, turned)) = meaning(kind) else {
            continue;
        };
        let (from, to) = if turned { (b, a) } else { (a, b) };
        all.push(Relation {
            from,
            to,
            says,
            line: node.line,
        });
    }
    all
}

fn relate(
    root: &Node<'_>,
    relations: &[Relation<'_>],
    product: Option<&str>,
    handles: &HashMap<&str, Option<Handle>>,
    complaints: &mut Complaints,
    found: &mut Found,
) {
    let mut files: Option<HashSet<&str>> = None;
    let mut asked = false;
    for relation in relations {
        let Relation {
            from,
            to,
            says,
            line,
        } = *relation;
        if says == Says::Describes || from == DOCUMENT {
            continue;
        }
        for id in [from, to] {
            let elsewhere = matches!(id, "NONE" | "NOASSERTION" | DOCUMENT)
                || id.starts_with("DocumentRef-")
                || handles.contains_key(id);
            if !elsewhere {
                let files = files.get_or_insert_with(|| {
                    let lists = [root.at(&["files"]), root.at(&["snippets"])];
                    lists
                        .iter()
                        .flat_map(|list| list.items())
                        .filter_map(|file| file.str("SPDXID"))
                        .collect()
                });
                if !files.contains(id) {
                    complaints.references.tell(
                        line,
                        || format!("{id:?} is no element of the document"),
                        found,
                    );
                }
            }
        }
        let Some(&Some(target)) = handles.get(to) else {
            continue;
        };
        match (says, handles.get(from)) {
            (Says::Needs(scope), Some(None)) if product == Some(from) => {
                asked = true;
                found.declare(target, scope.unwrap_or(Scope::Runtime));
            }
            // A reason other than running stays with the package: an edge would carry the needing one's reason on.
            (Says::Needs(Some(scope)), Some(Some(_))) => found.package(target).scope = scope,
            (Says::Needs(None) | Says::Contains, Some(&Some(source))) => {
                found.depend(source, target);
            }
            _ => {}
        }
    }
    if asked {
        found.spread_scopes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn relationships_in_both_directions() {
        check(Case {
            folder: "spdx/testdata/product",
            file: "product.spdx.json",
            want: &[
                "generic f 6 runtime direct:no :28 needs:",
                "npm a 1.0.0 runtime direct:yes :8 needs:b 2.0.0 sha256 lic:MIT",
                "npm b 2.0.0 runtime direct:no :20 needs: lic:Apache-2.0",
                "npm c 3 dev direct:yes :22 needs:d 4",
                "npm d 4 dev direct:no :24 needs:",
                "npm e ? test direct:no :26 needs:",
            ],
            problems: &[
                "product.spdx.json:26 e is not pinned (^5.0), so it is not matched",
                "product.spdx.json:28 f has no purl, so it is not matched",
                "product.spdx.json:30 a number where a package is expected",
                "product.spdx.json:41 \"SPDXRef-lost\" is no element of the document",
                "product.spdx.json:44 a relationship without its two sides and type",
            ],
        });
    }

    #[test]
    fn an_image_whose_packages_are_only_contained() {
        check(Case {
            folder: "spdx/testdata/image",
            file: "image.spdx.json",
            want: &["Alpine busybox 1.36.1-r15 runtime direct:? :9 needs:"],
            problems: &[],
        });
    }

    #[test]
    fn the_format_is_told_from_its_first_bytes() {
        assert!(
            Spdx.recognises("{\"SPDXID\": \"SPDXRef-DOCUMENT\",\n\"spdxVersion\": \"SPDX-2.3\"")
        );
        assert!(!Spdx.recognises("{\"name\": \"SPDX\"}"));
    }

    #[test]
    fn nothing_panics() {
        never_panics("spdx/testdata/product/product.spdx.json");
    }
}
