//! An advisory, ready for the index: what a feed's reader hands over.

use stanchion_model::cvss::Severity;
use stanchion_model::finding::Kind;

/// One record of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its own id.
    pub id: Box<str>,
    /// What it is about.
    pub kind: Kind,
    /// Ids of the same vulnerability elsewhere. These join.
    pub aliases: Vec<Box<str>>,
    /// Ids of vulnerabilities that it collects or repackages. These never join.
    pub upstream: Vec<Box<str>>,
    /// The source's word for its severity, or one drawn from a bare score.
    pub word: Option<Severity>,
    /// CVSS vector strings, as given.
    pub cvss: Vec<Box<str>>,
    /// Weaknesses.
    pub cwes: Vec<u32>,
    /// Seconds since 1970; 0 when unknown.
    pub published: u64,
    /// Seconds since 1970; 0 when unknown.
    pub modified: u64,
    /// One line.
    pub title: Box<str>,
    /// What is affected.
    pub affected: Vec<Affected>,
    /// The long text and its references.
    pub prose: Prose,
}

/// The part of an advisory that only `explain` and full reports touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    /// Markdown, as given.
    pub details: Box<str>,
    /// Addresses, in the source's order.
    pub references: Vec<Box<str>>,
}

/// What an advisory says about one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// OSV's name with its release (`Debian:12`), without a registry's address.
    pub ecosystem: Box<str>,
    /// As looked up.
    pub name: Box<str>,
    /// Ranges, events put in order.
    pub intervals: Vec<Interval>,
    /// Versions that are listed and lie in no interval.
    pub listed: Vec<Bound>,
    /// Commits that are named by ranges of type GIT, as `introduced`, `last_affected` or listed.
    pub commits: Vec<Box<str>>,
    /// The source does not know where the range ends.
    pub end_unknown: bool,
}

/// From where on, up to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// First affected version; `None` is the very first.
    pub low: Option<Bound>,
    /// The bound itself is not affected (a source's `>`).
    pub low_open: bool,
    /// Where it ends; `None` is never.
    pub high: Option<(End, Bound)>,
    /// By SemVer, whatever the ecosystem's own order is.
    pub semver: bool,
}

/// What the upper bound means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first version that is no longer affected.
    Fixed,
    /// The last version that is.
    LastAffected,
    /// The range's limit: above it the source says nothing.
    Limit,
}

/// A version as written, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// As the source writes it.
    pub text: Box<str>,
    /// Orders as the versions do.
    pub key: Box<[u8]>,
    /// The version could not be parsed by the ecosystem's grammar.
    pub unparsed: bool,
}
