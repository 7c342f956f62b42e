//! Ranges of npm, Cargo, Julia and GitHub Actions.
//!
//! * npm: <https://github.com/npm/node-semver#ranges>
//! * Cargo: <https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html>
//! * Julia: <https://pkgdocs.julialang.org/v1/compatibility/>
//! * GitHub Actions have tags instead of ranges: `v4` is any 4.x, `v4.1` any 4.1.x, `v4.1.0` itself.

use super::{Op, Range, RangeError, Rule, Set, Test, USUAL, bump, is_number, is_zero, operator};
use crate::Scheme;

/// A version of which the end may be missing or a wildcard.
struct Partial<'a> {
    numbers: Vec<&'a str>,
    /// With its hyphen, and only after three numbers.
    prerelease: &'a str,
}

impl<'a> Partial<'a> {
    fn parse(scheme: Scheme, text: &'a str) -> Result<Self, RangeError> {
        let wrong = || RangeError::part(scheme, text);
        let text = text.trim().trim_start_matches(['=', 'v', 'V', ' ']);
        let text = text.split_once('+').map_or(text, |(before, _)| before);
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'x' | 'X' | '*')))
            .unwrap_or(text.len());
        let (core, prerelease) = text.split_at(end);
        let mut numbers = Vec::with_capacity(3);
        let mut wild = core.is_empty();
        for part in core.split('.') {
            if matches!(part, "x" | "X" | "*" | "") {
                if part.is_empty() && !core.is_empty() {
                    return Err(wrong());
                }
                wild = true;
            } else if !is_number(part) {
                return Err(wrong());
            } else if !wild {
                numbers.push(part);
            }
        }
        if numbers.len() > 3 || (core.is_empty() && !prerelease.is_empty()) {
            return Err(wrong());
        }
        let sound = prerelease
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if !sound {
            return Err(wrong());
        }
        // node-semver ignores the pre-release of a version with a wildcard.
        let prerelease = if numbers.len() == 3 { prerelease } else { "" };
        Ok(Self {
            numbers,
            prerelease,
        })
    }

    /// The version with zeros for what is missing.
    fn low(&self) -> String {
        let mut text = self.numbers.join(".");
        for at in self.numbers.len()..3 {
            text.push_str(if at == 0 { "0" } else { ".0" });
        }
        if !self.prerelease.is_empty() {
            if !self.prerelease.starts_with('-') {
                text.push('-');
            }
            text.push_str(self.prerelease);
        }
        text
    }

    fn is_full(&self) -> bool {
        self.numbers.len() == 3
    }

    /// From this version to below the one with the number at `at` increased, without its pre-releases.
    fn until(&self, scheme: Scheme, at: usize, set: &mut Set) {
        set.tests.push(self.at_least(scheme));
        set.tests.push(self.below(scheme, at));
    }

    /// To npm an incomplete version starts with its pre-releases, where those are wanted at all.
    fn at_least(&self, scheme: Scheme) -> Test {
        if self.is_full() || !matches!(scheme, Scheme::SemVer | Scheme::Bitnami | Scheme::EchoNpm) {
            Test::new(scheme, Op::AtLeast, &self.low())
        } else {
            Test::implied(scheme, Op::AtLeast, &format!("{}-0", self.low()))
        }
    }

    fn below(&self, scheme: Scheme, at: usize) -> Test {
        Test::implied(
            scheme,
            Op::Less,
            &format!("{}-0", bump(&self.numbers, at, 3)),
        )
    }

    /// Where a caret lets the version change: after the first number that is not 0.
    fn caret(&self) -> usize {
        let fixed = self.numbers.iter().position(|number| !is_zero(number));
        fixed.unwrap_or(self.numbers.len().saturating_sub(1)).min(2)
    }

    /// What an operator before the version means.
    fn compare(&self, scheme: Scheme, op: Op, set: &mut Set) {
        let last = self.numbers.len().saturating_sub(1);
        let test = |op, text: &str| Test::new(scheme, op, text);
        if self.is_full() {
            set.tests.push(test(op, &self.low()));
        } else if self.numbers.is_empty() {
            if matches!(op, Op::Less | Op::Greater) {
                set.tests.push(Test::implied(scheme, Op::Less, "0.0.0-0"));
            }
        } else {
            match op {
                Op::Less => set
                    .tests
                    .push(Test::implied(scheme, op, &format!("{}-0", self.low()))),
                Op::AtLeast => set.tests.push(self.at_least(scheme)),
                Op::AtMost => set.tests.push(self.below(scheme, last)),
                Op::Greater => set
                    .tests
                    .push(test(Op::AtLeast, &bump(&self.numbers, last, 3))),
                Op::Equal | Op::Identical | Op::NotEqual => self.until(scheme, last, set),
            }
        }
    }
}

