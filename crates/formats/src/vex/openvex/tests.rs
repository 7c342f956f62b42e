//! What OpenVEX says, statement by statement.

use stanchion_model::vex::{Identifier, Justification, Status, VexDocument, VexFormat, VexProduct};

use crate::vex::tests::{other, purl, reasons, statement, written};
use crate::vex::{VexError, read};

/// A document with these statements, which begin on line 5.
fn document(statements: &str) -> VexDocument {
    let text = format!(
        "{{\"@context\": \"https://openvex.dev/ns/v0.2.0\",\n\"@id\": \"https://example.com/vex\",\n\
         \"author\": \"Example\", \"version\": 1,\n\"timestamp\": \"2024-01-01T00:00:00Z\", \"statements\": [\n{statements}\n]}}"
    );
    read(text.as_bytes()).unwrap()
}

const PRODUCT: &str = r#""products": [{"@id": "pkg:npm/a@1"}]"#;
const NAME: &str = r#""vulnerability": {"name": "CVE-2024-0001"}"#;

#[test]
fn everything_of_the_sample() {
    let document = read(include_bytes!("../tests/openvex.json")).unwrap();
    assert_eq!(document.id.as_deref(), Some("https://example.com/vex/1"));
    assert_eq!(document.author.as_deref(), Some("Example Company"));
    assert_eq!(
        document.timestamp.as_deref(),
        Some("2024-04-01T10:00:00.5+02:00")
    );
    let first = &document.statements[0];
    assert_eq!(first.id.as_deref(), Some("https://example.com/vex/1#first"));
    assert_eq!(first.line, 10);
    assert_eq!(first.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_eq!(
        first.justification,
        Some(Justification::VulnerableCodeNotInExecutePath)
    );
    assert_eq!(
        first.impact.as_deref(),
        Some("Never called.\nLooked at by hand.")
    );
    assert_eq!(first.timestamp.as_deref(), Some("2024-02-01T10:00:00Z"));
    let product = &first.products[0];
    assert_eq!(product.identifiers.len(), 4);
    assert_eq!(product.subcomponents[0], purl("pkg:npm/%40a/b@1.0.0"));
    assert_eq!(
        product.subcomponents[1].versions.as_deref(),
        Some("vers:npm/>=1|<2")
    );
    assert_eq!(first.products[1], other("https://example.com/products/2"));
    let second = &document.statements[1];
    assert_eq!(second.action.as_deref(), Some("Update to 2."));
    assert_eq!(second.timestamp.as_deref(), Some("2024-03-01T10:00:00Z"));
    // Two statements about the same: both are kept, in their order.
    let last: Vec<Status> = document.statements[2..]
        .iter()
        .map(|said| said.status)
        .collect();
    assert_eq!(last, [Status::UnderInvestigation, Status::Fixed]);
}

#[test]
fn what_cannot_be_used_is_refused() {
    let long = format!("{NAME}, {PRODUCT}, \"status\": \"{}\"", "x".repeat(200));
    let cut = format!(
        "5: CVE-2024-0001: the status \"{}…\" is not known",
        "x".repeat(79)
    );
    for (statement, want) in [
        ("1", "5: a number where a statement is expected"),
        (
            r#""status": "fixed""#,
            "5: the statement names no vulnerability",
        ),
        (
            r#""vulnerability": 7, "status": "fixed""#,
            "5: a number where a vulnerability is named",
        ),
        (
            r#""vulnerability": {"description": "x"}"#,
            "5: the vulnerability has no name",
        ),
        (
            r#""vulnerability": " ""#,
            "5: the statement names no vulnerability",
        ),
        (
            r#""vulnerability": {"name": "CVE-2024-0001", "aliases": [1]}"#,
            "5: CVE-2024-0001: a number where another name is expected",
        ),
        (NAME, "5: CVE-2024-0001: the statement has no status"),
        (
            &format!("{NAME}, \"status\": []"),
            "5: CVE-2024-0001: the statement has no status",
        ),
        (&long, &cut),
        (
            &format!("{NAME}, \"status\": \"not_affected\", {PRODUCT}, \"status_notes\": \"x\""),
            "5: CVE-2024-0001: `not_affected` with neither a justification nor an impact statement",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"not_affected\", {PRODUCT}, \"justification\": \"code_not_present\""
            ),
            "5: CVE-2024-0001: the justification \"code_not_present\" is not known",
        ),
        (
            &format!("{NAME}, \"status\": \"fixed\""),
            "5: CVE-2024-0001: the statement names no product",
        ),
        (
            &format!("{NAME}, \"status\": \"fixed\", \"products\": []"),
            "5: CVE-2024-0001: the statement names no product",
        ),
        (
            &format!("{NAME}, \"status\": \"fixed\", \"products\": {{\"@id\": \"pkg:npm/a\"}}"),
            "5: CVE-2024-0001: the statement names no product",
        ),
        (
            &format!("{NAME}, \"status\": \"fixed\", \"products\": [\n{{\"@id\": \"pkg:npm/\"}}]"),
            "6: CVE-2024-0001: \"pkg:npm/\" is no purl: a package URL has a type and a name, as in `pkg:npm/lodash`",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"@id\": \"pkg:npm/a\"}}, {{\"identifiers\": {{\n\"purl\": \"npm/a\"}}}}]"
            ),
            "6: CVE-2024-0001: \"npm/a\" is no purl: a package URL begins with `pkg:`",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"identifiers\": {{\"cpe23\": \"a:b\"}}}}]"
            ),
            "5: CVE-2024-0001: \"a:b\" is no CPE name",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"identifiers\": {{\"purl\": 1}}}}]"
            ),
            "5: CVE-2024-0001: the identifier \"purl\" is no string",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"hashes\": {{\"md5\": \"123\"}}}}]"
            ),
            "5: CVE-2024-0001: \"123\" is no hash by MD5",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"hashes\": {{\"sha3-512\": \"123\"}}}}]"
            ),
            "5: CVE-2024-0001: a product is named by nothing",
        ),
        (
            &format!("{NAME}, \"status\": \"fixed\", \"products\": [null]"),
            "5: CVE-2024-0001: null where a product is expected",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"@id\": \"x:y\", \"subcomponents\": [{{}}]}}]"
            ),
            "5: CVE-2024-0001: a product is named by nothing",
        ),
        (
            &format!(
                "{NAME}, \"status\": \"fixed\", \"products\": [{{\"@id\": \"x:y\", \"subcomponents\": 1}}]"
            ),
            "5: CVE-2024-0001: `subcomponents` is a number and no list",
        ),
        (
            &format!("{NAME}, \"status\": \"fixed\", {PRODUCT}, \"timestamp\": \"2024-01-01\""),
            "5: timestamp is \"2024-01-01\" and no time as RFC 3339 writes it",
        ),
    ] {
        let braced = if statement == "1" {
            statement.to_owned()
        } else {
            format!("{{{statement}}}")
        };
        // One that is good stands before and behind: the rest is still read.
        let good = format!("{{{NAME}, {PRODUCT}, \"status\": \"fixed\"}}");
        let document = document(&format!("{braced}, {good}, {good}"));
        assert_eq!(document.statements.len(), 2, "{statement}");
        assert_eq!(reasons(&document), [want], "{statement}");
    }
}

