//! The binary as people run it. One file a subject; they are one program, so that they are linked once.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are not told from other code here"
)]

#[cfg(unix)]
mod browser;
mod documentation;
mod documents;
mod exceptions;
mod floors;
mod gates;
mod hostile;
mod ignores;
mod loopholes;
mod policy;
mod portal;
mod report_schema;
mod scanning;
#[cfg(unix)]
mod serving;
mod support;
mod vex;
