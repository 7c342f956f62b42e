//! TOML by [TOML 1.1](https://toml.io/en/v1.1.0), by the `toml` crate's spanned tables.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::node::within;
use crate::{Document, Limits, Member, Node, SyntaxError, Value};

/// What any document may cost the parser, and bytes of text for each unit beyond that.
const FREE: usize = 400_000;
const BYTES_A_UNIT: usize = 10;

/// Reads a document. After an error, what could still be read is kept.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Document<'a> {
    // The parser makes its whole tree before ours is begun, whatever our limits. A key or a value of a list costs it
    // some 400 bytes, a line break a quarter of that at most.
    let (text, over) = within(
        text,
        FREE + text.len() / BYTES_A_UNIT,
        "values",
        |byte| match byte {
            b',' | b'=' | b'[' | b'{' => 4,
            b'\n' => 1,
            _ => 0,
        },
    );
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    let error = over.or_else(|| {
        errors.first().map(|error| {
            let line = error.span().map_or(1, |span| lines.line(span.start));
            SyntaxError {
                line,
                message: error.message().replace('\n', ", "),
            }
        })
    });
    let mut reader = Reader {
        lines,
        nodes_left: limits.values(text.len()),
        error,
    };
    let root = reader.table(1, table.into_inner(), limits.depth);
    Document {
        root,
        error: reader.error,
        warnings: Vec::new(),
    }
}

/// Byte offsets of line starts, to turn an offset into a line.
struct Lines(Vec<u32>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            memchr::memchr_iter(b'\n', text.as_bytes())
                .map(|at| at as u32)
                .collect(),
        )
    }

    fn line(&self, offset: usize) -> u32 {
        1 + self.0.partition_point(|&end| (end as usize) < offset) as u32
    }
}

struct Reader {
    lines: Lines,
    nodes_left: usize,
    error: Option<SyntaxError>,
}

impl Reader {
    fn table<'a>(&mut self, line: u32, table: DeTable<'a>, depth: usize) -> Node<'a> {
        let mut members = Vec::with_capacity(table.len());
        for (key, value) in table {
            let line = self.lines.line(key.span().start);
            let value = self.value(value, depth);
            members.push(Member {
                key: key.into_inner(),
                line,
                value,
            });
        }
        Node::new(line, Value::Object(members))
    }

    fn value<'a>(&mut self, value: Spanned<DeValue<'a>>, depth: usize) -> Node<'a> {
        let line = self.lines.line(value.span().start);
        if depth == 0 || self.nodes_left == 0 {
            let message = "nested too deeply or too many values".into();
            self.error.get_or_insert(SyntaxError { line, message });
            return Node::new(line, Value::Null);
        }
        self.nodes_left -= 1;
        let value = match value.into_inner() {
            DeValue::String(text) => Value::String(text),
            DeValue::Integer(number) => Value::Number(Cow::Owned(number.to_string())),
            DeValue::Float(number) => Value::Number(Cow::Owned(number.to_string())),
            DeValue::Boolean(value) => Value::Bool(value),
            DeValue::Datetime(time) => Value::String(Cow::Owned(time.to_string())),
            DeValue::Array(items) => Value::Array(
                items
                    .into_iter()
                    .map(|item| self.value(item, depth - 1))
                    .collect(),
            ),
            DeValue::Table(table) => return self.table(line, table, depth - 1),
        };
        Node::new(line, value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_know_their_line() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\nx = [\n1.50,\n'y']\n";
        let root = parse(text, &Limits::default()).whole().unwrap();
        assert_eq!(root.get("version").unwrap().as_u64(), Some(4));
        let packages = root.get("package").unwrap().items();
        assert_eq!((packages[0].line, packages[1].line), (3, 6));
        let items = packages[1].get("x").unwrap().items();
        assert_eq!(
            (items[0].text(), items[0].line, items[1].as_str()),
            (Some("1.50"), 9, Some("y"))
        );
    }

    #[test]
    fn an_error_has_its_line_and_the_rest_is_kept() {
        let document = parse("a = 1\nb = \nc = 3\n", &Limits::default());
        assert_eq!(document.error.unwrap().line, 2);
        assert_eq!(document.root.get("a").unwrap().as_u64(), Some(1));
        assert_eq!(document.root.get("c").unwrap().as_u64(), Some(3));
    }

    #[test]
    fn too_many_values_are_refused_before_the_parser_holds_them() {
        let text = format!("a = 1\nb = [{}0]\n", "0,".repeat(2_000_000));
        let document = parse(&text, &Limits::default());
        let error = document.error.unwrap();
        assert_eq!(
            (error.line, error.message.as_str()),
            (2, "too many values for its size")
        );
        assert_eq!(document.root.get("a").unwrap().as_u64(), Some(1));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(
            parse(&format!("a = {}", "[".repeat(100_000)), &Limits::default())
                .error
                .is_some()
        );
        assert!(
            parse(
                &format!("a = {}1{}", "[".repeat(1000), "]".repeat(1000)),
                &Limits::default()
            )
            .error
            .is_some()
        );
        let _ = parse(&format!("[{}]", "a.".repeat(100_000)), &Limits::default());
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*") {
            let _ = parse(&text, &Limits::default());
        }

        #[test]
        fn structure_never_panics(text in "[\\[\\]{}=,.\"'# \\na-c0-9]*") {
            let _ = parse(&text, &Limits::default());
        }
    }
}
