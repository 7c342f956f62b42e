//! What a change to a policy tightens and what it loosens, and whose approval it needs.
//!
//! What cannot be shown to be at least as strict counts as looser.

mod beside;
mod standing;
mod tighten;

use crate::clock::{Deadline, Span};
use crate::file::{Enforce, Place, Placed, Policy, SlaRule};
use stanchion_model::cvss::Severity;

pub use beside::{permissions, statements};
pub use tighten::tightened;

/// The direction of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Less is demanded, or it cannot be shown that as much is.
    Loosens,
    /// More is demanded.
    Tightens,
    /// Neither: words, names, tests.
    Neutral,
}

impl Effect {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loosens => "loosens",
            Self::Tightens => "tightens",
            Self::Neutral => "neutral",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In which direction.
    pub effect: Effect,
    /// What: `sla strict/severity`, `exceptions.max_age.high`.
    pub what: String,
    /// From what to what, in words.
    pub how: String,
    /// Where it stands now; where it stood when it is gone.
    pub place: Place,
}

/// Every difference between two policies, what loosens first. Both are joined with what they extend.
pub fn changes(old: &Policy, new: &Policy) -> Vec<Change> {
    let mut list = List {
        changes: Vec::new(),
        new,
    };
    list.sla(old, new);
    list.enforce(old, new);
    list.discovery(old, new);
    list.third_party(old, new);
    list.components(old, new);
    list.licences(old, new);
    list.exceptions(old, new);
    list.people(old, new);
    list.trust(old, new);
    list.calendar(old, new);
    list.told(old, new);
    let mut changes = list.changes;
    changes.sort_by(|a, b| a.effect.cmp(&b.effect).then_with(|| a.what.cmp(&b.what)));
    changes
}

/// Who has to approve a change that loosens a policy: whoever is accountable by the policy as it was.
pub fn approver(old: &Policy) -> Option<&str> {
    let accountable = old
        .roles
        .as_ref()
        .and_then(|roles| roles.accountable.as_ref());
    accountable
        .or(old.approved_by.as_ref())
        .map(|who| who.value.as_str())
}

struct List<'a> {
    changes: Vec<Change>,
    new: &'a Policy,
}

