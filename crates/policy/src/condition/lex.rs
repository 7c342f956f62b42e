//! Words and signs of a condition, by the
//! [lexis of CEL](https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax), within bounds.
//!
//! Left out because no variable needs it: bytes, unsigned numbers, strings in three quotes.

use std::ops::Range;

use stanchion_model::text::is_hostile;

use super::error::ConditionError;

/// Longest string literal, in bytes of its value.
const LONGEST_TEXT: usize = 256;

/// A piece of the source, in bytes.
pub(super) type Span = Range<usize>;

/// A word or a sign.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// A name or a keyword.
    Name,
    /// Without its sign.
    Int(u64),
    Double(f64),
    Text(String),
    /// One of [`SIGNS`].
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")",
    "[", "]", "{", "}", ",", ".", ";",
];

/// What people write where CEL wants something else.
const SLIPS: [(&str, &str); 6] = [
    ("=", "to compare, write =="),
    ("&", "for `and`, write &&"),
    ("|", "for `or`, write ||"),
    ("“", "write straight quotes: '...'"),
    ("‘", "write straight quotes: '...'"),
    ("`", "write a string in straight quotes: '...'"),
];

/// Cuts a source into tokens.
pub(super) fn tokens(source: &str) -> Result<Vec<(Token, Span)>, ConditionError> {
    if let Some((at, hostile)) = source
        .char_indices()
        .find(|(_, c)| is_hostile(*c) && !matches!(c, '\n' | '\r' | '\t'))
    {
        let message = format!(
            "there is an invisible character, U+{:04X}",
            u32::from(hostile)
        );
        return Err(ConditionError::new(at, message).hint("delete it"));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = skip_space(source, at);
        let rest = &source[at..];
        let Some(first) = rest.bytes().next() else {
            return Ok(tokens);
        };
        let (token, length) = if let Some(quote) = opening(rest) {
            text(source, at, quote)?
        } else if first.is_ascii_alphabetic() || first == b'_' {
            (Token::Name, word_length(rest))
        } else if first.is_ascii_digit()
            || (first == b'.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            number(source, at)?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            let slip = SLIPS.iter().find(|(slip, _)| rest.starts_with(slip));
            let found: String = rest.chars().take(1).collect();
            let error = ConditionError::new(at, format!("`{found}` has no place in a condition"));
            return Err(match slip {
                Some((_, hint)) => error.hint(*hint),
                None => error,
            });
        };
        tokens.push((token, at..at + length));
        at += length;
    }
}

/// A source on one line, without comments: what is shown of a part of a condition.
pub(super) fn one_line(source: &str) -> String {
    let Ok(tokens) = tokens(source) else {
        return source.split_whitespace().collect::<Vec<_>>().join(" ");
    };
    let mut line = String::with_capacity(source.len());
    let mut end = 0;
    for (_, span) in tokens {
        if span.start > end && end > 0 {
            line.push(' ');
        }
        line.push_str(&source[span.clone()]);
        end = span.end;
    }
    line
}

