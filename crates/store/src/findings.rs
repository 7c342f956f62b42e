//! Findings: what stands now, and what happened to each.

use std::collections::{BTreeMap, HashMap};

use crate::{Id, Row, StoreError, Tx, Value, params, standing};

/// Bits of [`Finding::flags`].
pub mod flag {
    /// Known exploited.
    pub const KEV: i64 = 1;
    /// Some version clears it.
    pub const FIXABLE: i64 = 2;
    /// The project asks for the component itself.
    pub const DIRECT: i64 = 4;
    /// Only developers and tests use it.
    pub const DEVELOPMENT: i64 = 8;
    /// Seen in attacks by any source.
    pub const EXPLOITED: i64 = 16;
    /// Nobody is responsible.
    pub const UNOWNED: i64 = 32;
}

/// Values of [`Finding::state`], by the model's words.
pub const STATES: [&str; 6] = [
    "open",
    "in_triage",
    "overdue",
    "excepted",
    "fixed",
    "not_affected",
];
/// The first state in which nothing remains to be done.
pub const CLOSED: i64 = 4;
/// `fixed`.
pub const FIXED: i64 = 4;
/// `excepted`: open, and allowed to be.
pub const EXCEPTED: i64 = 3;

/// A row of the findings.
#[derive(Default, Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// [`Id::below`] its version.
    pub id: Id,
    /// In which product.
    pub product: Id,
    /// In which version.
    pub version: Id,
    /// About which component or place.
    pub component: Id,
    /// Which vulnerability, check or rule.
    pub vulnerability: Id,
    /// The project's root folder in the inventory.
    pub project: String,
    /// By the order of the model's kinds.
    pub kind: i64,
    /// 0 none to 4 critical; -1 unknown.
    pub severity: i64,
    /// Tenths; -1 unscored.
    pub score: i64,
    /// An index of [`STATES`].
    pub state: i64,
    /// [`flag`]s.
    pub flags: i64,
    /// A bit for each threat vector, in the model's order.
    pub vectors: i64,
    /// Ten thousandths; -1 unknown.
    pub epss: i64,
    /// Seconds since 1970.
    pub due: Option<i64>,
    /// Who is responsible.
    pub owner: Option<String>,
    /// The policy rule that gives it its date, or that made it.
    pub rule: Option<String>,
    /// The exception that covers it.
    pub exception: Option<String>,
    /// The lowest version that clears everything known about the component.
    pub upgrade: Option<String>,
    /// Seconds since 1970.
    pub first_seen: i64,
    /// When anything about it last changed.
    pub changed: i64,
    /// When it was closed.
    pub closed: Option<i64>,
    /// Why it is closed.
    pub reason: Option<String>,
}

impl Finding {
    /// Whether it is work: open in a live version.
    fn work(&self, live: bool) -> bool {
        live && self.state < CLOSED && self.closed.is_none()
    }

    /// Whether anything that people see differs.
    fn differs(&self, other: &Self) -> bool {
        let seen = |one: &Self| {
            (
                (
                    one.severity,
                    one.score,
                    one.state,
                    one.flags,
                    one.vectors,
                    one.epss,
                    one.due,
                ),
                (
                    one.owner.clone(),
                    one.rule.clone(),
                    one.exception.clone(),
                    one.upgrade.clone(),
                ),
                one.closed.is_some(),
            )
        };
        seen(self) != seen(other)
    }
}

/// A finding with what is said of it once.
#[derive(Clone, Debug)]
pub struct NewFinding {
    /// The row. Its times are filled in when it is stored.
    pub row: Finding,
    /// The key of the report: what first sights are remembered by.
    pub key: String,
    /// The vulnerability.
    pub vulnerability: Vulnerability,
    /// Why the component version is affected: JSON.
    pub hit: String,
    /// What the policy says: JSON.
    pub detail: String,
}

