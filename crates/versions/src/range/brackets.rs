//! Intervals in brackets: Maven and NuGet.
//!
//! * Maven: <https://maven.apache.org/pom.html#dependency-version-requirement-specification>. A version
//!   alone is a soft requirement, which any version meets.
//! * NuGet: <https://learn.microsoft.com/en-us/nuget/concepts/package-versioning#version-ranges>. A version
//!   alone is a minimum; a floating one (`1.2.*`) stands for all that start so.

use super::{Op, Range, RangeError, Rule, Set, Test, bump, is_number};
use crate::{Certainty, Scheme};

pub(super) fn maven(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Maven;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(RangeError::new("an empty text is no Maven range"));
    }
    if !rest.starts_with(['[', '(']) {
        if rest.contains(['[', ']', '(', ')', ',']) {
            return Err(RangeError::part(scheme, rest));
        }
        return Ok(Range::new(scheme, text, Rule::Order, vec![Set::default()]));
    }
    let mut sets = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .find([']', ')'])
            .ok_or_else(|| RangeError::part(scheme, rest))?;
        let (interval, after) = rest.split_at(end + 1);
        sets.push(bracketed(scheme, interval)?);
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(RangeError::part(scheme, rest)),
        };
    }
    Ok(Range::new(scheme, text, Rule::Order, sets))
}

pub(super) fn nuget(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::NuGet;
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(RangeError::new("an empty text is no NuGet range"));
    }
    if trimmed.starts_with(['[', '(']) {
        let set = bracketed(scheme, trimmed)?;
        return Ok(Range::new(scheme, text, Rule::Order, vec![set]));
    }
    if trimmed.contains('*') {
        return floating(text, trimmed);
    }
    if scheme.certainty(trimmed) == Certainty::Unparsed {
        return Err(RangeError::part(scheme, trimmed));
    }
    let set = Set {
        tests: vec![Test::new(scheme, Op::AtLeast, trimmed)],
    };
    Ok(Range::new(scheme, text, Rule::Order, vec![set]))
}

/// One interval with its brackets.
fn bracketed(scheme: Scheme, text: &str) -> Result<Set, RangeError> {
    let wrong = || RangeError::part(scheme, text);
    let (open_in, inner) = match text.strip_prefix('[') {
        Some(inner) => (true, inner),
        None => (false, text.strip_prefix('(').ok_or_else(wrong)?),
    };
    let (close_in, inner) = match inner.strip_suffix(']') {
        Some(inner) => (true, inner),
        None => (false, inner.strip_suffix(')').ok_or_else(wrong)?),
    };
    if inner.contains(['[', ']', '(', ')']) {
        return Err(wrong());
    }
    let version = |text: &str| {
        if scheme == Scheme::NuGet && scheme.certainty(text) == Certainty::Unparsed {
            Err(wrong())
        } else {
            Ok(())
        }
    };
    let mut set = Set::default();
    let Some((low, high)) = inner.split_once(',') else {
        let exact = inner.trim();
        if !open_in || !close_in || exact.is_empty() {
            return Err(wrong());
        }
        version(exact)?;
        set.tests.push(Test::new(scheme, Op::Equal, exact));
        return Ok(set);
    };
    let (low, high) = (low.trim(), high.trim());
    if high.contains(',') {
        return Err(wrong());
    }
    if !low.is_empty() {
        version(low)?;
        set.tests.push(Test::new(
            scheme,
            if open_in { Op::AtLeast } else { Op::Greater },
            low,
        ));
    }
    if !high.is_empty() {
        version(high)?;
        set.tests.push(Test::new(
            scheme,
            if close_in { Op::AtMost } else { Op::Less },
            high,
        ));
    }
    Ok(set)
}

/// `*`, `1.*`, `1.2.*`, `1.2.3-*`, `1.2.3-beta.*`, `*-*` and `1.*-beta*`.
fn floating(text: &str, pattern: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::NuGet;
    let wrong = || RangeError::part(scheme, pattern);
    let (core, pre) = pattern
        .split_once('-')
        .map_or((pattern, None), |(core, pre)| (core, Some(pre)));
    let mut set = Set::default();
    let numbers: Vec<&str> = core.split('.').collect();
    if let Some(prefix) = core.strip_suffix('*') {
        let label = match pre
            .map(|pre| pre.strip_suffix('*').ok_or_else(wrong))
            .transpose()?
        {
            None | Some("") => "0",
            Some(label) => label.trim_end_matches(['.', '-']),
        };
        let numbers: Vec<&str> = prefix
            .strip_suffix('.')
            .map_or_else(Vec::new, |prefix| prefix.split('.').collect());
        if !numbers.iter().all(|number| is_number(number))
            || (numbers.is_empty() && !prefix.is_empty())
        {
            return Err(wrong());
        }
        if let Some(last) = numbers.len().checked_sub(1) {
            let low = numbers.join(".");
            set.tests.push(Test::implied(
                scheme,
                Op::AtLeast,
                &format!("{low}-{label}"),
            ));
            set.tests.push(Test::implied(
                scheme,
                Op::Less,
                &format!("{}-0", bump(&numbers, last, 0)),
            ));
        } else if label != "0" {
            set.tests
                .push(Test::implied(scheme, Op::AtLeast, &format!("0-{label}")));
        }
        let rule = if pre.is_some() {
            Rule::Order
        } else {
            Rule::Never
        };
        return Ok(Range::new(scheme, text, rule, vec![set]));
    }
    let prefix = pre
        .and_then(|pre| pre.strip_suffix('*'))
        .ok_or_else(wrong)?;
    if !numbers.iter().all(|number| is_number(number)) || prefix.contains('*') {
        return Err(wrong());
    }
    let label = prefix.trim_end_matches(['.', '-']);
    let low = if label.is_empty() {
        format!("{core}-0")
    } else {
        format!("{core}-{label}")
    };
    set.tests.push(Test::implied(scheme, Op::AtLeast, &low));
    set.tests.push(Test::implied(scheme, Op::AtMost, core));
    Ok(Range::new(scheme, text, Rule::Order, vec![set]))
}
