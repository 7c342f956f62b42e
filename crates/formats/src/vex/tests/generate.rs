//! Statements by chance: those that a format can hold in full, and any at all.

use proptest::prelude::*;
use proptest::sample::select;
use stanchion_model::inventory::{Algorithm, Hash};
use stanchion_model::purl::Purl;
use stanchion_model::vex::{Identifier, Justification, Statement, Status, VexFormat, VexProduct};

use super::{HOSTILE, STAMP};

const LINK: &str = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#part";

/// Text in which something stands.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][ -~]{0,30}",
        "\\PC{1,20}",
        any::<String>(),
        Just(HOSTILE.to_owned()),
        Just("update".to_owned()),
        Just("will_not_fix, update".to_owned()),
        Just("first\nsecond".to_owned()),
    ]
    .prop_filter("blank", |text| !text.trim().is_empty())
}

fn purl(number: usize, versioned: bool) -> impl Strategy<Value = Identifier> {
    let version = prop_oneof![
        Just(String::new()),
        "[0-9]{1,2}\\.[0-9a-z+:~-]{1,6}",
        Just("1.0 é%/@?#".to_owned()),
    ];
    let kind = select(vec![
        ("npm", Some("@scope"), ""),
        ("npm", None, ""),
        ("maven", Some("org.example"), "type"),
        ("deb", Some("debian"), "arch"),
        ("generic", None, "download_url"),
        ("oci", None, "repository_url"),
    ]);
    (kind, "[a-z]{1,5}", version, text()).prop_map(move |(kind, name, version, value)| {
        let (kind, namespace, qualifier) = kind;
        let mut purl = Purl::build(kind, namespace, format!("{name}-{number}"));
        if versioned {
            purl = purl.with_version(version);
        }
        if !qualifier.is_empty() {
            purl = purl.with_qualifier(qualifier, value);
        }
        Identifier::Purl(purl.build_lenient().unwrap())
    })
}

fn hash(number: usize) -> impl Strategy<Value = Identifier> {
    let algorithm = select(vec![
        Algorithm::Md5,
        Algorithm::Sha1,
        Algorithm::Sha256,
        Algorithm::Sha512,
    ]);
    (algorithm, any::<u32>()).prop_map(move |(algorithm, seed)| {
        let hex = format!("{number:04x}{seed:08x}").repeat(20);
        Identifier::Hash(Hash {
            algorithm,
            hex: hex[..algorithm.size() * 2].to_owned(),
        })
    })
}

fn cpe(number: usize) -> impl Strategy<Value = Identifier> {
    select(vec![
        format!("cpe:/a:example:app-{number}:1"),
        format!("cpe:2.3:a:example:app-{number}:1:*:*:*:*:*:*:*"),
    ])
    .prop_map(Identifier::Cpe)
}

/// A name that no format takes for anything else.
fn name(number: usize) -> impl Strategy<Value = Identifier> {
    text().prop_map(move |text| Identifier::Other(format!("{number} {text}")))
}

fn iri(number: usize) -> impl Strategy<Value = Identifier> {
    select(vec![
        Identifier::Other(format!("https://example.com/products/{number}")),
        Identifier::Other(format!("urn:example:{number}")),
        Identifier::Other(format!("{LINK}-{number}")),
    ])
}

/// A product without parts that a format can hold. `ranged` where it may have a range of versions.
fn leaf(format: VexFormat, number: usize, ranged: bool) -> BoxedStrategy<VexProduct> {
    let range = if ranged {
        let all = select(vec![
            "vers:npm/>=1.0.0|<2.0.0",
            "vers:all/*",
            "vers:deb/>=1%3A2|!=1:3 é",
        ]);
        prop::option::weighted(0.3, all).boxed()
    } else {
        Just(None).boxed()
    };
    let maybe = |what: BoxedStrategy<Identifier>| proptest::collection::vec(what, 0..=1).boxed();
    range
        .prop_flat_map(move |range| {
            let versioned = range.is_none();
            let purls = proptest::collection::vec(
                purl(number, versioned),
                match format {
                    VexFormat::Csaf => 0..=3,
                    _ => 0..=1,
                },
            );
            let others = match format {
                VexFormat::CycloneDx => Just(Vec::new()).boxed(),
                _ => maybe(iri(number).boxed()),
            };
            let parts = (
                purls,
                maybe(cpe(number).boxed()),
                maybe(hash(number).boxed()),
                others,
            );
            (parts, name(number), Just(range))
        })
        .prop_map(move |((purls, cpes, hashes, others), name, range)| {
            let mut identifiers = [purls, cpes, hashes, others].concat();
            identifiers.dedup();
            let has_purl = identifiers
                .iter()
                .any(|one| matches!(one, Identifier::Purl(_)));
            if identifiers.is_empty() {
                identifiers.push(name);
            }
            // OpenVEX has no place for a range but a purl.
            let versions = range.filter(|_| has_purl || format != VexFormat::OpenVex);
            VexProduct {
                identifiers,
                versions: versions.map(str::to_owned),
                subcomponents: Vec::new(),
            }
        })
        .boxed()
}

