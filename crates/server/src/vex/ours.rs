//! What is decided here, as a VEX document for others.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use stanchion_formats::vex::{self, Publisher};
use stanchion_model::vex::VexFormat;
use stanchion_policy::claims;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::text_of;
use crate::http::{Problem, Query};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;
use crate::slice;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(publish))
}

/// Which document.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `openvex` (without it), `csaf` or `cyclonedx`.
    pub(crate) format: Option<String>,
    /// Decisions of this product, and those that hold everywhere; without it all.
    pub(crate) product: Option<String>,
    /// The absolute URI under which documents of yours are named; the portal's own address without it.
    pub(crate) namespace: Option<String>,
}

/// The decisions in force as a VEX document. The policy's organisation is its author.
#[utoipa::path(get, path = "/api/v1/vex/ours", tag = "vex", params(Wanted),
    responses((status = 200, description = "OpenVEX, CSAF or CycloneDX", body = Object), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn publish(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let format = match wanted.format.as_deref().unwrap_or("openvex") {
        "openvex" => VexFormat::OpenVex,
        "csaf" => VexFormat::Csaf,
        "cyclonedx" => VexFormat::CycloneDx,
        _ => {
            return Err(Problem::bad_request("There is no such format of VEX.")
                .field("format", "openvex, csaf or cyclonedx"));
        }
    };
    portal
        .blocking(move |portal| {
            let product = if let Some(name) = &wanted.product {
                let found = portal
                    .engine
                    .store()
                    .read(|tx| slice::product(tx, &allowed, name))?;
                Some(found)
            } else {
                // Decisions of every product stand in it.
                allowed.everywhere()?;
                None
            };
            let state = portal.engine.policy_for(product.as_ref())?.ok_or_else(|| {
                Problem::conflict("Nobody is named as the author yet.")
                    .hint("Set a policy with `organisation`: it is whom the document is by.")
            })?;
            let policy = &state.opened.policy;
            let author = policy.organisation.clone().ok_or_else(|| {
                Problem::conflict("The policy names no organisation to be the author.")
                    .hint("Write `organisation` into the section [policy].")
            })?;
            let namespace = wanted
                .namespace
                .clone()
                .or_else(|| portal.engine.options().public_url.clone())
                .ok_or_else(|| {
                    Problem::bad_request("Documents are named under an address, and none is known.")
                        .hint("Give `namespace`, such as https://acme.example, or set the portal's public_url.")
                        .field("namespace", "an absolute URI")
                })?;
            let text = state.bundle.files.get(claims::FILE);
            let text = text.map(String::as_str).unwrap_or_default();
            let (statements, _) = claims::decisions(claims::FILE, text, &policy.calendar());
            if statements.is_empty() {
                return Err(Problem::not_found("There is no decision to publish.")
                    .hint("Decide about a finding, such as that it does not affect the product."));
            }
            let stamp = text_of(portal.engine.now());
            let publisher = Publisher {
                author: &author,
                role: None,
                namespace: namespace.trim_end_matches('/'),
                stamp: &stamp,
                version: 1,
            };
            let mut document = Vec::new();
            vex::write(format, &statements, &publisher, &mut document).map_err(|error| {
                Problem::unprocessable(slice::sentence(&format!(
                    "the document cannot be written: {error}"
                )))
            })?;
            let mut headers = HeaderMap::new();
            for (name, value) in [
                (CONTENT_TYPE, "application/json".to_owned()),
                (
                    CONTENT_DISPOSITION,
                    format!("attachment; filename=\"ours.{}.json\"", format.as_str()),
                ),
            ] {
                if let Ok(value) = value.parse() {
                    headers.insert(name, value);
                }
            }
            Ok((headers, document).into_response())
        })
        .await
}
