//! What a developer sees: the answer first, then why, then what to do.


use anstyle::{AnsiColor, Style};
use stanchion_model::finding::Finding;
use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_model::report::Assessment;

use crate::plain::{count, cut, cut_front, day, pad, safe, tag, tally, thousands, width};

/// Findings below this are counted, not shown.
const SHOWN_FROM: f64 = 40.0;
/// Most components shown without `-a`.
const ROWS: usize = 20;
/// Most problems shown without `-v`.
const PROBLEMS: usize = 5;

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

/// Findings of one component in one project.
struct Group<'a> {
    findings: Vec<&'a Finding>,
}

impl Group<'_> {
    fn score(&self) -> Option<f64> {
        self.findings[0].score
    }
}

/// Renders a scan.
pub fn render(assessment: &Assessment, view: &View) -> String {
    let mut page = Page { view: *view, width: view.width.clamp(60, 120), out: String::new() };
    page.head(assessment);
    let groups = group(&assessment.findings);
    if groups.is_empty() {
        page.nothing(assessment);
    } else {
        page.table(&groups);
        page.summary(assessment, groups.len());
    }
    page.problems(&assessment.problems);
    page.foot(assessment);
    page.out
}

/// One row a component and project, in the order of its worst finding.
fn group(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for finding in findings {
        let key = (&finding.project, &finding.component.purl);
        let at = *known.entry(key).or_insert_with(|| {
            groups.push(Group { findings: Vec::new() });
            groups.len() - 1
        });
        groups[at].findings.push(finding);
    }
    groups
}

struct Page {
    view: View,
    width: usize,
    out: String,
}

