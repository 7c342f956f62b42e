//! From a target to its inventory: which file goes to which reader, and what becomes of each.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use stanchion_model::inventory::{Inventory, Problem, ProblemKind};
use stanchion_model::purl::Purl;
use stanchion_syntax::{Limits, text};
use stanchion_tree::{Entry, Tree, TreeError, WalkOptions};

use crate::assemble::{FileResult, assemble};
use crate::extract::{Extractor, Input, Shared};
use crate::extractors::REGISTRY;
use crate::found::{Found, Package};
use crate::manifests;

/// Bytes of files that are read at once.
const WAVE: u64 = 16 << 20;
/// Packages and problems that one scan holds; each takes some 800 bytes by the time it is told.
const HELD: usize = 400_000;

/// How to scan.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// What to leave out, and whether to look into vendored code.
    pub walk: WalkOptions,
    /// Read a single file as this format: a reader's id, whatever the file is called.
    pub read_as: Option<String>,
    /// Bounds on documents.
    pub limits: Limits,
}

/// Who gets a file.
enum Reader {
    By(&'static dyn Extractor),
    /// Told from its first bytes.
    Content,
    Manifest,
}

/// Reads everything in the target that a reader wants.
pub fn scan(tree: &Tree, target: &str, options: &ScanOptions) -> Result<Inventory, TreeError> {
    let walk = tree.walk(&options.walk, &|path| named(path).is_some())?;
    let mut problems: Vec<Problem> = walk
        .skipped
        .into_iter()
        .map(|skipped| problem(skipped.path, ProblemKind::Unreadable, skipped.reason))
        .collect();
    // Only where a lockfile should be: a link of any other name may be what it likes.
    problems.extend(walk.odd.into_iter().filter_map(|odd| {
        matches!(named(&odd.path), Some(Reader::By(_)))
            .then(|| problem(odd.path, ProblemKind::Unreadable, odd.reason))
    }));
    // Largest first: the last thread to finish should be busy with something small.
    let mut files = walk.files;
    files.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    let shared = Shared::new(&files);
    let mut read = Vec::new();
    let mut held = 0;
    let mut rest = files.as_slice();
    while !rest.is_empty() {
        if held >= HELD {
            problems.extend(rest.iter().filter_map(|file| unread(&file.path)));
            break;
        }
        let (wave, later) = rest.split_at(wave(rest));
        let results: Vec<(Option<FileResult>, Option<Problem>)> = wave
            .par_iter()
            .map(|file| read_file(tree, file, &shared, options))
            .collect();
        for (result, failed) in results {
            held += result.as_ref().map_or(0, |result| {
                result.found.packages.len() + result.found.problems.len()
            });
            read.extend(result);
            problems.extend(failed);
        }
        rest = later;
    }
    drop_absorbed(&mut read);
    if tree.single().is_none() {
        let manifests = files
            .iter()
            .map(|file| file.path.as_str())
            .filter(|path| matches!(named(path), Some(Reader::Manifest)));
        problems.extend(manifests::without_lock(
            tree,
            manifests,
            &read,
            &options.limits,
        ));
    }
    Ok(assemble(target, read, problems))
}

/// How many of the files are read at once: so many bytes, or a single larger one. What is in memory is bounded by it,
/// and as the files are in order, so is the answer the same however many cores there are.
fn wave(files: &[Entry]) -> usize {
    let mut bytes = 0u64;
    let fit = files.iter().take_while(|file| {
        if !matches!(named(&file.path), Some(Reader::Manifest)) {
            bytes = bytes.saturating_add(file.size);
        }
        bytes <= WAVE
    });
    fit.count().max(1)
}

fn unread(path: &str) -> Option<Problem> {
    (!matches!(named(path), Some(Reader::Manifest))).then(|| Problem {
        hint: Some("scan a part of the target at a time".into()),
        ..problem(
            path.to_owned(),
            ProblemKind::Unreadable,
            format!("it was not read: larger files gave more than {HELD} packages and problems, as many as one scan holds"),
        )
    })
}

/// The inventory of a single package that is named by its purl.
pub fn of_purl(purl: Purl) -> Inventory {
    let target = purl.to_string();
    let mut found = Found::default();
    found.document();
    found.add(Package::from_purl(purl).direct(true));
    assemble(
        &target,
        vec![FileResult {
            path: target.clone(),
            found,
        }],
        Vec::new(),
    )
}

/// Whether a file is read, going by its path alone.
pub fn wants(path: &str) -> bool {
    named(path).is_some()
}

fn named(path: &str) -> Option<Reader> {
    if let Some(extractor) = REGISTRY.iter().find(|extractor| extractor.wants(path)) {
        return Some(Reader::By(*extractor));
    }
    if manifests::is_manifest(path) {
        return Some(Reader::Manifest);
    }
    let extension = path.rsplit('.').next().unwrap_or_default();
    matches!(extension, "json" | "cdx" | "spdx" | "bom" | "sbom").then_some(Reader::Content)
}

fn read_file(
    tree: &Tree,
    file: &Entry,
    shared: &Shared<'_>,
    options: &ScanOptions,
) -> (Option<FileResult>, Option<Problem>) {
    let single = tree.single().is_some();
    let forced = options.read_as.as_deref().filter(|_| single);
    let reader = match forced {
        Some(id) => REGISTRY
            .iter()
            .find(|extractor| extractor.about().id == id)
            .map(|extractor| Reader::By(*extractor)),
        None => named(&file.path),
    };
    let extractor = match reader {
        Some(Reader::By(extractor)) => extractor,
        Some(Reader::Manifest) if single => {
            let (result, failed) = manifests::alone(tree, &file.path, &options.limits);
            return (result, failed);
        }
        Some(Reader::Manifest) => return (None, None),
        Some(Reader::Content) | None => {
            let head = match tree.head(&file.path) {
                Ok(head) => head,
                Err(error) => {
                    return (
                        None,
                        Some(problem(
                            file.path.clone(),
                            ProblemKind::Unreadable,
                            error.to_string(),
                        )),
                    );
                }
            };
            // The head may end inside a character.
            let head = String::from_utf8_lossy(&head);
            match REGISTRY
                .iter()
                .find(|extractor| extractor.recognises(&head))
            {
                Some(extractor) => *extractor,
                None if single => {
                    let reason = "its format is not known; name it with --as, or see `stanchion coverage` for what is read";
                    return (
                        None,
                        Some(problem(
                            file.path.clone(),
                            ProblemKind::Unreadable,
                            reason.into(),
                        )),
                    );
                }
                None => return (None, None),
            }
        }
    };
    let failed = |reason: String, line: Option<u32>| {
        Some(Problem {
            path: file.path.clone(),
            line,
            kind: ProblemKind::Unreadable,
            reason,
            hint: None,
        })
    };
    let bytes = match tree.read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => return (None, failed(error.to_string(), None)),
    };
    let decoded = match text::decode(&bytes) {
        Ok(decoded) => decoded,
        Err(error) => {
            let mut problem = failed(error.message, None);
            if let Some(problem) = &mut problem {
                problem.hint = extractor.binary_hint().map(str::to_owned);
            }
            return (None, problem);
        }
    };
    let damage = decoded
        .damaged
        .and_then(|damage| failed(damage.message, Some(damage.line)));
    if decoded.text.trim().is_empty() {
        return (None, failed("the file is empty".into(), None));
    }
    let mut found = Found::for_text(decoded.text.len());
    let input = Input {
        path: &file.path,
        text: &decoded.text,
        tree,
        shared,
        limits: options.limits,
    };
    // A reader that panics has a bug; the other files are read all the same, and this one is named.
    let whole = catch_unwind(AssertUnwindSafe(|| extractor.extract(&input, &mut found))).is_ok();
    if !whole {
        let reason = format!(
            "the reader {} failed on it; please report this file",
            extractor.about().id
        );
        return (None, failed(reason, None));
    }
    found.close();
    if found.document && found.is_empty() && found.problems.is_empty() {
        // A document without components, such as a VEX, is no inventory.
        return (None, damage);
    }
    (
        Some(FileResult {
            path: file.path.clone(),
            found,
        }),
        damage,
    )
}

