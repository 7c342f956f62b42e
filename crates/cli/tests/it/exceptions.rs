//! `exceptions.toml` from the command line: what covers, what never does, and the ignore files of other tools.

use serde_json::Value;

use crate::support::{POLICY, SOUND, Scan, Shop, WEAK, list};

pub(crate) const HEAD: &str = "schema = \"stanchion.exceptions/1\"\n";

/// A good exception for the critical finding; `change` replaces a field, adds one, or takes one away where it is empty.
pub(crate) fn exception(change: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("id", "\"EX-1\""),
        ("vulnerability", "\"CVE-2021-44906\""),
        ("reason", "\"only in tests\""),
        ("requested_by", "\"dev@example.org\""),
        ("approver", "\"ciso@example.org\""),
        ("approved_on", "\"2026-11-01\""),
        ("expires", "\"2026-12-31\""),
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
        .fold("[[exception]]\n".to_owned(), |all, (name, value)| {
            format!("{all}{name} = {value}\n")
        })
}

/// The scan of a shop with this file of exceptions.
fn judged(file: impl AsRef<[u8]>) -> Scan {
    let shop = Shop::new();
    shop.write("exceptions.toml", file);
    shop.scan(&[])
}

/// What becomes of one exception, and whether it lets the critical finding through.
fn becomes(change: &[(&str, &str)]) -> (String, bool) {
    let scan = judged(HEAD.to_owned() + &exception(change));
    assert!(matches!(scan.code, 0 | 1), "{change:?}: {}", scan.stderr);
    let notes: Vec<&Value> = list(&scan.report["exceptions"]).collect();
    assert_eq!(
        notes.len(),
        1,
        "{change:?}: every exception is in the report"
    );
    let covers = notes[0]["covers"].as_u64().unwrap();
    let status = notes[0]["status"].as_str().unwrap().to_owned();
    assert_eq!(
        (status == "applied", scan.code),
        (covers > 0, i32::from(covers == 0)),
        "{change:?}"
    );
    (status, scan.code == 0)
}

#[test]
fn a_good_exception_covers_until_its_last_second() {
    let shop = Shop::with(&[("exceptions.toml", &(HEAD.to_owned() + &exception(&[])))]);
    let scan = shop.scan(&[]);
    assert_eq!((scan.code, scan.exception("EX-1")), (0, ("applied", 1, "")));
    assert_eq!(scan.finding("CVE-2021-44906")["state"], "excepted");
    assert_eq!(shop.scan_on("2026-12-31T23:59:59Z", &[]).code, 0);
    let scan = shop.scan_on("2027-01-01", &[]);
    assert_eq!((scan.code, scan.exception("EX-1").0), (1, "expired"));
    assert_eq!(scan.finding("CVE-2021-44906")["exception"], Value::Null);
    assert_eq!(
        shop.scan_on("2026-10-31T23:59:59Z", &[])
            .exception("EX-1")
            .0,
        "not_yet"
    );
    // The day ends where the policy counts days.
    shop.write(
        "policy.toml",
        POLICY.replacen(
            "version = \"1\"",
            "version = \"1\"\nclock_tz = \"America/New_York\"",
            1,
        ),
    );
    assert_eq!(shop.scan_on("2027-01-01T04:59:59Z", &[]).code, 0);
    assert_eq!(shop.scan_on("2027-01-01T05:00:00Z", &[]).code, 1);
}

