use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Inventory, Origin};
use stanchion_model::report::Assessment;

use super::write;
use crate::Subject;
use crate::sarif::judged::{judged, statement};
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
    let told: Vec<&str> = document["vulnerabilities"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|vulnerability| text(&vulnerability["bom-ref"]))
        .collect();
    let refs: BTreeSet<&str> = told.iter().copied().collect();
    assert_eq!(
        refs.len(),
        told.len(),
        "a vulnerability's bom-ref stands twice"
    );
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
    let mut assessment = assessment();
    assessment.findings[1].exception = None;
    let document = report(&assessment);
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

/// Entries of one id.
fn told<'a>(document: &'a Value, id: &str) -> Vec<&'a Value> {
    items(&document["vulnerabilities"])
        .filter(|vulnerability| vulnerability["id"] == id)
        .collect()
}

#[test]
fn an_exception_is_exploitable_and_says_until_when() {
    let document = report(&judged());
    let [excepted, open] = told(&document, "CVE-2026-0001")[..] else {
        panic!("one for each thing that is said");
    };
    let analysis = &excepted["analysis"];
    assert_eq!(analysis["state"], "exploitable");
    assert_eq!(
        analysis["detail"],
        "Accepted until 2027-01-31 by role:ciso: exception EX-2026-001 (exceptions.toml:4). Meanwhile: a proxy filters requests."
    );
    assert_eq!(
        analysis["response"],
        serde_json::json!(["workaround_available"])
    );
    assert!(analysis.get("justification").is_none());
    assert_eq!(excepted["bom-ref"], "vulnerability:CVE-2026-0001");
    assert_eq!(items(&excepted["affects"]).count(), 1);
    // The other component of the same vulnerability: nobody says anything about it.
    assert!(open.get("analysis").is_none());
    assert_eq!(open["bom-ref"], "vulnerability-2:CVE-2026-0001");
    assert_eq!(open["affects"][0]["ref"], "pkg:npm/%40scope/left@2.0.0");
    assert_eq!(properties(open, "stanchion:denied"), ["true"]);
    // Nothing about a package that nobody maintains is exploitable.
    let lapsed = told(&document, "RUSTSEC-2026-0001")[0];
    assert!(lapsed["analysis"].get("state").is_none());
    assert!(text(&lapsed["analysis"]["detail"]).contains("EX-2026-002"));
}

#[test]
fn what_is_open_somewhere_is_not_closed_by_what_is_said_elsewhere() {
    let mut assessment = judged();
    let open = report(&assessment);
    let [one] = told(&open, "GO-2026-1")[..] else {
        panic!("one component, one entry");
    };
    assert!(one.get("analysis").is_none(), "the other finding is open");
    assert_eq!(one["affects"][0]["versions"][0]["status"], "affected");
    assessment.findings[4].state = "fixed".into();
    assessment.findings[4].statements = vec![statement("fixed", "applied")];
    let closed = report(&assessment);
    let analysis = &told(&closed, "GO-2026-1")[0]["analysis"];
    assert_eq!(analysis["state"], "not_affected");
    assert_eq!(analysis["justification"], "code_not_reachable");
    assert_eq!(analysis["lastUpdated"], "2026-11-24T10:00:00Z");
    let detail = text(&analysis["detail"]);
    assert!(
        detail.starts_with("only the build parses arguments. Said by ana "),
        "{detail}"
    );
    assert!(detail.ends_with("(vex/a.json:12)."), "{detail}");
    assert!(!detail.contains(|c: char| c.is_control()), "{detail:?}");
    let entry = told(&closed, "GO-2026-1")[0];
    assert_eq!(entry["affects"][0]["versions"][0]["status"], "unaffected");
}

#[test]
fn every_status_and_justification_has_its_word() {
    for (status, label, state, justification) in [
        ("fixed", None, "resolved", None),
        ("under_investigation", None, "in_triage", None),
        ("affected", None, "exploitable", None),
        (
            "not_affected",
            Some("component_not_present"),
            "not_affected",
            Some("code_not_present"),
        ),
        (
            "not_affected",
            Some("vulnerable_code_not_present"),
            "not_affected",
            Some("code_not_present"),
        ),
        (
            "not_affected",
            Some("vulnerable_code_not_in_execute_path"),
            "not_affected",
            Some("code_not_reachable"),
        ),
        (
            "not_affected",
            Some("vulnerable_code_cannot_be_controlled_by_adversary"),
            "not_affected",
            Some("requires_environment"),
        ),
        (
            "not_affected",
            Some("inline_mitigations_already_exist"),
            "not_affected",
            Some("protected_by_mitigating_control"),
        ),
        ("not_affected", Some("because"), "not_affected", None),
        // What only stands to reason when nothing is affected.
        (
            "affected",
            Some("component_not_present"),
            "exploitable",
            None,
        ),
    ] {
        let mut assessment = judged();
        let mut one = statement(status, "applied");
        one.justification = label.map(str::to_owned);
        one.time = Some("yesterday".into());
        assessment.findings[0].statements = vec![one];
        let document = report(&assessment);
        let analysis = &told(&document, "MAL-2026-1")[0]["analysis"];
        assert_eq!(analysis["state"], state);
        let word = analysis.get("justification").and_then(Value::as_str);
        assert_eq!(word, justification, "{status} {label:?}");
        assert!(analysis.get("lastUpdated").is_none(), "no time, no claim");
    }
    let mut proposed = judged();
    proposed.findings[0].statements = vec![statement("fixed", "proposed")];
    let document = report(&proposed);
    assert!(told(&document, "MAL-2026-1")[0].get("analysis").is_none());
}

#[test]
fn dates_owners_and_rules_are_properties() {
    let mut assessment = judged();
    let mut licence = assessment.findings[8].clone();
    licence.kind = stanchion_model::finding::Kind::Licence;
    licence.rule = Some("licences/denied".into());
    licence.title = "licence GPL-3.0-only: not allowed".into();
    assessment.findings.push(licence);
    let document = report(&assessment);
    let first = told(&document, "MAL-2026-1")[0];
    for (name, value) in [
        ("due", "2026-11-21T22:59:59Z"),
        ("owner", &format!("team {HOSTILE}")),
        ("state", "overdue"),
        ("rule", "acme/severity"),
        ("denied", "true"),
    ] {
        assert_eq!(properties(first, &format!("stanchion:{name}")), [value]);
    }
    // Both findings of the one component.
    let both = told(&document, "GO-2026-1")[0];
    assert_eq!(
        properties(both, "stanchion:state"),
        ["not_affected", "open"]
    );
    let metadata = &document["metadata"];
    for (name, value) in [
        ("gate", "release"),
        ("denied", "true"),
        ("policy", "acme"),
        ("policy:version", "2026.11"),
    ] {
        assert_eq!(properties(metadata, &format!("stanchion:{name}")), [value]);
    }
    let broken = properties(metadata, "stanchion:violation");
    assert!(broken.len() == 1 && broken[0].starts_with("evidence/database: run "));
    assert_eq!(
        properties(named(&document, "dev-tool")[0], "stanchion:finding"),
        ["licences/denied: licence GPL-3.0-only: not allowed"]
    );
}

#[test]
fn without_a_policy_nothing_is_said_of_one() {
    let document = report(&assessment());
    let whole = document.to_string();
    for word in [
        "stanchion:due",
        "stanchion:state",
        "stanchion:rule",
        "stanchion:gate",
    ] {
        assert!(!whole.contains(word), "{word}");
    }
    assert_eq!(told(&document, "GO-2026-1").len(), 1);
}
