//! What did we promise, do we keep it? The policy in force as people read it, with how its rules stand now.

pub mod change;
pub mod decisions;
pub mod exceptions;
pub mod lines;
pub mod versions;

use maud::{Markup, html};
use stanchion_model::document::{Block, Document};
use stanchion_report::chart::{Sla, SlaRow, Slice, Standing};

use crate::frame::{Around, Place, tabs, top};
use crate::parts::{
    Count, counted, cut, day, empty, encoded, figure, findings_path, number, severity, term,
};
use exceptions::Row as ExceptionRow;

/// The pages of the policy: `here` is the address of one of them.
fn pages(here: &str) -> Markup {
    let all = [
        ("/policy", "The policy"),
        ("/policy/exceptions", "Exceptions"),
        ("/policy/decisions", "Decisions"),
        ("/policy/vex", "VEX"),
        ("/policy/versions", "Versions"),
    ];
    let all: Vec<(String, &str, bool)> = all
        .into_iter()
        .map(|(address, word)| (address.to_owned(), word, address == here))
        .collect();
    tabs("Pages of the policy", &all)
}

/// The page of an exception.
pub fn exception_path(id: &str) -> String {
    format!("/policy/exceptions/{}", encoded(id))
}

/// Which policy is in force, since when, by whom.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    /// Its number.
    pub seq: i64,
    /// SHA-256 of its text.
    pub digest: String,
    /// `portal`, or a repository's address and commit.
    pub source: String,
    /// Who put it in force.
    pub set_by: String,
    /// When.
    pub at: i64,
    /// Why.
    pub note: String,
    /// It is kept in a repository, with all that stands beside it: nothing is decided here.
    pub elsewhere: bool,
}

impl InForce {
    /// The beginning of the digest; the whole stands behind it.
    fn short(&self) -> Markup {
        let short: String = self.digest.chars().take(12).collect();
        html! { code title=(self.digest) { (short) } }
    }
}

/// A rule of deadlines.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Which findings, in words.
    pub what: String,
    /// Time for critical, high, medium, low.
    pub spans: [String; 4],
    /// Time until a decision.
    pub triage: Option<String>,
    /// What it is counted from.
    pub clock: String,
    /// Why it is there.
    pub reason: Option<String>,
    /// Findings that it decides about; `None` where they could not be counted in time.
    pub count: Option<Count>,
}

/// A rule of a gate.
#[derive(Clone, Debug, Default)]
pub struct GateRule {
    /// Its id.
    pub id: String,
    /// `pull_request`, `build`, `release` or `deploy`.
    pub gate: &'static str,
    /// Which findings close it, in words.
    pub what: String,
    /// What cannot be decided closes it too.
    pub missing: bool,
    /// Why it is there.
    pub reason: Option<String>,
    /// Findings that break it; `None` at gates that are asked elsewhere.
    pub count: Option<Count>,
}

/// How the open findings of one severity stand to their deadlines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Past their deadline.
    pub overdue: i64,
    /// Due within 7 days.
    pub soon: i64,
    /// Due later.
    pub in_time: i64,
    /// Covered by an exception.
    pub excepted: i64,
    /// Without a deadline.
    pub open_end: i64,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which one.
    pub in_force: InForce,
    /// Who answers for it.
    pub accountable: Option<String>,
    /// Open findings, and of them overdue.
    pub open: (i64, i64),
    /// Critical, high, medium, low, none, not rated; `None` where there are too many to be counted at once.
    pub clocks: Option<[Clock; 6]>,
    /// Due within 7 days.
    pub soon: Count,
    /// Rules of deadlines, in the order of the file.
    pub rules: Vec<Rule>,
    /// Rules of gates.
    pub gates: Vec<GateRule>,
    /// Live versions for which the gate is closed, and all of them.
    pub closed: (i64, i64),
    /// Exceptions asked for, in force, about to lapse, over.
    pub exceptions: [i64; 4],
    /// Those that end soonest.
    pub lapsing: Vec<ExceptionRow>,
    /// The policy for people.
    pub document: Option<Document>,
    /// Why it cannot be shown as a document.
    pub fault: Option<String>,
}

const SEVERITIES: [&str; 6] = ["critical", "high", "medium", "low", "none", "unknown"];

fn slice(count: i64, query: Option<String>) -> Slice {
    Slice {
        count: u64::try_from(count).unwrap_or_default(),
        href: query.map(|query| findings_path(&query)),
    }
}

