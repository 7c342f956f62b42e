//! What was decided about findings, and what others say of theirs.

use maud::{Markup, html};

use super::pages;
use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, top};
use crate::parts::{
    affected_path, bytes, counted, cut, day, empty, encoded, pager, plain, product_path,
};

/// A decision. Times are seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// A UUID.
    pub id: String,
    /// Ids of the vulnerability.
    pub vulnerabilities: Vec<String>,
    /// Components.
    pub purls: Vec<String>,
    /// Which versions of them.
    pub versions: Option<String>,
    /// The product; everywhere without it.
    pub product: Option<String>,
    /// Globs of files.
    pub paths: Vec<String>,
    /// `not_affected`, `fixed`, `affected` or `under_investigation`.
    pub status: String,
    /// A label of VEX.
    pub justification: Option<String>,
    /// In words.
    pub reason: Option<String>,
    /// What is done about it.
    pub action: Option<String>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: i64,
    /// When it was taken back.
    pub withdrawn: Option<i64>,
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Decisions<'a> {
    /// Words that are looked for.
    pub query: &'a str,
    /// Those that were taken back too.
    pub withdrawn: bool,
    /// The rows, the latest first.
    pub rows: Vec<Decision>,
    /// The place of the next page.
    pub next: Option<String>,
    /// This is not the first page.
    pub later: bool,
    /// What is wrong with the query.
    pub fault: Option<String>,
    /// The policy is kept in a repository: what stands there decides, and nothing here.
    pub elsewhere: bool,
}

fn status(word: &str) -> Markup {
    let (class, text) = match word {
        "not_affected" => ("tag good", "not affected"),
        "fixed" => ("tag good", "fixed"),
        "affected" => ("tag hot", "affected"),
        _ => ("tag held", "looked into"),
    };
    html! { span class=(class) { (text) } }
}

impl Decisions<'_> {
    fn address(&self, more: &str) -> String {
        let also = if self.withdrawn {
            "&withdrawn=true"
        } else {
            ""
        };
        format!("/policy/decisions?q={}{also}{more}", encoded(self.query))
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! { "Each says of a vulnerability in a component whether it matters, where, and who says so. The latest stand first." };
        let files = self
            .address("")
            .trim_start_matches("/policy/decisions?")
            .to_owned();
        let actions = html! {
            a.button href=(format!("/policy/decisions.csv?{files}")) { "CSV" } a.button href=(format!("/policy/decisions.json?{files}")) { "JSON" }
        };
        let body = html! {
            (top("What was decided about findings?", &answer, &actions))
            (pages("/policy/decisions"))
            @if self.elsewhere { p.wrong { "The policy is kept in a repository, and the decisions that stand beside it there hold. Those below are from before and decide nothing." } }
            form.query action="/policy/decisions" role="search" {
                div.grow {
                    label.hidden for="q" { "Words that stand in the decision" }
                    input #q name="q" type="text" value=(self.query) maxlength="500" placeholder="an id, a component, a product, a person" autocomplete="off" spellcheck="false" aria-describedby=[self.fault.as_ref().map(|_| "q-fault")];
                }
                label.pick { input type="checkbox" name="withdrawn" value="true" checked[self.withdrawn]; span { "also what was taken back" } }
                button type="submit" { "Show" }
            }
            @if let Some(fault) = &self.fault { p.wrong #q-fault role="alert" { (fault) } }
            @if self.rows.is_empty() && self.fault.is_none() {
                (empty("Nothing is decided here", &html! {
                    p { @if self.query.is_empty() { "Nobody has decided about a finding yet. " } @else { "No decision has these words. " } "Choose findings in " a href="/findings" { "the list" } " with " kbd { "x" } ", and press " kbd { "e" } " to decide about them." }
                }))
            } @else { (self.table(around)) }
            @let first = self.later.then(|| self.address(""));
            @let next = self.next.as_ref().map(|next| self.address(&format!("&after={}", encoded(next))));
            (pager(self.rows.len(), first.as_deref(), next.as_deref()))
            (crate::findings::keys())
        };
        around.page(Place::Policy, "Decisions", &body)
    }

    fn table(&self, around: &Around) -> Markup {
        let may = around.may("finding.triage") && !self.elsewhere;
        html! {
            div.scroll { table.stack {
                caption.hidden { "Decisions about findings, the latest first" }
                thead { tr { th scope="col" { "About" } th scope="col" { "Says" } th scope="col" { "Where" } th scope="col" { "By" } @if may { th scope="col" { span.hidden { "Take it back" } } } } }
                tbody { @for one in &self.rows { tr data-row {
                    td.main {
                        @for (at, id) in one.vulnerabilities.iter().enumerate() { @if at > 0 { ", " } a href=(affected_path(id)) { b { (cut(id, 60)) } } }
                        span.second { (cut(&one.purls.join(", "), 140)) @if let Some(versions) = &one.versions { " " (cut(versions, 60)) } @if !one.paths.is_empty() { " in " code { (cut(&one.paths.join(" "), 100)) } } }
                    }
                    td.main {
                        (status(&one.status))
                        @if let Some(label) = &one.justification { " " (plain(label)) }
                        @if let Some(words) = one.reason.as_ref().or(one.action.as_ref()) { span.second { (cut(words, 240)) } }
                    }
                    td { @if let Some(product) = &one.product { a href=(product_path(product)) { (cut(product, 40)) } } @else { "everywhere" } }
                    td { (cut(&one.by, 40)) span.second { (day(one.at)) } }
                    @if may { td.tight {
                        @if let Some(at) = one.withdrawn { span.muted { "taken back " (day(at)) } }
                        @else { form method="post" action="/decisions/withdraw" {
                            (around.token())
                            input type="hidden" name="id" value=(one.id);
                            input type="hidden" name="back_to" value=(around.here);
                            button.plain type="submit" { "Take it back" span.hidden { ": " (one.vulnerabilities.join(", ")) } }
                        } }
                    } }
                } } }
            } }
            @if !may && self.withdrawn { p.muted.small { "What was taken back is among them." } }
        }
    }
}

