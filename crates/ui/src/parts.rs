//! Parts that pages are made of: severities, dates, numbers, links, lists that go on, empty states.

use maud::{Markup, html};

const DAY: i64 = 86_400;

/// A text for a segment of a path or a value of a query.
pub fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    // `.` and `..` are steps of a path, not names.
    match out.as_str() {
        "." => "%2E".into(),
        ".." => "%2E%2E".into(),
        _ => out,
    }
}

/// An address of this portal; anything else becomes the first page.
pub fn path(address: &str) -> &str {
    let own = address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains(['\\', '\t', '\n', '\r']);
    if own { address } else { "/" }
}

/// The page of a product.
pub fn product_path(name: &str) -> String {
    // Pages of their own have these names; with a letter written otherwise it is the product that is meant.
    match name {
        "new" => "/products/%6Eew".into(),
        "hand-in" => "/products/%68and-in".into(),
        _ => format!("/products/{}", encoded(name)),
    }
}

/// The page of a finding.
pub fn finding_path(id: &str) -> String {
    format!("/findings/{}", encoded(id))
}

/// The list of findings that a query has.
pub fn findings_path(query: &str) -> String {
    if query.is_empty() {
        return "/findings".into();
    }
    format!("/findings?q={}", encoded(query))
}

/// Where something is: the page of the search.
pub fn affected_path(what: &str) -> String {
    format!("/affected?q={}", encoded(what))
}

/// A value in a query: in quotes.
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `field:value` of a query.
pub fn term(field: &str, value: &str) -> String {
    let plain = !value.is_empty()
        && value.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'@')
        });
    if plain {
        format!("{field}:{value}")
    } else {
        format!("{field}:{}", quoted(value))
    }
}

/// A severity: a letter and a word, so that it is never told by colour alone.
pub fn severity(word: Option<&str>) -> Markup {
    let (class, letter, word) = match word {
        Some("critical") => ("sev c", "C", "critical"),
        Some("high") => ("sev h", "H", "high"),
        Some("medium") => ("sev m", "M", "medium"),
        Some("low") => ("sev l", "L", "low"),
        Some("none") => ("sev", "–", "none"),
        _ => ("sev", "?", "not rated"),
    };
    html! { span class=(class) { b aria-hidden="true" { (letter) } (word) } }
}

/// A score of 0 to 100.
pub fn score(score: Option<f64>) -> Markup {
    html! {
        @if let Some(score) = score {
            span.score { (format!("{score:.0}")) }
        } @else {
            span.muted title="this kind is not scored" { "–" }
        }
    }
}

/// A state in words.
pub fn state(word: &str) -> Markup {
    let (class, text) = match word {
        "open" => return html! { "open" },
        "in_triage" => ("tag held", "in triage"),
        "overdue" => ("tag late", "overdue"),
        "excepted" => ("tag held", "excepted"),
        "fixed" => ("tag good", "fixed"),
        "not_affected" => ("tag good", "not affected"),
        other => ("tag", other),
    };
    html! { span class=(class) { (text) } }
}

/// Some word of ours as people read it.
pub fn plain(word: &str) -> String {
    word.replace(['_', '-'], " ")
}

/// Seconds since 1970 as RFC 3339.
fn rfc3339(at: i64) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let rest = at.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// The civil date of a day since 1970 (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Seconds since 1970 as a day: `24 Nov 2026`, in UTC.
pub fn day_text(at: i64) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let month = usize::try_from(month - 1)
        .ok()
        .and_then(|at| MONTHS.get(at))
        .copied()
        .unwrap_or("");
    format!("{day} {month} {year}")
}

fn exact(at: i64) -> String {
    let rest = at.rem_euclid(DAY);
    format!(
        "{}, {:02}:{:02} UTC",
        day_text(at),
        rest / 3600,
        rest / 60 % 60
    )
}

