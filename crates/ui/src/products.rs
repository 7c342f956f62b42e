//! Which of ours is worst off?

use maud::{Markup, html};
use stanchion_report::chart::{Bar, Bars, Slice, Spark, Standing, Subject};

use crate::frame::{Around, Place, top};
use crate::parts::{ago, counted, cut, encoded, findings_path, number, pager, product_path, term};

/// How a product stands now: what is open in its live versions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The scores of what is open, added up.
    pub risk: f64,
    /// Open findings.
    pub open: i64,
    /// Critical among them.
    pub critical: i64,
    /// High among them.
    pub high: i64,
    /// Known exploited.
    pub exploited: i64,
    /// Not done in time.
    pub overdue: i64,
    /// Covered by an exception.
    pub excepted: i64,
    /// Nobody is responsible.
    pub unowned: i64,
    /// Has to be done by some day.
    pub dated: i64,
}

impl Numbers {
    /// How the findings stand to their deadlines, each part leading to its findings.
    pub fn deadlines(&self, product: &str) -> Standing {
        let slice = |count: i64, more: &str| Slice {
            count: u64::try_from(count).unwrap_or(0),
            href: (!more.is_empty())
                .then(|| findings_path(&format!("{} {more}", term("product", product)))),
        };
        let rest = (self.open - self.overdue - self.excepted).max(0);
        let in_time = (self.dated - self.overdue).clamp(0, rest);
        Standing {
            overdue: slice(self.overdue, "overdue"),
            in_time: slice(in_time, ""),
            excepted: slice(self.excepted, "is:excepted"),
            no_deadline: slice(rest - in_time, ""),
            ..Standing::default()
        }
    }
}

/// A product in the list. Times are seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// It was bought.
    pub bought: bool,
    /// `development`, `active`, `maintenance` or `retired`.
    pub lifecycle: String,
    /// Who acts.
    pub owner: Option<String>,
    /// 1 (most depends on it) to 5.
    pub tier: Option<i64>,
    /// Reachable from the internet.
    pub exposed: Option<bool>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The highest score of what is open.
    pub worst: Option<f64>,
    /// The version that came in last.
    pub version: Option<String>,
    /// How it stands.
    pub now: Numbers,
    /// Open risk, one value a day, oldest first; not a number where none is on record.
    pub days: Vec<f64>,
    /// When an inventory of it last came.
    pub pushed: Option<i64>,
    /// Environments of which nobody knows what runs there.
    pub unknown: Vec<String>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Products<'a> {
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
    /// Products that may be seen.
    pub total: i64,
    /// All of them together.
    pub sum: Numbers,
    /// Those with the most open risk.
    pub worst: Vec<(String, f64)>,
}

/// How the command line hands something in, word for word.
pub(crate) fn commands(around: &Around, product: &str) -> Markup {
    html! {
        pre { code { "stanchion login " (around.origin) "\nstanchion push . --product " (shell(product)) " --version VERSION" } }
    }
}

