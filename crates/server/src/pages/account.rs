//! One's own account: name, password, second factor, sessions, tokens.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use stanchion_ui::account::{Account, Factor, Tokens, made, recovery_codes};
use stanchion_ui::admin::Sent;
use stanchion_ui::admin::people::Held;
use stanchion_ui::frame::{Around, Place};

use crate::http::{Json, Path, Problem};
use crate::people::permission::Own;
use crate::people::{Allowed, Call, bindings, me, tokens};
use crate::portal::Portal;

use super::admin::person::session;
use super::admin::tokens::{create_of, names, shown_tokens};
use super::admin::{again, permissions};
use super::around::{Posted, Viewer, done, page, say};
use super::shown;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/account", get(show).post(rename))
        .route("/account/password", post(password))
        .route("/account/second-factor", post(offer))
        .route("/account/second-factor/confirm", post(confirm))
        .route("/account/second-factor/remove", post(remove))
        .route("/account/sessions/end", post(end_session))
        .route("/account/tokens", get(show_tokens).post(make_token))
        .route("/account/tokens/revoke", post(revoke))
}

async fn show(
    State(portal): State<Portal>,
    call: Call,
    viewer: Viewer<Own>,
) -> Result<Response, Problem> {
    let state = (StatusCode::OK, Sent::default());
    view(&portal, call, viewer.allowed, &viewer.around, state).await
}

