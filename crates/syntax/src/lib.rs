//! Reads JSON, TOML, YAML and plain text into values that know their line, within limits.
//!
//! One reader a notation, one tree for all of them ([`Node`]), so that whoever reads a lockfile asks
//! the same questions whatever it is written in, and every value can say on which line it stands.
//! A file that breaks off or goes wrong half-way still gives what came before: [`Document::error`] says
//! where reading stopped. Depth, number of values and expansion of YAML aliases are bounded by [`Limits`].

pub mod json;
mod node;
pub mod text;
pub mod toml;
pub mod xml;
pub mod yaml;

pub use node::{Document, Limits, Member, Node, SyntaxError, Value, Warning};
