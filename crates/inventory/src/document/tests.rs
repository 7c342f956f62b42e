use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use stanchion_model::Ecosystem;
use stanchion_model::inventory::{
    Algorithm, Component, Fact, Hash, Inventory, Location, Origin, Problem, ProblemKind, Project,
    Scope,
};
use stanchion_tree::{Limits, Tree};

use super::*;
use crate::assemble::compare;
use crate::{ScanOptions, scan};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn written(inventory: &Inventory) -> Vec<u8> {
    let mut out = Vec::new();
    write(inventory, &mut out).unwrap();
    out
}

fn scanned(folder: &Path) -> Inventory {
    let tree = Tree::open(folder, Limits::default()).unwrap();
    scan(&tree, "target", &ScanOptions::default()).unwrap()
}

/// One of each that can be said of a component, a fact and a problem.
fn full() -> Inventory {
    let place = |path: &str, line| Location {
        path: Arc::from(path),
        line,
    };
    let purl = |ecosystem: Ecosystem, name: &str, version, release| {
        ecosystem.purl(name, version, release, &[]).unwrap()
    };
    let plain = Component {
        purl: purl(Ecosystem::Npm, "@acme/a", Some("1.0.0"), None),
        ecosystem: Ecosystem::Npm,
        release: None,
        name: "@acme/a".into(),
        version: Some("1.0.0".into()),
        origin: Origin::Registry,
        direct: Some(true),
        scope: Scope::Runtime,
        locations: vec![place("web/a.lock", Some(3)), place("web/b.lock", None)],
        hashes: vec![
            Hash {
                algorithm: Algorithm::Sha1,
                hex: "0".repeat(40),
            },
            Hash {
                algorithm: Algorithm::Sha512,
                hex: "a".repeat(128),
            },
        ],
        licences: vec!["MIT".into(), "Apache-2.0 OR MIT".into()],
        project: 1,
        dependencies: vec![2, 3],
        yanked: true,
    };
    let other = |name: &str, origin: Origin| Component {
        purl: purl(Ecosystem::Npm, name, None, None),
        name: name.into(),
        version: None,
        origin,
        direct: None,
        scope: Scope::Dev,
        locations: vec![place("web/a.lock", None)],
        hashes: Vec::new(),
        licences: Vec::new(),
        dependencies: Vec::new(),
        yanked: false,
        ..plain.clone()
    };
    let system = Component {
        purl: purl(Ecosystem::Debian, "curl", Some("7"), Some("12")),
        ecosystem: Ecosystem::Debian,
        release: Some("12".into()),
        name: "curl".into(),
        version: Some("7".into()),
        project: 0,
        dependencies: Vec::new(),
        ..plain.clone()
    };
    Inventory {
        target: "a\0\u{202e}\u{1b}[31m".into(),
        projects: vec![
            Project {
                root: String::new(),
                name: "all".into(),
                version: None,
                files: vec!["bom.json".into()],
            },
            Project {
                root: "web".into(),
                name: "web".into(),
                version: Some("2".into()),
                files: vec!["web/a.lock".into(), "web/b.lock".into()],
            },
        ],
        components: vec![
            system,
            plain.clone(),
            other(
                "b",
                Origin::Git {
                    url: "https://example.org/b".into(),
                    commit: None,
                },
            ),
            other("c", Origin::Url("https://example.org/c.tgz".into())),
            other("d", Origin::Own),
        ],
        facts: vec![Fact {
            kind: "registry".into(),
            value: "https://example.org".into(),
            location: place("web/.npmrc", Some(1)),
        }],
        problems: vec![
            Problem {
                path: "a".into(),
                line: None,
                kind: ProblemKind::Odd,
                reason: "odd".into(),
                hint: None,
            },
            Problem {
                path: "b".into(),
                line: Some(7),
                kind: ProblemKind::Unreadable,
                reason: "it is not".into(),
                hint: Some("look".into()),
            },
        ],
        files: 3,
    }
}

#[test]
fn nothing_is_lost_on_the_way() {
    let inventory = full();
    let bytes = written(&inventory);
    let again = read(&bytes).unwrap();
    assert_eq!(again, inventory);
    assert_eq!(written(&again), bytes);
    assert_eq!(
        read(&written(&Inventory::default())).unwrap(),
        Inventory::default()
    );
}

