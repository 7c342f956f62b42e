//! Time spans of a policy, such as `4h`, `3d` or `5bd`, and deadlines made of them.

use std::fmt;

use super::error::{ClockError, shown};
use super::months::{longest, shortest};

const DAY: u64 = 24 * 60 * 60;
/// Longest span, in days: 100 years.
const LONGEST: u64 = 36_600;
/// How much shorter or longer than 24 hours a day may be counted, in seconds. Clocks have moved by up to three hours
/// since 2012 (`Antarctica/Casey`). That a zone changes sides of the date line, as Samoa did in 2011, is left out.
const SLACK: u64 = 4 * 60 * 60;

const HINT: &str =
    "write a whole number and a unit: 30min, 4h, 3d, 5bd (business days), 2w, 6mo, 1y";

/// What a span counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// `min`: 60 seconds.
    Minutes,
    /// `h`: 60 minutes.
    Hours,
    /// `d`: days of the calendar.
    Days,
    /// `bd`: days that are neither weekend nor holiday.
    BusinessDays,
    /// `w`: seven days of the calendar.
    Weeks,
    /// `mo`: months of the calendar.
    Months,
    /// `y`: years of the calendar.
    Years,
}

const UNITS: [(Unit, &str); 7] = [
    (Unit::Minutes, "min"),
    (Unit::Hours, "h"),
    (Unit::Days, "d"),
    (Unit::BusinessDays, "bd"),
    (Unit::Weeks, "w"),
    (Unit::Months, "mo"),
    (Unit::Years, "y"),
];

/// What people write for a unit, and what it is here.
const OTHERS: [(&str, &str); 19] = [
    ("minute", "min"),
    ("minutes", "min"),
    ("mins", "min"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("day", "d"),
    ("days", "d"),
    ("wd", "bd"),
    ("bdays", "bd"),
    ("week", "w"),
    ("weeks", "w"),
    ("month", "mo"),
    ("months", "mo"),
    ("mon", "mo"),
    ("year", "y"),
    ("years", "y"),
    ("yr", "y"),
];

/// A length of time: a whole number, never zero, of one unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    amount: u32,
    unit: Unit,
}

/// A span in the unit that decides where it ends.
#[derive(Clone, Copy)]
enum Length {
    Seconds(u64),
    Days(u64),
    Business(u64),
    Months(u32),
}

