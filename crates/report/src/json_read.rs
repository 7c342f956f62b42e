//! Reads a JSON report, `stanchion.report/1`, back into what the other outputs are made of.
//!
//! A report does not hold the inventory. Whoever reads it has it: it is what was assessed.

use serde::Deserialize;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::{Inventory, Problem};
use stanchion_model::report::{Assessment, DatabaseInfo, ExceptionNote, SCHEMA, Verdict};
use stanchion_model::text::quoted;

/// Largest report that is read, in bytes.
pub const MOST_BYTES: usize = 512 << 20;

/// Longest part of a report that a message quotes.
const MOST_QUOTED: usize = 100;

/// Fields that are not known are left alone: what would change an answer takes another version of the schema.
#[derive(Deserialize)]
struct Report {
    schema: String,
    as_of: String,
    target: String,
    database: DatabaseInfo,
    components: usize,
    findings: Vec<Finding>,
    filtered: usize,
    verdict: Verdict,
    #[serde(default)]
    exceptions: Vec<ExceptionNote>,
    problems: Vec<Problem>,
}

/// Why a report is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// It is larger than [`MOST_BYTES`].
    #[error("the report has {0} bytes, more than {MOST_BYTES}")]
    TooLarge(usize),
    /// It is no JSON, or not of the form that its schema asks for.
    #[error("the report cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It is of another schema.
    #[error("the report is of schema {0:?}, and {SCHEMA:?} is what is read")]
    Schema(String),
    /// It is about something else than the inventory at hand.
    #[error("the report is about another inventory: {0}")]
    Other(String),
}

impl ReportError {
    /// What a person should do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "scan a part of the target at a time",
            Self::Form(_) | Self::Schema(_) => {
                "update the older of the two: what wrote the report is another version"
            }
            Self::Other(_) => "ask again: the answer was not to what was sent",
        }
    }
}

/// Reads a report about an inventory.
///
/// # Errors
/// When it is too large, no report, of another version, or about something else.
pub fn read(bytes: &[u8], inventory: Inventory) -> Result<Assessment, ReportError> {
    if bytes.len() > MOST_BYTES {
        return Err(ReportError::TooLarge(bytes.len()));
    }
    let report: Report = serde_json::from_slice(bytes)?;
    if report.schema != SCHEMA {
        return Err(ReportError::Schema(quoted(&report.schema, MOST_QUOTED)));
    }
    if report.target != inventory.target {
        return Err(ReportError::Other(format!(
            "of {:?}, not {:?}",
            quoted(&report.target, MOST_QUOTED),
            quoted(&inventory.target, MOST_QUOTED)
        )));
    }
    let components = inventory.foreign().count();
    if report.components != components {
        return Err(ReportError::Other(format!(
            "it has {} components, not {components}",
            report.components
        )));
    }
    Ok(Assessment {
        as_of: report.as_of,
        inventory,
        database: report.database,
        findings: report.findings,
        filtered: report.filtered,
        verdict: report.verdict,
        exceptions: report.exceptions,
        problems: report.problems,
        timings: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assessment, clear, judged};
    use crate::{json, terminal};

    fn written(assessment: &Assessment) -> Vec<u8> {
        let mut out = Vec::new();
        json::write(assessment, &mut out).unwrap();
        out
    }

    #[test]
    fn what_was_written_comes_back() {
        let view = terminal::View {
            width: 100,
            colour: false,
            all: true,
            verbose: false,
            elapsed: 0.0,
        };
        for own in [clear(), assessment(), judged()] {
            let own = Assessment {
                timings: Vec::new(),
                ..own
            };
            let bytes = written(&own);
            let back = read(&bytes, own.inventory.clone()).unwrap();
            assert_eq!(back.findings, own.findings);
            assert_eq!(written(&back), bytes);
            assert_eq!(
                terminal::render(&back, &view),
                terminal::render(&own, &view)
            );
        }
    }

    #[test]
    fn what_is_no_report_of_this_inventory_is_refused() {
        let own = judged();
        let bytes = written(&own);
        assert!(matches!(
            read(&bytes[..bytes.len() / 2], own.inventory.clone()),
            Err(ReportError::Form(_))
        ));
        let text = String::from_utf8(bytes.clone()).unwrap();
        let newer = text.replacen("report/1", "report/2", 1);
        assert!(matches!(
            read(newer.as_bytes(), own.inventory.clone()),
            Err(ReportError::Schema(_))
        ));
        let mut other = own.inventory.clone();
        other.target = "elsewhere".into();
        assert!(matches!(read(&bytes, other), Err(ReportError::Other(_))));
        let mut other = own.inventory.clone();
        other.components.clear();
        assert!(matches!(read(&bytes, other), Err(ReportError::Other(_))));
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes(), own.inventory).is_err());
    }
}
