//! What another policy would change: each live version is judged by the policy in force and by the one that is tried, at the
//! same moment, and the two answers are held against each other. Nothing is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rayon::prelude::*;
use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;
use stanchion_policy::change::{self, Change};
use stanchion_policy::file::Gate;
use stanchion_store::products::{self, Product, Version};
use stanchion_store::{Id, StoreError, findings, inventories, sightings};

use super::bundle::Tried;
use super::ingest::{Bench, sight_name};
use super::{Engine, EngineError};

/// Versions that are looked at, and how long that may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Versions at most.
    pub versions: usize,
    /// Time; what was begun within it is finished.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            versions: 2_000,
            time: Duration::from_secs(20),
        }
    }
}

/// Versions whose answers are held at once.
const CHUNK: usize = 16;
/// Versions that are listed with what changes.
const MOST_LISTED: usize = 50;
/// Findings that are listed of each.
const MOST_FINDINGS: usize = 10;
/// Changes of the text that are listed.
const MOST_CHANGES: usize = 100;
/// Rules that are counted one by one.
const MOST_RULES: usize = 500;
/// Versions that could not be looked at and are named.
const MOST_FAILED: usize = 20;

/// How many of what change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gates that would close.
    pub closes: usize,
    /// Gates that would open.
    pub opens: usize,
    /// Findings that would begin to close the gate.
    pub hit: usize,
    /// Findings that would no longer close it.
    pub freed: usize,
    /// Findings whose date moves nearer.
    pub sooner: usize,
    /// Findings whose date moves away.
    pub later: usize,
    /// Findings that get a date and had none.
    pub dated: usize,
    /// Findings that lose their date.
    pub undated: usize,
    /// Findings that would be overdue at once.
    pub late: usize,
    /// Findings that would no longer be overdue.
    pub in_time: usize,
    /// Findings that the policy itself makes: components or licences that are not allowed.
    pub appears: usize,
    /// Findings that are there only by the policy in force.
    pub vanishes: usize,
    /// Findings whose state changes in another way, such as by an exception that no longer holds.
    pub other: usize,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        for (own, more) in [
            (&mut self.closes, other.closes),
            (&mut self.opens, other.opens),
            (&mut self.hit, other.hit),
            (&mut self.freed, other.freed),
            (&mut self.sooner, other.sooner),
            (&mut self.later, other.later),
            (&mut self.dated, other.dated),
            (&mut self.undated, other.undated),
            (&mut self.late, other.late),
            (&mut self.in_time, other.in_time),
            (&mut self.appears, other.appears),
            (&mut self.vanishes, other.vanishes),
            (&mut self.other, other.other),
        ] {
            *own += more;
        }
    }

    /// Whether nothing changes.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its row, where there is one already.
    pub finding: Id,
    /// CVE, rule or any other id.
    pub vulnerability: String,
    /// Name and version.
    pub component: String,
    /// Rules that it begins to break at the gate.
    pub hit: Vec<String>,
    /// Rules that it breaks no longer.
    pub freed: Vec<String>,
    /// State now; `None`: it is not there.
    pub state: Option<String>,
    /// State then.
    pub state_then: Option<String>,
    /// RFC 3339.
    pub due: Option<String>,
    /// RFC 3339.
    pub due_then: Option<String>,
}

/// What becomes of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The product's name.
    pub product: String,
    /// The version's name.
    pub version: String,
    /// The gate is closed now.
    pub denied: bool,
    /// It would be closed.
    pub denied_then: bool,
    /// How much changes.
    pub totals: Totals,
    /// Findings that change, worst first.
    pub findings: Vec<Moved>,
}

/// What trying a policy gave.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// What the text tightens and loosens, in words.
    pub changes: Vec<Change>,
    /// More changes of the text than are listed.
    pub more_changes: usize,
    /// Versions that change, of the product with the most open risk first.
    pub changed: Vec<Changed>,
    /// More versions that change than are listed.
    pub more_changed: usize,
    /// Products with a version that changes.
    pub products: usize,
    /// All of it added up, listed or not.
    pub totals: Totals,
    /// Findings that begin to break each rule of the gate, and that no longer do.
    pub rules: BTreeMap<String, (usize, usize)>,
    /// Live versions that were looked at.
    pub looked: usize,
    /// Live versions that were not, for lack of time or because there are too many.
    pub left: usize,
    /// The time was over.
    pub out_of_time: bool,
    /// Versions that could not be looked at, with the reason; not all of many.
    pub failed: Vec<(String, String)>,
    /// How many could not be looked at.
    pub failures: usize,
}

/// A version that is looked at.
struct One {
    product: Product,
    version: Version,
    inventory: Option<inventories::Inventory>,
}

