//! Products: what the organisation ships, runs or has bought.

pub(crate) mod deployments;
pub(crate) mod difference;
pub(crate) mod repository;
pub(crate) mod standings;
pub(crate) mod tree;
pub(crate) mod view;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::products::{self, Product, Wanted};
use stanchion_store::{events, inventories, sightings};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::ingest::{check_name, new_product, sight_name};
use crate::engine::tell::product_event;
use crate::http::etag::EntityTag;
use crate::http::{Json, Path, Problem, Query};
use crate::people::{Allowed, ProductRead, ProductWrite};
use crate::portal::Portal;
use crate::slice::{self, limit, note};

use view::{ProductForm, ProductView};

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(first_sights))
        .routes(routes!(uncovered))
        .routes(routes!(numbers))
        .merge(tree::router())
        .merge(deployments::router())
        .merge(repository::router())
        .merge(standings::router())
        .merge(difference::router())
}

/// The tag of a product's state.
pub(crate) fn tag_of(product: &Product) -> EntityTag {
    EntityTag::of_revision(product.revision.max(0).cast_unsigned())
}

/// Which products.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Part of the name.
    pub(crate) q: Option<String>,
    /// With this tag.
    pub(crate) tag: Option<String>,
    /// Below this product, itself included.
    pub(crate) below: Option<String>,
    /// `own` or `bought`.
    pub(crate) kind: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Rows of a page: 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<ProductView>,
    /// `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// The products that you may see, by name.
#[utoipa::path(get, path = "/api/v1/products", tag = "products", params(Asked),
    responses((status = 200, body = Page), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = limit(asked.limit)?;
    let page = portal
        .read(move |tx| {
            let only = allowed.only(tx, "product.read")?;
            let below = match &asked.below {
                Some(name) => Some(slice::product(tx, &allowed, name)?.id),
                None => None,
            };
            let wanted = Wanted {
                after: asked.after.as_deref(),
                text: asked.q.as_deref(),
                tag: asked.tag.as_deref(),
                below,
                kind: asked.kind.as_deref(),
                only: only.as_deref(),
                limit: limit + 1,
            };
            let mut found = products::page(tx, &wanted)?;
            let more = found.len() > limit;
            found.truncate(limit);
            let next = more
                .then(|| found.last().map(|last| last.name.clone()))
                .flatten();
            let items = found
                .into_iter()
                .map(|product| ProductView::of(tx, product))
                .collect::<Result<_, _>>()?;
            Ok::<_, Problem>(Page { items, next })
        })
        .await?;
    Ok(Json(page))
}

/// Makes a product.
#[utoipa::path(post, path = "/api/v1/products", tag = "products", params(("idempotency-key" = Option<String>, Header)), request_body = ProductForm,
    responses((status = 201, body = ProductView), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn create(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    headers: HeaderMap,
    Json(form): Json<ProductForm>,
) -> Result<Response, Problem> {
    check_name("product", &form.name)?;
    let now = portal.engine.now();
    let once = slice::once(&headers)?;
    let own: [u8; 16] = crate::seal::random().map_err(|error| Problem::internal(&error))?;
    let (tag, view) = portal
        .write(move |tx| {
            let mut product = Product {
                id: products::free_id(tx, &form.name)?,
                ..new_product(&form.name, now)
            };
            form.apply(tx, &allowed, &mut product)?;
            // What hangs below nothing belongs to the whole organisation.
            if product.parent.is_none() {
                allowed.everywhere()?;
            }
            if once.is_some()
                && let Some(known) = products::by_name(tx, &form.name)?
                && now - known.created < slice::SAME
                && known
                    == (Product {
                        created: known.created,
                        changed: known.changed,
                        id: known.id,
                        ..product.clone()
                    })
            {
                return Ok((tag_of(&known), ProductView::of(tx, known)?));
            }
            // One that had this name before and has another by now keeps the id that is made of it.
            if products::by_id(tx, product.id)?.is_some_and(|old| old.name != product.name) {
                product.id = stanchion_store::Id::random(own);
            }
            products::create(tx, &product)?;
            events::add(
                tx,
                now,
                &[product_event("product.created", &product, &allowed.name)],
            )?;
            let after = ProductView::of(tx, product.clone())?;
            note(
                tx,
                now,
                &allowed,
                "product.create",
                &product.name,
                None,
                Some(&after.json()),
            )?;
            Ok::<_, Problem>((tag_of(&product), after))
        })
        .await?;
    Ok((StatusCode::CREATED, tag, Json(view)).into_response())
}

/// A product.
#[utoipa::path(get, path = "/api/v1/products/{name}", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = ProductView), (status = 304), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn show(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (tag, view) = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            Ok::<_, Problem>((tag_of(&product), ProductView::of(tx, product)?))
        })
        .await?;
    Ok(tag
        .not_modified(&headers)
        .unwrap_or_else(|| (tag.clone(), Json(view)).into_response()))
}

