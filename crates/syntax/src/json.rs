//! JSON by [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), and the relaxed form that `bun.lock`
//! and editors write: comments and trailing commas.
//!
//! Our own reader because lockfiles and advisories are read by the hundred megabytes, findings need
//! lines, and a file that breaks off must still give its first half.

use std::borrow::Cow;

use crate::{Document, Limits, Member, Node, SyntaxError, Value, Warning};

/// Objects up to this size are searched for doubled keys pair by pair, larger ones by sorting.
const SMALL: usize = 8;
const WARNINGS: usize = 20;

/// Reads strict JSON.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Document<'a> {
    read(text, limits, false)
}

/// Reads JSON with `//` and `/* */` comments and trailing commas.
pub fn parse_relaxed<'a>(text: &'a str, limits: &Limits) -> Document<'a> {
    read(text, limits, true)
}

fn read<'a>(text: &'a str, limits: &Limits, relaxed: bool) -> Document<'a> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        depth_left: limits.depth,
        nodes_left: limits.values(text.len()),
        limits: *limits,
        relaxed,
        warnings: Vec::new(),
        error: None,
        items: Vec::new(),
        members: Vec::new(),
    };
    reader.space();
    let root = reader.value();
    if reader.error.is_none() {
        reader.space();
        if reader.at < reader.bytes.len() {
            reader.fail("there is more text after the end of the document");
        }
    }
    Document {
        root,
        error: reader.error,
        warnings: reader.warnings,
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    depth_left: usize,
    nodes_left: usize,
    limits: Limits,
    relaxed: bool,
    warnings: Vec<Warning>,
    error: Option<SyntaxError>,
    /// What open containers hold so far: a container takes its part when it closes, in one piece of the right size.
    items: Vec<Node<'a>>,
    members: Vec<Member<'a>>,
}

impl<'a> Reader<'a> {
    #[cold]
    fn fail(&mut self, message: impl Into<String>) {
        if self.error.is_none() {
            self.error = Some(SyntaxError {
                line: self.line,
                message: message.into(),
            });
        }
    }

    #[cold]
    fn unexpected(&mut self, wanted: &str) {
        let message = match self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            None => format!("the file ends where {wanted} is expected"),
            Some(found) => format!("{found:?} where {wanted} is expected"),
        };
        self.fail(message);
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b'/' if self.relaxed => {
                    if !self.comment() {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// Skips a comment; false when the slash starts none.
    fn comment(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"//") {
            self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            true
        } else if rest.starts_with(b"/*") {
            let end = memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |end| end + 4);
            self.line += memchr::memchr_iter(b'\n', &rest[..end]).count() as u32;
            self.at += end;
            true
        } else {
            false
        }
    }

