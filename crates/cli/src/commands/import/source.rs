//! Reading a source: page by page, patiently, within bounds.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::de::{DeserializeOwned, Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use stanchion_net::Answer;

use crate::exit::{Failure, failure};
use crate::portal::api;
use crate::portal::connection::{Call, Connection, Silence, words};

/// Things of a page.
pub(super) const PAGE: usize = 100;
/// Largest page.
pub(super) const MOST_PAGE: u64 = 64 << 20;
/// Largest bill of materials.
pub(super) const MOST_DOCUMENT: u64 = 64 << 20;
/// Most things of one list.
const MOST_ITEMS: usize = 10_000_000;

/// Where things come from.
pub(super) struct Source {
    pub(super) connection: Connection,
}

/// One thing could not be read, in words; the others may be.
pub(super) type Unread = String;

/// What a page is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A list, with the number of all in `X-Total-Count`.
    List,
    /// `{"count": .., "results": [..]}`.
    Results,
}

impl Source {
    /// Reads an address, patiently. What the source refuses is [`Unread`]; that it cannot be reached ends the run.
    pub(super) fn get(&self, path: &str, limit: u64) -> Result<Result<Answer, Unread>, Failure> {
        let call = Call {
            again: true,
            ..Call::get(path, limit)
        };
        match self.connection.patiently(&call) {
            Ok(answer) if answer.status == 200 => Ok(Ok(answer)),
            Ok(answer) => Ok(Err(format!(
                "{} answered {}{}",
                self.connection.name,
                answer.status,
                words(&answer)
            ))),
            Err(Silence::Unusable(reason)) => Ok(Err(reason)),
            Err(silence) => Err(silence.into()),
        }
    }

    /// Reads one thing.
    pub(super) fn one<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: u64,
    ) -> Result<Result<T, Unread>, Failure> {
        Ok(self.get(path, limit)?.and_then(|answer| {
            serde_json::from_slice(&answer.body).map_err(|error| self.unreadable(&error))
        }))
    }

    fn unreadable(&self, error: &serde_json::Error) -> Unread {
        format!(
            "what {} answered cannot be read: {error}",
            self.connection.name
        )
    }

    /// Goes through all pages of a list, and gives each thing once; what has no `id` is given always. A first page that
    /// cannot be read, or one that breaks the row, is an error in words with the number of things before it.
    pub(super) fn each(
        &self,
        path: &str,
        query: &[(&str, &str)],
        form: Form,
        id: &str,
        use_it: &mut dyn FnMut(Value) -> Result<(), Failure>,
    ) -> Result<Result<(), Unread>, Failure> {
        let hasher = RandomState::new();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut offset = 0usize;
        loop {
            let (limit, from) = (PAGE.to_string(), offset.to_string());
            let mut all: Vec<(&str, Option<&str>)> = query
                .iter()
                .map(|(name, value)| (*name, Some(*value)))
                .collect();
            all.push(("limit", Some(&limit)));
            all.push(("offset", Some(&from)));
            let answer = match self.get(&api::with_query(path, &all), MOST_PAGE)? {
                Ok(answer) => answer,
                Err(reason) => return Ok(Err(after(offset, &reason))),
            };
            let (mut came, mut new, mut stop) = (0usize, 0usize, None);
            let read = elements(&answer.body, form, &mut |value| {
                came += 1;
                let known = value
                    .get(id)
                    .is_some_and(|id| !seen.insert(hasher.hash_one(id.to_string())));
                if known || stop.is_some() {
                    return;
                }
                new += 1;
                stop = use_it(value).err();
            });
            if let Some(failure) = stop {
                return Err(failure);
            }
            let total = match read {
                Ok(total) => total.or_else(|| answer.header("x-total-count")?.trim().parse().ok()),
                Err(error) => return Ok(Err(after(offset, &self.unreadable(&error)))),
            };
            offset += came;
            let whole = total.is_some_and(|total: u64| offset as u64 >= total);
            if came == 0 || whole || (total.is_none() && came < PAGE) {
                return Ok(match total {
                    Some(total) if (offset as u64) < total => Err(format!(
                        "{} speaks of {total} and gave {offset}",
                        self.connection.name
                    )),
                    _ => Ok(()),
                });
            }
            // A source that gives the same page for ever does not keep us.
            if new == 0 || offset > MOST_ITEMS {
                return Ok(Err(format!(
                    "{} gives the same again from {offset} on",
                    self.connection.name
                )));
            }
        }
    }
}

fn after(offset: usize, reason: &str) -> String {
    if offset == 0 {
        reason.to_owned()
    } else {
        format!("from {offset} on: {reason}")
    }
}

/// Goes through the elements of a page, one at a time in memory; gives the number of all where the page has it.
pub(super) fn elements(
    bytes: &[u8],
    form: Form,
    use_it: &mut dyn FnMut(Value),
) -> Result<Option<u64>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let total = match form {
        Form::List => {
            reader.deserialize_seq(Each(use_it))?;
            None
        }
        Form::Results => reader.deserialize_map(Page(use_it))?,
    };
    reader.end()?;
    Ok(total)
}

struct Each<'u>(&'u mut dyn FnMut(Value));

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<Value>()? {
            (self.0)(value);
        }
        Ok(())
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

struct Page<'u>(&'u mut dyn FnMut(Value));

impl<'de> Visitor<'de> for Page<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a page with `results`")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut count, mut found) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "count" => {
                    count = map.next_value::<Value>()?.as_u64();
                }
                "results" if !found => {
                    found = true;
                    map.next_value_seed(Each(self.0))?;
                }
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        if found {
            Ok(count)
        } else {
            Err(serde::de::Error::missing_field("results"))
        }
    }
}

/// A file of the source that has to be there.
pub(super) fn needed<T>(what: &str, read: Result<T, Unread>) -> Result<T, Failure> {
    read.map_err(|reason| {
        failure(format!("{what}: {reason}"))
            .hint("check the address, and that the key may read everything")
    })
}
