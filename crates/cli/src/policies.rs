//! Finds the policy of a target, and the exceptions, decisions and VEX beside it.
//!
//! A policy that is named wins. Else every `policy.toml` from the target up to the root of its repository counts: the
//! outermost is the base, and each further in may only tighten it.

use std::io::Read;
use std::path::{Path, PathBuf};

use stanchion_formats::vex;
use stanchion_model::inventory::{Problem, ProblemKind};
use stanchion_policy::change::{self, Effect};
use stanchion_policy::claims::{self, Claims};
use stanchion_policy::clock::Calendar;
use stanchion_policy::exceptions::{self, Exceptions};
use stanchion_policy::extend::{self, Source};
use stanchion_policy::file::{self, Fault, Place, Policy, digest};
use stanchion_policy::presets;

use crate::exit::{Exit, Failure, failure};
use crate::output;
use crate::policy_args::At;
use crate::repository;

/// The policy's name in a folder.
pub(crate) const POLICY: &str = "policy.toml";
/// The folder of VEX documents beside it.
pub(crate) const VEX: &str = "vex";
/// Most policies above each other.
const DEEPEST: usize = 6;
/// Most VEX documents that are read.
const MOST_VEX: usize = 1000;
/// Largest VEX document.
const MOST_VEX_BYTES: u64 = 64 << 20;

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
    let Some((policy, folders)) = policy(named, place)? else {
        return Ok(None);
    };
    let target = real(place.target)?;
    let mut loaded = Loaded {
        exceptions: Exceptions::default(),
        claims: Claims::default(),
        prefix: folders
            .first()
            .map_or_else(String::new, |folder| prefix(&target, folder)),
        problems: Vec::new(),
        policy,
    };
    let home = folders.last().cloned();
    for folder in &folders {
        beside(
            &mut loaded,
            folder,
            home.as_deref(),
            &prefix(&target, folder),
            place,
        )?;
    }
    Ok(Some(loaded))
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
    let target = real(place.target)?;
    if let Some(name) = named {
        if presets::find(name).is_some() {
            let policy = extend::preset(name)
                .unwrap_or_else(|| Err(Vec::new()))
                .map_err(|faults| tell(&faults, &|_| None))?;
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
    Ok(Some((joined(&folders, place)?, folders)))
}

/// The policy of a folder joined with those of the folders above it, the innermost first. It may only tighten them, and
/// whether it does is decided as for any change.
fn joined(folders: &[PathBuf], place: &Where<'_>) -> Result<Policy, Failure> {
    let Some((inner, above)) = folders.split_first().filter(|(_, above)| !above.is_empty()) else {
        return read_policy(&folders[0].join(POLICY), place);
    };
    let path = inner.join(POLICY);
    let own = read_policy(&path, place)?;
    let text = |_: &str| std::fs::read_to_string(&path).ok();
    let at = Place {
        file: own.file.clone(),
        line: 1,
    };
    let whole = extend::join(joined(above, place)?, own, &at, true)
        .map_err(|faults| tell(&faults, &text))?;
    let faults: Vec<Fault> = change::changes(&joined(above, place)?, &whole)
        .into_iter()
        .filter(|one| one.effect == Effect::Loosens)
        .map(|one| Fault {
            place: one.place,
            message: format!(
                "{}: {}; a folder may only tighten the policy of the folders above it",
                one.what, one.how
            ),
            hint: Some("take it out, or have it written into the policy above".into()),
        })
        .collect();
    if faults.is_empty() {
        Ok(whole)
    } else {
        Err(tell(&faults, &text))
    }
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
    let source = Beside { place };
    let name = called(path, place);
    extend::load(&name, &text, &source)
        .map_err(|faults| tell(&faults, &|file| (file == name).then(|| text.clone())))
}

/// Policies that another extends by a path: relative to its folder, and not out of it by a link.
struct Beside<'a> {
    place: &'a Where<'a>,
}

impl Source for Beside<'_> {
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

/// Reads what stands beside a policy. What is wrong with it becomes a problem: it decides nothing.
fn beside(
    loaded: &mut Loaded,
    folder: &Path,
    home: Option<&Path>,
    prefix: &str,
    place: &Where<'_>,
) -> Result<(), Failure> {
    let calendar = loaded.policy.calendar();
    let file = folder.join(exceptions::FILE);
    if file.exists() {
        match stays_inside(&file, place)
            .and_then(|()| bounded(&file, exceptions::MOST_BYTES as u64))
        {
            Ok(text) => {
                let faults =
                    loaded
                        .exceptions
                        .read(&called(&file, place), &text, prefix, &calendar);
                loaded.problems.extend(faults.into_iter().map(problem));
            }
            Err(failure) => loaded.problems.push(unreadable(
                &called(&file, place),
                &failure,
                "no exception of it is in force",
            )),
        }
    }
    let file = folder.join(claims::FILE);
    if file.exists() {
        match stays_inside(&file, place).and_then(|()| bounded(&file, claims::MOST_BYTES as u64)) {
            Ok(text) => {
                let faults = loaded
                    .claims
                    .own(&called(&file, place), &text, prefix, &calendar);
                loaded.problems.extend(faults.into_iter().map(problem));
            }
            Err(failure) => loaded.problems.push(unreadable(
                &called(&file, place),
                &failure,
                "no decision of it is in force",
            )),
        }
    }
    for file in vex_files(&folder.join(VEX))? {
        let name = called(&file, place);
        let document = stays_inside(&file, place)
            .and_then(|()| bounded_bytes(&file, MOST_VEX_BYTES))
            .and_then(|bytes| Ok((digest(&bytes), vex::read(&bytes).map_err(Failure::new)?)));
        match document {
            Ok((digest, document)) => {
                // A policy names documents from its own folder, the outermost one: no other may trust any.
                let relative = home
                    .and_then(|home| file.strip_prefix(home).ok())
                    .unwrap_or(&file);
                let relative = relative.to_string_lossy().replace('\\', "/");
                let taken = loaded
                    .claims
                    .take(Some(&loaded.policy), &relative, &digest, &document);
                let refused = document
                    .refused
                    .iter()
                    .map(|refused| (refused.line, refused.reason.clone()));
                for (line, reason) in refused.chain(taken.unusable) {
                    loaded.problems.push(Problem {
                        path: name.clone(),
                        line: Some(line),
                        kind: ProblemKind::Odd,
                        reason: format!("a statement is not used: {reason}"),
                        hint: None,
                    });
                }
            }
            Err(failure) => {
                loaded
                    .problems
                    .push(unreadable(&name, &failure, "no statement of it is used"));
            }
        }
    }
    Ok(())
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

/// A fault in a file beside the policy, as a problem of the scan.
pub(crate) fn problem(fault: Fault) -> Problem {
    Problem {
        path: fault.place.file.to_string(),
        line: Some(fault.place.line),
        kind: ProblemKind::Odd,
        reason: fault.message,
        hint: fault.hint,
    }
}

fn unreadable(name: &str, failure: &Failure, so: &str) -> Problem {
    Problem {
        path: name.to_owned(),
        line: None,
        kind: ProblemKind::Odd,
        reason: format!("{:#}; {so}", failure.error),
        hint: failure.hint.clone(),
    }
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
