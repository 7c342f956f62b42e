//! The file: a header, sections that start on block borders, and a checksum for every block.
//!
//! ```text
//! 0    magic "STANIDX\n"          8
//! 8    format version           u32
//! 12   number of sections       u32
//! 16   length of the file       u64
//! 24   offset of the checksums  u64
//! 32   CRC-32 of the checksums  u32
//! 36   CRC-32 of the header     u32   (with this field as zero, section table included)
//! 40   section table: kind u32, zero u32, offset u64, length u64; one row a section
//! ...  sections, each starting on a multiple of BLOCK
//! ...  checksums: CRC-32 of every BLOCK from 0 up to the checksums themselves
//! ```
//! All integers are little-endian.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

pub(crate) const MAGIC: &[u8; 8] = b"STANIDX\n";
/// Raised whenever a reader of the old format could misread the new one.
pub(crate) const VERSION: u32 = 1;
/// Unit of checksums, in bytes.
pub(crate) const BLOCK: usize = 16 * 1024;
const HEAD: usize = 40;
const ROW: usize = 24;

macro_rules! sections {
    ($($(#[doc = $doc:literal])* $variant:ident = $kind:literal;)*) => {
        /// What a section holds.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Section { $($(#[doc = $doc])* $variant = $kind,)* }

        impl Section {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];
        }
    };
}

sections! {
    /// Names of ecosystems.
    Ecosystems = 1;
    /// Hash table from ecosystem and name to a package.
    PackageSlots = 2;
    /// One row a package.
    Packages = 3;
    /// Names of packages.
    Names = 4;
    /// Affected ranges, package by package.
    Affected = 5;
    /// Versions that ranges name, with their keys.
    Versions = 6;
    /// Where each record starts in `Records`.
    RecordOffsets = 7;
    /// What each advisory says, but for its prose.
    Records = 8;
    /// Groups of each record.
    RecordGroups = 9;
    /// Where each group starts in `Groups`.
    GroupOffsets = 10;
    /// Alias groups: ids and member records.
    Groups = 11;
    /// Hash table from an id to its groups.
    IdSlots = 12;
    /// Where each compressed block of prose starts.
    ProseOffsets = 13;
    /// Advisory texts, compressed.
    Prose = 14;
    /// Known exploited vulnerabilities by CVE.
    Kev = 15;
    /// Exploit prediction by CVE.
    Epss = 16;
    /// CISA's decision points by CVE.
    Ssvc = 17;
    /// End-of-life dates by package.
    Eol = 18;
    /// Sources, counts, and what was refused. Not part of the snapshot's name.
    Meta = 19;
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .and_then(|four| four.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..at + 8)
        .and_then(|eight| eight.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

/// Puts sections together into a file's bytes.
pub(crate) fn assemble(sections: &[(Section, Vec<u8>)]) -> Vec<u8> {
    let table = HEAD + ROW * sections.len();
    let body: usize = sections
        .iter()
        .map(|(_, bytes)| bytes.len().next_multiple_of(BLOCK))
        .sum();
    let checks = table.next_multiple_of(BLOCK) + body;
    let mut file = Vec::with_capacity(checks + checks / BLOCK * 4);
    file.resize(table, 0);
    for (row, (kind, bytes)) in sections.iter().enumerate() {
        file.resize(file.len().next_multiple_of(BLOCK), 0);
        let at = HEAD + row * ROW;
        let offset = file.len() as u64;
        file[at..at + 4].copy_from_slice(&(*kind as u32).to_le_bytes());
        file[at + 8..at + 16].copy_from_slice(&offset.to_le_bytes());
        file[at + 16..at + 24].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        file.extend_from_slice(bytes);
    }
    file.resize(file.len().next_multiple_of(BLOCK), 0);
    let length = (file.len() + file.len() / BLOCK * 4) as u64;
    let checks = file.len() as u64;
    file[..8].copy_from_slice(MAGIC);
    file[8..12].copy_from_slice(&VERSION.to_le_bytes());
    file[12..16].copy_from_slice(&(sections.len() as u32).to_le_bytes());
    file[16..24].copy_from_slice(&length.to_le_bytes());
    file[24..32].copy_from_slice(&checks.to_le_bytes());
    // The first block holds the header, whose own checksum covers it: its block sum is never asked for.
    let sums: Vec<u8> = file
        .chunks(BLOCK)
        .flat_map(|block| crc32fast::hash(block).to_le_bytes())
        .collect();
    file[32..36].copy_from_slice(&crc32fast::hash(&sums).to_le_bytes());
    let head = crc32fast::hash(&file[..table]);
    file[36..40].copy_from_slice(&head.to_le_bytes());
    file.extend_from_slice(&sums);
    file
}

/// Makes the checksums of a file right, whatever its bytes are; for tests of what lies behind them.
pub(crate) fn reseal(file: &mut [u8]) {
    if file.len() < HEAD {
        return;
    }
    let checks = usize::try_from(u64_at(file, 24)).unwrap_or(usize::MAX);
    if !checks.is_multiple_of(BLOCK) || checks == 0 || file.len() != checks + checks / BLOCK * 4 {
        return;
    }
    let (body, sums) = file.split_at_mut(checks);
    for (block, sum) in body.chunks(BLOCK).zip(sums.chunks_mut(4)) {
        sum.copy_from_slice(&crc32fast::hash(block).to_le_bytes());
    }
    let all = crc32fast::hash(sums);
    let length = (body.len() + sums.len()) as u64;
    body[..8].copy_from_slice(MAGIC);
    body[8..12].copy_from_slice(&VERSION.to_le_bytes());
    body[16..24].copy_from_slice(&length.to_le_bytes());
    body[32..36].copy_from_slice(&all.to_le_bytes());
    body[36..40].fill(0);
    let table = (HEAD + (u32_at(body, 12) as usize).saturating_mul(ROW)).min(body.len());
    let head = crc32fast::hash(&body[..table]);
    body[36..40].copy_from_slice(&head.to_le_bytes());
}

/// Where everything is in an opened file, and which blocks have been checked.
pub(crate) struct Layout {
    sections: Vec<(usize, usize)>,
    checks: usize,
    checked: Vec<AtomicU64>,
    /// Over the checksums of everything but [`Section::Meta`].
    pub(crate) content: Vec<u8>,
}

impl Layout {
    /// Checks the header, the lengths and the checksums' own checksum; no section is read.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |what: &str| Error::Damaged(what.to_owned());
        if bytes.len() < HEAD || &bytes[..8] != MAGIC {
            return Err(Error::NotADatabase);
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(Error::FormatVersion {
                found: version,
                known: VERSION,
            });
        }
        if u64_at(bytes, 16) != bytes.len() as u64 {
            return Err(damaged("the file is cut short or has bytes added"));
        }
        let rows = u32_at(bytes, 12) as usize;
        let table = HEAD + rows.saturating_mul(ROW);
        if rows > 1000 || table > bytes.len() {
            return Err(damaged("the header is not whole"));
        }
        let mut head = bytes[..table].to_vec();
        head[36..40].fill(0);
        if crc32fast::hash(&head) != u32_at(bytes, 36) {
            return Err(damaged("the header's checksum is wrong"));
        }
        let checks = usize::try_from(u64_at(bytes, 24)).unwrap_or(usize::MAX);
        let sums = bytes.get(checks..).unwrap_or_default();
        if !checks.is_multiple_of(BLOCK)
            || sums.len() != checks / BLOCK * 4
            || crc32fast::hash(sums) != u32_at(bytes, 32)
        {
            return Err(damaged("the checksums are wrong"));
        }
        let mut sections = vec![(0, 0); Section::ALL.len() + 1];
        let mut content = Vec::with_capacity(sums.len());
        for row in 0..rows {
            let at = HEAD + row * ROW;
            let kind = u32_at(bytes, at) as usize;
            let offset = usize::try_from(u64_at(bytes, at + 8)).unwrap_or(usize::MAX);
            let length = usize::try_from(u64_at(bytes, at + 16)).unwrap_or(usize::MAX);
            if !offset.is_multiple_of(BLOCK)
                || offset.checked_add(length).is_none_or(|end| end > checks)
            {
                return Err(damaged("a section lies outside the file"));
            }
            if let Some(slot) = sections.get_mut(kind) {
                *slot = (offset, length);
            }
            if kind != Section::Meta as usize {
                content.extend_from_slice(&(kind as u32).to_le_bytes());
                content.extend_from_slice(&(length as u64).to_le_bytes());
                content.extend_from_slice(
                    &sums[offset / BLOCK * 4..(offset + length).div_ceil(BLOCK) * 4],
                );
            }
        }
        let blocks = checks / BLOCK;
        let checked = (0..blocks.div_ceil(64))
            .map(|_| AtomicU64::new(0))
            .collect();
        Ok(Self {
            sections,
            checks,
            checked,
            content,
        })
    }

    /// Length of a section, in bytes.
    pub(crate) fn length(&self, section: Section) -> usize {
        self.sections[section as usize].1
    }

    /// A part of a section; each block is checked when it is first touched.
    #[inline]
    pub(crate) fn part<'a>(
        &self,
        bytes: &'a [u8],
        section: Section,
        start: usize,
        length: usize,
    ) -> Result<&'a [u8], Error> {
        let (offset, whole) = self.sections[section as usize];
        if start.checked_add(length).is_none_or(|end| end > whole) {
            return Err(Error::Damaged(format!(
                "a reference leads out of section {section:?}"
            )));
        }
        if length == 0 {
            return Ok(&[]);
        }
        let from = offset + start;
        for block in from / BLOCK..=(from + length - 1) / BLOCK {
            let bit = 1u64 << (block % 64);
            if self.checked[block / 64].load(Ordering::Relaxed) & bit == 0 {
                self.check(bytes, block)?;
            }
        }
        Ok(&bytes[from..from + length])
    }

    #[cold]
    fn check(&self, bytes: &[u8], block: usize) -> Result<(), Error> {
        let want = u32_at(bytes, self.checks + block * 4);
        if crc32fast::hash(&bytes[block * BLOCK..(block + 1) * BLOCK]) != want {
            return Err(Error::Damaged(format!(
                "the checksum of block {block} is wrong"
            )));
        }
        self.checked[block / 64].fetch_or(1 << (block % 64), Ordering::Relaxed);
        Ok(())
    }
}
