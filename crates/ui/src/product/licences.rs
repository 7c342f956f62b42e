//! The licences in a version of a product.

use maud::html;

use super::{Choice, Head, chooser};
use crate::frame::Around;
use crate::parts::{counted, cut, empty, encoded, findings_path, number, percent, term};

/// A licence.
#[derive(Clone, Debug, Default)]
pub struct Licence {
    /// As declared; `None`: none is.
    pub licence: Option<String>,
    /// Components with it.
    pub components: i64,
    /// Those that the project itself asks for.
    pub direct: i64,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Licences {
    /// What stands above.
    pub head: Head,
    /// Versions to choose from.
    pub versions: Vec<Choice>,
    /// The version that is shown.
    pub version: Option<Choice>,
    /// The licences, the most used first.
    pub rows: Vec<Licence>,
    /// Components of the version.
    pub components: i64,
    /// Open findings about licences.
    pub findings: i64,
}

impl Licences {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let version = self.version.as_ref().map_or("", |version| &version.id);
        let none = self
            .rows
            .iter()
            .find(|row| row.licence.is_none())
            .map_or(0, |row| row.components);
        let declared = self.rows.iter().filter(|row| row.licence.is_some()).count();
        let answer = html! {
            @if self.version.is_none() { "Nobody knows yet: no inventory has come in." }
            @else {
                (counted(declared, "licence", "licences")) " in " (counted(self.components, "component", "components"))
                @if none > 0 { "; " (counted(none, "component declares", "components declare")) " none" }
                @if self.findings > 0 { ". The policy objects to " a href=(findings_path(&format!("{} kind:licence", term("product", &self.head.name)))) { (counted(self.findings, "use", "uses")) } }
                "."
            }
        };
        let actions = html! {
            @if self.version.is_some() {
                a.button href=(self.head.path(&format!("/licences.csv?version={}", encoded(version)))) { "CSV" }
                a.button href={ "/api/v1/versions/" (encoded(version)) "/licences" } { "JSON" }
            }
        };
        let body = html! {
            @if self.versions.len() > 1 { (chooser(&self.head.path("/licences"), "version", "Version", &self.versions, version)) }
            @if self.rows.is_empty() {
                (empty("No licence is known", &html! { p { "Licences come with an inventory that names them: SBOMs do, lockfiles of Composer and npm do too." } }))
            } @else {
                div.scroll { table.stack {
                    caption.hidden { "Licences, the most used first" }
                    thead { tr { th scope="col" { "Licence" } th.num scope="col" { "Components" } th.num scope="col" { "Share" } th.num scope="col" { "Direct" } th scope="col" { "Elsewhere" } } }
                    tbody { @for row in &self.rows {
                        @let word = row.licence.as_deref().unwrap_or("none");
                        @let own = self.head.path(&format!("/inventory?version={}&licence={}", encoded(version), encoded(word)));
                        tr data-row {
                            td.main { @if let Some(licence) = &row.licence { a href=(own) { (cut(licence, 90)) } } @else { a href=(own) { "none declared" } } }
                            td.num { a href=(own) { (number(row.components)) } }
                            td.num { (percent(row.components as f64 / self.components.max(1) as f64)) }
                            td.num { @if row.direct == 0 { span.muted { "0" } } @else { a href={ (own) "&direct=true" } { (number(row.direct)) } } }
                            td { @if let Some(licence) = &row.licence { a href={ "/components?q=" (encoded(&term("licence", licence))) } { "in all products" } } }
                        }
                    } }
                } }
                p.muted { "A component with several licences is counted for each. What the policy says about them is under " a href=(self.head.path("/policy")) { "Policy" } "." }
            }
        };
        self.head.page(
            around,
            "/licences",
            "Under which licences is it?",
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
    fn licences_lead_to_their_components() {
        let view = Licences {
            head: Head {
                name: "shop".into(),
                ..Head::default()
            },
            version: Some(Choice {
                id: "0f".into(),
                word: "1".into(),
            }),
            rows: vec![
                Licence {
                    licence: Some("MIT<b>".into()),
                    components: 3,
                    direct: 1,
                },
                Licence {
                    licence: None,
                    components: 1,
                    direct: 0,
                },
            ],
            components: 4,
            ..Licences::default()
        };
        let page = view.page(&Around::default());
        assert!(
            page.contains("MIT&lt;b&gt;") && page.contains("licence=none") && page.contains("75 %"),
            "{page}"
        );
        assert!(page.contains("1 component declares none"));
    }
}
