//! The answer to a scan, as every output tells it.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::inventory::{Inventory, Problem};

/// The name and version of the JSON report.
pub const SCHEMA: &str = "stanchion.report/1";

/// What the advisories in use are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseInfo {
    /// Names exactly these advisories: a hash of the index.
    pub snapshot: String,
    /// `full`, `starter` (compiled in) or `none`.
    pub kind: String,
    /// Since the last successful import or check, RFC 3339.
    pub updated: Option<String>,
    /// Records kept: distinct, not withdrawn.
    pub advisories: u64,
    /// Records their source has withdrawn.
    pub withdrawn: u64,
    /// Records read again under the same id, and joined.
    pub merged: u64,
    /// Records that could not be used; `db status` lists the reasons.
    pub refused: u64,
    /// Where the records came from.
    pub sources: Vec<SourceInfo>,
}

/// One source of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// `npm`, `kev`, `epss`, ...
    pub name: String,
    /// Records or entries it gave.
    pub records: u64,
    /// Its newest change, RFC 3339 or a date.
    pub newest: Option<String>,
    /// When it was last read or checked, RFC 3339.
    pub fetched: Option<String>,
    /// What went wrong the last time, while older data stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A rule that a finding breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: String,
    /// The finding's key; `None` where the whole target breaks the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// The policy that judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyName {
    /// `default` when there is none.
    pub name: String,
    /// Its version, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 of its text, in hexadecimal.
    pub digest: Option<String>,
}

/// What the gate says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// `pull_request`, `build`, `release` or `deploy`.
    pub gate: String,
    /// Which policy judged.
    pub policy: PolicyName,
    /// Whether the gate is closed.
    pub denied: bool,
    /// Why.
    pub violations: Vec<Violation>,
    /// Rules that could not be decided for lack of evidence, where the policy does not deny for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Violation>,
    /// The gate is closed for lack of evidence alone: something could not be read, or the advisories are too old.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// What became of one exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionNote {
    /// Its id; empty where it has none.
    pub id: String,
    /// `applied`, `unused` (it is about nothing found), `orphaned` (what it is about is not here), `expired`,
    /// `not_yet`, `against_policy`, `out_of_scope` or `malformed`.
    pub status: String,
    /// File and line.
    pub place: String,
    /// Findings and violations that it covers.
    pub covers: u32,
    /// Why it covers nothing, or not everything it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What stands in for the fix meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensating_control: Option<String>,
}

impl ExceptionNote {
    /// Whether somebody has to look at it.
    pub fn is_wrong(&self) -> bool {
        !matches!(self.status.as_str(), "applied" | "not_yet")
    }
}

/// Time spent in one stage, for `-v`.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// The stage.
    pub stage: &'static str,
    /// Seconds.
    pub seconds: f64,
}

/// Everything a scan found: what the formats and the portal are given.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    /// RFC 3339; the time that clocks used.
    pub as_of: String,
    /// What it is made of.
    pub inventory: Inventory,
    /// The advisories in use.
    pub database: DatabaseInfo,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// Findings left out by the filters that were asked for.
    pub filtered: usize,
    /// What the gate says.
    pub verdict: Verdict,
    /// What became of each exception, in the order of their files.
    pub exceptions: Vec<ExceptionNote>,
    /// What could not be read, resolved or matched.
    pub problems: Vec<Problem>,
    /// Where the time went. Never part of a document.
    pub timings: Vec<Timing>,
}

impl Assessment {
    /// Components that are not the project's own.
    pub fn component_count(&self) -> usize {
        self.inventory.foreign().count()
    }

    /// Of those, the ones that a project asks for itself.
    pub fn direct_count(&self) -> usize {
        self.inventory
            .foreign()
            .filter(|component| component.direct == Some(true))
            .count()
    }
}
