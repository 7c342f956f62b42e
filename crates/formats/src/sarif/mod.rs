//! [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html),
//! made for [code scanning](https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support)
//! and any other viewer: one rule for each vulnerability, one result for each component that has it.
//!
//! - `partialFingerprints`: `primaryLocationLineHash` is the only one that GitHub compares, and `stanchionKey/v1` says
//!   the same under our name. Both come from the finding's key, which has neither line nor version, so an alert stays
//!   the same while its lockfile is edited; a second result of the same key is counted up, as `CodeQL` does.
//!   `fingerprints` are left to systems that manage results.
//! - `rank` is the score, 0-100. `security-severity` is CVSS's base score as GitHub wants it, held within the band of
//!   our severity: where sources disagree, or only have words, both must still say the same.
//! - [Limits](https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit):
//!   25,000 results and 20 places a result; what is cut is said in a notification and in the result's message.
//! - Where a policy judged, what the gate denies is an `error`, `suppressions` say what exceptions and statements say,
//!   and what no result can say (a rule that the whole target breaks, an exception that does not hold) is a
//!   notification.

#[cfg(test)]
pub(crate) mod judged;
mod notice;
mod result;
mod review;
mod rule;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Finding, Kind};
use stanchion_model::report::{Assessment, PolicyName};

use crate::text::{plain, uri_path};
use crate::{HOME, VERSION};
use notice::Notification;
use result::Outcome;
use review::{Review, is_judged};
use rule::Rule;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Most results that are written: GitHub refuses a file with more. The worst come first.
pub const MOST_RESULTS: usize = 25_000;

/// What the root of the sources is called in locations.
const ROOT: &str = "%SRCROOT%";

/// What the document needs to know besides the assessment.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The target's folder relative to the root of the sources, with `/` between parts; empty where it is the root.
    /// Code scanning finds a file by its path from there.
    pub prefix: &'a str,
    /// The exit code that the program is about to give, and what it means.
    pub exit: (u8, &'a str),
    /// Whether the target could be scanned at all.
    pub successful: bool,
}

/// Writes the findings as one run.
pub fn write(
    assessment: &Assessment,
    options: &Options<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let prefix = options.prefix.trim_matches('/');
    let findings = &assessment.findings[..assessment.findings.len().min(MOST_RESULTS)];
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut keys: HashMap<&str, usize> = HashMap::new();
    let mut results = Vec::with_capacity(findings.len());
    let review = Review::new(assessment);
    for finding in findings {
        let at = *index.entry(&finding.id).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(finding);
        let repeat = keys.entry(&finding.key).or_default();
        *repeat += 1;
        results.push(Outcome::new(
            finding,
            at,
            *repeat,
            prefix,
            &assessment.inventory,
            &review,
        ));
    }
    let database = &assessment.database;
    let left_out = assessment.findings.len() - findings.len();
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "Stanchion",
                version: VERSION,
                semantic_version: VERSION,
                information_uri: HOME,
                rules: groups.iter().map(|group| Rule::new(group)).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: options.successful,
            exit_code: options.exit.0,
            exit_code_description: options.exit.1,
            tool_execution_notifications: notice::execution(assessment, left_out, prefix),
            tool_configuration_notifications: notice::configuration(assessment),
        }],
        language: "en-GB",
        original_uri_base_ids: BaseIds {
            root: Base {
                description: Text {
                    text: "The root of the sources that were scanned.",
                },
            },
        },
        automation_details: Automation {
            id: category(&assessment.inventory.target, prefix),
        },
        column_kind: "unicodeCodePoints",
        results,
        properties: Properties {
            target: &assessment.inventory.target,
            as_of: &assessment.as_of,
            database: Database {
                snapshot: &database.snapshot,
                kind: &database.kind,
                updated: database.updated.as_deref(),
            },
            components: assessment.component_count(),
            findings_left_out: assessment.filtered,
            results_left_out: left_out,
            denied: assessment.verdict.denied,
            gate: is_judged(assessment).then_some(&*assessment.verdict.gate),
            policy: is_judged(assessment).then_some(&assessment.verdict.policy),
        },
    };
    // Compact: uploads are limited by size, and viewers do not show the text.
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer(
        &mut out,
        &Log {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [run],
        },
    )?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation<'a>; 1],
    language: &'static str,
    original_uri_base_ids: BaseIds,
    automation_details: Automation,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    exit_code: u8,
    exit_code_description: &'a str,
    tool_execution_notifications: Vec<Notification>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_configuration_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct BaseIds {
    #[serde(rename = "%SRCROOT%")]
    root: Base,
}

/// Without an address: it would tell about the machine, and would differ on each.
#[derive(Serialize)]
struct Base {
    description: Text,
}

#[derive(Serialize)]
struct Automation {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    target: &'a str,
    as_of: &'a str,
    database: Database<'a>,
    components: usize,
    findings_left_out: usize,
    results_left_out: usize,
    denied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a PolicyName>,
}

#[derive(Serialize)]
struct Database<'a> {
    snapshot: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<&'a str>,
}

#[derive(Serialize)]
struct Text {
    text: &'static str,
}

#[derive(Serialize)]
struct OwnedText {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

impl Location {
    fn new(prefix: &str, path: &str, line: Option<u32>) -> Self {
        let uri = match (prefix, path) {
            ("", path) => uri_path(path),
            (prefix, "" | ".") => uri_path(prefix),
            (prefix, path) => format!("{}/{}", uri_path(prefix), uri_path(path)),
        };
        let region = line
            .filter(|line| *line > 0)
            .map(|start_line| Region { start_line });
        let artifact_location = ArtifactLocation {
            uri,
            uri_base_id: ROOT,
        };
        Self {
            physical_location: PhysicalLocation {
                artifact_location,
                region,
            },
            logical_locations: Vec::new(),
        }
    }
}

/// How bad it is in SARIF's words.
fn level(finding: &Finding) -> &'static str {
    match (finding.severity, finding.kind) {
        (Some(Severity::Critical | Severity::High), _) | (_, Kind::Malicious) => "error",
        (Some(Severity::Medium), _)
        | (None, Kind::Unsound | Kind::EndOfLife | Kind::Yanked | Kind::Licence) => "warning",
        _ => "note",
    }
}

/// A category of its own for each target, so that the results of one do not replace those of another
/// ([GitHub](https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support#runautomationdetails-object):
/// all up to the last slash).
fn category(target: &str, prefix: &str) -> String {
    let name = if prefix.is_empty() {
        target
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default()
    } else {
        prefix
    };
    match plain(name).as_ref() {
        "" | "." | ".." => "stanchion/".to_owned(),
        name => format!("stanchion/{name}/"),
    }
}
