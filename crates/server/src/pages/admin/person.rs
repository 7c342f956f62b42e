//! One account.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use stanchion_ui::admin::Sent;
use stanchion_ui::admin::people::person_path;
use stanchion_ui::admin::person::{PersonPage, Session};
use stanchion_ui::frame::{Around, Place};

use crate::http::{Json, Path, Problem, Query};
use crate::people::me::SessionView;
use crate::people::permission::{PeopleRead, PeopleWrite, Role};
use crate::people::{Allowed, Call, accounts, bindings, tokens};
use crate::portal::Portal;

use super::super::around::{Posted, Viewer, done, page, say};
use super::super::shown;
use super::people::{held, person, reader, role_of, role_words};
use super::tokens::{create_of, names, shown_tokens};
use super::{again, at, if_match, permissions, product_names};

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/people/{name}", get(show).post(change))
        .route("/admin/people/{name}/roles", post(give))
        .route("/admin/people/{name}/roles/take", post(take))
        .route("/admin/people/{name}/sessions/end", post(end_sessions))
        .route(
            "/admin/people/{name}/second-factor/remove",
            post(remove_factor),
        )
        .route("/admin/people/{name}/tokens", post(make_token))
}

async fn show(
    State(portal): State<Portal>,
    call: Call,
    viewer: Viewer<PeopleRead>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let state = (StatusCode::OK, Sent::default(), false);
    view(&portal, call, viewer.allowed, &viewer.around, &name, state).await
}

/// A session of the API as pages show it.
pub(in crate::pages) fn session(view: SessionView) -> Session {
    Session {
        id: view.id,
        created: at(&view.created),
        seen: at(&view.seen),
        expires: at(&view.expires),
        client: view.client,
        present: view.present,
    }
}

