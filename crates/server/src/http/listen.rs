//! Connections: accepted up to a number, plain or TLS, with time limits, and ended in an orderly way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::client_address::Peer;
use super::settings::Patience;
use super::site::Site;
use super::stream::Careful;
use super::tls::{Certificate, TlsError};

/// The most bytes of a request's head.
const HEAD_BYTES: usize = 64 << 10;

/// The most that is buffered of a connection.
const BUFFER_BYTES: usize = 128 << 10;

/// Why the server cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address of the settings.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The signals that stop the server cannot be listened to.
    #[error("cannot listen for the signals that stop the server")]
    Signals(#[source] io::Error),
}

impl ListenError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Bind { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "Another program listens there. Stop it, or set `listen` to another port."
                }
                io::ErrorKind::PermissionDenied => {
                    "Ports below 1024 need a privilege. Set `listen` to a higher port, or put a proxy in front."
                }
                _ => {
                    "Set `listen` to an address of this machine and a free port, such as 127.0.0.1:8080."
                }
            },
            Self::Tls(error) => error.hint(),
            Self::Signals(_) => {
                "The system lacks something that it should have; start the server again."
            }
        }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut because their requests took too long to finish.
    pub cut: usize,
}

/// A server that runs. It stops when it is told to, or when this is dropped.
#[derive(Debug)]
pub struct ServerHandle {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<Stopped>,
}

impl ServerHandle {
    /// Where it listens, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets running requests finish for as long as the settings say, and cuts the rest.
    pub async fn stop(self) -> Stopped {
        let _ = self.stop.send(true);
        self.task.await.unwrap_or_else(|error| {
            tracing::error!(cause = %error, "the server ended by itself");
            Stopped { cut: 0 }
        })
    }
}

/// Starts a server on the runtime that runs this. The router is wrapped by the site here.
pub async fn start(site: &Site, routes: Router) -> Result<ServerHandle, ListenError> {
    start_app(site, site.wrap(routes)).await
}

/// Starts a server of an application that is whole already: one of another site, which this one only listens for.
pub async fn start_app(site: &Site, app: Router) -> Result<ServerHandle, ListenError> {
    let settings = site.settings();
    let certificate = match &settings.tls {
        Some(tls) => Some(Arc::new(Certificate::read(tls)?)),
        None => None,
    };
    let bind = |source| ListenError::Bind {
        address: settings.listen,
        source,
    };
    let listener = TcpListener::bind(settings.listen).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let (stop, stopped) = watch::channel(false);
    if let Some(certificate) = &certificate {
        let every = settings.patience.certificate;
        tokio::spawn(keep_fresh(Arc::clone(certificate), every, stopped.clone()));
    }
    let server = Server {
        service: TowerToHyperService::new(app),
        site: site.clone(),
        certificate,
        stopped,
    };
    let task = tokio::spawn(server.run(listener));
    Ok(ServerHandle {
        address,
        stop,
        task,
    })
}

/// Serves until SIGTERM or SIGINT comes, then stops in an orderly way. A second signal cuts what still runs. `told` is
/// given the address once connections are taken.
pub async fn serve(
    site: &Site,
    routes: Router,
    told: impl FnOnce(SocketAddr),
) -> Result<Stopped, ListenError> {
    serve_app(site, site.wrap(routes), told).await
}

/// [`serve`] of an application that is whole already.
async fn serve_app(
    site: &Site,
    app: Router,
    told: impl FnOnce(SocketAddr),
) -> Result<Stopped, ListenError> {
    let mut signals = Signals::new().map_err(ListenError::Signals)?;
    let handle = start_app(site, app).await?;
    tracing::info!(address = %handle.address(), tls = site.settings().tls.is_some(), "listening");
    told(handle.address());
    signals.next().await;
    tracing::info!("stopping");
    let stopped = tokio::select! {
        stopped = handle.stop() => stopped,
        () = signals.next() => Stopped { cut: 0 },
    };
    tracing::info!(cut = stopped.cut, "stopped");
    Ok(stopped)
}

/// [`serve`] for a caller that is not asynchronous: with a runtime of its own.
pub fn serve_blocking(
    site: &Site,
    routes: Router,
    told: impl FnOnce(SocketAddr),
) -> Result<Stopped, ListenError> {
    serve_app_blocking(site, site.wrap(routes), told)
}

/// [`serve_blocking`] of an application that is whole already.
pub fn serve_app_blocking(
    site: &Site,
    app: Router,
    told: impl FnOnce(SocketAddr),
) -> Result<Stopped, ListenError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ListenError::Signals)?;
    let stopped = runtime.block_on(serve_app(site, app, told));
    // Threads that block are not waited for: they may never end.
    runtime.shutdown_background();
    stopped
}