    fn value(&mut self) -> Node<'a> {
        let line = self.line;
        if self.nodes_left == 0 {
            let most = self.limits.values(self.text.len());
            self.fail(format!("more than {most} values"));
            return Node::new(line, Value::Null);
        }
        self.nodes_left -= 1;
        let value = match self.peek() {
            Some(b'"') => Value::String(self.string()),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                self.unexpected("a value");
                Value::Null
            }
        };
        Node::new(line, value)
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Value<'a>) -> Value<'a> {
        if self.depth_left == 0 {
            self.fail(format!("nested deeper than {} levels", self.limits.depth));
            return Value::Null;
        }
        self.depth_left -= 1;
        self.at += 1;
        let value = inner(self);
        self.depth_left += 1;
        value
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Value<'a> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            value
        } else {
            self.unexpected("a value");
            Value::Null
        }
    }

    fn number(&mut self) -> Value<'a> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let whole = self.digits();
        let mut good = whole > 0 && (whole == 1 || self.bytes[self.at - whole] != b'0');
        if self.peek() == Some(b'.') {
            self.at += 1;
            good &= self.digits() > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            good &= self.digits() > 0;
        }
        if !good {
            self.fail(format!("{:?} is not a number", &self.text[start..self.at]));
        }
        Value::Number(Cow::Borrowed(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// Reads a string; the cursor stands on its opening quote.
    fn string(&mut self) -> Cow<'a, str> {
        self.at += 1;
        let start = self.at;
        let rest = &self.bytes[start..];
        // Most strings are short and plain: a byte loop beats a search set up for long ones.
        let mut length = 0;
        while let Some(&byte) = rest.get(length) {
            match byte {
                b'"' => {
                    self.at = start + length + 1;
                    return Cow::Borrowed(&self.text[start..start + length]);
                }
                b'\\' => break,
                0..0x20 => {
                    self.at = start + length;
                    if byte == b'\n' || byte == b'\r' {
                        self.fail("a string is not closed on its line");
                    } else {
                        self.fail(format!("control character U+{byte:04X} in a string"));
                    }
                    return Cow::Borrowed(&self.text[start..start + length]);
                }
                _ => length += 1,
            }
        }
        self.at = start + length;
        if length == rest.len() {
            self.fail("the file ends inside a string");
            return Cow::Borrowed(&self.text[start..]);
        }
        self.escaped(start)
    }

    fn escaped(&mut self, start: usize) -> Cow<'a, str> {
        let mut out = String::with_capacity(self.at - start + 32);
        out.push_str(&self.text[start..self.at]);
        loop {
            let from = self.at;
            while let Some(byte) = self.peek() {
                if byte == b'"' || byte == b'\\' || byte < 0x20 {
                    break;
                }
                self.at += 1;
            }
            out.push_str(&self.text[from..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Cow::Owned(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    let Some(byte) = self.peek() else { break };
                    self.at += 1;
                    match byte {
                        b'"' => out.push('"'),
                        b'\\' => out.push('\\'),
                        b'/' => out.push('/'),
                        b'b' => out.push('\u{8}'),
                        b'f' => out.push('\u{c}'),
                        b'n' => out.push('\n'),
                        b'r' => out.push('\r'),
                        b't' => out.push('\t'),
                        b'u' => match self.unicode() {
                            Some(found) => out.push(found),
                            None => return Cow::Owned(out),
                        },
                        _ => {
                            self.at -= 1;
                            self.unexpected("an escape");
                            return Cow::Owned(out);
                        }
                    }
                }
                Some(_) => {
                    self.fail("a control character in a string");
                    return Cow::Owned(out);
                }
                None => break,
            }
        }
        self.fail("the file ends inside a string");
        Cow::Owned(out)
    }

    /// The character of `\uXXXX`, surrogate pairs joined; a lone surrogate becomes U+FFFD.
    fn unicode(&mut self) -> Option<char> {
        let high = self.hex4()?;
        if (0xD800..0xDC00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                return char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            }
            self.at = back;
        }
        Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4);
        let value = digits.and_then(|digits| {
            digits.iter().try_fold(0u32, |value, &digit| {
                Some(value << 4 | char::from(digit).to_digit(16)?)
            })
        });
        match value {
            Some(_) => self.at += 4,
            None => self.unexpected("four hexadecimal digits"),
        }
        value
    }

    fn array(&mut self) -> Value<'a> {
        let start = self.items.len();
        loop {
            self.space();
            if self.peek() == Some(b']') && (self.items.len() == start || self.relaxed) {
                self.at += 1;
                break;
            }
            let item = self.value();
            if self.error.is_some() {
                // Keep the half-read container: what it holds so far is real.
                if matches!(&item.value, Value::Array(_) | Value::Object(_)) {
                    self.items.push(item);
                }
                break;
            }
            self.items.push(item);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                _ => {
                    self.unexpected("a comma or the end of the list");
                    break;
                }
            }
        }
        Value::Array(self.items.drain(start..).collect())
    }

    fn object(&mut self) -> Value<'a> {
        let start = self.members.len();
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => {}
                Some(b'}') if self.members.len() == start || self.relaxed => {
                    self.at += 1;
                    break;
                }
                _ => {
                    self.unexpected("a key in quotes");
                    break;
                }
            }
            let line = self.line;
            let key = self.string();
            self.space();
            if self.error.is_some() {
                break;
            }
            if self.peek() != Some(b':') {
                self.unexpected("a colon");
                break;
            }
            self.at += 1;
            self.space();
            let value = self.value();
            if self.error.is_some() {
                if matches!(&value.value, Value::Array(_) | Value::Object(_)) {
                    self.members.push(Member { key, line, value });
                }
                break;
            }
            self.members.push(Member { key, line, value });
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => {
                    self.unexpected("a comma or the end of the object");
                    break;
                }
            }
        }
        let members: Vec<Member<'a>> = self.members.drain(start..).collect();
        self.doubled(&members);
        Value::Object(members)
    }

    fn doubled(&mut self, members: &[Member<'a>]) {
        if self.warnings.len() >= WARNINGS {
            return;
        }
        if members.len() <= SMALL {
            for (index, member) in members.iter().enumerate() {
                if members[..index]
                    .iter()
                    .any(|earlier| earlier.key == member.key)
                {
                    self.warn_doubled(member);
                }
            }
            return;
        }
        // Tools write large objects sorted: only when they did not is a sort of our own needed.
        if members.windows(2).all(|pair| pair[0].key < pair[1].key) {
            return;
        }
        let mut order: Vec<&Member<'a>> = members.iter().collect();
        order.sort_by(|a, b| a.key.cmp(&b.key));
        for pair in order.windows(2) {
            if pair[0].key == pair[1].key {
                self.warn_doubled(pair[1]);
            }
        }
    }

    fn warn_doubled(&mut self, member: &Member<'a>) {
        if self.warnings.len() < WARNINGS {
            let message = format!(
                "the key {:?} stands twice in one object; the last one counts",
                member.key
            );
            self.warnings.push(Warning {
                line: member.line,
                message,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Node<'_> {
        parse(text, &Limits::default()).whole().unwrap()
    }

    #[test]
    fn what_holds_too_many_values_for_its_size_is_refused() {
        let text = format!("{{\"a\":1,\"b\":[{}0]}}", "0,".repeat(2_000_000));
        let document = parse(&text, &Limits::default());
        assert!(
            document
                .error
                .unwrap()
                .message
                .contains("more than 466667 values")
        );
        assert_eq!(document.root.get("a").unwrap().as_u64(), Some(1));
    }

    #[test]
    fn values_know_their_line() {
        let root = whole("{\n  \"a\": {\n    \"b\": [1,\n 2.50]\n  }\n}\n");
        assert_eq!(root.member("a").unwrap().line, 2);
        let items = root.at(&["a", "b"]).items();
        assert_eq!(
            (items[0].line, items[1].line, items[1].text()),
            (3, 4, Some("2.50"))
        );
    }

    #[test]
    fn escapes_are_resolved() {
        let root = whole(r#"["a\n\u00e9\ud83d\ude00\/", "\ud800x"]"#);
        assert_eq!(root.items()[0].as_str(), Some("a\né😀/"));
        assert_eq!(root.items()[1].as_str(), Some("\u{fffd}x"));
    }

    #[test]
    fn a_file_that_breaks_off_keeps_its_first_half() {
        let document = parse(
            "{\"packages\": {\"a\": {\"v\": \"1\"},\n \"b\": {\"v\": \"2\", \"x",
            &Limits::default(),
        );
        let error = document.error.unwrap();
        assert_eq!(
            (error.line, error.message.as_str()),
            (2, "the file ends inside a string")
        );
        let packages = document.root.get("packages").unwrap();
        assert_eq!(packages.at(&["a"]).str("v"), Some("1"));
        assert_eq!(packages.at(&["b"]).str("v"), Some("2"));
    }

    #[test]
    fn depth_is_bounded() {
        for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            let error = parse(&text, &Limits::default()).error.unwrap();
            assert_eq!(error.message, "nested deeper than 128 levels");
        }
    }

    #[test]
    fn doubled_keys_are_told_and_the_last_counts() {
        let document = parse("{\"a\":1,\n\"a\":2}", &Limits::default());
        assert_eq!(document.warnings[0].line, 2);
        assert_eq!(document.root.get("a").unwrap().text(), Some("2"));
        let many: Vec<String> = (0..20).map(|n| format!("\"k{n}\":0,")).collect();
        let many = many.concat();
        assert_eq!(
            parse(&format!("{{{many}\"k3\":1}}"), &Limits::default())
                .warnings
                .len(),
            1
        );
    }

    #[test]
    fn relaxed_allows_comments_and_trailing_commas() {
        let text = "// head\n{ \"a\": [1, 2,], /* mid\n */ \"b\": 1, }";
        assert!(parse(text, &Limits::default()).error.is_some());
        let root = parse_relaxed(text, &Limits::default()).whole().unwrap();
        assert_eq!(
            (
                root.at(&["a"]).items().len(),
                root.member("b").unwrap().line
            ),
            (2, 3)
        );
    }

    #[test]
    fn what_json_forbids_is_refused() {
        for bad in [
            "",
            "01",
            "-",
            "1.",
            "+1",
            "[1,]",
            "{\"a\" 1}",
            "{a:1}",
            "nul",
            "\"\t\"",
            "\"\\x\"",
            "[1] 2",
            "1e",
            "'a'",
        ] {
            assert!(parse(bad, &Limits::default()).error.is_some(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*") {
            let _ = parse(&text, &Limits::default());
            let _ = parse_relaxed(&text, &Limits::default());
        }

        #[test]
        fn brackets_and_quotes_never_panic(text in "[\\[\\]{}\",:\\\\/*ntu0-9 \n]*") {
            let _ = parse(&text, &Limits::default());
            let _ = parse_relaxed(&text, &Limits::default());
        }
    }
}
