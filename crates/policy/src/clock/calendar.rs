//! When a time span ends: zones, weekends and holidays.

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::error::{ClockError, shown};
use super::span::{Span, Unit};
use crate::condition::nearest;

/// Most holidays of a calendar.
const MOST_HOLIDAYS: usize = 10_000;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// When a clock starts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Start {
    /// At an instant.
    Moment(Timestamp),
    /// On a day, of which no more is known: with its first instant in the calendar's zone.
    Day(Date),
}

/// Where a clock runs, and on which days nobody works.
///
/// - A span of minutes or hours ends so much later, to the second.
/// - A span of days, weeks, months or years ends with the last second of its last day in the zone. A month ends on the
///   day of the same number, or on the last day of a shorter month.
/// - A span of business days ends with the last second of the last of so many business days after the day of the
///   start, which itself does not count, whether anybody works on it or not.
///
/// A day runs from its first instant in the zone to the first instant of the next. That holds where midnight does not
/// exist, where it comes twice, and where a day has 23 or 25 hours; a day that a zone has left out ends with the next
/// one.
#[derive(Clone, PartialEq, Debug)]
pub struct Calendar {
    zone: TimeZone,
    weekend: [bool; 7],
    /// Sorted.
    holidays: Vec<Date>,
}

impl Default for Calendar {
    /// UTC, Saturday and Sunday, no holidays.
    fn default() -> Self {
        let mut calendar = Self {
            zone: TimeZone::UTC,
            weekend: [false; 7],
            holidays: Vec::new(),
        };
        for day in [Weekday::Saturday, Weekday::Sunday] {
            calendar.weekend[place(day)] = true;
        }
        calendar
    }
}

/// Monday is the first.
const fn place(day: Weekday) -> usize {
    day.to_monday_zero_offset().unsigned_abs() as usize
}

impl Calendar {
    /// Makes one of an [IANA zone](https://www.iana.org/time-zones) such as `Europe/Berlin`, the days of the weekend
    /// (`sat`, `sun`) and holidays (`2026-12-25`).
    pub fn new<S: AsRef<str>>(
        zone: &str,
        weekend: &[S],
        holidays: &[S],
    ) -> Result<Self, ClockError> {
        let mut calendar = Self {
            zone: named(zone)?,
            weekend: [false; 7],
            holidays: Vec::new(),
        };
        for day in weekend {
            let day = day.as_ref();
            let Some((_, day)) = WEEKDAYS.iter().find(|(name, _)| *name == day) else {
                let error = ClockError::new(format!("`{}` is no day of the week", shown(day)));
                return Err(error.hint("write mon, tue, wed, thu, fri, sat or sun"));
            };
            calendar.weekend[place(*day)] = true;
        }
        if calendar.weekend == [true; 7] {
            return Err(ClockError::new(
                "all seven days are weekend: no business day would ever come",
            ));
        }
        if holidays.len() > MOST_HOLIDAYS {
            return Err(ClockError::new(format!(
                "there are more than {MOST_HOLIDAYS} holidays"
            )));
        }
        for day in holidays {
            let day = day.as_ref();
            let date = day
                .parse::<Date>()
                .ok()
                .filter(|date| date.to_string() == day);
            let no_date = || {
                ClockError::new(format!("`{}` is no day", shown(day)))
                    .hint("write year, month and day: 2026-12-25")
            };
            calendar.holidays.push(date.ok_or_else(no_date)?);
        }
        calendar.holidays.sort_unstable();
        calendar.holidays.dedup();
        Ok(calendar)
    }

    /// The zone's name.
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The names of the days of the weekend, and how many holidays there are.
    pub(super) fn free_days(&self) -> (Vec<&'static str>, usize) {
        let names = [
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ];
        let free = names
            .into_iter()
            .zip(self.weekend)
            .filter_map(|(name, free)| free.then_some(name));
        (free.collect(), self.holidays.len())
    }

    /// The instant at which a clock starts.
    pub fn instant(&self, start: Start) -> Result<Timestamp, ClockError> {
        match start {
            Start::Moment(moment) => Ok(moment),
            Start::Day(day) => self.first_instant(day),
        }
    }

