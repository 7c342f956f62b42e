//! What is written, held against what each tool decodes: its fields and their types, written down as JSON Schemas.

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value};
use stanchion_syntax::{Node, Value as Parsed};

use super::super::{Tool, reading};
use super::{Way, any_exception};

fn schema(tool: Tool) -> Validator {
    let text = match tool {
        Tool::Trivy => include_str!("../testdata/trivy.schema.json"),
        Tool::Grype => include_str!("../testdata/grype.schema.json"),
        Tool::OsvScanner => include_str!("../testdata/osv-scanner.schema.json"),
        Tool::CargoDeny => include_str!("../testdata/cargo-deny.schema.json"),
    };
    jsonschema::options()
        .should_validate_formats(true)
        .build(&serde_json::from_str(text).unwrap())
        .unwrap()
}

fn json(node: &Node<'_>) -> Value {
    match &node.value {
        Parsed::Null => Value::Null,
        Parsed::Bool(value) => Value::Bool(*value),
        Parsed::Number(text) => Value::Number(text.parse::<i64>().unwrap().into()),
        Parsed::String(text) => Value::String(text.clone().into_owned()),
        Parsed::Array(items) => items.iter().map(json).collect(),
        Parsed::Object(members) => {
            let mut map = Map::new();
            for member in members {
                let before = map.insert(member.key.clone().into_owned(), json(&member.value));
                assert!(before.is_none(), "{} stands twice", member.key);
            }
            Value::Object(map)
        }
    }
}

fn document(tool: Tool, file: &str) -> Value {
    let node = match tool {
        Tool::Trivy | Tool::Grype => reading::yaml(file),
        Tool::OsvScanner | Tool::CargoDeny => reading::toml(file),
    };
    json(&node.unwrap())
}

fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_schemas_take_what_the_tools_take_and_no_more() {
    for (tool, good, bad) in [
        (
            Tool::Trivy,
            "vulnerabilities:\n- {id: CVE-1, paths: [a], purls: ['pkg:npm/x'], expired_at: 2026-01-01, statement: x}\nsecrets:\n- id: x\n",
            &[
                "vulnerabilities:\n- paths: [a]\n",
                "vulnerabilities:\n- {id: a, path: x}\n",
                "secrets:\n- {id: a, purls: ['pkg:npm/x']}\n",
                "vulnerabilities:\n- {id: a, expired_at: 2026-01-01T00:00:00}\n",
                "ignore: []\n",
            ][..],
        ),
        (
            Tool::Grype,
            "quiet: true\nignore:\n- {vulnerability: CVE-1, include-aliases: true, package: {name: x, type: npm, location: /x}}\n",
            &[
                "ignore:\n- {package: {name: x}}\n",
                "ignore:\n- {vulnerability: x, expires: 2026-01-01}\n",
                "ignore:\n- {vulnerability: x, package: {type: cargo}}\n",
                "ignore:\n- {vulnerability: x, package: {location: x}}\n",
                "ignore:\n",
            ][..],
        ),
        (
            Tool::OsvScanner,
            "GoVersionOverride = \"1.2\"\n[[IgnoredVulns]]\nid = \"x\"\nignoreUntil = 2026-01-01T00:00:00Z\nreason = \"x\"\n[[PackageOverrides]]\nvulnerability.ignore = true\n",
            &[
                "[[IgnoredVulns]]\nreason = \"x\"\n",
                "[[IgnoredVulns]]\nid = \"x\"\nignoreUntil = 2026-01-01\n",
                "[[IgnoredVulns]]\nid = \"x\"\npurl = \"x\"\n",
                "[IgnoredVulns]\n",
                "x = 1\n",
            ][..],
        ),
        (
            Tool::CargoDeny,
            "[advisories]\nignore = [\"RUSTSEC-1\", \"x@1.2.3\", {id = \"RUSTSEC-1\", reason = \"x\"}, {crate = \"x\", reason = \"y\"}, {name = \"x\"}]\n",
            &[
                "[advisories]\nignore = [{reason = \"x\"}]\n",
                "[advisories]\nignore = [{id = \"x\", until = \"x\"}]\n",
                "[advisories]\nignore = [\"x@1.2\"]\n",
                "[advisories]\nignore = [1]\n",
                "[advisories]\nignore = \"x\"\n",
            ][..],
        ),
    ] {
        let validator = schema(tool);
        assert_eq!(errors(&validator, &document(tool, good)), [""; 0], "{good}");
        for bad in bad {
            assert!(!validator.is_valid(&document(tool, bad)), "{bad}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_written_is_what_the_tools_take(exceptions in proptest::collection::vec(any_exception(), 0..6)) {
        for tool in Tool::ALL {
            let (file, _) = Way::File(tool).write(&exceptions);
            let errors = errors(&schema(tool), &document(tool, &file));
            prop_assert!(errors.is_empty(), "{:?}\n{}", errors, file);
        }
    }
}
