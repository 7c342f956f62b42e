//! Doors for the fuzz targets: the readers of sources and of the index, on bytes alone.

use crate::Index;
use crate::feeds::{eol, epss, kev, osv, ssvc};
use crate::import::SourceKind;
use crate::index::layout;
use crate::index::read::{GroupId, PackageId, RecordId};
use crate::matching::{Matcher, Query};

/// Reads bytes as a source would be read; the error is the reason why they cannot be used.
pub fn source(kind: SourceKind, bytes: &[u8]) -> Result<(), String> {
    match kind {
        SourceKind::Osv => osv::parse(bytes).map(drop).map_err(|(_, reason)| reason),
        SourceKind::Kev => kev::parse(bytes).map(drop),
        SourceKind::Epss => epss::parse(bytes).map(drop),
        SourceKind::Ssvc => ssvc::parse(bytes).map(drop),
        SourceKind::Eol => eol::parse(bytes).map(drop),
    }
}

/// Writes right checksums into a damaged file, so that what lies behind them is tried too.
pub fn reseal(file: &mut [u8]) {
    layout::reseal(file);
}

/// Opens a file and asks it everything there is to ask. Damaged bytes give errors, never a panic.
pub fn index(bytes: Vec<u8>) {
    let Ok(index) = Index::from_bytes(bytes) else {
        return;
    };
    let _ = (
        index.verify(),
        index.meta(),
        index.find("CVE-2021-44228"),
        index.kev("CVE-2021-44228"),
    );
    let _ = (
        index.epss("CVE-2021-44228"),
        index.ssvc("CVE-2021-44228"),
        index.cycle("PyPI", "django", "3.2.1"),
    );
    for number in 0..index.record_slots().min(200) {
        if let Ok(view) = index.record(RecordId(number)) {
            let _ = index.prose(&view);
        }
        for group in index.groups_of(RecordId(number)).unwrap_or_default() {
            let _ = index.group(group);
        }
    }
    let _ = index.group(GroupId(u32::MAX));
    let mut matcher = Matcher::new(&index);
    for number in 0..(index.package_count() as u32).min(200) {
        let _ = index.entry_bodies(PackageId(number));
        let Ok(name) = index.package_name(number) else {
            continue;
        };
        for ecosystem in stanchion_model::Ecosystem::all() {
            let query = Query {
                ecosystem,
                release: None,
                name,
                version: "1.2.3",
            };
            let _ = (
                matcher.hits(&query),
                matcher.upgrade(&query),
                matcher.commit_hits(&query, "0123456789012345678901234567890123456789"),
            );
        }
    }
}
