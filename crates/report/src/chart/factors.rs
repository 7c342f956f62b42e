//! The parts of a score as one bar that adds up.

use maud::{Markup, html};
use stanchion_model::finding::Factor;

use super::frame::{Cell, Table, empty, figure, percent};
use super::words::{LABEL, capital, label, list, whole};

/// The most a score can be.
const FULL: f64 = 100.0;

/// A score and the parts that are added up to it.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// 0-100.
    pub score: f64,
    /// In the order in which they are added; points may be below zero.
    pub factors: &'a [Factor],
}

/// A part with where it begins and ends on the way to the sum.
struct Step<'a> {
    factor: &'a Factor,
    points: f64,
    from: f64,
    to: f64,
}

impl Step<'_> {
    /// Left end and length within 0-100.
    fn span(&self) -> (f64, f64) {
        let left = self.from.min(self.to).clamp(0.0, FULL);
        let right = self.from.max(self.to).clamp(0.0, FULL);
        (left, right - left)
    }
}

/// With one decimal, as the formula gives it; `+` and `−` say which way it goes.
fn signed(points: f64) -> String {
    let text = format!("{:.1}", points.abs());
    match text.as_str() {
        "0.0" => "0".into(),
        text if points < 0.0 => format!("−{text}"),
        text => format!("+{text}"),
    }
}

fn plain(points: f64) -> String {
    let text = format!("{points:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" {
        "0".into()
    } else {
        text.replace('-', "−")
    }
}

impl Factors<'_> {
    fn steps(&self) -> Vec<Step<'_>> {
        let mut at = 0.0;
        self.factors
            .iter()
            .map(|factor| {
                // No part of a score is larger; what is not a number adds nothing.
                let points = if factor.points.is_finite() {
                    factor.points.clamp(-9_999.0, 9_999.0)
                } else {
                    0.0
                };
                let from = at;
                at += points;
                Step {
                    factor,
                    points,
                    from,
                    to: at,
                }
            })
            .collect()
    }

    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        let steps = self.steps();
        if !self.score.is_finite() {
            return "There is no score".into();
        }
        let score = plain(self.score);
        let most = steps.iter().map(|step| step.points).fold(0.0, f64::max);
        if most <= 0.0 {
            return format!("The score is {score}: no part gives points");
        }
        let names: Vec<String> = steps
            .iter()
            .filter(|step| (step.points - most).abs() < 0.05)
            .map(|step| label(&step.factor.name, LABEL / 2))
            .collect();
        match names.len() {
            1 => format!(
                "The score is {score}: {} gives the most, {} points",
                names[0],
                plain(most)
            ),
            2 | 3 => format!(
                "The score is {score}: {} give {} points each",
                list(&names),
                plain(most)
            ),
            many => format!(
                "The score is {score}: {many} parts give {} points each",
                plain(most)
            ),
        }
    }

    /// How the sum of the parts relates to the score, where they differ.
    fn relation(&self, steps: &[Step<'_>]) -> Option<String> {
        let sum = steps.last().map_or(0.0, |step| step.to);
        // Each part is rounded to a tenth, and so is the score.
        let slack = 0.051 * (steps.len() as f64 + 1.0);
        if (sum - self.score).abs() <= slack {
            return None;
        }
        let (sum_text, score) = (plain(sum), plain(self.score));
        Some(if sum > FULL && (self.score - FULL).abs() < 0.05 {
            format!("The parts add up to {sum_text}; a score ends at 100.")
        } else if sum < 0.0 && self.score.abs() < 0.05 {
            format!("The parts add up to {sum_text}; a score begins at 0.")
        } else {
            format!(
                "The parts add up to {sum_text}, and the score is {score}: the parts do not explain all of it."
            )
        })
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let title = self.title();
        let steps = self.steps();
        if !self.score.is_finite() || steps.is_empty() {
            let next = "Findings of this kind carry no score, or came without its parts.";
            return empty("factors", self.id, &title, next);
        }
        let picture = html! {
            ol.rows {
                li.sum {
                    span.name { "Score" }
                    (whole_bar(&steps, self.score))
                    span.value { b { (plain(self.score)) } " " small { "of 100" } }
                }
                @for step in &steps {
                    li {
                        span.name title=(whole(&step.factor.name)) { (capital(&label(&step.factor.name, LABEL))) }
                        (step_bar(step))
                        span.value { b { (signed(step.points)) } @if step.factor.max.is_finite() && step.factor.max > 0.0 { " " small { "of " (plain(step.factor.max.min(9_999.0))) } } }
                        span.counts title=(whole(&step.factor.value)) {
                            (label(&step.factor.value, 90))
                            // Where the words say so already, once is enough.
                            @if step.factor.assumed && !step.factor.value.contains("assumed") { " (assumed: no source says)" }
                        }
                    }
                }
            }
        };
        let table = Table {
            heads: &["Part", "Points", "Most", "Why"],
            rows: steps
                .iter()
                .map(|step| {
                    vec![
                        Cell::text(whole(&step.factor.name)),
                        Cell::number(signed(step.points)),
                        Cell::number(if step.factor.max.is_finite() {
                            plain(step.factor.max.clamp(-9_999.0, 9_999.0))
                        } else {
                            "not known".into()
                        }),
                        Cell::text(whole(&step.factor.value)),
                    ]
                })
                .chain(std::iter::once(vec![
                    Cell::text("Score"),
                    Cell::number(plain(self.score)),
                    Cell::number("100"),
                    Cell::text(
                        self.relation(&steps)
                            .unwrap_or_else(|| "the sum of the parts".into()),
                    ),
                ]))
                .collect(),
        };
        let notes: Vec<String> = self.relation(&steps).into_iter().collect();
        figure("factors", self.id, &title, &picture, &notes, &table)
    }
}

