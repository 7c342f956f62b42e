//! Severities, worst first, each with its letter and its shape.

use maud::{Markup, html};
use stanchion_model::cvss::Severity;

/// One thing for each severity, worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BySeverity<T> {
    /// From 9.0 on.
    pub critical: T,
    /// From 7.0 on.
    pub high: T,
    /// From 4.0 on.
    pub medium: T,
    /// From 0.1 on.
    pub low: T,
    /// Without impact, or without a severity.
    pub none: T,
}

/// Worst first.
pub(super) const WORST_FIRST: [Severity; 5] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
    Severity::None,
];

impl<T> BySeverity<T> {
    /// What stands for a severity.
    pub const fn of(&self, severity: Severity) -> &T {
        match severity {
            Severity::Critical => &self.critical,
            Severity::High => &self.high,
            Severity::Medium => &self.medium,
            Severity::Low => &self.low,
            Severity::None => &self.none,
        }
    }

    /// The same to be filled.
    pub const fn of_mut(&mut self, severity: Severity) -> &mut T {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::None => &mut self.none,
        }
    }

    /// Each with its severity, worst first.
    pub fn each(&self) -> impl Iterator<Item = (Severity, &T)> {
        WORST_FIRST
            .into_iter()
            .map(|severity| (severity, self.of(severity)))
    }
}

/// The class that gives the colour.
pub(super) const fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "is-critical",
        Severity::High => "is-high",
        Severity::Medium => "is-medium",
        Severity::Low => "is-low",
        Severity::None => "is-none",
    }
}

/// The letter that stands beside the colour.
pub(super) const fn letter(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "C",
        Severity::High => "H",
        Severity::Medium => "M",
        Severity::Low => "L",
        Severity::None => "N",
    }
}

/// The letter on its colour, for text.
pub(super) fn mark(severity: Severity) -> Markup {
    html! { b.mark.(class(severity)) { (letter(severity)) } }
}

/// The shape of a point, around 0 0: diamond, triangle, square, disc, ring.
pub(super) fn shape(severity: Severity) -> Markup {
    let class = class(severity);
    match severity {
        Severity::Critical => html! { path class=(class) d="M0-5.6 5.6 0 0 5.6-5.6 0Z" {} },
        Severity::High => html! { path class=(class) d="M0-5.2 5.2 4.2H-5.2Z" {} },
        Severity::Medium => html! { rect class=(class) x="-4" y="-4" width="8" height="8" {} },
        Severity::Low => html! { circle class=(class) r="4" {} },
        Severity::None => html! { circle.hollow.(class) r="3.4" {} },
    }
}
