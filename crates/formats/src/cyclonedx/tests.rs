use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Inventory, Origin};
use stanchion_model::report::Assessment;

use super::write;
use crate::Subject;
use crate::testing::{HOSTILE, STAMP, assessment, subject, validate, written};

fn bill(assessment: &Assessment) -> Value {
    let document = written(|out| write(&subject(assessment), None, out).unwrap());
    check(&document);
    document
}

fn report(assessment: &Assessment) -> Value {
    let document = written(|out| write(&subject(assessment), Some(assessment), out).unwrap());
    check(&document);
    document
}

/// The schemas, and what they cannot say: references are unique and resolve, and everything is reached.
fn check(document: &Value) {
    validate("cyclonedx/bom-1.6.schema.json", document);
    let mut newer = document.clone();
    newer["specVersion"] = "1.7".into();
    newer["$schema"] = "http://cyclonedx.org/schema/bom-1.7.schema.json".into();
    validate("cyclonedx/bom-1.7.schema.json", &newer);
    let mut refs = vec![text(&document["metadata"]["component"]["bom-ref"])];
    refs.extend(items(&document["components"]).map(|component| text(&component["bom-ref"])));
    let known: BTreeSet<&str> = refs.iter().copied().collect();
    assert_eq!(known.len(), refs.len(), "a bom-ref stands twice");
    let edges = edges(document);
    assert_eq!(
        edges.len(),
        items(&document["dependencies"]).count(),
        "a ref has two entries"
    );
    assert_eq!(edges.keys().copied().collect::<BTreeSet<_>>(), known);
    let mut reached = BTreeSet::new();
    let mut stack = vec![refs[0]];
    while let Some(id) = stack.pop() {
        if reached.insert(id) {
            stack.extend(&edges[id]);
        }
    }
    assert_eq!(reached, known, "something is not reached from the product");
    for vulnerability in document["vulnerabilities"].as_array().into_iter().flatten() {
        for affected in items(&vulnerability["affects"]) {
            assert!(known.contains(text(&affected["ref"])));
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn edges(document: &Value) -> BTreeMap<&str, Vec<&str>> {
    items(&document["dependencies"])
        .map(|entry| {
            (
                text(&entry["ref"]),
                entry["dependsOn"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(text)
                    .collect(),
            )
        })
        .collect()
}

fn named<'a>(document: &'a Value, name: &str) -> Vec<&'a Value> {
    items(&document["components"])
        .filter(|component| component["name"] == name)
        .collect()
}

fn properties<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let all = component["properties"].as_array().into_iter().flatten();
    all.filter(|property| property["name"] == name)
        .map(|property| text(&property["value"]))
        .collect()
}

#[test]
fn a_package_is_listed_once_with_every_place() {
    let document = bill(&assessment());
    let left = named(&document, "left");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["group"], "@scope");
    assert_eq!(left[0]["purl"], "pkg:npm/%40scope/left@2.0.0");
    assert_eq!(left[0]["scope"], "required");
    let places: Vec<String> = items(&left[0]["evidence"]["occurrences"])
        .map(|place| format!("{}:{}", text(&place["location"]), place["line"]))
        .collect();
    assert_eq!(places, ["a/package-lock.json:7", "b/list.txt:1"]);
    let hashes: Vec<&str> = items(&left[0]["hashes"])
        .map(|hash| text(&hash["alg"]))
        .collect();
    assert_eq!(
        hashes,
        ["SHA-512", "SHA-1"],
        "the malformed one is left out"
    );
    assert_eq!(left[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(properties(left[0], "stanchion:direct"), ["true"]);
}

#[test]
fn projects_and_their_own_packages_have_no_purl() {
    let assessment = assessment();
    let document = bill(&assessment);
    let shop = named(&document, "shop-a");
    assert_eq!(shop.len(), 1, "the own package of that name is the project");
    assert_eq!(shop[0]["type"], "application");
    assert_eq!(shop[0]["bom-ref"], "project:a");
    assert_eq!(shop[0]["licenses"][0]["license"]["id"], "MIT");
    assert_eq!(properties(shop[0], "stanchion:role"), ["project"]);
    let helper = named(&document, "helper");
    assert_eq!(properties(helper[0], "stanchion:role"), ["own"]);
    assert_eq!(helper[0]["bom-ref"], "own:a:pkg:npm/helper@1.0.0");
    for own in [shop[0], helper[0], &document["metadata"]["component"]] {
        assert!(own.get("purl").is_none());
    }
    let purls: BTreeSet<&str> = items(&document["components"])
        .filter_map(|component| component["purl"].as_str())
        .collect();
    let want: BTreeSet<String> = assessment
        .inventory
        .foreign()
        .map(|component| component.purl.to_string())
        .collect();
    assert_eq!(purls, want.iter().map(String::as_str).collect());
}

#[test]
fn the_product_needs_projects_and_they_need_what_they_ask_for() {
    let document = bill(&assessment());
    assert_eq!(document["metadata"]["component"]["name"], "shop");
    let edges = edges(&document);
    assert_eq!(edges["product"], ["project:a", "project:b"]);
    // A circle that nothing leads into is entered at its first member; what is lost hangs on its project.
    let want = [
        "own:a:pkg:npm/helper@1.0.0",
        "pkg:npm/%40scope/left@2.0.0",
        "pkg:npm/dev-tool@4.0.0",
        "pkg:npm/round@1.0.0",
        "pkg:npm/lost@1.0.0",
    ];
    assert_eq!(edges["project:a"], want);
    assert_eq!(edges["pkg:npm/round@1.0.0"], ["pkg:npm/trip@1.0.0"]);
    assert_eq!(edges["project:b"].len(), 3);
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    let unknown: Vec<&str> = items(&document["compositions"][1]["dependencies"])
        .map(text)
        .collect();
    assert_eq!(
        unknown,
        ["pkg:maven/org.example/loose", "pkg:npm/from-git@5.0.0"]
    );
}

#[test]
fn scopes_keep_their_exact_word() {
    let document = bill(&assessment());
    for (name, scope, word) in [
        ("dev-tool", "excluded", "dev"),
        ("lost", "excluded", "build"),
        ("trip", "optional", "optional"),
        ("round", "required", "runtime"),
    ] {
        let component = named(&document, name)[0];
        assert_eq!(component["scope"], scope);
        assert_eq!(properties(component, "stanchion:scope"), [word]);
    }
    assert_eq!(
        properties(named(&document, "dev-tool")[0], "stanchion:yanked"),
        ["true"]
    );
}

#[test]
fn licences_are_ids_or_names_where_there_are_several() {
    let document = bill(&assessment());
    let hostile = named(&document, HOSTILE)
        .into_iter()
        .find(|component| component["type"] == "library")
        .unwrap();
    let licences: Vec<&Value> = items(&hostile["licenses"])
        .map(|entry| &entry["license"])
        .collect();
    assert_eq!(licences[0]["id"], "Apache-2.0");
    assert_eq!(text(&licences[1]["name"]), format!("Ours {HOSTILE}"));
    assert_eq!(licences[2]["name"], "MIT AND LicenseRef-x");
    assert_eq!(licences.len(), 3);
}

#[test]
fn what_comes_from_elsewhere_says_from_where() {
    let document = bill(&assessment());
    let reference = &named(&document, "from-git")[0]["externalReferences"][0];
    assert_eq!(reference["type"], "vcs");
    assert_eq!(reference["url"], "ssh://git@example.org/o/n.git");
    assert_eq!(reference["comment"], "commit 0123abcd");
}

#[test]
fn a_vulnerability_is_told_once_with_everything_known() {
    let document = report(&assessment());
    let ids: Vec<&str> = items(&document["vulnerabilities"])
        .map(|it| text(&it["id"]))
        .collect();
    assert_eq!(
        ids,
        [
            "MAL-2026-1",
            "CVE-2026-0001",
            "GO-2026-1",
            "RUSTSEC-2026-0001",
            "RUSTSEC-2026-0002"
        ]
    );
    let full = &document["vulnerabilities"][1];
    assert_eq!(full["source"]["name"], "NVD");
    assert_eq!(full["cwes"], serde_json::json!([79, 1321]));
    let methods: Vec<&str> = items(&full["ratings"])
        .map(|rating| text(&rating["method"]))
        .collect();
    assert_eq!(methods, ["CVSSv4", "CVSSv31", "CVSSv3", "CVSSv2", "other"]);
    assert_eq!(full["ratings"][3]["severity"], "high");
    assert_eq!(full["ratings"][4]["score"], 91.5);
    let affected: Vec<&str> = items(&full["affects"]).map(|it| text(&it["ref"])).collect();
    assert_eq!(affected.len(), 2);
    assert_eq!(affected[1], "pkg:npm/%40scope/left@2.0.0");
    assert_eq!(full["affects"][1]["versions"][0]["version"], "2.0.0");
    for (name, value) in [
        ("kind", "vulnerability"),
        ("kev:ransomware", "true"),
        ("epss:probability", "0.9731"),
        ("ssvc:exploitation", "active"),
        ("score:exposure", "13.5 of 15"),
    ] {
        assert_eq!(properties(full, &format!("stanchion:{name}")), [value]);
    }
    assert_eq!(
        properties(&document["vulnerabilities"][0], "stanchion:kind"),
        ["malicious"]
    );
    assert!(
        text(&document["vulnerabilities"][0]["recommendation"])
            .starts_with("Remove dev-tool at once")
    );
    // Without an advisory's id it is a note on the component.
    let loose = named(&document, "loose")[0];
    assert_eq!(properties(loose, "stanchion:end-of-life").len(), 1);
}

#[test]
fn one_project_is_the_product() {
    let mut assessment = assessment();
    assessment.inventory.projects.truncate(1);
    assessment.inventory.components.truncate(8);
    let document = bill(&assessment);
    assert_eq!(document["metadata"]["component"]["name"], "shop-a");
    assert_eq!(document["metadata"]["component"]["version"], "1.0.0");
    assert_eq!(document["metadata"]["component"]["bom-ref"], "project:a");
    assert!(named(&document, "shop-a").is_empty());
}

#[test]
fn an_empty_inventory_is_a_valid_bill() {
    let inventory = Inventory::default();
    let subject = Subject {
        inventory: &inventory,
        problems: &[],
        name: "",
        stamp: STAMP,
    };
    let document = written(|out| write(&subject, None, out).unwrap());
    check(&document);
    assert_eq!(document["metadata"]["component"]["name"], "target");
}

#[test]
fn a_version_of_any_length_is_kept() {
    let mut assessment = assessment();
    let long = "1".repeat(2000);
    assessment.inventory.components[4].version = Some(long.clone());
    let document = bill(&assessment);
    let round = named(&document, "round")[0];
    assert!(round.get("version").is_none());
    assert_eq!(properties(round, "stanchion:version"), [long]);
}

#[test]
fn an_own_package_is_not_confused_with_a_registrys() {
    let mut assessment = assessment();
    let mut stranger = assessment.inventory.components[6].clone();
    stranger.origin = Origin::Registry;
    stranger.project = 1;
    assessment.inventory.components.push(stranger);
    let document = bill(&assessment);
    let both = named(&document, "helper");
    assert_eq!(both.len(), 2);
    assert_eq!(
        both.iter()
            .filter(|component| component.get("purl").is_some())
            .count(),
        1
    );
}

#[test]
fn the_serial_number_follows_from_the_content() {
    let mut assessment = assessment();
    let first = bill(&assessment)["serialNumber"].clone();
    assessment.inventory.components[1].yanked = true;
    assert_ne!(first, bill(&assessment)["serialNumber"]);
}

#[test]
fn a_maven_project_is_its_own_package_by_its_artifact() {
    let mut assessment = assessment();
    let own = &mut assessment.inventory.components[0];
    *own = crate::testing::component(Ecosystem::Maven, "org.example:shop-a", Some("1.0.0"), 0);
    own.origin = Origin::Own;
    let document = bill(&assessment);
    let shop = named(&document, "shop-a");
    assert_eq!(shop.len(), 1);
    assert_eq!(shop[0]["group"], "org.example");
    assert_eq!(
        properties(shop[0], "stanchion:purl"),
        ["pkg:maven/org.example/shop-a@1.0.0"]
    );
}
