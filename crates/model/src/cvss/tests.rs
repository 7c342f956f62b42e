use std::collections::BTreeSet;

use proptest::prelude::*;

use super::samples::{V2, V3, V4};
use super::*;

fn scores(vector: &str) -> [Option<f64>; 3] {
    let vector = Vector::parse(vector).unwrap();
    [
        Some(vector.base_score()),
        vector.temporal_score(),
        vector.environmental_score(),
    ]
}

#[test]
fn samples_have_their_scores() {
    for (vector, expected) in V2.iter().chain(&V3) {
        assert_eq!(scores(vector), *expected, "{vector}");
    }
    for (vector, expected) in V4 {
        assert_eq!(
            Vector::parse(vector).unwrap().score().to_string(),
            expected.to_string(),
            "{vector}"
        );
    }
}

#[test]
fn samples_hold_every_value() {
    let all = |version: Version| -> BTreeSet<String> {
        let metrics = table(version).iter();
        metrics
            .flat_map(|m| m.values.iter().map(|v| format!("{}:{}", m.short, v.0)))
            .collect()
    };
    let held = |vectors: &[&str]| -> BTreeSet<String> {
        vectors
            .iter()
            .flat_map(|v| v.split('/').map(str::to_owned))
            .collect()
    };
    for (version, vectors) in [
        (Version::V2, V2.map(|row| row.0).to_vec()),
        (Version::V31, V3.map(|row| row.0).to_vec()),
        (Version::V40, V4.map(|row| row.0).to_vec()),
    ] {
        let held = held(&vectors);
        let missing: Vec<_> = all(version)
            .into_iter()
            .filter(|v| !held.contains(v))
            .collect();
        assert!(missing.is_empty(), "{version}: {missing:?}");
    }
}

/// Holds whole files against the scores: `STANCHION_CVSS_VECTORS` names a folder of files whose
/// lines are `vector - (base, temporal, environmental)`, or `vector - score` for 4.0, `None` where
/// there is no score. Such files are others', so none is kept here.
#[test]
fn files_of_a_folder() {
    let Some(folder) = std::env::var_os("STANCHION_CVSS_VECTORS") else {
        return;
    };
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        for (vector, expected) in text.lines().filter_map(|line| line.split_once(" - ")) {
            let expected: Vec<Option<f64>> = expected
                .split(|c| "(), ".contains(c))
                .filter(|word| !word.is_empty())
                .map(|word| word.parse().ok())
                .collect();
            let parsed = Vector::parse(vector).unwrap();
            let got = match parsed.version() {
                Version::V40 => vec![Some(parsed.score())],
                _ => scores(vector).to_vec(),
            };
            count += 1;
            if got != expected {
                wrong.push(format!("{vector}: {got:?} instead of {expected:?}"));
            }
        }
    }
    println!("{count} vectors");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn overall_score_takes_what_is_given() {
    let score = |vector: &str| Vector::parse(vector).unwrap().score();
    let base = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H";
    assert_eq!(score(base).to_string(), "10");
    assert_eq!(score(&format!("{base}/E:U")).to_string(), "9.1");
    assert_eq!(score(&format!("{base}/E:U/MA:N")).to_string(), "9.1");
    assert_eq!(
        score(&format!("{base}/E:U/MC:N/MI:N/MA:N")).to_string(),
        "0"
    );
    // "Not defined" counts as not given: the base score it is, whatever the formula of the
    // environmental score makes of it.
    let base = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H/E:X/MAV:X";
    assert_eq!(score(base).to_string(), "9.9");
    let four = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    let parsed = Vector::parse(&format!("{four}/E:U/CR:L/MVA:N/S:P/U:Red")).unwrap();
    assert_eq!(parsed.base_score().to_string(), score(four).to_string());
    assert_eq!(
        parsed.temporal_score().unwrap().to_string(),
        score(&format!("{four}/E:U")).to_string()
    );
    assert_eq!(
        parsed.environmental_score().unwrap().to_string(),
        parsed.score().to_string()
    );
    assert_eq!(Vector::parse(four).unwrap().temporal_score(), None);
    assert_eq!(Vector::parse(four).unwrap().environmental_score(), None);
}

#[test]
fn forms_that_are_accepted() {
    let canonical = |text: &str| Vector::parse(text).unwrap().to_string();
    let two = "AV:N/AC:L/Au:N/C:C/I:P/A:N";
    for form in [
        "{}",
        "({})",
        "CVSS:2.0/{}",
        "CVSS2#{}",
        "(CVSS:2.0/{})",
        " {}\n",
        "CVSS2#({})",
    ] {
        assert_eq!(canonical(&form.replace("{}", two)), two, "{form}");
    }
    assert_eq!(
        canonical("CVSS:3.0/S:C/C:H/I:H/A:N/AV:P/AC:H/PR:H/UI:R/E:H/IR:X/MAC:H/CR:H"),
        "CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:C/C:H/I:H/A:N/E:H/CR:H/MAC:H"
    );
    assert_eq!(
        canonical("CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/SC:N/VC:H/VI:H/VA:H/SI:N/SA:N/U:Amber/E:X"),
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:Amber"
    );
}

