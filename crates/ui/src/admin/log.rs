//! Who changed what, and is the log whole?

use maud::{Markup, html};

use super::people::person_path;
use super::{Part, framed};
use crate::forms::{Input, Typed, input};
use crate::frame::Around;
use crate::parts::{
    counted, cut, empty, encoded, finding_path, moment, number, pager, product_path,
};

/// A row of the log.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// What looking the log through gave.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Rows that follow from each other.
    pub rows: i64,
    /// The hash of the last of them.
    pub head: String,
    /// What is wrong.
    pub fault: Option<String>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The latest first.
    pub rows: Vec<Row>,
    /// What is asked for: `actor`, `action`, `object`, `from`, `to`.
    pub typed: Typed,
    /// The address of the next page.
    pub next: Option<String>,
    /// This is not the first page.
    pub later: bool,
    /// The log was looked through.
    pub checked: Option<Checked>,
}

const FIELDS: [&str; 5] = ["actor", "action", "object", "from", "to"];

impl Log {
    /// The query of the address that asks for the same.
    fn query(&self) -> String {
        let parts: Vec<String> = FIELDS
            .iter()
            .map(|name| (name, self.typed.get(name)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        parts.join("&")
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let query = self.query();
        let narrowed = !query.is_empty();
        let answer = html! {
            @match &self.checked {
                Some(Checked { fault: Some(fault), .. }) => strong { "The log is not whole: " (fault) "." },
                Some(checked) => { "The log is whole: " (counted(checked.rows, "row follows", "rows follow")) " from each other." }
                None => { "Each row holds the hash of the row before it, so that none is changed or taken out unseen." }
            }
        };
        let actions = html! {
            a.button href="/admin/log?check=yes" { "Check the chain" }
            a.button href=(format!("/admin/log.csv?{query}")) { "CSV" }
            a.button href=(format!("/admin/log.json?{query}")) { "JSON" }
        };
        let first = format!("/admin/log?{query}");
        let body = html! {
            @if let Some(checked) = &self.checked { (chain(checked)) }
            (self.filter())
            @if self.rows.is_empty() && self.typed.error.is_none() {
                (empty("Nothing like that in the log", &html! { p { @if narrowed { a href="/admin/log" { "Show everything" } "." } @else { "Everything that somebody changes from now on stands here." } } }))
            } @else if !self.rows.is_empty() { (self.table()) }
            (pager(self.rows.len(), self.later.then_some(first.as_str()), self.next.as_deref()))
        };
        framed(
            around,
            Part::Log,
            "Who changed what?",
            &answer,
            &actions,
            &body,
        )
    }

    fn filter(&self) -> Markup {
        let typed = &self.typed;
        html! {
            (typed.wrong(&["actor", "action", "object"]))
            form.row.filter action="/admin/log" role="search" {
                (input(typed, &Input { name: "actor", label: "Who", kind: "search", most: 200, ..Input::default() }))
                (input(typed, &Input { name: "action", label: "What", kind: "search", most: 100, offers: &self.actions(), ..Input::default() }))
                (input(typed, &Input { name: "object", label: "To what", kind: "search", most: 300, ..Input::default() }))
                div.field { label for="from" { "From" } input #from name="from" type="date" value=(typed.get("from").get(..10).unwrap_or("")); }
                div.field { label for="to" { "To" } input #to name="to" type="date" value=(typed.get("to").get(..10).unwrap_or("")); }
                button type="submit" { "Show" }
            }
        }
    }

    /// What stands on this page, for the browser's list.
    fn actions(&self) -> Vec<String> {
        let mut all: Vec<String> = self.rows.iter().map(|row| row.action.clone()).collect();
        all.sort();
        all.dedup();
        all
    }

    fn table(&self) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Rows of the log, the latest first" }
                thead { tr { th.num scope="col" { "Row" } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "To what, and how" } } }
                tbody { @for row in &self.rows { tr data-row {
                    td.num { (number(row.seq)) }
                    td { (moment(row.at)) }
                    td { a href=(format!("/admin/log?actor={}", encoded(&row.actor))) { (cut(&row.actor, 60)) } }
                    td { a href=(format!("/admin/log?action={}", encoded(&row.action))) { (words(&row.action)) } }
                    td.main {
                        (object(row))
                        @if let Some(before) = &row.before { span.second { span aria-hidden="true" { "− " } span.hidden { "before: " } (cut(before, 200)) } }
                        @if let Some(after) = &row.after { span.second { span aria-hidden="true" { "+ " } span.hidden { "after: " } (cut(after, 200)) } }
                    }
                } } }
            } }
        }
    }
}

/// `account.create` as `account: create`.
fn words(action: &str) -> String {
    action.replacen('.', ": ", 1).replace('_', " ")
}

/// Whether a text is an id (a UUID), which tells people nothing.
fn is_id(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn object(row: &Row) -> Markup {
    let filter = format!("/admin/log?object={}", encoded(&row.object));
    html! {
        @if let Some(name) = row.object.strip_prefix("account:") { a href=(person_path(name)) { (cut(name, 80)) } }
        @else if row.action.starts_with("product.") && !row.object.is_empty() { a href=(product_path(&row.object)) { (cut(&row.object, 80)) } }
        @else if row.action.starts_with("finding.") && is_id(&row.object) { a href=(finding_path(&row.object)) { "the finding" } }
        @else { (cut(&row.object, 120)) }
        @if !row.object.is_empty() { " " a.small href=(filter) { "all of it" } }
    }
}

fn chain(checked: &Checked) -> Markup {
    html! {
        div.flash .bad[checked.fault.is_some()] role="status" {
            @match &checked.fault {
                Some(fault) => p { "After " (counted(checked.rows, "row", "rows")) ": " (fault) ". Somebody changed the database by hand, or it is damaged. Compare with your last backup." },
                None => p { "All " (counted(checked.rows, "row", "rows")) " are as they were written. Keep this elsewhere, and the log up to here cannot be written anew unseen: " code { (checked.head) } },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_links_and_stay_text_and_exports_ask_for_the_same() {
        let log = Log {
            rows: vec![Row {
                seq: 1_234,
                actor: "ann\"<b>".into(),
                action: "account.second_factor".into(),
                object: "account:bob".into(),
                after: Some("<script>".into()),
                ..Row::default()
            }],
            typed: Typed::of([("actor", "a&b".to_owned())]),
            next: Some("/admin/log?before=3".into()),
            ..Log::default()
        };
        let page = log.page(&Around::default());
        assert!(page.contains("/admin/log.csv?actor=a%26b"), "{page}");
        assert!(
            page.contains("account: second factor") && page.contains("href=\"/admin/people/bob\"")
        );
        assert!(page.contains("1,234") && !page.contains("<script>") && !page.contains("<b>"));
        let broken = Log {
            checked: Some(Checked {
                rows: 3,
                fault: Some("row 4 is missing".into()),
                ..Checked::default()
            }),
            ..Log::default()
        }
        .page(&Around::default());
        assert!(broken.contains("The log is not whole: row 4 is missing."));
    }
}
