//! Which advisories a component's version falls under.

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_versions::{Certainty, Scheme};

use crate::Error;
use crate::index::read::{EntryView, HAS_END_UNKNOWN, Index, IntervalView, PackageId, RecordId};
use crate::record::End;

/// What is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q> {
    /// The component's ecosystem.
    pub ecosystem: Ecosystem,
    /// A distribution's release, in OSV's form.
    pub release: Option<&'q str>,
    /// The name as the ecosystem writes it.
    pub name: &'q str,
    /// The version.
    pub version: &'q str,
}

/// An advisory that holds the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which.
    pub record: RecordId,
    /// The range that holds it, in words: `>= 2.13.0, < 2.15.0`; or `listed: 1.2.3`.
    pub range: String,
    /// The order by which that was decided.
    pub comparator: &'static str,
    /// The version that ends this range, where the source knows one.
    pub fixed: Option<String>,
    /// Versions that end later ranges of the same record, lowest first.
    pub later: Vec<String>,
    /// Why this is less than certain.
    pub doubt: Option<Doubt>,
}

/// What makes a match less than certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The component's version does not parse; it has only a defined place in the order.
    Version,
    /// The component's version was read by a tolerant rule.
    Lenient,
    /// A bound of the range does not parse.
    Range,
    /// The source does not know where the range ends.
    End,
}

/// Looks components up. One a thread: it keeps its buffers, so that looking up allocates nothing until something is found.
pub struct Matcher<'i> {
    index: &'i Index,
    name: String,
    key: Vec<u8>,
    semver: Vec<u8>,
    ecosystems: HashMap<(Ecosystem, Option<String>), Option<u16>>,
    plain: Vec<(Ecosystem, Option<u16>)>,
}

impl<'i> Matcher<'i> {
    /// A matcher on an opened database.
    pub fn new(index: &'i Index) -> Self {
        let plain = Ecosystem::all()
            .map(|ecosystem| (ecosystem, index.ecosystem(ecosystem.name())))
            .collect();
        Self {
            index,
            name: String::new(),
            key: Vec::new(),
            semver: Vec::new(),
            ecosystems: HashMap::new(),
            plain,
        }
    }

    fn ecosystem(&mut self, ecosystem: Ecosystem, release: Option<&str>) -> Option<u16> {
        if release.is_none() {
            return self
                .plain
                .iter()
                .find(|(known, _)| *known == ecosystem)
                .and_then(|(_, number)| *number);
        }
        let index = self.index;
        let key = (ecosystem, release.map(str::to_owned));
        *self.ecosystems.entry(key).or_insert_with(|| {
            index.ecosystem(&format!(
                "{}:{}",
                ecosystem.name(),
                release.unwrap_or_default()
            ))
        })
    }

    /// Whether the database has anything at all for an ecosystem (and release).
    pub fn covers(&mut self, ecosystem: Ecosystem, release: Option<&str>) -> bool {
        self.ecosystem(ecosystem, release).is_some()
    }

    /// The package that a query is about, where the database knows it.
    #[inline]
    pub fn package(&mut self, query: &Query<'_>) -> Result<Option<PackageId>, Error> {
        let Some(ecosystem) = self.ecosystem(query.ecosystem, query.release) else {
            return Ok(None);
        };
        self.name.clear();
        query.ecosystem.push_lookup_name(query.name, &mut self.name);
        self.index.package(ecosystem, &self.name)
    }

    /// The advisories that hold the version, in the order of the database.
    pub fn hits(&mut self, query: &Query<'_>) -> Result<Vec<Hit>, Error> {
        let Some(package) = self.package(query)? else {
            return Ok(Vec::new());
        };
        let scheme = query.ecosystem.scheme();
        let certainty = self.keys(scheme, query.version);
        let mut hits = Vec::new();
        let mut entries = self.index.entries(package)?;
        while let Some(entry) = entries.step()? {
            if let Some(place) = self.place(&entry)? {
                hits.push(self.hit(&entry, &place, scheme, certainty)?);
            }
        }
        Ok(hits)
    }

