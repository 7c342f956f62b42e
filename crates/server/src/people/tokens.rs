//! Access tokens: for programs, and for people who write them. Never more than their account has, for a year at most.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use stanchion_store::people::{self as store, Token};
use stanchion_store::{Id, products};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::call::Call;
use super::me::{session_of, unpressed};
use super::permission::{self, Own, PeopleRead, PeopleWrite, Role};
use super::secret::{self, TOKEN_PREFIX};
use super::who::{Allowed, Who};
use crate::engine::text_of;
use crate::http::{Json, Path, Problem, Query};
use crate::portal::Portal;
use crate::slice;

const DAY: i64 = 24 * 60 * 60;
/// Days for which a token holds where nothing is said, and at most.
const DAYS: i64 = 90;
const MOST_DAYS: i64 = 365;
/// Tokens of one account that hold at the same time.
const MOST: usize = 100;

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub struct View {
    /// Its id.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    /// What it is cut down to.
    pub(crate) permissions: Vec<String>,
    /// Only this product and what is below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product: Option<String>,
    /// When it was made.
    pub(crate) created: String,
    /// Until when it holds.
    pub(crate) expires: String,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) used: Option<String>,
    /// Since when it holds no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<String>,
}

impl From<Token> for View {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            permissions: token.scopes,
            product: token.product.map(|id| id.to_string()),
            created: text_of(token.created),
            expires: text_of(token.expires),
            used: token.used.map(text_of),
            revoked: token.revoked.map(text_of),
        }
    }
}

/// A token to be made.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = TokenForm)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// For people: what it is for.
    pub(crate) name: String,
    /// Names of permissions that the account has.
    pub(crate) permissions: Vec<String>,
    /// Only the product with this id, and those below it.
    pub(crate) product: Option<String>,
    /// Days for which it holds: 90 where nothing is said, 365 at most.
    pub(crate) days: Option<i64>,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenMade)]
pub struct Made {
    /// The token itself. Shown once: what is kept is its hash.
    pub(crate) token: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) view: View,
}

/// Makes a token for `owner`; `lets` says which permissions that account has.
pub(crate) async fn make(
    portal: &Portal,
    call: Call,
    actor: String,
    owner: Id,
    create: Create,
    lets: impl Fn(&str) -> bool,
) -> Result<Made, Problem> {
    let wrong = |field: &str, message: String| {
        Err(Problem::unprocessable("This token cannot be made.").field(field, message))
    };
    let name = create.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return wrong("name", "takes 1 to 100 characters in one line".to_owned());
    }
    let days = create.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return wrong("days", format!("is 1 to {MOST_DAYS}"));
    }
    let mut scopes = create.permissions;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return wrong("permissions", "names at least one".to_owned());
    }
    if let Some(unknown) = scopes.iter().find(|name| permission::named(name).is_none()) {
        let unknown: String = unknown.chars().take(100).collect();
        return wrong("permissions", format!("there is no permission {unknown:?}"));
    }
    if let Some(missing) = scopes.iter().find(|name| !lets(name)) {
        return wrong(
            "permissions",
            format!("the account does not have {missing}"),
        );
    }
    let product = create.product.as_deref().map(super::id).transpose()?;
    let (id, bytes) = (secret::id()?, secret::random()?);
    let text = format!("{TOKEN_PREFIX}{bytes}");
    let hash = secret::hash(&text);
    let token = Token {
        id,
        account: owner,
        name,
        scopes,
        product,
        created: call.now,
        expires: call.now + days * DAY,
        used: None,
        revoked: None,
    };
    let made = portal
        .write(move |tx| {
            let account = super::account(tx, owner)?;
            if let Some(product) = token.product
                && products::by_id(tx, product)?.is_none()
            {
                return Err(Problem::unprocessable("This token cannot be made.")
                    .field("product", "names a product that is not there"));
            }
            let holding = store::tokens(tx, owner)?
                .into_iter()
                .filter(|token| token.revoked.is_none() && token.expires > call.now)
                .count();
            if holding >= MOST {
                return Err(
                    Problem::conflict(format!("An account has at most {MOST} tokens."))
                        .hint("Revoke some that are not used any more."),
                );
            }
            store::create_token(tx, &token, &hash)?;
            let object = format!("account:{}", account.name);
            let after = format!(
                "{} ({}): {}, until {}",
                token.id,
                token.name,
                token.scopes.join(" "),
                text_of(token.expires)
            );
            call.note(tx, &actor, "token.create", &object, None, Some(&after))?;
            Ok(token.clone())
        })
        .await?;
    Ok(Made {
        token: text,
        view: made.into(),
    })
}

fn shown_once(made: Made) -> Response {
    unpressed((StatusCode::CREATED, Json(made)))
}

