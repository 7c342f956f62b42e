//! The policy as a document that a head of security signs: complete sentences, made from the file that is enforced.

use stanchion_model::cvss::Severity;
use stanchion_model::document::{Block, Document, Section};

use crate::clock::{Deadline, Span};
use crate::condition::Condition;
use crate::file::{Gate, OnExpiry, Policy, SlaRule, Sources};
use crate::people::People;

/// The severities that have columns.
const COLUMNS: [Severity; 4] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
];

/// Makes the document.
pub fn document(policy: &Policy) -> Document {
    let people = People::of(policy);
    let mut facts = vec![
        ("Policy".into(), policy.id.clone()),
        ("Version".into(), policy.version.clone()),
    ];
    if let Some(who) = &policy.approved_by {
        facts.push(("Approved by".into(), named(people, &who.value)));
    }
    if let Some(day) = &policy.approved_on {
        facts.push(("Approved on".into(), day.value.clone()));
    }
    if let Some(every) = &policy.review_every {
        facts.push(("Reviewed".into(), every.value.rhythm()));
    }
    if !policy.extends.is_empty() {
        let names: Vec<&str> = policy
            .extends
            .iter()
            .map(|name| name.value.as_str())
            .collect();
        facts.push(("Builds on".into(), names.join(", ")));
    }
    let purpose = policy.purpose.clone().unwrap_or_else(|| {
        "This policy says how weaknesses in our software and in what it is made of are discovered, decided upon, fixed and accounted for.".into()
    });
    let sections = [
        scope(policy),
        accountability(policy, people),
        discovery(policy),
        deadlines(policy),
        third_party(policy),
        components(policy),
        exceptions(policy, people),
        enforcement(policy),
        escalation(policy, people),
        resources(policy),
        review(policy, people),
    ];
    Document {
        title: policy
            .title
            .clone()
            .unwrap_or_else(|| "Vulnerability management policy".into()),
        organisation: policy.organisation.clone(),
        facts,
        summary: purpose,
        sections: sections.into_iter().flatten().collect(),
        foot: format!(
            "{} {} · SHA-256 {}",
            policy.id, policy.version, policy.digest
        ),
    }
}

fn section(title: &str, blocks: Vec<Block>) -> Option<Section> {
    (!blocks.is_empty()).then(|| Section {
        title: title.into(),
        blocks,
    })
}

fn text(text: impl Into<String>) -> Block {
    Block::Text(text.into())
}

/// `a, b and c`.
fn list<T: AsRef<str>>(items: &[T], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., end] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", most.join(", "), end.as_ref())
        }
    }
}

/// `role:ciso` as `the CISO`, with the people behind it.
fn named(people: People<'_>, name: &str) -> String {
    let plain = role(name);
    let behind = people.behind(name);
    match behind.as_slice() {
        [one] if *one == name => plain,
        [] => plain,
        several => format!("{plain} ({})", several.join(", ")),
    }
}

/// Who is accountable for the policy, in words.
pub fn accountable(policy: &Policy) -> Option<String> {
    let roles = policy.roles.as_ref()?;
    let who = roles.accountable.as_ref()?;
    Some(named(People::of(policy), &who.value))
}

/// `role:product-owner` as `product owner`, `team:payments` as `team payments`.
fn role(name: &str) -> String {
    match name.split_once(':') {
        Some(("role", rest)) => match rest {
            "ciso" => "CISO".into(),
            rest => rest.replace(['-', '_'], " "),
        },
        Some((kind @ ("team" | "list"), rest)) => format!("{kind} {rest}"),
        _ => name.to_owned(),
    }
}

