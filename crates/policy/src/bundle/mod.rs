//! A policy with all that stands beside it, as one machine hands it to another: `stanchion.bundle/1`.
//!
//! The portal hands out a bundle by its digest, and a scan or a push is judged by it. Decisions that a reader should
//! know:
//!
//! - The JSON that [`Bundle::to_json`] writes is the one form of a bundle; its digest is the name of the bundle, and
//!   that of the policy which a verdict gives.
//! - Files keep their texts as people wrote them, so that faults point at lines that they know; places in them are
//!   shown as `portal:policy.toml:12`. Only presets can be extended: nothing else is at hand where a bundle is opened.
//! - What the portal knows about the product holds for the whole target and stands in for the policy's own entry of
//!   that name. The people it knows behind a role are added to those whom the policy names.
//! - Fields that are not known are refused: a bundle that says more than is understood would be judged by half of it.

mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stanchion_model::inventory::Problem;
use stanchion_model::text::quoted;

use crate::beside::{Beside, MOST_VEX_BYTES, VEX};
use crate::claims::{self, Claims};
use crate::exceptions::{self, Exceptions};
use crate::extend::{self, Source};
use crate::file::catalogue::{LIFECYCLES, TIERS};
use crate::file::{self, Fault, Place, Placed, Policy, Product, Roles, digest};
use crate::people;

/// The value of `schema`.
pub const SCHEMA: &str = "stanchion.bundle/1";

/// What stands before a file's name where it is told of.
pub const PLACE: &str = "portal:";

/// The policy of a bundle.
pub const POLICY: &str = "policy.toml";

/// Largest bundle, in bytes of its JSON.
pub const MOST_BYTES: usize = 64 << 20;

/// Most files of a bundle.
pub const MOST_FILES: usize = 1002;

/// Longest name or word about a product or a person, in bytes.
const MOST_TEXT: usize = 4096;

/// Most roles.
const MOST_ROLES: usize = 1000;

/// Most people behind one role, most tags, most classes of data.
const MOST_WORDS: usize = 5000;

/// Longest file name below `vex`, in bytes.
const MOST_NAME: usize = 200;

/// Longest message that quotes a bundle.
const MOST_MESSAGE: usize = 300;

/// What the portal knows about the product that is scanned: an entry `[[product]]` of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleProduct {
    /// Its name.
    pub name: String,
    /// Who acts; `roles.responsible` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// 1 to 5; 1 is the most critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<i64>,
    /// Reachable from the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed: Option<bool>,
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `development`, `active`, `maintenance`, `retired`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// Free words.
    #[serde(
        default,
        deserialize_with = "wire::words",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tags: Vec<String>,
    /// Classes of data it touches.
    #[serde(
        default,
        deserialize_with = "wire::words",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub data_classes: Vec<String>,
}

/// A policy with all that stands beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Texts by name: `policy.toml`, and where there are such `exceptions.toml`, `triage.toml` and `vex/NAME.json`.
    pub files: BTreeMap<String, String>,
    /// The product that the target is.
    pub product: Option<BundleProduct>,
    /// People behind roles, teams and lists: `role:ciso` and their addresses.
    pub members: BTreeMap<String, Vec<String>>,
}

/// A bundle ready to judge by.
#[derive(Debug)]
pub struct Opened {
    /// The policy; its digest is the bundle's.
    pub policy: Policy,
    /// Exceptions.
    pub exceptions: Exceptions,
    /// Decisions and VEX.
    pub claims: Claims,
    /// What is wrong with the files beside the policy: none of it decides anything.
    pub problems: Vec<Problem>,
}

/// Why a bundle is not used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is larger than [`MOST_BYTES`].
    #[error("the policy bundle has {size} bytes, more than {MOST_BYTES}")]
    TooLarge {
        /// How many bytes it has.
        size: usize,
    },
    /// It is no JSON, or not of the form that it should have.
    #[error("the policy bundle cannot be read: {0}")]
    Form(String),
    /// It is of another schema, or of another version of it.
    #[error("the policy bundle is of schema {found:?}, and {SCHEMA:?} is what is read")]
    Schema {
        /// What it says.
        found: String,
    },
    /// A part of it cannot be used.
    #[error("the policy bundle: {part}: {reason}")]
    Part {
        /// A file's name, `product` or `members`.
        part: String,
        /// What is wrong with it, in words, without a trailing period.
        reason: String,
    },
}

