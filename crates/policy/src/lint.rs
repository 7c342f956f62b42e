//! What is odd about a policy that can be used.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::clock::Start;
use crate::file::{Fault, Gate, Placed, Policy};

/// Everything worth a warning at a time, RFC 3339.
pub fn lint(policy: &Policy, now: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut add = |place: &crate::file::Place, message: String, hint: &str| {
        faults.push(Fault {
            place: place.clone(),
            message,
            hint: Some(hint.to_owned()),
        });
    };
    let top = crate::file::Place {
        file: policy.file.clone(),
        line: 1,
    };
    let calendar = policy.calendar();
    if let Ok(now) = now.parse::<Timestamp>()
        && let Some(approved) = &policy.approved_on
        && let Ok(day) = approved.value.parse()
        && let Ok(start) = calendar.instant(Start::Day(day))
    {
        if start > now {
            add(
                &approved.place,
                format!(
                    "it was approved on {}, which is still to come",
                    approved.value
                ),
                "check the date, and the clock of this machine",
            );
        } else if let Some(every) = &policy.review_every
            && calendar
                .due(Start::Day(day), every.value)
                .is_ok_and(|due| due < now)
        {
            add(
                &approved.place,
                format!(
                    "it was approved on {} and is to be reviewed every {}",
                    approved.value, every.value
                ),
                "review it, and write the day of the new approval",
            );
        }
    }
    for gate in Gate::ALL {
        if !policy.enforce.iter().any(|rule| rule.at == gate) {
            add(
                &top,
                format!("no rule closes the gate {}", gate.as_str()),
                "add an [[enforce]] for it, or extend a preset that has one",
            );
        }
    }
    if policy.sla.is_empty() {
        add(
            &top,
            "no finding has a deadline".into(),
            "add an [[sla]], or extend a preset",
        );
    }
    if policy
        .roles
        .as_ref()
        .is_none_or(|roles| roles.accountable.is_none())
    {
        add(
            &top,
            "nobody is accountable".into(),
            "say who under [roles]: accountable = \"role:ciso\"",
        );
    }
    if !policy.sla.is_empty() && policy.sla.iter().all(|rule| rule.when.is_some()) {
        add(
            &policy.sla[0].place,
            "every deadline rule has a condition, so some findings may have no deadline".into(),
            "add an [[sla]] without `when`",
        );
    }
    for rule in &policy.enforce {
        let source = rule.deny.source();
        if rule.at != Gate::PullRequest && source.contains("f.is_new") {
            add(
                &rule.place,
                format!(
                    "{} asks for f.is_new at the gate {}, where nothing may be there to compare with",
                    rule.id,
                    rule.at.as_str()
                ),
                "without --since it is unknown",
            );
        }
        if source.contains("f.kev")
            && !source.contains("f.excepted")
            && !source.contains("f.overdue_days")
        {
            add(
                &rule.place,
                format!("{} takes no exceptions", rule.id),
                "add `&& !f.excepted` if it should",
            );
        }
    }
    let required: BTreeSet<&str> = policy
        .exceptions
        .require
        .iter()
        .map(|field| field.value.as_str())
        .collect();
    let limited = policy.exceptions.max_age.values().next();
    if let Some(Placed { place, .. }) = limited.filter(|_| !required.contains("approved_on")) {
        add(place, "max_age is counted from `approved_on`, which exceptions are not required to have: one without it covers nothing".into(), "add \"approved_on\" to `require`");
    }
    faults
}
