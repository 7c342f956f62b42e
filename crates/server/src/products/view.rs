//! A product as the API takes and gives it.

use serde::{Deserialize, Serialize};
use stanchion_store::products::{self, Product};
use stanchion_store::{StoreError, Tx};
use utoipa::ToSchema;

use crate::http::Problem;
use crate::people::{Allowed, ProductWrite};
use crate::slice;

/// A product, as it is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductForm {
    /// Unique; at most 200 bytes.
    pub name: String,
    /// `own` (the organisation ships or runs it) or `bought`.
    #[serde(default = "own")]
    pub kind: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The product it is a part of.
    pub parent: Option<String>,
    /// Who acts: an address, or a role such as `team:web`.
    pub owner: Option<String>,
    /// 1 (most depends on it) to 5.
    pub tier: Option<i64>,
    /// Reachable from the internet.
    pub exposed: Option<bool>,
    /// Where it runs.
    pub environment: Option<String>,
    /// `development`, `active`, `maintenance` or `retired`.
    #[serde(default = "active")]
    pub lifecycle: String,
    /// Classes of data it holds.
    #[serde(default)]
    pub data_classes: Vec<String>,
    /// Words of yours.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Who sells a bought product.
    pub vendor: Option<String>,
    /// The version that was bought.
    pub bought_version: Option<String>,
    /// Its CPE name.
    pub cpe: Option<String>,
    /// Anyone may see its badge.
    #[serde(default)]
    pub badge: bool,
    /// Versions of a branch that are kept besides live ones.
    pub keep_versions: Option<i64>,
    /// Days for which versions that are not live are kept.
    pub keep_days: Option<i64>,
}

fn own() -> String {
    "own".into()
}

fn active() -> String {
    "active".into()
}

/// A product, as it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProductView {
    /// A UUID.
    pub id: String,
    /// Unique.
    pub name: String,
    /// `own` or `bought`.
    pub kind: String,
    /// For people.
    pub description: String,
    /// The product it is a part of.
    pub parent: Option<String>,
    /// Who acts.
    pub owner: Option<String>,
    /// 1 (most depends on it) to 5.
    pub tier: Option<i64>,
    /// Reachable from the internet; `null` while nobody has said.
    pub exposed: Option<bool>,
    /// Where it runs.
    pub environment: Option<String>,
    /// `development`, `active`, `maintenance` or `retired`.
    pub lifecycle: String,
    /// Classes of data it holds.
    pub data_classes: Vec<String>,
    /// Sorted.
    pub tags: Vec<String>,
    /// Who sells a bought product.
    pub vendor: Option<String>,
    /// The version that was bought.
    pub bought_version: Option<String>,
    /// Its CPE name.
    pub cpe: Option<String>,
    /// Anyone may see its badge.
    pub badge: bool,
    /// Versions of a branch that are kept besides live ones.
    pub keep_versions: Option<i64>,
    /// Days for which versions that are not live are kept.
    pub keep_days: Option<i64>,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub changed: i64,
}

impl ProductView {
    /// Of a row.
    pub(crate) fn of(tx: &mut Tx<'_>, product: Product) -> Result<Self, StoreError> {
        let parent = match product.parent {
            Some(parent) => products::by_id(tx, parent)?.map(|parent| parent.name),
            None => None,
        };
        Ok(Self {
            id: product.id.to_string(),
            name: product.name,
            kind: product.kind,
            description: product.description,
            parent,
            owner: product.owner,
            tier: product.tier,
            exposed: product.exposed,
            environment: product.environment,
            lifecycle: product.lifecycle,
            data_classes: product.data_classes,
            tags: product.tags,
            vendor: product.vendor,
            bought_version: product.bought,
            cpe: product.cpe,
            badge: product.badge,
            keep_versions: product.keep_versions,
            keep_days: product.keep_days,
            created: product.created,
            changed: product.changed,
        })
    }

    /// For the log.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Longest description.
const MOST_TEXT: usize = 10_000;
/// Longest word.
const MOST_WORD: usize = 200;
/// Most tags and classes of data.
const MOST_WORDS: usize = 100;

impl ProductForm {
    /// Writes the form into a product, when it is in order and its parent may be written.
    pub(crate) fn apply(
        &self,
        tx: &mut Tx<'_>,
        allowed: &Allowed<ProductWrite>,
        product: &mut Product,
    ) -> Result<(), Problem> {
        let wrong = |field: &str, message: &str| {
            Problem::unprocessable(format!("The product's {field} cannot be used."))
                .field(field, message)
        };
        if !matches!(self.kind.as_str(), "own" | "bought") {
            return Err(wrong("kind", "own or bought"));
        }
        if !matches!(
            self.lifecycle.as_str(),
            "development" | "active" | "maintenance" | "retired"
        ) {
            return Err(wrong(
                "lifecycle",
                "development, active, maintenance or retired",
            ));
        }
        if self.tier.is_some_and(|tier| !(1..=5).contains(&tier)) {
            return Err(wrong("tier", "1 to 5"));
        }
        if self.description.len() > MOST_TEXT {
            return Err(wrong("description", "at most 10,000 bytes"));
        }
        for (field, value) in [
            ("owner", &self.owner),
            ("environment", &self.environment),
            ("vendor", &self.vendor),
            ("bought_version", &self.bought_version),
            ("cpe", &self.cpe),
        ] {
            if value.as_deref().is_some_and(|text| !is_word(text)) {
                return Err(wrong(field, "1 to 200 bytes without control characters"));
            }
        }
        for (field, values) in [("data_classes", &self.data_classes), ("tags", &self.tags)] {
            if values.len() > MOST_WORDS || !values.iter().all(|word| is_word(word)) {
                return Err(wrong(
                    field,
                    "at most 100 words of 1 to 200 bytes without control characters",
                ));
            }
        }
        for (field, value) in [
            ("keep_versions", self.keep_versions),
            ("keep_days", self.keep_days),
        ] {
            if value.is_some_and(|number| !(0..=100_000).contains(&number)) {
                return Err(wrong(field, "0 to 100,000"));
            }
        }
        if self.kind == "bought" && self.vendor.is_none() {
            return Err(wrong("vendor", "a bought product has one"));
        }
        product.parent = match &self.parent {
            None => None,
            Some(name) => {
                let parent = slice::product(tx, allowed, name)?;
                if !products::may_hang(tx, product.id, parent.id)? {
                    return Err(wrong("parent", "a product cannot be a part of itself"));
                }
                Some(parent.id)
            }
        };
        product.name.clone_from(&self.name);
        product.kind.clone_from(&self.kind);
        product.description.clone_from(&self.description);
        product.owner.clone_from(&self.owner);
        product.tier = self.tier;
        product.exposed = self.exposed;
        product.environment.clone_from(&self.environment);
        product.lifecycle.clone_from(&self.lifecycle);
        product.data_classes.clone_from(&self.data_classes);
        product.tags.clone_from(&self.tags);
        product.tags.sort();
        product.tags.dedup();
        product.vendor.clone_from(&self.vendor);
        product.bought.clone_from(&self.bought_version);
        product.cpe.clone_from(&self.cpe);
        product.badge = self.badge;
        product.keep_versions = self.keep_versions;
        product.keep_days = self.keep_days;
        Ok(())
    }
}

/// Whether a text can stand in one line.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=MOST_WORD).contains(&text.len())
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control)
}
