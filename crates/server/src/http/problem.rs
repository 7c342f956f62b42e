//! Errors as clients get them: `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// The media type of a problem.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What a client reads when a request failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// A URI that names the kind of problem; `about:blank` when the status says it all.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: Cow<'static, str>,
    /// The status in words.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened, for people.
    pub detail: String,
    /// A URI with the id of the request, as it is in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where exactly the request is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One place of a request that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as a path such as `owner.name` or `items[3].purl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The line of the body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in that line, in bytes from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong there.
    pub message: String,
}

/// A failed request: the document, and the headers that go with it. The error type of every operation.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    document: Document,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem of any status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            status,
            document: Document {
                kind: Cow::Borrowed("about:blank"),
                title: status.canonical_reason().unwrap_or("Error"),
                status: status.as_u16(),
                detail: detail.into(),
                instance: None,
                hint: None,
                errors: Vec::new(),
            },
            retry_after: None,
        }))
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: nobody is signed in, or the token is not valid.
    pub fn unauthorised(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 403: whoever is signed in may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: there is no such thing, or not for this person.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 405: there is such a path, but not with this method. Axum adds `allow`.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This path does not take this method.",
        )
        .hint("The header `allow` lists the methods that it takes.")
    }

    /// 408: the body came too slowly.
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body of the request stopped coming, or came too slowly.",
        )
        .hint("Send it again, over a steadier connection or compressed.")
    }

    /// 409: the thing is in a state that does not allow this.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 412: the thing is no longer as `if-match` says.
    pub fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "This was changed since it was read.",
        )
        .hint("Read it again, make the change to what is there now, and send the new `etag` in `if-match`.")
    }

    /// 428: a change must say which state it is made to ([RFC 6585](https://www.rfc-editor.org/rfc/rfc6585#section-3)).
    pub fn precondition_required() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "A change of this must say which state it is made to.",
        )
        .hint("Read it first, and send its `etag` in the header `if-match`.")
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn too_large(limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "The body is larger than {} that this operation takes, after unpacking.",
                size(limit)
            ),
        )
        .hint("Send less at once: split what you send, or leave out what is not needed.")
    }

    /// 415: the body is of a type or in a coding that is not read.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// 422: the request can be read, but what it says is wrong.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 429: too many requests; `retry_after` in seconds.
    pub fn too_many(retry_after: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests from this client.",
        )
        .hint(format!("Wait {retry_after} s, then try again."))
        .retry_after(retry_after)
    }

    /// 503: not now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// 500: a fault of the server. The cause goes to the log with the id of the request; the client gets the id alone.
    pub fn internal(cause: &(dyn Error + 'static)) -> Self {
        let mut causes = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            causes.push_str(": ");
            causes.push_str(&error.to_string());
            source = error.source();
        }
        tracing::error!(cause = causes, "request failed");
        Self::internal_silent()
    }

    /// 500 whose cause is in the log already.
    pub(super) fn internal_silent() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed to answer this request.",
        )
        .hint("Try again. If it stays so, tell whoever runs this server the `instance`: its log says more.")
    }

    /// Names the kind of problem by a URI, for clients that tell kinds apart.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.0.document.kind = kind.into();
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.document.hint = Some(hint.into());
        self
    }

    /// Adds a place that is wrong.
    #[must_use]
    pub fn error(mut self, error: FieldError) -> Self {
        self.0.document.errors.push(error);
        self
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn field(self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.error(FieldError {
            field: Some(field.into()),
            message: message.into(),
            ..FieldError::default()
        })
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Names the request. Every answer of a [`super::Site`] gets it from there.
    #[must_use]
    pub fn request(mut self, id: &str) -> Self {
        self.0.document.instance = Some(format!("urn:stanchion:request:{id}"));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What the client reads.
    pub fn document(&self) -> &Document {
        &self.0.document
    }

    /// The document as JSON.
    pub(super) fn body(&self) -> Body {
        // Strings and numbers only: this cannot fail.
        Body::from(serde_json::to_vec(&self.0.document).unwrap_or_default())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body());
        *response.status_mut() = self.0.status;
        response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
        if let Some(seconds) = self.0.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The envelope adds the request's id, or makes a page of it.
        response.extensions_mut().insert(self);
        response
    }
}

/// `responses((status = 200, ..), Problem)` in `#[utoipa::path]`: whatever else comes is a problem.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::response::Response>> {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description("The request failed; the document says why and what to do next.")
            .content("application/problem+json", content)
            .build();
        BTreeMap::from([("default".to_owned(), response.into())])
    }
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) {
        format!("the {} MiB", bytes >> 20)
    } else if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) {
        format!("the {} KiB", bytes >> 10)
    } else {
        format!("the {bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_where_and_what_next() {
        let problem = Problem::unprocessable("The product cannot be made.")
            .field("name", "must not be empty")
            .hint("Give it a name.")
            .request("abc");
        let json = serde_json::to_value(problem.document()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "about:blank", "title": "Unprocessable Entity", "status": 422,
                "detail": "The product cannot be made.", "instance": "urn:stanchion:request:abc",
                "hint": "Give it a name.", "errors": [{"field": "name", "message": "must not be empty"}],
            })
        );
    }

    #[test]
    fn internals_stay_inside() {
        let problem = Problem::internal(&std::io::Error::other("password of postgres://root:x@db"));
        let text = serde_json::to_string(problem.document()).unwrap();
        assert!(!text.contains("postgres"), "{text}");
        assert_eq!(problem.status(), 500);
    }

    #[test]
    fn headers_go_along() {
        let response = Problem::too_many(7).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
        let text = Problem::too_large(64 << 20).document().detail.clone();
        assert!(text.contains("64 MiB"), "{text}");
    }
}
