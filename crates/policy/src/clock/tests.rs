//! Instants worked out by hand, and laws that hold for every zone and start.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::months::{longest, shortest};
use super::*;

fn calendar(zone: &str) -> Calendar {
    Calendar::new(
        zone,
        &["sat", "sun"],
        &["2026-12-25", "2026-12-26", "2027-01-01"],
    )
    .unwrap()
}

fn span(text: &str) -> Span {
    Span::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// A day, or a moment.
fn start(text: &str) -> Start {
    match text.parse::<Timestamp>() {
        Ok(moment) => Start::Moment(moment),
        Err(_) => Start::Day(text.parse().unwrap()),
    }
}

#[test]
fn spans_are_read_and_written() {
    for text in [
        "1min",
        "30min",
        "4h",
        "72h",
        "3d",
        "5bd",
        "2w",
        "6mo",
        "1y",
        "100y",
        "36600d",
        "52704000min",
    ] {
        let read = span(text);
        assert_eq!(read.to_string(), text);
        assert_eq!(Span::parse(&read.to_string()).unwrap(), read);
    }
    assert_eq!((span("05d").amount(), span("05d").unit()), (5, Unit::Days));
    for (text, message, hint) in [
        (
            "",
            "`` is no time span",
            "write a whole number and a unit: 30min, 4h, 3d, 5bd (business days), 2w, 6mo, 1y",
        ),
        ("d", "`d` is no time span", ""),
        ("3", "`3` is no time span", ""),
        ("-3d", "`-3d` is no time span", ""),
        ("1.5d", "`1.5d` is more than one time span", ""),
        (
            "1d12h",
            "`1d12h` is more than one time span",
            "write it in one unit, such as 36h for a day and a half",
        ),
        ("3 d", "`3 d` is no time span", "write 3d"),
        ("3D", "`3D` is no time span", "write 3d"),
        ("3 days", "`3 days` is no time span", "write 3d"),
        ("6months", "`6months` is no time span", "write 6mo"),
        ("6m", "`6m` could be minutes or months", "write 6min or 6mo"),
        ("6M", "`6M` could be minutes or months", "write 6min or 6mo"),
        ("3q", "`3q` is no time span", ""),
        ("P3D", "`P3D` is no time span", ""),
        (
            "0d",
            "`0d` is over as soon as it begins",
            "write one or more",
        ),
        ("000h", "`000h` is over as soon as it begins", ""),
        ("101y", "`101y` is longer than 100 years", ""),
        ("36601d", "`36601d` is longer than 100 years", ""),
        ("1181mo", "`1181mo` is longer than 100 years", ""),
        (
            "99999999999999999999999d",
            "`99999999999999999999999d` is longer than 100 years",
            "",
        ),
        (
            "18446744073709551615w",
            "`18446744073709551615w` is longer than 100 years",
            "",
        ),
        ("٣d", "`٣d` is no time span", ""),
        ("3d\u{202e}", "`3d?` is no time span", ""),
    ] {
        let error = Span::parse(text).expect_err(text);
        assert_eq!(error.message, message);
        if !hint.is_empty() {
            assert_eq!(error.hint.as_deref(), Some(hint), "{text}");
        }
    }
    assert!(Span::parse(&"9".repeat(1 << 20)).unwrap_err().message.len() < 200);
}

#[test]
fn deadlines_are_read_and_compared() {
    let deadline = |text: &str| Deadline::parse(text).unwrap();
    assert_eq!(deadline("next_release"), Deadline::NextUpgrade);
    assert_eq!(deadline("next_upgrade").to_string(), "next_upgrade");
    assert_eq!(deadline("3d"), Deadline::Within(span("3d")));
    assert_eq!(deadline("3d").to_string(), "3d");
    let hint = Deadline::parse("soon").unwrap_err().hint.unwrap();
    assert!(hint.ends_with("1y; or next_upgrade, for no date"), "{hint}");
    for (one, other, at_most) in [
        ("3d", "3d", Some(true)),
        ("3d", "14d", Some(true)),
        ("14d", "3d", Some(false)),
        ("14d", "2w", Some(true)),
        ("12mo", "1y", Some(true)),
        ("1y", "12mo", Some(true)),
        ("28d", "1mo", Some(true)),
        ("30d", "1mo", None),
        ("31d", "1mo", Some(false)),
        ("1mo", "31d", Some(true)),
        ("365d", "1y", Some(true)),
        ("366d", "1y", Some(false)),
        ("1461d", "4y", Some(false)),
        ("5d", "5bd", Some(true)),
        ("5bd", "5d", Some(false)),
        ("5bd", "7d", None),
        ("1mo", "31bd", Some(true)),
        ("5bd", "10bd", Some(true)),
        ("4h", "1d", Some(true)),
        ("19h", "1d", Some(true)),
        ("20h", "1d", None),
        ("24h", "1d", None),
        ("48h", "3d", Some(true)),
        ("72h", "3d", None),
        ("3d", "96h", None),
        ("3d", "100h", Some(true)),
        ("90min", "2h", Some(true)),
        ("4h", "1bd", Some(true)),
        ("1bd", "4h", Some(false)),
        ("400h", "1mo", Some(true)),
        ("1mo", "772h", Some(true)),
        ("3d", "next_upgrade", Some(true)),
        ("next_upgrade", "3d", Some(false)),
        ("next_upgrade", "next_release", Some(true)),
    ] {
        assert_eq!(
            deadline(one).at_most(deadline(other)),
            at_most,
            "{one} {other}"
        );
    }
}

#[test]
fn months_at_least_and_at_most() {
    for months in [1, 2, 3, 5, 6, 11, 12, 13, 18, 24, 48, 120, 1200] {
        let (mut least, mut most) = (i64::MAX, 0);
        let mut day = date(2000, 1, 1);
        while day.year() < 2400 {
            // The extremes start on the first or one of the last days of a month.
            if day.day() == 1 || day.day() > 27 {
                let end = day.checked_add(jiff::Span::new().months(months)).unwrap();
                let days = end.duration_since(day).as_hours() / 24;
                least = least.min(days);
                most = most.max(days);
            }
            day = day.tomorrow().unwrap();
        }
        let months = u32::try_from(months).unwrap();
        assert_eq!(
            (
                i64::try_from(shortest(months)).unwrap(),
                i64::try_from(longest(months)).unwrap()
            ),
            (least, most),
            "{months}"
        );
    }
}

#[test]
fn due_to_the_second() {
    for (zone, from, after, due) in [
        // Hours and minutes run from the moment.
        ("UTC", "2026-01-01T10:00:00Z", "4h", "2026-01-01T14:00:00Z"),
        (
            "UTC",
            "2026-01-01T10:00:00.9Z",
            "30min",
            "2026-01-01T10:30:00Z",
        ),
        (
            "Europe/Berlin",
            "2026-03-29T00:30:00Z",
            "4h",
            "2026-03-29T04:30:00Z",
        ),
        ("Europe/Berlin", "2026-10-25", "24h", "2026-10-25T22:00:00Z"),
        // Days end with their last second, in the zone.
        ("UTC", "2026-01-01T00:00:00Z", "3d", "2026-01-04T23:59:59Z"),
        (
            "UTC",
            "2026-01-01T23:59:59.999999999Z",
            "3d",
            "2026-01-04T23:59:59Z",
        ),
        (
            "Europe/Berlin",
            "2026-01-01T22:59:59Z",
            "1d",
            "2026-01-02T22:59:59Z",
        ),
        (
            "Europe/Berlin",
            "2026-01-01T23:00:00Z",
            "1d",
            "2026-01-03T22:59:59Z",
        ),
        ("Europe/Berlin", "2026-01-01", "2w", "2026-01-15T22:59:59Z"),
        ("Asia/Kathmandu", "2026-01-01", "1d", "2026-01-02T18:14:59Z"),
        // 23 and 25 hours.
        (
            "Europe/Berlin",
            "2026-03-28T10:00:00Z",
            "1d",
            "2026-03-29T21:59:59Z",
        ),
        ("Europe/Berlin", "2026-10-24", "1d", "2026-10-25T22:59:59Z"),
        (
            "America/New_York",
            "2026-03-07",
            "1d",
            "2026-03-09T03:59:59Z",
        ),
        (
            "America/New_York",
            "2026-10-31",
            "1d",
            "2026-11-02T04:59:59Z",
        ),
        // Months and years, leap days.
        ("UTC", "2024-01-31", "1mo", "2024-02-29T23:59:59Z"),
        ("UTC", "2023-01-31", "1mo", "2023-02-28T23:59:59Z"),
        ("UTC", "2024-02-29", "1y", "2025-02-28T23:59:59Z"),
        ("UTC", "2024-02-29", "4y", "2028-02-29T23:59:59Z"),
        ("UTC", "2024-02-29", "12mo", "2025-02-28T23:59:59Z"),
        ("UTC", "2026-08-31", "6mo", "2027-02-28T23:59:59Z"),
        ("UTC", "2026-02-28", "1mo", "2026-03-28T23:59:59Z"),
        ("UTC", "2023-12-31", "60d", "2024-02-29T23:59:59Z"),
        // Midnights that do not exist: Beirut, Cairo, São Paulo at 00:00, Toronto at 23:30.
        ("Asia/Beirut", "2022-03-25", "1d", "2022-03-26T21:59:59Z"),
        ("Asia/Beirut", "2022-03-26", "1d", "2022-03-27T20:59:59Z"),
        ("Asia/Beirut", "2022-03-27", "1h", "2022-03-26T23:00:00Z"),
        ("Africa/Cairo", "2023-04-28", "1h", "2023-04-27T23:00:00Z"),
        ("Africa/Cairo", "2023-04-27", "1d", "2023-04-28T20:59:59Z"),
        (
            "America/Sao_Paulo",
            "2018-11-04",
            "1h",
            "2018-11-04T04:00:00Z",
        ),
        (
            "America/Sao_Paulo",
            "2018-11-03",
            "1d",
            "2018-11-05T01:59:59Z",
        ),
        (
            "America/Toronto",
            "1919-03-31",
            "1min",
            "1919-03-31T04:31:00Z",
        ),
        (
            "America/Toronto",
            "1919-03-29",
            "1d",
            "1919-03-31T04:29:59Z",
        ),
        // Clocks that go back over midnight.
        ("Africa/Cairo", "2023-10-25", "1d", "2023-10-26T21:59:59Z"),
        (
            "America/Sao_Paulo",
            "2018-02-16",
            "1d",
            "2018-02-18T02:59:59Z",
        ),
        (
            "America/St_Johns",
            "2006-10-29T02:29:59Z",
            "1d",
            "2006-10-30T03:29:59Z",
        ),
        (
            "America/St_Johns",
            "2006-10-29T02:30:00Z",
            "1d",
            "2006-10-31T03:29:59Z",
        ),
        (
            "America/St_Johns",
            "2006-10-29T02:31:30Z",
            "1d",
            "2006-10-31T03:29:59Z",
        ),
        // A day that Samoa left out ends with the next one.
        ("Pacific/Apia", "2011-12-29", "1d", "2011-12-31T09:59:59Z"),
        ("Pacific/Apia", "2011-12-29", "2d", "2011-12-31T09:59:59Z"),
        ("Pacific/Apia", "2011-12-28", "1d", "2011-12-30T09:59:59Z"),
        // Business days: 24 December 2026 is a Thursday, the 25th a holiday, the 26th a holiday and a Saturday.
        ("Europe/Berlin", "2026-12-23", "1bd", "2026-12-24T22:59:59Z"),
        (
            "Europe/Berlin",
            "2026-12-24T10:00:00Z",
            "1bd",
            "2026-12-28T22:59:59Z",
        ),
        ("Europe/Berlin", "2026-12-25", "1bd", "2026-12-28T22:59:59Z"),
        (
            "Europe/Berlin",
            "2026-12-27T22:59:59Z",
            "1bd",
            "2026-12-28T22:59:59Z",
        ),
        ("Europe/Berlin", "2026-12-30", "2bd", "2027-01-04T22:59:59Z"),
        ("Europe/Berlin", "2026-11-20", "5bd", "2026-11-27T22:59:59Z"),
        ("Europe/Berlin", "2026-03-27", "1bd", "2026-03-30T21:59:59Z"),
        // The end of time.
        ("UTC", "9999-12-28", "1d", "9999-12-29T23:59:59Z"),
        ("UTC", "9899-06-01", "100y", "9999-06-01T23:59:59Z"),
    ] {
        let found = calendar(zone).due(start(from), span(after)).unwrap();
        assert_eq!(found.to_string(), due, "{zone} {from} {after}");
    }
}

#[test]
fn weekends_differ() {
    let cairo = Calendar::new("Africa/Cairo", &["fri", "sat"], &[] as &[&str]).unwrap();
    // Wednesday to Sunday.
    let due = cairo.due(start("2026-11-18"), span("2bd")).unwrap();
    assert_eq!(due.to_string(), "2026-11-22T21:59:59Z");
    let always = Calendar::new("UTC", &[] as &[&str], &[]).unwrap();
    assert_eq!(
        always.due(start("2026-11-20"), span("2bd")).unwrap(),
        always.due(start("2026-11-20"), span("2d")).unwrap()
    );
    assert_eq!(
        Calendar::default()
            .due(start("2026-11-20"), span("1bd"))
            .unwrap()
            .to_string(),
        "2026-11-23T23:59:59Z"
    );
    assert_eq!(Calendar::default().zone(), "UTC");
}

#[test]
fn beyond_the_end_of_time_is_an_error() {
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let calendar = calendar(zone);
        for after in ["1d", "1bd", "1w", "1mo", "1y", "100y", "36600d"] {
            for from in [Start::Day(Date::MAX), Start::Moment(Timestamp::MAX)] {
                let error = calendar.due(from, span(after)).unwrap_err();
                assert_eq!(error.message, "the time lies beyond the year 9999");
            }
        }
        assert!(
            calendar
                .due(Start::Moment(Timestamp::MAX), span("1h"))
                .is_err()
        );
        assert!(calendar.due(start("9950-01-01"), span("100y")).is_err());
        calendar
            .due(Start::Moment(Timestamp::MIN), span("1y"))
            .unwrap();
        calendar.days_between(Timestamp::MIN, Timestamp::MAX);
        calendar.days_late(Timestamp::MIN, Timestamp::MAX);
    }
    // A day that begins before all time.
    assert!(
        calendar("Asia/Tokyo")
            .due(Start::Day(Date::MIN), span("1h"))
            .is_err()
            || calendar("UTC")
                .due(Start::Day(Date::MIN), span("1h"))
                .is_ok()
    );
}

