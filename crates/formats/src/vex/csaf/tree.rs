//! The product tree: what each product id stands for.

use std::collections::{HashMap, hash_map};
use std::rc::Rc;

use stanchion_model::vex::{Identifier, Refused, VexProduct};
use stanchion_syntax::Node;

use crate::vex::reading::{Budget, Named, lose, size, told, words};
use crate::vex::refused;

/// Deepest definition of one product by others; published documents have two or three.
const DEPTH: usize = 8;

/// A product as it stands in the tree, without parts.
pub(super) struct Base {
    pub(super) product: VexProduct,
    pub(super) lossy: Vec<String>,
    /// What it takes of memory.
    pub(super) size: usize,
}

/// What an id is defined as.
enum Entry<'n> {
    Base(u32),
    /// Outermost first; the last is the one that the others are about. Then the identifiers that the whole has itself.
    Path(Vec<&'n str>, Option<u32>),
    /// Why it cannot be used.
    Bad(String),
}

/// Bases, outermost first.
pub(super) type Path = Rc<[u32]>;

/// All products of a document.
pub(super) struct Tree<'n> {
    entries: HashMap<&'n str, Entry<'n>>,
    bases: Vec<Base>,
    groups: HashMap<&'n str, Vec<&'n str>>,
    paths: HashMap<&'n str, Result<Path, String>>,
}

