//! `policy.toml`: how the organisation manages vulnerabilities, as typed values.
//!
//! One struct a section, in the order of the file. Every rule knows the file and the line it stands on, so that
//! whatever it decides can point at it. `docs/policy.md` is the reference for people.

pub(crate) mod catalogue;
mod materials;
pub(crate) mod reader;
mod sections;

use std::collections::BTreeMap;
use std::sync::Arc;

use stanchion_model::cvss::Severity;
use stanchion_syntax::{Limits, toml};

use crate::clock::{Calendar, Clock, Deadline, Event, Span};
use crate::condition::{Condition, Field};
use crate::pattern::PurlPattern;
use reader::Table;

pub use stanchion_model::digest::sha256 as digest;

/// The value of `schema` in the file.
pub const SCHEMA: &str = "vmpolicy/1";

/// Largest policy file that is read, in bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// Most rules of one kind in one file.
pub(crate) const MOST_RULES: usize = 1000;

/// Where a thing stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as it was named, or `builtin:NAME`.
    pub file: Arc<str>,
    /// 1-based line.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something wrong with a policy file or a file beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, in words, without a trailing period.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// The gates, in the order in which software passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// A change is proposed.
    PullRequest,
    /// It is built.
    Build,
    /// It is released.
    Release,
    /// It is deployed.
    Deploy,
}

impl Gate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PullRequest, Self::Build, Self::Release, Self::Deploy];

    /// The word in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PullRequest => "pull_request",
            Self::Build => "build",
            Self::Release => "release",
            Self::Deploy => "deploy",
        }
    }

    /// By its word; `pull-request` and `pr` are understood too.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "pr" | "pull-request" => Some(Self::PullRequest),
            _ => Self::ALL.into_iter().find(|gate| gate.as_str() == word),
        }
    }
}

/// `[roles]`: who answers for what.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// Who answers for the whole.
    pub accountable: Option<Placed<String>>,
    /// Who acts, by `default`, `product:NAME` or `supplier:NAME`.
    pub responsible: BTreeMap<String, Placed<String>>,
    /// Who is asked.
    pub consulted: Vec<Placed<String>>,
    /// Who is told.
    pub informed: Vec<Placed<String>>,
    /// The people behind `role:`, `team:` and `list:` names.
    pub members: BTreeMap<String, Placed<Vec<String>>>,
}

/// `[resources]`: what is at hand to reach the goals.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Money and time, in words.
    pub budget: Option<String>,
    /// Tools in use.
    pub tools: Vec<String>,
    /// Who learns what, how often.
    pub training: Vec<Training>,
    /// Who to turn to.
    pub contacts: Vec<Contact>,
}

/// One training.
#[derive(Clone, Debug)]
pub struct Training {
    /// Whom it is for.
    pub who: String,
    /// What is taught.
    pub what: String,
    /// How often.
    pub every: Option<Span>,
}

/// One contact at hand.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Name of a person, a team or an authority.
    pub name: String,
    /// How to reach them.
    pub address: String,
    /// For what.
    pub purpose: Option<String>,
}

/// `[[discovery]]`: how weaknesses are looked for.
#[derive(Debug)]
pub struct Discovery {
    /// `sca`, `sast`, `dast`, `secrets`, `iac`, `container`, `malware`, `licence`, `fuzz`, `pentest`, `bounty`,
    /// `threat-model` or `review`.
    pub kind: String,
    /// Which products.
    pub scope: Condition,
    /// How often at least.
    pub every: Span,
    /// How old the advisory database may be.
    pub max_db_age: Option<Span>,
    /// Where it stands.
    pub place: Place,
}

/// A deadline for each severity, or one for all.
#[derive(Clone, Debug, Default)]
pub struct BySeverity<T>(pub BTreeMap<Severity, T>);

impl<T> BySeverity<T> {
    /// What holds for a severity: what is given for it, else for the next one above, else for the worst that is given, so
    /// that a severity that is left out is not the way around a deadline. Findings whose kind has no severity
    /// (unmaintained, withdrawn, ...) are treated like the lowest.
    pub fn of(&self, severity: Option<Severity>) -> Option<&T> {
        if severity.is_none() {
            return self.0.values().next();
        }
        effective(&self.0, severity)
    }
}

