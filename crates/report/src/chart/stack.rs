//! Findings over days by severity: areas on top of each other, the worst at the bottom, where the zero line holds it.

use jiff::civil::Date;
use maud::{Markup, html};

use super::frame::{Cell, Table, empty, figure, length, percent};
use super::labels::apart;
use super::plot::{Event, Events, HEIGHT, Plot, Scale, Window, outline};
use super::severity::{BySeverity, WORST_FIRST, class, letter};
use super::trend::{NOTHING, title};
use super::words::{Subject, compact, exact, full_day, size};

/// Counts on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// The day.
    pub day: Date,
    /// How many, by severity.
    pub counts: BySeverity<u64>,
}

/// Open findings over days, by severity.
#[derive(Clone, Copy, Debug)]
pub struct Stack<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// What is counted.
    pub subject: Subject<'a>,
    /// The last day drawn, today as a rule.
    pub to: Date,
    /// How many days are drawn, at most 550.
    pub days: u16,
    /// In any order; days without one keep the last counts.
    pub points: &'a [Counts],
    /// Marked on the areas.
    pub events: &'a [Event],
}

type Filled = Vec<(usize, BySeverity<u64>)>;

fn total(counts: &BySeverity<u64>) -> f64 {
    counts.each().map(|(_, count)| size(*count)).sum()
}

impl Stack<'_> {
    fn filled(&self) -> (Window, Filled) {
        let window = Window::new(self.to, self.days);
        let values = window
            .filled(self.points.iter().map(|point| (point.day, point.counts)))
            .into_iter()
            .enumerate()
            .filter_map(|(at, counts)| Some((at, counts?)))
            .collect();
        (window, values)
    }

    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        let (window, values) = self.filled();
        self.title_of(&window, &values)
    }

    fn title_of(&self, window: &Window, values: &Filled) -> String {
        let totals: Vec<(usize, f64)> = values
            .iter()
            .map(|(at, counts)| (*at, total(counts)))
            .collect();
        let course = title(self.subject, window, &totals);
        let Some((_, last)) = values.last() else {
            return course;
        };
        match last.critical {
            _ if total(last) == 0.0 => course,
            0 => format!("{course}; none is critical"),
            1 => format!("{course}; 1 is critical"),
            critical => format!("{course}; {} are critical", exact(size(critical))),
        }
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let (window, values) = self.filled();
        let title = self.title_of(&window, &values);
        let Some((last_at, last)) = values.last().copied() else {
            return empty("stack", self.id, &title, NOTHING);
        };
        let scale = Scale::new(
            values
                .iter()
                .map(|(_, counts)| total(counts))
                .fold(0.0, f64::max),
        );
        let events = Events::new(&window, self.events);
        let above = events.above();
        let description = format!(
            "On {}: {}.{}",
            full_day(window.day(last_at)),
            told(&last),
            events.told()
        );
        let mut hints = vec![None; window.days];
        for (at, counts) in &values {
            hints[*at] = Some(told(counts));
        }
        let plot = Plot {
            id: self.id,
            title: &title,
            description: &description,
            window: &window,
            scale: &scale,
            events: &events,
            lines: areas(&window, &scale, &values),
            over: html! {
                @let (x, y) = (window.x(last_at), above + scale.y(total(&last)));
                circle.dot cx=(percent(x)) cy=(length(y)) r="2.5" {}
                text.label.last x=(percent(x)) y=(length(y - 8.0)) text-anchor="end" { (compact(total(&last))) }
            },
            end: ends(&last, &scale, above),
            told: hints,
        };
        figure(
            "stack",
            self.id,
            &title,
            &plot.draw(),
            &[],
            &self.table(&window, &events),
        )
    }

    fn table(&self, window: &Window, events: &Events<'_>) -> Table<'static> {
        let mut points: Vec<&Counts> = self
            .points
            .iter()
            .filter(|point| point.day >= window.day(0) && point.day <= self.to)
            .collect();
        points.sort_by_key(|point| point.day);
        points.reverse();
        points.dedup_by_key(|point| point.day);
        Table {
            heads: &[
                "Day", "Critical", "High", "Medium", "Low", "None", "All", "Event",
            ][..if events.any() { 8 } else { 7 }],
            rows: points
                .into_iter()
                .map(|point| {
                    let mut row = vec![Cell::text(full_day(point.day))];
                    row.extend(
                        point
                            .counts
                            .each()
                            .map(|(_, count)| Cell::number(exact(size(*count)))),
                    );
                    row.push(Cell::number(exact(total(&point.counts))));
                    if events.any() {
                        row.push(Cell::text(events.on(point.day)));
                    }
                    row
                })
                .collect(),
        }
    }
}

