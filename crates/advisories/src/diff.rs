//! What a new generation of the database says that the old one did not: the packages and vulnerabilities that it touches.
//!
//! Whoever remembers what was matched with the old one looks at these again, and at nothing else.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::index::layout::Section;
use crate::index::read::{GroupId, PackageId, RecordId};
use crate::index::wire::Reader;
use crate::{Error, Index};

/// What is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Ecosystem (with release, as OSV writes it) and name of packages whose advisories differ.
    pub packages: BTreeSet<(String, String)>,
    /// Canonical ids of vulnerabilities whose exploitation, prediction or decision points differ.
    pub vulnerabilities: BTreeSet<String>,
    /// The ends of support differ: any component may be touched.
    pub ends: bool,
}

impl Touched {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.vulnerabilities.is_empty() && !self.ends
    }
}

/// The band of a probability: the whole points that the score gives for it (`policy::score`). Within one, a score that
/// was stored stays as it is.
pub fn epss_band(probability: f64) -> i64 {
    // At most 24, and below 0.1 % nothing.
    (24.0 * (1.0 + probability.max(1e-9).log10() / 3.0)).max(0.0) as i64
}

/// Compares two generations.
pub fn diff(old: &Index, new: &Index) -> Result<Touched, Error> {
    let mut touched = Touched {
        ends: old.whole(Section::Eol)? != new.whole(Section::Eol)?,
        ..Touched::default()
    };
    records(old, new, &mut touched)?;
    threats(old, new, &mut touched)?;
    Ok(touched)
}

/// Each record by its id, with what tells whether it has changed.
fn stamps(index: &Index) -> Result<HashMap<&str, (u64, u32)>, Error> {
    let slots = index.record_slots();
    let mut stamps = HashMap::with_capacity(slots as usize);
    let mut groups: HashMap<GroupId, u64> = HashMap::new();
    for number in 0..slots {
        let Some(bytes) = index.record_bytes(number)? else {
            continue;
        };
        let (id, own) =
            stamp(bytes).ok_or_else(|| Error::Damaged("a record of it cannot be read".into()))?;
        let mut hasher = DefaultHasher::new();
        own.hash(&mut hasher);
        // A record may come under another name by what others say.
        for group in index.groups_of(RecordId(number))? {
            let name = if let Some(name) = groups.get(&group) {
                *name
            } else {
                let view = index.group(group)?;
                let mut hasher = DefaultHasher::new();
                (view.id, &view.aliases).hash(&mut hasher);
                let name = hasher.finish();
                groups.insert(group, name);
                name
            };
            name.hash(&mut hasher);
        }
        stamps.insert(id, (hasher.finish(), number));
    }
    Ok(stamps)
}

/// The id of a record, and a number that is another when the record is another.
fn stamp(bytes: &[u8]) -> Option<(&str, u64)> {
    let mut reader = Reader::new(bytes);
    let id = reader.str()?;
    let (kind, word) = (reader.byte()?, reader.byte()?);
    reader.u32()?;
    let (published, modified) = (reader.number()?, reader.number()?);
    let mut hasher = DefaultHasher::new();
    (kind, word, published, modified).hash(&mut hasher);
    Some((id, hasher.finish()))
}

fn records(old: &Index, new: &Index, touched: &mut Touched) -> Result<(), Error> {
    let (before, after) = (stamps(old)?, stamps(new)?);
    let changed =
        |one: &HashMap<&str, (u64, u32)>, other: &HashMap<&str, (u64, u32)>, slots: u32| {
            let mut changed = vec![false; slots as usize];
            for (id, (stamp, number)) in one {
                if other.get(id).is_none_or(|(known, _)| known != stamp) {
                    changed[*number as usize] = true;
                }
            }
            changed
        };
    packages(old, &changed(&before, &after, old.record_slots()), touched)?;
    packages(new, &changed(&after, &before, new.record_slots()), touched)
}

/// The packages that a changed record names.
fn packages(index: &Index, changed: &[bool], touched: &mut Touched) -> Result<(), Error> {
    if !changed.contains(&true) {
        return Ok(());
    }
    let ecosystems: Vec<&str> = index.ecosystems().collect();
    for number in 0..index.package_count() as u32 {
        let mut entries = index.entries(PackageId(number))?;
        while let Some(entry) = entries.step()? {
            if !changed.get(entry.record as usize).copied().unwrap_or(true) {
                continue;
            }
            let (_, _, ecosystem, ..) = index.package_row(number)?;
            let ecosystem = ecosystems
                .get(usize::from(ecosystem))
                .copied()
                .unwrap_or("");
            touched
                .packages
                .insert((ecosystem.to_owned(), index.package_name(number)?.to_owned()));
            break;
        }
    }
    Ok(())
}

