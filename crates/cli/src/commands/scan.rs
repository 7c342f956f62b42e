//! `stanchion scan`: the main job.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use stanchion_assess::{Filters, Options};
use stanchion_formats::{Subject, cyclonedx, sarif, spdx};
use stanchion_inventory::ScanOptions;
use stanchion_inventory::extractors::REGISTRY;
use stanchion_model::cvss::Severity;
use stanchion_model::inventory::Inventory;
use stanchion_model::purl::Purl;
use stanchion_model::report::{Assessment, Timing};
use stanchion_model::threat::ThreatVector;
use stanchion_report::{csv, html, json, markdown, terminal};
use stanchion_tree::{Limits, Tree, WalkOptions};

use crate::args::{PolicyArgs, Scan, TargetArgs};
use crate::context::{self, Context};
use crate::exit::{Exit, Failure, failure};
use crate::fetching;
use crate::judged::Judged;
use crate::output::{self, Output};
use crate::settings;

pub(crate) const FORMATS: &[&str] = &[
    "table",
    "json",
    "html",
    "markdown",
    "csv",
    "sarif",
    "cyclonedx",
    "spdx",
];

pub(crate) fn run(context: &Context, args: &Scan) -> Result<Exit, Failure> {
    let outputs = output::parse(&args.output, FORMATS)?;
    let mut options = Options {
        scan: scan_options(&args.target)?,
        filters: filters(args)?,
        as_of: as_of(context, args)?,
    };
    let mut judged = Judged::find(
        context,
        &args.policy,
        &args.target.target,
        args.as_of.as_deref(),
        &options.as_of,
    )?;
    judged.leave_out(&mut options);
    let (inventory, reading) = inventory(&args.target, &options)?;
    let empty = inventory.files == 0;
    if empty {
        nothing(&inventory);
    }
    let opening = Instant::now();
    let index = if empty {
        context.index()?
    } else {
        fetching::index_for(context, &inventory)?
    };
    let opening = opening.elapsed().as_secs_f64();
    judged.check_clock(&index, args.as_of.is_some())?;
    options.as_of = judged.time();
    let mut assessment = judged.assess(inventory, &index, &options)?;
    if args.record {
        judged.record(context, &assessment)?;
    }
    assessment.timings.insert(
        0,
        Timing {
            stage: "reading the target",
            seconds: reading,
        },
    );
    assessment.timings.insert(
        1,
        Timing {
            stage: "opening the database",
            seconds: opening,
        },
    );
    let exit = exit_of(&assessment);
    // With nothing to scan a table would look like an all-clear; a document still carries the problems.
    for output in outputs
        .iter()
        .filter(|output| !empty || output.format != "table")
    {
        write(
            context,
            &args.target.target,
            args.all,
            &assessment,
            exit,
            output,
        )?;
    }
    if assessment.findings.len() > sarif::MOST_RESULTS
        && outputs.iter().any(|output| output.format == "sarif")
    {
        context.say(&format!(
            "warning: SARIF holds the worst {} of {} findings, as many as code scanning takes",
            sarif::MOST_RESULTS,
            assessment.findings.len()
        ));
    }
    if assessment.database.kind == "starter"
        && !empty
        && outputs.iter().any(|output| output.format != "table")
    {
        context.say("warning: only the starter set of advisories is here, so most vulnerabilities are not found; run `stanchion db update`");
    }
    Ok(exit)
}

/// What an assessment ends a command with.
pub(crate) fn exit_of(assessment: &Assessment) -> Exit {
    if assessment.verdict.denied && !assessment.verdict.incomplete {
        Exit::Denied
    } else if assessment.inventory.files == 0 || assessment.verdict.incomplete {
        Exit::Incomplete
    } else {
        Exit::Fine
    }
}

