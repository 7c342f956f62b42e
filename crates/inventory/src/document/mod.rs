//! The inventory document, `stanchion.inventory/1`: an [`Inventory`] as JSON, for another machine that assesses it.
//!
//! Its schema is `schemas/stanchion.inventory-1.schema.json`. What is read is what was written, field by field, so that
//! the other machine comes to the same assessment to the byte. Decisions that a reader should know:
//!
//! - Each path of a place stands once, in the table `paths`; a place is `[path]` or `[path, line]`, its path by number.
//! - What [`scan`](crate::scan()) keeps to is asked of every document, and a document that does not keep to it is refused,
//!   never put right: projects, components, places, facts and problems are in order and each there once, and what a
//!   component needs is in its own project. Numbers point into the document, and a changed order would change what they
//!   mean.
//! - Fields that are not known are left alone: a newer client of the same version may write more. What would change an
//!   answer takes another version of the schema. Words that are not known (an ecosystem, a scope) are refused.
//! - Texts are kept as they are, control characters and all, as the scan itself keeps them: whoever shows or stores
//!   them makes them harmless. A path is a name: nothing of a document is ever opened.

mod reading;
mod rules;
mod wire;
mod writing;

#[cfg(test)]
mod tests;

#[cfg(doc)]
use stanchion_model::inventory::Inventory;

pub use reading::read;
pub use stanchion_model::digest::sha256 as digest;
pub use writing::write;

/// The value of `schema`.
pub const SCHEMA: &str = "stanchion.inventory/1";

/// Largest document that is read, in bytes.
pub const MOST_BYTES: usize = 64 << 20;

/// Most components of one document. A scan takes in little more than 400,000 packages.
pub const MOST_COMPONENTS: usize = 500_000;

/// Most paths, most projects, most facts and most problems.
const MOST_ROWS: usize = 500_000;

/// Most places, hashes or licences of one component, and files of one project.
const MOST_PARTS: usize = 100_000;

/// Most places, hashes, licences and files of all of them. Each takes some fifty bytes of memory, and as few as four
/// in the document.
const MOST_ALL_PARTS: usize = 4_000_000;

/// Most dependencies of all components.
const MOST_EDGES: usize = 8_000_000;

/// Longest text, in bytes.
const MOST_TEXT: usize = 1 << 20;

/// Why a document is not used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is larger than [`MOST_BYTES`].
    #[error("the inventory document has {size} bytes, more than {MOST_BYTES}")]
    TooLarge {
        /// How many bytes it has.
        size: usize,
    },
    /// It is no JSON, or not of the form that its schema asks for.
    #[error("the inventory document cannot be read: {0}")]
    Form(String),
    /// It is of another schema, or of another version of it.
    #[error("the inventory document is of schema {found:?}, and {SCHEMA:?} is what is read")]
    Schema {
        /// What it says.
        found: String,
    },
    /// One of its rows cannot be used.
    #[error("the inventory document, {what} {number}: {reason}")]
    Row {
        /// `component`, `project`, `path`, `fact` or `problem`.
        what: &'static str,
        /// Counted from 0, as numbers in the document are.
        number: usize,
        /// What is wrong with it, in words, without a trailing period.
        reason: String,
    },
    /// There is more in it than one document may hold.
    #[error("the inventory document has more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are allowed.
        most: usize,
    },
}

impl DocumentError {
    /// What a person should do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::TooMany { .. } => "scan a part of the target at a time",
            Self::Schema { found } => match version(found) {
                Some(version) if version > 1 => {
                    "update the portal: the client that wrote the document is newer"
                }
                Some(_) => "update the client: the portal no longer reads what it writes",
                None => "send what `stanchion push` writes",
            },
            Self::Form(_) | Self::Row { .. } => {
                "send what `stanchion push` writes, unchanged; if it is, update the older of client and portal"
            }
        }
    }
}

/// The version of this schema that a word names.
fn version(schema: &str) -> Option<u64> {
    let (name, _) = SCHEMA.split_once('/')?;
    schema.strip_prefix(name)?.strip_prefix('/')?.parse().ok()
}

/// The error for row `number` of a kind.
fn row(what: &'static str, number: usize, reason: impl Into<String>) -> DocumentError {
    DocumentError::Row {
        what,
        number,
        reason: reason.into(),
    }
}