#[test]
fn days_late_are_counted_on_the_calendar() {
    let berlin = calendar("Europe/Berlin");
    let late = |due: &str, now: &str| berlin.days_late(due.parse().unwrap(), now.parse().unwrap());
    for (due, now, days) in [
        ("2026-01-05T22:59:59Z", "2026-01-01T00:00:00Z", 0),
        ("2026-01-05T22:59:59Z", "2026-01-05T22:59:59Z", 0),
        ("2026-01-05T22:59:59Z", "2026-01-05T22:59:59.1Z", 1),
        ("2026-01-05T22:59:59Z", "2026-01-05T23:00:00Z", 1),
        ("2026-01-05T22:59:59Z", "2026-01-06T22:59:59Z", 1),
        ("2026-01-05T22:59:59Z", "2026-01-06T23:00:00Z", 2),
        ("2026-01-05T10:00:00Z", "2026-01-05T10:00:01Z", 1),
        ("2026-01-05T10:00:00Z", "2026-01-06T09:00:00Z", 1),
        ("2026-01-05T10:00:00Z", "2026-01-07T09:00:00Z", 2),
        ("2026-03-28T22:59:59Z", "2026-03-29T21:59:59Z", 1),
        ("2025-01-05T22:59:59Z", "2026-01-05T12:00:00Z", 365),
    ] {
        assert_eq!(late(due, now), days, "{due} {now}");
    }
    let between =
        |from: &str, to: &str| berlin.days_between(from.parse().unwrap(), to.parse().unwrap());
    assert_eq!(between("2026-01-05T22:59:59Z", "2026-01-05T23:00:00Z"), 1);
    assert_eq!(between("2026-01-05T23:00:00Z", "2026-01-05T22:59:59Z"), -1);
    assert_eq!(between("2026-03-01T12:00:00Z", "2026-04-01T12:00:00Z"), 31);
}

