//! The pages for people, the API for readers, and the files that pages load.

mod account;
mod admin;
mod affected;
mod around;
mod finding;
mod findings;
mod fixes;
mod map;
mod policy;
mod products;
mod sheet;
mod sign_in;
mod today;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use stanchion_ui::{api, assets, problem};

use crate::http::etag::EntityTag;
use crate::http::site::{ProblemPage, Uncompressed};
use crate::http::{Client, Path, Problem, security};
use crate::portal::Portal;

/// The longest path to come back to.
const LONGEST_PATH: usize = 512;

/// Shows problems to browsers.
pub fn problem_page() -> ProblemPage {
    Arc::new(|problem| {
        let document = problem.document();
        let errors: Vec<(String, String)> = document
            .errors
            .iter()
            .map(|error| {
                (
                    error.field.clone().unwrap_or_default(),
                    error.message.clone(),
                )
            })
            .collect();
        problem::Problem {
            status: document.status,
            title: document.title,
            detail: &document.detail,
            hint: document.hint.as_deref(),
            instance: document.instance.as_deref(),
            errors: &errors,
        }
        .page()
    })
}

/// The routes of the pages. `document` is the OpenAPI document.
pub fn routes(document: &serde_json::Value) -> Router<Portal> {
    let page = Bytes::from(api::api_page(document));
    let tag = EntityTag::of_bytes(&page);
    let api = async move |headers: HeaderMap| {
        tag.not_modified(&headers)
            .unwrap_or_else(|| (tag.clone(), html(), page.clone()).into_response())
    };
    Router::new()
        .route("/", get(today::home))
        .route("/api/", get(api))
        .route("/assets/{name}", get(asset))
        .merge(account::routes())
        .merge(admin::routes())
        .merge(affected::routes())
        .merge(findings::routes())
        .merge(fixes::routes())
        .merge(finding::routes())
        .merge(products::routes())
        .merge(policy::routes())
        .merge(sign_in::routes())
}

type Heading = [(axum::http::HeaderName, &'static str); 1];

fn html() -> Heading {
    [(CONTENT_TYPE, "text/html; charset=utf-8")]
}

/// A page that is not compressed: it has something secret and something typed in it.
fn shown(status: StatusCode, page: String) -> Response {
    let mut response = (status, html(), page).into_response();
    response.extensions_mut().insert(Uncompressed);
    response
}

/// A path of the portal to come back to: nothing that a browser could take for another host, and no page of the sign-in.
fn own_path(path: Option<&str>) -> &str {
    let Some(path) = path else { return "/" };
    let mut bytes = path.bytes();
    let own = path.len() <= LONGEST_PATH
        && bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.starts_with("/sign-")
        && !path.contains("/../")
        && !path.contains("/./");
    if own { path } else { "/" }
}

/// Refuses a form that another site's page has sent.
fn same_origin(portal: &Portal, client: Client, headers: &HeaderMap) -> Result<(), Problem> {
    let own = portal.site.origin(client, headers);
    security::same_origin(headers, own.as_deref())
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = assets::named(&name).ok_or_else(|| {
        Problem::not_found("There is no such file.")
            .hint("Load the page again: it names the files of this version.")
    })?;
    // The name changes with what is in it.
    let headers = [
        (CONTENT_TYPE, asset.kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text.as_ref()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for own in ["/", "/findings?q=a%20b#x", "/api/", "/a//b"] {
            assert_eq!(own_path(Some(own)), own);
        }
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example",
            "javascript:alert(1)",
            "",
            "evil",
            "/\t/evil.example",
            "/\n",
            " /",
            "/ä",
            "/sign-out",
            "/../x",
            "/a/../../x",
        ] {
            assert_eq!(own_path(Some(elsewhere)), "/", "{elsewhere:?}");
        }
        assert_eq!(own_path(Some(&format!("/{}", "a".repeat(600)))), "/");
        assert_eq!(own_path(None), "/");
    }
}
