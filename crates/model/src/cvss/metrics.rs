//! The metrics of each version, in the order of its vector string, and their values in words.
//!
//! Sources: "A Complete Guide to CVSS 2.0", sections 2 and 3; specification 3.0 and 3.1, sections
//! 2 to 4 and 6; specification 4.0, sections 2 to 5 and 7.

use super::Version;

/// A metric group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Mandatory.
    Base,
    /// Temporal; in 4.0 threat.
    Temporal,
    Environmental,
    /// 4.0 only; without influence on the score.
    Supplemental,
}

/// A value of a metric: abbreviation and words.
type Value = (&'static str, &'static str);

pub(super) struct Metric {
    pub(super) short: &'static str,
    pub(super) name: &'static str,
    pub(super) group: Group,
    pub(super) values: &'static [Value],
}

const fn m(
    group: Group,
    short: &'static str,
    name: &'static str,
    values: &'static [Value],
) -> Metric {
    Metric {
        short,
        name,
        group,
        values,
    }
}

use Group::{Base as B, Environmental as E, Supplemental as S, Temporal as T};

const X: Value = ("X", "Not Defined");
const ND: Value = ("ND", "Not Defined");
const NONE: Value = ("N", "None");
const LOW: Value = ("L", "Low");
const MEDIUM: Value = ("M", "Medium");
const HIGH: Value = ("H", "High");
const NETWORK: Value = ("N", "Network");
const ADJACENT: Value = ("A", "Adjacent");
const LOCAL: Value = ("L", "Local");
const PHYSICAL: Value = ("P", "Physical");
const UNCHANGED: Value = ("U", "Unchanged");
const CHANGED: Value = ("C", "Changed");
const REQUIRED: Value = ("R", "Required");
const PASSIVE: Value = ("P", "Passive");
const ACTIVE: Value = ("A", "Active");
const PRESENT: Value = ("P", "Present");
const NEGLIGIBLE: Value = ("N", "Negligible");
const SAFETY: Value = ("S", "Safety");
const UNAVAILABLE: Value = ("U", "Unavailable");
const WORKAROUND: Value = ("W", "Workaround");
const CONFIRMED: Value = ("C", "Confirmed");

const IMPACT_2: &[Value] = &[NONE, ("P", "Partial"), ("C", "Complete")];
const REQUIREMENT_2: &[Value] = &[LOW, MEDIUM, HIGH, ND];

static V2: [Metric; 14] = [
    m(
        B,
        "AV",
        "Access Vector",
        &[LOCAL, ("A", "Adjacent Network"), NETWORK],
    ),
    m(B, "AC", "Access Complexity", &[HIGH, MEDIUM, LOW]),
    m(
        B,
        "Au",
        "Authentication",
        &[("M", "Multiple"), ("S", "Single"), NONE],
    ),
    m(B, "C", "Confidentiality Impact", IMPACT_2),
    m(B, "I", "Integrity Impact", IMPACT_2),
    m(B, "A", "Availability Impact", IMPACT_2),
    m(
        T,
        "E",
        "Exploitability",
        &[
            ("U", "Unproven"),
            ("POC", "Proof-of-Concept"),
            ("F", "Functional"),
            HIGH,
            ND,
        ],
    ),
    m(
        T,
        "RL",
        "Remediation Level",
        &[
            ("OF", "Official Fix"),
            ("TF", "Temporary Fix"),
            WORKAROUND,
            UNAVAILABLE,
            ND,
        ],
    ),
    m(
        T,
        "RC",
        "Report Confidence",
        &[
            ("UC", "Unconfirmed"),
            ("UR", "Uncorroborated"),
            CONFIRMED,
            ND,
        ],
    ),
    m(
        E,
        "CDP",
        "Collateral Damage Potential",
        &[
            NONE,
            LOW,
            ("LM", "Low-Medium"),
            ("MH", "Medium-High"),
            HIGH,
            ND,
        ],
    ),
    m(
        E,
        "TD",
        "Target Distribution",
        &[NONE, LOW, MEDIUM, HIGH, ND],
    ),
    m(E, "CR", "Confidentiality Requirement", REQUIREMENT_2),
    m(E, "IR", "Integrity Requirement", REQUIREMENT_2),
    m(E, "AR", "Availability Requirement", REQUIREMENT_2),
];

const IMPACT: &[Value] = &[NONE, LOW, HIGH];
const MODIFIED_IMPACT: &[Value] = &[NONE, LOW, HIGH, X];
const REQUIREMENT: &[Value] = &[LOW, MEDIUM, HIGH, X];

