use super::row::cut_path;
use super::*;
use crate::testing::{assessment, clear, hostile, hostile_judged, judged, many};

fn view(width: usize) -> View {
    View {
        width,
        colour: false,
        all: false,
        verbose: false,
        elapsed: 0.03,
    }
}

#[test]
fn a_scan_at_eighty_columns() {
    insta::assert_snapshot!(render(&assessment(), &view(80)));
}

#[test]
fn a_judged_scan_at_eighty_columns() {
    insta::assert_snapshot!(render(&judged(), &view(80)));
}

#[test]
fn a_judged_scan_with_everything_at_a_hundred_and_twenty() {
    let mut view = view(120);
    (view.all, view.verbose) = (true, true);
    insta::assert_snapshot!(render(&judged(), &view));
}

#[test]
fn nothing_found_says_what_was_looked_at() {
    let page = render(&clear(), &view(80));
    assert!(
        page.contains("No known vulnerability in 3 components (advisories of 20 Nov 2026)"),
        "{page}"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in [60, 72, 80, 100, 120] {
        for assessment in [
            assessment(),
            hostile(),
            many(300),
            judged(),
            hostile_judged(),
        ] {
            for line in render(&assessment, &view(columns)).lines() {
                let words = line
                    .split(' ')
                    .filter(|word| !word.is_empty())
                    .map(width)
                    .max()
                    .unwrap_or(0);
                assert!(
                    width(line) <= columns || words > columns - 12,
                    "{columns}: {line:?}"
                );
            }
        }
    }
}

#[test]
fn hostile_text_is_made_harmless() {
    for assessment in [hostile(), hostile_judged()] {
        let mut view = view(80);
        for verbose in [false, true] {
            (view.verbose, view.all) = (verbose, verbose);
            let page = render(&assessment, &view);
            assert!(!page.contains(['\u{1b}', '\u{202e}']));
        }
    }
}

#[test]
fn without_a_policy_nothing_is_said_of_one() {
    let page = render(&assessment(), &view(120));
    for word in ["due", "overdue", "no date", "no owner", "✗", "policy acme"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
}

#[test]
fn wrong_exceptions_are_told_in_ten_lines_and_counted() {
    let mut judged = judged();
    let note = judged.exceptions[1].clone();
    judged.exceptions = vec![note; 40];
    let page = render(&judged, &view(80));
    let told = page.matches("Exception EX-2026-002 is expired").count();
    assert_eq!(told, 5, "two lines each: {page}");
    assert!(
        page.contains("and 35 more exceptions: -v shows all"),
        "{page}"
    );
    // Also where there is nothing else to tell.
    judged.findings.clear();
    judged.verdict.violations.clear();
    judged.verdict.denied = false;
    let page = render(&judged, &view(80));
    assert!(
        page.contains("Passed at release by the policy acme 2026.11\n"),
        "{page}"
    );
    assert!(page.contains("and 35 more exceptions"), "{page}");
    // One that never ends cannot push everything else away.
    judged.exceptions.truncate(1);
    judged.exceptions[0].reason = Some("word ".repeat(10_000));
    assert!(render(&judged, &view(80)).lines().count() < 20);
}

#[test]
fn a_gate_closed_for_lack_of_evidence_says_so() {
    let mut judged = judged();
    judged
        .verdict
        .violations
        .retain(|one| one.rule.starts_with("evidence/"));
    judged.verdict.incomplete = true;
    let page = render(&judged, &view(80));
    let want = "✗ Denied at release for lack of evidence by the policy acme 2026.11: 1 rule is";
    assert!(page.contains(want) && page.contains("(exit 3)"), "{page}");
}

#[test]
fn closed_findings_are_counted_and_shown_when_asked_for() {
    let judged = judged();
    let mut view = view(120);
    let page = render(&judged, &view);
    assert!(!page.contains("minimist") && page.contains("2 closed by decisions: -a shows them"));
    view.all = true;
    let page = render(&judged, &view);
    assert!(
        page.contains("minimist") && page.contains("not affected"),
        "{page}"
    );
    let mut only = judged;
    only.findings.retain(Finding::is_closed);
    only.verdict.violations.clear();
    only.verdict.denied = false;
    view.all = false;
    let page = render(&only, &view);
    let want = "Nothing open in 3 components of storefront: 2 findings are closed by decisions";
    assert!(page.contains(want), "{page}");
}

#[test]
fn colour_marks_what_is_late_and_words_say_it_too() {
    let mut view = view(80);
    view.colour = true;
    let page = render(&judged(), &view);
    assert!(page.contains("\u{1b}[31moverdue 3 d"), "{page}");
    assert!(
        page.contains("\u{1b}[1m\u{1b}[31mDenied at release"),
        "{page}"
    );
    let plain = anstyle_free(&page);
    view.colour = false;
    assert_eq!(plain, render(&judged(), &view));
}

/// Without the sequences that paint.
fn anstyle_free(page: &str) -> String {
    let mut pieces = page.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| {
        all + piece.split_once('m').map_or("", |(_, rest)| rest)
    })
}

#[test]
fn paths_keep_what_tells_most() {
    let path = |steps: &[&str]| {
        steps
            .iter()
            .map(|step| (*step).to_owned())
            .collect::<Vec<_>>()
    };
    let long = path(&["web", "react-scripts", "webpack", "watchpack", "lodash"]);
    assert_eq!(
        cut_path(&long, 80),
        "web > react-scripts > webpack > watchpack > lodash"
    );
    assert_eq!(cut_path(&long, 36), "web > react-scripts > … > lodash");
    assert_eq!(cut_path(&long, 31), "… > react-scripts > … > lodash");
    assert_eq!(cut_path(&long, 20), "… > lodash");
    assert_eq!(
        cut_path(&path(&["catalogue", "django", "sqlparse"]), 24),
        "… > django > sqlparse"
    );
}
