//! The `ignore` rules of Grype's [`.grype.yaml`](https://oss.anchore.com/docs/reference/grype/configuration/).
//!
//! All that a rule says must hold. Read off
//! [`grype/match/ignore.go`](https://github.com/anchore/grype/blob/main/grype/match/ignore.go): a rule without
//! `vulnerability` ignores all there is about a package, names of packages may be regular expressions, rules with
//! `vex-status` wait for a VEX document, and no rule ends by itself. Settings are read weakly: a bare `1.10` is the
//! number 1.1. Types and names of packages are
//! [Syft's](https://github.com/anchore/syft/blob/main/syft/pkg/type.go), which are those of a purl for the types in
//! [`TYPES`]; a Java package has its artifact's name without the group, and one of a distribution does not say which.

use std::fmt::Write as _;

use stanchion_model::Ecosystem;
use stanchion_model::exception::{Exception, ForeignExceptions};
use stanchion_model::purl::Purl;
use stanchion_syntax::{Member, Node, SyntaxError};

use super::block::{BEGIN, END, Existing, Place, broken};
use super::reading::{
    Found, Refusal, exception, fields, flag, id, is_exact, is_glob, line_of, no_exception, no_glob,
    shown, text, yaml,
};
use super::writing::{Package, Plan, Unsaid, comment, quoted};

/// Types in which Grype's name of a package and ours are the same: type, language, ecosystem.
const TYPES: [(&str, &str, Ecosystem); 12] = [
    ("npm", "javascript", Ecosystem::Npm),
    ("python", "python", Ecosystem::PyPi),
    ("go-module", "go", Ecosystem::Go),
    ("rust-crate", "rust", Ecosystem::CratesIo),
    ("gem", "ruby", Ecosystem::RubyGems),
    ("php-composer", "php", Ecosystem::Packagist),
    ("dotnet", "dotnet", Ecosystem::NuGet),
    ("dart-pub", "dart", Ecosystem::Pub),
    ("hackage", "haskell", Ecosystem::Hackage),
    ("hex", "", Ecosystem::Hex),
    ("R-package", "R", Ecosystem::Cran),
    ("lua-rocks", "lua", Ecosystem::LuaRocks),
];

/// Settings that hide findings in other ways.
const OTHERS: [(&str, &str); 7] = [
    ("only-fixed", "hides what has no fix"),
    ("only-notfixed", "hides what has a fix"),
    ("ignore-wontfix", "hides by the state of the fix"),
    ("ignore-states", "hides by the state of the fix"),
    ("exclude", "leaves files out"),
    ("vex-documents", "names VEX documents: read those instead"),
    ("vex-add", "hides by the status in VEX documents"),
];

/// Conditions that an exception has no place for: without them it would be wider.
const CONDITIONS: [(&str, &str); 5] = [
    ("namespace", "the source of the advisory"),
    ("fix-state", "the state of the fix"),
    ("vex-status", "the status in a VEX document"),
    ("vex-justification", "the justification in a VEX document"),
    ("match-type", "how it was found"),
];

pub(super) fn read(file: &str) -> Result<ForeignExceptions, SyntaxError> {
    let root = yaml(file)?;
    if !root.is_object() && !root.is_null() {
        return Err(SyntaxError {
            line: root.line,
            message: format!("{} where Grype's settings belong", root.kind()),
        });
    }
    let mut found = Found::new();
    no_exception(&mut found, &root, &OTHERS);
    let lists = root.members().iter().filter(|member| is_ignore(member));
    for (at, member) in lists.enumerate() {
        if at > 0 {
            found.refuse((member.line, "`ignore` stands twice".into()));
            break;
        }
        if !member.value.is_array() && !member.value.is_null() {
            let reason = format!("`ignore` is {} and not a list", member.value.kind());
            found.refuse((member.line, reason));
        }
        for item in member.value.items() {
            found.entry(item.line, |found| rule(found, item, file));
        }
    }
    Ok(found.done())
}

