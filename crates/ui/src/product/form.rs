//! A product is made, changed, or taken away.

use maud::{Markup, html};

use super::Head;
use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{counted, product_path};

/// The fields of the form.
const SHOWN: [&str; 17] = [
    "name",
    "kind",
    "description",
    "parent",
    "owner",
    "tier",
    "exposed",
    "environment",
    "lifecycle",
    "data_classes",
    "tags",
    "vendor",
    "bought_version",
    "cpe",
    "keep_versions",
    "keep_days",
    "badge",
];

/// A form for a product.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The product that is changed; `None`: a new one.
    pub of: Option<Head>,
    /// What stands in it. The field `revision` says which state it was made from.
    pub typed: Typed,
    /// Names of products, for the browser's own list.
    pub products: Vec<String>,
    /// Who acts elsewhere, for the browser's own list.
    pub owners: Vec<String>,
    /// Somebody else has changed it meanwhile.
    pub meanwhile: Option<Meanwhile>,
}

/// What somebody else did while this was typed.
#[derive(Clone, Debug, Default)]
pub struct Meanwhile {
    /// Who, where that may be told.
    pub who: Option<String>,
    /// Fields that are not as they are in the form: label and what stands there now.
    pub now: Vec<(String, String)>,
}

/// What a field is called.
pub fn label(field: &str) -> &'static str {
    match field {
        "name" => "Name",
        "kind" => "It is",
        "description" => "Description",
        "parent" => "Part of",
        "owner" => "Owner",
        "tier" => "Tier",
        "exposed" => "Reachable from the internet",
        "environment" => "Environment",
        "lifecycle" => "Where it is in its life",
        "data_classes" => "Classes of data",
        "tags" => "Tags",
        "vendor" => "Sold by",
        "bought_version" => "Version that was bought",
        "cpe" => "CPE name",
        "keep_versions" => "Versions that are kept",
        "keep_days" => "Days for which versions are kept",
        "badge" => "Badge",
        _ => "Something else",
    }
}

