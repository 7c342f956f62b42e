//! Three answers: yes, no, and not known, with the reason.

use std::fmt;

use super::field::Fields;

/// What a condition says about one finding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// The facts do not tell.
    Unknown(Reason),
}

impl Outcome {
    /// Whether it certainly does not hold.
    pub const fn is_false(self) -> bool {
        matches!(self, Self::False)
    }

    /// By the answer of what can always be told.
    pub const fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown(_) => "unknown",
        })
    }
}

/// Why an answer is not known. One of the two is there, or both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reason {
    missing: Fields,
    trouble: Option<Trouble>,
}

impl Reason {
    pub(super) const fn missing(missing: Fields) -> Self {
        Self {
            missing,
            trouble: None,
        }
    }

    pub(super) const fn trouble(trouble: Trouble) -> Self {
        Self {
            missing: Fields::EMPTY,
            trouble: Some(trouble),
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            missing: self.missing.with(other.missing),
            trouble: match self.trouble {
                None => other.trouble,
                some => some,
            },
        }
    }

    /// The unknown variables on which the answer hangs.
    pub const fn fields(self) -> Fields {
        self.missing
    }

    /// What went wrong in reckoning with known values.
    pub const fn error(self) -> Option<Trouble> {
        self.trouble
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.missing.iter().map(super::field::Field::name).collect();
        match names.as_slice() {
            [] => {}
            [one] => write!(f, "{one} is not known")?,
            [most @ .., last] => write!(f, "{} and {last} are not known", most.join(", "))?,
        }
        match self.trouble {
            Some(trouble) if names.is_empty() => write!(f, "{trouble}"),
            Some(trouble) => write!(f, "; {trouble}"),
            None => Ok(()),
        }
    }
}

/// What can go wrong in reckoning with known values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A whole number beyond 64 bits.
    #[error("a number grew beyond 64 bits")]
    Overflow,
    /// A division, or a remainder, by zero.
    #[error("a number was divided by zero")]
    ByZero,
    /// A member of a list or a map that is not there.
    #[error("a list or a map has no such member")]
    NoMember,
    /// Such as infinity less infinity, which has no place in any order.
    #[error("a reckoning gave no number")]
    NoNumber,
    /// A text that is no number, or anything else that the interpreter reports.
    #[error("a value could not be converted or used")]
    BadValue,
}
