//! Bars of parts of a whole, as segments beside each other.

use maud::{Markup, html};

use super::frame::{address, length, percent};

/// A number that leads to what it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// How many.
    pub count: u64,
    /// Where they are listed.
    pub href: Option<String>,
}

/// A part of a bar.
pub(super) struct Segment<'a> {
    pub(super) class: &'static str,
    /// Stands in it where it is long enough.
    pub(super) letter: &'static str,
    pub(super) value: f64,
    pub(super) href: Option<&'a str>,
    pub(super) title: String,
}

/// Least share of the width that holds a letter on a phone.
const LETTER: f64 = 0.06;

/// The segments, each as long as its share of `whole`, from the left. Links are for the pointer: the same stand in the
/// text below.
pub(super) fn bar(segments: &[Segment<'_>], whole: f64, height: f64) -> Markup {
    let mut from = 0.0;
    let placed: Vec<(&Segment<'_>, f64, f64)> = segments
        .iter()
        .filter(|segment| segment.value > 0.0)
        .map(|segment| {
            let long = if whole > 0.0 {
                segment.value / whole
            } else {
                0.0
            };
            from += long;
            (segment, from - long, long)
        })
        .collect();
    html! {
        svg.bar width="100%" height=(length(height)) aria-hidden="true" {
            line.base x1="0.5" x2="0.5" y1="0" y2=(length(height)) {}
            @for (segment, from, long) in &placed {
                @match segment.href.and_then(address) {
                    Some(href) => a href=(href) tabindex="-1" { (piece(segment, *from, *long, height)) },
                    None => g { (piece(segment, *from, *long, height)) },
                }
            }
        }
    }
}

fn piece(segment: &Segment<'_>, from: f64, long: f64, height: f64) -> Markup {
    html! {
        title { (segment.title) }
        rect.part.(segment.class) x=(percent(from)) y="1" width=(percent(long)) height=(length(height - 2.0)) {}
        @if long >= LETTER && height >= 14.0 && !segment.letter.is_empty() {
            text.on.(segment.class) x=(percent(from + long / 2.0)) y=(length(height / 2.0 + 4.0)) text-anchor="middle" { (segment.letter) }
        }
    }
}

/// A number in the text, as a link where it leads somewhere.
pub(super) fn count(text: &Markup, href: Option<&str>) -> Markup {
    html! {
        @if let Some(href) = href.and_then(address) { a.count href=(href) { (text) } } @else { span.count { (text) } }
    }
}
