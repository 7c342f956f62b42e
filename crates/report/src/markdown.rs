//! The Markdown report: for a pull-request comment or a job summary.
//!
//! [GitHub Flavored Markdown](https://github.github.com/gfm/), below the 65,536 characters that GitHub takes in a
//! comment: what does not fit is counted. Text from a scanned file stands in code spans or is escaped so that it can
//! neither format, link, mention nor refer.

mod ruling;

use std::fmt::Write as _;
use std::io::{self, Write};

use stanchion_model::finding::Finding;
use stanchion_model::report::Assessment;

use crate::answer::{answer, reasons};
use crate::group::{
    Class, Fix, Group, Upgrade, components, first_place, short_name, split, upgrades,
};
use crate::plain::{age, count, day, problem, problem_place, safe, tag, tally, telling, thousands};
use crate::ruling::{Ruling, open};

/// Bytes of the whole document; a byte is never less than a character.
const LIMIT: usize = 60_000;
/// Kept free for what stands below the tables.
const RESERVE: usize = 1_500;
/// Components shown before the rest is folded away.
const SHOWN: usize = 15;
/// Most problems listed.
const PROBLEMS: usize = 20;
/// Most bytes of the list of problems: what has to be escaped grows.
const PROBLEMS_ROOM: usize = 16_000;
/// Longest text of a cell; a title beyond it is cut.
const CELL: usize = 160;

/// Writes the report.
pub fn write(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(render(assessment).as_bytes())
}

fn render(assessment: &Assessment) -> String {
    let mut out = String::new();
    let ruling = Ruling::of(assessment);
    let ruling = ruling.as_ref();
    let findings = split(open(assessment));
    let scored = &findings.scored;
    head(&mut out, assessment, scored, ruling);
    let exceptions = ruling.map_or_else(String::new, |_| ruling::exceptions(assessment));
    let problems = problems(assessment);
    let foot = foot(assessment);
    let mut room =
        LIMIT.saturating_sub(out.len() + exceptions.len() + problems.len() + foot.len() + RESERVE);
    let first = &scored[..scored.len().min(SHOWN)];
    let left = table(&mut out, first, ruling, &mut room);
    let rest = &scored[first.len()..];
    if left > 0 {
        let _ = writeln!(
            out,
            "{} left out here to stay within the size of a comment.\n",
            count(left + rest.len(), "component is", "components are")
        );
    } else if !rest.is_empty() {
        let _ = writeln!(
            out,
            "<details><summary>{}</summary>\n",
            count(rest.len(), "more component", "more components")
        );
        let left = table(&mut out, rest, ruling, &mut room);
        if left > 0 {
            let _ = writeln!(
                out,
                "{} left out here to stay within the size of a comment.\n",
                count(left, "component is", "components are")
            );
        }
        out.push_str("</details>\n\n");
    }
    ruling::breaches(&mut out, &findings.breaches, ruling, &mut room);
    lapsed(&mut out, &findings.lapsed, ruling, &mut room);
    out.push_str(&exceptions);
    out.push_str(&problems);
    out.push_str(&foot);
    out
}

