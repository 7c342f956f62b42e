//! Who asks, and what they may.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use stanchion_store::products::{self, Product};
use stanchion_store::{Id, StoreError, Tx, params};

use super::permission::{Own, Permission, ProductRead, Reach, Role, named};
use crate::http::Problem;
use crate::portal::Portal;

/// Whether somebody or something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody.
    Person,
    /// A program that acts on its own, with tokens only.
    Service,
}

impl Kind {
    /// The word that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }

    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Service]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// Where a role holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Organisation,
    /// On a product and everything below it.
    Product(Id),
    /// On the products that carry this tag themselves.
    Tag(String),
}

impl Scope {
    /// From the two columns that hold it.
    pub fn from_words(kind: &str, scope: &str) -> Option<Self> {
        match kind {
            "organisation" if scope.is_empty() => Some(Self::Organisation),
            "product" => Id::parse(scope).map(Self::Product),
            "tag" if !scope.is_empty() => Some(Self::Tag(scope.to_owned())),
            _ => None,
        }
    }

    /// The two columns that hold it.
    pub fn words(&self) -> (&'static str, String) {
        match self {
            Self::Organisation => ("organisation", String::new()),
            Self::Product(id) => ("product", id.to_string()),
            Self::Tag(tag) => ("tag", tag.clone()),
        }
    }
}

/// What a token is cut down to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenScope {
    /// The token's id.
    pub id: Id,
    /// Names of permissions.
    pub permissions: Vec<String>,
    /// Only this product and what is below it.
    pub product: Option<Id>,
}

/// Everything below a product, itself included.
const BELOW: &str = "SELECT product FROM product_above WHERE above = ?1";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub account: Id,
    /// Its name: unique, in lower case. What the log calls the actor.
    pub name: String,
    /// As people call them.
    pub display: String,
    /// Somebody or something.
    pub kind: Kind,
    /// Roles, and where they hold.
    pub bindings: Vec<(Role, Scope)>,
    /// With a token: what it is cut down to.
    pub token: Option<TokenScope>,
    /// Signed in by a session: its id.
    pub session: Option<Id>,
    /// The administrator for the day when nobody else gets in.
    pub break_glass: bool,
}

impl Who {
    /// Whether the token, where there is one, lets a permission through.
    fn token_lets(&self, name: &str) -> bool {
        self.token
            .as_ref()
            .is_none_or(|token| token.permissions.iter().any(|own| own == name))
    }

    /// Whether they have a permission on anything at all.
    pub fn may_anywhere(&self, name: &str) -> bool {
        self.token_lets(name)
            && (name == Own::NAME || self.bindings.iter().any(|(role, _)| role.has(name)))
    }

    /// Whether they have a permission everywhere: on products to come as well, and on what belongs to no product.
    pub fn may_everywhere(&self, name: &str) -> bool {
        self.token_lets(name)
            && self
                .token
                .as_ref()
                .is_none_or(|token| token.product.is_none())
            && self
                .bindings
                .iter()
                .any(|(role, scope)| *scope == Scope::Organisation && role.has(name))
    }

    /// Whether they have a permission on a product. `above` is the product and everything above it
    /// ([`products::above`]), `tags` are the product's own.
    pub fn may_on(&self, name: &str, above: &[Id], tags: &[String]) -> bool {
        let inside = self
            .token
            .as_ref()
            .and_then(|token| token.product)
            .is_none_or(|product| above.contains(&product));
        inside
            && self.token_lets(name)
            && self.bindings.iter().any(|(role, scope)| {
                role.has(name)
                    && match scope {
                        Scope::Organisation => true,
                        Scope::Product(id) => above.contains(id),
                        Scope::Tag(tag) => tags.contains(tag),
                    }
            })
    }

