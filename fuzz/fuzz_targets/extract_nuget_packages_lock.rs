//! The reader `nuget/packages-lock` on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stanchion_fuzz::extract("nuget/packages-lock", data));
