//! What a developer sees: the answer first, then why, then what to do.

mod row;
mod ruling;
#[cfg(test)]
mod tests;

use anstyle::{AnsiColor, Style};
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Problem;
use stanchion_model::report::Assessment;

use self::row::{Columns, Row, cut_path};

use crate::answer::{Tone, answer, found, reasons, target};
use crate::group::{Group, Split, components, short_name, split, upgrades};
use crate::plain::{
    age, count, cut, cut_front, day, pad, policy, problem, problem_place, safe, tally, telling,
    thousands, width,
};
use crate::ruling::{Ruling, Standing, breach, is_judged, open};

/// Findings below this are counted, not shown.
const SHOWN_FROM: f64 = 40.0;
/// Most components shown without `-a`.
const ROWS: usize = 20;
/// Most problems shown without `-v`.
const PROBLEMS: usize = 5;
/// The mark of what the gate denies.
const DENIED: &str = "✗";

/// How to show it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether colours are wanted.
    pub colour: bool,
    /// `-a`: every row.
    pub all: bool,
    /// `-v`: every problem, and where the time went.
    pub verbose: bool,
    /// Seconds since the program started.
    pub elapsed: f64,
}

/// Renders a scan.
pub fn render(assessment: &Assessment, view: &View) -> String {
    let mut page = Page {
        view: *view,
        width: view.width.clamp(60, 120),
        out: String::new(),
    };
    page.head(assessment);
    let ruling = Ruling::of(assessment);
    let open = split(open(assessment));
    if view.all && !assessment.findings.is_empty() {
        page.table(&split(&assessment.findings), ruling.as_ref());
        page.summary(assessment, &open.scored);
    } else if open.is_empty() {
        page.nothing(assessment);
    } else {
        page.table(&open, ruling.as_ref());
        page.summary(assessment, &open.scored);
    }
    if let Some(ruling) = &ruling {
        page.ruling(assessment, ruling);
    }
    page.problems(&assessment.problems);
    page.foot(assessment);
    page.out
}

struct Page {
    view: View,
    width: usize,
    out: String,
}

