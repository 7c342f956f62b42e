//! Judges findings by a policy: due dates, owner and state of each, and whether a gate is closed.
//!
//! Everything here is a function of what it is given: the same findings, policy, exceptions, statements and time give
//! the same answer. What cannot be decided is `unknown`; it never wins time, never covers a finding and never opens a
//! gate that the policy closes for it.

pub(crate) mod deadlines;
mod exceptions;
pub(crate) mod facts;
pub(crate) mod memo;
mod target;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Finding, StatementNote};
use stanchion_model::inventory::{Inventory, Problem};
use stanchion_model::report::{DatabaseInfo, ExceptionNote, PolicyName, Verdict, Violation};
use stanchion_model::vex::Status;

use crate::claims::{Claims, Rank, Said};
use crate::clock::Calendar;
use crate::condition::{Condition, Facts, Field, Fields, Outcome};
use crate::exceptions::{Exceptions, Not, Subject, bare_of};
use crate::file::{Enforce, Gate, OnExpiry, Policy, SlaRule};
use crate::pattern::Meant;
use crate::people::People;
use deadlines::{Dated, Starts, applying, earliest, of_rule, third_party};
use exceptions::Tally;
use facts::{Costly, Known, Products, facts};
use memo::Memo;

/// What judging is given besides the findings.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The gate.
    pub gate: Gate,
    /// The time that counts.
    pub as_of: Timestamp,
    /// What the target is made of.
    pub inventory: &'a Inventory,
    /// The target's folder relative to the policy's, with a slash at its end; empty where they are the same.
    pub prefix: &'a str,
    /// Exceptions.
    pub exceptions: &'a Exceptions,
    /// What people say.
    pub claims: &'a Claims,
    /// When a finding was first seen, where somebody recorded it.
    pub first_seen: &'a dyn Fn(&Finding) -> Option<Timestamp>,
    /// The advisories in use.
    pub database: &'a DatabaseInfo,
    /// What could not be read, resolved or matched.
    pub problems: &'a [Problem],
}

/// What came out.
#[derive(Debug, Default)]
pub struct Ruling {
    /// What the gate says.
    pub verdict: Verdict,
    /// What became of each exception.
    pub exceptions: Vec<ExceptionNote>,
    /// How often the deadline rules were asked, and for how many distinct sets of facts.
    pub deadline_share: (usize, usize),
    /// The same for the gate's rules.
    pub verdict_share: (usize, usize),
}

/// The name of a policy for reports.
pub fn name(policy: &Policy) -> PolicyName {
    PolicyName {
        name: policy.id.clone(),
        version: Some(policy.version.clone()),
        digest: Some(policy.digest.clone()),
    }
}

/// Most demands that are remembered.
const MOST_DEMANDS: usize = 50_000;

/// Days until a deadline that there is none of.
pub(crate) const NO_DATE: i64 = 1_000_000;

/// Judges. Findings get their dates, owner, state and what else the policy says; the answer says whether the gate opens.
pub fn judge(setting: &Setting<'_>, findings: &mut [Finding]) -> Ruling {
    let policy = setting.policy;
    let judge = Judge::new(setting);
    let mut tally = Tally::new(setting.exceptions);
    let mut verdict = Verdict {
        gate: setting.gate.as_str().to_owned(),
        policy: name(policy),
        ..Verdict::default()
    };
    for finding in findings.iter_mut() {
        let judged = judge.one(finding, &mut tally);
        verdict.violations.extend(judged.violations);
        verdict.undecided.extend(judged.undecided);
        judged.outcome.put(finding);
    }
    let of_findings = verdict.violations.len();
    target::judge(setting, &judge.products, &mut tally, &mut verdict);
    verdict.denied = !verdict.violations.is_empty();
    verdict.incomplete = verdict.denied
        && of_findings == 0
        && verdict
            .violations
            .iter()
            .all(|one| one.rule.starts_with(target::EVIDENCE));
    Ruling {
        exceptions: tally.notes(setting, &judge.products, findings),
        verdict,
        deadline_share: judge.sla.borrow().share(),
        verdict_share: judge.gate.borrow().share(),
    }
}

