//! The pipeline on small targets and a small database: every finding that comes out is named.

use std::fs;
use std::path::Path;

use serde_json::json;
use stanchion_advisories::Index;
use stanchion_advisories::import::{SourceFile, SourceKind, build, find_sources};
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Confidence, Kind};
use stanchion_model::report::Assessment;
use stanchion_tree::{Limits, Tree};

use crate::{Filters, Judging, Options, assess, inventory};

const NOW: &str = "2026-01-01T00:00:00Z";

/// A database of records, each a JSON value in OSV's form.
fn database(records: &[serde_json::Value], beside: &[(&str, serde_json::Value)]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    for (number, record) in records.iter().enumerate() {
        let mut record = record.clone();
        record["modified"] = json!("2025-01-01T00:00:00Z");
        fs::write(
            folder.path().join(format!("{number}.json")),
            record.to_string(),
        )
        .unwrap();
    }
    let mut sources = vec![SourceFile {
        kind: SourceKind::Osv,
        name: "test".into(),
        path: folder.path().to_owned(),
    }];
    let other = tempfile::tempdir().unwrap();
    for (name, value) in beside {
        let path = other.path().join(name);
        fs::write(&path, value.to_string()).unwrap();
        sources.extend(find_sources(&path).unwrap());
    }
    Index::from_bytes(build(&sources, NOW, &|_, _, _| {}).unwrap()).unwrap()
}

fn affected(ecosystem: &str, name: &str, fixed: &str) -> serde_json::Value {
    json!([{ "package": { "ecosystem": ecosystem, "name": name }, "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": fixed }] }] }])
}

/// A project in npm: what it asks for, and what these need. Each is `name version`.
fn project(packages: &[(&str, &str, &[&str])], asks: &[&str], dev: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let wants = |names: &[&str]| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!("*")))
            .collect::<serde_json::Map<_, _>>()
    };
    let mut all = serde_json::Map::new();
    all.insert(String::new(), json!({ "name": "shop", "version": "1.0.0", "dependencies": wants(asks), "devDependencies": wants(dev) }));
    for (name, version, needs) in packages {
        let mut node = json!({ "version": version, "resolved": format!("https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"), "dependencies": wants(needs) });
        if dev.contains(name) {
            node["dev"] = json!(true);
        }
        all.insert(format!("node_modules/{name}"), node);
    }
    let lock = json!({ "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": all });
    fs::write(
        folder.path().join("package-lock.json"),
        serde_json::to_string_pretty(&lock).unwrap(),
    )
    .unwrap();
    folder
}

fn scan(folder: &Path, index: &Index, filters: Filters) -> Assessment {
    let options = Options {
        filters,
        as_of: NOW.into(),
        ..Options::default()
    };
    let tree = Tree::open(folder, Limits::default()).unwrap();
    let inventory = inventory(&tree, "shop", &options).unwrap();
    assess(inventory, index, &options, None).unwrap()
}

/// Every finding as `id component kind severity fix`, so that one that a test does not name fails it.
fn told(assessment: &Assessment) -> Vec<String> {
    let lines = assessment.findings.iter().map(|finding| {
        let severity = finding.severity.map_or("-", Severity::as_str);
        let fix = finding
            .upgrade_to
            .as_deref()
            .or(finding.fixed_in.first().map(String::as_str))
            .unwrap_or("-");
        format!(
            "{} {}@{} {} {severity} {fix}",
            finding.id,
            finding.component.name,
            finding.component.version,
            finding.kind.as_str()
        )
    });
    lines.collect()
}

