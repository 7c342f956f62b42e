//! The building blocks of order-preserving keys.
//!
//! A key is a sequence of items whose first byte says what they are, so that items of different kinds
//! are ordered by that byte alone:
//!
//! | first byte | item |
//! | --- | --- |
//! | `00`..=`1F` | markers, such as the end of a version or the start of its pre-release |
//! | `20`..=`F7` | a number, see [`number`] |
//! | `F8`..=`FF` | markers above every number, such as the start of a text |
//!
//! Numbers and texts are prefix-free: none is the beginning of another one, so whatever follows them
//! cannot change their order.

use std::cell::RefCell;

/// The place of a text that a scheme cannot read: below all it can.
const UNPARSED: u8 = 0x01;
/// The first byte of the number 0.
pub(crate) const ZERO: u8 = 0x20;
/// Numbers below this take one byte.
const ONE_BYTE: u64 = 0xA0;
/// The first byte of a number of two bytes.
const TWO: u8 = 0xC0;
/// Numbers below this take two bytes.
const TWO_BYTES: u64 = ONE_BYTE + 0x30 * 0x100;
/// The first byte of a number of three bytes; each further one has one byte more, up to eight.
const WIDE: u8 = 0xF0;
/// The first byte of a number that does not fit 64 bits.
const HUGE: u8 = 0xF7;

/// Runs `work` with two empty buffers that live as long as the thread, so that comparing does not
/// allocate.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>) -> R) -> R {
    /// More than any honest version needs; buffers beyond it are given back.
    const KEEP: usize = 4096;
    thread_local! {
        static SCRATCH: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
    }
    SCRATCH.with(|cell| {
        let Ok(mut pair) = cell.try_borrow_mut() else {
            // A comparison within a comparison: no scheme does that, but it would be right as well.
            return work(&mut Vec::new(), &mut Vec::new());
        };
        let (left, right) = &mut *pair;
        left.clear();
        right.clear();
        let result = work(left, right);
        for buffer in [left, right] {
            if buffer.capacity() > KEEP {
                *buffer = Vec::new();
            }
        }
        result
    })
}

/// Appends a number; a greater number has a greater key.
#[inline]
pub(crate) fn number(value: u64, out: &mut Vec<u8>) {
    if value < ONE_BYTE {
        out.push(ZERO + value as u8);
    } else if value < TWO_BYTES {
        let rest = value - ONE_BYTE;
        out.extend_from_slice(&[TWO + (rest >> 8) as u8, rest as u8]);
    } else {
        wide(value, out);
    }
}

/// The part of [`number`] for numbers of more than two bytes.
fn wide(value: u64, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    let skip = (value.leading_zeros() / 8) as usize;
    // A value at or above `TWO_BYTES` has two to eight significant bytes.
    let length = 8 - skip;
    out.push(WIDE + (length as u8).saturating_sub(2));
    out.extend_from_slice(&bytes[skip..]);
}

/// Appends the number that a text of ASCII digits denotes, however long it is; none is 0.
#[inline]
pub(crate) fn digits(text: &[u8], out: &mut Vec<u8>) {
    if text.len() <= 19 {
        number(
            text.iter()
                .fold(0, |value, digit| value * 10 + u64::from(digit & 0x0F)),
            out,
        );
    } else {
        many_digits(text, out);
    }
}

/// The part of [`digits`] for texts that may not fit 64 bits.
fn many_digits(text: &[u8], out: &mut Vec<u8>) {
    let text = strip_zeros(text);
    if text.len() <= 19 {
        return digits(text, out);
    }
    let small = text.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit & 0x0F))
    });
    if let Some(value) = small {
        return number(value, out);
    }
    out.push(HUGE);
    number(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// The digits without leading zeros; zero has none.
pub(crate) fn strip_zeros(text: &[u8]) -> &[u8] {
    let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
    text.get(zeros..).unwrap_or_default()
}

/// A sequence that goes on with zeros for ever, so that `1`, `1.0` and `1.0.0` are equal.
///
/// Items are positive (above zero), negative (below zero, such as a pre-release) or zero. Zeros are held
/// back until it is known what comes after them: they mean nothing at the end, and a negative item is
/// the nearer to the end the more zeros precede it.
#[derive(Default)]
pub(crate) struct Padded {
    zeros: u64,
}

impl Padded {
    /// The start of a negative item, with or without zeros before it.
    const NEGATIVE: u8 = 0x02;
    const ZEROS_NEGATIVE: u8 = 0x03;
    /// The end, where only zeros follow.
    pub(crate) const END: u8 = 0x04;

    /// Notes a zero.
    pub(crate) fn zero(&mut self) {
        self.zeros += 1;
    }

    /// Forgets the zeros since the last other item.
    pub(crate) fn drop_zeros(&mut self) {
        self.zeros = 0;
    }

    /// Opens an item above zero; its first byte has to be above [`Padded::END`].
    pub(crate) fn positive(&mut self, out: &mut Vec<u8>) {
        for _ in 0..self.zeros {
            out.push(ZERO);
        }
        self.zeros = 0;
    }

    /// Opens an item below zero.
    pub(crate) fn negative(&mut self, out: &mut Vec<u8>) {
        if self.zeros == 0 {
            out.push(Self::NEGATIVE);
        } else {
            out.push(Self::ZEROS_NEGATIVE);
            number(self.zeros, out);
            self.zeros = 0;
        }
    }

    /// Notes a number, which may be zero.
    pub(crate) fn digits(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if text.iter().all(|&byte| byte == b'0') {
            self.zero();
        } else {
            self.positive(out);
            digits(text, out);
        }
    }

    /// Ends the sequence.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.zeros = 0;
        out.push(Self::END);
    }
}

/// Appends bytes in their own order, prefix-free: `00` ends them.
pub(crate) fn text(bytes: &[u8], out: &mut Vec<u8>) {
    open_text(bytes, out);
    out.push(0);
}

/// Appends bytes like [`text`] without the end: only for the last item of a key, or before a byte `00`.
pub(crate) fn open_text(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|&byte| byte > 1) {
        out.extend_from_slice(bytes);
        return;
    }
    for &byte in bytes {
        match byte {
            0 | 1 => out.extend_from_slice(&[1, byte + 1]),
            _ => out.push(byte),
        }
    }
}

/// Appends a text that the scheme cannot read, which is below all it can.
pub(crate) fn unparsed(version: &str, out: &mut Vec<u8>) -> crate::Certainty {
    out.push(UNPARSED);
    out.extend_from_slice(version.as_bytes());
    crate::Certainty::Unparsed
}

/// How many ASCII digits a text starts with.
#[inline]
pub(crate) fn digit_run(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
