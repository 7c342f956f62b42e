//! What happened, written in the transaction of what it tells of, and who has been told.

use crate::{Id, Row, StoreError, Tx, Value, params};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Counts up.
    pub seq: i64,
    /// Seconds since 1970.
    pub at: i64,
    /// Such as `finding.appeared`.
    pub kind: String,
    /// In which product.
    pub product: Option<Id>,
    /// What it is about, such as a finding's id.
    pub subject: String,
    /// JSON.
    pub body: String,
}

/// Something to be told.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Such as `finding.appeared`.
    pub kind: &'static str,
    /// In which product.
    pub product: Option<Id>,
    /// What it is about.
    pub subject: String,
    /// JSON.
    pub body: String,
}

fn read(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        seq: row.get(0)?,
        at: row.get(1)?,
        kind: row.get(2)?,
        product: row.get(3)?,
        subject: row.get(4)?,
        body: row.get(5)?,
    })
}

/// Adds events.
pub fn add(tx: &mut Tx<'_>, at: i64, events: &[NewEvent]) -> Result<(), StoreError> {
    let values: Vec<Value<'_>> = events
        .iter()
        .flat_map(|event| {
            params![at, event.kind, event.product, &event.subject, &event.body].to_vec()
        })
        .collect();
    tx.insert(
        "event",
        &["at", "kind", "product", "subject", "body"],
        &values,
        "",
    )?;
    Ok(())
}

/// Events after one of them, in their order.
pub fn after(tx: &mut Tx<'_>, seq: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
    let sql = format!(
        "SELECT seq, at, kind, product, subject, body FROM event WHERE seq > ?1 ORDER BY seq LIMIT {limit}"
    );
    tx.all(&sql, params![seq], read)
}

/// The number of the last event.
pub fn last(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let last = tx.first("SELECT MAX(seq) FROM event", &[], |row| {
        row.get::<Option<i64>>(0)
    })?;
    Ok(last.flatten().unwrap_or(0))
}

/// Takes away events of before a time, with what is known of their delivery.
pub fn sweep(tx: &mut Tx<'_>, before: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM delivery WHERE event IN (SELECT seq FROM event WHERE at < ?1)",
        params![before],
    )?;
    tx.execute("DELETE FROM event WHERE at < ?1", params![before])
}

/// Where people are told.
#[derive(Clone, PartialEq, Eq)]
pub struct Channel {
    /// Derived from its name.
    pub id: Id,
    /// Unique.
    pub name: String,
    /// `mail` or `webhook`.
    pub kind: String,
    /// Addresses, or the URL.
    pub target: String,
    /// Sealed with the portal's key.
    pub secret: Option<String>,
    /// Kinds of events.
    pub events: Vec<String>,
    /// Nothing goes there.
    pub disabled: bool,
    /// Goes up with each change.
    pub revision: i64,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// All channels, by name.
pub fn channels(tx: &mut Tx<'_>) -> Result<Vec<Channel>, StoreError> {
    tx.all(
        "SELECT id, name, kind, target, secret, events, disabled, revision FROM channel ORDER BY name LIMIT 1000",
        &[],
        |row| {
            let events: String = row.get(5)?;
            Ok(Channel {
                id: row.get(0)?,
                name: row.get(1)?,
                kind: row.get(2)?,
                target: row.get(3)?,
                secret: row.get(4)?,
                events: serde_json::from_str(&events).unwrap_or_default(),
                disabled: row.get(6)?,
                revision: row.get(7)?,
            })
        },
    )
}

/// Makes or changes a channel.
pub fn put_channel(tx: &mut Tx<'_>, channel: &Channel) -> Result<(), StoreError> {
    let events = serde_json::to_string(&channel.events).unwrap_or_else(|_| "[]".into());
    tx.insert(
        "channel",
        &["id", "name", "kind", "target", "secret", "events", "disabled", "revision"],
        params![
            channel.id,
            &channel.name,
            &channel.kind,
            &channel.target,
            channel.secret.as_deref(),
            events,
            channel.disabled,
            channel.revision,
        ],
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, target = excluded.target, secret = excluded.secret,
             events = excluded.events, disabled = excluded.disabled, revision = excluded.revision",
    )?;
    Ok(())
}

/// Takes a channel away: `false` where there is none.
pub fn delete_channel(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    tx.execute("DELETE FROM delivery WHERE channel = ?1", params![id])?;
    Ok(tx.execute("DELETE FROM channel WHERE id = ?1", params![id])? == 1)
}

/// What became of telling a channel of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which event.
    pub event: i64,
    /// Which channel.
    pub channel: Id,
    /// `delivered`, `later` or `never`.
    pub state: String,
    /// Tries.
    pub attempts: i64,
    /// When it was last tried.
    pub at: i64,
    /// Why not, where it was not.
    pub note: String,
}

/// What is known of telling a channel of an event.
pub fn delivery(tx: &mut Tx<'_>, event: i64, channel: Id) -> Result<Option<Delivery>, StoreError> {
    tx.first(
        "SELECT event, channel, state, attempts, at, note FROM delivery WHERE event = ?1 AND channel = ?2",
        params![event, channel],
        read_delivery,
    )
}

fn read_delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        event: row.get(0)?,
        channel: row.get(1)?,
        state: row.get(2)?,
        attempts: row.get(3)?,
        at: row.get(4)?,
        note: row.get(5)?,
    })
}

/// Writes down what became of telling a channel of an event.
pub fn put_delivery(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), StoreError> {
    tx.insert(
        "delivery",
        &["event", "channel", "state", "attempts", "at", "note"],
        params![
            delivery.event,
            delivery.channel,
            &delivery.state,
            delivery.attempts,
            delivery.at,
            &delivery.note,
        ],
        "ON CONFLICT (event, channel) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, at = excluded.at, note = excluded.note",
    )?;
    Ok(())
}

/// The last deliveries to a channel.
pub fn deliveries(tx: &mut Tx<'_>, channel: Id, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!(
        "SELECT event, channel, state, attempts, at, note FROM delivery WHERE channel = ?1 ORDER BY event DESC LIMIT {limit}"
    );
    tx.all(&sql, params![channel], read_delivery)
}
