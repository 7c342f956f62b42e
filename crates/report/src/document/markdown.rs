//! A document as [GitHub Flavored Markdown](https://github.github.com/gfm/). Text stands escaped: it formats nothing.

use std::fmt::Write as _;
use std::io::{self, Write};

use stanchion_model::document::{Block, Document};

use crate::markdown::text;

/// Writes it.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(render(document).as_bytes())
}

fn line(content: &str) -> String {
    text(&content.split_whitespace().collect::<Vec<_>>().join(" "))
}

pub(super) fn render(document: &Document) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", line(&document.title));
    if let Some(name) = &document.organisation {
        let _ = writeln!(out, "**{}**\n", line(name));
    }
    if !document.summary.is_empty() {
        let _ = writeln!(out, "{}\n", line(&document.summary));
    }
    if !document.facts.is_empty() {
        out.push_str("| | |\n| :-- | :-- |\n");
        for (label, value) in &document.facts {
            let _ = writeln!(out, "| {} | {} |", line(label), line(value));
        }
        out.push('\n');
    }
    for (at, section) in document.sections.iter().enumerate() {
        let _ = writeln!(out, "## {}. {}\n", at + 1, line(&section.title));
        for block in &section.blocks {
            match block {
                Block::Text(text) => {
                    let _ = writeln!(out, "{}\n", line(text));
                }
                Block::List(points) => {
                    for point in points {
                        let _ = writeln!(out, "- {}", line(point));
                    }
                    out.push('\n');
                }
                Block::Table { head, rows } => {
                    let row = |cells: &[String]| {
                        format!(
                            "| {} |",
                            cells
                                .iter()
                                .map(|cell| line(cell))
                                .collect::<Vec<_>>()
                                .join(" | ")
                        )
                    };
                    let _ = writeln!(out, "{}", row(head));
                    let _ = writeln!(out, "|{}", " :-- |".repeat(head.len()));
                    for cells in rows {
                        let _ = writeln!(out, "{}", row(cells));
                    }
                    out.push('\n');
                }
                Block::Signatures(places) => {
                    out.push_str("| Role | Name | Signature | Date |\n| :-- | :-- | :-- | :-- |\n");
                    for (role, name) in places {
                        let _ = writeln!(out, "| {} | {} | | |", line(role), line(name));
                    }
                    out.push('\n');
                }
            }
        }
    }
    let _ = writeln!(out, "---\n\n<sub>{}</sub>", line(&document.foot));
    out
}
