//! What is open, worst first?

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, top};
use crate::parts::{
    Count, affected_path, ago, counted, cut, due, encoded, finding_path, findings_path, pager,
    percent, plain, product_path, score, severity, state,
};

/// A finding in a list. Times are seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// A UUID.
    pub id: String,
    /// `vulnerability`, `malicious`, ...
    pub kind: &'static str,
    /// CVE, else GHSA, else native.
    pub vulnerability: String,
    /// One line.
    pub title: String,
    /// The product's name.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The component's name; of an external finding, its place.
    pub component: String,
    /// Its version.
    pub component_version: String,
    /// `none` to `critical`.
    pub severity: Option<&'static str>,
    /// 0 to 100.
    pub score: Option<f64>,
    /// `open`, `overdue`, ...
    pub state: &'static str,
    /// On CISA's list.
    pub known_exploited: bool,
    /// The version that clears it.
    pub upgrade_to: Option<String>,
    /// 0 to 1.
    pub epss: Option<f64>,
    /// Who acts.
    pub owner: Option<String>,
    /// When it has to be done by.
    pub due: Option<i64>,
    /// The exception that covers it.
    pub exception: Option<String>,
    /// When it was first seen.
    pub first_seen: i64,
}

impl Row {
    fn what(&self) -> String {
        if self.component_version.is_empty() || self.component.ends_with(&self.component_version) {
            self.component.clone()
        } else {
            format!("{} {}", self.component, self.component_version)
        }
    }
}

/// A view that somebody saved.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// A UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its query.
    pub query: String,
    /// What it is grouped by.
    pub group: String,
    /// All may see it.
    pub shared: bool,
    /// Whoever looks saved it.
    pub own: bool,
}

/// Views that everybody has.
const VIEWS: [(&str, &str); 6] = [
    ("Everything open", ""),
    ("Exploited", "kev"),
    ("Overdue", "overdue"),
    ("Due this week", "due<7d -is:overdue -is:excepted sort:due"),
    ("New in two days", "first_seen>2d sort:first_seen"),
    ("Without owner", "unowned"),
];

/// What a list may be grouped by.
const GROUPS: [(&str, &str); 4] = [
    ("", "one by one"),
    ("component", "by component"),
    ("product", "by product"),
    ("upgrade", "by upgrade"),
];

/// Why a component is not affected, as VEX says it.
pub const JUSTIFICATIONS: [(&str, &str); 6] = [
    ("", "choose one, when not affected"),
    (
        "component_not_present",
        "the component is not in the product",
    ),
    (
        "vulnerable_code_not_present",
        "the vulnerable code is not in the component",
    ),
    (
        "vulnerable_code_not_in_execute_path",
        "the vulnerable code is never reached",
    ),
    (
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "no attacker controls what reaches it",
    ),
    (
        "inline_mitigations_already_exist",
        "something in the product prevents it",
    ),
];

/// What can be decided.
pub const STATUSES: [(&str, &str); 4] = [
    ("not_affected", "not affected"),
    ("under_investigation", "somebody is looking into it"),
    ("affected", "affected, and this is done about it"),
    ("fixed", "fixed already"),
];

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Findings<'a> {
    /// The query.
    pub query: &'a str,
    /// What it is grouped by.
    pub group: &'a str,
    /// The rows.
    pub rows: Vec<Row>,
    /// The place of the next page.
    pub next: Option<String>,
    /// It is not the first page.
    pub later: bool,
    /// How many there are.
    pub count: Count,
    /// What is wrong with the query.
    pub fault: Option<String>,
    /// Views of theirs and of others.
    pub saved: Vec<Saved>,
    /// What stands in the form that decides.
    pub typed: Typed,
    /// There is no product yet.
    pub nothing_yet: bool,
}

fn address(query: &str, group: &str, after: Option<&str>) -> String {
    let mut address = findings_path(query);
    for (name, value) in [("group", Some(group)), ("after", after)] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str(name);
            address.push('=');
            address.push_str(&encoded(value));
        }
    }
    address
}

