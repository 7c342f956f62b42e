//! Packagist (Composer).
//!
//! The order is that of PHP's `version_compare` (<https://www.php.net/version_compare>), which is what
//! Composer compares with: parts of digits or of letters, where any other word comes before `dev`, that
//! before `alpha`, `beta` and `RC`, these before the end, the end before a further number, and that before
//! `p` (patch). As PHP does, words that are not in lower case are unknown ones, but for `RC`. A leading `v`
//! is dropped. Composer normalises versions first
//! (<https://getcomposer.org/doc/articles/versions.md>): to four numbers, `beta` for `BETA` and nothing for
//! `-stable`. Its ranges compare such versions, and so do those of this crate.
//!
//! PHP takes the part `#` for any number and is not transitive there. Here it does not count.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

/// What comes next, in ascending order; numbers are between the end and a patch.
const OTHER: u8 = 0x02;
const END: u8 = 0x07;
const PATCH: u8 = 0xF8;

/// Words by how they start, and what they mean. The first that fits counts.
const WORDS: [(&str, u8); 6] = [
    ("dev", 0x03),
    ("a", 0x04),
    ("b", 0x05),
    ("RC", 0x06),
    ("rc", 0x06),
    ("p", PATCH),
];

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = version.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if text.is_empty() {
        return key::unparsed(version, out);
    }
    let mut exact = text.starts_with(|first: char| first.is_ascii_digit());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if matches!(first, b'.' | b'-' | b'_' | b'+') {
            rest = after;
            continue;
        }
        let run = digit_run(rest);
        if run > 0 {
            let (digits, after) = rest.split_at(run);
            key::digits(digits, out);
            rest = after;
            continue;
        }
        let length = rest
            .iter()
            .take_while(|byte| !byte.is_ascii_digit() && !matches!(byte, b'.' | b'-' | b'_' | b'+'))
            .count();
        let (word, after) = rest.split_at(length);
        rest = after;
        if word.first() == Some(&b'#') {
            exact = false;
            continue;
        }
        let known = WORDS
            .iter()
            .find(|(start, _)| word.starts_with(start.as_bytes()));
        exact &= known.is_some();
        out.push(known.map_or(OTHER, |&(_, mark)| mark));
    }
    out.push(END);
    if exact { Exact } else { Lenient }
}

/// A stability suffix of Composer, normalised, and what it starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modifier {
    /// Such as `-beta2`, `-dev`, `-RC1-dev`; nothing for a stable version.
    pub(crate) suffix: String,
    /// Whether there was a word at all, even `stable`.
    pub(crate) written: bool,
}

