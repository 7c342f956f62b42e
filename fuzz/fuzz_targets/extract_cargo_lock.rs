//! The reader `cargo/lock` on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stanchion_fuzz::extract("cargo/lock", data));
