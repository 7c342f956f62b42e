//! What the organisation's policy says, below the table: the verdict, what is late, what is wrong with its exceptions.

use std::collections::HashMap;

use anstyle::{AnsiColor, Style};
use stanchion_model::finding::Finding;
use stanchion_model::report::{Assessment, Violation};

use super::{Page, wrap};
use crate::group::components;
use crate::plain::{count, cut, pad, safe, thousands, width};
use crate::ruling::{Broken, Ruling, became, broken, closed, exit, named, sentence, wrong};

/// Most rules shown without `-v`.
const RULES: usize = 12;
/// Most reasons shown for one rule without `-v`.
const REASONS: usize = 5;
/// Lines of one reason without `-v`.
const LINES: usize = 3;
/// Most lines about wrong exceptions without `-v`.
const EXCEPTIONS: usize = 10;

impl Page {
    pub(super) fn ruling(&mut self, assessment: &Assessment, ruling: &Ruling<'_>) {
        self.line("");
        self.verdict(assessment);
        self.lateness(assessment, ruling);
        self.undecided(&assessment.verdict.undecided);
        self.wrong_exceptions(assessment);
    }

    /// Which gate, which policy, and what closes it.
    fn verdict(&mut self, assessment: &Assessment) {
        let denied = assessment.verdict.denied;
        let (what, rest) = sentence(assessment);
        let code = if denied {
            format!(" (exit\u{a0}{})", exit(assessment))
        } else {
            String::new()
        };
        let colour = if denied {
            AnsiColor::Red
        } else {
            AnsiColor::Green
        };
        let style = Style::new().bold().fg_color(Some(colour.into()));
        let what = cut(&what, self.width - 2);
        let text = wrap(&format!("{what}{rest}{code}"), self.width - 2, 6);
        let text = text.replacen(&what, &self.paint(style, &what), 1);
        let line = format!("{}{text}", self.margin(denied));
        self.line(&line);
        let findings: HashMap<&str, Vec<&Finding>> =
            assessment
                .findings
                .iter()
                .fold(HashMap::new(), |mut all, finding| {
                    all.entry(finding.key.as_str()).or_default().push(finding);
                    all
                });
        let rules = broken(&assessment.verdict.violations);
        let shown = self.most(rules.len(), RULES);
        let label = rules
            .iter()
            .map(|rule| width(&safe(rule.rule)))
            .max()
            .unwrap_or(0)
            .min(self.width / 3);
        for rule in &rules[..shown] {
            self.rule(rule, &findings, label);
        }
        self.more(rules.len() - shown, "rule", "rules");
    }

    /// A rule, and what breaks it.
    fn rule(&mut self, rule: &Broken<'_>, findings: &HashMap<&str, Vec<&Finding>>, label: usize) {
        let mut told = Vec::new();
        if !rule.findings.is_empty() {
            let mine = || {
                rule.findings
                    .iter()
                    .filter_map(|key| findings.get(key))
                    .flatten()
                    .copied()
            };
            told.push(format!(
                "{} in {}",
                count(rule.findings.len(), "finding", "findings"),
                count(components(mine()), "component", "components")
            ));
        }
        let shown = self.most(rule.whole.len(), REASONS);
        told.extend(rule.whole[..shown].iter().map(|reason| safe(reason)));
        if rule.whole.len() > shown {
            let more = thousands((rule.whole.len() - shown) as u64);
            told.push(format!("and {more} more: -v shows all"));
        }
        for (at, reason) in told.iter().enumerate() {
            let name = if at == 0 {
                cut(&safe(rule.rule), label)
            } else {
                String::new()
            };
            let hang = 8 + label;
            let text = self.lines(&wrap(reason, self.width - hang, 0), self.width - hang);
            let text = text.join(&format!("\n{}", " ".repeat(hang)));
            let line = format!("      {}  {text}", pad(&name, label));
            self.line(&line);
        }
    }

    /// The lines of a text that are shown, at most so wide where some are not.
    fn lines(&self, text: &str, columns: usize) -> Vec<String> {
        let all: Vec<&str> = text.split('\n').collect();
        let most = self.most(all.len(), LINES);
        let mut lines: Vec<String> = all[..most].iter().map(|line| (*line).to_owned()).collect();
        if all.len() > most
            && let Some(last) = lines.last_mut()
        {
            *last = format!("{}…", cut(last, columns - 1));
        }
        lines
    }

