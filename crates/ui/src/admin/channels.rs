//! Who is told of what?

use maud::{Markup, html};

use super::{Part, Sent, framed, one_button};
use crate::forms::{Input, Typed, checks, input, radios};
use crate::frame::{Around, crumbs};
use crate::parts::{ago, counted, cut, empty, encoded};

/// A way to tell people.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `mail` or `webhook`.
    pub kind: String,
    /// Addresses, or the host.
    pub target: String,
    /// Kinds of events.
    pub events: Vec<String>,
    /// Nothing goes there.
    pub disabled: bool,
}

/// What became of telling it.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// `delivered`, `later` or `never`.
    pub state: String,
    /// Tries.
    pub attempts: i64,
    /// When.
    pub at: i64,
    /// Why not.
    pub note: String,
}

/// A kind of event in words.
pub fn event_words(kind: &str) -> &str {
    match kind {
        "finding.exploited" => "something of ours is known to be exploited",
        "finding.appeared" => "a finding appears",
        "finding.reopened" => "a finding comes back",
        "finding.changed" => "a finding changes",
        "finding.closed" => "a finding is closed",
        "inventory.received" => "an inventory comes in",
        "product.created" => "a product is made",
        "product.changed" => "a product is changed",
        "product.deleted" => "a product is taken away",
        "exception.requested" => "somebody asks for an exception",
        "exception.decided" => "an exception is decided",
        "exception.ended" => "an exception ends",
        "decision.made" => "somebody decides about a finding",
        "decision.withdrawn" => "a decision is taken back",
        "policy.changed" => "the policy changes",
        "source.failed" => "a source of advisories fails",
        other => other,
    }
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    /// By name.
    pub channels: Vec<Channel>,
    /// Kinds of events that there are.
    pub kinds: Vec<&'static str>,
    /// A mail server is set up.
    pub mail: bool,
    /// What was typed.
    pub sent: Sent,
}

impl Channels {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if self.channels.is_empty() { "Nobody is told of anything." }
            @else { (counted(self.channels.len(), "channel is", "channels are")) " told of what happens." }
        };
        let body = html! {
            @if self.channels.is_empty() {
                (empty("Let somebody be told when it matters", &html! { p { "A channel sends mail to people or a signed message to a program, at first of one thing alone: that something of yours is known to be exploited." } }))
            } @else { (self.table(around)) }
            (self.make(around))
        };
        framed(
            around,
            Part::Channels,
            "Who is told of what?",
            &answer,
            &html! {},
            &body,
        )
    }

    fn table(&self, around: &Around) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Channels by name" }
                thead { tr { th scope="col" { "Channel" } th scope="col" { "Goes to" } th scope="col" { "Told when" } th scope="col" { span.hidden { "Actions" } } } }
                tbody { @for one in &self.channels { tr data-row {
                    td.main { a href=(path(&one.id)) { b { (cut(&one.name, 60)) } } @if one.disabled { " " span.tag.late { "off" } span.second { "the receiver wants to hear nothing more: take it away, and make it anew where that is wrong" } } }
                    td { (cut(&one.target, 70)) span.second { (if one.kind == "mail" { "mail" } else { "webhook, signed" }) } }
                    td { (told(&one.events)) }
                    td.acts {
                        (one_button(around, &format!("{}/test", path(&one.id)), &[], "plain", "Test", &one.name)) " "
                        (one_button(around, &format!("{}/remove", path(&one.id)), &[], "plain", "Take away", &one.name))
                    }
                } } }
            } }
        }
    }

    fn make(&self, around: &Around) -> Markup {
        let mut typed: Typed = self.sent.of("channel");
        if typed.values.is_empty() {
            typed = Typed::of([
                ("kind", "mail".to_owned()),
                ("events", "finding.exploited".to_owned()),
            ]);
        }
        let all: Vec<(&str, &str, &str)> = self
            .kinds
            .iter()
            .map(|kind| (*kind, event_words(kind), ""))
            .collect();
        html! {
            h2 { "Make a channel" }
            (typed.wrong(&["name", "kind", "target"]))
            form.fields method="post" action="/admin/channels" {
                (around.token())
                (input(&typed, &Input { name: "name", label: "Name", required: true, most: 100, ..Input::default() }))
                (radios(&typed, "kind", "How", &[
                    ("mail", "Mail", if self.mail { "to people" } else { "no mail server is set up: [mail] of the portal's settings names one" }),
                    ("webhook", "Webhook", "a signed message to a program (Standard Webhooks)"),
                ]))
                (input(&typed, &Input { name: "target", label: "Where to", note: "Addresses with commas between them, or an https address.", required: true, most: 2_000, ..Input::default() }))
                (checks(&typed, "events", "Told when", &all))
                button type="submit" { "Make the channel" }
            }
        }
    }
}