/// Reads a stability suffix, which has to be the whole text.
pub(crate) fn modifier(text: &str) -> Option<Modifier> {
    const WORDS: [(&str, &str); 9] = [
        ("stable", ""),
        ("alpha", "alpha"),
        ("beta", "beta"),
        ("patch", "patch"),
        ("rc", "RC"),
        ("pl", "patch"),
        ("a", "alpha"),
        ("b", "beta"),
        ("p", "patch"),
    ];
    let mut rest = text.strip_prefix(['.', '_', '-']).unwrap_or(text);
    let mut modifier = Modifier::default();
    let starts = |text: &str, word: &str| {
        text.get(..word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    if let Some((word, normal)) = WORDS.iter().find(|(word, _)| starts(rest, word)) {
        modifier.written = true;
        rest = rest.get(word.len()..)?;
        let mut end = 0;
        loop {
            let after = rest.get(end..)?;
            let skip = usize::from(after.starts_with(['.', '-']));
            let run = digit_run(after.as_bytes().get(skip..)?);
            if run == 0 {
                break;
            }
            end += skip + run;
        }
        let (numbers, after) = rest.split_at(end);
        rest = after;
        if !normal.is_empty() {
            modifier.suffix = format!("-{normal}{}", numbers.trim_start_matches(['.', '-']));
        }
    }
    let dev = rest.strip_prefix(['.', '-']).unwrap_or(rest);
    if dev.eq_ignore_ascii_case("dev") {
        modifier.written = true;
        // `1.0-stable-dev` is stable to Composer.
        if !(modifier.suffix.is_empty()
            && starts(text.trim_start_matches(['.', '_', '-']), "stable"))
        {
            modifier.suffix.push_str("-dev");
        }
        rest = "";
    }
    rest.is_empty().then_some(modifier)
}

/// Up to four numbers at the start of a version, and what follows them.
pub(crate) fn numbers(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut numbers = Vec::with_capacity(4);
    loop {
        let run = digit_run(rest.as_bytes());
        if run == 0 {
            return None;
        }
        let (number, after) = rest.split_at(run);
        numbers.push(number);
        match after.as_bytes() {
            [b'.', next, ..] if next.is_ascii_digit() && numbers.len() < 4 => {
                rest = after.get(1..)?;
            }
            _ => return Some((numbers, after)),
        }
    }
}

/// A version as Composer normalises it: four numbers and a stability suffix; the text where it cannot.
pub(crate) fn normalize(version: &str) -> String {
    let text = version.trim();
    let text = text
        .split_once(" as ")
        .map_or(text, |(before, _)| before.trim_end());
    let text = match text.rsplit_once('@') {
        Some((before, flag))
            if ["stable", "rc", "beta", "alpha", "dev"]
                .iter()
                .any(|known| flag.eq_ignore_ascii_case(known)) =>
        {
            before
        }
        _ => text,
    };
    if matches!(text, "master" | "trunk" | "default") {
        return format!("dev-{text}");
    }
    if text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("dev-"))
    {
        return format!("dev-{}", text.get(4..).unwrap_or_default());
    }
    let plain = text.split_once('+').map_or(text, |(before, _)| before);
    if let Some((numbers, rest)) = numbers(plain)
        && numbers.first().is_some_and(|first| first.len() <= 5)
        && let Some(modifier) = modifier(rest)
    {
        return format!("{}{}", pad(&numbers, "0"), modifier.suffix);
    }
    dated(plain)
        .or_else(|| branch(plain))
        .unwrap_or_else(|| text.to_owned())
}

/// Numbers joined with dots, filled up to four.
fn pad(numbers: &[&str], fill: &str) -> String {
    let filled: Vec<&str> = numbers
        .iter()
        .copied()
        .chain(std::iter::repeat(fill))
        .take(4)
        .collect();
    filled.join(".")
}

/// A version that is a date, perhaps with a time.
fn dated(text: &str) -> Option<String> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let bytes = text.as_bytes();
    if digit_run(bytes) < 4 {
        return None;
    }
    let mut at = 4;
    let mut pairs = 0;
    let mut tails = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let skip = usize::from(matches!(rest.first(), Some(b'.' | b':' | b'-')));
        let run = digit_run(rest.get(skip..).unwrap_or_default());
        if run >= 2 && pairs < 6 && tails == 0 {
            pairs += 1;
            at += skip + 2;
        } else if run >= 1 && pairs > 0 && tails < 2 {
            tails += 1;
            at += skip + run.min(3);
        } else {
            break;
        }
    }
    if pairs == 0 {
        return None;
    }
    let (date, rest) = text.split_at(at);
    let modifier = modifier(rest)?;
    Some(format!(
        "{}{}",
        date.replace([':', '-'], "."),
        modifier.suffix
    ))
}

/// A numeric branch such as `2.1.x-dev`, whose missing numbers are as high as can be.
fn branch(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let name = lower.strip_suffix("dev")?;
    let name = name.strip_suffix(['.', '-']).unwrap_or(name);
    let name = name.strip_prefix('v').unwrap_or(name);
    let parts: Vec<&str> = name
        .split('.')
        .map(|part| {
            if matches!(part, "x" | "*") {
                "9999999"
            } else {
                part
            }
        })
        .collect();
    let sound = parts.len() <= 4
        && parts
            .iter()
            .all(|part| !part.is_empty() && digit_run(part.as_bytes()) == part.len());
    sound.then(|| format!("{}-dev", pad(&parts, "9999999")))
}
