//! What holds for all formats: which one a document is in, what makes it unusable, and that what is written is valid
//! and reads as it was.

mod csaf_rules;
mod generate;
mod round_trip;

use std::sync::LazyLock;

use jsonschema::{Retrieve, Uri, Validator};
use proptest::prelude::*;
use serde_json::Value;
use stanchion_model::vex::{
    Identifier, Justification, Statement, Status, VexDocument, VexFormat, VexProduct,
};

use super::{Publisher, VexError, read, write};
use crate::testing::{HOSTILE, STAMP, schema};

pub(super) const PUBLISHER: Publisher<'static> = Publisher {
    author: "Example Company",
    role: None,
    namespace: "https://example.com/vex",
    stamp: STAMP,
    version: 1,
};

const FORMATS: [VexFormat; 3] = [VexFormat::OpenVex, VexFormat::Csaf, VexFormat::CycloneDx];

/// A document of each format that has a bit of everything.
const SAMPLES: [&str; 3] = [
    include_str!("openvex.json"),
    include_str!("csaf.json"),
    include_str!("cyclonedx.json"),
];

/// Finds what a schema refers to.
struct Near(&'static str);

impl Retrieve for Near {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        schema(&format!("{}/{name}", self.0)).ok_or_else(|| name.into())
    }
}

fn validator(path: &str, near: &'static str) -> Option<Validator> {
    let options = jsonschema::options()
        .with_retriever(Near(near))
        .should_validate_formats(true);
    Some(options.build(&schema(path)?).unwrap())
}

static OPENVEX: LazyLock<Option<Validator>> =
    LazyLock::new(|| validator("openvex/openvex-0.2.0.schema.json", "openvex"));
static CSAF: LazyLock<Option<Validator>> =
    LazyLock::new(|| validator("csaf/2.0/csaf_json_schema.json", "csaf/2.0/referenced"));
static CYCLONEDX: LazyLock<Option<Validator>> =
    LazyLock::new(|| validator("cyclonedx/bom-1.6.schema.json", "cyclonedx"));

/// Fails with what a document breaks of its format's schema and rules.
pub(super) fn validate(format: VexFormat, document: &Value) {
    let validator = match format {
        VexFormat::OpenVex => &OPENVEX,
        VexFormat::Csaf => &CSAF,
        VexFormat::CycloneDx => &CYCLONEDX,
    };
    if let Some(validator) = validator.as_ref() {
        let errors: Vec<String> = validator
            .iter_errors(document)
            .take(10)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{format:?}:\n{}", errors.join("\n"));
    }
    if format == VexFormat::Csaf {
        csaf_rules::check(document);
    }
}

/// Writes, twice, to the same bytes.
pub(super) fn written(
    format: VexFormat,
    statements: &[Statement],
) -> std::io::Result<(Vec<u8>, Vec<String>)> {
    let (mut once, mut again) = (Vec::new(), Vec::new());
    let losses = write(format, statements, &PUBLISHER, &mut once)?;
    assert_eq!(losses, write(format, statements, &PUBLISHER, &mut again)?);
    assert_eq!(once, again, "two runs differ");
    Ok((once, losses))
}

pub(super) fn other(name: &str) -> VexProduct {
    VexProduct {
        identifiers: vec![Identifier::Other(name.into())],
        ..VexProduct::default()
    }
}

pub(super) fn purl(text: &str) -> VexProduct {
    let purl = stanchion_model::purl::Purl::parse_lenient(text).unwrap();
    VexProduct {
        identifiers: vec![Identifier::Purl(purl)],
        ..VexProduct::default()
    }
}

pub(super) fn statement(
    vulnerability: &str,
    status: Status,
    products: Vec<VexProduct>,
) -> Statement {
    Statement {
        id: None,
        vulnerability: vulnerability.into(),
        aliases: Vec::new(),
        products,
        status,
        justification: None,
        impact: None,
        action: None,
        timestamp: None,
        original: None,
        lossy: Vec::new(),
        line: 0,
    }
}

