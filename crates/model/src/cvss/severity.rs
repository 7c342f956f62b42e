//! Severity in words.

use std::fmt;

/// How bad a vulnerability is, in the words of the CVSS qualitative rating scale.
///
/// Ascends from [`Severity::None`] to [`Severity::Critical`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No impact: a score of 0.0.
    None,
    /// 0.1 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.0.
    Critical,
}

impl Severity {
    /// All of them, ascending.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The word in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The word of a score from 0.0 to 10.0 (CVSS 3.0 section 5, 3.1 section 5, 4.0 section 6).
    ///
    /// What is not a number counts as 0.0.
    pub fn from_score(score: f64) -> Self {
        // In tenths: a score has one decimal, and 3.9 and 4.0 have nothing between them.
        match (score * 10.0).round() {
            s if s >= 90.0 => Self::Critical,
            s if s >= 70.0 => Self::High,
            s if s >= 40.0 => Self::Medium,
            s if s >= 1.0 => Self::Low,
            _ => Self::None,
        }
    }

    /// The word of a CVSS 2.0 score on NVD's scale: low below 4.0, high from 7.0 on.
    ///
    /// CVSS 2.0 has no words of its own; NVD's scale has neither none nor critical.
    pub fn from_score_v2(score: f64) -> Self {
        match (score * 10.0).round() {
            s if s >= 70.0 => Self::High,
            s if s >= 40.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// Reads the word of a source, in any case and with space around it.
    ///
    /// | word | used by | severity |
    /// |---|---|---|
    /// | none, informational, info, unimportant | CVSS, npm, Bitnami; Debian's urgency | none |
    /// | low, minor, negligible | all; SUSE, `RustSec`; Ubuntu, Clair | low |
    /// | medium, moderate | CVSS, Ubuntu; GitHub, npm, Red Hat, SUSE | medium |
    /// | high, important, major | CVSS, GitHub, Ubuntu; Red Hat, SUSE | high |
    /// | critical | all | critical |
    ///
    /// Debian's urgencies may end in stars (`low**`), which say how it was set and are ignored.
    /// Words that say that nobody has decided (`unknown`, `untriaged`, `not yet assigned`,
    /// `end-of-life`) give nothing.
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Severity); 15] = [
            ("none", Severity::None),
            ("info", Severity::None),
            ("informational", Severity::None),
            ("unimportant", Severity::None),
            ("low", Severity::Low),
            ("minor", Severity::Low),
            ("negligible", Severity::Low),
            ("medium", Severity::Medium),
            ("moderate", Severity::Medium),
            ("high", Severity::High),
            ("important", Severity::High),
            ("major", Severity::High),
            ("severe", Severity::High),
            ("critical", Severity::Critical),
            ("urgent", Severity::Critical),
        ];
        let word = word.trim().trim_end_matches('*');
        let found = WORDS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word));
        found.map(|(_, severity)| *severity)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