#[test]
fn errors_say_what_is_wrong_and_allowed() {
    const THREE: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H";
    let error = |text: &str| Vector::parse(text).unwrap_err().to_string();
    assert_eq!(
        error(THREE),
        "the base metric A of CVSS 3.1 is missing; it has the values N, L, H"
    );
    assert_eq!(
        error(&format!("{THREE}/A:X")),
        "metric A of CVSS 3.1 has no value `X`; it has N, L, H"
    );
    assert_eq!(
        error(&format!("{THREE}/A:H/A:H")),
        "metric A is given twice"
    );
    assert_eq!(
        error(&format!("{THREE}/A:H/")),
        "`` is not of the form metric:value"
    );
    assert_eq!(
        error(&format!("{THREE}/A:H xx")),
        "metric A of CVSS 3.1 has no value `H xx`; it has N, L, H"
    );
    assert!(
        error(&format!("{THREE}/A:H/Au:N")).starts_with("CVSS 3.1 has no metric `Au`; it has AV,")
    );
    for text in [
        "",
        "/",
        "CVSS",
        "CVSS:3.1",
        "CVSS:3.1/",
        "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "cvss:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:n/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/av:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1//AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:ND",
        "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "(AV:N/AC:L/Au:N/C:C/I:P/A:N",
        "AV:N/AC:L/Au:N/C:C/I:P/A:N)",
        "AV:A/AC:L/Au:M/C:C/I:P/A:C/TD:M/IR:H/ARH",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:red",
    ] {
        assert!(Vector::parse(text).is_err(), "{text}");
    }
}

#[test]
fn metrics_and_words() {
    let vector = Vector::parse("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:C/C:L/I:N/A:H/E:X").unwrap();
    assert_eq!(vector.metric("AV"), Some("N"));
    assert_eq!(vector.metric("E"), Some("X"));
    assert_eq!(vector.metric("RL"), None);
    assert_eq!(vector.metrics().count(), 9);
    let words = vector.explain();
    assert_eq!(words[0], ("Attack Vector", "Network"));
    assert_eq!(words[4], ("Scope", "Changed"));
    assert_eq!(words.len(), 8);
}

#[test]
fn severity_words() {
    let severity = |vector: &str| Vector::parse(vector).unwrap().severity();
    assert_eq!(severity("AV:L/AC:H/Au:M/C:N/I:N/A:N"), Severity::Low);
    assert_eq!(severity("AV:N/AC:L/Au:N/C:C/I:C/A:C"), Severity::High);
    assert_eq!(
        severity("CVSS:3.0/AV:N/AC:H/PR:L/UI:N/S:C/C:N/I:N/A:N"),
        Severity::None
    );
    assert_eq!(
        severity("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        Severity::Critical
    );
    for (score, word) in [
        (0.0, Severity::None),
        (0.1, Severity::Low),
        (3.9, Severity::Low),
        (4.0, Severity::Medium),
        (6.9, Severity::Medium),
        (7.0, Severity::High),
        (8.9, Severity::High),
        (9.0, Severity::Critical),
        (f64::NAN, Severity::None),
        (f64::INFINITY, Severity::Critical),
    ] {
        assert_eq!(Severity::from_score(score), word, "{score}");
    }
    assert!(Severity::ALL.is_sorted());
    assert_eq!(Severity::from_word(" Important "), Some(Severity::High));
    assert_eq!(Severity::from_word("MODERATE"), Some(Severity::Medium));
    assert_eq!(Severity::from_word("low**"), Some(Severity::Low));
    assert_eq!(Severity::from_word("not yet assigned"), None);
    assert_eq!(serde_json::to_string(&Severity::High).unwrap(), "\"high\"");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>(), head in "(CVSS:[234]\\.[01]/)?") {
        let _ = Vector::parse(&format!("{head}{text}"));
    }

    #[test]
    fn any_vector_survives_and_has_scores(version in 0..4_usize, places in any::<[u8; MOST]>()) {
        let version = [Version::V2, Version::V30, Version::V31, Version::V40][version];
        let mut values = [ABSENT; MOST];
        for (at, metric) in table(version).iter().enumerate() {
            let count = metric.values.len() as u8 + u8::from(metric.group != Group::Base);
            let place = places[at] % count;
            values[at] = if usize::from(place) < metric.values.len() { place } else { ABSENT };
        }
        let vector = Vector { version, values };
        let again = Vector::parse(&vector.to_string()).unwrap();
        prop_assert_eq!(again.score().to_bits(), vector.score().to_bits());
        prop_assert_eq!(again.to_string(), vector.to_string());
        for score in [Some(vector.base_score()), vector.temporal_score(), vector.environmental_score()] {
            prop_assert!(score.is_none_or(|score| (0.0..=10.0).contains(&score)));
        }
    }
}
