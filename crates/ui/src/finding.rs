//! Why is this here, and what do I do?

use maud::{Markup, html};
use stanchion_model::finding::Factor;
use stanchion_report::chart::Factors;

use crate::findings::{JUSTIFICATIONS, STATUSES, scope};
use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{
    affected_path, ago, cut, day, due, finding_path, findings_path, moment, percent, plain,
    product_path, severity, state, term,
};

/// Who says so.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The source.
    pub source: String,
    /// Its advisory.
    pub advisory: String,
    /// The range.
    pub range: String,
    /// The order of versions.
    pub comparator: String,
    /// More.
    pub note: Option<String>,
    /// Where it stands: `https` only, else it is not linked.
    pub url: Option<String>,
}

/// A date and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Deadline {
    /// What has to be done.
    pub what: String,
    /// By when, in seconds since 1970.
    pub due: Option<i64>,
    /// By which rule.
    pub rule: String,
    /// What starts the clock.
    pub clock: String,
}

/// What somebody says about it.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The status.
    pub status: String,
    /// Who.
    pub author: String,
    /// Whether it counts.
    pub standing: String,
    /// Why.
    pub reason: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, Default)]
pub struct Happened {
    /// When, in seconds since 1970.
    pub at: i64,
    /// `appeared`, `fixed`, ...
    pub what: String,
    /// By whom.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Where it is besides.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// The finding.
    pub id: String,
    /// Its product.
    pub product: String,
    /// Its version.
    pub version: String,
}

/// A finding with everything that is known of it.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is shown")]
pub struct Finding {
    /// A UUID.
    pub id: String,
    /// `vulnerability`, ...
    pub kind: &'static str,
    /// Its product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The version's id.
    pub version_id: String,
    /// The project's folder.
    pub project: String,
    /// The component's name, or a place.
    pub component: String,
    /// Its version.
    pub component_version: String,
    /// Its purl.
    pub purl: String,
    /// CVE, else GHSA, else native.
    pub vulnerability: String,
    /// Its other ids.
    pub aliases: Vec<String>,
    /// One line.
    pub title: String,
    /// Classes of weakness.
    pub cwes: Vec<String>,
    /// `none` to `critical`.
    pub severity: Option<&'static str>,
    /// 0 to 100.
    pub score: Option<f64>,
    /// What makes it up.
    pub factors: Vec<Factor>,
    /// `open`, ...
    pub state: &'static str,
    /// Open in a live version.
    pub work: bool,
    /// The day of CISA's list.
    pub kev_added: Option<String>,
    /// Used by ransomware.
    pub ransomware: bool,
    /// 0 to 1.
    pub epss: Option<f64>,
    /// 0 to 1.
    pub epss_percentile: Option<f64>,
    /// `active y n`.
    pub ssvc: Option<String>,
    /// Seconds since 1970.
    pub published: Option<i64>,
    /// Asked for by the project itself.
    pub direct: bool,
    /// Of developers only.
    pub development: bool,
    /// Threat vectors: id and words.
    pub vectors: Vec<(String, String)>,
    /// Versions that clear it.
    pub fixed_in: Vec<String>,
    /// The version that clears everything of the component.
    pub upgrade_to: Option<String>,
    /// How sure.
    pub confidence: Option<String>,
    /// Who says so.
    pub evidence: Vec<Evidence>,
    /// Score, version, vector and source of each CVSS.
    pub cvss: Vec<(f64, String, String, String)>,
    /// File and line.
    pub locations: Vec<(String, Option<u32>)>,
    /// The shortest way to the component.
    pub path: Vec<String>,
    /// Who acts.
    pub owner: Option<String>,
    /// Seconds since 1970.
    pub due: Option<i64>,
    /// Dates by rule.
    pub deadlines: Vec<Deadline>,
    /// What the policy wants done.
    pub tasks: Vec<String>,
    /// To whom it went up.
    pub escalated_to: Vec<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The exception that covers it.
    pub exception: Option<String>,
    /// What people say.
    pub statements: Vec<Statement>,
    /// Rules of the gate that it breaks, and why.
    pub violations: Vec<(String, String)>,
    /// Seconds since 1970.
    pub first_seen: i64,
    /// Seconds since 1970.
    pub closed: Option<i64>,
    /// Why.
    pub reason: Option<String>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The finding.
    pub finding: Finding,
    /// What happened, the latest first.
    pub history: Vec<Happened>,
    /// Where the same vulnerability is besides; at most ten.
    pub elsewhere: Vec<Elsewhere>,
    /// There are more.
    pub more_elsewhere: bool,
    /// All ways to the component and how many others, when they were asked for.
    pub paths: Option<(Vec<Vec<String>>, usize)>,
    /// What stands in the forms.
    pub typed: Typed,
}

