//! Joins a policy with what it extends. A rule may only tighten: rules add up, limits take the stricter value, and a
//! file that states a looser one than what it builds on is told so instead of being overruled in silence.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use stanchion_model::cvss::Severity;

use crate::clock::Span;
use crate::components::address_starts;
use crate::file::{Fault, Place, Placed, Policy, Sources, digest};
use crate::presets;

/// Longest chain of `extends`.
const DEEPEST: usize = 8;

/// Gives the text of a policy that another extends by a path.
pub trait Source {
    /// The text, or why there is none. `from` is the file that asks.
    fn policy(&self, from: &str, path: &str) -> Result<(String, String), String>;

    /// What to do where there is none.
    fn hint(&self) -> &'static str {
        "name a preset like builtin:strict, or a policy file beside this one"
    }
}

/// Only presets can be extended.
#[derive(Clone, Copy, Debug)]
pub struct PresetsOnly;

impl Source for PresetsOnly {
    fn policy(&self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("{path:?} is no preset"))
    }
}

/// Reads a policy and everything that it extends, and joins them.
pub fn load(file: &str, text: &str, source: &dyn Source) -> Result<Policy, Vec<Fault>> {
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    resolve(file, text, source, &mut chain, &mut seen)
}

/// A preset by its name, with what it extends.
pub fn preset(name: &str) -> Option<Result<Policy, Vec<Fault>>> {
    let preset = presets::find(name)?;
    Some(load(
        &format!("builtin:{}", preset.name),
        preset.text,
        &PresetsOnly,
    ))
}

fn resolve(
    file: &str,
    text: &str,
    source: &dyn Source,
    chain: &mut Vec<String>,
    seen: &mut HashSet<String>,
) -> Result<Policy, Vec<Fault>> {
    let own = Policy::parse(file, text)?;
    chain.push(file.to_owned());
    let mut faults = Vec::new();
    let mut base: Option<Policy> = None;
    for name in &own.extends {
        let fault = |message: String, hint: Option<String>| Fault {
            place: name.place.clone(),
            message,
            hint,
        };
        let (file, text) = match find(&name.value, &own.file, source) {
            Ok(found) => found,
            Err((message, hint)) => {
                faults.push(fault(message, hint));
                continue;
            }
        };
        if let Some(at) = chain.iter().position(|known| *known == file) {
            let way: Vec<&str> = chain[at..]
                .iter()
                .map(String::as_str)
                .chain([file.as_str()])
                .collect();
            faults.push(fault(
                format!("`extends` goes in a circle: {}", way.join(" → ")),
                Some("take one of them out".into()),
            ));
            continue;
        }
        if chain.len() >= DEEPEST {
            faults.push(fault(
                format!("`extends` goes more than {DEEPEST} files deep"),
                None,
            ));
            continue;
        }
        // What is joined already is not joined again: its rules would stand twice.
        if !seen.insert(file.clone()) {
            continue;
        }
        match resolve(&file, &text, source, chain, seen) {
            Ok(policy) => {
                base = Some(match base.take() {
                    None => policy,
                    Some(first) => match join(first, policy, &name.place, false) {
                        Ok(joined) => joined,
                        Err(more) => {
                            faults.extend(more);
                            continue;
                        }
                    },
                });
            }
            Err(more) => faults.extend(more),
        }
    }
    chain.pop();
    if !faults.is_empty() {
        return Err(faults);
    }
    match base {
        None => Ok(own),
        Some(base) => {
            let place = Place {
                file: own.file.clone(),
                line: own.extends.first().map_or(1, |name| name.place.line),
            };
            join(base, own, &place, true)
        }
    }
}

fn find(
    name: &str,
    from: &Arc<str>,
    source: &dyn Source,
) -> Result<(String, String), (String, Option<String>)> {
    if let Some(short) = name.strip_prefix("builtin:") {
        return match presets::find(short) {
            Some(preset) => Ok((format!("builtin:{}", preset.name), preset.text.to_owned())),
            None => Err((
                format!("there is no preset {short:?}"),
                Some(format!(
                    "the presets are {}",
                    presets::names().collect::<Vec<_>>().join(", ")
                )),
            )),
        };
    }
    source.policy(from, name).map_err(|message| {
        let hint = presets::find(name).map_or_else(
            || source.hint().to_owned(),
            |preset| format!("a preset is named builtin:{}", preset.name),
        );
        (message, Some(hint))
    })
}

