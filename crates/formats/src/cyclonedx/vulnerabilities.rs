//! What is wrong with the components, one entry for each vulnerability.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Confidence, Finding, Kind};
use stanchion_model::report::Assessment;

use super::analysis::{Analysis, Permissions};
use super::ruling::Ruling;
use super::{Property, Refs, property};
use crate::bill::each_once;
use crate::{advice, text};

/// Most sentences on what to do about one vulnerability; the others differ only in the component's name.
const MOST_ADVICE: usize = 20;

#[derive(Serialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    id: &'a str,
    source: Source,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ratings: Vec<Rating<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cwes: Vec<u32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    recommendation: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advisories: Vec<Advisory<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<Analysis>,
    affects: Vec<Affected<'a>>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    source: Source,
}

#[derive(Serialize)]
struct Rating<'a> {
    source: Source,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
}

#[derive(Serialize)]
struct Advisory<'a> {
    title: &'a str,
    url: String,
}

#[derive(Serialize, PartialEq)]
struct Affected<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<Version<'a>>,
}

#[derive(Serialize, PartialEq)]
struct Version<'a> {
    version: &'a str,
    status: &'static str,
}

/// Whether a finding is about something that has an id of its own wherever it is met.
pub(super) const fn is_told(finding: &Finding) -> bool {
    matches!(
        finding.kind,
        Kind::Vulnerability | Kind::Malicious | Kind::Unmaintained | Kind::Unsound
    )
}

/// One entry for each id, in the order in which the findings come: worst first. Where people say different things about
/// its components, there is one for each of these.
pub(super) fn all<'a>(assessment: &'a Assessment, refs: &'a Refs) -> Vec<Vulnerability<'a>> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in assessment
        .findings
        .iter()
        .filter(|finding| is_told(finding))
    {
        let at = *index.entry(&finding.id).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(finding);
    }
    let listed: HashSet<&str> = refs.parts.iter().map(String::as_str).collect();
    let permissions = Permissions::new(assessment);
    let ruling = Ruling::new(assessment);
    let mut all = Vec::new();
    for group in &groups {
        for (at, (analysis, findings)) in permissions.part(group).into_iter().enumerate() {
            let mut one = vulnerability(&findings, analysis, &listed, &ruling);
            if at > 0 {
                one.bom_ref = format!("vulnerability-{}:{}", at + 1, one.id);
            }
            all.push(one);
        }
    }
    all
}

fn source(id: &str) -> Source {
    let (name, url) = advice::source(id);
    Source { name, url }
}

fn vulnerability<'a>(
    group: &[&'a Finding],
    analysis: Option<Analysis>,
    listed: &HashSet<&'a str>,
    ruling: &Ruling<'_>,
) -> Vulnerability<'a> {
    let closed = analysis.as_ref().is_some_and(Analysis::is_closed);
    let worst = group[0];
    let aliases = each_once(
        group
            .iter()
            .flat_map(|finding| &finding.aliases)
            .map(String::as_str),
    );
    let cwes = group.iter().flat_map(|finding| &finding.cwes);
    let mut cwes: Vec<u32> = cwes
        .filter_map(|cwe| cwe.strip_prefix("CWE-")?.parse().ok())
        .filter(|cwe| *cwe > 0)
        .collect();
    cwes.sort_unstable();
    cwes.dedup();
    let mut links: Vec<Advisory<'a>> = Vec::new();
    for evidence in group.iter().flat_map(|finding| &finding.evidence) {
        let url = evidence.url.as_deref().and_then(text::uri);
        if let Some(url) = url.filter(|url| links.iter().all(|known| known.url != *url)) {
            links.push(Advisory {
                title: &evidence.advisory,
                url,
            });
        }
    }
    Vulnerability {
        bom_ref: format!("vulnerability:{}", worst.id),
        id: &worst.id,
        source: source(&worst.id),
        references: aliases
            .into_iter()
            .map(|id| Reference {
                id,
                source: source(id),
            })
            .collect(),
        ratings: ratings(group),
        cwes,
        description: &worst.title,
        recommendation: recommendation(group),
        advisories: links,
        published: group
            .iter()
            .filter_map(|finding| finding.published.as_deref())
            .min(),
        analysis,
        affects: affects(group, closed, listed),
        properties: {
            let mut all = properties(group);
            all.extend(ruling.properties(group));
            all
        },
    }
}

