//! One's own account.

use maud::{Markup, html};

use crate::admin::person::{Session, session_table};
use crate::admin::tokens::{Token, make_fields, token_rows};
use crate::admin::{Once, Sent, one_button};
use crate::forms::{Input, Typed, hidden, input};
use crate::frame::{Around, Place, crumbs, tabs, top};
use crate::parts::{counted, cut, empty};

fn parts(tokens: bool) -> Markup {
    tabs(
        "Parts of your account",
        &[
            ("/account".to_owned(), "Account", !tokens),
            ("/account/tokens".to_owned(), "Tokens", tokens),
        ],
    )
}

/// A field whose value is never shown again.
fn secret(typed: &Typed, name: &str, label: &str, note: &str, complete: &str) -> Markup {
    let fault = typed
        .faults
        .iter()
        .find(|(own, _)| own == name)
        .map(|(_, fault)| fault.as_str());
    let note_id = format!("{name}-note");
    html! {
        div.field .bad[fault.is_some()] {
            label for=(name) { (label) }
            @if !note.is_empty() { small #(note_id) { (note) } }
            @if let Some(fault) = fault { span.fault { (fault) } }
            input #(name) name=(name) type=(if complete == "one-time-code" { "text" } else { "password" }) autocomplete=(complete) required maxlength="1000"
                autocapitalize="off" spellcheck="false" inputmode=[(complete == "one-time-code").then_some("numeric")]
                aria-describedby=[(!note.is_empty()).then_some(note_id.as_str())] aria-invalid=[fault.map(|_| "true")];
        }
    }
}

/// The page of one's account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Roles in words.
    pub roles: Vec<String>,
    /// There is a password here.
    pub password: bool,
    /// Recovery codes that are left, where there is a second factor.
    pub second_factor: Option<i64>,
    /// Who else vouches for the account.
    pub issuer: Option<String>,
    /// One's sessions.
    pub sessions: Vec<Session>,
    /// What was typed into one of the forms.
    pub sent: Sent,
}

impl Account {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            "You are " (cut(&around.name, 100))
            @if self.roles.is_empty() { ", without a role yet." } @else { ", " (cut(&self.roles.join(", "), 200)) "." }
            @if self.password && self.second_factor.is_none() { " Your account has no second factor." }
        };
        let body = html! {
            (parts(false))
            (top("Is your account yours alone?", &answer, &html! {}))
            div.halves {
                section.block { (self.display(around)) @if self.password { (self.new_password(around)) } }
                section.block { (self.factor(around)) }
            }
            h2 { "Sessions" }
            p.muted { "Where you are signed in. End what you do not know, and change your password." }
            (session_table(&self.sessions, around, &|one| html! {
                @if !one.present { (one_button(around, "/account/sessions/end", &[("id", &one.id)], "plain", "End", &one.client)) }
            }))
        };
        around.page(Place::Account, "Your account", &body)
    }

    fn display(&self, around: &Around) -> Markup {
        let mut typed = self.sent.of("display");
        if typed.values.is_empty() {
            typed = Typed::of([("display", around.display.clone())]);
        }
        html! {
            h2 { "Your name" }
            (typed.wrong(&["display"]))
            form.fields method="post" action="/account" {
                (around.token())
                (input(&typed, &Input { name: "display", label: "As people call you", most: 200, ..Input::default() }))
                button type="submit" { "Save" }
            }
        }
    }

    fn new_password(&self, around: &Around) -> Markup {
        let typed = self.sent.of("password");
        html! {
            h2 { "Password" }
            (typed.wrong(&["current", "password"]))
            form.fields method="post" action="/account/password" {
                (around.token())
                // Password managers look for whose it is.
                input.hidden type="text" name="username" value=(around.name) autocomplete="username" tabindex="-1" aria-hidden="true" readonly;
                (secret(&typed, "current", "Present password", "", "current-password"))
                (secret(&typed, "password", "New password", "At least 12 characters. A few words that have nothing to do with each other are good.", "new-password"))
                button type="submit" { "Change it" }
                p.muted.small { "All your other sessions end." }
            }
        }
    }

    fn factor(&self, around: &Around) -> Markup {
        let typed = self.sent.of("factor");
        html! {
            h2 { "Second factor" }
            @match (self.second_factor, self.password) {
                (Some(left), _) => {
                    p { span.tag.good { "On" } " " (counted(left, "recovery code is", "recovery codes are")) " left." @if left < 3 { " Set it up anew for ten more." } }
                    (typed.wrong(&["factor_password"]))
                    form.fields method="post" action="/account/second-factor/remove" {
                        (around.token())
                        (secret(&typed, "factor_password", "Present password", "", "current-password"))
                        button.danger type="submit" { "Go on without it" }
                    }
                    (one_button(around, "/account/second-factor", &[], "second", "Set it up anew", ""))
                }
                (None, true) => {
                    p { span.tag.hot { "Off" } " Whoever learns your password gets in. With a second factor they need your device as well." }
                    (one_button(around, "/account/second-factor", &[], "", "Set it up", ""))
                }
                (None, false) => p.muted { "You sign in with " @if let Some(issuer) = &self.issuer { (cut(issuer, 80)) } @else { "somebody else" } ", where your second factor is looked after." },
            }
        }
    }
}