#[test]
fn what_must_be_there_must_be_there() {
    for field in ["id", "reason", "approver", "expires"] {
        for value in [
            "",
            "\"\"",
            "\" \u{a0} \"",
            "1",
            "[\"a\", \"b\"]",
            "{ a = 1 }",
            "true",
        ] {
            assert_eq!(
                becomes(&[(field, value)]),
                ("malformed".into(), false),
                "{field} = {value}"
            );
        }
    }
    assert_eq!(becomes(&[("vulnerability", "")]).0, "malformed");
    assert_eq!(becomes(&[("vulnerability", "[]")]).0, "malformed");
    assert_eq!(
        becomes(&[("vulnerability", ""), ("rules", "[]")]).0,
        "malformed"
    );
    assert_eq!(
        becomes(&[("expire", "\"2026-12-31\"")]).0,
        "malformed",
        "an unknown field"
    );
    assert_eq!(
        becomes(&[("versions", "\"1.2.5\"")]).0,
        "malformed",
        "versions of what?"
    );
    assert_eq!(becomes(&[("justification", "\"because\"")]).0, "malformed");
    assert_eq!(
        becomes(&[("justification", "\"component_not_present\"")]).0,
        "applied"
    );
}

#[test]
fn days_are_days() {
    for bad in [
        "2026-02-30",
        "2026-13-01",
        "31.12.2026",
        "2026-12",
        "never",
        "2026-W53-4",
        " 2026-12-31",
        "2026-12-31 ",
        "2026-12-31T10:00:00",
        "+002026-12-31",
        "2026-12-31\u{200b}",
        "２０２６-12-31",
        "9999-12-31",
    ] {
        assert_eq!(
            becomes(&[("expires", &format!("\"{bad}\""))]).0,
            "malformed",
            "{bad}"
        );
        assert_eq!(
            becomes(&[("approved_on", &format!("\"{bad}\""))]).0,
            "malformed",
            "{bad}"
        );
    }
    for (change, status) in [
        (&[("expires", "\"2026-11-24\"")][..], "applied"),
        (&[("expires", "\"2026-11-23\"")], "expired"),
        (&[("expires", "2026-12-31")], "applied"),
        (&[("expires", "2026-12-31T10:00:00+01:00")], "applied"),
        (&[("expires", "2026-12-31T10:00:00")], "malformed"),
        (&[("expires", "\"2026-11-24T00:00:00Z\"")], "applied"),
        (&[("expires", "\"2026-11-23T23:59:59Z\"")], "expired"),
        (&[("approved_on", "\"2026-11-25\"")], "not_yet"),
        (&[("approved_on", "\"2027-01-01\"")], "malformed"),
        (&[("approved_on", "\"2024-02-29\"")], "against_policy"),
    ] {
        assert_eq!(becomes(change).0, status, "{change:?}");
    }
}

