//! Why a finding has this date and this state, why a gate is closed by it, and what would change that.

use jiff::Timestamp;
use stanchion_model::cvss::Severity;
use stanchion_model::document::{Block, Document, Section};
use stanchion_model::finding::Finding;

use crate::condition::{Condition, Facts, Field, Fields, Outcome, Value};
use crate::exceptions::{Not, Subject, bare_of};
use crate::judge::deadlines::{Dated, FIX, Starts, TRIAGE, applying, earliest, of_rule};
use crate::judge::facts::{Costly, facts};
use crate::judge::{Judge, NO_DATE, Setting};
use crate::pattern::Meant;

/// Explains a finding that has been judged in this setting.
pub fn explain(setting: &Setting<'_>, finding: &Finding) -> Document {
    let judge = Judge::new(setting);
    let seen = (setting.first_seen)(finding);
    let costly = Costly::of(finding, judge.used);
    let (mut base, assumed) = facts(
        finding,
        &judge.products,
        judge.known,
        seen,
        costly.vectors(),
    );
    costly.add(&mut base, finding, &judge.products);
    let excepted = finding.exception.is_some();
    base.set(Field::Excepted, excepted);
    base.set(Field::Owner, finding.owner.as_deref().unwrap_or_default());
    base.set(
        Field::Triaged,
        excepted
            || finding
                .statements
                .iter()
                .any(|one| one.standing == "applied"),
    );
    let proposed = finding
        .statements
        .iter()
        .find(|one| one.standing == "proposed")
        .map_or("", |one| one.status.as_str());
    base.set(Field::Proposed, proposed);
    let mut starts = Starts::of(finding, seen, setting.as_of);
    let bare = bare_of(finding);
    let subject = Subject {
        finding,
        bare: &bare,
        product: judge.products.of(&finding.project).0,
    };
    judge.restart(subject, &mut starts);
    let explainer = Explainer {
        setting,
        judge: &judge,
        finding,
        starts,
        assumed,
    };
    let sections = [
        Some(explainer.date(&base)),
        Some(explainer.gate(&base)),
        explainer.exceptions(&bare_of(finding), judge.products.of(&finding.project).0),
        explainer.said(),
        explainer.changes(&base),
    ];
    Document {
        title: format!(
            "{} in {} {}",
            finding.id, finding.component.name, finding.component.version
        ),
        organisation: None,
        facts: explainer.answer(),
        summary: finding.title.clone(),
        sections: sections.into_iter().flatten().collect(),
        foot: format!(
            "policy {} {} at {}, {}",
            setting.policy.id,
            setting.policy.version,
            setting.as_of,
            setting.gate.as_str()
        ),
    }
}

struct Explainer<'e, 'a> {
    setting: &'e Setting<'a>,
    judge: &'e Judge<'a>,
    finding: &'e Finding,
    starts: Starts,
    assumed: Fields,
}

/// What comes out for some facts.
#[derive(PartialEq)]
struct Result {
    due: Option<(Option<Timestamp>, String)>,
    closed: Option<String>,
}

impl Explainer<'_, '_> {
    fn answer(&self) -> Vec<(String, String)> {
        let finding = self.finding;
        let mut facts = vec![("State".to_owned(), finding.state.replace('_', " "))];
        let late = finding
            .deadlines
            .iter()
            .find(|one| one.what == FIX)
            .map_or(0, |one| one.late_days);
        let due = match (&finding.due, late) {
            (Some(due), 0) => self.day(due),
            (Some(due), 1) => format!("{}, a day over", self.day(due)),
            (Some(due), late) => format!("{}, {late} days over", self.day(due)),
            (None, _) if finding.deadlines.iter().any(|one| one.what == FIX) => {
                "with the next upgrade".into()
            }
            (None, _) => "no date".into(),
        };
        facts.push(("Due".into(), due));
        for deadline in finding.deadlines.iter().filter(|one| one.what != FIX) {
            let what = match deadline.what.as_str() {
                TRIAGE => "Decide by",
                "contact" => "Write to its maker by",
                "reply" => "Maker's answer by",
                _ => "Look again on",
            };
            if let Some(due) = &deadline.due {
                facts.push((
                    what.into(),
                    format!("{} ({})", self.day(due), deadline.rule),
                ));
            }
        }
        facts.push((
            "Owner".into(),
            finding
                .owner
                .clone()
                .unwrap_or_else(|| "nobody: name them under [roles.responsible]".into()),
        ));
        if !finding.tasks.is_empty() {
            facts.push((
                "Also required".into(),
                finding.tasks.join(", ").replace('_', " "),
            ));
        }
        if !finding.escalated_to.is_empty() {
            facts.push(("Brought to".into(), finding.escalated_to.join(", ")));
        }
        facts
    }

