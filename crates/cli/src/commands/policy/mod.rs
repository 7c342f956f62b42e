//! `stanchion policy`: write, check, test, explain, print and compare the policy.

mod explain;
mod init;

use std::io::Write;
use std::path::Path;

use crate::repository::{self, Limits};
use serde_json::json;
use stanchion_model::document::{Block, Document};
use stanchion_policy::cases::{self, CaseResult};
use stanchion_policy::change::{self, Change, Effect};
use stanchion_policy::document::document;
use stanchion_policy::extend;
use stanchion_policy::file::{self, Policy};
use stanchion_policy::people::People;
use stanchion_report::document::{html, markdown, terminal};

use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::output::{self, Output};
use crate::policies::{self, POLICY, Where};
use crate::policy_args::{At, Policy as Args, PolicyCommand};

/// Tests beside a policy.
const CASES: &str = "policy.test.toml";

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        PolicyCommand::Init(args) => init::run(context, args),
        PolicyCommand::Check { at } => check(context, at),
        PolicyCommand::Test { at, cases, out } => test(at, cases.as_deref(), &out.output),
        PolicyCommand::Explain {
            finding,
            target,
            policy,
            as_of,
            out,
        } => explain::run(
            context,
            finding,
            target,
            policy,
            as_of.as_deref(),
            &out.output,
        ),
        PolicyCommand::Render { at, out } => {
            let (policy, _) = policy_of(at)?;
            write(
                &document(&policy),
                &out.output,
                &["markdown", "html", "table", "json"],
                None,
            )
        }
        PolicyCommand::Diff {
            old,
            new,
            since,
            approved_by,
            out,
        } => diff(
            old.as_deref(),
            new.as_deref(),
            since.as_deref(),
            approved_by,
            &out.output,
        ),
    }
}

/// The policy that a command is about; that there is none is an error.
pub(crate) fn policy_of(at: &At) -> Result<(Policy, std::path::PathBuf), Failure> {
    let folder = policies::folder_of(&at.target);
    let here = Where {
        target: &folder,
        top: None,
        mark: "",
    };
    let found = policies::policy(at.policy.as_deref(), &here)?;
    let (policy, folders) = found.ok_or_else(|| {
        failure(format!(
            "there is no {POLICY} in {} or above it",
            folder.display()
        ))
        .hint(
            "`stanchion policy init` writes one; --policy takes a file or a preset such as strict",
        )
    })?;
    let folder = folders.into_iter().next().unwrap_or(folder);
    Ok((policy, folder))
}

/// Writes a document where it was asked for.
pub(crate) fn write(
    document: &Document,
    given: &[String],
    known: &[&str],
    data: Option<&serde_json::Value>,
) -> Result<Exit, Failure> {
    for output in output::parse(given, known)? {
        output::write(
            &output,
            &mut |out: &mut dyn Write| match output.format.as_str() {
                "markdown" => markdown::write(document, out),
                "html" => html::write(document, out),
                "json" => {
                    let value = data.cloned().unwrap_or_else(|| of_document(document));
                    serde_json::to_writer_pretty(&mut *out, &value)?;
                    out.write_all(b"\n")
                }
                _ => out.write_all(terminal::render(document, width(&output)).as_bytes()),
            },
        )?;
    }
    Ok(Exit::Fine)
}

fn width(output: &Output) -> usize {
    if output.file.is_none() {
        output::width()
    } else {
        100
    }
}

