//! What the policy says, as properties: nothing where none judged.

use std::collections::HashSet;

use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;

use super::{Property, property};
use crate::bill::each_once;

/// Most reasons told why the whole target breaks a rule.
const MOST: usize = 200;

pub(super) struct Ruling<'a> {
    is_judged: bool,
    denied: HashSet<&'a str>,
}

impl<'a> Ruling<'a> {
    pub(super) fn new(assessment: &'a Assessment) -> Self {
        let violations = assessment.verdict.violations.iter();
        Self {
            // The text of a policy has a digest.
            is_judged: assessment.verdict.policy.digest.is_some(),
            denied: violations
                .filter_map(|violation| violation.finding.as_deref())
                .collect(),
        }
    }

    /// Dates, owners, states and rules of the findings of one entry: the earliest date, the others each once.
    pub(super) fn properties(&self, group: &[&Finding]) -> Vec<Property> {
        if !self.is_judged {
            return Vec::new();
        }
        let mut all = Vec::new();
        let due = group
            .iter()
            .filter_map(|finding| finding.due.as_deref())
            .min();
        all.extend(due.map(|due| property("stanchion:due", due)));
        let mut add = |name, values: Vec<&str>| {
            all.extend(values.into_iter().map(|value| property(name, value)));
        };
        let each = |value: fn(&Finding) -> Option<&str>| {
            each_once(group.iter().filter_map(|finding| value(finding)))
        };
        add("stanchion:owner", each(|finding| finding.owner.as_deref()));
        add("stanchion:state", each(|finding| Some(&finding.state)));
        add("stanchion:rule", each(|finding| finding.rule.as_deref()));
        let denied = group
            .iter()
            .any(|finding| self.denied.contains(finding.key.as_str()));
        if denied {
            all.push(property("stanchion:denied", "true"));
        }
        all
    }
}

/// The verdict: which gate, which policy, and the rules that the target breaks as a whole.
pub(super) fn verdict(assessment: &Assessment) -> Vec<Property> {
    let verdict = &assessment.verdict;
    let Some(digest) = &verdict.policy.digest else {
        return Vec::new();
    };
    let mut all = vec![
        property("stanchion:gate", &*verdict.gate),
        property("stanchion:denied", verdict.denied.to_string()),
        property("stanchion:policy", &*verdict.policy.name),
    ];
    if let Some(version) = &verdict.policy.version {
        all.push(property("stanchion:policy:version", &**version));
    }
    all.push(property("stanchion:policy:digest", &**digest));
    let whole = verdict
        .violations
        .iter()
        .filter(|violation| violation.finding.is_none())
        .take(MOST)
        .map(|violation| {
            property(
                "stanchion:violation",
                format!("{}: {}", violation.rule, violation.reason),
            )
        });
    all.extend(whole);
    all
}
