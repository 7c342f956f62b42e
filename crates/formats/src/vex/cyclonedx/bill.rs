//! The components of a document, and what a reference to one means.

use std::collections::HashMap;
use std::fmt::Write as _;

use stanchion_model::vex::{Identifier, Refused, VexProduct};
use stanchion_syntax::Node;

use crate::vex::reading::{Named, is_purl, percent_decoded, size, told, words};
use crate::vex::refused;

/// Deepest nesting of components in one another.
const DEPTH: usize = 8;

/// A component or a service, and the one that it stands in.
pub(super) struct Entry<'n> {
    pub(super) node: &'n Node<'n>,
    holder: Option<u32>,
}

/// Everything in a document that can be referred to.
pub(super) struct Bill<'n> {
    pub(super) entries: Vec<Entry<'n>>,
    /// By `bom-ref`; `None` where two have the same.
    refs: HashMap<&'n str, Option<u32>>,
    /// How links into this document begin.
    link: Option<String>,
}

impl<'n> Bill<'n> {
    pub(super) fn new(root: &'n Node<'n>) -> Self {
        let serial = root
            .str("serialNumber")
            .and_then(|serial| serial.strip_prefix("urn:uuid:"));
        let version = root.at(&["version"]).text().unwrap_or("1");
        let mut bill = Self {
            entries: Vec::new(),
            refs: HashMap::new(),
            link: serial.map(|serial| format!("urn:cdx:{serial}/{version}#")),
        };
        let mut open: Vec<(&Node<'_>, Option<u32>)> = Vec::new();
        open.extend(
            root.at(&["metadata"])
                .get("component")
                .map(|node| (node, None)),
        );
        for key in ["components", "services"] {
            open.extend(root.at(&[key]).items().iter().map(|node| (node, None)));
        }
        while let Some((node, holder)) = open.pop() {
            let index = bill.entries.len() as u32;
            bill.entries.push(Entry { node, holder });
            if let Some(reference) = node.str("bom-ref") {
                // The product is listed again among its components by some tools.
                let entries = &bill.entries;
                bill.refs
                    .entry(reference)
                    .and_modify(|known| {
                        let first = known.and_then(|first| entries.get(first as usize));
                        if !first.is_some_and(|first| is_same(first.node, node)) {
                            *known = None;
                        }
                    })
                    .or_insert(Some(index));
            }
            for key in ["components", "services"] {
                let parts = node.at(&[key]).items().iter();
                open.extend(parts.map(|part| (part, Some(index))));
            }
        }
        bill
    }

    /// What a reference leads to within the document: `None` for nothing, and an error for two things.
    pub(super) fn find(&self, reference: &str) -> Result<Option<u32>, String> {
        let inner = self
            .link
            .as_deref()
            .and_then(|link| reference.strip_prefix(link));
        let decoded = inner.and_then(percent_decoded);
        let ways = [Some(reference), inner, decoded.as_deref()];
        match ways
            .into_iter()
            .flatten()
            .find_map(|way| self.refs.get(way))
        {
            Some(None) => Err(format!(
                "two components have the bom-ref {}",
                told(reference)
            )),
            Some(Some(index)) => Ok(Some(*index)),
            None => Ok(None),
        }
    }

    /// What a component stands in, outermost first.
    pub(super) fn holders(&self, index: u32) -> Result<Vec<u32>, String> {
        let mut holders = Vec::new();
        let mut next = self
            .entries
            .get(index as usize)
            .and_then(|entry| entry.holder);
        while let Some(holder) = next {
            if holders.len() + 1 >= DEPTH {
                return Err(format!("its component stands in more than {DEPTH} others"));
            }
            holders.push(holder);
            next = self
                .entries
                .get(holder as usize)
                .and_then(|entry| entry.holder);
        }
        holders.reverse();
        Ok(holders)
    }
}

/// Whether two entries are about the same component.
fn is_same(one: &Node<'_>, other: &Node<'_>) -> bool {
    ["purl", "cpe", "group", "name", "version"]
        .iter()
        .all(|key| one.at(&[key]).text() == other.at(&[key]).text())
}

/// A component by its identifiers, and by its name where there are none.
pub(super) fn component(node: &Node<'_>) -> Result<Named, Refused> {
    let mut named = Named::default();
    if let Some(purl) = words(node, "purl") {
        named.purl(purl, node.line)?;
    }
    if let Some(cpe) = words(node, "cpe") {
        named.cpe(cpe, node.line)?;
    }
    for hash in node.at(&["hashes"]).items() {
        let (algorithm, content) = (hash.str("alg"), hash.str("content"));
        named.hash(
            algorithm.unwrap_or_default(),
            content.unwrap_or_default(),
            hash.line,
        )?;
    }
    if named.product.identifiers.is_empty() {
        let name = full_name(node, node.at(&["version"]).text())
            .ok_or_else(|| refused(node.line, "a component has no name"))?;
        named.add(Identifier::Other(name), node.line)?;
    }
    Ok(named)
}

fn full_name(node: &Node<'_>, version: Option<&str>) -> Option<String> {
    let mut name = words(node, "name")?.to_owned();
    if let Some(group) = words(node, "group") {
        name = format!("{group}/{name}");
    }
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        name.push(' ');
        name.push_str(version);
    }
    Some(name)
}

