//! The reader and the writer of OSV-Scanner's settings on any bytes: what is read can be written and read again.
#![no_main]

use stanchion_formats::ignores::{read, write};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok((tool, found)) = read("osv-scanner.toml", data) else { return };
    let mut out = Vec::new();
    write(tool, &found.exceptions, None, &mut out).expect("an empty file takes our part");
    let (_, again) = read("osv-scanner.toml", &out).expect("what we write can be read");
    assert!(again.refused.is_empty());
    if let Ok(existing) = std::str::from_utf8(data) {
        let _ = write(tool, &found.exceptions, Some(existing), &mut Vec::new());
    }
});