/// What a table by severity says of one: what is given for it, else for the next one above, else for the worst. What has
/// no severity is taken as the worst.
pub(crate) fn effective<T>(
    table: &BTreeMap<Severity, T>,
    severity: Option<Severity>,
) -> Option<&T> {
    let above = severity.and_then(|severity| table.range(severity..).next());
    above
        .or_else(|| table.iter().next_back())
        .map(|(_, value)| value)
}

/// `[[sla]]`: by when. All rules that match apply, and the earliest date wins.
#[derive(Debug)]
pub struct SlaRule {
    /// Its id.
    pub id: String,
    /// Which findings; all where it is not given.
    pub when: Option<Condition>,
    /// Time until a decision.
    pub triage: Option<Span>,
    /// Time until the fix.
    pub due: BySeverity<Deadline>,
    /// When the time starts.
    pub clock: Clock,
    /// What has to be done besides, such as `forensic_triage`.
    pub require: Vec<String>,
    /// Why the rule is there.
    pub reason: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// `[third_party]`: findings that only somebody else can fix.
#[derive(Clone, Debug, Default)]
pub struct ThirdParty {
    /// Time until the maker is written to.
    pub contact_within: Option<Placed<Span>>,
    /// Ways to reach a maker, best first.
    pub channels: Vec<String>,
    /// Time in which the maker has to answer.
    pub vendor_reply_due: Option<Placed<Span>>,
    /// What is done where there is no patch, first choice first.
    pub fallback: Vec<String>,
    /// How often a finding without a patch is looked at again.
    pub review_every: Option<Placed<Span>>,
    /// Whether our own clock stands still until there is a fix; only with a compensating control.
    pub paused_until_fix: Option<Placed<bool>>,
}

/// A package that must not be used.
#[derive(Clone, Debug)]
pub struct DeniedComponent {
    /// Which.
    pub what: PurlPattern,
    /// Why.
    pub reason: Option<String>,
    /// What to take instead.
    pub instead: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// How much is allowed of code from outside registries.
#[derive(Clone, Debug)]
pub enum Sources {
    /// All.
    Allow,
    /// None.
    Deny,
    /// Addresses that begin with one of these.
    Only(Vec<String>),
}

/// `[components]`: what a product may be made of.
#[derive(Clone, Debug, Default)]
pub struct Components {
    /// Packages that must not be used.
    pub deny: Vec<DeniedComponent>,
    /// Registries that packages may come from, by ecosystem (`npm`, ...) or `*`; each the start of an address.
    pub registries: BTreeMap<String, Placed<Vec<String>>>,
    /// Git repositories.
    pub git: Option<Placed<Sources>>,
    /// Files from addresses.
    pub url: Option<Placed<Sources>>,
    /// How long a version must have been out.
    pub minimum_age: Option<Placed<Span>>,
}

/// `[licences]`.
#[derive(Clone, Debug, Default)]
pub struct Licences {
    /// Allowed; what is not listed is to be reviewed. `None` where the file has no such list.
    pub allow: Option<Placed<Vec<String>>>,
    /// Never allowed.
    pub deny: Vec<Placed<String>>,
    /// To be looked at by a person.
    pub review: Vec<Placed<String>>,
    /// Scopes that are looked at: `runtime`, `optional`, `build`, `test`, `dev`. Empty: runtime, optional and build.
    pub scopes: Vec<String>,
    /// `allow`, `review` or `deny` a component whose licence nobody states.
    pub unknown: Option<Placed<String>>,
}

/// What happens when an exception ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnExpiry {
    /// The finding is open again with its old date.
    KeepClock,
    /// The finding is open again, and its time starts when the exception ended.
    RestartClock,
}

/// `[exceptions]`: who may allow what for how long.
#[derive(Clone, Debug, Default)]
pub struct ExceptionRules {
    /// Who allows.
    pub approver: BTreeMap<Severity, Placed<String>>,
    /// Nobody may allow what they asked for themselves.
    pub not_self_approved: Option<Placed<bool>>,
    /// How long at most.
    pub max_age: BTreeMap<Severity, Placed<Span>>,
    /// Fields that must be there.
    pub require: Vec<Placed<String>>,
    /// What happens at the end.
    pub on_expiry: Option<Placed<OnExpiry>>,
}

/// `[[enforce]]`: what closes a gate.
#[derive(Debug)]
pub struct Enforce {
    /// Its id; made of the gate and a number where the file gives none.
    pub id: String,
    /// Whether the file gives the id.
    pub named: bool,
    /// At which gate.
    pub at: Gate,
    /// Which findings close it.
    pub deny: Condition,
    /// Whether what cannot be decided closes it too.
    pub missing_denies: bool,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// `[[escalate]]`: who is told when.
#[derive(Debug)]
pub struct Escalate {
    /// Which findings.
    pub when: Condition,
    /// Whom: a role, a team, an address, or `owner`.
    pub to: String,
    /// Whether a ticket is opened.
    pub ticket: bool,
    /// Where it stands.
    pub place: Place,
}

/// `[report]`: what is told regularly.
#[derive(Clone, Debug, Default)]
pub struct Reporting {
    /// Which figures.
    pub metrics: Vec<String>,
    /// To whom.
    pub to: Option<String>,
    /// How often.
    pub every: Option<Span>,
}

/// `[[product]]`: what the conditions may ask about a product.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// Globs of project folders, relative to the policy file; the project of that name where there are none.
    pub paths: Vec<String>,
    /// Who acts; `roles.responsible` where it is not given.
    pub owner: Option<Placed<String>>,
    /// 1 is the most critical.
    pub tier: Option<i64>,
    /// Reachable from the internet.
    pub exposed: Option<bool>,
    /// Where it runs.
    pub environment: Option<String>,
    /// `development`, `active`, `maintenance`, `retired`.
    pub lifecycle: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// Classes of data it touches.
    pub data_classes: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// `[[supplier]]`: somebody whose products are used.
#[derive(Clone, Debug)]
pub struct Supplier {
    /// Its name.
    pub name: String,
    /// Who looks after it; `roles.responsible` where it is not given.
    pub owner: Option<Placed<String>>,
    /// How to reach it.
    pub contact: Option<String>,
    /// The start of the purls it makes.
    pub purls: Vec<PurlPattern>,
    /// Where it stands.
    pub place: Place,
}

/// `[[vex]]`: whose statements count without a decision of ours.
#[derive(Clone, Debug)]
pub struct TrustedVex {
    /// Glob of documents, relative to the policy file.
    pub path: String,
    /// The SHA-256 that the document must have, in hexadecimal.
    pub sha256: Option<String>,
    /// What it may speak about; everything where not given.
    pub about: Option<PurlPattern>,
    /// Where it stands.
    pub place: Place,
}

/// `[[case]]`: a test of the policy.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Values of variables: `f.severity = "critical"`.
    pub given: BTreeMap<String, Placed<Given>>,
    /// Which gate.
    pub gate: Gate,
    /// When the judging happens.
    pub as_of: Option<String>,
    /// Clock words and their days or times.
    pub clocks: BTreeMap<String, String>,
    /// Whether the gate is closed.
    pub denied: Option<bool>,
    /// The day or time of the deadline; `none` where there is none.
    pub due: Option<String>,
    /// The rule that decides.
    pub rule: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A value given in a test.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// Texts.
    List(Vec<String>),
}

/// A policy: one file as written, or several joined by [`crate::extend`].
#[derive(Debug)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its title, for people.
    pub title: Option<String>,
    /// Whose it is.
    pub organisation: Option<String>,
    /// Why it is there, for people.
    pub purpose: Option<String>,
    /// What it applies to, for people.
    pub applies_to: Option<String>,
    /// Who approved it.
    pub approved_by: Option<Placed<String>>,
    /// When, `YYYY-MM-DD`.
    pub approved_on: Option<Placed<String>>,
    /// How often it is looked at again.
    pub review_every: Option<Placed<Span>>,
    /// Time zone, weekend and holidays; `None` where the file does not say.
    pub calendar: Option<Placed<Calendar>>,
    /// What it builds on.
    pub extends: Vec<Placed<String>>,
    /// Who answers for what; `None` where the file has no such section.
    pub roles: Option<Roles>,
    /// What is at hand.
    pub resources: Resources,
    /// How weaknesses are looked for.
    pub discovery: Vec<Discovery>,
    /// By when.
    pub sla: Vec<SlaRule>,
    /// What only others can fix.
    pub third_party: ThirdParty,
    /// What a product may be made of.
    pub components: Components,
    /// Licences.
    pub licences: Licences,
    /// Exceptions.
    pub exceptions: ExceptionRules,
    /// What closes a gate.
    pub enforce: Vec<Enforce>,
    /// Who is told when.
    pub escalate: Vec<Escalate>,
    /// What is told regularly.
    pub report: Reporting,
    /// Products.
    pub products: Vec<Product>,
    /// Suppliers.
    pub suppliers: Vec<Supplier>,
    /// Whose VEX counts.
    pub vex: Vec<TrustedVex>,
    /// Tests.
    pub cases: Vec<Case>,
    /// The file.
    pub file: Arc<str>,
    /// SHA-256 of all texts it is made of, in hexadecimal.
    pub digest: String,
}

