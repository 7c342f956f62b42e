//! Exceptions: who allowed what to stay open, why and until when.
//!
//! `exceptions.toml` stands beside the policy and is reviewed like code. An entry that is malformed, out of date, not
//! allowed by the policy or about something that is not here suppresses nothing; it is always shown.

mod file;

use std::collections::HashMap;

use globset::GlobMatcher;
use jiff::Timestamp;
use stanchion_model::cvss::Severity;
use stanchion_model::exception::Exception;
use stanchion_model::finding::Finding;

use crate::clock::{Calendar, Start};
use crate::file::{Fault, Place, Policy, effective};
use crate::pattern::{Meant, PurlPattern, bare, covers};
use crate::people::People;

pub use file::{FILE, MOST_BYTES, SCHEMA};

/// An exception and the file it stands in.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As it was read.
    pub exception: Exception,
    /// Where it stands.
    pub place: Place,
    /// Why it cannot be used at all.
    pub broken: Option<String>,
    what: Option<PurlPattern>,
    paths: Vec<GlobMatcher>,
    /// The target's folder relative to the file's, with a slash at its end; empty where they are the same.
    prefix: String,
    /// Its first and last moment.
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Why an exception does not cover a finding that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Not {
    /// It is over since then.
    Expired(Timestamp),
    /// It begins later.
    NotYet,
    /// The policy does not allow it.
    Against(String),
    /// It is for some versions, and the finding's is not known.
    UnknownVersion,
}

impl std::fmt::Display for Not {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Expired(until) => write!(f, "it ended at {until}"),
            Self::NotYet => f.write_str("it begins later"),
            Self::Against(reason) => f.write_str(reason),
            Self::UnknownVersion => {
                f.write_str("it is for some versions, and the version found is not known")
            }
        }
    }
}

/// All exceptions, ready to be asked.
#[derive(Debug, Default)]
pub struct Exceptions {
    entries: Vec<Entry>,
    /// Entries by each id they name, in capitals.
    by_id: HashMap<String, Vec<u32>>,
    /// Entries by each rule they name.
    by_rule: HashMap<String, Vec<u32>>,
    /// The first entry with each id.
    taken: HashMap<String, u32>,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// [`bare`] of its purl.
    pub bare: &'a str,
    /// The product it belongs to.
    pub product: &'a str,
}

impl Exceptions {
    /// Reads a file and adds what stands in it. `prefix` is the target's folder relative to the file's.
    pub fn read(
        &mut self,
        file: &str,
        text: &str,
        prefix: &str,
        calendar: &Calendar,
    ) -> Vec<Fault> {
        let (entries, faults) = file::read(file, text, prefix, calendar);
        for mut entry in entries {
            if entry.broken.is_none()
                && let Some(other) = self.taken.get(&entry.exception.id)
            {
                entry.broken = Some(format!(
                    "its id is already taken by {}",
                    self.entries[*other as usize].place
                ));
            }
            self.add(entry);
        }
        faults
    }

    fn add(&mut self, entry: Entry) {
        let at = self.entries.len() as u32;
        self.taken.entry(entry.exception.id.clone()).or_insert(at);
        if entry.broken.is_none() {
            for id in &entry.exception.scope.ids {
                self.by_id
                    .entry(id.to_ascii_uppercase())
                    .or_default()
                    .push(at);
            }
            for rule in &entry.exception.scope.rules {
                self.by_rule.entry(rule.clone()).or_default().push(at);
            }
        }
        self.entries.push(entry);
    }

    /// All of them, in the order in which they were read.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries that name a finding by an id, and whose scope holds it. Entries that name rules besides are not among
    /// them: they cover violations of those rules only.
    pub fn about<'s>(&'s self, subject: Subject<'s>) -> impl Iterator<Item = (usize, Meant)> + 's {
        let ids = std::iter::once(&subject.finding.id).chain(&subject.finding.aliases);
        let mut found: Vec<u32> = if self.by_id.is_empty() {
            Vec::new()
        } else {
            ids.filter_map(|id| self.by_id.get(id.to_ascii_uppercase().as_str()))
                .flatten()
                .copied()
                .filter(|at| self.entries[*at as usize].exception.scope.rules.is_empty())
                .collect()
        };
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(move |at| {
            let meant = self.entries[at as usize].holds(subject);
            (meant != Meant::No).then_some((at as usize, meant))
        })
    }

    /// The entries that name a rule, and whose scope holds the finding; for a violation without a finding, those
    /// without any scope but the rule.
    pub fn of_rule<'s>(
        &'s self,
        rule: &str,
        subject: Option<Subject<'s>>,
    ) -> impl Iterator<Item = (usize, Meant)> + 's {
        let found = self.by_rule.get(rule).cloned().unwrap_or_default();
        found.into_iter().filter_map(move |at| {
            let entry = &self.entries[at as usize];
            let scope = &entry.exception.scope;
            let meant = match subject {
                Some(subject) => {
                    let named = scope.ids.is_empty()
                        || scope.ids.iter().any(|id| {
                            std::iter::once(&subject.finding.id)
                                .chain(&subject.finding.aliases)
                                .any(|own| own.eq_ignore_ascii_case(id))
                        });
                    if named {
                        entry.holds(subject)
                    } else {
                        Meant::No
                    }
                }
                None if scope.ids.is_empty()
                    && scope.purl.is_none()
                    && scope.product.is_none()
                    && scope.paths.is_empty() =>
                {
                    Meant::Yes
                }
                None => Meant::No,
            };
            (meant != Meant::No).then_some((at as usize, meant))
        })
    }

    /// As [`Exceptions::of_rule`], for something that is only known by its path.
    pub fn of_path(&self, rule: &str, path: &str) -> impl Iterator<Item = usize> {
        let found = self.by_rule.get(rule).cloned().unwrap_or_default();
        found
            .into_iter()
            .map(|at| at as usize)
            .filter(|at| {
                let entry = &self.entries[*at];
                let scope = &entry.exception.scope;
                scope.ids.is_empty()
                    && scope.purl.is_none()
                    && scope.product.is_none()
                    && (scope.paths.is_empty() || entry.lies(path))
            })
            .collect::<Vec<_>>()
            .into_iter()
    }
}

