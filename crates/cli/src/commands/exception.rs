//! `stanchion exception`: the organisation's exceptions, and the ignore files of other tools.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use serde_json::json;
use stanchion_formats::ignores::{self, Tool, record};
use stanchion_formats::vex;
use stanchion_model::exception::{Exception, ExceptionScope, ForeignExceptions};
use stanchion_model::report::ExceptionNote;
use stanchion_model::vex::{Identifier, Justification, Statement, Status, VexProduct};
use stanchion_policy::clock::Calendar;
use stanchion_policy::exceptions::{Exceptions, FILE, MOST_BYTES, SCHEMA};

use crate::args::PolicyArgs;
use crate::commands::scan;
use crate::context::{self, Context};
use crate::exit::{Exit, Failure, failure};
use crate::output::{self, Output};
use crate::policies;
use crate::policy_args::{AddException, At, Exception as Args, ExceptionCommand, Fill};

/// Largest ignore file that is read.
const MOST_FOREIGN: u64 = 64 << 20;

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        ExceptionCommand::Add(args) => add(context, args),
        ExceptionCommand::List { at, as_of, out } => {
            list(context, at, as_of.as_deref(), &out.output)
        }
        ExceptionCommand::Import {
            file,
            fill,
            target,
            dry_run,
            out,
        } => import(context, file, fill, target, *dry_run, &out.output),
        ExceptionCommand::Export {
            tool,
            id,
            file,
            at,
            as_of,
        } => export(
            context,
            tool,
            id.as_deref(),
            file.as_deref(),
            at,
            as_of.as_deref(),
        ),
    }
}

/// The file's text; a new one begins with its schema.
fn existing(path: &Path) -> Result<String, Failure> {
    if path.exists() {
        policies::bounded(path, MOST_BYTES as u64)
    } else {
        Ok(format!(
            "# Exceptions to the policy beside this file: reviewed like code, ended by a date.\nschema = \"{SCHEMA}\"\n"
        ))
    }
}

fn read(path: &Path, text: &str, calendar: &Calendar) -> Result<Exceptions, Failure> {
    let mut exceptions = Exceptions::default();
    let faults = exceptions.read(&path.display().to_string(), text, "", calendar);
    if faults.is_empty() {
        Ok(exceptions)
    } else {
        Err(policies::tell(&faults, &|_| Some(text.to_owned())))
    }
}

/// Writes exceptions behind those that are there, when all of the new ones can be used.
fn append(path: &Path, calendar: &Calendar, new: &[Exception]) -> Result<(), Failure> {
    let mut text = existing(path)?;
    let before = read(path, &text, calendar)?.entries().len();
    for exception in new {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&record::block(exception));
    }
    for entry in &read(path, &text, calendar)?.entries()[before..] {
        if let Some(broken) = &entry.broken {
            return Err(failure(format!(
                "the exception {:?} could not be used: {broken}",
                entry.exception.id
            ))
            .hint("nothing was written"));
        }
    }
    let output = Output {
        format: "toml".into(),
        file: Some(path.to_owned()),
    };
    output::write(&output, &mut |out| out.write_all(text.as_bytes()))
}

