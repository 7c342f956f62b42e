//! Trivy's plain [`.trivyignore`](https://trivy.dev/docs/latest/configuration/filtering/#trivyignore): an id a line,
//! and `exp:YYYY-MM-DD` where it ends.
//!
//! Read off [`pkg/result/ignore.go`](https://github.com/aquasecurity/trivy/blob/main/pkg/result/ignore.go): a line
//! whose date cannot be read is left out, other words behind the id say nothing, and the date is the first day on
//! which the id is reported again. There is no place for a package, a path or a reason; comments above an id stand for
//! its reason.

use std::fmt::Write as _;

use stanchion_model::exception::{Exception, ForeignExceptions};
use stanchion_model::text::is_hostile;
use stanchion_syntax::text::lines;

use super::block::{BEGIN, END, Existing};
use super::days::{Day, End};
use super::reading::{Found, Refusal, exception, id, shown, without_mark};
use super::writing::{Package, Plan, Unsaid, comment};

/// How a line of a reason begins in our own part of the file, where the other comments are no reasons.
const REASON: &str = "# >";

/// Longest line of a reason, in bytes: Trivy gives up a file at a line of 64 KiB, without a word.
const LONGEST_LINE: usize = 32 * 1024;

pub(super) fn read(file: &str, damaged: bool) -> ForeignExceptions {
    let mut found = Found::new();
    let mut reason: Vec<&str> = Vec::new();
    let (mut ours, mut in_comment) = (false, false);
    for (number, line) in lines(without_mark(file)) {
        let trimmed = line.trim();
        let Some(said) = trimmed.strip_prefix('#') else {
            in_comment = false;
            if trimmed.is_empty() {
                reason.clear();
            } else {
                found.entry(number, |found| {
                    let reason = (!reason.is_empty()).then(|| reason.join("\n"));
                    entry(found, number, trimmed, reason.as_deref(), damaged)
                });
            }
            continue;
        };
        if !in_comment {
            reason.clear();
        }
        in_comment = true;
        match trimmed {
            // What stands above either line is about neither side of it.
            BEGIN | END => {
                ours = trimmed == BEGIN;
                reason.clear();
            }
            _ if ours => {
                if let Some(said) = line.strip_prefix(REASON) {
                    reason.push(said.strip_prefix(' ').unwrap_or(said));
                }
            }
            _ => {
                let said = said.trim_start_matches('#').trim();
                if !said.is_empty() {
                    reason.push(said);
                }
            }
        }
    }
    found.done()
}

fn entry(
    found: &mut Found,
    number: u32,
    line: &str,
    reason: Option<&str>,
    damaged: bool,
) -> Result<(), Refusal> {
    let mut words = line.split_whitespace();
    let id = id(words.next(), number)?;
    if damaged && line.contains('\u{fffd}') {
        return Err((number, "bytes that are no text".into()));
    }
    let mut read = exception(id, reason, number);
    for word in words {
        match word.strip_prefix("exp:") {
            // The first date counts.
            Some(day) if read.expires.is_none() => {
                let end = Day::parse(day).and_then(End::before).ok_or_else(|| {
                    let reason = format!(
                        "`{}` is no date (YYYY-MM-DD): Trivy leaves the line out",
                        shown(day)
                    );
                    (number, reason)
                })?;
                read.expires = Some(end.to_string());
            }
            _ => found.lossy(
                number,
                format!("`{}` behind the id says nothing to Trivy", shown(word)),
            ),
        }
    }
    found.add(read);
    Ok(())
}

pub(super) fn write(
    exceptions: &[Exception],
    existing: &str,
    unsaid: &mut Unsaid,
) -> Result<String, String> {
    let existing = Existing::of(existing)?;
    let mut body = String::new();
    for exception in exceptions {
        let Some(plan) = unsaid.plan(exception) else {
            continue;
        };
        let date = match date(&plan) {
            Ok(date) => date,
            Err(why) => {
                unsaid.whole(exception, why);
                continue;
            }
        };
        let ids = plan.ids(unsaid);
        let ids: Vec<&str> = ids
            .into_iter()
            .filter(|id| {
                let fits = !id.starts_with('#');
                if !fits {
                    unsaid.id(exception, id, "the line would be a comment");
                }
                fits
            })
            .collect();
        if ids.is_empty() {
            continue;
        }
        let _ = writeln!(body, "{}", comment(exception));
        if let Some(reason) = &exception.reason {
            say(&mut body, reason, exception, unsaid);
        }
        for id in ids {
            let _ = writeln!(body, "{id}{date}");
        }
    }
    Ok(existing.lines(&body))
}

/// What stands behind an id; an error where the file has no place for something the exception says.
fn date(plan: &Plan<'_>) -> Result<String, String> {
    if !matches!(plan.package, Package::Any) {
        return Err(
            "a plain .trivyignore cannot be limited to a package: use .trivyignore.yaml".into(),
        );
    }
    if !plan.exception.scope.paths.is_empty() {
        return Err(
            "a plain .trivyignore cannot be limited to paths: use .trivyignore.yaml".into(),
        );
    }
    match plan.end.clone().map(End::into_day) {
        None => Ok(String::new()),
        Some(End::Day(day)) => {
            let next = day.next().ok_or("there is no day after its last one")?;
            Ok(format!(" exp:{next}"))
        }
        Some(End::Time(time)) => Err(format!(
            "it ends at {time}, and a plain .trivyignore knows days only: use .trivyignore.yaml"
        )),
    }
}

fn say(body: &mut String, reason: &str, exception: &Exception, unsaid: &mut Unsaid) {
    if reason.split('\n').any(|line| line.len() > LONGEST_LINE) {
        unsaid.part(
            exception,
            "its reason has a line that is too long for Trivy",
        );
        return;
    }
    let hostile = |c: char| c != '\n' && is_hostile(c);
    if reason.contains(hostile) {
        unsaid.part(exception, "control characters in its reason are replaced");
    }
    for line in reason.replace(hostile, "\u{fffd}").split('\n') {
        let space = if line.is_empty() { "" } else { " " };
        let _ = writeln!(body, "{REASON}{space}{line}");
    }
}
