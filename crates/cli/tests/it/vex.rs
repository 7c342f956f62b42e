//! Decisions and VEX from the command line: what closes, what is only a proposal, and what is given out.

use serde_json::{Value, json};

use crate::support::{POLICY, SOUND, Scan, Shop, WEAK, hold, list, official, shared};

pub(crate) const HEAD: &str = "schema = \"stanchion.triage/1\"\n";
const ID: &str = "CVE-2021-44906";

/// A good decision that closes the critical finding, with other or more fields; an empty value takes one away.
pub(crate) fn decision(change: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("vulnerability", "\"CVE-2021-44906\""),
        ("purl", "\"pkg:npm/minimist\""),
        ("status", "\"not_affected\""),
        ("justification", "\"component_not_present\""),
        ("by", "\"sec@example.org\""),
        ("on", "2026-11-01"),
    ];
    for &(name, value) in change {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
    }
    fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .fold("[[decision]]\n".to_owned(), |all, (name, value)| {
            format!("{all}{name} = {value}\n")
        })
}

/// An OpenVEX document of one statement.
pub(crate) fn openvex(status: &str, product: &Value, time: &str) -> String {
    let mut statement =
        json!({ "vulnerability": { "name": ID }, "products": [product], "status": status });
    match status {
        "not_affected" => statement["justification"] = json!("component_not_present"),
        "affected" => statement["action_statement"] = json!("upgrade"),
        _ => {}
    }
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://vendor.example/1", "author": "ciso@example.org",
        "timestamp": time, "version": 1, "statements": [statement],
    })
    .to_string()
}

pub(crate) fn minimist() -> Value {
    json!({ "@id": "pkg:npm/minimist" })
}

pub(crate) const NOV_1: &str = "2026-11-01T00:00:00Z";

/// A policy that trusts documents.
pub(crate) fn trusting(entry: &str) -> String {
    format!("{POLICY}\n[[vex]]\n{entry}\n")
}

/// State of the critical finding, and of what is said of it status and standing.
fn said(scan: &Scan) -> (String, Vec<(String, String)>) {
    let finding = scan.finding(ID);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let statements = list(&finding["statements"]);
    (
        text(finding, "state"),
        statements
            .map(|one| (text(one, "status"), text(one, "standing")))
            .collect(),
    )
}

fn pair(status: &str, standing: &str) -> (String, String) {
    (status.to_owned(), standing.to_owned())
}

#[test]
fn a_decision_of_our_own_closes_and_says_so() {
    for (change, state, code) in [
        (&[][..], "not_affected", 0),
        (
            &[("status", "\"fixed\""), ("justification", "")],
            "fixed",
            0,
        ),
        (
            &[
                ("status", "\"affected\""),
                ("justification", ""),
                ("action", "\"wait\""),
            ],
            "overdue",
            1,
        ),
        (
            &[("status", "\"under_investigation\""), ("justification", "")],
            "overdue",
            1,
        ),
        (&[("purl", "\"pkg:npm/*\"")], "not_affected", 0),
        (&[("purl", "\"pkg:npm/lodash\"")], "overdue", 1),
        (&[("versions", "\"<1.2.5\"")], "overdue", 1),
        (&[("versions", "\"<1.2.6\"")], "not_affected", 0),
        (&[("product", "\"other\"")], "overdue", 1),
        (&[("product", "\"shop\"")], "not_affected", 0),
        (&[("path", "\"web\"")], "overdue", 1),
        (&[("on", "2026-11-25")], "overdue", 1),
        (&[("on", "\"2026-11-24T00:00:00Z\"")], "not_affected", 0),
    ] {
        let shop = Shop::with(&[("triage.toml", &(HEAD.to_owned() + &decision(change)))]);
        let scan = shop.scan(&[]);
        assert_eq!(
            (said(&scan).0.as_str(), scan.code),
            (state, code),
            "{change:?}: {}",
            scan.problems()
        );
    }
}

