//! A signed POST, by the convention of [Standard Webhooks](https://www.standardwebhooks.com), version 1.0.0.
//!
//! What is signed is `id.timestamp.body`, with HMAC-SHA256 and the bytes behind `whsec_`. The id stays the same from
//! attempt to attempt, the timestamp is that of the attempt.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use stanchion_net::{Client, Method, NetErrorKind, Request};

use crate::{Delivery, Message, Outcome, Secret, SettingsError};

/// How far a timestamp may be from the receiver's clock, either way.
pub const TOLERANCE: Duration = Duration::from_mins(5);

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// Of a receiver's answer, so much is read: only its status counts.
const ANSWER: u64 = 16 * 1024;

/// How a webhook is called.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Where to: `https`, or `http` for hosts that are allowed to be private.
    pub url: String,
    /// `whsec_` and 24 to 64 bytes in base64. With several, each signs: the new one first, the old one for as long as
    /// receivers change over.
    pub secrets: Vec<Secret>,
    /// Time for one attempt; the convention advises 15 to 30 s.
    pub timeout: Duration,
}

/// A webhook whose settings are in order.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    shown: String,
    keys: Vec<hmac::Key>,
    timeout: Duration,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("url", &origin(&self.url))
            .field("secrets", &self.secrets.len())
            .field("timeout", &self.timeout)
            .finish()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("url", &self.shown)
            .finish_non_exhaustive()
    }
}

