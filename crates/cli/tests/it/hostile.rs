//! Hostile input through the real binary: every file is named as a problem or refused, the rest is still done, and
//! nothing panics, hangs, fills memory or drives the terminal.

use std::fs;

use crate::support::Bench;

const LOCK: &str =
    r#"{"lockfileVersion":3,"packages":{"":{},"node_modules/lodash":{"version":"4.17.15"}}}"#;

fn project(bench: &Bench, files: &[(&str, &[u8])]) -> String {
    let folder = bench.file("project");
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

fn problems(report: &serde_json::Value) -> Vec<(String, String)> {
    let list = report["problems"].as_array().unwrap().iter();
    list.map(|problem| {
        let text = |key: &str| problem[key].as_str().unwrap().to_owned();
        (text("path"), text("reason"))
    })
    .collect()
}

#[test]
fn what_is_made_to_fill_memory_is_named_and_the_rest_is_read() {
    let bench = Bench::new();
    let values = format!("[{}0]", "0,".repeat(2_000_000));
    let toml = format!("a = [{}0]", "0,".repeat(1_000_000));
    let lines = "x\n".repeat(500_000);
    let target = project(
        &bench,
        &[
            ("good/package-lock.json", LOCK.as_bytes()),
            ("json/package-lock.json", values.as_bytes()),
            ("yaml/pnpm-lock.yaml", values.as_bytes()),
            ("toml/Cargo.lock", toml.as_bytes()),
            ("go/go.mod", lines.as_bytes()),
            ("deep/composer.lock", "[".repeat(100_000).as_bytes()),
        ],
    );
    let report = bench.document(&["scan", &target, "-o", "json"]);
    assert_eq!(report["components"], 1);
    let told = problems(&report);
    for path in [
        "json/package-lock.json",
        "yaml/pnpm-lock.yaml",
        "toml/Cargo.lock",
        "go/go.mod",
        "deep/composer.lock",
    ] {
        assert!(
            told.iter().any(|(known, _)| known == path),
            "{path} is not among {told:?}"
        );
    }
    let of_go = told.iter().filter(|(path, _)| path == "go/go.mod").count();
    assert!(of_go < 1100, "{of_go} problems of one file");
}

#[test]
fn a_settings_file_of_a_project_is_bounded_and_stays_inside() {
    let bench = Bench::new();
    let huge = format!("[scan]\nexclude = [{}]", "\"a\",".repeat(100_000));
    let target = project(
        &bench,
        &[
            ("package-lock.json", LOCK.as_bytes()),
            ("stanchion.toml", huge.as_bytes()),
        ],
    );
    let refused = |words: &str| {
        let output = bench.run(&["scan", &target]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused("has more than 262144 bytes");
    let settings = bench.file("project/stanchion.toml");
    let many = format!("[scan]\nexclude = [{}]", "\"a\",".repeat(2000));
    fs::write(&settings, many).unwrap();
    refused("more than 1000 patterns");
    #[cfg(unix)]
    {
        fs::write(bench.file("outside"), "secret = 1").unwrap();
        fs::remove_file(&settings).unwrap();
        std::os::unix::fs::symlink(bench.file("outside"), &settings).unwrap();
        refused("leads out of its folder");
    }
}

#[test]
fn no_escape_sequence_reaches_a_terminal_and_nothing_is_said_twice() {
    let bench = Bench::new();
    let output = bench.run(&["scan", "no\u{1b}[31m\u{202e}where", "--color", "always"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let after = said.split_once("cannot open").unwrap().1;
    assert!(!after.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    assert_eq!(said.matches("(os error").count(), 1, "{said}");
    let folder = bench.file("mirror/npm");
    fs::create_dir_all(&folder).unwrap();
    let id = r#"{"id":"A\u001b[31m","modified":"2020-01-01T00:00:00Z","affected":[]}"#;
    fs::write(folder.join("a.json"), id).unwrap();
    let good = r#"{"id":"B","modified":"2020-01-01T00:00:00Z","affected":[]}"#;
    fs::write(folder.join("b.json"), good).unwrap();
    let import = bench.run(&["db", "import", bench.file("mirror").to_str().unwrap()]);
    assert_eq!(
        import.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&import.stderr)
    );
    let status = bench.run(&["db", "status", "-v", "--color", "always"]);
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(
        said.contains("its id is malformed") && !said.contains('\u{1b}'),
        "{said:?}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_and_links_are_not_waited_for_or_followed_but_named() {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    let bench = Bench::new();
    let target = project(&bench, &[("package-lock.json", LOCK.as_bytes())]);
    let pipe = |name: &str| {
        let path = bench.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    pipe("project/a/package-lock.json");
    symlink("/etc/passwd", bench.file("project/Cargo.lock")).unwrap();
    let report = bench.document(&["scan", &target, "-o", "json"]);
    let told = problems(&report);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].0 == "Cargo.lock" && told[0].1.contains("leads out of"),
        "{told:?}"
    );
    assert!(
        told[1].0 == "a/package-lock.json" && told[1].1.contains("not a regular file"),
        "{told:?}"
    );
    pipe("mirror/npm/all.zip");
    let import = bench.run(&[
        "db",
        "import",
        bench.file("mirror/npm/all.zip").to_str().unwrap(),
    ]);
    assert_eq!(import.status.code(), Some(2));
    pipe("data/advisories/advisories.db");
    assert_eq!(bench.run(&["scan", &target]).status.code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_or_closed_stream_is_no_crash() {
    use std::process::{Command, Stdio};

    let bench = Bench::new();
    let target = project(&bench, &[("package-lock.json", LOCK.as_bytes())]);
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let run = |target: &str, out: Stdio, error: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_stanchion"))
            .args(["scan", target, "-o", "json"])
            .env("STANCHION_DATA_DIR", bench.file("data"))
            .env("STANCHION_OFFLINE", "1")
            .env("XDG_CONFIG_HOME", bench.file("config"))
            .stdout(out)
            .stderr(error)
            .status()
            .unwrap()
            .code()
    };
    assert_eq!(run(&target, full().into(), Stdio::null()), Some(2));
    assert_eq!(run("nowhere", Stdio::null(), full().into()), Some(2));
}

#[test]
fn lockfiles_of_lines_that_hold_none_of_them_are_no_all_clear() {
    let bench = Bench::new();
    let target = project(
        &bench,
        &[
            ("package-lock.json", LOCK.as_bytes()),
            ("ruby/Gemfile.lock", b"<html>\n  not found\n</html>\n"),
            (
                "cut/Gemfile.lock",
                b"GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.1)\n",
            ),
            ("python/requirements.txt", b"--pre\n--what is this\n"),
        ],
    );
    let report = bench.document(&["scan", &target, "-o", "json"]);
    let told = problems(&report);
    let paths: Vec<&str> = told.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "cut/Gemfile.lock",
            "python/requirements.txt",
            "ruby/Gemfile.lock"
        ],
        "{told:?}"
    );
}

#[test]
fn tens_of_thousands_of_lockfiles_and_manifests_are_matched_by_folder() {
    let bench = Bench::new();
    let target = project(&bench, &[]);
    for number in 0..3000 {
        let folder = bench.file(&format!("project/{number}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), r#"{"dependencies":{"a":"1"}}"#).unwrap();
        if number % 2 == 0 {
            fs::write(folder.join("package-lock.json"), LOCK).unwrap();
        }
    }
    let report = bench.document(&["scan", &target, "-o", "json"]);
    assert_eq!(
        (report["components"].as_u64(), problems(&report).len()),
        (Some(1500), 1500)
    );
}
