//! What the organisation's policy says about an assessment, in the words that every report shares.
//!
//! Without a policy there is nothing to say: no finding has a date, an owner or a state of its own, and reports show
//! none. A policy is known by the digest of its text, since any name may be taken.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use stanchion_model::finding::{Deadline, Finding, Kind, StatementNote};
use stanchion_model::report::{Assessment, ExceptionNote, Violation};

use crate::group::Group;
use crate::plain::{count, near, policy, safe, thousands};

/// Whether a policy of the organisation judged.
pub(crate) fn is_judged(assessment: &Assessment) -> bool {
    assessment.verdict.policy.digest.is_some()
}

/// The findings that something remains to be done about.
pub(crate) fn open(assessment: &Assessment) -> impl Iterator<Item = &Finding> {
    assessment
        .findings
        .iter()
        .filter(|finding| !finding.is_closed())
}

/// The findings that a decision has closed.
pub(crate) fn closed(assessment: &Assessment) -> Vec<&Finding> {
    assessment
        .findings
        .iter()
        .filter(|finding| finding.is_closed())
        .collect()
}

/// What [`breach`] can say.
pub(crate) const BREACHES: [&str; 2] = ["licence", "component-rule"];

/// What a finding without severity is, where the policy's own rules made it: an adjective.
pub(crate) const fn breach(finding: &Finding) -> Option<&'static str> {
    match (finding.kind, finding.score) {
        (Kind::Licence, None) => Some(BREACHES[0]),
        (Kind::Check, None) => Some(BREACHES[1]),
        _ => None,
    }
}

/// The deadline of the fix, which gives a finding its date.
pub(crate) fn fix(finding: &Finding) -> Option<&Deadline> {
    finding
        .deadlines
        .iter()
        .find(|deadline| deadline.what == "fix")
}

/// What a policy says about an assessment, ready to be asked about each finding.
pub(crate) struct Ruling<'a> {
    assessment: &'a Assessment,
    denials: HashMap<&'a str, Vec<&'a Violation>>,
    exceptions: HashMap<&'a str, &'a ExceptionNote>,
    owners: BTreeSet<Option<&'a str>>,
}

/// How a finding stands, most urgent first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Standing {
    /// Late by so many days; the most come first.
    Overdue(Reverse<u32>),
    /// Due on a day: the time for order, the day for people.
    Due(String, String),
    /// The time stands still until its maker has a fix.
    Waiting,
    /// Due with the next upgrade.
    NextUpgrade,
    /// No rule gives it a date.
    Undated,
    /// Allowed to stay open: what allows it, and until when.
    Excepted(String, Option<String>),
    /// A decision has closed it, in a word or two.
    Closed(&'static str),
}

impl Standing {
    /// `overdue 3 d`, `due 12 Dec`, `excepted EX-2026-001 until 31 Jan`; empty where there is nothing to say.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Overdue(days) => format!("overdue {} d", thousands(u64::from(days.0))),
            Self::Due(_, day) => format!("due {day}"),
            Self::Waiting => "waits for a fix".into(),
            Self::NextUpgrade => "next upgrade".into(),
            Self::Undated => String::new(),
            Self::Excepted(id, until) => match until {
                Some(until) => format!("excepted {id} until {until}"),
                None => format!("excepted {id}"),
            },
            Self::Closed(word) => (*word).into(),
        }
    }
}

impl<'a> Ruling<'a> {
    /// `None` where no policy judged.
    pub(crate) fn of(assessment: &'a Assessment) -> Option<Self> {
        is_judged(assessment).then(|| {
            let mut denials: HashMap<&str, Vec<&Violation>> = HashMap::new();
            for violation in &assessment.verdict.violations {
                if let Some(key) = &violation.finding {
                    denials.entry(key).or_default().push(violation);
                }
            }
            Self {
                assessment,
                denials,
                exceptions: assessment
                    .exceptions
                    .iter()
                    .filter(|note| note.covers > 0)
                    .map(|note| (note.id.as_str(), note))
                    .collect(),
                owners: open(assessment)
                    .map(|finding| finding.owner.as_deref())
                    .collect(),
            }
        })
    }

