//! A product at a glance: how it stands, what of it is live, where it runs, who answers for it.

use jiff::civil::Date;
use maud::{Markup, html};
use stanchion_report::chart::{Event, Point, Subject, Trend};

use super::{Head, gate, short};
use crate::forms::{self, Input, Typed};
use crate::frame::Around;
use crate::parts::{
    Count, ago, counted, cut, encoded, figure, findings_path, plain, product_path, term,
};
use crate::products::Numbers;

/// A version. Times are seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// A UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its branch.
    pub branch: String,
    /// The latest of its branch.
    pub latest: bool,
    /// Latest or deployed.
    pub live: bool,
    /// How many components it has.
    pub components: i64,
    /// When its inventory came.
    pub pushed: Option<i64>,
    /// What the gate last said.
    pub denied: Option<bool>,
    /// Where it runs now.
    pub environments: Vec<String>,
}

/// A branch.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// `pushed`, `ordered` or `pinned`.
    pub latest: &'static str,
}

/// Where a version runs.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// A UUID.
    pub id: String,
    /// Such as `production`.
    pub environment: String,
    /// The version's name.
    pub version: Option<String>,
    /// Seconds since 1970.
    pub since: i64,
    /// For people.
    pub note: String,
}

/// Where the code is kept.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Its address.
    pub url: String,
    /// A branch or tag; empty: the default branch.
    pub reference: String,
    /// The product's branch that inventories go to.
    pub branch: String,
    /// A token is kept for it.
    pub token: bool,
    /// The commit that was last scanned.
    pub commit: Option<String>,
    /// Seconds since 1970.
    pub scanned: Option<i64>,
}

/// A product below this one.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Open risk.
    pub risk: f64,
    /// Open findings.
    pub open: i64,
}

/// An upgrade that clears findings.
#[derive(Clone, Debug, Default)]
pub struct Upgrade {
    /// The component.
    pub component: String,
    /// The version to raise it to.
    pub to: String,
    /// Findings that it clears.
    pub clears: i64,
    /// Exploited among them.
    pub exploited: i64,
    /// The risk that goes with them.
    pub risk: f64,
    /// The highest score among them.
    pub worst: Option<f64>,
}

/// What is known of the product itself.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// For people.
    pub description: String,
    /// Who acts.
    pub owner: Option<String>,
    /// 1 (most depends on it) to 5.
    pub tier: Option<i64>,
    /// Reachable from the internet.
    pub exposed: Option<bool>,
    /// Where it runs.
    pub environment: Option<String>,
    /// `development`, `active`, `maintenance` or `retired`.
    pub lifecycle: String,
    /// Classes of data it holds.
    pub data_classes: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who sells it.
    pub vendor: Option<String>,
    /// The version that was bought.
    pub bought_version: Option<String>,
    /// Its CPE name.
    pub cpe: Option<String>,
    /// Anyone may see its badge.
    pub badge: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// What stands above.
    pub head: Head,
    /// How it stands.
    pub now: Numbers,
    /// Open risk by day since 1970.
    pub days: Vec<(Date, f64)>,
    /// The last day.
    pub today: Date,
    /// How many days are drawn.
    pub window: u16,
    /// What is known of it.
    pub facts: Facts,
    /// The last versions, the last pushed first.
    pub versions: Vec<Version>,
    /// How many there are.
    pub all_versions: i64,
    /// Its branches.
    pub branches: Vec<Branch>,
    /// What goes on.
    pub deployments: Vec<Deployment>,
    /// Where the code is kept.
    pub repository: Option<Repository>,
    /// Products below.
    pub parts: Vec<Part>,
    /// The upgrades that clear most risk.
    pub fixes: Vec<Upgrade>,
    /// Exceptions that hold, and how many findings each covers.
    pub exceptions: Vec<(String, i64)>,
    /// What stands in the form that was sent last, and which one it was: `deploy`, `repository`, `branch`.
    pub typed: (String, Typed),
}

const RULES: [(&str, &str); 3] = [
    ("pushed", "the last that came in"),
    ("ordered", "the highest version"),
    ("pinned", "the one that is pinned"),
];

pub(crate) fn rule(word: &str) -> &'static str {
    RULES
        .iter()
        .find(|(own, _)| *own == word)
        .map_or("the last that came in", |(_, words)| words)
}

impl Overview {
    fn typed(&self, form: &str) -> Typed {
        if self.typed.0 == form {
            self.typed.1.clone()
        } else {
            Typed::default()
        }
    }

