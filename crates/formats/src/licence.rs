//! What a declared licence is: an id of the [SPDX licence list](https://spdx.org/licenses/), an
//! [expression](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/), or merely a name.

use std::collections::HashMap;

use spdx::identifiers::{EXCEPTIONS, LICENSES};
use spdx::{Expression, LicenseItem, ParseMode};

/// Bases that the `spdx` crate lists beside their `-only` and `-or-later` forms, and that are no ids.
const NO_IDS: [&str; 7] = [
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "NOASSERTION",
];

/// Ids that came with list 3.29. CycloneDX fixes its list as an enumeration, at 3.28 as of 2026-08; as expressions
/// of one licence they are valid under any list.
const NEWER: [&str; 13] = [
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Bugroff",
    "CC-BY-NC-3.0-IGO",
    "FDK-MPEG-H",
    "Hippocratic-3.0-core",
    "Informatica",
    "MVT-1.1",
    "atc-game",
];

/// Operators and so on as the list and the specification write them; `GPL-2.0+` and deprecated ids are valid.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// A declared licence, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Licence {
    /// One id that every current list has.
    Id(&'static str),
    /// A valid expression.
    Expression {
        text: String,
        /// The ids in it that begin with `LicenseRef-`: a document has to say what they are.
        references: Vec<String>,
    },
    /// Anything else, as it was declared.
    Name(String),
}

/// Reads licences; the same few come thousands of times.
#[derive(Default)]
pub(crate) struct Licences<'a> {
    known: HashMap<&'a str, Option<Licence>>,
}

impl<'a> Licences<'a> {
    /// `None` where nothing is declared.
    pub(crate) fn read(&mut self, declared: &'a str) -> Option<&Licence> {
        self.known
            .entry(declared)
            .or_insert_with(|| read(declared))
            .as_ref()
    }
}

/// The version of the licence list that is known here, as `3.29`.
pub(crate) fn list_version() -> &'static str {
    let version = spdx::license_version();
    match version.match_indices('.').nth(1) {
        Some((at, _)) => &version[..at],
        None => version,
    }
}

fn read(declared: &str) -> Option<Licence> {
    let text = declared.trim();
    if text.is_empty()
        || text.eq_ignore_ascii_case("NOASSERTION")
        || text.eq_ignore_ascii_case("NONE")
    {
        return None;
    }
    if let Some(id) = id(text) {
        return Some(if NEWER.contains(&id) {
            Licence::Expression {
                text: id.to_owned(),
                references: Vec::new(),
            }
        } else {
            Licence::Id(id)
        });
    }
    let licence = expression(text).or_else(|| expression(&in_its_case(text)));
    Some(licence.unwrap_or_else(|| Licence::Name(text.to_owned())))
}

/// The id in the list's own case: ids are the same in any
/// ([annex D.2](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)).
fn id(text: &str) -> Option<&'static str> {
    let found = LICENSES
        .iter()
        .map(|licence| licence.name)
        .find(|name| name.eq_ignore_ascii_case(text));
    found.filter(|name| !NO_IDS.contains(name))
}

fn expression(text: &str) -> Option<Licence> {
    let parsed = Expression::parse_mode(text, MODE).ok()?;
    let mut references = Vec::new();
    for requirement in parsed.requirements() {
        match &requirement.req.license {
            LicenseItem::Spdx { id, .. } if NO_IDS.contains(&id.name) => return None,
            LicenseItem::Spdx { .. } => {}
            // It points into another document, of which nothing is known.
            LicenseItem::Other(reference) if reference.doc_ref.is_some() => return None,
            LicenseItem::Other(reference) => references.push(reference.to_string()),
        }
    }
    references.sort_unstable();
    references.dedup();
    Some(Licence::Expression {
        text: text.to_owned(),
        references,
    })
}

/// The text with every word that differs from an id, an exception or an operator only by case put right.
fn in_its_case(text: &str) -> String {
    let word = |word: &str| -> String {
        let operator = ["AND", "OR", "WITH"]
            .into_iter()
            .find(|operator| operator.eq_ignore_ascii_case(word));
        let exception = || {
            EXCEPTIONS
                .iter()
                .map(|exception| exception.name)
                .find(|name| name.eq_ignore_ascii_case(word))
        };
        operator
            .or_else(|| id(word))
            .or_else(exception)
            .unwrap_or(word)
            .to_owned()
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')'))
            .unwrap_or(rest.len());
        out.push_str(&word(&rest[..end]));
        let gap = rest[end..]
            .find(|c: char| !c.is_whitespace() && !matches!(c, '(' | ')'))
            .map_or(rest.len(), |length| end + length);
        out.push_str(&rest[end..gap]);
        rest = &rest[gap..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(declared: &str) -> String {
        match read(declared) {
            None => "nothing".into(),
            Some(Licence::Id(id)) => format!("id {id}"),
            Some(Licence::Expression { text, references }) => {
                format!("expression {text} {references:?}")
            }
            Some(Licence::Name(name)) => format!("name {name}"),
        }
    }

    #[test]
    fn ids_expressions_and_names_are_told_apart() {
        for (declared, want) in [
            ("MIT", "id MIT"),
            (" apache-2.0 ", "id Apache-2.0"),
            ("GPL-2.0", "id GPL-2.0"),
            ("GPL-2.0+", "id GPL-2.0+"),
            ("EPL-2.0+ or gpl-2.0+", "expression EPL-2.0+ OR GPL-2.0+ []"),
            ("MIT OR Apache-2.0", "expression MIT OR Apache-2.0 []"),
            (
                "(mit or apache-2.0) and BSD-3-Clause",
                "expression (MIT OR Apache-2.0) AND BSD-3-Clause []",
            ),
            (
                "gpl-2.0-only with classpath-exception-2.0",
                "expression GPL-2.0-only WITH Classpath-exception-2.0 []",
            ),
            (
                "MIT AND LicenseRef-ours",
                "expression MIT AND LicenseRef-ours [\"LicenseRef-ours\"]",
            ),
            (
                "DocumentRef-x:LicenseRef-y",
                "name DocumentRef-x:LicenseRef-y",
            ),
            ("Bugroff", "expression Bugroff []"),
            ("GFDL-1.2-invariants", "name GFDL-1.2-invariants"),
            (
                "Apache License, Version 2.0",
                "name Apache License, Version 2.0",
            ),
            ("MIT/Apache-2.0", "name MIT/Apache-2.0"),
            ("MIT OR", "name MIT OR"),
            ("(MIT", "name (MIT"),
            ("\u{1b}\"", "name \u{1b}\""),
            ("NOASSERTION", "nothing"),
            ("  ", "nothing"),
        ] {
            assert_eq!(shown(declared), want, "{declared}");
        }
    }

    #[test]
    fn the_version_of_the_list_has_two_parts() {
        assert_eq!(list_version().split('.').count(), 2);
    }

    /// Every id that is written as an id stands in the enumeration that CycloneDX validates against.
    #[test]
    fn ids_are_known_to_cyclonedx() {
        let Some(schema) = crate::testing::schema("cyclonedx/spdx.schema.json") else {
            return;
        };
        let listed: Vec<&str> = schema["enum"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap())
            .collect();
        for licence in LICENSES {
            if let Some(Licence::Id(id)) = read(licence.name) {
                assert!(listed.contains(&id), "{id}");
            }
        }
    }
}