fn threats(old: &Index, new: &Index, touched: &mut Touched) -> Result<(), Error> {
    let same = |section| Ok::<_, Error>(old.whole(section)? == new.whole(section)?);
    let (kev, epss, ssvc) = (
        same(Section::Kev)?,
        same(Section::Epss)?,
        same(Section::Ssvc)?,
    );
    if kev && epss && ssvc {
        return Ok(());
    }
    for number in 0..new.group_count() as u32 {
        let group = new.group(GroupId(number))?;
        for id in std::iter::once(group.id).chain(group.aliases.iter().copied()) {
            if !id.starts_with("CVE-") {
                continue;
            }
            let band = |index: &Index| {
                Ok::<_, Error>(index.epss(id)?.map(|epss| epss_band(epss.probability)))
            };
            let differs = (!kev && old.kev(id)? != new.kev(id)?)
                || (!ssvc && old.ssvc(id)? != new.ssvc(id)?)
                || (!epss && band(old)? != band(new)?);
            if differs {
                touched.vulnerabilities.insert(group.id.to_owned());
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::{Change, apply};

    const BASE: &str = r#"{"id":"GHSA-1","modified":"2026-01-01T00:00:00Z","aliases":["CVE-2026-1"],
        "affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]}]}"#;
    const OTHER: &str = r#"{"id":"GHSA-2","modified":"2026-01-01T00:00:00Z",
        "affected":[{"package":{"ecosystem":"npm","name":"b"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;

    fn change(id: &str, text: Option<&str>) -> Change {
        Change {
            source: "npm".into(),
            id: id.into(),
            bytes: text.map(|text| text.as_bytes().to_vec()),
        }
    }

    fn on(base: &Index, changes: &[Change]) -> Index {
        Index::from_bytes(apply(base, changes, "2026-02-01T00:00:00Z").unwrap()).unwrap()
    }

    fn names(touched: &Touched) -> Vec<&str> {
        touched
            .packages
            .iter()
            .map(|(_, name)| name.as_str())
            .collect()
    }

    #[test]
    fn only_what_changed_is_touched() {
        let empty = Index::from_bytes(
            crate::import::build(&[], "2026-01-01T00:00:00Z", &|_, _, _| {}).unwrap(),
        )
        .unwrap();
        let base = on(
            &empty,
            &[change("GHSA-1", Some(BASE)), change("GHSA-2", Some(OTHER))],
        );
        assert_eq!(names(&diff(&empty, &base).unwrap()), ["a", "b"]);
        assert!(diff(&base, &on(&base, &[])).unwrap().is_empty());
        // Read again without a change.
        assert!(
            diff(&base, &on(&base, &[change("GHSA-1", Some(BASE))]))
                .unwrap()
                .is_empty()
        );
        let newer = BASE
            .replace("2026-01-01", "2026-01-05")
            .replace("2.0.0", "3.0.0");
        let changed = on(&base, &[change("GHSA-1", Some(&newer))]);
        assert_eq!(names(&diff(&base, &changed).unwrap()), ["a"]);
        // A package that a record names no more is touched too.
        let moved = newer.replace("\"a\"", "\"c\"").replace("01-05", "01-06");
        let moved = on(&changed, &[change("GHSA-1", Some(&moved))]);
        assert_eq!(names(&diff(&changed, &moved).unwrap()), ["a", "c"]);
        let gone = on(&base, &[change("GHSA-2", None)]);
        assert_eq!(names(&diff(&base, &gone).unwrap()), ["b"]);
        // What another record says of the name of a vulnerability touches the packages of both.
        let alias = r#"{"id":"PYSEC-1","modified":"2026-01-07T00:00:00Z","aliases":["GHSA-2","CVE-2026-2"],
            "affected":[{"package":{"ecosystem":"PyPI","name":"p"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#;
        let aliased = on(&base, &[change("PYSEC-1", Some(alias))]);
        assert_eq!(names(&diff(&base, &aliased).unwrap()), ["p", "b"]);
    }

    #[test]
    fn bands_are_whole_points() {
        assert_eq!(epss_band(0.0), 0);
        assert_eq!(epss_band(0.000_9), 0);
        assert_eq!(epss_band(0.5), epss_band(0.51));
        assert_ne!(epss_band(0.1), epss_band(0.2));
        assert_eq!(epss_band(1.0), 24);
    }
}
