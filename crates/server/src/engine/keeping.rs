//! House-keeping: advisories are fetched, numbers written down, and what is no longer to be kept goes.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use serde_json::json;
use stanchion_advisories::fetch::{self, Became};
use stanchion_store::events::{self, NewEvent};
use stanchion_store::products::{self, Product, Version, Wanted};
use stanchion_store::{Id, StoreError, inventories, jobs};

use super::board::Fetching;
use super::{Engine, EngineError};

const DAY: i64 = 86_400;

/// What is kept, and for how long. Live versions are always kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Versions of a branch besides the live ones.
    pub versions: i64,
    /// Days for which a version that is not live is kept.
    pub days: i64,
    /// Days for which the documents of versions that are not live are kept.
    pub documents: i64,
    /// Days for which events are kept.
    pub events: i64,
    /// Days for which jobs are kept that failed; those that are done go after two.
    pub jobs: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            versions: 50,
            days: 730,
            documents: 730,
            events: 180,
            jobs: 30,
        }
    }
}

/// Products that are looked through at once.
const PAGE: usize = 200;

impl Engine {
    /// Asks every source what is new, and looks again at what that touches. A source that fails takes nothing away; it is
    /// told.
    pub(crate) fn update_feeds(&self) -> Result<String, EngineError> {
        if self.options.client.is_offline() {
            return Ok("offline: nothing was asked".into());
        }
        let report = fetch::update(
            &self.database,
            &self.options.sources,
            &self.options.client,
            &self.now_text(),
            &Fetching(&self.board),
        )?;
        let failed: Vec<(String, String)> = report
            .sources
            .iter()
            .filter_map(|source| match &source.became {
                Became::Failed(reason) => Some((source.name.clone(), reason.clone())),
                _ => None,
            })
            .collect();
        if !failed.is_empty() {
            let told: Vec<NewEvent> = failed
                .iter()
                .map(|(name, reason)| NewEvent {
                    kind: "source.failed",
                    product: None,
                    subject: name.clone(),
                    body: json!({ "source": name, "reason": reason }).to_string(),
                })
                .collect();
            let now = self.now();
            self.store.write(|tx| events::add(tx, now, &told))?;
        }
        let absorbed = self.absorb()?;
        Ok(format!(
            "{} sources asked, {} failed; {} versions looked at again",
            report.sources.len(),
            failed.len(),
            absorbed.versions
        ))
    }

    /// Writes down the numbers of the day for each product: once a day, never changed.
    pub(crate) fn measure(&self) -> Result<String, EngineError> {
        let now = self.now();
        let day = now.div_euclid(DAY);
        let numbers = self.store.read(|tx| {
            let mut numbers: BTreeMap<Id, Numbers> = BTreeMap::new();
            tx.each(
                "SELECT product, severity, COUNT(*), CAST(SUM(flags & 1) AS BIGINT), CAST(SUM(CASE WHEN score > 0 THEN score ELSE 0 END) AS BIGINT),
                        CAST(SUM(CASE WHEN state = 2 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN state = 3 THEN 1 ELSE 0 END) AS BIGINT),
                        CAST(SUM(CASE WHEN flags & 32 <> 0 THEN 1 ELSE 0 END) AS BIGINT)
                 FROM finding WHERE work = 1 GROUP BY product, severity",
                &[],
                |row| {
                    let one = numbers.entry(row.get(0)?).or_default();
                    let severity: i64 = row.get(1)?;
                    let count: i64 = row.get(2)?;
                    one.open += count;
                    if let Some(place) = usize::try_from(severity).ok().and_then(|at| one.severities.get_mut(at)) {
                        *place += count;
                    }
                    one.exploited += row.get::<i64>(3)?;
                    one.risk += row.get::<i64>(4)?;
                    one.overdue += row.get::<i64>(5)?;
                    one.excepted += row.get::<i64>(6)?;
                    one.unowned += row.get::<i64>(7)?;
                    Ok(())
                },
            )?;
            let products: Vec<Id> = tx.all("SELECT id FROM product ORDER BY id", &[], |row| row.get(0))?;
            for product in products {
                numbers.entry(product).or_default();
            }
            // Under no product stands the whole organisation, so that its line need not be added up.
            let mut whole = Numbers::default();
            for one in numbers.values() {
                whole.add(one);
            }
            numbers.insert(Id::default(), whole);
            Ok::<_, StoreError>(numbers)
        })?;
        let rows: Vec<(Id, String)> = numbers.iter().map(|(id, one)| (*id, one.json())).collect();
        self.store.write(|tx| {
            let values: Vec<_> = rows
                .iter()
                .flat_map(|(id, body)| stanchion_store::params![day, *id, body].to_vec())
                .collect();
            tx.insert(
                "metric",
                &["day", "product", "body"],
                &values,
                "ON CONFLICT DO NOTHING",
            )
        })?;
        Ok(format!("{} products", rows.len() - 1))
    }

