//! A query as text: what is written is read back as the same.

use std::fmt;

use super::fields::{List, TEXT};
use super::parse::{Node, Query, Term, ends_value};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match &self.root {
            Node::All(inner) => parts.extend(inner.iter().map(|part| node(self.list, part, true))),
            // Nothing stands beside it, except for what is said of the whole.
            other => parts.push(node(self.list, other, !matches!(other, Node::Any(_)))),
        }
        if self.all {
            parts.push("all:true".into());
        }
        if let Some(order) = self.order {
            let minus = if order.turned { "-" } else { "" };
            parts.push(format!("sort:{minus}{}", order.by));
        }
        f.write_str(&parts.join(" "))
    }
}

/// A part. `grouped`: several that stand for one get parentheses.
fn node(list: &List, part: &Node, grouped: bool) -> String {
    let many = |inner: &[Node], between: &str, deep: bool| {
        let parts: Vec<String> = inner.iter().map(|part| node(list, part, deep)).collect();
        let text = parts.join(between);
        if grouped { format!("({text})") } else { text }
    };
    match part {
        Node::All(inner) => many(inner, " ", true),
        Node::Any(inner) => many(inner, " or ", false),
        Node::Not(inner) => match inner.as_ref() {
            Node::Term(inner) => format!("-{}", term(list, inner)),
            Node::Not(_) => format!("-({})", node(list, inner, false)),
            _ => format!("-{}", node(list, inner, true)),
        },
        Node::Term(inner) => term(list, inner),
    }
}

fn term(list: &List, term: &Term) -> String {
    if term.field.name == TEXT.name {
        return term.values.first().map_or_else(String::new, |text| {
            let plain = text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._/@+*-".contains(&b))
                && !text.starts_with('-')
                && !text.eq_ignore_ascii_case("or")
                && list.flag(text).is_none();
            if plain && !text.is_empty() {
                text.clone()
            } else {
                quote(text)
            }
        });
    }
    let values: Vec<String> = term.values.iter().map(|text| value(text)).collect();
    format!(
        "{}{}{}",
        term.field.name,
        term.op.as_str(),
        values.join(",")
    )
}

/// A value, in quotes where it needs them.
pub(super) fn value(text: &str) -> String {
    let plain = !text.is_empty()
        && !text.starts_with('=')
        && !text.chars().any(|c| ends_value(c) || c.is_control());
    if plain { text.to_owned() } else { quote(text) }
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}
