//! The versions of a product, what is in each, and under which licences.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::query::{self, FINDINGS};
use stanchion_store::{Id, products};
use stanchion_ui::parts::{product_path, term};
use stanchion_ui::product::inventory::{Came, Component, Inventory};
use stanchion_ui::product::licences::{Licence, Licences};
use stanchion_ui::product::overview::Branch;
use stanchion_ui::product::versions::Versions;

use super::{choice, choices, head, here, overview, told};
use crate::findings::lists::{parse, visible};
use crate::http::{Json, Path, Problem, Query};
use crate::inventories::{self, ComponentView, LicenceView, Wanted};
use crate::pages::around::{Posted, Viewer, done, page, say};
use crate::pages::sheet::{self, CHUNK, MOST_ROWS, Sheet, Sort, cell, yes};
use crate::people::{Allowed, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::products::tree;
use crate::slice;

/// Rows of a page.
const ROWS: usize = 50;
/// Findings about licences are counted up to this.
const COUNTED: usize = 500;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/products/{name}/versions", get(versions))
        .route("/products/{name}/versions/remove", post(remove))
        .route("/products/{name}/inventory", get(inventory))
        .route("/products/{name}/inventory.csv", get(inventory_csv))
        .route("/products/{name}/inventory.json", get(inventory_json))
        .route("/products/{name}/licences", get(licences))
        .route("/products/{name}/licences.csv", get(licences_csv))
}

#[derive(Deserialize)]
struct Place {
    after: Option<String>,
}

async fn versions(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(place): Query<Place>,
) -> Result<Response, Problem> {
    let later = place.after.is_some();
    let (reader, near) = (viewer.allowed, viewer.around.clone());
    let (view, around) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &name)?;
            let after = match &place.after {
                None => None,
                Some(text) => Some(
                    Id::parse(text)
                        .ok_or_else(|| Problem::bad_request("This is not where a page ends."))?,
                ),
            };
            let branches = products::branches(tx, product.id)?;
            let running = products::deployments(tx, product.id, false)?;
            let mut found = products::versions_after(tx, product.id, after, ROWS + 1)?;
            let more = found.len() > ROWS;
            found.truncate(ROWS);
            let view = Versions {
                head: head(tx, &reader, &product)?,
                next: found
                    .last()
                    .filter(|_| more)
                    .map(|last| last.id.to_string()),
                rows: found
                    .iter()
                    .map(|one| overview::version(one, &branches, &running))
                    .collect(),
                branches: branches
                    .into_iter()
                    .map(|branch| Branch {
                        name: branch.name,
                        latest: branch.latest.as_str(),
                    })
                    .collect(),
                later,
            };
            Ok::<_, Problem>((view, here(tx, &near, &reader, &product)?))
        })
        .await?;
    let text = view.page(&around);
    Ok(page(&portal, &around, StatusCode::OK, text))
}

async fn remove(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    posted: Posted<ProductWrite>,
) -> Result<Response, Problem> {
    let id = posted.fields.text("id").to_owned();
    let path = format!("{}/versions", product_path(&name));
    let text =
        match tree::remove_version(State(portal.clone()), posted.allowed, Path((name, id))).await {
            Ok(_) => "The version is gone.",
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
                "That version is not there any more."
            }
            Err(problem) => return Err(problem),
        };
    Ok(done(&portal, &path, say(text)))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    #[serde(default)]
    version: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    licence: String,
    #[serde(default)]
    direct: String,
    #[serde(default)]
    scope: String,
    after: Option<String>,
}

impl Address {
    fn wanted(&self, after: Option<String>, limit: usize) -> Wanted {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Wanted {
            q: some(&self.q),
            licence: some(&self.licence),
            direct: match self.direct.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            scope: some(&self.scope),
            after,
            limit: Some(limit),
        }
    }
}

async fn inventory(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let (reader, near, asked) = (
        viewer.allowed.clone(),
        viewer.around.clone(),
        address.version.clone(),
    );
    let (mut view, around, version) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &name)?;
            let (versions, version) = choices(tx, product.id, &asked)?;
            let view = Inventory {
                head: head(tx, &reader, &product)?,
                version: version.as_ref().map(|version| choice(&versions, version)),
                versions,
                version_name: version
                    .as_ref()
                    .map(|version| version.name.clone())
                    .unwrap_or_default(),
                live: version.as_ref().is_some_and(|version| version.live),
                ..Inventory::default()
            };
            let around = here(tx, &near, &reader, &product)?;
            Ok::<_, Problem>((view, around, version.map(|version| version.id.to_string())))
        })
        .await?;
    let mut status = StatusCode::OK;
    if let Some(id) = version {
        let wanted = address.wanted(address.after.clone(), ROWS);
        let (found, came) = tokio::join!(
            inventories::components(
                State(portal.clone()),
                viewer.allowed.clone(),
                Path(id.clone()),
                Query(wanted)
            ),
            inventories::list(State(portal.clone()), viewer.allowed, Path(id)),
        );
        match found {
            Ok(Json(found)) => {
                view.total = found.total;
                view.total_direct = found.direct;
                view.next = found.next;
                view.rows = found.items.into_iter().map(component).collect();
            }
            Err(problem) => {
                let (code, fault) = told(problem)?;
                status = code;
                view.fault = Some(fault);
            }
        }
        let Json(came) = came?;
        view.came = came
            .into_iter()
            .take(20)
            .map(|one| Came {
                id: one.id,
                in_force: one.in_force,
                format: one.format,
                bytes: one.bytes,
                components: one.components,
                problems: one.problems,
                received: one.received,
                sent_by: one.sent_by,
                judged: one.judged,
                gone: one.document_gone,
            })
            .collect();
    }
    view.later = address.after.is_some();
    view.query = address.q;
    view.licence = address.licence;
    view.direct = address.direct;
    view.scope = address.scope;
    let text = view.page(&around);
    Ok(page(&portal, &around, status, text))
}