#[test]
fn times_come_from_the_document() {
    let text = |time: &str| {
        format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", {time} "statements": [{{{NAME}, {PRODUCT}, "status": "fixed"}},
            {{{NAME}, {PRODUCT}, "status": "fixed", "timestamp": "2024-02-02T00:00:00Z"}}]}}"#
        )
    };
    let none = read(text("").as_bytes()).unwrap();
    assert_eq!(
        (none.timestamp, &none.statements[0].timestamp),
        (None, &None)
    );
    let updated = r#""timestamp": "2024-01-01T00:00:00Z", "last_updated": "2024-03-03T00:00:00Z","#;
    let both = read(text(updated).as_bytes()).unwrap();
    assert_eq!(both.timestamp.as_deref(), Some("2024-03-03T00:00:00Z"));
    assert_eq!(
        both.statements[0].timestamp.as_deref(),
        Some("2024-01-01T00:00:00Z")
    );
    assert_eq!(
        both.statements[1].timestamp.as_deref(),
        Some("2024-02-02T00:00:00Z")
    );
    // Only what would take it is refused.
    let bad = read(text(r#""timestamp": "soon","#).as_bytes()).unwrap();
    assert_eq!(bad.statements.len(), 1);
    assert_eq!(
        reasons(&bad),
        [
            "1: CVE-2024-0001: the document's timestamp is \"soon\" and no time as RFC 3339 writes it"
        ]
    );
}

#[test]
fn the_form_before_0_2_0() {
    let text = r#"{"@context": "https://openvex.dev/ns", "@id": "x", "author": "a", "version": "1", "statements": [
        {"vulnerability": "CVE-2024-0001", "products": ["pkg:npm/a@1", "pkg:npm/b@1"],
         "subcomponents": ["pkg:npm/c@1", "d"], "status": "fixed"},
        {"vulnerability": "CVE-2024-0002", "products": ["pkg:npm/"], "status": "fixed"}]}"#;
    let document = read(text.as_bytes()).unwrap();
    let said = &document.statements[0];
    let parts = vec![purl("pkg:npm/c@1"), other("d")];
    for (product, name) in said.products.iter().zip(["pkg:npm/a@1", "pkg:npm/b@1"]) {
        let want = VexProduct {
            subcomponents: parts.clone(),
            ..purl(name)
        };
        assert_eq!(*product, want);
    }
    assert_eq!(
        said.lossy,
        [
            "the statement is in the form before OpenVEX 0.2.0",
            "its subcomponents are read as those of each product"
        ]
    );
    assert_eq!(document.refused[0].line, 4);
}

