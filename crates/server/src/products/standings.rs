//! Products by a query, what is worst off first, each with how it stands; and the tree that they make.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stanchion_store::query::{self, Order, PRODUCTS};
use stanchion_store::standing::{self, Standing};
use stanchion_store::{Id, Tx, Value, params};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::ProductView;
use crate::findings::lists::{Asked, PATIENCE, parse, visible};
use crate::http::{Json, Problem, Query};
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;
use crate::slice::limit;

/// Days of the line of a product.
const DAYS: i64 = 90;
/// Products of the tree.
const MOST_NODES: usize = 2_000;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(standings))
        .routes(routes!(hierarchy))
}

/// What is open of something in versions that are the latest or deployed.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct StandingView {
    /// The scores of what is open, added up.
    pub(crate) risk: f64,
    /// The highest score.
    pub(crate) worst: Option<f64>,
    /// Open findings.
    pub(crate) open: i64,
    pub(crate) critical: i64,
    pub(crate) high: i64,
    pub(crate) medium: i64,
    pub(crate) low: i64,
    pub(crate) known_exploited: i64,
    pub(crate) overdue: i64,
    pub(crate) excepted: i64,
    pub(crate) unowned: i64,
    pub(crate) fixable: i64,
    /// Has to be done by some day.
    pub(crate) dated: i64,
}

impl From<Standing> for StandingView {
    fn from(one: Standing) -> Self {
        let [critical, high, medium, low] = one.severities;
        Self {
            risk: one.risk as f64 / 10.0,
            worst: (one.worst >= 0).then_some(one.worst as f64 / 10.0),
            open: one.total,
            critical,
            high,
            medium,
            low,
            known_exploited: one.exploited,
            overdue: one.overdue,
            excepted: one.excepted,
            unowned: one.unowned,
            fixable: one.fixable,
            dated: one.dated,
        }
    }
}

/// A product with how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingRow {
    pub(crate) product: ProductView,
    pub(crate) now: StandingView,
    /// Open risk of the last 90 days, one value a day, oldest first; `null` where none is on record.
    pub(crate) days: Vec<Option<f64>>,
    /// The version that came in last.
    pub(crate) version: Option<String>,
    /// When it came in, in seconds since 1970.
    pub(crate) pushed: Option<i64>,
    /// Environments of which nobody knows what runs there.
    pub(crate) unknown: Vec<String>,
}

/// A page of products with how they stand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StandingPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<StandingRow>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Products by a query with how each stands, most open risk first.
#[utoipa::path(get, path = "/api/v1/standings", tag = "products", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn standings(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = limit(asked.limit)?;
    let mut query = parse(&PRODUCTS, asked.q.as_deref().unwrap_or_default())?;
    if query.order.is_none() {
        query.order = Some(Order {
            by: "risk",
            turned: false,
        });
    }
    portal
        .blocking(move |portal| {
            let today = portal.engine.now().div_euclid(86_400);
            portal.engine.store().read_within(PATIENCE, |tx| {
                let visible = visible(allowed.only(tx, "product.read")?);
                let page = query::products(tx, &query, &visible, asked.after.as_deref(), limit)?;
                let ids: Vec<Id> = page.rows.iter().map(|product| product.id).collect();
                let now = standing::of_all(tx, &ids)?;
                let mut days = lines(tx, &ids, today)?;
                let mut items = Vec::with_capacity(ids.len());
                for product in page.rows {
                    let id = product.id;
                    let last: Option<(String, i64)> = tx.first(
                        "SELECT name, pushed FROM version WHERE product = ?1 AND pushed IS NOT NULL ORDER BY pushed DESC LIMIT 1",
                        params![id],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )?;
                    let unknown = tx.all(
                        "SELECT DISTINCT environment FROM deployment WHERE product = ?1 AND until IS NULL AND version IS NULL ORDER BY environment LIMIT 5",
                        params![id],
                        |row| row.get(0),
                    )?;
                    let (version, pushed) = last.unzip();
                    items.push(StandingRow {
                        product: ProductView::of(tx, product)?,
                        now: now.get(&id).copied().unwrap_or(Standing { worst: -1, ..Standing::default() }).into(),
                        days: days.remove(&id).unwrap_or_default(),
                        version,
                        pushed,
                        unknown,
                    });
                }
                Ok::<_, Problem>(Json(Page {
                    items,
                    next: page.next,
                }))
            })
        })
        .await
}

