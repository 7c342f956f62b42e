//! Trivy's [`.trivyignore.yaml`](https://trivy.dev/docs/latest/configuration/filtering/#trivyignoreyaml).
//!
//! Four lists of entries: `id`, `paths`, `purls`, `expired_at`, `statement`. All that an entry says must hold; of
//! several paths or purls, one. Read off
//! [`pkg/result/ignore.go`](https://github.com/aquasecurity/trivy/blob/main/pkg/result/ignore.go): purls count for
//! vulnerabilities only and are left out of account elsewhere, `expired_at` is the first moment at which an entry no
//! longer holds, and a day stands for its midnight in UTC. The plain `.trivyignore` is in [`super::trivyignore`].

use std::fmt::Write as _;

use stanchion_model::exception::{Exception, ForeignExceptions};
use stanchion_syntax::{Node, SyntaxError};

use super::block::{BEGIN, END, Existing, Place, broken};
use super::days::{End, from_yaml};
use super::reading::{
    Found, Refusal, exception, fields, id, is_glob, line_of, no_glob, package, shown, text, texts,
    yaml,
};
use super::writing::{Package, Plan, Unsaid, comment, quoted};

/// The lists of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Vulnerabilities,
    Misconfigurations,
    Secrets,
    Licences,
}

impl Section {
    const ALL: [Self; 4] = [
        Self::Vulnerabilities,
        Self::Misconfigurations,
        Self::Secrets,
        Self::Licences,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::Vulnerabilities => "vulnerabilities",
            Self::Misconfigurations => "misconfigurations",
            Self::Secrets => "secrets",
            Self::Licences => "licenses",
        }
    }

    /// The list in which an id belongs, by the shape of Trivy's own ids: checks are `AVD-DS-0002`, `DS-0002` or
    /// `KSV014`, rules for secrets small letters and dashes. An exception has one set of ids for all of these, so an
    /// entry is read only where its list and its id agree: `CVE-…` among the secrets would become a vulnerability.
    fn of(id: &str) -> Self {
        if is_check(id.strip_prefix("AVD-").unwrap_or(id)) {
            return Self::Misconfigurations;
        }
        let small = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if small {
            Self::Secrets
        } else {
            Self::Vulnerabilities
        }
    }
}

/// Two to ten capitals and three or four digits, with or without a dash between.
fn is_check(id: &str) -> bool {
    let letters = id.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &id[letters..];
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    (2..=10).contains(&letters)
        && (3..=4).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn read(file: &str) -> Result<ForeignExceptions, SyntaxError> {
    let root = yaml(file)?;
    if !root.is_object() && !root.is_null() {
        return Err(SyntaxError {
            line: root.line,
            message: format!("{} where lists of ignored findings belong", root.kind()),
        });
    }
    let mut found = Found::new();
    for (at, member) in root.members().iter().enumerate() {
        let key = member.key.as_ref();
        let Some(section) = Section::ALL
            .into_iter()
            .find(|section| section.key() == key)
        else {
            found.refuse((
                member.line,
                format!("`{}` is no list of this file", shown(key)),
            ));
            continue;
        };
        if root.members()[..at].iter().any(|other| other.key == key) {
            found.refuse((member.line, format!("`{key}` stands twice")));
            continue;
        }
        if !member.value.is_array() && !member.value.is_null() {
            let reason = format!("`{key}` is {} and not a list", member.value.kind());
            found.refuse((member.line, reason));
        }
        for item in member.value.items() {
            found.entry(item.line, |found| entry(found, section, item));
        }
    }
    Ok(found.done())
}

fn entry(found: &mut Found, section: Section, item: &Node<'_>) -> Result<(), Refusal> {
    fields(
        item,
        &["id", "paths", "purls", "expired_at", "statement"],
        ".trivyignore.yaml",
    )?;
    let id = id(text(item, "id")?, line_of(item, "id"))?;
    if section == Section::Licences {
        let reason = format!("`{id}` is a licence: those are allowed by a rule of the policy");
        return Err((item.line, reason));
    }
    if Section::of(&id) != section {
        let reason = format!(
            "`{id}` does not look like an id of the list `{}`, and an exception for it would cover something else",
            section.key()
        );
        return Err((item.line, reason));
    }
    let mut read = exception(id, text(item, "statement")?, item.line);
    read.expires = match text(item, "expired_at")? {
        None => None,
        Some(text) => Some(
            from_yaml(text)
                .ok_or_else(|| {
                    let reason = format!("`{}` is no date that Trivy reads", shown(text));
                    (line_of(item, "expired_at"), reason)
                })?
                .to_string(),
        ),
    };
    for (line, path) in texts(item, "paths")? {
        if !is_glob(path) {
            return Err(no_glob(path, line));
        }
        read.scope.paths.push(path.to_owned());
    }
    let purls = texts(item, "purls")?;
    if purls.is_empty() {
        found.add(read);
        return Ok(());
    }
    if section != Section::Vulnerabilities {
        let reason =
            "`purls` counts for vulnerabilities only: without it the entry is wider than it looks";
        return Err((line_of(item, "purls"), reason.into()));
    }
    let purls: Vec<_> = purls
        .into_iter()
        .map(|(line, purl)| package(purl, line))
        .collect::<Result<_, _>>()?;
    for (purl, version) in purls {
        if found.is_full() {
            return Err((
                item.line,
                "too many packages and paths: only the first are read".into(),
            ));
        }
        let mut one = read.clone();
        one.scope.purl = Some(purl);
        one.scope.versions = version;
        found.add(one);
    }
    Ok(())
}

/// Where the entries go, and in which lists.
struct Target<'a> {
    place: Place<'a>,
    sections: Vec<Section>,
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
            "the file holds {} and is no .trivyignore.yaml: a plain .trivyignore is written in its own way",
            outside.kind()
        ));
    }
    let target = target(&existing, &outside);
    let indent = match target.place {
        Place::Own => "  ",
        Place::List(indent) => indent,
    };
    let mut bodies = [const { String::new() }; 4];
    for exception in exceptions {
        let Some(plan) = unsaid.plan(exception) else {
            continue;
        };
        for id in plan.ids(unsaid) {
            let section = Section::of(id);
            let at = section as usize;
            match said(&plan, id, section, indent) {
                Err(why) => unsaid.id(exception, id, why),
                Ok(_) if !target.sections.contains(&section) => {
                    let list = section.key();
                    let why =
                        format!("it belongs in `{list}`, and our part stands in another list");
                    unsaid.id(exception, id, why);
                }
                Ok(text) => bodies[at].push_str(&text),
            }
        }
    }
    let mut body = String::new();
    for section in Section::ALL {
        let entries = &bodies[section as usize];
        if entries.is_empty() {
            continue;
        }
        if matches!(target.place, Place::Own) {
            if let Some(member) = outside.member(section.key()) {
                return Err(format!(
                    "line {} has a list `{}` already, and a key stands once: put the two lines `{BEGIN}` and `{END}` at the end of that list, moved in as its items are, and write again",
                    member.line,
                    section.key()
                ));
            }
            let _ = writeln!(body, "{}:", section.key());
        }
        body.push_str(entries);
    }
    existing.with(target.place, &body, yaml)
}

