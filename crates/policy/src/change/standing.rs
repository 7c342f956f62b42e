//! Changes to what a policy lists: components, licences, exceptions, people, products, trust.

use std::collections::BTreeMap;

use stanchion_model::cvss::Severity;

use super::{Effect, List, approver};
use crate::components::address_starts;
use crate::extend::narrower_sources;
use crate::file::{Placed, Policy, effective};

impl List<'_> {
    pub(super) fn components(&mut self, old: &Policy, new: &Policy) {
        let names = |policy: &Policy| -> Vec<String> {
            policy
                .components
                .deny
                .iter()
                .map(|denied| denied.what.describe())
                .collect()
        };
        let top = self.top();
        self.set("components.deny", &names(old), &names(new), &top, true);
        // Every list counts for every ecosystem: a lockfile does not say whose registry an address is.
        let all = |policy: &Policy| -> Vec<String> {
            policy
                .components
                .registries
                .values()
                .flat_map(|list| list.value.iter().cloned())
                .collect()
        };
        let (before, after) = (all(old), all(new));
        let within = |some: &[String], others: &[String]| {
            some.iter()
                .all(|one| others.iter().any(|other| address_starts(one, other)))
        };
        let what = "components.registries";
        match (before.is_empty(), after.is_empty()) {
            (true, true) => {}
            (false, true) => self.add(Effect::Loosens, what, "any registry is allowed", &top),
            (true, false) => self.add(
                Effect::Tightens,
                what,
                "only some registries are allowed",
                &top,
            ),
            (false, false) => {
                if !within(&after, &before) {
                    self.add(
                        Effect::Loosens,
                        what,
                        format!("from {} to {}", before.join(", "), after.join(", ")),
                        &top,
                    );
                } else if !within(&before, &after) {
                    self.add(
                        Effect::Tightens,
                        what,
                        format!("from {} to {}", before.join(", "), after.join(", ")),
                        &top,
                    );
                }
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

    pub(super) fn licences(&mut self, old: &Policy, new: &Policy) {
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

    pub(super) fn exceptions(&mut self, old: &Policy, new: &Policy) {
        let (a, b) = (&old.exceptions, &new.exceptions);
        let top = self.top();
        for severity in Severity::ALL {
            let of = Some(severity);
            let word = severity.as_str();
            // What is not given for a severity is what is given for the next one: filling such a gap may loosen.
            let ages = (effective(&a.max_age, of), effective(&b.max_age, of));
            self.placed(&format!("exceptions.max_age.{word}"), ages.0, ages.1, true);
            let what = format!("exceptions.approver.{word}");
            match (effective(&a.approver, of), effective(&b.approver, of)) {
                (Some(a), Some(b)) if a.value != b.value => {
                    self.add(
                        Effect::Loosens,
                        what,
                        format!("from {} to {}", a.value, b.value),
                        &b.place,
                    );
                }
                (Some(a), None) => self.add(
                    Effect::Loosens,
                    what,
                    format!("{} no longer has to approve", a.value),
                    &a.place,
                ),
                (None, Some(b)) => self.add(
                    Effect::Tightens,
                    what,
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

    pub(super) fn people(&mut self, old: &Policy, new: &Policy) {
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
            let milder = product.exposed == Some(false)
                || product.tier.is_some_and(|tier| tier > 1)
                || product.environment.is_some()
                || product.lifecycle.is_some()
                || !product.tags.is_empty()
                || !product.data_classes.is_empty();
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

    pub(super) fn trust(&mut self, old: &Policy, new: &Policy) {
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

    pub(super) fn calendar(&mut self, old: &Policy, new: &Policy) {
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
