//! Pushing.

use super::Fake;
use crate::support::{POLICY, SOUND};

/// A policy that only adds a rule.
const OWN: &str = r#"schema = "vmpolicy/1"

[policy]
id = "own"
version = "1"

[[enforce]]
id = "own/more"
at = "build"
deny = "f.severity == 'critical'"
"#;

const NOW: &str = "2026-11-24T10:00:00Z";

#[test]
fn a_push_shows_the_verdict_as_a_scan_does() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    let file = fake.shop.file("verdict.json");
    let (code, stdout, stderr) = fake.told(&[
        "push",
        ".",
        "--as-of",
        NOW,
        "-o",
        "table",
        "-o",
        &format!("json={}", file.display()),
    ]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("lodash"), "{stdout}");
    // The lockfile says 1.0.0.
    assert!(
        stderr.contains("version 1.0.0 (the project's own)"),
        "{stderr}"
    );
    assert!(
        stderr.contains("appeared=1") && stderr.contains("https://portal.example/products/shop")
    );
    let (_, scanned, _) = fake.told(&["scan", ".", "--as-of", NOW, "-o", "json"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), scanned);
    let (_, table, _) = fake.told(&["scan", ".", "--as-of", NOW]);
    let without_time = |text: &str| {
        let lines: Vec<String> = text
            .lines()
            .filter(|line| !line.contains(" s") || line.contains("lodash"))
            .map(str::to_owned)
            .collect();
        lines.join("\n")
    };
    assert_eq!(without_time(&stdout), without_time(&table));
}

#[test]
fn a_push_that_is_turned_away_is_made_again_and_one_that_cannot_be_is_told() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    fake.whims.lock().unwrap().turned_away = vec![429, 503, 502];
    let (code, _, stderr) = fake.told(&["push", ".", "--version", "1"]);
    assert_eq!(code, 1, "{stderr}");
    assert_eq!(fake.server.count("POST", "/api/v1/push"), 4);
    let (code, _, stderr) = fake.told(&["push", ".", "--version", "1", "--offline"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("hint:"), "{stderr}");
    let (code, _, stderr) = fake.told(&["push", ".", "--version", " "]);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("name of the version") && stderr.contains("do better"),
        "{stderr}"
    );
    fake.shop.remove("package-lock.json");
    let (code, _, stderr) = fake.told(&["push", ".", "--version", "1"]);
    assert_eq!(code, 3, "{stderr}");
}

#[test]
fn the_version_comes_from_git_where_the_project_has_none() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    fake.shop.write(
        "package-lock.json",
        SOUND.replace(",\"version\":\"1.0.0\"},\"node", "},\"node"),
    );
    let (code, _, stderr) = fake.told(&["push", "."]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("--version"), "{stderr}");
    fake.shop.git(&["init", "-q", "-b", "main"]);
    fake.shop.git(&["add", "-A"]);
    fake.shop.git(&["commit", "-q", "-m", "base"]);
    let (code, _, stderr) = fake.told(&["push", "."]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("(the git commit)"), "{stderr}");
    fake.shop.git(&["tag", "-a", "v2", "-m", "two"]);
    let (code, _, stderr) = fake.told(&["push", "."]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("version v2 (the git tag)"), "{stderr}");
}

#[test]
fn the_stricter_of_two_policies_counts() {
    let fake = Fake::new();
    fake.login(&["--product", "shop"]);
    fake.set_policy(&POLICY.replace("f.severity == 'critical'", "f.kev"));
    let (code, _, stderr) = fake.told(&["push", ".", "--version", "1", "--as-of", NOW]);
    assert_eq!(code, 0, "{stderr}");
    fake.shop.write("policy.toml", OWN);
    let (code, _, stderr) = fake.told(&["push", ".", "--version", "1", "--as-of", NOW]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("the stricter counts"), "{stderr}");
}
