//! Bought products without an inventory: held against CISA's list of known exploited vulnerabilities by vendor and name,
//! and against vendors' documents by CPE or name.
//!
//! The list names no versions, so a match of it says "look", not "affected": its confidence is low. A vendor's document
//! decides where there is one: `fixed` and `not_affected` take a match back.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use stanchion_formats::vex;
use stanchion_model::finding::{Confidence, Evidence, Kind};
use stanchion_model::vex::{Identifier, Status, VexProduct};
use stanchion_store::findings::{self, Finding, NewFinding, Replace, Vulnerability, flag};
use stanchion_store::products::{self, Product, Wanted};
use stanchion_store::{StoreError, decisions, events, inventories, sightings};

use super::ingest::{MAIN, sight_name};
use super::rows::{DetailBody, HitBody, kind_number};
use super::tell::finding_events;
use super::{Engine, EngineError};

/// Largest list.
const MOST_LIST: u64 = 64 << 20;
/// Largest document.
const MOST_DOCUMENT: u64 = 64 << 20;
/// Products that are looked through at once.
const PAGE: usize = 200;

/// CISA's list, as far as it is needed.
/// <https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json>
#[derive(Deserialize)]
struct List {
    vulnerabilities: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    vendor_project: String,
    product: String,
    #[serde(default)]
    vulnerability_name: String,
    #[serde(default)]
    date_added: String,
    #[serde(default)]
    due_date: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

/// What is said of one vulnerability in one product.
struct Said {
    title: String,
    evidence: Vec<Evidence>,
    kev: Option<(String, bool)>,
    confidence: Confidence,
    fixed_in: Vec<String>,
}

/// The words of a name: lower case, letters and digits.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Words that tell one company's form, not its name.
const FORMS: [&str; 10] = [
    "inc",
    "ltd",
    "llc",
    "corp",
    "corporation",
    "gmbh",
    "ag",
    "co",
    "software",
    "foundation",
];

fn same_vendor(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> BTreeSet<String> {
        let all = words(text);
        let short: BTreeSet<String> = all
            .iter()
            .filter(|word| !FORMS.contains(&word.as_str()))
            .cloned()
            .collect();
        if short.is_empty() { all } else { short }
    };
    let (one, other) = (plain(one), plain(other));
    !one.is_empty() && one == other
}

/// Whether an entry of the list is about a product: the vendor is the same, and all words of one name stand in the other.
/// "Multiple Products" is about all of a vendor's.
fn names(entry: &Entry, product: &Product) -> bool {
    let vendor = product.vendor.as_deref().unwrap_or_default();
    if !same_vendor(&entry.vendor_project, vendor) {
        return false;
    }
    let listed = words(&entry.product);
    if listed == words("Multiple Products") {
        return true;
    }
    let vendor = words(vendor);
    // "Atlassian Confluence" and "Confluence" are one name.
    let own: BTreeSet<String> = words(&product.name).difference(&vendor).cloned().collect();
    let own = if own.is_empty() {
        words(&product.name)
    } else {
        own
    };
    !listed.is_empty() && !own.is_empty() && (own.is_subset(&listed) || listed.is_subset(&own))
}

/// Whether a vendor's document names a product at its version.
fn is_about(named: &VexProduct, product: &Product) -> bool {
    let version = product.bought.as_deref().unwrap_or_default();
    named.identifiers.iter().any(|identifier| match identifier {
        Identifier::Cpe(cpe) => product
            .cpe
            .as_deref()
            .is_some_and(|own| same_cpe(cpe, own, version)),
        Identifier::Other(text) => {
            let said = words(text);
            let own = words(&product.name);
            let vendor = words(product.vendor.as_deref().unwrap_or_default());
            let name: BTreeSet<String> = own.union(&vendor).cloned().collect();
            let rest: BTreeSet<String> = said.difference(&words(version)).cloned().collect();
            !version.is_empty()
                && text.contains(version)
                && !rest.is_empty()
                && rest.is_subset(&name)
                && own.iter().any(|word| rest.contains(word))
        }
        _ => false,
    })
}

/// Part, vendor and product of two CPE 2.3 names are the same, and the version is the product's or any.
fn same_cpe(said: &str, own: &str, version: &str) -> bool {
    let parts = |cpe: &str| -> Vec<String> {
        let plain = cpe
            .strip_prefix("cpe:2.3:")
            .or_else(|| cpe.strip_prefix("cpe:/"));
        plain
            .map(|rest| rest.split(':').map(str::to_lowercase).collect())
            .unwrap_or_default()
    };
    let (said, own) = (parts(said), parts(own));
    let field = |parts: &[String], at: usize| parts.get(at).cloned().unwrap_or_else(|| "*".into());
    let same = (0..3).all(|at| field(&said, at) == field(&own, at)) && !field(&said, 2).is_empty();
    let of = field(&said, 3);
    let wanted = if version.is_empty() {
        field(&own, 3)
    } else {
        version.to_lowercase()
    };
    same && (matches!(of.as_str(), "*" | "" | "-") || of == wanted)
}

impl Engine {
    /// Looks through all bought products.
    pub(crate) fn match_bought(&self) -> Result<String, EngineError> {
        let any = self.store.read(|tx| {
            let sql = "SELECT 1 FROM product WHERE kind = 'bought' LIMIT 1";
            Ok::<_, StoreError>(tx.first(sql, &[], |_| Ok(()))?.is_some())
        })?;
        if !any {
            return Ok(String::new());
        }
        let list = self.exploited()?;
        let statements = self.statements()?;
        let (mut seen, mut found) = (0, 0);
        let mut after = String::new();
        loop {
            let page = self.store.read(|tx| {
                let wanted = Wanted {
                    after: Some(&after),
                    kind: Some("bought"),
                    limit: PAGE,
                    ..Wanted::default()
                };
                products::page(tx, &wanted)
            })?;
            for product in &page {
                seen += 1;
                found += self.match_one(product, &list, &statements)?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after.clone_from(&last.name),
                _ => break,
            }
        }
        Ok(format!("{seen} products, {found} findings"))
    }

