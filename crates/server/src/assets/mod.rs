//! Asset lists that are kept elsewhere, as CSV: what runs where, and which of it is a product that is known.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stanchion_store::{Id, products};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::ingest::check_name;
use crate::http::{Json, Path, Problem, Query, Upload};
use crate::people::{Allowed, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::slice::{limit, note};

/// Largest list.
const MOST_BYTES: u64 = 16 << 20;
/// Most rows of a list.
const MOST_ROWS: usize = 100_000;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put))
}

/// What became of a list.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = AssetsTaken)]
pub(crate) struct Taken {
    pub(crate) rows: usize,
    /// Rows whose `product` is one that is known.
    pub(crate) known: usize,
    /// Rows that were there before, and are in the list no more.
    pub(crate) gone: u64,
    /// Lines that were not taken, and why; at most 100.
    pub(crate) refused: Vec<(u64, String)>,
}

/// Takes an asset list in: CSV with a head line, columns `name` (needed), `kind`, `owner`, `environment`, `product`, and
/// any others. It takes the place of the list of that name.
#[utoipa::path(put, path = "/api/v1/assets/{list}", tag = "assets", params(("list" = String, Path)),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Taken), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn put(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path(list): Path<String>,
    upload: Upload<MOST_BYTES>,
) -> Result<Json<Taken>, Problem> {
    check_name("list", &list)?;
    // Assets belong to the whole organisation.
    allowed.everywhere()?;
    portal
        .blocking(move |portal| {
            let now = portal.engine.now();
            let (rows, mut taken) = read(upload)?;
            portal.engine.store().write(|tx| {
                let mut values = Vec::new();
                taken.known = 0;
                for row in &rows {
                    let product = match &row.product {
                        Some(name) => products::by_name(tx, name)?.map(|product| product.id),
                        None => None,
                    };
                    taken.known += usize::from(product.is_some());
                    values.extend_from_slice(stanchion_store::params![
                        Id::derive("asset", &[list.as_bytes(), row.name.as_bytes()]),
                        &list,
                        &row.name,
                        &row.kind,
                        row.owner.as_deref(),
                        row.environment.as_deref(),
                        product,
                        &row.others,
                        now,
                    ]);
                }
                tx.insert(
                    "asset",
                    &["id", "list", "name", "kind", "owner", "environment", "product", "attributes", "seen"],
                    &values,
                    "ON CONFLICT (list, name) DO UPDATE SET kind = excluded.kind, owner = excluded.owner, environment = excluded.environment,
                         product = excluded.product, attributes = excluded.attributes, seen = excluded.seen",
                )?;
                taken.gone = tx.execute(
                    "DELETE FROM asset WHERE list = ?1 AND seen < ?2",
                    stanchion_store::params![&list, now],
                )?;
                note(tx, now, &allowed, "assets.put", &list, None, Some(&format!("{} rows", rows.len())))?;
                Ok::<_, Problem>(())
            })?;
            Ok(Json(taken))
        })
        .await
}

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) owner: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) others: String,
}

fn read(upload: Upload<MOST_BYTES>) -> Result<(Vec<Row>, Taken), Problem> {
    let wrong = |error: &dyn std::fmt::Display| {
        Problem::unprocessable(format!("The list cannot be read: {error}."))
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(upload);
    let head: Vec<String> = reader
        .headers()
        .map_err(|error| wrong(&error))?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_lowercase())
        .collect();
    if !head.iter().any(|column| column == "name") {
        return Err(Problem::unprocessable("The list has no column `name`.")
            .hint("The first line names the columns: name, kind, owner, environment, product, and any others."));
    }
    let mut taken = Taken::default();
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut others = Map::new();
        let mut row = Row {
            name: String::new(),
            kind: String::new(),
            owner: None,
            environment: None,
            product: None,
            others: String::new(),
        };
        for (column, value) in head
            .iter()
            .zip(record.iter())
            .filter(|(_, value)| !value.is_empty())
        {
            let value = value.to_owned();
            match column.as_str() {
                "name" => row.name = value,
                "kind" | "type" => row.kind = value,
                "owner" => row.owner = Some(value),
                "environment" | "env" => row.environment = Some(value),
                "product" => row.product = Some(value),
                other if others.len() < 50 => {
                    others.insert(other.to_owned(), Value::String(value));
                }
                _ => {}
            }
        }
        let fault = if row.name.is_empty() {
            Some("it has no name")
        } else if record.as_slice().len() > 20_000 {
            Some("it is longer than 20,000 bytes")
        } else if !seen.insert(row.name.clone()) {
            Some("its name stands above already")
        } else if rows.len() == MOST_ROWS {
            return Err(Problem::unprocessable(
                "The list has more than 100,000 rows.",
            ));
        } else {
            None
        };
        if let Some(fault) = fault {
            if taken.refused.len() < 100 {
                taken.refused.push((line, fault.into()));
            }
            continue;
        }
        row.others = Value::Object(others).to_string();
        rows.push(row);
    }
    taken.rows = rows.len();
    Ok((rows, taken))
}

/// Which assets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of this list.
    pub(crate) list: Option<String>,
    /// Only those that belong to no product that is known.
    #[serde(default)]
    pub(crate) unknown: bool,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// An asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asset)]
pub(crate) struct View {
    pub(crate) list: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) owner: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) product: Option<String>,
    #[schema(value_type = Object)]
    pub(crate) attributes: Value,
}

/// A page of assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<View>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Assets in the order of their ids.
#[utoipa::path(get, path = "/api/v1/assets", tag = "assets", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    allowed.everywhere()?;
    let limit = limit(asked.limit)?;
    let after = match &asked.after {
        None => Id::default(),
        Some(text) => Id::parse(text).ok_or_else(|| {
            Problem::bad_request("This is not where a page ends.")
                .field("after", "`next` of the page before")
        })?,
    };
    let page = portal
        .read(move |tx| {
            let sql = format!(
                "SELECT a.id, a.list, a.name, a.kind, a.owner, a.environment, p.name, a.attributes
                 FROM asset a LEFT JOIN product p ON p.id = a.product
                 WHERE a.id > ?1 AND (CAST(?2 AS TEXT) IS NULL OR a.list = ?2) AND (?3 = 0 OR a.product IS NULL)
                 ORDER BY a.id LIMIT {}",
                limit + 1
            );
            let mut rows: Vec<(Id, View)> = tx.all(
                &sql,
                stanchion_store::params![after, asked.list.as_deref(), asked.unknown],
                |row| {
                    let attributes: String = row.get(7)?;
                    let view = View {
                        list: row.get(1)?,
                        name: row.get(2)?,
                        kind: row.get(3)?,
                        owner: row.get(4)?,
                        environment: row.get(5)?,
                        product: row.get(6)?,
                        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
                    };
                    Ok((row.get(0)?, view))
                },
            )?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = more.then(|| rows.last().map(|(id, _)| id.to_string())).flatten();
            Ok::<_, Problem>(Page {
                items: rows.into_iter().map(|(_, view)| view).collect(),
                next,
            })
        })
        .await?;
    Ok(Json(page))
}
