//! Version specifiers of PyPI.
//!
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/#version-specifiers>

use super::{Op, Range, RangeError, Rule, Set, Test, bump, next_number, operator};
use crate::pep440::{self, Parts};
use crate::{Scheme, key};

const OPERATORS: [(&str, Op); 7] = [
    ("===", Op::Identical),
    ("==", Op::Equal),
    ("!=", Op::NotEqual),
    (">=", Op::AtLeast),
    ("<=", Op::AtMost),
    (">", Op::Greater),
    ("<", Op::Less),
];

pub(super) fn parse(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Pep440;
    let wrong = |part: &str| RangeError::part(scheme, part);
    let mut sets = vec![Set::default()];
    let inner = text.trim();
    let inner = inner
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(inner);
    for part in inner
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "*")
    {
        let mut tests = Vec::new();
        if let Some(rest) = part.strip_prefix("~=") {
            let version = rest.trim();
            let parts = pep440::parts(version).ok_or_else(|| wrong(part))?;
            let numbers: Vec<&str> = parts.release.split('.').collect();
            if numbers.len() < 2 || parts.local.is_some() {
                return Err(wrong(part));
            }
            tests.push(Test::new(scheme, Op::AtLeast, version));
            tests.push(Test::implied(
                scheme,
                Op::Less,
                &above(&parts, numbers.len() - 2),
            ));
        } else {
            let (op, version) = operator(part, &OPERATORS).ok_or_else(|| wrong(part))?;
            if let Some(prefix) = version.strip_suffix(".*") {
                let parts = pep440::parts(prefix).ok_or_else(|| wrong(part))?;
                let plain = parts.pre.is_none()
                    && parts.post.is_none()
                    && parts.dev.is_none()
                    && parts.local.is_none();
                if !plain || !matches!(op, Op::Equal | Op::NotEqual) {
                    return Err(wrong(part));
                }
                let low = format!("{prefix}.dev0");
                let high = above(&parts, parts.release.split('.').count() - 1);
                if op == Op::Equal {
                    tests.push(Test::implied(scheme, Op::AtLeast, &low));
                    tests.push(Test::implied(scheme, Op::Less, &high));
                } else {
                    // Below the prefix or above it: every alternative so far comes twice.
                    if sets.len() > 64 {
                        return Err(RangeError::new("too many prefixes are left out"));
                    }
                    let mut over = sets.clone();
                    for set in &mut sets {
                        set.tests.push(Test::implied(scheme, Op::Less, &low));
                    }
                    for set in &mut over {
                        set.tests.push(Test::implied(scheme, Op::AtLeast, &high));
                    }
                    sets.extend(over);
                }
            } else if op == Op::Identical || pep440::parts(version).is_some() {
                if version.is_empty() {
                    return Err(wrong(part));
                }
                tests.push(Test::new(scheme, op, version));
            } else {
                return Err(wrong(part));
            }
        }
        for set in &mut sets {
            set.tests.extend(tests.iter().cloned());
        }
    }
    Ok(Range::new(scheme, text, Rule::Pep440, sets))
}

/// The first version above all that start with the numbers up to `at`.
fn above(parts: &Parts<'_>, at: usize) -> String {
    let numbers: Vec<&str> = parts.release.split('.').collect();
    let epoch = if parts.epoch.is_empty() {
        String::new()
    } else {
        format!("{}!", parts.epoch)
    };
    let number = if at == 0 {
        next_number(numbers.first().copied().unwrap_or("0"))
    } else {
        bump(&numbers, at, 0)
    };
    format!("{epoch}{number}.dev0")
}

/// Whether a version is in a range; `by_rules` applies the rules for pre-releases.
pub(super) fn contains(range: &Range, version: &str, by_rules: bool) -> bool {
    let identical =
        |test: &Test| test.op == Op::Identical && test.version.eq_ignore_ascii_case(version.trim());
    let Some(candidate) = pep440::parts(version) else {
        // Only `===` can name it.
        return range.sets.iter().any(|set| set.tests.iter().all(identical));
    };
    if by_rules && candidate.is_prerelease() {
        let named = range.sets.iter().flat_map(|set| &set.tests).any(|test| {
            test.written
                && test.op != Op::NotEqual
                && pep440::parts(&test.version).is_some_and(|parts| parts.is_prerelease())
        });
        if !named {
            return false;
        }
    }
    key::with_scratch(|full, public| {
        pep440::write(&candidate, full);
        pep440::write(
            &Parts {
                local: None,
                ..candidate
            },
            public,
        );
        range.sets.iter().any(|set| {
            set.tests.iter().all(|test| match test.op {
                Op::Identical => identical(test),
                _ => holds(test, &candidate, full, public, by_rules),
            })
        })
    })
}

fn holds(test: &Test, candidate: &Parts<'_>, full: &[u8], public: &[u8], by_rules: bool) -> bool {
    let Some(bound) = pep440::parts(&test.version) else {
        return false;
    };
    let compared =
        if bound.local.is_some() || !test.written || matches!(test.op, Op::Less | Op::Greater) {
            full.cmp(&test.key)
        } else {
            public.cmp(&test.key)
        };
    if !test.op.holds(compared) {
        return false;
    }
    match test.op {
        _ if !test.written || !by_rules => true,
        // No pre-release of the bound itself.
        Op::Less => {
            !candidate.is_prerelease() || bound.is_prerelease() || !same_base(candidate, &bound)
        }
        Op::Greater => {
            // Neither a post-release nor a local version of the bound itself.
            let post_of_bound =
                candidate.post.is_some() && bound.post.is_none() && same_pre(candidate, &bound);
            !post_of_bound && (candidate.local.is_none() || public != test.key)
        }
        _ => true,
    }
}

/// The key of a version without its pre-release and what follows.
fn base(parts: &Parts<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    pep440::write(
        &Parts {
            epoch: parts.epoch,
            release: parts.release,
            ..Parts::default()
        },
        &mut key,
    );
    key
}

/// Whether epoch and release numbers are the same.
fn same_base(a: &Parts<'_>, b: &Parts<'_>) -> bool {
    base(a) == base(b)
}

/// Whether a post-release belongs to a bound: the same pre-release, or both are none.
fn same_pre(post: &Parts<'_>, bound: &Parts<'_>) -> bool {
    let pre = |parts: &Parts<'_>| {
        parts
            .pre
            .map(|(kind, number)| (kind, number.trim_start_matches('0').to_owned()))
    };
    // A development release of the release itself comes before all pre-releases, and has no post-release.
    let only_dev = bound.pre.is_none() && bound.dev.is_some();
    !only_dev && pre(post) == pre(bound) && same_base(post, bound)
}