/// The page on which a second factor is taken.
#[derive(Clone, Debug, Default)]
pub struct Factor {
    /// The secret in base32.
    pub secret: String,
    /// The same as an address that apps read.
    pub address: String,
    /// Goes back with the first code.
    pub ticket: String,
    /// What was wrong.
    pub typed: Typed,
}

impl Factor {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let spaced: Vec<&str> = self
            .secret
            .as_bytes()
            .chunks(4)
            .filter_map(|chunk| std::str::from_utf8(chunk).ok())
            .collect();
        let typed = Typed {
            values: vec![("ticket".into(), self.ticket.clone())],
            ..self.typed.clone()
        };
        let body = html! {
            (crumbs(&[("/account", "Your account")]))
            (top("Is this your device?", &html! { "Type the secret into an authenticator app, and then a code that it shows. It holds from then on." }, &html! {}))
            h2 { "1. The secret, for your app" }
            pre.secret { code { (spaced.join(" ")) } }
            p { "On the device with the app: " a href=(self.address) { "open it there" } ". Or take this whole address, for apps and password managers that read it:" }
            pre { code { (self.address) } }
            p.muted { "It is time based: six digits, 30 seconds, SHA-1. It stands here this once." }
            h2 { "2. A code of it" }
            (self.typed.wrong(&["code", "current"]))
            form.fields method="post" action="/account/second-factor/confirm" {
                (around.token())
                (hidden(&typed, &["ticket"]))
                (secret(&typed, "code", "Code", "Six digits.", "one-time-code"))
                (secret(&typed, "current", "Your password", "", "current-password"))
                button type="submit" { "Turn it on" }
            }
        };
        around.page(Place::Account, "Second factor", &body)
    }
}

/// The page with the recovery codes.
pub fn recovery_codes(around: &Around, codes: &[String]) -> String {
    let body = html! {
        (top("Where do you keep these?", &html! { "Your second factor is on. Each of these codes gets you in once when the device is lost." }, &html! {}))
        pre.secret { code { (codes.join("\n")) } }
        p.muted { "Print them, or keep them with your passwords. They stand here this once: what the portal keeps are hashes." }
        p { a.button href="/account" { "They are safe" } }
    };
    around.page(Place::Account, "Recovery codes", &body)
}

/// One's tokens.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// The newest first.
    pub tokens: Vec<Token>,
    /// Permissions that a token can have: name and what it lets one do.
    pub permissions: Vec<(&'static str, &'static str)>,
    /// What was typed.
    pub sent: Sent,
}

