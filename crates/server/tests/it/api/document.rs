//! The OpenAPI document: as it is committed, whole, and true to the rules that all operations share.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use stanchion_server::{document, portal};

fn generated() -> Value {
    document::of(portal::slices().get_openapi()).unwrap()
}

/// Each operation: its path, its method, what it says.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((path.as_str(), method.as_str(), operation));
        }
    }
    all
}

#[test]
fn it_is_committed_as_the_code_says_it() {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/stanchion.openapi-1.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&generated()).unwrap());
    if std::env::var_os("STANCHION_WRITE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    if committed != text {
        let line = committed
            .lines()
            .zip(text.lines())
            .position(|(committed, generated)| committed != generated);
        panic!(
            "schemas/stanchion.openapi-1.json is not what the code says, from line {:?} on: run with STANCHION_WRITE=1 to write it",
            line.map(|line| line + 1)
        );
    }
}

#[test]
fn every_operation_says_all_that_a_client_needs() {
    let document = generated();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(&document) {
        let mut say = |what: &str| wrong.push(format!("{method} {path}: {what}"));
        if !names.insert(operation["operationId"].as_str().unwrap()) {
            say("its operationId is another's too");
        }
        if operation["summary"].as_str().is_none_or(str::is_empty) {
            say("no summary");
        }
        match operation["tags"].as_array().map(Vec::as_slice) {
            Some([tag]) if tags.contains(tag.as_str().unwrap()) => {}
            _ => say("no tag, or one that the document does not describe"),
        }
        let public = operation["x-permission"] == "public";
        if operation["security"].as_array().unwrap().is_empty() != public {
            say("its security is not that of its permission");
        }
        let answers = operation["responses"].as_object().unwrap();
        let problem = &answers["default"]["content"]["application/problem+json"]["schema"];
        if problem["$ref"] != "#/components/schemas/Problem" {
            say("its problems are not described");
        }
        if !answers
            .keys()
            .any(|status| matches!(status.as_bytes(), [b'2' | b'3', ..]))
        {
            say("no answer");
        }
        for (status, answer) in answers {
            if answer["description"].as_str().is_none_or(str::is_empty) {
                say(&format!("{status} has no description"));
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            if parameter["in"] == "path" && !path.contains(&format!("{{{name}}}")) {
                say(&format!("{name} is not in the path"));
            }
            if name == "limit" && parameter["schema"]["maximum"] != 500 {
                say("its pages have no limit");
            }
        }
        for name in path
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
        {
            let told = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|parameter| parameter["in"] == "path" && parameter["name"] == name);
            if !told {
                say(&format!("{name} is not described"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(names.len() > 100, "{}", names.len());
}

fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(target) if name == "$ref" => {
                        found.insert(target);
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_schema_is_there_once_and_used() {
    let document = generated();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let there: BTreeSet<String> = schemas
        .keys()
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    let used: BTreeSet<String> = found.into_iter().map(str::to_owned).collect();
    assert_eq!(used, there);
    // Two types of one name would overwrite each other: the names that slices use inside have another one outside.
    for name in [
        "View", "Form", "Page", "Made", "Create", "Listed", "Taken", "Place",
    ] {
        assert!(!schemas.contains_key(name), "{name} says nothing");
    }
}
