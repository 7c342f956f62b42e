//! What a product may be made of: packages, where their code comes from, and licences.
//!
//! A component that breaks such a rule is a finding like any other; it closes every gate unless it is only to be
//! reviewed.

use std::collections::HashMap;

use stanchion_model::inventory::{Component, Inventory, Location, Origin};

use crate::extend::default_scopes;
use crate::file::{Components, Policy, Sources};
use crate::licences::{Judge, Say};
use crate::pattern::{Meant, bare};

/// Ids of the rules, which exceptions name.
pub mod rule {
    /// The package is on the list of those that must not be used.
    pub const DENIED: &str = "components/denied";
    /// Its code comes from a git repository that is not allowed.
    pub const GIT: &str = "components/git";
    /// Its code comes from an address that is not allowed.
    pub const URL: &str = "components/url";
    /// A registry that is not allowed is in use.
    pub const REGISTRY: &str = "components/registry";
    /// The licence is denied.
    pub const LICENCE: &str = "licences/denied";
    /// The licence has to be looked at.
    pub const REVIEW: &str = "licences/review";
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which, of [`rule`].
    pub rule: &'static str,
    /// One line on what is wrong.
    pub title: String,
    /// Why the rule is there and what to do, where the policy says so.
    pub reason: Option<String>,
    /// Whether it is about the licence.
    pub licence: bool,
}

/// The rules, ready to be asked.
#[derive(Debug)]
pub struct House<'a> {
    rules: &'a Components,
    licences: Judge,
    scopes: Vec<String>,
    exact: HashMap<&'a str, Vec<usize>>,
    open: Vec<usize>,
}

impl<'a> House<'a> {
    /// Those of a policy; `None` where it has none, so that nobody pays for asking.
    pub fn of(policy: &'a Policy) -> Option<Self> {
        let rules = &policy.components;
        let licences = Judge::new(&policy.licences);
        let none = rules.deny.is_empty()
            && rules.git.is_none()
            && rules.url.is_none()
            && licences.is_empty();
        if none {
            return None;
        }
        let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut open = Vec::new();
        for (at, denied) in rules.deny.iter().enumerate() {
            match denied.what.exact() {
                Some(name) => exact.entry(name).or_default().push(at),
                None => open.push(at),
            }
        }
        let scopes = if policy.licences.scopes.is_empty() {
            default_scopes()
        } else {
            policy.licences.scopes.clone()
        };
        Some(Self {
            rules,
            licences,
            scopes,
            exact,
            open,
        })
    }

    /// What is wrong with a component.
    pub fn breaches(&self, component: &Component) -> Vec<Breach> {
        let mut breaches = Vec::new();
        if !self.rules.deny.is_empty() {
            self.denied(component, &mut breaches);
        }
        match &component.origin {
            Origin::Git { url, .. } => source(
                self.rules.git.as_ref().map(|placed| &placed.value),
                rule::GIT,
                "a git repository",
                url,
                component,
                &mut breaches,
            ),
            Origin::Url(url) => source(
                self.rules.url.as_ref().map(|placed| &placed.value),
                rule::URL,
                "an address outside any registry",
                url,
                component,
                &mut breaches,
            ),
            Origin::Registry | Origin::Own => {}
        }
        if !self.licences.is_empty()
            && self
                .scopes
                .iter()
                .any(|scope| scope == component.scope.as_str())
        {
            let (say, text, why) = self.licences.say(&component.licences);
            let rule = match say {
                Say::Allowed => return breaches,
                Say::Review => rule::REVIEW,
                Say::Denied => rule::LICENCE,
            };
            let title = if text.is_empty() {
                format!("{why}: {}", component.name)
            } else {
                format!("licence {text}: {why}")
            };
            breaches.push(Breach {
                rule,
                title,
                reason: None,
                licence: true,
            });
        }
        breaches
    }

    fn denied(&self, component: &Component, breaches: &mut Vec<Breach>) {
        let bare = bare(&component.purl);
        let named = self
            .exact
            .get(bare.as_str())
            .into_iter()
            .flatten()
            .chain(&self.open);
        for at in named {
            let denied = &self.rules.deny[*at];
            let meant =
                denied
                    .what
                    .meets_bare(&bare, &component.purl, component.version.as_deref());
            let title = match meant {
                Meant::No => continue,
                Meant::Yes => format!("{} must not be used ({})", component.name, denied.place),
                Meant::Unknown => format!(
                    "some versions of {} must not be used, and which this is nobody knows ({})",
                    component.name, denied.place
                ),
            };
            let instead = denied
                .instead
                .as_ref()
                .map(|name| format!("take {name} instead"));
            let reason = [denied.reason.clone(), instead]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; ");
            breaches.push(Breach {
                rule: rule::DENIED,
                title,
                reason: (!reason.is_empty()).then_some(reason),
                licence: false,
            });
            return;
        }
    }
}

