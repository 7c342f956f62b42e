//! Blobs in an object store that speaks S3: `prefix/ab/cdef…`.
//!
//! The library signs, tries again and reads the answers. It does not open connections: a [`Transport`] that the caller
//! hands in does, so that the offline switch and the guard against private addresses hold for it too.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStoreExt, RetryConfig};

use super::{BlobError, Digest, List, Listed};

/// Makes one exchange: whatever status comes back is an answer. An error is a text without anything secret. It must
/// bound what it reads of an answer, and not try again by itself.
pub type Transport =
    Arc<dyn Fn(http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> + Send + Sync>;

/// Which object store, and how to get in.
#[derive(Clone)]
pub struct S3Settings {
    /// Its address, such as `https://s3.eu-central-1.amazonaws.com`. The bucket comes after it, as a path.
    pub endpoint: String,
    /// The bucket; it must be there.
    pub bucket: String,
    /// What all names start with; empty for none.
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key's name.
    pub access_key: String,
    /// The access key's secret.
    pub secret_key: String,
    /// The session's token, with credentials that end.
    pub token: Option<String>,
    /// How often one request is tried again when the store is in trouble.
    pub retries: usize,
    /// How long after the first try another one is still begun.
    pub patience: Duration,
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("retries", &self.retries)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// A bucket of blobs. Its calls block, and must not be made from within an asynchronous task.
pub struct S3 {
    store: AmazonS3,
    prefix: Path,
    place: String,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Hands what the library wants to send to the transport.
#[derive(Clone)]
struct Carried(Transport);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

impl HttpConnector for Carried {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Carried {
    fn call<'own, 'future>(
        &'own self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'future>>
    where
        'own: 'future,
        Self: 'future,
    {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes().to_vec();
            // It blocks, and nothing else runs on this thread's runtime meanwhile.
            (self.0)(http::Request::from_parts(parts, body))
                .map(|answer| answer.map(Into::into))
                // All that is asked here may be asked twice.
                .map_err(|reason| HttpError::new_boxed(HttpErrorKind::Interrupted, reason.into()))
        })
    }
}

impl S3 {
    /// Checks the settings; nothing is asked yet.
    pub fn new(settings: &S3Settings, transport: Transport) -> Result<Self, BlobError> {
        let endpoint = settings.endpoint.trim_end_matches('/');
        let place = format!("the bucket {} at {}", settings.bucket, bare(endpoint));
        let wrong = |reason: String| BlobError::Store {
            what: "use the settings",
            place: place.clone(),
            reason,
            hint: "check endpoint, bucket, region and keys of the object store",
        };
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if settings.bucket.is_empty() || !settings.bucket.bytes().all(name) {
            return Err(wrong(
                "the bucket has no name that a bucket may have".into(),
            ));
        }
        if endpoint.contains(['?', '#', '@'])
            || !["https://", "http://"]
                .iter()
                .any(|scheme| endpoint.starts_with(scheme))
        {
            return Err(wrong("the endpoint is no https address".into()));
        }
        if settings.access_key.is_empty() || settings.secret_key.is_empty() {
            return Err(wrong("the access key or its secret is empty".into()));
        }
        let prefix = Path::parse(settings.prefix.trim_matches('/'))
            .map_err(|_| wrong("the prefix is no path".into()))?;
        let mut builder = AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key)
            .with_secret_access_key(&settings.secret_key)
            .with_virtual_hosted_style_request(false)
            // Whether plain http may be is for the transport to say.
            .with_allow_http(true)
            // Many that speak S3 do not speak that.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(5),
                    base: 2.0,
                },
                max_retries: settings.retries,
                retry_timeout: settings.patience,
            })
            .with_http_connector(Carried(transport));
        if let Some(token) = &settings.token {
            builder = builder.with_token(token);
        }
        let store = builder.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            store,
            prefix,
            place,
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    fn path(&self, digest: Digest) -> Path {
        let (head, tail) = digest.parts();
        self.prefix.clone().join(head).join(tail)
    }

    /// Waits for what the library does. Each call has a runtime of its own: a transport that blocks must not stop the
    /// clocks of other threads.
    fn wait<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| {
                Trouble::Other(BlobError::Store {
                    what,
                    place: self.place.clone(),
                    reason: error.to_string(),
                    hint: "see whether the machine has memory and threads left",
                })
            })?;
        runtime
            .block_on(work)
            .map_err(|error| self.told(what, &error))
    }

    fn told(&self, what: &'static str, error: &object_store::Error) -> Trouble {
        let text = error.to_string();
        let has = |code: &str| text.contains(code);
        // The library has no kind of its own for most of these, and for none of them when it lists.
        let no_bucket = has("NoSuchBucket");
        if matches!(error, object_store::Error::NotFound { .. }) && !no_bucket {
            return Trouble::Absent;
        }
        let (reason, hint) = if no_bucket {
            (
                "there is no such bucket".to_owned(),
                "make the bucket, or correct its name and the endpoint",
            )
        } else if has("InvalidAccessKeyId")
            || has("SignatureDoesNotMatch")
            || has("InvalidToken")
            || has("ExpiredToken")
        {
            (
                "the store does not accept the access key".to_owned(),
                "check access key, secret, token and region",
            )
        } else if has("AccessDenied")
            || matches!(
                error,
                object_store::Error::PermissionDenied { .. }
                    | object_store::Error::Unauthenticated { .. }
            )
        {
            (
                "the access key may not do this".to_owned(),
                "allow it s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket for this bucket and prefix",
            )
        } else {
            (
                short(&text),
                "see whether the object store is well and reachable from here",
            )
        };
        Trouble::Other(BlobError::Store {
            what,
            place: self.place.clone(),
            reason,
            hint,
        })
    }

    pub(super) fn write(&self, digest: Digest, packed: Vec<u8>) -> Result<(), BlobError> {
        let path = self.path(digest);
        self.wait("keep a blob", self.store.put(&path, packed.into()))
            .map(drop)
            .map_err(|trouble| trouble.or_missing(digest))
    }

    /// The bytes as they lie there; `None` when there are more than `most`.
    pub(super) fn read(&self, digest: Digest, most: u64) -> Result<Option<Vec<u8>>, BlobError> {
        let path = self.path(digest);
        let read = async {
            let found = self.store.get(&path).await?;
            if found.meta.size > most {
                return Ok(None);
            }
            Ok(Some(found.bytes().await?))
        };
        let bytes = self
            .wait("read a blob", read)
            .map_err(|trouble| trouble.or_missing(digest))?;
        Ok(bytes.map(Into::into))
    }

    pub(super) fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        let path = self.path(digest);
        match self.wait("remove a blob", self.store.delete(&path)) {
            Ok(()) | Err(Trouble::Absent) => Ok(()),
            Err(Trouble::Other(error)) => Err(error),
        }
    }

    pub(super) fn list(&self) -> List<'_> {
        Box::new(Pages {
            s3: self,
            ready: VecDeque::new(),
            next: Next::First,
        })
    }

    /// One page of the list, and where the next one starts.
    fn page(&self, token: Option<String>) -> Result<(Vec<Listed>, Option<String>), BlobError> {
        let prefix = format!("{}/", self.prefix);
        let prefix = (prefix != "/").then_some(prefix.as_str());
        let options = PaginatedListOptions {
            page_token: token,
            ..PaginatedListOptions::default()
        };
        let page = self
            .wait("list blobs", self.store.list_paginated(prefix, options))
            .map_err(|trouble| match trouble {
                Trouble::Other(error) => error,
                Trouble::Absent => BlobError::Store {
                    what: "list blobs",
                    place: self.place.clone(),
                    reason: "there is nothing at this address".into(),
                    hint: "check endpoint and bucket",
                },
            })?;
        let ours = page.result.objects.into_iter().filter_map(|object| {
            let mut parts = object.location.prefix_match(&self.prefix)?;
            let (head, tail) = (parts.next()?, parts.next()?);
            if parts.next().is_some() || head.as_ref().len() != 2 {
                return None;
            }
            Some(Listed {
                digest: format!("{}{}", head.as_ref(), tail.as_ref()).parse().ok()?,
                stored: object.size,
                put: SystemTime::from(object.last_modified),
            })
        });
        Ok((ours.collect(), page.page_token))
    }
}

