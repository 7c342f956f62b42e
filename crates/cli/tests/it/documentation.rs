//! What the documentation says is what the program does.

use std::fs;

use crate::support::{Bench, root};

/// The table in `docs/coverage.md` is what `stanchion coverage -o markdown` writes. `UPDATE_DOCS=1` writes it anew.
#[test]
fn the_coverage_table_is_current() {
    let bench = Bench::new();
    let output = bench.run(&["coverage", "-o", "markdown"]);
    let table = String::from_utf8(output.stdout).unwrap();
    let head = "# What is read\n\nMade by `stanchion coverage -o markdown`. \"Tells\" is what a format says about its components; a test holds it\nagainst what the reader does. Whether there are advisories for an ecosystem depends on the database at hand:\n`stanchion coverage` says.\n\n";
    let want = format!("{head}{table}");
    let file = root().join("docs/coverage.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &want).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        want,
        "run the test with UPDATE_DOCS=1"
    );
}

/// Each command's help fits a screen and ends with examples where it does something with a target.
#[test]
fn help_fits_a_screen() {
    let bench = Bench::new();
    for command in ["scan", "sbom", "explain", "coverage", "db"] {
        let output = bench.run(&[command, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.lines().count() <= 60,
            "{command}: {} lines",
            text.lines().count()
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 110),
            "{command}\n{text}"
        );
    }
    for command in ["scan", "sbom", "explain", "db"] {
        let output = bench.run(&[command, "--help"]);
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("Examples:"),
            "{command}"
        );
    }
}

#[test]
fn the_readme_names_only_commands_that_are_there() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let bench = Bench::new();
    for line in readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("stanchion "))
    {
        let command = line.split_whitespace().next().unwrap();
        let output = bench.run(&[command, "--help"]);
        assert!(output.status.success(), "{line}");
    }
}
