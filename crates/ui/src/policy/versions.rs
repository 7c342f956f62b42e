//! How the policy came to be what it is: its versions, and what each changed.

use maud::html;

use super::{InForce, lines, pages};
use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{counted, cut, day, empty, moment, pager};

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// Versions, the latest first.
    pub rows: Vec<InForce>,
    /// The first of them is the one in force.
    pub first: bool,
    /// The number before which the next page begins.
    pub next: Option<i64>,
}

impl Versions {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @match self.rows.first() {
                Some(row) if self.first => { "The one in force is number " (row.seq) ", set by " bdi { (row.set_by) } " on " (day(row.at)) "." },
                Some(_) => { "Earlier ones." },
                None => { "No policy was ever put in force." },
            }
        };
        let body = html! {
            (top("How did the policy come to be what it is?", &answer, &html! {}))
            (pages("/policy/versions"))
            @if self.rows.is_empty() {
                (empty("No version yet", &html! { p { @if around.may("policy.write") { a href="/policy/change" { "Put the first one in force" } "." } @else { "Whoever may change the policy puts the first one in force." } } }))
            } @else {
                div.scroll { table.stack {
                    caption.hidden { "Versions of the policy, the latest first" }
                    thead { tr { th.num scope="col" { "Number" } th scope="col" { "Why" } th scope="col" { "When" } th scope="col" { "By" } th scope="col" { "From" } th scope="col" { "Digest" } } }
                    tbody { @for (at, row) in self.rows.iter().enumerate() { tr data-row {
                        td.num { a href=(format!("/policy/versions/{}", row.seq)) { (row.seq) } }
                        td.main { @if row.note.is_empty() { span.muted { "no note" } } @else { (cut(&row.note, 200)) } @if at == 0 && self.first { " " span.tag.good { "in force" } } }
                        td { (moment(row.at)) }
                        td { (cut(&row.set_by, 40)) }
                        td { @if row.source == "portal" { "this portal" } @else { (cut(&row.source, 80)) } }
                        td { (row.short()) }
                    } } }
                } }
            }
            @let next = self.next.map(|next| format!("/policy/versions?before={next}"));
            (pager(self.rows.len(), (!self.first).then_some("/policy/versions"), next.as_deref()))
        };
        around.page(Place::Policy, "Versions of the policy", &body)
    }
}

/// One version, held against another.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// Which one.
    pub one: InForce,
    /// Its text.
    pub text: String,
    /// What it is held against: usually the one before; with its text.
    pub against: Option<(InForce, String)>,
    /// Numbers of versions that it can be held against, the latest first.
    pub others: Vec<i64>,
    /// It is in force.
    pub latest: bool,
}

impl Version {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let one = &self.one;
        let answer = html! {
            "Set by " bdi { (one.set_by) } " on " (moment(one.at)) @if self.latest { ", and in force" } "."
            @if !one.note.is_empty() { " “" (cut(&one.note, 400)) "”" }
        };
        let actions = html! {
            a.button href=(format!("/policy/versions/{}/policy.toml", one.seq)) { "TOML" }
            @if around.may("policy.write") && !self.latest { a.button href=(format!("/policy/change?version={}", one.seq)) { "Go back to it" } }
        };
        let body = html! {
            (crumbs(&[("/policy", "Policy"), ("/policy/versions", "Versions")]))
            (top(&format!("What is version {} of the policy?", one.seq), &answer, &actions))
            @if let Some((other, text)) = &self.against {
                @let (new, gone) = lines::counted(text, &self.text);
                section.block {
                    h2 { "What differs from version " (other.seq) }
                    p.muted { (counted(new, "line is new", "lines are new")) ", " (counted(gone, "is gone", "are gone")) "." }
                    (lines::difference(text, &self.text))
                }
            } @else { p.muted { "Nothing was in force before it." } }
            @if self.others.len() > 1 {
                form.row action=(format!("/policy/versions/{}", one.seq)) {
                    div.field {
                        label for="with" { "Hold it against another version" }
                        select #with name="with" { @for seq in &self.others { option value=(seq) selected[self.against.as_ref().is_some_and(|(other, _)| other.seq == *seq)] { "version " (seq) } } }
                    }
                    button.second type="submit" { "Show" }
                }
            }
            section.block {
                h2 { "Its text" }
                pre tabindex="0" { code { (self.text) } }
            }
        };
        around.page(
            Place::Policy,
            &format!("Version {} of the policy", one.seq),
            &body,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(seq: i64, note: &str) -> InForce {
        InForce {
            seq,
            source: "portal".into(),
            set_by: "ann".into(),
            note: note.into(),
            digest: "abcdef0123456789".into(),
            ..InForce::default()
        }
    }

    #[test]
    fn the_list_and_what_each_changed() {
        let list = Versions {
            rows: vec![version(2, "<shorter>"), version(1, "")],
            first: true,
            next: Some(1),
        };
        let page = list.page(&Around::default());
        assert!(page.contains("&lt;shorter&gt;") && page.contains("/policy/versions?before=1"));
        assert_eq!(page.matches("in force</span>").count(), 1, "{page}");
        let one = Version {
            one: version(2, ""),
            text: "a\nc\n</code><script>".into(),
            against: Some((version(1, ""), "a\nb\n".into())),
            others: vec![1],
            latest: true,
        };
        let page = one.page(&Around::default());
        assert!(page.contains("2 lines are new") && page.contains("1 is gone"));
        assert!(!page.contains("<script>") && !page.contains("Go back to it"));
    }
}
