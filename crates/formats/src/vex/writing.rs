//! What the writers of all formats share: who publishes, what can be written at all, and what gets lost.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;

use stanchion_model::inventory::Hash;
use stanchion_model::purl::Purl;
use stanchion_model::vex::{Identifier, Justification, Statement, Status, VexProduct};

use super::Publisher;
use super::reading::{is_cpe, is_purl, is_vers, other_names, time, told};
use crate::text;

/// Deepest nesting of parts; readers take no more.
const DEPTH: usize = 8;

/// What a format could not hold.
#[derive(Default)]
pub(super) struct Losses {
    all: Vec<String>,
    seen: HashSet<String>,
}

impl Losses {
    /// Names one, of what is said about a vulnerability.
    pub(super) fn of(&mut self, vulnerability: &str, sentence: &str) {
        self.add(format!("{}: {sentence}", text::cut(vulnerability, 80)));
    }

    /// Names one of the document as a whole.
    pub(super) fn add(&mut self, sentence: String) {
        if self.seen.insert(sentence.clone()) {
            self.all.push(sentence);
        }
    }

    pub(super) fn told(self) -> Vec<String> {
        self.all
    }
}

/// Whether a document may name such a publisher.
pub(super) fn check(publisher: &Publisher<'_>) -> io::Result<()> {
    let wrong = |message: String| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    if publisher.author.trim().is_empty() {
        return wrong("a VEX document needs an author".to_owned());
    }
    if !is_uri(publisher.namespace) {
        return wrong(format!(
            "the namespace {} is no absolute URI, such as https://example.com/vex",
            told(publisher.namespace)
        ));
    }
    if time(publisher.stamp).is_none() {
        return wrong(format!(
            "{} is no time as RFC 3339 writes it",
            told(publisher.stamp)
        ));
    }
    if publisher.version == 0 {
        return wrong("versions of a VEX document begin at 1".to_owned());
    }
    Ok(())
}

/// Nothing can be written; says why, since nobody gets the losses then.
pub(super) fn empty(format: &str, losses: &Losses) -> io::Error {
    let mut message = format!("no statement is left that {format} could hold");
    if let Some((first, more)) = losses.all.split_first() {
        let _ = write!(message, ": {first}");
        if !more.is_empty() {
            let _ = write!(message, ", and {} more reasons", more.len());
        }
    }
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// A statement of which only that is left which every format can hold.
pub(super) struct Ready<'a> {
    pub(super) statement: &'a Statement,
    pub(super) aliases: Vec<String>,
    pub(super) products: Vec<VexProduct>,
    /// Only with [`Status::NotAffected`].
    pub(super) justification: Option<Justification>,
    pub(super) impact: Option<&'a str>,
    pub(super) action: Option<&'a str>,
    pub(super) timestamp: Option<&'a str>,
}

impl Ready<'_> {
    pub(super) fn vulnerability(&self) -> &str {
        &self.statement.vulnerability
    }
}

/// Takes from statements what no format can hold.
pub(super) fn ready<'a>(statements: &'a [Statement], losses: &mut Losses) -> Vec<Ready<'a>> {
    statements
        .iter()
        .filter_map(|statement| one(statement, losses))
        .collect()
}

fn one<'a>(statement: &'a Statement, losses: &mut Losses) -> Option<Ready<'a>> {
    let id = statement.vulnerability.as_str();
    if id.trim().is_empty() {
        losses.add("a statement without a vulnerability is left out".to_owned());
        return None;
    }
    let filled = |text: &'a Option<String>| text.as_deref().filter(|text| !text.trim().is_empty());
    let impact = filled(&statement.impact);
    let mut justification = statement.justification;
    if statement.status == Status::NotAffected {
        if justification.is_none() && impact.is_none() {
            let sentence = "`not_affected` needs a justification or an impact; it is left out";
            losses.of(id, sentence);
            return None;
        }
    } else if let Some(label) = justification.take() {
        let (label, status) = (label.as_str(), statement.status.as_str());
        losses.of(id, &format!("`{label}` is no word of `{status}`"));
    }
    let timestamp = statement.timestamp.as_deref();
    if let Some(stamp) = timestamp.filter(|stamp| time(stamp).is_none()) {
        losses.of(id, &format!("{} is no time", told(stamp)));
    }
    let mut products: Vec<VexProduct> = Vec::new();
    let mut seen = HashSet::new();
    for product in &statement.products {
        match settled(id, product, DEPTH, losses) {
            Ok(product) => {
                if seen.insert(key(&product)) {
                    products.push(product);
                }
            }
            Err(reason) => losses.of(id, &format!("a product is left out: {reason}")),
        }
    }
    if products.is_empty() {
        let status = statement.status.as_str();
        let sentence = format!("`{status}` names no product that can be written; it is left out");
        losses.of(id, &sentence);
        return None;
    }
    Some(Ready {
        statement,
        aliases: other_names(id, statement.aliases.iter().map(String::as_str)),
        products,
        justification,
        impact,
        action: filled(&statement.action),
        timestamp: timestamp.filter(|stamp| time(stamp).is_some()),
    })
}