/// A link to elsewhere, when it is one that a browser may follow.
fn outside(url: &str, text: &str) -> Markup {
    html! {
        @if url.starts_with("https://") { a href=(url) rel="noreferrer noopener" { (text) } } @else { (text) }
    }
}

impl Page {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let one = &self.finding;
        let what = if one.component_version.is_empty() {
            one.component.clone()
        } else {
            format!("{} {}", one.component, one.component_version)
        };
        let answer = html! {
            (severity(one.severity)) "  "
            @if one.kev_added.is_some() { span.tag.hot { "exploited" } " " }
            (state(one.state)) " "
            @if let Some(at) = one.closed { "closed " (ago(at, around.now)) @if let Some(reason) = &one.reason { ": " (reason) } }
            @else { "in " a href=(product_path(&one.product)) { (cut(&one.product, 80)) } " " (cut(&one.version, 60)) ", seen " (ago(one.first_seen, around.now)) }
        };
        let actions = html! {
            a.button href=(affected_path(&one.vulnerability)) { "Where else?" }
        };
        let heading = format!("{} in {what}", one.vulnerability);
        let body = html! {
            (crumbs(&[("/findings", "Findings"), (&findings_path(&term("product", &one.product)), &one.product.chars().take(80).collect::<String>())]))
            (top(&heading.chars().take(300).collect::<String>(), &answer, &actions))
            @if one.title != one.vulnerability { p { (one.title) } }
            (self.typed.wrong(&["status", "justification", "reason", "scope", "tag", "text", "expires", "exception_reason"]))
            div.columns {
                div {
                    (self.doing())
                    (self.why(around))
                    (self.said())
                    (self.here())
                    (self.dates(around))
                    (self.timeline(around))
                }
                aside aria-label="What you can do" { (self.acting(around)) (self.besides()) }
            }
            (crate::findings::keys())
        };
        around.page(
            Place::Findings,
            &heading.chars().take(120).collect::<String>(),
            &body,
        )
    }

    fn doing(&self) -> Markup {
        let one = &self.finding;
        html! {
            section.block {
                h2 { "Do" }
                @if one.kind == "malicious" {
                    p { b { "Remove it, and change every secret that it could have read." } }
                } @else if let Some(version) = &one.upgrade_to {
                    p { "Raise " b { (cut(&one.component, 80)) } " to " b { (cut(version, 60)) } ": it clears everything known about this component."
                        @if !one.direct && one.path.len() > 1 { " It comes in through " b { (cut(&one.path[1.min(one.path.len() - 1)], 80)) } "." } }
                } @else if let Some(version) = one.fixed_in.first() {
                    p { "Raise " b { (cut(&one.component, 80)) } " to " b { (cut(version, 60)) } ": it clears this one, not everything known about the component." }
                } @else if one.kind == "vulnerability" {
                    p { "No version that clears it is known. Keep attackers away from it, replace it, or ask its makers." }
                }
                @if !one.tasks.is_empty() { ul { @for task in &one.tasks { li { (task) } } } }
                @for (rule, why) in &one.violations {
                    p.wrong { "It closes the build gate by the rule " code { (rule) } ": " (why) }
                }
            }
        }
    }

    fn why(&self, around: &Around) -> Markup {
        let one = &self.finding;
        html! {
            section.block {
                h2 { @if let Some(score) = one.score { "Why " (format!("{score:.0}")) " of 100" } @else { "Why" } }
                @if let Some(score) = one.score && !one.factors.is_empty() { (Factors { id: "why", score, factors: &one.factors }.draw()) }
                dl {
                    @for (score, version, vector, source) in &one.cvss {
                        dt { "CVSS " (version) } dd { b { (format!("{score:.1}")) } " " code { (vector) } " " span.muted { (source) } }
                    }
                    @if let Some(epss) = one.epss {
                        dt { "EPSS" } dd { (percent(epss)) " within 30 days" @if let Some(percentile) = one.epss_percentile { span.muted { ", above " (percent(percentile)) " of all" } } }
                    }
                    @if let Some(kev) = &one.kev_added { dt { "Exploited" } dd { "on CISA’s list since " (kev) @if one.ransomware { ", used by ransomware" } } }
                    @if let Some(ssvc) = &one.ssvc { dt { "SSVC" } dd { (Self::ssvc(ssvc)) } }
                    @if !one.vectors.is_empty() { dt { "An attacker gains" } dd.tags { @for (id, words) in &one.vectors { a.tag href=(findings_path(&term("vector", id))) { (words) } } } }
                    @if !one.cwes.is_empty() { dt { "Weakness" } dd { @for (at, cwe) in one.cwes.iter().enumerate() { @if at > 0 { ", " } a href=(findings_path(&term("cwe", cwe))) { (cwe) } } } }
                    @if let Some(published) = one.published { dt { "Published" } dd { (day(published)) " " span.muted { (ago(published, around.now)) } } }
                    @if !one.aliases.is_empty() { dt { "Also" } dd { (one.aliases.join(", ")) } }
                    @if let Some(confidence) = &one.confidence { dt { "Confidence" } dd { (plain(confidence)) } }
                }
            }
        }
    }

    fn ssvc(text: &str) -> String {
        let mut words = text.split(' ');
        let exploitation = match words.next().unwrap_or_default() {
            "active" => "attacked",
            "poc" => "a proof of concept is public",
            _ => "no attack known",
        };
        let automatable = if words.next() == Some("y") {
            "can be automated"
        } else {
            "cannot be automated"
        };
        let total = if words.next() == Some("y") {
            "gives total control"
        } else {
            "gives part of the control"
        };
        format!("{exploitation}, {automatable}, {total}")
    }

    fn said(&self) -> Markup {
        let one = &self.finding;
        html! {
            @if !one.evidence.is_empty() {
                section.block {
                    h2 { "Evidence" }
                    div.scroll { table {
                        thead { tr { th scope="col" { "Source" } th scope="col" { "Says" } th scope="col" { "Compared by" } } }
                        tbody { @for evidence in &one.evidence { tr {
                            td { @if let Some(url) = &evidence.url { (outside(url, &evidence.advisory)) } @else { (evidence.advisory) } span.second { (evidence.source) } }
                            td.main { code { (cut(&evidence.range, 200)) } @if let Some(note) = &evidence.note { span.second { (note) } } }
                            td { (evidence.comparator) }
                        } } }
                    } }
                }
            }
            @if !one.statements.is_empty() {
                section.block {
                    h2 { "What people say" }
                    ul { @for statement in &one.statements { li {
                        b { (plain(&statement.status)) } " by " (statement.author) " " span.tag { (plain(&statement.standing)) }
                        @if let Some(reason) = &statement.reason { br; (reason) }
                    } } }
                }
            }
        }
    }

    fn here(&self) -> Markup {
        let one = &self.finding;
        html! {
            section.block {
                h2 { "Here" }
                @if let Some((paths, others)) = &self.paths {
                    @for path in paths { (way(path)) }
                    @if *others > 0 { p.more { "and " (others) " other paths" } }
                } @else if !one.path.is_empty() {
                    (way(&one.path))
                    p.more { a href=(format!("{}?paths=all", finding_path(&one.id))) { "Every path" } }
                }
                @for (file, line) in &one.locations { p { code { (file) @if let Some(line) = line { ":" (line) } } } }
                dl {
                    @if !one.purl.is_empty() { dt { "Package" } dd { a href=(affected_path(&one.purl)) { code { (one.purl) } } } }
                    @if !one.project.is_empty() { dt { "Project" } dd { code { (one.project) } } }
                    dt { "Asked for" } dd { @if one.direct { "by the project itself" } @else { "by another component" } @if one.development { ", for developers and tests only" } }
                }
            }
        }
    }

    fn dates(&self, around: &Around) -> Markup {
        let one = &self.finding;
        html! {
            section.block {
                h2 { "Who, and by when" }
                dl {
                    dt { "Owner" } dd { @if let Some(owner) = &one.owner { a href=(findings_path(&term("owner", owner))) { (owner) } } @else { "nobody " span.muted { "(the policy’s ownership rules decide; a product’s owner is set on its page)" } } }
                    dt { "Due" } dd { (due(one.state, one.due, around.now)) @if let Some(at) = one.due { " " (day(at)) } @if let Some(rule) = &one.rule { span.muted { " by the rule " code { (rule) } } } }
                    @for deadline in &one.deadlines { @if deadline.due != one.due {
                        dt.capital { (plain(&deadline.what)) } dd { @if let Some(at) = deadline.due { (day(at)) } @else { "no date" } span.muted { " by " code { (deadline.rule) } ", counted from " (plain(&deadline.clock)) } }
                    } }
                    @if let Some(exception) = &one.exception { dt { "Exception" } dd { a href=(format!("/policy/exceptions/{}", crate::parts::encoded(exception))) { (exception) } } }
                    @if !one.escalated_to.is_empty() { dt { "Escalated to" } dd { (one.escalated_to.join(", ")) } }
                }
            }
        }
    }

    fn timeline(&self, around: &Around) -> Markup {
        html! {
            section.block {
                h2 { "What happened" }
                @if self.history.is_empty() { p.muted { "Nothing is written down yet." } }
                ol.timeline { @for one in &self.history { li {
                    b { (plain(&one.what)) } " " span.muted { (moment(one.at)) @if !one.actor.is_empty() { " by " (one.actor) } }
                    @if !one.reason.is_empty() { br; (one.reason) }
                } } }
                @if around.may("finding.triage") {
                    form method="post" action=(format!("{}/note", finding_path(&self.finding.id))) {
                        (around.token())
                        (forms::input(&self.typed, &Input { name: "text", label: "Write a note", kind: "area", required: true, most: 5_000, ..Input::default() }))
                        button.second type="submit" { "Add the note" }
                    }
                }
            }
        }
    }

    fn acting(&self, around: &Around) -> Markup {
        let one = &self.finding;
        let open = one.closed.is_none();
        html! {
            @if around.may("finding.triage") && open && one.kind == "external" {
                section.block.no-print {
                    h2 { "Close" }
                    form method="post" action=(format!("{}/close", finding_path(&one.id))) {
                        (around.token())
                        (forms::input(&self.typed, &Input { name: "reason", label: "Why", kind: "area", required: true, most: 2_000, ..Input::default() }))
                        button type="submit" { "Close it" }
                    }
                }
            } @else if around.may("finding.triage") {
                section.block.no-print {
                    h2 { "Decide" }
                    form method="post" action="/findings/decide" {
                        (around.token())
                        input type="hidden" name="finding" value=(one.id);
                        input type="hidden" name="back_to" value=(finding_path(&one.id));
                        (forms::select(&self.typed, "status", "It is", "", &STATUSES))
                        (forms::select(&self.typed, "justification", "Because", "", &JUSTIFICATIONS))
                        (forms::input(&self.typed, &Input { name: "reason", label: "In words", kind: "area", most: 2_000, ..Input::default() }))
                        (scope(&self.typed))
                        button type="submit" name="what" value="decide" { "Decide" }
                    }
                }
            }
            @if around.may("exception.request") && open && one.exception.is_none() {
                details.no-print open[!self.typed.get("exception_reason").is_empty()] {
                    summary { b { "Ask for an exception" } }
                    form method="post" action="/findings/decide" {
                        (around.token())
                        input type="hidden" name="finding" value=(one.id);
                        input type="hidden" name="back_to" value=(finding_path(&one.id));
                        (forms::input(&self.typed, &Input { name: "exception_reason", label: "Why it can wait", kind: "area", required: true, most: 2_000, ..Input::default() }))
                        (forms::input(&self.typed, &Input { name: "compensating_control", label: "What stands in meanwhile", most: 2_000, ..Input::default() }))
                        (forms::input(&self.typed, &Input { name: "expires", label: "Last day", kind: "date", required: true, ..Input::default() }))
                        button.second type="submit" name="what" value="except" { "Ask for it" }
                        p.muted.small { "Somebody else decides about it." }
                    }
                }
            }
        }
    }

    fn besides(&self) -> Markup {
        html! {
            @if !self.elsewhere.is_empty() {
                section.block {
                    h2 { "Also in" }
                    ul.plain { @for one in &self.elsewhere { li { a href=(finding_path(&one.id)) { (cut(&one.product, 60)) } " " span.muted { (cut(&one.version, 40)) } } } }
                    @if self.more_elsewhere { p.more { a href=(affected_path(&self.finding.vulnerability)) { "and more" } } }
                }
            }
        }
    }
}

fn way(path: &[String]) -> Markup {
    html! { ol.path { @for step in path { li { (cut(step, 80)) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_to_do_and_shows_no_markup_of_others() {
        let page = Page {
            finding: Finding {
                component: "a<b>".into(),
                component_version: "1".into(),
                upgrade_to: Some("2".into()),
                evidence: vec![Evidence {
                    url: Some("javascript:alert(1)".into()),
                    advisory: "GHSA-1".into(),
                    ..Evidence::default()
                }],
                ssvc: Some("active y n".into()),
                ..Finding::default()
            },
            ..Page::default()
        }
        .page(&Around {
            permissions: vec!["finding.triage", "exception.request"],
            ..Around::default()
        });
        assert!(page.contains("a&lt;b&gt;") && !page.contains("javascript:"));
        assert!(page.contains("attacked, can be automated, gives part of the control"));
        assert!(page.contains("Ask for an exception") && page.contains("clears everything known"));
    }
}
