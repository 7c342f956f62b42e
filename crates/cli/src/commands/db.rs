//! `stanchion db`: looking after the advisory database.

use std::io::Write;
use std::path::{Path, PathBuf};

use stanchion_advisories::fetch::{self, Became};
use stanchion_advisories::import::{SourceFile, build_on, find_sources};
use stanchion_advisories::signed::{self, SigningKey};
use stanchion_advisories::{Index, Meta};
use stanchion_model::report::DatabaseInfo;

use crate::args::{Db, DbCommand};
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::fetching::{self, Progress};
use crate::output;

pub(crate) fn run(context: &Context, args: &Db) -> Result<Exit, Failure> {
    match &args.command {
        DbCommand::Update { ecosystem, output } => update(context, ecosystem, output),
        DbCommand::Import {
            paths,
            unsigned,
            trust,
        } => import(context, paths, *unsigned, trust),
        DbCommand::Export { file, key } => export(context, file, key.as_deref()),
        DbCommand::Key { file } => key(file),
        DbCommand::Status { output } => status(context, output),
    }
}

fn update(context: &Context, ecosystems: &[String], output: &[String]) -> Result<Exit, Failure> {
    let outputs = output::parse(output, &["table", "json"])?;
    if context.offline {
        return Err(failure("the network is switched off")
            .hint("leave out --offline (or STANCHION_OFFLINE), or use `stanchion db import`"));
    }
    let talk = Progress::new(context);
    let settings = fetching::settings(context, ecosystems);
    let report = fetch::update(
        &context.database,
        &settings,
        &fetching::client(context),
        &context.now,
        &talk,
    );
    talk.done();
    let report = report?;
    let info = context
        .index()
        .and_then(|index| Ok(index.meta()?.info(index.snapshot())))?;
    let failed = report
        .sources
        .iter()
        .filter(|source| matches!(source.became, Became::Failed(_)))
        .count();
    for output in &outputs {
        output::write(output, &mut |out: &mut dyn Write| {
            if output.format == "json" {
                serde_json::to_writer_pretty(&mut *out, &info)?;
                return writeln!(out);
            }
            for source in &report.sources {
                writeln!(out, "{}", fetching::describe(source))?;
            }
            writeln!(out, "{}", summary(&info))
        })?;
    }
    // Yesterday's data stays in force where a source failed; only when all did is there nothing to show for it.
    let all = failed > 0 && failed == report.sources.len();
    Ok(if all { Exit::Incomplete } else { Exit::Fine })
}

fn import(
    context: &Context,
    paths: &[PathBuf],
    unsigned: bool,
    trust: &[String],
) -> Result<Exit, Failure> {
    let Some(_lock) = context.database.lock(|waited| waited.as_secs() < 120)? else {
        return Err(
            failure("another run has been writing the database for two minutes")
                .hint("wait for it to end, or end it, and try again"),
        );
    };
    let exported = match paths {
        [one] if one.is_file() => starts_as_export(one)?,
        _ => None,
    };
    let bytes = if let Some(file) = exported {
        let trusted: Vec<String> = context
            .settings
            .database
            .trusted_keys
            .iter()
            .chain(trust)
            .cloned()
            .collect();
        signed::import(&file, &paths[0].display().to_string(), &trusted, unsigned)?
    } else {
        let mut sources: Vec<SourceFile> = Vec::new();
        for path in paths {
            sources.extend(find_sources(path)?);
        }
        // A file that is named and also lies in a folder that is named is read once.
        sources.sort_by(|a, b| (a.kind, &a.name, &a.path).cmp(&(b.kind, &b.name, &b.path)));
        sources.dedup_by(|b, a| a.path == b.path);
        // A damaged database is no base: what is imported stands alone then.
        let base = context.database.open().ok().flatten();
        let base = base.filter(|base| base.verify().is_ok());
        build_on(base.as_ref(), &sources, &context.now, &|_, _, _| {})?
    };
    context.database.replace(&bytes)?;
    let index = Index::from_bytes(bytes)?;
    let meta = index.meta()?;
    let info = meta.info(index.snapshot());
    context.say(&format!("{} in {:.1} s", summary(&info), context.elapsed()));
    for source in meta.sources.iter().filter(|source| source.records == 0) {
        context.say(&format!("warning: {} gave nothing", source.name));
    }
    if info.refused > 0 {
        context.say(&format!(
            "{} records were refused: `stanchion db status -v` lists them with the reason",
            info.refused
        ));
    }
    Ok(Exit::Fine)
}

fn starts_as_export(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    use std::io::Read;
    let unreadable =
        |error: std::io::Error| failure(format!("cannot read {}: {error}", path.display()));
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(8).read_to_end(&mut head).map_err(unreadable)?;
    if signed::is_export(&head) {
        std::fs::read(path).map(Some).map_err(unreadable)
    } else {
        Ok(None)
    }
}

