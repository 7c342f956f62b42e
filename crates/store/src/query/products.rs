//! Lists of products.

use super::compile::{as_is, begins, numbers, range, texts};
use super::fields::{Kind, PRODUCTS};
use super::parse::{Node, Query, Term};
use super::sql::{Piece, Statement};
use super::values::{Meaning, Pattern, read};
use super::{ListError, MOST_VISIBLE, Page, Visible, cursor};
use crate::products::{Product, by_id, like};
use crate::{Id, Tx, Value};

/// Rows of a page.
const MOST_ROWS: usize = 500;

/// A page of products, by name. `cursor` is what the page before said; at most 500 rows.
pub fn products(
    tx: &mut Tx<'_>,
    query: &Query,
    visible: &Visible,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Product>, ListError> {
    if *query.list != PRODUCTS {
        return Err(ListError::List {
            given: query.list.name,
            wanted: PRODUCTS.name,
        });
    }
    let by_risk = query.ordered().by == "risk";
    let after = match cursor {
        Some(cursor) => Some(cursor::read(query, cursor)?),
        None => None,
    };
    let limit = limit.clamp(1, MOST_ROWS);
    let turned = query.ordered().turned;
    let mut statement = Statement::default();
    // One without findings has no row of its own there: nothing is open.
    let (own, from, usually_down) = if by_risk {
        (
            "COALESCE(s.risk, 0)",
            "product AS p LEFT JOIN standing AS s ON s.product = p.id",
            true,
        )
    } else {
        ("CAST(0 AS BIGINT)", "product AS p", false)
    };
    let (sign, down) = if turned == usually_down {
        (">", "")
    } else {
        ("<", " DESC")
    };
    statement.push(&format!("SELECT p.id, p.name, {own} FROM {from} WHERE ("));
    statement.piece(&condition(&query.root), "p");
    statement.push(")");
    if let Some(piece) = seen("p.id", visible)? {
        statement.push(" AND ");
        statement.piece(&piece, "p");
    }
    match after {
        None => {}
        Some(bytes) if by_risk => {
            let (risk, id) = place(&bytes).ok_or(ListError::Cursor)?;
            statement.push(&format!(" AND ({own}, p.id) {sign} ("));
            statement.value(risk.into());
            statement.push(", ");
            statement.value(id.into());
            statement.push(")");
        }
        Some(bytes) => {
            let name = String::from_utf8(bytes).map_err(|_| ListError::Cursor)?;
            statement.push(&format!(" AND p.name {sign} "));
            statement.value(name.into());
        }
    }
    let order = if by_risk {
        format!("{own}{down}, p.id{down}")
    } else {
        format!("p.name{down}")
    };
    statement.push(&format!(" ORDER BY {order} LIMIT {}", limit + 1));
    let mut found: Vec<(Id, String, i64)> = tx.all(&statement.text, &statement.values, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(id, name, risk)| {
        if by_risk {
            let mut bytes = risk.to_be_bytes().to_vec();
            bytes.extend_from_slice(&id.0);
            cursor::write(query, &bytes)
        } else {
            cursor::write(query, name.as_bytes())
        }
    });
    let mut rows = Vec::with_capacity(found.len());
    for (id, ..) in found {
        rows.extend(by_id(tx, id)?);
    }
    Ok(Page { rows, next })
}

/// What the row before was sorted by, where the order is by risk.
fn place(bytes: &[u8]) -> Option<(i64, Id)> {
    let (risk, id) = bytes.split_at_checked(8)?;
    Some((
        i64::from_be_bytes(risk.try_into().ok()?),
        Id(id.try_into().ok()?),
    ))
}

/// That a product is one that somebody may see; `None`: everybody sees all.
pub(crate) fn seen(expression: &str, visible: &Visible) -> Result<Option<Piece>, ListError> {
    match visible {
        Visible::All => Ok(None),
        Visible::Products(products) if products.len() > MOST_VISIBLE => Err(ListError::Unbounded(
            "so many products are seen one by one; bind the person to a product above them",
        )),
        Visible::Products(products) => Ok(Some(Piece::one_of(
            expression,
            products.iter().map(|id| Value::from(*id)).collect(),
        ))),
    }
}

fn condition(node: &Node) -> Piece {
    super::components::tree(node, &leaf)
}

fn leaf(term: &Term) -> Piece {
    let Ok(meaning) = read(term, 0) else {
        return Piece::new("1 = 0", Vec::new());
    };
    let lower: fn(&str) -> String = |text| text.to_ascii_lowercase();
    match (term.field.name, meaning) {
        ("text", Meaning::Texts(patterns)) => contains(&patterns),
        ("name", Meaning::Texts(patterns)) => texts("lower({t}.name)", &patterns, lower),
        ("vendor", Meaning::Texts(patterns)) => texts("lower({t}.vendor)", &patterns, lower),
        ("owner", Meaning::Texts(patterns)) => texts("{t}.owner", &patterns, as_is),
        ("tag", Meaning::Texts(patterns)) => within(
            "SELECT 1 FROM product_tag g WHERE g.product = {t}.id AND",
            texts("g.tag", &patterns, as_is),
        ),
        ("below", Meaning::Texts(patterns)) => within(
            "SELECT 1 FROM product_above a JOIN product b ON b.id = a.above WHERE a.product = {t}.id AND",
            texts("lower(b.name)", &patterns, lower),
        ),
        ("environment", Meaning::Texts(patterns)) => within(
            "SELECT 1 FROM deployment d WHERE d.product = {t}.id AND d.until IS NULL AND",
            texts("d.environment", &patterns, as_is),
        ),
        ("tier", Meaning::Range(from, to)) => range("{t}.tier", from, to),
        ("exposed", Meaning::Truth(said)) => numbers("{t}.exposed", &[i64::from(said)]),
        (name @ ("kind" | "lifecycle"), Meaning::Numbers(given)) => {
            let Kind::Words { words, .. } = term.field.kind else {
                return Piece::new("1 = 0", Vec::new());
            };
            let given = words
                .iter()
                .filter(|(_, number)| given.contains(number))
                .map(|(word, _)| Value::from(*word))
                .collect();
            Piece::one_of(&format!("{{t}}.{name}"), given)
        }
        _ => Piece::new("1 = 0", Vec::new()),
    }
}

fn contains(patterns: &[Pattern]) -> Piece {
    let parts: Vec<Piece> = patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Exact(text) => {
                let text = format!("%{}%", like(&text.to_ascii_lowercase()));
                Piece::new("lower({t}.name) LIKE ?? ESCAPE '\\'", vec![text.into()])
            }
            Pattern::Prefix(text) => begins("lower({t}.name)", &text.to_ascii_lowercase()),
            Pattern::None | Pattern::Any => Piece::new("1 = 1", Vec::new()),
        })
        .collect();
    Piece::join(&parts, " OR ")
}

/// `EXISTS` of a statement's head and a condition.
pub(crate) fn within(head: &str, condition: Piece) -> Piece {
    Piece::new(
        format!("EXISTS ({head} ({}))", condition.text),
        condition.values,
    )
}
