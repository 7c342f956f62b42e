//! Everything that holds for all resources, around the router of the resources.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::body::{DEFAULT_LIMIT, Places};
use super::client_address::{Client, Trust};
use super::envelope;
use super::etag::EntityTag;
use super::health::Health;
use super::limits::Limiter;
use super::metrics::{self, Metrics};
use super::problem::{Document, Problem};
use super::settings::Settings;

/// Makes a page of a problem, for browsers.
pub type ProblemPage = Arc<dyn Fn(&Problem) -> String + Send + Sync>;

/// Marks an answer that must not be compressed, because it has a secret and something that a client can choose: put it
/// into the extensions of the answer. Answers that set a cookie are never compressed.
#[derive(Clone, Copy, Debug)]
pub struct Uncompressed;

/// What the layers share.
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) trust: Trust,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
    pub(super) limiter: Option<Limiter>,
    pub(super) places: Places,
    pub(super) session_cookie: Option<String>,
    pub(super) problem_page: Option<ProblemPage>,
    /// One text for each route, so that a request need not copy it.
    routes: RwLock<HashMap<String, Arc<str>>>,
}

impl Inner {
    /// The shared text of a route's template. There are as many as routes.
    pub(super) fn route(&self, template: &str) -> Arc<str> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(template) {
            return Arc::clone(route);
        }
        drop(routes);
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let route = routes
            .entry(template.to_owned())
            .or_insert_with(|| Arc::from(template));
        Arc::clone(route)
    }
}

/// The foundation of a server: settings, metrics, health, and what goes around every request.
#[derive(Clone)]
pub struct Site(pub(super) Arc<Inner>);

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Site")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// What a site is made with besides its settings.
#[derive(Clone, Default)]
pub struct Options {
    /// The name of the session cookie. Unsafe requests that carry it are refused unless a page of ours made them.
    pub session_cookie: Option<String>,
    /// Shows problems to browsers.
    pub problem_page: Option<ProblemPage>,
    /// Metrics that other parts count in as well.
    pub metrics: Metrics,
    /// Readiness checks that other parts add to as well.
    pub health: Health,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("session_cookie", &self.session_cookie)
            .finish_non_exhaustive()
    }
}

impl Site {
    /// A site with these settings.
    pub fn new(settings: Settings, options: Options) -> Self {
        let trust = Trust {
            proxies: settings.trusted_proxies.clone(),
            forwarded_by: settings.forwarded_by,
            public_url: settings.public_url.clone(),
        };
        Self(Arc::new(Inner {
            trust,
            metrics: options.metrics,
            health: options.health,
            limiter: settings.requests.map(Limiter::new),
            places: Places::new(settings.max_uploads, settings.patience.upload_place),
            session_cookie: options.session_cookie,
            problem_page: options.problem_page,
            routes: RwLock::default(),
            settings,
        }))
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The metrics, for others to register theirs.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The readiness checks, for others to add theirs.
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// The origin under which this request reached the portal, for absolute links and redirects.
    pub fn origin(&self, client: Client, headers: &HeaderMap) -> Option<String> {
        self.0.trust.origin(client, headers)
    }

    /// The whole application: these routes, `/healthz`, `/readyz`, `/metrics`, problems for what is missing, and the
    /// layers around all of it. `routes` must not have a fallback of its own.
    pub fn wrap(&self, routes: Router) -> Router {
        let compression = CompressionLayer::new()
            .no_br()
            .no_deflate()
            .no_zstd()
            .compress_when(SizeAbove::new(1025).and(Text));
        let own = Router::new()
            .route("/healthz", get(async || "alive\n"))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics_text))
            .with_state(self.clone());
        routes
            .merge(own)
            .fallback(async || {
                Problem::not_found("There is nothing at this address.")
                    .hint("Look for a typing mistake in the path. `/api/v1/openapi.json` lists all operations.")
            })
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .layer(DefaultBodyLimit::max(DEFAULT_LIMIT as usize))
            .layer(compression)
            .layer(from_fn_with_state(Arc::clone(&self.0), envelope::wrap))
    }
}

async fn readyz(State(site): State<Site>) -> Result<&'static str, Problem> {
    site.0
        .health
        .ready(site.0.settings.patience.readiness)
        .await?;
    Ok("ready\n")
}

async fn metrics_text(State(site): State<Site>, client: Client) -> Result<Response, Problem> {
    let from = &site.0.settings.metrics_from;
    if !from.iter().any(|network| network.contains(client.address)) {
        return Err(Problem::forbidden("The metrics are not for this address.")
            .hint("Add the network of the Prometheus server to `metrics_from`."));
    }
    let text = site
        .0
        .metrics
        .encode()
        .map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response())
}

/// Only text gets smaller, only a whole answer can be cached by its bytes, and no secret may show in a length.
#[derive(Clone, Copy, Debug)]
struct Text;

impl Predicate for Text {
    fn should_compress<B: axum::body::HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        is_text(
            response.status(),
            response.version(),
            response.headers(),
            response.extensions(),
        )
    }
}

fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let text = kind != "text/event-stream"
        && (kind.starts_with("text/")
            || kind.ends_with("json")
            || kind.ends_with("xml")
            || kind.ends_with("javascript")
            || kind == "application/openmetrics-text");
    text && !headers.contains_key(SET_COOKIE) && extensions.get::<Uncompressed>().is_none()
}

/// A router for the resources' operations, whose OpenAPI document knows what a problem is.
pub fn api<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    #[derive(OpenApi)]
    #[openapi(
        info(
            title = "Stanchion",
            description = "Software supply chain security. Errors are `application/problem+json` (RFC 9457).",
            license(name = "MIT OR Apache-2.0")
        ),
        components(schemas(Document))
    )]
    struct Base;
    OpenApiRouter::with_openapi(Base::openapi())
}

/// The routes of these operations, and their OpenAPI document at `/api/v1/openapi.json`.
pub fn described(api: OpenApiRouter) -> Result<Router, serde_json::Error> {
    let (routes, document) = api.split_for_parts();
    documented(routes, &document)
}

/// These routes, and this OpenAPI document of them at `/api/v1/openapi.json`.
pub fn documented(
    routes: Router,
    document: &impl serde::Serialize,
) -> Result<Router, serde_json::Error> {
    let document = Bytes::from(serde_json::to_vec(document)?);
    let tag = EntityTag::of_bytes(&document);
    let serve = async move |headers: HeaderMap| {
        tag.not_modified(&headers).unwrap_or_else(|| {
            let kind = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
            (tag.clone(), [kind], document.clone()).into_response()
        })
    };
    Ok(routes.route("/api/v1/openapi.json", get(serve)))
}
