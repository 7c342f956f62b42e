//! Numbers, shares and days as charts say them.

use jiff::civil::Date;
use stanchion_model::text::is_hostile;

use crate::plain::{cut, safe, thousands};

/// The largest number that is drawn; what is above counts as this, so that sums stay finite.
const MOST: f64 = 1e15;

/// Columns of a label in a title or a picture before it is cut.
pub(super) const LABEL: usize = 40;

/// A number that can be drawn: finite and not below zero.
pub(super) fn known(value: f64) -> Option<f64> {
    (value.is_finite() && value >= 0.0).then(|| value.min(MOST))
}

/// A count as a length.
pub(super) fn size(count: u64) -> f64 {
    (count as f64).min(MOST)
}

/// Short, for a picture: `40`, `2.5`, `1.2 k`, `3.4 M`.
pub(super) fn compact(value: f64) -> String {
    if value < 0.0 {
        return format!("−{}", compact(-value));
    }
    let mut value = value.min(MOST);
    let mut unit = "";
    for next in [" k", " M", " G", " T"] {
        // What would be rounded up to a thousand is one of the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let places = match value {
        value if value >= 9.95 || is_whole(value) => 0,
        value if value >= 0.95 => 1,
        _ => 2,
    };
    format!("{}{unit}", trimmed(value, places))
}

/// In full, for a table: `1,284`, `86.5`.
pub(super) fn exact(value: f64) -> String {
    if value < 0.0 {
        return format!("−{}", exact(-value));
    }
    let text = trimmed(value.min(MOST), 2);
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole = thousands(whole.parse().unwrap_or(0));
    if rest.is_empty() {
        whole
    } else {
        format!("{whole}.{rest}")
    }
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 0.005
}

/// So many decimals at most, without a needless zero at the end.
fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share of the whole in words where it is near a plain one: `a third`, `27 %`, `nearly all`.
pub(super) fn share(share: f64) -> String {
    const PLAIN: [(f64, &str); 5] = [
        (0.25, "a quarter"),
        (1.0 / 3.0, "a third"),
        (0.5, "half"),
        (2.0 / 3.0, "two thirds"),
        (0.75, "three quarters"),
    ];
    if let Some((_, word)) = PLAIN.iter().find(|(at, _)| (share - at).abs() <= 0.01) {
        return (*word).to_owned();
    }
    match share {
        share if share >= 1.0 => "all".into(),
        share if share >= 0.97 => "nearly all".into(),
        share if share >= 0.01 => format!("{:.0} %", share * 100.0),
        _ => "less than 1 %".into(),
    }
}

/// How far something went, for `fell ...` and `rose ...`. The change is a share of the value at the start.
pub(super) fn change(change: f64) -> String {
    match change {
        change if (change - 0.5).abs() <= 0.01 => "by half".into(),
        change if change < 0.97 => format!("by {}", share(change)),
        change if change < 2.95 => format!("to {} times what it was", trimmed(change + 1.0, 1)),
        change => format!("to {} times what it was", compact((change + 1.0).round())),
    }
}

/// What is counted, for sentences: `open risk` is, `open findings` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// In lower case, as in the middle of a sentence.
    pub name: &'a str,
    /// Whether verbs stand in the plural.
    pub plural: bool,
}

impl Subject<'_> {
    /// The sum of the scores of what is open.
    pub const OPEN_RISK: Self = Self {
        name: "open risk",
        plural: false,
    };
    /// How many findings are open.
    pub const OPEN_FINDINGS: Self = Self {
        name: "open findings",
        plural: true,
    };

    /// `is` or `are`.
    pub(super) fn is(self) -> &'static str {
        if self.plural { "are" } else { "is" }
    }

    /// `was` or `were`.
    pub(super) fn was(self) -> &'static str {
        if self.plural { "were" } else { "was" }
    }

    /// `it` or `they`.
    pub(super) fn it(self) -> &'static str {
        if self.plural { "they" } else { "it" }
    }

    /// At the start of a sentence.
    pub(super) fn capital(self) -> String {
        capital(&safe(self.name))
    }
}

