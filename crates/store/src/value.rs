//! Values on their way into a statement and out of a row, the same for both databases.

use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

use crate::StoreError;

/// A value for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'v> {
    /// None.
    Null,
    /// A whole number; times are seconds since 1970, truth is 0 or 1.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(Cow<'v, str>),
    /// Bytes.
    Blob(Cow<'v, [u8]>),
}

impl Value<'_> {
    /// The same value, holding what it lent.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(value),
            Self::Real(value) => Value::Real(value),
            Self::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Self::Blob(value) => Value::Blob(Cow::Owned(value.into_owned())),
        }
    }
}

/// Makes parameters of anything that goes into a statement: `params![name, 3, id]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

macro_rules! from_whole {
    ($($type:ty),*) => { $(impl From<$type> for Value<'_> {
        fn from(value: $type) -> Self { Self::Int(i64::from(value)) }
    })* };
}
from_whole!(i64, i32, u32, u16, u8, bool);

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}
impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}
impl<'v> From<&'v String> for Value<'v> {
    fn from(value: &'v String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}
impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}
impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(value: &'v [u8]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}
impl<'v> From<&'v Vec<u8>> for Value<'v> {
    fn from(value: &'v Vec<u8>) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}
impl From<Id> for Value<'_> {
    fn from(value: Id) -> Self {
        Self::Blob(Cow::Owned(value.0.to_vec()))
    }
}
impl<'v> From<&'v Id> for Value<'v> {
    fn from(value: &'v Id) -> Self {
        Self::Blob(Cow::Borrowed(&value.0))
    }
}
impl<T> From<Option<T>> for Value<'_>
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// The name of a row: a UUID that is derived from what the row is about, so that two who write the same thing agree
/// without asking each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Id(pub [u8; 16]);

/// The name space of all derived ids.
const SPACE: Uuid = Uuid::from_u128(0x5fd9_2f0e_37a5_4c0b_9b0d_6f2c_5a71_c0de);

impl Id {
    /// UUID version 5 (RFC 9562 section 5.5) of a sort of thing and what tells one from another. Each part goes in with
    /// its length, so that no two lists of parts are one.
    pub fn derive(sort: &str, parts: &[&[u8]]) -> Self {
        let mut name = Vec::with_capacity(64);
        for part in std::iter::once(sort.as_bytes()).chain(parts.iter().copied()) {
            name.extend_from_slice(&(part.len() as u64).to_be_bytes());
            name.extend_from_slice(part);
        }
        Self(*Uuid::new_v5(&SPACE, &name).as_bytes())
    }

    /// A random one (version 4), for what nobody writes twice.
    pub fn random(bytes: [u8; 16]) -> Self {
        Self(
            *uuid::Builder::from_random_bytes(bytes)
                .into_uuid()
                .as_bytes(),
        )
    }

    /// UUID version 8 (RFC 9562 section 5.8) of something below another: the first half comes from what it is below, so
    /// that all below one lie together.
    pub fn below(above: Self, own: Self) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&above.0[..8]);
        bytes[8..].copy_from_slice(&own.0[..8]);
        Self(*Uuid::new_v8(bytes).as_bytes())
    }

    /// First and last that [`Id::below`] gives below one.
    pub fn range_below(above: Self) -> (Self, Self) {
        let (mut first, mut last) = (
            Self::below(above, Self([0; 16])),
            Self::below(above, Self([255; 16])),
        );
        first.0[8..].fill(0);
        last.0[8..].fill(255);
        (first, last)
    }

    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text)
            .ok()
            .map(|uuid| Self(*uuid.as_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}
impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a column can be read as.
pub trait Column: Sized {
    /// From the value of a column.
    fn read(value: Value<'_>) -> Option<Self>;
}

impl Column for i64 {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }
}
impl Column for u64 {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).and_then(|value| Self::try_from(value).ok())
    }
}
impl Column for u32 {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).and_then(|value| Self::try_from(value).ok())
    }
}
impl Column for bool {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).map(|value| value != 0)
    }
}
impl Column for f64 {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Real(value) => Some(value),
            Value::Int(value) => Some(value as Self),
            _ => None,
        }
    }
}
impl Column for String {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value.into_owned()),
            _ => None,
        }
    }
}
impl Column for Vec<u8> {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(value) => Some(value.into_owned()),
            _ => None,
        }
    }
}
impl Column for Id {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(value) => <[u8; 16]>::try_from(value.as_ref()).ok().map(Self),
            _ => None,
        }
    }
}
impl<T: Column> Column for Option<T> {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

/// A row of an answer.
pub enum Row<'r> {
    /// Of `SQLite`.
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of `PostgreSQL`.
    #[cfg(feature = "postgres")]
    Postgres(&'r postgres::Row),
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row")
    }
}

impl Row<'_> {
    /// The value of a column, counted from 0.
    pub fn get<T: Column>(&self, column: usize) -> Result<T, StoreError> {
        let value = match self {
            Self::Sqlite(row) => sqlite(row, column),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => crate::postgres::value(row, column),
        };
        value.and_then(T::read).ok_or(StoreError::Shape { column })
    }
}

fn sqlite<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Option<Value<'r>> {
    use rusqlite::types::ValueRef;
    Some(match row.get_ref(column).ok()? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => Value::Text(Cow::Borrowed(std::str::from_utf8(value).ok()?)),
        ValueRef::Blob(value) => Value::Blob(Cow::Borrowed(value)),
    })
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_and_apart() {
        let one = Id::derive("component", &[b"pkg:npm/a@1"]);
        assert_eq!(one, Id::derive("component", &[b"pkg:npm/a@1"]));
        assert_ne!(one, Id::derive("component", &[b"pkg:npm/a", b"@1"]));
        assert_ne!(one, Id::derive("package", &[b"pkg:npm/a@1"]));
        assert_eq!(Id::parse(&one.to_string()), Some(one));
        assert_eq!(one.to_string().as_bytes()[14], b'5');
        let child = Id::below(one, Id::derive("x", &[]));
        let (first, last) = Id::range_below(one);
        assert!(first <= child && child <= last && child.to_string().as_bytes()[14] == b'8');
    }
}
