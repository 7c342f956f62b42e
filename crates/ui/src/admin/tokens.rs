//! What do programs get in with?

use maud::{Markup, html};

use super::people::person_path;
use super::{Part, framed, one_button};
use crate::forms::{Input, Typed, checks, input};
use crate::frame::Around;
use crate::parts::{ago, counted, cut, day, empty, pager, product_path};

/// Where a token of anybody is revoked.
pub(crate) const REVOKE: &str = "/admin/tokens/revoke";

/// A token without its secret.
#[derive(Clone, Debug, Default)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The account's id and name.
    pub owner: (String, String),
    /// What it is cut down to.
    pub permissions: Vec<String>,
    /// Only this product and what is below it.
    pub product: Option<String>,
    /// When it was made.
    pub created: i64,
    /// Until when it holds.
    pub expires: i64,
    /// When it was last used.
    pub used: Option<i64>,
    /// Since when it holds no more.
    pub revoked: Option<i64>,
}

impl Token {
    /// Whether it holds.
    pub fn holds(&self, now: i64) -> bool {
        self.revoked.is_none() && self.expires > now
    }
}

/// The page of all tokens.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// The newest first.
    pub tokens: Vec<Token>,
    /// This is not the first page.
    pub later: bool,
    /// The address of the next page.
    pub next: Option<String>,
}

impl Tokens {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let hold = self
            .tokens
            .iter()
            .filter(|token| token.holds(around.now))
            .count();
        let unused = self
            .tokens
            .iter()
            .filter(|token| token.holds(around.now) && token.used.is_none())
            .count();
        let answer = html! {
            (counted(hold, "token holds", "tokens hold")) @if self.next.is_some() || self.later { " on this page" }
            @if unused > 0 { ", " (counted(unused, "was never used", "were never used")) }
            "."
        };
        let body = html! {
            @if self.tokens.is_empty() {
                (empty("No token yet", &html! { p { "A pipeline needs one to push and to be judged. " a href="/account/tokens" { "Make one of your own" } ", or one for a service under " a href="/admin/people" { "People" } "." } }))
            } @else {
                (token_rows(&self.tokens, around, "/admin/tokens", around.may("people.write").then_some(REVOKE), true))
                (pager(self.tokens.len(), self.later.then_some("/admin/tokens"), self.next.as_deref()))
            }
            p.muted { "People make their tokens themselves, under " a href="/account/tokens" { "their own account" } "; those of a service are made on its page under " a href="/admin/people" { "People" } ". What a token may is never more than its account may." }
        };
        framed(
            around,
            Part::Tokens,
            "What do programs get in with?",
            &answer,
            &html! {
                a.button href="/account/tokens" { "Make a token" }
                a.button href="/admin/tokens.csv" { "CSV" } a.button href="/admin/tokens.json" { "JSON" }
            },
            &body,
        )
    }
}

/// Tokens as a table. `back` is where one comes back to after one was revoked, `revoke` the address of the form for it.
pub(crate) fn token_rows(
    tokens: &[Token],
    around: &Around,
    back: &str,
    revoke: Option<&str>,
    whose: bool,
) -> Markup {
    html! {
        div.scroll { table.stack {
            caption.hidden { "Tokens, the newest first" }
            thead { tr {
                th scope="col" { "Token" } @if whose { th scope="col" { "Whose" } } th scope="col" { "May" }
                th scope="col" { "Last used" } th scope="col" { "Ends" } th scope="col" { span.hidden { "Action" } }
            } }
            tbody { @for token in tokens { tr data-row {
                td.main { b { (cut(&token.name, 60)) } span.second { "made " (day(token.created)) } }
                @if whose { td { a href=(person_path(&token.owner.1)) { (cut(&token.owner.1, 50)) } } }
                td { (cut(&token.permissions.join(", "), 90)) @if let Some(product) = &token.product { span.second { "only " a href=(product_path(product)) { (cut(product, 50)) } } } }
                td { @match token.used { Some(at) => (ago(at, around.now)), None => span.muted { "never" } } }
                td {
                    @if let Some(at) = token.revoked { span.tag.late { "revoked" } span.second { (ago(at, around.now)) } }
                    @else if token.expires <= around.now { span.tag { "ended" } span.second { (ago(token.expires, around.now)) } }
                    @else { (ago(token.expires, around.now)) @if token.expires - around.now < 14 * 86_400 { " " span.tag.hot { "soon" } } }
                }
                td { @if let Some(revoke) = revoke.filter(|_| token.holds(around.now)) {
                    (one_button(around, revoke, &[("account", &token.owner.0), ("id", &token.id), ("back_to", back)], "plain", "Revoke", &token.name))
                } }
            } } }
        } }
    }
}

/// The fields with which a token is made.
pub(crate) fn make_fields(
    typed: &Typed,
    permissions: &[(&'static str, &'static str)],
    products: &[String],
) -> Markup {
    let all: Vec<(&str, &str, &str)> = permissions
        .iter()
        .map(|(name, about)| (*name, *name, *about))
        .collect();
    let typed = &if typed.values.is_empty() {
        Typed::of([("days", "90".to_owned())])
    } else {
        typed.clone()
    };
    let fault = typed
        .faults
        .iter()
        .find(|(name, _)| name == "permissions")
        .map(|(_, fault)| fault);
    html! {
        (input(typed, &Input { name: "token_name", label: "What it is for", note: "Such as: pushes of the web shop.", required: true, most: 100, ..Input::default() }))
        @if let Some(fault) = fault { p.wrong role="alert" { "Permissions: " (fault) } }
        (checks(typed, "permissions", "What it may", &all))
        (input(typed, &Input { name: "product", label: "Only this product", note: "And those below it. Empty: wherever the account may.", offers: products, most: 200, ..Input::default() }))
        (input(typed, &Input { name: "days", label: "Days for which it holds", note: "1 to 365.", kind: "number", required: true, most: 3, ..Input::default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_more_cannot_be_revoked_and_names_stay_text() {
        let token = |name: &str, revoked| Token {
            id: name.into(),
            name: format!("{name}<b>"),
            owner: ("1".into(), "ann".into()),
            expires: 1_000_000_000,
            revoked,
            ..Token::default()
        };
        let page = Tokens {
            tokens: vec![token("a", None), token("b", Some(5))],
            ..Tokens::default()
        };
        let mut around = Around {
            now: 10,
            permissions: vec!["people.read", "people.write"],
            ..Around::default()
        };
        let text = page.page(&around);
        assert!(text.contains("1 token holds, 1 was never used."), "{text}");
        assert_eq!(text.matches("/admin/tokens/revoke").count(), 1);
        assert!(!text.contains("a<b>"));
        around.permissions.pop();
        assert!(!page.page(&around).contains("/admin/tokens/revoke"));
    }
}
