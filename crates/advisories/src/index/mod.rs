//! The compiled index: one file, memory-mapped, read by any number of processes without a lock.

pub(crate) mod draft;
mod group;
pub(crate) mod layout;
pub(crate) mod read;
pub(crate) mod tables;
pub(crate) mod wire;

pub use read::{GroupId, Index, PackageId, RecordId, RecordView, VulnerabilityView};
