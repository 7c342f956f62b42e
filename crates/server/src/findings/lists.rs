//! Lists of findings and of components by the one query grammar, counts, completion, and "are we affected?".

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stanchion_store::contents;
use stanchion_store::findings::STATES;
use stanchion_store::query::{
    self, COMPONENTS, Counted, FINDINGS, List, ListError, ListedFinding, PRODUCTS, Query as Asking,
    QueryError, Visible,
};
use stanchion_store::search;
use stanchion_store::{Id, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{ComponentName, SEVERITIES, VulnerabilityView, kind, score, vectors, word};
use crate::engine::text_of;
use crate::http::problem::FieldError;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;
use crate::slice::limit;

/// How long a list may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// Findings that a count goes up to.
const MOST: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(count))
        .routes(routes!(components))
        .routes(routes!(licences))
        .routes(routes!(complete))
        .routes(routes!(affected))
        .routes(routes!(vulnerability))
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Store(StoreError::TooSlow) => {
                Self::unavailable("The list took longer than three seconds and was cut off.")
                    .hint("Narrow it: name a product, an id, an owner, or leave out what is rare.")
            }
            ListError::Store(error) => Self::from(error),
            ListError::Cursor => Self::bad_request("This is not where a page of this query ends.")
                .field("after", "`next` of the page before, with the same query"),
            other => Self::bad_request(crate::slice::sentence(&other.to_string()))
                .field("q", "see docs/query.md"),
        }
    }
}

/// Reads a query; what is wrong is told with its place.
pub(crate) fn parse(list: &'static List, text: &str) -> Result<Asking, Problem> {
    Asking::parse(list, text).map_err(|error: QueryError| {
        Problem::bad_request(crate::slice::sentence(&format!(
            "the query cannot be read: {}",
            error.what
        )))
        .hint(error.hint.clone())
        .error(FieldError {
            field: Some("q".into()),
            line: None,
            column: Some(error.at + 1),
            message: format!("{}; {}", error.what, error.hint),
        })
    })
}

/// What somebody may see of a list.
pub(crate) fn visible(only: Option<Vec<stanchion_store::Id>>) -> Visible {
    only.map_or(Visible::All, Visible::Products)
}

/// What is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A query: `severity>=high kev fixable due<7d product:shop -is:excepted log4j`.
    pub(crate) q: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500; 50 without it.
    pub(crate) limit: Option<usize>,
}

/// A finding as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowView {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    /// CVE, else GHSA, else native.
    pub(crate) vulnerability: String,
    pub(crate) title: String,
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) version_id: String,
    pub(crate) component: ComponentName,
    pub(crate) severity: Option<&'static str>,
    pub(crate) score: Option<f64>,
    pub(crate) state: &'static str,
    /// Open, in a version that is the latest or deployed.
    pub(crate) work: bool,
    pub(crate) known_exploited: bool,
    pub(crate) fixable: bool,
    pub(crate) upgrade_to: Option<String>,
    pub(crate) vectors: Vec<&'static str>,
    /// 0 to 1.
    pub(crate) epss: Option<f64>,
    pub(crate) owner: Option<String>,
    /// RFC 3339.
    pub(crate) due: Option<String>,
    pub(crate) exception: Option<String>,
    /// RFC 3339.
    pub(crate) first_seen: String,
}

impl From<ListedFinding> for RowView {
    fn from(listed: ListedFinding) -> Self {
        use stanchion_store::findings::flag;
        let finding = listed.finding;
        Self {
            id: finding.id.to_string(),
            kind: kind(finding.kind),
            vulnerability: listed.vulnerability,
            title: listed.title,
            product: listed.product,
            version: listed.version,
            version_id: finding.version.to_string(),
            component: ComponentName {
                id: finding.component.to_string(),
                purl: listed.purl,
                name: listed.component,
                version: listed.component_version,
            },
            severity: word(&SEVERITIES, finding.severity),
            score: score(finding.score),
            state: word(&STATES, finding.state).unwrap_or("open"),
            work: listed.work,
            known_exploited: finding.flags & flag::KEV != 0,
            fixable: finding.flags & flag::FIXABLE != 0,
            upgrade_to: finding.upgrade,
            vectors: vectors(finding.vectors),
            epss: (finding.epss >= 0).then(|| finding.epss as f64 / 10_000.0),
            owner: finding.owner,
            due: finding.due.map(text_of),
            exception: finding.exception,
            first_seen: text_of(finding.first_seen),
        }
    }
}

