//! The log: lines on standard error, in JSON or plain.
//!
//! Nothing here knows a secret: a request's line has its route's template, never its path, query or headers.

use thiserror::Error;
use tracing_subscriber::EnvFilter;

use super::settings::{LogFormat, LogSettings};

/// The target of the lines of requests; `level = "info,access=off"` leaves them out as well.
pub(super) const REQUESTS: &str = "access";

/// The log cannot be set up.
#[derive(Debug, Error)]
pub enum LogError {
    /// The level is not one.
    #[error(
        "the log level `{level}` cannot be read: {reason}; write error, warn, info, debug or trace"
    )]
    Level {
        /// As it is in the settings.
        level: String,
        /// Why it is none.
        reason: String,
    },
    /// The log of this process is set up already.
    #[error("the log of this process is set up already")]
    Twice,
}

/// Sets up the log of the process. Once: what is logged before is lost.
pub fn start(settings: &LogSettings) -> Result<(), LogError> {
    let filter = EnvFilter::builder()
        .with_regex(false)
        .parse(&settings.level)
        .map_err(|error| LogError::Level {
            level: settings.level.clone(),
            reason: error.to_string(),
        })?;
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(filter);
    let started = match settings.format {
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Plain => builder.try_init(),
    };
    started.map_err(|_| LogError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_none_is_told() {
        let settings = LogSettings {
            level: "info,stanchion=loud".to_owned(),
            ..LogSettings::default()
        };
        let error = start(&settings).unwrap_err().to_string();
        assert!(error.contains("loud"), "{error}");
    }
}
