//! Signed webhooks against the fixture's server.

use std::time::Duration;

use stanchion_net::fixture::{ALWAYS, Behaviour, Server};
use stanchion_net::{Client, Options};
use stanchion_notify::{
    CHANNELS, Channel, Delivery, Outcome, Secret, VerifyError, Webhook, WebhookSettings, verify,
};

use crate::{message, now, options};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn channel(url: String) -> Channel {
    let settings = WebhookSettings {
        url,
        secrets: vec![Secret::new(KEY)],
        timeout: Duration::from_secs(5),
    };
    Channel::Webhook(Webhook::new(&settings).unwrap())
}

fn send(options: Options, url: String) -> Delivery {
    let channel = channel(url);
    let mut done = channel.send(
        &Client::new(options),
        &message(),
        &channel.recipients(),
        now(),
    );
    assert_eq!(done.len(), 1);
    done.remove(0)
}

fn told(status: u16, headers: &[(&str, &str)]) -> Behaviour {
    let headers = headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Behaviour {
        status: Some((status, headers, ALWAYS)),
        ..Behaviour::default()
    }
}

#[test]
fn what_arrives_is_signed() {
    let server = Server::start();
    server.behave("/hook", told(204, &[]));
    let done = send(options(&server.host()), server.url("/hook"));
    assert_eq!(done.outcome, Outcome::Delivered);
    assert_eq!(done.recipient, format!("http://{}", server.host()));
    let came = server.requests().pop().unwrap();
    assert_eq!(
        (came.method.as_str(), came.path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(came.headers["content-type"], "application/json");
    assert_eq!(came.headers["webhook-id"], "evt_1");
    let body: serde_json::Value = serde_json::from_slice(&came.body).unwrap();
    assert_eq!(body, message().event);
    let headers: Vec<_> = came.headers.into_iter().collect();
    let secret = Secret::new(KEY);
    verify(&secret, &headers, &came.body, now()).unwrap();
    let mut body = came.body.clone();
    body[2] ^= 1;
    assert_eq!(
        verify(&secret, &headers, &body, now()),
        Err(VerifyError::Signature)
    );
    let late = now() + Duration::from_secs(301);
    assert_eq!(
        verify(&secret, &headers, &came.body, late),
        Err(VerifyError::Timestamp)
    );
    // The next attempt has the same id, and a time and a signature of its own.
    let next = now() + Duration::from_hours(1);
    let channel = channel(server.url("/hook"));
    channel.send(
        &Client::new(options(&server.host())),
        &message(),
        &channel.recipients(),
        next,
    );
    let again = server.requests().pop().unwrap();
    assert_eq!(again.headers["webhook-id"], "evt_1");
    let headers: Vec<_> = again.headers.into_iter().collect();
    verify(&secret, &headers, &again.body, next).unwrap();
    assert_eq!(
        verify(&secret, &headers, &again.body, now()),
        Err(VerifyError::Timestamp)
    );
    assert!(CHANNELS.iter().any(|(kind, _)| *kind == channel.kind()));
}

#[test]
fn statuses_are_judged() {
    let server = Server::start();
    server.put("/end", "end");
    let outcome = |status, headers: &[(&str, &str)]| {
        server.behave("/hook", told(status, headers));
        let before = server.asked("/hook");
        let done = send(options(&server.host()), server.url("/hook"));
        // Each attempt is one request: when the next one is, the queue says.
        assert_eq!(server.asked("/hook") - before, 1);
        done
    };
    for status in [200, 201, 202, 204] {
        assert_eq!(outcome(status, &[]).outcome, Outcome::Delivered);
    }
    for status in [301, 307, 400, 401, 404, 408, 413, 429, 500, 502, 503, 504] {
        let done = outcome(status, &[("Location", "/end"), ("Retry-After", "120")]);
        let Outcome::Later(reason) = done.outcome else {
            panic!("{status}: {done:?}")
        };
        assert!(reason.contains(&status.to_string()), "{reason}");
        assert_eq!(done.wait, Some(Duration::from_mins(2)));
    }
    let gone = outcome(410, &[]);
    assert!(matches!(gone.outcome, Outcome::Never(_)), "{gone:?}");
    assert_eq!(server.asked("/end"), 0, "a redirect was followed");
}

#[test]
fn a_receiver_in_trouble_is_tried_later() {
    let server = Server::start();
    server.behave(
        "/mute",
        Behaviour {
            mute: true,
            ..Behaviour::default()
        },
    );
    server.put("/cut", "0123456789");
    server.behave(
        "/cut",
        Behaviour {
            cut: Some((2, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let settings = WebhookSettings {
        url: server.url("/mute"),
        secrets: vec![Secret::new(KEY)],
        timeout: Duration::from_millis(200),
    };
    let mute = Channel::Webhook(Webhook::new(&settings).unwrap());
    let client = Client::new(options(&server.host()));
    let done = mute.send(&client, &message(), &mute.recipients(), now());
    assert!(matches!(done[0].outcome, Outcome::Later(_)), "{done:?}");
    let done = send(options(&server.host()), server.url("/cut"));
    assert!(matches!(done.outcome, Outcome::Later(_)), "{done:?}");
    // More than is read of an answer: taken all the same.
    server.put("/long", vec![b'x'; 100_000]);
    let done = send(options(&server.host()), server.url("/long"));
    assert_eq!(done.outcome, Outcome::Delivered);
    // Nobody there.
    let host = server.host();
    drop(server);
    let done = send(options(&host), format!("http://{host}/s3cret"));
    let Outcome::Later(reason) = done.outcome else {
        panic!("{done:?}")
    };
    assert!(!reason.contains("s3cret"), "{reason}");
}

#[test]
fn the_guard_and_the_switch_hold() {
    let server = Server::start();
    for url in [
        server.url("/s3cret"),
        "https://127.0.0.1/s3cret".into(),
        "https://10.1.2.3/s3cret".into(),
        "https://169.254.169.254/s3cret".into(),
        "https://u:s3cret@localhost/s3cret".into(),
        "http://example.org/s3cret".into(),
    ] {
        let done = send(options("other.example"), url.clone());
        let Outcome::Never(reason) = &done.outcome else {
            panic!("{url}: {done:?}")
        };
        assert!(!format!("{reason} {done:?}").contains("s3cret"), "{done:?}");
    }
    let offline = Options {
        offline: true,
        ..options(&server.host())
    };
    let done = send(offline, server.url("/hook"));
    assert!(matches!(done.outcome, Outcome::Later(_)), "{done:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn an_odd_id_does_not_leave_its_header() {
    let server = Server::start();
    server.behave("/hook", told(204, &[]));
    let channel = channel(server.url("/hook"));
    let client = Client::new(options(&server.host()));
    let odd = stanchion_notify::Message {
        id: "a.b\r\nx-evil: 1".into(),
        ..message()
    };
    let done = channel.send(&client, &odd, &channel.recipients(), now());
    assert_eq!(done[0].outcome, Outcome::Delivered);
    let came = server.requests().pop().unwrap();
    assert!(came.headers["webhook-id"].starts_with("msg_") && !came.headers.contains_key("x-evil"));
    let headers: Vec<_> = came.headers.into_iter().collect();
    verify(&Secret::new(KEY), &headers, &came.body, now()).unwrap();
}
