//! From a tree to pieces of a statement over `finding`.

use stanchion_model::Ecosystem;
use stanchion_model::purl::Purl;

use super::fields::CLOSED;
use super::parse::{Node, Term};
use super::sql::{Piece, after_prefix};
use super::values::{Meaning, Pattern, read};
use crate::Value;
use crate::findings::flag;

/// Columns of `finding` as bits: what a piece needs, and what an index holds.
pub(crate) mod column {
    pub(crate) const PRODUCT: u32 = 1;
    pub(crate) const VERSION: u32 = 1 << 1;
    pub(crate) const VULNERABILITY: u32 = 1 << 2;
    pub(crate) const COMPONENT: u32 = 1 << 3;
    pub(crate) const SEVERITY: u32 = 1 << 4;
    pub(crate) const SCORE: u32 = 1 << 5;
    pub(crate) const STATE: u32 = 1 << 6;
    pub(crate) const FLAGS: u32 = 1 << 7;
    pub(crate) const VECTORS: u32 = 1 << 8;
    pub(crate) const EPSS: u32 = 1 << 9;
    pub(crate) const DUE: u32 = 1 << 10;
    pub(crate) const FIRST_SEEN: u32 = 1 << 11;
    pub(crate) const KIND: u32 = 1 << 12;
    pub(crate) const OWNER: u32 = 1 << 13;
    pub(crate) const RULE: u32 = 1 << 15;
    /// In the table alone.
    pub(crate) const OTHER: u32 = 1 << 14;
}

/// A condition over rows of other tables that leads to findings by one of their columns.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// `product`, `version`, `vulnerability` or `component`.
    pub(crate) column: &'static str,
    pub(crate) bit: u32,
    /// What equals the column.
    pub(crate) key: &'static str,
    /// Where it stands.
    pub(crate) from: &'static str,
    /// What the finding's product is then, where that is known too.
    pub(crate) product: Option<&'static str>,
    pub(crate) condition: Piece,
}

impl Member {
    /// As a condition on a row of the findings. Written so that no planner turns it into a join over everything.
    pub(crate) fn test(&self) -> Piece {
        Piece::new(
            format!(
                "EXISTS (SELECT 1 FROM {} WHERE {} = {{t}}.{} AND ({})) IS TRUE",
                self.from, self.key, self.column, self.condition.text
            ),
            self.condition.values.clone(),
        )
    }
}

