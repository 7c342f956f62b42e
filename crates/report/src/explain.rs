//! What `stanchion explain` says: answer, why, where, what to do.

use std::fmt::Write;

use serde::Serialize;
use stanchion_model::cvss::Vector;
use stanchion_model::finding::{Evidence, Finding, Kind};
use stanchion_model::threat::ThreatVector;

use crate::plain::{day, safe};

/// The formula, for `stanchion explain score`.
pub const SCORE: &str = "\
The score runs from 0 to 100 and is the sum of four factors; every finding shows its own.

  severity      0-45   4.5 for each point of the worst CVSS score any source gives
                       without a vector the middle of the band of the source's word
                       (low 2.5, medium 5.5, high 8.0, critical 9.5); without a word 5.5, assumed
  exploitation  0-30   the strongest of:
                       in CISA's KEV 27, with ransomware use 30; malicious package 30
                       SSVC active exploitation 25, public proof of concept 6
                       EPSS 24 x (1 + log10(p) / 3): 100 % is 24, 10 % is 16, 1 % is 8, 0.1 % is 0
  reach         0-10   over the network 4, no privileges needed 2, no user needed 2,
                       automatable (SSVC) 2; without a vector 6, assumed
  exposure      0-15   runtime 15, optional 12, build 10, test and development 5

It never falls when a signal gets worse. What is missing lowers the confidence, never the score.
Unmaintained, unsound, withdrawn and no longer supported are told apart and have no score.
";

/// One record, as `explain` shows it.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the advisory")]
pub struct Advisory {
    pub id: String,
    pub title: String,
    pub severity: Option<String>,
    pub cvss: Vec<String>,
    pub cwes: Vec<u32>,
    pub aliases: Vec<String>,
    pub published: Option<String>,
    pub modified: Option<String>,
    pub details: String,
    pub references: Vec<String>,
}

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// `-v`: the advisory's text too.
    pub verbose: bool,
}

/// Label and text, the text hanging under itself.
fn entry(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{label:<12}{text}");
}

/// A vulnerability, with the findings of the project at hand.
pub fn vulnerability(
    id: &str,
    advisories: &[Advisory],
    findings: &[Finding],
    view: &View,
) -> String {
    let mut out = String::new();
    for finding in findings {
        out.push_str(&self::finding(finding));
        out.push('\n');
    }
    if findings.is_empty() {
        let title = advisories
            .iter()
            .map(|advisory| advisory.title.as_str())
            .find(|title| !title.is_empty())
            .unwrap_or_default();
        let _ = writeln!(out, "{}   {}\n", safe(id), safe(title));
        for advisory in advisories {
            let mut parts: Vec<String> = Vec::new();
            parts.extend(advisory.severity.clone());
            parts.extend(
                advisory
                    .cvss
                    .iter()
                    .map(|vector| match Vector::parse(vector) {
                        Ok(parsed) => format!("{:.1} ({})", parsed.score(), safe(vector)),
                        Err(_) => safe(vector),
                    }),
            );
            parts.extend(advisory.cwes.iter().map(|cwe| format!("CWE-{cwe}")));
            if let Some(published) = &advisory.published {
                parts.push(format!("published {}", day(published)));
            }
            entry(
                &mut out,
                "Record",
                &format!("{}   {}", safe(&advisory.id), parts.join("  ·  ")),
            );
        }
    }
    if view.verbose {
        for advisory in advisories {
            let _ = writeln!(
                out,
                "--- {}: {}\n",
                safe(&advisory.id),
                safe(&advisory.title)
            );
            for line in advisory.details.lines() {
                let _ = writeln!(out, "  {}", safe(line));
            }
            out.push('\n');
            for address in &advisory.references {
                let _ = writeln!(out, "  {}", safe(address));
            }
            out.push('\n');
        }
    } else {
        let mut links: Vec<&str> = advisories
            .iter()
            .flat_map(|advisory| advisory.references.iter().map(String::as_str))
            .collect();
        links.sort_unstable();
        links.dedup();
        let first = links.first().map(|link| safe(link)).unwrap_or_default();
        let more = if links.len() > 1 {
            format!(" and {} more", links.len() - 1)
        } else {
            String::new()
        };
        entry(
            &mut out,
            "Read on",
            &format!("{first}{more}; the advisory's text with -v"),
        );
    }
    out
}