/// Every source's score, and ours: 0-100 by an open formula, of the worst place.
fn ratings<'a>(group: &[&'a Finding]) -> Vec<Rating<'a>> {
    let mut all: Vec<Rating<'a>> = Vec::new();
    for score in group.iter().flat_map(|finding| &finding.cvss) {
        if all
            .iter()
            .any(|known| known.vector == Some(score.vector.as_str()))
        {
            continue;
        }
        let (method, severity) = match score.version.as_str() {
            "2.0" => ("CVSSv2", Severity::from_score_v2(score.score)),
            "3.0" => ("CVSSv3", Severity::from_score(score.score)),
            "3.1" => ("CVSSv31", Severity::from_score(score.score)),
            _ => ("CVSSv4", Severity::from_score(score.score)),
        };
        all.push(Rating {
            source: source(&score.source),
            score: score.score,
            severity: Some(severity.as_str()),
            method,
            vector: Some(&score.vector),
            justification: None,
        });
    }
    let worst = group[0];
    if let Some(score) = worst.score {
        let factors = worst.factors.iter().map(|factor| {
            let assumed = if factor.assumed { ", assumed" } else { "" };
            format!(
                "{} {}/{} ({}{assumed})",
                factor.name, factor.points, factor.max, factor.value
            )
        });
        all.push(Rating {
            source: Source {
                name: "Stanchion",
                url: crate::HOME.to_owned(),
            },
            score,
            severity: worst.severity.map(Severity::as_str),
            method: "other",
            vector: None,
            justification: Some(format!(
                "of 100: {}",
                factors.collect::<Vec<_>>().join(", ")
            )),
        });
    }
    all
}

fn recommendation(group: &[&Finding]) -> String {
    let mut all = each_once(group.iter().map(|finding| advice::fix(finding)));
    let more = all.len().saturating_sub(MOST_ADVICE);
    all.truncate(MOST_ADVICE);
    if more > 0 {
        all.push(format!("And {more} more components in the same way."));
    }
    all.join("\n")
}

fn affects<'a>(
    group: &[&'a Finding],
    closed: bool,
    listed: &HashSet<&'a str>,
) -> Vec<Affected<'a>> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for finding in group {
        let Some(reference) = listed
            .get(&*finding.component.purl.to_string())
            .copied()
            .filter(|id| seen.insert(*id))
        else {
            continue;
        };
        let version = Some(finding.component.version.as_str())
            .filter(|version| !version.is_empty() && version.chars().nth(1024).is_none());
        let versions = version.map(|version| Version {
            version,
            status: if closed { "unaffected" } else { "affected" },
        });
        all.push(Affected {
            reference,
            versions: versions.into_iter().collect(),
        });
    }
    all
}

fn properties(group: &[&Finding]) -> Vec<Property> {
    let worst = group[0];
    let mut all = vec![property("stanchion:kind", worst.kind.as_str())];
    let confidence = group
        .iter()
        .map(|finding| finding.confidence)
        .max()
        .unwrap_or(Confidence::Low);
    all.push(property(
        "stanchion:confidence",
        match confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        },
    ));
    for vector in each_once(group.iter().flat_map(|finding| &finding.vectors)) {
        all.push(property("stanchion:threat-vector", vector.id()));
    }
    if let Some(kev) = &worst.kev {
        all.push(property("stanchion:kev:added", &*kev.added));
        all.extend(
            kev.due
                .as_ref()
                .map(|due| property("stanchion:kev:due", &**due)),
        );
        all.push(property(
            "stanchion:kev:ransomware",
            kev.ransomware.to_string(),
        ));
    }
    if let Some(epss) = worst.epss {
        all.push(property(
            "stanchion:epss:probability",
            epss.probability.to_string(),
        ));
        all.push(property(
            "stanchion:epss:percentile",
            epss.percentile.to_string(),
        ));
    }
    if let Some(ssvc) = worst.ssvc {
        let state = match ssvc.exploitation {
            stanchion_model::finding::Exploitation::None => "none",
            stanchion_model::finding::Exploitation::Poc => "poc",
            stanchion_model::finding::Exploitation::Active => "active",
        };
        all.push(property("stanchion:ssvc:exploitation", state));
        all.push(property(
            "stanchion:ssvc:automatable",
            ssvc.automatable.to_string(),
        ));
        all.push(property(
            "stanchion:ssvc:total-impact",
            ssvc.total_impact.to_string(),
        ));
    }
    for factor in &worst.factors {
        let name = match factor.name.as_str() {
            "severity" => "stanchion:score:severity",
            "exploitation" => "stanchion:score:exploitation",
            "reach" => "stanchion:score:reach",
            "exposure" => "stanchion:score:exposure",
            _ => continue,
        };
        all.push(property(
            name,
            format!("{} of {}", factor.points, factor.max),
        ));
    }
    for finding in group {
        for evidence in &finding.evidence {
            let range = format!(
                "{} {}: {} ({} order)",
                finding.component.purl, evidence.advisory, evidence.range, evidence.comparator
            );
            if !all
                .iter()
                .any(|known| known.name == "stanchion:range" && known.value == range)
            {
                all.push(property("stanchion:range", range));
            }
        }
        for step in finding
            .paths
            .first()
            .into_iter()
            .filter(|path| path.len() > 1)
        {
            let path = step.join(" > ");
            if !all
                .iter()
                .any(|known| known.name == "stanchion:path" && known.value == path)
            {
                all.push(property("stanchion:path", path));
            }
        }
    }
    all
}
