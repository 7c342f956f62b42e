//! Decisions about findings: not affected, fixed, affected, under investigation.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_policy::claims::{Claims, FILE, SCHEMA};
use stanchion_policy::clock::Calendar;
use stanchion_store::decisions::{self, Decision};
use stanchion_store::events::{self, NewEvent};
use stanchion_store::{Id, Tx, products};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::bundle::kept;
use crate::engine::decide::{DecisionText, decision_block};
use crate::engine::{runner, text_of};
use crate::exceptions::{has_words, words_of};
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, FindingTriage, Permission, ProductRead, no_product};
use crate::portal::Portal;
use crate::slice::{self, limit, note};

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, decide))
        .routes(routes!(withdraw))
}

/// A decision.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = DecisionForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Ids of the vulnerability.
    pub(crate) vulnerabilities: Vec<String>,
    /// Which components, as purls; at least one.
    #[schema(min_items = 1)]
    pub(crate) purls: Vec<String>,
    /// Which versions of them.
    pub(crate) versions: Option<String>,
    /// The product's name; without it everywhere.
    pub(crate) product: Option<String>,
    /// Globs of files or project folders.
    #[serde(default)]
    pub(crate) paths: Vec<String>,
    /// `not_affected`, `fixed`, `affected` or `under_investigation`.
    pub(crate) status: String,
    /// Needed for `not_affected`.
    pub(crate) justification: Option<String>,
    /// In words.
    pub(crate) reason: Option<String>,
    /// Needed for `affected`.
    pub(crate) action: Option<String>,
}

/// A decision, as it was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(crate) struct View {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) vulnerabilities: Vec<String>,
    pub(crate) purls: Vec<String>,
    pub(crate) versions: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) status: String,
    pub(crate) justification: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) made_by: String,
    /// RFC 3339.
    pub(crate) at: String,
    /// RFC 3339.
    pub(crate) withdrawn: Option<String>,
}

impl View {
    fn of(row: Decision) -> Result<Self, Problem> {
        let text: DecisionText = kept("a decision", &row.entry)?;
        Ok(Self {
            id: row.id.to_string(),
            vulnerabilities: text.vulnerabilities,
            purls: text.purls,
            versions: text.versions,
            product: text.product,
            paths: text.paths,
            status: text.status,
            justification: text.justification,
            reason: text.reason,
            action: text.action,
            made_by: row.made_by,
            at: text_of(row.at),
            withdrawn: row.withdrawn.map(text_of),
        })
    }
}

/// Which decisions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Those that were taken back too.
    #[serde(default)]
    pub(crate) withdrawn: bool,
    /// The latest first.
    #[serde(default)]
    pub(crate) newest: bool,
    /// Words that all have to stand somewhere in it: ids, product, people, reason.
    pub(crate) q: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A page of decisions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<View>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Rows that are looked at for one page.
const MOST_LOOKED: usize = 20_000;

fn lets<P: Permission>(
    tx: &mut Tx<'_>,
    allowed: &Allowed<P>,
    product: Option<&str>,
) -> Result<(), Problem> {
    match product {
        None => allowed.everywhere(),
        Some(name) => {
            let product = products::by_name(tx, name)?.ok_or_else(no_product)?;
            allowed.on(tx, &product)
        }
    }
}

/// Where a page ends: `1795521600.uuid`.
fn place(text: &str) -> Option<(i64, Id)> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, Id::parse(id)?))
}

/// Decisions in the order in which they were made. Those that hold everywhere are for all to see.
#[utoipa::path(get, path = "/api/v1/decisions", tag = "decisions", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = limit(asked.limit)?;
    let words = words_of(asked.q.as_deref())?;
    let start = match &asked.after {
        None if asked.newest => (i64::MAX, Id([0xff; 16])),
        None => (0, Id::default()),
        Some(text) => place(text).ok_or_else(|| {
            Problem::bad_request("This is not where a page ends.")
                .field("after", "`next` of the page before")
        })?,
    };
    let page = portal
        .read(move |tx| {
            let mut items: Vec<View> = Vec::new();
            let mut after = start;
            let mut next = None;
            let mut looked = 0;
            'pages: loop {
                let rows = if asked.newest {
                    decisions::latest_decisions(tx, asked.withdrawn, after, limit + 1)?
                } else {
                    decisions::decisions(tx, asked.withdrawn, after, limit + 1)?
                };
                let whole = rows.len() <= limit;
                for row in rows {
                    looked += 1;
                    if items.len() == limit || looked > MOST_LOOKED {
                        next = Some(format!("{}.{}", after.0, after.1));
                        break 'pages;
                    }
                    after = (row.at, row.id);
                    let texts = [
                        row.made_by.as_str(),
                        row.product.as_deref().unwrap_or_default(),
                        &row.entry,
                    ];
                    if !has_words(&words, &texts)
                        || (row.product.is_some()
                            && lets(tx, &allowed, row.product.as_deref()).is_err())
                    {
                        continue;
                    }
                    items.push(View::of(row)?);
                }
                if whole {
                    break;
                }
            }
            Ok::<_, Problem>(Page { items, next })
        })
        .await?;
    Ok(Json(page))
}

