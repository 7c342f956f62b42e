//! Words that every report shares, and text made safe and short.

use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Finding, Kind};
use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_model::report::{DatabaseInfo, PolicyName};
use stanchion_model::text::is_hostile;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::ruling::{BREACHES, breach};

/// Text from a scanned file or an advisory, without anything that a terminal would obey or that would turn the
/// direction of reading: control characters, escapes, bidirectional overrides and characters that nobody sees become
/// `\u{fffd}`.
pub(crate) fn safe(text: &str) -> String {
    if text.contains(is_hostile) {
        text.replace(is_hostile, "\u{fffd}")
    } else {
        text.to_owned()
    }
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Cut at the end to so many columns, with an ellipsis.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    let mut out = out.trim_end().to_owned();
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Cut at the front: of a path or a module the end tells most.
pub(crate) fn cut_front(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns {
            break;
        }
        used += wide;
        kept.push(c);
    }
    let tail: String = kept.into_iter().rev().collect();
    if columns == 0 {
        String::new()
    } else {
        format!("…{tail}")
    }
}

/// Padded on the right.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(
        ' ',
        columns.saturating_sub(text.width()),
    ));
    out
}

/// `1,284`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number as u64),
        if number == 1 { one } else { many }
    )
}

/// `20 Nov 2026` of an RFC 3339 time or a date; the text itself where it is neither.
pub(crate) fn day(time: &str) -> String {
    parts(time).map_or_else(
        || time.to_owned(),
        |(year, month, day)| format!("{day} {} {year}", MONTHS[month]),
    )
}

/// `20 Nov 2026, 22:59 UTC` of an RFC 3339 time in UTC; the day alone of anything else. Safe to show.
pub(crate) fn moment(time: &str) -> String {
    let clock = time
        .get(11..16)
        .filter(|_| time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T'));
    match clock {
        Some(clock) => safe(&format!("{}, {clock} UTC", day(time))),
        None => safe(&day(time)),
    }
}

/// A day that is to come: `12 Dec`, without the year where it cannot be mistaken for another. Safe to show.
pub(crate) fn near(time: &str, now: &str) -> String {
    let close = parts(time).zip(parts(now)).filter(|(then, now)| {
        let year = |parts: &(&str, usize, &str)| parts.0.parse::<u32>().ok();
        match (year(then), year(now)) {
            (Some(then_year), Some(now_year)) => {
                then_year == now_year || (then_year == now_year + 1 && then.1 < now.1)
            }
            _ => false,
        }
    });
    close.map_or_else(
        || safe(&day(time)),
        |((_, month, day), _)| safe(&format!("{day} {}", MONTHS[month])),
    )
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Year, number of the month from 0, and day.
fn parts(time: &str) -> Option<(&str, usize, &str)> {
    let mut parts = time.get(..10)?.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = month.parse::<usize>().ok()?.checked_sub(1)?;
    (month < MONTHS.len()).then_some((year, month, day.trim_start_matches('0')))
}

/// A share of one: `97 %`, `4.2 %`, `below 0.1 %`.
pub(crate) fn percent(share: f64) -> String {
    match share * 100.0 {
        value if value >= 10.0 => format!("{value:.0} %"),
        value if value >= 0.1 => format!("{value:.1} %"),
        _ => "below 0.1 %".into(),
    }
}

/// What is worst about a finding, in a word or two: why it stands where it does.
pub(crate) fn tag(finding: &Finding) -> String {
    if finding.kind == Kind::Malicious {
        return "malicious".into();
    }
    if finding.kev.is_some() {
        return "exploited".into();
    }
    if let Some(epss) = finding.epss.filter(|epss| epss.probability >= 0.01) {
        return format!("EPSS {:.0} %", epss.probability * 100.0);
    }
    match finding.kind {
        Kind::Vulnerability => finding
            .severity
            .map_or_else(String::new, |severity| severity.as_str().to_owned()),
        kind => word(kind).to_owned(),
    }
}

/// A kind as people read it.
pub(crate) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Vulnerability => "vulnerability",
        Kind::Malicious => "malicious",
        Kind::Unmaintained => "unmaintained",
        Kind::Unsound => "unsound",
        Kind::Yanked => "withdrawn by its author",
        Kind::EndOfLife => "no longer supported",
        Kind::Licence => "licence",
        Kind::Check => "check",
        Kind::External => "from another tool",
    }
}

/// What a kind of problem is called.
pub(crate) const fn problem(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "Not read",
        ProblemKind::Unresolved => "Not resolved",
        ProblemKind::Unmatched => "Not matched",
        ProblemKind::Odd => "Odd",
    }
}

