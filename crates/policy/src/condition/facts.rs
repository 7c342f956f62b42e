//! What is known about one finding, as a condition sees it.

use std::fmt;

use super::field::{Field, Type};

/// Strings that somebody else owns.
#[derive(Clone, Copy, Debug)]
pub enum Texts<'a> {
    /// Owned ones.
    Owned(&'a [String]),
    /// Borrowed ones.
    Borrowed(&'a [&'a str]),
}

impl<'a> Texts<'a> {
    /// How many.
    pub const fn len(self) -> usize {
        match self {
            Self::Owned(texts) => texts.len(),
            Self::Borrowed(texts) => texts.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let (owned, borrowed) = match self {
            Self::Owned(texts) => (texts, &[][..]),
            Self::Borrowed(texts) => (&[][..], texts),
        };
        owned
            .iter()
            .map(String::as_str)
            .chain(borrowed.iter().copied())
    }
}

impl PartialEq for Texts<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// The value of a variable.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Value<'a> {
    /// No source tells.
    #[default]
    Unknown,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// A string.
    Text(&'a str),
    /// A list of strings; an empty one is known to be empty.
    Texts(Texts<'a>),
}

impl fmt::Display for Value<'_> {
    /// As CEL writes it, on one line. Strings stand in it as they are: whoever shows it makes them harmless.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "'{value}'"),
            Self::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| format!("'{text}'")).collect();
                write!(f, "[{}]", texts.join(", "))
            }
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [String]> for Value<'a> {
    fn from(value: &'a [String]) -> Self {
        Self::Texts(Texts::Owned(value))
    }
}

impl<'a> From<&'a [&'a str]> for Value<'a> {
    fn from(value: &'a [&'a str]) -> Self {
        Self::Texts(Texts::Borrowed(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unknown, Into::into)
    }
}

/// A value for every variable; unknown until it is set.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts<'a>([Value<'a>; Field::COUNT]);

impl Default for Facts<'_> {
    fn default() -> Self {
        Self([Value::Unknown; Field::COUNT])
    }
}

impl<'a> Facts<'a> {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one. `None` is unknown, and so is what is no number; a whole number fits where a fraction is asked for.
    /// A value of another type than the variable's is a mistake in the calling code, and leaves it unknown;
    /// a debug build stops at it.
    pub fn set(&mut self, field: Field, value: impl Into<Value<'a>>) {
        let value = match (field.kind(), value.into()) {
            (Type::Double, Value::Int(value)) => Value::Double(value as f64),
            (Type::Double, Value::Double(value)) if value.is_nan() => Value::Unknown,
            (_, Value::Unknown) => Value::Unknown,
            (Type::Bool, value @ Value::Bool(_))
            | (Type::Int, value @ Value::Int(_))
            | (Type::Double, value @ Value::Double(_))
            | (Type::Text, value @ Value::Text(_))
            | (Type::Texts, value @ Value::Texts(_)) => value,
            (kind, value) => {
                debug_assert!(false, "{} is a {kind}, not {value:?}", field.name());
                Value::Unknown
            }
        };
        self.0[field as usize] = value;
    }

    /// The value of one.
    pub const fn get(&self, field: Field) -> Value<'a> {
        self.0[field as usize]
    }
}
