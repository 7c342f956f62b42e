//! The people behind the roles that the policy names, such as `role:ciso`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use stanchion_store::people as store;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::call::Call;
use super::permission::{PeopleRead, PeopleWrite};
use super::who::Allowed;
use crate::http::{Json, Path, Problem};
use crate::portal::Portal;

/// Somebody behind a role of the policy.
#[derive(Serialize, ToSchema)]
pub struct Member {
    /// The role, as `role:ciso`.
    pub(crate) role: String,
    /// The account's id.
    pub(crate) account: String,
    /// The account's name.
    pub(crate) name: String,
}

/// The word that the policy uses: `role:` and a name.
fn role(text: &str) -> Result<String, Problem> {
    let name = text.strip_prefix("role:").unwrap_or(text);
    let fits = (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if fits {
        return Ok(format!("role:{name}"));
    }
    Err(
        Problem::unprocessable("The policy can have no role of this name.").field(
            "role",
            "takes 1 to 100 letters, digits and - _ . behind role:",
        ),
    )
}

/// Everybody behind a role of the policy.
#[utoipa::path(
    get, path = "/api/v1/policy-members", tag = "policy members",
    responses((status = 200, description = "In the order of roles and names", body = Vec<Member>), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn list(
    State(portal): State<Portal>,
    _: Allowed<PeopleRead>,
) -> Result<Json<Vec<Member>>, Problem> {
    let members = portal.read(|tx| Ok(store::members(tx)?)).await?;
    Ok(Json(
        members
            .into_iter()
            .map(|(role, account, name)| Member {
                role,
                account: account.to_string(),
                name,
            })
            .collect(),
    ))
}

/// Puts somebody behind a role of the policy.
#[utoipa::path(
    put, path = "/api/v1/policy-members/{role}/{account}", tag = "policy members",
    params(
        ("role" = String, Path, description = "The role, as `role:ciso` or `ciso`"),
        ("account" = String, Path, description = "The account's id")
    ),
    responses((status = 204, description = "They are"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn add(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (role, id) = (role(&name)?, super::id(&id)?);
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            if store::add_member(tx, &role, id)? {
                let object = format!("account:{}", account.name);
                call.note(
                    tx,
                    &who.name,
                    "policy_member.add",
                    &object,
                    None,
                    Some(&role),
                )?;
            }
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of a role of the policy.
#[utoipa::path(
    delete, path = "/api/v1/policy-members/{role}/{account}", tag = "policy members",
    params(
        ("role" = String, Path, description = "The role, as `role:ciso` or `ciso`"),
        ("account" = String, Path, description = "The account's id")
    ),
    responses((status = 204, description = "They are not any more"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn remove(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (role, id) = (role(&name)?, super::id(&id)?);
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            if !store::remove_member(tx, &role, id)? {
                return Err(Problem::not_found("They are not behind this role."));
            }
            let object = format!("account:{}", account.name);
            call.note(
                tx,
                &who.name,
                "policy_member.remove",
                &object,
                Some(&role),
                None,
            )?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(add, remove))
}
