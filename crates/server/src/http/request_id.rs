//! The id of a request: in its answer, in its problem and in every log line that it causes.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request. In the extensions of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id that a trusted proxy gave, else a new one.
    pub(super) fn of(headers: &HeaderMap, trusted: bool) -> Self {
        match headers.get(HEADER) {
            Some(value) if trusted && is_id(value.as_bytes()) => Self(value.clone()),
            _ => Self::random(),
        }
    }

    /// 16 random bytes in hexadecimal digits.
    pub fn random() -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0; 16];
        // Without randomness from the system the id is all zeros: it is a name, nothing rests on it being secret.
        let _ = SystemRandom::new().fill(&mut bytes);
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("none")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as the value of a header.
    pub fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_id(bytes: &[u8]) -> bool {
    (1..=64).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_names_a_request() {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static("Edge-1_a"));
        assert_eq!(RequestId::of(&headers, true).as_str(), "Edge-1_a");
        assert_ne!(RequestId::of(&headers, false).as_str(), "Edge-1_a");
    }

    #[test]
    fn an_id_that_is_none_is_replaced() {
        for bad in ["", "a b", "a\"b", &"a".repeat(65), "a;b"] {
            let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(bad).unwrap())]);
            let id = RequestId::of(&headers, true);
            assert_ne!(id.as_str(), bad);
            assert_eq!(id.as_str().len(), 32);
        }
        assert_ne!(RequestId::random(), RequestId::random());
    }
}