fn standing(word: &str, clock: &Clock) -> SlaRow {
    let of = term("severity", word);
    let name = match word {
        "unknown" => "not rated".to_owned(),
        word => word.to_owned(),
    };
    SlaRow {
        name,
        href: Some(findings_path(&of)),
        standing: Standing {
            overdue: slice(clock.overdue, Some(format!("{of} is:overdue"))),
            due_soon: slice(
                clock.soon,
                Some(format!("{of} due<7d -is:overdue -is:excepted sort:due")),
            ),
            in_time: slice(
                clock.in_time,
                Some(format!("{of} due>=7d -is:overdue -is:excepted sort:due")),
            ),
            excepted: slice(clock.excepted, Some(format!("{of} is:excepted"))),
            no_deadline: slice(clock.open_end, None),
        },
    }
}

/// An id of a rule as an anchor.
fn anchor(id: &str) -> String {
    let plain: String = id
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    format!("rule-{plain}")
}

fn hits(count: Option<Count>, query: &str) -> Markup {
    html! {
        @match count {
            Some(count) => a href=(findings_path(query)) { (count.text()) },
            None => a href=(findings_path(query)) { "look" span.hidden { " at the findings" } },
        }
    }
}

fn gate_word(gate: &str) -> &'static str {
    match gate {
        "pull_request" => "pull request",
        "release" => "release",
        "deploy" => "deploy",
        _ => "build",
    }
}

