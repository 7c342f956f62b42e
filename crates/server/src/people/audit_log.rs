//! The log of all changes, and whether it is whole.

use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stanchion_model::digest::hex;
use stanchion_store::audit::{self, Entry, Filter};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::permission::AuditRead;
use super::who::Allowed;
use crate::engine::text_of;
use crate::http::{Json, Problem, Query};
use crate::portal::Portal;
use crate::slice;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// How long it is looked for.
const PATIENCE: Duration = Duration::from_secs(3);

/// A day or a time, in seconds since 1970; `after` is added to a day.
fn time(field: &str, text: &str, after: i64) -> Result<i64, Problem> {
    if text.len() == 10
        && let Ok(midnight) = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>()
    {
        return Ok(midnight.as_second() + after);
    }
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_second)
        .map_err(|_| {
            Problem::unprocessable("This is no time.").field(
                field,
                "is a day such as 2026-11-24, or a time such as 2026-11-24T13:00:00Z",
            )
        })
}

/// A row of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct View {
    /// Counts up without a gap.
    pub(crate) seq: i64,
    /// When.
    pub(crate) at: String,
    /// Who.
    pub(crate) actor: String,
    /// What, such as `account.create`.
    pub(crate) action: String,
    /// To what.
    pub(crate) object: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// The request's id, as in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<String>,
    /// SHA-256 over the row and the hash of the row before it, in hexadecimal digits.
    pub(crate) hash: String,
}

impl From<Entry> for View {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            at: text_of(entry.at),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            before: entry.before,
            after: entry.after,
            request: entry.request,
            hash: hex(&entry.hash),
        }
    }
}

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Those that stand behind the row of this number: `next` of the page before.
    pub(crate) before: Option<i64>,
    /// Those about this, such as `account:ann`.
    pub(crate) object: Option<String>,
    /// Those by this account.
    pub(crate) actor: Option<String>,
    /// Those of this kind, such as `account.create`.
    pub(crate) action: Option<String>,
    /// Not before this day or time, such as `2026-11-24` or `2026-11-24T13:00:00Z`; days are those of UTC.
    pub(crate) from: Option<String>,
    /// Not after this day, or before this time.
    pub(crate) to: Option<String>,
    /// At most so many; 100 where nothing is said, 500 at most.
    pub(crate) limit: Option<usize>,
}

/// Rows of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub struct Listed {
    /// The latest first.
    pub(crate) rows: Vec<View>,
    /// Where there are more: the `before` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<i64>,
}

/// The log, the latest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit", params(Wanted),
    responses((status = 200, description = "A page of it", body = Listed), Problem),
    extensions(("x-permission" = json!("audit.read")))
)]
pub async fn list(
    State(portal): State<Portal>,
    _: Allowed<AuditRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listed>, Problem> {
    let limit = slice::limit(Some(wanted.limit.unwrap_or(100)))?;
    let from = wanted
        .from
        .as_deref()
        .map(|text| time("from", text, 0))
        .transpose()?;
    let to = wanted
        .to
        .as_deref()
        .map(|text| time("to", text, DAY))
        .transpose()?;
    let mut found = portal
        .blocking(move |portal| {
            let filter = Filter {
                object: wanted.object.as_deref(),
                actor: wanted.actor.as_deref(),
                action: wanted.action.as_deref(),
                from,
                to,
                before: wanted.before,
            };
            Ok(portal
                .engine
                .store()
                .read_within(PATIENCE, |tx| audit::search(tx, &filter, limit + 1))?)
        })
        .await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().map(|entry| entry.seq).filter(|_| more);
    let rows = found.into_iter().map(View::from).collect();
    Ok(Json(Listed { rows, next }))
}

/// Whether the log is whole.
#[derive(Serialize, ToSchema)]
pub struct Verified {
    /// Whether each row follows from the one before it.
    pub(crate) whole: bool,
    /// Rows that do.
    pub(crate) rows: i64,
    /// The hash of the last of them, in hexadecimal digits: keep it elsewhere, and the log up to here cannot be written
    /// anew unseen.
    pub(crate) head: String,
    /// What is wrong, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

/// Goes through the whole log and computes each hash again.
#[utoipa::path(
    get, path = "/api/v1/audit/verify", tag = "audit",
    responses((status = 200, description = "What was found", body = Verified), Problem),
    extensions(("x-permission" = json!("audit.read")))
)]
pub async fn verify(
    State(portal): State<Portal>,
    _: Allowed<AuditRead>,
) -> Result<Json<Verified>, Problem> {
    let verified = portal
        .blocking(|portal| Ok(portal.engine.store().verify_audit()?))
        .await?;
    Ok(Json(Verified {
        whole: verified.fault.is_none(),
        rows: verified.rows,
        head: hex(&verified.head),
        fault: verified.fault,
    }))
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify))
}
