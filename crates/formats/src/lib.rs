//! Writes the documents that others define, from values of the model.
//!
//! - [`cyclonedx`]: an inventory, or an inventory with what is wrong with it (VDR)
//! - [`spdx`]: an inventory
//! - [`sarif`]: what is wrong, for code scanning
//!
//! The same input gives the same bytes: there is no clock and no chance in here. The time that a document is
//! stamped with is given, and ids that have to be unique are derived from what the document says.

mod advice;
mod bill;
pub mod cyclonedx;
mod identity;
pub mod ignores;
mod licence;
pub mod sarif;
pub mod spdx;
mod text;
pub mod vex;

#[cfg(test)]
mod testing;

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use stanchion_model::inventory::{Inventory, Problem};

/// The version that documents name as their maker's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where people read about the maker.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// What a bill of materials is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the target is made of.
    pub inventory: &'a Inventory,
    /// What could not be read or resolved: a bill that keeps it to itself looks complete.
    pub problems: &'a [Problem],
    /// A name for the target, used where no project of its own gives it one.
    pub name: &'a str,
    /// The time to stamp the document with, RFC 3339 in UTC.
    pub stamp: &'a str,
}

/// Writes a document for machines that people look into as well: indented, with a line break at its end.
fn to_writer(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer_pretty(&mut out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}
