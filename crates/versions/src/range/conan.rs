//! Version ranges of Conan 2: <https://docs.conan.io/2/tutorial/versioning/version_ranges.html>.

use super::{Op, Range, RangeError, Rule, Set, Test, bump, is_number, is_zero, operator};
use crate::{Scheme, conan};

const OPERATORS: [(&str, Op); 5] = [
    (">=", Op::AtLeast),
    (">", Op::Greater),
    ("<=", Op::AtMost),
    ("<", Op::Less),
    ("=", Op::Equal),
];

pub(super) fn parse(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Conan;
    let inner = text.trim();
    let inner = inner
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(inner);
    let mut parts = inner.split(',');
    let expression = parts.next().unwrap_or_default();
    let prereleases = parts.any(|option| option.contains("include_prerelease"));
    let mut sets = Vec::new();
    for alternative in expression.split("||") {
        let mut set = Set::default();
        for condition in alternative.split_whitespace() {
            add(scheme, condition, &mut set)?;
        }
        if set.tests.is_empty() {
            set.tests.push(Test::implied(scheme, Op::AtLeast, "0.0.0-"));
        }
        sets.push(set);
    }
    let rule = if prereleases {
        Rule::Order
    } else {
        Rule::Never
    };
    Ok(Range::new(scheme, text, rule, sets))
}

fn add(scheme: Scheme, condition: &str, set: &mut Set) -> Result<(), RangeError> {
    let wrong = || RangeError::part(scheme, condition);
    if condition == "*" {
        return Ok(());
    }
    // A bare version before a hyphen and nothing is below all its pre-releases.
    let lowest = |version: &str| {
        if version.contains(['-', '+']) {
            version.to_owned()
        } else {
            format!("{version}-")
        }
    };
    let tilde = condition.strip_prefix('~');
    if let Some(version) = tilde.or_else(|| condition.strip_prefix('^')) {
        let (items, ..) = conan::split(version);
        let items: Vec<&str> = items.split('.').collect();
        let at = if tilde.is_some() {
            usize::from(items.len() > 1)
        } else {
            // Where all are zero, the last may not change either.
            items
                .iter()
                .position(|item| !is_zero(item))
                .unwrap_or(items.len() - 1)
        };
        if version.is_empty() || !items.get(at).is_some_and(|item| is_number(item)) {
            return Err(wrong());
        }
        set.tests
            .push(Test::new(scheme, Op::AtLeast, &lowest(version)));
        set.tests.push(Test::implied(
            scheme,
            Op::Less,
            &format!("{}-", bump(&items, at, items.len())),
        ));
        return Ok(());
    }
    let (op, version) = operator(condition, &OPERATORS).unwrap_or((Op::Equal, condition));
    if version.is_empty() {
        return Err(wrong());
    }
    let version = if matches!(op, Op::AtLeast | Op::Less) {
        lowest(version)
    } else {
        version.to_owned()
    };
    set.tests.push(Test::new(scheme, op, &version));
    Ok(())
}
