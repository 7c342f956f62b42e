//! Making the file: from records alone, or from an older generation and what changed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::group::group;
use super::layout::{Section, assemble};
use super::read::{
    DEAD, HAS_COMMITS, HAS_END_UNKNOWN, Index, IntervalView, PackageId, RecordId, kind_number,
    package_hash, slots, word_number,
};
use super::tables::Tables;
use super::wire::{Reader, hash, put, put_bytes, put_str};
use crate::Error;
use crate::meta::Meta;
use crate::record::{Affected, Bound, Record};

/// Prose is compressed in blocks of about this many bytes.
const PROSE_BLOCK: usize = 96 * 1024;
/// No block unpacks to more than this: one record's prose may be large, but not endless.
const PROSE_MOST: usize = 32 << 20;
const LEVEL: i32 = 3;

/// The hash of the file format as a hasher for tables in memory: inputs are names from advisories, and tables
/// are thrown away after a build, so that a slow lookup is the worst that made-up names can do.
#[derive(Default, Clone, Copy)]
pub(crate) struct FastHasher(u64);

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(self.0, bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        // Follows every string: folded in without another round.
        self.0 = self.0.rotate_left(5) ^ u64::from(byte);
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0 ^ u64::from(value))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23);
    }
}

pub(crate) type Fast = BuildHasherDefault<FastHasher>;

/// A record in the form in which it is kept, and what it affects. Made in parallel.
pub(crate) struct Packed {
    pub(crate) id: Box<str>,
    pub(crate) modified: u64,
    /// Everything up to the reference to its prose.
    bytes: Vec<u8>,
    affected: Vec<Affected>,
    /// Block within its [`Batch`], and offset in it.
    prose: Option<(u32, u32)>,
}

/// Records that were packed together, with their prose.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Packed>,
    blocks: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl Batch {
    pub(crate) fn add(&mut self, record: Record, source: u32) {
        let mut bytes = Vec::with_capacity(128 + record.title.len());
        put_str(&mut bytes, &record.id);
        bytes.push(kind_number(record.kind));
        bytes.push(word_number(record.word));
        put(&mut bytes, u64::from(source));
        put(&mut bytes, record.published);
        put(&mut bytes, record.modified);
        for list in [&record.aliases, &record.upstream, &record.cvss] {
            put(&mut bytes, list.len() as u64);
            for text in list {
                put_str(&mut bytes, text);
            }
        }
        put(&mut bytes, record.cwes.len() as u64);
        for &cwe in &record.cwes {
            put(&mut bytes, u64::from(cwe));
        }
        put_str(&mut bytes, &record.title);
        let mut prose = None;
        if !record.prose.details.is_empty() || !record.prose.references.is_empty() {
            prose = Some((self.blocks.len() as u32, self.open.len() as u32));
            put_str(&mut self.open, &record.prose.details);
            put(&mut self.open, record.prose.references.len() as u64);
            for address in &record.prose.references {
                put_str(&mut self.open, address);
            }
            if self.open.len() >= PROSE_BLOCK {
                self.seal();
            }
        }
        self.records.push(Packed {
            id: record.id,
            modified: record.modified,
            bytes,
            affected: record.affected,
            prose,
        });
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            self.blocks.push(pack(&self.open));
            self.open.clear();
        }
    }

    /// Closes the last block.
    pub(crate) fn finish(mut self) -> Self {
        self.seal();
        self
    }
}

fn pack(plain: &[u8]) -> Vec<u8> {
    // Compressing memory to memory fails only when memory is out; then the block is kept plain.
    zstd::bulk::compress(plain, LEVEL).unwrap_or_else(|_| plain.to_vec())
}

pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>, Error> {
    zstd::bulk::decompress(packed, PROSE_MOST)
        .map_err(|error| Error::Damaged(format!("its texts: {error}")))
}

/// Where an entry goes: package, record, and its bytes in the arena.
type NewEntry = (u32, u32, usize, usize);

