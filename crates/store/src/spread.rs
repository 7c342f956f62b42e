//! How the open findings of a product lie: by how likely and how severe they are, and by how long they have been open.

use crate::{Id, StoreError, Tx, params};

/// An open finding as a dot.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Its id.
    pub id: Id,
    /// The vulnerability's.
    pub name: String,
    /// 0 none, 1 low, 2 medium, 3 high, 4 critical, -1 unknown.
    pub severity: i64,
    /// On CISA's list.
    pub known_exploited: bool,
    /// Probability, 0 to 1.
    pub epss: Option<f64>,
    /// Why the component is affected, as it is kept: JSON with the scores.
    pub hit: Option<String>,
}

/// The worst open findings of a product, at most so many.
pub fn spots(tx: &mut Tx<'_>, product: Id, most: i64) -> Result<Vec<Spot>, StoreError> {
    tx.all(
        "SELECT f.id, v.name, f.severity, f.flags, f.epss, h.body FROM finding f
         JOIN vulnerability v ON v.id = f.vulnerability
         LEFT JOIN hit h ON h.component = f.component AND h.vulnerability = f.vulnerability
         WHERE f.product = ?1 AND f.work = 1 ORDER BY f.score DESC, f.id DESC LIMIT ?2",
        params![product, most],
        |row| {
            let flags: i64 = row.get(3)?;
            let epss: i64 = row.get(4)?;
            Ok(Spot {
                id: row.get(0)?,
                name: row.get(1)?,
                severity: row.get(2)?,
                known_exploited: flags & 1 != 0,
                epss: u32::try_from(epss)
                    .ok()
                    .map(|epss| f64::from(epss) / 10_000.0),
                hit: row.get(5)?,
            })
        },
    )
}

/// How many open findings of a product there are of each severity that were first seen since `from` and before `to`, both
/// in seconds since 1970: severity and count.
pub fn seen_between(
    tx: &mut Tx<'_>,
    product: Id,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.all(
        "SELECT severity, COUNT(*) FROM finding WHERE product = ?1 AND work = 1 AND first_seen >= ?2 AND first_seen < ?3
         GROUP BY severity ORDER BY severity",
        params![product, from, to],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
