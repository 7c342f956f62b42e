//! The versions of a product, and where each runs.

use maud::html;

use super::overview::{Branch, Version, rule};
use super::{Head, gate};
use crate::frame::Around;
use crate::parts::{ago, counted, cut, encoded, findings_path, number, pager, term};

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// What stands above.
    pub head: Head,
    /// The versions, the last pushed first.
    pub rows: Vec<Version>,
    /// The branches.
    pub branches: Vec<Branch>,
    /// The place of the next page.
    pub next: Option<String>,
    /// It is not the first page.
    pub later: bool,
}

impl Versions {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let own = self.head.path("/versions");
        let first = self.later.then_some(own.as_str());
        let next = self
            .next
            .as_ref()
            .map(|next| format!("{own}?after={}", encoded(next)));
        let live = self.rows.iter().filter(|version| version.live).count();
        let answer = html! {
            @if self.rows.is_empty() { "None yet: a version comes with its inventory." }
            @else if !self.later { (counted(live, "of those below is live", "of those below are live")) ": the latest of a branch, or deployed. What is open in them is work." }
            @else { "Older ones, as far as they are kept." }
        };
        let actions = html! {
            @if around.may("inventory.push") { a.button href={ "/products/hand-in?product=" (encoded(&self.head.name)) } { "Hand in a version" } }
            a.button href={ "/api/v1/products/" (encoded(&self.head.name)) "/versions" } { "JSON" }
        };
        let body = html! {
            @if !self.branches.is_empty() && !self.later {
                p.muted { @for (at, branch) in self.branches.iter().take(12).enumerate() { @if at > 0 { "; " } "on " b { (cut(&branch.name, 40)) } " the latest is " (rule(branch.latest)) }
                    @if self.branches.len() > 12 { "; and " (self.branches.len() - 12) " more branches" } "." }
            }
            @if self.rows.is_empty() {
                (crate::parts::empty("No version yet", &html! {
                    p { "The command line reads the lockfiles of a folder and hands in what is in them:" }
                    (crate::products::commands(around, &self.head.name))
                }))
            } @else {
                div.scroll { table.stack {
                    caption.hidden { "Versions, the last pushed first" }
                    thead { tr { th scope="col" { "Version" } th scope="col" { "Branch" } th scope="col" { "It is" } th scope="col" { "Gate" } th.num scope="col" { "Components" } th scope="col" { "Came in" } th scope="col" { "Open" } @if around.may("product.write") { th scope="col" { span.hidden { "Take away" } } } } }
                    tbody { @for version in &self.rows { tr data-row {
                        td.main { a href=(self.head.path(&format!("/inventory?version={}", version.id))) { b { (cut(&version.name, 60)) } }
                            @if !version.environments.is_empty() { span.second { "runs in " (cut(&version.environments.join(", "), 80)) } } }
                        td { (cut(&version.branch, 40)) }
                        td { @if version.latest { "latest" } @else if version.live { "deployed" } @else { span.muted { "older" } } }
                        td { a href=(self.head.path(&format!("/policy?version={}", version.id))) { (gate(version.denied)) } }
                        td.num { a href=(self.head.path(&format!("/inventory?version={}", version.id))) { (number(version.components)) } }
                        td { @if let Some(at) = version.pushed { (ago(at, around.now)) } @else { span.muted { "no inventory" } } }
                        td { a href=(findings_path(&format!("{} {} {}{}", term("product", &self.head.name), term("version", &version.name), term("branch", &version.branch), if version.live { "" } else { " all:true" }))) { "findings" } }
                        @if around.may("product.write") { td.tight {
                            details.quiet {
                                summary { "Take away" }
                                form method="post" action=(self.head.path("/versions/remove")) {
                                    (around.token())
                                    input type="hidden" name="id" value=(version.id);
                                    p { "Its inventories and findings go with it." }
                                    button.danger type="submit" { "Take " (cut(&version.name, 30)) " away" }
                                }
                            }
                        } }
                    } } }
                } }
                (pager(self.rows.len(), first, next.as_deref()))
            }
        };
        self.head.page(
            around,
            "/versions",
            "Which versions are there?",
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
    fn versions_are_taken_away_by_whoever_may() {
        let view = Versions {
            head: Head {
                name: "sh<o>p".into(),
                ..Head::default()
            },
            rows: vec![Version {
                id: "0f".into(),
                name: "1<i>".into(),
                branch: "main".into(),
                live: true,
                latest: true,
                ..Version::default()
            }],
            next: Some("0f".into()),
            ..Versions::default()
        };
        let page = view.page(&Around::default());
        assert!(
            page.contains("1&lt;i&gt;")
                && page.contains("after=0f")
                && !page.contains("versions/remove")
        );
        let may = Around {
            permissions: vec!["product.write"],
            ..Around::default()
        };
        assert!(view.page(&may).contains("versions/remove"));
    }
}
