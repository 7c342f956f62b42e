//! Who is who: roles, teams and the people behind them.

use crate::file::{Fault, Policy, Product};

/// Starts of names that stand for people.
const KINDS: [&str; 3] = ["role:", "team:", "list:"];

/// The people of a policy.
#[derive(Clone, Copy, Debug)]
pub struct People<'a> {
    policy: &'a Policy,
}

impl<'a> People<'a> {
    /// Of a policy.
    pub const fn of(policy: &'a Policy) -> Self {
        Self { policy }
    }

    /// The people behind a name: those of a role, a team or a list, or the name itself where it is a person's.
    pub fn behind<'n>(&self, name: &'n str) -> Vec<&'n str>
    where
        'a: 'n,
    {
        if !KINDS.iter().any(|kind| name.starts_with(kind)) {
            return vec![name];
        }
        let members = self
            .policy
            .roles
            .as_ref()
            .and_then(|roles| roles.members.get(name));
        members.map_or_else(Vec::new, |list| {
            list.value.iter().map(String::as_str).collect()
        })
    }

    /// Whether somebody is, or speaks for, a role.
    pub fn is(&self, who: &str, role: &str) -> bool {
        same(who, role) || self.behind(role).iter().any(|person| same(who, person))
    }

    /// Whether two names may stand for one person and nobody else: alone in a role, or the same name.
    pub fn same(&self, a: &str, b: &str) -> bool {
        if same(a, b) {
            return true;
        }
        let (a, b) = (self.behind(a), self.behind(b));
        a.len() == 1 && b.len() == 1 && same(a[0], b[0])
    }

    /// Who acts on a product's findings.
    pub fn owner(&self, product: Option<&Product>, name: &str) -> Option<String> {
        if let Some(owner) = product.and_then(|product| product.owner.as_ref()) {
            return Some(owner.value.clone());
        }
        self.responsible(&format!("product:{name}"))
    }

    /// Who acts on what a supplier made.
    pub fn responsible(&self, key: &str) -> Option<String> {
        let responsible = &self.policy.roles.as_ref()?.responsible;
        responsible
            .get(key)
            .or_else(|| responsible.get("default"))
            .map(|who| who.value.clone())
    }

    /// Names in the policy behind which there is nobody.
    pub fn nobody(&self) -> Vec<Fault> {
        let policy = self.policy;
        let mut names: Vec<(&str, &crate::file::Place)> = Vec::new();
        if let Some(roles) = &policy.roles {
            names.extend(
                roles
                    .accountable
                    .iter()
                    .map(|who| (who.value.as_str(), &who.place)),
            );
            names.extend(
                roles
                    .responsible
                    .values()
                    .map(|who| (who.value.as_str(), &who.place)),
            );
            names.extend(
                roles
                    .consulted
                    .iter()
                    .chain(&roles.informed)
                    .map(|who| (who.value.as_str(), &who.place)),
            );
        }
        names.extend(
            policy
                .exceptions
                .approver
                .values()
                .map(|who| (who.value.as_str(), &who.place)),
        );
        names.extend(
            policy
                .escalate
                .iter()
                .filter(|rule| rule.to != "owner")
                .map(|rule| (rule.to.as_str(), &rule.place)),
        );
        names.extend(
            policy
                .products
                .iter()
                .filter_map(|product| product.owner.as_ref())
                .map(|who| (who.value.as_str(), &who.place)),
        );
        names.extend(
            policy
                .suppliers
                .iter()
                .filter_map(|one| one.owner.as_ref())
                .map(|who| (who.value.as_str(), &who.place)),
        );
        let mut faults: Vec<Fault> = Vec::new();
        for (name, place) in names {
            let known = faults.iter().any(|fault| {
                fault.message.starts_with(name) && fault.message[name.len()..].starts_with(' ')
            });
            if self.behind(name).is_empty() && !known {
                faults.push(Fault {
                    place: place.clone(),
                    message: format!("{name} resolves to nobody"),
                    hint: Some(format!(
                        "name people under [roles.members]: {name:?} = [\"somebody@example.org\"]"
                    )),
                });
            }
        }
        faults
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}
