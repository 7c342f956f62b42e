//! Explains an order in a sentence, and says what is a pre-release.
//!
//! The order always comes from the scheme itself; of a pair of Maven's it is what Maven says, and the sentence
//! tells where matching differs. The sentence is found by reading both versions as parts
//! (numbers, words, what comes before or after them) and naming the first that differs, so that it cannot
//! contradict the order.

use std::cmp::Ordering;

use crate::maven_pairwise::{self, Pairwise};
use crate::{
    Certainty, Scheme, alpine, conan, debian, generic, maven, pep440, rpm, rubygems, semver,
};

/// Which of two versions comes first, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The order of the first version relative to the second.
    pub order: Ordering,
    /// One short sentence on the part that decided, without a full stop.
    pub deciding_part: String,
}

/// A part of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part<'a> {
    /// Where it stands, such as “the epoch”; numbers of the version proper are counted instead.
    place: Place,
    text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Epoch,
    Main,
    PreRelease,
    PostRelease,
    DevRelease,
    Revision,
    Local,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Epoch => "the epoch",
            Self::Main => "the version",
            Self::PreRelease => "the pre-release",
            Self::PostRelease => "the post-release",
            Self::DevRelease => "the development release",
            Self::Revision => "the revision",
            Self::Local => "the build",
        }
    }
}

pub(crate) fn explain(scheme: Scheme, a: &str, b: &str) -> Explanation {
    let order = scheme.compare(a, b);
    if scheme == Scheme::Maven {
        let pair = maven_pairwise::compare(a, b);
        if pair.order != order {
            return Explanation {
                order: pair.order,
                deciding_part: only_in_maven(pair, order, a, b),
            };
        }
    }
    Explanation {
        order,
        deciding_part: sentence(scheme, order, a, b),
    }
}

/// The sentence on a pair that Maven's own comparison orders otherwise than matching does.
fn only_in_maven(pair: Pairwise, matching: Ordering, a: &str, b: &str) -> String {
    let says = |order| match order {
        Ordering::Less => "comes before",
        Ordering::Equal => "equals",
        Ordering::Greater => "comes after",
    };
    let why = if pair.by_end == Ordering::Equal {
        "weighs zeros and `ga` before a word otherwise"
    } else {
        "is not transitive around such pre-releases"
    };
    format!(
        "`{}` {} `{}` in Maven's own comparison (up to 3.8.6), which {why}; in matching it {} it",
        short(a),
        says(pair.order),
        short(b),
        says(matching)
    )
}

fn sentence(scheme: Scheme, order: Ordering, a: &str, b: &str) -> String {
    if order == Ordering::Equal {
        return if a == b {
            "both are the same text".to_owned()
        } else {
            format!(
                "they differ only where {} order does not look",
                scheme.name()
            )
        };
    }
    // From here on the first is the greater.
    let (high, low) = if order == Ordering::Greater {
        (a, b)
    } else {
        (b, a)
    };
    let read = |version| scheme.certainty(version) != Certainty::Unparsed;
    match (read(high), read(low)) {
        (true, true) => {}
        (true, false) => {
            return format!(
                "`{}` is no {} version, and those come first",
                short(low),
                scheme.name()
            );
        }
        (false, true) => return format!("`{}` is no {} version", short(high), scheme.name()),
        (false, false) => {
            return format!(
                "neither is a {} version, so their text decides",
                scheme.name()
            );
        }
    }
    let (high_parts, low_parts) = (parts(scheme, high), parts(scheme, low));
    for place in [
        Place::Epoch,
        Place::Main,
        Place::PreRelease,
        Place::PostRelease,
        Place::DevRelease,
        Place::Revision,
        Place::Local,
    ] {
        let of = |parts: &[Part<'_>]| -> Vec<String> {
            let texts = parts
                .iter()
                .filter(|part| part.place == place)
                .flat_map(|part| runs(part.text));
            let mut texts: Vec<String> = texts.map(str::to_owned).collect();
            let padded = !matches!(
                scheme,
                Scheme::Hackage | Scheme::Cran | Scheme::Packagist | Scheme::Alpine
            );
            while padded
                && texts
                    .last()
                    .is_some_and(|last| last.bytes().all(|byte| byte == b'0'))
            {
                texts.pop();
            }
            texts
        };
        let (left, right) = (of(&high_parts), of(&low_parts));
        let same = |left: &str, right: &str| {
            let trim = |text: &str| -> String {
                if is_digits(text) {
                    text.trim_start_matches('0').to_owned()
                } else {
                    text.to_lowercase()
                }
            };
            trim(left) == trim(right)
        };
        let length = left.len().max(right.len());
        for at in 0..length {
            match (left.get(at), right.get(at)) {
                (Some(high), Some(low)) if same(high, low) => {}
                (high_text, low_text) => {
                    return decided(scheme, place, at, high_text, low_text, high, low);
                }
            }
        }
    }
    format!(
        "`{}` comes after `{}` in {} order",
        short(high),
        short(low),
        scheme.name()
    )
}

