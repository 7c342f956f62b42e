//! Writes CycloneDX 1.6.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::vex::{Status, VexProduct};

use super::words::{FALSE_POSITIVE, REASONS, RESPONSES, STATES, word};
use crate::vex::Publisher;
use crate::vex::reading::told;
use crate::vex::writing::{
    Losses, Ready, cpes, display, empty, hashes, leaves, names, others, purls,
};
use crate::{HOME, VERSION, advice, identity, to_writer};

/// Longest version of a component by the schema.
const VERSION_LENGTH: usize = 1024;
/// Longest range by the schema.
const RANGE_LENGTH: usize = 4096;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: &'a str,
    tools: Tools,
    authors: [Author<'a>; 1],
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
    external_references: [Link; 1],
}

#[derive(Serialize)]
struct Link {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Sum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Self>,
}

#[derive(Serialize)]
struct Sum<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    bom_ref: Option<&'a str>,
    id: &'a str,
    source: Source,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<&'a str>,
    analysis: Analysis<'a>,
    affects: Vec<Affected>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: String,
}

fn source(id: &str) -> Source {
    let (name, url) = advice::source(id);
    Source { name, url }
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    source: Source,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Analysis<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<&'a str>,
}

#[derive(Serialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<Range>,
}

#[derive(Serialize, PartialEq)]
struct Range {
    range: String,
    status: &'static str,
}

/// Writes statements as CycloneDX 1.6, each as a vulnerability of its own.
pub(in crate::vex) fn write(
    ready: &[Ready<'_>],
    publisher: &Publisher<'_>,
    losses: &mut Losses,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut parts = Parts::default();
    let ids: Vec<Option<&str>> = ready
        .iter()
        .map(|one| parts.statement(one, losses))
        .collect();
    let mut vulnerabilities = Vec::with_capacity(ready.len());
    let mut seen = HashSet::new();
    for (one, id) in ready.iter().zip(ids) {
        if let Some(found) = vulnerability(one, id, &mut parts, losses) {
            // The schema asks for vulnerabilities that differ; what is said twice is said.
            if seen.insert(serde_json::to_string(&found)?) {
                vulnerabilities.push(found);
            }
        }
    }
    if vulnerabilities.is_empty() {
        return Err(empty("CycloneDX", losses));
    }
    if publisher.role.is_some_and(|role| !role.trim().is_empty()) {
        losses.add("CycloneDX has no place for the author's role".to_owned());
    }
    let mut bom = Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: publisher.version,
        metadata: Metadata {
            timestamp: publisher.stamp,
            tools: Tools {
                components: [Tool {
                    kind: "application",
                    name: "stanchion",
                    version: VERSION,
                    external_references: [Link {
                        kind: "website",
                        url: HOME,
                    }],
                }],
            },
            authors: [Author {
                name: publisher.author,
            }],
        },
        components: parts
            .tops
            .iter()
            .filter_map(|top| parts.component(*top))
            .collect(),
        vulnerabilities,
    };
    bom.serial_number = Some(format!("urn:uuid:{}", identity::uuid(&bom)?));
    to_writer(&bom, out)
}

fn vulnerability<'a>(
    ready: &'a Ready<'_>,
    id: Option<&'a str>,
    parts: &mut Parts<'a>,
    losses: &mut Losses,
) -> Option<Vulnerability<'a>> {
    let name = ready.vulnerability();
    let status = ready.statement.status;
    let mut affects: Vec<Affected> = Vec::new();
    let mut places: HashMap<(String, bool), usize> = HashMap::new();
    for chain in ready.products.iter().flat_map(leaves) {
        match parts.place(&chain, name, losses) {
            Ok((reference, range)) => {
                let place = *places
                    .entry((reference.clone(), range.is_some()))
                    .or_insert_with(|| {
                        affects.push(Affected {
                            reference,
                            versions: Vec::new(),
                        });
                        affects.len() - 1
                    });
                let range = range.map(|range| Range {
                    range: range.to_owned(),
                    status: match status {
                        Status::Affected => "affected",
                        Status::UnderInvestigation => "unknown",
                        Status::Fixed | Status::NotAffected => "unaffected",
                    },
                });
                if let Some(affected) = affects.get_mut(place) {
                    affected.versions.extend(range);
                }
            }
            Err(reason) => losses.of(name, &format!("a product is left out: {reason}")),
        }
    }
    if affects.is_empty() {
        let status = status.as_str();
        let sentence = format!("`{status}` is left out: CycloneDX can name none of its products");
        losses.of(name, &sentence);
        return None;
    }
    let (state, justification) = state(ready, losses);
    let responses: Vec<&str> = ready
        .action
        .into_iter()
        .flat_map(|action| action.split(", "))
        .collect();
    let is_response = responses.iter().all(|word| RESPONSES.contains(word));
    Some(Vulnerability {
        bom_ref: id,
        id: name,
        source: source(name),
        references: ready
            .aliases
            .iter()
            .map(|id| Reference {
                id,
                source: source(id),
            })
            .collect(),
        recommendation: ready.action.filter(|_| !is_response),
        analysis: Analysis {
            state,
            justification,
            response: if is_response { responses } else { Vec::new() },
            detail: ready.impact,
            last_updated: ready.timestamp,
        },
        affects,
    })
}

