//! What an attacker gains from what is open in a product.

use maud::html;
use stanchion_report::chart::{Ageing, BySeverity, Dot, Scatter, Slice};

use super::Head;
use crate::findings::Row;
use crate::frame::Around;
use crate::parts::{
    counted, cut, due, empty, finding_path, findings_path, number, score, severity, state, term,
};
use crate::products::Numbers;

/// Findings that gain the same.
#[derive(Clone, Debug, Default)]
pub struct Gain {
    /// The id of the threat vector; `None`: not known.
    pub vector: Option<String>,
    /// As people call it.
    pub title: String,
    /// Open findings.
    pub open: i64,
    /// Critical among them.
    pub critical: i64,
    /// High among them.
    pub high: i64,
    /// Known exploited.
    pub exploited: i64,
    /// The highest score.
    pub worst: Option<f64>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What stands above.
    pub head: Head,
    /// How it stands.
    pub now: Numbers,
    /// What is gained, worst first.
    pub gains: Vec<Gain>,
    /// The worst findings.
    pub rows: Vec<Row>,
    /// The worst findings as dots.
    pub dots: Vec<Dot>,
    /// Open findings by how long they have been open.
    pub ages: [BySeverity<Slice>; 5],
}

impl Findings {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let name = term("product", &self.head.name);
        let answer = html! {
            @if self.now.open == 0 { "Nothing is open." }
            @else {
                a href=(findings_path(&name)) { (counted(self.now.open, "finding is", "findings are")) " open" }
                @if let Some(gain) = self.gains.first().filter(|gain| gain.vector.is_some()) { "; the worst that an attacker gains: " (gain.title) }
                "."
            }
        };
        let actions = html! {
            a.button href=(findings_path(&name)) { "All, with keys and actions" }
            a.button href={ "/findings.csv?q=" (crate::parts::encoded(&name)) } { "CSV" }
            a.button href={ "/findings.json?q=" (crate::parts::encoded(&name)) } { "JSON" }
        };
        let cell = |count: i64, query: String| {
            html! {
                td.num { @if count == 0 { span.muted { "0" } } @else { a href=(findings_path(&query)) { (number(count)) } } }
            }
        };
        let body = html! {
            @if self.now.open == 0 {
                (empty("Nothing open", &html! { p { "What was found and is closed is in the " a href=(findings_path(&format!("{name} is:closed"))) { "list of what is closed" } "." } }))
            } @else {
                section.block {
                    h2 { "What an attacker gains" }
                    div.scroll { table.stack {
                        caption.hidden { "Open findings by threat vector, worst first" }
                        thead { tr { th scope="col" { "Gains" } th.num scope="col" { "Worst" } th.num scope="col" { "Open" } th.num scope="col" { "Critical" } th.num scope="col" { "High" } th.num scope="col" { "Exploited" } } }
                        tbody { @for gain in &self.gains {
                            @let query = gain.vector.as_ref().map(|vector| format!("{name} {}", term("vector", vector)));
                            tr data-row {
                                td.main { @if let Some(query) = &query { a href=(findings_path(query)) { (gain.title) } } @else { (gain.title) } }
                                td.num { (score(gain.worst)) }
                                @if let Some(query) = &query {
                                    (cell(gain.open, query.clone())) (cell(gain.critical, format!("{query} severity:critical"))) (cell(gain.high, format!("{query} severity:high"))) (cell(gain.exploited, format!("{query} kev")))
                                } @else {
                                    td.num { (number(gain.open)) } td.num { (number(gain.critical)) } td.num { (number(gain.high)) } td.num { (number(gain.exploited)) }
                                }
                            }
                        } }
                    } }
                    p.muted { "A finding that gains several things is counted for each." }
                }
                div.halves {
                    section.block { (Scatter { id: "likely", dots: &self.dots, left_out: u64::try_from(self.now.open).unwrap_or(0).saturating_sub(self.dots.len() as u64) }.draw()) }
                    section.block { (Ageing { id: "ages", ages: &self.ages }.draw()) }
                }
                section.block {
                    h2 { "The worst" }
                    div.scroll { table.stack {
                        caption.hidden { "Findings with the highest score" }
                        thead { tr { th.num scope="col" { "Score" } th scope="col" { "Finding" } th scope="col" { "Component" } th scope="col" { "Severity" } th scope="col" { "State" } th scope="col" { "Due" } } }
                        tbody { @for row in &self.rows { tr data-row {
                            td.num { (score(row.score)) }
                            td.main { a href=(finding_path(&row.id)) { (cut(&row.vulnerability, 60)) } @if row.known_exploited { " " span.tag.hot { "exploited" } } span.second { (cut(&row.title, 110)) } }
                            td { (cut(&row.component, 50)) " " (cut(&row.component_version, 30)) span.second { "in " (cut(&row.version, 30)) " · " @if let Some(to) = &row.upgrade_to { "raise to " (cut(to, 30)) } @else { "no upgrade known" } } }
                            td { (severity(row.severity)) }
                            td { (state(row.state)) }
                            td { (due(row.state, row.due, around.now)) }
                        } } }
                    } }
                    p.more { a href=(findings_path(&name)) { "All " (number(self.now.open)) } " · " a href={ "/fixes?q=" (crate::parts::encoded(&name)) } { "The upgrades that clear them" } " · " a href=(findings_path(&format!("{name} is:closed"))) { "What is closed" } }
                }
            }
        };
        self.head.page(
            around,
            "/findings",
            "What is open in it?",
            &answer,
            &actions,
            &body,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_open_what_they_count() {
        let view = Findings {
            head: Head {
                name: "shop".into(),
                ..Head::default()
            },
            now: Numbers {
                open: 2,
                ..Numbers::default()
            },
            gains: vec![
                Gain {
                    vector: Some("rce".into()),
                    title: "Code <runs>".into(),
                    open: 1,
                    critical: 1,
                    ..Gain::default()
                },
                Gain {
                    vector: None,
                    title: "Not known".into(),
                    open: 1,
                    ..Gain::default()
                },
            ],
            dots: Vec::new(),
            ages: Default::default(),
            rows: vec![Row {
                id: "0f".into(),
                vulnerability: "CVE<1>".into(),
                state: "open",
                ..Row::default()
            }],
        };
        let page = view.page(&Around::default());
        for text in [
            "Code &lt;runs&gt;",
            "CVE&lt;1&gt;",
            "/findings?q=product%3Ashop%20vector%3Arce%20severity%3Acritical",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(
            Findings::default()
                .page(&Around::default())
                .contains("Nothing is open.")
        );
    }
}
