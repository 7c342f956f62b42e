//! Rules that a target breaks as a whole: evidence that is missing or too old, and what nobody is responsible for.

use jiff::Timestamp;
use stanchion_model::inventory::{Origin, ProblemKind};
use stanchion_model::report::{Verdict, Violation};

use super::Setting;
use super::exceptions::Tally;
use super::facts::{Products, product_facts};
use crate::clock::Start;
use crate::components::{foreign_registries, rule};
use crate::condition::Facts;
use crate::people::People;

/// Start of the rules about missing evidence.
pub(crate) const EVIDENCE: &str = "evidence/";
/// Something could not be read.
const UNREADABLE: &str = "evidence/unreadable";
/// Something that is named could not be found or pinned.
const UNRESOLVED: &str = "evidence/unresolved";
/// Components for which nothing can be looked up.
const UNMATCHED: &str = "evidence/unmatched";
/// The advisories are too old, too few, or of unknown age.
const DATABASE: &str = "evidence/database";
/// Nobody tells since when versions have been out.
const AGE: &str = "evidence/minimum-age";
/// Nobody is responsible.
const UNOWNED: &str = "roles/unowned";

/// Violations of one sort that are told one by one.
const TOLD: usize = 20;

pub(super) fn judge(
    setting: &Setting<'_>,
    products: &Products<'_>,
    tally: &mut Tally<'_>,
    verdict: &mut Verdict,
) {
    let policy = setting.policy;
    let denies = policy
        .enforce
        .iter()
        .any(|rule| rule.at == setting.gate && rule.missing_denies);
    let mut evidence = Vec::new();
    problems(setting, tally, &mut evidence);
    database(setting, products, tally, &mut evidence);
    age(setting, tally, &mut evidence);
    if denies {
        verdict.violations.extend(evidence);
    } else {
        verdict.undecided.extend(evidence);
    }
    unowned(setting, products, tally, verdict);
    registries(setting, tally, verdict);
}

/// Whether an exception covers a broken rule at a path, or everywhere.
fn covered(setting: &Setting<'_>, tally: &mut Tally<'_>, rule: &str, path: Option<&str>) -> bool {
    let entries: Vec<usize> = match path {
        Some(path) => setting.exceptions.of_path(rule, path).collect(),
        None => setting
            .exceptions
            .of_rule(rule, None)
            .map(|(at, _)| at)
            .collect(),
    };
    let people = People::of(setting.policy);
    let mut covered = false;
    for at in entries {
        match setting.exceptions.entries()[at].valid(setting.policy, people, None, setting.as_of) {
            Ok(()) => {
                tally.covers(at);
                covered = true;
            }
            Err(not) => tally.fails(at, not),
        }
    }
    covered
}

fn problems(setting: &Setting<'_>, tally: &mut Tally<'_>, evidence: &mut Vec<Violation>) {
    for (kind, rule) in [
        (ProblemKind::Unreadable, UNREADABLE),
        (ProblemKind::Unresolved, UNRESOLVED),
        (ProblemKind::Unmatched, UNMATCHED),
    ] {
        let mut more = 0;
        let mut told = 0;
        for problem in setting
            .problems
            .iter()
            .filter(|problem| problem.kind == kind)
        {
            if covered(setting, tally, rule, Some(&problem.path)) {
                continue;
            }
            if told == TOLD {
                more += 1;
                continue;
            }
            told += 1;
            let line = problem
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            evidence.push(Violation {
                rule: rule.into(),
                finding: None,
                reason: format!("{}{line}: {}", problem.path, problem.reason),
            });
        }
        if more > 0 {
            evidence.push(Violation {
                rule: rule.into(),
                finding: None,
                reason: format!("and {more} more places like these"),
            });
        }
    }
}

