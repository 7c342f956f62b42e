//! Advisories: those of the organisation's own, and the state of the database.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stanchion_advisories::update::{self, Change};
use stanchion_store::decisions::{self, PrivateAdvisory};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::runner;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{AdvisoryWrite, Allowed, JobRun, ProductRead};
use crate::portal::Portal;
use crate::slice::{self, note};

/// Most advisories of one's own.
const MOST: usize = 10_000;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, remove))
        .routes(routes!(database))
        .routes(routes!(refusals))
        .routes(routes!(refresh))
}

/// An advisory of the organisation's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Advisory)]
pub(crate) struct View {
    pub(crate) id: String,
    /// [OSV](https://ossf.github.io/osv-schema/).
    #[schema(value_type = Object)]
    pub(crate) advisory: Value,
    pub(crate) set_by: String,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

/// The organisation's own advisories.
#[utoipa::path(get, path = "/api/v1/advisories", tag = "advisories",
    responses((status = 200, body = [View]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
) -> Result<Json<Vec<View>>, Problem> {
    allowed.everywhere()?;
    let all = portal
        .read(|tx| Ok::<_, Problem>(decisions::private_advisories(tx)?))
        .await?;
    Ok(Json(
        all.into_iter()
            .map(|one| View {
                id: one.id,
                advisory: serde_json::from_str(&one.body).unwrap_or_default(),
                set_by: one.set_by,
                at: one.at,
            })
            .collect(),
    ))
}

/// Writes an advisory of the organisation's own (OSV). What it touches is looked at again within a minute.
#[utoipa::path(put, path = "/api/v1/advisories/{id}", tag = "advisories", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("advisory.write"))))]
pub(crate) async fn put(
    State(portal): State<Portal>,
    allowed: Allowed<AdvisoryWrite>,
    Path(id): Path<String>,
    Json(mut advisory): Json<Value>,
) -> Result<Json<View>, Problem> {
    let wrong = |field: &str, message: &str| {
        Problem::unprocessable("The advisory cannot be used.").field(field, message)
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.is_empty() || id.len() > 100 || !id.chars().all(plain) {
        return Err(wrong("id", "1 to 100 letters, digits, dashes, dots"));
    }
    if advisory["id"] != json!(id) {
        return Err(wrong("id", "the same as in the address"));
    }
    let now = portal.engine.now();
    // Whoever remembers what was matched tells by this what is new.
    advisory["modified"] = json!(crate::engine::text_of(now));
    if advisory["published"].is_null() {
        advisory["published"] = advisory["modified"].clone();
    }
    let body = advisory.to_string();
    portal
        .blocking(move |portal| {
            readable(&id, &body)?;
            let row = PrivateAdvisory {
                id: id.clone(),
                body,
                set_by: allowed.name.clone(),
                at: now,
                revision: 1,
            };
            portal.engine.store().write(|tx| {
                let all = decisions::private_advisories(tx)?;
                let old = all.iter().find(|one| one.id == row.id);
                if old.is_none() && all.len() >= MOST {
                    return Err(Problem::conflict("There are 10,000 advisories already."));
                }
                decisions::put_private_advisory(tx, &row)?;
                runner::add(tx, "absorb", "", &json!({}), 70, now)?;
                note(
                    tx,
                    now,
                    &allowed,
                    "advisory.put",
                    &row.id,
                    old.map(|old| old.body.as_str()),
                    Some(&row.body),
                )?;
                Ok(())
            })?;
            Ok(Json(View {
                id: row.id,
                advisory: serde_json::from_str(&row.body).unwrap_or_default(),
                set_by: row.set_by,
                at: row.at,
            }))
        })
        .await
}

/// Whether the database takes an advisory, and it names something.
fn readable(id: &str, body: &str) -> Result<(), Problem> {
    let broken = |error: stanchion_advisories::Error| Problem::internal(&error);
    let empty = stanchion_advisories::import::build(&[], "2000-01-01T00:00:00Z", &|_, _, _| {})
        .map_err(broken)?;
    let empty = stanchion_advisories::Index::from_bytes(empty).map_err(broken)?;
    let change = Change {
        source: crate::engine::held::OWN.into(),
        id: id.into(),
        bytes: Some(body.as_bytes().to_vec()),
    };
    let built = update::apply(&empty, &[change], "2000-01-01T00:00:00Z").map_err(broken)?;
    let index = stanchion_advisories::Index::from_bytes(built).map_err(broken)?;
    let meta = index.meta().map_err(broken)?;
    if let Some(refusal) = meta.refusals.first() {
        return Err(Problem::unprocessable(slice::sentence(&format!(
            "the advisory cannot be used: {}",
            refusal.reason
        ))));
    }
    if index.package_count() == 0 {
        return Err(
            Problem::unprocessable("The advisory names no package.").field(
                "affected",
                "at least one package with its ranges or versions",
            ),
        );
    }
    Ok(())
}

/// Takes an advisory of the organisation's own away. What it touched is looked at again within a minute.
#[utoipa::path(delete, path = "/api/v1/advisories/{id}", tag = "advisories", params(("id" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("advisory.write"))))]
pub(crate) async fn remove(
    State(portal): State<Portal>,
    allowed: Allowed<AdvisoryWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            if !decisions::delete_private_advisory(tx, &id)? {
                return Err(Problem::not_found("There is no such advisory."));
            }
            runner::add(tx, "absorb", "", &json!({}), 70, now)?;
            note(tx, now, &allowed, "advisory.delete", &id, Some(&id), None)?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// The advisories in use: snapshot, age, sources with what went wrong.
#[utoipa::path(get, path = "/api/v1/database", tag = "advisories",
    responses((status = 200, body = Object), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn database(
    State(portal): State<Portal>,
    _allowed: Allowed<ProductRead>,
) -> Result<Json<Value>, Problem> {
    portal
        .blocking(|portal| {
            let held = portal.engine.held()?;
            let meta = held
                .index
                .meta()
                .map_err(|error| Problem::internal(&error))?;
            let info = meta.info(held.index.snapshot());
            serde_json::to_value(info)
                .map(Json)
                .map_err(|error| Problem::internal(&error))
        })
        .await
}

/// What became of the records of a source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedCounts)]
pub(crate) struct FeedView {
    /// As in the sources of `GET /api/v1/database`.
    pub(crate) name: String,
    /// Records read.
    pub(crate) read: u64,
    /// Of those, withdrawn by their source.
    pub(crate) withdrawn: u64,
    /// Of those, refused.
    pub(crate) refused: u64,
}

/// A record that could not be used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedRecord)]
pub(crate) struct RefusalView {
    /// The source that it came in.
    pub(crate) source: String,
    /// Its id, or the entry's name where the id could not be read.
    pub(crate) id: String,
    /// Why.
    pub(crate) reason: String,
}

/// What was read, and what could not be used.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Refusals {
    /// By source.
    pub(crate) feeds: Vec<FeedView>,
    /// The records; at most 500.
    pub(crate) refusals: Vec<RefusalView>,
    /// How many there are.
    pub(crate) all: usize,
}

/// Which refusals.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of this source.
    pub(crate) source: Option<String>,
}

/// What the sources of advisories gave, and which of their records could not be used, and why.
#[utoipa::path(get, path = "/api/v1/database/refusals", tag = "advisories", params(Asked),
    responses((status = 200, body = Refusals), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn refusals(
    State(portal): State<Portal>,
    _allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Refusals>, Problem> {
    portal
        .blocking(move |portal| {
            let held = portal.engine.held()?;
            let meta = held
                .index
                .meta()
                .map_err(|error| Problem::internal(&error))?;
            let fits = |source: &str| asked.source.as_deref().is_none_or(|own| own == source);
            let chosen = meta.refusals.iter().filter(|one| fits(&one.source));
            Ok(Json(Refusals {
                all: chosen.clone().count(),
                refusals: chosen
                    .take(slice::MOST)
                    .map(|one| RefusalView {
                        source: one.source.clone(),
                        id: one.id.clone(),
                        reason: one.reason.clone(),
                    })
                    .collect(),
                feeds: meta
                    .feeds
                    .iter()
                    .map(|feed| FeedView {
                        name: feed.name.clone(),
                        read: feed.read,
                        withdrawn: feed.withdrawn,
                        refused: feed.refused,
                    })
                    .collect(),
            }))
        })
        .await
}

/// Asks every source of advisories what is new, in the background.
#[utoipa::path(post, path = "/api/v1/database/update", tag = "advisories",
    responses((status = 202), Problem), extensions(("x-permission" = json!("job.run"))))]
pub(crate) async fn refresh(
    State(portal): State<Portal>,
    allowed: Allowed<JobRun>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            runner::add(tx, "feeds", "", &json!({}), 50, now)?;
            note(tx, now, &allowed, "database.update", "database", None, None)?;
            Ok::<_, Problem>(StatusCode::ACCEPTED)
        })
        .await
}