impl Engine {
    /// Tries a policy against the live versions of these products (`None`: of all) at a gate.
    pub fn try_policy(
        &self,
        text: &str,
        gate: Gate,
        only: Option<&[Id]>,
        bounds: Bounds,
    ) -> Result<Trial, EngineError> {
        // It takes all cores for a while.
        let Ok(_one) = self.trying.try_lock() else {
            return Err(EngineError::Outside(
                "somebody else tries a policy just now; try again in half a minute".into(),
            ));
        };
        let begun = Instant::now();
        let tried = self.tried(text)?;
        let mut trial = Trial::default();
        if let (Some(now), then) = (self.policy_for(None)?, tried.state(None)?) {
            trial.changes = change::changes(&now.opened.policy, &then.opened.policy);
            trial.more_changes = trial.changes.len().saturating_sub(MOST_CHANGES);
            trial.changes.truncate(MOST_CHANGES);
        }
        let (ids, left) = self.live(only, bounds.versions)?;
        trial.left = left;
        let as_of = Timestamp::from_second(self.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut products: BTreeSet<String> = BTreeSet::new();
        let mut done = 0;
        for chunk in ids.chunks(CHUNK) {
            if begun.elapsed() >= bounds.time {
                trial.out_of_time = true;
                trial.left += ids.len() - done;
                break;
            }
            done += chunk.len();
            let answers: Vec<_> = chunk
                .par_iter()
                .map(|id| self.hold_against(&tried, *id, gate, as_of))
                .collect();
            for answer in answers {
                match answer {
                    Ok(None) => {}
                    Ok(Some((changed, rules))) => {
                        trial.looked += 1;
                        for (rule, (hit, freed)) in rules {
                            if trial.rules.len() < MOST_RULES || trial.rules.contains_key(&rule) {
                                let sum = trial.rules.entry(rule).or_default();
                                sum.0 += hit;
                                sum.1 += freed;
                            }
                        }
                        if changed.totals.is_nothing() {
                            continue;
                        }
                        trial.totals.add(&changed.totals);
                        products.insert(changed.product.clone());
                        if trial.changed.len() < MOST_LISTED {
                            trial.changed.push(changed);
                        } else {
                            trial.more_changed += 1;
                        }
                    }
                    Err((name, error)) => {
                        trial.failures += 1;
                        if trial.failed.len() < MOST_FAILED {
                            trial.failed.push((name, error.to_string()));
                        }
                    }
                }
            }
        }
        trial.products = products.len();
        Ok(trial)
    }

    /// Live versions with an inventory, of the product with the most open risk first; and how many more there are.
    fn live(&self, only: Option<&[Id]>, most: usize) -> Result<(Vec<Id>, usize), EngineError> {
        let only: Option<BTreeSet<Id>> = only.map(|only| only.iter().copied().collect());
        Ok(self.store.read(|tx| {
            let (mut ids, mut left) = (Vec::new(), 0);
            tx.each(
                "SELECT v.id, v.product FROM version v LEFT JOIN standing s ON s.product = v.product
                 WHERE v.live = 1 AND v.inventory IS NOT NULL ORDER BY COALESCE(s.risk, 0) DESC, v.product, v.id",
                &[],
                |row| {
                    let (id, product): (Id, Id) = (row.get(0)?, row.get(1)?);
                    if only.as_ref().is_some_and(|only| !only.contains(&product)) {
                        return Ok(());
                    }
                    if ids.len() < most {
                        ids.push(id);
                    } else {
                        left += 1;
                    }
                    Ok(())
                },
            )?;
            Ok::<_, StoreError>((ids, left))
        })?)
    }

    /// Judges a version by both; `None` where it is gone meanwhile. What fails comes with the version's name.
    #[expect(
        clippy::type_complexity,
        reason = "two answers and a failure with its name"
    )]
    fn hold_against(
        &self,
        tried: &Tried,
        id: Id,
        gate: Gate,
        as_of: Timestamp,
    ) -> Result<Option<(Changed, BTreeMap<String, (usize, usize)>)>, (String, EngineError)> {
        let unnamed = |error: EngineError| (id.to_string(), error);
        let found = self
            .store
            .read(|tx| {
                let Some(version) = products::version_by_id(tx, id)? else {
                    return Ok(None);
                };
                let Some(product) = products::by_id(tx, version.product)? else {
                    return Ok(None);
                };
                let inventory = match version.inventory {
                    Some(inventory) => inventories::by_id(tx, inventory)?,
                    None => None,
                };
                let sights = sightings::of(tx, &sight_name(product.id))?;
                let one = One {
                    product,
                    version,
                    inventory,
                };
                Ok::<_, StoreError>(Some((one, sights)))
            })
            .map_err(|error| unnamed(error.into()))?;
        let Some((one, sights)) = found else {
            return Ok(None);
        };
        let named = |error: EngineError| {
            let name = format!("{} {}", one.product.name, one.version.name);
            (name, error)
        };
        let Some(row) = one.inventory.filter(|row| !row.raw_gone) else {
            return Err(named(EngineError::Absent(
                "its inventory is not kept any more".into(),
            )));
        };
        let read = self.inventory_of(&row).map_err(named)?;
        let now = self.bench(&one.product).map_err(named)?;
        let then = Bench {
            held: now.held.clone(),
            policy: Some(tried.state(Some(&one.product)).map_err(named)?.into()),
        };
        let before = Self::assess(read.clone(), &now, gate, as_of, &sights).map_err(named)?;
        let after = Self::assess(read, &then, gate, as_of, &sights).map_err(named)?;
        Ok(Some(difference(
            one.product.name,
            &one.version,
            &before,
            &after,
        )))
    }
}

