//! New advisories, new exploitation, a new policy, time that passes: what was judged is judged again where that can change
//! the answer, and nowhere else.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use rayon::prelude::*;
use stanchion_advisories::Index;
use stanchion_advisories::diff::{self, Touched};
use stanchion_inventory::document;
use stanchion_model::report::Assessment;
use stanchion_policy::file::Gate;
use stanchion_policy::gate;
use stanchion_store::events::{self, NewEvent};
use stanchion_store::findings::{self, Changes, Replace};
use stanchion_store::products::{self, Product, Version};
use stanchion_store::sightings::{self, Sightings};
use stanchion_store::{Id, StoreError, inventories};

use super::ingest::{MOST_BYTES, sight_name, write_findings};
use super::{Engine, EngineError};

/// Versions whose answers are held at once, and written in one transaction.
const CHUNK: usize = 32;

/// What new advisories reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The versions that have to be looked at again.
    pub versions: Vec<Id>,
    /// Open findings of vulnerabilities about which something new is known.
    pub findings: usize,
}

/// What looking again came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Versions that were looked at.
    pub versions: usize,
    /// Findings that are new.
    pub appeared: usize,
    /// Findings that are open again.
    pub reopened: usize,
    /// Findings about which something is different.
    pub changed: usize,
    /// Findings that are closed.
    pub closed: usize,
    /// Versions that could not be looked at, and why: they keep what was found.
    pub failed: Vec<(Id, String)>,
}

impl Absorbed {
    fn add(&mut self, changes: &Changes) {
        self.versions += 1;
        self.appeared += changes.appeared.len();
        self.reopened += changes.reopened.len();
        self.changed += changes.changed.len();
        self.closed += changes.closed.len();
    }
}

/// Why something is looked at again, for histories.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause<'c> {
    /// What brings a finding up.
    pub(crate) cause: &'c str,
    /// What closes one.
    pub(crate) gone: &'c str,
}

/// New advisories.
pub(crate) const ADVISORIES: Cause<'static> = Cause {
    cause: "new advisories",
    gone: "no advisory names this version any more",
};
/// A new policy, exception or decision.
pub(crate) const DECISIONS: Cause<'static> = Cause {
    cause: "what was decided changed",
    gone: "no rule is broken any more",
};
/// Time.
pub(crate) const TIME: Cause<'static> = Cause {
    cause: "time passed",
    gone: "no rule is broken any more",
};

impl Engine {
    /// Looks at everything again that the advisories in use touch and the ones before did not. Safe to break off: what is
    /// done stays done, and the next run does the rest.
    pub fn absorb(&self) -> Result<Absorbed, EngineError> {
        let held = self.held()?;
        let file = self.file_in_use();
        let mark = self.absorbed_file();
        let Some(before) = open(&mark) else {
            // Nothing is known of before: whatever was judged with other advisories is judged again.
            let versions = self.judged_otherwise(held.index.snapshot())?;
            let absorbed = self.judge_again(&versions, ADVISORIES)?;
            self.try_later(&absorbed)?;
            Self::remember_generation(file.as_deref(), &mark)?;
            return Ok(absorbed);
        };
        if before.snapshot() == held.index.snapshot() {
            return Ok(Absorbed::default());
        }
        let touched = diff::diff(&before, &held.index)?;
        drop(before);
        let reach = self.reach(&touched)?;
        let absorbed = self.judge_again(&reach.versions, ADVISORIES)?;
        self.try_later(&absorbed)?;
        Self::remember_generation(file.as_deref(), &mark)?;
        Ok(absorbed)
    }

    /// Versions that could not be looked at get a job each: they are tried some times more, and listed when that is in vain.
    /// They hold nobody else up.
    fn try_later(&self, absorbed: &Absorbed) -> Result<(), EngineError> {
        let now = self.now();
        for (version, reason) in &absorbed.failed {
            tracing::warn!(%version, reason, "a version cannot be looked at again");
            let payload = serde_json::json!({ "version": version.to_string() });
            self.store.write(|tx| {
                super::runner::add(
                    tx,
                    "judge",
                    &format!("version:{version}"),
                    &payload,
                    10,
                    now,
                )
            })?;
        }
        Ok(())
    }

