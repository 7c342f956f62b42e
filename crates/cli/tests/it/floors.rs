//! The arrows of the house run down: a room uses rooms on lower floors only (ARCHITECTURE.md).

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Every room and its floor. A new one gets its line here and in ARCHITECTURE.md.
const FLOORS: &[(&str, u8)] = &[
    ("cli", 6),
    ("server", 5),
    ("assess", 4),
    ("ui", 4),
    ("advisories", 3),
    ("inventory", 3),
    ("notify", 3),
    ("policy", 3),
    ("report", 3),
    ("formats", 2),
    ("git", 2),
    ("net", 2),
    ("store", 2),
    ("model", 1),
    ("tree", 1),
    ("syntax", 0),
    ("versions", 0),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn arrows_run_down() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let metadata = metadata();
    let room = |name: &Value| {
        name.as_str()
            .unwrap()
            .trim_start_matches("stanchion-")
            .to_owned()
    };
    let mut seen = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let from = room(&package["name"]);
        let Some(floor) = floors.get(from.as_str()) else {
            panic!("the room {from} has no floor")
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            // A dependency of tests may stand on the same floor, never above.
            let test = dependency["kind"] == "dev";
            let to = room(&dependency["name"]);
            if let Some(lower) = floors.get(to.as_str()) {
                assert!(
                    lower < floor || (test && lower <= floor),
                    "{from} on floor {floor} uses {to} on floor {lower}"
                );
            }
        }
        seen.push(from);
    }
    assert_eq!(
        seen.len(),
        FLOORS.len(),
        "rooms without a crate: {FLOORS:?} {seen:?}"
    );
}

#[test]
fn versions_depend_on_nothing() {
    let metadata = metadata();
    let versions = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == "stanchion-versions")
        .unwrap();
    let normal = versions["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"].is_null());
    assert_eq!(normal.count(), 0);
}
