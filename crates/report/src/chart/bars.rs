//! Ranked bars: who carries how much of something.

use std::cmp::Ordering;

use maud::{Markup, html};

use super::frame::{Cell, Table, address, empty, figure, percent};
use super::words::{
    LABEL, Subject, capital, compact, exact, known, label, list, number, share, whole,
};
use crate::plain::safe;

/// One bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// Whose.
    pub label: String,
    /// Not below zero; what is not a number is not drawn.
    pub value: f64,
    /// Where the bar leads.
    pub href: Option<String>,
    /// A few words more, in a quieter line.
    pub note: Option<String>,
}

/// How something is shared out, the largest first.
#[derive(Clone, Copy, Debug)]
pub struct Bars<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// What is shared out.
    pub subject: Subject<'a>,
    /// What one bar is: `product`.
    pub one: &'a str,
    /// And several: `products`.
    pub many: &'a str,
    /// In any order.
    pub bars: &'a [Bar],
    /// How many are drawn; the others are summed up in one line and stand in the table.
    pub most: usize,
}

impl Bars<'_> {
    /// Those with a number, largest first, and of the same size by name.
    fn ranked(&self) -> Vec<(&Bar, f64)> {
        let mut ranked: Vec<(&Bar, f64)> = self
            .bars
            .iter()
            .filter_map(|bar| Some((bar, known(bar.value)?)))
            .collect();
        ranked.sort_by(|a, b| match b.1.total_cmp(&a.1) {
            Ordering::Equal => a.0.label.cmp(&b.0.label),
            other => other,
        });
        ranked
    }

    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        self.title_of(&self.ranked())
    }

    fn title_of(&self, ranked: &[(&Bar, f64)]) -> String {
        let what = safe(self.subject.name);
        let (one, many) = (safe(self.one), safe(self.many));
        let total: f64 = ranked.iter().map(|(_, value)| value).sum();
        let Some((first, most)) = ranked.first() else {
            return format!("No {one} on record yet");
        };
        if total == 0.0 {
            return format!("No {one} carries any {what}");
        }
        let equal = ranked
            .iter()
            .take_while(|(_, value)| (value - most).abs() <= most * 1e-9)
            .count();
        let part = share(most / total);
        match equal {
            1 if part == "all" => {
                format!("{} carries all of the {what}", label(&first.label, LABEL))
            }
            1 => format!(
                "{} carries {part} of the {what}",
                label(&first.label, LABEL)
            ),
            _ if equal == ranked.len() => format!(
                "{} {} carry the same share of the {what}",
                if equal == 2 {
                    "Both".to_owned()
                } else {
                    format!("All {}", exact(equal as f64))
                },
                many
            ),
            2 | 3 => {
                let names: Vec<String> = ranked[..equal]
                    .iter()
                    .map(|(bar, _)| label(&bar.label, LABEL / 2))
                    .collect();
                format!("{} carry {part} of the {what} each", list(&names))
            }
            _ => format!(
                "{} {many} carry {part} of the {what} each",
                exact(equal as f64)
            ),
        }
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let ranked = self.ranked();
        let title = self.title_of(&ranked);
        let Some((_, most)) = ranked.first().copied() else {
            return empty(
                "bars",
                self.id,
                &title,
                &format!("Each {} with an inventory gets a bar here.", safe(self.one)),
            );
        };
        let total: f64 = ranked.iter().map(|(_, value)| value).sum();
        let part = |value: f64| {
            if total > 0.0 {
                match value / total * 100.0 {
                    part if part > 0.0 && part < 0.5 => "<1 %".into(),
                    part => format!("{part:.0} %"),
                }
            } else {
                "0 %".into()
            }
        };
        let shown = ranked.len().min(self.most.max(1));
        let picture = html! {
            ol.rows {
                @for (bar, value) in &ranked[..shown] {
                    li {
                        span.name title=(whole(&bar.label)) {
                            @let text = label(&bar.label, LABEL);
                            @if let Some(href) = bar.href.as_deref().and_then(address) { a href=(href) { (text) } } @else { (text) }
                            @if let Some(note) = &bar.note { " " small { (label(note, LABEL)) } }
                        }
                        svg.bar width="100%" height="14" aria-hidden="true" {
                            line.base x1="0.5" x2="0.5" y1="0" y2="14" {}
                            @if *value > 0.0 { rect.fill y="1" width=(percent(value / most)) height="12" {} }
                        }
                        span.value { b { (compact(*value)) } " " small { (part(*value)) } }
                    }
                }
            }
        };
        let mut notes = Vec::new();
        let rest = &ranked[shown..];
        if !rest.is_empty() {
            let sum: f64 = rest.iter().map(|(_, value)| value).sum();
            notes.push(format!(
                "{} more {} {} in all ({}).",
                exact(rest.len() as f64),
                if rest.len() == 1 {
                    format!("{} carries", safe(self.one))
                } else {
                    format!("{} carry", safe(self.many))
                },
                compact(sum),
                part(sum)
            ));
        }
        let odd = self.bars.len() - ranked.len();
        if odd > 0 {
            notes.push(format!(
                "Of {} the number is not known.",
                number(odd, &safe(self.one), &safe(self.many))
            ));
        }
        let name = capital(&safe(self.one));
        let table = Table {
            heads: &[&name, "Value", "Share"],
            rows: ranked
                .iter()
                .map(|(bar, value)| {
                    vec![
                        Cell::text(whole(&bar.label)).to(bar.href.as_deref()),
                        Cell::number(exact(*value)),
                        Cell::number(part(*value)),
                    ]
                })
                .collect(),
        };
        figure("bars", self.id, &title, &picture, &notes, &table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::testing::{products, xml};

    fn bars(bars: &[Bar]) -> Bars<'_> {
        Bars {
            id: "b",
            subject: Subject::OPEN_RISK,
            one: "product",
            many: "products",
            bars,
            most: 4,
        }
    }

    fn title(values: &[f64]) -> String {
        let all: Vec<Bar> = ["Storefront", "Gateway", "Billing", "Depot", "Mail"]
            .iter()
            .zip(values)
            .map(|(label, value)| Bar {
                label: (*label).into(),
                value: *value,
                ..Bar::default()
            })
            .collect();
        bars(&all).title()
    }

    #[test]
    fn the_title_names_who_carries_most() {
        for (values, want) in [
            (
                &[40.0, 30.0, 50.0][..],
                "Billing carries 42 % of the open risk",
            ),
            (
                &[40.0, 30.0, 50.0, 30.0],
                "Billing carries a third of the open risk",
            ),
            (&[40.0], "Storefront carries all of the open risk"),
            (&[0.0, 0.0], "No product carries any open risk"),
            (&[], "No product on record yet"),
            (&[f64::NAN], "No product on record yet"),
            (
                &[7.0, 7.0],
                "Both products carry the same share of the open risk",
            ),
            (
                &[7.0, 7.0, 7.0],
                "All 3 products carry the same share of the open risk",
            ),
            (
                &[40.0, 40.0, 30.0, 10.0],
                "Gateway and Storefront carry a third of the open risk each",
            ),
            (
                &[40.0, 40.0, 40.0, 40.0, 10.0],
                "4 products carry 24 % of the open risk each",
            ),
        ] {
            assert_eq!(title(values), want);
        }
    }

    #[test]
    fn the_largest_first_and_the_rest_in_a_line() {
        let all = products();
        let drawn = bars(&all).draw().into_string();
        xml(&drawn);
        assert!(drawn.contains("3 more products carry"));
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }
}
