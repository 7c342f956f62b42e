//! The words of Stanchion as types, without input or output.
//!
//! Components, findings and verdicts are named here once; every room above takes and gives these.

pub mod cvss;
pub mod digest;
pub mod document;
pub mod ecosystem;
pub mod exception;
pub mod finding;
pub mod inventory;
pub mod purl;
pub mod report;
pub mod text;
pub mod threat;
pub mod vex;

pub use ecosystem::Ecosystem;