fn path(id: &str) -> String {
    format!("/admin/channels/{}", encoded(id))
}

fn told(events: &[String]) -> Markup {
    html! {
        @for (at, one) in events.iter().take(3).enumerate() { @if at > 0 { ", " } (event_words(one)) }
        @if events.len() > 3 { ", and " (events.len() - 3) " more" }
    }
}

/// The page of one channel.
#[derive(Clone, Debug, Default)]
pub struct ChannelPage {
    /// The channel.
    pub channel: Channel,
    /// The last messages, the latest first.
    pub deliveries: Vec<Delivery>,
}

impl ChannelPage {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let channel = &self.channel;
        let bad = self
            .deliveries
            .iter()
            .filter(|one| one.state == "never")
            .count();
        let answer = html! {
            @if self.deliveries.is_empty() { "Nothing was sent to it yet." }
            @else { (counted(self.deliveries.len(), "message", "messages")) @if bad > 0 { ", " (bad) " did not arrive" } @else { ", none lost" } "." }
        };
        let actions = html! {
            (one_button(around, &format!("{}/test", path(&channel.id)), &[], "", "Send a test", ""))
            (one_button(around, &format!("{}/remove", path(&channel.id)), &[], "danger", "Take it away", ""))
        };
        let body = html! {
            (crumbs(&[("/admin/channels", "Channels")]))
            dl {
                dt { "Name" } dd { (cut(&channel.name, 120)) }
                dt { "Goes to" } dd { (cut(&channel.target, 200)) ", " (if channel.kind == "mail" { "by mail" } else { "as a webhook" }) }
                dt { "Told when" } dd { @for (at, one) in channel.events.iter().enumerate() { @if at > 0 { ", " } (event_words(one)) } }
            }
            @if !self.deliveries.is_empty() { div.scroll { table.stack {
                caption.hidden { "The last messages" }
                thead { tr { th scope="col" { "When" } th scope="col" { "What became of it" } th scope="col" { "Tries" } } }
                tbody { @for one in &self.deliveries { tr {
                    td { (ago(one.at, around.now)) }
                    td.main { @match one.state.as_str() { "delivered" => span.tag.good { "arrived" }, "later" => span.tag.hot { "tried again" }, _ => span.tag.late { "given up" } }
                        @if !one.note.is_empty() { span.second { (cut(&one.note, 300)) } } }
                    td { (one.attempts) }
                } } }
            } } }
        };
        framed(
            around,
            Part::Channels,
            "Does it arrive?",
            &answer,
            &actions,
            &body,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_and_every_kind_has_words() {
        let page = Channels {
            channels: vec![Channel {
                id: "1".into(),
                name: "ops<b>".into(),
                kind: "mail".into(),
                target: "a@b".into(),
                events: vec!["finding.exploited".into()],
                ..Channel::default()
            }],
            kinds: vec!["finding.exploited", "policy.changed"],
            sent: Sent {
                form: "channel",
                typed: Typed {
                    faults: vec![("target".into(), "an https address".into())],
                    ..Typed::of([
                        ("name", "\"x".to_owned()),
                        ("kind", "webhook".to_owned()),
                        ("events", "policy.changed".to_owned()),
                    ])
                },
            },
            mail: false,
        };
        let text = page.page(&Around::default());
        assert!(!text.contains("<b>\"") && text.contains("ops&lt;b&gt;"));
        assert!(text.contains("value=\"&quot;x\"") && text.contains("an https address"));
        assert!(text.contains("value=\"policy.changed\" checked"), "{text}");
        assert!(text.contains("no mail server is set up"));
        assert!(!text.contains(">finding.exploited<"), "words, not names");
    }
}