#[test]
fn every_scan_can_be_written_and_read() {
    let mut folders = vec![
        root().join("examples/storefront"),
        root().join("crates/inventory/src/extractors"),
    ];
    let shared = root().join("../shared/inputs");
    if shared.is_dir() {
        folders.push(shared);
    } else {
        println!("skipped in part: {} is not here", shared.display());
    }
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for folder in folders {
        let inventory = scanned(&folder);
        assert!(!inventory.components.is_empty());
        let bytes = written(&inventory);
        let again = read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert!(again == inventory, "{}", folder.display());
        assert!(written(&again) == bytes);
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        if let Some(error) = validator.iter_errors(&document).next() {
            panic!("{}: {error}", error.instance_path());
        }
    }
}

#[test]
fn a_purl_alone_is_a_document_too() {
    let purl = "pkg:npm/lodash@4.17.15".parse().unwrap();
    let inventory = crate::of_purl(purl);
    assert_eq!(read(&written(&inventory)).unwrap(), inventory);
}

#[test]
fn what_is_not_known_is_left_alone_and_another_version_is_not() {
    let mut document: Value = serde_json::from_slice(&written(&full())).unwrap();
    document["new"] = json!([[[1]]]);
    document["projects"][0]["new"] = json!({ "a": 1 });
    document["components"][0]["new"] = json!("a");
    document["problems"][0]["new"] = json!(null);
    assert_eq!(read(document.to_string().as_bytes()).unwrap(), full());
    // Members may stand in any order: a database keeps them in its own.
    let turned: BTreeMap<String, Value> = serde_json::from_value(document.clone()).unwrap();
    let turned: Vec<String> = turned
        .iter()
        .rev()
        .map(|(key, value)| format!("{key:?}:{value}"))
        .collect();
    assert_eq!(
        read(format!("{{{}}}", turned.join(",")).as_bytes()).unwrap(),
        full()
    );
    for (schema, hint) in [
        (json!("stanchion.inventory/2"), "update the portal"),
        (json!("stanchion.inventory/0"), "update the client"),
        (json!("stanchion.report/1"), "stanchion push"),
        (json!("stanchion.inventory/01x"), "stanchion push"),
        (json!(null), "stanchion push"),
    ] {
        document["schema"] = schema.clone();
        // What else stands in it may have any form.
        document["components"] = json!({ "a": 1 });
        let error = read(document.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, DocumentError::Schema { .. }), "{error}");
        assert!(error.hint().contains(hint), "{schema}: {}", error.hint());
    }
}

