//! The bodies of requests, within limits: small ones in memory, uploads in memory or a temporary file.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use flate2::write::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tempfile::SpooledTempFile;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::patience::Stalled;
use super::problem::Problem;

/// The most bytes of a body that is read into memory, unless a route says otherwise with [`BodyLimit`].
pub const DEFAULT_LIMIT: u64 = 1 << 20;

/// The most bytes of an upload, after unpacking, unless its type says otherwise.
pub const UPLOAD_LIMIT: u64 = 64 << 20;

/// Uploads up to this stay in memory.
const IN_MEMORY: usize = 1 << 20;

/// The largest window of a zstd frame, as a power of two: 8 MiB, which is all that a sender over HTTP may use
/// ([RFC 9659](https://www.rfc-editor.org/rfc/rfc9659)).
const ZSTD_WINDOW: u32 = 23;

/// Another limit in bytes for the bodies that a route reads into memory: `.layer(Extension(BodyLimit(..)))`.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub u64);

/// The length that the request gives for its body.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the cause of an error is of this type.
fn caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Why a body could not be read.
fn broken(error: &(dyn Error + 'static)) -> Problem {
    if caused_by::<Stalled>(error) {
        Problem::too_slow()
    } else {
        Problem::bad_request("The body of the request broke off or is not well formed.")
            .hint("Send the whole body, with a right `content-length` or in chunks.")
    }
}

/// Reads a small body into memory.
pub(super) async fn read(headers: &HeaderMap, limit: u64, body: Body) -> Result<Bytes, Problem> {
    if coding(headers)? != Coding::Identity {
        return Err(
            Problem::unsupported("This operation does not take a packed body.")
                .hint("Send the body without `content-encoding`."),
        );
    }
    if announced(headers).is_some_and(|length| length > limit) {
        return Err(Problem::too_large(limit));
    }
    let limited = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    match limited.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Err(error) => Err(broken(error.as_ref())),
    }
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = values.next() else {
        return Ok(Coding::Identity);
    };
    let name = value.to_str().unwrap_or_default().trim();
    let coding = match name.to_ascii_lowercase().as_str() {
        "identity" => Some(Coding::Identity),
        "gzip" | "x-gzip" => Some(Coding::Gzip),
        "zstd" => Some(Coding::Zstd),
        _ => None,
    };
    match coding {
        Some(coding) if values.next().is_none() => Ok(coding),
        _ => Err(Problem::unsupported(
            "The body is packed in a way that is not read here (`content-encoding`).",
        )
        .hint("Send it as it is, or packed once with gzip or zstd.")),
    }
}

/// The places for uploads. In the extensions of every request.
#[derive(Clone, Debug)]
pub(super) struct Places {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Places {
    pub(super) fn new(places: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            patience,
        }
    }

    async fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(
                Problem::unavailable("The server is busy with other uploads.")
                    .hint("Wait a little, then send it again.")
                    .retry_after(10),
            ),
        }
    }
}

/// An uploaded body of at most `LIMIT` bytes after unpacking: in memory when it is small, else in a temporary file
/// without a name, which is gone when this is dropped. `content-encoding` gzip and zstd are unpacked.
///
/// It holds one of the places for uploads for as long as it lives. It is read with [`Read`] and [`Seek`], on a thread
/// that may block.
pub struct Upload<const LIMIT: u64 = UPLOAD_LIMIT> {
    content: SpooledTempFile,
    length: u64,
    media_type: Option<String>,
    _place: OwnedSemaphorePermit,
}

impl<const LIMIT: u64> fmt::Debug for Upload<LIMIT> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Upload")
            .field("length", &self.length)
            .field("media_type", &self.media_type)
            .field("in_file", &self.in_file())
            .finish_non_exhaustive()
    }
}

impl<const LIMIT: u64> Upload<LIMIT> {
    /// How many bytes it has, unpacked.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The value of `content-type`, as it was sent.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// Whether it is in a temporary file.
    pub fn in_file(&self) -> bool {
        self.content.is_rolled()
    }

    /// The whole of it in memory.
    pub fn into_bytes(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        self.content.seek(SeekFrom::Start(0))?;
        self.content.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl<const LIMIT: u64> Read for Upload<LIMIT> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

impl<const LIMIT: u64> Seek for Upload<LIMIT> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}

/// A refused upload. It says which codings are taken when that is why.
#[derive(Debug)]
pub struct Refused(Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        refused.0
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let unsupported = self.0.status() == axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let mut response = self.0.into_response();
        if unsupported {
            // RFC 9110, section 15.5.16.
            response
                .headers_mut()
                .insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
        }
        response
    }
}

