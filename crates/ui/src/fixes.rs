//! Which few upgrades clear most?

use maud::{Markup, html};

use crate::frame::{Around, Place, top};
use crate::parts::{
    counted, cut, empty, encoded, findings_path, number, product_path, score, term,
};

/// An upgrade, in all products that need it.
#[derive(Clone, Debug, Default)]
pub struct Upgrade {
    /// Where the component comes from.
    pub ecosystem: String,
    /// The component.
    pub component: String,
    /// Versions in use, lowest first.
    pub from: Vec<String>,
    /// The lowest version that clears everything counted here.
    pub to: String,
    /// Findings that it clears.
    pub clears: i64,
    /// Of them known exploited.
    pub exploited: i64,
    /// The highest score of them.
    pub worst: Option<f64>,
    /// Their scores, added up.
    pub risk: f64,
    /// `patch`, `minor`, `major`, or empty where versions cannot be read so.
    pub jump: &'static str,
    /// Products: name, and whether the project asks for the component itself.
    pub products: Vec<(String, bool)>,
    /// The command.
    pub command: Option<String>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Fixes<'a> {
    /// The query that narrows it.
    pub query: &'a str,
    /// Upgrades, what clears most risk first.
    pub upgrades: Vec<Upgrade>,
    /// Findings that were looked at.
    pub looked: i64,
    /// There are more.
    pub more: bool,
    /// What is wrong with the query.
    pub fault: Option<String>,
}

impl Fixes<'_> {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let first: i64 = self.upgrades.iter().take(7).map(|one| one.clears).sum();
        let answer = html! {
            @if self.fault.is_some() { "The query cannot be read." }
            @else if self.upgrades.is_empty() { "Nothing that is open has a version that clears it." }
            @else {
                (counted(self.upgrades.len().min(7), "upgrade clears", "upgrades clear")) " " (number(first)) " of "
                (if self.more { "the " } else { "" }) (number(self.looked)) (if self.more { " worst findings that have a fix." } else { " findings that have a fix." })
            }
        };
        let body = html! {
            (top("Which few upgrades clear most?", &answer, &html! {
                a.button href=(format!("/fixes.csv?q={}", encoded(self.query))) { "CSV" } a.button href=(format!("/fixes.json?q={}", encoded(self.query))) { "JSON" }
            }))
            form.query action="/fixes" role="search" aria-label="Which upgrades" {
                div.grow {
                    label.hidden for="q" { "Query of findings" }
                    input #q name="q" type="text" value=(self.query) maxlength="4096" data-list="findings" placeholder="product:shop severity>=high" autocomplete="off" autocapitalize="off" spellcheck="false"
                        aria-describedby=[self.fault.as_ref().map(|_| "q-fault")];
                }
                button type="submit" { "Show" }
            }
            @if let Some(fault) = &self.fault { p.wrong #q-fault role="alert" { (fault) } }
            @if self.upgrades.is_empty() && self.fault.is_none() {
                (empty("No upgrade to make", &html! {
                    p { "Either nothing is open, or no version clears what is. " a href="/findings" { "Look at what is open" } ", or " a href="/findings?q=upgrade%3Anone" { "at what has no fix" } "." }
                }))
            } @else if !self.upgrades.is_empty() { (self.table()) }
            (crate::findings::keys())
        };
        around.page(Place::Fixes, "Fix plan", &body)
    }

    fn table(&self) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Upgrades, what clears most risk first" }
                thead { tr {
                    th scope="col" { "Upgrade" } th.num scope="col" { "Clears" } th.num scope="col" { "Worst" } th.num scope="col" { "Risk" }
                    th scope="col" { "Jump" } th scope="col" { "Products" } th scope="col" { "How" }
                } }
                tbody { @for one in &self.upgrades { tr data-row {
                    td.main {
                        a href=(self.opens(one)) { b { (cut(&one.component, 60)) } " to " b { (cut(&one.to, 40)) } }
                        span.second { (one.ecosystem) ", now " (cut(&one.from.join(", "), 80)) }
                    }
                    td.num { a href=(self.opens(one)) { (number(one.clears)) } @if one.exploited > 0 { " " span.tag.hot { (one.exploited) " exploited" } } }
                    td.num { (score(one.worst)) }
                    td.num { (format!("{:.0}", one.risk)) }
                    td { @match one.jump {
                        "patch" => span.tag.good { "patch" },
                        "minor" => span.tag { "minor" },
                        "major" => span.tag.hot title="The first number changes: expect work" { "major" },
                        _ => span.muted { "not known" },
                    } }
                    td { @for (at, (product, direct)) in one.products.iter().take(3).enumerate() {
                            @if at > 0 { ", " } a href=(product_path(product)) { (cut(product, 30)) } @if !direct { span.muted title="comes in through another component" { " (indirect)" } }
                        }
                        @if one.products.len() > 3 { " and " a href=(self.opens(one)) { (one.products.len() - 3) " more" } } }
                    td { @if let Some(command) = &one.command { code { (cut(command, 120)) } } }
                } } }
            } }
        }
    }

    fn opens(&self, one: &Upgrade) -> String {
        let mut query = format!("{} fixable", term("component", &one.component));
        if !self.query.is_empty() {
            query = format!("({}) {query}", self.query);
        }
        findings_path(&query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_few_upgrades_clear() {
        let fixes = Fixes {
            upgrades: vec![Upgrade {
                component: "lodash\"<b>".into(),
                to: "4.17.21".into(),
                from: vec!["4.17.15".into()],
                clears: 4,
                jump: "patch",
                products: vec![("shop".into(), false)],
                ..Upgrade::default()
            }],
            looked: 5,
            ..Fixes::default()
        };
        let page = fixes.page(&Around::default());
        assert!(
            page.contains("1 upgrade clears 4 of 5 findings that have a fix."),
            "{page}"
        );
        assert!(
            page.contains("lodash&quot;&lt;b&gt;")
                && page.contains("(indirect)")
                && !page.contains("<b>\"")
        );
        assert!(
            Fixes::default()
                .page(&Around::default())
                .contains("No upgrade to make")
        );
    }
}
