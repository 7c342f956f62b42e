//! Sign-in with somebody else, by `OpenID Connect`: authorisation code with PKCE, bound to the browser that began it.
//!
//! The browser that begins gets a secret in a short cookie. Nonce and PKCE verifier are made of that secret with the
//! portal's key, so that nothing of them is kept, and a code or a state that comes back to another browser leads nowhere.
//! An account belongs to the pair of issuer and subject, never to an address alone. Its roles come from the groups that
//! the issuer tells, and are replaced at each sign-in.

mod provider;

use std::path::PathBuf;

use serde::Deserialize;
use stanchion_store::people::{self as store, Binding};
use stanchion_store::{Id, Tx, products};

use super::call::Call;
use super::cookie::{self, Cookie};
use super::permission::Role;
use super::session::New;
use super::who::{Kind, Scope};
use super::{accounts, secret};
use crate::http::Problem;
use crate::portal::Portal;

pub(crate) use provider::Provider;
use provider::Told;

/// Seconds that somebody may take to sign in there.
const HOLDS: i64 = 10 * 60;
/// The path to which the issuer sends browsers back. It is registered there.
pub const BACK: &str = "/sign-in/back";

/// How people sign in with somebody else.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The issuer's URL, as its tokens name it.
    pub issuer: String,
    /// The portal's name there.
    pub client_id: String,
    /// The portal's secret there. Better in a file of its own.
    pub client_secret: Option<String>,
    /// The file with the portal's secret.
    pub client_secret_file: Option<PathBuf>,
    /// As people call the issuer; on the button of the sign-in page.
    #[serde(default = "label")]
    pub label: String,
    /// Scopes to ask for besides `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim that becomes the account's name.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// The claim that lists groups.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// Which group gives which role. Who is in none of them does not get in.
    #[serde(default, rename = "role")]
    pub roles: Vec<GroupRole>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// A group, and the role that it gives: everywhere, on a product, or on a tag.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRole {
    /// The group, as the claim lists it.
    pub group: String,
    /// Such as `viewer`.
    pub role: String,
    /// Only on the product of this name, and below it.
    pub product: Option<String>,
    /// Only on products with this tag.
    pub tag: Option<String>,
}

fn label() -> String {
    "single sign-on".to_owned()
}

fn scopes() -> Vec<String> {
    ["profile", "email", "groups"].map(str::to_owned).to_vec()
}

fn name_claim() -> String {
    "preferred_username".to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

/// Why these settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The issuer is no URL.
    #[error("the issuer {0:?} of people.oidc is no URL")]
    Issuer(String),
    /// The file with the secret cannot be read.
    #[error("the file {path} with the secret of people.oidc cannot be read: {reason}")]
    SecretFile {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// A rule for a group says nothing.
    #[error(
        "the group {0:?} of people.oidc gives {1:?}, which is no role, or both a product and a tag"
    )]
    Role(String, String),
}

impl SettingsError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Issuer(_) => {
                "write it as the issuer does, such as https://login.example.org/realms/main"
            }
            Self::SecretFile { .. } => {
                "give the file to the user that the server runs as, readable for it alone"
            }
            Self::Role(..) => {
                "roles are viewer, auditor, triager, maintainer, approver and admin; give product or tag, not both"
            }
        }
    }
}

/// Where a browser goes to sign in, and the cookie that it takes along.
pub(crate) struct Begun {
    pub(crate) location: String,
    pub(crate) cookie: Cookie,
}

fn none() -> Problem {
    Problem::not_found("This portal knows nobody else to sign in with.")
        .hint("Sign in with name and password. Whoever runs this server can set up `people.oidc`.")
}

fn redirect(call: &Call) -> Result<String, Problem> {
    call.origin
        .as_ref()
        .map(|origin| format!("{origin}{BACK}"))
        .ok_or_else(|| {
            Problem::bad_request(
                "The request does not say under which address it reached the portal.",
            )
            .hint("Set `public_url` in the settings of the server.")
        })
}