/// The sentence on two parts that differ; `None` is a part that is not there.
fn decided(
    scheme: Scheme,
    place: Place,
    at: usize,
    high: Option<&String>,
    low: Option<&String>,
    high_version: &str,
    low_version: &str,
) -> String {
    let where_ = if place == Place::Main {
        format!("the {} part", ordinal(at))
    } else {
        place.name().to_owned()
    };
    if high.is_none_or(|text| !is_digits(text)) || low.is_none_or(|text| !is_digits(text)) {
        let before = !scheme.is_prerelease(high_version) && scheme.is_prerelease(low_version);
        if before && matches!(place, Place::Main | Place::PreRelease | Place::DevRelease) {
            let name = prerelease_text(scheme, low_version).unwrap_or(low_version);
            return format!("a pre-release ({}) comes before its release", short(name));
        }
    }
    match (high, low) {
        (Some(high), Some(low)) => {
            let sign = if is_digits(high) && is_digits(low) {
                ">"
            } else {
                "comes after"
            };
            format!("{} {sign} {} in {where_}", short(high), short(low))
        }
        (Some(high), None) => match place {
            Place::Main | Place::PreRelease => {
                format!("{} comes after nothing in {where_}", short(high))
            }
            Place::Epoch => format!("an epoch of {} comes after none", short(high)),
            _ => format!("{} ({}) comes after none", place.name(), short(high)),
        },
        (None, Some(low)) => match place {
            Place::Main | Place::PreRelease => {
                format!("{} comes before nothing in {where_}", short(low))
            }
            _ => format!("{} ({}) comes before none", place.name(), short(low)),
        },
        (None, None) => format!("{where_} decides"),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text that fits into a sentence.
fn short(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

fn ordinal(at: usize) -> String {
    const NAMES: [&str; 8] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
    ];
    NAMES
        .get(at)
        .map_or_else(|| format!("{}th", at + 1), |name| (*name).to_owned())
}

/// Runs of digits and of other characters, without separators.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            if matches!(first, '.' | '-' | '_' | '+' | ':') {
                rest = rest.get(1..)?;
                continue;
            }
            let digits = first.is_ascii_digit();
            let end = rest
                .find(|c: char| {
                    c.is_ascii_digit() != digits || matches!(c, '.' | '-' | '_' | '+' | ':')
                })
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            return Some(run);
        }
    })
}

