//! Semantic Versioning and the ecosystems that follow it: npm, Cargo, Go, Hex, Pub, Swift, GitHub
//! Actions, Bitnami, Julia.
//!
//! The specification is <https://semver.org/spec/v2.0.0.html>. Per ecosystem:
//!
//! * npm: <https://github.com/npm/node-semver>, in its loose mode.
//! * Cargo: <https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html>.
//! * Go: <https://go.dev/ref/mod#versions>. `v1` and `v1.2` are complete, as in
//!   `golang.org/x/mod/semver`; a toolchain such as `go1.21rc2` is read as `1.21.0-rc.2`.
//! * Pub: <https://pub.dev/packages/pub_semver>. Build metadata is ordered, as pub does.
//! * Julia: <https://docs.julialang.org/en/v1/manual/strings/#man-version-number-literals>. Build
//!   metadata is ordered.
//! * Echo: <https://ossf.github.io/osv-schema/#defined-ecosystems>. Its builds of npm packages have the build
//!   metadata `+echo.N`, which is ordered.
//! * Bitnami: <https://github.com/bitnami/vulndb>. The revision after the hyphen counts upwards.
//!
//! What is tolerated: a leading `v` or `=`, fewer than three numbers (the missing are 0), more than
//! three (they go on counting), leading zeros, and a pre-release without a hyphen (`1.0.0beta`).
//! A text that does not start with a number is not read and is below all that do. In Swift and GitHub
//! Actions a full commit hash is not read either, whatever it starts with.

use std::cmp::Ordering;

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

/// The start of a pre-release, which is below the release.
const PRERELEASE: u8 = 0x02;
/// The end of the numbers of a release.
const RELEASE: u8 = 0x04;
/// The end of the pre-release where build metadata follows.
const BUILD: u8 = 0x01;
/// The start of Bitnami's revision, which is above the release.
const REVISION: u8 = 0x06;
/// The start of an identifier that is no number; numbers are below.
const TEXT: u8 = 0xF8;

/// Where ecosystems differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Npm,
    Strict,
    Go,
    Pub,
    Tag,
    Bitnami,
    Julia,
    Echo,
}

/// A version cut at its places, as slices of its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    /// From the first number to the end of the last one.
    pub(crate) numbers: &'a str,
    /// What is between the numbers and the build metadata, without the hyphen.
    pub(crate) prerelease: &'a str,
    /// What follows the plus sign.
    pub(crate) build: &'a str,
}

pub(crate) fn key_npm(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Npm, out)
}

pub(crate) fn key_strict(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Strict, out)
}

pub(crate) fn key_go(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Go, out)
}

pub(crate) fn key_pub(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Pub, out)
}

pub(crate) fn key_tag(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Tag, out)
}

pub(crate) fn key_bitnami(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Bitnami, out)
}

pub(crate) fn key_julia(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Julia, out)
}

/// Cuts a version at its places; nothing where it does not start with a number.
pub(crate) fn parts(version: &str) -> Option<Parts<'_>> {
    let rest = strip_prefix(version);
    let end = numbers_end(rest.as_bytes());
    if end == 0 {
        return None;
    }
    let (numbers, rest) = rest.split_at(end);
    let (prerelease, build) = rest.split_once('+').unwrap_or((rest, ""));
    let prerelease = prerelease.strip_prefix('-').unwrap_or(prerelease);
    Some(Parts {
        numbers,
        prerelease,
        build,
    })
}

/// The version without white space and the `v` or `=` that some put before it.
fn strip_prefix(version: &str) -> &str {
    let trimmed = match version.as_bytes() {
        [first, ..] if first.is_ascii_digit() && !version.ends_with(char::is_whitespace) => {
            return version;
        }
        _ => version.trim(),
    };
    let trimmed = trimmed.strip_prefix('=').map_or(trimmed, str::trim_start);
    trimmed
        .strip_prefix(['v', 'V'])
        .map_or(trimmed, str::trim_start)
}

