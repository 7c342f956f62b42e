//! From text to a tree, with places.

use std::borrow::Cow;

use super::fields::{Field, List, TEXT};
use super::nearest::nearest;
use super::values;

/// Bytes of a query.
pub(super) const MOST_BYTES: usize = 4096;
/// Terms of a query; each value of a list counts.
pub(super) const MOST_TERMS: usize = 50;
/// Groups in groups.
pub(super) const MOST_DEPTH: usize = 5;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `:`
    Is,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

impl Op {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Is => ":",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        }
    }
}

/// One field, compared. Two are equal wherever they stand.
#[derive(Clone, Debug)]
pub struct Term {
    /// Where it begins, in bytes.
    pub at: usize,
    /// Which field; `text` for a bare word.
    pub field: &'static Field,
    /// How.
    pub op: Op,
    /// With one of these.
    pub values: Vec<String>,
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        (self.field.name, self.op, &self.values) == (other.field.name, other.op, &other.values)
    }
}
impl Eq for Term {}

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Each of them; none: everything.
    All(Vec<Self>),
    /// One of them.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A term.
    Term(Term),
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// One of the list's.
    pub by: &'static str,
    /// The other way round.
    pub turned: bool,
}

/// A query that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Of which list.
    pub list: &'static List,
    /// What has to hold.
    pub root: Node,
    /// As it was asked for; `None`: the usual one.
    pub order: Option<Order>,
    /// What a list usually leaves out, too.
    pub all: bool,
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at byte {at}; {hint}")]
pub struct QueryError {
    /// Where, in bytes from 0; always the beginning of a character, or the end.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub hint: String,
}

impl Query {
    /// Reads a query of a list.
    pub fn parse(list: &'static List, text: &str) -> Result<Self, QueryError> {
        if text.len() > MOST_BYTES {
            return Err(QueryError {
                at: 0,
                what: format!("the query is longer than {MOST_BYTES} bytes"),
                hint: "leave some of it out".into(),
            });
        }
        let mut parser = Parser {
            list,
            text,
            at: 0,
            terms: 0,
            order: None,
            all: None,
        };
        let root = parser.any(0)?;
        Ok(Self {
            list,
            root,
            order: parser.order,
            all: parser.all.unwrap_or(false),
        })
    }

    /// Everything that the list usually shows.
    pub fn everything(list: &'static List) -> Self {
        Self {
            list,
            root: Node::All(Vec::new()),
            order: None,
            all: false,
        }
    }

    /// The order, the usual one where none was asked for.
    pub fn ordered(&self) -> Order {
        self.order.unwrap_or(Order {
            by: self.list.sorts.first().map_or("", |sort| sort.name),
            turned: false,
        })
    }
}

struct Parser<'t> {
    list: &'static List,
    text: &'t str,
    at: usize,
    terms: usize,
    order: Option<Order>,
    all: Option<bool>,
}

/// What ends a bare word.
pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '(' | ')')
}

