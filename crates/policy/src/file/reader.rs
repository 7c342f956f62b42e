//! Reads a table field by field: what is not asked for is unknown, and what has the wrong type says so.

use std::cell::RefCell;
use std::sync::Arc;

use stanchion_syntax::{Document, Member, Node, Value};

use super::{Fault, Place, Placed};
use crate::clock::ClockError;
use crate::condition::nearest;

/// A table of the file, and which of its fields have been asked for.
pub(crate) struct Table<'a> {
    node: &'a Node<'a>,
    /// For messages: `[exceptions]`, `[[sla]] exploited`, or the file.
    what: String,
    line: u32,
    file: Arc<str>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(crate) fn root(node: &'a Node<'a>, file: &Arc<str>) -> Self {
        Self::new(node, "the file".into(), 1, file)
    }

    fn new(node: &'a Node<'a>, what: String, line: u32, file: &Arc<str>) -> Self {
        Self {
            node,
            what,
            line,
            file: file.clone(),
            known: RefCell::default(),
        }
    }

    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    pub(crate) fn place(&self) -> Place {
        self.at(self.line)
    }

    pub(crate) fn at(&self, line: u32) -> Place {
        Place {
            file: self.file.clone(),
            line,
        }
    }

    pub(crate) fn fault(&self, line: u32, message: impl Into<String>, hint: Option<&str>) -> Fault {
        Fault {
            place: self.at(line),
            message: message.into(),
            hint: hint.map(str::to_owned),
        }
    }

    fn member(&self, name: &'static str) -> Option<&'a Member<'a>> {
        self.known.borrow_mut().push(name);
        self.node.member(name)
    }

    pub(crate) fn has(&self, name: &'static str) -> bool {
        self.member(name).is_some()
    }

    /// All members, for tables whose keys are the user's.
    pub(crate) fn members(&self) -> &'a [Member<'a>] {
        self.node.members()
    }

    /// Anything, as it stands.
    pub(crate) fn node(&self, name: &'static str) -> Option<(&'a Node<'a>, u32)> {
        self.member(name).map(|member| (&member.value, member.line))
    }

    /// A table below this one.
    pub(crate) fn table(&self, name: &'static str, faults: &mut Vec<Fault>) -> Option<Self> {
        let member = self.member(name)?;
        if !member.value.is_object() {
            faults.push(self.wrong(name, "a table", &member.value, member.line));
            return None;
        }
        Some(Table::new(
            &member.value,
            format!("[{name}]"),
            member.line,
            &self.file,
        ))
    }

    /// A list of tables below this one.
    pub(crate) fn tables(
        &self,
        name: &'static str,
        most: usize,
        faults: &mut Vec<Fault>,
    ) -> Vec<Self> {
        let Some(member) = self.member(name) else {
            return Vec::new();
        };
        if !member.value.is_array() {
            let written = format!("a list of tables, each written as [[{name}]]");
            faults.push(self.wrong(name, &written, &member.value, member.line));
            return Vec::new();
        }
        let items = member.value.items();
        if items.len() > most {
            let message = format!("more than {most} entries of [[{name}]]");
            faults.push(self.fault(member.line, message, None));
            return Vec::new();
        }
        let mut tables = Vec::new();
        for item in items {
            let line = if item.line == 0 {
                member.line
            } else {
                item.line
            };
            if item.is_object() {
                tables.push(Table::new(item, format!("[[{name}]]"), line, &self.file));
            } else {
                faults.push(self.wrong(name, "a list of tables", item, line));
            }
        }
        tables
    }

    /// A text.
    pub(crate) fn text(
        &self,
        name: &'static str,
        faults: &mut Vec<Fault>,
    ) -> Option<Placed<String>> {
        let member = self.member(name)?;
        match member.value.as_str() {
            Some(text) if text.trim().is_empty() => {
                faults.push(self.fault(
                    member.line,
                    format!("`{name}` is empty"),
                    Some("say it, or leave the field out"),
                ));
                None
            }
            Some(text) => Some(self.placed(text.to_owned(), member.line)),
            None => {
                faults.push(self.wrong(name, "a text in quotes", &member.value, member.line));
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn needed(
        &self,
        name: &'static str,
        faults: &mut Vec<Fault>,
    ) -> Option<Placed<String>> {
        if self.node.member(name).is_none() {
            let message = format!("{} lacks `{name}`", self.what);
            faults.push(self.fault(self.line, message, None));
        }
        self.text(name, faults)
    }

    /// Texts; a single one stands for a list of one.
    pub(crate) fn texts(&self, name: &'static str, faults: &mut Vec<Fault>) -> Vec<Placed<String>> {
        let Some(member) = self.member(name) else {
            return Vec::new();
        };
        self.list(name, &member.value, member.line, faults)
    }

    /// As [`Table::texts`], of a value that is at hand.
    pub(crate) fn list(
        &self,
        name: &str,
        node: &Node<'_>,
        line: u32,
        faults: &mut Vec<Fault>,
    ) -> Vec<Placed<String>> {
        if let Some(text) = node.as_str() {
            if text.trim().is_empty() {
                faults.push(self.fault(
                    line,
                    format!("`{name}` is empty"),
                    Some("say it, or leave the field out"),
                ));
                return Vec::new();
            }
            return vec![self.placed(text.to_owned(), line)];
        }
        if !node.is_array() {
            faults.push(self.wrong(name, "a list of texts", node, line));
            return Vec::new();
        }
        let mut texts = Vec::new();
        for item in node.items() {
            let line = if item.line == 0 { line } else { item.line };
            match item.as_str() {
                Some(text) if !text.trim().is_empty() => {
                    texts.push(self.placed(text.to_owned(), line));
                }
                _ => faults.push(self.wrong(name, "a list of texts", item, line)),
            }
        }
        texts
    }

    /// Texts under either of two names: that of one, and that of several.
    pub(crate) fn either(
        &self,
        one: &'static str,
        several: &'static str,
        faults: &mut Vec<Fault>,
    ) -> Vec<String> {
        let mut texts = self.texts(one, faults);
        texts.extend(self.texts(several, faults));
        texts.into_iter().map(|text| text.value).collect()
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &'static str, faults: &mut Vec<Fault>) -> Option<Placed<bool>> {
        let member = self.member(name)?;
        if let Value::Bool(value) = member.value.value {
            return Some(self.placed(value, member.line));
        }
        faults.push(self.wrong(name, "true or false", &member.value, member.line));
        None
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &self,
        name: &'static str,
        least: i64,
        most: i64,
        faults: &mut Vec<Fault>,
    ) -> Option<i64> {
        let member = self.member(name)?;
        let number = match &member.value.value {
            Value::Number(text) => text.replace('_', "").parse::<i64>().ok(),
            _ => None,
        };
        if number.is_none_or(|number| number < least || number > most) {
            let wanted = format!("a whole number from {least} to {most}");
            faults.push(self.wrong(name, &wanted, &member.value, member.line));
            return None;
        }
        number
    }

    /// One of a closed set of words.
    pub(crate) fn word(
        &self,
        name: &'static str,
        words: &[&str],
        faults: &mut Vec<Fault>,
    ) -> Option<Placed<String>> {
        let given = self.text(name, faults)?;
        self.one_of(name, &given, words, faults).then_some(given)
    }

    /// Whether a text is one of a closed set of words; a fault where not.
    pub(crate) fn one_of(
        &self,
        name: &str,
        given: &Placed<String>,
        words: &[&str],
        faults: &mut Vec<Fault>,
    ) -> bool {
        if words.contains(&given.value.as_str()) {
            return true;
        }
        let message = format!("`{name}` cannot be {:?}", given.value);
        let hint = nearest(&given.value, words.iter().copied()).map_or_else(
            || format!("choose from {}", words.join(", ")),
            |word| format!("did you mean {word:?}? The words are {}", words.join(", ")),
        );
        faults.push(self.fault(given.place.line, message, Some(&hint)));
        false
    }

    /// A value read from a text by a rule of its own.
    pub(crate) fn read<T, E: Into<Told>>(
        &self,
        name: &'static str,
        faults: &mut Vec<Fault>,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Placed<T>> {
        let text = self.text(name, faults)?;
        self.convert(name, &text, faults, read)
    }

    /// As [`Table::read`], of a text at hand.
    pub(crate) fn convert<T, E: Into<Told>>(
        &self,
        name: &str,
        text: &Placed<String>,
        faults: &mut Vec<Fault>,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Placed<T>> {
        match read(&text.value) {
            Ok(value) => Some(self.placed(value, text.place.line)),
            Err(error) => {
                let told = error.into();
                faults.push(self.fault(
                    text.place.line,
                    format!("`{name}`: {}", told.message),
                    told.hint.as_deref(),
                ));
                None
            }
        }
    }

    pub(crate) fn placed<T>(&self, value: T, line: u32) -> Placed<T> {
        Placed {
            value,
            place: self.at(line),
        }
    }

    pub(crate) fn wrong(&self, name: &str, wanted: &str, node: &Node<'_>, line: u32) -> Fault {
        self.fault(
            line,
            format!("`{name}` is {}, not {wanted}", node.kind()),
            None,
        )
    }

    /// Refuses every field that was not asked for. To be called last.
    pub(crate) fn finish(&self, faults: &mut Vec<Fault>) {
        let known = self.known.borrow();
        for member in self.node.members() {
            if known.contains(&&*member.key) {
                continue;
            }
            let message = format!("{} has no field `{}`", self.what, member.key.escape_debug());
            let hint = nearest(&member.key, known.iter().copied()).map_or_else(
                || format!("known are {}", known.join(", ")),
                |word| format!("did you mean `{word}`?"),
            );
            faults.push(self.fault(member.line, message, Some(&hint)));
        }
    }
}

/// The table of a file that stands beside a policy. Where it breaks off, or is of another schema, nothing of it is in
/// force: half a file would lack the lines that limit the others.
pub(crate) fn beside<'a>(
    root: &'a Document<'a>,
    file: &Arc<str>,
    schema: &str,
    what: &str,
    faults: &mut Vec<Fault>,
) -> Option<Table<'a>> {
    if let Some(error) = &root.error {
        faults.push(Fault {
            place: Place {
                file: file.clone(),
                line: error.line,
            },
            message: format!("{}; no {what} of this file is in force", error.message),
            hint: Some("the file is TOML: https://toml.io".into()),
        });
        return None;
    }
    let table = Table::root(&root.root, file);
    let given = table.needed("schema", faults)?;
    if given.value != schema {
        let message = format!(
            "`schema` is {:?}, and {schema:?} is what is read; no {what} of this file is in force",
            given.value
        );
        faults.push(table.fault(given.place.line, message, None));
        return None;
    }
    Some(table)
}

/// What is wrong with a value, and what to do.
pub(crate) struct Told {
    message: String,
    hint: Option<String>,
}

impl From<String> for Told {
    fn from(message: String) -> Self {
        Self {
            message,
            hint: None,
        }
    }
}

impl From<ClockError> for Told {
    fn from(error: ClockError) -> Self {
        Self {
            message: error.message,
            hint: error.hint,
        }
    }
}

impl From<std::convert::Infallible> for Told {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