    /// Why the gate is closed for a finding; empty where it is not.
    pub(crate) fn denials(&self, finding: &Finding) -> &[&'a Violation] {
        self.denials
            .get(finding.key.as_str())
            .map_or(&[], |all| all)
    }

    pub(crate) fn is_denied(&self, group: &Group<'_>) -> bool {
        group
            .findings
            .iter()
            .any(|finding| !self.denials(finding).is_empty())
    }

    /// The exception that covers a finding, as far as its file says.
    pub(crate) fn exception(&self, finding: &Finding) -> Option<&'a ExceptionNote> {
        self.exceptions.get(finding.exception.as_deref()?).copied()
    }

    /// Whether owners tell findings apart.
    pub(crate) fn owners_differ(&self) -> bool {
        self.owners.len() > 1
    }

    /// Whether anybody is known to be responsible.
    pub(crate) fn has_owners(&self) -> bool {
        self.owners.iter().any(Option::is_some)
    }

    /// The one who is responsible for everything that is open.
    pub(crate) fn only_owner(&self) -> Option<&'a str> {
        self.owners
            .first()
            .copied()
            .flatten()
            .filter(|_| self.owners.len() == 1)
    }

    pub(crate) fn standing(&self, finding: &Finding) -> Standing {
        let as_of = &self.assessment.as_of;
        match finding.state.as_str() {
            "fixed" => return Standing::Closed("fixed"),
            "not_affected" => return Standing::Closed("not affected"),
            _ => {}
        }
        if let Some(id) = &finding.exception {
            let until = self
                .exception(finding)
                .and_then(|note| note.expires.as_deref())
                .map(|until| near(until, as_of));
            return Standing::Excepted(safe(id), until);
        }
        let fix = fix(finding);
        let late = fix.map_or(0, |fix| fix.late_days);
        if late > 0 {
            return Standing::Overdue(Reverse(late));
        }
        match (&finding.due, fix) {
            (Some(due), _) => Standing::Due(due.clone(), near(due, as_of)),
            (None, None) => Standing::Undated,
            (None, Some(_)) => {
                // A date stands still only where somebody said what is done meanwhile.
                let held = finding.fixed_in.is_empty()
                    && applied(finding).is_some_and(|said| said.status == "affected");
                if held {
                    Standing::Waiting
                } else {
                    Standing::NextUpgrade
                }
            }
        }
    }

    /// How a component stands: as its most urgent finding does.
    pub(crate) fn standing_of(&self, group: &Group<'_>) -> Standing {
        let all = group.findings.iter().map(|finding| self.standing(finding));
        all.min().unwrap_or(Standing::Undated)
    }

    /// The rule behind how a component stands: what gives the date, or closes the gate.
    pub(crate) fn rule_of<'g>(&self, group: &Group<'g>) -> Option<&'g str> {
        let standing = |finding: &&&Finding| self.standing(finding);
        let urgent = group.findings.iter().min_by_key(standing)?;
        if matches!(
            self.standing(urgent),
            Standing::Excepted(..) | Standing::Closed(_)
        ) {
            return None;
        }
        fix(urgent)
            .map(|fix| fix.rule.as_str())
            .or(urgent.rule.as_deref())
    }

    /// The same in words, with what the most urgent finding does not say.
    pub(crate) fn words(&self, group: &Group<'_>) -> String {
        let standing = self.standing_of(group);
        let mut parts: Vec<String> = Vec::new();
        let open = || group.findings.iter().filter(|finding| !finding.is_closed());
        if open().any(|finding| finding.state == "in_triage") {
            parts.push("in triage".into());
        }
        parts.push(standing.text());
        let excepted = open().filter(|finding| finding.exception.is_some()).count();
        if excepted > 0 && !matches!(standing, Standing::Excepted(..)) {
            parts.push(format!("{excepted} excepted"));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(", ")
    }

    /// Late findings: how many, the most days, and how many by which rule.
    pub(crate) fn overdue(&self) -> Option<Overdue<'a>> {
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut count, mut longest) = (0, 0);
        for finding in open(self.assessment) {
            if let Standing::Overdue(days) = self.standing(finding) {
                count += 1;
                longest = longest.max(days.0);
                *rules
                    .entry(fix(finding).map_or("", |fix| fix.rule.as_str()))
                    .or_default() += 1;
            }
        }
        let mut rules: Vec<(&str, usize)> = rules.into_iter().collect();
        rules.sort_by_key(|rule| Reverse(rule.1));
        (count > 0).then_some(Overdue {
            count,
            longest,
            rules,
        })
    }

    /// Findings with a date that has not passed: how many, and the first day.
    pub(crate) fn dated(&self) -> Option<(usize, String)> {
        let dates: Vec<Standing> = open(self.assessment)
            .map(|finding| self.standing(finding))
            .filter(|standing| matches!(standing, Standing::Due(..)))
            .collect();
        match dates.iter().min() {
            Some(Standing::Due(_, day)) => Some((dates.len(), day.clone())),
            _ => None,
        }
    }

    pub(crate) fn excepted(&self) -> usize {
        open(self.assessment)
            .filter(|finding| finding.exception.is_some())
            .count()
    }
}

