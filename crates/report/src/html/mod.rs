//! The HTML report: one file that loads nothing, complete without script, and prints well.
//!
//! The answer comes first, then what to do, then why. Everything that was found is in the document; the script only
//! filters, sorts and opens. A [Content-Security-Policy](https://www.w3.org/TR/CSP3/) allows exactly our own style
//! and script, by their hashes, so that text from a scanned file could not run even if it got through the escaping.

mod detail;
mod findings;
mod foot;
mod head;
mod parts;
mod ruling;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use stanchion_model::report::Assessment;

use crate::answer::answer;
use crate::group::{split, upgrades};
use crate::ruling::{Ruling, open};
pub(crate) use parts::T;
use ruling::Places;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the report.
pub fn write(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(assessment).into_string().as_bytes())?;
    out.write_all(b"\n")
}

fn page(assessment: &Assessment) -> Markup {
    let answer = answer(assessment);
    let ruling = Ruling::of(assessment);
    let ruling = ruling.as_ref();
    let findings = split(open(assessment));
    let scored = &findings.scored;
    let upgrades = upgrades(scored);
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "Stanchion " (env!("CARGO_PKG_VERSION")) };
                title { (answer.text) }
                // Browsers ask a server for an icon unless there is one.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#findings" { "Skip to the findings" }
                (head::banner(assessment, &findings, ruling.is_some()))
                main {
                    (head::verdict(assessment, &answer, scored))
                    @if let Some(ruling) = ruling { (ruling::section(assessment, ruling, &Places::new(&findings))) }
                    (head::first(&upgrades, scored))
                    (findings::section(scored, assessment, ruling))
                    (findings::breaches(&findings.breaches, ruling))
                    (findings::unscored(&findings.lapsed, ruling))
                    (findings::decided(assessment, ruling))
                    @if ruling.is_some() { (ruling::permissions(assessment)) }
                    (foot::problems(assessment))
                    (foot::components(assessment))
                }
                (foot::provenance(assessment))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Nothing is allowed but our own style and script.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// Nothing is allowed but one style of our own.
pub(crate) fn style_policy(style: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style)
    )
}

/// The [hash source](https://www.w3.org/TR/CSP3/#grammardef-hash-source) of an inline block.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648, section 4; thirty-two bytes are not worth a dependency.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let six = word >> (18 - 6 * at) & 63;
            out.push(if at <= chunk.len() {
                char::from(ALPHABET[six as usize])
            } else {
                '='
            });
        }
    }
    out
}
