//! What the lines over days share: the window, the scale, the months below, the events.
//!
//! The picture is as wide as its place. Lines stretch with it; text keeps its size, since it stands in an outer drawing
//! whose places are shares of the width.

use jiff::SignedDuration;
use jiff::civil::Date;
use maud::{Markup, html};

use super::frame::{length, part, percent};
use super::labels::{Anchor, Room, Spot};
use super::words::{between, compact, full_day, label, short_day, short_month, whole};

/// Most days that are drawn.
pub(super) const MOST_DAYS: u16 = 550;
/// Most events that are drawn.
const MOST_EVENTS: usize = 40;
/// Height of the drawing itself, in pixels.
pub(super) const HEIGHT: f64 = 150.0;
/// Room above it for the label of the highest point.
const ABOVE: f64 = 20.0;
/// Height of a row of event texts.
const ROW: f64 = 15.0;
/// Room below for the months.
const BELOW: f64 = 22.0;
/// Width of the stretched drawing in its own units.
const UNITS: f64 = 1000.0;
/// Days up to which each day has its own number under the pointer.
const POINTED: usize = 120;

/// Something that happened, to be marked on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub day: Date,
    /// A few words.
    pub text: String,
}

/// The days that are drawn.
#[derive(Clone, Copy)]
pub(super) struct Window {
    start: Date,
    pub(super) days: usize,
}

impl Window {
    pub(super) fn new(to: Date, days: u16) -> Self {
        let days = days.clamp(1, MOST_DAYS);
        let start = to.saturating_sub(SignedDuration::from_hours(24 * (i64::from(days) - 1)));
        Self {
            start,
            days: usize::from(days),
        }
    }

    /// The day at a place in the window.
    pub(super) fn day(&self, at: usize) -> Date {
        let hours = i64::try_from(at).unwrap_or(0).saturating_mul(24);
        self.start.saturating_add(SignedDuration::from_hours(hours))
    }

    /// The place of a day; none outside.
    fn at(&self, day: Date) -> Option<usize> {
        usize::try_from(between(self.start, day))
            .ok()
            .filter(|at| *at < self.days)
    }

    /// The share of the width at which a place is.
    pub(super) fn x(&self, at: usize) -> f64 {
        if self.days < 2 {
            1.0
        } else {
            at as f64 / (self.days - 1) as f64
        }
    }

    /// A value for each day: where nothing was recorded the last one before holds on. Days before the first are empty.
    pub(super) fn filled<T: Copy>(
        &self,
        points: impl Iterator<Item = (Date, T)>,
    ) -> Vec<Option<T>> {
        let mut points: Vec<(Date, T)> = points.collect();
        points.sort_by_key(|(day, _)| *day);
        let mut out = vec![None; self.days];
        for (day, value) in points {
            if day < self.start {
                out[0] = Some(value);
            } else if let Some(at) = self.at(day) {
                out[at] = Some(value);
            }
        }
        for at in 1..out.len() {
            if out[at].is_none() {
                out[at] = out[at - 1];
            }
        }
        out
    }
}

/// A scale from zero to a round number.
pub(super) struct Scale {
    top: f64,
    ticks: Vec<f64>,
}

impl Scale {
    pub(super) fn new(most: f64) -> Self {
        if most <= 0.0 {
            return Self {
                top: 1.0,
                ticks: vec![0.0],
            };
        }
        // Lines at a third or less of the whole; below that nothing is written so finely.
        let raw = (most / 3.0).max(1e-3);
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            // A half of a finding does not exist.
            .find(|step| *step >= raw && (most < 3.0 || step.fract().abs() < 1e-9))
            .unwrap_or(10.0 * power)
            .max(if most >= 3.0 { 1.0 } else { 0.0 });
        let mut ticks = vec![0.0];
        for at in 1..=4u8 {
            if step * f64::from(at - 1) < most {
                ticks.push(step * f64::from(at));
            }
        }
        Self {
            top: ticks.last().copied().unwrap_or(1.0),
            ticks,
        }
    }

    /// Pixels from the top of the drawing.
    pub(super) fn y(&self, value: f64) -> f64 {
        HEIGHT * (1.0 - (value / self.top).clamp(0.0, 1.0))
    }
}

/// An event with its place.
struct Placed<'a> {
    event: &'a Event,
    x: f64,
    text: Option<(String, Spot, bool)>,
}

