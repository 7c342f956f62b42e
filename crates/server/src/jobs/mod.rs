//! What the server is doing in the background.

pub(crate) mod progress;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_store::jobs::{self, Job};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::{runner, text_of};
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, JobRead, JobRun};
use crate::portal::Portal;
use crate::slice::{limit, note};

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(kinds))
        .routes(routes!(show))
        .routes(routes!(run))
        .routes(routes!(retry))
        .routes(routes!(progress::events))
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct View {
    pub(crate) id: i64,
    pub(crate) kind: String,
    /// What it is about.
    pub(crate) key: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub(crate) state: String,
    pub(crate) priority: i64,
    pub(crate) attempts: i64,
    pub(crate) most_attempts: i64,
    /// Why it failed the last time.
    pub(crate) error: Option<String>,
    /// RFC 3339.
    pub(crate) not_before: String,
    /// RFC 3339.
    pub(crate) created: String,
    /// RFC 3339.
    pub(crate) started: Option<String>,
    /// RFC 3339.
    pub(crate) finished: Option<String>,
}

impl From<Job> for View {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            key: job.key,
            state: job.state,
            priority: job.priority,
            attempts: job.attempts,
            most_attempts: job.most,
            error: job.error,
            not_before: text_of(job.not_before),
            created: text_of(job.created),
            started: job.started.map(text_of),
            finished: job.finished.map(text_of),
        }
    }
}

/// Which jobs.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `waiting`, `running`, `done` or `failed`.
    pub(crate) state: Option<String>,
    /// Those before this number: `next` of the page before.
    pub(crate) before: Option<i64>,
    /// Rows of a page: 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<View>,
    /// `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<i64>,
}

/// Jobs, the latest first: what failed says why.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("job.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    _allowed: Allowed<JobRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = limit(asked.limit)?;
    let page = portal
        .read(move |tx| {
            let mut found = jobs::list(tx, asked.state.as_deref(), asked.before, limit + 1)?;
            let more = found.len() > limit;
            found.truncate(limit);
            let next = more.then(|| found.last().map(|last| last.id)).flatten();
            Ok::<_, Problem>(Page {
                items: found.into_iter().map(View::from).collect(),
                next,
            })
        })
        .await?;
    Ok(Json(page))
}

/// A kind of job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KindView {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Five fields of cron, UTC; absent where it comes by itself only when it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cron: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<String>,
}

/// The kinds of jobs, and when each comes next.
#[utoipa::path(get, path = "/api/v1/jobs/kinds", tag = "jobs",
    responses((status = 200, body = [KindView]), Problem), extensions(("x-permission" = json!("job.read"))))]
pub(crate) async fn kinds(
    State(portal): State<Portal>,
    _allowed: Allowed<JobRead>,
) -> Result<Json<Vec<KindView>>, Problem> {
    let schedules = portal
        .read(|tx| Ok::<_, Problem>(jobs::schedules(tx)?))
        .await?;
    let all = runner::kinds()
        .map(|(name, about)| {
            let schedule = schedules.iter().find(|schedule| schedule.kind == name);
            KindView {
                name,
                about,
                cron: schedule.map(|schedule| schedule.cron.clone()),
                next: schedule.map(|schedule| text_of(schedule.next)),
                last: schedule.and_then(|schedule| schedule.last).map(text_of),
            }
        })
        .collect();
    Ok(Json(all))
}

pub(crate) fn absent() -> Problem {
    Problem::not_found("There is no such job.")
}

/// A job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("job.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    _allowed: Allowed<JobRead>,
    Path(id): Path<i64>,
) -> Result<Json<View>, Problem> {
    let job = portal
        .read(move |tx| Ok::<_, Problem>(jobs::by_id(tx, id)?))
        .await?;
    Ok(Json(job.map(View::from).ok_or_else(absent)?))
}

/// Kinds that somebody can start: what needs more than its name has an operation of its own.
pub(crate) const STARTED: [&str; 6] = ["absorb", "clock", "feeds", "judge", "metrics", "sweep"];

/// Starts a job of a kind now.
#[utoipa::path(post, path = "/api/v1/jobs/kinds/{kind}", tag = "jobs", params(("kind" = String, Path)),
    responses((status = 202), Problem), extensions(("x-permission" = json!("job.run"))))]
pub(crate) async fn run(
    State(portal): State<Portal>,
    allowed: Allowed<JobRun>,
    Path(kind): Path<String>,
) -> Result<StatusCode, Problem> {
    if !STARTED.contains(&kind.as_str()) {
        return Err(
            Problem::not_found(format!("There is no job {kind:?} that can be started."))
                .hint(format!("These can: {}.", STARTED.join(", "))),
        );
    }
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            runner::add(tx, &kind, "", &json!({}), 50, now)?;
            note(tx, now, &allowed, "job.run", &kind, None, None)?;
            Ok::<_, Problem>(StatusCode::ACCEPTED)
        })
        .await
}

/// Lets a job that failed be tried again.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 202), Problem), extensions(("x-permission" = json!("job.run"))))]
pub(crate) async fn retry(
    State(portal): State<Portal>,
    allowed: Allowed<JobRun>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            jobs::by_id(tx, id)?.ok_or_else(absent)?;
            if !jobs::retry(tx, id, now)? {
                return Err(Problem::conflict(
                    "The job has not failed, or one like it waits already.",
                ));
            }
            note(tx, now, &allowed, "job.retry", &id.to_string(), None, None)?;
            Ok(StatusCode::ACCEPTED)
        })
        .await
}
