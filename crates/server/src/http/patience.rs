//! A request's body that must keep coming.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep};

/// The body stopped coming, or came too slowly.
#[derive(Debug, Error)]
#[error("the body of the request stopped coming, or came too slowly")]
pub(super) struct Stalled;

/// A body that fails with [`Stalled`] when nothing comes for a while, or too little over a longer time.
pub(super) struct Patient {
    inner: Body,
    silence: Duration,
    rate: u64,
    timer: Option<Pin<Box<Sleep>>>,
    since: Option<Instant>,
    received: u64,
}

impl Patient {
    /// Waits for the next byte for `silence`; once that has passed, the mean must be `rate` bytes a second.
    pub(super) fn new(inner: Body, silence: Duration, rate: u64) -> Self {
        Self {
            inner,
            silence,
            rate,
            timer: None,
            since: None,
            received: 0,
        }
    }

    fn too_slow(&self, since: Instant) -> bool {
        let time = since.elapsed();
        time > self.silence && (self.received as f64) < time.as_secs_f64() * self.rate as f64
    }
}

impl HttpBody for Patient {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let since = *this.since.get_or_insert_with(Instant::now);
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.timer = None;
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.received += length as u64;
                if this.too_slow(since) {
                    return Poll::Ready(Some(Err(axum::Error::new(Stalled))));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(other) => Poll::Ready(other),
            Poll::Pending => {
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(sleep(this.silence)));
                match timer.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(axum::Error::new(Stalled)))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
