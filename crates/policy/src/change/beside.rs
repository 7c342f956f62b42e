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
                Some(was) if was.exception.scope != entry.exception.scope => {
                    "it covers something else"
                }
                Some(was) if entry.until() > was.until() => "it holds for longer",
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

/// What a change does to decisions and trusted statements: a new one that closes findings.
pub fn statements(old: &crate::claims::Claims, new: &crate::claims::Claims) -> Vec<Change> {
    let says = |claim: &crate::claims::Claim| {
        claim.rank > crate::claims::Rank::Proposal && claim.status.closes()
    };
    let before: Vec<String> = old
        .all()
        .iter()
        .filter(|claim| says(claim))
        .map(crate::claims::Claim::summary)
        .collect();
    new.all()
        .iter()
        .filter(|claim| says(claim) && !before.contains(&claim.summary()))
        .map(|claim| Change {
            effect: Effect::Loosens,
            what: format!("statement about {}", claim.ids.join(", ")),
            how: format!(
                "{} says {}",
                claim.author,
                claim.status.as_str().replace('_', " ")
            ),
            place: claim.place.clone(),
        })
        .collect()
}
