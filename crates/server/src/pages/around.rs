//! What all pages stand on: who looks, what they sent, what is said once, and where they go on.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_ui::forms::Typed;
use stanchion_ui::frame::{Again, Around, Flash};
use stanchion_ui::parts::encoded;

use crate::http::{Client, Form, Problem, security};
use crate::people::cookie::{self, Cookie};
use crate::people::who::Who;
use crate::people::{Allowed, Permission, permission, resolve, session};
use crate::portal::Portal;
use crate::seal;

use super::{own_path, shown};

/// Longest text of a message that is said once, so that the cookie stays a cookie.
const MOST_SAID: usize = 600;
/// Most bytes of that cookie.
const MOST_COOKIE: usize = 3_000;

/// Whoever looks at a page and has the permission `P` somewhere.
pub(crate) struct Viewer<P> {
    pub(crate) allowed: Allowed<P>,
    pub(crate) around: Around,
}

/// A form that somebody sent who has the permission `P` somewhere; it carried the token of their session.
pub(crate) struct Posted<P> {
    pub(crate) allowed: Allowed<P>,
    pub(crate) around: Around,
    pub(crate) fields: Fields,
}

/// What a form holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// A field's value without blanks around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// A field's value; `None` where it is empty.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// All values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(own, value)| own == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// Words of a field, one a line or with commas between them.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        self.text(name)
            .split([',', '\n'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Problem::unprocessable("A number is needed.").field(name, "is not a whole number")
            }),
        }
    }

    /// As a form shows it again.
    pub(crate) fn typed(&self) -> Typed {
        Typed {
            values: self.0.clone(),
            ..Typed::default()
        }
    }

    /// As a form shows it again, with what was wrong. Faults that no form can mend go on as they are.
    pub(crate) fn wrong(&self, problem: Problem) -> Result<(StatusCode, Typed), Problem> {
        let status = problem.status();
        if !matches!(
            status.as_u16(),
            400 | 403 | 404 | 409 | 412 | 413 | 422 | 429 | 503
        ) {
            return Err(problem);
        }
        let document = problem.document();
        let mut error = document.detail.clone();
        if let Some(hint) = &document.hint {
            error.push(' ');
            error.push_str(hint);
        }
        let faults = document
            .errors
            .iter()
            .map(|fault| {
                let line = fault
                    .line
                    .map_or_else(String::new, |line| format!("line {line}: "));
                (
                    fault.field.clone().unwrap_or_default(),
                    format!("{line}{}", fault.message),
                )
            })
            .collect();
        Ok((
            status,
            Typed {
                values: self.0.clone(),
                error: Some(error),
                faults,
            },
        ))
    }
}

#[derive(Serialize, Deserialize)]
struct Said {
    text: String,
    bad: bool,
    undo: Option<(String, Vec<(String, String)>)>,
}

fn flash_of(portal: &Portal, parts: &Parts) -> Option<Flash> {
    let name = cookie::flash(portal.site.settings());
    let sealed = cookie::read_within(&parts.headers, name, MOST_COOKIE)?;
    let text = seal::open(portal.engine.key(), sealed)?;
    let said: Said = serde_json::from_str(&text).ok()?;
    Some(Flash {
        text: said.text,
        bad: said.bad,
        undo: said.undo,
    })
}

/// The address under which somebody reached the portal.
fn origin(portal: &Portal, parts: &Parts) -> String {
    parts
        .extensions
        .get::<Client>()
        .and_then(|client| portal.site.origin(*client, &parts.headers))
        .unwrap_or_else(|| "URL".to_owned())
}

/// What is around the pages of somebody.
pub(crate) fn around(portal: &Portal, who: &Who, parts: &Parts) -> Around {
    let here = parts
        .uri
        .path_and_query()
        .map_or("/", |address| address.as_str());
    Around {
        display: who.display.clone(),
        name: who.name.clone(),
        form_token: session::form_token(portal, who),
        permissions: permission::ALL
            .iter()
            .map(|permission| permission.name)
            .filter(|name| who.may_anywhere(name))
            .collect(),
        flash: if parts.method == Method::GET {
            flash_of(portal, parts)
        } else {
            None
        },
        demo: portal.demo(),
        now: portal.engine.now(),
        here: own_path(Some(here)).to_owned(),
        origin: origin(portal, parts),
    }
}