/// A component as it is named.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) product: VexProduct,
    pub(super) lossy: Vec<String>,
    pub(super) size: usize,
}

impl Base {
    pub(super) fn of(named: Named) -> Self {
        Self {
            size: size(&named.product),
            product: named.product,
            lossy: named.lossy,
        }
    }
}

/// Takes one entry of `versions` in place of the component's own version. `component` is `None` where the product
/// is in another document.
pub(super) fn narrow(
    named: &mut Named,
    version: &Node<'_>,
    component: Option<&Node<'_>>,
) -> Result<(), Refused> {
    let line = version.line;
    let by_name = |version: Option<&str>| {
        let name = component.and_then(|component| full_name(component, version));
        name.map(|name| vec![Identifier::Other(name)])
    };
    let is_other = |identifier: &Identifier| matches!(identifier, Identifier::Other(_));
    let named_by_name = named.product.identifiers.iter().all(is_other);
    match (words(version, "range"), version.at(&["version"]).text()) {
        (Some(range), None) => {
            named.product.versions = None;
            named.range(range, line)?;
            named.without_version();
            if named_by_name && let Some(identifiers) = by_name(None) {
                named.product.identifiers = identifiers;
            }
            Ok(())
        }
        (None, Some(exact)) if !exact.trim().is_empty() => {
            let own = component.and_then(|component| component.at(&["version"]).text());
            if own == Some(exact) {
                return Ok(());
            }
            if named_by_name {
                match by_name(Some(exact)) {
                    Some(identifiers) => named.product.identifiers = identifiers,
                    None => named.range(&format!("vers:generic/{}", escaped(exact)), line)?,
                }
                return Ok(());
            }
            // A hash or a CPE name is of the component's own version.
            let of_own = own.is_some_and(|own| !own.is_empty());
            let identifiers = &mut named.product.identifiers;
            identifiers.retain(|identifier| {
                !of_own || matches!(identifier, Identifier::Purl(_) | Identifier::Other(_))
            });
            for identifier in identifiers.iter_mut() {
                if let Identifier::Purl(purl) = identifier {
                    *purl = purl.with_version(exact).map_err(|error| {
                        refused(line, format!("{} is no version: {error}", told(exact)))
                    })?;
                }
            }
            named.product.versions = None;
            if named.product.identifiers.is_empty() {
                named.product.identifiers = by_name(Some(exact)).unwrap_or_default();
            }
            Ok(())
        }
        (Some(_), Some(_)) => Err(refused(line, "a version and a range in one entry")),
        _ => Err(refused(
            line,
            "an entry of `versions` has neither a version nor a range",
        )),
    }
}

/// A version within a range.
fn escaped(version: &str) -> String {
    let mut out = String::with_capacity(version.len());
    for byte in version.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b'+') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A reference that leads out of the document.
pub(super) fn elsewhere(reference: &str, line: u32) -> Result<Named, Refused> {
    let mut named = Named::default();
    if is_purl(reference) {
        named.purl(reference, line)?;
        return Ok(named);
    }
    named.add(Identifier::Other(reference.to_owned()), line)?;
    let link = reference.starts_with("urn:cdx:");
    let inner = reference.split_once('#').filter(|_| link);
    if let Some((_, inner)) = inner {
        let decoded = percent_decoded(inner);
        let ways = [Some(inner), decoded.as_deref()];
        if let Some(purl) = ways.into_iter().flatten().find(|inner| is_purl(inner)) {
            named.purl(purl, line)?;
        }
    }
    Ok(named)
}
