//! What became of a product, day by day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use maud::{Markup, html};
use stanchion_report::chart::{BySeverity, Counts, Event, Stack, Subject};

use super::Head;
use crate::frame::Around;
use crate::parts::{counted, cut, day_text, empty, finding_path, moment, number};

const DAY: i64 = 86_400;

/// Something that happened to a finding.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// Seconds since 1970.
    pub at: i64,
    /// `new`, `again`, `fixed`, `closed` or `reopened`.
    pub what: &'static str,
    /// Why.
    pub reason: String,
    /// The finding's id.
    pub finding: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// The component and its version.
    pub component: String,
    /// Versions of the product in which that happened at once.
    pub versions: usize,
}

/// A version that came in.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// Seconds since 1970.
    pub at: i64,
    /// A UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of the one before it on its branch.
    pub before: Option<String>,
}

/// The open findings of a day by severity.
#[derive(Clone, Debug, Default)]
pub struct Day {
    /// The day.
    pub day: Date,
    /// Critical, high, medium, low.
    pub severities: [u64; 4],
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What stands above.
    pub head: Head,
    /// How many days are looked back.
    pub window: u16,
    /// The last day.
    pub today: Date,
    /// What was open each day.
    pub days: Vec<Day>,
    /// What happened, the latest first.
    pub turns: Vec<Turn>,
    /// That is all of it.
    pub whole: bool,
    /// Versions that came in, the latest first.
    pub came: Vec<Came>,
}

/// Days to look back.
pub const WINDOWS: [u16; 3] = [30, 90, 365];

fn word(what: &str) -> Markup {
    match what {
        "new" => html! { span.tag.hot { "new" } },
        "again" => html! { span.tag { "also here" } },
        "fixed" => html! { span.tag.good { "fixed" } },
        "reopened" => html! { span.tag.late { "open again" } },
        _ => html! { span.tag.held { "closed" } },
    }
}

#[derive(Default)]
struct Sum<'h> {
    new: i64,
    fixed: i64,
    closed: i64,
    reopened: i64,
    came: Vec<&'h Came>,
}

