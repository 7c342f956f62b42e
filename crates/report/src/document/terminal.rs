//! A document for a terminal: plain text that follows the width; tables become lines that wrap under themselves.

use std::fmt::Write;

use stanchion_model::document::{Block, Document};

use crate::plain::{pad, safe, width};

/// Narrowest and widest text.
const WIDTHS: (usize, usize) = (60, 100);
/// Longest cell that keeps its row on one line.
const CELL: usize = 28;

/// Renders it.
pub fn render(document: &Document, columns: usize) -> String {
    let columns = columns.clamp(WIDTHS.0, WIDTHS.1);
    let mut out = String::new();
    let _ = writeln!(out, "{}", safe(&document.title));
    if let Some(name) = &document.organisation {
        let _ = writeln!(out, "{}", safe(name));
    }
    out.push('\n');
    if !document.summary.is_empty() {
        wrapped(&mut out, &document.summary, "", "", columns);
        out.push('\n');
    }
    let labels = document
        .facts
        .iter()
        .map(|(label, _)| width(&safe(label)))
        .max()
        .unwrap_or(0);
    for (label, value) in &document.facts {
        let first = format!("{}  ", pad(&safe(label), labels));
        wrapped(&mut out, value, &first, &" ".repeat(labels + 2), columns);
    }
    for section in &document.sections {
        let _ = writeln!(out, "\n{}", safe(&section.title));
        for block in &section.blocks {
            match block {
                Block::Text(text) => wrapped(&mut out, text, "  ", "  ", columns),
                Block::List(points) => {
                    for point in points {
                        wrapped(&mut out, point, "  - ", "    ", columns);
                    }
                }
                Block::Table { head, rows } => table(&mut out, head, rows, columns),
                Block::Signatures(places) => {
                    for (role, name) in places {
                        wrapped(
                            &mut out,
                            &format!("{role} {name}  ____________________  ____________"),
                            "  ",
                            "  ",
                            columns,
                        );
                    }
                }
            }
        }
    }
    let _ = writeln!(out, "\n{}", safe(&document.foot));
    out
}

fn table(out: &mut String, head: &[String], rows: &[Vec<String>], columns: usize) {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| safe(cell).replace('\n', " "))
                .collect()
        })
        .collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| {
            rows.iter()
                .map(|row| width(&row[at]))
                .chain([width(&head[at])])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let fits = widths.iter().sum::<usize>() + 2 * widths.len() <= columns
        && widths.iter().all(|wide| *wide <= CELL.max(columns / 2));
    if fits {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, wide)| pad(cell, *wide))
                .collect();
            format!("  {}", cells.join("  ")).trim_end().to_owned()
        };
        let _ = writeln!(
            out,
            "{}",
            line(
                &head
                    .iter()
                    .map(|cell| cell.to_uppercase())
                    .collect::<Vec<_>>()
            )
        );
        for row in &rows {
            let _ = writeln!(out, "{}", line(row));
        }
        return;
    }
    // Too wide: the first cell leads, and the others hang below it with their names.
    let labels = head[1..]
        .iter()
        .map(|label| width(label))
        .max()
        .unwrap_or(0);
    for row in &rows {
        wrapped(out, &row[0], "  ", "  ", columns);
        for (label, cell) in head[1..].iter().zip(&row[1..]) {
            if cell.is_empty() || cell == "–" {
                continue;
            }
            let first = format!("      {}  ", pad(&label.to_lowercase(), labels));
            let next = " ".repeat(labels + 8);
            wrapped(out, cell, &first, &next, columns);
        }
    }
}

/// Words in lines of so many columns, the first after one text and the others after another.
fn wrapped(out: &mut String, text: &str, first: &str, next: &str, columns: usize) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in safe(text).split_whitespace() {
        if !empty && width(&line) + 1 + width(word) > columns {
            let _ = writeln!(out, "{}", line.trim_end());
            next.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}
