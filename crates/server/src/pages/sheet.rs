//! Lists as files: CSV and JSON, sent piece by piece so that no list has to stand in memory.

use std::future::Future;

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use crate::http::Problem;

/// Rows of a file, where nothing else is said.
pub(super) const MOST_ROWS: usize = 200_000;
/// Rows of one read.
pub(super) const CHUNK: usize = 500;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// A list: what it is called, its columns, and how a row becomes cells.
pub(super) struct Sheet<T> {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) cells: fn(&T) -> Vec<String>,
    /// Rows of the file at most.
    pub(super) most: usize,
}

struct Sending<T, F> {
    sheet: Sheet<T>,
    sort: Sort,
    next: F,
    after: Option<String>,
    sent: usize,
    over: bool,
}

impl<T, F, R> Sending<T, F>
where
    T: Serialize,
    F: FnMut(Option<String>) -> R,
    R: Future<Output = Result<(Vec<T>, Option<String>), Problem>>,
{
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        if self.over {
            return Ok(None);
        }
        let (rows, next) = (self.next)(self.after.take()).await?;
        let first = self.sent == 0;
        self.sent += rows.len();
        self.over = next.is_none() || self.sent >= self.sheet.most;
        self.after = next;
        let out = match self.sort {
            Sort::Csv => self.csv(first, &rows)?,
            Sort::Json => self.json(first, &rows)?,
        };
        Ok(Some(out))
    }

    fn csv(&self, first: bool, rows: &[T]) -> Result<Vec<u8>, Problem> {
        let columns = if first { self.sheet.columns } else { &[] };
        csv(columns, rows.iter().map(self.sheet.cells))
    }

    fn json(&self, first: bool, rows: &[T]) -> Result<Vec<u8>, Problem> {
        let mut out = Vec::new();
        if first {
            out.push(b'[');
        }
        for (at, row) in rows.iter().enumerate() {
            if !(first && at == 0) {
                out.extend_from_slice(b",\n");
            }
            serde_json::to_writer(&mut out, row).map_err(|error| Problem::internal(&error))?;
        }
        if self.over {
            out.extend_from_slice(b"]\n");
        }
        Ok(out)
    }
}

/// Sends a list as a file. `next` gives the rows behind a place, and the place behind them.
pub(super) async fn send<T, F, R>(sheet: Sheet<T>, sort: Sort, next: F) -> Result<Response, Problem>
where
    T: Serialize + Send + Sync + 'static,
    F: FnMut(Option<String>) -> R + Send + 'static,
    R: Future<Output = Result<(Vec<T>, Option<String>), Problem>> + Send + 'static,
{
    let name = sheet.name;
    let mut sending = Sending {
        sheet,
        sort,
        next,
        after: None,
        sent: 0,
        over: false,
    };
    // What cannot be answered is refused before the file begins.
    let first = sending.piece().await?.unwrap_or_default();
    let rest = stream::unfold(sending, async |mut sending| match sending.piece().await {
        Ok(None) => None,
        Ok(Some(bytes)) => Some((Ok(bytes), sending)),
        // The file breaks off, so that nobody takes it for whole.
        Err(problem) => {
            sending.over = true;
            let error = std::io::Error::other(problem.document().detail.clone());
            Some((Err(error), sending))
        }
    });
    let begun = stream::once(async move { Ok::<_, std::io::Error>(first) });
    Ok((headers(name, sort), Body::from_stream(begun.chain(rest))).into_response())
}

/// A list that is in hand already, as CSV.
pub(super) fn table(
    name: &str,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Response, Problem> {
    Ok((headers(name, Sort::Csv), csv(columns, rows)?).into_response())
}

/// The same as JSON: a list, or what it stands in.
pub(super) fn json(name: &str, whole: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(whole).map_err(|error| Problem::internal(&error))?;
    Ok((headers(name, Sort::Json), bytes).into_response())
}

/// Rows below their columns; without columns, those that go on.
fn csv(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, Problem> {
    let broken = |error: csv::Error| Problem::internal(&error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    if !columns.is_empty() {
        writer.write_record(columns).map_err(broken)?;
    }
    for row in rows {
        writer
            .write_record(row.into_iter().map(harmless))
            .map_err(broken)?;
    }
    writer
        .into_inner()
        .map_err(|error| Problem::internal(&error))
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection).
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

fn headers(name: &str, sort: Sort) -> [(HeaderName, String); 2] {
    let (kind, extension) = match sort {
        Sort::Csv => ("text/csv; charset=utf-8", "csv"),
        Sort::Json => ("application/json", "json"),
    };
    let disposition = format!("attachment; filename=\"{name}.{extension}\"");
    [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ]
}

/// A cell of something that may be missing.
pub(super) fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A cell of what is so or not.
pub(super) fn yes(value: Option<bool>) -> String {
    match value {
        Some(true) => "yes".into(),
        Some(false) => "no".into(),
        None => String::new(),
    }
}

/// A cell of a moment: RFC 3339.
pub(super) fn time(value: Option<i64>) -> String {
    value.map(crate::engine::text_of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx"] {
            assert!(harmless(text.into()).starts_with('\''));
        }
        assert_eq!(harmless("lodash".into()), "lodash");
    }
}
