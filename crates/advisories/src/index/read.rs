//! Opening the file and looking things up in it. Nothing is parsed at open, and looking up allocates nothing.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;
use sha2::{Digest, Sha256};
use stanchion_model::cvss::Severity;
use stanchion_model::finding::Kind;

use super::layout::{Layout, Section};
use super::wire::{Reader, hash};
use crate::Error;
use crate::meta::Meta;
use crate::record::{End, Prose};

/// A record's number in its index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct RecordId(pub(crate) u32);

/// An alias group's number in its index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct GroupId(pub(crate) u32);

/// A package's number in its index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct PackageId(pub(crate) u32);

enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

/// An opened database.
pub struct Index {
    bytes: Bytes,
    layout: Layout,
    ecosystems: Vec<String>,
    snapshot: String,
}

/// What an advisory says, but for its prose.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `Record`")]
pub struct RecordView<'a> {
    pub id: &'a str,
    pub kind: Kind,
    pub word: Option<Severity>,
    /// The feed it came in: an index in [`Meta::feeds`].
    pub source: u32,
    pub published: u64,
    pub modified: u64,
    pub aliases: Vec<&'a str>,
    pub upstream: Vec<&'a str>,
    pub cvss: Vec<&'a str>,
    pub cwes: Vec<u32>,
    pub title: &'a str,
    pub(crate) prose: Option<(u32, u32)>,
}

/// An alias group: one vulnerability, every id it has, and the records about it.
#[derive(Clone, Debug)]
pub struct VulnerabilityView<'a> {
    /// CVE, else GHSA, else the source's own.
    pub id: &'a str,
    /// The other ids, sorted.
    pub aliases: Vec<&'a str>,
    /// The records that are evidence for it.
    pub records: Vec<RecordId>,
}

/// What one record says about one package.
pub(crate) struct EntryView<'a> {
    pub(crate) record: u32,
    pub(crate) flags: u8,
    pub(crate) intervals: Reader<'a>,
    pub(crate) interval_count: u32,
    pub(crate) listed: Reader<'a>,
    pub(crate) listed_count: u32,
}

pub(crate) const HAS_END_UNKNOWN: u8 = 1;
pub(crate) const HAS_COMMITS: u8 = 2;

/// One interval: references into the versions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IntervalView {
    pub(crate) low: Option<u32>,
    pub(crate) low_open: bool,
    pub(crate) high: Option<(End, u32)>,
    pub(crate) semver: bool,
    pub(crate) unparsed: bool,
}

/// A hash table: each slot holds a number plus one, or 0. Several entries may have the same hash.
pub(crate) fn slots(entries: &[(u64, u32)]) -> Vec<u8> {
    let size = (entries.len() * 3 / 2).next_power_of_two().max(8);
    let mut slots = vec![0u32; size];
    for &(hash, number) in entries {
        let mut at = hash as usize & (size - 1);
        while slots[at] != 0 {
            at = (at + 1) & (size - 1);
        }
        slots[at] = number + 1;
    }
    slots.iter().flat_map(|slot| slot.to_le_bytes()).collect()
}

fn map(path: &Path) -> Result<Mmap, Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    // SAFETY: the mapping is only sound while nobody changes the file underneath it. A database file is never
    // written in place: every generation is a new file, moved over the old name, and the mapping keeps the old
    // one alive. Bytes are only ever read as integers and checked UTF-8, and every block is checked against its
    // checksum, so a file that someone damages before it is opened gives an error and no undefined behaviour.
    #[expect(
        unsafe_code,
        reason = "the one place that maps a file; the argument is above"
    )]
    unsafe { Mmap::map(&file) }.map_err(Error::io("map", path))
}

