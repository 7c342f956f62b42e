//! Exceptions in the ignore files of other tools: read from there, and written to there.
//!
//! Nothing grows wider on the way. An entry with a condition that an exception has no place for is refused, and an
//! exception that a tool cannot hold to its scope or its end is named and not written. Three things are held to be the
//! same on both sides: an id and its aliases; a path and its glob as far as `*`, `**` and `?` go; the end of a day and
//! the midnight in UTC behind it.
//!
//! Two tools know no end ([`Tool::ends`]). An exception that ends is not written for them; who writes the file anew
//! often enough can leave out what has ended and hand in the others without [`Exception::expires`].

mod block;
mod cargo_deny;
mod days;
mod grype;
mod osv_scanner;
mod reading;
pub mod record;
mod trivy;
mod trivyignore;
mod writing;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};

use stanchion_model::exception::{Exception, ForeignExceptions};
use stanchion_syntax::{Node, SyntaxError, text};

use writing::Unsaid;
pub use writing::quoted;

/// Longest file that is read, in bytes. Such files are written by hand.
const MOST_BYTES: usize = 16 << 20;

/// A tool with an ignore file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tool {
    /// [Trivy](https://trivy.dev), `.trivyignore.yaml` and `.trivyignore`.
    Trivy,
    /// [Grype](https://github.com/anchore/grype), `ignore` in `.grype.yaml`.
    Grype,
    /// [OSV-Scanner](https://google.github.io/osv-scanner/), `osv-scanner.toml`.
    OsvScanner,
    /// [cargo-deny](https://embarkstudios.github.io/cargo-deny/), `[advisories] ignore` in `deny.toml`.
    CargoDeny,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Trivy, Self::Grype, Self::OsvScanner, Self::CargoDeny];

    /// The word for it on the command line and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::OsvScanner => "osv-scanner",
            Self::CargoDeny => "cargo-deny",
        }
    }

    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == word)
    }

    /// Whether an entry of its file can end by itself.
    pub const fn ends(self) -> bool {
        matches!(self, Self::Trivy | Self::OsvScanner)
    }
}

/// Why no exceptions could be read from a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IgnoreError {
    /// Neither its name nor its content is that of an ignore file.
    Unknown,
    /// It is longer than any such file, in bytes.
    TooLong(usize),
    /// It is broken, so that its tool would not read it either.
    Syntax(SyntaxError),
}

impl fmt::Display for IgnoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str(
                "no ignore file that is known: .trivyignore.yaml, .trivyignore, .grype.yaml, osv-scanner.toml or deny.toml",
            ),
            Self::TooLong(bytes) => {
                write!(formatter, "{bytes} bytes, more than the {MOST_BYTES} that are read")
            }
            Self::Syntax(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for IgnoreError {}

impl From<SyntaxError> for IgnoreError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notation {
    Trivy,
    Trivyignore,
    Grype,
    OsvScanner,
    CargoDeny,
}

impl Notation {
    const fn tool(self) -> Tool {
        match self {
            Self::Trivy | Self::Trivyignore => Tool::Trivy,
            Self::Grype => Tool::Grype,
            Self::OsvScanner => Tool::OsvScanner,
            Self::CargoDeny => Tool::CargoDeny,
        }
    }
}

/// Reads the ignore file of another tool, told by its name (the folder does not matter), else by its content.
///
/// The exceptions have no id, no approver and no product: the file has no place for them. Where the file holds for the
/// folder it lies in, the caller puts that folder before the paths.
///
/// # Errors
/// When it is no file of a known tool, or broken: what is missing of it could be a condition.
pub fn read(name: &str, bytes: &[u8]) -> Result<(Tool, ForeignExceptions), IgnoreError> {
    if bytes.len() > MOST_BYTES {
        return Err(IgnoreError::TooLong(bytes.len()));
    }
    let decoded = text::decode(bytes)?;
    let file = decoded.text.as_ref();
    let notation = by_name(name)
        .or_else(|| by_content(file))
        .ok_or(IgnoreError::Unknown)?;
    let found = match (notation, decoded.damaged) {
        (Notation::Trivyignore, damaged) => trivyignore::read(file, damaged.is_some()),
        (_, Some(damaged)) => return Err(IgnoreError::Syntax(damaged)),
        (Notation::Trivy, None) => trivy::read(file)?,
        (Notation::Grype, None) => grype::read(file)?,
        (Notation::OsvScanner, None) => osv_scanner::read(file)?,
        (Notation::CargoDeny, None) => cargo_deny::read(file)?,
    };
    Ok((notation.tool(), found))
}

fn by_name(name: &str) -> Option<Notation> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name = name.to_ascii_lowercase();
    match name.trim_start_matches('.') {
        "trivyignore.yaml" | "trivyignore.yml" => Some(Notation::Trivy),
        "trivyignore" => Some(Notation::Trivyignore),
        "grype.yaml" | "grype.yml" => Some(Notation::Grype),
        "osv-scanner.toml" => Some(Notation::OsvScanner),
        "deny.toml" => Some(Notation::CargoDeny),
        _ => None,
    }
}

