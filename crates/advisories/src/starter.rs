//! The starter set: well-known advisories in our own words, compiled in, so that the first command works on a
//! machine without a database and without the network.

use stanchion_model::finding::{Exploitation, Ssvc};
use stanchion_model::report::SourceInfo;
use stanchion_syntax::{Limits, Node, json};

use crate::feeds::{kev, osv};
use crate::index::draft::{Batch, Draft};
use crate::index::tables::{Tables, cve_number, epss_section, kev_section, ssvc_section};
use crate::{Error, Index, Meta};

static TEXT: &str = include_str!("../data/starter.json");

/// Builds the starter set in memory.
pub fn starter() -> Result<Index, Error> {
    Index::from_bytes(small(TEXT, "starter", "starter")?)
}

/// A database of a small set in one text, in the form of the starter set: `as_of`, `records` in OSV's form, `kev` (all of
/// the list where `kev_is_whole`), `epss`
/// (`cve`, `probability`, `percentile`) and `ssvc` (`cve`, `exploitation`, `automatable`, `total`). `kind` is what the
/// database calls itself, `source` what its only source is called.
pub fn small(text: &str, kind: &str, source: &str) -> Result<Vec<u8>, Error> {
    let root = json::parse(text, &Limits::default())
        .whole()
        .map_err(|error| Error::Damaged(error.to_string()))?;
    let as_of = match root.str("as_of").unwrap_or_default() {
        day if day.len() == 10 => format!("{day}T00:00:00Z"),
        time => time.to_owned(),
    };
    let mut meta = Meta {
        kind: kind.into(),
        updated: as_of.clone(),
        ..Meta::default()
    };
    let number = meta.feed(source);
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
    meta.refuse(source, refused);
    let records = meta.feeds[0].read;
    meta.describe(SourceInfo {
        name: source.into(),
        records,
        newest: Some(as_of.clone()),
        fetched: None,
        failed: None,
    });
    let known = kev::entries(root.at(&["kev"]));
    // A set that has the whole list says so: what is not in it is known not to be exploited.
    if root.flag("kev_is_whole") {
        meta.describe(SourceInfo {
            name: "kev".into(),
            records: known.len() as u64,
            newest: Some(as_of),
            fetched: None,
            failed: None,
        });
    }
    let mut draft = Draft::new();
    draft.add(batch.finish(), false)?;
    let tables = Tables {
        kev: kev_section(&known),
        epss: epss_section(&expected(root.at(&["epss"]))),
        ssvc: ssvc_section(&decided(root.at(&["ssvc"]))),
        ..Tables::default()
    };
    draft.finish(tables, meta)
}

fn expected(list: &Node<'_>) -> Vec<(u64, f64, f64)> {
    let entry = |node: &Node<'_>| {
        Some((
            cve_number(node.str("cve")?)?,
            node.get("probability")?.as_f64()?,
            node.get("percentile")?.as_f64()?,
        ))
    };
    list.items().iter().filter_map(entry).collect()
}

fn decided(list: &Node<'_>) -> Vec<(u64, Ssvc)> {
    let entry = |node: &Node<'_>| {
        let ssvc = Ssvc {
            exploitation: match node.str("exploitation")? {
                "active" => Exploitation::Active,
                "poc" => Exploitation::Poc,
                _ => Exploitation::None,
            },
            automatable: node.flag("automatable"),
            total_impact: node.flag("total"),
        };
        Some((cve_number(node.str("cve")?)?, ssvc))
    };
    list.items().iter().filter_map(entry).collect()
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

    #[test]
    fn a_small_set_says_what_is_known_of_a_vulnerability() {
        let text = r#"{"as_of":"2026-11-24T08:00:00Z","records":[{"id":"GHSA-1","modified":"2026-01-01T00:00:00Z","aliases":["CVE-2026-1"],
            "affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}],
            "kev":[{"cve":"CVE-2026-1","added":"2026-11-24"}],"epss":[{"cve":"CVE-2026-1","probability":0.5,"percentile":0.98}],
            "ssvc":[{"cve":"CVE-2026-1","exploitation":"active","automatable":true,"total":false}]}"#;
        let index = Index::from_bytes(small(text, "full", "own").unwrap()).unwrap();
        assert_eq!(index.meta().unwrap().updated, "2026-11-24T08:00:00Z");
        assert_eq!(
            index.kev("CVE-2026-1").unwrap().unwrap().added,
            "2026-11-24"
        );
        let epss = index.epss("CVE-2026-1").unwrap().unwrap();
        assert!((epss.probability - 0.5).abs() < 1e-6);
        let ssvc = index.ssvc("CVE-2026-1").unwrap().unwrap();
        assert!(
            ssvc.exploitation == Exploitation::Active && ssvc.automatable && !ssvc.total_impact
        );
        assert!(small("{", "full", "own").is_err());
    }
}
