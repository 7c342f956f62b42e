//! Outbound connections: proxies, retries, resume, the offline switch and the guard against private addresses.
//!
//! [`Client`] speaks HTTP/1.1 over [`ureq`], with rustls and ring for TLS. Whatever asks for an address that came
//! from outside goes through it.

mod client;
mod date;
mod download;
mod error;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
mod guard;
mod proxy;
mod request;
#[cfg(test)]
mod request_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
mod url;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

pub use client::Client;
pub use download::{Download, Validator};
pub use error::{NetError, NetErrorKind};
pub use proxy::Proxies;
pub use request::{Answer, Method, Request};
pub use url::redact;

/// How to go out.
#[derive(Clone, Debug)]
pub struct Options {
    /// Reach for nothing outside: every request fails with [`NetErrorKind::Offline`].
    pub offline: bool,
    /// Hosts, as `host` or `host:port`, that may be loopback or private, and may be asked without TLS.
    pub allow_private: Vec<String>,
    /// Time for looking up, connecting and the TLS handshake together.
    pub connect: Duration,
    /// Time without a byte after which a connection counts as dead.
    pub idle: Duration,
    /// Further tries after the first.
    pub retries: u32,
    /// Wait before the second try; doubles with each further one.
    pub backoff: Duration,
    /// Proxies to go through.
    pub proxies: Proxies,
    /// A PEM file of certificates to trust in place of Mozilla's, for networks whose proxy opens TLS.
    pub roots: Option<PathBuf>,
    /// How we introduce ourselves.
    pub user_agent: String,
}

impl Default for Options {
    /// What the environment says: the proxies' variables, and `SSL_CERT_FILE`.
    fn default() -> Self {
        Self {
            offline: false,
            allow_private: Vec::new(),
            connect: Duration::from_secs(3),
            idle: Duration::from_secs(30),
            retries: 2,
            backoff: Duration::from_millis(300),
            proxies: Proxies::from_environment(),
            roots: std::env::var_os("SSL_CERT_FILE")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            user_agent: concat!("stanchion/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