/// What ends a value.
pub(super) fn ends_value(c: char) -> bool {
    ends_word(c) || c == ','
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, what: char) -> bool {
        let is = self.peek() == Some(what);
        if is {
            self.at += what.len_utf8();
        }
        is
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn at_or(&self) -> bool {
        let rest = self.rest();
        (rest.starts_with("or") || rest.starts_with("OR"))
            && rest[2..].chars().next().is_none_or(ends_word)
    }

    fn any(&mut self, depth: usize) -> Result<Node, QueryError> {
        let start = self.at;
        let mut parts = vec![self.all(depth)?];
        while self.at_or() {
            let at = self.at;
            self.at += 2;
            if is_empty(parts.last()) {
                return refuse(
                    at,
                    "nothing stands before `or`",
                    "write it as `\"or\"` to look for the word",
                );
            }
            parts.push(self.all(depth)?);
            if is_empty(parts.last()) {
                return refuse(
                    at,
                    "nothing stands behind `or`",
                    "add a term, or leave it out",
                );
            }
        }
        if depth > 0 && is_empty(parts.last()) {
            return refuse(start, "an empty group", "leave the parentheses out");
        }
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        // Any of any is any.
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Node::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Ok(Node::Any(flat))
    }

    fn all(&mut self, depth: usize) -> Result<Node, QueryError> {
        let mut parts = Vec::new();
        loop {
            self.skip();
            match self.peek() {
                None => break,
                Some(')') if depth > 0 => break,
                Some(')') => {
                    return refuse(
                        self.at,
                        "`)` without `(`",
                        "leave it out, or put it into quotes",
                    );
                }
                Some(_) if self.at_or() => break,
                Some(_) => {}
            }
            match self.item(depth)? {
                Some(Node::All(inner)) => parts.extend(inner),
                Some(other) => parts.push(other),
                None => {}
            }
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Node::All(parts)
        })
    }

    fn item(&mut self, depth: usize) -> Result<Option<Node>, QueryError> {
        let start = self.at;
        let not = self.take('-');
        if not
            && self
                .peek()
                .is_none_or(|c| c.is_whitespace() || c == ')' || c == '-')
        {
            return refuse(
                start,
                "nothing follows `-`",
                "write `-term` without a space, or `\"-\"` to look for it",
            );
        }
        let node = if self.take('(') {
            if depth >= MOST_DEPTH {
                return refuse(
                    start,
                    format!("groups are more than {MOST_DEPTH} deep"),
                    "write it flatter",
                );
            }
            let inner = self.any(depth + 1)?;
            if !self.take(')') {
                return refuse(start, "`(` without `)`", "close the group");
            }
            Some(inner)
        } else {
            self.term(depth, not)?.map(Node::Term)
        };
        Ok(node.map(|node| if not { Node::Not(Box::new(node)) } else { node }))
    }

    fn counted(&mut self, at: usize) -> Result<(), QueryError> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return refuse(
                at,
                format!("more than {MOST_TERMS} terms and values"),
                "leave some out",
            );
        }
        Ok(())
    }

    fn term(&mut self, depth: usize, not: bool) -> Result<Option<Term>, QueryError> {
        let start = self.at;
        self.counted(start)?;
        if self.peek() == Some('"') {
            let text = self.quoted()?;
            return Ok(Some(text_term(start, text)));
        }
        let rest = self.rest();
        let end = rest.find(ends_word).unwrap_or(rest.len());
        let word = &rest[..end];
        let name_end = word.find([':', '<', '>', '=']).unwrap_or(end);
        // A package URL explains itself.
        if name_end == end || word.starts_with("pkg:") {
            self.at += end;
            if self.peek() == Some('"') {
                return refuse(
                    self.at,
                    "a quote in the middle of a word",
                    "put the whole into quotes",
                );
            }
            return match self.list.flag(word) {
                Some(flag) => self.expanded(start, flag.term).map(Some),
                None => Ok(Some(text_term(start, word.to_owned()))),
            };
        }
        let name = &word[..name_end];
        self.at += name_end;
        let op = self.op(start)?;
        if name.eq_ignore_ascii_case("sort") || name.eq_ignore_ascii_case("all") {
            if depth > 0 || not {
                return refuse(
                    start,
                    format!("`{name}` is for the whole query"),
                    "write it outside of groups and without `-`",
                );
            }
            if op != Op::Is {
                return refuse(start, format!("`{name}` is not compared"), "write `:`");
            }
            self.whole(start, name)?;
            return Ok(None);
        }
        let Some(field) = self.list.field(name) else {
            return Err(self.no_field(start, name));
        };
        let mut given = vec![self.value(field.name)?];
        while self.take(',') {
            self.counted(self.at)?;
            given.push(self.value(field.name)?);
        }
        checked(start, field, op, given).map(Some)
    }

    /// The term that a flag is short for.
    fn expanded(&self, at: usize, term: &'static str) -> Result<Term, QueryError> {
        let mut inner = Parser {
            list: self.list,
            text: term,
            at: 0,
            terms: 0,
            order: None,
            all: None,
        };
        match inner.term(0, false)? {
            Some(found) => Ok(Term { at, ..found }),
            None => Ok(text_term(at, term.to_owned())),
        }
    }

    fn op(&mut self, start: usize) -> Result<Op, QueryError> {
        let rest = self.rest();
        for op in [Op::AtLeast, Op::AtMost, Op::More, Op::Less, Op::Is] {
            if rest.starts_with(op.as_str()) {
                self.at += op.as_str().len();
                return Ok(op);
            }
        }
        refuse(
            start,
            "`=` compares nothing",
            "write `field:value`, or `>`, `>=`, `<`, `<=`",
        )
    }

    fn value(&mut self, field: &str) -> Result<String, QueryError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let end = rest.find(ends_value).unwrap_or(rest.len());
        if end == 0 {
            return refuse(
                self.at,
                format!("`{field}` has no value"),
                "write it right behind, in quotes where it has spaces or parentheses",
            );
        }
        self.at += end;
        if self.peek() == Some('"') {
            return refuse(
                self.at,
                "a quote in the middle of a value",
                "put the whole value into quotes",
            );
        }
        Ok(rest[..end].to_owned())
    }

    /// A text in quotes; a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + place + 1;
                    if out.is_empty() {
                        return refuse(start, "an empty text", "leave it out");
                    }
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, c)) => out.push(c),
                    None => break,
                },
                c => out.push(c),
            }
        }
        refuse(
            start,
            "a quote that does not end",
            "add `\"` behind the text",
        )
    }

    /// `sort:` and `all:`.
    fn whole(&mut self, start: usize, name: &str) -> Result<(), QueryError> {
        let at = self.at;
        let value = self.value(name)?;
        if name.eq_ignore_ascii_case("all") {
            if self.list.all.is_empty() {
                return refuse(
                    start,
                    format!("the list of {} leaves nothing out", self.list.name),
                    "leave `all` out",
                );
            }
            let Some(said) = values::truth(&value) else {
                return refuse(at, "`all` is true or false", "write `all:true`");
            };
            if self.all.replace(said).is_some() {
                return refuse(start, "`all` twice", "leave one out");
            }
            return Ok(());
        }
        let (turned, by) = match value.strip_prefix('-') {
            Some(by) => (true, by),
            None => (false, value.as_str()),
        };
        let Some(sort) = self.list.sorts.iter().find(|sort| sort.name == by) else {
            let names: Vec<&str> = self.list.sorts.iter().map(|sort| sort.name).collect();
            return refuse(
                at,
                format!("{} cannot be sorted by `{}`", self.list.name, short(by)),
                format!(
                    "sort by {}, or with `-` the other way round",
                    names.join(", ")
                ),
            );
        };
        let order = Order {
            by: sort.name,
            turned,
        };
        if self.order.replace(order).is_some() {
            return refuse(start, "`sort` twice", "leave one out");
        }
        Ok(())
    }

    fn no_field(&self, at: usize, name: &str) -> QueryError {
        let known = || {
            let fields = self.list.fields.iter();
            fields
                .flat_map(|field| std::iter::once(field.name).chain(field.also.iter().copied()))
                .chain(["sort", "all"])
        };
        let hint = if let Some(word) = nearest(name, known()) {
            format!("did you mean `{word}`?")
        } else {
            let names: Vec<&str> = self.list.fields.iter().map(|field| field.name).collect();
            format!(
                "fields are {}; to look for the text itself put it into quotes",
                names.join(", ")
            )
        };
        QueryError {
            at,
            what: format!("{} have no field `{}`", self.list.name, short(name)),
            hint,
        }
    }
}

fn refuse<T>(at: usize, what: impl Into<String>, hint: impl Into<String>) -> Result<T, QueryError> {
    Err(QueryError {
        at,
        what: what.into(),
        hint: hint.into(),
    })
}

fn checked(
    at: usize,
    field: &'static Field,
    op: Op,
    values: Vec<String>,
) -> Result<Term, QueryError> {
    let term = Term {
        at,
        field,
        op,
        values,
    };
    match values::read(&term, 0) {
        Ok(_) => Ok(term),
        Err(wrong) => refuse(at, wrong.what, wrong.hint),
    }
}

fn is_empty(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::All(parts)) if parts.is_empty())
}

fn text_term(at: usize, text: String) -> Term {
    Term {
        at,
        field: &TEXT,
        op: Op::Is,
        values: vec![text],
    }
}

/// As much of a text as a message may repeat.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}
