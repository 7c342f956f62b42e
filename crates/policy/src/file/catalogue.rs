//! What a policy lists: products, suppliers, trusted VEX, and its tests.

use std::collections::BTreeMap;

use stanchion_syntax::{Node, Value};

use super::reader::Table;
use super::sections::texts;
use super::{Case, Fault, Gate, Given, Product, Supplier, TrustedVex};
use crate::clock::Event;
use crate::pattern::PurlPattern;

/// Tiers of a product, the most critical first.
pub(crate) const TIERS: std::ops::RangeInclusive<i64> = 1..=5;

/// Words for how far a product has come in its life.
pub(crate) const LIFECYCLES: [&str; 4] = ["development", "active", "maintenance", "retired"];

pub(super) fn product(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<Product> {
    let name = table.needed("name", faults);
    let product = Product {
        name: String::new(),
        paths: texts(table, "paths", faults),
        owner: table.text("owner", faults),
        tier: table.number("tier", *TIERS.start(), *TIERS.end(), faults),
        exposed: table.flag("exposed", faults).map(|flag| flag.value),
        environment: table.text("environment", faults).map(|text| text.value),
        lifecycle: table
            .word("lifecycle", &LIFECYCLES, faults)
            .map(|text| text.value),
        tags: texts(table, "tags", faults),
        data_classes: texts(table, "data_classes", faults),
        place: table.place(),
    };
    for path in &product.paths {
        if let Err(error) = crate::pattern::glob(path) {
            faults.push(table.fault(table.place().line, format!("`paths`: {error}"), None));
        }
    }
    table.finish(faults);
    Some(Product {
        name: name?.value,
        ..product
    })
}

pub(super) fn supplier(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<Supplier> {
    let name = table.needed("name", faults);
    let mut purls = Vec::new();
    for text in table.texts("purls", faults) {
        purls.extend(
            table
                .convert("purls", &text, faults, |text| {
                    PurlPattern::parse(text, None)
                })
                .map(|placed| placed.value),
        );
    }
    let supplier = Supplier {
        name: String::new(),
        owner: table.text("owner", faults),
        contact: table.text("contact", faults).map(|text| text.value),
        purls,
        place: table.place(),
    };
    table.finish(faults);
    Some(Supplier {
        name: name?.value,
        ..supplier
    })
}

pub(super) fn vex(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<TrustedVex> {
    let path = table.needed("path", faults);
    let sha256 = table.text("sha256", faults);
    if let Some(text) = &sha256
        && (text.value.len() != 64 || !text.value.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        faults.push(table.fault(
            text.place.line,
            "`sha256` is no SHA-256 in hexadecimal",
            Some("`sha256sum FILE` prints it"),
        ));
    }
    let about = table.text("about", faults);
    let about = match about {
        Some(text) => Some(
            table
                .convert("about", &text, faults, |text| {
                    PurlPattern::parse(text, None)
                })?
                .value,
        ),
        None => None,
    };
    if let Some(path) = &path
        && let Err(error) = crate::pattern::glob(&path.value)
    {
        faults.push(table.fault(path.place.line, format!("`path`: {error}"), None));
    }
    table.finish(faults);
    Some(TrustedVex {
        path: path?.value,
        sha256: sha256.map(|text| text.value.to_ascii_lowercase()),
        about,
        place: table.place(),
    })
}

pub(super) fn case(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<Case> {
    let name = table.needed("name", faults);
    let mut given = BTreeMap::new();
    for group in ["f", "p", "a"] {
        let Some(values) = table.table(group, faults) else {
            continue;
        };
        for member in values.members() {
            let key = format!("{group}.{}", member.key);
            match value(&member.value) {
                Some(value) => {
                    given.insert(key, table.placed(value, member.line));
                }
                None => faults.push(table.wrong(
                    &key,
                    "true, false, a number, a text or a list of texts",
                    &member.value,
                    member.line,
                )),
            }
        }
    }
    let mut clocks = BTreeMap::new();
    if let Some(table) = table.table("clocks", faults) {
        for word in Event::ALL.map(Event::as_str) {
            if let Some(text) = table.text(word, faults) {
                clocks.insert(word.to_owned(), text.value);
            }
        }
        table.finish(faults);
    }
    let words = Gate::ALL.map(Gate::as_str);
    let gate = table.word("gate", &words, faults);
    let expect = table.table("expect", faults);
    if expect.is_none() && !table.has("expect") {
        faults.push(table.fault(
            table.place().line,
            "[[case]] lacks `expect`",
            Some("say what must come out: expect = { denied = true }"),
        ));
    }
    let as_of = table.text("as_of", faults).map(|text| text.value);
    table.finish(faults);
    let (mut denied, mut due, mut rule) = (None, None, None);
    if let Some(expect) = expect {
        denied = expect.flag("denied", faults).map(|flag| flag.value);
        due = expect.text("due", faults).map(|text| text.value);
        rule = expect.text("rule", faults).map(|text| text.value);
        expect.finish(faults);
    }
    Some(Case {
        name: name?.value,
        given,
        gate: gate
            .and_then(|word| Gate::from_word(&word.value))
            .unwrap_or(Gate::Build),
        as_of,
        clocks,
        denied,
        due,
        rule,
        place: table.place(),
    })
}

fn value(node: &Node<'_>) -> Option<Given> {
    Some(match &node.value {
        Value::Bool(value) => Given::Bool(*value),
        Value::Number(text) => {
            let plain = text.replace('_', "");
            match plain.parse::<i64>() {
                Ok(number) => Given::Int(number),
                Err(_) => Given::Float(plain.parse().ok()?),
            }
        }
        Value::String(text) => Given::Text(text.to_string()),
        Value::Array(items) => Given::List(
            items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}
