//! How fresh the advisories are.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::jobs as store;
use stanchion_ui::admin::feeds::{Feeds, Source};
use stanchion_ui::admin::jobs::Watched;

use crate::advisories::{Asked, FeedView, RefusalView, Refusals, refresh, refusals};
use crate::http::{Problem, Query};
use crate::jobs::progress::said;
use crate::people::{Allowed, JobRead, JobRun, ProductRead};
use crate::portal::Portal;

use super::super::around::{Posted, Viewer, done, page, say};
use super::at;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/feeds", get(show))
        .route("/admin/feeds/update", post(update))
}

#[derive(Deserialize)]
struct Address {
    source: Option<String>,
}

fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<JobRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let reader: Allowed<ProductRead> = Allowed::of(viewer.allowed.0.clone())?;
    let source = address.source.filter(|name| !name.is_empty());
    let info = portal
        .blocking(|portal| {
            // Without a database there is nothing to be told, and the page says how to get one.
            let Ok(held) = portal.engine.held() else {
                return Ok(None);
            };
            let meta = held
                .index
                .meta()
                .map_err(|error| Problem::internal(&error))?;
            Ok(Some(meta.info(held.index.snapshot())))
        })
        .await?;
    let told = if info.is_none() {
        Refusals::default()
    } else {
        let asked = Asked {
            source: source.clone(),
        };
        refusals(State(portal.clone()), reader, Query(asked))
            .await?
            .0
    };
    let job = portal
        .read(|tx| Ok(store::newest(tx, "feeds", "")?))
        .await?
        .filter(|job| matches!(job.state.as_str(), "waiting" | "running"));
    let job = job.map(|job| {
        let now = said(&portal, &job);
        Watched {
            id: job.id,
            text: now.text,
            over: now.over,
        }
    });
    let view = feeds(info, told, source, job);
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

fn feeds(
    info: Option<stanchion_model::report::DatabaseInfo>,
    told: Refusals,
    source: Option<String>,
    job: Option<Watched>,
) -> Feeds {
    let Some(info) = info else {
        return Feeds {
            job,
            ..Feeds::default()
        };
    };
    let sources = info
        .sources
        .into_iter()
        .map(|one| {
            let feed: Option<&FeedView> = told.feeds.iter().find(|feed| feed.name == one.name);
            Source {
                withdrawn: feed.map_or(0, |feed| number(feed.withdrawn)),
                refused: feed.map_or(0, |feed| number(feed.refused)),
                records: number(one.records),
                name: one.name,
                newest: one.newest,
                fetched: one.fetched.as_deref().map(at),
                failed: one.failed,
            }
        })
        .collect();
    Feeds {
        updated: info
            .updated
            .filter(|updated| !updated.is_empty())
            .as_deref()
            .map(at),
        snapshot: info.snapshot,
        advisories: number(info.advisories),
        sources,
        all: number(told.all),
        refusals: if source.is_some() {
            told.refusals
                .into_iter()
                .map(|RefusalView { id, reason, .. }| (id, reason))
                .collect()
        } else {
            Vec::new()
        },
        source,
        job,
    }
}

async fn update(State(portal): State<Portal>, posted: Posted<JobRun>) -> Result<Response, Problem> {
    refresh(State(portal.clone()), posted.allowed).await?;
    Ok(done(
        &portal,
        "/admin/feeds",
        say("Every source is asked what is new."),
    ))
}
