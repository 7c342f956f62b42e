//! CycloneDX in JSON, 1.2 to 1.7: <https://cyclonedx.org/docs/1.7/json/>.
//!
//! A document speaks of a product of its own, `metadata.component`, which gives the project its name and is no
//! component of it, unless it is the only thing the document names and no vulnerability is told of it (then the
//! document is a VEX and no inventory). Nested components are all components; that one stands in another says
//! where it lies, not who needs it, and makes no edge. Files are not components.
//!
//! Why a component is there is told by its `scope` and by the properties that tools write
//! ([taxonomy](https://github.com/CycloneDX/cyclonedx-property-taxonomy)).

use std::collections::{HashMap, HashSet};

use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_syntax::Node;

use super::python::scope_word;
use super::sbom::{Complaints, Distribution, Named};
use crate::extract::{About, Capabilities, Extractor, Input};
use crate::found::{Found, Handle};

/// Reads CycloneDX documents.
pub(super) struct CycloneDx;

static ABOUT: About = About {
    id: "sbom/cyclonedx",
    title: "CycloneDX JSON, 1.2-1.7",
    files: &[
        "bom.json",
        "*.bom.json",
        "*.cdx.json",
        "*cyclonedx*.json",
        "sbom.json",
    ],
    ecosystem: None,
    specification: "https://cyclonedx.org/specification/overview/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: true,
    },
};

/// Most places (`evidence.occurrences`) that are told.
const OCCURRENCES: usize = 1000;

impl Extractor for CycloneDx {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognises(&self, head: &str) -> bool {
        let format = head.contains("\"bomFormat\"") && head.contains("CycloneDX");
        format || (head.contains("\"$schema\"") && head.contains("cyclonedx.org/schema/bom"))
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let root = input.json(found);
        found.document();
        if is_cyclonedx(&root) {
            read(&root, found);
        } else if super::spdx::is_spdx(&root) {
            super::spdx::read(&root, found);
        }
        // Anything else only has such a name (or is the format's own schema) and is no inventory.
    }
}

fn is_cyclonedx(root: &Node<'_>) -> bool {
    let format = root
        .str("bomFormat")
        .is_some_and(|format| format.eq_ignore_ascii_case("cyclonedx"));
    format
        || root
            .str("$schema")
            .is_some_and(|schema| schema.contains("cyclonedx.org/schema/bom"))
}

/// Reads a document that is known to be CycloneDX.
pub(super) fn read(root: &Node<'_>, found: &mut Found) {
    let product = root.at(&["metadata", "component"]);
    found.project(product.str("name"), product.str("version"));
    if let Some(version) = root
        .get("specVersion")
        .and_then(Node::text)
        .filter(|version| !version.starts_with("1."))
    {
        found.problem(
            ProblemKind::Odd,
            root.line,
            format!("specVersion {version} is not known; it is read as 1.7"),
        );
    }
    let mut complaints = Complaints::new();
    let top = reference(product);
    // References to what is no component of ours: the product, services, files.
    let mut other: HashSet<&str> = HashSet::new();
    other.extend(top);
    let mut tops: HashSet<&str> = top.into_iter().collect();
    for service in flat(root, "services", &mut complaints, found) {
        other.extend(reference(service));
    }
    let mut nodes = flat(product, "components", &mut complaints, found);
    nodes.append(&mut flat(root, "components", &mut complaints, found));
    let told = root.at(&["vulnerabilities"]).items();
    if nodes.is_empty() && told.is_empty() && product.get("purl").is_some() {
        nodes.push(product);
        other.clear();
    }
    let distribution = nodes
        .iter()
        .find(|node| node.str("type") == Some("operating-system"))
        .and_then(|node| distribution(node));
    let mut handles: HashMap<&str, Handle> = HashMap::with_capacity(nodes.len());
    let mut occurrences = 0;
    let mut told_direct: Vec<(Handle, bool)> = Vec::new();
    for node in nodes {
        let id = reference(node);
        let listed_again = top.is_some() && id == top && !other.is_empty();
        if listed_again || matches!(node.str("type"), Some("file" | "operating-system")) {
            other.extend(id);
            continue;
        }
        let purl = node.str("purl").filter(|purl| !purl.trim().is_empty());
        let Some(name) = node
            .str("name")
            .or(purl)
            .filter(|name| !name.trim().is_empty())
        else {
            complaints
                .malformed
                .tell(node.line, || "a component has no name".into(), found);
            other.extend(id);
            continue;
        };
        if purl.is_none() && matches!(node.str("type"), Some("data" | "cryptographic-asset")) {
            other.extend(id);
            continue;
        }
        let role = said(node, "stanchion:role");
        if role == Some("project")
            || (purl.is_none()
                && node.str("type") == Some("application")
                && node.get("version").is_none())
        {
            // A lockfile or a folder that stands for what was found in it, as Trivy writes: what it needs, the
            // product asks for.
            other.extend(id);
            tops.extend(id);
            continue;
        }
        let full = node
            .str("group")
            .filter(|group| !group.is_empty())
            .map(|group| format!("{group}/{name}"));
        // Our own documents name a project's own packages apart, so that nobody takes them for a registry's.
        let own = role == Some("own");
        let named = Named {
            purl: purl.or_else(|| said(node, "stanchion:purl").filter(|_| own)),
            name: full.as_deref().unwrap_or(name),
            version: node
                .get("version")
                .and_then(Node::text)
                .or_else(|| node.str("versionRange")),
            line: node.line,
        };
        let mut package = named
            .package(distribution, &mut complaints, found)
            .scope(scope(node));
        if own {
            package = package.origin(Origin::Own);
        }
        for hash in node.at(&["hashes"]).items() {
            package = package.hash(
                hash.str("alg").unwrap_or_default(),
                hash.str("content").unwrap_or_default(),
            );
        }
        for entry in node.at(&["licenses"]).items() {
            let licence = entry.at(&["license"]);
            let said = entry
                .str("expression")
                .or_else(|| licence.str("id"))
                .or_else(|| licence.str("name"));
            package = package.licence(said.unwrap_or_default());
        }
        for place in node
            .at(&["evidence", "occurrences"])
            .items()
            .iter()
            .filter_map(|place| place.str("location"))
        {
            occurrences += 1;
            if occurrences <= OCCURRENCES {
                found.fact("occurrence", format!("{name}: {place}"), node.line);
            }
        }
        let handle = found.add(package);
        if let Some(direct) = said(node, "stanchion:direct") {
            told_direct.push((handle, direct == "true"));
        }
        // Before bom-ref was asked for, tools referred by purl.
        for id in [purl, id].into_iter().flatten() {
            handles.insert(id, handle);
        }
    }
    edges(root, &tops, &handles, &other, &mut complaints, found);
    for (handle, direct) in told_direct {
        found.package(handle).direct = Some(direct);
    }
    complaints.finish(found);
}