#[test]
fn the_policy_has_to_allow_it() {
    for (change, status) in [
        (&[("approver", "\"role:ciso\"")][..], "applied"),
        (&[("approver", "\"CISO@Example.org\"")], "applied"),
        (&[("approver", "\"mallory@example.org\"")], "against_policy"),
        (&[("approver", "\"role:nobody\"")], "against_policy"),
        // Cyrillic: another letter is another person.
        (
            &[("approver", "\"\u{441}iso@example.org\"")],
            "against_policy",
        ),
        (&[("requested_by", "")], "against_policy"),
        (
            &[("requested_by", "\"ciso@example.org\"")],
            "against_policy",
        ),
        (
            &[("requested_by", "\"CISO@EXAMPLE.ORG\"")],
            "against_policy",
        ),
        (&[("requested_by", "\"role:ciso\"")], "against_policy"),
        (
            &[
                ("requested_by", "\"ciso@example.org\""),
                ("approver", "\"role:ciso\""),
            ],
            "against_policy",
        ),
        (&[("approved_on", "")], "against_policy"),
        (&[("approved_on", "\"2026-09-01\"")], "against_policy"),
    ] {
        assert_eq!(becomes(change).0, status, "{change:?}");
    }
    for (field, given) in [
        ("scope", "purl = \"pkg:npm/minimist\""),
        ("compensating_control", "compensating_control = \"a wall\""),
        ("product", "product = \"shop\""),
    ] {
        let shop = Shop::with(&[
            (
                "policy.toml",
                &POLICY.replacen(
                    "[exceptions]",
                    &format!("[exceptions]\nrequire = [\"{field}\"]"),
                    1,
                ),
            ),
            ("exceptions.toml", &(HEAD.to_owned() + &exception(&[]))),
        ]);
        let scan = shop.scan(&[]);
        assert_eq!(
            (scan.code, scan.exception("EX-1").0),
            (1, "against_policy"),
            "{field}"
        );
        shop.write(
            "exceptions.toml",
            format!("{HEAD}{}{given}\n", exception(&[])),
        );
        assert_eq!(shop.scan(&[]).code, 0, "{field}");
    }
    // Who may allow what is bad may not allow what is worse.
    let two = POLICY.replacen(
        "approver = \"role:ciso\"",
        "approver = { critical = \"role:ciso\", high = \"dev@example.org\" }",
        1,
    );
    let both = |who: &str| {
        format!(
            "{HEAD}{}",
            exception(&[
                ("vulnerability", "[\"CVE-2021-44906\", \"CVE-2021-23337\"]"),
                ("approver", who),
                ("requested_by", "\"a@example.org\"")
            ])
        )
    };
    let shop = Shop::with(&[
        ("policy.toml", &two),
        ("exceptions.toml", &both("\"dev@example.org\"")),
    ]);
    let scan = shop.scan(&[]);
    assert_eq!(
        (
            scan.code,
            scan.exception("EX-1").0,
            scan.exception("EX-1").1
        ),
        (1, "applied", 1)
    );
    assert!(
        scan.exception("EX-1")
            .2
            .contains("for critical it takes role:ciso")
    );
    shop.write("exceptions.toml", both("\"ciso@example.org\""));
    assert_eq!(shop.scan(&[]).exception("EX-1"), ("applied", 2, ""));
}

#[test]
fn ids_are_met_whole_and_by_their_aliases() {
    for (id, status) in [
        ("cve-2021-44906", "applied"),
        ("GHSA-xvch-5gv4-984h", "applied"),
        ("CVE-2021-44907", "unused"),
        ("CVE-2021-449", "unused"),
        ("*", "unused"),
        ("CVE-*", "unused"),
        (" CVE-2021-44906", "unused"),
        ("CVE-2021-44906\\u200b", "unused"),
        ("\u{421}VE-2021-44906", "unused"),
        ("CVE-2021-4490\u{ff16}", "unused"),
        ("CVE‑2021‑44906", "unused"),
    ] {
        assert_eq!(
            becomes(&[("vulnerability", &format!("\"{id}\""))]).0,
            status,
            "{id}"
        );
    }
    assert_eq!(
        becomes(&[("vulnerability", ""), ("check", "\"CVE-2021-44906\"")]).0,
        "applied"
    );
    assert_eq!(
        becomes(&[("vulnerabilities", "[\"CVE-1\", \"CVE-2\"]")]).0,
        "applied",
        "any of them"
    );
}

