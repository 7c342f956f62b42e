//! Trying a policy against everything that is live, before it is put in force.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stanchion_policy::file::{Gate, digest};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::trial::{self, Bounds};
use crate::http::{Json, Problem, Query, Upload};
use crate::people::{Allowed, Permission, PolicyRead, PolicyWrite, ProductRead};
use crate::portal::Portal;

use super::{MOST, read, text_of};

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(attempt))
}

/// How many of what change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrialTotals)]
pub(crate) struct Totals {
    /// Gates that would close.
    pub(crate) closes: usize,
    /// Gates that would open.
    pub(crate) opens: usize,
    /// Findings that would begin to close the gate.
    pub(crate) hit: usize,
    /// Findings that would no longer close it.
    pub(crate) freed: usize,
    /// Findings whose date moves nearer.
    pub(crate) sooner: usize,
    /// Findings whose date moves away.
    pub(crate) later: usize,
    /// Findings that get a date and had none.
    pub(crate) dated: usize,
    /// Findings that lose their date.
    pub(crate) undated: usize,
    /// Findings that would be overdue at once.
    pub(crate) late: usize,
    /// Findings that would no longer be overdue.
    pub(crate) in_time: usize,
    /// Findings that the policy makes: components or licences that it does not allow.
    pub(crate) appears: usize,
    /// Findings that are there only by the policy in force.
    pub(crate) vanishes: usize,
    /// Findings whose state changes in another way.
    pub(crate) other: usize,
}

impl From<trial::Totals> for Totals {
    fn from(totals: trial::Totals) -> Self {
        Self {
            closes: totals.closes,
            opens: totals.opens,
            hit: totals.hit,
            freed: totals.freed,
            sooner: totals.sooner,
            later: totals.later,
            dated: totals.dated,
            undated: totals.undated,
            late: totals.late,
            in_time: totals.in_time,
            appears: totals.appears,
            vanishes: totals.vanishes,
            other: totals.other,
        }
    }
}

/// What the text changes, in words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrialChange)]
pub(crate) struct TextChange {
    /// `loosens`, `tightens` or `neutral`.
    pub(crate) effect: &'static str,
    /// Which part.
    pub(crate) what: String,
    /// From what to what.
    pub(crate) how: String,
}

/// What becomes of one finding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrialFinding)]
pub(crate) struct Moved {
    /// Its UUID; of a finding that the tried policy makes, the one that it would have.
    pub(crate) finding: String,
    pub(crate) vulnerability: String,
    /// Name and version.
    pub(crate) component: String,
    /// Rules that it begins to break at the gate.
    pub(crate) hit: Vec<String>,
    /// Rules that it breaks no longer.
    pub(crate) freed: Vec<String>,
    /// State now; absent where the finding is not there.
    pub(crate) state: Option<String>,
    /// State then.
    pub(crate) state_then: Option<String>,
    /// RFC 3339.
    pub(crate) due: Option<String>,
    /// RFC 3339.
    pub(crate) due_then: Option<String>,
}

/// What becomes of one version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrialVersion)]
pub(crate) struct Changed {
    pub(crate) product: String,
    pub(crate) version: String,
    /// The gate is closed now.
    pub(crate) denied: bool,
    /// It would be closed.
    pub(crate) denied_then: bool,
    pub(crate) totals: Totals,
    /// At most 10, worst first.
    pub(crate) findings: Vec<Moved>,
}

/// How often a rule of the gate is hit differently.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrialRule)]
pub(crate) struct Rule {
    pub(crate) rule: String,
    /// Findings that begin to break it.
    pub(crate) hit: usize,
    /// Findings that break it no longer.
    pub(crate) freed: usize,
}

/// What could not be looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrialFailure)]
pub(crate) struct Failed {
    /// Product and version.
    pub(crate) version: String,
    pub(crate) reason: String,
}

