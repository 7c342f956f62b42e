//! The product tree of a CSAF document that is written: an id for each product and each part of one.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use stanchion_model::inventory::{Algorithm, Hash};
use stanchion_model::vex::VexProduct;

use super::cpe;
use crate::text::cut;
use crate::vex::reading::told;
use crate::vex::writing::{Losses, cpes, display, hashes, is_uri, names, others, purls};

/// Where the rules of BOM-Links stand.
const BOM_LINK: &str = "https://cyclonedx.org/capabilities/bomlink/";
/// Where the rules of purls stand.
const PURL: &str = "https://github.com/package-url/purl-spec";
/// Where the rules of URIs stand, for those that name their own.
const URI: &str = "https://www.rfc-editor.org/rfc/rfc3986";

#[derive(Serialize)]
pub(super) struct ProductTree<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    branches: Vec<Branch<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    full_product_names: Vec<FullName<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<Relationship<'a>>,
}

/// A product by its name, with one range of its versions in it.
#[derive(Serialize)]
struct Branch<'a> {
    branches: [Versions<'a>; 1],
    category: &'static str,
    name: String,
}

#[derive(Serialize)]
struct Versions<'a> {
    category: &'static str,
    name: &'a str,
    product: FullName<'a>,
}

#[derive(Serialize)]
struct FullName<'a> {
    name: String,
    product_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_identification_helper: Option<Helper<'a>>,
}

#[derive(Serialize, Default)]
struct Helper<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    x_generic_uris: Vec<Generic>,
}

#[derive(Serialize)]
struct File<'a> {
    file_hashes: Vec<FileHash<'a>>,
    filename: String,
}

#[derive(Serialize)]
struct FileHash<'a> {
    algorithm: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Generic {
    namespace: &'static str,
    uri: String,
}

#[derive(Serialize)]
struct Relationship<'a> {
    category: &'static str,
    full_product_name: FullName<'a>,
    product_reference: String,
    relates_to_product_reference: String,
}

/// Ids for products, given as they are asked for.
#[derive(Default)]
pub(super) struct Products<'a> {
    ids: HashMap<String, String>,
    branches: Vec<Branch<'a>>,
    full: Vec<FullName<'a>>,
    relationships: Vec<Relationship<'a>>,
}

impl<'a> Products<'a> {
    /// The id of a product, or of a part with what it stands in, outermost first.
    pub(super) fn id(
        &mut self,
        chain: &[&'a VexProduct],
        vulnerability: &str,
        losses: &mut Losses,
    ) -> String {
        let Some((leaf, holders)) = chain.split_last() else {
            return String::new();
        };
        if holders.is_empty() {
            return self.base(leaf, vulnerability, losses);
        }
        let outer = self.id(holders, vulnerability, losses);
        let inner = self.base(leaf, vulnerability, losses);
        let key = format!("{inner} in {outer}");
        if let Some(id) = self.ids.get(&key) {
            return id.clone();
        }
        let id = self.next(key);
        let whole = holders.iter().rev().map(|holder| display(holder));
        let whole: Vec<String> = std::iter::once(display(leaf)).chain(whole).collect();
        self.relationships.push(Relationship {
            category: "default_component_of",
            full_product_name: FullName {
                name: whole.join(" in "),
                product_id: id.clone(),
                product_identification_helper: None,
            },
            product_reference: inner,
            relates_to_product_reference: outer,
        });
        id
    }

    fn next(&mut self, key: String) -> String {
        let id = format!("CSAFPID-{:04}", self.ids.len() + 1);
        self.ids.insert(key, id.clone());
        id
    }

    fn base(
        &mut self,
        product: &'a VexProduct,
        vulnerability: &str,
        losses: &mut Losses,
    ) -> String {
        let range = product.versions.as_deref();
        let key = format!("{}{:?}", names(product), range);
        if let Some(id) = self.ids.get(&key) {
            return id.clone();
        }
        let id = self.next(key);
        let (helper, lost) = helper(product);
        let name = match &helper {
            // Without a helper the name alone tells the product, to the letter.
            None => others(product)
                .chain(cpes(product))
                .next()
                .map(str::to_owned),
            Some(_) => None,
        };
        let name = name.unwrap_or_else(|| display(product));
        if lost > 0 {
            let told = told(&name);
            losses.of(
                vulnerability,
                &format!("CSAF has no room for {lost} of the identifiers of {told}"),
            );
        }
        let full = FullName {
            name: name.clone(),
            product_id: id.clone(),
            product_identification_helper: helper,
        };
        match range {
            None => self.full.push(full),
            Some(range) => self.branches.push(Branch {
                branches: [Versions {
                    category: "product_version_range",
                    name: range,
                    product: full,
                }],
                category: "product_name",
                name,
            }),
        }
        id
    }

    pub(super) fn tree(self) -> ProductTree<'a> {
        ProductTree {
            branches: self.branches,
            full_product_names: self.full,
            relationships: self.relationships,
        }
    }
}

/// Identification helpers, and how many identifiers have no place in them.
fn helper(product: &VexProduct) -> (Option<Helper<'_>>, usize) {
    let mut helper = Helper::default();
    let mut lost = 0;
    for purl in purls(product) {
        let purl = purl.to_string();
        if helper.purl.is_none() {
            helper.purl = Some(purl);
        } else {
            helper.x_generic_uris.push(Generic {
                namespace: PURL,
                uri: purl,
            });
        }
    }
    for cpe in cpes(product) {
        if helper.cpe.is_none() && cpe::is_valid(cpe) {
            helper.cpe = Some(cpe);
        } else {
            lost += 1;
        }
    }
    let mut used: HashSet<(usize, Algorithm)> = HashSet::new();
    for hash in hashes(product) {
        // An algorithm may stand once in an item; a second hash by it is of another file.
        let mut item = 0;
        while !used.insert((item, hash.algorithm)) {
            item += 1;
        }
        if helper.hashes.len() <= item {
            helper.hashes.push(File {
                file_hashes: Vec::new(),
                filename: cut(&display(product), 200),
            });
        }
        if let Some(file) = helper.hashes.get_mut(item) {
            file.file_hashes.push(FileHash {
                algorithm: algorithm(hash),
                value: &hash.hex,
            });
        }
    }
    let mut names = 0_usize;
    for other in others(product) {
        if is_uri(other) && !other.starts_with("pkg:") {
            helper.x_generic_uris.push(Generic {
                namespace: if other.starts_with("urn:cdx:") {
                    BOM_LINK
                } else {
                    URI
                },
                uri: other.to_owned(),
            });
        } else {
            names += 1;
        }
    }
    let empty = helper.purl.is_none()
        && helper.cpe.is_none()
        && helper.hashes.is_empty()
        && helper.x_generic_uris.is_empty();
    if empty {
        // One name is the full name. A CPE in its place is no CPE any more.
        return (None, lost + names.saturating_sub(1));
    }
    (Some(helper), lost + names)
}

/// The name of a hash's algorithm as OpenSSL has it.
fn algorithm(hash: &Hash) -> &'static str {
    match hash.algorithm {
        Algorithm::Md5 => "md5",
        Algorithm::Sha1 => "sha1",
        Algorithm::Sha256 => "sha256",
        Algorithm::Sha384 => "sha384",
        Algorithm::Sha512 => "sha512",
        Algorithm::Blake2b256 => "blake2b256",
        Algorithm::Blake3 => "blake3",
    }
}
