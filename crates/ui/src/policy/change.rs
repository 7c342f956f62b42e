//! What should hold from now on? The text of the policy, tried against everything before it is put in force.

use maud::{Markup, html};

use super::{InForce, lines};
use crate::forms::{self, Input, Typed};
use crate::frame::{Around, Place, crumbs, top};
use crate::parts::{counted, cut, day, encoded, finding_path, moment, number, plain, product_path};

/// Where the policy is kept, when that is a repository.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its address.
    pub url: String,
    /// A branch or tag; empty: the default branch.
    pub reference: String,
    /// The folder of `policy.toml`; empty: the root.
    pub folder: String,
}

/// How many of what change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gates that would close.
    pub closes: usize,
    /// Gates that would open.
    pub opens: usize,
    /// Findings that would begin to close the gate.
    pub hit: usize,
    /// Findings that would no longer close it.
    pub freed: usize,
    /// Findings whose date moves nearer.
    pub sooner: usize,
    /// Findings whose date moves away.
    pub later: usize,
    /// Findings that get a date and had none.
    pub dated: usize,
    /// Findings that lose their date.
    pub undated: usize,
    /// Findings that would be overdue at once.
    pub late: usize,
    /// Findings that would no longer be overdue.
    pub in_time: usize,
    /// Findings that the policy makes.
    pub appears: usize,
    /// Findings that are there only by the policy in force.
    pub vanishes: usize,
    /// Findings whose state changes in another way.
    pub other: usize,
}

impl Totals {
    /// What there is of it: number, what it counts, and whether it is worse than before.
    fn parts(&self) -> Vec<(usize, &'static str, bool)> {
        [
            (self.closes, "gates would close", true),
            (self.opens, "gates would open", false),
            (self.hit, "findings would begin to close a gate", true),
            (self.freed, "findings would no longer close a gate", false),
            (self.late, "findings would be overdue at once", true),
            (self.in_time, "findings would be in time again", false),
            (self.sooner, "dates would come nearer", true),
            (self.later, "dates would move away", false),
            (self.dated, "findings would get a date", true),
            (self.undated, "findings would lose their date", false),
            (self.appears, "findings would be new", true),
            (self.vanishes, "findings would be gone", false),
            (self.other, "findings would change their state", true),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .collect()
    }
}

/// What becomes of a finding.
#[derive(Clone, Debug, Default)]
pub struct Moved {
    /// A UUID.
    pub finding: String,
    /// CVE, rule or any other id.
    pub vulnerability: String,
    /// Name and version.
    pub component: String,
    /// Rules that it begins to break.
    pub hit: Vec<String>,
    /// Rules that it breaks no longer.
    pub freed: Vec<String>,
    /// State now; `None`: it is not there.
    pub state: Option<String>,
    /// State then.
    pub state_then: Option<String>,
    /// Seconds since 1970.
    pub due: Option<i64>,
    /// Seconds since 1970.
    pub due_then: Option<i64>,
}

/// What becomes of a version.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The gate is closed now.
    pub denied: bool,
    /// It would be closed.
    pub denied_then: bool,
    /// How much changes.
    pub totals: Totals,
    /// Findings that change.
    pub findings: Vec<Moved>,
}

/// What trying a policy gave.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// At which gate.
    pub gate: String,
    /// Effect, part, from what to what.
    pub changes: Vec<(String, String, String)>,
    /// Changes that are not listed.
    pub more_changes: usize,
    /// Everything added up.
    pub totals: Totals,
    /// Products of which something changes.
    pub products: usize,
    /// Versions of which something changes.
    pub versions: Vec<Changed>,
    /// Those that are not listed.
    pub more_versions: usize,
    /// Rule, findings that begin to break it, findings that no longer do.
    pub rules: Vec<(String, usize, usize)>,
    /// Versions that were looked at.
    pub looked: usize,
    /// Versions that were not.
    pub left: usize,
    /// The time was over.
    pub out_of_time: bool,
    /// How many could not be looked at.
    pub failures: usize,
    /// Version and reason of some of these.
    pub failed: Vec<(String, String)>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What stands in the form: `text`, `note`, `gate`, and `digest`, the policy that it changes.
    pub typed: Typed,
    /// The policy in force, and its text.
    pub now: Option<(InForce, String)>,
    /// It is kept in a repository.
    pub source: Option<Source>,
    /// Policies to begin with: name and what it is for.
    pub presets: Vec<(&'static str, &'static str)>,
    /// Somebody else changed it meanwhile.
    pub overtaken: bool,
    /// What was tried.
    pub trial: Option<Trial>,
}

