//! The compiled form of a condition, and its evaluation: three-valued and without allocation.
//!
//! Logic is [CEL's](https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators): `&&` and `||`
//! are decided by either side, whatever the other is. An unknown value behaves as an error does in CEL: it passes
//! through everything but what decides without it.

use std::cmp::Ordering;

use regex::Regex;

use super::facts::{Facts, Texts, Value};
use super::field::{Field, Fields};
use super::foreign::Foreign;
use super::node::Infix;
use super::outcome::{Outcome, Reason, Trouble};

/// A compiled expression. Its types fit: [`check`](super::check) has seen to it.
#[derive(Debug)]
pub(super) enum Expr {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
    /// Only as the right side of `in`, the range of a loop or the argument of `size`.
    List(Box<[Self]>),
    Field(Field),
    /// The variable of the one loop around.
    Variable,
    /// `has(field)`
    IsKnown(Field),
    Not(Box<Self>),
    Minus(Box<Self>),
    All(Box<[Self]>),
    Any(Box<[Self]>),
    If(Box<[Self; 3]>),
    /// `==`, `!=` and the orders.
    Compare(Infix, Box<[Self; 2]>),
    /// `+ - * / %`
    Reckon(Infix, Box<[Self; 2]>),
    /// Member, list.
    In(Box<[Self; 2]>),
    /// Text, part.
    Part(Part, Box<[Self; 2]>),
    Matches(Box<Self>, Box<Regex>),
    Size(Box<Self>),
    /// List, body: whether it holds for some member.
    Exists(Box<[Self; 2]>),
    /// List, body: whether it holds for each member.
    ForAll(Box<[Self; 2]>),
    /// What only the interpreter can do.
    Foreign(Box<Foreign>),
}

/// Where in a text a part is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Start,
    End,
    Anywhere,
}

/// The value of an expression.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
    Texts(Texts<'a>),
    Unknown(Reason),
}

impl<'a> Cell<'a> {
    const fn trouble(trouble: Trouble) -> Self {
        Self::Unknown(Reason::trouble(trouble))
    }

    fn of(field: Field, facts: &Facts<'a>) -> Self {
        match facts.get(field) {
            Value::Unknown => Self::Unknown(Reason::missing(Fields::of(field))),
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::Double(value) => Self::Double(value),
            Value::Text(value) => Self::Text(value),
            Value::Texts(value) => Self::Texts(value),
        }
    }

    /// As an answer. Anything but yes or no is ruled out when the condition is checked.
    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Bool(holds) => Outcome::of(holds),
            Self::Unknown(reason) => Outcome::Unknown(reason),
            _ => Outcome::Unknown(Reason::trouble(Trouble::BadValue)),
        }
    }

    const fn reason(self) -> Option<Reason> {
        match self {
            Self::Unknown(reason) => Some(reason),
            _ => None,
        }
    }

    /// The order of two values; whole numbers and fractions compare as the `cel` crate does it.
    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(&b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Double(b)) => (a as f64).partial_cmp(&b),
            (Self::Double(a), Self::Int(b)) => a.partial_cmp(&(b as f64)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    fn equals(self, other: Self) -> bool {
        self.order(other) == Some(Ordering::Equal)
    }
}

impl From<Outcome> for Cell<'_> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::True => Self::Bool(true),
            Outcome::False => Self::Bool(false),
            Outcome::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

/// Both values, or why one of them is not known.
macro_rules! known {
    ($a:expr, $b:expr) => {
        match ($a, $b) {
            (Cell::Unknown(a), Cell::Unknown(b)) => return Cell::Unknown(a.and(b)),
            (Cell::Unknown(reason), _) | (_, Cell::Unknown(reason)) => {
                return Cell::Unknown(reason);
            }
            both => both,
        }
    };
}

