use std::collections::BTreeSet;

use serde_json::Value;
use stanchion_model::inventory::{Inventory, Origin};
use stanchion_model::report::Assessment;

use super::write;
use crate::Subject;
use crate::testing::{HOSTILE, STAMP, assessment, subject, validate, written};

fn document(assessment: &Assessment) -> Value {
    let document = written(|out| write(&subject(assessment), out).unwrap());
    check(&document);
    document
}

/// The schema, and what it cannot say: ids are legal, unique and resolve, and expressions are valid.
fn check(document: &Value) {
    validate("spdx/spdx-2.3.schema.json", document);
    let ids: Vec<&str> = items(&document["packages"])
        .map(|package| text(&package["SPDXID"]))
        .collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(known.len(), ids.len(), "an SPDXID stands twice");
    for id in &ids {
        assert!(
            id.strip_prefix("SPDXRef-").is_some_and(|rest| rest
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))),
            "{id}"
        );
    }
    let mut pairs = BTreeSet::new();
    for relationship in items(&document["relationships"]) {
        let (from, to) = (
            text(&relationship["spdxElementId"]),
            text(&relationship["relatedSpdxElement"]),
        );
        assert!(from == "SPDXRef-DOCUMENT" || known.contains(from));
        assert!(known.contains(to));
        assert!(
            pairs.insert((from, to)),
            "{from} and {to} are related twice"
        );
    }
    let defined: BTreeSet<&str> = document["hasExtractedLicensingInfos"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| text(&it["licenseId"]))
        .collect();
    for package in items(&document["packages"]) {
        let declared = text(&package["licenseDeclared"]);
        if declared != "NOASSERTION" {
            let expression = spdx::Expression::parse(declared).unwrap();
            for requirement in expression.requirements() {
                if let spdx::LicenseItem::Other(reference) = &requirement.req.license {
                    assert!(
                        defined.contains(&*reference.to_string()),
                        "{reference} is not defined"
                    );
                }
            }
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn named<'a>(document: &'a Value, name: &str) -> &'a Value {
    items(&document["packages"])
        .find(|package| package["name"] == name)
        .unwrap()
}

/// Relationships as `from TYPE to`, by name.
fn told(document: &Value) -> Vec<String> {
    let name = |id: &Value| {
        let package = items(&document["packages"]).find(|package| package["SPDXID"] == *id);
        package
            .map_or("document", |package| text(&package["name"]))
            .to_owned()
    };
    let all = items(&document["relationships"]);
    all.map(|it| {
        format!(
            "{} {} {}",
            name(&it["spdxElementId"]),
            text(&it["relationshipType"]),
            name(&it["relatedSpdxElement"])
        )
    })
    .collect()
}

#[test]
fn relationships_go_the_right_way() {
    let document = document(&assessment());
    let hostile = HOSTILE;
    let want = [
        "document DESCRIBES shop".to_owned(),
        "shop CONTAINS shop-a".into(),
        format!("shop CONTAINS {hostile}"),
        "shop-a CONTAINS helper".into(),
        "shop-a DEPENDS_ON @scope/left".into(),
        "dev-tool DEV_DEPENDENCY_OF shop-a".into(),
        "shop-a DEPENDS_ON round".into(),
        "shop-a CONTAINS lost".into(),
        format!("@scope/left TEST_DEPENDENCY_OF {hostile}"),
        format!("{hostile} DEPENDS_ON org.example:loose"),
        format!("{hostile} DEPENDS_ON from-git"),
        format!("helper DEPENDS_ON {hostile}"),
        format!("@scope/left DEPENDS_ON {hostile}"),
        "round DEPENDS_ON trip".into(),
        "trip DEPENDS_ON round".into(),
    ];
    assert_eq!(told(&document), want);
}