impl Findings<'_> {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @if self.fault.is_some() { "The query cannot be read." }
            @else if self.count.count == 0 { "Nothing, by this query." }
            @else { (self.count.text()) " " (if self.count.count == 1 { "finding" } else { "findings" }) ", worst first." }
        };
        let actions = html! {
            a.button href=(format!("/findings.csv?q={}", encoded(self.query))) { "CSV" }
            a.button href=(format!("/findings.json?q={}", encoded(self.query))) { "JSON" }
            button.second type="button" data-opens="keys" hidden { "Keys " kbd { "?" } }
        };
        let body = html! {
            (top("What is open, worst first?", &answer, &actions))
            (self.bar())
            @if self.nothing_yet {
                (crate::parts::empty("No product has come in yet", &html! {
                    p { "Findings come with the first inventory. The shortest way: " (around.way("inventory.push", "/products/hand-in", "hand in an SBOM"))
                        ", or let the command line do it:" }
                    pre { code { "stanchion login URL\nstanchion push --product NAME --version VERSION" } }
                }))
            } @else if self.rows.is_empty() && self.fault.is_none() {
                (crate::parts::empty("Nothing here", &html! {
                    p { "No finding of the products that you may see fits this query. "
                        @if self.query.is_empty() { "Look at " a href=(findings_path("all:true")) { "what is closed, and what is in older versions" } "." }
                        @else { a href="/findings" { "Show everything that is open" } "." } }
                }))
            } @else if !self.rows.is_empty() {
                @if around.may("finding.triage") || around.may("exception.request") {
                    form method="post" action="/findings/decide" {
                        (around.token())
                        input type="hidden" name="back_to" value=(address(self.query, self.group, None));
                        (self.typed.wrong(&["status", "justification", "reason", "scope", "tag", "action", "expires"]))
                        (self.lists(around, Some(&self.typed)))
                        (self.pager())
                        (self.decide(around))
                    }
                } @else {
                    (self.lists(around, None))
                    (self.pager())
                }
            }
            (self.saving(around))
            (keys())
        };
        around.page(Place::Findings, "Findings", &body)
    }

    fn bar(&self) -> Markup {
        html! {
            form.query action="/findings" role="search" aria-label="Which findings" {
                div.grow {
                    label.hidden for="q" { "Query of findings" }
                    input #q name="q" type="text" value=(self.query) maxlength="4096" data-list="findings"
                        placeholder="severity>=high fixable product:shop -is:excepted" autocomplete="off" autocapitalize="off" spellcheck="false"
                        aria-invalid=[self.fault.as_ref().map(|_| "true")] aria-describedby=[self.fault.as_ref().map(|_| "q-fault")];
                }
                label.hidden for="group" { "Group" }
                div { select #group name="group" {
                    @for (value, word) in GROUPS { option value=(value) selected[value == self.group] { (word) } }
                } }
                button type="submit" { "Show" }
            }
            @if let Some(fault) = &self.fault { p.wrong #q-fault role="alert" { (fault) } }
            nav.views aria-label="Views" {
                @for (name, query) in VIEWS {
                    a href=(findings_path(query)) aria-current=[(query == self.query).then_some("page")] { (name) }
                }
                @for view in &self.saved {
                    a href=(address(&view.query, &view.group, None)) aria-current=[(view.query == self.query && view.group == self.group).then_some("page")]
                        title=(if view.shared { "for everybody" } else { "yours alone" }) { (view.name) @if view.shared { " ·" } }
                }
            }
        }
    }

    fn pager(&self) -> Markup {
        let first = self.later.then(|| address(self.query, self.group, None));
        let next = self
            .next
            .as_deref()
            .map(|next| address(self.query, self.group, Some(next)));
        pager(self.rows.len(), first.as_deref(), next.as_deref())
    }

    fn lists(&self, around: &Around, choose: Option<&Typed>) -> Markup {
        if self.group.is_empty() {
            return table(&self.rows, around, choose, "Findings");
        }
        let mut groups: BTreeMap<usize, (String, Vec<Row>)> = BTreeMap::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for row in &self.rows {
            let key = match self.group {
                "product" => row.product.clone(),
                "upgrade" => match &row.upgrade_to {
                    Some(version) => format!("{} to {version}", row.component),
                    None => "no upgrade known".to_owned(),
                },
                _ => row.what(),
            };
            let place = known.len();
            let at = *known.entry(key.clone()).or_insert(place);
            groups
                .entry(at)
                .or_insert_with(|| (key, Vec::new()))
                .1
                .push(row.clone());
        }
        html! {
            @if self.next.is_some() { p.muted.small { "Groups of the worst " (self.rows.len()) " findings." } }
            @for (name, rows) in groups.values() {
                section.block {
                    h2 {
                        @if self.group == "product" { a href=(product_path(name)) { (cut(name, 80)) } } @else { (cut(name, 80)) }
                        " " span.muted.small { (counted(i64::try_from(rows.len()).unwrap_or(0), "finding", "findings")) }
                    }
                    (table(rows, around, choose, name))
                }
            }
        }
    }

    fn decide(&self, around: &Around) -> Markup {
        let typed = &self.typed;
        html! {
            details.bulk #decide open[typed.error.is_some()] {
                summary { b { "Decide about what is chosen" } " " span.muted { "(" span data-chosen { "0" } " chosen)" } }
                div.halves {
                    @if around.may("finding.triage") {
                        div {
                            (forms::select(typed, "status", "It is", "", &STATUSES))
                            (forms::select(typed, "justification", "Because", "", &JUSTIFICATIONS))
                            (forms::input(typed, &Input { name: "reason", label: "In words", kind: "area", most: 2_000,
                                note: "What others need to know to trust this.", ..Input::default() }))
                            (scope(typed))
                            div.actions { button type="submit" name="what" value="decide" { "Decide" } }
                        }
                    }
                    @if around.may("exception.request") {
                        div {
                            p { "Or ask to leave it as it is for a while. Somebody else decides about that." }
                            (forms::input(typed, &Input { name: "exception_reason", label: "Why it can wait", kind: "area", most: 2_000, ..Input::default() }))
                            (forms::input(typed, &Input { name: "compensating_control", label: "What stands in meanwhile", most: 2_000, ..Input::default() }))
                            (forms::input(typed, &Input { name: "expires", label: "Last day", kind: "date", ..Input::default() }))
                            div.actions { button.second type="submit" name="what" value="except" { "Ask for an exception" } }
                        }
                    }
                }
            }
        }
    }

    fn saving(&self, around: &Around) -> Markup {
        let own = self
            .saved
            .iter()
            .find(|view| view.own && view.query == self.query && view.group == self.group);
        html! {
            @if let Some(view) = own {
                form.no-print method="post" action="/views/forget" {
                    (around.token())
                    input type="hidden" name="id" value=(view.id);
                    button.plain type="submit" { "Forget the view “" (view.name) "”" }
                }
            } @else if !self.query.is_empty() && self.fault.is_none() {
                details.quiet.no-print {
                    summary { "Save this view" }
                    form.row method="post" action="/views" {
                        (around.token())
                        input type="hidden" name="list" value="findings";
                        input type="hidden" name="query" value=(self.query);
                        input type="hidden" name="group" value=(self.group);
                        div.field { label for="view-name" { "Name" } input #view-name name="name" maxlength="80" required autocomplete="off"; }
                        label.pick { input type="checkbox" name="shared" value="yes"; span { "for everybody" } }
                        button.second type="submit" { "Save" }
                    }
                }
            }
        }
    }
}

