//! Threat vectors: what an attacker gains from a finding, in a closed set of words.

mod cwe;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::cvss;

pub use cwe::cwe_name;

/// What an attacker gains or does.
///
/// Failures of authorisation count as [`ThreatVector::PrivilegeEscalation`], as in STRIDE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThreatVector {
    /// Code that takes data, credentials or control on purpose.
    Malware,
    /// The attacker's code or commands run.
    RemoteCodeExecution,
    /// Memory is read or written where it should not be.
    MemoryCorruption,
    /// Data of the attacker is turned into objects.
    Deserialization,
    /// Input becomes part of a query, a command or a document.
    Injection,
    /// Script of the attacker runs in another's browser.
    CrossSiteScripting,
    /// Files outside the intended folder are reached.
    PathTraversal,
    /// A server or a browser makes requests the attacker chose.
    RequestForgery,
    /// Who acts is not, or wrongly, established.
    AuthenticationBypass,
    /// More is allowed than should be.
    PrivilegeEscalation,
    /// Passwords, keys or tokens are revealed or easily guessed.
    CredentialExposure,
    /// Data is revealed.
    DataExposure,
    /// Data or state is changed, or its origin not verified.
    DataTampering,
    /// A person or a program is made to trust the wrong thing.
    Spoofing,
    /// Cryptography is missing, broken or wrongly used.
    WeakCryptography,
    /// A service stops or slows down.
    DenialOfService,
    /// What is built or loaded comes from elsewhere than intended.
    SupplyChain,
}

/// Id, title and short forms of each, in the order of the enum.
const WORDS: [(ThreatVector, &str, &str, &[&str]); 17] = [
    (
        ThreatVector::Malware,
        "malware",
        "Malware",
        &["malicious", "malicious-package", "backdoor"],
    ),
    (
        ThreatVector::RemoteCodeExecution,
        "remote-code-execution",
        "Remote code execution",
        &[
            "rce",
            "code-execution",
            "arbitrary-code-execution",
            "ace",
            "command-execution",
        ],
    ),
    (
        ThreatVector::MemoryCorruption,
        "memory-corruption",
        "Memory corruption",
        &[
            "memory",
            "memory-safety",
            "buffer-overflow",
            "overflow",
            "uaf",
            "use-after-free",
        ],
    ),
    (
        ThreatVector::Deserialization,
        "deserialization",
        "Unsafe deserialization",
        &["deserialisation", "unsafe-deserialization"],
    ),
    (
        ThreatVector::Injection,
        "injection",
        "Injection",
        &[
            "sqli",
            "sql-injection",
            "command-injection",
            "code-injection",
            "xxe",
            "ssti",
        ],
    ),
    (
        ThreatVector::CrossSiteScripting,
        "cross-site-scripting",
        "Cross-site scripting",
        &["xss"],
    ),
    (
        ThreatVector::PathTraversal,
        "path-traversal",
        "Path traversal",
        &["directory-traversal", "traversal", "lfi", "zip-slip"],
    ),
    (
        ThreatVector::RequestForgery,
        "request-forgery",
        "Request forgery",
        &[
            "ssrf",
            "csrf",
            "xsrf",
            "server-side-request-forgery",
            "cross-site-request-forgery",
        ],
    ),
    (
        ThreatVector::AuthenticationBypass,
        "authentication-bypass",
        "Authentication bypass",
        &["auth-bypass", "authentication", "session-hijacking"],
    ),
    (
        ThreatVector::PrivilegeEscalation,
        "privilege-escalation",
        "Privilege escalation",
        &[
            "privesc",
            "eop",
            "lpe",
            "elevation-of-privilege",
            "authorization",
            "authorization-bypass",
            "access-control",
            "idor",
        ],
    ),
    (
        ThreatVector::CredentialExposure,
        "credential-exposure",
        "Credential exposure",
        &["credentials", "credential", "secret-exposure", "secrets"],
    ),
    (
        ThreatVector::DataExposure,
        "data-exposure",
        "Data exposure",
        &[
            "information-disclosure",
            "info-disclosure",
            "disclosure",
            "data-leak",
            "information-exposure",
        ],
    ),
    (
        ThreatVector::DataTampering,
        "data-tampering",
        "Data tampering",
        &[
            "tampering",
            "integrity",
            "prototype-pollution",
            "mass-assignment",
        ],
    ),
    (
        ThreatVector::Spoofing,
        "spoofing",
        "Spoofing",
        &[
            "open-redirect",
            "clickjacking",
            "phishing",
            "request-smuggling",
        ],
    ),
    (
        ThreatVector::WeakCryptography,
        "weak-cryptography",
        "Weak cryptography",
        &["cryptography", "crypto"],
    ),
    (
        ThreatVector::DenialOfService,
        "denial-of-service",
        "Denial of service",
        &["dos", "ddos", "redos"],
    ),
    (
        ThreatVector::SupplyChain,
        "supply-chain",
        "Supply chain",
        &["supplychain", "dependency-confusion", "typosquatting"],
    ),
];

