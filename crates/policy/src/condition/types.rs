//! The types of expressions.

use std::fmt;

use super::error::ConditionError;
use super::eval::Expr;
use super::field::Field;

/// The type of what is no list and no map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scalar {
    Bool,
    Int,
    Double,
    Text,
}

/// The type of an expression. A list or a map with nothing in it has no type inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ty {
    One(Scalar),
    List(Option<Scalar>),
    Map(Option<(Scalar, Scalar)>),
}

impl Ty {
    pub(super) const BOOL: Self = Self::One(Scalar::Bool);
    pub(super) const INT: Self = Self::One(Scalar::Int);
    pub(super) const DOUBLE: Self = Self::One(Scalar::Double);
    pub(super) const TEXT: Self = Self::One(Scalar::Text);
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
        })
    }
}

impl fmt::Display for Ty {
    /// With its article.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(Scalar::Int) => f.write_str("an int"),
            Self::One(one) => write!(f, "a {one}"),
            Self::List(None) => f.write_str("an empty list"),
            Self::List(Some(member)) => write!(f, "a list of {member}s"),
            Self::Map(None) => f.write_str("an empty map"),
            Self::Map(Some((key, value))) => write!(f, "a map of {key}s to {value}s"),
        }
    }
}

/// Whether values of both types can be compared: of one type, or both numbers.
pub(super) fn comparable(a: Scalar, b: Scalar) -> bool {
    let number = |one| matches!(one, Scalar::Int | Scalar::Double);
    a == b || (number(a) && number(b))
}

/// An expression whose type is known.
pub(super) struct Typed {
    pub(super) ty: Ty,
    /// None where only the interpreter can evaluate it.
    pub(super) expr: Option<Expr>,
    /// The variable whose words it takes, when it is that variable or a member of its list.
    pub(super) words: Option<Field>,
}

impl Typed {
    pub(super) const fn new(ty: Ty, expr: Option<Expr>) -> Self {
        Self {
            ty,
            expr,
            words: None,
        }
    }

    /// The compiled form where a list written out has no place.
    pub(super) fn value(self) -> Option<Expr> {
        self.expr.filter(|expr| !matches!(expr, Expr::List(_)))
    }
}

pub(super) type Checked<T = Typed> = Result<T, ConditionError>;
