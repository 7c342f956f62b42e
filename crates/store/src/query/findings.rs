//! Lists of findings.

use std::collections::HashMap;

use super::compile::{Condition, Lead, column, conditions, states};
use super::fields::FINDINGS;
use super::parse::{Node, Query};
use super::plan::{Halves, plan};
use super::run::{Asked, Place};
use super::sql::{Piece, Statement};
use super::values::{Meaning, read};
use super::{ListError, MOST_VISIBLE, Page, Visible, cursor};
use crate::findings::{CLOSED, Finding, columns};
use crate::{Id, Tx, Value};

/// Rows of a page.
pub(super) const MOST_ROWS: usize = 1_000;

/// A finding as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFinding {
    /// The row.
    pub finding: Finding,
    /// Open in a live version.
    pub work: bool,
    /// Its version is the latest of its branch or deployed.
    pub live: bool,
    /// The vulnerability's name: CVE, else GHSA, else native; a check's or rule's id.
    pub vulnerability: String,
    /// The vulnerability's title. Empty for a licence or a check, whose titles are the finding's own.
    pub title: String,
    /// The component's name; of a place, the place.
    pub component: String,
    /// Empty where it is not known.
    pub component_version: String,
    /// Empty for a place.
    pub purl: String,
    /// The product's name.
    pub product: String,
    /// The name of the product's version.
    pub version: String,
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

struct Ready {
    conditions: Vec<Condition>,
    halves: Halves,
}

/// The half of the findings that a query asks for.
fn halves(query: &Query) -> Halves {
    let terms: &[Node] = match &query.root {
        Node::All(parts) => parts,
        one => std::slice::from_ref(one),
    };
    let mut halves = Halves {
        work: true,
        rest: query.all,
    };
    for term in terms {
        let Node::Term(term) = term else { continue };
        if term.field.name != "state" {
            continue;
        }
        if let Ok(Meaning::Numbers(given)) = read(term, 0) {
            let given = states(&given);
            halves.rest |= given.iter().any(|state| *state >= CLOSED);
            halves.work &= given.iter().any(|state| *state < CLOSED);
        }
    }
    halves
}

fn ready(query: &Query, visible: &Visible, now: i64) -> Result<Option<Ready>, ListError> {
    if *query.list != FINDINGS {
        return Err(ListError::List {
            given: query.list.name,
            wanted: FINDINGS.name,
        });
    }
    let mut conditions = conditions(&query.root, now);
    match visible {
        Visible::All => {}
        Visible::Products(products) if products.is_empty() => return Ok(None),
        Visible::Products(products) if products.len() > MOST_VISIBLE => {
            return Err(ListError::Unbounded(
                "so many products are seen one by one; bind the person to a product above them",
            ));
        }
        Visible::Products(products) => {
            let ids: Vec<Value<'static>> = products.iter().map(|id| Value::from(*id)).collect();
            conditions.push(Condition {
                piece: Piece::one_of("{t}.product", ids.clone()),
                columns: column::PRODUCT,
                lead: Some(Lead::Products(ids)),
            });
        }
    }
    Ok(Some(Ready {
        conditions,
        halves: halves(query),
    }))
}

fn place(bytes: &[u8]) -> Option<Place> {
    let (value, id) = bytes.split_at_checked(8)?;
    Some((
        i64::from_be_bytes(value.try_into().ok()?),
        Id(id.try_into().ok()?),
    ))
}