    fn judged_otherwise(&self, snapshot: &str) -> Result<Vec<Id>, EngineError> {
        Ok(self.store.read(|tx| {
            tx.all(
                "SELECT v.id FROM version v JOIN inventory i ON i.id = v.inventory WHERE i.snapshot <> ?1 ORDER BY v.id",
                stanchion_store::params![snapshot],
                |row| row.get::<Id>(0),
            )
        })?)
    }

    /// Which versions and findings a difference between two generations touches.
    pub fn reach(&self, touched: &Touched) -> Result<Reach, EngineError> {
        if touched.ends {
            let all = self.store.read(|tx| {
                tx.all(
                    "SELECT id FROM version WHERE inventory IS NOT NULL ORDER BY id",
                    &[],
                    |row| row.get::<Id>(0),
                )
            })?;
            return Ok(Reach {
                versions: all,
                findings: 0,
            });
        }
        // The database writes a distribution's release behind its name; components carry it apart.
        let packages: BTreeSet<Id> = touched
            .packages
            .iter()
            .map(|(ecosystem, name)| {
                let plain = ecosystem
                    .split_once(':')
                    .map_or(ecosystem.as_str(), |(plain, _)| plain);
                inventories::package_id(plain, name)
            })
            .collect();
        let packages: Vec<Id> = packages.into_iter().collect();
        let vulnerabilities: Vec<Id> = touched
            .vulnerabilities
            .iter()
            .map(|name| findings::vulnerability_id(name))
            .collect();
        Ok(self.store.read(|tx| {
            let mut versions: BTreeSet<Id> = inventories::versions_with(tx, &packages)?
                .into_iter()
                .collect();
            let (with, count) = findings::versions_with(tx, &vulnerabilities)?;
            versions.extend(with);
            Ok::<_, StoreError>(Reach {
                versions: versions.into_iter().collect(),
                findings: count,
            })
        })?)
    }

    fn remember_generation(file: Option<&Path>, mark: &Path) -> Result<(), EngineError> {
        let outside = |error: std::io::Error| {
            EngineError::Outside(format!("cannot write {}: {error}", mark.display()))
        };
        let Some(file) = file else { return Ok(()) };
        // Never written in place, so a second name for it is a copy that costs nothing.
        let new = mark.with_extension("new");
        let _ = std::fs::remove_file(&new);
        if std::fs::hard_link(file, &new).is_err() {
            std::fs::copy(file, &new).map_err(outside)?;
        }
        std::fs::rename(&new, mark).map_err(outside)
    }

    /// Judges versions again, several at once, and writes what changed.
    pub(crate) fn judge_again(
        &self,
        versions: &[Id],
        cause: Cause<'_>,
    ) -> Result<Absorbed, EngineError> {
        let mut absorbed = Absorbed::default();
        for chunk in versions.chunks(CHUNK) {
            let judged: Vec<(Id, Result<Option<Again>, EngineError>)> = chunk
                .par_iter()
                .map(|id| (*id, self.look_again(*id)))
                .collect();
            let mut ready = Vec::new();
            for (id, result) in judged {
                match result {
                    Ok(Some(again)) => ready.push(again),
                    Ok(None) => {}
                    Err(error) => absorbed.failed.push((id, error.to_string())),
                }
            }
            ready.sort_by_key(|again| again.version.id);
            let now = self.now();
            let done: Vec<(Id, Option<Changes>)> = self.store.write(|tx| {
                let mut done = Vec::new();
                for again in &ready {
                    done.push((again.version.id, again.write(tx, cause, now)?));
                }
                Ok::<_, StoreError>(done)
            })?;
            for (id, changes) in done {
                match changes {
                    Some(changes) => absorbed.add(&changes),
                    // Somebody pushed or changed the product meanwhile: alone, and after the others.
                    None => match self.judge_one(id, cause) {
                        Ok(changes) => absorbed.add(&changes),
                        Err(error) => absorbed.failed.push((id, error.to_string())),
                    },
                }
            }
        }
        Ok(absorbed)
    }