static V3: [Metric; 22] = [
    m(
        B,
        "AV",
        "Attack Vector",
        &[NETWORK, ADJACENT, LOCAL, PHYSICAL],
    ),
    m(B, "AC", "Attack Complexity", &[LOW, HIGH]),
    m(B, "PR", "Privileges Required", &[NONE, LOW, HIGH]),
    m(B, "UI", "User Interaction", &[NONE, REQUIRED]),
    m(B, "S", "Scope", &[UNCHANGED, CHANGED]),
    m(B, "C", "Confidentiality", IMPACT),
    m(B, "I", "Integrity", IMPACT),
    m(B, "A", "Availability", IMPACT),
    m(
        T,
        "E",
        "Exploit Code Maturity",
        &[
            ("U", "Unproven"),
            ("P", "Proof-of-Concept"),
            ("F", "Functional"),
            HIGH,
            X,
        ],
    ),
    m(
        T,
        "RL",
        "Remediation Level",
        &[
            ("O", "Official Fix"),
            ("T", "Temporary Fix"),
            WORKAROUND,
            UNAVAILABLE,
            X,
        ],
    ),
    m(
        T,
        "RC",
        "Report Confidence",
        &[("U", "Unknown"), ("R", "Reasonable"), CONFIRMED, X],
    ),
    m(E, "CR", "Confidentiality Requirement", REQUIREMENT),
    m(E, "IR", "Integrity Requirement", REQUIREMENT),
    m(E, "AR", "Availability Requirement", REQUIREMENT),
    m(
        E,
        "MAV",
        "Modified Attack Vector",
        &[NETWORK, ADJACENT, LOCAL, PHYSICAL, X],
    ),
    m(E, "MAC", "Modified Attack Complexity", &[LOW, HIGH, X]),
    m(
        E,
        "MPR",
        "Modified Privileges Required",
        &[NONE, LOW, HIGH, X],
    ),
    m(E, "MUI", "Modified User Interaction", &[NONE, REQUIRED, X]),
    m(E, "MS", "Modified Scope", &[UNCHANGED, CHANGED, X]),
    m(E, "MC", "Modified Confidentiality", MODIFIED_IMPACT),
    m(E, "MI", "Modified Integrity", MODIFIED_IMPACT),
    m(E, "MA", "Modified Availability", MODIFIED_IMPACT),
];

// In 4.0 the values ascend in their distance from the most severe one, as the interpolation
// needs it; `v4` relies on that.
const IMPACT_4: &[Value] = &[HIGH, LOW, NONE];
const MODIFIED_IMPACT_4: &[Value] = &[HIGH, LOW, NONE, X];
const REQUIREMENT_4: &[Value] = &[HIGH, MEDIUM, LOW, X];

static V4: [Metric; 32] = [
    m(
        B,
        "AV",
        "Attack Vector",
        &[NETWORK, ADJACENT, LOCAL, PHYSICAL],
    ),
    m(B, "AC", "Attack Complexity", &[LOW, HIGH]),
    m(B, "AT", "Attack Requirements", &[NONE, PRESENT]),
    m(B, "PR", "Privileges Required", &[NONE, LOW, HIGH]),
    m(B, "UI", "User Interaction", &[NONE, PASSIVE, ACTIVE]),
    m(B, "VC", "Vulnerable System Confidentiality", IMPACT_4),
    m(B, "VI", "Vulnerable System Integrity", IMPACT_4),
    m(B, "VA", "Vulnerable System Availability", IMPACT_4),
    m(B, "SC", "Subsequent System Confidentiality", IMPACT_4),
    m(B, "SI", "Subsequent System Integrity", IMPACT_4),
    m(B, "SA", "Subsequent System Availability", IMPACT_4),
    m(
        T,
        "E",
        "Exploit Maturity",
        &[
            ("A", "Attacked"),
            ("P", "Proof-of-Concept"),
            ("U", "Unreported"),
            X,
        ],
    ),
    m(E, "CR", "Confidentiality Requirement", REQUIREMENT_4),
    m(E, "IR", "Integrity Requirement", REQUIREMENT_4),
    m(E, "AR", "Availability Requirement", REQUIREMENT_4),
    m(
        E,
        "MAV",
        "Modified Attack Vector",
        &[NETWORK, ADJACENT, LOCAL, PHYSICAL, X],
    ),
    m(E, "MAC", "Modified Attack Complexity", &[LOW, HIGH, X]),
    m(
        E,
        "MAT",
        "Modified Attack Requirements",
        &[NONE, PRESENT, X],
    ),
    m(
        E,
        "MPR",
        "Modified Privileges Required",
        &[NONE, LOW, HIGH, X],
    ),
    m(
        E,
        "MUI",
        "Modified User Interaction",
        &[NONE, PASSIVE, ACTIVE, X],
    ),
    m(
        E,
        "MVC",
        "Modified Vulnerable System Confidentiality",
        MODIFIED_IMPACT_4,
    ),
    m(
        E,
        "MVI",
        "Modified Vulnerable System Integrity",
        MODIFIED_IMPACT_4,
    ),
    m(
        E,
        "MVA",
        "Modified Vulnerable System Availability",
        MODIFIED_IMPACT_4,
    ),
    m(
        E,
        "MSC",
        "Modified Subsequent System Confidentiality",
        &[HIGH, LOW, NEGLIGIBLE, X],
    ),
    m(
        E,
        "MSI",
        "Modified Subsequent System Integrity",
        &[HIGH, LOW, NEGLIGIBLE, SAFETY, X],
    ),
    m(
        E,
        "MSA",
        "Modified Subsequent System Availability",
        &[HIGH, LOW, NEGLIGIBLE, SAFETY, X],
    ),
    m(S, "S", "Safety", &[NEGLIGIBLE, PRESENT, X]),
    m(S, "AU", "Automatable", &[("N", "No"), ("Y", "Yes"), X]),
    m(
        S,
        "R",
        "Recovery",
        &[("A", "Automatic"), ("U", "User"), ("I", "Irrecoverable"), X],
    ),
    m(
        S,
        "V",
        "Value Density",
        &[("D", "Diffuse"), ("C", "Concentrated"), X],
    ),
    m(
        S,
        "RE",
        "Vulnerability Response Effort",
        &[LOW, ("M", "Moderate"), HIGH, X],
    ),
    m(
        S,
        "U",
        "Provider Urgency",
        &[
            ("Clear", "Clear"),
            ("Green", "Green"),
            ("Amber", "Amber"),
            ("Red", "Red"),
            X,
        ],
    ),
];

/// The metrics of a version in the order of its vector string.
pub(super) fn table(version: Version) -> &'static [Metric] {
    match version {
        Version::V2 => &V2,
        Version::V30 | Version::V31 => &V3,
        Version::V40 => &V4,
    }
}
