//! The organisation's policy, and the bundles that are made of it.

pub(crate) mod source;
pub(crate) mod trial;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_policy::bundle::{Bundle, POLICY};
use stanchion_policy::file::digest;
use stanchion_store::decisions::{self, PolicyVersion};
use stanchion_store::events::{self, NewEvent};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::runner;
use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem, Query, Upload};
use crate::people::{Allowed, PolicyRead, PolicyWrite, ProductRead};
use crate::portal::Portal;
use crate::slice::{self, note};

/// Largest policy.
const MOST: u64 = 1 << 20;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(show, set))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(check))
        .routes(routes!(bundle))
        .merge(source::router())
        .merge(trial::router())
}

/// A version of the policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyView {
    /// Counts up: the highest is in force.
    pub(crate) seq: i64,
    /// SHA-256 of the text.
    pub(crate) digest: String,
    /// TOML; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// `portal`, or a repository's address and commit.
    pub(crate) source: String,
    pub(crate) set_by: String,
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) note: String,
}

impl PolicyView {
    fn of(version: PolicyVersion, whole: bool) -> Self {
        Self {
            seq: version.seq,
            digest: version.digest,
            text: whole.then_some(version.text),
            source: version.source,
            set_by: version.set_by,
            at: version.at,
            note: version.note,
        }
    }
}

/// The policy in force. Its tag is its digest.
#[utoipa::path(get, path = "/api/v1/policy", tag = "policy",
    responses((status = 200, body = PolicyView), (status = 304), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let policy = portal
        .read(|tx| Ok::<_, Problem>(decisions::policy(tx)?))
        .await?;
    let policy = policy.ok_or_else(|| {
        Problem::not_found("No policy is set yet.")
            .hint("Put one in force with PUT /api/v1/policy; `stanchion policy init` writes one.")
    })?;
    let tag = EntityTag::named(&policy.digest);
    Ok(tag
        .not_modified(&headers)
        .unwrap_or_else(|| (tag.clone(), Json(PolicyView::of(policy, true))).into_response()))
}

/// Why the policy is set.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Why {
    /// For people; at most 1,000 bytes.
    pub(crate) note: Option<String>,
}

/// What a policy came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Set {
    /// SHA-256 of the text.
    pub(crate) digest: String,
    /// It is the one that is in force already.
    pub(crate) known: bool,
}

/// Reads a policy as it will judge; all its mistakes at once.
pub(crate) fn read(text: &str) -> Result<(), Problem> {
    let bundle = Bundle {
        files: [(POLICY.to_owned(), text.to_owned())].into(),
        product: None,
        members: std::collections::BTreeMap::new(),
    };
    let checked = bundle
        .check()
        .map_err(|error| Problem::unprocessable(slice::sentence(&error.to_string())));
    checked?;
    bundle.open().map(drop).map_err(|faults| {
        let mut problem = Problem::unprocessable("The policy cannot be used.")
            .hint("Each mistake is listed with its line; docs/policy.md has every field.");
        for fault in faults.into_iter().take(50) {
            let hint = fault
                .hint
                .map_or_else(String::new, |hint| format!("; {hint}"));
            problem = problem.error(crate::http::problem::FieldError {
                field: None,
                line: Some(fault.place.line as usize),
                column: None,
                message: format!("{}{hint}", fault.message),
            });
        }
        problem
    })
}

pub(crate) async fn text_of(portal: &Portal, upload: Upload<MOST>) -> Result<String, Problem> {
    portal
        .blocking(move |_| {
            let bytes = upload
                .into_bytes()
                .map_err(|error| Problem::internal(&error))?;
            String::from_utf8(bytes).map_err(|_| Problem::unprocessable("The policy is not UTF-8."))
        })
        .await
}

/// Puts a policy in force (TOML). Every version is judged again by it. `if-match` names the policy that it replaces by its
/// digest; `*` any.
#[utoipa::path(put, path = "/api/v1/policy", tag = "policy", params(Why, ("if-match" = Option<String>, Header)),
    request_body(content = String, content_type = "application/toml"),
    responses((status = 200, body = Set), Problem), extensions(("x-permission" = json!("policy.write"))))]
pub(crate) async fn set(
    State(portal): State<Portal>,
    allowed: Allowed<PolicyWrite>,
    Query(why): Query<Why>,
    headers: HeaderMap,
    upload: Upload<MOST>,
) -> Result<Response, Problem> {
    let text = text_of(&portal, upload).await?;
    let set = put_in_force(
        &portal,
        allowed,
        text,
        why.note.unwrap_or_default(),
        headers,
    )
    .await?;
    let tag = EntityTag::named(&set.digest);
    Ok((tag, Json(set)).into_response())
}