impl Policy {
    /// Reads one file, without what it extends. All faults are told, not only the first.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Fault>> {
        let file: Arc<str> = file.into();
        let fault = |line, message: String, hint: Option<&str>| {
            vec![Fault {
                place: Place {
                    file: file.clone(),
                    line,
                },
                message,
                hint: hint.map(str::to_owned),
            }]
        };
        if text.len() > MOST_BYTES {
            let message = format!("the file has {} bytes, more than {MOST_BYTES}", text.len());
            return Err(fault(
                1,
                message,
                Some("a policy is a text for people; exceptions have a file of their own"),
            ));
        }
        let root = toml::parse(text, &Limits::default())
            .whole()
            .map_err(|error| {
                fault(
                    error.line,
                    error.message,
                    Some("the file is TOML: https://toml.io"),
                )
            })?;
        let mut faults = Vec::new();
        let table = Table::root(&root, &file);
        let policy = sections::policy(&table, digest(text.as_bytes()), &mut faults);
        faults.sort();
        faults.dedup();
        if faults.is_empty() {
            Ok(policy)
        } else {
            Err(faults)
        }
    }

    /// Reads a file that holds nothing but tests.
    pub fn parse_cases(file: &str, text: &str) -> Result<Vec<Case>, Vec<Fault>> {
        let file: Arc<str> = file.into();
        let root = toml::parse(text, &Limits::default())
            .whole()
            .map_err(|error| {
                vec![Fault {
                    place: Place {
                        file: file.clone(),
                        line: error.line,
                    },
                    message: error.message,
                    hint: None,
                }]
            })?;
        let mut faults = Vec::new();
        let cases = sections::cases(&Table::root(&root, &file), &mut faults);
        if faults.is_empty() {
            Ok(cases)
        } else {
            Err(faults)
        }
    }

    /// Whether any date hangs on when a finding was first seen.
    pub fn counts_from_sight(&self) -> bool {
        let third_party = &self.third_party;
        self.sla.iter().any(|rule| {
            rule.clock.counts_from(Event::Detected)
                || rule
                    .when
                    .as_ref()
                    .is_some_and(|when| when.fields().has(Field::KnownDays))
        }) || self
            .enforce
            .iter()
            .any(|rule| rule.deny.fields().has(Field::KnownDays))
            || third_party.contact_within.is_some()
            || third_party.vendor_reply_due.is_some()
    }

    /// The calendar in force.
    pub fn calendar(&self) -> Calendar {
        self.calendar
            .as_ref()
            .map_or_else(Calendar::default, |placed| placed.value.clone())
    }
}
