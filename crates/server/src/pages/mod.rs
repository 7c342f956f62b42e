//! The pages for people: sign-in and its like, the first page, the API for readers, and the files that pages load.

mod affected;
mod around;
mod finding;
mod findings;
mod fixes;
mod map;
mod today;

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_ui::parts::encoded;
use stanchion_ui::sign_in::{Join, SecondFactor, SetUp, SignIn};
use stanchion_ui::{api, assets, problem};

use crate::http::etag::EntityTag;
use crate::http::site::{ProblemPage, Uncompressed};
use crate::http::{Client, Form, Path, Problem, Query, security};
use crate::people::call::Call;
use crate::people::permission::Own;
use crate::people::sign_in::{self, Step};
use crate::people::who::Allowed;
use crate::people::{cookie, invitations, oidc, session, setup};
use crate::portal::Portal;

use around::to;

/// The longest path to come back to.
const LONGEST_PATH: usize = 512;

/// Shows problems to browsers.
pub fn problem_page() -> ProblemPage {
    Arc::new(|problem| {
        let document = problem.document();
        let errors: Vec<(String, String)> = document
            .errors
            .iter()
            .map(|error| {
                (
                    error.field.clone().unwrap_or_default(),
                    error.message.clone(),
                )
            })
            .collect();
        problem::Problem {
            status: document.status,
            title: document.title,
            detail: &document.detail,
            hint: document.hint.as_deref(),
            instance: document.instance.as_deref(),
            errors: &errors,
        }
        .page()
    })
}

/// The routes of the pages. `document` is the OpenAPI document.
pub fn routes(document: &serde_json::Value) -> Router<Portal> {
    let page = Bytes::from(api::api_page(document));
    let tag = EntityTag::of_bytes(&page);
    let api = async move |headers: HeaderMap| {
        tag.not_modified(&headers)
            .unwrap_or_else(|| (tag.clone(), html(), page.clone()).into_response())
    };
    Router::new()
        .route("/", get(today::home))
        .route("/sign-in", get(sign_in_page).post(sign_in_form))
        .route("/sign-in/code", post(code_form))
        .route("/sign-in/with", get(sign_in_with))
        .route(oidc::BACK, get(sign_in_back))
        .route("/sign-out", post(sign_out))
        .route("/setup", get(setup_page).post(setup_form))
        .route("/join", get(join_page).post(join_form))
        .route("/api/", get(api))
        .route("/assets/{name}", get(asset))
        .merge(affected::routes())
        .merge(findings::routes())
        .merge(fixes::routes())
        .merge(finding::routes())
}