/// A product without what names nothing; an error says why it cannot be written.
fn settled(
    id: &str,
    product: &VexProduct,
    depth: usize,
    losses: &mut Losses,
) -> Result<VexProduct, String> {
    if depth == 0 {
        return Err(format!("its parts are nested deeper than {DEPTH}"));
    }
    if let Some(range) = product.versions.as_deref().filter(|range| !is_vers(range)) {
        return Err(format!("{} is no range in VERS notation", told(range)));
    }
    let mut identifiers: Vec<Identifier> = Vec::new();
    for identifier in &product.identifiers {
        let kept = match identifier {
            Identifier::Purl(purl) if product.versions.is_some() && purl.version().is_some() => {
                let sentence =
                    format!("a range stands beside the version of {purl}; the range is kept");
                losses.of(id, &sentence);
                Identifier::Purl(purl.without_version())
            }
            Identifier::Cpe(text) | Identifier::Other(text) if text.trim().is_empty() => continue,
            Identifier::Cpe(text) if !is_cpe(text) => {
                losses.of(id, &format!("{} is no CPE name", told(text)));
                continue;
            }
            Identifier::Hash(hash) if !is_whole(hash) => {
                losses.of(
                    id,
                    &format!("{} is no {}", told(&hash.hex), hash.algorithm.as_str()),
                );
                continue;
            }
            other => other.clone(),
        };
        if !identifiers.contains(&kept) {
            identifiers.push(kept);
        }
    }
    if identifiers.is_empty() {
        return Err("nothing names it".to_owned());
    }
    let parts = product.subcomponents.iter();
    let parts: Result<Vec<VexProduct>, String> = parts
        .map(|part| settled(id, part, depth - 1, losses))
        .collect();
    let mut subcomponents = parts?;
    let mut seen = HashSet::new();
    subcomponents.retain(|part| seen.insert(key(part)));
    Ok(VexProduct {
        identifiers,
        versions: product.versions.clone(),
        subcomponents,
    })
}

fn is_whole(hash: &Hash) -> bool {
    hash.hex.len() == hash.algorithm.size() * 2
        && hash
            .hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A text that is the same for two products exactly if they are.
pub(super) fn key(product: &VexProduct) -> String {
    let mut key = names(product);
    if let Some(range) = &product.versions {
        let _ = write!(key, "versions {range:?} ");
    }
    for part in &product.subcomponents {
        let _ = write!(key, "{{{}}}", self::key(part));
    }
    key
}

/// A text that is the same for two products exactly if their identifiers are.
pub(super) fn names(product: &VexProduct) -> String {
    let mut key = String::new();
    for identifier in &product.identifiers {
        let _ = match identifier {
            Identifier::Purl(purl) => write!(key, "{purl} "),
            Identifier::Cpe(text) => write!(key, "cpe {text:?} "),
            Identifier::Hash(hash) => write!(key, "{} {} ", hash.algorithm.as_str(), hash.hex),
            Identifier::Other(text) => write!(key, "other {text:?} "),
        };
    }
    key
}

/// What people call a product.
pub(super) fn display(product: &VexProduct) -> String {
    let mut best = None;
    for identifier in &product.identifiers {
        let (rank, name) = match identifier {
            Identifier::Purl(purl) => (0, purl_name(purl)),
            Identifier::Other(text) => (1, text.clone()),
            Identifier::Cpe(text) => (2, text.clone()),
            Identifier::Hash(hash) => (3, format!("{} {}", hash.algorithm.as_str(), hash.hex)),
        };
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, name));
        }
    }
    best.map(|(_, name)| name).unwrap_or_default()
}

fn purl_name(purl: &Purl) -> String {
    match purl.version() {
        Some(version) => format!("{} {version}", purl.full_name()),
        None => purl.full_name().into_owned(),
    }
}

/// Whether a text is an absolute URI as it stands.
pub(super) fn is_uri(text: &str) -> bool {
    text::uri(text).as_deref() == Some(text) && has_host(text)
}

/// Whether what stands behind `//` is a host, with a user and a port at most.
fn has_host(uri: &str) -> bool {
    let rest = uri.split_once(':').map(|(_, rest)| rest);
    let Some(authority) = rest.and_then(|rest| rest.strip_prefix("//")) else {
        return true;
    };
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let authority = authority.get(..end).unwrap_or_default();
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let port = place.split_once(':').map_or("", |(_, port)| port);
    !user.contains('@') && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is an absolute IRI as it stands, and none that would be read as a purl.
pub(super) fn is_iri(text: &str) -> bool {
    let letters = text.chars().all(|c| c.is_ascii() || c.is_alphanumeric());
    // What is allowed nearly everywhere, and not in the scheme.
    let ascii: String = text
        .chars()
        .map(|c| if c.is_ascii() { c } else { '_' })
        .collect();
    letters && is_uri(&ascii) && !is_purl(text)
}

/// The identifiers that are purls.
pub(super) fn purls(product: &VexProduct) -> impl Iterator<Item = &Purl> {
    product
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::Purl(purl) => Some(purl),
            _ => None,
        })
}

/// The identifiers that are CPE names.
pub(super) fn cpes(product: &VexProduct) -> impl Iterator<Item = &str> {
    product
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::Cpe(text) => Some(text.as_str()),
            _ => None,
        })
}

/// The identifiers that are hashes.
pub(super) fn hashes(product: &VexProduct) -> impl Iterator<Item = &Hash> {
    product
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::Hash(hash) => Some(hash),
            _ => None,
        })
}

/// The identifiers that are anything else.
pub(super) fn others(product: &VexProduct) -> impl Iterator<Item = &str> {
    product
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::Other(text) => Some(text.as_str()),
            _ => None,
        })
}

/// A product's parts, each with what it stands in, outermost first; the product where it has none.
pub(super) fn leaves(product: &VexProduct) -> Vec<Vec<&VexProduct>> {
    if product.subcomponents.is_empty() {
        return vec![vec![product]];
    }
    let parts = product.subcomponents.iter().flat_map(leaves);
    parts
        .map(|mut chain| {
            chain.insert(0, product);
            chain
        })
        .collect()
}