/// The first letter made a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// How something went from the first day to the last, as a sentence without a full stop.
///
/// `days` is how many days lie between, and `since` says the first day.
pub(super) fn course(
    subject: Subject<'_>,
    first: f64,
    last: f64,
    days: usize,
    since: &str,
) -> String {
    let name = subject.capital();
    let (is, was, it) = (subject.is(), subject.was(), subject.it());
    if days == 0 {
        return format!("{name} {is} {} on the first day on record", compact(last));
    }
    if first == 0.0 && last == 0.0 {
        return format!(
            "{name} {is} at zero, as {} ago",
            number(days, "day", "days")
        );
    }
    if first == 0.0 {
        return format!("{name} rose from zero to {} since {since}", compact(last));
    }
    if last == 0.0 {
        return format!("{name} fell from {} to zero since {since}", compact(first));
    }
    let moved = (last - first) / first;
    if moved.abs() < 0.005 {
        format!(
            "{name} {is} as {it} {was} {} ago",
            number(days, "day", "days")
        )
    } else if moved < -0.97 {
        format!(
            "{name} fell from {} to {} since {since}",
            compact(first),
            compact(last)
        )
    } else if moved < 0.0 {
        format!("{name} fell {} since {since}", change(-moved))
    } else if (moved - 1.0).abs() <= 0.03 {
        format!("{name} doubled since {since}")
    } else if (moved - 2.0).abs() <= 0.05 {
        format!("{name} tripled since {since}")
    } else if subject.plural && moved >= 0.97 {
        // "Times what it was" has a singular in it.
        format!(
            "{name} rose from {} to {} since {since}",
            compact(first),
            compact(last)
        )
    } else {
        format!("{name} rose {} since {since}", change(moved))
    }
}

/// `1 day`, `90 days`.
pub(super) fn number(number: usize, one: &str, many: &str) -> String {
    crate::plain::count(number, one, many)
}

/// A label of somebody else for a picture or a title: harmless, in one line, cut with an ellipsis. What is written from
/// right to left stays apart from the words around it.
pub(super) fn label(text: &str, columns: usize) -> String {
    isolated(&cut(&shown(text), columns))
}

/// A label of somebody else in full.
pub(super) fn whole(text: &str) -> String {
    isolated(&shown(text))
}

/// Without anything that hides or turns, and never empty.
fn shown(text: &str) -> String {
    let text = safe(text.trim());
    if text.is_empty() {
        "(no name)".into()
    } else {
        text
    }
}

/// Between U+2068 and U+2069 where a letter may be of a script that runs from right to left.
fn isolated(text: &str) -> String {
    let turns = text
        .chars()
        .any(|c| matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x10800..=0x10fff | 0x1e800..=0x1efff));
    if turns && !text.contains(is_hostile) {
        format!("\u{2068}{text}\u{2069}")
    } else {
        text.to_owned()
    }
}

/// Names in a row: `A`, `A and B`, `A, B and C`.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `August`.
pub(super) fn month(day: Date) -> &'static str {
    let at = usize::try_from(day.month()).unwrap_or(1).saturating_sub(1);
    MONTHS.get(at).copied().unwrap_or("")
}

/// `Aug`.
pub(super) fn short_month(day: Date) -> &'static str {
    month(day).get(..3).unwrap_or("")
}

/// `3 Nov`.
pub(super) fn short_day(day: Date) -> String {
    format!("{} {}", day.day(), short_month(day))
}

/// `3 Nov 2026`.
pub(super) fn full_day(day: Date) -> String {
    format!("{} {}", short_day(day), day.year())
}

/// When a change began, seen from the last day: the month where that is exact enough, else the day; with its year where it
/// could be taken for another.
pub(super) fn since(first: Date, last: Date) -> String {
    let days = between(first, last);
    let start = if days >= 45 {
        month(first).to_owned()
    } else {
        format!("{} {}", first.day(), month(first))
    };
    if first.year() == last.year() || days < 300 {
        start
    } else {
        format!("{start} {}", first.year())
    }
}