fn reference<'a>(node: &'a Node<'_>) -> Option<&'a str> {
    node.str("bom-ref").or_else(|| node.str("purl"))
}

/// Everything in a list and in the same lists of its members. What is no object is told.
fn flat<'a, 's>(
    node: &'s Node<'a>,
    key: &str,
    complaints: &mut Complaints,
    found: &mut Found,
) -> Vec<&'s Node<'a>> {
    let mut all: Vec<&Node<'_>> = Vec::new();
    let mut next = 0;
    let mut from = Some(node);
    while let Some(node) = from {
        if let Some(list) = node.get(key) {
            if !list.is_array() && !list.is_null() {
                complaints.malformed.tell(
                    list.line,
                    || format!("{} where a list of {key} is expected", list.kind()),
                    found,
                );
            }
            for item in list.items() {
                if item.is_object() {
                    all.push(item);
                } else {
                    complaints.malformed.tell(
                        item.line,
                        || format!("{} where one of {key} is expected", item.kind()),
                        found,
                    );
                }
            }
        }
        from = all.get(next).copied();
        next += 1;
    }
    all
}

fn distribution<'a>(node: &'a Node<'_>) -> Option<Distribution<'a>> {
    Some((node.str("name")?, node.get("version").and_then(Node::text)?))
}

/// The value of a property.
fn said<'n>(node: &'n Node<'_>, name: &str) -> Option<&'n str> {
    let properties = node.at(&["properties"]).items();
    properties
        .iter()
        .find(|property| property.str("name") == Some(name))?
        .get("value")?
        .text()
}

fn scope(node: &Node<'_>) -> Scope {
    let exact = match said(node, "stanchion:scope") {
        Some("runtime") => Some(Scope::Runtime),
        Some("optional") => Some(Scope::Optional),
        Some("build") => Some(Scope::Build),
        Some("test") => Some(Scope::Test),
        Some("dev") => Some(Scope::Dev),
        _ => None,
    };
    if let Some(exact) = exact {
        return exact;
    }
    let by_scope = match node.str("scope") {
        Some("optional") => Scope::Optional,
        Some("excluded") => Scope::Dev,
        _ => Scope::Runtime,
    };
    let mut by_property: Option<Scope> = None;
    for property in node.at(&["properties"]).items() {
        let value = property
            .get("value")
            .and_then(Node::text)
            .unwrap_or_default();
        let said = match (property.str("name").unwrap_or_default(), value) {
            ("cdx:npm:package:development" | "cdx:composer:package:isDevRequirement", "true") => {
                Scope::Dev
            }
            ("cdx:maven:package:test", "true")
            | ("gitlab:dependency_scanning:category", "test") => Scope::Test,
            ("gitlab:dependency_scanning:category", "development") => Scope::Dev,
            (
                "cdx:poetry:group" | "cdx:poetry:package:group" | "cdx:pipenv:category",
                "main" | "default",
            ) => Scope::Runtime,
            ("cdx:poetry:group" | "cdx:poetry:package:group" | "cdx:pipenv:category", group) => {
                scope_word(group).unwrap_or(Scope::Dev)
            }
            _ => continue,
        };
        by_property = Some(by_property.map_or(said, |known| known.min(said)));
    }
    by_property.map_or(by_scope, |said| said.max(by_scope))
}

