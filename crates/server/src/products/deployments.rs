//! Where versions run.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stanchion_store::Id;
use stanchion_store::products::{self, Deployment};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::is_word;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::slice::{self, note};

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, deploy))
        .routes(routes!(end))
}

/// Which deployments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Those that have ended too.
    #[serde(default)]
    pub(crate) ended: bool,
}

/// Where a version runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeploymentView {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) environment: String,
    /// The version's name; `null` while nobody knows.
    pub(crate) version: Option<String>,
    /// Seconds since 1970.
    pub(crate) since: i64,
    /// Seconds since 1970.
    pub(crate) until: Option<i64>,
    pub(crate) note: String,
}

/// Where a product runs.
#[utoipa::path(get, path = "/api/v1/products/{name}/deployments", tag = "products", params(("name" = String, Path), Asked),
    responses((status = 200, body = [DeploymentView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<DeploymentView>>, Problem> {
    let all = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let mut views = Vec::new();
            for one in products::deployments(tx, product.id, asked.ended)? {
                let version = match one.version {
                    Some(id) => products::version_by_id(tx, id)?.map(|version| version.name),
                    None => None,
                };
                views.push(DeploymentView {
                    id: one.id.to_string(),
                    environment: one.environment,
                    version,
                    since: one.since,
                    until: one.until,
                    note: one.note,
                });
            }
            Ok::<_, Problem>(views)
        })
        .await?;
    Ok(Json(all))
}

/// A deployment to be written down.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DeploymentForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Such as `production`.
    pub(crate) environment: String,
    /// The version's name; without it a deployment of which nobody knows what runs there.
    pub(crate) version: Option<String>,
    /// The version's branch.
    pub(crate) branch: Option<String>,
    /// Since when, in seconds since 1970; now without it.
    pub(crate) since: Option<i64>,
    /// It runs beside what runs there already, and does not end it.
    #[serde(default)]
    pub(crate) beside: bool,
    #[serde(default)]
    pub(crate) note: String,
}

/// Says that a version runs in an environment.
#[utoipa::path(post, path = "/api/v1/products/{name}/deployments", tag = "products", params(("name" = String, Path)), request_body = Form,
    responses((status = 201, body = DeploymentView), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn deploy(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path(name): Path<String>,
    Json(form): Json<Form>,
) -> Result<(StatusCode, Json<DeploymentView>), Problem> {
    if !is_word(&form.environment) || form.note.len() > 2_000 {
        return Err(Problem::unprocessable("The environment cannot be used.")
            .field("environment", "1 to 200 bytes without control characters"));
    }
    let now = portal.engine.now();
    let view = portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let version = match &form.version {
                None => None,
                Some(wanted) => {
                    let branches = products::branches(tx, product.id)?;
                    let branch = form.branch.as_ref().map(|name| {
                        branches
                            .iter()
                            .find(|branch| branch.name == *name)
                            .map_or(Id::default(), |branch| branch.id)
                    });
                    let found = products::versions(tx, product.id)?.into_iter().find(|one| {
                        one.name == *wanted && branch.is_none_or(|branch| branch == one.branch)
                    });
                    Some(found.ok_or_else(|| {
                        Problem::unprocessable("There is no such version.")
                            .field("version", "a version of this product")
                    })?)
                }
            };
            let since = form.since.unwrap_or(now).clamp(0, now);
            let deployment = Deployment {
                id: Id::derive(
                    "deployment",
                    &[
                        &product.id.0,
                        form.environment.as_bytes(),
                        &version
                            .as_ref()
                            .map_or(Id::default(), |version| version.id)
                            .0,
                        &since.to_be_bytes(),
                    ],
                ),
                product: product.id,
                version: version.as_ref().map(|version| version.id),
                environment: form.environment.clone(),
                since,
                until: None,
                note: form.note.clone(),
            };
            products::deploy(tx, &deployment, form.beside)?;
            let what = version
                .as_ref()
                .map_or("unknown", |version| version.name.as_str());
            note(
                tx,
                now,
                &allowed,
                "deployment.add",
                &format!("{} {}", product.name, form.environment),
                None,
                Some(what),
            )?;
            Ok::<_, Problem>(DeploymentView {
                id: deployment.id.to_string(),
                environment: deployment.environment,
                version: version.map(|version| version.name),
                since,
                until: None,
                note: deployment.note,
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Says that a deployment has ended.
#[utoipa::path(delete, path = "/api/v1/products/{name}/deployments/{id}", tag = "products",
    params(("name" = String, Path), ("id" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn end(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let id = slice::id(&id, "deployment")?;
            if !products::end_deployment(tx, product.id, id, now)? {
                return Err(Problem::not_found(
                    "There is no such deployment that goes on.",
                ));
            }
            note(
                tx,
                now,
                &allowed,
                "deployment.end",
                &product.name,
                Some(&id.to_string()),
                None,
            )?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
