//! What a change to a policy tightens and what it loosens, and whose approval it needs.
//!
//! What cannot be shown to be at least as strict counts as looser.

use std::collections::BTreeMap;

use crate::clock::{Deadline, Span};
use crate::extend::narrower_sources;
use crate::file::{Enforce, Place, Placed, Policy, SlaRule};
use stanchion_model::cvss::Severity;

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
                (None, None) => continue,
                (None, Some(_)) => Effect::Tightens,
                (Some(_), None) => Effect::Loosens,
                (Some(a), Some(b)) if a == b => continue,
                (Some(Deadline::NextUpgrade), Some(Deadline::Within(_))) => Effect::Tightens,
                (Some(Deadline::Within(_)), Some(Deadline::NextUpgrade)) => Effect::Loosens,
                (Some(Deadline::Within(a)), Some(Deadline::Within(b))) => shorter(a, b),
                (Some(Deadline::NextUpgrade), Some(Deadline::NextUpgrade)) => continue,
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
            (Some(a), Some(b)) if short => shorter(a, b),
            (Some(a), Some(b)) => shorter(b, a),
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

    fn components(&mut self, old: &Policy, new: &Policy) {
        let names = |policy: &Policy| -> Vec<String> {
            policy
                .components
                .deny
                .iter()
                .map(|denied| {
                    format!(
                        "{}{}",
                        denied.what.as_str(),
                        if denied.what.has_versions() {
                            " (some versions)"
                        } else {
                            ""
                        }
                    )
                })
                .collect()
        };
        let top = self.top();
        self.set("components.deny", &names(old), &names(new), &top, true);
        let empty = Placed {
            value: Vec::new(),
            place: top.clone(),
        };
        let keys: BTreeMap<&String, ()> = old
            .components
            .registries
            .keys()
            .chain(new.components.registries.keys())
            .map(|key| (key, ()))
            .collect();
        for key in keys.keys() {
            let what = format!("components.registries.{key}");
            match (
                old.components.registries.get(*key),
                new.components.registries.get(*key),
            ) {
                (Some(a), Some(b)) => self.set(&what, &a.value, &b.value, &b.place, false),
                (Some(a), None) => {
                    self.add(Effect::Loosens, what, "any registry is allowed", &a.place)
                }
                (None, b) => self.add(
                    Effect::Tightens,
                    what,
                    "only some registries are allowed",
                    &b.unwrap_or(&empty).place,
                ),
            }
        }
        for (what, a, b) in [
            ("components.git", &old.components.git, &new.components.git),
            ("components.url", &old.components.url, &new.components.url),
        ] {
            let allow = crate::file::Sources::Allow;
            let (before, after) = (
                a.as_ref().map_or(&allow, |placed| &placed.value),
                b.as_ref().map_or(&allow, |placed| &placed.value),
            );
            let place = b
                .as_ref()
                .or(a.as_ref())
                .map_or_else(|| top.clone(), |placed| placed.place.clone());
            match (
                narrower_sources(after, before),
                narrower_sources(before, after),
            ) {
                (true, true) => {}
                (true, false) => self.add(Effect::Tightens, what, "less is allowed", &place),
                (false, _) => self.add(Effect::Loosens, what, "more is allowed", &place),
            }
        }
        self.placed(
            "components.minimum_age",
            old.components.minimum_age.as_ref(),
            new.components.minimum_age.as_ref(),
            false,
        );
    }

    fn licences(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = (&old.licences, &new.licences);
        let top = self.top();
        let texts = |list: &[Placed<String>]| -> Vec<String> {
            list.iter().map(|text| text.value.clone()).collect()
        };
        self.set(
            "licences.deny",
            &texts(&a.deny),
            &texts(&b.deny),
            &top,
            true,
        );
        self.set(
            "licences.review",
            &texts(&a.review),
            &texts(&b.review),
            &top,
            true,
        );
        match (&a.allow, &b.allow) {
            (Some(a), Some(b)) => self.set("licences.allow", &a.value, &b.value, &b.place, false),
            (Some(a), None) => self.add(
                Effect::Loosens,
                "licences.allow",
                "any licence is allowed",
                &a.place,
            ),
            (None, Some(b)) => self.add(
                Effect::Tightens,
                "licences.allow",
                "only some licences are allowed",
                &b.place,
            ),
            (None, None) => {}
        }
        let strength = |word: Option<&Placed<String>>| {
            ["allow", "review", "deny"]
                .iter()
                .position(|known| Some(*known) == word.map(|word| word.value.as_str()))
                .unwrap_or(0)
        };
        match strength(b.unknown.as_ref()).cmp(&strength(a.unknown.as_ref())) {
            std::cmp::Ordering::Less => self.add(
                Effect::Loosens,
                "licences.unknown",
                "less is asked of a component without a licence",
                &top,
            ),
            std::cmp::Ordering::Greater => self.add(
                Effect::Tightens,
                "licences.unknown",
                "more is asked of a component without a licence",
                &top,
            ),
            std::cmp::Ordering::Equal => {}
        }
        let scopes = |list: &[String]| {
            if list.is_empty() {
                crate::extend::default_scopes()
            } else {
                list.to_vec()
            }
        };
        self.set(
            "licences.scopes",
            &scopes(&a.scopes),
            &scopes(&b.scopes),
            &top,
            true,
        );
    }

    fn exceptions(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = (&old.exceptions, &new.exceptions);
        let top = self.top();
        for severity in Severity::ALL {
            self.placed(
                &format!("exceptions.max_age.{}", severity.as_str()),
                a.max_age.get(&severity),
                b.max_age.get(&severity),
                true,
            );
            match (a.approver.get(&severity), b.approver.get(&severity)) {
                (Some(a), Some(b)) if a.value != b.value => {
                    self.add(
                        Effect::Loosens,
                        format!("exceptions.approver.{}", severity.as_str()),
                        format!("from {} to {}", a.value, b.value),
                        &b.place,
                    );
                }
                (Some(a), None) => self.add(
                    Effect::Loosens,
                    format!("exceptions.approver.{}", severity.as_str()),
                    format!("{} no longer has to approve", a.value),
                    &a.place,
                ),
                (None, Some(b)) => self.add(
                    Effect::Tightens,
                    format!("exceptions.approver.{}", severity.as_str()),
                    format!("{} has to approve", b.value),
                    &b.place,
                ),
                _ => {}
            }
        }
        let texts = |list: &[Placed<String>]| -> Vec<String> {
            list.iter().map(|text| text.value.clone()).collect()
        };
        self.set(
            "exceptions.require",
            &texts(&a.require),
            &texts(&b.require),
            &top,
            true,
        );
        let flag = |placed: Option<&Placed<bool>>| placed.is_some_and(|placed| placed.value);
        match (
            flag(a.not_self_approved.as_ref()),
            flag(b.not_self_approved.as_ref()),
        ) {
            (true, false) => self.add(
                Effect::Loosens,
                "exceptions.not_self_approved",
                "people may approve their own",
                &top,
            ),
            (false, true) => self.add(
                Effect::Tightens,
                "exceptions.not_self_approved",
                "nobody may approve their own",
                &top,
            ),
            _ => {}
        }
        let restarts = |policy: &Policy| {
            policy
                .exceptions
                .on_expiry
                .as_ref()
                .is_some_and(|placed| placed.value == crate::file::OnExpiry::RestartClock)
        };
        match (restarts(old), restarts(new)) {
            (false, true) => self.add(
                Effect::Loosens,
                "exceptions.on_expiry",
                "the time starts anew when an exception ends",
                &top,
            ),
            (true, false) => self.add(
                Effect::Tightens,
                "exceptions.on_expiry",
                "the date stays when an exception ends",
                &top,
            ),
            _ => {}
        }
    }

    fn people(&mut self, old: &Policy, new: &Policy) {
        let accountable = |policy: &Policy| {
            policy
                .roles
                .as_ref()
                .and_then(|roles| roles.accountable.as_ref())
                .map(|who| who.value.clone())
        };
        let top = self.top();
        if accountable(old) != accountable(new) {
            let word = |who: Option<String>| who.unwrap_or_else(|| "nobody".into());
            self.add(
                Effect::Loosens,
                "roles.accountable",
                format!(
                    "from {} to {}: who is accountable does not change without them",
                    word(accountable(old)),
                    word(accountable(new))
                ),
                &top,
            );
        }
        let empty = BTreeMap::new();
        let empty_members = BTreeMap::new();
        let responsible = |policy: &Policy| {
            policy
                .roles
                .as_ref()
                .map_or_else(|| empty.clone(), |roles| roles.responsible.clone())
        };
        let (before, after) = (responsible(old), responsible(new));
        if !before.is_empty() && after.is_empty() {
            self.add(
                Effect::Loosens,
                "roles.responsible",
                "products no longer need an owner",
                &top,
            );
        }
        for (key, who) in &after {
            match before.get(key) {
                Some(was) if was.value == who.value => {}
                Some(was) => self.add(
                    Effect::Neutral,
                    format!("roles.responsible.{key}"),
                    format!("from {} to {}", was.value, who.value),
                    &who.place,
                ),
                None => self.add(
                    Effect::Neutral,
                    format!("roles.responsible.{key}"),
                    format!("{} is responsible", who.value),
                    &who.place,
                ),
            }
        }
        // Whoever is added to a role that approves can approve from then on.
        let members = |policy: &Policy| {
            policy
                .roles
                .as_ref()
                .map_or_else(|| empty_members.clone(), |roles| roles.members.clone())
        };
        let (before, after) = (members(old), members(new));
        for (name, people) in &after {
            let was = before.get(name).map_or(&[][..], |list| &list.value);
            let approves = old
                .exceptions
                .approver
                .values()
                .any(|who| who.value == *name)
                || approver(old) == Some(name);
            for added in people.value.iter().filter(|one| !was.contains(one)) {
                let effect = if approves {
                    Effect::Loosens
                } else {
                    Effect::Neutral
                };
                self.add(
                    effect,
                    format!("roles.members.{name}"),
                    format!("{added} is new"),
                    &people.place,
                );
            }
        }
        self.products(old, new);
    }

    fn products(&mut self, old: &Policy, new: &Policy) {
        for product in &old.products {
            let what = format!("product {}", product.name);
            let Some(now) = new.products.iter().find(|now| now.name == product.name) else {
                self.add(
                    Effect::Neutral,
                    what,
                    "it is gone; what is not known about it is taken at its worst",
                    &product.place,
                );
                continue;
            };
            let exposed = |product: &crate::file::Product| product.exposed.unwrap_or(true);
            if exposed(product) && !exposed(now) {
                self.add(
                    Effect::Loosens,
                    &*what,
                    "it no longer counts as exposed",
                    &now.place,
                );
            }
            if now.tier.unwrap_or(1) > product.tier.unwrap_or(1) {
                self.add(
                    Effect::Loosens,
                    &*what,
                    format!(
                        "from tier {} to {}",
                        product.tier.unwrap_or(1),
                        now.tier.unwrap_or(1)
                    ),
                    &now.place,
                );
            }
            if product.paths != now.paths
                || product.tags != now.tags
                || product.data_classes != now.data_classes
                || product.lifecycle != now.lifecycle
                || product.environment != now.environment
            {
                self.add(Effect::Loosens, &*what, "what conditions ask about it has changed: whether they ask as much cannot be shown", &now.place);
            }
        }
        for product in new.products.iter().filter(|product| {
            old.products
                .iter()
                .all(|before| before.name != product.name)
        }) {
            let milder =
                product.exposed == Some(false) || product.tier.is_some_and(|tier| tier > 1);
            let (effect, how) = if milder {
                (Effect::Loosens, "it is new, and not taken at its worst")
            } else {
                (Effect::Neutral, "it is new")
            };
            self.add(
                effect,
                format!("product {}", product.name),
                how,
                &product.place,
            );
        }
    }

    fn trust(&mut self, old: &Policy, new: &Policy) {
        let key = |trusted: &crate::file::TrustedVex| {
            format!(
                "{} {} {}",
                trusted.path,
                trusted.sha256.as_deref().unwrap_or("any content"),
                trusted
                    .about
                    .as_ref()
                    .map_or("everything", |about| about.as_str())
            )
        };
        let before: Vec<String> = old.vex.iter().map(key).collect();
        for trusted in &new.vex {
            if !before.contains(&key(trusted)) {
                self.add(
                    Effect::Loosens,
                    "vex",
                    format!(
                        "{} is trusted about {}",
                        trusted.path,
                        trusted
                            .about
                            .as_ref()
                            .map_or("everything", |about| about.as_str())
                    ),
                    &trusted.place,
                );
            }
        }
        let after: Vec<String> = new.vex.iter().map(key).collect();
        for trusted in &old.vex {
            if !after.contains(&key(trusted)) {
                self.add(
                    Effect::Tightens,
                    "vex",
                    format!("{} is no longer trusted", trusted.path),
                    &trusted.place,
                );
            }
        }
    }

    fn calendar(&mut self, old: &Policy, new: &Policy) {
        if old.calendar() != new.calendar() {
            let place = new
                .calendar
                .as_ref()
                .map_or_else(|| self.top(), |placed| placed.place.clone());
            self.add(
                Effect::Loosens,
                "policy calendar",
                "zone, weekend or holidays have changed: some dates may be later",
                &place,
            );
        }
    }
}

