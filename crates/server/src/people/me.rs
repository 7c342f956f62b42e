//! One's own account: who one is, password, second factor, sessions.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::people::{self as store, Account};
use stanchion_store::{Id, Tx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bindings::Held;
use super::call::Call;
use super::permission::{self, Own, Role};
use super::who::{Allowed, Who};
use super::{secret, totp};
use crate::engine::text_of;
use crate::http::site::Uncompressed;
use crate::http::{Json, Path, Problem};
use crate::portal::Portal;
use crate::seal;

/// What only a person does who sits in front of it: no token gives out tokens or changes a password.
pub(super) fn session_of(who: &Who) -> Result<Id, Problem> {
    who.session.ok_or_else(|| {
        Problem::forbidden("This is done in a session, not with a token.")
            .hint("Sign in at `/sign-in` and do it there.")
    })
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The account's id.
    pub(crate) id: String,
    /// The name to sign in with.
    pub(crate) name: String,
    /// As people call them.
    pub(crate) display: String,
    /// `person` or `service`.
    pub(crate) kind: &'static str,
    /// Roles, and where they hold.
    pub(crate) roles: Vec<Held>,
    /// Permissions that they have somewhere, after what the token leaves.
    pub(crate) permissions: Vec<&'static str>,
    /// Whether a token asks, and not a session.
    pub(crate) token: bool,
    /// The administrator for emergencies.
    pub(crate) break_glass: bool,
}

/// Who asks, and what they may.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me",
    responses((status = 200, description = "Who asks", body = Me), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn show(who: Allowed<Own>) -> Json<Me> {
    Json(Me {
        id: who.account.to_string(),
        name: who.name.clone(),
        display: who.display.clone(),
        kind: who.kind.as_str(),
        roles: who
            .bindings
            .iter()
            .map(|(role, scope)| Held::new(*role, scope))
            .collect(),
        permissions: permission::ALL
            .iter()
            .map(|permission| permission.name)
            .filter(|name| who.may_anywhere(name))
            .collect(),
        token: who.token.is_some(),
        break_glass: who.break_glass,
    })
}

/// Who is signed in, for programs.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    /// The name to sign in with.
    pub(crate) name: String,
    /// As people call them.
    pub(crate) display: String,
    /// Roles that hold somewhere.
    pub(crate) roles: Vec<&'static str>,
    /// Permissions that they have somewhere, after what the token leaves.
    pub(crate) permissions: Vec<&'static str>,
    /// The token that asks; `null` for a session.
    pub(crate) token: Option<TokenEnd>,
}

/// A token's end.
#[derive(Serialize, ToSchema)]
pub struct TokenEnd {
    /// RFC 3339.
    pub(crate) expires: String,
}

/// Who is signed in, and with what: how a program sees whether its token is good. Every token that may see something may ask.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session",
    responses((status = 200, description = "Who is signed in", body = SignedIn), Problem),
    extensions(("x-permission" = json!("product.read")))
)]
pub async fn signed_in(
    State(portal): State<Portal>,
    who: Allowed<permission::ProductRead>,
) -> Result<Json<SignedIn>, Problem> {
    let (account, token) = (who.account, who.token.as_ref().map(|token| token.id));
    let expires = portal
        .read(move |tx| match token {
            None => Ok(None),
            Some(id) => Ok(store::token_by_id(tx, account, id)?.map(|token| token.expires)),
        })
        .await?;
    let mut roles: Vec<&'static str> = who.bindings.iter().map(|(role, _)| role.as_str()).collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(Json(SignedIn {
        name: who.name.clone(),
        display: who.display.clone(),
        roles,
        permissions: permission::ALL
            .iter()
            .map(|permission| permission.name)
            .filter(|name| who.may_anywhere(name))
            .collect(),
        token: expires.map(|expires| TokenEnd {
            expires: text_of(expires),
        }),
    }))
}

/// A role and what it gives.
#[derive(Serialize, ToSchema)]
pub struct Gives {
    /// Such as `viewer`.
    pub(crate) role: &'static str,
    /// Names of permissions.
    pub(crate) permissions: Vec<&'static str>,
}

