//! Whatever the data, every chart is well-formed and within the rules.

use jiff::civil::Date;
use proptest::prelude::*;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::Factor;

use super::testing::{TODAY, before, points, xml};
use super::*;

/// Letters of many scripts, markup, controls, and lengths up to ten thousand.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just(String::new()),
        Just("</svg><script>alert(1)</script>\"'&lt;".to_owned()),
        Just("\u{202e}\u{2066}\u{feff}\0\u{1b}[31m".to_owned()),
        Just("متجر <b>الهاتف</b>".to_owned()),
        Just("x".repeat(10_000)),
        Just("🦀é日本語".repeat(200)),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..5_000.0f64,
        2 => any::<f64>(),
        1 => prop_oneof![
            Just(0.0),
            Just(-0.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE),
            Just(-1.0),
        ],
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..100u64, any::<u64>(), Just(u64::MAX)]
}

fn href() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![
        text(),
        Just("/findings?q=a&b=\"c\"".to_owned()),
        Just("/findings?q=a&b=c".to_owned()),
        Just("javascript:alert(1)".to_owned()),
    ])
}

fn day() -> impl Strategy<Value = Date> {
    prop_oneof![
        8 => (0u32..700).prop_map(before),
        1 => Just(Date::MIN),
        1 => Just(Date::MAX),
    ]
}

fn slice() -> impl Strategy<Value = Slice> {
    (count(), href()).prop_map(|(count, href)| Slice { count, href })
}

fn severity() -> impl Strategy<Value = Severity> {
    (0usize..5).prop_map(|at| Severity::ALL[at])
}

fn many<T: Strategy>(strategy: T) -> impl Strategy<Value = Vec<T::Value>> {
    proptest::collection::vec(strategy, 0..12)
}

fn by_severity<S: Strategy>(each: S) -> impl Strategy<Value = BySeverity<S::Value>> {
    proptest::array::uniform5(each).prop_map(|[critical, high, medium, low, none]| BySeverity {
        critical,
        high,
        medium,
        low,
        none,
    })
}

/// A sentence with words in it, and nothing that a reader should not see.
fn said(title: &str) -> Result<(), TestCaseError> {
    prop_assert!(!title.is_empty() && !title.ends_with('.'));
    for odd in ["NaN", "inf ", "-0", "\u{202e}"] {
        prop_assert!(!title.contains(odd), "{title}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn lines_are_well_formed(
        values in many((day(), value())), counts in many((day(), by_severity(count()))), events in many((day(), text())),
        days: u16, to in day(), name in text(), id in text(), sparks in many(value()), plural: bool,
    ) {
        let events: Vec<Event> = events.into_iter().map(|(day, text)| Event { day, text }).collect();
        let points: Vec<Point> = values.into_iter().map(|(day, value)| Point { day, value }).collect();
        let trend = Trend { id: &id, subject: Subject { name: &name, plural }, to, days, points: &points, events: &events };
        xml(&trend.draw().into_string());
        said(&Trend { subject: Subject::OPEN_RISK, ..trend }.title())?;
        let counts: Vec<Counts> = counts.into_iter().map(|(day, counts)| Counts { day, counts }).collect();
        let stack = Stack { id: &id, subject: Subject::OPEN_FINDINGS, to, days, points: &counts, events: &events };
        xml(&stack.draw().into_string());
        said(&stack.title())?;
        let spark = Spark { values: &sparks };
        xml(&spark.draw().into_string());
        said(&spark.title())?;
    }

    #[test]
    fn rows_are_well_formed(
        bars in many((text(), value(), href(), proptest::option::of(text()))), most in 0usize..20, one in text(),
        ages in proptest::collection::vec(by_severity(slice()), 5),
        rows in many((text(), href(), by_severity(slice()))),
        factors in many((text(), text(), value(), value(), any::<bool>())), score in value(),
    ) {
        let bars: Vec<Bar> = bars.into_iter().map(|(label, value, href, note)| Bar { label, value, href, note }).collect();
        let chart = Bars { id: "b", subject: Subject::OPEN_RISK, one: &one, many: &one, bars: &bars, most };
        xml(&chart.draw().into_string());
        said(&Bars { one: "product", many: "products", bars: &[], ..chart }.title())?;
        let ages: [BySeverity<Slice>; 5] = ages.try_into().unwrap();
        let ageing = Ageing { id: "a", ages: &ages };
        xml(&ageing.draw().into_string());
        said(&ageing.title())?;
        let rows: Vec<SlaRow> = rows.into_iter().map(|(name, href, counts)| SlaRow {
            name, href,
            standing: Standing {
                overdue: counts.critical, due_soon: counts.high, in_time: counts.medium, excepted: counts.low, no_deadline: counts.none,
            },
        }).collect();
        for row in &rows {
            xml(&row.standing.inline().into_string());
        }
        let sla = Sla { id: "s", one: &one, rows: &rows };
        xml(&sla.draw().into_string());
        said(&sla.title())?;
        let factors: Vec<Factor> = factors.into_iter().map(|(name, value, points, max, assumed)| Factor { name, value, points, max, assumed }).collect();
        xml(&Factors { id: "f", score, factors: &factors }.draw().into_string());
    }

    #[test]
    fn points_are_well_formed(
        dots in many((text(), proptest::option::of(value()), proptest::option::of(0.0..11.0f64), severity(), any::<bool>(), href())), left_out in count(),
    ) {
        let dots: Vec<Dot> = dots.into_iter().map(|(label, epss, cvss, severity, exploited, href)| Dot {
            label, epss: epss.map(|epss| epss / 5_000.0), cvss, severity, exploited, href,
        }).collect();
        let chart = Scatter { id: "x", dots: &dots, left_out };
        xml(&chart.draw().into_string());
        said(&chart.title())?;
    }
}

#[test]
fn two_charts_on_a_page_share_no_id() {
    let points = points(30);
    let chart = |id| Trend {
        id,
        subject: Subject::OPEN_RISK,
        to: TODAY,
        days: 30,
        points: &points,
        events: &[],
    };
    xml(&format!(
        "<div>{}{}</div>",
        chart("one").draw().into_string(),
        chart("two").draw().into_string()
    ));
}

#[test]
fn long_labels_are_cut_in_the_picture_and_whole_in_the_table() {
    let label = "x".repeat(10_000);
    let bars = [Bar {
        label: label.clone(),
        value: 1.0,
        ..Bar::default()
    }];
    let drawn = Bars {
        id: "b",
        subject: Subject::OPEN_RISK,
        one: "product",
        many: "products",
        bars: &bars,
        most: 5,
    }
    .draw()
    .into_string();
    assert_eq!(drawn.matches(&label).count(), 2, "the tip and the table");
    assert!(drawn.contains(&format!("{}… carries all of the open risk", "x".repeat(39))));
}

#[test]
fn the_stylesheet_has_every_class_that_gives_a_colour() {
    for class in [
        "is-critical",
        "is-high",
        "is-medium",
        "is-low",
        "is-none",
        "is-overdue",
        "is-soon",
        "is-in-time",
        "is-excepted",
        "is-open-end",
        "is-given",
        "is-taken",
    ] {
        assert!(STYLE.contains(&format!(".{class}")), "{class}");
    }
}
