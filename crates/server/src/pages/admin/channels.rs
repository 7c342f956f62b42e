//! Who is told of what.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use stanchion_ui::admin::channels::{Channel, ChannelPage, Channels, Delivery};
use stanchion_ui::admin::{Once, Sent};
use stanchion_ui::frame::{Around, Flash, Place};

use crate::engine::tell::KINDS;
use crate::http::{Json, Path, Problem};
use crate::people::{Allowed, ChannelWrite};
use crate::portal::Portal;
use crate::telling::{self, ChannelView};

use super::super::around::{Posted, Viewer, done, page, say};
use super::super::shown;
use super::{again, at};

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/channels", get(show).post(make))
        .route("/admin/channels/{id}", get(one))
        .route("/admin/channels/{id}/test", post(test))
        .route("/admin/channels/{id}/remove", post(remove))
}

fn channel(view: ChannelView) -> Channel {
    Channel {
        id: view.id,
        name: view.name,
        kind: view.kind,
        target: view.target,
        events: view.events,
        disabled: view.disabled,
    }
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<ChannelWrite>,
) -> Result<Response, Problem> {
    let state = (StatusCode::OK, Sent::default());
    view(&portal, viewer.allowed, &viewer.around, state).await
}

async fn view(
    portal: &Portal,
    allowed: Allowed<ChannelWrite>,
    around: &Around,
    (status, sent): (StatusCode, Sent),
) -> Result<Response, Problem> {
    let Json(all) = telling::channels(State(portal.clone()), allowed).await?;
    let page_view = Channels {
        channels: all.into_iter().map(channel).collect(),
        kinds: KINDS.to_vec(),
        mail: portal.engine.options().mail.is_some(),
        sent,
    };
    let text = page_view.page(around);
    Ok(page(portal, around, status, text))
}

async fn one(
    State(portal): State<Portal>,
    viewer: Viewer<ChannelWrite>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let Json(all) = telling::channels(State(portal.clone()), viewer.allowed.clone()).await?;
    let found = all
        .into_iter()
        .find(|channel| channel.id == id)
        .ok_or_else(|| Problem::not_found("There is no such channel."))?;
    let Json(deliveries) =
        telling::deliveries(State(portal.clone()), viewer.allowed, Path(id)).await?;
    let view = ChannelPage {
        channel: channel(found),
        deliveries: deliveries
            .into_iter()
            .map(|one| Delivery {
                state: one.state,
                attempts: one.attempts,
                at: at(&one.at),
                note: one.note,
            })
            .collect(),
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

async fn make(
    State(portal): State<Portal>,
    posted: Posted<ChannelWrite>,
) -> Result<Response, Problem> {
    let fields = &posted.fields;
    let form = telling::Form {
        name: fields.text("name").to_owned(),
        kind: fields.text("kind").to_owned(),
        target: fields.text("target").to_owned(),
        events: fields.all("events"),
    };
    match telling::create(State(portal.clone()), posted.allowed.clone(), Json(form)).await {
        Ok((_, Json(made))) => match &made.secret {
            Some(secret) => {
                let text = Once {
                    title: "The secret of the webhook",
                    about: "Its receiver needs it to see that a message is the portal's own (Standard Webhooks: the headers webhook-id, webhook-timestamp and webhook-signature).",
                    label: "Secret",
                    secret,
                    blocks: Vec::new(),
                    on: ("/admin/channels", "Back to the channels"),
                }
                .page(&posted.around, Place::Admin);
                Ok(shown(StatusCode::CREATED, text))
            }
            None => Ok(done(
                &portal,
                "/admin/channels",
                say(format!(
                    "“{}” is told from now on. Send it a test.",
                    made.name
                )),
            )),
        },
        Err(problem) => {
            let state = again(fields, "channel", problem, &[])?;
            view(&portal, posted.allowed, &posted.around, state).await
        }
    }
}

async fn test(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    posted: Posted<ChannelWrite>,
) -> Result<Response, Problem> {
    let path = format!("/admin/channels/{}", stanchion_ui::parts::encoded(&id));
    let Json(tested) = telling::test(State(portal.clone()), posted.allowed, Path(id)).await?;
    let flash = match tested.reason {
        None => say("The test was taken. Look whether it arrived."),
        Some(reason) => Flash {
            text: format!("The test did not arrive: {reason}."),
            bad: true,
            undo: None,
        },
    };
    Ok(done(&portal, &path, flash))
}

async fn remove(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    posted: Posted<ChannelWrite>,
) -> Result<Response, Problem> {
    let said = match telling::remove(State(portal.clone()), posted.allowed, Path(id)).await {
        Ok(_) => "The channel is gone: nobody is told there any more.",
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => "It was gone already.",
        Err(problem) => return Err(problem),
    };
    Ok(done(&portal, "/admin/channels", say(said)))
}
