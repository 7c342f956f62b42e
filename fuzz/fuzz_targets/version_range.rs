//! Every native range syntax on any text.
#![no_main]

use stanchion_versions::Scheme;

libfuzzer_sys::fuzz_target!(|data: (u8, &str, &str)| {
    let (number, range, version) = data;
    let scheme = Scheme::ALL[usize::from(number) % Scheme::ALL.len()];
    if let Ok(range) = scheme.parse_range(range) {
        let _ = (range.contains(version), range.to_string(), range.contains_any_prerelease(version));
    }
    let _ = stanchion_versions::parse_vers(range);
});