impl Index {
    /// Opens a file. Checks its header and lengths; blocks are checked when they are first touched.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::with(Bytes::Mapped(map(path)?))
    }

    /// Takes a file's bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::with(Bytes::Owned(bytes))
    }

    fn with(bytes: Bytes) -> Result<Self, Error> {
        let raw = match &bytes {
            Bytes::Mapped(map) => &map[..],
            Bytes::Owned(bytes) => bytes,
        };
        let layout = Layout::open(raw)?;
        let digest = Sha256::digest(&layout.content);
        let first: [u8; 8] = digest[..8].try_into().map_err(|_| torn())?;
        let snapshot = format!("{:016x}", u64::from_be_bytes(first));
        let mut index = Self {
            bytes,
            layout,
            ecosystems: Vec::new(),
            snapshot,
        };
        let mut reader = Reader::new(index.whole(Section::Ecosystems)?);
        let mut ecosystems = Vec::new();
        while !reader.is_empty() {
            let name = reader.str().ok_or_else(torn)?;
            ecosystems.push(name.to_owned());
        }
        index.ecosystems = ecosystems;
        Ok(index)
    }

    fn raw(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// The bytes of the whole file, unchecked, to copy it.
    pub(crate) fn file(&self) -> &[u8] {
        self.raw()
    }

    /// Gives the pages that were read back to the system; they are mapped again when they are next touched. A
    /// long scan calls this now and then, so that it never holds more of the database than it is using.
    pub fn release(&self) {
        if let Bytes::Mapped(map) = &self.bytes {
            // SAFETY: the mapping is shared, read-only and backed by a file that is never changed (see `map`):
            // dropping its pages loses nothing, and what is read again is what was there before.
            #[expect(
                unsafe_code,
                reason = "dropping pages of the file that is mapped above; the argument is here"
            )]
            let dropped = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            // Advice that is not taken costs memory and nothing else.
            drop(dropped);
        }
    }

    /// Names what the database holds, and not when or from where it came: 16 hexadecimal digits.
    pub fn snapshot(&self) -> &str {
        &self.snapshot
    }

    /// Every block of every section is what was written.
    pub fn verify(&self) -> Result<(), Error> {
        for &section in Section::ALL {
            self.whole(section)?;
        }
        Ok(())
    }

    pub(crate) fn length(&self, section: Section) -> usize {
        self.layout.length(section)
    }

    pub(crate) fn whole(&self, section: Section) -> Result<&[u8], Error> {
        self.part(section, 0, self.length(section))
    }

    #[inline]
    pub(crate) fn part(
        &self,
        section: Section,
        start: usize,
        length: usize,
    ) -> Result<&[u8], Error> {
        self.layout.part(self.raw(), section, start, length)
    }

    #[inline]
    fn u32(&self, section: Section, row: usize) -> Result<u32, Error> {
        let four = self.part(section, row * 4, 4)?;
        Ok(u32::from_le_bytes(four.try_into().map_err(|_| torn())?))
    }

    /// Sources, counts and refusals.
    pub fn meta(&self) -> Result<Meta, Error> {
        serde_json::from_slice(self.whole(Section::Meta)?)
            .map_err(|error| Error::Damaged(format!("its description: {error}")))
    }

    /// Ecosystems with their release, as OSV names them.
    pub fn ecosystems(&self) -> impl Iterator<Item = &str> {
        self.ecosystems.iter().map(String::as_str)
    }

    pub(crate) fn ecosystem(&self, name: &str) -> Option<u16> {
        self.ecosystems
            .iter()
            .position(|known| known == name)
            .map(|at| at as u16)
    }

    /// The number of packages.
    pub fn package_count(&self) -> usize {
        self.length(Section::Packages) / 16
    }

    /// Finds a package by its ecosystem (with release) and its name as looked up.
    #[inline]
    pub(crate) fn package(&self, ecosystem: u16, name: &str) -> Result<Option<PackageId>, Error> {
        let size = self.length(Section::PackageSlots) / 4;
        if size == 0 {
            return Ok(None);
        }
        let mut at = package_hash(ecosystem, name) as usize & (size - 1);
        for _ in 0..size {
            let number = self.u32(Section::PackageSlots, at)?;
            if number == 0 {
                return Ok(None);
            }
            let (offset, length, of, ..) = self.package_row(number - 1)?;
            if of == ecosystem
                && length == name.len()
                && self.part(Section::Names, offset, length)? == name.as_bytes()
            {
                return Ok(Some(PackageId(number - 1)));
            }
            at = (at + 1) & (size - 1);
        }
        Ok(None)
    }

    /// Where its name and its entries are: name offset, name length, ecosystem, entries offset, entries length.
    #[inline]
    pub(crate) fn package_row(
        &self,
        number: u32,
    ) -> Result<(usize, usize, u16, usize, usize), Error> {
        let row = self.part(Section::Packages, number as usize * 16, 16)?;
        let u32_at = |at: usize| {
            u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]) as usize
        };
        let u16_at = |at: usize| u16::from_le_bytes([row[at], row[at + 1]]);
        Ok((
            u32_at(0),
            usize::from(u16_at(4)),
            u16_at(6),
            u32_at(8),
            u32_at(12),
        ))
    }

    pub(crate) fn package_name(&self, number: u32) -> Result<&str, Error> {
        let (offset, length, ..) = self.package_row(number)?;
        std::str::from_utf8(self.part(Section::Names, offset, length)?).map_err(|_| torn())
    }

    /// The entries of a package, in the order of their records.
    pub(crate) fn entries(&self, package: PackageId) -> Result<Entries<'_>, Error> {
        let (.., offset, length) = self.package_row(package.0)?;
        Ok(Entries {
            reader: Reader::new(self.part(Section::Affected, offset, length)?),
            record: 0,
        })
    }

    /// The entries of a package as record and bytes, without the reference to the record.
    pub(crate) fn entry_bodies(&self, package: PackageId) -> Result<Vec<(u32, &[u8])>, Error> {
        let (.., offset, length) = self.package_row(package.0)?;
        let bytes = self.part(Section::Affected, offset, length)?;
        let mut entries = self.entries(package)?;
        let mut bodies = Vec::new();
        let mut from = 0;
        while let Some(entry) = entries.step()? {
            let to = bytes.len() - entries.left();
            let mut body = Reader::new(&bytes[from..to]);
            body.number();
            bodies.push((entry.record, body.rest()));
            from = to;
        }
        Ok(bodies)
    }

    /// A version that a range names: its key and its text.
    #[inline]
    pub(crate) fn version(&self, reference: u32) -> Result<(&[u8], &str), Error> {
        let start = reference as usize;
        let whole = self.length(Section::Versions);
        if start >= whole {
            return Err(torn());
        }
        // Read a little more than most entries take; only long ones are read again.
        let near = self.part(Section::Versions, start, (whole - start).min(64))?;
        let mut reader = Reader::new(near);
        if let (Some(key), Some(text)) = (reader.bytes(), reader.str()) {
            return Ok((key, text));
        }
        let mut reader = Reader::new(self.part(Section::Versions, start, whole - start)?);
        match (reader.bytes(), reader.str()) {
            (Some(key), Some(text)) => Ok((key, text)),
            _ => Err(torn()),
        }
    }

    /// How many records there are, dead ones included.
    pub(crate) fn record_slots(&self) -> u32 {
        (self.length(Section::RecordOffsets) / 4).saturating_sub(1) as u32
    }

    /// The bytes of a record; `None` when a later one has taken its place.
    pub(crate) fn record_bytes(&self, record: u32) -> Result<Option<&[u8]>, Error> {
        let from = self.u32(Section::RecordOffsets, record as usize)?;
        let to = self.u32(Section::RecordOffsets, record as usize + 1)? & !DEAD;
        if from & DEAD != 0 {
            return Ok(None);
        }
        self.part(
            Section::Records,
            from as usize,
            to.checked_sub(from).ok_or_else(torn)? as usize,
        )
        .map(Some)
    }

    /// What an advisory says.
    pub fn record(&self, record: RecordId) -> Result<RecordView<'_>, Error> {
        let bytes = self.record_bytes(record.0)?.ok_or_else(torn)?;
        read_record(bytes).ok_or_else(torn)
    }

    /// The long text of a record.
    pub fn prose(&self, record: &RecordView<'_>) -> Result<Prose, Error> {
        let Some((block, offset)) = record.prose else {
            return Ok(Prose::default());
        };
        let from = self.u32(Section::ProseOffsets, block as usize)?;
        let to = self.u32(Section::ProseOffsets, block as usize + 1)?;
        let packed = self.part(
            Section::Prose,
            from as usize,
            to.checked_sub(from).ok_or_else(torn)? as usize,
        )?;
        let plain = super::draft::unpack(packed)?;
        let mut reader = Reader::new(plain.get(offset as usize..).ok_or_else(torn)?);
        let details = reader.str().ok_or_else(torn)?.into();
        let references = reader
            .strs()
            .ok_or_else(torn)?
            .into_iter()
            .map(Box::from)
            .collect();
        Ok(Prose {
            details,
            references,
        })
    }

    /// The groups that a record is evidence for; most have one.
    pub fn groups_of(&self, record: RecordId) -> Result<Vec<GroupId>, Error> {
        let value = self.u32(Section::RecordGroups, record.0 as usize)?;
        if value & MANY == 0 {
            return Ok(vec![GroupId(value)]);
        }
        let at = (value & !MANY) as usize;
        let count = self.u32(Section::RecordGroups, at)?;
        (0..count as usize)
            .map(|n| self.u32(Section::RecordGroups, at + 1 + n).map(GroupId))
            .collect()
    }

    /// How many vulnerabilities there are.
    pub fn group_count(&self) -> usize {
        (self.length(Section::GroupOffsets) / 4).saturating_sub(1)
    }

    /// One vulnerability.
    pub fn group(&self, group: GroupId) -> Result<VulnerabilityView<'_>, Error> {
        let from = self.u32(Section::GroupOffsets, group.0 as usize)?;
        let to = self.u32(Section::GroupOffsets, group.0 as usize + 1)?;
        let bytes = self.part(
            Section::Groups,
            from as usize,
            to.checked_sub(from).ok_or_else(torn)? as usize,
        )?;
        read_group(bytes).ok_or_else(torn)
    }

    /// The vulnerabilities that have this id, or one of whose records has it. Case does not matter.
    pub fn find(&self, id: &str) -> Result<Vec<GroupId>, Error> {
        let size = self.length(Section::IdSlots) / 4;
        let mut found = Vec::new();
        if size == 0 {
            return Ok(found);
        }
        let mut at = id_hash(id) as usize & (size - 1);
        for _ in 0..size {
            let number = self.u32(Section::IdSlots, at)?;
            if number == 0 {
                break;
            }
            let group = GroupId(number - 1);
            let view = self.group(group)?;
            let same = |known: &&str| known.eq_ignore_ascii_case(id);
            if !found.contains(&group) && (same(&view.id) || view.aliases.iter().any(same)) {
                found.push(group);
            }
            at = (at + 1) & (size - 1);
        }
        Ok(found)
    }
}

