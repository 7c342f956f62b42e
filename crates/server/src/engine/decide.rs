//! A decision about findings, as it is kept and as it stands in `triage.toml`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use stanchion_formats::ignores::quoted;

/// The fields of a `[[decision]]` (docs/exceptions.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionText {
    /// Ids of the vulnerability.
    pub vulnerabilities: Vec<String>,
    /// Which components.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purls: Vec<String>,
    /// Which versions of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// The product's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Globs of files or project folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// `not_affected`, `fixed`, `affected` or `under_investigation`.
    pub status: String,
    /// Needed for `not_affected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Needed for `affected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Who decided.
    pub by: String,
    /// When: RFC 3339, or a day.
    pub on: String,
}

/// The decision as TOML, with a line break at its end.
pub fn decision_block(decision: &DecisionText) -> String {
    let mut out = String::from("[[decision]]\n");
    let mut list = |one: &str, many: &str, values: &[String]| match values {
        [] => {}
        [only] => {
            let _ = writeln!(out, "{one} = {}", quoted(only));
        }
        several => {
            let several: Vec<String> = several.iter().map(|value| quoted(value)).collect();
            let _ = writeln!(out, "{many} = [{}]", several.join(", "));
        }
    };
    list(
        "vulnerability",
        "vulnerabilities",
        &decision.vulnerabilities,
    );
    list("purl", "purls", &decision.purls);
    list("path", "paths", &decision.paths);
    for (name, value) in [
        ("versions", decision.versions.as_ref()),
        ("product", decision.product.as_ref()),
        ("status", Some(&decision.status)),
        ("justification", decision.justification.as_ref()),
        ("reason", decision.reason.as_ref()),
        ("action", decision.action.as_ref()),
        ("by", Some(&decision.by)),
        ("on", Some(&decision.on)),
    ] {
        if let Some(value) = value {
            let _ = writeln!(out, "{name} = {}", quoted(value));
        }
    }
    out
}