/// The first id of this year that is free.
fn free_id(taken: &[String], today: &str) -> String {
    let year = today.get(..4).unwrap_or("0000");
    let start = format!("EX-{year}-");
    let last = taken
        .iter()
        .filter_map(|id| id.strip_prefix(start.as_str())?.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    format!("{start}{:03}", last + 1)
}

fn add(context: &Context, args: &AddException) -> Result<Exit, Failure> {
    let (folder, calendar) = policies::home(&args.at)?;
    let path = folder.join(FILE);
    let today = context.now.get(..10).unwrap_or_default().to_owned();
    let justification = match args.justification.as_deref() {
        None => None,
        Some(word) => Some(Justification::from_word(word).ok_or_else(|| {
            failure(format!("{word:?} is no justification")).hint(format!(
                "choose from {}",
                Justification::ALL.map(Justification::as_str).join(", ")
            ))
        })?),
    };
    let text = existing(&path)?;
    let taken: Vec<String> = read(&path, &text, &calendar)?
        .entries()
        .iter()
        .map(|entry| entry.exception.id.clone())
        .collect();
    let exception = Exception {
        id: args.id.clone().unwrap_or_else(|| free_id(&taken, &today)),
        scope: ExceptionScope {
            ids: args.ids.clone(),
            rules: args.rule.clone(),
            purl: args.purl.clone(),
            versions: args.versions.clone(),
            product: args.product.clone(),
            paths: args.path.clone(),
        },
        reason: Some(args.reason.clone()),
        compensating_control: args.control.clone(),
        requested_by: args.requested_by.clone(),
        approver: Some(args.approver.clone()),
        approved_on: Some(args.approved_on.clone().unwrap_or(today)),
        expires: Some(args.expires.clone()),
        justification,
        line: 0,
    };
    append(&path, &calendar, std::slice::from_ref(&exception))?;
    output::say(&format!(
        "{} is in {}. Have it reviewed like code; `stanchion exception list` says what it covers.",
        exception.id,
        path.display()
    ));
    Ok(Exit::Fine)
}

fn list(
    context: &Context,
    at: &At,
    given: Option<&str>,
    outputs: &[String],
) -> Result<Exit, Failure> {
    let notes = notes(context, at, given)?;
    for output in output::parse(outputs, &["table", "json"])? {
        output::write(&output, &mut |out| match output.format.as_str() {
            "json" => {
                serde_json::to_writer_pretty(&mut *out, &json!({ "exceptions": notes }))?;
                out.write_all(b"\n")
            }
            _ => out.write_all(output::harmless(&told(&notes)).as_bytes()),
        })?;
    }
    Ok(Exit::Fine)
}

/// What became of each exception in a scan of the target.
fn notes(context: &Context, at: &At, given: Option<&str>) -> Result<Vec<ExceptionNote>, Failure> {
    let args = PolicyArgs {
        policy: at.policy.clone(),
        // These are the local files; the portal keeps its own.
        no_portal: true,
        ..PolicyArgs::default()
    };
    let assessment = scan::quietly(context, &at.target, &args, given)?;
    if assessment.verdict.policy.digest.is_none() {
        return Err(failure("there is no policy, so no exception is in force")
            .hint("`stanchion policy init` writes one; --policy takes a file or a preset"));
    }
    Ok(assessment.exceptions)
}

fn told(notes: &[ExceptionNote]) -> String {
    if notes.is_empty() {
        return format!(
            "There are no exceptions. `stanchion exception add` writes one into {FILE}.\n"
        );
    }
    let mut text = String::new();
    let wide = notes
        .iter()
        .map(|note| note.id.chars().count())
        .max()
        .unwrap_or(0)
        .max(2);
    let _ = writeln!(
        text,
        "{:<wide$}  {:<15}  {:<10}  {:>6}  APPROVER",
        "ID", "STATUS", "EXPIRES", "COVERS"
    );
    for note in notes {
        let id = if note.id.is_empty() { "–" } else { &note.id };
        let _ = writeln!(
            text,
            "{id:<wide$}  {:<15}  {:<10}  {:>6}  {}",
            note.status.replace('_', " "),
            note.expires.as_deref().unwrap_or("–"),
            note.covers,
            note.approver.as_deref().unwrap_or("–"),
        );
        if let Some(reason) = &note.reason {
            let _ = writeln!(text, "{:wide$}  {reason} ({})", "", note.place);
        }
    }
    text
}

fn import(
    context: &Context,
    file: &Path,
    fill: &Fill,
    target: &Path,
    dry_run: bool,
    outputs: &[String],
) -> Result<Exit, Failure> {
    let bytes = policies::bounded_bytes(file, MOST_FOREIGN)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (tool, mut foreign) = foreign(&name, &bytes)?;
    let at = At {
        policy: None,
        target: target.to_owned(),
    };
    let (folder, calendar) = policies::home(&at)?;
    let path = folder.join(FILE);
    let today = context.now.get(..10).unwrap_or_default();
    let mut taken: Vec<String> = read(&path, &existing(&path)?, &calendar)?
        .entries()
        .iter()
        .map(|entry| entry.exception.id.clone())
        .collect();
    let mut lacking: Vec<(u32, String)> = Vec::new();
    let mut new = Vec::new();
    for mut exception in std::mem::take(&mut foreign.exceptions) {
        exception.approver = exception.approver.or_else(|| fill.approver.clone());
        exception.requested_by = exception.requested_by.or_else(|| fill.requested_by.clone());
        exception.reason = exception.reason.or_else(|| fill.reason.clone());
        exception.expires = exception.expires.or_else(|| fill.expires.clone());
        exception.approved_on = exception.approved_on.or_else(|| Some(today.to_owned()));
        let lacks: Vec<&str> = [
            ("--approver", exception.approver.is_none()),
            ("--reason", exception.reason.is_none()),
            ("--expires", exception.expires.is_none()),
        ]
        .into_iter()
        .filter_map(|(flag, lacks)| lacks.then_some(flag))
        .collect();
        if !lacks.is_empty() {
            lacking.push((
                exception.line,
                format!(
                    "it lacks what an exception must have: give {}",
                    lacks.join(", ")
                ),
            ));
            continue;
        }
        exception.id = free_id(&taken, today);
        taken.push(exception.id.clone());
        new.push(exception);
    }
    if !dry_run && !new.is_empty() {
        append(&path, &calendar, &new)?;
    }
    foreign.refused.extend(lacking);
    foreign.refused.sort();
    for output in output::parse(outputs, &["table", "json"])? {
        output::write(&output, &mut |out| {
            if output.format.as_str() == "json" {
                let places = |list: &[(u32, String)]| {
                    list.iter()
                        .map(|(line, reason)| json!({ "line": line, "reason": reason }))
                        .collect::<Vec<_>>()
                };
                let document = json!({
                    "tool": tool,
                    "read": new.len() + foreign.refused.len(),
                    "imported": if dry_run { 0 } else { new.len() },
                    "refused": places(&foreign.refused),
                    "lossy": places(&foreign.lossy),
                    "exceptions": new,
                });
                serde_json::to_writer_pretty(&mut *out, &document)?;
                out.write_all(b"\n")
            } else {
                let mut text = String::new();
                for (kind, list) in [
                    ("not taken", &foreign.refused),
                    ("not kept", &foreign.lossy),
                ] {
                    for (line, reason) in list {
                        let _ = writeln!(text, "{}:{line}: {kind}: {reason}", file.display());
                    }
                }
                let verb = if dry_run {
                    "would be written"
                } else {
                    "written"
                };
                let _ = writeln!(
                    text,
                    "{} of {} exceptions of {tool} {verb} to {}",
                    new.len(),
                    new.len() + foreign.refused.len(),
                    path.display()
                );
                out.write_all(output::harmless(&text).as_bytes())
            }
        })?;
    }
    Ok(Exit::Fine)
}

/// Exceptions of another tool's file, or what an OpenVEX document says is not affected.
fn foreign(name: &str, bytes: &[u8]) -> Result<(String, ForeignExceptions), Failure> {
    if let Ok(document) = vex::read(bytes) {
        return Ok(("openvex".into(), of_vex(&document)));
    }
    let (tool, foreign) = ignores::read(name, bytes).map_err(Failure::new)?;
    Ok((tool.as_str().into(), foreign))
}

fn of_vex(document: &stanchion_model::vex::VexDocument) -> ForeignExceptions {
    let mut foreign = ForeignExceptions::default();
    for refused in &document.refused {
        foreign.refused.push((refused.line, refused.reason.clone()));
    }
    for statement in &document.statements {
        if statement.status != Status::NotAffected {
            foreign.lossy.push((
                statement.line,
                format!(
                    "{} is {}, which is no exception; `stanchion vex import` takes it",
                    statement.vulnerability,
                    statement.status.as_str()
                ),
            ));
            continue;
        }
        let ids: Vec<String> = std::iter::once(statement.vulnerability.clone())
            .chain(statement.aliases.iter().cloned())
            .collect();
        for product in &statement.products {
            let (of, components) = if product.subcomponents.is_empty() {
                (None, std::slice::from_ref(product))
            } else {
                (name_of(product), product.subcomponents.as_slice())
            };
            for component in components {
                let purl = component.identifiers.iter().find_map(|identifier| {
                    if let Identifier::Purl(purl) = identifier {
                        Some(purl)
                    } else {
                        None
                    }
                });
                let Some(purl) = purl else {
                    foreign
                        .refused
                        .push((statement.line, "its product has no purl".into()));
                    continue;
                };
                foreign.exceptions.push(Exception {
                    scope: ExceptionScope {
                        ids: ids.clone(),
                        purl: Some(purl.without_version().to_string()),
                        versions: component
                            .versions
                            .clone()
                            .or_else(|| purl.version().map(str::to_owned)),
                        product: of.clone(),
                        ..ExceptionScope::default()
                    },
                    reason: statement.impact.clone(),
                    justification: statement.justification,
                    line: statement.line,
                    ..Exception::default()
                });
            }
        }
    }
    foreign
}

/// What a product of a statement is called.
fn name_of(product: &VexProduct) -> Option<String> {
    product
        .identifiers
        .iter()
        .find_map(|identifier| match identifier {
            Identifier::Other(name) => Some(name.clone()),
            Identifier::Purl(purl) => Some(purl.full_name().into_owned()),
            _ => None,
        })
}

fn export(
    context: &Context,
    tool: &str,
    id: Option<&str>,
    file: Option<&Path>,
    at: &At,
    given: Option<&str>,
) -> Result<Exit, Failure> {
    let known = [
        "trivy",
        "trivy-plain",
        "grype",
        "osv-scanner",
        "cargo-deny",
        "openvex",
    ];
    if !known.contains(&tool) {
        return Err(failure(format!("{tool:?} is no tool that is written for"))
            .hint(format!("choose from {}", known.join(", "))));
    }
    let as_of: jiff::Timestamp = given
        .map_or_else(|| Ok(context.now.clone()), context::time)?
        .parse()
        .map_err(|_| failure("the time cannot be read"))?;
    let folder = policies::folder_of(&at.target);
    let here = policies::Where {
        target: &folder,
        top: None,
        mark: "",
    };
    let loaded = policies::load(at.policy.as_deref(), &here)?;
    let loaded = loaded.ok_or_else(|| {
        failure("there is no policy, so no exception is in force")
            .hint("`stanchion policy init` writes one; --policy takes a file or a preset")
    })?;
    // What an exception may cover hangs on how bad it is: one that covers something here is written, and one that would
    // be allowed for anything.
    let people = stanchion_policy::people::People::of(&loaded.policy);
    let worst = Some(stanchion_model::cvss::Severity::Critical);
    let notes = notes(context, at, given)?;
    let mut valid = Vec::new();
    for (entry, note) in loaded
        .exceptions
        .entries()
        .iter()
        .zip(&notes)
        .filter(|(entry, _)| id.is_none_or(|id| entry.exception.id == id))
    {
        let not = match (
            &entry.broken,
            entry.valid(&loaded.policy, people, worst, as_of),
        ) {
            (Some(broken), _) => Some(broken.clone()),
            (None, Err(not)) if note.status != "applied" || note.reason.is_some() => {
                Some(not.to_string())
            }
            (None, _) => None,
        };
        match not {
            Some(reason) => output::say(&format!(
                "warning: {} is not written: {reason}",
                entry.exception.id
            )),
            None => valid.push(entry.exception.clone()),
        }
    }
    if valid.is_empty() && id.is_some() {
        return Err(failure(format!(
            "there is no exception {:?} in force",
            id.unwrap_or_default()
        ))
        .hint("`stanchion exception list` says why"));
    }
    let target = Output {
        format: tool.into(),
        file: file.map(Path::to_owned),
    };
    let mut told: Vec<(String, String)> = Vec::new();
    if tool == "openvex" {
        let statements: Vec<Statement> = valid
            .iter()
            .filter_map(|exception| statement(exception, &mut told))
            .collect();
        let stamp = context::stamp(&as_of.to_string())?;
        let author = loaded
            .policy
            .organisation
            .clone()
            .unwrap_or_else(|| loaded.policy.id.clone());
        super::vex::write(
            stanchion_model::vex::VexFormat::OpenVex,
            &statements,
            &author,
            None,
            &stamp,
            &target,
        )?;
    } else {
        let which = if tool == "trivy-plain" {
            Some(Tool::Trivy)
        } else {
            Tool::from_word(tool)
        };
        let which =
            which.ok_or_else(|| failure(format!("{tool:?} is no tool that is written for")))?;
        if !which.ends() {
            for exception in &mut valid {
                if let Some(end) = exception.expires.take() {
                    told.push((
                        exception.id.clone(),
                        format!("{tool} knows no end: write the file again after {end}"),
                    ));
                }
            }
        }
        let before = file
            .filter(|file| file.exists())
            .map(|file| policies::bounded(file, MOST_FOREIGN))
            .transpose()?;
        let mut document = Vec::new();
        let unsaid = if tool == "trivy-plain" {
            ignores::write_trivyignore(&valid, before.as_deref(), &mut document)
        } else {
            ignores::write(which, &valid, before.as_deref(), &mut document)
        };
        told.extend(unsaid?);
        output::write(&target, &mut |out: &mut dyn Write| out.write_all(&document))?;
    }
    for (id, reason) in told {
        output::say(&format!("warning: {id}: {reason}"));
    }
    Ok(Exit::Fine)
}

/// An exception as a statement: not affected where it says why, else affected with what is done meanwhile.
pub(crate) fn statement(
    exception: &Exception,
    told: &mut Vec<(String, String)>,
) -> Option<Statement> {
    let scope = &exception.scope;
    let mut unsaid = |reason: &str| {
        told.push((exception.id.clone(), reason.to_owned()));
        None
    };
    let (Some(first), true) = (scope.ids.first(), scope.rules.is_empty()) else {
        return unsaid("VEX is about vulnerabilities, not about rules: not written");
    };
    if !scope.paths.is_empty() {
        return unsaid(
            "VEX has no place for paths, and without them it would cover more: not written",
        );
    }
    let Some(purl) = scope.purl.as_deref().filter(|purl| !purl.contains('*')) else {
        return unsaid("VEX needs one component by its purl: not written");
    };
    let Ok(purl) = stanchion_model::purl::Purl::parse_lenient(purl) else {
        return unsaid("its purl cannot be read: not written");
    };
    let (purl, versions) = match scope.versions.as_deref() {
        Some(versions) if versions.starts_with("vers:") => (purl, Some(versions.to_owned())),
        Some(version) => match purl.with_version(version) {
            Ok(purl) => (purl, None),
            Err(_) => return unsaid("its versions cannot be said in VEX: not written"),
        },
        None => (purl, None),
    };
    let component = VexProduct {
        identifiers: vec![Identifier::Purl(purl)],
        versions,
        subcomponents: Vec::new(),
    };
    let product = match &scope.product {
        None => component,
        Some(name) => VexProduct {
            identifiers: vec![Identifier::Other(name.clone())],
            versions: None,
            subcomponents: vec![component],
        },
    };
    let end = exception.expires.as_deref().unwrap_or_default();
    let control = exception
        .compensating_control
        .as_deref()
        .map_or_else(String::new, |control| format!("; meanwhile: {control}"));
    Some(Statement {
        id: None,
        vulnerability: first.clone(),
        aliases: scope.ids[1..].to_vec(),
        products: vec![product],
        status: if exception.justification.is_some() {
            Status::NotAffected
        } else {
            Status::Affected
        },
        justification: exception.justification,
        impact: exception.justification.and(exception.reason.clone()),
        action: exception.justification.is_none().then(|| {
            format!(
                "Accepted until {end} ({}): {}{control}",
                exception.id,
                exception.reason.as_deref().unwrap_or_default()
            )
        }),
        timestamp: exception.approved_on.as_ref().map(|day| {
            if day.len() == 10 {
                format!("{day}T00:00:00Z")
            } else {
                day.clone()
            }
        }),
        original: None,
        lossy: Vec::new(),
        line: 0,
    })
}