#[test]
fn oddities_are_told() {
    let document = document(&format!(
        r#"{{"vulnerability": {{"@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-0009/"}}, {PRODUCT}, "status": "affected",
           "justification": "component_not_present"}},
           {{{NAME}, "status": "fixed", "products": [{{"@id": "pkg:npm/a", "identifiers": {{"gav": "a:b:1"}},
           "hashes": {{"sha3-512": "ab"}}}}]}}"#
    ));
    assert_eq!(document.statements[0].vulnerability, "CVE-2024-0009");
    assert_eq!(document.statements[0].justification, None);
    assert_eq!(
        document.statements[0].lossy,
        [
            "the vulnerability has no name; its `@id` is read as one",
            "the justification `component_not_present` stands with the status `affected`, of which none is expected"
        ]
    );
    assert_eq!(
        document.statements[1].lossy,
        [
            "an identifier \"gav\" is not read",
            "a hash by \"sha3-512\" is not read"
        ]
    );
}

#[test]
fn names_without_an_iri_are_the_documents_own() {
    let hashed = VexProduct {
        identifiers: vec![Identifier::Hash(stanchion_model::inventory::Hash {
            algorithm: stanchion_model::inventory::Algorithm::Sha1,
            hex: "ab".repeat(20),
        })],
        ..VexProduct::default()
    };
    let products = vec![other("Acme Product 2.4.0 é/#"), hashed];
    let (bytes, losses) = written(
        VexFormat::OpenVex,
        &[statement("CVE-2024-0001", Status::Fixed, products.clone())],
    )
    .unwrap();
    assert_eq!(losses, Vec::<String>::new());
    let again = read(&bytes).unwrap();
    assert_eq!(again.statements[0].products, products);
    let id = again.id.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(&format!("\"{id}#Acme%20Product%202.4.0%20%C3%A9%2F%23\"")));
    // The name of another document's product means nothing else than itself.
    let foreign = document(&format!(
        r#"{{{NAME}, "status": "fixed", "products": [{{"@id": "https://example.com/other#x"}}, {{"@id": "https://example.com/vex#%FF"}}]}}"#
    ));
    let names = &foreign.statements[0].products;
    assert_eq!(names[0], other("https://example.com/other#x"));
    assert_eq!(names[1], other("https://example.com/vex#%FF"));
}

#[test]
fn what_has_no_room_is_named() {
    let mut said = statement("CVE-2024-0001", Status::Affected, vec![purl("pkg:npm/a@1")]);
    said.id = Some("no iri".into());
    said.original = Some("requires_configuration".into());
    said.justification = Some(Justification::ComponentNotPresent);
    said.timestamp = Some("yesterday".into());
    said.products[0].identifiers.extend([
        Identifier::Other("a name".into()),
        Identifier::Cpe("no cpe".into()),
    ]);
    let nested = VexProduct {
        subcomponents: vec![VexProduct {
            subcomponents: vec![other("x")],
            ..other("y")
        }],
        ..other("z")
    };
    let ranged = VexProduct {
        versions: Some("vers:npm/1".into()),
        ..other("w")
    };
    said.products.extend([nested, ranged]);
    let (bytes, losses) = written(VexFormat::OpenVex, &[said]).unwrap();
    assert_eq!(
        losses,
        [
            "CVE-2024-0001: `component_not_present` is no word of `affected`",
            "CVE-2024-0001: \"yesterday\" is no time",
            "CVE-2024-0001: \"no cpe\" is no CPE name",
            "CVE-2024-0001: OpenVEX has no room for 1 of the identifiers of \"a 1\"",
            "CVE-2024-0001: a product is left out: OpenVEX has no parts of parts",
            "CVE-2024-0001: a product is left out: OpenVEX gives a range of versions in a purl only, and \"w\" has none",
            "CVE-2024-0001: the statement's id \"no iri\" is no IRI; it is left out",
            "CVE-2024-0001: OpenVEX has no place for the word \"requires_configuration\"",
            "CVE-2024-0001: OpenVEX asks what to do about `affected`; it says that nothing is stated",
        ]
    );
    assert_eq!(
        read(&bytes).unwrap().statements[0].products,
        [purl("pkg:npm/a@1")]
    );
}

#[test]
fn what_unfolds_to_too_much_is_not_read() {
    // Each of many products would hold each of many parts.
    let parts = vec!["\"pkg:npm/a@1\""; 20_000].join(",");
    let text = format!(
        r#"{{"@context": "https://openvex.dev/ns", "statements": [{{"vulnerability": "CVE-2024-0001",
        "products": [{parts}], "subcomponents": [{parts}], "status": "fixed"}}]}}"#
    );
    let error = read(text.as_bytes()).unwrap_err();
    assert!(matches!(error, VexError::Unusable(_)), "{error}");
    assert!(error.to_string().contains("fill the memory"), "{error}");
}
