//! Accounts: people and services.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::Tx;
use stanchion_store::people::{self as store, Account};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::call::Call;
use super::me::{SessionView, sessions_of};
use super::permission::{PeopleRead, PeopleWrite};
use super::secret;
use super::who::{Allowed, Kind, Who};
use crate::engine::text_of;
use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem, Query};
use crate::portal::Portal;
use crate::slice;

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the answer that means something by itself"
)]
pub struct View {
    /// Its id.
    pub(crate) id: String,
    /// The name to sign in with.
    pub(crate) name: String,
    /// As people call them.
    pub(crate) display: String,
    /// `person` or `service`.
    pub(crate) kind: String,
    /// Nobody gets in by it.
    pub(crate) disabled: bool,
    /// The administrator for emergencies.
    pub(crate) break_glass: bool,
    /// It has a password here.
    pub(crate) password: bool,
    /// It has a second factor here.
    pub(crate) second_factor: bool,
    /// Who else vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    /// Closed until then, after wrong tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locked_until: Option<String>,
    /// When it was made.
    pub(crate) created: String,
    /// When they last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
}

impl View {
    fn of(account: Account, now: i64) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name,
            display: account.display,
            kind: account.kind,
            disabled: account.disabled,
            break_glass: account.break_glass,
            password: account.password.is_some(),
            second_factor: account.totp.is_some(),
            issuer: account.issuer,
            locked_until: (account.locked_until > now && !account.break_glass)
                .then(|| text_of(account.locked_until)),
            created: text_of(account.created),
            seen: account.seen.map(text_of),
        }
    }
}

fn tag(account: &Account) -> EntityTag {
    EntityTag::of_revision(u64::try_from(account.revision).unwrap_or_default())
}

/// Which accounts.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Those after this name.
    pub(crate) after: Option<String>,
    /// At most so many; 100 where nothing is said, 500 at most.
    pub(crate) limit: Option<usize>,
}

/// Accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountPage)]
pub struct Listed {
    /// In the order of their names.
    pub(crate) accounts: Vec<View>,
    /// Where there are more: the `after` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Accounts in the order of their names.
#[utoipa::path(
    get, path = "/api/v1/accounts", tag = "accounts", params(Wanted),
    responses((status = 200, description = "A page of them", body = Listed), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn list(
    State(portal): State<Portal>,
    call: Call,
    _: Allowed<PeopleRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listed>, Problem> {
    let limit = slice::limit(Some(wanted.limit.unwrap_or(100)))?;
    let after = wanted.after.unwrap_or_default();
    let mut found = portal
        .read(move |tx| Ok(store::page(tx, &after, limit + 1)?))
        .await?;
    let next = (found.len() > limit).then(|| {
        found.truncate(limit);
        found.last().map(|account| account.name.clone())
    });
    let accounts = found
        .into_iter()
        .map(|account| View::of(account, call.now))
        .collect();
    Ok(Json(Listed {
        accounts,
        next: next.flatten(),
    }))
}

/// One account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account; `etag` names its state", body = View), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn show(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    _: Allowed<PeopleRead>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = super::id(&id)?;
    let account = portal.read(move |tx| super::account(tx, id)).await?;
    let tag = tag(&account);
    if let Some(answer) = tag.not_modified(&headers) {
        return Ok(answer);
    }
    Ok((tag, Json(View::of(account, call.now))).into_response())
}

/// An account by its name, with the number of its state for `if-match`.
pub(crate) async fn named(
    portal: &Portal,
    call: &Call,
    _: &Allowed<PeopleRead>,
    name: &str,
) -> Result<(View, i64), Problem> {
    let name = super::name(name).map_err(|_| nobody())?;
    let now = call.now;
    portal
        .read(move |tx| {
            let account = store::by_name(tx, &name)?.ok_or_else(nobody)?;
            let revision = account.revision;
            Ok((View::of(account, now), revision))
        })
        .await
}

fn nobody() -> Problem {
    Problem::not_found("There is no account of this name.")
        .hint("The list of people has all that there are.")
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = AccountForm)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The name: an address or a login.
    pub(crate) name: String,
    /// As people call them.
    pub(crate) display: Option<String>,
    /// `service`, or `person`: who gets in once an invitation is taken.
    pub(crate) kind: String,
}

/// Makes an account without a role, a service for example. People are better invited.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "accounts", request_body = Create,
    responses((status = 201, description = "The account as it was made", body = View), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn create(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Json(create): Json<Create>,
) -> Result<Response, Problem> {
    let name = super::name(&create.name)?;
    let display = super::display(create.display.as_deref(), &name)?;
    let kind = Kind::from_word(&create.kind).ok_or_else(|| {
        Problem::unprocessable("There is no such kind of account.")
            .field("kind", "is person or service")
    })?;
    let id = secret::id()?;
    let now = call.now;
    let account = portal
        .write(move |tx| {
            let account = fresh(id, &name, &display, kind, call.now);
            insert(tx, &account)?;
            let object = format!("account:{name}");
            call.note(
                tx,
                &who.name,
                "account.create",
                &object,
                None,
                Some(kind.as_str()),
            )?;
            Ok(account)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        tag(&account),
        Json(View::of(account, now)),
    )
        .into_response())
}

/// An account that nobody gets in by yet.
pub(super) fn fresh(
    id: stanchion_store::Id,
    name: &str,
    display: &str,
    kind: Kind,
    now: i64,
) -> Account {
    Account {
        id,
        name: name.to_owned(),
        display: display.to_owned(),
        kind: kind.as_str().to_owned(),
        password: None,
        totp: None,
        totp_last: 0,
        issuer: None,
        subject: None,
        disabled: false,
        break_glass: false,
        failed: 0,
        locked_until: 0,
        created: now,
        seen: None,
        revision: 1,
    }
}

/// Makes it, if its name is free.
pub(super) fn insert(tx: &mut Tx<'_>, account: &Account) -> Result<(), Problem> {
    if store::by_name(tx, &account.name)?.is_some() {
        return Err(
            Problem::conflict("There is an account of this name already.")
                .field("name", "is in use"),
        );
    }
    store::create(tx, account)?;
    Ok(())
}

/// A change of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// As people call them.
    pub(crate) display: String,
    /// Nobody gets in by it: its sessions end, its tokens do not hold.
    pub(crate) disabled: bool,
}

/// Changes an account whose state is the one in `if-match`.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}", tag = "accounts", request_body = Change,
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "Changed"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn change(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
    Json(change): Json<Change>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            tag(&account).require_match(&headers)?;
            let display = super::display(Some(&change.display), &account.name)?;
            alter(tx, &call, &who, account, display, change.disabled)
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Closes an account: nobody gets in by it any more. What it did stays in the log.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "Closed"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn close(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            let display = account.display.clone();
            alter(tx, &call, &who, account, display, true)
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

fn alter(
    tx: &mut Tx<'_>,
    call: &Call,
    who: &Who,
    account: Account,
    display: String,
    disabled: bool,
) -> Result<(), Problem> {
    store::alone(tx)?;
    let text = |display: &str, disabled: bool| {
        format!("{display}{}", if disabled { ", disabled" } else { "" })
    };
    let before = text(&account.display, account.disabled);
    let closes = disabled && !account.disabled;
    let changed = Account {
        display,
        disabled,
        ..account
    };
    if !store::update(tx, &changed)? {
        return Err(Problem::precondition_failed());
    }
    if closes {
        store::end_sessions(tx, changed.id, None)?;
        super::somebody_is_left(tx)?;
    }
    let object = format!("account:{}", changed.name);
    let after = text(&changed.display, changed.disabled);
    call.note(
        tx,
        &who.name,
        "account.change",
        &object,
        Some(&before),
        Some(&after),
    )?;
    Ok(())
}

/// The sessions of an account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "Those that have not ended", body = Vec<SessionView>), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn sessions(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<SessionView>>, Problem> {
    let id = super::id(&id)?;
    portal
        .read(move |tx| {
            super::account(tx, id)?;
            sessions_of(tx, id, who.session, call.now)
        })
        .await
        .map(Json)
}

/// Ends all sessions of an account.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "Ended"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn end_sessions(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            let ended = store::end_sessions(tx, id, None)?;
            let object = format!("account:{}", account.name);
            let after = format!("{ended} ended");
            call.note(
                tx,
                &who.name,
                "session.end_all",
                &object,
                None,
                Some(&after),
            )?;
            Ok(())
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the second factor of an account away, for somebody who has lost it. Their sessions end.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/second-factor", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "It is gone"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn remove_second_factor(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            store::set_totp(tx, id, None, 0)?;
            store::set_recovery(tx, id, &[])?;
            store::end_sessions(tx, id, None)?;
            let object = format!("account:{}", account.name);
            call.note(
                tx,
                &who.name,
                "account.second_factor",
                &object,
                None,
                Some("off"),
            )?;
            Ok(())
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, close))
        .routes(routes!(sessions, end_sessions))
        .routes(routes!(remove_second_factor))
}