/// Whether this is the list of rules: Grype does not heed the case of a key.
fn is_ignore(member: &Member<'_>) -> bool {
    member.key.eq_ignore_ascii_case("ignore")
}

fn rule(found: &mut Found, item: &Node<'_>, file: &str) -> Result<(), Refusal> {
    let known = [
        "vulnerability",
        "include-aliases",
        "reason",
        "namespace",
        "fix-state",
        "package",
        "vex-status",
        "vex-justification",
        "match-type",
    ];
    fields(item, &known, "a rule")?;
    for (key, what) in CONDITIONS {
        if text(item, key)?.is_some() {
            let reason = format!("`{key}`: an exception has no place for {what}");
            return Err((line_of(item, key), reason));
        }
    }
    let id = match text(item, "vulnerability")? {
        None => {
            let reason = "no `vulnerability`: an exception names the vulnerabilities it is for";
            return Err((item.line, reason.into()));
        }
        some => id(some, line_of(item, "vulnerability"))?,
    };
    let mut read = exception(id, text(item, "reason")?, item.line);
    match item.get("package") {
        None => {}
        Some(package) if package.is_null() => {}
        Some(package) => scope(&mut read, package, file)?,
    }
    if flag(item, "include-aliases")? == Some(false) {
        let line = line_of(item, "include-aliases");
        found.lossy(
            line,
            "`include-aliases: false`: an exception always covers aliases",
        );
    }
    found.add(read);
    Ok(())
}

fn scope(read: &mut Exception, package: &Node<'_>, file: &str) -> Result<(), Refusal> {
    let known = [
        "name",
        "version",
        "language",
        "type",
        "location",
        "upstream-name",
    ];
    fields(package, &known, "a rule's `package`")?;
    if text(package, "upstream-name")?.is_some() {
        let reason = "`upstream-name`: an exception has no place for the package it was made from";
        return Err((line_of(package, "upstream-name"), reason.into()));
    }
    for key in ["name", "version"] {
        if let Some(value) = text(package, key)?
            && is_other_number(value)
            && !stands_quoted(file, package.get(key).map_or(0, |node| node.line), value)
        {
            let reason = format!(
                "`{key}` {value} without quotes is a number to Grype, which it writes otherwise"
            );
            return Err((line_of(package, key), reason));
        }
    }
    let (name, version) = (text(package, "name")?, text(package, "version")?);
    let kind = kind(package)?;
    read.scope.purl = match (name, kind) {
        (None, None) => None,
        (None, Some(ecosystem)) => Some(format!("pkg:{}/*", ecosystem.purl_type())),
        (Some(name), None) => {
            let reason = format!("package `{}` without its `type`", shown(name));
            return Err((line_of(package, "name"), reason));
        }
        (Some(name), Some(ecosystem)) => Some(
            purl(name, ecosystem)
                .map_err(|why| (line_of(package, "name"), why))?
                .to_string(),
        ),
    };
    if let Some(version) = version {
        let line = line_of(package, "version");
        if name.is_none() {
            return Err((line, "a version without a package".into()));
        }
        if !is_exact(version) {
            return Err((line, format!("`{}` is no exact version", shown(version))));
        }
        read.scope.versions = Some(version.to_owned());
    }
    if let Some(location) = text(package, "location")? {
        let line = package.get("location").map_or(0, |node| node.line);
        // Places are absolute, so another pattern than these never matches; ours would.
        let path = match location.strip_prefix('/') {
            Some(path) => path,
            None if location.starts_with("**/") => location,
            None => {
                return Err((
                    line,
                    "a `location` that matches nothing: it begins with `/` or `**/`".into(),
                ));
            }
        };
        if !is_glob(path) {
            return Err(no_glob(location, line));
        }
        read.scope.paths.push(path.to_owned());
    }
    Ok(())
}

