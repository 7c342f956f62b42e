//! Tests of a policy: given these facts, what must come out.
//!
//! Each `[[case]]` is judged by the very code that judges findings; what it does not give is as it would be for a finding
//! about which nobody says anything more.

use jiff::Timestamp;
use stanchion_model::cvss::Severity;

use crate::clock::Start;
use crate::condition::{Facts, Field, Outcome, Value};
use crate::file::{Case, Fault, Given, Placed, Policy};
use crate::judge::deadlines::{Starts, applying, earliest, of_rule};

/// What came out of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// What differs from what it expects; empty where it holds.
    pub differs: Vec<String>,
    /// Where it stands.
    pub place: crate::file::Place,
}

/// The day that a case is judged on where it gives none.
const DAY: &str = "2026-01-15T12:00:00Z";

/// Runs every case of a policy. A case that cannot be run is a fault.
pub fn run(policy: &Policy) -> Result<Vec<CaseResult>, Vec<Fault>> {
    let mut faults = Vec::new();
    let results = policy
        .cases
        .iter()
        .filter_map(|case| match one(policy, case) {
            Ok(result) => Some(result),
            Err(more) => {
                faults.extend(more);
                None
            }
        })
        .collect();
    if faults.is_empty() {
        Ok(results)
    } else {
        Err(faults)
    }
}

