//! Lists of the administration as files.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::Problem;

use super::super::findings::harmless;

/// Rows of a file at most.
pub(super) const MOST: usize = 20_000;

/// A list as CSV.
pub(super) fn csv_file(
    name: &'static str,
    heads: &[&str],
    rows: Vec<Vec<String>>,
) -> Result<Response, Problem> {
    let broken = |error: csv::Error| Problem::internal(&error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(heads).map_err(broken)?;
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| harmless(cell)).collect();
        writer.write_record(&cells).map_err(broken)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Problem::internal(&error))?;
    Ok((headers("text/csv; charset=utf-8", name), bytes).into_response())
}

/// A list as JSON.
pub(super) fn json_file<T: Serialize>(name: &'static str, all: &[T]) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(all).map_err(|error| Problem::internal(&error))?;
    Ok((headers("application/json", name), bytes).into_response())
}

fn headers(kind: &'static str, name: &'static str) -> [(axum::http::HeaderName, HeaderValue); 2] {
    [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ]
}
