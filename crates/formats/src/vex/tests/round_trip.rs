//! What is written reads as it was, up to what is named as lost, and never says more.

use proptest::prelude::*;
use stanchion_model::vex::{Identifier, Statement, VexFormat, VexProduct};

use super::generate::{holdable, odd};
use super::{FORMATS, STAMP, read, reasons, validate, written};

/// A product or part by its names and its versions, and what each of them stands in, outermost first.
type Chain = Vec<(Vec<String>, Option<String>)>;

fn chains(product: &VexProduct) -> Vec<Chain> {
    let mut names: Vec<String> = product
        .identifiers
        .iter()
        .map(|identifier| match identifier {
            Identifier::Purl(purl) => purl.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    names.sort();
    names.dedup();
    let own = (names, product.versions.clone());
    if product.subcomponents.is_empty() {
        return vec![vec![own]];
    }
    let parts = product.subcomponents.iter().flat_map(chains);
    parts
        .map(|part| std::iter::once(own.clone()).chain(part).collect())
        .collect()
}

/// Everything that statements say of each thing, in one order.
fn said(statements: &[Statement]) -> Vec<String> {
    let mut all: Vec<String> = statements
        .iter()
        .flat_map(|said| {
            let timestamp = said.timestamp.as_deref().unwrap_or(STAMP);
            let rest = format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {timestamp}",
                said.id,
                said.vulnerability,
                said.aliases,
                said.status,
                said.justification,
                said.impact,
                said.action,
                said.original,
            );
            let chains = said.products.iter().flat_map(chains);
            chains.map(move |chain| format!("{chain:?} {rest}"))
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// What a format can hold comes back whole.
fn whole(format: VexFormat, statements: &[Statement]) {
    let (bytes, losses) = written(format, statements).unwrap();
    assert_eq!(losses, Vec::<String>::new());
    validate(format, &serde_json::from_slice(&bytes).unwrap());
    let document = read(&bytes).unwrap();
    assert_eq!(reasons(&document), Vec::<String>::new());
    assert_eq!(said(&document.statements), said(statements));
    assert_eq!(document.author.as_deref(), Some("Example Company"));
    assert_eq!(document.timestamp.as_deref(), Some(STAMP));
    assert!(document.id.is_some_and(|id| !id.is_empty()));
}

/// Whether one thing is the other, or known by fewer of its names.
fn is_narrower(read: &Chain, was: &Chain) -> bool {
    read.len() == was.len()
        && read
            .iter()
            .zip(was)
            .all(|((_, range), (_, own))| range == own)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn openvex(statements in holdable(VexFormat::OpenVex)) {
        whole(VexFormat::OpenVex, &statements);
    }

    #[test]
    fn csaf(statements in holdable(VexFormat::Csaf)) {
        whole(VexFormat::Csaf, &statements);
    }

    #[test]
    fn cyclonedx(statements in holdable(VexFormat::CycloneDx)) {
        whole(VexFormat::CycloneDx, &statements);
    }

    #[test]
    fn anything(statements in odd()) {
        for format in FORMATS {
            let Ok((bytes, losses)) = written(format, &statements) else { continue };
            validate(format, &serde_json::from_slice(&bytes).unwrap());
            let document = read(&bytes).unwrap();
            prop_assert_eq!(reasons(&document), Vec::<String>::new());
            for is in &document.statements {
                let names = |said: &Statement| -> Vec<String> {
                    std::iter::once(&said.vulnerability).chain(&said.aliases).cloned().collect()
                };
                let own = names(is);
                let same: Vec<&Statement> = statements
                    .iter()
                    .filter(|was| was.status == is.status && names(was).iter().any(|name| own.contains(name)))
                    .collect();
                for chain in is.products.iter().flat_map(chains) {
                    let from = same.iter().flat_map(|was| &was.products).flat_map(chains);
                    prop_assert!(
                        from.into_iter().any(|was| is_narrower(&chain, &was)),
                        "{:?} says of {:?} what nobody said", format, chain
                    );
                }
            }
            if losses.is_empty() {
                prop_assert_eq!(said(&document.statements).len(), said(&statements).len());
            }
        }
    }
}
