//! Products, what they are made of, and how inventories come in from a browser.

mod change;
mod components;
mod contents;
mod hand_in;
mod held;
mod list;
mod multipart;
mod overview;

use axum::Router;
use stanchion_store::products::{self, Product, Version};
use stanchion_store::{Id, Tx};
use stanchion_ui::frame::Around;
use stanchion_ui::product::{Choice, Head};
use stanchion_ui::products::Numbers;

use crate::http::Problem;
use crate::people::{Allowed, ProductRead};
use crate::portal::Portal;
use crate::products::standings::StandingView;

/// Versions that can be chosen from.
const CHOICES: usize = 100;
/// Products that browsers offer while somebody types.
const OFFERS: usize = 300;
/// What may be allowed on some products and not on others.
const BY_PRODUCT: [&str; 2] = ["product.write", "inventory.push"];

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .merge(list::routes())
        .merge(change::routes())
        .merge(overview::routes())
        .merge(contents::routes())
        .merge(held::routes())
        .merge(hand_in::routes())
        .merge(components::routes())
}

/// What stands above the tabs of a product: what somebody may not see is not named.
fn head(
    tx: &mut Tx<'_>,
    allowed: &Allowed<ProductRead>,
    product: &Product,
) -> Result<Head, Problem> {
    let mut above = Vec::new();
    for id in products::above(tx, product.id)? {
        if id == product.id {
            continue;
        }
        match products::by_id(tx, id)? {
            Some(one) if allowed.on(tx, &one).is_ok() => above.push(one.name),
            _ => break,
        }
    }
    above.reverse();
    Ok(Head {
        name: product.name.clone(),
        bought: product.kind == "bought",
        above,
    })
}

/// What somebody may do on this product and not only on some other.
fn here(
    tx: &mut Tx<'_>,
    around: &Around,
    allowed: &Allowed<ProductRead>,
    product: &Product,
) -> Result<Around, Problem> {
    let above = products::above(tx, product.id)?;
    let mut around = around.clone();
    around
        .permissions
        .retain(|name| !BY_PRODUCT.contains(name) || allowed.may_on(name, &above, &product.tags));
    Ok(around)
}

/// The versions that came in last, to choose from, and the one that was asked for; without a word the latest that is live.
fn choices(
    tx: &mut Tx<'_>,
    product: Id,
    asked: &str,
) -> Result<(Vec<Choice>, Option<Version>), Problem> {
    let branches = products::branches(tx, product)?;
    let word = |version: &Version| {
        let branch = branches.iter().find(|branch| branch.id == version.branch);
        Choice {
            id: version.id.to_string(),
            word: format!(
                "{} on {}",
                version.name,
                branch.map_or("", |branch| &branch.name)
            ),
        }
    };
    let versions: Vec<Version> = products::versions_after(tx, product, None, CHOICES)?
        .into_iter()
        .filter(|version| version.pushed.is_some())
        .collect();
    let mut all: Vec<Choice> = versions.iter().map(word).collect();
    let chosen = if asked.is_empty() {
        versions
            .iter()
            .find(|version| version.latest)
            .or(versions.first())
            .cloned()
    } else {
        let found = match Id::parse(asked) {
            Some(id) => products::version_by_id(tx, id)?,
            None => None,
        };
        let found = found
            .filter(|version| version.product == product)
            .ok_or_else(|| Problem::not_found("There is no such version of this product."))?;
        Some(found)
    };
    if let Some(chosen) = &chosen {
        let own = word(chosen);
        if !all.contains(&own) {
            all.push(own);
        }
    }
    Ok((all, chosen))
}

/// The choice that a version is.
fn choice(all: &[Choice], version: &Version) -> Choice {
    let id = version.id.to_string();
    all.iter()
        .find(|choice| choice.id == id)
        .cloned()
        .unwrap_or(Choice {
            id,
            word: version.name.clone(),
        })
}

/// Names of products that somebody may see.
fn names(tx: &mut Tx<'_>, allowed: &Allowed<ProductRead>) -> Result<Vec<String>, Problem> {
    let only = allowed.only(tx, "product.read")?;
    let wanted = products::Wanted {
        only: only.as_deref(),
        limit: OFFERS,
        ..products::Wanted::default()
    };
    Ok(products::page(tx, &wanted)?
        .into_iter()
        .map(|product| product.name)
        .collect())
}

fn numbers(view: &StandingView) -> Numbers {
    Numbers {
        risk: view.risk,
        open: view.open,
        critical: view.critical,
        high: view.high,
        exploited: view.known_exploited,
        overdue: view.overdue,
        excepted: view.excepted,
        unowned: view.unowned,
        dated: view.dated,
    }
}

/// A problem in one line, where a page shows it above what it can show; faults that no page can show go on.
fn told(problem: Problem) -> Result<(axum::http::StatusCode, String), Problem> {
    let (status, typed) = super::around::Fields::default().wrong(problem)?;
    let faults = typed.faults.into_iter().map(|(_, fault)| fault);
    let text = typed
        .error
        .into_iter()
        .chain(faults)
        .reduce(|all, one| format!("{all} {one}"))
        .unwrap_or_default();
    Ok((status, text))
}
