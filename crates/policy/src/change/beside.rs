//! Changes to what stands beside a policy: exceptions, decisions and trusted statements.

use std::collections::BTreeMap;

use super::{Change, Effect};

/// What a change does to the exceptions: a new or a wider one lets something stay open.
pub fn permissions(
    old: &crate::exceptions::Exceptions,
    new: &crate::exceptions::Exceptions,
) -> Vec<Change> {
    let before: BTreeMap<&str, &crate::exceptions::Entry> = old
        .entries()
        .iter()
        .map(|entry| (entry.exception.id.as_str(), entry))
        .collect();
    new.entries()
        .iter()
        .filter(|entry| entry.broken.is_none())
        .filter_map(|entry| {
            let how = match before.get(entry.exception.id.as_str()) {
                None => "it is new",
                Some(was) if was.broken.is_some() => "it was malformed, and covers something now",
                Some(was) if was.exception.scope != entry.exception.scope => "it covers something else",
                Some(was) if entry.until() > was.until() => "it holds for longer",
                Some(was)
                    if was.exception.approver != entry.exception.approver
                        || was.exception.approved_on != entry.exception.approved_on
                        || was.exception.requested_by != entry.exception.requested_by
                        || was.exception.compensating_control.is_none() != entry.exception.compensating_control.is_none() =>
                {
                    "who asked for it, who approved it, when, or what stands in meanwhile has changed"
                }
                Some(_) => return None,
            };
            Some(Change {
                effect: Effect::Loosens,
                what: format!("exception {}", entry.exception.id),
                how: how.into(),
                place: entry.place.clone(),
            })
        })
        .collect()
}

/// What a change does to decisions and trusted statements: one that closes findings and is new, and one that kept them open
/// and is gone.
pub fn statements(old: &crate::claims::Claims, new: &crate::claims::Claims) -> Vec<Change> {
    let counting = |claims: &crate::claims::Claims, closes: bool| -> Vec<crate::claims::Claim> {
        let counts = |claim: &&crate::claims::Claim| {
            claim.rank > crate::claims::Rank::Proposal && claim.status.closes() == closes
        };
        claims.all().iter().filter(counts).cloned().collect()
    };
    let missing = |some: Vec<crate::claims::Claim>,
                   others: &[crate::claims::Claim]|
     -> Vec<crate::claims::Claim> {
        let said: Vec<String> = others.iter().map(crate::claims::Claim::summary).collect();
        some.into_iter()
            .filter(|claim| !said.contains(&claim.summary()))
            .collect()
    };
    let says = |claim: &crate::claims::Claim, verb: &str| Change {
        effect: Effect::Loosens,
        what: format!("statement about {}", claim.ids.join(", ")),
        how: format!(
            "{} {verb} {}",
            claim.author,
            claim.status.as_str().replace('_', " ")
        ),
        place: claim.place.clone(),
    };
    let closing = missing(counting(new, true), &counting(old, true));
    let opening = missing(counting(old, false), &counting(new, false));
    closing
        .iter()
        .map(|claim| says(claim, "says"))
        .chain(opening.iter().map(|claim| says(claim, "no longer says")))
        .collect()
}
