//! Text that comes from scanned files and advisories, made fit for where it goes.

use stanchion_model::text::is_hostile;
use std::borrow::Cow;
use std::fmt::Write as _;

/// On one line, without anything that turns the direction of reading: for sentences that people are shown.
/// Values that name something are written as they are instead; JSON carries any character.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(is_hostile) {
        Cow::Owned(text.replace(is_hostile, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// At most so many characters, with an ellipsis where some are gone.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Markdown that shows exactly this text, within a line.
pub(crate) fn markdown(text: &str) -> String {
    let text = plain(text);
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        // A colon matters where it makes an address, of which a link would be made.
        let address = c == ':' && text[at + 1..].starts_with('/');
        if address
            || matches!(
                c,
                '\\' | '`'
                    | '*'
                    | '_'
                    | '{'
                    | '}'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '#'
                    | '|'
                    | '!'
                    | '~'
                    | '@'
                    | '&'
                    | '$'
            )
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Markdown's code span around any text, also in a table.
pub(crate) fn code(text: &str) -> String {
    // A span cannot hold its own fence; a longer fence would, but a table would still end at a bar.
    format!(
        "`{}`",
        plain(text).replace('`', "'").replace('|', "\u{2758}")
    )
}

/// A path as a relative reference ([RFC 3986, 4.2](https://www.rfc-editor.org/rfc/rfc3986#section-4.2)).
pub(crate) fn uri_path(path: &str) -> String {
    encode(path.trim_start_matches('/'), |byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'/' | b'-'
                    | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b'@'
            )
    })
}

/// An address in which nothing stands that no URI may hold; `None` where it is no absolute URI.
pub(crate) fn uri(address: &str) -> Option<String> {
    let address = address.trim();
    let (scheme, rest) = address.split_once(':')?;
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !named || rest.trim_matches('/').is_empty() {
        return None;
    }
    let mut hashes = 0;
    let whole = encode(address, |byte| {
        hashes += usize::from(byte == b'#');
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'%' | b'[' | b']'
            )
            && (byte != b'#' || hashes == 1)
            || byte == b'%'
    });
    Some(stray_percent(&whole))
}

/// Encodes each percent sign that begins no escape.
fn stray_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let escape = |at: usize| {
        bytes
            .get(at + 1..at + 3)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push_str(if c == '%' && !escape(at) {
            "%25"
        } else {
            &text[at..at + c.len_utf8()]
        });
    }
    out
}

fn encode(text: &str, mut keep: impl FnMut(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A repository's address as a URI without a password: `git@host:owner/name` becomes
/// `ssh://git@host/owner/name`, and a leading `git+` goes.
pub(crate) fn repository(address: &str) -> Option<String> {
    let address = address.trim();
    let address = address.strip_prefix("git+").unwrap_or(address);
    let scp = match address.split_once(':') {
        Some((host, path))
            if !address.contains("://") && host.contains('@') && !host.contains('/') =>
        {
            Some(format!("ssh://{host}/{}", path.trim_start_matches('/')))
        }
        _ => None,
    };
    uri(&without_password(scp.as_deref().unwrap_or(address)))
}

/// A file's address as a URI without a password.
pub(crate) fn download(address: &str) -> Option<String> {
    uri(&without_password(address))
}

/// Lockfiles hold tokens now and then; a document that is handed on must not.
fn without_password(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Cow::Borrowed(address);
    };
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host].rfind('@') {
        Some(at) if rest[..at].contains(':') || !scheme.contains("ssh") => {
            Cow::Owned(format!("{scheme}://{}", &rest[at + 1..]))
        }
        _ => Cow::Borrowed(address),
    }
}

/// Letters, digits, dots and dashes, for ids that allow no more; at most `most` of them.
pub(crate) fn slug(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= most {
            break;
        }
        if c.is_ascii_alphanumeric() || c == '.' {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (address, want) in [
            (
                "git@github.com:o/n.git",
                Some("ssh://git@github.com/o/n.git"),
            ),
            (
                "git+https://user:secret@example.org/o/n",
                Some("https://example.org/o/n"),
            ),
            ("https://token@example.org/n", Some("https://example.org/n")),
            ("ssh://git@example.org/n", Some("ssh://git@example.org/n")),
            (
                "https://example.org/a b?<x>#y#z",
                Some("https://example.org/a%20b?%3Cx%3E#y%23z"),
            ),
            (
                "https://example.org/100%",
                Some("https://example.org/100%25"),
            ),
            ("../sibling", None),
            ("", None),
            ("https://", None),
        ] {
            assert_eq!(repository(address).as_deref(), want, "{address}");
        }
    }

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(uri_path("a b/c:d#%é.lock"), "a%20b/c%3Ad%23%25%C3%A9.lock");
        assert_eq!(uri_path("/x"), "x");
        assert_eq!(uri_path("@scope/x+y"), "@scope/x+y");
    }

    #[test]
    fn markdown_shows_what_it_is_given() {
        assert_eq!(
            markdown("<b>*a*_\n[x](y)|"),
            "\\<b\\>\\*a\\*\\_\u{fffd}\\[x\\](y)\\|"
        );
        assert_eq!(markdown("a:b https://x"), "a:b https\\://x");
        assert_eq!(code("a`b|c"), "`a'b\u{2758}c`");
    }

    #[test]
    fn slugs() {
        assert_eq!(
            slug("pkg:npm/%40angular/core@1.0", 40),
            "pkg-npm-40angular-core-1.0"
        );
        assert_eq!(slug("\u{1b}[31m\"x", 40), "31m-x");
        assert_eq!(slug("abcdef", 3), "abc");
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