#[test]
fn a_decision_that_cannot_be_used_decides_nothing_and_the_others_still_do() {
    for (change, words) in [
        (&[("status", "\"gone\"")][..], "`status` cannot be \"gone\""),
        (&[("status", "")], "lacks `status`"),
        (&[("by", "")], "lacks `by`"),
        (&[("on", "")], "lacks `on`"),
        (&[("on", "\"soon\"")], "no day or time"),
        (&[("vulnerability", "")], "names no `vulnerability`"),
        (&[("purl", "")], "names no `purl`"),
        (&[("purl", "\"minimist\"")], "is no package"),
        (&[("justification", "")], "without a `justification`"),
        (&[("justification", "\"because\"")], "cannot be \"because\""),
        (
            &[("status", "\"affected\""), ("justification", "")],
            "without an `action`",
        ),
        (&[("path", "\"[\"")], "unclosed character class"),
        (&[("aproved", "true")], "has no field `aproved`"),
    ] {
        let good = decision(&[
            ("vulnerability", "\"CVE-2021-23337\""),
            ("purl", "\"pkg:npm/lodash\""),
        ]);
        let shop = Shop::with(&[("triage.toml", &format!("{HEAD}{}{good}", decision(change)))]);
        let scan = shop.scan(&[]);
        assert_eq!((scan.code, said(&scan).1.len()), (1, 0), "{change:?}");
        assert!(
            scan.problems().contains("triage.toml:") && scan.problems().contains(words),
            "{change:?}: {}",
            scan.problems()
        );
        assert_eq!(
            scan.finding("CVE-2021-23337")["state"],
            "not_affected",
            "{change:?}"
        );
    }
    let broken = format!("{HEAD}{}[[decision]\n", decision(&[]));
    let scan = Shop::with(&[("triage.toml", &broken)]).scan(&[]);
    assert!(
        scan.code == 1
            && scan
                .problems()
                .contains("no decision of this file is in force"),
        "{}",
        scan.problems()
    );
}

#[test]
fn a_statement_of_others_is_a_proposal_until_the_policy_trusts_it_by_its_path() {
    let document = openvex("not_affected", &minimist(), NOV_1);
    // SHA-256 of the document.
    let digest = {
        use std::fmt::Write as _;
        let sum = <sha2::Sha256 as sha2::Digest>::digest(document.as_bytes());
        sum.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    };
    let proposal = ("overdue".to_owned(), vec![pair("not_affected", "proposed")]);
    let applied = (
        "not_affected".to_owned(),
        vec![pair("not_affected", "applied")],
    );
    for (policy, want) in [
        (POLICY.to_owned(), &proposal),
        (trusting("path = \"vex/vendor.json\""), &applied),
        (trusting("path = \"vex/*.json\""), &applied),
        (trusting("path = \"vex/other.json\""), &proposal),
        (trusting("path = \"vendor.json\""), &proposal),
        (trusting("path = \"../vex/*.json\""), &proposal),
        (
            trusting(&format!(
                "path = \"vex/*.json\"\nsha256 = \"{}\"",
                digest.to_uppercase()
            )),
            &applied,
        ),
        (
            trusting(&format!(
                "path = \"vex/*.json\"\nsha256 = \"{}\"",
                "0".repeat(64)
            )),
            &proposal,
        ),
        (
            trusting("path = \"vex/*.json\"\nabout = \"pkg:npm/minimist\""),
            &applied,
        ),
        (
            trusting("path = \"vex/*.json\"\nabout = \"pkg:npm/*\""),
            &applied,
        ),
        (
            trusting("path = \"vex/*.json\"\nabout = \"pkg:npm/lodash\""),
            &proposal,
        ),
        (
            trusting("path = \"vex/*.json\"\nabout = \"pkg:npm/minimist@9\""),
            &proposal,
        ),
    ] {
        let shop = Shop::with(&[("policy.toml", &policy), ("vex/vendor.json", &document)]);
        let scan = shop.scan(&[]);
        assert_eq!(&said(&scan), want, "{policy}");
        assert_eq!(scan.code, i32::from(want.0 == "overdue"));
    }
    // Who it says it is by is the approver of everything, and that is no reason.
    assert!(document.contains("\"author\":\"ciso@example.org\""));
    let shop = Shop::with(&[
        (
            "policy.toml",
            &POLICY.replace("!f.excepted", "f.proposed == 'not_affected'"),
        ),
        ("vex/vendor.json", &document),
    ]);
    assert_eq!(shop.scan(&[]).code, 1, "a rule may ask for proposals");
}