fn scope(policy: &Policy) -> Option<Section> {
    let mut blocks = Vec::new();
    let applies = policy
        .applies_to
        .clone()
        .unwrap_or_else(|| "Everything that the organisation ships, runs or has bought.".into());
    blocks.push(text(format!("It applies to: {}", lower(&applies))));
    if !policy.products.is_empty() {
        let rows = policy
            .products
            .iter()
            .map(|product| {
                vec![
                    product.name.clone(),
                    product
                        .tier
                        .map_or_else(|| "1 (assumed)".into(), |tier| tier.to_string()),
                    match product.exposed {
                        Some(true) => "yes".into(),
                        Some(false) => "no".into(),
                        None => "yes (assumed)".into(),
                    },
                    product.data_classes.join(", "),
                    product
                        .owner
                        .as_ref()
                        .map_or_else(String::new, |owner| role(&owner.value)),
                ]
            })
            .collect();
        let head = ["Product", "Tier", "Exposed", "Data", "Owner"]
            .map(str::to_owned)
            .to_vec();
        blocks.push(Block::Table { head, rows });
    }
    blocks.push(text("What is not known about a product is taken at its worst: it counts as exposed to the internet and as of the first tier until somebody says otherwise. What cannot be decided for lack of evidence is unknown, and unknown is never a pass."));
    section("Scope", blocks)
}

/// A text that continues a sentence: without capital, unless the word is a name.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), text.chars().nth(1)) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

fn accountability(policy: &Policy, people: People<'_>) -> Option<Section> {
    let mut blocks = Vec::new();
    let Some(roles) = &policy.roles else {
        blocks.push(text(
            "Who is accountable and who is responsible is not written into this policy yet.",
        ));
        return section("Accountability and responsibility", blocks);
    };
    let mut rows = Vec::new();
    if let Some(who) = &roles.accountable {
        blocks.push(text(format!(
            "Accountable for this policy, for its results and for the means to reach them: {}.",
            named(people, &who.value)
        )));
    }
    for (key, who) in &roles.responsible {
        let what = match key.split_once(':') {
            Some((kind, name)) => format!("the {kind} {name}"),
            None => "everything else".into(),
        };
        rows.push(vec![
            format!("Responsible for {what}"),
            named(people, &who.value),
        ]);
    }
    if !roles.consulted.is_empty() {
        let all: Vec<String> = roles
            .consulted
            .iter()
            .map(|who| named(people, &who.value))
            .collect();
        rows.push(vec![
            "Consulted before a decision that binds others".into(),
            all.join(", "),
        ]);
    }
    if !roles.informed.is_empty() {
        let all: Vec<String> = roles
            .informed
            .iter()
            .map(|who| named(people, &who.value))
            .collect();
        rows.push(vec![
            "Informed of decisions and results".into(),
            all.join(", "),
        ]);
    }
    if !rows.is_empty() {
        blocks.push(Block::Table {
            head: vec!["What".into(), "Who".into()],
            rows,
        });
    }
    blocks.push(text("Whoever is responsible decides on each finding within its time, sees to the fix and answers for exceptions. They have the right to change or remove the component, to stop a release, and to be given the time for it."));
    blocks.push(text(if roles.responsible.is_empty() {
        "Owners are named for each product when this policy is put into force."
    } else {
        "A product or a supplier without an owner breaks this policy, and closes the gate until somebody is named."
    }));
    section("Accountability and responsibility", blocks)
}

fn kind_words(kind: &str) -> &str {
    match kind {
        "sca" => "Known vulnerabilities in components (SCA)",
        "sast" => "Static analysis of our own code (SAST)",
        "dast" => "Dynamic analysis of what runs (DAST)",
        "secrets" => "Secrets in code and history",
        "iac" => "Infrastructure as code",
        "container" => "Container images",
        "malware" => "Malicious packages",
        "licence" => "Licences",
        "fuzz" => "Fuzzing",
        "pentest" => "Penetration test",
        "bounty" => "Reports from outside, rewarded",
        "threat-model" => "Threat model",
        "review" => "Review by people",
        other => other,
    }
}

