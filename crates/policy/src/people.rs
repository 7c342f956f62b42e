//! Who is who: roles, teams and the people behind them.

use stanchion_model::text::is_hostile;

use crate::file::{Fault, Policy, Product};

/// Starts of names that stand for people.
pub(crate) const KINDS: [&str; 3] = ["role:", "team:", "list:"];

/// Deepest nesting of roles in roles.
const DEEPEST: usize = 8;

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
        let mut people = Vec::new();
        self.add(name, DEEPEST, &mut people);
        people
    }

    fn add<'n>(self, name: &'n str, depth: usize, people: &mut Vec<&'n str>)
    where
        'a: 'n,
    {
        if !KINDS.iter().any(|kind| name.starts_with(kind)) {
            if !plain(name).is_empty() && !people.contains(&name) {
                people.push(name);
            }
            return;
        }
        let members = self
            .policy
            .roles
            .as_ref()
            .and_then(|roles| roles.members.get(name));
        for member in members.into_iter().flat_map(|list| &list.value) {
            if depth > 0 {
                self.add(member, depth - 1, people);
            }
        }
    }

    /// Whether somebody is, or speaks for, a role.
    pub fn is(&self, who: &str, role: &str) -> bool {
        same(who, role) || self.behind(role).iter().any(|person| same(who, person))
    }

    /// Whether one person may be behind both names.
    pub fn same(&self, a: &str, b: &str) -> bool {
        same(a, b)
            || self
                .behind(a)
                .iter()
                .any(|one| self.behind(b).iter().any(|other| same(one, other)))
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

/// Whether two names are written for the same person: case, what nobody sees and a name before an address in angle
/// brackets tell nobody apart.
fn same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

fn plain(name: &str) -> String {
    let address = match (name.rfind('<'), name.rfind('>')) {
        (Some(open), Some(close)) if open < close => &name[open + 1..close],
        _ => name,
    };
    address
        .chars()
        .filter(|c| !c.is_whitespace() && !is_hostile(*c) && *c != '\u{ad}')
        .flat_map(char::to_lowercase)
        .collect()
}