    /// A time as a day in the policy's zone, with the exact one.
    fn day(&self, time: &str) -> String {
        match time.parse::<Timestamp>() {
            Ok(time) => format!("{} ({time})", self.judge.calendar.day(time)),
            Err(_) => time.to_owned(),
        }
    }

    fn date(&self, base: &Facts<'_>) -> Section {
        let policy = self.setting.policy;
        if self.finding.is_closed() {
            let blocks = vec![Block::Text(format!(
                "It is {}, so no date is set.",
                self.finding.state.replace('_', " ")
            ))];
            return Section {
                title: "Why this date".into(),
                blocks,
            };
        }
        let mut rows = Vec::new();
        let mut apply = 0;
        for rule in &policy.sla {
            let answer = rule
                .when
                .as_ref()
                .map_or(Outcome::True, |when| when.eval(base));
            if answer.is_false() {
                continue;
            }
            apply += 1;
            let why = rule
                .when
                .as_ref()
                .map_or_else(|| "every finding".into(), |when| self.leaves(when, base));
            let dates: Vec<Dated> = of_rule(
                rule,
                self.finding.severity,
                &self.starts,
                &self.judge.calendar,
            )
            .map(|demand| demand.dated(&self.judge.calendar, self.setting.as_of))
            .collect();
            if dates.is_empty() {
                rows.push(vec![
                    rule.id.clone(),
                    why.clone(),
                    format!("{}: has not started", rule.clock),
                    "–".into(),
                ]);
            }
            for date in dates {
                rows.push(vec![
                    rule.id.clone(),
                    why.clone(),
                    self.clock(&date),
                    self.due(&date, rule),
                ]);
            }
        }
        let mut blocks = vec![Block::Text(match apply {
            0 => format!(
                "None of the {} rules about deadlines applies to it.",
                policy.sla.len()
            ),
            1 => format!(
                "One of the {} rules about deadlines applies to it.",
                policy.sla.len()
            ),
            many => format!(
                "{many} of the {} rules about deadlines apply to it, and of each sort the earliest date counts.",
                policy.sla.len()
            ),
        })];
        if !rows.is_empty() {
            let head = ["Rule", "Because", "Counted from", "Date"]
                .map(str::to_owned)
                .to_vec();
            blocks.push(Block::Table { head, rows });
        }
        if let Some(fix) = self.finding.deadlines.iter().find(|one| one.what == FIX) {
            let rule = policy.sla.iter().find(|rule| rule.id == fix.rule);
            let place = rule.map_or_else(String::new, |rule| format!(" ({})", rule.place));
            let reason = rule
                .and_then(|rule| rule.reason.clone())
                .map_or_else(String::new, |reason| format!(" {reason}"));
            blocks.push(Block::Text(format!("{}{place} decides.{reason}", fix.rule)));
        }
        let assumed: Vec<String> = self
            .assumed
            .iter()
            .filter(|field| self.judge.used.has(*field))
            .map(|field| format!("{} = {}", field.name(), base.get(field)))
            .collect();
        if !assumed.is_empty() {
            blocks.push(Block::Text(format!(
                "Taken for what nobody says: {}.",
                assumed.join(", ")
            )));
        }
        if self.starts.assumed {
            blocks.push(Block::Text("Nobody recorded when it was first seen, so it counts as seen when it was published: `stanchion scan --record` records it.".into()));
        }
        Section {
            title: "Why this date".into(),
            blocks,
        }
    }

    /// What a condition rests on, leaf by leaf; what is false does not matter to one that holds.
    fn leaves(&self, condition: &Condition, facts: &Facts<'_>) -> String {
        let clauses = condition.explain(facts);
        let shown: Vec<String> = clauses
            .iter()
            .filter(|clause| !clause.outcome.is_false())
            .map(|clause| {
                let assumed = clause
                    .found
                    .iter()
                    .any(|(field, _)| self.assumed.has(*field));
                let note = if assumed { " (assumed)" } else { "" };
                match clause.outcome {
                    Outcome::Unknown(reason) => format!("{} is unknown: {reason}", clause.text),
                    _ => format!("{}{note}", clause.text),
                }
            })
            .collect();
        shown.join("; ")
    }

    fn clock(&self, date: &Dated) -> String {
        let start = date.deadline.start.as_deref().unwrap_or_default();
        let day = start.parse::<Timestamp>().map_or_else(
            |_| start.to_owned(),
            |time| self.judge.calendar.day(time).to_string(),
        );
        let assumed = if date.deadline.assumed {
            ", assumed"
        } else {
            ""
        };
        format!("{} {day}{assumed}", date.deadline.clock.replace('_', " "))
    }