#[test]
fn calendars_that_make_no_sense_are_refused() {
    let none: &[&str] = &[];
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    for (zone, weekend, holidays, message, hint) in [
        (
            "Europe/Berlim",
            none,
            none,
            "there is no time zone `Europe/Berlim`",
            "did you mean Europe/Berlin?",
        ),
        (
            "Berlin",
            none,
            none,
            "there is no time zone `Berlin`",
            "did you mean Europe/Berlin?",
        ),
        ("CEST", none, none, "there is no time zone `CEST`", ""),
        (
            "",
            none,
            none,
            "there is no time zone ``",
            "write an IANA name, such as Europe/Berlin or UTC",
        ),
        (
            "../../etc/passwd",
            none,
            none,
            "there is no time zone `../../etc/passwd`",
            "write an IANA name, such as Europe/Berlin or UTC",
        ),
        (
            "/etc/localtime",
            none,
            none,
            "there is no time zone `/etc/localtime`",
            "",
        ),
        (
            "Europe/Berlin\0",
            none,
            none,
            "there is no time zone `Europe/Berlin?`",
            "did you mean Europe/Berlin?",
        ),
        (
            "UTC",
            &["saturday"],
            none,
            "`saturday` is no day of the week",
            "write mon, tue, wed, thu, fri, sat or sun",
        ),
        (
            "UTC",
            &week,
            none,
            "all seven days are weekend: no business day would ever come",
            "",
        ),
        (
            "UTC",
            none,
            &["2026-02-30"],
            "`2026-02-30` is no day",
            "write year, month and day: 2026-12-25",
        ),
        ("UTC", none, &["20261225"], "`20261225` is no day", ""),
        (
            "UTC",
            none,
            &["2026-12-25T00:00:00Z"],
            "`2026-12-25T00:00:00Z` is no day",
            "",
        ),
    ]
        as [(&str, &[&str], &[&str], &str, &str); 12]
    {
        let error = Calendar::new(zone, weekend, holidays).expect_err(zone);
        assert_eq!(error.message, message);
        if !hint.is_empty() {
            assert_eq!(error.hint.as_deref(), Some(hint));
        }
    }
    assert!(Calendar::new("UTC", none, &vec!["2026-12-25"; 10_001]).is_err());
    assert_eq!(
        Calendar::new("europe/berlin", none, none).unwrap().zone(),
        "Europe/Berlin"
    );
}

