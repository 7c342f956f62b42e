//! Looking after the portal: people, tokens, feeds, jobs, channels, the log, copies.

pub mod backup;
pub mod channels;
pub mod feeds;
pub mod jobs;
pub mod log;
pub mod overview;
pub mod people;
pub mod person;
pub mod tokens;

use maud::{Markup, html};

use crate::forms::Typed;
use crate::frame::{Around, Place, tabs, top};

/// A part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Whether all is well.
    Overview,
    /// Who gets in.
    People,
    /// What programs get in with.
    Tokens,
    /// Advisories.
    Feeds,
    /// Work in the background.
    Jobs,
    /// Who is told.
    Channels,
    /// What was changed.
    Log,
    /// Copies.
    Backup,
}

/// Part, address, word, and the permission without which it is not shown.
const PARTS: [(Part, &str, &str, &str); 8] = [
    (Part::Overview, "/admin", "Overview", "job.read"),
    (Part::People, "/admin/people", "People", "people.read"),
    (Part::Tokens, "/admin/tokens", "Tokens", "people.read"),
    (Part::Feeds, "/admin/feeds", "Feeds", "job.read"),
    (Part::Jobs, "/admin/jobs", "Jobs", "job.read"),
    (
        Part::Channels,
        "/admin/channels",
        "Channels",
        "channel.write",
    ),
    (Part::Log, "/admin/log", "Log", "audit.read"),
    (Part::Backup, "/admin/backup", "Backup", "backup"),
];

/// A whole page of a part.
pub(crate) fn framed(
    around: &Around,
    part: Part,
    question: &str,
    answer: &Markup,
    actions: &Markup,
    body: &Markup,
) -> String {
    let all: Vec<(String, &str, bool)> = PARTS
        .iter()
        .filter(|(.., permission)| around.may(permission))
        .map(|(one, address, word, _)| ((*address).to_owned(), *word, *one == part))
        .collect();
    let whole = html! {
        (tabs("Parts of Admin", &all))
        (top(question, answer, actions))
        (body)
    };
    around.page(Place::Admin, question.trim_end_matches('?'), &whole)
}

/// A form with one button and hidden fields.
pub(crate) fn one_button(
    around: &Around,
    address: &str,
    fields: &[(&str, &str)],
    class: &str,
    word: &str,
    about: &str,
) -> Markup {
    html! {
        form.inline method="post" action=(address) {
            (around.token())
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button class=(class) type="submit" { (word) @if !about.is_empty() { span.hidden { " " (about) } } }
        }
    }
}

/// What was typed into one of the forms of a page.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Which form.
    pub form: &'static str,
    /// What stood in it, and what was wrong.
    pub typed: Typed,
}

impl Sent {
    /// What was typed into this form; nothing where it was another.
    pub(crate) fn of(&self, form: &str) -> Typed {
        if self.form == form {
            self.typed.clone()
        } else {
            Typed::default()
        }
    }
}

/// Something secret that is shown once.
#[derive(Clone, Debug, Default)]
pub struct Once<'o> {
    /// The page's title.
    pub title: &'o str,
    /// What to do with it.
    pub about: &'o str,
    /// What it is called.
    pub label: &'o str,
    /// The secret.
    pub secret: &'o str,
    /// What follows from it, as further blocks: heading and text to copy.
    pub blocks: Vec<(&'o str, String)>,
    /// Where one goes on to: address and word.
    pub on: (&'o str, &'o str),
}

impl Once<'_> {
    /// The page.
    pub fn page(&self, around: &Around, place: Place) -> String {
        let body = html! {
            (top(self.title, &html! { (self.about) }, &html! {}))
            div.once {
                label for="once" { (self.label) }
                textarea #once readonly rows="2" spellcheck="false" { (self.secret) }
                p.muted { "It is shown this once: what the portal keeps is a hash of it." }
            }
            @for (heading, text) in &self.blocks { h2 { (heading) } pre { code { (text) } } }
            p { a.button href=(self.on.0) { (self.on.1) } }
        };
        around.page(place, self.title, &body)
    }
}

/// A role in a sentence.
pub fn role_about(role: &str) -> &'static str {
    match role {
        "viewer" => "looks at products and the policy",
        "auditor" => "looks at everything, the log and the people included",
        "triager" => "works on findings and asks for exceptions",
        "maintainer" => "looks after products, and all that a triager does",
        "approver" => "decides on exceptions",
        "admin" => "everything",
        _ => "",
    }
}
