//! Events, and the channels through which people are told of them.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stanchion_store::Id;
use stanchion_store::events::{self, Channel};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::tell::{EXPLOITED, KINDS};
use crate::engine::text_of;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, ChannelWrite, ProductRead};
use crate::portal::Portal;
use crate::slice::{self, limit, note};

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(channels, create))
        .routes(routes!(remove))
        .routes(routes!(test))
        .routes(routes!(deliveries))
}

/// Which events.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Those after this number: `next` of the page before.
    #[serde(default)]
    pub(crate) after: i64,
    /// Rows that are looked through: 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    pub(crate) seq: i64,
    /// RFC 3339.
    pub(crate) time: String,
    /// Such as `finding.exploited`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) subject: String,
    #[schema(value_type = Object)]
    pub(crate) data: Value,
}

/// Events in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    pub(crate) items: Vec<EventView>,
    /// `after` of the next page, also when there is nothing more yet.
    pub(crate) next: i64,
}

/// What happened, in its order: those of the products that you may see.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(Asked),
    responses((status = 200, body = EventPage), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn events(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<EventPage>, Problem> {
    let limit = limit(asked.limit)?;
    let page = portal
        .read(move |tx| {
            let only = allowed.only(tx, "product.read")?;
            let rows = events::after(tx, asked.after, limit)?;
            let next = rows.last().map_or(asked.after, |last| last.seq);
            let items = rows
                .into_iter()
                .filter(|event| {
                    only.as_ref().is_none_or(|only| {
                        event.product.is_some_and(|product| only.contains(&product))
                    })
                })
                .map(|event| EventView {
                    seq: event.seq,
                    time: text_of(event.at),
                    kind: event.kind,
                    subject: event.subject,
                    data: serde_json::from_str(&event.body).unwrap_or_default(),
                })
                .collect();
            Ok::<_, Problem>(EventPage { items, next })
        })
        .await?;
    Ok(Json(page))
}

/// A way to tell people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelView {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) name: String,
    /// `mail` or `webhook`.
    pub(crate) kind: String,
    /// Addresses; of a webhook only its host: the rest of the address is a secret at many services.
    pub(crate) target: String,
    pub(crate) events: Vec<String>,
    pub(crate) disabled: bool,
    /// The secret with which a webhook is signed; shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

impl ChannelView {
    fn of(channel: Channel) -> Self {
        let target = if channel.kind == "webhook" {
            let rest = channel
                .target
                .split_once("://")
                .map_or("", |(_, rest)| rest);
            rest.split('/').next().unwrap_or_default().to_owned()
        } else {
            channel.target
        };
        Self {
            id: channel.id.to_string(),
            name: channel.name,
            kind: channel.kind,
            target,
            events: channel.events,
            disabled: channel.disabled,
            secret: None,
        }
    }
}

/// The channels, by name.
#[utoipa::path(get, path = "/api/v1/channels", tag = "events",
    responses((status = 200, body = [ChannelView]), Problem), extensions(("x-permission" = json!("channel.write"))))]
pub(crate) async fn channels(
    State(portal): State<Portal>,
    _allowed: Allowed<ChannelWrite>,
) -> Result<Json<Vec<ChannelView>>, Problem> {
    let all = portal
        .read(|tx| Ok::<_, Problem>(events::channels(tx)?))
        .await?;
    Ok(Json(all.into_iter().map(ChannelView::of).collect()))
}

/// A channel to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChannelForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Unique; at most 100 bytes.
    pub(crate) name: String,
    /// `mail` or `webhook`.
    pub(crate) kind: String,
    /// Addresses with commas between them, or an https address.
    pub(crate) target: String,
    /// Kinds of events; `finding.exploited` without any.
    #[serde(default)]
    pub(crate) events: Vec<String>,
}

/// Makes a channel. It is told of what happens from now on. A webhook is signed by the Standard Webhooks convention with a
/// secret that is shown once.
#[utoipa::path(post, path = "/api/v1/channels", tag = "events", request_body = Form,
    responses((status = 201, body = ChannelView), Problem), extensions(("x-permission" = json!("channel.write"))))]
pub(crate) async fn create(
    State(portal): State<Portal>,
    allowed: Allowed<ChannelWrite>,
    Json(form): Json<Form>,
) -> Result<(StatusCode, Json<ChannelView>), Problem> {
    form.check()?;
    let now = portal.engine.now();
    let secret = if form.kind == "webhook" {
        use base64::Engine as _;
        let bytes: [u8; 32] = crate::seal::random().map_err(|error| Problem::internal(&error))?;
        Some(format!(
            "whsec_{}",
            base64::engine::general_purpose::STANDARD.encode(bytes)
        ))
    } else {
        None
    };
    let sealed = match &secret {
        Some(secret) => Some(
            crate::seal::close(portal.engine.key(), secret)
                .map_err(|error| Problem::internal(&error))?,
        ),
        None => None,
    };
    let mut view = portal
        .write(move |tx| {
            if events::channels(tx)?
                .iter()
                .any(|one| one.name == form.name)
            {
                return Err(
                    Problem::conflict("There is a channel of this name already.")
                        .hint("Take that one away first, or choose another name."),
                );
            }
            let channel = Channel {
                id: Id::derive("channel", &[form.name.as_bytes(), &now.to_be_bytes()]),
                name: form.name.clone(),
                kind: form.kind.clone(),
                target: form.target.clone(),
                secret: sealed.clone(),
                events: if form.events.is_empty() {
                    vec![EXPLOITED.to_owned()]
                } else {
                    form.events.clone()
                },
                disabled: false,
                revision: 1,
            };
            events::put_channel(tx, &channel)?;
            // Not told of everything that ever happened.
            let last = events::last(tx)?;
            crate::engine::tell::set_place(tx, channel.id, last)?;
            let view = ChannelView::of(channel);
            note(
                tx,
                now,
                &allowed,
                "channel.create",
                &view.name,
                None,
                Some(&format!("{} {}", view.kind, view.target)),
            )?;
            Ok::<_, Problem>(view)
        })
        .await?;
    view.secret = secret;
    Ok((StatusCode::CREATED, Json(view)))
}

