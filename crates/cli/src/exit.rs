//! Exit codes and failures with advice.

use std::process::ExitCode;

/// What the program's exit code means. Of several, the first of 2, 1, 3 is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// 0: nothing was denied.
    Fine,
    /// 1: a gate denied.
    Denied,
    /// 2: wrong use, or input that cannot be used at all.
    Misuse,
    /// 3: the answer is incomplete, and that matters.
    Incomplete,
}

impl Exit {
    pub(crate) const ALL: [Self; 4] = [Self::Fine, Self::Denied, Self::Misuse, Self::Incomplete];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Denied => 1,
            Self::Misuse => 2,
            Self::Incomplete => 3,
        }
    }

    /// For `stanchion explain 3`.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Fine => "nothing was denied",
            Self::Denied => {
                "a gate denied: by a rule of the policy; without one, because a finding is known exploited, malicious, or critical with a fix"
            }
            Self::Misuse => "wrong use, or input that cannot be used at all",
            Self::Incomplete => {
                "the answer is incomplete and that matters: there was nothing to scan, or the policy closes the gate for evidence that is missing"
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do its job.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: anyhow::Error,
    /// What to do next.
    pub(crate) hint: Option<String>,
    pub(crate) exit: Exit,
    /// The place in a file that it points to, set off from the message; empty where there is none.
    pub(crate) excerpt: String,
}

impl Failure {
    pub(crate) fn new(error: impl Into<anyhow::Error>) -> Self {
        Self {
            error: error.into(),
            hint: None,
            exit: Exit::Misuse,
            excerpt: String::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.error.chain().any(|cause| {
            cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
        })
    }
}

/// A failure from words alone.
pub(crate) fn failure(message: impl Into<String>) -> Failure {
    Failure::new(anyhow::Error::msg(message.into()))
}

impl From<stanchion_advisories::Error> for Failure {
    fn from(error: stanchion_advisories::Error) -> Self {
        let hint = error.hint();
        Self::new(error).hint(hint)
    }
}

impl From<stanchion_tree::TreeError> for Failure {
    fn from(error: stanchion_tree::TreeError) -> Self {
        Self::new(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}
