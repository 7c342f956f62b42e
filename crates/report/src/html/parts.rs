//! Small pieces that every part of the page is made of.

use std::fmt::Write;

use maud::{Escaper, Markup, Render, html};
use stanchion_model::finding::{Finding, Kind};

use crate::group::Class;
use crate::plain::{address, percent, safe, thousands, word};

/// Text from a scanned file or an advisory: made harmless, then escaped.
pub(crate) struct T<'a>(pub(crate) &'a str);

impl Render for T<'_> {
    fn render_to(&self, buffer: &mut String) {
        let _ = Escaper::new(buffer).write_str(&safe(self.0));
    }
}

/// A whole number with its thousands set apart.
pub(super) struct N(pub(super) usize);

impl Render for N {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(&thousands(self.0 as u64));
    }
}

/// How much of the whole a part is, 0-1.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    count(part) / count(whole.max(1))
}

/// A length in a drawing: two decimals at most, no needless zero.
pub(super) fn length(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The mark of a class of severity: a letter for the eye, the whole word for a reader, for copying and for the filter.
pub(super) fn badge(class: Class) -> Markup {
    let word = class.word();
    html! {
        b class={ "s " (css(class)) } {
            @if class == Class::Other { "·" i { "no severity" } }
            @else if class == Class::Malicious { "!" i { " " (word) } }
            @else { (word[..1].to_ascii_uppercase()) i { (&word[1..]) } }
        }
    }
}

/// The mark alone. Medium has the M, so malicious has none.
pub(super) fn mark(class: Class) -> String {
    if class == Class::Malicious {
        "!".into()
    } else {
        class.word()[..1].to_ascii_uppercase()
    }
}

/// One letter, for the style sheet.
pub(super) const fn css(class: Class) -> &'static str {
    match class {
        Class::Malicious => "k",
        Class::Critical => "c",
        Class::High => "h",
        Class::Medium => "m",
        Class::Low => "l",
        Class::Other => "o",
    }
}

/// What makes a finding stand out beyond its severity, in a word or two.
pub(super) fn tags(finding: &Finding) -> Markup {
    html! {
        @if finding.kind == Kind::Malicious { span.tag.hot { "malicious" } " " }
        @if finding.kev.is_some() { span.tag.hot { "exploited" } " " }
        @else if let Some(epss) = finding.epss.filter(|epss| epss.probability >= 0.01) { span.tag { "EPSS " (percent(epss.probability)) } " " }
        @if !matches!(finding.kind, Kind::Vulnerability | Kind::Malicious) { span.tag { (word(finding.kind)) } " " }
    }
}

/// A link, where the address is one that a reader may follow; else the text alone.
pub(super) fn link(address: &str, text: &str) -> Markup {
    let plain = !address.chars().any(|c| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\')
    }) && safe(address) == address;
    let known = ["https://", "http://"].iter().any(|scheme| {
        address
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    html! {
        @if plain && known { a href=(address) rel="noreferrer noopener" { (T(text)) } }
        @else { (T(text)) }
    }
}

/// An id, linked to where it is published. An address that the evidence gives goes first.
pub(super) fn id(finding: &Finding, id: &str) -> Markup {
    let given = finding
        .evidence
        .iter()
        .find(|evidence| evidence.advisory == id)
        .and_then(|evidence| evidence.url.clone());
    given
        .or_else(|| address(id))
        .map_or_else(|| html! { (T(id)) }, |address| link(&address, id))
}
