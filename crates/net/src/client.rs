//! One request: looked up, judged, sent, followed through redirects, tried again.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use ureq::http::{Response, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Proxy, RequestExt, http};

use crate::guard::{Allowed, check_address, check_url};
use crate::url::Url;
use crate::{NetError, NetErrorKind, Options};

/// Redirects followed in one request.
const REDIRECTS: usize = 5;
/// How long judged addresses of a name are used again: hundreds of small files come from one host.
const PINNED: Duration = Duration::from_mins(1);
/// Longest wait that a server may ask for; a longer one means: not in this run.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Looks a name up.
type Lookup = dyn Fn(&str, u16) -> std::io::Result<Vec<SocketAddr>> + Send + Sync;

/// Why one try failed, and whether another has a point.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: NetErrorKind,
    pub(crate) again: bool,
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
    /// Bytes that this try has brought and that the next one need not ask for.
    pub(crate) gained: u64,
}

impl Failure {
    pub(crate) fn last(kind: NetErrorKind) -> Self {
        Self {
            kind,
            again: false,
            wait: None,
            gained: 0,
        }
    }

    pub(crate) fn again(kind: NetErrorKind) -> Self {
        Self {
            again: true,
            ..Self::last(kind)
        }
    }

    pub(crate) fn broken(reason: impl Into<String>) -> Self {
        Self::again(NetErrorKind::Broken(reason.into()))
    }
}

/// What goes out with one try.
pub(crate) struct Sending<'a> {
    pub(crate) method: http::Method,
    pub(crate) headers: &'a [(header::HeaderName, header::HeaderValue)],
    pub(crate) body: &'a [u8],
    /// Time for the whole try, on top of the client's own times.
    pub(crate) timeout: Option<Duration>,
    pub(crate) redirects: bool,
}

impl<'a> Sending<'a> {
    /// A plain fetch.
    pub(crate) fn get(headers: &'a [(header::HeaderName, header::HeaderValue)]) -> Self {
        Self {
            method: http::Method::GET,
            headers,
            body: &[],
            timeout: None,
            redirects: true,
        }
    }
}

/// The addresses that were judged, by name and port. The only thing that a connection can be made to.
#[derive(Debug, Default)]
struct Pins(Mutex<HashMap<(String, u16), Pin>>);

/// Judged addresses, and when they were looked up.
type Pin = (Vec<SocketAddr>, Instant);

impl Pins {
    fn get(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.get(&(host.to_owned(), port))
            .filter(|(_, since)| since.elapsed() < PINNED)
            .map(|(addresses, _)| addresses.clone())
    }

    fn put(&self, host: &str, port: u16, addresses: Vec<SocketAddr>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((host.to_owned(), port), (addresses, Instant::now()));
    }

    fn forget(&self, host: &str, port: u16) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&(host.to_owned(), port));
    }
}

/// Gives what was pinned, and looks nothing up.
#[derive(Debug)]
struct Pinned(Arc<Pins>);

impl Resolver for Pinned {
    fn resolve(
        &self,
        uri: &http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri
            .port_u16()
            .unwrap_or_else(|| default_port(uri.scheme_str().unwrap_or_default()));
        let mut found = self.empty();
        for address in self
            .0
            .get(host, port)
            .unwrap_or_default()
            .into_iter()
            .take(16)
        {
            found.push(address);
        }
        if found.is_empty() {
            Err(ureq::Error::HostNotFound)
        } else {
            Ok(found)
        }
    }
}

fn default_port(scheme: &str) -> u16 {
    match scheme {
        "https" => 443,
        "http" => 80,
        _ => 1080,
    }
}

/// A client. Share one: it keeps connections open. All calls block.
pub struct Client {
    pub(crate) options: Options,
    allowed: Allowed,
    pins: Arc<Pins>,
    lookup: Arc<Lookup>,
    roots: Result<RootCerts, String>,
    agent: Agent,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client; nothing is looked up or connected yet.
    pub fn new(options: Options) -> Self {
        Self::with_lookup(
            options,
            Arc::new(|host: &str, port: u16| (host, port).to_socket_addrs().map(Iterator::collect)),
        )
    }

    pub(crate) fn with_lookup(options: Options, lookup: Arc<Lookup>) -> Self {
        let pins = Arc::new(Pins::default());
        let roots = roots(&options);
        let agent = Agent::with_parts(
            config(&options, &roots),
            DefaultConnector::default(),
            Pinned(Arc::clone(&pins)),
        );
        Self {
            allowed: Allowed::new(&options.allow_private),
            pins,
            lookup,
            roots,
            agent,
            options,
        }
    }

    /// Whether the offline switch is on.
    pub fn is_offline(&self) -> bool {
        self.options.offline
    }

