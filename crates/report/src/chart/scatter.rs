//! How bad against how likely: CVSS up, EPSS to the right.
//!
//! EPSS is spread by its logarithm: most probabilities are below one per cent, and they would all stand on the left edge.

use maud::{Markup, html};
use stanchion_model::cvss::Severity;

use super::frame::{Cell, Table, address, empty, figure, length, part, percent};
use super::labels::{Anchor, Room, Spot};
use super::severity::{WORST_FIRST, shape};
use super::words::{exact, label, whole};
use crate::plain;

/// Most points that are drawn.
const MOST: usize = 300;
/// Most points that get a label.
const LABELS: usize = 12;
/// Pixels for ten points of CVSS.
const HEIGHT: f64 = 260.0;
/// Room above for points at the top.
const ABOVE: f64 = 22.0;
/// Room below for the shares.
const BELOW: f64 = 24.0;
/// The lowest probability that is told apart; what is below stands on the left edge.
const LEAST: f64 = 0.000_1;
/// From where on exploitation counts as likely, and a score as severe.
const LIKELY: f64 = 0.1;
const SEVERE: f64 = 7.0;

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Its id, and where it is if that helps.
    pub label: String,
    /// Probability, 0-1.
    pub epss: Option<f64>,
    /// Score, 0-10.
    pub cvss: Option<f64>,
    /// Gives the shape.
    pub severity: Severity,
    /// In CISA's KEV, or known otherwise to be exploited.
    pub exploited: bool,
    /// Where it leads.
    pub href: Option<String>,
}

/// Findings by CVSS and EPSS.
#[derive(Clone, Copy, Debug)]
pub struct Scatter<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// In any order. The 300 worst are drawn.
    pub dots: &'a [Dot],
    /// Findings that the caller left out of the list; counted in the text with those that are not drawn.
    pub left_out: u64,
}

/// A dot with both numbers.
#[derive(Clone, Copy)]
struct Placed<'a> {
    dot: &'a Dot,
    epss: f64,
    cvss: f64,
}

impl Placed<'_> {
    fn x(&self) -> f64 {
        x(self.epss)
    }

    fn y(&self) -> f64 {
        y(self.cvss)
    }

    fn in_corner(&self) -> bool {
        self.epss >= LIKELY && self.cvss >= SEVERE
    }

    fn told(&self) -> String {
        format!(
            "{}: CVSS {:.1}, EPSS {}, {}{}",
            whole(&self.dot.label),
            self.cvss,
            plain::percent(self.epss),
            match self.dot.severity {
                Severity::None => "without severity",
                severity => severity.as_str(),
            },
            if self.dot.exploited {
                ", known to be exploited"
            } else {
                ""
            }
        )
    }
}

/// Share of the width.
fn x(epss: f64) -> f64 {
    1.0 - epss.clamp(LEAST, 1.0).log10() / LEAST.log10()
}

/// Pixels from the top.
fn y(cvss: f64) -> f64 {
    ABOVE + HEIGHT * (1.0 - cvss / 10.0)
}

