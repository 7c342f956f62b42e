//! A line of a table's row: how something went, in the height of a letter or two.

use maud::{Markup, html};

use super::frame::length;
use super::words::{compact, exact, known, number};

/// Width and height in pixels.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 24.0;
/// Room around for the dot and half of the line.
const MARGIN: f64 = 3.0;

/// A tiny trend.
#[derive(Clone, Copy, Debug)]
pub struct Spark<'a> {
    /// One value a day, oldest first; what is not a number, or below zero, keeps the last value.
    pub values: &'a [f64],
}

impl Spark<'_> {
    fn filled(&self) -> Vec<(usize, f64)> {
        let mut last = None;
        self.values
            .iter()
            .enumerate()
            .filter_map(|(at, value)| {
                last = known(*value).or(last);
                Some((at, last?))
            })
            .collect()
    }

    /// What it shows: `from 40 to 25 in 90 days`.
    pub fn title(&self) -> String {
        let values = self.filled();
        match (values.first(), values.last()) {
            (Some((first_at, first)), Some((last_at, last))) if first_at != last_at => {
                // A whole window is called by its length, as in the large chart.
                let days = if *first_at == 0 {
                    values.len()
                } else {
                    last_at - first_at
                };
                let days = number(days, "day", "days");
                if compact(*first) == compact(*last) && first.total_cmp(last).is_eq() {
                    format!("{} now as {days} ago", exact(*last))
                } else {
                    format!("from {} to {} in {days}", exact(*first), exact(*last))
                }
            }
            (_, Some((_, only))) => format!("{}, on record for one day", exact(*only)),
            _ => "nothing on record yet".into(),
        }
    }

    /// The line, from zero; it stands in a line of text.
    pub fn draw(&self) -> Markup {
        let values = self.filled();
        let title = self.title();
        let Some(last) = values.last().copied() else {
            return html! { span.spark-empty { (title) } };
        };
        let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let x = |at: usize| {
            let steps = self.values.len().saturating_sub(1).max(1) as f64;
            MARGIN + at as f64 / steps * (WIDTH - 2.0 * MARGIN)
        };
        let y = |value: f64| {
            let share = if most > 0.0 { value / most } else { 0.0 };
            MARGIN + (1.0 - share) * (HEIGHT - 2.0 * MARGIN)
        };
        // As many points as there are half pixels show no more than that.
        let every = values.len().div_ceil(240).max(1);
        let points: Vec<String> = values
            .iter()
            .rev()
            .step_by(every)
            .rev()
            .map(|(at, value)| format!("{},{}", length(x(*at)), length(y(*value))))
            .collect();
        html! {
            svg.spark viewBox={ "0 0 " (length(WIDTH)) " " (length(HEIGHT)) } width=(length(WIDTH)) height=(length(HEIGHT)) role="img" aria-label=(title) {
                title { (title) }
                line.base x1=(length(MARGIN)) x2=(length(WIDTH - MARGIN)) y1=(length(HEIGHT - MARGIN + 0.5)) y2=(length(HEIGHT - MARGIN + 0.5)) {}
                polyline.line fill="none" points=(points.join(" ")) {}
                circle.dot cx=(length(x(last.0))) cy=(length(y(last.1))) r="2.4" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::testing::xml;

    #[test]
    fn it_says_from_where_to_where() {
        let values: Vec<f64> = (0..90)
            .map(|at| 40.0 - f64::from(at) / 89.0 * 15.0)
            .collect();
        let said = |values: &[f64]| Spark { values }.title();
        assert_eq!(said(&values), "from 40 to 25 in 90 days");
        assert_eq!(said(&[f64::NAN, 3.0, 4.0]), "from 3 to 4 in 1 day");
        assert_eq!(said(&[3.0, 5.0, 3.0]), "3 now as 3 days ago");
        assert_eq!(said(&[3.0]), "3, on record for one day");
        assert_eq!(said(&[]), "nothing on record yet");
    }

    #[test]
    fn a_line_from_zero() {
        let drawn = Spark {
            values: &[0.0, 10.0, f64::NAN, 5.0],
        }
        .draw()
        .into_string();
        xml(&drawn);
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }

    #[test]
    fn long_lines_keep_their_last_value() {
        let values: Vec<f64> = (0..2_000u32).map(f64::from).collect();
        let drawn = Spark { values: &values }.draw().into_string();
        assert!(drawn.contains(" 117,3\""), "{drawn}");
        assert!(drawn.len() < 4_000);
    }
}