#[test]
fn aliases_are_one_finding_and_two_cves_are_two() {
    let index = database(
        &[
            json!({ "id": "GHSA-1", "aliases": ["CVE-2024-1"], "summary": "First", "database_specific": { "severity": "HIGH" }, "affected": affected("npm", "a", "1.5.0") }),
            json!({ "id": "NPM-1", "aliases": ["GHSA-1"], "affected": affected("npm", "a", "1.4.0") }),
            json!({ "id": "GHSA-2", "aliases": ["CVE-2024-2"], "summary": "Second", "affected": affected("npm", "a", "2.0.0") }),
            // Names both: evidence for each, and joins neither.
            json!({ "id": "BOTH-1", "aliases": ["CVE-2024-1", "CVE-2024-2"], "affected": affected("npm", "a", "1.9.0") }),
            // Only related: stays apart.
            json!({ "id": "NPM-3", "related": ["CVE-2024-1"], "summary": "Third", "affected": affected("npm", "a", "1.3.0") }),
        ],
        &[],
    );
    let folder = project(&[("a", "1.0.0", &[])], &["a"], &[]);
    let assessment = scan(folder.path(), &index, Filters::default());
    let mut lines = told(&assessment);
    lines.sort();
    let want = [
        "CVE-2024-1 a@1.0.0 vulnerability high 2.0.0",
        "CVE-2024-2 a@1.0.0 vulnerability medium 2.0.0",
        "NPM-3 a@1.0.0 vulnerability medium 2.0.0",
    ];
    assert_eq!(lines, want);
    let first = assessment
        .findings
        .iter()
        .find(|finding| finding.id == "CVE-2024-1")
        .unwrap();
    assert_eq!(
        first.aliases,
        ["GHSA-1", "NPM-1", "BOTH-1"]
            .map(str::to_owned)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    // Where sources disagree, the version that satisfies all of them comes first.
    assert_eq!(first.fixed_in[0], "1.9.0");
    assert_eq!(first.evidence.len(), 3);
    assert_eq!(first.key, ".|pkg:npm/a|CVE-2024-1");
}

#[test]
fn kinds_are_told_apart_and_only_some_are_scored() {
    let eol = json!({ "result": [{ "name": "d", "label": "Dee", "identifiers": [{ "type": "purl", "id": "pkg:npm/d" }], "releases": [{ "name": "1", "isEol": true, "eolFrom": "2024-05-01" }, { "name": "2", "isEol": false, "eolFrom": "2027-05-01" }] }] });
    let unmaintained = |name: &str, word: &str| json!([{ "package": { "ecosystem": "npm", "name": name }, "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }], "database_specific": { "informational": word } }]);
    let index = database(
        &[
            json!({ "id": "MAL-2024-1", "summary": "Steals tokens", "affected": [{ "package": { "ecosystem": "npm", "name": "a" }, "versions": ["1.0.0"] }] }),
            json!({ "id": "X-2", "summary": "b is unmaintained", "affected": unmaintained("b", "unmaintained") }),
            json!({ "id": "X-3", "summary": "c is unsound", "affected": unmaintained("c", "unsound") }),
        ],
        &[("products-full.json", eol)],
    );
    let folder = project(
        &[
            ("a", "1.0.0", &[]),
            ("b", "1.0.0", &[]),
            ("c", "1.0.0", &[]),
            ("d", "1.2.3", &[]),
        ],
        &["a", "b", "c", "d"],
        &[],
    );
    let assessment = scan(folder.path(), &index, Filters::default());
    let want = [
        "MAL-2024-1 a@1.0.0 malicious critical -",
        "X-2 b@1.0.0 unmaintained - -",
        "X-3 c@1.0.0 unsound - -",
        "end-of-life d@1.2.3 end-of-life - -",
    ];
    assert_eq!(told(&assessment), want);
    assert!(
        assessment.findings[1..]
            .iter()
            .all(|finding| finding.score.is_none() && finding.factors.is_empty())
    );
    assert!(
        assessment.verdict.denied,
        "malicious is denied without a policy"
    );
    assert_eq!(
        assessment.findings[3].title,
        "Dee 1 is no longer supported since 2024-05-01"
    );
    let other = project(
        &[("a", "1.0.1", &[]), ("d", "2.0.0", &[])],
        &["a", "d"],
        &[],
    );
    assert_eq!(
        told(&scan(other.path(), &index, Filters::default())),
        [""; 0]
    );
}

#[test]
fn paths_are_shortest_first_one_for_each_first_step() {
    let index = database(
        &[json!({ "id": "CVE-2024-1", "affected": affected("npm", "z", "2.0.0") })],
        &[],
    );
    let folder = project(
        &[
            ("a", "1.0.0", &["b"]),
            ("b", "1.0.0", &["c", "a"]),
            ("c", "1.0.0", &["z"]),
            ("d", "1.0.0", &["z"]),
            ("z", "1.0.0", &["b"]),
        ],
        &["a", "d"],
        &[],
    );
    let assessment = scan(folder.path(), &index, Filters::default());
    let finding = &assessment.findings[0];
    assert_eq!(
        finding.paths,
        [
            vec!["shop", "d@1.0.0", "z@1.0.0"],
            vec!["shop", "a@1.0.0", "b@1.0.0", "c@1.0.0", "z@1.0.0"]
        ]
    );
    assert_eq!((finding.direct, finding.other_paths), (Some(false), 0));
    assert_eq!(&*finding.locations[0].path, "package-lock.json");
    assert!(finding.locations[0].line.is_some());
}

#[test]
fn filters_leave_out_and_are_counted() {
    let index = database(
        &[
            json!({ "id": "CVE-2024-1", "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }], "affected": affected("npm", "a", "2.0.0"), "database_specific": { "cwe_ids": ["CWE-94"] } }),
            json!({ "id": "CVE-2024-2", "database_specific": { "severity": "LOW" }, "affected": [{ "package": { "ecosystem": "npm", "name": "b" }, "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }] }] }),
        ],
        &[],
    );
    let folder = project(&[("a", "1.0.0", &[]), ("b", "1.0.0", &[])], &["a"], &["b"]);
    let ids = |filters: Filters| {
        let assessment = scan(folder.path(), &index, filters);
        assert_eq!(assessment.findings.len() + assessment.filtered, 2);
        assessment
            .findings
            .into_iter()
            .map(|finding| finding.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(Filters::default()), ["CVE-2024-1", "CVE-2024-2"]);
    let rce = stanchion_model::threat::ThreatVector::from_id("rce").unwrap();
    for filters in [
        Filters {
            min_severity: Some(Severity::High),
            ..Filters::default()
        },
        Filters {
            vectors: vec![rce],
            ..Filters::default()
        },
        Filters {
            fixable: true,
            ..Filters::default()
        },
        Filters {
            no_dev: true,
            ..Filters::default()
        },
    ] {
        assert_eq!(ids(filters.clone()), ["CVE-2024-1"], "{filters:?}");
    }
}

#[test]
fn what_is_uncertain_lowers_the_confidence_and_not_the_score() {
    let open = json!([{ "package": { "ecosystem": "npm", "name": "a" }, "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }], "database_specific": { "fixed_unknown": true } }]);
    let word = json!({ "severity": "CRITICAL" });
    let index = database(
        &[
            json!({ "id": "CVE-2024-1", "database_specific": word, "affected": open }),
            json!({ "id": "CVE-2024-2", "database_specific": word, "affected": affected("npm", "b", "2.0.0") }),
        ],
        &[],
    );
    let folder = project(
        &[("a", "1.0.0", &[]), ("b", "1.0.0", &[])],
        &["a", "b"],
        &[],
    );
    let assessment = scan(folder.path(), &index, Filters::default());
    let [first, second] = assessment.findings.as_slice() else {
        panic!("{:?}", told(&assessment))
    };
    assert_eq!(
        (first.confidence, second.confidence),
        (Confidence::Low, Confidence::High)
    );
    assert_eq!(first.score, second.score);
    assert!(first.evidence[0].note.is_some() && second.evidence[0].note.is_none());
}

#[test]
fn the_project_s_own_packages_are_never_matched() {
    let index = database(
        &[json!({ "id": "CVE-2024-1", "affected": affected("npm", "shop", "9.0.0") })],
        &[],
    );
    let folder = project(&[("a", "1.0.0", &[])], &["a"], &[]);
    let assessment = scan(folder.path(), &index, Filters::default());
    assert_eq!(told(&assessment), [""; 0]);
    assert_eq!(assessment.component_count(), 1);
}

#[test]
fn what_cannot_be_looked_up_is_a_problem() {
    let index = database(
        &[json!({ "id": "CVE-2024-1", "affected": affected("Debian:12", "curl", "8.0-1") })],
        &[],
    );
    let folder = tempfile::tempdir().unwrap();
    let components = [
        "pkg:deb/debian/curl@7.0-1?distro=debian-12",
        "pkg:deb/debian/curl@7.0-2",
        "pkg:npm/a@1",
        "pkg:huggingface/o/m@1",
    ];
    let components: Vec<_> = components
        .iter()
        .map(|purl| json!({ "type": "library", "name": "x", "purl": purl }))
        .collect();
    let bom = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components });
    fs::write(folder.path().join("bom.json"), bom.to_string()).unwrap();
    let assessment = scan(folder.path(), &index, Filters::default());
    assert_eq!(
        told(&assessment),
        ["CVE-2024-1 curl@7.0-1 vulnerability medium 8.0-1"]
    );
    assert_eq!(assessment.findings[0].kind, Kind::Vulnerability);
    let reasons: Vec<&str> = assessment
        .problems
        .iter()
        .map(|problem| problem.reason.as_str())
        .collect();
    let has = |word: &str| reasons.iter().any(|reason| reason.contains(word));
    assert!(
        has("npm: 1 component is not matched") && has("packages of type huggingface"),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("release") || reason.contains("distribution")),
        "{reasons:?}"
    );
}

/// What the portal is sent gives what a scan gives: nothing is lost on the way that an answer hangs on.
#[test]
fn an_inventory_that_was_sent_gives_the_same_report() {
    use stanchion_inventory::document;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/storefront");
    let index = stanchion_advisories::starter().unwrap();
    let options = Options {
        as_of: NOW.into(),
        ..Options::default()
    };
    let tree = Tree::open(&folder, Limits::default()).unwrap();
    let scanned = inventory(&tree, "examples/storefront", &options).unwrap();
    let mut sent = Vec::new();
    document::write(&scanned, &mut sent).unwrap();
    let policy = stanchion_policy::extend::preset("strict").unwrap().unwrap();
    let report = |inventory: stanchion_model::inventory::Inventory| {
        let judging = Judging {
            policy: &policy,
            gate: stanchion_policy::gate::DEFAULT,
            as_of: NOW.parse().unwrap(),
            prefix: "",
            exceptions: &stanchion_policy::exceptions::Exceptions::default(),
            claims: &stanchion_policy::claims::Claims::default(),
            first_seen: &|_| None,
            before: None,
            changed: &[],
            approved_by: &[],
            problems: &[],
        };
        let assessment = assess(inventory, &index, &options, Some(&judging)).unwrap();
        assert!(!assessment.findings.is_empty());
        let mut json = Vec::new();
        stanchion_report::json::write(&assessment, &mut json).unwrap();
        json
    };
    let received = document::read(&sent).unwrap();
    assert!(report(received) == report(scanned));
}
