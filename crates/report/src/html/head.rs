//! The answer, the bar that shows it, and what to do first.

use maud::{Markup, html};
use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;

use super::parts::{N, T, badge, css, length, share, tags};
use super::ruling;
use crate::answer::{Answer, Tone, reasons, target};
use crate::group::{Class, Fix, Group, Split, Upgrade, components, short_name, step_name};
use crate::plain::{age, count, day, policy, project, safe, tally, telling, thousands};
use crate::ruling::{is_judged, open, sentence};

/// Upgrades shown before the rest is folded away.
const FIRST: usize = 8;
/// Projects named for an upgrade.
const NAMED: usize = 3;

/// What this is, ways into it, and the switch of themes, which needs no script.
pub(super) fn banner(assessment: &Assessment, findings: &Split<'_>, judged: bool) -> Markup {
    html! {
        header {
            p.brand { b { "Stanchion" } " " span { "scan of " (target(assessment)) } }
            nav aria-label="Parts of this report" {
                @if judged { a href="#policy" { "Policy" } }
                @if !findings.scored.is_empty() { a href="#first" { "Do first" } a href="#findings" { "Findings" } }
                @if !findings.breaches.is_empty() { a href="#breaches" { "Breaches" } }
                @if !findings.lapsed.is_empty() { a href="#lapsed" { "Lapsed" } }
                @if judged { (ruling::ways(assessment)) }
                a href="#problems" { "Gaps" }
                a href="#components" { "Components" }
                a href="#origin" { "Origin" }
            }
            fieldset.theme {
                legend.v { "Theme" }
                @for (id, word) in [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")] {
                    label { input #{ "t-" (id) } type="radio" name="t" value=(id) checked[id == "auto"]; span { (word) } }
                }
            }
        }
    }
}

/// The sentence, what it rests on, and the bar.
pub(super) fn verdict(assessment: &Assessment, answer: &Answer, scored: &[Group<'_>]) -> Markup {
    let findings: Vec<&Finding> = open(assessment).collect();
    let inventory = &assessment.inventory;
    let direct = assessment.direct_count();
    let affected = components(findings.iter().copied());
    let tone = match answer.tone {
        Tone::Denied => "denied",
        Tone::Open => "open",
        Tone::Clear => "clear",
        Tone::Unknown => "unknown",
    };
    let gaps = telling(&assessment.problems);
    html! {
        section class={ "verdict " (tone) } {
            h1 { (answer.text) }
            p.facts {
                @if !findings.is_empty() {
                    (count(findings.len(), "finding", "findings")) " in " (N(affected)) " of " (count(assessment.component_count(), "component", "components")) ": " (tally(&findings)) ". "
                }
                @if is_judged(assessment) {
                    @let (what, rest) = sentence(assessment);
                    a href="#policy" { (what) } (rest) ". "
                } @else if assessment.verdict.denied {
                    "The " (T(&assessment.verdict.gate)) " gate is closed by " (reasons(assessment)) ", under " (policy(&assessment.verdict.policy)) ". "
                }
                @if assessment.filtered > 0 { (count(assessment.filtered, "finding", "findings")) " left out by filters. " }
            }
            p.facts.mut {
                (count(inventory.files, "file", "files")) " read · " (count(assessment.component_count(), "component", "components"))
                @if direct > 0 { ", " (N(direct)) " direct" }
                " · " (age(&assessment.database)) " · as of " (day(&assessment.as_of))
            }
            @if assessment.database.kind == "starter" {
                p.notice { b { "Only the starter set is here: " } (thousands(assessment.database.advisories)) " well-known advisories. Most vulnerabilities are not in it. Run " code { "stanchion db update" } " for all of them." }
            }
            @if !gaps.is_empty() {
                p.notice { b { "The answer has gaps: " } a href="#problems" { (count(gaps.len(), "thing", "things")) " not read, resolved or matched" } "." }
            }
            (bar(&findings, scored))
        }
    }
}

/// One bar, drawn in proportion; the same as links, and the same as a table.
fn bar(findings: &[&Finding], scored: &[Group<'_>]) -> Markup {
    let rows: Vec<(Class, usize)> = Class::ALL
        .iter()
        .map(|class| {
            (
                *class,
                findings
                    .iter()
                    .filter(|finding| Class::of(finding) == *class)
                    .count(),
            )
        })
        .filter(|(_, number)| *number > 0)
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    // What would be thinner than a hair is drawn as one: a single exploited finding must not vanish among thousands.
    let part = |number: usize| share(number, findings.len()).max(0.004);
    let whole: f64 = rows.iter().map(|(_, number)| part(*number)).sum();
    let mut from = 0.0;
    let segments: Vec<(Class, usize, f64, f64)> = rows
        .iter()
        .map(|&(class, number)| {
            let width = part(number) / whole * 100.0;
            from += width;
            (class, number, from - width, width)
        })
        .collect();
    let grave = findings
        .iter()
        .filter(|finding| Class::of(finding) <= Class::High)
        .count();
    let fixable = findings
        .iter()
        .filter(|finding| !finding.fixed_in.is_empty())
        .count();
    let exploited = findings
        .iter()
        .filter(|finding| finding.kev.is_some())
        .count();
    html! {
        figure {
            figcaption { (N(grave)) " of " (count(findings.len(), "finding is", "findings are")) " critical or high; a known version clears " (N(fixable)) }
            svg.bar width="100%" height="30" role="img" aria-labelledby="bar-t" {
                title #bar-t { "Findings by severity: " (tally(findings)) }
                @for (class, number, from, width) in &segments {
                    rect class=(css(*class)) x={ (length(*from)) "%" } width={ (length(*width)) "%" } height="30" {}
                    @if *width >= 13.0 { text x={ (length(*from)) "%" } dx="9" y="20" { (N(*number)) " " (class.word()) } }
                }
            }
            ul.tiles {
                @if exploited > 0 { li { a href="#findings" data-k="exploited" { span.tag.hot { b { (N(exploited)) } " exploited" } } } }
                @for (class, number, ..) in &segments {
                    li { a href=(if *class == Class::Other && scored.is_empty() { "#lapsed" } else { "#findings" }) data-k=[(*class != Class::Other).then_some(class.word())] { (badge(*class)) " " b { (N(*number)) } " " (class.word()) } }
                }
            }
            details.more {
                summary { "The same as a table" }
                table.t {
                    caption.v { "Findings by severity" }
                    thead { tr { th scope="col" { "Severity" } th.n scope="col" { "Findings" } th.n scope="col" { "Components" } th.n scope="col" { "With a fix" } th.n scope="col" { "Exploited" } } }
                    tbody {
                        @for (class, number, ..) in &segments {
                            @let mine: Vec<&Finding> = findings.iter().filter(|finding| Class::of(finding) == *class).copied().collect();
                            tr {
                                th scope="row" { (badge(*class)) " " (class.word()) }
                                td.n { (N(*number)) }
                                td.n { (N(components(mine.iter().copied()))) }
                                td.n { (N(mine.iter().filter(|finding| !finding.fixed_in.is_empty()).count())) }
                                td.n { (N(mine.iter().filter(|finding| finding.kev.is_some()).count())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The few upgrades that clear most.
pub(super) fn first(upgrades: &[Upgrade<'_>], scored: &[Group<'_>]) -> Markup {
    let findings: usize = scored.iter().map(|group| group.findings.len()).sum();
    if findings == 0 {
        return html! {};
    }
    let shown = upgrades.len().min(FIRST);
    let cleared = |upgrades: &[Upgrade<'_>]| {
        upgrades
            .iter()
            .map(|upgrade| upgrade.cleared)
            .sum::<usize>()
    };
    let all = cleared(upgrades);
    html! {
        section #first {
            h2 { "What to do first" }
            @if upgrades.is_empty() {
                p.facts { "No version is known that clears any of the findings: each says below what else helps." }
            } @else {
                p.facts {
                    (count(shown, "upgrade clears", "upgrades clear")) " " (N(cleared(&upgrades[..shown]))) " of " (count(findings, "finding", "findings"))
                    @if upgrades.len() > shown { "; all " (N(upgrades.len())) " clear " (N(all)) }
                    "."
                }
                (table(&upgrades[..shown], scored, upgrades, "The upgrades that clear most"))
                @if upgrades.len() > shown {
                    details.more { summary { (count(upgrades.len() - shown, "more upgrade", "more upgrades")) } (table(&upgrades[shown..], scored, upgrades, "The other upgrades")) }
                }
            }
        }
    }
}

fn table(
    shown: &[Upgrade<'_>],
    scored: &[Group<'_>],
    all: &[Upgrade<'_>],
    caption: &str,
) -> Markup {
    let most = all
        .iter()
        .map(|upgrade| upgrade.cleared)
        .max()
        .unwrap_or(1)
        .max(1);
    html! {
        table.t.up {
            caption.v { (caption) }
            thead { tr { th scope="col" { "Upgrade" } th.n scope="col" { "Clears" } th.w scope="col" { span.v { "In proportion" } } th scope="col" { "Worst" } th.p scope="col" { "Where" } } }
            tbody {
                @for upgrade in shown {
                    tr {
                        th scope="row" { (name(upgrade)) }
                        td.n { a href={ "#g" (upgrade.groups.first().copied().unwrap_or_default()) } { (N(upgrade.cleared)) } }
                        td.w { svg width="100%" height="8" aria-hidden="true" { rect width={ (length(share(upgrade.cleared, most) * 100.0)) "%" } height="8" {} } }
                        td.y { (badge(Class::of(upgrade.worst))) " " span.num { (format!("{:.0}", upgrade.worst.score.unwrap_or_default())) } " " (tags(upgrade.worst)) }
                        td.p { (projects(upgrade, scored)) }
                    }
                }
            }
        }
    }
}

/// `lodash 4.17.15 → 4.17.21`.
fn name(upgrade: &Upgrade<'_>) -> Markup {
    let versions: Vec<String> = upgrade
        .from
        .iter()
        .take(NAMED)
        .map(|version| safe(version))
        .collect();
    let more = upgrade.from.len().saturating_sub(NAMED);
    html! {
        @if upgrade.fix == Fix::Remove { "Remove " }
        b { (short_name(upgrade.worst)) } " "
        span.mut { (versions.join(", ")) @if more > 0 { " and " (more) " more" } }
        @match upgrade.fix {
            Fix::Whole(version) => { " → " (T(version)) },
            Fix::Part(version) => { " → " (T(version)) " " span.mut { "in part" } },
            Fix::Remove | Fix::Unknown => {},
        }
    }
}

/// The projects that an upgrade touches, and what brings the component in.
fn projects(upgrade: &Upgrade<'_>, scored: &[Group<'_>]) -> Markup {
    let mut roots: Vec<String> = upgrade
        .groups
        .iter()
        .map(|at| scored[*at].worst())
        .map(project)
        .collect();
    roots.sort_unstable();
    roots.dedup();
    let through = match (upgrade.worst.direct, upgrade.worst.paths.first()) {
        (Some(false), Some(path)) if path.len() > 2 => Some(safe(step_name(&path[1]))),
        _ => None,
    };
    html! {
        (roots[..roots.len().min(NAMED)].join(", "))
        @if roots.len() > NAMED { " and " (roots.len() - NAMED) " more" }
        @if let Some(through) = through { span.mut { " · comes with " (through) } }
    }
}
