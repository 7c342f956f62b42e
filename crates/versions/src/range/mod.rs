//! Ranges of versions in the syntax of each ecosystem.
//!
//! A range is a list of alternatives, and an alternative is a list of tests that all have to pass. What a
//! test compares with is kept as a key, so that testing a version takes one key and some `memcmp`.

mod brackets;
mod composer;
mod conan;
mod dart;
mod gem;
mod hackage;
mod npm;
mod pep440;
mod plain;
mod swift;
mod vers;

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;

use crate::{Scheme, key, packagist, semver};

pub use vers::parse_vers;

/// A set of versions, as the range syntax of an ecosystem describes it.
///
/// [`Range::contains`] follows the ecosystem where it treats pre-releases in a special way:
///
/// * npm, Bitnami, Cargo: a pre-release is in only where a bound of the same three numbers has one.
/// * PyPI: a pre-release is in only where a specifier names one; `<2.0` leaves out those of 2.0, and
///   `>1.0` leaves out post-releases and local versions of 1.0.
/// * RubyGems, Hex: a pre-release is in only where a bound is one.
/// * Conan: a pre-release is in only with `include_prerelease`.
/// * NuGet, floating (`1.*`): a pre-release is in only where the pattern has one.
/// * Elsewhere a pre-release is in by its place in the order; `^1.2` of pub and Composer leave out those
///   of the version that ends the range.
#[derive(Clone, Debug)]
pub struct Range {
    scheme: Scheme,
    text: String,
    rule: Rule,
    sets: Vec<Set>,
}

/// What a range does with pre-releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Their place in the order alone.
    Order,
    /// Only where a bound of the same three numbers has one.
    SameNumbers,
    /// Only where a bound of the range is one.
    AnyBound,
    /// PEP 440.
    Pep440,
    /// None.
    Never,
}

/// Tests that all have to pass.
#[derive(Clone, Debug, Default)]
struct Set {
    tests: Vec<Test>,
}

/// How a version has to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    NotEqual,
    /// `===` of PEP 440: as a text.
    Identical,
}

impl Op {
    fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Equal | Self::Identical => "=",
            Self::NotEqual => "!=",
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal | Self::Identical => order.is_eq(),
            Self::NotEqual => order.is_ne(),
        }
    }
}

/// A comparison with one version.
#[derive(Clone, Debug)]
struct Test {
    op: Op,
    version: String,
    /// The key of the version, or one next to it where the bound is no version.
    key: Vec<u8>,
    /// Whether someone wrote this bound, so that its pre-release opens the range for others.
    written: bool,
}

/// Versions between two bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Where it starts.
    pub lower: Bound<String>,
    /// Where it ends.
    pub upper: Bound<String>,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeError {
    message: String,
}

