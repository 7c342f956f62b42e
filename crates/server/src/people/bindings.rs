//! Who has which role, and where.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stanchion_store::people::{self as store, Binding};
use stanchion_store::{Tx, products};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::call::Call;
use super::permission::{PeopleRead, PeopleWrite, Role};
use super::who::{Allowed, Scope};
use crate::http::{Json, Path, Problem, Query};
use crate::portal::Portal;

/// A role, and where it holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Held {
    /// `viewer`, `auditor`, `triager`, `maintainer`, `approver` or `admin`.
    pub(crate) role: String,
    /// `organisation`, `product` or `tag`.
    #[serde(default = "everywhere")]
    pub(crate) scope_kind: String,
    /// Nothing, the product's id, or the tag.
    #[serde(default)]
    pub(crate) scope: String,
}

fn everywhere() -> String {
    "organisation".to_owned()
}

impl Held {
    pub(super) fn new(role: Role, scope: &Scope) -> Self {
        let (kind, scope) = scope.words();
        Self {
            role: role.as_str().to_owned(),
            scope_kind: kind.to_owned(),
            scope,
        }
    }

    pub(super) fn from_store(role: String, scope_kind: String, scope: String) -> Self {
        Self {
            role,
            scope_kind,
            scope,
        }
    }

    /// Looks whether it says something, and whether the product is there.
    pub(super) fn check(&self, tx: &mut Tx<'_>) -> Result<(Role, Scope), Problem> {
        let wrong = |field: &str, message: &str| {
            Err(Problem::unprocessable("This role cannot be given.").field(field, message))
        };
        let Some(role) = Role::from_word(&self.role) else {
            return wrong(
                "role",
                "is viewer, auditor, triager, maintainer, approver or admin",
            );
        };
        let Some(scope) = Scope::from_words(&self.scope_kind, &self.scope) else {
            return wrong(
                "scope_kind",
                "is organisation without a scope, product with its id, or tag with the tag",
            );
        };
        if let Scope::Product(id) = &scope
            && products::by_id(tx, *id)?.is_none()
        {
            return wrong("scope", "names a product that is not there");
        }
        if self.scope.len() > 200 {
            return wrong("scope", "is too long");
        }
        Ok((role, scope))
    }

    pub(super) fn binding(&self, source: &str) -> Binding {
        // A product's id has several spellings; one is kept.
        let scope = Scope::from_words(&self.scope_kind, &self.scope)
            .map_or_else(|| self.scope.clone(), |scope| scope.words().1);
        Binding {
            role: self.role.clone(),
            scope_kind: self.scope_kind.clone(),
            scope,
            source: source.to_owned(),
        }
    }

    pub(super) fn text(&self) -> String {
        format!("{} on {} {}", self.role, self.scope_kind, self.scope)
            .trim_end()
            .to_owned()
    }
}

/// A role that an account has, and who gave it.
#[derive(Serialize, ToSchema)]
pub struct Given {
    /// The role, and where it holds.
    /// `viewer`, `auditor`, `triager`, `maintainer`, `approver` or `admin`.
    pub(crate) role: String,
    /// `organisation`, `product` or `tag`.
    pub(crate) scope_kind: String,
    /// Nothing, the product's id, or the tag.
    pub(crate) scope: String,
    /// `local`: somebody gave it here. `oidc`: it comes from the groups at the last sign-in, and is replaced at the next.
    pub(crate) source: String,
}

/// A role as people write it: a product by its name.
pub(crate) async fn named(
    portal: &Portal,
    role: &str,
    kind: &str,
    scope: &str,
) -> Result<Held, Problem> {
    let scope_kind = if kind.is_empty() {
        "organisation"
    } else {
        kind
    }
    .to_owned();
    let mut held = Held {
        role: role.to_owned(),
        scope_kind,
        scope: scope.to_owned(),
    };
    match held.scope_kind.as_str() {
        // What was typed for another kind of scope does not count.
        "organisation" => held.scope.clear(),
        "product" => {
            let name = held.scope.clone();
            let found = portal
                .read(move |tx| Ok(products::by_name(tx, &name)?))
                .await?;
            let found = found.ok_or_else(|| {
                Problem::unprocessable("This role cannot be given.")
                    .field("scope", "names a product that is not there")
            })?;
            held.scope = found.id.to_string();
        }
        "tag" if held.scope.is_empty() => {
            return Err(Problem::unprocessable("This role cannot be given.")
                .field("scope", "names the tag that products carry"));
        }
        _ => {}
    }
    Ok(held)
}

