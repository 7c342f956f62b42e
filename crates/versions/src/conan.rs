//! Conan 2.
//!
//! The specification is <https://docs.conan.io/2/tutorial/versioning/version_ranges.html>, the order that
//! of `conan.tools.scm.Version`: items with dots between them, a pre-release after the first hyphen and
//! build metadata, which is ordered, after the last plus sign. Zeros at the end mean nothing.
//!
//! Conan compares an item that is a number with one that is not as texts, and so calls 2 < 10 < `1a` < 2.
//! Here such an item comes right after the number it starts with, and one that starts with a letter after
//! every number; for one-digit numbers that is what Conan does.

use crate::Certainty::{self, Exact};
use crate::key::{self, digit_run};

/// What follows the items: a pre-release, which is below none; or none.
const PRERELEASE: u8 = 0x02;
const RELEASE: u8 = 0x04;
/// Build metadata, which is above none.
const BUILD: u8 = 0x06;
/// An item that comes before every number.
const BELOW_NUMBERS: u8 = 0x08;
/// An item that comes after every number.
const ABOVE_NUMBERS: u8 = 0xF8;
/// What follows the number in an item, above whatever the next item may be.
const TAIL: u8 = 0xF9;

/// Cuts a version in its items, its pre-release and its build metadata.
pub(crate) fn split(version: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, build) = version
        .rsplit_once('+')
        .map_or((version, None), |(rest, build)| (rest, Some(build)));
    let (items, pre) = rest
        .split_once('-')
        .map_or((rest, None), |(items, pre)| (items, Some(pre)));
    (items, pre, build)
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    if version.is_empty() {
        return key::unparsed(version, out);
    }
    let (items, pre, build) = split(version);
    write(items, out);
    if let Some(pre) = pre {
        out.push(PRERELEASE);
        write(pre, out);
    }
    if pre.is_none() || build.is_some() {
        out.push(RELEASE);
    }
    if let Some(build) = build {
        out.push(BUILD);
        write(build, out);
    }
    Exact
}

/// Items with dots between them, without the zeros at the end.
fn write(items: &str, out: &mut Vec<u8>) {
    let mut zeros = 0_usize;
    for item in items.split('.').map(str::as_bytes) {
        let run = digit_run(item);
        let (digits, tail) = item.split_at(run);
        if run > 0 && tail.is_empty() && digits.iter().all(|&byte| byte == b'0') {
            zeros += 1;
            continue;
        }
        out.extend(std::iter::repeat_n(key::ZERO, zeros));
        zeros = 0;
        if run > 0 {
            key::digits(digits, out);
            if !tail.is_empty() {
                out.push(TAIL);
                key::text(tail, out);
            }
        } else {
            let below = item.first().is_none_or(|&first| first < b'0');
            out.push(if below { BELOW_NUMBERS } else { ABOVE_NUMBERS });
            key::text(item, out);
        }
    }
}
