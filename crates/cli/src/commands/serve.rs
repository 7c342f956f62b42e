//! `stanchion serve`, `backup` and `restore`: the portal, and a copy of everything in it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use stanchion_server::demo;
use stanchion_server::engine::clock;
use stanchion_server::http::client_address::PublicUrl;
use stanchion_server::operations::backup;
use stanchion_server::settings::Settings;
use stanchion_server::start::{self, Given, StartError};

use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::fetching;
use crate::serve_args::{Backup, Restore, Serve};

/// The settings' name in the data folder.
const FILE: &str = "portal.toml";

/// The settings: those that are named, else those in the data folder, else none; then the environment, then flags.
pub(crate) fn settings(context: &Context, named: Option<&PathBuf>) -> Result<Settings, Failure> {
    let own = context.data.join(FILE);
    read(named.or_else(|| own.is_file().then_some(&own)))
}

/// The settings of a file, where there is one; then the environment.
fn read(file: Option<&PathBuf>) -> Result<Settings, Failure> {
    let mut settings = match file {
        Some(file) => Settings::read(file)
            .map_err(|error| Failure::new(error).hint("docs/portal.md has every setting"))?,
        None => Settings::default(),
    };
    let variable = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    if let Some(url) = variable("STANCHION_STORE") {
        settings.store.url = Some(url);
    }
    if let Some(listen) = variable("STANCHION_LISTEN") {
        settings.http.listen = listen.parse().map_err(|_| {
            failure(format!("STANCHION_LISTEN is {listen:?}")).hint("give it as 127.0.0.1:8080")
        })?;
    }
    if let Some(url) = variable("STANCHION_PUBLIC_URL") {
        let url = PublicUrl::try_from(url)
            .map_err(|error| failure(format!("STANCHION_PUBLIC_URL: {error}")))?;
        settings.http.public_url = Some(url);
    }
    Ok(settings)
}

fn given(context: &Context) -> Given {
    Given {
        data: context.data.clone(),
        sources: fetching::settings(context, &[]),
        client: Arc::new(fetching::client(context)),
        clock: clock(),
    }
}

fn hint(error: StartError) -> Failure {
    let hint = match &error {
        StartError::Listen(error) => error.hint(),
        StartError::Blobs(error) => error.hint(),
        StartError::Store(_) => {
            "see whether the database runs, and whether this user may write there"
        }
        StartError::Key(_) => "see whether this user may read and write the data folder",
        _ => "docs/portal.md has every setting",
    };
    let hint = hint.to_owned();
    Failure::new(error).hint(hint)
}

pub(crate) fn run(context: &Context, args: &Serve) -> Result<Exit, Failure> {
    if args.demo {
        return show(context, args);
    }
    let mut settings = settings(context, args.config.as_ref())?;
    if let Some(listen) = args.listen {
        settings.http.listen = listen;
    }
    if let Some(url) = &args.store {
        settings.store.url = Some(url.clone());
    }
    let public = !settings.http.listen.ip().is_loopback();
    if public && settings.http.tls.is_none() && settings.http.trusted_proxies.is_empty() {
        context.say("warning: everybody who can reach this address sees passwords and tokens on their way\nhint: set up [http.tls], or put a proxy in front and name it in http.trusted_proxies");
    }
    stanchion_server::http::log::start(&settings.http.log).map_err(Failure::new)?;
    start::serve(&settings, given(context), |listening| {
        let base = base(&settings, listening.address);
        context.say(&format!("The portal is at {base}"));
        if let Some(code) = &listening.setup {
            context.say(&format!(
                "Nobody has an account yet. Make the administrator's at {base}/setup with the code {code}"
            ));
        }
    })
    .map_err(hint)?;
    Ok(Exit::Fine)
}

/// Where people reach the portal.
fn base(settings: &Settings, address: SocketAddr) -> String {
    let scheme = if settings.http.tls.is_some() {
        "https"
    } else {
        "http"
    };
    settings
        .http
        .public_url
        .as_ref()
        .map_or_else(|| format!("{scheme}://{address}"), ToString::to_string)
}

/// A portal to look at. Of the settings only how it listens counts, and the user's own portal is left alone.
fn show(context: &Context, args: &Serve) -> Result<Exit, Failure> {
    let mut settings = read(args.config.as_ref())?;
    if let Some(listen) = args.listen {
        settings.http.listen = listen;
    }
    stanchion_server::http::log::start(&settings.http.log).map_err(Failure::new)?;
    demo::serve(&settings.http, clock(), |address| {
        let base = base(&settings, address);
        context.say(&format!(
            "A portal with made-up data is at {base}\nNothing is kept: it is made anew each night, and gone when this ends"
        ));
    })
    .map_err(|error| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    })?;
    Ok(Exit::Fine)
}

pub(crate) fn backup(context: &Context, args: &Backup) -> Result<Exit, Failure> {
    let settings = settings(context, args.config.as_ref())?;
    if settings.store.url.is_some() {
        return Err(
            failure("the state is in PostgreSQL, which has its own tools for copies").hint(
                "use pg_dump, and copy the folder or bucket of documents and portal.key beside it",
            ),
        );
    }
    if !context.data.join(stanchion_store::FILE).is_file() {
        return Err(
            failure(format!("{} holds no portal", context.data.display()))
                .hint("name its data folder with --data-dir"),
        );
    }
    let engine = start::engine(&settings, given(context)).map_err(hint)?;
    let copied = backup::copy_by_hand(&engine, &args.file)
        .map_err(|error| Failure::new(error).hint("name a file in a folder with enough room"))?;
    context.say(&format!(
        "{}: the database and {} documents, {:.1} MiB",
        copied.file,
        copied.blobs,
        copied.bytes as f64 / f64::from(1 << 20)
    ));
    Ok(Exit::Fine)
}

pub(crate) fn restore(context: &Context, args: &Restore) -> Result<Exit, Failure> {
    let copied = backup::restore(&args.file, &context.data).map_err(|error| {
        Failure::new(error)
            .hint("name an empty data folder, and a file that `stanchion backup` wrote")
    })?;
    context.say(&format!(
        "{} holds the portal again, with {} documents; start it with `stanchion serve`",
        copied.file, copied.blobs
    ));
    Ok(Exit::Fine)
}
