//! cargo-deny's [`deny.toml`](https://embarkstudios.github.io/cargo-deny/checks/advisories/cfg.html).
//!
//! Only `[advisories] ignore` holds exceptions: ids of advisories, as a text or as `{ id, reason }`, and withdrawn
//! crates, as `name@version` or `{ crate, reason }` or `{ name, version, reason }`. Read off
//! [`src/advisories/cfg.rs`](https://github.com/EmbarkStudios/cargo-deny/blob/main/src/advisories/cfg.rs): a text whose
//! part before the first dash is all capitals is an id. An advisory is about crates whatever else its aliases are
//! about, so it reads as an exception for [`CRATES`]; each is about one crate, so an exception for one crate may be
//! written as an id alone. Entries never end, and other keys are errors to cargo-deny.

use std::collections::HashSet;
use std::fmt::Write as _;

use stanchion_model::exception::{Exception, ForeignExceptions};
use stanchion_model::purl::Purl;
use stanchion_syntax::{Node, SyntaxError, Value};

use super::block::{BEGIN, END, Existing, Place, broken};
use super::reading::{
    Found, Refusal, exception, fields, id, line_of, no_exception, shown, text, toml,
};
use super::writing::{Package, Plan, Unsaid, comment, quoted};

/// All crates.
const CRATES: &str = "pkg:cargo/*";

/// The id of the finding that a version has been withdrawn.
const YANKED: &str = "yanked";

/// Tables that let things pass without being exceptions to an advisory.
const OTHERS: [(&str, &str); 3] = [
    ("bans", "says which crates may be used"),
    (
        "licenses",
        "says which licences are allowed, and for which crates",
    ),
    ("sources", "says where crates may come from"),
];

pub(super) fn read(file: &str) -> Result<ForeignExceptions, SyntaxError> {
    let root = toml(file)?;
    let mut found = Found::new();
    no_exception(&mut found, &root, &OTHERS);
    let ignore = root.at(&["advisories", "ignore"]);
    if !ignore.is_array() && !ignore.is_null() {
        let reason = format!("`ignore` is {} and not a list", ignore.kind());
        found.refuse((ignore.line, reason));
    }
    for item in ignore.items() {
        found.entry(item.line, |found| {
            found.add(entry(item)?);
            Ok(())
        });
    }
    Ok(found.done())
}

fn entry(item: &Node<'_>) -> Result<Exception, Refusal> {
    if let Some(word) = item.as_str() {
        return match word.split_once('-') {
            Some((kind, _)) if kind.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Ok(advisory(id(Some(word), item.line)?, None, item.line))
            }
            _ => withdrawn(word, None, item.line),
        };
    }
    if item.get("id").is_some() {
        fields(item, &["id", "reason"], "an ignored advisory")?;
        let id = id(text(item, "id")?, line_of(item, "id"))?;
        return Ok(advisory(id, text(item, "reason")?, item.line));
    }
    if item.get("crate").is_some() {
        fields(item, &["crate", "reason"], "an ignored crate")?;
        let spec = text(item, "crate")?.unwrap_or_default();
        return withdrawn(spec, text(item, "reason")?, item.line);
    }
    fields(item, &["name", "version", "reason"], "an ignored crate")?;
    let name = text(item, "name")?.unwrap_or_default();
    let version = text(item, "version")?;
    // Here a version is a requirement: bare, it takes later ones too.
    if let Some(version) = version.filter(|version| !version.starts_with('=')) {
        let reason = format!(
            "`{}` takes later versions too: `=1.2.3` is one",
            shown(version)
        );
        return Err((line_of(item, "version"), reason));
    }
    let version = version.map(|version| version.trim_start_matches('=').trim());
    of_crate(name, version, text(item, "reason")?, item.line)
}

fn advisory(id: String, reason: Option<&str>, line: u32) -> Exception {
    let mut read = exception(id, reason, line);
    read.scope.purl = Some(CRATES.to_owned());
    read
}

/// A crate as `name`, `name@version` or `name:requirement`.
fn withdrawn(spec: &str, reason: Option<&str>, line: u32) -> Result<Exception, Refusal> {
    if let Some((name, version)) = spec.split_once('@') {
        return of_crate(name, Some(version), reason, line);
    }
    if spec.contains(':') {
        let why = format!(
            "`{}` takes later versions too: `name@1.2.3` is one",
            shown(spec)
        );
        return Err((line, why));
    }
    of_crate(spec, None, reason, line)
}

fn of_crate(
    name: &str,
    version: Option<&str>,
    reason: Option<&str>,
    line: u32,
) -> Result<Exception, Refusal> {
    if !is_crate(name) {
        return Err((
            line,
            format!("`{}` is neither an advisory nor a crate", shown(name)),
        ));
    }
    if let Some(version) = version
        && !is_full_version(version)
    {
        let why = format!("`{}` is not one version (`1.2.3`)", shown(version));
        return Err((line, why));
    }
    let purl = Purl::build("cargo", None, name)
        .build()
        .map_err(|error| (line, format!("crate `{}`: {error}", shown(name))))?;
    let mut read = exception(YANKED.to_owned(), reason, line);
    read.scope.purl = Some(purl.to_string());
    read.scope.versions = version.map(str::to_owned);
    Ok(read)
}