/// A page of findings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FindingPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<RowView>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Findings by a query, worst first: what is open in versions that are the latest or deployed, unless the query says
/// otherwise.
#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = limit(asked.limit)?;
    let query = parse(&FINDINGS, asked.q.as_deref().unwrap_or_default())?;
    portal
        .blocking(move |portal| {
            let now = portal.engine.now();
            let page = portal.engine.store().read_within(PATIENCE, |tx| {
                let visible = visible(allowed.only(tx, "product.read")?);
                Ok::<_, Problem>(query::findings(
                    tx,
                    &query,
                    &visible,
                    now,
                    asked.after.as_deref(),
                    limit,
                )?)
            })?;
            Ok(Json(Page {
                items: page.rows.into_iter().map(RowView::from).collect(),
                next: page.next,
            }))
        })
        .await
}

/// What is counted.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Counting {
    /// A query.
    pub(crate) q: Option<String>,
}

/// How many there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Count {
    pub(crate) count: usize,
    /// There are no more than that.
    pub(crate) exact: bool,
}

impl From<Counted> for Count {
    fn from(counted: Counted) -> Self {
        match counted {
            Counted::Exactly(count) => Self { count, exact: true },
            Counted::AtLeast(count) => Self {
                count,
                exact: false,
            },
        }
    }
}

