//! The starter set: well-known advisories in our own words, compiled in, so that the first command works on a
//! machine without a database and without the network.

use stanchion_model::report::SourceInfo;
use stanchion_syntax::{Limits, json};

use crate::feeds::{kev, osv};
use crate::index::draft::{Batch, Draft};
use crate::index::tables::{Tables, kev_section};
use crate::{Error, Index, Meta};

static TEXT: &str = include_str!("../data/starter.json");

/// Builds the starter set in memory.
pub fn starter() -> Result<Index, Error> {
    let root = json::parse(TEXT, &Limits::default())
        .whole()
        .map_err(|error| Error::Damaged(error.to_string()))?;
    let as_of = format!("{}T00:00:00Z", root.str("as_of").unwrap_or_default());
    let mut meta = Meta {
        kind: "starter".into(),
        updated: as_of.clone(),
        ..Meta::default()
    };
    let number = meta.feed("starter");
    let mut batch = Batch::default();
    let mut refused = Vec::new();
    for parsed in osv::parse_list(root.at(&["records"])) {
        meta.feeds[0].read += 1;
        match parsed {
            Ok(osv::Parsed::Record(record)) => batch.add(*record, number),
            Ok(osv::Parsed::Withdrawn(_)) => meta.feeds[0].withdrawn += 1,
            Err(refusal) => refused.push(refusal),
        }
    }
    meta.feeds[0].refused = refused.len() as u64;
    meta.refuse("starter", refused);
    let records = meta.feeds[0].read;
    meta.describe(SourceInfo {
        name: "starter".into(),
        records,
        newest: Some(as_of),
        fetched: None,
        failed: None,
    });
    let known = kev::entries(root.at(&["kev"]));
    let mut draft = Draft::new();
    draft.add(batch.finish(), false)?;
    let tables = Tables {
        kev: kev_section(&known),
        ..Tables::default()
    };
    Index::from_bytes(draft.finish(tables, meta)?)
}

#[cfg(test)]
mod tests {
    use stanchion_model::Ecosystem;

    use super::*;
    use crate::{Matcher, Query};

    #[test]
    fn every_record_is_whole_and_log4shell_is_found() {
        let index = starter().unwrap();
        let meta = index.meta().unwrap();
        assert_eq!(meta.refusals, []);
        let info = meta.info(index.snapshot());
        assert!(
            info.advisories >= 100 && info.withdrawn + info.merged + info.refused == 0,
            "{info:?}"
        );
        let query = Query {
            ecosystem: Ecosystem::Maven,
            release: None,
            name: "org.apache.logging.log4j:log4j-core",
            version: "2.14.1",
        };
        let hits = Matcher::new(&index).hits(&query).unwrap();
        let ids: Vec<_> = hits
            .iter()
            .map(|hit| index.record(hit.record).unwrap().id)
            .collect();
        assert!(ids.contains(&"GHSA-jfh8-c2jp-5v3q"), "{ids:?}");
        assert!(index.kev("CVE-2021-44228").unwrap().unwrap().ransomware);
    }
}
