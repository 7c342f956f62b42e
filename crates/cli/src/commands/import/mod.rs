//! `stanchion import`: takes over what another platform knows, through the portal's own interface.
//!
//! It goes page by page, remembers each thing that came ([`state`]), and can be stopped at any moment: the next run goes
//! on, and sends nothing again that has not changed. What does not come is listed with its reason.

mod defectdojo;
mod dependency_track;
mod into;
mod outcome;
mod source;
mod state;
mod suggestion;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;

use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::output;
use crate::policies;
use crate::portal::Portal;
use crate::portal::connection::{Connection, Scheme, Secret, address, client};
use crate::portal_args::{From, How, Import};

use into::Into;
use outcome::Outcome;
use source::Source;
use state::State;

const FORMATS: &[&str] = &["table", "json"];
/// Largest file of a key.
const MOST_KEY: u64 = 64 << 10;

pub(crate) fn run(context: &Context, args: &Import) -> Result<Exit, Failure> {
    match &args.from {
        From::DependencyTrack { url, key_file, how } => {
            let scheme = Scheme::ApiKey;
            let name = "Dependency-Track";
            import(
                context,
                (name, url, key_file, scheme),
                how,
                &dependency_track::import,
            )
        }
        From::DefectDojo {
            url,
            token_file,
            how,
        } => {
            let scheme = Scheme::Token;
            import(
                context,
                ("DefectDojo", url, token_file, scheme),
                how,
                &defectdojo::import,
            )
        }
    }
}

/// What is taken over, and how.
struct Run<'r> {
    context: &'r Context,
    source: Source,
    how: &'r How,
    into: Into,
    outcome: Outcome,
}

impl Run<'_> {
    /// Whether a name is wanted.
    fn wants(&self, name: &str) -> bool {
        self.how.only.is_empty() || self.how.only.iter().any(|pattern| fits(pattern, name))
    }
}

/// Takes everything over. What is wrong with single things goes into the outcome; an error ends the run.
type Importer = dyn Fn(&mut Run<'_>) -> Result<(), Failure>;

fn import(
    context: &Context,
    (name, url, key, scheme): (&'static str, &str, &Path, Scheme),
    how: &How,
    importer: &Importer,
) -> Result<Exit, Failure> {
    let outputs = output::parse(&how.output, FORMATS)?;
    if context.offline {
        return Err(
            failure("nothing can be imported while the offline switch is on")
                .hint("leave out --offline (or unset STANCHION_OFFLINE)"),
        );
    }
    if let Some(day) = &how.expires
        && words::day(day).as_deref() != Some(day.as_str())
    {
        return Err(failure(format!("{day:?} is no day")).hint("write it as 2027-01-31"));
    }
    let base = address(url)?;
    let secret = Secret::new(&policies::bounded(key, MOST_KEY)?)?;
    let portal = Portal::needed(context)?;
    let state = State::open(&context.data, &base, portal.url(), how.dry_run)?;
    let mut run = Run {
        context,
        source: Source {
            connection: Connection {
                client: client(context, &base),
                base,
                secret,
                scheme,
                name,
            },
        },
        how,
        into: Into::new(portal, state, how.dry_run),
        outcome: Outcome::new(name),
    };
    let ended = importer(&mut run);
    run.outcome.dry_run = how.dry_run;
    if let Err(failure) = &ended {
        run.outcome.ended = Some(failure.error.to_string());
    }
    for output in &outputs {
        run.outcome.write(output)?;
    }
    match ended {
        Err(failure) => Err(Failure {
            exit: Exit::Incomplete,
            ..failure
        }
        .hint("what came is remembered: the same command goes on from here")),
        Ok(()) if run.outcome.missing.is_empty() => Ok(Exit::Fine),
        Ok(()) => Ok(Exit::Incomplete),
    }
}

/// Whether a name fits a pattern, in which a `*` stands for anything. Case does not count.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    rest.ends_with(last)
}
