//! What is allowed to stay open, until when, and by whom?

use maud::{Markup, html};

use super::{exception_path, pages};
use crate::findings::JUSTIFICATIONS;
use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{
    Count, affected_path, ago, counted, cut, date, day, empty, encoded, findings_path, moment,
    number, pager, product_path, term,
};

/// What an exception is about. Everything that is given has to hold.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Ids of vulnerabilities.
    pub ids: Vec<String>,
    /// Rules of the policy.
    pub rules: Vec<String>,
    /// The component.
    pub purl: Option<String>,
    /// Its versions.
    pub versions: Option<String>,
    /// The product; everywhere without it.
    pub product: Option<String>,
    /// Globs of files.
    pub paths: Vec<String>,
}

impl About {
    /// In a line, without the product.
    pub fn line(&self) -> String {
        let mut parts: Vec<&str> = self
            .ids
            .iter()
            .chain(&self.rules)
            .map(String::as_str)
            .collect();
        parts.extend(self.purl.as_deref());
        parts.extend(self.versions.as_deref());
        parts.extend(self.paths.iter().map(String::as_str));
        if parts.is_empty() {
            return "everything".into();
        }
        parts.join(" ")
    }
}

/// An exception in a list. Times are seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// `requested`, `approved`, `rejected` or `revoked`.
    pub state: String,
    /// In a line.
    pub about: String,
    /// The product; everywhere without it.
    pub product: Option<String>,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Its last second.
    pub expires: Option<i64>,
    /// It is over.
    pub ended: bool,
    /// When it was asked for.
    pub created: i64,
}

fn state(state: &str, ended: bool) -> Markup {
    let (class, text) = match (state, ended) {
        ("requested", true) => ("tag late", "asked for, too late now"),
        ("requested", false) => ("tag held", "asked for"),
        ("approved", false) => ("tag good", "in force"),
        ("approved", true) => ("tag", "over"),
        ("rejected", _) => ("tag", "refused"),
        _ => ("tag", "ended early"),
    };
    html! { span class=(class) { (text) } }
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Exceptions<'a> {
    /// Which: `requested`, `approved`, `lapsing`, `ended`, or empty for all.
    pub state: &'a str,
    /// Words that are looked for.
    pub query: &'a str,
    /// The rows.
    pub rows: Vec<Row>,
    /// The place of the next page.
    pub next: Option<String>,
    /// This is not the first page.
    pub later: bool,
    /// Asked for, in force, about to lapse, over; `None` for whoever sees some products only.
    pub counts: Option<[i64; 4]>,
    /// What is wrong with the query.
    pub fault: Option<String>,
    /// The policy is kept in a repository: what stands there decides, and nothing here.
    pub elsewhere: bool,
}

const STATES: [(&str, &str); 5] = [
    ("requested", "Asked for"),
    ("approved", "In force"),
    ("lapsing", "End within 30 days"),
    ("ended", "Over"),
    ("", "All"),
];

