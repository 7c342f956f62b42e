//! The log of all changes, as a page and as a file.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use serde::Deserialize;
use stanchion_ui::admin::log::{Checked, Log, Row};
use stanchion_ui::forms::Typed;
use stanchion_ui::parts::encoded;

use crate::http::{Json, Problem, Query};
use crate::people::Allowed;
use crate::people::audit_log::{self, View, Wanted};
use crate::people::permission::AuditRead;
use crate::portal::Portal;

use super::super::around::{Fields, Viewer, page};
use super::super::findings::harmless;
use super::at;

/// Rows of a page.
const ROWS: usize = 100;
/// Rows of a piece of a file, and of a whole file.
const PIECE: usize = 500;
const MOST: usize = 1_000_000;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/log", get(show))
        .route("/admin/log.csv", get(csv_file))
        .route("/admin/log.json", get(json_file))
}

#[derive(Clone, Default, Deserialize)]
struct Address {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    before: Option<i64>,
    check: Option<String>,
}

impl Address {
    fn pairs(&self) -> [(&'static str, &str); 5] {
        [
            ("actor", self.actor.trim()),
            ("action", self.action.trim()),
            ("object", self.object.trim()),
            ("from", self.from.trim()),
            ("to", self.to.trim()),
        ]
    }

    fn wanted(&self, before: Option<i64>, limit: usize) -> Wanted {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Wanted {
            before,
            object: some(&self.object),
            actor: some(&self.actor),
            action: some(&self.action),
            from: some(&self.from),
            to: some(&self.to),
            limit: Some(limit),
        }
    }

    fn next(&self, before: i64) -> String {
        let mut address = format!("/admin/log?before={before}");
        for (name, value) in self
            .pairs()
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
        {
            let pair = format!("&{name}={}", encoded(value));
            address.push_str(&pair);
        }
        address
    }
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<AuditRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let values: Vec<(String, String)> = address
        .pairs()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut view = Log {
        typed: Typed {
            values: values.clone(),
            ..Typed::default()
        },
        later: address.before.is_some(),
        ..Log::default()
    };
    let mut status = StatusCode::OK;
    if address.check.is_some() {
        let Json(verified) =
            audit_log::verify(State(portal.clone()), viewer.allowed.clone()).await?;
        view.checked = Some(Checked {
            rows: verified.rows,
            head: verified.head,
            fault: verified.fault,
        });
    }
    let wanted = address.wanted(address.before, ROWS);
    match audit_log::list(State(portal.clone()), viewer.allowed, Query(wanted)).await {
        Ok(Json(listed)) => {
            view.next = listed.next.map(|next| address.next(next));
            view.rows = listed.rows.into_iter().map(row).collect();
        }
        Err(problem) => (status, view.typed) = Fields(values).wrong(problem)?,
    }
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, status, text))
}

fn row(view: View) -> Row {
    Row {
        seq: view.seq,
        at: at(&view.at),
        actor: view.actor,
        action: view.action,
        object: view.object,
        before: view.before,
        after: view.after,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Csv,
    Json,
}

struct Sending {
    portal: Portal,
    allowed: Allowed<AuditRead>,
    address: Address,
    sort: Sort,
    before: Option<i64>,
    sent: usize,
    over: bool,
}

impl Sending {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        if self.over {
            return Ok(None);
        }
        let wanted = self.address.wanted(self.before, PIECE);
        let state = State(self.portal.clone());
        let Json(listed) = audit_log::list(state, self.allowed.clone(), Query(wanted)).await?;
        let first = self.sent == 0;
        self.sent += listed.rows.len();
        self.before = listed.next;
        self.over = listed.next.is_none() || self.sent >= MOST;
        let piece = match self.sort {
            Sort::Csv => csv_piece(first, &listed.rows).map_err(|error| Problem::internal(&error)),
            Sort::Json => json_piece(first, self.over, &listed.rows)
                .map_err(|error| Problem::internal(&error)),
        };
        piece.map(Some)
    }
}

fn csv_piece(first: bool, rows: &[View]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if first {
        writer.write_record([
            "seq", "at", "actor", "action", "object", "before", "after", "request", "hash",
        ])?;
    }
    for row in rows {
        let seq = row.seq.to_string();
        let cells: [&str; 9] = [
            &seq,
            &row.at,
            &row.actor,
            &row.action,
            &row.object,
            row.before.as_deref().unwrap_or_default(),
            row.after.as_deref().unwrap_or_default(),
            row.request.as_deref().unwrap_or_default(),
            &row.hash,
        ];
        let texts: Vec<String> = cells.into_iter().map(harmless).collect();
        writer.write_record(&texts)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

fn json_piece(first: bool, last: bool, rows: &[View]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::new();
    if first {
        out.push(b'[');
    }
    for (at, row) in rows.iter().enumerate() {
        if !(first && at == 0) {
            out.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut out, row)?;
    }
    if last {
        out.extend_from_slice(b"]\n");
    }
    Ok(out)
}

async fn send(
    portal: Portal,
    allowed: Allowed<AuditRead>,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    let mut sending = Sending {
        portal,
        allowed,
        before: address.before,
        address,
        sort,
        sent: 0,
        over: false,
    };
    // What cannot be answered is refused before the file begins.
    let first = sending.next().await?.unwrap_or_default();
    let rest = stream::unfold(sending, async |mut sending| match sending.next().await {
        Ok(None) => None,
        Ok(Some(bytes)) => Some((Ok(bytes), sending)),
        // The file breaks off, so that nobody takes it for whole.
        Err(problem) => {
            sending.over = true;
            let error = std::io::Error::other(problem.document().detail.clone());
            Some((Err(error), sending))
        }
    });
    let begun = stream::once(async move { Ok::<_, std::io::Error>(first) });
    let (kind, name) = match sort {
        Sort::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"log.csv\"",
        ),
        Sort::Json => ("application/json", "attachment; filename=\"log.json\""),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    let body = Body::from_stream(futures_util::StreamExt::chain(begun, rest));
    Ok((headers, body).into_response())
}

async fn csv_file(
    State(portal): State<Portal>,
    viewer: Viewer<AuditRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    send(portal, viewer.allowed, address, Sort::Csv).await
}

async fn json_file(
    State(portal): State<Portal>,
    viewer: Viewer<AuditRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    send(portal, viewer.allowed, address, Sort::Json).await
}
