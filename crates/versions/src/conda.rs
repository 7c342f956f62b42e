//! Conda.
//!
//! The specification is CEP 33,
//! <https://github.com/conda/ceps/blob/main/cep-0033.md>, and `VersionOrder` in conda: an epoch before
//! `!`, a local version after `+`, components with `.` or `_` between them, and in a component numbers and
//! words by turns. `dev` is below every word, words are below numbers, `post` is above. Zeros at the end
//! mean nothing, neither in a component nor among them. An underscore at the end is a word of its own.

use crate::Certainty::{self, Exact};
use crate::key::{self, Padded, digit_run};

/// The start of an epoch above 0.
const EPOCH: u8 = 0xFF;
/// `post`, above every number.
const POST: u8 = 0xF8;
/// Words below numbers: `dev`, and the others.
const DEV: u8 = 0x08;
const WORD: u8 = 0x09;

/// A part of a component.
#[derive(Clone, Copy)]
enum Atom<'a> {
    Number(&'a [u8]),
    Word(&'a [u8]),
}

impl Atom<'_> {
    /// Above, at or below the zero that stands for what is missing.
    fn sign(self) -> i8 {
        match self {
            Self::Number(digits) => i8::from(digits.iter().any(|&byte| byte != b'0')),
            Self::Word(word) if word.eq_ignore_ascii_case(b"post") => 1,
            Self::Word(_) => -1,
        }
    }
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = version.trim();
    let (epoch, rest) = text.split_once('!').unwrap_or(("", text));
    let sound = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-*".contains(&byte))
    };
    let (main, local) = rest
        .split_once('+')
        .map_or((rest, None), |(main, local)| (main, Some(local)));
    if main.is_empty()
        || !epoch.bytes().all(|byte| byte.is_ascii_digit())
        || !sound(main)
        || !local.is_none_or(|local| !local.is_empty() && sound(local))
    {
        return key::unparsed(version, out);
    }
    let number = key::strip_zeros(epoch.as_bytes());
    if !number.is_empty() {
        out.push(EPOCH);
        key::digits(number, out);
    }
    components(main, out);
    components(local.unwrap_or_default(), out);
    Exact
}

/// Components one after another.
fn components(text: &str, out: &mut Vec<u8>) {
    let mut outer = Padded::default();
    // An underscore at the very end is a word.
    let inner = text.len() - usize::from(text.ends_with('_'));
    let separates = |(at, c): (usize, char)| at < inner && matches!(c, '.' | '_' | '-');
    let mut start = 0;
    let ends = text
        .char_indices()
        .filter(|&place| separates(place))
        .map(|(at, _)| at)
        .chain([text.len()]);
    for end in ends {
        let component = text.get(start..end).unwrap_or_default();
        start = end + 1;
        let sign = atoms(component.as_bytes())
            .map(Atom::sign)
            .find(|&sign| sign != 0);
        match sign {
            None => {
                outer.zero();
                continue;
            }
            // Its first number may be 0, and a component of 0 has to be below: so a byte above it.
            Some(1) => {
                outer.positive(out);
                out.push(key::ZERO + 1);
            }
            Some(_) => outer.negative(out),
        }
        let mut inner = Padded::default();
        for atom in atoms(component.as_bytes()) {
            match atom {
                Atom::Number(digits) => inner.digits(digits, out),
                Atom::Word(word) if word.eq_ignore_ascii_case(b"post") => {
                    inner.positive(out);
                    out.push(POST);
                }
                Atom::Word(word) => {
                    inner.negative(out);
                    if word.eq_ignore_ascii_case(b"dev") {
                        out.push(DEV);
                    } else {
                        out.push(WORD);
                        key::text(&word.to_ascii_lowercase(), out);
                    }
                }
            }
        }
        inner.end(out);
    }
    outer.end(out);
}

/// The parts of a component; it starts with a number, which is 0 where none is written.
fn atoms(component: &[u8]) -> impl Iterator<Item = Atom<'_>> {
    let mut rest = component;
    let implied = component.first().is_some_and(|byte| !byte.is_ascii_digit());
    implied
        .then_some(Atom::Number(b"0"))
        .into_iter()
        .chain(std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let run = digit_run(rest);
            if run > 0 {
                let (digits, after) = rest.split_at(run);
                rest = after;
                return Some(Atom::Number(digits));
            }
            let run = rest
                .iter()
                .take_while(|byte| !byte.is_ascii_digit())
                .count();
            let (word, after) = rest.split_at(run);
            rest = after;
            Some(Atom::Word(word))
        }))
}
