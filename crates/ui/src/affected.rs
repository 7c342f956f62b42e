//! Do we have X, where, and what now?

use maud::{Markup, html};

use crate::findings::Row;
use crate::frame::{Around, Place, top};
use crate::parts::{
    Count, ago, counted, cut, due, empty, encoded, finding_path, product_path, severity, state,
};

/// A place where something is.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The product.
    pub product: String,
    /// Its version, when it has an inventory.
    pub version: Option<String>,
    /// The version's id.
    pub version_id: Option<String>,
    /// The latest of its branch, or deployed.
    pub live: bool,
    /// Where it runs now.
    pub environments: Vec<String>,
    /// Name and version of the component.
    pub component: Option<(String, String)>,
    /// The worst that is open about it there.
    pub finding: Option<Row>,
}

/// One reading of what was looked for.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// `vulnerability`, `component`, ...
    pub sort: &'static str,
    /// As it is called.
    pub name: String,
    /// One line.
    pub title: String,
    /// Where it is.
    pub places: Vec<Found>,
    /// How often in what is live.
    pub live: Count,
    /// All that has the name was looked at.
    pub whole: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Affected<'a> {
    /// What was looked for.
    pub query: &'a str,
    /// What was found.
    pub parts: Vec<Part>,
    /// It is in something live.
    pub affected: bool,
    /// Where it was looked for in vain: inventories, and when the oldest came.
    pub looked: Option<(i64, Option<i64>)>,
    /// What stands in the way.
    pub fault: Option<String>,
}

fn word(sort: &str) -> &'static str {
    match sort {
        "vulnerability" => "Vulnerability",
        "purl" => "Package",
        "hash" => "File hash",
        "licence" => "Licence",
        "product" => "Product",
        "party" => "Vendor",
        _ => "Component",
    }
}

impl Affected<'_> {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if self.query.is_empty() { "An id, a package, a name, a licence, a product, a vendor, or the hash of a file." }
            @else if self.fault.is_some() { "The search did not come to its end." }
            @else if self.affected { b { "Yes." } " " (self.sentence()) }
            @else if self.parts.iter().any(|part| !part.places.is_empty()) { b { "Not now." } " Only in versions that are neither the latest nor deployed." }
            @else if let Some((inventories, oldest)) = self.looked {
                b { "No." } " It is not in any of " (counted(inventories, "inventory", "inventories")) " of live versions"
                @if let Some(oldest) = oldest { ", the oldest of which came " (ago(oldest, around.now)) } "."
            } @else { b { "No." } }
        };
        let body = html! {
            (top("Do we have it, where, and what now?", &answer, &html! {
                @if !self.parts.is_empty() { a.button href=(format!("/affected.csv?q={}", encoded(self.query))) { "CSV" } a.button href=(format!("/api/v1/search?q={}", encoded(self.query))) { "JSON" } }
            }))
            form.query action="/affected" role="search" aria-label="This page" {
                div.grow {
                    label.hidden for="q" { "What to look for" }
                    input #q name="q" type="search" value=(self.query) maxlength="500" placeholder="log4j · CVE-2021-44228 · pkg:npm/lodash@4.17.15 · AGPL-3.0" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus[self.query.is_empty()];
                }
                button type="submit" { "Look" }
            }
            @if let Some(fault) = &self.fault { p.wrong role="alert" { (fault) } }
            @for part in &self.parts { (Self::part(part, around)) }
            @if self.query.is_empty() {
                (empty("When the news breaks", &html! {
                    p { "Type what the news names. The answer is every product with every version that is live, where it runs, whether it is open there, and what clears it. The address of the answer can be sent to others." }
                }))
            } @else if self.looked.is_some() && !self.affected {
                (empty("What this answer rests on", &html! {
                    p { "It was looked for as an id, a package, a name, a licence, a hash and a product. What has no inventory cannot be answered for: "
                        a href="/products?without=inventory" { "products without an inventory" } "." }
                }))
            }
            (crate::findings::keys())
        };
        around.page(Place::Affected, "Am I affected?", &body)
    }

    fn sentence(&self) -> Markup {
        let products: std::collections::BTreeSet<&str> = self
            .parts
            .iter()
            .flat_map(|part| &part.places)
            .filter(|place| place.live)
            .map(|place| place.product.as_str())
            .collect();
        let open = self
            .parts
            .iter()
            .flat_map(|part| &part.places)
            .filter(|place| place.live)
            .filter(|place| {
                place
                    .finding
                    .as_ref()
                    .is_some_and(|row| row.state == "open" || row.state == "overdue")
            })
            .count();
        html! {
            "In " (counted(products.len(), "product", "products")) " here"
            @if open > 0 { ", open in " (counted(open, "place", "places")) } "."
        }
    }

    fn part(part: &Part, around: &Around) -> Markup {
        // What nobody was told to run any more comes after what somebody does.
        let (live, past): (Vec<&Found>, Vec<&Found>) = part
            .places
            .iter()
            .partition(|place| place.live || place.version.is_none());
        html! {
            section.block {
                h2 { (word(part.sort)) " " (cut(&part.name, 100)) @if part.sort != "product" { " " span.muted.small { (part.live.text()) " in live versions" } } }
                @if !part.title.is_empty() && part.title != part.name { p { (cut(&part.title, 300)) } }
                @if !part.whole { p.muted { "More has this name than was looked at: type more of it." } }
                @if !live.is_empty() { (places(part, &live, around)) }
                @if !past.is_empty() {
                    details open[live.is_empty()] {
                        summary { (counted(past.len(), "version", "versions")) " no longer live" @if part.places.len() >= 50 { ", as far as the first 50 places go" } }
                        (places(part, &past, around))
                    }
                } @else if part.places.len() >= 50 { p.more { "The first 50, worst first." } }
            }
        }
    }
}

