//! Why a condition cannot be used.

/// Why a condition cannot be used, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// Byte in the source at which it shows.
    pub offset: usize,
    /// What is wrong, without capital and full stop.
    pub message: String,
    /// What to write instead, where that can be told.
    pub hint: Option<String>,
}

impl ConditionError {
    #[cold]
    pub(super) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
