//! "Are we affected by it?": one input, whatever it names.
//!
//! What is live comes first, the worst of it first; nothing is sorted that an index does not have in that order already,
//! because one vulnerability may be found a million times.

use std::collections::{HashMap, HashSet};

use stanchion_model::purl::Purl;

use crate::query::{
    Asked, COMPONENT, COMPONENT_REST, Condition, Counted, Drive, Index, Lead, ListError,
    ListedFinding, Order, Piece, Place, Plan, Statement, VULNERABILITY, VULNERABILITY_REST,
    Visible, begins, column, purl, rows, seen,
};
use crate::{Id, Tx, Value};

/// Bytes of an input.
pub const MOST_BYTES: usize = 512;
/// Rows of each sort of answer.
pub const MOST_ROWS: usize = 50;
/// Counts end here.
const MOST_COUNT: usize = 1_000;
/// Findings that are read at once, to find as many component versions among them.
const STEP: usize = 150;
/// Such steps.
const MOST_STEPS: usize = 8;
/// Components of one name whose findings are looked at.
const MOST_COMPONENTS: usize = 512;
/// Things of one name that are answered one by one.
const MOST_NAMED: usize = 10;
/// Different licences that are compared with the input.
const MOST_LICENCES: usize = 5_000;

/// What an input can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// A vulnerability, by any of its ids.
    Vulnerability,
    /// A package URL, with or without version.
    Purl,
    /// The hash of a component.
    Hash,
    /// A licence.
    Licence,
    /// A product of the organisation.
    Product,
    /// Who sells bought products.
    Party,
    /// A component, by how its name begins.
    Component,
}

impl Sort {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Purl => "purl",
            Self::Hash => "hash",
            Self::Licence => "licence",
            Self::Product => "product",
            Self::Party => "party",
            Self::Component => "component",
        }
    }
}

/// A component version as it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its id.
    pub id: Id,
    /// The package's name; of a place, the place.
    pub name: String,
    /// Empty where it is not known.
    pub version: String,
    /// With version; empty for a place.
    pub purl: String,
}

/// A place where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The product.
    pub product: Id,
    /// Its name.
    pub product_name: String,
    /// The version; `None`: a product without inventory.
    pub version: Option<(Id, String)>,
    /// Latest of its branch or deployed.
    pub live: bool,
    /// Where that version is deployed now, by name.
    pub environments: Vec<String>,
    /// Which component.
    pub component: Option<Used>,
    /// The worst that is open about it there; for what is not live, the worst of all. `None`: nothing is known.
    pub finding: Option<Box<ListedFinding>>,
}

/// One sort of answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the input was taken for.
    pub sort: Sort,
    /// What was found by it: the vulnerability's name, the licence, else the input.
    pub name: String,
    /// Of a vulnerability.
    pub title: String,
    /// Where it is, live first, worst first.
    pub rows: Vec<Found>,
    /// How often it is in what is live.
    pub live: Counted,
    /// `false`: more has this name than was looked at.
    pub whole: bool,
}

/// Where it was looked for in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// As what.
    pub sorts: Vec<Sort>,
    /// So many inventories of live versions.
    pub inventories: i64,
    /// When the oldest of them came, in seconds since 1970.
    pub oldest: Option<i64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was found.
    pub parts: Vec<Part>,
    /// Where nothing was found.
    pub looked: Option<Looked>,
}

/// Looks an input up.
pub fn affected(tx: &mut Tx<'_>, input: &str, visible: &Visible) -> Result<Answer, ListError> {
    let input = input.trim();
    if input.len() > MOST_BYTES {
        return Err(ListError::TooLong(MOST_BYTES));
    }
    let mut search = Search { tx, visible };
    let sorts = sorts(input);
    let mut parts = Vec::new();
    for sort in &sorts {
        match sort {
            Sort::Vulnerability => search.vulnerabilities(input, &mut parts)?,
            Sort::Purl => search.purl(input, &mut parts)?,
            Sort::Hash => search.hash(input, &mut parts)?,
            Sort::Licence => search.licences(input, &mut parts)?,
            Sort::Product => search.products(Sort::Product, "lower(p.name)", input, &mut parts)?,
            Sort::Party => search.products(Sort::Party, "lower(p.vendor)", input, &mut parts)?,
            Sort::Component => search.named(input, &mut parts)?,
        }
    }
    let looked = if parts.iter().all(|part| part.rows.is_empty()) {
        let (inventories, oldest) = search.reach()?;
        Some(Looked {
            sorts,
            inventories,
            oldest,
        })
    } else {
        None
    };
    Ok(Answer { parts, looked })
}