/// The version that the branches above a product name.
#[derive(Clone, Copy)]
enum Version<'n> {
    Unnamed,
    One(&'n str),
    Range(&'n str, u32),
}

impl<'n> Tree<'n> {
    pub(super) fn new(root: &'n Node<'n>) -> Self {
        let tree = root.at(&["product_tree"]);
        let mut new = Self {
            entries: HashMap::new(),
            bases: Vec::new(),
            groups: HashMap::new(),
            paths: HashMap::new(),
        };
        new.branches(tree);
        for product in tree.at(&["full_product_names"]).items() {
            new.define(product, Version::Unnamed);
        }
        for relationship in tree.at(&["relationships"]).items() {
            let outer = relationship.str("relates_to_product_reference");
            let inner = relationship.str("product_reference");
            let path = outer.zip(inner).map(|(outer, inner)| vec![outer, inner]);
            new.combine(relationship, path);
        }
        for path in tree.at(&["product_paths"]).items() {
            let first = path.str("beginning_product_reference");
            let next = path.at(&["subpaths"]).items().iter();
            let next = next.map(|step| step.str("next_product_reference"));
            let all: Option<Vec<&str>> = std::iter::once(first).chain(next).collect();
            new.combine(path, all.map(|all| all.into_iter().rev().collect()));
        }
        for group in tree.at(&["product_groups"]).items() {
            if let Some(id) = group.str("group_id") {
                let ids = group.at(&["product_ids"]).items().iter();
                let ids = ids.filter_map(Node::as_str).collect();
                // Of a group that is defined twice nobody knows which is meant.
                new.groups.entry(id).and_modify(Vec::clear).or_insert(ids);
            }
        }
        new
    }

    /// Goes through nested branches; how deep they are, the reader of JSON bounds.
    fn branches(&mut self, tree: &'n Node<'n>) {
        let mut open = vec![(tree, Version::Unnamed)];
        while let Some((node, above)) = open.pop() {
            let name = node.str("name").unwrap_or_default();
            let version = match node.str("category") {
                Some("product_version") => Version::One(name),
                Some("product_version_range") => Version::Range(name, node.line),
                _ => above,
            };
            if let Some(product) = node.get("product") {
                self.define(product, version);
            }
            open.extend(
                node.at(&["branches"])
                    .items()
                    .iter()
                    .map(|branch| (branch, version)),
            );
        }
    }

    fn define(&mut self, node: &'n Node<'n>, version: Version<'n>) {
        let Some(id) = node.str("product_id") else {
            return;
        };
        let entry = match base(node, version) {
            Ok(base) => self.keep(base),
            Err(refused) => Entry::Bad(refused.reason),
        };
        self.insert(id, entry);
    }

    fn keep(&mut self, named: Named) -> Entry<'n> {
        let size = size(&named.product);
        self.bases.push(Base {
            product: named.product,
            lossy: named.lossy,
            size,
        });
        Entry::Base(self.bases.len() as u32 - 1)
    }

    /// A product that others make up; no path where a reference is missing.
    fn combine(&mut self, node: &'n Node<'n>, path: Option<Vec<&'n str>>) {
        let whole = node.at(&["full_product_name"]);
        let Some(id) = whole.str("product_id") else {
            return;
        };
        let entry = match (path, helped(whole)) {
            (None, _) => Entry::Bad("it refers to no other product".to_owned()),
            (_, Err(refused)) => Entry::Bad(refused.reason),
            (Some(path), Ok(named)) => {
                let own = (!named.product.identifiers.is_empty()).then(|| match self.keep(named) {
                    Entry::Base(index) => index,
                    _ => 0,
                });
                Entry::Path(path, own)
            }
        };
        self.insert(id, entry);
    }

    /// Publishers define a product again in the same way, which does no harm; in another way, nobody knows which is
    /// meant.
    fn insert(&mut self, id: &'n str, entry: Entry<'n>) {
        let bases = &self.bases;
        let product = |index: u32| bases.get(index as usize).map(|base| &base.product);
        let known = match self.entries.entry(id) {
            hash_map::Entry::Vacant(free) => {
                free.insert(entry);
                return;
            }
            hash_map::Entry::Occupied(known) => known.into_mut(),
        };
        let same = match (&*known, &entry) {
            (Entry::Base(one), Entry::Base(other)) => product(*one) == product(*other),
            (Entry::Path(one, own), Entry::Path(other, another)) => {
                one == other && own.and_then(product) == another.and_then(product)
            }
            _ => false,
        };
        if !same {
            *known = Entry::Bad("the product tree defines it twice, differently".to_owned());
        }
    }

    pub(super) fn group(&self, id: &str) -> &[&'n str] {
        self.groups.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn base(&self, index: u32) -> Option<&Base> {
        self.bases.get(index as usize)
    }

    /// What an id stands for; an error says why nobody can tell.
    pub(super) fn path(
        &mut self,
        id: &'n str,
        line: u32,
        budget: &mut Budget,
    ) -> Result<Path, String> {
        if let Some(known) = self.paths.get(id) {
            return known.clone();
        }
        let mut path = Vec::new();
        let found = self.follow(id, DEPTH, line, budget, &mut path);
        let found = found.map(|()| Path::from(path));
        self.paths.insert(id, found.clone());
        found
    }

    fn follow(
        &mut self,
        id: &'n str,
        depth: usize,
        line: u32,
        budget: &mut Budget,
        path: &mut Vec<u32>,
    ) -> Result<(), String> {
        budget.take(64, line).map_err(|refused| refused.reason)?;
        let (steps, own) = match self.entries.get(id) {
            None => return Err("the product tree does not define it".to_owned()),
            Some(Entry::Bad(reason)) => return Err(reason.clone()),
            Some(Entry::Base(index)) => {
                if path.len() >= DEPTH {
                    return Err(format!("it is more than {DEPTH} products in one another"));
                }
                path.push(*index);
                return Ok(());
            }
            Some(Entry::Path(steps, own)) => (steps.clone(), *own),
        };
        if depth == 0 {
            return Err(format!(
                "it is defined by itself, or through more than {DEPTH} others"
            ));
        }
        for step in steps {
            let found = self.follow(step, depth - 1, line, budget, path);
            // The way to what is wrong is told up to the first step.
            found.map_err(|reason| match depth {
                DEPTH => format!("{}: {reason}", told(step)),
                _ => reason,
            })?;
        }
        if let (Some(own), Some(last)) = (own, path.last_mut())
            && let Some(index) = self.merged(*last, own)
        {
            *last = index;
            let size = self.base(index).map_or(0, |base| base.size);
            budget.take(size, line).map_err(|refused| refused.reason)?;
        }
        Ok(())
    }

    /// The innermost product with the identifiers of the whole, where it has no purl itself.
    fn merged(&mut self, inner: u32, own: u32) -> Option<u32> {
        let (inner, own) = (self.base(inner)?, self.base(own)?);
        let is_purl = |identifier: &Identifier| matches!(identifier, Identifier::Purl(_));
        if inner.product.identifiers.iter().any(is_purl) {
            return None;
        }
        let mut named = Named {
            product: inner.product.clone(),
            lossy: inner.lossy.clone(),
        };
        for identifier in &own.product.identifiers {
            named.add(identifier.clone(), 0).ok()?;
        }
        for sentence in &own.lossy {
            lose(&mut named.lossy, sentence.clone());
        }
        match self.keep(named) {
            Entry::Base(index) => Some(index),
            _ => None,
        }
    }
}

/// A product that stands for itself.
fn base(node: &Node<'_>, version: Version<'_>) -> Result<Named, Refused> {
    let mut named = helped(node)?;
    if named.product.identifiers.is_empty() {
        let name = words(node, "name").ok_or_else(|| refused(node.line, "it has no name"))?;
        named.add(Identifier::Other(name.to_owned()), node.line)?;
    }
    match version {
        Version::Unnamed => {}
        Version::One(version) => {
            for identifier in &mut named.product.identifiers {
                if let Identifier::Purl(purl) = identifier
                    && purl.version().is_none()
                    && named.product.versions.is_none()
                    && !version.contains(purl.name())
                    && let Ok(exact) = purl.with_version(version)
                {
                    *purl = exact;
                }
            }
        }
        Version::Range(range, line) => {
            named.product.versions = None;
            let full = scheme(range, &mut named);
            named.range(full.as_deref().unwrap_or(range), line)?;
            named.without_version();
        }
    }
    Ok(named)
}

/// A range with its scheme, where it is written without.
fn scheme(range: &str, named: &mut Named) -> Option<String> {
    let constraints: String = range.chars().filter(|c| !c.is_whitespace()).collect();
    if !constraints.starts_with(['<', '>', '=', '!']) {
        return None;
    }
    let kind = named
        .product
        .identifiers
        .iter()
        .find_map(|identifier| match identifier {
            Identifier::Purl(purl) => Some(purl.purl_type()),
            _ => None,
        });
    let sentence = match kind {
        Some(kind) => format!("the range {} is read as one of {kind}", told(range)),
        None => format!("the range {} is of no known scheme", told(range)),
    };
    let full = format!("vers:{}/{constraints}", kind.unwrap_or("unknown"));
    lose(&mut named.lossy, sentence);
    Some(full)
}

/// A product with what its identification helpers say.
fn helped(node: &Node<'_>) -> Result<Named, Refused> {
    let mut named = Named::default();
    let helper = node.at(&["product_identification_helper"]);
    let purls = helper.get("purl").into_iter();
    for purl in purls.chain(helper.at(&["purls"]).items()) {
        let text = purl
            .as_str()
            .ok_or_else(|| refused(purl.line, format!("{} is no purl", purl.kind())))?;
        named.purl(text, purl.line)?;
    }
    if let Some(cpe) = words(helper, "cpe") {
        named.cpe(cpe, helper.line)?;
    }
    for hash in helper
        .at(&["hashes"])
        .items()
        .iter()
        .flat_map(|file| file.at(&["file_hashes"]).items())
    {
        let algorithm = hash.str("algorithm").unwrap_or("sha256");
        let value = hash.str("value").unwrap_or_default();
        named.hash(algorithm, value, hash.line)?;
    }
    for url in helper.at(&["sbom_urls"]).items() {
        if let Some(url) = url.as_str().filter(|url| !url.trim().is_empty()) {
            named.add(Identifier::Other(url.to_owned()), helper.line)?;
        }
    }
    for generic in helper.at(&["x_generic_uris"]).items() {
        if let Some(uri) = words(generic, "uri") {
            named.iri(uri, generic.line)?;
        }
    }
    for key in ["model_numbers", "serial_numbers", "skus"] {
        if helper.get(key).is_some() {
            lose(
                &mut named.lossy,
                format!("`{key}` of a product are not read"),
            );
        }
    }
    Ok(named)
}
