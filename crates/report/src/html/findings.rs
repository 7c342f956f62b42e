//! The findings, a component a row, worst first; each opens.

use std::collections::BTreeSet;

use maud::{Markup, html};
use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;

use super::parts::{N, T, badge, css, mark, tags};
use super::{detail, ruling};
use crate::answer::found;
use crate::group::{Class, Fix, Group, first_place, short_name, step_name};
use crate::plain::{count, safe};
use crate::ruling::{Ruling, applied, breach, closed};

/// Steps of a path shown on a line before its middle is left out.
const STEPS: usize = 4;

/// What carries a score.
pub(super) fn section(
    scored: &[Group<'_>],
    assessment: &Assessment,
    ruling: Option<&Ruling<'_>>,
) -> Markup {
    let findings: usize = scored.iter().map(|group| group.findings.len()).sum();
    html! {
        section #findings tabindex="-1" {
            h2 { "Findings, worst first" }
            @if scored.is_empty() {
                p.facts { (found(assessment).text) "." }
            } @else {
                (tools(scored, ruling.map(|ruling| ruling::numbers(assessment, ruling))))
                table.g.j[ruling.is_some()] {
                    caption.v { "Findings by component, worst first. Each row opens below itself." }
                    thead { tr { th.n scope="col" data-sort="score" { "Score" } th scope="col" data-sort="name" { "Component" } th.e scope="col" { "Ecosystem" } th.y scope="col" { "Why" } th.x scope="col" { "Fix" } @if ruling.is_some() { th.u scope="col" { "Due" } } } }
                    @for (at, group) in scored.iter().enumerate() { (row(group, at, ruling)) }
                }
                p.facts.mut #none hidden { "Nothing matches. Fewer words find more." }
                p.v { (count(findings, "finding", "findings")) " in all." }
            }
        }
    }
}

/// Filter and chips: shown by the script that makes them work.
fn tools(scored: &[Group<'_>], judged: Option<[(&'static str, usize); 3]>) -> Markup {
    let all = || {
        scored
            .iter()
            .flat_map(|group| group.findings.iter().copied())
    };
    let chips: Vec<(&str, Option<Class>, usize)> = std::iter::once((
        "exploited",
        None,
        all().filter(|finding| finding.kev.is_some()).count(),
    ))
    .chain(Class::ALL[..5].iter().map(|class| {
        (
            class.word(),
            Some(*class),
            all().filter(|finding| Class::of(finding) == *class).count(),
        )
    }))
    .chain(std::iter::once((
        "fixable",
        None,
        all().filter(|finding| !finding.fixed_in.is_empty()).count(),
    )))
    .chain(
        judged
            .into_iter()
            .flatten()
            .map(|(word, number)| (word, None, number)),
    )
    .filter(|(.., number)| *number > 0)
    .collect();
    html! {
        form.tools role="search" hidden {
            label.v for="q" { "Filter findings" }
            input #q type="search" placeholder="Filter: a name, CVE, exploited, fixable, npm, rce, a path   ( / )" autocomplete="off" spellcheck="false" aria-describedby="hits";
            div.chips role="group" aria-label="Show only" {
                @for (word, class, number) in &chips {
                    button type="button" aria-pressed="false" data-k=(word) {
                        @if let Some(class) = class { b class={ "s " (css(*class)) } aria-hidden="true" { (mark(*class)) } " " }
                        (word) " " span.mut { (N(*number)) }
                    }
                }
            }
            output #hits for="q" aria-live="polite" {}
        }
    }
}

/// Two lines a component: what and why, then where; the second one opens.
fn row(group: &Group<'_>, at: usize, ruling: Option<&Ruling<'_>>) -> Markup {
    let worst = group.worst();
    let denied = ruling.is_some_and(|ruling| ruling.is_denied(group));
    let owner = ruling
        .filter(|ruling| ruling.owners_differ())
        .map(|_| worst.owner.as_deref().unwrap_or("no owner"));
    let fix = group.fix();
    let fix_text = fix.text();
    let whole = safe(&worst.component.name);
    html! {
        tbody.g #{ "g" (at) } data-n=(short_name(worst).to_lowercase()) {
            tr.a {
                td.n { (format!("{:.0}", worst.score.unwrap_or_default())) " " (badge(Class::of(worst))) }
                th scope="row" title=(whole) { b { (short_name(worst)) } " " span { (T(&worst.component.version)) } }
                td.e { (worst.component.ecosystem.purl_type()) }
                td.y { @if denied { span.tag.hot { "denied" } " " } (tags(worst)) (T(&worst.title)) }
                td.x.no[fix == Fix::Unknown] title=(fix_text) { (fix_text) }
                @if let Some(ruling) = ruling { td.u { (ruling::standing(ruling, group)) } }
            }
            tr.b {
                td {}
                td colspan=(if ruling.is_some() { 5 } else { 4 }) {
                    details.o {
                        summary { span.id { (group.why()) } " " span.pl { (first_place(worst)) } @if let Some(path) = way(worst) { " " span.pa { (path) } } @if let Some(owner) = owner { " " span.ow { (T(owner)) } } }
                        (detail::group(group, ruling))
                    }
                }
            }
        }
    }
}

