//! NuGet.
//!
//! The specification is <https://learn.microsoft.com/en-us/nuget/concepts/package-versioning>, the order
//! that of `VersionComparer` in <https://github.com/NuGet/NuGet.Client>: up to four numbers, then
//! pre-release labels without regard to case; build metadata does not count. A label is a number where
//! it fits 32 bits, as there. Tolerated: a leading `v` and more than four numbers.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, Padded, digit_run};
use crate::semver;

/// The start of a pre-release, which is below the release.
const PRERELEASE: u8 = 0x02;
/// The end of the numbers of a release.
const RELEASE: u8 = 0x04;
/// The start of a label that is no number.
const TEXT: u8 = 0xF8;
/// The start of a label that is a number below zero.
const NEGATIVE: u8 = 0x06;

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let Some(parts) = semver::parts(version) else {
        return key::unparsed(version, out);
    };
    let mut numbers = Padded::default();
    let mut count = 0;
    for digits in parts.numbers.split('.') {
        count += 1;
        numbers.digits(digits.as_bytes(), out);
    }
    let prefixed = !version.starts_with(|first: char| first.is_ascii_digit());
    let mut exact = count <= 4 && !prefixed;
    if parts.prerelease.is_empty() {
        out.push(RELEASE);
    } else {
        out.push(PRERELEASE);
        let mut open = false;
        for label in parts.prerelease.split('.').map(str::as_bytes) {
            if open {
                out.push(0);
            }
            open = false;
            match int32(label) {
                Some(value) if value >= 0 => key::number(u64::from(value.unsigned_abs()), out),
                Some(value) => {
                    out.push(NEGATIVE);
                    out.extend_from_slice(&value.to_be_bytes());
                }
                None => {
                    exact &= !label.is_empty()
                        && label
                            .iter()
                            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
                    out.push(TEXT);
                    key::open_text(&label.to_ascii_uppercase(), out);
                    open = true;
                }
            }
        }
    }
    if exact { Exact } else { Lenient }
}

/// A label as `int.TryParse` reads it: a number of 32 bits, perhaps with a sign.
fn int32(label: &[u8]) -> Option<i32> {
    let (negative, digits) = match label {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, label),
    };
    if digits.is_empty() || digit_run(digits) != digits.len() {
        return None;
    }
    let digits = key::strip_zeros(digits);
    if digits.len() > 10 {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| value * 10 + i64::from(digit & 0x0F));
    i32::try_from(if negative { -value } else { value }).ok()
}