/// The roles of some accounts, with products by their names.
pub(crate) async fn of_accounts(
    portal: &Portal,
    _: &Allowed<PeopleRead>,
    ids: Vec<String>,
) -> Result<Vec<Vec<(Given, String)>>, Problem> {
    portal
        .read(move |tx| {
            let mut all = Vec::with_capacity(ids.len());
            for id in &ids {
                let mut own = Vec::new();
                for binding in store::bindings(tx, super::id(id)?)? {
                    let name = place(tx, &binding.scope_kind, &binding.scope)?;
                    let given = Given {
                        role: binding.role,
                        scope_kind: binding.scope_kind,
                        scope: binding.scope,
                        source: binding.source,
                    };
                    own.push((given, name));
                }
                all.push(own);
            }
            Ok(all)
        })
        .await
}

/// Where a role holds, for people: nothing, the product's name, or the tag.
pub(crate) fn place(tx: &mut Tx<'_>, kind: &str, scope: &str) -> Result<String, Problem> {
    if kind != "product" {
        return Ok(scope.to_owned());
    }
    let product = match stanchion_store::Id::parse(scope) {
        Some(id) => products::by_id(tx, id)?,
        None => None,
    };
    Ok(product.map_or_else(
        || "a product that is gone".to_owned(),
        |product| product.name,
    ))
}

/// The roles of an account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/roles", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "Its roles", body = Vec<Given>), Problem),
    extensions(("x-permission" = json!("people.read")))
)]
pub async fn list(
    State(portal): State<Portal>,
    _: Allowed<PeopleRead>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Given>>, Problem> {
    let id = super::id(&id)?;
    portal
        .read(move |tx| {
            super::account(tx, id)?;
            Ok(store::bindings(tx, id)?
                .into_iter()
                .map(|binding| Given {
                    role: binding.role,
                    scope_kind: binding.scope_kind,
                    scope: binding.scope,
                    source: binding.source,
                })
                .collect())
        })
        .await
        .map(Json)
}

/// Gives an account a role. Its sessions end; whoever gives themselves one keeps the session.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/roles", tag = "accounts", request_body = Held,
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "It has the role"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn give(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
    Json(held): Json<Held>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            let account = super::account(tx, id)?;
            held.check(tx)?;
            if store::bind(tx, id, &held.binding("local"))? {
                store::touch(tx, id)?;
                store::end_sessions(tx, id, who.session)?;
                let object = format!("account:{}", account.name);
                call.note(
                    tx,
                    &who.name,
                    "role.give",
                    &object,
                    None,
                    Some(&held.text()),
                )?;
            }
            Ok(())
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a role away. The account's sessions end.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/roles", tag = "accounts",
    params(("id" = String, Path, description = "The account's id"), Held),
    responses((status = 204, description = "The role is gone"), Problem),
    extensions(("x-permission" = json!("people.write")))
)]
pub async fn take(
    State(portal): State<Portal>,
    call: Call,
    who: Allowed<PeopleWrite>,
    Path(id): Path<String>,
    Query(held): Query<Held>,
) -> Result<StatusCode, Problem> {
    let id = super::id(&id)?;
    portal
        .write(move |tx| {
            store::alone(tx)?;
            let account = super::account(tx, id)?;
            let binding = held.binding("local");
            if !store::unbind(tx, id, &binding.role, &binding.scope_kind, &binding.scope)? {
                return Err(Problem::not_found(
                    "The account does not have this role there.",
                ));
            }
            super::somebody_is_left(tx)?;
            store::touch(tx, id)?;
            store::end_sessions(tx, id, who.session)?;
            let object = format!("account:{}", account.name);
            call.note(
                tx,
                &who.name,
                "role.take",
                &object,
                Some(&held.text()),
                None,
            )?;
            Ok(())
        })
        .await?;
    portal.people.changed();
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(list, give, take))
}