/// The rules that each finding breaks.
fn broken(assessment: &Assessment) -> HashMap<&str, BTreeSet<&str>> {
    let mut broken: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for violation in &assessment.verdict.violations {
        // What the whole target breaks stands under no key.
        let key = violation.finding.as_deref().unwrap_or_default();
        broken.entry(key).or_default().insert(&violation.rule);
    }
    broken
}

/// A finding in both answers.
type Pair<'a> = (Option<&'a Finding>, Option<&'a Finding>);

fn difference(
    product: String,
    version: &Version,
    before: &Assessment,
    after: &Assessment,
) -> (Changed, BTreeMap<String, (usize, usize)>) {
    let mut totals = Totals::default();
    let denied = (before.verdict.denied, after.verdict.denied);
    totals.closes = usize::from(!denied.0 && denied.1);
    totals.opens = usize::from(denied.0 && !denied.1);
    let mut rules: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (breaks, breaks_then) = (broken(before), broken(after));
    let none = BTreeSet::new();
    let mut compare = |key: &str| {
        let old = breaks.get(key).unwrap_or(&none);
        let new = breaks_then.get(key).unwrap_or(&none);
        let hit: Vec<String> = new.difference(old).map(ToString::to_string).collect();
        let freed: Vec<String> = old.difference(new).map(ToString::to_string).collect();
        for rule in &hit {
            rules.entry(rule.clone()).or_default().0 += 1;
        }
        for rule in &freed {
            rules.entry(rule.clone()).or_default().1 += 1;
        }
        (
            hit,
            freed,
            old.is_empty() && !new.is_empty(),
            !old.is_empty() && new.is_empty(),
        )
    };
    // The whole target; what it breaks counts for the rules alone.
    compare("");
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    let name = |finding: &Finding| (finding.key.clone(), finding.component.purl.to_string());
    let mut old: HashMap<(String, String), &Finding> = before
        .findings
        .iter()
        .map(|finding| (name(finding), finding))
        .collect();
    for finding in &after.findings {
        pairs.push((old.remove(&name(finding)), Some(finding)));
    }
    let mut gone: Vec<&Finding> = old.into_values().collect();
    gone.sort_by(|a, b| a.key.cmp(&b.key));
    pairs.extend(gone.into_iter().map(|finding| (Some(finding), None)));
    let mut moved = Vec::new();
    for (now, then) in pairs {
        let Some(one) = then.or(now) else { continue };
        let (hit, freed, begins, ends) = compare(&one.key);
        totals.hit += usize::from(begins);
        totals.freed += usize::from(ends);
        let state = |finding: Option<&Finding>| finding.map(|finding| finding.state.clone());
        let due = |finding: Option<&Finding>| finding.and_then(|finding| finding.due.clone());
        let (state, state_then) = (state(now), state(then));
        let (due, due_then) = (due(now), due(then));
        let same = state == state_then && due == due_then;
        if same && hit.is_empty() && freed.is_empty() {
            continue;
        }
        match (now.is_some(), then.is_some()) {
            (false, _) => totals.appears += 1,
            (_, false) => totals.vanishes += 1,
            _ => {
                match (&due, &due_then) {
                    (Some(due), Some(then)) => {
                        let time = |text: &String| text.parse::<Timestamp>().ok();
                        totals.sooner += usize::from(time(then) < time(due));
                        totals.later += usize::from(time(then) > time(due));
                    }
                    (None, Some(_)) => totals.dated += 1,
                    (Some(_), None) => totals.undated += 1,
                    (None, None) => {}
                }
                match (state.as_deref(), state_then.as_deref()) {
                    (old, new) if old == new => {}
                    (_, Some("overdue")) => totals.late += 1,
                    (Some("overdue"), Some("open" | "in_triage")) => totals.in_time += 1,
                    _ => totals.other += 1,
                }
            }
        }
        if moved.len() < MOST_FINDINGS {
            let purl = one.component.purl.to_string();
            let component = inventories::component_id(&purl);
            moved.push(Moved {
                finding: findings::finding_id(version.id, &one.key, component),
                vulnerability: one.id.clone(),
                component: format!("{} {}", one.component.name, one.component.version)
                    .trim_end()
                    .to_owned(),
                hit,
                freed,
                state,
                state_then,
                due,
                due_then,
            });
        }
    }
    let changed = Changed {
        product,
        version: version.name.clone(),
        denied: denied.0,
        denied_then: denied.1,
        totals,
        findings: moved,
    };
    (changed, rules)
}
