//! The people of the demonstration: who they are, and how a visitor looks with the eyes of one of them.

use std::sync::LazyLock;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use stanchion_store::people::{self as store, Account, Binding};
use stanchion_store::{Id, StoreError, Tx, audit, products};

use super::story::{Person, STORY};
use crate::http::Problem;
use crate::people::cookie::Cookie;
use crate::people::{Call, sign_in};
use crate::portal::Portal;

/// Where the names of accounts end.
pub(super) const DOMAIN: &str = "larkfield.example";

/// Somebody with whose eyes a visitor may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guise {
    /// The role, as in `admin`.
    pub role: &'static str,
    /// What they are, as in `security engineer`.
    pub title: &'static str,
    /// As people call them.
    pub display: &'static str,
    /// What they see, in a few words.
    pub sees: &'static str,
}

static GUISES: LazyLock<Vec<Guise>> = LazyLock::new(|| {
    let people = STORY.as_ref().map(|story| story.person.as_slice());
    people
        .unwrap_or_default()
        .iter()
        .filter_map(|person| {
            Some(Guise {
                role: &person.role,
                title: person.look.as_deref()?,
                display: &person.display,
                sees: person.sees.as_deref().unwrap_or_default(),
            })
        })
        .collect()
});

/// Everybody with whose eyes a visitor may look: one for each role.
pub fn guises() -> &'static [Guise] {
    &GUISES
}

/// The name of an account.
pub(super) fn name_of(short: &str) -> String {
    format!("{short}@{DOMAIN}")
}

/// The id of somebody: the same in each demonstration.
pub(super) fn id_of(name: &str) -> Id {
    Id::derive("demonstration", &[name.as_bytes()])
}

fn account(name: &str, display: &str, kind: &str, now: i64) -> Account {
    Account {
        id: id_of(name),
        name: name.to_owned(),
        display: display.to_owned(),
        kind: kind.to_owned(),
        password: None,
        totp: None,
        totp_last: 0,
        issuer: None,
        subject: None,
        disabled: false,
        break_glass: false,
        failed: 0,
        locked_until: 0,
        created: now,
        seen: None,
        revision: 1,
    }
}

/// Makes an account, as an administrator does.
fn make(
    tx: &mut Tx<'_>,
    now: i64,
    actor: &str,
    account: &Account,
    binding: &Binding,
    text: &str,
) -> Result<(), StoreError> {
    store::create(tx, account)?;
    store::bind(tx, account.id, binding)?;
    let object = format!("account:{}", account.name);
    audit::record(
        tx,
        now,
        actor,
        "account.create",
        &object,
        None,
        Some(&account.display),
    )?;
    audit::record(tx, now, actor, "role.give", &object, None, Some(text))
}

/// Makes everybody. Nobody has a password.
pub(super) fn settle(tx: &mut Tx<'_>, now: i64) -> Result<(), StoreError> {
    let Ok(story) = STORY.as_ref() else {
        return Ok(());
    };
    store::set_up(tx, now)?;
    let admin = name_of("sam.okoro");
    for (number, person) in story.person.iter().enumerate() {
        let (binding, text) = binding(person);
        let name = name_of(&person.name);
        let now = now + 60 * i64::try_from(number).unwrap_or_default();
        let new = account(&name, &person.display, "person", now);
        make(tx, now, &admin, &new, &binding, &text)?;
        if let Some(role) = &person.policy {
            store::add_member(tx, role, new.id)?;
            let object = format!("account:{name}");
            audit::record(
                tx,
                now,
                &admin,
                "policy_member.add",
                &object,
                None,
                Some(role),
            )?;
        }
    }
    for service in &story.service {
        let new = account(&service.name, &service.display, "service", now + 900);
        let binding = Binding {
            role: "maintainer".into(),
            scope_kind: "organisation".into(),
            scope: String::new(),
            source: "local".into(),
        };
        let text = "maintainer on organisation";
        make(tx, now + 900, &admin, &new, &binding, text)?;
    }
    Ok(())
}

fn binding(person: &Person) -> (Binding, String) {
    let (kind, scope, place) = match (&person.tag, &person.product) {
        (Some(tag), _) => ("tag", tag.clone(), format!("tag {tag}")),
        (None, Some(product)) => (
            "product",
            products::id_of(product).to_string(),
            format!("product {product}"),
        ),
        (None, None) => ("organisation", String::new(), "organisation".to_owned()),
    };
    let binding = Binding {
        role: person.role.clone(),
        scope_kind: kind.into(),
        scope,
        source: "local".into(),
    };
    (binding, format!("{} on {place}", person.role))
}

/// The form of one of the buttons.
#[derive(Deserialize)]
pub(crate) struct Look {
    role: String,
    pub(crate) back_to: Option<String>,
}

/// Signs a visitor in as somebody, without a password: in a demonstration alone.
pub(crate) async fn look(portal: &Portal, call: Call, look: &Look) -> Result<Cookie, Problem> {
    let person = STORY
        .as_ref()
        .ok()
        .into_iter()
        .flat_map(|story| &story.person)
        .find(|person| person.look.is_some() && person.role == look.role)
        .ok_or_else(|| {
            Problem::not_found("Nobody looks with this role.").hint("Take one of the buttons.")
        })?;
    sign_in::without_password(portal, call, name_of(&person.name)).await
}

/// The layer of a demonstration: whatever would change something is refused, but for coming in and going out.
pub(crate) async fn read_only(State(_): State<Portal>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let comes_or_goes = match *request.method() {
        Method::POST => matches!(path, "/sign-in/as" | "/sign-out"),
        Method::DELETE => path == "/api/v1/session",
        _ => false,
    };
    if request.method().is_safe() || comes_or_goes {
        return next.run(request).await;
    }
    Problem::forbidden("This is a demonstration: nothing is kept.")
        .hint("`stanchion serve` without --demo makes a portal of your own.")
        .into_response()
}
