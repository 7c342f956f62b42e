//! A list as a file: page by page as it is read, so that none has to be held whole.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use crate::http::Problem;

use super::super::findings::harmless;

/// Rows of one read.
pub(super) const CHUNK: usize = 500;
/// Rows of a file.
const MOST_ROWS: usize = 100_000;

/// What sort of file.
#[derive(Clone, Copy)]
pub(super) enum Sort {
    Csv,
    Json,
}

/// A list that is sent.
pub(super) struct Sheet<T> {
    /// Its file name, without what tells the sort.
    pub(super) name: &'static str,
    /// The columns of the table.
    pub(super) head: &'static [&'static str],
    /// The cells of a row.
    pub(super) cells: fn(&T) -> Vec<String>,
}

fn piece<T: Serialize>(
    sheet: &Sheet<T>,
    sort: Sort,
    first: bool,
    last: bool,
    rows: &[T],
) -> Result<Vec<u8>, Problem> {
    match sort {
        Sort::Json => {
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
            if last {
                out.extend_from_slice(b"]\n");
            }
            Ok(out)
        }
        Sort::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let broken = |error: csv::Error| Problem::internal(&error);
            if first {
                writer.write_record(sheet.head).map_err(broken)?;
            }
            for row in rows {
                let cells = (sheet.cells)(row);
                let cells = cells.iter().map(|cell| harmless(cell));
                writer.write_record(cells).map_err(broken)?;
            }
            writer
                .into_inner()
                .map_err(|error| Problem::internal(&error))
        }
    }
}

/// Sends a list. `read` gives the rows after a place, and the next place.
pub(super) async fn send<T, F, R>(sheet: Sheet<T>, sort: Sort, read: R) -> Result<Response, Problem>
where
    T: Serialize + Send + 'static,
    F: Future<Output = Result<(Vec<T>, Option<String>), Problem>> + Send,
    R: Fn(Option<String>) -> F + Send + Sync + 'static,
{
    // What cannot be answered is refused before the file begins.
    let (rows, next) = read(None).await?;
    let sent = rows.len();
    let begun = piece(&sheet, sort, true, next.is_none(), &rows)?;
    let name = sheet.name;
    let rest = stream::unfold((next, sent, read, sheet, sort), async |state| {
        let (next, sent, read, sheet, sort) = state;
        let after = next?;
        let found = read(Some(after)).await.and_then(|(rows, next)| {
            let sent = sent + rows.len();
            let next = next.filter(|_| sent < MOST_ROWS);
            let bytes = piece(&sheet, sort, false, next.is_none(), &rows)?;
            Ok((bytes, next, sent))
        });
        match found {
            Ok((bytes, next, sent)) => Some((Ok(bytes), (next, sent, read, sheet, sort))),
            // The file breaks off, so that nobody takes it for whole.
            Err(problem) => {
                let error = std::io::Error::other(problem.document().detail.clone());
                Some((Err(error), (None, sent, read, sheet, sort)))
            }
        }
    });
    let (kind, ending) = match sort {
        Sort::Csv => ("text/csv; charset=utf-8", "csv"),
        Sort::Json => ("application/json", "json"),
    };
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{ending}\""),
        ),
    ];
    let first = stream::once(async move { Ok::<_, std::io::Error>(begun) });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok((headers, body).into_response())
}