    /// Reads a day, of which the first or the last moment is meant, or an exact time.
    pub fn moment(&self, text: &str, end: bool) -> Option<Timestamp> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Some(time);
        }
        let day: Date = text.parse().ok()?;
        if text.len() > 10 {
            return None;
        }
        if end {
            self.last_second(day)
        } else {
            self.first_instant(day)
        }
        .ok()
    }

    /// When a span that starts then ends; never before the start.
    pub fn due(&self, start: Start, span: Span) -> Result<Timestamp, ClockError> {
        let start = self.instant(start)?;
        let amount = i64::from(span.amount());
        let seconds = match span.unit() {
            Unit::Minutes => amount * 60,
            Unit::Hours => amount * 60 * 60,
            _ => return self.last_second(self.last_day(self.day(start), span)?),
        };
        let whole = Timestamp::from_second(start.as_second()).map_err(|_| beyond())?;
        whole
            .checked_add(SignedDuration::from_secs(seconds))
            .map_err(|_| beyond())
    }

    /// Days of the calendar from one moment to another; negative where the other lies before it.
    pub fn days_between(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.day(to).duration_since(self.day(from)).as_hours() / 24
    }

    /// How many days it is past the time when something was due: 0 until then, and 1 or more from the next second on.
    pub fn days_late(&self, due: Timestamp, now: Timestamp) -> i64 {
        if now <= due {
            return 0;
        }
        self.days_between(due, now).max(1)
    }

    fn last_day(&self, from: Date, span: Span) -> Result<Date, ClockError> {
        let amount = i64::from(span.amount());
        let calendar = match span.unit() {
            Unit::BusinessDays => return self.business_day(from, span.amount()),
            Unit::Weeks => jiff::Span::new().try_weeks(amount),
            Unit::Months => jiff::Span::new().try_months(amount),
            Unit::Years => jiff::Span::new().try_years(amount),
            Unit::Minutes | Unit::Hours | Unit::Days => jiff::Span::new().try_days(amount),
        };
        calendar
            .and_then(|calendar| from.checked_add(calendar))
            .map_err(|_| beyond())
    }

    fn business_day(&self, from: Date, amount: u32) -> Result<Date, ClockError> {
        let (mut day, mut left) = (from, amount);
        while left > 0 {
            day = day.tomorrow().map_err(|_| beyond())?;
            let free =
                self.weekend[place(day.weekday())] || self.holidays.binary_search(&day).is_ok();
            left -= u32::from(!free);
        }
        Ok(day)
    }

    /// The day that a moment belongs to.
    pub fn day(&self, moment: Timestamp) -> Date {
        let mut day = self.zone.to_datetime(moment).date();
        // Clocks that go back over midnight show the day before once more: it stays the new day.
        while let Ok(next) = day.tomorrow()
            && self.first_instant(next).is_ok_and(|first| first <= moment)
        {
            day = next;
        }
        day
    }

    fn first_instant(&self, day: Date) -> Result<Timestamp, ClockError> {
        let midnight = self.zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0));
        let is_gap = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
        let first = midnight.earlier().map_err(|_| beyond())?;
        if !is_gap {
            return Ok(first);
        }
        // Clocks were put forward over midnight: the day begins as they are.
        let moved = self.zone.following(first).next();
        moved.map(|moved| moved.timestamp()).ok_or_else(beyond)
    }

    /// The last second of a day.
    pub fn last_second(&self, day: Date) -> Result<Timestamp, ClockError> {
        let mut day = day;
        let mut first = self.first_instant(day)?;
        loop {
            day = day.tomorrow().map_err(|_| beyond())?;
            let next = self.first_instant(day)?;
            if next > first {
                return next
                    .checked_sub(SignedDuration::from_secs(1))
                    .map_err(|_| beyond());
            }
            first = next;
        }
    }
}

#[cold]
fn beyond() -> ClockError {
    ClockError::new("the time lies beyond the year 9999")
}

/// A zone of the data that is compiled in, never of the machine's.
fn named(name: &str) -> Result<TimeZone, ClockError> {
    let zones = TimeZoneDatabase::bundled();
    zones.get(name).map_err(|_| {
        let error = ClockError::new(format!("there is no time zone `{}`", shown(name)));
        let known: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
        let city = |zone: &&String| {
            zone.rsplit('/')
                .next()
                .is_some_and(|city| city.eq_ignore_ascii_case(name))
        };
        let by_city = known.iter().find(city).map(String::as_str);
        match by_city.or_else(|| nearest(name, known.iter().map(String::as_str))) {
            Some(zone) => error.hint(format!("did you mean {zone}?")),
            None => error.hint("write an IANA name, such as Europe/Berlin or UTC"),
        }
    })
}