fn summary(info: &DatabaseInfo) -> String {
    format!(
        "{} advisories in force ({} withdrawn, {} merged, {} refused)",
        info.advisories, info.withdrawn, info.merged, info.refused
    )
}

fn export(context: &Context, file: &Path, key: Option<&Path>) -> Result<Exit, Failure> {
    let Some(index) = context.database.open()? else {
        return Err(failure("there is no database to export")
            .hint("run `stanchion db update` or `stanchion db import DIR` first"));
    };
    index.verify()?;
    let key = key.map(SigningKey::read).transpose()?;
    let bytes = signed::export(&index, key.as_ref())?;
    output::write(
        &output::Output {
            format: "database".into(),
            file: Some(file.to_owned()),
        },
        &mut |out: &mut dyn Write| out.write_all(&bytes),
    )?;
    let size = bytes.len() as f64 / 1e6;
    match key {
        Some(key) => context.say(&format!(
            "wrote {} ({size:.1} MB), signed by {}",
            file.display(),
            key.public()
        )),
        None => context.say(&format!(
            "wrote {} ({size:.1} MB), unsigned: it is only accepted with --unsigned",
            file.display()
        )),
    }
    Ok(Exit::Fine)
}

fn key(file: &Path) -> Result<Exit, Failure> {
    if file.exists() {
        return Err(failure(format!("{} is there already", file.display()))
            .hint("name another file: a key is never written over"));
    }
    let (secret, public) = SigningKey::generate()?;
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(file)
        .and_then(|mut file| file.write_all(&secret));
    written.map_err(|error| failure(format!("cannot write {}: {error}", file.display())))?;
    anstream::println!("{public}");
    Ok(Exit::Fine)
}

fn status(context: &Context, output: &[String]) -> Result<Exit, Failure> {
    let outputs = output::parse(output, &["table", "json"])?;
    let index = context.index()?;
    let meta = index.meta()?;
    let info = meta.info(index.snapshot());
    for output in &outputs {
        output::write(output, &mut |out: &mut dyn Write| {
            if output.format.as_str() == "json" {
                let mut value = serde_json::to_value(&info)?;
                value["refusals"] = serde_json::to_value(&meta.refusals)?;
                value["file"] = context.database.file().display().to_string().into();
                serde_json::to_writer_pretty(&mut *out, &value)?;
                writeln!(out)
            } else {
                let mut text = Vec::new();
                table(context, &info, &meta, &index, &mut text)?;
                // Names of zip entries and words of publishers stand in it.
                out.write_all(output::harmless(&String::from_utf8_lossy(&text)).as_bytes())
            }
        })?;
    }
    Ok(if info.kind == "starter" {
        Exit::Incomplete
    } else {
        Exit::Fine
    })
}

fn table(
    context: &Context,
    info: &DatabaseInfo,
    meta: &Meta,
    index: &Index,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    if info.kind == "starter" {
        writeln!(
            out,
            "There is no database yet: only the starter set that is compiled in.\nhint: run `stanchion db update`\n"
        )?;
    } else {
        writeln!(out, "{}", context.database.file().display())?;
    }
    writeln!(
        out,
        "snapshot {}, updated {}",
        info.snapshot,
        info.updated.as_deref().unwrap_or("never")
    )?;
    writeln!(
        out,
        "{}; {} vulnerabilities, {} packages\n",
        summary(info),
        index.group_count(),
        index.package_count()
    )?;
    let name = info
        .sources
        .iter()
        .map(|source| source.name.len())
        .max()
        .unwrap_or(0)
        .max(6);
    writeln!(
        out,
        "{:name$}  {:>8}  NEWEST CHANGE         FETCHED",
        "SOURCE", "RECORDS"
    )?;
    for source in &info.sources {
        let newest = source.newest.as_deref().unwrap_or("-");
        let newest = newest.get(..19).unwrap_or(newest);
        writeln!(
            out,
            "{:name$}  {:>8}  {newest:<20}  {}",
            source.name,
            source.records,
            source.fetched.as_deref().unwrap_or("compiled in")
        )?;
        if let Some(reason) = &source.failed {
            writeln!(
                out,
                "{:name$}  failed the last time, older data is in force: {reason}",
                ""
            )?;
        }
    }
    let shown = if context.verbose {
        meta.refusals.len()
    } else {
        meta.refusals.len().min(5)
    };
    if shown > 0 {
        writeln!(out, "\nRefused:")?;
    }
    for refusal in &meta.refusals[..shown] {
        writeln!(
            out,
            "  {} {}: {}",
            refusal.source, refusal.id, refusal.reason
        )?;
    }
    if meta.refusals.len() > shown {
        writeln!(
            out,
            "  and {} more: -v shows all",
            meta.refusals.len() - shown
        )?;
    }
    Ok(())
}