fn places(part: &Part, places: &[&Found], around: &Around) -> Markup {
    html! {
        div.scroll { table.stack {
            caption.hidden { "Where " (cut(&part.name, 100)) " is" }
            thead { tr { th scope="col" { "Product" } th scope="col" { "Version" } th scope="col" { "Runs in" } th scope="col" { "Component" } th scope="col" { "State" } th scope="col" { "Due" } th scope="col" { "What now" } } }
            tbody { @for place in places { tr data-row {
                td.main { a href=(product_path(&place.product)) { (cut(&place.product, 60)) } }
                td { @if let Some(version) = &place.version { (cut(version, 40)) } @else { span.muted { "no inventory" } } }
                td { @if place.environments.is_empty() { span.muted { "nowhere" } } @else { (cut(&place.environments.join(", "), 60)) } }
                td { @if let Some((name, version)) = &place.component { (cut(name, 60)) " " (cut(version, 40)) } }
                @if let Some(row) = &place.finding {
                    td { a href=(finding_path(&row.id)) { (state(row.state)) } " " (severity(row.severity)) @if row.known_exploited { " " span.tag.hot { "exploited" } } }
                    td { (due(row.state, row.due, around.now)) }
                    td { @if let Some(version) = &row.upgrade_to { "raise " (cut(&row.component, 40)) " to " b { (cut(version, 40)) } } @else { "no upgrade known: " a href=(finding_path(&row.id)) { "decide" } } }
                } @else {
                    td { @if part.sort == "product" || part.sort == "party" { span.muted { "nothing open" } } @else { span.muted { "there, nothing open" } } } td {} td {}
                }
            } } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_no_and_not_known_are_three_answers() {
        let around = Around::default();
        let yes = Affected {
            query: "log4j",
            affected: true,
            parts: vec![Part {
                sort: "component",
                name: "log4j<x>".into(),
                places: vec![Found {
                    product: "shop".into(),
                    version: Some("1".into()),
                    live: true,
                    ..Found::default()
                }],
                whole: true,
                ..Part::default()
            }],
            ..Affected::default()
        };
        let text = yes.page(&around);
        assert!(
            text.contains("<b>Yes.</b>")
                && text.contains("In 1 product here")
                && text.contains("log4j&lt;x&gt;")
        );
        let no = Affected {
            query: "x",
            looked: Some((214, None)),
            ..Affected::default()
        }
        .page(&around);
        assert!(no.contains("<b>No.</b>") && no.contains("any of 214 inventories"));
        assert!(
            Affected::default()
                .page(&around)
                .contains("When the news breaks")
        );
    }
}
