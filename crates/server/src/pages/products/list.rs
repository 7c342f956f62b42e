//! All products, what of them has no inventory, and the tree that they make.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_ui::frame::Around;
use stanchion_ui::product::coverage::{Coverage, Gap};
use stanchion_ui::product::hierarchy::{Hierarchy, Node};
use stanchion_ui::products::{Products, Row};

use super::{numbers, told};
use crate::findings::lists::Asked;
use crate::http::{Json, Problem, Query};
use crate::pages::around::{Viewer, page};
use crate::pages::sheet::{self, CHUNK, MOST_ROWS, Sheet, Sort, cell, time, yes};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;
use crate::products::standings::{self, StandingRow, hierarchy, whole};
use crate::products::uncovered;
use crate::slice::MOST;

/// Rows of a page.
const ROWS: usize = 50;
/// Products of the chart.
const WORST: usize = 8;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/products", get(list))
        .route("/products.csv", get(csv_file))
        .route("/products.json", get(json_file))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    #[serde(default)]
    q: String,
    after: Option<String>,
    #[serde(default)]
    without: String,
    #[serde(default)]
    view: String,
}

async fn list(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    if address.without == "inventory" {
        return coverage(portal, viewer.allowed, &viewer.around).await;
    }
    if address.view == "tree" {
        return tree(portal, viewer.allowed, &viewer.around).await;
    }
    let reader = viewer.allowed.clone();
    let all = portal.read(move |tx| whole(tx, &reader, WORST)).await?;
    let mut view = Products {
        query: &address.q,
        later: address.after.is_some(),
        total: all.total,
        sum: numbers(&all.now),
        worst: all.worst,
        ..Products::default()
    };
    let asked = Asked {
        q: Some(address.q.clone()),
        after: address.after.clone(),
        limit: Some(ROWS),
    };
    let mut status = StatusCode::OK;
    match standings::standings(State(portal.clone()), viewer.allowed, Query(asked)).await {
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
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, status, text))
}

fn row(row: StandingRow) -> Row {
    Row {
        bought: row.product.kind == "bought",
        lifecycle: row.product.lifecycle,
        owner: row.product.owner,
        tier: row.product.tier,
        exposed: row.product.exposed,
        tags: row.product.tags,
        worst: row.now.worst,
        version: row.version,
        now: numbers(&row.now),
        days: row
            .days
            .into_iter()
            .map(|day| day.unwrap_or(f64::NAN))
            .collect(),
        pushed: row.pushed,
        unknown: row.unknown,
        name: row.product.name,
    }
}

async fn coverage(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
) -> Result<Response, Problem> {
    let Json(found) = uncovered(State(portal.clone()), allowed).await?;
    let view = Coverage {
        covered: found.covered,
        oldest: found.oldest,
        more: found.gaps.len() >= MOST,
        gaps: found
            .gaps
            .into_iter()
            .map(|gap| Gap {
                product: gap.product,
                environment: Some(gap.what).filter(|what| what != "product"),
            })
            .collect(),
    };
    Ok(page(&portal, around, StatusCode::OK, view.page(around)))
}

async fn tree(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    around: &Around,
) -> Result<Response, Problem> {
    let Json(found) = hierarchy(State(portal.clone()), allowed).await?;
    let view = Hierarchy {
        whole: found.whole,
        nodes: found
            .nodes
            .into_iter()
            .map(|node| Node {
                name: node.name,
                parent: node.parent,
                bought: node.kind == "bought",
                owner: node.owner,
                open: node.now.open,
                exploited: node.now.known_exploited,
                risk: node.now.risk,
            })
            .collect(),
    };
    Ok(page(&portal, around, StatusCode::OK, view.page(around)))
}

const SHEET: Sheet<StandingRow> = Sheet {
    name: "products",
    columns: &[
        "name",
        "kind",
        "lifecycle",
        "owner",
        "tier",
        "exposed",
        "environment",
        "tags",
        "parent",
        "vendor",
        "risk",
        "worst",
        "open",
        "critical",
        "high",
        "medium",
        "low",
        "known_exploited",
        "overdue",
        "excepted",
        "unowned",
        "version",
        "last_inventory",
    ],
    most: MOST_ROWS,
    cells: |row| {
        let (product, now) = (&row.product, &row.now);
        vec![
            product.name.clone(),
            product.kind.clone(),
            product.lifecycle.clone(),
            cell(product.owner.as_ref()),
            cell(product.tier),
            yes(product.exposed),
            cell(product.environment.as_ref()),
            product.tags.join(" "),
            cell(product.parent.as_ref()),
            cell(product.vendor.as_ref()),
            now.risk.to_string(),
            cell(now.worst),
            now.open.to_string(),
            now.critical.to_string(),
            now.high.to_string(),
            now.medium.to_string(),
            now.low.to_string(),
            now.known_exploited.to_string(),
            now.overdue.to_string(),
            now.excepted.to_string(),
            now.unowned.to_string(),
            cell(row.version.as_ref()),
            time(row.pushed),
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
            let Json(found) = standings::standings(State(portal), allowed, Query(asked)).await?;
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