impl Exceptions<'_> {
    fn address(&self, state: &str, more: &str) -> String {
        let mut address = format!("/policy/exceptions?state={state}");
        if !self.query.is_empty() {
            address = format!("{address}&q={}", encoded(self.query));
        }
        format!("{address}{more}")
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let of = |at: usize| self.counts.map_or(0, |counts| counts[at]);
        let answer = html! {
            @if self.counts.is_some() {
                (counted(of(1), "exception is", "exceptions are")) " in force, "
                @if of(2) > 0 { (number(of(2))) " of them " (if of(2) == 1 { "ends" } else { "end" }) " within 30 days, " }
                "and " (counted(of(0), "is", "are")) " waiting for a decision."
            } @else { "Exceptions of the products that you see, and those that hold everywhere." }
        };
        let files = format!("state={}&q={}", self.state, encoded(self.query));
        let actions = html! {
            @if around.may("exception.request") && !self.elsewhere { a.button href="/policy/exceptions/new" { "Ask for one" } }
            a.button href=(format!("/policy/exceptions.csv?{files}")) { "CSV" } a.button href=(format!("/policy/exceptions.json?{files}")) { "JSON" }
        };
        let body = html! {
            (top("What is allowed to stay open, and until when?", &answer, &actions))
            (pages("/policy/exceptions"))
            @if self.elsewhere { p.wrong { "The policy is kept in a repository, and the exceptions that stand beside it there decide. Those below are from before and cover nothing." } }
            nav.views aria-label="States" { @for (at, (word, text)) in STATES.iter().enumerate() {
                a href=(self.address(word, "")) aria-current=[(self.state == *word).then_some("page")] { (text) @if let Some(count) = self.counts.and_then(|counts| counts.get(at).copied()) { " " span.muted { (number(count)) } } }
            } }
            form.query action="/policy/exceptions" role="search" {
                input type="hidden" name="state" value=(self.state);
                div.grow {
                    label.hidden for="q" { "Words that stand in the exception" }
                    input #q name="q" type="text" value=(self.query) maxlength="500" placeholder="an id, a product, a person, a word of the reason" autocomplete="off" spellcheck="false" aria-describedby=[self.fault.as_ref().map(|_| "q-fault")];
                }
                button type="submit" { "Show" }
            }
            @if let Some(fault) = &self.fault { p.wrong #q-fault role="alert" { (fault) } }
            @if self.rows.is_empty() && self.fault.is_none() { (self.nothing(around)) } @else { (self.table(around)) }
            @let first = self.later.then(|| self.address(self.state, ""));
            @let next = self.next.as_ref().map(|next| self.address(self.state, &format!("&after={}", encoded(next))));
            (pager(self.rows.len(), first.as_deref(), next.as_deref()))
            (crate::findings::keys())
        };
        around.page(Place::Policy, "Exceptions", &body)
    }

    fn nothing(&self, around: &Around) -> Markup {
        if self.later || !self.query.is_empty() {
            return empty(
                "None here",
                &html! { p { "No exception of this state has these words. " a href="/policy/exceptions?state=" { "Look at all" } "." } },
            );
        }
        let title = match self.state {
            "requested" => "Nobody waits for a decision",
            "approved" => "Nothing is excepted",
            "lapsing" => "None ends within 30 days",
            "ended" => "None is over",
            _ => "Nobody has asked for an exception",
        };
        empty(
            title,
            &html! {
                p { "An exception lets a finding stay open for a time: it says what it covers, why, and until when, and somebody else than who asked allows it. Choose findings in " a href="/findings" { "the list" } " and press " kbd { "e" } "."
                    @if around.may("exception.request") && !self.elsewhere { " Or " a href="/policy/exceptions/new" { "ask for one here" } "." } }
            },
        )
    }

    fn table(&self, around: &Around) -> Markup {
        html! {
            div.scroll { table.stack {
                caption.hidden { "Exceptions" }
                thead { tr { th scope="col" { "About" } th scope="col" { "State" } th scope="col" { "Where" } th scope="col" { "Until" } th scope="col" { "Asked by" } th scope="col" { "Decided by" } } }
                tbody { @for row in &self.rows { tr data-row {
                    td.main { a href=(exception_path(&row.id)) { b { (cut(&row.about, 120)) } } span.second { (row.id) @if !row.reason.is_empty() { ": " (cut(&row.reason, 160)) } } }
                    td { (state(&row.state, row.ended)) }
                    td { @if let Some(product) = &row.product { a href=(product_path(product)) { (cut(product, 40)) } } @else { "everywhere" } }
                    td { @if let Some(at) = row.expires { (date(at)) @if row.state == "approved" && !row.ended { span.second { (ago(at, around.now)) } } } }
                    td { (cut(&row.by, 40)) span.second { (day(row.created)) } }
                    td { @if let Some(by) = &row.decided_by { (cut(by, 40)) } @else { span.muted { "nobody yet" } } }
                } } }
            } }
        }
    }
}

/// Something that happened to an exception.
#[derive(Clone, Debug, Default)]
pub struct Happened {
    /// Seconds since 1970.
    pub at: i64,
    /// Who.
    pub by: String,
    /// `requested`, `approved`, `rejected` or `revoked`.
    pub what: String,
    /// What they said.
    pub note: String,
}