/// A generation in the making.
pub(crate) struct Draft<'b> {
    base: Option<&'b Index>,
    ecosystems: Vec<String>,
    numbers: HashMap<Box<str>, u16, Fast>,
    packages: HashMap<(u16, Box<str>), u32, Fast>,
    /// Name offset, name length, ecosystem.
    rows: Vec<(u32, u16, u16)>,
    names: Vec<u8>,
    versions: Vec<u8>,
    interned: HashMap<Box<[u8]>, u32, Fast>,
    scratch: Vec<u8>,
    offsets: Vec<u32>,
    records: Vec<u8>,
    /// Number of each record that is in force; ids of the base are asked for there.
    by_id: HashMap<Box<str>, u32, Fast>,
    /// Which of `entries` are a record's: they are pushed together.
    entries_of: HashMap<u32, std::ops::Range<usize>, Fast>,
    /// Packages of each record of the base; made when it is first asked for.
    base_packages: Option<HashMap<u32, Vec<u32>, Fast>>,
    arena: Vec<u8>,
    entries: Vec<NewEntry>,
    dead: HashSet<u32, Fast>,
    prose_offsets: Vec<u32>,
    prose: Vec<u8>,
}

impl<'b> Draft<'b> {
    /// Starts from nothing.
    pub(crate) fn new() -> Self {
        Self {
            base: None,
            ecosystems: Vec::new(),
            numbers: HashMap::default(),
            packages: HashMap::default(),
            rows: Vec::new(),
            names: Vec::new(),
            versions: Vec::new(),
            interned: HashMap::default(),
            scratch: Vec::new(),
            offsets: Vec::new(),
            records: Vec::new(),
            by_id: HashMap::default(),
            entries_of: HashMap::default(),
            base_packages: None,
            arena: Vec::new(),
            entries: Vec::new(),
            dead: HashSet::default(),
            prose_offsets: vec![0],
            prose: Vec::new(),
        }
    }

    /// Starts from an older generation: its parts are copied, not parsed.
    pub(crate) fn from_base(base: &'b Index) -> Result<Self, Error> {
        let mut draft = Self::new();
        draft.ecosystems = base.ecosystems().map(str::to_owned).collect();
        draft.numbers = draft
            .ecosystems
            .iter()
            .map(|name| name.as_str().into())
            .zip(0..)
            .collect();
        for number in 0..base.package_count() as u32 {
            let (offset, length, ecosystem, ..) = base.package_row(number)?;
            draft.rows.push((offset as u32, length as u16, ecosystem));
        }
        draft.names = base.whole(Section::Names)?.to_vec();
        draft.versions = base.whole(Section::Versions)?.to_vec();
        draft.records = base.whole(Section::Records)?.to_vec();
        let numbers = |section| -> Result<Vec<u32>, Error> {
            let (fours, _) = base.whole(section)?.as_chunks::<4>();
            Ok(fours.iter().map(|four| u32::from_le_bytes(*four)).collect())
        };
        draft.offsets = numbers(Section::RecordOffsets)?;
        draft.offsets.pop();
        draft.prose_offsets = numbers(Section::ProseOffsets)?;
        draft.prose = base.whole(Section::Prose)?.to_vec();
        draft.base = Some(base);
        Ok(draft)
    }

    fn known(&self, id: &str) -> Result<Option<u32>, Error> {
        if let Some(&number) = self.by_id.get(id) {
            return Ok(Some(number));
        }
        let Some(base) = self.base else {
            return Ok(None);
        };
        for group in base.find(id)? {
            for record in base.group(group)?.records {
                if base.record(record)?.id == id && !self.dead.contains(&record.0) {
                    return Ok(Some(record.0));
                }
            }
        }
        Ok(None)
    }

    /// Whether a record with this id is in force.
    pub(crate) fn has(&self, id: &str) -> Result<bool, Error> {
        Ok(self.known(id)?.is_some())
    }

    /// Takes a record out, because its source withdrew it. False when it was not there.
    pub(crate) fn remove(&mut self, id: &str) -> Result<bool, Error> {
        let Some(number) = self.known(id)? else {
            return Ok(false);
        };
        self.kill(number);
        self.by_id.remove(id);
        Ok(true)
    }

    /// Takes out every record of the base that came from a source, before that source is read anew. Gives how many.
    pub(crate) fn forget(&mut self, source: u32) -> Result<u64, Error> {
        let Some(base) = self.base else { return Ok(0) };
        let mut count = 0;
        for number in 0..base.record_slots() {
            if base.record_bytes(number)?.is_some()
                && base.record(RecordId(number))?.source == source
            {
                self.kill(number);
                count += 1;
            }
        }
        Ok(count)
    }

    fn kill(&mut self, number: u32) {
        self.dead.insert(number);
        if let Some(offset) = self.offsets.get_mut(number as usize) {
            *offset |= DEAD;
        }
    }