/// What is said of a vulnerability wherever it is found.
#[derive(Clone, Debug, PartialEq)]
pub struct Vulnerability {
    /// Derived from its name.
    pub id: Id,
    /// CVE, else GHSA, else native; a check's or rule's id.
    pub name: String,
    /// One line.
    pub title: String,
    /// Other ids.
    pub aliases: Vec<String>,
    /// 0 none to 4 critical; -1 unknown.
    pub severity: i64,
    /// 0 to 1.
    pub epss: Option<f64>,
    /// 0 to 1.
    pub percentile: Option<f64>,
    /// Day it was added to CISA's list.
    pub kev_added: Option<String>,
    /// Used in ransomware campaigns.
    pub ransomware: bool,
    /// State of exploitation and two decision points, such as `active y n`.
    pub ssvc: Option<String>,
    /// RFC 3339.
    pub published: Option<String>,
    /// `CWE-79`.
    pub cwes: Vec<String>,
}

/// The id of a vulnerability.
pub fn vulnerability_id(name: &str) -> Id {
    Id::derive("vulnerability", &[name.as_bytes()])
}

/// The id of a finding.
pub fn finding_id(version: Id, key: &str, component: Id) -> Id {
    Id::below(
        version,
        Id::derive("finding", &[key.as_bytes(), &component.0]),
    )
}

/// What one assessment changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New here.
    pub appeared: Vec<Id>,
    /// Closed before, open again.
    pub reopened: Vec<Id>,
    /// Something about them is different.
    pub changed: Vec<Id>,
    /// Open before, and not any more.
    pub closed: Vec<Id>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty()
            && self.reopened.is_empty()
            && self.changed.is_empty()
            && self.closed.is_empty()
    }
}

const COLUMNS: &str = "id, product, version, component, vulnerability, project, kind, severity, score, state, flags, vectors, epss, due, owner, rule, exception, upgrade, first_seen, changed, closed, reason";

/// The columns of [`read`], each behind a name for the table.
pub fn columns(table: &str) -> String {
    let named: Vec<String> = COLUMNS
        .split(", ")
        .map(|column| format!("{table}.{column}"))
        .collect();
    named.join(", ")
}

/// A row with the columns of [`columns`].
pub fn read(row: &Row<'_>) -> Result<Finding, StoreError> {
    Ok(Finding {
        id: row.get(0)?,
        product: row.get(1)?,
        version: row.get(2)?,
        component: row.get(3)?,
        vulnerability: row.get(4)?,
        project: row.get(5)?,
        kind: row.get(6)?,
        severity: row.get(7)?,
        score: row.get(8)?,
        state: row.get(9)?,
        flags: row.get(10)?,
        vectors: row.get(11)?,
        epss: row.get(12)?,
        due: row.get(13)?,
        owner: row.get(14)?,
        rule: row.get(15)?,
        exception: row.get(16)?,
        upgrade: row.get(17)?,
        first_seen: row.get(18)?,
        changed: row.get(19)?,
        closed: row.get(20)?,
        reason: row.get(21)?,
    })
}

fn values(finding: &Finding, work: bool) -> [Value<'_>; 23] {
    params![
        finding.id,
        finding.product,
        finding.version,
        finding.component,
        finding.vulnerability,
        &finding.project,
        finding.kind,
        finding.severity,
        finding.score,
        finding.state,
        finding.flags,
        finding.vectors,
        finding.epss,
        finding.due,
        finding.owner.as_deref(),
        finding.rule.as_deref(),
        finding.exception.as_deref(),
        finding.upgrade.as_deref(),
        finding.first_seen,
        finding.changed,
        finding.closed,
        finding.reason.as_deref(),
        work,
    ]
    .clone()
}

/// A finding by its id.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Finding>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM finding WHERE id = ?1");
    tx.first(&sql, params![id], read)
}

/// All findings of a version, closed ones too.
pub fn of_version(tx: &mut Tx<'_>, version: Id) -> Result<BTreeMap<Id, Finding>, StoreError> {
    let (first, last) = Id::range_below(version);
    let sql = format!("SELECT {COLUMNS} FROM finding WHERE id >= ?1 AND id <= ?2 AND version = ?3");
    let mut all = BTreeMap::new();
    tx.each(&sql, params![first, last, version], |row| {
        let finding = read(row)?;
        all.insert(finding.id, finding);
        Ok(())
    })?;
    Ok(all)
}

