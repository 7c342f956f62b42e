//! What people read, from model values; and the JSON report, which programs read.

pub mod explain;
pub mod json;
mod plain;
pub mod terminal;
