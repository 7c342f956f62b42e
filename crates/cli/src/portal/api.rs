//! What the portal is asked, in one place: paths, headers, and the bodies that go either way.
//!
//! Errors come as `application/problem+json` with `detail` and `hint`. Tokens go as `Authorization: Bearer stn_...`.

use serde::{Deserialize, Serialize};

/// Who is asking: [`Session`].
pub(crate) const SESSION: &str = "/api/v1/session";
/// The policy with all that stands beside it, as `stanchion.bundle/1`; `?product=`. 204 while the portal has none.
pub(crate) const BUNDLE: &str = "/api/v1/policy/bundle";
/// Products: listed, made.
pub(crate) const PRODUCTS: &str = "/api/v1/products";
/// Takes an inventory, answers with the assessment.
pub(crate) const PUSH: &str = "/api/v1/push";
/// Takes [`NewDecision`].
pub(crate) const DECISIONS: &str = "/api/v1/decisions";
/// Takes [`NewException`].
pub(crate) const EXCEPTIONS: &str = "/api/v1/exceptions";
/// Takes [`NewFinding`].
pub(crate) const FINDINGS: &str = "/api/v1/findings";

/// How every token begins.
pub(crate) const TOKEN_PREFIX: &str = "stn_";

/// Of a push: what changed, as `appeared=1 changed=0 closed=2 reopened=0`.
pub(crate) const CHANGES: &str = "x-stanchion-finding-changes";
/// Of a push: the page of the version.
pub(crate) const PAGE: &str = "x-stanchion-url";
/// Of a push: the version's name.
pub(crate) const VERSION: &str = "x-stanchion-version";

/// Names one and the same thing that is sent again after a connection broke: the portal does it once.
pub(crate) const ONCE: &str = "idempotency-key";

/// The path of a product's first sights: [`crate::portal::Sights`]. 404 for an unknown product: none.
pub(crate) fn sightings(product: &str) -> String {
    format!("{PRODUCTS}/{}/sightings", encoded(product))
}

/// A text as part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// A path with a query. What has no value is left out.
pub(crate) fn with_query(path: &str, query: &[(&str, Option<&str>)]) -> String {
    let mut out = path.to_owned();
    let mut sign = '?';
    for (name, value) in query {
        if let Some(value) = value {
            out.push(sign);
            out.push_str(name);
            out.push('=');
            out.push_str(&encoded(value));
            sign = '&';
        }
    }
    out
}

/// Whom a token stands for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Session {
    /// The account's name.
    pub(crate) name: String,
    /// As people know it.
    pub(crate) display: String,
    /// Its roles.
    pub(crate) roles: Vec<String>,
    /// What it may do.
    pub(crate) permissions: Vec<String>,
    /// The token itself.
    pub(crate) token: Option<SessionToken>,
}

/// About the token.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SessionToken {
    /// RFC 3339; `None`: it does not end.
    pub(crate) expires: Option<String>,
}

/// An error, as the portal tells it ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) title: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
}

/// A product to make.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct NewProduct {
    pub(crate) name: String,
    /// `own` or `bought`.
    pub(crate) kind: &'static str,
    pub(crate) description: String,
    /// The parent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tier: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exposed: Option<bool>,
    /// `development`, `active`, `maintenance` or `retired`.
    pub(crate) lifecycle: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
}

/// A decision to record. Who decided is the token's account.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct NewDecision {
    pub(crate) vulnerabilities: Vec<String>,
    pub(crate) purls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) versions: Option<String>,
    pub(crate) product: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) paths: Vec<String>,
    /// `not_affected`, `fixed`, `affected` or `under_investigation`.
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Needed for `affected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
}

/// What an exception is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct NewScope {
    pub(crate) ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) versions: Option<String>,
    pub(crate) product: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) paths: Vec<String>,
}

/// An exception to ask for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct NewException {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) scope: NewScope,
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compensating_control: Option<String>,
    /// The last day, or an exact time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
}

/// A finding of another tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct NewFinding {
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) branch: String,
    pub(crate) tool: String,
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// `critical`, `high`, `medium`, `low` or `none`.
    pub(crate) severity: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cwes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    /// A purl, else name and version as `name@version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    /// Ids of the vulnerability, where it has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) vulnerabilities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_an_address() {
        assert_eq!(
            sightings("../a b?c=ü"),
            "/api/v1/products/..%2Fa%20b%3Fc%3D%C3%BC/sightings"
        );
        assert_eq!(
            with_query("/x", &[("a", Some("1&b=2")), ("c", None), ("d", Some("#"))]),
            "/x?a=1%26b%3D2&d=%23"
        );
    }
}