/// A target, how it is read and what judges it, for a command that tells something else of a scan.
pub(crate) fn prepare(
    context: &Context,
    target: &Path,
    policy: &PolicyArgs,
    given: Option<&str>,
) -> Result<(TargetArgs, Options, Judged), Failure> {
    let target = TargetArgs {
        target: target.to_owned(),
        exclude: Vec::new(),
        vendored: false,
        read_as: None,
    };
    let as_of = given.map_or_else(|| Ok(context.now.clone()), context::time)?;
    let mut options = Options {
        scan: scan_options(&target)?,
        as_of,
        ..Options::default()
    };
    let judged = Judged::find(context, policy, &target.target, given, &options.as_of)?;
    judged.leave_out(&mut options);
    Ok((target, options, judged))
}

/// Matches and judges what was read.
pub(crate) fn finish(
    context: &Context,
    inventory: Inventory,
    options: &mut Options,
    judged: &mut Judged,
    given: bool,
) -> Result<Assessment, Failure> {
    let index = if inventory.files == 0 {
        context.index()?
    } else {
        fetching::index_for(context, &inventory)?
    };
    judged.check_clock(&index, given)?;
    options.as_of = judged.time();
    judged.assess(inventory, &index, options)
}

/// Scans a target for a command that tells something else of it.
pub(crate) fn quietly(
    context: &Context,
    target: &Path,
    policy: &PolicyArgs,
    given: Option<&str>,
) -> Result<Assessment, Failure> {
    let (target, mut options, mut judged) = prepare(context, target, policy, given)?;
    let (inventory, _) = inventory(&target, &options)?;
    finish(
        context,
        inventory,
        &mut options,
        &mut judged,
        given.is_some(),
    )
}

/// Flags, and the settings of the project.
pub(crate) fn scan_options(args: &TargetArgs) -> Result<ScanOptions, Failure> {
    let project = settings::project(&args.target)?;
    if let Some(format) = &args.read_as
        && !REGISTRY
            .iter()
            .any(|extractor| extractor.about().id == format)
    {
        return Err(failure(format!("{format:?} is no format that is read"))
            .hint("`stanchion coverage` lists the formats by their id"));
    }
    let exclude = args
        .exclude
        .iter()
        .chain(&project.scan.exclude)
        .cloned()
        .collect();
    let walk = WalkOptions {
        exclude,
        vendored: args.vendored || project.scan.vendored,
    };
    Ok(ScanOptions {
        walk,
        read_as: args.read_as.clone(),
        ..ScanOptions::default()
    })
}

/// Reads the target, and says how many seconds that took.
pub(crate) fn inventory(args: &TargetArgs, options: &Options) -> Result<(Inventory, f64), Failure> {
    let start = Instant::now();
    let name = args.target.to_string_lossy();
    let inventory = if name.starts_with("pkg:") {
        let purl = Purl::parse_lenient(&name).map_err(|error| {
            Failure::new(error).hint("a package is named like pkg:npm/lodash@4.17.15")
        })?;
        stanchion_inventory::of_purl(purl)
    } else if name == "-" {
        let tree = Tree::of_stream("stdin", &mut std::io::stdin().lock(), Limits::default())?;
        stanchion_assess::inventory(&tree, "stdin", options)?
    } else {
        let tree = Tree::open(&args.target, Limits::default())
            .map_err(|error| Failure::from(error).hint("name a folder or a file that is there"))?;
        stanchion_assess::inventory(&tree, &name, options)?
    };
    Ok((inventory, start.elapsed().as_secs_f64()))
}

