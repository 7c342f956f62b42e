//! The bundle as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as Read, Serialize};
use stanchion_model::text::quoted;

use super::{
    Bundle, BundleError, BundleProduct, MOST_FILES, MOST_MESSAGE, MOST_ROLES, MOST_WORDS, SCHEMA,
};

/// In the order in which it is written; nothing that is empty.
#[derive(Serialize)]
struct Out<'a> {
    schema: &'static str,
    files: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a BundleProduct>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    members: &'a BTreeMap<String, Vec<String>>,
}

pub(super) fn write(bundle: &Bundle) -> String {
    let out = Out {
        schema: SCHEMA,
        files: &bundle.files,
        product: bundle.product.as_ref(),
        members: &bundle.members,
    };
    // Texts, numbers and maps of texts: nothing of it can fail to be written.
    serde_json::to_string(&out).unwrap_or_default()
}

#[derive(Read)]
struct Head<'a> {
    #[serde(borrow)]
    schema: Option<Cow<'a, str>>,
}

#[derive(Read)]
#[serde(deny_unknown_fields)]
struct In {
    /// Looked at before the rest.
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
    files: Map<String, MOST_FILES>,
    #[serde(default)]
    product: Option<BundleProduct>,
    #[serde(default)]
    members: Map<List, MOST_ROLES>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Bundle, BundleError> {
    fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BundleError> {
        serde_json::from_slice(bytes)
            .map_err(|error| BundleError::Form(quoted(&error.to_string(), MOST_MESSAGE)))
    }
    let head: Head<'_> = parse(bytes)?;
    match head.schema {
        Some(found) if found == SCHEMA => {}
        found => {
            return Err(BundleError::Schema {
                found: quoted(&found.unwrap_or_default(), MOST_MESSAGE),
            });
        }
    }
    let whole: In = parse(bytes)?;
    Ok(Bundle {
        files: whole.files.0,
        product: whole.product,
        members: whole
            .members
            .0
            .into_iter()
            .map(|(name, list)| (name, list.0))
            .collect(),
    })
}

/// A map of at most so many, each name once: readers differ on which of two counts.
struct Map<T, const MOST: usize>(BTreeMap<String, T>);

impl<T, const MOST: usize> Default for Map<T, MOST> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Map<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Members<T, MOST> {
            type Value = Map<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MOST} members")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if members.len() == MOST {
                        let message = format!("an object of more than {MOST} members");
                        return Err(de::Error::custom(message));
                    }
                    if members.contains_key(&name) {
                        return Err(de::Error::custom(format!("{name:?} is there twice")));
                    }
                    members.insert(name, value);
                }
                Ok(Map(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// Texts, at most [`MOST_WORDS`].
pub(super) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    List::deserialize(deserializer).map(|list| list.0)
}

/// A list of at most [`MOST_WORDS`] texts.
struct List(Vec<String>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;

        impl<'de> Visitor<'de> for Items {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST_WORDS} texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MOST_WORDS {
                        let message = format!("a list of more than {MOST_WORDS}");
                        return Err(de::Error::custom(message));
                    }
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_seq(Items)
    }
}
