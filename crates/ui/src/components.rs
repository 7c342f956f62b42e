//! What are our products made of: all components, and all licences.

use maud::{Markup, html};

use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{
    Count, affected_path, counted, cut, empty, encoded, findings_path, number, pager, score,
    severity, term,
};

/// A component.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its package URL.
    pub purl: String,
    /// Its ecosystem.
    pub ecosystem: String,
    /// Declared licences.
    pub licences: Vec<String>,
    /// Products with it in a live version.
    pub products: Count,
    /// Open findings about it.
    pub open: Count,
    /// The highest severity of these.
    pub severity: Option<&'static str>,
    /// The highest score of these.
    pub worst: Option<f64>,
    /// One of them is known to be exploited.
    pub exploited: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Components<'a> {
    /// The query.
    pub query: &'a str,
    /// The rows.
    pub rows: Vec<Row>,
    /// The place of the next page.
    pub next: Option<String>,
    /// It is not the first page.
    pub later: bool,
    /// What is wrong with the query.
    pub fault: Option<String>,
    /// No inventory has ever come in.
    pub nothing_yet: bool,
}

impl Components<'_> {
    fn address(&self, after: Option<&str>) -> String {
        let mut parts = Vec::new();
        if !self.query.is_empty() {
            parts.push(format!("q={}", encoded(self.query)));
        }
        if let Some(after) = after {
            parts.push(format!("after={}", encoded(after)));
        }
        if parts.is_empty() {
            "/components".into()
        } else {
            format!("/components?{}", parts.join("&"))
        }
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let bad = self.rows.iter().filter(|row| row.open.count > 0).count();
        let answer = html! {
            @if self.fault.is_some() { "The query cannot be read." }
            @else if self.rows.is_empty() { "Nothing fits." }
            @else {
                @if self.next.is_none() && !self.later { (counted(self.rows.len(), "component", "components")) " in versions that are the latest or deployed" }
                @else { (counted(self.rows.len(), "component", "components")) " on this page" }
                "; " @if bad == 0 { "nothing is open about them" } @else { "something is open about " (number(i64::try_from(bad).unwrap_or(i64::MAX))) } "."
            }
        };
        let query = format!("?q={}", encoded(self.query));
        let actions = html! {
            a.button href="/components/licences" { "Licences" }
            a.button href={ "/components.csv" (query) } { "CSV" }
            a.button href={ "/components.json" (query) } { "JSON" }
        };
        let body = html! {
            (top("What are our products made of?", &answer, &actions))
            @if self.nothing_yet {
                (empty("No inventory yet", &html! {
                    p { @if around.may("inventory.push") { a href="/products/hand-in" { "Hand in an SBOM" } ", or let" } @else { "Let" } " the command line read the lockfiles of a folder:" }
                    (crate::products::commands(around, "NAME"))
                }))
            } @else {
                (self.bar())
                @if self.rows.is_empty() && self.fault.is_none() { (empty("No such component", &html! { p { "In nothing that is the latest or deployed. Whether it was in older versions, " a href=(affected_path(self.query)) { "the search" } " tells. " a href="/components" { "Show all." } } })) }
                @else if !self.rows.is_empty() { (self.table()) }
            }
        };
        around.page(Place::Components, "Components", &body)
    }

    fn bar(&self) -> Markup {
        html! {
            form.query action="/components" role="search" {
                div.grow {
                    label.hidden for="q" { "Query of components" }
                    input #q name="q" type="text" value=(self.query) maxlength="4096" data-list="components" placeholder="lodash ecosystem:npm licence:MIT direct"
                        autocomplete="off" autocapitalize="off" spellcheck="false" aria-invalid=[self.fault.as_ref().map(|_| "true")] aria-describedby=[self.fault.as_ref().map(|_| "q-fault")];
                }
                button type="submit" { "Show" }
            }
            @if let Some(fault) = &self.fault { p.wrong #q-fault role="alert" { (fault) } }
            nav.views aria-label="Views" {
                @for (word, query) in [("All", ""), ("Asked for by us", "direct"), ("Needed to run", "scope:runtime"), ("npm", "ecosystem:npm"), ("Maven", "ecosystem:maven"), ("PyPI", "ecosystem:pypi"), ("Go", "ecosystem:go")] {
                    a href=(if query.is_empty() { "/components".to_owned() } else { format!("/components?q={}", encoded(query)) }) aria-current=[(query == self.query).then_some("page")] { (word) }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        let first = self.later.then(|| self.address(None));
        let next = self.next.as_deref().map(|next| self.address(Some(next)));
        html! {
            div.scroll { table.stack {
                caption.hidden { "Components by name" }
                thead { tr { th scope="col" { "Component" } th scope="col" { "Version" } th scope="col" { "From" } th.num scope="col" { "Products" } th.num scope="col" { "Open" } th.num scope="col" { "Score" } th scope="col" { "Worst" } th scope="col" { "Licence" } } }
                tbody { @for row in &self.rows { tr data-row {
                    td.main { a href=(affected_path(if row.purl.is_empty() { &row.name } else { &row.purl })) { (cut(&row.name, 90)) } }
                    td { @if row.version.is_empty() { span.muted { "not known" } } @else { (cut(&row.version, 40)) } }
                    td { (cut(&row.ecosystem, 30)) }
                    td.num data-what="products" { a href=(affected_path(if row.purl.is_empty() { &row.name } else { &row.purl })) { (row.products.text()) } }
                    td.num data-what="open" { @if row.open.count == 0 { span.muted { "0" } } @else { a href=(findings_path(&if row.purl.is_empty() { term("component", &row.name) } else { term("purl", &row.purl) })) { (row.open.text()) } } }
                    td.num { @if row.open.count > 0 { (score(row.worst)) } }
                    td { @if row.open.count > 0 { (severity(row.severity)) @if row.exploited { " " span.tag.hot { "exploited" } } } }
                    td { @if row.licences.is_empty() { span.muted { "none declared" } } @for (at, licence) in row.licences.iter().take(3).enumerate() { @if at > 0 { ", " } a href={ "/components?q=" (encoded(&term("licence", licence))) } { (cut(licence, 40)) } } @if row.licences.len() > 3 { " and " (row.licences.len() - 3) " more" } }
                } } }
            } }
            (pager(self.rows.len(), first.as_deref(), next.as_deref()))
        }
    }
}

/// The page of all licences.
#[derive(Clone, Debug, Default)]
pub struct Licences {
    /// The licences and how many components have each.
    pub rows: Vec<(String, Count)>,
    /// The place of the next page.
    pub next: Option<String>,
    /// It is not the first page.
    pub later: bool,
    /// Open findings about licences.
    pub objections: Count,
}

impl Licences {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if self.rows.is_empty() { "No component of a live version declares one." }
            @else {
                @if self.next.is_none() && !self.later { (counted(self.rows.len(), "licence is", "licences are")) " declared in what is the latest or deployed." } @else { (counted(self.rows.len(), "licence", "licences")) " on this page, by name." }
                @if self.objections.count > 0 { " The policy objects to " a href=(findings_path("kind:licence")) { (self.objections.text()) @if self.objections.count == 1 { " use" } @else { " uses" } } "." }
            }
        };
        let first = self.later.then_some("/components/licences");
        let next = self
            .next
            .as_ref()
            .map(|next| format!("/components/licences?after={}", encoded(next)));
        let body = html! {
            (crumbs(&[("/components", "Components")]))
            (top("Under which licences are our products?", &answer, &html! { a.button href="/components/licences.csv" { "CSV" } a.button href="/components/licences.json" { "JSON" } }))
            @if self.rows.is_empty() {
                (empty("No licence is known", &html! { p { "Licences come with inventories that name them: SBOMs do. " @if around.may("inventory.push") { a href="/products/hand-in" { "Hand one in." } } } }))
            } @else {
                div.scroll { table {
                    caption.hidden { "Licences" }
                    thead { tr { th scope="col" { "Licence" } th.num scope="col" { "Components" } th scope="col" { "Where" } } }
                    tbody { @for (licence, count) in &self.rows {
                        @let own = format!("/components?q={}", encoded(&term("licence", licence)));
                        tr data-row {
                            td.main { a href=(own) { (cut(licence, 100)) } }
                            td.num { a href=(own) { (count.text()) } }
                            td { a href=(affected_path(licence)) { "products" } }
                        }
                    } }
                } }
                (pager(self.rows.len(), first, next.as_deref()))
            }
        };
        around.page(Place::Components, "Licences", &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_and_licences_are_text_and_lead_on() {
        let view = Components {
            query: "\"><i>",
            rows: vec![Row {
                name: "lod<b>ash".into(),
                purl: "pkg:npm/lodash@4".into(),
                open: Count::exactly(2),
                products: Count {
                    count: 1_000,
                    exact: false,
                },
                ..Row::default()
            }],
            next: Some("a b".into()),
            ..Components::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "lod&lt;b&gt;ash",
            "1,000+",
            "after=a%20b",
            "/findings?q=purl%3Apkg%3Anpm%2Flodash%404",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("\"><i>"));
        let page = Licences {
            rows: vec![("MIT<b>".into(), Count::exactly(3))],
            ..Licences::default()
        }
        .page(&Around::default());
        assert!(page.contains("MIT&lt;b&gt;") && page.contains("licence%3A%22MIT%3Cb%3E%22"));
    }
}
