//! What the binary writes for others is what they expect.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;
use stanchion_inventory::ScanOptions;
use stanchion_tree::{Limits, Tree};

use crate::support::{Bench, hold, official, root, schema, shared};

const EXAMPLE: &str = "examples/storefront";

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The purls of a CycloneDX document's components.
fn of_cyclonedx(document: &Value) -> BTreeSet<String> {
    items(&document["components"])
        .filter(|component| component.get("purl").is_some())
        .map(|component| text(&component["purl"]))
        .collect()
}

/// The purls of an SPDX document's packages.
fn of_spdx(document: &Value) -> BTreeSet<String> {
    let references =
        items(&document["packages"]).flat_map(|package| items(&package["externalRefs"]));
    references
        .filter(|reference| reference["referenceType"] == "purl")
        .map(|reference| text(&reference["referenceLocator"]))
        .collect()
}

/// The purls of what the scanner itself finds.
fn of_inventory(target: &Path) -> BTreeSet<String> {
    let tree = Tree::open(target, Limits::default()).unwrap();
    let inventory = stanchion_inventory::scan(&tree, "x", &ScanOptions::default()).unwrap();
    inventory
        .foreign()
        .map(|component| component.purl.to_string())
        .collect()
}

/// The schemas that are at hand: ours always.
struct Schemas {
    report: Validator,
    sarif: Option<Validator>,
    cyclonedx: Option<Validator>,
    spdx: Option<Validator>,
}

impl Schemas {
    fn new() -> Self {
        Self {
            report: schema(&root().join("schemas/stanchion.report-1.schema.json")),
            sarif: official("sarif/sarif-schema-2.1.0.json"),
            cyclonedx: official("cyclonedx/bom-1.6.schema.json"),
            spdx: official("spdx/spdx-2.3.schema.json"),
        }
    }
}

/// Holds every document about a target against its schema, and the bills against each other.
fn all_are_valid(bench: &Bench, schemas: &Schemas, target: &str) {
    let folder = root().join(target);
    let report = bench.document(&["scan", target, "-o", "json"]);
    hold("the report", Some(&schemas.report), &report);
    let sarif = bench.document(&["scan", target, "-o", "sarif"]);
    hold("SARIF", schemas.sarif.as_ref(), &sarif);
    assert_eq!(
        items(&sarif["runs"][0]["results"]).count(),
        items(&report["findings"]).count()
    );
    for place in items(&sarif["runs"][0]["results"]).flat_map(|result| items(&result["locations"]))
    {
        assert!(place["physicalLocation"]["artifactLocation"]["uri"].is_string());
    }
    let cyclonedx = schemas.cyclonedx.as_ref();
    let with_findings = bench.document(&["scan", target, "-o", "cyclonedx"]);
    hold("CycloneDX with findings", cyclonedx, &with_findings);
    let bill = bench.document(&["sbom", target]);
    hold("CycloneDX", cyclonedx, &bill);
    let spdx = bench.document(&["sbom", target, "-o", "spdx"]);
    hold("SPDX", schemas.spdx.as_ref(), &spdx);
    let want = of_inventory(&folder);
    assert_eq!(of_cyclonedx(&bill), want, "{target}");
    assert_eq!(of_cyclonedx(&with_findings), want, "{target}");
    assert_eq!(of_spdx(&spdx), want, "{target}");
    let ids: BTreeSet<String> = items(&with_findings["vulnerabilities"])
        .map(|it| text(&it["id"]))
        .collect();
    let told = ["vulnerability", "malicious", "unmaintained", "unsound"];
    let want: BTreeSet<String> = items(&report["findings"])
        .filter(|finding| told.contains(&&*text(&finding["kind"])))
        .map(|finding| text(&finding["id"]))
        .collect();
    assert_eq!(ids, want, "{target}");
}

/// Fills the bench's database with a few of the shared advisories: enough for every field to be met.
fn with_advisories(bench: &Bench) {
    let Some(shared) = shared() else { return };
    let advisories = shared.join("advisories");
    let paths = ["osv/crates.io", "osv/PyPI", "kev", "ssvc", "eol"]
        .map(|path| advisories.join(path).to_string_lossy().into_owned());
    let mut args = vec!["db", "import"];
    args.extend(paths.iter().map(String::as_str));
    let output = bench.run(&args);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn documents_about_the_example_are_valid() {
    all_are_valid(&Bench::new(), &Schemas::new(), EXAMPLE);
}

#[test]
fn documents_with_real_advisories_are_valid() {
    let bench = Bench::new();
    with_advisories(&bench);
    all_are_valid(&bench, &Schemas::new(), EXAMPLE);
}

#[test]
fn documents_about_real_projects_are_valid() {
    let Some(shared) = shared() else { return };
    let bench = Bench::new();
    with_advisories(&bench);
    let schemas = Schemas::new();
    let mut folders: Vec<_> = std::fs::read_dir(shared.join("inputs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        if !of_inventory(&folder).is_empty() {
            all_are_valid(&bench, &schemas, &folder.to_string_lossy());
        }
    }
}

#[test]
fn two_runs_write_the_same_bytes() {
    let bench = Bench::new();
    // A scan says at what time its clocks stood: without --as-of two runs may lie in different seconds.
    for args in [
        &["sbom", EXAMPLE, "-o", "cyclonedx"][..],
        &["sbom", EXAMPLE, "-o", "spdx"],
        &["scan", EXAMPLE, "-o", "cyclonedx", "--as-of", "2026-11-24"],
        &["scan", EXAMPLE, "-o", "spdx", "--as-of", "2026-11-24"],
        &["scan", EXAMPLE, "-o", "sarif", "--as-of", "2026-11-24"],
    ] {
        assert!(bench.run(args).stdout == bench.run(args).stdout, "{args:?}");
    }
}

/// Our own documents, read again, name the same packages.
#[test]
fn bills_are_read_back_whole() {
    let bench = Bench::new();
    let first = bench.document(&["sbom", EXAMPLE]);
    let want = of_cyclonedx(&first);
    for (format, name) in [("cyclonedx", "bom.json"), ("spdx", "bom.spdx.json")] {
        let file = bench.file(name);
        let written = bench.run(&[
            "sbom",
            EXAMPLE,
            "-q",
            "-o",
            &format!("{format}={}", file.display()),
        ]);
        assert!(written.status.success());
        assert!(written.stderr.is_empty(), "quiet is quiet");
        let again = bench.document(&["sbom", &file.to_string_lossy(), "-o", "cyclonedx"]);
        let mut found = of_cyclonedx(&again);
        // Projects and their own packages have no purl on purpose. A reader that lists them all the same can only
        // call them generic.
        found.retain(|purl| want.contains(purl) || !purl.starts_with("pkg:generic/"));
        assert_eq!(found, want, "{format}");
    }
}

#[test]
fn places_are_named_from_the_working_folder() {
    let sarif = Bench::new().document(&["scan", EXAMPLE, "-o", "sarif"]);
    let results: Vec<&Value> = items(&sarif["runs"][0]["results"]).collect();
    assert!(
        !results.is_empty(),
        "the starter set knows something about the example"
    );
    for result in results {
        let uri = text(&result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
        assert!(root().join(&uri).is_file(), "{uri}");
    }
}

#[test]
fn nothing_to_list_is_no_empty_bill() {
    let bench = Bench::new();
    std::fs::create_dir(bench.file("empty")).unwrap();
    let output = bench.run(&["sbom", &bench.file("empty").to_string_lossy()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("Nothing to scan"));
}
