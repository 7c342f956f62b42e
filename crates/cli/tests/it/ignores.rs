//! Exceptions as the program writes them, and the ignore files of other tools.

use serde_json::Value;

use crate::exceptions::{HEAD, exception};
use crate::support::{POLICY, Shop, list};

/// Whoever an import needs: the day of the import is the machine's, so the end lies beyond it.
const WHO: [&str; 6] = [
    "--approver",
    "ciso@example.org",
    "--requested-by",
    "dev@example.org",
    "--expires",
    "2199-12-31",
];

/// What a command answered, as JSON.
fn answer(shop: &Shop, args: &[&str]) -> Value {
    let (code, stdout, stderr) = shop.told(args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn exceptions_are_written_so_that_they_hold() {
    let shop = Shop::new();
    let usual = [
        &[
            "exception",
            "add",
            "--reason",
            "a \"b\"\n[[exception]]\nid = \"x\"",
        ][..],
        &[
            "--requested-by",
            "dev@example.org",
            "--approver",
            "ciso@example.org",
        ],
        &["--approved-on", "2026-11-20", "--expires", "2026-12-31"],
    ]
    .concat();
    let add = |more: &[&str]| shop.told(&[&usual, more].concat()).0;
    assert_eq!(add(&["CVE-2021-44906", "--id", "A"]), 0);
    let lodash = [
        "CVE-2021-23337",
        "GHSA-35jh-r3h4-6jhm",
        "--purl",
        "pkg:npm/lodash",
    ];
    assert_eq!(add(&[&lodash[..], &["--path", "web/**"]].concat()), 0);
    let scan = shop.scan(&[]);
    assert_eq!((scan.code, scan.exception("A").0), (0, "applied"));
    let second = &scan.report["exceptions"][1];
    assert_eq!(second["status"], "out_of_scope");
    assert!(
        second["id"].as_str().unwrap().starts_with("EX-20"),
        "{second}"
    );
    let before = shop.read("exceptions.toml");
    for bad in [
        &["CVE-1", "--id", "A"][..],
        &["CVE-1", "--purl", "lodash"],
        &["CVE-1", "--versions", "1"],
        &["CVE-1", "--path", "["],
        &["CVE-1", "--justification", "because"],
        &[],
    ] {
        assert_eq!(add(bad), 2, "{bad:?}");
    }
    let never = [
        "exception",
        "add",
        "CVE-1",
        "--reason",
        "r",
        "--approver",
        "a",
        "--expires",
        "never",
    ];
    assert_eq!(shop.told(&never).0, 2);
    assert_eq!(shop.read("exceptions.toml"), before, "nothing was written");
    let (code, stdout, _) = shop.told(&["exception", "list", "--as-of", "2026-11-24"]);
    assert!(
        code == 0 && stdout.contains("applied") && stdout.contains("out of scope"),
        "{stdout}"
    );
    shop.remove("policy.toml");
    assert_eq!(
        shop.told(&["exception", "list"]).0,
        2,
        "without a policy none is in force"
    );
}

/// One exception for one crate in every tool's file, and what each cannot say.
#[test]
fn one_exception_in_five_ignore_files() {
    let end = ("expires", "\"2199-12-31\"");
    let shop = Shop::with(&[("policy.toml", &POLICY.replace("max_age = \"90d\"\n", ""))]);
    let ours = exception(&[("vulnerability", "\"RUSTSEC-2021-0003\""), end]);
    shop.write("exceptions.toml", format!("{HEAD}{ours}"));
    for (tool, file, words, lost) in [
        (
            "trivy",
            ".trivyignore.yaml",
            "expired_at: 2200-01-01",
            false,
        ),
        (
            "trivy-plain",
            ".trivyignore",
            "RUSTSEC-2021-0003 exp:2200-01-01",
            false,
        ),
        (
            "grype",
            ".grype.yaml",
            "vulnerability: \"RUSTSEC-2021-0003\"",
            true,
        ),
        (
            "osv-scanner",
            "osv-scanner.toml",
            "ignoreUntil = 2200-01-01T00:00:00Z",
            false,
        ),
        (
            "cargo-deny",
            "deny.toml",
            "{ id = \"RUSTSEC-2021-0003\"",
            true,
        ),
    ] {
        let export = [
            "exception",
            "export",
            "--for",
            tool,
            "--as-of",
            "2026-11-24",
            "--output",
            file,
        ];
        let (code, _, stderr) = shop.told(&export);
        assert_eq!(code, 0, "{tool}: {stderr}");
        let text = shop.read(file);
        assert!(text.contains(words), "{tool}: {text}");
        let end = "knows no end: write the file again after 2199-12-31";
        let told: Vec<&str> = stderr
            .lines()
            .filter(|line| line.starts_with("warning: EX-"))
            .collect();
        let want = format!("warning: EX-1: {tool} {end}");
        assert_eq!(told, if lost { vec![want.as_str()] } else { vec![] });
        // Read back into a file of its own, it is the same exception.
        let other = Shop::new();
        other.write(file, &text);
        let read = answer(
            &other,
            &[&["exception", "import", file, "-o", "json"], &WHO[..]].concat(),
        );
        assert_eq!(
            (&read["read"], &read["imported"]),
            (&1.into(), &1.into()),
            "{tool}: {read}"
        );
        let read = &read["exceptions"][0];
        assert_eq!(read["scope"]["ids"][0], "RUSTSEC-2021-0003", "{tool}");
        assert_eq!(
            (&read["expires"], &read["reason"]),
            (&"2199-12-31".into(), &"only in tests".into()),
            "{tool}"
        );
        assert!(
            other
                .read("exceptions.toml")
                .contains(read["id"].as_str().unwrap()),
            "{tool}"
        );
        // Written again, it stands there once, and what stood there before is left alone.
        shop.write(file, format!("# ours\n{text}"));
        shop.run(&export);
        assert_eq!(shop.read(file), format!("# ours\n{text}"), "{tool}");
    }
    assert_eq!(shop.told(&["exception", "export", "--for", "snyk"]).0, 2);
}

#[test]
fn an_import_takes_nothing_that_nobody_allowed_or_that_would_grow() {
    let shop = Shop::new();
    shop.write(
        ".trivyignore",
        "# why\nCVE-2021-44906\nCVE-2021-23337 exp:2199-12-31\n",
    );
    let read = answer(
        &shop,
        &["exception", "import", ".trivyignore", "-o", "json"],
    );
    assert_eq!((&read["read"], &read["imported"]), (&2.into(), &0.into()));
    assert!(
        read["refused"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("give --approver"),
        "{read}"
    );
    assert!(!shop.file("exceptions.toml").exists());
    let all = [&WHO[..], &["--reason", "r"]].concat();
    let import =
        |file, more: &[&str]| shop.told(&[&["exception", "import", file], &all[..], more].concat());
    let (code, stdout, _) = import(".trivyignore", &["--dry-run"]);
    assert!(code == 0 && stdout.contains("2 of 2"), "{stdout}");
    assert!(!shop.file("exceptions.toml").exists());
    // A whole package, and a condition on the state of the fix, have no place in an exception.
    shop.write(
        ".grype.yaml",
        "ignore:\n  - package:\n      name: lodash\n      type: npm\n  - vulnerability: CVE-2021-23337\n    fix-state: wont-fix\n  - vulnerability: CVE-2021-44906\n",
    );
    let read = answer(
        &shop,
        &[
            &["exception", "import", ".grype.yaml", "-o", "json"],
            &all[..],
        ]
        .concat(),
    );
    let refused = list(&read["refused"]).count();
    assert_eq!(
        (&read["read"], &read["imported"], refused),
        (&3.into(), &1.into(), 2),
        "{read}"
    );
    // It is written down as it is, and the policy still has its say.
    let scan = shop.scan_on("2198-01-01", &[]);
    assert_eq!(
        (scan.code, &scan.report["exceptions"][0]["status"]),
        (1, &"against_policy".into())
    );
    shop.write("nothing.txt", "hello\n");
    assert_eq!(import("nothing.txt", &[]).0, 2);
    shop.write("deny.toml", "[advisories\n");
    assert_eq!(import("deny.toml", &[]).0, 2);
}

#[test]
fn only_what_holds_is_exported() {
    let shop = Shop::new();
    let text = [
        exception(&[]),
        exception(&[
            ("id", "\"EX-2\""),
            ("vulnerability", "\"CVE-2021-23337\""),
            ("expires", "\"2026-11-10\""),
        ]),
        exception(&[
            ("id", "\"EX-3\""),
            ("vulnerability", "\"CVE-2020-8203\""),
            ("approver", "\"dev@example.org\""),
        ]),
        exception(&[
            ("id", "\"EX-4\""),
            ("vulnerability", "\"CVE-2020-8204\""),
            ("path", "\"web/**\""),
        ]),
    ]
    .concat();
    shop.write("exceptions.toml", format!("{HEAD}{text}"));
    let export = ["exception", "export", "--as-of", "2026-11-24", "--for"];
    let (code, stdout, stderr) = shop.told(&[&export[..], &["trivy-plain"]].concat());
    assert_eq!(code, 0);
    let ids: Vec<&str> = stdout
        .lines()
        .filter(|line| line.starts_with("CVE"))
        .collect();
    assert_eq!(ids, ["CVE-2021-44906 exp:2027-01-01"]);
    for words in [
        "EX-2 is not written: it ended",
        "EX-3 is not written: dev@example.org cannot approve it",
        "EX-4: not written: a plain .trivyignore cannot be limited to paths",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    assert_eq!(
        shop.told(&[&export[..], &["trivy", "--id", "EX-2"]].concat())
            .0,
        2
    );
}
