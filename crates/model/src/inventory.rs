//! What a target is made of: projects, components, places, and what could not be read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ecosystem::Ecosystem;
use crate::purl::Purl;

/// The name of a component in its [`Inventory`]: its index in [`Inventory::components`].
pub type ComponentId = u32;

/// A file, relative to the target with `/` between parts, and a line in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// Relative path; the file's own name when the target is that file.
    pub path: Arc<str>,
    /// 1-based; `None` where the format cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Why a component is there. Ordered: the strongest reason first, and a component needed for several takes the first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Needed to run the product.
    Runtime,
    /// Runs when present.
    Optional,
    /// Runs while the product is built.
    Build,
    /// Only for tests.
    Test,
    /// Only on developers' machines.
    Dev,
}

impl Scope {
    /// The word shown and written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Optional => "optional",
            Self::Build => "build",
            Self::Test => "test",
            Self::Dev => "dev",
        }
    }

    /// Whether the component never reaches production.
    pub const fn is_development(self) -> bool {
        matches!(self, Self::Test | Self::Dev)
    }
}

/// Where a component's code comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The ecosystem's registry or a mirror of it: advisories about the name hold.
    Registry,
    /// The project's own: local, workspace or path package. Never matched as if it came from a registry.
    Own,
    /// A git repository, at a commit where the format tells.
    Git {
        /// The repository's address, as written.
        url: String,
        /// The commit, in hexadecimal.
        commit: Option<String>,
    },
    /// A file fetched from an address outside the registry.
    Url(String),
}

/// A cryptographic hash of a component's archive.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hash {
    /// The algorithm by CycloneDX's name, such as `SHA-512`.
    pub algorithm: Algorithm,
    /// Lower-case hexadecimal.
    pub hex: String,
}

/// Hash algorithms that lockfiles and SBOMs use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    #[serde(rename = "MD5")]
    Md5,
    #[serde(rename = "SHA-1")]
    Sha1,
    #[serde(rename = "SHA-256")]
    Sha256,
    #[serde(rename = "SHA-384")]
    Sha384,
    #[serde(rename = "SHA-512")]
    Sha512,
    #[serde(rename = "BLAKE2b-256")]
    Blake2b256,
    #[serde(rename = "BLAKE3")]
    Blake3,
}

impl Algorithm {
    /// The name in CycloneDX; SPDX writes it without the hyphen for SHA.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Blake2b256 => "BLAKE2b-256",
            Self::Blake3 => "BLAKE3",
        }
    }

    /// By any common spelling: `sha512`, `SHA-512`, `SHA512`.
    pub fn from_word(word: &str) -> Option<Self> {
        let plain: String = word
            .chars()
            .filter(|c| !matches!(c, '-' | '_'))
            .collect::<String>()
            .to_ascii_lowercase();
        Some(match plain.as_str() {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "blake2b256" => Self::Blake2b256,
            "blake3" => Self::Blake3,
            _ => return None,
        })
    }

    /// Length of the hash in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake2b256 | Self::Blake3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A package in an inventory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Component {
    /// The component's name across tools, with its version where that is known.
    pub purl: Purl,
    /// The ecosystem whose advisories and version order apply.
    pub ecosystem: Ecosystem,
    /// A distribution's release, in OSV's form (`12`, `v3.19`), for OS packages.
    pub release: Option<String>,
    /// The name as the ecosystem writes it: `@scope/name`, `group:artifact`, a module path.
    pub name: String,
    /// The version as the file has it; `None` when it is not pinned.
    pub version: Option<String>,
    /// Where the code comes from.
    pub origin: Origin,
    /// Whether the project itself asks for it; `None` where the format cannot tell.
    pub direct: Option<bool>,
    /// Why it is there.
    pub scope: Scope,
    /// Every place that names it, sorted.
    pub locations: Vec<Location>,
    /// Hashes of its archive, where given.
    pub hashes: Vec<Hash>,
    /// Licences as declared, SPDX expressions where they are.
    pub licences: Vec<String>,
    /// The project it belongs to: an index in [`Inventory::projects`].
    pub project: u32,
    /// What it needs, sorted; empty where the format has no edges.
    pub dependencies: Vec<ComponentId>,
    /// Withdrawn from its registry by the author (yanked, retracted), where the file tells.
    pub yanked: bool,
}

/// A folder with a lockfile, or a document: the unit a finding belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The folder relative to the target with `/`; empty for the target itself. For a document, its path.
    pub root: String,
    /// The name the project gives itself, else its folder's.
    pub name: String,
    /// The version the project gives itself.
    pub version: Option<String>,
    /// The files it was read from, relative to the target, sorted.
    pub files: Vec<String>,
}

/// What is wrong with a [`Problem`]'s place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// A file or a part of it could not be read.
    Unreadable,
    /// Something named there could not be found or pinned: a parent POM, a version, a lockfile.
    Unresolved,
    /// A component for which no advisory can be looked up.
    Unmatched,
    /// Something odd that changes no answer by itself, such as a key that stands twice.
    Odd,
}

/// What could not be read, resolved or matched, and where.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Relative path.
    pub path: String,
    /// 1-based line, where there is one.
    pub line: Option<u32>,
    /// What is wrong with it.
    pub kind: ProblemKind,
    /// What happened, in words, without a trailing period.
    pub reason: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Anything else an inventory saw that other rooms need.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, by a fixed word: `registry`, `toolchain`, ...
    pub kind: String,
    /// Its value.
    pub value: String,
    /// Where it was seen.
    pub location: Location,
}

/// What a target is made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inventory {
    /// The target as it was named, for people.
    pub target: String,
    /// Projects, sorted by root.
    pub projects: Vec<Project>,
    /// Components, sorted by project, ecosystem, name and version.
    pub components: Vec<Component>,
    /// What else was seen, sorted.
    pub facts: Vec<Fact>,
    /// What could not be read or resolved, sorted.
    pub problems: Vec<Problem>,
    /// How many files were read as inventory (lockfiles, manifests, documents).
    pub files: usize,
}

impl Inventory {
    /// The components that are not the project's own.
    pub fn foreign(&self) -> impl Iterator<Item = &Component> {
        self.components
            .iter()
            .filter(|component| component.origin != Origin::Own)
    }
}
