//! A document as one page that loads nothing, runs nothing, and is set for paper as much as for the screen.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use stanchion_model::document::{Block, Document, Section};

use crate::html::{T, style_policy};

const STYLE: &str = include_str!("style.css");

/// Writes it.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(document).into_string().as_bytes())?;
    out.write_all(b"\n")
}

fn page(document: &Document) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(style_policy(STYLE));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "Stanchion " (env!("CARGO_PKG_VERSION")) };
                title { (T(&document.title)) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    @if let Some(name) = &document.organisation { p.org { (T(name)) } }
                    h1 { (T(&document.title)) }
                    @if !document.summary.is_empty() { p.sum { (T(&document.summary)) } }
                    dl { @for (label, value) in &document.facts { div { dt { (T(label)) } dd { (T(value)) } } } }
                }
                @if document.sections.len() > 3 {
                    nav aria-label="Contents" {
                        ol { @for (at, section) in document.sections.iter().enumerate() {
                            li { a href={ "#s" (at + 1) } { (T(&section.title)) } }
                        } }
                    }
                }
                main { @for (at, section) in document.sections.iter().enumerate() { (set(at + 1, section)) } }
                footer { (T(&document.foot)) }
            }
        }
    }
}

fn set(number: usize, section: &Section) -> Markup {
    html! {
        section id={ "s" (number) } {
            h2 { span.no { (number) } " " (T(&section.title)) }
            @for block in &section.blocks { (self::block(block, &section.title)) }
        }
    }
}

fn block(block: &Block, title: &str) -> Markup {
    match block {
        Block::Text(text) => html! { p { (T(text)) } },
        Block::List(points) => html! { ul { @for point in points { li { (T(point)) } } } },
        Block::Table { head, rows } => html! {
            div.wide role="region" tabindex="0" aria-label=(title) {
                table {
                    thead { tr { @for cell in head { th scope="col" { (T(cell)) } } } }
                    tbody { @for row in rows {
                        tr { @for (at, cell) in row.iter().enumerate() {
                            @if at == 0 { th scope="row" { (T(cell)) } } @else { td { (T(cell)) } }
                        } }
                    } }
                }
            }
        },
        Block::Signatures(places) => html! {
            div.sign { @for (role, name) in places {
                div {
                    p.line { span { "Signature" } span { "Date" } }
                    p { b { (T(role)) } @if !name.is_empty() { ", " (T(name)) } }
                }
            } }
        },
    }
}