/// The strictest age that any discovery rule allows, held against the database.
fn database(
    setting: &Setting<'_>,
    products: &Products<'_>,
    tally: &mut Tally<'_>,
    evidence: &mut Vec<Violation>,
) {
    let policy = setting.policy;
    let calendar = policy.calendar();
    let updated: Option<Timestamp> = setting
        .database
        .updated
        .as_deref()
        .and_then(|time| time.parse().ok());
    let applies = |condition: &crate::condition::Condition| {
        let mut all = products.all();
        if all.is_empty() {
            all.push(("", None, None));
        }
        all.iter().any(|(name, product, owner)| {
            let mut facts = Facts::new();
            product_facts(&mut facts, name, *product, *owner);
            !condition.eval(&facts).is_false()
        })
    };
    let mut reasons: Vec<String> = Vec::new();
    for discovery in &policy.discovery {
        let Some(age) = &discovery.max_db_age else {
            continue;
        };
        if !applies(&discovery.scope) {
            continue;
        }
        let reason = match (setting.database.kind.as_str(), updated) {
            ("full", Some(updated)) => match calendar.due(Start::Moment(updated), *age) {
                Ok(until) if until >= setting.as_of => continue,
                _ => format!(
                    "the advisories are of {updated}, older than {age} ({})",
                    discovery.place
                ),
            },
            ("starter", _) => format!(
                "only the starter set of advisories is here, and {} wants a database",
                discovery.place
            ),
            _ => format!(
                "the age of the advisories is not known, and {} limits it to {age}",
                discovery.place
            ),
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        if !covered(setting, tally, DATABASE, None) {
            evidence.push(Violation {
                rule: DATABASE.into(),
                finding: None,
                reason: format!("{reason}; run `stanchion db update`"),
            });
        }
    }
}

/// No format that is read tells when a version was published, so that a policy that asks for it cannot be met unseen.
fn age(setting: &Setting<'_>, tally: &mut Tally<'_>, evidence: &mut Vec<Violation>) {
    let Some(age) = &setting.policy.components.minimum_age else {
        return;
    };
    let foreign = setting
        .inventory
        .foreign()
        .filter(|component| component.origin == Origin::Registry)
        .count();
    if foreign > 0 && !covered(setting, tally, AGE, None) {
        evidence.push(Violation {
            rule: AGE.into(),
            finding: None,
            reason: format!(
                "{} wants every version to have been out for {}, and for {foreign} nobody tells since when they are",
                age.place,
                age.value.words()
            ),
        });
    }
}

fn unowned(
    setting: &Setting<'_>,
    products: &Products<'_>,
    tally: &mut Tally<'_>,
    verdict: &mut Verdict,
) {
    let policy = setting.policy;
    if policy
        .roles
        .as_ref()
        .is_none_or(|roles| roles.responsible.is_empty())
    {
        return;
    }
    let people = People::of(policy);
    let mut missing = Vec::new();
    for (name, _, owner) in products.all() {
        match owner {
            None => missing.push(format!("nobody is responsible for the product {name:?}: name them under [roles.responsible]")),
            Some(owner) if people.behind(owner).is_empty() => {
                missing.push(format!("{owner} is responsible for the product {name:?}, and that is nobody: name people under [roles.members]"));
            }
            Some(_) => {}
        }
    }
    for supplier in &policy.suppliers {
        let owner = supplier
            .owner
            .as_ref()
            .map(|owner| owner.value.clone())
            .or_else(|| people.responsible(&format!("supplier:{}", supplier.name)));
        if owner.is_none_or(|owner| people.behind(&owner).is_empty()) {
            missing.push(format!(
                "nobody looks after the supplier {:?} ({})",
                supplier.name, supplier.place
            ));
        }
    }
    for reason in missing {
        if !covered(setting, tally, UNOWNED, None) {
            verdict.violations.push(Violation {
                rule: UNOWNED.into(),
                finding: None,
                reason,
            });
        }
    }
}

fn registries(setting: &Setting<'_>, tally: &mut Tally<'_>, verdict: &mut Verdict) {
    for (place, address) in foreign_registries(setting.policy, setting.inventory) {
        if !covered(setting, tally, rule::REGISTRY, Some(&place.path)) {
            let line = place
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            verdict.violations.push(Violation {
                rule: rule::REGISTRY.into(),
                finding: None,
                reason: format!(
                    "{}{line}: packages come from {address}, which is not an allowed registry",
                    place.path
                ),
            });
        }
    }
}
