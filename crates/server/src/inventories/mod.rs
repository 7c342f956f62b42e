//! Inventories: they come in, are judged at once, and are kept as they came.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_policy::file::Gate;
use stanchion_policy::gate;
use stanchion_report::json;
use stanchion_store::contents::{self, Filter, Open};
use stanchion_store::inventories::{self, Listed};
use stanchion_store::products::{self, Product, Version};
use stanchion_store::{Id, Tx};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::ingest::{Document, Push, Pushed};
use crate::findings::view::{SEVERITIES, score, word};
use crate::http::{Json, Path, Problem, Query, Upload};
use crate::people::{Allowed, InventoryPush, Permission, ProductRead, ProductWrite, no_product};
use crate::portal::Portal;
use crate::slice;

/// Largest document that is given out again.
const MOST: u64 = 256 << 20;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(push))
        .routes(routes!(list))
        .routes(routes!(components))
        .routes(routes!(licences))
        .routes(routes!(report))
        .routes(routes!(document))
}

/// What is pushed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The product's name.
    pub(crate) product: String,
    /// The version's name.
    pub(crate) version: String,
    /// The branch; `main` without it.
    pub(crate) branch: Option<String>,
    /// `pull_request`, `build` (without it), `release` or `deploy`.
    pub(crate) gate: Option<String>,
    /// The time that clocks use, RFC 3339; now without it.
    pub(crate) as_of: Option<String>,
    /// What the document is called, such as `shop.cdx.json`.
    pub(crate) name: Option<String>,
}

/// Takes an inventory in (`stanchion.inventory/1`, CycloneDX or SPDX; at most 64 MiB, gzip and zstd are unpacked) and
/// answers with the verdict: the report that `stanchion scan -o json` gives, byte for byte.
#[utoipa::path(post, path = "/api/v1/push", tag = "inventories", params(Asked),
    request_body(content = String, content_type = "application/octet-stream", description = "The document."),
    responses(
        (status = 200, description = "The report, `stanchion.report/1`", body = Object, content_type = "application/json",
         headers(
            ("x-stanchion-product" = String, description = "The product's id"),
            ("x-stanchion-version" = String, description = "The version's id"),
            ("x-stanchion-inventory" = String, description = "The inventory's id"),
            ("x-stanchion-finding-changes" = String, description = "`appeared=1 changed=0 closed=2 reopened=0`"),
            ("x-stanchion-url" = String, description = "Where the version's report is"))),
        Problem),
    extensions(("x-permission" = json!("inventory.push"))))]
pub(crate) async fn push(
    State(portal): State<Portal>,
    allowed: Allowed<InventoryPush>,
    Query(asked): Query<Asked>,
    upload: Upload<{ 64 << 20 }>,
) -> Result<Response, Problem> {
    let gate = match asked.gate.as_deref() {
        None => gate::DEFAULT,
        Some(word) => Gate::from_word(word).ok_or_else(|| {
            Problem::bad_request("There is no such gate.")
                .field("gate", "pull_request, build, release or deploy")
        })?,
    };
    let as_of = match asked.as_of.as_deref() {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Problem::bad_request("The time cannot be read.")
                .field("as_of", "RFC 3339, such as 2026-11-24T10:00:00Z")
        })?),
    };
    portal
        .blocking(move |portal| {
            let bytes = upload
                .into_bytes()
                .map_err(|error| Problem::internal(&error))?;
            let pushed = take_in(portal, &allowed, &asked, &bytes, gate, as_of)?;
            let mut body = Vec::new();
            json::write(&pushed.assessment, &mut body)
                .map_err(|error| Problem::internal(&error))?;
            let changes = format!(
                "appeared={} changed={} closed={} reopened={}",
                pushed.changes.appeared.len(),
                pushed.changes.changed.len(),
                pushed.changes.closed.len(),
                pushed.changes.reopened.len()
            );
            let base = portal
                .engine
                .options()
                .public_url
                .clone()
                .unwrap_or_default();
            let page = format!(
                "{}/api/v1/versions/{}/report",
                base.trim_end_matches('/'),
                pushed.version.id
            );
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            for (name, value) in [
                ("x-stanchion-product", pushed.product.id.to_string()),
                ("x-stanchion-version", pushed.version.id.to_string()),
                ("x-stanchion-inventory", pushed.inventory.to_string()),
                ("x-stanchion-finding-changes", changes),
                ("x-stanchion-url", page),
            ] {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    headers.insert(HeaderName::from_static(name), value);
                }
            }
            Ok((StatusCode::OK, headers, body).into_response())
        })
        .await
}

