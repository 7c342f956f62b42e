//! What CycloneDX says, vulnerability by vulnerability.

use stanchion_model::vex::{
    Identifier, Justification, Statement, Status, VexDocument, VexFormat, VexProduct,
};

use super::words::{REASONS, STATES};
use crate::vex::read;
use crate::vex::tests::{other, purl, reasons, statement, validate, written};

/// A document with these vulnerabilities, which begin on line 9.
fn document(vulnerabilities: &str) -> VexDocument {
    let text = format!(
        r#"{{"bomFormat": "CycloneDX", "specVersion": "1.7", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {{"timestamp": "2024-01-01T00:00:00Z", "component": {{"bom-ref": "top", "type": "application", "name": "top", "version": "1"}}}},
        "components": [
        {{"bom-ref": "a", "name": "a", "version": "1.0", "purl": "pkg:npm/a@1.0", "cpe": "cpe:/a:a:1.0"}},
        {{"bom-ref": "top", "type": "application", "name": "top", "version": "1"}},
        {{"bom-ref": "twice", "name": "b"}}, {{"bom-ref": "twice", "name": "c"}},
        {{"bom-ref": "bad", "name": "d", "purl": "pkg:npm/"}}, {{"bom-ref": "nameless"}}, {{"bom-ref": "n", "group": "g", "name": "n", "version": "2"}}],
        "services": [{{"bom-ref": "s", "name": "service"}}], "vulnerabilities": [
{vulnerabilities}
]}}"#
    );
    read(text.as_bytes()).unwrap()
}