/// Joins two policies. Where `own`, the second builds on the first knowingly and must not state anything looser; else
/// they are equals, and each limit takes the stricter value.
pub fn join(base: Policy, top: Policy, place: &Place, own: bool) -> Result<Policy, Vec<Fault>> {
    let mut joiner = Joiner {
        own,
        place,
        faults: Vec::new(),
    };
    let policy = joiner.policy(base, top);
    if joiner.faults.is_empty() {
        Ok(policy)
    } else {
        Err(joiner.faults)
    }
}

struct Joiner<'a> {
    own: bool,
    place: &'a Place,
    faults: Vec<Fault>,
}

impl Joiner<'_> {
    fn policy(&mut self, base: Policy, top: Policy) -> Policy {
        let mut seen: BTreeMap<String, Place> = BTreeMap::new();
        let mut rules = |section: &str, id: &str, place: &Place, faults: &mut Vec<Fault>| {
            if let Some(other) = seen.insert(format!("{section} {id}"), place.clone())
                && other.file != place.file
            {
                faults.push(Fault {
                    place: place.clone(),
                    message: format!("[[{section}]] {id:?} is already in {other}"),
                    hint: Some(
                        "give it a name of its own: both apply, and the stricter one decides"
                            .into(),
                    ),
                });
            }
        };
        for rule in base.sla.iter().chain(&top.sla) {
            rules("sla", &rule.id, &rule.place, &mut self.faults);
        }
        let mut enforce = base.enforce;
        for mut rule in top.enforce {
            // Numbers go on where the first file ended.
            if !rule.named {
                let mut number = enforce.iter().filter(|other| other.at == rule.at).count();
                loop {
                    number += 1;
                    rule.id = format!("{}-{number}", rule.at.as_str());
                    if enforce.iter().all(|other| other.id != rule.id) {
                        break;
                    }
                }
            }
            enforce.push(rule);
        }
        for rule in &enforce {
            rules("enforce", &rule.id, &rule.place, &mut self.faults);
        }
        for product in base.products.iter().chain(&top.products) {
            rules("product", &product.name, &product.place, &mut self.faults);
        }
        Policy {
            id: top.id,
            version: top.version,
            title: top.title.or(base.title),
            organisation: top.organisation.or(base.organisation),
            purpose: top.purpose.or(base.purpose),
            applies_to: top.applies_to.or(base.applies_to),
            approved_by: top.approved_by.or(base.approved_by),
            approved_on: top.approved_on.or(base.approved_on),
            review_every: self.shorter("policy.review_every", base.review_every, top.review_every),
            calendar: self.calendar(base.calendar, top.calendar),
            extends: top.extends,
            roles: roles(base.roles, top.roles),
            resources: crate::file::Resources {
                budget: top.resources.budget.or(base.resources.budget),
                tools: both(base.resources.tools, top.resources.tools),
                training: chained(base.resources.training, top.resources.training),
                contacts: chained(base.resources.contacts, top.resources.contacts),
            },
            discovery: chained(base.discovery, top.discovery),
            sla: chained(base.sla, top.sla),
            third_party: crate::file::ThirdParty {
                contact_within: self.shorter(
                    "third_party.contact_within",
                    base.third_party.contact_within,
                    top.third_party.contact_within,
                ),
                channels: both(top.third_party.channels, base.third_party.channels),
                vendor_reply_due: self.shorter(
                    "third_party.vendor_reply_due",
                    base.third_party.vendor_reply_due,
                    top.third_party.vendor_reply_due,
                ),
                fallback: both(top.third_party.fallback, base.third_party.fallback),
                review_every: self.shorter(
                    "third_party.no_patch.review_every",
                    base.third_party.review_every,
                    top.third_party.review_every,
                ),
                paused_until_fix: self.least(
                    "third_party.sla_clock",
                    base.third_party.paused_until_fix,
                    top.third_party.paused_until_fix,
                ),
            },
            components: crate::file::Components {
                deny: chained(base.components.deny, top.components.deny),
                registries: self.registries(base.components.registries, top.components.registries),
                git: self.sources("components.git", base.components.git, top.components.git),
                url: self.sources("components.url", base.components.url, top.components.url),
                minimum_age: self.longer(
                    "components.minimum_age",
                    base.components.minimum_age,
                    top.components.minimum_age,
                ),
            },
            licences: self.licences(base.licences, top.licences),
            exceptions: self.exceptions(base.exceptions, top.exceptions),
            enforce,
            escalate: chained(base.escalate, top.escalate),
            report: crate::file::Reporting {
                metrics: both(base.report.metrics, top.report.metrics),
                to: top.report.to.or(base.report.to),
                every: top.report.every.or(base.report.every),
            },
            products: chained(base.products, top.products),
            suppliers: chained(base.suppliers, top.suppliers),
            vex: chained(base.vex, top.vex),
            cases: chained(base.cases, top.cases),
            file: top.file,
            digest: digest(format!("{}\n{}\n", base.digest, top.digest).as_bytes()),
        }
    }

    fn looser(&mut self, what: &str, base: &Place, top: &Place) {
        self.faults.push(Fault {
            place: top.clone(),
            message: format!(
                "`{what}` is looser than in {base}, and a policy may only tighten what it extends"
            ),
            hint: Some("take the line out, or make it stricter".into()),
        });
    }

    /// The stricter of two values by a comparison: `stricter(a, b)` says whether `a` is at least as strict as `b`.
    fn stricter<T>(
        &mut self,
        what: &str,
        base: Option<Placed<T>>,
        top: Option<Placed<T>>,
        stricter: impl Fn(&T, &T) -> Option<bool>,
    ) -> Option<Placed<T>> {
        let (base, top) = match (base, top) {
            (Some(base), Some(top)) => (base, top),
            (base, top) => return top.or(base),
        };
        if stricter(&top.value, &base.value) == Some(true) {
            return Some(top);
        }
        if self.own {
            self.looser(what, &base.place, &top.place);
            return Some(base);
        }
        if stricter(&base.value, &top.value) == Some(true) {
            return Some(base);
        }
        self.contradict(what, &base.place, &top.place);
        Some(base)
    }

    fn contradict(&mut self, what: &str, base: &Place, top: &Place) {
        self.faults.push(Fault {
            place: self.place.clone(),
            message: format!(
                "`{what}` in {base} and in {top} contradict each other: neither is stricter"
            ),
            hint: Some("extend one of the two, or say in a policy of your own what holds".into()),
        });
    }

    fn shorter(
        &mut self,
        what: &str,
        base: Option<Placed<Span>>,
        top: Option<Placed<Span>>,
    ) -> Option<Placed<Span>> {
        self.stricter(what, base, top, |a, b| a.at_most(*b))
    }

    fn longer(
        &mut self,
        what: &str,
        base: Option<Placed<Span>>,
        top: Option<Placed<Span>>,
    ) -> Option<Placed<Span>> {
        self.stricter(what, base, top, |a, b| b.at_most(*a))
    }

    /// `false` is stricter.
    fn least(
        &mut self,
        what: &str,
        base: Option<Placed<bool>>,
        top: Option<Placed<bool>>,
    ) -> Option<Placed<bool>> {
        self.stricter(what, base, top, |a, b| Some(a <= b))
    }

    fn calendar(
        &mut self,
        base: Option<Placed<crate::clock::Calendar>>,
        top: Option<Placed<crate::clock::Calendar>>,
    ) -> Option<Placed<crate::clock::Calendar>> {
        match (base, top) {
            (Some(base), Some(top)) if base.value != top.value => {
                self.contradict(
                    "policy.clock_tz, weekend, holidays",
                    &base.place,
                    &top.place,
                );
                Some(base)
            }
            (base, top) => top.or(base),
        }
    }

    fn registries(
        &mut self,
        base: BTreeMap<String, Placed<Vec<String>>>,
        top: BTreeMap<String, Placed<Vec<String>>>,
    ) -> BTreeMap<String, Placed<Vec<String>>> {
        let mut joined = base;
        for (ecosystem, list) in top {
            match joined.remove(&ecosystem) {
                None => {
                    joined.insert(ecosystem, list);
                }
                Some(before) => {
                    let what = format!("components.registries.{ecosystem}");
                    let narrower = |a: &Vec<String>, b: &Vec<String>| {
                        Some(
                            a.iter()
                                .all(|one| b.iter().any(|other| address_starts(one, other))),
                        )
                    };
                    if let Some(list) = self.stricter(&what, Some(before), Some(list), narrower) {
                        joined.insert(ecosystem, list);
                    }
                }
            }
        }
        joined
    }

    fn sources(
        &mut self,
        what: &str,
        base: Option<Placed<Sources>>,
        top: Option<Placed<Sources>>,
    ) -> Option<Placed<Sources>> {
        self.stricter(what, base, top, |a, b| Some(narrower_sources(a, b)))
    }

    fn licences(
        &mut self,
        base: crate::file::Licences,
        top: crate::file::Licences,
    ) -> crate::file::Licences {
        let within = |a: &Vec<String>, b: &Vec<String>| Some(a.iter().all(|one| b.contains(one)));
        let strength = |word: &String| {
            ["allow", "review", "deny"]
                .iter()
                .position(|known| known == word)
        };
        let scopes = match (base.scopes.is_empty(), top.scopes.is_empty()) {
            (_, true) => base.scopes,
            (true, false) => both(default_scopes(), top.scopes),
            (false, false) => both(base.scopes, top.scopes),
        };
        crate::file::Licences {
            allow: self.stricter("licences.allow", base.allow, top.allow, within),
            deny: chained(base.deny, top.deny),
            review: chained(base.review, top.review),
            scopes,
            unknown: self.stricter("licences.unknown", base.unknown, top.unknown, |a, b| {
                Some(strength(a) >= strength(b))
            }),
        }
    }

    fn exceptions(
        &mut self,
        base: crate::file::ExceptionRules,
        top: crate::file::ExceptionRules,
    ) -> crate::file::ExceptionRules {
        let mut approver: BTreeMap<Severity, Placed<String>> = base.approver;
        for (severity, who) in top.approver {
            // Who approves is the organisation's to say: a preset names a role, and the file may name another.
            approver.insert(severity, who);
        }
        let mut max_age = base.max_age;
        for (severity, span) in top.max_age {
            let what = format!("exceptions.max_age.{}", severity.as_str());
            let before = max_age.remove(&severity);
            if let Some(span) = self.shorter(&what, before, Some(span)) {
                max_age.insert(severity, span);
            }
        }
        let not_self = self.stricter(
            "exceptions.not_self_approved",
            base.not_self_approved,
            top.not_self_approved,
            |a, b| Some(a >= b),
        );
        crate::file::ExceptionRules {
            approver,
            not_self_approved: not_self,
            max_age,
            require: chained(base.require, top.require),
            on_expiry: self.stricter(
                "exceptions.on_expiry",
                base.on_expiry,
                top.on_expiry,
                |a, b| Some(a <= b),
            ),
        }
    }
}