/// The operators of npm; `!=` is none of them.
const COMPARATORS: &[(&str, Op)] = &[
    (">=", Op::AtLeast),
    (">", Op::Greater),
    ("<=", Op::AtMost),
    ("<", Op::Less),
    ("=", Op::Equal),
];

pub(super) fn npm(scheme: Scheme, text: &str) -> Result<Range, RangeError> {
    let mut sets = Vec::new();
    for alternative in text.split("||") {
        let mut set = Set::default();
        if let Some((low, high)) = alternative.split_once(" - ") {
            let low = Partial::parse(scheme, low)?;
            let high = Partial::parse(scheme, high)?;
            if !low.numbers.is_empty() {
                set.tests.push(low.at_least(scheme));
            }
            if !high.numbers.is_empty() {
                high.compare(scheme, Op::AtMost, &mut set);
            }
        } else {
            for comparator in comparators(alternative) {
                npm_comparator(scheme, &comparator, &mut set)?;
            }
        }
        sets.push(set);
    }
    Ok(Range::new(scheme, text, Rule::SameNumbers, sets))
}

/// The comparators of an alternative; white space after an operator belongs to it.
fn comparators(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in text
        .split([' ', '\t', '\n', '\r', ','])
        .filter(|word| !word.is_empty())
    {
        match all.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '~', '^', 'v']) && last.len() <= 3 => {
                last.push_str(word);
            }
            _ => all.push(word.to_owned()),
        }
    }
    all
}

fn npm_comparator(scheme: Scheme, text: &str, set: &mut Set) -> Result<(), RangeError> {
    if let Some(rest) = text.strip_prefix('^') {
        let version = Partial::parse(scheme, rest)?;
        if !version.numbers.is_empty() {
            version.until(scheme, version.caret(), set);
        }
    } else if let Some(rest) = text.strip_prefix("~>").or_else(|| text.strip_prefix('~')) {
        let version = Partial::parse(scheme, rest)?;
        if !version.numbers.is_empty() {
            version.until(scheme, version.numbers.len().saturating_sub(1).min(1), set);
        }
    } else if let Some((op, rest)) = operator(text, COMPARATORS) {
        Partial::parse(scheme, rest)?.compare(scheme, op, set);
    } else {
        Partial::parse(scheme, text)?.compare(scheme, Op::Equal, set);
    }
    Ok(())
}

pub(super) fn cargo(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Cargo;
    let mut set = Set::default();
    for part in text.split(',').map(str::trim) {
        if part.is_empty() {
            // A comma at the end is tolerated; nothing at all is not.
            if set.tests.is_empty() && text.trim().is_empty() {
                return Err(RangeError::new("an empty text is no Cargo requirement"));
            }
            continue;
        }
        let wild = part.ends_with(['*', 'x', 'X']);
        if let Some((op, rest)) = operator(part, COMPARATORS) {
            Partial::parse(scheme, rest)?.compare(scheme, op, &mut set);
        } else if part.starts_with('~') || wild {
            npm_comparator(scheme, part, &mut set)?;
        } else {
            let version = Partial::parse(scheme, part.trim_start_matches('^'))?;
            version.until(scheme, version.caret(), &mut set);
        }
    }
    Ok(Range::new(scheme, text, Rule::SameNumbers, vec![set]))
}

pub(super) fn julia(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Julia;
    let mut sets = Vec::new();
    for part in text.split(',').map(str::trim) {
        let mut set = Set::default();
        if let Some((low, high)) = part.split_once(" - ") {
            set.tests.push(Test::new(
                scheme,
                Op::AtLeast,
                &Partial::parse(scheme, low)?.low(),
            ));
            Partial::parse(scheme, high)?.compare(scheme, Op::AtMost, &mut set);
        } else if let Some((op, rest)) = operator(part, &[("≥", Op::AtLeast), ("≤", Op::AtMost)])
            .or_else(|| operator(part, COMPARATORS))
        {
            Partial::parse(scheme, rest)?.compare(scheme, op, &mut set);
        } else if part.starts_with('~') {
            npm_comparator(scheme, part, &mut set)?;
        } else if part == "*" {
            // Any version.
        } else {
            let version = Partial::parse(scheme, part.trim_start_matches('^'))?;
            if version.numbers.is_empty() {
                return Err(RangeError::part(scheme, part));
            }
            version.until(scheme, version.caret(), &mut set);
        }
        sets.push(set);
    }
    Ok(Range::new(scheme, text, Rule::Order, sets))
}

pub(super) fn tag(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::GitHubActions;
    let mut set = Set::default();
    for part in text.split(',').map(str::trim) {
        match operator(part, &USUAL) {
            Some((op, rest)) => set.tests.push(Test::new(scheme, op, rest)),
            None => Partial::parse(scheme, part)?.compare(scheme, Op::Equal, &mut set),
        }
    }
    Ok(Range::new(scheme, text, Rule::Order, vec![set]))
}
