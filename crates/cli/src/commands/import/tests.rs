//! The parts that need no server.

use super::fits;
use super::outcome::Outcome;
use super::source::{Form, elements};
use super::state::State;
use super::words;

#[test]
fn patterns_are_as_people_write_them() {
    for (pattern, name, want) in [
        ("shop", "Shop", true),
        ("shop", "shop2", false),
        ("shop*", "shop2", true),
        ("*shop", "my-shop", true),
        ("a*b*c", "a1b2c", true),
        ("a*b*c", "acb", false),
        ("ab*ba", "aba", false),
        ("*", "", true),
    ] {
        assert_eq!(fits(pattern, name), want, "{pattern} {name}");
    }
}

#[test]
fn what_came_is_known_after_a_run_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let open = |read_only| State::open(folder.path(), "https://a", "https://p", read_only);
    let mut state = open(false).unwrap();
    state.put("one", "1").unwrap();
    state.put("two", "1").unwrap();
    state.put("one", "2").unwrap();
    assert!(open(false).is_err(), "two runs at a time");
    drop(state);
    let file = std::fs::read_dir(folder.path().join("portal/import"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    // Killed in the middle of a line, and a disk that wrote something else.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"\xff\xffgarbage\n0123");
    std::fs::write(&file, bytes).unwrap();
    let mut state = open(false).unwrap();
    assert!(state.has("one", "2") && !state.has("one", "1"));
    assert!(state.has("two", "1") && state.knows("two"));
    assert!(!state.knows("three"));
    state.put("three", "1").unwrap();
    drop(state);
    let state = open(true).unwrap();
    assert!(state.has("three", "1") && state.has("one", "2"));
    drop(state);
    let other = State::open(folder.path(), "https://b", "https://p", true).unwrap();
    assert!(!other.knows("one"));
}

#[test]
fn pages_are_read_an_element_at_a_time() {
    let read = |text: &str, form| {
        let mut came = Vec::new();
        elements(text.as_bytes(), form, &mut |value| {
            came.push(value.to_string());
        })
        .map(|total| (total, came))
    };
    assert_eq!(
        read("[1,{\"a\":2}]", Form::List).unwrap(),
        (None, vec!["1".to_owned(), "{\"a\":2}".to_owned()])
    );
    assert_eq!(
        read(
            "{\"count\":7,\"next\":null,\"results\":[1],\"prefetch\":{}}",
            Form::Results
        )
        .unwrap(),
        (Some(7), vec!["1".to_owned()])
    );
    for (text, form) in [
        ("[1,", Form::List),
        ("{}", Form::List),
        ("{\"count\":1}", Form::Results),
        ("[1] x", Form::List),
        (&"[".repeat(100_000), Form::List),
        ("{\"results\":[1]", Form::Results),
    ] {
        assert!(
            read(text, form).is_err(),
            "{}",
            text.get(..10).unwrap_or(text)
        );
    }
}

#[test]
fn every_word_of_an_analysis_has_a_meaning_or_a_reason() {
    for (state, justification, want) in [
        ("EXPLOITABLE", "", "affected"),
        ("IN_TRIAGE", "", "under_investigation"),
        ("RESOLVED", "", "fixed"),
        ("FALSE_POSITIVE", "", "not_affected component_not_present"),
        (
            "NOT_AFFECTED",
            "CODE_NOT_PRESENT",
            "not_affected vulnerable_code_not_present",
        ),
        (
            "NOT_AFFECTED",
            "PROTECTED_AT_PERIMETER",
            "not_affected inline_mitigations_already_exist",
        ),
    ] {
        let meaning = words::of_analysis(state, Some(justification))
            .unwrap()
            .unwrap();
        let told = meaning.justification.map_or_else(
            || meaning.status.to_owned(),
            |why| format!("{} {why}", meaning.status),
        );
        assert_eq!(told, want);
    }
    assert!(words::of_analysis("NOT_SET", None).is_none());
    for (state, justification) in [
        ("NOT_AFFECTED", "NOT_SET"),
        ("NOT_AFFECTED", "X"),
        ("X", ""),
    ] {
        assert!(
            words::of_analysis(state, Some(justification))
                .unwrap()
                .is_err()
        );
    }
}

#[test]
fn hostile_words_are_made_harmless() {
    let mut outcome = Outcome::new("x");
    outcome.not("a", "\u{1b}[31m\nb\u{202e}", &"r".repeat(10_000));
    let line = &outcome.missing[0];
    assert!(!line.name.contains(['\u{1b}', '\n', '\u{202e}']));
    assert!(line.reason.chars().count() < 400);
    assert_eq!(words::name(" a\u{0}\nb "), "ab");
    assert_eq!(
        words::day("2026-12-31T00:00:00Z").as_deref(),
        Some("2026-12-31")
    );
    assert_eq!(words::day("2026-13-31"), None);
    assert_eq!(words::day("é026-12-3"), None);
    assert_eq!(words::day_of(i64::MAX), None);
    assert!(words::reason(["é".repeat(5000).as_str()]).len() <= 4000);
}
