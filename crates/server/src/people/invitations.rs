//! Invitations: a link with a secret behind `#`, which no server and no proxy sees, taken once.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::people::{self as store, Invitation};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bindings::Held;
use super::call::Call;
use super::cookie::Cookie;
use super::me::unpressed;
use super::permission::{PeopleRead, PeopleWrite};
use super::session::New;
use super::who::{Allowed, Kind};
use super::{accounts, secret};
use crate::engine::text_of;
use crate::http::{Json, Path, Problem};
use crate::portal::Portal;

/// Seconds for which an invitation holds.
const HOLDS: i64 = 7 * 24 * 60 * 60;

/// An invitation, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct View {
    /// Its id.
    pub(crate) id: String,
    /// The account's name.
    pub(crate) name: String,
    /// As people call them.
    pub(crate) display: String,
    /// The role that it gives.
    pub(crate) role: Held,
    /// Who invited.
    pub(crate) invited_by: String,
    /// When.
    pub(crate) created: String,
    /// Until when it can be taken.
    pub(crate) expires: String,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redeemed: Option<String>,
}

impl From<Invitation> for View {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            name: invitation.name,
            display: invitation.display,
            role: Held::from_store(invitation.role, invitation.scope_kind, invitation.scope),
            invited_by: invitation.invited_by,
            created: text_of(invitation.created),
            expires: text_of(invitation.expires),
            redeemed: invitation.redeemed.map(text_of),
        }
    }
}

/// Invitations, the latest first.
#[utoipa::path(
    get, path = "/api/v1/invitations", tag = "invitations",
    responses((status = 200, description = "The last thousand", body = Vec<View>), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn list(
    State(portal): State<Portal>,
    _: Allowed<PeopleRead>,
) -> Result<Json<Vec<View>>, Problem> {
    let all = portal.read(|tx| Ok(store::invitations(tx)?)).await?;
    Ok(Json(all.into_iter().map(View::from).collect()))
}

/// Somebody to be invited.
#[derive(Deserialize, ToSchema)]
#[schema(as = InvitationForm)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The name to sign in with: an address or a login. An account of this name that has no password yet gets one.
    pub(crate) name: String,
    /// As people call them.
    pub(crate) display: Option<String>,
    /// The role that it gives.
    pub(crate) role: Held,
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationMade)]
pub struct Made {
    /// The link to send. Shown once: what is kept is a hash.
    pub(crate) link: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) view: View,
}