    /// The advisories about a package that name a commit, for code that comes from a repository.
    pub fn commit_hits(&mut self, query: &Query<'_>, commit: &str) -> Result<Vec<Hit>, Error> {
        let Some(package) = self.package(query)? else {
            return Ok(Vec::new());
        };
        let mut hits = Vec::new();
        let mut entries = self.index.entries(package)?;
        while let Some(entry) = entries.step()? {
            if entry
                .commits()
                .iter()
                .any(|known| known.eq_ignore_ascii_case(commit))
            {
                hits.push(Hit {
                    record: RecordId(entry.record),
                    range: format!("commit {commit}"),
                    comparator: "commit",
                    fixed: None,
                    later: Vec::new(),
                    doubt: None,
                });
            }
        }
        Ok(hits)
    }

    fn keys(&mut self, scheme: Scheme, version: &str) -> Certainty {
        self.key.clear();
        self.semver.clear();
        scheme.key(version, &mut self.semver);
        std::mem::swap(&mut self.key, &mut self.semver);
        Scheme::SemVer.key(version, &mut self.semver);
        scheme.certainty(version)
    }

    /// Where in an entry the version lies.
    #[inline]
    fn place(&self, entry: &EntryView<'_>) -> Result<Option<Place>, Error> {
        let mut intervals = entry.intervals;
        for _ in 0..entry.interval_count {
            let Some(interval) = IntervalView::read(&mut intervals) else {
                break;
            };
            if self.inside(&interval)? {
                return Ok(Some(Place::Interval(interval)));
            }
        }
        let mut listed = entry.listed;
        for _ in 0..entry.listed_count {
            let Some(reference) = listed.u32() else { break };
            if self.index.version(reference)?.0 == self.key {
                return Ok(Some(Place::Listed(reference)));
            }
        }
        Ok(None)
    }

    #[inline]
    fn inside(&self, interval: &IntervalView) -> Result<bool, Error> {
        let key = if interval.semver {
            &self.semver
        } else {
            &self.key
        };
        if let Some(low) = interval.low {
            let (low, _) = self.index.version(low)?;
            if key.as_slice() < low || (interval.low_open && key.as_slice() == low) {
                return Ok(false);
            }
        }
        let Some((end, high)) = interval.high else {
            return Ok(true);
        };
        let (high, _) = self.index.version(high)?;
        Ok(match end {
            End::LastAffected => key.as_slice() <= high,
            End::Fixed | End::Limit => key.as_slice() < high,
        })
    }

    fn hit(
        &self,
        entry: &EntryView<'_>,
        place: &Place,
        scheme: Scheme,
        certainty: Certainty,
    ) -> Result<Hit, Error> {
        let text = |reference: u32| self.index.version(reference).map(|(_, text)| text);
        let mut doubt = match certainty {
            Certainty::Exact => None,
            Certainty::Lenient => Some(Doubt::Lenient),
            Certainty::Unparsed => Some(Doubt::Version),
        };
        let (range, fixed, semver) = match place {
            Place::Listed(reference) => {
                // A version that is listed is that version, however odd it looks.
                doubt = None;
                (format!("listed: {}", text(*reference)?), None, false)
            }
            Place::Interval(interval) => {
                let low = match interval.low {
                    None => None,
                    Some(low) => Some(format!(
                        "{} {}",
                        if interval.low_open { ">" } else { ">=" },
                        text(low)?
                    )),
                };
                let high = match interval.high {
                    None => None,
                    Some((End::LastAffected, high)) => Some(format!("<= {}", text(high)?)),
                    Some((_, high)) => Some(format!("< {}", text(high)?)),
                };
                let range = match (low, high) {
                    (Some(low), Some(high)) => format!("{low}, {high}"),
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => "every version".into(),
                };
                if interval.unparsed {
                    doubt = doubt.or(Some(Doubt::Range));
                }
                let fixed = match interval.high {
                    Some((End::Fixed, high)) => Some(text(high)?.to_owned()),
                    _ => None,
                };
                if entry.flags & HAS_END_UNKNOWN != 0 && fixed.is_none() {
                    doubt = Some(Doubt::End);
                }
                (range, fixed, interval.semver)
            }
        };
        let mut later = Vec::new();
        let mut intervals = entry.intervals;
        for _ in 0..entry.interval_count {
            let Some(interval) = IntervalView::read(&mut intervals) else {
                break;
            };
            let Some((End::Fixed, high)) = interval.high else {
                continue;
            };
            let (key, text) = self.index.version(high)?;
            let own = if interval.semver {
                &self.semver
            } else {
                &self.key
            };
            if key > own.as_slice() && fixed.as_deref() != Some(text) {
                later.push((key.to_vec(), text.to_owned()));
            }
        }
        later.sort_unstable();
        later.dedup();
        let comparator = if semver {
            Scheme::SemVer.name()
        } else {
            scheme.name()
        };
        let later = later.into_iter().map(|(_, text)| text).collect();
        Ok(Hit {
            record: RecordId(entry.record),
            range,
            comparator,
            fixed,
            later,
            doubt,
        })
    }

