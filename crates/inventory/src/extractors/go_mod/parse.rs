//! The grammar of `go.mod` and `go.work`: <https://go.dev/ref/mod#go-mod-file-lexical>.

use std::borrow::Cow;

use stanchion_syntax::text;

/// One directive, blocks resolved: `require ( a v1 )` is `require` with the words `a v1`.
#[derive(Debug)]
pub(super) struct Directive<'a> {
    pub(super) verb: Cow<'a, str>,
    pub(super) words: Vec<Cow<'a, str>>,
    /// Behind `//` on the same line, trimmed.
    pub(super) comment: &'a str,
    pub(super) line: u32,
}

/// Reads the directives; also the lines that break the grammar, and why.
pub(super) fn directives(text: &str) -> (Vec<Directive<'_>>, Vec<(u32, String)>) {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    let mut block: Option<(Cow<'_, str>, u32)> = None;
    let most = 50_000 + text.len() / 50;
    for (line, content) in text::lines(text) {
        if found.len() >= most {
            wrong.push((
                line,
                format!(
                    "more than {most} directives, too many for its size; the rest was not read"
                ),
            ));
            return (found, wrong);
        }
        let (mut words, comment, whole) = tokens(content);
        if !whole {
            wrong.push((line, "a quoted string is not closed".to_owned()));
        }
        if words.is_empty() {
            continue;
        }
        if let Some((verb, _)) = &block {
            if words[0] == ")" {
                block = None;
            } else {
                found.push(Directive {
                    verb: verb.clone(),
                    words,
                    comment,
                    line,
                });
            }
            continue;
        }
        let verb = words.remove(0);
        if words.first().is_some_and(|word| word == "(") {
            // `require ()` is an empty block on one line.
            if words.get(1).is_none_or(|word| word != ")") {
                block = Some((verb, line));
            }
            continue;
        }
        found.push(Directive {
            verb,
            words,
            comment,
            line,
        });
    }
    if let Some((verb, line)) = block {
        wrong.push((line, format!("the block of {verb} is not closed")));
    }
    (found, wrong)
}

/// The words of a line, its comment, and whether all strings are closed.
fn tokens(line: &str) -> (Vec<Cow<'_, str>>, &str, bool) {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return (words, comment.trim(), true);
        }
        match first {
            '"' | '`' => {
                let inner = &rest[1..];
                let Some(end) = closing(inner, first) else {
                    return (words, "", false);
                };
                let written = &inner[..end];
                let word = if first == '"' && written.contains('\\') {
                    Cow::Owned(unescape(written))
                } else {
                    Cow::Borrowed(written)
                };
                words.push(word);
                rest = &inner[end + 1..];
            }
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => {
                words.push(Cow::Borrowed(&rest[..1]));
                rest = &rest[1..];
            }
            _ => {
                let stop = |c: char| {
                    c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | ',')
                };
                let end = rest.find(stop).unwrap_or(rest.len());
                let end = rest[..end].find("//").unwrap_or(end);
                words.push(Cow::Borrowed(&rest[..end]));
                rest = &rest[end..];
            }
        }
        rest = rest.trim_start();
    }
    (words, "", true)
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return Some(at);
        }
        escaped = quote == '"' && c == '\\' && !escaped;
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            c
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_made_of_nothing_but_lines_is_read_up_to_a_bound() {
        let text = "x\n".repeat(200_000);
        let (found, wrong) = directives(&text);
        assert_eq!((found.len(), wrong[0].0), (58_000, 58_001));
        assert!(wrong[0].1.starts_with("more than 58000 directives"));
    }

    #[test]
    fn blocks_comments_and_strings() {
        let (found, wrong) = directives(
            "module \"a b\" // x\nrequire ( // y\n\tc v1 // indirect\n)\nexclude ()\nretract [v1, v2]\nreplace d=>e\nrequire(\n`f` v2//z\n",
        );
        let lines: Vec<_> = found
            .iter()
            .map(|it| {
                format!(
                    "{} {} {} {}",
                    it.line,
                    it.verb,
                    it.words.join("|"),
                    it.comment
                )
            })
            .collect();
        let want = [
            "1 module a b x",
            "3 require c|v1 indirect",
            "6 retract [|v1|,|v2|] ",
            "7 replace d=>e ",
            "9 require f|v2 z",
        ];
        assert_eq!(lines, want);
        assert_eq!(
            wrong,
            [(8, "the block of require is not closed".to_owned())]
        );
    }
}
