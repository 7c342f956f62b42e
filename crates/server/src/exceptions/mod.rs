//! Exceptions: somebody asks, somebody else allows, for a time.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stanchion_formats::ignores::record;
use stanchion_model::cvss::Severity;
use stanchion_model::exception::{Exception as Entry, ExceptionScope};
use stanchion_policy::clock::Calendar;
use stanchion_policy::exceptions::{Exceptions, FILE, SCHEMA};
use stanchion_policy::people::People;
use stanchion_store::decisions::{self, Exception};
use stanchion_store::events::{self, NewEvent};
use stanchion_store::{Tx, audit, products};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::bundle::{PolicyState, kept};
use crate::engine::{runner, text_of};
use crate::findings::view;
use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{
    Allowed, ExceptionDecide, ExceptionRequest, Permission, ProductRead, Who, no_product,
};
use crate::portal::Portal;
use crate::slice::{self, limit, note};

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, request))
        .routes(routes!(show))
        .routes(routes!(history))
        .routes(routes!(decide))
        .routes(routes!(revoke))
}

/// What an exception covers. Everything that is given must hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ExceptionScope)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scope {
    /// Ids of the vulnerability.
    pub(crate) ids: Vec<String>,
    /// Rules of the policy.
    pub(crate) rules: Vec<String>,
    /// The component.
    pub(crate) purl: Option<String>,
    /// Its versions.
    pub(crate) versions: Option<String>,
    /// The product's name; without it everywhere.
    pub(crate) product: Option<String>,
    /// Globs of files.
    pub(crate) paths: Vec<String>,
}

