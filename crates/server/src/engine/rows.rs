//! From findings as the model has them to rows of the store.

use serde::{Deserialize, Serialize};
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{
    Confidence, CvssScore, Deadline, Evidence, Exploitation, Factor, Finding, Kind, Ssvc,
    StatementNote,
};
use stanchion_model::inventory::{Component, Location, Scope};
use stanchion_model::threat::ThreatVector;
use stanchion_store::Id;

use super::ingest::count;
use stanchion_store::findings::{self, NewFinding, STATES, flag};
use stanchion_store::inventories::{self, NewComponent};

/// Why a component version is affected: the same in every product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HitBody {
    pub(crate) evidence: Vec<Evidence>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cvss: Vec<CvssScore>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fixed_in: Vec<String>,
    pub(crate) confidence: Confidence,
}

/// What holds in one place alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DetailBody {
    /// Of a licence or a check, where the vulnerability's is not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) factors: Vec<Factor>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locations: Vec<Location>,
    /// The shortest way to the component; the others are found when they are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) path: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) deadlines: Vec<Deadline>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tasks: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) escalated_to: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) statements: Vec<StatementNote>,
    /// The rule that a finding breaks, and why, where a gate is closed by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) violations: Vec<(String, String)>,
}

/// Places of a component that are kept with a finding.
const MOST_PLACES: usize = 5;

/// The kinds in the order of their numbers.
pub const KINDS: [Kind; 9] = [
    Kind::Vulnerability,
    Kind::Malicious,
    Kind::Unmaintained,
    Kind::Unsound,
    Kind::Yanked,
    Kind::EndOfLife,
    Kind::Licence,
    Kind::Check,
    Kind::External,
];

/// The number of a kind.
pub fn kind_number(kind: Kind) -> i64 {
    count(KINDS.iter().position(|known| *known == kind).unwrap_or(0))
}

/// The number of a severity: 0 none to 4 critical; -1 unknown.
pub fn severity_number(severity: Option<Severity>) -> i64 {
    severity.map_or(-1, |severity| severity as i64)
}

/// The number of a scope.
pub fn scope_number(scope: Scope) -> i64 {
    scope as i64
}

/// The bit of a threat vector.
pub fn vector_bit(vector: ThreatVector) -> i64 {
    1 << ThreatVector::all()
        .position(|known| known == vector)
        .unwrap_or(62)
}

fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_second)
}

fn ssvc_text(ssvc: Ssvc) -> String {
    let exploitation = match ssvc.exploitation {
        Exploitation::None => "none",
        Exploitation::Poc => "poc",
        Exploitation::Active => "active",
    };
    let letter = |yes: bool| if yes { "y" } else { "n" };
    format!(
        "{exploitation} {} {}",
        letter(ssvc.automatable),
        letter(ssvc.total_impact)
    )
}

fn json<T: Serialize>(value: &T) -> String {
    // These types hold texts, numbers and lists: they always have a form.
    serde_json::to_string(value).unwrap_or_else(|_| "{}".into())
}

/// The rule that gives a finding its date. What it breaks at the gate stands in a table of its own.
fn dated_by(finding: &Finding) -> Option<String> {
    finding
        .deadlines
        .iter()
        .find(|deadline| deadline.what == "fix")
        .map(|deadline| deadline.rule.clone())
}

