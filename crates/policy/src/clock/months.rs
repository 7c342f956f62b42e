//! How many days some months take, at least and at most, whatever the day they start on.
//!
//! The [Gregorian calendar](https://en.wikipedia.org/wiki/Gregorian_calendar) repeats after 400 years, so that all of
//! it can be looked at.

/// Months after which the calendar repeats.
const CYCLE: u32 = 400 * 12;

/// The day on which a month begins, counted from any one day; months from any March of a year divisible by 400.
const fn begins(month: u32) -> u64 {
    let (year, month) = ((month / 12) as u64, (month % 12) as u64);
    // March, May, July, August, October, December and January have 31 days: five months take 153.
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5
}

const fn days(month: u32) -> u64 {
    begins(month + 1) - begins(month)
}

/// Fewest days between a day and the same day, or the last one, so many months later.
pub(super) fn shortest(months: u32) -> u64 {
    // From the last day of a month to the last one of a shorter month.
    let between = |from: u32| {
        begins(from + months) - begins(from) - days(from).saturating_sub(days(from + months))
    };
    (0..CYCLE).map(between).min().unwrap_or(0)
}

/// Most days between a day and the same day, or the last one, so many months later.
pub(super) fn longest(months: u32) -> u64 {
    (0..CYCLE)
        .map(|from| begins(from + months) - begins(from))
        .max()
        .unwrap_or(0)
}