impl Scatter<'_> {
    /// Those with both numbers, worst first: exploited ones, then by how much of the upper right they take.
    fn placed(&self) -> Vec<Placed<'_>> {
        let within =
            |value: Option<f64>, most: f64| value.filter(|value| (0.0..=most).contains(value));
        let mut placed: Vec<Placed<'_>> = self
            .dots
            .iter()
            .filter_map(|dot| {
                Some(Placed {
                    dot,
                    epss: within(dot.epss, 1.0)?,
                    cvss: within(dot.cvss, 10.0)?,
                })
            })
            .collect();
        let weight = |one: &Placed<'_>| one.x() * one.cvss;
        placed.sort_by(|a, b| {
            b.dot
                .exploited
                .cmp(&a.dot.exploited)
                .then(weight(b).total_cmp(&weight(a)))
                .then_with(|| a.dot.label.cmp(&b.dot.label))
        });
        placed
    }

    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        title(&self.placed())
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let placed = self.placed();
        let title = title(&placed);
        let unplaced = self.dots.len() - placed.len();
        if placed.is_empty() {
            let next = if unplaced == 0 {
                "Findings stand here once they have a CVSS score and an EPSS probability.".into()
            } else {
                unplaced_told(unplaced)
            };
            return empty("scatter", self.id, &title, &next);
        }
        let drawn = &placed[..placed.len().min(MOST)];
        let height = length(ABOVE + HEIGHT + BELOW);
        let (name, description) = (part(self.id, "title"), part(self.id, "desc"));
        let picture = html! {
            div.plot {
                svg.ticks width="84" height=(height) aria-hidden="true" {
                    text x="0" y="11" { "CVSS" }
                    @for (severity, from, to) in BANDS {
                        @let middle = y(f64::midpoint(from, to));
                        svg x="8" y=(length(middle)) overflow="visible" { (shape(severity)) }
                        text x="18" y=(length(middle + 4.0)) { (severity.as_str()) }
                    }
                    @for tick in [0.0, 4.0, 7.0, 9.0, 10.0] { text x="78" y=(length(y(tick) + 4.0)) text-anchor="end" { (exact(tick)) } }
                }
                svg.drawing width="100%" height=(height) role="img" aria-labelledby={ (name) " " (description) } {
                    title #(name) { (title) }
                    desc #(description) { "CVSS from 0 to 10 upwards, EPSS from 0.01 % to 100 % to the right on a logarithmic scale. The table below has each point." }
                    rect.corner x=(percent(x(LIKELY))) y=(length(y(10.0))) width=(percent(1.0 - x(LIKELY))) height=(length(y(SEVERE) - y(10.0))) {}
                    @for tick in [0.0, 4.0, 7.0, 9.0] { line.grid.base[tick == 0.0] x1="0" x2="100%" y1=(length(y(tick))) y2=(length(y(tick))) {} }
                    @for (tick, text, wide) in SHARES {
                        line.grid x1=(percent(x(tick))) x2=(percent(x(tick))) y1=(length(y(10.0))) y2=(length(y(0.0))) {}
                        text.axis.wide[wide] x=(percent(x(tick))) y=(length(y(0.0) + 18.0)) text-anchor=(if tick <= LEAST { "start" } else if tick >= 1.0 { "end" } else { "middle" }) { (text) }
                    }
                    text.axis x="100%" y="11" text-anchor="end" { "severe and likely" }
                    // The worst last, so that they lie on top.
                    @for one in drawn.iter().rev() { (point(one)) }
                    (labels(drawn))
                }
            }
            p.axis { "EPSS: probability of exploitation within 30 days, on a logarithmic scale." }
        };
        figure(
            "scatter",
            self.id,
            &title,
            &picture,
            &self.notes(&placed, unplaced),
            &table(drawn),
        )
    }

    fn notes(&self, placed: &[Placed<'_>], unplaced: usize) -> Vec<String> {
        let mut notes = Vec::new();
        if placed.iter().take(MOST).any(|one| one.dot.exploited) {
            notes.push("A ring: known to be exploited.".into());
        }
        if placed
            .iter()
            .take(MOST)
            .any(|one| one.dot.severity == Severity::None)
        {
            notes.push("A hollow point: without severity.".into());
        }
        let more = (placed.len().saturating_sub(MOST) as u64).saturating_add(self.left_out);
        if more > 0 {
            notes.push(format!(
                "{} drawn; {} less urgent {} not.",
                exact(placed.len().min(MOST) as f64),
                exact(more as f64),
                if more == 1 { "one is" } else { "ones are" }
            ));
        }
        if unplaced > 0 {
            notes.push(unplaced_told(unplaced));
        }
        notes
    }
}

fn unplaced_told(unplaced: usize) -> String {
    format!(
        "{} not drawn: no source gives both a CVSS score and an EPSS probability.",
        if unplaced == 1 {
            "1 is".into()
        } else {
            format!("{} are", exact(unplaced as f64))
        }
    )
}

/// Shares told below the drawing, and whether on a wide page only.
const SHARES: [(f64, &str, bool); 5] = [
    (LEAST, "0.01 %", false),
    (0.001, "0.1 %", true),
    (0.01, "1 %", false),
    (0.1, "10 %", true),
    (1.0, "100 %", false),
];

/// Bands of CVSS with the names of their severities.
const BANDS: [(Severity, f64, f64); 4] = [
    (WORST_FIRST[0], 9.0, 10.0),
    (WORST_FIRST[1], 7.0, 9.0),
    (WORST_FIRST[2], 4.0, 7.0),
    (WORST_FIRST[3], 0.0, 4.0),
];