/// Decides about findings. What it is about is judged again.
#[utoipa::path(post, path = "/api/v1/decisions", tag = "decisions", params(("idempotency-key" = Option<String>, Header)), request_body = Form,
    responses((status = 201, body = View), Problem), extensions(("x-permission" = json!("finding.triage"))))]
pub(crate) async fn decide(
    State(portal): State<Portal>,
    allowed: Allowed<FindingTriage>,
    headers: HeaderMap,
    Json(form): Json<Form>,
) -> Result<(StatusCode, Json<View>), Problem> {
    let now = portal.engine.now();
    let once = slice::once(&headers)?;
    let own: [u8; 16] = crate::seal::random().map_err(|error| Problem::internal(&error))?;
    let view = portal
        .write(move |tx| {
            let mut id = Id::random(own);
            if let Some(key) = &once {
                let derived = Id::derive("decision", &[&allowed.account.0, key.as_bytes()]);
                match decisions::decision(tx, derived)? {
                    None => id = derived,
                    Some(row) if row.withdrawn.is_none() && now - row.at < slice::SAME => {
                        lets(tx, &allowed, row.product.as_deref())?;
                        return View::of(row);
                    }
                    Some(_) => {}
                }
            }
            make(tx, &allowed, &form, id, now)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Makes a decision in a transaction, where it may be made.
pub(crate) fn make(
    tx: &mut Tx<'_>,
    allowed: &Allowed<FindingTriage>,
    form: &Form,
    id: Id,
    now: i64,
) -> Result<View, Problem> {
    lets(tx, allowed, form.product.as_deref())?;
    crate::policy::from_here(decisions::policy(tx)?.as_ref())?;
    let text = DecisionText {
        vulnerabilities: form.vulnerabilities.clone(),
        purls: form.purls.clone(),
        versions: form.versions.clone(),
        product: form.product.clone(),
        paths: form.paths.clone(),
        status: form.status.clone(),
        justification: form.justification.clone(),
        reason: form.reason.clone(),
        action: form.action.clone(),
        by: allowed.name.clone(),
        on: text_of(now),
    };
    usable(&text)?;
    let row = Decision {
        id,
        product: form.product.clone(),
        entry: serde_json::to_string(&text).map_err(|error| Problem::internal(&error))?,
        made_by: allowed.name.clone(),
        at: now,
        withdrawn: None,
        revision: 1,
    };
    decisions::add_decision(tx, &row)?;
    told(tx, now, "decision.made", &row, &allowed.name)?;
    note(
        tx,
        now,
        allowed,
        "decision.make",
        &row.id.to_string(),
        None,
        Some(&row.entry),
    )?;
    View::of(row)
}

/// Whether the reader of the policy takes a decision.
fn usable(text: &DecisionText) -> Result<(), Problem> {
    let file = format!("schema = \"{SCHEMA}\"\n\n{}", decision_block(text));
    let faults = Claims::default().own(FILE, &file, "", &Calendar::default());
    match faults.first() {
        None => Ok(()),
        Some(fault) => Err(Problem::unprocessable(slice::sentence(&format!(
            "the decision cannot be used: {}",
            fault.message
        )))
        .hint("docs/exceptions.md has every field of a decision.")),
    }
}

fn told(
    tx: &mut Tx<'_>,
    now: i64,
    kind: &'static str,
    row: &Decision,
    by: &str,
) -> Result<(), Problem> {
    let product = match &row.product {
        Some(name) => products::by_name(tx, name)?.map(|product| product.id),
        None => None,
    };
    events::add(
        tx,
        now,
        &[NewEvent {
            kind,
            product,
            subject: row.id.to_string(),
            body: json!({ "decision": row.id.to_string(), "product": row.product, "by": by })
                .to_string(),
        }],
    )?;
    let key = row.product.clone().unwrap_or_default();
    let payload = row
        .product
        .as_ref()
        .map_or_else(|| json!({}), |product| json!({ "product": product }));
    runner::add(tx, "judge", &key, &payload, 80, now)?;
    Ok(())
}

/// Takes a decision back.
#[utoipa::path(delete, path = "/api/v1/decisions/{id}", tag = "decisions", params(("id" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("finding.triage"))))]
pub(crate) async fn withdraw(
    State(portal): State<Portal>,
    allowed: Allowed<FindingTriage>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let gone =
                || Problem::not_found("There is no such decision in force, or you may not see it.");
            let id = Id::parse(&id).ok_or_else(gone)?;
            let row = decisions::decision(tx, id)?
                .filter(|row| row.withdrawn.is_none())
                .ok_or_else(gone)?;
            lets(tx, &allowed, row.product.as_deref())?;
            if !decisions::withdraw_decision(tx, id, now)? {
                return Err(gone());
            }
            told(tx, now, "decision.withdrawn", &row, &allowed.name)?;
            note(
                tx,
                now,
                &allowed,
                "decision.withdraw",
                &id.to_string(),
                Some(&row.entry),
                None,
            )?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
