//! What needs someone now?

use maud::{Markup, html};
use stanchion_report::chart::{Point, Subject, Trend};

use crate::findings::Row;
use crate::frame::{Around, Place, top};
use crate::parts::{
    Count, ago, counted, cut, due, empty, encoded, finding_path, findings_path, percent,
    product_path, score, severity, state, term,
};

/// Findings of one sort that need somebody: the first few, and how many there are.
#[derive(Clone, Debug, Default)]
pub struct Pile {
    /// What sort, as a heading.
    pub title: &'static str,
    /// What it means, where there is none of it.
    pub none: &'static str,
    /// The query of all of them.
    pub query: &'static str,
    /// The first few.
    pub needs: Vec<Need>,
    /// How many there are.
    pub count: Count,
}

/// What is wrong with one component, wherever it is.
#[derive(Clone, Debug, Default)]
pub struct Need {
    /// The worst of its findings.
    pub worst: Row,
    /// Products that have it, the worst one first.
    pub products: Vec<String>,
    /// Findings that say the same, as far as was looked.
    pub places: usize,
}

impl Need {
    /// Puts rows that say the same of the same component together, in the order in which they came.
    pub fn of(rows: Vec<Row>) -> Vec<Self> {
        let mut needs: Vec<Self> = Vec::new();
        for row in rows {
            let same = |need: &&mut Self| {
                need.worst.vulnerability == row.vulnerability
                    && need.worst.component == row.component
                    && need.worst.state == row.state
            };
            if let Some(need) = needs.iter_mut().find(same) {
                need.places += 1;
                if !need.products.contains(&row.product) {
                    need.products.push(row.product);
                }
            } else {
                needs.push(Self {
                    products: vec![row.product.clone()],
                    worst: row,
                    places: 1,
                });
            }
        }
        needs
    }
}

/// So many products are named in a line.
const NAMED: usize = 2;

impl Need {
    fn line(&self, query: &str, around: &Around) -> Markup {
        let row = &self.worst;
        let all = || {
            let same = format!(
                "{query} {} {}",
                term("id", &row.vulnerability),
                term("component", &row.component)
            );
            findings_path(&same)
        };
        html! {
            span.num { (score(row.score)) }
            span.what {
                @if self.places > 1 { a href=(all()) { (cut(&row.component, 44)) } " " span.muted { (counted(self.places, "place", "places")) } }
                @else { a href=(finding_path(&row.id)) { (cut(&row.component, 44)) " " (cut(&row.component_version, 24)) } }
                " " (severity(row.severity)) " "
                @if row.known_exploited { span.tag.hot { "exploited" } " " }
                @if row.state == "in_triage" || row.state == "excepted" { (state(row.state)) " " }
                span.second {
                    (cut(&row.vulnerability, 30)) " in "
                    @for (at, product) in self.products.iter().take(NAMED).enumerate() { @if at > 0 { ", " } a href=(product_path(product)) { (cut(product, 36)) } }
                    @if self.products.len() > NAMED { " and " (self.products.len() - NAMED) " more" }
                    @if let Some(epss) = row.epss.filter(|epss| *epss >= 0.1) { ", EPSS " (percent(epss)) }
                    ", " @if row.due.is_some() { (due(row.state, row.due, around.now)) } @else { "seen " (ago(row.first_seen, around.now)) }
                }
            }
            span.act { @if let Some(version) = &row.upgrade_to {
                a href=(format!("/fixes?q={}", encoded(&term("component", &row.component)))) { "raise to " (cut(version, 18)) }
            } @else { a href=(finding_path(&row.id)) { "decide" } } }
        }
    }
}

/// An exception that waits, or is about to lapse.
#[derive(Clone, Debug, Default)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub about: String,
    /// Its product.
    pub product: Option<String>,
    /// Who asked.
    pub by: String,
    /// Its last second.
    pub until: Option<i64>,
}

/// A day of the line.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    /// Open risk.
    pub risk: f64,
}

/// Something of the machinery that does not go as it should.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// Where to do something about it.
    pub address: String,
}

