//! Writes OpenVEX.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::inventory::Algorithm;
use stanchion_model::purl::Purl;
use stanchion_model::vex::{Justification, Status, VexProduct};

use super::CONTEXT;
use crate::vex::Publisher;
use crate::vex::reading::told;
use crate::vex::writing::{Losses, Ready, cpes, display, empty, hashes, is_iri, others, purls};
use crate::{VERSION, identity, to_writer};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    timestamp: &'a str,
    version: u32,
    tooling: String,
    statements: Vec<Said<'a>>,
}

#[derive(Serialize)]
struct Said<'a> {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    vulnerability: Vulnerability<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    products: Vec<Component<'a>>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<&'a str>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aliases: &'a [String],
}

#[derive(Serialize, Default)]
struct Component<'a> {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifiers: Option<Identifiers<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hashes: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Self>,
}

#[derive(Serialize, Default)]
struct Identifiers<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe22: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe23: Option<&'a str>,
}

/// Writes statements as OpenVEX 0.2.0. The document's name follows from what it says.
pub(in crate::vex) fn write(
    ready: &[Ready<'_>],
    publisher: &Publisher<'_>,
    losses: &mut Losses,
    out: &mut dyn Write,
) -> io::Result<()> {
    let nameless = document(ready, publisher, "", losses);
    if nameless.statements.is_empty() {
        return Err(empty("OpenVEX", losses));
    }
    let name = identity::uuid(&nameless)?;
    let namespace = publisher.namespace.trim_end_matches('/');
    let id = format!("{namespace}/vex-{name}");
    to_writer(&document(ready, publisher, &id, losses), out)
}

fn document<'a>(
    ready: &'a [Ready<'_>],
    publisher: &Publisher<'a>,
    id: &str,
    losses: &mut Losses,
) -> Document<'a> {
    let mut seen = HashSet::new();
    let mut statements = Vec::with_capacity(ready.len());
    for one in ready {
        if let Some(said) = statement(one, id, losses) {
            // The schema asks for statements that differ; what is said twice is said.
            if seen.insert(serde_json::to_string(&said).unwrap_or_default()) {
                statements.push(said);
            }
        }
    }
    Document {
        context: CONTEXT,
        id: id.to_owned(),
        author: publisher.author,
        role: publisher.role.filter(|role| !role.trim().is_empty()),
        timestamp: publisher.stamp,
        version: publisher.version,
        tooling: format!("stanchion {VERSION}"),
        statements,
    }
}

fn statement<'a>(ready: &'a Ready<'_>, document: &str, losses: &mut Losses) -> Option<Said<'a>> {
    let statement = ready.statement;
    let name = ready.vulnerability();
    let mut products = Vec::with_capacity(ready.products.len());
    let mut seen = HashSet::new();
    for product in &ready.products {
        match whole(name, product, document, losses) {
            Ok(component) => {
                // Two may differ in what there was no room for.
                if seen.insert(serde_json::to_string(&component).unwrap_or_default()) {
                    products.push(component);
                }
            }
            Err(reason) => losses.of(name, &format!("a product is left out: {reason}")),
        }
    }
    if products.is_empty() {
        let status = statement.status.as_str();
        let sentence = format!("`{status}` is left out: OpenVEX can name none of its products");
        losses.of(name, &sentence);
        return None;
    }
    let id = statement.id.as_deref();
    if let Some(id) = id.filter(|id| !is_iri(id)) {
        let sentence = format!("the statement's id {} is no IRI; it is left out", told(id));
        losses.of(name, &sentence);
    }
    if let Some(word) = &statement.original {
        losses.of(
            name,
            &format!("OpenVEX has no place for the word {}", told(word)),
        );
    }
    let closed = statement.status == Status::NotAffected;
    let action_statement = match (statement.status, ready.action) {
        (Status::Affected, None) => {
            losses.of(
                name,
                "OpenVEX asks what to do about `affected`; it says that nothing is stated",
            );
            Some("No action is stated.")
        }
        (_, action) => action,
    };
    Some(Said {
        id: id.filter(|id| is_iri(id)),
        vulnerability: Vulnerability {
            name,
            aliases: &ready.aliases,
        },
        timestamp: ready.timestamp,
        products,
        status: statement.status.as_str(),
        status_notes: ready.impact.filter(|_| !closed),
        justification: ready.justification.map(Justification::as_str),
        impact_statement: ready.impact.filter(|_| closed),
        action_statement,
    })
}