/// What trying a policy gave. Nothing is changed by it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTrial)]
pub(crate) struct View {
    /// SHA-256 of the text that was tried.
    pub(crate) digest: String,
    /// At which gate.
    pub(crate) gate: &'static str,
    /// What the text tightens and loosens; what loosens first, at most 100.
    pub(crate) changes: Vec<TextChange>,
    /// Changes of the text that are not listed.
    pub(crate) more_changes: usize,
    /// All that changes added up, listed or not.
    pub(crate) totals: Totals,
    /// Products of which something changes.
    pub(crate) products: usize,
    /// Versions of which something changes, of the product with the most open risk first; at most 50.
    pub(crate) versions: Vec<Changed>,
    /// Versions of which something changes and that are not listed.
    pub(crate) more_versions: usize,
    pub(crate) rules: Vec<Rule>,
    /// Live versions that were looked at.
    pub(crate) looked_at: usize,
    /// Live versions that were not looked at: too many, or no time left. Nothing is said about them.
    pub(crate) not_looked_at: usize,
    /// The time was over.
    pub(crate) out_of_time: bool,
    /// Live versions that could not be looked at; at most 20 are named.
    pub(crate) failures: usize,
    pub(crate) failed: Vec<Failed>,
}

impl View {
    fn of(digest: String, gate: Gate, trial: trial::Trial) -> Self {
        Self {
            digest,
            gate: gate.as_str(),
            changes: trial
                .changes
                .into_iter()
                .map(|change| TextChange {
                    effect: change.effect.as_str(),
                    what: change.what,
                    how: change.how,
                })
                .collect(),
            more_changes: trial.more_changes,
            totals: trial.totals.into(),
            products: trial.products,
            versions: trial
                .changed
                .into_iter()
                .map(|one| Changed {
                    product: one.product,
                    version: one.version,
                    denied: one.denied,
                    denied_then: one.denied_then,
                    totals: one.totals.into(),
                    findings: one
                        .findings
                        .into_iter()
                        .map(|moved| Moved {
                            finding: moved.finding.to_string(),
                            vulnerability: moved.vulnerability,
                            component: moved.component,
                            hit: moved.hit,
                            freed: moved.freed,
                            state: moved.state,
                            state_then: moved.state_then,
                            due: moved.due,
                            due_then: moved.due_then,
                        })
                        .collect(),
                })
                .collect(),
            more_versions: trial.more_changed,
            rules: trial
                .rules
                .into_iter()
                .map(|(rule, (hit, freed))| Rule { rule, hit, freed })
                .collect(),
            looked_at: trial.looked,
            not_looked_at: trial.left,
            out_of_time: trial.out_of_time,
            failures: trial.failures,
            failed: trial
                .failed
                .into_iter()
                .map(|(version, reason)| Failed { version, reason })
                .collect(),
        }
    }
}

/// At which gate.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Where {
    /// `build` (without it), `release` or `deploy`.
    pub(crate) gate: Option<String>,
}

/// Tries a policy (TOML) without putting it in force: what it would change in each live version that you may see. Looks at
/// no more than 2,000 versions and for no longer than about 20 seconds; the answer says what was not looked at.
#[utoipa::path(post, path = "/api/v1/policy/trial", tag = "policy", params(Where),
    request_body(content = String, content_type = "application/toml"),
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("policy.write"))))]
pub(crate) async fn attempt(
    State(portal): State<Portal>,
    allowed: Allowed<PolicyWrite>,
    Query(place): Query<Where>,
    upload: Upload<MOST>,
) -> Result<Json<View>, Problem> {
    let text = text_of(&portal, upload).await?;
    run(&portal, &allowed, text, place.gate).await.map(Json)
}

/// Tries a policy.
pub(crate) async fn run(
    portal: &Portal,
    allowed: &Allowed<PolicyWrite>,
    text: String,
    gate: Option<String>,
) -> Result<View, Problem> {
    // What is told of products and of the policy in force is theirs to see.
    let reader = allowed.0.clone();
    let reads = reader.may_anywhere(PolicyRead::NAME);
    let gate = match gate.as_deref() {
        None | Some("") => stanchion_policy::gate::DEFAULT,
        // A proposed change is judged against what was before it: there is nothing before it here.
        Some(word) => Gate::from_word(word)
            .filter(|gate| *gate != Gate::PullRequest)
            .ok_or_else(|| {
                Problem::bad_request("There is no such gate to try a policy at.")
                    .field("gate", "build, release or deploy")
            })?,
    };
    read(&text)?;
    portal
        .blocking(move |portal| {
            let only = portal
                .engine
                .store()
                .read(|tx| reader.only(tx, ProductRead::NAME))?;
            let mut trial =
                portal
                    .engine
                    .try_policy(&text, gate, only.as_deref(), Bounds::default())?;
            if !reads {
                trial.changes.clear();
                trial.more_changes = 0;
            }
            Ok(View::of(digest(text.as_bytes()), gate, trial))
        })
        .await
}