/// How many findings a query has, counted up to 1,000.
#[utoipa::path(get, path = "/api/v1/findings/count", tag = "findings", params(Counting),
    responses((status = 200, body = Count), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn count(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Counting>,
) -> Result<Json<Count>, Problem> {
    let query = parse(&FINDINGS, asked.q.as_deref().unwrap_or_default())?;
    portal
        .blocking(move |portal| {
            let now = portal.engine.now();
            let counted = portal.engine.store().read_within(PATIENCE, |tx| {
                let visible = visible(allowed.only(tx, "product.read")?);
                Ok::<_, Problem>(query::count(tx, &query, &visible, now, MOST)?)
            })?;
            Ok(Json(Count::from(counted)))
        })
        .await
}

/// A page of components.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LiveComponentPage)]
pub(crate) struct ComponentPage {
    pub(crate) items: Vec<ComponentRow>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A component as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComponentRow {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) purl: String,
    pub(crate) ecosystem: String,
    /// Declared licences.
    pub(crate) licences: Vec<String>,
    /// Products that have it in such a version.
    pub(crate) products: i64,
    /// Open findings about it.
    pub(crate) open: i64,
    /// All of its uses were looked at; else there may be more of both.
    pub(crate) exact: bool,
    /// The highest score of these findings.
    pub(crate) worst: Option<f64>,
    /// The highest severity of these findings.
    pub(crate) severity: Option<&'static str>,
    /// One of them is known to be exploited.
    pub(crate) known_exploited: bool,
}

/// Components of versions that are the latest or deployed, by a query: `ecosystem:npm licence:MIT name:lod`.
#[utoipa::path(get, path = "/api/v1/components", tag = "inventories", params(Asked),
    responses((status = 200, body = ComponentPage), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn components(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<ComponentPage>, Problem> {
    let limit = limit(asked.limit)?;
    let query = parse(&COMPONENTS, asked.q.as_deref().unwrap_or_default())?;
    portal
        .blocking(move |portal| {
            portal.engine.store().read_within(PATIENCE, |tx| {
                let only = allowed.only(tx, "product.read")?;
                let own: Option<BTreeSet<Id>> = only.as_ref().map(|only| only.iter().copied().collect());
                let page = query::components(
                    tx,
                    &query,
                    &visible(only),
                    asked.after.as_deref(),
                    limit,
                )?;
                let mut items = Vec::with_capacity(page.rows.len());
                for row in page.rows {
                    let used = contents::used(tx, row.id, own.as_ref())?;
                    let licences = tx.all(
                        "SELECT licence FROM component_licence WHERE component = ?1 ORDER BY licence",
                        stanchion_store::params![row.id],
                        |row| row.get(0),
                    )?;
                    items.push(ComponentRow {
                        id: row.id.to_string(),
                        name: row.name,
                        version: row.version,
                        purl: row.purl,
                        ecosystem: row.ecosystem,
                        licences,
                        products: used.products,
                        open: used.open.count,
                        exact: used.whole,
                        worst: score(used.open.worst),
                        severity: word(&SEVERITIES, used.open.severity),
                        known_exploited: used.open.exploited,
                    });
                }
                Ok::<_, Problem>(Json(ComponentPage {
                    items,
                    next: page.next,
                }))
            })
        })
        .await
}

/// Which licences.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Licences {
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500; 50 without it.
    pub(crate) limit: Option<usize>,
}

/// A licence that components declare.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LicenceRow {
    /// As declared.
    pub(crate) licence: String,
    /// Components with it in versions that are the latest or deployed, counted up to 1,000.
    pub(crate) components: i64,
    /// There are no more than that.
    pub(crate) exact: bool,
}

/// A page of licences.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LicencePage)]
pub(crate) struct LicencePage {
    pub(crate) items: Vec<LicenceRow>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Licences that components of versions declare which are the latest or deployed, by name.
#[utoipa::path(get, path = "/api/v1/licences", tag = "inventories", params(Licences),
    responses((status = 200, body = LicencePage), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn licences(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Licences>,
) -> Result<Json<LicencePage>, Problem> {
    let limit = limit(asked.limit)?;
    portal
        .blocking(move |portal| {
            portal.engine.store().read_within(PATIENCE, |tx| {
                let visible = visible(allowed.only(tx, "product.read")?);
                let after = asked.after.as_deref().unwrap_or_default();
                let mut found = contents::declared(tx, &visible, after, limit + 1)?;
                let more = found.len() > limit;
                found.truncate(limit);
                let next = found
                    .last()
                    .filter(|_| more)
                    .map(|last| last.licence.clone());
                let items = found
                    .into_iter()
                    .map(|one| LicenceRow {
                        licence: one.licence,
                        components: one.components,
                        exact: one.exact,
                    })
                    .collect();
                Ok::<_, Problem>(Json(LicencePage { items, next }))
            })
        })
        .await
}

/// What is being written.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Typing {
    /// `findings`, `products` or `components`.
    pub(crate) list: String,
    /// What stands there.
    pub(crate) q: String,
    /// Where the cursor is, in bytes; the end without it.
    pub(crate) at: Option<usize>,
}

/// What may be written next.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionView {
    /// Where what it replaces begins, in bytes.
    pub(crate) from: usize,
    /// Where that ends.
    pub(crate) to: usize,
    pub(crate) text: String,
    pub(crate) about: String,
}

/// What may be written next in a query.
#[utoipa::path(get, path = "/api/v1/completion", tag = "findings", params(Typing),
    responses((status = 200, body = [SuggestionView]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn complete(
    _allowed: Allowed<ProductRead>,
    Query(typing): Query<Typing>,
) -> Result<Json<Vec<SuggestionView>>, Problem> {
    let list: &'static List = match typing.list.as_str() {
        "findings" => &FINDINGS,
        "products" => &PRODUCTS,
        "components" => &COMPONENTS,
        _ => {
            return Err(Problem::bad_request("There is no such list.")
                .field("list", "findings, products or components"));
        }
    };
    let at = typing.at.unwrap_or(typing.q.len());
    let all = query::complete(list, &typing.q, at);
    Ok(Json(
        all.into_iter()
            .map(|one| SuggestionView {
                from: one.from,
                to: one.to,
                text: one.text,
                about: one.about,
            })
            .collect(),
    ))
}

/// What is looked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// A CVE or GHSA id or any alias, a purl, a name, a hash, a licence, a product, a vendor.
    pub(crate) q: String,
}

/// Where it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AffectedPlace)]
pub(crate) struct Place {
    pub(crate) product: String,
    /// `null` for a product without an inventory.
    pub(crate) version: Option<String>,
    pub(crate) version_id: Option<String>,
    /// The latest of its branch, or deployed.
    pub(crate) live: bool,
    /// Where that version is deployed now.
    pub(crate) environments: Vec<String>,
    pub(crate) component: Option<ComponentName>,
    /// The worst that is open about it there.
    pub(crate) finding: Option<RowView>,
}

/// One sort of answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Part {
    /// What the input was taken for: `vulnerability`, `purl`, `hash`, `licence`, `product`, `party` or `component`.
    pub(crate) sort: &'static str,
    pub(crate) name: String,
    pub(crate) title: String,
    /// Live first, worst first; at most 50.
    pub(crate) places: Vec<Place>,
    /// How often it is in what is live.
    pub(crate) live: Count,
    /// `false`: more has this name than was looked at.
    pub(crate) whole: bool,
}

