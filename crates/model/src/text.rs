//! Text from scanned files and advisories, before it is shown to anyone.

/// Whether a terminal would obey a character, or it hides or turns the direction of reading: controls,
/// bidirectional overrides, invisible joiners, tags.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
