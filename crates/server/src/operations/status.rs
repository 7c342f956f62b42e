//! Whether the machinery is well, in one answer.

use axum::extract::State;
use serde::Serialize;
use stanchion_store::{Dialect, audit, jobs, people};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::text_of;
use crate::http::{Json, Problem};
use crate::people::{Allowed, JobRead};
use crate::portal::Portal;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(status))
}

/// A copy of everything that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastBackup {
    /// RFC 3339.
    pub(crate) taken: String,
    /// Where.
    pub(crate) file: String,
    /// By whom.
    pub(crate) by: String,
}

/// How the machinery is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct View {
    /// Jobs that wait.
    pub(crate) waiting: i64,
    /// Jobs that run.
    pub(crate) running: i64,
    /// Jobs that failed for good, of those that are kept.
    pub(crate) failed: i64,
    /// When the advisories in use were last brought up to date; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advisories: Option<String>,
    /// Sources of advisories that failed the last time.
    pub(crate) failed_sources: Vec<String>,
    /// The last copy that the portal or its command line took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup: Option<LastBackup>,
    /// `sqlite` or `postgres`.
    pub(crate) store: &'static str,
    /// Bytes of the database.
    pub(crate) store_bytes: i64,
    /// People who can get in.
    pub(crate) people: i64,
    /// Services that can.
    pub(crate) services: i64,
    /// Accounts by which nobody gets in.
    pub(crate) disabled: i64,
    /// Tokens that hold.
    pub(crate) tokens: i64,
}

/// Whether the machinery is well: jobs, advisories, the last backup, the size of the store, people and tokens.
#[utoipa::path(get, path = "/api/v1/status", tag = "operations",
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("job.read"))))]
pub(crate) async fn status(
    State(portal): State<Portal>,
    _allowed: Allowed<JobRead>,
) -> Result<Json<View>, Problem> {
    portal
        .blocking(|portal| {
            let engine = &portal.engine;
            let now = engine.now();
            let meta = engine.held().ok().and_then(|held| held.index.meta().ok());
            let (counts, people, backup) = engine.store().read(|tx| {
                Ok::<_, Problem>((
                    jobs::counts(tx)?,
                    people::counts(tx, now)?,
                    audit::last_of(tx, "backup")?,
                ))
            })?;
            let of = |state: &str| {
                counts
                    .iter()
                    .find(|(name, _)| name == state)
                    .map_or(0, |(_, count)| *count)
            };
            Ok(Json(View {
                waiting: of("waiting"),
                running: of("running"),
                failed: of("failed"),
                failed_sources: meta.as_ref().map_or_else(Vec::new, |meta| {
                    meta.sources
                        .iter()
                        .filter(|source| source.failed.is_some())
                        .map(|source| source.name.clone())
                        .collect()
                }),
                advisories: meta
                    .map(|meta| meta.updated.clone())
                    .filter(|updated| !updated.is_empty()),
                backup: backup.map(|entry| LastBackup {
                    taken: text_of(entry.at),
                    file: entry.object,
                    by: entry.actor,
                }),
                store: match engine.store().dialect() {
                    Dialect::Sqlite => "sqlite",
                    Dialect::Postgres => "postgres",
                },
                store_bytes: engine.store().size()?,
                people: people.people,
                services: people.services,
                disabled: people.disabled,
                tokens: people.tokens,
            }))
        })
        .await
}