/// A day; the reader's zone and the exact moment come with the pointer.
pub fn day(at: i64) -> Markup {
    html! { time.nowrap datetime=(rfc3339(at)) title=(exact(at)) data-as="day" { (day_text(at)) } }
}

/// A moment: day, hour and minute.
pub fn moment(at: i64) -> Markup {
    html! { time.nowrap datetime=(rfc3339(at)) title=(exact(at)) data-as="moment" { (exact(at)) } }
}

/// A calendar day that is no moment, such as the last day of an exception: it is the same in every zone.
pub fn date(at: i64) -> Markup {
    html! { time.nowrap datetime=(&rfc3339(at)[..10]) { (day_text(at)) } }
}

/// How far away a moment is: `3 days ago`, `in 2 weeks`.
pub fn distance(at: i64, now: i64) -> String {
    let away = (at - now).abs();
    let (number, unit) = match away {
        0..60 => return if at > now { "in a moment" } else { "just now" }.into(),
        60..5_400 => ((away + 30) / 60, "minute"),
        5_400..129_600 => ((away + 1_800) / 3_600, "hour"),
        129_600..1_209_600 => ((away + DAY / 2) / DAY, "day"),
        1_209_600..5_184_000 => ((away + DAY * 7 / 2) / (DAY * 7), "week"),
        5_184_000..63_072_000 => ((away + DAY * 15) / (DAY * 30), "month"),
        _ => ((away + DAY * 182) / (DAY * 365), "year"),
    };
    let plural = if number == 1 { "" } else { "s" };
    if at > now {
        format!("in {number} {unit}{plural}")
    } else {
        format!("{number} {unit}{plural} ago")
    }
}

/// How far away a moment is, with the exact one behind it.
pub fn ago(at: i64, now: i64) -> Markup {
    html! { time.nowrap datetime=(rfc3339(at)) title=(exact(at)) data-as="ago" { (distance(at, now)) } }
}

/// When a finding has to be done by. What is settled is not late, whatever its day says.
pub fn due(state: &str, at: Option<i64>, now: i64) -> Markup {
    match at {
        Some(at) if matches!(state, "excepted" | "fixed" | "not_affected" | "closed") => {
            html! { span.muted { (day(at)) } }
        }
        None => html! { span.muted { "no date" } },
        Some(at) if at < now => {
            html! { time.tag.late datetime=(rfc3339(at)) title=(exact(at)) data-as="due" { (late(now - at)) } }
        }
        Some(at) => ago(at, now),
    }
}

fn late(by: i64) -> String {
    match by / DAY {
        0 => "overdue since today".into(),
        1 => "1 day overdue".into(),
        days => format!("{} days overdue", number(days)),
    }
}

