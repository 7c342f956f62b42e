//! [EPSS](https://www.first.org/epss/data_stats) scores: gzip of CSV, with a comment line for model and date.

use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;

use crate::index::tables::cve_number;

/// Most bytes that a file unpacks to; today's has 10 MB.
const MOST: u64 = 256 << 20;

/// Most scores; today's file has 300,000.
const ENTRIES: usize = 3_000_000;

/// CVE number, probability and percentile; the date of the scores; the lines that could not be used.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    pub(crate) entries: Vec<(u64, f64, f64)>,
    pub(crate) date: Option<String>,
    pub(crate) refused: Vec<(String, String)>,
}

/// Reads a file, compressed or plain.
pub(crate) fn parse(bytes: &[u8]) -> Result<Scores, String> {
    let plain: Box<dyn Read + '_> = if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(bytes))
    } else {
        Box::new(bytes)
    };
    let mut scores = Scores::default();
    let mut lines = BufReader::new(plain.take(MOST));
    let mut line = String::new();
    let mut number = 0u32;
    loop {
        line.clear();
        number += 1;
        match lines.by_ref().take(4096).read_line(&mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return Err(format!("line {number}: {error}")),
        }
        let text = line.trim();
        if let Some(comment) = text.strip_prefix('#') {
            scores.date = comment
                .split(',')
                .find_map(|part| part.strip_prefix("score_date:"))
                .map(str::to_owned)
                .or(scores.date);
            continue;
        }
        if text.is_empty() || text.starts_with("cve,") {
            continue;
        }
        let mut cells = text.split(',');
        let cve = cells.next().and_then(cve_number);
        let share = |cell: Option<&str>| {
            cell.and_then(|cell| cell.trim().parse::<f64>().ok())
                .filter(|share| (0.0..=1.0).contains(share))
        };
        match (cve, share(cells.next()), share(cells.next())) {
            (Some(_), Some(_), Some(_)) if scores.entries.len() >= ENTRIES => {
                return Err(format!("more than {ENTRIES} scores"));
            }
            (Some(cve), Some(probability), Some(percentile)) => {
                scores.entries.push((cve, probability, percentile));
            }
            _ if scores.refused.len() < 100 => scores.refused.push((
                format!("line {number}"),
                "it is no CVE with two shares of one".into(),
            )),
            _ => {}
        }
    }
    if scores.entries.is_empty() {
        return Err("it has no scores".into());
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_as_published_is_read() {
        let text = "#model_version:v2025.03.14,score_date:2025-09-03T12:55:00Z\ncve,epss,percentile\nCVE-1999-0001,0.0142,0.7991\nbad,1,2\n";
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        for bytes in [text.as_bytes().to_vec(), packer.finish().unwrap()] {
            let scores = parse(&bytes).unwrap();
            assert_eq!(scores.date.as_deref(), Some("2025-09-03T12:55:00Z"));
            assert_eq!(
                scores.entries,
                [(cve_number("CVE-1999-0001").unwrap(), 0.0142, 0.7991)]
            );
            assert_eq!(scores.refused[0].0, "line 4");
        }
        assert!(parse(b"").is_err() && parse(&[0x1f, 0x8b, 0, 0]).is_err());
    }

    #[test]
    fn a_file_that_unpacks_to_scores_without_end_is_refused() {
        let text = "CVE-2020-1000,0,0\n".repeat(ENTRIES + 1);
        assert_eq!(
            parse(text.as_bytes()).unwrap_err(),
            "more than 3000000 scores"
        );
    }
}
