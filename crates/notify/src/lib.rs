//! Carries an event to people and their tools.
//!
//! The caller says what there is to tell ([`Message`]) and keeps the queue; a [`Channel`] makes one attempt and says
//! what became of it ([`Outcome`]). All calls block. Every connection goes through [`stanchion_net`]: the offline
//! switch and the guard against private addresses hold here too.

mod channel;
mod mail;
mod message;
mod outcome;
mod secret;
mod webhook;

pub use channel::{CHANNELS, Channel};
pub use mail::{Mail, MailSettings, Tls};
pub use message::{Message, Urgency};
pub use outcome::{Delivery, Outcome};
pub use secret::Secret;
pub use webhook::{TOLERANCE, VerifyError, Webhook, WebhookSettings, verify};

/// A setting that no channel can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{channel}: {what} {reason}")]
pub struct SettingsError {
    /// Which channel.
    pub channel: &'static str,
    /// Which setting.
    pub what: &'static str,
    /// What is wrong with it; never its value, which may be a secret.
    pub reason: &'static str,
    hint: &'static str,
}

impl SettingsError {
    /// What a person should do next.
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}
