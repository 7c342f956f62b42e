//! `stanchion vex`: decisions of our own, and what others say.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use stanchion_formats::ignores::quoted;
use stanchion_formats::vex::{self, Publisher};
use stanchion_model::vex::{Statement, VexFormat};
use stanchion_policy::claims::{self, Claims};

use crate::args::PolicyArgs;
use crate::commands::{exception, scan};
use crate::context::{self, Context};
use crate::exit::{Exit, Failure, failure};
use crate::output::{self, Output};
use crate::policies;
use crate::policy_args::{AddDecision, At, Vex as Args, VexCommand};

/// Largest document.
const MOST: u64 = 64 << 20;
/// Most reasons of one sort that are told one by one.
const TOLD: usize = 20;

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        VexCommand::Add(args) => add(context, args),
        VexCommand::Import {
            file,
            at,
            dry_run,
            out,
        } => import(context, file, at, *dry_run, &out.output),
        VexCommand::Export {
            author,
            namespace,
            as_of,
            at,
            out,
        } => export(
            context,
            author.as_deref(),
            namespace.as_deref(),
            as_of.as_deref(),
            at,
            &out.output,
        ),
    }
}

fn add(context: &Context, args: &AddDecision) -> Result<Exit, Failure> {
    let (folder, calendar) = policies::home(&args.at)?;
    let path = folder.join(claims::FILE);
    let mut text = if path.exists() {
        policies::bounded(&path, claims::MOST_BYTES as u64)?
    } else {
        format!(
            "# Decisions about findings: from these our VEX is made.\nschema = \"{}\"\n",
            claims::SCHEMA
        )
    };
    let mut block = String::from("\n[[decision]]\n");
    let list = |one: &str, many: &str, values: &[String]| match values {
        [] => String::new(),
        [only] => format!("{one} = {}\n", quoted(only)),
        several => format!(
            "{many} = [{}]\n",
            several
                .iter()
                .map(|value| quoted(value))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    block.push_str(&list("vulnerability", "vulnerabilities", &args.ids));
    block.push_str(&list("purl", "purls", &args.purl));
    block.push_str(&list("path", "paths", &args.path));
    for (name, value) in [
        ("versions", args.versions.as_ref()),
        ("product", args.product.as_ref()),
        ("status", Some(&args.status)),
        ("justification", args.justification.as_ref()),
        ("reason", args.reason.as_ref()),
        ("action", args.action.as_ref()),
        ("by", Some(&args.by)),
    ] {
        if let Some(value) = value {
            let _ = writeln!(block, "{name} = {}", quoted(value));
        }
    }
    let on = args.on.clone().unwrap_or_else(|| context.now.clone());
    let _ = writeln!(block, "on = {}", quoted(&on));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&block);
    let mut claims = Claims::default();
    let faults = claims.own(&path.display().to_string(), &text, "", &calendar);
    if !faults.is_empty() {
        return Err(policies::tell(&faults, &|_| Some(text.clone())));
    }
    let target = Output {
        format: "toml".into(),
        file: Some(path.clone()),
    };
    output::write(&target, &mut |out| out.write_all(text.as_bytes()))?;
    output::say(&format!(
        "The decision is in {}. Have it reviewed like code; `stanchion vex export` publishes it.",
        path.display()
    ));
    Ok(Exit::Fine)
}

/// What became of one document.
#[derive(Default)]
struct Counts {
    read: usize,
    matched: usize,
    unmatched: Vec<(u32, String)>,
    lossy: Vec<(u32, String)>,
    refused: Vec<(u32, String)>,
    /// Findings that each matched statement is about.
    about: Vec<(u32, String)>,
}

fn import(
    context: &Context,
    file: &Path,
    at: &At,
    dry_run: bool,
    outputs: &[String],
) -> Result<Exit, Failure> {
    let bytes = policies::bounded_bytes(file, MOST)?;
    let document = vex::read(&bytes).map_err(|error| {
        Failure::new(anyhow::anyhow!("{}: {error}", file.display()))
            .hint("a document is taken whole or not at all; OpenVEX, CSAF and CycloneDX are read")
    })?;
    let digest = stanchion_policy::file::digest(&bytes);
    let (folder, _) = policies::home(at)?;
    // A document may stand on one line: its statements are told apart by their number.
    let mut numbered = document.clone();
    for (number, statement) in numbered.statements.iter_mut().enumerate() {
        statement.line = number as u32;
    }
    let mut claims = Claims::default();
    let taken = claims.take(None, "document", &digest, &numbered);
    let args = PolicyArgs {
        policy: at.policy.clone(),
        // These are the local files; the portal keeps its own.
        no_portal: true,
        ..PolicyArgs::default()
    };
    let assessment = scan::quietly(context, &at.target, &args, None)?;
    let now: jiff::Timestamp = context
        .now
        .parse()
        .map_err(|_| failure("the time cannot be read"))?;
    let matches = claims.matches(&assessment.inventory, &assessment.findings, now);
    let naming = claims.naming(&assessment.inventory);
    let ids: HashSet<String> = assessment
        .findings
        .iter()
        .flat_map(|finding| std::iter::once(&finding.id).chain(&finding.aliases))
        .map(|id| id.to_ascii_uppercase())
        .collect();
    let mut counts = Counts {
        read: document.statements.len() + document.refused.len(),
        ..Counts::default()
    };
    counts.refused.extend(
        document
            .refused
            .iter()
            .map(|refused| (refused.line, refused.reason.clone())),
    );
    for (number, statement) in document.statements.iter().enumerate() {
        counts.lossy.extend(
            statement
                .lossy
                .iter()
                .map(|reason| (statement.line, reason.clone())),
        );
        let number = number as u32;
        let about = matches
            .iter()
            .filter(|(at, _)| *at == number)
            .map(|(_, finding)| (statement.line, finding.key.clone()));
        let before = counts.about.len();
        counts.about.extend(about);
        if counts.about.len() > before {
            counts.matched += 1;
            continue;
        }
        let found = std::iter::once(&statement.vulnerability)
            .chain(&statement.aliases)
            .any(|id| ids.contains(&id.to_ascii_uppercase()));
        let unusable = taken
            .unusable
            .iter()
            .find(|(at, _)| *at == number)
            .map(|(_, reason)| reason.clone());
        counts.unmatched.push((
            statement.line,
            unusable.unwrap_or_else(|| {
                why_unmatched(&statement.vulnerability, naming.contains(&number), found)
            }),
        ));
    }
    let kept = if dry_run {
        None
    } else {
        Some(keep(&folder, file, &bytes, &digest)?)
    };
    for output in output::parse(outputs, &["table", "json"])? {
        output::write(&output, &mut |out| match output.format.as_str() {
            "json" => {
                serde_json::to_writer_pretty(
                    &mut *out,
                    &of_counts(&document, &counts, kept.as_deref()),
                )?;
                out.write_all(b"\n")
            }
            _ => out.write_all(
                output::harmless(&told(file, &document, &counts, kept.as_deref())).as_bytes(),
            ),
        })?;
    }
    Ok(Exit::Fine)
}

fn why_unmatched(id: &str, named: bool, found: bool) -> String {
    match (named, found) {
        (true, false) => format!("{id} is not found here"),
        (true, true) => {
            format!("{id} is found here, in another version or component than it is about")
        }
        (false, _) => format!("what it says of {id} is about nothing that is in this project"),
    }
}

/// Keeps the document beside the policy, under a name that its content gives; the same document twice is one.
fn keep(folder: &Path, file: &Path, bytes: &[u8], digest: &str) -> Result<String, Failure> {
    let folder = folder.join(policies::VEX);
    let stem: String = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    let path = folder.join(format!("{stem}.{}.json", &digest[..12]));
    std::fs::create_dir_all(&folder).map_err(|error| {
        failure(format!("cannot make {}: {error}", folder.display()))
            .hint("--dry-run keeps nothing")
    })?;
    let target = Output {
        format: "json".into(),
        file: Some(path.clone()),
    };
    output::write(&target, &mut |out| out.write_all(bytes))?;
    Ok(path.display().to_string())
}

fn of_counts(
    document: &stanchion_model::vex::VexDocument,
    counts: &Counts,
    kept: Option<&str>,
) -> serde_json::Value {
    let places = |list: &[(u32, String)]| {
        list.iter()
            .map(|(line, reason)| json!({ "line": line, "reason": reason }))
            .collect::<Vec<_>>()
    };
    json!({
        "format": document.format.as_str(),
        "id": document.id,
        "author": document.author,
        "timestamp": document.timestamp,
        "read": counts.read,
        "matched": counts.matched,
        "unmatched": counts.unmatched.len(),
        "lossy": counts.lossy.len(),
        "refused": counts.refused.len(),
        "findings": counts.about.iter().map(|(line, key)| json!({ "line": line, "finding": key })).collect::<Vec<_>>(),
        "reasons": {
            "unmatched": places(&counts.unmatched),
            "lossy": places(&counts.lossy),
            "refused": places(&counts.refused),
        },
        "kept": kept,
    })
}

fn told(
    file: &Path,
    document: &stanchion_model::vex::VexDocument,
    counts: &Counts,
    kept: Option<&str>,
) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} ({}, by {}): {} statements read, {} matched, {} unmatched, {} refused, {} lossy",
        file.display(),
        document.format.as_str(),
        document.author.as_deref().unwrap_or("nobody named"),
        counts.read,
        counts.matched,
        counts.unmatched.len(),
        counts.refused.len(),
        counts.lossy.len(),
    );
    for (kind, list) in [
        ("refused", &counts.refused),
        ("unmatched", &counts.unmatched),
        ("lossy", &counts.lossy),
    ] {
        for (line, reason) in list.iter().take(TOLD) {
            let _ = writeln!(text, "  {line}: {kind}: {reason}");
        }
        if let Some(more @ 1..) = list.len().checked_sub(TOLD) {
            let _ = writeln!(text, "  and {more} more {kind}: -o json has them all");
        }
    }
    if let Some(kept) = kept {
        let _ = writeln!(
            text,
            "Kept as {kept}. What it says is a proposal until the policy trusts it ([[vex]]) or somebody decides (`stanchion vex add`)."
        );
    }
    text
}