/// A permission.
#[derive(Serialize, ToSchema)]
pub struct Means {
    /// Such as `product.read`.
    pub(crate) name: &'static str,
    /// What it lets one do.
    pub(crate) about: &'static str,
}

/// All roles and permissions.
#[derive(Serialize, ToSchema)]
pub struct Table {
    /// The roles.
    pub(crate) roles: Vec<Gives>,
    /// The permissions.
    pub(crate) permissions: Vec<Means>,
}

/// The roles, and what each gives.
#[utoipa::path(
    get, path = "/api/v1/roles", tag = "me",
    responses((status = 200, description = "All roles and permissions", body = Table), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn roles(_: Allowed<Own>) -> Json<Table> {
    let names = |role: Role| {
        permission::ALL
            .iter()
            .map(|permission| permission.name)
            .filter(|name| role.has(name))
            .collect()
    };
    Json(Table {
        roles: Role::ALL
            .into_iter()
            .map(|role| Gives {
                role: role.as_str(),
                permissions: names(role),
            })
            .collect(),
        permissions: permission::ALL
            .iter()
            .map(|permission| Means {
                name: permission.name,
                about: permission.about,
            })
            .collect(),
    })
}

/// How one gets in, for the page of one's account.
pub(crate) struct Ways {
    /// There is a password here.
    pub(crate) password: bool,
    /// Recovery codes that are left, where there is a second factor.
    pub(crate) second_factor: Option<i64>,
    /// Who else vouches for the account.
    pub(crate) issuer: Option<String>,
}

/// How whoever asks gets in.
pub(crate) async fn ways(portal: &Portal, who: &Who) -> Result<Ways, Problem> {
    let id = who.account;
    portal
        .read(move |tx| {
            let account = super::account(tx, id)?;
            let left = match account.totp {
                Some(_) => Some(store::recovery_left(tx, id)?),
                None => None,
            };
            Ok(Ways {
                password: account.password.is_some(),
                second_factor: left,
                issuer: account.issuer,
            })
        })
        .await
}

/// How one is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// As people call you; the name to sign in with where it is empty.
    pub(crate) display: String,
}

