//! What every command is given: where state is kept, what may be reached, how to talk.

use std::path::PathBuf;
use std::time::Instant;

use stanchion_advisories::{Database, Index};

use crate::args::{Colour, Global};
use crate::exit::{Failure, failure};
use crate::output;
use crate::settings::{self, UserSettings};

/// Resolved once from flags, environment and the user's settings.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) start: Instant,
    pub(crate) database: Database,
    /// The folder of the database and of what is remembered.
    pub(crate) data: PathBuf,
    pub(crate) offline: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) settings: UserSettings,
    /// RFC 3339, whole seconds.
    pub(crate) now: String,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let start = Instant::now();
        colour(global.color);
        let settings = settings::user()?;
        let data = match &global.data_dir {
            Some(folder) if !folder.as_os_str().is_empty() => folder.clone(),
            _ => data_folder()?,
        };
        let said = std::env::var("STANCHION_OFFLINE").unwrap_or_default();
        let offline = match said.trim() {
            "" | "0" | "false" | "no" => false,
            "1" | "true" | "yes" => true,
            other => {
                return Err(failure(format!("STANCHION_OFFLINE is {other:?}"))
                    .hint("set it to 1 or leave it out"));
            }
        };
        Ok(Self {
            start,
            database: Database::at(&data),
            data,
            offline: offline || global.offline || settings.offline,
            quiet: global.quiet,
            verbose: global.verbose > 0,
            settings,
            now: now(),
        })
    }

    /// Seconds since the program started.
    pub(crate) fn elapsed(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// A line for people on standard error, unless they asked for quiet.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            output::say(line);
        }
    }

    /// The database as it stands; the starter set where there is none.
    pub(crate) fn index(&self) -> Result<Index, Failure> {
        match self.database.open()? {
            Some(index) => Ok(index),
            None => Ok(stanchion_advisories::starter()?),
        }
    }
}

/// The time that documents are stamped with: `SOURCE_DATE_EPOCH`, else the given one.
pub(crate) fn stamp(otherwise: &str) -> Result<String, Failure> {
    let Ok(seconds) = std::env::var("SOURCE_DATE_EPOCH") else {
        return Ok(otherwise.to_owned());
    };
    let wrong = || {
        failure(format!("SOURCE_DATE_EPOCH is {seconds:?}"))
            .hint("it takes whole seconds since 1970")
    };
    let number: i64 = seconds.trim().parse().map_err(|_| wrong())?;
    jiff::Timestamp::from_second(number)
        .map(|time| time.to_string())
        .map_err(|_| wrong())
}

fn data_folder() -> Result<PathBuf, Failure> {
    directories::ProjectDirs::from("", "", "stanchion")
        .map(|folders| folders.data_dir().to_owned())
        .ok_or_else(|| {
            failure("this account has no home folder to keep the database in")
                .hint("name a folder with --data-dir")
        })
}

fn now() -> String {
    let second = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(second)
        .map_or_else(|_| "1970-01-01T00:00:00Z".into(), |time| time.to_string())
}

fn colour(wanted: Colour) {
    let choice = match wanted {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::AlwaysAnsi,
        Colour::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
}

/// A time from `--as-of`: RFC 3339, or a day that stands for its first moment.
pub(crate) fn time(text: &str) -> Result<String, Failure> {
    let full = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    full.parse::<jiff::Timestamp>()
        .map(|time| time.to_string())
        .map_err(|_| {
            failure(format!("{text:?} is no time"))
                .hint("write it as 2026-11-24 or 2026-11-24T10:00:00Z")
        })
}