/// Takes a document in for somebody who may push it.
pub(crate) fn take_in(
    portal: &Portal,
    allowed: &Allowed<InventoryPush>,
    asked: &Asked,
    bytes: &[u8],
    gate: Gate,
    as_of: Option<jiff::Timestamp>,
) -> Result<Pushed, Problem> {
    let may_create = portal.engine.store().read(|tx| {
        match products::by_name(tx, &asked.product)? {
            Some(product) => {
                allowed.on(tx, &product)?;
                Ok(false)
            }
            // Made for whoever may make products anywhere; others learn nothing of what is there.
            None if allowed.may_everywhere(ProductWrite::NAME) => Ok(true),
            None => Err(no_product().hint(
                "Make the product first, or use a token that has the permission product.write everywhere.",
            )),
        }
    })?;
    Ok(portal.engine.push(&Push {
        product: &asked.product,
        version: &asked.version,
        branch: asked.branch.as_deref(),
        document: Document {
            bytes,
            name: asked.name.as_deref().unwrap_or("document.json"),
        },
        actor: &allowed.name,
        may_create,
        as_of,
        gate,
    })?)
}

/// A version with its product, when somebody may read it.
fn version(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    id: &str,
) -> Result<(Product, Version), Problem> {
    let gone = || Problem::not_found("There is no such version, or you may not see it.");
    let id = Id::parse(id).ok_or_else(gone)?;
    let version = products::version_by_id(tx, id)?.ok_or_else(gone)?;
    let product = products::by_id(tx, version.product)?.ok_or_else(gone)?;
    allowed.on(tx, &product).map_err(|_| gone())?;
    Ok((product, version))
}

/// An inventory of a version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InventoryView {
    /// A UUID.
    pub(crate) id: String,
    /// It is the one in force.
    pub(crate) in_force: bool,
    /// SHA-256 of the document, as it came.
    pub(crate) document: String,
    /// `stanchion`, `cyclonedx` or `spdx`.
    pub(crate) format: String,
    pub(crate) bytes: i64,
    pub(crate) components: i64,
    /// What could not be read, resolved or matched.
    pub(crate) problems: i64,
    /// Seconds since 1970.
    pub(crate) received: i64,
    pub(crate) sent_by: String,
    /// The advisories that it was last matched with.
    pub(crate) snapshot: String,
    /// The digest of the policy that it was last judged by; empty without one.
    pub(crate) policy: String,
    /// When it was last judged, in seconds since 1970.
    pub(crate) judged: i64,
    /// The rules of retention took its documents.
    pub(crate) document_gone: bool,
}

