//! The registry of channels: a new one is a file beside this one, a row in [`CHANNELS`] and an arm in each match.

use std::time::SystemTime;

use stanchion_net::Client;

use crate::{Delivery, Mail, Message, Webhook};

/// Every kind of channel, by its name in settings, and what it does.
pub const CHANNELS: &[(&str, &str)] = &[
    ("mail", "mail over SMTP, to people"),
    ("webhook", "a signed POST to a program (Standard Webhooks)"),
];

/// A way to tell somebody.
#[derive(Clone, Debug)]
pub enum Channel {
    /// Mail over SMTP.
    Mail(Mail),
    /// A signed POST.
    Webhook(Webhook),
}

impl Channel {
    /// Its name in [`CHANNELS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Everybody whom it tells, each with an outcome of their own. No secret is among them.
    pub fn recipients(&self) -> Vec<String> {
        match self {
            Self::Mail(mail) => mail.recipients(),
            Self::Webhook(webhook) => vec![webhook.recipient().to_owned()],
        }
    }

    /// Makes one attempt, and gives one outcome for each of `to`: all [`Channel::recipients`] at first, later those
    /// who are still to be told.
    pub fn send(
        &self,
        client: &Client,
        message: &Message,
        to: &[String],
        now: SystemTime,
    ) -> Vec<Delivery> {
        match self {
            Self::Mail(mail) => mail.send(client, message, to, now),
            Self::Webhook(webhook) => to
                .iter()
                .map(|recipient| Delivery {
                    recipient: recipient.clone(),
                    ..webhook.send(client, message, now)
                })
                .collect(),
        }
    }
}