    /// Takes away what is no longer to be kept.
    pub(crate) fn sweep(&self) -> Result<String, EngineError> {
        let now = self.now();
        let keep = self.options.retention;
        let mut gone = 0;
        let mut after = String::new();
        loop {
            let page = self.store.read(|tx| {
                let wanted = Wanted {
                    after: Some(&after),
                    limit: PAGE,
                    ..Wanted::default()
                };
                products::page(tx, &wanted)
            })?;
            for product in &page {
                gone += self.sweep_product(product, now)?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after.clone_from(&last.name),
                _ => break,
            }
        }
        let documents = self.sweep_documents(now)?;
        let (events, jobs) = self.store.write(|tx| {
            let events = events::sweep(tx, now - keep.events * DAY)?;
            let jobs = jobs::sweep(tx, now - 2 * DAY, now - keep.jobs * DAY)?;
            Ok::<_, StoreError>((events, jobs))
        })?;
        let people = crate::people::People::sweep(self)?;
        Ok(format!(
            "{gone} versions, {documents} documents, {events} events, {jobs} jobs, {people} sessions and the like"
        ))
    }

    fn sweep_product(&self, product: &Product, now: i64) -> Result<usize, EngineError> {
        let keep = self.options.retention;
        let most = product.keep_versions.unwrap_or(keep.versions);
        let oldest = now - product.keep_days.unwrap_or(keep.days) * DAY;
        let versions = self.store.read(|tx| products::versions(tx, product.id))?;
        let mut kept: BTreeMap<Id, i64> = BTreeMap::new();
        let old: Vec<Version> = versions
            .into_iter()
            .filter(|version| {
                let before = kept.entry(version.branch).or_default();
                *before += 1;
                !version.live
                    && (*before > most + 1 || version.pushed.unwrap_or(version.created) < oldest)
            })
            .collect();
        for version in &old {
            self.store.write(|tx| {
                // Deployed or pushed again meanwhile: it stays.
                match products::version_by_id(tx, version.id)? {
                    Some(current) if !current.live && current.pushed == version.pushed => {
                        inventories::delete_version(tx, version.id)
                    }
                    _ => Ok(()),
                }
            })?;
        }
        Ok(old.len())
    }

    /// Documents that are too old, and those that nothing names any more.
    fn sweep_documents(&self, now: i64) -> Result<usize, EngineError> {
        let oldest = now - self.options.retention.documents * DAY;
        self.store.write(|tx| {
            tx.execute(
                "UPDATE inventory SET raw_gone = 1 WHERE received < ?1 AND raw_gone = 0
                     AND version IN (SELECT id FROM version WHERE live = 0)",
                stanchion_store::params![oldest],
            )
        })?;
        let named: HashSet<String> = self.store.read(|tx| {
            let mut named = HashSet::new();
            tx.each(
                "SELECT document, inventory FROM inventory WHERE raw_gone = 0
                 UNION ALL SELECT digest, digest FROM vex_document",
                &[],
                |row| {
                    named.insert(row.get(0)?);
                    named.insert(row.get(1)?);
                    Ok(())
                },
            )?;
            Ok::<_, StoreError>(named)
        })?;
        let mut gone = 0;
        for blob in self.blobs.list()? {
            let blob = blob?;
            // One that has just come may not be named yet.
            let put = blob
                .put
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |age| age.as_secs().cast_signed());
            if !named.contains(&blob.digest.to_string()) && put < now - DAY {
                self.blobs.delete(blob.digest)?;
                gone += 1;
            }
        }
        self.blobs.tidy(Duration::from_hours(24))?;
        Ok(gone)
    }
}

/// The numbers of a product on a day.
#[derive(Default)]
struct Numbers {
    open: i64,
    /// None, low, medium, high, critical.
    severities: [i64; 5],
    exploited: i64,
    risk: i64,
    overdue: i64,
    excepted: i64,
    unowned: i64,
}

impl Numbers {
    fn add(&mut self, other: &Self) {
        self.open += other.open;
        for (own, more) in self.severities.iter_mut().zip(other.severities) {
            *own += more;
        }
        self.exploited += other.exploited;
        self.risk += other.risk;
        self.overdue += other.overdue;
        self.excepted += other.excepted;
        self.unowned += other.unowned;
    }

    fn json(&self) -> String {
        json!({
            "open": self.open,
            "critical": self.severities[4],
            "high": self.severities[3],
            "medium": self.severities[2],
            "low": self.severities[1] + self.severities[0],
            "known_exploited": self.exploited,
            "risk": self.risk as f64 / 10.0,
            "overdue": self.overdue,
            "excepted": self.excepted,
            "unowned": self.unowned,
        })
        .to_string()
    }
}
