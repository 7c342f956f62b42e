//! The portal's settings: one file (`portal.toml`), and the environment before it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use stanchion_notify::{MailSettings, Secret, Tls};
use stanchion_store::Address;

use crate::engine::keeping::Retention;
use crate::{http, people};

/// What `portal.toml` says. Everything has a default; an unknown key is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How it listens, whom it believes.
    pub http: http::Settings,
    /// Who signs in how.
    pub people: people::Settings,
    /// Where state is kept.
    pub store: StoreSettings,
    /// Where documents are kept.
    pub blobs: BlobSettings,
    /// How mail is sent; absent: not at all.
    pub mail: Option<Mail>,
    /// What is kept for how long.
    pub retention: Retention,
    /// How much is done in the background.
    pub jobs: Jobs,
}

/// Where state is kept.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `postgres://user@host/database`; absent: a file in the data folder.
    pub url: Option<String>,
    /// A file that holds the password, so that it stands in no settings.
    pub password_file: Option<PathBuf>,
    /// A PEM file of certificates to trust in place of Mozilla's.
    pub roots: Option<PathBuf>,
    /// Readers at once; 4 without it.
    pub readers: Option<usize>,
}

impl std::fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("StoreSettings")
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

impl StoreSettings {
    /// The address; `data` is the data folder.
    pub fn address(&self, data: &Path) -> Result<Address, SettingsError> {
        let Some(url) = &self.url else {
            return Ok(Address::Folder(data.to_owned()));
        };
        let mut url = url.clone();
        if let Some(file) = &self.password_file {
            let password = secret(file)?;
            let coded: String = password
                .bytes()
                .map(|byte| {
                    if byte.is_ascii_alphanumeric() {
                        char::from(byte).to_string()
                    } else {
                        format!("%{byte:02X}")
                    }
                })
                .collect();
            let (scheme, rest) = url.split_once("://").ok_or_else(|| {
                SettingsError(
                    "store.url is no address such as postgres://user@host/database".into(),
                )
            })?;
            let (user, host) = rest.split_once('@').ok_or_else(|| {
                SettingsError("store.url names no user, and store.password_file needs one".into())
            })?;
            url = format!("{scheme}://{user}:{coded}@{host}");
        }
        Ok(Address::Postgres(url, self.roots.clone()))
    }
}

/// Where documents are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlobSettings {
    /// A folder; the data folder's `blobs` without it.
    pub folder: Option<PathBuf>,
    /// An object store, in place of a folder.
    pub s3: Option<S3>,
}

/// An object store that speaks S3. Its keys come from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
/// `AWS_SESSION_TOKEN`, or from files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Such as `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The bucket; it must be there.
    pub bucket: String,
    /// What all names start with.
    #[serde(default)]
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// A file that holds the access key's name.
    pub access_key_file: Option<PathBuf>,
    /// A file that holds the access key's secret.
    pub secret_key_file: Option<PathBuf>,
}

/// How mail is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server's name.
    pub host: String,
    /// Its port; 587 without it, 465 with `tls = "tls"`.
    pub port: Option<u16>,
    /// `starttls` (without it), `tls`, or `none` for hosts that are allowed to be private.
    #[serde(default)]
    pub tls: MailTls,
    /// Who we are there.
    pub user: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The sender's address.
    pub from: String,
    /// The sender's name.
    pub from_name: Option<String>,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Plain at first, then protected.
    #[default]
    StartTls,
    /// Protected from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl Mail {
    /// As the channel takes it.
    pub(crate) fn settings(&self) -> Result<MailSettings, SettingsError> {
        let user = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), Secret::new(secret(file)?))),
            (None, None) => None,
            _ => {
                return Err(SettingsError(
                    "mail.user and mail.password_file go together".into(),
                ));
            }
        };
        let tls = match self.tls {
            MailTls::StartTls => Tls::StartTls,
            MailTls::Tls => Tls::Tls,
            MailTls::None => Tls::None,
        };
        Ok(MailSettings {
            host: self.host.clone(),
            port: self
                .port
                .unwrap_or(if matches!(tls, Tls::Tls) { 465 } else { 587 }),
            tls,
            user,
            from: self.from.clone(),
            from_name: self.from_name.clone().or_else(|| Some("Stanchion".into())),
            to: Vec::new(),
            timeout: Duration::from_mins(1),
        })
    }
}

/// How much is done in the background.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// Jobs at once; 0: this server does none.
    pub workers: usize,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { workers: 2 }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub(crate) String);

/// Largest settings file.
const MOST: u64 = 1 << 20;

impl Settings {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        use std::io::Read;
        let wrong = |error: std::io::Error| {
            SettingsError(format!("cannot read {}: {error}", file.display()))
        };
        let mut text = String::new();
        std::fs::File::open(file)
            .and_then(|open| open.take(MOST).read_to_string(&mut text))
            .map_err(wrong)?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            SettingsError(format!("{}:{line}: {}", file.display(), error.message()))
        })
    }
}

/// A secret in a file, without the line break at its end.
pub(crate) fn secret(file: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(file)
        .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
        .map_err(|error| SettingsError(format!("cannot read {}: {error}", file.display())))
}
