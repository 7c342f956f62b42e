//! How people come in: sign-in, set-up, invitations; and out.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_ui::frame::Again;
use stanchion_ui::parts::encoded;
use stanchion_ui::sign_in::{Join, Look, SecondFactor, SetUp, SignIn};

use super::around::to;
use super::{own_path, same_origin, shown};
use crate::demo;
use crate::http::{Form, Problem, Query};
use crate::people::call::Call;
use crate::people::permission::Own;
use crate::people::sign_in::{self, Step};
use crate::people::who::Allowed;
use crate::people::{cookie, invitations, oidc, resolve, session, setup};
use crate::portal::Portal;

/// The routes of these pages.
pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/sign-in", get(sign_in_page).post(sign_in_form))
        .route("/sign-in/as", post(look_form))
        .route("/sign-in/code", post(code_form))
        .route("/sign-in/again", post(again_form))
        .route("/sign-in/with", get(sign_in_with))
        .route(oidc::BACK, get(sign_in_back))
        .route("/sign-out", post(sign_out))
        .route("/setup", get(setup_page).post(setup_form))
        .route("/join", get(join_page).post(join_form))
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
    let looks = looks(&portal);
    let page = SignIn {
        provider: provider(&portal),
        back_to,
        looks: &looks,
        ..SignIn::default()
    }
    .page(&encoded(back_to));
    Ok(shown(StatusCode::OK, page))
}

/// In a demonstration: with whose eyes a visitor may look.
fn looks(portal: &Portal) -> Vec<Look<'static>> {
    let guises = if portal.demo() { demo::guises() } else { &[] };
    guises
        .iter()
        .map(|guise| Look {
            role: guise.role,
            title: guise.title,
            name: guise.display,
            sees: guise.sees,
        })
        .collect()
}

async fn look_form(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Form(form): Form<demo::Look>,
) -> Result<Response, Problem> {
    same_origin(&portal, call.client, &headers)?;
    let cookie = demo::look(&portal, call, &form).await?;
    Ok((cookie, to(own_path(form.back_to.as_deref()))).into_response())
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
                looks: &[],
            }
            .page(&encoded(back_to));
            Ok(shown(status, page))
        }
    }
}

/// Signs in from the page that kept what somebody typed, and goes on to send it: the fields `again.…` go to
/// `again_address` with the token of the new session, once they press the button.
async fn again_form(
    State(portal): State<Portal>,
    call: Call,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    same_origin(&portal, call.client, &headers)?;
    let own = |name: &str| {
        form.iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    };
    let address = own_path(Some(own("again_address")));
    let fields: Vec<(String, String)> = form
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("again.")?.to_owned(), value.clone())))
        .collect();
    let code = Some(own("code").trim().to_owned()).filter(|code| !code.is_empty());
    let password = own("password").to_owned();
    let again = Again {
        address,
        fields: &fields,
        provider: provider(&portal),
        name: own("name"),
        ..Again::default()
    };
    match sign_in::with_password(&portal, call, own("name"), password, code).await {
        Ok(Step::Done(cookie)) => {
            let who = resolve::begun(&portal, &cookie).await?;
            let token = session::form_token(&portal, &who);
            let page = Again {
                form_token: Some(&token),
                ..again
            }
            .page();
            Ok((cookie, shown(StatusCode::OK, page)).into_response())
        }
        Ok(Step::Code(_)) => {
            let page = Again {
                error: Some("Your account has a second factor: type its code as well."),
                ..again
            }
            .page();
            Ok(shown(StatusCode::UNAUTHORIZED, page))
        }
        Err(problem) => {
            let (status, error) = said(problem)?;
            let page = Again {
                error: Some(&error),
                ..again
            }
            .page();
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