#[test]
fn what_is_said_of_other_products_packages_versions_and_times_says_nothing_here() {
    let within = |product: Value| {
        let mut product = product;
        product["subcomponents"] = json!([minimist()]);
        product
    };
    for (product, time, closes) in [
        (minimist(), NOV_1, true),
        (json!({ "@id": "pkg:npm/minimist@1.2.5" }), NOV_1, true),
        (json!({ "@id": "pkg:npm/mini%6Dist" }), NOV_1, true),
        (within(json!({ "@id": "pkg:npm/shop" })), NOV_1, true),
        (within(json!({ "@id": "pkg:npm/shop@1.0.0" })), NOV_1, true),
        (within(json!({ "@id": "shop" })), NOV_1, true),
        (minimist(), "2026-11-24T00:00:01Z", false),
        (minimist(), "2099-01-01T00:00:00Z", false),
        (json!({ "@id": "pkg:npm/minimist@1.2.6" }), NOV_1, false),
        (
            json!({ "@id": "pkg:npm/minimist?repository_url=https://evil.example" }),
            NOV_1,
            false,
        ),
        (json!({ "@id": "pkg:npm/Minimist" }), NOV_1, false),
        (json!({ "@id": "pkg:npm/*" }), NOV_1, false),
        (json!({ "@id": "pkg:npm/%2A" }), NOV_1, false),
        (json!({ "@id": "pkg:pypi/minimist" }), NOV_1, false),
        (within(json!({ "@id": "pkg:npm/shop@2.0.0" })), NOV_1, false),
        (within(json!({ "@id": "pkg:npm/other" })), NOV_1, false),
        (
            within(json!({ "@id": "https://vendor.example/other" })),
            NOV_1,
            false,
        ),
        (
            within(json!({ "identifiers": { "cpe23": "cpe:2.3:a:vendor:other:1:*:*:*:*:*:*:*" } })),
            NOV_1,
            false,
        ),
    ] {
        let shop = Shop::with(&[
            ("policy.toml", &trusting("path = \"vex/*.json\"")),
            ("vex/a.json", &openvex("not_affected", &product, time)),
        ]);
        let scan = shop.scan(&[]);
        assert_eq!(
            scan.code == 0,
            closes,
            "{product} {time}: {}",
            scan.problems()
        );
    }
}