/// Scopes whose licences are looked at where no policy says.
pub(crate) fn default_scopes() -> Vec<String> {
    ["runtime", "optional", "build"].map(str::to_owned).to_vec()
}

/// Whether the first allows nothing that the second does not.
pub(crate) fn narrower_sources(a: &Sources, b: &Sources) -> bool {
    match (a, b) {
        (Sources::Deny, _) | (_, Sources::Allow) => true,
        (Sources::Only(a), Sources::Only(b)) => a
            .iter()
            .all(|one| b.iter().any(|other| address_starts(one, other))),
        (Sources::Only(list), Sources::Deny) => list.is_empty(),
        (Sources::Allow, _) => false,
    }
}

fn chained<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}

/// Both lists, each text once.
fn both(mut first: Vec<String>, second: Vec<String>) -> Vec<String> {
    for text in second {
        if !first.contains(&text) {
            first.push(text);
        }
    }
    first
}

fn roles(
    base: Option<crate::file::Roles>,
    top: Option<crate::file::Roles>,
) -> Option<crate::file::Roles> {
    let (mut base, top) = match (base, top) {
        (Some(base), Some(top)) => (base, top),
        (base, top) => return top.or(base),
    };
    base.accountable = top.accountable.or(base.accountable);
    base.responsible.extend(top.responsible);
    base.members.extend(top.members);
    if !top.consulted.is_empty() {
        base.consulted = top.consulted;
    }
    if !top.informed.is_empty() {
        base.informed = top.informed;
    }
    Some(base)
}
