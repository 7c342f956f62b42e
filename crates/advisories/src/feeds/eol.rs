//! Support cycles from [endoflife.date](https://endoflife.date/docs/api/v1/), `products/full` of its API v1.

use stanchion_model::Ecosystem;
use stanchion_model::purl::Purl;
use stanchion_syntax::{Limits, json, text};

use crate::index::tables::{EolEntry, days};

/// Most support cycles over all packages, for each product counted as often as it has packages. Some 3,000 are in use.
const MOST: usize = 500_000;

/// The products that are packages of an ecosystem, and when the list was made.
#[derive(Debug, Default)]
pub(crate) struct Products {
    pub(crate) entries: Vec<EolEntry>,
    pub(crate) products: u64,
    pub(crate) generated: Option<String>,
}

/// Reads the list; an error when it is something else.
pub(crate) fn parse(bytes: &[u8]) -> Result<Products, String> {
    let decoded = text::decode(bytes).map_err(|error| error.to_string())?;
    let root = json::parse(&decoded.text, &Limits::default())
        .whole()
        .map_err(|error| error.to_string())?;
    let list = root
        .get("result")
        .filter(|list| list.is_array())
        .ok_or("it has no list of products")?;
    let mut products = Products {
        generated: root.str("generated_at").map(str::to_owned),
        ..Products::default()
    };
    let mut left = MOST;
    for product in list.items() {
        products.products += 1;
        let cycles: Vec<(String, String)> = product
            .at(&["releases"])
            .items()
            .iter()
            .filter_map(|release| {
                let name = release.str("name")?;
                let last = release.str("eolFrom").filter(|date| days(date).is_some());
                // A cycle that has not ended and has no date says nothing.
                (last.is_some() || release.flag("isEol"))
                    .then(|| (name.to_owned(), last.unwrap_or_default().to_owned()))
            })
            .collect();
        if cycles.is_empty() {
            continue;
        }
        let label = product
            .str("label")
            .or(product.str("name"))
            .unwrap_or_default();
        for identifier in product.at(&["identifiers"]).items() {
            if identifier.str("type") != Some("purl") {
                continue;
            }
            let Some(Ok(purl)) = identifier.str("id").map(Purl::parse_lenient) else {
                continue;
            };
            let (ecosystem, _, name) = Ecosystem::of_purl(&purl);
            // Distributions keep their packages alive past upstream's end: their own dates hold, not these.
            if ecosystem == Ecosystem::Generic || ecosystem.has_releases() {
                continue;
            }
            let package = format!("{ecosystem}\t{}", ecosystem.lookup_name(&name));
            left = left
                .checked_sub(cycles.len())
                .ok_or_else(|| format!("more than {MOST} support cycles over all packages"))?;
            products.entries.push(EolEntry {
                package,
                product: label.to_owned(),
                cycles: cycles.clone(),
            });
        }
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_are_packages_are_read() {
        let text = br#"{"generated_at":"2026-08-22","result":[{"name":"django","label":"Django","identifiers":[{"type":"purl","id":"pkg:pypi/django"},
            {"type":"purl","id":"pkg:deb/debian/python-django"},{"type":"cpe","id":"cpe:/a"}],
            "releases":[{"name":"3.2","isEol":true,"eolFrom":"2024-04-01"},{"name":"9","isEol":false,"eolFrom":null},{"name":"1","isEol":true,"eolFrom":null}]}]}"#;
        let products = parse(text).unwrap();
        assert_eq!(products.entries.len(), 1);
        assert_eq!(products.entries[0].package, "PyPI\tdjango");
        assert_eq!(
            products.entries[0].cycles,
            [
                ("3.2".into(), "2024-04-01".into()),
                ("1".into(), String::new())
            ]
        );
    }

    #[test]
    fn many_names_times_many_cycles_are_refused() {
        let names: Vec<String> = (0..1000)
            .map(|n| format!(r#"{{"type":"purl","id":"pkg:pypi/p{n}"}}"#))
            .collect();
        let cycles: Vec<String> = (0..1000)
            .map(|n| format!(r#"{{"name":"{n}","isEol":true}}"#))
            .collect();
        let text = format!(
            r#"{{"result":[{{"identifiers":[{}],"releases":[{}]}}]}}"#,
            names.join(","),
            cycles.join(",")
        );
        assert!(
            parse(text.as_bytes())
                .unwrap_err()
                .starts_with("more than 500000 support cycles")
        );
    }
}
