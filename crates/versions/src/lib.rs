//! Orders and ranges versions of every ecosystem, with order-preserving keys.
//!
//! Every ecosystem has its own idea of which version comes first. [`Scheme`] names those ideas; one
//! file of this crate implements each, with a link to the specification it follows.
//!
//! * [`Scheme::compare`] orders two version texts. It is a genuine total preorder on *every* string:
//!   it is defined by the keys below, so it cannot be intransitive.
//! * [`Scheme::key`] turns a text into bytes whose `memcmp` order is the order of the versions, and
//!   which are equal exactly where the versions are.
//! * [`Scheme::parse_range`] reads the range syntax of the ecosystem's own package manager, and
//!   [`parse_vers`] the `vers:` notation that goes across ecosystems.
//! * [`Scheme::explain`] says in a sentence which part of two versions decided.
//!
//! A text that a scheme cannot read has a place nevertheless: below every readable version of that
//! scheme, in byte order among its kind, unless the file of the scheme documents another rule.

mod alpine;
mod conan;
mod conda;
mod cran;
mod debian;
mod ecosystems;
mod explain;
mod generic;
mod hackage;
mod key;
mod maven;
mod maven_pairwise;
mod nuget;
mod packagist;
mod pep440;
mod range;
mod rpm;
mod rubygems;
mod semver;

use std::cmp::Ordering;

pub use explain::Explanation;
pub use range::{Interval, Range, RangeError, parse_vers};

/// A way to order versions, usually that of one package manager.
///
/// The numbers are persisted in a file format: a new scheme gets a new number, and none is reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum Scheme {
    /// Semantic Versioning 2.0.0 as npm reads it; also the `SEMVER` range type of OSV.
    SemVer = 1,
    /// Crates of crates.io: SemVer with Cargo's requirements as ranges.
    Cargo = 2,
    /// Go modules: SemVer with a leading `v`, pseudo-versions and `+incompatible`.
    Go = 3,
    /// Python packages: PEP 440.
    Pep440 = 4,
    /// Maven's `ComparableVersion`.
    Maven = 5,
    /// NuGet: four numbers and pre-release labels without regard to case.
    NuGet = 6,
    /// `Gem::Version`.
    RubyGems = 7,
    /// Composer's normalisation and PHP's `version_compare`.
    Packagist = 8,
    /// Hex (Elixir, Erlang).
    Hex = 9,
    /// Dart's pub, where build metadata is ordered.
    Pub = 10,
    /// Swift packages.
    Swift = 11,
    /// Conan 2.
    Conan = 12,
    /// Tags of GitHub Actions, such as `v4` and `v4.1.0`.
    GitHubActions = 13,
    /// Debian's dpkg.
    Debian = 14,
    /// Alpine's apk-tools.
    Alpine = 15,
    /// RPM's epoch, version and release.
    Rpm = 16,
    /// R's `package_version`.
    Cran = 17,
    /// Haskell's dotted integers.
    Hackage = 18,
    /// Natural order, for whatever has no order of its own.
    Generic = 19,
    /// Bitnami: SemVer whose numeric revision after the hyphen counts upwards.
    Bitnami = 20,
    /// Julia's `VersionNumber`.
    Julia = 21,
    /// Arch Linux's `vercmp`.
    Alpm = 22,
    /// Conda's `VersionOrder`.
    Conda = 23,
    /// Echo's builds of npm packages: SemVer, where the build `+echo.N` counts as well.
    EchoNpm = 24,
}

/// How a version was read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Certainty {
    /// By the grammar of the scheme.
    Exact,
    /// By a tolerant rule, such as a missing third number read as zero.
    Lenient,
    /// Not at all: the text only has a defined place in the order.
    Unparsed,
}

/// What the crate needs to know of each scheme: its number, its name, and how it writes keys.
struct Row {
    scheme: Scheme,
    name: &'static str,
    key: fn(&str, &mut Vec<u8>) -> Certainty,
}

