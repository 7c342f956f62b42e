//! The `stanchion` binary: arguments, settings, progress, exit codes, wiring.

mod args;
mod commands;
mod context;
mod exit;
mod fetching;
mod judged;
mod output;
mod policies;
mod policy_args;
mod portal;
mod portal_args;
mod repository;
#[cfg(feature = "portal")]
mod serve_args;
mod settings;
mod sightings;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::context::Context;
use crate::exit::{Exit, Failure};

fn main() -> ExitCode {
    let args = Args::parse();
    let result = Context::new(&args.global).and_then(|context| match &args.command {
        Command::Scan(args) => commands::scan::run(&context, args),
        Command::Sbom(args) => commands::sbom::run(&context, args),
        Command::Explain(args) => commands::explain::run(&context, args),
        Command::Coverage(args) => commands::coverage::run(&context, args),
        Command::Policy(args) => commands::policy::run(&context, args),
        Command::Exception(args) => commands::exception::run(&context, args),
        Command::Vex(args) => commands::vex::run(&context, args),
        Command::Login(args) => commands::login::run(&context, args),
        Command::Logout(args) => commands::login::out(&context, args),
        Command::Push(args) => commands::push::run(&context, args),
        Command::Import(args) => commands::import::run(&context, args),
        Command::Db(args) => commands::db::run(&context, args),
        #[cfg(feature = "portal")]
        Command::Serve(args) => commands::serve::run(&context, args),
        #[cfg(feature = "portal")]
        Command::Admin(args) => commands::admin::run(&context, args),
        #[cfg(feature = "portal")]
        Command::Backup(args) => commands::serve::backup(&context, args),
        #[cfg(feature = "portal")]
        Command::Restore(args) => commands::serve::restore(&context, args),
    });
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => fail(&failure),
    }
}

/// Says what happened and what to do next. A reader that went away is no failure.
fn fail(failure: &Failure) -> ExitCode {
    if failure.is_broken_pipe() {
        return Exit::Fine.into();
    }
    let red = anstyle_red();
    // A cause that its effect has already told is not told again.
    let mut message = String::new();
    for cause in failure.error.chain().map(ToString::to_string) {
        if !message.contains(&cause) {
            message.push_str(if message.is_empty() { "" } else { ": " });
            message.push_str(&cause);
        }
    }
    let message = output::harmless(&message).replace('\n', " ");
    // With standard error closed or full there is nobody left to tell.
    let excerpt = output::harmless(&failure.excerpt);
    let _ = writeln!(
        anstream::stderr().lock(),
        "{red}error{red:#}: {message}{excerpt}"
    );
    if let Some(hint) = &failure.hint {
        output::say(&format!("hint: {hint}"));
    }
    failure.exit.into()
}

fn anstyle_red() -> clap::builder::styling::Style {
    clap::builder::styling::Style::new()
        .bold()
        .fg_color(Some(clap::builder::styling::AnsiColor::Red.into()))
}