fn source(
    rules: Option<&Sources>,
    rule: &'static str,
    what: &str,
    url: &str,
    component: &Component,
    breaches: &mut Vec<Breach>,
) {
    let good = match rules {
        None | Some(Sources::Allow) => true,
        Some(Sources::Deny) => false,
        Some(Sources::Only(list)) => list.iter().any(|start| address_starts(url, start)),
    };
    if !good {
        breaches.push(Breach {
            rule,
            title: format!(
                "{} comes from {what}: {}",
                component.name,
                without_secrets(url)
            ),
            reason: Some(
                "publish it to an allowed registry, or add its source to the policy".into(),
            ),
            licence: false,
        });
    }
}

/// Whether an address lies below another. `https://host/a` allows `https://host/a/b` and not `https://host/ab`; what
/// stands before an `@` is no host and allows nothing.
pub(crate) fn address_starts(url: &str, start: &str) -> bool {
    let url = url.strip_prefix("git+").unwrap_or(url);
    let start = start.strip_suffix('/').unwrap_or(start);
    let plain = |text: &str| -> String {
        // Scheme and host know no case.
        match text.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest
                    .split_once('/')
                    .map_or((rest, ""), |(host, path)| (host, path));
                format!(
                    "{}://{}/{path}",
                    scheme.to_ascii_lowercase(),
                    host.to_ascii_lowercase()
                )
            }
            None => text.to_owned(),
        }
    };
    let (url, start) = (plain(url), plain(start));
    let start = start.trim_end_matches('/');
    if url.split("://").nth(1).is_some_and(|rest| {
        rest.split(['/', '?', '#'])
            .next()
            .is_some_and(|host| host.contains('@'))
    }) {
        return false;
    }
    url.strip_prefix(start).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(['/', '?', '#'])
            || (rest.starts_with(".git") && rest[4..].is_empty())
    }) && !url.contains("/../")
}

/// An address without what could be a password in it.
fn without_secrets(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let host = host.rsplit('@').next().unwrap_or(host);
            let path = path.split(['?', '#']).next().unwrap_or(path);
            format!("{scheme}://{host}{path}")
        }
        None => url.split(['?', '#']).next().unwrap_or(url).to_owned(),
    }
}

/// Registries in use that the policy does not allow: the place of each, its ecosystem and its address.
pub fn foreign_registries<'i>(
    policy: &Policy,
    inventory: &'i Inventory,
) -> Vec<(&'i Location, &'i str)> {
    let lists = &policy.components.registries;
    if lists.is_empty() {
        return Vec::new();
    }
    let allowed: Vec<&String> = lists.values().flat_map(|list| &list.value).collect();
    inventory
        .facts
        .iter()
        .filter(|fact| {
            fact.kind == "registry"
                && !allowed
                    .iter()
                    .any(|start| address_starts(&fact.value, start))
        })
        .map(|fact| (&fact.location, fact.value.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_below_another() {
        for (url, start, below) in [
            (
                "https://github.com/acme/widget.git",
                "https://github.com/acme/",
                true,
            ),
            (
                "git+https://GitHub.com/acme/widget",
                "https://github.com/acme",
                true,
            ),
            (
                "https://github.com/acme-evil/widget",
                "https://github.com/acme",
                false,
            ),
            (
                "https://github.com.evil.example/acme",
                "https://github.com",
                false,
            ),
            (
                "https://github.com/acme@evil.example/x",
                "https://github.com/acme",
                false,
            ),
            (
                "https://github.com@evil.example/acme",
                "https://github.com",
                false,
            ),
            (
                "https://github.com/acme/../evil",
                "https://github.com/acme",
                false,
            ),
            ("http://github.com/acme", "https://github.com/acme", false),
            (
                "https://github.com/acme/widget.git",
                "https://github.com/acme/widget",
                true,
            ),
        ] {
            assert_eq!(address_starts(url, start), below, "{url} below {start}");
        }
    }

    #[test]
    fn addresses_are_shown_without_passwords() {
        assert_eq!(
            without_secrets("https://me:secret@host/a?token=1"),
            "https://host/a"
        );
    }
}
