//! What the readers of all formats share: identifiers, times, and a bound on what a document may be unfolded to.

use std::collections::{HashMap, HashSet};

use stanchion_model::inventory::{Algorithm, Hash};
use stanchion_model::purl::Purl;
use stanchion_model::vex::{Identifier, Refused, Status, VexProduct};
use stanchion_syntax::Node;

use super::refused;
use crate::text::cut;

/// Bytes that statements may take whatever the size of the document.
const FREE: usize = 64 << 20;
/// Bytes for each byte of the document beyond those. A reference to a product takes some twenty bytes in a document,
/// and the product that stands for it some two hundred.
const BYTES_A_BYTE: usize = 16;

/// Formats name a product once and refer to it; statements hold it each time. What that adds up to is bounded.
pub(super) struct Budget {
    left: usize,
    broken: Option<u32>,
}

impl Budget {
    pub(super) fn new(document: usize) -> Self {
        Self {
            left: FREE.saturating_add(document.saturating_mul(BYTES_A_BYTE)),
            broken: None,
        }
    }

    /// Takes so many bytes; from the first time that they are not there, nothing is given any more.
    pub(super) fn take(&mut self, bytes: usize, line: u32) -> Result<(), Refused> {
        match self.left.checked_sub(bytes) {
            Some(left) if self.broken.is_none() => {
                self.left = left;
                Ok(())
            }
            _ => {
                self.broken.get_or_insert(line);
                Err(refused(line, "the document is too large when unfolded"))
            }
        }
    }

    /// The line at which the bound was passed.
    pub(super) const fn broken_at(&self) -> Option<u32> {
        self.broken
    }
}

/// Most sentences about what a statement loses; what comes after is of the same kind.
const SENTENCES: usize = 20;
/// Most identifiers of one product. They are compared with one another.
const IDENTIFIERS: usize = 1000;

/// Adds a sentence to those about what is lost, once.
pub(super) fn lose(lossy: &mut Vec<String>, sentence: String) {
    match lossy.len() {
        ..SENTENCES if !lossy.contains(&sentence) => lossy.push(sentence),
        SENTENCES => lossy.push("and more of this kind".to_owned()),
        _ => {}
    }
}

/// Other names of a vulnerability, each once and none that is empty or the name itself.
pub(super) fn other_names<'n>(name: &str, all: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut seen: HashSet<&str> = HashSet::new();
    all.filter(|other| !other.trim().is_empty() && *other != name && seen.insert(other))
        .map(str::to_owned)
        .collect()
}

/// A text of others within a sentence of ours.
pub(super) fn told(text: &str) -> String {
    format!("{:?}", cut(text, 80))
}

/// A string in which more than space stands.
pub(super) fn words<'n>(node: &'n Node<'_>, key: &str) -> Option<&'n str> {
    node.str(key).filter(|text| !text.trim().is_empty())
}

/// Whether a text is a time by [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339).
pub(super) fn time(text: &str) -> Option<jiff::Timestamp> {
    let bytes = text.as_bytes();
    // The parser takes more than the standard: other separators, and no seconds.
    let strict = matches!(bytes.get(10), Some(b'T' | b't')) && bytes.get(16) == Some(&b':');
    let zone = text.ends_with(['Z', 'z']) || bytes.iter().rev().nth(2) == Some(&b':');
    if strict && zone {
        text.parse().ok()
    } else {
        None
    }
}

/// The time under a key: `None` where there is none, and refused where it is no time.
pub(super) fn time_at(node: &Node<'_>, key: &str) -> Result<Option<String>, Refused> {
    match node.get(key) {
        None => Ok(None),
        Some(found) => match found.as_str().filter(|text| time(text).is_some()) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(refused(
                found.line,
                format!(
                    "{key} is {} and no time as RFC 3339 writes it",
                    found.text().map_or_else(|| found.kind().to_owned(), told)
                ),
            )),
        },
    }
}

/// Undoes percent encoding; `None` where what comes out is no text.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        if first == b'%'
            && let (Some(high), Some(low)) = (digit(0), digit(1))
        {
            bytes.push((high * 16 + low) as u8);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether a text is a range in the VERS notation, by its form: which versions are in it, its scheme decides.
pub(super) fn is_vers(text: &str) -> bool {
    text.strip_prefix("vers:")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(scheme, constraints)| {
            !scheme.is_empty()
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
                && !constraints.trim_matches(['|', ' ']).is_empty()
        })
}

/// A product or a part of one as it is read.
#[derive(Default)]
pub(super) struct Named {
    pub(super) product: VexProduct,
    /// What of it our words cannot hold.
    pub(super) lossy: Vec<String>,
}

