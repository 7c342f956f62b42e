//! What is wrong with a component or a place, and why we say so.

use serde::{Deserialize, Serialize};

use crate::cvss::Severity;
use crate::ecosystem::Ecosystem;
use crate::inventory::{Location, Scope};
use crate::purl::Purl;
use crate::threat::ThreatVector;

/// What sort of thing is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A known vulnerability.
    Vulnerability,
    /// A package made to do harm.
    Malicious,
    /// Nobody maintains it any more.
    Unmaintained,
    /// It breaks its language's safety promises.
    Unsound,
    /// Its author has withdrawn this version.
    Yanked,
    /// Its maker no longer supports this release.
    EndOfLife,
    /// A licence that the policy does not allow.
    Licence,
    /// A check of our own.
    Check,
    /// Another tool's finding.
    External,
}

impl Kind {
    /// The word written in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Malicious => "malicious",
            Self::Unmaintained => "unmaintained",
            Self::Unsound => "unsound",
            Self::Yanked => "yanked",
            Self::EndOfLife => "end-of-life",
            Self::Licence => "licence",
            Self::Check => "check",
            Self::External => "external",
        }
    }

    /// Whether the finding carries a severity and a score.
    pub const fn is_scored(self) -> bool {
        matches!(
            self,
            Self::Vulnerability | Self::Malicious | Self::Check | Self::External
        )
    }
}

/// How sure we are that the finding is real. Missing data lowers this and never the risk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess: an unparsable version, or a source that does not know the end of its range.
    Low,
    /// Read by a tolerant rule.
    Medium,
    /// Version, range and name are exact.
    High,
}

/// The component of a finding, enough of it to stand alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingComponent {
    /// With version.
    pub purl: Purl,
    /// The ecosystem's name for it.
    pub name: String,
    /// The version, as in the file.
    pub version: String,
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
}

/// A score that someone gave the vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CvssScore {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    /// The vector string.
    pub vector: String,
    /// Base score, 0-10.
    pub score: f64,
    /// The advisory that gives it.
    pub source: String,
}

/// What [EPSS](https://www.first.org/epss/) expects: the chance of exploitation in the next 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// 0-1.
    pub probability: f64,
    /// Share of CVEs with a lower probability, 0-1.
    pub percentile: f64,
}

/// An entry of CISA's [known exploited vulnerabilities](https://www.cisa.gov/known-exploited-vulnerabilities-catalog).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kev {
    /// Day it was added, `YYYY-MM-DD`.
    pub added: String,
    /// Day by which US agencies must act, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<String>,
    /// Used in ransomware campaigns, as far as CISA knows.
    pub ransomware: bool,
}

/// CISA's [SSVC](https://www.cisa.gov/ssvc) decision points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ssvc {
    /// State of exploitation.
    pub exploitation: Exploitation,
    /// Whether an attacker can automate the first steps of the kill chain.
    pub automatable: bool,
    /// Whether the attacker gains total control of the software.
    pub total_impact: bool,
}

/// SSVC's exploitation decision point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exploitation {
    /// No evidence.
    None,
    /// A public proof of concept.
    Poc,
    /// Seen in attacks.
    Active,
}

/// One reason for the score. The points of all factors add up to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// `severity`, `exploitation`, `reach` or `exposure`.
    pub name: String,
    /// What was found, in words.
    pub value: String,
    /// Points given.
    pub points: f64,
    /// Most points this factor can give.
    pub max: f64,
    /// The value stands for data that no source gave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

/// Why we say that a component is affected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who says it: the advisory's home database.
    pub source: String,
    /// The advisory's own id.
    pub advisory: String,
    /// The affected range that holds the version, or the listed version.
    pub range: String,
    /// The order by which it was decided, such as `Maven`.
    pub comparator: String,
    /// Anything that makes this less than certain, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// By when something has to be done about a finding, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// `triage`, `fix`, `contact` (write to the maker), `reply` (the maker has to answer) or `review`.
    pub what: String,
    /// RFC 3339; `None` where it is due with the next upgrade, or stands still.
    pub due: Option<String>,
    /// The policy rule.
    pub rule: String,
    /// What started the time: `detected`, `published`, `kev_added`, `fix_available` or `exception_ended`.
    pub clock: String,
    /// When that was, RFC 3339.
    pub start: Option<String>,
    /// The start stands for one that nobody recorded, and is the earliest that it can have been.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
    /// Whole days over; 0 while it is not late.
    pub late_days: u32,
}