/// The signals that end a server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Looks at the certificate's files now and then, and when SIGHUP comes.
async fn keep_fresh(
    certificate: Arc<Certificate>,
    every: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    #[cfg(unix)]
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        #[cfg(unix)]
        let told = async {
            let told = match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => None,
            };
            if told.is_none() {
                std::future::pending::<()>().await;
            }
        };
        #[cfg(not(unix))]
        let told = std::future::pending::<()>();
        tokio::select! {
            _ = stopped.changed() => return,
            () = sleep(every) => {}
            () = told => {}
        }
        let certificate = Arc::clone(&certificate);
        match tokio::task::spawn_blocking(move || certificate.refresh()).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => tracing::info!("the certificate was renewed"),
            Ok(Err(error)) => tracing::warn!(
                cause = %error,
                hint = error.hint(),
                "the new certificate cannot be used; the old one stays"
            ),
            Err(error) => tracing::error!(cause = %error, "the certificate could not be looked at"),
        }
    }
}

struct Server {
    service: TowerToHyperService<Router>,
    site: Site,
    certificate: Option<Arc<Certificate>>,
    stopped: watch::Receiver<bool>,
}

impl Server {
    async fn run(mut self, listener: TcpListener) -> Stopped {
        let patience = self.site.settings().patience.clone();
        let most = self.site.settings().max_connections;
        let places = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                // An error is the handle being dropped: that ends the server as well.
                _ = self.stopped.changed() => break,
                accepted = accept(&listener, &places) => accepted,
            };
            // Forgets those that have ended.
            while connections.try_join_next().is_some() {}
            let (stream, address, place) = accepted;
            let (counted, watcher) = (self.site.metrics().connect(), graceful.watcher());
            let (service, stopped) = (self.service.clone(), self.stopped.clone());
            let acceptor = self
                .certificate
                .as_ref()
                .map(|certificate| certificate.acceptor());
            let patience = patience.clone();
            connections.spawn(async move {
                let peer = Peer {
                    address,
                    tls: acceptor.is_some(),
                };
                let stopping = Stopping(stopped.clone());
                let service = ToPeer {
                    service,
                    peer,
                    stopping,
                };
                match acceptor {
                    None => answer(stream, service, &patience, watcher).await,
                    Some(acceptor) => {
                        let shaken = tokio::select! {
                            shaken = timeout(patience.head, acceptor.accept(stream)) => shaken,
                            () = until(stopped) => return,
                        };
                        match shaken {
                            Ok(Ok(stream)) => answer(stream, service, &patience, watcher).await,
                            Ok(Err(error)) => {
                                tracing::debug!(client = %address.ip(), cause = %error, "no TLS");
                            }
                            Err(_) => tracing::debug!(client = %address.ip(), "TLS too slow"),
                        }
                    }
                }
                drop((counted, place));
            });
        }
        drop(listener);
        let finished = timeout(patience.stop, graceful.shutdown()).await;
        while connections.try_join_next().is_some() {}
        let cut = if finished.is_ok() {
            0
        } else {
            connections.len()
        };
        connections.shutdown().await;
        Stopped { cut }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.changed().await;
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (
    TcpStream,
    SocketAddr,
    Option<tokio::sync::OwnedSemaphorePermit>,
) {
    // It is never closed, so there is a place in the end.
    let place = Arc::clone(places).acquire_owned().await.ok();
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are written whole; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                return (stream, address, place);
            }
            // The client has gone again.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            // Most likely there are no file descriptors left. Others give theirs back in time.
            Err(error) => {
                tracing::warn!(cause = %error, "cannot accept a connection");
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// Answers the requests of one connection.
async fn answer<I>(stream: I, service: ToPeer, patience: &Patience, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Careful::new(stream, patience.answer, patience.farewell);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER_BYTES)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(cause = %error, "a connection ended early");
    }
}

/// Tells every request of a connection who is at its other end.
#[derive(Clone)]
struct ToPeer {
    service: TowerToHyperService<Router>,
    peer: Peer,
    stopping: Stopping,
}

/// Lets an answer without an end see that the server stops, so that it does not hold the end up. In the extensions of
/// every request.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Comes back when the server stops.
    pub(crate) async fn wait(self) {
        until(self.0).await;
    }
}

impl hyper::service::Service<Request<Incoming>> for ToPeer {
    type Response =
        <TowerToHyperService<Router> as hyper::service::Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as hyper::service::Service<Request<Incoming>>>::Error;
    type Future =
        <TowerToHyperService<Router> as hyper::service::Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        request.extensions_mut().insert(self.stopping.clone());
        self.service.call(request)
    }
}
