//! Version constraints of Dart's pub: <https://dart.dev/tools/pub/dependencies#version-constraints>.
//!
//! An upper bound such as `<2.0.0` leaves out the pre-releases of 2.0.0, unless the lower bound is one.

use super::{Op, Range, RangeError, Rule, Set, Test, bump, is_zero, operator};
use crate::{Certainty, Scheme, semver};

const OPERATORS: [(&str, Op); 4] = [
    (">=", Op::AtLeast),
    (">", Op::Greater),
    ("<=", Op::AtMost),
    ("<", Op::Less),
];

pub(super) fn parse(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Pub;
    let mut set = Set::default();
    let mut rest = text.trim();
    if rest == "any" || rest.is_empty() {
        return Ok(Range::new(scheme, text, Rule::Order, vec![set]));
    }
    while !rest.is_empty() {
        let wrong = || RangeError::part(scheme, rest);
        let caret = rest.starts_with('^');
        let (op, after) = if caret {
            (Op::AtLeast, rest.trim_start_matches('^').trim_start())
        } else {
            operator(rest, &OPERATORS).unwrap_or((Op::Equal, rest))
        };
        let end = after
            .find(|c: char| c.is_whitespace() || "<>^".contains(c))
            .unwrap_or(after.len());
        let (version, more) = after.split_at(end);
        if scheme.certainty(version) == Certainty::Unparsed {
            return Err(wrong());
        }
        set.tests.push(Test::new(scheme, op, version));
        if caret {
            let parts = semver::parts(version).ok_or_else(wrong)?;
            let numbers: Vec<&str> = parts.numbers.split('.').collect();
            // The first number may not change, nor the second where the first is 0; 0.0.x may go to 0.1.
            let at = usize::from(numbers.first().is_none_or(|first| is_zero(first)));
            set.tests.push(Test::implied(
                scheme,
                Op::Less,
                &format!("{}-0", bump(&numbers, at, 3)),
            ));
        }
        rest = more.trim_start();
    }
    let lows: Vec<String> = set
        .tests
        .iter()
        .filter(|test| {
            matches!(test.op, Op::AtLeast | Op::Greater) && scheme.is_prerelease(&test.version)
        })
        .map(|test| test.version.clone())
        .collect();
    for test in &mut set.tests {
        let bare = test.op == Op::Less && test.written && !scheme.is_prerelease(&test.version);
        if bare
            && !test.version.contains('+')
            && !lows
                .iter()
                .any(|low| semver::same_numbers(low, &test.version))
        {
            *test = Test::implied(scheme, Op::Less, &format!("{}-0", test.version));
        }
    }
    Ok(Range::new(scheme, text, Rule::Order, vec![set]))
}