fn one(policy: &Policy, case: &Case) -> Result<CaseResult, Vec<Fault>> {
    let mut faults = Vec::new();
    let fault = |message: String, hint: Option<String>| Fault {
        place: case.place.clone(),
        message,
        hint,
    };
    let calendar = policy.calendar();
    let moment = |text: &str| -> Option<Start> {
        if text.len() == 10 {
            text.parse().ok().map(Start::Day)
        } else {
            text.parse().ok().map(Start::Moment)
        }
    };
    let as_of = case.as_of.as_deref().unwrap_or(DAY);
    let as_of: Option<Timestamp> = moment(as_of).and_then(|start| calendar.instant(start).ok());
    let Some(as_of) = as_of else {
        return Err(vec![fault(
            "`as_of` is no day or time".into(),
            Some("write it as 2026-11-24 or 2026-11-24T10:00:00Z".into()),
        )]);
    };
    let mut starts = Starts {
        detected: Some(Start::Moment(as_of)),
        ..Starts::default()
    };
    for (word, text) in &case.clocks {
        let Some(start) = moment(text) else {
            faults.push(fault(
                format!("`clocks.{word}` is {text:?}, which is no day or time"),
                None,
            ));
            continue;
        };
        match word.as_str() {
            "detected" => starts.detected = Some(start),
            "published" => starts.published = Some(start),
            "kev_added" => starts.kev_added = Some(start),
            _ => starts.fix_available = Some(start),
        }
    }
    let mut lists: Vec<(Field, Vec<&str>)> = Vec::new();
    let mut facts = defaults();
    for (name, given) in &case.given {
        let Some(field) = Field::from_name(name) else {
            let hint = crate::condition::nearest(name, Field::ALL.iter().map(|field| field.name()))
                .map(|near| format!("did you mean {near}?"));
            faults.push(Fault {
                place: given.place.clone(),
                message: format!("there is no variable {name}"),
                hint,
            });
            continue;
        };
        match &given.value {
            Given::List(texts) => lists.push((field, texts.iter().map(String::as_str).collect())),
            _ => {
                if let Err(message) = set(&mut facts, field, given) {
                    faults.push(Fault {
                        place: given.place.clone(),
                        message,
                        hint: None,
                    });
                }
            }
        }
    }
    for (field, texts) in &lists {
        if field.kind() == crate::condition::Type::Texts {
            facts.set(*field, texts.as_slice());
        } else {
            faults.push(fault(
                format!("{} is a {}, not a list", field.name(), field.kind()),
                None,
            ));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let text = |field: Field| {
        if let Value::Text(text) = facts.get(field) {
            Some(text)
        } else {
            None
        }
    };
    let severity = text(Field::Severity).and_then(|word| {
        Severity::ALL
            .into_iter()
            .find(|severity| severity.as_str() == word)
    });
    let answers: Vec<Outcome> = policy
        .sla
        .iter()
        .map(|rule| {
            rule.when
                .as_ref()
                .map_or(Outcome::True, |when| when.eval(&facts))
        })
        .collect();
    let demands =
        applying(policy, &answers).flat_map(|rule| of_rule(rule, severity, &starts, &calendar));
    let fix = earliest(demands, &calendar, as_of)
        .into_iter()
        .find(|date| date.deadline.what == crate::judge::deadlines::FIX);
    let late = fix.as_ref().map_or(0, |date| date.deadline.late_days);
    if matches!(facts.get(Field::OverdueDays), Value::Unknown) {
        let excepted = facts.get(Field::Excepted) == Value::Bool(true);
        facts.set(
            Field::OverdueDays,
            if excepted { 0 } else { i64::from(late) },
        );
    }
    if matches!(facts.get(Field::State), Value::Unknown) {
        facts.set(Field::State, if late > 0 { "overdue" } else { "open" });
    }
    let mut closed = None;
    for rule in policy.enforce.iter().filter(|rule| rule.at == case.gate) {
        let denies = match rule.deny.eval(&facts) {
            Outcome::True => true,
            Outcome::False => false,
            Outcome::Unknown(_) => rule.missing_denies,
        };
        if denies && closed.is_none() {
            closed = Some(rule.id.clone());
        }
    }
    let mut differs = Vec::new();
    if let Some(denied) = case.denied
        && denied != closed.is_some()
    {
        differs.push(match &closed {
            Some(rule) => format!(
                "the gate {} is closed by {rule}, and was to be open",
                case.gate.as_str()
            ),
            None => format!(
                "the gate {} is open, and was to be closed",
                case.gate.as_str()
            ),
        });
    }
    let due = fix.as_ref().and_then(|date| date.due);
    if let Some(wanted) = &case.due {
        let good = match due {
            None => wanted == "none",
            Some(due) if wanted.len() == 10 => calendar.day(due).to_string() == *wanted,
            Some(due) => wanted
                .parse::<Timestamp>()
                .is_ok_and(|wanted| wanted == due),
        };
        if !good {
            let got = due.map_or_else(
                || "none".to_owned(),
                |due| format!("{due} ({} in {})", calendar.day(due), calendar.zone()),
            );
            differs.push(format!("due is {got}, and was to be {wanted}"));
        }
    }
    if let Some(wanted) = &case.rule {
        let got = closed.or_else(|| fix.map(|date| date.deadline.rule));
        if got.as_ref() != Some(wanted) {
            differs.push(format!(
                "{} decides, and {wanted} was to",
                got.as_deref().unwrap_or("no rule")
            ));
        }
    }
    Ok(CaseResult {
        name: case.name.clone(),
        differs,
        place: case.place.clone(),
    })
}

/// A finding about which nobody says anything.
fn defaults<'a>() -> Facts<'a> {
    let mut facts = Facts::new();
    for (field, value) in [
        (Field::Kind, Value::Text("vulnerability")),
        (Field::Severity, Value::Text("medium")),
        (Field::Scope, Value::Text("runtime")),
        (Field::Exploitation, Value::Text("none")),
        (Field::Kev, Value::Bool(false)),
        (Field::Ransomware, Value::Bool(false)),
        (Field::Automatable, Value::Bool(false)),
        (Field::TotalImpact, Value::Bool(true)),
        (Field::FixAvailable, Value::Bool(true)),
        (Field::Exposed, Value::Bool(true)),
        (Field::Tier, Value::Int(1)),
        (Field::Excepted, Value::Bool(false)),
        (Field::Triaged, Value::Bool(false)),
        (Field::Proposed, Value::Text("")),
        (Field::Owner, Value::Text("")),
        (Field::DaysLeft, Value::Int(crate::judge::NO_DATE)),
    ] {
        facts.set(field, value);
    }
    facts
}

fn set<'a>(facts: &mut Facts<'a>, field: Field, given: &'a Placed<Given>) -> Result<(), String> {
    use crate::condition::Type;
    let value = match (&given.value, field.kind()) {
        (Given::Bool(value), Type::Bool) => Value::Bool(*value),
        (Given::Int(value), Type::Int) => Value::Int(*value),
        (Given::Int(value), Type::Double) => Value::Double(*value as f64),
        (Given::Float(value), Type::Double) => Value::Double(*value),
        (Given::Text(value), _) if value == "unknown" => Value::Unknown,
        (Given::Text(value), Type::Text) => {
            if !field.words().is_empty() && !field.words().contains(&value.as_str()) {
                return Err(format!(
                    "{} cannot be {value:?}; the words are {}",
                    field.name(),
                    field.words().join(", ")
                ));
            }
            Value::Text(value)
        }
        (_, kind) => return Err(format!("{} is a {kind}", field.name())),
    };
    facts.set(field, value);
    Ok(())
}
