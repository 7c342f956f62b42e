//! Finds the policy of a target, and the exceptions, decisions and VEX beside it.
//!
//! A policy that is named wins. Else every `policy.toml` from the target up to the root of its repository counts: the
//! outermost is the base, and each further in may only tighten it. A bundle of the portal stands further out than all
//! of them, a named one too; beside it, only the portal says what may stay open.

use std::io::Read;
use std::path::{Path, PathBuf};

use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_model::text::quoted;
use stanchion_policy::beside::{Beside, Kind, MOST_VEX, MOST_VEX_BYTES};
use stanchion_policy::bundle::Bundle;
use stanchion_policy::change;
use stanchion_policy::claims::{self, Claims};
use stanchion_policy::clock::Calendar;
use stanchion_policy::exceptions::{self, Exceptions};
use stanchion_policy::extend::{self, Source};
use stanchion_policy::file::{self, Fault, Policy};
use stanchion_policy::presets;

use crate::exit::{Exit, Failure, failure};
use crate::output;
use crate::policy_args::At;
use crate::repository;

/// The policy's name in a folder.
pub(crate) const POLICY: &str = "policy.toml";
/// The folder of VEX documents beside it.
pub(crate) use stanchion_policy::beside::VEX;
/// Most policies above each other.
const DEEPEST: usize = 6;
/// Most entries of a file that are named when it is told that none of them counts.
const NAMED: usize = 5;

/// A policy and what stands beside it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) exceptions: Exceptions,
    pub(crate) claims: Claims,
    /// The target's folder relative to the policy's, with a slash at its end.
    pub(crate) prefix: String,
    /// What is wrong with the files beside the policy: none of it decides anything.
    pub(crate) problems: Vec<Problem>,
}

/// Where files are looked for, and what they are called when they are told of.
pub(crate) struct Where<'a> {
    /// The folder that is scanned.
    pub(crate) target: &'a Path,
    /// No folder above this one is looked into.
    pub(crate) top: Option<&'a Path>,
    /// What stands before a file's name where it is not the checkout's own.
    pub(crate) mark: &'a str,
}

