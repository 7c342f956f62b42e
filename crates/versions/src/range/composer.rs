//! Version constraints of Composer: <https://getcomposer.org/doc/articles/versions.md>.
//!
//! Versions are normalised to four numbers before they are compared. A bound that an operator implies has
//! the suffix `-dev`, so that `^1.2` begins with the pre-releases of 1.2 and ends before those of 2.0. A
//! stability flag (`@beta`) lowers the bound it follows. Branches (`dev-main`) are only equal to themselves.

use super::{Op, Range, RangeError, Rule, Set, Test, USUAL, is_zero, next_number, operator};
use crate::Scheme;
use crate::packagist::{Modifier, modifier, normalize, numbers};

const SCHEME: Scheme = Scheme::Packagist;

pub(super) fn parse(text: &str) -> Result<Range, RangeError> {
    if text.trim().is_empty() {
        return Err(RangeError::new("an empty text is no Composer constraint"));
    }
    let mut sets = Vec::new();
    for alternative in text
        .split('|')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let mut set = Set::default();
        let alternative = alternative
            .split_once(" as ")
            .map_or(alternative, |(before, _)| before);
        if let Some((low, high)) = alternative.split_once(" - ") {
            hyphen(low.trim(), high.trim(), &mut set)?;
        } else {
            let mut pending = String::new();
            for word in alternative
                .split([' ', ',', '\t', '\n'])
                .filter(|word| !word.is_empty())
            {
                pending.push_str(word);
                // White space after an operator belongs to it.
                if !word.ends_with(['<', '>', '=', '!', '^', '~']) {
                    constraint(&pending, &mut set)?;
                    pending.clear();
                }
            }
            if !pending.is_empty() {
                return Err(RangeError::part(SCHEME, &pending));
            }
        }
        sets.push(set);
    }
    Ok(Range::new(SCHEME, text, Rule::Order, sets))
}

/// The numbers and the stability of a version, without its build metadata.
fn version(text: &str) -> Option<(Vec<&str>, Modifier)> {
    let text = text.split_once('+').map_or(text, |(before, _)| before);
    let (numbers, rest) = numbers(text)?;
    Some((numbers, modifier(rest)?))
}

/// Four numbers, the one at `at` increased and those after it 0.
fn raised(numbers: &[&str], at: usize) -> String {
    let mut parts: Vec<String> = numbers
        .iter()
        .take(at)
        .map(|&number| number.to_owned())
        .collect();
    parts.push(next_number(numbers.get(at).copied().unwrap_or("0")));
    parts.resize(4, "0".to_owned());
    format!("{}-dev", parts.join("."))
}

fn low(text: &str, modifier: &Modifier) -> String {
    let normal = normalize(text);
    if modifier.written {
        normal
    } else {
        format!("{normal}-dev")
    }
}

fn push(set: &mut Set, op: Op, version: &str) {
    set.tests.push(Test::new(SCHEME, op, version));
}

fn hyphen(from: &str, to: &str, set: &mut Set) -> Result<(), RangeError> {
    let read = |text| version(text).ok_or_else(|| RangeError::part(SCHEME, text));
    let (_, from_modifier) = read(from)?;
    let (numbers, to_modifier) = read(to)?;
    push(set, Op::AtLeast, &low(from, &from_modifier));
    if numbers.len() >= 3 || to_modifier.written {
        push(set, Op::AtMost, &normalize(to));
    } else {
        push(set, Op::Less, &raised(&numbers, numbers.len() - 1));
    }
    Ok(())
}

fn constraint(text: &str, set: &mut Set) -> Result<(), RangeError> {
    let wrong = || RangeError::part(SCHEME, text);
    // A stability flag and a commit.
    let (text, flag) = match text.rsplit_once('@') {
        Some((before, flag)) => match flag.to_ascii_lowercase().as_str() {
            "stable" => (before, ""),
            "rc" => (before, "RC"),
            "beta" => (before, "beta"),
            "alpha" => (before, "alpha"),
            "dev" => (before, "dev"),
            _ => return Err(wrong()),
        },
        None => (text, ""),
    };
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if bare.split('.').all(|part| matches!(part, "x" | "X" | "*")) || text.is_empty() {
        if bare.contains('.') || bare.len() != text.len() {
            push(set, Op::AtLeast, "0.0.0.0-dev");
        }
        return Ok(());
    }
    let sign = text.strip_prefix(['^', '~']);
    if let Some(rest) = sign {
        // `2.x-dev` after an operator has one number more than is written.
        let branch = rest.to_ascii_lowercase();
        let branch = branch
            .strip_suffix("dev")
            .map(|name| name.trim_end_matches(['.', '-']));
        let wild =
            branch.and_then(|name| name.strip_suffix(".x").or_else(|| name.strip_suffix(".*")));
        let (found, stability) = match wild {
            Some(name) => {
                let (found, after) = numbers(name).ok_or_else(wrong)?;
                if !after.is_empty() {
                    return Err(wrong());
                }
                (
                    found,
                    Modifier {
                        suffix: "-dev".to_owned(),
                        written: true,
                    },
                )
            }
            None => version(rest).ok_or_else(wrong)?,
        };
        let position = if text.starts_with('^') {
            let fixed = found.iter().take(3).position(|number| !is_zero(number));
            fixed.unwrap_or(found.len().min(3) - 1)
        } else {
            (found.len() + usize::from(wild.is_some())).saturating_sub(2)
        };
        push(set, Op::AtLeast, &low(rest, &stability));
        push(set, Op::Less, &raised(&found, position));
        return Ok(());
    }
    let mut prefix = bare;
    while let Some(shorter) = [".*", ".x", ".X"]
        .iter()
        .find_map(|end| prefix.strip_suffix(end))
    {
        prefix = shorter;
    }
    if prefix.len() != bare.len()
        && let Some((found, "")) = numbers(prefix)
    {
        let filled = raised(&found, found.len() - 1);
        let start = format!("{}-dev", normalize(prefix));
        if start != "0.0.0.0-dev" {
            push(set, Op::AtLeast, &start);
        }
        push(set, Op::Less, &filled);
        return Ok(());
    }

    let (op, rest) = operator(text, &USUAL).unwrap_or((Op::Equal, text));
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut normal = normalize(rest);
    let is_branch = normal.starts_with("dev-");
    if !is_branch && !normal.starts_with(|first: char| first.is_ascii_digit()) {
        // `main-dev` is `dev-main`.
        match rest.strip_suffix("-dev") {
            Some(name) if op == Op::Equal => normal = format!("dev-{name}"),
            _ => return Err(wrong()),
        }
    } else if !is_branch && op != Op::Equal && op != Op::NotEqual {
        let stable = !normal.contains('-');
        if stable && !flag.is_empty() {
            normal = format!("{normal}-{flag}");
        } else if matches!(op, Op::Less | Op::AtLeast)
            && stable
            && version(rest).is_some_and(|(_, found)| !found.written)
        {
            normal.push_str("-dev");
        }
    }
    push(set, op, &normal);
    Ok(())
}
