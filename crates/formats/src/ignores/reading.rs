//! What the readers share: fields of an entry, held to the rule that nothing is read wider than it was.

use stanchion_model::exception::{Exception, ExceptionScope, ForeignExceptions};
use stanchion_model::purl::Purl;
use stanchion_syntax::{Limits, Node, SyntaxError, Value, toml, yaml};

use crate::text::{cut, plain};

/// Bytes that the exceptions of one file may take: an entry of many purls and many paths, or a comment above many ids,
/// multiplies.
const MOST: usize = 64 << 20;

/// Longest id; longer ones are nobody's.
const LONGEST_ID: usize = 200;

/// Why an entry is not read: line and reason.
pub(super) type Refusal = (u32, String);

/// What has been read so far.
pub(super) struct Found {
    out: ForeignExceptions,
    left: usize,
    ended: bool,
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            out: ForeignExceptions::default(),
            left: MOST,
            ended: false,
        }
    }

    /// Takes an exception.
    pub(super) fn add(&mut self, exception: Exception) {
        self.left = self.left.saturating_sub(size(&exception));
        self.out.exceptions.push(exception);
    }

    /// Whether the file has given all that one file may give.
    pub(super) const fn is_full(&self) -> bool {
        self.left == 0
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.out.refused.push(refusal);
    }

    pub(super) fn lossy(&mut self, line: u32, reason: impl Into<String>) {
        self.out.lossy.push((line, reason.into()));
    }

    /// An entry that may fail as a whole; `line` is its own.
    pub(super) fn entry(&mut self, line: u32, read: impl FnOnce(&mut Self) -> Result<(), Refusal>) {
        if self.ended {
            return;
        }
        let result = if self.is_full() {
            self.ended = true;
            Err((
                line,
                format!(
                    "the entries above fill {MOST} bytes: from here on nothing is read; split the file"
                ),
            ))
        } else {
            read(self)
        };
        if let Err(refusal) = result {
            self.refuse(refusal);
        }
    }

    pub(super) fn done(self) -> ForeignExceptions {
        self.out
    }
}

/// What an exception takes, about.
fn size(exception: &Exception) -> usize {
    let scope = &exception.scope;
    let texts = [&exception.reason, &scope.purl, &scope.versions];
    size_of::<Exception>()
        + texts.into_iter().flatten().map(String::len).sum::<usize>()
        + scope
            .paths
            .iter()
            .map(|path| path.len() + size_of::<String>())
            .sum::<usize>()
}

/// A whole YAML document. One that breaks off is refused: what is missing may be a condition.
pub(super) fn yaml(text: &str) -> Result<Node<'_>, SyntaxError> {
    let (mut roots, error) = yaml::parse_all(without_mark(text), &Limits::default());
    if let Some(error) = error {
        return Err(error);
    }
    if let Some(second) = roots.iter().skip(1).find(|root| !root.is_null()) {
        return Err(SyntaxError {
            line: second.line,
            message: "a second document begins, and the tool reads only the first".into(),
        });
    }
    if roots.is_empty() {
        return Ok(Node::new(1, Value::Null));
    }
    Ok(roots.swap_remove(0))
}

/// A whole TOML document.
pub(super) fn toml(text: &str) -> Result<Node<'_>, SyntaxError> {
    toml::parse(without_mark(text), &Limits::default()).whole()
}

/// Text from the file as a message may hold it.
pub(super) fn shown(text: &str) -> String {
    cut(&plain(text), 60)
}

/// Holds an entry to the fields that are known: one that is not could be a condition.
pub(super) fn fields(entry: &Node<'_>, known: &[&str], whose: &str) -> Result<(), Refusal> {
    if !entry.is_object() {
        let reason = format!("{} where the fields of an entry belong", entry.kind());
        return Err((entry.line, reason));
    }
    let mut seen: Vec<&str> = Vec::new();
    for member in entry.members() {
        let key = member.key.as_ref();
        if !known.contains(&key) {
            let reason = format!(
                "`{}` is no field of {whose}; it could be meant as a condition",
                shown(key)
            );
            return Err((member.line, reason));
        }
        if seen.contains(&key) {
            return Err((member.line, format!("`{key}` stands twice")));
        }
        seen.push(key);
    }
    Ok(())
}

/// The text under a key; `None` where it is not there, or null, or empty.
pub(super) fn text<'n>(entry: &'n Node<'_>, key: &str) -> Result<Option<&'n str>, Refusal> {
    match entry.get(key) {
        None => Ok(None),
        Some(node) if node.is_null() => Ok(None),
        Some(node) => match node.text() {
            Some(text) => Ok((!text.is_empty()).then_some(text)),
            None => Err((
                node.line,
                format!("`{key}` is {} and not a text", node.kind()),
            )),
        },
    }
}