/// The page.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that is still to be done"
)]
#[derive(Clone, Debug, Default)]
pub struct Today {
    /// Nothing has come in yet.
    pub nothing_yet: bool,
    /// Somebody else may be invited by whoever looks, and nobody has been.
    pub alone: bool,
    /// There is no policy.
    pub no_policy: bool,
    /// Nobody has made a token.
    pub no_token: bool,
    /// The piles, most urgent first.
    pub piles: Vec<Pile>,
    /// Exceptions that somebody may decide about.
    pub waiting: Vec<Exception>,
    /// Exceptions that end within 30 days.
    pub lapsing: Vec<Exception>,
    /// Products and deployments without an inventory: name and what.
    pub gaps: Vec<(String, String)>,
    /// What does not go.
    pub troubles: Vec<Trouble>,
    /// The line of open risk.
    pub days: Vec<Day>,
    /// Products that whoever looks may see: at least so many.
    pub products: i64,
    /// When the advisories in use were last brought up to date.
    pub advisories: Option<i64>,
}

impl Today {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let urgent: i64 = self.piles.iter().take(2).map(|pile| pile.count.count).sum();
        let answer = html! {
            @if self.nothing_yet { "Nothing has come in yet." }
            @else if urgent == 0 && self.waiting.is_empty() { "Nothing is exploited, and nothing is late." }
            @else {
                @for (at, pile) in self.piles.iter().filter(|pile| pile.count.count > 0).enumerate() {
                    @if at > 0 { " · " }
                    a href=(findings_path(pile.query)) { (pile.count.text()) " " (pile.title.to_lowercase()) }
                }
                @if !self.waiting.is_empty() { " · " (counted(self.waiting.len(), "exception to decide", "exceptions to decide")) }
            }
            @if let Some(at) = self.advisories { span.muted { " · advisories of " (ago(at, around.now)) } }
        };
        let body = html! {
            (top("What needs someone now?", &answer, &html! {}))
            @if self.nothing_yet { (self.begin(around)) }
            @else {
                div.halves {
                    @for pile in &self.piles { (shown(pile, around)) }
                    (self.exceptions(around))
                    (self.rest(around))
                }
                @if !self.days.is_empty() { (self.line(around)) }
                (self.steps(around))
            }
        };
        around.page(Place::Today, "Today", &body)
    }

    /// The beginning of the first hour.
    fn begin(&self, around: &Around) -> Markup {
        html! {
            (empty("Hand in what one of your products is made of", &html! {
                p { "An SBOM (CycloneDX or SPDX) from your build, or the folder itself with the command line:" }
                @if around.may("inventory.push") { p.actions { a.button href="/products/hand-in" { "Hand in an SBOM" } } }
                pre { code { "stanchion login " (around.origin) "\nstanchion push --product NAME --version VERSION" } }
                p.muted { "The first findings stand here a moment later." }
            }))
            (self.steps(around))
        }
    }

    /// What is still to be done of the first hour; each goes away when it is done.
    fn steps(&self, around: &Around) -> Markup {
        html! {
            @if self.no_policy && around.may("policy.write") {
                (empty("Say what is to be done by when", &html! {
                    p { "Without a policy nothing has a date, and nobody is responsible. " a href="/policy/change" { "Begin with one that is written already" } "." }
                }))
            }
            @if self.alone && around.may("people.write") {
                (empty("Invite a colleague", &html! {
                    p { "Exceptions need somebody else to allow them. " a href="/admin/people" { "Invite somebody" } "; they get a link that holds for seven days." }
                }))
            }
            @if self.no_token && around.may("inventory.push") {
                (empty("Let your builds do it", &html! {
                    p { a href="/account/tokens" { "Make a token" } " and put it where your CI keeps secrets, as " code { "STANCHION_TOKEN" } ". Then each build hands in its inventory and hears at once whether it may go out." }
                }))
            }
        }
    }

    fn exceptions(&self, around: &Around) -> Markup {
        let list = |all: &[Exception], word: &str| {
            html! { ul.plain.needs { @for one in all { li {
                span.what {
                    a href=(format!("/policy/exceptions/{}", encoded(&one.id))) { (one.id) } " " (cut(&one.about, 60))
                    span.second { @if let Some(product) = &one.product { "in " a href=(product_path(product)) { (cut(product, 36)) } ", " } "asked for by " (cut(&one.by, 40)) @if let Some(until) = one.until { ", ends " (ago(until, around.now)) } }
                }
                span.act { a href=(format!("/policy/exceptions/{}", encoded(&one.id))) { (word) } }
            } } } }
        };
        html! {
            @if !self.waiting.is_empty() {
                section.block { div.headed { h2 { "Exceptions to decide " span.muted { (self.waiting.len()) } } a href="/policy/exceptions?state=requested" { "all" span.hidden { " exceptions to decide" } } } (list(&self.waiting, "decide")) }
            }
            @if !self.lapsing.is_empty() {
                section.block { div.headed { h2 { "Exceptions about to lapse " span.muted { (self.lapsing.len()) } } a href="/policy/exceptions?state=approved" { "all" span.hidden { " exceptions in force" } } } (list(&self.lapsing, "look")) }
            }
        }
    }

    fn rest(&self, around: &Around) -> Markup {
        html! {
            @if !self.gaps.is_empty() {
                section.block {
                    h2 { "Nobody can answer for " span.muted { (self.gaps.len()) } }
                    p.muted { "No inventory: what is in them is not known." }
                    ul.plain.needs { @for (product, what) in self.gaps.iter().take(5) { li {
                        span.what { a href=(product_path(product)) { (cut(product, 60)) } @if what != "product" { span.second { "deployed in " (cut(what, 40)) } } }
                        @if around.may("inventory.push") { span.act { a href=(format!("/products/hand-in?product={}", encoded(product))) { "hand in" } } }
                    } } }
                    @if self.gaps.len() > 5 { p.more { a href="/products?without=inventory" { "and " (self.gaps.len() - 5) " more" } } }
                }
            }
            @if !self.troubles.is_empty() {
                section.block {
                    h2 { "Does not go as it should " span.muted { (self.troubles.len()) } }
                    ul.plain.needs { @for trouble in self.troubles.iter().take(5) { li {
                        span.what { a href=(trouble.address) { (cut(&trouble.what, 60)) } span.second { (cut(&trouble.why, 160)) } }
                    } } }
                }
            }
        }
    }

    fn line(&self, around: &Around) -> Markup {
        let points: Vec<Point> = self
            .days
            .iter()
            .filter_map(|one| {
                Some(Point {
                    day: date(one.day)?,
                    value: one.risk,
                })
            })
            .collect();
        html! {
            @if let Some(to) = date(around.now.div_euclid(86_400)) {
                (Trend { id: "risk", subject: Subject::OPEN_RISK, to, days: 90, points: &points, events: &[] }.draw())
            }
        }
    }
}

