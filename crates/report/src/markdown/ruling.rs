//! What the organisation's policy says: the verdict and its rules, dates, and exceptions that do not hold.

use std::collections::HashMap;
use std::fmt::Write as _;

use stanchion_model::finding::Finding;
use stanchion_model::report::{Assessment, Violation};

use super::{code, cut, items, text};
use crate::group::{Group, components};
use crate::plain::{count, thousands};
use crate::ruling::{
    Ruling, Standing, became, breach, broken, closed, fix, named, sentence, wrong,
};

/// Most lines about broken rules.
const RULES: usize = 15;
/// Most exceptions listed.
const EXCEPTIONS: usize = 10;
/// Most bytes of either list.
const ROOM: usize = 8_000;

/// Which gate, which policy, what closes it, and what is late.
pub(super) fn verdict(out: &mut String, assessment: &Assessment, ruling: &Ruling<'_>) {
    let (what, rest) = sentence(assessment);
    let verdict = &assessment.verdict;
    let stop = if verdict.violations.is_empty() {
        "."
    } else {
        ":"
    };
    let _ = writeln!(out, "**{}**{}{stop}\n", text(&what), text(&rest));
    let lines = rules(assessment);
    if !lines.is_empty() {
        out.push_str(&items(lines, RULES, ROOM));
        out.push('\n');
    }
    let mut parts = Vec::new();
    if let Some(late) = ruling.overdue() {
        let rules: Vec<String> = late
            .rules
            .iter()
            .take(RULES)
            .map(|(rule, number)| format!("{} {}", thousands(*number as u64), code(rule)))
            .collect();
        parts.push(format!(
            "**{} overdue**, the longest by {} ({})",
            thousands(late.count as u64),
            count(late.longest as usize, "day", "days"),
            rules.join(", ")
        ));
    }
    if let Some((number, first)) = ruling.dated() {
        parts.push(format!(
            "{} due, the first on {}",
            thousands(number as u64),
            text(&first)
        ));
    }
    for (number, word) in [
        (ruling.excepted(), "excepted"),
        (closed(assessment).len(), "closed by decisions"),
    ] {
        if number > 0 {
            parts.push(format!("{} {word}", thousands(number as u64)));
        }
    }
    if let Some(owner) = ruling.only_owner() {
        parts.push(format!("owner {}", code(owner)));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "{}.\n", parts.join(" · "));
    }
    undecided(out, &verdict.undecided);
}

/// A line for each rule that findings break, and for each reason why the whole target breaks one.
fn rules(assessment: &Assessment) -> Vec<String> {
    let mut findings: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in &assessment.findings {
        findings.entry(&finding.key).or_default().push(finding);
    }
    let mut lines = Vec::new();
    for rule in broken(&assessment.verdict.violations) {
        let name = code(rule.rule);
        if !rule.findings.is_empty() {
            let mine = rule
                .findings
                .iter()
                .filter_map(|key| findings.get(key))
                .flatten()
                .copied();
            lines.push(format!(
                "- {name}: {} in {}\n",
                count(rule.findings.len(), "finding", "findings"),
                count(components(mine), "component", "components")
            ));
        }
        lines.extend(
            rule.whole
                .iter()
                .map(|reason| format!("- {name}: {}\n", text(&cut(reason)))),
        );
    }
    lines
}

fn undecided(out: &mut String, undecided: &[Violation]) {
    let rules = broken(undecided);
    if rules.is_empty() {
        return;
    }
    let mut names: Vec<String> = rules
        .iter()
        .take(RULES)
        .map(|rule| {
            let number = rule.findings.len() + rule.whole.len();
            format!("{} ({})", code(rule.rule), thousands(number as u64))
        })
        .collect();
    if rules.len() > RULES {
        names.push(format!("{} more", rules.len() - RULES));
    }
    let _ = writeln!(
        out,
        "Not decided for lack of evidence: {}.\n",
        names.join(", ")
    );
}

/// How a component stands, by which rule, and which rules deny it.
pub(super) fn standing(ruling: &Ruling<'_>, group: &Group<'_>) -> String {
    let words = text(&ruling.words(group));
    let mut cell = match (ruling.standing_of(group), words.is_empty()) {
        (_, true) => "no date".to_owned(),
        (Standing::Overdue(_), _) => format!("**{words}**"),
        _ => words,
    };
    if let Some(rule) = ruling
        .rule_of(group)
        .filter(|_| group.findings.iter().any(|finding| fix(finding).is_some()))
    {
        let _ = write!(cell, " ({})", code(rule));
    }
    let rules = denying(ruling, group);
    if !rules.is_empty() {
        let _ = write!(cell, "<br>denied by {}", rules.join(", "));
    }
    cell
}

/// The rules that close the gate for a component.
fn denying(ruling: &Ruling<'_>, group: &Group<'_>) -> Vec<String> {
    let mut rules: Vec<&str> = group
        .findings
        .iter()
        .flat_map(|finding| ruling.denials(finding))
        .map(|violation| violation.rule.as_str())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules.iter().take(3).map(|rule| code(rule)).collect()
}

/// Components that break the policy's rules on components and licences.
pub(super) fn breaches(
    out: &mut String,
    groups: &[Group<'_>],
    ruling: Option<&Ruling<'_>>,
    room: &mut usize,
) {
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<details><summary>{} against the policy's rules on components and licences</summary>\n",
        count(groups.len(), "component", "components")
    );
    let denied = |group: &Group<'_>| ruling.is_some_and(|ruling| ruling.is_denied(group));
    let mut sorted: Vec<&Group<'_>> = groups.iter().collect();
    sorted.sort_by_key(|group| !denied(group));
    for (at, group) in sorted.iter().enumerate() {
        let worst = group.worst();
        let rule = worst
            .rule
            .as_deref()
            .or_else(|| breach(worst))
            .unwrap_or_default();
        let denied = if denied(group) { "**denied** by " } else { "" };
        let words = ruling.map_or_else(String::new, |ruling| text(&ruling.words(group)));
        let words = if words.is_empty() {
            words
        } else {
            format!(", {words}")
        };
        let line = format!(
            "- {}: {denied}{}{words}: {}\n",
            code(&format!(
                "{} {}",
                crate::group::short_name(worst),
                worst.component.version
            )),
            code(rule),
            text(&cut(&worst.title))
        );
        if line.len() > *room {
            let _ = writeln!(out, "- and {} more", thousands((groups.len() - at) as u64));
            break;
        }
        *room -= line.len();
        out.push_str(&line);
    }
    out.push_str("\n</details>\n\n");
}

/// Exceptions that do not hold, or not for all that they name: never folded away.
pub(super) fn exceptions(assessment: &Assessment) -> String {
    let wrong = wrong(assessment);
    if wrong.is_empty() {
        return String::new();
    }
    let lines = wrong.iter().map(|note| {
        let reason = note.reason.as_deref().unwrap_or_default();
        format!(
            "- {} **{}**: {} {}\n",
            code(&named(note)),
            text(&became(note)),
            code(&note.place),
            text(&cut(reason))
        )
    });
    let head = count(wrong.len(), "exception needs", "exceptions need");
    format!(
        "**{head} somebody's attention:**\n\n{}\n",
        items(lines.collect(), EXCEPTIONS, ROOM)
    )
}
