//! What a product may be made of: `[components]` and `[licences]`.

use std::collections::BTreeMap;

use super::reader::Table;
use super::sections::each;
use super::{Components, DeniedComponent, Fault, Licences, Placed, Sources};
use crate::clock::Span;
use crate::pattern::PurlPattern;

pub(super) fn components(table: &Table<'_>, faults: &mut Vec<Fault>) -> Components {
    let deny = each(table, "deny", faults, |table, faults| {
        let what = pattern(table, faults);
        let denied = DeniedComponent {
            reason: table.text("reason", faults).map(|text| text.value),
            instead: table.text("instead", faults).map(|text| text.value),
            place: table.place(),
            what: what?,
        };
        table.finish(faults);
        Some(denied)
    });
    let mut registries = BTreeMap::new();
    if let Some((node, line)) = table.node("registries") {
        if node.is_object() {
            for member in node.members() {
                let list = table.list(&member.key, &member.value, member.line, faults);
                let list = list.into_iter().map(|text| text.value).collect();
                registries.insert(member.key.to_string(), table.placed(list, member.line));
            }
        } else {
            let list = table.list("registries", node, line, faults);
            let list = list.into_iter().map(|text| text.value).collect();
            registries.insert("*".to_owned(), table.placed(list, line));
        }
    }
    let components = Components {
        deny,
        registries,
        git: sources(table, "git", faults),
        url: sources(table, "url", faults),
        minimum_age: table.read("minimum_age", faults, Span::parse),
    };
    table.finish(faults);
    components
}

/// `purl` and `versions`.
fn pattern(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<PurlPattern> {
    let versions = table.text("versions", faults);
    let purl = table.needed("purl", faults)?;
    let read =
        |text: &str| PurlPattern::parse(text, versions.as_ref().map(|text| text.value.as_str()));
    table
        .convert("purl", &purl, faults, read)
        .map(|placed| placed.value)
}

fn sources(
    table: &Table<'_>,
    name: &'static str,
    faults: &mut Vec<Fault>,
) -> Option<Placed<Sources>> {
    let (node, line) = table.node(name)?;
    if node.is_array() {
        let list = table.list(name, node, line, faults);
        return Some(table.placed(
            Sources::Only(list.into_iter().map(|text| text.value).collect()),
            line,
        ));
    }
    let word = table.word(name, &["allow", "deny"], faults)?;
    Some(word.place.clone()).map(|place| Placed {
        value: if word.value == "deny" {
            Sources::Deny
        } else {
            Sources::Allow
        },
        place,
    })
}

pub(super) fn licences(table: &Table<'_>, faults: &mut Vec<Fault>) -> Licences {
    let allow = table.has("allow").then(|| {
        let list = table.texts("allow", faults);
        let place = list
            .first()
            .map_or_else(|| table.place(), |text| text.place.clone());
        Placed {
            value: list.into_iter().map(|text| text.value).collect(),
            place,
        }
    });
    let scopes = table.texts("scopes", faults);
    let words = ["runtime", "optional", "build", "test", "dev"];
    let licences = Licences {
        allow,
        deny: table.texts("deny", faults),
        review: table.texts("review", faults),
        scopes: scopes
            .into_iter()
            .filter(|scope| table.one_of("scopes", scope, &words, faults))
            .map(|text| text.value)
            .collect(),
        unknown: table.word("unknown", &["allow", "review", "deny"], faults),
    };
    for text in licences.deny.iter().chain(&licences.review) {
        if let Err(error) = crate::licences::Entry::parse(&text.value) {
            faults.push(table.fault(text.place.line, error, None));
        }
    }
    for text in licences.allow.iter().flat_map(|list| &list.value) {
        if let (Err(error), Some(list)) = (crate::licences::Entry::parse(text), &licences.allow) {
            faults.push(table.fault(list.place.line, error, None));
        }
    }
    table.finish(faults);
    licences
}
