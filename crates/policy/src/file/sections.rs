//! The sections of the file, one function each.

use std::collections::BTreeMap;

use stanchion_model::cvss::Severity;

use super::catalogue::{case, product, supplier, vex};
use super::materials::{components, licences};
use super::reader::Table;
use super::{
    BySeverity, Case, Contact, Discovery, Enforce, Escalate, ExceptionRules, Fault, Gate, OnExpiry,
    Placed, Policy, Reporting, Resources, Roles, SCHEMA, SlaRule, ThirdParty, Training,
};
use crate::clock::{Calendar, Clock, Deadline, Span};
use crate::condition::{Condition, Phase};

/// Kinds of discovery.
pub(crate) const DISCOVERY: &[&str] = &[
    "sca",
    "sast",
    "dast",
    "secrets",
    "iac",
    "container",
    "malware",
    "licence",
    "fuzz",
    "pentest",
    "bounty",
    "threat-model",
    "review",
];

/// Fields that an exception can be made to have.
pub(crate) const REQUIRABLE: &[&str] = &[
    "reason",
    "scope",
    "compensating_control",
    "requested_by",
    "approved_on",
    "expires",
    "product",
];

pub(super) fn policy(root: &Table<'_>, digest: String, faults: &mut Vec<Fault>) -> Policy {
    if let Some(schema) = root.needed("schema", faults)
        && schema.value != SCHEMA
    {
        let message = format!(
            "`schema` is {:?}, and {SCHEMA:?} is what is read",
            schema.value
        );
        faults.push(root.fault(
            schema.place.line,
            message,
            Some("this version of stanchion cannot know what another schema means"),
        ));
    }
    let head = root.table("policy", faults);
    if head.is_none() && !root.has("policy") {
        faults.push(root.fault(
            1,
            "the file has no [policy] section",
            Some("`stanchion policy init` writes a file to begin with"),
        ));
    }
    let mut policy = Policy {
        id: String::new(),
        version: String::new(),
        title: None,
        organisation: None,
        purpose: None,
        applies_to: None,
        approved_by: None,
        approved_on: None,
        review_every: None,
        calendar: None,
        extends: Vec::new(),
        roles: root
            .table("roles", faults)
            .map(|table| roles(&table, faults)),
        resources: root
            .table("resources", faults)
            .map(|table| resources(&table, faults))
            .unwrap_or_default(),
        discovery: each(root, "discovery", faults, discovery),
        sla: each(root, "sla", faults, sla),
        third_party: root
            .table("third_party", faults)
            .map(|table| third_party(&table, faults))
            .unwrap_or_default(),
        components: root
            .table("components", faults)
            .map(|table| components(&table, faults))
            .unwrap_or_default(),
        licences: root
            .table("licences", faults)
            .map(|table| licences(&table, faults))
            .unwrap_or_default(),
        exceptions: root
            .table("exceptions", faults)
            .map(|table| exceptions(&table, faults))
            .unwrap_or_default(),
        enforce: Vec::new(),
        escalate: each(root, "escalate", faults, escalate),
        report: root
            .table("report", faults)
            .map(|table| report(&table, faults))
            .unwrap_or_default(),
        products: each(root, "product", faults, product),
        suppliers: each(root, "supplier", faults, supplier),
        vex: each(root, "vex", faults, vex),
        cases: each(root, "case", faults, case),
        file: root.file().clone(),
        digest,
    };
    let mut counts: BTreeMap<Gate, usize> = BTreeMap::new();
    for table in root.tables("enforce", super::MOST_RULES, faults) {
        if let Some(mut rule) = enforce(&table, faults) {
            let count = counts.entry(rule.at).or_default();
            *count += 1;
            if !rule.named {
                rule.id = format!("{}-{count}", rule.at.as_str());
            }
            policy.enforce.push(rule);
        }
    }
    if let Some(table) = head {
        self::head(&table, &mut policy, faults);
    }
    root.finish(faults);
    twice(
        "sla",
        policy
            .sla
            .iter()
            .map(|rule| (rule.id.as_str(), &rule.place)),
        faults,
    );
    twice(
        "enforce",
        policy
            .enforce
            .iter()
            .map(|rule| (rule.id.as_str(), &rule.place)),
        faults,
    );
    twice(
        "product",
        policy
            .products
            .iter()
            .map(|one| (one.name.as_str(), &one.place)),
        faults,
    );
    twice(
        "supplier",
        policy
            .suppliers
            .iter()
            .map(|one| (one.name.as_str(), &one.place)),
        faults,
    );
    twice(
        "case",
        policy
            .cases
            .iter()
            .map(|one| (one.name.as_str(), &one.place)),
        faults,
    );
    policy
}

