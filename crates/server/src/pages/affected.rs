//! "Are we affected by it?", as a page and as a file.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_ui::affected::{Affected, Found, Part};

use crate::findings::lists::{self, Wanted, affected};
use crate::http::{Json, Problem, Query};
use crate::people::ProductRead;
use crate::portal::Portal;

use super::around::{Viewer, page};
use super::map;
use super::sheet::{self, cell, yes};

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
    let columns = [
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
    ];
    let rows = answer.parts.iter().flat_map(|part| {
        part.places.iter().map(|place| {
            let finding = place.finding.as_ref();
            vec![
                part.sort.to_owned(),
                part.name.clone(),
                place.product.clone(),
                cell(place.version.as_ref()),
                yes(Some(place.live)),
                place.environments.join(" "),
                cell(place.component.as_ref().map(|used| &used.name)),
                cell(place.component.as_ref().map(|used| &used.version)),
                cell(finding.map(|row| &row.vulnerability)),
                cell(finding.map(|row| row.state)),
                cell(finding.and_then(|row| row.severity)),
                cell(finding.and_then(|row| row.score)),
                cell(finding.and_then(|row| row.upgrade_to.as_ref())),
                cell(finding.and_then(|row| row.due.as_ref())),
            ]
        })
    });
    sheet::table("affected", &columns, rows)
}
