//! The tree that every notation is read into.

use std::borrow::Cow;

/// Bounds that hold for every notation. A document that passes one is refused from that place on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values in one document, aliases expanded.
    pub nodes: usize,
    /// Bytes of text for each value beyond the first 300,000. Lockfiles and SBOMs take some thirty a value; what takes
    /// two is made to fill memory, since a value takes up to seventy bytes of it.
    pub bytes_a_value: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            nodes: 2_000_000,
            bytes_a_value: 24,
        }
    }
}

/// Values that any document may hold, whatever its size.
const FREE: usize = 300_000;

impl Limits {
    /// How many values a text of so many bytes may hold.
    pub fn values(&self, bytes: usize) -> usize {
        self.nodes.min(FREE + bytes / self.bytes_a_value.max(1))
    }
}

/// What a value is. Numbers keep their text, so that `1.10` stays `1.10`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// JSON `null`, an empty or `~` YAML scalar.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(Cow<'a, str>),
    /// A string, escapes resolved.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Node<'a>>),
    /// Members in the order of the file; a key that stands twice is there twice, and [`Node::get`] gives the last.
    Object(Vec<Member<'a>>),
}

/// A value and the line it starts on (1-based).
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// 1-based line; 0 where the notation does not tell.
    pub line: u32,
    /// The value.
    pub value: Value<'a>,
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// The key, escapes resolved.
    pub key: Cow<'a, str>,
    /// The line of the key (1-based).
    pub line: u32,
    /// The value.
    pub value: Node<'a>,
}

/// Where and why reading stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// 1-based line.
    pub line: u32,
    /// What is wrong, in words, without a trailing period.
    pub message: String,
}

/// Something odd that did not stop reading, such as a key that stands twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// 1-based line.
    pub line: u32,
    /// What is odd.
    pub message: String,
}

/// What was read, and where reading stopped if it did not reach the end.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// The tree, as far as it could be read; [`Value::Null`] when nothing could.
    pub root: Node<'a>,
    /// Set when the document is not whole.
    pub error: Option<SyntaxError>,
    /// Oddities worth telling.
    pub warnings: Vec<Warning>,
}

impl<'a> Document<'a> {
    /// The tree when the document is whole, else the reason why not.
    pub fn whole(self) -> Result<Node<'a>, SyntaxError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.root),
        }
    }
}

/// A text up to the line at which it has too much of what a parser with no bound of its own would hold in memory,
/// and the error that says so. `cost` is that of one byte.
pub(crate) fn within<'a>(
    text: &'a str,
    most: usize,
    what: &str,
    cost: impl Fn(u8) -> usize,
) -> (&'a str, Option<SyntaxError>) {
    let mut spent = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        spent += cost(byte);
        if spent > most {
            let start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
            let line = crate::text::line_at(text.as_bytes(), at);
            let message = format!("too many {what} for its size");
            return (&text[..start], Some(SyntaxError { line, message }));
        }
    }
    (text, None)
}

const NULL: Node<'static> = Node {
    line: 0,
    value: Value::Null,
};

impl<'a> Node<'a> {
    /// A node at a line.
    pub const fn new(line: u32, value: Value<'a>) -> Self {
        Self { line, value }
    }

    /// The value of a key; the last one where the key stands twice. `None` when absent or not an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).map(|member| &member.value)
    }

    /// As [`Node::get`], with the key's own line.
    pub fn member(&self, key: &str) -> Option<&Member<'a>> {
        self.members().iter().rev().find(|member| member.key == key)
    }

    /// Follows keys downwards; a null node when a step is missing, so that calls chain.
    pub fn at<'s>(&'s self, path: &[&str]) -> &'s Self {
        let mut node = self;
        for key in path {
            match node.get(key) {
                Some(next) => node = next,
                None => return &NULL,
            }
        }
        node
    }

    /// The members of an object; empty for anything else.
    pub fn members(&self) -> &[Member<'a>] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array; empty for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// A string's content.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string or a number as written.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The string under a key.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_str)
    }

    /// A boolean; also the words `true` and `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// True when the key is there and holds `true`.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool) == Some(true)
    }

    /// A number as `f64`; also a string that holds one.
    pub fn as_f64(&self) -> Option<f64> {
        self.text()?.trim().parse().ok()
    }

    /// A whole number as `u64`; also a string that holds one.
    pub fn as_u64(&self) -> Option<u64> {
        self.text()?.trim().parse().ok()
    }

    /// Whether this is an object.
    pub const fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// Whether this is an array.
    pub const fn is_array(&self) -> bool {
        matches!(self.value, Value::Array(_))
    }

    /// Whether this is null (or missing, when it came from [`Node::at`]).
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// What this is, for messages: "an object", "a string", ...
    pub const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}