pub(crate) struct Overdue<'a> {
    pub(crate) count: usize,
    pub(crate) longest: u32,
    /// What most are late by comes first.
    pub(crate) rules: Vec<(&'a str, usize)>,
}

/// The statement that counts.
pub(crate) fn applied(finding: &Finding) -> Option<&StatementNote> {
    finding
        .statements
        .iter()
        .find(|statement| statement.standing == "applied")
}

/// `Denied at release` and ` by the policy acme 2026.11: 2 rules are broken`: the first part is what stands out.
pub(crate) fn sentence(assessment: &Assessment) -> (String, String) {
    let verdict = &assessment.verdict;
    let gate = safe(&verdict.gate);
    let policy = policy(&verdict.policy);
    if !verdict.denied {
        return (format!("Passed at {gate}"), format!(" by {policy}"));
    }
    let lack = if verdict.incomplete {
        " for lack of evidence"
    } else {
        ""
    };
    let rules = count(broken(&verdict.violations).len(), "rule is", "rules are");
    (
        format!("Denied at {gate}{lack}"),
        format!(" by {policy}: {rules} broken"),
    )
}

/// One rule, and what breaks it.
pub(crate) struct Broken<'a> {
    pub(crate) rule: &'a str,
    /// Keys of findings.
    pub(crate) findings: Vec<&'a str>,
    /// Why the whole target breaks it.
    pub(crate) whole: Vec<&'a str>,
}

/// Violations by rule, in the order in which the rules come.
pub(crate) fn broken(violations: &[Violation]) -> Vec<Broken<'_>> {
    let mut all: Vec<Broken<'_>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for violation in violations {
        let at = *known.entry(&violation.rule).or_insert_with(|| {
            all.push(Broken {
                rule: &violation.rule,
                findings: Vec::new(),
                whole: Vec::new(),
            });
            all.len() - 1
        });
        match &violation.finding {
            Some(key) => all[at].findings.push(key),
            None => all[at].whole.push(&violation.reason),
        }
    }
    all
}

/// The exceptions that somebody has to look at, gravest first: what suppresses nothing, then what covers less than it
/// names.
pub(crate) fn wrong(assessment: &Assessment) -> Vec<&ExceptionNote> {
    let mut all: Vec<&ExceptionNote> = assessment
        .exceptions
        .iter()
        .filter(|note| note.is_wrong() || is_partial(note))
        .collect();
    all.sort_by_key(|note| rank(note));
    all
}

/// Every exception, those that somebody has to look at first.
pub(crate) fn exceptions(assessment: &Assessment) -> Vec<&ExceptionNote> {
    let mut all: Vec<&ExceptionNote> = assessment.exceptions.iter().collect();
    all.sort_by_key(|note| rank(note));
    all
}

/// It covers something, and not everything that it names.
fn is_partial(note: &ExceptionNote) -> bool {
    note.status == "applied" && note.reason.is_some()
}

fn rank(note: &ExceptionNote) -> u8 {
    match note.status.as_str() {
        "malformed" => 0,
        "against_policy" => 1,
        "expired" => 2,
        "out_of_scope" => 3,
        "orphaned" => 4,
        "not_yet" => 8,
        "applied" if note.reason.is_some() => 6,
        "applied" => 7,
        // `unused`, and what this version does not know.
        _ => 5,
    }
}