/// A word as a shell takes it.
fn shell(word: &str) -> String {
    let plain = !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._/@+-".contains(&byte));
    if plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A number of the list as a link to its findings; nothing where it is zero.
fn linked(count: i64, product: &str, more: &str) -> Markup {
    html! {
        @if count == 0 { span.muted { "0" } }
        @else { a href=(findings_path(&format!("{} {more}", term("product", product)))) { (number(count)) } }
    }
}

impl Products<'_> {
    fn address(&self, after: Option<&str>) -> String {
        let mut parts = Vec::new();
        if !self.query.is_empty() {
            parts.push(format!("q={}", encoded(self.query)));
        }
        if let Some(after) = after {
            parts.push(format!("after={}", encoded(after)));
        }
        if parts.is_empty() {
            "/products".into()
        } else {
            format!("/products?{}", parts.join("&"))
        }
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if self.fault.is_some() { "The query cannot be read." }
            @else if self.total == 0 { "There is none yet." }
            @else if let Some((name, _)) = self.worst.first() {
                a href=(product_path(name)) { (cut(name, 60)) } " has the most open risk of "
                (counted(self.total, "product", "products")) "; "
                a href="/findings" { (counted(self.sum.open, "finding is", "findings are")) " open" }
                @if self.sum.exploited > 0 { ", " a href=(findings_path("kev")) { (number(self.sum.exploited)) " of them exploited" } }
                "."
            } @else { "Nothing is open in " (counted(self.total, "product", "products")) "." }
        };
        let query = format!("?q={}", encoded(self.query));
        let actions = html! {
            @if around.may("inventory.push") { a.button href="/products/hand-in" { "Hand in an SBOM" } }
            @if around.may("product.write") { a.button href="/products/new" { "New product" } }
            @if self.total > 0 {
                a.button href="/products?view=tree" { "As a tree" }
                a.button href={ "/products.csv" (query) } { "CSV" }
                a.button href={ "/products.json" (query) } { "JSON" }
            }
        };
        let body = html! {
            (top("Which of ours is worst off?", &answer, &actions))
            @if self.total == 0 && self.query.is_empty() {
                (crate::parts::empty("No product yet", &html! {
                    @if around.may("inventory.push") {
                        p { "A product comes with its first inventory. " (around.way("inventory.push", "/products/hand-in", "Hand in an SBOM"))
                            " that some tool has made, or let the command line read the lockfiles of a folder:" }
                    } @else { p { "A product comes with its first inventory. Whoever may hand one in does that with the command line:" } }
                    (commands(around, "NAME"))
                    @if around.may("product.write") { p { "Or " a href="/products/new" { "make one" } " first, with its owner and tier." } }
                }))
                @if around.may("inventory.push") { section.block { h2 { "Or let one go here" } (crate::hand_in::form(around, &crate::forms::Typed::default(), &[])) } }
            } @else {
                (self.bar())
                @if !self.worst.is_empty() && !self.later && self.query.is_empty() { (self.chart()) }
                @if self.rows.is_empty() && self.fault.is_none() {
                    (crate::parts::empty("No such product", &html! {
                        p { "No product that you may see fits this query. " a href="/products" { "Show all." } }
                    }))
                } @else if !self.rows.is_empty() { (self.table(around)) }
            }
        };
        around.page(Place::Products, "Products", &body)
    }

    fn bar(&self) -> Markup {
        html! {
            form.query action="/products" role="search" {
                div.grow {
                    label.hidden for="q" { "Query of products" }
                    input #q name="q" type="text" value=(self.query) maxlength="4096" data-list="products"
                        placeholder="tag:payments tier<=2 owner:none shop" autocomplete="off" autocapitalize="off" spellcheck="false"
                        aria-invalid=[self.fault.as_ref().map(|_| "true")] aria-describedby=[self.fault.as_ref().map(|_| "q-fault")];
                }
                button type="submit" { "Show" }
            }
            @if let Some(fault) = &self.fault { p.wrong #q-fault role="alert" { (fault) } }
            nav.views aria-label="Views" {
                @for (word, query) in [("Worst first", ""), ("By name", "sort:name"), ("Without owner", "owner:none"),
                    ("Reachable from the internet", "exposed:true"), ("Bought", "kind:bought"), ("Retired", "lifecycle:retired")] {
                    a href=(if query.is_empty() { "/products".to_owned() } else { format!("/products?q={}", encoded(query)) })
                        aria-current=[(query == self.query).then_some("page")] { (word) }
                }
                a href="/products?without=inventory" { "Without inventory" }
            }
        }
    }

    fn chart(&self) -> Markup {
        let bars: Vec<Bar> = self
            .worst
            .iter()
            .map(|(name, risk)| Bar {
                label: name.clone(),
                value: *risk,
                href: Some(product_path(name)),
                note: None,
            })
            .collect();
        let all: f64 = self.worst.iter().map(|(_, risk)| risk).sum();
        let subject = if self.sum.risk - all > 0.5 {
            Subject {
                name: "open risk of the worst eight",
                plural: false,
            }
        } else {
            Subject::OPEN_RISK
        };
        Bars {
            id: "worst",
            subject,
            one: "product",
            many: "products",
            bars: &bars,
            most: 8,
        }
        .draw()
    }

    fn table(&self, around: &Around) -> Markup {
        let first = self.later.then(|| self.address(None));
        let next = self.next.as_deref().map(|next| self.address(Some(next)));
        html! {
            div.scroll { table.stack {
                caption.hidden { "Products" }
                thead { tr {
                    th scope="col" { "Product" }
                    th.num scope="col" { "Risk" }
                    th scope="col" { "90 days" }
                    th.num scope="col" { "Open" }
                    th.num scope="col" { "Critical" }
                    th.num scope="col" { "High" }
                    th.num scope="col" { "Exploited" }
                    th.num scope="col" { "Overdue" }
                    th scope="col" { "Deadlines" }
                    th scope="col" { "Tier" }
                    th scope="col" { "Last inventory" }
                } }
                tbody { @for row in &self.rows { (line(row, around)) } }
            } }
            (pager(self.rows.len(), first.as_deref(), next.as_deref()))
        }
    }
}

