//! The server over real connections. One file a subject; they are one program, so that they are linked once.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are not told from other code here"
)]

mod api;
mod demo;
mod engine;
mod faults;
mod http;
mod pages;
mod people;
