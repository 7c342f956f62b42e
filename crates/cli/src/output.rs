//! `-o FORMAT[=FILE]`: where each document goes.

use stanchion_model::text::is_hostile;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Failure, failure};

/// A format and its destination; standard output without a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: String,
    pub(crate) file: Option<PathBuf>,
}

/// Parses the options. Without any, the first known format is meant. Two to standard output are refused.
pub(crate) fn parse(given: &[String], known: &[&str]) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    for text in given {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(file)),
            None => (text.as_str(), None),
        };
        let format = match format {
            "human" | "text" | "terminal" => "table",
            "md" => "markdown",
            "cdx" | "cyclonedx-json" => "cyclonedx",
            "spdx-json" => "spdx",
            other => other,
        };
        if !known.contains(&format) {
            return Err(
                failure(format!("{format:?} is no output format of this command"))
                    .hint(format!("it writes {}", known.join(", "))),
            );
        }
        let file = match file {
            None | Some("-") => None,
            Some("") => return Err(failure(format!("{text:?} names no file after the ="))),
            Some(file) => Some(PathBuf::from(file)),
        };
        outputs.push(Output {
            format: format.to_owned(),
            file,
        });
    }
    if outputs.is_empty() {
        outputs.push(Output {
            format: known[0].to_owned(),
            file: None,
        });
    }
    if outputs
        .iter()
        .filter(|output| output.file.is_none())
        .count()
        > 1
    {
        return Err(failure("two documents cannot both go to standard output")
            .hint("give all but one of them a file: -o sarif=x.sarif -o json"));
    }
    Ok(outputs)
}

/// Writes a document to its destination. A file is written beside its place and moved there when it is whole.
pub(crate) fn write(
    output: &Output,
    make: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match &output.file {
        None => {
            let mut out = anstream::stdout().lock();
            match make(&mut out).and_then(|()| out.flush()) {
                // A reader that has seen enough is no failure, and the verdict holds all the same.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                done => done.map_err(|error| {
                    failure(format!("cannot write to standard output: {error}"))
                })?,
            }
        }
        Some(path) => to_file(path, make).map_err(|error| {
            failure(format!("cannot write {}: {error}", path.display()))
                .hint("check that its folder is there and that you may write to it")
        })?,
    }
    Ok(())
}

fn to_file(path: &Path, make: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A device or a pipe, such as /dev/stdout, cannot be replaced: it is written to as it is.
    if path.exists() && !path.is_file() {
        let mut file = std::fs::File::options().write(true).open(path)?;
        return make(&mut file).and_then(|()| file.flush());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = folder.join(format!(".{name}.{}.part", std::process::id()));
    let mut file = std::fs::File::create(&part)?;
    let done = make(&mut file)
        .and_then(|()| file.flush())
        .and_then(|()| std::fs::rename(&part, path));
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// A line for people on standard error. That nobody takes it is no failure.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", harmless(line));
}

/// Text in which names and words of others stand, without what a terminal would obey or what turns the direction of
/// reading; line breaks stay.
pub(crate) fn harmless(text: &str) -> String {
    text.replace(|c: char| c != '\n' && is_hostile(c), "\u{fffd}")
}

/// Columns of the terminal; 100 where there is none to ask.
pub(crate) fn width() -> usize {
    let asked = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    asked.unwrap_or_else(|| {
        terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
    })
}
