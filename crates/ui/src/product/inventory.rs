//! What is in a version of a product.

use maud::{Markup, html};

use super::{Choice, Head, chooser};
use crate::frame::Around;
use crate::parts::{
    affected_path, bytes, counted, cut, empty, encoded, findings_path, moment, number, pager,
    plain, severity, term,
};

/// A component.
#[derive(Clone, Debug, Default)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version; empty where it is not known.
    pub version: String,
    /// Its package URL; empty for a place.
    pub purl: String,
    /// Its ecosystem.
    pub ecosystem: String,
    /// The project itself asks for it.
    pub direct: Option<bool>,
    /// What it is needed for.
    pub scope: &'static str,
    /// Declared licences.
    pub licences: Vec<String>,
    /// Open findings about it.
    pub open: i64,
    /// The highest severity of these.
    pub severity: Option<&'static str>,
    /// One of them is known to be exploited.
    pub exploited: bool,
}

/// An inventory that came in.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// A UUID.
    pub id: String,
    /// It is the one in force.
    pub in_force: bool,
    /// `stanchion`, `cyclonedx` or `spdx`.
    pub format: String,
    /// Its size.
    pub bytes: i64,
    /// Components in it.
    pub components: i64,
    /// What could not be read, resolved or matched.
    pub problems: i64,
    /// Seconds since 1970.
    pub received: i64,
    /// Who sent it.
    pub sent_by: String,
    /// When it was last judged.
    pub judged: i64,
    /// The rules of retention took the document.
    pub gone: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// What stands above.
    pub head: Head,
    /// Versions to choose from.
    pub versions: Vec<Choice>,
    /// The version that is shown: its id and name.
    pub version: Option<Choice>,
    /// The version's plain name.
    pub version_name: String,
    /// Its findings are work.
    pub live: bool,
    /// Part of the name that is looked for.
    pub query: String,
    /// The licence that is looked for; `none`: none.
    pub licence: String,
    /// `true`, `false` or empty.
    pub direct: String,
    /// `runtime` and so on, or empty.
    pub scope: String,
    /// The components.
    pub rows: Vec<Component>,
    /// How many fit.
    pub total: i64,
    /// How many of them the project itself asks for.
    pub total_direct: i64,
    /// The place of the next page.
    pub next: Option<String>,
    /// It is not the first page.
    pub later: bool,
    /// What came in for it.
    pub came: Vec<Came>,
    /// What is wrong with what is looked for.
    pub fault: Option<String>,
}

/// What a format is called.
fn format(word: &str) -> &str {
    match word {
        "cyclonedx" => "CycloneDX",
        "spdx" => "SPDX",
        "stanchion" => "Stanchion",
        other => other,
    }
}

impl Inventory {
    fn filtered(&self) -> bool {
        ![&self.query, &self.licence, &self.direct, &self.scope]
            .iter()
            .all(|text| text.is_empty())
    }

