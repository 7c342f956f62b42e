//! Saved views: queries that somebody wants to come back to, and may show to everybody.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stanchion_store::query::{COMPONENTS, FINDINGS, PRODUCTS};
use stanchion_store::views::{self, SavedView};
use stanchion_store::{Id, Tx};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::findings::lists::parse;
use crate::http::{Json, Path, Problem, Query};
use crate::people::Allowed;
use crate::people::permission::Own;
use crate::people::who::Who;
use crate::portal::Portal;
use crate::products::view::is_word;

/// Views that one account may have.
const MOST: i64 = 200;

/// The operations.
pub(crate) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, save))
        .routes(routes!(forget))
}

/// A view.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedView)]
pub(crate) struct View {
    /// A UUID.
    pub(crate) id: String,
    /// `findings`, `products` or `components`.
    pub(crate) list: String,
    pub(crate) name: String,
    /// The query.
    pub(crate) query: String,
    /// What it is grouped by; empty: by nothing.
    pub(crate) group: String,
    /// Everybody may see it.
    pub(crate) shared: bool,
    /// Whoever asks saved it.
    pub(crate) own: bool,
}

/// Which views.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `findings`, `products` or `components`.
    pub(crate) list: String,
}

/// Views of a list for somebody.
pub(crate) fn of(tx: &mut Tx<'_>, who: &Who, list: &str) -> Result<Vec<View>, Problem> {
    Ok(views::of(tx, who.account, list, 200)?
        .into_iter()
        .map(|view| View {
            id: view.id.to_string(),
            own: view.account == who.account,
            list: view.list,
            name: view.name,
            query: view.query,
            group: view.grouped,
            shared: view.shared,
        })
        .collect())
}

/// One's own views of a list, and those that are for everybody.
#[utoipa::path(get, path = "/api/v1/views", tag = "views", params(Asked),
    responses((status = 200, body = [View]), Problem), extensions(("x-permission" = json!("own"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    who: Allowed<Own>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<View>>, Problem> {
    portal
        .read(move |tx| of(tx, &who, &asked.list))
        .await
        .map(Json)
}

/// A view to be kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = SavedViewForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// `findings`, `products` or `components`.
    pub(crate) list: String,
    /// 1 to 80 bytes. One of the same name is replaced.
    pub(crate) name: String,
    /// A query of the list.
    #[serde(default)]
    pub(crate) query: String,
    /// Empty, `component`, `product` or `upgrade`.
    #[serde(default)]
    pub(crate) group: String,
    /// Everybody may see it.
    #[serde(default)]
    pub(crate) shared: bool,
}

/// Keeps a view; one of the same name is replaced.
#[utoipa::path(post, path = "/api/v1/views", tag = "views", request_body = Form,
    responses((status = 201, body = View), Problem), extensions(("x-permission" = json!("own"))))]
pub(crate) async fn save(
    State(portal): State<Portal>,
    who: Allowed<Own>,
    Json(form): Json<Form>,
) -> Result<(StatusCode, Json<View>), Problem> {
    let wrong = |field: &str, message: &str| {
        Problem::unprocessable("The view cannot be saved.").field(field, message)
    };
    let list = match form.list.as_str() {
        "findings" => &FINDINGS,
        "products" => &PRODUCTS,
        "components" => &COMPONENTS,
        _ => return Err(wrong("list", "findings, products or components")),
    };
    if !is_word(&form.name) || form.name.len() > 80 {
        return Err(wrong("name", "1 to 80 bytes without control characters"));
    }
    if !matches!(
        form.group.as_str(),
        "" | "component" | "product" | "upgrade"
    ) {
        return Err(wrong("group", "component, product or upgrade"));
    }
    parse(list, &form.query)?;
    let now = portal.engine.now();
    let own: [u8; 16] = crate::seal::random().map_err(|error| Problem::internal(&error))?;
    let view = portal
        .write(move |tx| {
            let form = form.clone();
            if views::count(tx, who.account)? >= MOST {
                return Err(Problem::conflict("You have 200 views already.")
                    .hint("Forget one that you do not need any more."));
            }
            let view = SavedView {
                id: Id::random(own),
                account: who.account,
                list: form.list,
                name: form.name,
                query: form.query,
                grouped: form.group,
                shared: form.shared,
                created: now,
            };
            let id = views::put(tx, &view)?;
            Ok(View {
                id: id.to_string(),
                list: view.list,
                name: view.name,
                query: view.query,
                group: view.grouped,
                shared: view.shared,
                own: true,
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Forgets one of one's views.
#[utoipa::path(delete, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    responses((status = 204), Problem), extensions(("x-permission" = json!("own"))))]
pub(crate) async fn forget(
    State(portal): State<Portal>,
    who: Allowed<Own>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let gone = || Problem::not_found("You have no such view.");
    let id = Id::parse(&id).ok_or_else(gone)?;
    portal
        .write(move |tx| {
            if views::forget(tx, who.account, id)? {
                Ok(StatusCode::NO_CONTENT)
            } else {
                Err(gone())
            }
        })
        .await
}
