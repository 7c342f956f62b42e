//! The reader `sbom/spdx` on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stanchion_fuzz::extract("sbom/spdx", data));
