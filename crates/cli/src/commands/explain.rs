//! `stanchion explain`: why something is so.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Value, json};
use stanchion_advisories::{GroupId, Index};
use stanchion_assess::Options;
use stanchion_model::Ecosystem;
use stanchion_model::cvss::Vector;
use stanchion_model::finding::Finding;
use stanchion_model::threat::{self, ThreatVector};
use stanchion_report::explain::{self, Advisory};
use stanchion_tree::{Limits, Tree};
use stanchion_versions::Scheme;

use crate::args::Explain;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::output::{self, Output};
use crate::settings;

/// What is said: for people, and for programs.
struct Answer {
    text: String,
    value: Value,
}

pub(crate) fn run(context: &Context, args: &Explain) -> Result<Exit, Failure> {
    let outputs = output::parse(&args.output, &["table", "json"])?;
    let words: Vec<&str> = args.what.iter().map(String::as_str).collect();
    let answer = match words.as_slice() {
        ["version", ecosystem, a, b] => version(ecosystem, a, b)?,
        ["version", ..] => {
            return Err(failure("two versions of an ecosystem are compared")
                .hint("stanchion explain version Maven 1.0-alpha-1 1.0"));
        }
        [what] => one(context, args, what)?,
        [what, ..] => {
            return Err(failure(format!("{what:?} is explained alone"))
                .hint("give one id, vector or word; only `version` takes more"));
        }
        [] => return Err(failure("nothing to explain")),
    };
    for output in &outputs {
        say(&answer, output)?;
    }
    Ok(Exit::Fine)
}

fn say(answer: &Answer, output: &Output) -> Result<(), Failure> {
    output::write(output, &mut |out: &mut dyn Write| {
        if output.format == "json" {
            serde_json::to_writer_pretty(&mut *out, &answer.value)?;
            writeln!(out)
        } else {
            out.write_all(answer.text.as_bytes())
        }
    })
}

fn one(context: &Context, args: &Explain, what: &str) -> Result<Answer, Failure> {
    if let Some(exit) = what
        .parse::<u8>()
        .ok()
        .and_then(|code| Exit::ALL.into_iter().find(|exit| exit.code() == code))
    {
        let text = format!("exit code {what}: {}\n", exit.meaning());
        return Ok(Answer {
            text,
            value: json!({ "exit_code": exit.code(), "meaning": exit.meaning() }),
        });
    }
    if what.eq_ignore_ascii_case("score") {
        return Ok(Answer {
            text: explain::SCORE.to_owned(),
            value: json!({ "formula": explain::SCORE }),
        });
    }
    if what.starts_with("CVSS:") || (what.contains("AV:") && what.contains('/')) {
        return cvss(what);
    }
    if let Some(number) = what
        .to_ascii_uppercase()
        .strip_prefix("CWE-")
        .and_then(|number| number.parse::<u32>().ok())
    {
        return cwe(number);
    }
    if let Some(vector) = ThreatVector::from_id(what) {
        let text = format!(
            "{}: {}\nUse it with `stanchion scan --vector {}`.\n",
            vector.id(),
            vector.title(),
            vector.id()
        );
        return Ok(Answer {
            text,
            value: json!({ "vector": vector.id(), "title": vector.title() }),
        });
    }
    advisory(context, args, what)
}

fn version(ecosystem: &str, a: &str, b: &str) -> Result<Answer, Failure> {
    let scheme = Scheme::for_ecosystem(ecosystem)
        .or_else(|| Ecosystem::from_word(ecosystem).map(Ecosystem::scheme))
        .ok_or_else(|| {
            let all: Vec<&str> = Ecosystem::all().map(Ecosystem::name).collect();
            failure(format!("{ecosystem:?} is no ecosystem that is known here"))
                .hint(format!("choose from {}", all.join(", ")))
        })?;
    let explanation = scheme.explain(a, b);
    let order = match explanation.order {
        std::cmp::Ordering::Less => "<",
        std::cmp::Ordering::Equal => "=",
        std::cmp::Ordering::Greater => ">",
    };
    let text = format!(
        "{a} {order} {b}   ({} order)\n{}\n",
        scheme.name(),
        explanation.deciding_part
    );
    let value = json!({
        "ecosystem": ecosystem,
        "comparator": scheme.name(),
        "a": a,
        "b": b,
        "order": order,
        "reason": explanation.deciding_part,
        "certainty": { "a": format!("{:?}", scheme.certainty(a)).to_lowercase(), "b": format!("{:?}", scheme.certainty(b)).to_lowercase() },
    });
    Ok(Answer { text, value })
}

