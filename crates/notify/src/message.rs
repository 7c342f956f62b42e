//! What there is to tell, in each of the forms that a channel may need.

use ring::digest::{SHA256, digest};

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// When there is time.
    Low,
    /// In the course of work.
    #[default]
    Normal,
    /// Now.
    High,
}

/// One event, told.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The same for every attempt and every channel, and for no other event: receivers tell by it what they have seen.
    pub id: String,
    /// One line.
    pub subject: String,
    /// Plain text, any length.
    pub text: String,
    /// The same as HTML, whole and harmless: it is sent as it is.
    pub html: Option<String>,
    /// For programs: what a webhook hands over. By the convention it has `type`, `timestamp` and `data`.
    pub event: serde_json::Value,
    /// How soon somebody should look.
    pub urgency: Urgency,
}

impl Message {
    /// The id in characters that fit into every header: itself, or a digest of it.
    pub(crate) fn token(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=64).contains(&self.id.len()) && self.id.bytes().all(plain) {
            return self.id.clone();
        }
        digest(&SHA256, self.id.as_bytes())
            .as_ref()
            .iter()
            .take(16)
            .fold("msg_".to_owned(), |out, byte| format!("{out}{byte:02x}"))
    }
}

/// Whether a character could hide what a text says, or end a line where none should end.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text as one line of at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if hides(c) { ' ' } else { c })
        .collect();
    let mut words = String::new();
    for word in spaced.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    if words.chars().count() > most {
        words = words.chars().take(most.saturating_sub(1)).collect();
        words.push('…');
    }
    words
}

/// A text of several lines, with one kind of line end and without what does not belong in text.
pub(crate) fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_tokens() {
        let token = |id: &str| {
            Message {
                id: id.into(),
                subject: String::new(),
                text: String::new(),
                html: None,
                event: serde_json::Value::Null,
                urgency: Urgency::Normal,
            }
            .token()
        };
        assert_eq!(token("evt_A-1"), "evt_A-1");
        // A dot would let one id and time pass for another.
        for odd in ["", "a.b", "a b", "ü", "a\r\nb", &"x".repeat(65)] {
            let token = token(odd);
            assert!(token.starts_with("msg_") && token.len() == 36, "{token}");
        }
        assert_eq!(token("a.b"), token("a.b"));
        assert_ne!(token("a.b"), token("a.c"));
    }

    #[test]
    fn texts_are_made_harmless() {
        assert_eq!(line("a\r\nBcc: x@y\t \0b\u{202e}c", 99), "a Bcc: x@y b c");
        assert_eq!(line("äöüß", 3), "äö…");
        assert_eq!(lines("a\r\nb\rc\n\td\0\u{1b}[1m"), "a\nb\nc\n\td[1m");
    }
}
