//! What came, kept in the data folder: for each thing a fixed name and what it was when it came. One line is added after
//! each thing, so that a run that is killed loses at most the thing it was at.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::exit::{Failure, failure};
use crate::portal::kept;

/// Hexadecimal digits of a name, and of a mark.
const DIGITS: usize = 32;
/// Most things that are remembered: some 100 MB of memory.
const MOST: usize = 2_000_000;

/// What came. The same source into another portal is another state.
pub(super) struct State {
    known: HashMap<u128, u128>,
    /// None where nothing is to be remembered.
    file: Option<File>,
}

/// A text as a number that no other text has.
fn number(text: &str) -> u128 {
    let digest = stanchion_model::digest::sha256(text.as_bytes());
    u128::from_str_radix(digest.get(..DIGITS).unwrap_or("0"), 16).unwrap_or_default()
}

impl State {
    /// Opens the state of a source and a portal. With `read_only` nothing is added.
    pub(super) fn open(
        data: &Path,
        source: &str,
        portal: &str,
        read_only: bool,
    ) -> Result<Self, Failure> {
        let name = kept::part(&format!("{source} {portal}"));
        let folder = data.join("portal").join("import");
        let path = folder.join(format!("{name}.state"));
        let wrong = |error: std::io::Error| {
            failure(format!("cannot use {}: {error}", path.display()))
                .hint("name another folder with --data-dir")
        };
        if read_only && !path.exists() {
            return Ok(Self {
                known: HashMap::new(),
                file: None,
            });
        }
        std::fs::create_dir_all(&folder).map_err(wrong)?;
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(wrong)?;
        if file.try_lock().is_err() {
            return Err(failure(format!("another import from {source} is running"))
                .hint("wait until it has ended"));
        }
        let mut known = HashMap::new();
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        let mut whole = true;
        loop {
            line.clear();
            // A line that broke off, or is no line of ours, says nothing: what it is about is sent again.
            if reader.read_until(b'\n', &mut line).map_err(wrong)? == 0 || known.len() >= MOST {
                break;
            }
            whole = line.ends_with(b"\n");
            if let Some((key, mark)) = entry(&line) {
                known.insert(key, mark);
            }
        }
        if !whole && !read_only {
            (&file).write_all(b"\n").map_err(wrong)?;
        }
        Ok(Self {
            known,
            file: (!read_only).then_some(file),
        })
    }

    /// Whether a thing came as it is.
    pub(super) fn has(&self, key: &str, mark: &str) -> bool {
        self.known.get(&number(key)) == Some(&number(mark))
    }

    /// Whether a thing came, as it is or as it was.
    pub(super) fn knows(&self, key: &str) -> bool {
        self.known.contains_key(&number(key))
    }

    /// Remembers that a thing came.
    pub(super) fn put(&mut self, key: &str, mark: &str) -> Result<(), Failure> {
        let (key, mark) = (number(key), number(mark));
        if let Some(file) = &mut self.file {
            file.write_all(format!("{key:032x} {mark:032x}\n").as_bytes())
                .map_err(|error| failure(format!("cannot remember what came: {error}")))?;
        }
        self.known.insert(key, mark);
        Ok(())
    }
}

fn entry(line: &[u8]) -> Option<(u128, u128)> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (key, mark) = text.split_once(' ')?;
    let number = |text: &str| {
        (text.len() == DIGITS)
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
    };
    Some((number(key)?, number(mark)?))
}
