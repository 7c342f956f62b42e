//! Is the machinery well?

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use stanchion_ui::admin::overview::Overview;

use crate::engine::runner;
use crate::http::{Json, Problem, Query};
use crate::jobs;
use crate::operations::status::status;
use crate::people::JobRead;
use crate::portal::Portal;

use super::super::around::{Viewer, page};
use super::at;

/// Failures that are shown.
const FEW: usize = 3;

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/admin", get(show))
}

async fn show(State(portal): State<Portal>, viewer: Viewer<JobRead>) -> Result<Response, Problem> {
    let Json(now) = status(State(portal.clone()), viewer.allowed.clone()).await?;
    let failures = if now.failed == 0 {
        Vec::new()
    } else {
        let asked = jobs::Asked {
            state: Some("failed".into()),
            before: None,
            limit: Some(FEW),
        };
        let Json(failed) = jobs::list(State(portal.clone()), viewer.allowed, Query(asked)).await?;
        failed
            .items
            .into_iter()
            .map(|job| (job.id, what(&job.kind), job.error.unwrap_or_default()))
            .collect()
    };
    let view = Overview {
        waiting: now.waiting,
        running: now.running,
        failed: now.failed,
        failures,
        advisories: now.advisories.as_deref().map(at),
        failed_sources: now.failed_sources,
        backup: now.backup.map(|last| (at(&last.taken), last.file, last.by)),
        postgres: now.store == "postgres",
        store_bytes: now.store_bytes,
        people: now.people,
        services: now.services,
        disabled: now.disabled,
        tokens: now.tokens,
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

/// What a kind of job does.
pub(super) fn what(kind: &str) -> String {
    runner::kinds()
        .find(|(name, _)| *name == kind)
        .map_or(kind, |(_, about)| about)
        .to_owned()
}