/// `4 critical, 18 high`: only what there is.
fn told(counts: &BySeverity<u64>) -> String {
    let parts: Vec<String> = counts
        .each()
        .filter(|(_, count)| **count > 0)
        .map(|(severity, count)| match severity {
            stanchion_model::cvss::Severity::None => {
                format!("{} without severity", exact(size(*count)))
            }
            severity => format!("{} {}", exact(size(*count)), severity.as_str()),
        })
        .collect();
    if parts.is_empty() {
        "none open".into()
    } else {
        parts.join(", ")
    }
}

fn areas(window: &Window, scale: &Scale, values: &Filled) -> Markup {
    let mut floor: Vec<(usize, f64)> = values.iter().map(|(at, _)| (*at, 0.0)).collect();
    let mut areas = Vec::new();
    for severity in WORST_FIRST {
        let roof: Vec<(usize, f64)> = floor
            .iter()
            .zip(values)
            .map(|((at, below), (_, counts))| (*at, below + size(*counts.of(severity))))
            .collect();
        if roof != floor {
            let mut back = floor.clone();
            back.reverse();
            areas.push((
                severity,
                format!(
                    "{} {}",
                    outline(window, &roof, scale),
                    outline(window, &back, scale)
                ),
            ));
        }
        floor = roof;
    }
    html! {
        @for (severity, points) in &areas { polygon.band.(class(*severity)) points=(points) vector-effect="non-scaling-stroke" {} }
    }
}

/// Letter and count beside each area's end.
fn ends(last: &BySeverity<u64>, scale: &Scale, above: f64) -> Markup {
    let mut floor = 0.0;
    let mut labels = Vec::new();
    for (severity, count) in last.each().filter(|(_, count)| **count > 0) {
        let roof = floor + size(*count);
        labels.push((
            severity,
            *count,
            above + scale.y(f64::midpoint(floor, roof)) + 4.0,
        ));
        floor = roof;
    }
    let lines: Vec<f64> = labels.iter().map(|(.., y)| *y).collect();
    let lines = apart(&lines, above + 4.0, above + HEIGHT + 2.0);
    html! {
        @for ((severity, count, _), y) in labels.iter().zip(&lines) {
            rect.(class(*severity)) x="7" y=(length(y - 9.5)) width="4" height="11" {}
            text x="16" y=(length(*y)) { tspan.letter { (letter(*severity)) } " " (compact(size(*count))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::chart::testing::{counts, xml};

    fn stack(points: &[Counts]) -> Stack<'_> {
        Stack {
            id: "s",
            subject: Subject::OPEN_FINDINGS,
            to: date(2026, 11, 24),
            days: 30,
            points,
            events: &[],
        }
    }

    #[test]
    fn the_title_has_the_critical_ones() {
        let on = |day, critical, low| Counts {
            day: date(2026, 11, day),
            counts: BySeverity {
                critical,
                low,
                ..BySeverity::default()
            },
        };
        for (last, want) in [
            (
                on(24, 0, 0),
                "Open findings fell from 12 to zero since 3 November",
            ),
            (
                on(24, 0, 6),
                "Open findings fell by half since 3 November; none is critical",
            ),
            (
                on(24, 1, 8),
                "Open findings fell by a quarter since 3 November; 1 is critical",
            ),
            (
                on(24, 1200, 0),
                "Open findings rose from 12 to 1.2 k since 3 November; 1,200 are critical",
            ),
        ] {
            assert_eq!(stack(&[on(3, 4, 8), last]).title(), want);
        }
        assert_eq!(stack(&[]).title(), "No open findings on record yet");
    }

    #[test]
    fn areas_stand_on_each_other() {
        let points = counts(30);
        let drawn = stack(&points).draw().into_string();
        xml(&drawn);
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }

    #[test]
    fn counts_without_end_stay_in_the_picture() {
        let most = BySeverity {
            critical: u64::MAX,
            high: u64::MAX,
            medium: u64::MAX,
            low: u64::MAX,
            none: u64::MAX,
        };
        let drawn = stack(&[Counts {
            day: date(2026, 11, 24),
            counts: most,
        }])
        .draw()
        .into_string();
        xml(&drawn);
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"));
    }
}