/// A product that a format can hold.
fn product(format: VexFormat, number: usize) -> BoxedStrategy<VexProduct> {
    // CycloneDX has ranges for what is meant, and none for what that stands in.
    let holders = format != VexFormat::CycloneDx;
    let part = (
        leaf(format, number, true),
        leaf(format, number, holders),
        prop::bool::weighted(0.2),
    )
        .prop_map(move |(part, holder, deeper)| {
            if deeper && format != VexFormat::OpenVex {
                VexProduct {
                    subcomponents: vec![part],
                    ..holder
                }
            } else {
                part
            }
        });
    prop_oneof![
        3 => leaf(format, number, true),
        1 => iri(number).prop_map(move |iri| VexProduct { identifiers: vec![iri], ..VexProduct::default() })
            .prop_filter("a name only", move |product| {
                let link = matches!(&product.identifiers[0], Identifier::Other(text) if text.starts_with(LINK));
                link || format != VexFormat::CycloneDx
            }),
        2 => (leaf(format, number, holders), proptest::collection::vec(part, 1..3))
            .prop_map(|(holder, parts)| VexProduct { subcomponents: parts, ..holder }),
    ]
    .boxed()
}

/// What stands for a vulnerability, always with the same names.
fn vulnerability() -> impl Strategy<Value = (String, Vec<String>)> {
    let of = |name: &str, aliases: &[&str]| {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned());
        (name.to_owned(), aliases.collect::<Vec<String>>())
    };
    select(vec![
        of("CVE-2024-0001", &["GHSA-aaaa-bbbb-cccc", "OSV-1"]),
        of("CVE-2024-0002", &[]),
        of("GHSA-dddd-eeee-ffff", &["OSV-2"]),
        of(HOSTILE, &[]),
    ])
}

/// The words of CycloneDX that a label needs so that it reads as it was.
fn exact(format: VexFormat) -> impl Strategy<Value = (Option<Justification>, Option<String>)> {
    let word = |label, word: &str| (Some(label), Some(word.to_owned()));
    let all: Vec<(Option<Justification>, Option<String>)> = match format {
        VexFormat::CycloneDx => vec![
            (None, None),
            (Some(Justification::VulnerableCodeNotPresent), None),
            (Some(Justification::VulnerableCodeNotInExecutePath), None),
            word(Justification::ComponentNotPresent, "false_positive"),
            word(
                Justification::VulnerableCodeCannotBeControlledByAdversary,
                "requires_dependency",
            ),
            word(
                Justification::InlineMitigationsAlreadyExist,
                "protected_at_perimeter",
            ),
        ],
        _ => Justification::ALL
            .into_iter()
            .map(|label| (Some(label), None))
            .chain([(None, None)])
            .collect(),
    };
    select(all)
}