#[test]
fn packages_are_met_by_their_rules() {
    for (purl, status) in [
        ("pkg:npm/minimist", "applied"),
        ("pkg:NPM/minimist", "applied"),
        ("pkg:npm/mini%6Dist", "applied"),
        ("pkg:npm/minimist@1.2.5", "applied"),
        ("pkg:npm/mini*", "applied"),
        ("pkg:npm/*", "applied"),
        ("pkg:npm/minimist@1.2.6", "out_of_scope"),
        (
            "pkg:npm/minimist?repository_url=https://evil.example",
            "out_of_scope",
        ),
        ("pkg:npm/Minimist", "orphaned"),
        ("pkg:npm/minimis", "orphaned"),
        ("pkg:npm/m\u{456}nimist", "orphaned"),
        ("pkg:npm/%2A", "orphaned"),
        ("pkg:npm/../minimist", "orphaned"),
        ("pkg:pypi/minimist", "orphaned"),
        ("pkg:pypi/*", "orphaned"),
        ("pkg:npm/**", "malformed"),
        ("pkg:npm/*imist", "malformed"),
        ("pkg:npm/minimist@*", "malformed"),
        ("pkg:npm*", "malformed"),
        ("pkg:*", "malformed"),
        ("*", "malformed"),
        ("minimist", "malformed"),
        ("", "malformed"),
    ] {
        assert_eq!(
            becomes(&[("purl", &format!("\"{purl}\""))]).0,
            status,
            "{purl}"
        );
    }
    for (versions, status) in [
        ("1.2.5", "applied"),
        ("<1.2.6", "applied"),
        (">=1.2.0 <1.2.6", "applied"),
        ("^1.2.0", "applied"),
        ("vers:npm/>=1.0.0|<1.2.6", "applied"),
        ("*", "applied"),
        (">1.2.5", "out_of_scope"),
        ("1.2", "out_of_scope"),
        ("latest", "out_of_scope"),
        ("vers:npm/>1.2.5", "out_of_scope"),
        ("vers:pypi/<9", "malformed"),
        ("vers:all/*", "malformed"),
        ("vers:", "malformed"),
        ("", "malformed"),
    ] {
        let change = [
            ("purl", "\"pkg:npm/minimist\""),
            ("versions", &*format!("\"{versions}\"")),
        ];
        assert_eq!(becomes(&change).0, status, "{versions}");
    }
}

#[test]
fn places_and_products_are_met_whole() {
    for (path, status) in [
        ("package-lock.json", "applied"),
        ("*.json", "applied"),
        ("**", "applied"),
        ("**/package-lock.json", "applied"),
        ("web/**", "out_of_scope"),
        ("../**", "out_of_scope"),
        ("/**", "out_of_scope"),
        ("/package-lock.json", "out_of_scope"),
        ("a/../package-lock.json", "out_of_scope"),
        ("PACKAGE-LOCK.JSON", "out_of_scope"),
        ("\\\\*", "out_of_scope"),
        ("!web", "out_of_scope"),
        ("[", "malformed"),
    ] {
        assert_eq!(
            becomes(&[("path", &format!("\"{path}\""))]).0,
            status,
            "{path}"
        );
        assert_eq!(
            becomes(&[("paths", &format!("[\"nowhere\", \"{path}\"]"))]).0,
            status,
            "{path}"
        );
    }
    assert_eq!(becomes(&[("product", "\"shop\"")]).0, "applied");
    for other in ["\"Shop\"", "\"shop \"", "\"*\"", "\"sh\u{43e}p\""] {
        assert_eq!(becomes(&[("product", other)]).0, "orphaned", "{other}");
    }
    // A component that is also somewhere else stays open there.
    let twice = WEAK.replace(
        "\"node_modules/minimist\"",
        "\"node_modules/b/node_modules/minimist\"",
    );
    let shop = Shop::with(&[
        ("web/package-lock.json", &twice),
        (
            "exceptions.toml",
            &(HEAD.to_owned() + &exception(&[("path", "\"web\"")])),
        ),
    ]);
    let scan = shop.scan(&[]);
    assert_eq!((scan.code, scan.exception("EX-1").1), (1, 1));
    // From a folder below the file, paths are still the file's.
    shop.git(&["init", "-q"]);
    assert_eq!(shop.scan(&["web"]).code, 0);
}

#[test]
fn an_exception_from_a_rule_covers_that_rule_only() {
    for (change, status) in [
        (
            &[("vulnerability", ""), ("rule", "\"own/build\"")][..],
            "applied",
        ),
        (&[("rule", "\"own/build\"")], "applied"),
        (&[("rule", "\"own/change\"")], "out_of_scope"),
        (
            &[("vulnerability", ""), ("rule", "\"OWN/BUILD\"")],
            "unused",
        ),
        (&[("vulnerability", ""), ("rule", "\"*\"")], "unused"),
        (&[("vulnerability", ""), ("rule", "\"\"")], "malformed"),
        (
            &[
                ("vulnerability", ""),
                ("rule", "\"own/build\""),
                ("purl", "\"pkg:npm/lodash\""),
            ],
            "unused",
        ),
    ] {
        assert_eq!(becomes(change).0, status, "{change:?}");
    }
    let scan =
        judged(HEAD.to_owned() + &exception(&[("vulnerability", ""), ("rule", "\"own/build\"")]));
    assert_eq!(
        scan.finding("CVE-2021-44906")["state"],
        "overdue",
        "the finding itself stays open"
    );
}

