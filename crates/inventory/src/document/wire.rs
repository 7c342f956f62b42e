//! The document as it stands in JSON: one struct an object, for both directions.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde::{Deserialize as Read, Serialize as Write};
use serde_json::value::RawValue;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};

use super::{MOST_COMPONENTS, MOST_PARTS, MOST_ROWS};

/// A list of at most so many.
#[derive(Debug)]
pub(super) struct List<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> List<T, MOST> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MOST: usize> FromIterator<T> for List<T, MOST> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T: Serialize, const MOST: usize> Serialize for List<T, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Items<T, MOST> {
            type Value = List<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MOST {
                        return Err(de::Error::custom(format_args!(
                            "a list of more than {MOST}"
                        )));
                    }
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A place: the number of its path, and the line where there is one. Written as `[7]` or `[7, 12]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) path: u32,
    pub(super) line: Option<u32>,
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element(&self.path)?;
        if let Some(line) = self.line {
            seq.serialize_element(&line)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;

        impl<'de> Visitor<'de> for Pair {
            type Value = At;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place: the number of a path, and a line")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<At, A::Error> {
                let path = seq
                    .next_element()?
                    .ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let line = seq.next_element()?;
                if seq.next_element::<de::IgnoredAny>()?.is_some() {
                    return Err(de::Error::invalid_length(3, &self));
                }
                Ok(At { path, line })
            }
        }

        deserializer.deserialize_seq(Pair)
    }
}

/// The first thing that is asked of a document.
#[derive(Read)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) schema: Option<Cow<'a, str>>,
}

/// The whole, its rows still as text: they are read one by one, so that no more than one is in memory twice.
#[derive(Read)]
pub(super) struct Whole<'a> {
    pub(super) target: String,
    pub(super) files: u64,
    pub(super) paths: List<String, MOST_ROWS>,
    #[serde(borrow)]
    pub(super) projects: List<&'a RawValue, MOST_ROWS>,
    #[serde(borrow)]
    pub(super) components: List<&'a RawValue, MOST_COMPONENTS>,
    #[serde(borrow, default)]
    pub(super) facts: List<&'a RawValue, MOST_ROWS>,
    #[serde(borrow, default)]
    pub(super) problems: List<&'a RawValue, MOST_ROWS>,
}

/// A project.
#[derive(Read, Write)]
pub(super) struct Project<'a> {
    #[serde(borrow)]
    pub(super) root: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Cow<'a, str>>,
    pub(super) files: List<Cow<'a, str>, MOST_PARTS>,
}

/// A component. What holds for most of them is left out: from the registry, not withdrawn.
#[derive(Read, Write)]
pub(super) struct Component<'a> {
    #[serde(borrow)]
    pub(super) purl: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) ecosystem: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) release: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) direct: Option<bool>,
    pub(super) scope: Scope,
    pub(super) project: u32,
    pub(super) locations: List<At, MOST_PARTS>,
    /// `SHA-512:HEX`.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) hashes: List<Cow<'a, str>, MOST_PARTS>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) licences: List<Cow<'a, str>, MOST_PARTS>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub(super) dependencies: List<u32, MOST_COMPONENTS>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) yanked: bool,
}

/// A fact.
#[derive(Read, Write)]
pub(super) struct Fact<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) value: Cow<'a, str>,
    pub(super) location: At,
}

/// A problem.
#[derive(Read, Write)]
pub(super) struct Problem<'a> {
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u32>,
    pub(super) kind: ProblemKind,
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<Cow<'a, str>>,
}