impl Tokens {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let hold = self
            .tokens
            .iter()
            .filter(|token| token.holds(around.now))
            .count();
        let mut typed = self.sent.of("token");
        if typed.values.is_empty() {
            typed = Typed::of([("days", "90".to_owned())]);
            // What a pipeline needs: to be judged and to push.
            for name in ["product.read", "policy.read", "inventory.push"] {
                if self.permissions.iter().any(|(own, _)| *own == name) {
                    typed.values.push(("permissions".into(), name.into()));
                }
            }
        }
        let body = html! {
            (parts(true))
            (top("What acts in your name?", &html! { @if hold == 0 { "No token does" } @else { (counted(hold, "token does", "tokens do")) } ". Each may at most what you may." }, &html! { a.button href="#make" { "Make a token" } }))
            @if self.tokens.is_empty() { (empty("No token yet", &html! { p { "The command line and pipelines get in with one. Below is what a pipeline needs already chosen." } })) }
            @else { (token_rows(&self.tokens, around, "/account/tokens", Some("/account/tokens/revoke"), false)) }
            h2 #make { "Make a token" }
            (typed.wrong(&["token_name", "permissions", "product", "days"]))
            form.fields method="post" action="/account/tokens" {
                (around.token())
                (make_fields(&typed, &self.permissions, &[]))
                button type="submit" { "Make the token" }
            }
        };
        around.page(Place::Account, "Your tokens", &body)
    }
}

/// The page that shows a new token, with the exact lines for those who use it.
pub fn made(around: &Around, token: &str, place: Place, on: (&str, &str)) -> String {
    let origin = &around.origin;
    Once {
        title: "Your new token",
        about: "Copy it into the place where it is used, now.",
        label: "Token",
        secret: token,
        blocks: vec![
            (
                "On your own machine",
                format!("stanchion login {origin}\n# asks for the token, without showing it"),
            ),
            (
                "In any pipeline",
                format!("export STANCHION_PORTAL={origin}\nexport STANCHION_TOKEN=...   # from the pipeline's secrets, never from a file in the repository\nstanchion push . --product NAME"),
            ),
            (
                "GitHub Actions: keep the token as the secret STANCHION_TOKEN",
                format!("- name: What is in it, and may it go out?\n  env:\n    STANCHION_PORTAL: {origin}\n    STANCHION_TOKEN: ${{{{ secrets.STANCHION_TOKEN }}}}\n  run: stanchion push . --product NAME -o table -o sarif=stanchion.sarif"),
            ),
            (
                "GitLab: keep the token as the masked variable STANCHION_TOKEN",
                format!("stanchion:\n  variables:\n    STANCHION_PORTAL: {origin}\n  script:\n    - stanchion push . --product NAME"),
            ),
        ],
        on,
    }
    .page(around, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_again() {
        let account = Account {
            password: true,
            sent: Sent {
                form: "password",
                typed: Typed {
                    faults: vec![("current".into(), "is another".into())],
                    ..Typed::of([("current", "quiet otter".to_owned())])
                },
            },
            ..Account::default()
        };
        let page = account.page(&Around::default());
        assert!(
            page.contains("is another") && !page.contains("quiet otter"),
            "{page}"
        );
        assert!(page.contains("Set it up") && page.contains("type=\"password\""));
    }

    #[test]
    fn a_token_comes_with_the_lines_for_its_use() {
        let around = Around {
            origin: "https://portal.example".into(),
            ..Around::default()
        };
        let page = made(
            &around,
            "stn_abc",
            Place::Account,
            ("/account/tokens", "Back"),
        );
        for part in [
            "stn_abc",
            "stanchion login https://portal.example",
            "STANCHION_TOKEN: ${{ secrets.STANCHION_TOKEN }}",
            "STANCHION_PORTAL: https://portal.example",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(
            page.matches("stn_abc").count(),
            1,
            "the secret stands in one place"
        );
        let page = Tokens {
            permissions: vec![("inventory.push", "hand in inventories")],
            ..Tokens::default()
        }
        .page(&around);
        assert!(
            page.contains("value=\"inventory.push\" checked") && page.contains("No token yet"),
            "{page}"
        );
    }

    #[test]
    fn the_secret_is_in_groups_of_four() {
        let page = Factor {
            secret: "ABCDEFGH".into(),
            address: "otpauth://totp/x?secret=ABCDEFGH".into(),
            ..Factor::default()
        }
        .page(&Around::default());
        assert!(page.contains("ABCD EFGH") && page.contains("otpauth://totp/x?secret=ABCDEFGH"));
    }
}
