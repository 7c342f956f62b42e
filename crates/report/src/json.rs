//! The JSON report, `stanchion.report/1`; its schema is `schemas/stanchion.report-1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Problem;
use stanchion_model::report::{Assessment, DatabaseInfo, ExceptionNote, SCHEMA, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    as_of: &'a str,
    target: &'a str,
    database: &'a DatabaseInfo,
    components: usize,
    findings: &'a [Finding],
    /// Findings that the filters left out.
    filtered: usize,
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exceptions: &'a [ExceptionNote],
    problems: &'a [Problem],
}

/// Writes the report, one line, with a line break at its end.
pub fn write(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        schema: SCHEMA,
        as_of: &assessment.as_of,
        target: &assessment.inventory.target,
        database: &assessment.database,
        components: assessment.component_count(),
        findings: &assessment.findings,
        filtered: assessment.filtered,
        verdict: &assessment.verdict,
        exceptions: &assessment.exceptions,
        problems: &assessment.problems,
    };
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer(&mut out, &report)?;
    out.write_all(b"\n")?;
    out.flush()
}
