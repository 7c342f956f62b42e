//! A request as far as the log of changes and the limits need it.

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use stanchion_store::{StoreError, Tx, audit};

use super::cookie;
use crate::http::request_id::RequestId;
use crate::http::{Client, Problem};
use crate::portal::Portal;

/// What a request says besides what it asks for.
#[derive(Clone, Debug)]
pub struct Call {
    /// When, in seconds since 1970.
    pub now: i64,
    /// Its id, as in the server's log.
    pub request: String,
    /// Who it comes from.
    pub client: Client,
    /// The program, as it calls itself.
    pub agent: String,
    /// The session's cookie, where one came along.
    pub(super) cookie: Option<String>,
    /// The origin under which the portal was reached.
    pub origin: Option<String>,
}

impl FromRequestParts<Portal> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Problem> {
        let client = Client::from_request_parts(parts, portal).await?;
        let agent = parts
            .headers
            .get(USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default();
        let name = cookie::session(portal.site.settings());
        Ok(Self {
            now: portal.engine.now(),
            request: parts
                .extensions
                .get::<RequestId>()
                .map(|id| id.as_str().to_owned())
                .unwrap_or_default(),
            client,
            agent: agent.chars().take(200).collect(),
            cookie: cookie::read(&parts.headers, name).map(str::to_owned),
            origin: portal.site.origin(client, &parts.headers),
        })
    }
}

impl Call {
    /// Writes a change into the log, in the transaction of the change.
    pub fn note(
        &self,
        tx: &mut Tx<'_>,
        actor: &str,
        action: &str,
        object: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<(), StoreError> {
        audit::append(
            tx,
            &audit::Change {
                at: self.now,
                actor,
                action,
                object,
                before,
                after,
                request: Some(&self.request),
            },
        )
    }

    /// Refuses to take a password over a line that others can listen on: plain HTTP from another machine, unless the
    /// public URL says that it is meant so.
    pub(super) fn over_safe_line(&self, portal: &Portal) -> Result<(), Problem> {
        let meant = portal
            .site
            .settings()
            .public_url
            .as_ref()
            .is_some_and(|url| url.origin().starts_with("http://"));
        if self.client.https || self.client.address.is_loopback() || meant {
            return Ok(());
        }
        Err(
            Problem::forbidden("Passwords are not taken over plain HTTP from another machine.")
                .hint("Give the server a certificate (`tls`), or put a proxy with one in front and name it in `trusted_proxies`. For a network that you trust, set `public_url` to an address that begins with http://."),
        )
    }
}