/// What is asked when an assessment takes the place of the one before.
#[derive(Clone, Copy, Debug)]
pub struct Replace<'r> {
    /// Of which version.
    pub version: Id,
    /// Whether its findings are work.
    pub live: bool,
    /// Seconds since 1970.
    pub now: i64,
    /// Who or what caused it.
    pub actor: &'r str,
    /// Why what was found is found, for the history.
    pub cause: &'r str,
    /// Why what is not found any more is closed.
    pub gone: &'r str,
}

/// Puts the findings of one assessment in the place of those that were there. Findings of other tools stay: they are
/// [`Replace`]d by their own imports only.
pub fn replace(
    tx: &mut Tx<'_>,
    asked: &Replace<'_>,
    external: i64,
    mut new: Vec<NewFinding>,
) -> Result<Changes, StoreError> {
    let mut old = of_version(tx, asked.version)?;
    old.retain(|_, finding| finding.kind != external);
    new.sort_by_key(|finding| finding.row.id);
    new.dedup_by_key(|finding| finding.row.id);
    vulnerabilities(
        tx,
        new.iter().map(|finding| &finding.vulnerability),
        asked.now,
    )?;
    hits(tx, &new)?;
    let mut changes = Changes::default();
    let mut rows: Vec<Finding> = Vec::new();
    let mut details: Vec<Value<'_>> = Vec::new();
    let mut history: Vec<Value<'_>> = Vec::new();
    let mut note = |id: Id, what: &'static str, reason: String| {
        history.extend_from_slice(params![id, asked.now, what, asked.actor.to_owned(), reason]);
    };
    for finding in &mut new {
        let row = &mut finding.row;
        row.changed = asked.now;
        if row.state >= CLOSED {
            row.closed = Some(asked.now);
        }
        let before = old.remove(&row.id);
        match &before {
            None => {
                changes.appeared.push(row.id);
                note(row.id, "appeared", asked.cause.to_owned());
            }
            Some(before) => {
                row.first_seen = before.first_seen.min(row.first_seen);
                if before.closed.is_some() && row.closed.is_some() {
                    row.closed = before.closed;
                    row.reason.clone_from(&before.reason);
                }
                if !row.differs(before) {
                    continue;
                }
                if before.closed.is_some() && row.closed.is_none() {
                    changes.reopened.push(row.id);
                    note(row.id, "reopened", asked.cause.to_owned());
                } else if before.closed.is_none() && row.closed.is_some() {
                    changes.closed.push(row.id);
                    note(
                        row.id,
                        "closed",
                        row.reason.clone().unwrap_or_else(|| asked.cause.to_owned()),
                    );
                } else {
                    changes.changed.push(row.id);
                    note(row.id, "changed", difference(before, row));
                }
            }
        }
        details.extend_from_slice(params![row.id, std::mem::take(&mut finding.detail)]);
        rows.push(row.clone());
    }
    for (id, mut finding) in old {
        if finding.closed.is_some() {
            continue;
        }
        finding.state = FIXED;
        finding.closed = Some(asked.now);
        finding.changed = asked.now;
        finding.reason = Some(asked.gone.to_owned());
        changes.closed.push(id);
        note(id, "fixed", asked.gone.to_owned());
        rows.push(finding);
    }
    rows.sort_by_key(|row| row.id);
    put(tx, &rows, asked.live)?;
    tx.insert(
        "finding_detail",
        &["id", "body"],
        &details,
        "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
    )?;
    tx.insert(
        "finding_history",
        &["finding", "at", "what", "actor", "reason"],
        &history,
        "",
    )?;
    Ok(changes)
}

