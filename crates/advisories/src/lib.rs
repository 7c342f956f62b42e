//! Feeds to a compiled index to matches.
//!
//! [`import`] reads the publishers' files and builds one file; [`Index`] opens it; [`Matcher`] asks it.

mod database;
pub mod diff;
mod error;
mod feeds;
pub mod fetch;
#[doc(hidden)]
pub mod fuzzing;
pub mod import;
mod index;
mod matching;
mod meta;
pub mod record;
pub mod signed;
mod starter;
#[cfg(test)]
mod tests;
pub mod update;

pub use database::{Database, WriteLock};
pub use error::Error;
pub use index::tables::Cycle;
pub use index::{GroupId, Index, PackageId, RecordId, RecordView, VulnerabilityView};
pub use matching::{Doubt, Hit, Matcher, Query, Upgrade};
pub use meta::{Feed, Meta, Refusal};
pub use starter::{small, starter};
