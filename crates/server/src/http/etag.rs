//! Entity tags and the conditions on them ([RFC 9110, section 13](https://www.rfc-editor.org/rfc/rfc9110#section-13)).
//!
//! All tags are strong: they name a revision or the bytes before compression. Compression leaves them as they are, so
//! that a client can send the tag that it got back in `if-match`; nothing here serves ranges, where that would matter.

use std::fmt;

use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// A strong entity tag. As a part of an answer it sets `etag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// The tag of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let digest = Sha256::digest(bytes);
        let mut text = String::with_capacity(34);
        text.push('"');
        for byte in &digest[..16] {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('"');
        Self(text)
    }

    /// The tag of a thing that counts its changes.
    pub fn of_revision(revision: u64) -> Self {
        Self(format!("\"r{revision}\""))
    }

    /// The tag of a thing that has a name of its own, such as a digest in hexadecimal.
    pub fn named(name: &str) -> Self {
        Self(format!("\"{name}\""))
    }

    /// The tag with its quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 304 with this tag when the client has the thing as it is (`if-none-match`). For GET and HEAD.
    pub fn not_modified(&self, headers: &HeaderMap) -> Option<Response> {
        names(headers, &IF_NONE_MATCH, &self.0, true)
            .then(|| (StatusCode::NOT_MODIFIED, self.clone(), ()).into_response())
    }

    /// Refuses a change that does not say which state it is made to (428), or is made to another one (412).
    pub fn require_match(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if !headers.contains_key(IF_MATCH) {
            return Err(Problem::precondition_required());
        }
        if names(headers, &IF_MATCH, &self.0, false) {
            Ok(())
        } else {
            Err(Problem::precondition_failed())
        }
    }
}

impl IntoResponseParts for EntityTag {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            parts.headers_mut().insert(ETAG, value);
        }
        Ok(parts)
    }
}

/// Whether a list of tags names this one. `*` names every one.
fn names(headers: &HeaderMap, name: &HeaderName, tag: &str, weakly: bool) -> bool {
    headers.get_all(name).iter().any(|value| {
        // Our tags have no comma inside, so a tag of somebody else's that has one cannot look like ours when it is cut.
        value
            .to_str()
            .unwrap_or_default()
            .split(',')
            .any(|candidate| {
                let candidate = candidate.trim();
                let candidate = if weakly {
                    candidate.strip_prefix("W/").unwrap_or(candidate)
                } else {
                    candidate
                };
                candidate == "*" || candidate == tag
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn tags_tell_bytes_and_revisions_apart() {
        assert_ne!(EntityTag::of_bytes(b"a"), EntityTag::of_bytes(b"b"));
        assert_eq!(EntityTag::of_bytes(b"a").as_str().len(), 34);
        assert_eq!(EntityTag::of_revision(7).as_str(), "\"r7\"");
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let tag = EntityTag::of_revision(7);
        for value in ["\"r7\"", "W/\"r7\"", "\"r6\", \"r7\"", "*"] {
            let answer = tag.not_modified(&with(IF_NONE_MATCH, value)).unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(answer.headers()[ETAG], "\"r7\"");
        }
        for value in ["\"r8\"", "r7", "", "\"r7"] {
            assert!(
                tag.not_modified(&with(IF_NONE_MATCH, value)).is_none(),
                "{value}"
            );
        }
        assert!(tag.not_modified(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_change_names_the_state_it_is_made_to() {
        let tag = EntityTag::of_revision(7);
        let status =
            |headers: &HeaderMap| tag.require_match(headers).map_err(|p| p.status().as_u16());
        assert_eq!(status(&HeaderMap::new()), Err(428));
        assert_eq!(status(&with(IF_MATCH, "\"r6\"")), Err(412));
        assert_eq!(status(&with(IF_MATCH, "W/\"r7\"")), Err(412));
        assert_eq!(status(&with(IF_MATCH, "\"r6\", \"r7\"")), Ok(()));
        assert_eq!(status(&with(IF_MATCH, "*")), Ok(()));
    }
}
