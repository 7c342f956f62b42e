//! Believable data for the tests of charts.

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::Factor;

use super::{Bar, BySeverity, Counts, Dot, Point, SlaRow, Slice, Standing};

/// Fails where the markup is no XML, has an id twice, or anything that the portal's rules for content forbid.
pub(super) fn xml(markup: &str) {
    let mut reader = Reader::from_str(markup);
    reader.config_mut().check_end_names = true;
    let mut open = 0usize;
    let mut ids = Vec::new();
    loop {
        let event = reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error} in {markup}"));
        let (tag, opens) = match &event {
            Xml::Start(tag) => (tag, true),
            Xml::Empty(tag) => (tag, false),
            Xml::End(_) => {
                open -= 1;
                continue;
            }
            Xml::Text(_) => continue,
            Xml::GeneralRef(entity) => {
                let name: &str = entity;
                assert!(["amp", "lt", "gt", "quot"].contains(&name), "&{name};");
                continue;
            }
            Xml::Eof => break,
            other => panic!("{other:?}"),
        };
        open += usize::from(opens);
        let name = tag.name().as_ref().to_owned();
        assert!(!["script", "style"].contains(&name.as_str()));
        for attribute in tag.attributes() {
            let attribute = attribute.unwrap_or_else(|error| panic!("{error} in {markup}"));
            let key = attribute.key.as_ref().to_owned();
            assert!(key != "style" && !key.starts_with("on"), "{key}");
            let value = attribute.value.to_string();
            match key.as_str() {
                "id" => ids.push(value),
                "href" => assert!(value.starts_with(['/', '?', '#', 'h']), "{value}"),
                "x" | "y" | "width" | "height" | "cx" | "cy" | "r" | "x1" | "x2" | "y1" | "y2"
                | "points" | "dx" => {
                    assert!(
                        !value.is_empty()
                            && value
                                .chars()
                                .all(|c| c.is_ascii_digit() || " ,.-%".contains(c)),
                        "{key}={value}"
                    );
                    if matches!(key.as_str(), "width" | "height" | "r") {
                        assert!(!value.starts_with('-'), "{key}={value}");
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!(open, 0, "an element is open in {markup}");
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(all, ids.len(), "an id stands twice");
}

pub(super) const TODAY: Date = date(2026, 11, 24);

/// A day before today.
pub(super) fn before(days: u32) -> Date {
    TODAY.saturating_sub(SignedDuration::from_hours(24 * i64::from(days)))
}

/// Open risk on each day: it rises to a peak and falls by more than a third.
pub(super) fn points(days: u32) -> Vec<Point> {
    (0..days)
        .map(|ago| {
            let at = f64::from(days - ago) / f64::from(days);
            let wave = (at * 21.0).sin() * 60.0 + (at * 47.0).sin() * 25.0;
            Point {
                day: before(ago),
                value: (1_240.0 - 520.0 * at
                    + wave
                    + if at > 0.3 && at < 0.42 { 420.0 } else { 0.0 })
                .round(),
            }
        })
        .collect()
}

pub(super) fn counts(days: u32) -> Vec<Counts> {
    (0..days)
        .map(|ago| {
            let at = u64::from(days - ago);
            Counts {
                day: before(ago),
                counts: BySeverity {
                    critical: 9 - at * 5 / u64::from(days) + at % 3,
                    high: 42 - at * 16 / u64::from(days) + at % 4,
                    medium: 61 - at * 12 / u64::from(days),
                    low: 14 + at % 2,
                    none: 3,
                },
            }
        })
        .collect()
}

pub(super) fn products() -> Vec<Bar> {
    [
        ("Storefront", 1_204.0, "11 exploited"),
        ("Payments gateway", 872.0, ""),
        ("Warehouse <& logistics>", 533.5, ""),
        ("متجر الهاتف", 301.0, "due in 3 days"),
        ("Identity", 288.0, ""),
        (
            "Mobile app for the people in the depots and on the road",
            210.0,
            "",
        ),
        ("Intranet", 4.0, ""),
    ]
    .into_iter()
    .enumerate()
    .map(|(at, (label, value, note))| Bar {
        label: label.into(),
        value,
        href: Some(format!("/products/{at}?state=open&sort=score")),
        note: (!note.is_empty()).then(|| note.into()),
    })
    .collect()
}

/// Findings as they are spread in practice: many unlikely, few likely.
pub(super) fn dots(number: u32) -> Vec<Dot> {
    let mut seed = 7u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1 << 24)
    };
    (0..number)
        .map(|at| {
            let epss = 10f64.powf(-4.0 + 4.0 * next().powf(1.7));
            let cvss = ((f64::midpoint(next(), next()) * 7.6 + 2.4) * 10.0).round() / 10.0;
            Dot {
                label: format!("CVE-2026-{}", 1_000 + at * 37),
                epss: Some(epss),
                cvss: Some(cvss),
                severity: Severity::from_score(cvss),
                exploited: epss > 0.35 && at % 4 == 0,
                href: Some(format!("/findings/{at}")),
            }
        })
        .collect()
}

fn slice(count: u64, href: &str) -> Slice {
    Slice {
        count,
        href: Some(href.into()),
    }
}

pub(super) fn ages() -> [BySeverity<Slice>; 5] {
    [
        [2, 9, 14, 6, 1],
        [3, 12, 22, 9, 0],
        [1, 18, 31, 12, 2],
        [0, 6, 19, 14, 0],
        [3, 4, 5, 11, 4],
    ]
    .map(|[critical, high, medium, low, none]| BySeverity {
        critical: slice(critical, "/findings?q=severity:critical"),
        high: slice(high, "/findings?q=severity:high"),
        medium: slice(medium, "/findings?q=severity:medium"),
        low: slice(low, "/findings?q=severity:low"),
        none: slice(none, "/findings?q=severity:none"),
    })
}

pub(super) fn standings() -> Vec<SlaRow> {
    [
        ("Storefront", [3, 5, 31, 2, 4]),
        ("Payments gateway", [0, 2, 12, 6, 0]),
        ("متجر الهاتف", [0, 0, 22, 0, 9]),
        ("Intranet", [0, 0, 0, 0, 0]),
    ]
    .map(
        |(name, [overdue, due_soon, in_time, excepted, no_deadline])| SlaRow {
            name: name.into(),
            href: Some("/products/1".into()),
            standing: Standing {
                overdue: slice(overdue, "/findings?q=due:overdue"),
                due_soon: slice(due_soon, "/findings?q=due:7"),
                in_time: slice(in_time, "/findings?q=due:later"),
                excepted: slice(excepted, "/findings?q=state:excepted"),
                no_deadline: slice(no_deadline, "/findings?q=due:none"),
            },
        },
    )
    .to_vec()
}

pub(super) fn factor(name: &str, points: f64, max: f64) -> Factor {
    Factor {
        name: name.into(),
        value: "because".into(),
        points,
        max,
        assumed: false,
    }
}

pub(super) fn log4shell() -> [Factor; 4] {
    [
        ("severity", 45.0, 45.0, "10.0 (CVSS 3.1)"),
        (
            "exploitation",
            30.0,
            30.0,
            "in KEV since 2021-12-10, ransomware use",
        ),
        (
            "reach",
            8.0,
            10.0,
            "over the network, no privileges, no user needed",
        ),
        ("exposure", 15.0, 15.0, "runtime scope"),
    ]
    .map(|(name, points, max, value)| Factor {
        value: value.into(),
        ..factor(name, points, max)
    })
}