/// The inventories of a version, the newest first.
#[utoipa::path(get, path = "/api/v1/versions/{id}/inventories", tag = "inventories", params(("id" = String, Path)),
    responses((status = 200, body = [InventoryView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<InventoryView>>, Problem> {
    let all = portal
        .read(move |tx| {
            let (_, version) = version(tx, &allowed, &id)?;
            let all = inventories::of_version(tx, version.id)?;
            Ok::<_, Problem>(
                all.into_iter()
                    .map(|one| InventoryView {
                        id: one.id.to_string(),
                        in_force: version.inventory == Some(one.id),
                        document: one.document,
                        format: one.format,
                        bytes: one.bytes,
                        components: one.components,
                        problems: one.problems,
                        received: one.received,
                        sent_by: one.sent_by,
                        snapshot: one.snapshot,
                        policy: one.policy,
                        judged: one.judged,
                        document_gone: one.raw_gone,
                    })
                    .collect(),
            )
        })
        .await?;
    Ok(Json(all))
}

/// A component of a version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComponentView {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) purl: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) ecosystem: String,
    /// The project itself asks for it; `null` where the format cannot tell.
    pub(crate) direct: Option<bool>,
    /// `runtime`, `optional`, `build`, `test` or `dev`.
    pub(crate) scope: &'static str,
    pub(crate) licences: Vec<String>,
    /// Open findings about it in this version.
    pub(crate) open: i64,
    /// The highest score of these.
    pub(crate) worst: Option<f64>,
    /// The highest severity of these.
    pub(crate) severity: Option<&'static str>,
    /// One of these is known to be exploited.
    pub(crate) known_exploited: bool,
}

/// The scopes by their numbers.
pub(crate) const SCOPES: [&str; 5] = ["runtime", "optional", "build", "test", "dev"];

impl ComponentView {
    fn of(listed: Listed, open: Option<&Open>) -> Self {
        let scope = usize::try_from(listed.scope)
            .ok()
            .and_then(|at| SCOPES.get(at));
        Self {
            id: listed.id.to_string(),
            purl: listed.purl,
            name: listed.name,
            version: listed.version,
            ecosystem: listed.ecosystem,
            direct: listed.direct,
            scope: scope.copied().unwrap_or("runtime"),
            licences: listed.licences,
            open: open.map_or(0, |open| open.count),
            worst: open.and_then(|open| score(open.worst)),
            severity: open.and_then(|open| word(&SEVERITIES, open.severity)),
            known_exploited: open.is_some_and(|open| open.exploited),
        }
    }
}

/// A page of components.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VersionComponentPage)]
pub(crate) struct ComponentPage {
    pub(crate) items: Vec<ComponentView>,
    /// Components that fit.
    pub(crate) total: i64,
    /// Those of them that the project itself asks for.
    pub(crate) direct: i64,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Which components.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Part of the name.
    pub(crate) q: Option<String>,
    /// With this licence; `none`: without any.
    pub(crate) licence: Option<String>,
    /// The project itself asks for it, or does not.
    pub(crate) direct: Option<bool>,
    /// `runtime`, `optional`, `build`, `test` or `dev`.
    pub(crate) scope: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500; 50 without it.
    pub(crate) limit: Option<usize>,
}

/// The components of a version by name, each with what is open about it.
#[utoipa::path(get, path = "/api/v1/versions/{id}/components", tag = "inventories", params(("id" = String, Path), Wanted),
    responses((status = 200, body = ComponentPage), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn components(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<ComponentPage>, Problem> {
    let limit = slice::limit(wanted.limit)?;
    let scope = match wanted.scope.as_deref() {
        None => None,
        Some(word) => Some(
            SCOPES
                .iter()
                .position(|scope| *scope == word)
                .and_then(|at| i64::try_from(at).ok())
                .ok_or_else(|| {
                    Problem::bad_request("There is no such scope.")
                        .field("scope", "runtime, optional, build, test or dev")
                })?,
        ),
    };
    let page = portal
        .read(move |tx| {
            let (_, version) = version(tx, &allowed, &id)?;
            let after = match &wanted.after {
                None => None,
                Some(text) => Some(Id::parse(text).ok_or_else(|| {
                    Problem::bad_request("This is not where a page ends.")
                        .field("after", "`next` of the page before")
                })?),
            };
            let filter = Filter {
                text: wanted.q.as_deref(),
                licence: wanted
                    .licence
                    .as_deref()
                    .map(|word| if word == "none" { "" } else { word }),
                direct: wanted.direct,
                scope,
            };
            let (total, direct) = contents::count(tx, version.id, &filter)?;
            let open = contents::open(tx, version.id)?;
            let mut found = contents::components(tx, version.id, &filter, after, limit + 1)?;
            let more = found.len() > limit;
            found.truncate(limit);
            let next = more
                .then(|| found.last().map(|last| last.id.to_string()))
                .flatten();
            let items = found
                .into_iter()
                .map(|listed| {
                    let own = open.get(&listed.id);
                    ComponentView::of(listed, own)
                })
                .collect();
            Ok::<_, Problem>(ComponentPage {
                items,
                total,
                direct,
                next,
            })
        })
        .await?;
    Ok(Json(page))
}

/// A licence of a version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LicenceView {
    /// As declared; `null`: none is.
    pub(crate) licence: Option<String>,
    pub(crate) components: i64,
    /// Those that the project itself asks for.
    pub(crate) direct: i64,
}

/// The licences that the components of a version declare, the most used first; at most 500.
#[utoipa::path(get, path = "/api/v1/versions/{id}/licences", tag = "inventories", params(("id" = String, Path)),
    responses((status = 200, body = [LicenceView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn licences(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<LicenceView>>, Problem> {
    let all = portal
        .read(move |tx| {
            let (_, version) = version(tx, &allowed, &id)?;
            Ok::<_, Problem>(contents::licences(tx, version.id, slice::MOST)?)
        })
        .await?;
    Ok(Json(
        all.into_iter()
            .map(|one| LicenceView {
                licence: Some(one.licence).filter(|licence| !licence.is_empty()),
                components: one.components,
                direct: one.direct,
            })
            .collect(),
    ))
}

/// At which gate and time.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct When {
    /// `pull_request`, `build` (without it), `release` or `deploy`.
    pub(crate) gate: Option<String>,
    /// The time that clocks use, RFC 3339; now without it.
    pub(crate) as_of: Option<String>,
}

/// The whole report of a version, made anew with the advisories and the policy in force. Nothing is written.
#[utoipa::path(get, path = "/api/v1/versions/{id}/report", tag = "inventories", params(("id" = String, Path), When),
    responses((status = 200, description = "The report, `stanchion.report/1`", body = Object), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn report(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    let gate = match when.gate.as_deref() {
        None => gate::DEFAULT,
        Some(word) => Gate::from_word(word).ok_or_else(|| {
            Problem::bad_request("There is no such gate.")
                .field("gate", "pull_request, build, release or deploy")
        })?,
    };
    let as_of = match when.as_of.as_deref() {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Problem::bad_request("The time cannot be read.")
                .field("as_of", "RFC 3339, such as 2026-11-24T10:00:00Z")
        })?),
    };
    portal
        .blocking(move |portal| {
            let assessment = assessed(portal, &allowed, &id, gate, as_of)?;
            let mut body = Vec::new();
            json::write(&assessment, &mut body).map_err(|error| Problem::internal(&error))?;
            Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
        })
        .await
}

/// A version judged anew with the advisories and the policy in force, for somebody who may see it.
pub(crate) fn assessed(
    portal: &Portal,
    allowed: &Allowed<ProductRead>,
    id: &str,
    gate: Gate,
    as_of: Option<jiff::Timestamp>,
) -> Result<stanchion_model::report::Assessment, Problem> {
    let (product, version) = portal.engine.store().read(|tx| version(tx, allowed, id))?;
    Ok(portal.engine.report(&product, &version, gate, as_of)?)
}

/// The document of an inventory, as it came.
#[utoipa::path(get, path = "/api/v1/versions/{id}/inventories/{inventory}/document", tag = "inventories",
    params(("id" = String, Path), ("inventory" = String, Path)),
    responses((status = 200, description = "The document", body = String, content_type = "application/octet-stream"), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn document(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path((id, inventory)): Path<(String, String)>,
) -> Result<Response, Problem> {
    portal
        .blocking(move |portal| {
            let row = portal.engine.store().read(|tx| {
                let (_, version) = version(tx, &allowed, &id)?;
                let gone = || Problem::not_found("There is no such inventory.");
                let id = slice::id(&inventory, "inventory")?;
                let row = inventories::by_id(tx, id)?
                    .filter(|row| row.version == version.id)
                    .ok_or_else(gone)?;
                if row.raw_gone {
                    return Err(Problem::not_found(
                        "The document is gone by the rules of retention.",
                    ));
                }
                Ok(row)
            })?;
            let bytes = portal.engine.blob(&row.document, MOST)?;
            let name = format!("attachment; filename=\"{}.json\"", row.document);
            Ok((
                [
                    (CONTENT_TYPE, "application/octet-stream".to_owned()),
                    (CONTENT_DISPOSITION, name),
                ],
                Body::from(bytes),
            )
                .into_response())
        })
        .await
}