fn by_content(file: &str) -> Option<Notation> {
    let has = |root: &Node<'_>, keys: &[&str]| keys.iter().any(|key| root.get(key).is_some());
    if let Ok(root) = reading::toml(file)
        && !root.members().is_empty()
    {
        return if has(&root, &["IgnoredVulns", "PackageOverrides"]) {
            Some(Notation::OsvScanner)
        } else if root.at(&["advisories"]).is_object() {
            Some(Notation::CargoDeny)
        } else {
            None
        };
    }
    if let Ok(root) = reading::yaml(file)
        && root.is_object()
    {
        return if root.at(&["ignore"]).is_array() {
            Some(Notation::Grype)
        } else if has(
            &root,
            &[
                "vulnerabilities",
                "misconfigurations",
                "secrets",
                "licenses",
            ],
        ) {
            Some(Notation::Trivy)
        } else {
            None
        };
    }
    let mut ids = text::lines(reading::without_mark(file))
        .map(|(_, line)| line.trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    let lines_of_ids = ids.peek().is_some()
        && ids.all(|line| {
            let id = line.split_whitespace().next().unwrap_or_default();
            let capitals = id.split_once('-').map_or("", |(capitals, _)| capitals);
            reading::is_id(id)
                && !capitals.is_empty()
                && capitals.bytes().all(|byte| byte.is_ascii_uppercase())
        });
    lines_of_ids.then_some(Notation::Trivyignore)
}

/// Writes exceptions as the ignore file of a tool: `.trivyignore.yaml`, `.grype.yaml`, `osv-scanner.toml`, `deny.toml`.
///
/// `existing` is the file as it is; only what stands between the two lines `# stanchion: begin` and
/// `# stanchion: end` is replaced, or added at the end.
///
/// Gives the ids of exceptions with what could not be said of them: `not written: …`, one of its ids with
/// `…: not written: …`, or `written, but …`.
///
/// # Errors
/// When `existing` is broken, or our part cannot stand in it: the message says what to do, and nothing is written. And
/// when `out` fails.
pub fn write(
    tool: Tool,
    exceptions: &[Exception],
    existing: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<Vec<(String, String)>> {
    let form = match tool {
        Tool::Trivy => trivy::write,
        Tool::Grype => grype::write,
        Tool::OsvScanner => osv_scanner::write,
        Tool::CargoDeny => cargo_deny::write,
    };
    written(tool, form, exceptions, existing, out)
}

/// As [`write()`], as the plain `.trivyignore`, which Trivy reads unasked, but which has no place for packages, paths or
/// reasons.
///
/// # Errors
/// As [`write()`].
pub fn write_trivyignore(
    exceptions: &[Exception],
    existing: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<Vec<(String, String)>> {
    written(Tool::Trivy, trivyignore::write, exceptions, existing, out)
}

/// A writer: exceptions, the file as it is, what could not be said.
type Form = fn(&[Exception], &str, &mut Unsaid) -> Result<String, String>;

fn written(
    tool: Tool,
    form: Form,
    exceptions: &[Exception],
    existing: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<Vec<(String, String)>> {
    let mut unsaid = Unsaid::new(tool);
    let file = form(exceptions, existing.unwrap_or_default(), &mut unsaid)
        .map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
    out.write_all(file.as_bytes())?;
    Ok(unsaid.done())
}
