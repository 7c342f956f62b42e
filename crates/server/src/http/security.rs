//! Headers that every answer carries, and the guard against requests that another site makes a browser send.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, ETAG, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// For pages: nothing but what this server itself gives, no frame around them, forms go to this server only.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// For everything that is no page: should a browser show it, it loads nothing.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Headers of every answer, whatever it is.
const ALWAYS: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Adds the headers. What an operation has set of `cache-control` and `content-security-policy` stays.
///
/// A 304 says nothing of the content's policy: what it said would replace the policy with which the browser keeps the page
/// (RFC 9111, section 3.2).
pub(super) fn harden(headers: &mut HeaderMap, status: StatusCode, https: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        // A year. Without subdomains: they belong to others.
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    if status != StatusCode::NOT_MODIFIED && !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let page = headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let policy = if page { PAGE_POLICY } else { DATA_POLICY };
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        // With an entity tag the browser may keep it, but asks each time whether it still holds.
        let rule = if headers.contains_key(ETAG) {
            "private, no-cache"
        } else {
            "no-store"
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(rule));
    }
}

/// Refuses an unsafe request that carries the session cookie `cookie` unless it was made by a page of this server
/// itself (`own` is its origin).
///
/// Browsers say in `sec-fetch-site` where a request comes from, older ones at least in `origin`
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/), the OWASP cheat sheet on CSRF). A request that says
/// neither is refused: programs use a token, which no browser sends by itself.
pub fn refuse_cross_site(
    method: &Method,
    headers: &HeaderMap,
    cookie: &str,
    own: Option<&str>,
) -> Result<(), Problem> {
    if method.is_safe() || !has_cookie(headers, cookie) {
        return Ok(());
    }
    same_origin(headers, own)
}

/// Refuses a request that was not made by a page of this server (`own` is its origin). For forms that have no cookie
/// yet, such as sign-in.
pub fn same_origin(headers: &HeaderMap, own: Option<&str>) -> Result<(), Problem> {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
    let same = if sites.peek().is_some() {
        sites.all(|site| site == "same-origin" || site == "none")
    } else {
        let mut origins = headers.get_all(ORIGIN).iter().peekable();
        origins.peek().is_some()
            && origins.all(|origin| {
                own.is_some_and(|own| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
            })
    };
    if same {
        return Ok(());
    }
    Err(
        Problem::forbidden("This request was not made by a page of this server.").hint(
            "Open the portal under its own address and try again. If a proxy stands in front, set `public_url` to the \
             address that people use. Programs use an access token in place of the cookie.",
        ),
    )
}

/// Whether one of the request's cookies has this name.
pub fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(COOKIE).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b';').any(|pair| {
            pair.trim_ascii()
                .strip_prefix(name.as_bytes())
                .is_some_and(|rest| rest.starts_with(b"="))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn who_may_change_what() {
        const OWN: Option<&str> = Some("https://portal.example");
        let cookie = ("cookie", "theme=dark; session=abc");
        for (lines, allowed) in [
            (vec![cookie, ("sec-fetch-site", "same-origin")], true),
            (vec![cookie, ("sec-fetch-site", "none")], true),
            (vec![cookie, ("sec-fetch-site", "same-site")], false),
            (vec![cookie, ("sec-fetch-site", "cross-site")], false),
            (
                vec![
                    cookie,
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://portal.example"),
                ],
                false,
            ),
            (
                vec![
                    cookie,
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
            (vec![cookie, ("origin", "https://portal.example")], true),
            (vec![cookie, ("origin", "https://PORTAL.example")], true),
            (vec![cookie, ("origin", "http://portal.example")], false),
            (
                vec![cookie, ("origin", "https://portal.example.evil")],
                false,
            ),
            (vec![cookie, ("origin", "null")], false),
            (vec![cookie], false),
            (
                vec![("cookie", "theme=dark"), ("cookie", "session=abc")],
                false,
            ),
            (vec![("cookie", "xsession=abc; sessions=1")], true),
            (vec![("origin", "https://evil.example")], true),
            (vec![], true),
        ] {
            let headers = headers(&lines);
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let answer = refuse_cross_site(&method, &headers, "session", OWN);
                assert_eq!(answer.is_ok(), allowed, "{method} {lines:?}");
            }
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                assert!(refuse_cross_site(&method, &headers, "session", OWN).is_ok());
            }
        }
    }

    #[test]
    fn without_an_own_origin_no_origin_is_it() {
        let lines = headers(&[("cookie", "session=1"), ("origin", "https://a")]);
        assert!(refuse_cross_site(&Method::POST, &lines, "session", None).is_err());
    }

    #[test]
    fn pages_and_data_get_their_policies() {
        let mut page = headers(&[("content-type", "text/html; charset=utf-8")]);
        harden(&mut page, StatusCode::OK, true);
        assert!(
            page[CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .contains("script-src 'self'")
        );
        assert!(page.contains_key(STRICT_TRANSPORT_SECURITY));
        let mut data = headers(&[("content-type", "application/json"), ("etag", "\"1\"")]);
        harden(&mut data, StatusCode::OK, false);
        assert_eq!(data[CONTENT_SECURITY_POLICY], DATA_POLICY);
        assert_eq!(data[CACHE_CONTROL], "private, no-cache");
        assert!(!data.contains_key(STRICT_TRANSPORT_SECURITY));
        let mut asset = headers(&[("cache-control", "public, max-age=31536000, immutable")]);
        harden(&mut asset, StatusCode::OK, false);
        assert_eq!(asset[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let mut unchanged = headers(&[("etag", "\"1\"")]);
        harden(&mut unchanged, StatusCode::NOT_MODIFIED, false);
        assert!(!unchanged.contains_key(CONTENT_SECURITY_POLICY));
        assert_eq!(unchanged[CACHE_CONTROL], "private, no-cache");
    }
}