fn is_crate(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether a text is a version of three numbers: with fewer, cargo-deny takes all that begin so.
fn is_full_version(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers = core.split('.').all(|number| {
        !number.is_empty()
            && number.len() < 19
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && (number == "0" || !number.starts_with('0'))
    });
    core.split('.').count() == 3
        && numbers
        && version
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
}

pub(super) fn write(
    exceptions: &[Exception],
    existing: &str,
    unsaid: &mut Unsaid,
) -> Result<String, String> {
    let existing = Existing::of(existing)?;
    let outside = toml(existing.outside()).map_err(|error| broken(&error))?;
    let list = outside.at(&["advisories"]).member("ignore");
    let place = match list {
        Some(member) if existing.may_be_in_list() => {
            Place::List(existing.indent(member.value.items().first().map(|item| item.line)))
        }
        _ => Place::Own,
    };
    let indent = match place {
        Place::Own => "    ",
        Place::List(indent) => indent,
    };
    let mut seen: HashSet<String> = list
        .iter()
        .flat_map(|member| member.value.items())
        .filter_map(spec_of)
        .collect();
    let mut items = String::new();
    for exception in exceptions {
        let Some(plan) = unsaid.plan(exception) else {
            continue;
        };
        if let Err(why) = fits(&plan) {
            unsaid.whole(exception, why);
            continue;
        }
        for id in plan.ids(unsaid) {
            let (key, spec) = match said(&plan, id) {
                Ok(said) => said,
                Err(why) => {
                    unsaid.id(exception, id, why);
                    continue;
                }
            };
            if !seen.insert(spec.clone()) {
                unsaid.id(exception, id, "the file has an entry for it already");
                continue;
            }
            if let (Package::One(purl), "id") = (&plan.package, key) {
                let what = format!(
                    "{id} without `{}`: the advisory is about one crate",
                    shown(&purl.to_string())
                );
                unsaid.part(exception, what);
            }
            let _ = write!(
                items,
                "{indent}{}\n{indent}{{ {key} = {}",
                comment(exception),
                quoted(&spec)
            );
            if let Some(reason) = &exception.reason {
                let _ = write!(items, ", reason = {}", quoted(reason));
            }
            items.push_str(" },\n");
        }
    }
    let body = match place {
        Place::List(_) => items,
        Place::Own if items.is_empty() => items,
        Place::Own => match outside.member("advisories") {
            None => format!("[advisories]\nignore = [\n{items}]\n"),
            Some(table) => {
                let line = list.map_or(table.line, |member| member.line);
                return Err(format!(
                    "line {line} has `[advisories]` already, and a table stands once: give it a list `ignore = [ … ]` over several lines, put the two lines `{BEGIN}` and `{END}` before its closing bracket, a comma behind the item above them, and write again"
                ));
            }
        },
    };
    existing.with(place, &body, toml)
}

/// What an entry of the user's names.
fn spec_of(item: &Node<'_>) -> Option<String> {
    let named = match &item.value {
        Value::String(spec) => return Some(spec.clone().into_owned()),
        _ => item.str("id").or_else(|| item.str("crate")),
    };
    named.map(str::to_owned)
}

fn fits(plan: &Plan<'_>) -> Result<(), String> {
    if let Some(end) = &plan.end {
        return Err(format!(
            "it ends ({end}), and an entry of cargo-deny's never does"
        ));
    }
    if !plan.exception.scope.paths.is_empty() {
        return Err("cargo-deny does not know paths".into());
    }
    match &plan.package {
        Package::Begins(begin) if *begin != CRATES.trim_end_matches('*') => {
            Err(format!("cargo-deny cannot be told `{}*`", shown(begin)))
        }
        Package::One(purl) if purl.purl_type() != "cargo" || !is_crate(purl.name()) => {
            Err(format!(
                "`{}` is no crate, and cargo-deny knows nothing else",
                shown(&purl.to_string())
            ))
        }
        Package::One(purl) if purl.qualifiers().next().is_some() || purl.subpath().is_some() => {
            Err("cargo-deny has no place for the purl's qualifiers or path".into())
        }
        _ => Ok(()),
    }
}

/// The key and the value that name what is ignored.
fn said(plan: &Plan<'_>, id: &str) -> Result<(&'static str, String), String> {
    if id == YANKED {
        return match (&plan.package, plan.version) {
            (Package::One(purl), None) => Ok(("crate", purl.name().to_owned())),
            (Package::One(purl), Some(version)) if is_full_version(version) => {
                Ok(("crate", format!("{}@{version}", purl.name())))
            }
            (Package::One(_), Some(version)) => {
                Err(format!("`{}` is not one version (`1.2.3`)", shown(version)))
            }
            _ => Err("cargo-deny ignores that a version is withdrawn for one crate only".into()),
        };
    }
    if !id.starts_with("RUSTSEC-") {
        return Err("cargo-deny knows advisories by their RustSec ids".into());
    }
    if plan.version.is_some() {
        return Err("cargo-deny cannot ignore an advisory for one version only".into());
    }
    Ok(("id", id.to_owned()))
}
