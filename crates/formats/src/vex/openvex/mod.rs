//! [OpenVEX](https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md) 0.2.0.
//!
//! Decisions that a reader should know:
//!
//! - Each item of `statements` is one statement, read in all its parts or refused.
//! - A statement without a time has that of the document, `timestamp`, as the specification lets it cascade;
//!   `last_updated` is only the document's.
//! - An `@id` that is a purl is read as one; any other IRI is [`Other`](stanchion_model::vex::Identifier::Other). An
//!   `@id` that is a fragment of the document's own names the product for within the document: it is taken, decoded,
//!   where nothing else names the product. It is written where OpenVEX asks for an IRI and there is none.
//! - The form before 0.2.0 is read by its own rules ([its reader](https://github.com/openvex/go-vex/blob/main/pkg/vex/compat.go)):
//!   `vulnerability` and `products` are strings, and the statement's `subcomponents` are those of each product. Its
//!   statements say so in `lossy`.
//! - A vulnerability without a `name` is called by the last part of its `@id`, as tools do; its statements say so in
//!   `lossy`.
//! - `status_notes` is the statement's note where there is no `impact_statement`, and a further line where there is
//!   one. It is no reason for `not_affected`.
//! - `affected` without an action is read although the specification asks for one: the statement closes nothing.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::{read, recognises};
pub(super) use write::write;

/// Where all versions of the context stand.
const NAMESPACE: &str = "https://openvex.dev/ns";
/// What is written.
const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";