/// Where a decision holds.
pub fn scope(typed: &Typed) -> Markup {
    let chosen = match typed.get("scope") {
        "" => "version",
        chosen => chosen,
    };
    let all = [
        (
            "version",
            "this version of the component, in its product",
            "",
        ),
        (
            "product",
            "every version of the component, in its product",
            "",
        ),
        ("tag", "every product with a tag", ""),
        ("everywhere", "everywhere you may decide", ""),
    ];
    let typed = Typed {
        values: vec![
            ("scope".into(), chosen.into()),
            ("tag".into(), typed.get("tag").into()),
        ],
        ..Typed::default()
    };
    html! {
        (forms::radios(&typed, "scope", "It holds for", &all))
        (forms::input(&typed, &Input { name: "tag", label: "The tag", most: 200, ..Input::default() }))
    }
}

/// Findings as a table.
pub fn table(rows: &[Row], around: &Around, choose: Option<&Typed>, caption: &str) -> Markup {
    html! {
        div.scroll { table.stack {
            caption.hidden { (cut(caption, 120)) }
            thead { tr {
                @if choose.is_some() { th.tight scope="col" { input #every type="checkbox" hidden aria-label="Choose all"; span.hidden { "Chosen" } } }
                th.num scope="col" { "Score" }
                th scope="col" { "Severity" }
                th scope="col" { "Component" }
                th scope="col" { "Why" }
                th scope="col" { "Product" }
                th scope="col" { "State" }
                th scope="col" { "Owner" }
            } }
            tbody { @for row in rows { tr data-row {
                @if let Some(typed) = choose { td.tight { input type="checkbox" name="finding" value=(row.id) checked[typed.has("finding", &row.id)] aria-label=(format!("Choose {} in {}", row.vulnerability, row.component).chars().take(200).collect::<String>()); } }
                td.num { (score(row.score)) }
                td.tight { (severity(row.severity)) }
                td.main {
                    a href=(finding_path(&row.id)) { b { (cut(&row.what(), 80)) } }
                    span.second { @if let Some(version) = &row.upgrade_to { "fixed in " (cut(version, 40)) }
                        @else if row.kind == "vulnerability" { "no fix known" } @else { (plain(row.kind)) } }
                }
                td.main.wider {
                    a href=(affected_path(&row.vulnerability)) { (cut(&row.vulnerability, 40)) }
                    @if row.known_exploited { " " span.tag.hot { "exploited" } }
                    @if let Some(epss) = row.epss.filter(|epss| *epss >= 0.01) { " " span.tag title="Probability of an attack within 30 days" { "EPSS " (percent(epss)) } }
                    span.second { (cut(&row.title, 90)) }
                }
                td { a href=(product_path(&row.product)) { (cut(&row.product, 40)) } span.second { (cut(&row.version, 30)) } }
                td.nowrap {
                    // Late says already that it is open.
                    @if row.state != "overdue" { (state(row.state)) }
                    @if row.due.is_some() { span.second { @if row.state != "overdue" { "due " } (due(row.state, row.due, around.now)) } }
                }
                td { @if let Some(owner) = &row.owner { (cut(owner, 30)) } @else { span.muted { "nobody" } } span.second { "seen " (ago(row.first_seen, around.now)) } }
            } } }
        } }
    }
}

/// The keys, for whoever asks with `?`.
pub fn keys() -> Markup {
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.keys {
                @for (key, what) in [("j", "next row"), ("k", "row before"), ("o", "open the row"), ("x", "choose the row"),
                    ("e", "decide about what is chosen"), ("/", "to the query"), ("?", "these keys"), ("Esc", "close, leave a field")] {
                    dt { kbd { (key) } } dd { (what) }
                }
            }
            form method="dialog" { button.second type="submit" { "Close" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            id: "0f".into(),
            kind: "vulnerability",
            vulnerability: "CVE-2021-1<script>".into(),
            component: "lod<b>ash".into(),
            component_version: "4.17.15".into(),
            product: "shop".into(),
            state: "overdue",
            known_exploited: true,
            due: Some(0),
            ..Row::default()
        }
    }

    #[test]
    fn rows_are_text_and_say_what_matters() {
        let around = Around {
            permissions: vec!["finding.triage"],
            now: 864_000,
            ..Around::default()
        };
        let page = Findings {
            rows: vec![row()],
            count: Count::exactly(1),
            ..Findings::default()
        }
        .page(&around);
        for text in [
            "lod&lt;b&gt;ash 4.17.15",
            "exploited",
            "10 days overdue",
            "nobody",
            "1 finding, worst first",
            "Decide about what is chosen",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("<script>") && !page.contains("style="));
        // Whoever may do nothing is offered nothing.
        let page = Findings {
            rows: vec![row()],
            count: Count::exactly(1),
            ..Findings::default()
        }
        .page(&Around::default());
        assert!(!page.contains("/findings/decide") && !page.contains("name=\"finding\""));
    }

    #[test]
    fn groups_keep_the_order_of_their_worst() {
        let rows = ["b", "a", "b"]
            .map(|component| Row {
                component: component.into(),
                ..row()
            })
            .to_vec();
        let page = Findings {
            rows,
            group: "component",
            query: "x",
            ..Findings::default()
        }
        .page(&Around::default());
        let (b, a) = (
            page.find("b 4.17.15").unwrap(),
            page.find("a 4.17.15").unwrap(),
        );
        assert!(b < a && page.contains("2 findings"));
    }
}