    fn due(&self, date: &Dated, rule: &crate::file::SlaRule) -> String {
        let what = if date.deadline.what == TRIAGE {
            "decide by"
        } else {
            "fix by"
        };
        let span = if date.deadline.what == TRIAGE {
            rule.triage.as_ref().map(ToString::to_string)
        } else {
            rule.due.of(self.finding.severity).map(ToString::to_string)
        };
        let span = span.unwrap_or_default();
        date.due.map_or_else(
            || format!("{what} the next upgrade"),
            |due| format!("{what} {} (+{span})", self.judge.calendar.day(due)),
        )
    }

    fn gate(&self, base: &Facts<'_>) -> Section {
        let gate = self.setting.gate;
        let mut facts = base.clone();
        self.finish(&mut facts, self.fix(base).as_ref());
        let mut rows = Vec::new();
        for rule in &self.judge.enforce {
            let answer = rule.deny.eval(&facts);
            let clauses: Vec<String> = rule
                .deny
                .explain(&facts)
                .iter()
                .map(|clause| {
                    format!(
                        "{} {}",
                        clause.text,
                        match clause.outcome {
                            Outcome::True => "holds",
                            Outcome::False => "does not hold",
                            Outcome::Unknown(_) => "is unknown",
                        }
                    )
                })
                .collect();
            let says = match answer {
                _ if self.finding.is_closed() => "nothing: it is closed".to_owned(),
                Outcome::True => "closes the gate".into(),
                Outcome::False => "lets it pass".into(),
                Outcome::Unknown(reason) if rule.missing_denies => {
                    format!("closes the gate: {reason}")
                }
                Outcome::Unknown(reason) => format!("cannot decide: {reason}"),
            };
            rows.push(vec![rule.id.clone(), says, clauses.join("; ")]);
        }
        let blocks = if rows.is_empty() {
            vec![Block::Text(format!(
                "The policy has no rule for the gate {}.",
                gate.as_str()
            ))]
        } else {
            vec![Block::Table {
                head: ["Rule", "Says", "Because"].map(str::to_owned).to_vec(),
                rows,
            }]
        };
        Section {
            title: format!("At the gate {}", gate.as_str().replace('_', " ")),
            blocks,
        }
    }

    fn exceptions(&self, bare: &str, product: &str) -> Option<Section> {
        let setting = self.setting;
        let subject = Subject {
            finding: self.finding,
            bare,
            product,
        };
        let rule = self.finding.rule.as_deref().unwrap_or_default();
        let named: Vec<(usize, Meant)> = setting
            .exceptions
            .about(subject)
            .chain(setting.exceptions.of_rule(rule, Some(subject)))
            .collect();
        let points: Vec<String> = named
            .into_iter()
            .map(|(at, meant)| {
                let entry = &setting.exceptions.entries()[at];
                let valid = entry.valid(
                    setting.policy,
                    self.judge.people,
                    self.finding.severity,
                    setting.as_of,
                );
                let says = match valid {
                    _ if meant == Meant::Unknown => {
                        "does not cover it: it is for some versions, and this one is not known"
                            .to_owned()
                    }
                    Ok(()) => format!(
                        "covers it until {}",
                        entry.exception.expires.as_deref().unwrap_or_default()
                    ),
                    Err(Not::Expired(until)) => {
                        format!("ended on {}", self.judge.calendar.day(until))
                    }
                    Err(Not::NotYet) => "begins later".into(),
                    Err(Not::Against(reason)) => format!("does not cover it: {reason}"),
                    Err(Not::UnknownVersion) => "does not cover it".into(),
                };
                format!("{} ({}) {says}", entry.exception.id, entry.place)
            })
            .collect();
        (!points.is_empty()).then(|| Section {
            title: "Exceptions".into(),
            blocks: vec![Block::List(points)],
        })
    }

    fn said(&self) -> Option<Section> {
        let points: Vec<String> = self
            .finding
            .statements
            .iter()
            .map(|one| {
                let why = one
                    .justification
                    .as_deref()
                    .map_or_else(String::new, |why| format!(": {}", why.replace('_', " ")));
                let reason = one
                    .reason
                    .as_deref()
                    .map_or_else(String::new, |reason| format!(" – {reason}"));
                format!(
                    "{} says {}{why}{reason} ({}, {})",
                    one.author,
                    one.status.replace('_', " "),
                    one.standing,
                    one.place
                )
            })
            .collect();
        (!points.is_empty()).then(|| Section {
            title: "What people say".into(),
            blocks: vec![Block::List(points)],
        })
    }

    fn fix(&self, facts: &Facts<'_>) -> Option<Dated> {
        let policy = self.setting.policy;
        let severity = match facts.get(Field::Severity) {
            Value::Text(word) => Severity::ALL
                .into_iter()
                .find(|severity| severity.as_str() == word && self.finding.severity.is_some()),
            _ => self.finding.severity,
        };
        let answers: Vec<Outcome> = policy
            .sla
            .iter()
            .map(|rule| {
                rule.when
                    .as_ref()
                    .map_or(Outcome::True, |when| when.eval(facts))
            })
            .collect();
        let demands = applying(policy, &answers)
            .flat_map(|rule| of_rule(rule, severity, &self.starts, &self.judge.calendar));
        earliest(demands, &self.judge.calendar, self.setting.as_of)
            .into_iter()
            .find(|date| date.deadline.what == FIX)
    }