impl Page {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.view.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn muted(&self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn head(&mut self, assessment: &Assessment) {
        let database = &assessment.database;
        let components = count(assessment.component_count(), "component", "components");
        let direct = assessment.direct_count();
        let direct = if direct > 0 {
            format!(", {} direct", thousands(direct as u64))
        } else {
            String::new()
        };
        let name = cut(&target(assessment), self.width / 2);
        let files = count(assessment.inventory.files, "file", "files");
        let age = age(database);
        // Where one line cannot hold it, the age of the advisories gets its own.
        let room = 2
            + width(&name)
            + 3
            + width(&files)
            + 3
            + width(&components)
            + width(&direct)
            + 3
            + width(&age);
        let gap = if room > self.width { "\n  " } else { "   " };
        let line = format!(
            "  {}   {files}   {components}{direct}{gap}{age}",
            self.bold(&name)
        );
        self.line("");
        self.line(&line);
        self.line("");
        if database.kind == "starter" {
            let warning = self.paint(
                Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold(),
                "Only the starter set is here",
            );
            let text = format!(
                "  {warning}: {} well-known advisories as of {}.\n  Most vulnerabilities are not in it. Run `stanchion db update` for all of them.",
                thousands(database.advisories),
                day(database.updated.as_deref().unwrap_or_default())
            );
            self.line(&text);
            self.line("");
        }
    }

    fn nothing(&mut self, assessment: &Assessment) {
        // The verdict of a policy stands below.
        let answer = if is_judged(assessment) {
            found(assessment)
        } else {
            answer(assessment)
        };
        let all = if answer.tone == Tone::Clear && assessment.findings.is_empty() {
            format!(
                "No known vulnerability in {} (advisories of {})",
                count(assessment.component_count(), "component", "components"),
                day(assessment
                    .database
                    .updated
                    .as_deref()
                    .unwrap_or("an unknown day"))
            )
        } else {
            answer.text
        };
        let all = wrap(&all, self.width - 2, 2);
        self.line(&format!("  {all}"));
    }

    fn table(&mut self, split: &Split<'_>, ruling: Option<&Ruling<'_>>) {
        let scored = &split.scored;
        let above = scored
            .iter()
            .filter(|group| group.score().unwrap_or(0.0) >= SHOWN_FROM)
            .count();
        // When nothing is above the line, the worst few are still worth seeing.
        let shown = if self.view.all {
            scored.len()
        } else {
            above.clamp(3, ROWS).min(scored.len())
        };
        let rows: Vec<Row> = scored[..shown]
            .iter()
            .map(|group| Row::of(group, ruling, self.view.verbose))
            .collect();
        let columns = Columns::fit(&rows, self.width);
        if !rows.is_empty() {
            let head = format!(
                "  {:>5}  {}  {}  FIX",
                "SCORE",
                pad("COMPONENT", columns.component),
                pad("WHY", columns.why)
            );
            let head = self.muted(&head);
            self.line(&head);
        }
        for row in &rows {
            self.row(row, &columns);
        }
        let rest = scored.len() - shown;
        if rest > 0 {
            let top = scored[shown].score().unwrap_or(0.0);
            let what = format!(
                "{} more {}",
                thousands(rest as u64),
                if rest == 1 { "component" } else { "components" }
            );
            let what = if shown >= above {
                format!("{what} below {SHOWN_FROM:.0}")
            } else {
                what
            };
            let line = format!("  {top:>5.0}  {what}        -a shows all");
            let line = self.muted(&line);
            self.line(&line);
        }
        let lapsed = "unmaintained, unsound or no longer supported";
        self.unscored(&split.lapsed, ruling, lapsed);
        let breaches = "against the policy's rules";
        self.unscored(&split.breaches, ruling, breaches);
        self.line("");
    }

    /// The margin: what the gate denies has a mark in it, the verdict too.
    fn margin(&self, denied: bool) -> String {
        if denied {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            format!("{} ", self.paint(red, DENIED))
        } else {
            "  ".into()
        }
    }

    /// How something stands, in the colour of its urgency.
    fn standing(&self, standing: &Standing, text: &str) -> String {
        match standing {
            Standing::Overdue(_) => {
                self.paint(Style::new().fg_color(Some(AnsiColor::Red.into())), text)
            }
            Standing::Excepted(..) | Standing::Closed(_) => self.muted(text),
            _ => text.to_owned(),
        }
    }

    fn row(&mut self, row: &Row, columns: &Columns) {
        let score = format!("{:>5.0}", row.score);
        let style = match row.score {
            score if score >= 80.0 => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            score if score >= 60.0 => Style::new().fg_color(Some(AnsiColor::Red.into())),
            score if score >= SHOWN_FROM => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            _ => Style::new(),
        };
        let component = pad(&row.component(columns.component), columns.component);
        let tag = cut(&row.tag, columns.why);
        let why = row.why(columns.why.saturating_sub(width(&tag) + 2));
        let gap = columns.why.saturating_sub(width(&why) + width(&tag));
        let fix = cut(&row.fix, columns.fix);
        let fix = if row.has_fix {
            self.paint(Style::new().fg_color(Some(AnsiColor::Green.into())), &fix)
        } else {
            self.muted(&fix)
        };
        let tag = match tag.as_str() {
            "exploited" | "malicious" => self.paint(
                Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
                &tag,
            ),
            _ => tag,
        };
        let line = format!(
            "{}{}  {}  {why}{}{tag}  {fix}",
            self.margin(row.denied),
            self.paint(style, &score),
            self.bold(&component),
            " ".repeat(gap)
        );
        self.line(&line);
        let line = self.second(row, columns);
        self.line(&line);
    }

    /// By when and by whom where a policy says so, where, and through what.
    fn second(&self, row: &Row, columns: &Columns) -> String {
        let (mut due, mut used) = (String::new(), 9);
        if let Some((standing, text)) = &row.standing {
            let text = pad(&cut(text, self.width / 2), columns.standing);
            used += width(&text) + 2;
            due = format!("{}  ", self.standing(standing, &text));
        }
        let mut rest = String::new();
        if let Some(owner) = &row.owner {
            rest = format!("{}  ", pad(&cut(owner, columns.owner), columns.owner));
        }
        rest.push_str(&pad(row.ecosystem, columns.ecosystem));
        rest.push_str("  ");
        let most = self.width / if row.standing.is_some() { 3 } else { 2 };
        let room = self.width.saturating_sub(used + width(&rest));
        rest.push_str(&cut_front(&row.place, most.min(room)));
        let room = self.width.saturating_sub(used + width(&rest) + 3);
        if room >= 12 && !row.path.is_empty() {
            rest = format!("{rest}   {}", cut_path(&row.path, room));
        }
        format!("         {due}{}", self.muted(rest.trim_end()))
    }

    /// Kinds without a score: a line a component.
    fn unscored(&mut self, groups: &[Group<'_>], ruling: Option<&Ruling<'_>>, all: &str) {
        if groups.is_empty() {
            return;
        }
        // What the gate denies comes first; the rest keeps its order.
        let denied = |group: &Group<'_>| ruling.is_some_and(|ruling| ruling.is_denied(group));
        let mut groups: Vec<&Group<'_>> = groups.iter().collect();
        groups.sort_by_key(|group| !denied(group));
        self.line("");
        let shown = if self.view.all {
            groups.len()
        } else {
            groups.len().min(4)
        };
        for group in groups[..shown].iter().copied() {
            let finding = group.worst();
            let name = format!(
                "{} {}",
                short_name(finding),
                safe(&finding.component.version)
            );
            let (kind, title) = (crate::plain::word(finding.kind), safe(&finding.title));
            // Many titles say the kind themselves, and a rule of the policy says more than the kind.
            let what = match (&finding.rule, breach(finding)) {
                (Some(rule), Some(_)) => format!("{}: {title}", safe(rule)),
                _ if title.to_lowercase().contains(kind) => title,
                _ => format!("{kind}: {title}"),
            };
            let margin = self.margin(denied(group));
            let standing = ruling.map(|ruling| (ruling.standing_of(group), ruling.words(group)));
            let standing = standing.filter(|(_, words)| !words.is_empty());
            let line = match standing {
                Some((standing, words)) => {
                    let name = cut(&name, self.width / 2);
                    let words = cut(&words, self.width / 2);
                    let used = 13 + width(&name) + width(&words);
                    let what = cut(&what, self.width.saturating_sub(used));
                    let words = self.standing(&standing, &words);
                    format!("{margin}    ·  {name}  {words}  {what}")
                }
                None => format!(
                    "{margin}{}",
                    cut(&format!("    ·  {name}  {what}"), self.width - 2)
                ),
            };
            self.line(&line);
        }
        if groups.len() > shown {
            let line = format!("      ·  {} more {all}", groups.len() - shown);
            let help = "-a shows all";
            let gap = self.width.saturating_sub(width(&line) + width(help));
            let line = format!("{line}{}{help}", " ".repeat(gap.clamp(2, 8)));
            let line = self.muted(&line);
            self.line(&line);
        }
    }

    fn summary(&mut self, assessment: &Assessment, scored: &[Group<'_>]) {
        let findings: Vec<&Finding> = open(assessment).collect();
        if findings.is_empty() {
            return;
        }
        let left_out = if assessment.filtered > 0 {
            format!(
                " ({} left out by filters)",
                thousands(assessment.filtered as u64)
            )
        } else {
            String::new()
        };
        let number = count(findings.len(), "finding", "findings");
        let rest = format!(
            " in {}: {}{left_out}",
            count(
                components(findings.iter().copied()),
                "component",
                "components"
            ),
            tally(&findings)
        );
        let text = self.wrapped(&format!("{number}{rest}"));
        self.line(&text.replacen(&number, &self.bold(&number), 1));
        let upgrades = upgrades(scored);
        if !upgrades.is_empty() {
            let cleared: usize = upgrades.iter().map(|upgrade| upgrade.cleared).sum();
            let verb = if upgrades.len() == 1 {
                "upgrade clears"
            } else {
                "upgrades clear"
            };
            let line = format!(
                "  {} {verb} {} of them",
                thousands(upgrades.len() as u64),
                thousands(cleared as u64)
            );
            self.line(&line);
        }
        if assessment.verdict.denied && !is_judged(assessment) {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            let what = format!("Denied at {}", safe(&assessment.verdict.gate));
            let text = self.wrapped(&format!(
                "{what}: {} ({}, exit\u{a0}1)",
                reasons(assessment),
                policy(&assessment.verdict.policy)
            ));
            self.line(&text.replacen(&what, &self.paint(red, &what), 1));
        }
    }

    /// In the margin, broken between words.
    fn wrapped(&self, text: &str) -> String {
        format!("  {}", wrap(text, self.width - 2, 6))
    }

    fn problems(&mut self, problems: &[Problem]) {
        let mut order: Vec<&Problem> = if self.view.verbose {
            problems.iter().collect()
        } else {
            telling(problems)
        };
        if order.is_empty() {
            return;
        }
        self.line("");
        let shown = if self.view.verbose {
            order.len()
        } else {
            order.len().min(PROBLEMS)
        };
        // The gravest first: what could not be read, then what could not be resolved, then what has no advisories.
        order.sort_by_key(|problem| problem.kind);
        for entry in &order[..shown] {
            let word = problem(entry.kind);
            let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
            let text = self.wrapped(&format!(
                "{word}: {}  {}",
                problem_place(entry),
                safe(&entry.reason)
            ));
            self.line(&text.replacen(word, &self.paint(yellow, word), 1));
            if let Some(hint) = entry
                .hint
                .as_deref()
                .filter(|_| self.view.verbose || shown == 1)
            {
                let text = self.muted(&format!(
                    "      {}",
                    wrap(&format!("hint: {}", safe(hint)), self.width - 6, 12)
                ));
                self.line(&text);
            }
        }
        if order.len() > shown {
            let line = self.muted(&format!(
                "  and {} more: -v shows all",
                thousands((order.len() - shown) as u64)
            ));
            self.line(&line);
        }
    }

    fn foot(&mut self, assessment: &Assessment) {
        if self.view.verbose {
            self.line("");
            for timing in &assessment.timings {
                let line = self.muted(&format!(
                    "  {:>9.1} ms  {}",
                    timing.seconds * 1e3,
                    timing.stage
                ));
                self.line(&line);
            }
        }
        let line = self.muted(&format!("  {:.2} s", self.view.elapsed));
        self.line(&line);
        self.line("");
    }
}

/// Breaks a text between words, so that no line is longer than that many columns, all but the first indented. Words
/// joined by a no-break space stay together and are printed with a plain one.
fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width(word);
        if used > 0 && used + 1 + wide > columns {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(&word.replace('\u{a0}', " "));
        used += wide;
    }
    out
}