/// Says how people call you.
#[utoipa::path(
    put, path = "/api/v1/me/display", tag = "me", request_body = Rename,
    responses((status = 204, description = "Changed"), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn rename(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Json(new): Json<Rename>,
) -> Result<StatusCode, Problem> {
    session_of(&who)?;
    let display = super::display(Some(&new.display), &who.name)?;
    portal
        .write(move |tx| {
            let account = super::account(tx, who.account)?;
            let before = account.display.clone();
            let changed = Account {
                display: display.clone(),
                ..account
            };
            if !store::update(tx, &changed)? {
                return Err(Problem::precondition_failed());
            }
            let object = format!("account:{}", who.name);
            call.note(
                tx,
                &who.name,
                "account.change",
                &object,
                Some(&before),
                Some(&display),
            )?;
            Ok(())
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// A change of one's password.
#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    /// The one so far.
    pub(crate) current: String,
    /// At least 12 characters.
    pub(crate) password: String,
}

/// Refuses whoever does not know the password of the account that they use. Counts as a try to sign in.
pub(crate) async fn prove(
    portal: &Portal,
    call: &Call,
    id: Id,
    password: String,
) -> Result<Account, Problem> {
    call.over_safe_line(portal)?;
    let account = portal.read(move |tx| super::account(tx, id)).await?;
    portal.people.by_name.check_name(&account.name)?;
    let kept = account.password.clone().ok_or_else(|| {
        Problem::conflict("This account has no password: you sign in with somebody else.")
            .hint("Change it where you sign in.")
    })?;
    if portal.people.hasher.verify(password, Some(kept)).await? {
        return Ok(account);
    }
    Err(Problem::unprocessable("The present password is another.").field("current", "is another"))
}

/// Changes one's password. All other sessions end.
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "me", request_body = NewPassword,
    responses((status = 204, description = "Changed"), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn change_password(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Json(new): Json<NewPassword>,
) -> Result<StatusCode, Problem> {
    let session = session_of(&who)?;
    let account = prove(&portal, &call, who.account, new.current).await?;
    super::strong(&new.password, &account.name)?;
    let hash = portal.people.hasher.hash(new.password).await?;
    portal
        .write(move |tx| {
            store::set_password(tx, account.id, &hash)?;
            store::end_sessions(tx, account.id, Some(session))?;
            note(tx, &call, &who, "account.password", None)
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

fn note(
    tx: &mut Tx<'_>,
    call: &Call,
    who: &Who,
    action: &str,
    after: Option<&str>,
) -> Result<(), Problem> {
    let object = format!("account:{}", who.name);
    call.note(tx, &who.name, action, &object, None, after)?;
    Ok(())
}

/// A second factor that is offered.
#[derive(Serialize, ToSchema)]
pub struct Offer {
    /// The secret, in base32, for the authenticator app. Shown once.
    pub(crate) secret: String,
    /// The same as an address that apps read.
    pub(crate) address: String,
    /// Goes back with the first code.
    pub(crate) ticket: String,
}

/// What is sealed in the ticket.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) offer_to: String,
    pub(crate) secret: String,
    pub(crate) until: i64,
}

/// Offers a second factor. It holds once a code of it came back.
#[utoipa::path(
    post, path = "/api/v1/me/second-factor", tag = "me",
    responses((status = 200, description = "The secret", body = Offer), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn offer(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
) -> Result<Response, Problem> {
    offered(&portal, &call, &who).map(|offer| unpressed(Json(offer)))
}

/// A second factor to be.
pub(crate) fn offered(portal: &Portal, call: &Call, who: &Who) -> Result<Offer, Problem> {
    session_of(who)?;
    let secret = totp::new_secret()?;
    let ticket = Ticket {
        offer_to: who.account.to_string(),
        secret: secret.clone(),
        until: call.now + 15 * 60,
    };
    let text = serde_json::to_string(&ticket).map_err(|error| Problem::internal(&error))?;
    let ticket =
        seal::close(portal.engine.key(), &text).map_err(|error| Problem::internal(&error))?;
    Ok(Offer {
        address: totp::address(&secret, &who.name),
        secret,
        ticket,
    })
}

/// The offer that a ticket holds, for the page that shows it again after a wrong code.
pub(crate) fn offered_before(
    portal: &Portal,
    call: &Call,
    who: &Who,
    ticket: &str,
) -> Option<Offer> {
    let open = opened(portal, call, who.account, ticket)?;
    Some(Offer {
        address: totp::address(&open.secret, &who.name),
        secret: open.secret,
        ticket: ticket.to_owned(),
    })
}

fn opened(portal: &Portal, call: &Call, account: Id, ticket: &str) -> Option<Ticket> {
    (ticket.len() <= 2_000)
        .then(|| seal::open(portal.engine.key(), ticket))
        .flatten()
        .and_then(|text| serde_json::from_str::<Ticket>(&text).ok())
        .filter(|ticket| ticket.until > call.now && ticket.offer_to == account.to_string())
}

/// An answer with a secret in it: never compressed.
pub(super) fn unpressed(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(Uncompressed);
    response
}

/// The first code of a second factor.
#[derive(Deserialize, ToSchema)]
pub struct FirstCode {
    /// As it was offered.
    pub(crate) ticket: String,
    /// Six digits.
    pub(crate) code: String,
    /// The account's password.
    pub(crate) current: String,
}

/// Codes for the day on which the second factor is lost.
#[derive(Serialize, ToSchema)]
pub struct Codes {
    /// Each holds once. Shown once.
    pub(crate) recovery_codes: Vec<String>,
}

/// Takes a second factor that was offered. The answer has the recovery codes.
#[utoipa::path(
    put, path = "/api/v1/me/second-factor", tag = "me", request_body = FirstCode,
    responses((status = 200, description = "It holds from now on", body = Codes), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn take(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Json(first): Json<FirstCode>,
) -> Result<Response, Problem> {
    let codes = taken(&portal, call, who, first).await?;
    Ok(unpressed(Json(codes)))
}

/// Takes a second factor that was offered.
pub(crate) async fn taken(
    portal: &Portal,
    call: Call,
    who: Allowed<Own>,
    first: FirstCode,
) -> Result<Codes, Problem> {
    let session = session_of(&who)?;
    let account = prove(portal, &call, who.account, first.current).await?;
    let ticket = opened(portal, &call, account.id, &first.ticket).ok_or_else(|| {
        Problem::unprocessable("This offer is not yours, or too old.")
            .hint("Ask for a new one: `POST /api/v1/me/second-factor`.")
    })?;
    let step = totp::step(&ticket.secret, &first.code, call.now).ok_or_else(|| {
        Problem::unprocessable("This is not the code of the present moment.")
            .field("code", "is another")
            .hint("Look whether the clock of the device is right.")
    })?;
    let sealed = seal::close(portal.engine.key(), &ticket.secret)
        .map_err(|error| Problem::internal(&error))?;
    let codes = totp::recovery_codes()?;
    let hashes: Vec<_> = codes
        .iter()
        .map(|code| secret::hash(&secret::untyped(code)))
        .collect();
    portal
        .write(move |tx| {
            store::set_totp(tx, account.id, Some(&sealed), step)?;
            store::set_recovery(tx, account.id, &hashes)?;
            store::end_sessions(tx, account.id, Some(session))?;
            note(tx, &call, &who, "account.second_factor", Some("on"))
        })
        .await?;
    portal.people.changed();
    Ok(Codes {
        recovery_codes: codes,
    })
}

/// The present password.
#[derive(Deserialize, ToSchema)]
pub struct Current {
    /// The account's password.
    pub(crate) current: String,
}

/// Goes on without a second factor.
#[utoipa::path(
    post, path = "/api/v1/me/second-factor/remove", tag = "me", request_body = Current,
    responses((status = 204, description = "It is gone, and the recovery codes with it"), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn remove(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Json(current): Json<Current>,
) -> Result<StatusCode, Problem> {
    let session = session_of(&who)?;
    let account = prove(&portal, &call, who.account, current.current).await?;
    portal
        .write(move |tx| {
            store::set_totp(tx, account.id, None, 0)?;
            store::set_recovery(tx, account.id, &[])?;
            store::end_sessions(tx, account.id, Some(session))?;
            note(tx, &call, &who, "account.second_factor", Some("off"))
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// A session.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    pub(crate) id: String,
    /// When it began.
    pub(crate) created: String,
    /// When it was last used, to the minute.
    pub(crate) seen: String,
    /// When it ends at the latest.
    pub(crate) expires: String,
    /// The browser, as it calls itself.
    pub(crate) client: String,
    /// It is the one that asks.
    pub(crate) present: bool,
}

/// The sessions of an account that have not ended.
pub(super) fn sessions_of(
    tx: &mut Tx<'_>,
    account: Id,
    present: Option<Id>,
    now: i64,
) -> Result<Vec<SessionView>, Problem> {
    Ok(store::sessions(tx, account)?
        .into_iter()
        .filter(|session| session.expires > now && session.seen + super::session::IDLE > now)
        .map(|session| SessionView {
            id: session.id.to_string(),
            created: text_of(session.created),
            seen: text_of(session.seen),
            expires: text_of(session.expires),
            client: session.client,
            present: Some(session.id) == present,
        })
        .collect())
}

/// One's sessions.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 200, description = "Those that have not ended", body = Vec<SessionView>), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn sessions(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
) -> Result<Json<Vec<SessionView>>, Problem> {
    portal
        .read(move |tx| sessions_of(tx, who.account, who.session, call.now))
        .await
        .map(Json)
}

/// Ends one of one's sessions.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{id}", tag = "me",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "Ended"), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn end_session(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            if !store::end_session(tx, who.account, id)? {
                return Err(Problem::not_found("You have no such session."));
            }
            note(tx, &call, &who, "session.end", Some(&id.to_string()))
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(signed_in))
        .routes(routes!(roles))
        .routes(routes!(rename))
        .routes(routes!(change_password))
        .routes(routes!(offer, take))
        .routes(routes!(remove))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}
