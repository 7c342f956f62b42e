//! From settings to a portal that serves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stanchion_advisories::fetch::Settings as Sources;
use stanchion_net::{Client, Method, Request};
use stanchion_store::blobs::folder::Folder;
use stanchion_store::blobs::s3::{S3, S3Settings, Transport};
use stanchion_store::blobs::{BlobError, Blobs};
use stanchion_store::{Store, StoreError};

use crate::engine::runner::Runner;
use crate::engine::{Clock, Engine, EngineError, Options};
use crate::http::{Problem, Site, listen};
use crate::people::People;
use crate::settings::{BlobSettings, Settings, SettingsError, secret};
use crate::{Portal, people, seal};

/// Why a portal cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The state cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Documents cannot be kept.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The advisories cannot be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The portal's key cannot be read or made.
    #[error("cannot read or make the portal's key: {0}")]
    Key(std::io::Error),
    /// The sign-in with somebody else is set up wrongly.
    #[error(transparent)]
    Oidc(#[from] people::oidc::SettingsError),
    /// The set-up code cannot be made.
    #[error("the set-up cannot begin: {0}")]
    Setup(String),
    /// The port cannot be listened on.
    #[error(transparent)]
    Listen(#[from] listen::ListenError),
    /// The description of the API cannot be written.
    #[error("the description of the API cannot be written: {0}")]
    Description(#[from] serde_json::Error),
}

/// What a portal is given besides its settings.
pub struct Given {
    /// Where its files lie.
    pub data: PathBuf,
    /// Where advisories come from.
    pub sources: Sources,
    /// The way out.
    pub client: Arc<Client>,
    /// The time.
    pub clock: Clock,
}

/// Opens everything that a portal stands on.
pub fn engine(settings: &Settings, given: Given) -> Result<Engine, StartError> {
    let address = settings.store.address(&given.data)?;
    let store = Store::at(&address, settings.store.readers.unwrap_or(4))?;
    let blobs = blobs(&settings.blobs, &given.data, &given.client)?;
    let key = seal::key(&given.data).map_err(StartError::Key)?;
    let mail = settings
        .mail
        .as_ref()
        .map(crate::settings::Mail::settings)
        .transpose()?;
    let public_url = settings.http.public_url.as_ref().map(ToString::to_string);
    Ok(Engine::new(
        store,
        blobs,
        Options {
            data: given.data,
            sources: given.sources,
            client: given.client,
            clock: given.clock,
            mail,
            retention: settings.retention,
            public_url,
        },
        key,
    ))
}

fn blobs(settings: &BlobSettings, data: &Path, client: &Arc<Client>) -> Result<Blobs, StartError> {
    let Some(s3) = &settings.s3 else {
        let folder = settings
            .folder
            .clone()
            .unwrap_or_else(|| data.join("blobs"));
        return Ok(Blobs::Folder(Folder::open(&folder)?));
    };
    let key = |file: &Option<PathBuf>, variable: &str| -> Result<String, SettingsError> {
        match file {
            Some(file) => secret(file),
            None => std::env::var(variable).map_err(|_| {
                SettingsError(format!(
                    "blobs.s3 needs {variable}, or a file that holds it"
                ))
            }),
        }
    };
    let settings = S3Settings {
        endpoint: s3.endpoint.clone(),
        bucket: s3.bucket.clone(),
        prefix: s3.prefix.clone(),
        region: s3.region.clone(),
        access_key: key(&s3.access_key_file, "AWS_ACCESS_KEY_ID")?,
        secret_key: key(&s3.secret_key_file, "AWS_SECRET_ACCESS_KEY")?,
        token: std::env::var("AWS_SESSION_TOKEN").ok(),
        retries: 3,
        patience: std::time::Duration::from_secs(20),
    };
    let blobs = Blobs::S3(Box::new(S3::new(&settings, transport(client.clone()))?));
    // A wrong setting shows now, and not with the first document.
    blobs.check()?;
    Ok(blobs)
}

/// Largest object that is brought.
const MOST_OBJECT: u64 = 512 << 20;

/// Requests to an object store go out as all others do.
fn transport(client: Arc<Client>) -> Transport {
    Arc::new(move |request: axum::http::Request<Vec<u8>>| {
        let (parts, body) = request.into_parts();
        let mut headers = Vec::new();
        for (name, value) in &parts.headers {
            let value = value.to_str().map_err(|error| error.to_string())?;
            headers.push((name.to_string(), value.to_owned()));
        }
        let answer = client
            .request(&Request {
                method: Method::named(parts.method.as_str())
                    .ok_or("the method is none that is sent")?,
                url: parts.uri.to_string(),
                headers,
                body,
                limit: MOST_OBJECT,
                redirects: false,
                timeout: Some(std::time::Duration::from_mins(2)),
            })
            .map_err(|error| error.to_string())?;
        let mut response = axum::http::Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        response
            .body(answer.body)
            .map_err(|error| error.to_string())
    })
}

/// A portal over an engine.
pub fn portal(settings: &Settings, engine: Engine) -> Result<Portal, StartError> {
    let site = Site::new(settings.http.clone(), Portal::options(&settings.http));
    let people = People::new(settings.people.clone())?;
    let ready = engine.clone();
    site.health().register(
        "store",
        Arc::new(move || {
            let answer = ready
                .store()
                .read(|tx| tx.first("SELECT 1", &[], |row| row.get::<i64>(0)));
            answer
                .map(drop)
                .map_err(|error: StoreError| error.to_string())
        }),
    );
    let ready = engine.clone();
    site.health().register(
        "advisories",
        Arc::new(move || ready.held().map(drop).map_err(|error| error.to_string())),
    );
    crate::numbers::register(&site, &engine);
    Ok(Portal::new(engine, site, people))
}

/// What a server says when it listens.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Where.
    pub address: std::net::SocketAddr,
    /// The code with which the first administrator is made, while there is none.
    pub setup: Option<String>,
}

/// Serves until the process is told to stop. Blocks.
pub fn serve(
    settings: &Settings,
    given: Given,
    told: impl FnOnce(&Listening) + Send,
) -> Result<(), StartError> {
    let engine = engine(settings, given)?;
    let portal = portal(settings, engine.clone())?;
    let setup = portal
        .people
        .begin_setup(&engine)
        .map_err(|problem: Problem| StartError::Setup(problem.document().detail.clone()))?;
    let routes = crate::portal::routes(&portal, crate::portal::slices())?;
    let runner = (settings.jobs.workers > 0).then(|| Runner::start(&engine, settings.jobs.workers));
    let result = listen::serve_blocking(&portal.site, routes, |address| {
        told(&Listening { address, setup });
    });
    if let Some(runner) = runner {
        runner.stop();
    }
    result.map(drop).map_err(StartError::from)
}
