//! How findings stand to their deadlines, in proportion.

use maud::{Markup, html};

use super::frame::{Cell, Table, address, empty, figure, length};
use super::share::{Segment, Slice, bar, count};
use super::words::{LABEL, capital, compact, exact, label, size, whole};
use crate::plain::safe;

/// How the open findings of something stand to their deadlines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Past their deadline.
    pub overdue: Slice,
    /// Due within 7 days.
    pub due_soon: Slice,
    /// Due later.
    pub in_time: Slice,
    /// Covered by an exception.
    pub excepted: Slice,
    /// Without a deadline.
    pub no_deadline: Slice,
}

/// A standing in a row: its class, its letter, its words.
const KINDS: [(&str, &str, &str); 5] = [
    ("is-overdue", "!", "overdue"),
    ("is-soon", "7", "due within 7 days"),
    ("is-in-time", "", "in time"),
    ("is-excepted", "", "excepted"),
    ("is-open-end", "", "without deadline"),
];

impl Standing {
    /// What is worst first.
    fn each(&self) -> [&Slice; 5] {
        [
            &self.overdue,
            &self.due_soon,
            &self.in_time,
            &self.excepted,
            &self.no_deadline,
        ]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.each()
            .iter()
            .fold(0, |sum: u64, slice| sum.saturating_add(slice.count))
    }

    /// The length of the whole bar. Not the saturated total, which may be shorter than its parts.
    fn length(&self) -> f64 {
        self.each().iter().map(|slice| size(slice.count)).sum()
    }

    fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.overdue, &other.overdue),
            (&mut self.due_soon, &other.due_soon),
            (&mut self.in_time, &other.in_time),
            (&mut self.excepted, &other.excepted),
            (&mut self.no_deadline, &other.no_deadline),
        ] {
            sum.count = sum.count.saturating_add(more.count);
        }
    }

    /// `2 overdue, 3 due within 7 days`: only what there is.
    pub fn told(&self) -> String {
        let parts: Vec<String> = self
            .each()
            .iter()
            .zip(KINDS)
            .filter(|(slice, _)| slice.count > 0)
            .map(|(slice, (.., words))| format!("{} {words}", exact(size(slice.count))))
            .collect();
        if parts.is_empty() {
            "no open finding".into()
        } else {
            parts.join(", ")
        }
    }

    fn segments(&self) -> Vec<Segment<'_>> {
        self.each()
            .into_iter()
            .zip(KINDS)
            .map(|(slice, (class, letter, words))| Segment {
                class,
                letter,
                value: size(slice.count),
                href: slice.href.as_deref(),
                title: format!("{} {words}", exact(size(slice.count))),
            })
            .collect()
    }

    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        let number = |number: u64| exact(size(number));
        let total = self.total();
        let of = |part: u64, what: &str| match (part, total) {
            (1, 1) => format!("the one open finding is {what}"),
            (part, total) if part == total => {
                format!("all {} open findings are {what}", number(total))
            }
            (1, total) => format!("1 of {} open findings is {what}", number(total)),
            (part, total) => {
                format!(
                    "{} of {} open findings are {what}",
                    number(part),
                    number(total)
                )
            }
        };
        if total == 0 {
            "No finding is open".into()
        } else if self.overdue.count > 0 {
            capital(&of(self.overdue.count, "overdue"))
        } else if self.due_soon.count > 0 {
            format!(
                "Nothing is overdue; {}",
                of(self.due_soon.count, "due within 7 days")
            )
        } else if self.in_time.count > 0 {
            "Nothing is overdue, and nothing is due within 7 days".into()
        } else if self.no_deadline.count == total {
            "No open finding has a deadline".into()
        } else if self.excepted.count == total {
            capital(&of(self.excepted.count, "covered by an exception"))
        } else {
            "Nothing is overdue: what is open is excepted or has no deadline".into()
        }
    }

    /// A small bar for a line of text or a table's row, with what is worst in words beside it.
    pub fn inline(&self) -> Markup {
        let told = self.told();
        let whole = self.length();
        let worst = self
            .each()
            .into_iter()
            .zip(KINDS)
            .find(|(slice, _)| slice.count > 0);
        let mut from = 0.0;
        let parts: Vec<(&str, f64, f64)> = self
            .each()
            .iter()
            .zip(KINDS)
            .filter(|(slice, _)| slice.count > 0)
            .map(|(slice, (class, ..))| {
                let long = size(slice.count) / whole * WIDTH;
                from += long;
                (class, from - long, long)
            })
            .collect();
        html! {
            span.sla-inline {
                @if let Some((slice, (.., words))) = worst {
                    svg viewBox={ "0 0 " (length(WIDTH)) " 10" } width=(length(WIDTH)) height="10" role="img" aria-label=(told) {
                        title { (told) }
                        @for (class, from, long) in &parts { rect.part.(class) x=(length(*from)) y="0.5" width=(length(*long)) height="9" {} }
                    }
                    " " (count(&html! { (compact(size(slice.count))) " " (words) }, slice.href.as_deref()))
                } @else { span.count { (told) } }
            }
        }
    }
}

