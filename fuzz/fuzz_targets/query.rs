//! The query language: what is read is shown as a text that is read as the same, errors point into the text, what is
//! suggested fits, and a query is run without a panic or a refusal of the database.
#![no_main]

use std::sync::OnceLock;

use stanchion_store::query::{COMPONENTS, FINDINGS, ListError, PRODUCTS, Query, Visible, complete, components, findings, products};
use stanchion_store::{Id, Store, search};

static STORE: OnceLock<(tempfile::TempDir, Store)> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (_, store) = STORE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        (folder, store)
    });
    for list in [&FINDINGS, &PRODUCTS, &COMPONENTS] {
        let at = text.len() / 2;
        for found in complete(list, text, at) {
            assert!(text.is_char_boundary(found.from) && found.from <= found.to && found.to <= at);
        }
        let query = match Query::parse(list, text) {
            Ok(query) => query,
            Err(error) => {
                assert!(error.at <= text.len() && text.is_char_boundary(error.at) && !error.hint.is_empty());
                continue;
            }
        };
        let shown = query.to_string();
        match Query::parse(list, &shown) {
            Ok(again) => assert_eq!(again, query, "{shown}"),
            // Quotes can make it longer than a query may be.
            Err(error) => assert!(shown.len() > 4096, "{shown}: {error}"),
        }
        for visible in [Visible::All, Visible::Products(vec![Id::default(); 3])] {
            let result = store.read(|tx| match list.name {
                "findings" => findings(tx, &query, &visible, 1_700_000_000, None, 5).map(drop),
                "products" => products(tx, &query, &visible, None, 5).map(drop),
                _ => components(tx, &query, &visible, None, 5).map(drop),
            });
            assert!(matches!(result, Ok(()) | Err(ListError::Unbounded(_))), "{shown}: {result:?}");
        }
    }
    let result = store.read(|tx| search::affected(tx, text, &Visible::All).map(drop));
    assert!(matches!(result, Ok(()) | Err(ListError::TooLong(_))), "{result:?}");
});
