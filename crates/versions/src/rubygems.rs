//! RubyGems.
//!
//! The specification is <https://docs.ruby-lang.org/en/master/Gem/Version.html>: segments of digits or
//! letters, where a letter makes a pre-release, a hyphen stands for `.pre.`, and zeros at the end of the
//! release and of the pre-release mean nothing. Other characters only separate.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, Padded, digit_run};

/// What a segment of a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    Number(&'a str),
    Letters(&'a str),
}

/// The segments of a version in their order.
pub(crate) fn segments(version: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        loop {
            let first = rest.bytes().next()?;
            if first == b'-' {
                rest = rest.get(1..)?;
                return Some(Segment::Letters("pre"));
            }
            let digits = digit_run(rest.as_bytes());
            if digits > 0 {
                let (number, after) = rest.split_at(digits);
                rest = after;
                return Some(Segment::Number(number));
            }
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            if letters > 0 {
                let (text, after) = rest.split_at(letters);
                rest = after;
                return Some(Segment::Letters(text));
            }
            let skip = rest.chars().next().map_or(1, char::len_utf8);
            rest = rest.get(skip..)?;
        }
    })
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = version.trim();
    if !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return key::unparsed(version, out);
    }
    let mut padded = Padded::default();
    let mut release = true;
    for segment in segments(text) {
        match segment {
            Segment::Number(digits) => padded.digits(digits.as_bytes(), out),
            Segment::Letters(letters) => {
                if release {
                    padded.drop_zeros();
                    release = false;
                }
                padded.negative(out);
                key::text(letters.as_bytes(), out);
            }
        }
    }
    padded.end(out);
    if is_correct(text) { Exact } else { Lenient }
}

/// Whether `Gem::Version.correct?` accepts the text.
fn is_correct(text: &str) -> bool {
    let (release, pre) = text
        .split_once('-')
        .map_or((text, None), |(release, pre)| (release, Some(pre)));
    let mut parts = release.split('.');
    let first = parts.next().unwrap_or_default();
    !first.is_empty()
        && first.bytes().all(|byte| byte.is_ascii_digit())
        && parts
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && pre.is_none_or(|pre| {
            pre.split('.').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
        })
}

/// Replaces a key by the place right below all pre-releases of a release.
pub(crate) fn least_prerelease(release: &str, out: &mut Vec<u8>) {
    out.clear();
    let mut padded = Padded::default();
    for segment in segments(release) {
        if let Segment::Number(digits) = segment {
            padded.digits(digits.as_bytes(), out);
        }
    }
    padded.drop_zeros();
    padded.negative(out);
}