fn cvss(text: &str) -> Result<Answer, Failure> {
    let vector = Vector::parse(text).map_err(|error| {
        Failure::new(error).hint("a vector looks like CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    })?;
    let metrics: Vec<Value> = vector
        .metrics()
        .zip(vector.explain())
        .map(|((metric, value), (name, word))| json!({ "metric": metric, "value": value, "name": name, "meaning": word }))
        .collect();
    let value = json!({
        "vector": vector.to_string(),
        "version": vector.version().as_str(),
        "score": vector.score(),
        "severity": vector.severity().as_str(),
        "base_score": vector.base_score(),
        "temporal_score": vector.temporal_score(),
        "environmental_score": vector.environmental_score(),
        "metrics": metrics,
        "threat_vectors": threat::from_cvss(&vector).iter().map(|vector| vector.id()).collect::<Vec<_>>(),
    });
    Ok(Answer {
        text: explain::cvss(&vector),
        value,
    })
}

fn cwe(number: u32) -> Result<Answer, Failure> {
    let name = threat::cwe_name(number).ok_or_else(|| {
        failure(format!("CWE-{number} is not in the table of weaknesses")).hint(format!(
            "https://cwe.mitre.org/data/definitions/{number}.html"
        ))
    })?;
    let vectors = threat::derive(std::iter::once(number), None, false);
    let words: Vec<&str> = vectors.iter().map(|vector| vector.title()).collect();
    let used = if words.is_empty() {
        "the CVSS vector decides".to_owned()
    } else {
        words.join(", ")
    };
    let text = format!(
        "CWE-{number}: {name}\nUsed for: {used}\nhttps://cwe.mitre.org/data/definitions/{number}.html\n"
    );
    let ids: Vec<&str> = vectors.iter().map(|vector| vector.id()).collect();
    Ok(Answer {
        text,
        value: json!({ "cwe": number, "name": name, "vectors": ids }),
    })
}

/// An id: what the database says, and where it is in the project at hand.
fn advisory(context: &Context, args: &Explain, id: &str) -> Result<Answer, Failure> {
    let index = context.index()?;
    let groups = index.find(id)?;
    let findings = here(context, args, &index, id)?;
    if groups.is_empty() && findings.is_empty() {
        let kind = index.meta()?.kind;
        let hint = if kind == "starter" {
            "only the starter set is here: run `stanchion db update` for all advisories"
        } else {
            "check the id; `stanchion db status` says what the database holds, `stanchion explain --help` what else can be explained"
        };
        return Err(failure(format!(
            "{id:?} is not in the database, and nothing else that can be explained"
        ))
        .hint(hint));
    }
    let mut text = String::new();
    let mut advisories = Vec::new();
    for &group in &groups {
        let about = read(&index, group)?;
        let view = explain::View {
            verbose: context.verbose,
        };
        text.push_str(&explain::vulnerability(
            &about.0, &about.1, &findings, &view,
        ));
        advisories.push(json!({ "id": about.0, "records": about.1 }));
    }
    if groups.is_empty() {
        for finding in &findings {
            text.push_str(&explain::finding(finding));
        }
    }
    if findings.is_empty() {
        let _ = writeln!(text, "Not found in {}.", args.target.display());
    }
    Ok(Answer {
        text,
        value: json!({ "vulnerabilities": advisories, "findings": findings, "target": args.target.display().to_string() }),
    })
}

fn read(index: &Index, group: GroupId) -> Result<(String, Vec<Advisory>), Failure> {
    let vulnerability = index.group(group)?;
    let mut advisories = Vec::new();
    for &record in &vulnerability.records {
        let view = index.record(record)?;
        let prose = index.prose(&view)?;
        advisories.push(Advisory {
            id: view.id.to_owned(),
            title: view.title.to_owned(),
            severity: view.word.map(|word| word.as_str().to_owned()),
            cvss: view
                .cvss
                .iter()
                .map(|vector| (*vector).to_owned())
                .collect(),
            cwes: view.cwes.clone(),
            aliases: view
                .aliases
                .iter()
                .map(|alias| (*alias).to_owned())
                .collect(),
            published: day(view.published),
            modified: day(view.modified),
            details: prose.details.into(),
            references: prose.references.into_iter().map(Into::into).collect(),
        });
    }
    Ok((vulnerability.id.to_owned(), advisories))
}

fn day(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
    jiff::Timestamp::from_second(seconds)
        .ok()
        .map(|time| time.to_string())
}

/// The findings of the project at hand that have this id, under any of its names or keys.
fn here(
    context: &Context,
    args: &Explain,
    index: &Index,
    id: &str,
) -> Result<Vec<Finding>, Failure> {
    let tree = match Tree::open(&args.target, Limits::default()) {
        Ok(tree) => tree,
        Err(error) => return Err(Failure::from(error).hint("name the project with --target")),
    };
    let project = settings::project(&args.target)?;
    let mut options = Options {
        as_of: context.now.clone(),
        ..Options::default()
    };
    options.scan.walk.exclude = project.scan.exclude;
    options.scan.walk.vendored = project.scan.vendored;
    let inventory = stanchion_assess::inventory(&tree, &args.target.to_string_lossy(), &options)?;
    let mut findings = stanchion_assess::assess(inventory, index, &options, None)?.findings;
    let same = |known: &str| known.eq_ignore_ascii_case(id);
    findings.retain(|finding| {
        same(&finding.key)
            || same(&finding.id)
            || finding.aliases.iter().any(|alias| same(alias))
            || finding
                .evidence
                .iter()
                .any(|evidence| same(&evidence.advisory))
    });
    Ok(findings)
}