    fn answer(&self, around: &Around) -> Markup {
        let name = term("product", &self.head.name);
        let live: Vec<&Version> = self
            .versions
            .iter()
            .filter(|version| version.live)
            .collect();
        let closed = live
            .iter()
            .filter(|version| version.denied == Some(true))
            .count();
        html! {
            @if live.is_empty() && !self.head.bought { "Nobody knows yet what is in it: no inventory has come in." }
            @else if self.now.open == 0 { "Nothing is open." }
            @else {
                a href=(findings_path(&name)) { (counted(self.now.open, "finding is", "findings are")) " open" }
                @if self.now.exploited > 0 { ", " a href=(findings_path(&format!("{name} kev"))) { (self.now.exploited) " exploited" } }
                @if self.now.overdue > 0 { ", " a href=(findings_path(&format!("{name} overdue"))) { (self.now.overdue) " overdue" } }
                "."
            }
            @if closed > 0 { " The build gate is closed for " (counted(i64::try_from(closed).unwrap_or(0), "live version", "live versions")) "." }
            @else if live.iter().any(|version| version.denied.is_some()) { " The build gate is open." }
            @if let Some(at) = self.versions.iter().filter_map(|version| version.pushed).max() { " The last inventory came " (ago(at, around.now)) "." }
        }
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let name = term("product", &self.head.name);
        let write = around.may("product.write");
        let actions = html! {
            @if around.may("inventory.push") && self.repository.is_some() {
                form method="post" action=(self.head.path("/scan")) { (around.token()) button.second type="submit" { "Scan the repository now" } }
            }
            @if write { a.button href=(self.head.path("/change")) { "Change" } }
        };
        let count = |count, what, more: &str, hot| {
            figure(
                Count::exactly(count),
                what,
                &findings_path(&format!("{name}{more}")),
                hot,
            )
        };
        let body = html! {
            div.figures {
                (count(self.now.open, "open", "", false))
                (count(self.now.critical, "critical", " severity:critical", true))
                (count(self.now.high, "high", " severity:high", false))
                (count(self.now.exploited, "exploited", " kev", true))
                (count(self.now.overdue, "overdue", " overdue", true))
                (count(self.now.excepted, "excepted", " is:excepted", false))
                (count(self.now.unowned, "without owner", " unowned", false))
            }
            div.columns {
                div {
                    (self.trend())
                    (self.next_steps())
                    @if !self.head.bought { (self.live(around)) (self.hand_in(around)) }
                    (self.runs(around))
                    @if !self.head.bought && (write || self.repository.is_some()) { (self.code(around)) }
                }
                aside { (self.known(around)) }
            }
        };
        self.head.page(
            around,
            "",
            &format!(
                "How does {} stand?",
                self.head.name.chars().take(120).collect::<String>()
            ),
            &self.answer(around),
            &actions,
            &body,
        )
    }

    fn trend(&self) -> Markup {
        let points: Vec<Point> = self
            .days
            .iter()
            .map(|(day, value)| Point {
                day: *day,
                value: *value,
            })
            .collect();
        let events: Vec<Event> = Vec::new();
        html! {
            (Trend { id: "trend", subject: Subject::OPEN_RISK, to: self.today, days: self.window, points: &points, events: &events }.draw())
            p.more.no-print {
                @if self.window > 90 { a href=(self.head.path("")) { "90 days" } } @else { a href=(self.head.path("?days=550")) { "550 days" } }
            }
        }
    }

    fn next_steps(&self) -> Markup {
        let query = term("product", &self.head.name);
        html! {
            @if !self.fixes.is_empty() {
                section.block {
                    h2 { "What to raise first" }
                    div.scroll { table.stack {
                        caption.hidden { "The upgrades that clear most risk" }
                        thead { tr { th scope="col" { "Upgrade" } th.num scope="col" { "Clears" } th.num scope="col" { "Exploited" } th.num scope="col" { "Risk" } th.num scope="col" { "Worst" } } }
                        tbody { @for one in &self.fixes {
                            @let own = format!("{query} {} {}", term("component", &one.component), term("upgrade", &one.to));
                            tr data-row {
                                td.main { a href=(findings_path(&own)) { (cut(&one.component, 60)) } " to " b { (cut(&one.to, 40)) } }
                                td.num { a href=(findings_path(&own)) { (crate::parts::number(one.clears)) } }
                                td.num { @if one.exploited == 0 { span.muted { "0" } } @else { a href=(findings_path(&format!("{own} kev"))) { (one.exploited) } } }
                                td.num { (format!("{:.0}", one.risk)) }
                                td.num { (crate::parts::score(one.worst)) }
                            }
                        } }
                    } }
                    p.more { a href={ "/fixes?q=" (encoded(&query)) } { "The whole plan, with commands" } " · " a href=(self.head.path("/findings")) { "What an attacker gains" } }
                }
            }
        }
    }