#[test]
fn clocks_are_read_and_written() {
    for text in [
        "detected",
        "published",
        "kev_added",
        "fix_available",
        "min(kev_added, detected)",
        "max(published, detected, fix_available)",
    ] {
        assert_eq!(Clock::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(
        Clock::parse(" min( kev_added,detected ) ").unwrap(),
        Clock::parse("min(kev_added, detected)").unwrap()
    );
    for (text, message, hint) in [
        (
            "",
            "`` starts no clock",
            "write detected, published, kev_added or fix_available",
        ),
        ("kev", "`kev` starts no clock", "did you mean kev_added?"),
        (
            "detcted",
            "`detcted` starts no clock",
            "did you mean detected?",
        ),
        ("now", "`now` starts no clock", ""),
        (
            "avg(detected)",
            "there is no function `avg`",
            "write min(...) for the earliest, max(...) for the latest",
        ),
        ("min()", "`` starts no clock", ""),
        ("min(detected,)", "`` starts no clock", ""),
        (
            "min(detected",
            "`min(detected` has no closing bracket at its end",
            "",
        ),
        (
            "min(detected) x",
            "`min(detected) x` has no closing bracket at its end",
            "",
        ),
        (
            "min(detected))",
            "`min(detected))` has no closing bracket at its end",
            "",
        ),
        (
            "min(detected, max(published, kev_added))",
            "min and max do not stand in each other",
            "name the events: min(kev_added, detected)",
        ),
        ("min(detected, detected)", "detected is named twice", ""),
    ] {
        let error = Clock::parse(text).expect_err(text);
        assert_eq!(error.message, message);
        if !hint.is_empty() {
            assert_eq!(error.hint.as_deref(), Some(hint));
        }
    }
    assert!(Clock::parse(&"(".repeat(1 << 20)).is_err());
    assert!(Clock::parse(&"a,".repeat(1 << 19)).is_err());
}

#[test]
fn the_event_that_counts() {
    let berlin = calendar("Europe/Berlin");
    let pick = |clock: &str, known: &[(Event, &str)]| {
        let known = |event| {
            known
                .iter()
                .find(|(known, _)| *known == event)
                .map(|(_, text)| start(text))
        };
        Clock::parse(clock).unwrap().start(&berlin, known)
    };
    let (kev, detected) = (Event::KevAdded, Event::Detected);
    let days = [(kev, "2026-01-05"), (detected, "2026-01-05T10:00:00Z")];
    assert_eq!(
        pick("detected", &days),
        Some((start("2026-01-05T10:00:00Z"), detected))
    );
    assert_eq!(pick("published", &days), None);
    // A day begins with its first instant, here 23:00 the day before in UTC.
    assert_eq!(
        pick("min(detected, kev_added)", &days),
        Some((start("2026-01-05"), kev))
    );
    assert_eq!(
        pick("max(detected, kev_added)", &days),
        Some((start("2026-01-05T10:00:00Z"), detected))
    );
    let same = [(kev, "2026-01-05"), (detected, "2026-01-04T23:00:00Z")];
    assert_eq!(pick("min(detected, kev_added)", &same).unwrap().1, detected);
    assert_eq!(pick("max(kev_added, detected)", &same).unwrap().1, kev);
    // What is not known is left out while another is known.
    assert_eq!(pick("min(published, detected)", &days).unwrap().1, detected);
    assert_eq!(pick("max(published, kev_added)", &days).unwrap().1, kev);
    assert_eq!(pick("min(published, fix_available)", &days), None);
    assert_eq!(
        pick("max(detected, kev_added)", &[(kev, "9999-12-31"), days[1]])
            .unwrap()
            .1,
        kev
    );
}

const ZONES: [&str; 13] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Africa/Cairo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
];

fn any_span() -> impl Strategy<Value = Span> {
    let amount = prop_oneof![4 => 1u32..40, 1 => 40u32..100];
    (amount, 0usize..7).prop_map(|(amount, unit)| {
        let unit = ["min", "h", "d", "bd", "w", "mo", "y"][unit];
        span(&format!("{amount}{unit}"))
    })
}

/// Seconds from 2013 to 2040, often close to midnight in some zone, where clocks change.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    (
        1_356_998_400i64..2_208_988_800,
        any::<bool>(),
        0i64..7200,
        0i32..1_000_000_000,
    )
        .prop_map(|(second, near, off, nano)| {
            let second = if near {
                second / 3600 * 3600 + off / 60 - 60
            } else {
                second
            };
            Timestamp::new(second, nano).unwrap()
        })
}

