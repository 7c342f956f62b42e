//! Alpine's apk-tools, Wolfi, Chainguard and what else uses apk.
//!
//! The specification is
//! <https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd>:
//! `number{.number}{letter}{_suffix{number}}{~hash}{-r#}`. Tokens are compared one after another. Where
//! their kinds differ, a pre-release suffix is the least and then, in ascending order, what is not valid,
//! the end, a revision, a hash, the number of a suffix, another suffix, a letter and a number. A number
//! after the first that starts with a zero is compared as text, below the others.
//!
//! What apk does not accept is read as far as it is valid. The rest is one token, ordered by its bytes;
//! in place of the revision or after it, all such rests are equal.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

/// Kinds of tokens in ascending order. Numbers are above all of them.
const PRE_SUFFIX: u8 = 0x02;
const INVALID: u8 = 0x03;
const END: u8 = 0x04;
const REVISION: u8 = 0x06;
const HASH: u8 = 0x08;
const SUFFIX_NUMBER: u8 = 0x0A;
const SUFFIX: u8 = 0x0C;
const LETTER: u8 = 0x0E;
/// A number of one zero, and others that start with a zero.
const ZERO: u8 = 0x1E;
const ZERO_TEXT: u8 = 0x1F;

/// The suffixes in ascending order; the first four come before the release.
const SUFFIXES: [&str; 9] = ["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"];
const BEFORE_RELEASE: usize = 4;

/// How far the reader is; later places do not allow what earlier ones do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let bytes = version.as_bytes();
    let run = digit_run(bytes);
    if run == 0 {
        // Not even a first number: below all that have one.
        return key::unparsed(version, out);
    }
    let (digits, mut rest) = bytes.split_at(run);
    key::digits(digits, out);
    let mut place = Place::Number;
    loop {
        let Some((&first, after)) = rest.split_first() else {
            out.push(END);
            return Exact;
        };
        let next = match first {
            b'a'..=b'z' if place == Place::Number => {
                out.extend_from_slice(&[LETTER, first]);
                place = Place::Letter;
                Some(after)
            }
            b'.' if place == Place::Number => number(after, out),
            b'0'..=b'9' if place == Place::Suffix => {
                out.push(SUFFIX_NUMBER);
                let (digits, after) = rest.split_at(digit_run(rest));
                key::digits(digits, out);
                place = Place::SuffixNumber;
                Some(after)
            }
            b'_' if place <= Place::SuffixNumber => {
                suffix(after, out).inspect(|_| place = Place::Suffix)
            }
            b'~' if place < Place::Hash => hash(after, out).inspect(|_| place = Place::Hash),
            b'-' if place < Place::Revision => {
                revision(after, out).inspect(|_| place = Place::Revision)
            }
            _ => None,
        };
        let Some(next) = next else {
            out.push(INVALID);
            if first != b'-' && place < Place::Revision {
                out.extend_from_slice(rest);
            }
            return Lenient;
        };
        rest = next;
    }
}

/// A number after a dot.
fn number<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (digits, after) = text.split_at(digit_run(text));
    match digits {
        [] => return None,
        [b'0'] => out.push(ZERO),
        [b'0', more @ ..] => {
            out.push(ZERO_TEXT);
            key::text(more, out);
        }
        _ => key::digits(digits, out),
    }
    Some(after)
}

fn suffix<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let letters = text
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase())
        .count();
    let (name, after) = text.split_at(letters);
    let which = SUFFIXES
        .iter()
        .position(|suffix| suffix.as_bytes() == name)?;
    out.push(if which < BEFORE_RELEASE {
        PRE_SUFFIX
    } else {
        SUFFIX
    });
    out.push(which as u8);
    Some(after)
}

fn hash<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let length = text
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .count();
    let (hash, after) = text.split_at(length);
    if hash.is_empty() {
        return None;
    }
    out.push(HASH);
    key::text(hash, out);
    Some(after)
}

/// The revision after its hyphen. Tolerated is `-r` without a number, which counts as 0.
fn revision<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let text = text.strip_prefix(b"r")?;
    let (digits, after) = text.split_at(digit_run(text));
    if digits.is_empty() && !matches!(after.first(), None | Some(b'-')) {
        return None;
    }
    out.push(REVISION);
    key::digits(digits, out);
    Some(after)
}

/// Whether a version has a suffix that comes before its release.
pub(crate) fn is_prerelease(version: &str) -> bool {
    version.split('_').skip(1).any(|suffix| {
        let letters = suffix.bytes().take_while(u8::is_ascii_lowercase).count();
        SUFFIXES
            .iter()
            .take(BEFORE_RELEASE)
            .any(|&known| suffix.get(..letters) == Some(known))
    })
}