    /// What is late, what is to come, and what is no longer open.
    fn lateness(&mut self, assessment: &Assessment, ruling: &Ruling<'_>) {
        if let Some(late) = ruling.overdue() {
            let rules: Vec<String> = late
                .rules
                .iter()
                .map(|(rule, number)| format!("{} {}", thousands(*number as u64), safe(rule)))
                .collect();
            let number = format!("{} overdue", thousands(late.count as u64));
            let text = self.wrapped(&format!(
                "{number}, the longest by {}: {}",
                count(late.longest as usize, "day", "days"),
                rules.join(", ")
            ));
            let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
            let text = text.replacen(&number, &self.paint(red, &number), 1);
            self.line(&text);
        }
        let mut rest = Vec::new();
        if let Some((number, first)) = ruling.dated() {
            rest.push(format!(
                "{} due, the first on {first}",
                thousands(number as u64)
            ));
        }
        match ruling.excepted() {
            0 => {}
            number => rest.push(format!("{} excepted", thousands(number as u64))),
        }
        match closed(assessment).len() {
            0 => {}
            number if self.view.all => {
                rest.push(format!("{} closed by decisions", thousands(number as u64)));
            }
            number => rest.push(format!(
                "{} closed by decisions: -a shows {}",
                thousands(number as u64),
                if number == 1 { "it" } else { "them" }
            )),
        }
        if let Some(owner) = ruling.only_owner() {
            rest.push(format!("owner {}", safe(owner)));
        }
        if !rest.is_empty() {
            let text = self.wrapped(&rest.join(" · "));
            self.line(&text);
        }
    }

    /// Rules that lack evidence, in a line; with `-v` why.
    fn undecided(&mut self, undecided: &[Violation]) {
        if undecided.is_empty() {
            return;
        }
        let rules = broken(undecided);
        let shown = self.most(rules.len(), RULES);
        let mut names: Vec<String> = rules[..shown]
            .iter()
            .map(|rule| {
                let number = rule.findings.len() + rule.whole.len();
                format!("{} ({})", safe(rule.rule), thousands(number as u64))
            })
            .collect();
        if rules.len() > shown {
            names.push(format!("{} more", rules.len() - shown));
        }
        let more = if self.view.verbose {
            ""
        } else {
            ": -v says why"
        };
        self.line("");
        self.flagged(
            "Not decided",
            &format!(" for lack of evidence: {}{more}", names.join(", ")),
        );
        if self.view.verbose {
            for one in undecided {
                let text = format!("{}  {}", safe(&one.rule), safe(&one.reason));
                let text = format!("      {}", wrap(&text, self.width - 6, 12));
                self.line(&text);
            }
        }
    }

    /// Exceptions that do not hold, or not for all that they name: never kept quiet.
    fn wrong_exceptions(&mut self, assessment: &Assessment) {
        let wrong = wrong(assessment);
        if wrong.is_empty() {
            return;
        }
        self.line("");
        let mut used = 0;
        for (at, note) in wrong.iter().enumerate() {
            let reason = note.reason.as_deref().unwrap_or_default();
            let what = format!("Exception {}", cut(&named(note), self.width / 3));
            let text = wrap(
                &format!(
                    "{what} is {}: {}  {}",
                    became(note),
                    safe(&note.place),
                    safe(reason)
                ),
                self.width - 2,
                6,
            );
            let lines = self.lines(&text, self.width - 2);
            if !self.view.verbose && used + lines.len() > EXCEPTIONS {
                self.more(wrong.len() - at, "exception", "exceptions");
                break;
            }
            used += lines.len();
            self.flagged_lines(&what, &lines.join("\n"));
        }
    }

    /// A sentence whose beginning somebody has to notice.
    fn flagged(&mut self, what: &str, rest: &str) {
        let text = wrap(&format!("{what}{rest}"), self.width - 2, 6);
        self.flagged_lines(what, &text);
    }

    fn flagged_lines(&mut self, what: &str, text: &str) {
        let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
        let text = text.replacen(what, &self.paint(yellow, what), 1);
        self.line(&format!("  {text}"));
    }

    /// How many of so many are shown.
    fn most(&self, all: usize, few: usize) -> usize {
        if self.view.verbose { all } else { all.min(few) }
    }

    fn more(&mut self, number: usize, one: &str, many: &str) {
        if number > 0 {
            let text = format!(
                "      and {} more {}: -v shows all",
                thousands(number as u64),
                if number == 1 { one } else { many }
            );
            let text = self.muted(&text);
            self.line(&text);
        }
    }
}