/// A file of tests alone.
pub(super) fn cases(root: &Table<'_>, faults: &mut Vec<Fault>) -> Vec<Case> {
    let cases = each(root, "case", faults, case);
    root.finish(faults);
    cases
}

pub(super) fn each<'a, T>(
    root: &Table<'a>,
    name: &'static str,
    faults: &mut Vec<Fault>,
    read: impl Fn(&Table<'a>, &mut Vec<Fault>) -> Option<T>,
) -> Vec<T> {
    let tables = root.tables(name, super::MOST_RULES, faults);
    tables
        .iter()
        .filter_map(|table| read(table, faults))
        .collect()
}

/// Two things of one section must not share a name.
fn twice<'p>(
    section: &str,
    names: impl Iterator<Item = (&'p str, &'p super::Place)>,
    faults: &mut Vec<Fault>,
) {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, place) in names {
        if let Some(line) = seen.insert(name, place.line) {
            faults.push(Fault {
                place: place.clone(),
                message: format!("[[{section}]] {name:?} is already on line {line}"),
                hint: Some("give each its own name".into()),
            });
        }
    }
}

fn head(table: &Table<'_>, policy: &mut Policy, faults: &mut Vec<Fault>) {
    let plain = |name, faults: &mut Vec<Fault>| table.text(name, faults).map(|text| text.value);
    policy.id = table
        .needed("id", faults)
        .map(|text| text.value)
        .unwrap_or_default();
    policy.version = table
        .needed("version", faults)
        .map(|text| text.value)
        .unwrap_or_default();
    policy.title = plain("title", faults);
    policy.organisation = plain("organisation", faults);
    policy.purpose = plain("purpose", faults);
    policy.applies_to = plain("applies_to", faults);
    policy.approved_by = table.text("approved_by", faults);
    policy.approved_on = day(table, "approved_on", faults);
    policy.review_every = table.read("review_every", faults, Span::parse);
    policy.extends = table.texts("extends", faults);
    let zone = table.text("clock_tz", faults);
    let weekend = table.has("weekend").then(|| table.texts("weekend", faults));
    let holidays = days(table, "holidays", faults);
    if let Some(place) = zone
        .as_ref()
        .map(|zone| zone.place.clone())
        .or_else(|| {
            weekend
                .as_ref()
                .and_then(|days| days.first())
                .map(|day| day.place.clone())
        })
        .or_else(|| holidays.first().map(|day| day.place.clone()))
    {
        let weekend: Vec<&str> = weekend.as_ref().map_or_else(
            || vec!["sat", "sun"],
            |days| days.iter().map(|day| day.value.as_str()).collect(),
        );
        let holidays: Vec<&str> = holidays.iter().map(|day| day.value.as_str()).collect();
        let zone = zone.as_ref().map_or("UTC", |zone| zone.value.as_str());
        match Calendar::new(zone, &weekend, &holidays) {
            Ok(value) => policy.calendar = Some(Placed { value, place }),
            Err(error) => {
                faults.push(table.fault(place.line, error.message, error.hint.as_deref()));
            }
        }
    }
    table.finish(faults);
}

/// A day: a TOML date, or a text that holds one.
fn day(table: &Table<'_>, name: &'static str, faults: &mut Vec<Fault>) -> Option<Placed<String>> {
    let text = table.text(name, faults)?;
    if text.value.parse::<jiff::civil::Date>().is_err() {
        faults.push(table.fault(
            text.place.line,
            format!("`{name}` is {:?}, which is no day", text.value),
            Some("write it as 2026-11-24"),
        ));
        return None;
    }
    Some(text)
}

