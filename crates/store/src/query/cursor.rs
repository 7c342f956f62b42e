//! Where the next page begins: opaque to whoever holds it, and good for one query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::parse::Query;
use super::{ListError, Query as Asked};

/// Bytes of the query's hash in a cursor.
const MARK: usize = 8;
/// Longest cursor that is looked at.
const MOST: usize = 4096;

fn mark(query: &Query) -> [u8; MARK] {
    let mut hash = Sha256::new();
    hash.update(query.list.name.as_bytes());
    hash.update([0]);
    hash.update(query.to_string().as_bytes());
    let whole = hash.finalize();
    let mut mark = [0; MARK];
    mark.copy_from_slice(&whole[..MARK]);
    mark
}

/// A cursor behind a row, from what the row is sorted by.
pub(super) fn write(query: &Asked, place: &[u8]) -> String {
    let mut bytes = mark(query).to_vec();
    bytes.extend_from_slice(place);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the row was sorted by.
pub(super) fn read(query: &Asked, cursor: &str) -> Result<Vec<u8>, ListError> {
    if cursor.len() > MOST {
        return Err(ListError::Cursor);
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| ListError::Cursor)?;
    match bytes.split_at_checked(MARK) {
        Some((given, place)) if given == mark(query) => Ok(place.to_vec()),
        _ => Err(ListError::Cursor),
    }
}
