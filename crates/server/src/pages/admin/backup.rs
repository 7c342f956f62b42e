//! Copies of everything.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use stanchion_store::{Dialect, audit};
use stanchion_ui::admin::backup::Backup as View;
use stanchion_ui::frame::Flash;
use stanchion_ui::parts::bytes;

use crate::http::{Json, Problem};
use crate::operations::backup;
use crate::people::Backup;
use crate::portal::Portal;

use super::super::around::{Posted, Viewer, done, page, say};
use super::at;

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/admin/backup", get(show).post(take))
}

fn number(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

async fn show(State(portal): State<Portal>, viewer: Viewer<Backup>) -> Result<Response, Problem> {
    let Json(files) = backup::list(State(portal.clone()), viewer.allowed).await?;
    let last = portal
        .read(|tx| Ok(audit::last_of(tx, "backup")?))
        .await?
        .map(|entry| (entry.at, entry.object, entry.actor));
    let view = View {
        last,
        postgres: matches!(portal.engine.store().dialect(), Dialect::Postgres),
        data: portal.engine.options().data.display().to_string(),
        files: files
            .into_iter()
            .map(|file| (file.file, number(file.bytes), at(&file.taken)))
            .collect(),
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

async fn take(State(portal): State<Portal>, posted: Posted<Backup>) -> Result<Response, Problem> {
    let flash = match backup::take(State(portal.clone()), posted.allowed).await {
        Ok(Json(copied)) => say(format!(
            "The copy is there: {}, {}, {} documents in it.",
            copied.file,
            bytes(number(copied.bytes)),
            copied.blobs
        )),
        Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => Flash {
            text: problem.document().detail.clone(),
            bad: true,
            undo: None,
        },
        Err(problem) => return Err(problem),
    };
    Ok(done(&portal, "/admin/backup", flash))
}