/// The ecosystem that `type` and `language` say; `None` where neither is given.
fn kind(package: &Node<'_>) -> Result<Option<Ecosystem>, Refusal> {
    let (kind, language) = (text(package, "type")?, text(package, "language")?);
    let row = match (kind, language) {
        (None, None) => return Ok(None),
        (Some(kind), _) => TYPES.iter().find(|row| row.0 == kind),
        (None, Some(language)) => TYPES.iter().find(|row| row.1 == language),
    };
    let (key, value) = kind.map_or(("language", language), |kind| ("type", Some(kind)));
    let Some(row) = row else {
        let reason = format!(
            "{key} `{}`: which purl is meant cannot be told from it",
            shown(value.unwrap_or_default())
        );
        return Err((line_of(package, key), reason));
    };
    if language.is_some_and(|language| language != row.1) {
        let reason = "`type` and `language` do not go together".to_owned();
        return Err((line_of(package, "language"), reason));
    }
    Ok(Some(row.2))
}

/// The purl of a name as Grype has it; an error where the purl would say something else.
fn purl(name: &str, ecosystem: Ecosystem) -> Result<Purl, String> {
    if is_pattern(name) {
        return Err(format!(
            "`{}` is a regular expression: an exception names one package",
            shown(name)
        ));
    }
    let purl = ecosystem
        .purl(name, None, None, &[])
        .map_err(|error| format!("package `{}`: {error}", shown(name)))?;
    let (found, _, found_name) = Ecosystem::of_purl(&purl);
    if found == ecosystem
        && Purl::parse(&purl.to_string()).is_ok()
        && ecosystem.lookup_name(&found_name) == ecosystem.lookup_name(name)
        && purl.version().is_none()
    {
        Ok(purl)
    } else {
        Err(format!(
            "`{}` is no name of a package in {ecosystem}",
            shown(name)
        ))
    }
}

/// Whether Grype takes a name for a regular expression.
fn is_pattern(name: &str) -> bool {
    name.contains([
        '^', '$', '*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '\\',
    ])
}

/// Whether a bare scalar is a number or a date to Grype that it would write in another way.
fn is_other_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-', '.']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !text.is_ascii() {
        return false;
    }
    let plain = digits.len() == text.len()
        && match text.split_once('.') {
            None => is_plain_number(text),
            Some((whole, part)) => {
                is_plain_number(whole)
                    && !part.is_empty()
                    && !part.ends_with('0')
                    && part.bytes().all(|byte| byte.is_ascii_digit())
            }
        }
        && text.len() <= 15;
    let number = text.bytes().all(|byte| {
        byte.is_ascii_hexdigit() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'x' | b'o' | b'b')
    }) && text.matches('.').count() <= 1;
    let date = text.len() >= 8 && text.as_bytes().get(4) == Some(&b'-');
    !plain && (number || date)
}

/// Digits without a leading zero.
fn is_plain_number(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
}

fn stands_quoted(file: &str, line: u32, value: &str) -> bool {
    let line = file.lines().nth((line as usize).wrapping_sub(1));
    line.is_some_and(|line| {
        line.contains(&format!("\"{value}\"")) || line.contains(&format!("'{value}'"))
    })
}

