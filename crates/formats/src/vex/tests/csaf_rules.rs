//! The mandatory tests of [CSAF 2.0, section 6.1](https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#61-mandatory-tests)
//! that a document of ours can fail. Not here: those on CVSS, CWE, languages of translation, groups and involvements,
//! which are not written, and those that the schema holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stanchion_model::purl::Purl;

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<&str> {
    items(value).map(|text| text.as_str().unwrap()).collect()
}

/// All full product names.
fn products(document: &Value) -> Vec<&Value> {
    let tree = &document["product_tree"];
    let mut all: Vec<&Value> = items(&tree["full_product_names"]).collect();
    all.extend(items(&tree["relationships"]).map(|one| &one["full_product_name"]));
    let mut open: Vec<&Value> = items(&tree["branches"]).collect();
    while let Some(branch) = open.pop() {
        open.extend(items(&branch["branches"]));
        all.extend(branch.get("product"));
    }
    all
}

/// Fails where a mandatory test does.
pub(super) fn check(document: &Value) {
    let head = &document["document"];
    let tracking = &head["tracking"];
    assert_eq!(head["category"], "csaf_vex", "6.1.26");

    let all = products(document);
    let ids: Vec<&str> = all
        .iter()
        .map(|product| product["product_id"].as_str().unwrap())
        .collect();
    let defined: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), defined.len(), "6.1.2");
    for product in &all {
        let helper = &product["product_identification_helper"];
        if let Some(purl) = helper["purl"].as_str() {
            assert_eq!(
                Purl::parse_lenient(purl).unwrap().to_string(),
                purl,
                "6.1.13"
            );
        }
        for file in items(&helper["hashes"]) {
            let used: Vec<&Value> = items(&file["file_hashes"])
                .map(|hash| &hash["algorithm"])
                .collect();
            let distinct: BTreeSet<&str> = used.iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(used.len(), distinct.len(), "6.1.25");
        }
    }

    // Each relationship refers to what stands before it, so that none ends in a circle.
    let mut known: BTreeSet<&str> = defined.clone();
    for relationship in items(&document["product_tree"]["relationships"]) {
        known.remove(
            relationship["full_product_name"]["product_id"]
                .as_str()
                .unwrap(),
        );
    }
    for relationship in items(&document["product_tree"]["relationships"]) {
        for key in ["product_reference", "relates_to_product_reference"] {
            assert!(
                known.contains(relationship[key].as_str().unwrap()),
                "6.1.1, 6.1.3"
            );
        }
        known.insert(
            relationship["full_product_name"]["product_id"]
                .as_str()
                .unwrap(),
        );
    }

    let history: Vec<&Value> = items(&tracking["revision_history"]).collect();
    assert_eq!(history.len(), 1, "6.1.14, 6.1.21, 6.1.22");
    assert_eq!(history[0]["number"], tracking["version"], "6.1.16, 6.1.30");
    assert_eq!(
        (&tracking["version"], &tracking["status"]),
        (&"1".into(), &"final".into()),
        "6.1.17 to 6.1.20"
    );
    for key in ["initial_release_date", "current_release_date"] {
        assert_eq!(history[0]["date"], tracking[key]);
    }
    assert_ne!(head["publisher"]["category"], "translator", "6.1.15");

    assert!(document.get("product_tree").is_some(), "6.1.27.4");
    let vulnerabilities: Vec<&Value> = items(&document["vulnerabilities"]).collect();
    assert!(!vulnerabilities.is_empty(), "6.1.27.11");
    let cves: Vec<&str> = vulnerabilities
        .iter()
        .filter_map(|one| one["cve"].as_str())
        .collect();
    assert_eq!(
        cves.iter().collect::<BTreeSet<_>>().len(),
        cves.len(),
        "6.1.23"
    );
    for one in vulnerabilities {
        vulnerability(one, &defined);
    }
}

fn vulnerability(one: &Value, defined: &BTreeSet<&str>) {
    assert!(one["cve"].is_string() || one["ids"].is_array(), "6.1.27.8");
    assert!(one["notes"].is_array(), "6.1.27.5");
    let status = one["product_status"].as_object().unwrap();
    let own = [
        "fixed",
        "known_affected",
        "known_not_affected",
        "under_investigation",
    ];
    assert!(
        status.keys().any(|key| own.contains(&key.as_str())),
        "6.1.27.7"
    );
    let mut lists: BTreeMap<&str, &str> = BTreeMap::new();
    for (list, ids) in status {
        for id in texts(ids) {
            assert!(lists.insert(id, list).is_none(), "6.1.6: {id}");
        }
    }
    let (mut flagged, mut reasoned, mut acted) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for flag in items(&one["flags"]) {
        assert!(flag["product_ids"].is_array(), "6.1.32");
        for id in texts(&flag["product_ids"]) {
            assert!(flagged.insert(id), "6.1.33: {id}");
        }
    }
    for threat in items(&one["threats"]) {
        assert_eq!(threat["category"], "impact");
        reasoned.extend(texts(&threat["product_ids"]));
    }
    for remediation in items(&one["remediations"]) {
        assert!(remediation["product_ids"].is_array(), "6.1.29");
        acted.extend(texts(&remediation["product_ids"]));
    }
    for (id, list) in &lists {
        match *list {
            "known_not_affected" => {
                assert!(
                    flagged.contains(id) || reasoned.contains(id),
                    "6.1.27.9: {id}"
                );
                // By CSAF 2.1, 6.1.36, already.
                assert!(!acted.contains(id), "{id}");
            }
            "known_affected" => assert!(acted.contains(id), "6.1.27.10: {id}"),
            _ => {}
        }
    }
    for id in lists.keys().chain(&flagged).chain(&reasoned).chain(&acted) {
        assert!(defined.contains(id), "6.1.1: {id}");
        assert!(lists.contains_key(id), "{id} has no status");
    }
}