impl Change {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @match &self.now {
                Some((one, _)) => { "In force is what " bdi { (one.set_by) } " set on " (day(one.at)) ". A change is tried first: nothing happens until you put it in force." },
                None => { "Nothing is in force yet. Take one that is written already, change it, try it, and put it in force." },
            }
        };
        let body = html! {
            (crumbs(&[("/policy", "Policy")]))
            (top("What should hold from now on?", &answer, &html! {}))
            @if let Some(source) = &self.source { (kept(source)) } @else { (self.form(around)) }
        };
        around.page(Place::Policy, "Change the policy", &body)
    }

    fn form(&self, around: &Around) -> Markup {
        let typed = &self.typed;
        html! {
            @if self.now.is_none() {
                p { "Begin with: " @for (at, (name, about)) in self.presets.iter().enumerate() { @if at > 0 { " · " } a href=(format!("/policy/change?from={}", encoded(name))) title=(about) { (name) } } }
            }
            @if self.overtaken && let Some((one, text)) = &self.now { (overtaken(one, text, typed.get("text"))) }
            (typed.wrong(&["note", "gate"]))
            @if let Some(trial) = &self.trial { (self.tried(trial, around)) }
            form.fields.policy method="post" action="/policy/change" {
                (around.token())
                (forms::hidden(typed, &["digest"]))
                (forms::input(typed, &Input { name: "text", label: "The policy, as TOML", kind: "code", required: true, first: self.trial.is_none(), ..Input::default() }))
                (forms::select(typed, "gate", "Try it at the gate", "Deadlines and owners are the same at each.", &[("build", "build"), ("release", "release"), ("deploy", "deploy")]))
                (forms::input(typed, &Input { name: "note", label: "Why", note: "For whoever reads the versions; at most 1,000 bytes.", most: 1_000, ..Input::default() }))
                div.row {
                    button .second[self.trial.is_some()] type="submit" name="do" value="try" { (if self.trial.is_some() { "Try it again" } else { "Try it" }) }
                    button .second[self.trial.is_none()] type="submit" name="do" value="set" { "Put it in force" }
                }
                p.muted.small.below { "Trying reads every live version that you may see and changes nothing; it takes up to half a minute. When the policy is put in force, everything is judged by it again." }
            }
        }
    }

    fn tried(&self, trial: &Trial, around: &Around) -> Markup {
        let parts = trial.totals.parts();
        html! {
            section.block.trial #trial aria-label="What would change" {
                h2 { "What would change" }
                p {
                    @if parts.is_empty() { b { "Nothing changes" } " in " (looked(trial)) "." }
                    @else { "Something changes in " b { (counted(trial.products, "product", "products")) } ", of " (looked(trial)) ", at the gate " (plain(&trial.gate)) "." }
                }
                @if trial.left > 0 {
                    p.wrong { (counted(trial.left, "live version was", "live versions were")) " not looked at" (if trial.out_of_time { ", because the time was over" } else { ", because there are too many" }) ". Nothing is said about " (if trial.left == 1 { "it" } else { "them" }) ". Those with the most open risk came first." }
                }
                @if trial.failures > 0 {
                    div.wrong { (counted(trial.failures, "version", "versions")) " could not be looked at:" ul { @for (version, reason) in &trial.failed { li { (cut(version, 120)) ": " (cut(reason, 200)) } } } }
                }
                @if !parts.is_empty() { ul.sums { @for (count, what, worse) in &parts { li { b .plus[*worse] .minus[!*worse] { (number(i64::try_from(*count).unwrap_or(i64::MAX))) } " " (one(*count, what)) } } } }
                (rules(trial))
                (versions(trial, around))
                (changes(trial))
                @if let Some((_, text)) = &self.now {
                    details open[trial.versions.is_empty()] {
                        @let (new, gone) = lines::counted(text, self.typed.get("text"));
                        summary { "The text, line by line: " (new) " new, " (gone) " gone" }
                        (lines::difference(text, self.typed.get("text")))
                    }
                }
            }
        }
    }
}

/// `1 gate would close`.
fn one(count: usize, what: &str) -> String {
    if count != 1 {
        return what.to_owned();
    }
    let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
    let rest = rest.replace("their", "its");
    format!("{} {rest}", noun.strip_suffix('s').unwrap_or(noun))
}