/// Each makes one thing wrong; with what the error has to say.
fn wrongs() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/target", json!(1), "line 1"),
        ("/files", json!(-1), "line 1"),
        ("/paths/1", json!("a"), "path 1"),
        ("/projects/1/root", json!(""), "project 1"),
        (
            "/projects/1/files/1",
            json!("web/a.lock"),
            "project 1: its files",
        ),
        (
            "/components/1/purl",
            json!("npm/a"),
            "component 1: its purl",
        ),
        (
            "/components/1/purl",
            json!("pkg:npm/%zz%ff"),
            "component 1: its purl",
        ),
        (
            "/components/1/ecosystem",
            json!("NPM"),
            "component 1: \"NPM\" is no ecosystem",
        ),
        (
            "/components/0/ecosystem",
            json!("Debian:12"),
            "component 0: \"Debian:12\"",
        ),
        (
            "/components/1/name",
            json!(""),
            "component 1: it has no name",
        ),
        (
            "/components/1/scope",
            json!("peer"),
            "component 1: unknown variant",
        ),
        (
            "/components/1/project",
            json!(2),
            "component 1: there is no project 2",
        ),
        (
            "/components/1/project",
            json!(4_294_967_296_u64),
            "component 1",
        ),
        (
            "/components/1/locations",
            json!([]),
            "component 1: it has no place",
        ),
        (
            "/components/1/locations",
            json!([[1], [9]]),
            "component 1: there is no path 9",
        ),
        (
            "/components/1/locations",
            json!([[1, 3], [1, 3]]),
            "component 1: its places",
        ),
        (
            "/components/1/locations",
            json!([[1, 3, 4]]),
            "component 1: invalid length",
        ),
        (
            "/components/1/locations",
            json!([[]]),
            "component 1: invalid length",
        ),
        (
            "/components/1/locations",
            json!([1]),
            "component 1: invalid type",
        ),
        (
            "/components/1/hashes/0",
            json!("SHA-1:00"),
            "component 1: a hash",
        ),
        (
            "/components/1/hashes/0",
            json!(format!("SHA-1:{}", "A".repeat(40))),
            "component 1: a hash",
        ),
        (
            "/components/1/hashes/0",
            json!("sha1:00"),
            "component 1: \"sha1:00\" is no hash",
        ),
        (
            "/components/1/dependencies",
            json!([3, 2]),
            "component 1: what it needs",
        ),
        (
            "/components/1/dependencies",
            json!([2, 2]),
            "component 1: what it needs",
        ),
        (
            "/components/1/dependencies",
            json!([5]),
            "component 1: it needs 5, and there is no",
        ),
        (
            "/components/1/dependencies",
            json!([1]),
            "component 1: it needs itself",
        ),
        (
            "/components/1/dependencies",
            json!([0]),
            "component 1: it needs 0, which is in another",
        ),
        (
            "/components/2/name",
            json!("@acme"),
            "component 2: components are not in order",
        ),
        (
            "/components/2/origin",
            json!({ "svn": "x" }),
            "component 2: unknown variant",
        ),
        (
            "/facts/0/location",
            json!([99]),
            "fact 0: there is no path 99",
        ),
        (
            "/problems/1/path",
            json!("a"),
            "problem 1: problems are not in order",
        ),
        (
            "/problems/0/kind",
            json!("fine"),
            "problem 0: unknown variant",
        ),
    ]
}

