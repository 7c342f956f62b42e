//! What can go wrong between here and a server.

use std::path::PathBuf;
use std::time::Duration;

/// A request that gave nothing, and why.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {kind}")]
pub struct NetError {
    /// The address asked for, without user, password, query and fragment.
    pub url: String,
    /// What went wrong.
    pub kind: NetErrorKind,
}

/// Why a request gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetErrorKind {
    /// The offline switch is on.
    #[error("not fetched: the offline switch is on")]
    Offline,
    /// The guard refuses the address, or a redirect to it.
    #[error("refused to go to {address}: {reason}")]
    Blocked {
        /// The host or address, redacted.
        address: String,
        /// The rule.
        reason: String,
    },
    /// No connection: the name is unknown, nobody listens, TLS failed, the proxy refuses.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// No connection, or not a byte, in the time allowed.
    #[error("no {what} within {} s", after.as_secs_f32())]
    Timeout {
        /// `connection`, `byte` or `answer`.
        what: &'static str,
        /// The time allowed.
        after: Duration,
    },
    /// The server answered with this status.
    #[error("the server answered {0}")]
    Status(u16),
    /// More bytes than allowed.
    #[error("more than the {limit} bytes allowed")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// The request is none that can be sent: a header that HTTP forbids, for one.
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
    /// The answer was cut off or contradicts itself.
    #[error("the answer is broken: {0}")]
    Broken(String),
    /// A file of ours could not be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl NetError {
    /// What a person should do next.
    pub fn hint(&self) -> &'static str {
        match &self.kind {
            NetErrorKind::Offline => {
                "leave out --offline (or unset STANCHION_OFFLINE), or work from a mirror in a folder"
            }
            NetErrorKind::Blocked { .. } => {
                "if this address is meant, name its host among those that may be private; else check where the address leads"
            }
            NetErrorKind::Connect(_) => {
                "check the network, the name, and HTTPS_PROXY / NO_PROXY; with a proxy that opens TLS, point SSL_CERT_FILE at its certificates"
            }
            NetErrorKind::Timeout { .. } => {
                "try again later, check the network and the proxy, or use --offline"
            }
            NetErrorKind::Status(401 | 403 | 407) => {
                "check the credentials, and that this network may go there"
            }
            NetErrorKind::Status(404 | 410) => "check the address",
            NetErrorKind::Status(_) | NetErrorKind::Broken(_) => {
                "try again later: the trouble is at the server or on the way"
            }
            NetErrorKind::Unsendable(_) => {
                "check the settings that the request is made of for line breaks and other characters that do not belong there"
            }
            NetErrorKind::TooLarge { .. } => {
                "check the address: it gives something else than expected"
            }
            NetErrorKind::Io { .. } => {
                "check that the file is there and that you may read and write it"
            }
        }
    }

    /// Whether the server has nothing under this address (404, 410).
    pub fn is_absent(&self) -> bool {
        matches!(self.kind, NetErrorKind::Status(404 | 410))
    }
}
