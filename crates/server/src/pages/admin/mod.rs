//! Looking after the portal: each page shows what its operations give, and each form calls one of them.

mod backup;
mod channels;
mod feeds;
mod jobs;
mod log;
mod overview;
mod people;
pub(super) mod person;
pub(super) mod tokens;

use axum::Router;
use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use stanchion_store::params;
use stanchion_ui::admin::Sent;

use crate::http::Problem;
use crate::people::permission::{ALL, Reach};
use crate::portal::Portal;

use super::around::Fields;
use super::map;

/// Names of products that the browser's list offers.
const OFFERED: usize = 500;

/// Rows of a list that is held whole to leave as a file.
const MOST_LISTED: usize = 20_000;

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .merge(overview::routes())
        .merge(people::routes())
        .merge(person::routes())
        .merge(tokens::routes())
        .merge(feeds::routes())
        .merge(jobs::routes())
        .merge(channels::routes())
        .merge(log::routes())
        .merge(backup::routes())
}

/// Seconds since 1970 of a time that the API gives.
pub(super) fn at(text: &str) -> i64 {
    map::seconds(text).unwrap_or_default()
}

/// The form as it is shown again after a problem, with faults moved to the fields as the page calls them: `(of the
/// operation, of the page)`.
pub(super) fn again(
    fields: &Fields,
    form: &'static str,
    problem: Problem,
    names: &[(&str, &str)],
) -> Result<(StatusCode, Sent), Problem> {
    let (status, mut typed) = fields.wrong(problem)?;
    for (name, _) in &mut typed.faults {
        let last = name.rsplit(['.', '/']).next().unwrap_or_default();
        if let Some((_, own)) = names.iter().find(|(theirs, _)| *theirs == last) {
            (*own).clone_into(name);
        }
    }
    // Nothing secret goes back into a page.
    typed
        .values
        .retain(|(name, _)| name != "form_token" && !stanchion_ui::frame::is_secret(name));
    Ok((status, Sent { form, typed }))
}

/// The header that says which state a change is made to.
fn if_match(revision: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let revision: String = revision.chars().filter(char::is_ascii_digit).collect();
    if let Ok(value) = HeaderValue::from_str(&format!("\"r{revision}\"")) {
        headers.insert(IF_MATCH, value);
    }
    headers
}

/// Permissions that `lets` lets through, and what each lets one do; without those of one's own account, which no program
/// needs.
pub(super) fn permissions(lets: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    ALL.iter()
        .filter(|permission| permission.reach != Reach::Own && lets(permission.name))
        .map(|permission| (permission.name, permission.about))
        .collect()
}

/// The first names of products, for the browser's own list. For those who see the whole organisation.
async fn product_names(portal: &Portal) -> Result<Vec<String>, Problem> {
    portal
        .read(|tx| {
            let sql = format!("SELECT name FROM product ORDER BY name LIMIT {OFFERED}");
            Ok(tx.all(&sql, params![], |row| row.get(0))?)
        })
        .await
}
