//! Debian's dpkg, and Ubuntu.
//!
//! The specification is <https://manpages.debian.org/unstable/dpkg-dev/deb-version.7.en.html>:
//! `epoch:upstream-revision`, where runs of digits are numbers, and in between a tilde is below the end,
//! the end below letters, and letters below the rest. No epoch and no revision are 0.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

/// The start of an epoch above 0.
const EPOCH: u8 = 0xFF;
/// The start of a version that does not start with a digit, above all that do.
const TEXT: u8 = 0xF8;
/// Characters between numbers: the tilde, and the end.
const TILDE: u8 = 0x01;
const END: u8 = 0x02;

/// The place of each byte among the characters between numbers.
const ORDER: [u8; 256] = order();
/// A full stop and the end after it, which is by far the most frequent, in one byte. Next to it are a
/// full stop before a tilde (one less) and before anything else (one more).
const DOT_END: u8 = ORDER[b'.' as usize];

const fn order() -> [u8; 256] {
    let mut order = [0; 256];
    let mut next = END + 1;
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphabetic() {
            order[byte] = next;
            next += 1;
        }
        byte += 1;
    }
    byte = 0;
    while byte < 256 {
        let c = byte as u8;
        if c == b'.' {
            order[byte] = next + 1;
            next += 3;
        } else if c == b'~' {
            order[byte] = TILDE;
        } else if !c.is_ascii_alphanumeric() {
            order[byte] = next;
            next += 1;
        }
        byte += 1;
    }
    order
}

/// Cuts a version in epoch, upstream version and revision.
pub(crate) fn split(version: &str) -> (&str, &str, &str) {
    let text = version.trim();
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
        _ => ("", text),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let (epoch, upstream, revision) = split(version);
    if upstream.is_empty() && revision.is_empty() {
        return key::unparsed(version, out);
    }
    let number = key::strip_zeros(epoch.as_bytes());
    if !number.is_empty() {
        out.push(EPOCH);
        key::digits(number, out);
    }
    part(upstream.as_bytes(), out);
    part(revision.as_bytes(), out);

    let sound = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || b".+~".contains(&byte) || more.contains(&byte)
        })
    };
    let exact = upstream.starts_with(|first: char| first.is_ascii_digit())
        && sound(upstream, b"-:")
        && sound(revision, b"")
        && version.len() == version.trim().len();
    if exact { Exact } else { Lenient }
}

/// An upstream version or a revision.
fn part(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    let mut first = true;
    loop {
        let length = rest.len()
            - rest
                .iter()
                .position(u8::is_ascii_digit)
                .map_or(0, |at| rest.len() - at);
        let (letters, after) = rest.split_at(length);
        match letters {
            [] if first => {}
            [] => break,
            _ => {
                if first {
                    out.push(if letters.first() == Some(&b'~') {
                        END
                    } else {
                        TEXT
                    });
                }
                between(letters, out);
            }
        }
        first = false;
        let run = digit_run(after);
        let (digits, after) = after.split_at(run);
        key::digits(digits, out);
        rest = after;
    }
    out.push(END);
}

/// The characters between two numbers, and their end.
fn between(letters: &[u8], out: &mut Vec<u8>) {
    for (at, &byte) in letters.iter().enumerate() {
        let order = ORDER[usize::from(byte)];
        if byte == b'.' {
            match letters.get(at + 1) {
                None => {
                    out.push(DOT_END);
                    return;
                }
                Some(b'~') => out.push(order - 1),
                Some(_) => out.push(order + 1),
            }
        } else {
            out.push(order);
        }
    }
    out.push(END);
}