impl Named {
    /// Adds an identifier unless it is there already.
    pub(super) fn add(&mut self, identifier: Identifier, line: u32) -> Result<(), Refused> {
        if self.product.identifiers.contains(&identifier) {
            return Ok(());
        }
        if self.product.identifiers.len() >= IDENTIFIERS {
            let reason = format!("a product has more than {IDENTIFIERS} identifiers");
            return Err(refused(line, reason));
        }
        self.product.identifiers.push(identifier);
        Ok(())
    }

    /// Adds a purl; its qualifier `vers` becomes the range of the product.
    pub(super) fn purl(&mut self, text: &str, line: u32) -> Result<(), Refused> {
        let purl = Purl::parse_lenient(text)
            .map_err(|error| refused(line, format!("{} is no purl: {error}", told(text))))?;
        let Some(range) = purl.qualifier("vers") else {
            return self.add(Identifier::Purl(purl), line);
        };
        if purl.version().is_some() {
            let reason = format!("{} has a version and a range of versions", told(text));
            return Err(refused(line, reason));
        }
        let range = range.to_owned();
        self.range(&range, line)?;
        let mut plain = Purl::build(purl.purl_type(), purl.namespace(), purl.name())
            .with_subpath(purl.subpath().unwrap_or_default());
        for (key, value) in purl.qualifiers().filter(|(key, _)| *key != "vers") {
            plain = plain.with_qualifier(key, value);
        }
        let plain = plain
            .build_lenient()
            .map_err(|error| refused(line, format!("{} is no purl: {error}", told(text))))?;
        self.add(Identifier::Purl(plain), line)
    }

    /// Sets the range of versions.
    pub(super) fn range(&mut self, range: &str, line: u32) -> Result<(), Refused> {
        if !is_vers(range) {
            let reason = format!("{} is no range of versions in VERS notation", told(range));
            return Err(refused(line, reason));
        }
        match &self.product.versions {
            Some(known) if known != range => Err(refused(
                line,
                format!(
                    "a product has two ranges, {} and {}",
                    told(known),
                    told(range)
                ),
            )),
            _ => {
                self.product.versions = Some(range.to_owned());
                Ok(())
            }
        }
    }

    /// Adds a CPE name.
    pub(super) fn cpe(&mut self, text: &str, line: u32) -> Result<(), Refused> {
        if !is_cpe(text) {
            return Err(refused(line, format!("{} is no CPE name", told(text))));
        }
        self.add(Identifier::Cpe(text.to_owned()), line)
    }

    /// Adds a hash.
    pub(super) fn hash(&mut self, algorithm: &str, hex: &str, line: u32) -> Result<(), Refused> {
        let Some(known) = Algorithm::from_word(algorithm) else {
            let sentence = format!("a hash by {} is not read", told(algorithm));
            lose(&mut self.lossy, sentence);
            return Ok(());
        };
        if hex.len() != known.size() * 2 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let reason = format!("{} is no hash by {}", told(hex), known.as_str());
            return Err(refused(line, reason));
        }
        let hash = Hash {
            algorithm: known,
            hex: hex.to_ascii_lowercase(),
        };
        self.add(Identifier::Hash(hash), line)
    }

    /// Anything that names it: a purl, else an IRI or a name.
    pub(super) fn iri(&mut self, text: &str, line: u32) -> Result<(), Refused> {
        if is_purl(text) {
            self.purl(text, line)
        } else {
            self.add(Identifier::Other(text.to_owned()), line)
        }
    }

    /// Takes the version out of purls: a range stands beside them.
    pub(super) fn without_version(&mut self) {
        for identifier in &mut self.product.identifiers {
            if let Identifier::Purl(purl) = identifier
                && purl.version().is_some()
            {
                *purl = purl.without_version();
            }
        }
    }
}

/// Whether a text means to be a purl.
pub(super) fn is_purl(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("pkg:"))
}

/// Whether a text means to be a CPE name.
pub(super) fn is_cpe(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("cpe:"))
}

/// What a product takes of memory, about.
pub(super) fn size(product: &VexProduct) -> usize {
    let identifiers = product.identifiers.iter().map(|identifier| {
        size_of::<Identifier>()
            + match identifier {
                Identifier::Purl(purl) => {
                    let qualifiers = purl
                        .qualifiers()
                        .map(|(key, value)| key.len() + value.len() + 8);
                    let parts = [purl.namespace(), purl.version(), purl.subpath()];
                    purl.purl_type().len()
                        + purl.name().len()
                        + parts.into_iter().flatten().map(str::len).sum::<usize>()
                        + qualifiers.sum::<usize>()
                }
                Identifier::Cpe(text) | Identifier::Other(text) => text.len(),
                Identifier::Hash(hash) => hash.hex.len(),
            }
    });
    size_of::<VexProduct>()
        + identifiers.sum::<usize>()
        + product.versions.as_ref().map_or(0, String::len)
        + product.subcomponents.iter().map(size).sum::<usize>()
}

