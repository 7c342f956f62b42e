//! Which index a list of findings is read from.
//!
//! Every list is short and sorted: it is read off the end of an index that has its order, and filters are answered from
//! that index where it holds the columns. Where a term is answered by few rows, those are read and sorted instead.

use super::compile::{Condition, Lead, Member, column, numbers};
use super::sql::{Piece, Statement};
use super::{ListError, Order};
use crate::{Dialect, Tx, Value};

/// Keys that an index is asked for one by one.
pub(crate) const MOST_KEYS: usize = 1_024;
/// Products of somebody who sees these alone: of more, some are always among the first of any list.
const MOST_SEEN: usize = 64;
/// Products that are gone through one by one where nothing else leads.
const MOST_PRODUCTS: usize = 5_000;
/// Rows that are read and sorted rather than looked for in an index of another order.
const FEW: usize = 2_000;

/// An index of `finding`.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    /// The column that is asked for by value, before the one of the order.
    pub(crate) key: Option<&'static str>,
    /// What it is in order by, before the id.
    pub(crate) order: &'static str,
    /// What holds for all its rows that are asked for. The words of the index itself.
    pub(crate) fixed: &'static str,
    /// What it holds.
    pub(crate) columns: u32,
}

const WIDE: u32 = column::SCORE
    | column::SEVERITY
    | column::FLAGS
    | column::VECTORS
    | column::PRODUCT
    | column::EPSS
    | column::STATE
    | column::KIND
    | column::DUE
    | column::FIRST_SEEN;
const SOME: u32 = column::SCORE | column::SEVERITY | column::FLAGS | column::PRODUCT;

macro_rules! index {
    ($constant:ident, $name:literal, $key:expr, $order:literal, $fixed:literal, $columns:expr) => {
        pub(crate) static $constant: Index = Index {
            name: $name,
            key: $key,
            order: $order,
            fixed: $fixed,
            columns: $columns,
        };
    };
}

index!(WORK, "finding_work", None, "score", "f.work = 1", WIDE);
index!(
    PRODUCT,
    "finding_product",
    Some("product"),
    "score",
    "f.work = 1",
    WIDE
);
index!(
    SEVERITY,
    "finding_severity",
    Some("severity"),
    "score",
    "f.work = 1 AND f.severity < 3",
    WIDE
);
index!(
    KEV,
    "finding_kev",
    None,
    "score",
    "f.work = 1 AND (f.flags & 1) = 1",
    SOME
);
index!(
    STATE,
    "finding_state",
    Some("state"),
    "score",
    "f.work = 1 AND f.state <> 0",
    SOME | column::STATE
);
index!(
    KIND,
    "finding_kind",
    Some("kind"),
    "score",
    "f.work = 1 AND f.kind <> 0",
    SOME | column::KIND
);
index!(
    OWNER,
    "finding_owner",
    Some("owner"),
    "score",
    "f.work = 1 AND f.owner IS NOT NULL",
    SOME | column::OWNER
);
index!(
    RULE,
    "finding_rule",
    Some("rule"),
    "score",
    "f.work = 1 AND f.rule IS NOT NULL",
    SOME | column::RULE
);
index!(
    DUE,
    "finding_due",
    None,
    "due",
    "f.work = 1 AND f.due IS NOT NULL",
    column::SEVERITY | column::FLAGS | column::PRODUCT | column::DUE
);
index!(
    NEW,
    "finding_new",
    None,
    "first_seen",
    "f.work = 1",
    column::SEVERITY | column::FLAGS | column::PRODUCT | column::FIRST_SEEN
);
index!(
    EPSS,
    "finding_epss",
    None,
    "epss",
    "f.work = 1",
    column::SEVERITY | column::FLAGS | column::PRODUCT | column::EPSS
);
index!(
    VULNERABILITY,
    "finding_vulnerability",
    Some("vulnerability"),
    "score",
    "f.work = 1",
    column::VULNERABILITY | column::SCORE | column::PRODUCT
);
index!(
    VULNERABILITY_REST,
    "finding_vulnerability",
    Some("vulnerability"),
    "score",
    "f.work = 0",
    column::VULNERABILITY | column::SCORE | column::PRODUCT
);
index!(
    COMPONENT,
    "finding_component",
    Some("component"),
    "score",
    "f.work = 1",
    column::COMPONENT | column::SCORE | column::PRODUCT
);
index!(
    COMPONENT_REST,
    "finding_component",
    Some("component"),
    "score",
    "f.work = 0",
    column::COMPONENT | column::SCORE | column::PRODUCT
);
index!(
    REST,
    "finding_rest",
    Some("product"),
    "score",
    "f.work = 0",
    column::PRODUCT | column::SCORE | column::STATE
);

index!(
    CLOSED,
    "finding_closed",
    Some("state"),
    "score",
    "f.work = 0 AND f.state >= 4",
    SOME | column::STATE
);

