//! What became of an attempt.

use std::time::Duration;

use stanchion_net::{NetError, NetErrorKind};

/// What became of an attempt to tell one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Delivered,
    /// Not this time, and why. Another try has a point.
    Later(String),
    /// Refused, and why. Another try has no point before a person changes something: the endpoint is gone, the
    /// address does not exist, the guard forbids it.
    Never(String),
}

/// One recipient, and what became of the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// As in [`crate::Channel::recipients`].
    pub recipient: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How long the other side asks to wait before the next attempt.
    pub wait: Option<Duration>,
}

impl Delivery {
    pub(crate) fn new(recipient: &str, outcome: Outcome) -> Self {
        Self {
            recipient: recipient.to_owned(),
            outcome,
            wait: None,
        }
    }
}

impl From<&NetError> for Outcome {
    /// Told without the address: the path of a webhook is a secret at many services.
    fn from(error: &NetError) -> Self {
        let hint = error.hint();
        match &error.kind {
            NetErrorKind::Blocked { reason, .. } => {
                Self::Never(format!("refused to go there: {reason}; {hint}"))
            }
            kind @ NetErrorKind::Unsendable(_) => Self::Never(format!("{kind}; {hint}")),
            kind => Self::Later(format!("{kind}; {hint}")),
        }
    }
}
