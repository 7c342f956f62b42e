//! The parser, by the [grammar of CEL](https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax).
//!
//! Our own parser because a condition comes from a file: depth and size are bounded before anything is built, every
//! node knows its place, and an error says what to write instead. Only what has passed here and
//! [`check`](super::check) reaches the `cel` crate, whose parser has neither. Tests hold the two against each other.

use super::error::ConditionError;
use super::lex::{Span, Token, tokens};
use super::node::{Infix, Kind, Node};

/// Longest source, in bytes.
pub(super) const LONGEST_SOURCE: usize = 4096;
/// Most nodes of a tree.
pub(super) const MOST_NODES: usize = 200;
/// Deepest nesting of brackets, calls and `?:`.
pub(super) const DEEPEST: usize = 24;

/// Words that name nothing in CEL.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Reads a condition.
pub(super) fn parse(source: &str) -> Result<Node, ConditionError> {
    if source.len() > LONGEST_SOURCE {
        let message = format!("a condition is longer than {LONGEST_SOURCE} bytes");
        return Err(ConditionError::new(0, message).hint("split it into several rules"));
    }
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        next: 0,
        depth: 0,
        nodes: 0,
    };
    if parser.tokens.is_empty() {
        return Err(ConditionError::new(0, "the condition is empty")
            .hint("write `true` for a rule that always applies"));
    }
    let root = parser.expression()?;
    if parser.next < parser.tokens.len() {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(root)
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<(Token, Span)>,
    next: usize,
    depth: usize,
    nodes: usize,
}

type Parsed = Result<Node, ConditionError>;

