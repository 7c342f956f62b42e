//! The reader `npm/pnpm-lock` on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stanchion_fuzz::extract("npm/pnpm-lock", data));
