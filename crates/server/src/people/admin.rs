//! What whoever runs the server does on its machine: makes an administrator, or lets one in again.

use std::fmt::Write;

use stanchion_store::people::{self as store, Account, Binding};
use stanchion_store::{Id, Store, Tx, audit};

use super::{password, secret};
use crate::http::Problem;

/// Who the log names for what is done on the server's machine.
pub const ACTOR: &str = "command line";

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name or the password is not taken, the name is in use, or the store failed.
    #[error("{0}")]
    Refused(String),
}

impl AdminError {
    /// What to do next.
    pub const HINT: &'static str = "names are made of letters, digits and . - _ @ +; a password has at least 12 characters and is not among the commonest; `stanchion admin reset` gives an account that exists a new password";
}

impl From<Problem> for AdminError {
    fn from(problem: Problem) -> Self {
        let document = problem.document();
        let mut text = document.detail.clone();
        for error in &document.errors {
            let field = error.field.as_deref().unwrap_or("request");
            // Writing to a text cannot fail.
            let _ = write!(text, " ({field}: {})", error.message);
        }
        Self::Refused(text)
    }
}

/// An administrator to be.
pub(super) struct First<'f> {
    pub(super) id: Id,
    pub(super) name: &'f str,
    pub(super) display: &'f str,
    pub(super) password: &'f str,
    pub(super) break_glass: bool,
}

/// Writes an administrator into the store and the log.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    first: &First<'_>,
    now: i64,
    actor: &str,
    request: Option<&str>,
) -> Result<(), Problem> {
    if store::by_name(tx, first.name)?.is_some() {
        return Err(Problem::conflict(format!(
            "There is an account {} already.",
            first.name
        )));
    }
    store::create(
        tx,
        &Account {
            id: first.id,
            name: first.name.to_owned(),
            display: first.display.to_owned(),
            kind: "person".to_owned(),
            password: Some(first.password.to_owned()),
            totp: None,
            totp_last: 0,
            issuer: None,
            subject: None,
            disabled: false,
            break_glass: first.break_glass,
            failed: 0,
            locked_until: 0,
            created: now,
            seen: None,
            revision: 1,
        },
    )?;
    store::bind(
        tx,
        first.id,
        &Binding {
            role: "admin".to_owned(),
            scope_kind: "organisation".to_owned(),
            scope: String::new(),
            source: "local".to_owned(),
        },
    )?;
    let after = if first.break_glass {
        "admin on the organisation, for emergencies"
    } else {
        "admin on the organisation"
    };
    audit::append(
        tx,
        &audit::Change {
            at: now,
            actor,
            action: "account.create",
            object: &format!("account:{}", first.name),
            before: None,
            after: Some(after),
            request,
        },
    )?;
    Ok(())
}

/// Makes an administrator. The portal counts as set up from then on. `now` in seconds since 1970.
pub fn create(
    store: &Store,
    name: &str,
    password: &str,
    break_glass: bool,
    now: i64,
) -> Result<(), AdminError> {
    let name = super::name(name)?;
    super::strong(password, &name)?;
    let (id, hash) = (secret::id()?, password::hash(password)?);
    store.write(|tx| -> Result<(), Problem> {
        store::set_up(tx, now)?;
        let first = First {
            id,
            name: &name,
            display: &name,
            password: &hash,
            break_glass,
        };
        insert(tx, &first, now, ACTOR, None)
    })?;
    Ok(())
}

/// Lets somebody in again: a new password, no second factor, no lock, not disabled; all their sessions end. Roles stay as
/// they are. A server that runs holds old sessions for at most five seconds more.
pub fn reset(store: &Store, name: &str, password: &str, now: i64) -> Result<(), AdminError> {
    let name = super::name(name)?;
    super::strong(password, &name)?;
    let hash = password::hash(password)?;
    store.write(|tx| -> Result<(), Problem> {
        let mut account = store::by_name(tx, &name)?
            .filter(|account| account.kind == "person")
            .ok_or_else(|| {
                Problem::not_found(format!("There is no person with the name {name}."))
            })?;
        account.disabled = false;
        account.totp = None;
        store::update(tx, &account)?;
        store::set_password(tx, account.id, &hash)?;
        store::set_recovery(tx, account.id, &[])?;
        store::end_sessions(tx, account.id, None)?;
        let object = format!("account:{name}");
        audit::record(
            tx,
            now,
            ACTOR,
            "account.reset",
            &object,
            None,
            Some("new password, no second factor, all sessions ended"),
        )?;
        Ok(())
    })?;
    Ok(())
}