/// An exception that is asked for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = ExceptionForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Its id; given by the portal without it.
    pub(crate) id: Option<String>,
    pub(crate) scope: Scope,
    /// Why.
    pub(crate) reason: String,
    /// What stands in for the fix meanwhile.
    pub(crate) compensating_control: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD`, or RFC 3339.
    pub(crate) expires: String,
    /// A VEX label where the product is not affected at all.
    pub(crate) justification: Option<String>,
}

/// An exception.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exception)]
pub(crate) struct View {
    pub(crate) id: String,
    /// `requested`, `approved`, `rejected` or `revoked`.
    pub(crate) state: String,
    pub(crate) scope: Scope,
    pub(crate) reason: Option<String>,
    pub(crate) compensating_control: Option<String>,
    pub(crate) requested_by: String,
    pub(crate) decided_by: Option<String>,
    /// RFC 3339.
    pub(crate) decided_at: Option<String>,
    /// The last day, or RFC 3339.
    pub(crate) expires: Option<String>,
    /// It is over.
    pub(crate) ended: bool,
    /// RFC 3339.
    pub(crate) created: String,
}

impl View {
    pub(crate) fn of(row: Exception, now: i64) -> Result<Self, Problem> {
        let entry: Entry = kept("an exception", &row.entry)?;
        Ok(Self {
            id: row.id,
            state: row.state,
            scope: Scope {
                ids: entry.scope.ids,
                rules: entry.scope.rules,
                purl: entry.scope.purl,
                versions: entry.scope.versions,
                product: entry.scope.product,
                paths: entry.scope.paths,
            },
            reason: entry.reason,
            compensating_control: entry.compensating_control,
            requested_by: row.requested_by,
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(text_of),
            expires: entry.expires,
            ended: row.expires.is_some_and(|end| end < now),
            created: text_of(row.created),
        })
    }
}

/// Which exceptions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `requested`, `approved`, `rejected` or `revoked`; `in_force`: allowed and not over, soonest to end first; `lapsing`:
    /// of these, what ends within 30 days; `ended`: refused, ended early or over, the latest first.
    pub(crate) state: Option<String>,
    /// Words that all have to stand somewhere in it: ids, product, people, reason.
    pub(crate) q: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// An exception is about to lapse so many seconds before its end.
pub(crate) const LAPSING: i64 = 30 * 86_400;

/// Rows that are looked at for one page.
const MOST_LOOKED: usize = 20_000;

/// Whether each of the words stands somewhere in one of the texts.
pub(crate) fn has_words(words: &[String], texts: &[&str]) -> bool {
    words.is_empty() || {
        let all = texts.join("\n").to_lowercase();
        words.iter().all(|word| all.contains(word.as_str()))
    }
}

/// The words of a query, in lower case.
pub(crate) fn words_of(query: Option<&str>) -> Result<Vec<String>, Problem> {
    let query = query.unwrap_or_default();
    if query.len() > 500 {
        return Err(Problem::bad_request("The query is too long.").field("q", "at most 500 bytes"));
    }
    Ok(query.split_whitespace().map(str::to_lowercase).collect())
}

/// Rows of a list after a place in it, and how the place of a row is written.
fn rows_after(
    tx: &mut Tx<'_>,
    state: Option<&str>,
    after: Option<&str>,
    now: i64,
    limit: usize,
) -> Result<Vec<Exception>, Problem> {
    let wrong = || {
        Problem::bad_request("This is not where a page ends.")
            .field("after", "`next` of the page before, with the same state")
    };
    Ok(match state {
        Some(state @ ("in_force" | "lapsing")) => {
            let until = (state == "lapsing").then_some(now + LAPSING);
            let place = match after {
                None => (i64::MIN, ""),
                Some(place) => {
                    let (end, id) = place.split_once(' ').ok_or_else(wrong)?;
                    (end.parse().map_err(|_| wrong())?, id)
                }
            };
            decisions::in_force(tx, now, until, place, limit)?
        }
        Some("ended") => decisions::over(tx, now, after, limit)?,
        state => decisions::exceptions(tx, state, after.unwrap_or_default(), limit)?,
    })
}

fn place_of(state: Option<&str>, row: &Exception) -> String {
    match state {
        Some("in_force" | "lapsing") => {
            format!("{} {}", row.expires.unwrap_or_default(), row.id)
        }
        _ => row.id.clone(),
    }
}

/// A page of exceptions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExceptionPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<View>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Whether somebody may see or do something about an exception: on its product, else everywhere.
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

/// Exceptions by their id. Those that hold everywhere are for all to see.
#[utoipa::path(get, path = "/api/v1/exceptions", tag = "exceptions", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = limit(asked.limit)?;
    let words = words_of(asked.q.as_deref())?;
    let now = portal.engine.now();
    let page = portal
        .read(move |tx| {
            let state = asked.state.as_deref();
            let mut items: Vec<View> = Vec::new();
            let mut after = asked.after.clone();
            let mut next = None;
            let mut looked = 0;
            // Rows that may not be seen or are not asked for are passed over, not shown as gaps.
            'pages: loop {
                let rows = rows_after(tx, state, after.as_deref(), now, limit + 1)?;
                let whole = rows.len() <= limit;
                for row in rows {
                    looked += 1;
                    if items.len() == limit || looked > MOST_LOOKED {
                        next.clone_from(&after);
                        break 'pages;
                    }
                    after = Some(place_of(state, &row));
                    let texts = [
                        row.id.as_str(),
                        row.product.as_deref().unwrap_or_default(),
                        &row.requested_by,
                        row.decided_by.as_deref().unwrap_or_default(),
                        &row.entry,
                    ];
                    if !has_words(&words, &texts)
                        || (row.product.is_some()
                            && lets(tx, &allowed, row.product.as_deref()).is_err())
                    {
                        continue;
                    }
                    items.push(View::of(row, now)?);
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

/// Asks for an exception. Somebody else decides about it.
#[utoipa::path(post, path = "/api/v1/exceptions", tag = "exceptions", params(("idempotency-key" = Option<String>, Header)), request_body = Form,
    responses((status = 201, body = View), Problem), extensions(("x-permission" = json!("exception.request"))))]
pub(crate) async fn request(
    State(portal): State<Portal>,
    allowed: Allowed<ExceptionRequest>,
    headers: HeaderMap,
    Json(form): Json<Form>,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let once = slice::once(&headers)?;
    let view = portal
        .write(move |tx| ask(tx, &allowed, &form, now, once.is_some()))
        .await?;
    Ok((StatusCode::CREATED, EntityTag::of_revision(1), Json(view)).into_response())
}

/// Asks for an exception in a transaction. `once`: what was asked for in the same words stands for it.
pub(crate) fn ask(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ExceptionRequest>,
    form: &Form,
    now: i64,
    once: bool,
) -> Result<View, Problem> {
    lets(tx, allowed, form.scope.product.as_deref())?;
    crate::policy::from_here(decisions::policy(tx)?.as_ref())?;
    let id = match &form.id {
        Some(id) => id.clone(),
        None => free_id(tx, now)?,
    };
    let justification = match form.justification.as_deref() {
        None => None,
        Some(word) => Some(
            stanchion_model::vex::Justification::from_word(word).ok_or_else(|| {
                Problem::unprocessable("The justification is none.")
                    .field("justification", "a label of VEX")
            })?,
        ),
    };
    let entry = Entry {
        id: id.clone(),
        scope: ExceptionScope {
            ids: form.scope.ids.clone(),
            rules: form.scope.rules.clone(),
            purl: form.scope.purl.clone(),
            versions: form.scope.versions.clone(),
            product: form.scope.product.clone(),
            paths: form.scope.paths.clone(),
        },
        reason: Some(form.reason.clone()),
        compensating_control: form.compensating_control.clone(),
        requested_by: Some(allowed.name.clone()),
        // Only for reading it: nobody has allowed it yet.
        approver: Some("nobody".into()),
        approved_on: None,
        expires: Some(form.expires.clone()),
        justification,
        line: 0,
    };
    let until = usable(&entry)?;
    if until <= now {
        return Err(
            Problem::unprocessable("The exception ends before it begins.")
                .field("expires", "a day to come"),
        );
    }
    let entry = Entry {
        approver: None,
        ..entry
    };
    if once && let Some(row) = sent_before(tx, &allowed.name, form.id.as_deref(), &entry, now)? {
        return View::of(row, now);
    }
    let row = Exception {
        id: id.clone(),
        state: "requested".into(),
        product: form.scope.product.clone(),
        entry: serde_json::to_string(&entry).map_err(|error| Problem::internal(&error))?,
        requested_by: allowed.name.clone(),
        decided_by: None,
        decided_at: None,
        expires: Some(until),
        created: now,
        revision: 1,
    };
    decisions::add_exception(tx, &row)?;
    let told = event(tx, "exception.requested", &row)?;
    events::add(tx, now, &[told])?;
    note(
        tx,
        now,
        allowed,
        "exception.request",
        &id,
        None,
        Some(&row.entry),
    )?;
    View::of(row, now)
}

/// What somebody asked for within 24 hours in the same words, and nobody has decided about.
fn sent_before(
    tx: &mut Tx<'_>,
    by: &str,
    id: Option<&str>,
    entry: &Entry,
    now: i64,
) -> Result<Option<Exception>, Problem> {
    let ids: Vec<String> = tx.all(
        "SELECT id FROM exception WHERE state = 'requested' AND requested_by = ?1 AND created > ?2 ORDER BY id",
        stanchion_store::params![by, now - slice::SAME],
        |row| row.get(0),
    )?;
    for known in ids {
        if id.is_some_and(|id| id != known) {
            continue;
        }
        let Some(row) = decisions::exception(tx, &known)? else {
            continue;
        };
        let same = Entry {
            id: entry.id.clone(),
            ..kept("an exception", &row.entry)?
        };
        if same == *entry {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The event of an exception.
fn event(tx: &mut Tx<'_>, kind: &'static str, row: &Exception) -> Result<NewEvent, Problem> {
    let product = match &row.product {
        Some(name) => products::by_name(tx, name)?.map(|product| product.id),
        None => None,
    };
    Ok(NewEvent {
        kind,
        product,
        subject: row.id.clone(),
        body: json!({
            "exception": row.id, "state": row.state, "product": row.product,
            "by": row.decided_by.as_ref().unwrap_or(&row.requested_by),
        })
        .to_string(),
    })
}

/// An id that nobody has: `EX-2026-014`.
fn free_id(tx: &mut Tx<'_>, now: i64) -> Result<String, Problem> {
    let year: String = text_of(now).chars().take(4).collect();
    let start = format!("EX-{year}-");
    let taken: i64 = tx
        .first(
            "SELECT COUNT(*) FROM exception WHERE id >= ?1 AND id < ?2",
            stanchion_store::params![&start, format!("EX-{year}.")],
            |row| row.get(0),
        )?
        .unwrap_or(0);
    let mut number = taken + 1;
    loop {
        let id = format!("{start}{number:03}");
        if decisions::exception(tx, &id)?.is_none() {
            return Ok(id);
        }
        number += 1;
    }
}

/// Whether the reader of the policy takes an exception, and its last second.
fn usable(entry: &Entry) -> Result<i64, Problem> {
    let text = format!("schema = \"{SCHEMA}\"\n\n{}", record::block(entry));
    let mut read = Exceptions::default();
    let faults = read.read(FILE, &text, "", &Calendar::default());
    let broken = read
        .entries()
        .first()
        .and_then(|entry| entry.broken.clone());
    if let Some(reason) = faults.first().map(|fault| fault.message.clone()).or(broken) {
        return Err(Problem::unprocessable(slice::sentence(&format!(
            "the exception cannot be used: {reason}"
        )))
        .hint("docs/exceptions.md has every field."));
    }
    let expires = entry.expires.as_deref().unwrap_or_default();
    let full = if expires.len() == 10 {
        format!("{expires}T23:59:59Z")
    } else {
        expires.to_owned()
    };
    full.parse::<Timestamp>()
        .map(Timestamp::as_second)
        .map_err(|_| {
            Problem::unprocessable("The end cannot be read.")
                .field("expires", "YYYY-MM-DD, or RFC 3339")
        })
}

/// An exception.
#[utoipa::path(get, path = "/api/v1/exceptions/{id}", tag = "exceptions", params(("id" = String, Path)),
    responses((status = 200, body = View), (status = 304), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = portal.engine.now();
    let (tag, view) = portal
        .read(move |tx| {
            let row = found(tx, &allowed, &id)?;
            let tag = EntityTag::of_revision(row.revision.max(0).cast_unsigned());
            Ok::<_, Problem>((tag, View::of(row, now)?))
        })
        .await?;
    Ok(tag
        .not_modified(&headers)
        .unwrap_or_else(|| (tag.clone(), Json(view)).into_response()))
}

/// An exception that somebody may see.
pub(crate) fn found(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    id: &str,
) -> Result<Exception, Problem> {
    let row = decisions::exception(tx, id)?.ok_or_else(absent)?;
    if row.product.is_some() {
        lets(tx, allowed, row.product.as_deref()).map_err(|_| absent())?;
    }
    Ok(row)
}

/// What somebody may do about an exception: decide about it, and end it.
pub(crate) fn may(tx: &mut Tx<'_>, who: &Who, row: &Exception, now: i64) -> (bool, bool) {
    let own = row.requested_by == who.name;
    let decides = Allowed::<ExceptionDecide>::of(who.clone())
        .is_ok_and(|allowed| lets(tx, &allowed, row.product.as_deref()).is_ok());
    let asks = Allowed::<ExceptionRequest>::of(who.clone())
        .is_ok_and(|allowed| lets(tx, &allowed, row.product.as_deref()).is_ok());
    let holds = match row.state.as_str() {
        "requested" => true,
        "approved" => row.expires.is_none_or(|end| end >= now),
        _ => false,
    };
    (
        decides && !own && row.state == "requested",
        asks && (own || decides) && holds,
    )
}

/// Something that happened to an exception.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExceptionHappened)]
pub(crate) struct Happened {
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) by: String,
    /// `requested`, `approved`, `rejected` or `revoked`.
    pub(crate) what: String,
    /// What they said.
    pub(crate) note: String,
}

/// What happened to an exception, the latest first; at most 100.
#[utoipa::path(get, path = "/api/v1/exceptions/{id}/history", tag = "exceptions", params(("id" = String, Path)),
    responses((status = 200, body = [Happened]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn history(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Happened>>, Problem> {
    let all = portal
        .read(move |tx| {
            let row = found(tx, &allowed, &id)?;
            Ok::<_, Problem>(audit::list(tx, Some(&row.id), None, None, 100)?)
        })
        .await?;
    let all = all.into_iter().filter_map(|entry| {
        let after = entry.after.unwrap_or_default();
        let (what, note) = match entry.action.as_str() {
            "exception.request" => ("requested", String::new()),
            "exception.decide" => {
                let (what, note) = after
                    .split_once(": ")
                    .unwrap_or((after.trim_end_matches(':'), ""));
                let what = if what == "approved" {
                    "approved"
                } else {
                    "rejected"
                };
                (what, note.to_owned())
            }
            "exception.revoke" => ("revoked", after),
            _ => return None,
        };
        Some(Happened {
            at: text_of(entry.at),
            by: entry.actor,
            what: what.to_owned(),
            note,
        })
    });
    Ok(Json(all.collect()))
}

fn absent() -> Problem {
    Problem::not_found("There is no such exception, or you may not see it.")
}

/// What is decided.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ExceptionDecision)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    /// Allowed, or refused.
    pub(crate) approve: bool,
    /// Why; needed where it is refused.
    #[serde(default)]
    pub(crate) note: String,
}

/// Allows or refuses an exception that is asked for. Nobody decides about what they asked for themselves, and whoever the
/// policy names has to do it.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/decision", tag = "exceptions", params(("id" = String, Path), ("if-match" = Option<String>, Header)),
    request_body = Decided, responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("exception.decide"))))]
pub(crate) async fn decide(
    State(portal): State<Portal>,
    allowed: Allowed<ExceptionDecide>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(decided): Json<Decided>,
) -> Result<Json<View>, Problem> {
    if decided.note.len() > 2_000 || (!decided.approve && decided.note.trim().is_empty()) {
        return Err(Problem::unprocessable("Say why.").field("note", "1 to 2,000 bytes"));
    }
    portal
        .blocking(move |portal| {
            let now = portal.engine.now();
            // The policy says who may allow what; it is read outside of the transaction and is the same inside, or the
            // revision of what it was made of has changed and the next scan tells.
            let policy = portal.engine.policy_for(None)?.filter(|state| state.own);
            portal.engine.store().write(|tx| {
                let mut row = decisions::exception(tx, &id)?.ok_or_else(absent)?;
                lets(tx, &allowed, row.product.as_deref())?;
                if headers.contains_key("if-match") {
                    EntityTag::of_revision(row.revision.max(0).cast_unsigned())
                        .require_match(&headers)?;
                }
                if row.state != "requested" {
                    return Err(Problem::conflict(format!("It is {} already.", row.state)));
                }
                if row.requested_by == allowed.name {
                    return Err(Problem::forbidden(
                        "Nobody allows what they asked for themselves.",
                    )
                    .hint("Ask somebody else who may decide."));
                }
                let mut entry: Entry = kept("an exception", &row.entry)?;
                if decided.approve {
                    entry.approver = Some(allowed.name.clone());
                    entry.approved_on = Some(text_of(now).chars().take(10).collect());
                    if let Some(policy) = &policy {
                        entitled(tx, policy, &entry, now)?;
                    }
                }
                let read = row.revision;
                let before = row.state.clone();
                row.state = if decided.approve {
                    "approved"
                } else {
                    "rejected"
                }
                .into();
                row.entry =
                    serde_json::to_string(&entry).map_err(|error| Problem::internal(&error))?;
                row.decided_by = Some(allowed.name.clone());
                row.decided_at = Some(now);
                row.revision += 1;
                if !decisions::update_exception(tx, &row, read)? {
                    return Err(Problem::precondition_failed());
                }
                after(tx, now, &row)?;
                let said = format!("{}: {}", row.state, decided.note);
                note(
                    tx,
                    now,
                    &allowed,
                    "exception.decide",
                    &row.id,
                    Some(&before),
                    Some(&said),
                )?;
                Ok(Json(View::of(row, now)?))
            })
        })
        .await
}

/// Whether the policy lets an exception be, as it is now allowed: who allows it, for how long, with what said. What it is
/// about counts with the worst severity that is known of it.
fn entitled(tx: &mut Tx<'_>, policy: &PolicyState, entry: &Entry, now: i64) -> Result<(), Problem> {
    let mut worst: Option<i64> = None;
    for id in &entry.scope.ids {
        let found: Option<i64> = tx
            .first(
                "SELECT MAX(v.severity) FROM vulnerability_alias a JOIN vulnerability v ON v.id = a.vulnerability WHERE a.alias = ?1",
                stanchion_store::params![id.to_uppercase()],
                |row| row.get(0),
            )?
            .flatten();
        worst = worst.max(found);
    }
    let severity = worst
        .and_then(|number| view::word(&view::SEVERITIES, number))
        .and_then(Severity::from_word);
    let policy = &policy.opened.policy;
    let text = format!("schema = \"{SCHEMA}\"\n\n{}", record::block(entry));
    let mut read = Exceptions::default();
    read.read(FILE, &text, "", &policy.calendar());
    let at = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH);
    match read.entries().first().map(|one| one.valid(policy, People::of(policy), severity, at)) {
        Some(Ok(())) => Ok(()),
        Some(Err(not)) => Err(Problem::forbidden(slice::sentence(&format!("the policy does not allow it: {not}")))
            .hint("Have somebody decide whom the policy names, or ask for it anew as the policy wants it.")),
        None => Err(Problem::unprocessable("The exception cannot be read any more.")),
    }
}

/// Tells of a decision, and judges again what it touches.
fn after(tx: &mut Tx<'_>, now: i64, row: &Exception) -> Result<(), Problem> {
    let told = event(tx, "exception.decided", row)?;
    events::add(tx, now, &[told])?;
    let key = row.product.clone().unwrap_or_default();
    let payload = row
        .product
        .as_ref()
        .map_or_else(|| json!({}), |product| json!({ "product": product }));
    runner::add(tx, "judge", &key, &payload, 70, now)?;
    Ok(())
}

/// Why it ends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ExceptionRevocation)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoked {
    /// 1 to 2,000 bytes.
    pub(crate) note: String,
}

/// Ends an exception before its time, or takes a request back.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/revocation", tag = "exceptions", params(("id" = String, Path)), request_body = Revoked,
    responses((status = 200, body = View), Problem), extensions(("x-permission" = json!("exception.request"))))]
pub(crate) async fn revoke(
    State(portal): State<Portal>,
    allowed: Allowed<ExceptionRequest>,
    Path(id): Path<String>,
    Json(form): Json<Revoked>,
) -> Result<Json<View>, Problem> {
    if form.note.trim().is_empty() || form.note.len() > 2_000 {
        return Err(Problem::unprocessable("Say why.").field("note", "1 to 2,000 bytes"));
    }
    let now = portal.engine.now();
    let view = portal
        .write(move |tx| {
            let mut row = decisions::exception(tx, &id)?.ok_or_else(absent)?;
            lets(tx, &allowed, row.product.as_deref())?;
            // To end an exception is never to loosen: whoever asked may, and whoever decides.
            let decides = allowed.may_anywhere(ExceptionDecide::NAME);
            if row.requested_by != allowed.name && !decides {
                return Err(Problem::forbidden(
                    "Only whoever asked for it, or whoever decides, ends an exception.",
                ));
            }
            if !matches!(row.state.as_str(), "requested" | "approved") {
                return Err(Problem::conflict(format!("It is {} already.", row.state)));
            }
            let (read, before) = (row.revision, row.state.clone());
            row.state = "revoked".into();
            row.decided_at = Some(now);
            row.decided_by = Some(allowed.name.clone());
            row.revision += 1;
            if !decisions::update_exception(tx, &row, read)? {
                return Err(Problem::precondition_failed());
            }
            after(tx, now, &row)?;
            note(
                tx,
                now,
                &allowed,
                "exception.revoke",
                &row.id,
                Some(&before),
                Some(&form.note),
            )?;
            View::of(row, now)
        })
        .await?;
    Ok(Json(view))
}