    fn address(&self, file: &str, after: Option<&str>) -> String {
        let version = self.version.as_ref().map_or("", |version| &version.id);
        let mut parts = Vec::new();
        for (name, value) in [
            ("version", version),
            ("q", self.query.as_str()),
            ("licence", &self.licence),
            ("direct", &self.direct),
            ("scope", &self.scope),
            ("after", after.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                parts.push(format!("{name}={}", encoded(value)));
            }
        }
        format!("{}?{}", self.head.path(file), parts.join("&"))
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if let Some(version) = &self.version {
                (counted(self.total, "component", "components")) @if self.filtered() { " of those looked for" }
                " in " (cut(&version.word, 80))
                @if self.total > 0 { @if self.total_direct > 0 { ", " (number(self.total_direct)) " asked for by the project itself" } @else { "; its format does not tell which of them the project itself asks for, or none is" } }
                "."
            } @else { "Nobody knows yet: no inventory has come in." }
        };
        let actions = html! {
            @if self.version.is_some() {
                a.button href=(self.address("/inventory.csv", None)) { "CSV" }
                a.button href=(self.address("/inventory.json", None)) { "JSON" }
            }
        };
        let body = html! {
            @if self.version.is_some() {
                (self.bar())
                @if let Some(fault) = &self.fault { p.wrong role="alert" { (fault) } }
                @if self.rows.is_empty() {
                    @if self.filtered() { (empty("Nothing like it", &html! { p { "No component of this version fits. " a href=(self.head.path(&format!("/inventory?version={}", self.version.as_ref().map_or("", |version| &version.id)))) { "Show all." } } })) }
                    @else { (empty("An empty inventory", &html! { p { "It came in, and names no component. Was it made in the right folder?" } })) }
                } @else { (self.table()) }
                (self.documents())
            } @else {
                (empty("No inventory yet", &html! {
                    p { @if around.may("inventory.push") { a href={ "/products/hand-in?product=" (encoded(&self.head.name)) } { "Hand in an SBOM" } ", or let" } @else { "Let" } " the command line read the lockfiles of a folder:" }
                    (crate::products::commands(around, &self.head.name))
                }))
            }
        };
        self.head.page(
            around,
            "/inventory",
            "What is in it?",
            &answer,
            &actions,
            &body,
        )
    }

    fn bar(&self) -> Markup {
        let pick = |name: &str, label: &str, own: &str, all: &[(&str, &str)]| {
            html! {
                div.field {
                    label for=(name) { (label) }
                    select #(name) name=(name) { @for (value, word) in all { option value=(value) selected[*value == own] { (word) } } }
                }
            }
        };
        html! {
            @if self.versions.len() > 1 {
                (chooser(&self.head.path("/inventory"), "version", "Version", &self.versions, self.version.as_ref().map_or("", |version| &version.id)))
            }
            form.row.filter action=(self.head.path("/inventory")) role="search" {
                @if let Some(version) = &self.version { input type="hidden" name="version" value=(version.id); }
                div.field { label for="q" { "Name has" } input #q name="q" value=(self.query) maxlength="200" autocomplete="off" spellcheck="false" autocapitalize="off"; }
                div.field { label for="licence" { "Licence" } input #licence name="licence" value=(self.licence) maxlength="200" placeholder="MIT, or none" autocomplete="off" spellcheck="false" autocapitalize="off"; }
                (pick("direct", "Asked for by", &self.direct, &[("", "anyone"), ("true", "the project itself"), ("false", "another component")]))
                (pick("scope", "Needed", &self.scope, &[("", "for anything"), ("runtime", "to run"), ("optional", "optionally"), ("build", "to build"), ("test", "to test"), ("dev", "to develop")]))
                button.second type="submit" { "Show" }
            }
        }
    }

    fn table(&self) -> Markup {
        let first = self.later.then(|| self.address("/inventory", None));
        let next = self
            .next
            .as_deref()
            .map(|next| self.address("/inventory", Some(next)));
        let all = if self.live { "" } else { " all:true" };
        let about = format!(
            "{} {}",
            term("product", &self.head.name),
            term("version", &self.version_name)
        );
        html! {
            div.scroll { table.stack {
                caption.hidden { "Components by name" }
                thead { tr { th scope="col" { "Component" } th scope="col" { "Version" } th scope="col" { "From" } th scope="col" { "How" } th scope="col" { "Licence" } th scope="col" { "Worst" } th.num scope="col" { "Open" } } }
                tbody { @for row in &self.rows { tr data-row {
                    td.main { a href=(affected_path(if row.purl.is_empty() { &row.name } else { &row.purl })) { (cut(&row.name, 90)) } }
                    td { @if row.version.is_empty() { span.muted { "not known" } } @else { (cut(&row.version, 40)) } }
                    td { (cut(&row.ecosystem, 30)) }
                    td { @match row.direct { Some(true) => "direct", Some(false) => span.muted { "transitive" }, None => span.muted { "not told" } } @if row.scope != "runtime" { " " span.tag { (plain(row.scope)) } } }
                    td { @if row.licences.is_empty() { span.muted { "none declared" } } @for (at, licence) in row.licences.iter().take(3).enumerate() { @if at > 0 { ", " } a href={ "/components?q=" (encoded(&term("licence", licence))) } { (cut(licence, 40)) } } @if row.licences.len() > 3 { " and " (row.licences.len() - 3) " more" } }
                    td { @if row.open > 0 { (severity(row.severity)) @if row.exploited { " " span.tag.hot { "exploited" } } } }
                    td.num data-what="open" { @if row.open == 0 { span.muted { "0" } } @else if row.purl.is_empty() { a href=(findings_path(&format!("{about} {}{all}", term("component", &row.name)))) { (number(row.open)) } } @else { a href=(findings_path(&format!("{about} {}{all}", term("purl", &row.purl)))) { (number(row.open)) } } }
                } } }
            } }
            (pager(self.rows.len(), first.as_deref(), next.as_deref()))
        }
    }

    fn documents(&self) -> Markup {
        let version = self.version.as_ref().map_or("", |version| &version.id);
        html! {
            @if !self.came.is_empty() {
                section.block {
                    h2 { "What came in" }
                    div.scroll { table.stack {
                        caption.hidden { "Inventories of this version, the newest first" }
                        thead { tr { th scope="col" { "Received" } th scope="col" { "Format" } th scope="col" { "From" } th.num scope="col" { "Components" } th.num scope="col" { "Not read" } th scope="col" { "Judged" } th scope="col" { "Document" } } }
                        tbody { @for one in &self.came { tr {
                            td { (moment(one.received)) @if one.in_force { " " span.tag { "in force" } } }
                            td { (format(&one.format)) }
                            td { (cut(&one.sent_by, 60)) }
                            td.num { (number(one.components)) }
                            td.num { @if one.problems == 0 { span.muted { "0" } } @else { a href={ "/api/v1/versions/" (encoded(version)) "/report" } { (counted(one.problems, "problem", "problems")) } } }
                            td { (moment(one.judged)) }
                            td { @if one.gone { span.muted { "gone by the rules of retention" } } @else { a href={ "/api/v1/versions/" (encoded(version)) "/inventories/" (encoded(&one.id)) "/document" } { (bytes(one.bytes)) } } }
                        } } }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_text_and_lead_on() {
        let view = Inventory {
            head: Head {
                name: "sh<o>p".into(),
                ..Head::default()
            },
            version: Some(Choice {
                id: "0f".into(),
                word: "1 on main".into(),
            }),
            version_name: "1".into(),
            rows: vec![Component {
                name: "lod<b>ash".into(),
                purl: "pkg:npm/lodash@4".into(),
                licences: vec!["MIT<i>".into()],
                open: 2,
                ..Component::default()
            }],
            total: 1,
            query: "\"><script>".into(),
            next: Some("a b".into()),
            ..Inventory::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "lod&lt;b&gt;ash",
            "MIT&lt;i&gt;",
            "after=a%20b",
            "purl%3Apkg%3Anpm",
            "all%3Atrue",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("\"><script>"));
        assert!(
            Inventory::default()
                .page(&Around::default())
                .contains("No inventory yet")
        );
    }
}