fn vulnerability(analysis: &str, affects: &str) -> String {
    format!(r#"{{"id": "CVE-2024-0001", "analysis": {{{analysis}}}, "affects": [{affects}]}}"#)
}

const FIXED: &str = r#""state": "resolved""#;

/// The products of the only statement.
fn products(affects: &str) -> Vec<VexProduct> {
    let document = document(&vulnerability(FIXED, affects));
    assert_eq!(reasons(&document), Vec::<String>::new());
    assert_eq!(document.statements.len(), 1);
    document.statements[0].products.clone()
}

#[test]
fn everything_of_the_sample() {
    let document = read(include_bytes!("../tests/cyclonedx.json")).unwrap();
    assert_eq!(
        document.id.as_deref(),
        Some("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79")
    );
    assert_eq!(document.author.as_deref(), Some("Example Company"));
    assert_eq!(document.subject, Some(other("shop 1.0")));
    let first = &document.statements[0];
    assert_eq!(first.id.as_deref(), Some("one"));
    assert_eq!(first.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_eq!(first.impact.as_deref(), Some("The setting is off."));
    assert_eq!(first.action.as_deref(), Some("will_not_fix, update"));
    assert_eq!(first.timestamp.as_deref(), Some("2024-02-01T10:00:00Z"));
    assert_eq!(first.original.as_deref(), Some("requires_configuration"));
    let inner = VexProduct {
        subcomponents: vec![purl("pkg:npm/inner@1.0.0")],
        ..other("shop 1.0")
    };
    assert_eq!(first.products, [other("shop 1.0"), inner]);
    let said: Vec<(Status, usize)> = document.statements[1..4]
        .iter()
        .map(|said| (said.status, said.products[0].identifiers.len()))
        .collect();
    // Below 2.0.0 by name, at 2.0.0 by its purl alone, at its own version by all that it has.
    assert_eq!(
        said,
        [
            (Status::Affected, 3),
            (Status::Fixed, 1),
            (Status::UnderInvestigation, 3)
        ]
    );
    assert_eq!(
        document.statements[2].products,
        [purl("pkg:npm/%40a/left@2.0.0")]
    );
    assert_eq!(
        document.statements[2].action.as_deref(),
        Some("Update to 3.")
    );
    let elsewhere = &document.statements[4].products[0].identifiers;
    assert_eq!(elsewhere.len(), 2);
    // A vulnerability without an analysis is no statement where others have one.
    assert_eq!(document.statements.len(), 5);
}

#[test]
fn states_and_justifications() {
    for state in &STATES {
        for reason in &REASONS {
            let (state_word, word) = (state.word, reason.word);
            let analysis = format!(r#""state": "{state_word}", "justification": "{word}""#);
            let document = document(&vulnerability(&analysis, r#"{"ref": "a"}"#));
            let said = &document.statements[0];
            assert_eq!(said.status, state.status);
            let closed = state.status == Status::NotAffected;
            assert_eq!(said.justification, closed.then_some(reason.label), "{word}");
            let original = state.lossy.map(|_| state.word);
            let original = original.or(reason.lossy.filter(|_| closed).map(|_| reason.word));
            assert_eq!(said.original.as_deref(), original);
            assert_eq!(said.lossy.is_empty(), original.is_none() && closed);
        }
    }
    let alone = document(&vulnerability(
        r#""state": "false_positive""#,
        r#"{"ref": "a"}"#,
    ));
    let said = &alone.statements[0];
    assert_eq!(said.justification, Some(Justification::ComponentNotPresent));
    assert_eq!(said.lossy.len(), 1);
    let detail = document(&vulnerability(
        r#""state": "not_affected", "detail": "x""#,
        r#"{"ref": "a"}"#,
    ));
    let said = &detail.statements[0];
    assert_eq!(
        (said.justification, said.impact.as_deref()),
        (None, Some("x"))
    );
}

#[test]
fn what_is_referred_to() {
    let a = VexProduct {
        identifiers: vec![
            purl("pkg:npm/a@1.0").identifiers.remove(0),
            Identifier::Cpe("cpe:/a:a:1.0".into()),
        ],
        ..VexProduct::default()
    };
    for (reference, want) in [
        ("a", a.clone()),
        (
            "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#a",
            a.clone(),
        ),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#%61", a),
        ("top", other("top 1")),
        ("n", other("g/n 2")),
        ("s", other("service")),
        ("nowhere", other("nowhere")),
        ("pkg:npm/z@1", purl("pkg:npm/z@1")),
        (
            "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2#a",
            other("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2#a"),
        ),
    ] {
        assert_eq!(
            products(&format!(r#"{{"ref": "{reference}"}}"#)),
            [want],
            "{reference}"
        );
    }
    let link = "urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm/z@1";
    let mut linked = other(link);
    linked.identifiers.extend(purl("pkg:npm/z@1").identifiers);
    assert_eq!(products(&format!(r#"{{"ref": "{link}"}}"#)), [linked]);
}

#[test]
fn versions() {
    let ranged = |mut product: VexProduct, range: &str| {
        product.versions = Some(range.into());
        product
    };
    for (reference, version, want) in [
        ("a", r#""version": "2.0""#, purl("pkg:npm/a@2.0")),
        ("n", r#""version": "3""#, other("g/n 3")),
        (
            "n",
            r#""range": "vers:generic/<3""#,
            ranged(other("g/n"), "vers:generic/<3"),
        ),
        (
            "x:y",
            r#""version": "1 |é""#,
            ranged(other("x:y"), "vers:generic/1%20%7C%C3%A9"),
        ),
        (
            "x:y",
            r#""range": "vers:npm/1""#,
            ranged(other("x:y"), "vers:npm/1"),
        ),
        ("pkg:npm/z@1", r#""version": "2""#, purl("pkg:npm/z@2")),
        (
            "pkg:npm/z@1",
            r#""range": "vers:npm/<2""#,
            ranged(purl("pkg:npm/z"), "vers:npm/<2"),
        ),
    ] {
        let affects = format!(r#"{{"ref": "{reference}", "versions": [{{{version}}}]}}"#);
        assert_eq!(products(&affects), [want], "{reference} {version}");
    }
    let cpe_too =
        products(r#"{"ref": "a", "versions": [{"range": "vers:npm/<2"}, {"version": "1.0"}]}"#);
    assert_eq!(cpe_too[0].identifiers.len(), 2);
    assert_eq!(cpe_too[0].versions.as_deref(), Some("vers:npm/<2"));
    assert_eq!(cpe_too[1].versions, None);
}

#[test]
fn statuses_of_versions() {
    let all = [
        ("exploitable", "affected", Some(Status::Affected)),
        ("exploitable", "unaffected", None),
        ("exploitable", "unknown", Some(Status::UnderInvestigation)),
        ("in_triage", "affected", Some(Status::UnderInvestigation)),
        ("in_triage", "unaffected", None),
        ("in_triage", "unknown", Some(Status::UnderInvestigation)),
        ("resolved", "affected", Some(Status::Fixed)),
        ("resolved", "unaffected", Some(Status::Fixed)),
        ("resolved", "unknown", Some(Status::UnderInvestigation)),
        ("false_positive", "affected", Some(Status::NotAffected)),
        ("false_positive", "unaffected", Some(Status::NotAffected)),
        (
            "false_positive",
            "unknown",
            Some(Status::UnderInvestigation),
        ),
        ("resolved", "fixed", None),
    ];
    for (state, word, want) in all {
        let affects =
            format!(r#"{{"ref": "a", "versions": [{{"version": "1.0", "status": "{word}"}}]}}"#);
        let document = document(&vulnerability(&format!(r#""state": "{state}""#), &affects));
        let said = document.statements.first().map(|said| said.status);
        assert_eq!(said, want, "{state} {word}");
        assert_eq!(document.refused.len(), usize::from(want.is_none()));
        let closed = want.is_some_and(Status::closes);
        let told = document.statements.iter().flat_map(|said| &said.lossy);
        let told = told
            .filter(|lossy| lossy.contains("listed as affected"))
            .count();
        assert_eq!(told, usize::from(closed && word == "affected"));
    }
    // Told apart, those that are affected are.
    let affects = r#"{"ref": "a", "versions": [{"range": "vers:npm/<2", "status": "affected"}, {"version": "2", "status": "unaffected"}]}"#;
    let document = document(&vulnerability(
        r#""state": "not_affected", "justification": "code_not_present""#,
        affects,
    ));
    let said: Vec<(Status, bool)> = document
        .statements
        .iter()
        .map(|said| (said.status, said.justification.is_some()))
        .collect();
    assert_eq!(
        said,
        [(Status::Affected, false), (Status::NotAffected, true)]
    );
}

#[test]
fn what_cannot_be_used_is_refused() {
    let ok = r#"{"ref": "a"}"#;
    for (text, want) in [
        ("1".to_owned(), "9: a vulnerability has no id"),
        (
            r#"{"analysis": {"state": "resolved"}}"#.to_owned(),
            "9: a vulnerability has no id",
        ),
        (
            vulnerability("", ok),
            "9: CVE-2024-0001: the analysis has no state",
        ),
        (
            r#"{"id": "X", "analysis": "resolved"}"#.to_owned(),
            "9: X: the analysis has no state",
        ),
        (
            vulnerability(r#""state": "fixed""#, ok),
            "9: CVE-2024-0001: the state \"fixed\" is not known",
        ),
        (
            vulnerability(
                r#""state": "not_affected", "justification": "component_not_present""#,
                ok,
            ),
            "9: CVE-2024-0001: the justification \"component_not_present\" is not known",
        ),
        (
            vulnerability(r#""state": "not_affected""#, ok),
            "9: CVE-2024-0001: `not_affected` with neither a justification nor a detail",
        ),
        (
            vulnerability(r#""state": "resolved", "lastUpdated": "now""#, ok),
            "9: CVE-2024-0001: lastUpdated is \"now\" and no time as RFC 3339 writes it",
        ),
        (
            vulnerability(FIXED, ""),
            "9: CVE-2024-0001: it affects no product",
        ),
        (
            vulnerability(FIXED, "\n{}"),
            "10: CVE-2024-0001: `affects` without a `ref`",
        ),
        (
            vulnerability(FIXED, r#"{"ref": "twice"}"#),
            "9: CVE-2024-0001: \"twice\": two components have the bom-ref \"twice\"",
        ),
        (
            vulnerability(FIXED, r#"{"ref": "bad"}"#),
            "9: CVE-2024-0001: \"bad\": \"pkg:npm/\" is no purl: a package URL has a type and a name, as in `pkg:npm/lodash`",
        ),
        (
            vulnerability(FIXED, r#"{"ref": "nameless"}"#),
            "9: CVE-2024-0001: \"nameless\": a component has no name",
        ),
        (
            vulnerability(FIXED, r#"{"ref": "a", "versions": [{"range": "<2"}]}"#),
            "9: CVE-2024-0001: \"<2\" is no range of versions in VERS notation",
        ),
        (
            vulnerability(FIXED, r#"{"ref": "a", "versions": [{}]}"#),
            "9: CVE-2024-0001: an entry of `versions` has neither a version nor a range",
        ),
        (
            vulnerability(
                FIXED,
                r#"{"ref": "a", "versions": [{"version": "1", "range": "vers:npm/1"}]}"#,
            ),
            "9: CVE-2024-0001: a version and a range in one entry",
        ),
    ] {
        let document = document(&format!("{text}, {}", vulnerability(FIXED, ok)));
        assert_eq!(document.statements.len(), 1, "{text}");
        assert_eq!(reasons(&document), [want]);
    }
    // What is good beside it is still read.
    let both = document(&vulnerability(
        FIXED,
        r#"{"ref": "twice"}, {"ref": "a", "versions": [{}, {"version": "1.0"}]}"#,
    ));
    assert_eq!(
        (both.statements[0].products.len(), both.refused.len()),
        (1, 2)
    );
}

#[test]
fn a_document_without_any_analysis() {
    let none = r#"{"id": "CVE-2024-0001", "affects": [{"ref": "a"}]}"#;
    let document = document(&format!("{none}, {none}"));
    assert_eq!(
        reasons(&document),
        vec!["9: \"CVE-2024-0001\" has no analysis, and no other has one"; 2]
    );
    assert_eq!(document.statements.len(), 0);
}

#[test]
fn components_in_components_are_bounded() {
    let mut inner = r#"{"bom-ref": "x", "name": "x"}"#.to_owned();
    for _ in 0..10 {
        inner = format!(r#"{{"name": "y", "components": [{inner}]}}"#);
    }
    let text = format!(
        r#"{{"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [{inner}], "vulnerabilities": [{}]}}"#,
        vulnerability(FIXED, r#"{"ref": "x"}"#)
    );
    let document = read(text.as_bytes()).unwrap();
    assert_eq!(
        reasons(&document),
        ["1: CVE-2024-0001: \"x\": its component stands in more than 8 others"]
    );
    // A product with a long name to which many refer.
    let long = "n".repeat(100_000);
    let refs = vec![r#"{"ref": "x"}"#; 5_000].join(",");
    let text = format!(
        r#"{{"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [{{"bom-ref": "x", "name": "{long}"}}],
        "vulnerabilities": [{}]}}"#,
        vulnerability(FIXED, &refs)
    );
    assert!(
        read(text.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("fill the memory")
    );
}

#[test]
fn words_that_say_less_are_named() {
    let mut all: Vec<Statement> = Vec::new();
    for (label, original) in [
        (Justification::ComponentNotPresent, None),
        (Justification::ComponentNotPresent, Some("false_positive")),
        (
            Justification::InlineMitigationsAlreadyExist,
            Some("protected_at_runtime"),
        ),
        (
            Justification::InlineMitigationsAlreadyExist,
            Some("first_fixed"),
        ),
    ] {
        let mut said = statement(
            "CVE-2024-0001",
            Status::NotAffected,
            vec![purl("pkg:npm/a@1")],
        );
        said.justification = Some(label);
        said.original = original.map(str::to_owned);
        all.push(said);
    }
    let mut fixed = statement("CVE-2024-0001", Status::Fixed, vec![purl("pkg:npm/a@1")]);
    fixed.original = Some("resolved_with_pedigree".into());
    fixed.id = Some("urn:cdx:x".into());
    all.push(fixed);
    let (bytes, losses) = written(VexFormat::CycloneDx, &all).unwrap();
    assert_eq!(
        losses,
        [
            "CVE-2024-0001: the statement's id \"urn:cdx:x\" cannot be told apart; it is left out",
            "CVE-2024-0001: CycloneDX has no word for `component_not_present`; `code_not_present` is the nearest",
            "CVE-2024-0001: CycloneDX has no place for the word \"first_fixed\"",
            "CVE-2024-0001: CycloneDX has no word for `inline_mitigations_already_exist`; `protected_by_mitigating_control` is the nearest",
        ]
    );
    validate(
        VexFormat::CycloneDx,
        &serde_json::from_slice(&bytes).unwrap(),
    );
    let again = read(&bytes).unwrap();
    let words: Vec<Option<&str>> = again
        .statements
        .iter()
        .map(|said| said.original.as_deref())
        .collect();
    assert_eq!(
        words,
        [
            None,
            Some("false_positive"),
            Some("protected_at_runtime"),
            Some("protected_by_mitigating_control"),
            Some("resolved_with_pedigree"),
        ]
    );
}

#[test]
fn what_has_no_room_is_named() {
    let holder = VexProduct {
        versions: Some("vers:npm/<2".into()),
        subcomponents: vec![other("part")],
        ..purl("pkg:npm/b")
    };
    let long = VexProduct {
        versions: Some(format!("vers:npm/{}", "1".repeat(5000))),
        ..purl("pkg:npm/c")
    };
    let mut many = purl("pkg:npm/d@1");
    many.identifiers.extend(purl("pkg:npm/e@1").identifiers);
    many.identifiers.push(Identifier::Other("x".into()));
    let said = statement("CVE-2024-0001", Status::Fixed, vec![holder, long, many]);
    let (bytes, losses) = written(VexFormat::CycloneDx, &[said]).unwrap();
    assert_eq!(
        losses,
        [
            "CVE-2024-0001: a product is left out: CycloneDX has no range of versions for \"b\", of which a part is meant",
            "CVE-2024-0001: a product is left out: its range is longer than 4096 characters",
            "CVE-2024-0001: CycloneDX has no room for 2 of the identifiers of \"d 1\"",
        ]
    );
    assert_eq!(
        read(&bytes).unwrap().statements[0].products,
        [purl("pkg:npm/d@1")]
    );
}