/// What stands in the way.
enum Trouble {
    /// There is no such object.
    Absent,
    Other(BlobError),
}

impl Trouble {
    fn or_missing(self, digest: Digest) -> BlobError {
        match self {
            Self::Absent => BlobError::Missing(digest),
            Self::Other(error) => error,
        }
    }
}

enum Next {
    First,
    After(String),
    End,
}

/// The list, fetched page by page.
struct Pages<'a> {
    s3: &'a S3,
    ready: VecDeque<Listed>,
    next: Next,
}

impl Iterator for Pages<'_> {
    type Item = Result<Listed, BlobError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(listed) = self.ready.pop_front() {
                return Some(Ok(listed));
            }
            let token = match std::mem::replace(&mut self.next, Next::End) {
                Next::First => None,
                Next::After(token) => Some(token),
                Next::End => return None,
            };
            match self.s3.page(token.clone()) {
                // A store that sends us in a circle would never end.
                Ok((_, after)) if after.is_some() && after == token => {
                    return Some(Err(BlobError::Store {
                        what: "list blobs",
                        place: self.s3.place.clone(),
                        reason: "the list leads back to where it was".into(),
                        hint: "see whether the object store is well",
                    }));
                }
                Ok((ready, after)) => {
                    self.ready = ready.into();
                    self.next = after.map_or(Next::End, Next::After);
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// An address without a user, a password, a query and a fragment.
fn bare(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{rest}")
}

/// A store's words on one line, and not too many of them.
fn short(text: &str) -> String {
    let mut words: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(400)
        .collect();
    if text.chars().nth(400).is_some() {
        words.push('…');
    }
    words
}
