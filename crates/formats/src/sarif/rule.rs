//! Rules: one for each id, with what holds of all its findings.

use std::fmt::Write as _;

use serde::Serialize;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Confidence, Finding, Kind};

use super::{OwnedText, level};
use crate::bill::each_once;
use crate::text::{code, cut, markdown, plain};
use crate::{advice, text};

/// Longest description that GitHub takes, in characters.
const LONGEST: usize = 1024;

/// Most tags of a rule: GitHub refuses more than twenty and shows ten.
const MOST_TAGS: usize = 10;

/// Most rows in the help of one rule.
const MOST_ROWS: usize = 50;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    id: String,
    name: &'static str,
    short_description: OwnedText,
    full_description: OwnedText,
    help_uri: String,
    help: Help,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<f64>,
}

#[derive(Serialize)]
struct Properties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    problem_severity: &'static str,
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<String>,
    kind: Kind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cwe: Vec<String>,
}

impl Rule {
    /// All findings of one id, worst first; at least one.
    pub(super) fn new(group: &[&Finding]) -> Self {
        let worst = group[0];
        let aliases = each_once(group.iter().flat_map(|finding| &finding.aliases).cloned());
        let cwe = each_once(group.iter().flat_map(|finding| &finding.cwes).cloned());
        let level = level(worst);
        Self {
            id: worst.id.clone(),
            name: name(worst.kind),
            short_description: OwnedText {
                text: cut(&headline(worst), LONGEST),
            },
            full_description: OwnedText {
                text: cut(&description(group, &aliases, &cwe), LONGEST),
            },
            help_uri: link(group),
            help: Help {
                text: help(group),
                markdown: help_markdown(group, &aliases, &cwe),
            },
            default_configuration: Configuration {
                level,
                rank: worst.score.map(|score| score.clamp(0.0, 100.0)),
            },
            properties: Properties {
                tags: tags(group, &cwe),
                precision: match group.iter().map(|finding| finding.confidence).max() {
                    Some(Confidence::High) => "high",
                    Some(Confidence::Medium) => "medium",
                    _ => "low",
                },
                problem_severity: if level == "note" {
                    "recommendation"
                } else {
                    level
                },
                security_severity: security_severity(group),
                kind: worst.kind,
                aliases,
                cwe,
            },
        }
    }
}

/// Pascal case, as the specification asks for in 3.49.7.
const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Vulnerability => "VulnerableComponent",
        Kind::Malicious => "MaliciousComponent",
        Kind::Unmaintained => "UnmaintainedComponent",
        Kind::Unsound => "UnsoundComponent",
        Kind::Yanked => "WithdrawnVersion",
        Kind::EndOfLife => "UnsupportedRelease",
        Kind::Licence => "DisallowedLicence",
        Kind::Check => "Check",
        Kind::External => "ExternalFinding",
    }
}

/// Whether each finding of the id has a title of its own, because the id is ours and not an advisory's.
const fn is_common(kind: Kind) -> bool {
    matches!(kind, Kind::Yanked | Kind::EndOfLife | Kind::Licence)
}

fn headline(finding: &Finding) -> String {
    if is_common(finding.kind) {
        capital(advice::kind(finding.kind))
    } else {
        format!("{}: {}", plain(&finding.id), plain(&finding.title))
    }
}

fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn description(group: &[&Finding], aliases: &[String], cwe: &[String]) -> String {
    let worst = group[0];
    let mut text = if is_common(worst.kind) {
        format!("{}.", capital(advice::kind(worst.kind)))
    } else {
        format!(
            "{} ({}).",
            plain(worst.title.trim_end_matches('.')),
            advice::kind(worst.kind)
        )
    };
    let mut add = |label: &str, items: Vec<String>| {
        if !items.is_empty() {
            let _ = write!(text, " {label}: {}.", items.join(", "));
        }
    };
    add(
        "Also known as",
        aliases
            .iter()
            .map(|alias| plain(alias).into_owned())
            .collect(),
    );
    add(
        "Weakness",
        cwe.iter().map(|cwe| plain(cwe).into_owned()).collect(),
    );
    add(
        "An attacker may use it for",
        each_once(group.iter().flat_map(|finding| &finding.vectors))
            .iter()
            .map(|vector| vector.title().to_lowercase())
            .collect(),
    );
    add(
        "Found in",
        each_once(group.iter().map(|finding| advice::component(finding))),
    );
    text
}

/// Where the id is read about: the first address that the evidence gives, else the id's home.
fn link(group: &[&Finding]) -> String {
    let worst = group[0];
    if worst.id.starts_with("CVE-") || worst.id.starts_with("GHSA-") {
        return advice::source(&worst.id).1;
    }
    let given = group
        .iter()
        .flat_map(|finding| &finding.evidence)
        .find_map(|evidence| text::uri(evidence.url.as_deref()?));
    given.unwrap_or_else(|| {
        if is_common(worst.kind) {
            crate::HOME.to_owned()
        } else {
            advice::source(&worst.id).1
        }
    })
}