impl Expr {
    /// The value; `variable` is that of the loop around, if there is one.
    pub(super) fn eval<'a>(&'a self, facts: &Facts<'a>, variable: Cell<'a>) -> Cell<'a> {
        match self {
            Self::Bool(value) => Cell::Bool(*value),
            Self::Int(value) => Cell::Int(*value),
            Self::Double(value) => Cell::Double(*value),
            Self::Text(value) => Cell::Text(value),
            Self::List(_) => Cell::trouble(Trouble::BadValue),
            Self::Field(field) => Cell::of(*field, facts),
            Self::Variable => variable,
            Self::IsKnown(field) => Cell::Bool(facts.get(*field) != Value::Unknown),
            Self::Not(inner) => match inner.eval(facts, variable) {
                Cell::Bool(value) => Cell::Bool(!value),
                other => other,
            },
            Self::Minus(inner) => match inner.eval(facts, variable) {
                Cell::Int(value) => value
                    .checked_neg()
                    .map_or(Cell::trouble(Trouble::Overflow), Cell::Int),
                Cell::Double(value) => Cell::Double(-value),
                other => other,
            },
            Self::All(sides) => fold(false, sides.iter().map(|side| side.eval(facts, variable))),
            Self::Any(sides) => fold(true, sides.iter().map(|side| side.eval(facts, variable))),
            Self::If(parts) => choose(parts, facts, variable),
            Self::Compare(operator, sides) => {
                let [left, right] = &**sides;
                let (left, right) = known!(left.eval(facts, variable), right.eval(facts, variable));
                compare(*operator, left, right)
            }
            Self::Reckon(operator, sides) => {
                let [left, right] = &**sides;
                match known!(left.eval(facts, variable), right.eval(facts, variable)) {
                    (Cell::Int(left), Cell::Int(right)) => {
                        whole(*operator, left, right).map_or_else(Cell::trouble, Cell::Int)
                    }
                    (Cell::Double(left), Cell::Double(right)) => {
                        Cell::Double(fraction(*operator, left, right))
                    }
                    _ => Cell::trouble(Trouble::BadValue),
                }
            }
            Self::In(sides) => {
                let [member, list] = &**sides;
                let member = member.eval(facts, variable);
                if let Some(members) = list.members() {
                    return among(member, members, facts, variable);
                }
                match known!(member, list.eval(facts, variable)) {
                    (Cell::Text(member), Cell::Texts(texts)) => {
                        Cell::Bool(texts.iter().any(|text| text == member))
                    }
                    _ => Cell::trouble(Trouble::BadValue),
                }
            }
            Self::Part(part, sides) => {
                let [whole, wanted] = &**sides;
                match known!(whole.eval(facts, variable), wanted.eval(facts, variable)) {
                    (Cell::Text(whole), Cell::Text(wanted)) => Cell::Bool(match part {
                        Part::Start => whole.starts_with(wanted),
                        Part::End => whole.ends_with(wanted),
                        Part::Anywhere => whole.contains(wanted),
                    }),
                    _ => Cell::trouble(Trouble::BadValue),
                }
            }
            Self::Matches(inner, pattern) => match inner.eval(facts, variable) {
                Cell::Text(text) => Cell::Bool(pattern.is_match(text)),
                other => other,
            },
            Self::Size(inner) => {
                let size = if let Some(members) = inner.members() {
                    if let Some(reason) = unknown(members, facts, variable) {
                        return Cell::Unknown(reason);
                    }
                    members.len()
                } else {
                    match inner.eval(facts, variable) {
                        Cell::Text(text) => text.chars().count(),
                        Cell::Texts(texts) => texts.len(),
                        other => return other,
                    }
                };
                i64::try_from(size).map_or(Cell::trouble(Trouble::Overflow), Cell::Int)
            }
            Self::Exists(parts) => looped(true, parts, facts),
            Self::ForAll(parts) => looped(false, parts, facts),
            Self::Foreign(foreign) => foreign.eval(facts).into(),
        }
    }

    /// Whether some part of it is left to the interpreter.
    pub(super) fn is_foreign(&self) -> bool {
        match self {
            Self::Foreign(_) => true,
            Self::Not(inner) | Self::Minus(inner) | Self::Matches(inner, _) | Self::Size(inner) => {
                inner.is_foreign()
            }
            Self::All(parts) | Self::Any(parts) | Self::List(parts) => {
                parts.iter().any(Self::is_foreign)
            }
            Self::If(parts) => parts.iter().any(Self::is_foreign),
            Self::Compare(_, parts)
            | Self::Reckon(_, parts)
            | Self::Part(_, parts)
            | Self::In(parts)
            | Self::Exists(parts)
            | Self::ForAll(parts) => parts.iter().any(Self::is_foreign),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::Text(_)
            | Self::Field(_)
            | Self::Variable
            | Self::IsKnown(_) => false,
        }
    }

    /// The members of a list written out.
    const fn members(&self) -> Option<&[Self]> {
        match self {
            Self::List(members) => Some(members),
            _ => None,
        }
    }
}

/// `&&` (decided by no) or `||` (decided by yes).
fn fold<'a>(decides: bool, sides: impl Iterator<Item = Cell<'a>>) -> Cell<'a> {
    let mut open: Option<Reason> = None;
    for side in sides {
        match side {
            Cell::Bool(value) if value == decides => return side,
            Cell::Unknown(reason) => open = Some(open.map_or(reason, |open| open.and(reason))),
            _ => {}
        }
    }
    open.map_or(Cell::Bool(!decides), Cell::Unknown)
}

