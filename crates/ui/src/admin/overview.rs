//! Is the machinery well?

use maud::{Markup, html};

use super::{Part, framed};
use crate::frame::Around;
use crate::parts::{ago, bytes, counted, cut, number};

/// Advisories that are older than this are old: they are asked for every two hours.
const OLD: i64 = 86_400;
/// A copy that is older than this is old.
const OLD_COPY: i64 = 7 * 86_400;

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Jobs that wait.
    pub waiting: i64,
    /// Jobs that run.
    pub running: i64,
    /// Jobs that failed.
    pub failed: i64,
    /// The last of them: number, what it does, why it failed.
    pub failures: Vec<(i64, String, String)>,
    /// When the advisories were last brought up to date.
    pub advisories: Option<i64>,
    /// Sources that failed the last time.
    pub failed_sources: Vec<String>,
    /// The last copy: when, where, by whom.
    pub backup: Option<(i64, String, String)>,
    /// The state is in `PostgreSQL`, which has its own copies.
    pub postgres: bool,
    /// Bytes of the database.
    pub store_bytes: i64,
    /// People who can get in.
    pub people: i64,
    /// Services that can.
    pub services: i64,
    /// Accounts by which nobody gets in.
    pub disabled: i64,
    /// Tokens that hold.
    pub tokens: i64,
}

impl Overview {
    /// What is not well, each with its page.
    fn faults(&self, around: &Around) -> Vec<(String, &'static str)> {
        let now = around.now;
        let mut faults = Vec::new();
        if self.failed > 0 {
            faults.push((
                counted(self.failed, "job failed", "jobs failed"),
                "/admin/jobs?state=failed",
            ));
        }
        match self.advisories {
            None => faults.push(("there are no advisories yet".into(), "/admin/feeds")),
            Some(at) if now - at > OLD => {
                faults.push(("the advisories are old".into(), "/admin/feeds"));
            }
            Some(_) => {}
        }
        if !self.failed_sources.is_empty() {
            faults.push((
                counted(
                    self.failed_sources.len(),
                    "source of advisories failed",
                    "sources of advisories failed",
                ),
                "/admin/feeds",
            ));
        }
        if !self.postgres {
            match &self.backup {
                _ if !around.may("backup") => {}
                None => faults.push(("nobody has taken a copy yet".into(), "/admin/backup")),
                Some((at, ..)) if now - at > OLD_COPY => {
                    faults.push(("the last copy is old".into(), "/admin/backup"));
                }
                Some(_) => {}
            }
        }
        faults
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let faults = self.faults(around);
        let answer = html! {
            @if faults.is_empty() { "Yes: no job failed, and the advisories are fresh." }
            @else {
                "Not quite: "
                @for (at, (text, address)) in faults.iter().enumerate() {
                    @if at > 0 { " · " }
                    a href=(address) { (text) }
                }
                "."
            }
        };
        let body = html! {
            table.stack.facts {
                caption.hidden { "Parts of the portal and how they are" }
                thead { tr { th scope="col" { "Part" } th scope="col" { "How it is" } th scope="col" { "Look" } } }
                tbody {
                    (row("Jobs", &html! {
                        @if self.failed > 0 { (tag(false, "Look")) " " a href="/admin/jobs?state=failed" { (counted(self.failed, "failed", "failed")) } ", " }
                        @else { (tag(true, "Well")) " none failed, " }
                        a href="/admin/jobs?state=running" { (number(self.running)) " running" } ", "
                        a href="/admin/jobs?state=waiting" { (number(self.waiting)) " waiting" }
                        @for (id, what, why) in &self.failures {
                            span.second { a href=(format!("/admin/jobs/{id}")) { (cut(what, 80)) } ": " (cut(why, 160)) }
                        }
                    }, "/admin/jobs", "All jobs"))
                    (row("Advisories", &self.feeds(around), "/admin/feeds", "Feeds"))
                    (row("Backup", &self.copies(around), if around.may("backup") { "/admin/backup" } else { "" }, "Copies"))
                    (row("Store", &html! { (bytes(self.store_bytes)) " in " (if self.postgres { "PostgreSQL" } else { "SQLite" })
                        span.second { "The database; documents lie beside it." } }, "", ""))
                    (row("People", &html! {
                        (people_link(around, "/admin/people", &counted(self.people, "person gets in", "people get in"))) ", "
                        (people_link(around, "/admin/people", &counted(self.services, "service", "services")))
                        @if self.disabled > 0 { ", " (people_link(around, "/admin/people", &format!("{} disabled", number(self.disabled)))) }
                    }, if around.may("people.read") { "/admin/people" } else { "" }, "People"))
                    (row("Tokens", &html! { (people_link(around, "/admin/tokens", &counted(self.tokens, "token holds", "tokens hold"))) },
                        if around.may("people.read") { "/admin/tokens" } else { "" }, "Tokens"))
                }
            }
        };
        framed(
            around,
            Part::Overview,
            "Is the machinery well?",
            &answer,
            &html! {},
            &body,
        )
    }

