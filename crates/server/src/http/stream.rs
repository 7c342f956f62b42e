//! A connection that is careful with clients that do not read and with clients that are still sending.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The most that is read from a client whose answer is complete, and thrown away.
const FAREWELL_BYTES: usize = 1 << 20;

/// Wraps a connection: a write that does not go on fails after a while, and the end waits for the client.
///
/// If a connection is closed while the client is still sending, the system resets it, and the client may lose the answer
/// that says why. So after the last byte the end is signalled, and what still comes is thrown away for a moment.
pub(super) struct Careful<I> {
    inner: I,
    answer: Duration,
    farewell: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    parting: Option<Pin<Box<Sleep>>>,
    discarded: usize,
    /// The client has sent its end.
    ended: bool,
}

impl<I> Careful<I> {
    pub(super) fn new(inner: I, answer: Duration, farewell: Duration) -> Self {
        Self {
            inner,
            answer,
            farewell,
            stall: None,
            parting: None,
            discarded: 0,
            ended: false,
        }
    }

    /// Passes on what a write says, and fails it when it has waited too long.
    fn hurry<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stall = None;
            return polled;
        }
        let timer = self
            .stall
            .get_or_insert_with(|| Box::pin(sleep(self.answer)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Careful<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = ready!(Pin::new(&mut this.inner).poll_read(context, buffer));
        this.ended |= polled.is_err() || buffer.filled().len() == before;
        Poll::Ready(polled)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Careful<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.hurry(context, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_flush(context);
        this.hurry(context, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        this.hurry(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.parting.is_none() {
            let polled = Pin::new(&mut this.inner).poll_shutdown(context);
            ready!(this.hurry(context, polled))?;
            this.parting = Some(Box::pin(sleep(this.farewell)));
        }
        let mut space = [0; 4096];
        while !this.ended && this.discarded < FAREWELL_BYTES {
            if let Some(timer) = &mut this.parting
                && timer.as_mut().poll(context).is_ready()
            {
                break;
            }
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut this.inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => this.discarded += buffer.filled().len(),
                _ => this.ended = true,
            }
        }
        Poll::Ready(Ok(()))
    }
}
