//! How a reader is tested: a folder of real or made files, and every component spelt out on a line.

use std::path::Path;

use stanchion_model::inventory::{Inventory, Origin};
use stanchion_tree::{Limits, Tree};

use super::REGISTRY;
use crate::assemble::{FileResult, assemble};
use crate::extract::{Input, Shared};
use crate::found::Found;
use crate::scan::{ScanOptions, scan};

/// One folder that is scanned whole.
pub(crate) struct Case {
    /// Below `src/extractors/`.
    pub(crate) folder: &'static str,
    /// The file whose reader is under test.
    pub(crate) file: &'static str,
    /// Every component as [`describe`] writes it, in any order: one that is missing here fails the test.
    pub(crate) want: &'static [&'static str],
    /// Every problem, as `path:line reason` up to its length given here.
    pub(crate) problems: &'static [&'static str],
}

/// Scans the folder and compares; also holds the reader's stated capabilities against what it gave.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a case is written where it is checked"
)]
pub(crate) fn check(case: Case) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/extractors")
        .join(case.folder);
    let tree = Tree::open(&folder, Limits::default()).unwrap();
    let inventory = scan(&tree, "target", &ScanOptions::default()).unwrap();
    let mut got = describe(&inventory);
    let mut want: Vec<String> = case.want.iter().map(|line| (*line).to_owned()).collect();
    got.sort();
    want.sort();
    assert_eq!(
        got,
        want,
        "components of {}\n{}",
        case.folder,
        got.join("\n")
    );
    let problems: Vec<String> = inventory
        .problems
        .iter()
        .map(|problem| {
            format!(
                "{}:{} {}",
                problem.path,
                problem.line.unwrap_or(0),
                problem.reason
            )
        })
        .collect();
    assert_eq!(problems.len(), case.problems.len(), "{problems:#?}");
    for (problem, want) in problems.iter().zip(case.problems) {
        assert!(problem.starts_with(want), "{problem}\n{want}");
    }
    let extractor = REGISTRY
        .iter()
        .find(|extractor| extractor.wants(case.file))
        .unwrap();
    let can = extractor.about().capabilities;
    let components = || inventory.components.iter();
    assert!(
        can.edges || components().all(|component| component.dependencies.is_empty()),
        "edges are not stated"
    );
    assert!(
        can.hashes || components().all(|component| component.hashes.is_empty()),
        "hashes are not stated"
    );
    assert!(
        can.licences || components().all(|component| component.licences.is_empty()),
        "licences are not stated"
    );
    assert!(
        can.direct || components().all(|component| component.direct != Some(true)),
        "direct is not stated"
    );
    assert!(
        !can.lines
            || components()
                .all(|component| component.locations.iter().all(|place| place.line.is_some())),
        "lines are missing"
    );
}

/// Feeds a reader a good file cut off at every place, with bytes changed, and with parts repeated: whatever
/// comes out, it must not panic. `file` decides the reader by its name; it lies below `src/extractors/`.
pub(crate) fn never_panics(file: &str) {
    use proptest::prelude::*;

    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/extractors")
        .join(file);
    let sample = std::fs::read(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::open(folder.path(), Limits::default()).unwrap();
    let name = file.rsplit('/').next().unwrap();
    let extractor = REGISTRY
        .iter()
        .find(|extractor| extractor.wants(name))
        .unwrap();
    let read = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let input = Input {
            path: name,
            text: &text,
            tree: &tree,
            shared: &Shared::default(),
            limits: stanchion_syntax::Limits::default(),
        };
        let mut found = Found::default();
        extractor.extract(&input, &mut found);
        let result = FileResult {
            path: name.to_owned(),
            found,
        };
        let _ = assemble("target", vec![result], Vec::new());
    };
    // Every cut of a small file; a stride over a larger one.
    for end in (0..sample.len()).step_by(1 + sample.len() / 2000) {
        read(&sample[..end]);
    }
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let parts = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    );
    proptest!(ProptestConfig::with_cases(300), |(changes in changes, parts in parts, text in "\\PC{0,200}")| {
        let mut bytes = sample.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(&bytes);
        let (from, to, at) = (parts.0.index(sample.len()), parts.1.index(sample.len()), parts.2.index(sample.len()));
        let mut moved = sample[..at].to_vec();
        moved.extend(&sample[from.min(to)..from.max(to)]);
        moved.extend(&sample[at..]);
        read(&moved);
        read(text.as_bytes());
    });
}

/// One line a component: `ecosystem name version scope own|direct:yes|no|? :line needs:a 1,b 2 [hash algorithms] [lic:…] [git:…|url:…] [yanked]`.
pub(crate) fn describe(inventory: &Inventory) -> Vec<String> {
    inventory
        .components
        .iter()
        .map(|component| {
            let version = component.version.as_deref().unwrap_or("?");
            let direct = match (component.direct, &component.origin) {
                (_, Origin::Own) => "own",
                (Some(true), _) => "direct:yes",
                (Some(false), _) => "direct:no",
                (None, _) => "direct:?",
            };
            let lines: Vec<String> = component
                .locations
                .iter()
                .map(|place| place.line.map_or("?".into(), |line| line.to_string()))
                .collect();
            let mut needs: Vec<String> = component
                .dependencies
                .iter()
                .map(|&id| {
                    let other = &inventory.components[id as usize];
                    format!("{} {}", other.name, other.version.as_deref().unwrap_or("?"))
                })
                .collect();
            needs.sort();
            let mut line = format!(
                "{} {} {version} {} {direct} :{} needs:{}",
                component.ecosystem,
                component.name,
                component.scope.as_str(),
                lines.join(","),
                needs.join(",")
            );
            for hash in &component.hashes {
                line.extend([
                    " ",
                    &hash
                        .algorithm
                        .as_str()
                        .to_ascii_lowercase()
                        .replace('-', ""),
                ]);
            }
            for licence in &component.licences {
                line.extend([" lic:", licence]);
            }
            match &component.origin {
                Origin::Git { url, commit } => {
                    line.extend([" git:", url, "@", commit.as_deref().unwrap_or("?")]);
                }
                Origin::Url(url) => line.extend([" url:", url]),
                Origin::Registry | Origin::Own => {}
            }
            if component.yanked {
                line.push_str(" yanked");
            }
            line
        })
        .collect()
}
