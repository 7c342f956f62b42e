//! Whatever stands in the file, it is read or told, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = stanchion_policy::extend::load("policy.toml", text, &stanchion_policy::extend::PresetsOnly);
});