/// Invites somebody. The link holds for seven days.
#[utoipa::path(
    post, path = "/api/v1/invitations", tag = "invitations", request_body = Create,
    responses((status = 201, description = "The link; it is shown once", body = Made), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn create(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Json(create): Json<Create>,
) -> Result<Response, Problem> {
    let made = invite(&portal, call, &who, create).await?;
    Ok(unpressed((StatusCode::CREATED, Json(made))))
}

/// Invites somebody.
pub(crate) async fn invite(
    portal: &Portal,
    call: Call,
    who: &Allowed<PeopleWrite>,
    create: Create,
) -> Result<Made, Problem> {
    let by = who.name.clone();
    let name = super::name(&create.name)?;
    let display = super::display(create.display.as_deref(), &name)?;
    let (id, text) = (secret::id()?, secret::random()?);
    let hash = secret::hash(&text);
    let link = format!("{}/join#{text}", call.origin.as_deref().unwrap_or_default());
    let made = portal
        .write(move |tx| {
            create.role.check(tx)?;
            if store::by_name(tx, &name)?.is_some_and(|account| !is_empty(&account)) {
                return Err(
                    Problem::conflict("There is an account of this name already.")
                        .field("name", "is in use"),
                );
            }
            let binding = create.role.binding("local");
            let invitation = Invitation {
                id,
                name: name.clone(),
                display: display.clone(),
                role: binding.role,
                scope_kind: binding.scope_kind,
                scope: binding.scope,
                invited_by: by.clone(),
                created: call.now,
                expires: call.now + HOLDS,
                redeemed: None,
            };
            store::invite(tx, &invitation, &hash)?;
            let object = format!("account:{name}");
            let after = format!(
                "{}, until {}",
                create.role.text(),
                text_of(invitation.expires)
            );
            call.note(tx, &by, "invitation.create", &object, None, Some(&after))?;
            Ok(invitation)
        })
        .await?;
    Ok(Made {
        link,
        view: made.into(),
    })
}

/// Whether an account is a person's to whom nobody has got in yet.
fn is_empty(account: &store::Account) -> bool {
    account.kind == "person"
        && account.password.is_none()
        && account.subject.is_none()
        && !account.disabled
}

/// Takes an invitation back.
#[utoipa::path(
    delete, path = "/api/v1/invitations/{id}", tag = "invitations",
    params(("id" = String, Path, description = "The invitation's id")),
    responses((status = 204, description = "It holds no more"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn withdraw(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            let invitation = store::withdraw(tx, id)?
                .ok_or_else(|| Problem::not_found("There is no such invitation that is open."))?;
            let object = format!("account:{}", invitation.name);
            call.note(
                tx,
                &who.name,
                "invitation.withdraw",
                &object,
                Some(&id.to_string()),
                None,
            )?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody who takes an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// What stands behind `#` in the link.
    pub code: String,
    /// At least 12 characters.
    pub password: String,
    /// As people call you; as the invitation says where nothing is said.
    #[serde(default)]
    pub display: Option<String>,
}

fn void() -> Problem {
    Problem::forbidden(
        "This invitation does not hold: it was taken, taken back, or is older than seven days.",
    )
    .field("code", "does not hold")
    .hint("Ask whoever invited you for a new link.")
}

/// Takes an invitation and signs in.
pub(crate) async fn take(portal: &Portal, call: Call, redeem: Redeem) -> Result<Cookie, Problem> {
    call.over_safe_line(portal)?;
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    // A whole link may have been pasted.
    let code = redeem.code.trim();
    let hash = secret::hash(code.rsplit('#').next().unwrap_or_default());
    let now = call.now;
    let invitation = portal
        .read(move |tx| Ok(store::invitation_by_hash(tx, &hash)?))
        .await?
        .filter(|invitation| invitation.redeemed.is_none() && invitation.expires > now)
        .ok_or_else(void)?;
    super::strong(&redeem.password, &invitation.name)?;
    let display = match redeem.display.as_deref().map(str::trim) {
        None | Some("") => invitation.display.clone(),
        Some(own) => super::display(Some(own), &invitation.name)?,
    };
    let password = portal.people.hasher.hash(redeem.password).await?;
    let (id, new) = (secret::id()?, New::random()?);
    let new = portal
        .blocking(move |portal| {
            portal.engine.store().write(|tx| -> Result<(), Problem> {
                if !store::redeem(tx, invitation.id, call.now)? {
                    return Err(void());
                }
                let id = match store::by_name(tx, &invitation.name)? {
                    Some(account) if is_empty(&account) => account.id,
                    Some(_) => {
                        return Err(
                            Problem::conflict("There is an account of this name already.").hint(
                                "Sign in with it, or ask for an invitation under another name.",
                            ),
                        );
                    }
                    None => {
                        let account =
                            accounts::fresh(id, &invitation.name, &display, Kind::Person, call.now);
                        store::create(tx, &account)?;
                        id
                    }
                };
                store::set_password(tx, id, &password)?;
                let held = Held::from_store(
                    invitation.role.clone(),
                    invitation.scope_kind.clone(),
                    invitation.scope.clone(),
                );
                store::bind(tx, id, &held.binding("local"))?;
                store::signed_in(tx, id, call.now)?;
                new.begin(tx, &call, id)?;
                let object = format!("account:{}", invitation.name);
                let after = format!("{}, invited by {}", held.text(), invitation.invited_by);
                call.note(
                    tx,
                    &invitation.name,
                    "invitation.redeem",
                    &object,
                    None,
                    Some(&after),
                )?;
                Ok(())
            })?;
            Ok(new)
        })
        .await?;
    portal.people.changed();
    Ok(new.cookie(portal))
}

/// Takes an invitation: sets the password and signs in. Works once.
#[utoipa::path(
    post, path = "/api/v1/invitations/redeem", tag = "invitations", request_body = Redeem,
    responses((status = 204, description = "Taken and signed in; the cookie is set"), Problem),
    extensions(("x-permission" = json!("public")))
)]
pub async fn redeem(
    State(portal): State<Portal>,
    call: Call,
    Json(redeem): Json<Redeem>,
) -> Result<Response, Problem> {
    let cookie = take(&portal, call, redeem).await?;
    Ok((StatusCode::NO_CONTENT, cookie, ()).into_response())
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(withdraw))
        .routes(routes!(redeem))
}