fn line(row: &Row, around: &Around) -> Markup {
    let now = &row.now;
    html! {
        tr data-row {
            td.main {
                a href=(product_path(&row.name)) { b { (cut(&row.name, 60)) } }
                @if row.lifecycle == "retired" { " " span.tag { "retired" } }
                span.second {
                    @if row.bought { "bought · " }
                    @if let Some(owner) = &row.owner { (cut(owner, 40)) } @else { "nobody is responsible" }
                    @for tag in row.tags.iter().take(4) { " · " a href={ "/products?q=" (encoded(&term("tag", tag))) } { (cut(tag, 24)) } }
                    @if row.tags.len() > 4 { " · and " (row.tags.len() - 4) " more" }
                }
            }
            td.num { span.score { (format!("{:.0}", now.risk)) } span.hidden { " risk" } @if let Some(worst) = row.worst { span.second { "worst " (format!("{worst:.0}")) } } }
            td { (Spark { values: &row.days }.draw()) }
            td.num data-what="open" { (linked(now.open, &row.name, "")) }
            td.num data-what="critical" { (linked(now.critical, &row.name, "severity:critical")) }
            td.num data-what="high" { (linked(now.high, &row.name, "severity:high")) }
            td.num data-what="exploited" { (linked(now.exploited, &row.name, "kev")) }
            td.num data-what="overdue" { (linked(now.overdue, &row.name, "overdue")) }
            td { (now.deadlines(&row.name).inline()) }
            td.reach { @if let Some(tier) = row.tier { "tier " (tier) } @else { span.muted { "no tier" } }
                span.second { @match row.exposed { Some(true) => "on the internet", Some(false) => "not reachable", None => "reach not known" } } }
            td {
                @match row.pushed {
                    Some(at) => { (ago(at, around.now)) @if let Some(version) = &row.version { span.second { (cut(version, 30)) } } }
                    None if row.bought => span.muted { "comes with its name" },
                    None if around.may("inventory.push") => a.tag.late href={ "/products/hand-in?product=" (encoded(&row.name)) } { "no inventory yet" },
                    None => span.tag.late { "no inventory yet" },
                }
                @if !row.unknown.is_empty() {
                    span.second { "unknown what runs in " (cut(&row.unknown.join(", "), 40)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_numbers_are_links_and_gaps_are_told() {
        let rows = vec![
            Row {
                name: "sh<b>op".into(),
                tags: vec!["pay<i>".into()],
                now: Numbers {
                    risk: 97.0,
                    open: 3,
                    critical: 1,
                    overdue: 1,
                    dated: 2,
                    ..Numbers::default()
                },
                pushed: Some(0),
                ..Row::default()
            },
            Row {
                name: "bare".into(),
                ..Row::default()
            },
        ];
        let view = Products {
            total: 2,
            worst: vec![("sh<b>op".into(), 97.0)],
            rows,
            ..Products::default()
        };
        let page = view.page(&Around::default());
        for text in [
            "sh&lt;b&gt;op",
            "pay&lt;i&gt;",
            "/findings?q=product%3A%22sh%3Cb%3Eop%22%20severity%3Acritical",
            "no inventory yet",
            "nobody is responsible",
            "1 overdue",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("<b>op") && !page.contains("style="));
        // Whoever may do nothing is offered nothing.
        assert!(!page.contains("/products/new") && !page.contains("/products/hand-in\""));
        let may = Around {
            permissions: vec!["product.write", "inventory.push"],
            ..Around::default()
        };
        let page = Products::default().page(&may);
        assert!(page.contains("/products/new") && page.contains("stanchion push"));
    }

    #[test]
    fn deadlines_add_up_to_what_is_open() {
        let now = Numbers {
            open: 10,
            overdue: 2,
            excepted: 3,
            dated: 9,
            ..Numbers::default()
        };
        let all = now.deadlines("a");
        assert_eq!(all.total(), 10);
        assert_eq!((all.in_time.count, all.no_deadline.count), (5, 0));
    }
}