fn said(format: VexFormat, number: usize) -> impl Strategy<Value = Statement> {
    let time = prop::option::of(select(vec![
        "2024-01-01T00:00:00Z",
        "2024-01-01T02:00:00.25+02:00",
        STAMP,
    ]));
    (
        vulnerability(),
        select(Status::ALL.to_vec()),
        proptest::collection::vec(product(format, number), 1..4),
        exact(format),
        (
            prop::option::of(text()),
            text(),
            any::<bool>(),
            any::<bool>(),
        ),
        time,
    )
        .prop_map(move |(names, status, products, exact, texts, time)| {
            let (impact, spare, acts, named) = texts;
            let closed = status == Status::NotAffected;
            let (justification, original) = if closed { exact } else { (None, None) };
            let impact = match impact {
                None if closed && justification.is_none() => Some(spare.clone()),
                impact => impact,
            };
            let must = status == Status::Affected && format != VexFormat::CycloneDx;
            let may = status == Status::UnderInvestigation || format != VexFormat::Csaf;
            let stamped = format == VexFormat::Csaf && !closed;
            let id = match format {
                VexFormat::OpenVex => Some(format!("https://example.com/vex#{number}")),
                VexFormat::CycloneDx => Some(format!("{number} {spare}")),
                VexFormat::Csaf => None,
            };
            Statement {
                id: id.filter(|_| named),
                vulnerability: names.0,
                aliases: names.1,
                products,
                status,
                justification,
                impact,
                action: (must || (may && acts)).then_some(spare),
                timestamp: time.filter(|_| !stamped).map(str::to_owned),
                original,
                lossy: Vec::new(),
                line: 0,
            }
        })
}

/// Statements that a format can hold in full. No two of them are about the same product.
pub(super) fn holdable(format: VexFormat) -> impl Strategy<Value = Vec<Statement>> {
    (1..5_usize).prop_flat_map(move |count| {
        (0..count)
            .map(|number| said(format, number))
            .collect::<Vec<_>>()
    })
}

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        Just(String::new()),
        Just(" ".to_owned()),
        Just("pkg:npm/x".to_owned()),
        "[a-z]{1,3}:(//)?[!-~é]{0,8}",
        Just(LINK.to_owned()),
    ]
}

fn odd_product() -> impl Strategy<Value = VexProduct> {
    let bare = || {
        let identifier = prop_oneof![
            purl(0, true),
            purl(1, true),
            hash(0),
            cpe(0),
            iri(0),
            odd_text().prop_map(Identifier::Other),
            odd_text().prop_map(Identifier::Cpe),
            Just(Identifier::Hash(Hash {
                algorithm: Algorithm::Blake3,
                hex: "ab".repeat(32)
            })),
            Just(Identifier::Hash(Hash {
                algorithm: Algorithm::Sha256,
                hex: "no hash".into()
            })),
        ];
        let range = prop_oneof![
            4 => Just(None),
            1 => Just(Some("vers:npm/>=1|<2".to_owned())),
            1 => odd_text().prop_map(Some),
        ];
        (proptest::collection::vec(identifier, 0..4), range).prop_map(|(identifiers, versions)| {
            VexProduct {
                identifiers,
                versions,
                subcomponents: Vec::new(),
            }
        })
    };
    bare().prop_recursive(3, 8, 3, move |inner| {
        (bare(), proptest::collection::vec(inner, 0..3)).prop_map(|(product, parts)| VexProduct {
            subcomponents: parts,
            ..product
        })
    })
}

/// Any statement at all, about few vulnerabilities and products, so that they meet.
pub(super) fn odd() -> impl Strategy<Value = Vec<Statement>> {
    let one = (
        (prop_oneof![4 => vulnerability(), 1 => (odd_text(), proptest::collection::vec(odd_text(), 0..3))]),
        select(Status::ALL.to_vec()),
        proptest::collection::vec(odd_product(), 0..4),
        prop::option::of(select(Justification::ALL.to_vec())),
        (
            prop::option::of(odd_text()),
            prop::option::of(odd_text()),
            prop::option::of(select(vec!["2024-01-01T00:00:00Z", "2025-01-01t00:00:00z", "yesterday"])),
            prop::option::of(select(vec!["false_positive", "requires_environment", "recommended"])),
            prop::option::of(odd_text()),
        ),
    )
        .prop_map(|((vulnerability, aliases), status, products, justification, rest)| {
            let (impact, action, timestamp, original, id) = rest;
            Statement {
                id,
                vulnerability,
                aliases,
                products,
                status,
                justification,
                impact,
                action,
                timestamp: timestamp.map(str::to_owned),
                original: original.map(str::to_owned),
                lossy: Vec::new(),
                line: 0,
            }
        });
    proptest::collection::vec(one, 0..6)
}
