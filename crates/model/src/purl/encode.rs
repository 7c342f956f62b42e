//! Percent encoding as the package URL specification uses it (ECMA-427, "Character encoding").

use std::borrow::Cow;
use std::fmt;

use super::PurlError;

/// True for a byte that is written as it is: RFC 3986 unreserved characters, and the colon,
/// which the package URL specification keeps everywhere.
const fn plain(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':')
}

/// Writes `text` percent encoded; with `slash` a `/` is kept, as it parts segments.
pub(super) fn percent_encode(
    out: &mut dyn fmt::Write,
    text: &str,
    slash: bool,
) -> Result<(), fmt::Error> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if plain(byte) || (slash && byte == b'/') {
            continue;
        }
        // A byte of a longer character is never plain, so both ends are character boundaries or
        // the run is empty.
        if from < at {
            out.write_str(text.get(from..at).unwrap_or_default())?;
        }
        out.write_char('%')?;
        out.write_char(char::from(HEX[usize::from(byte >> 4)]))?;
        out.write_char(char::from(HEX[usize::from(byte & 15)]))?;
        from = at + 1;
    }
    out.write_str(text.get(from..).unwrap_or_default())
}

/// Decodes `%XX`; borrows where there is nothing to decode.
///
/// A percent sign without two hexadecimal digits is an error where `strict`, else kept.
pub(super) fn percent_decode<'a>(
    text: &'a str,
    component: &'static str,
    strict: bool,
) -> Result<Cow<'a, str>, PurlError> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digit = |offset: usize| bytes.get(at + offset).and_then(|b| hex(*b));
            if let (Some(high), Some(low)) = (digit(1), digit(2)) {
                out.push(high << 4 | low);
                at += 3;
                continue;
            }
            if strict {
                return Err(PurlError::InvalidEscape { component });
            }
        }
        out.push(byte);
        at += 1;
    }
    String::from_utf8(out)
        .map(Cow::Owned)
        .map_err(|_| PurlError::InvalidUtf8 { component })
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