/// Nonce and PKCE verifier of a browser.
fn nonce(portal: &Portal, browser: &str) -> String {
    secret::derive(portal.engine.key(), "oidc nonce", browser)
}
fn verifier(portal: &Portal, browser: &str) -> String {
    secret::derive(portal.engine.key(), "oidc verifier", browser)
}

/// Begins a sign-in: the browser goes to the issuer.
pub(crate) async fn begin(portal: &Portal, call: Call, back_to: String) -> Result<Begun, Problem> {
    let provider = portal.people.oidc.clone().ok_or_else(none)?;
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    let redirect = redirect(&call)?;
    let (state, browser) = (secret::random()?, secret::random()?);
    let cookie = Cookie::new(
        cookie::sign_in(portal.site.settings()),
        browser.clone(),
        HOLDS,
    );
    let location = portal
        .blocking(move |portal| {
            let location = provider.location(
                &portal.engine,
                &redirect,
                &state,
                &nonce(portal, &browser),
                &verifier(portal, &browser),
            )?;
            portal.engine.store().write(|tx| {
                store::begin_sign_in(
                    tx,
                    &secret::hash(&state),
                    &secret::hash(&browser),
                    &back_to,
                    call.now + HOLDS,
                )
            })?;
            Ok(location)
        })
        .await?;
    Ok(Begun { location, cookie })
}

/// What the issuer sends the browser back with.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    /// The issuer that answers, where it says so (RFC 9207).
    iss: Option<String>,
}

fn lost() -> Problem {
    Problem::forbidden("This sign-in was not begun in this browser, is over, or took too long.")
        .hint("Begin again at `/sign-in`. The browser has to take cookies of this portal.")
}

/// Ends a sign-in: where to go on, and the cookies to set.
pub(crate) async fn finish(
    portal: &Portal,
    call: Call,
    browser: Option<String>,
    back: Back,
) -> Result<(String, [Cookie; 2]), Problem> {
    let provider = portal.people.oidc.clone().ok_or_else(none)?;
    portal
        .people
        .by_address
        .check_address(call.client.address)?;
    let browser = browser.ok_or_else(lost)?;
    let (state, hash, now) = (secret::hash(&back.state), secret::hash(&browser), call.now);
    // Taken before anything else: whatever comes of it, it works once.
    let back_to = portal
        .write(move |tx| Ok(store::take_sign_in(tx, &state, &hash, now)?))
        .await?
        .ok_or_else(lost)?;
    if back
        .iss
        .as_deref()
        .is_some_and(|issuer| issuer != provider.issuer())
    {
        return Err(lost());
    }
    let Some(code) = back.code.filter(|_| back.error.is_none()) else {
        let said: String = back
            .error
            .unwrap_or_default()
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .take(64)
            .collect();
        return Err(Problem::forbidden(format!(
            "{} did not sign you in: {said}.",
            provider.label()
        ))
        .hint("Begin again at `/sign-in`, and agree there."));
    };
    let redirect = redirect(&call)?;
    let (id, new) = (secret::id()?, New::random()?);
    let (new, refused) = portal
        .blocking(move |portal| {
            let told = provider.told(
                &portal.engine,
                &redirect,
                code,
                &nonce(portal, &browser),
                verifier(portal, &browser),
            )?;
            let refused = portal
                .engine
                .store()
                .write(|tx| admit(tx, &call, &provider, &told, id, &new))?;
            Ok((new, refused))
        })
        .await?;
    portal.people.changed();
    if let Some(problem) = refused {
        return Err(problem);
    }
    let gone = Cookie::gone(cookie::sign_in(portal.site.settings()));
    Ok((back_to, [new.cookie(portal), gone]))
}