impl RangeError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// The error of a part of a range that is not understood.
    fn part(scheme: Scheme, part: &str) -> Self {
        let short: String = part.chars().take(60).collect();
        Self::new(format!("`{short}` is no part of a {} range", scheme.name()))
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RangeError {}

impl Test {
    fn new(scheme: Scheme, op: Op, version: &str) -> Self {
        let mut key = Vec::new();
        scheme.key(version, &mut key);
        Self {
            op,
            version: version.to_owned(),
            key,
            written: true,
        }
    }

    /// A bound that the syntax implies.
    fn implied(scheme: Scheme, op: Op, version: &str) -> Self {
        Self {
            written: false,
            ..Self::new(scheme, op, version)
        }
    }
}

impl Range {
    fn new(scheme: Scheme, text: &str, rule: Rule, sets: Vec<Set>) -> Self {
        Self {
            scheme,
            text: text.trim().to_owned(),
            rule,
            sets,
        }
    }

    /// The scheme that orders its versions.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether a version is in the range, by the ecosystem's own rules for pre-releases.
    ///
    /// A version that the scheme cannot read is only in a range without bounds, or in one that names it
    /// exactly.
    pub fn contains(&self, version: &str) -> bool {
        self.test(version, self.rule)
    }

    /// Whether a version is in the range by its place in the order alone.
    pub fn contains_any_prerelease(&self, version: &str) -> bool {
        self.test(version, Rule::Order)
    }

    fn test(&self, version: &str, rule: Rule) -> bool {
        if self.scheme == Scheme::Pep440 && self.rule == Rule::Pep440 {
            return pep440::contains(self, version, rule == Rule::Pep440);
        }
        let normalized;
        let version = if self.scheme == Scheme::Packagist {
            normalized = packagist::normalize(version);
            normalized.as_str()
        } else {
            version
        };
        if self.scheme == Scheme::Packagist && version.starts_with("dev-") {
            // A branch is at no place: it is only equal to itself.
            return self.sets.iter().any(|set| {
                set.tests.iter().all(|test| match test.op {
                    Op::Equal => test.version == version,
                    Op::NotEqual => test.version != version,
                    _ => false,
                })
            });
        }
        if self.scheme.certainty(version) == crate::Certainty::Unparsed {
            return self.sets.iter().any(|set| {
                set.tests
                    .iter()
                    .all(|test| test.op == Op::Equal && test.version == version)
            });
        }
        let restricted = rule != Rule::Order && self.scheme.is_prerelease(version);
        let numbers = match rule {
            Rule::SameNumbers if restricted => semver::three_numbers(version),
            Rule::Never if restricted => return false,
            Rule::AnyBound if restricted => {
                let mut written = self
                    .sets
                    .iter()
                    .flat_map(|set| &set.tests)
                    .filter(|test| test.written);
                if !written.any(|test| self.scheme.is_prerelease(&test.version)) {
                    return false;
                }
                None
            }
            _ => None,
        };
        key::with_scratch(|candidate, _| {
            self.scheme.key(version, candidate);
            self.sets.iter().any(|set| {
                set.tests
                    .iter()
                    .all(|test| test.op.holds(candidate.as_slice().cmp(&test.key)))
                    && (numbers.is_none() || self.allows(set, numbers))
            })
        })
    }

    /// Whether the rule for pre-releases lets a version with these numbers into an alternative.
    fn allows(&self, set: &Set, numbers: Option<[&[u8]; 3]>) -> bool {
        set.tests.iter().any(|test| {
            test.written
                && self.scheme.is_prerelease(&test.version)
                && semver::three_numbers(&test.version) == numbers
        })
    }

    /// The range as intervals, alternative by alternative and each in ascending order.
    ///
    /// The rules for pre-releases are not in them: this is what [`Range::contains_any_prerelease`] tests.
    pub fn intervals(&self) -> Vec<Interval> {
        self.sets.iter().flat_map(Set::intervals).collect()
    }
}

impl Set {
    fn intervals(&self) -> Vec<Interval> {
        let mut lower: Option<&Test> = None;
        let mut upper: Option<&Test> = None;
        let mut holes: Vec<&Test> = Vec::new();
        for test in &self.tests {
            if matches!(
                test.op,
                Op::AtLeast | Op::Greater | Op::Equal | Op::Identical
            ) {
                // Of two bounds at the same version the one that leaves it out is the narrower.
                let narrower = lower.is_none_or(|old| {
                    test.key > old.key || (test.key == old.key && test.op == Op::Greater)
                });
                if narrower {
                    lower = Some(test);
                }
            }
            if matches!(test.op, Op::AtMost | Op::Less | Op::Equal | Op::Identical) {
                let narrower = upper.is_none_or(|old| {
                    test.key < old.key || (test.key == old.key && test.op == Op::Less)
                });
                if narrower {
                    upper = Some(test);
                }
            }
            if test.op == Op::NotEqual {
                holes.push(test);
            }
        }
        if let (Some(low), Some(high)) = (lower, upper) {
            let empty = match low.key.cmp(&high.key) {
                Ordering::Less => false,
                Ordering::Equal => low.op == Op::Greater || high.op == Op::Less,
                Ordering::Greater => true,
            };
            if empty {
                return Vec::new();
            }
        }
        holes.sort_by(|a, b| a.key.cmp(&b.key));
        holes.dedup_by(|a, b| a.key == b.key);
        holes.retain(|hole| {
            lower.is_none_or(|low| hole.key >= low.key)
                && upper.is_none_or(|high| hole.key <= high.key)
        });

        let end = match upper {
            None => Bound::Unbounded,
            Some(test) if test.op == Op::Less => Bound::Excluded(test.version.clone()),
            Some(test) => Bound::Included(test.version.clone()),
        };
        let mut start = match lower {
            None => Bound::Unbounded,
            Some(test) if test.op == Op::Greater => Bound::Excluded(test.version.clone()),
            Some(test) => Bound::Included(test.version.clone()),
        };
        let mut intervals = Vec::with_capacity(holes.len() + 1);
        let mut start_key = lower.map(|test| test.key.as_slice());
        for hole in holes {
            // A hole at the very start leaves nothing before it.
            if start_key != Some(hole.key.as_slice()) {
                intervals.push(Interval {
                    lower: start,
                    upper: Bound::Excluded(hole.version.clone()),
                });
            }
            start = Bound::Excluded(hole.version.clone());
            start_key = Some(hole.key.as_slice());
        }
        if upper.is_none_or(|high| {
            start_key != Some(high.key.as_slice())
                || matches!((&start, &end), (Bound::Included(_), Bound::Included(_)))
        }) {
            intervals.push(Interval {
                lower: start,
                upper: end,
            });
        }
        intervals
    }
}

/// The range as its author wrote it.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Such as `>=1.0.0, <2.0.0`, `=1.2.3` or `*`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Bound::Included(low), Bound::Included(high)) = (&self.lower, &self.upper)
            && low == high
        {
            return write!(f, "{}{low}", Op::Equal.sign());
        }
        let low = match &self.lower {
            Bound::Included(version) => Some((Op::AtLeast, version)),
            Bound::Excluded(version) => Some((Op::Greater, version)),
            Bound::Unbounded => None,
        };
        let high = match &self.upper {
            Bound::Included(version) => Some((Op::AtMost, version)),
            Bound::Excluded(version) => Some((Op::Less, version)),
            Bound::Unbounded => None,
        };
        match (low, high) {
            (None, None) => f.write_str("*"),
            (Some((op, version)), None) | (None, Some((op, version))) => {
                write!(f, "{}{version}", op.sign())
            }
            (Some((from, low)), Some((to, high))) => {
                write!(f, "{}{low}, {}{high}", from.sign(), to.sign())
            }
        }
    }
}

