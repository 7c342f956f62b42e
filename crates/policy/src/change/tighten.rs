//! A policy that is joined with the one above it, and may only tighten it.

use super::{Effect, changes};
use crate::bundle;
use crate::extend;
use crate::file::{Fault, Place, Policy};

/// A policy joined with the one above it: that of a folder further out, or the portal's. Whether it only tightens that
/// one is decided as for any change. `again` is the one above, read a second time: joining uses it up.
///
/// # Errors
/// Every place where it loosens the one above, or may.
pub fn tightened(above: Policy, again: &Policy, own: Policy) -> Result<Policy, Vec<Fault>> {
    let (who, whose) = if above.file.starts_with(bundle::PLACE) {
        ("a repository", "the policy of the portal")
    } else {
        ("a folder", "the policy of the folders above it")
    };
    let at = Place {
        file: own.file.clone(),
        line: 1,
    };
    let whole = extend::join(above, own, &at, true)?;
    let faults: Vec<Fault> = changes(again, &whole)
        .into_iter()
        .filter(|one| one.effect == Effect::Loosens)
        .map(|one| Fault {
            place: one.place,
            message: format!("{}: {}; {who} may only tighten {whose}", one.what, one.how),
            hint: Some("take it out, or have it written into the policy above".into()),
        })
        .collect();
    if faults.is_empty() {
        Ok(whole)
    } else {
        Err(faults)
    }
}