    /// The lowest version above this one that ends a range of some advisory and that no advisory holds. A
    /// release is preferred to a pre-release, unless the version is one itself. Where some advisory has no end,
    /// the lowest version that clears all those that have one.
    pub fn upgrade(&mut self, query: &Query<'_>) -> Result<Option<Upgrade>, Error> {
        let Some(package) = self.package(query)? else {
            return Ok(None);
        };
        let scheme = query.ecosystem.scheme();
        self.keys(scheme, query.version);
        let candidates = self.ends(package, scheme)?;
        let ready = scheme.is_prerelease(query.version);
        let mut best: Option<(usize, bool, String)> = None;
        for candidate in candidates {
            self.keys(scheme, &candidate);
            let Some(leaves) = self.leaves(package)? else {
                continue;
            };
            let early = !ready && scheme.is_prerelease(&candidate);
            if best
                .as_ref()
                .is_none_or(|(fewest, known_early, _)| (leaves, early) < (*fewest, *known_early))
            {
                let done = leaves == 0 && !early;
                best = Some((leaves, early, candidate));
                if done {
                    break;
                }
            }
        }
        Ok(best.map(|(leaves, _, version)| Upgrade { version, leaves }))
    }

    /// Versions above the one whose keys are set that end a range, lowest first.
    fn ends(&self, package: PackageId, scheme: Scheme) -> Result<Vec<String>, Error> {
        let mut found: Vec<(Vec<u8>, &str)> = Vec::new();
        let mut entries = self.index.entries(package)?;
        while let Some(entry) = entries.step()? {
            let mut intervals = entry.intervals;
            for _ in 0..entry.interval_count {
                let Some(interval) = IntervalView::read(&mut intervals) else {
                    break;
                };
                let Some((End::Fixed, high)) = interval.high else {
                    continue;
                };
                let (key, text) = self.index.version(high)?;
                let mut key = key.to_vec();
                if interval.semver {
                    key.clear();
                    scheme.key(text, &mut key);
                }
                if key > self.key {
                    found.push((key, text));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found.into_iter().map(|(_, text)| text.to_owned()).collect())
    }

    /// How many advisories without an end hold the version whose keys are set; `None` when one with an end does.
    fn leaves(&self, package: PackageId) -> Result<Option<usize>, Error> {
        let mut leaves = 0;
        let mut entries = self.index.entries(package)?;
        while let Some(entry) = entries.step()? {
            match self.place(&entry)? {
                None => {}
                Some(Place::Interval(interval)) if interval.high.is_none() => leaves += 1,
                Some(_) => return Ok(None),
            }
        }
        Ok(Some(leaves))
    }
}

/// A version to go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The version.
    pub version: String,
    /// Advisories that hold it all the same, because no version clears them.
    pub leaves: usize,
}

enum Place {
    Interval(IntervalView),
    Listed(u32),
}
