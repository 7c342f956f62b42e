//! Makes a year and a half of history, day by day.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde_json::json;
use stanchion_store::{Id, StoreError, Tx};

use super::advisories::Known;
use super::company::Company;
use super::desk::Desk;
use super::steps::{Doing, Step, steps};
use super::story::STORY;
use super::{DAY, DemoError, people};
use crate::engine::Clock;
use crate::http::Settings;
use crate::portal::Portal;

/// Days of history.
pub(super) const DAYS: i64 = 548;

/// A portal in a folder, as it is on the day that began at `midnight`.
pub(super) fn fill(
    folder: &Path,
    settings: &Settings,
    clock: &Clock,
    midnight: i64,
) -> Result<Portal, DemoError> {
    let company = Company::read()?;
    let known = Known::read()?;
    let story = STORY
        .as_ref()
        .map_err(|reason| DemoError::Data(reason.clone()))?;
    std::fs::write(folder.join("exploited.json"), known.list().to_string())
        .map_err(DemoError::Folder)?;
    let mut desk = Desk::open(folder, settings, clock, midnight)?;

    desk.at(desk.time(DAYS, 8 * 3_600));
    let now = desk.portal.engine.now();
    desk.portal
        .engine
        .store()
        .write(|tx| people::settle(tx, now))?;
    let names: Vec<String> = story
        .person
        .iter()
        .map(|person| people::name_of(&person.name))
        .chain(story.service.iter().map(|service| service.name.clone()))
        .collect();
    desk.admit(&names)?;

    let doing = Doing::new(&company, &known, story);
    let mut days: BTreeMap<i64, Vec<Step<'_>>> = BTreeMap::new();
    for step in steps(&company, &known, story) {
        days.entry(-step.day).or_default().push(step);
    }
    for (day, mut steps) in days {
        let day = -day;
        steps.sort_by_key(|step| step.seconds);
        for step in steps {
            desk.at(desk.time(day, step.seconds));
            doing.take(&desk, &step)?;
        }
        // Of today no more than its first minute has been.
        desk.at(desk.time(day, if day == 0 { 50 } else { 86_100 }));
        desk.work()?;
        desk.portal.engine.measure()?;
    }
    desk.portal.engine.add_job("sweep", "", &json!({}), 0)?;
    desk.work()?;
    desk.portal
        .engine
        .store()
        .write(|tx| carry_over(tx, midnight.div_euclid(DAY)))?;
    desk.close()
}

/// On days on which nothing happened the numbers are those of the day before.
fn carry_over(tx: &mut Tx<'_>, today: i64) -> Result<(), StoreError> {
    let mut known: HashMap<Id, BTreeMap<i64, String>> = HashMap::new();
    tx.each("SELECT product, day, body FROM metric", &[], |row| {
        known
            .entry(row.get(0)?)
            .or_default()
            .insert(row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    let mut products: Vec<Id> = known.keys().copied().collect();
    products.sort_unstable();
    let mut rows = Vec::new();
    for product in products {
        let Some(measured) = known.get(&product) else {
            continue;
        };
        let mut last: Option<(i64, &String)> = None;
        let ends: BTreeSet<i64> = measured.keys().copied().chain([today + 1]).collect();
        for day in ends {
            if let Some((from, body)) = last {
                rows.extend((from + 1..day).map(|between| (between, product, body)));
            }
            last = measured.get(&day).map(|body| (day, body));
        }
    }
    let values: Vec<_> = rows
        .iter()
        .flat_map(|(day, product, body)| stanchion_store::params![*day, *product, *body].to_vec())
        .collect();
    tx.insert(
        "metric",
        &["day", "product", "body"],
        &values,
        "ON CONFLICT DO NOTHING",
    )?;
    Ok(())
}
