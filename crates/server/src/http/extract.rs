//! Axum's extractors, thinly wrapped: what they refuse becomes a [`Problem`] with the field and the line.

use std::error::Error;

use axum::body::Body;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::{self, BodyLimit, DEFAULT_LIMIT};
use super::problem::{FieldError, Problem};

/// A JSON body, of a request or an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// The query of the URL.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

/// The parameters in the path.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

/// A form of a page: the body of a POST, the query of a GET.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Reads the body of a request into memory, within the limit of its route.
async fn whole(parts: &Parts, body: Body) -> Result<axum::body::Bytes, Problem> {
    let limit = parts.extensions.get::<BodyLimit>();
    body::read(
        &parts.headers,
        limit.map_or(DEFAULT_LIMIT, |limit| limit.0),
        body,
    )
    .await
}

/// `application/json`, or something in JSON, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
    else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let Some((main, sub)) = kind.split_once('/') else {
        return false;
    };
    let suffix = sub.rsplit('+').next().unwrap_or(sub);
    main.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json")
}

/// A path that serde gives for the whole document is `.` or `?`; neither helps anybody.
fn field(path: &str) -> Option<String> {
    (!matches!(path, "." | "?" | "")).then(|| path.to_owned())
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(
                Problem::unsupported("This operation takes a body in JSON only.")
                    .hint("Send it with `content-type: application/json`."),
            );
        }
        let bytes = whole(&parts, body).await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| refused_json(field(&error.path().to_string()), error.inner()))?;
        deserializer
            .end()
            .map_err(|error| refused_json(None, &error))?;
        Ok(Self(value))
    }
}

fn refused_json(field: Option<String>, error: &serde_json::Error) -> Problem {
    // The message ends with the place, which the problem has in fields of their own.
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let problem = if error.is_data() {
        Problem::unprocessable("The body is JSON, but not as this operation takes it.")
            .hint("The OpenAPI document at `/api/v1/openapi.json` says what it takes.")
    } else {
        Problem::bad_request("The body is not JSON, or breaks off.")
    };
    problem.error(FieldError {
        field,
        line: (error.line() > 0).then_some(error.line()),
        column: (error.column() > 0).then_some(error.column()),
        message: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
    })
}

/// What went wrong in a query or a form.
fn refused_pairs(problem: Problem, error: &(dyn Error + 'static)) -> Problem {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) =
            error.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>()
        {
            return problem.error(FieldError {
                field: field(&error.path().to_string()),
                message: error.inner().to_string(),
                ..FieldError::default()
            });
        }
        next = error.source();
    }
    problem
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(error) => Err(refused_pairs(
                Problem::bad_request("The query of the URL is not as this operation takes it."),
                &error,
            )),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        // Forms of a GET have no body, and what comes with a wrong type is refused before it is read.
        let body = if parts.method.is_safe() {
            body
        } else {
            Body::from(whole(&parts, body).await?)
        };
        let request = Request::from_parts(parts, body);
        match axum::extract::Form::from_request(request, state).await {
            Ok(axum::extract::Form(value)) => Ok(Self(value)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                Err(Problem::unsupported("This operation takes a form only.")
                    .hint("Send it with `content-type: application/x-www-form-urlencoded`."))
            }
            Err(error) => Err(refused_pairs(
                Problem::unprocessable("The form is not filled in as it must be."),
                &error,
            )),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let problem =
                    Problem::bad_request("The path of the URL is not as this operation takes it.");
                match error.into_kind() {
                    ErrorKind::ParseErrorAtKey {
                        key, expected_type, ..
                    } => Err(problem.field(key, format!("must be of type {expected_type}"))),
                    ErrorKind::DeserializeError { key, message, .. } => {
                        Err(problem.field(key, message))
                    }
                    ErrorKind::InvalidUtf8InPathParam { key } => {
                        Err(problem.field(key, "must be UTF-8"))
                    }
                    ErrorKind::ParseErrorAtIndex { expected_type, .. }
                    | ErrorKind::ParseError { expected_type, .. } => {
                        Err(problem.error(FieldError {
                            message: format!("must be of type {expected_type}"),
                            ..FieldError::default()
                        }))
                    }
                    ErrorKind::Message(message) => Err(problem.error(FieldError {
                        message,
                        ..FieldError::default()
                    })),
                    // The rest are faults of the route, not of the request.
                    other => {
                        tracing::error!(cause = %other, "path parameters do not fit their type");
                        Err(Problem::internal_silent())
                    }
                }
            }
            Err(error) => Err(Problem::internal(&error)),
        }
    }
}
