//! One file a command.

#[cfg(feature = "portal")]
pub(crate) mod admin;
pub(crate) mod coverage;
pub(crate) mod db;
pub(crate) mod exception;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod login;
pub(crate) mod policy;
pub(crate) mod push;
pub(crate) mod sbom;
pub(crate) mod scan;
#[cfg(feature = "portal")]
pub(crate) mod serve;
pub(crate) mod vex;
