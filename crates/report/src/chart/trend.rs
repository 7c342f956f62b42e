//! One number over days: a line on a light area, from zero.

use jiff::civil::Date;
use maud::{Markup, html};

use super::frame::{Cell, Table, empty, figure, length, percent};
use super::labels::{Anchor, Room, Spot};
use super::plot::{Event, Events, HEIGHT, Plot, Scale, Window, outline};
use super::words::{Subject, compact, course, exact, full_day, known, short_day, since};

/// A number on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The day.
    pub day: Date,
    /// Not below zero; what is not a number counts as not recorded.
    pub value: f64,
}

/// Open risk, or open findings, over days.
#[derive(Clone, Copy, Debug)]
pub struct Trend<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// What is counted.
    pub subject: Subject<'a>,
    /// The last day drawn, today as a rule.
    pub to: Date,
    /// How many days are drawn, at most 550.
    pub days: u16,
    /// In any order; days without one keep the last value, and a value from before the first day counts on it. Of two on
    /// a day the later in the list counts.
    pub points: &'a [Point],
    /// Marked on the line.
    pub events: &'a [Event],
}

impl Trend<'_> {
    fn filled(&self) -> (Window, Vec<(usize, f64)>) {
        let window = Window::new(self.to, self.days);
        let points = self
            .points
            .iter()
            .filter_map(|point| Some((point.day, known(point.value)?)));
        let values = window
            .filled(points)
            .into_iter()
            .enumerate()
            .filter_map(|(at, value)| Some((at, value?)))
            .collect();
        (window, values)
    }

    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        let (window, values) = self.filled();
        title(self.subject, &window, &values)
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let (window, values) = self.filled();
        let title = title(self.subject, &window, &values);
        let (Some(first), Some(last)) = (values.first().copied(), values.last().copied()) else {
            return empty("trend", self.id, &title, NOTHING);
        };
        // The first of those that are as high.
        let peak = values
            .iter()
            .copied()
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .unwrap_or(last);
        let scale = Scale::new(peak.1);
        let events = Events::new(&window, self.events);
        let line = outline(&window, &values, &scale);
        let description = format!(
            "From {} on {} to {} on {}; the most was {} on {}.{}",
            exact(first.1),
            full_day(window.day(first.0)),
            exact(last.1),
            full_day(window.day(last.0)),
            exact(peak.1),
            full_day(window.day(peak.0)),
            events.told(),
        );
        let above = events.above();
        let mut told = vec![None; window.days];
        for (at, value) in &values {
            told[*at] = Some(exact(*value));
        }
        let area = (values.len() > 1).then(|| {
            let x = |at: usize| length(window.x(at) * 1000.0);
            let zero = length(HEIGHT);
            format!("{},{zero} {line} {},{zero}", x(first.0), x(last.0))
        });
        let plot = Plot {
            id: self.id,
            title: &title,
            description: &description,
            window: &window,
            scale: &scale,
            events: &events,
            lines: html! {
                @if let Some(area) = &area { polygon.area points=(area) {} }
                polyline.line points=(line) vector-effect="non-scaling-stroke" fill="none" {}
            },
            over: over(&window, &scale, above, first, peak, last),
            end: html! { text.last x="9" y=(length(above + scale.y(last.1))) dy="4" { (compact(last.1)) } },
            told,
        };
        figure(
            "trend",
            self.id,
            &title,
            &plot.draw(),
            &[],
            &self.table(&events),
        )
    }

    /// What was recorded in the window, newest first.
    fn table(&self, events: &Events<'_>) -> Table<'static> {
        let window = Window::new(self.to, self.days);
        let mut points: Vec<(Date, f64)> = self
            .points
            .iter()
            .filter(|point| point.day >= window.day(0) && point.day <= self.to)
            .filter_map(|point| Some((point.day, known(point.value)?)))
            .collect();
        points.sort_by_key(|(day, _)| *day);
        points.reverse();
        points.dedup_by_key(|(day, _)| *day);
        Table {
            heads: if events.any() {
                &["Day", "Value", "Event"]
            } else {
                &["Day", "Value"]
            },
            rows: points
                .into_iter()
                .map(|(day, value)| {
                    let mut row = vec![Cell::text(full_day(day)), Cell::number(exact(value))];
                    if events.any() {
                        row.push(Cell::text(events.on(day)));
                    }
                    row
                })
                .collect(),
        }
    }
}

/// What fills a line that has no day yet.
pub(super) const NOTHING: &str =
    "The line begins with the first push: each day on which something changes adds a point.";

/// The sentence over a line.
pub(super) fn title(subject: Subject<'_>, window: &Window, values: &[(usize, f64)]) -> String {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return format!("No {} on record yet", crate::plain::safe(subject.name));
    };
    let (start, end) = (window.day(first.0), window.day(last.0));
    // A whole window is called by its length: the ninety days that were asked for.
    let days = if first.0 == 0 && window.days > 1 {
        window.days
    } else {
        last.0 - first.0
    };
    course(subject, first.1, last.1, days, &since(start, end))
}