/// Puts a policy in force; `headers` name the one that it replaces.
pub(crate) async fn put_in_force(
    portal: &Portal,
    allowed: Allowed<PolicyWrite>,
    text: String,
    why: String,
    headers: HeaderMap,
) -> Result<Set, Problem> {
    if text.len() as u64 > MOST {
        return Err(Problem::too_large(MOST));
    }
    read(&text)?;
    if why.len() > 1_000 {
        return Err(
            Problem::unprocessable("The note is too long.").field("note", "at most 1,000 bytes")
        );
    }
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let digest = digest(text.as_bytes());
            let old = decisions::policy(tx)?;
            from_here(old.as_ref())?;
            if let Some(old) = &old {
                EntityTag::named(&old.digest).require_match(&headers)?;
            }
            let known = old.as_ref().is_some_and(|old| old.digest == digest);
            if !known {
                let version = PolicyVersion {
                    seq: 0,
                    digest: digest.clone(),
                    text: text.clone(),
                    source: "portal".into(),
                    set_by: allowed.name.clone(),
                    at: now,
                    note: why.clone(),
                    beside: None,
                };
                decisions::set_policy(tx, &version)?;
                events::add(
                    tx,
                    now,
                    &[NewEvent {
                        kind: "policy.changed",
                        product: None,
                        subject: digest.clone(),
                        body: json!({ "digest": digest, "by": allowed.name, "note": why })
                            .to_string(),
                    }],
                )?;
                runner::add(tx, "judge", "", &json!({}), 60, now)?;
                let before = old.map(|old| old.digest);
                note(
                    tx,
                    now,
                    &allowed,
                    "policy.set",
                    "policy",
                    before.as_deref(),
                    Some(&digest),
                )?;
            }
            Ok::<_, Problem>(Set { digest, known })
        })
        .await
}

/// Refuses a change here of what is kept in a repository.
pub(crate) fn from_here(policy: Option<&PolicyVersion>) -> Result<(), Problem> {
    match policy.filter(|policy| policy.beside.is_some()) {
        None => Ok(()),
        Some(policy) => Err(
            Problem::conflict(format!("The policy is kept in {}.", policy.source)).hint(
                "Change it there; or take the repository away with DELETE /api/v1/policy/source.",
            ),
        ),
    }
}

/// A version of the policy, with its text.
#[utoipa::path(get, path = "/api/v1/policy/versions/{seq}", tag = "policy", params(("seq" = i64, Path)),
    responses((status = 200, body = PolicyView), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn version(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
    Path(seq): Path<i64>,
) -> Result<Json<PolicyView>, Problem> {
    let found = portal
        .read(move |tx| Ok::<_, Problem>(decisions::policy_version(tx, seq)?))
        .await?
        .ok_or_else(|| {
            Problem::not_found("There is no such version of the policy.")
                .hint("GET /api/v1/policy/versions lists them.")
        })?;
    Ok(Json(PolicyView::of(found, true)))
}

/// Versions of the policy, the latest first; at most 500.
#[utoipa::path(get, path = "/api/v1/policy/versions", tag = "policy",
    responses((status = 200, body = [PolicyView]), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn versions(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
) -> Result<Json<Vec<PolicyView>>, Problem> {
    let all = portal
        .read(|tx| Ok::<_, Problem>(decisions::policy_versions(tx, i64::MAX, slice::MOST)?))
        .await?;
    Ok(Json(
        all.into_iter()
            .map(|version| PolicyView::of(version, false))
            .collect(),
    ))
}

/// Whether a policy could be put in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// SHA-256 of the text.
    pub(crate) digest: String,
}

/// Reads a policy (TOML) and tells every mistake, without putting it in force.
#[utoipa::path(post, path = "/api/v1/policy/check", tag = "policy", request_body(content = String, content_type = "application/toml"),
    responses((status = 200, body = Checked), Problem), extensions(("x-permission" = json!("policy.read"))))]
pub(crate) async fn check(
    State(portal): State<Portal>,
    _allowed: Allowed<PolicyRead>,
    upload: Upload<MOST>,
) -> Result<Json<Checked>, Problem> {
    let text = text_of(&portal, upload).await?;
    read(&text)?;
    Ok(Json(Checked {
        digest: digest(text.as_bytes()),
    }))
}

/// Whose bundle.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    /// The product's name; without it the organisation's own.
    pub(crate) product: Option<String>,
}

/// The policy with exceptions, decisions, VEX and what is known of a product: what `stanchion scan` judges by, once logged
/// in. Its tag is the digest that verdicts name. 204 while no policy is set.
#[utoipa::path(get, path = "/api/v1/policy/bundle", tag = "policy", params(Whose),
    responses((status = 200, description = "`stanchion.bundle/1`", body = Object), (status = 204), (status = 304), Problem),
    extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn bundle(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(whose): Query<Whose>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    portal
        .blocking(move |portal| {
            let product = if let Some(name) = &whose.product {
                let product = portal
                    .engine
                    .store()
                    .read(|tx| slice::product(tx, &allowed, name))?;
                Some(product)
            } else {
                // All exceptions and decisions of everybody stand in it.
                allowed.everywhere()?;
                None
            };
            let state = portal.engine.policy_for(product.as_ref())?;
            let Some(state) = state.filter(|state| state.own) else {
                return Ok(StatusCode::NO_CONTENT.into_response());
            };
            let tag = EntityTag::named(&state.digest);
            Ok(tag.not_modified(&headers).unwrap_or_else(|| {
                (
                    tag.clone(),
                    [(CONTENT_TYPE, "application/json")],
                    state.bundle.to_json(),
                )
                    .into_response()
            }))
        })
        .await
}
