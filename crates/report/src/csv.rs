//! The CSV report: one row a finding, for spreadsheets and scripts.
//!
//! [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) with a header row, CRLF line ends and UTF-8 without a mark.
//! The columns and their order are stable; new ones are added at the end. Several values in one cell are parted by a
//! space (ids, sources, versions), places by `; ` and the steps of a path by ` > `. What is not known is empty.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a single quote in front, so that no
//! spreadsheet takes it for a formula: see [CWE-1236](https://cwe.mitre.org/data/definitions/1236.html). Control
//! characters become U+FFFD, as in every report.

use std::io::{self, Write};

use stanchion_model::finding::{Confidence, Exploitation, Finding};
use stanchion_model::report::Assessment;

use crate::group::{first_place, place};
use crate::plain::safe;
use crate::ruling::fix;

/// The header row.
pub const COLUMNS: [&str; 39] = [
    "key",
    "kind",
    "id",
    "aliases",
    "title",
    "ecosystem",
    "component",
    "version",
    "purl",
    "project",
    "direct",
    "scope",
    "severity",
    "score",
    "cvss_version",
    "cvss_score",
    "cvss_vector",
    "epss",
    "epss_percentile",
    "kev_added",
    "kev_ransomware",
    "ssvc_exploitation",
    "confidence",
    "fixed_in",
    "upgrade_to",
    "path",
    "location",
    "threat_vectors",
    "cwes",
    "published",
    "sources",
    "other_locations",
    "owner",
    "product",
    "state",
    "due",
    "rule",
    "exception",
    "late_days",
];

/// Writes the report.
pub fn write(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(COLUMNS)?;
    for finding in &assessment.findings {
        writer.write_record(row(finding).iter().map(|cell| guard(cell)))?;
    }
    writer.flush()
}

fn row(finding: &Finding) -> [String; COLUMNS.len()] {
    // The worst score speaks, as it does in the formula.
    let cvss = finding
        .cvss
        .iter()
        .max_by(|a, b| a.score.total_cmp(&b.score));
    let yes = |value: bool| if value { "true" } else { "false" }.to_owned();
    let share = |value: f64| format!("{value:.5}");
    let sources = {
        let mut sources: Vec<&str> = finding
            .evidence
            .iter()
            .map(|evidence| evidence.advisory.as_str())
            .collect();
        sources.dedup();
        sources.join(" ")
    };
    [
        finding.key.clone(),
        finding.kind.as_str().into(),
        finding.id.clone(),
        finding.aliases.join(" "),
        finding.title.clone(),
        finding.component.ecosystem.purl_type().into(),
        finding.component.name.clone(),
        finding.component.version.clone(),
        finding.component.purl.to_string(),
        finding.project.clone(),
        finding.direct.map(yes).unwrap_or_default(),
        finding.scope.as_str().into(),
        finding
            .severity
            .map(|severity| severity.as_str().to_owned())
            .unwrap_or_default(),
        finding
            .score
            .map(|score| format!("{score:.1}"))
            .unwrap_or_default(),
        cvss.map(|cvss| cvss.version.clone()).unwrap_or_default(),
        cvss.map(|cvss| format!("{:.1}", cvss.score))
            .unwrap_or_default(),
        cvss.map(|cvss| cvss.vector.clone()).unwrap_or_default(),
        finding
            .epss
            .map(|epss| share(epss.probability))
            .unwrap_or_default(),
        finding
            .epss
            .map(|epss| share(epss.percentile))
            .unwrap_or_default(),
        finding
            .kev
            .as_ref()
            .map(|kev| kev.added.clone())
            .unwrap_or_default(),
        finding
            .kev
            .as_ref()
            .map(|kev| yes(kev.ransomware))
            .unwrap_or_default(),
        finding
            .ssvc
            .map(|ssvc| exploitation(ssvc.exploitation).to_owned())
            .unwrap_or_default(),
        confidence(finding.confidence).into(),
        finding.fixed_in.join(" "),
        finding.upgrade_to.clone().unwrap_or_default(),
        finding
            .paths
            .first()
            .map(|path| path.join(" > "))
            .unwrap_or_default(),
        first_place(finding),
        finding
            .vectors
            .iter()
            .map(|vector| vector.id())
            .collect::<Vec<_>>()
            .join(" "),
        finding.cwes.join(" "),
        finding.published.clone().unwrap_or_default(),
        sources,
        finding
            .locations
            .iter()
            .skip(1)
            .map(place)
            .collect::<Vec<_>>()
            .join("; "),
        finding.owner.clone().unwrap_or_default(),
        finding.product.clone().unwrap_or_default(),
        finding.state.clone(),
        finding.due.clone().unwrap_or_default(),
        finding.rule.clone().unwrap_or_default(),
        finding.exception.clone().unwrap_or_default(),
        fix(finding)
            .map(|fix| fix.late_days.to_string())
            .unwrap_or_default(),
    ]
}

/// The words of the JSON report.
const fn exploitation(value: Exploitation) -> &'static str {
    match value {
        Exploitation::None => "none",
        Exploitation::Poc => "poc",
        Exploitation::Active => "active",
    }
}

const fn confidence(value: Confidence) -> &'static str {
    match value {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// Makes a cell harmless. Full-width forms count as well: some spreadsheets read them as the plain ones.
fn guard(cell: &str) -> String {
    let text = safe(cell);
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{text}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assessment, hostile, hostile_judged, judged};

    fn written(assessment: &Assessment) -> String {
        let mut out = Vec::new();
        write(assessment, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_row_a_finding() {
        insta::assert_snapshot!(written(&assessment()));
    }

    #[test]
    fn what_a_policy_says_stands_at_the_end() {
        let text = written(&judged());
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let rows: Vec<Vec<String>> = reader
            .records()
            .map(|row| row.unwrap().iter().skip(32).map(str::to_owned).collect())
            .collect();
        let lines: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn no_spreadsheet_runs_what_a_policy_says() {
        let mut assessment = hostile_judged();
        assessment.findings[0].owner = Some("=1+1".into());
        assessment.findings[0].product = Some("@SUM(1)".into());
        assessment.findings[0].exception = Some("\t-1".into());
        let text = written(&assessment);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), assessment.findings.len());
        assert_eq!(&rows[0][32], "'=1+1");
        for cell in rows.iter().flatten() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t']) && !cell.contains(['\u{1b}', '\n']),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn no_spreadsheet_runs_a_cell() {
        let text = written(&hostile());
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            COLUMNS
        );
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), hostile().findings.len());
        for cell in rows.iter().flatten() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝']),
                "{cell:?}"
            );
            assert!(!cell.contains(['\u{1b}', '\u{202e}']), "{cell:?}");
        }
        assert!(
            rows[0].iter().any(|cell| cell == "'=cmd|' /C calc'!A0"),
            "{rows:?}"
        );
    }

    #[test]
    fn without_findings_the_header_stands_alone() {
        assert_eq!(
            written(&Assessment::default()),
            format!("{}\r\n", COLUMNS.join(","))
        );
    }
}