fn title(placed: &[Placed<'_>]) -> String {
    let all = placed.len();
    let corner = placed.iter().filter(|one| one.in_corner()).count();
    let exploited = placed.iter().filter(|one| one.dot.exploited).count();
    let number = |number: usize| exact(number as f64);
    let first = match (corner, all) {
        (_, 0) => return "No finding has both a CVSS score and an EPSS probability".into(),
        (0, 1) => "The one finding is not both severe and likely to be exploited".into(),
        (0, all) => format!(
            "None of {} findings is both severe and likely to be exploited",
            number(all)
        ),
        (1, 1) => "The one finding is severe and likely to be exploited".into(),
        (1, all) => format!(
            "1 of {} findings is severe and likely to be exploited",
            number(all)
        ),
        (corner, all) if corner == all => {
            format!(
                "All {} findings are severe and likely to be exploited",
                number(all)
            )
        }
        (corner, all) => format!(
            "{} of {} findings are severe and likely to be exploited",
            number(corner),
            number(all)
        ),
    };
    match exploited {
        0 => first,
        1 => format!("{first}; 1 is known to be exploited"),
        exploited => format!("{first}; {} are known to be exploited", number(exploited)),
    }
}

fn point(one: &Placed<'_>) -> Markup {
    let inside = html! {
        title { (one.told()) }
        svg.point x=(percent(one.x())) y=(length(one.y())) overflow="visible" {
            @if one.dot.exploited { circle.ring r="9" {} }
            (shape(one.dot.severity))
        }
    };
    html! {
        @match one.dot.href.as_deref().and_then(address) {
            Some(href) => a href=(href) tabindex="-1" { (inside) },
            None => g { (inside) },
        }
    }
}

/// Names of the worst few in the corner and of those that are exploited, where they have room.
fn labels(drawn: &[Placed<'_>]) -> Markup {
    let mut room = Room::default();
    for one in drawn {
        room.mark(one.x(), one.y(), if one.dot.exploited { 9.0 } else { 4.5 });
    }
    let mut out = Vec::new();
    let corner = drawn.iter().filter(|one| one.in_corner());
    let others = drawn
        .iter()
        .filter(|one| one.dot.exploited && !one.in_corner());
    for one in corner.chain(others).take(LABELS) {
        let text = label(&one.dot.label, 22);
        let spot = |anchor, dx: f64, dy: f64| Spot {
            x: one.x(),
            dx,
            y: one.y() + dy,
            anchor,
        };
        let mut spots = vec![
            spot(Anchor::End, -13.0, 4.0),
            spot(Anchor::Start, 13.0, 4.0),
            spot(Anchor::Middle, 0.0, -13.0),
            spot(Anchor::Middle, 0.0, 22.0),
        ];
        // At the right edge a label in the middle would leave the drawing. Elsewhere one that only ends at its point
        // could be taken for that of another.
        if one.x() > 0.88 {
            spots.push(spot(Anchor::End, 6.0, -13.0));
            spots.push(spot(Anchor::End, 6.0, 22.0));
        }
        if let Some((spot, wide)) = room.place(&text, &spots) {
            out.push((text, spot, wide));
        }
    }
    html! {
        @for (text, spot, wide) in &out {
            text.label.wide[*wide] x=(percent(spot.x)) dx=(length(spot.dx)) y=(length(spot.y)) text-anchor=(spot.anchor.as_str()) { (text) }
        }
    }
}

fn table(drawn: &[Placed<'_>]) -> Table<'static> {
    Table {
        heads: &["Finding", "CVSS", "EPSS", "Severity", "Exploited"],
        rows: drawn
            .iter()
            .map(|one| {
                vec![
                    Cell::text(whole(&one.dot.label)).to(one.dot.href.as_deref()),
                    Cell::number(format!("{:.1}", one.cvss)),
                    Cell::number(plain::percent(one.epss)),
                    Cell::text(one.dot.severity.as_str()),
                    Cell::text(if one.dot.exploited {
                        "known"
                    } else {
                        "not known"
                    }),
                ]
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::testing::{dots, xml};

    fn dot(epss: f64, cvss: f64, exploited: bool) -> Dot {
        Dot {
            label: "CVE-2026-1".into(),
            epss: Some(epss),
            cvss: Some(cvss),
            severity: Severity::from_score(cvss),
            exploited,
            href: None,
        }
    }

    fn scatter(dots: &[Dot]) -> Scatter<'_> {
        Scatter {
            id: "x",
            dots,
            left_out: 0,
        }
    }

    #[test]
    fn the_title_counts_the_corner() {
        let (bad, idle) = (dot(0.5, 9.8, true), dot(0.001, 9.8, false));
        let likely = dot(0.2, 7.0, false);
        for (dots, want) in [
            (
                vec![],
                "No finding has both a CVSS score and an EPSS probability",
            ),
            (
                vec![bad.clone()],
                "The one finding is severe and likely to be exploited; 1 is known to be exploited",
            ),
            (
                vec![idle.clone(), idle.clone()],
                "None of 2 findings is both severe and likely to be exploited",
            ),
            (
                vec![idle.clone(), likely.clone()],
                "1 of 2 findings is severe and likely to be exploited",
            ),
            (
                vec![idle, likely, bad.clone(), bad],
                "3 of 4 findings are severe and likely to be exploited; 2 are known to be exploited",
            ),
        ] {
            assert_eq!(scatter(&dots).title(), want);
        }
    }

    #[test]
    fn the_worst_are_drawn_and_the_rest_counted() {
        let mut many: Vec<Dot> = (0..400).map(|_| dot(0.01, 5.0, false)).collect();
        many.push(dot(0.9, 9.9, true));
        many.push(Dot {
            epss: Some(f64::NAN),
            ..dot(0.0, 5.0, false)
        });
        let drawn = Scatter {
            left_out: 5,
            ..scatter(&many)
        }
        .draw()
        .into_string();
        xml(&drawn);
        assert_eq!(drawn.matches("class=\"point\"").count(), 300);
        assert!(drawn.contains("CVSS 9.9"));
        assert!(drawn.contains("300 drawn; 106 less urgent ones are not."));
        assert!(drawn.contains("1 is not drawn: no source gives both"));
    }

    #[test]
    fn small_probabilities_are_spread() {
        assert!((x(0.000_1)).abs() < 1e-9 && (x(1.0) - 1.0).abs() < 1e-9);
        assert!((x(0.01) - 0.5).abs() < 1e-9);
        assert!(x(0.0).abs() < 1e-9);
    }

    #[test]
    fn severe_and_likely_at_the_upper_right() {
        let dots = dots(12);
        let drawn = scatter(&dots).draw().into_string();
        xml(&drawn);
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }
}
