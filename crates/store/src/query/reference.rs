//! The page for people, from the tables.

use std::fmt::Write;

use stanchion_model::threat::ThreatVector;

use super::fields::{COMPONENTS, FINDINGS, Kind, List, PRODUCTS};

/// The tables of `docs/query.md`.
pub fn reference() -> String {
    let mut out = String::new();
    for list in [&FINDINGS, &PRODUCTS, &COMPONENTS] {
        table(&mut out, list);
    }
    // Writing to a text cannot fail.
    let _ = writeln!(out, "## Threat vectors\n\n| id | in words |\n|---|---|");
    for vector in ThreatVector::all() {
        let _ = writeln!(out, "| `{}` | {} |", vector.id(), vector.title());
    }
    out
}

fn table(out: &mut String, list: &List) {
    let mut name = list.name.to_owned();
    name[..1].make_ascii_uppercase();
    let _ = writeln!(out, "## {name}\n\nBare words look for {}.\n", list.text);
    let _ = writeln!(out, "| field | what | takes | example |\n|---|---|---|---|");
    for field in list.fields {
        let names: Vec<String> = std::iter::once(field.name)
            .chain(field.also.iter().copied())
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | `{}` |",
            names.join(", "),
            field.about,
            takes(field.kind),
            field.example
        );
    }
    if !list.all.is_empty() {
        let _ = writeln!(
            out,
            "| `all` | {}, too | `true`, `false` | `all:true` |",
            list.all
        );
    }
    let sorts: Vec<String> = list
        .sorts
        .iter()
        .map(|sort| format!("`{}` ({})", sort.name, sort.about))
        .collect();
    let _ = writeln!(
        out,
        "| `sort` | order of the list; with `-` the other way round | {} | `sort:{}` |",
        sorts.join(", "),
        list.sorts.last().map_or("", |sort| sort.name)
    );
    let _ = writeln!(out, "\n| word | short for | what |\n|---|---|---|");
    for flag in list.flags {
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} |",
            flag.word, flag.term, flag.about
        );
    }
    out.push('\n');
}

fn takes(kind: Kind) -> String {
    match kind {
        Kind::Words { words, ordered } => {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            format!(
                "{}{}",
                words.join(", "),
                if ordered { "; compared" } else { "" }
            )
        }
        Kind::Truth => "`true`, `false`".into(),
        Kind::Number {
            scale,
            most,
            percent,
        } => format!(
            "0 to {}{}; compared",
            most / scale,
            if percent { ", or per cent" } else { "" }
        ),
        Kind::Until => "a day, `7d` from now, `overdue`; compared".into(),
        Kind::Since => "a day, `7d` ago; compared".into(),
        Kind::Age => "`12h`, `30d`, `2w`, `6m`, `1y`; compared".into(),
        Kind::Vector => "a threat vector or a short form of one".into(),
        Kind::Text { prefix, empty } => format!(
            "a text{}{}",
            if prefix { ", `*` at its end" } else { "" },
            if empty { ", `none`, `any`" } else { "" }
        ),
    }
}
