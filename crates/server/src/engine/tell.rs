//! Events, and telling people of them: each channel has its place in the row of events, and moves on when what stands
//! before it has been delivered.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use stanchion_model::report::Assessment;
use stanchion_notify::{
    Channel as Way, Mail, Message, Outcome, Secret, Urgency, Webhook, WebhookSettings,
};
use stanchion_store::events::{self, Channel, Delivery, Event, NewEvent};
use stanchion_store::findings::{Changes, Finding, NewFinding, Replace, flag};
use stanchion_store::products::{Product, Version};
use stanchion_store::{Id, StoreError, Tx};

use super::{Engine, EngineError, text_of};

pub use stanchion_notify::MailSettings;

/// A finding that is known to be exploited, in something that is in use.
pub const EXPLOITED: &str = "finding.exploited";

/// Every kind of event that a channel can ask for.
pub const KINDS: &[&str] = &[
    EXPLOITED,
    "finding.appeared",
    "finding.reopened",
    "finding.changed",
    "finding.closed",
    "inventory.received",
    "product.created",
    "product.changed",
    "product.deleted",
    "exception.requested",
    "exception.decided",
    "exception.ended",
    "decision.made",
    "decision.withdrawn",
    "policy.changed",
    "source.failed",
];

/// Events in one message.
const BATCH: usize = 200;
/// Events that are looked through for one message.
const LOOK: usize = 5_000;
/// Tries before a channel gives a message up.
const TRIES: i64 = 20;
/// How the reason of a webhook begins whose receiver wants to hear nothing more.
const GONE: &str = "the receiver answered 410";

/// The event of a product.
pub(crate) fn product_event(kind: &'static str, product: &Product, actor: &str) -> NewEvent {
    NewEvent {
        kind,
        product: Some(product.id),
        subject: product.name.clone(),
        body: json!({ "product": product.name, "by": actor }).to_string(),
    }
}

/// The event of an inventory that came in.
pub(crate) fn inventory_event(
    product: &Product,
    version: &Version,
    actor: &str,
    assessment: &Assessment,
) -> NewEvent {
    NewEvent {
        kind: "inventory.received",
        product: Some(product.id),
        subject: version.id.to_string(),
        body: json!({
            "product": product.name,
            "version": version.name,
            "by": actor,
            "components": assessment.component_count(),
            "findings": assessment.findings.len(),
            "denied": assessment.verdict.denied,
            "problems": assessment.problems.len(),
        })
        .to_string(),
    }
}

/// An event for each change of a finding, and one more for each that is now known to be exploited.
pub(crate) fn finding_events(
    product: &Product,
    asked: &Replace<'_>,
    changes: &Changes,
    new: &HashMap<Id, NewFinding>,
    before: &BTreeMap<Id, Finding>,
) -> Vec<NewEvent> {
    let mut told = Vec::new();
    let mut tell = |kind: &'static str, id: Id, reason: &str| {
        told.push(NewEvent {
            kind,
            product: Some(product.id),
            subject: id.to_string(),
            body: body(product, asked, id, new.get(&id), reason).to_string(),
        });
    };
    for (kind, ids, reason) in [
        ("finding.appeared", &changes.appeared, asked.cause),
        ("finding.reopened", &changes.reopened, asked.cause),
        ("finding.changed", &changes.changed, asked.cause),
        ("finding.closed", &changes.closed, asked.gone),
    ] {
        for id in ids {
            let own = new
                .get(id)
                .and_then(|finding| finding.row.reason.as_deref());
            tell(
                kind,
                *id,
                if kind == "finding.closed" {
                    own.unwrap_or(reason)
                } else {
                    reason
                },
            );
        }
    }
    if asked.live {
        for id in changes
            .appeared
            .iter()
            .chain(&changes.reopened)
            .chain(&changes.changed)
        {
            let is = new
                .get(id)
                .is_some_and(|finding| finding.row.flags & flag::KEV != 0 && finding.row.state < 3);
            let open = changes.reopened.contains(id) || !before.contains_key(id);
            let was = before
                .get(id)
                .is_some_and(|finding| finding.flags & flag::KEV != 0);
            if is && (open || !was) {
                tell(EXPLOITED, *id, asked.cause);
            }
        }
    }
    told
}

