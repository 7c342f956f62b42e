//! PyPI: PEP 440 and, below it, the legacy versions of setuptools.
//!
//! The specification is
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/#version-scheme>. What it
//! does not allow is ordered as `packaging.version.LegacyVersion` and `pkg_resources` did: below every
//! version of PEP 440, part by part, where `dev`, `a`, `b` and `c` come before a release.

use crate::Certainty::{self, Exact, Unparsed};
use crate::key::{self, digit_run};

/// The start of an epoch above 0.
const EPOCH: u8 = 0xFF;
/// What follows the release numbers. All are below a further number.
const ONLY_DEV: u8 = 0x02;
const ALPHA: u8 = 0x03;
const FINAL: u8 = 0x06;
const FINAL_POST: u8 = 0x08;
/// What follows a pre-release or a post-release.
const DEV: u8 = 0x02;
const NO_DEV: u8 = 0x04;
const POST: u8 = 0x06;
/// The start of a part of a local version that is no number.
const LOCAL_TEXT: u8 = 0x08;
/// Below all of PEP 440.
const LEGACY: u8 = 0x01;

/// A version of PEP 440, cut at its places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) epoch: &'a str,
    /// The release numbers with dots between them.
    pub(crate) release: &'a str,
    /// 0 for alpha, 1 for beta, 2 for a release candidate, and its number.
    pub(crate) pre: Option<(u8, &'a str)>,
    pub(crate) post: Option<&'a str>,
    pub(crate) dev: Option<&'a str>,
    pub(crate) local: Option<&'a str>,
}

impl Parts<'_> {
    /// Whether it is a pre-release or a development release.
    pub(crate) fn is_prerelease(&self) -> bool {
        self.pre.is_some() || self.dev.is_some()
    }
}

/// A reader of the text that goes forward only.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn digits(&mut self) -> &'a str {
        let run = digit_run(self.rest());
        let digits = self.text.get(self.at..self.at + run).unwrap_or_default();
        self.at += run;
        digits
    }

    fn separator(&mut self) {
        if matches!(self.rest().first(), Some(b'-' | b'_' | b'.')) {
            self.at += 1;
        }
    }

    /// One of the words after an optional separator, with the number after it; stays where none is.
    fn tagged(&mut self, words: &[&str]) -> Option<(usize, &'a str)> {
        let start = self.at;
        self.separator();
        for (which, word) in words.iter().enumerate() {
            let found = self.rest().get(..word.len());
            if found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes())) {
                self.at += word.len();
                let end = self.at;
                self.separator();
                let digits = self.digits();
                if digits.is_empty() {
                    self.at = end;
                    // A separator that no number follows is allowed before the next part only.
                    let mut ahead = Cursor {
                        text: self.text,
                        at: end,
                    };
                    ahead.separator();
                    if ahead.at > end {
                        self.at = ahead.at;
                    }
                }
                return Some((which, digits));
            }
        }
        self.at = start;
        None
    }
}

/// Reads a version of PEP 440.
pub(crate) fn parts(version: &str) -> Option<Parts<'_>> {
    const PRE: [&str; 8] = ["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"];
    const KIND: [u8; 8] = [0, 1, 2, 2, 2, 0, 1, 2];
    let text = version.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut cursor = Cursor { text, at: 0 };
    let mut parts = Parts::default();

    let first = cursor.digits();
    if first.is_empty() {
        return None;
    }
    let mut start = 0;
    if cursor.rest().first() == Some(&b'!') {
        parts.epoch = first;
        cursor.at += 1;
        start = cursor.at;
        if cursor.digits().is_empty() {
            return None;
        }
    }
    while let [b'.', next, ..] = cursor.rest()
        && next.is_ascii_digit()
    {
        cursor.at += 1;
        cursor.digits();
    }
    parts.release = text.get(start..cursor.at)?;

    if let Some((which, digits)) = cursor.tagged(&PRE) {
        parts.pre = Some((KIND[which], digits));
    }
    if let [b'-', next, ..] = cursor.rest()
        && next.is_ascii_digit()
    {
        cursor.at += 1;
        parts.post = Some(cursor.digits());
    } else if let Some((_, digits)) = cursor.tagged(&["post", "rev", "r"]) {
        parts.post = Some(digits);
    }
    parts.dev = cursor.tagged(&["dev"]).map(|(_, digits)| digits);

    let rest = text.get(cursor.at..)?;
    if rest.is_empty() {
        return Some(parts);
    }
    let local = rest.strip_prefix('+')?;
    let sound = local
        .split(['.', '-', '_'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    parts.local = Some(local);
    sound.then_some(parts)
}

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let Some(parts) = parts(version) else {
        return legacy(version, out);
    };
    write(&parts, out);
    Exact
}