pub(crate) const DEAD: u32 = 1 << 31;
pub(crate) const MANY: u32 = 1 << 31;

pub(crate) fn package_hash(ecosystem: u16, name: &str) -> u64 {
    hash(u64::from(ecosystem) + 1, name.as_bytes())
}

pub(crate) fn id_hash(id: &str) -> u64 {
    let mut short = [0u8; 64];
    if let Some(place) = short.get_mut(..id.len()) {
        place.copy_from_slice(id.as_bytes());
        place.make_ascii_uppercase();
        return hash(0, place);
    }
    hash(0, id.to_ascii_uppercase().as_bytes())
}

fn torn() -> Error {
    Error::Damaged("a part of it cannot be read".into())
}

const KINDS: [Kind; 6] = [
    Kind::Vulnerability,
    Kind::Malicious,
    Kind::Unmaintained,
    Kind::Unsound,
    Kind::Yanked,
    Kind::EndOfLife,
];
const WORDS: [Severity; 5] = [
    Severity::None,
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];

pub(crate) fn kind_number(kind: Kind) -> u8 {
    KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u8
}

pub(crate) fn word_number(word: Option<Severity>) -> u8 {
    word.and_then(|word| WORDS.iter().position(|known| *known == word))
        .map_or(0, |at| at as u8 + 1)
}