impl Policy {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let actions = html! {
            @if around.may("policy.write") && !self.in_force.elsewhere { a.button href="/policy/change" { "Change it" } }
            @if around.may("exception.request") && !self.in_force.elsewhere { a.button href="/policy/exceptions/new" { "Ask for an exception" } }
            a.button href="/policy/policy.toml" { "TOML" }
        };
        let body = html! {
            (top("What did we promise, do we keep it?", &self.answer(), &actions))
            (pages("/policy"))
            (self.figures())
            @if let Some(fault) = &self.fault { p.wrong role="alert" { (fault) } }
            section.block #clocks {
                h2 { "Deadlines" }
                (self.chart())
                (self.deadlines())
            }
            section.block #gates { h2 { "Gates" } (self.closed()) (self.gates()) }
            div.columns {
                div.prose { @if let Some(document) = &self.document { (paper(document)) } }
                aside { (self.beside(around)) }
            }
        };
        around.page(Place::Policy, "Policy", &body)
    }

    fn answer(&self) -> Markup {
        let (open, late) = self.open;
        html! {
            @if open == 0 { "Nothing is open. " }
            @else if late == 0 { "Nothing of " (counted(open, "open finding", "open findings")) " is overdue. " }
            @else { a href=(findings_path("is:overdue")) { (number(late)) } " of " (counted(open, "open finding is", "open findings are")) " overdue. " }
            "In force since " (day(self.in_force.at)) ", put there by " bdi { (self.in_force.set_by) } "."
            @if let Some(who) = &self.accountable { " Accountable: " bdi { (who) } "." }
        }
    }

    fn figures(&self) -> Markup {
        let [asked, held, lapsing, _] = self.exceptions.map(Count::exactly);
        html! {
            div.figures {
                (figure(Count::exactly(self.open.1), "overdue", &findings_path("is:overdue"), true))
                (figure(self.soon, "due within 7 days", &findings_path("due<7d -is:overdue -is:excepted sort:due"), false))
                (figure(asked, "exceptions to decide", "/policy/exceptions?state=requested", true))
                (figure(lapsing, "exceptions end within 30 days", "/policy/exceptions?state=lapsing", true))
                (figure(held, "exceptions in force", "/policy/exceptions?state=approved", false))
            }
        }
    }

    fn chart(&self) -> Markup {
        let Some(clocks) = &self.clocks else {
            return html! { p.muted { "There is too much open to be drawn by severity at once. " a href="/findings?q=is%3Aoverdue" { "What is overdue" } " is listed." } };
        };
        let rows: Vec<SlaRow> = SEVERITIES
            .iter()
            .zip(clocks)
            .filter(|(_, clock)| **clock != Clock::default())
            .map(|(word, clock)| standing(word, clock))
            .collect();
        Sla {
            id: "kept",
            one: "severity",
            rows: &rows,
        }
        .draw()
    }

    fn deadlines(&self) -> Markup {
        if self.rules.is_empty() {
            return html! { p { "The policy sets no deadline: nothing falls due. " a href="/policy/change" { "Write one" } "." } };
        }
        let triage = self.rules.iter().any(|rule| rule.triage.is_some());
        html! {
            p.muted.small { "All rules that match a finding apply to it, and the earliest date wins: it is counted with the rule that gave that date." }
            div.scroll { table.stack {
                caption.hidden { "Rules of deadlines, and the open findings whose date they give" }
                thead { tr {
                    th scope="col" { "Findings" }
                    @if triage { th scope="col" { "Decided" } }
                    th scope="col" { (severity(Some("critical"))) } th scope="col" { (severity(Some("high"))) }
                    th scope="col" { (severity(Some("medium"))) } th scope="col" { (severity(Some("low"))) }
                    th scope="col" { "Counted from" } th.num scope="col" { "Open now" }
                } }
                tbody { @for rule in &self.rules { tr id=(anchor(&rule.id)) {
                    td.main { (cut(&rule.what, 300)) span.second { code { (cut(&rule.id, 80)) } @if let Some(reason) = &rule.reason { " " (cut(reason, 300)) } } }
                    @if triage { td { @if let Some(span) = &rule.triage { span.nowrap { span.label { "decided within " } (span) } } @else { span.muted { "–" } } } }
                    @for (span, word) in rule.spans.iter().zip(SEVERITIES) { td.nowrap { span.label { (word) ": " } (span) } }
                    td { span.label { "counted from " } (rule.clock) }
                    td.num { span.label { "open now: " } (hits(rule.count, &term("rule", &rule.id))) }
                } } }
            } }
        }
    }

    fn closed(&self) -> Markup {
        let (closed, live) = self.closed;
        html! {
            p {
                @if live == 0 { "No version of a product is here yet that a gate could be closed for." }
                @else if closed == 0 { "The gate is open for " (if live == 1 { "the one live version" } else { "all live versions" }) " (" (number(live)) ")." }
                @else { "The build gate is closed for " b { (number(closed)) } " of " (counted(live, "live version", "live versions")) "." }
            }
        }
    }

    fn gates(&self) -> Markup {
        if self.gates.is_empty() {
            return html! { p { "No gate is enforced: nothing stops a build, a release or a deployment." } };
        }
        html! {
            div.scroll { table.stack {
                caption.hidden { "Rules of gates, and the open findings that break them" }
                thead { tr { th scope="col" { "Gate" } th scope="col" { "Closed by" } th scope="col" { "When evidence is missing" } th.num scope="col" { "Hits now" } } }
                tbody { @for rule in &self.gates { tr id=(anchor(&rule.id)) {
                    td.nowrap { (gate_word(rule.gate)) }
                    td.main { "any finding that is " (cut(&rule.what, 400)) span.second { code { (cut(&rule.id, 80)) } @if let Some(reason) = &rule.reason { " " (cut(reason, 300)) } } }
                    td { span.label { "when evidence is missing " } (if rule.missing { "it is closed" } else { "it is told" }) }
                    td.num { span.label { "hits now: " }
                        @if rule.gate == "build" { (hits(rule.count, &term("breaks", &rule.id))) }
                        @else { span.muted title="It is asked where that happens: stanchion scan --gate" { "asked there" } }
                    }
                } } }
            } }
            p.muted.small { "The portal itself asks the build gate whenever it judges. The others are asked where something is proposed, released or deployed: " code { "stanchion scan --gate release" } "." }
        }
    }

    fn beside(&self, around: &Around) -> Markup {
        let one = &self.in_force;
        html! {
            section.block {
                h2 { "In force" }
                dl.narrow {
                    dt { "Since" } dd { (day(one.at)) }
                    dt { "By" } dd { bdi { (one.set_by) } }
                    dt { "Digest" } dd { (one.short()) }
                    dt { "Kept" } dd { @if one.source == "portal" { "in this portal" } @else { bdi { (one.source) } } }
                    @if !one.note.is_empty() { dt { "Why" } dd { (cut(&one.note, 300)) } }
                }
                p { a href="/policy/versions" { "All versions" } @if around.may("policy.write") { " · " a href="/policy/change" { (if one.elsewhere { "Where it is changed" } else { "Try a change" }) } } }
            }
            section.block {
                div.headed { h2 { "Exceptions about to lapse" } a href="/policy/exceptions?state=lapsing" { "all" span.hidden { " exceptions about to lapse" } } }
                @if self.lapsing.is_empty() { p.muted { "None ends within 30 days." } }
                ul.plain { @for row in &self.lapsing { li { a href=(exception_path(&row.id)) { (cut(&row.about, 60)) } div.muted.small { @if let Some(at) = row.expires { "until " (crate::parts::date(at)) ", " } (cut(&row.id, 40)) } } } }
            }
        }
    }
}

