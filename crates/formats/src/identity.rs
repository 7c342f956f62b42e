//! Ids that are derived from content, so that the same content has the same id anywhere.

use stanchion_model::digest::hex;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256 of a text, in lower-case hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    stanchion_model::digest::sha256(text.as_bytes())
}

/// A UUID named by everything that a document says, over SHA-256 in place of SHA-1
/// ([RFC 9562, 5.5](https://www.rfc-editor.org/rfc/rfc9562#section-5.5)).
///
/// It is marked as version 5, not 8: readers exist that refuse any above.
pub(crate) fn uuid(document: &impl Serialize) -> io::Result<String> {
    let mut writer = io::BufWriter::with_capacity(64 * 1024, Hasher(Sha256::new()));
    serde_json::to_writer(&mut writer, document)?;
    let hasher = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    let mut bytes = hasher.0.finalize();
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes[..16]);
    Ok(format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    ))
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_content_alone() {
        let id = uuid(&["a", "b"]).unwrap();
        assert_eq!(id, uuid(&["a", "b"]).unwrap());
        assert_ne!(id, uuid(&["ab"]).unwrap());
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "5");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"));
    }
}
