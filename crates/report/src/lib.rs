//! What people read, from model values; and the JSON and CSV reports, which programs read.

mod answer;
pub mod chart;
pub mod csv;
pub mod document;
pub mod explain;
mod group;
pub mod html;
pub mod json;
pub mod json_read;
pub mod markdown;
mod plain;
mod ruling;
pub mod terminal;
#[cfg(test)]
mod testing;
