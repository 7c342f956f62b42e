//! YAML by [YAML 1.2.2](https://yaml.org/spec/1.2.2/), by the events of `saphyr-parser`.
//!
//! Plain scalars stay text but for `true`, `false`, `null`, `~` and the empty one: `1.10` is a version
//! in a lockfile, not a number. Aliases are expanded within [`Limits::nodes`], so an anchor bomb is refused.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Entries of flow collections that any document may hold, and bytes of text for each one beyond those.
const FREE_FLOW: usize = 200_000;
const BYTES_A_FLOW: usize = 100;

use crate::{Document, Limits, Member, Node, SyntaxError, Value};

/// Reads the first document of a stream; [`parse_all`] reads the others too.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Document<'a> {
    let (mut roots, error) = read(text, limits, 1);
    let root = if roots.is_empty() {
        Node::new(1, Value::Null)
    } else {
        roots.swap_remove(0)
    };
    Document {
        root,
        error,
        warnings: Vec::new(),
    }
}

/// Reads every document of a stream, and where reading stopped if it did not reach the end.
pub fn parse_all<'a>(text: &'a str, limits: &Limits) -> (Vec<Node<'a>>, Option<SyntaxError>) {
    read(text, limits, usize::MAX)
}

/// A container that is being filled.
struct Open<'a> {
    line: u32,
    anchor: usize,
    kind: Kind<'a>,
}

enum Kind<'a> {
    List(Vec<Node<'a>>),
    Map(Vec<Member<'a>>, Option<(Cow<'a, str>, u32)>),
}

impl<'a> Open<'a> {
    fn close(self) -> Node<'a> {
        let value = match self.kind {
            Kind::List(items) => Value::Array(items),
            Kind::Map(mut members, waiting) => {
                if let Some((key, line)) = waiting {
                    members.push(Member {
                        key,
                        line,
                        value: Node::new(line, Value::Null),
                    });
                }
                Value::Object(members)
            }
        };
        Node::new(self.line, value)
    }

    fn push(&mut self, node: Node<'a>) {
        match &mut self.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(members, waiting) => match waiting.take() {
                Some((key, line)) => members.push(Member {
                    key,
                    line,
                    value: node,
                }),
                None => *waiting = Some((key_text(node.value), node.line)),
            },
        }
    }
}

fn key_text(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::String(text) | Value::Number(text) => text,
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Null => Cow::Borrowed("null"),
        Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
    }
}

fn size(node: &Node<'_>) -> usize {
    match &node.value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            1 + members
                .iter()
                .map(|member| size(&member.value))
                .sum::<usize>()
        }
        _ => 1,
    }
}