    /// Adds a batch. A record whose id came before joins it: the later one holds, and what only the earlier
    /// one says about ecosystems that the later one does not name is kept. With `replace`, a record takes the
    /// place of the earlier one whole.
    pub(crate) fn add(&mut self, batch: Batch, replace: bool) -> Result<(), Error> {
        let first_block = self.prose_offsets.len() as u32 - 1;
        for block in batch.blocks {
            self.prose.extend_from_slice(&block);
            self.prose_offsets.push(self.prose.len() as u32);
        }
        for packed in batch.records {
            let mut inherited = Vec::new();
            if let Some(earlier) = self.known(&packed.id)? {
                if !replace {
                    let named: HashSet<&str> = packed
                        .affected
                        .iter()
                        .map(|affected| &*affected.ecosystem)
                        .collect();
                    if self.modified(earlier)? > packed.modified {
                        self.complement(earlier, &packed.affected)?;
                        continue;
                    }
                    inherited = self.entries_outside(earlier, &named)?;
                }
                self.kill(earlier);
            }
            let number = self.offsets.len() as u32;
            self.offsets.push(self.records.len() as u32);
            self.records.extend_from_slice(&packed.bytes);
            match packed.prose {
                None => put(&mut self.records, 0),
                Some((block, offset)) => {
                    put(&mut self.records, u64::from(first_block + block) + 1);
                    put(&mut self.records, u64::from(offset));
                }
            }
            let start = self.entries.len();
            for affected in &packed.affected {
                self.entry(number, affected)?;
            }
            self.entries.extend(
                inherited
                    .into_iter()
                    .map(|(package, _, from, to)| (package, number, from, to)),
            );
            self.entries_of.insert(number, start..self.entries.len());
            self.by_id.insert(packed.id, number);
        }
        Ok(())
    }

    /// Adds to a record what a repetition of it says about ecosystems that it does not name itself.
    fn complement(&mut self, number: u32, affected: &[Affected]) -> Result<(), Error> {
        let mut known: HashSet<u16> = HashSet::new();
        for (package, ..) in self.entries_outside(number, &HashSet::new())? {
            known.insert(self.rows[package as usize].2);
        }
        let old = self.entries_of.get(&number).cloned().unwrap_or(0..0);
        let start = self.entries.len();
        self.entries.extend_from_within(old);
        for one in affected {
            let ecosystem = self.ecosystem(&one.ecosystem)?;
            if !known.contains(&ecosystem) {
                self.entry(number, one)?;
            }
        }
        self.entries_of.insert(number, start..self.entries.len());
        Ok(())
    }

    /// The entries of a record, but for those of the ecosystems that are named.
    fn entries_outside(
        &mut self,
        number: u32,
        named: &HashSet<&str>,
    ) -> Result<Vec<NewEntry>, Error> {
        let mut found: Vec<NewEntry> = match self.entries_of.get(&number) {
            Some(range) => self.entries[range.clone()].to_vec(),
            None => self.base_entries(number)?,
        };
        found.retain(|(package, ..)| {
            let (.., ecosystem) = self.rows[*package as usize];
            !named.contains(self.ecosystems[usize::from(ecosystem)].as_str())
        });
        Ok(found)
    }

    /// The entries of a record of the base, copied to the arena.
    fn base_entries(&mut self, number: u32) -> Result<Vec<NewEntry>, Error> {
        let Some(base) = self.base else {
            return Ok(Vec::new());
        };
        if self.base_packages.is_none() {
            let mut packages: HashMap<u32, Vec<u32>, Fast> = HashMap::default();
            for package in 0..base.package_count() as u32 {
                let mut entries = base.entries(PackageId(package))?;
                while let Some(entry) = entries.step()? {
                    packages.entry(entry.record).or_default().push(package);
                }
            }
            self.base_packages = Some(packages);
        }
        let packages = self
            .base_packages
            .as_ref()
            .and_then(|packages| packages.get(&number))
            .cloned();
        let mut found = Vec::new();
        for package in packages.unwrap_or_default() {
            for (record, body) in base.entry_bodies(PackageId(package))? {
                if record == number {
                    let start = self.arena.len();
                    self.arena.extend_from_slice(body);
                    found.push((package, number, start, self.arena.len()));
                }
            }
        }
        Ok(found)
    }

    fn modified(&self, number: u32) -> Result<u64, Error> {
        let from = self.offsets[number as usize] as usize;
        let mut reader = Reader::new(&self.records[from..]);
        let read = (|| {
            reader.str()?;
            reader.byte()?;
            reader.byte()?;
            reader.number()?;
            reader.number()?;
            reader.number()
        })();
        read.ok_or_else(|| Error::Damaged("a record cannot be read".into()))
    }

