//! What is different between two versions of a product.

use maud::{Markup, html};

use super::{Choice, Head, select};
use crate::frame::Around;
use crate::parts::{affected_path, counted, cut, empty, encoded, finding_path, score, severity};

/// A package that is not as it was.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Its ecosystem.
    pub ecosystem: String,
    /// Its name.
    pub name: String,
    /// Versions before.
    pub from: Vec<String>,
    /// Versions after.
    pub to: Vec<String>,
}

/// A finding in one of them alone.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// A UUID.
    pub id: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// The component.
    pub component: String,
    /// Its version.
    pub version: String,
    /// How bad.
    pub severity: Option<&'static str>,
    /// Its score.
    pub score: Option<f64>,
}

/// What is different.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Packages that are new, gone, in another version, and as they were.
    pub counts: [usize; 4],
    /// The packages; not all where there are very many.
    pub components: Vec<Change>,
    /// Findings that are new, and gone.
    pub findings: [usize; 2],
    /// Findings that are new.
    pub appeared: Vec<Finding>,
    /// Findings that are gone.
    pub gone: Vec<Finding>,
    /// Everything was compared.
    pub whole: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// What stands above.
    pub head: Head,
    /// Versions to choose from.
    pub versions: Vec<Choice>,
    /// The id of the version before.
    pub from: String,
    /// The id of the version after.
    pub to: String,
    /// What is different; `None`: nothing is chosen.
    pub told: Option<Told>,
    /// Why it cannot be told.
    pub fault: Option<String>,
}

impl Difference {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if let Some(told) = &self.told {
                @let [added, removed, changed, same] = told.counts;
                @if told.findings == [0, 0] { "No finding came or went" }
                @else { (counted(told.findings[0], "finding came", "findings came")) " and " (counted(told.findings[1], "went", "went")) }
                @if added + removed + changed == 0 { "; the " (counted(same, "package is", "packages are")) " the same." } @else { "; " (counted(added, "package is new", "packages are new")) ", " (counted(removed, "is gone", "are gone")) ", " (counted(changed, "has another version", "have another version")) ", " (counted(same, "is as it was", "are as they were")) "." }
                @if !told.whole { " They are so large that not all of them was compared." }
            } @else { "Choose two versions." }
        };
        let actions = html! {
            @if self.told.is_some() {
                a.button href={ "/api/v1/products/" (encoded(&self.head.name)) "/difference?from=" (encoded(&self.from)) "&to=" (encoded(&self.to)) } { "JSON" }
                a.button href=(self.head.path(&format!("/difference?from={}&to={}", encoded(&self.to), encoded(&self.from)))) { "The other way round" }
            }
        };
        let body = html! {
            @if self.versions.len() > 1 || self.told.is_some() {
                form.row action=(self.head.path("/difference")) {
                    (select("from", "Before", &self.versions, &self.from))
                    (select("to", "After", &self.versions, &self.to))
                    button.second type="submit" { "Compare" }
                }
            }
            @if let Some(fault) = &self.fault { p.wrong role="alert" { (fault) } }
            @if let Some(told) = &self.told {
                div.halves {
                    (findings("New", "Nothing new is open.", told.findings[0], &told.appeared))
                    (findings("Gone", "Nothing that was open is gone.", told.findings[1], &told.gone))
                }
                (packages(told))
            } @else if self.versions.len() < 2 {
                (empty("Only one version yet", &html! { p { "As soon as a second one has come in, it is compared with the one before it." } (crate::products::commands(around, &self.head.name)) }))
            }
        };
        self.head.page(
            around,
            "/difference",
            "What is different?",
            &answer,
            &actions,
            &body,
        )
    }
}

fn findings(title: &str, none: &str, count: usize, all: &[Finding]) -> Markup {
    html! {
        section.block {
            h2 { (title) " " span.muted.small { (counted(count, "finding", "findings")) } }
            @if all.is_empty() { p.muted { (none) } }
            @else {
                div.scroll { table {
                    caption.hidden { (title) " findings, worst first" }
                    thead { tr { th.num scope="col" { "Score" } th scope="col" { "Finding" } th scope="col" { "Severity" } } }
                    tbody { @for one in all { tr {
                        td.num { (score(one.score)) }
                        td { a href=(finding_path(&one.id)) { (cut(&one.vulnerability, 50)) } span.second { (cut(&one.component, 60)) " " (cut(&one.version, 30)) } }
                        td { (severity(one.severity)) }
                    } } }
                } }
                @if count > all.len() { p.more { "The worst " (all.len()) "." } }
            }
        }
    }
}

fn packages(told: &Told) -> Markup {
    let [added, removed, changed, _] = told.counts;
    html! {
        section.block {
            h2 { "Packages" }
            @if told.components.is_empty() { p.muted { "They have the same packages in the same versions." } }
            @else {
                div.scroll { table.stack {
                    caption.hidden { "Packages that are not as they were, by name" }
                    thead { tr { th scope="col" { "Package" } th scope="col" { "From" } th scope="col" { "It" } th scope="col" { "Before" } th scope="col" { "After" } } }
                    tbody { @for one in &told.components { tr data-row {
                        td.main { a href=(affected_path(&one.name)) { (cut(&one.name, 90)) } }
                        td { (cut(&one.ecosystem, 30)) }
                        td { @if one.from.is_empty() { span.plus { "+ is new" } } @else if one.to.is_empty() { span.minus { "− is gone" } } @else { "~ changed" } }
                        td { (cut(&one.from.join(", "), 80)) }
                        td { (cut(&one.to.join(", "), 80)) }
                    } } }
                } }
                @if added + removed + changed > told.components.len() { p.more { "The first " (told.components.len()) " of " (added + removed + changed) "." } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_went_is_told() {
        let view = Difference {
            head: Head {
                name: "shop".into(),
                ..Head::default()
            },
            told: Some(Told {
                counts: [1, 0, 0, 5],
                components: vec![Change {
                    name: "lod<b>".into(),
                    to: vec!["2".into()],
                    ..Change::default()
                }],
                findings: [1, 0],
                appeared: vec![Finding {
                    id: "0f".into(),
                    vulnerability: "CVE<1>".into(),
                    ..Finding::default()
                }],
                whole: true,
                ..Told::default()
            }),
            ..Difference::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "lod&lt;b&gt;",
            "CVE&lt;1&gt;",
            "+ is new",
            "1 finding came",
            "1 package is new",
            "5 are as they were",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(
            Difference::default()
                .page(&Around::default())
                .contains("Only one version yet")
        );
    }
}