/// State and justification in the words of CycloneDX: those that the statement was read from where they still say it.
fn state(ready: &Ready<'_>, losses: &mut Losses) -> (&'static str, Option<&'static str>) {
    let name = ready.vulnerability();
    let status = ready.statement.status;
    let original = ready.statement.original.as_deref();
    let mut states = STATES.iter().filter(|state| state.status == status);
    let plain = states.next().map_or("", |state| state.word);
    let told_state = states
        .find(|state| Some(state.word) == original)
        .map(|state| state.word)
        .filter(|word| *word != FALSE_POSITIVE || ready.justification.is_some());
    let told_reason = REASONS
        .iter()
        .find(|reason| Some(reason.word) == original && Some(reason.label) == ready.justification);
    if let Some(original) = original.filter(|_| told_state.is_none() && told_reason.is_none()) {
        let original = told(original);
        losses.of(
            name,
            &format!("CycloneDX has no place for the word {original}"),
        );
    }
    let justification = match (ready.justification, told_reason) {
        (None, _) => None,
        (Some(_), Some(reason)) => Some(reason.word),
        (Some(label), None) => {
            // It goes without saying.
            let implied = told_state == Some(FALSE_POSITIVE)
                && label == stanchion_model::vex::Justification::ComponentNotPresent;
            let (word, exact) = word(label);
            if !exact && !implied {
                let label = label.as_str();
                let sentence =
                    format!("CycloneDX has no word for `{label}`; `{word}` is the nearest");
                losses.of(name, &sentence);
            }
            (!implied).then_some(word)
        }
    };
    (told_state.unwrap_or(plain), justification)
}

/// A component and those in it.
struct Part<'a> {
    product: &'a VexProduct,
    name: String,
    bom_ref: String,
    parts: Vec<usize>,
}

/// The components that a document needs so that every reference leads somewhere.
#[derive(Default)]
struct Parts<'a> {
    all: Vec<Part<'a>>,
    tops: Vec<usize>,
    index: HashMap<(Option<usize>, String), usize>,
    refs: HashSet<String>,
}

