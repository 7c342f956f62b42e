//! What the slices share: pages of lists, failures of the engine as answers, changes in the log.

use axum::http::HeaderMap;
use stanchion_store::audit::{self, Change};
use stanchion_store::blobs::BlobError;
use stanchion_store::products::{self, Product};
use stanchion_store::{Id, StoreError, Tx};

use crate::engine::EngineError;
use crate::http::Problem;
use crate::people::{Allowed, Permission, Who, no_product};

/// Rows of a page where nobody says how many.
const USUAL: usize = 50;
/// Most rows of a page.
pub(crate) const MOST: usize = 500;

/// How many rows a page has.
pub(crate) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(USUAL) {
        number @ 1..=MOST => Ok(number),
        _ => Err(Problem::bad_request("A page has 1 to 500 rows.")
            .hint("Ask for the next page with `after`.")
            .field("limit", "1 to 500")),
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => Self::from(error),
            EngineError::Blob(error @ BlobError::Store { .. }) => {
                tracing::error!(cause = %error, "request failed");
                Self::unavailable("Documents cannot be kept or read just now.")
                    .hint(sentence(error.hint()))
                    .retry_after(60)
            }
            EngineError::Blob(error) => Self::internal(&error).hint(error.hint()),
            EngineError::Advisories(error) => Self::internal(&error),
            EngineError::Unusable(reason) => Self::unprocessable(sentence(&reason)),
            EngineError::Absent(reason) => Self::not_found(sentence(&reason)),
            EngineError::Forbidden(reason) => Self::forbidden(sentence(&reason)),
            EngineError::Conflict(reason) => Self::conflict(sentence(&reason)),
            EngineError::Outside(reason) => Self::unavailable(sentence(&reason)),
        }
    }
}

/// A reason as a sentence.
pub(crate) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let mut text = match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect::<String>(),
        None => String::new(),
    };
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// Writes a change down, in its transaction.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    now: i64,
    who: &Who,
    action: &str,
    object: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), StoreError> {
    let change = Change {
        at: now,
        actor: &who.name,
        action,
        object,
        before,
        after,
        request: None,
    };
    audit::append(tx, &change)
}

/// A product that somebody names and has the permission on.
pub(crate) fn product<P: Permission>(
    tx: &mut Tx<'_>,
    allowed: &Allowed<P>,
    name: &str,
) -> Result<Product, Problem> {
    let product = products::by_name(tx, name)?.ok_or_else(no_product)?;
    allowed.on(tx, &product)?;
    Ok(product)
}

/// An id from its text; 404 where it is none, as for one that is not there.
pub(crate) fn id(text: &str, what: &str) -> Result<Id, Problem> {
    Id::parse(text).ok_or_else(|| Problem::not_found(format!("There is no {what} {text:?}.")))
}

/// Seconds for which something that is sent again is the same as before.
pub(crate) const SAME: i64 = 86_400;

/// The header `idempotency-key`: who sends it may send the same again, and it is done once within 24 hours.
pub(crate) fn once(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str().map(str::trim) {
        Ok(key) if (1..=200).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::bad_request("The idempotency key cannot be used.")
            .field("idempotency-key", "1 to 200 visible ASCII characters")),
    }
}
