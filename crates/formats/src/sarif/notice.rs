//! Notifications: what is not about a single result.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_model::report::{Assessment, Violation};

use super::review::is_judged;
use super::{Location, MOST_RESULTS, OwnedText};
use crate::text::{cut, plain};

/// Most notifications of one sort that a policy gives.
const MOST: usize = 200;

/// Longest message of one, in characters.
const LONGEST: usize = 1000;

#[derive(Serialize)]
pub(super) struct Notification {
    descriptor: Descriptor,
    level: &'static str,
    message: OwnedText,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
struct Descriptor {
    id: String,
}

impl Notification {
    fn new(id: &str, level: &'static str, text: &str) -> Self {
        Self {
            descriptor: Descriptor {
                id: plain(id).into_owned(),
            },
            level,
            message: OwnedText {
                text: text.to_owned(),
            },
            locations: Vec::new(),
        }
    }
}

/// About the scan: what could not be read, what is left out, and what the policy says of the target as a whole.
pub(super) fn execution(
    assessment: &Assessment,
    left_out: usize,
    prefix: &str,
) -> Vec<Notification> {
    let mut all: Vec<Notification> = assessment
        .problems
        .iter()
        .map(|problem| of_problem(problem, &assessment.inventory.target, prefix))
        .collect();
    if left_out > 0 {
        all.push(Notification::new(
            "results-left-out",
            "warning",
            &format!("{left_out} results are left out: code scanning takes {MOST_RESULTS} in one run, and the worst are kept. The JSON report has all of them."),
        ));
    }
    if is_judged(assessment) {
        let verdict = &assessment.verdict;
        let whole = verdict
            .violations
            .iter()
            .filter(|violation| violation.finding.is_none())
            .map(|violation| of_rule(violation, "error", "breaks"));
        all.extend(limited(whole.collect(), "rules are broken"));
        all.extend(limited(
            undecided(&verdict.undecided),
            "rules are not decided",
        ));
    }
    all
}

/// About the files of the policy: exceptions that do not hold, or not for all that they name.
pub(super) fn configuration(assessment: &Assessment) -> Vec<Notification> {
    if !is_judged(assessment) {
        return Vec::new();
    }
    let wrong = assessment
        .exceptions
        .iter()
        .filter(|note| note.is_wrong() || (note.covers > 0 && note.reason.is_some()));
    let told = wrong.map(|note| {
        let id = if note.id.is_empty() {
            "without an id"
        } else {
            &note.id
        };
        let state = match note.status.as_str() {
            "applied" => "applied in part".to_owned(),
            "against_policy" => "against the policy".to_owned(),
            status => status.replace('_', " "),
        };
        let reason = note.reason.as_deref().unwrap_or_default();
        let text = format!("Exception {id} is {state} ({}): {reason}", note.place);
        Notification::new(
            &format!("exception/{}", note.status.replace('_', "-")),
            "warning",
            &cut(&plain(&text), LONGEST),
        )
    });
    limited(told.collect(), "exceptions need attention")
}

/// The first of them, and how many more there are.
fn limited(mut all: Vec<Notification>, what: &str) -> Vec<Notification> {
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    if more > 0 {
        let text = format!("{more} more {what}. The JSON report has all of them.");
        all.push(Notification::new("and-more", "warning", &text));
    }
    all
}

fn of_rule(violation: &Violation, level: &'static str, verb: &str) -> Notification {
    let text = format!("The target {verb} {}: {}", violation.rule, violation.reason);
    Notification::new(&violation.rule, level, &cut(&plain(&text), LONGEST))
}

/// One for each reason about the whole target, and one for all findings of a rule.
fn undecided(violations: &[Violation]) -> Vec<Notification> {
    let mut all = Vec::new();
    let mut rules: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for violation in violations {
        if violation.finding.is_some() {
            let (number, _) = rules
                .entry(&violation.rule)
                .or_insert((0, &violation.reason));
            *number += 1;
        } else {
            all.push(of_rule(violation, "warning", "may break"));
        }
    }
    all.extend(rules.into_iter().map(|(rule, (number, reason))| {
        let findings = if number == 1 { "finding" } else { "findings" };
        let text = format!("{rule} is not decided for {number} {findings}, such as: {reason}");
        Notification::new(rule, "warning", &cut(&plain(&text), LONGEST))
    }));
    all
}

fn of_problem(problem: &Problem, target: &str, prefix: &str) -> Notification {
    let (id, level) = match problem.kind {
        ProblemKind::Unreadable => ("unreadable", "error"),
        ProblemKind::Unresolved => ("unresolved", "warning"),
        ProblemKind::Unmatched => ("unmatched", "warning"),
        ProblemKind::Odd => ("odd", "note"),
    };
    let mut text = format!("{}: {}.", plain(&problem.path), plain(&problem.reason));
    if let Some(hint) = &problem.hint {
        let _ = write!(text, " Hint: {}.", plain(hint));
    }
    // What is said about the target as a whole stands at no place in it.
    let place = (!problem.path.is_empty() && problem.path != target)
        .then(|| Location::new(prefix, &problem.path, problem.line));
    Notification {
        locations: place.into_iter().collect(),
        ..Notification::new(id, level, &text)
    }
}
