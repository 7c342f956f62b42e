//! Sign-in with name and password, and the second factor.
//!
//! A wrong name, a wrong password and a locked account get one answer after the same work. Five wrong proofs in a row lock
//! an account for a minute, each further one for twice as long, up to an hour; the administrator for emergencies is never
//! locked, only slowed down, and each of their sign-ins is written into the log. Addresses are only ever slowed down.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stanchion_store::people::{self as store, Account};
use stanchion_store::{Id, Tx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::call::Call;
use super::cookie::Cookie;
use super::permission::Own;
use super::session::New;
use super::who::Allowed;
use super::{secret, totp};
use crate::http::{Json, Problem};
use crate::portal::Portal;
use crate::seal;

/// Wrong proofs in a row that lock an account.
pub const TRIES: i64 = 5;
/// Seconds for which it is locked at first, and at most.
const FIRST_LOCK: i64 = 60;
const LONGEST_LOCK: i64 = 60 * 60;
/// Seconds between the password and the second factor.
const TICKET: i64 = 5 * 60;
/// Refusals come at multiples of this after the question.
const BEAT: Duration = Duration::from_millis(200);
/// The kind of the problem that asks for a second factor.
pub const SECOND_FACTOR: &str = "urn:stanchion:problem:second-factor";

/// How long so many wrong proofs in a row lock an account, in seconds.
fn lock_for(failed: i64) -> Option<i64> {
    let over = failed - TRIES;
    (over >= 0).then(|| (FIRST_LOCK << over.min(6)).min(LONGEST_LOCK))
}

fn wrong() -> Problem {
    Problem::unauthorised("Name, password or code is wrong, or the account is closed for the moment.")
        .hint("Look for a typing mistake. After several wrong tries an account stays closed for some minutes; an administrator can make a new invitation.")
}

/// Where a sign-in has come to.
pub(crate) enum Step {
    /// Done: the cookie of the new session.
    Done(Cookie),
    /// The password was right, and a code is asked for. With this ticket it goes on.
    Code(String),
}

/// The password was right for this account, as it was then.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// Not to be mistaken for anything else that is sealed.
    pub(crate) second_factor_of: String,
    /// The hash of what is kept of the password: a new password makes the ticket void.
    pub(crate) password: String,
    pub(crate) until: i64,
}

fn print(kept: &str) -> String {
    stanchion_model::digest::hex(&secret::hash(kept)[..16])
}

/// Whether somebody may come in by this account at all.
fn is_open(account: &Account, now: i64) -> bool {
    account.kind == "person"
        && !account.disabled
        && (account.break_glass || account.locked_until <= now)
}

/// Counts a wrong proof and locks where there were too many.
fn refuse(tx: &mut Tx<'_>, call: &Call, account: &Account) -> Result<(), Problem> {
    let failed = store::failed(tx, account.id)?;
    if account.break_glass {
        return Ok(());
    }
    if let Some(seconds) = lock_for(failed) {
        store::lock(tx, account.id, call.now + seconds)?;
        call.note(
            tx,
            "nobody",
            "account.lock",
            &format!("account:{}", account.name),
            None,
            Some(&format!("{failed} wrong tries, for {seconds} s")),
        )?;
    }
    Ok(())
}

/// Looks at a code and takes it: of the app, or one for recovery.
fn take_code(
    tx: &mut Tx<'_>,
    call: &Call,
    account: &Account,
    secret: &str,
    code: &str,
) -> Result<bool, Problem> {
    if let Some(step) = totp::step(secret, code, call.now) {
        return Ok(store::take_step(tx, account.id, step)?);
    }
    let code = secret::untyped(code);
    if code.len() != 16 || !store::take_recovery(tx, account.id, &secret::hash(&code))? {
        return Ok(false);
    }
    let left = store::recovery_left(tx, account.id)?;
    call.note(
        tx,
        &account.name,
        "account.recovery_code",
        &format!("account:{}", account.name),
        None,
        Some(&format!("{left} left")),
    )?;
    Ok(true)
}