/// Reads a range in the native syntax of a scheme.
pub(crate) fn parse(scheme: Scheme, text: &str) -> Result<Range, RangeError> {
    /// More than any manifest has, and little enough to keep reading cheap.
    const LONGEST: usize = 64 * 1024;
    if text.len() > LONGEST {
        return Err(RangeError::new(format!(
            "a range of {} bytes is too long",
            text.len()
        )));
    }
    match scheme {
        Scheme::SemVer | Scheme::Bitnami | Scheme::EchoNpm => npm::npm(scheme, text),
        Scheme::Cargo => npm::cargo(text),
        Scheme::Julia => npm::julia(text),
        Scheme::GitHubActions => npm::tag(text),
        Scheme::Pep440 => pep440::parse(text),
        Scheme::Maven => brackets::maven(text),
        Scheme::NuGet => brackets::nuget(text),
        Scheme::RubyGems => gem::gem(text),
        Scheme::Hex => gem::hex(text),
        Scheme::Packagist => composer::parse(text),
        Scheme::Pub => dart::parse(text),
        Scheme::Swift => swift::parse(text),
        Scheme::Conan => conan::parse(text),
        Scheme::Hackage => hackage::parse(text),
        Scheme::Go
        | Scheme::Debian
        | Scheme::Alpine
        | Scheme::Rpm
        | Scheme::Cran
        | Scheme::Generic
        | Scheme::Alpm
        | Scheme::Conda => plain::parse(scheme, text),
    }
}

/// Takes an operator off the front of a text: the longest that fits, of those the table has.
fn operator<'a>(text: &'a str, table: &[(&str, Op)]) -> Option<(Op, &'a str)> {
    table
        .iter()
        .filter_map(|(sign, op)| Some((sign.len(), *op, text.strip_prefix(sign)?.trim_start())))
        .max_by_key(|(length, ..)| *length)
        .map(|(_, op, rest)| (op, rest))
}

/// The usual operators.
const USUAL: [(&str, Op); 8] = [
    (">=", Op::AtLeast),
    (">", Op::Greater),
    ("<=", Op::AtMost),
    ("<", Op::Less),
    ("==", Op::Equal),
    ("=", Op::Equal),
    ("!=", Op::NotEqual),
    ("<>", Op::NotEqual),
];

/// The number after the one that digits denote, however long it is.
fn next_number(digits: &str) -> String {
    let mut bytes: Vec<u8> = digits.bytes().collect();
    for byte in bytes.iter_mut().rev() {
        if *byte == b'9' {
            *byte = b'0';
        } else {
            *byte += 1;
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    format!("1{}", String::from_utf8_lossy(&bytes))
}

/// Numbers joined with dots, the one at `at` increased and those after it left out or 0.
fn bump(numbers: &[&str], at: usize, length: usize) -> String {
    let mut parts: Vec<String> = numbers
        .iter()
        .take(at)
        .map(|&number| number.to_owned())
        .collect();
    parts.push(next_number(numbers.get(at).copied().unwrap_or("0")));
    while parts.len() < length {
        parts.push("0".to_owned());
    }
    parts.join(".")
}

/// Whether a number is zero.
fn is_zero(number: &str) -> bool {
    number.bytes().all(|byte| byte == b'0')
}

/// Whether a text is a number.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
