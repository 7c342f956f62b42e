//! The first administrator: made once, by whoever holds the code that the server printed when it started.

use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::people::{self as store, Hash};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::{self, First};
use super::call::Call;
use super::cookie::Cookie;
use super::secret;
use super::session::New;
use crate::http::{Json, Problem};
use crate::portal::Portal;

/// The code's hash, until it was used.
#[derive(Debug, Default)]
pub(super) struct Setup(Mutex<Option<Hash>>);

impl Setup {
    /// A new code; an older one holds no more.
    pub(super) fn begin(&self) -> Result<String, Problem> {
        let code = secret::typed()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(secret::hash(&secret::untyped(&code)));
        Ok(code)
    }

    fn is(&self, code: &str) -> bool {
        let kept = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_some_and(|kept| secret::is(&secret::untyped(code), &kept))
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Whether the portal waits for its first administrator.
pub(crate) async fn is_open(portal: &Portal) -> Result<bool, Problem> {
    portal.read(|tx| Ok(!store::is_set_up(tx)?)).await
}

fn over() -> Problem {
    Problem::not_found("This portal is set up already.")
        .hint("Sign in at `/sign-in`. Whoever runs this server can make another administrator with `stanchion admin create`.")
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
pub struct Begin {
    /// The code that the server printed when it started.
    pub code: String,
    /// The name to sign in with.
    pub name: String,
    /// As people call you.
    #[serde(default)]
    pub display: Option<String>,
    /// At least 12 characters.
    pub password: String,
}

/// Makes the first administrator and signs them in.
pub(crate) async fn make(portal: &Portal, call: Call, begin: Begin) -> Result<Cookie, Problem> {
    call.over_safe_line(portal)?;
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    if !is_open(portal).await? {
        return Err(over());
    }
    if !portal.people.setup.is(&begin.code) {
        return Err(Problem::forbidden("This is not the code that the server printed.")
            .field("code", "is another")
            .hint("Look into the log of the server for the line with the set-up code; each start makes a new one."));
    }
    let name = super::name(&begin.name)?;
    let display = super::display(begin.display.as_deref(), &name)?;
    super::strong(&begin.password, &name)?;
    let password = portal.people.hasher.hash(begin.password).await?;
    let (id, new) = (secret::id()?, New::random()?);
    let new = portal
        .blocking(move |portal| {
            portal.engine.store().write(|tx| {
                if !store::set_up(tx, call.now)? {
                    return Err(over());
                }
                let first = First {
                    id,
                    name: &name,
                    display: &display,
                    password: &password,
                    break_glass: false,
                };
                admin::insert(tx, &first, call.now, &name, Some(&call.request))?;
                new.begin(tx, &call, id)
            })?;
            Ok(new)
        })
        .await?;
    portal.people.setup.end();
    portal.people.changed();
    Ok(new.cookie(portal))
}

/// Whether the portal waits for its first administrator.
#[derive(Serialize, ToSchema)]
pub struct State {
    /// It does.
    pub(crate) open: bool,
}

/// Whether the portal waits for its first administrator.
#[utoipa::path(
    get, path = "/api/v1/setup", tag = "set-up",
    responses((status = 200, description = "Whether it does", body = State), Problem),
    extensions(("x-permission" = json!("public")))
)]
pub async fn show(portal: axum::extract::State<Portal>) -> Result<Json<State>, Problem> {
    let open = is_open(&portal).await?;
    Ok(Json(State { open }))
}

/// Makes the first administrator and signs them in. Works once.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "set-up", request_body = Begin,
    responses((status = 204, description = "Made and signed in; the cookie is set"), Problem),
    extensions(("x-permission" = json!("public")))
)]
pub async fn begin(
    portal: axum::extract::State<Portal>,
    call: Call,
    Json(begin): Json<Begin>,
) -> Result<Response, Problem> {
    let cookie = make(&portal, call, begin).await?;
    Ok((StatusCode::NO_CONTENT, cookie, ()).into_response())
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(show, begin))
}
