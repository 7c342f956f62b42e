//! Whatever stands in the file, it is read or told, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut claims = stanchion_policy::claims::Claims::default();
    let _ = claims.own("triage.toml", text, "", &stanchion_policy::clock::Calendar::default());
});
