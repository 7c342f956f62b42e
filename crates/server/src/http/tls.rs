//! The server's certificate, read again when its files change.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use super::settings::TlsSettings;

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the TLS file {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not PEM, or has nothing of its kind in it.
    #[error("the TLS file {} has no {wanted} in PEM form in it", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// Certificate and key do not fit together, or are of a kind that is not supported.
    #[error("the certificate {} and its key cannot be used together", path.display())]
    Unfit {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => {
                "Check the path in the settings, and that the user of the server may read the file."
            }
            Self::Pem { .. } => {
                "The file of the certificate has `BEGIN CERTIFICATE` in it, the file of the key `BEGIN PRIVATE KEY`."
            }
            Self::Unfit { .. } => {
                "Check that the key belongs to the first certificate of the chain, and is ECDSA (P-256 or P-384), \
                 Ed25519 or RSA of at least 2048 bits."
            }
        }
    }
}

struct Current {
    /// The bytes of both files.
    files: (Vec<u8>, Vec<u8>),
    acceptor: TlsAcceptor,
}

/// The certificate in use.
pub struct Certificate {
    settings: TlsSettings,
    current: RwLock<Current>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn files(settings: &TlsSettings) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| TlsError::Read {
            path: path.clone(),
            source,
        })
    };
    Ok((read(&settings.certificate)?, read(&settings.key)?))
}

fn load(settings: &TlsSettings, files: (Vec<u8>, Vec<u8>)) -> Result<Current, TlsError> {
    let unreadable = |source| TlsError::Pem {
        path: settings.certificate.clone(),
        wanted: "certificate",
        source,
    };
    let chain = CertificateDer::pem_slice_iter(&files.0)
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(unreadable(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_slice(&files.1).map_err(|source| TlsError::Pem {
        path: settings.key.clone(),
        wanted: "private key",
        source,
    })?;
    let unfit = |source| TlsError::Unfit {
        path: settings.certificate.clone(),
        source,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current {
        files,
        acceptor: TlsAcceptor::from(Arc::new(config)),
    })
}

impl Certificate {
    /// Reads certificate and key.
    pub fn read(settings: &TlsSettings) -> Result<Self, TlsError> {
        let current = load(settings, files(settings)?)?;
        Ok(Self {
            settings: settings.clone(),
            current: RwLock::new(current),
        })
    }

    /// Reads both files again if their bytes changed, and says whether. On an error the old ones stay in use: the two
    /// files are not written at one moment.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let files = files(&self.settings)?;
        if files == self.lock().files {
            return Ok(false);
        }
        let fresh = load(&self.settings, files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// What new connections shake hands with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.lock().acceptor.clone()
    }

    fn lock(&self) -> std::sync::RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}