impl Form {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let (title, address) = match &self.of {
            Some(head) => (
                format!("Change {}", head.name.chars().take(120).collect::<String>()),
                head.path("/change"),
            ),
            None => ("What is new?".to_owned(), "/products/new".to_owned()),
        };
        let own = self.of.as_ref().map(|head| product_path(&head.name));
        let mut above = vec![("/products", "Products")];
        if let (Some(path), Some(head)) = (&own, &self.of) {
            above.push((path, &head.name));
        }
        let answer = html! {
            @if self.of.is_some() { "Owner, tier and exposure decide about dates: it is judged anew afterwards." }
            @else { "Something that you ship, run or have bought. A name is enough; the rest makes dates and owners right." }
        };
        let body = html! {
            (crumbs(&above))
            (top(&title, &answer, &html! {}))
            @if let Some(meanwhile) = &self.meanwhile { (changed(meanwhile)) }
            (self.typed.wrong(&SHOWN))
            form.fields method="post" action=(address) {
                (around.token())
                @if self.of.is_some() { (forms::hidden(&self.typed, &["revision"])) }
                (self.fields())
                button type="submit" { @if self.of.is_some() { @if self.meanwhile.is_some() { "Save mine all the same" } @else { "Save" } } @else { "Make it" } }
                @if let Some(path) = &own { " " a href=(path) { "Leave it as it is" } }
            }
            @if let Some(head) = &self.of {
                section.block #remove {
                    h2 { "Take it away" }
                    p { "Its versions, inventories and findings go with it, and what is below it moves up. "
                        a href=(head.path("/remove")) { "Take " (super::short(&head.name)) " away" } }
                }
            }
        };
        around.page(Place::Products, &title, &body)
    }

    fn fields(&self) -> Markup {
        let typed = &self.typed;
        let text = |name: &'static str, note: &'static str, offers: &[String]| {
            forms::input(
                typed,
                &Input {
                    name,
                    label: label(name),
                    note,
                    offers,
                    most: 200,
                    ..Input::default()
                },
            )
        };
        html! {
            (forms::input(typed, &Input { name: "name", label: label("name"), required: true, first: self.of.is_none(), most: 200,
                note: if self.of.is_some() { "Links and pipelines that name it have to be changed with it." } else { "Unique. Pipelines name it when they push." }, ..Input::default() }))
            (forms::radios(typed, "kind", label("kind"), &[("own", "our own:", "we ship or run it"), ("bought", "bought:", "somebody else makes it")]))
            (forms::input(typed, &Input { name: "description", label: label("description"), kind: "area", ..Input::default() }))
            (text("parent", "The product that it is a part of.", &self.products))
            h2 { "Who and how bad" }
            (text("owner", "Who acts: an address, or a role such as team:web.", &self.owners))
            (forms::select(typed, "tier", label("tier"), "How much depends on it.", &[("", "nobody has said"), ("1", "1: most depends on it"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5: least depends on it")]))
            (forms::select(typed, "exposed", label("exposed"), "", &[("", "nobody has said"), ("true", "yes"), ("false", "no")]))
            (text("environment", "Such as production.", &[]))
            (forms::select(typed, "lifecycle", label("lifecycle"), "What is retired is no gap any more.", &[("development", "in development"), ("active", "active"), ("maintenance", "in maintenance"), ("retired", "retired")]))
            (forms::input(typed, &Input { name: "data_classes", label: label("data_classes"), note: "With commas between: personal, payment.", ..Input::default() }))
            (forms::input(typed, &Input { name: "tags", label: label("tags"), note: "Words of yours, with commas between. Roles and rules of the policy can go by them.", ..Input::default() }))
            details.quiet open[typed.get("kind") == "bought"] {
                summary { "Of what was bought" }
                (text("vendor", "Needed for what was bought.", &[]))
                (text("bought_version", "What is known of it is looked up by this.", &[]))
                (text("cpe", "Where its name alone does not find it: cpe:2.3:a:vendor:product.", &[]))
            }
            details.quiet open[!typed.get("keep_versions").is_empty() || !typed.get("keep_days").is_empty() || typed.has("badge", "yes")] {
                summary { "What is kept and shown" }
                (forms::input(typed, &Input { name: "keep_versions", label: label("keep_versions"), kind: "number", note: "Of each branch, besides live ones; as everywhere without it.", most: 6, ..Input::default() }))
                (forms::input(typed, &Input { name: "keep_days", label: label("keep_days"), kind: "number", note: "As everywhere without it.", most: 6, ..Input::default() }))
                (forms::checks(typed, "badge", label("badge"), &[("yes", "Anyone may see its badge", "without signing in")]))
            }
        }
    }
}

fn changed(meanwhile: &Meanwhile) -> Markup {
    html! {
        div.wrong role="alert" {
            @if let Some(who) = &meanwhile.who { b { (who) } } @else { "Somebody" }
            " has changed it while you typed. Nothing of yours is lost: it stands below, and replaces theirs if you save it."
            @if meanwhile.now.is_empty() { " What stands there now is the same as yours." }
            @else { dl { @for (word, value) in &meanwhile.now { dt { (word) " is now" } dd { @if value.is_empty() { "empty" } @else { (value) } } } } }
        }
    }
}

/// Asks whether a product is to go.
#[derive(Clone, Debug, Default)]
pub struct Remove {
    /// The product.
    pub head: Head,
    /// Its versions.
    pub versions: i64,
    /// What is open in it.
    pub open: i64,
    /// What stands in the form.
    pub typed: Typed,
}

impl Remove {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let own = product_path(&self.head.name);
        let body = html! {
            (crumbs(&[("/products", "Products"), (&own, &self.head.name)]))
            (top("Is it to go?", &html! {
                (counted(self.versions, "version", "versions")) " with all inventories and " (counted(self.open, "open finding goes", "open findings go")) " with it. What is below it moves up. This cannot be taken back; the log keeps that it was there."
            }, &html! {}))
            (self.typed.wrong(&["name"]))
            form.fields method="post" action=(self.head.path("/remove")) {
                (around.token())
                (forms::input(&self.typed, &Input { name: "name", label: "Type its name", required: true, first: true, most: 200, ..Input::default() }))
                p { "It is called " b { bdi { (self.head.name) } } "." }
                button.danger type="submit" { "Take it away" }
                " " a href=(own) { "Leave it" }
            }
        };
        around.page(Place::Products, "Take a product away", &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_when_somebody_else_was_faster() {
        let view = Form {
            of: Some(Head {
                name: "sh<o>p".into(),
                ..Head::default()
            }),
            typed: Typed::of([
                ("name", "sh<o>p".into()),
                ("owner", "team:<web>".into()),
                ("revision", "7".into()),
                ("tier", "2".into()),
            ]),
            meanwhile: Some(Meanwhile {
                who: Some("b<o>b".into()),
                now: vec![("Owner".into(), "team:<db>".into())],
            }),
            ..Form::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "team:&lt;web&gt;",
            "team:&lt;db&gt;",
            "b&lt;o&gt;b",
            "name=\"revision\" value=\"7\"",
            "value=\"2\" selected",
            "Save mine all the same",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        let new = Form::default().page(&Around::default());
        assert!(new.contains("action=\"/products/new\"") && !new.contains("name=\"revision\""));
        let remove = Remove {
            head: Head {
                name: "a<b".into(),
                ..Head::default()
            },
            ..Remove::default()
        }
        .page(&Around::default());
        assert!(remove.contains("a&lt;b") && remove.contains("/products/a%3Cb/remove"));
    }
}
