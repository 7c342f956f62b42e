//! Text from scanned files and advisories, before it is shown to anyone.

/// Whether a terminal would obey a character, or it hides or turns the direction of reading: controls,
/// bidirectional overrides, invisible joiners, tags.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text of somebody else for an error message: at most so many characters, and none that is hostile.
pub fn quoted(text: &str, most: usize) -> String {
    let mut short: String = text
        .chars()
        .take(most)
        .map(|c| {
            if is_hostile(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_harmless() {
        assert_eq!(quoted("plain", 5), "plain");
        assert_eq!(quoted("ab\u{1b}[31m\u{202e}", 9), "ab\u{fffd}[31m\u{fffd}");
        assert_eq!(quoted("éééé", 3), "ééé…");
    }
}
