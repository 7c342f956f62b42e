//! What the policy says of a version: the gate, rule by rule.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Choice, Head};
use crate::frame::Around;
use crate::parts::{counted, cut, empty, encoded, findings_path, plain, term};

/// What breaks a rule.
#[derive(Clone, Debug, Default)]
pub struct Broken {
    /// The rule.
    pub rule: String,
    /// What it is about: the vulnerability and the component.
    pub about: Option<String>,
    /// The id of the vulnerability.
    pub vulnerability: Option<String>,
    /// Why.
    pub reason: String,
}

/// An exception and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// `applied`, `not_yet`, `expired`, ...
    pub status: String,
    /// Findings that it covers.
    pub covers: i64,
    /// Why it is there, or why it does not hold.
    pub reason: Option<String>,
    /// Its last day.
    pub expires: Option<String>,
}

/// What the gate says.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The policy's name.
    pub policy: String,
    /// The policy's digest.
    pub digest: Option<String>,
    /// The gate is closed.
    pub denied: bool,
    /// What closes it.
    pub violations: Vec<Broken>,
    /// What could not be decided for want of facts.
    pub undecided: Vec<Broken>,
    /// Something could not be read.
    pub incomplete: bool,
    /// Findings that were judged.
    pub findings: i64,
    /// Exceptions.
    pub exceptions: Vec<Exception>,
    /// The time that was judged by, RFC 3339.
    pub as_of: String,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// What stands above.
    pub head: Head,
    /// Versions to choose from.
    pub versions: Vec<Choice>,
    /// The version that is shown.
    pub version: Option<Choice>,
    /// `pull_request`, `build`, `release` or `deploy`.
    pub gate: String,
    /// What is said; `None`: it cannot be judged.
    pub verdict: Option<Verdict>,
    /// Why it cannot be judged.
    pub fault: Option<String>,
}

/// The gates.
pub const GATES: [(&str, &str); 4] = [
    ("pull_request", "merge a change"),
    ("build", "build it"),
    ("release", "release it"),
    ("deploy", "deploy it"),
];

/// Rows of one rule.
const MOST: usize = 100;

impl Policy {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let word = GATES
            .iter()
            .find(|(gate, _)| *gate == self.gate)
            .map_or("build it", |(_, word)| word);
        let answer = html! {
            @match &self.verdict {
                None if self.version.is_none() => { "Nobody knows yet: no inventory has come in." }
                None => { "It cannot be judged now." }
                Some(verdict) if verdict.denied => { b { "No." } " One may not " (word) " by the policy: " (counted(verdict.violations.len(), "thing breaks", "things break")) " its rules." }
                Some(verdict) => { b { "Yes." } " One may " (word) " by the policy" @if !verdict.undecided.is_empty() { "; " (counted(verdict.undecided.len(), "thing", "things")) " could not be decided" } "." }
            }
        };
        let version = self.version.as_ref().map_or("", |version| &version.id);
        let actions = html! {
            @if self.version.is_some() { a.button href={ "/api/v1/versions/" (encoded(version)) "/report?gate=" (encoded(&self.gate)) } { "Report as JSON" } }
            @if around.may("policy.read") { a.button href="/policy" { "The policy" } }
        };
        let body = html! {
            @if self.version.is_some() {
                form.row action=(self.head.path("/policy")) {
                    (super::select("version", "Version", &self.versions, version))
                    div.field { label for="gate" { "May one" } select #gate name="gate" { @for (value, word) in GATES { option value=(value) selected[value == self.gate] { (word) } } } }
                    button.second type="submit" { "Show" }
                }
            }
            @if let Some(fault) = &self.fault { p.wrong role="alert" { (fault) } }
            @if let Some(verdict) = &self.verdict { (self.said(verdict, around)) }
            @else if self.version.is_none() {
                (empty("No inventory yet", &html! { p { "What is not known cannot be judged. " (around.way("inventory.push", &format!("/products/hand-in?product={}", encoded(&self.head.name)), "Hand in an SBOM.")) } }))
            }
        };
        self.head.page(
            around,
            "/policy",
            "Does it keep what we promised?",
            &answer,
            &actions,
            &body,
        )
    }