/// The roles that somebody's groups give.
fn wanted(tx: &mut Tx<'_>, provider: &Provider, told: &Told) -> Result<Vec<Binding>, Problem> {
    let mut wanted = Vec::new();
    for rule in provider.roles() {
        if !told.groups.contains(&rule.group) {
            continue;
        }
        let Some(role) = Role::from_word(&rule.role) else {
            continue;
        };
        let scope = match (&rule.product, &rule.tag) {
            (Some(name), _) => {
                let Some(product) = products::by_name(tx, name)? else {
                    tracing::warn!(
                        product = name,
                        "a group gives a role on a product that is not there"
                    );
                    continue;
                };
                Scope::Product(product.id)
            }
            (None, Some(tag)) => Scope::Tag(tag.clone()),
            (None, None) => Scope::Organisation,
        };
        let (kind, scope) = scope.words();
        wanted.push(Binding {
            role: role.as_str().to_owned(),
            scope_kind: kind.to_owned(),
            scope,
            source: "oidc".to_owned(),
        });
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

/// Finds or makes the account, replaces its roles, and begins a session. What refuses somebody is given back and not
/// thrown, so that roles that were taken away there are gone here as well.
fn admit(
    tx: &mut Tx<'_>,
    call: &Call,
    provider: &Provider,
    told: &Told,
    id: Id,
    new: &New,
) -> Result<Option<Problem>, Problem> {
    let wanted = wanted(tx, provider, told)?;
    let no_role = || {
        Problem::forbidden("None of your groups gives you a role here.")
            .hint("Ask whoever looks after the groups to put you into one that gives a role, or an administrator of the portal to map one of yours (`people.oidc.role`).")
    };
    let account = if let Some(account) = store::by_subject(tx, provider.issuer(), &told.subject)? {
        account
    } else {
        if wanted.is_empty() {
            return Ok(Some(no_role()));
        }
        let name = super::name(&told.name)?;
        if store::by_name(tx, &name)?.is_some() {
            return Ok(Some(
                    Problem::conflict(format!("There is an account {name} already, and it is not this one."))
                        .hint("Accounts are never joined by their name alone. Let an administrator choose another `name_claim`, or sign in with the password of that account."),
                ));
        }
        let display = super::display(Some(&told.display), &name).unwrap_or_else(|_| name.clone());
        let account = store::Account {
            issuer: Some(provider.issuer().to_owned()),
            subject: Some(told.subject.clone()),
            ..accounts::fresh(id, &name, &display, Kind::Person, call.now)
        };
        store::create(tx, &account)?;
        let object = format!("account:{name}");
        call.note(
            tx,
            &name,
            "account.create",
            &object,
            None,
            Some(provider.issuer()),
        )?;
        account
    };
    let object = format!("account:{}", account.name);
    let held = store::bindings(tx, account.id)?;
    let old: Vec<&Binding> = held
        .iter()
        .filter(|binding| binding.source == "oidc")
        .collect();
    let gone: Vec<&Binding> = old
        .iter()
        .filter(|binding| !wanted.contains(binding))
        .copied()
        .collect();
    for binding in &gone {
        store::unbind(
            tx,
            account.id,
            &binding.role,
            &binding.scope_kind,
            &binding.scope,
        )?;
    }
    let mut added = Vec::new();
    for binding in &wanted {
        if store::bind(tx, account.id, binding)? {
            added.push(binding);
        }
    }
    if !gone.is_empty() || !added.is_empty() {
        store::touch(tx, account.id)?;
        store::end_sessions(tx, account.id, None)?;
        let text = |bindings: &[&Binding]| {
            let words: Vec<String> = bindings
                .iter()
                .map(|binding| {
                    format!(
                        "{} on {} {}",
                        binding.role, binding.scope_kind, binding.scope
                    )
                    .trim_end()
                    .to_owned()
                })
                .collect();
            (!words.is_empty()).then(|| words.join(", "))
        };
        let (before, after) = (text(&gone), text(&added));
        call.note(
            tx,
            &account.name,
            "role.oidc",
            &object,
            before.as_deref(),
            after.as_deref(),
        )?;
    }
    if account.disabled {
        return Ok(Some(
            Problem::forbidden("This account is closed.")
                .hint("Ask an administrator of the portal to open it again."),
        ));
    }
    if store::bindings(tx, account.id)?.is_empty() {
        return Ok(Some(no_role()));
    }
    store::signed_in(tx, account.id, call.now)?;
    new.begin(tx, call, account.id)?;
    let after = format!("{} by {}", call.client.address, provider.issuer());
    call.note(
        tx,
        &account.name,
        "session.begin",
        &object,
        None,
        Some(&after),
    )?;
    Ok(None)
}