fn looked(trial: &Trial) -> String {
    counted(
        trial.looked,
        "live version that was looked at",
        "live versions that were looked at",
    )
}

fn overtaken(one: &InForce, text: &str, typed: &str) -> Markup {
    html! {
        section.block {
            p.wrong role="alert" { bdi { (one.set_by) } " put another policy in force on " (moment(one.at)) @if !one.note.is_empty() { " (“" (cut(&one.note, 200)) "”)" } ", after you had opened it. What you wrote is below and nothing of it is lost. It was not put in force: sent again, it takes the place of theirs." }
            h2 { "What yours changes in theirs" }
            (lines::difference(text, typed))
        }
    }
}

fn rules(trial: &Trial) -> Markup {
    if trial.rules.is_empty() {
        return html! {};
    }
    html! {
        div.scroll tabindex="0" { table {
            caption { "Rules of the gate" }
            thead { tr { th scope="col" { "Rule" } th.num scope="col" { "Begins to hit" } th.num scope="col" { "No longer hits" } } }
            tbody { @for (rule, hit, freed) in trial.rules.iter().take(50) { tr {
                td.main { code { (cut(rule, 100)) } }
                td.num { @if *hit > 0 { "+" } (hit) }
                td.num { @if *freed > 0 { "−" } (freed) }
            } } }
        } }
        @if trial.rules.len() > 50 { p.more { "and " (trial.rules.len() - 50) " further rules" } }
    }
}

fn gate(denied: bool) -> &'static str {
    if denied { "closed" } else { "open" }
}

fn date(at: Option<i64>) -> Markup {
    html! { @match at { Some(at) => (day(at)), None => "no date" } }
}

fn versions(trial: &Trial, around: &Around) -> Markup {
    if trial.versions.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Product by product" }
        @for changed in &trial.versions {
            details {
                summary {
                    b { (cut(&changed.product, 80)) } " " (cut(&changed.version, 60)) ": "
                    @if changed.denied == changed.denied_then { "the gate stays " (gate(changed.denied)) }
                    @else { span.tag .late[changed.denied_then] .good[!changed.denied_then] { "the gate is " (gate(changed.denied)) ", and would be " (gate(changed.denied_then)) } }
                    span.muted { @for (count, what, _) in changed.totals.parts().iter().filter(|(_, what, _)| !what.starts_with("gates")).take(3) { "; " (count) " " (one(*count, what)) } }
                }
                div.inside {
                    p { a href=(product_path(&changed.product)) { "The product" } }
                    div.scroll { table.stack {
                        thead { tr { th scope="col" { "Finding" } th scope="col" { "State" } th scope="col" { "Due" } th scope="col" { "Gate" } } }
                        tbody { @for moved in &changed.findings { tr {
                            td.main { @if moved.state.is_some() { a href=(finding_path(&moved.finding)) { (cut(&moved.vulnerability, 60)) } } @else { (cut(&moved.vulnerability, 60)) } span.second { (cut(&moved.component, 80)) } }
                            td { (states(moved)) }
                            td { @if moved.due == moved.due_then { (date(moved.due)) } @else { (date(moved.due)) " → " b { (date(moved.due_then)) } @if moved.due_then.is_some_and(|at| at < around.now) { " " span.tag.late { "past" } } } }
                            td { @for rule in &moved.hit { div { span.plus { "+ " } code { (cut(rule, 60)) } } } @for rule in &moved.freed { div { span.minus { "− " } code { (cut(rule, 60)) } } } }
                        } } }
                    } }
                    @if changed.findings.len() >= 10 { p.more { "The ten worst of those that change; there may be more." } }
                }
            }
        }
        @if trial.more_versions > 0 { p.more { "and " (counted(trial.more_versions, "further version changes", "further versions change")) ": they are counted above." } }
    }
}

fn states(moved: &Moved) -> Markup {
    let word = |state: &Option<String>, none: &str| match state {
        Some(state) => plain(state),
        None => none.to_owned(),
    };
    html! {
        @if moved.state == moved.state_then { (word(&moved.state, "")) }
        @else { (word(&moved.state, "not there")) " → " b { (word(&moved.state_then, "gone")) } }
    }
}