/// Width of the small bar in pixels.
const WIDTH: f64 = 100.0;

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlaRow {
    /// Whose findings.
    pub name: String,
    /// Where the name leads.
    pub href: Option<String>,
    /// How they stand.
    pub standing: Standing,
}

/// Standings below each other, each bar a whole of its own.
#[derive(Clone, Copy, Debug)]
pub struct Sla<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// What a row is: `product`.
    pub one: &'a str,
    /// In the order in which they are shown.
    pub rows: &'a [SlaRow],
}

impl Sla<'_> {
    /// The finding over all rows, as a sentence without a full stop.
    pub fn title(&self) -> String {
        let mut all = Standing::default();
        for row in self.rows {
            all.add(&row.standing);
        }
        all.title()
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let title = self.title();
        if self.rows.iter().all(|row| row.standing.total() == 0) {
            return empty(
                "sla",
                self.id,
                &title,
                "Findings that are open stand here by the deadlines of the policy.",
            );
        }
        let picture = html! {
            ol.rows {
                @for row in self.rows {
                    li {
                        span.name title=(whole(&row.name)) {
                            @let text = label(&row.name, LABEL);
                            @if let Some(href) = row.href.as_deref().and_then(address) { a href=(href) { (text) } } @else { (text) }
                        }
                        (bar(&row.standing.segments(), row.standing.length(), 18.0))
                        span.value { b { (compact(size(row.standing.total()))) } }
                        span.counts {
                            @for (slice, (class, _, words)) in row.standing.each().into_iter().zip(KINDS).filter(|(slice, _)| slice.count > 0) {
                                (count(&html! { svg.key width="10" height="10" aria-hidden="true" { rect.part.(class) x="0.5" y="0.5" width="9" height="9" {} } " " (compact(size(slice.count))) " " (words) }, slice.href.as_deref())) " "
                            }
                            @if row.standing.total() == 0 { span.count { "no open finding" } }
                        }
                    }
                }
            }
        };
        let name = capital(&safe(self.one));
        let table = Table {
            heads: &[
                &name,
                "Overdue",
                "Due within 7 days",
                "In time",
                "Excepted",
                "Without deadline",
                "All",
            ],
            rows: self
                .rows
                .iter()
                .map(|row| {
                    let mut cells = vec![Cell::text(whole(&row.name)).to(row.href.as_deref())];
                    cells.extend(row.standing.each().map(|slice| {
                        Cell::number(exact(size(slice.count))).to(slice.href.as_deref())
                    }));
                    cells.push(Cell::number(exact(size(row.standing.total()))));
                    cells
                })
                .collect(),
        };
        figure("sla", self.id, &title, &picture, &[], &table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::testing::{standings, xml};

    fn standing(counts: [u64; 5]) -> Standing {
        let [overdue, due_soon, in_time, excepted, no_deadline] =
            counts.map(|count| Slice { count, href: None });
        Standing {
            overdue,
            due_soon,
            in_time,
            excepted,
            no_deadline,
        }
    }

    #[test]
    fn the_title_begins_with_what_is_late() {
        for (counts, want) in [
            ([0; 5], "No finding is open"),
            ([2, 3, 36, 0, 0], "2 of 41 open findings are overdue"),
            ([1, 0, 5, 0, 0], "1 of 6 open findings is overdue"),
            ([1, 0, 0, 0, 0], "The one open finding is overdue"),
            ([4, 0, 0, 0, 0], "All 4 open findings are overdue"),
            (
                [0, 1, 5, 0, 0],
                "Nothing is overdue; 1 of 6 open findings is due within 7 days",
            ),
            (
                [0, 0, 5, 1, 0],
                "Nothing is overdue, and nothing is due within 7 days",
            ),
            ([0, 0, 0, 0, 9], "No open finding has a deadline"),
            (
                [0, 0, 0, 9, 0],
                "All 9 open findings are covered by an exception",
            ),
            (
                [0, 0, 0, 1, 1],
                "Nothing is overdue: what is open is excepted or has no deadline",
            ),
        ] {
            assert_eq!(standing(counts).title(), want);
        }
    }

    #[test]
    fn a_row_for_each_and_a_small_one() {
        let rows = standings();
        let drawn = Sla {
            id: "s",
            one: "product",
            rows: &rows,
        }
        .draw()
        .into_string();
        xml(&drawn);
        let inline = rows[0].standing.inline().into_string();
        xml(&inline);
        insta::assert_snapshot!(format!("{drawn}\n\n{inline}").replace("><", ">\n<"));
        assert!(
            standing([0; 5])
                .inline()
                .into_string()
                .contains("no open finding")
        );
    }
}