impl ThreatVector {
    /// All of them, in the order they are listed and sorted.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        WORDS.iter().map(|row| row.0)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static [&'static str]) {
        &WORDS[self as usize]
    }

    /// The id, as `remote-code-execution`.
    pub fn id(self) -> &'static str {
        self.row().1
    }

    /// The words for people, as `Remote code execution`.
    pub fn title(self) -> &'static str {
        self.row().2
    }

    /// Reads an id or a usual short form (`rce`, `dos`, `xss`, `ssrf`, `sqli`, …), in any case,
    /// with spaces or underscores for dashes.
    pub fn from_id(id: &str) -> Option<Self> {
        let same = |known: &str| {
            known.len() == id.len()
                && known.bytes().zip(id.bytes()).all(|(known, given)| {
                    known.eq_ignore_ascii_case(&given)
                        || (known == b'-' && matches!(given, b' ' | b'_'))
                })
        };
        WORDS
            .iter()
            .find(|row| same(row.1) || row.3.iter().any(|short| same(short)))
            .map(|row| row.0)
    }
}

impl fmt::Display for ThreatVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// The word is no threat vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no threat vector")]
pub struct UnknownThreatVector(Box<str>);

impl FromStr for ThreatVector {
    type Err = UnknownThreatVector;

    fn from_str(id: &str) -> Result<Self, UnknownThreatVector> {
        Self::from_id(id)
            .ok_or_else(|| UnknownThreatVector(id.chars().take(60).collect::<String>().into()))
    }
}

impl serde::Serialize for ThreatVector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> serde::Deserialize<'de> for ThreatVector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        id.parse().map_err(serde::de::Error::custom)
    }
}

/// The threat vectors of a finding: sorted, without repetition, the same for the same input.
///
/// What the CWEs say counts (`cwe.rs` has the table). Only where none of them decides, the CVSS
/// vector is asked, by [`from_cvss`]. `malicious` adds [`ThreatVector::Malware`] and
/// [`ThreatVector::SupplyChain`], which decide as well: CVSS is not asked then.
pub fn derive(
    cwes: impl Iterator<Item = u32>,
    cvss: Option<&cvss::Vector>,
    malicious: bool,
) -> Vec<ThreatVector> {
    let mut vectors: Vec<_> = cwes.flat_map(cwe::vectors).copied().collect();
    if vectors.is_empty()
        && !malicious
        && let Some(cvss) = cvss
    {
        vectors = from_cvss(cvss);
    }
    if malicious {
        vectors.extend([ThreatVector::Malware, ThreatVector::SupplyChain]);
    }
    vectors.sort_unstable();
    vectors.dedup();
    vectors
}

/// What the base metrics alone allow to say, on purpose little:
///
/// - only availability is hurt: denial of service; only confidentiality: data exposure; only
///   integrity: data tampering. Two of them, each at its highest value: both vectors.
/// - all three at their highest value and an account is needed while the scope changes (4.0: a
///   later system is hurt just as much), or access must be local with low privileges:
///   privilege escalation.
/// - all three at their highest value, over the network, without account and without another's
///   help: remote code execution is the usual reason but only a possible one, so nothing is said;
///   the score already says how bad it is.
pub fn from_cvss(vector: &cvss::Vector) -> Vec<ThreatVector> {
    let is = |metric: &str, value: &str| vector.metric(metric) == Some(value);
    let v2 = vector.version() == cvss::Version::V2;
    let v4 = vector.version() == cvss::Version::V40;
    let names = if v4 {
        ["VC", "VI", "VA"]
    } else {
        ["C", "I", "A"]
    };
    let highest = names.map(|name| is(name, if v2 { "C" } else { "H" }));
    let none = names.map(|name| is(name, "N"));
    let kinds = [
        ThreatVector::DataExposure,
        ThreatVector::DataTampering,
        ThreatVector::DenialOfService,
    ];
    if highest == [true; 3] {
        let account = is("PR", "L") || is("PR", "H");
        let wider = is("S", "C") || (v4 && is("SC", "H") && is("SI", "H"));
        let local = is("AV", "L") && (is("PR", "L") || is("Au", "S"));
        return if (account && wider) || local {
            vec![ThreatVector::PrivilegeEscalation]
        } else {
            vec![]
        };
    }
    let hurt = none.iter().filter(|none| !**none).count();
    let clear = |at: usize| !none[at] && (hurt == 1 || highest[at]);
    if hurt == 1 || highest.iter().filter(|highest| **highest).count() == hurt {
        return (0..3).filter(|at| clear(*at)).map(|at| kinds[at]).collect();
    }
    vec![]
}
