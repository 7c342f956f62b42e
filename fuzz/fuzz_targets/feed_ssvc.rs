//! The reader of decision points on any bytes.
#![no_main]

use stanchion_advisories::{fuzzing, import::SourceKind};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzzing::source(SourceKind::Ssvc, data);
});
