//! Finds out that a server sent more than it had announced.
//!
//! A body ends where `Content-Length` says, so a length that is too short makes a torn file look whole. What
//! gives it away is what comes after. Connections of downloads are not used again, so everything that comes after
//! the body on one of them is too much.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// How long to wait for the server's end of the connection, which was asked to close it.
const END: Duration = Duration::from_millis(250);

/// What is known of one connection's end.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The body has come as announced: what comes now is too much.
    pub(crate) body: AtomicBool,
    /// More came.
    pub(crate) more: AtomicBool,
}

/// Wraps the connection to the target; that to a proxy on the way there is left alone.
pub(crate) struct Watch {
    pub(crate) end: Arc<End>,
    pub(crate) proxied: bool,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl<In: Transport> Connector<In> for Watch {
    type Out = Watched<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let target = details.config.proxy().is_some() == self.proxied;
        Ok(chained.map(|inner| Watched {
            inner,
            end: target.then(|| Arc::clone(&self.end)),
        }))
    }
}

#[derive(Debug)]
pub(crate) struct Watched<In: Transport> {
    inner: In,
    end: Option<Arc<End>>,
}

impl<In: Transport> Transport for Watched<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        // Never into the pool: the end is looked at when the connection is dropped.
        self.end.is_none() && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<In: Transport> Drop for Watched<In> {
    fn drop(&mut self) {
        let Some(end) = self
            .end
            .as_ref()
            .filter(|end| end.body.load(Ordering::Relaxed))
        else {
            return;
        };
        let timeout = NextTimeout {
            after: END.into(),
            ..NextTimeout::default()
        };
        if !self.inner.buffers().input().is_empty()
            || self.inner.await_input(timeout).unwrap_or(false)
        {
            end.more.store(true, Ordering::Relaxed);
        }
    }
}
