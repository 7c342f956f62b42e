//! `stanchion coverage`: what is read, and for what there are advisories.

use std::io::Write;

use serde::Serialize;
use stanchion_inventory::extractors::REGISTRY;
use stanchion_model::Ecosystem;

use crate::args::Coverage;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Serialize)]
struct Row {
    id: &'static str,
    format: &'static str,
    files: &'static [&'static str],
    ecosystem: Option<&'static str>,
    tells: Vec<&'static str>,
    specification: &'static str,
    /// Whether the database at hand has advisories for the ecosystem; `None` for a format of any ecosystem.
    advisories: Option<bool>,
}

pub(crate) fn run(context: &Context, args: &Coverage) -> Result<Exit, Failure> {
    let outputs = output::parse(&args.output, &["table", "json", "markdown"])?;
    let index = context.index()?;
    let known: Vec<String> = index
        .ecosystems()
        .map(|name| name.split(':').next().unwrap_or(name).to_owned())
        .collect();
    let rows: Vec<Row> = REGISTRY
        .iter()
        .map(|extractor| row(extractor.about(), &known))
        .collect();
    for output in &outputs {
        output::write(
            output,
            &mut |out: &mut dyn Write| match output.format.as_str() {
                "json" => {
                    serde_json::to_writer_pretty(&mut *out, &rows)?;
                    writeln!(out)
                }
                "markdown" => markdown(&rows, out),
                _ => table(&rows, out),
            },
        )?;
    }
    Ok(Exit::Fine)
}

fn row(about: &'static stanchion_inventory::About, known: &[String]) -> Row {
    let can = about.capabilities;
    let tells = [
        (can.lines, "lines"),
        (can.direct, "direct"),
        (can.scopes, "scopes"),
        (can.edges, "edges"),
        (can.hashes, "hashes"),
        (can.licences, "licences"),
    ];
    Row {
        id: about.id,
        format: about.title,
        files: about.files,
        ecosystem: about.ecosystem.map(Ecosystem::name),
        tells: tells
            .into_iter()
            .filter_map(|(yes, word)| yes.then_some(word))
            .collect(),
        specification: about.specification,
        advisories: about
            .ecosystem
            .map(|ecosystem| known.iter().any(|name| name == ecosystem.name())),
    }
}

fn advisories(row: &Row) -> &'static str {
    match row.advisories {
        Some(true) => "yes",
        Some(false) => "no",
        None => "by component",
    }
}

fn table(rows: &[Row], out: &mut dyn Write) -> std::io::Result<()> {
    let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (id, format) = (
        width(|row| row.id.len()),
        width(|row| row.format.len()).min(46),
    );
    writeln!(
        out,
        "{:id$}  {:format$}  {:12}  TELLS",
        "FORMAT", "WHAT", "ADVISORIES"
    )?;
    for row in rows {
        writeln!(
            out,
            "{:id$}  {:format$}  {:12}  {}",
            row.id,
            row.format,
            advisories(row),
            row.tells.join(" ")
        )?;
        writeln!(out, "{:id$}    {}", "", row.files.join("  "))?;
    }
    writeln!(
        out,
        "\n\"Advisories\" is about the database at hand: a format can be read although nothing is known about what it lists."
    )
}

fn markdown(rows: &[Row], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "| Format | Files | Ecosystem | Tells |\n|---|---|---|---|"
    )?;
    for row in rows {
        let files: Vec<String> = row.files.iter().map(|file| format!("`{file}`")).collect();
        writeln!(
            out,
            "| [{}]({}) `{}` | {} | {} | {} |",
            row.format,
            row.specification,
            row.id,
            files.join(" "),
            row.ecosystem.unwrap_or("any"),
            row.tells.join(", ")
        )?;
    }
    Ok(())
}