#[test]
fn of_statements_that_differ_the_newest_of_the_most_specific_author_wins_and_all_are_shown() {
    let trusted = trusting("path = \"vex/*.json\"")
        + "\n[[vex]]\npath = \"vex/about.json\"\nabout = \"pkg:npm/minimist\"\n";
    let shop = Shop::with(&[
        ("policy.toml", &trusted),
        (
            "vex/a.json",
            &openvex("not_affected", &minimist(), "2026-10-01T00:00:00Z"),
        ),
        (
            "vex/b.json",
            &openvex("affected", &minimist(), "2026-10-02T00:00:00Z"),
        ),
    ]);
    let scan = shop.scan(&[]);
    assert_eq!(
        said(&scan),
        (
            "overdue".into(),
            vec![
                pair("affected", "applied"),
                pair("not_affected", "outvoted")
            ]
        ),
        "the newest"
    );
    shop.write(
        "vex/about.json",
        openvex("fixed", &minimist(), "2020-01-01T00:00:00Z"),
    );
    assert_eq!(
        said(&shop.scan(&[])).0,
        "fixed",
        "one trusted about the package, however old"
    );
    shop.write(
        "triage.toml",
        HEAD.to_owned()
            + &decision(&[
                ("status", "\"under_investigation\""),
                ("justification", ""),
                ("on", "2019-01-01"),
            ]),
    );
    let scan = shop.scan(&[]);
    assert_eq!(
        (said(&scan).0.as_str(), said(&scan).1.len()),
        ("overdue", 4),
        "our own before all"
    );
    // Of the same time and weight, the one that leaves it open.
    let same = HEAD.to_owned()
        + &decision(&[])
        + &decision(&[
            ("status", "\"affected\""),
            ("justification", ""),
            ("action", "\"wait\""),
        ]);
    shop.write("triage.toml", &same);
    assert_eq!(said(&shop.scan(&[])).0, "overdue");
    // A decision about this very version is more specific than one about all.
    shop.write(
        "triage.toml",
        same + &decision(&[("versions", "\"1.2.5\""), ("on", "2018-01-01")]),
    );
    assert_eq!(said(&shop.scan(&[])).0, "not_affected");
}

#[test]
fn a_decision_in_a_change_needs_approval_and_does_not_judge_it() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    shop.write("package-lock.json", WEAK);
    shop.write("triage.toml", HEAD.to_owned() + &decision(&[]));
    let scan = shop.change(&[]);
    assert_eq!(scan.rules(), ["change/loosens-policy", "own/change"]);
    assert!(
        scan.reasons().contains(
            "triage.toml:2: statement about CVE-2021-44906: sec@example.org says not affected"
        ),
        "{}",
        scan.reasons()
    );
    let shop = Shop::with(&[("policy.toml", &trusting("path = \"vex/*.json\""))]).based();
    shop.write("vex/a.json", openvex("not_affected", &minimist(), NOV_1));
    assert_eq!(shop.change(&[]).rules(), ["change/loosens-policy"]);
    assert_eq!(shop.change(&["--approved-by", "ciso@example.org"]).code, 0);
    // What is only proposed lets nothing through, and needs nobody.
    let shop = Shop::new().based();
    shop.write("vex/a.json", openvex("not_affected", &minimist(), NOV_1));
    assert_eq!(shop.change(&[]).code, 0);
}

#[test]
fn an_import_counts_what_it_read_and_keeps_the_document() {
    let shop = Shop::new();
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://vendor.example/1", "author": "Vendor", "timestamp": NOV_1, "version": 1,
        "statements": [
            { "vulnerability": { "name": ID }, "products": [minimist()], "status": "not_affected", "justification": "component_not_present" },
            { "vulnerability": { "name": ID }, "products": [minimist()], "status": "harmless" },
            { "vulnerability": { "name": ID }, "products": [minimist()], "status": "not_affected" },
            { "vulnerability": { "name": "CVE-1999-0001" }, "products": [minimist()], "status": "fixed" },
            { "vulnerability": { "name": ID }, "products": [{ "@id": "pkg:npm/minimist@9.0.0" }], "status": "fixed" },
            { "vulnerability": { "name": ID }, "products": [{ "@id": "pkg:npm/other" }], "status": "fixed" },
        ],
    });
    shop.write("vendor.json", document.to_string());
    let import = |more: &[&str]| {
        let (code, stdout, stderr) =
            shop.told(&[&["vex", "import", "vendor.json", "-o", "json"], more].concat());
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()
    };
    let counts = import(&["--dry-run"]);
    let number = |key: &str| counts[key].as_u64().unwrap();
    assert_eq!(
        (
            number("read"),
            number("matched"),
            number("unmatched"),
            number("refused")
        ),
        (6, 1, 3, 2),
        "{counts}"
    );
    assert_eq!(counts["kept"], Value::Null);
    assert!(!shop.file("vex").exists());
    let kept = import(&[])["kept"].as_str().unwrap().to_owned();
    assert_eq!(import(&[])["kept"], kept, "the same document twice is one");
    assert_eq!(std::fs::read_dir(shop.file("vex")).unwrap().count(), 1);
    let scan = shop.scan(&[]);
    assert_eq!(
        said(&scan),
        ("overdue".into(), vec![pair("not_affected", "proposed")])
    );
    assert_eq!(
        scan.problems().matches("a statement is not used").count(),
        2,
        "{}",
        scan.problems()
    );
}

