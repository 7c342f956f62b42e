//! The versions of the policy, and what each changed.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use stanchion_store::decisions as kept;
use stanchion_ui::policy::versions::{Version, Versions};

use crate::http::{Json, Path, Problem, Query};
use crate::people::PolicyRead;
use crate::policy;
use crate::portal::Portal;

use super::super::around::{Viewer, page};
use super::{file, in_force};

/// Rows of a page.
const ROWS: usize = 50;
/// Versions that one can be held against.
const OTHERS: usize = 100;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/policy/versions", get(list))
        .route("/policy/versions/{seq}", get(one))
        .route("/policy/versions/{seq}/policy.toml", get(text))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    before: Option<i64>,
}

async fn list(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let before = address.before.unwrap_or(i64::MAX);
    let mut rows = portal
        .read(move |tx| Ok::<_, Problem>(kept::policy_versions(tx, before, ROWS + 1)?))
        .await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let view = Versions {
        next: rows.last().map(|row| row.seq).filter(|_| more),
        rows: rows.iter().map(in_force).collect(),
        first: address.before.is_none(),
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Against {
    with: Option<i64>,
}

async fn one(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyRead>,
    Path(seq): Path<i64>,
    Query(against): Query<Against>,
) -> Result<Response, Problem> {
    let (found, other, others, latest) = portal
        .read(move |tx| {
            let found = kept::policy_version(tx, seq)?.ok_or_else(|| {
                Problem::not_found("There is no such version of the policy.")
                    .hint("Look in the list of versions.")
            })?;
            let other = match against.with {
                Some(with) => kept::policy_version(tx, with)?,
                None => match kept::policy_versions(tx, seq, 1)?.first() {
                    Some(before) => kept::policy_version(tx, before.seq)?,
                    None => None,
                },
            };
            let others = kept::policy_versions(tx, i64::MAX, OTHERS)?;
            let latest = others.first().is_some_and(|first| first.seq == seq);
            Ok::<_, Problem>((found, other, others, latest))
        })
        .await?;
    let view = Version {
        one: in_force(&found),
        text: found.text,
        against: other.map(|other| (in_force(&other), other.text)),
        others: others
            .into_iter()
            .map(|other| other.seq)
            .filter(|other| *other != seq)
            .collect(),
        latest,
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

async fn text(
    State(portal): State<Portal>,
    viewer: Viewer<PolicyRead>,
    Path(seq): Path<i64>,
) -> Result<Response, Problem> {
    let Json(view) = policy::version(State(portal), viewer.allowed, Path(seq)).await?;
    Ok(file(view.text.unwrap_or_default()))
}
