//! [CycloneDX](https://cyclonedx.org/capabilities/vex/) in JSON, 1.4 to 1.7: `vulnerabilities` with an `analysis`, in a
//! document of their own or within a bill of materials. Written is 1.6.
//!
//! Decisions that a reader should know:
//!
//! - A vulnerability with an analysis is a statement for each status that its products have. An item of `affects`, or
//!   of its `versions`, that cannot be used is refused by itself, and the rest is read.
//! - A vulnerability without an analysis says nothing and is no statement: bills of materials list those too. Where a
//!   document has none with an analysis, each is told as refused, so that nobody takes the document for a VEX that
//!   holds.
//! - A `ref` is the component or service of that `bom-ref` in the document, also as a BOM-Link into this very document.
//!   One that leads elsewhere is [`Other`](stanchion_model::vex::Identifier::Other), beside the purl that it ends in,
//!   since tools name components by their purl.
//! - A component in another is a part of it. One that stands in the document's list is itself the product, and
//!   `metadata.component`, in which it is meant, is [`subject`](stanchion_model::vex::VexDocument::subject).
//! - A component is named by purl, CPE and hashes; by group, name and version only where it has none of them. A range
//!   in `versions` takes the place of the component's own version, and so does another single version.
//! - Of versions listed as `affected` the analysis counts all the same: scanners list what they found, and an analysis
//!   is added later. Only where the vulnerability lists `unaffected` versions too are the `affected` ones told apart, and
//!   are affected whatever the analysis says of the others. `unknown` versions are under investigation. `unaffected` is
//!   `fixed` or `not_affected` as the analysis says, and refused where it says neither, since there is no reason then. A
//!   version without a status is what the analysis says.
//! - `response` is the action, its words parted by commas, below `recommendation` and `workaround` where there are any.
//! - What the words of the analysis become:
//!
//! | CycloneDX | here | |
//! |---|---|---|
//! | `exploitable` | `affected` | |
//! | `in_triage` | `under_investigation` | |
//! | `resolved` | `fixed` | |
//! | `resolved_with_pedigree` | `fixed` | lossy: the pedigree |
//! | `not_affected` | `not_affected` | |
//! | `false_positive` | `not_affected`, `component_not_present` unless it is justified otherwise | lossy: what was taken for the component is there, and has no such vulnerability |
//! | `code_not_present` | `vulnerable_code_not_present` | |
//! | `code_not_reachable` | `vulnerable_code_not_in_execute_path` | |
//! | `requires_configuration`, `requires_dependency`, `requires_environment` | `vulnerable_code_cannot_be_controlled_by_adversary` | lossy: the code is there and runs, what an attack needs is not there |
//! | `protected_by_compiler`, `protected_at_runtime`, `protected_at_perimeter`, `protected_by_mitigating_control` | `inline_mitigations_already_exist` | lossy: the protection may be outside, and may be less than whole |

mod bill;
mod read;
mod words;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::{read, recognises};
pub(super) use write::write;