impl Form {
    fn check(&self) -> Result<(), Problem> {
        let wrong = |field: &str, message: &str| {
            Problem::unprocessable("The channel cannot be used.").field(field, message)
        };
        if self.name.trim().is_empty()
            || self.name.len() > 100
            || self.name.chars().any(char::is_control)
        {
            return Err(wrong("name", "1 to 100 bytes without control characters"));
        }
        if let Some(odd) = self
            .events
            .iter()
            .find(|event| !KINDS.contains(&event.as_str()))
        {
            return Err(wrong(
                "events",
                &format!("{odd} is none; choose from {}", KINDS.join(", ")),
            ));
        }
        if self.target.len() > 2_000 || self.target.chars().any(char::is_control) {
            return Err(wrong(
                "target",
                "at most 2,000 bytes without control characters",
            ));
        }
        match self.kind.as_str() {
            "webhook"
                if self.target.starts_with("https://") || self.target.starts_with("http://") =>
            {
                Ok(())
            }
            "webhook" => Err(wrong("target", "an https address")),
            "mail" => {
                let fine = self.target.split(',').all(|address| {
                    let address = address.trim();
                    address
                        .split_once('@')
                        .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
                        && !address.contains(char::is_whitespace)
                });
                if fine {
                    Ok(())
                } else {
                    Err(wrong("target", "addresses with commas between them"))
                }
            }
            _ => Err(wrong("kind", "mail or webhook")),
        }
    }
}

/// Takes a channel away.
#[utoipa::path(delete, path = "/api/v1/channels/{id}", tag = "events", params(("id" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("channel.write"))))]
pub(crate) async fn remove(
    State(portal): State<Portal>,
    allowed: Allowed<ChannelWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let id = slice::id(&id, "channel")?;
            if !events::delete_channel(tx, id)? {
                return Err(Problem::not_found("There is no such channel."));
            }
            note(
                tx,
                now,
                &allowed,
                "channel.delete",
                &id.to_string(),
                None,
                None,
            )?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// What became of a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelTested)]
pub(crate) struct Tested {
    /// It arrived, as far as can be seen from here.
    pub(crate) delivered: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Sends a message to a channel that tells of nothing (`stanchion.test`), and says what became of it.
#[utoipa::path(post, path = "/api/v1/channels/{id}/test", tag = "events", params(("id" = String, Path)),
    responses((status = 200, body = Tested), Problem), extensions(("x-permission" = json!("channel.write"))))]
pub(crate) async fn test(
    State(portal): State<Portal>,
    allowed: Allowed<ChannelWrite>,
    Path(id): Path<String>,
) -> Result<Json<Tested>, Problem> {
    portal
        .blocking(move |portal| {
            let engine = &portal.engine;
            let id = slice::id(&id, "channel")?;
            let channel = engine
                .store()
                .read(|tx| Ok::<_, Problem>(events::channels(tx)?))?
                .into_iter()
                .find(|channel| channel.id == id)
                .ok_or_else(|| Problem::not_found("There is no such channel."))?;
            let outcome = engine.tell_nothing(&channel, &allowed.display);
            let said = match &outcome {
                Ok(()) => "it arrived",
                Err(_) => "it did not arrive",
            };
            let now = engine.now();
            engine.store().write(|tx| {
                note(
                    tx,
                    now,
                    &allowed,
                    "channel.test",
                    &channel.name,
                    None,
                    Some(said),
                )
                .map_err(Problem::from)
            })?;
            Ok(Json(Tested {
                delivered: outcome.is_ok(),
                reason: outcome.err(),
            }))
        })
        .await
}

/// What became of telling a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// The first event of the message.
    pub(crate) event: i64,
    /// `delivered`, `later` or `never`.
    pub(crate) state: String,
    pub(crate) attempts: i64,
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) note: String,
}

/// The last messages to a channel; at most 500.
#[utoipa::path(get, path = "/api/v1/channels/{id}/deliveries", tag = "events", params(("id" = String, Path)),
    responses((status = 200, body = [DeliveryView]), Problem), extensions(("x-permission" = json!("channel.write"))))]
pub(crate) async fn deliveries(
    State(portal): State<Portal>,
    _allowed: Allowed<ChannelWrite>,
    Path(id): Path<String>,
) -> Result<Json<Vec<DeliveryView>>, Problem> {
    let all = portal
        .read(move |tx| {
            Ok::<_, Problem>(events::deliveries(
                tx,
                slice::id(&id, "channel")?,
                slice::MOST,
            )?)
        })
        .await?;
    Ok(Json(
        all.into_iter()
            .map(|one| DeliveryView {
                event: one.event,
                state: one.state,
                attempts: one.attempts,
                at: text_of(one.at),
                note: one.note,
            })
            .collect(),
    ))
}