/// Whole days from one to the other; below zero where the second is earlier.
pub(super) fn between(first: Date, last: Date) -> i64 {
    first.duration_until(last).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn numbers_are_short_in_pictures_and_whole_in_tables() {
        for (value, short, long) in [
            (0.0, "0", "0"),
            (0.25, "0.25", "0.25"),
            (2.5, "2.5", "2.5"),
            (86.54, "87", "86.54"),
            (999.4, "999", "999.4"),
            (999.6, "1 k", "999.6"),
            (1_234.0, "1.2 k", "1,234"),
            (12_345.0, "12 k", "12,345"),
            (3_400_000.0, "3.4 M", "3,400,000"),
            (f64::MAX, "1000 T", "1,000,000,000,000,000"),
            (-5.0, "−5", "−5"),
        ] {
            assert_eq!(compact(value), short);
            assert_eq!(exact(value), long);
        }
        assert_eq!(known(f64::NAN), None);
        assert_eq!(known(f64::NEG_INFINITY), None);
        assert_eq!(known(-1.0), None);
    }

    #[test]
    fn shares_are_plain_where_they_are_near_one() {
        for (part, want) in [
            (0.33, "a third"),
            (0.30, "30 %"),
            (0.5, "half"),
            (0.66, "two thirds"),
            (0.98, "nearly all"),
            (1.0, "all"),
            (0.001, "less than 1 %"),
        ] {
            assert_eq!(share(part), want);
        }
    }

    #[test]
    fn a_course_is_a_sentence() {
        let risk = |first, last| course(Subject::OPEN_RISK, first, last, 90, "August");
        assert_eq!(risk(60.0, 40.0), "Open risk fell by a third since August");
        assert_eq!(risk(50.0, 56.0), "Open risk rose by 12 % since August");
        assert_eq!(risk(50.0, 50.1), "Open risk is as it was 90 days ago");
        assert_eq!(risk(50.0, 101.0), "Open risk doubled since August");
        assert_eq!(risk(50.0, 150.0), "Open risk tripled since August");
        assert_eq!(
            risk(50.0, 120.0),
            "Open risk rose to 2.4 times what it was since August"
        );
        assert_eq!(
            risk(1.0, 1_200_000.0),
            "Open risk rose to 1.2 M times what it was since August"
        );
        assert_eq!(risk(80.0, 40.0), "Open risk fell by half since August");
        assert_eq!(
            risk(1000.0, 3.0),
            "Open risk fell from 1 k to 3 since August"
        );
        assert_eq!(
            risk(0.0, 40.0),
            "Open risk rose from zero to 40 since August"
        );
        assert_eq!(
            risk(40.0, 0.0),
            "Open risk fell from 40 to zero since August"
        );
        assert_eq!(risk(0.0, 0.0), "Open risk is at zero, as 90 days ago");
        let many =
            |first, last, days| course(Subject::OPEN_FINDINGS, first, last, days, "3 November");
        assert_eq!(
            many(50.0, 50.0, 1),
            "Open findings are as they were 1 day ago"
        );
        assert_eq!(
            many(50.0, 120.0, 9),
            "Open findings rose from 50 to 120 since 3 November"
        );
        assert_eq!(
            many(7.0, 7.0, 0),
            "Open findings are 7 on the first day on record"
        );
    }

    #[test]
    fn the_start_of_a_course_cannot_be_taken_for_another() {
        let last = date(2026, 11, 24);
        for (first, want) in [
            (date(2026, 8, 26), "August"),
            (date(2026, 11, 3), "3 November"),
            (date(2025, 12, 26), "December 2025"),
            (date(2025, 5, 1), "May 2025"),
        ] {
            assert_eq!(since(first, last), want);
        }
    }

    #[test]
    fn labels_are_harmless_and_short() {
        assert_eq!(label("  ", 10), "(no name)");
        assert_eq!(label(&"x".repeat(10_000), 10), "xxxxxxxxx…");
        assert_eq!(label("متجر", 10), "\u{2068}متجر\u{2069}");
        assert_eq!(label("a\u{202e}b", 10), "a\u{fffd}b");
        assert_eq!(list(&["A".into(), "B".into(), "C".into()]), "A, B and C");
    }
}
