//! The published schema of the JSON report says what the model says.

use serde_json::{Value, json};
use stanchion_model::threat::ThreatVector;

use crate::support::{Bench, root, schema};

const FILE: &str = "schemas/stanchion.report-1.schema.json";

fn document() -> Value {
    serde_json::from_slice(&std::fs::read(root().join(FILE)).unwrap()).unwrap()
}

/// Every object of the schema that lists properties, with its place.
fn objects<'a>(place: &str, value: &'a Value, all: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("properties")
                && members.get("type").is_some_and(Value::is_string)
            {
                all.push((place.to_owned(), value));
            }
            for (key, member) in members {
                objects(&format!("{place}/{key}"), member, all);
            }
        }
        Value::Array(members) => members
            .iter()
            .for_each(|member| objects(place, member, all)),
        _ => {}
    }
}

#[test]
fn every_property_is_described_and_every_object_closed() {
    let document = document();
    let mut all = Vec::new();
    objects("", &document, &mut all);
    assert!(all.len() > 15);
    for (place, object) in all {
        assert_eq!(object["additionalProperties"], json!(false), "{place}");
        for (name, property) in object["properties"].as_object().unwrap() {
            assert!(
                property["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{place}/{name}"
            );
        }
    }
}

#[test]
fn closed_sets_of_words_are_the_models() {
    let vectors: Vec<&str> = ThreatVector::all().map(ThreatVector::id).collect();
    assert_eq!(
        document()["$defs"]["finding"]["properties"]["vectors"]["items"]["enum"],
        json!(vectors)
    );
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    let schema = schema(&root().join(FILE));
    let report = Bench::new().document(&["scan", "examples/storefront", "-o", "json"]);
    assert!(schema.is_valid(&report));
    for change in [
        ("/findings/0/kind", json!("odd")),
        ("/findings/0/score", json!(101)),
        ("/verdict/denied", json!("no")),
        ("/schema", json!("stanchion.report/2")),
    ] {
        let mut changed = report.clone();
        *changed.pointer_mut(change.0).unwrap() = change.1;
        assert!(!schema.is_valid(&changed), "{}", change.0);
    }
    let mut more = report;
    more["findings"][0]["surprise"] = json!(1);
    assert!(!schema.is_valid(&more));
}
