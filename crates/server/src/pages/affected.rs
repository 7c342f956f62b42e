//! "Are we affected by it?", as a page and as a file.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use stanchion_ui::affected::{Affected, Found, Part};

use crate::findings::lists::{self, Answer, Wanted, affected};
use crate::http::{Json, Problem, Query};
use crate::people::ProductRead;
use crate::portal::Portal;

use super::around::{Viewer, page};
use super::findings::harmless;
use super::map;

/// Longest text that is looked for.
const MOST: usize = 500;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/affected", get(show))
        .route("/affected.csv", get(file))
}

#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    q: String,
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let query = address.q.trim();
    let mut view = Affected {
        query,
        ..Affected::default()
    };
    let mut status = StatusCode::OK;
    if query.len() > MOST {
        view.fault = Some("That is too long to be looked for: at most 500 bytes.".into());
        view.query = "";
        status = StatusCode::BAD_REQUEST;
    } else if !query.is_empty() {
        let wanted = Wanted {
            q: query.to_owned(),
        };
        match affected(State(portal.clone()), viewer.allowed, Query(wanted)).await {
            Ok(Json(answer)) => {
                view.affected = answer.affected;
                view.looked = answer.looked.as_ref().map(|looked| {
                    let oldest = looked.oldest.as_deref().and_then(map::seconds);
                    (looked.inventories, oldest)
                });
                view.parts = answer.parts.into_iter().map(part).collect();
            }
            Err(problem) => {
                let (code, typed) = super::around::Fields::default().wrong(problem)?;
                status = code;
                view.fault = typed.error;
            }
        }
    }
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, status, text))
}

fn part(part: lists::Part) -> Part {
    Part {
        sort: part.sort,
        live: map::count(&part.live),
        name: part.name,
        title: part.title,
        places: part
            .places
            .into_iter()
            .map(|place| Found {
                product: place.product,
                version: place.version,
                version_id: place.version_id,
                live: place.live,
                environments: place.environments,
                component: place.component.map(|used| (used.name, used.version)),
                finding: place.finding.map(map::row),
            })
            .collect(),
        whole: part.whole,
    }
}

async fn file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let wanted = Wanted { q: address.q };
    let Json(answer) = affected(State(portal), viewer.allowed, Query(wanted)).await?;
    let bytes = csv_of(&answer).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"affected.csv\""),
    ];
    Ok((headers, bytes).into_response())
}

fn csv_of(answer: &Answer) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "found_as",
        "name",
        "product",
        "version",
        "live",
        "environments",
        "component",
        "component_version",
        "vulnerability",
        "state",
        "severity",
        "score",
        "upgrade_to",
        "due",
    ])?;
    for part in &answer.parts {
        for place in &part.places {
            let finding = place.finding.as_ref();
            let score = finding
                .and_then(|row| row.score)
                .map(|score| score.to_string())
                .unwrap_or_default();
            let environments = place.environments.join(" ");
            let cells: [&str; 14] = [
                part.sort,
                &part.name,
                &place.product,
                place.version.as_deref().unwrap_or_default(),
                if place.live { "yes" } else { "no" },
                &environments,
                place.component.as_ref().map_or("", |used| &used.name),
                place.component.as_ref().map_or("", |used| &used.version),
                finding.map_or("", |row| &row.vulnerability),
                finding.map_or("", |row| row.state),
                finding.and_then(|row| row.severity).unwrap_or_default(),
                &score,
                finding
                    .and_then(|row| row.upgrade_to.as_deref())
                    .unwrap_or_default(),
                finding
                    .and_then(|row| row.due.as_deref())
                    .unwrap_or_default(),
            ];
            let texts: Vec<String> = cells.into_iter().map(harmless).collect();
            writer.write_record(&texts)?;
        }
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}