/// Drops what a file gave alone where another one took it in whole. Two that take in each other: the first by
/// depth and name stays.
fn drop_absorbed(read: &mut Vec<FileResult>) {
    if read.iter().all(|result| result.found.absorbed.is_empty()) {
        return;
    }
    read.sort_by(|a, b| {
        let depth = |result: &FileResult| result.path.matches('/').count();
        depth(a).cmp(&depth(b)).then_with(|| a.path.cmp(&b.path))
    });
    let mut absorbed: HashSet<String> = HashSet::new();
    read.retain(|result| {
        let stays = !absorbed.contains(&result.path);
        if stays {
            absorbed.extend(
                result
                    .found
                    .absorbed
                    .iter()
                    .filter(|path| **path != result.path)
                    .cloned(),
            );
        }
        stays
    });
}

pub(crate) fn problem(path: String, kind: ProblemKind, reason: String) -> Problem {
    Problem {
        path,
        line: None,
        kind,
        reason,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_waves_of_a_bounded_size() {
        let file = |path: &str, size: u64| Entry {
            path: path.into(),
            size,
        };
        let files = [
            file("a/package-lock.json", WAVE * 3),
            file("b/package-lock.json", WAVE / 2),
            file("package.json", WAVE * 9),
            file("c/package-lock.json", WAVE / 2),
            file("d/package-lock.json", 1),
        ];
        assert_eq!(wave(&files), 1);
        assert_eq!(wave(&files[1..]), 3);
        assert_eq!(wave(&files[4..]), 1);
        assert!(unread("a/package-lock.json").is_some() && unread("package.json").is_none());
    }
}