/// What an input may name.
pub fn sorts(input: &str) -> Vec<Sort> {
    if input.is_empty() {
        return Vec::new();
    }
    if input.len() >= 4 && input.as_bytes()[..4].eq_ignore_ascii_case(b"pkg:") {
        return vec![Sort::Purl];
    }
    if (32..=128).contains(&input.len()) && input.bytes().all(|b| b.is_ascii_hexdigit()) {
        return vec![Sort::Hash, Sort::Component];
    }
    vec![
        Sort::Vulnerability,
        Sort::Component,
        Sort::Product,
        Sort::Party,
        Sort::Licence,
    ]
}

struct Search<'t, 'c> {
    tx: &'t mut Tx<'c>,
    visible: &'t Visible,
}

impl Search<'_, '_> {
    fn reach(&mut self) -> Result<(i64, Option<i64>), ListError> {
        if *self.visible == Visible::All {
            return Ok(crate::inventories::reach(self.tx)?);
        }
        let mut statement = Statement::default();
        statement.push(
            "SELECT COUNT(*), MIN(v.pushed) FROM version v WHERE v.live = 1 AND v.pushed IS NOT NULL",
        );
        self.only(&mut statement, "v.product")?;
        let found = self.tx.first(&statement.text, &statement.values, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(found.unwrap_or((0, None)))
    }

    /// Adds that a product is one that may be seen.
    fn only(&self, statement: &mut Statement, expression: &str) -> Result<(), ListError> {
        if let Some(piece) = seen(expression, self.visible)? {
            statement.push(" AND ");
            statement.piece(&piece, "f");
        }
        Ok(())
    }

    fn vulnerabilities(&mut self, input: &str, parts: &mut Vec<Part>) -> Result<(), ListError> {
        let sql = format!(
            "SELECT u.id, u.name, u.title FROM vulnerability_alias l JOIN vulnerability u ON u.id = l.vulnerability WHERE l.alias = ?1 ORDER BY u.name LIMIT {MOST_NAMED}"
        );
        let found: Vec<(Id, String, String)> =
            self.tx.all(&sql, &[input.to_uppercase().into()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        for (id, name, title) in found {
            let keys = [id];
            let mut places = self.places(&VULNERABILITY, &keys, None, MOST_ROWS)?;
            let live = self.count(&VULNERABILITY, &keys)?;
            if places.len() < MOST_ROWS {
                let left = MOST_ROWS - places.len();
                places.extend(self.places(&VULNERABILITY_REST, &keys, None, left)?);
            }
            let ids: Vec<Id> = places.iter().map(|(_, id)| *id).collect();
            let mut rows: Vec<Found> = rows(self.tx, &ids)?.into_iter().map(of_finding).collect();
            // Among those that are no work, what is closed in a live version before what is in an old one.
            rows.sort_by_key(|row| !row.live);
            parts.push(Part {
                sort: Sort::Vulnerability,
                name,
                title,
                rows: self.finished(rows)?,
                live,
                whole: true,
            });
        }
        Ok(())
    }

    /// Conditions for findings by their keys: the first is the index's own.
    fn conditions(&self) -> Vec<Condition> {
        let mut conditions = vec![Condition {
            piece: Piece::new("1 = 1", Vec::new()),
            columns: 0,
            lead: None,
        }];
        if let Visible::Products(products) = self.visible {
            let ids: Vec<Value<'static>> = products.iter().map(|id| Value::from(*id)).collect();
            conditions.push(Condition {
                piece: Piece::one_of("{t}.product", ids.clone()),
                columns: column::PRODUCT,
                lead: Some(Lead::Products(ids)),
            });
        }
        conditions
    }

    fn asking<T>(
        &mut self,
        index: &'static Index,
        keys: &[Id],
        after: Option<Place>,
        most: usize,
        run: impl FnOnce(Asked<'_>, &mut Tx<'_>) -> Result<T, crate::StoreError>,
    ) -> Result<T, ListError> {
        let plan = Plan {
            drives: vec![Drive {
                index,
                keys: keys.iter().map(|id| Value::from(*id)).collect(),
            }],
            held: Some(0),
        };
        let conditions = self.conditions();
        let order = Order {
            by: "score",
            turned: false,
        };
        let asked = Asked {
            plan: &plan,
            conditions: &conditions,
            order,
            after,
            most,
        };
        Ok(run(asked, self.tx)?)
    }

    fn places(
        &mut self,
        index: &'static Index,
        keys: &[Id],
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<Place>, ListError> {
        self.asking(index, keys, after, most, |asked, tx| asked.places(tx))
    }

    fn count(&mut self, index: &'static Index, keys: &[Id]) -> Result<Counted, ListError> {
        let found = self.asking(index, keys, None, MOST_COUNT + 1, |asked, tx| asked.ids(tx))?;
        Ok(counted(found))
    }

    fn purl(&mut self, input: &str, parts: &mut Vec<Part>) -> Result<(), ListError> {
        let name = Purl::parse_lenient(input).map_or_else(|_| input.to_owned(), |p| p.to_string());
        self.of_components(
            Sort::Purl,
            name,
            "c.id",
            "component c",
            &purl("c.purl", input),
            parts,
        )
    }

    fn hash(&mut self, input: &str, parts: &mut Vec<Part>) -> Result<(), ListError> {
        let hash = input.to_ascii_lowercase();
        let condition = Piece::new("h.hash = ??", vec![hash.clone().into()]);
        self.of_components(
            Sort::Hash,
            hash,
            "h.component",
            "component_hash h",
            &condition,
            parts,
        )
    }

    fn named(&mut self, input: &str, parts: &mut Vec<Part>) -> Result<(), ListError> {
        let condition = begins("lower(c.name)", &input.to_ascii_lowercase());
        self.of_components(
            Sort::Component,
            input.to_owned(),
            "c.id",
            "component c",
            &condition,
            parts,
        )
    }

    fn of_components(
        &mut self,
        sort: Sort,
        name: String,
        key: &str,
        from: &str,
        condition: &Piece,
        parts: &mut Vec<Part>,
    ) -> Result<(), ListError> {
        let mut statement = Statement::default();
        statement.push(&format!("SELECT {key} FROM {from} WHERE "));
        statement.piece(condition, "c");
        // The whole name comes before those that begin with it.
        if sort == Sort::Component {
            statement.push(" ORDER BY lower(c.name), c.id");
        }
        statement.push(&format!(" LIMIT {}", MOST_COMPONENTS + 1));
        let mut keys: Vec<Id> = self
            .tx
            .all(&statement.text, &statement.values, |row| row.get(0))?;
        if keys.is_empty() {
            return Ok(());
        }
        let whole = keys.len() <= MOST_COMPONENTS;
        keys.truncate(MOST_COMPONENTS);
        let mut known = HashSet::new();
        let mut rows = Vec::new();
        for (index, live) in [(&COMPONENT, true), (&COMPONENT_REST, false)] {
            let all = self.worst(index, &keys, &mut known, &mut rows)?;
            if all && rows.len() < MOST_ROWS {
                self.used(&keys, live, &mut known, &mut rows)?;
            }
            if rows.len() >= MOST_ROWS {
                break;
            }
        }
        let live = self.count_used(&keys)?;
        parts.push(Part {
            sort,
            name,
            title: String::new(),
            rows: self.finished(rows)?,
            live,
            whole,
        });
        Ok(())
    }

    /// Each version of a product with each of the components, by the worst finding there. Says whether that were all.
    fn worst(
        &mut self,
        index: &'static Index,
        keys: &[Id],
        known: &mut HashSet<(Id, Id)>,
        out: &mut Vec<Found>,
    ) -> Result<bool, ListError> {
        let mut after = None;
        for _ in 0..MOST_STEPS {
            let places = self.places(index, keys, after, STEP)?;
            after = places.last().copied();
            // Most of them are about a component version that is there already: looked at before their names are.
            let pairs = self.pairs(&places)?;
            let mut fresh = Vec::new();
            for (_, id) in &places {
                if out.len() + fresh.len() >= MOST_ROWS {
                    break;
                }
                if pairs.get(id).is_some_and(|pair| known.insert(*pair)) {
                    fresh.push(*id);
                }
            }
            out.extend(rows(self.tx, &fresh)?.into_iter().map(of_finding));
            if places.len() < STEP {
                return Ok(true);
            }
            if out.len() >= MOST_ROWS {
                break;
            }
        }
        Ok(false)
    }

    /// Version and component of findings.
    fn pairs(&mut self, places: &[Place]) -> Result<HashMap<Id, (Id, Id)>, ListError> {
        let mut found = HashMap::with_capacity(places.len());
        if places.is_empty() {
            return Ok(found);
        }
        let mut statement = Statement::default();
        statement.push("SELECT f.id, f.version, f.component FROM finding f WHERE ");
        let ids = places.iter().map(|(_, id)| Value::from(*id)).collect();
        statement.piece(&Piece::one_of("f.id", ids), "f");
        self.tx.each(&statement.text, &statement.values, |row| {
            found.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
            Ok(())
        })?;
        Ok(found)
    }

    fn usage(
        &self,
        statement: &mut Statement,
        keys: &[Id],
        live: bool,
        most: usize,
    ) -> Result<(), ListError> {
        statement.push(" FROM version_component s JOIN version v ON v.id = s.version WHERE ");
        let ids = keys.iter().map(|id| Value::from(*id)).collect();
        statement.piece(&Piece::one_of("s.component", ids), "s");
        statement.push(if live {
            " AND v.live = 1"
        } else {
            " AND v.live = 0"
        });
        self.only(statement, "v.product")?;
        statement.push(&format!(" LIMIT {most}"));
        Ok(())
    }

    /// Those that use one of the components without anything known against it.
    fn used(
        &mut self,
        keys: &[Id],
        live: bool,
        known: &mut HashSet<(Id, Id)>,
        out: &mut Vec<Found>,
    ) -> Result<(), ListError> {
        let mut statement = Statement::default();
        statement.push("SELECT s.version, s.component");
        self.usage(&mut statement, keys, live, MOST_ROWS + known.len())?;
        let pairs: Vec<(Id, Id)> = self.tx.all(&statement.text, &statement.values, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        let fresh: Vec<(Id, Id)> = pairs
            .into_iter()
            .filter(|pair| known.insert(*pair))
            .take(MOST_ROWS.saturating_sub(out.len()))
            .collect();
        self.uses(&fresh, out)
    }

    /// Rows of versions with components, by their ids.
    fn uses(&mut self, pairs: &[(Id, Id)], out: &mut Vec<Found>) -> Result<(), ListError> {
        if pairs.is_empty() {
            return Ok(());
        }
        let mut versions: HashMap<Id, (Id, String, String, bool)> = HashMap::new();
        let mut statement = Statement::default();
        statement.push(
            "SELECT v.id, p.id, p.name, v.name, v.live FROM version v JOIN product p ON p.id = v.product WHERE ",
        );
        let ids = pairs.iter().map(|(id, _)| Value::from(*id)).collect();
        statement.piece(&Piece::one_of("v.id", ids), "v");
        self.tx.each(&statement.text, &statement.values, |row| {
            versions.insert(
                row.get(0)?,
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?),
            );
            Ok(())
        })?;
        let ids: Vec<Id> = pairs.iter().map(|(_, id)| *id).collect();
        let mut statement = Statement::default();
        statement.push("SELECT c.id, c.name, c.version, c.purl FROM component c WHERE ");
        let values = ids.iter().map(|id| Value::from(*id)).collect();
        statement.piece(&Piece::one_of("c.id", values), "c");
        let mut components: HashMap<Id, Used> = HashMap::new();
        self.tx.each(&statement.text, &statement.values, |row| {
            let id = row.get(0)?;
            components.insert(
                id,
                Used {
                    id,
                    name: row.get(1)?,
                    version: row.get(2)?,
                    purl: row.get(3)?,
                },
            );
            Ok(())
        })?;
        out.extend(pairs.iter().filter_map(|(version, component)| {
            let (product, product_name, name, live) = versions.get(version)?.clone();
            Some(Found {
                product,
                product_name,
                version: Some((*version, name)),
                live,
                environments: Vec::new(),
                component: components.get(component).cloned(),
                finding: None,
            })
        }));
        Ok(())
    }

    fn count_used(&mut self, keys: &[Id]) -> Result<Counted, ListError> {
        let mut statement = Statement::default();
        statement.push("SELECT COUNT(*) FROM (SELECT 1");
        self.usage(&mut statement, keys, true, MOST_COUNT + 1)?;
        statement.push(") AS used");
        let found = self
            .tx
            .first(&statement.text, &statement.values, |row| row.get::<i64>(0))?;
        Ok(counted(usize::try_from(found.unwrap_or(0)).unwrap_or(0)))
    }

    /// Licences whose expression has the input in it.
    fn licences(&mut self, input: &str, parts: &mut Vec<Part>) -> Result<(), ListError> {
        // From one to the next: there are few different ones, however many components have them.
        let sql = format!(
            "WITH RECURSIVE known (licence) AS (
                SELECT MIN(licence) FROM component_licence
                UNION ALL SELECT (SELECT MIN(i.licence) FROM component_licence i WHERE i.licence > known.licence) FROM known WHERE known.licence IS NOT NULL)
             SELECT licence FROM known WHERE licence IS NOT NULL LIMIT {MOST_LICENCES}"
        );
        let wanted = input.to_ascii_lowercase();
        let mut found: Vec<String> = Vec::new();
        self.tx.each(&sql, &[], |row| {
            let licence: String = row.get(0)?;
            let lower = licence.to_ascii_lowercase();
            let named =
                lower == wanted || lower.split([' ', '(', ')', '/']).any(|word| word == wanted);
            if named && found.len() < MOST_NAMED {
                found.push(licence);
            }
            Ok(())
        })?;
        if found.is_empty() {
            return Ok(());
        }
        let values: Vec<Value<'static>> = found.iter().cloned().map(Value::from).collect();
        let mut pairs: Vec<(Id, Id)> = Vec::new();
        let mut live = Counted::Exactly(0);
        for (is_live, most) in [(true, MOST_COUNT + 1), (false, MOST_ROWS)] {
            if pairs.len() >= MOST_ROWS {
                break;
            }
            let mut statement = Statement::default();
            statement.push("SELECT s.version, s.component FROM component_licence i JOIN version_component s ON s.component = i.component JOIN version v ON v.id = s.version WHERE ");
            statement.piece(&Piece::one_of("i.licence", values.clone()), "i");
            statement.push(if is_live {
                " AND v.live = 1"
            } else {
                " AND v.live = 0"
            });
            self.only(&mut statement, "v.product")?;
            statement.push(&format!(" LIMIT {most}"));
            let found: Vec<(Id, Id)> = self.tx.all(&statement.text, &statement.values, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            if is_live {
                live = counted(found.len());
            }
            pairs.extend(found);
        }
        pairs.truncate(MOST_ROWS);
        let mut rows = Vec::new();
        self.uses(&pairs, &mut rows)?;
        parts.push(Part {
            sort: Sort::Licence,
            name: found.join(", "),
            title: String::new(),
            rows: self.finished(rows)?,
            live,
            whole: true,
        });
        Ok(())
    }

    /// Products by how a column begins, with their versions.
    fn products(
        &mut self,
        sort: Sort,
        expression: &str,
        input: &str,
        parts: &mut Vec<Part>,
    ) -> Result<(), ListError> {
        let mut statement = Statement::default();
        statement.push("SELECT p.id FROM product p WHERE ");
        statement.piece(&begins(expression, &input.to_ascii_lowercase()), "p");
        if sort == Sort::Party {
            statement.push(" AND p.vendor IS NOT NULL");
        }
        self.only(&mut statement, "p.id")?;
        statement.push(&format!(
            " ORDER BY {expression}, p.id LIMIT {}",
            MOST_ROWS + 1
        ));
        let mut ids: Vec<Id> = self
            .tx
            .all(&statement.text, &statement.values, |row| row.get(0))?;
        if ids.is_empty() {
            return Ok(());
        }
        let whole = ids.len() <= MOST_ROWS;
        ids.truncate(MOST_ROWS);
        let mut statement = Statement::default();
        statement.push("SELECT p.id, p.name, v.id, v.name, COALESCE(v.live, 0) FROM product p LEFT JOIN version v ON v.product = p.id WHERE ");
        let values = ids.iter().map(|id| Value::from(*id)).collect();
        statement.piece(&Piece::one_of("p.id", values), "p");
        statement.push(&format!(
            " ORDER BY 5 DESC, v.pushed DESC, p.name, v.id LIMIT {}",
            MOST_COUNT + 1
        ));
        let mut rows = self.tx.all(&statement.text, &statement.values, |row| {
            let version: Option<Id> = row.get(2)?;
            Ok(Found {
                product: row.get(0)?,
                product_name: row.get(1)?,
                version: match version {
                    Some(version) => Some((version, row.get(3)?)),
                    None => None,
                },
                live: row.get(4)?,
                environments: Vec::new(),
                component: None,
                finding: None,
            })
        })?;
        let live = counted(rows.iter().filter(|row| row.live).count());
        rows.truncate(MOST_ROWS);
        parts.push(Part {
            sort,
            name: input.to_owned(),
            title: String::new(),
            rows: self.finished(rows)?,
            live,
            whole,
        });
        Ok(())
    }

    /// Adds where the versions are deployed.
    fn finished(&mut self, mut rows: Vec<Found>) -> Result<Vec<Found>, ListError> {
        rows.truncate(MOST_ROWS);
        let versions: HashSet<Id> = rows
            .iter()
            .filter_map(|row| row.version.as_ref().map(|(id, _)| *id))
            .collect();
        if versions.is_empty() {
            return Ok(rows);
        }
        let mut statement = Statement::default();
        statement.push(
            "SELECT DISTINCT d.version, d.environment FROM deployment d WHERE d.until IS NULL AND ",
        );
        let ids = versions.into_iter().map(Value::from).collect();
        statement.piece(&Piece::one_of("d.version", ids), "d");
        statement.push(" ORDER BY d.environment LIMIT 1000");
        let mut found: HashMap<Id, Vec<String>> = HashMap::new();
        self.tx.each(&statement.text, &statement.values, |row| {
            found.entry(row.get(0)?).or_default().push(row.get(1)?);
            Ok(())
        })?;
        for row in &mut rows {
            if let Some((id, _)) = &row.version {
                row.environments = found.get(id).cloned().unwrap_or_default();
            }
        }
        Ok(rows)
    }
}

fn counted(found: usize) -> Counted {
    if found > MOST_COUNT {
        Counted::AtLeast(MOST_COUNT)
    } else {
        Counted::Exactly(found)
    }
}

fn of_finding(listed: ListedFinding) -> Found {
    Found {
        product: listed.finding.product,
        product_name: listed.product.clone(),
        version: Some((listed.finding.version, listed.version.clone())),
        live: listed.live,
        environments: Vec::new(),
        component: Some(Used {
            id: listed.finding.component,
            name: listed.component.clone(),
            version: listed.component_version.clone(),
            purl: listed.purl.clone(),
        }),
        finding: Some(Box::new(listed)),
    }
}
