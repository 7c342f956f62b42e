//! What is around every page.

use maud::{DOCTYPE, Markup, html};

use crate::assets::{Asset, HANDS, STYLE};
use crate::parts::path;

/// A place in the rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// No place of the rail.
    #[default]
    Nowhere,
    /// What needs someone now.
    Today,
    /// Whether something is anywhere.
    Affected,
    /// What is open, worst first.
    Findings,
    /// Which upgrades clear most.
    Fixes,
    /// What the organisation ships, runs or has bought.
    Products,
    /// What they are made of.
    Components,
    /// What was promised.
    Policy,
    /// People, work in the background, the log.
    Admin,
    /// One's own account.
    Account,
}

/// The rail: place, address, word, and the permission without which it is not shown.
const RAIL: [(Place, &str, &str, &str); 8] = [
    (Place::Today, "/", "Today", ""),
    (Place::Affected, "/affected", "Am I affected?", ""),
    (Place::Findings, "/findings", "Findings", ""),
    (Place::Fixes, "/fixes", "Fix plan", ""),
    (Place::Products, "/products", "Products", ""),
    (Place::Components, "/components", "Components", ""),
    (Place::Policy, "/policy", "Policy", "policy.read"),
    (Place::Admin, "/admin", "Admin", "job.read"),
];

/// Something that is said once, on the page after the one where it was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flash {
    /// A sentence.
    pub text: String,
    /// It did not work.
    pub bad: bool,
    /// How to take it back: the form's address and its fields.
    pub undo: Option<(String, Vec<(String, String)>)>,
}

/// What is around a page, and what all its parts may ask for.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// As people call whoever is signed in.
    pub display: String,
    /// The name that they sign in with.
    pub name: String,
    /// The token of their forms.
    pub form_token: String,
    /// Names of the permissions that they have somewhere.
    pub permissions: Vec<&'static str>,
    /// What is said once.
    pub flash: Option<Flash>,
    /// A demonstration: nothing is kept.
    pub demo: bool,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// The path and query of this page, to come back to.
    pub here: String,
    /// The address under which the portal was reached, for commands that people copy.
    pub origin: String,
}

impl Around {
    /// Whether they have a permission somewhere.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.contains(&permission)
    }

    /// A link where they have a permission somewhere, else its words.
    pub fn way(&self, permission: &str, address: &str, words: &str) -> Markup {
        html! { @if self.may(permission) { a href=(address) { (words) } } @else { (words) } }
    }

    /// The hidden fields that every form carries.
    pub fn token(&self) -> Markup {
        html! { input type="hidden" name="form_token" value=(self.form_token); }
    }

    /// A whole page. `heading` is the document's title.
    pub fn page(&self, place: Place, heading: &str, body: &Markup) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                (head(heading, Some(&HANDS)))
                body.framed data-here=(self.here) {
                    a.skip href="#main" { "To the content" }
                    nav.rail aria-label="Pages" {
                        a.mark href="/" { "Stanchion" }
                        ul {
                            @for (one, address, word, permission) in RAIL {
                                @if permission.is_empty() || self.may(permission) {
                                    li.apart[one == Place::Admin] {
                                        a href=(address) aria-current=[(one == place).then_some("page")] { (word) }
                                    }
                                }
                            }
                        }
                    }
                    @if self.demo {
                        aside.demo-line aria-label="Demonstration" { "Demonstration, made anew each night: look at everything, nothing is kept. "
                            code { "stanchion serve" } " makes a portal of your own." }
                    }
                    header {
                        form.search action="/affected" role="search" aria-label="From everywhere" {
                            label.hidden for="search" { "Are we affected by: an id, a package, a product, a licence, a hash" }
                            input #search name="q" type="search" maxlength="500" placeholder="CVE, package, product, licence, hash" autocomplete="off" autocapitalize="off" spellcheck="false";
                            kbd aria-hidden="true" { "/" }
                        }
                        nav.account aria-label="Account" {
                            a href="/account" aria-current=[(place == Place::Account).then_some("page")] { (self.display) }
                            form method="post" action="/sign-out" {
                                (self.token())
                                button.plain type="submit" { "Sign out" }
                            }
                        }
                    }
                    main #main tabindex="-1" {
                        @if let Some(flash) = &self.flash { (self.said(flash)) }
                        (body)
                    }
                }
            }
        }
        .into_string()
    }

    fn said(&self, flash: &Flash) -> Markup {
        html! {
            div.flash .bad[flash.bad] role="status" {
                p { (flash.text) }
                @if let Some((address, fields)) = &flash.undo {
                    form method="post" action=(address) {
                        (self.token())
                        @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                        button.plain type="submit" { "Undo" }
                    }
                }
            }
        }
    }
}

fn head(title: &str, script: Option<&Asset>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="robots" content="noindex";
            title { (title) " · Stanchion" }
            // Without it browsers ask for /favicon.ico.
            link rel="icon" href="data:,";
            link rel="stylesheet" href=(STYLE.path());
            @if let Some(script) = script {
                script src=(script.path()) defer {}
            }
        }
    }
}

/// A whole page without the rail.
pub(crate) fn page(title: &str, narrow: bool, script: Option<&Asset>, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, script))
            body.bare {
                a.skip href="#main" { "To the content" }
                header {
                    a.mark href="/" { "Stanchion" }
                }
                main #main tabindex="-1" .narrow[narrow] { (body) }
            }
        }
    }
    .into_string()
}

