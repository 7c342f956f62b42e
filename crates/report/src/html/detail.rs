//! What is known about a component's findings: why, where, what to do.

use maud::{Markup, html};
use stanchion_model::cvss::Vector;
use stanchion_model::finding::{Confidence, Exploitation, Finding, Kind};
use stanchion_model::threat::{ThreatVector, cwe_name};

use super::parts::{N, T, badge, id, length, link, tags};
use super::ruling;
use crate::explain::{advice, because};
use crate::group::{Class, Fix, Group, place};
use crate::plain::{day, percent, safe};
use crate::ruling::{Ruling, Standing, breach};

/// Everything about a component: what holds for all its findings once, then each finding.
pub(super) fn group(group: &Group<'_>, ruling: Option<&Ruling<'_>>) -> Markup {
    let worst = group.worst();
    // The finding that knows what clears everything gives the advice for all.
    let speaker = group
        .findings
        .iter()
        .find(|finding| finding.upgrade_to.is_some())
        .filter(|_| group.fix() != Fix::Remove)
        .unwrap_or(&worst);
    let said = advice(speaker);
    html! {
        div.d {
            dl.meta {
                dt { "Do" } dd { (capital(&said)) }
                dt { "Where" } dd { (places(worst)) }
                @if worst.paths.iter().any(|path| path.len() > 1) { dt { "Through" } dd { (ways(worst)) } }
                dt { "As" } dd { (role(worst)) }
                (owner(worst))
            }
            @for finding in &group.findings { (self::finding(finding, group.findings.len() == 1, &said, ruling)) }
        }
    }
}

/// The first letter made a capital: advice is written to stand after a label in the terminal.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn places(finding: &Finding) -> Markup {
    html! {
        @for (at, location) in finding.locations.iter().enumerate() { @if at > 0 { br; } code { (place(location)) } }
        @if finding.locations.is_empty() { "the file does not say" }
    }
}

fn ways(finding: &Finding) -> Markup {
    html! {
        @for (at, path) in finding.paths.iter().enumerate() {
            @if at > 0 { br; }
            (path.iter().map(|step| safe(step)).collect::<Vec<_>>().join(" › "))
        }
        @if finding.other_paths > 0 { br; "and " (N(finding.other_paths)) @if finding.other_paths == 1 { " other path" } @else { " other paths" } }
    }
}

/// How the component is used, by which project, and its purl.
fn role(finding: &Finding) -> Markup {
    let direct = match finding.direct {
        Some(true) => ", asked for by the project itself",
        Some(false) => ", brought in by another component",
        None => "",
    };
    html! { (finding.scope.as_str()) " dependency of " (crate::plain::project(finding)) (direct) " · " code { (T(&finding.component.purl.to_string())) } }
}

/// Who is responsible, for which product: both come from a policy.
fn owner(finding: &Finding) -> Markup {
    html! {
        @if finding.owner.is_some() || finding.product.is_some() {
            dt { "Owner" }
            dd { (T(finding.owner.as_deref().unwrap_or("nobody"))) @if let Some(product) = &finding.product { ", for the product " (T(product)) } }
        }
    }
}

/// Words that the filter takes exactly.
fn keywords(finding: &Finding, ruling: Option<&Ruling<'_>>) -> String {
    let mut words = vec![Class::of(finding).word()];
    if finding.kev.is_some() {
        words.push("exploited");
    }
    if !finding.fixed_in.is_empty() {
        words.push("fixable");
    }
    if finding.direct == Some(true) {
        words.push("direct");
    }
    words.push(finding.scope.as_str());
    words.extend(ruling.map_or_else(Vec::new, |ruling| ruling::keywords(ruling, finding)));
    words.join(" ")
}

fn finding(finding: &Finding, alone: bool, said: &str, ruling: Option<&Ruling<'_>>) -> Markup {
    let own = advice(finding);
    let grave = finding.kev.is_some() || finding.kind == Kind::Malicious;
    let vectors: Vec<&str> = finding
        .vectors
        .iter()
        .copied()
        .map(ThreatVector::id)
        .collect();
    html! {
        details.f.o[grave].one[alone && !grave] data-k=(keywords(finding, ruling)) data-q=(vectors.join(" ")) open[alone] {
            summary {
                span.num { @if let Some(score) = finding.score { (format!("{score:.0}")) } } " " (badge(Class::of(finding))) " "
                span.id { (T(&finding.id)) } " " span.ti { (tags(finding)) (T(&finding.title)) } " "
                span.fx { @if let Some(version) = finding.fixed_in.first() { (T(version)) } }
                @if let Some(ruling) = ruling { " " (due(ruling, finding)) }
            }
            div.w {
                (factors(finding))
                dl {
                    @if own != said { dt { "Do" } dd { (capital(&own)) } }
                    @if let Some(ruling) = ruling { (ruling::facts(ruling, finding)) }
                    (facts(finding))
                }
            }
        }
    }
}

/// How it stands, at the end of its line.
fn due(ruling: &Ruling<'_>, finding: &Finding) -> Markup {
    let standing = ruling.standing(finding);
    html! { span.u.late[matches!(standing, Standing::Overdue(_))] { (standing.text()) } }
}

/// The same for what has no score.
pub(super) fn unscored(finding: &Finding, ruling: Option<&Ruling<'_>>) -> Markup {
    html! {
        div.d {
            dl {
                dt { "Do" } dd { (capital(&advice(finding))) }
                dt { "Where" } dd { (places(finding)) }
                @if finding.paths.iter().any(|path| path.len() > 1) { dt { "Through" } dd { (ways(finding)) } }
                dt { "As" } dd { (role(finding)) }
                (owner(finding))
                @if let Some(ruling) = ruling { (ruling::facts(ruling, finding)) }
                (facts(finding))
            }
        }
    }
}

