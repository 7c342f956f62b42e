//! OSV-Scanner's [`osv-scanner.toml`](https://google.github.io/osv-scanner/configuration/).
//!
//! `[[IgnoredVulns]]` has `id`, `ignoreUntil` and `reason`: any package, any version, aliases included, but only what
//! was found in files of the folder that the settings lie in. Such an entry reads as an exception for the paths
//! [`OWN_FOLDER`]. `[[PackageOverrides]]` hides all vulnerabilities of a package or its licence, never one
//! vulnerability: it cannot be an exception, nor an exception one of these. Read off
//! [`internal/config`](https://github.com/google/osv-scanner/tree/main/internal/config): unknown keys make the whole
//! file void, only the first entry of an id counts, and a date without an offset is the scanner's local time.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use stanchion_model::exception::{Exception, ForeignExceptions};
use stanchion_syntax::{Member, Node, SyntaxError};

use super::block::{Existing, Place, broken};
use super::days::{End, from_toml};
use super::reading::{Found, Refusal, exception, fields, id, line_of, shown, text, toml};
use super::writing::{Package, Plan, Unsaid, comment, quoted};

/// Files of the folder itself, without a scanned file in a folder below: lockfiles have a dot in their name, folders
/// of projects seldom.
const OWN_FOLDER: &str = "*.*";

pub(super) fn read(file: &str) -> Result<ForeignExceptions, SyntaxError> {
    let root = toml(file)?;
    let mut found = Found::new();
    for member in root.members() {
        match member.key.as_ref() {
            "IgnoredVulns" => ignored(&mut found, member),
            "PackageOverrides" => {
                if !member.value.is_array() {
                    found.refuse(no_list(member));
                }
                for item in member.value.items() {
                    found.refuse(override_of(item));
                }
            }
            "GoVersionOverride" | "ScanGoModVersion" => {}
            key => found.refuse((
                member.line,
                format!(
                    "`{}` is no key of osv-scanner.toml as it is documented: mend it first",
                    shown(key)
                ),
            )),
        }
    }
    let mut out = found.done();
    if let Some(first) = out.exceptions.first() {
        let reason = format!(
            "osv-scanner.toml holds for files of its own folder only: read as for the path `{OWN_FOLDER}`; put the folder before it unless it is the target's"
        );
        out.lossy.push((first.line, reason));
    }
    Ok(out)
}

fn no_list(member: &Member<'_>) -> Refusal {
    let reason = format!(
        "`{}` is {} and not a list",
        shown(&member.key),
        member.value.kind()
    );
    (member.line, reason)
}

fn ignored(found: &mut Found, member: &Member<'_>) {
    if !member.value.is_array() {
        found.refuse(no_list(member));
    }
    let mut seen = HashSet::new();
    for item in member.value.items() {
        found.entry(item.line, |found| {
            // Whether it can be read or not: the first entry is the one that counts.
            if let Some(id) = item.str("id")
                && !seen.insert(id)
            {
                let reason = format!("`{}` stands twice: only the first entry counts", shown(id));
                return Err((item.line, reason));
            }
            entry(found, item)
        });
    }
}

fn entry(found: &mut Found, item: &Node<'_>) -> Result<(), Refusal> {
    fields(item, &["id", "ignoreUntil", "reason"], "[[IgnoredVulns]]")?;
    let id = id(text(item, "id")?, line_of(item, "id"))?;
    let mut read = exception(id, text(item, "reason")?, item.line);
    read.scope.paths.push(OWN_FOLDER.into());
    if let Some(until) = text(item, "ignoreUntil")? {
        let line = line_of(item, "ignoreUntil");
        let (end, lost) = from_toml(until)
            .ok_or_else(|| (line, format!("`{}` is no date with a day", shown(until))))?;
        if lost {
            let reason = format!("a time without an offset: read as the end of {end}");
            found.lossy(line, reason);
        }
        read.expires = Some(end.to_string());
    }
    found.add(read);
    Ok(())
}

/// Why a package override is no exception.
fn override_of(item: &Node<'_>) -> Refusal {
    let name = item.str("name").map_or_else(
        || "every package".into(),
        |name| format!("`{}`", shown(name)),
    );
    let all = item.flag("ignore") || item.at(&["vulnerability"]).flag("ignore");
    let reason = if all {
        format!(
            "hides all vulnerabilities of {name}: an exception names the vulnerabilities it is for"
        )
    } else {
        format!("says something of the licence of {name}: that is no exception to a vulnerability")
    };
    (item.line, reason)
}

pub(super) fn write(
    exceptions: &[Exception],
    existing: &str,
    unsaid: &mut Unsaid,
) -> Result<String, String> {
    let existing = Existing::of(existing)?;
    let outside = toml(existing.outside()).map_err(|error| broken(&error))?;
    let near = |member: &&Member<'_>| {
        member.key != "IgnoredVulns" && member.key.eq_ignore_ascii_case("IgnoredVulns")
    };
    if let Some(member) = outside.members().iter().find(near) {
        return Err(format!(
            "line {} has `{}`, which OSV-Scanner takes for `IgnoredVulns`: write it so, and write again",
            member.line, member.key
        ));
    }
    // The first entry of an id counts: one of ours would end theirs, or be void.
    let mut taken: HashMap<&str, String> = outside
        .at(&["IgnoredVulns"])
        .items()
        .iter()
        .filter_map(|item| Some((item.str("id")?, format!("line {} of the file", item.line))))
        .collect();
    let mut body = String::new();
    for exception in exceptions {
        let Some(plan) = unsaid.plan(exception) else {
            continue;
        };
        let rest = match said(&plan) {
            Ok(rest) => rest,
            Err(why) => {
                unsaid.whole(exception, why);
                continue;
            }
        };
        for id in plan.ids(unsaid) {
            if let Some(whose) = taken.get(id) {
                let why =
                    format!("{whose} has an entry for it, and OSV-Scanner heeds the first only");
                unsaid.id(exception, id, why);
                continue;
            }
            taken.insert(id, format!("exception `{}`", shown(&exception.id)));
            let gap = if body.is_empty() { "" } else { "\n" };
            let _ = write!(
                body,
                "{gap}{}\n[[IgnoredVulns]]\nid = {}\n{rest}",
                comment(exception),
                quoted(id)
            );
        }
    }
    existing.with(Place::Own, &body, toml)
}

/// What stands behind the id.
fn said(plan: &Plan<'_>) -> Result<String, String> {
    if !matches!(plan.package, Package::Any) {
        return Err("OSV-Scanner cannot ignore one vulnerability for one package only".into());
    }
    if plan
        .exception
        .scope
        .paths
        .iter()
        .any(|path| path != OWN_FOLDER)
    {
        return Err("OSV-Scanner cannot ignore a vulnerability for some paths only: its file holds for its own folder".into());
    }
    let mut out = String::new();
    match &plan.end {
        None => {}
        Some(End::Time(time)) => {
            let _ = writeln!(out, "ignoreUntil = {time}");
        }
        // With an offset: without one it would be the local midnight of whoever scans.
        Some(End::Day(day)) => {
            let next = day.next().ok_or("there is no day after its last one")?;
            let _ = writeln!(out, "ignoreUntil = {next}T00:00:00Z");
        }
    }
    if let Some(reason) = &plan.exception.reason {
        let _ = writeln!(out, "reason = {}", quoted(reason));
    }
    Ok(out)
}