/// An address up to its host: what comes after it is a secret at many services.
fn origin(url: &str) -> String {
    let shown = stanchion_net::redact(url);
    let Some((scheme, rest)) = shown.split_once("://") else {
        return "***".into();
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// The key behind a secret.
fn key(secret: &Secret) -> Result<hmac::Key, SettingsError> {
    let wrong = |reason| SettingsError {
        channel: "webhook",
        what: "secret",
        reason,
        hint: "take whsec_ and the base64 of 32 random bytes: openssl rand -base64 32",
    };
    let text = secret
        .reveal()
        .trim()
        .strip_prefix("whsec_")
        .ok_or_else(|| wrong("does not start with whsec_"))?;
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| wrong("is no base64 after whsec_"))?;
    if !(24..=64).contains(&bytes.len()) {
        return Err(wrong("does not hold 24 to 64 bytes"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signed(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl Webhook {
    /// Checks the settings; nothing is looked up or connected yet.
    pub fn new(settings: &WebhookSettings) -> Result<Self, SettingsError> {
        let wrong = |what, reason, hint| SettingsError {
            channel: "webhook",
            what,
            reason,
            hint,
        };
        if !["https://", "http://"]
            .iter()
            .any(|scheme| settings.url.starts_with(scheme))
        {
            return Err(wrong("url", "is no https address", "give it in full"));
        }
        let keys = settings
            .secrets
            .iter()
            .map(key)
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() || keys.len() > 4 {
            return Err(wrong(
                "secrets",
                "are none, or more than four",
                "give the current one, and the one before while receivers change over",
            ));
        }
        Ok(Self {
            shown: origin(&settings.url),
            url: settings.url.clone(),
            keys,
            timeout: settings.timeout,
        })
    }

    /// Where it goes, up to the host.
    pub(crate) fn recipient(&self) -> &str {
        &self.shown
    }

    /// The headers that say who speaks and when.
    fn headers(&self, id: &str, body: &[u8], now: SystemTime) -> Vec<(String, String)> {
        let timestamp = seconds(now).to_string();
        let content = signed(id, &timestamp, body);
        let signatures: Vec<String> = self
            .keys
            .iter()
            .map(|key| format!("v1,{}", STANDARD.encode(hmac::sign(key, &content))))
            .collect();
        vec![
            ("content-type".into(), "application/json".into()),
            (ID.into(), id.to_owned()),
            (TIMESTAMP.into(), timestamp),
            (SIGNATURE.into(), signatures.join(" ")),
        ]
    }

    /// Makes one attempt.
    pub(crate) fn send(&self, client: &Client, message: &Message, now: SystemTime) -> Delivery {
        let body = message.event.to_string().into_bytes();
        let request = Request {
            method: Method::Post,
            url: self.url.clone(),
            headers: self.headers(&message.token(), &body, now),
            body,
            limit: ANSWER,
            redirects: false,
            timeout: Some(self.timeout),
        };
        match client.request(&request) {
            Ok(answer) => Delivery {
                outcome: judged(answer.status),
                wait: answer.retry_after(now),
                recipient: self.shown.clone(),
            },
            // Only of a success so much is too much: it has been taken.
            Err(error) if matches!(error.kind, NetErrorKind::TooLarge { .. }) => {
                Delivery::new(&self.shown, Outcome::Delivered)
            }
            Err(error) => Delivery::new(&self.shown, Outcome::from(&error)),
        }
    }
}

/// What a status means for a webhook. The convention takes everything but 2xx for a failure that may pass, and 410 for
/// the receiver's wish to hear nothing more.
fn judged(status: u16) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        410 => {
            Outcome::Never("the receiver answered 410: it is gone, and wants nothing more".into())
        }
        300..=399 => Outcome::Later(format!(
            "the receiver answered {status}: redirects are not followed; set the webhook to its new address"
        )),
        429 => Outcome::Later("the receiver answered 429: too many at once".into()),
        401 | 403 => Outcome::Later(format!(
            "the receiver answered {status}: check that it has the same secret"
        )),
        404 | 405 => Outcome::Later(format!(
            "the receiver answered {status}: check the webhook's address"
        )),
        _ => Outcome::Later(format!(
            "the receiver answered {status}: see what it says about that in its own log"
        )),
    }
}

/// Why a webhook that came is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The secret is none.
    #[error(transparent)]
    Secret(#[from] SettingsError),
    /// A header is missing.
    #[error("the header {0} is missing; the sender must sign by Standard Webhooks")]
    Missing(&'static str),
    /// The timestamp is no number, or too far from the clock here.
    #[error(
        "the timestamp is not of these minutes; check both clocks, or it is sent a second time"
    )]
    Timestamp,
    /// No signature fits.
    #[error(
        "no signature fits; check that both sides have the same secret, and that the body is as it came"
    )]
    Signature,
}

/// Whether a webhook that came is from whoever knows the secret, as it was sent, and sent just now. The receiver still
/// has to keep the ids of these minutes, to tell when one comes twice.
pub fn verify(
    secret: &Secret,
    headers: &[(String, String)],
    body: &[u8],
    now: SystemTime,
) -> Result<(), VerifyError> {
    let key = key(secret)?;
    let header = |name: &'static str| {
        headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
            .ok_or(VerifyError::Missing(name))
    };
    let (id, timestamp, signatures) = (header(ID)?, header(TIMESTAMP)?, header(SIGNATURE)?);
    // Digits alone: a dot in it, or in the id, would let the signed parts be cut elsewhere.
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::Timestamp);
    }
    let sent: u64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    if sent.abs_diff(seconds(now)) > TOLERANCE.as_secs() {
        return Err(VerifyError::Timestamp);
    }
    if id.contains('.') {
        return Err(VerifyError::Signature);
    }
    let content = signed(id, timestamp, body);
    signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        // `ring` compares in constant time.
        .any(|signature| hmac::verify(&key, &content, &signature).is_ok())
        .then_some(())
        .ok_or(VerifyError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = Vec<(String, String)>;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn settings(secrets: &[&str]) -> WebhookSettings {
        WebhookSettings {
            url: "https://user:pw@hooks.example/services/T0/s3cret?x=1".into(),
            secrets: secrets.iter().map(|&secret| Secret::new(secret)).collect(),
            timeout: Duration::from_secs(20),
        }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// The example that the libraries of the convention all compute.
    fn example() -> (Vec<(String, String)>, &'static [u8]) {
        let body: &[u8] = b"{\"test\": 2432232314}";
        let headers = Webhook::new(&settings(&[KEY])).unwrap().headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            body,
            at(1_614_265_330),
        );
        (headers, body)
    }

    #[test]
    fn signatures_are_those_of_the_convention() {
        let (headers, body) = example();
        let value = |name: &str| {
            headers
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(
            value(SIGNATURE),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
        assert_eq!(value(TIMESTAMP), Some("1614265330"));
        verify(&Secret::new(KEY), &headers, body, at(1_614_265_330)).unwrap();
    }

    #[test]
    fn what_was_touched_does_not_pass() {
        let (headers, body) = example();
        let now = at(1_614_265_330);
        let secret = Secret::new(KEY);
        let check = |change: &dyn Fn(&mut Headers), body: &[u8], now| {
            let mut headers = headers.clone();
            change(&mut headers);
            verify(&secret, &headers, body, now)
        };
        let set = |name: &'static str, value: &'static str| {
            move |headers: &mut Headers| {
                for (_, own) in headers.iter_mut().filter(|(own, _)| own == name) {
                    value.clone_into(own);
                }
            }
        };
        let none = |_: &mut Headers| {};
        assert_eq!(
            check(&none, b"{\"test\": 2432232315}", now),
            Err(VerifyError::Signature)
        );
        assert_eq!(check(&none, b"", now), Err(VerifyError::Signature));
        assert_eq!(
            check(&set(ID, "msg_other"), body, now),
            Err(VerifyError::Signature)
        );
        assert_eq!(
            check(&set(ID, "a.b"), body, now),
            Err(VerifyError::Signature)
        );
        assert_eq!(
            check(&set(TIMESTAMP, "1614265331"), body, now),
            Err(VerifyError::Signature)
        );
        for time in [
            "",
            "soon",
            "-1",
            "1614265330.5",
            "99999999999999999999999",
            "+1614265330",
        ] {
            let wrong = check(&set(TIMESTAMP, time), body, now);
            assert!(
                matches!(wrong, Err(VerifyError::Timestamp | VerifyError::Missing(_))),
                "{time}"
            );
        }
        for signature in [
            "v1,",
            "v1,dawfeoi",
            "v1",
            "x",
            "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1,g0hM9SsE",
        ] {
            assert_eq!(
                check(&set(SIGNATURE, signature), body, now),
                Err(VerifyError::Signature),
                "{signature}"
            );
        }
        for name in [ID, TIMESTAMP, SIGNATURE] {
            let without = move |headers: &mut Headers| headers.retain(|(own, _)| own != name);
            assert_eq!(check(&without, body, now), Err(VerifyError::Missing(name)));
        }
        let other = Secret::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(
            verify(&other, &headers, body, now),
            Err(VerifyError::Signature)
        );
        // Up to five minutes off, either way.
        for (off, ok) in [(300, true), (301, false)] {
            assert_eq!(check(&none, body, at(1_614_265_330 + off)).is_ok(), ok);
            assert_eq!(check(&none, body, at(1_614_265_330 - off)).is_ok(), ok);
        }
    }

    #[test]
    fn secrets_change_over() {
        let new = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let both = Webhook::new(&settings(&[new, KEY])).unwrap();
        let headers = both.headers("a", b"{}", at(9));
        for secret in [new, KEY] {
            verify(&Secret::new(secret), &headers, b"{}", at(9)).unwrap();
        }
        let old = Webhook::new(&settings(&[KEY]))
            .unwrap()
            .headers("a", b"{}", at(9));
        assert!(verify(&Secret::new(new), &old, b"{}", at(9)).is_err());
    }

    #[test]
    fn wrong_settings_are_told_without_the_secret() {
        for secret in ["", "s3cret", "whsec_s3cret!", "whsec_czNjcmV0", "whsec_"] {
            let error = Webhook::new(&settings(&[secret])).unwrap_err();
            assert_eq!(error.what, "secret");
            assert!(!format!("{error} {error:?}").contains("s3cret") && !error.hint().is_empty());
        }
        assert!(Webhook::new(&settings(&[])).is_err());
        assert!(Webhook::new(&settings(&[KEY; 5])).is_err());
        let url = |url: &str| {
            Webhook::new(&WebhookSettings {
                url: url.into(),
                ..settings(&[KEY])
            })
        };
        assert!(url("ftp://x/").is_err() && url("").is_err());
        let shown = format!(
            "{:?} {:?}",
            settings(&[KEY]),
            Webhook::new(&settings(&[KEY])).unwrap()
        );
        assert!(
            !shown.contains("s3cret") && !shown.contains("MfKQ") && !shown.contains("pw"),
            "{shown}"
        );
        assert!(shown.contains("hooks.example"), "{shown}");
    }
}
