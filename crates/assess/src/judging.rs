//! Judges an assessment by the organisation's policy, and holds a change against what it changes.

use std::collections::HashSet;

use jiff::Timestamp;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Problem;
use stanchion_model::report::{Assessment, Violation};
use stanchion_policy::change::{self, Change, Effect};
use stanchion_policy::claims::Claims;
use stanchion_policy::exceptions::Exceptions;
use stanchion_policy::file::{Gate, Policy};
use stanchion_policy::judge::{self, Setting};

/// A rule that a change loosens the policy it is judged by.
const LOOSENED: &str = "change/loosens-policy";

/// What a policy needs besides the findings.
pub struct Judging<'a> {
    /// The policy that judges.
    pub policy: &'a Policy,
    /// The gate.
    pub gate: Gate,
    /// The time that counts.
    pub as_of: Timestamp,
    /// The target's folder relative to the policy's, with a slash at its end; empty where they are the same.
    pub prefix: &'a str,
    /// Exceptions.
    pub exceptions: &'a Exceptions,
    /// Decisions and VEX.
    pub claims: &'a Claims,
    /// When a finding was first seen.
    pub first_seen: &'a dyn Fn(&Finding) -> Option<Timestamp>,
    /// Keys of the findings that were there before the change; `None` where there is nothing to compare with.
    pub before: Option<&'a HashSet<String>>,
    /// What the change does to the policy itself, and who has approved that.
    pub changed: &'a [Change],
    /// People and roles that have approved the change.
    pub approved_by: &'a [String],
    /// What is wrong with the policy's own files.
    pub problems: &'a [Problem],
}

/// Marks what is new, judges, and adds what the change does to the policy.
pub(crate) fn judge(judging: &Judging<'_>, assessment: &mut Assessment) {
    if let Some(before) = judging.before {
        for finding in &mut assessment.findings {
            finding.is_new = Some(!before.contains(&finding.key));
        }
    }
    let mut findings = std::mem::take(&mut assessment.findings);
    let setting = judging.setting(assessment);
    let ruling = judge::judge(&setting, &mut findings);
    assessment.findings = findings;
    assessment.verdict = ruling.verdict;
    assessment.exceptions = ruling.exceptions;
    loosened(judging, assessment);
    assessment.problems.extend(judging.problems.iter().cloned());
}

impl Judging<'_> {
    /// The setting in which findings of an assessment are judged.
    pub fn setting<'s>(&'s self, assessment: &'s Assessment) -> Setting<'s> {
        Setting {
            policy: self.policy,
            gate: self.gate,
            as_of: self.as_of,
            inventory: &assessment.inventory,
            prefix: self.prefix,
            exceptions: self.exceptions,
            claims: self.claims,
            first_seen: self.first_seen,
            database: &assessment.database,
            problems: &assessment.problems,
        }
    }
}

/// What a change loosens is a violation until whoever is accountable has approved it.
fn loosened(judging: &Judging<'_>, assessment: &mut Assessment) {
    let needed = change::approver(judging.policy);
    let people = stanchion_policy::people::People::of(judging.policy);
    let approved =
        needed.is_some_and(|needed| judging.approved_by.iter().any(|who| people.is(who, needed)));
    if approved {
        return;
    }
    for one in judging
        .changed
        .iter()
        .filter(|one| one.effect == Effect::Loosens)
    {
        let needs = needed.map_or_else(
            || "the approval of whoever is accountable".to_owned(),
            |who| format!("the approval of {who}"),
        );
        assessment.verdict.violations.push(Violation {
            rule: LOOSENED.into(),
            finding: None,
            reason: format!("{}: {}: {}; it needs {needs}", one.place, one.what, one.how),
        });
        assessment.verdict.denied = true;
        assessment.verdict.incomplete = false;
    }
}