/// One exception.
#[derive(Clone, Debug, Default)]
pub struct Exception {
    /// As in the list.
    pub row: Row,
    /// What it is about.
    pub about: About,
    /// What stands in for the fix meanwhile.
    pub control: Option<String>,
    /// When it was decided.
    pub decided_at: Option<i64>,
    /// What happened, the latest first.
    pub history: Vec<Happened>,
    /// Its revision: what a decision is made about.
    pub revision: i64,
    /// Open findings that it covers now.
    pub covers: Option<Count>,
    /// Open findings that it is about, whether it covers them or not.
    pub concerns: Option<Count>,
    /// Whoever looks may decide.
    pub may_decide: bool,
    /// Whoever looks may end it.
    pub may_end: bool,
    /// The policy is kept in a repository.
    pub elsewhere: bool,
    /// What was typed.
    pub typed: Typed,
}

impl Exception {
    /// The findings that it is about, as a query.
    pub fn query(&self) -> String {
        let mut parts = Vec::new();
        let several = |field: &str, values: &[String]| match values {
            [] => None,
            [one] => Some(term(field, one)),
            many => {
                let all: Vec<String> = many.iter().map(|one| term(field, one)).collect();
                Some(format!("({})", all.join(" or ")))
            }
        };
        parts.extend(several("id", &self.about.ids));
        // A rule of the gate is broken, a rule about components and licences made the finding.
        if !self.about.rules.is_empty() {
            let all: Vec<String> = self
                .about
                .rules
                .iter()
                .flat_map(|rule| [term("breaks", rule), term("rule", rule)])
                .collect();
            parts.push(format!("({})", all.join(" or ")));
        }
        parts.extend(self.about.purl.as_ref().map(|purl| term("purl", purl)));
        parts.extend(
            self.about
                .product
                .as_ref()
                .map(|name| term("product", name)),
        );
        parts.join(" ")
    }

