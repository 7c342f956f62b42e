//! The first page: what needs someone now.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use stanchion_model::exception::Exception as Entry;
use stanchion_store::decisions::{self, Exception as Row};
use stanchion_store::query::{self, FINDINGS, Visible};
use stanchion_store::{Id, Tx, params, products};
use stanchion_ui::today::{Day, Exception, Need, Pile, Today, Trouble};

use crate::engine::bundle::kept;
use crate::findings::lists::{Count, PATIENCE, RowView, parse, visible};
use crate::http::Problem;
use crate::people::who::Who;
use crate::people::{Allowed, ExceptionDecide, JobRead, Permission, ProductRead, resolve, setup};
use crate::portal::Portal;

use super::around::{around, page, to};
use super::map;

/// Rows of a pile.
const FEW: usize = 5;
/// Findings that the rows of a pile are made of.
const LOOKED: usize = 60;
/// A pile is counted up to this.
const MOST: usize = 1_000;
/// Days of the line.
const DAYS: i64 = 90;
/// Products whose numbers are added up for the line, when somebody does not see all of them.
const ADDED: usize = 100;
/// An exception is about to lapse so many seconds before its end.
const LAPSING: i64 = 30 * 86_400;
/// Rows that are looked at of everything else.
const ROWS: usize = 200;

/// Title, what it means where there is none, query.
const PILES: [(&str, &str, &str); 5] = [
    (
        "Exploited",
        "Nothing that is open is known to be attacked.",
        "kev",
    ),
    ("Overdue", "Nothing is late.", "overdue sort:due"),
    (
        "Due this week",
        "Nothing falls due within seven days.",
        "due<7d -is:overdue -is:excepted sort:due",
    ),
    (
        "Without owner",
        "Everything has somebody who acts.",
        "unowned",
    ),
    (
        "New in two days",
        "Nothing new in two days.",
        "first_seen>2d",
    ),
];

/// The first page; for a stranger the way to sign-in, and to set-up where nobody can sign in yet.
pub(super) async fn home(State(portal): State<Portal>, parts: Parts) -> Result<Response, Problem> {
    let who = match resolve::who(&parts, &portal).await {
        Ok(who) => who,
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            let open = setup::is_open(&portal).await?;
            return Ok(to(if open { "/setup" } else { "/sign-in" }));
        }
        Err(problem) => return Err(problem),
    };
    let around = around(&portal, &who, &parts);
    let Ok(allowed) = Allowed::<ProductRead>::of(who.clone()) else {
        // Whoever has no role yet sees that, and not an error.
        let text = stanchion_ui::home::without_role(&around);
        return Ok(page(&portal, &around, StatusCode::OK, text));
    };
    let view = portal
        .blocking(move |portal| view(portal, &allowed, &who))
        .await?;
    let text = view.page(&around);
    Ok(page(&portal, &around, StatusCode::OK, text))
}

fn view(portal: &Portal, allowed: &Allowed<ProductRead>, who: &Who) -> Result<Today, Problem> {
    let now = portal.engine.now();
    let advisories = portal
        .engine
        .held()
        .ok()
        .and_then(|held| held.index.meta().ok())
        .and_then(|meta| map::seconds(&meta.updated));
    portal.engine.store().read_within(PATIENCE, |tx| {
        let only = allowed.only(tx, ProductRead::NAME)?;
        let all = visible(only.clone());
        let any: Option<i64> = tx.first("SELECT 1 FROM version LIMIT 1", &[], |row| row.get(0))?;
        let mut view = Today {
            nothing_yet: any.is_none(),
            advisories,
            no_policy: decisions::policy(tx)?.is_none(),
            ..Today::default()
        };
        let people: Vec<Id> = tx.all("SELECT id FROM account LIMIT 2", &[], |row| row.get(0))?;
        view.alone = people.len() < 2;
        let token: Option<i64> = tx.first("SELECT 1 FROM token LIMIT 1", &[], |row| row.get(0))?;
        view.no_token = token.is_none();
        if view.nothing_yet {
            return Ok(view);
        }
        for (title, none, query) in PILES {
            view.piles.push(pile(tx, &all, now, title, none, query)?);
        }
        exceptions(tx, who, only.as_deref(), now, &mut view)?;
        view.gaps = products::uncovered(tx, ROWS)?
            .into_iter()
            .filter(|(id, ..)| only.as_ref().is_none_or(|only| only.contains(id)))
            .map(|(_, product, what)| (product, what))
            .collect();
        if who.may_everywhere(JobRead::NAME) {
            view.troubles = troubles(tx)?;
        }
        view.days = days(tx, only.as_deref(), now)?;
        Ok(view)
    })
}