/// A finding: what, why, where, what to do.
pub fn finding(finding: &Finding) -> String {
    let mut out = String::new();
    let component = &finding.component;
    let name = format!("{} {}", safe(&component.name), safe(&component.version));
    let mut head = format!("{}   {name}", safe(&finding.id));
    if let Some(score) = finding.score {
        let _ = write!(head, "   score {score:.0}");
    }
    match (&finding.kev, finding.kind) {
        (_, Kind::Malicious) => head.push_str("   malicious"),
        (Some(kev), _) => {
            let _ = write!(head, "   exploited, known since {}", day(&kev.added));
        }
        _ => {}
    }
    let _ = writeln!(out, "{head}\n{}\n", safe(&finding.title));
    if let Some(score) = finding.score {
        for (at, factor) in finding.factors.iter().enumerate() {
            let label = if at == 0 {
                format!("Why {score:.0}")
            } else {
                String::new()
            };
            entry(
                &mut out,
                &label,
                &format!(
                    "{:>5.1} of {:<4.0} {}: {}",
                    factor.points,
                    factor.max,
                    factor.name,
                    safe(&factor.value)
                ),
            );
        }
    }
    for (at, evidence) in finding.evidence.iter().enumerate() {
        let label = if at == 0 { "Affected" } else { "" };
        entry(
            &mut out,
            label,
            &format!(
                "{} ({}) {}",
                safe(&evidence.advisory),
                safe(&evidence.source),
                because(evidence, finding)
            ),
        );
        if let Some(note) = &evidence.note {
            entry(&mut out, "", &format!("less than certain: {}", safe(note)));
        }
    }
    for (at, place) in finding.locations.iter().enumerate() {
        let label = if at == 0 { "Here" } else { "" };
        let line = place
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        entry(&mut out, label, &format!("{}{line}", safe(&place.path)));
    }
    for path in &finding.paths {
        entry(
            &mut out,
            "",
            &path
                .iter()
                .map(|step| safe(step))
                .collect::<Vec<_>>()
                .join(" > "),
        );
    }
    if finding.other_paths > 0 {
        entry(
            &mut out,
            "",
            &format!("and {} other paths", finding.other_paths),
        );
    }
    if !finding.vectors.is_empty() {
        let titles: Vec<&str> = finding
            .vectors
            .iter()
            .copied()
            .map(ThreatVector::title)
            .collect();
        entry(&mut out, "Used for", &titles.join(", "));
    }
    entry(&mut out, "Do", &advice(finding));
    if !finding.aliases.is_empty() {
        entry(
            &mut out,
            "Also",
            &finding
                .aliases
                .iter()
                .map(|alias| safe(alias))
                .collect::<Vec<_>>()
                .join(", "),
        );
    }
    out
}

/// What the evidence says about the version: `says >=2.13.0, <2.15.0; 2.14.1 is inside (Maven order)`.
pub(crate) fn because(evidence: &Evidence, finding: &Finding) -> String {
    match evidence.range.strip_prefix("listed: ") {
        Some(version) => format!("lists {}", safe(version)),
        None => format!(
            "says {}; {} is inside ({} order)",
            safe(&evidence.range),
            safe(&finding.component.version),
            safe(&evidence.comparator)
        ),
    }
}

/// What to do about a finding, in a sentence.
pub(crate) fn advice(finding: &Finding) -> String {
    safe(&finding.advice())
}

/// A CVSS vector in words.
pub fn cvss(vector: &Vector) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{vector}   {:.1} {}   (CVSS {})\n",
        vector.score(),
        vector.severity().as_str(),
        vector.version()
    );
    entry(&mut out, "Base", &format!("{:.1}", vector.base_score()));
    if let Some(score) = vector.temporal_score().filter(|_| vector.has_temporal()) {
        entry(&mut out, "Temporal", &format!("{score:.1}"));
    }
    if let Some(score) = vector
        .environmental_score()
        .filter(|_| vector.has_environmental())
    {
        entry(&mut out, "Environment", &format!("{score:.1}"));
    }
    out.push('\n');
    for ((metric, _), (name, value)) in vector.metrics().zip(vector.explain()) {
        let _ = writeln!(out, "  {metric:<4} {name:<32} {value}");
    }
    out
}