/// Each factor starts where the one before it ended, so that the bar adds up to the score by itself.
fn factors(finding: &Finding) -> Markup {
    let Some(score) = finding.score else {
        return html! {};
    };
    let mut from = 0.0;
    let rows: Vec<(f64, _)> = finding
        .factors
        .iter()
        .map(|factor| {
            from += factor.points;
            (from - factor.points, factor)
        })
        .collect();
    html! {
        table.why {
            caption { "Why " (format!("{score:.0}")) }
            @for (from, factor) in &rows {
                tr {
                    th scope="row" { (T(&factor.name)) }
                    td.n { (format!("{:.1}", factor.points)) span.mut { " of " (format!("{:.0}", factor.max)) } }
                    td.w { svg width="100%" height="9" aria-hidden="true" { rect.t width="100%" height="9" {} rect x={ (length(*from)) "%" } width={ (length(factor.points)) "%" } height="9" {} } }
                    td { (T(&factor.value)) }
                }
            }
            tr.sum { th scope="row" { "score" } td.n { (format!("{score:.1}")) span.mut { " of 100" } } td.w { svg width="100%" height="9" aria-hidden="true" { rect.t width="100%" height="9" {} rect.all width={ (length(score)) "%" } height="9" {} } } td {} }
        }
    }
}

/// Labelled facts, those that are known.
fn facts(finding: &Finding) -> Markup {
    html! {
        @if !finding.fixed_in.is_empty() { dt { "Fixed in" } dd { (finding.fixed_in.iter().map(|version| safe(version)).collect::<Vec<_>>().join(", ")) } }
        @if !finding.evidence.is_empty() {
            dt { "Affected" }
            dd {
                @for (at, evidence) in finding.evidence.iter().enumerate() {
                    @if at > 0 { br; }
                    @match &evidence.url { Some(url) => (link(url, &evidence.advisory)), None => (T(&evidence.advisory)) }
                    " (" (T(&evidence.source)) ") " (because(evidence, finding))
                }
            }
        }
        @if let Some(kev) = &finding.kev {
            dt { "Exploited" }
            dd {
                "known since " (day(&kev.added)) " (CISA KEV)" @if kev.ransomware { ", used in ransomware campaigns" }
                @if let Some(due) = &kev.due { "; US agencies had until " (day(due)) }
            }
        }
        @if let Some(epss) = finding.epss { dt { "Expected" } dd { "EPSS " (percent(epss.probability)) " within 30 days, higher than " (percent(epss.percentile)) " of all CVEs" } }
        @if let Some(ssvc) = finding.ssvc {
            dt { "CISA SSVC" }
            dd {
                (match ssvc.exploitation { Exploitation::None => "no exploitation seen", Exploitation::Poc => "public proof of concept", Exploitation::Active => "exploited in attacks" })
                (if ssvc.automatable { ", can be automated" } else { ", cannot be automated" }) (if ssvc.total_impact { ", total loss of control" } else { ", partial impact" })
            }
        }
        @for score in &finding.cvss {
            dt { "CVSS " (T(&score.version)) }
            dd { b { (format!("{:.1}", score.score)) } " " code { (T(&score.vector)) } span.mut { " from " (T(&score.source)) } @if let Ok(vector) = Vector::parse(&score.vector) { br; (words(&vector)) } }
        }
        @if !finding.vectors.is_empty() { dt { "Used for" } dd { (finding.vectors.iter().copied().map(ThreatVector::title).collect::<Vec<_>>().join(", ")) } }
        @if !finding.cwes.is_empty() { dt { "Weakness" } dd { @for (at, cwe) in finding.cwes.iter().enumerate() { @if at > 0 { br; } (weakness(cwe)) } } }
        @if finding.id.contains('-') && finding.evidence.iter().any(|evidence| evidence.advisory != finding.id) || !finding.aliases.is_empty() {
            dt { "Ids" } dd.ids { (id(finding, &finding.id)) @for alias in &finding.aliases { ", " (id(finding, alias)) } }
        }
        @if let Some(published) = &finding.published { dt { "Published" } dd { (day(published)) } }
        @if breach(finding).is_none() { dt { "Confidence" } dd { (confidence(finding)) } }
    }
}

/// `Attack vector: network · attack complexity: low · …`.
fn words(vector: &Vector) -> String {
    let pairs: Vec<String> = vector
        .explain()
        .into_iter()
        .map(|(name, value)| format!("{} {}", name.to_lowercase(), value.to_lowercase()))
        .collect();
    capital(&pairs.join(" · "))
}

fn weakness(cwe: &str) -> Markup {
    let number = cwe
        .strip_prefix("CWE-")
        .and_then(|number| number.parse::<u32>().ok());
    html! {
        @match number {
            Some(number) => { (link(&format!("https://cwe.mitre.org/data/definitions/{number}.html"), cwe)) @if let Some(name) = cwe_name(number) { " " (name) } },
            None => (T(cwe)),
        }
    }
}

/// How sure we are, and what makes it less.
fn confidence(finding: &Finding) -> Markup {
    let word = match finding.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    };
    let mut doubts: Vec<String> = finding
        .evidence
        .iter()
        .filter_map(|evidence| evidence.note.as_deref())
        .map(safe)
        .collect();
    doubts.extend(
        finding
            .factors
            .iter()
            .filter(|factor| factor.assumed)
            .map(|factor| format!("no source gives the {}", safe(&factor.name))),
    );
    doubts.sort_unstable();
    doubts.dedup();
    html! {
        (word)
        @if doubts.is_empty() && finding.confidence == Confidence::High { ": name, version and range are exact" }
        @else if !doubts.is_empty() { ": " (doubts.join("; ")) }
    }
}