/// Products of leaves and of what they stand in, outermost first: leaves in the same thing become one product with
/// several subcomponents. `holder` gives the product of an index.
pub(super) fn gather(
    leaves: Vec<(Vec<u32>, VexProduct)>,
    holder: impl Fn(u32) -> VexProduct,
) -> Vec<VexProduct> {
    let mut products: Vec<VexProduct> = Vec::new();
    let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
    for (holders, leaf) in leaves {
        if holders.is_empty() {
            products.push(leaf);
            continue;
        }
        if let Some(place) = places.get(&holders) {
            // Each holder but the last has the next one as its only part.
            let mut parts = products
                .get_mut(*place)
                .map(|product| &mut product.subcomponents);
            for _ in 1..holders.len() {
                parts = parts
                    .and_then(|parts| parts.first_mut())
                    .map(|part| &mut part.subcomponents);
            }
            if let Some(parts) = parts {
                parts.push(leaf);
            }
            continue;
        }
        let mut product = leaf;
        for &index in holders.iter().rev() {
            let mut outer = holder(index);
            outer.subcomponents.push(product);
            product = outer;
        }
        places.insert(holders, products.len());
        products.push(product);
    }
    products
}

/// Why a statement needs a reason: `not_affected` without one is refused by all formats' rules.
pub(super) const fn lacks_reason(status: Status, justified: bool, impact: Option<&str>) -> bool {
    matches!(status, Status::NotAffected) && !justified && impact.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        for good in [
            "2023-01-08T18:02:03.647787998-06:00",
            "2024-02-29t00:00:00z",
            "2024-01-01T00:00:00+00:00",
        ] {
            assert!(time(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2024",
            "2024-01-01",
            "2024-01-01T00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00",
            "2023-02-29T00:00:00Z",
            "2024-01-01T25:00:00Z",
            "2024-01-01T00:00:00+0000",
            "2024-01-01T00:00:00Z[UTC]",
            "Täglich um 12",
        ] {
            assert!(time(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ranges_by_their_form() {
        for good in ["vers:npm/>=1|<2", "vers:all/*", "vers:tomee/>=8.0.0-M1"] {
            assert!(is_vers(good), "{good}");
        }
        for bad in [
            "",
            "vers:",
            "vers:npm",
            "vers:npm/",
            "vers:/1",
            "vers:npm/|",
            ">=1",
            "vers:a b/1",
        ] {
            assert!(!is_vers(bad), "{bad}");
        }
    }

    #[test]
    fn a_purls_range_becomes_the_products() {
        let mut named = Named::default();
        named
            .purl("pkg:npm/a?arch=x&vers=vers:npm%2F%3E%3D1%7C%3C2", 3)
            .unwrap();
        assert_eq!(named.product.versions.as_deref(), Some("vers:npm/>=1|<2"));
        let Some(Identifier::Purl(purl)) = named.product.identifiers.first() else {
            panic!()
        };
        assert_eq!(purl.to_string(), "pkg:npm/a?arch=x");
        for bad in [
            "pkg:npm/a@1?vers=vers:npm/1",
            "pkg:npm/a?vers=1",
            "pkg:npm",
            "npm/a",
        ] {
            assert_eq!(Named::default().purl(bad, 3).unwrap_err().line, 3, "{bad}");
        }
    }

    #[test]
    fn identifiers_are_checked() {
        let mut named = Named::default();
        assert!(named.hash("sha256", &"AB".repeat(32), 1).is_ok());
        assert!(named.hash("sha3-512", "xyz", 1).is_ok());
        assert!(named.hash("SHA-256", "abcd", 1).is_err());
        assert!(named.hash("md5", &"zz".repeat(16), 1).is_err());
        assert!(named.cpe("cpe:2.3:a:b:c", 1).is_ok());
        assert!(named.cpe("a:b:c", 1).is_err());
        assert_eq!(named.product.identifiers.len(), 2);
        assert_eq!(named.lossy.len(), 1);
    }

    #[test]
    fn parts_of_one_thing_are_gathered() {
        let name = |text: &str| VexProduct {
            identifiers: vec![Identifier::Other(text.into())],
            ..VexProduct::default()
        };
        let leaves = vec![
            (vec![], name("alone")),
            (vec![0], name("a")),
            (vec![0, 1], name("b")),
            (vec![0], name("c")),
            (vec![0, 1], name("d")),
        ];
        let products = gather(leaves, |index| name(["p", "m"][index as usize]));
        assert_eq!(products.len(), 3);
        assert_eq!(products[1].subcomponents, [name("a"), name("c")]);
        assert_eq!(
            products[2].subcomponents[0].subcomponents,
            [name("b"), name("d")]
        );
    }
}