fn days(table: &Table<'_>, name: &'static str, faults: &mut Vec<Fault>) -> Vec<Placed<String>> {
    let mut days = table.texts(name, faults);
    days.retain(|day| {
        let good = day.value.parse::<jiff::civil::Date>().is_ok();
        if !good {
            faults.push(table.fault(
                day.place.line,
                format!("`{name}`: {:?} is no day", day.value),
                Some("write it as 2026-12-25"),
            ));
        }
        good
    });
    days
}

pub(super) fn texts(table: &Table<'_>, name: &'static str, faults: &mut Vec<Fault>) -> Vec<String> {
    table
        .texts(name, faults)
        .into_iter()
        .map(|text| text.value)
        .collect()
}

fn condition(
    table: &Table<'_>,
    name: &'static str,
    phase: Phase,
    faults: &mut Vec<Fault>,
) -> Option<Placed<Condition>> {
    let text = table.text(name, faults)?;
    match Condition::parse(&text.value, phase) {
        Ok(value) => Some(Placed {
            value,
            place: text.place,
        }),
        Err(error) => {
            // In a text of several lines the place is known to the line.
            let before = text
                .value
                .as_bytes()
                .iter()
                .take(error.offset)
                .filter(|byte| **byte == b'\n')
                .count() as u32;
            faults.push(Fault {
                place: table.at(text.place.line + before),
                message: format!("`{name}`: {}", error.message),
                hint: error.hint,
            });
            None
        }
    }
}

fn roles(table: &Table<'_>, faults: &mut Vec<Fault>) -> Roles {
    let mut roles = Roles {
        accountable: table.text("accountable", faults),
        consulted: table.texts("consulted", faults),
        informed: table.texts("informed", faults),
        ..Roles::default()
    };
    if let Some((node, line)) = table.node("responsible") {
        if let Some(text) = node.as_str() {
            roles
                .responsible
                .insert("default".into(), table.placed(text.to_owned(), line));
        } else if node.is_object() {
            for member in node.members() {
                let good = member.key == "default"
                    || ["product:", "supplier:"]
                        .iter()
                        .any(|start| member.key.starts_with(start));
                match member.value.as_str() {
                    Some(who) if good && !who.trim().is_empty() => {
                        roles.responsible.insert(
                            member.key.to_string(),
                            table.placed(who.to_owned(), member.line),
                        );
                    }
                    _ if !good => faults.push(table.fault(
                        member.line,
                        format!("`responsible` is given for {:?}", member.key),
                        Some("the keys are default, \"product:NAME\" and \"supplier:NAME\""),
                    )),
                    _ => faults.push(table.wrong(
                        &member.key,
                        "a role, a team or an address",
                        &member.value,
                        member.line,
                    )),
                }
            }
        } else {
            faults.push(table.wrong("responsible", "a text or a table", node, line));
        }
    }
    if let Some(members) = table.table("members", faults) {
        for member in members.members() {
            let people = table.list(&member.key, &member.value, member.line, faults);
            let people = people.into_iter().map(|text| text.value).collect();
            roles
                .members
                .insert(member.key.to_string(), table.placed(people, member.line));
        }
    }
    table.finish(faults);
    roles
}

fn resources(table: &Table<'_>, faults: &mut Vec<Fault>) -> Resources {
    let training = each(table, "training", faults, |table, faults| {
        let training = Training {
            who: table.needed("who", faults)?.value,
            what: table.needed("what", faults)?.value,
            every: table
                .read("every", faults, Span::parse)
                .map(|span| span.value),
        };
        table.finish(faults);
        Some(training)
    });
    let contacts = each(table, "contacts", faults, |table, faults| {
        let contact = Contact {
            name: table.needed("name", faults)?.value,
            address: table.needed("address", faults)?.value,
            purpose: table.text("for", faults).map(|text| text.value),
        };
        table.finish(faults);
        Some(contact)
    });
    let resources = Resources {
        budget: table.text("budget", faults).map(|text| text.value),
        tools: texts(table, "tools", faults),
        training,
        contacts,
    };
    table.finish(faults);
    resources
}