/// Why each refused statement is refused.
pub(super) fn reasons(document: &VexDocument) -> Vec<String> {
    let refused = document.refused.iter();
    refused
        .map(|refused| format!("{}: {}", refused.line, refused.reason))
        .collect()
}

#[test]
fn the_samples_are_whole() {
    for (sample, format) in SAMPLES.iter().zip(FORMATS) {
        let document = read(sample.as_bytes()).unwrap();
        assert_eq!(document.format, format);
        assert_eq!(reasons(&document), Vec::<String>::new());
        assert!(document.statements.len() >= 4, "{format:?}");
        let marked: Vec<u8> = [b"\xEF\xBB\xBF", sample.as_bytes()].concat();
        assert_eq!(read(&marked).unwrap(), document);
        let lines = sample.lines().count() as u32;
        assert!(
            document
                .statements
                .iter()
                .all(|said| (2..lines).contains(&said.line))
        );
    }
}

#[test]
fn a_document_is_known_by_its_content() {
    for unknown in [
        "{}",
        "[]",
        "1",
        "null",
        r#"{"@context": "https://schema.org"}"#,
        r#"{"@context": "https://openvex.dev/nsx"}"#,
        r#"{"document": {"title": "x"}}"#,
        r#"{"document": "csaf_version"}"#,
        r#"{"bomFormat": "SPDX"}"#,
        r#"{"spdxVersion": "SPDX-2.3"}"#,
    ] {
        let error = read(unknown.as_bytes()).unwrap_err();
        assert_eq!(error, VexError::Unknown, "{unknown}");
        for name in ["OpenVEX", "CSAF", "CycloneDX"] {
            assert!(error.to_string().contains(name));
        }
    }
    let both =
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "document": {"csaf_version": "2.0"}}"#;
    assert_eq!(
        read(both.as_bytes()).unwrap_err().to_string(),
        "line 1: the document says that it is csaf and that it is cyclonedx"
    );
}

#[test]
fn versions_that_are_not_known_are_not_read() {
    for (text, want) in [
        (
            r#"{"@context": "https://openvex.dev/ns/v1.0.0", "statements": []}"#,
            "line 1: OpenVEX \"v1.0.0\" is not known; versions up to 0.2.0 are read",
        ),
        (
            "{\"document\":\n{\"csaf_version\": \"3.0\"}}",
            "line 2: CSAF \"3.0\" is not known; 2.0 and 2.1 are read",
        ),
        (
            "{\"bomFormat\": \"CycloneDX\",\n\"specVersion\": \"1.3\"}",
            "line 2: CycloneDX \"1.3\" is not known for VEX; 1.4 to 1.7 are read",
        ),
        (
            r#"{"bomFormat": "CycloneDX"}"#,
            "line 1: CycloneDX \"null\" is not known for VEX; 1.4 to 1.7 are read",
        ),
        (
            "{\"@context\": \"https://openvex.dev/ns\",\n\"statements\": {}}",
            "line 2: `statements` is an object and no list",
        ),
        (
            r#"{"@context": ["https://openvex.dev/ns/v0.2.0"]}"#,
            "line 1: the document has no `statements`",
        ),
        (
            r#"{"document": {"csaf_version": "2.0"}, "vulnerabilities": 1}"#,
            "line 1: `vulnerabilities` is a number and no list",
        ),
        (
            r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": "x"}"#,
            "line 1: `vulnerabilities` is a string and no list",
        ),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert!(matches!(error, VexError::Unusable(_)), "{text}");
        assert_eq!(error.to_string(), want);
    }
}

#[test]
fn half_a_document_is_none() {
    for sample in SAMPLES {
        let whole = sample.trim_end().len();
        for end in (0..whole).step_by(7).chain([whole - 1]) {
            let error = read(&sample.as_bytes()[..end]).unwrap_err();
            let VexError::Broken(error) = error else {
                panic!("{end}: {error}")
            };
            let line = 1 + sample[..end].matches('\n').count() as u32;
            assert_eq!(error.line, line, "{end}");
        }
    }
}

