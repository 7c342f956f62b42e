//! What is the server doing?

use maud::{Markup, html};

use super::{Part, Sent, framed, one_button};
use crate::forms::{Input, input};
use crate::frame::{Around, crumbs};
use crate::parts::{ago, counted, cut, empty, moment, number, pager};

/// A job.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What its kind is called.
    pub kind: String,
    /// What it does, as in `scans the repository of a product`.
    pub about: String,
    /// What it is about.
    pub key: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// Times it was taken.
    pub attempts: i64,
    /// Times it may be taken.
    pub most: i64,
    /// Why it failed the last time.
    pub error: Option<String>,
    /// Not before this time.
    pub not_before: i64,
    /// When it was made.
    pub created: i64,
    /// When it was last taken.
    pub started: Option<i64>,
    /// When it ended.
    pub finished: Option<i64>,
}

impl Job {
    /// What it does, as a sentence without its end.
    fn what(&self) -> String {
        let mut letters = self.about.chars();
        match letters.next() {
            Some(first) => first.to_uppercase().chain(letters).collect(),
            None => self.kind.clone(),
        }
    }

    fn shown_state(&self, now: i64) -> Markup {
        html! { @match self.state.as_str() {
            "failed" => span.tag.late { "failed" },
            "running" => span.tag.good { "running" },
            "done" => "done",
            _ if self.error.is_some() => { span.tag.hot { "tried again" } " " (ago(self.not_before, now)) }
            _ => "waiting",
        } }
    }
}

/// A job that is watched while it runs.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Its number.
    pub id: i64,
    /// How far it is now.
    pub text: String,
    /// It has come to its end.
    pub over: bool,
}

impl Watched {
    /// How far it is; kept up to date by the script, and by a link without it.
    pub fn shown(&self) -> Markup {
        html! {
            @if self.over { p.progress { (self.text) } }
            @else {
                p.progress role="status" data-progress=(format!("/admin/jobs/{}/events", self.id)) data-reload="" { (self.text) }
                p.small { a href=(format!("/admin/jobs/{}", self.id)) { "Look again how far it is" } }
            }
        }
    }
}

/// A kind of job.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Five fields of cron, where it comes by itself.
    pub cron: Option<String>,
    /// When it is next due.
    pub next: Option<i64>,
    /// When it last came.
    pub last: Option<i64>,
    /// It can be started by hand.
    pub starts: bool,
}

/// State, word.
const STATES: [(&str, &str); 5] = [
    ("", "All"),
    ("failed", "Failed"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("done", "Done"),
];

/// The list of jobs.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// The state that is shown; empty: all.
    pub state: String,
    /// The latest first.
    pub jobs: Vec<Job>,
    /// This is not the first page.
    pub later: bool,
    /// The address of the next page.
    pub next: Option<String>,
    /// How many failed, run, wait.
    pub counts: (i64, i64, i64),
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// What was typed into the form of a scan.
    pub sent: Sent,
}

impl Jobs {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let (failed, running, waiting) = self.counts;
        let answer = html! {
            @if running == 0 { "No job runs" } @else { (counted(running, "job runs", "jobs run")) } ", " (number(waiting)) " waiting, "
            @if failed > 0 { a href="/admin/jobs?state=failed" { (number(failed)) " failed" } } @else { "none failed" } "."
        };
        let first = if self.state.is_empty() {
            "/admin/jobs".to_owned()
        } else {
            format!("/admin/jobs?state={}", self.state)
        };
        let body = html! {
            nav.views aria-label="Jobs by state" { @for (state, word) in STATES {
                a href=(if state.is_empty() { "/admin/jobs".to_owned() } else { format!("/admin/jobs?state={state}") }) aria-current=[(state == self.state).then_some("page")] { (word) }
            } }
            @if self.jobs.is_empty() { p.muted { "No such job." @if self.state == "failed" { " That is good." } } }
            @else { (self.table(around)) }
            (pager(self.jobs.len(), self.later.then_some(first.as_str()), self.next.as_deref()))
            @if around.may("inventory.push") { (self.scan(around)) }
            (self.schedule(around))
        };
        framed(
            around,
            Part::Jobs,
            "What is the server doing?",
            &answer,
            &html! {},
            &body,
        )
    }

    fn table(&self, around: &Around) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Jobs, the latest first" }
                thead { tr {
                    th scope="col" { "Job" } th scope="col" { "State" } th scope="col" { "Tries" } th scope="col" { "Made" } th scope="col" { "Ended" } th scope="col" { span.hidden { "Action" } }
                } }
                tbody { @for job in &self.jobs { tr data-row {
                    td.main {
                        a href=(format!("/admin/jobs/{}", job.id)) { (cut(&job.what(), 100)) }
                        span.second { (job.kind) @if !job.key.is_empty() { ", " (cut(&job.key, 80)) } ", number " (job.id) }
                        @if let Some(error) = &job.error { span.second.why { (cut(error, 240)) } }
                    }
                    td { (job.shown_state(around.now)) }
                    td { (job.attempts) " of " (job.most) }
                    td { (ago(job.created, around.now)) }
                    td { @if let Some(at) = job.finished { (ago(at, around.now)) } }
                    td { @if job.state == "failed" && around.may("job.run") { (again(around, job)) } }
                } } }
            } }
        }
    }

    fn scan(&self, around: &Around) -> Markup {
        let typed = self.sent.of("scan");
        html! {
            h2 #scan { "Scan a repository" }
            p.muted { "Of a product that says where its code is kept. Nothing of what is scanned is run." }
            (typed.wrong(&["product"]))
            form.row.short method="post" action="/admin/jobs/scan" {
                (around.token())
                (input(&typed, &Input { name: "product", label: "Product", required: true, most: 200, ..Input::default() }))
                button type="submit" { "Scan it now" }
            }
        }
    }

    fn schedule(&self, around: &Around) -> Markup {
        html! {
            h2 { "What comes by itself" }
            div.scroll { table.stack {
                caption.hidden { "Kinds of jobs" }
                thead { tr { th scope="col" { "What it does" } th scope="col" { "Last" } th scope="col" { "Next" } th scope="col" { span.hidden { "Action" } } } }
                tbody { @for kind in &self.kinds { tr {
                    td.main { (kind.about) span.second { (kind.name) @if let Some(cron) = &kind.cron { ", " code { (cron) } " UTC" } @else { ", when it is needed" } } }
                    td { @if let Some(at) = kind.last { (ago(at, around.now)) } }
                    td { @if let Some(at) = kind.next { (ago(at, around.now)) } }
                    td { @if kind.starts && around.may("job.run") { (one_button(around, "/admin/jobs/run", &[("kind", &kind.name)], "plain", "Run now", &kind.name)) } }
                } } }
            } }
        }
    }
}