fn discovery(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<Discovery> {
    let kind = table
        .needed("kind", faults)
        .filter(|kind| table.one_of("kind", kind, DISCOVERY, faults));
    let scope = condition(table, "scope", Phase::Deadline, faults);
    if let Some(placed) = &scope
        && let Some(field) = placed
            .value
            .fields()
            .iter()
            .find(|field| field.name().starts_with("f."))
    {
        faults.push(table.fault(
            placed.place.line,
            format!(
                "`scope` asks for {}, and there is no finding yet",
                field.name()
            ),
            Some("ask for the product: p.tier, p.tags, a.exposed, ..."),
        ));
    }
    let scope = scope.map(|placed| placed.value).or_else(|| {
        Condition::parse("true", Phase::Deadline)
            .ok()
            .filter(|_| !table.has("scope"))
    });
    let every = match table.needed("every", faults) {
        Some(text) => table.convert("every", &text, faults, Span::parse),
        None => None,
    };
    let max_db_age = table
        .read("max_db_age", faults, Span::parse)
        .map(|span| span.value);
    table.finish(faults);
    Some(Discovery {
        kind: kind?.value,
        scope: scope?,
        every: every?.value,
        max_db_age,
        place: table.place(),
    })
}

/// A value for each severity, or one for all: `"7d"`, `{ critical = "3d", high = "7d" }`.
fn by_severity<T: Clone, E: Into<super::reader::Told>>(
    table: &Table<'_>,
    name: &'static str,
    faults: &mut Vec<Fault>,
    read: impl Fn(&str) -> Result<T, E>,
) -> BTreeMap<Severity, Placed<T>> {
    let mut values = BTreeMap::new();
    let Some((node, line)) = table.node(name) else {
        return values;
    };
    if let Some(text) = node.as_str() {
        let text = table.placed(text.to_owned(), line);
        if let Some(value) = table.convert(name, &text, faults, read) {
            // The lowest severity stands for all: `BySeverity::of` looks upwards, so each is given.
            for severity in Severity::ALL {
                values.insert(severity, value.clone());
            }
        }
        return values;
    }
    if !node.is_object() {
        faults.push(table.wrong(name, "a text or a table by severity", node, line));
        return values;
    }
    for member in node.members() {
        let words = Severity::ALL.map(Severity::as_str);
        let key = table.placed(member.key.to_string(), member.line);
        if !table.one_of(name, &key, &words, faults) {
            continue;
        }
        let Some(severity) = Severity::ALL
            .into_iter()
            .find(|severity| severity.as_str() == member.key)
        else {
            continue;
        };
        let Some(text) = member.value.as_str() else {
            faults.push(table.wrong(&member.key, "a text in quotes", &member.value, member.line));
            continue;
        };
        let text = table.placed(text.to_owned(), member.line);
        if let Some(value) = table.convert(name, &text, faults, &read) {
            values.insert(severity, value);
        }
    }
    values
}

fn sla(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<SlaRule> {
    let before = faults.len();
    let id = table.needed("id", faults);
    let when = condition(table, "when", Phase::Deadline, faults).map(|placed| placed.value);
    let triage = table
        .read("triage", faults, Span::parse)
        .map(|span| span.value);
    let due = by_severity(table, "due", faults, Deadline::parse);
    let clock = table
        .read("clock", faults, Clock::parse)
        .map(|clock| clock.value);
    let require = texts(table, "require", faults);
    let reason = table.text("reason", faults).map(|text| text.value);
    if triage.is_none() && due.is_empty() && faults.len() == before {
        faults.push(table.fault(
            table.place().line,
            "[[sla]] has neither `triage` nor `due`",
            Some("say by when: due = \"30d\", or due = { critical = \"7d\", high = \"30d\" }"),
        ));
    }
    table.finish(faults);
    if faults.len() > before {
        return None;
    }
    Some(SlaRule {
        id: id?.value,
        when,
        triage,
        due: BySeverity(
            due.into_iter()
                .map(|(severity, placed)| (severity, placed.value))
                .collect(),
        ),
        clock: clock.unwrap_or_default(),
        require,
        reason,
        place: table.place(),
    })
}

fn third_party(table: &Table<'_>, faults: &mut Vec<Fault>) -> ThirdParty {
    let no_patch = table.table("no_patch", faults);
    let mut rules = ThirdParty {
        contact_within: table.read("contact_within", faults, Span::parse),
        channels: texts(table, "channels", faults),
        vendor_reply_due: table.read("vendor_reply_due", faults, Span::parse),
        paused_until_fix: table
            .word("sla_clock", &["runs", "paused_until_fix"], faults)
            .map(|word| Placed {
                value: word.value == "paused_until_fix",
                place: word.place,
            }),
        ..ThirdParty::default()
    };
    if let Some(table) = no_patch {
        rules.fallback = texts(&table, "fallback", faults);
        rules.review_every = table.read("review_every", faults, Span::parse);
        table.finish(faults);
    }
    table.finish(faults);
    rules
}

fn exceptions(table: &Table<'_>, faults: &mut Vec<Fault>) -> ExceptionRules {
    let require = table.texts("require", faults);
    let on_expiry = table.word(
        "on_expiry",
        &["reopen_keep_clock", "reopen_restart_clock"],
        faults,
    );
    // There is no other choice, and the file may say so.
    table.word("on_unresolvable", &["reopen"], faults);
    let rules = ExceptionRules {
        approver: by_severity(table, "approver", faults, |text| {
            Ok::<_, std::convert::Infallible>(text.to_owned())
        }),
        not_self_approved: table.flag("not_self_approved", faults),
        max_age: by_severity(table, "max_age", faults, Span::parse),
        require: require
            .into_iter()
            .filter(|field| table.one_of("require", field, REQUIRABLE, faults))
            .collect(),
        on_expiry: on_expiry.map(|word| Placed {
            value: if word.value == "reopen_restart_clock" {
                OnExpiry::RestartClock
            } else {
                OnExpiry::KeepClock
            },
            place: word.place,
        }),
    };
    table.finish(faults);
    rules
}

fn enforce(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<Enforce> {
    let words = Gate::ALL.map(Gate::as_str);
    let at = table
        .needed("at", faults)
        .filter(|at| table.one_of("at", at, &words, faults));
    if !table.has("deny") {
        faults.push(table.fault(
            table.place().line,
            "[[enforce]] lacks `deny`",
            Some("say which findings close the gate: deny = \"f.kev && !f.excepted\""),
        ));
    }
    let deny = condition(table, "deny", Phase::Verdict, faults);
    let missing = table.word("missing_evidence", &["deny", "report"], faults);
    let id = table.text("id", faults);
    let reason = table.text("reason", faults);
    table.finish(faults);
    Some(Enforce {
        named: id.is_some(),
        id: id.map(|text| text.value).unwrap_or_default(),
        at: Gate::from_word(&at?.value)?,
        deny: deny?.value,
        missing_denies: missing.is_some_and(|word| word.value == "deny"),
        reason: reason.map(|text| text.value),
        place: table.place(),
    })
}

fn escalate(table: &Table<'_>, faults: &mut Vec<Fault>) -> Option<Escalate> {
    if !table.has("when") {
        faults.push(table.fault(table.place().line, "[[escalate]] lacks `when`", None));
    }
    let when = condition(table, "when", Phase::Verdict, faults);
    let to = table.needed("to", faults);
    let ticket = table.flag("ticket", faults).is_some_and(|flag| flag.value);
    table.finish(faults);
    Some(Escalate {
        when: when?.value,
        to: to?.value,
        ticket,
        place: table.place(),
    })
}

fn report(table: &Table<'_>, faults: &mut Vec<Fault>) -> Reporting {
    let report = Reporting {
        metrics: texts(table, "metrics", faults),
        to: table.text("to", faults).map(|text| text.value),
        every: table
            .read("every", faults, Span::parse)
            .map(|span| span.value),
    };
    table.finish(faults);
    report
}
