//! `stanchion admin`: what whoever runs the portal does on its machine about people and the log.

use std::io::{BufRead, IsTerminal, Write};

use stanchion_server::people::admin::{self, AdminError};
use stanchion_server::people::password;
use stanchion_store::Store;

use crate::commands::serve;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::serve_args::{Admin, AdminCommand, AuditCommand};

pub(crate) fn run(context: &Context, args: &Admin) -> Result<Exit, Failure> {
    let settings = serve::settings(context, args.config.as_ref())?;
    let address = settings
        .store
        .address(&context.data)
        .map_err(Failure::new)?;
    let store = &Store::at(&address, 1).map_err(|error| {
        Failure::new(error)
            .hint("name the portal's data folder with --data-dir, or its settings with --config")
    })?;
    let now = jiff::Timestamp::now().as_second();
    match &args.command {
        AdminCommand::Create {
            name,
            break_glass,
            password_stdin,
        } => {
            let password = read(*password_stdin)?;
            admin::create(store, name, &password, *break_glass, now)
                .map_err(|error| refused(&error))?;
            context.say(&format!("{name} can sign in now and administer everything"));
            Ok(Exit::Fine)
        }
        AdminCommand::Reset {
            name,
            password_stdin,
        } => {
            let password = read(*password_stdin)?;
            admin::reset(store, name, &password, now).map_err(|error| refused(&error))?;
            context.say(&format!(
                "{name} can sign in with the new password; the second factor is off and all sessions have ended"
            ));
            Ok(Exit::Fine)
        }
        AdminCommand::Audit {
            command: AuditCommand::Verify,
        } => {
            let verified = store
                .verify_audit()
                .map_err(|error| failure(error.to_string()))?;
            let head = stanchion_model::digest::hex(&verified.head);
            let mut out = std::io::stdout().lock();
            writeln!(
                out,
                "{} rows follow from each other, up to {head}",
                verified.rows
            )?;
            match verified.fault {
                None => Ok(Exit::Fine),
                Some(fault) => Err(failure(format!("the log is not whole: {fault}")).hint(
                    "compare it with a backup; what comes before that row is as it was written",
                )),
            }
        }
    }
}

fn refused(error: &AdminError) -> Failure {
    failure(error.to_string()).hint(AdminError::HINT)
}

/// The password: one line of standard input. Typed, it is asked for twice, with the terminal told not to show it.
fn read(from_input: bool) -> Result<String, Failure> {
    let input = std::io::stdin();
    if from_input {
        return line(&mut input.lock());
    }
    if !input.is_terminal() {
        return Err(failure("there is no terminal to ask for the password on")
            .hint("hand it over with --password-stdin"));
    }
    let first = ask("New password")?;
    let second = ask("Once more")?;
    if first == second {
        Ok(first)
    } else {
        Err(failure("the two are not the same").hint("run it again"))
    }
}

/// Asks on the terminal, which does not show what is typed.
fn ask(text: &str) -> Result<String, Failure> {
    let terminal = console::Term::stderr();
    terminal.write_str(&format!("{text}: "))?;
    Ok(terminal.read_secure_line()?)
}

fn line(input: &mut dyn BufRead) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let most = password::LONGEST as u64 + 2;
    std::io::Read::take(input, most).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        failure("the password is not UTF-8")
            .hint("type it, or write it as UTF-8 without a byte order mark")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
