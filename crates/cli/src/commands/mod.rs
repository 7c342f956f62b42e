//! One file a command.

pub(crate) mod coverage;
pub(crate) mod db;
pub(crate) mod exception;
pub(crate) mod explain;
pub(crate) mod policy;
pub(crate) mod sbom;
pub(crate) mod scan;
pub(crate) mod vex;