pub(crate) async fn revoke_of(
    portal: &Portal,
    call: Call,
    actor: String,
    owner: Id,
    id: Id,
) -> Result<StatusCode, Problem> {
    portal
        .write(move |tx| {
            let account = super::account(tx, owner)?;
            if !store::revoke_token(tx, owner, id, call.now)? {
                return Err(Problem::not_found(
                    "There is no such token that still holds.",
                ));
            }
            let object = format!("account:{}", account.name);
            call.note(
                tx,
                &actor,
                "token.revoke",
                &object,
                Some(&id.to_string()),
                None,
            )?;
            Ok(())
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// A token and whose it is.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenOf)]
pub struct Owned {
    /// The account's id.
    pub(crate) account: String,
    /// The account's name.
    pub(crate) account_name: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) view: View,
}

/// Which tokens.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// At most so many; 100 where nothing is said, 500 at most.
    pub(crate) limit: Option<usize>,
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenPage)]
pub struct Listed {
    /// The newest first.
    pub(crate) tokens: Vec<Owned>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// The tokens of all accounts, the newest first, also those that hold no more.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "accounts", params(Wanted),
    responses((status = 200, description = "A page of them", body = Listed), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn all(
    State(portal): State<Portal>,
    _: Allowed<PeopleRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listed>, Problem> {
    let limit = slice::limit(Some(wanted.limit.unwrap_or(100)))?;
    let after = wanted
        .after
        .as_deref()
        .map(|text| {
            let (created, id) = text.split_once('.')?;
            Some((created.parse::<i64>().ok()?, Id::parse(id)?))
        })
        .map(|place| {
            place.ok_or_else(|| {
                Problem::bad_request("This is not where a page ends.")
                    .field("after", "`next` of the page before")
            })
        })
        .transpose()?;
    let mut found = portal
        .read(move |tx| Ok(store::all_tokens(tx, after, limit + 1)?))
        .await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(_, token)| format!("{}.{}", token.created, token.id));
    let tokens = found
        .into_iter()
        .map(|(account_name, token)| Owned {
            account: token.account.to_string(),
            account_name,
            view: token.into(),
        })
        .collect();
    Ok(Json(Listed { tokens, next }))
}

/// One's tokens.
#[utoipa::path(
    get, path = "/api/v1/me/tokens", tag = "me",
    responses((status = 200, description = "The newest first", body = Vec<View>), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn own(
    State(portal): State<Portal>,
    who: Allowed<Own>,
) -> Result<Json<Vec<View>>, Problem> {
    let tokens = portal
        .read(move |tx| Ok(store::tokens(tx, who.account)?))
        .await?;
    Ok(Json(tokens.into_iter().map(View::from).collect()))
}

/// Makes a token for oneself.
#[utoipa::path(
    post, path = "/api/v1/me/tokens", tag = "me", request_body = Create,
    responses((status = 201, description = "The token; it is shown once", body = Made), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn create_own(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Json(create): Json<Create>,
) -> Result<Response, Problem> {
    made_own(&portal, call, &who, create).await.map(shown_once)
}

/// Makes a token for whoever asks.
pub(crate) async fn made_own(
    portal: &Portal,
    call: Call,
    who: &Who,
    create: Create,
) -> Result<Made, Problem> {
    session_of(who)?;
    let lets = |name: &str| who.may_anywhere(name);
    make(portal, call, who.name.clone(), who.account, create, lets).await
}

/// Revokes one of one's tokens. On this server at once, on others of the same store within five seconds.
#[utoipa::path(
    delete, path = "/api/v1/me/tokens/{id}", tag = "me",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "It holds no more"), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn revoke_own(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    revoke_of(&portal, call, who.name.clone(), who.account, id).await
}

/// The tokens of an account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/tokens", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The newest first", body = Vec<View>), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn list(
    State(portal): State<Portal>,
    _: Allowed<PeopleRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<View>>, Problem> {
    let id = super::id(&id)?;
    let tokens = portal
        .read(move |tx| {
            super::account(tx, id)?;
            Ok(store::tokens(tx, id)?)
        })
        .await?;
    Ok(Json(tokens.into_iter().map(View::from).collect()))
}

/// Makes a token for a service. People make theirs themselves.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/tokens", tag = "accounts", request_body = Create,
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 201, description = "The token; it is shown once", body = Made), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn create(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
    Json(create): Json<Create>,
) -> Result<Response, Problem> {
    made_for(&portal, call, &who, &id, create)
        .await
        .map(shown_once)
}

/// Makes a token for a service.
pub(crate) async fn made_for(
    portal: &Portal,
    call: Call,
    who: &Allowed<PeopleWrite>,
    id: &str,
    create: Create,
) -> Result<Made, Problem> {
    let id = super::id(id)?;
    let (account, bindings) = portal
        .read(move |tx| Ok((super::account(tx, id)?, store::bindings(tx, id)?)))
        .await?;
    if account.kind != "service" {
        return Err(Problem::conflict(
            "People make their tokens themselves, under their own account.",
        )
        .hint("For a program, make an account of the kind `service`."));
    }
    let roles: Vec<Role> = bindings
        .iter()
        .filter_map(|binding| Role::from_word(&binding.role))
        .collect();
    make(portal, call, who.name.clone(), id, create, move |name| {
        name == "own" || roles.iter().any(|role| role.has(name))
    })
    .await
}

/// Revokes a token of anybody. On this server at once, on others of the same store within five seconds.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/tokens/{token}", tag = "accounts",
    params(
        ("id" = String, Path, description = "The account's id"),
        ("token" = String, Path, description = "The token's id")
    ),
    responses((status = 204, description = "It holds no more"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn revoke(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (id, token) = (super::id(&id)?, super::id(&token)?);
    revoke_of(&portal, call, who.name.clone(), id, token).await
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(own, create_own))
        .routes(routes!(revoke_own))
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}
