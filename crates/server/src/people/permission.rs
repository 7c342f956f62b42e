//! What somebody may do: permissions, and the roles that are made of them. One table; whatever it does not give is
//! refused.

/// How far a permission has to reach before an operation is let in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is about a product: having it anywhere lets the request in, and the handler asks about the product.
    Product,
    /// It is about the whole organisation: having it on a product alone is not enough.
    Organisation,
    /// It is about whoever asks.
    Own,
}

/// Something that one may do. Each is a type, so that an operation names its own in its arguments.
pub trait Permission: Send + Sync + 'static {
    /// As it stands in roles, tokens and the OpenAPI document.
    const NAME: &'static str;
    /// What it lets one do, for people.
    const ABOUT: &'static str;
    /// How far it has to reach.
    const REACH: Reach;
}

/// A permission as data, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// [`Permission::NAME`].
    pub name: &'static str,
    /// [`Permission::ABOUT`].
    pub about: &'static str,
    /// [`Permission::REACH`].
    pub reach: Reach,
}

macro_rules! permissions {
    ($($type:ident $name:literal $reach:ident $about:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $about, ".")]
            #[derive(Clone, Copy, Debug)]
            pub struct $type;

            impl Permission for $type {
                const NAME: &'static str = $name;
                const ABOUT: &'static str = $about;
                const REACH: Reach = Reach::$reach;
            }
        )*

        /// All permissions.
        pub const ALL: &[Described] = &[
            $(Described { name: $name, about: $about, reach: Reach::$reach },)*
        ];
    };
}

permissions! {
    ProductRead "product.read" Product "see products with their versions, components and findings";
    ProductWrite "product.write" Product "make and change products, branches and deployments";
    InventoryPush "inventory.push" Product "hand in inventories of a product";
    FindingTriage "finding.triage" Product "assign findings and decide about them";
    ExceptionRequest "exception.request" Product "ask for an exception";
    ExceptionDecide "exception.decide" Product "grant, refuse and end exceptions";
    PolicyRead "policy.read" Product "see the policy";
    PolicyWrite "policy.write" Organisation "change the policy";
    AdvisoryWrite "advisory.write" Organisation "write advisories of one's own";
    ChannelWrite "channel.write" Organisation "say who is told of what, and how";
    JobRead "job.read" Organisation "see what the server is doing";
    JobRun "job.run" Organisation "start and stop the server's work";
    PeopleRead "people.read" Organisation "see accounts, roles and sessions";
    PeopleWrite "people.write" Organisation "invite people, give roles, close accounts";
    AuditRead "audit.read" Organisation "read the log of all changes";
    Backup "backup" Organisation "take a copy of everything";
    Own "own" Own "look after one's own account: sessions, tokens, second factor";
}

/// The permission of this name.
pub fn named(name: &str) -> Option<&'static Described> {
    ALL.iter().find(|permission| permission.name == name)
}

/// What somebody is, somewhere: a set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks at everything, the log and the people included.
    Auditor,
    /// Works on findings.
    Triager,
    /// Looks after products.
    Maintainer,
    /// Decides on exceptions.
    Approver,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Viewer,
        Self::Auditor,
        Self::Triager,
        Self::Maintainer,
        Self::Approver,
        Self::Admin,
    ];

    /// The word that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Triager => "triager",
            Self::Maintainer => "maintainer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it gives besides what `below` gives; an administrator has everything and is not in the table.
    const fn table(self) -> (Option<Self>, &'static [&'static str]) {
        match self {
            Self::Viewer => (None, &[ProductRead::NAME, PolicyRead::NAME]),
            Self::Auditor => (
                Some(Self::Viewer),
                &[AuditRead::NAME, PeopleRead::NAME, JobRead::NAME],
            ),
            Self::Triager => (
                Some(Self::Viewer),
                &[FindingTriage::NAME, ExceptionRequest::NAME],
            ),
            Self::Maintainer => (
                Some(Self::Triager),
                &[ProductWrite::NAME, InventoryPush::NAME],
            ),
            Self::Approver => (
                Some(Self::Viewer),
                &[ExceptionDecide::NAME, ExceptionRequest::NAME],
            ),
            Self::Admin => (None, &[]),
        }
    }

    /// Whether it gives a permission. `own` is nobody's role: everybody signed in has it.
    pub fn has(self, name: &str) -> bool {
        if name == Own::NAME || named(name).is_none() {
            return false;
        }
        if self == Self::Admin {
            return true;
        }
        let (below, gives) = self.table();
        gives.contains(&name) || below.is_some_and(|role| role.has(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_gives_what_its_name_says_and_no_more() {
        let gives = |role: Role| -> Vec<&str> {
            ALL.iter()
                .map(|permission| permission.name)
                .filter(|name| role.has(name))
                .collect()
        };
        assert_eq!(gives(Role::Viewer), ["product.read", "policy.read"]);
        assert_eq!(
            gives(Role::Auditor),
            [
                "product.read",
                "policy.read",
                "job.read",
                "people.read",
                "audit.read"
            ]
        );
        assert_eq!(
            gives(Role::Maintainer),
            [
                "product.read",
                "product.write",
                "inventory.push",
                "finding.triage",
                "exception.request",
                "policy.read"
            ]
        );
        assert_eq!(
            gives(Role::Approver),
            [
                "product.read",
                "exception.request",
                "exception.decide",
                "policy.read"
            ]
        );
        assert_eq!(gives(Role::Admin).len(), ALL.len() - 1);
        for role in Role::ALL {
            assert!(!role.has("own") && !role.has("") && !role.has("product.delete"));
            assert_eq!(Role::from_word(role.as_str()), Some(role));
        }
        assert_eq!(Role::from_word("Admin"), None);
    }
}