/// Where it was looked for in vain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Looked {
    /// As what.
    pub(crate) sorts: Vec<&'static str>,
    /// In so many inventories of live versions.
    pub(crate) inventories: i64,
    /// When the oldest of them came, RFC 3339.
    pub(crate) oldest: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Affected)]
pub(crate) struct Answer {
    /// It is in something that is live.
    pub(crate) affected: bool,
    pub(crate) parts: Vec<Part>,
    /// Present where nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) looked: Option<Looked>,
}

/// Are we affected by it, where, and what now?
#[utoipa::path(get, path = "/api/v1/search", tag = "findings", params(Wanted),
    responses((status = 200, body = Answer), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn affected(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Answer>, Problem> {
    if wanted.q.trim().is_empty() {
        return Err(Problem::bad_request("There is nothing to look for.")
            .field("q", "an id, a purl, a name, a hash, a licence"));
    }
    portal
        .blocking(move |portal| {
            let answer = portal.engine.store().read_within(PATIENCE, |tx| {
                let visible = visible(allowed.only(tx, "product.read")?);
                Ok::<_, Problem>(search::affected(tx, &wanted.q, &visible)?)
            })?;
            let parts: Vec<Part> = answer
                .parts
                .into_iter()
                .map(|part| Part {
                    sort: part.sort.as_str(),
                    name: part.name,
                    title: part.title,
                    places: part.rows.into_iter().map(Place::from).collect(),
                    live: Count::from(part.live),
                    whole: part.whole,
                })
                .collect();
            Ok(Json(Answer {
                affected: parts.iter().any(|part| part.live.count > 0),
                parts,
                looked: answer.looked.map(|looked| Looked {
                    sorts: looked.sorts.into_iter().map(search::Sort::as_str).collect(),
                    inventories: looked.inventories,
                    oldest: looked.oldest.map(text_of),
                }),
            }))
        })
        .await
}

impl From<search::Found> for Place {
    fn from(found: search::Found) -> Self {
        Self {
            product: found.product_name,
            version_id: found.version.as_ref().map(|(id, _)| id.to_string()),
            version: found.version.map(|(_, name)| name),
            live: found.live,
            environments: found.environments,
            component: found.component.map(|used| ComponentName {
                id: used.id.to_string(),
                purl: used.purl,
                name: used.name,
                version: used.version,
            }),
            finding: found.finding.map(|finding| RowView::from(*finding)),
        }
    }
}

/// What is said of a vulnerability, by any of its ids.
#[utoipa::path(get, path = "/api/v1/vulnerabilities/{id}", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = VulnerabilityView), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn vulnerability(
    State(portal): State<Portal>,
    _allowed: Allowed<ProductRead>,
    Path(id): Path<String>,
) -> Result<Json<VulnerabilityView>, Problem> {
    let found = portal
        .read(move |tx| {
            let known: Option<stanchion_store::Id> = tx.first(
                "SELECT vulnerability FROM vulnerability_alias WHERE alias = ?1 ORDER BY vulnerability LIMIT 1",
                stanchion_store::params![id.to_uppercase()],
                |row| row.get(0),
            )?;
            let found = match known {
                Some(known) => stanchion_store::findings::vulnerability(tx, known)?,
                None => None,
            };
            found.ok_or_else(|| {
                Problem::not_found("No product has, or ever had, a vulnerability with this id.")
                    .hint("GET /api/v1/search says where it was looked for.")
            })
        })
        .await?;
    Ok(Json(found.into()))
}