fn body(
    product: &Product,
    asked: &Replace<'_>,
    id: Id,
    finding: Option<&NewFinding>,
    reason: &str,
) -> Value {
    let mut body = json!({
        "product": product.name,
        "version": asked.version.to_string(),
        "finding": id.to_string(),
        "reason": reason,
    });
    if let Some(finding) = finding {
        let purl = finding.key.split('|').nth(1).unwrap_or_default();
        body["id"] = json!(finding.vulnerability.name);
        body["title"] = json!(finding.vulnerability.title);
        body["component"] = json!(purl);
        body["score"] = json!(finding.row.score.max(0) as f64 / 10.0);
        body["known_exploited"] = json!(finding.row.flags & flag::KEV != 0);
        body["upgrade"] = json!(finding.row.upgrade);
        body["due"] = json!(finding.row.due.map(text_of));
        body["owner"] = json!(finding.row.owner);
    }
    body
}

/// What stands before the addresses that are still to be told.
const PENDING: &str = "not yet to ";

fn still_to_be_told(note: &str) -> Vec<String> {
    note.strip_prefix(PENDING)
        .and_then(|rest| rest.split_once(": "))
        .map(|(addresses, _)| addresses.split(", ").map(str::to_owned).collect())
        .unwrap_or_default()
}

/// The setting that holds how far a channel has come.
fn place(channel: Id) -> String {
    format!("told:{channel}")
}