/// Behind white space and comments.
fn skip_space(source: &str, mut at: usize) -> usize {
    loop {
        let rest = &source[at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with("//") {
            return at;
        }
        at += trimmed.find('\n').unwrap_or(trimmed.len());
    }
}

fn word_length(rest: &str) -> usize {
    rest.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

/// The quote with which a string begins, and what stands before it.
fn opening(rest: &str) -> Option<(&str, char)> {
    let (at, quote) = rest
        .char_indices()
        .take(3)
        .find(|(_, c)| matches!(c, '"' | '\''))?;
    let prefix = &rest[..at];
    let is_prefix = matches!(
        prefix.to_ascii_lowercase().as_str(),
        "" | "r" | "b" | "rb" | "br"
    );
    is_prefix.then_some((prefix, quote))
}

/// Reads a string literal: its value, and its length in the source.
fn text(
    source: &str,
    start: usize,
    (prefix, quote): (&str, char),
) -> Result<(Token, usize), ConditionError> {
    if prefix.contains(['b', 'B']) {
        return Err(ConditionError::new(start, "no variable holds bytes")
            .hint("write a string, without the `b`"));
    }
    let raw = !prefix.is_empty();
    let body = &source[start + prefix.len() + 1..];
    if body
        .strip_prefix(quote)
        .is_some_and(|rest| rest.starts_with(quote))
    {
        return Err(ConditionError::new(
            start,
            "a string takes one quote, not three",
        ));
    }
    let unended = || {
        ConditionError::new(start, "the string does not end")
            .hint(format!("close it with {quote} on the same line"))
    };
    let mut value = String::new();
    let mut rest = body.char_indices();
    let end = loop {
        let Some((at, c)) = rest.next() else {
            return Err(unended());
        };
        match c {
            _ if c == quote => break at + 1,
            '\n' | '\r' => return Err(unended()),
            '\\' if !raw => {
                let here = start + prefix.len() + 1 + at;
                let (c, used) = escape(&body[at + 1..]).ok_or_else(|| {
                    ConditionError::new(here, "`\\` begins no known escape in this string")
                        .hint("write `\\\\` for a backslash, or the string as r'...'")
                })?;
                if is_hostile(c) {
                    let message = "a string here cannot hold an invisible character";
                    return Err(ConditionError::new(here, message));
                }
                value.push(c);
                for _ in 0..used {
                    rest.next();
                }
            }
            _ => value.push(c),
        }
        if value.len() > LONGEST_TEXT {
            let message = format!("a string is longer than {LONGEST_TEXT} bytes");
            return Err(ConditionError::new(start, message));
        }
    };
    Ok((Token::Text(value), prefix.len() + 1 + end))
}

/// What stands behind a backslash: the character meant, and how many characters say so.
fn escape(rest: &str) -> Option<(char, usize)> {
    let first = rest.chars().next()?;
    let code = |from: usize, digits: usize, radix: u32| {
        let digits = rest.get(from..from + digits)?;
        // `from_str_radix` alone would take a sign.
        if !digits.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        let c = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        Some((c, from + digits.len()))
    };
    match first {
        '\\' | '\'' | '"' | '`' | '?' => Some((first, 1)),
        'a' => Some(('\u{7}', 1)),
        'b' => Some(('\u{8}', 1)),
        'f' => Some(('\u{c}', 1)),
        'n' => Some(('\n', 1)),
        'r' => Some(('\r', 1)),
        't' => Some(('\t', 1)),
        'v' => Some(('\u{b}', 1)),
        'x' | 'X' => code(1, 2, 16),
        'u' => code(1, 4, 16),
        'U' => code(1, 8, 16),
        '0'..='3' => code(0, 3, 8),
        _ => None,
    }
}

/// Reads a number without its sign.
fn number(source: &str, start: usize) -> Result<(Token, usize), ConditionError> {
    let rest = &source[start..];
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let hex = rest.starts_with("0x");
    let mut end = digits(0);
    let mut whole = true;
    if hex {
        end = 2 + bytes[2..]
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
    } else {
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
            whole = false;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = bytes
                .get(end + 1 + sign)
                .map_or(0, |_| digits(end + 1 + sign));
            if exponent > 0 {
                end += 1 + sign + exponent;
                whole = false;
            }
        }
    }
    let tail = &rest[end..][..word_length(&rest[end..])];
    if !tail.is_empty() {
        let message = format!("`{}{tail}` is no number", &rest[..end]);
        let error = ConditionError::new(start, message);
        return Err(match tail {
            "d" | "h" | "w" | "mo" | "y" => error.hint("write days as a plain number"),
            "u" | "U" => error.hint("write the number without the `u`"),
            _ => error,
        });
    }
    let too_large = || ConditionError::new(start, "the number is too large");
    let token = if whole {
        let read = if hex {
            u64::from_str_radix(&rest[2..end], 16)
        } else {
            rest[..end].parse()
        };
        Token::Int(read.map_err(|_| too_large())?)
    } else {
        let value: f64 = rest[..end].parse().map_err(|_| too_large())?;
        if value.is_infinite() {
            return Err(too_large());
        }
        Token::Double(value)
    };
    Ok((token, end))
}