async fn view(
    portal: &Portal,
    call: Call,
    allowed: Allowed<PeopleRead>,
    around: &Around,
    name: &str,
    (status, sent, meanwhile): (StatusCode, Sent, bool),
) -> Result<Response, Problem> {
    let (account, revision) = accounts::named(portal, &call, &allowed, name).await?;
    let state = || State(portal.clone());
    let id = account.id.clone();
    let roles = bindings::of_accounts(portal, &allowed, vec![id.clone()]).await?;
    let roles: Vec<_> = roles.into_iter().flatten().map(held).collect();
    let Json(sessions) =
        accounts::sessions(state(), call, allowed.clone(), Path(id.clone())).await?;
    let Json(own) = tokens::list(state(), allowed, Path(id.clone())).await?;
    let given: Vec<Role> = roles
        .iter()
        .filter_map(|held| Role::from_word(&held.role))
        .collect();
    let meanwhile = meanwhile.then(|| {
        format!(
            "{}{}",
            account.display,
            if account.disabled { ", disabled" } else { "" }
        )
    });
    let owner = (id, account.name.clone());
    let page_view = PersonPage {
        tokens: shown_tokens(portal, own.into_iter().map(|one| (owner.clone(), one))).await?,
        person: person(account, roles),
        revision,
        sessions: sessions.into_iter().map(session).collect(),
        roles: role_words(),
        permissions: permissions(|name| given.iter().any(|role| role.has(name))),
        products: if around.may("people.write") {
            product_names(portal).await?
        } else {
            Vec::new()
        },
        meanwhile,
        sent,
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

/// The id of the account that the address names.
async fn id_of(
    portal: &Portal,
    call: &Call,
    allowed: &Allowed<PeopleWrite>,
    name: &str,
) -> Result<String, Problem> {
    let reader = reader(allowed)?;
    Ok(accounts::named(portal, call, &reader, name).await?.0.id)
}

async fn change(
    State(portal): State<Portal>,
    call: Call,
    Path(name): Path<String>,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let fields = &posted.fields;
    let id = id_of(&portal, &call, &posted.allowed, &name).await?;
    let form = accounts::Change {
        display: fields.text("display").to_owned(),
        disabled: fields.text("disabled") == "yes",
    };
    let disabled = form.disabled;
    let changed = accounts::change(
        State(portal.clone()),
        call.clone(),
        if_match(fields.text("revision")),
        posted.allowed.clone(),
        Path(id),
        Json(form),
    )
    .await;
    match changed {
        Ok(_) => {
            let text = if disabled {
                "Saved. Nobody gets in by this account."
            } else {
                "Saved."
            };
            Ok(done(&portal, &person_path(&name), say(text)))
        }
        Err(problem) => {
            let (status, sent) = again(fields, "change", problem, &[])?;
            let meanwhile = status == StatusCode::PRECONDITION_FAILED;
            let state = (status, sent, meanwhile);
            let reader = reader(&posted.allowed)?;
            view(&portal, call, reader, &posted.around, &name, state).await
        }
    }
}

async fn give(
    State(portal): State<Portal>,
    call: Call,
    Path(name): Path<String>,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let id = id_of(&portal, &call, &posted.allowed, &name).await?;
    let given = match role_of(&portal, &posted.fields).await {
        Ok(role) => {
            let state = State(portal.clone());
            let who = posted.allowed.clone();
            bindings::give(state, call.clone(), who, Path(id), Json(role)).await
        }
        Err(problem) => Err(problem),
    };
    match given {
        Ok(_) => Ok(done(
            &portal,
            &person_path(&name),
            say("The role holds from now on."),
        )),
        Err(problem) => {
            let (status, sent) = again(&posted.fields, "role", problem, &[])?;
            let reader = reader(&posted.allowed)?;
            let state = (status, sent, false);
            view(&portal, call, reader, &posted.around, &name, state).await
        }
    }
}

async fn take(
    State(portal): State<Portal>,
    call: Call,
    Path(name): Path<String>,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let id = id_of(&portal, &call, &posted.allowed, &name).await?;
    let fields = &posted.fields;
    // The button carries the product's id, not its name.
    let role = bindings::Held {
        role: fields.text("role").to_owned(),
        scope_kind: fields.text("scope_kind").to_owned(),
        scope: fields.text("scope").to_owned(),
    };
    let state = State(portal.clone());
    let taken = bindings::take(
        state,
        call.clone(),
        posted.allowed.clone(),
        Path(id),
        Query(role),
    )
    .await;
    match taken {
        Ok(_) => Ok(done(&portal, &person_path(&name), say("The role is gone."))),
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(done(
            &portal,
            &person_path(&name),
            say("The role was gone already."),
        )),
        Err(problem) => {
            let (status, mut sent) = again(fields, "role", problem, &[])?;
            // What was wrong is said; the form to give a role is not filled with what was to be taken.
            sent.typed.values.clear();
            let reader = reader(&posted.allowed)?;
            let state = (status, sent, false);
            view(&portal, call, reader, &posted.around, &name, state).await
        }
    }
}

async fn end_sessions(
    State(portal): State<Portal>,
    call: Call,
    Path(name): Path<String>,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let id = id_of(&portal, &call, &posted.allowed, &name).await?;
    let state = State(portal.clone());
    accounts::end_sessions(state, call, posted.allowed, Path(id)).await?;
    Ok(done(
        &portal,
        &person_path(&name),
        say("All sessions of this account have ended."),
    ))
}

async fn remove_factor(
    State(portal): State<Portal>,
    call: Call,
    Path(name): Path<String>,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let id = id_of(&portal, &call, &posted.allowed, &name).await?;
    let state = State(portal.clone());
    accounts::remove_second_factor(state, call, posted.allowed, Path(id)).await?;
    Ok(done(
        &portal,
        &person_path(&name),
        say("The second factor is gone, and their sessions have ended."),
    ))
}

async fn make_token(
    State(portal): State<Portal>,
    call: Call,
    Path(name): Path<String>,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let id = id_of(&portal, &call, &posted.allowed, &name).await?;
    let made = match create_of(&portal, &posted.allowed, &posted.fields).await {
        Ok(create) => tokens::made_for(&portal, call.clone(), &posted.allowed, &id, create).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => {
            let path = person_path(&name);
            let on = (path.as_str(), "Back to the account");
            let text = stanchion_ui::account::made(&posted.around, &made.token, Place::Admin, on);
            Ok(shown(StatusCode::OK, text))
        }
        Err(problem) => {
            let (status, sent) = again(&posted.fields, "token", problem, &names())?;
            let reader = reader(&posted.allowed)?;
            let state = (status, sent, false);
            view(&portal, call, reader, &posted.around, &name, state).await
        }
    }
}