pub(super) fn write(
    exceptions: &[Exception],
    existing: &str,
    unsaid: &mut Unsaid,
) -> Result<String, String> {
    let existing = Existing::of(existing)?;
    let outside = yaml(existing.outside()).map_err(|error| broken(&error))?;
    if !outside.is_object() && !outside.is_null() {
        return Err(format!(
            "the file holds {} and not Grype's settings",
            outside.kind()
        ));
    }
    let list = outside.members().iter().find(|member| is_ignore(member));
    let place = match list {
        Some(member) if existing.may_be_in_list() => {
            Place::List(existing.indent(member.value.items().first().map(|item| item.line)))
        }
        _ => Place::Own,
    };
    let indent = match place {
        Place::Own => "  ",
        Place::List(indent) => indent,
    };
    let mut rules = String::new();
    for exception in exceptions {
        let Some(plan) = unsaid.plan(exception) else {
            continue;
        };
        match said(&plan, indent) {
            Err(why) => unsaid.whole(exception, why),
            Ok(rests) => {
                for id in plan.ids(unsaid) {
                    for rest in &rests {
                        let _ = write!(
                            rules,
                            "{indent}{}\n{indent}- vulnerability: {}\n{rest}",
                            comment(exception),
                            quoted(id)
                        );
                    }
                }
            }
        }
    }
    let body = match (place, list) {
        (Place::Own, Some(member)) if !rules.is_empty() => {
            return Err(format!(
                "line {} has a list `ignore` already, and a key stands once: put the two lines `{BEGIN}` and `{END}` at the end of that list, moved in as its items are, and write again",
                member.line
            ));
        }
        (Place::Own, _) if !rules.is_empty() => format!("ignore:\n{rules}"),
        _ => rules,
    };
    existing.with(place, &body, yaml)
}

/// What stands behind the id, once for each place.
fn said(plan: &Plan<'_>, indent: &str) -> Result<Vec<String>, String> {
    if let Some(end) = &plan.end {
        return Err(format!("it ends ({end}), and a rule of Grype's never does"));
    }
    let mut package = Vec::new();
    match &plan.package {
        Package::Any => {}
        Package::Begins(begin) => {
            let kind = TYPES
                .iter()
                .find(|row| *begin == format!("pkg:{}/", row.2.purl_type()))
                .ok_or_else(|| format!("Grype cannot be told `{}*`", shown(begin)))?;
            package.push(("type", kind.0.to_owned()));
        }
        Package::One(purl) => {
            let (kind, name) = named(purl)?;
            package.push(("name", name));
            if let Some(version) = plan.version {
                package.push(("version", version.to_owned()));
            }
            package.push(("type", kind.to_owned()));
        }
    }
    let mut common = format!("{indent}  include-aliases: true\n");
    if let Some(reason) = &plan.exception.reason {
        let _ = writeln!(common, "{indent}  reason: {}", quoted(reason));
    }
    if !package.is_empty() || !plan.exception.scope.paths.is_empty() {
        let _ = writeln!(common, "{indent}  package:");
    }
    for (key, value) in &package {
        let _ = writeln!(common, "{indent}    {key}: {}", quoted(value));
    }
    if plan.exception.scope.paths.is_empty() {
        return Ok(vec![common]);
    }
    plan.exception
        .scope
        .paths
        .iter()
        .map(|path| {
            if !is_glob(path) {
                return Err(format!(
                    "Grype may read the path `{}` otherwise",
                    shown(path)
                ));
            }
            let root = if path.starts_with("**/") { "" } else { "/" };
            let location = quoted(&format!("{root}{path}"));
            Ok(format!("{common}{indent}    location: {location}\n"))
        })
        .collect()
}

/// Grype's type and name of a package; an error where it would be more than that package.
fn named(purl: &Purl) -> Result<(&'static str, String), String> {
    let whole = shown(&purl.to_string());
    if purl.qualifiers().next().is_some() || purl.subpath().is_some() {
        return Err(format!(
            "Grype has no place for the qualifiers or the path of `{whole}`"
        ));
    }
    let (ecosystem, _, name) = Ecosystem::of_purl(purl);
    let row = TYPES.iter().find(|row| row.2 == ecosystem);
    match (row, purl.purl_type()) {
        (Some(row), _) if !is_pattern(&name) => Ok((row.0, name)),
        (Some(_), _) => Err(format!(
            "Grype takes the name in `{whole}` for a regular expression"
        )),
        (None, "maven") => Err(format!(
            "Grype does not tell the group of `{whole}` from others"
        )),
        (None, "deb" | "rpm" | "apk" | "alpm") => Err(format!(
            "Grype does not tell the distribution of `{whole}` from others"
        )),
        (None, _) => Err(format!("Grype has no name that is exactly `{whole}`")),
    }
}
