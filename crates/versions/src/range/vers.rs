//! The `vers:` notation, which goes across ecosystems:
//! <https://github.com/package-url/vers-spec/blob/main/VERSION-RANGE-SPEC.rst>.
//!
//! Pre-releases are in by their place in the order alone.

use super::{Op, Range, RangeError, Rule, Set, Test, USUAL, operator};
use crate::{Scheme, packagist};

/// Reads a range in the `vers:` notation, such as `vers:npm/>=1.0.0|<2.0.0`.
///
/// The part before the slash is the name of an ecosystem, as for [`Scheme::for_ecosystem`].
pub fn parse_vers(text: &str) -> Result<(Scheme, Range), RangeError> {
    let wrong = || RangeError::new("a vers range is `vers:<ecosystem>/<constraints>`");
    let rest = text.trim();
    let rest = rest
        .get(..5)
        .filter(|start| start.eq_ignore_ascii_case("vers:"))
        .and(rest.get(5..))
        .ok_or_else(wrong)?;
    let (name, constraints) = rest.split_once('/').ok_or_else(wrong)?;
    let scheme = Scheme::for_ecosystem(name)
        .ok_or_else(|| RangeError::new(format!("no order is known for versions of `{name}`")))?;
    let joined: String = constraints.chars().filter(|c| !c.is_whitespace()).collect();
    let constraints = joined.trim_matches('|');
    if constraints.is_empty() {
        return Err(wrong());
    }
    if constraints == "*" {
        return Ok((
            scheme,
            Range::new(scheme, text, Rule::Order, vec![Set::default()]),
        ));
    }

    let mut sets = Vec::new();
    let mut holes = Vec::new();
    let mut bounds = Vec::new();
    for constraint in constraints.split('|').filter(|part| !part.is_empty()) {
        let (op, version) = operator(constraint, &USUAL).unwrap_or((Op::Equal, constraint));
        let plain = decode(version);
        if plain.is_empty() || plain == "*" {
            return Err(RangeError::part(scheme, constraint));
        }
        let version = if scheme == Scheme::Packagist {
            packagist::normalize(&plain)
        } else {
            plain
        };
        let bound = Test::new(scheme, op, &version);
        match op {
            Op::Equal | Op::Identical => sets.push(Set { tests: vec![bound] }),
            Op::NotEqual => holes.push(bound),
            _ => bounds.push(bound),
        }
    }
    // Bounds come in pairs: one that opens an interval, and one that closes it.
    bounds.sort_by(|a, b| a.key.cmp(&b.key));
    let mut intervals: Vec<Set> = Vec::new();
    let mut open: Option<Test> = None;
    let mut started = false;
    for bound in bounds {
        if matches!(bound.op, Op::Greater | Op::AtLeast) {
            // Of two that open one after another, the first is the wider.
            open.get_or_insert(bound);
        } else if open.is_some() || !started {
            let tests = open.take().into_iter().chain([bound]).collect();
            intervals.push(Set { tests });
        } else if let Some(last) = intervals.last_mut() {
            // Of two that close one after another, the last is the wider.
            last.tests.pop();
            last.tests.push(bound);
        }
        started = true;
    }
    if let Some(open) = open {
        intervals.push(Set { tests: vec![open] });
    }
    if intervals.is_empty() && !holes.is_empty() {
        intervals.push(Set::default());
    }
    for set in &mut intervals {
        set.tests.extend(holes.iter().cloned());
    }
    sets.extend(intervals);
    Ok((scheme, Range::new(scheme, text, Rule::Order, sets)))
}

/// Undoes the percent encoding of a version.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| {
            after
                .get(at)
                .and_then(|&byte| char::from(byte).to_digit(16))
        };
        if first == b'%'
            && let (Some(high), Some(low)) = (digit(0), digit(1))
        {
            bytes.push((high * 16 + low) as u8);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
