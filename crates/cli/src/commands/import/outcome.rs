//! What became of everything: counted, and each thing that did not come listed with its reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;
use stanchion_model::text::quoted;

use crate::exit::Failure;
use crate::output::{self, Output};

/// Longest name and longest reason.
const MOST_TEXT: usize = 300;
/// Most rows of the table for what did not come; the JSON has them all.
const MOST_ROWS: usize = 50;

/// Numbers of one kind of thing.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Sent and taken; with `--dry-run`, what would be sent.
    pub(super) came: u64,
    /// Came before and is the same, or was there already.
    pub(super) unchanged: u64,
    /// Did not come.
    pub(super) not: u64,
    /// Left out, as it should be.
    pub(super) left: u64,
}

/// Something that did not come, or not all of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) reason: String,
}

/// The whole of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Outcome {
    schema: &'static str,
    source: &'static str,
    pub(super) dry_run: bool,
    /// Why the run ended before everything was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
    pub(super) counts: BTreeMap<&'static str, Counts>,
    /// What did not come.
    pub(super) missing: Vec<Line>,
    /// What is left out as it should be: by kind, where and why, how many.
    #[serde(serialize_with = "rows")]
    left: BTreeMap<(&'static str, String, &'static str), u64>,
    /// What came, but is not all that the source says.
    pub(super) lossy: Vec<Line>,
}

impl Outcome {
    pub(super) fn new(source: &'static str) -> Self {
        Self {
            schema: "stanchion.import/1",
            source,
            ..Self::default()
        }
    }

    pub(super) fn came(&mut self, kind: &'static str) {
        self.counts.entry(kind).or_default().came += 1;
    }

    pub(super) fn unchanged(&mut self, kind: &'static str) {
        self.counts.entry(kind).or_default().unchanged += 1;
    }

    pub(super) fn not(&mut self, kind: &'static str, name: &str, reason: &str) {
        self.counts.entry(kind).or_default().not += 1;
        self.missing.push(line(kind, name, reason));
    }

    pub(super) fn left(&mut self, kind: &'static str, place: &str, reason: &'static str) {
        self.counts.entry(kind).or_default().left += 1;
        let place = line(kind, place, "").name;
        *self.left.entry((kind, place, reason)).or_default() += 1;
    }

    pub(super) fn loses(&mut self, kind: &'static str, name: &str, reason: &str) {
        self.lossy.push(line(kind, name, reason));
    }

    pub(super) fn write(&self, output: &Output) -> Result<(), Failure> {
        output::write(output, &mut |out: &mut dyn Write| {
            if output.format == "json" {
                serde_json::to_writer(&mut *out, self)?;
                return out.write_all(b"\n");
            }
            out.write_all(self.table().as_bytes())
        })
    }

    fn table(&self) -> String {
        let mut out = format!(
            "{:<14} {:>8} {:>10} {:>8} {:>8}\n",
            if self.dry_run { "would come" } else { "" },
            "came",
            "unchanged",
            "left out",
            "not"
        );
        for (kind, counts) in &self.counts {
            let _ = writeln!(
                out,
                "{kind:<14} {:>8} {:>10} {:>8} {:>8}",
                counts.came, counts.unchanged, counts.left, counts.not
            );
        }
        if self.counts.is_empty() {
            out.push_str("nothing was found\n");
        }
        for (title, lines) in [
            ("Did not come:", &self.missing),
            ("Came, but not all of it:", &self.lossy),
        ] {
            if lines.is_empty() {
                continue;
            }
            let _ = write!(out, "\n{title}\n");
            for line in lines.iter().take(MOST_ROWS) {
                let _ = writeln!(out, "  {} {}: {}", line.kind, line.name, line.reason);
            }
            if let Some(more @ 1..) = lines.len().checked_sub(MOST_ROWS) {
                let _ = writeln!(out, "  and {more} more: -o json has them all");
            }
        }
        if !self.left.is_empty() {
            out.push_str("\nLeft out:\n");
            for ((kind, place, reason), count) in self.left.iter().take(MOST_ROWS) {
                let _ = writeln!(out, "  {kind} {place}: {count} {reason}");
            }
        }
        if let Some(ended) = &self.ended {
            let _ = write!(
                out,
                "\nThe import ended early: {}\n",
                quoted(ended, MOST_TEXT)
            );
        }
        out
    }
}

fn rows<S: serde::Serializer>(
    left: &BTreeMap<(&'static str, String, &'static str), u64>,
    to: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Row<'r> {
        kind: &'r str,
        place: &'r str,
        reason: &'r str,
        count: u64,
    }
    to.collect_seq(left.iter().map(|((kind, place, reason), count)| Row {
        kind,
        place,
        reason,
        count: *count,
    }))
}

fn line(kind: &'static str, name: &str, reason: &str) -> Line {
    Line {
        kind,
        name: quoted(name, MOST_TEXT).replace('\n', " "),
        reason: quoted(reason, MOST_TEXT).replace('\n', " "),
    }
}
