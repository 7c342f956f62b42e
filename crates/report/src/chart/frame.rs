//! What stands around every picture: the figure, its title and its table.

use maud::{Markup, Render, html};

/// A cell of a table: its text, and where it leads.
pub(super) struct Cell {
    text: String,
    href: Option<String>,
    number: bool,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: None,
            number: false,
        }
    }

    pub(super) fn number(text: impl Into<String>) -> Self {
        Self {
            number: true,
            ..Self::text(text)
        }
    }

    pub(super) fn to(mut self, href: Option<&str>) -> Self {
        self.href = href.and_then(address).map(ToOwned::to_owned);
        self
    }
}

impl Render for Cell {
    fn render(&self) -> Markup {
        html! {
            @if let Some(href) = &self.href { a href=(href) { (self.text) } } @else { (self.text) }
        }
    }
}

/// The numbers behind a picture.
pub(super) struct Table<'a> {
    /// Heads of the columns; the first names the rows.
    pub(super) heads: &'a [&'a str],
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Render for Table<'_> {
    fn render(&self) -> Markup {
        // The head of a column of numbers stands above them, on the right.
        let numeric = |at: usize| {
            self.rows
                .first()
                .and_then(|row| row.get(at))
                .is_some_and(|cell| cell.number)
        };
        html! {
            details {
                summary { "Table" }
                div.scroll {
                    table {
                        thead { tr { @for (at, head) in self.heads.iter().enumerate() { th.n[numeric(at)] scope="col" { (head) } } } }
                        tbody {
                            @for row in &self.rows {
                                tr {
                                    @for (at, cell) in row.iter().enumerate() {
                                        @if at == 0 { th scope="row" { (cell) } } @else { td.n[cell.number] { (cell) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A whole chart: title, picture, what has to be said beside it, table.
pub(super) fn figure(
    kind: &str,
    id: &str,
    title: &str,
    picture: &Markup,
    notes: &[String],
    table: &Table<'_>,
) -> Markup {
    html! {
        figure.chart.(kind) #(part(id, "chart")) {
            figcaption { (title) }
            (picture)
            @for note in notes { p.note { (note) } }
            (table)
        }
    }
}

/// In the place of a chart that has nothing to draw: what is so, and what will fill it.
pub(super) fn empty(kind: &str, id: &str, title: &str, next: &str) -> Markup {
    html! {
        figure.chart.empty.(kind) #(part(id, "chart")) {
            figcaption { (title) }
            p.note { (next) }
        }
    }
}

/// An id within a page: the caller's prefix, without what an id cannot hold, and the part's own name.
pub(super) fn part(id: &str, name: &str) -> String {
    let prefix: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(60)
        .collect();
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}-{name}")
    }
}

/// An address that a reader may follow: within the portal, or over HTTP. Anything else, such as `javascript:`, is none.
pub(super) fn address(href: &str) -> Option<&str> {
    let plain = !href.chars().any(|c| {
        c.is_whitespace()
            || stanchion_model::text::is_hostile(c)
            || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\')
    });
    let within = href.starts_with(['?', '#']) || href.starts_with('/') && !href.starts_with("//");
    let web = ["https://", "http://"].iter().any(|scheme| {
        href.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    (plain && (within || web)).then_some(href)
}

/// A length in a drawing: two decimals at most, no needless zero. What is not a number is 0.
pub(super) fn length(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.to_owned()
    }
}

/// A length as a share of the picture's width, 0-1.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", length(share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_a_reader_may_follow_are_links() {
        for good in ["/findings?q=a", "?q=a", "#a", "https://a.example/b"] {
            assert_eq!(address(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "//evil.example",
            "/a b",
            "data:text/html,x",
            "/\u{202e}",
            "",
            "/\"onclick=x",
            "\\evil",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_are_ids() {
        assert_eq!(part("today risk<\"", "title"), "todayrisk-title");
        assert_eq!(part("", "title"), "title");
    }

    #[test]
    fn lengths_are_short_numbers() {
        assert_eq!(length(1.0 / 3.0), "0.33");
        assert_eq!(length(-0.001), "0");
        assert_eq!(length(f64::NAN), "0");
        assert_eq!(percent(0.5), "50%");
    }
}