impl List<'_> {
    fn add(
        &mut self,
        effect: Effect,
        what: impl Into<String>,
        how: impl Into<String>,
        place: &Place,
    ) {
        self.changes.push(Change {
            effect,
            what: what.into(),
            how: how.into(),
            place: place.clone(),
        });
    }

    fn top(&self) -> Place {
        Place {
            file: self.new.file.clone(),
            line: 1,
        }
    }

    fn sla(&mut self, old: &Policy, new: &Policy) {
        for rule in &old.sla {
            let what = format!("sla {}", rule.id);
            match new.sla.iter().find(|now| now.id == rule.id) {
                None => self.add(Effect::Loosens, what, "the rule is gone", &rule.place),
                Some(now) => self.sla_rule(&what, rule, now),
            }
        }
        for rule in &new.sla {
            if old.sla.iter().all(|before| before.id != rule.id) {
                self.add(
                    Effect::Tightens,
                    format!("sla {}", rule.id),
                    "the rule is new",
                    &rule.place,
                );
            }
        }
    }

    fn sla_rule(&mut self, what: &str, old: &SlaRule, new: &SlaRule) {
        let source = |rule: &SlaRule| rule.when.as_ref().map(|when| when.source().to_owned());
        match (source(old), source(new)) {
            (a, b) if a == b => {}
            (Some(a), None) => self.add(
                Effect::Tightens,
                what,
                format!("it holds for every finding, no longer only for {a:?}"),
                &new.place,
            ),
            (a, Some(b)) => {
                let a = a.map_or_else(|| "every finding".into(), |a| format!("{a:?}"));
                self.add(
                    Effect::Loosens,
                    what,
                    format!(
                        "it held for {a} and holds for {b:?}: which is narrower cannot be shown"
                    ),
                    &new.place,
                );
            }
            (None, None) => {}
        }
        self.span(
            &format!("{what} triage"),
            old.triage.as_ref(),
            new.triage.as_ref(),
            &new.place,
            true,
        );
        for severity in Severity::ALL {
            let (a, b) = (old.due.of(Some(severity)), new.due.of(Some(severity)));
            let effect = match (a, b) {
                (a, b) if a == b => continue,
                (Some(Deadline::Within(a)), Some(Deadline::Within(b))) => shorter(*a, *b),
                // No rule is looser than one without a date, and that is looser than any date.
                (None, _) | (Some(Deadline::NextUpgrade), Some(Deadline::Within(_))) => {
                    Effect::Tightens
                }
                _ => Effect::Loosens,
            };
            let word =
                |due: Option<&Deadline>| due.map_or_else(|| "none".to_owned(), ToString::to_string);
            self.add(
                effect,
                format!("{what} due {}", severity.as_str()),
                format!("from {} to {}", word(a), word(b)),
                &new.place,
            );
        }
        if old.clock != new.clock {
            let effect = if new.clock.is_never_later(&old.clock) {
                Effect::Tightens
            } else {
                Effect::Loosens
            };
            self.add(
                effect,
                format!("{what} clock"),
                format!("from {} to {}", old.clock, new.clock),
                &new.place,
            );
        }
        self.set(
            &format!("{what} require"),
            &old.require,
            &new.require,
            &new.place,
            true,
        );
    }

    /// A limit on time; `short` where less is stricter.
    fn span(
        &mut self,
        what: &str,
        old: Option<&Span>,
        new: Option<&Span>,
        place: &Place,
        short: bool,
    ) {
        let effect = match (old, new) {
            (None, None) => return,
            (None, Some(_)) => Effect::Tightens,
            (Some(_), None) => Effect::Loosens,
            (Some(a), Some(b)) if a == b => return,
            (Some(a), Some(b)) if short => shorter(*a, *b),
            (Some(a), Some(b)) => shorter(*b, *a),
        };
        let word =
            |span: Option<&Span>| span.map_or_else(|| "none".to_owned(), ToString::to_string);
        self.add(
            effect,
            what,
            format!("from {} to {}", word(old), word(new)),
            place,
        );
    }

    fn placed(
        &mut self,
        what: &str,
        old: Option<&Placed<Span>>,
        new: Option<&Placed<Span>>,
        short: bool,
    ) {
        let place = new
            .or(old)
            .map_or_else(|| self.top(), |placed| placed.place.clone());
        self.span(
            what,
            old.map(|placed| &placed.value),
            new.map(|placed| &placed.value),
            &place,
            short,
        );
    }

    /// Things that are demanded, or allowed.
    fn set(&mut self, what: &str, old: &[String], new: &[String], place: &Place, demanded: bool) {
        for gone in old.iter().filter(|one| !new.contains(one)) {
            let effect = if demanded {
                Effect::Loosens
            } else {
                Effect::Tightens
            };
            self.add(effect, what, format!("{gone:?} is gone"), place);
        }
        for added in new.iter().filter(|one| !old.contains(one)) {
            let effect = if demanded {
                Effect::Tightens
            } else {
                Effect::Loosens
            };
            self.add(effect, what, format!("{added:?} is new"), place);
        }
    }

    fn enforce(&mut self, old: &Policy, new: &Policy) {
        // Rules without a name are known by what they say.
        let same = |a: &Enforce, b: &Enforce| {
            a.at == b.at
                && if a.named || b.named {
                    a.id == b.id
                } else {
                    a.deny.source() == b.deny.source()
                }
        };
        for rule in &old.enforce {
            let what = format!("enforce {}", rule.id);
            match new.enforce.iter().find(|now| same(rule, now)) {
                None => self.add(
                    Effect::Loosens,
                    what,
                    format!("what closed the gate {} is gone", rule.at.as_str()),
                    &rule.place,
                ),
                Some(now) => {
                    if now.deny.source() != rule.deny.source() {
                        self.add(
                            Effect::Loosens,
                            &*what,
                            format!(
                                "from {:?} to {:?}: which is narrower cannot be shown",
                                rule.deny.source(),
                                now.deny.source()
                            ),
                            &now.place,
                        );
                    }
                    match (rule.missing_denies, now.missing_denies) {
                        (true, false) => self.add(
                            Effect::Loosens,
                            what,
                            "missing evidence no longer closes the gate",
                            &now.place,
                        ),
                        (false, true) => self.add(
                            Effect::Tightens,
                            what,
                            "missing evidence closes the gate",
                            &now.place,
                        ),
                        _ => {}
                    }
                }
            }
        }
        for rule in &new.enforce {
            if !old.enforce.iter().any(|before| same(before, rule)) {
                self.add(
                    Effect::Tightens,
                    format!("enforce {}", rule.id),
                    format!("the gate {} is closed for more", rule.at.as_str()),
                    &rule.place,
                );
            }
        }
    }

    fn discovery(&mut self, old: &Policy, new: &Policy) {
        let mut left: Vec<usize> = (0..new.discovery.len()).collect();
        for rule in &old.discovery {
            let what = format!("discovery {}", rule.kind);
            let found = left.iter().position(|at| {
                new.discovery[*at].kind == rule.kind
                    && new.discovery[*at].scope.source() == rule.scope.source()
            });
            match found {
                None => self.add(
                    Effect::Loosens,
                    what,
                    format!("it is no longer done for {:?}", rule.scope.source()),
                    &rule.place,
                ),
                Some(at) => {
                    let now = &new.discovery[left.remove(at)];
                    self.span(
                        &format!("{what} every"),
                        Some(&rule.every),
                        Some(&now.every),
                        &now.place,
                        true,
                    );
                    self.span(
                        &format!("{what} max_db_age"),
                        rule.max_db_age.as_ref(),
                        now.max_db_age.as_ref(),
                        &now.place,
                        true,
                    );
                }
            }
        }
        for at in left {
            let rule = &new.discovery[at];
            self.add(
                Effect::Tightens,
                format!("discovery {}", rule.kind),
                format!("it is done for {:?}", rule.scope.source()),
                &rule.place,
            );
        }
    }

    /// Who is told, and how often the policy is looked at.
    fn told(&mut self, old: &Policy, new: &Policy) {
        let rules = |policy: &Policy| -> Vec<String> {
            policy
                .escalate
                .iter()
                .map(|rule| {
                    format!(
                        "{} to {}{}",
                        rule.when.source(),
                        rule.to,
                        if rule.ticket { ", with a ticket" } else { "" }
                    )
                })
                .collect()
        };
        let top = self.top();
        self.set("escalate", &rules(old), &rules(new), &top, true);
        self.placed(
            "policy.review_every",
            old.review_every.as_ref(),
            new.review_every.as_ref(),
            true,
        );
    }

    fn third_party(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = (&old.third_party, &new.third_party);
        self.placed(
            "third_party.contact_within",
            a.contact_within.as_ref(),
            b.contact_within.as_ref(),
            true,
        );
        self.placed(
            "third_party.vendor_reply_due",
            a.vendor_reply_due.as_ref(),
            b.vendor_reply_due.as_ref(),
            true,
        );
        self.placed(
            "third_party.no_patch.review_every",
            a.review_every.as_ref(),
            b.review_every.as_ref(),
            true,
        );
        let pauses = |placed: Option<&Placed<bool>>| placed.is_some_and(|placed| placed.value);
        let place = b
            .paused_until_fix
            .as_ref()
            .map_or_else(|| self.top(), |placed| placed.place.clone());
        match (
            pauses(a.paused_until_fix.as_ref()),
            pauses(b.paused_until_fix.as_ref()),
        ) {
            (false, true) => self.add(
                Effect::Loosens,
                "third_party.sla_clock",
                "the clock stands still until there is a fix",
                &place,
            ),
            (true, false) => self.add(
                Effect::Tightens,
                "third_party.sla_clock",
                "the clock runs while there is no fix",
                &place,
            ),
            _ => {}
        }
    }
}

/// Whether the second is never later than the first.
fn shorter(old: Span, new: Span) -> Effect {
    if new.at_most(old) == Some(true) {
        Effect::Tightens
    } else {
        Effect::Loosens
    }
}