fn read_record(bytes: &[u8]) -> Option<RecordView<'_>> {
    let mut reader = Reader::new(bytes);
    let id = reader.str()?;
    let kind = *KINDS.get(usize::from(reader.byte()?))?;
    let word = match reader.byte()? {
        0 => None,
        number => Some(*WORDS.get(usize::from(number) - 1)?),
    };
    let source = reader.u32()?;
    let published = reader.number()?;
    let modified = reader.number()?;
    let aliases = reader.strs()?;
    let upstream = reader.strs()?;
    let cvss = reader.strs()?;
    let mut cwes = Vec::new();
    for _ in 0..reader.u32()? {
        cwes.push(reader.u32()?);
    }
    let title = reader.str()?;
    let prose = match reader.u32()? {
        0 => None,
        block => Some((block - 1, reader.u32()?)),
    };
    Some(RecordView {
        id,
        kind,
        word,
        source,
        published,
        modified,
        aliases,
        upstream,
        cvss,
        cwes,
        title,
        prose,
    })
}

/// Only the ids of a record: its own and its aliases.
pub(crate) fn read_ids(bytes: &[u8]) -> Option<(&str, Vec<&str>)> {
    let mut reader = Reader::new(bytes);
    let id = reader.str()?;
    reader.byte()?;
    reader.byte()?;
    reader.number()?;
    reader.number()?;
    reader.number()?;
    Some((id, reader.strs()?))
}