/// 303: the browser goes on with a GET.
pub(crate) fn to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path.to_owned())]).into_response()
}

/// Goes on to a page that says something once.
pub(crate) fn done(portal: &Portal, path: &str, flash: Flash) -> Response {
    let mut said = Said {
        text: flash.text.chars().take(MOST_SAID).collect(),
        bad: flash.bad,
        undo: flash.undo,
    };
    let sealed = |said: &Said| {
        let text = serde_json::to_string(said).ok()?;
        seal::close(portal.engine.key(), &text)
            .ok()
            .filter(|sealed| sealed.len() <= MOST_COOKIE)
    };
    let mut value = sealed(&said);
    if value.is_none() && said.undo.is_some() {
        said.undo = None;
        value = sealed(&said);
    }
    let path = own_path(Some(path));
    match value {
        Some(value) => {
            let cookie = Cookie::new(cookie::flash(portal.site.settings()), value, 60);
            (cookie, to(path)).into_response()
        }
        None => to(path),
    }
}

/// A message without anything to take back.
pub(crate) fn say(text: impl Into<String>) -> Flash {
    Flash {
        text: text.into(),
        ..Flash::default()
    }
}

/// A page of somebody. What was said once is not said again.
pub(crate) fn page(portal: &Portal, around: &Around, status: StatusCode, page: String) -> Response {
    let response = shown(status, page);
    if around.flash.is_some() {
        let gone = Cookie::gone(cookie::flash(portal.site.settings()));
        return (gone, response).into_response();
    }
    response
}

/// Whoever has the permission `P` on what it is about, or the answer that they get.
fn allowed<P: Permission>(who: Who) -> Result<Allowed<P>, Problem> {
    Allowed::of(who)
}

impl<P: Permission> FromRequestParts<Portal> for Viewer<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Response> {
        let who = match resolve::who(parts, portal).await {
            Ok(who) => who,
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
                let here = parts
                    .uri
                    .path_and_query()
                    .map(axum::http::uri::PathAndQuery::as_str);
                let back = own_path(here);
                return Err(match back {
                    "/" => to("/sign-in"),
                    back => to(&format!("/sign-in?back_to={}", encoded(back))),
                });
            }
            Err(problem) => return Err(problem.into_response()),
        };
        let around = around(portal, &who, parts);
        let allowed = allowed(who).map_err(IntoResponse::into_response)?;
        Ok(Self { allowed, around })
    }
}

impl<P: Permission> FromRequest<Portal> for Posted<P> {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let refused = |problem: Problem| problem.into_response();
        let client = Client::from_request_parts(&mut parts, portal)
            .await
            .map_err(refused)?;
        let origin = portal.site.origin(client, &parts.headers);
        security::same_origin(&parts.headers, origin.as_deref()).map_err(refused)?;
        let who = resolve::who(&parts, portal).await;
        let here = parts
            .uri
            .path_and_query()
            .map_or("/", |address| address.as_str())
            .to_owned();
        let around = who.as_ref().ok().map(|who| around(portal, who, &parts));
        let Form(fields) =
            Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts, body), portal)
                .await
                .map_err(refused)?;
        let again = |status, form_token| {
            let page = Again {
                address: own_path(Some(&here)),
                fields: &fields,
                form_token,
                provider: portal.people.provider(),
                ..Again::default()
            }
            .page();
            shown(status, page)
        };
        let (who, around) = match (who, around) {
            (Ok(who), Some(around)) => (who, around),
            (Err(problem), _) if problem.status() != StatusCode::UNAUTHORIZED => {
                return Err(problem.into_response());
            }
            _ => return Err(again(StatusCode::UNAUTHORIZED, None)),
        };
        let fields = Fields(fields.clone());
        if session::check_form(portal, &who, fields.text("form_token")).is_err() {
            return Err(again(StatusCode::FORBIDDEN, Some(&around.form_token)));
        }
        let allowed = allowed(who).map_err(IntoResponse::into_response)?;
        Ok(Self {
            allowed,
            around,
            fields,
        })
    }
}
