//! A portal to look at: a company with a year and a half of history, made anew each day in a folder of its own, and
//! taken away at the end. Nothing goes out of it, and nobody changes anything in it.
//!
//! The data go through the same engine and the same operations as anybody's, under a clock that is moved from day to day
//! (`fill.rs`); what stands in the files beside is who decided what when.

mod advisories;
mod company;
mod desk;
mod fill;
mod people;
mod steps;
mod story;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use stanchion_store::StoreError;
use stanchion_store::blobs::BlobError;
use tempfile::TempDir;

use crate::engine::{Clock, EngineError};
use crate::http::{Problem, Settings, Site, listen};
use crate::portal::{self, Portal};
use crate::start::StartError;

pub use advisories::{COMPONENT, ZERO_DAY};
pub use people::{Guise, guises};
pub(crate) use people::{Look, look, read_only};

const DAY: i64 = 86_400;
/// How often it is looked whether a new day has begun.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How long it is waited after a portal could not be made.
const AGAIN: Duration = Duration::from_mins(10);

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder cannot be made.
    #[error("cannot make a folder for the demonstration: {0}")]
    Folder(std::io::Error),
    /// What is compiled in does not fit together.
    #[error("the data of the demonstration: {0}")]
    Data(String),
    /// The state cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The engine refuses something.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The advisories cannot be built.
    #[error("the advisories of the demonstration: {0}")]
    Advisories(#[from] stanchion_advisories::Error),
    /// An operation refuses something.
    #[error("{what} was answered with {status}: {said}")]
    Refused {
        /// The operation.
        what: String,
        /// The status of the answer.
        status: u16,
        /// What it says.
        said: String,
    },
    /// The portal cannot be set up.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The port cannot be listened on.
    #[error(transparent)]
    Listen(#[from] listen::ListenError),
}

impl DemoError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Listen(error) => error.hint(),
            Self::Folder(_) | Self::Store(_) | Self::Blob(_) => {
                "name a folder with 100 MB of room in TMPDIR"
            }
            _ => "tell the makers of this program: it brings these data along itself",
        }
    }
}

impl From<Problem> for DemoError {
    fn from(problem: Problem) -> Self {
        Self::Refused {
            what: "the portal".into(),
            status: problem.status().as_u16(),
            said: problem.document().detail.clone(),
        }
    }
}

/// A portal with the data of one day. Its folder goes when this is dropped.
#[derive(Debug)]
pub struct Demo {
    portal: Portal,
    day: i64,
    _folder: TempDir,
}

impl Demo {
    /// Makes one, with the data of the day that `clock` shows. Takes a second or less.
    pub fn make(settings: &Settings, clock: &Clock) -> Result<Self, DemoError> {
        let folder = tempfile::Builder::new()
            .prefix("stanchion-demo-")
            .tempdir()
            .map_err(DemoError::Folder)?;
        let day = clock().div_euclid(DAY);
        let portal = fill::fill(folder.path(), settings, clock, day * DAY)?;
        Ok(Self {
            portal,
            day,
            _folder: folder,
        })
    }

    /// The portal.
    pub fn portal(&self) -> &Portal {
        &self.portal
    }

    /// All of its routes; the site wraps them.
    pub fn routes(&self) -> Result<Router, DemoError> {
        portal::routes(&self.portal, portal::slices())
            .map_err(|error| StartError::from(error).into())
    }

    /// Whether its data are of another day than the one that the clock shows.
    pub fn is_stale(&self, clock: &Clock) -> bool {
        clock().div_euclid(DAY) != self.day
    }
}

/// One portal and its service. Requests that are under way keep it until they end.
struct Generation {
    demo: Demo,
    service: TowerToHyperService<Router>,
}

/// Whichever portal is the one of today.
#[derive(Clone)]
pub struct Stage {
    settings: Settings,
    clock: Clock,
    now: Arc<RwLock<Arc<Generation>>>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Stage")
            .field("demo", &self.current().demo)
            .finish_non_exhaustive()
    }
}

fn generation(settings: &Settings, clock: &Clock) -> Result<Arc<Generation>, DemoError> {
    let demo = Demo::make(settings, clock)?;
    let app = demo.portal().site.wrap(demo.routes()?);
    Ok(Arc::new(Generation {
        demo,
        service: TowerToHyperService::new(app),
    }))
}

impl Stage {
    /// Makes the first portal.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, DemoError> {
        let first = generation(&settings, &clock)?;
        Ok(Self {
            settings,
            clock,
            now: Arc::new(RwLock::new(first)),
        })
    }

    /// The portal of today.
    pub fn portal(&self) -> Portal {
        self.current().demo.portal().clone()
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a new portal in the place of one that is of another day, and says whether it did. Blocks.
    pub fn renew(&self) -> Result<bool, DemoError> {
        if !self.current().demo.is_stale(&self.clock) {
            return Ok(false);
        }
        let new = generation(&self.settings, &self.clock)?;
        let old = std::mem::replace(
            &mut *self.now.write().unwrap_or_else(PoisonError::into_inner),
            new,
        );
        drop(old);
        Ok(true)
    }

    /// The application: whatever comes goes to the portal of today.
    pub fn app(&self) -> Router {
        let stage = self.clone();
        Router::new().fallback(async move |request: Request<Body>| -> Response {
            let current = stage.current();
            let answered = current.service.call(request).await;
            let Ok(response) = answered;
            response
        })
    }
}

/// Serves until the process is told to stop. Blocks.
pub fn serve(
    settings: &Settings,
    clock: Clock,
    told: impl FnOnce(std::net::SocketAddr),
) -> Result<(), DemoError> {
    let stage = Stage::new(settings.clone(), clock)?;
    let site = Site::new(settings.clone(), Portal::options(settings));
    let watched = stage.clone();
    let (ends, ended) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut wait = LOOK_EVERY;
        // Whoever serves holds the other end: it is gone when nobody serves any more.
        while ended.recv_timeout(wait) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            wait = match watched.renew() {
                Ok(true) => {
                    tracing::info!("the demonstration was made anew");
                    LOOK_EVERY
                }
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(cause = %error, "the demonstration cannot be made anew");
                    AGAIN
                }
            };
        }
    });
    let result = listen::serve_app_blocking(&site, stage.app(), told);
    drop(ends);
    let _ = watch.join();
    result.map(drop).map_err(DemoError::from)
}
