//! Bytes to text: byte-order marks, UTF-16, and what is no text at all.

use std::borrow::Cow;

use crate::SyntaxError;

/// Text and what had to be done to get it.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The text, without a byte-order mark.
    pub text: Cow<'a, str>,
    /// The first line with bytes that are not valid in the file's encoding; they became U+FFFD.
    pub damaged: Option<SyntaxError>,
}

/// Decodes UTF-8 (with or without a mark) and UTF-16 (with a mark, or recognisable by its zero bytes).
///
/// # Errors
/// When the bytes are binary: more than a stray zero byte, and no UTF-16.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, SyntaxError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err(SyntaxError {
            line: 1,
            message: "the file is UTF-32 or binary, not UTF-8 text".into(),
        }),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            utf16(bytes, u16::from_le_bytes)
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            utf16(bytes, u16::from_be_bytes)
        }
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Decoded<'_>, SyntaxError> {
    let head = &bytes[..bytes.len().min(8192)];
    if memchr::memchr(0, head).is_some() {
        return Err(SyntaxError {
            line: 1,
            message: "the file is binary, not text".into(),
        });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded {
            text: Cow::Borrowed(text),
            damaged: None,
        }),
        Err(error) => {
            let line = line_at(bytes, error.valid_up_to());
            let text = String::from_utf8_lossy(bytes);
            let message = "bytes that are not UTF-8; they are read as U+FFFD".into();
            Ok(Decoded {
                text,
                damaged: Some(SyntaxError { line, message }),
            })
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded<'_>, SyntaxError> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut bad = None;
    let mut line = 1;
    for found in char::decode_utf16(units) {
        let found = found.unwrap_or_else(|_| {
            bad.get_or_insert(line);
            char::REPLACEMENT_CHARACTER
        });
        line += u32::from(found == '\n');
        text.push(found);
    }
    if bad.is_none() && bytes.len() % 2 == 1 {
        bad = Some(line);
    }
    if text.contains('\0') {
        return Err(SyntaxError {
            line: 1,
            message: "the file is binary, not text".into(),
        });
    }
    let damaged = bad.map(|line| SyntaxError {
        line,
        message: "bytes that are not UTF-16; they are read as U+FFFD".into(),
    });
    Ok(Decoded {
        text: Cow::Owned(text),
        damaged,
    })
}

/// The 1-based line of a byte offset.
pub fn line_at(bytes: &[u8], offset: usize) -> u32 {
    1 + memchr::memchr_iter(b'\n', &bytes[..offset.min(bytes.len())]).count() as u32
}

/// Lines with their number (1-based), without their ending (`\n`, `\r\n` or a lone `\r` at the end).
pub fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.lines()
        .zip(1u32..)
        .map(|(line, number)| (number, line.strip_suffix('\r').unwrap_or(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_utf16_are_read() {
        assert_eq!(decode(b"\xEF\xBB\xBF{}").unwrap().text, "{}");
        let le: Vec<u8> = "\u{feff}{\"é\":1}\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let be: Vec<u8> = "{\"é\":1}\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(decode(&le).unwrap().text, "{\"é\":1}\n");
        assert_eq!(decode(&be).unwrap().text, "{\"é\":1}\n");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(decode(b"\x7fELF\x02\x01\x01\0\0\0\0\0").is_err());
        assert!(decode(b"\xff\xfe\0\0abc").is_err());
        assert_eq!(decode(b"").unwrap().text, "");
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let decoded = decode(b"a\nb\xff\n").unwrap();
        assert_eq!(
            (decoded.text.as_ref(), decoded.damaged.unwrap().line),
            ("a\nb\u{fffd}\n", 2)
        );
    }
}