    fn answer(&self, around: &Around) -> Markup {
        let row = &self.row;
        let by = row.decided_by.as_deref().unwrap_or("somebody");
        let until = html! { @if let Some(at) = row.expires { " until the end of " (date(at)) } };
        html! {
            (state(&row.state, row.ended)) " "
            @match (row.state.as_str(), row.ended) {
                ("requested", false) => { "Asked for by " bdi { (row.by) } (until) ". Nobody has decided yet, and it covers nothing." },
                ("requested", true) => { "Asked for by " bdi { (row.by) } (until) ", which has passed. It covers nothing." },
                ("approved", false) => { "Allowed by " bdi { (by) } (until) @if let Some(at) = row.expires { ", which is " (ago(at, around.now)) } "." },
                ("approved", true) => { "It held" (until) ", and covers nothing any more." },
                ("rejected", _) => { "Refused by " bdi { (by) } ". It covers nothing." },
                _ => { "Ended before its time by " bdi { (by) } ". It covers nothing any more." },
            }
        }
    }

    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let row = &self.row;
        let again = format!("/policy/exceptions/new?from={}", encoded(&row.id));
        let actions = html! {
            @if around.may("exception.request") && !self.elsewhere && (row.state != "requested" || row.ended) {
                a.button href=(again) { (if row.state == "approved" && !row.ended { "Extend it" } else { "Ask for it anew" }) }
            }
        };
        let body = html! {
            (crumbs(&[("/policy", "Policy"), ("/policy/exceptions?state=approved", "Exceptions")]))
            (top(&format!("{}: {}", row.id, short(&row.about)), &self.answer(around), &actions))
            (self.typed.wrong(&["note", "end_note"]))
            (self.left_over())
            div.columns {
                div {
                    (self.scope())
                    section.block {
                        h2 { "Why" }
                        @if row.reason.is_empty() { p.muted { "No reason is given." } } @else { p.kept { (row.reason) } }
                        @if let Some(control) = &self.control { h3 { "What stands in for the fix meanwhile" } p.kept { (control) } }
                        @else { p.muted { "Nothing stands in for the fix meanwhile." } }
                    }
                    (self.past())
                }
                aside {
                    (self.decide(around))
                    (self.end(around))
                    section.block {
                        h2 { "Who, and when" }
                        dl.narrow {
                            dt { "Asked for by" } dd { bdi { (row.by) } " on " (day(row.created)) }
                            @if let Some(by) = &row.decided_by { dt { "Decided by" } dd { bdi { (by) } @if let Some(at) = self.decided_at { " on " (day(at)) } } }
                            @if let Some(at) = row.expires { dt { "Last day" } dd { (date(at)) } }
                        }
                    }
                }
            }
        };
        around.page(Place::Policy, &row.id, &body)
    }

    /// What was typed into a form that is not there any more.
    fn left_over(&self) -> Markup {
        let offered = [("note", self.may_decide), ("end_note", self.may_end)];
        html! {
            @for (name, shown) in offered {
                @if !shown && !self.typed.get(name).is_empty() {
                    section.block { h2 { "What you had written" } p.kept { (self.typed.get(name)) } }
                }
            }
        }
    }

    fn scope(&self) -> Markup {
        let about = &self.about;
        let (row, query) = (&self.row, self.query());
        let held = format!("is:excepted {}", term("exception", &row.id));
        html! {
            section.block {
                h2 { "What it covers" }
                dl {
                    @if !about.ids.is_empty() { dt { "Vulnerability" } dd { @for (at, id) in about.ids.iter().enumerate() { @if at > 0 { ", " } a href=(affected_path(id)) { (id) } } } }
                    @if !about.rules.is_empty() { dt { "Rule" } dd { @for (at, rule) in about.rules.iter().enumerate() { @if at > 0 { ", " } a href=(findings_path(&term("rule", rule))) { code { (rule) } } } } }
                    @if let Some(purl) = &about.purl { dt { "Component" } dd { a href=(affected_path(purl)) { code { (purl) } } } }
                    @if let Some(versions) = &about.versions { dt { "Its versions" } dd { code { (versions) } } }
                    dt { "Where" } dd { @if let Some(product) = &about.product { a href=(product_path(product)) { (product) } } @else { "in every product" } }
                    @if !about.paths.is_empty() { dt { "Files" } dd { code { (about.paths.join(" ")) } } }
                    @if let Some(count) = self.covers { dt { "Covers now" } dd { a href=(findings_path(&held)) { (count.text()) } (if count.count == 1 { " open finding" } else { " open findings" }) } }
                    @if let Some(count) = self.concerns && !query.is_empty() { dt { "Is about" } dd { a href=(findings_path(&query)) { (count.text()) } (if count.count == 1 { " open finding" } else { " open findings" }) } }
                }
            }
        }
    }

    fn past(&self) -> Markup {
        html! {
            section.block {
                h2 { "What happened" }
                @if self.history.is_empty() { p.muted { "Nothing is written down." } }
                ol.timeline { @for one in &self.history { li {
                    b { @match one.what.as_str() { "requested" => "asked for", "approved" => "allowed", "rejected" => "refused", _ => "ended early" } }
                    " " span.muted { (moment(one.at)) " by " bdi { (one.by) } }
                    @if !one.note.is_empty() { br; (one.note) }
                } } }
            }
        }
    }

    fn decide(&self, around: &Around) -> Markup {
        let row = &self.row;
        if row.state != "requested" || !around.may("exception.decide") || self.elsewhere {
            return html! {};
        }
        if row.by == around.name {
            return html! { section.block { h2 { "Decide" } p { "You asked for it, so somebody else decides: nobody allows what they asked for themselves." } } };
        }
        if !self.may_decide {
            return html! {};
        }
        html! {
            section.block {
                h2 { "Decide" }
                form method="post" action=(format!("{}/decide", exception_path(&row.id))) {
                    (around.token())
                    input type="hidden" name="revision" value=(self.revision);
                    (forms::input(&self.typed, &Input { name: "note", label: "What you say to it", note: "Needed to refuse it.", kind: "area", most: 2_000, ..Input::default() }))
                    div.row {
                        button type="submit" name="approve" value="yes" { "Allow it" }
                        button.danger type="submit" name="approve" value="no" { "Refuse it" }
                    }
                }
            }
        }
    }

    fn end(&self, around: &Around) -> Markup {
        if !self.may_end || self.elsewhere {
            return html! {};
        }
        let asked = self.row.state == "requested";
        html! {
            section.block {
                details open[!self.typed.get("end_note").is_empty()] {
                    summary { (if asked { "Take the request back" } else { "End it before its time" }) }
                    form method="post" action=(format!("{}/end", exception_path(&self.row.id))) {
                        (around.token())
                        (forms::input(&self.typed, &Input { name: "end_note", label: "Why", kind: "area", required: true, most: 2_000, ..Input::default() }))
                        button.danger type="submit" { (if asked { "Take it back" } else { "End it" }) }
                        @if !asked { p.muted.small { "What it covers is open again at once, with the date that the policy gives." } }
                    }
                }
            }
        }
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

/// The form that asks for one.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// What stands in it.
    pub typed: Typed,
    /// The exception that it follows.
    pub follows: Option<&'a Row>,
    /// Products, for the browser's own list.
    pub products: &'a [String],
    /// The policy is kept in a repository: nothing is asked for here. Where it is.
    pub elsewhere: Option<String>,
}

