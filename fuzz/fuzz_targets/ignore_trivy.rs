//! The readers and writers of Trivy's ignore files on any bytes: what is read can be written and read again.
#![no_main]

use stanchion_formats::ignores::{read, write, write_trivyignore};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok((tool, found)) = read(".trivyignore.yaml", data) {
        let mut out = Vec::new();
        write(tool, &found.exceptions, None, &mut out).expect("an empty file takes our part");
        let (_, again) = read(".trivyignore.yaml", &out).expect("what we write can be read");
        assert!(again.refused.is_empty());
        if let Ok(existing) = std::str::from_utf8(data) {
            let _ = write(tool, &found.exceptions, Some(existing), &mut Vec::new());
        }
    }
    if let Ok((_, found)) = read(".trivyignore", data) {
        let mut out = Vec::new();
        write_trivyignore(&found.exceptions, None, &mut out).expect("an empty file takes our part");
        let (_, again) = read(".trivyignore", &out).expect("what we write can be read");
        assert!(again.refused.is_empty());
    }
});