/// A product with its parts; an error says why OpenVEX cannot hold it.
fn whole<'a>(
    name: &str,
    product: &'a VexProduct,
    document: &str,
    losses: &mut Losses,
) -> Result<Component<'a>, String> {
    let mut component = component(name, product, document, losses)?;
    for part in &product.subcomponents {
        if !part.subcomponents.is_empty() {
            return Err("OpenVEX has no parts of parts".to_owned());
        }
        let part = self::component(name, part, document, losses)?;
        component.subcomponents.push(part);
    }
    let mut seen = HashSet::new();
    component
        .subcomponents
        .retain(|part| seen.insert(serde_json::to_string(part).unwrap_or_default()));
    Ok(component)
}

fn component<'a>(
    name: &str,
    product: &'a VexProduct,
    document: &str,
    losses: &mut Losses,
) -> Result<Component<'a>, String> {
    let range = product.versions.as_deref();
    let purls: Result<Vec<String>, String> =
        purls(product).map(|purl| ranged(purl, range)).collect();
    let purls = purls?;
    if range.is_some() && purls.is_empty() {
        return Err(format!(
            "OpenVEX gives a range of versions in a purl only, and {} has none",
            told(&display(product))
        ));
    }
    let (iris, names): (Vec<&str>, Vec<&str>) = others(product).partition(|other| is_iri(other));
    // A purl is a good IRI too, and tools look for it in either place.
    let (mut id, purl, left) = match (iris.first(), purls.as_slice()) {
        (Some(iri), []) => (Some((*iri).to_owned()), None, 0),
        (Some(iri), [one, left @ ..]) => (Some((*iri).to_owned()), Some(one), left.len()),
        (None, [first, second, left @ ..]) => (Some(first.clone()), Some(second), left.len()),
        (None, [one]) => (Some(one.clone()), Some(one), 0),
        (None, []) => (None, None, 0),
    };
    let mut lost = iris.len().saturating_sub(1) + left;
    let mut identifiers = Identifiers {
        purl: purl.cloned(),
        ..Identifiers::default()
    };
    for cpe in cpes(product) {
        let place = match cpe.get(..5).map(str::to_ascii_lowercase).as_deref() {
            Some("cpe:/") => &mut identifiers.cpe22,
            Some("cpe:2") => &mut identifiers.cpe23,
            _ => {
                lost += 1;
                continue;
            }
        };
        if place.replace(cpe).is_some() {
            lost += 1;
        }
    }
    let mut sums = BTreeMap::new();
    for hash in hashes(product) {
        let Some(label) = label(hash.algorithm) else {
            lost += 1;
            continue;
        };
        if sums.insert(label, hash.hex.as_str()).is_some() {
            lost += 1;
        }
    }
    let named =
        identifiers.purl.is_some() || identifiers.cpe22.is_some() || identifiers.cpe23.is_some();
    if id.is_some() || named {
        lost += names.len();
    } else {
        // A name within the document is an IRI where the schema asks for one.
        let local = match (sums.first_key_value(), names.first()) {
            (Some((label, hex)), _) => format!("{label}-{hex}"),
            (None, Some(name)) => (*name).to_owned(),
            (None, None) => {
                return Err(format!("OpenVEX cannot name {}", told(&display(product))));
            }
        };
        lost += names.len() - usize::from(sums.is_empty());
        id = Some(format!("{document}#{}", fragment(&local)));
    }
    if lost > 0 {
        let product = told(&display(product));
        let sentence = format!("OpenVEX has no room for {lost} of the identifiers of {product}");
        losses.of(name, &sentence);
    }
    Ok(Component {
        id,
        identifiers: named.then_some(identifiers),
        hashes: sums,
        subcomponents: Vec::new(),
    })
}

/// A purl with its range of versions.
fn ranged(purl: &Purl, range: Option<&str>) -> Result<String, String> {
    let Some(range) = range else {
        return Ok(purl.to_string());
    };
    let mut with = Purl::build(purl.purl_type(), purl.namespace(), purl.name())
        .with_subpath(purl.subpath().unwrap_or_default())
        .with_qualifier("vers", range);
    for (key, value) in purl.qualifiers().filter(|(key, _)| *key != "vers") {
        with = with.with_qualifier(key, value);
    }
    match with.build_lenient() {
        Ok(purl) => Ok(purl.to_string()),
        Err(error) => Err(format!("its range does not fit into a purl: {error}")),
    }
}

/// The label of a hash in OpenVEX.
const fn label(algorithm: Algorithm) -> Option<&'static str> {
    Some(match algorithm {
        Algorithm::Md5 => "md5",
        Algorithm::Sha1 => "sha1",
        Algorithm::Sha256 => "sha-256",
        Algorithm::Sha384 => "sha-384",
        Algorithm::Sha512 => "sha-512",
        Algorithm::Blake2b256 => "blake2b-256",
        Algorithm::Blake3 => return None,
    })
}

/// A text as the fragment of an IRI.
fn fragment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