fn discovery(policy: &Policy) -> Option<Section> {
    let mut blocks = vec![text(
        "Weaknesses are discovered in these ways, at least this often. The inventory of what each product is made of is read from its lockfiles and bills of materials at each build, never from memory.",
    )];
    let rows = policy
        .discovery
        .iter()
        .map(|rule| {
            vec![
                kind_words(&rule.kind).to_owned(),
                match rule.scope.source().trim() {
                    "true" => "all products".into(),
                    _ => format!("products: {}", rule.scope.words()),
                },
                rule.every.rhythm(),
                rule.max_db_age
                    .as_ref()
                    .map_or_else(|| "–".into(), Span::words),
            ]
        })
        .collect::<Vec<_>>();
    if rows.is_empty() {
        blocks.push(text("No discovery is prescribed yet."));
    } else {
        let head = ["How", "Where", "How often", "Oldest data allowed"]
            .map(str::to_owned)
            .to_vec();
        blocks.push(Block::Table { head, rows });
    }
    section("Discovery", blocks)
}

/// What a rule of deadlines says of a severity, in words: `14 days`, `next upgrade`, or a dash where it says nothing.
pub fn due_cell(rule: &SlaRule, severity: Severity) -> String {
    match rule.due.of(Some(severity)) {
        None => "–".into(),
        // The number stays with its unit.
        Some(Deadline::Within(span)) => span.words().replace(' ', "\u{a0}"),
        Some(Deadline::NextUpgrade) => "next upgrade".into(),
    }
}

/// What the time of a rule is counted from, in words.
pub fn clock_words(rule: &SlaRule) -> String {
    let text = rule.clock.to_string();
    let word = |word: &str| match word.trim() {
        "detected" => "detection by us".to_owned(),
        "published" => "publication".to_owned(),
        "kev_added" => "listing as exploited".to_owned(),
        "fix_available" => "a fix being available".to_owned(),
        other => other.to_owned(),
    };
    match text.split_once('(') {
        Some((how, rest)) => {
            let words: Vec<String> = rest.trim_end_matches(')').split(',').map(word).collect();
            let which = if how == "min" {
                "whichever is first"
            } else {
                "whichever is last"
            };
            format!("{}, {which}", list(&words, "or"))
        }
        None => word(&text),
    }
}

fn deadlines(policy: &Policy) -> Option<Section> {
    let calendar = policy.calendar();
    let mut blocks = vec![
        text(
            "Every finding has a deadline. All rules below that match a finding apply to it, and the earliest date wins; a rule whose condition cannot be decided applies.",
        ),
        text(format!(
            "Days are counted in the time zone {}, and a time in days ends with the last second of the due day; hours run to the second. {}",
            calendar.zone(),
            calendar.business_words()
        )),
    ];
    // Where no rule tells severities apart, one column says it.
    let same = policy.sla.iter().all(|rule| {
        COLUMNS
            .iter()
            .all(|severity| due_cell(rule, *severity) == due_cell(rule, Severity::Critical))
    });
    let columns = if same { &COLUMNS[..1] } else { &COLUMNS[..] };
    let mut rows = Vec::new();
    for rule in &policy.sla {
        let what = rule
            .when
            .as_ref()
            .map_or_else(|| "every finding".into(), Condition::words);
        let mut row = vec![rule.id.clone(), what];
        row.push(rule.triage.as_ref().map_or_else(|| "–".into(), Span::words));
        row.extend(columns.iter().map(|severity| due_cell(rule, *severity)));
        row.push(clock_words(rule));
        rows.push(row);
    }
    if rows.is_empty() {
        blocks.push(text("No deadline is prescribed yet."));
    } else {
        let triage = policy.sla.iter().any(|rule| rule.triage.is_some());
        let mut head = vec!["Rule".to_owned(), "Findings".into()];
        if triage {
            head.push("Decided within".into());
        } else {
            for row in &mut rows {
                row.remove(2);
            }
        }
        if same {
            head.push("Fixed within".into());
        } else {
            head.extend(COLUMNS.iter().map(|severity| capital(severity.as_str())));
        }
        head.push("Counted from".into());
        blocks.push(Block::Table { head, rows });
    }
    let tasks: Vec<String> = policy
        .sla
        .iter()
        .filter(|rule| !rule.require.is_empty())
        .map(|rule| {
            format!(
                "{} also requires: {}",
                rule.id,
                list(
                    &rule
                        .require
                        .iter()
                        .map(|task| task.replace('_', " "))
                        .collect::<Vec<_>>(),
                    "and"
                )
            )
        })
        .collect();
    if !tasks.is_empty() {
        blocks.push(Block::List(tasks));
    }
    let reasons: Vec<String> = policy
        .sla
        .iter()
        .filter_map(|rule| Some(format!("{}: {}", rule.id, rule.reason.as_ref()?)))
        .collect();
    if !reasons.is_empty() {
        blocks.push(text("Why:"));
        blocks.push(Block::List(reasons));
    }
    blocks.push(text("When the severity of a finding changes, its time keeps its start and the earlier date counts. When nobody recorded the first sighting of a finding, it counts as seen on the day it was published."));
    section("Deadlines", blocks)
}

