//! The index and the exported database on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    stanchion_advisories::fuzzing::index(data.to_vec());
    let _ = stanchion_advisories::signed::import(data, "fuzz", &[], true);
});