/// One row a scheme, in the order of their numbers.
const TABLE: &[Row] = &[
    Row {
        scheme: Scheme::SemVer,
        name: "SemVer",
        key: semver::key_npm,
    },
    Row {
        scheme: Scheme::Cargo,
        name: "Cargo",
        key: semver::key_strict,
    },
    Row {
        scheme: Scheme::Go,
        name: "Go",
        key: semver::key_go,
    },
    Row {
        scheme: Scheme::Pep440,
        name: "PEP 440",
        key: pep440::key,
    },
    Row {
        scheme: Scheme::Maven,
        name: "Maven",
        key: maven::key,
    },
    Row {
        scheme: Scheme::NuGet,
        name: "NuGet",
        key: nuget::key,
    },
    Row {
        scheme: Scheme::RubyGems,
        name: "RubyGems",
        key: rubygems::key,
    },
    Row {
        scheme: Scheme::Packagist,
        name: "Packagist",
        key: packagist::key,
    },
    Row {
        scheme: Scheme::Hex,
        name: "Hex",
        key: semver::key_strict,
    },
    Row {
        scheme: Scheme::Pub,
        name: "Pub",
        key: semver::key_pub,
    },
    Row {
        scheme: Scheme::Swift,
        name: "Swift",
        key: semver::key_tag,
    },
    Row {
        scheme: Scheme::Conan,
        name: "Conan",
        key: conan::key,
    },
    Row {
        scheme: Scheme::GitHubActions,
        name: "GitHub Actions",
        key: semver::key_tag,
    },
    Row {
        scheme: Scheme::Debian,
        name: "Debian",
        key: debian::key,
    },
    Row {
        scheme: Scheme::Alpine,
        name: "Alpine",
        key: alpine::key,
    },
    Row {
        scheme: Scheme::Rpm,
        name: "RPM",
        key: rpm::key_rpm,
    },
    Row {
        scheme: Scheme::Cran,
        name: "CRAN",
        key: cran::key,
    },
    Row {
        scheme: Scheme::Hackage,
        name: "Hackage",
        key: hackage::key,
    },
    Row {
        scheme: Scheme::Generic,
        name: "natural",
        key: generic::key,
    },
    Row {
        scheme: Scheme::Bitnami,
        name: "Bitnami",
        key: semver::key_bitnami,
    },
    Row {
        scheme: Scheme::Julia,
        name: "Julia",
        key: semver::key_julia,
    },
    Row {
        scheme: Scheme::Alpm,
        name: "Pacman",
        key: rpm::key_alpm,
    },
    Row {
        scheme: Scheme::Conda,
        name: "Conda",
        key: conda::key,
    },
    Row {
        scheme: Scheme::EchoNpm,
        name: "Echo npm",
        key: semver::key_echo,
    },
];

impl Scheme {
    /// Every scheme, in the order of their numbers.
    pub const ALL: &[Self] = &{
        let mut all = [Self::SemVer; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            all[at] = TABLE[at].scheme;
            assert!(
                all[at] as usize == at + 1,
                "the table is in the order of the numbers"
            );
            at += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        // The table is in the order of the numbers, which `ALL` asserts when it is compiled.
        &TABLE[self as usize - 1]
    }

    /// Whether the numbers that two versions start with may decide before everything else, as in SemVer.
    fn numbers_decide(self, a: &str, b: &str) -> bool {
        match self {
            Self::SemVer
            | Self::Cargo
            | Self::Go
            | Self::NuGet
            | Self::Hex
            | Self::Pub
            | Self::Swift
            | Self::GitHubActions
            | Self::Bitnami
            | Self::Julia
            | Self::EchoNpm => true,
            // A `v` is a word to these.
            Self::Maven | Self::RubyGems | Self::Debian | Self::Rpm => {
                !a.starts_with('v') && !b.starts_with('v')
            }
            // What follows the numbers may make it no version at all.
            Self::Pep440 => {
                let plain = |text: &str| {
                    let mut last = b'.';
                    text.bytes().all(|byte| {
                        let sound = byte.is_ascii_digit() || (byte == b'.' && last != b'.');
                        last = byte;
                        sound
                    }) && last != b'.'
                };
                plain(a) && plain(b)
            }
            _ => false,
        }
    }

    /// The name for people, as in “Maven order”.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The number that a file format may persist.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The scheme of a number that [`Scheme::id`] gave.
    pub fn from_id(id: u8) -> Option<Self> {
        let at = usize::from(id).checked_sub(1)?;
        Self::ALL.get(at).copied()
    }

    /// The scheme that orders versions of an ecosystem.
    ///
    /// `name` is the name of an ecosystem in OSV, with or without a suffix (`Debian:12`), the type of
    /// a package URL (`pypi`, `golang`), or the name of a scheme; its case does not matter.
    pub fn for_ecosystem(name: &str) -> Option<Self> {
        ecosystems::scheme(name)
    }

    /// Orders two version texts.
    ///
    /// This is a total preorder on all strings: what cannot be read has a place too.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        if self.numbers_decide(a, b)
            && let Some(order) = semver::by_numbers(a, b)
        {
            return order;
        }
        let write = self.row().key;
        key::with_scratch(|left, right| {
            write(a, left);
            write(b, right);
            left.as_slice().cmp(right.as_slice())
        })
    }

    /// Appends an order-preserving key: keys compare as bytes the way [`Scheme::compare`] orders their
    /// versions, and are equal exactly where it says [`Ordering::Equal`].
    pub fn key(self, version: &str, out: &mut Vec<u8>) -> Certainty {
        (self.row().key)(version, out)
    }

    /// How this scheme reads a version.
    pub fn certainty(self, version: &str) -> Certainty {
        key::with_scratch(|scratch, _| self.key(version, scratch))
    }

    /// Whether the version comes before a release that it announces, such as `1.0.0-rc.1`.
    ///
    /// A text that the scheme cannot read is none.
    pub fn is_prerelease(self, version: &str) -> bool {
        explain::is_prerelease(self, version)
    }

    /// Reads a range in the syntax of the ecosystem's own package manager.
    pub fn parse_range(self, text: &str) -> Result<Range, RangeError> {
        range::parse(self, text)
    }

    /// Says which part of two versions decided their order.
    pub fn explain(self, a: &str, b: &str) -> Explanation {
        explain::explain(self, a, b)
    }
}
