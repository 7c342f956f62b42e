//! What decisions, VEX and exceptions say about a vulnerability of a component:
//! [`analysis`](https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_analysis).
//!
//! - Of statements the one that counts speaks: `not_affected` stays, `fixed` is `resolved`, `under_investigation` is
//!   `in_triage` and `affected` is `exploitable`.
//! - An exception lets a vulnerability stay open for a time: it is `exploitable`, and the detail says who allows that until
//!   when. The response is `workaround_available` where something stands in meanwhile, else there is none: `will_not_fix`
//!   would say more than a temporary permission does. Of what has only lapsed nothing is exploitable; it gets the detail
//!   alone.
//! - A package is one component of the bill however many projects have it. Where they differ, the one that says least
//!   speaks for it: nobody must take it for closed while it is open somewhere.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;
use stanchion_model::finding::{Finding, Kind};
use stanchion_model::report::{Assessment, ExceptionNote};
use stanchion_model::vex::{Justification, Status};

use crate::text::{cut, plain};

/// Longest detail, in characters.
const LONGEST: usize = 4000;

#[derive(Serialize, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Analysis {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    response: &'static [&'static str],
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<String>,
}

impl Analysis {
    /// Whether nothing remains to be done.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, Some("not_affected" | "resolved"))
    }

    /// How much it takes away from what was found.
    fn weight(&self) -> u8 {
        match self.state {
            None => 1,
            Some("exploitable") => 2,
            Some("in_triage") => 3,
            Some("not_affected") => 4,
            Some(_) => 5,
        }
    }
}

/// Exceptions that cover something, by their id.
pub(super) struct Permissions<'a>(HashMap<&'a str, &'a ExceptionNote>);

impl<'a> Permissions<'a> {
    pub(super) fn new(assessment: &'a Assessment) -> Self {
        let covering = assessment.exceptions.iter().filter(|note| note.covers > 0);
        Self(covering.map(|note| (note.id.as_str(), note)).collect())
    }

    /// Findings of one vulnerability, put together by what is said about their component, in the order in which they
    /// come.
    pub(super) fn part<'f>(
        &self,
        group: &[&'f Finding],
    ) -> Vec<(Option<Analysis>, Vec<&'f Finding>)> {
        let purls: Vec<String> = group
            .iter()
            .map(|finding| finding.component.purl.to_string())
            .collect();
        let mut said: HashMap<&str, Option<Analysis>> = HashMap::new();
        for (finding, purl) in group.iter().zip(&purls) {
            let one = self.of(finding);
            said.entry(purl)
                .and_modify(|known| {
                    let weight = |one: &Option<Analysis>| one.as_ref().map_or(0, Analysis::weight);
                    if weight(&one) < weight(known) {
                        known.clone_from(&one);
                    }
                })
                .or_insert(one);
        }
        let mut parts: Vec<(Option<Analysis>, Vec<&Finding>)> = Vec::new();
        for (finding, purl) in group.iter().zip(&purls) {
            let one = said.get(purl.as_str()).cloned().flatten();
            match parts.iter_mut().find(|(known, _)| *known == one) {
                Some((_, findings)) => findings.push(finding),
                None => parts.push((one, vec![finding])),
            }
        }
        parts
    }

    /// What is said about one finding; `None` where nothing is.
    fn of(&self, finding: &Finding) -> Option<Analysis> {
        let statement = finding
            .statements
            .iter()
            .find(|statement| statement.standing == "applied");
        let status = statement.and_then(|statement| Status::from_word(&statement.status));
        let exception = finding.exception.as_deref();
        if status.is_none() && exception.is_none() {
            return None;
        }
        let mut detail = String::new();
        if let Some(id) = exception {
            detail = self.permission(id);
        }
        if let Some(statement) = statement.filter(|_| status.is_some()) {
            if !detail.is_empty() {
                detail.push(' ');
            }
            if let Some(reason) = &statement.reason {
                let _ = write!(detail, "{}. ", reason.trim_end_matches('.'));
            }
            let _ = write!(
                detail,
                "Said by {} ({}).",
                statement.author, statement.place
            );
        }
        let is_weakness = matches!(finding.kind, Kind::Vulnerability | Kind::Malicious);
        let label = statement
            .and_then(|statement| statement.justification.as_deref())
            .and_then(Justification::from_word);
        let time = statement.and_then(|statement| statement.time.as_deref());
        Some(Analysis {
            state: match status {
                Some(status) => Some(state(status)),
                None => is_weakness.then_some("exploitable"),
            },
            justification: label
                .filter(|_| status == Some(Status::NotAffected))
                .map(word),
            response: match (exception.and_then(|id| self.0.get(id)), status) {
                (Some(note), None) if is_weakness && note.compensating_control.is_some() => {
                    &["workaround_available"]
                }
                _ => &[],
            },
            detail: cut(&plain(&detail), LONGEST),
            last_updated: time
                .and_then(|time| time.parse::<jiff::Timestamp>().ok())
                .map(|time| time.to_string()),
        })
    }

    /// `Accepted until 2027-01-31 by role:ciso: exception EX-2026-001 (exceptions.toml:4).`
    fn permission(&self, id: &str) -> String {
        let mut text = "Accepted".to_owned();
        let note = self.0.get(id);
        if let Some(expires) = note.and_then(|note| note.expires.as_deref()) {
            let _ = write!(text, " until {expires}");
        }
        if let Some(approver) = note.and_then(|note| note.approver.as_deref()) {
            let _ = write!(text, " by {approver}");
        }
        let _ = write!(text, ": exception {id}");
        if let Some(note) = note {
            let _ = write!(text, " ({})", note.place);
        }
        text.push('.');
        if let Some(control) = note.and_then(|note| note.compensating_control.as_deref()) {
            let _ = write!(text, " Meanwhile: {}.", control.trim_end_matches('.'));
        }
        text
    }
}

const fn state(status: Status) -> &'static str {
    match status {
        Status::NotAffected => "not_affected",
        Status::Fixed => "resolved",
        Status::UnderInvestigation => "in_triage",
        Status::Affected => "exploitable",
    }
}

/// The nearest justification, as when VEX is written.
const fn word(label: Justification) -> &'static str {
    match label {
        Justification::ComponentNotPresent | Justification::VulnerableCodeNotPresent => {
            "code_not_present"
        }
        Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
        Justification::VulnerableCodeCannotBeControlledByAdversary => "requires_environment",
        Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
    }
}