/// Where a problem is: `api/pom.xml:14`.
pub(crate) fn problem_place(problem: &Problem) -> String {
    match problem.line {
        Some(line) => format!("{}:{line}", safe(&problem.path)),
        None => safe(&problem.path),
    }
}

/// The problems that change the answer.
pub(crate) fn telling(problems: &[Problem]) -> Vec<&Problem> {
    problems
        .iter()
        .filter(|problem| problem.kind != ProblemKind::Odd)
        .collect()
}

/// A finding's project by its folder; the target itself has none.
pub(crate) fn project(finding: &Finding) -> String {
    match finding.project.as_str() {
        "" => finding
            .paths
            .first()
            .filter(|path| path.len() > 1)
            .map_or_else(|| "the target".into(), |path| safe(&path[0])),
        root => safe(root),
    }
}

/// Where an id of the usual form is published.
pub(crate) fn address(id: &str) -> Option<String> {
    let tidy = id.len() < 100
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '_'));
    if !tidy || !id.contains('-') {
        return None;
    }
    Some(if id.starts_with("CVE-") {
        format!("https://nvd.nist.gov/vuln/detail/{id}")
    } else if id.starts_with("GHSA-") {
        format!("https://github.com/advisories/{id}")
    } else {
        format!("https://osv.dev/vulnerability/{id}")
    })
}

/// Which policy judged, and which version of it.
pub(crate) fn policy(policy: &PolicyName) -> String {
    let version = policy
        .version
        .as_ref()
        .map_or_else(String::new, |version| format!(" {}", safe(version)));
    match (policy.name.as_str(), &policy.digest) {
        ("" | "default", None) => "the default policy".into(),
        (name, _) => format!("the policy {}{version}", safe(name)),
    }
}

/// How old the advisories are: `advisories of 24 Nov 2026 (89,833)`.
pub(crate) fn age(database: &DatabaseInfo) -> String {
    let number = thousands(database.advisories);
    match (database.kind.as_str(), database.updated.as_deref()) {
        ("none", _) => "no advisory database".into(),
        ("starter", _) => format!("starter set of advisories ({number})"),
        (_, Some(updated)) => format!("advisories of {} ({number})", day(updated)),
        (_, None) => format!("advisories of an unknown day ({number})"),
    }
}

/// `1 exploited, 5 critical, 18 high`: only what there is.
pub(crate) fn tally(findings: &[&Finding]) -> String {
    let mut parts = Vec::new();
    let mut part = |number: usize, word: &str| {
        if number > 0 {
            parts.push(format!("{} {word}", thousands(number as u64)));
        }
    };
    part(
        findings
            .iter()
            .filter(|finding| finding.kind == Kind::Malicious)
            .count(),
        "malicious",
    );
    part(
        findings
            .iter()
            .filter(|finding| finding.kev.is_some())
            .count(),
        "exploited",
    );
    for severity in [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ] {
        part(
            findings
                .iter()
                .filter(|finding| {
                    finding.severity == Some(severity) && finding.kind != Kind::Malicious
                })
                .count(),
            severity.as_str(),
        );
    }
    for kind in [
        Kind::Unsound,
        Kind::Unmaintained,
        Kind::EndOfLife,
        Kind::Yanked,
    ] {
        part(
            findings
                .iter()
                .filter(|finding| finding.kind == kind)
                .count(),
            word(kind),
        );
    }
    for what in BREACHES {
        part(
            findings
                .iter()
                .filter(|finding| breach(finding) == Some(what))
                .count(),
            what,
        );
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_made_harmless() {
        assert_eq!(
            safe("a\u{1b}[31mb\u{202e}c\n"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}"
        );
        assert_eq!(safe("größe 日本"), "größe 日本");
    }

    #[test]
    fn cuts_count_columns() {
        assert_eq!(cut("spring-boot", 8), "spring-…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_front("golang.org/x/net", 8), "…g/x/net");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn numbers_and_days() {
        assert_eq!(thousands(1_284_567), "1,284,567");
        assert_eq!(day("2026-11-02T10:00:00Z"), "2 Nov 2026");
        assert_eq!(day("soon"), "soon");
        let now = "2026-11-24T08:00:00Z";
        assert_eq!(moment("2026-12-12T22:59:59Z"), "12 Dec 2026, 22:59 UTC");
        assert_eq!(moment("2026-12-12"), "12 Dec 2026");
        for (time, want) in [
            ("2026-12-12T22:59:59Z", "12 Dec"),
            ("2027-01-31", "31 Jan"),
            ("2027-11-01", "1 Nov 2027"),
            ("2028-01-01", "1 Jan 2028"),
            ("2025-12-01", "1 Dec 2025"),
            ("never\u{1b}", "never\u{fffd}"),
        ] {
            assert_eq!(near(time, now), want);
        }
        assert_eq!(count(1, "file", "files"), "1 file");
    }
}
