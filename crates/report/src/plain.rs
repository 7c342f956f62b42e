//! Words that every report shares, and text made safe and short.

use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Finding, Kind};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text from a scanned file or an advisory, without anything that a terminal would obey or that would turn the
/// direction of reading: control characters, escapes and bidirectional overrides become `\u{fffd}`.
pub(crate) fn safe(text: &str) -> String {
    let hostile = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.contains(hostile) { text.replace(hostile, "\u{fffd}") } else { text.to_owned() }
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
    if columns == 0 { String::new() } else { format!("…{tail}") }
}

/// Padded on the right.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width())));
    out
}

/// `1,284`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number as u64), if number == 1 { one } else { many })
}

/// `20 Nov 2026` of an RFC 3339 time or a date; the text itself where it is neither.
pub(crate) fn day(time: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts = || -> Option<String> {
        let mut parts = time.get(..10)?.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        Some(format!("{} {month} {year}", day.trim_start_matches('0')))
    };
    parts().unwrap_or_else(|| time.to_owned())
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
        Kind::Vulnerability => finding.severity.map_or_else(String::new, |severity| severity.as_str().to_owned()),
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

/// `1 exploited, 5 critical, 18 high`: only what there is.
pub(crate) fn tally(findings: &[&Finding]) -> String {
    let mut parts = Vec::new();
    let mut part = |number: usize, word: &str| {
        if number > 0 {
            parts.push(format!("{} {word}", thousands(number as u64)));
        }
    };
    part(findings.iter().filter(|finding| finding.kind == Kind::Malicious).count(), "malicious");
    part(findings.iter().filter(|finding| finding.kev.is_some()).count(), "exploited");
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        part(findings.iter().filter(|finding| finding.severity == Some(severity) && finding.kind != Kind::Malicious).count(), severity.as_str());
    }
    for kind in [Kind::Unsound, Kind::Unmaintained, Kind::EndOfLife, Kind::Yanked] {
        part(findings.iter().filter(|finding| finding.kind == kind).count(), word(kind));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_made_harmless() {
        assert_eq!(safe("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
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
        assert_eq!(count(1, "file", "files"), "1 file");
    }
}