fn third_party(policy: &Policy) -> Option<Section> {
    let rules = &policy.third_party;
    let mut points = Vec::new();
    if let Some(span) = &rules.contact_within {
        let channels = if rules.channels.is_empty() {
            String::new()
        } else {
            format!(
                ", by the first of these ways that is there: {}",
                rules.channels.join(", ")
            )
        };
        points.push(format!(
            "Its maker is contacted within {}{channels}.",
            span.value.words()
        ));
    }
    if let Some(span) = &rules.vendor_reply_due {
        points.push(format!("An answer is expected within {}; after that the matter is escalated and the fallback begins.", span.value.words()));
    }
    if !rules.fallback.is_empty() {
        points.push(format!(
            "Without a patch we {}, in this order of preference.",
            list(&rules.fallback, "or")
        ));
    }
    if let Some(span) = &rules.review_every {
        points.push(format!(
            "A finding without a patch is looked at again {}.",
            span.value.rhythm()
        ));
    }
    points.push(match rules.paused_until_fix.as_ref().map(|placed| placed.value) {
        Some(true) => "Our own deadline stands still until there is a fix, only where a compensating control is in place and written down.".into(),
        _ => "Waiting for somebody else does not stop our own deadline: where no fix comes in time, the risk is mitigated, or the component is replaced, or an exception is asked for.".into(),
    });
    section(
        "Findings outside our control",
        vec![
            text(
                "Some findings can only be fixed by somebody else: the maker of a component, a vendor, a cloud.",
            ),
            Block::List(points),
        ],
    )
}

fn sources(what: &str, rule: &Sources) -> String {
    match rule {
        Sources::Allow => format!("Code from {what} is allowed."),
        Sources::Deny => format!("Code from {what} is not allowed."),
        Sources::Only(list) => format!(
            "Code from {what} is allowed from {}.",
            self::list(list, "and")
        ),
    }
}