fn read_group(bytes: &[u8]) -> Option<VulnerabilityView<'_>> {
    let mut reader = Reader::new(bytes);
    let id = reader.str()?;
    let aliases = reader.strs()?;
    let mut records = Vec::new();
    let mut last = 0;
    for _ in 0..reader.u32()? {
        last += reader.u32()?;
        records.push(RecordId(last));
    }
    Some(VulnerabilityView {
        id,
        aliases,
        records,
    })
}

/// Walks the entries of a package.
pub(crate) struct Entries<'a> {
    reader: Reader<'a>,
    record: u32,
}

impl<'a> Entries<'a> {
    /// How many bytes are not yet read.
    pub(crate) const fn left(&self) -> usize {
        self.reader.rest().len()
    }

    /// The next entry; an error when the bytes are damaged.
    pub(crate) fn step(&mut self) -> Result<Option<EntryView<'a>>, Error> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        self.read().map(Some).ok_or_else(torn)
    }

    fn read(&mut self) -> Option<EntryView<'a>> {
        self.record = self.record.checked_add(self.reader.u32()?)?;
        let flags = self.reader.byte()?;
        let interval_count = self.reader.u32()?;
        let intervals = self.reader;
        for _ in 0..interval_count {
            IntervalView::read(&mut self.reader)?;
        }
        let listed_count = self.reader.u32()?;
        let listed = self.reader;
        for _ in 0..listed_count {
            self.reader.u32()?;
        }
        if flags & HAS_COMMITS != 0 {
            for _ in 0..self.reader.u32()? {
                self.reader.bytes()?;
            }
        }
        Some(EntryView {
            record: self.record,
            flags,
            intervals,
            interval_count,
            listed,
            listed_count,
        })
    }
}

impl EntryView<'_> {
    /// The commits that it names.
    pub(crate) fn commits(&self) -> Vec<&str> {
        if self.flags & HAS_COMMITS == 0 {
            return Vec::new();
        }
        let mut reader = self.listed;
        for _ in 0..self.listed_count {
            if reader.u32().is_none() {
                return Vec::new();
            }
        }
        reader.strs().unwrap_or_default()
    }
}

const LOW: u8 = 1;
const LOW_OPEN: u8 = 2;
const SEMVER: u8 = 4;
const UNPARSED: u8 = 8;
const HIGH: u8 = 4;

impl IntervalView {
    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let flags = reader.byte()?;
        let low = if flags & LOW == 0 {
            None
        } else {
            Some(reader.u32()?)
        };
        let high = match flags >> HIGH {
            0 => None,
            1 => Some((End::Fixed, reader.u32()?)),
            2 => Some((End::LastAffected, reader.u32()?)),
            _ => Some((End::Limit, reader.u32()?)),
        };
        Some(Self {
            low,
            low_open: flags & LOW_OPEN != 0,
            high,
            semver: flags & SEMVER != 0,
            unparsed: flags & UNPARSED != 0,
        })
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let end = match self.high {
            None => 0,
            Some((End::Fixed, _)) => 1,
            Some((End::LastAffected, _)) => 2,
            Some((End::Limit, _)) => 3,
        };
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        out.push(
            bit(self.low.is_some(), LOW)
                | bit(self.low_open, LOW_OPEN)
                | bit(self.semver, SEMVER)
                | bit(self.unparsed, UNPARSED)
                | end << HIGH,
        );
        if let Some(low) = self.low {
            super::wire::put(out, u64::from(low));
        }
        if let Some((_, high)) = self.high {
            super::wire::put(out, u64::from(high));
        }
    }
}