    /// The list: from its publisher or mirror, kept beside the advisories for days without a network.
    fn exploited(&self) -> Result<Vec<Entry>, EngineError> {
        let kept = self.database.folder().join("exploited.json");
        let source = &self.options.sources.kev;
        let fetched = if source.starts_with("https://") || source.starts_with("http://") {
            if self.options.client.is_offline() {
                None
            } else {
                self.options.client.get(source, MOST_LIST).ok()
            }
        } else {
            std::fs::read(source).ok()
        };
        let parsed = fetched
            .as_deref()
            .and_then(|bytes| serde_json::from_slice::<List>(bytes).ok());
        if let (Some(list), Some(bytes)) = (parsed, &fetched) {
            let _ = std::fs::create_dir_all(self.database.folder());
            if let Err(error) = std::fs::write(&kept, bytes) {
                tracing::warn!(%error, "the list of exploited vulnerabilities cannot be kept");
            }
            return Ok(list.vulnerabilities);
        }
        // A source that fails takes nothing away.
        let bytes = std::fs::read(&kept).map_err(|_| {
            EngineError::Outside("CISA's list of exploited vulnerabilities could not be had, and none is kept from before".into())
        })?;
        serde_json::from_slice::<List>(&bytes)
            .map(|list| list.vulnerabilities)
            .map_err(|error| {
                EngineError::Outside(format!(
                    "the kept list of exploited vulnerabilities: {error}"
                ))
            })
    }

    fn statements(&self) -> Result<Vec<(String, stanchion_model::vex::VexDocument)>, EngineError> {
        let rows = self.store.read(decisions::vex_documents)?;
        let mut all = Vec::new();
        for row in rows {
            let bytes = self.blob(&row.digest, MOST_DOCUMENT)?;
            match vex::read(&bytes) {
                Ok(document) => all.push((row.name, document)),
                Err(error) => {
                    tracing::warn!(name = row.name, %error, "a VEX document cannot be read any more");
                }
            }
        }
        Ok(all)
    }

