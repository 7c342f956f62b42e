//! Maven.
//!
//! The specification is <https://maven.apache.org/pom.html#version-order-specification>, the order that of
//! `ComparableVersion`: numbers and qualifiers without regard to case. A hyphen opens a list within the
//! list, and so does a change between digits and letters (`rc1` is `rc-1`). Zeros mean nothing at the end
//! of a list. In ascending order a place holds the qualifiers `alpha`, `beta`, `milestone`, `rc` and
//! `snapshot`; the end; `sp` and then other words; a list; a number. Every text is a version to Maven.
//!
//! Maven's comparison is no order: it calls 1 < `1-1` < `1.0.rc` < 1, since it takes the end for a zero
//! but a zero for more than a list. Here a qualifier that announces a release comes before the end,
//! whatever precedes it, and all that starts with one does too; among these, more zeros before it are
//! nearer to the end. Zeros before a last word mean nothing. What Maven says of a pair is in
//! `maven_pairwise.rs`.

use std::borrow::Cow;

use crate::Certainty::{self, Exact};
use crate::key::{self, Padded, digit_run};

/// Qualifiers are `QUALIFIER` and their rank; the end has the rank 5 among them.
const QUALIFIER: u8 = 0x08;
const RELEASE: u8 = 5;
/// A qualifier that Maven does not know, above those it does.
pub(crate) const UNKNOWN: u8 = 7;
/// A list within the list, below numbers.
const LIST: u8 = 0x10;

/// A part of a version. Lists nest at their end only, so that their starts are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// A number without leading zeros; 0 is empty.
    Number(&'a [u8]),
    /// A qualifier and its rank.
    Qualifier(&'a [u8], u8),
    List,
}

impl Item<'_> {
    /// Above, at or below the end.
    pub(crate) fn sign(&self) -> i8 {
        match self {
            Self::Number(digits) => i8::from(!digits.is_empty()),
            Self::Qualifier(_, rank) => match rank {
                0..RELEASE => -1,
                &RELEASE => 0,
                _ => 1,
            },
            Self::List => 0,
        }
    }
}

/// The rank of a qualifier; one letter means a word only where a number follows.
fn rank(word: &[u8], before_number: bool) -> u8 {
    const KNOWN: [(&str, u8); 10] = [
        ("snapshot", 4),
        ("alpha", 0),
        ("beta", 1),
        ("milestone", 2),
        ("rc", 3),
        ("cr", 3),
        ("final", RELEASE),
        ("ga", RELEASE),
        ("release", RELEASE),
        ("sp", 6),
    ];
    if before_number && let [letter] = word {
        match letter.to_ascii_lowercase() {
            b'a' => return 0,
            b'b' => return 1,
            b'm' => return 2,
            _ => {}
        }
    }
    KNOWN
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word))
        .map_or(UNKNOWN, |&(_, rank)| rank)
}

/// Whether a qualifier of the version announces a release.
pub(crate) fn is_prerelease(version: &str) -> bool {
    items(version)
        .iter()
        .any(|item| matches!(item, Item::Qualifier(_, 0..RELEASE)))
}

/// The version without capital letters outside of ASCII; the others are left to whoever compares words.
pub(crate) fn lower(version: &str) -> Cow<'_, str> {
    if version.is_ascii() {
        Cow::Borrowed(version)
    } else {
        Cow::Owned(version.to_lowercase())
    }
}

/// The parts of a version, in their order.
pub(crate) fn items(version: &str) -> Vec<Item<'_>> {
    let bytes = version.as_bytes();
    let mut items = Vec::with_capacity(12);
    let mut at = 0;
    // Whether the list that is open has an item, and whether the last one was a qualifier with a number.
    let mut filled = false;
    let mut attached = false;
    let mut separator = b' ';
    loop {
        let segment_end = bytes
            .get(at..)
            .unwrap_or_default()
            .iter()
            .position(|byte| matches!(byte, b'.' | b'-'))
            .map_or(bytes.len(), |length| at + length);
        if separator == b'-' && filled && !attached {
            items.push(Item::List);
            filled = false;
        }
        if at == segment_end {
            items.push(Item::Number(b""));
            filled = true;
            attached = false;
        }
        let start = at;
        while at < segment_end {
            let rest = bytes.get(at..segment_end).unwrap_or_default();
            let digits = digit_run(rest);
            if digits > 0 {
                let (number, _) = rest.split_at(digits);
                items.push(Item::Number(key::strip_zeros(number)));
                at += digits;
                filled = true;
                attached = false;
                continue;
            }
            let run = rest
                .iter()
                .position(u8::is_ascii_digit)
                .unwrap_or(rest.len());
            let (word, _) = rest.split_at(run);
            at += run;
            // A qualifier right after a number opens a list; one after a dot does not.
            if filled && at - run > start {
                items.push(Item::List);
            }
            let number_follows = if at < segment_end {
                true
            } else {
                bytes.get(at) == Some(&b'-')
                    && bytes
                        .get(at + 1)
                        .is_some_and(|next| next.is_ascii_digit() || matches!(next, b'.' | b'-'))
            };
            let rank = rank(word, number_follows);
            if rank == RELEASE && number_follows {
                // As if it were not there: `1-ga-1` is `1-1`.
                filled = false;
                attached = true;
                continue;
            }
            items.push(Item::Qualifier(word, rank));
            filled = true;
            attached = number_follows;
            if number_follows {
                items.push(Item::List);
                filled = false;
            }
        }
        match bytes.get(segment_end) {
            None => return items,
            Some(&found) => separator = found,
        }
        at = segment_end + 1;
        if at == bytes.len() {
            // Nothing after the last separator is nothing at all.
            return items;
        }
    }
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = lower(version);
    let items = items(&text);
    // For each item, how what starts with it compares with the end.
    let mut signs = vec![0; items.len()];
    let mut next = 0;
    for (item, sign) in items.iter().zip(&mut signs).rev() {
        if item.sign() != 0 {
            next = item.sign();
        }
        *sign = next;
    }
    let mut padded = Padded::default();
    let last = items.iter().rposition(|item| item.sign() != 0);
    for (at, (item, sign)) in items.iter().zip(signs).enumerate() {
        if sign == 0 {
            break;
        }
        let last_word = Some(at) == last && sign > 0 && matches!(item, Item::Qualifier(..));
        if last_word || *item == Item::List {
            padded.drop_zeros();
        }
        let tag = match item {
            Item::Number(digits) => {
                padded.digits(digits, out);
                continue;
            }
            Item::Qualifier(_, RELEASE) => {
                padded.zero();
                continue;
            }
            Item::Qualifier(_, rank) => QUALIFIER + rank,
            Item::List => LIST,
        };
        if sign > 0 {
            padded.positive(out);
        } else {
            padded.negative(out);
        }
        out.push(tag);
        if let Item::Qualifier(word, UNKNOWN) = item {
            key::text(&word.to_ascii_lowercase(), out);
        }
    }
    padded.end(out);
    Exact
}
