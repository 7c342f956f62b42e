//! RPM, and Arch Linux's pacman, which took its order from an old RPM.
//!
//! RPM is specified in <https://rpm-software-management.github.io/rpm/man/rpm-version.7>:
//! `epoch:version-release`, where runs of digits and of letters are compared one after another and all
//! other characters only separate them. A tilde is below the end, a caret above the end but below
//! everything else. No epoch is 0; no release is below every release.
//!
//! Pacman is specified in <https://man.archlinux.org/man/vercmp.8>. It has no tilde and no caret, more
//! separators are above fewer, and letters that follow without one come before the end. Pacman calls two
//! versions equal where one has no release; here none is below every release, since the order would not
//! be transitive otherwise.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

/// The start of an epoch above 0.
const EPOCH: u8 = 0xFF;
/// In ascending order; numbers are above.
const TILDE: u8 = 0x02;
const END: u8 = 0x04;
const CARET: u8 = 0x06;
const LETTERS: u8 = 0x08;

/// Cuts a version in epoch, version and release.
pub(crate) fn split(version: &str) -> (&str, &str, Option<&str>) {
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
        _ => ("", version),
    };
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version, Some(release)),
        None => (epoch, rest, None),
    }
}

pub(crate) fn key_rpm(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, rpm_part, out)
}

pub(crate) fn key_alpm(version: &str, out: &mut Vec<u8>) -> Certainty {
    key(version, alpm_part, out)
}

fn key(version: &str, part: fn(&[u8], &mut Vec<u8>), out: &mut Vec<u8>) -> Certainty {
    let (epoch, main, release) = split(version);
    if main.is_empty() && release.is_none() {
        return key::unparsed(version, out);
    }
    let number = key::strip_zeros(epoch.as_bytes());
    if !number.is_empty() {
        out.push(EPOCH);
        key::digits(number, out);
    }
    part(main.as_bytes(), out);
    if let Some(release) = release {
        part(release.as_bytes(), out);
    }
    let sound = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._+~^".contains(&byte))
    };
    let exact = !main.is_empty()
        && sound(main)
        && release.is_none_or(|release| !release.is_empty() && sound(release));
    if exact { Exact } else { Lenient }
}

fn rpm_part(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match first {
            b'~' => {
                out.push(TILDE);
                rest = after;
            }
            b'^' => {
                out.push(CARET);
                rest = after;
            }
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => rest = segment(rest, out),
            _ => rest = after,
        }
    }
    out.push(END);
}

/// A run of digits or of letters; what follows it.
fn segment<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let run = digit_run(text);
    if run > 0 {
        let (digits, after) = text.split_at(run);
        key::digits(digits, out);
        return after;
    }
    let run = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let (letters, after) = text.split_at(run);
    out.push(LETTERS);
    key::text(letters, out);
    after
}

fn alpm_part(text: &[u8], out: &mut Vec<u8>) {
    /// Letters right after what precedes them.
    const LETTERS_AT_ONCE: u8 = 0x02;
    /// A number right after what precedes it.
    const NUMBER_AT_ONCE: u8 = 0x05;
    /// Separators, by how many there are.
    const SEPARATORS: u8 = 0x06;
    let mut rest = text;
    let mut first = true;
    while !rest.is_empty() {
        let separators = rest
            .iter()
            .take_while(|byte| !byte.is_ascii_alphanumeric())
            .count();
        rest = rest.get(separators..).unwrap_or_default();
        if separators > 0 {
            out.push(SEPARATORS);
            key::number(separators as u64, out);
        }
        match rest.first() {
            None => break,
            Some(byte) if byte.is_ascii_digit() => {
                if !first || separators > 0 {
                    out.push(NUMBER_AT_ONCE);
                }
            }
            Some(_) => out.push(LETTERS_AT_ONCE),
        }
        first = false;
        rest = segment(rest, out);
    }
    out.push(END);
}
