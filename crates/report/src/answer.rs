//! The verdict in one sentence, the same in every report.

use std::collections::HashSet;

use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;

use crate::group::Class;
use crate::plain::{count, safe, thousands};
use crate::ruling::{BREACHES, breach, broken, open};

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
    if assessment.verdict.denied && assessment.inventory.files > 0 {
        return Answer {
            tone: Tone::Denied,
            text: denied(assessment, &target(assessment)),
        };
    }
    found(assessment)
}

/// What was found, whatever a gate says of it.
pub(crate) fn found(assessment: &Assessment) -> Answer {
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
    let open: Vec<&Finding> = open(assessment).collect();
    if !open.is_empty() {
        let parts = shares(&open);
        let severe = open
            .iter()
            .filter(|finding| Class::of(finding) != Class::Other)
            .count();
        let findings = if severe == 1 { "finding" } else { "findings" };
        let excepted = open
            .iter()
            .filter(|finding| finding.state == "excepted")
            .count();
        let excepted = match (excepted, open.len()) {
            (0, _) => String::new(),
            (1, 1) => ", excepted".into(),
            (all, of) if all == of => ", all excepted".into(),
            (some, _) => format!(", {} excepted", thousands(some as u64)),
        };
        if parts.is_empty() {
            return said(
                Tone::Open,
                format!(
                    "No known vulnerability in {looked_at}, but {} without severity in {name}{excepted}",
                    count(open.len(), "finding", "findings")
                ),
            );
        }
        return said(
            Tone::Open,
            format!(
                "Passed with {} {findings} in {name}{excepted}",
                list(&parts)
            ),
        );
    }
    if !assessment.findings.is_empty() {
        let tone = if assessment.database.kind == "full" {
            Tone::Clear
        } else {
            Tone::Unknown
        };
        let left = if assessment.filtered > 0 {
            format!(
                "; the filters leave out {}",
                count(assessment.filtered, "other", "others")
            )
        } else {
            String::new()
        };
        return said(
            tone,
            format!(
                "Nothing open in {looked_at} of {name}: {} closed by decisions{left}",
                count(assessment.findings.len(), "finding is", "findings are")
            ),
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

/// Why the gate is closed: which findings, and how many rules that the target breaks as a whole.
fn denied(assessment: &Assessment, name: &str) -> String {
    let verdict = &assessment.verdict;
    let lack = if verdict.incomplete {
        " for lack of evidence"
    } else {
        ""
    };
    let keys: HashSet<&str> = verdict
        .violations
        .iter()
        .filter_map(|violation| violation.finding.as_deref())
        .collect();
    let denied: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| keys.contains(finding.key.as_str()))
        .collect();
    let rules = broken(&verdict.violations);
    if denied.is_empty() {
        let what = count(rules.len(), "broken rule", "broken rules");
        return format!("Denied{lack}: {what} in {name}");
    }
    let mut parts = Vec::new();
    let mut add = |word: &str, is: &dyn Fn(&Finding) -> bool| {
        let number = denied.iter().filter(|finding| is(finding)).count();
        part(&mut parts, number, word);
    };
    add("malicious", &|finding| {
        Class::of(finding) == Class::Malicious
    });
    add("exploited", &|finding| {
        Class::of(finding) != Class::Malicious && finding.kev.is_some()
    });
    for class in &Class::ALL[1..] {
        add(class.word(), &|finding| {
            Class::of(finding) == *class && finding.kev.is_none() && breach(finding).is_none()
        });
    }
    for what in BREACHES {
        add(what, &|finding| {
            breach(finding) == Some(what) && finding.kev.is_none()
        });
    }
    let findings = if denied.len() == 1 {
        "finding"
    } else {
        "findings"
    };
    let whole = rules.iter().filter(|rule| !rule.whole.is_empty()).count();
    let more = if whole > 0 {
        format!(
            ", and {} of the whole target",
            count(whole, "broken rule", "broken rules")
        )
    } else {
        String::new()
    };
    format!("Denied: {} {findings} in {name}{more}", list(&parts))
}

/// `12 high`, `3 medium`, and so on: severities that there are.
fn shares(findings: &[&Finding]) -> Vec<String> {
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

/// Why the gate is closed where there is no policy, rule by rule: `6 exploited, 41 critical with a fix`.
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
