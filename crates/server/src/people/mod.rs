//! Who somebody is, and what they may: accounts and roles, passwords and second factors, sessions, tokens, invitations,
//! sign-in with somebody else, and the log of changes. Everything is refused that no role gives ([`permission`]).

pub mod accounts;
pub mod admin;
pub mod audit_log;
pub mod bindings;
pub mod call;
pub mod cookie;
pub mod invitations;
pub mod me;
pub mod members;
pub mod oidc;
pub mod password;
pub mod permission;
pub(crate) mod resolve;
mod secret;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod totp;
pub mod who;

use std::sync::Arc;

use serde::Deserialize;
use stanchion_store::{Id, StoreError, Tx, people as store};
use utoipa_axum::router::OpenApiRouter;

use crate::engine::Engine;
use crate::http::Problem;
use crate::http::limits::{Limiter, Rate};
use crate::portal::Portal;

pub use call::Call;
pub use permission::{
    AdvisoryWrite, Backup, ChannelWrite, ExceptionDecide, ExceptionRequest, FindingTriage,
    InventoryPush, JobRead, JobRun, Permission, PolicyRead, PolicyWrite, ProductRead, ProductWrite,
    Role,
};
pub use resolve::layer;
pub use who::{Allowed, Kind, Scope, TokenScope, Who, no_product};

/// The settings, as the configuration file holds them under `[people]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Sign-in with somebody else, by `OpenID Connect`.
    pub oidc: Option<oidc::Settings>,
    /// How often one address may try to sign in, to set up, or to take an invitation.
    pub tries_by_address: Rate,
    /// How often anybody may try to sign in to one account.
    pub tries_by_name: Rate,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            oidc: None,
            tries_by_address: Rate {
                per_minute: 20,
                burst: 20,
            },
            tries_by_name: Rate {
                per_minute: 10,
                burst: 10,
            },
        }
    }
}

/// What is held in memory about people.
#[derive(Debug)]
pub struct People {
    cache: resolve::Cache,
    by_address: Limiter,
    by_name: Limiter,
    hasher: password::Hasher,
    setup: setup::Setup,
    oidc: Option<Arc<oidc::Provider>>,
}

impl People {
    /// With these settings.
    pub fn new(settings: Settings) -> Result<Self, oidc::SettingsError> {
        Ok(Self {
            cache: resolve::Cache::default(),
            by_address: Limiter::new(settings.tries_by_address),
            by_name: Limiter::new(settings.tries_by_name),
            hasher: password::Hasher::default(),
            setup: setup::Setup::default(),
            oidc: settings
                .oidc
                .map(|settings| oidc::Provider::new(settings).map(Arc::new))
                .transpose()?,
        })
    }

    /// Somebody's rights, sessions or tokens have changed: what is remembered of them is forgotten. Called after the
    /// transaction.
    pub fn changed(&self) {
        self.cache.clear();
    }

    /// Somebody else to sign in with, as people call them.
    pub fn provider(&self) -> Option<&str> {
        self.oidc.as_ref().map(|provider| provider.label())
    }

    /// Gives the code with which the first administrator is made, where there never was one. The server prints it once;
    /// it is kept as a hash, in memory.
    pub fn begin_setup(&self, engine: &Engine) -> Result<Option<String>, Problem> {
        if engine.store().read(store::is_set_up)? {
            return Ok(None);
        }
        self.setup.begin().map(Some)
    }

    /// Takes away sessions, tokens and invitations that have ended; those of the last 90 days stay to be looked at.
    pub fn sweep(engine: &Engine) -> Result<u64, StoreError> {
        let now = engine.now();
        engine
            .store()
            .write(|tx| store::sweep(tx, now, now - session::IDLE, now - 90 * 24 * 60 * 60))
    }
}

/// The operations about people.
pub fn api() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .merge(sign_in::api())
        .merge(me::api())
        .merge(accounts::api())
        .merge(bindings::api())
        .merge(tokens::api())
        .merge(members::api())
        .merge(invitations::api())
        .merge(setup::api())
        .merge(audit_log::api())
}

/// An id in a path. What is no id names nothing.
fn id(text: &str) -> Result<Id, Problem> {
    Id::parse(text).ok_or_else(|| {
        Problem::not_found("There is nothing with this id.")
            .hint("Ids are those that the lists of the API give.")
    })
}

/// An account by the id in a path.
fn account(tx: &mut Tx<'_>, id: Id) -> Result<store::Account, Problem> {
    store::by_id(tx, id)?.ok_or_else(|| {
        Problem::not_found("There is no account with this id.")
            .hint("`GET /api/v1/accounts` lists those that there are.")
    })
}

/// The name of an account in the form that is kept: an address or a login, in lower case.
fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim().to_lowercase();
    let fits = (2..=200).contains(&name.len())
        && name.chars().all(|letter| {
            letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '@' | '+')
        });
    if fits {
        return Ok(name);
    }
    Err(
        Problem::unprocessable("This cannot be the name of an account.").field(
            "name",
            "takes 2 to 200 letters and digits, and . - _ @ +, such as an address",
        ),
    )
}

/// How people call somebody; their name where nothing is said.
fn display(text: Option<&str>, name: &str) -> Result<String, Problem> {
    let text = text.unwrap_or_default().trim();
    if text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err(Problem::unprocessable("This cannot be shown as a name.")
            .field("display", "takes at most 200 characters in one line"));
    }
    Ok(if text.is_empty() { name } else { text }.to_owned())
}

/// Refuses a weak password.
fn strong(password: &str, name: &str) -> Result<(), Problem> {
    password::judge(password, name).map_err(|weak| {
        Problem::unprocessable("This password is not taken.")
            .field("password", weak.to_string())
            .hint("Take four or more words that have nothing to do with each other, or let a password manager make one.")
    })
}

/// Refuses to leave the portal without anybody who can administer it; after a change, in its transaction.
fn somebody_is_left(tx: &mut Tx<'_>) -> Result<(), Problem> {
    if store::administrators(tx)? > 0 {
        return Ok(());
    }
    Err(
        Problem::conflict("Then nobody would be left who can administer the portal.")
            .hint("Give the role `admin` on the organisation to somebody else first."),
    )
}
