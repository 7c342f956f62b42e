//! What the portal does with what it remembers, without HTTP: takes inventories in, matches and judges them with the code
//! of the command line, looks again when advisories change, tells people, and keeps house.

pub mod absorb;
pub mod board;
pub mod bought;
pub mod bundle;
pub mod decide;
pub mod fetch;
pub mod held;
pub mod ingest;
pub mod keeping;
pub mod rows;
pub mod runner;
pub mod tell;
pub mod trial;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use stanchion_advisories::Database;
use stanchion_advisories::fetch::Settings as Sources;
use stanchion_net::Client;
use stanchion_store::blobs::{BlobError, Blobs, Digest};
use stanchion_store::{Store, StoreError};

/// The time, in seconds since 1970. Tests move it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The machine's clock.
pub fn clock() -> Clock {
    Arc::new(|| jiff::Timestamp::now().as_second())
}

/// What the engine is given.
pub struct Options {
    /// Where the advisory database, and what is derived from it, lies.
    pub data: PathBuf,
    /// Where advisories come from.
    pub sources: Sources,
    /// The way out.
    pub client: Arc<Client>,
    /// The time.
    pub clock: Clock,
    /// How mail is sent; `None`: not at all.
    pub mail: Option<tell::MailSettings>,
    /// What is kept, and for how long.
    pub retention: keeping::Retention,
    /// The portal's own address, for links in messages.
    pub public_url: Option<String>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be kept or found.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The advisory database cannot be used.
    #[error("the advisories cannot be used: {0}")]
    Advisories(#[from] stanchion_advisories::Error),
    /// What was sent cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// What is named is not there.
    #[error("{0}")]
    Absent(String),
    /// It may not be done.
    #[error("{0}")]
    Forbidden(String),
    /// Somebody else was faster.
    #[error("{0}")]
    Conflict(String),
    /// Something outside did not answer as it should; later it may.
    #[error("{0}")]
    Outside(String),
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// What an [`Engine`] shares.
pub struct Inner {
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) database: Database,
    pub(crate) options: Options,
    /// How far the jobs are that run here.
    pub(crate) board: board::Board,
    held: RwLock<Option<Arc<held::Held>>>,
    /// One at a time builds what is held anew.
    building: Mutex<()>,
    /// The policy as it was last read, by the number of what it was made of.
    policy: Mutex<bundle::Cache>,
    /// One at a time tries a policy.
    trying: Mutex<()>,
    /// The portal's own key: what is sealed with it is read by this portal alone.
    key: [u8; 32],
}

impl Inner {
    /// A document by its digest.
    pub(crate) fn blob(&self, digest: &str, most: u64) -> Result<Vec<u8>, EngineError> {
        let digest: Digest = digest
            .parse()
            .map_err(|error| EngineError::Unusable(format!("{digest:?}: {error}")))?;
        Ok(self.blobs.get(digest, most)?)
    }
}

impl std::ops::Deref for Engine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("data", &self.options.data)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over a store and its blobs. `key` seals secrets that have to be read again.
    pub fn new(store: Store, blobs: Blobs, options: Options, key: [u8; 32]) -> Self {
        Self(Arc::new(Inner {
            store,
            blobs,
            database: Database::at(&options.data),
            options,
            board: board::Board::default(),
            held: RwLock::new(None),
            building: Mutex::new(()),
            policy: Mutex::new(bundle::Cache::default()),
            trying: Mutex::new(()),
            key,
        }))
    }

    /// The state.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The documents.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The way out.
    pub fn client(&self) -> &Client {
        &self.options.client
    }

    /// What it was given.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The time, in seconds since 1970.
    pub fn now(&self) -> i64 {
        (self.options.clock)()
    }

    /// The time, RFC 3339.
    pub fn now_text(&self) -> String {
        text_of(self.now())
    }

    /// The portal's key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

/// A time, RFC 3339.
pub fn text_of(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| "1970-01-01T00:00:00Z".into(), |time| time.to_string())
}

fn unpoisoned<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
