//! Lists of components.

use super::compile::{as_is, begins, ecosystem, numbers, purl, texts};
use super::fields::COMPONENTS;
use super::parse::{Node, Query, Term};
use super::products::{seen, within};
use super::sql::{Piece, Statement};
use super::values::{Meaning, Pattern, read};
use super::{ListError, Page, Visible, cursor};
use crate::{Id, Tx};

/// Rows of a page.
const MOST_ROWS: usize = 500;

/// A component as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedComponent {
    /// Its id.
    pub id: Id,
    /// The package's name.
    pub name: String,
    /// Empty where it is not known.
    pub version: String,
    /// With version.
    pub purl: String,
    /// Where it comes from.
    pub ecosystem: String,
}

/// A page of the components of live versions, by name without regard to case. `cursor` is what the page before said; at
/// most 500 rows.
pub fn components(
    tx: &mut Tx<'_>,
    query: &Query,
    visible: &Visible,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<ListedComponent>, ListError> {
    if *query.list != COMPONENTS {
        return Err(ListError::List {
            given: query.list.name,
            wanted: COMPONENTS.name,
        });
    }
    let after = match cursor {
        Some(cursor) => Some(place(&cursor::read(query, cursor)?).ok_or(ListError::Cursor)?),
        None => None,
    };
    let limit = limit.clamp(1, MOST_ROWS);
    let (sign, down) = if query.ordered().turned {
        ("<", " DESC")
    } else {
        (">", "")
    };
    let mut statement = Statement::default();
    statement.push(
        "SELECT c.id, c.name, c.version, c.purl, k.ecosystem FROM component AS c JOIN package AS k ON k.id = c.package WHERE (",
    );
    statement.piece(&tree(&query.root, &leaf), "c");
    statement.push(
        ") AND EXISTS (SELECT 1 FROM version_component s JOIN version v ON v.id = s.version WHERE s.component = c.id AND v.live = 1",
    );
    if let Some(piece) = seen("v.product", visible)? {
        statement.push(" AND ");
        statement.piece(&piece, "v");
    }
    statement.push(")");
    if let Some((name, id)) = after {
        statement.push(&format!(" AND (lower(c.name), c.id) {sign} ("));
        statement.value(name.into());
        statement.push(", ");
        statement.value(id.into());
        statement.push(")");
    }
    statement.push(&format!(
        " ORDER BY lower(c.name){down}, c.id{down} LIMIT {}",
        limit + 1
    ));
    let mut rows: Vec<ListedComponent> = tx.all(&statement.text, &statement.values, |row| {
        Ok(ListedComponent {
            id: row.get(0)?,
            name: row.get(1)?,
            version: row.get(2)?,
            purl: row.get(3)?,
            ecosystem: row.get(4)?,
        })
    })?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| {
        let mut bytes = row.id.0.to_vec();
        bytes.extend_from_slice(row.name.to_ascii_lowercase().as_bytes());
        cursor::write(query, &bytes)
    });
    Ok(Page { rows, next })
}

fn place(bytes: &[u8]) -> Option<(String, Id)> {
    let (id, name) = bytes.split_at_checked(16)?;
    Some((
        String::from_utf8(name.to_vec()).ok()?,
        Id(id.try_into().ok()?),
    ))
}

/// A tree of terms as one condition.
pub(super) fn tree(node: &Node, leaf: &dyn Fn(&Term) -> Piece) -> Piece {
    let parts = |parts: &[Node], word: &str| {
        let parts: Vec<Piece> = parts.iter().map(|part| tree(part, leaf)).collect();
        Piece::join(&parts, word)
    };
    match node {
        Node::All(inner) if inner.is_empty() => Piece::new("1 = 1", Vec::new()),
        Node::All(inner) => parts(inner, " AND "),
        Node::Any(inner) => parts(inner, " OR "),
        Node::Not(inner) => {
            let inner = tree(inner, leaf);
            Piece::new(format!("({}) IS NOT TRUE", inner.text), inner.values)
        }
        Node::Term(term) => leaf(term),
    }
}

const USED: &str = "SELECT 1 FROM version_component s JOIN version v ON v.id = s.version";

fn leaf(term: &Term) -> Piece {
    let Ok(meaning) = read(term, 0) else {
        return Piece::new("1 = 0", Vec::new());
    };
    let lower: fn(&str) -> String = |text| text.to_ascii_lowercase();
    let used = |join: &str, condition: Piece| {
        within(
            &format!("{USED}{join} WHERE s.component = {{t}}.id AND v.live = 1 AND"),
            condition,
        )
    };
    match (term.field.name, meaning) {
        ("text", Meaning::Texts(patterns)) => {
            let parts: Vec<Piece> = patterns
                .iter()
                .map(|pattern| match pattern {
                    Pattern::Exact(text) if text.starts_with("pkg:") => purl("{t}.purl", text),
                    Pattern::Exact(text) | Pattern::Prefix(text) => {
                        begins("lower({t}.name)", &text.to_ascii_lowercase())
                    }
                    Pattern::None | Pattern::Any => Piece::new("1 = 1", Vec::new()),
                })
                .collect();
            Piece::join(&parts, " OR ")
        }
        ("name", Meaning::Texts(patterns)) => texts("lower({t}.name)", &patterns, lower),
        ("version", Meaning::Texts(patterns)) => texts("{t}.version", &patterns, as_is),
        ("purl", Meaning::Texts(patterns)) => {
            let parts: Vec<Piece> = patterns
                .iter()
                .filter_map(|pattern| match pattern {
                    Pattern::Exact(text) => Some(purl("{t}.purl", text)),
                    _ => None,
                })
                .collect();
            Piece::join(&parts, " OR ")
        }
        ("ecosystem", Meaning::Texts(patterns)) => within(
            "SELECT 1 FROM package e WHERE e.id = {t}.package AND",
            texts("e.ecosystem", &patterns, ecosystem),
        ),
        ("licence", Meaning::Texts(patterns)) => within(
            "SELECT 1 FROM component_licence i WHERE i.component = {t}.id AND",
            texts("i.licence", &patterns, as_is),
        ),
        ("product", Meaning::Texts(patterns)) => used(
            " JOIN product p ON p.id = v.product",
            texts("lower(p.name)", &patterns, lower),
        ),
        ("below", Meaning::Texts(patterns)) => used(
            " JOIN product_above a ON a.product = v.product JOIN product p ON p.id = a.above",
            texts("lower(p.name)", &patterns, lower),
        ),
        ("direct", Meaning::Truth(said)) => used("", numbers("s.direct", &[i64::from(said)])),
        ("scope", Meaning::Numbers(given)) => used("", numbers("s.scope", &given)),
        _ => Piece::new("1 = 0", Vec::new()),
    }
}