#[test]
fn what_is_read_in_two_ways_is_not_read() {
    for sample in SAMPLES {
        let twice = sample.replacen("\"version\":", "\"version\": 7, \"version\":", 1);
        let error = read(twice.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("\"version\" stands twice"), "{error}");
    }
    let damaged = [SAMPLES[0].as_bytes(), b"\"\xff"].concat();
    assert!(matches!(read(&damaged), Err(VexError::Broken(_))));
    assert!(matches!(read(b"\x7fELF\0\0"), Err(VexError::Broken(_))));
    let deep = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"x\":{}",
        "[".repeat(100_000)
    );
    assert!(matches!(read(deep.as_bytes()), Err(VexError::Broken(_))));
}

#[test]
fn every_justification_and_status_in_every_format() {
    let mut statements = Vec::new();
    for (number, label) in Justification::ALL.into_iter().enumerate() {
        let id = format!("CVE-2024-100{number}");
        let mut one = statement(&id, Status::NotAffected, vec![purl("pkg:npm/%40a/b@1.0")]);
        one.justification = Some(label);
        one.impact = (number % 2 == 0).then(|| HOSTILE.to_owned());
        statements.push(one);
    }
    let ranged = VexProduct {
        versions: Some("vers:deb/>=1:2.0|<1:3".into()),
        ..purl("pkg:deb/debian/curl?arch=amd64&distro=debian-12")
    };
    let within = VexProduct {
        subcomponents: vec![purl("pkg:maven/org.example/x@1?type=jar"), ranged.clone()],
        ..purl("pkg:oci/app@sha256:abc?repository_url=ghcr.io/a")
    };
    let mut affected = statement("GHSA-aaaa-bbbb-cccc", Status::Affected, vec![ranged]);
    affected.action = Some("x".repeat(1_000_000));
    affected.aliases = vec!["OSV-1".into(), "OSV-1".into(), "GHSA-aaaa-bbbb-cccc".into()];
    statements.push(affected);
    statements.push(statement(
        "CVE-2024-2000",
        Status::Affected,
        vec![within.clone()],
    ));
    statements.push(statement(
        "CVE-2024-2001",
        Status::Fixed,
        vec![within.clone(), within],
    ));
    statements.push(statement(
        HOSTILE,
        Status::UnderInvestigation,
        vec![other(HOSTILE)],
    ));
    for format in FORMATS {
        let (bytes, losses) = written(format, &statements).unwrap();
        validate(format, &serde_json::from_slice(&bytes).unwrap());
        let again = read(&bytes).unwrap();
        assert_eq!(reasons(&again), Vec::<String>::new());
        assert_eq!(again.statements.len(), statements.len(), "{losses:?}");
        for (was, is) in statements.iter().zip(&again.statements) {
            assert_eq!(
                (&was.vulnerability, was.status),
                (&is.vulnerability, is.status)
            );
        }
    }
}

