//! `stanchion login` and `stanchion logout`: which portal, and with which token.

use std::io::{Read, Write};

use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::output;
use crate::policies;
use crate::portal::connection::{Call, SMALL, Secret, address, refused};
use crate::portal::logins::{self, Logins};
use crate::portal::{NAME, Portal, TOKEN_VARIABLE, URL_VARIABLE, api};
use crate::portal_args::{Login, Logout};

/// Largest file of a token.
const MOST_BYTES: u64 = 64 << 10;

pub(crate) fn run(context: &Context, args: &Login) -> Result<Exit, Failure> {
    if args.status {
        return status(context);
    }
    let Some(url) = &args.url else {
        return Err(failure("which portal?").hint("stanchion login https://portal.example"));
    };
    let url = address(url)?;
    if context.offline {
        return Err(failure(
            "a token cannot be checked without the portal, and the offline switch is on",
        )
        .hint("leave out --offline (or unset STANCHION_OFFLINE)"));
    }
    let file = logins::file()?;
    let mut logins = Logins::read(&file)?;
    let token = token(args, &url)?;
    if !token.expose().starts_with(api::TOKEN_PREFIX) {
        context.say(&format!(
            "note: tokens of a portal begin with {}, and this one does not",
            api::TOKEN_PREFIX
        ));
    }
    let login = logins::Login {
        url,
        token,
        product: args.product.clone(),
    };
    let session = session(&Portal::of(context, &login, false))?;
    let url = login.url.clone();
    logins.add(login);
    logins.write(&file)?;
    context.say(&format!("Logged in to {url} as {}.", described(&session)));
    if std::env::var_os(URL_VARIABLE).is_some() {
        context.say(&format!(
            "note: {URL_VARIABLE} is set, and wins over what was kept here"
        ));
    }
    Ok(Exit::Fine)
}

/// `stanchion logout`.
pub(crate) fn out(context: &Context, args: &Logout) -> Result<Exit, Failure> {
    let file = logins::file()?;
    let mut logins = Logins::read(&file)?;
    let url = match &args.url {
        Some(url) => address(url)?,
        None => logins.current.clone().ok_or_else(|| {
            failure("you are not logged in").hint("`stanchion login --status` lists the portals")
        })?,
    };
    if !logins.remove(&url) {
        return Err(failure(format!("you are not logged in to {url}"))
            .hint("`stanchion login --status` lists the portals"));
    }
    logins.write(&file)?;
    context.say(&format!(
        "Forgot {url} and its token. The token itself still holds until it is withdrawn there."
    ));
    Ok(Exit::Fine)
}

fn status(context: &Context) -> Result<Exit, Failure> {
    let logins = Logins::read(&logins::file()?)?;
    let current = Portal::current(context)?;
    let mut lines = Vec::new();
    let mut exit = Exit::Fine;
    if let Some(portal) = &current {
        let by = if portal.by_environment {
            format!(" ({URL_VARIABLE})")
        } else {
            String::new()
        };
        let who = if context.offline {
            "not asked: the offline switch is on".to_owned()
        } else {
            match session(portal) {
                Ok(session) => described(&session),
                Err(failure) => {
                    exit = failure.exit;
                    failure.error.to_string()
                }
            }
        };
        lines.push(format!("* {}{by}  {who}", portal.url()));
        if let Some(product) = &portal.product {
            lines.push(format!("  product {product}"));
        }
    }
    for login in &logins.portals {
        if current
            .as_ref()
            .is_none_or(|portal| portal.url() != login.url)
        {
            lines.push(format!("  {}", login.url));
        }
    }
    if lines.is_empty() {
        lines.push(format!(
            "You are not logged in to a portal. Run `stanchion login URL`, or set {URL_VARIABLE} and {TOKEN_VARIABLE}."
        ));
    }
    let text = output::harmless(&lines.join("\n"));
    let to = output::Output {
        format: "table".into(),
        file: None,
    };
    output::write(&to, &mut |out: &mut dyn Write| writeln!(out, "{text}"))?;
    Ok(exit)
}

/// The token, from where the user says.
fn token(args: &Login, url: &str) -> Result<Secret, Failure> {
    if args.token_stdin {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| failure(format!("cannot read the token: {error}")))?;
        return Secret::new(&String::from_utf8_lossy(&bytes));
    }
    match &args.token_file {
        Some(file) => Secret::new(&policies::bounded(file, MOST_BYTES)?),
        None => logins::prompt(url),
    }
}

/// Asks the portal whom a token stands for.
fn session(portal: &Portal) -> Result<api::Session, Failure> {
    let answer = portal.connection.ask(&Call::get(api::SESSION, SMALL))?;
    if answer.status != 200 {
        let hint = "check the address: this may be no portal, or an older one";
        return Err(refused(NAME, "to say whose token it is", &answer).hint(hint));
    }
    serde_json::from_slice(&answer.body).map_err(|_| {
        failure(format!("{} does not answer as a portal does", portal.url()))
            .hint("check the address, and the folder where it has one")
    })
}

fn described(session: &api::Session) -> String {
    let name = if session.display.is_empty() {
        &session.name
    } else {
        &session.display
    };
    let mut text = name.clone();
    if !session.roles.is_empty() {
        text = format!("{text} ({})", session.roles.join(", "));
    }
    if session.permissions.is_empty() {
        text.push_str(", who may do nothing there");
    }
    match session
        .token
        .as_ref()
        .and_then(|token| token.expires.as_ref())
    {
        Some(expires) => format!("{text}, until {expires}"),
        None => text,
    }
}