/// A finding of an assessment as a row. `violations` are the rules that it breaks at the gate.
pub(crate) fn of_finding(
    finding: &Finding,
    product: Id,
    version: Id,
    first_seen: i64,
    violations: Vec<(String, String)>,
) -> NewFinding {
    let purl = finding.component.purl.to_string();
    let component = inventories::component_id(&purl);
    let vulnerability = findings::vulnerability_id(&finding.id);
    let mut flags = 0;
    for (is, bit) in [
        (finding.kev.is_some(), flag::KEV),
        (
            finding.upgrade_to.is_some() || !finding.fixed_in.is_empty(),
            flag::FIXABLE,
        ),
        (finding.direct == Some(true), flag::DIRECT),
        (finding.scope.is_development(), flag::DEVELOPMENT),
        (
            finding.kev.is_some()
                || finding.kind == Kind::Malicious
                || finding
                    .ssvc
                    .is_some_and(|ssvc| ssvc.exploitation == Exploitation::Active),
            flag::EXPLOITED,
        ),
        (finding.owner.is_none(), flag::UNOWNED),
    ] {
        if is {
            flags |= bit;
        }
    }
    let told = matches!(finding.kind, Kind::Licence | Kind::Check);
    let hit = HitBody {
        evidence: finding.evidence.clone(),
        cvss: finding.cvss.clone(),
        fixed_in: finding.fixed_in.clone(),
        confidence: finding.confidence,
    };
    let detail = DetailBody {
        title: told.then(|| finding.title.clone()),
        factors: finding.factors.clone(),
        locations: finding
            .locations
            .iter()
            .take(MOST_PLACES)
            .cloned()
            .collect(),
        path: finding.paths.first().cloned().unwrap_or_default(),
        deadlines: finding.deadlines.clone(),
        tasks: finding.tasks.clone(),
        escalated_to: finding.escalated_to.clone(),
        statements: finding.statements.clone(),
        violations,
    };
    let state = count(
        STATES
            .iter()
            .position(|state| *state == finding.state)
            .unwrap_or(0),
    );
    let row = findings::Finding {
        id: findings::finding_id(version, &finding.key, component),
        product,
        version,
        component,
        vulnerability,
        project: finding.project.clone(),
        kind: kind_number(finding.kind),
        severity: severity_number(finding.severity),
        score: finding
            .score
            .map_or(-1, |score| (score * 10.0).round() as i64),
        state,
        flags,
        vectors: finding
            .vectors
            .iter()
            .map(|vector| vector_bit(*vector))
            .fold(0, |all, bit| all | bit),
        epss: finding
            .epss
            .map_or(-1, |epss| (epss.probability * 10_000.0).round() as i64),
        due: finding.due.as_deref().and_then(seconds),
        owner: finding.owner.clone(),
        rule: dated_by(finding).or_else(|| finding.rule.clone()),
        exception: finding.exception.clone(),
        upgrade: finding.upgrade_to.clone(),
        first_seen,
        changed: 0,
        closed: None,
        reason: (state >= findings::CLOSED).then(|| {
            finding
                .statements
                .iter()
                .find(|statement| statement.standing == "applied")
                .map_or_else(
                    || "by decision".to_owned(),
                    |statement| {
                        format!(
                            "{} by {}",
                            statement.status.replace('_', " "),
                            statement.author
                        )
                    },
                )
        }),
    };
    NewFinding {
        row,
        key: finding.key.clone(),
        vulnerability: findings::Vulnerability {
            id: vulnerability,
            name: finding.id.clone(),
            // What is said of one component is no title of the rule.
            title: if told {
                String::new()
            } else {
                finding.title.clone()
            },
            aliases: finding.aliases.clone(),
            severity: severity_number(finding.severity),
            epss: finding.epss.map(|epss| epss.probability),
            percentile: finding.epss.map(|epss| epss.percentile),
            kev_added: finding.kev.as_ref().map(|kev| kev.added.clone()),
            ransomware: finding.kev.as_ref().is_some_and(|kev| kev.ransomware),
            ssvc: finding.ssvc.map(ssvc_text),
            published: finding.published.clone(),
            cwes: finding.cwes.clone(),
        },
        hit: json(&hit),
        detail: json(&detail),
    }
}

/// A component of an inventory as a row.
pub(crate) fn of_component(component: &Component) -> NewComponent {
    NewComponent {
        ecosystem: component.ecosystem.name().to_owned(),
        name: component
            .ecosystem
            .lookup_name(&component.name)
            .into_owned(),
        version: component.version.clone().unwrap_or_default(),
        purl: component.purl.to_string(),
        direct: component.direct,
        scope: scope_number(component.scope),
        licences: component.licences.clone(),
        hashes: component
            .hashes
            .iter()
            .map(|hash| hash.hex.clone())
            .collect(),
    }
}
