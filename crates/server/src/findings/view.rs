//! A finding as the API gives it.

use serde::Serialize;
use stanchion_model::threat::ThreatVector;
use stanchion_store::Tx;
use stanchion_store::findings::{self, Finding, STATES, flag};
use stanchion_store::products::{self, Product};
use utoipa::ToSchema;

use crate::engine::bundle::kept;
use crate::engine::rows::{DetailBody, HitBody, KINDS};
use crate::engine::text_of;
use crate::http::Problem;

/// Severities by their numbers.
pub(crate) const SEVERITIES: [&str; 5] = ["none", "low", "medium", "high", "critical"];

/// A finding with its evidence.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the answer"
)]
pub(crate) struct FindingView {
    /// A UUID.
    pub(crate) id: String,
    /// `vulnerability`, `malicious`, `end-of-life`, ...
    pub(crate) kind: &'static str,
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) version_id: String,
    /// The project's folder in the inventory.
    pub(crate) project: String,
    pub(crate) component: ComponentName,
    pub(crate) vulnerability: VulnerabilityView,
    /// One line.
    pub(crate) title: String,
    /// `none` to `critical`; `null` where nobody says.
    pub(crate) severity: Option<&'static str>,
    /// 0 to 100; `null` where the kind is not scored.
    pub(crate) score: Option<f64>,
    /// What makes up the score.
    #[schema(value_type = Vec<Object>)]
    pub(crate) factors: Vec<stanchion_model::finding::Factor>,
    /// `open`, `in_triage`, `overdue`, `excepted`, `fixed` or `not_affected`.
    pub(crate) state: &'static str,
    /// Open, in a version that is the latest or deployed.
    pub(crate) work: bool,
    pub(crate) known_exploited: bool,
    pub(crate) direct: bool,
    pub(crate) development: bool,
    /// Ways an attacker uses it.
    pub(crate) vectors: Vec<&'static str>,
    pub(crate) fixed_in: Vec<String>,
    pub(crate) upgrade_to: Option<String>,
    pub(crate) confidence: Option<String>,
    /// Who says it, and by which rule.
    #[schema(value_type = Vec<Object>)]
    pub(crate) evidence: Vec<stanchion_model::finding::Evidence>,
    #[schema(value_type = Vec<Object>)]
    pub(crate) cvss: Vec<stanchion_model::finding::CvssScore>,
    /// Places that name the component; at most a few.
    #[schema(value_type = Vec<Object>)]
    pub(crate) locations: Vec<stanchion_model::inventory::Location>,
    /// The shortest way to the component.
    pub(crate) path: Vec<String>,
    pub(crate) owner: Option<String>,
    /// RFC 3339.
    pub(crate) due: Option<String>,
    #[schema(value_type = Vec<Object>)]
    pub(crate) deadlines: Vec<stanchion_model::finding::Deadline>,
    pub(crate) tasks: Vec<String>,
    pub(crate) escalated_to: Vec<String>,
    /// The policy rule that decided.
    pub(crate) rule: Option<String>,
    pub(crate) exception: Option<String>,
    #[schema(value_type = Vec<Object>)]
    pub(crate) statements: Vec<stanchion_model::finding::StatementNote>,
    /// Rules that it breaks at the build gate, and why.
    pub(crate) violations: Vec<(String, String)>,
    /// RFC 3339.
    pub(crate) first_seen: String,
    /// RFC 3339.
    pub(crate) changed: String,
    /// RFC 3339.
    pub(crate) closed: Option<String>,
    /// Why it is closed.
    pub(crate) reason: Option<String>,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ComponentName {
    /// A UUID.
    pub(crate) id: String,
    /// Empty for a place.
    pub(crate) purl: String,
    pub(crate) name: String,
    pub(crate) version: String,
}

/// What is said of a vulnerability.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilityView {
    /// CVE, else GHSA, else native.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) aliases: Vec<String>,
    /// 0 to 1.
    pub(crate) epss: Option<f64>,
    /// 0 to 1.
    pub(crate) epss_percentile: Option<f64>,
    /// The day on which CISA listed it.
    pub(crate) kev_added: Option<String>,
    pub(crate) ransomware: bool,
    /// State of exploitation, then whether it can be automated and gives total control: `active y n`.
    pub(crate) ssvc: Option<String>,
    /// RFC 3339.
    pub(crate) published: Option<String>,
    pub(crate) cwes: Vec<String>,
}