    /// The facts that follow from the date.
    fn finish(&self, facts: &mut Facts<'_>, fix: Option<&Dated>) {
        let excepted = facts.get(Field::Excepted) == Value::Bool(true);
        let late = fix.map_or(0, |date| date.deadline.late_days);
        facts.set(
            Field::OverdueDays,
            if excepted { 0 } else { i64::from(late) },
        );
        let left = fix.and_then(|date| date.due).map_or(NO_DATE, |due| {
            (due.as_second() - self.setting.as_of.as_second()).div_euclid(86_400)
        });
        facts.set(Field::DaysLeft, left);
        let state = if excepted {
            "excepted"
        } else if late > 0 {
            "overdue"
        } else {
            "open"
        };
        facts.set(Field::State, state);
    }

    fn result(&self, facts: &Facts<'_>) -> Result {
        let fix = self.fix(facts);
        let mut facts = facts.clone();
        self.finish(&mut facts, fix.as_ref());
        let closed = self
            .judge
            .enforce
            .iter()
            .find(|rule| match rule.deny.eval(&facts) {
                Outcome::True => true,
                Outcome::False => false,
                Outcome::Unknown(_) => rule.missing_denies,
            })
            .map(|rule| rule.id.clone());
        Result {
            due: fix.map(|date| (date.due, date.deadline.rule)),
            closed,
        }
    }

    /// What would come out if one thing were different.
    fn changes(&self, base: &Facts<'_>) -> Option<Section> {
        if self.finding.is_closed() {
            return None;
        }
        let now = self.result(base);
        let mut points = Vec::new();
        let mut try_one = |what: &str, field: Field, value: Value<'static>| {
            if base.get(field) == value || !self.judge.used.has(field) && field != Field::Excepted {
                return;
            }
            let mut facts = base.clone();
            facts.set(field, value);
            let then = self.result(&facts);
            if then == now {
                return;
            }
            let mut parts = Vec::new();
            if then.due != now.due {
                parts.push(match &then.due {
                    Some((Some(due), rule)) => format!(
                        "it would be due on {} ({rule})",
                        self.judge.calendar.day(*due)
                    ),
                    Some((None, rule)) => format!("it would be due with the next upgrade ({rule})"),
                    None => "it would have no date".into(),
                });
            }
            match (&now.closed, &then.closed) {
                (Some(_), None) => parts.push("it would pass the gate".into()),
                (None, Some(rule)) => parts.push(format!("it would close the gate ({rule})")),
                (Some(_), Some(_)) | (None, None) => {}
            }
            if !parts.is_empty() {
                points.push(format!("If {what}: {}.", parts.join(", and ")));
            }
        };
        try_one(
            "its product were not exposed (exposed = false under [[product]])",
            Field::Exposed,
            Value::Bool(false),
        );
        try_one(
            "its product were exposed",
            Field::Exposed,
            Value::Bool(true),
        );
        try_one("its product were of tier 2", Field::Tier, Value::Int(2));
        try_one("its product were of tier 3", Field::Tier, Value::Int(3));
        try_one(
            "it were listed as exploited (KEV)",
            Field::Kev,
            Value::Bool(true),
        );
        try_one(
            "an exploit were public",
            Field::Exploitation,
            Value::Text("poc"),
        );
        try_one(
            "exploitation could be automated",
            Field::Automatable,
            Value::Bool(true),
        );
        try_one(
            "its impact were partial",
            Field::TotalImpact,
            Value::Bool(false),
        );
        try_one("there were a fix", Field::FixAvailable, Value::Bool(true));
        for severity in [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
        ] {
            if self.finding.severity.is_some_and(|own| own != severity) {
                try_one(
                    &format!("its severity were {}", severity.as_str()),
                    Field::Severity,
                    Value::Text(severity.as_str()),
                );
            }
        }
        try_one(
            "a valid exception covered it (`stanchion exception add`)",
            Field::Excepted,
            Value::Bool(true),
        );
        if self
            .finding
            .statements
            .iter()
            .all(|one| one.standing != "applied")
        {
            points.push("If somebody decided that it does not affect you (`stanchion vex add`): it would be closed.".into());
        }
        if let Some(to) = &self.finding.upgrade_to {
            points.push(format!(
                "With {} {to} or later it would be gone.",
                self.finding.component.name
            ));
        }
        (!points.is_empty()).then(|| Section {
            title: "What would change it".into(),
            blocks: vec![Block::List(points)],
        })
    }
}