    fn match_one(
        &self,
        product: &Product,
        list: &[Entry],
        statements: &[(String, stanchion_model::vex::VexDocument)],
    ) -> Result<usize, EngineError> {
        let mut said: BTreeMap<String, Said> = BTreeMap::new();
        for entry in list.iter().filter(|entry| names(entry, product)) {
            said.insert(
                entry.cve.clone(),
                Said {
                    title: entry.vulnerability_name.clone(),
                    evidence: vec![Evidence {
                        source: "CISA KEV".into(),
                        advisory: entry.cve.clone(),
                        range: format!(
                            "{} {}, no version named",
                            entry.vendor_project, entry.product
                        ),
                        comparator: "names".into(),
                        note: (!entry.due_date.is_empty())
                            .then(|| format!("US agencies must act by {}", entry.due_date)),
                        url: Some(format!("https://nvd.nist.gov/vuln/detail/{}", entry.cve)),
                    }],
                    kev: Some((
                        entry.date_added.clone(),
                        entry.known_ransomware_campaign_use == "Known",
                    )),
                    confidence: Confidence::Low,
                    fixed_in: Vec::new(),
                },
            );
        }
        for (name, document) in statements {
            for statement in &document.statements {
                if !statement
                    .products
                    .iter()
                    .any(|named| is_about(named, product))
                {
                    continue;
                }
                let id = &statement.vulnerability;
                if statement.status.closes() {
                    said.remove(id);
                    for alias in &statement.aliases {
                        said.remove(alias);
                    }
                } else if statement.status == Status::Affected {
                    let evidence = Evidence {
                        source: name.clone(),
                        advisory: id.clone(),
                        range: format!(
                            "{} {}",
                            product.name,
                            product.bought.as_deref().unwrap_or_default()
                        ),
                        comparator: "named by the vendor".into(),
                        note: statement.action.clone(),
                        url: None,
                    };
                    let one = said.entry(id.clone()).or_insert_with(|| Said {
                        title: String::new(),
                        evidence: Vec::new(),
                        kev: None,
                        confidence: Confidence::High,
                        fixed_in: Vec::new(),
                    });
                    one.confidence = Confidence::High;
                    one.evidence.push(evidence);
                }
            }
        }
        self.write_bought(product, &said)
    }