fn help(group: &[&Finding]) -> String {
    let mut lines = each_once(group.iter().map(|finding| {
        let path = advice::path(finding)
            .map_or_else(String::new, |path| format!(" It is needed by {path}."));
        format!(
            "{}: {}{path}",
            advice::component(finding),
            advice::fix(finding)
        )
    }));
    let more = lines.len().saturating_sub(MOST_ROWS);
    lines.truncate(MOST_ROWS);
    if more > 0 {
        lines.push(format!("And {more} more."));
    }
    lines.join("\n")
}

fn help_markdown(group: &[&Finding], aliases: &[String], cwe: &[String]) -> String {
    let worst = group[0];
    let mut out = format!("**{}**\n\n", markdown(&headline(worst)));
    if let Some(score) = worst.score {
        let factors: Vec<String> = worst
            .factors
            .iter()
            .map(|factor| {
                format!(
                    "{} {} of {} ({})",
                    factor.name,
                    factor.points,
                    factor.max,
                    markdown(&factor.value)
                )
            })
            .collect();
        let _ = write!(out, "Score {score:.0} of 100: {}.\n\n", factors.join(", "));
    }
    let why = advice::why(worst);
    if !why.is_empty() {
        let _ = write!(out, "{}.\n\n", markdown(&capital(&why.join("; "))));
    }
    out.push_str("| Component | What to do | Needed by |\n|---|---|---|\n");
    let mut rows = each_once(group.iter().map(|finding| {
        let path = advice::path(finding)
            .map_or_else(|| "the project itself".to_owned(), |path| code(&path));
        format!(
            "| {} | {} | {path} |\n",
            code(&advice::component(finding)),
            markdown(&advice::fix(finding))
        )
    }));
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    out.extend(rows);
    if more > 0 {
        let _ = write!(out, "\nAnd {more} more.\n");
    }
    let links = each_once(
        group
            .iter()
            .flat_map(|finding| &finding.evidence)
            .filter_map(|evidence| {
                Some((
                    evidence.advisory.as_str(),
                    text::uri(evidence.url.as_deref()?)?,
                ))
            }),
    );
    if !links.is_empty() {
        let links: Vec<String> = links
            .iter()
            .take(MOST_ROWS)
            .map(|(id, url)| format!("[{}](<{url}>)", markdown(id)))
            .collect();
        let _ = write!(out, "\nRead on: {}\n", links.join(", "));
    }
    if !aliases.is_empty() {
        let _ = write!(
            out,
            "\nAlso known as {}\n",
            aliases
                .iter()
                .map(|alias| markdown(alias))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    if !cwe.is_empty() {
        let _ = write!(
            out,
            "\nWeakness: {}\n",
            cwe.iter()
                .map(|cwe| markdown(cwe))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    out
}

/// The most telling first: what is beyond the limit is left away.
fn tags(group: &[&Finding], cwe: &[String]) -> Vec<String> {
    let worst = group[0];
    let topic = if worst.kind.is_scored() || worst.kind == Kind::Unsound {
        "security"
    } else {
        "maintainability"
    };
    let mut tags = vec![topic.to_owned(), worst.kind.as_str().to_owned()];
    if group.iter().any(|finding| finding.kev.is_some()) {
        tags.push("known-exploited".to_owned());
    }
    tags.extend(
        group
            .iter()
            .flat_map(|finding| &finding.vectors)
            .map(|vector| vector.id().to_owned()),
    );
    // Named and padded as CodeQL does, which GitHub makes links of.
    tags.extend(cwe.iter().filter_map(|cwe| {
        Some(format!(
            "external/cwe/cwe-{:03}",
            cwe.strip_prefix("CWE-")?.parse::<u32>().ok()?
        ))
    }));
    let mut tags = each_once(tags.into_iter());
    tags.truncate(MOST_TAGS);
    tags
}

/// GitHub's bands are CVSS's: 9.0, 7.0, 4.0 and above 0.
fn security_severity(group: &[&Finding]) -> Option<String> {
    let scores = group.iter().filter_map(|finding| {
        let (low, high, middle) = match finding.severity? {
            Severity::Critical => (9.0, 10.0, 9.5),
            Severity::High => (7.0, 8.9, 8.0),
            Severity::Medium => (4.0, 6.9, 5.5),
            Severity::Low => (0.1, 3.9, 2.0),
            Severity::None => (0.0, 0.0, 0.0),
        };
        let given = finding
            .cvss
            .iter()
            .map(|score| score.score)
            .max_by(f64::total_cmp);
        Some(given.map_or(middle, |score| score.clamp(low, high)))
    });
    scores
        .max_by(f64::total_cmp)
        .map(|score| format!("{score:.1}"))
}