    /// Whether an address goes through a proxy.
    pub(crate) fn is_proxied(&self, url: &Url) -> bool {
        self.options.proxies.of(url).is_some()
    }

    /// An agent whose connections are for one request.
    pub(crate) fn agent_over(
        &self,
        connector: impl ureq::unversioned::transport::Connector,
    ) -> Agent {
        Agent::with_parts(
            config(&self.options, &self.roots),
            connector,
            Pinned(Arc::clone(&self.pins)),
        )
    }

    /// The file of certificates that is trusted in place of Mozilla's, for those who speak TLS themselves.
    pub fn roots_file(&self) -> Option<&Path> {
        self.options.roots.as_deref()
    }

    /// The addresses of a host that a connection of another protocol than HTTP may be made to: looked up afresh and
    /// judged as for a request. The connection must go to one of them, not to the name. `tls` is whether it will be
    /// protected; without that, only hosts that are allowed to be private are reached.
    pub fn addresses(&self, host: &str, port: u16, tls: bool) -> Result<Vec<SocketAddr>, NetError> {
        let shown = || format!("{}:{port}", crate::url::redact(host));
        let failed = |kind| NetError { url: shown(), kind };
        if self.options.offline {
            return Err(failed(NetErrorKind::Offline));
        }
        let url = Url::of_host(host, port).map_err(failed)?;
        if !tls && !self.allowed.has(&url) {
            return Err(failed(NetErrorKind::Blocked {
                address: shown(),
                reason: "without TLS, anyone on the way could read and change what is said".into(),
            }));
        }
        check_url(&url, None, &self.allowed).map_err(failed)?;
        let known = self.allowed.has(&url);
        self.pins.forget(&url.host, url.port);
        self.pin(&url.host, url.port, Instant::now(), |address| {
            check_address(address.ip(), &url, known)
        })
        .map_err(|failure| failed(failure.kind))?;
        Ok(self.pins.get(&url.host, url.port).unwrap_or_default())
    }

    /// Fetches a small thing into memory; at most `limit` bytes.
    pub fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, NetError> {
        self.trying(url, |url| {
            let answer = self.send(&self.agent, url, &Sending::get(&[]))?;
            check_status(&answer)?;
            self.body(answer, limit)
        })
    }

    /// The whole body of an answer; at most `limit` bytes.
    pub(crate) fn body(&self, answer: Response<Body>, limit: u64) -> Result<Vec<u8>, Failure> {
        let too_large = || Failure::last(NetErrorKind::TooLarge { limit });
        if answer
            .body()
            .content_length()
            .is_some_and(|length| length > limit)
        {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let read = answer
            .into_body()
            .into_reader()
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes);
        if let Err(error) = read {
            return Err(self.body_failure(error, !bytes.is_empty()));
        }
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        Ok(bytes)
    }

