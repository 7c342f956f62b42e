//! Pieces of statements with the values that belong to them.

use std::fmt::Write;

use crate::Value;

/// A piece of a statement. In its text `??` is the place of the next value and `{t}` the name of the row's table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) values: Vec<Value<'static>>,
}

impl Piece {
    pub(crate) fn new(text: impl Into<String>, values: Vec<Value<'static>>) -> Self {
        Self {
            text: text.into(),
            values,
        }
    }

    /// Joins pieces, each in parentheses.
    pub(crate) fn join(pieces: &[Self], word: &str) -> Self {
        let texts: Vec<String> = pieces
            .iter()
            .map(|piece| format!("({})", piece.text))
            .collect();
        Self {
            text: texts.join(word),
            values: pieces
                .iter()
                .flat_map(|piece| piece.values.iter().cloned())
                .collect(),
        }
    }

    /// Whether an expression is one of many values.
    pub(crate) fn one_of(expression: &str, values: Vec<Value<'static>>) -> Self {
        // Lists of few lengths only, so that few statements are prepared: the last value is said again.
        let mut values = values;
        let Some(last) = values.last().cloned() else {
            return Self::new("1 = 0", Vec::new());
        };
        if values.len() == 1 {
            return Self::new(format!("{expression} = ??"), values);
        }
        if values.len() <= 4_096 {
            values.resize(values.len().next_power_of_two(), last);
        }
        let places = vec!["??"; values.len()].join(", ");
        Self::new(format!("{expression} IN ({places})"), values)
    }
}

/// A statement that grows.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) values: Vec<Value<'static>>,
}

impl Statement {
    /// Adds words of ours.
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds the place of a value.
    pub(crate) fn value(&mut self, value: Value<'static>) {
        self.values.push(value);
        // Writing to a text cannot fail.
        let _ = write!(self.text, "?{}", self.values.len());
    }

    /// Adds a piece about the rows of a table.
    pub(crate) fn piece(&mut self, piece: &Piece, table: &str) {
        let text = piece.text.replace("{t}", table);
        let mut parts = text.split("??");
        if let Some(first) = parts.next() {
            self.push(first);
        }
        for (part, value) in parts.zip(&piece.values) {
            self.value(value.clone());
            self.push(part);
        }
    }
}

/// The first text, in the order of bytes, behind all that begin with a prefix; `None`: there is none.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered() {
        let piece = Piece::join(
            &[
                Piece::new("{t}.a = ??", vec![1.into()]),
                Piece::one_of("{t}.b", vec![2.into(), 3.into(), 4.into()]),
            ],
            " AND ",
        );
        let mut statement = Statement::default();
        statement.push("SELECT ");
        statement.value(0.into());
        statement.push(" WHERE ");
        statement.piece(&piece, "x");
        assert_eq!(
            statement.text,
            "SELECT ?1 WHERE (x.a = ?2) AND (x.b IN (?3, ?4, ?5, ?6))"
        );
        assert_eq!(statement.values.len(), 6);
    }

    #[test]
    fn a_prefix_has_an_end() {
        assert_eq!(after_prefix("log4"), Some("log5".into()));
        assert_eq!(after_prefix("a\u{10ffff}"), Some("b".into()));
        assert_eq!(after_prefix("\u{d7ff}"), Some("\u{e000}".into()));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
