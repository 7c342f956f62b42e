//! What the organisation's policy says: the verdict and the rules behind it, what could not be decided, exceptions, and
//! what decisions have closed.

use std::collections::HashMap;

use maud::{Markup, html};
use stanchion_model::finding::{Deadline, Finding, StatementNote};
use stanchion_model::report::{Assessment, Violation};

use super::parts::{N, T};
use crate::group::{Group, Split, components, short_name};
use crate::plain::{count, day, moment, safe, thousands};
use crate::ruling::{
    Ruling, Standing, became, broken, closed, exceptions, named, open, sentence, wrong,
};

/// Components named for a rule, and reasons told for one, before the rest is counted.
const NAMED: usize = 6;
const REASONS: usize = 50;

/// Where findings stand on the page.
pub(super) struct Places<'a>(HashMap<&'a str, Vec<(&'a Finding, String)>>);

impl<'a> Places<'a> {
    pub(super) fn new(split: &Split<'a>) -> Self {
        let mut all: HashMap<&str, Vec<(&Finding, String)>> = HashMap::new();
        for (groups, letter) in [
            (&split.scored, "g"),
            (&split.breaches, "b"),
            (&split.lapsed, "l"),
        ] {
            for (at, group) in groups.iter().enumerate() {
                for finding in group.findings.iter().copied() {
                    all.entry(&finding.key)
                        .or_default()
                        .push((finding, format!("{letter}{at}")));
                }
            }
        }
        Self(all)
    }

    fn of(&self, key: &str) -> &[(&'a Finding, String)] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

/// The verdict and its rules, dates, and what lacks evidence.
pub(super) fn section(assessment: &Assessment, ruling: &Ruling<'_>, places: &Places<'_>) -> Markup {
    let (what, rest) = sentence(assessment);
    let verdict = &assessment.verdict;
    html! {
        section #policy {
            h2 { "What the policy says" }
            p.facts { b.say.no[verdict.denied] { @if verdict.denied { span aria-hidden="true" { "✗ " } } (what) } (rest) "." }
            @if !verdict.violations.is_empty() { (rules(&verdict.violations, places, "The rules that are broken")) }
            (dates(assessment, ruling))
            @if !verdict.undecided.is_empty() {
                h3 { "Not decided, for lack of evidence" }
                p.facts { "These rules neither deny nor allow: what they ask about is not known." }
                (rules(&verdict.undecided, places, "The rules that are not decided"))
            }
        }
    }
}

/// Rules, what they concern, and why.
fn rules(violations: &[Violation], places: &Places<'_>, caption: &str) -> Markup {
    let mut first: HashMap<(&str, &str), &Violation> = HashMap::new();
    for violation in violations {
        if let Some(key) = &violation.finding {
            first.entry((&violation.rule, key)).or_insert(violation);
        }
    }
    html! {
        table.t.rules {
            caption.v { (caption) }
            thead { tr { th scope="col" { "Rule" } th.p scope="col" { "Concerns" } th scope="col" { "Why" } } }
            tbody {
                @for rule in broken(violations) {
                    @if let Some(key) = rule.findings.first() {
                        tr {
                            th scope="row" { code { (T(rule.rule)) } }
                            td.p { (concerned(&rule.findings, places)) }
                            td { @if let Some(violation) = first.get(&(rule.rule, *key)) { (T(because(violation, places.of(key)))) } }
                        }
                    }
                    @if !rule.whole.is_empty() {
                        tr {
                            th scope="row" { code { (T(rule.rule)) } }
                            td.p { "the whole target" }
                            td {
                                @for (at, reason) in rule.whole.iter().take(REASONS).enumerate() { @if at > 0 { br; } (T(reason)) }
                                @if rule.whole.len() > REASONS { br; "and " (N(rule.whole.len() - REASONS)) " more" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `3 findings in 2 components`, with a way to the first of them.
fn concerned(keys: &[&str], places: &Places<'_>) -> Markup {
    let all = || keys.iter().flat_map(|key| places.of(key));
    let number = components(all().map(|(finding, _)| *finding));
    let mut known: Vec<(&str, String)> = Vec::new();
    for (finding, place) in all() {
        if known.len() < NAMED && !known.iter().any(|(other, _)| other == place) {
            known.push((place, short_name(finding)));
        }
    }
    html! {
        (count(keys.len(), "finding", "findings")) " in " (count(number, "component", "components")) ": "
        @for (at, (place, name)) in known.iter().enumerate() { @if at > 0 { ", " } a href={ "#" (place) } { (name) } }
        @if number > known.len() { " and " (N(number - known.len())) " more" }
    }
}

/// The reason of the rule, without the finding that it is told of.
fn because<'v>(violation: &'v Violation, places: &[(&Finding, String)]) -> &'v str {
    let of = |finding: &Finding| {
        let component = &finding.component;
        let about = format!("{} {}: {} ", component.name, component.version, finding.id);
        violation.reason.strip_prefix(&about)
    };
    places
        .iter()
        .find_map(|(finding, _)| of(finding))
        .unwrap_or(&violation.reason)
}

/// What is late and by which rule, what is to come, and what is no longer open.
fn dates(assessment: &Assessment, ruling: &Ruling<'_>) -> Markup {
    let closed = closed(assessment).len();
    let excepted = ruling.excepted();
    html! {
        p.facts {
            @if let Some(late) = ruling.overdue() {
                b.late { (N(late.count)) " overdue" } ", the longest by " (count(late.longest as usize, "day", "days")) ": "
                @for (at, (rule, number)) in late.rules.iter().enumerate() { @if at > 0 { ", " } (N(*number)) " by " code { (T(rule)) } }
                ". "
            }
            @if let Some((number, first)) = ruling.dated() { (N(number)) " due, the first on " (first) ". " }
            @if excepted > 0 { a href="#exceptions" { (N(excepted)) " excepted" } ". " }
            @if closed > 0 { a href="#closed" { (N(closed)) " closed by decisions" } ". " }
            @if let Some(owner) = ruling.only_owner() { "Owner of all: " (T(owner)) ". " }
        }
    }
}

/// How a component stands, for a cell: never by its colour alone. What allows it to stay open is told on opening.
pub(super) fn standing(ruling: &Ruling<'_>, group: &Group<'_>) -> Markup {
    let standing = ruling.standing_of(group);
    let words = match &standing {
        Standing::Excepted(_, Some(until)) => format!("excepted until {until}"),
        _ => ruling.words(group),
    };
    let title = match (&standing, ruling.rule_of(group)) {
        (Standing::Excepted(id, _), _) => Some(id.clone()),
        (_, rule) => rule.map(safe),
    };
    html! {
        span.late[matches!(standing, Standing::Overdue(_))] title=[title] { @if words.is_empty() { span.mut { "no date" } } @else { (words) } }
    }
}

/// What the policy says about one finding: entries of a list of facts.
pub(super) fn facts(ruling: &Ruling<'_>, finding: &Finding) -> Markup {
    let words = ruling.standing(finding);
    html! {
        dt { "Policy" }
        dd {
            @let text = words.text();
            @if finding.state == "in_triage" { "in triage" @if !text.is_empty() { ", " } }
            @if text.is_empty() { @if finding.state != "in_triage" { "open, without a date" } } @else { b.late[matches!(words, Standing::Overdue(_))] { (text) } }
            @let denials = ruling.denials(finding);
            @for denial in denials { br; b.late { "Denied" } " by " code { (T(&denial.rule)) } }
            @if denials.is_empty() { @if let Some(rule) = &finding.rule { " by " code { (T(rule)) } } }
        }
        @if !finding.deadlines.is_empty() {
            dt { "Deadlines" }
            dd { @for (at, deadline) in finding.deadlines.iter().enumerate() { @if at > 0 { br; } (self::deadline(deadline, finding)) } }
        }
        @if let Some(id) = &finding.exception {
            dt { "Exception" }
            dd {
                (T(id))
                @if let Some(note) = ruling.exception(finding) {
                    @if let Some(approver) = &note.approver { ", allowed by " (T(approver)) }
                    @if let Some(until) = &note.expires { " until " (safe(&day(until))) }
                    " " code { (T(&note.place)) }
                }
            }
        }
        @if !finding.tasks.is_empty() { dt { "Besides" } dd { (finding.tasks.iter().map(|task| safe(&task.replace('_', " "))).collect::<Vec<_>>().join(", ")) } }
        @if !finding.escalated_to.is_empty() { dt { "To be told" } dd { (finding.escalated_to.iter().map(|who| safe(who)).collect::<Vec<_>>().join(", ")) } }
        @if !finding.statements.is_empty() {
            dt { "Said" }
            dd { @for (at, statement) in finding.statements.iter().enumerate() { @if at > 0 { br; } (self::statement(statement)) } }
        }
    }
}

/// `fix by 21 Nov 2026, 22:59 UTC, 3 days late: acme/exploited, from its entry in KEV on 18 Nov 2026`.
fn deadline(deadline: &Deadline, finding: &Finding) -> Markup {
    let what = match deadline.what.as_str() {
        "contact" => "write to the maker".into(),
        "reply" => "answer of the maker".into(),
        what => safe(what),
    };
    let clock = match deadline.clock.as_str() {
        "detected" => "its detection".into(),
        "published" => "its publication".into(),
        "kev_added" => "its entry in KEV".into(),
        "fix_available" => "the release of a fix".into(),
        "exception_ended" => "the end of its exception".into(),
        clock => safe(clock),
    };
    html! {
        b { (what) } " "
        @match &deadline.due {
            Some(due) => { "by " time datetime=(safe(due)) { (moment(due)) } },
            None if finding.fixed_in.is_empty() => "once there is a fix",
            None => "with the next upgrade",
        }
        @if deadline.late_days > 0 { ", " b.late { (count(deadline.late_days as usize, "day", "days")) " late" } }
        ": " code { (T(&deadline.rule)) } span.mut {
            ", counted from " (clock)
            @if let Some(start) = &deadline.start { " on " (safe(&day(start))) }
            @if deadline.assumed { ", the earliest that it can have been: nobody recorded it" }
        }
    }
}

/// Who says what, and whether it counts.
fn statement(statement: &StatementNote) -> Markup {
    let standing = match statement.standing.as_str() {
        "applied" => "counts".into(),
        "outvoted" => "outvoted by another".into(),
        "proposed" => "a proposal: the policy does not trust its author".into(),
        standing => safe(standing),
    };
    html! {
        b { (T(&statement.status.replace('_', " "))) }
        @if let Some(why) = &statement.justification { ", " (T(&why.replace('_', " "))) }
        " (" (standing) "): " (T(&statement.author))
        @if let Some(time) = &statement.time { ", " (safe(&day(time))) }
        " " code { (T(&statement.place)) }
        @if let Some(reason) = &statement.reason { br; span.mut { (T(reason)) } }
    }
}

/// Every exception, those that somebody has to look at first.
pub(super) fn permissions(assessment: &Assessment) -> Markup {
    let wrong = wrong(assessment).len();
    html! {
        section #exceptions {
            h2 { "Exceptions" }
            p.facts {
                @if assessment.exceptions.is_empty() { "There are none." } @else { (count(assessment.exceptions.len(), "exception", "exceptions")) @match wrong { 0 => ", all in order.", 1 => ". One needs somebody's attention, and stands first.", number => { ". " (N(number)) " need somebody's attention, and stand first." } } }
            }
            @if !assessment.exceptions.is_empty() {
                table.t.exc {
                    caption.v { "Exceptions, those that need attention first" }
                    thead { tr { th scope="col" { "Exception" } th scope="col" { "State" } th.n scope="col" { "Covers" } th.w scope="col" { "Allowed by" } th.w scope="col" { "Until" } th scope="col" { "Where, and what is wrong" } } }
                    tbody {
                        @for note in exceptions(assessment) {
                            tr {
                                th scope="row" { (named(note)) }
                                td { span.tag.hot[note.is_wrong()] { (became(note)) } }
                                td.n { (thousands(u64::from(note.covers))) }
                                td.w { @if let Some(approver) = &note.approver { (T(approver)) } }
                                td.w { @if let Some(until) = &note.expires { (safe(&day(until))) } }
                                td { code { (T(&note.place)) } @if let Some(reason) = &note.reason { br; (T(reason)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Ways to the parts that only a policy makes.
pub(super) fn ways(assessment: &Assessment) -> Markup {
    html! {
        @if !closed(assessment).is_empty() { a href="#closed" { "Closed" } }
        a href="#exceptions" { "Exceptions" }
    }
}

/// Findings of one state, for a chip.
pub(super) fn numbers(assessment: &Assessment, ruling: &Ruling<'_>) -> [(&'static str, usize); 3] {
    let scored = || open(assessment).filter(|finding| finding.score.is_some());
    let number = |word: &str| {
        scored()
            .filter(|finding| keywords(ruling, finding).contains(&word))
            .count()
    };
    ["denied", "overdue", "excepted"].map(|word| (word, number(word)))
}

/// Words that the filter takes exactly.
pub(super) fn keywords(ruling: &Ruling<'_>, finding: &Finding) -> Vec<&'static str> {
    let mut words = Vec::new();
    if !ruling.denials(finding).is_empty() {
        words.push("denied");
    }
    match ruling.standing(finding) {
        Standing::Overdue(_) => words.push("overdue"),
        Standing::Excepted(..) => words.push("excepted"),
        _ => {}
    }
    words
}