/// Says how far a channel has come.
pub(crate) fn set_place(tx: &mut Tx<'_>, channel: Id, seq: i64) -> Result<(), StoreError> {
    tx.insert(
        "setting",
        &["name", "value", "revision"],
        stanchion_store::params![place(channel), seq.to_string(), 1],
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    Ok(())
}

impl Engine {
    /// Tells a channel of the next events that it asks for. Whether there may be more.
    pub fn tell(&self, channel: Id) -> Result<bool, EngineError> {
        let found = self.store.read(|tx| {
            let channel = events::channels(tx)?
                .into_iter()
                .find(|known| known.id == channel);
            let Some(channel) = channel else {
                return Ok(None);
            };
            let from: Option<String> = tx.first(
                "SELECT value FROM setting WHERE name = ?1",
                stanchion_store::params![place(channel.id)],
                |row| row.get(0),
            )?;
            let from = from.and_then(|text| text.parse().ok()).unwrap_or(0);
            let next = events::after(tx, from, LOOK)?;
            Ok::<_, StoreError>(Some((channel, next)))
        })?;
        let Some((channel, next)) = found else {
            return Ok(false);
        };
        if channel.disabled {
            return Ok(false);
        }
        let Some(end) = next.last().map(|event| event.seq) else {
            return Ok(false);
        };
        let mut wanted: Vec<&Event> = next
            .iter()
            .filter(|event| channel.events.contains(&event.kind))
            .collect();
        let more = wanted.len() > BATCH;
        wanted.truncate(BATCH);
        let end = if more {
            wanted.last().map_or(end, |event| event.seq)
        } else {
            end
        };
        let Some(first) = wanted.first() else {
            self.move_on(&channel, end, None)?;
            return Ok(next.len() == LOOK);
        };
        let known = self
            .store
            .read(|tx| events::delivery(tx, first.seq, channel.id))?;
        let pending = known
            .as_ref()
            .map_or_else(Vec::new, |known| still_to_be_told(&known.note));
        let attempts = known.map_or(0, |known| known.attempts) + 1;
        let now = self.now();
        let message = self.message(&channel, &wanted);
        let delivery = |state: &str, note: &str| Delivery {
            event: first.seq,
            channel: channel.id,
            state: state.into(),
            attempts,
            at: now,
            note: note.into(),
        };
        let (outcome, left) = self.send(&channel, &message, &pending);
        match outcome {
            Outcome::Delivered => {
                self.move_on(&channel, end, Some(&delivery("delivered", "")))?;
                Ok(more || next.len() == LOOK)
            }
            Outcome::Later(reason) if attempts < TRIES => {
                let note = if left.is_empty() {
                    reason.clone()
                } else {
                    format!("{PENDING}{}: {reason}", left.join(", "))
                };
                self.store
                    .write(|tx| events::put_delivery(tx, &delivery("later", &note)))?;
                Err(EngineError::Outside(format!("{}: {reason}", channel.name)))
            }
            Outcome::Never(reason) if reason.starts_with(GONE) => {
                // By the convention of webhooks it is not called again.
                self.store.write(|tx| {
                    let disabled = Channel {
                        disabled: true,
                        revision: channel.revision + 1,
                        ..channel.clone()
                    };
                    events::put_channel(tx, &disabled)?;
                    stanchion_store::audit::record(
                        tx,
                        now,
                        "portal",
                        "channel.disable",
                        &channel.name,
                        None,
                        Some(&reason),
                    )?;
                    set_place(tx, channel.id, end)?;
                    events::put_delivery(tx, &delivery("never", &reason))
                })?;
                Ok(false)
            }
            Outcome::Later(reason) | Outcome::Never(reason) => {
                // The events stay listed as not delivered; those after them are not held up for ever.
                self.move_on(&channel, end, Some(&delivery("never", &reason)))?;
                Ok(more)
            }
        }
    }

    /// Sends a message to a channel that tells of nothing: the reason where it did not arrive, without any secret.
    pub(crate) fn tell_nothing(&self, channel: &Channel, by: &str) -> Result<(), String> {
        let now = self.now();
        let message = Message {
            id: format!("{}-test-{now}", channel.id),
            subject: format!("Test of the channel {}", channel.name),
            text: format!(
                "{by} tests the portal's channel {}. Nothing has happened.\n",
                channel.name
            ),
            html: None,
            event: json!({
                "type": "stanchion.test",
                "timestamp": text_of(now),
                "data": { "channel": channel.name, "by": by },
            }),
            urgency: Urgency::Normal,
        };
        match self.send(channel, &message, &[]).0 {
            Outcome::Delivered => Ok(()),
            Outcome::Later(reason) | Outcome::Never(reason) => Err(reason),
        }
    }

    fn move_on(
        &self,
        channel: &Channel,
        to: i64,
        delivery: Option<&Delivery>,
    ) -> Result<(), EngineError> {
        self.store.write(|tx| {
            set_place(tx, channel.id, to)?;
            match delivery {
                Some(delivery) => events::put_delivery(tx, delivery),
                None => Ok(()),
            }
        })?;
        Ok(())
    }

    /// One attempt: to everybody, or to those who are still to be told. Who is still to be told, where somebody is.
    fn send(
        &self,
        channel: &Channel,
        message: &Message,
        pending: &[String],
    ) -> (Outcome, Vec<String>) {
        let way = match self.way(channel) {
            Ok(way) => way,
            Err(outcome) => return (outcome, Vec::new()),
        };
        let mut to = way.recipients();
        if !pending.is_empty() {
            to.retain(|recipient| pending.contains(recipient));
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.now().max(0).cast_unsigned());
        let (mut later, mut never, mut left) = (None, None, Vec::new());
        for delivery in way.send(&self.options.client, message, &to, now) {
            match delivery.outcome {
                Outcome::Delivered => {}
                Outcome::Later(reason) => {
                    later = Some(reason);
                    left.push(delivery.recipient);
                }
                Outcome::Never(reason) => never = Some(reason),
            }
        }
        let outcome = match (later, never) {
            (Some(reason), _) => Outcome::Later(reason),
            (None, Some(reason)) => Outcome::Never(reason),
            (None, None) => Outcome::Delivered,
        };
        (outcome, left)
    }

    fn way(&self, channel: &Channel) -> Result<Way, Outcome> {
        if channel.kind == "webhook" {
            let secret = channel
                .secret
                .as_deref()
                .and_then(|sealed| crate::seal::open(&self.key, sealed));
            let Some(secret) = secret else {
                return Err(Outcome::Never(
                    "its secret cannot be read with this portal's key: set it again".into(),
                ));
            };
            let settings = WebhookSettings {
                url: channel.target.clone(),
                secrets: vec![Secret::new(secret)],
                timeout: Duration::from_secs(20),
            };
            return Webhook::new(&settings)
                .map(Way::Webhook)
                .map_err(|error| Outcome::Never(format!("{error}; {}", error.hint())));
        }
        let Some(mail) = &self.options.mail else {
            return Err(Outcome::Later(
                "no mail server is set up: say which in [mail] of the portal's settings".into(),
            ));
        };
        let settings = MailSettings {
            to: channel
                .target
                .split(',')
                .map(|address| address.trim().to_owned())
                .collect(),
            ..mail.clone()
        };
        Mail::new(settings)
            .map(Way::Mail)
            .map_err(|error| Outcome::Never(format!("{error}; {}", error.hint())))
    }

    /// One message of several events.
    fn message(&self, channel: &Channel, events: &[&Event]) -> Message {
        let bodies: Vec<Value> = events
            .iter()
            .map(|event| {
                let body: Value = serde_json::from_str(&event.body).unwrap_or(Value::Null);
                json!({ "seq": event.seq, "type": event.kind, "time": text_of(event.at), "subject": event.subject, "data": body })
            })
            .collect();
        let exploited: Vec<&Value> = bodies
            .iter()
            .filter(|body| body["type"] == EXPLOITED)
            .collect();
        let subject = match (exploited.first(), bodies.first()) {
            (Some(first), _) => {
                let id = word(&first["data"]["id"]);
                let products: std::collections::BTreeSet<&str> = exploited
                    .iter()
                    .map(|body| word(&body["data"]["product"]))
                    .collect();
                let ids: std::collections::BTreeSet<&str> = exploited
                    .iter()
                    .map(|body| word(&body["data"]["id"]))
                    .collect();
                let more = if ids.len() > 1 {
                    format!(" and {} more", ids.len() - 1)
                } else {
                    String::new()
                };
                let where_to = if products.len() == 1 {
                    products.first().copied().unwrap_or_default().to_owned()
                } else {
                    format!("{} products", products.len())
                };
                format!("Known exploited: {id}{more} in {where_to}")
            }
            (None, Some(first)) if bodies.len() == 1 => format!(
                "{}: {}",
                word(&first["type"]),
                word(&first["data"]["product"])
            ),
            _ => format!("{} events", bodies.len()),
        };
        let mut text = String::new();
        for body in &bodies {
            let data = &body["data"];
            text.push_str(&line(word(&body["type"]), data));
            if let Some(base) = &self.options.public_url
                && data["finding"].is_string()
            {
                let _ = writeln!(
                    text,
                    "  {}/api/v1/findings/{}",
                    base.trim_end_matches('/'),
                    word(&data["finding"])
                );
            }
        }
        text.push_str("\nYou are told because this address stands in the portal's channel ");
        text.push_str(&channel.name);
        text.push_str(".\n");
        let first = events.first().map_or(0, |event| event.seq);
        let last = events.last().map_or(0, |event| event.seq);
        Message {
            // A later try may tell of more: a receiver that leaves out what it knows by its id must not miss that.
            id: format!("{}-{first}-{last}", channel.id),
            subject,
            text,
            html: None,
            event: json!({
                "type": "stanchion.events",
                "timestamp": text_of(self.now()),
                "data": { "events": bodies },
            }),
            urgency: if exploited.is_empty() {
                Urgency::Normal
            } else {
                Urgency::High
            },
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An event for people.
fn line(kind: &str, data: &Value) -> String {
    let mut parts = vec![kind.to_owned()];
    for (name, before) in [
        ("id", ""),
        ("component", "in "),
        ("product", "of "),
        ("reason", ""),
        ("upgrade", "raise to "),
        ("due", "due "),
        ("owner", "owner "),
        ("by", "by "),
    ] {
        if let Some(value) = data[name].as_str().filter(|value| !value.is_empty()) {
            parts.push(format!("{before}{value}"));
        }
    }
    format!("{}\n", parts.join("  "))
}
