//! One line of a requirements file: logical lines, comments, and what an address names.

use std::borrow::Cow;

use stanchion_syntax::text;

/// A line with its continuations joined.
pub(super) struct Line<'a> {
    /// Where it starts (1-based).
    pub(super) number: u32,
    /// Without its comment, trimmed.
    pub(super) content: Cow<'a, str>,
    /// What stands behind `#`, trimmed; `None` without a comment.
    pub(super) comment: Option<Cow<'a, str>>,
    /// Whether the line starts with white space.
    pub(super) indented: bool,
}

/// Joins lines that end in a backslash, as pip does: a comment ends the joining.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut rest = text::lines(text);
    std::iter::from_fn(move || {
        let (number, first) = rest.next()?;
        if !continues(first) {
            return Some(split(number, first));
        }
        let mut joined = first.trim_end_matches('\\').to_owned();
        for (_, next) in rest.by_ref() {
            if continues(next) {
                joined.push_str(next.trim_matches('\\'));
                continue;
            }
            if starts_comment(next) {
                joined.push(' ');
            }
            joined.push_str(next);
            break;
        }
        let Line {
            content,
            comment,
            indented,
            ..
        } = split(number, &joined);
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Some(Line {
            number,
            content: own(content),
            comment: comment.map(own),
            indented,
        })
    })
}

fn starts_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn continues(line: &str) -> bool {
    line.ends_with('\\') && !starts_comment(line)
}

fn split(number: u32, line: &str) -> Line<'_> {
    let bytes = line.as_bytes();
    // A `#` inside an address is no comment: one must stand first or behind white space.
    let at = hash_sign(bytes);
    let (content, comment) = at.map_or((line, None), |at| {
        (&line[..at], Some(Cow::Borrowed(line[at + 1..].trim())))
    });
    let indented = bytes.first().is_some_and(u8::is_ascii_whitespace);
    Line {
        number,
        content: Cow::Borrowed(content.trim()),
        comment,
        indented,
    }
}

fn hash_sign(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len())
        .find(|&at| bytes[at] == b'#' && (at == 0 || bytes[at - 1].is_ascii_whitespace()))
}

/// Parts the requirement from its own options (`--hash=…`).
pub(super) fn options(content: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(at) = content[from..]
        .find(" -")
        .or_else(|| content[from..].find("\t-"))
    {
        let at = from + at;
        // `a --hash`; not the minus of a marker or a version, which pip knows none of.
        if content[at + 1..].starts_with("--") {
            return (content[..at].trim_end(), &content[at + 1..]);
        }
        from = at + 2;
    }
    (content, "")
}

/// The values of `--hash` among a requirement's options.
pub(super) fn hashes(options: &str) -> impl Iterator<Item = &str> {
    let mut words = options.split_ascii_whitespace();
    std::iter::from_fn(move || {
        while let Some(word) = words.next() {
            if let Some(rest) = word.strip_prefix("--hash") {
                return if rest.is_empty() {
                    words.next()
                } else {
                    Some(rest.trim_start_matches('='))
                };
            }
        }
        None
    })
}

/// An address: what it is and the name and version it tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) git: bool,
    /// Without fragment, and without revision for git.
    pub(super) url: &'a str,
    pub(super) revision: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) version: Option<&'a str>,
}

/// Reads an address such as `git+https://host/a/b@rev#egg=name` or `https://host/name-1.0-py3-none-any.whl`.
pub(super) fn address(text: &str) -> Address<'_> {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("egg="));
    let egg = egg
        .map(|egg| egg.split(['[', ' ']).next().unwrap_or(egg))
        .filter(|egg| !egg.is_empty());
    let Some(git) = url
        .strip_prefix("git+")
        .or_else(|| url.starts_with("git://").then_some(url))
    else {
        let (name, version) = archive(url.rsplit('/').next().unwrap_or(url));
        return Address {
            git: false,
            url,
            revision: None,
            name: egg.or(name),
            version,
        };
    };
    let path = git.find("://").map_or(0, |at| at + 3);
    let path = git[path..]
        .find(['/', ':'])
        .map_or(git.len(), |at| path + at);
    let (url, revision) = match git[path..].find('@') {
        Some(at) => (&git[..path + at], Some(&git[path + at + 1..])),
        None => (git, None),
    };
    let last = url
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or_default();
    let last = last.strip_suffix(".git").unwrap_or(last);
    Address {
        git: true,
        url,
        revision,
        name: egg.or((!last.is_empty()).then_some(last)),
        version: None,
    }
}

const ARCHIVES: &[&str] = &[
    ".whl", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip", ".egg", ".tar",
];

/// Whether a name is that of an archive.
pub(super) fn is_archive(name: &str) -> bool {
    ARCHIVES.iter().any(|ending| name.ends_with(ending))
}

/// Name and version that an archive's file name tells:
/// [wheels](https://packaging.python.org/en/latest/specifications/binary-distribution-format/) and
/// [source distributions](https://packaging.python.org/en/latest/specifications/source-distribution-format/).
pub(super) fn archive(name: &str) -> (Option<&str>, Option<&str>) {
    if let Some(stem) = name.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        return (parts.next().filter(|name| !name.is_empty()), parts.next());
    }
    let Some(stem) = ARCHIVES.iter().find_map(|ending| name.strip_suffix(ending)) else {
        return (None, None);
    };
    match stem.rsplit_once('-') {
        Some((name, version))
            if !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            (Some(name), Some(version))
        }
        _ => (Some(stem).filter(|stem| !stem.is_empty()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_parted() {
        let read: Vec<_> =
            lines("a==1 \\\n  --hash=x # c\n# whole\n  b#c\nd \\\n# e\nf \\").collect();
        let parts: Vec<_> = read
            .iter()
            .map(|line| (line.number, line.content.as_ref(), line.comment.as_deref()))
            .collect();
        let want = [
            (1, "a==1   --hash=x", Some("c")),
            (3, "", Some("whole")),
            (4, "b#c", None),
            (5, "d", Some("e")),
            (7, "f", None),
        ];
        assert_eq!(parts, want);
    }

    #[test]
    fn addresses_tell_name_revision_and_version() {
        let read = |text| {
            let address = address(text);
            (address.url, address.revision, address.name, address.version)
        };
        for (text, want) in [
            (
                "git+https://h/a/b.git@v1#egg=c[x]&subdirectory=d",
                ("https://h/a/b.git", Some("v1"), Some("c"), None),
            ),
            (
                "git+ssh://git@h/a/b",
                ("ssh://git@h/a/b", None, Some("b"), None),
            ),
            (
                "git+https://h/a/b@f/x",
                ("https://h/a/b", Some("f/x"), Some("b"), None),
            ),
            (
                "https://h/a_b-1.0-py3-none-any.whl#sha256=x",
                (
                    "https://h/a_b-1.0-py3-none-any.whl",
                    None,
                    Some("a_b"),
                    Some("1.0"),
                ),
            ),
            (
                "https://h/a-b-1.0.tar.gz",
                ("https://h/a-b-1.0.tar.gz", None, Some("a-b"), Some("1.0")),
            ),
            (
                "https://h/master.zip",
                ("https://h/master.zip", None, Some("master"), None),
            ),
            ("https://h/x", ("https://h/x", None, None, None)),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn options_are_parted() {
        assert_eq!(
            options("a==1 ; x - y --hash=1 --hash 2"),
            ("a==1 ; x - y", "--hash=1 --hash 2")
        );
        assert_eq!(
            hashes("--hash=1 --global-option=x --hash 2").collect::<Vec<_>>(),
            ["1", "2"]
        );
    }
}