#[test]
fn what_is_no_whole_document_says_nothing() {
    let shop = Shop::new();
    let good = openvex("not_affected", &minimist(), NOV_1);
    for bad in [
        good.as_bytes()[..good.len() - 3].to_vec(),
        good.replacen("\"status\":", "\"status\":\"fixed\",\"status\":", 1)
            .into_bytes(),
        good.replace("\"@context\"", "\"bomFormat\":\"CycloneDX\",\"@context\"")
            .into_bytes(),
        [good.as_bytes(), b"\xff"].concat(),
        "[".repeat(100_000).into_bytes(),
        b"{}".to_vec(),
        Vec::new(),
        vec![b' '; (64 << 20) + 1],
    ] {
        shop.write("bad.json", &bad);
        let (code, _, stderr) = shop.told(&["vex", "import", "bad.json"]);
        assert_eq!(code, 2, "{stderr}");
        assert!(!shop.file("vex").exists());
    }
    // Beside a policy that trusts it, it is named and used for nothing.
    shop.write("policy.toml", trusting("path = \"vex/*.json\""));
    shop.write("vex/a.json", &good[..good.len() - 3]);
    let scan = shop.scan(&[]);
    assert!(
        scan.code == 1 && scan.problems().contains("no statement of it is used"),
        "{}",
        scan.problems()
    );
}

#[test]
fn real_cyclonedx_documents_are_read_and_counted() {
    let Some(shared) = shared() else { return };
    let shop = Shop::new();
    for number in 1..=5 {
        let file = shared.join(format!("inputs/vex/cyclonedx-usecase-{number}/vex.json"));
        let (code, stdout, stderr) = shop.told(&[
            "vex",
            "import",
            file.to_str().unwrap(),
            "--dry-run",
            "-o",
            "json",
        ]);
        assert_eq!(code, 0, "{stderr}");
        let counts: Value = serde_json::from_str(&stdout).unwrap();
        let read = if number == 5 { 2 } else { 1 };
        assert_eq!(
            (&counts["format"], &counts["read"], &counts["refused"]),
            (&"cyclonedx".into(), &read.into(), &0.into()),
            "{stdout}"
        );
        assert_eq!(
            counts["unmatched"], read,
            "they are about products of others"
        );
    }
}

