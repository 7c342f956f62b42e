//! What nobody can answer for: products and deployments without an inventory.

use maud::html;

use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{ago, counted, cut, empty, encoded, product_path};

/// Something without an inventory.
#[derive(Clone, Debug, Default)]
pub struct Gap {
    /// The product.
    pub product: String,
    /// The environment in which something unknown runs; none: the product has no inventory at all.
    pub environment: Option<String>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Live versions with an inventory.
    pub covered: i64,
    /// When the oldest of their inventories came, in seconds since 1970.
    pub oldest: Option<i64>,
    /// What has none.
    pub gaps: Vec<Gap>,
    /// There may be more.
    pub more: bool,
}

impl Coverage {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if self.gaps.is_empty() { "Everything that is in use has an inventory." }
            @else { (counted(self.gaps.len(), "gap", "gaps")) @if self.more { " and more" } "." }
            " " (counted(self.covered, "live version has", "live versions have")) " one"
            @if let Some(at) = self.oldest { ", the oldest of which came " (ago(at, around.now)) }
            "."
        };
        let actions = html! {
            @if around.may("inventory.push") { a.button href="/products/hand-in" { "Hand in an SBOM" } }
            a.button href="/api/v1/coverage" { "JSON" }
        };
        let body = html! {
            (crumbs(&[("/products", "Products")]))
            (top("For what can nobody answer?", &answer, &actions))
            @if self.gaps.is_empty() {
                (empty("No gap", &html! { p { "Products of your own that are not retired have an inventory, and for every deployment it is known what runs there. Bought products are looked up by their name." } }))
            } @else {
                div.scroll { table.stack {
                    caption.hidden { "Products and deployments without an inventory" }
                    thead { tr { th scope="col" { "Product" } th scope="col" { "What is missing" } th scope="col" { "What now" } } }
                    tbody { @for gap in &self.gaps { tr data-row {
                        td.main { a href=(product_path(&gap.product)) { (cut(&gap.product, 80)) } }
                        @if let Some(environment) = &gap.environment {
                            td { "nobody knows what runs in " b { (cut(environment, 60)) } }
                            td { @if around.may("product.write") { a href={ (product_path(&gap.product)) "#deployments" } { "say which version runs there" } } @else { span.muted { "somebody who may change the product says it" } } }
                        } @else {
                            td { "no inventory has come in" }
                            td { @if around.may("inventory.push") { a href={ "/products/hand-in?product=" (encoded(&gap.product)) } { "hand one in" } } @else { span.muted { "its build hands one in" } } }
                        }
                    } } }
                } }
            }
        };
        around.page(Place::Products, "Products without an inventory", &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_say_what_is_missing_and_what_to_do() {
        let view = Coverage {
            covered: 3,
            gaps: vec![
                Gap {
                    product: "sh<b>".into(),
                    environment: None,
                },
                Gap {
                    product: "till".into(),
                    environment: Some("prod".into()),
                },
            ],
            ..Coverage::default()
        };
        let page = view.page(&Around {
            permissions: vec!["inventory.push"],
            ..Around::default()
        });
        for text in [
            "sh&lt;b&gt;",
            "no inventory has come in",
            "nobody knows what runs in",
            "2 gaps",
            "/products/hand-in?product=sh%3Cb%3E",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(
            Coverage::default()
                .page(&Around::default())
                .contains("No gap")
        );
    }
}
