//! What a developer sees: the answer first, then why, then what to do.

use anstyle::{AnsiColor, Style};
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Problem;
use stanchion_model::report::Assessment;

use crate::answer::{reasons, target};
use crate::group::{Fix, Group, first_place, group, short_name, step_name, upgrades};
use crate::plain::{age, count, cut, cut_front, day, pad, policy, problem, problem_place, safe, tag, tally, telling, thousands, width};

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

/// Renders a scan.
pub fn render(assessment: &Assessment, view: &View) -> String {
    let mut page = Page { view: *view, width: view.width.clamp(60, 120), out: String::new() };
    page.head(assessment);
    let groups = group(&assessment.findings);
    if groups.is_empty() {
        page.nothing(assessment);
    } else {
        page.table(&groups);
        page.summary(assessment, &groups);
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
        let database = &assessment.database;
        let components = count(assessment.component_count(), "component", "components");
        let direct = assessment.direct_count();
        let direct = if direct > 0 { format!(", {} direct", thousands(direct as u64)) } else { String::new() };
        let name = cut(&target(assessment), self.width / 2);
        let files = count(assessment.inventory.files, "file", "files");
        let age = age(database);
        // Where one line cannot hold it, the age of the advisories gets its own.
        let room = 2 + width(&name) + 3 + width(&files) + 3 + width(&components) + width(&direct) + 3 + width(&age);
        let gap = if room > self.width { "\n  " } else { "   " };
        let line = format!("  {}   {files}   {components}{direct}{gap}{age}", self.bold(&name));
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
            let age = match database.kind.as_str() {
                "starter" => "only the starter set was looked at".to_owned(),
                _ => format!("advisories of {}", day(database.updated.as_deref().unwrap_or_default())),
            };
            format!("No known vulnerability in {} ({age})", count(components, "component", "components"))
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
            let what = format!("{} more {}", thousands(rest as u64), if rest == 1 { "component" } else { "components" });
            let what = if shown >= above { format!("{what} below {SHOWN_FROM:.0}") } else { what };
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
        let component = pad(&row.component(columns.component), columns.component);
        let tag = cut(&row.tag, columns.why);
        let why = row.why(columns.why.saturating_sub(width(&tag) + 2));
        let gap = columns.why.saturating_sub(width(&why) + width(&tag));
        let fix = cut(&row.fix, columns.fix);
        let fix = if row.has_fix { self.paint(Style::new().fg_color(Some(AnsiColor::Green.into())), &fix) } else { self.muted(&fix) };
        let tag = match tag.as_str() {
            "exploited" | "malicious" => self.paint(Style::new().bold().fg_color(Some(AnsiColor::Red.into())), &tag),
            _ => tag,
        };
        let line = format!("  {}  {}  {why}{}{tag}  {fix}", self.paint(style, &score), self.bold(&component), " ".repeat(gap));
        self.line(&line);
        let place = cut_front(&row.place, self.width / 2);
        let head = format!("         {}  {place}", pad(row.ecosystem, 8));
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
            let finding = group.worst();
            let name = format!("{} {}", short_name(finding), safe(&finding.component.version));
            let (kind, title) = (crate::plain::word(finding.kind), safe(&finding.title));
            // Many titles say the kind themselves.
            let what = if title.to_lowercase().contains(kind) { title } else { format!("{kind}: {title}") };
            let line = cut(&format!("      ·  {name}  {what}"), self.width);
            self.line(&line);
        }
        if groups.len() > shown {
            let line = format!("      ·  {} more unmaintained, unsound or no longer supported        -a shows all", groups.len() - shown);
            let line = self.muted(&line);
            self.line(&line);
        }
    }

    fn summary(&mut self, assessment: &Assessment, groups: &[Group<'_>]) {
        let findings: Vec<&Finding> = assessment.findings.iter().collect();
        let left_out = if assessment.filtered > 0 { format!(" ({} left out by filters)", thousands(assessment.filtered as u64)) } else { String::new() };
        let number = count(findings.len(), "finding", "findings");
        let rest = format!(" in {}: {}{left_out}", count(groups.len(), "component", "components"), tally(&findings));
        let text = self.wrapped(&format!("{number}{rest}"));
        self.line(&text.replacen(&number, &self.bold(&number), 1));
        let upgrades = upgrades(groups);
        if !upgrades.is_empty() {
            let cleared: usize = upgrades.iter().map(|upgrade| upgrade.cleared).sum();
            let verb = if upgrades.len() == 1 { "upgrade clears" } else { "upgrades clear" };
            let line = format!("  {} {verb} {} of them", thousands(upgrades.len() as u64), thousands(cleared as u64));
            self.line(&line);
        }
        if assessment.verdict.denied {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            let what = format!("Denied at {}", safe(&assessment.verdict.gate));
            let text = self.wrapped(&format!("{what}: {} ({}, exit 1)", reasons(assessment), policy(&assessment.verdict.policy)));
            self.line(&text.replacen(&what, &self.paint(red, &what), 1));
        }
    }

    /// In the margin, broken between words.
    fn wrapped(&self, text: &str) -> String {
        format!("  {}", wrap(text, self.width - 2, 6))
    }

    fn problems(&mut self, problems: &[Problem]) {
        let mut order: Vec<&Problem> = if self.view.verbose { problems.iter().collect() } else { telling(problems) };
        if order.is_empty() {
            return;
        }
        self.line("");
        let shown = if self.view.verbose { order.len() } else { order.len().min(PROBLEMS) };
        // The gravest first: what could not be read, then what could not be resolved, then what has no advisories.
        order.sort_by_key(|problem| problem.kind);
        for entry in &order[..shown] {
            let word = problem(entry.kind);
            let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
            let text = self.wrapped(&format!("{word}: {}  {}", problem_place(entry), safe(&entry.reason)));
            self.line(&text.replacen(word, &self.paint(yellow, word), 1));
            if let Some(hint) = entry.hint.as_deref().filter(|_| self.view.verbose || shown == 1) {
                let text = self.muted(&format!("      {}", wrap(&format!("hint: {}", safe(hint)), self.width - 6, 12)));
                self.line(&text);
            }
        }
        if order.len() > shown {
            let line = self.muted(&format!("  and {} more: -v shows all", thousands((order.len() - shown) as u64)));
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
    id: String,
    others: usize,
    tag: String,
    fix: String,
    has_fix: bool,
    ecosystem: &'static str,
    place: String,
    path: Vec<String>,
}

impl Row {
    fn of(group: &Group<'_>) -> Self {
        let worst = group.worst();
        let fix = group.fix();
        Self {
            score: worst.score.unwrap_or(0.0),
            name: short_name(worst),
            version: safe(&worst.component.version),
            id: safe(&worst.id),
            others: group.findings.len() - 1,
            tag: tag(worst),
            fix: fix.text(),
            has_fix: fix != Fix::Unknown,
            ecosystem: worst.component.ecosystem.purl_type(),
            place: first_place(worst),
            path: worst.paths.first().map(|path| path.iter().map(|step| safe(step_name(step))).collect()).unwrap_or_default(),
        }
    }

    /// Name and version; a name that is too long loses its front, since its end tells most. The version stays.
    fn component(&self, columns: usize) -> String {
        let name = cut_front(&self.name, columns.saturating_sub(width(&self.version) + 1));
        cut(&format!("{name} {}", self.version), columns)
    }

    /// `CVE-2021-44228 and 3 more`, or `CVE-2021-44228 +3` where that is too long.
    fn why(&self, columns: usize) -> String {
        if self.others == 0 {
            return cut(&self.id, columns);
        }
        let whole = format!("{} and {} more", self.id, self.others);
        if width(&whole) <= columns {
            return whole;
        }
        let short = format!(" +{}", self.others);
        format!("{}{short}", cut(&self.id, columns.saturating_sub(width(&short))))
    }

    fn component_width(&self) -> usize {
        width(&self.name) + 1 + width(&self.version)
    }

    /// Columns that the reason takes, in full or in short.
    fn why_width(&self, full: bool) -> usize {
        let digits = self.others.checked_ilog10().map_or(0, |digits| digits as usize + 1);
        let more = match (self.others, full) {
            (0, _) => 0,
            (_, true) => digits + 10,
            (_, false) => digits + 2,
        };
        width(&self.id) + more + if self.tag.is_empty() { 0 } else { 2 + width(&self.tag) }
    }
}

/// `web > react-scripts > … > lodash` in so many columns: the last step is what is wrong, the first two are what the
/// project itself can change. The project's own name goes first when there is little room.
fn cut_path(path: &[String], columns: usize) -> String {
    let whole = path.join(" > ");
    if width(&whole) <= columns {
        return whole;
    }
    let Some((last, before)) = path.split_last() else { return String::new() };
    let forms = [
        (path.len() > 3).then(|| format!("{} > … > {last}", before[..2].join(" > "))),
        (path.len() > 2).then(|| format!("… > {} > … > {last}", before[1])).filter(|_| path.len() > 3),
        (path.len() == 3).then(|| format!("… > {} > {last}", before[1])),
        (path.len() > 3).then(|| format!("… > {} > …", before[1])),
        Some(format!("… > {last}")),
    ];
    let fitting = forms.into_iter().flatten().find(|form| width(form) <= columns);
    fitting.unwrap_or_else(|| cut(&format!("… > {last}"), columns))
}

struct Columns {
    component: usize,
    why: usize,
    fix: usize,
}

impl Columns {
    fn fit(rows: &[Row], total: usize) -> Self {
        let longest = |text: &dyn Fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or(0);
        // Two columns of margin, five of score, and two between each.
        let room = total - 2 - 5 - 6;
        let fix = longest(&|row| width(&row.fix)).clamp(3, 18);
        let spare = room.saturating_sub(fix);
        let why = longest(&|row| row.why_width(true)).clamp(12, 44);
        let component = longest(&Row::component_width).clamp(9, 48);
        if component + why <= spare {
            return Self { component, why, fix };
        }
        // Too narrow for all: the reason is said in short first, then the component gives way.
        let short = longest(&|row| row.why_width(false)).clamp(12, 36).min(spare.saturating_sub(20));
        let why = spare.saturating_sub(component).clamp(short, why);
        Self { component: spare.saturating_sub(why), why, fix }
    }
}

/// Breaks a text between words, so that no line is longer than that many columns, all but the first indented.
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
        out.push_str(word);
        used += wide;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assessment, clear, hostile, many};

    fn view(width: usize) -> View {
        View { width, colour: false, all: false, verbose: false, elapsed: 0.03 }
    }

    #[test]
    fn a_scan_at_eighty_columns() {
        insta::assert_snapshot!(render(&assessment(), &view(80)));
    }

    #[test]
    fn nothing_found_says_what_was_looked_at() {
        let page = render(&clear(), &view(80));
        assert!(page.contains("No known vulnerability in 3 components (advisories of 20 Nov 2026)"), "{page}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [60, 72, 80, 100, 120] {
            for assessment in [assessment(), hostile(), many(300)] {
                for line in render(&assessment, &view(columns)).lines() {
                    let words = line.split(' ').filter(|word| !word.is_empty()).map(width).max().unwrap_or(0);
                    assert!(width(line) <= columns || words > columns - 12, "{columns}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn hostile_text_is_made_harmless() {
        let page = render(&hostile(), &view(80));
        assert!(!page.contains(['\u{1b}', '\u{202e}']));
    }

    #[test]
    fn paths_keep_what_tells_most() {
        let path = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
        let long = path(&["web", "react-scripts", "webpack", "watchpack", "lodash"]);
        assert_eq!(cut_path(&long, 80), "web > react-scripts > webpack > watchpack > lodash");
        assert_eq!(cut_path(&long, 36), "web > react-scripts > … > lodash");
        assert_eq!(cut_path(&long, 31), "… > react-scripts > … > lodash");
        assert_eq!(cut_path(&long, 20), "… > lodash");
        assert_eq!(cut_path(&path(&["catalogue", "django", "sqlparse"]), 24), "… > django > sqlparse");
    }
}