fn filters(args: &Scan) -> Result<Filters, Failure> {
    let min_severity = match args.min_severity.as_deref() {
        None => None,
        Some(word) => Some(Severity::from_word(word).ok_or_else(|| {
            failure(format!("{word:?} is no severity")).hint("choose low, medium, high or critical")
        })?),
    };
    let vectors = args
        .vector
        .iter()
        .map(|id| {
            ThreatVector::from_id(id).ok_or_else(|| {
                let all: Vec<&str> = ThreatVector::all().map(ThreatVector::id).collect();
                failure(format!("{id:?} is no threat vector"))
                    .hint(format!("choose from {}", all.join(", ")))
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Filters {
        min_severity,
        vectors,
        fixable: args.fixable,
        no_dev: args.no_dev,
    })
}

fn as_of(context: &Context, args: &Scan) -> Result<String, Failure> {
    args.as_of
        .as_deref()
        .map_or_else(|| Ok(context.now.clone()), context::time)
}

/// Problems shown where there was nothing to scan.
const PROBLEMS: usize = 10;

/// No lockfile found is not success: says what is read.
pub(crate) fn nothing(inventory: &Inventory) {
    let mut names: Vec<&str> = REGISTRY
        .iter()
        .flat_map(|extractor| extractor.about().files.iter().copied())
        .collect();
    names.sort_unstable();
    names.dedup();
    output::say(&format!(
        "Nothing to scan in {}: no lockfile, manifest or SBOM that is read here was found.",
        inventory.target.replace('\n', " ")
    ));
    for problem in inventory.problems.iter().take(PROBLEMS) {
        let line = format!("  {}: {}", problem.path, problem.reason);
        output::say(&line.replace('\n', " "));
    }
    if let Some(more @ 1..) = inventory.problems.len().checked_sub(PROBLEMS) {
        output::say(&format!("  and {more} more: -o json has them all"));
    }
    output::say(&format!("These are read: {}.", names.join(", ")));
    output::say(
        "hint: name the folder that holds them, or see `stanchion coverage`; node_modules and vendor are read with --vendored",
    );
}

/// Writes an assessment of a target in a format; `all` shows every row of a table.
pub(crate) fn write(
    context: &Context,
    target: &Path,
    all: bool,
    assessment: &Assessment,
    exit: Exit,
    output: &Output,
) -> Result<(), Failure> {
    let stamp = context::stamp(&assessment.as_of)?;
    let name = product_name(target);
    let prefix = source_prefix(target);
    let subject = Subject {
        inventory: &assessment.inventory,
        problems: &assessment.problems,
        name: &name,
        stamp: &stamp,
    };
    output::write(
        output,
        &mut |out: &mut dyn Write| match output.format.as_str() {
            "json" => json::write(assessment, out),
            "html" => html::write(assessment, out),
            "markdown" => markdown::write(assessment, out),
            "csv" => csv::write(assessment, out),
            "cyclonedx" => cyclonedx::write(&subject, Some(assessment), out),
            "spdx" => spdx::write(&subject, out),
            "sarif" => {
                let successful = exit != Exit::Incomplete;
                sarif::write(
                    assessment,
                    &sarif::Options {
                        prefix: &prefix,
                        exit: (exit.code(), exit.meaning()),
                        successful,
                    },
                    out,
                )
            }
            _ => {
                let to_terminal = output.file.is_none();
                let view = terminal::View {
                    width: if to_terminal { output::width() } else { 100 },
                    // The stream strips colours where they are not wanted.
                    colour: to_terminal,
                    all,
                    verbose: context.verbose,
                    elapsed: context.elapsed(),
                };
                out.write_all(terminal::render(assessment, &view).as_bytes())
            }
        },
    )
}

/// What a document calls a target that no project gives a name: its folder's or its file's own.
pub(crate) fn product_name(target: &Path) -> String {
    let whole = std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    whole
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The target's folder relative to the working folder, where it lies below: code scanning looks for files from there,
/// the root of the checkout. Empty anywhere else.
fn source_prefix(target: &Path) -> String {
    let find = || -> Option<String> {
        let whole = std::fs::canonicalize(target).ok()?;
        let folder = if whole.is_dir() {
            whole.as_path()
        } else {
            whole.parent()?
        };
        let here = std::fs::canonicalize(std::env::current_dir().ok()?).ok()?;
        let parts = folder.strip_prefix(here).ok()?.components();
        Some(
            parts
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/"),
        )
    };
    find().unwrap_or_default()
}
