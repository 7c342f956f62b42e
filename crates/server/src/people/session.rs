//! Sessions: begun at sign-in, under a cookie that is replaced each hour, ended by time, by their owner, or by a change of
//! what their owner may do.

use stanchion_store::people::{self as store, Hash, Session};
use stanchion_store::{Id, Tx};

use super::call::Call;
use super::cookie::{self, Cookie};
use super::secret;
use super::who::Who;
use crate::http::Problem;
use crate::portal::Portal;

/// Seconds without use after which it ends.
pub const IDLE: i64 = 12 * 60 * 60;
/// Seconds after which it ends whatever happens.
pub const LONGEST: i64 = 7 * 24 * 60 * 60;
/// Seconds after which its cookie is replaced.
pub const ROTATE: i64 = 60 * 60;
/// Seconds for which the replaced cookie still holds, for requests that were under way.
pub const GRACE: i64 = 60;

/// A session to be begun: what is random about it, so that a transaction can be run again.
pub(super) struct New {
    id: Id,
    secret: String,
}

impl New {
    pub(super) fn random() -> Result<Self, Problem> {
        Ok(Self {
            id: secret::id()?,
            secret: secret::random()?,
        })
    }

    /// Begins it. The session that the browser came with ends: nobody goes on under an id that somebody else may have
    /// planted.
    pub(super) fn begin(&self, tx: &mut Tx<'_>, call: &Call, account: Id) -> Result<(), Problem> {
        if let Some(old) = &call.cookie {
            store::end_session_of(tx, &secret::hash(old))?;
        }
        store::begin_session(
            tx,
            &Session {
                id: self.id,
                account,
                created: call.now,
                rotated: call.now,
                seen: call.now,
                expires: call.now + LONGEST,
                client: call.agent.clone(),
            },
            &secret::hash(&self.secret),
        )?;
        Ok(())
    }

    /// The cookie of the session that has begun.
    pub(super) fn cookie(self, portal: &Portal) -> Cookie {
        Cookie::new(
            cookie::session(portal.site.settings()),
            self.secret,
            LONGEST,
        )
    }
}

/// Gives a session a new cookie. `None` where another request was faster: that one has it.
pub(super) async fn rotate(
    portal: &Portal,
    old: Hash,
    now: i64,
) -> Result<Option<String>, Problem> {
    let new = secret::random()?;
    let hash = secret::hash(&new);
    let rotated = portal
        .write(move |tx| Ok(store::rotate_session(tx, &old, &hash, now)?))
        .await?;
    portal.people.changed();
    Ok(rotated.then_some(new))
}

/// The token that forms of a session carry: nobody else can make it, and it is kept nowhere.
pub fn form_token(portal: &Portal, who: &Who) -> String {
    let session = who.session.unwrap_or_default().to_string();
    secret::derive(portal.engine.key(), "form", &session)
}

/// Refuses a form that does not carry the token of its session.
pub fn check_form(portal: &Portal, who: &Who, token: &str) -> Result<(), Problem> {
    let expected = secret::hash(&form_token(portal, who));
    if who.session.is_some() && secret::is(token, &expected) {
        return Ok(());
    }
    Err(
        Problem::forbidden("This form is not of your session, or your session has changed since.")
            .hint("Load the page again and send the form once more."),
    )
}
