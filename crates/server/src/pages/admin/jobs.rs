//! Work in the background.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::jobs as store;
use stanchion_ui::admin::Sent;
use stanchion_ui::admin::jobs::{Job, JobPage, Jobs, Kind, Watched};
use stanchion_ui::frame::Around;

use crate::http::{Json, Path, Problem, Query};
use crate::jobs::{self, Asked, STARTED, View, absent, progress};
use crate::people::{Allowed, InventoryPush, JobRead, JobRun};
use crate::portal::Portal;
use crate::products::repository;

use super::super::around::{Posted, Viewer, done, page, say};
use super::overview::what;
use super::{again, at};

/// Rows of a page.
const ROWS: usize = 50;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/jobs", get(show))
        .route("/admin/jobs/run", post(run))
        .route("/admin/jobs/scan", post(scan))
        .route("/admin/jobs/{id}", get(one))
        .route("/admin/jobs/{id}/retry", post(retry))
        .route("/admin/jobs/{id}/events", get(progress::events))
}

#[derive(Default, Deserialize)]
struct Address {
    #[serde(default)]
    state: String,
    before: Option<i64>,
}

fn job(view: View) -> Job {
    Job {
        about: what(&view.kind),
        id: view.id,
        kind: view.kind,
        key: view.key,
        state: view.state,
        attempts: view.attempts,
        most: view.most_attempts,
        error: view.error,
        not_before: at(&view.not_before),
        created: at(&view.created),
        started: view.started.as_deref().map(at),
        finished: view.finished.as_deref().map(at),
    }
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<JobRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let state = (StatusCode::OK, Sent::default());
    view(&portal, viewer.allowed, &viewer.around, address, state).await
}

async fn view(
    portal: &Portal,
    allowed: Allowed<JobRead>,
    around: &Around,
    address: Address,
    (status, sent): (StatusCode, Sent),
) -> Result<Response, Problem> {
    let known = ["failed", "running", "waiting", "done"];
    let state = known
        .into_iter()
        .find(|state| *state == address.state)
        .unwrap_or_default();
    let asked = Asked {
        state: (!state.is_empty()).then(|| state.to_owned()),
        before: address.before,
        limit: Some(ROWS),
    };
    let Json(listed) = jobs::list(State(portal.clone()), allowed.clone(), Query(asked)).await?;
    let Json(kinds) = jobs::kinds(State(portal.clone()), allowed).await?;
    let counts = portal.read(|tx| Ok(store::counts(tx)?)).await?;
    let of = |state: &str| {
        counts
            .iter()
            .find(|(name, _)| name == state)
            .map_or(0, |(_, count)| *count)
    };
    let next = listed.next.map(|next| {
        if state.is_empty() {
            format!("/admin/jobs?before={next}")
        } else {
            format!("/admin/jobs?state={state}&before={next}")
        }
    });
    let page_view = Jobs {
        state: state.to_owned(),
        jobs: listed.items.into_iter().map(job).collect(),
        later: address.before.is_some(),
        next,
        counts: (of("failed"), of("running"), of("waiting")),
        kinds: kinds
            .into_iter()
            .map(|kind| Kind {
                starts: STARTED.contains(&kind.name),
                name: kind.name.to_owned(),
                about: kind.about.to_owned(),
                cron: kind.cron,
                next: kind.next.as_deref().map(at),
                last: kind.last.as_deref().map(at),
            })
            .collect(),
        sent,
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

async fn one(
    State(portal): State<Portal>,
    viewer: Viewer<JobRead>,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let found = portal
        .read(move |tx| Ok(store::by_id(tx, id)?))
        .await?
        .ok_or_else(absent)?;
    let now = progress::said(&portal, &found);
    let view = JobPage {
        watched: Watched {
            id,
            text: now.text,
            over: now.over,
        },
        job: job(View::from(found)),
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

/// The page of the newest job of a kind on something; the list where it is gone again.
async fn newest(portal: &Portal, kind: &str, key: &str) -> Result<String, Problem> {
    let (kind, key) = (kind.to_owned(), key.to_owned());
    let found = portal
        .read(move |tx| Ok(store::newest(tx, &kind, &key)?))
        .await?;
    Ok(found.map_or_else(
        || "/admin/jobs".to_owned(),
        |job| format!("/admin/jobs/{}", job.id),
    ))
}

async fn run(State(portal): State<Portal>, posted: Posted<JobRun>) -> Result<Response, Problem> {
    let kind = posted.fields.text("kind").to_owned();
    jobs::run(State(portal.clone()), posted.allowed, Path(kind.clone())).await?;
    let path = newest(&portal, &kind, "").await?;
    Ok(done(&portal, &path, say("It is started.")))
}

async fn retry(
    State(portal): State<Portal>,
    Path(id): Path<i64>,
    posted: Posted<JobRun>,
) -> Result<Response, Problem> {
    let path = format!("/admin/jobs/{id}");
    match jobs::retry(State(portal.clone()), posted.allowed, Path(id)).await {
        Ok(_) => Ok(done(&portal, &path, say("It is tried again."))),
        Err(problem) if problem.status() == StatusCode::CONFLICT => {
            Ok(done(&portal, &path, say(problem.document().detail.clone())))
        }
        Err(problem) => Err(problem),
    }
}

async fn scan(
    State(portal): State<Portal>,
    posted: Posted<InventoryPush>,
) -> Result<Response, Problem> {
    let name = posted.fields.text("product").to_owned();
    let who = posted.allowed.0.clone();
    let started = repository::scan(State(portal.clone()), posted.allowed, Path(name.clone())).await;
    let reader: Result<Allowed<JobRead>, Problem> = Allowed::of(who);
    match (started, reader) {
        (Ok(_), Ok(_)) => {
            let path = newest(&portal, "scan", &name).await?;
            Ok(done(&portal, &path, say("The scan is started.")))
        }
        (Ok(_), Err(_)) => {
            let path = stanchion_ui::parts::product_path(&name);
            Ok(done(&portal, &path, say("The scan is started.")))
        }
        (Err(problem), Ok(reader)) => {
            let state = again(&posted.fields, "scan", problem, &[])?;
            let address = Address::default();
            view(&portal, reader, &posted.around, address, state).await
        }
        (Err(problem), Err(_)) => Err(problem),
    }
}