    /// On which products they have a permission: `None` for every one, those to come included; else all ids.
    pub fn only(&self, tx: &mut Tx<'_>, name: &str) -> Result<Option<Vec<Id>>, StoreError> {
        if self.may_everywhere(name) {
            return Ok(None);
        }
        if !self.token_lets(name) {
            return Ok(Some(Vec::new()));
        }
        let token = self.token.as_ref().and_then(|token| token.product);
        let mut ids: Vec<Id> = Vec::new();
        for (_, scope) in self.bindings.iter().filter(|(role, _)| role.has(name)) {
            let reached: Vec<Id> = match scope {
                // Not everywhere, because of the token's product.
                Scope::Organisation => match token {
                    Some(product) => tx.all(BELOW, params![product], |row| row.get(0))?,
                    None => Vec::new(),
                },
                Scope::Product(id) => tx.all(BELOW, params![id], |row| row.get(0))?,
                Scope::Tag(tag) => tx.all(
                    "SELECT product FROM product_tag WHERE tag = ?1",
                    params![tag],
                    |row| row.get(0),
                )?,
            };
            ids.extend(reached);
        }
        ids.sort_unstable();
        ids.dedup();
        if let Some(product) = token {
            let mut inside: Vec<Id> = tx.all(BELOW, params![product], |row| row.get(0))?;
            inside.sort_unstable();
            ids.retain(|id| inside.binary_search(id).is_ok());
        }
        Ok(Some(ids))
    }
}

/// Whoever asks is signed in and has the permission `P` on something, or everywhere where `P` is about the whole
/// organisation. An argument of every operation that is not public. Where `P` is about products, the operation asks
/// [`Allowed::on`] about each, [`Who::only`] for lists, or [`Allowed::everywhere`] for what belongs to none.
#[derive(Clone, Debug)]
pub struct Allowed<P>(pub Who, pub PhantomData<P>);

impl<P> Deref for Allowed<P> {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.0
    }
}

fn missing(name: &str, place: &str) -> Problem {
    let about = named(name).map_or("", |permission| permission.about);
    Problem::forbidden(format!(
        "You do not have the permission `{name}` ({about}) {place}."
    ))
    .hint("Ask an administrator of the portal for a role that has it; a token needs it among its permissions as well.")
}

impl<P: Permission> Allowed<P> {
    /// Refuses a product that the permission does not reach: 404 where it may not even be seen, else 403.
    pub fn on(&self, tx: &mut Tx<'_>, product: &Product) -> Result<(), Problem> {
        let above = products::above(tx, product.id)?;
        if self.may_on(P::NAME, &above, &product.tags) {
            return Ok(());
        }
        if self.may_on(ProductRead::NAME, &above, &product.tags) {
            return Err(missing(P::NAME, &format!("on {}", product.name)));
        }
        Err(no_product())
    }

    /// Refuses whoever has the permission on some products only: for what belongs to none.
    pub fn everywhere(&self) -> Result<(), Problem> {
        if self.may_everywhere(P::NAME) {
            return Ok(());
        }
        Err(missing(P::NAME, "on the whole organisation"))
    }
}

/// The answer for a product that is not there, or not for this person: the same for both, so that no name leaks.
pub fn no_product() -> Problem {
    Problem::not_found("There is no such product, or you may not see it.")
        .hint("Look in the list of products for those that you may see.")
}

impl<P: Permission> FromRequestParts<Portal> for Allowed<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Problem> {
        Self::of(super::resolve::who(parts, portal).await?)
    }
}

impl<P: Permission> Allowed<P> {
    /// Refuses whoever does not have the permission where it has to reach.
    pub(crate) fn of(who: Who) -> Result<Self, Problem> {
        let lets = match P::REACH {
            Reach::Organisation => who.may_everywhere(P::NAME),
            Reach::Product | Reach::Own => who.may_anywhere(P::NAME),
        };
        if lets {
            return Ok(Self(who, PhantomData));
        }
        let place = match P::REACH {
            Reach::Organisation => "on the whole organisation",
            Reach::Product => "on any product",
            Reach::Own => "with this token",
        };
        Err(missing(P::NAME, place))
    }
}
