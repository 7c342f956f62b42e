//! "Are we affected by it?", on both databases.

use stanchion_store::findings;
use stanchion_store::products::{self, Product};
use stanchion_store::query::{Counted, ListError, Visible};
use stanchion_store::search::{Answer, Sort, affected, sorts};
use stanchion_store::testing::{Fresh, stores};

use crate::shop::fill;

fn ask(fresh: &Fresh, input: &str, visible: &Visible) -> Answer {
    fresh
        .store
        .read(|tx| affected(tx, input, visible))
        .unwrap_or_else(|error| panic!("{}: {input}: {error}", fresh.name))
}

#[test]
fn an_input_is_taken_for_what_it_is() {
    assert_eq!(sorts("pkg:npm/lodash"), [Sort::Purl]);
    assert_eq!(sorts(&"a".repeat(64))[0], Sort::Hash);
    assert_eq!(sorts("CVE-2021-44228")[0], Sort::Vulnerability);
    assert!(sorts("").is_empty());
}

#[test]
fn a_vulnerability_is_found_live_first_and_worst_first() {
    for fresh in stores() {
        fill(&fresh.store);
        for input in ["CVE-2021-1001", "cve-2021-1001", " GHSA-xxxx-0001-xxxx "] {
            let answer = ask(&fresh, input, &Visible::All);
            let part = answer
                .parts
                .iter()
                .find(|part| part.sort == Sort::Vulnerability)
                .unwrap();
            assert_eq!(
                (part.name.as_str(), part.title.as_str()),
                ("CVE-2021-1001", "Weakness 1")
            );
            // Three of each version have it; one of them is closed in what is live.
            assert_eq!(part.rows.len(), 18);
            assert_eq!(part.live, Counted::Exactly(6));
            let work: Vec<bool> = part
                .rows
                .iter()
                .map(|row| row.finding.as_ref().unwrap().work)
                .collect();
            assert!(work.is_sorted_by_key(|work| !work));
            assert!(part.rows.is_sorted_by_key(|row| !row.live));
            let scores: Vec<i64> = part.rows[..6]
                .iter()
                .map(|row| row.finding.as_ref().unwrap().finding.score)
                .collect();
            assert!(scores.is_sorted_by_key(|score| -score), "{scores:?}");
            let deployed = part
                .rows
                .iter()
                .filter(|row| row.environments == ["production"])
                .map(|row| row.product_name.as_str());
            assert!(deployed.clone().count() > 0 && deployed.clone().all(|name| name == "Pay"));
            assert_eq!(answer.looked, None);
        }
        let pay = Visible::Products(vec![products::id_of("Pay")]);
        let answer = ask(&fresh, "CVE-2021-1001", &pay);
        assert!(
            answer.parts[0]
                .rows
                .iter()
                .all(|row| row.product_name == "Pay")
        );
        assert_eq!(answer.parts[0].live, Counted::Exactly(2));
        assert!(
            ask(&fresh, "CVE-2021-1001", &Visible::Products(Vec::new())).parts[0]
                .rows
                .is_empty()
        );
    }
}

#[test]
fn components_are_found_by_all_their_names() {
    for fresh in stores() {
        fill(&fresh.store);
        for (input, sort, names) in [
            ("pkg:npm/lodash", Sort::Purl, &["lodash"][..]),
            ("pkg:npm/lodash@1.0", Sort::Purl, &["lodash"]),
            ("log4j-core", Sort::Component, &["Log4j-Core"]),
            ("LODASH", Sort::Component, &["lodash", "lodash.merge"]),
            (&format!("{:0>64}", 6), Sort::Hash, &["lodash"]),
            ("apache-2.0", Sort::Licence, &["Log4j-Core", "lodash.merge"]),
        ] {
            let answer = ask(&fresh, input, &Visible::All);
            let part = answer.parts.iter().find(|part| part.sort == sort).unwrap();
            let mut found: Vec<&str> = part
                .rows
                .iter()
                .filter_map(|row| row.component.as_ref().map(|used| used.name.as_str()))
                .collect();
            // Each version of each product once for each component.
            assert_eq!(found.len(), 6 * names.len(), "{}: {input}", fresh.name);
            assert_eq!(part.live, Counted::Exactly(3 * names.len()));
            assert!(
                part.rows.is_sorted_by_key(|row| !row.live),
                "{}: {input}",
                fresh.name
            );
            found.sort_unstable();
            found.dedup();
            let mut names = names.to_vec();
            names.sort_unstable();
            assert_eq!(found, names, "{}: {input}", fresh.name);
        }
        // The worst of what is open stands for the rest.
        let answer = ask(&fresh, "pkg:npm/lodash@1.0", &Visible::All);
        let worst = answer.parts[0].rows[0].finding.as_ref().unwrap();
        assert!(worst.work && worst.finding.state < findings::CLOSED);
        let of_it = fresh
            .store
            .read(|tx| {
                tx.first(
                    "SELECT MAX(score) FROM finding WHERE work = 1 AND component = ?1",
                    &[worst.finding.component.into()],
                    |row| row.get::<i64>(0),
                )
            })
            .unwrap();
        assert_eq!(Some(worst.finding.score), of_it);
    }
}

#[test]
fn products_and_those_who_sell_them_are_found() {
    for fresh in stores() {
        fill(&fresh.store);
        fresh
            .store
            .write(|tx| {
                let bought = products::by_name(tx, "Pay")?.map(|product| Product {
                    id: products::id_of("Ledger"),
                    name: "Ledger".into(),
                    kind: "bought".into(),
                    parent: None,
                    vendor: Some("ACME GmbH".into()),
                    ..product
                });
                products::create(tx, &bought.unwrap())
            })
            .unwrap();
        let answer = ask(&fresh, "acme", &Visible::All);
        assert_eq!(answer.parts.len(), 1);
        assert_eq!(answer.parts[0].sort, Sort::Party);
        let row = &answer.parts[0].rows[0];
        assert_eq!((row.product_name.as_str(), &row.version), ("Ledger", &None));
        let answer = ask(&fresh, "my shop", &Visible::All);
        assert_eq!(answer.parts[0].sort, Sort::Product);
        assert_eq!(answer.parts[0].rows.len(), 2);
        assert!(answer.parts[0].rows[0].live);
        let pay = Visible::Products(vec![products::id_of("Pay")]);
        assert!(ask(&fresh, "my shop", &pay).parts.is_empty());
    }
}

#[test]
fn nothing_found_says_where_it_was_looked() {
    for fresh in stores() {
        fill(&fresh.store);
        let answer = ask(&fresh, "CVE-1999-0001", &Visible::All);
        assert!(answer.parts.is_empty());
        let looked = answer.looked.unwrap();
        assert_eq!(looked.inventories, 3);
        assert!(looked.oldest.is_some() && looked.sorts.contains(&Sort::Vulnerability));
        let pay = Visible::Products(vec![products::id_of("Pay")]);
        assert_eq!(ask(&fresh, "xz", &pay).looked.unwrap().inventories, 1);
        let empty = ask(&fresh, "  ", &Visible::All);
        assert!(empty.parts.is_empty() && empty.looked.is_some());
        let long = fresh
            .store
            .read(|tx| affected(tx, &"x".repeat(513), &Visible::All));
        assert!(matches!(long, Err(ListError::TooLong(512))));
    }
}