fn again(around: &Around, job: &Job) -> Markup {
    one_button(
        around,
        &format!("/admin/jobs/{}/retry", job.id),
        &[],
        "plain",
        "Try again",
        &format!("job {}", job.id),
    )
}

/// The page of one job.
#[derive(Clone, Debug, Default)]
pub struct JobPage {
    /// The job.
    pub job: Job,
    /// How far it is.
    pub watched: Watched,
}

impl JobPage {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let job = &self.job;
        let actions = html! { @if job.state == "failed" && around.may("job.run") { (one_button(around, &format!("/admin/jobs/{}/retry", job.id), &[], "", "Try again", "")) } };
        let body = html! {
            (crumbs(&[("/admin/jobs", "Jobs")]))
            (self.watched.shown())
            dl {
                dt { "What it does" } dd { (job.what()) }
                @if !job.key.is_empty() { dt { "About" } dd { (cut(&job.key, 200)) } }
                dt { "State" } dd { (job.shown_state(around.now)) }
                dt { "Tries" } dd { (job.attempts) " of " (job.most) }
                dt { "Made" } dd { (moment(job.created)) }
                @if let Some(at) = job.started { dt { "Last taken" } dd { (moment(at)) } }
                @if let Some(at) = job.finished { dt { "Ended" } dd { (moment(at)) } }
            }
            @if let Some(error) = &job.error { h2 { "Why it did not work" } pre { code { (error) } } }
            @if job.state == "failed" && job.error.is_none() { (empty("No reason was kept", &html! { p { "The server's log has what happened around it." } })) }
        };
        framed(
            around,
            Part::Jobs,
            "How far is this job?",
            &html! { (job.what()) ", number " (job.id) "." },
            &actions,
            &body,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_says_why_and_can_be_tried_again_by_who_may() {
        let jobs = Jobs {
            jobs: vec![Job {
                id: 7,
                kind: "scan".into(),
                about: "scans the repository of a product".into(),
                key: "shop<b>".into(),
                state: "failed".into(),
                error: Some("no <i>way</i>".into()),
                ..Job::default()
            }],
            kinds: vec![Kind {
                name: "feeds".into(),
                starts: true,
                ..Kind::default()
            }],
            counts: (1, 0, 0),
            ..Jobs::default()
        };
        let page = jobs.page(&Around::default());
        assert!(page.contains("Scans the repository of a product") && page.contains("1 failed"));
        assert!(page.contains("no &lt;i&gt;way") && page.contains("shop&lt;b&gt;"));
        assert!(!page.contains("method=\"post\" action=\"/admin"));
        let acts = Around {
            permissions: vec!["job.run", "inventory.push"],
            ..Around::default()
        };
        let page = jobs.page(&acts);
        for address in ["/admin/jobs/7/retry", "/admin/jobs/run", "/admin/jobs/scan"] {
            assert!(page.contains(address), "{address}");
        }
    }

    #[test]
    fn what_runs_is_watched_and_what_is_over_is_not() {
        let watched = |over| {
            Watched {
                id: 3,
                text: "It runs".into(),
                over,
            }
            .shown()
            .into_string()
        };
        assert!(watched(false).contains("data-progress=\"/admin/jobs/3/events\""));
        assert!(watched(false).contains("href=\"/admin/jobs/3\""));
        assert!(!watched(true).contains("data-progress"));
    }
}