impl Page {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.view.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
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
        let inventory = &assessment.inventory;
        let database = &assessment.database;
        let components = count(assessment.component_count(), "component", "components");
        let direct = assessment.direct_count();
        let direct = if direct > 0 { format!(", {} direct", thousands(direct as u64)) } else { String::new() };
        let name = inventory.target.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty() && *name != ".");
        let name = safe(name.unwrap_or("this folder"));
        let files = count(inventory.files, "file", "files");
        let age = match database.kind.as_str() {
            "starter" => "starter set of advisories".to_owned(),
            _ => format!("advisories of {}", day(database.updated.as_deref().unwrap_or_default())),
        };
        let line = format!("  {}   {files}   {components}{direct}   {age} ({})", self.bold(&name), thousands(database.advisories));
        self.line("");
        self.line(&line);
        self.line("");
        if database.kind == "starter" {
            let warning = self.paint(Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold(), "Only the starter set is here");
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
        let components = assessment.component_count();
        let all = if assessment.filtered > 0 {
            format!("Nothing that was asked for in {} ({} left out by filters)", count(components, "component", "components"), count(assessment.filtered, "finding", "findings"))
        } else {
            let database = &assessment.database;
            let age = if database.kind == "starter" { "starter set".into() } else { day(database.updated.as_deref().unwrap_or_default()) };
            format!("No known vulnerability in {} (advisories: {age})", count(components, "component", "components"))
        };
        self.line(&format!("  {all}"));
    }

    fn table(&mut self, groups: &[Group<'_>]) {
        let scored: Vec<&Group<'_>> = groups.iter().filter(|group| group.score().is_some()).collect();
        let above = scored.iter().filter(|group| group.score().unwrap_or(0.0) >= SHOWN_FROM).count();
        // When nothing is above the line, the worst few are still worth seeing.
        let shown = if self.view.all { scored.len() } else { above.max(3).min(ROWS).min(scored.len()) };
        let rows: Vec<Row> = scored[..shown].iter().map(|group| Row::of(group)).collect();
        let columns = Columns::fit(&rows, self.width);
        if !rows.is_empty() {
            let head = format!("  {:>5}  {}  {}  FIX", "SCORE", pad("COMPONENT", columns.component), pad("WHY", columns.why));
            let head = self.muted(&head);
            self.line(&head);
        }
        for row in &rows {
            self.row(row, &columns);
        }
        let rest = scored.len() - shown;
        if rest > 0 {
            let top = scored[shown].score().unwrap_or(0.0);
            let what = if shown >= above { format!("{} more below {SHOWN_FROM:.0}", count(rest, "component", "components")) } else { format!("{} more", count(rest, "component", "components")) };
            let line = format!("  {top:>5.0}  {what}        -a shows all");
            let line = self.muted(&line);
            self.line(&line);
        }
        let unscored: Vec<&Group<'_>> = groups.iter().filter(|group| group.score().is_none()).collect();
        if !unscored.is_empty() {
            self.unscored(&unscored);
        }
        self.line("");
    }

    fn row(&mut self, row: &Row, columns: &Columns) {
        let score = format!("{:>5.0}", row.score);
        let style = match row.score {
            score if score >= 80.0 => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            score if score >= 60.0 => Style::new().fg_color(Some(AnsiColor::Red.into())),
            score if score >= SHOWN_FROM => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            _ => Style::new(),
        };
        let name = cut_front(&row.name, columns.component.saturating_sub(width(&row.version) + 1));
        let component = pad(&format!("{name} {}", row.version), columns.component);
        let tag_room = width(&row.tag).min(columns.why);
        let why = cut(&row.why, columns.why.saturating_sub(tag_room + 2));
        let gap = columns.why.saturating_sub(width(&why) + tag_room);
        let fix = cut(&row.fix, columns.fix);
        let fix = if row.has_fix { self.paint(Style::new().fg_color(Some(AnsiColor::Green.into())), &fix) } else { self.muted(&fix) };
        let tag = match row.tag.as_str() {
            "exploited" | "malicious" => self.paint(Style::new().bold().fg_color(Some(AnsiColor::Red.into())), &row.tag),
            tag => tag.to_owned(),
        };
        let line = format!("  {}  {}  {why}{}{tag}  {fix}", self.paint(style, &score), self.bold(&component), " ".repeat(gap));
        self.line(&line);
        let place = cut_front(&row.place, self.width / 2);
        let head = format!("         {}  {place}", pad(&row.ecosystem, 8));
        let room = self.width.saturating_sub(width(&head) + 3);
        let line = if room >= 12 && !row.path.is_empty() { format!("{head}   {}", cut_path(&row.path, room)) } else { head };
        let line = self.muted(&line);
        self.line(&line);
    }

    /// Kinds without a score: a line a component.
    fn unscored(&mut self, groups: &[&Group<'_>]) {
        self.line("");
        let shown = if self.view.all { groups.len() } else { groups.len().min(4) };
        for group in &groups[..shown] {
            let finding = group.findings[0];
            let name = format!("{} {}", short_name(finding), safe(&finding.component.version));
            let kind = crate::plain::word(finding.kind);
            let line = cut(&format!("      ·  {name}  {kind}: {}", safe(&finding.title)), self.width);
            self.line(&line);
        }
        if groups.len() > shown {
            let line = format!("      ·  {} more unmaintained, unsound or no longer supported        -a shows all", groups.len() - shown);
            let line = self.muted(&line);
            self.line(&line);
        }
    }

    fn summary(&mut self, assessment: &Assessment, components: usize) {
        let findings: Vec<&Finding> = assessment.findings.iter().collect();
        let left_out = if assessment.filtered > 0 { format!(" ({} left out by filters)", thousands(assessment.filtered as u64)) } else { String::new() };
        let line = format!(
            "  {} in {}: {}{left_out}",
            self.bold(&count(findings.len(), "finding", "findings")),
            count(components, "component", "components"),
            tally(&findings)
        );
        self.line(&line);
        if assessment.verdict.denied {
            let reasons = assessment.verdict.violations.len();
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            let line = format!("  {}: {} without a policy that says otherwise (exit 1)", self.paint(red, &format!("Denied at {}", assessment.verdict.gate)), count(reasons, "finding is exploited, malicious, or critical with a fix", "findings are exploited, malicious, or critical with a fix"));
            self.line(&line);
        }
    }

    fn problems(&mut self, problems: &[Problem]) {
        let telling: Vec<&Problem> = problems.iter().filter(|problem| self.view.verbose || problem.kind != ProblemKind::Odd).collect();
        if telling.is_empty() {
            return;
        }
        self.line("");
        let shown = if self.view.verbose { telling.len() } else { telling.len().min(PROBLEMS) };
        // The gravest first: what could not be read, then what could not be resolved, then what has no advisories.
        let mut order = telling.clone();
        order.sort_by_key(|problem| problem.kind);
        for problem in &order[..shown] {
            let word = match problem.kind {
                ProblemKind::Unreadable => "Not read",
                ProblemKind::Unresolved => "Not resolved",
                ProblemKind::Unmatched => "Not matched",
                ProblemKind::Odd => "Odd",
            };
            let place = match problem.line {
                Some(line) => format!("{}:{line}", safe(&problem.path)),
                None => safe(&problem.path),
            };
            let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
            let line = format!("  {}: {place}  {}", self.paint(yellow, word), safe(&problem.reason));
            self.line(&line);
            if let Some(hint) = problem.hint.as_deref().filter(|_| self.view.verbose || shown == 1) {
                let line = self.muted(&format!("      hint: {}", safe(hint)));
                self.line(&line);
            }
        }
        if telling.len() > shown {
            let line = self.muted(&format!("  and {} more: -v shows all", thousands((telling.len() - shown) as u64)));
            self.line(&line);
        }
    }

    fn foot(&mut self, assessment: &Assessment) {
        if self.view.verbose {
            self.line("");
            for timing in &assessment.timings {
                let line = self.muted(&format!("  {:>9.1} ms  {}", timing.seconds * 1e3, timing.stage));
                self.line(&line);
            }
        }
        let line = self.muted(&format!("  {:.2} s", self.view.elapsed));
        self.line(&line);
        self.line("");
    }
}

struct Row {
    score: f64,
    name: String,
    version: String,
    why: String,
    tag: String,
    fix: String,
    has_fix: bool,
    ecosystem: String,
    place: String,
    path: Vec<String>,
}

impl Row {
    fn of(group: &Group<'_>) -> Self {
        let first = group.findings[0];
        let others = group.findings.len() - 1;
        let why = if others == 0 { first.id.clone() } else { format!("{} and {others} more", first.id) };
        // Whichever finding clears everything clears the group; else the first that has any.
        let all = group.findings.iter().find_map(|finding| finding.upgrade_to.as_deref());
        let some = first.fixed_in.first().map(String::as_str);
        let (fix, has_fix) = match (all, some) {
            _ if first.kind == stanchion_model::finding::Kind::Malicious => ("remove it".to_owned(), true),
            (Some(version), _) => (version.to_owned(), true),
            (None, Some(version)) => (format!("{version} (in part)"), true),
            (None, None) => ("none known".to_owned(), false),
        };
        let place = first.locations.first().map_or_else(String::new, |place| match place.line {
            Some(line) => format!("{}:{line}", place.path),
            None => place.path.to_string(),
        });
        let path = first.paths.first().map(|path| path.iter().map(|step| safe(step_name(step))).collect()).unwrap_or_default();
        Self {
            score: first.score.unwrap_or(0.0),
            name: short_name(first),
            version: safe(&first.component.version),
            why: safe(&why),
            tag: tag(first),
            fix: safe(&fix),
            has_fix,
            ecosystem: first.component.ecosystem.purl_type().to_owned(),
            place: safe(&place),
            path,
        }
    }
}

/// A Maven artifact is known by its artifact, everything else by its whole name.
fn short_name(finding: &Finding) -> String {
    let name = &finding.component.name;
    safe(name.rsplit_once(':').map_or(name.as_str(), |(_, artifact)| artifact))
}

/// A step of a path without its version.
fn step_name(step: &str) -> &str {
    let name = match step.rfind('@') {
        Some(at) if at > 0 => &step[..at],
        _ => step,
    };
    name.rsplit_once(':').map_or(name, |(_, artifact)| artifact)
}

/// `web > react-scripts > … > lodash` in so many columns: the first and the last steps tell most.
fn cut_path(path: &[String], columns: usize) -> String {
    let whole = path.join(" > ");
    if width(&whole) <= columns || path.len() < 4 {
        return cut(&whole, columns);
    }
    let (first, last) = (&path[..2], &path[path.len() - 1]);
    cut(&format!("{} > … > {last}", first.join(" > ")), columns)
}

struct Columns {
    component: usize,
    why: usize,
    fix: usize,
}

impl Columns {
    fn fit(rows: &[Row], total: usize) -> Self {
        let longest = |text: fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or(0);
        // Two columns of margin, five of score, and two between each.
        let room = total - 2 - 5 - 6;
        let fix = longest(|row| width(&row.fix)).clamp(3, 18);
        let why = longest(|row| width(&row.why) + width(&row.tag) + 2).clamp(12, 44);
        let component = longest(|row| width(&row.name) + 1 + width(&row.version)).clamp(9, 48);
        let spare = room.saturating_sub(fix);
        if component + why <= spare {
            return Self { component, why, fix };
        }
        // Too narrow for all: the reason keeps enough for an id and its tag, the component gives way.
        let why = why.min(spare.saturating_sub(20)).max(24.min(spare));
        Self { component: spare.saturating_sub(why), why, fix }
    }
}
