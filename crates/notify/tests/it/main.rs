//! Channels against servers on real sockets.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are not told from other code here"
)]

mod mail;
mod smtp;
mod webhook;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use stanchion_net::{Options, Proxies};
use stanchion_notify::{Message, Urgency};

fn options(allowed: &str) -> Options {
    Options {
        allow_private: vec![allowed.to_owned()],
        proxies: Proxies::none(),
        roots: None,
        ..Options::default()
    }
}

fn message() -> Message {
    Message {
        id: "evt_1".into(),
        subject: "Three findings are due".into(),
        text: "See the list.\n".into(),
        html: None,
        event: json!({"type": "finding.due", "timestamp": "2026-01-01T00:00:00Z", "data": {"count": 3}}),
        urgency: Urgency::Normal,
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_hours(500_000)
}