/// A document as a part of a page.
fn paper(document: &Document) -> Markup {
    html! {
        h2 #document { (cut(&document.title, 200)) }
        @if let Some(name) = &document.organisation { p.muted { (cut(name, 200)) } }
        p { (document.summary) }
        dl { @for (label, value) in &document.facts { dt { (label) } dd { (value) } } }
        nav aria-label="Contents of the policy" { ol.contents { @for (at, section) in document.sections.iter().enumerate() { li { a href=(format!("#s{}", at + 1)) { (section.title) } } } } }
        @for (at, section) in document.sections.iter().enumerate() {
            section id=(format!("s{}", at + 1)) {
                h3 { (at + 1) " " (section.title) }
                @for block in &section.blocks { (set(block, &section.title)) }
            }
        }
        p.muted.small { (document.foot) }
    }
}

fn set(block: &Block, title: &str) -> Markup {
    html! {
        @match block {
            Block::Text(text) => p { (text) },
            Block::List(points) => ul { @for point in points { li { (point) } } },
            Block::Table { head, rows } => div.scroll role="region" tabindex="0" aria-label=(title) { table {
                thead { tr { @for cell in head { th scope="col" { (cell) } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
            } },
            Block::Signatures(places) => ul { @for (role, name) in places { li { b { (role) } @if !name.is_empty() { ", " (name) } } } },
        }
    }
}

/// What the page says while no policy is set. `presets` are names and what they are for.
pub fn none(around: &Around, presets: &[(&str, &str)]) -> String {
    let body = html! {
        (top("What did we promise, do we keep it?", &html! { "No policy is set yet: nothing has a deadline, and no gate is closed but for what is exploited, malicious, or critical with a fix." }, &html! {}))
        (pages("/policy"))
        (empty("Begin with one that is written already", &html! {
            @if around.may("policy.write") {
                ul { @for (name, about) in presets { li { a href=(format!("/policy/change?from={}", encoded(name))) { (name) } ": " (about) "." } } }
                p { "Each can be read, changed and tried against everything that is here before it is put in force. Or write one on your machine:" }
                pre { code { "stanchion policy init\nstanchion policy check policy.toml" } }
            } @else {
                p { "Whoever may change the policy puts the first one in force. Ask an administrator." }
            }
        }))
    };
    around.page(Place::Policy, "Policy", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(permissions: &[&'static str]) -> Around {
        Around {
            permissions: permissions.to_vec(),
            now: 1_800_000_000,
            ..Around::default()
        }
    }

    fn policy() -> Policy {
        Policy {
            in_force: InForce {
                seq: 2,
                digest: "ab".repeat(32),
                source: "portal".into(),
                set_by: "ann".into(),
                at: 1_790_000_000,
                ..InForce::default()
            },
            open: (41, 3),
            clocks: Some([
                Clock {
                    overdue: 3,
                    soon: 1,
                    ..Clock::default()
                },
                Clock::default(),
                Clock::default(),
                Clock::default(),
                Clock::default(),
                Clock::default(),
            ]),
            rules: vec![Rule {
                id: "acme/<b>".into(),
                what: "known exploited".into(),
                spans: ["7 days", "7 days", "7 days", "7 days"].map(str::to_owned),
                clock: "detection by us".into(),
                count: Some(Count::exactly(5)),
                ..Rule::default()
            }],
            gates: vec![GateRule {
                id: "acme/build".into(),
                gate: "build",
                what: "malicious".into(),
                count: Some(Count::exactly(2)),
                ..GateRule::default()
            }],
            closed: (1, 4),
            exceptions: [1, 2, 0, 0],
            ..Policy::default()
        }
    }

    #[test]
    fn it_answers_first_and_every_number_opens_what_it_counts() {
        let page = policy().page(&may(&["policy.read"]));
        for part in [
            "3</a> of 41 open findings are overdue",
            "/findings?q=breaks%3Aacme%2Fbuild",
            "rule%3A%22acme%2F%3Cb%3E%22",
            "acme/&lt;b&gt;",
            "The build gate is closed for <b>1</b> of 4 live versions.",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("Change it") && !page.contains("acme/<b>"));
    }

    #[test]
    fn who_may_change_it_is_shown_how() {
        let mut policy = policy();
        let writer = may(&["policy.write", "exception.request"]);
        let page = policy.page(&writer);
        assert!(page.contains("Change it") && page.contains("Ask for an exception"));
        policy.in_force.elsewhere = true;
        let page = policy.page(&writer);
        assert!(!page.contains("Change it") && !page.contains("Ask for an exception"));
        assert!(
            none(&writer, &[("strict", "short deadlines")]).contains("/policy/change?from=strict")
        );
        assert!(!none(&may(&[]), &[("strict", "x")]).contains("from=strict"));
    }
}
