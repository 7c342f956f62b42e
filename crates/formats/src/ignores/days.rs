//! Days and times as exceptions have them (`YYYY-MM-DD`, [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339)), and as
//! the tools mean them: a day in an exception is the last one on which it holds, a day in their files the first on
//! which it no longer does.

use std::fmt;

/// The first year; Go holds the first moment of year 1 to be no time at all, which tools take for "never".
const FIRST: u16 = 1970;

/// A day of the years 1970 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        if (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        Self::of(number(year)?, number(month)?, number(day)?)
    }

    /// Reads a day whose month and day may have one digit, as Go's `2006-1-2` does.
    pub(super) fn parse_short(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let sizes = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
        sizes
            .then(|| Self::of(number(year)?, number(month)?, number(day)?))
            .flatten()
    }

    fn of(year: u16, month: u16, day: u16) -> Option<Self> {
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let there = (FIRST..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day);
        there.then_some(Self { year, month, day })
    }

    /// The day after; `None` after the last of year 9999.
    pub(super) fn next(self) -> Option<Self> {
        if self.day < days_in(self.year, self.month) {
            return Some(Self {
                day: self.day + 1,
                ..self
            });
        }
        let (year, month) = match self.month {
            12 => (self.year + 1, 1),
            month => (self.year, month + 1),
        };
        (year <= 9999).then_some(Self {
            year,
            month,
            day: 1,
        })
    }

    /// The day before; `None` before the first of 1970.
    pub(super) fn previous(self) -> Option<Self> {
        if self.day > 1 {
            return Some(Self {
                day: self.day - 1,
                ..self
            });
        }
        let (year, month) = match self.month {
            1 => (self.year - 1, 12),
            month => (self.year, month - 1),
        };
        (year >= FIRST).then(|| Self {
            year,
            month,
            day: days_in(year, month),
        })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}",
            self.year, self.month, self.day
        )
    }
}

const fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Digits only: no sign, no space.
fn number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A time of day as its parts stand in a text: `12:30:00`, `.5`, `+02:00`.
struct Clock<'a> {
    time: &'a str,
    fraction: &'a str,
    offset: Option<&'a str>,
}

impl<'a> Clock<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let time = text.get(..8)?;
        let rest = text.get(8..)?;
        let at = rest
            .find(|c: char| c != '.' && !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (fraction, offset) = rest.split_at(at);
        let offset = match offset {
            "" => None,
            "Z" | "z" => Some("Z"),
            _ => {
                let hours = offset.strip_prefix(['+', '-'])?;
                clock(hours, 2).then_some(())?;
                Some(offset)
            }
        };
        let digits = fraction.is_empty()
            || fraction.strip_prefix('.').is_some_and(|it| {
                (1..=9).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_digit())
            });
        (clock(time, 3) && digits).then_some(Self {
            time,
            fraction,
            offset,
        })
    }

    fn is_midnight(&self) -> bool {
        self.time == "00:00:00"
            && self
                .fraction
                .bytes()
                .all(|byte| matches!(byte, b'.' | b'0'))
    }
}

/// Whether a text is `hh:mm` or `hh:mm:ss`. No leap second: neither Go nor TOML readers agree on it.
fn clock(text: &str, parts: usize) -> bool {
    let mut most = [23, 59, 59].into_iter();
    text.len() == parts * 3 - 1
        && text.split(':').count() == parts
        && text.split(':').all(|part| {
            let most = most.next();
            part.len() == 2
                && number(part).is_some_and(|value| most.is_some_and(|most| value <= most))
        })
}

/// When an exception ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// With the end of a day, in UTC.
    Day(Day),
    /// At a time, RFC 3339 with an offset.
    Time(String),
}

impl End {
    /// Reads what an exception says: `YYYY-MM-DD`, or RFC 3339.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(day) = Day::parse(text) {
            return Some(Self::Day(day));
        }
        let (date, time) = text.split_once(['T', 't'])?;
        Self::at(Day::parse(date)?, &Clock::parse(time)?)
    }

    fn at(day: Day, clock: &Clock<'_>) -> Option<Self> {
        let offset = clock.offset?;
        Some(Self::Time(format!(
            "{day}T{}{}{offset}",
            clock.time, clock.fraction
        )))
    }

    /// A day on which a tool no longer lets something pass: the exception ends with the day before.
    pub(super) fn before(first: Day) -> Option<Self> {
        first.previous().map(Self::Day)
    }

    /// The same moment, as a day where it is one: midnight in UTC is the end of the day before.
    pub(super) fn into_day(self) -> Self {
        let Self::Time(text) = &self else { return self };
        let day = text
            .split_once('T')
            .and_then(|(date, time)| {
                let clock = Clock::parse(time)?;
                (clock.is_midnight() && clock.offset == Some("Z")).then(|| Day::parse(date))?
            })
            .and_then(Day::previous);
        match day {
            Some(day) => Self::Day(day),
            None => self,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(formatter),
            Self::Time(text) => formatter.write_str(text),
        }
    }
}