fn components(policy: &Policy) -> Option<Section> {
    let rules = &policy.components;
    let licences = &policy.licences;
    let mut points = Vec::new();
    for denied in &rules.deny {
        let reason = denied
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        let instead = denied
            .instead
            .as_ref()
            .map_or_else(String::new, |name| format!("; instead: {name}"));
        points.push(format!(
            "{} is not used{reason}{instead}.",
            denied.what.as_str()
        ));
    }
    for (ecosystem, registries) in &rules.registries {
        let of = if ecosystem == "*" {
            "Packages".to_owned()
        } else {
            format!("Packages of {ecosystem}")
        };
        points.push(format!(
            "{of} come from {} only.",
            list(&registries.value, "and")
        ));
    }
    points.extend(
        rules
            .git
            .as_ref()
            .map(|rule| sources("git repositories", &rule.value)),
    );
    points.extend(
        rules
            .url
            .as_ref()
            .map(|rule| sources("addresses outside any registry", &rule.value)),
    );
    if let Some(age) = &rules.minimum_age {
        points.push(format!(
            "A version is used when it has been out for {}.",
            age.value.words()
        ));
    }
    if let Some(allow) = &licences.allow {
        points.push(format!(
            "Licences that are allowed: {}. Any other is reviewed.",
            allow.value.join(", ")
        ));
    }
    if !licences.deny.is_empty() {
        points.push(format!(
            "Licences that are not allowed: {}.",
            licences
                .deny
                .iter()
                .map(|text| text.value.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    if !licences.review.is_empty() {
        points.push(format!(
            "Licences that a person looks at: {}.",
            licences
                .review
                .iter()
                .map(|text| text.value.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    match licences.unknown.as_ref().map(|word| word.value.as_str()) {
        Some("deny") => points.push("A component without a stated licence is not used.".into()),
        Some("review") => {
            points.push("A component without a stated licence is looked at by a person.".into());
        }
        _ => {}
    }
    section(
        "Components and licences",
        if points.is_empty() {
            Vec::new()
        } else {
            vec![Block::List(points)]
        },
    )
}

fn exceptions(policy: &Policy, people: People<'_>) -> Option<Section> {
    let rules = &policy.exceptions;
    let mut blocks = vec![text(
        "A finding may stay open beyond these rules only by a written exception: it has an id, names what it covers, says why, who approved it and when it ends, and stands in a file that is reviewed like code. An exception that is malformed, has ended, is about something else or was not approved by the right person covers nothing, and is shown to everybody who looks.",
    )];
    let rows: Vec<Vec<String>> = COLUMNS
        .iter()
        .filter(|severity| {
            rules.approver.contains_key(severity) || rules.max_age.contains_key(severity)
        })
        .map(|severity| {
            vec![
                severity.as_str().to_owned(),
                rules.approver.get(severity).map_or_else(
                    || "whoever approves the next higher".into(),
                    |who| named(people, &who.value),
                ),
                rules
                    .max_age
                    .get(severity)
                    .map_or_else(|| "–".into(), |span| span.value.words()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["Severity", "Approved by", "Holds at most"]
            .map(str::to_owned)
            .to_vec();
        blocks.push(Block::Table { head, rows });
    }
    let mut points = Vec::new();
    if rules
        .not_self_approved
        .as_ref()
        .is_some_and(|flag| flag.value)
    {
        points.push("Nobody approves what they asked for themselves.".to_owned());
    }
    if !rules.require.is_empty() {
        let mut fields: Vec<String> = rules
            .require
            .iter()
            .map(|field| field.value.replace('_', " "))
            .collect();
        fields.dedup();
        points.push(format!("Every exception states: {}.", list(&fields, "and")));
    }
    points.push(match rules.on_expiry.as_ref().map(|placed| placed.value) {
        Some(OnExpiry::RestartClock) => {
            "When it ends, the finding is open again, and its time starts anew.".into()
        }
        _ => "When it ends, the finding is open again with the date that it had.".into(),
    });
    blocks.push(Block::List(points));
    section("Exceptions", blocks)
}

fn enforcement(policy: &Policy) -> Option<Section> {
    let mut blocks = vec![text(
        "The same file is enforced by machine at these gates. What closes a gate is told with the rule, the finding and what to do.",
    )];
    let mut rows = Vec::new();
    for gate in Gate::ALL {
        for rule in policy.enforce.iter().filter(|rule| rule.at == gate) {
            rows.push(vec![
                gate.as_str().replace('_', " "),
                format!("any finding that is {}", rule.deny.words()),
                if rule.missing_denies {
                    "closes the gate".into()
                } else {
                    "is reported".into()
                },
                rule.reason.clone().unwrap_or_default(),
            ]);
        }
    }
    if rows.is_empty() {
        blocks.push(text("No gate is enforced yet."));
    } else {
        let head = ["Gate", "Closed by", "Missing evidence", "Why"]
            .map(str::to_owned)
            .to_vec();
        blocks.push(Block::Table { head, rows });
    }
    blocks.push(text("A proposed change is judged by the policy, the exceptions and the statements as they stand before it; what it would loosen is itself a violation until the accountable person approves it."));
    section("Enforcement", blocks)
}

fn escalation(policy: &Policy, people: People<'_>) -> Option<Section> {
    let mut blocks = Vec::new();
    let points: Vec<String> = policy
        .escalate
        .iter()
        .map(|rule| {
            let to = if rule.to == "owner" {
                "the owner".into()
            } else {
                named(people, &rule.to)
            };
            let ticket = if rule.ticket { ", with a ticket" } else { "" };
            format!(
                "A finding that is {} is brought to {to}{ticket}.",
                rule.when.words()
            )
        })
        .collect();
    if !points.is_empty() {
        blocks.push(Block::List(points));
    }
    if let Some(to) = &policy.report.to {
        let every = policy
            .report
            .every
            .as_ref()
            .map_or_else(|| "regularly".into(), Span::rhythm);
        let metrics: Vec<String> = policy
            .report
            .metrics
            .iter()
            .map(|metric| metric_words(metric))
            .collect();
        let what = if metrics.is_empty() {
            "on the state of findings".into()
        } else {
            format!("on {}", list(&metrics, "and"))
        };
        blocks.push(text(format!(
            "{} is given a report {every} {what}.",
            capital(&named(people, to))
        )));
    }
    section("Escalation and reporting", blocks)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn metric_words(metric: &str) -> String {
    match metric {
        "mttr_by_class" => "the time to fix by class".into(),
        "sla_hit_rate" => "the share of deadlines kept".into(),
        "open_overdue" => "what is open and overdue".into(),
        "exception_age" => "the age of exceptions".into(),
        "coverage" => "which products have an inventory".into(),
        other => other.replace('_', " "),
    }
}

fn resources(policy: &Policy) -> Option<Section> {
    let resources = &policy.resources;
    let mut points = Vec::new();
    points.extend(
        resources
            .budget
            .as_ref()
            .map(|budget| format!("Budget: {budget}")),
    );
    if !resources.tools.is_empty() {
        points.push(format!("Tools: {}.", resources.tools.join("; ")));
    }
    for training in &resources.training {
        let every = training
            .every
            .as_ref()
            .map_or_else(String::new, |span| format!(", {}", span.rhythm()));
        points.push(format!(
            "Training for {}: {}{every}.",
            training.who, training.what
        ));
    }
    for contact in &resources.contacts {
        let purpose = contact
            .purpose
            .as_ref()
            .map_or_else(String::new, |purpose| format!(" ({purpose})"));
        points.push(format!(
            "Contact: {}, {}{purpose}.",
            contact.name, contact.address
        ));
    }
    let mut blocks = vec![text("What is at hand to reach these goals:")];
    if points.is_empty() {
        return None;
    }
    blocks.push(Block::List(points));
    section("Resources", blocks)
}

fn review(policy: &Policy, people: People<'_>) -> Option<Section> {
    let every = policy.review_every.as_ref().map_or_else(
        || "when something changes that it rests on".into(),
        |span| {
            format!(
                "{}, and when something changes that it rests on",
                span.value.rhythm()
            )
        },
    );
    let accountable = policy
        .roles
        .as_ref()
        .and_then(|roles| roles.accountable.as_ref());
    let by = policy.approved_by.as_ref().or(accountable);
    let mut signatures = Vec::new();
    if let Some(who) = by {
        signatures.push((
            capital(&role(&who.value)),
            people
                .behind(&who.value)
                .first()
                .filter(|name| **name != who.value)
                .map_or_else(String::new, |name| (*name).to_owned()),
        ));
    }
    if let Some(who) = accountable
        && by.is_none_or(|by| by.value != who.value)
    {
        signatures.push((capital(&role(&who.value)), String::new()));
    }
    let mut blocks = vec![text(format!(
        "This policy is reviewed {every}. A change that loosens it needs the approval of {}.",
        accountable.map_or_else(
            || "whoever is accountable".into(),
            |who| named(people, &who.value)
        )
    ))];
    if !signatures.is_empty() {
        blocks.push(Block::Signatures(signatures));
    }
    section("Review and approval of this policy", blocks)
}