/// The folder of a target: itself, or that of its file.
pub(crate) fn folder_of(target: &Path) -> PathBuf {
    let name = target.to_string_lossy();
    if name == "-" || name.starts_with("pkg:") {
        return PathBuf::from(".");
    }
    if target.is_dir() {
        return target.to_owned();
    }
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The policy of a target with all that stands beside it; `None` where nobody names one and none is found.
pub(crate) fn load(named: Option<&str>, place: &Where<'_>) -> Result<Option<Loaded>, Failure> {
    load_under(None, named, place)
}

/// As [`load`], under a bundle of the portal where there is one. The repository's own policy may then only tighten the
/// bundle's, and what stands beside it decides nothing: it could let something stay open that the portal keeps closed.
pub(crate) fn load_under(
    bundle: Option<&Bundle>,
    named: Option<&str>,
    place: &Where<'_>,
) -> Result<Option<Loaded>, Failure> {
    let target = real(place.target)?;
    let found = policy_under(bundle, named, place)?;
    if let Some(bundle) = bundle {
        let opened = bundle.open().map_err(|faults| untold(bundle, &faults))?;
        let mut problems = opened.problems;
        let prefix = match &found {
            Some((_, folders)) => prefix_of(&target, folders),
            None => String::new(),
        };
        let (policy, folders) = found.unwrap_or((opened.policy, vec![target]));
        for folder in &folders {
            aside(&mut problems, folder, place, &policy.calendar())?;
        }
        return Ok(Some(Loaded {
            policy,
            exceptions: opened.exceptions,
            claims: opened.claims,
            prefix,
            problems,
        }));
    }
    let Some((policy, folders)) = found else {
        return Ok(None);
    };
    let mut read = Beside::default();
    let home = folders.last().map(PathBuf::as_path);
    for folder in &folders {
        beside(
            &mut read,
            &policy,
            folder,
            home,
            &prefix(&target, folder),
            place,
        )?;
    }
    Ok(Some(Loaded {
        prefix: prefix_of(&target, &folders),
        policy,
        exceptions: read.exceptions,
        claims: read.claims,
        problems: read.problems,
    }))
}

/// The target relative to the innermost folder with a policy.
fn prefix_of(target: &Path, folders: &[PathBuf]) -> String {
    folders
        .first()
        .map_or_else(String::new, |folder| prefix(target, folder))
}

/// What is wrong with a bundle's own policy.
fn untold(bundle: &Bundle, faults: &[Fault]) -> Failure {
    tell(faults, &|file| bundle.text(file).map(str::to_owned))
}

/// The folder in which exceptions, decisions and documents about a target are kept, and the calendar of its policy.
pub(crate) fn home(at: &At) -> Result<(PathBuf, Calendar), Failure> {
    let folder = folder_of(&at.target);
    let here = Where {
        target: &folder,
        top: None,
        mark: "",
    };
    Ok(match policy(at.policy.as_deref(), &here)? {
        Some((policy, folders)) => (
            folders.into_iter().next().unwrap_or(folder),
            policy.calendar(),
        ),
        None => (folder, Calendar::default()),
    })
}

/// The policy alone, and the folders in which something may stand beside it, the innermost first.
pub(crate) fn policy(
    named: Option<&str>,
    place: &Where<'_>,
) -> Result<Option<(Policy, Vec<PathBuf>)>, Failure> {
    policy_under(None, named, place)
}

fn policy_under(
    bundle: Option<&Bundle>,
    named: Option<&str>,
    place: &Where<'_>,
) -> Result<Option<(Policy, Vec<PathBuf>)>, Failure> {
    let target = real(place.target)?;
    if let Some(name) = named {
        if presets::find(name).is_some() {
            let policy = extend::preset(name)
                .unwrap_or_else(|| Err(Vec::new()))
                .map_err(|faults| tell(&faults, &|_| None))?;
            let policy = under(bundle, policy, &|_| None)?;
            return Ok(Some((policy, vec![target])));
        }
        let path = PathBuf::from(name);
        if !path.is_file() {
            return Err(
                failure(format!("{name:?} is neither a policy file nor a preset")).hint(format!(
                    "the presets are {}",
                    presets::names().collect::<Vec<_>>().join(", ")
                )),
            );
        }
        let policy = read_policy(&path, place)?;
        let policy = under(bundle, policy, &|_| std::fs::read_to_string(&path).ok())?;
        let folder = real(
            path.parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        )?;
        // What a policy from elsewhere stands beside is not this target's.
        let folder = if target.starts_with(&folder) {
            folder
        } else {
            target
        };
        return Ok(Some((policy, vec![folder])));
    }
    let root = top_of(place, &target);
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in target.ancestors() {
        // Whatever stands there: a policy that cannot be read is not a missing one.
        if folder.join(POLICY).symlink_metadata().is_ok() {
            folders.push(folder.to_owned());
            // Outside a repository nobody knows how far up the organisation's own folders go.
            if root.is_none() {
                break;
            }
        }
        if root.as_deref() == Some(folder) {
            break;
        }
    }
    if folders.len() > DEEPEST {
        return Err(failure(format!(
            "more than {DEEPEST} folders above the target have a {POLICY}"
        )));
    }
    if folders.is_empty() {
        return Ok(None);
    }
    Ok(Some((joined(bundle, &folders, place)?, folders)))
}

/// The policy of a folder joined with those of the folders above it, the innermost first. It may only tighten them, and
/// whether it does is decided as for any change.
fn joined(
    bundle: Option<&Bundle>,
    folders: &[PathBuf],
    place: &Where<'_>,
) -> Result<Policy, Failure> {
    let (inner, above) = folders
        .split_first()
        .ok_or_else(|| failure("no folder has a policy"))?;
    let path = inner.join(POLICY);
    let text = |_: &str| std::fs::read_to_string(&path).ok();
    let own = read_policy(&path, place)?;
    if above.is_empty() {
        return under(bundle, own, &text);
    }
    let base = || joined(bundle, above, place);
    change::tightened(base()?, &base()?, own).map_err(|faults| tell(&faults, &text))
}

/// The outermost policy of a repository, under the portal's where there is one.
fn under(
    bundle: Option<&Bundle>,
    own: Policy,
    text: &dyn Fn(&str) -> Option<String>,
) -> Result<Policy, Failure> {
    let Some(bundle) = bundle else {
        return Ok(own);
    };
    let base = || bundle.policy().map_err(|faults| untold(bundle, &faults));
    let text = |file: &str| match bundle.text(file) {
        Some(found) => Some(found.to_owned()),
        None => text(file),
    };
    change::tightened(base()?, &base()?, own).map_err(|faults| tell(&faults, &text))
}

/// The folder that nothing leads out of: the one that was named, or the repository's root.
fn top_of(place: &Where<'_>, target: &Path) -> Option<PathBuf> {
    match place.top {
        Some(top) => top.canonicalize().ok(),
        None => repository::root_of(target),
    }
}

/// What a link that leads out of the repository, or out of its folder where there is none, is refused for: a change could
/// point it anywhere.
fn stays_inside(path: &Path, place: &Where<'_>) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let Ok(real) = path.canonicalize() else {
        return Ok(());
    };
    let top = folder
        .canonicalize()
        .ok()
        .and_then(|folder| top_of(place, &folder).or(Some(folder)));
    if top.is_some_and(|top| real.starts_with(top)) {
        return Ok(());
    }
    Err(failure(format!(
        "{} is a link that leads out of its repository",
        called(path, place)
    ))
    .hint("put the file there itself"))
}