/// The end that a YAML timestamp of Go's `yaml.v3` says: a day, or a time with an offset behind `T`, or one in UTC
/// behind a space.
pub(super) fn from_yaml(text: &str) -> Option<End> {
    if let Some(day) = Day::parse_short(text) {
        return End::before(day);
    }
    if let Some((date, time)) = text.split_once(['T', 't']) {
        return End::at(Day::parse_short(date)?, &Clock::parse(time)?);
    }
    let (date, time) = text.split_once(' ')?;
    let clock = Clock::parse(time)?;
    match clock.offset {
        None => End::at(
            Day::parse_short(date)?,
            &Clock {
                offset: Some("Z"),
                ..clock
            },
        ),
        Some(_) => None,
    }
}

/// The end that a TOML date says, and whether hours of it are lost because a time has no offset.
pub(super) fn from_toml(text: &str) -> Option<(End, bool)> {
    if let Some(day) = Day::parse(text) {
        return Some((End::before(day)?, false));
    }
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (day, clock) = (Day::parse(date)?, Clock::parse(time)?);
    match clock.offset {
        Some(_) => Some((End::at(day, &clock)?.into_day(), false)),
        None => Some((End::before(day)?, !clock.is_midnight())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_one_another() {
        for (day, next) in [
            ("2026-01-31", Some("2026-02-01")),
            ("2026-02-28", Some("2026-03-01")),
            ("2024-02-28", Some("2024-02-29")),
            ("2000-02-28", Some("2000-02-29")),
            ("2100-02-28", Some("2100-03-01")),
            ("2026-12-31", Some("2027-01-01")),
            ("9999-12-31", None),
        ] {
            let found = Day::parse(day).unwrap().next();
            assert_eq!(found.map(|day| day.to_string()).as_deref(), next, "{day}");
            if let Some(found) = found {
                assert_eq!(found.previous(), Day::parse(day));
            }
        }
        assert_eq!(Day::parse("1970-01-01").unwrap().previous(), None);
    }

    #[test]
    fn what_is_no_end_is_refused() {
        for text in [
            "",
            "2026-13-01",
            "2026-02-29",
            "2026-1-1",
            "0000-01-01",
            "0001-01-01T00:00:00Z",
            "10000-01-01",
            "+026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.0123456789Z",
            "2026-01-01T00:00:00+2:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00Z#",
            "2026-01-01é00:00:00Z",
            "tomorrow",
        ] {
            assert_eq!(End::parse(text), None, "{text}");
        }
        for text in ["2026-01-01", "2026-01-01T12:30:00Z"] {
            assert_eq!(End::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            End::parse("2026-01-01t12:30:00.050-05:30")
                .unwrap()
                .to_string(),
            "2026-01-01T12:30:00.050-05:30"
        );
    }

    #[test]
    fn tools_mean_the_first_day_without() {
        for (text, want) in [
            ("2027-01-01", Some("2026-12-31")),
            ("2027-1-1", Some("2026-12-31")),
            ("2027-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z")),
            ("2027-01-01 08:00:00.25", Some("2027-01-01T08:00:00.25Z")),
            ("2027-01-01 08:00:00Z", None),
            ("2027-01-01T08:00:00", None),
            ("0001-01-01", None),
            ("soon", None),
        ] {
            let found = from_yaml(text).map(|end| end.to_string());
            assert_eq!(found.as_deref(), want, "{text}");
        }
        for (text, want) in [
            ("2027-01-01", Some(("2026-12-31", false))),
            ("2027-01-01T00:00:00Z", Some(("2026-12-31", false))),
            (
                "2027-01-01 00:00:00+01:00",
                Some(("2027-01-01T00:00:00+01:00", false)),
            ),
            ("2027-01-01T00:00:00", Some(("2026-12-31", false))),
            ("2027-01-01T08:00:00", Some(("2026-12-31", true))),
            ("08:00:00", None),
        ] {
            let found = from_toml(text).map(|(end, lost)| (end.to_string(), lost));
            let want = want.map(|(end, lost)| (end.to_owned(), lost));
            assert_eq!(found, want, "{text}");
        }
    }
}
