//! Who gets in, and what may each?

use maud::{Markup, html};

use super::{Part, Sent, framed, one_button, role_about};
use crate::forms::{Input, Typed, input, radios, select};
use crate::frame::Around;
use crate::parts::{ago, counted, cut, day, encoded, pager};

/// A role, and where it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Such as `viewer`.
    pub role: String,
    /// `organisation`, `product` or `tag`.
    pub kind: String,
    /// Empty, the product's id, or the tag.
    pub scope: String,
    /// For people: empty, the product's name, or the tag.
    pub place: String,
    /// It comes from the groups at sign-in with somebody else.
    pub from_groups: bool,
}

impl Held {
    /// `maintainer of shop`.
    pub fn text(&self) -> String {
        match self.kind.as_str() {
            "organisation" => self.role.clone(),
            "tag" => format!("{} of what carries the tag {}", self.role, self.place),
            _ => format!("{} of {}", self.role, self.place),
        }
    }
}

/// An account.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of the page that means something by itself"
)]
pub struct Person {
    /// Its id.
    pub id: String,
    /// The name to sign in with.
    pub name: String,
    /// As people call them.
    pub display: String,
    /// It is a program's.
    pub service: bool,
    /// Nobody gets in by it.
    pub disabled: bool,
    /// The administrator for emergencies.
    pub break_glass: bool,
    /// It has a password here.
    pub password: bool,
    /// It has a second factor here.
    pub second_factor: bool,
    /// Who else vouches for it.
    pub issuer: Option<String>,
    /// Closed until then, after wrong tries.
    pub locked_until: Option<i64>,
    /// When it was made.
    pub created: i64,
    /// When they last signed in.
    pub seen: Option<i64>,
    /// Its roles.
    pub roles: Vec<Held>,
}

/// The page of somebody.
pub fn person_path(name: &str) -> String {
    format!("/admin/people/{}", encoded(name))
}

/// An invitation that nobody has taken.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    /// Its id.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// What it gives.
    pub role: String,
    /// Who invited.
    pub by: String,
    /// Until when it can be taken.
    pub expires: i64,
}

/// A permission and the roles that give it.
#[derive(Clone, Debug, Default)]
pub struct Gives {
    /// What it lets one do.
    pub about: &'static str,
    /// Its name, as tokens and the API have it.
    pub name: &'static str,
    /// Whether each role of [`People::roles`] gives it.
    pub given: Vec<bool>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Accounts by name.
    pub people: Vec<Person>,
    /// This is not the first page.
    pub later: bool,
    /// The address of the next page.
    pub next: Option<String>,
    /// Invitations that are open.
    pub pending: Vec<Pending>,
    /// The roles.
    pub roles: Vec<&'static str>,
    /// What each gives.
    pub permissions: Vec<Gives>,
    /// Names of products, for the browser's list.
    pub products: Vec<String>,
    /// What was typed into one of the forms.
    pub sent: Sent,
}

/// The fields that say which role somebody gets, and where.
pub(crate) fn role_fields(typed: &Typed, roles: &[&str], products: &[String]) -> Markup {
    let all: Vec<(&str, String)> = roles
        .iter()
        .map(|role| (*role, format!("{role}: {}", role_about(role))))
        .collect();
    let all: Vec<(&str, &str)> = all
        .iter()
        .map(|(role, text)| (*role, text.as_str()))
        .collect();
    let typed = &if typed.get("scope_kind").is_empty() {
        let mut typed = typed.clone();
        typed
            .values
            .push(("scope_kind".into(), "organisation".into()));
        typed
    } else {
        typed.clone()
    };
    html! {
        (select(typed, "role", "Role", "", &all))
        (radios(typed, "scope_kind", "Where it holds", &[
            ("organisation", "Everywhere", "on all products, those to come as well"),
            ("product", "On a product", "and everything below it"),
            ("tag", "On a tag", "on the products that carry it"),
        ]))
        (input(typed, &Input { name: "scope", label: "Product or tag", note: "The product's name, or the tag. Nothing for everywhere.",
            offers: products, most: 200, ..Input::default() }))
    }
}

