//! What a database says about itself: sources, counts, and what was left out and why.

use serde::{Deserialize, Serialize};
use stanchion_model::report::{DatabaseInfo, SourceInfo};

/// A record that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The source it came in.
    pub source: String,
    /// Its id, or the entry's name when the id could not be read.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// A source of advisories and what became of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// As in [`SourceInfo::name`].
    pub name: String,
    /// Records read.
    pub read: u64,
    /// Of those, withdrawn by their source.
    pub withdrawn: u64,
    /// Of those, refused.
    pub refused: u64,
}

/// The description kept in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// `full` or `starter`.
    pub kind: String,
    /// When the last import or check succeeded, RFC 3339.
    pub updated: String,
    /// Distinct records in force.
    pub advisories: u64,
    /// Sources of advisories by the number that their records carry; only ever appended to.
    pub feeds: Vec<Feed>,
    /// Every source, sorted by name.
    pub sources: Vec<SourceInfo>,
    /// Every refusal.
    pub refusals: Vec<Refusal>,
}

impl Meta {
    /// The number of a feed, which is added when it is new.
    pub(crate) fn feed(&mut self, name: &str) -> u32 {
        let at = self
            .feeds
            .iter()
            .position(|feed| feed.name == name)
            .unwrap_or_else(|| {
                self.feeds.push(Feed {
                    name: name.to_owned(),
                    ..Feed::default()
                });
                self.feeds.len() - 1
            });
        at as u32
    }

    /// Puts a source's description in the place of the one it had.
    pub(crate) fn describe(&mut self, info: SourceInfo) {
        self.sources.retain(|known| known.name != info.name);
        self.sources.push(info);
        self.sources.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Puts a source's refusals in the place of those it had.
    pub(crate) fn refuse(&mut self, source: &str, refused: Vec<(String, String)>) {
        self.refusals.retain(|refusal| refusal.source != source);
        self.refusals
            .extend(refused.into_iter().map(|(id, reason)| Refusal {
                source: source.to_owned(),
                id,
                reason,
            }));
    }

    /// For a report. The four counts add up to the records that were read.
    pub fn info(&self, snapshot: &str) -> DatabaseInfo {
        let sum = |count: fn(&Feed) -> u64| self.feeds.iter().map(count).sum::<u64>();
        let (read, withdrawn, refused) = (
            sum(|feed| feed.read),
            sum(|feed| feed.withdrawn),
            sum(|feed| feed.refused),
        );
        DatabaseInfo {
            snapshot: snapshot.to_owned(),
            kind: self.kind.clone(),
            updated: Some(self.updated.clone()),
            advisories: self.advisories,
            withdrawn,
            // Read again under the same id: what is neither in force nor accounted for otherwise.
            merged: read.saturating_sub(self.advisories + withdrawn + refused),
            refused,
            sources: self.sources.clone(),
        }
    }
}
