//! Tokens of everybody, and what the pages about tokens share.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use stanchion_store::{Id, products};
use stanchion_ui::admin::tokens::{Token, Tokens};
use stanchion_ui::parts::encoded;

use crate::http::{Json, Path, Problem, Query};
use crate::people::permission::{PeopleRead, PeopleWrite};
use crate::people::{Allowed, Call, Permission, ProductRead, Who, tokens};
use crate::portal::Portal;
use crate::slice;

use super::super::around::{Fields, Posted, Viewer, done, page, say};
use super::super::own_path;
use super::super::sheet;
use super::{MOST_LISTED, at};

/// Rows of a page.
const ROWS: usize = 100;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/admin/tokens", get(show))
        .route("/admin/tokens.csv", get(csv_file))
        .route("/admin/tokens.json", get(json_file))
        .route("/admin/tokens/revoke", post(revoke))
}

#[derive(Deserialize)]
struct Address {
    after: Option<String>,
}

async fn show(
    State(portal): State<Portal>,
    viewer: Viewer<PeopleRead>,
    Query(address): Query<Address>,
) -> Result<Response, Problem> {
    let later = address.after.is_some();
    let wanted = tokens::Wanted {
        after: address.after,
        limit: Some(ROWS),
    };
    let Json(listed) = tokens::all(State(portal.clone()), viewer.allowed, Query(wanted)).await?;
    let all = listed
        .tokens
        .into_iter()
        .map(|one| ((one.account, one.account_name), one.view));
    let view = Tokens {
        tokens: shown_tokens(&portal, all).await?,
        later,
        next: listed
            .next
            .map(|next| format!("/admin/tokens?after={}", encoded(&next))),
    };
    let text = view.page(&viewer.around);
    Ok(page(&portal, &viewer.around, StatusCode::OK, text))
}

/// Every token.
async fn every(
    portal: &Portal,
    allowed: &Allowed<PeopleRead>,
) -> Result<Vec<tokens::Owned>, Problem> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let wanted = tokens::Wanted {
            after: after.take(),
            limit: Some(slice::MOST),
        };
        let state = State(portal.clone());
        let Json(listed) = tokens::all(state, allowed.clone(), Query(wanted)).await?;
        all.extend(listed.tokens);
        match listed.next {
            Some(next) if all.len() < MOST_LISTED => after = Some(next),
            _ => return Ok(all),
        }
    }
}

async fn csv_file(
    State(portal): State<Portal>,
    viewer: Viewer<PeopleRead>,
) -> Result<Response, Problem> {
    let heads = [
        "name",
        "account",
        "permissions",
        "product",
        "created",
        "expires",
        "last_used",
        "revoked",
    ];
    let rows = every(&portal, &viewer.allowed)
        .await?
        .into_iter()
        .map(|one| {
            vec![
                one.view.name,
                one.account_name,
                one.view.permissions.join(" "),
                one.view.product.unwrap_or_default(),
                one.view.created,
                one.view.expires,
                one.view.used.unwrap_or_default(),
                one.view.revoked.unwrap_or_default(),
            ]
        });
    sheet::table("tokens", &heads, rows)
}

async fn json_file(
    State(portal): State<Portal>,
    viewer: Viewer<PeopleRead>,
) -> Result<Response, Problem> {
    let all = every(&portal, &viewer.allowed).await?;
    sheet::json("tokens", &all)
}

/// Tokens as pages show them, with products by their names.
pub(in crate::pages) async fn shown_tokens(
    portal: &Portal,
    all: impl Iterator<Item = ((String, String), tokens::View)>,
) -> Result<Vec<Token>, Problem> {
    let mut shown: Vec<Token> = all
        .map(|(owner, view)| Token {
            id: view.id,
            name: view.name,
            owner,
            permissions: view.permissions,
            product: view.product,
            created: at(&view.created),
            expires: at(&view.expires),
            used: view.used.as_deref().map(at),
            revoked: view.revoked.as_deref().map(at),
        })
        .collect();
    let ids: BTreeSet<Id> = shown
        .iter()
        .filter_map(|token| Id::parse(token.product.as_deref()?))
        .collect();
    if ids.is_empty() {
        return Ok(shown);
    }
    let names: BTreeMap<String, String> = portal
        .read(move |tx| {
            let mut names = BTreeMap::new();
            for id in &ids {
                if let Some(product) = products::by_id(tx, *id)? {
                    names.insert(id.to_string(), product.name);
                }
            }
            Ok(names)
        })
        .await?;
    for token in &mut shown {
        let name = token.product.as_ref().and_then(|id| names.get(id));
        if let Some(name) = name {
            token.product = Some(name.clone());
        }
    }
    Ok(shown)
}

/// Fields of the operation, and what the form calls them.
pub(in crate::pages) fn names() -> [(&'static str, &'static str); 1] {
    [("name", "token_name")]
}

/// The token that a form asks for. A product that `who` may not see is not there.
pub(in crate::pages) async fn create_of(
    portal: &Portal,
    who: &Who,
    fields: &Fields,
) -> Result<tokens::Create, Problem> {
    let days = fields.number("days").map_err(|_| {
        Problem::unprocessable("This token cannot be made.").field("days", "is 1 to 365")
    })?;
    let product = match fields.some("product") {
        None => None,
        Some(name) => {
            let who = who.clone();
            let found = portal
                .read(move |tx| {
                    let Some(product) = products::by_name(tx, &name)? else {
                        return Ok(None);
                    };
                    let above = products::above(tx, product.id)?;
                    let sees = who.may_on(ProductRead::NAME, &above, &product.tags);
                    Ok(sees.then_some(product.id))
                })
                .await?;
            let found = found.ok_or_else(|| {
                Problem::unprocessable("This token cannot be made.")
                    .field("product", "names a product that is not there")
            })?;
            Some(found.to_string())
        }
    };
    Ok(tokens::Create {
        name: fields.text("token_name").to_owned(),
        permissions: fields.all("permissions"),
        product,
        days,
    })
}

async fn revoke(
    State(portal): State<Portal>,
    call: Call,
    posted: Posted<PeopleWrite>,
) -> Result<Response, Problem> {
    let fields = &posted.fields;
    let back = match fields.text("back_to") {
        "" => "/admin/tokens".to_owned(),
        back => own_path(Some(back)).to_owned(),
    };
    let path = Path((
        fields.text("account").to_owned(),
        fields.text("id").to_owned(),
    ));
    let said = match tokens::revoke(State(portal.clone()), call, posted.allowed, path).await {
        Ok(_) => "The token holds no more.",
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => "It held no more already.",
        Err(problem) => return Err(problem),
    };
    Ok(done(&portal, &back, say(said)))
}