/// The events above a plot, and how much room they take.
pub(super) struct Events<'a> {
    placed: Vec<Placed<'a>>,
    rows: f64,
}

impl<'a> Events<'a> {
    pub(super) fn new(window: &Window, events: &'a [Event]) -> Self {
        let mut inside: Vec<(usize, &Event)> = events
            .iter()
            .filter_map(|event| Some((window.at(event.day)?, event)))
            .collect();
        inside.sort_by_key(|(at, _)| *at);
        let mut room = Room::default();
        let mut rows: f64 = 0.0;
        let placed = inside
            .into_iter()
            .take(MOST_EVENTS)
            .map(|(at, event)| {
                let x = window.x(at);
                let text = label(&event.text, 24);
                let spots: Vec<Spot> = [0.0, 1.0]
                    .into_iter()
                    .flat_map(|row| {
                        [(Anchor::Start, -1.0), (Anchor::End, 1.0)].map(|(anchor, dx)| Spot {
                            x,
                            dx,
                            y: row * ROW + 11.0,
                            anchor,
                        })
                    })
                    .collect();
                let text = room.place(&text, &spots).map(|(spot, wide)| {
                    rows = rows.max(if spot.y > ROW { 2.0 } else { 1.0 });
                    (text, spot, wide)
                });
                Placed { event, x, text }
            })
            .collect();
        Self { placed, rows }
    }

    /// Pixels above the drawing.
    pub(super) fn above(&self) -> f64 {
        ABOVE + self.rows * ROW
    }

    fn draw(&self) -> Markup {
        let bottom = self.above() + HEIGHT;
        html! {
            @for Placed { event, x, text } in &self.placed {
                g.event {
                    title { (full_day(event.day)) ": " (whole(&event.text)) }
                    @let top = text.as_ref().map_or(self.above() - 8.0, |(_, spot, _)| spot.y + 4.0);
                    line x1=(percent(*x)) x2=(percent(*x)) y1=(length(top)) y2=(length(bottom)) {}
                    @if let Some((text, spot, wide)) = text {
                        text.wide[*wide] x=(percent(*x)) dx=(length(spot.dx)) y=(length(spot.y)) text-anchor=(spot.anchor.as_str()) { (text) }
                    }
                }
            }
        }
    }

    /// In words, for those who do not see the picture.
    pub(super) fn told(&self) -> String {
        self.placed.iter().fold(String::new(), |told, placed| {
            format!(
                "{told} {}: {}.",
                full_day(placed.event.day),
                whole(&placed.event.text)
            )
        })
    }

    /// What happened on a day.
    pub(super) fn on(&self, day: Date) -> String {
        let texts: Vec<String> = self
            .placed
            .iter()
            .filter(|placed| placed.event.day == day)
            .map(|placed| whole(&placed.event.text))
            .collect();
        texts.join("; ")
    }

    pub(super) fn any(&self) -> bool {
        !self.placed.is_empty()
    }
}

/// All that a plot shows.
pub(super) struct Plot<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) window: &'a Window,
    pub(super) scale: &'a Scale,
    pub(super) events: &'a Events<'a>,
    /// Lines and areas, in units of the stretched drawing.
    pub(super) lines: Markup,
    /// What stands over them at its own size.
    pub(super) over: Markup,
    /// To the right of the last day.
    pub(super) end: Markup,
    /// What the pointer is told of each day.
    pub(super) told: Vec<Option<String>>,
}

