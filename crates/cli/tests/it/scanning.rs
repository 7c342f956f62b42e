//! The main job from the command line: what is found, exit codes, flags, the database, the first fetch.

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use serde_json::Value;

use crate::support::Bench;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A project with one crate at a version.
fn project(bench: &Bench, name: &str, version: &str) -> String {
    let folder = bench.file("project");
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "version = 4\n\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\ndependencies = [\"{name}\"]\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
    );
    fs::write(folder.join("Cargo.lock"), text).unwrap();
    folder.display().to_string()
}

/// A source of advisories: one about `smallthing` below 2.0.0, critical.
fn advisories(bench: &Bench) -> String {
    let folder = bench.file("osv/crates.io");
    fs::create_dir_all(&folder).unwrap();
    let record = r#"{"id":"RUSTSEC-2026-0001","aliases":["CVE-2026-0001"],"modified":"2026-01-01T00:00:00Z","summary":"Everything is wrong",
        "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected":[{"package":{"ecosystem":"crates.io","name":"smallthing"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]}]}"#;
    fs::write(folder.join("RUSTSEC-2026-0001.json"), record).unwrap();
    bench.file("osv").display().to_string()
}

#[test]
fn the_first_command_finds_without_database_and_network() {
    let bench = Bench::new();
    let output = bench.run(&["scan", "examples/storefront"]);
    let shown = text(&output.stdout);
    assert_eq!(code(&output), 1, "{shown}");
    for word in [
        "log4j-core 2.14.1",
        "CVE-2021-44228",
        "exploited",
        "2.17",
        "starter set",
        "stanchion db update",
    ] {
        assert!(shown.contains(word), "{word} is missing in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "a pipe gets no colour");
}

#[test]
fn exit_codes_are_as_documented() {
    let bench = Bench::new();
    assert_eq!(code(&bench.run(&["db", "import", &advisories(&bench)])), 0);
    assert_eq!(
        code(&bench.run(&["scan", &project(&bench, "smallthing", "1.9.9")])),
        1
    );
    assert_eq!(
        code(&bench.run(&["scan", &project(&bench, "smallthing", "2.0.0")])),
        0
    );
    assert_eq!(code(&bench.run(&["scan", "no/such/folder"])), 2);
    assert_eq!(code(&bench.run(&["scan", ".", "-o", "nonsense"])), 2);
    assert_eq!(code(&bench.run(&["scan", "--nonsense"])), 2);
    let empty = bench.file("empty");
    fs::create_dir(&empty).unwrap();
    let output = bench.run(&["scan", &empty.display().to_string()]);
    assert_eq!(code(&output), 3);
    assert!(
        text(&output.stderr).contains("package-lock.json"),
        "says what is read"
    );
}

#[test]
fn filters_leave_out_and_count() {
    let bench = Bench::new();
    let all = bench.document(&["scan", "examples/storefront", "-o", "json"]);
    let count = |report: &Value| report["findings"].as_array().unwrap().len();
    for filter in [
        &["--min-severity", "critical"][..],
        &["--vector", "rce"],
        &["--fixable"],
        &["--no-dev"],
    ] {
        let mut args = vec!["scan", "examples/storefront", "-o", "json"];
        args.extend(filter);
        let some = bench.document(&args);
        assert!(
            count(&some) > 0 && count(&some) < count(&all),
            "{filter:?}: {} of {}",
            count(&some),
            count(&all)
        );
        let left_out = usize::try_from(some["filtered"].as_u64().unwrap()).unwrap();
        assert_eq!(count(&some) + left_out, count(&all), "{filter:?}");
    }
    let nothing = bench.run(&["scan", "examples/storefront", "--exclude", "*"]);
    assert_eq!(code(&nothing), 3);
}

#[test]
fn the_project_s_settings_hold_and_mistakes_are_named() {
    let bench = Bench::new();
    let target = project(&bench, "smallthing", "1.0.0");
    fs::write(
        format!("{target}/stanchion.toml"),
        "[scan]\nexclude = [\"Cargo.lock\"]\n",
    )
    .unwrap();
    assert_eq!(code(&bench.run(&["scan", &target])), 3);
    fs::write(
        format!("{target}/stanchion.toml"),
        "[scan]\n\nexlude = []\n",
    )
    .unwrap();
    let output = bench.run(&["scan", &target]);
    assert_eq!(code(&output), 2);
    assert!(
        text(&output.stderr).contains("stanchion.toml:3: unknown field `exlude`"),
        "{}",
        text(&output.stderr)
    );
    // A project has no say in where this machine connects to.
    fs::write(
        format!("{target}/stanchion.toml"),
        "[database]\nosv = \"http://169.254.169.254\"\n",
    )
    .unwrap();
    assert_eq!(code(&bench.run(&["scan", &target])), 2);
}

#[test]
fn standard_input_and_purls_are_targets() {
    let bench = Bench::new();
    assert_eq!(
        code(&bench.run(&[
            "scan",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
        ])),
        1
    );
    assert_eq!(
        code(&bench.run(&[
            "scan",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.25.0"
        ])),
        0
    );
    assert_eq!(code(&bench.run(&["scan", "pkg:nothing"])), 2);
}

#[test]
fn several_outputs_at_once() {
    let bench = Bench::new();
    let (sarif, markdown) = (bench.file("x.sarif"), bench.file("x.md"));
    let report = bench.document(&[
        "scan",
        "examples/storefront",
        "-o",
        &format!("sarif={}", sarif.display()),
        "-o",
        &format!("markdown={}", markdown.display()),
        "-o",
        "json",
    ]);
    assert_eq!(report["schema"], "stanchion.report/1");
    assert!(fs::read_to_string(sarif).unwrap().contains("\"2.1.0\""));
    assert!(fs::read_to_string(markdown).unwrap().contains("log4j-core"));
    assert_eq!(
        code(&bench.run(&["scan", "examples/storefront", "-o", "json", "-o", "sarif"])),
        2
    );
}

#[test]
fn explain_tells_the_newer_and_the_score_and_the_reason() {
    let bench = Bench::new();
    for (ecosystem, a, b, order) in [
        ("npm", "1.9.0", "1.10.0", "<"),
        ("PyPI", "1.0", "1.0rc1", ">"),
        ("Debian", "1.0~rc1", "1.0", "<"),
        ("Maven", "1.0", "1.0.0", "="),
    ] {
        let answer = bench.document(&["explain", "version", ecosystem, a, b, "-o", "json"]);
        assert_eq!(answer["order"], order, "{ecosystem} {a} {b}");
    }
    let answer = bench.document(&[
        "explain",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
        "-o",
        "json",
    ]);
    assert_eq!(
        (answer["score"].as_f64(), answer["severity"].as_str()),
        (Some(10.0), Some("critical"))
    );
    let shown = text(
        &bench
            .run(&[
                "explain",
                "CVE-2021-44228",
                "--target",
                "examples/storefront",
            ])
            .stdout,
    );
    for word in [
        "Why 9",
        "in KEV since 2021-12-10",
        "says >= 2.13.0, < 2.15.0",
        "api/pom.xml:",
        "2.17.1",
    ] {
        assert!(shown.contains(word), "{word} is missing in\n{shown}");
    }
    assert_eq!(code(&bench.run(&["explain", "nothing-of-the-kind"])), 2);
}

#[test]
fn a_database_travels_signed() {
    let (here, there) = (Bench::new(), Bench::new());
    assert_eq!(code(&here.run(&["db", "import", &advisories(&here)])), 0);
    let (key, file) = (
        here.file("key").display().to_string(),
        here.file("stanchion.db").display().to_string(),
    );
    let public = text(&here.run(&["db", "key", &key]).stdout)
        .trim()
        .to_owned();
    assert_eq!(code(&here.run(&["db", "export", &file, "--key", &key])), 0);
    assert_eq!(
        code(&there.run(&["db", "import", &file])),
        2,
        "a stranger's signature does not count"
    );
    assert_eq!(
        code(&there.run(&["db", "import", &file, "--trust", &public])),
        0
    );
    assert_eq!(
        code(&there.run(&["scan", &project(&there, "smallthing", "1.0.0")])),
        1
    );
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(
        code(&there.run(&["db", "import", &file, "--trust", &public, "--unsigned"])),
        2,
        "a wrong signature never counts"
    );
    assert_eq!(
        code(&here.run(&["db", "key", &key])),
        2,
        "a key is never written over"
    );
}

#[test]
fn without_a_network_the_starter_set_answers_and_says_so() {
    let bench = Bench::new();
    // A port where nobody listens: taken, and let go.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let place = format!("http://127.0.0.1:{port}");
    let output = bench.run_with(
        &["scan", "examples/storefront"],
        &[
            ("STANCHION_OFFLINE", ""),
            ("STANCHION_DB_OSV", &place),
            ("STANCHION_DB_KEV", &place),
            ("STANCHION_DB_EPSS", &place),
            ("STANCHION_DB_EOL", &place),
            ("STANCHION_ALLOW_PRIVATE", "127.0.0.1"),
        ],
    );
    assert_eq!(code(&output), 1);
    assert!(
        text(&output.stdout).contains("starter set") && text(&output.stderr).contains("warning"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn real_advisories_and_inputs() {
    let Some(shared) = crate::support::shared() else {
        return;
    };
    let bench = Bench::new();
    let output = bench.run(&[
        "db",
        "import",
        &shared.join("advisories").display().to_string(),
    ]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let report = bench.document(&[
        "scan",
        &shared.join("inputs").display().to_string(),
        "-o",
        "json",
    ]);
    let database = &report["database"];
    let sum: u64 = ["advisories", "withdrawn", "merged", "refused"]
        .iter()
        .map(|key| database[key].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 90_283);
    assert!(
        report["components"].as_u64().unwrap() > 9000
            && report["findings"].as_array().unwrap().len() > 1500
    );
    let mut keys = std::collections::HashSet::new();
    for finding in report["findings"].as_array().unwrap() {
        // One finding for a component version, project and vulnerability.
        assert!(
            keys.insert((
                finding["key"].to_string(),
                finding["component"]["version"].to_string(),
                finding["component"]["purl"].to_string()
            )),
            "{}",
            finding["key"]
        );
        assert!(
            !finding["evidence"].as_array().unwrap().is_empty()
                && !finding["paths"].as_array().unwrap().is_empty()
        );
        if let Some(score) = finding["score"].as_f64() {
            let points: f64 = finding["factors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|factor| factor["points"].as_f64().unwrap())
                .sum();
            assert!((points - score).abs() < 0.06, "{finding}");
        }
    }
}