/// The civil date of a day since 1970.
pub fn date(day: i64) -> Option<jiff::civil::Date> {
    jiff::civil::Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().try_days(day).ok()?)
        .ok()
}

fn shown(pile: &Pile, around: &Around) -> Markup {
    html! {
        section.block {
            div.headed {
                h2 { (pile.title) " " span.muted { (pile.count.text()) } }
                @if pile.count.count > 0 { a href=(findings_path(pile.query)) { "all" span.hidden { " of: " (pile.title) } } }
            }
            @if pile.needs.is_empty() { p.muted { (pile.none) } }
            @else { ul.plain.needs { @for need in &pile.needs { li { (need.line(pile.query, around)) } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_portal_says_how_to_fill_it_and_a_quiet_one_that_it_is_quiet() {
        let around = Around {
            permissions: vec!["inventory.push", "people.write", "policy.write"],
            now: 1_795_521_600,
            ..Around::default()
        };
        let page = Today {
            nothing_yet: true,
            alone: true,
            no_policy: true,
            no_token: true,
            ..Today::default()
        }
        .page(&around);
        for text in [
            "Hand in an SBOM",
            "stanchion push",
            "Invite somebody",
            "Make a token",
            "/policy/change",
        ] {
            assert!(page.contains(text), "{text}");
        }
        let quiet = Today {
            piles: vec![Pile {
                title: "Exploited",
                none: "Nothing here is known to be attacked.",
                ..Pile::default()
            }],
            days: vec![Day {
                day: 20_700,
                risk: 10.0,
            }],
            ..Today::default()
        }
        .page(&around);
        assert!(
            quiet.contains("Nothing is exploited, and nothing is late.") && quiet.contains("<svg")
        );
        assert_eq!(date(20_781).unwrap().to_string(), "2026-11-24");
    }
}