impl History {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let count = |what: &str| self.turns.iter().filter(|turn| turn.what == what).count();
        let (new, fixed) = (count("new"), count("fixed") + count("closed"));
        let answer = html! {
            @if self.turns.is_empty() && self.came.is_empty() { "Nothing in " (self.window) " days." }
            @else {
                "In " (self.window) " days " (counted(new, "finding was new", "findings were new")) " and " (number(i64::try_from(fixed).unwrap_or(i64::MAX))) " closed; "
                (counted(self.came.len(), "version", "versions")) " came in."
                @if !self.whole { " Only the last of it, in the versions that came in last, is counted." }
            }
        };
        let actions = html! {
            @for days in WINDOWS { a.button href=(self.head.path(&format!("/history?days={days}"))) aria-current=[(days == self.window).then_some("page")] { (days) " days" } }
            a.button href={ "/api/v1/products/" (crate::parts::encoded(&self.head.name)) "/history?days=" (self.window) } { "JSON" }
        };
        let body = html! {
            @if !self.days.is_empty() { (self.chart()) }
            @if self.turns.is_empty() && self.came.is_empty() {
                (empty("Quiet", &html! { p { "No version came in and nothing changed about the findings. Look further back, or " (around.way("inventory.push", &format!("/products/hand-in?product={}", crate::parts::encoded(&self.head.name)), "hand in a version")) "." } }))
            } @else { (self.by_day()) (self.list()) }
        };
        self.head.page(
            around,
            "/history",
            "What became of it?",
            &answer,
            &actions,
            &body,
        )
    }

    fn chart(&self) -> Markup {
        let points: Vec<Counts> = self
            .days
            .iter()
            .map(|one| Counts {
                day: one.day,
                counts: BySeverity {
                    critical: one.severities[0],
                    high: one.severities[1],
                    medium: one.severities[2],
                    low: one.severities[3],
                    none: 0,
                },
            })
            .collect();
        let events: Vec<Event> = Vec::new();
        Stack {
            id: "open",
            subject: Subject::OPEN_FINDINGS,
            to: self.today,
            days: self.window,
            points: &points,
            events: &events,
        }
        .draw()
    }

    fn by_day(&self) -> Markup {
        let mut days: BTreeMap<i64, Sum<'_>> = BTreeMap::new();
        for turn in &self.turns {
            let sum = days.entry(turn.at.div_euclid(DAY)).or_default();
            match turn.what {
                "new" => sum.new += 1,
                "fixed" => sum.fixed += 1,
                "reopened" => sum.reopened += 1,
                "closed" => sum.closed += 1,
                _ => {}
            }
        }
        for came in &self.came {
            days.entry(came.at.div_euclid(DAY))
                .or_default()
                .came
                .push(came);
        }
        let cell = |count: i64, class: &'static str| html! { td.num { @if count == 0 { span.muted { "0" } } @else { span class=(class) { (number(count)) } } } };
        html! {
            section.block {
                h2 { "By day" }
                div.scroll { table.stack {
                    caption.hidden { "What happened on each day, the latest first" }
                    thead { tr { th scope="col" { "Day" } th.num scope="col" { "New" } th.num scope="col" { "Open again" } th.num scope="col" { "Fixed" } th.num scope="col" { "Closed otherwise" } th scope="col" { "Came in" } } }
                    tbody { @for (day, sum) in days.iter().rev().filter(|(_, sum)| sum.new + sum.reopened + sum.fixed + sum.closed > 0 || !sum.came.is_empty()) { tr {
                        td.main { (day_text(day * DAY)) }
                        (cell(sum.new, "plus")) (cell(sum.reopened, "plus")) (cell(sum.fixed, "minus")) (cell(sum.closed, "minus"))
                        td {
                            @for (at, came) in sum.came.iter().take(4).enumerate() {
                                @if at > 0 { ", " }
                                @if let Some(before) = &came.before { a href=(self.head.path(&format!("/difference?from={before}&to={}", came.id))) { (cut(&came.name, 40)) } }
                                @else { a href=(self.head.path(&format!("/inventory?version={}", came.id))) { (cut(&came.name, 40)) } }
                            }
                            @if sum.came.len() > 4 { " and " (sum.came.len() - 4) " more" }
                        }
                    } } }
                } }
            }
        }
    }

    fn list(&self) -> Markup {
        let shown: Vec<&Turn> = self
            .turns
            .iter()
            .filter(|turn| turn.what != "again")
            .take(100)
            .collect();
        html! {
            @if !shown.is_empty() {
                section.block {
                    h2 { "One by one" }
                    ul.timeline { @for turn in shown { li {
                        (moment(turn.at)) " " (word(turn.what)) " "
                        a href=(finding_path(&turn.finding)) { (cut(&turn.vulnerability, 60)) } " in " (cut(&turn.component, 80)) @if turn.versions > 1 { ", in " (turn.versions) " versions at once" }
                        @if !turn.reason.is_empty() { span.muted { " · " (cut(&turn.reason, 200)) } }
                    } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_what_happened() {
        let turn = |what, at| Turn {
            at,
            what,
            vulnerability: "CVE<1>".into(),
            finding: "0f".into(),
            ..Turn::default()
        };
        let view = History {
            head: Head {
                name: "shop".into(),
                ..Head::default()
            },
            window: 90,
            turns: vec![
                turn("fixed", 2 * DAY),
                turn("new", DAY),
                turn("new", DAY),
                turn("again", 5 * DAY),
            ],
            came: vec![Came {
                at: DAY,
                id: "a".into(),
                name: "1<i>".into(),
                before: Some("b".into()),
            }],
            whole: true,
            ..History::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "2 findings were new",
            "1 closed",
            "CVE&lt;1&gt;",
            "1&lt;i&gt;",
            "/difference?from=b&amp;to=a",
            "2 Jan 1970",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("6 Jan 1970"));
    }
}