/// Which of the two halves of the findings are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Halves {
    /// Open in live versions.
    pub(crate) work: bool,
    /// The others.
    pub(crate) rest: bool,
}

/// An index, and for which keys it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Drive {
    pub(crate) index: &'static Index,
    pub(crate) keys: Vec<Value<'static>>,
}

/// How a list is read.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Each gives its first rows; they are merged.
    pub(crate) drives: Vec<Drive>,
    /// The condition that the drives hold by themselves.
    pub(crate) held: Option<usize>,
}

struct Candidate {
    drives: Vec<Drive>,
    held: Option<usize>,
    /// Bounds that belong to the index.
    bounds: Option<Piece>,
    /// The lower, the rather.
    rank: u8,
}

/// Chooses; `None`: nothing can be found.
pub(crate) fn plan(
    tx: &mut Tx<'_>,
    conditions: &[Condition],
    halves: Halves,
    order: Order,
) -> Result<Option<Plan>, ListError> {
    let mut candidates = Vec::new();
    for (at, condition) in conditions.iter().enumerate() {
        let Some(lead) = &condition.lead else {
            continue;
        };
        match lead {
            Lead::Members(members) => match resolved(tx, at, members, halves)? {
                Resolved::Nothing => return Ok(None),
                Resolved::Few(found) => candidates.push(found),
                Resolved::Many => {}
            },
            lead => candidates.extend(candidate(at, lead, condition, halves)),
        }
    }
    // One that is asked for few keys leaves fewer rows in vain.
    candidates.sort_by_key(|one| {
        let keys: usize = one.drives.iter().map(|drive| drive.keys.len()).sum();
        (keys > MOST_SEEN, one.rank)
    });
    let ordered = |one: &Candidate| {
        one.bounds.is_none() && one.drives.iter().all(|drive| drive.index.order == order.by)
    };
    let sure = candidates.len() == 1 && candidates.iter().all(ordered);
    let mut best: Option<(usize, usize)> = None;
    if !sure {
        for (at, candidate) in candidates.iter().enumerate() {
            let most = best.map_or(FEW, |(count, _)| count);
            let count = size(tx, candidate, most)?;
            if count < most {
                best = Some((count, at));
            }
        }
    }
    let chosen = match best {
        Some((_, at)) => Some(at),
        None => candidates.iter().position(ordered),
    };
    if let Some(at) = chosen {
        let Candidate { drives, held, .. } = candidates.swap_remove(at);
        return Ok(Some(Plan { drives, held }));
    }
    base(tx, halves, order).map(|drives| Some(Plan { drives, held: None }))
}

fn base(tx: &mut Tx<'_>, halves: Halves, order: Order) -> Result<Vec<Drive>, ListError> {
    let of = |index: &'static Index| Drive {
        index,
        keys: Vec::new(),
    };
    if !halves.rest {
        return Ok(vec![of(match order.by {
            "due" => &DUE,
            "first_seen" => &NEW,
            "epss" => &EPSS,
            _ => &WORK,
        })]);
    }
    if order.by != "score" {
        return Err(ListError::Unbounded(
            "what is closed is sorted by score; leave `sort` out, or name a product, a component or an id",
        ));
    }
    let mut products: Vec<Value<'static>> = Vec::new();
    let sql = format!(
        "SELECT id FROM product ORDER BY id LIMIT {}",
        MOST_PRODUCTS + 1
    );
    tx.each(&sql, &[], |row| {
        products.push(row.get::<crate::Id>(0)?.into());
        Ok(())
    })?;
    if products.len() > MOST_PRODUCTS {
        return Err(ListError::Unbounded(
            "for what is closed name a product, a component or an id",
        ));
    }
    let mut drives = vec![Drive {
        index: &REST,
        keys: products,
    }];
    if halves.work {
        drives.push(of(&WORK));
    }
    Ok(drives)
}

enum Resolved {
    Nothing,
    Few(Candidate),
    Many,
}

/// Looks up which keys the members of a condition stand for.
fn resolved(
    tx: &mut Tx<'_>,
    at: usize,
    members: &[Member],
    halves: Halves,
) -> Result<Resolved, ListError> {
    let mut drives = Vec::new();
    let mut held = Some(at);
    let mut rank = 0;
    let mut many = false;
    for member in members {
        let (expression, column) = match (member.column, member.product) {
            // Versions lie in products, and those have an index.
            ("version", Some(product)) => {
                held = None;
                (product, "product")
            }
            (column, _) => (member.key, column),
        };
        let mut statement = Statement::default();
        statement.push(&format!(
            "SELECT DISTINCT {expression} FROM {} WHERE ",
            member.from
        ));
        statement.piece(&member.condition, "finding");
        statement.push(&format!(" LIMIT {}", MOST_KEYS + 1));
        let keys: Vec<Value<'static>> = tx.all(&statement.text, &statement.values, |row| {
            row.get::<crate::Id>(0).map(Value::from)
        })?;
        if keys.len() > MOST_KEYS {
            many = true;
            continue;
        }
        if keys.is_empty() {
            continue;
        }
        let (work, rest) = match column {
            "vulnerability" => (&VULNERABILITY, &VULNERABILITY_REST),
            "component" => (&COMPONENT, &COMPONENT_REST),
            _ => {
                rank = 5;
                (&PRODUCT, &REST)
            }
        };
        drives.extend(both(work, rest, &keys, halves));
    }
    Ok(if many {
        Resolved::Many
    } else if drives.is_empty() {
        Resolved::Nothing
    } else {
        Resolved::Few(Candidate {
            drives,
            held,
            bounds: None,
            rank,
        })
    })
}