fn component(view: ComponentView) -> Component {
    Component {
        name: view.name,
        version: view.version,
        purl: view.purl,
        ecosystem: view.ecosystem,
        direct: view.direct,
        scope: view.scope,
        licences: view.licences,
        open: view.open,
        severity: view.severity,
        exploited: view.known_exploited,
    }
}

const SHEET: Sheet<ComponentView> = Sheet {
    name: "inventory",
    columns: &[
        "name",
        "version",
        "ecosystem",
        "purl",
        "direct",
        "scope",
        "licences",
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
            yes(row.direct),
            row.scope.to_owned(),
            row.licences.join(", "),
            row.open.to_string(),
            cell(row.worst),
            cell(row.severity),
            yes(Some(row.known_exploited)),
        ]
    },
};

/// The id of the version that an address means.
async fn version_of(
    portal: &Portal,
    allowed: &Allowed<ProductRead>,
    name: String,
    asked: String,
) -> Result<String, Problem> {
    let reader = allowed.clone();
    portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &name)?;
            let (_, version) = choices(tx, product.id, &asked)?;
            version
                .map(|version| version.id.to_string())
                .ok_or_else(|| Problem::not_found("No inventory of it has come in."))
        })
        .await
}

async fn file(
    portal: Portal,
    allowed: Allowed<ProductRead>,
    name: String,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    let id = version_of(&portal, &allowed, name, address.version.clone()).await?;
    sheet::send(SHEET, sort, move |after| {
        let wanted = address.wanted(after, CHUNK);
        let (portal, allowed, id) = (portal.clone(), allowed.clone(), id.clone());
        async move {
            let Json(found) =
                inventories::components(State(portal), allowed, Path(id), Query(wanted)).await?;
            Ok((found.items, found.next))
        }
    })
    .await
}

async fn inventory_csv(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    file(portal, viewer.allowed, name, address, Sort::Csv).await
}

async fn inventory_json(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    file(portal, viewer.allowed, name, address, Sort::Json).await
}

async fn licences(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let (reader, near) = (viewer.allowed.clone(), viewer.around.clone());
    let (mut view, around, version) = portal
        .read(move |tx| {
            let product = slice::product(tx, &reader, &name)?;
            let (versions, version) = choices(tx, product.id, &address.version)?;
            let about = parse(
                &FINDINGS,
                &format!("{} kind:licence", term("product", &product.name)),
            )?;
            let all = visible(reader.only(tx, "product.read")?);
            let counted = query::count(tx, &about, &all, now, COUNTED)?;
            let findings = crate::findings::lists::Count::from(counted).count;
            let view = Licences {
                head: head(tx, &reader, &product)?,
                version: version.as_ref().map(|version| choice(&versions, version)),
                versions,
                components: version.as_ref().map_or(0, |version| version.components),
                findings: i64::try_from(findings).unwrap_or(i64::MAX),
                ..Licences::default()
            };
            let around = here(tx, &near, &reader, &product)?;
            Ok::<_, Problem>((view, around, version.map(|version| version.id.to_string())))
        })
        .await?;
    if let Some(id) = version {
        let Json(found) =
            inventories::licences(State(portal.clone()), viewer.allowed, Path(id)).await?;
        view.rows = found
            .into_iter()
            .map(|one| Licence {
                licence: one.licence,
                components: one.components,
                direct: one.direct,
            })
            .collect();
    }
    let text = view.page(&around);
    Ok(page(&portal, &around, StatusCode::OK, text))
}

const LICENCE_SHEET: Sheet<LicenceView> = Sheet {
    name: "licences",
    columns: &["licence", "components", "direct"],
    most: MOST_ROWS,
    cells: |row| {
        vec![
            row.licence.clone().unwrap_or_default(),
            row.components.to_string(),
            row.direct.to_string(),
        ]
    },
};

async fn licences_csv(
    State(portal): State<Portal>,
    viewer: Viewer<ProductRead>,
    Path(name): Path<String>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let allowed = viewer.allowed;
    let id = version_of(&portal, &allowed, name, address.version).await?;
    sheet::send(LICENCE_SHEET, Sort::Csv, move |_| {
        let (portal, allowed, id) = (portal.clone(), allowed.clone(), id.clone());
        async move {
            let Json(found) = inventories::licences(State(portal), allowed, Path(id)).await?;
            Ok((found, None))
        }
    })
    .await
}
