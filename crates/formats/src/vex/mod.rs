//! VEX: who says of which product whether a vulnerability matters in it. Read and written in the three formats that
//! meet the [minimum requirements](https://www.cisa.gov/resources-tools/resources/minimum-requirements-vulnerability-exploitability-exchange-vex):
//! OpenVEX, CSAF and CycloneDX.
//!
//! Decisions that a reader should know; those of one format stand in its file:
//!
//! - A document is used whole or not at all: of two statements the later one may be in the half that is missing, and
//!   a key that stands twice is read differently by others.
//! - A statement that cannot be understood in all its parts is [`Refused`] with its line. Leaving out the part would
//!   say more than its author did: a product without its range of versions is every version.
//! - The same holds for writing: what a format cannot hold is named in what [`write()`] returns, and where leaving it
//!   out would widen a statement, the product or the statement is left out instead.
//! - Two statements about the same product and vulnerability are both kept; who reads them decides by their time.
//! - A purl's qualifier `vers` ([common qualifiers](https://github.com/package-url/purl-spec/blob/main/docs/common-qualifiers.md))
//!   is read as the range of versions that it is, in every format; OpenVEX has no other place for one.
//! - Not read, since no verdict depends on them: descriptions, links, ratings, suppliers, the time of an action.

mod csaf;
mod cyclonedx;
mod openvex;
mod reading;
mod writing;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use stanchion_model::vex::{Refused, Statement, VexDocument, VexFormat};
use stanchion_syntax::{Limits, Node, SyntaxError, json, text};

use reading::Budget;
use writing::{Losses, Ready};

/// Minified CSAF takes some ten bytes a value, and there is one document a vulnerability or a product.
const LIMITS: Limits = Limits {
    depth: 128,
    nodes: 6_000_000,
    bytes_a_value: 8,
};

/// Why a document is not used at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VexError {
    /// It is in none of the formats.
    #[error(
        "no VEX document that is known: OpenVEX has `@context`, CSAF `document.csaf_version`, CycloneDX `bomFormat`"
    )]
    Unknown,
    /// It is not JSON, or breaks off.
    #[error("{0}; a VEX document is used whole or not at all")]
    Broken(SyntaxError),
    /// It is JSON, and cannot be used for what it says.
    #[error("{0}")]
    Unusable(SyntaxError),
}

impl VexError {
    fn unusable(line: u32, message: impl Into<String>) -> Self {
        Self::Unusable(SyntaxError {
            line,
            message: message.into(),
        })
    }
}

/// One of the formats. Which one a document is in is told by its content, never by its name.
struct Format {
    name: VexFormat,
    recognises: fn(&Node<'_>) -> bool,
    read: fn(&Node<'_>, &mut Budget) -> Result<VexDocument, VexError>,
    write: fn(&[Ready<'_>], &Publisher<'_>, &mut Losses, &mut dyn Write) -> io::Result<()>,
}

static FORMATS: [Format; 3] = [
    Format {
        name: VexFormat::OpenVex,
        recognises: openvex::recognises,
        read: openvex::read,
        write: openvex::write,
    },
    Format {
        name: VexFormat::Csaf,
        recognises: csaf::recognises,
        read: csaf::read,
        write: csaf::write,
    },
    Format {
        name: VexFormat::CycloneDx,
        recognises: cyclonedx::recognises,
        read: cyclonedx::read,
        write: cyclonedx::write,
    },
];

/// Reads a document of any of the formats.
///
/// # Errors
/// When the document is in none of them, is not whole, or cannot be used as a whole. What is wrong with one statement
/// stands in [`VexDocument::refused`].
pub fn read(bytes: &[u8]) -> Result<VexDocument, VexError> {
    let decoded = text::decode(bytes).map_err(VexError::Broken)?;
    if let Some(SyntaxError { line, .. }) = decoded.damaged {
        let message = "bytes that are no text in the document's encoding".to_owned();
        return Err(VexError::Broken(SyntaxError { line, message }));
    }
    let document = json::parse(&decoded.text, &LIMITS);
    if let Some(error) = document.error {
        return Err(VexError::Broken(error));
    }
    let root = document.root;
    let mut known = FORMATS.iter().filter(|format| (format.recognises)(&root));
    let format = known.next().ok_or(VexError::Unknown)?;
    if let Some(other) = known.next() {
        let (one, other) = (format.name.as_str(), other.name.as_str());
        let message = format!("the document says that it is {one} and that it is {other}");
        return Err(VexError::unusable(root.line, message));
    }
    // Readers disagree on which of two counts, and so on what the document says.
    if let Some(warning) = document.warnings.into_iter().next() {
        return Err(VexError::unusable(warning.line, warning.message));
    }
    let mut budget = Budget::new(bytes.len());
    let document = (format.read)(&root, &mut budget)?;
    match budget.broken_at() {
        Some(line) => Err(VexError::unusable(
            line,
            "the document names its products and texts so often that it would fill the memory",
        )),
        None => Ok(document),
    }
}

/// Who publishes a document, and when.
#[derive(Clone, Copy, Debug)]
pub struct Publisher<'a> {
    /// A person or an organisation, by name or by address.
    pub author: &'a str,
    /// What the author is to the product, in words. CSAF's own words (`vendor`, `coordinator`, ..) mean what they mean there.
    pub role: Option<&'a str>,
    /// An absolute URI that is the author's own, under which documents are named.
    pub namespace: &'a str,
    /// The time to stamp the document with, RFC 3339 in UTC.
    pub stamp: &'a str,
    /// The document's version, from 1.
    pub version: u32,
}

/// Writes statements as a document. Returns what the format could not hold, a sentence each.
///
/// # Errors
/// When writing fails, and as [`io::ErrorKind::InvalidInput`] when the publisher is not one that a document may name,
/// or when nothing is left to be written, since the formats ask for a statement at least.
pub fn write(
    format: VexFormat,
    statements: &[Statement],
    publisher: &Publisher<'_>,
    out: &mut dyn Write,
) -> io::Result<Vec<String>> {
    writing::check(publisher)?;
    let mut losses = Losses::default();
    let ready = writing::ready(statements, &mut losses);
    for known in FORMATS.iter().filter(|known| known.name == format) {
        (known.write)(&ready, publisher, &mut losses, out)?;
    }
    Ok(losses.told())
}

/// A refused statement.
fn refused(line: u32, reason: impl Into<String>) -> Refused {
    Refused {
        line,
        reason: reason.into(),
    }
}