fn pile(
    tx: &mut Tx<'_>,
    all: &Visible,
    now: i64,
    title: &'static str,
    none: &'static str,
    text: &'static str,
) -> Result<Pile, Problem> {
    let query = parse(&FINDINGS, text)?;
    let rows = query::findings(tx, &query, all, now, None, LOOKED)?.rows;
    let count = if rows.len() < LOOKED {
        stanchion_ui::parts::Count::exactly(i64::try_from(rows.len()).unwrap_or_default())
    } else {
        map::count(&Count::from(query::count(tx, &query, all, now, MOST)?))
    };
    let rows = rows
        .into_iter()
        .map(|row| map::row(RowView::from(row)))
        .collect();
    let mut needs = Need::of(rows);
    needs.truncate(FEW);
    Ok(Pile {
        title,
        none,
        query: text,
        needs,
        count,
    })
}

/// Exceptions that somebody may decide about, and those that end soon.
fn exceptions(
    tx: &mut Tx<'_>,
    who: &Who,
    only: Option<&[Id]>,
    now: i64,
    view: &mut Today,
) -> Result<(), Problem> {
    let decides = who.may_anywhere(ExceptionDecide::NAME);
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let mut seen = |tx: &mut Tx<'_>, row: &Row| -> Result<bool, Problem> {
        let Some(name) = &row.product else {
            return Ok(true);
        };
        if let Some(seen) = known.get(name) {
            return Ok(*seen);
        }
        let seen = match products::by_name(tx, name)? {
            Some(product) => only.is_none_or(|only| only.contains(&product.id)),
            None => false,
        };
        known.insert(name.clone(), seen);
        Ok(seen)
    };
    if decides {
        for row in decisions::exceptions(tx, Some("requested"), "", ROWS)? {
            if row.requested_by != who.name && seen(tx, &row)? {
                view.waiting.push(exception(row)?);
            }
        }
    }
    let lapsing = decisions::lapsing(tx, now, now + LAPSING, ROWS)?;
    for row in lapsing {
        if seen(tx, &row)? {
            view.lapsing.push(exception(row)?);
        }
    }
    view.waiting.truncate(FEW * 2);
    view.lapsing.truncate(FEW * 2);
    Ok(())
}

fn exception(row: Row) -> Result<Exception, Problem> {
    let entry: Entry = kept("an exception", &row.entry)?;
    let mut about = entry.scope.ids.join(", ");
    if about.is_empty() {
        about = entry.scope.rules.join(", ");
    }
    if let Some(purl) = &entry.scope.purl {
        about = format!("{about} {purl}");
    }
    Ok(Exception {
        id: row.id,
        about: about.trim().to_owned(),
        product: row.product,
        by: row.requested_by,
        until: row.expires,
    })
}

/// What the machinery could not do.
fn troubles(tx: &mut Tx<'_>) -> Result<Vec<Trouble>, Problem> {
    let failed = stanchion_store::jobs::list(tx, Some("failed"), None, FEW)?;
    Ok(failed
        .into_iter()
        .map(|job| Trouble {
            what: if job.key.is_empty() {
                format!("The job “{}”", job.kind)
            } else {
                format!("The job “{}” for {}", job.kind, job.key)
            },
            why: job.error.unwrap_or_default(),
            address: "/admin/jobs?state=failed".into(),
        })
        .collect())
}

/// The open risk of each day, added up over what somebody may see.
fn days(tx: &mut Tx<'_>, only: Option<&[Id]>, now: i64) -> Result<Vec<Day>, Problem> {
    let today = now.div_euclid(86_400);
    // One day more, so that the line begins with what stood before.
    let since = today - DAYS - 1;
    let ids: Vec<Id> = if let Some(only) = only {
        only.iter().copied().take(ADDED).collect()
    } else {
        let few: Vec<Id> = tx.all(
            &format!("SELECT id FROM product ORDER BY id LIMIT {}", ADDED + 1),
            &[],
            |row| row.get(0),
        )?;
        // The organisation's own row stands under no product.
        if few.len() > ADDED {
            vec![Id::default()]
        } else {
            few
        }
    };
    let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
    let mut last: BTreeMap<Id, BTreeMap<i64, f64>> = BTreeMap::new();
    for id in ids {
        let days = last.entry(id).or_default();
        tx.each(
            "SELECT day, body FROM metric WHERE product = ?1 AND day >= ?2 ORDER BY day",
            params![id, since],
            |row| {
                let body: String = row.get(1)?;
                let risk = serde_json::from_str::<serde_json::Value>(&body)
                    .ok()
                    .and_then(|body| body.get("risk")?.as_f64());
                if let Some(risk) = risk {
                    days.insert(row.get(0)?, risk);
                }
                Ok(())
            },
        )?;
        for (day, risk) in &*days {
            *sums.entry(*day).or_default() += risk;
        }
    }
    Ok(sums
        .into_iter()
        .map(|(day, risk)| Day { day, risk })
        .collect())
}