fn both(
    work: &'static Index,
    rest: &'static Index,
    keys: &[Value<'static>],
    halves: Halves,
) -> impl Iterator<Item = Drive> {
    let drive = |wanted: bool, index| {
        wanted.then(|| Drive {
            index,
            keys: keys.to_vec(),
        })
    };
    drive(halves.work, work)
        .into_iter()
        .chain(drive(halves.rest, rest))
}

fn candidate(at: usize, lead: &Lead, condition: &Condition, halves: Halves) -> Option<Candidate> {
    let whole = |numbers: &[i64]| numbers.iter().map(|one| Value::from(*one)).collect();
    let (index, keys, rank): (&'static Index, Vec<Value<'static>>, u8) = match lead {
        Lead::Products(keys)
            if keys.len() <= MOST_SEEN || (halves.rest && keys.len() <= MOST_KEYS) =>
        {
            return Some(Candidate {
                drives: both(&PRODUCT, &REST, keys, halves).collect(),
                held: Some(at),
                bounds: None,
                rank: 5,
            });
        }
        // What is closed is no work, and what is asked for is closed.
        Lead::State(given) if !halves.work => (&CLOSED, whole(given), 6),
        // The others know what is work alone.
        _ if halves.rest => return None,
        Lead::Kev => (&KEV, Vec::new(), 1),
        Lead::State(given) if !given.contains(&0) => (&STATE, whole(given), 2),
        Lead::Kind(given) => (&KIND, whole(given), 3),
        Lead::Owner(keys) => (&OWNER, keys.clone(), 4),
        Lead::Rule(keys) => (&RULE, keys.clone(), 4),
        Lead::Severity(given) => (&SEVERITY, whole(given), 6),
        Lead::Range(by) => {
            let index = match *by {
                "due" => &DUE,
                "epss" => &EPSS,
                _ => &NEW,
            };
            return Some(Candidate {
                drives: vec![Drive {
                    index,
                    keys: Vec::new(),
                }],
                held: None,
                bounds: Some(condition.piece.clone()),
                rank: 7,
            });
        }
        _ => return None,
    };
    Some(Candidate {
        drives: vec![Drive { index, keys }],
        held: Some(at),
        bounds: None,
        rank,
    })
}

/// How many rows a candidate has, counted up to a bound.
fn size(tx: &mut Tx<'_>, candidate: &Candidate, most: usize) -> Result<usize, ListError> {
    let mut count = 0;
    for drive in &candidate.drives {
        let mut statement = Statement::default();
        statement.push("SELECT COUNT(*) FROM (SELECT 1 FROM ");
        table(&mut statement, tx.dialect(), drive.index);
        if let Some(piece) = keys(drive) {
            statement.push(" AND ");
            statement.piece(&piece, "f");
        }
        if let Some(bounds) = &candidate.bounds {
            statement.push(" AND ");
            statement.piece(bounds, "f");
        }
        statement.push(&format!(" LIMIT {most}) AS counted"));
        let found = tx.first(&statement.text, &statement.values, |row| row.get::<i64>(0))?;
        count += usize::try_from(found.unwrap_or(0)).unwrap_or(0);
    }
    Ok(count)
}

/// That a row has one of the drive's keys.
pub(crate) fn keys(drive: &Drive) -> Option<Piece> {
    let key = drive.index.key?;
    let whole: Option<Vec<i64>> = drive
        .keys
        .iter()
        .map(|value| match value {
            Value::Int(number) => Some(*number),
            _ => None,
        })
        .collect();
    let expression = format!("{{t}}.{key}");
    Some(match whole {
        Some(whole) => numbers(&expression, &whole),
        None => Piece::one_of(&expression, drive.keys.clone()),
    })
}

/// The table, read by one index where the database can be told so, and what holds for all rows of it.
pub(crate) fn table(statement: &mut Statement, dialect: Dialect, index: &Index) {
    statement.push("finding AS f ");
    if dialect == Dialect::Sqlite {
        statement.push("INDEXED BY ");
        statement.push(index.name);
    }
    statement.push(" WHERE ");
    statement.push(index.fixed);
}