impl<'a> Parts<'a> {
    /// The id of a statement where it can be one in CycloneDX.
    fn statement(&mut self, ready: &'a Ready<'_>, losses: &mut Losses) -> Option<&'a str> {
        let id = ready.statement.id.as_deref()?;
        if !id.is_empty() && !id.starts_with("urn:cdx:") && self.refs.insert(id.to_owned()) {
            return Some(id);
        }
        let sentence = format!(
            "the statement's id {} cannot be told apart; it is left out",
            told(id)
        );
        losses.of(ready.vulnerability(), &sentence);
        None
    }

    /// The reference to a product and the range of its versions; an error says why it cannot be written.
    fn place(
        &mut self,
        chain: &[&'a VexProduct],
        vulnerability: &str,
        losses: &mut Losses,
    ) -> Result<(String, Option<&'a str>), String> {
        let Some((leaf, holders)) = chain.split_last() else {
            return Err("nothing names it".to_owned());
        };
        if let Some(holder) = holders.iter().find(|holder| holder.versions.is_some()) {
            let holder = told(&display(holder));
            return Err(format!(
                "CycloneDX has no range of versions for {holder}, of which a part is meant"
            ));
        }
        let range = leaf.versions.as_deref();
        if range.is_some_and(|range| range.chars().nth(RANGE_LENGTH).is_some()) {
            return Err(format!(
                "its range is longer than {RANGE_LENGTH} characters"
            ));
        }
        if holders.is_empty()
            && let Some(link) = link(leaf)
        {
            return Ok((link.to_owned(), range));
        }
        let mut holder = None;
        for product in chain {
            holder = Some(self.part(holder, product, vulnerability, losses));
        }
        let part = holder.and_then(|index| self.all.get(index));
        part.map(|part| (part.bom_ref.clone(), range))
            .ok_or_else(|| "nothing names it".to_owned())
    }

    fn part(
        &mut self,
        holder: Option<usize>,
        product: &'a VexProduct,
        vulnerability: &str,
        losses: &mut Losses,
    ) -> usize {
        let key = (holder, names(product));
        if let Some(index) = self.index.get(&key) {
            return *index;
        }
        let only_names = others(product).count() == product.identifiers.len();
        let room = [
            purls(product).count().saturating_sub(1),
            cpes(product).count().saturating_sub(1),
            others(product)
                .count()
                .saturating_sub(usize::from(only_names)),
        ];
        let lost: usize = room.iter().sum();
        if lost > 0 {
            let product = told(&display(product));
            losses.of(
                vulnerability,
                &format!("CycloneDX has no room for {lost} of the identifiers of {product}"),
            );
        }
        let name = match purls(product).next() {
            Some(purl) => purl.name().to_owned(),
            None => display(product),
        };
        let wish = match purls(product).next() {
            Some(purl) => purl.to_string(),
            None => format!("product:{name}"),
        };
        let mut bom_ref = wish.clone();
        let mut number = 1;
        while !self.refs.insert(bom_ref.clone()) {
            number += 1;
            bom_ref = format!("{wish} ({number})");
        }
        let index = self.all.len();
        self.all.push(Part {
            product,
            name,
            bom_ref,
            parts: Vec::new(),
        });
        match holder.and_then(|holder| self.all.get_mut(holder)) {
            Some(holder) => holder.parts.push(index),
            None => self.tops.push(index),
        }
        self.index.insert(key, index);
        index
    }

    /// A component with all that is in it; how deep that goes, [`Ready`] bounds.
    fn component(&self, index: usize) -> Option<Component<'_>> {
        let part = self.all.get(index)?;
        let purl = purls(part.product).next();
        let version = purl.and_then(|purl| purl.version());
        Some(Component {
            kind: match purl {
                Some(_) => "library",
                None if hashes(part.product).count() == part.product.identifiers.len() => "file",
                None => "application",
            },
            bom_ref: &part.bom_ref,
            group: purl.and_then(|purl| purl.namespace()),
            name: &part.name,
            version: version.filter(|version| version.chars().nth(VERSION_LENGTH).is_none()),
            hashes: hashes(part.product)
                .map(|hash| Sum {
                    alg: hash.algorithm.as_str(),
                    content: &hash.hex,
                })
                .collect(),
            cpe: cpes(part.product).next(),
            purl: purl.map(ToString::to_string),
            components: part
                .parts
                .iter()
                .filter_map(|part| self.component(*part))
                .collect(),
        })
    }
}

/// A BOM-Link that names all of a product: nothing else does, or only the purl that it ends in.
fn link(product: &VexProduct) -> Option<&str> {
    let mut links = others(product).filter(|other| is_link(other));
    let link = links.next()?;
    let (_, inner) = link.split_once('#')?;
    let one_of = purls(product).count();
    let told = purls(product)
        .filter(|purl| purl.to_string() == inner)
        .count();
    (others(product).count() == 1 && one_of == told && one_of + 1 == product.identifiers.len())
        .then_some(link)
}

/// Whether a text is a link to an element of a document
/// ([BOM-Link](https://cyclonedx.org/capabilities/bomlink/)), by the schema's pattern.
fn is_link(text: &str) -> bool {
    let parted = text
        .strip_prefix("urn:cdx:")
        .and_then(|rest| rest.split_once('/'))
        .and_then(|(serial, rest)| Some((serial, rest.split_once('#')?)));
    let Some((serial, (version, element))) = parted else {
        return false;
    };
    let groups: Vec<&str> = serial.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && serial
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
        && version.bytes().all(|byte| byte.is_ascii_digit())
        && version.starts_with(|first: char| matches!(first, '1'..='9'))
        && !element.is_empty()
}