impl Plot<'_> {
    pub(super) fn draw(&self) -> Markup {
        let above = self.events.above();
        let height = length(above + HEIGHT + BELOW);
        let y = |value: f64| length(above + self.scale.y(value));
        let (title, description) = (part(self.id, "title"), part(self.id, "desc"));
        html! {
            div.plot {
                svg.ticks width="40" height=(height) aria-hidden="true" {
                    @for tick in &self.scale.ticks {
                        text x="33" y=(y(*tick)) dy="4" text-anchor="end" { (compact(*tick)) }
                    }
                }
                svg.drawing width="100%" height=(height) role="img" aria-labelledby={ (title) " " (description) } {
                    title #(title) { (self.title) }
                    desc #(description) { (self.description) }
                    @for tick in &self.scale.ticks {
                        line.grid.base[*tick == 0.0] x1="0" x2="100%" y1=(y(*tick)) y2=(y(*tick)) {}
                    }
                    svg x="0" y=(length(above)) width="100%" height=(length(HEIGHT)) viewBox={ "0 0 " (length(UNITS)) " " (length(HEIGHT)) } preserveAspectRatio="none" overflow="visible" {
                        (self.lines)
                    }
                    (self.months())
                    (self.events.draw())
                    (self.over)
                    (self.pointed())
                }
                svg.ends width="58" height=(height) aria-hidden="true" { (self.end) }
            }
        }
    }

    /// Names of the months below, as many as have room on a phone; days where there are few.
    fn months(&self) -> Markup {
        let below = self.events.above() + HEIGHT;
        let places: Vec<usize> = if self.window.days < 45 {
            let every = self.window.days.div_ceil(5).max(1);
            (0..self.window.days).rev().step_by(every).collect()
        } else {
            (0..self.window.days)
                .filter(|at| self.window.day(*at).day() == 1)
                .collect()
        };
        let every = if self.window.days < 45 {
            1
        } else {
            [1, 2, 3, 6, 12]
                .into_iter()
                .find(|every| places.len() <= 6 * every)
                .unwrap_or(12)
        };
        html! {
            @for at in places {
                @let (day, x) = (self.window.day(at), percent(self.window.x(at)));
                line.tick x1=(x) x2=(x) y1=(length(below)) y2=(length(below + 4.0)) {}
                @if self.window.days < 45 {
                    text.axis x=(x) y=(length(below + 18.0)) text-anchor="middle" { (short_day(day)) }
                } @else if (usize::try_from(day.month()).unwrap_or(1) - 1).is_multiple_of(every) {
                    text.axis x=(x) y=(length(below + 18.0)) text-anchor="middle" {
                        @if day.month() == 1 { (day.year()) } @else { (short_month(day)) }
                    }
                }
            }
        }
    }

    /// A field over each day that tells its number under the pointer.
    fn pointed(&self) -> Markup {
        let days = self.window.days;
        if !(2..=POINTED).contains(&days) {
            return html! {};
        }
        let step = 1.0 / (days - 1) as f64;
        html! {
            @for (at, text) in self.told.iter().enumerate() {
                @if let Some(text) = text {
                    rect.day x=(percent((at as f64 - 0.5) * step)) y=(length(self.events.above())) width=(percent(step)) height=(length(HEIGHT)) {
                        title { (full_day(self.window.day(at))) ": " (text) }
                    }
                }
            }
        }
    }
}

/// The outline of values over days, in units of the stretched drawing, from the first known day on: `0,12 10,13`.
pub(super) fn outline(window: &Window, values: &[(usize, f64)], scale: &Scale) -> String {
    let points: Vec<String> = values
        .iter()
        .map(|(at, value)| {
            format!(
                "{},{}",
                length(window.x(*at) * UNITS),
                length(scale.y(*value))
            )
        })
        .collect();
    points.join(" ")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_scale_begins_at_zero_and_ends_at_a_round_number() {
        for (most, want) in [
            (0.0, vec![0.0]),
            (1.0, vec![0.0, 0.5, 1.0]),
            (3.0, vec![0.0, 1.0, 2.0, 3.0]),
            (5.0, vec![0.0, 2.0, 4.0, 6.0]),
            (64.0, vec![0.0, 25.0, 50.0, 75.0]),
            (7_012.0, vec![0.0, 2_500.0, 5_000.0, 7_500.0]),
        ] {
            assert_eq!(Scale::new(most).ticks, want, "{most}");
        }
        for most in [1e-9, 0.4, 1e15] {
            let scale = Scale::new(most);
            assert!(
                scale.top >= most && scale.ticks.len() <= 5,
                "{:?}",
                scale.ticks
            );
        }
    }

    #[test]
    fn days_without_a_record_keep_the_last_value() {
        let window = Window::new(date(2026, 11, 24), 5);
        let day = |day| date(2026, 11, day);
        assert_eq!(
            window.filled([(day(23), 3), (day(21), 1), (day(30), 9)].into_iter()),
            [None, Some(1), Some(1), Some(3), Some(3)]
        );
        assert_eq!(
            window.filled([(day(1), 7), (day(2), 8)].into_iter()),
            [Some(8); 5]
        );
        assert_eq!(Window::new(Date::MIN, 90).day(0), Date::MIN);
        assert_eq!(Window::new(day(24), 0).days, 1);
    }
}