fn export(
    context: &Context,
    author: Option<&str>,
    namespace: Option<&str>,
    given: Option<&str>,
    at: &At,
    outputs: &[String],
) -> Result<Exit, Failure> {
    let outputs = output::parse(outputs, &["openvex", "csaf", "cyclonedx"])?;
    let as_of = given.map_or_else(|| Ok(context.now.clone()), context::time)?;
    let time: jiff::Timestamp = as_of
        .parse()
        .map_err(|_| failure("the time cannot be read"))?;
    let folder = policies::folder_of(&at.target);
    let here = policies::Where {
        target: &folder,
        top: None,
        mark: "",
    };
    let loaded = policies::load(at.policy.as_deref(), &here)?;
    let (home, calendar) = policies::home(at)?;
    let mut statements = Vec::new();
    let path = home.join(claims::FILE);
    if path.exists() {
        let text = policies::bounded(&path, claims::MOST_BYTES as u64)?;
        let (decided, faults) = claims::decisions(&path.display().to_string(), &text, &calendar);
        for fault in &faults {
            output::say(&format!("warning: {fault}; this decision is not written"));
        }
        statements.extend(decided);
    }
    let mut told = Vec::new();
    if let Some(loaded) = &loaded {
        let people = stanchion_policy::people::People::of(&loaded.policy);
        for entry in loaded.exceptions.entries() {
            let valid = entry.broken.is_none()
                && entry
                    .valid(
                        &loaded.policy,
                        people,
                        Some(stanchion_model::cvss::Severity::Critical),
                        time,
                    )
                    .is_ok();
            // A decision says more than an exception does, and one of both is enough.
            let decided = entry.exception.scope.ids.iter().any(|id| {
                statements
                    .iter()
                    .any(|one: &Statement| one.vulnerability.eq_ignore_ascii_case(id))
            });
            if valid && !decided {
                statements.extend(exception::statement(&entry.exception, &mut told));
            }
        }
    }
    for (id, reason) in told {
        output::say(&format!("warning: {id}: {reason}"));
    }
    if statements.is_empty() {
        return Err(failure(
            "there is nothing to publish: no decision and no exception that VEX can hold",
        )
        .hint("`stanchion vex add` writes a decision"));
    }
    let organisation = loaded
        .as_ref()
        .and_then(|loaded| loaded.policy.organisation.clone());
    let author = author.map(str::to_owned).or(organisation).ok_or_else(|| {
        failure("nobody is named as the publisher")
            .hint("--author NAME, or `organisation` in the policy")
    })?;
    let stamp = context::stamp(&as_of)?;
    for output in &outputs {
        let format = match output.format.as_str() {
            "csaf" => VexFormat::Csaf,
            "cyclonedx" => VexFormat::CycloneDx,
            _ => VexFormat::OpenVex,
        };
        write(format, &statements, &author, namespace, &stamp, output)?;
    }
    Ok(Exit::Fine)
}

/// Writes statements in a format, and says what it could not hold.
pub(crate) fn write(
    format: VexFormat,
    statements: &[Statement],
    author: &str,
    namespace: Option<&str>,
    stamp: &str,
    output: &Output,
) -> Result<(), Failure> {
    let slug: String = author
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let usual = format!("https://{}.example", slug.trim_matches('-'));
    if namespace.is_none() && format == VexFormat::Csaf {
        return Err(failure("CSAF names its publisher by an address")
            .hint("--namespace https://example.org"));
    }
    let publisher = Publisher {
        author,
        role: None,
        namespace: namespace.unwrap_or(&usual),
        stamp,
        version: 1,
    };
    let mut document = Vec::new();
    let losses = vex::write(format, statements, &publisher, &mut document)?;
    output::write(output, &mut |out| out.write_all(&document))?;
    for loss in losses {
        output::say(&format!("warning: {}: {loss}", format.as_str()));
    }
    Ok(())
}