#[test]
fn what_breaks_a_rule_is_refused_by_its_number() {
    for (place, value, told) in wrongs() {
        let mut document: Value = serde_json::from_slice(&written(&full())).unwrap();
        *document.pointer_mut(place).unwrap() = value.clone();
        // `a` stands before `b` in place of order.
        if place == "/problems/1/path" {
            document["problems"][1]["line"] = json!(null);
            document["problems"][1]["kind"] = json!("odd");
            document["problems"][1]["reason"] = json!("odd");
            document["problems"][1]["hint"] = json!(null);
        }
        let error = read(document.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains(told), "{place} {value}: {error}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn an_inventory_that_could_not_be_read_back_is_not_written() {
    let refused = |change: &dyn Fn(&mut Inventory)| {
        let mut inventory = full();
        change(&mut inventory);
        let error = write(&inventory, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        error.to_string()
    };
    assert!(refused(&|inventory| inventory.components.swap(1, 2)).contains("component 2"));
    assert!(refused(&|inventory| inventory.projects.swap(0, 1)).contains("project 1"));
    assert!(refused(&|inventory| inventory.problems.swap(0, 1)).contains("problem 1"));
    assert!(refused(&|inventory| inventory.target = "a".repeat(MOST_TEXT + 1)).contains("target"));
    let long = refused(&|inventory| {
        let name = "é".repeat(20_000);
        inventory.components[1].purl = Ecosystem::Npm.purl(&name, None, None, &[]).unwrap();
    });
    assert!(long.contains("component 1: its purl"), "{long}");
}

#[test]
fn hostile_bytes_are_refused_in_bounded_memory() {
    let whole = written(&full());
    for cut in 0..whole.len() - 2 {
        assert!(read(&whole[..cut]).is_err(), "{cut}");
    }
    let error = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    let head = r#"{"schema":"stanchion.inventory/1","target":"","files":0,"paths":[],"projects":"#;
    assert!(read(&[0xff, 0xfe]).is_err() && read(b"\xef\xbb\xbf{}").is_err());
    assert!(read(&vec![b' '; MOST_BYTES + 1]).is_err());
    assert!(error(&"[".repeat(1_000_000)).contains("line 1"));
    let deep = format!("{head}[],\"components\":[{}", "[".repeat(1_000_000));
    assert!(error(&deep).contains("line 1"));
    let nested = format!(
        "{head}[],\"components\":[{{\"new\":{}{}}}]}}",
        "[".repeat(1_000_000),
        "]".repeat(1_000_000)
    );
    assert!(error(&nested).contains("component 0"));
    let many = format!(
        "{head}[],\"components\":[{}0]}}",
        "0,".repeat(MOST_COMPONENTS)
    );
    assert!(error(&many).contains("more than 500000"));
    let twice = format!("{head}[],\"components\":[],\"components\":[]}}");
    assert!(error(&twice).contains("duplicate field"));
    // What is quoted is short, and obeyed by no terminal.
    let loud = format!(
        "{head}\"\\u001b[31m{}\",\"components\":[]}}",
        "x".repeat(100_000)
    );
    let told = error(&loud);
    assert!(told.len() < 1000 && !told.contains('\u{1b}'), "{told}");
    let parts = format!("[{}[0]]", "[0],".repeat(MOST_PARTS));
    let locations = format!(
        r#"{{"schema":"stanchion.inventory/1","target":"","files":0,"paths":["a"],"projects":[],"components":[{{"purl":"pkg:npm/a","ecosystem":"npm","name":"a","scope":"dev","project":0,"locations":{parts}}}]}}"#
    );
    assert!(error(&locations).contains("component 0: a list of more than 100000"));
}

#[test]
fn parts_are_counted_over_all_components() {
    let licences = vec![String::from("a"); MOST_PARTS];
    let mut rules = rules::Rules::default();
    let component = Component {
        licences,
        ..full().components[1].clone()
    };
    let most = MOST_ALL_PARTS / MOST_PARTS;
    let error = (0..=most)
        .find_map(|number| rules.component(number, &component, None, 2).err())
        .unwrap();
    assert!(matches!(error, DocumentError::TooMany { .. }), "{error}");
}

fn schema() -> Value {
    let file = root().join("schemas/stanchion.inventory-1.schema.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
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
        Value::Array(items) => items.iter().for_each(|item| objects(place, item, all)),
        _ => {}
    }
}

#[test]
fn the_schema_is_closed_and_described_and_says_what_the_model_says() {
    let schema = schema();
    let mut all = Vec::new();
    objects("", &schema, &mut all);
    assert_eq!(all.len(), 8);
    for (place, object) in all {
        assert_eq!(object["additionalProperties"], json!(false), "{place}");
        for (name, property) in object["properties"].as_object().unwrap() {
            let described = property["description"].as_str();
            assert!(
                described.is_some_and(|text| !text.is_empty()),
                "{place}/{name}"
            );
        }
    }
    let ecosystems: Vec<&str> = Ecosystem::all().map(Ecosystem::name).collect();
    assert_eq!(
        schema["$defs"]["component"]["properties"]["ecosystem"]["enum"],
        json!(ecosystems)
    );
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document: Value = serde_json::from_slice(&written(&full())).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    // Everything that the schema names is written at some place of it.
    for (name, rows) in [
        ("project", "/projects"),
        ("component", "/components"),
        ("fact", "/facts"),
        ("problem", "/problems"),
    ] {
        let rows = document.pointer(rows).unwrap().as_array().unwrap();
        for property in schema["$defs"][name]["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(
                rows.iter().any(|row| row.get(property).is_some()),
                "{name} {property}"
            );
        }
    }
    for (place, value) in [
        ("/schema", json!("stanchion.inventory/2")),
        ("/surprise", json!(1)),
        ("/components/0/surprise", json!(1)),
        ("/components/0/scope", json!("peer")),
        ("/components/0/ecosystem", json!("NPM")),
        ("/components/1/locations", json!([])),
        ("/components/1/locations", json!([[1, 2, 3]])),
        ("/components/1/hashes", json!(["SHA-1:00"])),
        ("/components/2/origin", json!({ "git": { "commit": null } })),
        ("/problems/0/kind", json!("fine")),
    ] {
        let mut changed = document.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        assert!(!validator.is_valid(&changed), "{place}");
    }
}

const ECOSYSTEMS: [Ecosystem; 6] = [
    Ecosystem::Npm,
    Ecosystem::PyPi,
    Ecosystem::Maven,
    Ecosystem::Go,
    Ecosystem::Debian,
    Ecosystem::Generic,
];

fn text() -> impl Strategy<Value = String> {
    "[a-z@/:.%?#& \u{0}\u{1b}\u{202e}\"\\\\é𝄞_-]{0,10}"
}

fn place() -> impl Strategy<Value = Location> {
    (text(), prop::option::of(0..9u32)).prop_map(|(path, line)| Location {
        path: path.into(),
        line,
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Registry),
        Just(Origin::Own),
        (text(), prop::option::of(text())).prop_map(|(url, commit)| Origin::Git { url, commit }),
        text().prop_map(Origin::Url),
    ]
}

fn hash() -> impl Strategy<Value = Hash> {
    (
        prop::sample::select(vec![Algorithm::Md5, Algorithm::Sha512, Algorithm::Blake3]),
        prop::sample::select(vec!["0", "f", "7"]),
    )
        .prop_map(|(algorithm, digit)| Hash {
            hex: digit.repeat(algorithm.size() * 2),
            algorithm,
        })
}

prop_compose! {
    fn component()(
        ecosystem in prop::sample::select(ECOSYSTEMS.to_vec()),
        name in text(),
        version in prop::option::of(text()),
        release in prop::option::of(text()),
        origin in origin(),
        direct in prop::option::of(any::<bool>()),
        scope in prop::sample::select(vec![Scope::Runtime, Scope::Optional, Scope::Build, Scope::Test, Scope::Dev]),
        locations in prop::collection::btree_set(place(), 1..4),
        hashes in prop::collection::btree_set(hash(), 0..3),
        licences in prop::collection::vec(text(), 0..3),
        dependencies in prop::collection::btree_set(0..6u32, 0..4),
        yanked in any::<bool>(),
    ) -> Option<Component> {
        Some(Component {
            purl: ecosystem.purl(&name, version.as_deref(), release.as_deref(), &[]).ok()?,
            ecosystem, release, name, version, origin, direct, scope,
            locations: locations.into_iter().collect(),
            hashes: hashes.into_iter().collect(),
            licences, project: 0,
            dependencies: dependencies.into_iter().collect(),
            yanked,
        })
    }
}

prop_compose! {
    fn inventory()(
        target in text(),
        projects in prop::collection::btree_map(
            text(),
            (text(), prop::option::of(text()), prop::collection::btree_set(text(), 0..3), prop::collection::vec(component(), 0..6)),
            0..4,
        ),
        facts in prop::collection::btree_set((text(), text(), place()), 0..3),
        problems in prop::collection::btree_set((text(), prop::option::of(0..9u32), text(), prop::option::of(text())), 0..3),
        files in 0..100usize,
    ) -> Inventory {
        let mut inventory = Inventory { target, files, ..Inventory::default() };
        for (number, (root, (name, version, files, rows))) in projects.into_iter().enumerate() {
            inventory.projects.push(Project { root, name, version, files: files.into_iter().collect() });
            let mut rows: Vec<Component> = rows.into_iter().flatten().filter(|row| !row.name.is_empty()).collect();
            rows.sort_by(compare);
            rows.dedup_by(|a, b| compare(a, b).is_eq());
            let (base, count) = (inventory.components.len() as u32, rows.len() as u32);
            for (at, mut row) in (0..).zip(rows) {
                row.project = number as u32;
                row.dependencies = row.dependencies.into_iter().filter(|id| *id < count && *id != at).map(|id| id + base).collect();
                inventory.components.push(row);
            }
        }
        inventory.facts = facts.into_iter().map(|(kind, value, location)| Fact { kind, value, location }).collect();
        inventory.problems = problems.into_iter().map(|(path, line, reason, hint)| Problem { path, line, kind: ProblemKind::Unresolved, reason, hint }).collect();
        inventory
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_in_it_comes_back(inventory in inventory()) {
        let bytes = written(&inventory);
        let again = read(&bytes).unwrap();
        prop_assert_eq!(&again, &inventory);
        prop_assert_eq!(format!("{again:?}"), format!("{inventory:?}"));
        prop_assert_eq!(written(&again), bytes);
    }

    #[test]
    fn one_changed_byte_is_read_or_told(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = written(&full());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(inventory) = read(&bytes) {
            prop_assert_eq!(read(&written(&inventory)).unwrap(), inventory);
        }
    }
}