    fn ecosystem(&mut self, name: &str) -> Result<u16, Error> {
        if let Some(&at) = self.numbers.get(name) {
            return Ok(at);
        }
        // The number has sixteen bits in the file; one that came round again would be another ecosystem's.
        let at = u16::try_from(self.ecosystems.len())
            .map_err(|_| Error::Damaged(format!("more than {} ecosystems", u16::MAX)))?;
        self.ecosystems.push(name.to_owned());
        self.numbers.insert(name.into(), at);
        Ok(at)
    }

    fn package(&mut self, ecosystem: u16, name: &str) -> Result<u32, Error> {
        // The key is borrowed only to look: most packages are there already.
        let key = (ecosystem, Box::<str>::from(name));
        if let Some(&number) = self.packages.get(&key) {
            return Ok(number);
        }
        if let Some(base) = self.base
            && let Some(PackageId(number)) = base.package(ecosystem, name)?
        {
            return Ok(number);
        }
        let number = self.rows.len() as u32;
        self.rows
            .push((self.names.len() as u32, name.len() as u16, ecosystem));
        self.names.extend_from_slice(name.as_bytes());
        self.packages.insert(key, number);
        Ok(number)
    }

    fn version(&mut self, bound: &Bound) -> u32 {
        self.scratch.clear();
        put_bytes(&mut self.scratch, &bound.key);
        put_str(&mut self.scratch, &bound.text);
        if let Some(&reference) = self.interned.get(self.scratch.as_slice()) {
            return reference;
        }
        let reference = self.versions.len() as u32;
        self.versions.extend_from_slice(&self.scratch);
        self.interned
            .insert(self.scratch.as_slice().into(), reference);
        reference
    }

    fn entry(&mut self, record: u32, affected: &Affected) -> Result<(), Error> {
        // A name longer than this is no package's name anywhere.
        if affected.name.len() > usize::from(u16::MAX) {
            return Ok(());
        }
        let ecosystem = self.ecosystem(&affected.ecosystem)?;
        let package = self.package(ecosystem, &affected.name)?;
        let mut bytes = std::mem::take(&mut self.arena);
        let start = bytes.len();
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        bytes.push(
            flag(affected.end_unknown, HAS_END_UNKNOWN)
                | flag(!affected.commits.is_empty(), HAS_COMMITS),
        );
        put(&mut bytes, affected.intervals.len() as u64);
        for interval in &affected.intervals {
            let unparsed = |bound: Option<&Bound>| bound.is_some_and(|bound| bound.unparsed);
            let view = IntervalView {
                low: interval.low.as_ref().map(|low| self.version(low)),
                low_open: interval.low_open,
                high: interval
                    .high
                    .as_ref()
                    .map(|(end, high)| (*end, self.version(high))),
                semver: interval.semver,
                unparsed: unparsed(interval.low.as_ref())
                    || unparsed(interval.high.as_ref().map(|(_, high)| high)),
            };
            view.write(&mut bytes);
        }
        put(&mut bytes, affected.listed.len() as u64);
        for bound in &affected.listed {
            let reference = self.version(bound);
            put(&mut bytes, u64::from(reference));
        }
        if !affected.commits.is_empty() {
            put(&mut bytes, affected.commits.len() as u64);
            for commit in &affected.commits {
                put_str(&mut bytes, commit);
            }
        }
        self.entries.push((package, record, start, bytes.len()));
        self.arena = bytes;
        Ok(())
    }

