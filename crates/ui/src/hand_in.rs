//! An SBOM or a VEX document comes in from a browser: chosen, or let go over the page.

use maud::{Markup, html};

use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, crumbs, top};

/// The page.
#[derive(Clone, Debug, Default)]
pub struct HandIn {
    /// What stands in the form.
    pub typed: Typed,
    /// Names of products, for the browser's own list.
    pub products: Vec<String>,
}

const SHOWN: [&str; 5] = ["product", "version", "branch", "what", "file"];

/// The form for an inventory. `products` are offered; none: the product is settled.
pub fn form(around: &Around, typed: &Typed, products: &[String]) -> Markup {
    let settled = products.is_empty() && !typed.get("product").is_empty();
    html! {
        (typed.wrong(&SHOWN))
        form.fields data-drop method="post" action="/products/hand-in" enctype="multipart/form-data" {
            (around.token())
            @if settled { (forms::hidden(typed, &["product"])) }
            @else {
                (forms::input(typed, &Input { name: "product", label: "Product", required: true, first: true, offers: products, most: 200,
                    note: if around.may("product.write") { "One that is not there yet is made." } else { "" }, ..Input::default() }))
            }
            (forms::input(typed, &Input { name: "version", label: "Version", note: "As it is called where it is built, such as 1.4.0.", required: true, most: 200, ..Input::default() }))
            (forms::input(typed, &Input { name: "branch", label: "Branch", note: "main without one.", most: 200, ..Input::default() }))
            (file(typed, "file", "At most 64 MiB: CycloneDX, SPDX, or what stanchion inventory writes. Choose it, or let it go anywhere over this page."))
            button type="submit" { "Hand it in" }
        }
    }
}

/// The form for a VEX document.
fn vex(around: &Around, typed: &Typed) -> Markup {
    html! {
        (typed.wrong(&SHOWN))
        form.fields method="post" action="/products/hand-in" enctype="multipart/form-data" {
            (around.token())
            input type="hidden" name="what" value="vex";
            p { "It says which vulnerabilities do not count where. Whether what it says holds, the policy decides." }
            (file(typed, "vex-file", "OpenVEX, CSAF or CycloneDX, at most 64 MiB. It is kept under the name of its file, and replaces the one of that name."))
            button type="submit" { "Hand it in" }
        }
    }
}

fn file(typed: &Typed, id: &str, note: &str) -> Markup {
    let fault = typed
        .faults
        .iter()
        .find(|(name, _)| name == "file")
        .map(|(_, fault)| fault.as_str());
    let (note_id, fault_id) = (format!("{id}-note"), format!("{id}-fault"));
    let described = if fault.is_some() {
        format!("{note_id} {fault_id}")
    } else {
        note_id.clone()
    };
    html! {
        div.field.drop .bad[fault.is_some()] {
            label for=(id) { "File" }
            small id=(note_id) { (note) }
            @if let Some(fault) = fault { span.fault id=(fault_id) { (fault) } }
            input id=(id) name="file" type="file" required aria-describedby=(described) aria-invalid=[fault.map(|_| "true")];
        }
    }
}

impl HandIn {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let product = match self.typed.get("product") {
            "" => "NAME",
            name => name,
        };
        // What was typed stands in the form that was sent, and in no other.
        let says = self.typed.get("what") == "vex";
        let (mine, theirs) = if says {
            (Typed::default(), self.typed.clone())
        } else {
            (self.typed.clone(), Typed::default())
        };
        let body = html! {
            (crumbs(&[("/products", "Products")]))
            (top("What is in it?", &html! { "Hand in the inventory that a build or another tool has written; the verdict comes at once." }, &html! {}))
            div.columns {
                div {
                    (form(around, &mine, &self.products))
                    @if around.may("policy.write") {
                        section.block {
                            h2 { "Or what somebody says about it" }
                            details.quiet open[says] { summary { "A VEX document" } (vex(around, &theirs)) }
                        }
                    }
                }
                aside {
                    h2 { "By the command line" }
                    p { "It reads the lockfiles of a folder itself, and sends what is in them:" }
                    (crate::products::commands(around, product))
                    p.muted { "In a pipeline it takes the address and a token from " code { "STANCHION_PORTAL" } " and " code { "STANCHION_TOKEN" } "." }
                }
            }
        };
        around.page(Place::Products, "Hand in an inventory", &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_was_typed_and_offers_what_one_may() {
        let view = HandIn {
            typed: Typed {
                error: Some("Too large.".into()),
                faults: vec![("file".into(), "is larger than 64 MiB".into())],
                ..Typed::of([("product", "sh<o>p".into()), ("version", "1".into())])
            },
            products: vec!["a<b".into()],
        };
        let page = view.page(&Around::default());
        for text in [
            "sh&lt;o&gt;p",
            "a&lt;b",
            "is larger than 64 MiB",
            "Too large.",
            "multipart/form-data",
            "data-drop",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("value=\"vex\""));
        let may = Around {
            permissions: vec!["policy.write"],
            ..Around::default()
        };
        assert!(view.page(&may).contains("value=\"vex\""));
    }
}