/// The top of a page: its question, what answers it in a line, and what can be done.
pub fn top(question: &str, answer: &Markup, actions: &Markup) -> Markup {
    html! {
        div.top {
            div {
                h1 { (question) }
                p.muted { (answer) }
            }
            @if !actions.0.is_empty() { div.actions { (actions) } }
        }
    }
}

/// Where a page stands: address and word of what is above it.
pub fn crumbs(above: &[(&str, &str)]) -> Markup {
    html! {
        nav.crumbs aria-label="Above this page" {
            @for (at, (address, word)) in above.iter().enumerate() {
                @if at > 0 { " › " }
                a href=(address) { (word) }
            }
        }
    }
}

/// Parts of one thing, each a page: address, word, and whether it is this one.
pub fn tabs(label: &str, all: &[(String, &str, bool)]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (address, word, here) in all {
                a href=(address) aria-current=[here.then_some("page")] { (word) }
            }
        }
    }
}

/// A form that was sent when nobody was signed in any more, or with an old token: nothing that was typed is lost.
#[derive(Clone, Debug, Default)]
pub struct Again<'a> {
    /// Where it goes.
    pub address: &'a str,
    /// What was typed: all fields but the token.
    pub fields: &'a [(String, String)],
    /// The token of the session that holds now; `None`: nobody is signed in.
    pub form_token: Option<&'a str>,
    /// Somebody else to sign in with.
    pub provider: Option<&'a str>,
    /// What stands in the way.
    pub error: Option<&'a str>,
    /// The name to sign in with, as it was typed before.
    pub name: &'a str,
}

/// Whether a field holds a password or a code: such a one is never sent back in a page, and is typed again.
pub fn is_secret(name: &str) -> bool {
    matches!(name, "password" | "current" | "code" | "factor_password")
}

impl Again<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let typed: Vec<_> = self
            .fields
            .iter()
            .filter(|(name, value)| !value.is_empty() && name != "form_token" && !is_secret(name))
            .collect();
        let body = html! {
            h1 { @if self.form_token.is_some() { "Send it once more" } @else { "Your session has ended" } }
            @if self.form_token.is_some() { p { "Nothing was changed yet, and nothing that you typed is lost: it stands below." } }
            @else { p { "Nothing was sent, and nothing that you typed is lost: it stands below." } }
            @if self.fields.iter().any(|(name, value)| is_secret(name) && !value.is_empty()) { p.muted { "Passwords and codes are typed again on the page itself." } }
            (wrong(self.error))
            @if self.form_token.is_none() {
                form.fields method="post" action="/sign-in/again" {
                    input type="hidden" name="again_address" value=(self.address);
                    @for (name, value) in &typed { input type="hidden" name=(format!("again.{name}")) value=(value); }
                    (field(&Field { name: "name", label: "Name", value: self.name, complete: "username", first: true, ..Field::default() }))
                    (field(&Field { name: "password", label: "Password", kind: "password", complete: "current-password", ..Field::default() }))
                    (field(&Field { name: "code", label: "Code", complete: "one-time-code", code: true, required: false,
                        note: Some("Only with a second factor."), ..Field::default() }))
                    button.wide type="submit" { "Sign in and go on" }
                }
                @if let Some(provider) = self.provider {
                    p.or { "or " a href="/sign-in/with" target="_blank" rel="noopener" { "sign in with " (provider) " in another tab" } ", then:" }
                }
            }
            form method="post" action=(path(self.address)) {
                @if let Some(token) = self.form_token { input type="hidden" name="form_token" value=(token); }
                @for (name, value) in &typed { input type="hidden" name=(name) value=(value); }
                button.wide.second[self.form_token.is_none()] type="submit" { "Send it again" }
            }
            @if !typed.is_empty() { h2 { "What you typed" } }
            dl {
                @for (name, value) in &typed { dt { (name.replace('_', " ")) } dd { (value) } }
            }
        };
        page("Send it again", true, None, &body)
    }
}

/// A field of a form with its label.
pub(crate) struct Field<'f> {
    pub(crate) name: &'f str,
    pub(crate) label: &'f str,
    pub(crate) kind: &'f str,
    pub(crate) note: Option<&'f str>,
    pub(crate) value: &'f str,
    pub(crate) complete: &'f str,
    pub(crate) required: bool,
    pub(crate) first: bool,
    pub(crate) code: bool,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self {
            name: "",
            label: "",
            kind: "text",
            note: None,
            value: "",
            complete: "off",
            required: true,
            first: false,
            code: false,
        }
    }
}

/// The field.
pub(crate) fn field(field: &Field<'_>) -> Markup {
    let note = format!("{}-note", field.name);
    html! {
        div.field {
            label for=(field.name) { (field.label) }
            @if let Some(text) = field.note {
                small #(note) { (text) }
            }
            input #(field.name) .code[field.code] name=(field.name) type=(field.kind) value=(field.value)
                autocomplete=(field.complete) autocapitalize="off" spellcheck="false"
                aria-describedby=[field.note.map(|_| note.as_str())]
                required[field.required] autofocus[field.first];
        }
    }
}

/// What was wrong with what was sent.
pub fn wrong(error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error {
            p.wrong role="alert" { (error) }
        }
    }
}