/// The last step, in one transaction: the account is looked at once more, the code is taken, the session begins.
pub(crate) async fn finish(
    portal: &Portal,
    call: Call,
    id: Id,
    password: String,
    code: Option<String>,
) -> Result<Cookie, Problem> {
    let new = New::random()?;
    let own = portal.clone();
    let (new, done) = portal
        .blocking(move |portal| {
            let done = portal.engine.store().write(|tx| -> Result<bool, Problem> {
                let Some(account) = store::by_id(tx, id)? else {
                    return Ok(false);
                };
                let same = account.password.as_deref().map(print).as_deref() == Some(&password);
                if !same || !is_open(&account, call.now) {
                    return Ok(false);
                }
                if let Some(sealed) = &account.totp {
                    let secret = seal::open(portal.engine.key(), sealed).ok_or_else(|| {
                        Problem::unavailable("The second factor of this account cannot be read: the portal's key is another.")
                            .hint("Whoever runs this server puts `portal.key` back, or takes the second factor away with `stanchion admin reset`.")
                    })?;
                    let Some(code) = &code else { return Ok(false) };
                    if !take_code(tx, &call, &account, &secret, code)? {
                        refuse(tx, &call, &account)?;
                        return Ok(false);
                    }
                }
                store::signed_in(tx, account.id, call.now)?;
                new.begin(tx, &call, account.id)?;
                let action = if account.break_glass {
                    "session.break_glass"
                } else {
                    "session.begin"
                };
                call.note(
                    tx,
                    &account.name,
                    action,
                    &format!("account:{}", account.name),
                    None,
                    Some(&call.client.address.to_string()),
                )?;
                if account.break_glass {
                    tracing::warn!(account = account.name, "the administrator for emergencies has signed in");
                }
                Ok(true)
            })?;
            Ok((new, done))
        })
        .await?;
    own.people.changed();
    if done {
        Ok(new.cookie(&own))
    } else {
        Err(wrong())
    }
}

/// Name and password, and the code where it is known already. Refusals come at fixed times, so that what is written down
/// about an account that exists does not show in how long they take.
pub(crate) async fn with_password(
    portal: &Portal,
    call: Call,
    name: &str,
    password: String,
    code: Option<String>,
) -> Result<Step, Problem> {
    let started = Instant::now();
    let result = try_password(portal, call, name, password, code).await;
    if result.is_err() {
        let beats = started.elapsed().as_millis() / BEAT.as_millis() + 1;
        let until = BEAT.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX));
        tokio::time::sleep(until.saturating_sub(started.elapsed())).await;
    }
    result
}

pub(crate) async fn try_password(
    portal: &Portal,
    call: Call,
    name: &str,
    password: String,
    code: Option<String>,
) -> Result<Step, Problem> {
    call.over_safe_line(portal)?;
    let name: String = name.trim().to_lowercase().chars().take(200).collect();
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    portal.people.by_name.check_name(&name)?;
    let account = portal
        .read(move |tx| Ok(store::by_name(tx, &name)?))
        .await?
        .filter(|account| is_open(account, call.now) && account.password.is_some());
    let kept = account
        .as_ref()
        .and_then(|account| account.password.clone());
    let right = portal.people.hasher.verify(password, kept).await?;
    let Some(account) = account else {
        return Err(wrong());
    };
    if !right {
        let portal = portal.clone();
        portal
            .blocking(move |portal| {
                portal
                    .engine
                    .store()
                    .write(|tx| refuse(tx, &call, &account))
            })
            .await?;
        return Err(wrong());
    }
    let password = account.password.as_deref().map(print).unwrap_or_default();
    if account.totp.is_some() && code.is_none() {
        let ticket = Ticket {
            second_factor_of: account.id.to_string(),
            password,
            until: call.now + TICKET,
        };
        let text = serde_json::to_string(&ticket).map_err(|error| Problem::internal(&error))?;
        let sealed =
            seal::close(portal.engine.key(), &text).map_err(|error| Problem::internal(&error))?;
        return Ok(Step::Code(sealed));
    }
    finish(portal, call, account.id, password, code)
        .await
        .map(Step::Done)
}