/// The open risk of products day by day, for those that have any on record.
fn lines(
    tx: &mut Tx<'_>,
    products: &[Id],
    today: i64,
) -> Result<BTreeMap<Id, Vec<Option<f64>>>, Problem> {
    let first = today - DAYS + 1;
    let mut all: BTreeMap<Id, Vec<Option<f64>>> = BTreeMap::new();
    for chunk in products.chunks(100) {
        let places: Vec<String> = (2..chunk.len() + 2).map(|at| format!("?{at}")).collect();
        let sql = format!(
            "SELECT product, day, body FROM metric WHERE day >= ?1 AND product IN ({})",
            places.join(", ")
        );
        let mut values: Vec<Value<'_>> = vec![first.into()];
        values.extend(chunk.iter().map(|product| Value::from(*product)));
        tx.each(&sql, &values, |row| {
            let line = all
                .entry(row.get(0)?)
                .or_insert_with(|| vec![None; usize::try_from(DAYS).unwrap_or_default()]);
            let day: i64 = row.get(1)?;
            let place = usize::try_from(day - first)
                .ok()
                .and_then(|at| line.get_mut(at));
            if let Some(place) = place {
                *place = risk_of(&row.get::<String>(2)?);
            }
            Ok(())
        })?;
    }
    Ok(all)
}

/// The open risk in the numbers of a day.
fn risk_of(body: &str) -> Option<f64> {
    #[derive(Deserialize)]
    struct Risk {
        risk: Option<f64>,
    }
    serde_json::from_str::<Risk>(body).ok()?.risk
}

/// All products that you may see, together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    /// So many.
    pub(crate) total: i64,
    /// How they stand.
    pub(crate) now: StandingView,
    /// Those with the most open risk: name and risk.
    pub(crate) worst: Vec<(String, f64)>,
}

/// How all products stand together, and which have the most open risk.
pub(crate) fn whole(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    most: usize,
) -> Result<Whole, Problem> {
    let only = allowed.only(tx, "product.read")?;
    let total = match &only {
        Some(only) => i64::try_from(only.len()).unwrap_or(i64::MAX),
        None => tx
            .first("SELECT COUNT(*) FROM product", &[], |row| row.get(0))?
            .unwrap_or_default(),
    };
    let mut worst = Vec::new();
    for (id, one) in standing::worst(tx, only.as_deref(), None, most)? {
        if one.risk > 0
            && let Some(product) = stanchion_store::products::by_id(tx, id)?
        {
            worst.push((product.name, one.risk as f64 / 10.0));
        }
    }
    Ok(Whole {
        total,
        now: standing::sum(tx, only.as_deref())?.into(),
        worst,
    })
}

/// A product of the tree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// The product that it is a part of, as far as you may see it.
    pub(crate) parent: Option<String>,
    /// `own` or `bought`.
    pub(crate) kind: String,
    pub(crate) owner: Option<String>,
    pub(crate) now: StandingView,
}

/// The tree of products.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hierarchy {
    /// By name; at most 2,000.
    pub(crate) nodes: Vec<Node>,
    /// These are all.
    pub(crate) whole: bool,
}

/// Id, name, parent, kind and owner of a product.
type Named = (Id, String, Option<Id>, String, Option<String>);

/// Products with what each is a part of.
#[utoipa::path(get, path = "/api/v1/hierarchy", tag = "products",
    responses((status = 200, body = Hierarchy), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn hierarchy(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
) -> Result<Json<Hierarchy>, Problem> {
    let found = portal
        .read(move |tx| {
            let only = allowed.only(tx, "product.read")?;
            let only: Option<BTreeSet<Id>> = only.map(|only| only.into_iter().collect());
            let sql = format!(
                "SELECT id, name, parent, kind, owner FROM product ORDER BY name LIMIT {}",
                if only.is_some() {
                    20_000
                } else {
                    MOST_NODES + 1
                }
            );
            let mut rows: Vec<Named> = tx.all(&sql, &[], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?;
            rows.retain(|(id, ..)| only.as_ref().is_none_or(|only| only.contains(id)));
            let whole = rows.len() <= MOST_NODES;
            rows.truncate(MOST_NODES);
            let ids: Vec<Id> = rows.iter().map(|(id, ..)| *id).collect();
            let now = standing::of_all(tx, &ids)?;
            let names: BTreeMap<Id, String> = rows
                .iter()
                .map(|(id, name, ..)| (*id, name.clone()))
                .collect();
            let nodes = rows
                .into_iter()
                .map(|(id, name, parent, kind, owner)| Node {
                    name,
                    parent: parent.and_then(|parent| names.get(&parent).cloned()),
                    kind,
                    owner,
                    now: now
                        .get(&id)
                        .copied()
                        .unwrap_or(Standing {
                            worst: -1,
                            ..Standing::default()
                        })
                        .into(),
                })
                .collect();
            Ok::<_, Problem>(Hierarchy { nodes, whole })
        })
        .await?;
    Ok(Json(found))
}
