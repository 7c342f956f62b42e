//! The reader `pypi/pipfile-lock` on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stanchion_fuzz::extract("pypi/pipfile-lock", data));