/// The code, after the password.
pub(crate) async fn with_code(
    portal: &Portal,
    call: Call,
    ticket: &str,
    code: String,
) -> Result<Cookie, Problem> {
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    let ticket = (ticket.len() <= 2_000)
        .then(|| seal::open(portal.engine.key(), ticket))
        .flatten()
        .and_then(|text| serde_json::from_str::<Ticket>(&text).ok())
        .filter(|ticket| ticket.until > call.now);
    let Some((ticket, id)) = ticket.and_then(|ticket| {
        let id = Id::parse(&ticket.second_factor_of)?;
        Some((ticket, id))
    }) else {
        return Err(Problem::unauthorised("This sign-in took too long.")
            .hint("Begin again with name and password."));
    };
    portal.people.by_name.check_name(&ticket.second_factor_of)?;
    finish(portal, call, id, ticket.password, Some(code)).await
}

/// Signs a visitor in as somebody, without a proof: in a demonstration alone. What visitors call themselves and where they
/// come from is written down nowhere, for each sees what the others left.
pub(crate) async fn without_password(
    portal: &Portal,
    call: Call,
    name: String,
) -> Result<Cookie, Problem> {
    let nobody = || Problem::not_found("There is nothing at this address.");
    if !portal.demo() {
        return Err(nobody());
    }
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    let call = Call {
        agent: "a visitor".to_owned(),
        ..call
    };
    let new = New::random()?;
    let own = portal.clone();
    let new = portal
        .blocking(move |portal| {
            portal.engine.store().write(|tx| {
                let account = store::by_name(tx, &name)?.ok_or_else(nobody)?;
                new.begin(tx, &call, account.id)
            })?;
            Ok(new)
        })
        .await?;
    portal.people.changed();
    Ok(new.cookie(&own))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The account's name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: String,
    /// A code of the authenticator app, or one for recovery; where the account has a second factor.
    pub(crate) code: Option<String>,
}

/// Signs in. The answer sets the session's cookie.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", request_body = Credentials,
    responses((status = 204, description = "Signed in; the cookie is set"), Problem),
    extensions(("x-permission" = json!("public")))
)]
pub async fn begin(
    portal: axum::extract::State<Portal>,
    call: Call,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Problem> {
    let step = with_password(
        &portal,
        call,
        &credentials.name,
        credentials.password,
        credentials.code,
    )
    .await?;
    match step {
        Step::Done(cookie) => Ok((StatusCode::NO_CONTENT, cookie, ()).into_response()),
        Step::Code(_) => Err(Problem::unauthorised("This account has a second factor.")
            .kind(SECOND_FACTOR)
            .hint("Send name and password again, with the code in `code`.")),
    }
}

/// Signs out: ends the session of this request.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "Signed out; the cookie is gone"), Problem),
    extensions(("x-permission" = json!("own")))
)]
pub async fn end(
    portal: axum::extract::State<Portal>,
    call: Call,
    who: Allowed<Own>,
) -> Result<Response, Problem> {
    sign_out(&portal, call, who)
        .await
        .map(|cookie| (StatusCode::NO_CONTENT, cookie, ()).into_response())
}

/// Ends the session of a request; the cookie that takes the old one away.
pub(crate) async fn sign_out(
    portal: &Portal,
    call: Call,
    who: Allowed<Own>,
) -> Result<Cookie, Problem> {
    let session = who.session.ok_or_else(|| {
        Problem::conflict("This request came with a token, and a token has no session.")
            .hint("To end a token, revoke it: `DELETE /api/v1/me/tokens/{id}`.")
    })?;
    portal
        .write(move |tx| {
            store::end_session(tx, who.account, session)?;
            let object = format!("account:{}", who.name);
            call.note(tx, &who.name, "session.end", &object, None, None)?;
            Ok(())
        })
        .await?;
    portal.people.changed();
    let name = super::cookie::session(portal.site.settings());
    Ok(Cookie::gone(name))
}

pub(super) fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(begin, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_grow_from_a_minute_to_an_hour() {
        assert_eq!(lock_for(4), None);
        assert_eq!(lock_for(5), Some(60));
        assert_eq!(lock_for(6), Some(120));
        assert_eq!(lock_for(10), Some(1920));
        assert_eq!(lock_for(11), Some(3600));
        assert_eq!(lock_for(i64::MAX), Some(3600));
    }
}