/// Where numbers with dots between them end.
fn numbers_end(text: &[u8]) -> usize {
    let mut at = digit_run(text);
    if at == 0 {
        return 0;
    }
    while let Some((b'.', rest)) = text.get(at..).and_then(<[u8]>::split_first) {
        let run = digit_run(rest);
        if run == 0 {
            break;
        }
        at += 1 + run;
    }
    at
}

/// Whether a text is a full commit hash of Git.
fn is_hash(version: &str) -> bool {
    matches!(version.len(), 40 | 64)
        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        && version.bytes().any(|byte| byte.is_ascii_alphabetic())
}

pub(crate) fn key_echo(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, Dialect::Echo, out)
}

fn key(version: &str, dialect: Dialect, out: &mut Vec<u8>) -> Certainty {
    if dialect == Dialect::Tag && is_hash(version) {
        return key::unparsed(version, out);
    }
    let mut toolchain = false;
    let mut text = version;
    if dialect == Dialect::Go
        && let Some(rest) = version.strip_prefix("go")
        && rest.starts_with(|first: char| first.is_ascii_digit())
    {
        toolchain = true;
        text = rest;
    }
    let stripped = strip_prefix(text);
    let bytes = stripped.as_bytes();
    let prefixed = stripped.len() != version.len();
    let natural_prefix = match dialect {
        Dialect::Go => prefixed && version.starts_with('v') && version.len() == stripped.len() + 1,
        Dialect::Tag | Dialect::Julia => !prefixed || version.len() == stripped.len() + 1,
        _ => !prefixed,
    };

    // The numbers, where zeros at the end mean nothing.
    let mut count = 0_u32;
    let mut zeros = 0_usize;
    let mut at = 0;
    let mut leading_zero = false;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let run = digit_run(rest);
        if run == 0 {
            break;
        }
        let digits = rest.get(..run).unwrap_or_default();
        leading_zero |= run > 1 && digits.first() == Some(&b'0');
        count += 1;
        if digits.iter().all(|&byte| byte == b'0') {
            zeros += 1;
        } else {
            for _ in 0..zeros {
                out.push(key::ZERO);
            }
            zeros = 0;
            key::digits(digits, out);
        }
        at += run;
        // A dot that no number follows belongs to the pre-release.
        match rest.get(run..run + 2) {
            Some([b'.', next]) if next.is_ascii_digit() => at += 1,
            _ => break,
        }
    }
    if count == 0 {
        return key::unparsed(version, out);
    }

    let rest = bytes.get(at..).unwrap_or_default();
    let complete = match dialect {
        Dialect::Go | Dialect::Tag | Dialect::Julia => count <= 3,
        _ => count == 3,
    };
    let mut exact = natural_prefix && complete && !leading_zero;
    if rest.is_empty() {
        out.push(RELEASE);
        return if exact { Exact } else { Lenient };
    }
    let plus = rest
        .iter()
        .position(|&byte| byte == b'+')
        .unwrap_or(rest.len());
    let (prerelease, build) = rest.split_at(plus);
    let hyphen = prerelease.first() == Some(&b'-');
    let mut prerelease = if hyphen {
        prerelease.get(1..).unwrap_or_default()
    } else {
        prerelease
    };
    exact &= prerelease.is_empty() != hyphen;

    if dialect == Dialect::Bitnami && !prerelease.is_empty() {
        // The revision comes after the version without one.
        out.push(REVISION);
        exact &= identifiers(prerelease, out).0;
        return if exact { Exact } else { Lenient };
    }
    let mut open = false;
    if prerelease.is_empty() {
        out.push(RELEASE);
    } else {
        out.push(PRERELEASE);
        if toolchain {
            // `rc2` of a toolchain is `rc.2`.
            let letters = prerelease
                .iter()
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count();
            let (word, number) = prerelease.split_at(letters);
            if !word.is_empty() && !number.is_empty() && number.iter().all(u8::is_ascii_digit) {
                identifiers(word, out);
                out.push(0);
                prerelease = number;
            }
        }
        let (sound, left_open) = identifiers(prerelease, out);
        exact &= sound;
        open = left_open;
    }
    let build = build.get(1..).unwrap_or_default();
    if dialect == Dialect::Echo
        && let Some(number) = build
            .strip_prefix(b"echo.")
            .map(|rest| rest.get(..digit_run(rest)).unwrap_or_default())
        && !key::strip_zeros(number).is_empty()
    {
        start_build(open, out);
        key::digits(number, out);
    }
    if matches!(dialect, Dialect::Pub | Dialect::Julia) && !build.is_empty() {
        start_build(open, out);
        exact &= identifiers(build, out).0;
    }
    if exact { Exact } else { Lenient }
}

