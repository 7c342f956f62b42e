//! Branches and versions of a product.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stanchion_store::inventories;
use stanchion_store::products::{self, Latest, Version};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Json, Path, Problem};
use crate::people::{Allowed, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::slice::{self, note};

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(branches))
        .routes(routes!(set_branch))
        .routes(routes!(versions))
        .routes(routes!(remove_version))
}

/// A branch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BranchView {
    pub(crate) name: String,
    /// How its latest version is told: `pushed`, `ordered` or `pinned`.
    pub(crate) latest: &'static str,
}

/// The branches of a product.
#[utoipa::path(get, path = "/api/v1/products/{name}/branches", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = [BranchView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn branches(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
) -> Result<Json<Vec<BranchView>>, Problem> {
    let all = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let all = products::branches(tx, product.id)?;
            Ok::<_, Problem>(
                all.into_iter()
                    .map(|branch| BranchView {
                        name: branch.name,
                        latest: branch.latest.as_str(),
                    })
                    .collect(),
            )
        })
        .await?;
    Ok(Json(all))
}

/// How the latest version of a branch is told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `pushed` (the last that came), `ordered` (the highest) or `pinned`.
    pub(crate) latest: String,
    /// The version that is pinned.
    pub(crate) version: Option<String>,
}

/// Says how the latest version of a branch is told; makes the branch where there is none.
#[utoipa::path(put, path = "/api/v1/products/{name}/branches/{branch}", tag = "products",
    params(("name" = String, Path), ("branch" = String, Path)), request_body = Rule,
    responses((status = 204), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn set_branch(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path((name, branch)): Path<(String, String)>,
    Json(rule): Json<Rule>,
) -> Result<StatusCode, Problem> {
    crate::engine::ingest::check_name("branch", &branch)?;
    let latest = Latest::from_word(&rule.latest).ok_or_else(|| {
        Problem::unprocessable("The rule is none.").field("latest", "pushed, ordered or pinned")
    })?;
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let branch = products::branch(tx, product.id, &branch, now)?;
            let pinned = match (latest, &rule.version) {
                (Latest::Pinned, Some(version)) => {
                    let found = products::versions(tx, product.id)?
                        .into_iter()
                        .find(|one| one.branch == branch.id && one.name == *version);
                    Some(found.map(|one| one.id).ok_or_else(|| {
                        Problem::unprocessable("There is no such version on this branch.")
                            .field("version", "a version of this branch")
                    })?)
                }
                (Latest::Pinned, None) => {
                    return Err(Problem::unprocessable("Nothing is pinned.")
                        .field("version", "the version that is pinned"));
                }
                _ => None,
            };
            let before = branch.latest.as_str();
            products::set_latest(tx, &branch, latest, pinned)?;
            let object = format!("{}/{}", product.name, branch.name);
            note(
                tx,
                now,
                &allowed,
                "branch.rule",
                &object,
                Some(before),
                Some(latest.as_str()),
            )?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// A version of a product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) product: String,
    pub(crate) branch: String,
    pub(crate) name: String,
    /// The latest of its branch.
    pub(crate) latest: bool,
    /// Latest or deployed: its findings are work.
    pub(crate) live: bool,
    pub(crate) components: i64,
    /// When its inventory came, in seconds since 1970.
    pub(crate) pushed: Option<i64>,
    /// What the gate last said.
    pub(crate) denied: Option<bool>,
    /// Its inventory.
    pub(crate) inventory: Option<String>,
}

impl VersionView {
    pub(crate) fn of(version: &Version, product: &str, branch: &str) -> Self {
        Self {
            id: version.id.to_string(),
            product: product.to_owned(),
            branch: branch.to_owned(),
            name: version.name.clone(),
            latest: version.latest,
            live: version.live,
            components: version.components,
            pushed: version.pushed,
            denied: version.denied,
            inventory: version.inventory.map(|id| id.to_string()),
        }
    }
}

/// The versions of a product, the last pushed first; at most 10,000.
#[utoipa::path(get, path = "/api/v1/products/{name}/versions", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = [VersionView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn versions(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
) -> Result<Json<Vec<VersionView>>, Problem> {
    let all = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let branches = products::branches(tx, product.id)?;
            let all = products::versions(tx, product.id)?;
            Ok::<_, Problem>(
                all.iter()
                    .map(|version| {
                        let branch = branches.iter().find(|branch| branch.id == version.branch);
                        VersionView::of(
                            version,
                            &product.name,
                            branch.map_or("", |branch| &branch.name),
                        )
                    })
                    .collect(),
            )
        })
        .await?;
    Ok(Json(all))
}

/// Takes a version away with its inventories and findings.
#[utoipa::path(delete, path = "/api/v1/products/{name}/versions/{id}", tag = "products",
    params(("name" = String, Path), ("id" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn remove_version(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let id = slice::id(&id, "version")?;
            let version = products::version_by_id(tx, id)?
                .filter(|version| version.product == product.id)
                .ok_or_else(|| Problem::not_found("There is no such version."))?;
            inventories::delete_version(tx, version.id)?;
            products::settle(tx, version.branch)?;
            let object = format!("{} {}", product.name, version.name);
            note(
                tx,
                now,
                &allowed,
                "version.delete",
                &object,
                Some(&version.name),
                None,
            )?;
            Ok::<_, Problem>(StatusCode::NO_CONTENT)
        })
        .await
}
