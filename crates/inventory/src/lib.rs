//! Anything to components with places and paths, and facts.
//!
//! An [`Extractor`] reads one format; the [`registry`](extractors::REGISTRY) lists them by hand. This crate
//! owns everything around them: which file goes to whom, opening, limits, what becomes of a reader that
//! fails, and how the files of one folder become one project.

mod assemble;
pub mod document;
mod extract;
pub mod extractors;
mod found;
mod manifests;
mod scan;

pub use extract::{About, Capabilities, Extractor, Input, Shared, Sibling};
pub use found::{Found, Handle, Package};
pub use scan::{ScanOptions, of_purl, scan, wants};
