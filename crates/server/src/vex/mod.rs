//! VEX documents: what others say, and what is published from here.

pub(crate) mod ours;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_formats::vex;
use stanchion_store::decisions::{self, VexDocument};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::runner;
use crate::http::{Json, Path, Problem, Query, Upload};
use crate::people::{Allowed, PolicyRead, PolicyWrite};
use crate::portal::Portal;
use crate::slice::{self, note};

/// Most documents.
const MOST: usize = 1_000;
/// Largest document.
const MOST_BYTES: u64 = 64 << 20;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, remove))
        .merge(ours::router())
}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VexDocument)]
pub(crate) struct View {
    pub(crate) name: String,
    /// SHA-256.
    pub(crate) digest: String,
    /// `openvex`, `csaf` or `cyclonedx`.
    pub(crate) format: String,
    pub(crate) bytes: i64,
    pub(crate) sent_by: String,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

/// The VEX documents, by name.
#[utoipa::path(get, path = "/api/v1/vex", tag = "vex",
    responses((status = 200, body = [View]), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
) -> Result<Json<Vec<View>>, Problem> {
    let all = portal
        .read(|tx| Ok::<_, Problem>(decisions::vex_documents(tx)?))
        .await?;
    Ok(Json(
        all.into_iter()
            .map(|one| View {
                name: one.name,
                digest: one.digest,
                format: one.format,
                bytes: one.bytes,
                sent_by: one.sent_by,
                at: one.at,
            })
            .collect(),
    ))
}

/// What it is called.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Named {
    /// A plain file name that ends with `.json`.
    pub(crate) name: String,
}

/// What became of a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VexTaken)]
pub(crate) struct Taken {
    pub(crate) name: String,
    /// SHA-256.
    pub(crate) digest: String,
    /// `openvex`, `csaf` or `cyclonedx`.
    pub(crate) format: String,
    /// Statements that were read.
    pub(crate) statements: usize,
    /// Statements that cannot be used, with line and reason.
    pub(crate) refused: Vec<(u32, String)>,
    /// The same document is here already.
    pub(crate) known: bool,
}

fn is_name(name: &str) -> bool {
    (6..=150).contains(&name.len())
        && name.ends_with(".json")
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Takes a VEX document in (OpenVEX, CSAF, CycloneDX; at most 64 MiB). Whether its statements count, the policy says.
#[utoipa::path(post, path = "/api/v1/vex", tag = "vex", params(Named), request_body(content = String, content_type = "application/octet-stream", description = "The document."),
    responses((status = 200, body = Taken), Problem), extensions(("x-permission" = json!("policy.write"))))]
pub(crate) async fn add(
    State(portal): State<Portal>,
    allowed: Allowed<PolicyWrite>,
    Query(named): Query<Named>,
    upload: Upload<MOST_BYTES>,
) -> Result<Json<Taken>, Problem> {
    portal
        .blocking(move |portal| {
            let bytes = upload
                .into_bytes()
                .map_err(|error| Problem::internal(&error))?;
            take_in(portal, &allowed, &named.name, &bytes).map(Json)
        })
        .await
}

/// Takes a document in for somebody who may.
pub(crate) fn take_in(
    portal: &Portal,
    allowed: &Allowed<PolicyWrite>,
    name: &str,
    bytes: &[u8],
) -> Result<Taken, Problem> {
    if !is_name(name) {
        return Err(Problem::bad_request("The name cannot be used.")
            .field("name", "letters, digits, dots, dashes; it ends with .json"));
    }
    let document = vex::read(bytes).map_err(|error| {
        Problem::unprocessable(slice::sentence(&format!("{name} cannot be read: {error}")))
    })?;
    let format = document.format.as_str();
    let digest = portal
        .engine
        .blobs()
        .put(bytes)
        .map_err(crate::engine::EngineError::from)?
        .to_string();
    let now = portal.engine.now();
    let row = VexDocument {
        name: name.to_owned(),
        digest: digest.clone(),
        format: format.into(),
        bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        sent_by: allowed.name.clone(),
        at: now,
    };
    let known = portal.engine.store().write(|tx| {
        let all = decisions::vex_documents(tx)?;
        let old = all.iter().find(|one| one.name == row.name);
        if old.is_none() && all.len() >= MOST {
            return Err(Problem::conflict("There are 1,000 documents already.")
                .hint("Take out those that are superseded."));
        }
        if old.is_some_and(|old| old.digest == row.digest) {
            return Ok(true);
        }
        decisions::put_vex(tx, &row)?;
        runner::add(tx, "judge", "", &json!({}), 60, now)?;
        let before = old.map(|old| old.digest.as_str());
        note(
            tx,
            now,
            allowed,
            "vex.put",
            &row.name,
            before,
            Some(&row.digest),
        )?;
        Ok(false)
    })?;
    Ok(Taken {
        name: row.name,
        digest,
        format: format.into(),
        statements: document.statements.len(),
        refused: document
            .refused
            .iter()
            .take(100)
            .map(|one| (one.line, one.reason.clone()))
            .collect(),
        known,
    })
}

/// A VEX document, as it came.
#[utoipa::path(get, path = "/api/v1/vex/{name}", tag = "vex", params(("name" = String, Path)),
    responses((status = 200, body = Object), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    portal
        .blocking(move |portal| {
            let all = portal.engine.store().read(decisions::vex_documents)?;
            let found = all
                .into_iter()
                .find(|one| one.name == name)
                .ok_or_else(|| Problem::not_found("There is no such document."))?;
            let bytes = portal.engine.blob(&found.digest, MOST_BYTES)?;
            Ok(([(CONTENT_TYPE, "application/json")], bytes).into_response())
        })
        .await
}

/// Takes a VEX document away.
#[utoipa::path(delete, path = "/api/v1/vex/{name}", tag = "vex", params(("name" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("policy.write"))))]
pub(crate) async fn remove(
    State(portal): State<Portal>,
    allowed: Allowed<PolicyWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            if !decisions::delete_vex(tx, &name)? {
                return Err(Problem::not_found("There is no such document."));
            }
            runner::add(tx, "judge", "", &json!({}), 60, now)?;
            note(tx, now, &allowed, "vex.delete", &name, Some(&name), None)?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