impl People {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let may = around.may("people.write");
        let without = self
            .people
            .iter()
            .filter(|person| !person.service && !person.disabled && person.password)
            .filter(|person| !person.second_factor)
            .count();
        let answer = html! {
            (counted(self.people.len(), "account", "accounts")) @if self.next.is_some() || self.later { " on this page" }
            @if without > 0 { ", " (number_of(without)) " without a second factor" }
            @if !self.pending.is_empty() { ", " a href="#invitations" { (counted(self.pending.len(), "invitation open", "invitations open")) } }
            "."
        };
        let body = html! {
            (self.list(around))
            div.halves {
                @if may { (self.invite(around)) }
                (self.open(around, may))
            }
            (self.table())
        };
        framed(
            around,
            Part::People,
            "Who gets in, and what may each?",
            &answer,
            &html! {
                @if may { a.button href="#invite" { "Invite somebody" } }
                a.button href="/admin/people.csv" { "CSV" } a.button href="/admin/people.json" { "JSON" }
            },
            &body,
        )
    }

    fn list(&self, around: &Around) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Accounts by name" }
                thead { tr {
                    th scope="col" { "Who" } th scope="col" { "Roles" } th scope="col" { "Gets in by" } th scope="col" { "Last signed in" } th scope="col" { "State" }
                } }
                tbody { @for person in &self.people { tr data-row {
                    td.main {
                        a href=(person_path(&person.name)) { b { (cut(&person.display, 60)) } }
                        span.second { (cut(&person.name, 80)) }
                    }
                    td { (roles(&person.roles)) }
                    td { (ways(person)) }
                    td { @match person.seen { Some(at) => (ago(at, around.now)), None => span.muted { "never" } } }
                    td { (state(person, around.now)) }
                } } }
            } }
            (pager(self.people.len(), self.later.then_some("/admin/people"), self.next.as_deref()))
        }
    }

    fn invite(&self, around: &Around) -> Markup {
        let typed = self.sent.of("invite");
        let service = self.sent.of("service");
        html! {
            section.block #invite {
                h2 { "Invite somebody" }
                p.muted { "You get a link that holds for seven days and is taken once. Send it yourself: the portal does not." }
                (typed.wrong(&["name", "display", "role", "scope_kind", "scope"]))
                form.fields method="post" action="/admin/people" {
                    (around.token())
                    (input(&typed, &Input { name: "name", label: "Name", note: "To sign in with, such as their address.", required: true, most: 200, ..Input::default() }))
                    (input(&typed, &Input { name: "display", label: "As people call them", most: 200, ..Input::default() }))
                    (role_fields(&typed, &self.roles, &self.products))
                    button type="submit" { "Make the invitation" }
                }
                details .quiet open[self.sent.form == "service"] {
                    summary { "Or make an account for a program" }
                    (service.wrong(&["service_name", "service_display"]))
                    form.fields method="post" action="/admin/services" {
                        (around.token())
                        (input(&service, &Input { name: "service_name", label: "Name of the service", note: "Such as ci-web. It gets in by tokens alone.", required: true, most: 200, ..Input::default() }))
                        (input(&service, &Input { name: "service_display", label: "What it is", most: 200, ..Input::default() }))
                        button type="submit" { "Make the service" }
                    }
                }
            }
        }
    }

    fn open(&self, around: &Around, may: bool) -> Markup {
        html! {
            section.block #invitations {
                h2 { "Invitations that are open" }
                @if self.pending.is_empty() { p.muted { "None: everybody who was invited has come in, or the link has ended." } }
                @else { table.stack {
                    caption.hidden { "Open invitations" }
                    thead { tr { th scope="col" { "Who" } th scope="col" { "Ends" } th scope="col" { span.hidden { "Action" } } } }
                    tbody { @for one in &self.pending { tr {
                        td.main { (cut(&one.name, 80)) span.second { (cut(&one.role, 80)) ", invited by " (cut(&one.by, 60)) } }
                        td { (ago(one.expires, around.now)) }
                        td { @if may { (one_button(around, "/admin/invitations/withdraw", &[("id", &one.id)], "plain", "Take back", &format!("the invitation of {}", one.name))) } }
                    } } }
                } }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            h2 #roles { "What each role may" }
            div.scroll tabindex="0" role="region" aria-label="What each role may" { table.grid {
                caption.hidden { "Permissions by role" }
                thead { tr { th scope="col" { "Permission" } @for role in &self.roles { th scope="col" { (role) } } } }
                tbody { @for one in &self.permissions { tr {
                    th scope="row" { (one.about) span.second { code { (one.name) } } }
                    @for given in &one.given { td { @if *given { span aria-hidden="true" { "●" } span.hidden { "yes" } } @else { span.hidden { "no" } } } }
                } } }
            } }
            p.muted { "Everybody who is signed in looks after their own account. A role on a product holds on everything below it; permissions about the whole organisation need a role that holds everywhere." }
        }
    }
}

fn number_of(count: usize) -> String {
    crate::parts::number(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(crate) fn roles(roles: &[Held]) -> Markup {
    html! {
        @if roles.is_empty() { span.muted { "none" } }
        @for (at, held) in roles.iter().take(4).enumerate() { @if at > 0 { ", " } (cut(&held.text(), 60)) }
        @if roles.len() > 4 { " and " (roles.len() - 4) " more" }
    }
}

pub(crate) fn ways(person: &Person) -> Markup {
    html! {
        @if person.service { "tokens" }
        @else if let Some(issuer) = &person.issuer { (cut(issuer, 40)) }
        @else if person.password { "password" @if person.second_factor { " and code" } @else { span.second { "no second factor" } } }
        @else { span.muted { "not yet" } }
    }
}

pub(crate) fn state(person: &Person, now: i64) -> Markup {
    html! {
        @if person.disabled { span.tag.late { "disabled" } }
        @else if let Some(until) = person.locked_until.filter(|until| *until > now) { span.tag.hot title="after wrong tries" { "closed, opens " (ago(until, now)) } }
        @else if person.break_glass { span.tag.held { "for emergencies" } }
        @else { "open" span.second { "since " (day(person.created)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_only_look_has_no_forms_and_names_stay_text() {
        let people = People {
            people: vec![Person {
                name: "ann\"<b>".into(),
                display: "<script>".into(),
                password: true,
                roles: vec![Held {
                    role: "maintainer".into(),
                    kind: "product".into(),
                    place: "shop".into(),
                    ..Held::default()
                }],
                ..Person::default()
            }],
            pending: vec![Pending {
                id: "1".into(),
                name: "bob".into(),
                ..Pending::default()
            }],
            roles: vec!["viewer", "admin"],
            permissions: vec![Gives {
                about: "see things",
                name: "product.read",
                given: vec![true, true],
            }],
            ..People::default()
        };
        let looks = Around {
            permissions: vec!["people.read", "job.read"],
            ..Around::default()
        };
        let page = people.page(&looks);
        assert!(
            page.contains("&lt;script&gt;") && !page.contains("<script>"),
            "{page}"
        );
        assert!(page.contains("maintainer of shop") && page.contains("1 without a second factor"));
        assert!(!page.contains("action=\"/admin/"), "nothing to send");
        let acts = Around {
            permissions: vec!["people.read", "people.write"],
            ..Around::default()
        };
        let page = people.page(&acts);
        assert!(page.contains("action=\"/admin/people\"") && page.contains("Take back"));
    }
}