/// All parts beside each other. What takes points away lies over the end of the others, hollow, so that the full colour
/// ends at the sum.
fn whole_bar(steps: &[Step<'_>], score: f64) -> Markup {
    let mut at = 0.0;
    let mut gives = Vec::new();
    for step in steps.iter().filter(|step| step.points > 0.0) {
        gives.push((at, at + step.points, step));
        at += step.points;
    }
    let mut takes = Vec::new();
    for step in steps.iter().filter(|step| step.points < 0.0) {
        takes.push((at + step.points, at, step));
        at += step.points;
    }
    let within = |value: f64| value.clamp(0.0, FULL) / FULL;
    let piece = |class: &str, from: f64, to: f64, step: &Step<'_>| {
        html! {
            rect.(class) x=(percent(within(from))) y="1" width=(percent(within(to) - within(from))) height="18" {
                title { (label(&step.factor.name, LABEL)) " " (signed(step.points)) }
            }
        }
    };
    let score = within(score);
    html! {
        svg.bar width="100%" height="20" aria-hidden="true" {
            rect.track y="1" width="100%" height="18" {}
            @for (from, to, step) in &gives { (piece("part is-given", *from, *to, step)) }
            @for (from, to, step) in &takes { (piece("part is-taken", *from, *to, step)) }
            line.score x1=(percent(score)) x2=(percent(score)) y1="0" y2="20" {}
        }
    }
}

/// One part where it stands on the way to the sum, with the room that it could have taken.
fn step_bar(step: &Step<'_>) -> Markup {
    let (left, long) = step.span();
    let most = if step.factor.max.is_finite() && step.points >= 0.0 {
        (step.from + step.factor.max).clamp(0.0, FULL) - left
    } else {
        0.0
    };
    html! {
        svg.bar width="100%" height="14" aria-hidden="true" {
            line.base x1="0" x2="100%" y1="7" y2="7" {}
            @if most > long { rect.track x=(percent(left / FULL)) y="1" width=(percent(most / FULL)) height="12" {} }
            rect.part.(if step.points < 0.0 { "is-taken" } else { "is-given" }) x=(percent(left / FULL)) y="1" width=(percent(long / FULL)) height="12" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::testing::{factor, log4shell, xml};

    fn factors(score: f64, factors: &[Factor]) -> Factors<'_> {
        Factors {
            id: "f",
            score,
            factors,
        }
    }

    #[test]
    fn the_title_names_what_gives_most() {
        assert_eq!(
            factors(98.0, &log4shell()).title(),
            "The score is 98: severity gives the most, 45 points"
        );
        let even = [factor("reach", 10.0, 10.0), factor("exposure", 10.0, 15.0)];
        assert_eq!(
            factors(20.0, &even).title(),
            "The score is 20: reach and exposure give 10 points each"
        );
        assert_eq!(
            factors(0.0, &[]).title(),
            "The score is 0: no part gives points"
        );
        assert_eq!(factors(f64::NAN, &even).title(), "There is no score");
    }

    #[test]
    fn the_sum_is_told_truthfully() {
        let told = |score: f64, points: &[f64]| {
            let parts: Vec<Factor> = points
                .iter()
                .map(|points| factor("part", *points, 60.0))
                .collect();
            factors(score, &parts).draw().into_string()
        };
        assert!(told(50.0, &[30.0, 20.0]).contains("the sum of the parts"));
        assert!(told(25.0, &[30.0, -5.0]).contains("the sum of the parts"));
        assert!(
            told(100.0, &[60.0, 50.0]).contains("The parts add up to 110; a score ends at 100.")
        );
        assert!(told(0.0, &[-5.0]).contains("The parts add up to −5; a score begins at 0."));
        assert!(told(40.0, &[30.0]).contains("the parts do not explain all of it"));
    }

    #[test]
    fn each_part_begins_where_the_last_ended() {
        let mut parts = log4shell().to_vec();
        parts.push(factor("held back by a firewall", -8.0, 0.0));
        let drawn = factors(90.0, &parts).draw().into_string();
        xml(&drawn);
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }
}