impl Ask<'_> {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! { "Somebody else than you decides about it, by what the policy says about who and for how long. Until then nothing changes." };
        let body = html! {
            (crumbs(&[("/policy", "Policy"), ("/policy/exceptions?state=requested", "Exceptions")]))
            (top("What has to stay open for a while?", &answer, &html! {}))
            @if let Some(source) = &self.elsewhere {
                (empty("It is asked for where the policy is kept", &html! {
                    p { "The policy comes from " bdi { (source) } ", and exceptions stand beside it there, in " code { "exceptions.toml" } ". This command writes one:" }
                    pre { code { "stanchion exception add CVE-2021-44228 --reason \"why\" --approver role:ciso --expires 2027-03-31" } }
                }))
            } @else { (self.form(around)) }
        };
        around.page(Place::Policy, "Ask for an exception", &body)
    }

    fn form(&self, around: &Around) -> Markup {
        const SHOWN: [&str; 10] = [
            "ids",
            "rules",
            "purl",
            "versions",
            "product",
            "paths",
            "reason",
            "compensating_control",
            "expires",
            "justification",
        ];
        let typed = &self.typed;
        html! {
            @if let Some(row) = self.follows {
                p { "This follows " a href=(exception_path(&row.id)) { (row.id) } @if row.state == "approved" && !row.ended { ", which holds until its own end and is not touched" } ". Choose a later day and say why it takes longer." }
            }
            (typed.wrong(&SHOWN))
            form.fields method="post" action="/policy/exceptions/new" {
                (around.token())
                @if let Some(row) = self.follows { input type="hidden" name="from" value=(row.id); }
                h2 { "About what" }
                p.muted { "Everything that you fill in has to hold. An id, a rule or a component is needed." }
                (forms::input(typed, &Input { name: "ids", label: "Vulnerability", note: "CVE, GHSA or any other id; several with commas between them.", ..Input::default() }))
                (forms::input(typed, &Input { name: "purl", label: "Component", note: "As a package URL, such as pkg:npm/lodash.", ..Input::default() }))
                (forms::input(typed, &Input { name: "versions", label: "Its versions", note: "Such as < 4.17.21; all without it.", ..Input::default() }))
                (forms::input(typed, &Input { name: "rules", label: "Rule of the policy", note: "Where a rule is broken rather than a vulnerability found, such as licence/deny.", ..Input::default() }))
                (forms::input(typed, &Input { name: "product", label: "Product", note: "Without it the exception holds in every product.", offers: self.products, ..Input::default() }))
                (forms::input(typed, &Input { name: "paths", label: "Files", note: "Globs, one a line; all without it.", kind: "area", ..Input::default() }))
                h2 { "Why, and until when" }
                (forms::input(typed, &Input { name: "reason", label: "Reason", note: "For whoever decides, and for whoever asks in a year.", kind: "area", required: true, most: 2_000, ..Input::default() }))
                (forms::input(typed, &Input { name: "compensating_control", label: "What stands in for the fix meanwhile", note: "Such as a filter in front of it, or a feature that is switched off.", kind: "area", most: 2_000, ..Input::default() }))
                (forms::input(typed, &Input { name: "expires", label: "Last day", note: "The policy may say how far away it can be.", kind: "date", required: true, ..Input::default() }))
                (forms::select(typed, "justification", "Not affected at all?", "Then say why; leave it where the finding is real and stays for a while.", &justifications()))
                button type="submit" { "Ask for it" }
            }
        }
    }
}