fn edges(
    root: &Node<'_>,
    tops: &HashSet<&str>,
    handles: &HashMap<&str, Handle>,
    other: &HashSet<&str>,
    complaints: &mut Complaints,
    found: &mut Found,
) {
    let mut direct: Option<HashSet<Handle>> = None;
    // A reference into another document is no mistake of this one.
    let known = |id: &str| other.contains(id) || id.starts_with("urn:cdx:");
    for entry in root.at(&["dependencies"]).items() {
        let Some(id) = entry.str("ref") else {
            complaints
                .malformed
                .tell(entry.line, || "a dependency has no ref".into(), found);
            continue;
        };
        let from = handles.get(id).copied();
        let is_top = tops.contains(id);
        if from.is_none() && !known(id) {
            complaints.references.tell(
                entry.line,
                || format!("the ref {id:?} is of no component"),
                found,
            );
        }
        if is_top {
            direct.get_or_insert_default();
        }
        for needed in entry.at(&["dependsOn"]).items() {
            let to = needed.as_str().and_then(|id| handles.get(id)).copied();
            match (from, to) {
                (_, None) if needed.as_str().is_some_and(known) => {}
                (_, None) => {
                    let reason = || {
                        format!(
                            "{id:?} depends on {:?}, which is no component",
                            needed.text().unwrap_or(needed.kind())
                        )
                    };
                    complaints.references.tell(needed.line, reason, found);
                }
                (from, Some(to)) => {
                    if is_top {
                        direct.get_or_insert_default().insert(to);
                    }
                    if let Some(from) = from {
                        found.depend(from, to);
                    }
                }
            }
        }
    }
    if let Some(direct) = direct {
        for handle in handles.values() {
            found.package(*handle).direct = Some(direct.contains(handle));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn components_of_a_product() {
        check(Case {
            folder: "cyclonedx/testdata/product",
            file: "bom.json",
            want: &[
                "Maven org.c:c 3 runtime direct:yes :29 needs: lic:MIT OR Apache-2.0",
                "PyPI e 5 dev direct:no :33 needs:",
                "generic i 7 runtime direct:no :36 needs:",
                "generic org.g/g 6 runtime direct:no :34 needs:",
                "npm @scope/a 1.0.0 runtime direct:yes :14 needs:b 2.0.0 sha1 lic:MIT lic:Ours",
                "npm b 2.0.0 optional direct:no :25 needs:@scope/a 1.0.0",
                "npm d 4 dev direct:no :31 needs:",
                "npm h ? runtime direct:no :35 needs:",
                "npm part 1 runtime direct:no :9 needs:",
            ],
            problems: &[
                "bom.json:34 org.g/g has no purl, so it is not matched",
                "bom.json:35 h is not pinned (vers:npm/>=1|<2), so it is not matched",
                "bom.json:36 \"not a purl\" is no purl: a package URL begins with `pkg:`",
                "bom.json:37 a component has no name",
                "bom.json:38 a string where one of components is expected",
                "bom.json:46 \"b\" depends on \"nowhere\", which is no component",
                "bom.json:48 the ref \"lost\" is of no component",
                "bom.json:49 a dependency has no ref",
            ],
        });
    }

    #[test]
    fn an_image_with_a_distribution() {
        check(Case {
            folder: "cyclonedx/testdata/image",
            file: "image.cdx.json",
            want: &[
                "Alpine busybox 1.36.1-r15 runtime direct:? :8 needs:",
                "Debian curl 7.88.1-10 runtime direct:? :7 needs:",
                "Debian noversion ? runtime direct:? :9 needs:",
                "crates.io tool 1 runtime direct:? :4 needs:",
                "npm x 1 runtime direct:yes :7 needs:y 1",
                "npm y 1 runtime direct:no :8 needs:",
            ],
            problems: &["image.cdx.json:9 noversion has no version, so it is not matched"],
        });
    }

    #[test]
    fn a_vex_and_a_file_of_that_name_are_no_inventory() {
        check(Case {
            folder: "cyclonedx/testdata/none",
            file: "bom.json",
            want: &[],
            problems: &[],
        });
    }

    #[test]
    fn the_format_is_told_from_its_first_bytes() {
        for (head, want) in [
            ("{\"bomFormat\": \"CycloneDX\"", true),
            (
                "{\"$schema\":\"http://cyclonedx.org/schema/bom-1.5.schema.json\"",
                true,
            ),
            ("{\"bomFormat\": 1}", false),
            ("{}", false),
        ] {
            assert_eq!(CycloneDx.recognises(head), want, "{head}");
        }
    }

    #[test]
    fn nothing_panics() {
        never_panics("cyclonedx/testdata/product/bom.json");
    }
}