/// `web › react-scripts › … › lodash`: the first and the last steps tell most.
fn way(finding: &Finding) -> Option<String> {
    let path = finding.paths.first().filter(|path| path.len() > 1)?;
    let steps: Vec<String> = path.iter().map(|step| safe(step_name(step))).collect();
    Some(if steps.len() <= STEPS {
        steps.join(" › ")
    } else {
        format!(
            "{} › … › {}",
            steps[..2].join(" › "),
            steps[steps.len() - 1]
        )
    })
}

/// Nobody maintains it, its maker ended it, its author withdrew it: no score, and no less true.
pub(super) fn unscored(groups: &[Group<'_>], ruling: Option<&Ruling<'_>>) -> Markup {
    if groups.is_empty() {
        return html! {};
    }
    let kinds: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| &group.findings)
        .map(|finding| crate::plain::word(finding.kind))
        .collect();
    html! {
        section #lapsed {
            h2 { "Lapsed: unmaintained, withdrawn or no longer supported" }
            p.facts { (count(groups.len(), "component is", "components are")) " " (crate::answer::list(&kinds.into_iter().map(str::to_owned).collect::<Vec<_>>())) ". These have no score: they say that help may not come." }
            (table(groups, "Components that have lapsed", "l", ruling))
        }
    }
}

/// What the policy does not want in a product: each is there by one of its rules.
pub(super) fn breaches(groups: &[Group<'_>], ruling: Option<&Ruling<'_>>) -> Markup {
    if groups.is_empty() {
        return html! {};
    }
    let denied = groups
        .iter()
        .filter(|group| ruling.is_some_and(|ruling| ruling.is_denied(group)))
        .count();
    html! {
        section #breaches {
            h2 { "Against the policy's rules on components and licences" }
            p.facts {
                (count(groups.len(), "component", "components")) ": " (N(denied)) " denied, " (N(groups.len() - denied)) " to be looked at or allowed by an exception. These have no score."
            }
            (table(groups, "Components against the policy's rules", "b", ruling))
        }
    }
}

/// What decisions and VEX have closed: left out of every count above.
pub(super) fn decided(assessment: &Assessment, ruling: Option<&Ruling<'_>>) -> Markup {
    let closed = closed(assessment);
    if closed.is_empty() {
        return html! {};
    }
    let groups = crate::group::group(closed.iter().copied());
    html! {
        section #closed {
            h2 { "Closed by decisions" }
            p.facts { (count(closed.len(), "finding is", "findings are")) " fixed or not affected, as somebody says whom the policy trusts. Nothing above counts them." }
            (table(&groups, "Findings that decisions have closed", "d", ruling))
        }
    }
}

/// A component a row, with what is told of it.
fn table(groups: &[Group<'_>], caption: &str, letter: &str, ruling: Option<&Ruling<'_>>) -> Markup {
    html! {
        table.t.lapsed {
            caption.v { (caption) }
            thead { tr { th scope="col" { "Component" } th.e scope="col" { "Ecosystem" } th scope="col" { "What" } th.p scope="col" { "Where" } } }
            tbody {
                @for (place, group) in groups.iter().enumerate() {
                    @for (at, finding) in group.findings.iter().enumerate() {
                        tr id=[ruling.filter(|_| at == 0).map(|_| format!("{letter}{place}"))] {
                            th scope="row" { @if at == 0 { b { (short_name(finding)) } " " span.mut { (T(&finding.component.version)) } } @else { span.v { (short_name(finding)) } } }
                            td.e { @if at == 0 { (finding.component.ecosystem.purl_type()) } }
                            td {
                                details { summary { (what(finding, ruling)) } (detail::unscored(finding, ruling)) }
                            }
                            td.p { @if at == 0 { (first_place(finding)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What is wrong in a line: by the policy first, where it says something.
fn what(finding: &Finding, ruling: Option<&Ruling<'_>>) -> Markup {
    let words = ruling.map(|ruling| ruling.standing(finding).text());
    let words = words.filter(|words| !words.is_empty());
    let rule = finding
        .rule
        .as_deref()
        .filter(|_| breach(finding).is_some());
    html! {
        @if ruling.is_some_and(|ruling| !ruling.denials(finding).is_empty()) { span.tag.hot { "denied" } " " }
        @if let Some(words) = words { span.tag.hot[words.starts_with("overdue")] { (words) } " " }
        @match rule {
            Some(rule) => { code { (T(rule)) } " " },
            None if finding.score.is_some() => { span.id { (T(&finding.id)) } " " },
            None => { span.tag { (crate::plain::word(finding.kind)) } " " },
        }
        (T(&finding.title))
        @if let Some(said) = applied(finding).filter(|_| finding.is_closed()) { span.mut { " · " (T(&said.author)) } }
    }
}