/// Changes a product: what is not given is as for a new one. `if-match` names the state that is changed.
#[utoipa::path(put, path = "/api/v1/products/{name}", tag = "products", params(("name" = String, Path), ("if-match" = String, Header)),
    request_body = ProductForm, responses((status = 200, body = ProductView), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn change(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(form): Json<ProductForm>,
) -> Result<Response, Problem> {
    check_name("product", &form.name)?;
    let now = portal.engine.now();
    let (tag, view) = portal
        .write(move |tx| {
            let old = slice::product(tx, &allowed, &name)?;
            tag_of(&old).require_match(&headers)?;
            let before = ProductView::of(tx, old.clone())?;
            if form.name != old.name && products::is_named(tx, &old.name)? {
                return Err(Problem::conflict(
                    "Exceptions or decisions name the product by its name.",
                )
                .hint("Make them anew for the new name first, or leave the name as it is."));
            }
            let mut product = Product {
                created: old.created,
                id: old.id,
                revision: old.revision + 1,
                changed: now,
                ..new_product(&form.name, now)
            };
            form.apply(tx, &allowed, &mut product)?;
            if product.parent != old.parent && product.parent.is_none() {
                allowed.everywhere()?;
            }
            if !products::update(tx, &product, old.revision)? {
                return Err(Problem::precondition_failed());
            }
            events::add(
                tx,
                now,
                &[product_event("product.changed", &product, &allowed.name)],
            )?;
            // Owner, tier and exposure decide about dates.
            crate::engine::runner::add(
                tx,
                "judge",
                &product.name,
                &serde_json::json!({ "product": product.name }),
                50,
                now,
            )?;
            let after = ProductView::of(tx, product.clone())?;
            note(
                tx,
                now,
                &allowed,
                "product.change",
                &product.name,
                Some(&before.json()),
                Some(&after.json()),
            )?;
            Ok((tag_of(&product), after))
        })
        .await?;
    Ok((tag, Json(view)).into_response())
}

/// Takes a product away with its versions and findings. Those below it move up. The log keeps that it was there.
#[utoipa::path(delete, path = "/api/v1/products/{name}", tag = "products", params(("name" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("product.write"))))]
pub(crate) async fn remove(
    State(portal): State<Portal>,
    allowed: Allowed<ProductWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let now = portal.engine.now();
    portal
        .write(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let before = ProductView::of(tx, product.clone())?;
            products::delete(tx, &product)?;
            events::add(
                tx,
                now,
                &[product_event("product.deleted", &product, &allowed.name)],
            )?;
            note(
                tx,
                now,
                &allowed,
                "product.delete",
                &product.name,
                Some(&before.json()),
                None,
            )?;
            Ok::<_, Problem>(StatusCode::NO_CONTENT)
        })
        .await
}

/// When each finding of a product was first seen, by its key: what clocks of the command line count from.
#[utoipa::path(get, path = "/api/v1/products/{name}/sightings", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = std::collections::BTreeMap<String, i64>), (status = 304), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn first_sights(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seen = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let seen = sightings::of(tx, &sight_name(product.id))?;
            let seen: std::collections::BTreeMap<String, i64> = seen
                .into_iter()
                .map(|(key, seen)| (key, seen.first))
                .collect();
            Ok::<_, Problem>(seen)
        })
        .await?;
    let bytes = serde_json::to_vec(&seen).map_err(|error| Problem::internal(&error))?;
    let tag = EntityTag::of_bytes(&bytes);
    Ok(tag
        .not_modified(&headers)
        .unwrap_or_else(|| (tag.clone(), Json(seen)).into_response()))
}

/// Something without an inventory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Gap {
    pub(crate) product: String,
    /// `product`, or the environment of a deployment.
    pub(crate) what: String,
}

/// What nobody can answer for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// Live versions with an inventory.
    pub(crate) covered: i64,
    /// When the oldest of their inventories came, in seconds since 1970.
    pub(crate) oldest: Option<i64>,
    /// Products and deployments without an inventory; at most 500.
    pub(crate) gaps: Vec<Gap>,
}

/// Products and deployments without an inventory.
#[utoipa::path(get, path = "/api/v1/coverage", tag = "products",
    responses((status = 200, body = Coverage), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn uncovered(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
) -> Result<Json<Coverage>, Problem> {
    let coverage = portal
        .read(move |tx| {
            let only = allowed.only(tx, "product.read")?;
            let (covered, oldest) = inventories::reach(tx)?;
            let gaps = products::uncovered(tx, slice::MOST)?
                .into_iter()
                .filter(|(id, ..)| only.as_ref().is_none_or(|only| only.contains(id)))
                .map(|(_, product, what)| Gap { product, what })
                .collect();
            Ok::<_, Problem>(Coverage {
                covered,
                oldest,
                gaps,
            })
        })
        .await?;
    Ok(Json(coverage))
}

/// The numbers of one day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Day {
    /// `YYYY-MM-DD`.
    pub(crate) day: String,
    #[schema(value_type = Object)]
    pub(crate) numbers: serde_json::Value,
}

/// The numbers of a product, day by day; at most the last 800.
#[utoipa::path(get, path = "/api/v1/products/{name}/metrics", tag = "products", params(("name" = String, Path)),
    responses((status = 200, body = [Day]), Problem), extensions(("x-permission" = json!("product.read"))))]
pub(crate) async fn numbers(
    State(portal): State<Portal>,
    allowed: Allowed<ProductRead>,
    Path(name): Path<String>,
) -> Result<Json<Vec<Day>>, Problem> {
    let days = portal
        .read(move |tx| {
            let product = slice::product(tx, &allowed, &name)?;
            let rows: Vec<(i64, String)> = tx.all(
                "SELECT day, body FROM metric WHERE product = ?1 ORDER BY day DESC LIMIT 800",
                stanchion_store::params![product.id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let days = rows
                .into_iter()
                .rev()
                .map(|(day, body)| Day {
                    day: crate::engine::text_of(day * 86_400)
                        .chars()
                        .take(10)
                        .collect(),
                    numbers: serde_json::from_str(&body).unwrap_or_default(),
                })
                .collect();
            Ok::<_, Problem>(days)
        })
        .await?;
    Ok(Json(days))
}