    fn write_bought(
        &self,
        product: &Product,
        said: &BTreeMap<String, Said>,
    ) -> Result<usize, EngineError> {
        let now = self.now();
        let version = product.bought.clone().unwrap_or_else(|| "unknown".into());
        let place = format!(
            "{} {} {version}",
            product.vendor.as_deref().unwrap_or_default(),
            product.name
        );
        let component = inventories::place_id(&place);
        self.store.write(|tx| {
            let sights = sightings::of(tx, &sight_name(product.id))?;
            let branch = products::branch(tx, product.id, MAIN, now)?;
            let mut key = Vec::new();
            stanchion_versions::Scheme::Generic.key(&version, &mut key);
            let row = products::version(tx, &branch, &version, &key, now)?;
            inventories::lock_version(tx, row.id)?;
            // What is bought and not retired is in use.
            let live = product.lifecycle != "retired";
            tx.execute(
                "UPDATE version SET live = CASE WHEN id = ?2 THEN ?3 ELSE 0 END, latest = CASE WHEN id = ?2 THEN 1 ELSE 0 END WHERE product = ?1",
                stanchion_store::params![product.id, row.id, live],
            )?;
            tx.insert(
                "component",
                &["id", "package", "purl", "name", "version"],
                stanchion_store::params![component, None::<stanchion_store::Id>, "", &place, &version],
                "ON CONFLICT DO NOTHING",
            )?;
            let new: Vec<NewFinding> = said
                .iter()
                .map(|(id, one)| {
                    let key = format!("bought|{place}|{id}");
                    let first = sights.get(&key).map_or(now, |seen| seen.first);
                    finding(product, row.id, component, id, one, key, first)
                })
                .collect();
            let asked = Replace {
                version: row.id,
                live,
                now,
                actor: "portal",
                cause: "vendor and product are listed",
                gone: "nobody lists it any more",
            };
            let seen: Vec<(&str, Option<i64>)> = new.iter().map(|one| (one.key.as_str(), Some(one.row.first_seen))).collect();
            sightings::record(tx, &sight_name(product.id), now, &seen)?;
            let told = new.iter().map(|one| (one.row.id, one.clone())).collect();
            let before = findings::of_version(tx, row.id)?;
            // Versions that were bought before are over.
            let old: Vec<stanchion_store::Id> = products::versions(tx, product.id)?
                .into_iter()
                .filter(|version| version.id != row.id)
                .map(|version| version.id)
                .collect();
            for version in old {
                findings::set_live(tx, version, false)?;
            }
            let changes = findings::replace(tx, &asked, kind_number(Kind::External), new)?;
            let events = finding_events(product, &asked, &changes, &told, &before);
            events::add(tx, now, &events)?;
            Ok::<_, StoreError>(said.len())
        })
        .map_err(EngineError::from)
    }
}

fn finding(
    product: &Product,
    version: stanchion_store::Id,
    component: stanchion_store::Id,
    id: &str,
    said: &Said,
    key: String,
    first_seen: i64,
) -> NewFinding {
    let vulnerability = findings::vulnerability_id(id);
    let hit = HitBody {
        evidence: said.evidence.clone(),
        cvss: Vec::new(),
        fixed_in: said.fixed_in.clone(),
        confidence: said.confidence,
    };
    let mut flags = 0;
    if said.kev.is_some() {
        flags |= flag::KEV | flag::EXPLOITED;
    }
    if product.owner.is_none() {
        flags |= flag::UNOWNED;
    }
    NewFinding {
        row: Finding {
            id: findings::finding_id(version, &key, component),
            product: product.id,
            version,
            component,
            vulnerability,
            project: String::new(),
            kind: kind_number(Kind::Vulnerability),
            severity: -1,
            // Known exploitation alone; severity and reach are not known and are assumed in the middle (policy::score).
            score: if said.kev.is_some() { 600 } else { 330 },
            state: 0,
            flags,
            vectors: 0,
            epss: -1,
            due: None,
            owner: product.owner.clone(),
            rule: None,
            exception: None,
            upgrade: None,
            first_seen,
            changed: 0,
            closed: None,
            reason: None,
        },
        key,
        vulnerability: Vulnerability {
            id: vulnerability,
            name: id.to_owned(),
            title: said.title.clone(),
            aliases: Vec::new(),
            severity: -1,
            epss: None,
            percentile: None,
            kev_added: said.kev.as_ref().map(|(added, _)| added.clone()),
            ransomware: said.kev.as_ref().is_some_and(|(_, ransomware)| *ransomware),
            ssvc: None,
            published: None,
            cwes: Vec::new(),
        },
        hit: serde_json::to_string(&hit).unwrap_or_default(),
        detail: serde_json::to_string(&DetailBody::default()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ingest::new_product;

    fn entry(vendor: &str, product: &str) -> Entry {
        Entry {
            cve: "CVE-2026-1".into(),
            vendor_project: vendor.into(),
            product: product.into(),
            vulnerability_name: String::new(),
            date_added: String::new(),
            due_date: String::new(),
            known_ransomware_campaign_use: String::new(),
        }
    }

    fn bought(vendor: &str, name: &str) -> Product {
        Product {
            kind: "bought".into(),
            vendor: Some(vendor.into()),
            bought: Some("8.5.1".into()),
            cpe: Some("cpe:2.3:a:atlassian:confluence_server:8.5.1:*:*:*:*:*:*:*".into()),
            ..new_product(name, 0)
        }
    }

    #[test]
    fn entries_name_products_by_vendor_and_name() {
        let confluence = bought("Atlassian", "Confluence");
        assert!(names(
            &entry("Atlassian", "Confluence Data Center and Server"),
            &confluence
        ));
        assert!(names(
            &entry("ATLASSIAN Inc.", "Multiple Products"),
            &confluence
        ));
        assert!(names(
            &entry("Atlassian", "Confluence"),
            &bought("Atlassian", "Atlassian Confluence Server")
        ));
        assert!(!names(&entry("Atlassian", "Jira Server"), &confluence));
        assert!(!names(&entry("Microsoft", "Confluence"), &confluence));
        assert!(!names(&entry("", ""), &bought("", "x")));
    }

    #[test]
    fn documents_name_products_by_cpe_or_name() {
        let confluence = bought("Atlassian", "Confluence");
        let said = |identifier| VexProduct {
            identifiers: vec![identifier],
            ..VexProduct::default()
        };
        assert!(is_about(
            &said(Identifier::Cpe(
                "cpe:2.3:a:atlassian:confluence_server:*:*:*:*:*:*:*:*".into()
            )),
            &confluence
        ));
        assert!(is_about(
            &said(Identifier::Cpe(
                "cpe:/a:atlassian:confluence_server:8.5.1".into()
            )),
            &confluence
        ));
        assert!(!is_about(
            &said(Identifier::Cpe(
                "cpe:2.3:a:atlassian:confluence_server:8.5.2:*:*:*:*:*:*:*".into()
            )),
            &confluence
        ));
        assert!(is_about(
            &said(Identifier::Other("Atlassian Confluence 8.5.1".into())),
            &confluence
        ));
        assert!(!is_about(
            &said(Identifier::Other("Atlassian Jira 8.5.1".into())),
            &confluence
        ));
        assert!(!is_about(
            &said(Identifier::Other("Confluence 8.5.10 for Cloud".into())),
            &confluence
        ));
    }
}
