//! [CSAF](https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html) 2.0 and 2.1: any document with product status is
//! read, whatever its profile; written is 2.0 by profile `csaf_vex`.
//!
//! Decisions that a reader should know:
//!
//! - What stands in the document are pairs of a vulnerability and a product in one list of `product_status`. Those of
//!   one vulnerability with the same status, justification and words are one statement; those refused for the same
//!   reason are one entry of what is refused. Every pair is in exactly one of both, but for what is
//!   `recommended` and has another status.
//! - A product of a relationship (2.0) or path (2.1) is the outermost product with the inner ones as its parts. Its
//!   own identifiers count where the innermost has no purl.
//! - A product is named by its identification helpers; by its full name only where it has none. One that is defined
//!   again in the same way is one product.
//! - Below a branch `product_version`, a purl without a version takes the branch's name as one, unless that has the
//!   package's name in it and so is no version: what is said of packages of no certain version is written so. Below a
//!   branch `product_version_range`, the purl's version goes and the range counts. A range without the scheme (vls)
//!   takes the type of the purl, or `unknown`, and says so in `lossy`; a range in words is refused.
//! - `first_affected`, `last_affected`, `first_fixed` and `recommended` speak of the products they list and not of
//!   those between; the word is kept in `original`. `recommended` counts as `fixed` only where the product has no other
//!   status for the vulnerability, since a version may be recommended that is affected. `unknown` (2.1) is
//!   `under_investigation`.
//! - A threat without products is about all that have a status, a remediation without products about all that are
//!   affected. A flag without products is about none, since a wrong one would close findings and the mandatory tests
//!   forbid it; groups that are not defined are empty. A product with several flags keeps the first.
//! - A statement's time is that of its flag, or of its impact where that is the only reason; else that of the document.
//! - Written, a vulnerability is one item for each CVE, as the mandatory tests ask, and a product has one status in
//!   it: the newest statement is written, of two of one time the one that leaves more open. The document is version
//!   1 of its own: its id follows from what it says, and the history of another is not known.

mod cpe;
mod products;
mod read;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::{read, recognises};
pub(super) use write::write;
