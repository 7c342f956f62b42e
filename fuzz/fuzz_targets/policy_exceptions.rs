//! Whatever stands in the file, it is read or told, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut exceptions = stanchion_policy::exceptions::Exceptions::default();
    let _ = exceptions.read("exceptions.toml", text, "", &stanchion_policy::clock::Calendar::default());
});
