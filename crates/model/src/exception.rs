//! A written permission to leave a finding open for a time.

use serde::{Deserialize, Serialize};

use crate::vex::Justification;

/// What an exception covers. Every field that is given must hold; an exception that names neither a vulnerability nor a
/// rule covers nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ExceptionScope {
    /// Ids of the vulnerability or check, any of which may be the finding's id or an alias of it.
    pub ids: Vec<String>,
    /// Ids of policy rules whose violations are covered, such as `components/denied`.
    pub rules: Vec<String>,
    /// The component as a purl without version; a trailing `/*` or `*` stands for any name that begins so.
    pub purl: Option<String>,
    /// The versions meant, as a [VERS](https://github.com/package-url/vers-spec) range or a single version.
    pub versions: Option<String>,
    /// The product's name.
    pub product: Option<String>,
    /// Globs of files or project folders, relative to the target.
    pub paths: Vec<String>,
}

/// One exception, as the organisation's file has it or as another tool's ignore file says it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Exception {
    /// The organisation's id for it, such as `EX-2026-014`; empty in a file that has no place for it.
    pub id: String,
    /// What it covers.
    pub scope: ExceptionScope,
    /// Why.
    pub reason: Option<String>,
    /// What stands in for the fix meanwhile.
    pub compensating_control: Option<String>,
    /// Who asked for it.
    pub requested_by: Option<String>,
    /// Who allowed it.
    pub approver: Option<String>,
    /// The day on which it was allowed, `YYYY-MM-DD`.
    pub approved_on: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD`, or an exact time, RFC 3339.
    pub expires: Option<String>,
    /// Given where the product is not affected at all: the exception is then a `not_affected` in VEX.
    pub justification: Option<Justification>,
    /// 1-based line in its file.
    pub line: u32,
}

/// Exceptions read from a file of another tool's, and what of it ours cannot hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ForeignExceptions {
    /// What could be read.
    pub exceptions: Vec<Exception>,
    /// Entries that could not, with line and reason.
    pub refused: Vec<(u32, String)>,
    /// Fields that were read but that an exception has no place for, with line and reason.
    pub lossy: Vec<(u32, String)>,
}