/// Writes rows as they are.
pub fn put(tx: &mut Tx<'_>, rows: &[Finding], live: bool) -> Result<(), StoreError> {
    let mut columns: Vec<&str> = COLUMNS.split(", ").collect();
    columns.push("work");
    let set: Vec<String> = columns
        .iter()
        .skip(1)
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let values: Vec<Value<'_>> = rows
        .iter()
        .flat_map(|row| values(row, row.work(live)))
        .collect();
    let conflict = format!("ON CONFLICT (id) DO UPDATE SET {}", set.join(", "));
    tx.insert("finding", &columns, &values, &conflict)?;
    let products: std::collections::BTreeSet<Id> = rows.iter().map(|row| row.product).collect();
    for product in products {
        standing::refresh(tx, product)?;
    }
    Ok(())
}

/// The product of a version counts its findings again.
fn count_again(tx: &mut Tx<'_>, version: Id) -> Result<(), StoreError> {
    let product = tx.first(
        "SELECT product FROM version WHERE id = ?1",
        params![version],
        |row| row.get(0),
    )?;
    match product {
        Some(product) => standing::refresh(tx, product),
        None => Ok(()),
    }
}

/// What changed, in words.
fn difference(before: &Finding, after: &Finding) -> String {
    let mut words = Vec::new();
    let mut add = |what: &str, from: String, to: String| {
        if from != to {
            words.push(format!("{what} {from} → {to}"));
        }
    };
    let state = |finding: &Finding| {
        STATES
            .get(usize::try_from(finding.state).unwrap_or(usize::MAX))
            .map_or("?", |word| word)
            .replace('_', " ")
    };
    let score = |finding: &Finding| {
        if finding.score < 0 {
            "none".to_owned()
        } else {
            format!("{}.{}", finding.score / 10, finding.score % 10)
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".into());
    let kev = |finding: &Finding| {
        if finding.flags & flag::KEV == 0 {
            "no"
        } else {
            "yes"
        }
        .to_owned()
    };
    add("state", state(before), state(after));
    add("score", score(before), score(after));
    add("known exploited", kev(before), kev(after));
    add("due", day(before.due), day(after.due));
    add("owner", text(&before.owner), text(&after.owner));
    add("rule", text(&before.rule), text(&after.rule));
    add("exception", text(&before.exception), text(&after.exception));
    add("upgrade", text(&before.upgrade), text(&after.upgrade));
    if words.is_empty() {
        "its data changed".to_owned()
    } else {
        words.join("; ")
    }
}

/// The day of a moment, in UTC.
fn day(moment: Option<i64>) -> String {
    moment
        .and_then(|moment| jiff::Timestamp::from_second(moment).ok())
        .map_or_else(|| "none".into(), |moment| moment.strftime("%F").to_string())
}

/// Writes what is said of vulnerabilities, where it differs from what is there.
pub fn vulnerabilities<'v>(
    tx: &mut Tx<'_>,
    all: impl Iterator<Item = &'v Vulnerability>,
    now: i64,
) -> Result<(), StoreError> {
    let all: BTreeMap<Id, &Vulnerability> = all.map(|one| (one.id, one)).collect();
    let mut values: Vec<Value<'_>> = Vec::new();
    let mut aliases: Vec<(String, Id, &str)> = Vec::new();
    for (id, one) in &all {
        let cwes = serde_json::to_string(&one.cwes).unwrap_or_else(|_| "[]".into());
        values.extend_from_slice(params![
            *id,
            &one.name,
            &one.title,
            one.severity,
            one.epss,
            one.percentile,
            one.kev_added.as_deref(),
            one.ransomware,
            one.ssvc.as_deref(),
            one.published.as_deref(),
            cwes,
            now,
        ]);
        let names = one.aliases.iter().chain(std::iter::once(&one.name));
        aliases.extend(names.map(|name| (name.to_uppercase(), *id, name.as_str())));
    }
    let set = [
        "title",
        "severity",
        "epss",
        "percentile",
        "kev_added",
        "ransomware",
        "ssvc",
        "published",
        "cwes",
    ];
    let sets: Vec<String> = set
        .iter()
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let differs: Vec<String> = set
        .iter()
        .map(|column| format!("vulnerability.{column} IS DISTINCT FROM excluded.{column}"))
        .collect();
    tx.insert(
        "vulnerability",
        &[
            "id",
            "name",
            "title",
            "severity",
            "epss",
            "percentile",
            "kev_added",
            "ransomware",
            "ssvc",
            "published",
            "cwes",
            "changed",
        ],
        &values,
        &format!(
            "ON CONFLICT (id) DO UPDATE SET {}, changed = excluded.changed WHERE {}",
            sets.join(", "),
            differs.join(" OR ")
        ),
    )?;
    aliases.sort_unstable();
    aliases.dedup_by(|b, a| (&b.0, b.1) == (&a.0, a.1));
    let values: Vec<Value<'_>> = aliases
        .iter()
        .flat_map(|(alias, id, name)| {
            let shown = (alias != name).then_some(*name);
            params![alias, *id, shown].to_vec()
        })
        .collect();
    tx.insert(
        "vulnerability_alias",
        &["alias", "vulnerability", "shown"],
        &values,
        "ON CONFLICT DO NOTHING",
    )?;
    Ok(())
}

/// Writes what is said of a vulnerability where nothing is said yet: advisories know better than another tool.
pub fn introduce(tx: &mut Tx<'_>, one: &Vulnerability, now: i64) -> Result<(), StoreError> {
    let known = tx.first(
        "SELECT 1 FROM vulnerability WHERE id = ?1",
        params![one.id],
        |_| Ok(()),
    )?;
    match known {
        Some(()) => Ok(()),
        None => vulnerabilities(tx, std::iter::once(one), now),
    }
}

fn hits(tx: &mut Tx<'_>, new: &[NewFinding]) -> Result<(), StoreError> {
    let all: BTreeMap<(Id, Id), &str> = new
        .iter()
        .map(|finding| {
            (
                (finding.row.component, finding.row.vulnerability),
                finding.hit.as_str(),
            )
        })
        .collect();
    let values: Vec<Value<'_>> = all
        .iter()
        .flat_map(|((component, vulnerability), body)| {
            params![*component, *vulnerability, *body].to_vec()
        })
        .collect();
    tx.insert(
        "hit",
        &["component", "vulnerability", "body"],
        &values,
        "ON CONFLICT (component, vulnerability) DO UPDATE SET body = excluded.body WHERE hit.body <> excluded.body",
    )?;
    Ok(())
}

/// What is said of a vulnerability.
pub fn vulnerability(tx: &mut Tx<'_>, id: Id) -> Result<Option<Vulnerability>, StoreError> {
    let found = tx.first(
        "SELECT id, name, title, severity, epss, percentile, kev_added, ransomware, ssvc, published, cwes FROM vulnerability WHERE id = ?1",
        params![id],
        |row| {
            let name: String = row.get(1)?;
            let cwes: String = row.get(10)?;
            Ok(Vulnerability {
                id: row.get(0)?,
                title: row.get(2)?,
                aliases: Vec::new(),
                severity: row.get(3)?,
                epss: row.get(4)?,
                percentile: row.get(5)?,
                kev_added: row.get(6)?,
                ransomware: row.get(7)?,
                ssvc: row.get(8)?,
                published: row.get(9)?,
                cwes: serde_json::from_str(&cwes).map_err(|error| StoreError::Kept {
                    what: name.clone(),
                    reason: error.to_string(),
                })?,
                name,
            })
        },
    )?;
    let Some(mut found) = found else {
        return Ok(None);
    };
    found.aliases = tx.all(
        "SELECT COALESCE(shown, alias) FROM vulnerability_alias WHERE vulnerability = ?1 ORDER BY alias LIMIT 100",
        params![id],
        |row| row.get(0),
    )?;
    let own = found.name.clone();
    found.aliases.retain(|alias| *alias != own);
    Ok(Some(found))
}

/// Why a component version is affected: JSON.
pub fn hit(
    tx: &mut Tx<'_>,
    component: Id,
    vulnerability: Id,
) -> Result<Option<String>, StoreError> {
    tx.first(
        "SELECT body FROM hit WHERE component = ?1 AND vulnerability = ?2",
        params![component, vulnerability],
        |row| row.get(0),
    )
}

/// What the policy says about a finding: JSON.
pub fn detail(tx: &mut Tx<'_>, id: Id) -> Result<Option<String>, StoreError> {
    tx.first(
        "SELECT body FROM finding_detail WHERE id = ?1",
        params![id],
        |row| row.get(0),
    )
}

/// Something that happened to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Counts up.
    pub seq: i64,
    /// Seconds since 1970.
    pub at: i64,
    /// `appeared`, `changed`, `fixed`, `reopened`, `closed`, `assigned` or `noted`.
    pub what: String,
    /// Who or what did it.
    pub actor: String,
    /// In words.
    pub reason: String,
}

