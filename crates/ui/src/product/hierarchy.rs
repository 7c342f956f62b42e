//! The tree that products make: what is a part of what.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{counted, cut, empty, findings_path, number, product_path, term};

/// Steps that are drawn below each other.
const DEEPEST: usize = 12;

/// A product.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it is a part of.
    pub parent: Option<String>,
    /// It was bought.
    pub bought: bool,
    /// Who acts.
    pub owner: Option<String>,
    /// Open findings.
    pub open: i64,
    /// Exploited among them.
    pub exploited: i64,
    /// Open risk.
    pub risk: f64,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy {
    /// Products by name.
    pub nodes: Vec<Node>,
    /// These are all.
    pub whole: bool,
}

type Below<'n> = BTreeMap<&'n str, Vec<&'n Node>>;

impl Hierarchy {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let mut below: Below<'_> = BTreeMap::new();
        let names: BTreeSet<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
        let mut roots = Vec::new();
        for node in &self.nodes {
            match node
                .parent
                .as_deref()
                .filter(|parent| names.contains(parent))
            {
                Some(parent) => below.entry(parent).or_default().push(node),
                None => roots.push(node),
            }
        }
        let answer = html! {
            (counted(self.nodes.len(), "product", "products")) ", " (number(i64::try_from(roots.len()).unwrap_or(i64::MAX))) " of them at the top. Risk is what is open in the product itself and in all that is below it."
            @if !self.whole { " These are the first by name; the list has all." }
        };
        let body = html! {
            (crumbs(&[("/products", "Products")]))
            (top("What is a part of what?", &answer, &html! { a.button href="/products" { "As a list" } a.button href="/api/v1/hierarchy" { "JSON" } }))
            @if self.nodes.is_empty() {
                (empty("No product yet", &html! { p { "A product becomes a part of another by its field “Part of”." } }))
            } @else { ul.tree { @for node in roots { (item(node, &below, 0)) } } }
        };
        around.page(Place::Products, "Tree of products", &body)
    }
}

fn sums(node: &Node, below: &Below<'_>, depth: usize) -> (i64, i64, f64) {
    let mut all = (node.open, node.exploited, node.risk);
    if depth < DEEPEST {
        for child in below.get(node.name.as_str()).into_iter().flatten() {
            let more = sums(child, below, depth + 1);
            all = (all.0 + more.0, all.1 + more.1, all.2 + more.2);
        }
    }
    all
}

fn item(node: &Node, below: &Below<'_>, depth: usize) -> Markup {
    let children = below.get(node.name.as_str());
    let (open, exploited, risk) = sums(node, below, depth);
    let query = if children.is_some() {
        term("below", &node.name)
    } else {
        term("product", &node.name)
    };
    let line = html! {
        a href=(product_path(&node.name)) { (cut(&node.name, 80)) }
        span.muted { @if node.bought { " · bought" } @if let Some(owner) = &node.owner { " · " (cut(owner, 40)) } @else { " · nobody is responsible" } }
        span.figure {
            @if open == 0 { span.muted { "nothing open" } }
            @else {
                a href=(findings_path(&query)) { (number(open)) " open" } ", risk " (format!("{risk:.0}"))
                @if exploited > 0 { " " a.tag.hot href=(findings_path(&format!("{query} kev"))) { (number(exploited)) " exploited" } }
            }
        }
    };
    html! {
        li {
            div.leaf { (line) }
            @if let Some(children) = children.filter(|_| depth < DEEPEST) {
                details open[depth < 2] {
                    summary { (counted(children.len(), "part", "parts")) span.hidden { " of " (cut(&node.name, 80)) } }
                    ul { @for child in children { (item(child, below, depth + 1)) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_go_up_and_every_product_stands_once() {
        let node = |name: &str, parent: Option<&str>, open| Node {
            name: name.into(),
            parent: parent.map(str::to_owned),
            open,
            ..Node::default()
        };
        let view = Hierarchy {
            nodes: vec![
                node("a<b", None, 1),
                node("child", Some("a<b"), 2),
                node("lost", Some("gone"), 4),
            ],
            whole: true,
        };
        let page = view.page(&Around::default());
        assert!(
            page.contains("a&lt;b")
                && page.contains("3 open")
                && page.contains("2 open")
                && page.contains("4 open")
        );
        assert!(page.contains("2 of them at the top"));
        assert_eq!(page.matches(">child<").count(), 1);
    }
}