/// The parts of a version at their places.
fn parts(scheme: Scheme, version: &str) -> Vec<Part<'_>> {
    let part = |place, text| Part { place, text };
    let version = version.trim();
    match scheme {
        Scheme::SemVer
        | Scheme::Cargo
        | Scheme::Go
        | Scheme::Hex
        | Scheme::Pub
        | Scheme::Swift
        | Scheme::GitHubActions
        | Scheme::Bitnami
        | Scheme::Julia
        | Scheme::EchoNpm
        | Scheme::NuGet => {
            let Some(found) = semver::parts(version.strip_prefix("go").unwrap_or(version)) else {
                return Vec::new();
            };
            let after = if scheme == Scheme::Bitnami {
                Place::Revision
            } else {
                Place::PreRelease
            };
            let mut all = vec![
                part(Place::Main, found.numbers),
                part(after, found.prerelease),
            ];
            if matches!(scheme, Scheme::Pub | Scheme::Julia | Scheme::EchoNpm) {
                all.push(part(Place::Local, found.build));
            }
            all
        }
        Scheme::Pep440 => {
            let Some(found) = pep440::parts(version) else {
                return Vec::new();
            };
            let mut all = vec![
                part(Place::Epoch, found.epoch),
                part(Place::Main, found.release),
            ];
            if let Some((kind, number)) = found.pre {
                all.push(part(
                    Place::PreRelease,
                    ["a", "b", "rc"][usize::from(kind.min(2))],
                ));
                all.push(part(Place::PreRelease, number));
            }
            for (place, text) in [
                (Place::PostRelease, found.post),
                (Place::DevRelease, found.dev),
                (Place::Local, found.local),
            ] {
                if let Some(text) = text {
                    all.push(part(place, if text.is_empty() { "0" } else { text }));
                }
            }
            all
        }
        Scheme::Debian => {
            let (epoch, upstream, revision) = debian::split(version);
            vec![
                part(Place::Epoch, epoch),
                part(Place::Main, upstream),
                part(Place::Revision, revision),
            ]
        }
        Scheme::Rpm | Scheme::Alpm => {
            let (epoch, main, release) = rpm::split(version);
            vec![
                part(Place::Epoch, epoch),
                part(Place::Main, main),
                part(Place::Revision, release.unwrap_or_default()),
            ]
        }
        Scheme::Alpine => {
            let (main, revision) = version.rsplit_once("-r").unwrap_or((version, ""));
            vec![part(Place::Main, main), part(Place::Revision, revision)]
        }
        Scheme::Conan => {
            let (main, pre, build) = conan::split(version);
            vec![
                part(Place::Main, main),
                part(Place::PreRelease, pre.unwrap_or_default()),
                part(Place::Local, build.unwrap_or_default()),
            ]
        }
        Scheme::Conda => {
            let (epoch, rest) = version.split_once('!').unwrap_or(("", version));
            let (main, local) = rest.split_once('+').unwrap_or((rest, ""));
            vec![
                part(Place::Epoch, epoch),
                part(Place::Main, main),
                part(Place::Local, local),
            ]
        }
        Scheme::Maven
        | Scheme::RubyGems
        | Scheme::Packagist
        | Scheme::Cran
        | Scheme::Hackage
        | Scheme::Generic => {
            vec![part(
                Place::Main,
                version.strip_prefix(['v', 'V']).unwrap_or(version),
            )]
        }
    }
}

/// The part of a version that makes it a pre-release.
fn prerelease_text(scheme: Scheme, version: &str) -> Option<&str> {
    if let Scheme::Pep440 = scheme {
        let from = version.find(|c: char| c.is_ascii_alphabetic() && c != 'v')?;
        return version.get(from..);
    }
    let after = parts(scheme, version)
        .into_iter()
        .find(|part| part.place == Place::PreRelease && !part.text.is_empty())
        .map(|part| part.text);
    after.or_else(|| {
        let from = version
            .char_indices()
            .find(|(at, c)| *at > 0 && (c.is_ascii_alphabetic() || *c == '~'))?
            .0;
        version.get(from..).map(|text| text.trim_start_matches('~'))
    })
}

