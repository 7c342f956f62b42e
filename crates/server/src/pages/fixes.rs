//! The fix plan, as a page and as a file.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_ui::fixes::{Fixes, Upgrade};

use crate::findings::fixes::{Asked, View, fixes};
use crate::http::{Json, Problem, Query};
use crate::people::ProductRead;
use crate::portal::Portal;

use super::around::{Fields, Viewer, page};
use super::sheet::{self, cell};

/// Rows of the page.
const ROWS: usize = 100;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/fixes", get(show))
        .route("/fixes.csv", get(csv_file))
        .route("/fixes.json", get(json_file))
}

#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    q: String,
}

fn asked(address: &Address) -> Asked {
    Asked {
        q: Some(address.q.clone()),
    }
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let mut view = Fixes {
        query: &address.q,
        ..Fixes::default()
    };
    let mut status = StatusCode::OK;
    match fixes(
        State(portal.clone()),
        viewer.allowed,
        Query(asked(&address)),
    )
    .await
    {
        Ok(Json(plan)) => {
            view.looked = i64::try_from(plan.looked).unwrap_or(i64::MAX);
            view.more = !plan.whole;
            view.upgrades = plan.items.into_iter().take(ROWS).map(upgrade).collect();
        }
        Err(problem) => {
            let (code, typed) = Fields::default().wrong(problem)?;
            status = code;
            let faults = typed.faults.into_iter().map(|(_, fault)| fault);
            view.fault = typed
                .error
                .into_iter()
                .chain(faults)
                .reduce(|all, one| format!("{all} {one}"));
        }
    }
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, status, text))
}

fn upgrade(view: View) -> Upgrade {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Upgrade {
        ecosystem: view.ecosystem,
        component: view.component,
        from: view.from,
        to: view.to,
        clears: number(view.clears),
        exploited: number(view.known_exploited),
        worst: view.worst,
        risk: view.risk,
        jump: view.jump.unwrap_or_default(),
        products: view
            .products
            .into_iter()
            .map(|needs| (needs.product, needs.direct))
            .collect(),
        command: view.command,
    }
}

async fn csv_file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let Json(plan) = fixes(State(portal), viewer.allowed, Query(asked(&address))).await?;
    let columns = [
        "ecosystem",
        "component",
        "from",
        "to",
        "clears",
        "known_exploited",
        "worst",
        "risk",
        "jump",
        "products",
        "command",
    ];
    let cells = |one: &View| {
        let products: Vec<&str> = one
            .products
            .iter()
            .map(|one| one.product.as_str())
            .collect();
        vec![
            one.ecosystem.clone(),
            one.component.clone(),
            one.from.join(" "),
            one.to.clone(),
            one.clears.to_string(),
            one.known_exploited.to_string(),
            cell(one.worst),
            one.risk.to_string(),
            cell(one.jump),
            products.join(", "),
            cell(one.command.as_ref()),
        ]
    };
    sheet::table("fixes", &columns, plan.items.iter().map(cells))
}

async fn json_file(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let Json(plan) = fixes(State(portal), viewer.allowed, Query(asked(&address))).await?;
    sheet::json("fixes", &plan)
}