/// `test ? then : other`: an unknown test leaves what both agree on.
fn choose<'a>(
    [test, then, other]: &'a [Expr; 3],
    facts: &Facts<'a>,
    variable: Cell<'a>,
) -> Cell<'a> {
    match test.eval(facts, variable) {
        Cell::Bool(true) => then.eval(facts, variable),
        Cell::Bool(false) => other.eval(facts, variable),
        // A test that fails on known values fails the whole, as in CEL.
        Cell::Unknown(reason) if reason.fields().is_empty() => Cell::Unknown(reason),
        Cell::Unknown(reason) => {
            let (then, other) = (then.eval(facts, variable), other.eval(facts, variable));
            match (then, other) {
                (Cell::Unknown(a), Cell::Unknown(b)) => Cell::Unknown(reason.and(a).and(b)),
                (Cell::Unknown(arm), _) | (_, Cell::Unknown(arm)) => Cell::Unknown(reason.and(arm)),
                _ if then.equals(other) => then,
                _ => Cell::Unknown(reason),
            }
        }
        _ => Cell::trouble(Trouble::BadValue),
    }
}

fn compare<'a>(operator: Infix, left: Cell<'a>, right: Cell<'a>) -> Cell<'a> {
    let order = left.order(right);
    let holds = match operator {
        Infix::Equal => return Cell::Bool(order == Some(Ordering::Equal)),
        Infix::Unequal => return Cell::Bool(order != Some(Ordering::Equal)),
        Infix::Less => order.map(Ordering::is_lt),
        Infix::AtMost => order.map(Ordering::is_le),
        Infix::More => order.map(Ordering::is_gt),
        Infix::AtLeast => order.map(Ordering::is_ge),
        _ => None,
    };
    holds.map_or(Cell::trouble(Trouble::NoNumber), Cell::Bool)
}

fn whole(operator: Infix, left: i64, right: i64) -> Result<i64, Trouble> {
    if right == 0 && matches!(operator, Infix::Divide | Infix::Remainder) {
        return Err(Trouble::ByZero);
    }
    let value = match operator {
        Infix::Add => left.checked_add(right),
        Infix::Subtract => left.checked_sub(right),
        Infix::Multiply => left.checked_mul(right),
        Infix::Divide => left.checked_div(right),
        Infix::Remainder => left.checked_rem(right),
        _ => return Err(Trouble::BadValue),
    };
    value.ok_or(Trouble::Overflow)
}

fn fraction(operator: Infix, left: f64, right: f64) -> f64 {
    match operator {
        Infix::Add => left + right,
        Infix::Subtract => left - right,
        Infix::Multiply => left * right,
        Infix::Divide => left / right,
        _ => f64::NAN,
    }
}

/// Whether a list that is written out has a member. Each of its members must be known, as in CEL.
fn among<'a>(
    member: Cell<'a>,
    members: &'a [Expr],
    facts: &Facts<'a>,
    variable: Cell<'a>,
) -> Cell<'a> {
    let (mut found, mut open) = (false, member.reason());
    for one in members {
        match one.eval(facts, variable) {
            Cell::Unknown(reason) => open = Some(open.map_or(reason, |open| open.and(reason))),
            one => found |= one.equals(member),
        }
    }
    open.map_or(Cell::Bool(found), Cell::Unknown)
}

/// Why some member of a list is not known; CEL makes the whole list first.
fn unknown<'a>(members: &'a [Expr], facts: &Facts<'a>, variable: Cell<'a>) -> Option<Reason> {
    members
        .iter()
        .filter_map(|member| member.eval(facts, variable).reason())
        .reduce(Reason::and)
}

/// `exists` (decided by yes) or `all` (decided by no). Loops do not stand in each other, so there is no outer variable.
fn looped<'a>(decides: bool, [list, body]: &'a [Expr; 2], facts: &Facts<'a>) -> Cell<'a> {
    let outside = Cell::trouble(Trouble::BadValue);
    if let Some(members) = list.members() {
        if let Some(reason) = unknown(members, facts, outside) {
            return Cell::Unknown(reason);
        }
        let each = |member: &'a Expr| body.eval(facts, member.eval(facts, outside));
        return fold(decides, members.iter().map(each));
    }
    match list.eval(facts, outside) {
        Cell::Texts(texts) => fold(
            decides,
            texts.iter().map(|text| body.eval(facts, Cell::Text(text))),
        ),
        other => other,
    }
}