async fn view(
    portal: &Portal,
    call: Call,
    allowed: Allowed<Own>,
    around: &Around,
    (status, sent): (StatusCode, Sent),
) -> Result<Response, Problem> {
    let ways = me::ways(portal, &allowed).await?;
    let held: Vec<(String, String, String)> = allowed
        .bindings
        .iter()
        .map(|(role, scope)| {
            let (kind, scope) = scope.words();
            (role.as_str().to_owned(), kind.to_owned(), scope)
        })
        .collect();
    let roles = portal
        .read(move |tx| {
            let mut roles = Vec::new();
            for (role, kind, scope) in &held {
                let held = Held {
                    role: role.clone(),
                    kind: kind.clone(),
                    scope: scope.clone(),
                    place: bindings::place(tx, kind, scope)?,
                    from_groups: false,
                };
                roles.push(held.text());
            }
            Ok(roles)
        })
        .await?;
    let Json(sessions) = me::sessions(State(portal.clone()), call, allowed).await?;
    let page_view = Account {
        roles,
        password: ways.password,
        second_factor: ways.second_factor,
        issuer: ways.issuer,
        sessions: sessions.into_iter().map(session).collect(),
        sent,
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

async fn rename(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let form = me::Rename {
        display: posted.fields.text("display").to_owned(),
    };
    let state = State(portal.clone());
    match me::rename(state, call.clone(), posted.allowed.clone(), Json(form)).await {
        Ok(_) => Ok(done(&portal, "/account", say("Saved."))),
        Err(problem) => {
            let state = again(&posted.fields, "display", problem, &[])?;
            view(&portal, call, posted.allowed, &posted.around, state).await
        }
    }
}

/// A field as it was typed: a password may begin or end with a blank.
fn exact(posted: &Posted<Own>, name: &str) -> String {
    posted
        .fields
        .0
        .iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}

async fn password(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let form = me::NewPassword {
        current: exact(&posted, "current"),
        password: exact(&posted, "password"),
    };
    let state = State(portal.clone());
    match me::change_password(state, call.clone(), posted.allowed.clone(), Json(form)).await {
        Ok(_) => Ok(done(
            &portal,
            "/account",
            say("Your password is another now, and your other sessions have ended."),
        )),
        Err(problem) => {
            let state = again(&posted.fields, "password", problem, &[])?;
            view(&portal, call, posted.allowed, &posted.around, state).await
        }
    }
}

fn factor(around: &Around, offer: me::Offer, status: StatusCode, sent: Sent) -> Response {
    let text = Factor {
        secret: offer.secret,
        address: offer.address,
        ticket: offer.ticket,
        typed: sent.typed,
    }
    .page(around);
    shown(status, text)
}

async fn offer(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let offer = me::offered(&portal, &call, &posted.allowed)?;
    Ok(factor(
        &posted.around,
        offer,
        StatusCode::OK,
        Sent::default(),
    ))
}

async fn confirm(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let form = me::FirstCode {
        ticket: posted.fields.text("ticket").to_owned(),
        code: posted.fields.text("code").to_owned(),
        current: exact(&posted, "current"),
    };
    let before = me::offered_before(&portal, &call, &posted.allowed, &form.ticket);
    match me::taken(&portal, call.clone(), posted.allowed.clone(), form).await {
        Ok(codes) => {
            let text = recovery_codes(&posted.around, &codes.recovery_codes);
            Ok(shown(StatusCode::OK, text))
        }
        Err(problem) => {
            let (status, sent) = again(&posted.fields, "factor", problem, &[])?;
            // The same secret stands there again, as it is in the app already.
            let offer = match before {
                Some(offer) => offer,
                None => me::offered(&portal, &call, &posted.allowed)?,
            };
            Ok(factor(&posted.around, offer, status, sent))
        }
    }
}

async fn remove(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let form = me::Current {
        current: exact(&posted, "factor_password"),
    };
    let state = State(portal.clone());
    match me::remove(state, call.clone(), posted.allowed.clone(), Json(form)).await {
        Ok(_) => Ok(done(
            &portal,
            "/account",
            say("Your account has no second factor any more."),
        )),
        Err(problem) => {
            let names = [("current", "factor_password")];
            let state = again(&posted.fields, "factor", problem, &names)?;
            view(&portal, call, posted.allowed, &posted.around, state).await
        }
    }
}

async fn end_session(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let id = posted.fields.text("id").to_owned();
    let said = match me::end_session(State(portal.clone()), call, posted.allowed, Path(id)).await {
        Ok(_) => "The session has ended.",
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => "It had ended already.",
        Err(problem) => return Err(problem),
    };
    Ok(done(&portal, "/account", say(said)))
}

async fn show_tokens(
    State(portal): State<Portal>,
    viewer: Viewer<Own>,
) -> Result<Response, Problem> {
    let state = (StatusCode::OK, Sent::default());
    tokens_view(&portal, viewer.allowed, &viewer.around, state).await
}

async fn tokens_view(
    portal: &Portal,
    allowed: Allowed<Own>,
    around: &Around,
    (status, sent): (StatusCode, Sent),
) -> Result<Response, Problem> {
    let owner = (allowed.account.to_string(), allowed.name.clone());
    let permissions = permissions(|name| allowed.may_anywhere(name));
    let Json(own) = tokens::own(State(portal.clone()), allowed).await?;
    let page_view = Tokens {
        tokens: shown_tokens(portal, own.into_iter().map(|one| (owner.clone(), one))).await?,
        permissions,
        sent,
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

async fn make_token(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let token = match create_of(&portal, &posted.allowed, &posted.fields).await {
        Ok(create) => tokens::made_own(&portal, call, &posted.allowed, create).await,
        Err(problem) => Err(problem),
    };
    match token {
        Ok(token) => {
            let on = ("/account/tokens", "Back to your tokens");
            let text = made(&posted.around, &token.token, Place::Account, on);
            Ok(shown(StatusCode::OK, text))
        }
        Err(problem) => {
            let state = again(&posted.fields, "token", problem, &names())?;
            tokens_view(&portal, posted.allowed, &posted.around, state).await
        }
    }
}

async fn revoke(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<Own>,
) -> Result<Response, Problem> {
    let id = posted.fields.text("id").to_owned();
    let said = match tokens::revoke_own(State(portal.clone()), call, posted.allowed, Path(id)).await
    {
        Ok(_) => "The token holds no more.",
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => "It held no more already.",
        Err(problem) => return Err(problem),
    };
    Ok(done(&portal, "/account/tokens", say(said)))
}
