//! Findings: what is wrong, why, since when, and what is done about it.

pub(crate) mod external;
pub(crate) mod fixes;
pub(crate) mod lists;
pub(crate) mod view;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::findings::{self, Finding};
use stanchion_store::products::{self, Product};
use stanchion_store::{Id, Tx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem};
use crate::people::{Allowed, FindingTriage, Permission, ProductRead};
use crate::portal::Portal;
use crate::slice::note;

use view::FindingView;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(paths))
        .routes(routes!(history, add_note))
        .merge(lists::router())
        .merge(external::router())
        .merge(fixes::router())
}

/// A finding with its product, when somebody may read it.
pub(crate) fn found<P: Permission>(
    tx: &mut Tx<'_>,
    allowed: &Allowed<P>,
    id: &str,
) -> Result<(Product, Finding), Problem> {
    let gone = || Problem::not_found("There is no such finding, or you may not see it.");
    let id = Id::parse(id).ok_or_else(gone)?;
    let finding = findings::by_id(tx, id)?.ok_or_else(gone)?;
    let product = products::by_id(tx, finding.product)?.ok_or_else(gone)?;
    match allowed.on(tx, &product) {
        Ok(()) => Ok((product, finding)),
        Err(problem) if problem.status() == StatusCode::FORBIDDEN => Err(problem),
        Err(_) => Err(gone()),
    }
}

/// A finding with its evidence.
#[utoipa::path(get, path = "/api/v1/findings/{id}", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = FindingView), (status = 304), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = portal
        .read(move |tx| {
            let (product, finding) = found(tx, &allowed, &id)?;
            FindingView::of(tx, &product, finding)
        })
        .await?;
    let bytes = serde_json::to_vec(&view).map_err(|error| Problem::internal(&error))?;
    let tag = EntityTag::of_bytes(&bytes);
    Ok(tag.not_modified(&headers).unwrap_or_else(|| {
        (
            tag.clone(),
            [(axum::http::header::CONTENT_TYPE, "application/json")],
            bytes,
        )
            .into_response()
    }))
}

/// Ways from the project to the component.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Paths {
    /// Shortest first, one for each first step.
    pub(crate) paths: Vec<Vec<String>>,
    /// Ways that are not among them.
    pub(crate) others: usize,
    /// Every place that names the component.
    pub(crate) locations: Vec<Place>,
}

/// A place in a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FilePlace)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: Option<u32>,
}

/// How the component came to be there: found when it is asked for, from the inventory in force.
#[utoipa::path(get, path = "/api/v1/findings/{id}/paths", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = Paths), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn paths(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
) -> Result<Json<Paths>, Problem> {
    portal
        .blocking(move |portal| {
            let (product, finding, version, purl) = portal.engine.store().read(|tx| {
                let (product, finding) = found(tx, &allowed, &id)?;
                let gone = || Problem::not_found("The version of this finding is gone.");
                let version = products::version_by_id(tx, finding.version)?.ok_or_else(gone)?;
                let names = findings::component_names(tx, &[finding.component])?;
                let purl = names
                    .get(&finding.component)
                    .map(|(_, _, purl)| purl.clone())
                    .unwrap_or_default();
                Ok::<_, Problem>((product, finding, version, purl))
            })?;
            let assessment =
                portal
                    .engine
                    .report(&product, &version, stanchion_policy::gate::DEFAULT, None)?;
            let same = assessment.findings.into_iter().find(|one| {
                findings::vulnerability_id(&one.id) == finding.vulnerability
                    && one.project == finding.project
                    && one.component.purl.to_string() == purl
            });
            let Some(same) = same else {
                return Err(Problem::not_found(
                    "The inventory in force does not hold this finding any more.",
                ));
            };
            Ok(Json(Paths {
                paths: same.paths,
                others: same.other_paths,
                locations: same
                    .locations
                    .into_iter()
                    .map(|place| Place {
                        path: place.path.to_string(),
                        line: place.line,
                    })
                    .collect(),
            }))
        })
        .await
}

/// Something that happened to a finding.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HappenedView {
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// `appeared`, `changed`, `fixed`, `reopened`, `closed` or `noted`.
    pub(crate) what: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
}

/// What happened to a finding, the latest first; at most 500.
#[utoipa::path(get, path = "/api/v1/findings/{id}/history", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = [HappenedView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn history(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<HappenedView>>, Problem> {
    let all = portal
        .read(move |tx| {
            let (_, finding) = found(tx, &allowed, &id)?;
            let all = findings::history(tx, finding.id, crate::slice::MOST)?;
            Ok::<_, Problem>(
                all.into_iter()
                    .map(|one| HappenedView {
                        at: one.at,
                        what: one.what,
                        actor: one.actor,
                        reason: one.reason,
                    })
                    .collect(),
            )
        })
        .await?;
    Ok(Json(all))
}

/// A note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteForm {
    /// 1 to 5,000 bytes.
    pub(crate) text: String,
}

/// Writes a note to a finding.
#[utoipa::path(post, path = "/api/v1/findings/{id}/history", tag = "findings", params(("id" = String, Path)), request_body = NoteForm,
    responses((status = 201), Problem), extensions(("x-permission" = json!("finding.triage"))))]
pub(crate) async fn add_note(
    State(portal): State<Portal>,
    allowed: Allowed<FindingTriage>,
    Path(id): Path<String>,
    Json(form): Json<NoteForm>,
) -> Result<StatusCode, Problem> {
    if form.text.trim().is_empty() || form.text.len() > 5_000 {
        return Err(
            Problem::unprocessable("The note cannot be used.").field("text", "1 to 5,000 bytes")
        );
    }
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let (_, finding) = found(tx, &allowed, &id)?;
            findings::note(tx, finding.id, now, "noted", &allowed.name, &form.text)?;
            note(
                tx,
                now,
                &allowed,
                "finding.note",
                &finding.id.to_string(),
                None,
                Some(&form.text),
            )?;
            Ok::<_, Problem>(StatusCode::CREATED)
        })
        .await
}
