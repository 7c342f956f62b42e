//! The tree of a condition, as it is written.

use super::lex::Span;

/// An operator with a side to its left and one to its right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Infix {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Infix {
    /// The operator a token spells, and how tightly it binds.
    pub(super) fn of(spelt: &str) -> Option<(Self, u8)> {
        Some(match spelt {
            "||" => (Self::Or, 1),
            "&&" => (Self::And, 2),
            "==" => (Self::Equal, 3),
            "!=" => (Self::Unequal, 3),
            "<" => (Self::Less, 3),
            "<=" => (Self::AtMost, 3),
            ">" => (Self::More, 3),
            ">=" => (Self::AtLeast, 3),
            "in" => (Self::In, 3),
            "+" => (Self::Add, 4),
            "-" => (Self::Subtract, 4),
            "*" => (Self::Multiply, 5),
            "/" => (Self::Divide, 5),
            "%" => (Self::Remainder, 5),
            _ => return None,
        })
    }

    /// Whether it asks which side is the greater.
    pub(super) const fn orders(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }

    /// The operator that says the same with the sides exchanged.
    pub(super) const fn flipped(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            other => other,
        }
    }
}

/// A part of a condition.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// With the brackets around it.
    pub(super) outer: Span,
    /// Without them.
    pub(super) inner: Span,
    /// Byte of the operator or the name, for errors.
    pub(super) at: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Null,
    Name(String),
    /// `operand.field`
    Select(Box<Node>, String),
    /// `operand[index]`
    Index(Box<Node>, Box<Node>),
    /// `name(arguments)` or `target.name(arguments)`
    Call(Option<Box<Node>>, String, Vec<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Infix(Infix, Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
}

impl Node {
    /// The sides of a chain of one operator: `a && b && c` has three, with or without brackets.
    pub(super) fn chain(&self, operator: Infix) -> Vec<&Self> {
        match &self.kind {
            Kind::Infix(own, left, right) if *own == operator => {
                let mut sides = left.chain(operator);
                sides.extend(right.chain(operator));
                sides
            }
            _ => vec![self],
        }
    }

    /// Levels from here down. A chain of `&&` or `||` counts as the balanced tree that the interpreter makes of it.
    pub(super) fn height(&self) -> usize {
        let children = match self.kind {
            Kind::Infix(operator @ (Infix::And | Infix::Or), ..) => self.chain(operator),
            _ => self.children(),
        };
        let levels = children.len().next_power_of_two().ilog2().max(1) as usize;
        let wide = matches!(self.kind, Kind::Infix(Infix::And | Infix::Or, ..));
        let below = children.into_iter().map(Self::height).max().unwrap_or(0);
        below + if wide { levels } else { 1 }
    }

    /// The nodes right below.
    pub(super) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Double(_)
            | Kind::Text(_)
            | Kind::Null
            | Kind::Name(_) => vec![],
            Kind::Select(inner, _) | Kind::Not(inner) | Kind::Minus(inner) => vec![inner],
            Kind::Index(left, right) | Kind::Infix(_, left, right) => vec![left, right],
            Kind::Call(target, _, arguments) => {
                target.as_deref().into_iter().chain(arguments).collect()
            }
            Kind::List(members) => members.iter().collect(),
            Kind::Map(entries) => entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .collect(),
            Kind::If(test, then, other) => vec![test, then, other],
        }
    }
}
