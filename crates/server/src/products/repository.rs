//! Where a product's code is kept, and scans of it that the portal starts.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_store::products::{self, Repository};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::fetch::{check_reference, check_url};
use crate::engine::ingest::{MAIN, check_name};
use crate::engine::{runner, text_of};
use crate::http::{Json, Path, Problem};
use crate::people::{Allowed, InventoryPush, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::slice::{self, note};

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(show, set))
        .routes(routes!(scan))
}

/// Where the code is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Repository)]
pub(crate) struct View {
    pub(crate) url: String,
    /// A branch or tag; empty: the default branch.
    pub(crate) reference: String,
    /// The product's branch that inventories go to.
    pub(crate) branch: String,
    /// A token is kept for it.
    pub(crate) token: bool,
    /// The commit that was last scanned.
    pub(crate) commit: Option<String>,
    /// RFC 3339.
    pub(crate) scanned: Option<String>,
}

fn none() -> Problem {
    Problem::not_found("Nobody has said where the code of this product is kept.")
}

/// Where the code of a product is kept.
#[utoipa::path(get, path = "/api/v1/products/{name}/repository", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
) -> Result<Json<View>, Problem> {
    let view = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let found = products::repository(tx, product.id)?.ok_or_else(none)?;
            Ok::<_, Problem>(View {
                url: found.url,
                reference: found.reference,
                branch: found.branch,
                token: found.secret.is_some(),
                commit: found.commit,
                scanned: found.scanned.map(text_of),
            })
        })
        .await?;
    Ok(Json(view))
}

/// Where code is kept.
#[derive(Deserialize, ToSchema)]
#[schema(as = RepositoryForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// `https://...` or `ssh://...`.
    pub(crate) url: String,
    /// A branch or tag; the default branch without it.
    #[serde(default)]
    pub(crate) reference: String,
    /// The product's branch that inventories go to; `main` without it.
    pub(crate) branch: Option<String>,
    /// A token that may read it; kept sealed, and never given out again.
    pub(crate) token: Option<String>,
}

/// Says where the code of a product is kept.
#[utoipa::path(put, path = "/api/v1/products/{name}/repository", tag = "products", params(("name" = String, Path)), request_body = Form,
    responses((status = 204), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn set(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path(name): Path<String>,
    Json(form): Json<Form>,
) -> Result<StatusCode, Problem> {
    check_url(&form.url)?;
    check_reference(&form.reference)?;
    let branch = form.branch.unwrap_or_else(|| MAIN.to_owned());
    check_name("branch", &branch)?;
    let secret = match &form.token {
        None => None,
        Some(token) if token.len() <= 2_000 && !token.chars().any(char::is_control) => Some(
            crate::seal::close(portal.engine.key(), token)
                .map_err(|error| Problem::internal(&error))?,
        ),
        Some(_) => {
            return Err(Problem::unprocessable("The token cannot be used.")
                .field("token", "at most 2,000 bytes in one line"));
        }
    };
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let before = products::repository(tx, product.id)?.map(|old| old.url);
            let repository = Repository {
                product: product.id,
                url: form.url.clone(),
                reference: form.reference.clone(),
                branch: branch.clone(),
                secret: secret.clone(),
                commit: None,
                scanned: None,
            };
            products::set_repository(tx, &repository)?;
            note(
                tx,
                now,
                &allowed,
                "repository.set",
                &product.name,
                before.as_deref(),
                Some(&form.url),
            )?;
            Ok::<_, Problem>(StatusCode::NO_CONTENT)
        })
        .await
}

/// Scans the repository of a product in the background; the list of jobs tells what became of it.
#[utoipa::path(post, path = "/api/v1/products/{name}/scan", tag = "products", params(("name" = String, Path)),
    responses((status = 202), Problem), extensions(("x-permission" = json!("inventory.push"))))]
pub(crate) async fn scan(
    State(portal): State<Portal>,
    allowed: Allowed<InventoryPush>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            products::repository(tx, product.id)?.ok_or_else(none)?;
            runner::add(
                tx,
                "scan",
                &product.name,
                &json!({ "product": product.name }),
                60,
                now,
            )?;
            note(
                tx,
                now,
                &allowed,
                "repository.scan",
                &product.name,
                None,
                None,
            )?;
            Ok::<_, Problem>(StatusCode::ACCEPTED)
        })
        .await
}