#[test]
fn a_decision_is_written_only_when_it_can_be_used() {
    let shop = Shop::new();
    let add = |more: &[&str]| {
        shop.told(
            &[
                &[
                    "vex",
                    "add",
                    "--by",
                    "sec@example.org",
                    "--on",
                    "2026-11-01",
                ],
                more,
            ]
            .concat(),
        )
    };
    for bad in [
        &[ID, "--purl", "minimist", "--status", "fixed"][..],
        &[ID, "--purl", "pkg:npm/minimist", "--status", "gone"],
        &[ID, "--purl", "pkg:npm/minimist", "--status", "not_affected"],
        &[ID, "--purl", "pkg:npm/minimist", "--status", "affected"],
        &[ID, "--status", "fixed"],
        &["--purl", "pkg:npm/minimist", "--status", "fixed"],
    ] {
        assert_eq!(add(bad).0, 2, "{bad:?}");
        assert!(!shop.file("triage.toml").exists());
    }
    let (code, _, stderr) = add(&[
        ID,
        "GHSA-xvch-5gv4-984h",
        "--purl",
        "pkg:npm/minimist",
        "--status",
        "not_affected",
        "--justification",
        "component_not_present",
        "--reason",
        "a \"b\"\nc",
    ]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(shop.scan(&[]).code, 0);
}

/// Decided, given out in each format, held against the official schema, and taken in again elsewhere.
#[test]
fn decisions_are_given_out_and_taken_in_again() {
    let shop = Shop::new();
    for product in [None, Some("shop"), Some("pkg:npm/shop")] {
        let more = product.map_or_else(Vec::new, |name| vec![("product", format!("\"{name}\""))]);
        let more: Vec<(&str, &str)> = more
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let lodash = [
            ("vulnerability", "\"CVE-2021-23337\""),
            ("purl", "\"pkg:npm/lodash\""),
            ("versions", "\"vers:npm/<4.17.21\""),
            ("status", "\"affected\""),
            ("justification", ""),
            ("action", "\"upgrade\""),
        ];
        shop.write(
            "triage.toml",
            format!(
                "{HEAD}{}{}",
                decision(&more),
                decision(&[&lodash[..], &more].concat())
            ),
        );
        let (code, _, stderr) = shop.told(&[
            "vex",
            "export",
            "--author",
            "Acme",
            "--namespace",
            "https://acme.example",
            "--as-of",
            "2026-11-24",
            "-o",
            "openvex=../o.json",
            "-o",
            "csaf=../c.json",
            "-o",
            "cyclonedx=../d.json",
        ]);
        assert_eq!(code, 0, "{stderr}");
        for (file, format, schema) in [
            ("o.json", "openvex", "openvex/openvex-0.2.0.schema.json"),
            ("c.json", "csaf", "csaf/2.0/csaf_json_schema.json"),
            ("d.json", "cyclonedx", ""),
        ] {
            let document: Value =
                serde_json::from_slice(&std::fs::read(shop.bench.file(file)).unwrap()).unwrap();
            let schema = if schema.is_empty() {
                format!(
                    "cyclonedx/bom-{}.schema.json",
                    document["specVersion"].as_str().unwrap()
                )
            } else {
                schema.to_owned()
            };
            hold(format, official(&schema).as_ref(), &document);
            let other = Shop::new();
            let file = shop.bench.file(file);
            let (code, stdout, stderr) =
                other.told(&["vex", "import", file.to_str().unwrap(), "-o", "json"]);
            assert_eq!(code, 0, "{format}: {stderr}");
            let counts: Value = serde_json::from_str(&stdout).unwrap();
            assert_eq!(
                (&counts["format"], &counts["read"], &counts["matched"]),
                (&format.into(), &2.into(), &2.into()),
                "{product:?}: {stdout}"
            );
            if format != "cyclonedx" {
                other.write("policy.toml", trusting("path = \"vex/*.json\""));
                assert_eq!(
                    said(&other.scan(&[])).0,
                    "not_affected",
                    "{format} {product:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_given_out_has_a_publisher_and_something_to_say() {
    let shop = Shop::new();
    assert_eq!(
        shop.told(&["vex", "export", "--author", "Acme"]).0,
        2,
        "nothing to publish"
    );
    shop.write("triage.toml", HEAD.to_owned() + &decision(&[]));
    assert_eq!(shop.told(&["vex", "export"]).0, 2, "by whom?");
    assert_eq!(
        shop.told(&["vex", "export", "--author", "Acme", "-o", "csaf"])
            .0,
        2,
        "CSAF wants an address"
    );
    assert_eq!(
        shop.told(&["vex", "export", "--author", "Acme", "-o", "xml"])
            .0,
        2
    );
    shop.write(
        "policy.toml",
        POLICY.replacen(
            "version = \"1\"",
            "version = \"1\"\norganisation = \"Acme\"",
            1,
        ),
    );
    let run = || shop.told(&["vex", "export", "--as-of", "2026-11-24"]);
    assert_eq!((run().0, run()), (0, run()), "the same bytes each time");
}