/// What became of an exception, for people.
pub(crate) fn became(note: &ExceptionNote) -> String {
    match note.status.as_str() {
        "applied" if is_partial(note) => "applied in part".into(),
        "against_policy" => "against the policy".into(),
        "out_of_scope" => "out of scope".into(),
        "not_yet" => "not yet in force".into(),
        status => safe(status),
    }
}

/// An exception by its id.
pub(crate) fn named(note: &ExceptionNote) -> String {
    if note.id.is_empty() {
        "without an id".into()
    } else {
        safe(&note.id)
    }
}

/// The exit code that a closed gate gives: 3 where only evidence is missing.
pub(crate) const fn exit(assessment: &Assessment) -> u8 {
    if assessment.verdict.incomplete { 3 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assessment, judged};

    #[test]
    fn without_a_policy_there_is_no_ruling() {
        assert!(Ruling::of(&assessment()).is_none());
        let mut named = assessment();
        named.verdict.policy.digest = Some("00".into());
        assert!(Ruling::of(&named).is_some(), "whatever it calls itself");
    }

    #[test]
    fn findings_stand_as_the_policy_says() {
        let assessment = judged();
        let ruling = Ruling::of(&assessment).unwrap();
        let all: Vec<(&str, String)> = assessment
            .findings
            .iter()
            .map(|finding| {
                (
                    finding.component.name.as_str(),
                    ruling.standing(finding).text(),
                )
            })
            .collect();
        let want = [
            ("log4js", "overdue 3 d"),
            ("log4js", "due 12 Dec"),
            ("minimist", "not affected"),
            ("lodash", "excepted EX-2026-001 until 31 Jan"),
            ("qs", "fixed"),
            ("semver", "next upgrade"),
            ("ws", "waits for a fix"),
            ("atty", "due 24 Nov 2027"),
            ("gpl-thing", ""),
            ("from-git", ""),
        ];
        let want: Vec<(&str, String)> = want.map(|(name, text)| (name, text.to_owned())).into();
        assert_eq!(all, want);
    }

    #[test]
    fn the_most_urgent_finding_speaks_for_its_component() {
        let mut assessment = judged();
        assessment.findings[1].exception = Some("EX-2026-001".into());
        let ruling = Ruling::of(&assessment).unwrap();
        let groups = crate::group::group(&assessment.findings);
        assert_eq!(ruling.words(&groups[0]), "overdue 3 d, 1 excepted");
        assert!(ruling.is_denied(&groups[0]) && !ruling.is_denied(&groups[1]));
    }

    #[test]
    fn lateness_is_counted_by_rule() {
        let mut assessment = judged();
        for at in [1, 3, 6] {
            let fix = assessment.findings[at]
                .deadlines
                .iter_mut()
                .find(|one| one.what == "fix");
            fix.unwrap().late_days = 40;
        }
        let ruling = Ruling::of(&assessment).unwrap();
        let overdue = ruling.overdue().unwrap();
        // What is excepted is not late.
        assert_eq!((overdue.count, overdue.longest), (3, 40));
        assert_eq!(overdue.rules, [("acme/severity", 2), ("acme/exploited", 1)]);
    }

    #[test]
    fn wrong_exceptions_come_first_and_none_is_lost() {
        let assessment = judged();
        let words: Vec<String> = exceptions(&assessment)
            .iter()
            .map(|note| became(note))
            .collect();
        assert_eq!(
            words,
            [
                "malformed",
                "against the policy",
                "expired",
                "out of scope",
                "orphaned",
                "unused",
                "applied in part",
                "applied",
                "not yet in force"
            ]
        );
        assert_eq!(wrong(&assessment).len(), 7);
    }

    #[test]
    fn rules_keep_their_order_and_tell_target_from_finding() {
        let assessment = judged();
        let rules = broken(&assessment.verdict.violations);
        let told: Vec<(&str, usize, usize)> = rules
            .iter()
            .map(|rule| (rule.rule, rule.findings.len(), rule.whole.len()))
            .collect();
        assert_eq!(
            told,
            [
                ("acme/release", 2, 0),
                ("licences/denied", 1, 0),
                ("components/git", 1, 0),
                ("evidence/database", 0, 1),
                ("roles/unowned", 0, 1),
                ("change/loosens-policy", 0, 1)
            ]
        );
    }
}