/// A document as data, for programs.
fn of_document(document: &Document) -> serde_json::Value {
    let block = |block: &Block| match block {
        Block::Text(text) => json!({ "text": text }),
        Block::List(points) => json!({ "list": points }),
        Block::Table { head, rows } => json!({ "table": { "head": head, "rows": rows } }),
        Block::Signatures(places) => {
            json!({ "signatures": places.iter().map(|(role, name)| json!({ "role": role, "name": name })).collect::<Vec<_>>() })
        }
    };
    let facts: serde_json::Map<String, serde_json::Value> = document
        .facts
        .iter()
        .map(|(label, value)| (label.clone(), json!(value)))
        .collect();
    json!({
        "title": document.title,
        "organisation": document.organisation,
        "facts": facts,
        "summary": document.summary,
        "sections": document.sections.iter().map(|section| json!({
            "title": section.title,
            "blocks": section.blocks.iter().map(block).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// Says what is wrong; what does not keep the policy from being used is a warning.
fn check(context: &Context, at: &At) -> Result<Exit, Failure> {
    let (policy, _) = policy_of(at)?;
    let folder = policies::folder_of(&at.target);
    let here = Where {
        target: &folder,
        top: None,
        mark: "",
    };
    let loaded = policies::load(at.policy.as_deref(), &here)?;
    let mut warnings = 0;
    let mut warn = |text: &str, hint: Option<&str>| {
        warnings += 1;
        output::say(&format!("warning: {text}"));
        if let Some(hint) = hint {
            output::say(&format!("hint: {hint}"));
        }
    };
    for fault in People::of(&policy).nobody() {
        warn(&fault.to_string(), fault.hint.as_deref());
    }
    for fault in stanchion_policy::lint::lint(&policy, &context.now) {
        warn(&fault.to_string(), fault.hint.as_deref());
    }
    if let Some(loaded) = &loaded {
        for problem in &loaded.problems {
            let line = problem
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            warn(
                &format!("{}{line}: {}", problem.path, problem.reason),
                problem.hint.as_deref(),
            );
        }
        for entry in loaded.exceptions.entries() {
            if let Some(broken) = &entry.broken {
                warn(
                    &format!(
                        "{}: exception {:?} is malformed and covers nothing: {broken}",
                        entry.place, entry.exception.id
                    ),
                    None,
                );
            }
        }
    }
    let counts = [
        (policy.sla.len(), "deadline rule"),
        (policy.enforce.len(), "gate rule"),
        (policy.discovery.len(), "discovery rule"),
        (
            loaded
                .as_ref()
                .map_or(0, |loaded| loaded.exceptions.entries().len()),
            "exception",
        ),
        (policy.cases.len(), "test"),
    ];
    let told: Vec<String> = counts
        .iter()
        .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    let warned = match warnings {
        0 => "nothing to warn about".to_owned(),
        1 => "1 warning".to_owned(),
        many => format!("{many} warnings"),
    };
    let line = format!(
        "{} {} can be used: {}; {warned}\n",
        policy.id,
        policy.version,
        told.join(", ")
    );
    let text = output::harmless(&line);
    output::write(
        &Output {
            format: "table".into(),
            file: None,
        },
        &mut |out| out.write_all(text.as_bytes()),
    )?;
    Ok(Exit::Fine)
}

fn test(at: &At, further: Option<&Path>, given: &[String]) -> Result<Exit, Failure> {
    let (mut policy, folder) = policy_of(at)?;
    let beside = folder.join(CASES);
    let named = further
        .map(Path::to_owned)
        .or_else(|| beside.is_file().then_some(beside));
    if let Some(path) = named {
        let text = policies::bounded(&path, file::MOST_BYTES as u64)?;
        let name = path.display().to_string();
        let cases = Policy::parse_cases(&name, &text)
            .map_err(|faults| policies::tell(&faults, &|_| Some(text.clone())))?;
        policy.cases.extend(cases);
    }
    if policy.cases.is_empty() {
        return Err(failure("the policy has no tests").hint(format!(
            "write [[case]] entries into it, or into {CASES} beside it; docs/policy.md shows one"
        )));
    }
    let results = cases::run(&policy).map_err(|faults| policies::tell(&faults, &|_| None))?;
    let failed = results
        .iter()
        .filter(|result| !result.differs.is_empty())
        .count();
    for output in output::parse(given, &["table", "json"])? {
        output::write(&output, &mut |out| {
            if output.format.as_str() == "json" {
                serde_json::to_writer_pretty(&mut *out, &of_cases(&results))?;
                out.write_all(b"\n")
            } else {
                for result in &results {
                    let word = if result.differs.is_empty() {
                        "ok  "
                    } else {
                        "FAIL"
                    };
                    writeln!(out, "{word}  {}", output::harmless(&result.name))?;
                    for differs in &result.differs {
                        writeln!(out, "      {}: {}", result.place, output::harmless(differs))?;
                    }
                }
                writeln!(
                    out,
                    "{} of {} tests hold",
                    results.len() - failed,
                    results.len()
                )
            }
        })?;
    }
    Ok(if failed == 0 {
        Exit::Fine
    } else {
        Exit::Denied
    })
}

fn of_cases(results: &[CaseResult]) -> serde_json::Value {
    json!({
        "cases": results.iter().map(|result| json!({
            "name": result.name,
            "passed": result.differs.is_empty(),
            "differs": result.differs,
            "place": result.place.to_string(),
        })).collect::<Vec<_>>(),
    })
}

fn diff(
    old: Option<&str>,
    new: Option<&str>,
    since: Option<&str>,
    approved_by: &[String],
    given: &[String],
) -> Result<Exit, Failure> {
    let here = Path::new(".");
    let now = Where {
        target: here,
        top: None,
        mark: "",
    };
    let none = || {
        failure(format!("there is no {POLICY} here or above"))
            .hint("name both policies: stanchion policy diff OLD NEW")
    };
    let mut changes = Vec::new();
    let before = match (old, since) {
        (Some(name), _) => policies::policy(Some(name), &now)?.ok_or_else(none)?.0,
        (None, Some(revision)) => {
            let wanted = |path: &str| path.ends_with(".toml") || path.ends_with(".json");
            let base = repository::base(here, revision, &wanted, Limits::default())
                .map_err(|error| Failure::new(error).hint("name a commit that is in this clone"))?;
            let mark = format!("{revision}:");
            let target = base.target();
            let there = Where {
                target: &target,
                top: Some(base.root()),
                mark: &mark,
            };
            let old = policies::load(None, &there)?.ok_or_else(|| {
                failure(format!("there is no {POLICY} in {revision}"))
                    .hint("compare with a commit that has one")
            })?;
            if let Some(new) = policies::load(None, &now)? {
                changes.extend(change::permissions(&old.exceptions, &new.exceptions));
                changes.extend(change::statements(&old.claims, &new.claims));
            }
            old.policy
        }
        (None, None) => return Err(none()),
    };
    let after = policies::policy(new, &now)?.ok_or_else(none)?.0;
    let mut all = change::changes(&before, &after);
    all.extend(changes);
    all.sort_by(|a, b| a.effect.cmp(&b.effect).then_with(|| a.what.cmp(&b.what)));
    let needed = change::approver(&before);
    let people = People::of(&before);
    let loosens = all.iter().any(|one| one.effect == Effect::Loosens);
    let approved = approved_by
        .iter()
        .any(|who| needed.is_some_and(|needed| people.is(who, needed)));
    for output in output::parse(given, &["table", "json"])? {
        output::write(&output, &mut |out| match output.format.as_str() {
            "json" => {
                serde_json::to_writer_pretty(
                    &mut *out,
                    &of_changes(&all, loosens, needed, approved),
                )?;
                out.write_all(b"\n")
            }
            _ => out.write_all(output::harmless(&told(&all, loosens, needed, approved)).as_bytes()),
        })?;
    }
    Ok(if loosens && !approved {
        Exit::Denied
    } else {
        Exit::Fine
    })
}

fn of_changes(
    changes: &[Change],
    loosens: bool,
    needed: Option<&str>,
    approved: bool,
) -> serde_json::Value {
    json!({
        "changes": changes.iter().map(|one| json!({
            "effect": one.effect.as_str(),
            "what": one.what,
            "how": one.how,
            "place": one.place.to_string(),
        })).collect::<Vec<_>>(),
        "loosens": loosens,
        "needs_approval_of": if loosens { needed } else { None },
        "approved": loosens && approved,
    })
}

fn told(changes: &[Change], loosens: bool, needed: Option<&str>, approved: bool) -> String {
    use std::fmt::Write as _;
    if changes.is_empty() {
        return "The two policies demand the same.\n".into();
    }
    let mut text = String::new();
    let mut last = None;
    for one in changes {
        if last != Some(one.effect) {
            let title = match one.effect {
                Effect::Loosens => "Loosens",
                Effect::Tightens => "Tightens",
                Effect::Neutral => "Neither",
            };
            let _ = writeln!(text, "{}{title}", if last.is_some() { "\n" } else { "" });
            last = Some(one.effect);
        }
        let _ = writeln!(text, "  {:<32} {}  ({})", one.what, one.how, one.place);
    }
    let who = needed.unwrap_or("whoever is accountable: name them under [roles]");
    text.push('\n');
    let end = match (loosens, approved) {
        (false, _) => "Nothing is loosened: no approval is needed.\n".to_owned(),
        (true, true) => format!("It loosens the policy, and {who} has approved that.\n"),
        (true, false) => format!(
            "It loosens the policy, and needs the approval of {who}: --approved-by says that it is there.\n"
        ),
    };
    text.push_str(&end);
    text
}

/// Whether a text can be used as a policy, for `init`.
pub(crate) fn parses(text: &str) -> Result<Policy, Failure> {
    extend::load("the new policy", text, &extend::PresetsOnly)
        .map_err(|faults| policies::tell(&faults, &|_| Some(text.to_owned())))
}
