//! Which rules of the gate each finding breaks, as the last judgement has it.

use std::collections::BTreeSet;

use crate::{Id, StoreError, Tx, params};

/// Rows that are looked at for a count of somebody who sees some products only.
const MOST_LOOKED: usize = 20_000;

/// Puts what the findings of a version break in the place of what they broke: finding and rule.
pub fn put(tx: &mut Tx<'_>, version: Id, new: &[(Id, &str)]) -> Result<(), StoreError> {
    let (first, last) = Id::range_below(version);
    let old: BTreeSet<(Id, String)> = tx
        .all(
            "SELECT x.finding, x.rule FROM violation x JOIN finding f ON f.id = x.finding WHERE x.finding >= ?1 AND x.finding <= ?2 AND f.version = ?3",
            params![first, last, version],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .into_iter()
        .collect();
    let new: BTreeSet<(Id, String)> = new
        .iter()
        .map(|(finding, rule)| (*finding, (*rule).to_owned()))
        .collect();
    for (finding, rule) in old.difference(&new) {
        tx.execute(
            "DELETE FROM violation WHERE finding = ?1 AND rule = ?2",
            params![*finding, rule],
        )?;
    }
    for (finding, rule) in new.difference(&old) {
        tx.insert(
            "violation",
            &["finding", "rule"],
            params![*finding, rule],
            "ON CONFLICT (finding, rule) DO NOTHING",
        )?;
    }
    Ok(())
}

/// How many open findings of live versions break a rule, of these products (`None`: of all), counted up to `most`; and
/// whether that is all.
pub fn count(
    tx: &mut Tx<'_>,
    rule: &str,
    only: Option<&[Id]>,
    most: usize,
) -> Result<(usize, bool), StoreError> {
    let looked = if only.is_some() {
        MOST_LOOKED
    } else {
        most + 1
    };
    let sql = format!(
        "SELECT f.product FROM violation x JOIN finding f ON f.id = x.finding WHERE x.rule = ?1 AND f.work = 1 LIMIT {looked}"
    );
    let only: Option<BTreeSet<&Id>> = only.map(|only| only.iter().collect());
    let (mut all, mut own) = (0, 0);
    tx.each(&sql, params![rule], |row| {
        let product: Id = row.get(0)?;
        all += 1;
        own += usize::from(only.as_ref().is_none_or(|only| only.contains(&product)));
        Ok(())
    })?;
    Ok((own.min(most), own <= most && all < looked))
}