/// The order of two versions where their numbers alone decide, without writing keys; nothing where they do
/// not, or where a version is out of the ordinary. It holds for all schemes in which the numbers that a
/// version starts with, and dots between them, come before whatever follows, but for an epoch.
#[inline]
pub(crate) fn by_numbers(a: &str, b: &str) -> Option<Ordering> {
    /// Hashes of commits start with digits as well, and no number of fewer digits overflows.
    const LONGEST: usize = 18;
    if a.len() >= 40 || b.len() >= 40 {
        return None;
    }
    let strip = |text: &str| usize::from(text.as_bytes().first() == Some(&b'v'));
    let (mut left, mut right) = (a.as_bytes().get(strip(a)..)?, b.as_bytes().get(strip(b)..)?);
    loop {
        let (mut x, mut y) = (0_u64, 0_u64);
        let (left_run, right_run) = (digit_run(left), digit_run(right));
        if left_run == 0 || right_run == 0 || left_run > LONGEST || right_run > LONGEST {
            return None;
        }
        for digit in left.get(..left_run)? {
            x = x * 10 + u64::from(digit & 0x0F);
        }
        for digit in right.get(..right_run)? {
            y = y * 10 + u64::from(digit & 0x0F);
        }
        (left, right) = (left.get(left_run..)?, right.get(right_run..)?);
        if x != y {
            let epoch = |rest: &[u8]| matches!(rest.first(), Some(b':' | b'!'));
            return (!epoch(left) && !epoch(right)).then(|| x.cmp(&y));
        }
        match (left, right) {
            ([], []) => return Some(Ordering::Equal),
            ([b'.', more @ ..], [b'.', rest @ ..]) => (left, right) = (more, rest),
            _ => return None,
        }
    }
}

/// Starts build metadata: below a further identifier of the pre-release, which starts with a higher byte.
fn start_build(open: bool, out: &mut Vec<u8>) {
    if open {
        out.push(0);
    }
    out.push(BUILD);
}

/// Appends identifiers with dots between them; whether the grammar allows them, and whether the last one is
/// a text that has no end yet.
fn identifiers(text: &[u8], out: &mut Vec<u8>) -> (bool, bool) {
    let mut exact = true;
    let mut open = false;
    for identifier in text.split(|&byte| byte == b'.') {
        if open {
            out.push(0);
        }
        // An empty identifier is a text, the least of them.
        if digit_run(identifier) == identifier.len() && !identifier.is_empty() {
            exact &= identifier.len() == 1 || identifier.first() != Some(&b'0');
            key::digits(identifier, out);
            open = false;
        } else {
            exact &= !identifier.is_empty()
                && identifier
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            out.push(TEXT);
            key::open_text(identifier, out);
            open = true;
        }
    }
    (exact, open)
}

/// The first three numbers of a version, without leading zeros.
pub(crate) fn three_numbers(version: &str) -> Option<[&[u8]; 3]> {
    let mut numbers = parts(version)?
        .numbers
        .split('.')
        .map(|digits| key::strip_zeros(digits.as_bytes()));
    Some(std::array::from_fn(|_| numbers.next().unwrap_or_default()))
}

/// Whether the first three numbers of two versions are the same.
pub(crate) fn same_numbers(a: &str, b: &str) -> bool {
    three_numbers(a).is_some_and(|numbers| three_numbers(b) == Some(numbers))
}