    /// The agent whose connections are kept open.
    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Runs tries until one succeeds, the failure is final, or there were enough of them.
    pub(crate) fn trying<T>(
        &self,
        url: &str,
        mut one: impl FnMut(&Url) -> Result<T, Failure>,
    ) -> Result<T, NetError> {
        let failed = |kind| NetError {
            url: crate::url::redact(url),
            kind,
        };
        if self.options.offline {
            return Err(failed(NetErrorKind::Offline));
        }
        let url = Url::parse(url).map_err(failed)?;
        let (mut left, mut wait) = (self.options.retries, self.options.backoff);
        // A line that drops now and then must not end a long download; a server that gives a byte at a time must.
        let mut most = 50;
        loop {
            let failure = match one(&url) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if failure.gained >= 1 << 20 {
                (left, wait) = (self.options.retries, self.options.backoff);
            }
            if !failure.again
                || left == 0
                || most == 0
                || failure.wait.is_some_and(|wait| wait > LONGEST_WAIT)
            {
                return Err(failed(failure.kind));
            }
            (left, most) = (left - 1, most - 1);
            std::thread::sleep(failure.wait.unwrap_or_else(|| jittered(wait)));
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    /// Sends once and follows redirects, if it may, each judged as if it had been asked for.
    pub(crate) fn send(
        &self,
        agent: &Agent,
        url: &Url,
        sending: &Sending<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut url = url.clone();
        let mut from: Option<Url> = None;
        for _ in 0..=REDIRECTS {
            check_url(&url, from.as_ref(), &self.allowed).map_err(Failure::last)?;
            let answer = self.ask(agent, &url, sending)?;
            let location = match answer.status().as_u16() {
                301 | 302 | 303 | 307 | 308 if sending.redirects => answer
                    .headers()
                    .get(header::LOCATION)
                    .and_then(|location| location.to_str().ok()),
                _ => None,
            };
            let Some(location) = location else {
                return Ok(answer);
            };
            let next = url.join(location).map_err(Failure::last)?;
            from = Some(std::mem::replace(&mut url, next));
        }
        Err(Failure::last(NetErrorKind::Broken(format!(
            "more than {REDIRECTS} redirects"
        ))))
    }

    fn ask(
        &self,
        agent: &Agent,
        url: &Url,
        sending: &Sending<'_>,
    ) -> Result<Response<Body>, Failure> {
        let start = Instant::now();
        if let Some(reason) = self.roots.as_ref().err().filter(|_| url.tls) {
            return Err(Failure::last(NetErrorKind::Connect(format!(
                "the certificates to trust cannot be read: {reason}"
            ))));
        }
        let proxy = match self.options.proxies.of(url) {
            Some(text) => {
                // The error is built without the text, which may hold a password.
                let proxy = Proxy::new(text).map_err(|_| {
                    Failure::last(NetErrorKind::Connect(format!(
                        "{} is no proxy's address",
                        crate::url::redact(text)
                    )))
                })?;
                // The operator's own setting, and most are in the private network: only looked up, not judged.
                self.pin(
                    &proxy
                        .host()
                        .trim_start_matches('[')
                        .trim_end_matches(']')
                        .to_ascii_lowercase(),
                    proxy.port(),
                    start,
                    |_| Ok(()),
                )?;
                Some(proxy)
            }
            None => None,
        };
        if proxy.as_ref().is_none_or(Proxy::resolve_target) {
            let known = self.allowed.has(url);
            self.pin(&url.host, url.port, start, |address| {
                check_address(address.ip(), url, known)
            })?;
        }
        let left = self.options.connect.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(self.no_connection());
        }
        let mut builder = http::Request::builder()
            .method(sending.method.clone())
            .uri(url.uri.clone());
        for (name, value) in sending.headers {
            builder = builder.header(name.clone(), value.clone());
        }
        let unsendable =
            |_| Failure::last(NetErrorKind::Unsendable("it is no request of HTTP".into()));
        let hands_over = matches!(
            sending.method,
            http::Method::POST | http::Method::PUT | http::Method::PATCH
        );
        let answer = if hands_over {
            let request = builder.body(sending.body).map_err(unsendable)?;
            run(agent, request, proxy, left, sending.timeout)
        } else {
            let request = builder.body(()).map_err(unsendable)?;
            run(agent, request, proxy, left, sending.timeout)
        };
        answer.map_err(|error| {
            let failure = self.failure(&error);
            if matches!(
                failure.kind,
                NetErrorKind::Connect(_) | NetErrorKind::Timeout { .. }
            ) {
                self.pins.forget(&url.host, url.port);
            }
            failure
        })
    }

    /// Looks a name up within the time for connecting, and keeps those of its addresses that pass.
    fn pin(
        &self,
        host: &str,
        port: u16,
        start: Instant,
        judge: impl Fn(SocketAddr) -> Result<(), NetErrorKind>,
    ) -> Result<(), Failure> {
        if let Some(addresses) = self.pins.get(host, port) {
            // Judged before, but perhaps under another rule: a proxy's address is nobody's target.
            return addresses
                .into_iter()
                .try_for_each(judge)
                .map_err(Failure::last);
        }
        let (send, receive) = mpsc::sync_channel(1);
        let (lookup, name) = (Arc::clone(&self.lookup), host.to_owned());
        // The system's look-up cannot be interrupted; one that hangs is left behind with its thread.
        std::thread::spawn(move || send.send(lookup(&name, port)).ok());
        let found = match receive.recv_timeout(self.options.connect.saturating_sub(start.elapsed()))
        {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                return Err(Failure::again(NetErrorKind::Connect(format!(
                    "{host} cannot be looked up: {error}"
                ))));
            }
            Err(_) => return Err(self.no_connection()),
        };
        let mut refused = None;
        let mut good = Vec::new();
        for address in found {
            match judge(address) {
                Ok(()) => good.push(address),
                Err(kind) => refused = refused.or(Some(kind)),
            }
        }
        match (good.is_empty(), refused) {
            (true, Some(kind)) => Err(Failure::last(kind)),
            (true, None) => Err(Failure::again(NetErrorKind::Connect(format!(
                "{host} has no address"
            )))),
            (false, _) => {
                self.pins.put(host, port, good);
                Ok(())
            }
        }
    }

    /// Not tried again: the time for connecting is a promise to whoever waits, and it is over.
    fn no_connection(&self) -> Failure {
        Failure::last(NetErrorKind::Timeout {
            what: "connection",
            after: self.options.connect,
        })
    }

