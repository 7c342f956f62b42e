//! Version ranges of Cabal:
//! <https://cabal.readthedocs.io/en/stable/cabal-package-description-file.html#pkg-field-build-depends>.
//!
//! `&&` binds closer than `||`. Parentheses are read around an alternative only, and sets such as
//! `{1.2, 1.3}` after `==` and `^>=`.

use super::{Op, Range, RangeError, Rule, Set, Test, bump, operator};
use crate::{Certainty, Scheme};

pub(super) fn parse(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Hackage;
    let mut sets = Vec::new();
    for alternative in text.split("||") {
        let alternative = alternative.trim();
        let inner = alternative
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(alternative);
        let mut all = vec![Set::default()];
        for part in inner.split("&&").map(str::trim) {
            let choices = comparison(scheme, part)?;
            // A set of versions multiplies the alternatives.
            if all.len().saturating_mul(choices.len()) > 1024 {
                return Err(RangeError::new("too many alternatives"));
            }
            all = all
                .iter()
                .flat_map(|set| {
                    choices.iter().map(|choice| Set {
                        tests: set.tests.iter().chain(choice).cloned().collect(),
                    })
                })
                .collect();
        }
        sets.extend(all);
    }
    Ok(Range::new(scheme, text, Rule::Order, sets))
}

/// One comparison, as alternatives of tests.
fn comparison(scheme: Scheme, part: &str) -> Result<Vec<Vec<Test>>, RangeError> {
    let wrong = || RangeError::part(scheme, part);
    if part.is_empty() || part == "-any" || part == "*" {
        return Ok(vec![Vec::new()]);
    }
    if part == "-none" {
        return Ok(Vec::new());
    }
    let (op, major, rest) = if let Some(rest) = part.strip_prefix("^>=") {
        (Op::AtLeast, true, rest.trim())
    } else {
        let signs = [
            (">=", Op::AtLeast),
            (">", Op::Greater),
            ("<=", Op::AtMost),
            ("<", Op::Less),
            ("==", Op::Equal),
        ];
        let (op, rest) = operator(part, &signs).ok_or_else(wrong)?;
        (op, false, rest.trim())
    };
    let versions: Vec<&str> = match rest
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        Some(list) if major || op == Op::Equal => list.split(',').map(str::trim).collect(),
        Some(_) => return Err(wrong()),
        None => vec![rest],
    };
    let mut choices = Vec::with_capacity(versions.len());
    for version in versions {
        let plain = version.strip_suffix(".*").unwrap_or(version);
        let wild = plain.len() != version.len();
        if scheme.certainty(plain) == Certainty::Unparsed || (wild && op != Op::Equal) {
            return Err(wrong());
        }
        let numbers: Vec<&str> = plain.split('.').collect();
        let test = |op, text: &str| Test::new(scheme, op, text);
        choices.push(if major {
            vec![
                test(Op::AtLeast, plain),
                test(Op::Less, &bump(&numbers, 1, 0).replace("..", ".")),
            ]
        } else if wild {
            vec![
                test(Op::AtLeast, plain),
                test(Op::Less, &bump(&numbers, numbers.len() - 1, 0)),
            ]
        } else {
            vec![test(op, plain)]
        });
    }
    Ok(choices)
}