fn changes(trial: &Trial) -> Markup {
    if trial.changes.is_empty() {
        return html! {};
    }
    let loosens = trial
        .changes
        .iter()
        .filter(|(effect, ..)| effect == "loosens")
        .count();
    html! {
        details open[loosens > 0] {
            summary { "What the text demands: " (counted(loosens, "part is looser", "parts are looser")) @if trial.changes.len() > loosens { ", " (counted(trial.changes.len() - loosens, "other changes", "others change")) } }
            ul { @for (effect, what, how) in &trial.changes { li {
                span.tag .late[effect == "loosens"] .good[effect == "tightens"] { @match effect.as_str() { "loosens" => "looser", "tightens" => "stricter", _ => "other" } }
                " " code { (cut(what, 120)) } ": " (cut(how, 300))
            } } }
            @if trial.more_changes > 0 { p.more { "and " (trial.more_changes) " further changes" } }
        }
    }
}

fn kept(source: &Source) -> Markup {
    html! {
        section.empty {
            h2 { "It is changed where it is kept" }
            p { "The policy is taken from a repository, every quarter of an hour: there it is proposed, reviewed and merged, and whatever a change loosens is told at its gate." }
            dl {
                dt { "Repository" } dd { code { (source.url) } }
                @if !source.reference.is_empty() { dt { "Branch or tag" } dd { code { (source.reference) } } }
                dt { "File" } dd { code { @if !source.folder.is_empty() { (source.folder.trim_end_matches('/')) "/" } "policy.toml" } }
            }
            p { "On your machine, before you propose it:" }
            pre { code { "stanchion policy check policy.toml\nstanchion policy diff main policy.toml" } }
            p.muted { "To keep it in the portal itself again, take the repository away: " code { "DELETE /api/v1/policy/source" } "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around() -> Around {
        Around {
            permissions: vec!["policy.write"],
            now: 1_800_000_000,
            ..Around::default()
        }
    }

    fn change() -> Change {
        Change {
            typed: Typed::of([
                ("text", "a\n</textarea><script>".to_owned()),
                ("digest", "d1".to_owned()),
            ]),
            now: Some((
                InForce {
                    set_by: "bob".into(),
                    ..InForce::default()
                },
                "a\nb".into(),
            )),
            ..Change::default()
        }
    }

    #[test]
    fn the_form_carries_what_it_changes_and_keeps_what_was_typed() {
        let page = change().page(&around());
        assert!(
            page.contains("name=\"digest\" value=\"d1\"") && page.contains("&lt;/textarea&gt;")
        );
        assert!(!page.contains("<script>"));
        let overtaken = Change {
            overtaken: true,
            ..change()
        };
        let page = overtaken.page(&around());
        assert!(
            page.contains("<bdi>bob</bdi> put another policy in force")
                && page.contains("class=\"diff\"")
        );
    }

    #[test]
    fn what_was_tried_says_what_changes_and_what_was_not_looked_at() {
        let trial = Trial {
            gate: "build".into(),
            totals: Totals {
                closes: 1,
                late: 2,
                ..Totals::default()
            },
            products: 1,
            versions: vec![Changed {
                product: "shop".into(),
                version: "1".into(),
                denied_then: true,
                totals: Totals {
                    closes: 1,
                    late: 2,
                    ..Totals::default()
                },
                findings: vec![Moved {
                    vulnerability: "CVE-1".into(),
                    state: Some("open".into()),
                    state_then: Some("overdue".into()),
                    due_then: Some(1_700_000_000),
                    hit: vec!["no-<i>".into()],
                    ..Moved::default()
                }],
                ..Changed::default()
            }],
            looked: 4,
            left: 3,
            changes: vec![("loosens".into(), "sla a".into(), "7 days to 9 days".into())],
            ..Trial::default()
        };
        let tried = Change {
            trial: Some(trial),
            ..change()
        };
        let page = tried.page(&around());
        for part in [
            "3 live versions were not looked at",
            "1</b> gate would close",
            "2</b> findings would be overdue at once",
            "the gate is open, and would be closed",
            "open → <b>overdue</b>",
            "no-&lt;i&gt;",
            "1 part is looser",
            ">past<",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let nothing = Change {
            trial: Some(Trial::default()),
            ..change()
        };
        assert!(nothing.page(&around()).contains("Nothing changes"));
    }

    #[test]
    fn what_is_kept_elsewhere_has_no_form() {
        let kept = Change {
            source: Some(Source {
                url: "https://git.example/policy".into(),
                ..Source::default()
            }),
            ..change()
        };
        let page = kept.page(&around());
        assert!(page.contains("https://git.example/policy") && !page.contains("<textarea"));
    }
}
