//! The verdict in one sentence, the same in every report.

use std::collections::HashSet;

use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;

use crate::group::Class;
use crate::plain::{count, safe, thousands};

/// How a verdict is meant; reports colour by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    /// A gate is closed.
    Denied,
    /// Something is open, and no gate minds.
    Open,
    /// Nothing is known.
    Clear,
    /// There is no answer.
    Unknown,
}

/// The verdict, for people.
pub(crate) struct Answer {
    pub(crate) tone: Tone,
    /// One sentence without a full stop, safe to show.
    pub(crate) text: String,
}

/// `Denied: 1 exploited and 12 critical findings in storefront`.
pub(crate) fn answer(assessment: &Assessment) -> Answer {
    let name = target(assessment);
    let components = assessment.component_count();
    let looked_at = count(components, "component", "components");
    let said = |tone, text| Answer { tone, text };
    if assessment.inventory.files == 0 {
        return said(
            Tone::Unknown,
            format!(
                "Nothing was scanned: no lockfile, manifest or SBOM that is read was found in {name}"
            ),
        );
    }
    if assessment.verdict.denied {
        let keys: HashSet<&str> = assessment
            .verdict
            .violations
            .iter()
            .filter_map(|violation| violation.finding.as_deref())
            .collect();
        let denied: Vec<&Finding> = assessment
            .findings
            .iter()
            .filter(|finding| keys.contains(finding.key.as_str()))
            .collect();
        let what = if denied.is_empty() {
            count(
                assessment.verdict.violations.len(),
                "broken rule",
                "broken rules",
            )
        } else {
            let exploited = |finding: &&&Finding| finding.kev.is_some();
            let mut parts = Vec::new();
            part(
                &mut parts,
                denied
                    .iter()
                    .filter(|finding| Class::of(finding) == Class::Malicious)
                    .count(),
                "malicious",
            );
            part(
                &mut parts,
                denied
                    .iter()
                    .filter(|finding| Class::of(finding) != Class::Malicious)
                    .filter(exploited)
                    .count(),
                "exploited",
            );
            for class in &Class::ALL[1..] {
                part(
                    &mut parts,
                    denied
                        .iter()
                        .filter(|finding| Class::of(finding) == *class && finding.kev.is_none())
                        .count(),
                    class.word(),
                );
            }
            format!(
                "{} {}",
                list(&parts),
                if denied.len() == 1 {
                    "finding"
                } else {
                    "findings"
                }
            )
        };
        return said(Tone::Denied, format!("Denied: {what} in {name}"));
    }
    if !assessment.findings.is_empty() {
        let parts = shares(&assessment.findings);
        let severe = assessment
            .findings
            .iter()
            .filter(|finding| Class::of(finding) != Class::Other)
            .count();
        let findings = if severe == 1 { "finding" } else { "findings" };
        if parts.is_empty() {
            return said(
                Tone::Open,
                format!(
                    "No known vulnerability in {looked_at}, but {} without severity in {name}",
                    count(assessment.findings.len(), "finding", "findings")
                ),
            );
        }
        return said(
            Tone::Open,
            format!("Passed with {} {findings} in {name}", list(&parts)),
        );
    }
    if assessment.filtered > 0 {
        let left = count(assessment.filtered, "finding", "findings");
        return said(
            Tone::Open,
            format!(
                "Nothing that was asked for in {looked_at} of {name}; the filters leave out {left}"
            ),
        );
    }
    match assessment.database.kind.as_str() {
        "none" => said(
            Tone::Unknown,
            format!(
                "No answer for {name}: there is no advisory database to match {looked_at} with"
            ),
        ),
        _ if components == 0 => said(Tone::Unknown, format!("No component to match in {name}")),
        "starter" => said(
            Tone::Unknown,
            format!("Nothing of the starter set of advisories is in {looked_at} of {name}"),
        ),
        _ => said(
            Tone::Clear,
            format!("No known vulnerability in {looked_at} of {name}"),
        ),
    }
}

/// `12 high`, `3 medium`, and so on: severities that there are.
fn shares(findings: &[Finding]) -> Vec<String> {
    let mut parts = Vec::new();
    for class in &Class::ALL[..5] {
        part(
            &mut parts,
            findings
                .iter()
                .filter(|finding| Class::of(finding) == *class)
                .count(),
            class.word(),
        );
    }
    parts
}

fn part(parts: &mut Vec<String>, number: usize, word: &str) {
    if number > 0 {
        parts.push(format!("{} {word}", thousands(number as u64)));
    }
}

/// `a, b and c`.
pub(crate) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Why the gate is closed, rule by rule: `6 exploited, 41 critical with a fix`.
pub(crate) fn reasons(assessment: &Assessment) -> String {
    let mut rules: Vec<(&str, usize)> = Vec::new();
    for violation in &assessment.verdict.violations {
        match rules.iter_mut().find(|(rule, _)| *rule == violation.rule) {
            Some((_, number)) => *number += 1,
            None => rules.push((&violation.rule, 1)),
        }
    }
    let words = |(rule, number): &(&str, usize)| {
        let name = match *rule {
            "default/critical-with-fix" => "critical with a fix".to_owned(),
            rule => safe(&rule.rsplit('/').next().unwrap_or(rule).replace('-', " ")),
        };
        format!("{} {name}", thousands(*number as u64))
    };
    rules.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// What the target is called: its last part, or what the project there calls itself.
pub(crate) fn target(assessment: &Assessment) -> String {
    let inventory = &assessment.inventory;
    let last = inventory
        .target
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    if !matches!(last, "" | "." | "..") {
        return safe(last);
    }
    let own = inventory
        .projects
        .iter()
        .find(|project| project.root.is_empty() && !project.name.is_empty());
    own.map_or_else(|| "this folder".into(), |project| safe(&project.name))
}