#[test]
fn packages_say_what_is_known() {
    let assessment = assessment();
    let document = document(&assessment);
    let left = named(&document, "@scope/left");
    assert_eq!(left["versionInfo"], "2.0.0");
    assert_eq!(left["licenseDeclared"], "MIT OR Apache-2.0");
    assert_eq!(left["checksums"][0]["algorithm"], "SHA512");
    assert_eq!(left["checksums"][1]["algorithm"], "SHA1");
    assert_eq!(
        left["sourceInfo"],
        "named in a/package-lock.json:7, b/list.txt:1"
    );
    assert_eq!(
        left["externalRefs"][0]["referenceLocator"],
        "pkg:npm/%40scope/left@2.0.0"
    );
    assert_eq!(
        named(&document, "from-git")["downloadLocation"],
        "git+ssh://git@example.org/o/n.git@0123abcd"
    );
    let purls: BTreeSet<&str> = items(&document["packages"])
        .filter_map(|package| package["externalRefs"][0]["referenceLocator"].as_str())
        .collect();
    let want: BTreeSet<String> = assessment
        .inventory
        .foreign()
        .map(|component| component.purl.to_string())
        .collect();
    assert_eq!(purls, want.iter().map(String::as_str).collect());
    assert!(named(&document, "shop-a").get("externalRefs").is_none());
    assert_eq!(named(&document, "shop-a")["licenseDeclared"], "MIT");
}

#[test]
fn several_licences_are_joined_and_names_defined() {
    let document = document(&assessment());
    let hostile = items(&document["packages"])
        .find(|package| package["name"] == HOSTILE && package["primaryPackagePurpose"] == "LIBRARY")
        .unwrap();
    let declared = text(&hostile["licenseDeclared"]);
    assert!(
        declared.starts_with("Apache-2.0 AND LicenseRef-stanchion-Ours-"),
        "{declared}"
    );
    assert!(
        declared.ends_with(" AND (MIT AND LicenseRef-x)"),
        "{declared}"
    );
    let infos: Vec<&str> = items(&document["hasExtractedLicensingInfos"])
        .map(|it| text(&it["extractedText"]))
        .collect();
    assert_eq!(infos.len(), 2);
    assert_eq!(infos[0], format!("Ours {HOSTILE}"));
}

#[test]
fn reasons_have_their_own_relationships() {
    let mut assessment = assessment();
    for at in [1, 3, 4] {
        assessment.inventory.components[at].direct = Some(true);
    }
    assessment.inventory.components[4].scope = stanchion_model::inventory::Scope::Optional;
    assessment.inventory.components[7].direct = Some(true);
    let document = document(&assessment);
    let told = told(&document);
    for want in [
        "round OPTIONAL_DEPENDENCY_OF shop-a",
        "lost BUILD_DEPENDENCY_OF shop-a",
        "dev-tool DEV_DEPENDENCY_OF shop-a",
    ] {
        assert!(told.iter().any(|it| it == want), "{want}");
    }
}

#[test]
fn the_header_is_complete() {
    let assessment = assessment();
    let mut with_fraction = subject(&assessment);
    with_fraction.stamp = "2026-11-24T10:00:00.25Z";
    let fraction = written(|out| write(&with_fraction, out).unwrap());
    assert_eq!(fraction["creationInfo"]["created"], STAMP);
    let document = document(&assessment);
    assert!(text(&document["documentNamespace"]).starts_with("https://spdx.org/spdxdocs/shop-"));
    assert!(text(&document["creationInfo"]["creators"][0]).starts_with("Tool: stanchion-"));
    assert!(text(&document["comment"]).contains("a/package-lock.json:3: cannot be read"));
}

#[test]
fn an_empty_inventory_and_one_project_are_valid() {
    let inventory = Inventory::default();
    let subject = Subject {
        inventory: &inventory,
        problems: &[],
        name: "x",
        stamp: STAMP,
    };
    check(&written(|out| write(&subject, out).unwrap()));
    let mut assessment = assessment();
    assessment.inventory.projects.truncate(1);
    assessment.inventory.components.truncate(8);
    assessment.inventory.components[1].origin =
        Origin::Url("https://user:secret@example.org/left.tgz".into());
    let document = document(&assessment);
    assert_eq!(told(&document)[0], "document DESCRIBES shop-a");
    assert_eq!(
        named(&document, "@scope/left")["downloadLocation"],
        "https://example.org/left.tgz"
    );
}
