//! Ranges of RubyGems and Hex.
//!
//! * RubyGems: <https://guides.rubygems.org/patterns/#semantic-versioning>
//! * Hex: <https://hexdocs.pm/elixir/Version.html#module-requirements>

use super::{Op, Range, RangeError, Rule, Set, Test, USUAL, bump, is_number, operator};
use crate::{Certainty, Scheme, rubygems, semver};

pub(super) fn gem(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::RubyGems;
    let mut set = Set::default();
    for part in text
        .split(',')
        .map(|part| part.trim().trim_matches(['"', '\'']))
        .filter(|part| !part.is_empty())
    {
        let wrong = || RangeError::part(scheme, part);
        let sound = |version: &str| {
            if scheme.certainty(version) == Certainty::Unparsed {
                Err(wrong())
            } else {
                Ok(())
            }
        };
        if let Some(rest) = part.strip_prefix("~>") {
            let version = rest.trim();
            sound(version)?;
            set.tests.push(Test::new(scheme, Op::AtLeast, version));
            // The last number but one is increased; there has to be one at least.
            let numbers: Vec<&str> = rubygems::segments(version)
                .map_while(|segment| match segment {
                    rubygems::Segment::Number(digits) => Some(digits),
                    rubygems::Segment::Letters(_) => None,
                })
                .collect();
            if numbers.is_empty() {
                return Err(wrong());
            }
            let high = bump(&numbers, numbers.len().saturating_sub(2), 0);
            // Pre-releases of that version are out as well: the least of them is the bound.
            let mut bound = Test::implied(scheme, Op::Less, &format!("{high}.A"));
            rubygems::least_prerelease(&high, &mut bound.key);
            set.tests.push(bound);
        } else {
            let (op, version) = operator(part, &USUAL).unwrap_or((Op::Equal, part));
            sound(version)?;
            set.tests.push(Test::new(scheme, op, version));
        }
    }
    Ok(Range::new(scheme, text, Rule::AnyBound, vec![set]))
}

pub(super) fn hex(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Hex;
    let mut sets = vec![Set::default()];
    let mut words = text.split_whitespace().peekable();
    if words.peek().is_none() {
        return Err(RangeError::new("an empty text is no Hex requirement"));
    }
    while let Some(word) = words.next() {
        match word {
            "or" => {
                sets.push(Set::default());
                continue;
            }
            "and" => continue,
            _ => {}
        }
        // An operator may stand on its own before its version.
        let joined = if word.bytes().all(|byte| b"<>=!~".contains(&byte)) {
            format!("{word}{}", words.next().unwrap_or_default())
        } else {
            word.to_owned()
        };
        let wrong = || RangeError::part(scheme, &joined);
        let Some(set) = sets.last_mut() else {
            return Err(wrong());
        };
        if let Some(version) = joined.strip_prefix("~>") {
            let parts = semver::parts(version).ok_or_else(wrong)?;
            let numbers: Vec<&str> = parts.numbers.split('.').collect();
            if !(2..=3).contains(&numbers.len()) || !numbers.iter().all(|number| is_number(number))
            {
                return Err(wrong());
            }
            set.tests.push(Test::new(scheme, Op::AtLeast, version));
            let high = format!("{}-0", bump(&numbers, numbers.len() - 2, 3));
            set.tests.push(Test::implied(scheme, Op::Less, &high));
        } else {
            let (op, version) = operator(&joined, &USUAL).unwrap_or((Op::Equal, &joined));
            if scheme.certainty(version) == Certainty::Unparsed {
                return Err(wrong());
            }
            set.tests.push(Test::new(scheme, op, version));
        }
    }
    if sets.iter().any(|set| set.tests.is_empty()) {
        return Err(RangeError::part(scheme, text));
    }
    Ok(Range::new(scheme, text, Rule::AnyBound, sets))
}
