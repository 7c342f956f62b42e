//! Who is this, and what may they?

use maud::{Markup, html};

use super::people::{Held, Person, person_path, role_fields, roles, state, ways};
use super::tokens::{REVOKE, Token, make_fields, token_rows};
use super::{Part, Sent, framed, one_button};
use crate::forms::{Input, Typed, hidden, input};
use crate::frame::{Around, crumbs};
use crate::parts::{ago, cut, day, encoded, moment};

/// A session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// When it began.
    pub created: i64,
    /// When it was last used.
    pub seen: i64,
    /// When it ends at the latest.
    pub expires: i64,
    /// The browser, as it calls itself.
    pub client: String,
    /// It is the one that asks.
    pub present: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct PersonPage {
    /// The account.
    pub person: Person,
    /// The number of its state.
    pub revision: i64,
    /// Its sessions.
    pub sessions: Vec<Session>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// The roles that can be given.
    pub roles: Vec<&'static str>,
    /// Permissions that a token of it can have: name and what it lets one do.
    pub permissions: Vec<(&'static str, &'static str)>,
    /// Names of products, for the browser's list.
    pub products: Vec<String>,
    /// Somebody else changed it meanwhile: what is there now.
    pub meanwhile: Option<String>,
    /// What was typed into one of the forms.
    pub sent: Sent,
}

impl PersonPage {
    fn own(&self) -> String {
        person_path(&self.person.name)
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let person = &self.person;
        let may = around.may("people.write");
        let answer = html! {
            @if person.disabled { "Nobody gets in by this account." }
            @else if person.roles.is_empty() { "Has no role yet, and sees nothing." }
            @else { "Is " (roles(&person.roles)) "." }
            @match person.seen { Some(at) => { " Last signed in " (ago(at, around.now)) "." } None => " Has never signed in." }
        };
        let object = encoded(&format!("account:{}", person.name));
        let actions = html! {
            @if around.may("audit.read") {
                a.button href=(format!("/admin/log?actor={}", encoded(&person.name))) { "What they did" }
                a.button href=(format!("/admin/log?object={object}")) { "What was done to it" }
            }
        };
        let body = html! {
            (crumbs(&[("/admin/people", "People")]))
            dl {
                dt { "Name" } dd { (cut(&person.name, 200)) }
                dt { "Kind" } dd { (if person.service { "a service" } else { "a person" }) }
                dt { "Gets in by" } dd { (ways(person)) }
                dt { "State" } dd { (state(person, around.now)) }
                dt { "Made" } dd { (day(person.created)) }
            }
            div.halves {
                section.block { (self.held(around, may)) }
                @if may { section.block { (self.change(around)) } }
            }
            @if !person.service { (self.sessions(around, may)) }
            (self.tokens(around, may))
        };
        let title = if person.display.is_empty() {
            &person.name
        } else {
            &person.display
        };
        framed(
            around,
            Part::People,
            &format!("What may {title}?"),
            &answer,
            &actions,
            &body,
        )
    }

    fn held(&self, around: &Around, may: bool) -> Markup {
        let typed = self.sent.of("role");
        html! {
            h2 { "Roles" }
            @if self.person.roles.is_empty() { p.muted { "None." } }
            @else { ul.plain.lines { @for held in &self.person.roles { li {
                span { (cut(&held.text(), 120)) @if held.from_groups { span.second { "from the groups at sign-in; it comes back at the next" } } }
                @if may { (self.take(around, held)) }
            } } } }
            @if may {
                h3 { "Give a role" }
                (typed.wrong(&["role", "scope_kind", "scope"]))
                form.fields method="post" action=(format!("{}/roles", self.own())) {
                    (around.token())
                    (role_fields(&typed, &self.roles, &self.products))
                    button type="submit" { "Give it" }
                    p.muted.small { "Their sessions end, so that the role holds at once." }
                }
            }
        }
    }

    fn take(&self, around: &Around, held: &Held) -> Markup {
        let fields = [
            ("role", held.role.as_str()),
            ("scope_kind", &held.kind),
            ("scope", &held.scope),
        ];
        one_button(
            around,
            &format!("{}/roles/take", self.own()),
            &fields,
            "plain",
            "Take away",
            &held.text(),
        )
    }

