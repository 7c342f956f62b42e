//! The pages over real connections: who sees them, and what their forms do.

mod account;
mod admin;
mod policy;
mod products;
mod progress;

use super::http::Answer;
use super::people::{House, OWN};

/// The token of the forms of a page.
pub(crate) fn token(house: &House, path: &str, cookie: &str) -> String {
    let answer = house.get(path, &[cookie]);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    between(&answer.text(), "name=\"form_token\" value=\"", "\"")
}

/// What stands between two texts.
pub(crate) fn between(text: &str, before: &str, after: &str) -> String {
    let from = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before}: {text}"))
        .1;
    from.split_once(after).unwrap().0.to_owned()
}

/// Sends a form of a page with the token of `page`.
pub(crate) fn send(
    house: &House,
    page: &str,
    address: &str,
    cookie: &str,
    pairs: &[(&str, &str)],
) -> Answer {
    let token = token(house, page, cookie);
    let mut all = vec![("form_token", token.as_str())];
    all.extend(pairs);
    house.form(address, &[OWN, cookie], &all)
}

/// What was said once after a form, on the page that it went on to.
pub(crate) fn said(house: &House, answer: &Answer, cookie: &str) -> (String, String) {
    assert_eq!(answer.status, 303, "{answer:?}");
    let path = answer.header("location").unwrap().to_owned();
    let said = super::people::cookies(answer);
    let both = format!("{cookie}; {}", said.trim_start_matches("cookie: "));
    let text = house.get(&path, &[&both]).text();
    (path, between(&text, "role=\"status\"><p>", "</p>"))
}
