//! What the answer leaves out, what the target is made of, and where all this comes from.

use std::collections::{BTreeMap, HashSet};

use maud::{Markup, html};
use stanchion_model::inventory::{Component, ProblemKind};
use stanchion_model::report::{Assessment, SCHEMA};

use super::parts::{N, T};
use crate::answer::list;
use crate::plain::{count, day, problem, problem_place, safe, thousands};
use crate::ruling::open;

/// Licences listed before the rest is folded away.
const LICENCES: usize = 10;

/// What could not be read, resolved or matched: never a silent all-clear.
pub(super) fn problems(assessment: &Assessment) -> Markup {
    let mut order: Vec<_> = assessment.problems.iter().collect();
    order.sort_by_key(|problem| problem.kind);
    let of = |kind: ProblemKind| {
        order
            .iter()
            .filter(move |problem| problem.kind == kind)
            .count()
    };
    let odd = of(ProblemKind::Odd);
    let parts: Vec<String> = [
        (of(ProblemKind::Unreadable), "not read"),
        (of(ProblemKind::Unresolved), "not resolved"),
        (of(ProblemKind::Unmatched), "not matched"),
        (odd, "odd"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{} {word}", thousands(number as u64)))
    .collect();
    html! {
        section #problems {
            h2 { "Not read, not resolved, not matched" }
            @if order.is_empty() {
                p.facts { @if assessment.inventory.files == 0 { "There was nothing to read." } @else { "Everything that was found was read, resolved and matched." } }
            } @else {
                p.facts { (list(&parts)) ". " @if parts.len() > 1 || odd == 0 { "What stands here may be missing from the answer above." } }
                table.t.prob {
                    caption.v { "What is missing from the answer" }
                    thead { tr { th scope="col" { "What" } th scope="col" { "Where" } th scope="col" { "Why, and what helps" } } }
                    tbody {
                        @for entry in &order {
                            tr {
                                td { span.tag { (problem(entry.kind)) } }
                                th scope="row" { code { (problem_place(entry)) } }
                                td { (T(&entry.reason)) @if let Some(hint) = &entry.hint { br; span.mut { "Hint: " (T(hint)) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Counts by ecosystem, by project, and the licences.
pub(super) fn components(assessment: &Assessment) -> Markup {
    let foreign: Vec<&Component> = assessment.inventory.foreign().collect();
    let mut ecosystems: BTreeMap<&str, Vec<&Component>> = BTreeMap::new();
    for component in &foreign {
        ecosystems
            .entry(component.ecosystem.purl_type())
            .or_default()
            .push(component);
    }
    let affected: HashSet<(&str, String)> = open(assessment)
        .map(|finding| (finding.project.as_str(), finding.component.purl.to_string()))
        .collect();
    let is_affected = |component: &&&Component| {
        let root = assessment
            .inventory
            .projects
            .get(component.project as usize)
            .map_or("", |project| project.root.as_str());
        affected.contains(&(root, component.purl.to_string()))
    };
    let mut rows: Vec<(&str, Vec<&Component>)> = ecosystems.into_iter().collect();
    rows.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    html! {
        section #components {
            h2 { "Components" }
            @if foreign.is_empty() {
                p.facts { "None was found." }
            } @else {
                p.facts { (count(foreign.len(), "component", "components")) " in " (count(assessment.inventory.projects.len(), "project", "projects")) ", from " (count(rows.len(), "ecosystem", "ecosystems")) "." }
                div.two {
                    table.t {
                        caption { "By ecosystem" }
                        thead { tr { th scope="col" { "Ecosystem" } th.n scope="col" { "Components" } th.n scope="col" { "Direct" } th.n scope="col" { "Affected" } } }
                        tbody {
                            @for (name, mine) in &rows {
                                tr {
                                    th scope="row" { (name) }
                                    td.n { (N(mine.len())) }
                                    td.n { (N(mine.iter().filter(|component| component.direct == Some(true)).count())) }
                                    td.n { (N(mine.iter().filter(is_affected).count())) }
                                }
                            }
                        }
                    }
                    (licences(&foreign))
                }
                (projects(assessment))
            }
        }
    }
}

fn projects(assessment: &Assessment) -> Markup {
    let mut components = vec![0usize; assessment.inventory.projects.len()];
    for component in assessment.inventory.foreign() {
        if let Some(number) = components.get_mut(component.project as usize) {
            *number += 1;
        }
    }
    html! {
        details.more open[assessment.inventory.projects.len() <= 12] {
            summary { (count(assessment.inventory.projects.len(), "project", "projects")) }
            table.t {
                caption.v { "By project" }
                thead { tr { th scope="col" { "Project" } th scope="col" { "Read from" } th.n scope="col" { "Components" } th.n scope="col" { "Findings" } } }
                tbody {
                    @for (project, components) in assessment.inventory.projects.iter().zip(&components) {
                        tr {
                            th scope="row" { b { (T(&project.name)) } " " span.mut { (T(project.version.as_deref().unwrap_or_default())) } }
                            td { @for (at, file) in project.files.iter().enumerate() { @if at > 0 { ", " } code { (T(file)) } } }
                            td.n { (N(*components)) }
                            td.n { (N(open(assessment).filter(|finding| finding.project == project.root).count())) }
                        }
                    }
                }
            }
        }
    }
}

fn licences(foreign: &[&Component]) -> Markup {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut silent = 0;
    for component in foreign {
        if component.licences.is_empty() {
            silent += 1;
        } else {
            *numbers
                .entry(
                    component
                        .licences
                        .iter()
                        .map(|licence| safe(licence))
                        .collect::<Vec<_>>()
                        .join(" and "),
                )
                .or_default() += 1;
        }
    }
    let mut rows: Vec<(String, usize)> = numbers.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let shown = rows.len().min(LICENCES);
    let others: usize = rows[shown..].iter().map(|(_, number)| number).sum();
    html! {
        table.t {
            caption { "By licence" }
            thead { tr { th scope="col" { "Licence, as the files state it" } th.n scope="col" { "Components" } } }
            tbody {
                @for (name, number) in &rows[..shown] { tr { th scope="row" { (name) } td.n { (N(*number)) } } }
                @if others > 0 { tr { th scope="row" { (count(rows.len() - shown, "other licence", "other licences")) } td.n { (N(others)) } } }
                @if silent > 0 { tr { th.mut scope="row" { "not stated in the files" } td.n { (N(silent)) } } }
            }
        }
    }
}

/// Enough to ask the same question again and get the same answer.
pub(super) fn provenance(assessment: &Assessment) -> Markup {
    let database = &assessment.database;
    let policy = &assessment.verdict.policy;
    html! {
        footer #origin {
            h2 { "Where this comes from" }
            dl {
                dt { "Target" } dd { code { (T(&assessment.inventory.target)) } }
                dt { "As of" } dd { time datetime=(safe(&assessment.as_of)) { (T(&assessment.as_of)) } }
                dt { "Database" }
                dd {
                    (match database.kind.as_str() { "none" => "none", "starter" => "the starter set that is compiled in", _ => "advisories of the sources below" })
                    @if let Some(updated) = &database.updated { ", of " (day(updated)) }
                    @if !database.snapshot.is_empty() { br; code { (T(&database.snapshot)) } }
                }
                dt { "Advisories" } dd { (thousands(database.advisories)) " in force; " (thousands(database.withdrawn)) " withdrawn, " (thousands(database.merged)) " merged, " (thousands(database.refused)) " refused" }
                dt { "Policy" } dd { (crate::plain::policy(policy)) @if let Some(digest) = &policy.digest { " " code { (T(digest)) } } ", at the " (T(&assessment.verdict.gate)) " gate" }
                dt { "Written by" } dd { "Stanchion " (env!("CARGO_PKG_VERSION")) "; the same facts for programs are in " code { "-o json" } " (" (SCHEMA) ")" }
            }
            @if !database.sources.is_empty() {
                details.more {
                    summary { (count(database.sources.len(), "source", "sources")) }
                    table.t {
                        caption.v { "Sources of the database" }
                        thead { tr { th scope="col" { "Source" } th.n scope="col" { "Records" } th scope="col" { "Newest" } th scope="col" { "Read" } th scope="col" { "State" } } }
                        tbody {
                            @for source in &database.sources {
                                tr {
                                    th scope="row" { (T(&source.name)) }
                                    td.n { (thousands(source.records)) }
                                    td { (source.newest.as_deref().map(|time| safe(&day(time))).unwrap_or_default()) }
                                    td { (source.fetched.as_deref().map(|time| safe(&day(time))).unwrap_or_default()) }
                                    td { @match &source.failed { Some(reason) => { "failed: " (T(reason)) }, None => "in order" } }
                                }
                            }
                        }
                    }
                }
            }
            p.mut { "Names of weaknesses: CWE, © 2006–2024 The MITRE Corporation." }
        }
    }
}
