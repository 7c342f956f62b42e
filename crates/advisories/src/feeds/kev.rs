//! CISA's [known exploited vulnerabilities](https://www.cisa.gov/known-exploited-vulnerabilities-catalog), JSON.

use stanchion_model::finding::Kev;
use stanchion_syntax::{Limits, json, text};

/// The entries, the catalogue's date, and what could not be used.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) entries: Vec<(String, Kev)>,
    pub(crate) released: Option<String>,
    pub(crate) refused: Vec<(String, String)>,
}

/// Reads the catalogue; an error when it is something else.
pub(crate) fn parse(bytes: &[u8]) -> Result<Catalogue, String> {
    let decoded = text::decode(bytes).map_err(|error| error.to_string())?;
    let root = json::parse(&decoded.text, &Limits::default())
        .whole()
        .map_err(|error| error.to_string())?;
    let list = root
        .get("vulnerabilities")
        .filter(|list| list.is_array())
        .ok_or("it has no list of vulnerabilities")?;
    let mut catalogue = Catalogue {
        released: root.str("dateReleased").map(str::to_owned),
        ..Catalogue::default()
    };
    for node in list.items() {
        let cve = node.str("cveID").unwrap_or_default();
        let added = node
            .str("dateAdded")
            .filter(|date| crate::index::tables::days(date).is_some());
        match added {
            Some(added) if crate::index::tables::cve_number(cve).is_some() => {
                let due = node
                    .str("dueDate")
                    .filter(|date| crate::index::tables::days(date).is_some())
                    .map(str::to_owned);
                let ransomware = node
                    .str("knownRansomwareCampaignUse")
                    .is_some_and(|word| word.eq_ignore_ascii_case("known"));
                catalogue.entries.push((
                    cve.to_owned(),
                    Kev {
                        added: added.to_owned(),
                        due,
                        ransomware,
                    },
                ));
            }
            _ => catalogue.refused.push((
                cve.to_owned(),
                format!("line {}: no CVE id or no date", node.line),
            )),
        }
    }
    Ok(catalogue)
}

/// Entries in the short form of the starter set: `cve`, `added`, `due`, `ransomware`.
pub(crate) fn entries(list: &stanchion_syntax::Node<'_>) -> Vec<(String, Kev)> {
    let entry = |node: &stanchion_syntax::Node<'_>| {
        let kev = Kev {
            added: node.str("added")?.to_owned(),
            due: node.str("due").map(str::to_owned),
            ransomware: node.flag("ransomware"),
        };
        Some((node.str("cve")?.to_owned(), kev))
    };
    list.items().iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_bad_ones_named() {
        let text = br#"{"dateReleased":"2026-08-21T00:00:00Z","vulnerabilities":[
            {"cveID":"CVE-2021-44228","dateAdded":"2021-12-10","dueDate":"2021-12-24","knownRansomwareCampaignUse":"Known"},
            {"cveID":"CVE-2021-1","dateAdded":"2021-12-10","knownRansomwareCampaignUse":"Unknown"},
            {"cveID":"nothing","dateAdded":"2021-12-10"}]}"#;
        let catalogue = parse(text).unwrap();
        assert_eq!(catalogue.entries.len(), 2);
        assert!(catalogue.entries[0].1.ransomware && !catalogue.entries[1].1.ransomware);
        assert_eq!(
            catalogue.refused,
            [(
                "nothing".to_owned(),
                "line 4: no CVE id or no date".to_owned()
            )]
        );
        assert!(parse(b"{}").is_err() && parse(b"<html>").is_err());
    }
}
