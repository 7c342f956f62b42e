//! From a cookie or a token to who it is. What was found is kept in memory for a few seconds, so that a busy client costs
//! one read in that time: what is taken away on this server is gone at once ([`Cache::clear`]), on another server of the
//! same store within five seconds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use stanchion_store::people::{self as store, Hash, Holder};

use super::cookie::{self, Cookie};
use super::permission::Role;
use super::secret::{self, TOKEN_PREFIX};
use super::session;
use super::who::{Kind, Scope, TokenScope, Who};
use crate::http::Problem;
use crate::portal::Portal;

/// Seconds for which an answer of the store holds.
const FRESH: i64 = 5;
/// Answers that are kept.
const MOST: usize = 10_000;
/// Seconds between two notes that something is in use.
const NOTE: i64 = 60;

/// What a proof led to.
#[derive(Clone, Debug)]
struct Found {
    who: Who,
    /// When it was last written down that it is in use.
    used: i64,
    /// After this it holds no more.
    until: i64,
    /// Of a session: when its cookie was last replaced.
    rotated: Option<i64>,
}

#[derive(Debug)]
struct Kept {
    found: Arc<Found>,
    at: i64,
}

/// Answers of the store by the hash of what was shown.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Goes up with each change of people: an answer that was read before one is not kept after it.
    generation: AtomicU64,
    kept: Mutex<HashMap<Hash, Kept>>,
}

impl Cache {
    /// Forgets everything: somebody's rights, sessions or tokens have changed.
    pub(super) fn clear(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        kept.clear();
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn get(&self, hash: &Hash, now: i64) -> Option<Arc<Found>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.get(hash)?;
        // A clock that goes back makes nothing fresh.
        (0..FRESH)
            .contains(&(now - entry.at))
            .then(|| Arc::clone(&entry.found))
    }

    fn put(&self, hash: Hash, found: Arc<Found>, now: i64, generation: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.generation() != generation {
            return;
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(hash, Kept { found, at: now });
    }
}

/// Where an extractor leaves a cookie for the answer.
#[derive(Clone, Debug, Default)]
struct Jar(Arc<Mutex<Option<Cookie>>>);

/// The layer around all routes of the portal: a replaced session cookie goes out with the answer, and a 401 says how to
/// sign in.
pub async fn layer(State(portal): State<Portal>, mut request: Request, next: Next) -> Response {
    let jar = Jar::default();
    request.extensions_mut().insert(jar.clone());
    let mut response = next.run(request).await;
    let cookie = jar
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
        .and_then(|cookie| cookie.value());
    let headers = response.headers_mut();
    // A sign-in or sign-out has the last word about the session.
    let name = cookie::session(portal.site.settings());
    let set = headers.get_all(SET_COOKIE).iter().any(|set| {
        set.as_bytes()
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.starts_with(b"="))
    });
    if let Some(value) = cookie
        && !set
    {
        headers.append(SET_COOKIE, value);
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .entry(WWW_AUTHENTICATE)
            .or_insert(HeaderValue::from_static("Bearer"));
    }
    response
}

fn nobody() -> Problem {
    Problem::unauthorised("You are not signed in.")
        .hint("Sign in at `/sign-in`. Programs send a token: `authorization: Bearer stn_...`.")
}

fn no_token() -> Problem {
    Problem::unauthorised(
        "The access token is not valid: it is wrong, was revoked, or has expired.",
    )
    .hint("Make a new one in the portal, under your own account.")
}

/// Who asks. A token wins over a cookie.
pub(crate) async fn who(parts: &Parts, portal: &Portal) -> Result<Who, Problem> {
    let now = portal.engine.now();
    let mut given = parts.headers.get_all(AUTHORIZATION).iter();
    if let Some(value) = given.next() {
        let token = value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| token.starts_with(TOKEN_PREFIX) && token.len() <= 128);
        let (Some(token), None) = (token, given.next()) else {
            return Err(no_token());
        };
        let hash = secret::hash(token);
        return of_token(portal, hash, now)
            .await
            .map(|found| found.who.clone());
    }
    let name = cookie::session(portal.site.settings());
    let value = cookie::read(&parts.headers, name).ok_or_else(nobody)?;
    let hash = secret::hash(value);
    let found = of_session(portal, hash, now).await?;
    if found
        .rotated
        .is_some_and(|rotated| now - rotated >= session::ROTATE)
        && let Some(jar) = parts.extensions.get::<Jar>()
    {
        let new = session::rotate(portal, hash, now).await?;
        if let Some(new) = new {
            let cookie = Cookie::new(name, new, found.until - now);
            *jar.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie);
        }
    }
    Ok(found.who.clone())
}