fn target<'e>(existing: &'e Existing<'_>, outside: &Node<'_>) -> Target<'e> {
    let above = outside
        .members()
        .iter()
        .rfind(|member| member.line < existing.line());
    let section = above.and_then(|above| {
        Section::ALL
            .into_iter()
            .find(|section| section.key() == above.key)
            .map(|section| (above, section))
    });
    match section {
        Some((above, section)) if existing.may_be_in_list() => Target {
            place: Place::List(existing.indent(above.value.items().first().map(|item| item.line))),
            sections: vec![section],
        },
        _ => Target {
            place: Place::Own,
            sections: Section::ALL.to_vec(),
        },
    }
}

/// One entry.
fn said(plan: &Plan<'_>, id: &str, section: Section, indent: &str) -> Result<String, String> {
    let scope = &plan.exception.scope;
    let purl = match &plan.package {
        Package::Any => None,
        Package::Begins(_) => return Err("Trivy takes the purl of one package".into()),
        Package::One(purl) => Some(match plan.version {
            None => purl.to_string(),
            Some(version) => purl
                .with_version(version)
                .map_err(|error| format!("version `{}`: {error}", shown(version)))?
                .to_string(),
        }),
    };
    if purl.is_some() && section != Section::Vulnerabilities {
        return Err("Trivy heeds packages for vulnerabilities only".into());
    }
    let mut out = format!(
        "{indent}{}\n{indent}- id: {}\n",
        comment(plan.exception),
        quoted(id)
    );
    if !scope.paths.is_empty() {
        let _ = writeln!(out, "{indent}  paths:");
        for path in &scope.paths {
            if !is_glob(path) {
                return Err(format!(
                    "Trivy may read the path `{}` otherwise",
                    shown(path)
                ));
            }
            let _ = writeln!(out, "{indent}    - {}", quoted(path));
        }
    }
    if let Some(purl) = purl {
        let _ = writeln!(out, "{indent}  purls:\n{indent}    - {}", quoted(&purl));
    }
    match &plan.end {
        None => {}
        Some(End::Time(time)) => {
            let _ = writeln!(out, "{indent}  expired_at: {time}");
        }
        Some(End::Day(day)) => {
            let next = day.next().ok_or("there is no day after its last one")?;
            let _ = writeln!(out, "{indent}  expired_at: {next}");
        }
    }
    if let Some(reason) = &plan.exception.reason {
        let _ = writeln!(out, "{indent}  statement: {}", quoted(reason));
    }
    Ok(out)
}