fn head(
    out: &mut String,
    assessment: &Assessment,
    scored: &[Group<'_>],
    ruling: Option<&Ruling<'_>>,
) {
    let _ = writeln!(out, "## {}\n", text(&answer(assessment).text));
    if assessment.database.kind == "starter" {
        let _ = writeln!(
            out,
            "**Only the starter set of advisories is here**, so most vulnerabilities are not found: run `stanchion db update`.\n"
        );
    }
    let findings: Vec<&Finding> = open(assessment).collect();
    if !findings.is_empty() {
        counts(out, assessment, &findings, scored);
    }
    if let Some(ruling) = ruling {
        if !findings.is_empty() {
            out.push('\n');
        }
        ruling::verdict(out, assessment, ruling);
        return;
    }
    if assessment.verdict.denied {
        let _ = writeln!(
            out,
            "The {} gate is closed by {}, under {}.",
            text(&assessment.verdict.gate),
            text(&reasons(assessment)),
            text(&crate::plain::policy(&assessment.verdict.policy))
        );
    }
    if !findings.is_empty() {
        out.push('\n');
    }
}

/// How many of what, and which few upgrades clear most.
fn counts(out: &mut String, assessment: &Assessment, findings: &[&Finding], scored: &[Group<'_>]) {
    let _ = writeln!(
        out,
        "{} in {} of {}: {}.",
        count(findings.len(), "finding", "findings"),
        thousands(components(findings.iter().copied()) as u64),
        count(assessment.component_count(), "component", "components"),
        tally(findings)
    );
    let upgrades = upgrades(scored);
    let cleared: usize = upgrades.iter().map(|upgrade| upgrade.cleared).sum();
    if let [first, ..] = &upgrades[..] {
        let most: Vec<&Upgrade<'_>> = upgrades.iter().take(3).collect();
        let named: Vec<String> = most
            .iter()
            .map(|upgrade| format!("{} ({})", step(upgrade), thousands(upgrade.cleared as u64)))
            .collect();
        let verb = if upgrades.len() == 1 {
            "upgrade clears"
        } else {
            "upgrades clear"
        };
        let lead = if first.fix == Fix::Remove {
            "first"
        } else {
            "most by"
        };
        let _ = writeln!(
            out,
            "{} {verb} {} of them; {lead} {}.",
            thousands(upgrades.len() as u64),
            thousands(cleared as u64),
            named.join(", ")
        );
    }
}

/// `lodash 4.17.21`, as one does it.
fn step(upgrade: &Upgrade<'_>) -> String {
    let name = short_name(upgrade.worst);
    match upgrade.fix {
        Fix::Remove => format!("removing {}", code(&name)),
        Fix::Whole(version) | Fix::Part(version) => code(&format!("{name} {version}")),
        Fix::Unknown => code(&name),
    }
}

/// Rows as long as there is room; how many are left out.
fn table(
    out: &mut String,
    groups: &[Group<'_>],
    ruling: Option<&Ruling<'_>>,
    room: &mut usize,
) -> usize {
    if groups.is_empty() {
        return 0;
    }
    let (mut titles, mut rule) = (
        "| Score | Component | Why | Fix |".to_owned(),
        "|--:|---|---|---|".to_owned(),
    );
    for title in [
        ruling.map(|_| "Due"),
        ruling.filter(|ruling| ruling.has_owners()).map(|_| "Owner"),
        Some("Place"),
    ]
    .into_iter()
    .flatten()
    {
        let _ = write!(titles, " {title} |");
        rule.push_str("---|");
    }
    let head = format!("{titles}\n{rule}\n");
    out.push_str(&head);
    *room = room.saturating_sub(head.len());
    let mut written = 0;
    for group in groups {
        let row = row(group, ruling);
        if row.len() > *room {
            *room = 0;
            break;
        }
        *room -= row.len();
        out.push_str(&row);
        written += 1;
    }
    out.push('\n');
    groups.len() - written
}

fn row(group: &Group<'_>, ruling: Option<&Ruling<'_>>) -> String {
    let worst = group.worst();
    let component = code(&format!(
        "{} {}",
        short_name(worst),
        worst.component.version
    ));
    let others = group.findings.len() - 1;
    let more = if others == 0 {
        String::new()
    } else {
        format!(" and {others} more")
    };
    let class = Class::of(worst).word();
    let tag = tag(worst);
    let tag = if tag == class || tag.is_empty() {
        class.to_owned()
    } else {
        format!("**{tag}**, {class}")
    };
    let tag = tag.replace("**malicious**, malicious", "**malicious**");
    let fix = match group.fix() {
        Fix::Remove => "remove it".to_owned(),
        Fix::Whole(version) => code(version),
        Fix::Part(version) => format!("{} in part", code(version)),
        Fix::Unknown => "none known".to_owned(),
    };
    let mut judged = String::new();
    if let Some(ruling) = ruling {
        let _ = write!(judged, " {} |", ruling::standing(ruling, group));
        if ruling.has_owners() {
            let owner = worst.owner.as_deref().map_or_else(|| "nobody".into(), code);
            let _ = write!(judged, " {owner} |");
        }
    }
    format!(
        "| {:.0} | {component} {} | {}{more}: {tag}<br>{} | {fix} |{judged} {} |\n",
        group.score().unwrap_or_default(),
        worst.component.ecosystem.purl_type(),
        id(&worst.id),
        text(&cut(&worst.title)),
        code(&first_place(worst))
    )
}

fn lapsed(out: &mut String, groups: &[Group<'_>], ruling: Option<&Ruling<'_>>, room: &mut usize) {
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<details><summary>{} unmaintained, withdrawn or no longer supported</summary>\n",
        count(groups.len(), "component", "components")
    );
    for (at, group) in groups.iter().enumerate() {
        let worst = group.worst();
        let words = match ruling {
            Some(ruling) => format!(
                ": {}",
                ruling::standing(ruling, group).replace("<br>", ", ")
            ),
            None => String::new(),
        };
        let line = format!(
            "- {}: {} ({}){words}\n",
            code(&format!(
                "{} {}",
                short_name(worst),
                worst.component.version
            )),
            text(&cut(&worst.title)),
            crate::plain::word(worst.kind)
        );
        if line.len() > *room {
            let _ = writeln!(out, "- and {} more", thousands((groups.len() - at) as u64));
            break;
        }
        *room -= line.len();
        out.push_str(&line);
    }
    out.push_str("\n</details>\n\n");
}

fn problems(assessment: &Assessment) -> String {
    let mut problems = telling(&assessment.problems);
    if problems.is_empty() {
        return String::new();
    }
    problems.sort_by_key(|problem| problem.kind);
    let mut out = format!(
        "<details><summary>The answer has gaps: {} not read, resolved or matched</summary>\n\n",
        count(problems.len(), "thing", "things")
    );
    let lines = problems.iter().map(|entry| {
        format!(
            "- {}: {} {}\n",
            problem(entry.kind),
            code(&cut(&problem_place(entry))),
            text(&cut(&entry.reason))
        )
    });
    out.push_str(&items(lines.collect(), PROBLEMS, PROBLEMS_ROOM));
    out.push_str("\n</details>\n\n");
    out
}

/// The first lines of a list, at most so many and so many bytes; the rest is counted.
fn items(lines: Vec<String>, most: usize, room: usize) -> String {
    let mut out = String::new();
    let all = lines.len();
    for (at, line) in lines.into_iter().enumerate() {
        if at == most || out.len() + line.len() > room {
            let _ = writeln!(out, "- and {} more", thousands((all - at) as u64));
            break;
        }
        out.push_str(&line);
    }
    out
}

fn foot(assessment: &Assessment) -> String {
    let left = if assessment.filtered > 0 {
        format!(
            " · {} left out by filters",
            count(assessment.filtered, "finding", "findings")
        )
    } else {
        String::new()
    };
    format!(
        "<sub>Stanchion {} · {} read · {} · as of {}{left}</sub>\n",
        env!("CARGO_PKG_VERSION"),
        count(assessment.inventory.files, "file", "files"),
        text(&age(&assessment.database)),
        text(&day(&assessment.as_of))
    )
}

/// An id, linked to where it is published when it has the usual form.
fn id(id: &str) -> String {
    match crate::plain::address(id) {
        Some(address) => format!("[{id}]({address})"),
        None => code(id),
    }
}

/// Characters are enough here: a cell need not fit a width, only a size.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

/// A code span. Where the text holds what a table or the span itself would take for its own, the span is written
/// as HTML and the text by character references.
fn code(content: &str) -> String {
    let content = safe(&cut(content));
    if content.is_empty() {
        return String::new();
    }
    let tidy = !content.contains(['`', '|', '\\', '<', '>', '&', '$']) && content.trim() == content;
    if tidy {
        format!("`{content}`")
    } else {
        format!("<code>{}</code>", text(&content))
    }
}

/// Plain text. Marks of Markdown become character references; a comment that nobody sees stands behind what would
/// start a mention, a reference, an address or an emoji, since those are looked for after the references are resolved.
pub(crate) fn text(content: &str) -> String {
    let content = safe(content);
    let mut out = String::with_capacity(content.len() + 16);
    let mut rest = content.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '^' | '@' | '$'
            | '!' | '"' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            _ => out.push(c),
        }
        let word = next.is_some_and(|next| {
            next.is_alphanumeric() || matches!(next, '"' | '`' | '_' | '-' | '+' | '/')
        });
        let breaks = match c {
            '@' => true,
            '#' | '!' | '~' | '$' | '^' | '%' | '&' => word,
            // An address, or an emoji where a word could start; not `group:artifact:1`.
            ':' => next == Some('/') || (word && !before.is_alphanumeric()),
            // `www.` starts an address, and `GH-1` a reference.
            '.' => before.eq_ignore_ascii_case(&'w') && word,
            '-' => {
                before.eq_ignore_ascii_case(&'h') && next.is_some_and(|next| next.is_ascii_digit())
            }
            _ => false,
        };
        if breaks {
            out.push_str("<!-- -->");
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assessment, clear, hostile, hostile_judged, judged, many};

    #[test]
    fn answer_then_table_then_gaps() {
        insta::assert_snapshot!(render(&assessment()));
    }

    #[test]
    fn nothing_from_a_file_formats_links_or_mentions() {
        let page = render(&hostile());
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        // Nothing in a code span is looked at for marks, mentions or addresses.
        let outside: String = page.split('`').step_by(2).collect();
        assert!(
            !outside.contains("](http://evil")
                && !outside.contains("@octocat")
                && !outside.contains("www.evil"),
            "{page}"
        );
        // Every row of a table has the cells that its head has.
        for line in page.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
        insta::assert_snapshot!(page);
    }

    #[test]
    fn a_policy_gives_dates_owners_and_reasons() {
        insta::assert_snapshot!(render(&judged()));
    }

    #[test]
    fn nothing_from_a_policy_formats_links_or_mentions() {
        let page = render(&hostile_judged());
        assert!(
            !page.contains("<script") && !page.contains("onload=x |"),
            "{page}"
        );
        let outside: String = page.split('`').step_by(2).collect();
        assert!(
            !outside.contains("](http://evil")
                && !outside.contains("@octocat")
                && !outside.contains("www.evil"),
            "{page}"
        );
        assert!(!page.contains(['\u{1b}', '\u{202e}']));
        for line in page.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 8, "{line}");
        }
        for line in page.lines() {
            let ours = ["|", "- ", "#", "<", "**", "Not decided"];
            let counts = line.starts_with(|c: char| c.is_ascii_digit());
            assert!(
                line.is_empty() || counts || ours.iter().any(|start| line.starts_with(start)),
                "a line that is not ours: {line}"
            );
        }
    }

    #[test]
    fn a_policy_denies_where_nothing_was_found() {
        let mut assessment = judged();
        assessment.findings.clear();
        assessment.exceptions.clear();
        assessment.verdict.undecided.clear();
        assessment
            .verdict
            .violations
            .retain(|one| one.finding.is_none());
        assessment.verdict.violations.truncate(1);
        assessment.verdict.incomplete = true;
        insta::assert_snapshot!(render(&assessment));
    }

    #[test]
    fn however_much_a_policy_says_it_fits_a_comment() {
        let mut assessment = many(3_000);
        let judged = judged();
        let long = "@".repeat(10_000);
        assessment.verdict = judged.verdict;
        for violation in &mut assessment.verdict.violations {
            violation.finding = None;
            violation.reason.clone_from(&long);
        }
        let template = assessment.verdict.violations[0].clone();
        for at in 0..500 {
            let mut more = template.clone();
            more.rule = format!("{long}{at}");
            assessment.verdict.violations.push(more.clone());
            assessment.verdict.undecided.push(more);
        }
        for at in 0..500 {
            let mut note = judged.exceptions[1].clone();
            note.id = format!("{at}{long}");
            note.reason = Some(long.clone());
            note.place.clone_from(&long);
            assessment.exceptions.push(note);
        }
        for problem in 0..500 {
            assessment
                .problems
                .push(stanchion_model::inventory::Problem {
                    path: format!("{long}{problem}"),
                    line: None,
                    kind: stanchion_model::inventory::ProblemKind::Unreadable,
                    reason: long.clone(),
                    hint: None,
                });
        }
        let page = render(&assessment);
        assert!(page.len() < LIMIT, "{}", page.len());
        assert!(page.contains("component") && page.ends_with("</sub>\n"));
        assert_eq!(page.matches("\n- and ").count(), 3, "each list is counted");
    }

    #[test]
    fn text_is_inert() {
        assert_eq!(
            text("a|b `c` *d* [e](http://f)"),
            "a&#124;b &#96;c&#96; &#42;d&#42; &#91;e&#93;(http:<!-- -->//f)"
        );
        assert_eq!(
            text("@all see #12, GH-3 and www.evil.example :tada:"),
            "&#64;<!-- -->all see &#35;<!-- -->12, GH-<!-- -->3 and www.<!-- -->evil.example :<!-- -->tada:"
        );
        assert_eq!(code("plain-name 1.0"), "`plain-name 1.0`");
        assert_eq!(code("a`|b"), "<code>a&#96;&#124;b</code>");
        assert_eq!(code("@scope/name"), "`@scope/name`");
    }

    #[test]
    fn it_fits_a_comment_and_says_what_does_not() {
        let page = render(&many(3_000));
        assert!(page.len() < LIMIT, "{}", page.len());
        assert!(page.contains("components are left out here"), "{page}");
        assert!(page.ends_with("</sub>\n"));
        assert_eq!(
            page.matches("<details>").count(),
            page.matches("</details>").count()
        );
    }

    #[test]
    fn nothing_found_says_what_was_looked_at() {
        insta::assert_snapshot!(render(&clear()));
    }
}
