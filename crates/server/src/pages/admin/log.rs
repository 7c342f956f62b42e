//! The log of all changes, as a page and as a file.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
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
use super::super::sheet::{self, CHUNK, Sheet, Sort, cell};
use super::at;

/// Rows of a page.
const ROWS: usize = 100;
/// Rows of a file.
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

const SHEET: Sheet<View> = Sheet {
    name: "log",
    columns: &[
        "seq", "at", "actor", "action", "object", "before", "after", "request", "hash",
    ],
    cells: |row| {
        vec![
            row.seq.to_string(),
            row.at.clone(),
            row.actor.clone(),
            row.action.clone(),
            row.object.clone(),
            cell(row.before.as_ref()),
            cell(row.after.as_ref()),
            cell(row.request.as_ref()),
            row.hash.clone(),
        ]
    },
    most: MOST,
};

async fn send(
    portal: Portal,
    allowed: Allowed<AuditRead>,
    address: Address,
    sort: Sort,
) -> Result<Response, Problem> {
    sheet::send(SHEET, sort, move |after| {
        // The place of a row in the log is its number.
        let before = after.map_or(address.before, |after| after.parse().ok());
        let wanted = address.wanted(before, CHUNK);
        let (state, allowed) = (State(portal.clone()), allowed.clone());
        async move {
            let Json(listed) = audit_log::list(state, allowed, Query(wanted)).await?;
            Ok((listed.rows, listed.next.map(|next| next.to_string())))
        }
    })
    .await
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