/// Dates and tasks, by all that they hang on: the answers, the severity, the starts.
type KnownDemands = HashMap<(u32, Option<Severity>, Starts), Demands>;

/// Dates and tasks.
type Demands = Rc<(Vec<Dated>, Vec<String>)>;

/// The rules of a setting, made ready once.
pub(crate) struct Judge<'a> {
    pub(crate) setting: &'a Setting<'a>,
    pub(crate) calendar: Calendar,
    pub(crate) people: People<'a>,
    pub(crate) products: Products<'a>,
    pub(crate) known: Known,
    sla: RefCell<Memo<'a>>,
    /// The gate's rules, then those of escalation.
    gate: RefCell<Memo<'a>>,
    known_demands: RefCell<KnownDemands>,
    pub(crate) enforce: Vec<&'a Enforce>,
    /// Why each of them is there, in words.
    because: Vec<String>,
    pub(crate) used: Fields,
}

/// What judging says about one finding.
pub(crate) struct Judged {
    pub(crate) outcome: Outcomes,
    pub(crate) violations: Vec<Violation>,
    pub(crate) undecided: Vec<Violation>,
}

/// What is written into a finding.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) state: &'static str,
    pub(crate) owner: Option<String>,
    pub(crate) product: String,
    pub(crate) due: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) exception: Option<String>,
    pub(crate) deadlines: Vec<stanchion_model::finding::Deadline>,
    pub(crate) tasks: Vec<String>,
    pub(crate) escalated_to: Vec<String>,
    pub(crate) statements: Vec<StatementNote>,
}

impl Outcomes {
    fn put(self, finding: &mut Finding) {
        self.state.clone_into(&mut finding.state);
        finding.owner = self.owner;
        finding.product = Some(self.product);
        finding.due = self.due;
        if finding.rule.is_none() {
            finding.rule = self.rule;
        }
        finding.exception = self.exception;
        finding.deadlines = self.deadlines;
        finding.tasks = self.tasks;
        finding.escalated_to = self.escalated_to;
        finding.statements = self.statements;
    }
}

impl<'a> Judge<'a> {
    pub(crate) fn new(setting: &'a Setting<'a>) -> Self {
        let policy = setting.policy;
        let sla = Memo::new(policy.sla.iter().map(|rule| rule.when.as_ref()).collect());
        let enforce: Vec<&Enforce> = policy
            .enforce
            .iter()
            .filter(|rule| rule.at == setting.gate)
            .collect();
        let conditions: Vec<Option<&Condition>> = enforce
            .iter()
            .map(|rule| Some(&rule.deny))
            .chain(policy.escalate.iter().map(|rule| Some(&rule.when)))
            .collect();
        let gate = Memo::new(conditions);
        let used = sla.fields().with(gate.fields());
        let kev = setting
            .database
            .sources
            .iter()
            .any(|source| source.name.eq_ignore_ascii_case("kev") && source.records > 0);
        Self {
            setting,
            calendar: policy.calendar(),
            people: People::of(policy),
            products: Products::new(
                policy,
                setting.inventory,
                setting.prefix,
                used.has(Field::Licences),
            ),
            known: Known {
                as_of: setting.as_of,
                kev,
            },
            sla: RefCell::new(sla),
            gate: RefCell::new(gate),
            known_demands: RefCell::default(),
            because: enforce
                .iter()
                .map(|rule| {
                    rule.reason
                        .clone()
                        .unwrap_or_else(|| format!("it is {}", rule.deny.words()))
                })
                .collect(),
            enforce,
            used,
        }
    }

