//! The natural order for what has no order of its own: the Linux kernel, OSS-Fuzz, Android, generic
//! packages.
//!
//! There is no specification; the rule is this crate's. Runs of digits are numbers, runs of letters are
//! words without regard to case, and all else separates them. Numbers are above words, words above the
//! end, and words that announce a release (`alpha`, `beta`, `dev`, `pre`, `preview`, `rc`, `snapshot`) or
//! that follow a tilde are below the end. Zeros at the end mean nothing, and a leading `v` does not count.
//! A text without a digit is not read and is below all that have one.

use crate::Certainty::{self, Lenient};
use crate::key::{self, Padded, digit_run};

/// A word above the end.
const WORD: u8 = 0x08;
/// A tilde among what is below the end.
const TILDE: u8 = 0x02;

/// The words that announce a release, in their order.
const BEFORE: [&str; 9] = [
    "dev", "snapshot", "alpha", "a", "beta", "b", "pre", "preview", "rc",
];

/// Whether a word announces a release.
pub(crate) fn before_release(word: &[u8]) -> bool {
    rank(word).is_some()
}

fn rank(word: &[u8]) -> Option<u8> {
    let at = BEFORE
        .iter()
        .position(|known| known.as_bytes().eq_ignore_ascii_case(word))?;
    // `a` is alpha, `b` beta, `preview` pre.
    Some([0, 1, 2, 2, 3, 3, 4, 4, 5][at])
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = version.trim();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return key::unparsed(version, out);
    }
    let mut rest = match text.as_bytes() {
        [b'v' | b'V', after @ ..] if after.first().is_some_and(u8::is_ascii_digit) => after,
        all => all,
    };
    let mut padded = Padded::default();
    while let Some((&first, after)) = rest.split_first() {
        let run = digit_run(rest);
        if run > 0 {
            let (digits, after) = rest.split_at(run);
            padded.digits(digits, out);
            rest = after;
            continue;
        }
        if first == b'~' {
            padded.drop_zeros();
            padded.negative(out);
            out.push(TILDE);
            rest = after;
            continue;
        }
        // Whatever is beyond ASCII counts as a letter.
        let run = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
            .count();
        if run == 0 {
            rest = after;
            continue;
        }
        let (word, after) = rest.split_at(run);
        rest = after;
        padded.drop_zeros();
        if let Some(rank) = rank(word) {
            padded.negative(out);
            out.push(WORD + rank);
        } else {
            padded.positive(out);
            out.push(WORD);
            key::text(&word.to_ascii_lowercase(), out);
        }
    }
    padded.end(out);
    Lenient
}
