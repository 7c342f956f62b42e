//! A server for tests, on a port of its own, that misbehaves as it is told.
//!
//! Not for use outside tests: it panics when the machine gives it no port.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::format_push_string,
    clippy::struct_excessive_bools,
    reason = "a fixture of tests: what fails here is the test"
)]

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// For a count: every time.
pub const ALWAYS: u32 = u32::MAX;

/// Names and values, as they are sent.
pub type Headers = Vec<(String, String)>;

/// How a path is answered. The default is a server in good order: length, `ETag`, `Last-Modified`, `Range`.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Bytes a second; 0 is as fast as it goes.
    pub rate: u64,
    /// Ends the connection after so many bytes of the body, so many times.
    pub cut: Option<(u64, u32)>,
    /// Says nothing more after so many bytes of the body, so many times, and keeps the connection open.
    pub stall: Option<(u64, u32)>,
    /// Adds this to the `Content-Length`, so many times.
    pub lie: Option<(i64, u32)>,
    /// Answers with this status and headers and [`Behaviour::words`], so many times.
    pub status: Option<(u16, Headers, u32)>,
    /// The body of an answer that `status` tells.
    pub words: Vec<u8>,
    /// Reads the request and never answers.
    pub mute: bool,
    /// Ignores `Range`.
    pub no_range: bool,
    /// Names no version: neither `ETag` nor `Last-Modified`.
    pub no_validator: bool,
    /// Gives no length: the body ends with the connection.
    pub no_length: bool,
    /// Sends the body in chunks.
    pub chunked: bool,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// What was handed over, by its `Content-Length`.
    pub body: Vec<u8>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, Vec<u8>>,
    folders: Vec<PathBuf>,
    behaviours: HashMap<String, Behaviour>,
    requests: Vec<Request>,
    served: HashMap<String, u64>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    stop: AtomicBool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts one on a free port of the loopback.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if own.stop.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&own);
                std::thread::spawn(move || stream.map(|stream| serve(&stream, &shared)));
            }
        });
        Self { address, shared }
    }

    /// `127.0.0.1:port`, as for [`crate::Options::allow_private`].
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The address of a path, which starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves bytes under a path.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.shared
            .state()
            .files
            .insert(path.to_owned(), bytes.into());
    }

    /// Serves nothing under a path any more.
    pub fn remove(&self, path: &str) {
        self.shared.state().files.remove(path);
    }

    /// Serves the files below a folder.
    pub fn folder(&self, folder: &Path) {
        self.shared.state().folders.push(folder.to_owned());
    }

    /// From now on, a path is answered like this; its counts start anew.
    pub fn behave(&self, path: &str, behaviour: Behaviour) {
        self.shared
            .state()
            .behaviours
            .insert(path.to_owned(), behaviour);
    }

    /// Answers a path with a redirect.
    pub fn redirect(&self, path: &str, status: u16, to: &str) {
        self.behave(
            path,
            Behaviour {
                status: Some((status, vec![("Location".into(), to.into())], ALWAYS)),
                ..Behaviour::default()
            },
        );
    }

    /// What was asked, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.shared
            .state()
            .requests
            .iter()
            .filter(|request| request.path == path)
            .count()
    }

    /// Bytes of bodies sent for a path.
    pub fn served(&self, path: &str) -> u64 {
        self.shared.state().served.get(path).copied().unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

/// Takes one from a count of times; false when none is left.
fn once(times: &mut u32) -> bool {
    let some = *times > 0;
    if *times != ALWAYS {
        *times = times.saturating_sub(1);
    }
    some
}

fn decode(path: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => out.push(
                digit(bytes.next())
                    .zip(digit(bytes.next()))
                    .map_or(b'%', |(high, low)| (high * 16 + low) as u8),
            ),
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Answers the requests of one connection until it ends.
fn serve(stream: &TcpStream, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        let (method, rest) = line.split_once(' ')?;
        let (method, path) = (method.to_owned(), rest.split(' ').next()?.to_owned());
        let mut headers = HashMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let close = headers
            .get("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let length: usize = headers
            .get("content-length")
            .map_or(Some(0), |length| length.parse().ok())?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let head = method == "HEAD";
        shared.state().requests.push(Request {
            method,
            path: path.clone(),
            headers: headers.clone(),
            body,
        });
        answer(stream, &path, &headers, (head, close), shared)?;
        if close {
            return Some(());
        }
    }
}

/// What one answer does, settled under the lock: the counts of a behaviour are used up here.
struct Plan {
    body: Option<Vec<u8>>,
    behaviour: Behaviour,
    status: Option<(u16, Headers)>,
    lie: i64,
    cut: Option<u64>,
    stall: Option<u64>,
}

fn plan(path: &str, shared: &Shared) -> Plan {
    let mut state = shared.state();
    let plain = decode(path.split('?').next().unwrap_or_default());
    let body =
        state
            .files
            .get(path)
            .or_else(|| state.files.get(&plain))
            .cloned()
            .or_else(|| {
                let safe = !plain.split('/').any(|part| part == "..");
                state.folders.iter().filter(|_| safe).find_map(|folder| {
                    std::fs::read(folder.join(plain.trim_start_matches('/'))).ok()
                })
            });
    let Some(behaviour) = state.behaviours.get_mut(path) else {
        return Plan {
            body,
            behaviour: Behaviour::default(),
            status: None,
            lie: 0,
            cut: None,
            stall: None,
        };
    };
    let status = behaviour
        .status
        .as_mut()
        .and_then(|(status, headers, times)| once(times).then(|| (*status, headers.clone())));
    // A request that is turned away uses up no other count.
    let mut number = |count: fn(&mut Behaviour) -> Option<(i64, &mut u32)>| {
        let (value, times) = count(behaviour).filter(|_| status.is_none())?;
        once(times).then_some(value)
    };
    let lie =
        number(|behaviour| behaviour.lie.as_mut().map(|(lie, times)| (*lie, times))).unwrap_or(0);
    let cut = number(|behaviour| {
        behaviour
            .cut
            .as_mut()
            .map(|(cut, times)| (cut.cast_signed(), times))
    })
    .map(i64::cast_unsigned);
    let stall = number(|behaviour| {
        behaviour
            .stall
            .as_mut()
            .map(|(stall, times)| (stall.cast_signed(), times))
    })
    .map(i64::cast_unsigned);
    Plan {
        body,
        status,
        lie,
        cut,
        stall,
        behaviour: behaviour.clone(),
    }
}

/// Waits until the server is dropped, but no longer than a minute.
fn hang(shared: &Shared) {
    for _ in 0..1200 {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn answer(
    mut stream: &TcpStream,
    path: &str,
    asked: &HashMap<String, String>,
    (head_only, close): (bool, bool),
    shared: &Shared,
) -> Option<()> {
    let Plan {
        body,
        behaviour,
        status,
        lie,
        cut,
        stall,
    } = plan(path, shared);
    if behaviour.mute {
        hang(shared);
        return None;
    }
    let mut head = String::new();
    if let Some((status, headers)) = status {
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let words = &behaviour.words;
        let head = format!(
            "HTTP/1.1 {status} As told\r\nContent-Length: {}\r\n{head}\r\n",
            words.len()
        );
        let words: &[u8] = if head_only { &[] } else { words };
        return stream.write_all(&[head.as_bytes(), words].concat()).ok();
    }
    let Some(body) = body else {
        let words = if head_only { "" } else { "not here\n" };
        return stream
            .write_all(
                format!("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n{words}").as_bytes(),
            )
            .ok();
    };
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("\"{:x}\"", hasher.finish());
    let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    if !behaviour.no_validator {
        head.push_str(&format!("ETag: {etag}\r\nLast-Modified: {modified}\r\n"));
        // A tag is judged before a date, and alone (RFC 9110, section 13.2.2).
        if asked
            .get("if-none-match")
            .is_some_and(|known| *known == etag)
        {
            return stream
                .write_all(format!("HTTP/1.1 304 Not Modified\r\n{head}\r\n").as_bytes())
                .ok();
        }
    }
    let whole = body.len() as u64;
    let same = asked
        .get("if-range")
        .is_none_or(|version| *version == etag || version == modified);
    let from = asked
        .get("range")
        .filter(|_| !behaviour.no_range && same)
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse::<u64>()
                .ok()
        });
    let (status, start) = match from {
        Some(from) if from >= whole => {
            return stream.write_all(format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{whole}\r\nContent-Length: 0\r\n\r\n").as_bytes()).ok();
        }
        Some(from) => {
            head.push_str(&format!(
                "Content-Range: bytes {from}-{}/{whole}\r\n",
                whole - 1
            ));
            ("206 Partial Content", from)
        }
        None => ("200 OK", 0),
    };
    let rest = &body[start as usize..];
    if behaviour.chunked {
        head.push_str("Transfer-Encoding: chunked\r\n");
    } else if behaviour.no_length {
        head.push_str("Connection: close\r\n");
    } else {
        head.push_str(&format!(
            "Content-Length: {}\r\n",
            (rest.len() as u64).saturating_add_signed(lie)
        ));
    }
    stream
        .write_all(format!("HTTP/1.1 {status}\r\n{head}\r\n").as_bytes())
        .ok()?;
    if head_only {
        return Some(());
    }
    // Positions are those of the whole file, so that a resumed body is not cut again before the place of the first cut.
    let stop = cut.or(stall).map_or(rest.len(), |at| {
        (at.saturating_sub(start) as usize).min(rest.len())
    });
    let size = if behaviour.rate == 0 {
        64 * 1024
    } else {
        (behaviour.rate as usize / 20).max(1)
    };
    for piece in rest[..stop].chunks(size) {
        if shared.stop.load(Ordering::Relaxed) {
            return None;
        }
        // Counted before it is sent: whoever has it all may look at the count at once.
        *shared.state().served.entry(path.to_owned()).or_default() += piece.len() as u64;
        if behaviour.chunked {
            stream
                .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
                .ok()?;
        }
        stream.write_all(piece).ok()?;
        if behaviour.chunked {
            stream.write_all(b"\r\n").ok()?;
        }
        if behaviour.rate > 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    if stall.is_some() && stop < rest.len() {
        hang(shared);
        return None;
    }
    if behaviour.chunked && stop == rest.len() {
        stream.write_all(b"0\r\n\r\n").ok()?;
    }
    // After a lie or a cut, both sides would wait for each other: end it.
    let over = stop < rest.len() || lie != 0 || behaviour.no_length || close;
    (!over).then_some(())
}