    pub(crate) fn said(&self, finding: &Finding, bare: &str, product: &str) -> Vec<Said<'a>> {
        if self.setting.claims.is_empty() {
            return Vec::new();
        }
        let own = crate::claims::own_purls(self.setting.inventory, &finding.project);
        self.setting
            .claims
            .about(finding, bare, product, &own, self.setting.as_of)
    }

    /// Judges one finding; what it says about exceptions is counted.
    pub(crate) fn one(&self, finding: &Finding, tally: &mut Tally<'_>) -> Judged {
        let setting = self.setting;
        let policy = setting.policy;
        let needs_bare = !setting.exceptions.is_empty() || !setting.claims.is_empty();
        let bare = if needs_bare {
            bare_of(finding)
        } else {
            String::new()
        };
        let (product, _) = self.products.of(&finding.project);
        let subject = Subject {
            finding,
            bare: &bare,
            product,
        };
        let seen = (setting.first_seen)(finding);
        let costly = Costly::of(finding, self.used);

        let said = self.said(finding, &bare, product);
        let counts = said.iter().find(|said| said.claim.rank > Rank::Proposal);
        let status = counts.map(|said| said.claim.status);
        let closed = status.is_some_and(Status::closes);
        let mut starts = Starts::of(finding, seen, setting.as_of);
        let exception = self.excepted(subject, tally, &mut starts, closed);

        let (mut facts, _) = facts(finding, &self.products, self.known, seen, costly.vectors());
        costly.add(&mut facts, finding, &self.products);
        let answers = self.sla.borrow_mut().ask(&facts);
        let mut dates = Vec::new();
        let mut tasks = Vec::new();
        let breach = is_breach(finding);
        if !closed && !breach {
            let demands = self.demands(answers, finding, &starts);
            dates.clone_from(&demands.0);
            tasks.clone_from(&demands.1);
            if self.is_paused(finding, exception, counts) {
                for date in dates
                    .iter_mut()
                    .filter(|date| date.deadline.what == deadlines::FIX)
                {
                    date.due = None;
                    date.deadline.due = None;
                    date.deadline.late_days = 0;
                }
            }
            dates.extend(third_party(
                policy,
                finding,
                &starts,
                &self.calendar,
                setting.as_of,
            ));
            deadlines::sort(&mut dates);
        }
        let fix = dates
            .iter()
            .find(|date| date.deadline.what == deadlines::FIX);
        let late = fix.map_or(0, |date| date.deadline.late_days);
        let state = match status {
            Some(Status::Fixed) => "fixed",
            Some(Status::NotAffected) => "not_affected",
            _ if exception.is_some() => "excepted",
            _ if late > 0 => "overdue",
            Some(Status::UnderInvestigation) => "in_triage",
            _ => "open",
        };
        let owner = self.products.owner(&finding.project).map(str::to_owned);
        let overdue = if exception.is_some() || closed {
            0
        } else {
            i64::from(late)
        };
        facts.set(Field::Excepted, exception.is_some());
        facts.set(Field::State, state);
        facts.set(Field::OverdueDays, overdue);
        let left = fix.and_then(|date| date.due).map_or(NO_DATE, |due| {
            (due.as_second() - setting.as_of.as_second()).div_euclid(86_400)
        });
        facts.set(Field::DaysLeft, left);
        facts.set(Field::Owner, owner.as_deref().unwrap_or_default());
        facts.set(Field::Triaged, counts.is_some() || exception.is_some());
        let proposed = said
            .iter()
            .find(|said| said.claim.rank == Rank::Proposal)
            .map_or("", |said| said.claim.status.as_str());
        facts.set(Field::Proposed, proposed);

        let mut judged = Judged {
            outcome: Outcomes::default(),
            violations: Vec::new(),
            undecided: Vec::new(),
        };
        let mut escalated_to = Vec::new();
        if !closed {
            let (enforce, escalate) = self.verdict(&facts);
            for (at, answer) in enforce.into_iter().enumerate() {
                self.enforce(at, answer, subject, tally, &mut judged);
            }
            if breach
                && finding.rule.as_deref() != Some(crate::components::rule::REVIEW)
                && exception.is_none()
            {
                judged.violations.push(Violation {
                    rule: finding.rule.clone().unwrap_or_default(),
                    finding: Some(finding.key.clone()),
                    reason: finding.title.clone(),
                });
            }
            for (rule, answer) in policy.escalate.iter().zip(escalate) {
                // Better told once too often.
                if !answer.is_false() {
                    let to = if rule.to == "owner" {
                        owner.clone()
                    } else {
                        Some(rule.to.clone())
                    };
                    if let Some(to) = to
                        && !escalated_to.contains(&to)
                    {
                        escalated_to.push(to);
                    }
                }
            }
        }
        let decided = judged
            .violations
            .first()
            .map(|violation| violation.rule.clone());
        judged.outcome = Outcomes {
            state,
            owner,
            product: product.to_owned(),
            due: fix.and_then(|date| date.deadline.due.clone()),
            rule: decided.or_else(|| fix.map(|date| date.deadline.rule.clone())),
            exception: exception.map(|at| setting.exceptions.entries()[at].exception.id.clone()),
            deadlines: dates.into_iter().map(|date| date.deadline).collect(),
            tasks,
            escalated_to,
            statements: notes(&said),
        };
        judged
    }

    /// What the deadline rules demand, and the tasks that come with them; reckoned once for findings that are alike in
    /// all that it hangs on.
    fn demands(&self, answers: u32, finding: &Finding, starts: &Starts) -> Demands {
        let key = (answers, finding.severity, *starts);
        if let Some(known) = self.known_demands.borrow().get(&key) {
            return Rc::clone(known);
        }
        let setting = self.setting;
        let sla = self.sla.borrow();
        let rules: Vec<&SlaRule> = applying(setting.policy, sla.answers(answers)).collect();
        let demands = rules
            .iter()
            .flat_map(|rule| of_rule(rule, finding.severity, starts, &self.calendar));
        let dates = earliest(demands, &self.calendar, setting.as_of);
        let mut tasks: Vec<String> = Vec::new();
        for task in rules.iter().flat_map(|rule| &rule.require) {
            if !tasks.contains(task) {
                tasks.push(task.clone());
            }
        }
        let demands = Rc::new((dates, tasks));
        let mut known = self.known_demands.borrow_mut();
        // Where everything is distinct nothing is found again, and the memory of it is bounded.
        if known.len() >= MOST_DEMANDS {
            known.clear();
        }
        known.insert(key, Rc::clone(&demands));
        demands
    }

    /// Answers of the gate's rules and of the escalation rules.
    fn verdict(&self, facts: &Facts<'_>) -> (Vec<Outcome>, Vec<Outcome>) {
        let mut gate = self.gate.borrow_mut();
        let answers = gate.ask(facts);
        let answers = gate.answers(answers);
        let (enforce, escalate) = answers.split_at(self.enforce.len());
        (enforce.to_vec(), escalate.to_vec())
    }

    fn enforce(
        &self,
        at: usize,
        answer: Outcome,
        subject: Subject<'_>,
        tally: &mut Tally<'_>,
        judged: &mut Judged,
    ) {
        let rule = self.enforce[at];
        let finding = subject.finding;
        let what = format_args!("{} {}", finding.component.name, finding.component.version);
        let (reason, denies) = match answer {
            Outcome::False => return,
            Outcome::True => (
                format!("{what}: {}: {}", finding.id, self.because[at]),
                true,
            ),
            Outcome::Unknown(reason) => (
                format!("{what}: {} cannot be decided: {reason}", finding.id),
                rule.missing_denies,
            ),
        };
        if self.covered(&rule.id, subject, tally) {
            return;
        }
        let violation = Violation {
            rule: rule.id.clone(),
            finding: Some(finding.key.clone()),
            reason,
        };
        if denies {
            judged.violations.push(violation);
        } else {
            judged.undecided.push(violation);
        }
    }

    /// The exception that covers a finding; the dates of ended ones restart its clock where the policy says so.
    fn excepted(
        &self,
        subject: Subject<'_>,
        tally: &mut Tally<'_>,
        starts: &mut Starts,
        closed: bool,
    ) -> Option<usize> {
        let setting = self.setting;
        let policy = setting.policy;
        let mut covering = None;
        let breach = subject.finding.rule.as_deref();
        let about: Vec<(usize, Meant)> = setting
            .exceptions
            .about(subject)
            .chain(
                breach
                    .into_iter()
                    .flat_map(|rule| setting.exceptions.of_rule(rule, Some(subject))),
            )
            .collect();
        for (at, meant) in about {
            let entry = &setting.exceptions.entries()[at];
            let valid = if meant == Meant::Unknown {
                Err(Not::UnknownVersion)
            } else {
                entry.valid(policy, self.people, subject.finding.severity, setting.as_of)
            };
            match valid {
                Ok(()) => {
                    tally.covers(at);
                    if covering.is_none() {
                        covering = Some(at);
                    }
                }
                Err(not) => {
                    if let Not::Expired(until) = not
                        && policy
                            .exceptions
                            .on_expiry
                            .as_ref()
                            .is_some_and(|placed| placed.value == OnExpiry::RestartClock)
                    {
                        starts.restarted = starts.restarted.max(Some(until));
                    }
                    tally.fails(at, not);
                }
            }
        }
        covering.filter(|_| !closed)
    }

    /// What ended exceptions do to the clock of a finding.
    pub(crate) fn restart(&self, subject: Subject<'_>, starts: &mut Starts) {
        let mut tally = Tally::new(self.setting.exceptions);
        self.excepted(subject, &mut tally, starts, false);
    }

    /// Whether an exception covers the violation of one rule by a finding.
    fn covered(&self, rule: &str, subject: Subject<'_>, tally: &mut Tally<'_>) -> bool {
        let setting = self.setting;
        let mut covered = false;
        for (at, meant) in setting.exceptions.of_rule(rule, Some(subject)) {
            let entry = &setting.exceptions.entries()[at];
            let valid = if meant == Meant::Unknown {
                Err(Not::UnknownVersion)
            } else {
                entry.valid(
                    setting.policy,
                    self.people,
                    subject.finding.severity,
                    setting.as_of,
                )
            };
            match valid {
                Ok(()) => {
                    tally.covers(at);
                    covered = true;
                }
                Err(not) => tally.fails(at, not),
            }
        }
        covered
    }

    /// Whether the fix date stands still until its maker has one: only where something stands in meanwhile.
    fn is_paused(
        &self,
        finding: &Finding,
        exception: Option<usize>,
        counts: Option<&Said<'_>>,
    ) -> bool {
        let pauses = self
            .setting
            .policy
            .third_party
            .paused_until_fix
            .as_ref()
            .is_some_and(|placed| placed.value);
        let control = exception.is_some_and(|at| {
            self.setting.exceptions.entries()[at]
                .exception
                .compensating_control
                .is_some()
        }) || counts.is_some_and(|said| {
            said.claim.status == Status::Affected && said.claim.action.is_some()
        });
        pauses && control && facts::is_third_party(finding)
    }
}

/// Whether a finding is one that the policy's own rules made.
pub(crate) fn is_breach(finding: &Finding) -> bool {
    finding.evidence.is_empty()
        && finding
            .rule
            .as_deref()
            .is_some_and(|rule| rule.starts_with("components/") || rule.starts_with("licences/"))
}

/// What people say about a finding, for reports.
pub(crate) fn notes(said: &[Said<'_>]) -> Vec<StatementNote> {
    let mut applied = false;
    said.iter()
        .map(|said| {
            let claim = said.claim;
            let standing = if claim.rank == Rank::Proposal {
                "proposed"
            } else if applied {
                "outvoted"
            } else {
                applied = true;
                "applied"
            };
            StatementNote {
                status: claim.status.as_str().to_owned(),
                author: claim.author.clone(),
                standing: standing.to_owned(),
                place: claim.place.to_string(),
                justification: claim.justification.map(|label| label.as_str().to_owned()),
                reason: claim.reason.clone().or_else(|| claim.action.clone()),
                time: claim.time.map(|time| time.to_string()),
            }
        })
        .collect()
}