#[test]
fn evidence_can_be_excepted_where_it_is_missing() {
    let deny = POLICY.replacen(
        "at = \"build\"",
        "at = \"build\"\nmissing_evidence = \"deny\"",
        1,
    );
    let shop = Shop::with(&[
        ("policy.toml", &deny),
        ("package-lock.json", SOUND),
        ("tools/requirements.txt", "flask\n"),
    ]);
    let rule = ("rule", "\"evidence/unresolved\"");
    for (change, code, status) in [
        (vec![], 3, "unused"),
        (vec![("vulnerability", ""), rule], 0, "applied"),
        (
            vec![("vulnerability", ""), rule, ("path", "\"tools\"")],
            0,
            "applied",
        ),
        (
            vec![("vulnerability", ""), rule, ("path", "\"other\"")],
            3,
            "unused",
        ),
        (
            vec![
                ("vulnerability", ""),
                rule,
                ("approver", "\"dev@example.org\""),
            ],
            3,
            "against_policy",
        ),
    ] {
        shop.write("exceptions.toml", HEAD.to_owned() + &exception(&change));
        let scan = shop.scan(&[]);
        assert_eq!(
            (scan.code, scan.exception("EX-1").0),
            (code, status),
            "{change:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_whole_lets_nothing_through_and_is_named() {
    let good = HEAD.to_owned() + &exception(&[]);
    for (file, words) in [
        (
            good.as_bytes()[..good.len() - 4].to_vec(),
            "no exception of this file is in force",
        ),
        (
            format!("{good}\0").into_bytes(),
            "no exception of this file is in force",
        ),
        (
            format!("{good}expires = \"2027-12-31\"\n").into_bytes(),
            "duplicate key",
        ),
        (
            format!("schema = \"x\"\n{good}").into_bytes(),
            "duplicate key",
        ),
        (
            good.replace("exceptions/1", "exceptions/2").into_bytes(),
            "is what is read",
        ),
        (
            good.replace("[[exception]]", "[exception]").into_bytes(),
            "not a list of tables",
        ),
        (
            good.replace("[[exception]]", "[[exceptions]]").into_bytes(),
            "has no field `exceptions`",
        ),
        (
            good.replace('\n', "\r").into_bytes(),
            "no exception of this file is in force",
        ),
        (
            format!("{good}x = {}", "[".repeat(100_000)).into_bytes(),
            "no exception of this file is in force",
        ),
        ([good.as_bytes(), b"# \xff\n"].concat(), "is not UTF-8"),
        (
            good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "no exception of this file is in force",
        ),
        (vec![b'#'; (32 << 20) + 1], "has more than"),
    ] {
        let scan = judged(&file);
        assert_eq!(scan.code, 1, "{words}: {}", scan.stderr);
        let told = scan.problems();
        assert!(
            told.contains("exceptions.toml") && told.contains(words),
            "{words}: {told}"
        );
    }
    for file in [
        format!("\u{feff}{good}"),
        good.replace('\n', "\r\n"),
        format!(
            "{good}{}",
            exception(&[("id", "\"EX-2\""), ("expires", "")])
        ),
    ] {
        assert_eq!(judged(&file).code, 0, "{file:?}");
    }
}

#[test]
fn an_id_is_taken_once() {
    let other = exception(&[("vulnerability", "\"CVE-2021-23337\"")]);
    let scan = judged(format!("{HEAD}{other}{}", exception(&[])));
    assert_eq!(scan.code, 1);
    let second = &scan.report["exceptions"][1];
    assert_eq!(second["status"], "malformed");
    assert!(
        second["reason"]
            .as_str()
            .unwrap()
            .contains("already taken by exceptions.toml:2"),
        "{second}"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let shop = Shop::new();
    let made = std::process::Command::new("mkfifo")
        .arg(shop.file("exceptions.toml"))
        .status()
        .unwrap();
    assert!(made.success());
    let scan = shop.scan(&[]);
    assert!(
        scan.code == 1 && scan.problems().contains("no regular file"),
        "{}",
        scan.problems()
    );
}

#[test]
fn ten_thousand_exceptions_are_judged_at_once() {
    let many = |change: &dyn Fn(usize) -> Vec<(&'static str, String)>| {
        (0..10_000).fold(HEAD.to_owned(), |all, at| {
            let change = change(at);
            let change: Vec<(&str, &str)> = change
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            all + &exception(&change)
        })
    };
    let start = std::time::Instant::now();
    let scan = judged(many(&|at| {
        vec![
            ("id", format!("\"EX-{at}\"")),
            ("purl", "\"pkg:npm/*\"".into()),
        ]
    }));
    assert_eq!(
        (scan.code, list(&scan.report["exceptions"]).count()),
        (0, 10_000)
    );
    let scan = judged(many(&|at| {
        vec![
            ("id", format!("\"EX-{at}\"")),
            ("path", format!("\"**/{at}/**\"")),
        ]
    }));
    assert_eq!(scan.code, 1);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn a_new_or_wider_exception_needs_approval_and_does_not_judge_its_own_change() {
    let shop = Shop::with(&[("package-lock.json", SOUND)]).based();
    shop.write("package-lock.json", WEAK);
    shop.write(
        "exceptions.toml",
        HEAD.to_owned()
            + &exception(&[("vulnerabilities", "[\"CVE-2020-8203\", \"CVE-2021-23337\"]")]),
    );
    let scan = shop.change(&[]);
    assert_eq!(
        (scan.code, scan.rules()),
        (1, vec!["change/loosens-policy", "own/change"])
    );
    assert!(
        scan.reasons().contains(
            "exceptions.toml:2: exception EX-1: it is new; it needs the approval of role:ciso"
        ),
        "{}",
        scan.reasons()
    );
    let scan = shop.change(&["--approved-by", "ciso@example.org"]);
    assert_eq!(
        scan.rules(),
        ["own/change"],
        "approval of the exception is not yet the exception"
    );
    // Once it is in the base, it covers.
    let shop = Shop::with(&[
        ("package-lock.json", SOUND),
        (
            "exceptions.toml",
            &(HEAD.to_owned()
                + &exception(&[("vulnerabilities", "[\"CVE-2020-8203\", \"CVE-2021-23337\"]")])),
        ),
    ])
    .based();
    shop.write("package-lock.json", WEAK);
    assert_eq!(shop.change(&[]).code, 0);
    for (change, how) in [
        (&[("expires", "\"2027-01-15\"")][..], "it holds for longer"),
        (
            &[("vulnerability", "\"CVE-2021-44907\"")],
            "it covers something else",
        ),
        (&[("purl", "\"pkg:npm/*\"")], "it covers something else"),
    ] {
        shop.write(
            "exceptions.toml",
            HEAD.to_owned()
                + &exception(
                    &[
                        &[("vulnerabilities", "[\"CVE-2020-8203\", \"CVE-2021-23337\"]")],
                        change,
                    ]
                    .concat(),
                ),
        );
        let scan = shop.change(&[]);
        assert!(
            scan.code == 1 && scan.reasons().contains(how),
            "{change:?}: {}",
            scan.reasons()
        );
    }
    shop.remove("exceptions.toml");
    assert_eq!(shop.change(&[]).code, 0, "to take one out needs nobody");
}