impl Entry {
    fn lies(&self, path: &str) -> bool {
        let path = if self.prefix.is_empty() {
            path.to_owned()
        } else {
            format!("{}{path}", self.prefix)
        };
        self.paths.iter().any(|glob| covers(glob, &path))
    }

    /// Whether the scope holds a finding.
    fn holds(&self, subject: Subject<'_>) -> Meant {
        let scope = &self.exception.scope;
        if scope
            .product
            .as_ref()
            .is_some_and(|product| product != subject.product)
        {
            return Meant::No;
        }
        if !self.paths.is_empty() {
            // Every place has to be covered: a component that is also somewhere else stays open there.
            let places = &subject.finding.locations;
            let all = !places.is_empty() && places.iter().all(|place| self.lies(&place.path));
            if !all && !self.lies(&subject.finding.project) {
                return Meant::No;
            }
        }
        self.what.as_ref().map_or(Meant::Yes, |what| {
            what.meets_bare(
                subject.bare,
                &subject.finding.component.purl,
                Some(&subject.finding.component.version),
            )
        })
    }

    /// The moment after which it no longer holds.
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether it holds at a time for something of a severity under a policy.
    pub fn valid(
        &self,
        policy: &Policy,
        people: People<'_>,
        severity: Option<Severity>,
        at: Timestamp,
    ) -> Result<(), Not> {
        self.allowed(policy, people, severity)?;
        if self.from.is_some_and(|from| from > at) {
            return Err(Not::NotYet);
        }
        match self.until {
            Some(until) if until >= at => Ok(()),
            Some(until) => Err(Not::Expired(until)),
            None => Err(Not::Against("it has no end".into())),
        }
    }

    /// Whether the policy allows it, whatever the time.
    fn allowed(
        &self,
        policy: &Policy,
        people: People<'_>,
        severity: Option<Severity>,
    ) -> Result<(), Not> {
        let rules = &policy.exceptions;
        let against = |reason: String| Err(Not::Against(reason));
        let exception = &self.exception;
        let approver = exception.approver.as_deref().unwrap_or_default();
        for field in &rules.require {
            let there = match field.value.as_str() {
                "compensating_control" => exception.compensating_control.is_some(),
                "requested_by" => exception.requested_by.is_some(),
                "approved_on" => exception.approved_on.is_some(),
                "product" => exception.scope.product.is_some(),
                "scope" => {
                    let scope = &exception.scope;
                    scope.purl.is_some() || scope.product.is_some() || !scope.paths.is_empty()
                }
                // Always there: without them an entry is malformed.
                _ => true,
            };
            if !there {
                return against(format!(
                    "the policy requires `{}` ({})",
                    field.value, field.place
                ));
            }
        }
        if let Some(needed) = effective(&rules.approver, severity) {
            // Whoever may allow something worse may allow this.
            let least = severity.unwrap_or(Severity::Critical);
            let mut may = rules
                .approver
                .range(least..)
                .map(|(_, who)| who)
                .chain([needed]);
            if !may.any(|who| people.is(approver, &who.value)) {
                return against(format!(
                    "{approver} cannot approve it: for {} it takes {} ({})",
                    severity.map_or("what has no severity", Severity::as_str),
                    needed.value,
                    needed.place
                ));
            }
        }
        if rules
            .not_self_approved
            .as_ref()
            .is_some_and(|flag| flag.value)
        {
            let Some(asked) = exception.requested_by.as_deref() else {
                return against(
                    "it does not say who asked for it, and nobody may approve their own".into(),
                );
            };
            if people.same(asked, approver) {
                return against(format!("{approver} asked for it and approved it"));
            }
        }
        if let Some(longest) = effective(&rules.max_age, severity) {
            let Some(from) = self.from else {
                return against("it does not say when it was approved, and the policy limits how long it may hold".into());
            };
            let end = policy.calendar().due(Start::Moment(from), longest.value);
            if !end.is_ok_and(|end| self.until.is_some_and(|until| until <= end)) {
                return against(format!(
                    "it holds for longer than {} ({})",
                    longest.value, longest.place
                ));
            }
        }
        Ok(())
    }

    /// Whether what it is about is in a target at all: the name of its component, if it has one.
    pub fn names_component(&self, bares: &dyn Fn(&PurlPattern) -> bool) -> bool {
        self.what.as_ref().is_none_or(bares)
    }
}

/// [`Subject::bare`] of a finding.
pub fn bare_of(finding: &Finding) -> String {
    bare(&finding.component.purl)
}