impl From<findings::Vulnerability> for VulnerabilityView {
    fn from(one: findings::Vulnerability) -> Self {
        Self {
            id: one.name,
            title: one.title,
            aliases: one.aliases,
            epss: one.epss,
            epss_percentile: one.percentile,
            kev_added: one.kev_added,
            ransomware: one.ransomware,
            ssvc: one.ssvc,
            published: one.published,
            cwes: one.cwes,
        }
    }
}

/// The word of a number in a list.
pub(crate) fn word(words: &[&'static str], number: i64) -> Option<&'static str> {
    usize::try_from(number)
        .ok()
        .and_then(|at| words.get(at))
        .copied()
}

/// The ids of threat vectors by their bits.
pub(crate) fn vectors(bits: i64) -> Vec<&'static str> {
    ThreatVector::all()
        .enumerate()
        .filter(|(at, _)| bits & (1 << at) != 0)
        .map(|(_, vector)| vector.id())
        .collect()
}

/// A score from its tenths.
pub(crate) fn score(tenths: i64) -> Option<f64> {
    (tenths >= 0).then(|| tenths as f64 / 10.0)
}

/// The word of a kind.
pub(crate) fn kind(number: i64) -> &'static str {
    usize::try_from(number)
        .ok()
        .and_then(|at| KINDS.get(at))
        .map_or("external", |kind| kind.as_str())
}

impl FindingView {
    /// Of a row.
    pub(crate) fn of(
        tx: &mut Tx<'_>,
        product: &Product,
        finding: Finding,
    ) -> Result<Self, Problem> {
        let gone = || Problem::not_found("What this finding is about is gone.");
        let version = products::version_by_id(tx, finding.version)?.ok_or_else(gone)?;
        let vulnerability = findings::vulnerability(tx, finding.vulnerability)?.ok_or_else(gone)?;
        let names = findings::component_names(tx, &[finding.component])?;
        let component = names
            .get(&finding.component)
            .map(|(name, version, purl)| ComponentName {
                id: finding.component.to_string(),
                purl: purl.clone(),
                name: name.clone(),
                version: version.clone(),
            })
            .unwrap_or_default();
        let hit: Option<HitBody> =
            match findings::hit(tx, finding.component, finding.vulnerability)? {
                Some(text) => Some(kept("a match", &text)?),
                None => None,
            };
        let detail: DetailBody = match findings::detail(tx, finding.id)? {
            Some(text) => kept("a finding", &text)?,
            None => DetailBody::default(),
        };
        let title = detail
            .title
            .clone()
            .unwrap_or_else(|| vulnerability.title.clone());
        let is = |bit: i64| finding.flags & bit != 0;
        let open = finding.state < findings::CLOSED && finding.closed.is_none();
        Ok(Self {
            id: finding.id.to_string(),
            kind: kind(finding.kind),
            product: product.name.clone(),
            version: version.name,
            version_id: finding.version.to_string(),
            project: finding.project,
            component,
            title,
            vulnerability: vulnerability.into(),
            severity: word(&SEVERITIES, finding.severity),
            score: score(finding.score),
            factors: detail.factors,
            state: word(&STATES, finding.state).unwrap_or("open"),
            work: open && version.live,
            known_exploited: is(flag::KEV),
            direct: is(flag::DIRECT),
            development: is(flag::DEVELOPMENT),
            vectors: vectors(finding.vectors),
            fixed_in: hit
                .as_ref()
                .map(|hit| hit.fixed_in.clone())
                .unwrap_or_default(),
            upgrade_to: finding.upgrade,
            confidence: hit
                .as_ref()
                .map(|hit| format!("{:?}", hit.confidence).to_lowercase()),
            cvss: hit.as_ref().map(|hit| hit.cvss.clone()).unwrap_or_default(),
            evidence: hit.map(|hit| hit.evidence).unwrap_or_default(),
            locations: detail.locations,
            path: detail.path,
            owner: finding.owner,
            due: finding.due.map(text_of),
            deadlines: detail.deadlines,
            tasks: detail.tasks,
            escalated_to: detail.escalated_to,
            rule: finding.rule,
            exception: finding.exception,
            statements: detail.statements,
            violations: detail.violations,
            first_seen: text_of(finding.first_seen),
            changed: text_of(finding.changed),
            closed: finding.closed.map(text_of),
            reason: finding.reason,
        })
    }
}
