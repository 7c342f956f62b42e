//! How people come in: sign-in, second factor, set-up, invitation.

use maud::html;

use crate::assets::JOIN;
use crate::frame::{Field, field, page, wrong};

/// Somebody with whose eyes a visitor of a demonstration may look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look<'p> {
    /// What the form sends.
    pub role: &'p str,
    /// What they are, as in `security engineer`.
    pub title: &'p str,
    /// As people call them.
    pub name: &'p str,
    /// What they see.
    pub sees: &'p str,
}

/// The sign-in page.
#[derive(Clone, Debug, Default)]
pub struct SignIn<'p> {
    /// Somebody else to sign in with, as people call them.
    pub provider: Option<&'p str>,
    /// Where to go afterwards: a path of the portal.
    pub back_to: &'p str,
    /// The name as it was typed before.
    pub name: &'p str,
    /// What was wrong.
    pub error: Option<&'p str>,
    /// In a demonstration: a button for each, in place of name and password.
    pub looks: &'p [Look<'p>],
}

impl SignIn<'_> {
    /// The page. `query` is the `back_to` encoded for an address.
    pub fn page(&self, query: &str) -> String {
        if !self.looks.is_empty() {
            return self.looks_page();
        }
        let body = html! {
            h1 { "Sign in" }
            (wrong(self.error))
            form.fields method="post" action="/sign-in" {
                input type="hidden" name="back_to" value=(self.back_to);
                (field(&Field { name: "name", label: "Name", value: self.name, complete: "username",
                    first: self.name.is_empty(), ..Field::default() }))
                (field(&Field { name: "password", label: "Password", kind: "password",
                    complete: "current-password", first: !self.name.is_empty(), ..Field::default() }))
                button.wide type="submit" { "Sign in" }
            }
            @if let Some(provider) = self.provider {
                p.or { "or" }
                a.button.wide href=(format!("/sign-in/with?back_to={query}")) { "Sign in with " (provider) }
            }
        };
        page("Sign in", true, None, &body)
    }

    /// The page of a demonstration.
    fn looks_page(&self) -> String {
        let body = html! {
            h1 { "Look around" }
            p.muted { "A demonstration with data that are made up, made anew each night. Nobody changes anything here." }
            (wrong(self.error))
            @for look in self.looks {
                form.fields method="post" action="/sign-in/as" {
                    input type="hidden" name="back_to" value=(self.back_to);
                    input type="hidden" name="role" value=(look.role);
                    button.wide type="submit" { "Look as " (look.title) }
                    p.muted { (look.name) ": " (look.sees) }
                }
            }
        };
        page("Look around", true, None, &body)
    }
}

/// The page that asks for the second factor.
#[derive(Clone, Debug, Default)]
pub struct SecondFactor<'p> {
    /// What goes back with the code.
    pub ticket: &'p str,
    /// Where to go afterwards.
    pub back_to: &'p str,
    /// What was wrong.
    pub error: Option<&'p str>,
}

impl SecondFactor<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let body = html! {
            h1 { "Second factor" }
            p.muted { "Open your authenticator app and type the code that it shows for Stanchion." }
            (wrong(self.error))
            form.fields method="post" action="/sign-in/code" {
                input type="hidden" name="back_to" value=(self.back_to);
                input type="hidden" name="ticket" value=(self.ticket);
                (field(&Field { name: "code", label: "Code", complete: "one-time-code", first: true, code: true,
                    note: Some("Six digits. Without the device: one of your recovery codes."), ..Field::default() }))
                button.wide type="submit" { "Go on" }
            }
            p.or { a href="/sign-in" { "Begin again" } }
        };
        page("Second factor", true, None, &body)
    }
}

const PASSWORD: &str =
    "At least 12 characters. A few words that have nothing to do with each other are good.";

/// The page that makes the first administrator.
#[derive(Clone, Debug, Default)]
pub struct SetUp<'p> {
    /// The name as it was typed before.
    pub name: &'p str,
    /// As they call themselves.
    pub display: &'p str,
    /// What was wrong.
    pub error: Option<&'p str>,
}

impl SetUp<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let body = html! {
            h1 { "Set up this portal" }
            p.muted { "Nobody can sign in yet. Make the first administrator; everybody else is invited afterwards." }
            (wrong(self.error))
            form.fields method="post" action="/setup" {
                (field(&Field { name: "code", label: "Set-up code", first: true, code: true,
                    note: Some("The server printed it into its log when it started."), ..Field::default() }))
                (field(&Field { name: "name", label: "Name", value: self.name, complete: "username",
                    note: Some("To sign in with, such as your address."), ..Field::default() }))
                (field(&Field { name: "display", label: "As people call you", value: self.display,
                    complete: "name", required: false, ..Field::default() }))
                (field(&Field { name: "password", label: "Password", kind: "password", complete: "new-password",
                    note: Some(PASSWORD), ..Field::default() }))
                button.wide type="submit" { "Make the administrator" }
            }
        };
        page("Set up", true, None, &body)
    }
}

/// The page on which an invitation is taken.
#[derive(Clone, Debug, Default)]
pub struct Join<'p> {
    /// As they call themselves.
    pub display: &'p str,
    /// What was wrong.
    pub error: Option<&'p str>,
}

impl Join<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let body = html! {
            h1 { "Take your invitation" }
            (wrong(self.error))
            form.fields method="post" action="/join" {
                (field(&Field { name: "code", label: "Invitation", first: true, code: true,
                    note: Some("The link that you were sent, or what stands behind # in it."), ..Field::default() }))
                (field(&Field { name: "display", label: "As people call you", value: self.display,
                    complete: "name", required: false, ..Field::default() }))
                (field(&Field { name: "password", label: "Password", kind: "password", complete: "new-password",
                    note: Some(PASSWORD), ..Field::default() }))
                button.wide type="submit" { "Come in" }
            }
        };
        page("Invitation", true, Some(&JOIN), &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_stays_text() {
        let evil = "\"><script>alert(1)</script>";
        let pages = [
            SignIn {
                provider: Some(evil),
                back_to: evil,
                name: evil,
                error: Some(evil),
                ..SignIn::default()
            }
            .page("%2F"),
            SignIn {
                back_to: evil,
                error: Some(evil),
                looks: &[Look {
                    role: evil,
                    title: evil,
                    name: evil,
                    sees: evil,
                }],
                ..SignIn::default()
            }
            .page("%2F"),
            SecondFactor {
                ticket: evil,
                back_to: evil,
                error: Some(evil),
            }
            .page(),
            SetUp {
                name: evil,
                display: evil,
                error: Some(evil),
            }
            .page(),
            Join {
                display: evil,
                error: Some(evil),
            }
            .page(),
        ];
        for page in pages {
            assert!(!page.contains("<script>"), "{page}");
            assert!(page.contains("role=\"alert\""));
            assert!(!page.contains("style=") && !page.contains("onclick"));
        }
    }

    #[test]
    fn every_field_has_a_label() {
        for page in [
            SignIn::default().page(""),
            SecondFactor::default().page(),
            SetUp::default().page(),
            Join::default().page(),
        ] {
            for input in page.split("<input").skip(1) {
                let input = input.split('>').next().unwrap();
                if input.contains("type=\"hidden\"") {
                    continue;
                }
                let id = input
                    .split("id=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap();
                assert!(page.contains(&format!("<label for=\"{id}\"")), "{id}");
            }
        }
        assert!(!SignIn::default().page("").contains("sign-in/with"));
        assert!(Join::default().page().contains(&JOIN.path()));
    }
}