pub(crate) fn write(parts: &Parts<'_>, out: &mut Vec<u8>) {
    let epoch = key::strip_zeros(parts.epoch.as_bytes());
    if !epoch.is_empty() {
        out.push(EPOCH);
        key::digits(epoch, out);
    }
    release(parts.release.as_bytes(), out);
    match (parts.pre, parts.post, parts.dev) {
        (None, None, None) => out.push(FINAL),
        (None, None, Some(dev)) => {
            out.push(ONLY_DEV);
            key::digits(dev.as_bytes(), out);
        }
        (None, Some(post), dev) => {
            out.push(FINAL_POST);
            key::digits(post.as_bytes(), out);
            write_dev(dev, out);
        }
        (Some((kind, number)), post, dev) => {
            out.push(ALPHA + kind);
            key::digits(number.as_bytes(), out);
            if let Some(post) = post {
                out.push(POST);
                key::digits(post.as_bytes(), out);
            }
            write_dev(dev, out);
        }
    }
    // No local version is below any.
    let Some(local) = parts.local else { return };
    for part in local.split(['.', '-', '_']).map(str::as_bytes) {
        if digit_run(part) == part.len() {
            key::digits(part, out);
        } else {
            out.push(LOCAL_TEXT);
            out.extend(part.iter().map(u8::to_ascii_lowercase));
            out.push(0);
        }
    }
}

/// The release numbers, where zeros at the end mean nothing.
fn release(text: &[u8], out: &mut Vec<u8>) {
    let mut zeros = 0_usize;
    for digits in text.split(|&byte| byte == b'.') {
        if digits.iter().all(|&byte| byte == b'0') {
            zeros += 1;
        } else {
            out.extend(std::iter::repeat_n(key::ZERO, zeros));
            zeros = 0;
            key::digits(digits, out);
        }
    }
}

fn write_dev(dev: Option<&str>, out: &mut Vec<u8>) {
    match dev {
        Some(dev) => {
            out.push(DEV);
            key::digits(dev.as_bytes(), out);
        }
        None => out.push(NO_DEV),
    }
}

/// A version before PEP 440: its parts one after another, as setuptools spelt them for comparing.
fn legacy(version: &str, out: &mut Vec<u8>) -> Certainty {
    const HYPHEN: &str = "*final-";
    const ZERO: &str = "00000000";
    let version = version.to_lowercase();
    let mut parts: Vec<String> = Vec::new();
    let push = |parts: &mut Vec<String>, part: &str| {
        let part = match part {
            "pre" | "preview" | "rc" => "*c".to_owned(),
            "-" => HYPHEN.to_owned(),
            "dev" => "*@".to_owned(),
            _ if part.starts_with(|first: char| first.is_ascii_digit()) => format!("{part:0>8}"),
            _ => format!("*{part}"),
        };
        if part.starts_with('*') {
            while part.as_str() < "*final" && parts.last().is_some_and(|last| last == HYPHEN) {
                parts.pop();
            }
            while parts.last().is_some_and(|last| last == ZERO) {
                parts.pop();
            }
        }
        parts.push(part);
    };
    let mut rest = version.as_str();
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'0'..=b'9' => digit_run(rest.as_bytes()),
            b'a'..=b'z' => rest.bytes().take_while(u8::is_ascii_lowercase).count(),
            b'-' => 1,
            _ => 0,
        };
        if length == 0 {
            rest = rest
                .get(rest.chars().next().map_or(1, char::len_utf8)..)
                .unwrap_or_default();
            continue;
        }
        let (part, after) = rest.split_at(length);
        push(&mut parts, part);
        rest = after;
    }
    push(&mut parts, "final");
    out.push(LEGACY);
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    Unparsed
}