impl Span {
    /// Reads `4h`, `30min`, `3d`, `5bd`, `2w`, `6mo` or `1y`: one number and one unit.
    pub fn parse(text: &str) -> Result<Self, ClockError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let no_span = || ClockError::new(format!("`{}` is no time span", shown(text))).hint(HINT);
        if digits == 0 {
            return Err(no_span());
        }
        let Some((unit, _)) = UNITS.iter().find(|(_, name)| *name == unit) else {
            let joined = unit.bytes().any(|byte| byte.is_ascii_digit());
            let small = unit.trim().to_ascii_lowercase();
            let known = UNITS
                .iter()
                .map(|(_, name)| *name)
                .find(|name| *name == small);
            let other = OTHERS.iter().find(|(other, _)| *other == small);
            return Err(match known.or(other.map(|(_, name)| *name)) {
                _ if unit.is_empty() => no_span(),
                _ if small == "m" => {
                    ClockError::new(format!("`{}` could be minutes or months", shown(text)))
                        .hint(format!("write {number}min or {number}mo"))
                }
                Some(name) => no_span().hint(format!("write {}{name}", shown(number))),
                None if joined => {
                    ClockError::new(format!("`{}` is more than one time span", shown(text)))
                        .hint("write it in one unit, such as 36h for a day and a half")
                }
                None => no_span(),
            });
        };
        let days = |number: u64| match unit {
            Unit::Minutes => number / (24 * 60),
            Unit::Hours => number / 24,
            Unit::Days | Unit::BusinessDays => number,
            Unit::Weeks => number.saturating_mul(7),
            Unit::Months => number.saturating_mul(31),
            Unit::Years => number.saturating_mul(366),
        };
        match number.parse::<u64>() {
            Ok(0) => Err(ClockError::new(format!(
                "`{}` is over as soon as it begins",
                shown(text)
            ))
            .hint("write one or more")),
            Ok(number) if days(number) <= LONGEST => Ok(Self {
                amount: number as u32,
                unit: *unit,
            }),
            _ => Err(ClockError::new(format!(
                "`{}` is longer than 100 years",
                shown(text)
            ))),
        }
    }

    /// How many of the unit; at least one.
    pub const fn amount(self) -> u32 {
        self.amount
    }

    /// What it counts.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// So many of these spans in one; `None` where that is longer than a span can be.
    pub(crate) fn times(self, times: u32) -> Option<Self> {
        let whole = Self {
            amount: self.amount.checked_mul(times)?,
            unit: self.unit,
        };
        Self::parse(&whole.to_string()).ok()
    }

    /// Whether this span never ends later than the other, whatever the start, the zone and the holidays. None where
    /// neither always ends first: a month may be shorter or longer than 30 days, and business days may be put off by
    /// any number of holidays.
    pub fn at_most(self, other: Self) -> Option<bool> {
        match (self.never_after(other), other.never_after(self)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    const fn length(self) -> Length {
        let amount = self.amount as u64;
        match self.unit {
            Unit::Minutes => Length::Seconds(amount * 60),
            Unit::Hours => Length::Seconds(amount * 60 * 60),
            Unit::Days => Length::Days(amount),
            Unit::BusinessDays => Length::Business(amount),
            Unit::Weeks => Length::Days(amount * 7),
            Unit::Months => Length::Months(self.amount),
            Unit::Years => Length::Months(self.amount * 12),
        }
    }

    fn never_after(self, other: Self) -> bool {
        match (self.length(), other.length()) {
            (Length::Seconds(a), Length::Seconds(b))
            | (Length::Days(a), Length::Days(b) | Length::Business(b))
            | (Length::Business(a), Length::Business(b)) => a <= b,
            (Length::Months(a), Length::Months(b)) => a <= b,
            (Length::Days(a), Length::Months(b)) => a <= shortest(b),
            (Length::Months(a), Length::Days(b) | Length::Business(b)) => longest(a) <= b,
            // A day's span may begin with the last second of a day, and ends with the last one of another.
            (Length::Seconds(a), Length::Days(b) | Length::Business(b)) => a + SLACK < b * DAY,
            (Length::Seconds(a), Length::Months(b)) => a + SLACK < shortest(b) * DAY,
            (Length::Days(a), Length::Seconds(b)) => (a + 1) * DAY + SLACK <= b,
            (Length::Months(a), Length::Seconds(b)) => (longest(a) + 1) * DAY + SLACK <= b,
            (Length::Business(_), _) => false,
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(unit, _)| *unit == self.unit);
        write!(f, "{}{}", self.amount, unit.map_or("", |(_, name)| name))
    }
}

/// By when something must be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deadline {
    /// So long after the clock starts.
    Within(Span),
    /// With the next upgrade or release, without a date.
    NextUpgrade,
}

impl Deadline {
    /// Reads a time span, `next_upgrade` or `next_release`.
    pub fn parse(text: &str) -> Result<Self, ClockError> {
        if matches!(text, "next_upgrade" | "next_release") {
            return Ok(Self::NextUpgrade);
        }
        Span::parse(text)
            .map(Self::Within)
            .map_err(|error| match error.hint.as_deref() {
                Some(HINT) => error.hint(format!("{HINT}; or next_upgrade, for no date")),
                _ => error,
            })
    }

    /// As [`Span::at_most`]; no date is later than any.
    pub fn at_most(self, other: Self) -> Option<bool> {
        match (self, other) {
            (Self::Within(one), Self::Within(other)) => one.at_most(other),
            (_, Self::NextUpgrade) => Some(true),
            (Self::NextUpgrade, Self::Within(_)) => Some(false),
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within(span) => span.fmt(f),
            Self::NextUpgrade => f.write_str("next_upgrade"),
        }
    }
}