fn any_start() -> impl Strategy<Value = Start> {
    prop_oneof![
        3 => any_moment().prop_map(Start::Moment),
        1 => (0i64..9000).prop_map(|days| Start::Day(date(2013, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn never_due_before_the_start(zone in 0..ZONES.len(), second in -2_000_000_000i64..4_000_000_000, nano in 0i32..1_000_000_000, span in any_span()) {
        let calendar = calendar(ZONES[zone]);
        let moment = Timestamp::new(second, if second < 0 { -nano } else { nano }).unwrap();
        let due = calendar.due(Start::Moment(moment), span).unwrap();
        prop_assert!(due >= moment, "{} {moment} {span} {due}", ZONES[zone]);
        prop_assert_eq!(due.subsec_nanosecond(), 0);
        prop_assert_eq!(calendar.days_late(due, moment), 0);
        prop_assert!(calendar.days_late(due, due + SignedDuration::from_secs(1)) == 1);
    }

    #[test]
    fn a_later_start_is_never_due_earlier(zone in 0..ZONES.len(), one in any_start(), other in any_start(), near in any::<bool>(), by in 0i64..200_000, span in any_span()) {
        let calendar = calendar(ZONES[zone]);
        let one_at = calendar.instant(one).unwrap();
        let other = if near { Start::Moment(one_at + SignedDuration::from_secs(by)) } else { other };
        let other_at = calendar.instant(other).unwrap();
        let (one_due, other_due) = (calendar.due(one, span).unwrap(), calendar.due(other, span).unwrap());
        let in_order = if one_at <= other_at { one_due <= other_due } else { other_due <= one_due };
        prop_assert!(in_order, "{} {one:?} {one_due} {other:?} {other_due} {span}", ZONES[zone]);
    }

    #[test]
    fn a_tighter_span_is_never_due_later(zone in 0..ZONES.len(), start in any_start(), one in any_span(), other in any_span()) {
        let calendar = calendar(ZONES[zone]);
        let (one_due, other_due) = (calendar.due(start, one).unwrap(), calendar.due(start, other).unwrap());
        match one.at_most(other) {
            Some(true) => prop_assert!(one_due <= other_due, "{} {start:?} {one} {other}", ZONES[zone]),
            Some(false) => prop_assert!(other_due <= one_due, "{} {start:?} {one} {other}", ZONES[zone]),
            None => prop_assert!(one.unit() != other.unit()),
        }
        // The other way round says the opposite, but for equals.
        match (one.at_most(other), other.at_most(one)) {
            (Some(true), back) => prop_assert!(back.is_some()),
            (Some(false), back) => prop_assert_eq!(back, Some(true)),
            (None, back) => prop_assert_eq!(back, None),
        }
        prop_assert_eq!(one.at_most(one), Some(true));
    }

    #[test]
    fn spans_are_written_as_they_are_read(span in any_span()) {
        prop_assert_eq!(Span::parse(&span.to_string()).unwrap(), span);
        prop_assert_eq!(Deadline::parse(&span.to_string()).unwrap(), Deadline::Within(span));
    }

    #[test]
    fn no_number_makes_them_panic(text in "[0-9]{0,22}(min|h|d|bd|w|mo|y)", second in -300_000_000_000i64..253_402_207_200) {
        if let (Ok(span), Ok(moment)) = (Span::parse(&text), Timestamp::from_second(second)) {
            let _ = calendar("America/Sao_Paulo").due(Start::Moment(moment), span);
        }
    }
}

proptest! {
    // Each looks for the nearest of all zones.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_makes_them_panic(text in ".{0,40}") {
        let _ = (Span::parse(&text), Deadline::parse(&text), Clock::parse(&text), Calendar::new(&text, &[&text], &[&text]));
    }
}
