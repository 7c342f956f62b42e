//! A policy that is kept in a repository, with the exceptions, decisions and VEX beside it: the portal takes it from there.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_store::{Tx, params};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::fetch::{POLICY_SOURCE, Source, check_reference, check_url};
use crate::engine::runner;
use crate::http::{Json, Problem};
use crate::people::{Allowed, PolicyRead, PolicyWrite};
use crate::portal::Portal;
use crate::slice::note;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(show, set, remove))
}

/// Where the policy is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicySource)]
pub(crate) struct View {
    pub(crate) url: String,
    /// A branch or tag; empty: the default branch.
    pub(crate) reference: String,
    /// The folder of `policy.toml`; empty: the repository's root.
    pub(crate) folder: String,
    /// A token is kept for it.
    pub(crate) token: bool,
}

/// Where the policy is kept, when that is a repository.
#[utoipa::path(get, path = "/api/v1/policy/source", tag = "policy",
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
) -> Result<Json<View>, Problem> {
    portal
        .blocking(|portal| {
            let source = portal
                .engine
                .policy_source()?
                .ok_or_else(|| Problem::not_found("The policy is kept in the portal itself."))?;
            Ok(Json(View {
                url: source.url,
                reference: source.reference,
                folder: source.folder,
                token: source.secret.is_some(),
            }))
        })
        .await
}

/// Where the policy is kept.
#[derive(Deserialize, ToSchema)]
#[schema(as = PolicySourceForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// `https://...` or `ssh://...`.
    pub(crate) url: String,
    /// A branch or tag; the default branch without it.
    #[serde(default)]
    pub(crate) reference: String,
    /// The folder of `policy.toml`; the repository's root without it.
    #[serde(default)]
    pub(crate) folder: String,
    /// A token that may read it; kept sealed, and never given out again.
    pub(crate) token: Option<String>,
}

fn put(tx: &mut Tx<'_>, value: &str) -> Result<(), Problem> {
    tx.insert(
        "setting",
        &["name", "value", "revision"],
        params![POLICY_SOURCE, value, 1],
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    Ok(())
}

/// Takes the policy from a repository from now on: at once, and every quarter of an hour. Exceptions and decisions beside it
/// there decide in place of those made here.
#[utoipa::path(put, path = "/api/v1/policy/source", tag = "policy", request_body = Form,
    responses((status = 202), Problem), extensions(("x-permission" = json!("policy.write"))))]
pub(crate) async fn set(
    State(portal): State<Portal>,
    allowed: Allowed<PolicyWrite>,
    Json(form): Json<Form>,
) -> Result<StatusCode, Problem> {
    check_url(&form.url)?;
    check_reference(&form.reference)?;
    if form.folder.len() > 500
        || form.folder.split('/').any(|part| part == "..")
        || form.folder.chars().any(char::is_control)
    {
        return Err(Problem::unprocessable("The folder cannot be used.")
            .field("folder", "a folder of the repository"));
    }
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
    let source = Source {
        url: form.url,
        reference: form.reference,
        folder: form.folder,
        secret,
    };
    let value = serde_json::to_string(&source).map_err(|error| Problem::internal(&error))?;
    portal
        .write(move |tx| {
            put(tx, &value)?;
            runner::add(tx, "policy", "", &json!({}), 60, now)?;
            note(
                tx,
                now,
                &allowed,
                "policy.source",
                "policy",
                None,
                Some(&source.url),
            )?;
            Ok::<_, Problem>(StatusCode::ACCEPTED)
        })
        .await
}

/// Keeps the policy in the portal itself again. The one in force stays, without what stood beside it.
#[utoipa::path(delete, path = "/api/v1/policy/source", tag = "policy",
    responses((status = 204), Problem), extensions(("x-permission" = json!("policy.write"))))]
pub(crate) async fn remove(
    State(portal): State<Portal>,
    allowed: Allowed<PolicyWrite>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            put(tx, "null")?;
            if let Some(mut policy) = stanchion_store::decisions::policy(tx)?
                && policy.beside.take().is_some()
            {
                policy.source = "portal".into();
                policy.set_by.clone_from(&allowed.name);
                policy.at = now;
                stanchion_store::decisions::set_policy(tx, &policy)?;
                runner::add(tx, "judge", "", &json!({}), 60, now)?;
            }
            note(
                tx,
                now,
                &allowed,
                "policy.source",
                "policy",
                Some("repository"),
                Some("portal"),
            )?;
            Ok::<_, Problem>(StatusCode::NO_CONTENT)
        })
        .await
}