impl BundleError {
    /// What a person should do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => {
                "take out VEX documents that are superseded, and exceptions that are over"
            }
            Self::Schema { .. } => {
                "update Stanchion where the bundle is opened: the portal that wrote it is another version"
            }
            Self::Form(_) => "fetch the bundle from the portal again",
            Self::Part { .. } => "correct it in the portal, and fetch the bundle again",
        }
    }
}

fn part(part: &str, reason: impl Into<String>) -> BundleError {
    BundleError::Part {
        part: quoted(part, MOST_MESSAGE),
        reason: reason.into(),
    }
}

impl Bundle {
    /// The bundle as JSON: the same bundle gives the same bytes.
    pub fn to_json(&self) -> String {
        wire::write(self)
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// When it is too large, no JSON, of another schema, or holds what a bundle cannot hold. What is wrong with the
    /// texts of its files is told by [`Bundle::open`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MOST_BYTES {
            return Err(BundleError::TooLarge { size: bytes.len() });
        }
        let bundle = wire::read(bytes)?;
        bundle.parts()?;
        Ok(bundle)
    }

    /// Whether it is one that can be handed on: what [`Bundle::from_json`] asks.
    ///
    /// # Errors
    /// As [`Bundle::from_json`].
    pub fn check(&self) -> Result<(), BundleError> {
        self.parts()?;
        match self.to_json().len() {
            size if size > MOST_BYTES => Err(BundleError::TooLarge { size }),
            _ => Ok(()),
        }
    }

    /// SHA-256 of [`Bundle::to_json`], in lower-case hexadecimal: the name of the bundle.
    pub fn digest(&self) -> String {
        digest(self.to_json().as_bytes())
    }

    /// What the bundle may hold.
    fn parts(&self) -> Result<(), BundleError> {
        if self.files.len() > MOST_FILES {
            return Err(part("files", format!("there are more than {MOST_FILES}")));
        }
        if !self.files.contains_key(POLICY) {
            return Err(part(POLICY, "it is missing"));
        }
        for (name, text) in &self.files {
            let most = match name.as_str() {
                POLICY => file::MOST_BYTES,
                exceptions::FILE => exceptions::MOST_BYTES,
                claims::FILE => claims::MOST_BYTES,
                _ if vex_name(name).is_some() => MOST_VEX_BYTES,
                _ => {
                    return Err(part(
                        name,
                        format!(
                            "no file of a bundle; its files are {POLICY}, {}, {} and {VEX}/NAME.json",
                            exceptions::FILE,
                            claims::FILE
                        ),
                    ));
                }
            };
            if text.len() > most {
                return Err(part(name, format!("it has more than {most} bytes")));
            }
        }
        if let Some(product) = &self.product {
            product.check().map_err(|reason| part("product", reason))?;
        }
        if self.members.len() > MOST_ROLES {
            return Err(part(
                "members",
                format!("there are more than {MOST_ROLES} roles"),
            ));
        }
        for (name, list) in &self.members {
            let wrong = |reason: String| {
                Err(part(
                    "members",
                    format!("{:?}: {reason}", quoted(name, MOST_MESSAGE)),
                ))
            };
            if !people::KINDS.iter().any(|kind| name.starts_with(kind)) {
                return wrong(format!(
                    "it begins with none of {}",
                    people::KINDS.join(", ")
                ));
            }
            if let Err(reason) = word(name).and_then(|()| words(list)) {
                return wrong(reason);
            }
        }
        Ok(())
    }

    /// Reads the policy with the product and the people of the bundle.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn policy(&self) -> Result<Policy, Vec<Fault>> {
        self.check().map_err(|error| {
            vec![Fault {
                place: place(POLICY),
                message: error.to_string(),
                hint: Some(error.hint().into()),
            }]
        })?;
        let text = self.files.get(POLICY).map_or("", String::as_str);
        let mut policy = extend::load(&format!("{PLACE}{POLICY}"), text, &Inside)?;
        if let Some(product) = &self.product {
            policy.products.retain(|other| other.name != product.name);
            // The first that covers a project holds, and this one covers all.
            policy.products.insert(0, product.entry(place("product")));
        }
        if !self.members.is_empty() {
            let roles = policy.roles.get_or_insert_with(Roles::default);
            for (name, list) in &self.members {
                let people = roles.members.entry(name.clone()).or_insert_with(|| Placed {
                    value: Vec::new(),
                    place: place("members"),
                });
                for person in list {
                    if !people.value.contains(person) {
                        people.value.push(person.clone());
                    }
                }
            }
        }
        policy.digest = self.digest();
        Ok(policy)
    }

    /// Reads everything.
    ///
    /// # Errors
    /// All that is wrong with the policy. What is wrong with the files beside it stands in [`Opened::problems`].
    pub fn open(&self) -> Result<Opened, Vec<Fault>> {
        let policy = self.policy()?;
        let calendar = policy.calendar();
        let mut beside = Beside::default();
        for (name, text) in &self.files {
            let told = format!("{PLACE}{name}");
            match name.as_str() {
                POLICY => {}
                exceptions::FILE => beside.exceptions(&told, text, "", &calendar),
                claims::FILE => beside.decisions(&told, text, "", &calendar),
                _ => beside.vex(&policy, &told, name, text.as_bytes()),
            }
        }
        Ok(Opened {
            policy,
            exceptions: beside.exceptions,
            claims: beside.claims,
            problems: beside.problems,
        })
    }

    /// The text that a place of the bundle points into, by its file's name with [`PLACE`] before it.
    pub fn text(&self, file: &str) -> Option<&str> {
        let name = file.strip_prefix(PLACE)?;
        self.files.get(name).map(String::as_str)
    }
}