type Heading = [(axum::http::HeaderName, &'static str); 1];

fn html() -> Heading {
    [(CONTENT_TYPE, "text/html; charset=utf-8")]
}

/// A page that is not compressed: it has something secret and something typed in it.
fn shown(status: StatusCode, page: String) -> Response {
    let mut response = (status, html(), page).into_response();
    response.extensions_mut().insert(Uncompressed);
    response
}

/// A path of the portal to come back to: nothing that a browser could take for another host, and no page of the sign-in.
fn own_path(path: Option<&str>) -> &str {
    let Some(path) = path else { return "/" };
    let mut bytes = path.bytes();
    let own = path.len() <= LONGEST_PATH
        && bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.starts_with("/sign-")
        && !path.contains("/../")
        && !path.contains("/./");
    if own { path } else { "/" }
}

/// Refuses a form that another site's page has sent.
fn same_origin(portal: &Portal, client: Client, headers: &HeaderMap) -> Result<(), Problem> {
    let own = portal.site.origin(client, headers);
    security::same_origin(headers, own.as_deref())
}

/// What a problem says, for the page whose form it is about. Faults and refusals of other kinds go on as they are.
fn said(problem: Problem) -> Result<(StatusCode, String), Problem> {
    let status = problem.status();
    if !matches!(status.as_u16(), 401 | 403 | 409 | 422 | 429 | 503) {
        return Err(problem);
    }
    let document = problem.document();
    let mut text = document.detail.clone();
    for error in &document.errors {
        let field = error.field.as_deref().unwrap_or("The form");
        // Writing to a text cannot fail.
        let _ = write!(text, " {field}: {}.", error.message);
    }
    if let Some(hint) = &document.hint {
        text.push(' ');
        text.push_str(hint);
    }
    Ok((status, text))
}

#[derive(Deserialize)]
struct BackTo {
    back_to: Option<String>,
}

fn provider(portal: &Portal) -> Option<&str> {
    portal.people.provider()
}

async fn sign_in_page(
    State(portal): State<Portal>,
    Query(query): Query<BackTo>,
) -> Result<Response, Problem> {
    if setup::is_open(&portal).await? {
        return Ok(to("/setup"));
    }
    let back_to = own_path(query.back_to.as_deref());
    let page = SignIn {
        provider: provider(&portal),
        back_to,
        ..SignIn::default()
    }
    .page(&encoded(back_to));
    Ok(shown(StatusCode::OK, page))
}

#[derive(Deserialize)]
struct SignInForm {
    name: String,
    password: String,
    back_to: Option<String>,
}

async fn sign_in_form(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    same_origin(&portal, call.client, &headers)?;
    let back_to = own_path(form.back_to.as_deref());
    match sign_in::with_password(&portal, call, &form.name, form.password, None).await {
        Ok(Step::Done(cookie)) => Ok((cookie, to(back_to)).into_response()),
        Ok(Step::Code(ticket)) => {
            let page = SecondFactor {
                ticket: &ticket,
                back_to,
                error: None,
            }
            .page();
            Ok(shown(StatusCode::OK, page))
        }
        Err(problem) => {
            let (status, error) = said(problem)?;
            let page = SignIn {
                provider: provider(&portal),
                back_to,
                name: &form.name,
                error: Some(&error),
            }
            .page(&encoded(back_to));
            Ok(shown(status, page))
        }
    }
}

#[derive(Deserialize)]
struct CodeForm {
    ticket: String,
    code: String,
    back_to: Option<String>,
}

async fn code_form(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Form(form): Form<CodeForm>,
) -> Result<Response, Problem> {
    same_origin(&portal, call.client, &headers)?;
    let back_to = own_path(form.back_to.as_deref());
    match sign_in::with_code(&portal, call, &form.ticket, form.code).await {
        Ok(cookie) => Ok((cookie, to(back_to)).into_response()),
        Err(problem) => {
            let (status, error) = said(problem)?;
            let page = SecondFactor {
                ticket: &form.ticket,
                back_to,
                error: Some(&error),
            }
            .page();
            Ok(shown(status, page))
        }
    }
}

async fn sign_in_with(
    State(portal): State<Portal>,
    call: Call,
    Query(query): Query<BackTo>,
) -> Result<Response, Problem> {
    let back_to = own_path(query.back_to.as_deref()).to_owned();
    let begun = oidc::begin(&portal, call, back_to).await?;
    Ok((begun.cookie, to(&begun.location)).into_response())
}

async fn sign_in_back(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Query(back): Query<oidc::Back>,
) -> Result<Response, Problem> {
    let name = cookie::sign_in(portal.site.settings());
    let browser = cookie::read(&headers, name).map(str::to_owned);
    let (back_to, [session, gone]) = oidc::finish(&portal, call, browser, back).await?;
    Ok((session, gone, to(own_path(Some(&back_to)))).into_response())
}

#[derive(Deserialize)]
struct FormToken {
    #[serde(default)]
    form_token: String,
}

async fn sign_out(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<Own>,
    Form(form): Form<FormToken>,
) -> Result<Response, Problem> {
    session::check_form(&portal, &who, &form.form_token)?;
    let cookie = sign_in::sign_out(&portal, call, who).await?;
    Ok((cookie, to("/sign-in")).into_response())
}

async fn setup_page(State(portal): State<Portal>) -> Result<Response, Problem> {
    if !setup::is_open(&portal).await? {
        return Ok(to("/sign-in"));
    }
    Ok(shown(StatusCode::OK, SetUp::default().page()))
}

async fn setup_form(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Form(form): Form<setup::Begin>,
) -> Result<Response, Problem> {
    same_origin(&portal, call.client, &headers)?;
    let (name, display) = (form.name.clone(), form.display.clone().unwrap_or_default());
    match setup::make(&portal, call, form).await {
        Ok(cookie) => Ok((cookie, to("/")).into_response()),
        Err(problem) => {
            let (status, error) = said(problem)?;
            let page = SetUp {
                name: &name,
                display: &display,
                error: Some(&error),
            }
            .page();
            Ok(shown(status, page))
        }
    }
}

async fn join_page() -> Response {
    shown(StatusCode::OK, Join::default().page())
}

async fn join_form(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Form(form): Form<invitations::Redeem>,
) -> Result<Response, Problem> {
    same_origin(&portal, call.client, &headers)?;
    let display = form.display.clone().unwrap_or_default();
    match invitations::take(&portal, call, form).await {
        Ok(cookie) => Ok((cookie, to("/")).into_response()),
        Err(problem) => {
            let (status, error) = said(problem)?;
            let page = Join {
                display: &display,
                error: Some(&error),
            }
            .page();
            Ok(shown(status, page))
        }
    }
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = assets::named(&name).ok_or_else(|| {
        Problem::not_found("There is no such file.")
            .hint("Load the page again: it names the files of this version.")
    })?;
    // The name changes with what is in it.
    let headers = [
        (CONTENT_TYPE, asset.kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text.as_ref()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for own in ["/", "/findings?q=a%20b#x", "/api/", "/a//b"] {
            assert_eq!(own_path(Some(own)), own);
        }
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example",
            "javascript:alert(1)",
            "",
            "evil",
            "/\t/evil.example",
            "/\n",
            " /",
            "/ä",
            "/sign-out",
            "/../x",
            "/a/../../x",
        ] {
            assert_eq!(own_path(Some(elsewhere)), "/", "{elsewhere:?}");
        }
        assert_eq!(own_path(Some(&format!("/{}", "a".repeat(600)))), "/");
        assert_eq!(own_path(None), "/");
        assert_eq!(encoded("/a?b=ä"), "%2Fa%3Fb%3D%C3%A4");
    }
}