/// What happened to a finding, the latest first.
pub fn history(tx: &mut Tx<'_>, id: Id, limit: usize) -> Result<Vec<Happened>, StoreError> {
    let sql = format!(
        "SELECT seq, at, what, actor, reason FROM finding_history WHERE finding = ?1 ORDER BY seq DESC LIMIT {limit}"
    );
    tx.all(&sql, params![id], |row| {
        Ok(Happened {
            seq: row.get(0)?,
            at: row.get(1)?,
            what: row.get(2)?,
            actor: row.get(3)?,
            reason: row.get(4)?,
        })
    })
}

/// Adds to the history of a finding.
pub fn note(
    tx: &mut Tx<'_>,
    id: Id,
    at: i64,
    what: &str,
    actor: &str,
    reason: &str,
) -> Result<(), StoreError> {
    tx.insert(
        "finding_history",
        &["finding", "at", "what", "actor", "reason"],
        params![id, at, what, actor, reason],
        "",
    )?;
    Ok(())
}

/// A version became live or stopped being so: its open findings become work or stop being so.
pub fn set_live(tx: &mut Tx<'_>, version: Id, live: bool) -> Result<(), StoreError> {
    let (first, last) = Id::range_below(version);
    tx.execute(
        "UPDATE finding SET work = ?4 WHERE id >= ?1 AND id <= ?2 AND version = ?3 AND state < 4 AND closed IS NULL",
        params![first, last, version, live],
    )?;
    count_again(tx, version)
}