fn justifications() -> Vec<(&'static str, &'static str)> {
    let mut all = vec![("", "it is affected")];
    all.extend(JUSTIFICATIONS.iter().skip(1));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(name: &str, permissions: &[&'static str]) -> Around {
        Around {
            name: name.into(),
            permissions: permissions.to_vec(),
            now: 1_800_000_000,
            ..Around::default()
        }
    }

    fn exception() -> Exception {
        Exception {
            row: Row {
                id: "EX-2026-001".into(),
                state: "requested".into(),
                about: "CVE-2026-0001 <i>".into(),
                by: "ann".into(),
                reason: "<b>because</b>".into(),
                expires: Some(1_801_000_000),
                ..Row::default()
            },
            about: About {
                ids: vec!["CVE-2026-0001".into(), "CVE-2026-0002".into()],
                product: Some("my shop".into()),
                ..About::default()
            },
            revision: 3,
            may_decide: true,
            may_end: true,
            ..Exception::default()
        }
    }

    #[test]
    fn nobody_is_offered_to_allow_their_own() {
        let decides = ["exception.decide", "exception.request"];
        let page = exception().page(&around("bob", &decides));
        assert!(page.contains("Allow it") && page.contains("name=\"revision\" value=\"3\""));
        assert!(page.contains("&lt;b&gt;because") && !page.contains("<b>because"));
        let own = exception().page(&around("ann", &decides));
        assert!(!own.contains("Allow it") && own.contains("somebody else decides"));
        let viewer = Exception {
            may_decide: false,
            may_end: false,
            ..exception()
        };
        let page = viewer.page(&around("eve", &[]));
        assert!(
            !page.contains("<form method=\"post\" action=\"/policy"),
            "{page}"
        );
    }

    #[test]
    fn the_findings_it_is_about_are_a_query() {
        assert_eq!(
            exception().query(),
            "(id:CVE-2026-0001 or id:CVE-2026-0002) product:\"my shop\""
        );
        assert_eq!(About::default().line(), "everything");
    }

    #[test]
    fn the_list_shows_states_in_words_and_goes_on() {
        let list = Exceptions {
            state: "approved",
            query: "shop & co",
            rows: vec![Row {
                id: "EX-1".into(),
                state: "approved".into(),
                about: "CVE-1".into(),
                by: "ann".into(),
                ..Row::default()
            }],
            next: Some("12 EX-1".into()),
            counts: Some([1, 2, 1, 0]),
            ..Exceptions::default()
        };
        let page = list.page(&around("bob", &["exception.request"]));
        for part in [
            "in force",
            "state=approved&amp;q=shop%20%26%20co&amp;after=12%20EX-1",
            "2 exceptions are in force, 1 of them ends within 30 days, and 1 is waiting",
            "Ask for one",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let none = Exceptions::default().page(&around("bob", &[]));
        assert!(
            none.contains("Nobody has asked for an exception") && !none.contains("Ask for one")
        );
    }

    #[test]
    fn a_form_keeps_what_was_typed() {
        let ask = Ask {
            typed: Typed {
                error: Some("The exception ends before it begins.".into()),
                faults: vec![("expires".into(), "a day to come".into())],
                ..Typed::of([("reason", "a \"reason\"".to_owned())])
            },
            ..Ask::default()
        };
        let page = ask.page(&around("ann", &[]));
        assert!(page.contains("a &quot;reason&quot;") && page.contains("a day to come"));
        let kept = Ask {
            elsewhere: Some("https://git.example/policy".into()),
            ..Ask::default()
        };
        assert!(!kept.page(&around("ann", &[])).contains("<textarea"));
    }
}