/// The points that are told, each with its number where there is room.
fn over(
    window: &Window,
    scale: &Scale,
    above: f64,
    first: (usize, f64),
    peak: (usize, f64),
    last: (usize, f64),
) -> Markup {
    let place = |(at, value): (usize, f64)| (window.x(at), above + scale.y(value));
    let mut room = Room::default();
    let (first_at, peak_at, last_at) = (place(first), place(peak), place(last));
    room.mark(last_at.0, last_at.1, 6.0);
    let spots = |(x, y): (f64, f64), up: bool| {
        let spot = |anchor, y: f64| Spot {
            x,
            dx: 0.0,
            y,
            anchor,
        };
        let mut spots = vec![];
        for anchor in [Anchor::Middle, Anchor::Start, Anchor::End] {
            spots.push(spot(anchor, y - 7.0));
        }
        if !up && y + 17.0 < above + HEIGHT {
            spots.push(spot(Anchor::Start, y + 17.0));
        }
        spots
    };
    let shows_peak = peak.0 != first.0 && peak.1 > last.1 && peak.1 > first.1;
    let peak_text = format!("{} on {}", compact(peak.1), short_day(window.day(peak.0)));
    let peak_label = shows_peak
        .then(|| room.place(&peak_text, &spots(peak_at, true)))
        .flatten();
    let first_text = compact(first.1);
    let first_label = (first.0 != last.0)
        .then(|| room.place(&first_text, &spots(first_at, false)))
        .flatten();
    let label = |text: &str, (spot, wide): (Spot, bool)| {
        html! { text.label.wide[wide] x=(percent(spot.x)) dx=(length(spot.dx)) y=(length(spot.y)) text-anchor=(spot.anchor.as_str()) { (text) } }
    };
    let dot = |(x, y): (f64, f64)| html! { circle.dot cx=(percent(x)) cy=(length(y)) r="3" {} };
    html! {
        @if let Some(placed) = first_label { (dot(first_at)) (label(&first_text, placed)) }
        @if let Some(placed) = peak_label { (dot(peak_at)) (label(&peak_text, placed)) }
        (dot(last_at))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::chart::testing::{points, xml};

    fn trend(points: &[Point], days: u16) -> Trend<'_> {
        Trend {
            id: "t",
            subject: Subject::OPEN_RISK,
            to: date(2026, 11, 24),
            days,
            points,
            events: &[],
        }
    }

    #[test]
    fn the_title_says_what_happened() {
        let day = |month, day, value| Point {
            day: date(2026, month, day),
            value,
        };
        let first = day(8, 27, 60.0);
        for (last, want) in [
            (40.0, "Open risk fell by a third since August"),
            (60.0, "Open risk is as it was 90 days ago"),
            (67.2, "Open risk rose by 12 % since August"),
            (0.0, "Open risk fell from 60 to zero since August"),
        ] {
            let points = [day(11, 20, last), first];
            assert_eq!(trend(&points, 90).title(), want);
        }
        assert_eq!(trend(&[], 90).title(), "No open risk on record yet");
        assert_eq!(
            trend(&[day(11, 24, 7.0)], 90).title(),
            "Open risk is 7 on the first day on record"
        );
        assert_eq!(
            trend(&[day(11, 20, 8.0), day(11, 23, 6.0)], 90).title(),
            "Open risk fell by a quarter since 20 November"
        );
    }

    #[test]
    fn what_is_not_a_number_is_not_recorded() {
        let odd = [f64::NAN, f64::INFINITY, -4.0].map(|value| Point {
            day: date(2026, 11, 20),
            value,
        });
        assert_eq!(trend(&odd, 90).title(), "No open risk on record yet");
        assert!(trend(&odd, 90).draw().into_string().contains("first push"));
    }

    #[test]
    fn first_peak_and_last_are_told() {
        let points = points(90);
        let drawn = trend(&points, 90).draw().into_string();
        xml(&drawn);
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }

    #[test]
    fn the_longest_window_is_bounded() {
        let points = points(600);
        let drawn = trend(&points, u16::MAX).draw().into_string();
        xml(&drawn);
        assert_eq!(
            drawn.matches("<tr>").count(),
            551,
            "a row a day and the head"
        );
        // Each day under the pointer only where there are few.
        assert_eq!(drawn.matches("<rect").count(), 0);
    }

    #[test]
    fn events_are_marked_and_told() {
        let points = points(90);
        let events = [
            Event {
                day: date(2026, 10, 1),
                text: "Policy 3 <b>".into(),
            },
            Event {
                day: date(2020, 1, 1),
                text: "long ago".into(),
            },
        ];
        let drawn = Trend {
            events: &events,
            ..trend(&points, 90)
        }
        .draw()
        .into_string();
        xml(&drawn);
        assert!(drawn.contains("<title>1 Oct 2026: Policy 3 &lt;b&gt;</title>"));
        assert!(!drawn.contains("long ago"));
    }
}