/// The versions in which any of these vulnerabilities is found and open, and how many findings that are.
pub fn versions_with(
    tx: &mut Tx<'_>,
    vulnerabilities: &[Id],
) -> Result<(Vec<Id>, usize), StoreError> {
    let mut versions = std::collections::BTreeSet::new();
    let mut count = 0;
    for id in vulnerabilities {
        tx.each(
            "SELECT version FROM finding WHERE vulnerability = ?1 AND closed IS NULL",
            params![*id],
            |row| {
                versions.insert(row.get::<Id>(0)?);
                count += 1;
                Ok(())
            },
        )?;
    }
    Ok((versions.into_iter().collect(), count))
}

/// Takes the findings of a version away.
pub(crate) fn delete_version(tx: &mut Tx<'_>, version: Id) -> Result<(), StoreError> {
    let (first, last) = Id::range_below(version);
    for (table, column) in [
        ("finding_history", "finding"),
        ("finding_detail", "id"),
        ("violation", "finding"),
    ] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE {column} IN (SELECT id FROM finding WHERE id >= ?1 AND id <= ?2 AND version = ?3)"),
            params![first, last, version],
        )?;
    }
    tx.execute(
        "DELETE FROM finding WHERE id >= ?1 AND id <= ?2 AND version = ?3",
        params![first, last, version],
    )?;
    count_again(tx, version)
}

/// Names of components, for lists: name, version, purl.
pub fn component_names(
    tx: &mut Tx<'_>,
    components: &[Id],
) -> Result<HashMap<Id, (String, String, String)>, StoreError> {
    let mut names = HashMap::new();
    for id in components {
        let found = tx.first(
            "SELECT name, version, purl FROM component WHERE id = ?1",
            params![*id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        if let Some(found) = found {
            names.insert(*id, found);
        }
    }
    Ok(names)
}