pub(crate) fn is_prerelease(scheme: Scheme, version: &str) -> bool {
    match scheme {
        Scheme::SemVer
        | Scheme::Cargo
        | Scheme::Go
        | Scheme::Hex
        | Scheme::Pub
        | Scheme::Swift
        | Scheme::GitHubActions
        | Scheme::Julia
        | Scheme::EchoNpm
        | Scheme::NuGet => {
            let text = if scheme == Scheme::Go {
                version.strip_prefix("go").unwrap_or(version)
            } else {
                version
            };
            semver::parts(text).is_some_and(|parts| !parts.prerelease.is_empty())
                && scheme.certainty(version) != Certainty::Unparsed
        }
        Scheme::Bitnami | Scheme::Cran | Scheme::Hackage => false,
        Scheme::Pep440 => pep440::parts(version).is_some_and(|parts| parts.is_prerelease()),
        Scheme::Maven => maven::is_prerelease(version),
        Scheme::RubyGems => rubygems::segments(version.trim())
            .any(|segment| matches!(segment, rubygems::Segment::Letters(_))),
        Scheme::Packagist => {
            let version = crate::packagist::normalize(version);
            ["dev", "alpha", "beta", "RC"]
                .iter()
                .any(|word| version.contains(word))
        }
        Scheme::Conan => conan::split(version).1.is_some(),
        Scheme::Debian | Scheme::Rpm => version.contains('~'),
        Scheme::Alpine => alpine::is_prerelease(version),
        Scheme::Generic | Scheme::Alpm => {
            version.contains('~')
                || runs(version).any(|word| generic::before_release(word.as_bytes()))
        }
        Scheme::Conda => runs(version).any(|word| {
            word.bytes().all(|byte| byte.is_ascii_alphabetic())
                && !word.eq_ignore_ascii_case("post")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_part_that_decides() {
        for (scheme, a, b, wanted) in [
            (
                Scheme::SemVer,
                "1.10.0",
                "1.9.3",
                "10 > 9 in the second part",
            ),
            (
                Scheme::SemVer,
                "1.9.3",
                "1.10.0",
                "10 > 9 in the second part",
            ),
            (
                Scheme::SemVer,
                "1.0.0-rc1",
                "1.0.0",
                "a pre-release (rc1) comes before its release",
            ),
            (
                Scheme::SemVer,
                "1.0.0-beta",
                "1.0.0-alpha",
                "beta comes after alpha in the pre-release",
            ),
            (
                Scheme::SemVer,
                "v1.0.0",
                "1.0.0",
                "they differ only where SemVer order does not look",
            ),
            (
                Scheme::SemVer,
                "1.0.0",
                "latest",
                "`latest` is no SemVer version, and those come first",
            ),
            (
                Scheme::Pep440,
                "1.0rc1",
                "1.0",
                "a pre-release (rc1) comes before its release",
            ),
            (
                Scheme::Pep440,
                "1.0.post1",
                "1.0",
                "the post-release (1) comes after none",
            ),
            (
                Scheme::Pep440,
                "1!1.0",
                "2.0",
                "an epoch of 1 comes after none",
            ),
            (
                Scheme::Maven,
                "1.0-SNAPSHOT",
                "1.0",
                "a pre-release (SNAPSHOT) comes before its release",
            ),
            (Scheme::Debian, "1.2-3", "1.2-10", "10 > 3 in the revision"),
            (
                Scheme::Debian,
                "1:1.0",
                "2.0",
                "an epoch of 1 comes after none",
            ),
            (
                Scheme::Rpm,
                "1.0~rc1",
                "1.0",
                "a pre-release (rc1) comes before its release",
            ),
            (
                Scheme::Alpine,
                "1.2.3-r1",
                "1.2.3-r0",
                "1 > 0 in the revision",
            ),
            (
                Scheme::RubyGems,
                "2.0.0",
                "2.0.0.pre1",
                "a pre-release (pre1) comes before its release",
            ),
            (
                Scheme::Hackage,
                "1.0",
                "1.0.0",
                "0 comes after nothing in the third part",
            ),
            (Scheme::SemVer, "same", "same", "both are the same text"),
            (
                Scheme::Maven,
                "2.9.0-1",
                "2.9.0.RC1",
                "`2.9.0-1` comes before `2.9.0.RC1` in Maven's own comparison (up to 3.8.6), which is not \
                 transitive around such pre-releases; in matching it comes after it",
            ),
            (
                Scheme::Maven,
                "1.0.x",
                "1.x",
                "`1.0.x` comes after `1.x` in Maven's own comparison (up to 3.8.6), which weighs zeros and \
                 `ga` before a word otherwise; in matching it equals it",
            ),
        ] {
            assert_eq!(
                scheme.explain(a, b).deciding_part,
                wanted,
                "{scheme:?} {a} {b}"
            );
        }
    }

    #[test]
    fn knows_pre_releases() {
        for (scheme, before, not) in [
            (Scheme::SemVer, "1.0.0-rc.1", "1.0.0+rc.1"),
            (
                Scheme::Go,
                "v0.0.0-20191109021931-daa7c04131f5",
                "v2.0.0+incompatible",
            ),
            (Scheme::Go, "go1.21rc2", "go1.21.1"),
            (Scheme::Pep440, "1.0.dev1", "1.0.post1"),
            (Scheme::Maven, "1.0.0.RC1", "1.0.0.Final"),
            (Scheme::Maven, "1.0-M2", "1.0-jre"),
            (Scheme::NuGet, "1.0.0.0-Beta", "1.0.0.1"),
            (Scheme::RubyGems, "1.0.0.pre", "1.0.0.1"),
            (Scheme::Packagist, "v1.0.0-BETA2", "1.0.0-patch1"),
            (Scheme::Debian, "1.0~rc1-1", "1.0-1"),
            (Scheme::Alpine, "1.0_rc1-r0", "1.0_p1-r0"),
            (Scheme::Rpm, "1.0~beta-1.el9", "1.0-0.rc1"),
            (Scheme::Conan, "1.0-pre", "1.0.a"),
            (Scheme::Generic, "v5.10-rc1", "v5.10"),
            (Scheme::Conda, "1.0rc1", "1.0.post1"),
            (Scheme::Hackage, "", "1.0"),
        ] {
            assert!(
                scheme.is_prerelease(before) || before.is_empty(),
                "{scheme:?} {before}"
            );
            assert!(!scheme.is_prerelease(not), "{scheme:?} {not}");
        }
    }
}