/// A page of findings. `now` is in seconds since 1970; `cursor` is what the page before said; at most 1,000 rows.
pub fn findings(
    tx: &mut Tx<'_>,
    query: &Query,
    visible: &Visible,
    now: i64,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<ListedFinding>, ListError> {
    let after = match cursor {
        Some(cursor) => {
            let bytes = cursor::read(query, cursor)?;
            Some(place(&bytes).ok_or(ListError::Cursor)?)
        }
        None => None,
    };
    let nothing = Page {
        rows: Vec::new(),
        next: None,
    };
    let limit = limit.clamp(1, MOST_ROWS);
    let Some(ready) = ready(query, visible, now)? else {
        return Ok(nothing);
    };
    let order = query.ordered();
    let Some(plan) = plan(tx, &ready.conditions, ready.halves, order)? else {
        return Ok(nothing);
    };
    let asked = Asked {
        plan: &plan,
        conditions: &ready.conditions,
        order,
        after,
        most: limit + 1,
    };
    let mut places = asked.places(tx)?;
    let more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().filter(|_| more).map(|(value, id)| {
        let mut bytes = value.to_be_bytes().to_vec();
        bytes.extend_from_slice(&id.0);
        cursor::write(query, &bytes)
    });
    let ids: Vec<Id> = places.iter().map(|(_, id)| *id).collect();
    Ok(Page {
        rows: rows(tx, &ids)?,
        next,
    })
}

/// How many findings there are, counted up to a bound.
pub fn count(
    tx: &mut Tx<'_>,
    query: &Query,
    visible: &Visible,
    now: i64,
    most: usize,
) -> Result<Counted, ListError> {
    let nothing = Counted::Exactly(0);
    let Some(ready) = ready(query, visible, now)? else {
        return Ok(nothing);
    };
    let order = query.ordered();
    let Some(plan) = plan(tx, &ready.conditions, ready.halves, order)? else {
        return Ok(nothing);
    };
    let asked = Asked {
        plan: &plan,
        conditions: &ready.conditions,
        order,
        after: None,
        most: most.saturating_add(1),
    };
    let found = asked.ids(tx)?;
    Ok(if found > most {
        Counted::AtLeast(most)
    } else {
        Counted::Exactly(found)
    })
}

/// What the database does for a list: for whoever tunes it.
pub fn explain(
    tx: &mut Tx<'_>,
    query: &Query,
    visible: &Visible,
    now: i64,
) -> Result<Vec<String>, ListError> {
    let Some(ready) = ready(query, visible, now)? else {
        return Ok(Vec::new());
    };
    let order = query.ordered();
    let Some(plan) = plan(tx, &ready.conditions, ready.halves, order)? else {
        return Ok(Vec::new());
    };
    let asked = Asked {
        plan: &plan,
        conditions: &ready.conditions,
        order,
        after: None,
        most: 51,
    };
    Ok(asked.explain(tx)?)
}

/// Findings by their ids, in the same order, with the names that a list shows.
pub(crate) fn rows(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<ListedFinding>, ListError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = Statement::default();
    statement.push(&format!(
        "SELECT {}, f.work, COALESCE(u.name, ''), COALESCE(u.title, ''), COALESCE(c.name, ''), COALESCE(c.version, ''), COALESCE(c.purl, ''),
            COALESCE(p.name, ''), COALESCE(v.name, ''), COALESCE(v.live, 0)
         FROM finding f LEFT JOIN vulnerability u ON u.id = f.vulnerability LEFT JOIN component c ON c.id = f.component
            LEFT JOIN product p ON p.id = f.product LEFT JOIN version v ON v.id = f.version WHERE ",
        columns("f")
    ));
    let values = ids.iter().map(|id| Value::from(*id)).collect();
    statement.piece(&Piece::one_of("{t}.id", values), "f");
    let mut found: HashMap<Id, ListedFinding> = HashMap::with_capacity(ids.len());
    tx.each(&statement.text, &statement.values, |row| {
        let finding = crate::findings::read(row)?;
        found.insert(
            finding.id,
            ListedFinding {
                finding,
                work: row.get(22)?,
                vulnerability: row.get(23)?,
                title: row.get(24)?,
                component: row.get(25)?,
                component_version: row.get(26)?,
                purl: row.get(27)?,
                product: row.get(28)?,
                version: row.get(29)?,
                live: row.get(30)?,
            },
        );
        Ok(())
    })?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