impl Parser<'_> {
    /// Byte where the next token begins, or where the source ends.
    fn here(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.source.len(), |(_, span)| span.start)
    }

    /// Byte behind the last token.
    fn behind(&self) -> usize {
        self.next
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(0, |(_, span)| span.end)
    }

    /// The next token as it is spelt, unless it is a string.
    fn spelt(&self) -> &str {
        match self.tokens.get(self.next) {
            None | Some((Token::Text(_), _)) => "",
            Some((_, span)) => &self.source[span.clone()],
        }
    }

    /// Takes the next token if it is this sign or keyword.
    fn take(&mut self, wanted: &str) -> bool {
        let found = self.spelt() == wanted;
        self.next += usize::from(found);
        found
    }

    fn demand(&mut self, wanted: &str, opened: &str) -> Result<(), ConditionError> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{wanted}` {opened}")))
    }

    #[cold]
    fn unexpected(&self, wanted: &str) -> ConditionError {
        let at = self.here();
        let Some((_, span)) = self.tokens.get(self.next) else {
            return ConditionError::new(
                at,
                format!("the condition ends where {wanted} is expected"),
            );
        };
        let found = &self.source[span.clone()];
        let error = ConditionError::new(at, format!("`{found}` where {wanted} is expected"));
        match found.to_ascii_lowercase().as_str() {
            "and" => error.hint("write &&"),
            "or" => error.hint("write ||"),
            "not" => error.hint("write !"),
            "is" => error.hint("write =="),
            "if" | "then" | "else" => error.hint("write `condition ? one : other`"),
            _ => error,
        }
    }

    fn node(&mut self, start: usize, at: usize, kind: Kind) -> Parsed {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("a condition has more than {MOST_NODES} parts");
            return Err(ConditionError::new(at, message).hint("split it into several rules"));
        }
        let span = start..self.behind();
        Ok(Node {
            kind,
            outer: span.clone(),
            inner: span,
            at,
        })
    }

    /// `test ? then : other`, and everything that binds tighter.
    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("a condition is nested more than {DEEPEST} deep");
            return Err(ConditionError::new(self.here(), message));
        }
        let test = self.infix(1)?;
        let at = self.here();
        let parsed = if self.take("?") {
            let then = self.infix(1)?;
            self.demand(":", "and the other value")?;
            let other = self.expression()?;
            let start = test.outer.start;
            self.node(start, at, Kind::If(test.into(), then.into(), other.into()))?
        } else {
            test
        };
        self.depth -= 1;
        Ok(parsed)
    }

    /// Operators that bind at least so tightly; equals from left to right.
    fn infix(&mut self, least: u8) -> Parsed {
        let mut left = self.prefix()?;
        while let Some((operator, binds)) = Infix::of(self.spelt())
            && binds >= least
        {
            let at = self.here();
            self.next += 1;
            let right = self.infix(binds + 1)?;
            let start = left.outer.start;
            left = self.node(start, at, Kind::Infix(operator, left.into(), right.into()))?;
        }
        Ok(left)
    }

    /// `!` and `-`; a pair of them is none, as everywhere in CEL.
    fn prefix(&mut self) -> Parsed {
        let at = self.here();
        let sign = if self.spelt() == "!" { "!" } else { "-" };
        let mut count = 0;
        while self.take(sign) {
            count += 1;
        }
        // Only a single minus belongs to the number behind it: the lowest one cannot be written otherwise.
        if sign == "-"
            && count == 1
            && let Some((Token::Int(_) | Token::Double(_), _)) = self.tokens.get(self.next)
        {
            let literal = self.number(at, true)?;
            return self.postfix(literal);
        }
        let odd = count % 2 == 1;
        let operand = self.member()?;
        match sign {
            _ if count == 0 => Ok(operand),
            "!" if odd => self.node(at, at, Kind::Not(operand.into())),
            "-" if odd => self.node(at, at, Kind::Minus(operand.into())),
            _ => Ok(Node {
                outer: at..operand.outer.end,
                ..operand
            }),
        }
    }

    /// A number, with the minus before it.
    fn number(&mut self, start: usize, negative: bool) -> Parsed {
        let at = self.here();
        let kind = match self.tokens.get(self.next) {
            Some((Token::Int(value), _)) => {
                let signed = if negative {
                    0_i64.checked_sub_unsigned(*value)
                } else {
                    i64::try_from(*value).ok()
                };
                let too_large = || ConditionError::new(at, "the number is too large");
                Kind::Int(signed.ok_or_else(too_large)?)
            }
            Some((Token::Double(value), _)) => {
                Kind::Double(if negative { -*value } else { *value })
            }
            _ => return Err(self.unexpected("a number")),
        };
        self.next += 1;
        self.node(start, at, kind)
    }

    fn member(&mut self) -> Parsed {
        let primary = self.primary()?;
        self.postfix(primary)
    }

    /// `.field`, `.call()` and `[index]`, any number of them.
    fn postfix(&mut self, mut operand: Node) -> Parsed {
        loop {
            let start = operand.outer.start;
            let at = self.here();
            if self.take(".") {
                let at = self.here();
                let name = self.name("the name of a field")?;
                if self.take("(") {
                    let arguments = self.list(")", "to close the call")?;
                    let call = Kind::Call(Some(operand.into()), name, arguments);
                    operand = self.node(start, at, call)?;
                } else {
                    operand = self.node(start, at, Kind::Select(operand.into(), name))?;
                }
            } else if self.take("[") {
                let index = self.expression()?;
                self.demand("]", "to close the index")?;
                operand = self.node(start, at, Kind::Index(operand.into(), index.into()))?;
            } else {
                return Ok(operand);
            }
        }
    }

    fn name(&mut self, wanted: &str) -> Result<String, ConditionError> {
        let Some((Token::Name, span)) = self.tokens.get(self.next) else {
            return Err(self.unexpected(wanted));
        };
        let name = &self.source[span.clone()];
        if RESERVED.contains(&name) {
            return Err(self.unexpected(wanted));
        }
        let name = name.to_owned();
        self.next += 1;
        Ok(name)
    }

    /// Members up to the closing bracket.
    fn list(&mut self, close: &str, what: &str) -> Result<Vec<Node>, ConditionError> {
        let mut members = Vec::new();
        while !self.take(close) {
            members.push(self.expression()?);
            if !self.take(",") {
                self.demand(close, what)?;
                break;
            }
            // CEL allows a comma before the end of a list, and not before that of a call.
            if close == ")" && self.spelt() == close {
                return Err(self.unexpected("a value"));
            }
        }
        Ok(members)
    }

    fn primary(&mut self) -> Parsed {
        let at = self.here();
        let Some((token, _)) = self.tokens.get(self.next) else {
            return Err(self.unexpected("a value"));
        };
        match token {
            Token::Int(_) | Token::Double(_) => self.number(at, false),
            Token::Text(value) => {
                let value = value.clone();
                self.next += 1;
                self.node(at, at, Kind::Text(value))
            }
            Token::Name => self.word(at),
            Token::Sign("(") => {
                self.next += 1;
                let inside = self.expression()?;
                self.demand(")", "to close the bracket")?;
                Ok(Node {
                    outer: at..self.behind(),
                    ..inside
                })
            }
            Token::Sign("[") => {
                self.next += 1;
                let members = self.list("]", "to close the list")?;
                self.node(at, at, Kind::List(members))
            }
            Token::Sign("{") => {
                self.next += 1;
                let entries = self.entries()?;
                self.node(at, at, Kind::Map(entries))
            }
            Token::Sign(_) => Err(self.unexpected("a value")),
        }
    }

    fn word(&mut self, at: usize) -> Parsed {
        for (word, kind) in [
            ("true", Kind::Bool(true)),
            ("false", Kind::Bool(false)),
            ("null", Kind::Null),
        ] {
            if self.take(word) {
                return self.node(at, at, kind);
            }
        }
        let name = self.name("a value")?;
        if self.take("(") {
            let arguments = self.list(")", "to close the call")?;
            return self.node(at, at, Kind::Call(None, name, arguments));
        }
        self.node(at, at, Kind::Name(name))
    }

    fn entries(&mut self) -> Result<Vec<(Node, Node)>, ConditionError> {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.expression()?;
            self.demand(":", "and the value")?;
            entries.push((key, self.expression()?));
            if !self.take(",") {
                self.demand("}", "to close the map")?;
                break;
            }
        }
        Ok(entries)
    }
}