/// Who it is whose session has just begun under a cookie.
pub(crate) async fn begun(portal: &Portal, cookie: &Cookie) -> Result<Who, Problem> {
    let now = portal.engine.now();
    let found = of_session(portal, secret::hash(cookie.secret()), now).await?;
    Ok(found.who.clone())
}

/// Keeps what was read, and notes at most once a minute that it is in use.
async fn keep(
    portal: &Portal,
    hash: Hash,
    mut found: Found,
    now: i64,
    generation: u64,
) -> Result<Arc<Found>, Problem> {
    if now - found.used >= NOTE {
        let (token, session) = (
            found.who.token.as_ref().map(|token| token.id),
            found.who.session,
        );
        portal
            .write(move |tx| {
                if let Some(id) = token {
                    store::token_used(tx, id, now)?;
                }
                if let Some(id) = session {
                    store::session_seen(tx, id, now)?;
                }
                Ok(())
            })
            .await?;
        found.used = now;
    }
    let found = Arc::new(found);
    portal
        .people
        .cache
        .put(hash, Arc::clone(&found), now, generation);
    Ok(found)
}

async fn of_token(portal: &Portal, hash: Hash, now: i64) -> Result<Arc<Found>, Problem> {
    if let Some(found) = portal.people.cache.get(&hash, now) {
        return if found.until > now {
            Ok(found)
        } else {
            Err(no_token())
        };
    }
    let generation = portal.people.cache.generation();
    let holder = portal
        .read(move |tx| Ok(store::token_holder(tx, &hash)?))
        .await?
        .ok_or_else(no_token)?;
    let token = &holder.proof;
    if holder.disabled || token.revoked.is_some() || token.expires <= now {
        return Err(no_token());
    }
    let scope = TokenScope {
        id: token.id,
        permissions: token.scopes.clone(),
        product: token.product,
    };
    let found = Found {
        used: token.used.unwrap_or(i64::MIN / 2),
        until: token.expires,
        rotated: None,
        who: Who {
            token: Some(scope),
            ..of_holder(token.account, &holder)
        },
    };
    keep(portal, hash, found, now, generation).await
}

async fn of_session(portal: &Portal, hash: Hash, now: i64) -> Result<Arc<Found>, Problem> {
    if let Some(found) = portal.people.cache.get(&hash, now) {
        return if found.until > now {
            Ok(found)
        } else {
            Err(nobody())
        };
    }
    let generation = portal.people.cache.generation();
    let holder = portal
        .read(move |tx| Ok(store::session_holder(tx, &hash, now - session::GRACE)?))
        .await?
        .ok_or_else(nobody)?;
    let session = &holder.proof;
    if holder.disabled || session.expires <= now || session.seen + session::IDLE <= now {
        return Err(nobody());
    }
    let found = Found {
        used: session.seen,
        until: session.expires,
        rotated: Some(session.rotated),
        who: Who {
            session: Some(session.id),
            ..of_holder(session.account, &holder)
        },
    };
    keep(portal, hash, found, now, generation).await
}

/// What the store says of an account, in our words. A role that this version does not know gives nothing.
fn of_holder<T>(account: stanchion_store::Id, holder: &Holder<T>) -> Who {
    Who {
        account,
        name: holder.name.clone(),
        display: holder.display.clone(),
        kind: Kind::from_word(&holder.kind).unwrap_or(Kind::Service),
        bindings: holder
            .bindings
            .iter()
            .filter_map(|(role, kind, scope)| {
                Some((Role::from_word(role)?, Scope::from_words(kind, scope)?))
            })
            .collect(),
        token: None,
        session: None,
        break_glass: holder.break_glass,
    }
}
