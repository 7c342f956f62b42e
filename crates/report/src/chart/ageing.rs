//! How long findings have been open, by severity.

use maud::{Markup, html};
use stanchion_model::cvss::Severity;

use super::frame::{Cell, Table, empty, figure};
use super::severity::{BySeverity, class, letter, mark};
use super::share::{Segment, Slice, bar, count};
use super::words::{compact, exact, size};

/// Ages, youngest first: less than 7 days, 7 to 29, 30 to 89, 90 to 179, 180 and more.
pub const AGES: [&str; 5] = [
    "under 7 days",
    "7 to 29 days",
    "30 to 89 days",
    "90 to 179 days",
    "180 days and more",
];

/// The first day of each age.
pub const AGE_FROM: [u32; 5] = [0, 7, 30, 90, 180];

/// Open findings by age and severity.
#[derive(Clone, Copy, Debug)]
pub struct Ageing<'a> {
    /// Begins every id of the chart; one of its own for each chart on a page.
    pub id: &'a str,
    /// A row for each of [`AGES`].
    pub ages: &'a [BySeverity<Slice>; 5],
}

fn total(age: &BySeverity<Slice>) -> u64 {
    age.each()
        .fold(0, |sum: u64, (_, slice)| sum.saturating_add(slice.count))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::None => "without severity",
        severity => severity.as_str(),
    }
}

impl Ageing<'_> {
    /// The finding, as a sentence without a full stop.
    pub fn title(&self) -> String {
        let totals = self.ages.each_ref().map(total);
        let all = totals
            .iter()
            .fold(0u64, |sum, one| sum.saturating_add(*one));
        let Some(oldest) = totals.iter().rposition(|one| *one > 0) else {
            return "No finding is open".into();
        };
        let number = |number: u64| exact(size(number));
        if oldest == 0 {
            return match all {
                1 => "The one open finding is younger than 7 days".into(),
                all => format!("All {} open findings are younger than 7 days", number(all)),
            };
        }
        let (old, days) = (totals[oldest], AGE_FROM[oldest]);
        // The last age has no end, so its findings may be far older.
        let since = format!("{days} days old or older");
        let critical = self.ages[oldest].critical.count;
        let grave = match critical {
            0 => String::new(),
            _ if critical == old && old == 1 => ", and it is critical".into(),
            _ if critical == old => ", all of them critical".into(),
            critical => format!(", {} of them critical", number(critical)),
        };
        match (old, all) {
            (1, 1) => format!("The one open finding is {since}{grave}"),
            (old, all) if old == all => {
                format!("All {} open findings are {since}{grave}", number(all))
            }
            (1, all) => format!("1 of {} open findings is {since}{grave}", number(all)),
            (old, all) => format!(
                "{} of {} open findings are {since}{grave}",
                number(old),
                number(all)
            ),
        }
    }

    /// The chart.
    pub fn draw(&self) -> Markup {
        let title = self.title();
        let most = self
            .ages
            .iter()
            .map(|age| age.each().map(|(_, slice)| size(slice.count)).sum::<f64>())
            .fold(0.0, f64::max);
        if most == 0.0 {
            return empty(
                "ageing",
                self.id,
                &title,
                "Findings that are open stand here by the days since they were first seen.",
            );
        }
        let picture = html! {
            ol.rows {
                @for (age, name) in self.ages.iter().zip(AGES) {
                    li {
                        span.name { (name) }
                        (bar(&segments(age, name), most, 18.0))
                        span.value { b { (compact(size(total(age)))) } }
                        span.counts {
                            @for (severity, slice) in age.each().filter(|(_, slice)| slice.count > 0) {
                                (count(&html! { (mark(severity)) span.hidden { " " (word(severity)) } " " (compact(size(slice.count))) }, slice.href.as_deref())) " "
                            }
                        }
                    }
                }
            }
        };
        let table = Table {
            heads: &[
                "Open for", "Critical", "High", "Medium", "Low", "None", "All",
            ],
            rows: self
                .ages
                .iter()
                .zip(AGES)
                .map(|(age, name)| {
                    let mut row = vec![Cell::text(name)];
                    row.extend(age.each().map(|(_, slice)| {
                        Cell::number(exact(size(slice.count))).to(slice.href.as_deref())
                    }));
                    row.push(Cell::number(exact(size(total(age)))));
                    row
                })
                .collect(),
        };
        figure("ageing", self.id, &title, &picture, &[], &table)
    }
}

fn segments<'a>(age: &'a BySeverity<Slice>, name: &str) -> Vec<Segment<'a>> {
    age.each()
        .map(|(severity, slice)| Segment {
            class: class(severity),
            letter: letter(severity),
            value: size(slice.count),
            href: slice.href.as_deref(),
            title: format!("{} {}, {name}", exact(size(slice.count)), word(severity)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::testing::{ages, xml};

    fn title(counts: [[u64; 2]; 5]) -> String {
        let ages = counts.map(|[critical, low]| {
            let slice = |count| Slice { count, href: None };
            BySeverity {
                critical: slice(critical),
                low: slice(low),
                ..BySeverity::default()
            }
        });
        Ageing {
            id: "a",
            ages: &ages,
        }
        .title()
    }

    #[test]
    fn the_title_tells_of_the_oldest() {
        const NO: [u64; 2] = [0, 0];
        for (counts, want) in [
            ([NO; 5], "No finding is open"),
            (
                [[1, 0], NO, NO, NO, NO],
                "The one open finding is younger than 7 days",
            ),
            (
                [[1, 5], NO, NO, NO, NO],
                "All 6 open findings are younger than 7 days",
            ),
            (
                [[1, 5], NO, NO, NO, [3, 9]],
                "12 of 18 open findings are 180 days old or older, 3 of them critical",
            ),
            (
                [[1, 5], [1, 0], NO, NO, NO],
                "1 of 7 open findings is 7 days old or older, and it is critical",
            ),
            (
                [NO, NO, [0, 4], NO, NO],
                "All 4 open findings are 30 days old or older",
            ),
            (
                [[1500, 0], NO, NO, [2, 0], NO],
                "2 of 1,502 open findings are 90 days old or older, all of them critical",
            ),
        ] {
            assert_eq!(title(counts), want);
        }
    }

    #[test]
    fn ages_below_each_other() {
        let ages = ages();
        let drawn = Ageing {
            id: "a",
            ages: &ages,
        }
        .draw()
        .into_string();
        xml(&drawn);
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }
}