#[test]
fn nothing_is_written_of_nothing() {
    let blank = statement(" ", Status::Fixed, vec![other("x")]);
    let unjustified = statement("CVE-2024-0001", Status::NotAffected, vec![other("x")]);
    let nowhere = statement("CVE-2024-0001", Status::Fixed, vec![other(" ")]);
    for format in FORMATS {
        for statements in [
            &[][..],
            &[blank.clone(), unjustified.clone(), nowhere.clone()],
        ] {
            let error = write(format, statements, &PUBLISHER, &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            let why = if statements.is_empty() {
                "could hold"
            } else {
                "could hold: a statement without a vulnerability is left out, and 3 more reasons"
            };
            assert!(error.to_string().ends_with(why), "{error}");
        }
        let good = [statement("CVE-2024-0001", Status::Fixed, vec![other("x")])];
        for wrong in [
            Publisher {
                author: " ",
                ..PUBLISHER
            },
            Publisher {
                namespace: "example",
                ..PUBLISHER
            },
            Publisher {
                namespace: "https://exam ple",
                ..PUBLISHER
            },
            Publisher {
                stamp: "today",
                ..PUBLISHER
            },
            Publisher {
                version: 0,
                ..PUBLISHER
            },
        ] {
            let error = write(format, &good, &wrong, &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        }
    }
}

#[test]
fn a_statement_is_never_widened() {
    let bad = VexProduct {
        versions: Some("< 2".into()),
        ..purl("pkg:npm/a")
    };
    let in_bad = VexProduct {
        subcomponents: vec![other(" ")],
        ..purl("pkg:npm/b")
    };
    let nested = (0..12).fold(other("x"), |inner, _| VexProduct {
        subcomponents: vec![inner],
        ..other("y")
    });
    let good = purl("pkg:npm/c");
    let all = vec![bad, in_bad, nested, good.clone()];
    for format in FORMATS {
        let statements = [statement("CVE-2024-0001", Status::Fixed, all.clone())];
        let (bytes, losses) = written(format, &statements).unwrap();
        let again = read(&bytes).unwrap();
        assert_eq!(again.statements[0].products, std::slice::from_ref(&good));
        assert_eq!(losses.len(), 3, "{losses:?}");
    }
}

/// Read, refused and lossy statements of real documents.
#[test]
fn real_documents() {
    let shared = std::env::var_os("STANCHION_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let folder = shared.join("inputs/vex");
    if !shared.is_dir() {
        println!("skipped: no folder of shared data");
        return;
    }
    for (case, statuses, range) in [
        ("1", &[Status::NotAffected][..], None),
        ("2", &[Status::Affected], None),
        ("3", &[Status::UnderInvestigation], None),
        (
            "4",
            &[Status::NotAffected],
            Some("vers:semver/>=2.2.0|<=2.4.0"),
        ),
        (
            "5",
            &[Status::Affected, Status::NotAffected],
            Some("vers:semver/<7.0.0|>=1.5.0"),
        ),
    ] {
        let path = folder.join(format!("cyclonedx-usecase-{case}/vex.json"));
        let document = read(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(reasons(&document), Vec::<String>::new());
        let said: Vec<Status> = document.statements.iter().map(|said| said.status).collect();
        assert_eq!(said, statuses, "{case}");
        let first = &document.statements[0];
        assert_eq!(first.vulnerability, "CVE-2020-25649");
        assert_eq!(first.timestamp.as_deref(), Some("2022-01-13T00:00:00Z"));
        assert_eq!(first.products[0].versions.as_deref(), range, "{case}");
        assert!(document.statements.iter().all(|said| said.lossy.is_empty()));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_damage_panics(
        which in 0..3_usize,
        at in any::<prop::sample::Index>(),
        with in prop_oneof![
            Just("null"), Just("\"\""), Just("[]"), Just("{}"), Just("-1"), Just("\"pkg:npm\""),
            Just("[[]]"), Just("[1]"), Just("[\"x\"]"), Just("{\"a\":{}}"),
        ],
    ) {
        // One value of the document becomes another.
        let mut document: Value = serde_json::from_str(SAMPLES[which]).unwrap();
        let paths = paths(&document);
        let path = at.get(&paths);
        if let Some(place) = document.pointer_mut(path) {
            *place = serde_json::from_str(with).unwrap();
        }
        if let Ok(document) = read(document.to_string().as_bytes()) {
            for format in FORMATS {
                if let Ok((bytes, _)) = written(format, &document.statements) {
                    prop_assert!(read(&bytes).unwrap().refused.is_empty());
                }
            }
        }
    }
}

fn paths(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        all.extend(paths(child).into_iter().map(|path| format!("/{key}{path}")));
    }
    all
}
