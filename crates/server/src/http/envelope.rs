//! What happens around every request: its id, its client, its span, its line in the log, its count, the headers of its
//! answer, and the 500 when its handler panics. One layer, because each layer costs every request.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::body::Counted;
use super::client_address::{Client, Peer};
use super::metrics::{Running, name};
use super::patience::Patient;
use super::problem::{self, Problem};
use super::request_id::{self, RequestId};
use super::site::Inner;
use super::{log, security};

/// The client went away before it had an answer. Not sent: only counted and logged, as nginx does.
const GONE: u16 = 499;

/// What the log and the metrics call requests that meet no route.
static NO_ROUTE: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("(none)"));

/// What is known of a request for the log. Written once, at the latest when the request is dropped.
struct Record {
    site: Arc<Inner>,
    started: Instant,
    method: Method,
    route: Arc<str>,
    client: Client,
    id: RequestId,
    /// Requests of monitoring are logged only when they fail.
    quiet: bool,
    answered: Option<(StatusCode, Duration)>,
    bytes: u64,
    _running: Running,
}

impl Record {
    /// The answer has gone out, as far as it went.
    fn sent(mut self, bytes: u64) {
        self.bytes = bytes;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let gone = || {
            let status = StatusCode::from_u16(GONE).unwrap_or(StatusCode::BAD_REQUEST);
            (status, self.started.elapsed())
        };
        let (status, took) = self.answered.unwrap_or_else(gone);
        self.site
            .metrics
            .answered(&self.method, &self.route, status, took);
        if !self.site.settings.log.requests || (self.quiet && !status.is_server_error()) {
            return;
        }
        tracing::info!(
            target: log::REQUESTS,
            request = self.id.as_str(),
            method = name(&self.method),
            route = &*self.route,
            status = status.as_u16(),
            milliseconds = took.as_secs_f64() * 1000.0,
            bytes = self.bytes,
            client = %self.client.address,
            "request"
        );
    }
}

/// The layer.
pub(super) async fn wrap(
    State(site): State<Arc<Inner>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    // Without a listener there is no peer, and so nobody who could be trusted.
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer {
        address: ([0, 0, 0, 0], 0).into(),
        tls: false,
    });
    let client = site.trust.client(peer, request.headers());
    let id = RequestId::of(request.headers(), client.proxied);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| Arc::clone(&NO_ROUTE), |path| site.route(path.as_str()));
    let mut record = Record {
        started,
        method: request.method().clone(),
        quiet: matches!(&*route, "/healthz" | "/readyz" | "/metrics"),
        route,
        client,
        id: id.clone(),
        answered: None,
        bytes: 0,
        _running: site.metrics.enter(),
        site,
    };
    let site = Arc::clone(&record.site);
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(site.places.clone());
    if !request.body().is_end_stream() {
        let patience = &site.settings.patience;
        request =
            request.map(|body| Body::new(Patient::new(body, patience.body, patience.body_rate)));
    }
    let wants_page = site.problem_page.is_some() && wants_page(request.headers());

    let span = tracing::info_span!("request", id = id.as_str());
    let answer = async {
        if let Err(problem) = admit(&site, client, &request) {
            return problem.into_response();
        }
        match contained(next.run(request)).await {
            Ok(response) => response,
            Err(panic) => {
                tracing::error!(panic = message(&*panic), "a handler panicked");
                Problem::internal_silent().into_response()
            }
        }
    };
    let mut response = answer.instrument(span).await;

    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        tell(
            &site,
            &problem.request(id.as_str()),
            wants_page,
            &mut response,
        );
    }
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.value());
    security::harden(headers, status, client.https);

    record.answered = Some((response.status(), started.elapsed()));
    if let Some(bytes) = response.body().size_hint().exact() {
        record.bytes = bytes;
        return response;
    }
    // How much it is shows when it ends.
    response.map(|body| Body::new(Counted::new(body, move |bytes| record.sent(bytes))))
}

/// Whether the request comes in at all.
fn admit(site: &Inner, client: Client, request: &Request) -> Result<(), Problem> {
    if let Some(limiter) = &site.limiter
        && !client.address.is_loopback()
    {
        limiter.check_address(client.address)?;
    }
    if let Some(cookie) = &site.session_cookie
        && !request.method().is_safe()
    {
        let own = site.trust.origin(client, request.headers());
        security::refuse_cross_site(request.method(), request.headers(), cookie, own.as_deref())?;
    }
    Ok(())
}

/// Puts the problem, with the request's id, in place of the body; for a browser as a page if there is one.
fn tell(site: &Inner, problem: &Problem, wants_page: bool, response: &mut Response) {
    let (kind, body) = match &site.problem_page {
        Some(page) if wants_page => (
            HeaderValue::from_static("text/html; charset=utf-8"),
            Body::from(page(problem)),
        ),
        _ => (problem::MEDIA_TYPE, problem.body()),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    *response.body_mut() = body;
}

/// Whether whoever asks is a browser that shows what it gets.
fn wants_page(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.contains("text/html"))
    })
}

/// Runs to the end or to a panic.
async fn contained<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    // The future is not polled again after a panic, and nothing that it borrowed is looked at.
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
