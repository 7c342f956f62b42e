//! Comparisons with commas between them: Debian, RPM, Alpine, pacman, CRAN, Conda, Go and what has no syntax
//! of its own.
//!
//! * Debian: <https://www.debian.org/doc/debian-policy/ch-relationships.html>; `<<` and `>>` are strict,
//!   `<` and `>` are the old spellings of `<=` and `>=`. Parentheses and `|` are read.
//! * RPM: <https://rpm-software-management.github.io/rpm/manual/dependencies.html>
//! * Alpine: <https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper>
//! * CRAN: <https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file>
//! * Conda: <https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html>; `|` is or,
//!   `1.2.*` and `=1.2` are all that start so.
//! * Go has minimum versions only, so that a version alone is one.

use super::{Op, Range, RangeError, Rule, Set, Test, USUAL, bump, is_number, operator};
use crate::{Certainty, Scheme};

const DEBIAN: [(&str, Op); 6] = [
    ("<<", Op::Less),
    (">>", Op::Greater),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("<", Op::AtMost),
    (">", Op::AtLeast),
];

pub(super) fn parse(scheme: Scheme, text: &str) -> Result<Range, RangeError> {
    let mut sets = Vec::new();
    for alternative in text.split('|').filter(|part| !part.is_empty()) {
        let mut set = Set::default();
        for part in alternative
            .split(',')
            .map(|part| part.trim().trim_matches(['(', ')']).trim())
        {
            add(scheme, part, &mut set)?;
        }
        sets.push(set);
    }
    if sets.is_empty() {
        sets.push(Set::default());
    }
    Ok(Range::new(scheme, text, Rule::Order, sets))
}

fn add(scheme: Scheme, part: &str, set: &mut Set) -> Result<(), RangeError> {
    if part.is_empty() || part == "*" {
        return Ok(());
    }
    let found = if scheme == Scheme::Debian {
        operator(part, &DEBIAN)
    } else {
        None
    };
    let found = found.or_else(|| operator(part, &USUAL));
    let exact = found.is_some() && part.starts_with("==");
    let bare = if scheme == Scheme::Go {
        Op::AtLeast
    } else {
        Op::Equal
    };
    let (op, version) = found.unwrap_or((bare, part));
    if version.is_empty() || version.contains(char::is_whitespace) {
        return Err(RangeError::part(scheme, part));
    }
    if scheme == Scheme::Conda {
        let plain = version
            .strip_suffix('*')
            .map(|rest| rest.trim_end_matches('.'));
        let starts = plain.or(if found.is_some() && op == Op::Equal && !exact {
            Some(version)
        } else {
            None
        });
        if let Some(prefix) = starts {
            let numbers: Vec<&str> = prefix.split('.').collect();
            if matches!(op, Op::Equal) && numbers.iter().all(|number| is_number(number)) {
                set.tests
                    .push(Test::implied(scheme, Op::AtLeast, &format!("{prefix}.dev")));
                set.tests.push(Test::implied(
                    scheme,
                    Op::Less,
                    &format!("{}.dev", bump(&numbers, numbers.len() - 1, 0)),
                ));
                return Ok(());
            }
            if plain.is_some() {
                set.tests.push(Test::new(scheme, op, prefix));
                return Ok(());
            }
        }
    }
    if scheme.certainty(version) == Certainty::Unparsed && op != Op::Equal {
        return Err(RangeError::part(scheme, part));
    }
    set.tests.push(Test::new(scheme, op, version));
    Ok(())
}
