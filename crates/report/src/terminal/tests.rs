use super::row::cut_path;
use super::*;
use crate::testing::{assessment, clear, hostile, many};

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
        for assessment in [assessment(), hostile(), many(300)] {
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
    let page = render(&hostile(), &view(80));
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
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
