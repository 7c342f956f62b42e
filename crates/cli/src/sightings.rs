//! When findings were first seen: as recorded, else as the history of their file tells.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::portal::Sights;
use crate::repository::History;
use jiff::Timestamp;
use stanchion_inventory::ScanOptions;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Inventory;
use stanchion_store::Sightings;
use stanchion_tree::{Limits, Tree};

/// Answers when each finding was first seen.
pub(crate) struct FirstSeen {
    recorded: Sightings,
    /// What the portal has seen, in place of all else.
    portal: Option<Sights>,
    /// The folder that is scanned, where its history is asked at all.
    folder: Option<PathBuf>,
    as_of: Timestamp,
    history: RefCell<Asked>,
}

/// What has been read of the history.
#[derive(Default)]
struct Asked {
    /// The files that are followed.
    paths: Vec<String>,
    /// Read when the first finding asks for it; none where there is no repository.
    history: Option<Result<History, ()>>,
    /// Packages of each version of a file.
    packages: HashMap<(String, usize), HashSet<String>>,
    known: HashMap<(String, String), Option<i64>>,
}

impl FirstSeen {
    /// `folder` is asked for its history where the policy counts from the first sight.
    pub(crate) fn new(recorded: Sightings, folder: Option<&Path>, as_of: Timestamp) -> Self {
        Self {
            recorded,
            portal: None,
            folder: folder.map(Path::to_owned),
            as_of,
            history: RefCell::default(),
        }
    }

    /// By what the portal has seen. What it has never seen is seen now, as the portal itself takes it.
    pub(crate) fn of_portal(sights: Sights, as_of: Timestamp) -> Self {
        Self {
            portal: Some(sights),
            ..Self::new(Sightings::new(), None, as_of)
        }
    }

    /// The time that counts is another.
    pub(crate) fn move_to(&mut self, as_of: Timestamp) {
        self.as_of = as_of;
    }

    /// Says which files findings can be in.
    pub(crate) fn follow(&self, inventory: &Inventory) {
        let paths = inventory
            .projects
            .iter()
            .flat_map(|project| project.files.iter().cloned());
        self.history.borrow_mut().paths = paths.collect();
    }

    /// When a finding was first seen; `None` where nobody knows.
    pub(crate) fn of(&self, finding: &Finding) -> Option<Timestamp> {
        if let Some(sights) = &self.portal {
            let seconds = of_portal(sights, finding).unwrap_or_else(|| self.as_of.as_second());
            return Timestamp::from_second(seconds).ok();
        }
        let recorded = self.recorded.get(&finding.key).map(|seen| seen.first);
        let seconds = recorded.or_else(|| self.since_in_history(finding))?;
        Timestamp::from_second(seconds).ok()
    }

    /// Since when its component is in its file. Nothing can be seen before it is published, nor later than now.
    fn since_in_history(&self, finding: &Finding) -> Option<i64> {
        let folder = self.folder.as_deref()?;
        let path = finding.locations.first()?.path.to_string();
        let purl = finding.component.purl.to_string();
        let mut asked = self.history.borrow_mut();
        let asked = &mut *asked;
        let key = (path.clone(), purl.clone());
        let since = if let Some(since) = asked.known.get(&key) {
            *since
        } else {
            let paths = &asked.paths;
            let history = asked.history.get_or_insert_with(|| {
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                History::of(folder, &paths).map_err(drop)
            });
            let packages = &mut asked.packages;
            let since = history.as_ref().ok().and_then(|history| {
                history.since(&path, &mut |at, read| {
                    let known = packages.entry((path.clone(), at)).or_insert_with(|| {
                        read()
                            .map(|bytes| packages_of(&path, bytes))
                            .unwrap_or_default()
                    });
                    known.contains(&purl)
                })
            });
            asked.known.insert(key, since);
            since
        };
        let published = finding
            .published
            .as_deref()
            .and_then(|time| time.parse::<Timestamp>().ok())
            .map(Timestamp::as_second);
        since.map(|since| {
            since
                .max(published.unwrap_or(since))
                .min(self.as_of.as_second())
        })
    }
}

/// By the finding's key, or by one that it had under another id of the same vulnerability.
fn of_portal(sights: &Sights, finding: &Finding) -> Option<i64> {
    if let Some(seen) = sights.get(&finding.key) {
        return Some(*seen);
    }
    let stem = finding.key.strip_suffix(&finding.id)?;
    finding
        .aliases
        .iter()
        .filter_map(|alias| sights.get(&format!("{stem}{alias}")))
        .copied()
        .min()
}

/// The packages that a file names, by purl.
fn packages_of(path: &str, bytes: Vec<u8>) -> HashSet<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let tree = Tree::of_bytes(name, bytes, Limits::default());
    match stanchion_inventory::scan(&tree, name, &ScanOptions::default()) {
        Ok(inventory) => inventory
            .components
            .iter()
            .map(|component| component.purl.to_string())
            .collect(),
        Err(_) => HashSet::new(),
    }
}
