//! The settings of the server, as the configuration file holds them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::client_address::{ForwardedBy, Network, PublicUrl};
use super::limits::Rate;

/// How the server listens, whom it believes, and how much it takes. Everything has a default; an unknown key is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port to listen on. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate. Without it the server speaks plain HTTP: behind a proxy, or on this machine only.
    pub tls: Option<TlsSettings>,
    /// Networks of the reverse proxies in front. Only they are believed about the client's address and scheme, and
    /// only they may give a request its id.
    pub trusted_proxies: Vec<Network>,
    /// The one header in which those proxies pass on the client's address.
    pub forwarded_by: ForwardedBy,
    /// The URL under which people reach the portal. It wins over what a request says of itself.
    pub public_url: Option<PublicUrl>,
    /// Connections at once; further ones wait in the backlog of the system.
    pub max_connections: usize,
    /// Uploads held at once, in memory or in temporary files; further ones wait a little, then get a 503.
    pub max_uploads: usize,
    /// Requests that one client address may make. Clients on this machine are not counted. Absent: no limit.
    pub requests: Option<Rate>,
    /// Networks from which `/metrics` may be read.
    pub metrics_from: Vec<Network>,
    /// How the log is written.
    pub log: LogSettings,
    /// How long the server waits for others. Not in the file: the defaults are chosen to fit together.
    #[serde(skip)]
    pub patience: Patience,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: None,
            trusted_proxies: Vec::new(),
            forwarded_by: ForwardedBy::default(),
            public_url: None,
            max_connections: 1024,
            max_uploads: 8,
            requests: Some(Rate {
                per_minute: 6000,
                burst: 500,
            }),
            metrics_from: Network::loopback(),
            log: LogSettings::default(),
            patience: Patience::default(),
        }
    }
}

/// Where the certificate is. Both files are read again when they change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// PEM file with the server's certificate first, then the chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// How the log is written; it goes to standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// One JSON object a line, or plain text.
    pub format: LogFormat,
    /// What is written: `info`, or directives as `info,stanchion_server=debug`.
    pub level: String,
    /// One line for each request, at `info`.
    pub requests: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            level: "info".to_owned(),
            requests: true,
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Text for people.
    Plain,
}

/// How long the server waits for others before it gives up on them.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For a TLS handshake, for the whole head of a request, and for the next request on an idle connection.
    pub head: Duration,
    /// For the next byte of a request's body.
    pub body: Duration,
    /// The mean rate in bytes a second that a body must reach once `body` has passed.
    pub body_rate: u64,
    /// For a client to take the next byte of an answer.
    pub answer: Duration,
    /// For a client to hang up after the last answer, so that it can read an answer that came before its body was sent.
    pub farewell: Duration,
    /// For running requests when the server stops.
    pub stop: Duration,
    /// For a free place for an upload.
    pub upload_place: Duration,
    /// For all readiness checks together.
    pub readiness: Duration,
    /// Between looks at the certificate files.
    pub certificate: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            body_rate: 256,
            answer: Duration::from_secs(30),
            farewell: Duration::from_secs(1),
            stop: Duration::from_secs(20),
            upload_place: Duration::from_secs(5),
            readiness: Duration::from_secs(5),
            certificate: Duration::from_mins(1),
        }
    }
}
