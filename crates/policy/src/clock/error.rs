//! Why a time span, a clock or a calendar cannot be used.

use stanchion_model::text::is_hostile;

/// Longest piece of a foreign text that is shown, in characters.
const LONGEST_SHOWN: usize = 40;

/// Why a time span, a clock or a calendar cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ClockError {
    /// What is wrong, without capital and full stop.
    pub message: String,
    /// What to write instead, where that can be told.
    pub hint: Option<String>,
}

impl ClockError {
    #[cold]
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The beginning of a text, without what a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LONGEST_SHOWN)
        .map(|c| if is_hostile(c) { '?' } else { c })
        .collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}