    fn feeds(&self, around: &Around) -> Markup {
        html! {
            @match self.advisories {
                None => { (tag(false, "Look")) " none are here yet" }
                Some(at) => {
                    (tag(around.now - at <= OLD && self.failed_sources.is_empty(), if around.now - at <= OLD && self.failed_sources.is_empty() { "Well" } else { "Look" }))
                    " brought up to date " a href="/admin/feeds" { (ago(at, around.now)) }
                }
            }
            @if !self.failed_sources.is_empty() { span.second { "Failed the last time: " (cut(&self.failed_sources.join(", "), 160)) } }
        }
    }

    fn copies(&self, around: &Around) -> Markup {
        html! {
            @match &self.backup {
                None if self.postgres => "PostgreSQL has its own copies; none was taken here",
                None => { (tag(false, "Look")) " none was taken by the portal or its command line" }
                Some((at, file, by)) => {
                    @if self.postgres || around.now - at <= OLD_COPY { (tag(true, "Well")) } @else { (tag(false, "Look")) }
                    " the last " (ago(*at, around.now)) " by " (cut(by, 60))
                    span.second { (cut(file, 120)) }
                }
            }
        }
    }
}

fn tag(well: bool, word: &str) -> Markup {
    html! { span.tag .good[well] .hot[!well] { (word) } }
}

fn people_link(around: &Around, address: &str, text: &str) -> Markup {
    html! { @if around.may("people.read") { a href=(address) { (text) } } @else { (text) } }
}

fn row(part: &str, how: &Markup, address: &str, word: &str) -> Markup {
    html! {
        tr {
            th scope="row" { (part) }
            td.main { (how) }
            td { @if !address.is_empty() { a href=(address) { (word) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(permissions: &[&'static str]) -> Around {
        Around {
            permissions: permissions.to_vec(),
            now: 100 * 86_400,
            ..Around::default()
        }
    }

    #[test]
    fn it_says_what_is_not_well_and_links_it() {
        let well = Overview {
            advisories: Some(100 * 86_400 - 60),
            backup: Some((99 * 86_400, "a".into(), "ann".into())),
            ..Overview::default()
        };
        let page = well.page(&around(&["job.read"]));
        assert!(page.contains("Yes: no job failed"), "{page}");
        assert!(
            !page.contains("/admin/people") && !page.contains("/admin/backup"),
            "only what they may"
        );
        let ill = Overview {
            failed: 2,
            failures: vec![(7, "<b>".into(), "\"<i>".into())],
            advisories: Some(0),
            failed_sources: vec!["npm".into()],
            ..Overview::default()
        };
        let page = ill.page(&around(&["job.read", "people.read", "backup"]));
        for part in [
            "2 jobs failed",
            "the advisories are old",
            "1 source of advisories failed",
            "nobody has taken a copy yet",
            "href=\"/admin/jobs/7\"",
            "&lt;b&gt;",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("<b>") && !page.contains("<i>"));
    }
}