/// A number with its thousands apart: `12,345`.
pub fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        out.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 finding`, `2 findings`.
pub fn counted(value: impl TryInto<i64>, one: &str, many: &str) -> String {
    let value = value.try_into().unwrap_or(i64::MAX);
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

/// A share of one in per cent: `97.5 %`, `0.3 %`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value >= 10.0 {
        format!("{value:.0} %")
    } else if value >= 0.05 || value == 0.0 {
        format!("{value:.1} %")
    } else {
        "< 0.1 %".into()
    }
}

/// How many bytes: `12 kB`.
pub fn bytes(value: i64) -> String {
    match value {
        ..1_000 => format!("{value} B"),
        1_000..1_000_000 => format!("{} kB", value / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value as f64 / 1e6),
        _ => format!("{:.1} GB", value as f64 / 1e9),
    }
}

/// A text cut to so many letters; the whole stands behind it. Its direction of writing stays its own.
pub fn cut(text: &str, most: usize) -> Markup {
    match text.char_indices().nth(most) {
        None => html! { bdi { (text) } },
        Some((at, _)) => {
            html! { bdi title=(text.chars().take(500).collect::<String>()) { (text[..at].trim_end()) "…" } }
        }
    }
}

/// How many there are: counted up to a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// So many.
    pub count: i64,
    /// There are no more.
    pub exact: bool,
}

impl Count {
    /// All of them.
    pub fn exactly(count: i64) -> Self {
        Self { count, exact: true }
    }

    /// `41`, or `1,000+`.
    pub fn text(self) -> String {
        let plus = if self.exact { "" } else { "+" };
        format!("{}{plus}", number(self.count))
    }
}

/// A number that opens what it counts.
pub fn figure(count: Count, what: &str, address: &str, hot: bool) -> Markup {
    html! {
        div.hot[hot && count.count > 0] {
            a.n href=(address) { (count.text()) }
            span.what { (what) }
        }
    }
}

/// The way on in a list. `next` is the address of the next page, `first` that of the first when this is not it.
pub fn pager(shown: usize, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if first.is_some() || next.is_some() {
            nav.pager aria-label="More of the list" {
                @if let Some(first) = first { a href=(first) { "First page" } }
                span { (counted(i64::try_from(shown).unwrap_or(i64::MAX), "row", "rows")) " here" }
                @if let Some(next) = next { a rel="next" href=(next) { "Next page" } }
            }
        }
    }
}

/// What stands where there is nothing: the shortest way to fill it.
pub fn empty(title: &str, body: &Markup) -> Markup {
    html! { section.empty { h2 { (title) } (body) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_people_say_them() {
        assert_eq!(day_text(0), "1 Jan 1970");
        assert_eq!(day_text(1_795_521_600), "24 Nov 2026");
        assert_eq!(day_text(951_782_400), "29 Feb 2000");
        assert_eq!(rfc3339(1_795_521_600 + 3_661), "2026-11-24T13:01:01Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
        for (seconds, text) in [
            (-5, "just now"),
            (5, "in a moment"),
            (-60, "1 minute ago"),
            (7_200, "in 2 hours"),
            (-3 * DAY, "3 days ago"),
            (21 * DAY, "in 3 weeks"),
            (-90 * DAY, "3 months ago"),
            (-800 * DAY, "2 years ago"),
        ] {
            assert_eq!(distance(1_000_000_000 + seconds, 1_000_000_000), text);
        }
        assert!(
            due("open", Some(0), 3 * DAY)
                .into_string()
                .contains("3 days overdue")
        );
        assert!(
            !due("fixed", Some(0), 3 * DAY)
                .into_string()
                .contains("overdue")
        );
        assert!(due("open", None, 0).into_string().contains("no date"));
    }

    #[test]
    fn every_day_has_its_date() {
        for day in -800_000..800_000_i64 {
            let (year, month, of_month) = civil(day);
            assert!(
                (1..=12).contains(&month) && (1..=31).contains(&of_month),
                "{day}"
            );
            if day % 997 == 0 {
                let text = format!("{year:04}-{month:02}-{of_month:02}");
                if (1..=9999).contains(&year) {
                    assert_eq!(&rfc3339(day * DAY)[..10], text);
                }
            }
        }
    }

    #[test]
    fn numbers_and_links() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(-12), "−12");
        assert_eq!(counted(1, "finding", "findings"), "1 finding");
        assert_eq!(percent(0.975), "98 %");
        assert_eq!(percent(0.0003), "< 0.1 %");
        assert_eq!(encoded("a b/ä"), "a%20b%2F%C3%A4");
        assert_eq!(encoded(".."), "%2E%2E");
        assert_eq!(
            term("product", "my \"shop\""),
            "product:\"my \\\"shop\\\"\""
        );
        assert_eq!(term("owner", "team:web"), "owner:team:web");
        for elsewhere in ["//evil", "https://evil", "javascript:x", "/\\evil", ""] {
            assert_eq!(path(elsewhere), "/");
        }
        assert_eq!(
            Count {
                count: 1_000,
                exact: false
            }
            .text(),
            "1,000+"
        );
        assert!(
            cut(&"x".repeat(50), 10)
                .into_string()
                .contains("xxxxxxxxxx…")
        );
    }
}