/// The texts in the list under a key, with their lines; none where it is not there or null.
pub(super) fn texts<'n>(entry: &'n Node<'_>, key: &str) -> Result<Vec<(u32, &'n str)>, Refusal> {
    let Some(list) = entry.get(key).filter(|node| !node.is_null()) else {
        return Ok(Vec::new());
    };
    if !list.is_array() {
        let reason = format!("`{key}` is {} and not a list", list.kind());
        return Err((list.line, reason));
    }
    list.items()
        .iter()
        .map(|item| match item.text() {
            Some(text) => Ok((item.line, text)),
            None => Err((
                item.line,
                format!("`{key}` holds {} and not only texts", item.kind()),
            )),
        })
        .collect()
}

/// Whether the key is there and holds `true`; an error where it holds anything but a boolean.
pub(super) fn flag(entry: &Node<'_>, key: &str) -> Result<Option<bool>, Refusal> {
    match entry.get(key).map(|node| (&node.value, node.line)) {
        None | Some((Value::Null, _)) => Ok(None),
        Some((Value::Bool(value), _)) => Ok(Some(*value)),
        Some((_, line)) => Err((line, format!("`{key}` is neither true nor false"))),
    }
}

/// The line of a field, or of its entry.
pub(super) fn line_of(entry: &Node<'_>, key: &str) -> u32 {
    entry.member(key).map_or(entry.line, |member| member.line)
}

/// An id as tools compare it: letter for letter.
pub(super) fn id(text: Option<&str>, line: u32) -> Result<String, Refusal> {
    match text {
        None => Err((line, "no id: an exception names what it covers".into())),
        Some(text) if is_id(text) => Ok(text.to_owned()),
        Some(text) => Err((line, format!("`{}` is no id", shown(text)))),
    }
}

/// Whether a text can be the id of a vulnerability or a check.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_ID
        && plain(text) == text
        && !text.contains(|c: char| c.is_whitespace() || c == '\u{fffd}')
}

/// A glob that means the same here and in the tools. They agree on `*` within a folder, `**` across folders and `?`;
/// what brackets, braces and backslashes mean, differs.
pub(super) fn is_glob(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['/', '!', '#'])
        && !text.contains(['[', ']', '{', '}', '\\'])
        && text
            .split('/')
            .all(|part| part == "**" || !part.contains("**"))
}

/// The refusal of a glob that is not [`is_glob`].
pub(super) fn no_glob(text: &str, line: u32) -> Refusal {
    let reason = format!(
        "the path `{}` is none that both sides read alike: give it relative, with `*`, `**` and `?` only",
        shown(text)
    );
    (line, reason)
}

/// A purl without its version, and the version.
pub(super) fn package(text: &str, line: u32) -> Result<(String, Option<String>), Refusal> {
    let refused = |why: &dyn std::fmt::Display| (line, format!("purl `{}`: {why}", shown(text)));
    let purl = Purl::parse_lenient(text).map_err(|error| refused(&error))?;
    let version = purl.version().map(str::to_owned);
    if version.as_deref().is_some_and(|it| !is_exact(it)) {
        return Err(refused(&"its version reads like a range"));
    }
    // Cut off by hand, as `without_version` takes some qualifiers with it, and those narrow the entry.
    let purl = match &version {
        Some(_) => purl.with_version("").map_err(|error| refused(&error))?,
        None => purl,
    };
    Ok((purl.to_string(), version))
}

/// Whether a text is one version and not a range of them.
pub(super) fn is_exact(version: &str) -> bool {
    !version.is_empty()
        && !version.starts_with("vers:")
        && !version.contains(|c: char| {
            c.is_whitespace() || matches!(c, '<' | '>' | '=' | '|' | ',' | '!' | '*')
        })
}

/// An exception that covers one id and has nothing yet but that, its reason and its line.
pub(super) fn exception(id: String, reason: Option<&str>, line: u32) -> Exception {
    Exception {
        scope: ExceptionScope {
            ids: vec![id],
            ..ExceptionScope::default()
        },
        reason: reason.map(str::to_owned),
        line,
        ..Exception::default()
    }
}

/// Text without a byte-order mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// What a file says that hides findings without being an exception.
pub(super) fn no_exception(found: &mut Found, root: &Node<'_>, keys: &[(&str, &str)]) {
    for (key, what) in keys {
        if let Some(member) = root.member(key) {
            found.lossy(member.line, format!("`{key}` {what}; that is no exception"));
        }
    }
}