    fn change(&self, around: &Around) -> Markup {
        let mut typed = self.sent.of("change");
        if typed.values.is_empty() {
            typed.values = vec![
                ("display".into(), self.person.display.clone()),
                (
                    "disabled".into(),
                    if self.person.disabled { "yes" } else { "" }.into(),
                ),
            ];
        }
        typed.values.retain(|(name, _)| name != "revision");
        typed
            .values
            .push(("revision".into(), self.revision.to_string()));
        html! {
            h2 { "Account" }
            @if let Some(now) = &self.meanwhile {
                div.wrong role="alert" { "Somebody changed this account while you did. Now it is: " (now) ". What you typed stands below; send it again if it still holds." }
            } @else { (typed.wrong(&["display"])) }
            form.fields method="post" action=(self.own()) {
                (around.token())
                (hidden(&typed, &["revision"]))
                (input(&typed, &Input { name: "display", label: "As people call them", most: 200, ..Input::default() }))
                label.pick {
                    input type="checkbox" name="disabled" value="yes" checked[typed.has("disabled", "yes")];
                    span { "Disabled " span.muted { "nobody gets in by it: sessions end, tokens do not hold" } }
                }
                button type="submit" { "Save" }
            }
            @if self.person.second_factor {
                h3 { "Second factor" }
                p.muted { "For somebody who has lost it. Look who asks you." }
                (one_button(around, &format!("{}/second-factor/remove", self.own()), &[], "danger", "Take the second factor away", ""))
            }
        }
    }

    fn sessions(&self, around: &Around, may: bool) -> Markup {
        html! {
            div.headed {
                h2 { "Sessions" }
                @if may && !self.sessions.is_empty() { (one_button(around, &format!("{}/sessions/end", self.own()), &[], "danger", "End all sessions", "")) }
            }
            (session_table(&self.sessions, around, &|_| html! {}))
        }
    }

    fn tokens(&self, around: &Around, may: bool) -> Markup {
        let typed: Typed = self.sent.of("token");
        html! {
            h2 { "Tokens" }
            @if self.tokens.is_empty() { p.muted { "None." } } @else { (token_rows(&self.tokens, around, &self.own(), may.then_some(REVOKE), false)) }
            @if may && self.person.service {
                h3 { "Make a token" }
                (typed.wrong(&["token_name", "permissions", "product", "days"]))
                form.fields method="post" action=(format!("{}/tokens", self.own())) {
                    (around.token())
                    (make_fields(&typed, &self.permissions, &self.products))
                    button type="submit" { "Make the token" }
                }
            }
        }
    }
}

/// Sessions, each with what can be done with it.
pub(crate) fn session_table(
    sessions: &[Session],
    around: &Around,
    action: &dyn Fn(&Session) -> Markup,
) -> Markup {
    html! {
        @if sessions.is_empty() { p.muted { "None." } }
        @else { div.scroll { table.stack {
            caption.hidden { "Sessions that have not ended" }
            thead { tr { th scope="col" { "Browser" } th scope="col" { "Began" } th scope="col" { "Last used" } th scope="col" { "Ends" } th scope="col" { span.hidden { "Action" } } } }
            tbody { @for one in sessions { tr {
                td.main { (cut(&one.client, 90)) @if one.present { " " span.tag.good { "this one" } } }
                td { (moment(one.created)) }
                td { (ago(one.seen, around.now)) }
                td { (ago(one.expires, around.now)) }
                td { (action(one)) }
            } } }
        } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_changed_meanwhile_is_told_with_the_new_number() {
        let page = PersonPage {
            person: Person {
                name: "ann".into(),
                display: "Ann<i>".into(),
                roles: vec![Held {
                    role: "viewer".into(),
                    kind: "organisation".into(),
                    ..Held::default()
                }],
                ..Person::default()
            },
            revision: 9,
            meanwhile: Some("Anna<b>, disabled".into()),
            sent: Sent {
                form: "change",
                typed: Typed::of([
                    ("display", "Typed".to_owned()),
                    ("revision", "7".to_owned()),
                ]),
            },
            ..PersonPage::default()
        };
        let acts = Around {
            permissions: vec!["people.read", "people.write"],
            ..Around::default()
        };
        let text = page.page(&acts);
        assert!(text.contains("name=\"revision\" value=\"9\"") && !text.contains("value=\"7\""));
        assert!(text.contains("value=\"Typed\"") && text.contains("Anna&lt;b&gt;"));
        assert!(!text.contains("<i>") && text.contains("Take away"));
        let looks = Around {
            permissions: vec!["people.read"],
            ..Around::default()
        };
        let text = page.page(&looks);
        assert!(!text.contains("action=\"/admin/people/ann"), "{text}");
    }
}
