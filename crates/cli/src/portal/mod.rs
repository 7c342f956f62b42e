//! The client's side of the portal: which one, with which token; its policy and what it has seen, at hand offline too.

pub(crate) mod api;
pub(crate) mod connection;
pub(crate) mod kept;
pub(crate) mod logins;
mod policy;

pub(crate) use policy::{Sights, for_target, product};

use self::connection::{Connection, Scheme, Secret};
use self::logins::{Login, Logins};
use crate::context::Context;
use crate::exit::{Failure, failure};

/// What the portal is called when it is told of.
pub(crate) const NAME: &str = "the portal";

/// The portal's address, and the token for it: before what `login` has kept.
pub(crate) const URL_VARIABLE: &str = "STANCHION_PORTAL";
/// See [`URL_VARIABLE`].
pub(crate) const TOKEN_VARIABLE: &str = "STANCHION_TOKEN";

/// The portal that is asked.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) connection: Connection,
    /// What targets are taken for that do not say what they are.
    pub(crate) product: Option<String>,
    /// The environment names it.
    pub(crate) by_environment: bool,
}

impl Portal {
    /// The portal of the environment, else the one that was last logged in to.
    pub(crate) fn current(context: &Context) -> Result<Option<Self>, Failure> {
        let said = |name: &str| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        };
        let logins = || Logins::read(&logins::file()?);
        match (said(URL_VARIABLE), said(TOKEN_VARIABLE)) {
            (Some(url), Some(token)) => {
                let login = Login {
                    url: connection::address(&url)?,
                    token: Secret::new(&token)?,
                    product: None,
                };
                Ok(Some(Self::of(context, &login, true)))
            }
            (Some(url), None) => {
                let url = connection::address(&url)?;
                match logins()?.of(&url) {
                    Some(login) => Ok(Some(Self::of(context, login, true))),
                    None => Err(failure(format!(
                        "{URL_VARIABLE} names {url}, and there is no token for it"
                    ))
                    .hint(format!(
                        "set {TOKEN_VARIABLE}, or run `stanchion login {url}`"
                    ))),
                }
            }
            (None, Some(_)) => Err(failure(format!(
                "{TOKEN_VARIABLE} is set, and {URL_VARIABLE} is not"
            ))
            .hint("a token goes to one portal only: say to which")),
            (None, None) => {
                // Without a home folder nobody has logged in.
                let Ok(file) = logins::file() else {
                    return Ok(None);
                };
                Ok(Logins::read(&file)?
                    .now()
                    .map(|login| Self::of(context, login, false)))
            }
        }
    }

    /// The portal, or what to do to have one.
    pub(crate) fn needed(context: &Context) -> Result<Self, Failure> {
        Self::current(context)?.ok_or_else(|| {
            failure("you are not logged in to a portal").hint(format!(
                "run `stanchion login https://portal.example`, or set {URL_VARIABLE} and {TOKEN_VARIABLE}"
            ))
        })
    }

    /// The portal of a login.
    pub(crate) fn of(context: &Context, login: &Login, by_environment: bool) -> Self {
        Self {
            connection: Connection {
                client: connection::client(context, &login.url),
                base: login.url.clone(),
                secret: login.token.clone(),
                scheme: Scheme::Bearer,
                name: NAME,
            },
            product: login.product.clone(),
            by_environment,
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.connection.base
    }
}