impl<S: Sync, const LIMIT: u64> FromRequest<S> for Upload<LIMIT> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let (parts, mut body) = request.into_parts();
        let coding = coding(&parts.headers)?;
        if announced(&parts.headers).is_some_and(|length| length > LIMIT) {
            return Err(Problem::too_large(LIMIT).into());
        }
        let Some(places) = parts.extensions.get::<Places>() else {
            tracing::error!("a route that takes uploads is outside the site");
            return Err(Problem::internal_silent().into());
        };
        let place = places.take().await?;
        // Unpacking and files may block: a thread for that takes the pieces, and its pace is the client's.
        let (sender, receiver) = mpsc::channel(4);
        let writer = tokio::task::spawn_blocking(move || keep(receiver, coding, LIMIT));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(&error))?;
            if let Ok(bytes) = frame.into_data()
                && sender.send(bytes).await.is_err()
            {
                // The writer has stopped and says why.
                break;
            }
        }
        drop(sender);
        let (content, length) = match writer.await {
            Ok(kept) => kept?,
            Err(error) => return Err(Problem::internal(&error).into()),
        };
        let media_type = parts.headers.get(CONTENT_TYPE);
        Ok(Self {
            content,
            length,
            media_type: media_type.and_then(|kind| Some(kind.to_str().ok()?.to_owned())),
            _place: place,
        })
    }
}

/// Takes at most `left` bytes.
struct Bounded {
    file: SpooledTempFile,
    left: u64,
    full: bool,
    /// Why the temporary file could not be written.
    failed: Option<io::Error>,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        match self.file.write(bytes) {
            Ok(written) => {
                self.left -= written as u64;
                Ok(written)
            }
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

enum Unpacker {
    Identity(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Bounded>>),
}

impl Unpacker {
    fn new(coding: Coding, sink: Bounded) -> io::Result<Self> {
        Ok(match coding {
            Coding::Identity => Self::Identity(sink),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Coding::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(sink)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Self::Zstd(Box::new(decoder))
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Identity(sink) => sink.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Zstd(decoder) => decoder.write_all(bytes),
        }
    }

    /// The end of the packed bytes: it must be the end of the packed stream too.
    fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Identity(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Zstd(decoder) => decoder.do_finish(),
        }
    }

    fn sink(&mut self) -> &mut Bounded {
        match self {
            Self::Identity(sink) => sink,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// Unpacks the pieces and keeps them.
fn keep(
    mut pieces: mpsc::Receiver<Bytes>,
    coding: Coding,
    limit: u64,
) -> Result<(SpooledTempFile, u64), Problem> {
    let sink = Bounded {
        file: SpooledTempFile::new(IN_MEMORY),
        left: limit,
        full: false,
        failed: None,
    };
    let mut unpacker = Unpacker::new(coding, sink).map_err(|error| Problem::internal(&error))?;
    let mut empty = true;
    let mut write = || -> io::Result<()> {
        while let Some(piece) = pieces.blocking_recv() {
            empty &= piece.is_empty();
            unpacker.write(&piece)?;
        }
        // No body at all is an empty upload, however it says it is packed.
        if empty { Ok(()) } else { unpacker.end() }
    };
    let written = write();
    let sink = unpacker.sink();
    if sink.full {
        return Err(Problem::too_large(limit));
    }
    if let Some(error) = sink.failed.take() {
        return Err(Problem::internal(&error));
    }
    if written.is_err() {
        let name = if coding == Coding::Gzip {
            "gzip"
        } else {
            "zstd"
        };
        return Err(Problem::bad_request(format!(
            "The body is not {name} as its `content-encoding` says, is broken, or breaks off."
        ))
        .hint("Pack it again, or send it without `content-encoding`. A zstd window may have 8 MiB at most."));
    }
    let length = limit - sink.left;
    let mut file = std::mem::replace(&mut sink.file, SpooledTempFile::new(0));
    file.seek(SeekFrom::Start(0))
        .map_err(|error| Problem::internal(&error))?;
    Ok((file, length))
}

/// A body that calls back once, with the bytes that went out, when it ends or is dropped.
pub(super) struct Counted<F: FnOnce(u64)> {
    inner: Body,
    bytes: u64,
    done: Option<F>,
}

impl<F: FnOnce(u64)> Counted<F> {
    pub(super) fn new(inner: Body, done: F) -> Self {
        Self {
            inner,
            bytes: 0,
            done: Some(done),
        }
    }
}

impl<F: FnOnce(u64) + Unpin> HttpBody for Counted<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let polled = std::pin::Pin::new(&mut this.inner).poll_frame(context);
        if let std::task::Poll::Ready(Some(Ok(frame))) = &polled {
            this.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.inner.size_hint()
    }
}

impl<F: FnOnce(u64)> Drop for Counted<F> {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(self.bytes);
        }
    }
}