/// What a term says that an index can begin with.
#[derive(Clone, Debug)]
pub(crate) enum Lead {
    /// Rows of other tables; one of them is enough.
    Members(Vec<Member>),
    /// Products that are known.
    Products(Vec<Value<'static>>),
    Severity(Vec<i64>),
    State(Vec<i64>),
    Kind(Vec<i64>),
    Kev,
    Owner(Vec<Value<'static>>),
    /// These rules decided.
    Rule(Vec<Value<'static>>),
    /// `due`, `first_seen` or `epss` within bounds.
    Range(&'static str),
}

/// One of the conditions that all have to hold.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) piece: Piece,
    /// What it reads of the row.
    pub(crate) columns: u32,
    pub(crate) lead: Option<Lead>,
}

/// The conditions of a query, and the states it asks for by name.
pub(crate) fn conditions(root: &Node, now: i64) -> Vec<Condition> {
    match root {
        Node::All(parts) => parts.iter().map(|part| condition(part, now)).collect(),
        other => vec![condition(other, now)],
    }
}

fn condition(node: &Node, now: i64) -> Condition {
    let parts = |parts: &[Node], word: &str| {
        let all: Vec<Condition> = parts.iter().map(|part| condition(part, now)).collect();
        let pieces: Vec<Piece> = all.iter().map(|one| one.piece.clone()).collect();
        Condition {
            piece: Piece::join(&pieces, word),
            columns: all.iter().fold(0, |bits, one| bits | one.columns),
            lead: None,
        }
    };
    match node {
        Node::All(inner) if inner.is_empty() => Condition {
            piece: Piece::new("1 = 1", Vec::new()),
            columns: 0,
            lead: None,
        },
        Node::All(inner) => parts(inner, " AND "),
        Node::Any(inner) => parts(inner, " OR "),
        Node::Not(inner) => {
            let inner = condition(inner, now);
            Condition {
                // What is not known is not so.
                piece: Piece::new(
                    format!("({}) IS NOT TRUE", inner.piece.text),
                    inner.piece.values,
                ),
                columns: inner.columns,
                lead: None,
            }
        }
        Node::Term(term) => leaf(term, now),
    }
}

/// Whole numbers of ours as words of a statement.
pub(crate) fn numbers(expression: &str, numbers: &[i64]) -> Piece {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    Piece::new(
        match list.as_slice() {
            [] => "1 = 0".into(),
            [one] => format!("{expression} = {one}"),
            _ => format!("{expression} IN ({})", list.join(", ")),
        },
        Vec::new(),
    )
}

/// From the first bound up to and without the second.
pub(crate) fn range(expression: &str, from: Option<i64>, to: Option<i64>) -> Piece {
    let mut parts = Vec::new();
    if let Some(from) = from {
        parts.push(Piece::new(format!("{expression} >= ??"), vec![from.into()]));
    }
    if let Some(to) = to {
        parts.push(Piece::new(format!("{expression} < ??"), vec![to.into()]));
    }
    Piece::join(&parts, " AND ")
}

/// A text column against patterns, each through `case` first.
pub(crate) fn texts(expression: &str, patterns: &[Pattern], case: fn(&str) -> String) -> Piece {
    let mut exact: Vec<Value<'static>> = Vec::new();
    let mut parts = Vec::new();
    for pattern in patterns {
        match pattern {
            Pattern::Exact(text) => exact.push(case(text).into()),
            Pattern::Prefix(start) => parts.push(begins(expression, &case(start))),
            Pattern::None => {
                parts.push(Piece::new(format!("{expression} IS NULL"), Vec::new()));
            }
            Pattern::Any => {
                parts.push(Piece::new(format!("{expression} IS NOT NULL"), Vec::new()));
            }
        }
    }
    if !exact.is_empty() {
        parts.push(Piece::one_of(expression, exact));
    }
    Piece::join(&parts, " OR ")
}

/// A text column in the order of bytes that begins so.
pub(crate) fn begins(expression: &str, start: &str) -> Piece {
    match after_prefix(start) {
        Some(end) => Piece::new(
            format!("{expression} >= ?? AND {expression} < ??"),
            vec![start.to_owned().into(), end.into()],
        ),
        None => Piece::new(format!("{expression} >= ??"), vec![start.to_owned().into()]),
    }
}

pub(crate) fn as_is(text: &str) -> String {
    text.to_owned()
}

/// A package URL, of any version where it names none.
pub(crate) fn purl(expression: &str, text: &str) -> Piece {
    let text = Purl::parse_lenient(text).map_or_else(|_| text.to_owned(), |purl| purl.to_string());
    let versioned = text
        .rsplit('/')
        .next()
        .is_some_and(|name| name.find('@').is_some_and(|at| at > 0));
    // Behind the name stand `@version`, `?qualifiers` and `#subpath`; `?` and `@` are neighbours.
    let end = if versioned { '@' } else { 'A' };
    Piece::new(
        format!(
            "{expression} = ?? OR ({expression} >= ?? AND {expression} < ??) OR ({expression} >= ?? AND {expression} < ??)"
        ),
        vec![
            text.clone().into(),
            format!("{text}?").into(),
            format!("{text}{end}").into(),
            format!("{text}#").into(),
            format!("{text}$").into(),
        ],
    )
}

/// The name of an ecosystem as it is stored.
pub(crate) fn ecosystem(text: &str) -> String {
    Ecosystem::from_word(text).map_or_else(|| text.to_owned(), |found| found.name().to_owned())
}

/// A class of weakness in the list of a vulnerability.
fn cwe(patterns: &[Pattern]) -> Piece {
    let parts: Vec<Piece> = patterns
        .iter()
        .filter_map(|pattern| match pattern {
            Pattern::Exact(text) => {
                let number = text.to_ascii_uppercase();
                let number = number.strip_prefix("CWE-").unwrap_or(&number);
                let pattern = format!("%\"CWE-{}\"%", crate::products::like(number));
                Some(Piece::new(
                    "u.cwes LIKE ?? ESCAPE '\\'",
                    vec![pattern.into()],
                ))
            }
            _ => None,
        })
        .collect();
    Piece::join(&parts, " OR ")
}

fn members(members: Vec<Member>) -> Condition {
    let tests: Vec<Piece> = members.iter().map(Member::test).collect();
    Condition {
        columns: members.iter().fold(0, |bits, one| bits | one.bit),
        piece: Piece::join(&tests, " OR "),
        lead: Some(Lead::Members(members)),
    }
}

fn of_product(key: &'static str, from: &'static str, condition: Piece) -> Condition {
    members(vec![Member {
        column: "product",
        bit: column::PRODUCT,
        key,
        from,
        product: None,
        condition,
    }])
}

fn of_version(
    key: &'static str,
    from: &'static str,
    product: &'static str,
    condition: Piece,
) -> Condition {
    members(vec![Member {
        column: "version",
        bit: column::VERSION,
        key,
        from,
        product: Some(product),
        condition,
    }])
}

fn vulnerability(key: &'static str, from: &'static str, condition: Piece) -> Member {
    Member {
        column: "vulnerability",
        bit: column::VULNERABILITY,
        key,
        from,
        product: None,
        condition,
    }
}

fn component(key: &'static str, from: &'static str, condition: Piece) -> Member {
    Member {
        column: "component",
        bit: column::COMPONENT,
        key,
        from,
        product: None,
        condition,
    }
}

fn plain(piece: Piece, columns: u32, lead: Option<Lead>) -> Condition {
    Condition {
        piece,
        columns,
        lead,
    }
}

fn flagged(bit: i64, said: bool) -> Condition {
    let piece = Piece::new(
        format!("({{t}}.flags & {bit}) = {}", if said { bit } else { 0 }),
        Vec::new(),
    );
    let lead = (bit == flag::KEV && said).then_some(Lead::Kev);
    plain(piece, column::FLAGS, lead)
}

fn leaf(term: &Term, now: i64) -> Condition {
    // What was read once is read again the same way.
    let Ok(meaning) = read(term, now) else {
        return plain(Piece::new("1 = 0", Vec::new()), 0, None);
    };
    match (term.field.name, meaning) {
        ("severity", Meaning::Numbers(given)) => {
            let lead = given.iter().all(|one| *one < 3).then(|| given.clone());
            plain(
                numbers("{t}.severity", &given),
                column::SEVERITY,
                lead.map(Lead::Severity),
            )
        }
        ("state", Meaning::Numbers(given)) => {
            let given = states(&given);
            plain(
                numbers("{t}.state", &given),
                column::STATE,
                Some(Lead::State(given)),
            )
        }
        ("kind", Meaning::Numbers(given)) => {
            let lead = (!given.contains(&0)).then(|| Lead::Kind(given.clone()));
            plain(numbers("{t}.kind", &given), column::KIND, lead)
        }
        ("scope", Meaning::Numbers(given)) => plain(
            Piece::new(
                format!(
                    "EXISTS (SELECT 1 FROM version_component s WHERE s.version = {{t}}.version AND s.component = {{t}}.component AND {})",
                    numbers("s.scope", &given).text
                ),
                Vec::new(),
            ),
            column::VERSION | column::COMPONENT,
            None,
        ),
        ("kev", Meaning::Truth(said)) => flagged(flag::KEV, said),
        ("exploited", Meaning::Truth(said)) => flagged(flag::EXPLOITED, said),
        ("fixable", Meaning::Truth(said)) => flagged(flag::FIXABLE, said),
        ("direct", Meaning::Truth(said)) => flagged(flag::DIRECT, said),
        ("dev", Meaning::Truth(said)) => flagged(flag::DEVELOPMENT, said),
        ("exposed", Meaning::Truth(said)) => of_product(
            "p.id",
            "product p",
            Piece::new(format!("p.exposed = {}", i64::from(said)), Vec::new()),
        ),
        ("vector", Meaning::Bits(bits)) => plain(
            Piece::new(format!("({{t}}.vectors & {bits}) <> 0"), Vec::new()),
            column::VECTORS,
            None,
        ),
        ("tier", Meaning::Range(from, to)) => {
            of_product("p.id", "product p", range("p.tier", from, to))
        }
        ("score", Meaning::Range(from, to)) => {
            plain(range("{t}.score", from, to), column::SCORE, None)
        }
        ("epss", Meaning::Range(from, to)) => plain(
            range("{t}.epss", from, to),
            column::EPSS,
            Some(Lead::Range("epss")),
        ),
        ("due", Meaning::Range(from, to)) => plain(
            range("{t}.due", from, to),
            column::DUE,
            Some(Lead::Range("due")),
        ),
        ("first_seen" | "age", Meaning::Range(from, to)) => plain(
            range("{t}.first_seen", from, to),
            column::FIRST_SEEN,
            Some(Lead::Range("first_seen")),
        ),
        (name, Meaning::Texts(patterns)) => text(name, &patterns),
        _ => plain(Piece::new("1 = 0", Vec::new()), 0, None),
    }
}

/// States by their numbers, with those that a word stands for.
pub(crate) fn states(given: &[i64]) -> Vec<i64> {
    let mut all: Vec<i64> = given
        .iter()
        .flat_map(|one| {
            if *one == CLOSED {
                vec![4, 5]
            } else {
                vec![*one]
            }
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn text(name: &str, patterns: &[Pattern]) -> Condition {
    let lower: fn(&str) -> String = |text| text.to_ascii_lowercase();
    let upper: fn(&str) -> String = |text| text.to_uppercase();
    match name {
        "product" => of_product("p.id", "product p", texts("lower(p.name)", patterns, lower)),
        "tag" => of_product(
            "g.product",
            "product_tag g",
            texts("g.tag", patterns, as_is),
        ),
        "below" => of_product(
            "a.product",
            "product_above a JOIN product p ON p.id = a.above",
            texts("lower(p.name)", patterns, lower),
        ),
        "version" => of_version(
            "v.id",
            "version v",
            "v.product",
            texts("v.name", patterns, as_is),
        ),
        "branch" => of_version(
            "v.id",
            "branch b JOIN version v ON v.branch = b.id",
            "v.product",
            texts("b.name", patterns, as_is),
        ),
        "environment" => {
            let mut piece = texts("d.environment", patterns, as_is);
            piece.text = format!(
                "({}) AND d.until IS NULL AND d.version IS NOT NULL",
                piece.text
            );
            of_version("d.version", "deployment d", "d.product", piece)
        }
        "id" => members(vec![vulnerability(
            "l.vulnerability",
            "vulnerability_alias l",
            texts("l.alias", patterns, upper),
        )]),
        "cwe" => members(vec![vulnerability(
            "u.id",
            "vulnerability u",
            cwe(patterns),
        )]),
        "component" => members(vec![component(
            "c.id",
            "component c",
            texts("lower(c.name)", patterns, lower),
        )]),
        "purl" => {
            let parts: Vec<Piece> = patterns
                .iter()
                .filter_map(|pattern| match pattern {
                    Pattern::Exact(text) => Some(purl("c.purl", text)),
                    _ => None,
                })
                .collect();
            members(vec![component(
                "c.id",
                "component c",
                Piece::join(&parts, " OR "),
            )])
        }
        "ecosystem" => members(vec![component(
            "c.id",
            "package k JOIN component c ON c.package = k.id",
            texts("k.ecosystem", patterns, ecosystem),
        )]),
        "licence" => members(vec![component(
            "i.component",
            "component_licence i",
            texts("i.licence", patterns, as_is),
        )]),
        "text" => {
            let prefixes: Vec<Pattern> = patterns
                .iter()
                .map(|pattern| match pattern {
                    Pattern::Exact(text) => Pattern::Prefix(text.clone()),
                    other => other.clone(),
                })
                .collect();
            let mut name = texts("lower(c.name)", &prefixes, lower);
            if let [Pattern::Exact(text)] = patterns
                && text.starts_with("pkg:")
            {
                name = purl("c.purl", text);
            }
            members(vec![
                vulnerability(
                    "l.vulnerability",
                    "vulnerability_alias l",
                    texts("l.alias", &prefixes, upper),
                ),
                component("c.id", "component c", name),
            ])
        }
        "owner" => owner(patterns),
        "rule" => plain(
            texts("{t}.rule", patterns, as_is),
            column::RULE,
            exact(patterns).map(Lead::Rule),
        ),
        "breaks" => {
            let mut piece = texts("x.rule", patterns, as_is);
            piece.text = format!(
                "EXISTS (SELECT 1 FROM violation x WHERE x.finding = {{t}}.id AND ({})) IS TRUE",
                piece.text
            );
            plain(piece, 0, None)
        }
        "exception" | "upgrade" => plain(
            texts(&format!("{{t}}.{name}"), patterns, as_is),
            column::OTHER,
            None,
        ),
        _ => plain(Piece::new("1 = 0", Vec::new()), 0, None),
    }
}

fn owner(patterns: &[Pattern]) -> Condition {
    match patterns {
        [Pattern::None] => flagged(flag::UNOWNED, true),
        [Pattern::Any] => flagged(flag::UNOWNED, false),
        _ => plain(
            texts("{t}.owner", patterns, as_is),
            column::OWNER,
            exact(patterns).map(Lead::Owner),
        ),
    }
}

/// The values, where each is one whole text.
fn exact(patterns: &[Pattern]) -> Option<Vec<Value<'static>>> {
    patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Exact(text) => Some(text.clone().into()),
            _ => None,
        })
        .collect()
}
