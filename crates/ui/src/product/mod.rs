//! A product, in tabs: what is in it, how it is held, and what became of it.

pub mod coverage;
pub mod difference;
pub mod findings;
pub mod form;
pub mod hierarchy;
pub mod history;
pub mod inventory;
pub mod licences;
pub mod overview;
pub mod policy;
pub mod versions;

use maud::{Markup, html};

use crate::frame::{Around, Place, crumbs, tabs, top};
use crate::parts::{cut, product_path};

/// The tabs: the last step of the path, and the word.
const TABS: [(&str, &str); 8] = [
    ("", "Overview"),
    ("/versions", "Versions"),
    ("/inventory", "Inventory"),
    ("/findings", "Findings"),
    ("/licences", "Licences"),
    ("/policy", "Policy"),
    ("/history", "History"),
    ("/difference", "Difference"),
];

/// A version to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// A UUID.
    pub id: String,
    /// What people read: `1.4.0 on main`.
    pub word: String,
}

/// What stands above each tab.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The product's name.
    pub name: String,
    /// It was bought.
    pub bought: bool,
    /// What it is a part of, by name, the nearest last.
    pub above: Vec<String>,
}

impl Head {
    /// The path of a tab.
    pub fn path(&self, tab: &str) -> String {
        format!("{}{tab}", product_path(&self.name))
    }

    /// A whole page: `tab` as in the path, `question` as the title, `answer` in a line, and the rest.
    pub(crate) fn page(
        &self,
        around: &Around,
        tab: &str,
        question: &str,
        answer: &Markup,
        actions: &Markup,
        body: &Markup,
    ) -> String {
        let paths: Vec<String> = self.above.iter().map(|name| product_path(name)).collect();
        let mut above: Vec<(&str, &str)> = vec![("/products", "Products")];
        above.extend(
            paths
                .iter()
                .map(String::as_str)
                .zip(self.above.iter().map(String::as_str)),
        );
        let own = product_path(&self.name);
        if !tab.is_empty() {
            above.push((&own, &self.name));
        }
        let all: Vec<(String, &str, bool)> = TABS
            .iter()
            .filter(|(step, _)| !self.bought || matches!(*step, "" | "/findings" | "/history"))
            .map(|(step, word)| (self.path(step), *word, *step == tab))
            .collect();
        let body = html! {
            (crumbs(&above))
            (top(question, answer, actions))
            (tabs("Parts of the product", &all))
            (body)
        };
        let word = TABS
            .iter()
            .find(|(step, _)| *step == tab)
            .map_or("", |(_, word)| word);
        around.page(
            Place::Products,
            &format!("{}: {word}", self.name.chars().take(80).collect::<String>()),
            &body,
        )
    }
}

/// Versions to choose one of; sends itself with a button.
pub(crate) fn chooser(
    action: &str,
    name: &str,
    label: &str,
    all: &[Choice],
    chosen: &str,
) -> Markup {
    html! {
        form.row action=(action) {
            (select(name, label, all, chosen))
            button.second type="submit" { "Show" }
        }
    }
}

/// A field of versions.
pub(crate) fn select(name: &str, label: &str, all: &[Choice], chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select #(name) name=(name) {
                @for one in all { option value=(one.id) selected[one.id == chosen] { (cut_word(&one.word)) } }
            }
        }
    }
}

/// A word for a list of choices, where nothing can stand behind it.
fn cut_word(word: &str) -> String {
    if word.chars().count() > 70 {
        let head: String = word.chars().take(69).collect();
        format!("{head}…")
    } else {
        word.to_owned()
    }
}

/// What the gate says, in words.
pub(crate) fn gate(denied: Option<bool>) -> Markup {
    html! {
        @match denied {
            Some(true) => span.tag.late { "the build gate is closed" },
            Some(false) => span.tag.good { "the build gate is open" },
            None => span.muted { "not judged yet" },
        }
    }
}

/// A text as a title may have it.
pub(crate) fn short(text: &str) -> Markup {
    cut(text, 60)
}
