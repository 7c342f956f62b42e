//! What can go wrong with the advisory database.

/// Why the database, or a source of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are something else.
    #[error("this is no advisory database")]
    NotADatabase,
    /// Written by another version of the format.
    #[error("the database has format {found}; this program reads format {known}")]
    FormatVersion {
        /// In the file.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// Cut short, bit-flipped or made up.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// Which file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A source's file is not what it should be.
    #[error("{path}: {reason}")]
    Source {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A signed file's signature is missing, wrong, or by an unknown key.
    #[error("{path}: {reason}")]
    Signature {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// Wraps an input/output error with the file it is about.
    pub fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// What a person should do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotADatabase | Self::Damaged(_) => {
                "run `stanchion db update` to fetch it anew, or `stanchion db import DIR`"
            }
            Self::FormatVersion { found, known } if found > known => {
                "update Stanchion, or run `stanchion db update` to build a database for this version"
            }
            Self::FormatVersion { .. } => "run `stanchion db update` to build it for this version",
            Self::Io { .. } => "check that the file is there and that you may read and write it",
            Self::Source { .. } => {
                "fetch the file again from its publisher; `stanchion db status` lists the sources"
            }
            Self::Signature { .. } => {
                "get the file and its signature from someone you trust, or pass --unsigned if you are sure"
            }
        }
    }
}