fn real(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|error| {
        failure(format!("cannot open {}: {error}", path.display()))
            .hint("name a folder or a file that is there")
    })
}

/// The target relative to a folder that holds it, with a slash at its end.
fn prefix(target: &Path, folder: &Path) -> String {
    let parts: Vec<String> = target
        .strip_prefix(folder)
        .unwrap_or(Path::new(""))
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("{}/", parts.join("/"))
    }
}

/// What a file is called when it is told of.
fn called(path: &Path, place: &Where<'_>) -> String {
    let short = match place.top {
        Some(top) => real(top)
            .ok()
            .and_then(|top| path.strip_prefix(top).ok().map(Path::to_owned)),
        None => std::env::current_dir()
            .ok()
            .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)),
    };
    let name = short
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string();
    format!("{}{name}", place.mark)
}

fn read_policy(path: &Path, place: &Where<'_>) -> Result<Policy, Failure> {
    stays_inside(path, place)?;
    let text = bounded(path, file::MOST_BYTES as u64)?;
    let source = Files { place };
    let name = called(path, place);
    extend::load(&name, &text, &source)
        .map_err(|faults| tell(&faults, &|file| (file == name).then(|| text.clone())))
}

/// Policies that another extends by a path: relative to its folder, and not out of it by a link.
struct Files<'a> {
    place: &'a Where<'a>,
}

impl Source for Files<'_> {
    fn policy(&self, from: &str, path: &str) -> Result<(String, String), String> {
        let from = from.strip_prefix(self.place.mark).unwrap_or(from);
        let from = self
            .place
            .top
            .map_or_else(|| PathBuf::from(from), |top| top.join(from));
        let folder = from
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .to_owned();
        let file = folder.join(path);
        let real = file
            .canonicalize()
            .map_err(|error| format!("{path:?} cannot be read: {error}"))?;
        if let Some(root) = self
            .place
            .top
            .map(Path::to_owned)
            .or_else(|| repository::root_of(&folder))
            && !root.canonicalize().is_ok_and(|root| real.starts_with(root))
        {
            return Err(format!("{path:?} leads out of the repository"));
        }
        let text =
            bounded(&real, file::MOST_BYTES as u64).map_err(|failure| failure.error.to_string())?;
        Ok((called(&real, self.place), text))
    }
}

/// A text file of at most so many bytes.
pub(crate) fn bounded(path: &Path, most: u64) -> Result<String, Failure> {
    String::from_utf8(bounded_bytes(path, most)?)
        .map_err(|_| failure(format!("{} is not UTF-8", path.display())).hint("save it as UTF-8"))
}

