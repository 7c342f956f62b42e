//! What all products are made of, and under which licences.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_ui::components::{Components, Licences, Row};
use stanchion_ui::parts::Count;

use super::told;
use crate::findings::lists::{self, Asked, ComponentRow, Counting, LicenceRow};
use crate::http::{Json, Problem, Query};
use crate::pages::around::{Viewer, page};
use crate::pages::map;
use crate::pages::sheet::{self, CHUNK, MOST_ROWS, Sheet, Sort, cell};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;

/// Rows of a page.
const ROWS: usize = 50;
/// Licences of a page.
const LICENCES: usize = 200;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/components", get(list))
        .route("/components.csv", get(csv_file))
        .route("/components.json", get(json_file))
        .route("/components/licences", get(licences))
        .route("/components/licences.csv", get(licences_csv))
        .route("/components/licences.json", get(licences_json))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

async fn list(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let asked = Asked {
        q: Some(address.q.clone()),
        after: address.after.clone(),
        limit: Some(ROWS),
    };
    let mut view = Components {
        query: &address.q,
        later: address.after.is_some(),
        ..Components::default()
    };
    let mut status = StatusCode::OK;
    match lists::components(State(portal.clone()), viewer.allowed, Query(asked)).await {
        Ok(Json(found)) => {
            view.next = found.next;
            view.rows = found.items.into_iter().map(row).collect();
        }
        Err(problem) => {
            let (code, fault) = told(problem)?;
            status = code;
            view.fault = Some(fault);
        }
    }
    if view.rows.is_empty() && address.q.is_empty() {
        view.nothing_yet = view.fault.is_none();
    }
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, status, text))
}

fn row(row: ComponentRow) -> Row {
    let count = |count| Count {
        count,
        exact: row.exact,
    };
    Row {
        products: count(row.products),
        open: count(row.open),
        name: row.name,
        version: row.version,
        purl: row.purl,
        ecosystem: row.ecosystem,
        licences: row.licences,
        severity: row.severity,
        worst: row.worst,
        exploited: row.known_exploited,
    }
}

async fn licences(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let asked = lists::Licences {
        after: address.after.clone(),
        limit: Some(LICENCES),
    };
    let counting = Counting {
        q: Some("kind:licence".into()),
    };
    let (found, objections) = tokio::join!(
        lists::licences(State(portal.clone()), viewer.allowed.clone(), Query(asked)),
        lists::count(State(portal.clone()), viewer.allowed, Query(counting)),
    );
    let Json(found) = found?;
    let mut rows: Vec<(String, Count)> = found
        .items
        .into_iter()
        .map(|one| {
            let count = Count {
                count: one.components,
                exact: one.exact,
            };
            (one.licence, count)
        })
        .collect();
    // All of them: the most used first. Else by name, so that pages go on from one to the next.
    if found.next.is_none() && address.after.is_none() {
        rows.sort_by(|one, other| (other.1.count, &one.0).cmp(&(one.1.count, &other.0)));
    }
    let view = Licences {
        rows,
        next: found.next,
        later: address.after.is_some(),
        objections: objections.map_or_else(|_| Count::default(), |Json(count)| map::count(&count)),
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

const SHEET: Sheet<ComponentRow> = Sheet {
    name: "components",
    columns: &[
        "name",
        "version",
        "ecosystem",
        "purl",
        "licences",
        "products",
        "open",
        "worst",
        "severity",
        "known_exploited",
    ],
    most: MOST_ROWS,
    cells: |row| {
        vec![
            row.name.clone(),
            row.version.clone(),
            row.ecosystem.clone(),
            row.purl.clone(),
            row.licences.join(", "),
            row.products.to_string(),
            row.open.to_string(),
            cell(row.worst),
            cell(row.severity),
            if row.known_exploited { "yes" } else { "no" }.into(),
        ]
    },
};

const LICENCE_SHEET: Sheet<LicenceRow> = Sheet {
    name: "licences",
    columns: &["licence", "components", "exact"],
    most: MOST_ROWS,
    cells: |row| {
        vec![
            row.licence.clone(),
            row.components.to_string(),
            if row.exact { "yes" } else { "no" }.into(),
        ]
    },
};

async fn file(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    sheet::send(SHEET, sort, move |after| {
        let asked = Asked {
            q: Some(address.q.clone()),
            after,
            limit: Some(CHUNK),
        };
        let (portal, allowed) = (portal.clone(), allowed.clone());
        async move {
            let Json(found) = lists::components(State(portal), allowed, Query(asked)).await?;
            Ok((found.items, found.next))
        }
    })
    .await
}

async fn licence_file(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    sort: Sort,
) -> Result<Response, Problem> {
    sheet::send(LICENCE_SHEET, sort, move |after| {
        let asked = lists::Licences {
            after,
            limit: Some(CHUNK),
        };
        let (portal, allowed) = (portal.clone(), allowed.clone());
        async move {
            let Json(found) = lists::licences(State(portal), allowed, Query(asked)).await?;
            Ok((found.items, found.next))
        }
    })
    .await
}

async fn csv_file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    file(portal, viewer.allowed, address, Sort::Csv).await
}

async fn json_file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    file(portal, viewer.allowed, address, Sort::Json).await
}

async fn licences_csv(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
) -> Result<Response, Problem> {
    licence_file(portal, viewer.allowed, Sort::Csv).await
}

async fn licences_json(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
) -> Result<Response, Problem> {
    licence_file(portal, viewer.allowed, Sort::Json).await
}