/// Whether the second is never later than the first.
fn shorter(old: &Span, new: &Span) -> Effect {
    if new.at_most(*old) == Some(true) {
        Effect::Tightens
    } else {
        Effect::Loosens
    }
}

/// What a change does to the exceptions: a new or a wider one lets something stay open.
pub fn permissions(
    old: &crate::exceptions::Exceptions,
    new: &crate::exceptions::Exceptions,
) -> Vec<Change> {
    let before: BTreeMap<&str, &crate::exceptions::Entry> = old
        .entries()
        .iter()
        .map(|entry| (entry.exception.id.as_str(), entry))
        .collect();
    new.entries()
        .iter()
        .filter(|entry| entry.broken.is_none())
        .filter_map(|entry| {
            let how = match before.get(entry.exception.id.as_str()) {
                None => "it is new",
                Some(was) if was.exception.scope != entry.exception.scope => {
                    "it covers something else"
                }
                Some(was) if entry.until() > was.until() => "it holds for longer",
                Some(_) => return None,
            };
            Some(Change {
                effect: Effect::Loosens,
                what: format!("exception {}", entry.exception.id),
                how: how.into(),
                place: entry.place.clone(),
            })
        })
        .collect()
}

/// What a change does to decisions and trusted statements: a new one that closes findings.
pub fn statements(old: &crate::claims::Claims, new: &crate::claims::Claims) -> Vec<Change> {
    let says = |claim: &crate::claims::Claim| {
        claim.rank > crate::claims::Rank::Proposal && claim.status.closes()
    };
    let before: Vec<String> = old
        .all()
        .iter()
        .filter(|claim| says(claim))
        .map(crate::claims::Claim::summary)
        .collect();
    new.all()
        .iter()
        .filter(|claim| says(claim) && !before.contains(&claim.summary()))
        .map(|claim| Change {
            effect: Effect::Loosens,
            what: format!("statement about {}", claim.ids.join(", ")),
            how: format!(
                "{} says {}",
                claim.author,
                claim.status.as_str().replace('_', " ")
            ),
            place: claim.place.clone(),
        })
        .collect()
}