fn place(name: &str) -> Place {
    Place {
        file: format!("{PLACE}{name}").into(),
        line: 1,
    }
}

impl BundleProduct {
    fn check(&self) -> Result<(), String> {
        word(&self.name).map_err(|reason| format!("`name`: {reason}"))?;
        for (field, text) in [
            ("owner", &self.owner),
            ("environment", &self.environment),
            ("lifecycle", &self.lifecycle),
        ] {
            if let Some(Err(reason)) = text.as_deref().map(word) {
                return Err(format!("`{field}`: {reason}"));
            }
        }
        if let Some(tier) = self.tier.filter(|tier| !TIERS.contains(tier)) {
            return Err(format!(
                "`tier` is {tier}, not from {} to {}",
                TIERS.start(),
                TIERS.end()
            ));
        }
        let known = |word: &String| LIFECYCLES.contains(&word.as_str());
        if self.lifecycle.as_ref().is_some_and(|word| !known(word)) {
            return Err(format!("`lifecycle` is none of {}", LIFECYCLES.join(", ")));
        }
        for (field, list) in [("tags", &self.tags), ("data_classes", &self.data_classes)] {
            words(list).map_err(|reason| format!("`{field}`: {reason}"))?;
        }
        Ok(())
    }

    /// The entry of the policy that it is: for every project of the target.
    fn entry(&self, place: Place) -> Product {
        Product {
            name: self.name.clone(),
            paths: vec!["**".into()],
            owner: self.owner.clone().map(|value| Placed {
                value,
                place: place.clone(),
            }),
            tier: self.tier,
            exposed: self.exposed,
            environment: self.environment.clone(),
            lifecycle: self.lifecycle.clone(),
            tags: self.tags.clone(),
            data_classes: self.data_classes.clone(),
            place,
        }
    }
}

fn word(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it is empty".into());
    }
    if text.len() > MOST_TEXT {
        return Err(format!("it has more than {MOST_TEXT} bytes"));
    }
    Ok(())
}

fn words(list: &[String]) -> Result<(), String> {
    if list.len() > MOST_WORDS {
        return Err(format!("there are more than {MOST_WORDS}"));
    }
    list.iter().try_for_each(|text| word(text))
}

/// The name of a VEX document: a plain file of the one folder.
fn vex_name(name: &str) -> Option<&str> {
    let file = name.strip_prefix(VEX)?.strip_prefix('/')?;
    let stem = file.strip_suffix(".json")?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '@' | ' ');
    let good = !stem.is_empty()
        && file.len() <= MOST_NAME
        && !file.starts_with(['.', ' '])
        && file.chars().all(plain);
    good.then_some(file)
}

/// What a policy of a bundle may extend: presets, which are found before this is asked.
struct Inside;

impl Source for Inside {
    fn policy(&self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!(
            "{path:?} is no preset, and a bundle has one policy"
        ))
    }

    fn hint(&self) -> &'static str {
        "write what it says into the policy itself, or name a preset like builtin:strict"
    }
}
