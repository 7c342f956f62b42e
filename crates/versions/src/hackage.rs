//! Hackage and GHC.
//!
//! The specification is <https://pvp.haskell.org/>, the order that of `Data.Version` and Cabal: lists of
//! numbers, where more numbers are above fewer (`1.0` < `1.0.0`). Tags after a hyphen, which Cabal once
//! allowed, are tolerated and do not count. Everything else is not read.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = version.trim();
    let (numbers, tags) = text
        .split_once('-')
        .map_or((text, None), |(numbers, tags)| (numbers, Some(tags)));
    let sound = numbers
        .split('.')
        .map(str::as_bytes)
        .all(|part| !part.is_empty() && digit_run(part) == part.len());
    if !sound {
        return key::unparsed(version, out);
    }
    let mut exact = tags.is_none() && text.len() == version.len();
    for digits in numbers.split('.').map(str::as_bytes) {
        exact &= digits.len() == 1 || digits.first() != Some(&b'0');
        key::digits(digits, out);
    }
    if exact { Exact } else { Lenient }
}