    fn said(&self, verdict: &Verdict, around: &Around) -> Markup {
        html! {
            p.muted {
                "Judged by " @if verdict.policy.is_empty() { "no policy: only what is built in" } @else { b { (cut(&verdict.policy, 80)) } }
                @if let Some(digest) = &verdict.digest { ", " code title=(digest) { (digest.chars().take(12).collect::<String>()) } }
                " as of " (cut(&verdict.as_of, 40)) ", " (counted(verdict.findings, "finding", "findings")) "."
            }
            @if verdict.incomplete { p.wrong { "Something could not be read or matched, and the policy does not let such an inventory pass." } }
            @if verdict.violations.is_empty() { (empty("No rule is broken", &html! { p { "All " (verdict.findings) " findings are within what the policy allows at this gate." } })) }
            @else { (self.rules("What closes the gate", &verdict.violations)) }
            @if !verdict.undecided.is_empty() { (self.rules("What could not be decided", &verdict.undecided)) }
            @if !verdict.exceptions.is_empty() {
                section.block {
                    h2 { "Exceptions" }
                    div.scroll { table.stack {
                        caption.hidden { "Exceptions that touch this version" }
                        thead { tr { th scope="col" { "Exception" } th scope="col" { "It" } th.num scope="col" { "Covers" } th scope="col" { "Until" } } }
                        tbody { @for one in &verdict.exceptions { tr {
                            td.main { @if around.may("policy.read") { a href={ "/policy/exceptions/" (encoded(&one.id)) } { (cut(&one.id, 60)) } } @else { (cut(&one.id, 60)) } @if let Some(reason) = &one.reason { span.second { (cut(reason, 160)) } } }
                            td { @match one.status.as_str() { "applied" => span.tag.held { "holds" }, "not_yet" => span.tag { "does not hold yet" }, other => span.tag.late { (plain(other)) } } }
                            td.num { @if one.covers == 0 { span.muted { "0" } } @else { a href=(findings_path(&format!("{} {} {}", term("product", &self.head.name), term("version", self.version.as_ref().map_or("", |version| version.word.split(" on ").next().unwrap_or_default())), term("exception", &one.id)))) { (one.covers) } } }
                            td { @if let Some(day) = &one.expires { (cut(day, 30)) } }
                        } } }
                    } }
                }
            }
        }
    }

    fn rules(&self, title: &str, all: &[Broken]) -> Markup {
        let mut rules: BTreeMap<&str, Vec<&Broken>> = BTreeMap::new();
        for one in all {
            rules.entry(&one.rule).or_default().push(one);
        }
        html! {
            section.block {
                h2 { (title) }
                @for (rule, rows) in &rules {
                    details open[rules.len() == 1 || rows.len() <= 5] {
                        summary { b { (cut(rule, 100)) } " " span.muted { (counted(rows.len(), "time", "times")) } }
                        ul { @for one in rows.iter().take(MOST) { li {
                            @if let Some(about) = &one.about {
                                @if let Some(id) = &one.vulnerability { a href=(findings_path(&format!("{} {} all:true", term("product", &self.head.name), term("id", id)))) { (cut(about, 120)) } } @else { (cut(about, 120)) } ": "
                            }
                            (cut(&one.reason, 300))
                        } } }
                        @if rows.len() > MOST { p.more { "The first " (MOST) "; the report has all." } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_says_why() {
        let view = Policy {
            head: Head {
                name: "shop".into(),
                ..Head::default()
            },
            version: Some(Choice {
                id: "0f".into(),
                word: "1".into(),
            }),
            gate: "build".into(),
            verdict: Some(Verdict {
                denied: true,
                digest: Some("ab".repeat(32)),
                violations: vec![Broken {
                    rule: "no <criticals>".into(),
                    about: Some("CVE-1 in a<b".into()),
                    vulnerability: Some("CVE-1".into()),
                    reason: "it is critical".into(),
                }],
                ..Verdict::default()
            }),
            ..Policy::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "<b>No.</b>",
            "no &lt;criticals&gt;",
            "CVE-1 in a&lt;b",
            "abababababab",
            "1 thing breaks",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
}