    pub(crate) fn no_byte(&self) -> Failure {
        Failure::last(NetErrorKind::Timeout {
            what: "byte",
            after: self.options.idle,
        })
    }

    /// What a failure while the body came means. `some` bytes of it had come: then the server is there, and
    /// another try may bring the rest.
    pub(crate) fn body_failure(&self, error: std::io::Error, some: bool) -> Failure {
        match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => Failure {
                again: some,
                ..self.no_byte()
            },
            other => Failure::broken(format!("cut off: {}", other.into_io())),
        }
    }

    fn failure(&self, error: &ureq::Error) -> Failure {
        use std::io::ErrorKind;
        use ureq::{Error, Timeout};
        match error {
            Error::Timeout(
                Timeout::Resolve | Timeout::Connect | Timeout::Global | Timeout::PerCall,
            ) => self.no_connection(),
            Error::Timeout(_) => self.no_byte(),
            Error::HostNotFound => {
                Failure::again(NetErrorKind::Connect("the host is unknown".into()))
            }
            Error::Io(error) => match error.kind() {
                ErrorKind::TimedOut => self.no_connection(),
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => {
                    Failure::broken(format!("the connection ended before an answer: {error}"))
                }
                ErrorKind::InvalidData => {
                    Failure::last(NetErrorKind::Connect(format!("TLS failed: {error}")))
                }
                _ => Failure::again(NetErrorKind::Connect(error.to_string())),
            },
            Error::Rustls(error) => {
                Failure::last(NetErrorKind::Connect(format!("TLS failed: {error}")))
            }
            Error::Tls(reason) => {
                Failure::last(NetErrorKind::Connect(format!("TLS failed: {reason}")))
            }
            Error::ConnectProxyFailed(reason) => Failure::again(NetErrorKind::Connect(format!(
                "the proxy refuses: {reason}"
            ))),
            Error::Protocol(error) => Failure::broken(error.to_string()),
            Error::LargeResponseHeader(..) => {
                Failure::last(NetErrorKind::Broken("its head is too long".into()))
            }
            // Others may quote the address with its password: only their name is told.
            Error::ConnectionFailed => {
                Failure::again(NetErrorKind::Connect("no connection".into()))
            }
            _ => Failure::last(NetErrorKind::Connect("the request cannot be sent".into())),
        }
    }
}

/// One exchange, within the time left for connecting and for all of it.
fn run<B: ureq::AsSendBody>(
    agent: &Agent,
    request: http::Request<B>,
    proxy: Option<Proxy>,
    connect: Duration,
    timeout: Option<Duration>,
) -> Result<Response<Body>, ureq::Error> {
    request
        .with_agent(agent)
        .configure()
        .proxy(proxy)
        .timeout_connect(Some(connect))
        .timeout_global(timeout)
        .run()
}

/// Refuses what is no success, and says whether and when another try has a point.
pub(crate) fn check_status(answer: &Response<Body>) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let again = status.as_u16() == 429 || status.is_server_error();
    let wait = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| crate::date::retry_after(value, std::time::SystemTime::now()));
    Err(Failure {
        again,
        wait,
        ..Failure::last(NetErrorKind::Status(status.as_u16()))
    })
}

/// The first bytes of an answer that is no success, as far as they come.
pub(crate) fn start_of_body(answer: Response<Body>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Cut off or not: the status is what counts, and this only says more about it.
    let _ = answer
        .into_body()
        .into_reader()
        .take(limit)
        .read_to_end(&mut bytes);
    bytes
}

/// Between half of a wait and all of it, so that many clients do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let draw = RandomState::new().hash_one(Instant::now().elapsed()) as u32;
    wait / 2 + (wait / 2).mul_f64(f64::from(draw) / f64::from(u32::MAX))
}

fn roots(options: &Options) -> Result<RootCerts, String> {
    let Some(path) = &options.roots else {
        return Ok(RootCerts::WebPki);
    };
    let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(format!("{}: no certificate is in it", path.display()));
    }
    Ok(RootCerts::from(certificates))
}

fn config(options: &Options, roots: &Result<RootCerts, String>) -> ureq::config::Config {
    // Roots that cannot be read leave none to trust: better no connection than one that the operator did not want.
    let roots = roots
        .as_ref()
        .map_or_else(|_| RootCerts::from(Vec::new()), Clone::clone);
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(options.user_agent.as_str())
        .accept_encoding("identity")
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_connect(Some(options.connect))
        .timeout_recv_response(Some(options.idle))
        .timeout_per_read(Some(options.idle))
        .timeout_per_write(Some(options.idle))
        .max_idle_connections_per_host(8)
        .build()
}