    /// Writes the file.
    pub(crate) fn finish(mut self, tables: Tables, mut meta: Meta) -> Result<Vec<u8>, Error> {
        meta.advisories = self
            .offsets
            .iter()
            .filter(|offset| *offset & DEAD == 0)
            .count() as u64;
        // Entries of dead records, and those that were pushed again under the same number, go.
        let dead = &self.dead;
        self.entries
            .retain(|(_, record, ..)| !dead.contains(record));
        self.entries.sort_unstable();
        self.entries.dedup();
        let (affected, rows) = self.affected()?;
        let hashes: Vec<(u64, u32)> = self
            .rows
            .iter()
            .zip(0..)
            .map(|(&(offset, length, ecosystem), number)| {
                let name = &self.names[offset as usize..offset as usize + usize::from(length)];
                (
                    package_hash(ecosystem, std::str::from_utf8(name).unwrap_or_default()),
                    number,
                )
            })
            .collect();
        self.offsets.push(self.records.len() as u32);
        let groups = group(self.offsets.len() as u32 - 1, |number| {
            let from = self.offsets[number as usize];
            let to = self.offsets[number as usize + 1] & !DEAD;
            (from & DEAD == 0).then(|| &self.records[from as usize..to as usize])
        });
        let mut ecosystems = Vec::new();
        for name in &self.ecosystems {
            put_str(&mut ecosystems, name);
        }
        let meta = serde_json::to_vec(&meta).map_err(|error| Error::Damaged(error.to_string()))?;
        let bytes = |numbers: &[u32]| {
            numbers
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        Ok(assemble(&[
            (Section::Ecosystems, ecosystems),
            (Section::PackageSlots, slots(&hashes)),
            (Section::Packages, rows),
            (Section::Names, self.names),
            (Section::Affected, affected),
            (Section::Versions, self.versions),
            (Section::RecordOffsets, bytes(&self.offsets)),
            (Section::Records, self.records),
            (Section::RecordGroups, groups.record_groups),
            (Section::GroupOffsets, groups.offsets),
            (Section::Groups, groups.groups),
            (Section::IdSlots, groups.id_slots),
            (Section::ProseOffsets, bytes(&self.prose_offsets)),
            (Section::Prose, self.prose),
            (Section::Kev, tables.kev),
            (Section::Epss, tables.epss),
            (Section::Ssvc, tables.ssvc),
            (Section::Eol, tables.eol),
            (Section::Meta, meta),
        ]))
    }

    /// The entries of every package, and the packages' rows.
    fn affected(&self) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut affected = Vec::new();
        let mut rows = Vec::with_capacity(self.rows.len() * 16);
        let mut news = self.entries.as_slice();
        let base_count = self.base.map_or(0, Index::package_count) as u32;
        for (number, &(offset, length, ecosystem)) in self.rows.iter().enumerate() {
            let number = number as u32;
            let mine = news.iter().take_while(|entry| entry.0 == number).count();
            let (new, rest) = news.split_at(mine);
            news = rest;
            let start = affected.len();
            let mut last = 0;
            if let Some(base) = self.base.filter(|_| number < base_count) {
                last = self.keep(base, number, &mut affected)?;
            }
            for &(_, record, from, to) in new {
                put(&mut affected, u64::from(record - last));
                affected.extend_from_slice(&self.arena[from..to]);
                last = record;
            }
            rows.extend_from_slice(&offset.to_le_bytes());
            rows.extend_from_slice(&length.to_le_bytes());
            rows.extend_from_slice(&ecosystem.to_le_bytes());
            rows.extend_from_slice(&(start as u32).to_le_bytes());
            rows.extend_from_slice(&((affected.len() - start) as u32).to_le_bytes());
        }
        Ok((affected, rows))
    }

    /// Copies the entries that a package had, but for those of dead records; gives the last record's number.
    fn keep(&self, base: &Index, number: u32, out: &mut Vec<u8>) -> Result<u32, Error> {
        let mut last = 0;
        for (record, body) in base.entry_bodies(PackageId(number))? {
            if !self.dead.contains(&record) {
                put(out, u64::from(record - last));
                out.extend_from_slice(body);
                last = record;
            }
        }
        Ok(last)
    }
}

/// Copies an older generation with other tables and description, everything else byte for byte.
pub(crate) fn with_tables(base: &Index, tables: &Tables, meta: &Meta) -> Result<Vec<u8>, Error> {
    let meta = serde_json::to_vec(meta).map_err(|error| Error::Damaged(error.to_string()))?;
    let mut sections = Vec::with_capacity(Section::ALL.len());
    for &section in Section::ALL {
        let bytes = match section {
            Section::Kev => tables.kev.clone(),
            Section::Epss => tables.epss.clone(),
            Section::Ssvc => tables.ssvc.clone(),
            Section::Eol => tables.eol.clone(),
            Section::Meta => meta.clone(),
            section => base.whole(section)?.to_vec(),
        };
        sections.push((section, bytes));
    }
    Ok(assemble(&sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ecosystems_share_a_number() {
        let mut draft = Draft::new();
        for n in 0..=u16::MAX {
            assert_eq!(draft.ecosystem(&format!("e{n}")).unwrap(), n);
        }
        assert!(draft.ecosystem("one more").is_err());
        assert_eq!(draft.ecosystem("e7").unwrap(), 7);
    }
}