/// A VEX document that was brought in.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Its file name.
    pub name: String,
    /// `openvex`, `csaf` or `cyclonedx`.
    pub format: String,
    /// Its length.
    pub bytes: i64,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: i64,
}

/// The page of VEX.
#[derive(Clone, Debug, Default)]
pub struct Vex {
    /// The documents, by name.
    pub documents: Vec<Document>,
    /// The policy is kept in a repository.
    pub elsewhere: bool,
    /// What was typed.
    pub typed: Typed,
    /// Decisions that can be published as VEX.
    pub decided: bool,
}

fn format_word(format: &str) -> &str {
    match format {
        "openvex" => "OpenVEX",
        "csaf" => "CSAF",
        "cyclonedx" => "CycloneDX",
        other => other,
    }
}

impl Vex {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            (counted(self.documents.len(), "document of somebody else is", "documents of others are")) " here. Whose statements count without a decision of ours, the policy says; all others are shown beside the finding as proposals."
        };
        let actions = html! {
            @if self.decided && around.may("policy.read") {
                a.button href="/policy/decisions/vex?format=openvex" { "Ours as OpenVEX" }
                a.button href="/policy/decisions/vex?format=csaf" { "as CSAF" }
                a.button href="/policy/decisions/vex?format=cyclonedx" { "as CycloneDX" }
            }
        };
        let may = around.may("policy.write") && !self.elsewhere;
        let body = html! {
            (top("What do others say about their weaknesses?", &answer, &actions))
            (pages("/policy/vex"))
            @if self.elsewhere { p.wrong { "The policy is kept in a repository, and the VEX documents that stand beside it there count. Those below decide nothing." } }
            @if self.documents.is_empty() {
                (empty("No VEX document is here", &html! {
                    p { "A VEX document says which products a vulnerability affects, in the words of whoever makes them. OpenVEX, CSAF and CycloneDX are read." }
                    pre { code { "curl --data-binary @vendor.json -H \"authorization: Bearer $STANCHION_TOKEN\" \\\n  \"" (around.origin) "/api/v1/vex?name=vendor.json\"" } }
                }))
            } @else {
                div.scroll { table.stack {
                    caption.hidden { "VEX documents, by name" }
                    thead { tr { th scope="col" { "Document" } th scope="col" { "Format" } th.num scope="col" { "Size" } th scope="col" { "Brought by" } @if may { th scope="col" { span.hidden { "Take it away" } } } } }
                    tbody { @for one in &self.documents { tr data-row {
                        td.main { a href=(format!("/policy/vex/{}", encoded(&one.name))) { (cut(&one.name, 100)) } }
                        td { (format_word(&one.format)) }
                        td.num { (bytes(one.bytes)) }
                        td { (cut(&one.by, 40)) span.second { (day(one.at)) } }
                        @if may { td { form method="post" action="/policy/vex/remove" {
                            (around.token())
                            input type="hidden" name="name" value=(one.name);
                            button.plain type="submit" { "Take it away" span.hidden { ": " (one.name) } }
                        } } }
                    } } }
                } }
            }
            @if may { (self.form(around)) }
        };
        around.page(Place::Policy, "VEX", &body)
    }

    fn form(&self, around: &Around) -> Markup {
        html! {
            section.block {
                details open[self.typed.error.is_some()] {
                    summary { "Bring a document" }
                    (self.typed.wrong(&["name", "document"]))
                    form.fields method="post" action="/policy/vex" {
                        (around.token())
                        (forms::input(&self.typed, &Input { name: "name", label: "File name", note: "Letters, digits, dots and dashes; it ends with .json. A document of that name is replaced.", required: true, most: 150, ..Input::default() }))
                        (forms::input(&self.typed, &Input { name: "document", label: "The document", note: "Paste it here. One of more than a few hundred kilobytes is sent with curl.", kind: "code", required: true, ..Input::default() }))
                        button type="submit" { "Take it in" }
                    }
                    p.muted { "Or from a machine: " code { "curl --data-binary @vendor.json -H \"authorization: Bearer $STANCHION_TOKEN\" \"" (around.origin) "/api/v1/vex?name=vendor.json\"" } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(permissions: &[&'static str]) -> Around {
        Around {
            permissions: permissions.to_vec(),
            here: "/policy/decisions?q=a".into(),
            ..Around::default()
        }
    }

    #[test]
    fn who_may_decide_may_take_back() {
        let list = Decisions {
            query: "a&b",
            rows: vec![
                Decision {
                    id: "u1".into(),
                    vulnerabilities: vec!["CVE-1".into()],
                    status: "not_affected".into(),
                    reason: Some("<b>never</b>".into()),
                    by: "ann".into(),
                    ..Decision::default()
                },
                Decision {
                    id: "u2".into(),
                    withdrawn: Some(1_800_000_000),
                    ..Decision::default()
                },
            ],
            next: Some("1.u".into()),
            ..Decisions::default()
        };
        let page = list.page(&around(&["finding.triage"]));
        assert!(page.contains("value=\"u1\"") && !page.contains("value=\"u2\""));
        assert!(page.contains("taken back") && page.contains("&lt;b&gt;never"));
        assert!(page.contains("q=a%26b&amp;after=1.u"), "{page}");
        let page = list.page(&around(&[]));
        assert!(!page.contains("/decisions/withdraw"));
        let elsewhere = Decisions {
            elsewhere: true,
            ..list
        };
        assert!(
            !elsewhere
                .page(&around(&["finding.triage"]))
                .contains("/decisions/withdraw")
        );
    }

    #[test]
    fn a_document_is_brought_by_who_may() {
        let vex = Vex {
            documents: vec![Document {
                name: "a.json".into(),
                format: "csaf".into(),
                ..Document::default()
            }],
            decided: true,
            ..Vex::default()
        };
        let page = vex.page(&around(&["policy.read", "policy.write"]));
        assert!(
            page.contains("Bring a document")
                && page.contains("CSAF")
                && page.contains("Ours as OpenVEX")
        );
        let page = vex.page(&around(&["policy.read"]));
        assert!(!page.contains("Bring a document") && !page.contains("Take it away"));
        assert!(
            Vex::default()
                .page(&around(&[]))
                .contains("No VEX document is here")
        );
    }
}
