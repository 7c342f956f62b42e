//! How fresh is what we know?

use maud::{Markup, html};

use super::jobs::Watched;
use super::{Part, framed, one_button};
use crate::frame::Around;
use crate::parts::{ago, counted, cut, empty, encoded, number};

/// A source of advisories.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Records that it gave.
    pub records: i64,
    /// Of those, withdrawn by it.
    pub withdrawn: i64,
    /// Of those, not usable.
    pub refused: i64,
    /// Its newest change, as it says.
    pub newest: Option<String>,
    /// When it was last asked.
    pub fetched: Option<i64>,
    /// What went wrong the last time.
    pub failed: Option<String>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// When the database was last brought up to date; `None` where there is none.
    pub updated: Option<i64>,
    /// Its name: a hash of what is in it.
    pub snapshot: String,
    /// Advisories in force.
    pub advisories: i64,
    /// The sources by name.
    pub sources: Vec<Source>,
    /// The source whose refusals are shown.
    pub source: Option<String>,
    /// Record and reason.
    pub refusals: Vec<(String, String)>,
    /// How many refusals there are of it.
    pub all: i64,
    /// The update that runs or waits.
    pub job: Option<Watched>,
}

impl Feeds {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let failed = self
            .sources
            .iter()
            .filter(|source| source.failed.is_some())
            .count();
        let answer = html! {
            @match self.updated {
                None => "There are no advisories yet.",
                Some(at) => {
                    "Brought up to date " (ago(at, around.now)) ": " (counted(self.advisories, "advisory", "advisories")) " in force"
                    @if failed > 0 { ", " strong { (counted(failed, "source", "sources")) " failed the last time" } ". What was there of them stays in force." }
                    @else { " from " (counted(self.sources.len(), "source", "sources")) "." }
                }
            }
        };
        let actions = html! {
            @if around.may("job.run") { (one_button(around, "/admin/feeds/update", &[], "", "Update now", "")) }
        };
        let body = html! {
            @if let Some(job) = &self.job { (job.shown()) }
            @if self.sources.is_empty() {
                (empty("Nothing is known of any vulnerability yet", &html! {
                    p { "The portal asks the publishers every two hours. Without a way out, bring the database in by hand:" }
                    pre { code { "# once, on a machine with a way out: prints the public half\nstanchion db key sign.key\n# there, each day\nstanchion db update\nstanchion db export --key sign.key advisories.db\n# here, with the portal's own data folder\nstanchion --data-dir FOLDER db import --trust PUBLIC-HALF advisories.db" } }
                }))
            } @else { (self.table(around)) }
            @if let Some(source) = &self.source { (self.refused(source)) }
            @if !self.snapshot.is_empty() { p.muted.small { "Snapshot " code { (cut(&self.snapshot, 80)) } ": verdicts name it, so that they can be made again." } }
        };
        framed(
            around,
            Part::Feeds,
            "How fresh is what we know?",
            &answer,
            &actions,
            &body,
        )
    }

    fn table(&self, around: &Around) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Sources of advisories" }
                thead { tr {
                    th scope="col" { "Source" } th.num scope="col" { "Records" } th.num scope="col" { "Withdrawn" } th.num scope="col" { "Not usable" }
                    th scope="col" { "Newest change" } th scope="col" { "Last asked" }
                } }
                tbody { @for source in &self.sources { tr data-row {
                    td.main { b { (cut(&source.name, 60)) } @if let Some(failed) = &source.failed { " " span.tag.late { "failed" } span.second { (cut(failed, 200)) } } }
                    td.num { (number(source.records)) }
                    td.num { (number(source.withdrawn)) }
                    td.num { @if source.refused > 0 { a href=(format!("/admin/feeds?source={}#refused", encoded(&source.name))) { (number(source.refused)) } } @else { "0" } }
                    td { @if let Some(newest) = &source.newest { (cut(newest.get(..10).unwrap_or(newest), 30)) } }
                    td { @if let Some(at) = source.fetched { (ago(at, around.now)) } }
                } } }
            } }
        }
    }

    fn refused(&self, source: &str) -> Markup {
        html! {
            h2 #refused { "Not usable of " (cut(source, 60)) }
            @if self.refusals.is_empty() { p.muted { "Every record of it can be used." } }
            @else {
                p.muted { @if usize::try_from(self.all).is_ok_and(|all| all > self.refusals.len()) { "The first " (self.refusals.len()) " of " (number(self.all)) ". " } "Each stays out of every verdict, and is told here." }
                div.scroll { table.stack {
                    caption.hidden { "Records that cannot be used" }
                    thead { tr { th scope="col" { "Record" } th scope="col" { "Why" } } }
                    tbody { @for (id, reason) in &self.refusals { tr { td.main { (cut(id, 80)) } td { (cut(reason, 300)) } } } }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stands_by_its_source_and_the_button_only_for_who_may() {
        let feeds = Feeds {
            updated: Some(0),
            advisories: 2,
            sources: vec![Source {
                name: "npm".into(),
                refused: 3,
                failed: Some("timeout <b>".into()),
                newest: Some("ä".into()),
                ..Source::default()
            }],
            source: Some("npm".into()),
            refusals: vec![("GHSA-1".into(), "<i>".into())],
            all: 3,
            ..Feeds::default()
        };
        let looks = Around::default();
        let page = feeds.page(&looks);
        assert!(page.contains("1 source") && page.contains("timeout &lt;b&gt;"));
        assert!(page.contains("The first 1 of 3") && !page.contains("<i>"));
        assert!(!page.contains("Update now"));
        let acts = Around {
            permissions: vec!["job.run"],
            ..Around::default()
        };
        assert!(
            Feeds::default()
                .page(&acts)
                .contains("There are no advisories yet")
        );
        assert!(feeds.page(&acts).contains("Update now"));
    }
}