/// What somebody says about a finding, and whether that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementNote {
    /// `not_affected`, `affected`, `fixed` or `under_investigation`.
    pub status: String,
    /// Who, as they call themselves.
    pub author: String,
    /// `applied`, `outvoted` (a more specific or a newer one counts) or `proposed` (nobody trusted said it).
    pub standing: String,
    /// File and line.
    pub place: String,
    /// Why not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// One vulnerability or check on one component version or place of one project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stays the same while the problem does: project root, purl without version, canonical id.
    pub key: String,
    /// What sort of thing is wrong.
    pub kind: Kind,
    /// CVE, else GHSA, else the source's own id; a check's id.
    pub id: String,
    /// The other ids of the same vulnerability, sorted.
    pub aliases: Vec<String>,
    /// One line on what is wrong.
    pub title: String,
    /// What it is wrong with.
    pub component: FindingComponent,
    /// The project's root folder relative to the target.
    pub project: String,
    /// Whether the project asks for the component itself; `None` where the format cannot tell.
    pub direct: Option<bool>,
    /// Every place that names the component.
    pub locations: Vec<Location>,
    /// Ways from the project to the component, shortest first, one for each first step; at most a few.
    pub paths: Vec<Vec<String>>,
    /// Ways that are not in `paths`.
    pub other_paths: usize,
    /// Why the component is there.
    pub scope: Scope,
    /// By the worst score any source gives, else by the source's word. `None` where the kind is unscored.
    pub severity: Option<Severity>,
    /// Scores given by sources.
    pub cvss: Vec<CvssScore>,
    /// Chance of exploitation.
    pub epss: Option<Epss>,
    /// Known exploitation.
    pub kev: Option<Kev>,
    /// CISA's decision points.
    pub ssvc: Option<Ssvc>,
    /// 0-100; `None` where the kind is unscored.
    pub score: Option<f64>,
    /// What makes up the score.
    pub factors: Vec<Factor>,
    /// How sure we are.
    pub confidence: Confidence,
    /// Versions that clear this vulnerability, lowest first.
    pub fixed_in: Vec<String>,
    /// Lowest version that clears everything known about the component.
    pub upgrade_to: Option<String>,
    /// Who says it, and by which rule.
    pub evidence: Vec<Evidence>,
    /// Weakness ids, `CWE-79`.
    pub cwes: Vec<String>,
    /// Ways an attacker uses it.
    pub vectors: Vec<ThreatVector>,
    /// Day the first source published it, RFC 3339.
    pub published: Option<String>,
    /// Not in the base or baseline that was compared with.
    pub is_new: Option<bool>,
    /// Team or person, once a policy resolves it.
    pub owner: Option<String>,
    /// When it must be fixed, RFC 3339, once a policy says so.
    pub due: Option<String>,
    /// `open`, `in_triage`, `overdue`, `excepted`, `fixed` or `not_affected`.
    pub state: String,
    /// The policy rule that decided.
    pub rule: Option<String>,
    /// The exception that covers it.
    pub exception: Option<String>,
    /// The product it belongs to, by the policy's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// By when what has to be done; of each sort the earliest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<Deadline>,
    /// What has to be done besides, such as `forensic_triage`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Who has to be told, by the policy's escalation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalated_to: Vec<String>,
    /// What people say about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementNote>,
}

/// What a finding's state can be.
pub const STATES: [&str; 6] = [
    "open",
    "in_triage",
    "overdue",
    "excepted",
    "fixed",
    "not_affected",
];

impl Finding {
    /// Whether nothing remains to be done about it: it is fixed, or does not matter here.
    pub fn is_closed(&self) -> bool {
        matches!(self.state.as_str(), "fixed" | "not_affected")
    }

    /// What to do about it, in a sentence without capital and full stop. Names stand in it as they are in the
    /// scanned file: whoever shows it makes them harmless.
    pub fn advice(&self) -> String {
        let name = &self.component.name;
        let version = &self.component.version;
        match self.kind {
            Kind::Malicious => {
                return format!(
                    "remove {name} at once, and rotate every secret that the machines it ran on could read"
                );
            }
            Kind::Unmaintained => {
                return format!(
                    "look for a maintained successor of {name}; nobody will fix what is found in it next"
                );
            }
            Kind::Yanked => {
                return format!("move {name} to another version: its author withdrew {version}");
            }
            Kind::EndOfLife => return format!("move {name} to a release that is still supported"),
            Kind::Licence => {
                return format!(
                    "replace {name}, or have its licence allowed by the policy or by an exception"
                );
            }
            Kind::Check if self.score.is_none() => {
                return format!(
                    "replace {name} or take it from an allowed place, or have it allowed by the policy or by an exception"
                );
            }
            _ => {}
        }
        let clears = self
            .upgrade_to
            .as_deref()
            .map(|to| (to, "everything known about it"));
        let some = self.fixed_in.first().map(|to| (to.as_str(), "this"));
        let Some((to, what)) = clears.or(some) else {
            return format!(
                "no version clears it yet: look for a workaround in the advisory, replace {name}, or ask its maker"
            );
        };
        match (self.direct, self.paths.first()) {
            (Some(false), Some(path)) if path.len() > 2 => format!(
                "raise {} until it brings {name} {to} or later, which clears {what}; or override {name} to {to}",
                path[1]
            ),
            _ => format!("raise {name} from {version} to {to} or later, which clears {what}"),
        }
    }
}
