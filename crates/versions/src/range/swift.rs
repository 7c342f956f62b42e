//! Requirements of Swift packages:
//! <https://docs.swift.org/package-manager/PackageDescription/PackageDescription.html#package-dependency-requirement>.
//!
//! As in a manifest: `from: "1.2.3"`, `exact: "1.2.3"`, `.upToNextMinor(from: "1.2.3")`,
//! `"1.2.3"..<"2.0.0"` and `"1.2.3"..."1.2.6"`; also comparisons with commas between them.

use super::{Op, Range, RangeError, Rule, Set, Test, USUAL, bump, operator};
use crate::{Certainty, Scheme, semver};

pub(super) fn parse(text: &str) -> Result<Range, RangeError> {
    let scheme = Scheme::Swift;
    let wrong = || RangeError::part(scheme, text);
    let plain = |part: &str| -> Result<String, RangeError> {
        let version = part.trim().trim_matches(['"', ' ', ')']).to_owned();
        if scheme.certainty(&version) == Certainty::Unparsed {
            Err(wrong())
        } else {
            Ok(version)
        }
    };
    let mut set = Set::default();
    let up_to = |version: &str, at: usize, set: &mut Set| -> Result<(), RangeError> {
        let parts = semver::parts(version).ok_or_else(wrong)?;
        let numbers: Vec<&str> = parts.numbers.split('.').collect();
        set.tests.push(Test::new(scheme, Op::AtLeast, version));
        set.tests.push(Test::implied(
            scheme,
            Op::Less,
            &format!("{}-0", bump(&numbers, at, 3)),
        ));
        Ok(())
    };
    let trimmed = text.trim().trim_start_matches('.');
    let argument = |name: &str| -> Option<&str> {
        let rest = trimmed.strip_prefix(name)?.trim_start();
        let rest = rest.strip_prefix('(').map_or(rest, str::trim_start);
        Some(
            rest.strip_prefix("from")
                .unwrap_or(rest)
                .trim_start()
                .trim_start_matches(':'),
        )
    };
    if let Some((low, high)) = trimmed.split_once("..<") {
        set.tests.push(Test::new(scheme, Op::AtLeast, &plain(low)?));
        set.tests.push(Test::new(scheme, Op::Less, &plain(high)?));
    } else if let Some((low, high)) = trimmed.split_once("...") {
        set.tests.push(Test::new(scheme, Op::AtLeast, &plain(low)?));
        set.tests.push(Test::new(scheme, Op::AtMost, &plain(high)?));
    } else if let Some(version) = argument("upToNextMinor") {
        up_to(&plain(version)?, 1, &mut set)?;
    } else if let Some(version) = argument("upToNextMajor").or_else(|| argument("from")) {
        up_to(&plain(version)?, 0, &mut set)?;
    } else if let Some(version) = argument("exact") {
        set.tests
            .push(Test::new(scheme, Op::Equal, &plain(version)?));
    } else {
        for part in trimmed.split(',').map(str::trim) {
            let (op, version) = operator(part, &USUAL).unwrap_or((Op::Equal, part));
            set.tests.push(Test::new(scheme, op, &plain(version)?));
        }
    }
    Ok(Range::new(scheme, text, Rule::Order, vec![set]))
}