/// A regular file of at most so many bytes.
pub(crate) fn bounded_bytes(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| failure(format!("cannot read {}: {error}", path.display()));
    // Asked before opening: opening a pipe would wait for its other end.
    if !path.metadata().map_err(|error| wrong(&error))?.is_file() {
        return Err(wrong(&"it is no regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(&error))?;
    if bytes.len() as u64 > most {
        return Err(failure(format!(
            "{} has more than {most} bytes",
            path.display()
        )));
    }
    Ok(bytes)
}

/// A file beside a policy that must not lead out of its repository, of at most so many bytes; `None` where there is none.
fn text_beside(path: &Path, most: usize, place: &Where<'_>) -> Option<Result<String, Failure>> {
    path.exists()
        .then(|| stays_inside(path, place).and_then(|()| bounded(path, most as u64)))
}

/// Reads exceptions and decisions.
fn texts(read: &mut Beside, folder: &Path, prefix: &str, calendar: &Calendar, place: &Where<'_>) {
    let file = folder.join(exceptions::FILE);
    let name = called(&file, place);
    match text_beside(&file, exceptions::MOST_BYTES, place) {
        Some(Ok(text)) => read.exceptions(&name, &text, prefix, calendar),
        Some(Err(failure)) => unreadable(read, Kind::Exceptions, &name, failure),
        None => {}
    }
    let file = folder.join(claims::FILE);
    let name = called(&file, place);
    match text_beside(&file, claims::MOST_BYTES, place) {
        Some(Ok(text)) => read.decisions(&name, &text, prefix, calendar),
        Some(Err(failure)) => unreadable(read, Kind::Decisions, &name, failure),
        None => {}
    }
}

/// Reads what stands beside a policy. What is wrong with it becomes a problem: it decides nothing.
fn beside(
    read: &mut Beside,
    policy: &Policy,
    folder: &Path,
    home: Option<&Path>,
    prefix: &str,
    place: &Where<'_>,
) -> Result<(), Failure> {
    texts(read, folder, prefix, &policy.calendar(), place);
    for file in vex_files(&folder.join(VEX))? {
        let name = called(&file, place);
        let bytes =
            stays_inside(&file, place).and_then(|()| bounded_bytes(&file, MOST_VEX_BYTES as u64));
        match bytes {
            Ok(bytes) => {
                // A policy names documents from its own folder, the outermost one: no other may trust any.
                let relative = home
                    .and_then(|home| file.strip_prefix(home).ok())
                    .unwrap_or(&file);
                let relative = relative.to_string_lossy().replace('\\', "/");
                read.vex(policy, &name, &relative, &bytes);
            }
            Err(failure) => unreadable(read, Kind::Vex, &name, failure),
        }
    }
    Ok(())
}

fn unreadable(read: &mut Beside, kind: Kind, name: &str, failure: Failure) {
    read.unreadable(kind, name, &failure.error, failure.hint);
}

/// Tells what stands beside a repository's own policy and decides nothing, since the portal decides.
fn aside(
    problems: &mut Vec<Problem>,
    folder: &Path,
    place: &Where<'_>,
    calendar: &Calendar,
) -> Result<(), Failure> {
    // Read for what it holds alone, and dropped.
    let mut read = Beside::default();
    texts(&mut read, folder, "", calendar, place);
    let exceptions: Vec<&str> = read
        .exceptions
        .entries()
        .iter()
        .map(|entry| entry.exception.id.as_str())
        .collect();
    let decisions: Vec<&str> = read
        .claims
        .all()
        .iter()
        .map(|claim| claim.ids.first().map_or("", String::as_str))
        .collect();
    let documents: Vec<String> = vex_files(&folder.join(VEX))?
        .iter()
        .filter_map(|file| file.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    problems.append(&mut read.problems);
    for (file, what, names) in [
        (exceptions::FILE, "exception", exceptions),
        (claims::FILE, "decision", decisions),
        (VEX, "VEX document", documents),
    ] {
        if names.is_empty() {
            continue;
        }
        let verb = if names.len() == 1 { "is" } else { "are" };
        let plural = if names.len() == 1 { "" } else { "s" };
        problems.push(Problem {
            path: called(&folder.join(file), place),
            line: None,
            kind: ProblemKind::Odd,
            reason: format!(
                "{} {what}{plural} of the repository {verb} not in force, since the portal decides: {}",
                names.len(),
                listed(&names)
            ),
            hint: Some("bring what should hold to the portal".into()),
        });
    }
    Ok(())
}

/// The first names of a list, short and harmless.
fn listed(names: &[&str]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| quoted(name, 80))
        .collect();
    if names.len() > NAMED {
        shown.push(format!("and {} more", names.len() - NAMED));
    }
    shown.join(", ")
}

fn vex_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = folder
        .read_dir()
        .map_err(|error| failure(format!("cannot read {}: {error}", folder.display())))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        })
        .take(MOST_VEX + 1)
        .collect();
    if files.len() > MOST_VEX {
        return Err(failure(format!(
            "{} holds more than {MOST_VEX} VEX documents",
            folder.display()
        ))
        .hint("join them, or take out those that are superseded"));
    }
    files.sort();
    Ok(files)
}

/// Tells all faults of a policy, each pointing into its file, and makes a failure of them.
pub(crate) fn tell(faults: &[Fault], text_of: &dyn Fn(&str) -> Option<String>) -> Failure {
    let Some((last, first)) = faults.split_last() else {
        return failure("the policy cannot be used");
    };
    for fault in first {
        output::say(&format!("error: {fault}{}", line_of(fault, text_of)));
        if let Some(hint) = &fault.hint {
            output::say(&format!("hint: {hint}\n"));
        }
    }
    let mut failure = failure(format!("{last}"));
    failure.hint.clone_from(&last.hint);
    failure.exit = Exit::Misuse;
    failure.excerpt = line_of(last, text_of);
    failure
}

/// The line that a fault points to, set off from the text.
fn line_of(fault: &Fault, text_of: &dyn Fn(&str) -> Option<String>) -> String {
    let text = match fault.place.file.strip_prefix("builtin:") {
        Some(name) => presets::find(name).map(|preset| preset.text.to_owned()),
        None => text_of(&fault.place.file),
    };
    let line = text
        .as_deref()
        .and_then(|text| {
            text.lines()
                .nth(fault.place.line.saturating_sub(1) as usize)
        })
        .map(str::trim_end);
    match line {
        Some(line) if !line.trim().is_empty() => {
            let number = fault.place.line.to_string();
            let cut: String = line.chars().take(120).collect();
            format!("\n  {number} | {cut}\n  {} |", " ".repeat(number.len()))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
