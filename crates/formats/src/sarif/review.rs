//! What a policy says about results: which of them the gate denies, and which are suppressed.
//!
//! [Suppressions](https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html)
//! (3.35) are `external`: they stand in the files of the policy and not in the code. Either all results of a run have the
//! array or none (3.27.23), so that an empty one says that somebody looked. Viewers disagree on a result of which one
//! suppression is accepted while another is under review; a proposal is therefore written only where nothing is accepted.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use serde::Serialize;
use stanchion_model::finding::{Finding, StatementNote};
use stanchion_model::report::{Assessment, ExceptionNote};
use stanchion_model::vex::Status;

use super::level;
use crate::text::{cut, plain};

/// Longest justification, in characters.
const LONGEST: usize = 1000;

/// Most proposals that are written for one result.
const MOST: usize = 20;

pub(super) struct Review<'a> {
    is_reviewed: bool,
    denied: HashSet<&'a str>,
    exceptions: HashMap<&'a str, &'a ExceptionNote>,
}

#[derive(Serialize, PartialEq, Eq)]
pub(super) struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

impl<'a> Review<'a> {
    pub(super) fn new(assessment: &'a Assessment) -> Self {
        let is_judged = is_judged(assessment);
        let violations = &assessment.verdict.violations;
        Self {
            is_reviewed: is_judged
                || assessment
                    .findings
                    .iter()
                    .any(|finding| finding.exception.is_some() || !finding.statements.is_empty()),
            // Without a policy levels say how severe a result is, and nothing else.
            denied: violations
                .iter()
                .filter(|_| is_judged)
                .filter_map(|violation| violation.finding.as_deref())
                .collect(),
            exceptions: assessment
                .exceptions
                .iter()
                .filter(|note| note.covers > 0)
                .map(|note| (note.id.as_str(), note))
                .collect(),
        }
    }

    /// What the gate denies is an error, however severe it is.
    pub(super) fn level(&self, finding: &Finding) -> &'static str {
        if self.denied.contains(finding.key.as_str()) {
            "error"
        } else {
            level(finding)
        }
    }

    /// `None` where nobody reviews results at all.
    pub(super) fn suppressions(&self, finding: &Finding) -> Option<Vec<Suppression>> {
        if !self.is_reviewed {
            return None;
        }
        let mut all: Vec<Suppression> = Vec::new();
        if let Some(id) = &finding.exception {
            all.push(suppression("accepted", &self.exception(id, finding)));
        }
        let of = |standing: &'static str| {
            finding.statements.iter().filter(move |statement| {
                statement.standing == standing && closes(&statement.status)
            })
        };
        all.extend(of("applied").map(|statement| suppression("accepted", &said(statement))));
        if all.is_empty() {
            for statement in of("proposed") {
                let one = suppression("underReview", &said(statement));
                // The schema asks for suppressions that differ.
                if all.len() < MOST && !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        Some(all)
    }

    fn exception(&self, id: &str, finding: &Finding) -> String {
        let mut text = format!("Exception {id}");
        if let Some(rule) = &finding.rule {
            let _ = write!(text, " to the rule {rule}");
        }
        if let Some(note) = self.exceptions.get(id) {
            if let Some(approver) = &note.approver {
                let _ = write!(text, ", allowed by {approver}");
            }
            if let Some(expires) = &note.expires {
                let _ = write!(text, ", until {expires}");
            }
            let _ = write!(text, " ({})", note.place);
        }
        text
    }
}

/// Whether a policy of the organisation judged: its text has a digest.
pub(super) const fn is_judged(assessment: &Assessment) -> bool {
    assessment.verdict.policy.digest.is_some()
}

/// Whether a status asks for a finding not to be counted.
fn closes(status: &str) -> bool {
    Status::from_word(status).is_some_and(Status::closes)
}

fn suppression(status: &'static str, justification: &str) -> Suppression {
    Suppression {
        kind: "external",
        status,
        justification: cut(&plain(justification), LONGEST),
    }
}

/// `not affected, vulnerable_code_not_present, says ana@example.org (vex/a.json:12): because`.
fn said(statement: &StatementNote) -> String {
    let mut text = statement.status.replace('_', " ");
    if let Some(label) = &statement.justification {
        let _ = write!(text, ", {label}");
    }
    let _ = write!(text, ", says {} ({})", statement.author, statement.place);
    if let Some(reason) = &statement.reason {
        let _ = write!(text, ": {reason}");
    }
    text
}
