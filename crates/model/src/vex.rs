//! What somebody says about whether a vulnerability matters in a product, in the words that all VEX formats share.
//!
//! The statuses and justifications are those of the
//! [minimum requirements for VEX](https://www.cisa.gov/resources-tools/resources/minimum-requirements-vulnerability-exploitability-exchange-vex).

use serde::{Deserialize, Serialize};

use crate::inventory::Hash;
use crate::purl::Purl;

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The product is affected, and something is to be done.
    Affected,
    /// Not known yet.
    UnderInvestigation,
    /// The product holds a remedy.
    Fixed,
    /// No remedy is needed.
    NotAffected,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Affected,
        Self::UnderInvestigation,
        Self::Fixed,
        Self::NotAffected,
    ];

    /// The word in OpenVEX.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::UnderInvestigation => "under_investigation",
            Self::Fixed => "fixed",
            Self::NotAffected => "not_affected",
        }
    }

    /// By the word in OpenVEX.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether a finding with this status is no longer open.
    pub const fn closes(self) -> bool {
        matches!(self, Self::Fixed | Self::NotAffected)
    }
}

/// Why a product is not affected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The component is not in the product.
    ComponentNotPresent,
    /// The component is there without the code.
    VulnerableCodeNotPresent,
    /// The code is never run.
    VulnerableCodeNotInExecutePath,
    /// No attacker can reach it with input of theirs.
    VulnerableCodeCannotBeControlledByAdversary,
    /// Something built in stops the attack.
    InlineMitigationsAlreadyExist,
}

impl Justification {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ComponentNotPresent,
        Self::VulnerableCodeNotPresent,
        Self::VulnerableCodeNotInExecutePath,
        Self::VulnerableCodeCannotBeControlledByAdversary,
        Self::InlineMitigationsAlreadyExist,
    ];

    /// The label, the same in OpenVEX and CSAF.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }

    /// By its label.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.as_str() == word)
    }
}

/// One way in which a document names a thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identifier {
    /// By its purl, with or without a version.
    Purl(Purl),
    /// By a CPE name, as written.
    Cpe(String),
    /// By the hash of the file itself.
    Hash(Hash),
    /// By anything else: an IRI, a name, a reference that leads nowhere.
    Other(String),
}

/// A product that a statement is about, or a component in it. All identifiers name the same thing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VexProduct {
    /// What it is called.
    pub identifiers: Vec<Identifier>,
    /// The versions meant, as a [VERS](https://github.com/package-url/vers-spec) range, where the format gives one.
    pub versions: Option<String>,
    /// The components in it that the statement is about; the product itself where there are none.
    pub subcomponents: Vec<Self>,
}

/// One vulnerability, one status, some products.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The statement's own id, where it has one.
    pub id: Option<String>,
    /// The vulnerability's id as written, such as `CVE-2021-44228`.
    pub vulnerability: String,
    /// Its other ids.
    pub aliases: Vec<String>,
    /// What it is about; never empty in a usable statement.
    pub products: Vec<VexProduct>,
    /// What is said.
    pub status: Status,
    /// Why not affected.
    pub justification: Option<Justification>,
    /// Why not affected, in words; or a note on the status.
    pub impact: Option<String>,
    /// What to do when affected.
    pub action: Option<String>,
    /// When it was said, RFC 3339; the document's time where the statement has none.
    pub timestamp: Option<String>,
    /// The format's own word where ours says less, such as `requires_configuration`.
    pub original: Option<String>,
    /// What of the statement our words cannot hold, one sentence each.
    pub lossy: Vec<String>,
    /// 1-based line in the document.
    pub line: u32,
}

/// Which format a document is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VexFormat {
    /// [OpenVEX](https://github.com/openvex/spec) 0.2.0.
    OpenVex,
    /// [CSAF](https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html) 2.0 or 2.1, profile VEX.
    Csaf,
    /// [CycloneDX](https://cyclonedx.org/capabilities/vex/) with vulnerabilities.
    CycloneDx,
}

impl VexFormat {
    /// The word for it on the command line and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenVex => "openvex",
            Self::Csaf => "csaf",
            Self::CycloneDx => "cyclonedx",
        }
    }
}

/// A statement that could not be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// 1-based line in the document.
    pub line: u32,
    /// Why, in words, without a trailing period.
    pub reason: String,
}

/// A document as read. `statements` and `refused` add up to what stands in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VexDocument {
    /// Its format.
    pub format: VexFormat,
    /// Its own id.
    pub id: Option<String>,
    /// Who it says it is by: a name that anybody can write, so never a reason for trust.
    pub author: Option<String>,
    /// When it was last changed, RFC 3339.
    pub timestamp: Option<String>,
    /// What the document as a whole is about, where the format says so apart from its statements: the product of a
    /// CycloneDX document, `metadata.component`. What is said of a component there is said of it in this product.
    pub subject: Option<VexProduct>,
    /// What can be used.
    pub statements: Vec<Statement>,
    /// What cannot, and why.
    pub refused: Vec<Refused>,
}