    fn live(&self, around: &Around) -> Markup {
        let shown = i64::try_from(self.versions.len()).unwrap_or(i64::MAX);
        html! {
            section.block #versions {
                h2 { "Versions" }
                @if self.versions.is_empty() { p.muted { "None yet: a version comes with its inventory." } }
                @else {
                    div.scroll { table.stack {
                        caption.hidden { "Versions, the last pushed first" }
                        thead { tr { th scope="col" { "Version" } th scope="col" { "Branch" } th scope="col" { "Is" } th scope="col" { "Gate" } th.num scope="col" { "Components" } th scope="col" { "Came in" } } }
                        tbody { @for version in &self.versions { tr {
                            td.main { a href=(self.head.path(&format!("/inventory?version={}", version.id))) { b { (cut(&version.name, 60)) } } }
                            td { (cut(&version.branch, 40)) }
                            td { @if version.latest { "latest" } @else if version.live { "deployed" } @else { span.muted { "older" } } }
                            td { (gate(version.denied)) }
                            td.num { (crate::parts::number(version.components)) }
                            td { @if let Some(at) = version.pushed { (ago(at, around.now)) } @else { span.muted { "no inventory" } } }
                        } } }
                    } }
                    @if self.all_versions > shown { p.more { "The last " (shown) ". " a href=(self.head.path("/versions")) { "All versions" } } }
                }
                @for branch in &self.branches { (self.branch(branch, around)) }
            }
        }
    }

    fn branch(&self, branch: &Branch, around: &Around) -> Markup {
        let typed = self.typed("branch");
        let own = typed.get("branch") == branch.name && typed.error.is_some();
        let typed = if own {
            typed
        } else {
            Typed::of([
                ("branch", branch.name.clone()),
                ("latest", branch.latest.to_owned()),
                ("version", String::new()),
            ])
        };
        let offers: Vec<String> = self
            .versions
            .iter()
            .filter(|version| version.branch == branch.name)
            .map(|version| version.name.clone())
            .collect();
        // Fields of several forms on one page: ids are told apart by the branch.
        let id = encoded(&branch.name);
        html! {
            @if around.may("product.write") {
                details.quiet open[own] {
                    summary { "On " b { (cut(&branch.name, 60)) } " the latest is " (rule(branch.latest)) }
                    (typed.wrong(&[]))
                    form.row method="post" action=(self.head.path("/branch")) {
                        (around.token())
                        input type="hidden" name="branch" value=(branch.name);
                        div.field {
                            label for={ "rule-" (id) } { "Latest is" }
                            select id={ "rule-" (id) } name="latest" {
                                @for (value, word) in RULES { option value=(value) selected[typed.get("latest") == value] { (word) } }
                            }
                        }
                        div.field {
                            label for={ "pin-" (id) } { "Pinned version" span.muted { " (only for that)" } }
                            input id={ "pin-" (id) } name="version" value=(typed.get("version")) maxlength="200" autocomplete="off" list={ "pins-" (id) };
                            datalist id={ "pins-" (id) } { @for offer in &offers { option value=(offer) {} } }
                        }
                        button.second type="submit" { "Set" }
                    }
                }
            } @else {
                p.muted.small { "On " (cut(&branch.name, 60)) " the latest is " (rule(branch.latest)) "." }
            }
        }
    }

    fn hand_in(&self, around: &Around) -> Markup {
        html! {
            @if around.may("inventory.push") {
                section.block #hand-in {
                    h2 { "Hand in an inventory" }
                    details.quiet open[self.versions.is_empty()] {
                        summary { "A file from here" }
                        (crate::hand_in::form(around, &Typed::of([("product", self.head.name.clone()), ("version", String::new()), ("branch", String::new())]), &[]))
                    }
                    details.quiet { summary { "Or by the command line" } (crate::products::commands(around, &self.head.name)) }
                }
            }
        }
    }

    fn runs(&self, around: &Around) -> Markup {
        let typed = self.typed("deploy");
        let offers: Vec<String> = self.versions.iter().map(|one| one.name.clone()).collect();
        html! {
            section.block #deployments {
                h2 { "Where it runs" }
                @if self.deployments.is_empty() { p.muted { "Nobody has said where it runs. What runs somewhere is live, and its findings are work." } }
                @else {
                    div.scroll { table.stack {
                        caption.hidden { "Deployments" }
                        thead { tr { th scope="col" { "Environment" } th scope="col" { "Version" } th scope="col" { "Since" } th scope="col" { "Note" } @if around.may("product.write") { th scope="col" { span.hidden { "End" } } } } }
                        tbody { @for one in &self.deployments { tr {
                            td.main { a href=(findings_path(&format!("{} {}", term("product", &self.head.name), term("environment", &one.environment)))) { (cut(&one.environment, 60)) } }
                            td { @if let Some(version) = &one.version { (cut(version, 40)) } @else { span.tag.late { "nobody knows which" } } }
                            td { (ago(one.since, around.now)) }
                            td { (cut(&one.note, 80)) }
                            @if around.may("product.write") { td.tight {
                                form method="post" action=(self.head.path("/deployments/end")) {
                                    (around.token()) input type="hidden" name="id" value=(one.id);
                                    button.plain type="submit" aria-label=(format!("It has ended in {}", one.environment.chars().take(80).collect::<String>())) { "It has ended" }
                                }
                            } }
                        } } }
                    } }
                }
                @if around.may("product.write") {
                    details.quiet open[typed.error.is_some()] {
                        summary { "Say that it runs somewhere" }
                        form.fields method="post" action=(self.head.path("/deployments")) {
                            (around.token())
                            (typed.wrong(&["environment", "version", "note"]))
                            (forms::input(&typed, &Input { name: "environment", label: "Environment", note: "Such as production.", required: true, most: 200, ..Input::default() }))
                            (forms::input(&typed, &Input { name: "version", label: "Version", note: "Leave it empty where nobody knows what runs there: then it is told as a gap.", offers: &offers, most: 200, ..Input::default() }))
                            (forms::input(&typed, &Input { name: "note", label: "Note", most: 2_000, ..Input::default() }))
                            (forms::checks(&typed, "beside", "", &[("yes", "beside what runs there already", "otherwise that ends")]))
                            button type="submit" { "Write down" }
                        }
                    }
                }
            }
        }
    }

    fn code(&self, around: &Around) -> Markup {
        let sent = self.typed("repository");
        let open = sent.error.is_some();
        let typed = if open {
            sent
        } else if let Some(repository) = &self.repository {
            Typed::of([
                ("url", repository.url.clone()),
                ("reference", repository.reference.clone()),
                ("into", repository.branch.clone()),
            ])
        } else {
            Typed::default()
        };
        html! {
            section.block #repository {
                h2 { "Where its code is kept" }
                @if let Some(repository) = &self.repository {
                    p { code { (cut(&repository.url, 120)) } @if !repository.reference.is_empty() { " at " code { (cut(&repository.reference, 60)) } }
                        ", into the branch " (cut(&repository.branch, 60)) ". "
                        @if let Some(at) = repository.scanned { "Last scanned " (ago(at, around.now)) @if let Some(commit) = &repository.commit { " at " code { (commit.chars().take(12).collect::<String>()) } } "." }
                        @else { "Not scanned yet." } }
                }
                @if around.may("product.write") {
                    details.quiet open[open] {
                        summary { @if self.repository.is_some() { "Say otherwise" } @else { "Let the portal scan a repository" } }
                        form.fields method="post" action=(self.head.path("/repository")) {
                            (around.token())
                            (typed.wrong(&["url", "reference", "into", "token"]))
                            (forms::input(&typed, &Input { name: "url", label: "Address", note: "https://… or ssh://…", required: true, most: 2_000, ..Input::default() }))
                            (forms::input(&typed, &Input { name: "reference", label: "Its branch or tag", note: "The default branch without one.", most: 200, ..Input::default() }))
                            (forms::input(&typed, &Input { name: "into", label: "Branch of the product", note: "main without one.", most: 200, ..Input::default() }))
                            (forms::input(&Typed { values: Vec::new(), ..typed.clone() }, &Input { name: "token", label: "Token that may read it", kind: "password",
                                note: "Kept sealed and never shown again. Type it again with each change.", most: 2_000, ..Input::default() }))
                            button type="submit" { "Set" }
                        }
                    }
                }
            }
        }
    }

    fn known(&self, around: &Around) -> Markup {
        let facts = &self.facts;
        let fact = |word: &str, value: Option<&str>, none: &str| {
            html! {
                dt { (word) } dd { @if let Some(value) = value { (cut(value, 80)) } @else { span.muted { (none) } } }
            }
        };
        let tier = facts.tier.map(|tier| match tier {
            1 => "1, most depends on it".to_owned(),
            5 => "5, least depends on it".to_owned(),
            tier => tier.to_string(),
        });
        html! {
            h2 { "What is known of it" }
            @if !facts.description.is_empty() { p { (cut(&facts.description, 400)) } }
            dl {
                (fact("Owner", facts.owner.as_deref(), "nobody yet"))
                (fact("Tier", tier.as_deref(), "nobody has said"))
                dt { "Internet" } dd { @match facts.exposed { Some(true) => "reachable", Some(false) => "not reachable", None => span.muted { "nobody has said" } } }
                (fact("Environment", facts.environment.as_deref(), "nobody has said"))
                dt { "Life" } dd { (match facts.lifecycle.as_str() { "development" => "in development".to_owned(), "maintenance" => "in maintenance".to_owned(), other => plain(other) }) }
                @if !facts.data_classes.is_empty() { dt { "Data" } dd { (cut(&facts.data_classes.join(", "), 200)) } }
                @if !facts.tags.is_empty() { dt { "Tags" } dd { div.tags { @for tag in facts.tags.iter().take(30) { a.tag href={ "/products?q=" (encoded(&term("tag", tag))) } { (cut(tag, 40)) } } } } }
                @if let Some(vendor) = &facts.vendor { dt { "Sold by" } dd { a href={ "/products?q=" (encoded(&term("vendor", vendor))) } { (cut(vendor, 80)) } } }
                @if self.head.bought { (fact("Version", facts.bought_version.as_deref(), "nobody has said")) (fact("CPE", facts.cpe.as_deref(), "found by name")) }
                @if let Some(parent) = self.head.above.last() { dt { "Part of" } dd { a href=(product_path(parent)) { (short(parent)) } } }
                @if facts.badge { dt { "Badge" } dd { "anyone may see it" } }
            }
            @if !self.exceptions.is_empty() {
                h2 { "Exceptions" }
                ul.plain { @for (id, covers) in &self.exceptions { li {
                    @if around.may("policy.read") { a href={ "/policy/exceptions/" (encoded(id)) } { (cut(id, 40)) } } @else { (cut(id, 40)) }
                    " " a.muted href=(findings_path(&format!("{} {}", term("product", &self.head.name), term("exception", id)))) { "covers " (counted(*covers, "finding", "findings")) }
                } } }
            }
            @if !self.parts.is_empty() {
                h2 { "Its parts" }
                ul.plain { @for part in &self.parts { li {
                    a href=(product_path(&part.name)) { (short(&part.name)) } " "
                    span.muted { @if part.open == 0 { "nothing open" } @else { (part.open) " open, risk " (format!("{:.0}", part.risk)) } }
                } } }
                p.more { a href=(findings_path(&term("below", &self.head.name))) { "All findings of it and below" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> Overview {
        Overview {
            head: Head {
                name: "sh<b>op".into(),
                ..Head::default()
            },
            today: jiff::civil::date(2026, 11, 24),
            window: 90,
            versions: vec![Version {
                id: "0f".into(),
                name: "1<i>".into(),
                branch: "main".into(),
                live: true,
                latest: true,
                denied: Some(true),
                pushed: Some(0),
                ..Version::default()
            }],
            branches: vec![Branch {
                name: "main".into(),
                latest: "pushed",
            }],
            ..Overview::default()
        }
    }

    #[test]
    fn it_says_how_it_stands_and_offers_what_one_may() {
        let page = view().page(&Around::default());
        for text in [
            "sh&lt;b&gt;op",
            "1&lt;i&gt;",
            "the build gate is closed",
            "the latest is the last that came in",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("method=\"post\" action=\"/products"));
        assert!(!page.contains(" style="));
        let page = view().page(&Around {
            permissions: vec!["product.write", "inventory.push"],
            ..Around::default()
        });
        assert!(page.contains("/deployments\"") && page.contains("multipart/form-data"));
    }

    #[test]
    fn what_was_typed_stays_in_its_form_alone() {
        let page = Overview {
            typed: (
                "deploy".into(),
                Typed {
                    error: Some("No.".into()),
                    ..Typed::of([("environment", "prod<x>".into())])
                },
            ),
            ..view()
        }
        .page(&Around {
            permissions: vec!["product.write"],
            ..Around::default()
        });
        assert_eq!(page.matches("prod&lt;x&gt;").count(), 1);
        assert_eq!(page.matches("role=\"alert\"").count(), 1);
    }
}