    /// Judges one version again.
    pub(crate) fn judge_one(&self, version: Id, cause: Cause<'_>) -> Result<Changes, EngineError> {
        for _ in 0..4 {
            let Some(again) = self.look_again(version)? else {
                return Ok(Changes::default());
            };
            let now = self.now();
            if let Some(changes) = self.store.write(|tx| again.write(tx, cause, now))? {
                return Ok(changes);
            }
        }
        Err(EngineError::Conflict(
            "the version kept changing while it was judged".into(),
        ))
    }

    /// Matches and judges the inventory in force of a version; `None` where there is none.
    fn look_again(&self, id: Id) -> Result<Option<Again>, EngineError> {
        let found = self.store.read(|tx| {
            let Some(version) = products::version_by_id(tx, id)? else {
                return Ok(None);
            };
            let Some(inventory) = version.inventory else {
                return Ok(None);
            };
            let (Some(product), Some(inventory)) = (
                products::by_id(tx, version.product)?,
                inventories::by_id(tx, inventory)?,
            ) else {
                return Ok(None);
            };
            let sights = sightings::of(tx, &sight_name(product.id))?;
            Ok::<_, StoreError>(Some((version, product, inventory, sights)))
        })?;
        let Some((version, product, inventory, sights)) = found else {
            return Ok(None);
        };
        if inventory.raw_gone {
            return Ok(None);
        }
        let read = self.inventory_of(&inventory)?;
        let bench = self.bench(&product)?;
        let as_of = Timestamp::from_second(self.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let assessment = Self::assess(read, &bench, gate::DEFAULT, as_of, &sights)?;
        Ok(Some(Again {
            product,
            version,
            inventory: inventory.id,
            policy: bench
                .policy
                .map(|policy| policy.digest.clone())
                .unwrap_or_default(),
            assessment,
            sights,
            as_of,
        }))
    }

    /// The report of a version, made anew and not written.
    pub fn report(
        &self,
        product: &Product,
        version: &Version,
        gate: Gate,
        as_of: Option<Timestamp>,
    ) -> Result<Assessment, EngineError> {
        let absent = || {
            EngineError::Absent(format!(
                "{} {} has no inventory that is kept",
                product.name, version.name
            ))
        };
        let (inventory, sights) = self.store.read(|tx| {
            let inventory = match version.inventory {
                Some(id) => inventories::by_id(tx, id)?,
                None => None,
            };
            Ok::<_, StoreError>((inventory, sightings::of(tx, &sight_name(product.id))?))
        })?;
        let row = inventory.filter(|row| !row.raw_gone).ok_or_else(absent)?;
        let read = self.inventory_of(&row)?;
        let bench = self.bench(product)?;
        let as_of = as_of
            .unwrap_or_else(|| Timestamp::from_second(self.now()).unwrap_or(Timestamp::UNIX_EPOCH));
        Self::assess(read, &bench, gate, as_of, &sights)
    }

    /// The inventory that a row stands for.
    pub fn inventory_of(
        &self,
        row: &inventories::Inventory,
    ) -> Result<stanchion_model::inventory::Inventory, EngineError> {
        // Ours of a large SBOM may be larger than what came in.
        let bytes = self.blob(&row.inventory, 4 * MOST_BYTES as u64)?;
        document::read(&bytes).map_err(|error| EngineError::Unusable(error.to_string()))
    }

    /// Versions whose findings become overdue, or whose exceptions end, between two times.
    pub(crate) fn due_between(&self, from: i64, to: i64) -> Result<Vec<Id>, EngineError> {
        Ok(self.store.read(|tx| {
            let mut versions: BTreeSet<Id> = BTreeSet::new();
            tx.each(
                "SELECT DISTINCT version FROM finding WHERE work = 1 AND due IS NOT NULL AND due >= ?1 AND due < ?2",
                stanchion_store::params![from, to],
                |row| {
                    versions.insert(row.get(0)?);
                    Ok(())
                },
            )?;
            let ended: Vec<String> = tx.all(
                "SELECT id FROM exception WHERE state = 'approved' AND expires >= ?1 AND expires < ?2",
                stanchion_store::params![from, to],
                |row| row.get(0),
            )?;
            for id in ended {
                tx.each(
                    "SELECT DISTINCT version FROM finding WHERE work = 1 AND exception = ?1",
                    stanchion_store::params![&id],
                    |row| {
                        versions.insert(row.get(0)?);
                        Ok(())
                    },
                )?;
            }
            Ok::<_, StoreError>(versions.into_iter().collect())
        })?)
    }

    /// Tells of exceptions that ended between two times.
    pub(crate) fn tell_ended(&self, from: i64, to: i64) -> Result<(), EngineError> {
        Ok(self.store.write(|tx| {
            let ended: Vec<(String, Option<String>)> = tx.all(
                "SELECT id, product FROM exception WHERE state = 'approved' AND expires >= ?1 AND expires < ?2 ORDER BY id",
                stanchion_store::params![from, to],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let mut told = Vec::new();
            for (id, name) in ended {
                let product = match &name {
                    Some(name) => products::by_name(tx, name)?.map(|product| product.id),
                    None => None,
                };
                told.push(NewEvent {
                    kind: "exception.ended",
                    product,
                    body: serde_json::json!({ "exception": id, "product": name }).to_string(),
                    subject: id,
                });
            }
            events::add(tx, to, &told)
        })?)
    }

    /// The versions of a product that have an inventory, or of all products.
    pub(crate) fn versions_of(&self, product: Option<&str>) -> Result<Vec<Id>, EngineError> {
        Ok(self.store.read(|tx| {
            let product = match product {
                None => None,
                Some(name) => match products::by_name(tx, name)? {
                    Some(product) => Some(product.id),
                    None => return Ok(Vec::new()),
                },
            };
            match product {
                None => tx.all(
                    "SELECT id FROM version WHERE inventory IS NOT NULL ORDER BY live DESC, id",
                    &[],
                    |row| row.get::<Id>(0),
                ),
                Some(product) => tx.all(
                    "SELECT id FROM version WHERE inventory IS NOT NULL AND product = ?1 ORDER BY live DESC, id",
                    stanchion_store::params![product],
                    |row| row.get::<Id>(0),
                ),
            }
        })?)
    }
}

/// A generation; a torn one is as good as none.
fn open(file: &Path) -> Option<Index> {
    file.is_file().then(|| Index::open(file).ok()).flatten()
}

/// A version that was judged again, before it is written.
struct Again {
    product: Product,
    version: Version,
    inventory: Id,
    policy: String,
    assessment: Assessment,
    sights: Sightings,
    as_of: Timestamp,
}

impl Again {
    /// `None` where the version or its product is not as it was read.
    fn write(
        &self,
        tx: &mut stanchion_store::Tx<'_>,
        cause: Cause<'_>,
        now: i64,
    ) -> Result<Option<Changes>, StoreError> {
        inventories::lock_version(tx, self.version.id)?;
        let Some(version) = products::version_by_id(tx, self.version.id)? else {
            return Ok(Some(Changes::default()));
        };
        let product = products::by_id(tx, self.product.id)?;
        if version.inventory != Some(self.inventory)
            || product.is_none_or(|product| product.revision != self.product.revision)
        {
            return Ok(None);
        }
        let asked = Replace {
            version: version.id,
            live: version.live,
            now,
            actor: "portal",
            cause: cause.cause,
            gone: cause.gone,
        };
        let changes = write_findings(
            tx,
            &asked,
            &self.product,
            &self.assessment,
            &self.sights,
            self.as_of,
        )?;
        inventories::judged(
            tx,
            self.inventory,
            &self.assessment.database.snapshot,
            &self.policy,
            now,
            self.assessment.verdict.denied,
        )?;
        Ok(Some(changes))
    }
}