fn read<'a>(text: &'a str, limits: &Limits, most: usize) -> (Vec<Node<'a>>, Option<SyntaxError>) {
    let mut roots = Vec::new();
    let mut stack: Vec<Open<'a>> = Vec::new();
    let mut anchors: HashMap<usize, (Node<'a>, usize)> = HashMap::new();
    let mut nodes = 0usize;
    // A key takes a value of its own here, and twice the room that it takes in other notations.
    let most_nodes = limits.values(text.len()).min(1_500_000);
    // The parser holds all of a flow collection before it gives the first of it, whatever our limits: what has more
    // entries in brackets than any lockfile is read up to there.
    let most_flow = FREE_FLOW + text.len() / BYTES_A_FLOW;
    let (text, mut error) = crate::node::within(text, most_flow, "entries in brackets", |byte| {
        usize::from(matches!(byte, b',' | b'[' | b'{'))
    });
    for step in Parser::new_from_str(text) {
        let (event, span) = match step {
            Ok(step) => step,
            Err(scan) => {
                error.get_or_insert(SyntaxError {
                    line: scan.marker().line() as u32,
                    message: scan.info().to_owned(),
                });
                break;
            }
        };
        let line = span.start.line() as u32;
        nodes += 1;
        let done = match event {
            Event::Scalar(text, style, anchor, _) => {
                Some((Node::new(line, scalar(text, style)), anchor))
            }
            Event::SequenceStart(anchor, _) => {
                stack.push(Open {
                    line,
                    anchor,
                    kind: Kind::List(Vec::new()),
                });
                None
            }
            Event::MappingStart(anchor, _) => {
                stack.push(Open {
                    line,
                    anchor,
                    kind: Kind::Map(Vec::new(), None),
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|open| {
                let anchor = open.anchor;
                (open.close(), anchor)
            }),
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some((node, size)) if nodes + size <= most_nodes => {
                    nodes += size;
                    Some((node.clone(), 0))
                }
                Some(_) => {
                    let message = format!("aliases expand to more than {most_nodes} values");
                    error.get_or_insert(SyntaxError { line, message });
                    break;
                }
                None => {
                    error.get_or_insert(SyntaxError {
                        line,
                        message: "an alias without its anchor".into(),
                    });
                    break;
                }
            },
            Event::DocumentEnd if roots.len() >= most => break,
            _ => None,
        };
        if stack.len() > limits.depth {
            error.get_or_insert(SyntaxError {
                line,
                message: format!("nested deeper than {} levels", limits.depth),
            });
            break;
        }
        if nodes > most_nodes {
            error.get_or_insert(SyntaxError {
                line,
                message: format!("more than {most_nodes} values"),
            });
            break;
        }
        if let Some((node, anchor)) = done {
            if anchor != 0 {
                let size = size(&node);
                nodes += size;
                anchors.insert(anchor, (node.clone(), size));
            }
            match stack.last_mut() {
                Some(open) => open.push(node),
                None => roots.push(node),
            }
        }
    }
    while let Some(open) = stack.pop() {
        let node = open.close();
        match stack.last_mut() {
            Some(parent) => parent.push(node),
            None => roots.push(node),
        }
    }
    (roots, error)
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value<'_> {
    if style != ScalarStyle::Plain {
        return Value::String(text);
    }
    match text.as_ref() {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scalars_keep_their_text_and_line() {
        let root = parse(
            "a: 1.10\nb:\n  - x\n  - true\n  - '~'\n",
            &Limits::default(),
        )
        .whole()
        .unwrap();
        assert_eq!(root.get("a").unwrap().text(), Some("1.10"));
        let items = root.get("b").unwrap().items();
        assert_eq!(
            (items[0].line, items[1].as_bool(), items[2].as_str()),
            (3, Some(true), Some("~"))
        );
    }

    #[test]
    fn aliases_are_expanded_but_a_bomb_is_refused() {
        let root = parse("a: &x {k: v}\nb: *x\n", &Limits::default())
            .whole()
            .unwrap();
        assert_eq!(root.at(&["b"]).str("k"), Some("v"));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let row = format!("*a{},", n - 1).repeat(10);
            bomb = format!("{bomb}a{n}: &a{n} [{row}]\n");
        }
        let limits = Limits {
            nodes: 100_000,
            ..Limits::default()
        };
        let error = parse(&bomb, &limits).error.unwrap();
        assert!(error.message.contains("more than 100000 values"), "{error}");
    }

    #[test]
    fn too_much_in_brackets_is_refused_before_the_parser_holds_it() {
        let text = format!("a: 1\nb: [{}0]\n", "0,".repeat(2_000_000));
        let document = parse(&text, &Limits::default());
        let error = document.error.unwrap();
        assert_eq!(error.line, 2);
        assert!(error.message.contains("entries in brackets"), "{error}");
        assert_eq!(document.root.get("a").unwrap().text(), Some("1"));
    }

    #[test]
    fn depth_is_bounded_and_the_first_half_is_kept() {
        let text = format!("ok: 1\na: {}", "[".repeat(100_000));
        let document = parse(&text, &Limits::default());
        assert!(document.error.is_some());
        assert_eq!(document.root.get("ok").unwrap().text(), Some("1"));
    }

    #[test]
    fn several_documents_are_read() {
        let (roots, error) = parse_all("a: 1\n---\nb: 2\n", &Limits::default());
        assert_eq!((roots.len(), error), (2, None));
        assert_eq!(
            parse("a: 1\n---\nb: 2\n", &Limits::default())
                .root
                .get("a")
                .unwrap()
                .text(),
            Some("1")
        );
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*") {
            let _ = parse(&text, &Limits::default());
        }

        #[test]
        fn structure_never_panics(text in "[-\\[\\]{}:,&*!|>'\"#%@ \\na-c0-9]*") {
            let _ = parse(&text, &Limits::default());
        }
    }
}
